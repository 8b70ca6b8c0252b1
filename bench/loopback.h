/* What each program of the benchmark needs: sockets on 127.0.0.1, a clock, and an end with a reason. */
#ifndef LOOPBACK_H
#define LOOPBACK_H

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* A pipe of this size lets one splice(2) move as much as a socket ever has ready. */
enum { PIPE_BYTES = 1 << 20 };

static inline _Noreturn void die(const char *what) {
    perror(what);
    exit(1);
}

static inline uint64_t number(const char *text) {
    char *end;
    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (errno || end == text || *end) {
        fprintf(stderr, "not a number: %s\n", text);
        exit(2);
    }
    return value;
}

static inline double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline struct sockaddr_in loopback(const char *port) {
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)number(port)),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* A socket bound to 127.0.0.1:port; SOCK_STREAM listens as well. */
static inline int serve_on(const char *port, int type) {
    struct sockaddr_in at = loopback(port);
    int fd = socket(AF_INET, type, 0), yes = 1;
    if (fd < 0) die("socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (struct sockaddr *)&at, sizeof at)) die("bind");
    if ((type & SOCK_STREAM) == SOCK_STREAM && listen(fd, SOMAXCONN)) die("listen");
    return fd;
}

static inline int connect_to(const char *port, int type) {
    struct sockaddr_in to = loopback(port);
    int fd = socket(AF_INET, type, 0);
    if (fd < 0) die("socket");
    if (connect(fd, (struct sockaddr *)&to, sizeof to)) die("connect");
    return fd;
}

/* Page-aligned memory: a copy to or from an unaligned buffer takes twice as long. */
static inline unsigned char *aligned(size_t bytes) {
    unsigned char *memory = aligned_alloc(4096, bytes);
    if (!memory) die("aligned_alloc");
    return memory;
}

static inline int write_all(int fd, const unsigned char *data, size_t length) {
    while (length) {
        ssize_t n = write(fd, data, length);
        if (n < 0) return -1;
        data += n;
        length -= (size_t)n;
    }
    return 0;
}

#endif
