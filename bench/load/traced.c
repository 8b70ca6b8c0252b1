/* A program to be traced: what it does costs so much untraced, and more under a tracer.
 * traced rounds N       N rounds of send, recv, send, recv over one TCP connection within this process
 * traced unrelated N    N times stat(2), openat(2), fstat(2), getppid(2) and close(2) beside that connection
 * traced reads N PAIRS  N reads of 4 KiB from a file beside so many connections, both ends of each, and their listener
 * Prints "us MICROSECONDS", wall-clock time a round. */
#include "../loopback.h"
#include <sys/stat.h>

enum { LENGTH = 64, BLOCK = 4096, MOST = 4000 };

static void connection(int listener, int *client, int *server) {
    struct sockaddr_in address = {0};
    socklen_t size = sizeof address;
    if (getsockname(listener, (struct sockaddr *)&address, &size)) die("getsockname");
    *client = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(*client, (struct sockaddr *)&address, size)) die("connect");
    *server = accept(listener, NULL, NULL);
    if (*server < 0) die("accept");
}

static void pass(int from, int to) {
    char data[LENGTH] = {0};
    if (send(from, data, sizeof data, 0) != sizeof data) die("send");
    if (recv(to, data, sizeof data, MSG_WAITALL) != sizeof data) die("recv");
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    uint64_t count = number(argv[2]);
    int pairs = argc > 3 ? (int)number(argv[3]) : 1;
    if (pairs < 1 || pairs * 2 > MOST) return 2;
    int ends[MOST];
    int listener = serve_on("0", SOCK_STREAM);
    for (int i = 0; i < pairs; i++) connection(listener, &ends[2 * i], &ends[2 * i + 1]);
    pass(ends[0], ends[1]);
    char block[BLOCK];
    int file = open(argv[0], O_RDONLY | O_CLOEXEC);
    if (file < 0) die("open");
    double begin = now();
    for (uint64_t i = 0; i < count; i++) {
        if (!strcmp(argv[1], "rounds")) {
            pass(ends[0], ends[1]);
            pass(ends[1], ends[0]);
        } else if (!strcmp(argv[1], "unrelated")) {
            struct stat about;
            int directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            if (directory < 0 || stat("/usr/bin", &about) || fstat(directory, &about)) die("stat");
            if (getppid() < 1) die("getppid");
            close(directory);
        } else {
            if (lseek(file, 0, SEEK_SET) || read(file, block, BLOCK) != BLOCK) die("read");
        }
    }
    printf("us %.4f\n", (now() - begin) * 1e6 / (double)count);
    return 0;
}
