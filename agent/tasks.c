/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tasks.c - new threads of our guests, and new kernel threads
 *
 * The kernel tells of every fork over a netlink connector. A filter in the
 * kernel lets through only threads of our guests' processes and children of
 * kthreadd, so that the rest of the host's forks do not wake us. A kernel
 * thread born later has all CPUs, those of a partition too (up to 6.12 at
 * least); it is looked at a little later, when it has its own mask.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent.h"

#define KTHREADD  2
#define SETTLE_MS 200
#define PIDS_MAX  200

/* PROC_EVENT_FORK; an enum with other places in kernels before 6.6. */
#define EVENT_FORK 1u

/* One message as it is on the socket. */
struct message {
	struct nlmsghdr nl;
	struct cn_msg cn;
	/* Then struct proc_event, not aligned for its 64-bit member. */
};

/* From the start of the datagram: what, child_tgid and parent_tgid. */
#define AT_EVENT sizeof(struct message)
#define AT_WHAT	 (AT_EVENT + offsetof(struct proc_event, what))
#define AT_PARENT                                                              \
	(AT_EVENT + offsetof(struct proc_event, event_data.fork.parent_tgid))
#define AT_CHILD                                                               \
	(AT_EVENT + offsetof(struct proc_event, event_data.fork.child_tgid))

static struct sock_filter load(size_t at)
{
	return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					    (uint32_t)at);
}

/* Loads swap bytes as from a network; netlink is in the host's order. */
static struct sock_filter skip_unless(uint32_t value, uint8_t skip)
{
	return (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
					    htonl(value), 0, skip);
}

static struct sock_filter answer(uint32_t bytes)
{
	return (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, bytes);
}

/* Without a real-time guest nothing of it matters. */
static int set_no_filter(int fd)
{
	struct sock_filter code[] = { answer(0) };
	const struct sock_fprog program = { .len = 1, .filter = code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
			  sizeof(program));
}

/* A thread's event names the parent of its process, so its own is asked. */
static int set_filter(int fd, const unsigned *pids, size_t n)
{
	struct sock_filter code[8 + 2 * PIDS_MAX];
	struct sock_fprog program = { .filter = code };
	unsigned short len = 0;

	code[len++] = load(AT_WHAT);
	code[len++] = skip_unless(EVENT_FORK, 3);
	code[len++] = load(AT_PARENT);
	code[len++] = skip_unless(KTHREADD, 2);
	code[len++] = answer(UINT32_MAX);
	code[len++] = answer(0);
	code[len++] = load(AT_CHILD);
	for (size_t i = 0; i < n; i++) {
		code[len++] = skip_unless(pids[i], 1);
		code[len++] = answer(UINT32_MAX);
	}
	code[len++] = answer(0);
	program.len = len;
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
			  sizeof(program));
}

void tasks_follow(struct agent *agent, const struct rt_journal *journal)
{
	unsigned pids[PIDS_MAX];
	size_t n = 0;

	if (agent->tasks.fd < 0)
		return;
	for (size_t i = 0; i < journal->n_active && n < PIDS_MAX; i++) {
		if (journal->active[i].stage == RT_STAGE_STARTED)
			pids[n++] = journal->active[i].pid;
	}
	if ((agent->rt ? set_filter(agent->tasks.fd, pids, n) :
			 set_no_filter(agent->tasks.fd)) < 0)
		agent->poll = true;
}

static void ready(struct agent *agent, struct watch *watch)
{
	char text[1024];
	ssize_t n;
	bool any = false;

	/* The filter has decided; a lost message may have mattered. */
	while ((n = recv(watch->fd, text, sizeof(text), MSG_DONTWAIT)) >= 0 ||
	       errno == ENOBUFS)
		any = true;
	if (any)
		agent_want(agent, SETTLE_MS);
}

static int listen_to(int fd)
{
	const struct sockaddr_nl address = { .nl_family = AF_NETLINK,
					     .nl_groups = CN_IDX_PROC };
	const enum proc_cn_mcast_op listen = PROC_CN_MCAST_LISTEN;
	char text[sizeof(struct message) + sizeof(listen)] = { 0 };
	const struct message message = {
		.nl = { .nlmsg_len = sizeof(text), .nlmsg_type = NLMSG_DONE },
		.cn = { .id = { CN_IDX_PROC, CN_VAL_PROC },
			.len = sizeof(listen) },
	};

	memcpy(text, &message, sizeof(message));
	memcpy(text + sizeof(message), &listen, sizeof(listen));
	if (set_no_filter(fd) < 0 ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    send(fd, text, sizeof(text), 0) < 0)
		return -errno;
	return 0;
}

int tasks_open(struct agent *agent, struct rt_err *err)
{
	struct watch *watch = &agent->tasks;
	int r;

	watch->ready = ready;
	watch->fd =
		socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		       NETLINK_CONNECTOR);
	if (watch->fd < 0)
		return rt_fail(err, errno, "hear of new threads");
	r = listen_to(watch->fd);
	if (r < 0) {
		agent_unwatch(agent, watch);
		return rt_fail(err, -r, "hear of new threads");
	}
	return agent_watch(agent, watch, err);
}
