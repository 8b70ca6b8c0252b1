/* Calls with bad pointers, odd lengths and wrong descriptors; each has to fail as it does untraced. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static int failures;
static void fails(long result, int expected, int line) {
    if (result != -1 || errno != expected) {
        fprintf(stderr, "line %d: %ld, errno %d, not %d\n", line, result, errno, expected);
        failures++;
    }
}
#define FAILS(call, expected) fails((errno = 0, (long)(call)), expected, __LINE__)

int main(void) {
    alarm(20);
    void *nowhere = (void *)8, *high = (void *)(intptr_t)-8;
    int pair[2];
    char small[4];
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair)) return 1;
    int tcp = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0);
    FAILS(bind(udp, nowhere, 16), EFAULT);
    FAILS(bind(udp, high, 16), EFAULT);
    FAILS(bind(udp, nowhere, 4000000000u), EINVAL);
    FAILS(connect(tcp, nowhere, 0), EINVAL);
    FAILS(connect(tcp, high, 128), EFAULT);
    FAILS(sendto(udp, nowhere, 10, 0, NULL, 0), EDESTADDRREQ);
    FAILS(send(pair[0], nowhere, 10, 0), EFAULT);
    FAILS(sendmsg(udp, nowhere, 0), EFAULT);
    FAILS(recvmsg(udp, high, 0), EFAULT);
    FAILS(accept(tcp, nowhere, nowhere), EINVAL);
    FAILS(getsockopt(tcp, SOL_SOCKET, SO_ERROR, nowhere, nowhere), EFAULT);
    FAILS(setsockopt(tcp, SOL_SOCKET, SO_REUSEADDR, nowhere, 4), EFAULT);
    FAILS(setsockopt(tcp, 12345, 54321, small, 4), ENOPROTOOPT);
    FAILS(recv(-1, small, 4, 0), EBADF);
    FAILS(send(999999, small, 4, 0), EBADF);
    FAILS(send(0x7fffffff, small, 4, 0), EBADF);
    FAILS(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, nowhere), EFAULT);
    FAILS(socket(9999, 1, 0), EAFNOSUPPORT);
    struct msghdr message = {0};
    message.msg_iov = nowhere;
    message.msg_iovlen = 1u << 30;
    FAILS(sendmsg(pair[0], &message, 0), EMSGSIZE);
    message.msg_iovlen = 3;
    FAILS(recvmsg(pair[0], &message, 0), EFAULT);
    message.msg_iovlen = 0;
    message.msg_control = high;
    message.msg_controllen = (size_t)-1;
    FAILS(sendmsg(pair[0], &message, 0), ENOBUFS);
    /* An address without its NUL, and of lengths in between. */
    struct sockaddr_un path;
    memset(&path, 'x', sizeof path);
    path.sun_family = AF_UNIX;
    int unixes = socket(AF_UNIX, SOCK_STREAM, 0);
    for (socklen_t length = 0; length < sizeof path; length++)
        if (connect(unixes, (void *)&path, length) == 0) failures++;
    /* A message that crosses into a page that is not there. */
    long page = sysconf(_SC_PAGESIZE);
    char *memory = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(memory + page, page);
    FAILS(send(pair[0], memory + page - 2, 4, 0), EFAULT);
    if (send(pair[0], memory + page - 2, 2, 0) != 2) failures++;
    /* The room is smaller than the message: the program is told what it got, not how long it was. */
    if (recv(pair[1], small, 1, 0) != 1) failures++;
    udp = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in own = {.sin_family = AF_INET};
    socklen_t length = sizeof own;
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(udp, (void *)&own, length) || getsockname(udp, (void *)&own, &length)) return 1;
    if (sendto(udp, "0123456789", 10, 0, (void *)&own, length) != 10) failures++;
    register long three asm("r12") = 0;
    if (recv(udp, small, 4, 0) != 4 || memcmp(small, "0123", 4)) failures++;
    if (sendto(udp, "0123456789", 10, 0, (void *)&own, length) != 10) failures++;
    if (recv(udp, small, 4, MSG_TRUNC) != 10) failures++;
#ifdef __x86_64__
    /* The kernel changes no register of an argument: neither may a tracer. */
    if (sendto(udp, "0123456789", 10, 0, (void *)&own, length) != 10) failures++;
    long result, flags_after;
    register long flags asm("r10") = 0;
    register long five asm("r8") = 0;
    register long six asm("r9") = 0;
    asm volatile("syscall" : "=a"(result), "+r"(flags) : "a"(45), "D"((long)udp), "S"(small), "d"(4L), "r"(five), "r"(six)
                 : "rcx", "r11", "memory");
    flags_after = flags;
    if (result != 4 || flags_after != 0) failures++;
#endif
    (void)three;
    return failures ? 9 : 0;
}
