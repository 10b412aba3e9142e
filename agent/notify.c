/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* notify.c - systemd's notification protocol, see sd_notify(3) */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent.h"

void agent_notify(const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	RT_AUTO_FD int fd = -1;
	size_t len = path ? strlen(path) : 0;

	if (!len || len >= sizeof(address.sun_path) ||
	    (*path != '/' && *path != '@'))
		return;
	memcpy(address.sun_path, path, len);
	if (*path == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	/* Ignoring a failure: systemd logs what it missed. */
	(void)!sendto(
		fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
		(const struct sockaddr *)&address,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
}

unsigned agent_watchdog_ms(void)
{
	const char *text = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");
	char *end;
	unsigned long long usec;

	if (!text || (pid && strtol(pid, NULL, 10) != (long)getpid()))
		return 0;
	errno = 0;
	usec = strtoull(text, &end, 10);
	if (errno || *end || end == text || usec / 1000 > 86400000)
		return 0;
	return (unsigned)(usec / 1000);
}
