/* How long whole processes take: the commands in turn, each with "x" on stdin and then its end, each to print "x".
 * time_process ROUNDS [any] -- COMMAND ARGUMENT… -- COMMAND ARGUMENT…
 * With "any" whatever is printed will do, and stdin has nothing.
 * Prints "NUMBER MICROSECONDS" a run, or "NUMBER failed". */
#include "../loopback.h"
#include <spawn.h>
#include <sys/wait.h>

enum { MOST = 16, GIVE_UP_S = 300 };

extern char **environ;

static double run(char **command, int any) {
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC)) die("pipe");
    if (!any && write(in[1], "x", 1) != 1) die("write");
    close(in[1]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    pid_t pid;
    double begin = now();
    int failed = posix_spawnp(&pid, command[0], &actions, NULL, command, environ);
    close(in[0]);
    close(out[1]);
    posix_spawn_file_actions_destroy(&actions);
    char got[65536];
    ssize_t n = 0, more;
    while ((more = read(out[0], got, sizeof got)) > 0) n += more;
    int status = -1;
    if (!failed) waitpid(pid, &status, 0);
    double took = now() - begin;
    close(out[0]);
    int right = any ? n > 0 : n == 1 && got[0] == 'x';
    return !failed && status == 0 && right ? took * 1e6 : -1;
}

int main(int argc, char **argv) {
    if (argc < 4) return 2;
    uint64_t rounds = number(argv[1]);
    int any = !strcmp(argv[2], "any");
    char **commands[MOST];
    int count = 0;
    for (int i = 2; i < argc; i++)
        if (!strcmp(argv[i], "--")) {
            argv[i] = NULL;
            if (count < MOST) commands[count++] = argv + i + 1;
        }
    alarm(GIVE_UP_S);
    for (uint64_t r = 0; r < rounds; r++)
        for (int c = 0; c < count; c++) {
            double us = run(commands[c], any);
            if (us < 0) printf("%d failed\n", c);
            else printf("%d %.1f\n", c, us);
        }
    return 0;
}
