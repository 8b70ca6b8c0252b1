/* Calls of 32-bit x86 from a 64-bit program: a socket is made and closed. */
int main(void) {
#ifdef __x86_64__
    int made, closed;
    asm volatile("int $0x80" : "=a"(made) : "a"(359), "b"(1), "c"(1), "d"(0) : "memory", "r8", "r9", "r10", "r11");
    if (made == -38) return 38;
    if (made < 0) return 2;
    asm volatile("int $0x80" : "=a"(closed) : "a"(6), "b"(made) : "memory", "r8", "r9", "r10", "r11");
    return closed ? 3 : 0;
#else
    return 38;
#endif
}
