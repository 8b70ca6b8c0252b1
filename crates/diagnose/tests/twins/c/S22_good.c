/* with: S22_peer.c
 * Answers in one piece. */
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	address.sin_port = htons(atoi(argv[argc - 2]));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int on = 1, s = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(s, (struct sockaddr *)&address, sizeof address) != 0 || listen(s, 5) != 0)
		return 1;
	int c = accept(s, NULL, NULL);
	char line[256];
	while (recv(c, line, 5, MSG_WAITALL) == 5) {
		send(c, "200 fine\n", 9, MSG_NOSIGNAL);
	}
	close(c);
	close(s);
	return 0;
}
