/* WebSocket messages over many connections (RFC 6455), each checked when it comes back.
 * ws_load echo PORT CONNECTIONS MESSAGES SIZE IN_FLIGHT binary|text
 *     each connection has IN_FLIGHT messages under way; they come back whole, in order, with their type
 * ws_load relay PORT SINK_PORT CONNECTIONS MESSAGES SIZE discard|echo
 *     MESSAGES a connection, as fast as they are taken, through a relay to TCP sinks in this process, which check the
 *     bytes and, with echo, send them back, in messages of any size
 * Exchanges one message on each connection so that all are being served, prints "ready", waits for a line on stdin,
 * runs the messages and prints how long they took. */
#include "../loopback.h"
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/time.h>

enum { GIVE_UP_S = 120, HEAD = 14, TAG = 8, OUT_BYTES = 128 * 1024, IN_BYTES = 256 * 1024, CLOSE_S = 5 };
enum { CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

/* The key of RFC 6455, section 1.3, and the answer to it. */
static const char ASK[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
static const char ACCEPT[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
static const unsigned char MASK[4] = {0x37, 0xfa, 0x21, 0x3d};

struct connection {
    int fd;
    bool asked_out;      /* epoll also waits for room to write */
    uint64_t quota, begun, returned; /* messages: to send, put into `out`, checked */
    unsigned char *out;
    size_t out_from, out_to;
    unsigned char head[HEAD]; /* of the frame that is coming in */
    size_t head_have;
    uint64_t frame_left; /* of its payload */
    bool inside, in_message, last_frame, control;
    uint64_t at; /* how much of the message (or, from a relay, of the stream) was checked */
};

static unsigned char *payload, *frame; /* what each message says; the same as one masked frame */
static size_t size, frame_bytes, head_bytes, out_bytes;
static uint64_t window, returned_messages, returned_bytes;
static int poll_fd, opcode = BINARY;
static bool relayed, replies;
static _Atomic uint64_t arrived;

static _Noreturn void wrong(const char *what) {
    fprintf(stderr, "%s\n", what);
    exit(1);
}

/* Each message begins with its number, so that one lost, repeated or out of order is noticed. */
static void tag(uint64_t which, unsigned char *text) {
    for (int i = TAG; i-- > 0; which >>= 4) text[i] = (unsigned char)"0123456789abcdef"[which & 15];
}

static size_t head(unsigned char *to, int kind, size_t length) {
    size_t n = 2;
    to[0] = (unsigned char)(0x80 | kind);
    if (length < 126) {
        to[1] = (unsigned char)(0x80 | length);
    } else {
        n = length < 65536 ? 4 : 10;
        to[1] = length < 65536 ? 0x80 | 126 : 0x80 | 127;
        for (size_t i = n; i-- > 2; length >>= 8) to[i] = (unsigned char)length;
    }
    memcpy(to + n, MASK, 4);
    return n + 4;
}

static void make_messages(void) {
    payload = aligned((size + 4095) / 4096 * 4096);
    frame = aligned((size + HEAD + 4095) / 4096 * 4096);
    uint32_t seed = 1;
    for (size_t i = 0; i < size; i++) {
        seed = seed * 1664525 + 1013904223;
        /* Text is letters, with a character of two bytes in each 64: no prose is all ASCII. */
        unsigned char letter = (unsigned char)('a' + (seed >> 24) % 26);
        if (i % 64 == 40 && i + 1 < size) letter = 0xc3;
        if (i % 64 == 41) letter = 0xa9;
        payload[i] = opcode == TEXT ? letter : (unsigned char)(seed >> 24);
    }
    head_bytes = head(frame, opcode, size);
    frame_bytes = head_bytes + size;
    for (size_t i = 0; i < size; i++) frame[head_bytes + i] = payload[i] ^ MASK[i % 4];
    out_bytes = frame_bytes > OUT_BYTES ? frame_bytes : OUT_BYTES;
}

/* What byte `at` of message `which` should be is payload's, but for its tag. */
static void check(uint64_t which, uint64_t at, const unsigned char *data, size_t length) {
    if (at + length > size) wrong("a message came back longer than it was sent");
    if (at < TAG) {
        unsigned char number[TAG];
        size_t n = TAG - at < length ? TAG - at : length;
        tag(which, number);
        if (memcmp(data, number + at, n)) wrong("a message came back changed or out of order");
        at += n, data += n, length -= n;
    }
    if (memcmp(data, payload + at, length)) wrong("a message came back changed");
}

/* The same for a stream of messages whose boundaries are gone. */
static void check_stream(uint64_t at, const unsigned char *data, size_t length) {
    while (length) {
        uint64_t inside = at % size;
        size_t n = size - inside < length ? size - inside : length;
        check(at / size, inside, data, n);
        at += n, data += n, length -= n;
    }
}

static void watch(struct connection *c, bool out) {
    if (c->asked_out == out) return;
    struct epoll_event ask = {.events = EPOLLIN | (out ? EPOLLOUT : 0), .data.ptr = c};
    if (epoll_ctl(poll_fd, EPOLL_CTL_MOD, c->fd, &ask)) die("epoll_ctl");
    c->asked_out = out;
}

/* Put as many messages under way as may be, and send what the socket takes. */
static void fill(struct connection *c) {
    for (;;) {
        if (c->out_from == c->out_to) c->out_from = c->out_to = 0;
        while (c->begun < c->quota && c->begun - c->returned < window && c->out_to + frame_bytes <= out_bytes) {
            unsigned char *to = c->out + c->out_to, number[TAG];
            memcpy(to, frame, frame_bytes);
            tag(c->begun++, number);
            for (int i = 0; i < TAG; i++) to[head_bytes + (size_t)i] = number[i] ^ MASK[i % 4];
            c->out_to += frame_bytes;
        }
        if (c->out_from == c->out_to) return watch(c, false);
        ssize_t n = send(c->fd, c->out + c->out_from, c->out_to - c->out_from, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) return watch(c, true);
        if (n < 0) die("send");
        c->out_from += (size_t)n;
    }
}

/* One message ended; from a relay only bytes count. */
static void message_ended(struct connection *c) {
    c->in_message = false;
    if (relayed) return;
    if (c->at != size) wrong("a message came back shorter than it was sent");
    c->at = 0;
    c->returned++;
    returned_messages++;
}

static void came_back(struct connection *c, const unsigned char *data, size_t length) {
    if (relayed) check_stream(c->at, data, length);
    else check(c->returned, c->at, data, length);
    c->at += length;
    returned_bytes += length;
}

static void begin_frame(struct connection *c) {
    int kind = c->head[0] & 15, said = c->head[1] & 127;
    c->last_frame = c->head[0] >> 7;
    c->control = kind >= CLOSE;
    if (c->head[0] & 0x70 || c->head[1] & 0x80) wrong("a frame with reserved bits or a mask");
    c->frame_left = (uint64_t)said;
    for (size_t i = 2; said >= 126 && i < c->head_have; i++)
        c->frame_left = (i == 2 ? 0 : c->frame_left << 8) | c->head[i];
    c->head_have = 0;
    c->inside = true;
    if (kind == PING || kind == PONG) return;
    if (kind != (c->in_message ? CONTINUATION : opcode)) wrong("a frame of another type than was sent");
    c->in_message = true;
}

static void end_frame(struct connection *c) {
    c->inside = false;
    if (!c->control && c->last_frame) message_ended(c);
}

static void take(struct connection *c, const unsigned char *data, size_t length) {
    while (length) {
        if (!c->inside) {
            c->head[c->head_have++] = *data++;
            length--;
            int said = c->head_have > 1 ? c->head[1] & 127 : 0;
            if (c->head_have < (said == 127 ? 10 : said == 126 ? 4 : 2)) continue;
            begin_frame(c);
        } else {
            size_t n = c->frame_left < length ? c->frame_left : length;
            if (!c->control) came_back(c, data, n);
            data += n, length -= n, c->frame_left -= n;
        }
        if (!c->frame_left) end_frame(c);
    }
}

static void receive(struct connection *c) {
    static unsigned char *data;
    if (!data) data = aligned(IN_BYTES);
    for (;;) {
        ssize_t n = recv(c->fd, data, IN_BYTES, MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN) return;
        if (n < 0) die("recv");
        if (!n) wrong("the connection ended before the last message");
        take(c, data, (size_t)n);
        if (n < IN_BYTES) return;
    }
}

static void open_one(struct connection *c, const char *port) {
    c->fd = connect_to(port, SOCK_STREAM);
    int yes = 1;
    struct timeval limit = {.tv_sec = CLOSE_S};
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    char text[4096];
    int length = snprintf(text, sizeof text, ASK, port);
    if (write_all(c->fd, (unsigned char *)text, (size_t)length)) die("write the request");
    /* A byte at a time: what follows the empty line is already frames. */
    size_t have = 0;
    do {
        if (have + 1 == sizeof text || read(c->fd, text + have, 1) != 1) wrong("no answer to the upgrade");
        text[++have] = 0;
    } while (have < 4 || memcmp(text + have - 4, "\r\n\r\n", 4));
    if (strncmp(text, "HTTP/1.1 101", 12) || !strstr(text, ACCEPT)) wrong("the upgrade was refused");
    c->out = aligned((out_bytes + 4095) / 4096 * 4096);
}

static void say_goodbye(struct connection *c) {
    unsigned char bye[HEAD] = {0}, answer[2];
    size_t length = head(bye, CLOSE, 2);
    bye[length++] = 0x03 ^ MASK[0]; /* 1000, normal closure */
    bye[length++] = 0xe8 ^ MASK[1];
    if (send(c->fd, bye, length, MSG_NOSIGNAL) != (ssize_t)length) die("send the Close");
    ssize_t n = recv(c->fd, answer, 2, MSG_WAITALL);
    /* websocat ends the connection without its own Close. */
    if (n < 0 || (n && answer[0] != (0x80 | CLOSE))) wrong("neither a Close frame nor the end for an answer");
    close(c->fd);
}

static void *sink(void *argument) {
    int fd = (int)(intptr_t)argument;
    unsigned char *data = aligned(IN_BYTES);
    uint64_t at = 0;
    for (ssize_t n; (n = read(fd, data, IN_BYTES)) > 0;) {
        if (replies && write_all(fd, data, (size_t)n)) break;
        check_stream(at, data, (size_t)n);
        at += (uint64_t)n;
        arrived += (uint64_t)n;
    }
    close(fd);
    free(data);
    return NULL;
}

static void *accept_sinks(void *listener) {
    for (;;) {
        int fd = accept((int)(intptr_t)listener, NULL, NULL), yes = 1;
        if (fd < 0) die("accept");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        pthread_t thread;
        if (pthread_create(&thread, NULL, sink, (void *)(intptr_t)fd)) die("pthread_create");
        pthread_detach(thread);
    }
}

/* Send `messages` more, shared among the connections, and wait for all that they cause. */
static void run(struct connection *all, unsigned connections, uint64_t messages) {
    static uint64_t sent;
    struct epoll_event ready[256];
    sent += messages;
    for (unsigned i = 0; i < connections; i++) {
        all[i].quota = sent / connections + (i < sent % connections);
        fill(&all[i]);
    }
    for (;;) {
        bool out = false;
        for (unsigned i = 0; relayed && i < connections; i++) out |= all[i].out_to || all[i].begun < all[i].quota;
        bool ended = relayed ? !out && arrived == sent * size && (!replies || returned_bytes == sent * size)
                             : returned_messages == sent;
        if (ended) return;
        /* A relay's last bytes arrive at the sinks, which wake nobody here. */
        int count = epoll_wait(poll_fd, ready, 256, relayed && !out ? 1 : -1);
        for (int i = 0; i < count; i++) {
            struct connection *c = ready[i].data.ptr;
            if (ready[i].events & ~(uint32_t)EPOLLOUT) receive(c);
            fill(c);
        }
    }
}

int main(int argc, char **argv) {
    if (argc != 8) return 2;
    relayed = !strcmp(argv[1], "relay");
    const char *port = argv[2];
    unsigned connections = (unsigned)number(argv[relayed ? 4 : 3]);
    uint64_t messages = number(argv[relayed ? 5 : 4]);
    size = (size_t)number(argv[relayed ? 6 : 5]);
    window = relayed ? UINT64_MAX : number(argv[6]);
    replies = !strcmp(argv[7], "echo");
    opcode = !strcmp(argv[7], "text") ? TEXT : BINARY;
    if (size < TAG || !connections) return 2;
    alarm(GIVE_UP_S);
    signal(SIGPIPE, SIG_IGN);
    make_messages();
    if (relayed) {
        pthread_t thread;
        messages *= connections;
        if (pthread_create(&thread, NULL, accept_sinks, (void *)(intptr_t)serve_on(argv[3], SOCK_STREAM)))
            die("pthread_create");
    }
    struct connection *all = calloc(connections, sizeof *all);
    poll_fd = epoll_create1(0);
    if (!all || poll_fd < 0) die("set-up");
    for (unsigned i = 0; i < connections; i++) {
        open_one(&all[i], port);
        struct epoll_event ask = {.events = EPOLLIN, .data.ptr = &all[i]};
        if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, all[i].fd, &ask)) die("epoll_ctl");
        if (fcntl(all[i].fd, F_SETFL, O_NONBLOCK)) die("fcntl");
    }
    run(all, connections, connections);
    puts("ready");
    fflush(stdout);
    char line[16];
    if (!fgets(line, sizeof line, stdin)) return 0;
    double begin = now();
    run(all, connections, messages);
    printf("seconds %.6f\n", now() - begin);
    for (unsigned i = 0; i < connections; i++) {
        if (fcntl(all[i].fd, F_SETFL, 0)) die("fcntl");
        say_goodbye(&all[i]);
    }
    return 0;
}
