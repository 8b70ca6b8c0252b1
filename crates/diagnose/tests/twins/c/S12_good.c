/* The client stays for the answer, and the server sends nothing after the end. */
#include <arpa/inet.h>
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
    connect(client, (struct sockaddr *)&a, sizeof a);
    int conn = accept(server, NULL, NULL);
    char data[1024];
    send(conn, "the answer\n", 11, MSG_NOSIGNAL);
    ssize_t n = recv(client, data, sizeof data, 0);
    printf("%.*s", (int)n, data);
    close(client);
    n = recv(conn, data, sizeof data, 0);
    printf("%zd is the end\n", n);
    close(conn);
    return 0;
}
