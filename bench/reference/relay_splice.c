/* The bare relay: two blocking threads a conversation, splice(2) through 1 MiB pipes, nothing else.
 * relay_splice FROM_PORT TO_PORT */
#include "../loopback.h"
#include <pthread.h>

static const char *to_port;

struct direction { int from, to; };

static void *carry(void *argument) {
    struct direction *d = argument;
    int pipe_ends[2];
    if (pipe(pipe_ends)) die("pipe");
    if (fcntl(pipe_ends[1], F_SETPIPE_SZ, PIPE_BYTES) < 0) die("F_SETPIPE_SZ");
    ssize_t have;
    while ((have = splice(d->from, NULL, pipe_ends[1], NULL, PIPE_BYTES, SPLICE_F_MOVE)) > 0)
        while (have > 0) {
            ssize_t n = splice(pipe_ends[0], NULL, d->to, NULL, (size_t)have, SPLICE_F_MOVE);
            if (n <= 0) goto end;
            have -= n;
        }
end:
    shutdown(d->to, SHUT_WR);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    return NULL;
}

static void *converse(void *argument) {
    int left = (int)(intptr_t)argument, right = connect_to(to_port, SOCK_STREAM);
    struct direction there = {left, right}, back = {right, left};
    pthread_t thread;
    if (pthread_create(&thread, NULL, carry, &back)) die("pthread_create");
    carry(&there);
    pthread_join(thread, NULL);
    close(left);
    close(right);
    return NULL;
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    signal(SIGPIPE, SIG_IGN);
    to_port = argv[2];
    int listener = serve_on(argv[1], SOCK_STREAM);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) die("accept");
        pthread_t thread;
        if (pthread_create(&thread, NULL, converse, (void *)(intptr_t)fd)) die("pthread_create");
        pthread_detach(thread);
    }
}
