/* A datagram of 1800 bytes, and a buffer of 512. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv) {
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])) };
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int server = socket(AF_INET, SOCK_DGRAM, 0);
    bind(server, (struct sockaddr *)&a, sizeof a);
    int client = socket(AF_INET, SOCK_DGRAM, 0);
    char message[1800] = "hola";
    sendto(client, message, sizeof message, 0, (struct sockaddr *)&a, sizeof a);
    char data[512];
    ssize_t n = recv(server, data, sizeof data, 0);
    printf("%zd bytes\n", n);
    return 0;
}
