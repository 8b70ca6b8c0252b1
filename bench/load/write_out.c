/* What it costs to write so many bytes to a place: 64 KiB at a time, with nothing else done.
 * write_out PATH BYTES */
#include "../loopback.h"

enum { CHUNK = 64 * 1024 };

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    int fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0) die(argv[1]);
    unsigned char *chunk = aligned(CHUNK);
    memset(chunk, 'x', CHUNK);
    for (uint64_t left = number(argv[2]); left;) {
        size_t now = left < CHUNK ? (size_t)left : CHUNK;
        if (write_all(fd, chunk, now)) die("write");
        left -= now;
    }
    return 0;
}
