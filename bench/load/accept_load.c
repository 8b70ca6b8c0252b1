/* New connections, some at once: connect, one byte there and back, close.
 * accept_load PORT TOTAL AT_ONCE */
#include "../loopback.h"
#include <sys/epoll.h>

enum { GIVE_UP_S = 120 };

static void begin_one(int poll, struct sockaddr_in *to) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0) die("socket");
    if (connect(fd, (struct sockaddr *)to, sizeof *to) && errno != EINPROGRESS) die("connect");
    struct epoll_event ask = {.events = EPOLLOUT, .data.fd = fd};
    if (epoll_ctl(poll, EPOLL_CTL_ADD, fd, &ask)) die("epoll_ctl");
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    struct sockaddr_in to = loopback(argv[1]);
    uint64_t total = number(argv[2]), at_once = number(argv[3]), started = 0, done = 0;
    alarm(GIVE_UP_S);
    int poll = epoll_create1(0);
    struct epoll_event ready[256];
    double begin = now();
    for (; started < at_once && started < total; started++) begin_one(poll, &to);
    while (done < total) {
        int count = epoll_wait(poll, ready, 256, -1);
        for (int i = 0; i < count; i++) {
            int fd = ready[i].data.fd;
            unsigned char byte = 'x';
            if (ready[i].events & EPOLLOUT) {
                struct epoll_event ask = {.events = EPOLLIN, .data.fd = fd};
                if (write(fd, &byte, 1) != 1) die("connect or write");
                if (epoll_ctl(poll, EPOLL_CTL_MOD, fd, &ask)) die("epoll_ctl");
                continue;
            }
            if (read(fd, &byte, 1) != 1 || byte != 'x') die("the byte's echo");
            close(fd);
            done++;
            if (started < total) {
                started++;
                begin_one(poll, &to);
            }
        }
    }
    printf("seconds %.6f\n", now() - begin);
    return 0;
}
