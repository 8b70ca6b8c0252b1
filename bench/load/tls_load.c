/* Both ends of what terminates TLS 1.3 (libssl): clients that speak it, and plain TCP peers behind it.
 * tls_load up|down|echo PORT PEER_PORT STREAMS BYTES SUITE CA
 *     BYTES a stream: to the peers, from them, or there and back; both ends compare each byte
 * tls_load full|resumed PORT PEER_PORT CONNECTIONS AT_ONCE SUITE CA
 *     new connections, each with one byte there and back, in AT_ONCE threads; resumed: each with the ticket of the one
 *     before it in its thread, and the end of the run if a server does not take it
 * The clients accept only a certificate for "localhost" that CA (a PEM file) vouches for. Connects everywhere once,
 * prints "ready", waits for a line on stdin, runs and prints how long it took. A server that is its own echo ignores
 * PEER_PORT. */
#include "../loopback.h"
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { CHUNK = 256 * 1024, GIVE_UP_S = 120 };
enum mode { UP, DOWN, ECHO, FULL, RESUMED };

static enum mode mode;
static const char *port, *suite;
static uint64_t bytes;
static _Atomic int64_t left; /* connections that are still to be made */
static _Atomic uint64_t arrived;
static unsigned char *pattern; /* twice the same CHUNK, so that a piece from anywhere in it is contiguous */
static SSL_CTX *context;
static pthread_barrier_t opened, begun;
static _Thread_local SSL_SESSION *ticket;

static _Noreturn void wrong(const char *what) {
    fprintf(stderr, "%s", what);
    unsigned long code = ERR_get_error();
    if (code) fprintf(stderr, ": %s", ERR_reason_error_string(code));
    fputc('\n', stderr);
    exit(1);
}

static void check(uint64_t at, const unsigned char *data, size_t length) {
    if (memcmp(pattern + at % CHUNK, data, length)) wrong("bytes arrived changed");
}

static void start(pthread_t *thread, void *(*run)(void *), intptr_t argument) {
    if (pthread_create(thread, NULL, run, (void *)argument)) die("pthread_create");
}

/* A plain peer behind the server. */
static void *converse(void *argument) {
    int fd = (int)(intptr_t)argument, yes = 1;
    unsigned char *data = aligned(CHUNK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (mode == DOWN) {
        for (uint64_t sent = 0; sent < bytes;) {
            uint64_t piece = bytes - sent < CHUNK ? bytes - sent : CHUNK;
            if (write_all(fd, pattern, piece)) die("write to the relay");
            sent += piece;
        }
        shutdown(fd, SHUT_WR);
    }
    uint64_t at = 0;
    for (ssize_t n; (n = read(fd, data, CHUNK)) > 0; at += (uint64_t)n) {
        if (mode != UP && write_all(fd, data, (size_t)n)) break;
        if (mode == UP) check(at, data, (size_t)n);
    }
    arrived += at;
    close(fd);
    free(data);
    return NULL;
}

static void *accept_peers(void *listener) {
    for (;;) {
        int fd = accept((int)(intptr_t)listener, NULL, NULL);
        if (fd < 0) die("accept");
        pthread_t thread;
        start(&thread, converse, fd);
        pthread_detach(thread);
    }
}

static int keep_ticket(SSL *unused, SSL_SESSION *session) {
    (void)unused;
    SSL_SESSION_free(ticket);
    ticket = session;
    return 1;
}

static SSL *open_one(bool resumes) {
    int fd = connect_to(port, SOCK_STREAM), yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    SSL *tls = SSL_new(context);
    if (!tls || !SSL_set_fd(tls, fd) || !SSL_set1_host(tls, "localhost") || !SSL_set_tlsext_host_name(tls, "localhost"))
        wrong("set-up of TLS");
    if (resumes && (!ticket || !SSL_set_session(tls, ticket))) wrong("the server gave no ticket");
    if (SSL_connect(tls) != 1) wrong("the handshake");
    if (strcmp(SSL_get_cipher_name(tls), suite)) wrong("not the suite that was asked for");
    if (SSL_session_reused(tls) != resumes) wrong(resumes ? "the ticket was not taken" : "a session was resumed");
    return tls;
}

static void close_one(SSL *tls) {
    int fd = SSL_get_fd(tls);
    SSL_shutdown(tls);
    SSL_free(tls);
    close(fd);
}

static void one_byte(SSL *tls) {
    unsigned char byte = 'x';
    if (SSL_write(tls, &byte, 1) != 1 || SSL_read(tls, &byte, 1) != 1 || byte != 'x') wrong("the byte's echo");
}

static void *handshakes(void *unused) {
    SSL *first = open_one(false);
    one_byte(first);
    close_one(first);
    pthread_barrier_wait(&opened);
    pthread_barrier_wait(&begun);
    while (--left >= 0) {
        SSL *tls = open_one(mode == RESUMED);
        one_byte(tls);
        close_one(tls);
    }
    return unused;
}

static void upload(SSL *tls) {
    unsigned char end;
    for (uint64_t sent = 0; sent < bytes;) {
        uint64_t piece = bytes - sent < CHUNK ? bytes - sent : CHUNK;
        if (SSL_write(tls, pattern, (int)piece) != (int)piece) wrong("write to the relay");
        sent += piece;
    }
    SSL_shutdown(tls);
    shutdown(SSL_get_fd(tls), SHUT_WR);
    if (SSL_read(tls, &end, 1) > 0) wrong("bytes came back that nobody sent");
}

static void download(SSL *tls, unsigned char *data) {
    uint64_t at = 0;
    for (int n; (n = SSL_read(tls, data, CHUNK)) > 0; at += (uint64_t)n) check(at, data, (size_t)n);
    if (at != bytes) wrong("less arrived than was sent");
}

/* Both directions in one thread, for an SSL is one thread's at a time. */
static void there_and_back(SSL *tls, unsigned char *data) {
    uint64_t sent = 0, back = 0;
    if (fcntl(SSL_get_fd(tls), F_SETFL, O_NONBLOCK)) die("fcntl");
    while (back < bytes) {
        struct pollfd ask = {.fd = SSL_get_fd(tls), .events = POLLIN};
        int n = 0;
        if (sent < bytes) {
            /* The same place of the pattern again after SSL_ERROR_WANT_WRITE, as SSL_write(3) demands. */
            uint64_t piece = bytes - sent < CHUNK ? bytes - sent : CHUNK;
            n = SSL_write(tls, pattern + sent % CHUNK, (int)piece);
            if (n > 0) sent += (uint64_t)n;
            else if (SSL_get_error(tls, n) != SSL_ERROR_WANT_WRITE) wrong("write to the echo");
            else ask.events |= POLLOUT;
        }
        int m = SSL_read(tls, data, CHUNK);
        if (m > 0) check(back, data, (size_t)m), back += (uint64_t)m;
        else if (SSL_get_error(tls, m) != SSL_ERROR_WANT_READ) wrong("the echo ended early");
        if (n <= 0 && m <= 0 && poll(&ask, 1, -1) < 0) die("poll");
    }
}

static void *stream(void *unused) {
    unsigned char *data = aligned(CHUNK);
    SSL *tls = open_one(false);
    if (mode == ECHO) one_byte(tls);
    pthread_barrier_wait(&opened);
    pthread_barrier_wait(&begun);
    if (mode == UP) upload(tls);
    else if (mode == DOWN) download(tls, data);
    else there_and_back(tls, data);
    close_one(tls);
    free(data);
    return unused;
}

int main(int argc, char **argv) {
    static const char *const MODES[] = {"up", "down", "echo", "full", "resumed"};
    if (argc != 8) return 2;
    while (strcmp(argv[1], MODES[mode])) if (++mode > RESUMED) return 2;
    port = argv[2];
    suite = argv[6];
    bool bulk = mode <= ECHO;
    unsigned threads = (unsigned)number(argv[bulk ? 4 : 5]);
    bytes = number(argv[5]);
    left = (int64_t)number(argv[4]);
    signal(SIGPIPE, SIG_IGN);
    alarm(GIVE_UP_S);
    pattern = aligned(2 * CHUNK);
    uint32_t seed = 1;
    for (size_t i = 0; i < 2 * CHUNK; i++)
        pattern[i] = i < CHUNK ? (unsigned char)((seed = seed * 1664525 + 1013904223) >> 24) : pattern[i - CHUNK];
    context = SSL_CTX_new(TLS_client_method());
    if (!context || !SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) ||
        !SSL_CTX_set_ciphersuites(context, suite) || !SSL_CTX_load_verify_locations(context, argv[7], NULL))
        wrong("set-up of TLS");
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    if (mode == ECHO) SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, keep_ticket);
    pthread_t peers, *all = calloc(threads, sizeof *all);
    if (!all || pthread_barrier_init(&opened, NULL, threads + 1) || pthread_barrier_init(&begun, NULL, threads + 1))
        die("set-up");
    start(&peers, accept_peers, serve_on(argv[3], SOCK_STREAM));

    for (unsigned i = 0; i < threads; i++) start(&all[i], bulk ? stream : handshakes, 0);
    pthread_barrier_wait(&opened);
    puts("ready");
    fflush(stdout);
    char line[16];
    if (!fgets(line, sizeof line, stdin)) return 0;
    double begin = now();
    pthread_barrier_wait(&begun);
    for (unsigned i = 0; i < threads; i++) pthread_join(all[i], NULL);
    printf("seconds %.6f\n", now() - begin);
    if (mode == UP && arrived != bytes * threads) wrong("less arrived than was sent");
    return 0;
}
