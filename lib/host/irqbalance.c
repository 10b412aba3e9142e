/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* irqbalance.c - which CPUs irqbalance leaves alone */
#include "irqbalance.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"
#include "task_stat.h"
#include "unread.h"

#define DIRECTORY "run/irqbalance"

/*
 * It accepts one message of at most this many bytes, and cuts a longer one
 * (1.9.5).
 */
#define REQUEST_MAX 500

/* Its buffer for the mask that it prints has this many bytes (1.9.5). */
#define MASK_MAX 512

/* Enough for some eighty bytes for each interrupt that it has banned. */
#define ANSWER_MAX (1u << 20)

/* It answers from its main loop, which may be busy with a scan. */
#define ANSWER_LIMIT_MS 1000

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* How long the next call on the socket may take. */
static bool limit_to(int sock, long long ms)
{
	const struct timeval limit = { .tv_sec = ms / 1000,
				       .tv_usec = ms % 1000 * 1000 };

	return setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &limit,
			  sizeof(limit)) == 0 &&
	       setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &limit,
			  sizeof(limit)) == 0;
}

/* A socket that is connected to the address, or a negative errno. */
static int connect_at(const struct sockaddr_un *addr)
{
	RT_AUTO_FD int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int taken;

	if (sock < 0 || !limit_to(sock, ANSWER_LIMIT_MS) ||
	    connect(sock, (const struct sockaddr *)addr, sizeof(*addr)) < 0)
		return -errno;
	taken = sock;
	sock = -1;
	return taken;
}

static int connect_by_name(struct rt_sys *sys, unsigned pid)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct rt_err ignored;
	RT_AUTO_FD int directory = rt_sys_openat(
		sys, DIRECTORY, O_RDONLY | O_DIRECTORY, 0, &ignored);

	if (directory < 0)
		return directory;
	/* Through the handle, so that the name stays below the root. */
	snprintf(addr.sun_path, sizeof(addr.sun_path),
		 "/proc/self/fd/%d/irqbalance%u.sock", directory, pid);
	return connect_at(&addr);
}

/*
 * Where it cannot make its file it binds an abstract address that is all
 * zeroes (1.4 to 1.9.5). Anybody may bind that: only root's counts.
 */
static int connect_abstract(struct rt_sys *sys, unsigned *ret_pid)
{
	const struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct ucred peer;
	socklen_t len = sizeof(peer);
	int sock;

	if (!sys->live)
		return -ENOENT;
	sock = connect_at(&addr);
	if (sock < 0)
		return sock;
	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 ||
	    peer.uid != 0 || peer.pid <= 0) {
		close(sock);
		return -ECONNREFUSED;
	}
	*ret_pid = (unsigned)peer.pid;
	return sock;
}

static int connect_to(struct rt_sys *sys, unsigned pid, struct rt_err *err)
{
	unsigned other;
	int sock = connect_by_name(sys, pid), abstract;

	if (sock == -ENOENT) {
		abstract = connect_abstract(sys, &other);
		if (abstract >= 0 && other == pid)
			return abstract;
		if (abstract >= 0)
			close(abstract);
	}
	return sock >= 0 ? sock :
			   rt_fail(err, -sock, "cannot talk to irqbalance[%u]",
				   pid);
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
		return rt_fail(err, errno, "cannot send '%.40s' to it",
			       request);
	return 0;
}

/* To its end, which must come before the time is over. */
static int read_answer(int sock, struct rt_strbuf *answer, struct rt_err *err)
{
	const long long end = now_ms() + ANSWER_LIMIT_MS;
	char chunk[4096];

	while (answer->len < ANSWER_MAX) {
		const long long left = end - now_ms();
		ssize_t n = -1;

		errno = EAGAIN;
		if (left > 0 && limit_to(sock, left))
			n = recv(sock, chunk, sizeof(chunk), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return rt_fail(err, errno, "it does not answer");
		if (n == 0)
			return 0;
		rt_strbuf_add(answer, chunk, (size_t)n);
	}
	return rt_fail(err, EFBIG, "its answer does not end");
}

/* "SLEEP 10 BANNED 00000fc0": the mask as a list. No mask is no CPU. */
static int parse_banned(const char *answer, char *buf, size_t size,
			struct rt_err *err)
{
	static const char word[] = "BANNED ";
	const char *mask = strstr(answer, word);
	struct rt_cpuset banned = { 0 };
	int r = 0;

	if (!mask)
		return rt_fail(err, 0,
			       "it answered '%.40s' to the request 'setup'",
			       answer);
	mask += strlen(word);
	if (strlen(mask) >= MASK_MAX - 1)
		return rt_fail(
			err, EFBIG,
			"its answer was cut within the mask of banned CPUs");
	if (mask[strspn(mask, " \n")])
		r = rt_cpuset_parse_mask(mask, &banned, err);
	if (r == 0 && rt_cpuset_format_list(&banned, buf, size) >= size)
		r = rt_fail(err, EFBIG, "its list of banned CPUs");
	return r;
}

/* Which CPUs it bans. The socket is closed; -1: one is made here. */
static int ask_banned(struct rt_sys *sys, unsigned pid, int connected,
		      char *buf, size_t size, struct rt_err *err)
{
	RT_AUTO_FD int sock =
		connected < 0 ? connect_to(sys, pid, err) : connected;
	RT_AUTO_STRBUF answer = { 0 };
	int r = sock < 0 ? sock : send_request(sock, "setup", err);

	if (r == 0)
		r = read_answer(sock, &answer, err);
	if (r == 0 && answer.failed)
		r = rt_fail_memory(err);
	return r < 0 ? r :
		       parse_banned(answer.text ? answer.text : "", buf, size,
				    err);
}

static bool was_silent(const struct rt_settings *before, const char *path)
{
	const struct rt_setting *setting =
		before ? rt_settings_find(before, path) : NULL;

	return setting && strcmp(setting->value, RT_UNREAD) == 0;
}

static int report_unread(struct rt_facts *facts, unsigned pid,
			 const struct rt_err *why, struct rt_err *err)
{
	const struct rt_where nowhere = { .guest = "" };

	rt_report_add(&facts->unread, RT_WARNING,
		      why->code == EAGAIN ? RT_CODE_SILENT : RT_CODE_UNREAD,
		      nowhere, NULL,
		      "irqbalance[%u] does not say which CPUs it leaves alone, "
		      "and may place interrupts on guests' CPUs: %s",
		      pid, why->text);
	return facts->unread.failed ? rt_fail_memory(err) : 0;
}

static int add_daemon(struct rt_sys *sys, unsigned pid, int connected,
		      const struct rt_settings *before, struct rt_facts *facts,
		      struct rt_err *err)
{
	RT_AUTO_FD int sock = connected;
	char path[64], banned[RT_CPULIST_MAX];
	struct rt_stat_line line;
	struct rt_err why;
	int r = rt_stat_read(sys, pid, pid, &line, &why);

	/* A dead irqbalance leaves its socket behind. */
	if (r < 0)
		return r == -ESRCH ? 0 : report_unread(facts, pid, &why, err);
	snprintf(path, sizeof(path), "irqbalance/%u/%llu", pid, line.start);
	if (was_silent(before, path)) {
		r = rt_fail(&why, EAGAIN,
			    "it did not answer the request before this one");
	} else {
		r = ask_banned(sys, pid, sock, banned, sizeof(banned), &why);
		sock = -1;
	}
	/* And another process may have its number. */
	if (r == -ECONNREFUSED && strcmp(line.comm, "irqbalance") != 0)
		return 0;
	if (r < 0 && report_unread(facts, pid, &why, err) < 0)
		return -ENOMEM;
	return rt_settings_add(&facts->settings, RT_KIND_IRQBALANCE, path,
			       r < 0 ? RT_UNREAD : banned, err);
}

int rt_facts_read_irqbalance(struct rt_sys *sys,
			     const struct rt_settings *before,
			     struct rt_facts *facts, struct rt_err *err)
{
	const size_t n = facts->settings.n;
	RT_AUTO_NAMES names = { 0 };
	struct rt_err why;
	unsigned pid;
	int sock, r = rt_sys_list(sys, DIRECTORY, &names, &why);

	if (r < 0 && r != -ENOENT)
		return rt_unread_add(facts, &why, err);
	r = 0;
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		if (sscanf(names.items[i], "irqbalance%u.sock", &pid) == 1)
			r = add_daemon(sys, pid, -1, before, facts, err);
	}
	if (r < 0 || facts->settings.n > n)
		return r;
	sock = connect_abstract(sys, &pid);
	return sock < 0 ? 0 : add_daemon(sys, pid, sock, before, facts, err);
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

	if (r == 0)
		r = ask_banned(sys, pid, -1, buf, size, err);
	return r;
}

/* As ranges: nothing shorter is understood (cpulist_parse of 1.9.5). */
static int format_request(const char *value, char *buf, size_t size,
			  struct rt_err *err)
{
	char list[RT_CPULIST_MAX];
	struct rt_cpuset cpus;
	int r = rt_cpuset_parse_list(value, &cpus, err);

	if (r < 0)
		return r;
	rt_cpuset_format_list(&cpus, list, sizeof(list));
	if ((size_t)snprintf(buf, size, "settings cpus %s",
			     *list ? list : "NULL") >= size)
		return rt_fail(err, EFBIG,
			       "a list of %u CPUs is longer than the %u bytes "
			       "that irqbalance takes; set "
			       "IRQBALANCE_BANNED_CPULIST for it instead",
			       rt_cpuset_count(&cpus), REQUEST_MAX);
	return 0;
}

int rt_irqbalance_write(struct rt_sys *sys, const char *path, const char *value,
			struct rt_err *err)
{
	char request[REQUEST_MAX + 1];
	RT_AUTO_FD int sock = -1;
	unsigned pid;
	int r = find_daemon(sys, path, &pid, err);

	if (r == 0)
		r = format_request(value, request, sizeof(request), err);
	if (r < 0)
		return r;
	sock = connect_to(sys, pid, err);
	return sock < 0 ? sock : send_request(sock, request, err);
}
