/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* irqbalance.c - which CPUs irqbalance keeps off */
#include "irqbalance.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "probe.h"

#define FOLDER "run/irqbalance"

/* Its request buffer is 500 bytes in the releases up to 1.9.4. */
#define REQUEST_MAX 480

/* It answers from its main loop, which may be busy with a scan. */
#define ANSWER_LIMIT_S 1

static int connect_to(struct rt_sys *sys, unsigned pid, struct rt_err *err)
{
	const struct timeval limit = { .tv_sec = ANSWER_LIMIT_S };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	RT_AUTO_FD int directory =
		rt_sys_openat(sys, FOLDER, O_RDONLY | O_DIRECTORY, 0, err);
	int sock;

	if (directory < 0)
		return directory;
	sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return rt_fail(err, errno, "make a socket");
	/* Through the handle, so that the name stays below the root. */
	snprintf(addr.sun_path, sizeof(addr.sun_path),
		 "/proc/self/fd/%d/irqbalance%u.sock", directory, pid);
	if (setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
	    setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) ||
	    connect(sock, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		rt_fail(err, errno, "talk to irqbalance[%u]", pid);
		close(sock);
		return -err->code;
	}
	return sock;
}

static int send_request(int sock, const char *request, struct rt_err *err)
{
	const struct ucred self = {
		.pid = getpid(),
		.uid = geteuid(),
		.gid = getegid(),
	};
	union {
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} control = { { 0 } };
	struct iovec text = {
		.iov_base = (void *)(uintptr_t)request,
		.iov_len = strlen(request),
	};
	struct msghdr msg = {
		.msg_iov = &text,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_CREDENTIALS;
	head->cmsg_len = CMSG_LEN(sizeof(self));
	memcpy(CMSG_DATA(head), &self, sizeof(self));
	if (sendmsg(sock, &msg, MSG_NOSIGNAL) < 0)
		return rt_fail(err, errno, "ask irqbalance for '%s'", request);
	return 0;
}

static int read_answer(int sock, char *buf, size_t size, struct rt_err *err)
{
	size_t len = 0;

	while (len < size - 1) {
		const ssize_t n = recv(sock, buf + len, size - 1 - len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return rt_fail(err, errno, "hear from irqbalance");
		if (n == 0)
			break;
		len += (size_t)n;
	}
	buf[len] = '\0';
	return 0;
}

/* "SLEEP 10 BANNED 00000fc0": the mask as a list. */
static int parse_banned(const char *answer, char *buf, size_t size,
			struct rt_err *err)
{
	static const char word[] = "BANNED ";
	const char *mask = strstr(answer, word);
	struct rt_cpuset banned;
	int r;

	if (!mask)
		return rt_fail(err, 0, "irqbalance answers '%.40s' to 'setup'",
			       answer);
	r = rt_cpuset_parse_mask(mask + sizeof(word) - 1, &banned, err);
	if (r == 0 && rt_cpuset_format_list(&banned, buf, size) >= size)
		r = rt_fail(err, EFBIG, "list of CPUs banned by irqbalance");
	return r;
}

static int ask_banned(struct rt_sys *sys, unsigned pid, char *buf, size_t size,
		      struct rt_err *err)
{
	RT_AUTO_FD int sock = connect_to(sys, pid, err);
	char answer[16384];
	int r;

	if (sock < 0)
		return sock;
	r = send_request(sock, "setup", err);
	if (r == 0)
		r = read_answer(sock, answer, sizeof(answer), err);
	return r < 0 ? r : parse_banned(answer, buf, size, err);
}

int rt_facts_read_irqbalance(struct rt_sys *sys, struct rt_facts *facts,
			     struct rt_err *err)
{
	RT_AUTO_NAMES names = { 0 };
	int r = rt_sys_list(sys, FOLDER, &names, err);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (size_t i = 0; i < names.n; i++) {
		char path[64], banned[RT_CPULIST_MAX];
		unsigned long long start;
		struct rt_err ignored;
		unsigned pid;

		if (sscanf(names.items[i], "irqbalance%u.sock", &pid) != 1)
			continue;
		/* A socket that a dead one left behind. */
		if (rt_task_start(sys, pid, pid, &start, &ignored) < 0)
			continue;
		r = ask_banned(sys, pid, banned, sizeof(banned), &ignored);
		if (r == -EAGAIN)
			snprintf(banned, sizeof(banned), RT_UNREAD);
		else if (r < 0)
			continue;
		snprintf(path, sizeof(path), "irqbalance/%u/%llu", pid, start);
		r = rt_settings_add(&facts->settings, RT_KIND_IRQBALANCE, path,
				    banned, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int find_daemon(struct rt_sys *sys, const char *path, unsigned *ret_pid,
		       struct rt_err *err)
{
	unsigned long long start, now;
	unsigned pid;
	int r;

	if (sscanf(path, "irqbalance/%u/%llu", &pid, &start) != 2)
		return rt_fail(err, 0, "'%s' names no irqbalance", path);
	r = rt_task_start(sys, pid, pid, &now, err);
	if (r < 0)
		return r;
	if (now != start)
		return rt_fail(err, ESRCH, "irqbalance[%u]", pid);
	*ret_pid = pid;
	return 0;
}

int rt_irqbalance_read(struct rt_sys *sys, const char *path, char *buf,
		       size_t size, struct rt_err *err)
{
	unsigned pid;
	int r = find_daemon(sys, path, &pid, err);

	return r < 0 ? r : ask_banned(sys, pid, buf, size, err);
}

int rt_irqbalance_write(struct rt_sys *sys, const char *path, const char *value,
			struct rt_err *err)
{
	char request[REQUEST_MAX];
	unsigned pid;
	int r = find_daemon(sys, path, &pid, err);

	if (r < 0)
		return r;
	if ((size_t)snprintf(request, sizeof(request), "settings cpus %s",
			     *value ? value : "NULL") >= sizeof(request))
		return rt_fail(err, EFBIG,
			       "tell irqbalance[%u] to keep off CPUs %.40s...",
			       pid, value);

	RT_AUTO_FD int sock = connect_to(sys, pid, err);

	return sock < 0 ? sock : send_request(sock, request, err);
}
