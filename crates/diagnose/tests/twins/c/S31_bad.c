/* with: S31_peer.c
 * A child for each client; the parent keeps every connection. */
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
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
	for (int client = 0; client < 2; client++) {
		int c = accept(s, NULL, NULL);
		if (fork() == 0) {
			char line[256];
			ssize_t n = read(c, line, sizeof line);
			if (n > 0 && write(c, line, n) < 0)
				_exit(1);
			close(c);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	return 0;
}
