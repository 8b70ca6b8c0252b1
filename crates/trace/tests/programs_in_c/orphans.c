/* Children that fork without end are killed, many of them between a fork and what a tracer is told of it. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    int living[2];
    char byte;
    alarm(20);
    if (pipe(living)) return 3;
    for (int i = 0; i < 150; i++) {
        int pid = fork();
        if (pid == 0) {
            for (int j = 0; j < 2000; j++) if (fork() == 0) _exit(0);
            _exit(0);
        }
        if (pid < 0) return 1;
        usleep(300 + i * 37 % 1500);
        kill(pid, SIGKILL);
        if (waitpid(pid, NULL, 0) != pid) return 2;
    }
    /* The end of the pipe comes when the last of them has ended. */
    close(living[1]);
    return read(living[0], &byte, 1) == 0 ? 0 : 4;
}
