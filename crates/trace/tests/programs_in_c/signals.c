/* A receive that a handler ends, one that goes on after its handler, and one that a stop only delays. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int pair[2];
static volatile sig_atomic_t runs;
static void handler(int signal) { (void)signal; runs++; }
/* By then the parent is in its receive: /proc says so. */
static void until_parent_waits(void) {
    char path[64], state[32] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", getppid());
    for (int i = 0; i < 100000 && state[0] != 'S'; i++) {
        FILE *file = fopen(path, "r");
        if (file) { if (fscanf(file, "%*d %*s %31s", state) != 1) state[0] = 0; fclose(file); }
        if (state[0] != 'S') usleep(1000);
    }
    usleep(20000);
}
static int child(int signal, int then) {
    int pid = fork();
    if (pid == 0) {
        until_parent_waits();
        kill(getppid(), signal);
        if (then) { usleep(20000); kill(getppid(), then); }
        usleep(20000);
        if (write(pair[1], "x", 1) != 1) _exit(1);
        _exit(0);
    }
    return pid;
}
int main(void) {
    alarm(20);
    char room[8];
    struct sigaction action;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) return 1;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    sigaction(SIGUSR1, &action, NULL);
    action.sa_flags = SA_RESTART;
    sigaction(SIGUSR2, &action, NULL);

    int pid = child(SIGUSR1, 0);
    errno = 0;
    if (recv(pair[0], room, 8, 0) != -1 || errno != EINTR || runs != 1) return 2;
    waitpid(pid, NULL, 0);
    if (recv(pair[0], room, 8, 0) != 1) return 3;

    pid = child(SIGUSR2, 0);
    if (recv(pair[0], room, 8, 0) != 1 || runs != 2) return 4;
    waitpid(pid, NULL, 0);

    pid = child(SIGSTOP, SIGCONT);
    if (recv(pair[0], room, 8, 0) != 1 || runs != 2) return 5;
    waitpid(pid, NULL, 0);

    /* A real-time signal, and one whose default is to be ignored. */
    action.sa_flags = 0;
    sigaction(SIGRTMIN + 2, &action, NULL);
    raise(SIGRTMIN + 2);
    pid = child(SIGWINCH, 0);
    if (recv(pair[0], room, 8, 0) != 1 || runs != 3) return 6;
    waitpid(pid, NULL, 0);
    return 0;
}
