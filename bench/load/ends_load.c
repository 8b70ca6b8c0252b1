/* The other ends of a stream, each as cheap as can be.
 * ends_load sink PORT            one connection, its bytes thrown away and counted
 * ends_load source PORT BYTES    connect and send
 * ends_load generate BYTES       write to stdout
 * ends_load drain                throw stdin away and count it */
#include "../loopback.h"

enum { CHUNK = 256 * 1024, GIVE_UP_S = 120 };

static void produce(int fd, uint64_t left) {
    unsigned char *chunk = aligned(CHUNK);
    memset(chunk, 'x', CHUNK);
    while (left) {
        size_t now = left < CHUNK ? (size_t)left : CHUNK;
        if (write_all(fd, chunk, now)) die("write");
        left -= now;
    }
}

int main(int argc, char **argv) {
    if (argc < 2) return 2;
    signal(SIGPIPE, SIG_IGN);
    alarm(GIVE_UP_S);
    uint64_t total = 0;
    ssize_t n = 0;
    if (!strcmp(argv[1], "sink") && argc == 3) {
        int fd = accept(serve_on(argv[2], SOCK_STREAM), NULL, NULL);
        if (fd < 0) die("accept");
        while ((n = recv(fd, NULL, 4 * CHUNK, MSG_TRUNC)) > 0) total += (uint64_t)n;
    } else if (!strcmp(argv[1], "source") && argc == 4) {
        int fd = connect_to(argv[2], SOCK_STREAM);
        produce(fd, number(argv[3]));
        shutdown(fd, SHUT_WR);
        char end;
        n = read(fd, &end, 1);
    } else if (!strcmp(argv[1], "generate") && argc == 3) {
        produce(1, number(argv[2]));
        return 0;
    } else if (!strcmp(argv[1], "drain")) {
        int null = open("/dev/null", O_WRONLY);
        while ((n = splice(0, NULL, null, NULL, PIPE_BYTES, SPLICE_F_MOVE)) > 0) total += (uint64_t)n;
    } else {
        return 2;
    }
    if (n < 0) die("read");
    printf("bytes %llu\n", (unsigned long long)total);
    return 0;
}
