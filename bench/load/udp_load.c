/* Numbered datagrams with a window: as many are in flight as were never answered, up to WINDOW.
 * udp_load PORT PACKETS WINDOW SIZE
 * A datagram that is quiet for 250 ms is lost; an answer that is no datagram of ours, whole and once, is damaged. */
#include "../loopback.h"
#include <sys/time.h>

enum { BATCH = 64, BYTES = 2048, GIVE_UP_S = 60 };

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    uint64_t packets = number(argv[2]), window = number(argv[3]), size = number(argv[4]);
    uint64_t sent = 0, good = 0, damaged = 0, lost = 0, in_flight = 0;
    if (window > BATCH || size > BYTES || size < 8) return 2;
    int fd = connect_to(argv[1], SOCK_DGRAM);
    struct timeval quiet = {.tv_usec = 250000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &quiet, sizeof quiet);
    unsigned char *out = aligned(BATCH * BYTES), *in = aligned(BATCH * BYTES), *seen = calloc(1, packets);
    if (!seen) die("calloc");
    memset(out, 'x', BATCH * BYTES);
    static struct iovec out_parts[BATCH], in_parts[BATCH];
    static struct mmsghdr out_messages[BATCH], in_messages[BATCH];
    for (int i = 0; i < BATCH; i++) {
        out_parts[i] = (struct iovec){out + i * BYTES, size};
        in_parts[i] = (struct iovec){in + i * BYTES, BYTES};
        out_messages[i].msg_hdr = (struct msghdr){.msg_iov = &out_parts[i], .msg_iovlen = 1};
        in_messages[i].msg_hdr = (struct msghdr){.msg_iov = &in_parts[i], .msg_iovlen = 1};
    }
    double begin = now(), last = begin;
    while (good + damaged + lost < packets && last - begin < GIVE_UP_S) {
        unsigned fill = 0;
        for (; in_flight < window && sent < packets; fill++, sent++, in_flight++)
            memcpy(out + fill * BYTES, &sent, sizeof sent);
        for (unsigned done = 0; done < fill;) {
            int n = sendmmsg(fd, out_messages + done, fill - done, 0);
            if (n < 0) die("sendmmsg");
            done += (unsigned)n;
        }
        int count = recvmmsg(fd, in_messages, BATCH, MSG_WAITFORONE, NULL);
        if (count < 0) {
            if (errno != EAGAIN) die("recvmmsg");
            lost += in_flight;
            in_flight = 0;
            if (lost > 20 * window) break; /* It has stalled: more waiting tells nothing new. */
            continue;
        }
        last = now();
        for (int i = 0; i < count; i++) {
            uint64_t which;
            memcpy(&which, in + i * BYTES, sizeof which);
            if (in_messages[i].msg_len != size || which >= sent || seen[which]) {
                damaged++;
            } else {
                seen[which] = 1;
                good++;
            }
            if (in_flight) in_flight--;
        }
    }
    printf("seconds %.6f\ngood %llu\nlost %llu\ndamaged %llu\n", last - begin, (unsigned long long)good,
           (unsigned long long)lost, (unsigned long long)damaged);
    return 0;
}
