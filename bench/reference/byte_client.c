/* The least that a client of one byte can do: connect, send, receive, close.
 * byte_client PORT */
#include "../loopback.h"

int main(int argc, char **argv) {
    unsigned char byte;
    if (argc != 2 || read(0, &byte, 1) != 1) return 2;
    int fd = connect_to(argv[1], SOCK_STREAM);
    if (write(fd, &byte, 1) != 1 || shutdown(fd, SHUT_WR)) die("send");
    if (read(fd, &byte, 1) != 1 || write(1, &byte, 1) != 1) die("receive");
    return 0;
}
