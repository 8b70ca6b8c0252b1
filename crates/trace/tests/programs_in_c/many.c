/* 2,000 sockets at once, each used with write and read, then closed. */
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAIRS = 1000 };
int main(void) {
    alarm(20);
    static int pairs[PAIRS][2];
    char room[8];
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit)) return 1;
    limit.rlim_cur = limit.rlim_max;
    if (limit.rlim_cur < 2 * PAIRS + 16 || setrlimit(RLIMIT_NOFILE, &limit)) return 38;
    for (int i = 0; i < PAIRS; i++) if (socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i])) return 2;
    for (int i = 0; i < PAIRS; i++) if (write(pairs[i][0], "abc", 3) != 3) return 3;
    for (int i = 0; i < PAIRS; i++) if (read(pairs[i][1], room, 8) != 3) return 4;
    for (int i = 0; i < PAIRS; i++) if (close(pairs[i][0]) || close(pairs[i][1])) return 5;
    return 0;
}
