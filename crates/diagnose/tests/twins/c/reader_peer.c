/* Connects and reads to the end. */
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	address.sin_port = htons(atoi(argv[argc - 2]));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int s = socket(AF_INET, SOCK_STREAM, 0);
	char buffer[1024];
	if (connect(s, (struct sockaddr *)&address, sizeof address) != 0)
		return 1;
	while (recv(s, buffer, sizeof buffer, 0) > 0)
		;
	close(s);
	return 0;
}
