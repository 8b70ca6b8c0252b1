/* For each byte of its input sends and receives one over a pair of sockets that it had from the beginning. */
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static int pair[2];
static void *waits(void *unused) {
    (void)unused;
    pause();
    return NULL;
}
int main(void) {
    alarm(40);
    char byte;
    pthread_t other;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || pthread_create(&other, NULL, waits, NULL)) return 1;
    if (write(1, "!", 1) != 1) return 2;
    while (read(0, &byte, 1) == 1) {
        if (write(pair[0], &byte, 1) != 1 || read(pair[1], &byte, 1) != 1) return 3;
        if (write(1, &byte, 1) != 1) return 4;
    }
    return 0;
}
