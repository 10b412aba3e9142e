/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* irqbalance-ask.c - sends one command to irqbalance's socket and prints the answer
   (a shell cannot: it wants credentials) */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static int ask(int sock, const char *command)
{
	struct ucred self = { .pid = getpid(),
			      .uid = getuid(),
			      .gid = getgid() };
	union {
		char room[CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec text = { .iov_base = (void *)command,
			      .iov_len = strlen(command) };
	struct msghdr msg = {
		.msg_iov = &text,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room),
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_CREDENTIALS;
	head->cmsg_len = CMSG_LEN(sizeof(self));
	memcpy(CMSG_DATA(head), &self, sizeof(self));
	return sendmsg(sock, &msg, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = 30 };
	char answer[8192];
	ssize_t got;
	int sock;

	if (argc != 3 || strlen(argv[1]) >= sizeof(address.sun_path)) {
		fprintf(stderr, "Usage: irqbalance-ask SOCKET COMMAND\n");
		return 2;
	}
	strcpy(address.sun_path, argv[1]);
	sock = socket(AF_UNIX, SOCK_STREAM, 0);
	if (sock < 0 ||
	    setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) <
		    0 ||
	    connect(sock, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    ask(sock, argv[2]) < 0) {
		perror(argv[1]);
		return 1;
	}
	/* Settings are not answered. */
	if (strncmp(argv[2], "settings", 8) == 0)
		return 0;
	while ((got = read(sock, answer, sizeof(answer))) > 0)
		fwrite(answer, 1, (size_t)got, stdout);
	putchar('\n');
	return 0;
}
