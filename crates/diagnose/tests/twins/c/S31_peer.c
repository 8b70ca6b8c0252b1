/* Two clients, one after the other; each waits a while for the end. */
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	address.sin_port = htons(atoi(argv[argc - 2]));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	struct timeval half = { .tv_usec = 500000 };
	char buffer[256];
	for (int client = 0; client < 2; client++) {
		int s = socket(AF_INET, SOCK_STREAM, 0);
		setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &half, sizeof half);
		if (connect(s, (struct sockaddr *)&address, sizeof address) != 0)
			return 1;
		send(s, "hello\n", 6, MSG_NOSIGNAL);
		while (recv(s, buffer, sizeof buffer, 0) > 0)
			;
		close(s);
	}
	return 0;
}
