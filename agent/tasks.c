/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tasks.c - new threads of guests, and new kernel threads
 *
 * The kernel reports every fork over a netlink connector. A filter in the
 * kernel passes only threads of the guests' processes and children of kthreadd,
 * so that the host's other forks do not wake the agent. Reports are switched on
 * only while a real-time guest is active.
 *
 * A kernel thread that is born later may run on all CPUs, also on those of a
 * partition (up to 6.12 at least). A little later, when it has its final mask,
 * it is examined by itself: most are bound (PF_NO_SETAFFINITY), and cause no
 * scan.
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

#include "host/task_stat.h"
#include "agent.h"

#define KTHREADD  2
#define SETTLE_MS 200
#define PIDS_MAX  200

/* include/linux/sched.h: its mask cannot be changed. */
#define PF_NO_SETAFFINITY 0x04000000

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

/* Without a real-time guest no event matters. */
static int set_no_filter(int fd)
{
	struct sock_filter code[] = { answer(0) };
	const struct sock_fprog program = { .len = 1, .filter = code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
			  sizeof(program));
}

/*
 * A thread's event names the parent of its process, so the filter tests the
 * process itself.
 */
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

/* --- listen only while it matters --- */

/* Before 6.6 the kernel asks for CAP_NET_ADMIN each time (see caps.c). */
static int switch_events(int fd, enum proc_cn_mcast_op what)
{
	char text[sizeof(struct message) + sizeof(what)] = { 0 };
	const struct message message = {
		.nl = { .nlmsg_len = sizeof(text), .nlmsg_type = NLMSG_DONE },
		.cn = { .id = { CN_IDX_PROC, CN_VAL_PROC },
			.len = sizeof(what) },
	};

	memcpy(text, &message, sizeof(message));
	memcpy(text + sizeof(message), &what, sizeof(what));
	return send(fd, text, sizeof(text), 0) < 0 ? -errno : 0;
}

static void listen_while(struct agent *agent, bool rt)
{
	struct tasks *tasks = &agent->tasks;

	if (tasks->on == rt)
		return;
	if (switch_events(tasks->watch.fd, rt ? PROC_CN_MCAST_LISTEN :
						PROC_CN_MCAST_IGNORE) == 0)
		tasks->on = rt;
	else if (rt)
		agent->poll = true;
}

void tasks_follow(struct agent *agent, const struct rt_journal *journal)
{
	struct tasks *tasks = &agent->tasks;
	unsigned pids[PIDS_MAX];
	size_t n = 0;

	tasks->owned = (struct rt_cpuset){ 0 };
	for (size_t i = 0; i < journal->n_active; i++) {
		const struct rt_active *active = &journal->active[i];

		if (active->stage != RT_STAGE_STARTED)
			continue;
		if (active->guest.rt)
			rt_cpuset_or(&tasks->owned, &active->guest.owned);
		if (n < PIDS_MAX)
			pids[n++] = active->pid;
	}
	if (tasks->watch.fd < 0)
		return;
	if ((agent->rt ? set_filter(tasks->watch.fd, pids, n) :
			 set_no_filter(tasks->watch.fd)) < 0)
		agent->poll = true;
	listen_while(agent, agent->rt);
}

/* --- events --- */

static void on_kernel_thread(struct agent *agent, unsigned pid)
{
	struct tasks *tasks = &agent->tasks;

	if (!tasks->n_fresh)
		tasks->due = agent_now_ms() + SETTLE_MS;
	if (tasks->n_fresh < FRESH_MAX)
		tasks->fresh[tasks->n_fresh++] = pid;
	else
		agent_want(agent, SETTLE_MS);
}

static void ready(struct agent *agent, struct watch *watch)
{
	uint32_t parent, child;
	char text[1024];

	for (unsigned i = 0; i < EVENTS_BUDGET; i++) {
		const ssize_t n =
			recv(watch->fd, text, sizeof(text), MSG_DONTWAIT);

		if (n < 0 && errno != ENOBUFS)
			return;
		/* A lost message may have mattered. */
		if (n < (ssize_t)(AT_CHILD + sizeof(child))) {
			agent_want(agent, SETTLE_MS);
			continue;
		}
		/* The filter has decided between these two. */
		memcpy(&parent, text + AT_PARENT, sizeof(parent));
		memcpy(&child, text + AT_CHILD, sizeof(child));
		if (parent == KTHREADD)
			on_kernel_thread(agent, child);
		else
			agent_want(agent, SETTLE_MS);
	}
}

/* May it run on a guest's CPUs, and can it be moved? If unknown, yes. */
static bool is_to_move(struct agent *agent, unsigned pid)
{
	struct rt_sys *sys = &agent->sys;
	struct rt_stat_line line;
	struct rt_cpuset mask;
	struct rt_err ignored = { 0 };
	int r = rt_stat_read(sys, pid, pid, &line, &ignored);

	if (r == 0 && line.flags & PF_NO_SETAFFINITY)
		return false;
	if (r == 0)
		r = sys->calls->get_affinity(sys, pid, pid, &mask, &ignored);
	return r == 0 ? rt_cpuset_intersects(&mask, &agent->tasks.owned) :
			r != -ESRCH && r != -ENOENT;
}

uint64_t tasks_turn(struct agent *agent, uint64_t now)
{
	struct tasks *tasks = &agent->tasks;
	bool scan = false;

	if (!tasks->due || now < tasks->due)
		return tasks->due;
	for (size_t i = 0; i < tasks->n_fresh && !scan; i++)
		scan = is_to_move(agent, tasks->fresh[i]);
	tasks->n_fresh = 0;
	tasks->due = 0;
	if (scan)
		agent_want(agent, 0);
	return 0;
}

/* --- beginning and end --- */

static int join(int fd)
{
	const struct sockaddr_nl address = { .nl_family = AF_NETLINK,
					     .nl_groups = CN_IDX_PROC };

	return set_no_filter(fd) < 0 ||
			       bind(fd, (const struct sockaddr *)&address,
				    sizeof(address)) < 0 ?
		       -errno :
		       0;
}

int tasks_open(struct agent *agent, struct rt_err *err)
{
	struct watch *watch = &agent->tasks.watch;
	int r;

	watch->ready = ready;
	watch->fd =
		socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		       NETLINK_CONNECTOR);
	if (watch->fd < 0)
		return rt_fail(err, errno, "watch for new threads");
	r = join(watch->fd);
	if (r < 0) {
		agent_unwatch(agent, watch);
		return rt_fail(err, -r, "watch for new threads");
	}
	return agent_watch(agent, watch, err);
}

/* Otherwise the kernel would go on making messages that nobody reads. */
void tasks_close(struct agent *agent)
{
	if (agent->tasks.watch.fd >= 0)
		listen_while(agent, false);
	agent_unwatch(agent, &agent->tasks.watch);
}
