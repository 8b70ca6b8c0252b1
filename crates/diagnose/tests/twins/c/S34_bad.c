/* connect() has only begun, and data follows at once. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv) {
    int on = 1;
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])) };
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int server = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    bind(server, (struct sockaddr *)&a, sizeof a);
    listen(server, 5);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    fcntl(client, F_SETFL, O_NONBLOCK);
    connect(client, (struct sockaddr *)&a, sizeof a);
    send(client, "hola\n", 5, 0);
    int conn = accept(server, NULL, NULL);
    char data[1024];
    ssize_t n = recv(conn, data, sizeof data, 0);
    printf("%.*s", (int)n, data);
    return 0;
}
