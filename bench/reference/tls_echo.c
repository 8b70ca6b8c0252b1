/* The bare echo over TLS 1.3: one thread, epoll, libssl, a buffer a connection.
 * tls_echo PORT CERTIFICATE KEY */
#include "../loopback.h"
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>

enum { CHUNK = 64 * 1024 };

struct connection {
    SSL *tls;
    int length, sent; /* of `data`: read, and written back */
    unsigned char *data;
};

/* As far as it goes without waiting; less than 0 when it is over. SSL_accept is part of the first SSL_read. */
static int step(struct connection *c) {
    for (;;) {
        int n;
        while (c->sent < c->length) {
            if ((n = SSL_write(c->tls, c->data + c->sent, c->length - c->sent)) <= 0) goto waits;
            c->sent += n;
        }
        if ((n = SSL_read(c->tls, c->data, CHUNK)) <= 0) goto waits;
        c->length = n;
        c->sent = 0;
        continue;
    waits:
        n = SSL_get_error(c->tls, n);
        return n == SSL_ERROR_WANT_READ || n == SSL_ERROR_WANT_WRITE ? 0 : -1;
    }
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    signal(SIGPIPE, SIG_IGN);
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (!context || !SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) ||
        SSL_CTX_use_certificate_chain_file(context, argv[2]) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, argv[3], SSL_FILETYPE_PEM) != 1)
        die("set-up of TLS");
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE);
    /* As many records of a read as there are, instead of a header and then its rest. */
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, CHUNK);
    int listener = serve_on(argv[1], SOCK_STREAM | SOCK_NONBLOCK), poll = epoll_create1(0), yes = 1;
    struct epoll_event ready[256], ask = {.events = EPOLLIN};
    if (poll < 0 || epoll_ctl(poll, EPOLL_CTL_ADD, listener, &ask)) die("epoll");
    for (;;) {
        int count = epoll_wait(poll, ready, 256, -1);
        for (int i = 0; i < count; i++) {
            struct connection *c = ready[i].data.ptr;
            if (c && step(c) < 0) {
                int fd = SSL_get_fd(c->tls);
                SSL_free(c->tls);
                close(fd);
                free(c->data);
                free(c);
            }
            for (int fd; !c && (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
                struct connection *new = calloc(1, sizeof *new);
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
                if (!new || !(new->tls = SSL_new(context)) || !SSL_set_fd(new->tls, fd)) die("set-up of TLS");
                SSL_set_accept_state(new->tls);
                new->data = aligned(CHUNK);
                ask = (struct epoll_event){.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = new};
                if (epoll_ctl(poll, EPOLL_CTL_ADD, fd, &ask)) die("epoll_ctl");
            }
        }
    }
}
