/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* agent_client.c - ask the agent */
#include "agent_client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/strbuf.h"
#include "host/sys.h"

#define SOCKET_PATH   "/run/kvmrt/agent.sock"
#define LIMIT_SECONDS 3

static int read_answer(int fd, struct rt_strbuf *out, struct rt_err *err)
{
	char text[4096];
	ssize_t n;

	while ((n = recv(fd, text, sizeof(text), 0)) > 0)
		rt_strbuf_add(out, text, (size_t)n);
	if (n == 0)
		return 0;
	return rt_fail(err, errno == EAGAIN ? ETIMEDOUT : errno,
		       "hear from kvmrt-agent");
}

int rt_agent_ask(const struct rt_sys *sys, const char *request,
		 char **ret_answer, struct rt_err *err)
{
	const struct sockaddr_un address = { .sun_family = AF_UNIX,
					     .sun_path = SOCKET_PATH };
	const struct timeval limit = { .tv_sec = LIMIT_SECONDS };
	RT_AUTO_FD int fd = -1;
	RT_AUTO_STRBUF out = { 0 };
	char line[64];
	int r;

	if (!sys->live)
		return rt_fail(err, ENOTSUP, "ask a captured host's agent");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(line, sizeof(line), "%s\n", request);
	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) <
		    0 ||
	    /* When the queue of a hung agent is full, connect blocks, too. */
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) <
		    0 ||
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)) <
		    0 ||
	    send(fd, line, strlen(line), MSG_NOSIGNAL) < 0)
		return rt_fail(err, errno == EAGAIN ? ETIMEDOUT : errno,
			       "ask kvmrt-agent");
	r = read_answer(fd, &out, err);
	return r < 0 ? r : rt_strbuf_take(&out, ret_answer, err);
}
