/* The bare UDP echo: recvmmsg(2) takes what has come, sendmmsg(2) returns it.
 * echo_udp PORT */
#include "../loopback.h"

enum { BATCH = 64, BYTES = 2048 };

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    int fd = serve_on(argv[1], SOCK_DGRAM);
    unsigned char *data = aligned(BATCH * BYTES);
    static struct sockaddr_in peers[BATCH];
    static struct iovec parts[BATCH];
    static struct mmsghdr messages[BATCH];
    for (;;) {
        for (int i = 0; i < BATCH; i++) {
            parts[i] = (struct iovec){data + i * BYTES, BYTES};
            messages[i].msg_hdr = (struct msghdr){
                .msg_name = &peers[i], .msg_namelen = sizeof peers[i], .msg_iov = &parts[i], .msg_iovlen = 1};
        }
        int count = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
        if (count < 0) die("recvmmsg");
        for (int i = 0; i < count; i++) parts[i].iov_len = messages[i].msg_len;
        for (int sent = 0; sent < count;) {
            int n = sendmmsg(fd, messages + sent, (unsigned)(count - sent), 0);
            if (n < 0) die("sendmmsg");
            sent += n;
        }
    }
}
