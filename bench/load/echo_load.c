/* Requests over many connections, one in flight on each.
 * echo_load PORT CONNECTIONS REQUESTS SIZE
 * Connects, exchanges one byte on each connection so that all are being served, prints "ready", waits for a line on
 * stdin, runs the requests and prints how long they took. With 0 requests the connections only stay, idle. */
#include "../loopback.h"
#include <sys/epoll.h>

enum { GIVE_UP_S = 120 };

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    unsigned connections = (unsigned)number(argv[2]);
    uint64_t requests = number(argv[3]), started = 0, done = 0;
    size_t size = (size_t)number(argv[4]);
    alarm(GIVE_UP_S);
    int poll = epoll_create1(0);
    int *fds = calloc(connections, sizeof *fds);
    size_t *missing = calloc(connections, sizeof *missing);
    unsigned char *data = aligned(4096);
    if (poll < 0 || !fds || !missing || size > 4096) die("set-up");
    memset(data, 'x', 4096);
    for (unsigned i = 0; i < connections; i++) {
        fds[i] = connect_to(argv[1], SOCK_STREAM);
        struct epoll_event ask = {.events = EPOLLIN, .data.u32 = i};
        if (epoll_ctl(poll, EPOLL_CTL_ADD, fds[i], &ask)) die("epoll_ctl");
        if (write(fds[i], data, 1) != 1) die("write");
    }
    for (unsigned i = 0; i < connections; i++)
        if (read(fds[i], data, 1) != 1) die("the first byte's echo");
    puts("ready");
    fflush(stdout);
    char line[16];
    if (!fgets(line, sizeof line, stdin)) return 0;

    double begin = now();
    for (unsigned i = 0; i < connections && started < requests; i++, started++) {
        missing[i] = size;
        if (write(fds[i], data, size) != (ssize_t)size) die("write");
    }
    struct epoll_event ready[256];
    while (done < requests) {
        int count = epoll_wait(poll, ready, 256, -1);
        for (int i = 0; i < count; i++) {
            unsigned which = ready[i].data.u32;
            ssize_t n = read(fds[which], data, 4096);
            if (n <= 0 || (size_t)n > missing[which]) die("the echo is not what was sent");
            if ((missing[which] -= (size_t)n)) continue;
            done++;
            if (started == requests) continue;
            started++;
            missing[which] = size;
            if (write(fds[which], data, size) != (ssize_t)size) die("write");
        }
    }
    printf("seconds %.6f\n", now() - begin);
    return 0;
}
