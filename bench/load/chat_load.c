/* Members of a chat: MEMBERS connections in ROOMS rooms; in each turn one member of every room says BURST lines, and the
 * turn is over when all others there have got them.
 * chat_load PORT MEMBERS ROOMS TURNS BURST FIRST
 * FIRST is what a member says to come into a room, before its number: "/join room" or "room".
 * Says "ready" once all are in, and begins when there is something to read on stdin. */
#include "../loopback.h"
#include <sys/epoll.h>

enum { GIVE_UP_S = 120, TEXT = 64 };

struct member {
    int fd, is_in;
    uint64_t room, got;
};

static char buffer[1 << 16];

/* Counts the lines of 64 bytes' text that others said: each has one tab. */
static uint64_t said(const char *data, ssize_t length) {
    uint64_t count = 0;
    for (ssize_t i = 0; i < length; i++) count += data[i] == '\t';
    return count;
}

int main(int argc, char **argv) {
    if (argc != 7) return 2;
    uint64_t members = number(argv[2]), rooms = number(argv[3]), turns = number(argv[4]), burst = number(argv[5]);
    struct sockaddr_in to = loopback(argv[1]);
    struct member *all = calloc(members, sizeof *all);
    if (!all || !rooms || members % rooms) die("members in rooms");
    alarm(GIVE_UP_S);
    int poll = epoll_create1(0);
    struct epoll_event ready[512];
    for (uint64_t i = 0; i < members; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (fd < 0) die("socket");
        if (connect(fd, (struct sockaddr *)&to, sizeof to)) die("connect");
        all[i] = (struct member){.fd = fd, .room = i % rooms};
        int length = snprintf(buffer, sizeof buffer, "%s%llu\n", argv[6], (unsigned long long)all[i].room);
        if (write_all(fd, (unsigned char *)buffer, (size_t)length)) die("write");
        /* In: the server has said something that ends with a line about the room. */
        size_t have = 0;
        char name[64];
        snprintf(name, sizeof name, strncmp(argv[6], "/join", 5) ? "* in" : "room%llu;", (unsigned long long)all[i].room);
        do {
            ssize_t n = read(fd, buffer + have, sizeof buffer - 1 - have);
            if (n <= 0) die("the greeting");
            have += (size_t)n;
            buffer[have] = 0;
        } while (!strstr(buffer, name));
        struct epoll_event ask = {.events = EPOLLIN, .data.u64 = i};
        if (epoll_ctl(poll, EPOLL_CTL_ADD, fd, &ask)) die("epoll_ctl");
    }
    puts("ready");
    fflush(stdout);
    if (read(0, buffer, 1) < 0) die("stdin");
    char text[TEXT + 1];
    memset(text, 'x', TEXT);
    text[TEXT - 2] = '\t';
    text[TEXT - 1] = '\n';
    uint64_t each = burst * rooms * (members / rooms - 1), total = 0;
    double begin = now();
    for (uint64_t turn = 0; turn < turns; turn++) {
        uint64_t wanted = each * (turn + 1);
        for (uint64_t room = 0; room < rooms; room++) {
            struct member *one = &all[room + rooms * (turn % (members / rooms))];
            for (uint64_t line = 0; line < burst; line++)
                if (write_all(one->fd, (unsigned char *)text, TEXT)) die("say");
        }
        while (total < wanted) {
            int count = epoll_wait(poll, ready, 512, -1);
            for (int i = 0; i < count; i++) {
                struct member *one = &all[ready[i].data.u64];
                ssize_t n = read(one->fd, buffer, sizeof buffer);
                if (n <= 0) die("a member's end");
                total += said(buffer, n);
            }
        }
    }
    double seconds = now() - begin;
    if (total != each * turns) {
        fprintf(stderr, "%llu deliveries instead of %llu\n", (unsigned long long)total, (unsigned long long)(each * turns));
        return 1;
    }
    printf("seconds %.6f\ndeliveries %llu\n", seconds, (unsigned long long)total);
    return 0;
}
