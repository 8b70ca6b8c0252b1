/* Waits on a socket in a call that fails when the process is stopped; what came of it is its last line.
   For a byte of its input there is something to receive. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int pair[2];
static void *feeds(void *unused) {
    char byte;
    (void)unused;
    if (read(0, &byte, 1) == 1 && write(pair[0], &byte, 1) != 1) _exit(9);
    return NULL;
}
static void handles(int signal) { (void)signal; }
int main(int count, char **words) {
    alarm(40);
    char byte;
    pthread_t other;
    struct epoll_event event = {.events = EPOLLIN};
    struct timeval limit = {.tv_sec = 39};
    int epoll = epoll_create1(0), got;
    struct sigaction action = {.sa_handler = handles};
    if (count != 2 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || sigaction(SIGUSR1, &action, NULL)) return 1;
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &held, NULL);
    if (pthread_create(&other, NULL, feeds, NULL)) return 1;
    pthread_sigmask(SIG_UNBLOCK, &held, NULL);
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, pair[1], &event)) return 1;
    if (setsockopt(pair[1], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit)) return 1;
    if (write(1, "!", 1) != 1) return 2;
    if (!strcmp(words[1], "epoll")) got = epoll_wait(epoll, &event, 1, -1);
    else if (!strcmp(words[1], "recv")) got = recv(pair[1], &byte, 1, 0);
    else return 3;
    printf("%s\n", got == 1 ? "received" : errno == EINTR ? "EINTR" : "another end");
    return 0;
}
