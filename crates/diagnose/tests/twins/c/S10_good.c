/* A loop sends what is left, and waits while there is no room. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char data[20000000];

int main(int argc, char **argv) {
    int on = 1;
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])) };
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int server = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    bind(server, (struct sockaddr *)&a, sizeof a);
    listen(server, 5);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    connect(client, (struct sockaddr *)&a, sizeof a);
    int conn = accept(server, NULL, NULL);
    if (fork() == 0) { /* the reader */
        close(client);
        close(server);
        while (recv(conn, data, sizeof data, 0) > 0)
            ;
        return 0;
    }
    close(conn);
    fcntl(client, F_SETFL, O_NONBLOCK);
    size_t sent = 0;
    while (sent < sizeof data) {
        struct pollfd room = { .fd = client, .events = POLLOUT };
        poll(&room, 1, -1);
        ssize_t n = send(client, data + sent, sizeof data - sent, 0);
        if (n > 0)
            sent += n;
    }
    close(client);
    close(server);
    return 0;
}
