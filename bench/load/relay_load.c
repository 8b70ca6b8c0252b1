/* Both ends of a relay in one process: sources that connect to it, sinks that it connects to.
 * relay_load RELAY_PORT SINK_PORT STREAMS BYTES          BYTES a stream; prints how long it all took
 * relay_load RELAY_PORT SINK_PORT STREAMS 0 CONVERSATIONS [nice]
 *     bulk streams without end, and beside them, one after the other, small conversations (connect, 64 bytes there
 *     and back) through the relay and, as the floor that this machine sets, straight to the sink; prints each time.
 *     "nice": the bulk ends yield the processor, as if they were on other machines. */
#include "../loopback.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/resource.h>

enum { CHUNK = 256 * 1024, SMALL = 64, FLOWING = 16 << 20, GAP_US = 2000, GIVE_UP_S = 120 };

static const char *relay_port, *sink_port;
static uint64_t bytes;
static _Atomic uint64_t arrived;
static _Atomic unsigned ended;
static unsigned char *chunk;
static bool yielding;

static void yield_processor(void) {
    /* 0 is the calling thread, not its process: see setpriority(2), "C library/kernel differences". */
    if (yielding && setpriority(PRIO_PROCESS, 0, 19)) die("setpriority");
}

static void *sink(void *argument) {
    int fd = (int)(intptr_t)argument;
    unsigned char first[SMALL];
    ssize_t n = read(fd, first, sizeof first);
    if (n > 0 && first[0] == 'E') {
        while (n > 0 && !write_all(fd, first, (size_t)n)) n = read(fd, first, sizeof first);
    } else {
        yield_processor();
        /* MSG_TRUNC throws the bytes away in the kernel, so the sink leaves the processor to the relay. */
        for (; n > 0; n = recv(fd, NULL, CHUNK * 4, MSG_TRUNC)) arrived += (uint64_t)n;
        ended++;
    }
    close(fd);
    return NULL;
}

static void start(void *(*run)(void *), intptr_t argument) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, (void *)argument)) die("pthread_create");
    pthread_detach(thread);
}

static void *accept_sinks(void *listener) {
    for (;;) {
        int fd = accept((int)(intptr_t)listener, NULL, NULL);
        if (fd < 0) die("accept");
        start(sink, fd);
    }
}

static void *source(void *unused) {
    yield_processor();
    int fd = connect_to(relay_port, SOCK_STREAM);
    uint64_t left = bytes ? bytes : UINT64_MAX;
    while (left) {
        size_t now = left < CHUNK ? (size_t)left : CHUNK;
        if (write_all(fd, chunk, now)) die("write to the relay");
        left -= now;
    }
    shutdown(fd, SHUT_WR);
    char end;
    if (read(fd, &end, 1) != 0) die("the end of the relay's other direction");
    ended++;
    close(fd);
    return unused;
}

static void nap(long us) {
    nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
}

static double small(const char *port) {
    unsigned char data[SMALL] = "E";
    double begin = now();
    int fd = connect_to(port, SOCK_STREAM);
    if (write_all(fd, data, SMALL)) die("write");
    for (ssize_t got = 0; got < SMALL;) {
        ssize_t n = read(fd, data, (size_t)(SMALL - got));
        if (n <= 0) die("read the small reply");
        got += n;
    }
    double took = now() - begin;
    close(fd);
    return took * 1e6;
}

int main(int argc, char **argv) {
    if (argc < 5) return 2;
    relay_port = argv[1];
    sink_port = argv[2];
    unsigned streams = (unsigned)number(argv[3]);
    bytes = number(argv[4]);
    yielding = argc > 6 && !strcmp(argv[6], "nice");
    signal(SIGPIPE, SIG_IGN);
    alarm(GIVE_UP_S);
    chunk = aligned(CHUNK);
    /* All byte values, in no order that a view could shorten; the first byte says "bulk". */
    uint32_t seed = 1;
    for (size_t i = 0; i < CHUNK; i++) chunk[i] = (unsigned char)((seed = seed * 1664525 + 1013904223) >> 24);
    chunk[0] = 'B';
    start(accept_sinks, serve_on(sink_port, SOCK_STREAM));

    double begin = now();
    for (unsigned i = 0; i < streams; i++) start(source, 0);
    if (bytes) {
        while (ended < 2 * streams) nap(200);
        printf("seconds %.6f\n", now() - begin);
        if (arrived != bytes * streams) {
            fprintf(stderr, "%llu bytes sent, %llu arrived\n", (unsigned long long)(bytes * streams),
                    (unsigned long long)arrived);
            return 1;
        }
        return 0;
    }
    while (arrived < (uint64_t)streams * FLOWING) nap(1000);
    uint64_t count = number(argv[5]);
    uint64_t before = arrived;
    begin = now();
    for (uint64_t i = 0; i < count; i++) {
        nap(GAP_US);
        printf("relayed %.1f\n", small(relay_port));
        nap(GAP_US);
        printf("direct %.1f\n", small(sink_port));
    }
    printf("bulk %.6f\n", (double)(arrived - before) / (now() - begin) / 1e9);
    fflush(stdout);
    _exit(0); /* The endless sources have no other end. */
}
