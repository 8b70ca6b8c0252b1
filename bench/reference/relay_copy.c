/* The bare relay that sees the bytes: two blocking threads a conversation, read(2) and write(2) with 64 KiB.
 * With "hex" it also writes each chunk to stderr as plain hex lines, from a table, with nothing beside them.
 * relay_copy FROM_PORT TO_PORT [hex] */
#include "../loopback.h"
#include <pthread.h>
#include <stdbool.h>

enum { CHUNK = 64 * 1024, LINE = 16 };

static const char *to_port;
static bool hex;
static char pairs[256][4];

struct direction { int from, to; };

static int show(const unsigned char *data, size_t length, unsigned char *text) {
    unsigned char *end = text;
    for (size_t i = 0; i < length; i++, end += 3) {
        /* Four bytes are one store; the next pair overwrites the fourth. */
        memcpy(end, pairs[data[i]], 4);
        if (i % LINE == LINE - 1) end[2] = '\n';
    }
    return write_all(2, text, (size_t)(end - text));
}

static void *carry(void *argument) {
    struct direction *d = argument;
    unsigned char *chunk = aligned(CHUNK), *text = aligned(4 * CHUNK);
    ssize_t have;
    while ((have = read(d->from, chunk, CHUNK)) > 0) {
        if (hex && show(chunk, (size_t)have, text)) die("stderr");
        if (write_all(d->to, chunk, (size_t)have)) break;
    }
    shutdown(d->to, SHUT_WR);
    free(chunk);
    free(text);
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
    if (argc < 3) return 2;
    signal(SIGPIPE, SIG_IGN);
    to_port = argv[2];
    hex = argc > 3 && !strcmp(argv[3], "hex");
    for (int i = 0; i < 256; i++) {
        pairs[i][0] = "0123456789abcdef"[i >> 4];
        pairs[i][1] = "0123456789abcdef"[i & 15];
        pairs[i][2] = ' ';
    }
    int listener = serve_on(argv[1], SOCK_STREAM);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) die("accept");
        pthread_t thread;
        if (pthread_create(&thread, NULL, converse, (void *)(intptr_t)fd)) die("pthread_create");
        pthread_detach(thread);
    }
}
