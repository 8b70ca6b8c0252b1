/* The bare TCP echo: one thread, epoll, one read and one write a request, no state per connection.
 * echo_epoll PORT */
#include "../loopback.h"
#include <sys/epoll.h>

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    signal(SIGPIPE, SIG_IGN);
    int listener = serve_on(argv[1], SOCK_STREAM | SOCK_NONBLOCK), poll = epoll_create1(0);
    struct epoll_event ready[256], ask = {.events = EPOLLIN, .data.fd = listener};
    unsigned char *data = aligned(4096);
    if (poll < 0 || epoll_ctl(poll, EPOLL_CTL_ADD, listener, &ask)) die("epoll");
    for (;;) {
        int count = epoll_wait(poll, ready, 256, -1);
        for (int i = 0; i < count; i++) {
            int fd = ready[i].data.fd;
            if (fd == listener) {
                int new;
                while ((new = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                    ask = (struct epoll_event){.events = EPOLLIN, .data.fd = new};
                    if (epoll_ctl(poll, EPOLL_CTL_ADD, new, &ask)) die("epoll_ctl");
                }
                continue;
            }
            ssize_t n = read(fd, data, 4096);
            /* A request is 64 bytes and one at a time, so its reply always fits the send buffer. */
            if (n > 0 && write(fd, data, (size_t)n) == n) continue;
            if (n < 0 && errno == EAGAIN) continue;
            close(fd);
        }
    }
}
