/* The bare ends of a stream: stdin to a socket, or a socket to stdout, with no byte copied.
 * ends send PORT      sendfile(2) from a file, splice(2) from a pipe
 * ends receive PORT   splice(2) to a pipe; to anything else through a pipe of our own */
#include "../loopback.h"
#include <sys/sendfile.h>
#include <sys/stat.h>

static int is_pipe(int fd) {
    struct stat s;
    if (fstat(fd, &s)) die("fstat");
    if (!S_ISFIFO(s.st_mode)) return 0;
    if (fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES) < 0) die("F_SETPIPE_SZ");
    return 1;
}

static void send_stdin(int fd) {
    int piped = is_pipe(0);
    ssize_t n;
    do
        n = piped ? splice(0, NULL, fd, NULL, PIPE_BYTES, SPLICE_F_MOVE) : sendfile(fd, 0, NULL, 1 << 30);
    while (n > 0);
    if (n < 0) die("send");
    shutdown(fd, SHUT_WR);
    char end;
    if (read(fd, &end, 1) < 0) die("read");
}

static void receive(int fd) {
    if (is_pipe(1)) {
        ssize_t n;
        while ((n = splice(fd, NULL, 1, NULL, PIPE_BYTES, SPLICE_F_MOVE)) > 0) continue;
        if (n < 0) die("splice");
        return;
    }
    int ends[2];
    if (pipe(ends) || fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES) < 0) die("pipe");
    ssize_t have;
    while ((have = splice(fd, NULL, ends[1], NULL, PIPE_BYTES, SPLICE_F_MOVE)) > 0)
        while (have > 0) {
            ssize_t n = splice(ends[0], NULL, 1, NULL, (size_t)have, SPLICE_F_MOVE);
            if (n <= 0) die("splice");
            have -= n;
        }
    if (have < 0) die("splice");
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    if (!strcmp(argv[1], "send")) {
        send_stdin(connect_to(argv[2], SOCK_STREAM));
    } else {
        int fd = accept(serve_on(argv[2], SOCK_STREAM), NULL, NULL);
        if (fd < 0) die("accept");
        receive(fd);
    }
    return 0;
}
