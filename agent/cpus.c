/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cpus.c - CPUs that go online or offline
 *
 * The kernel announces each on a netlink socket. A filter in the kernel drops
 * all other announcements.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent.h"

#define KERNEL_GROUP 1

/* "onli" and "offl": how "online@/devices/…" and "offline@…" begin. */
static int filter(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x6f6e6c69, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x6f66666c, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog program = { .len = 5, .filter = code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
			  sizeof(program));
}

static void on_message(struct agent *agent, const char *text)
{
	struct cause cause = { 0 };
	unsigned cpu;
	char end;
	const char *at = strstr(text, "@/devices/system/cpu/cpu");

	if (!at ||
	    sscanf(at, "@/devices/system/cpu/cpu%u%c", &cpu, &end) != 1 ||
	    cpu >= RT_CPUS_MAX || !agent->rt)
		return;
	/* CPUs that kvmrt takes offline itself are as they should be. */
	if (strncmp(text, "offline@", 8) == 0 &&
	    rt_cpuset_has(&agent->offline, cpu))
		return;
	snprintf(cause.path, sizeof(cause.path),
		 "sys/devices/system/cpu/cpu%u/online", cpu);
	if (strncmp(text, "online@", 7) == 0 &&
	    rt_cpuset_has(&agent->offline, cpu))
		agent_cause(agent, &cause);
	agent_want(agent,
		   repairs_wait(&agent->repairs, cause.path, agent_now_ms()));
}

static void ready(struct agent *agent, struct watch *watch)
{
	struct sockaddr_nl from;
	char text[4096];

	for (unsigned i = 0; i < EVENTS_BUDGET; i++) {
		socklen_t size = sizeof(from);
		const ssize_t n =
			recvfrom(watch->fd, text, sizeof(text) - 1,
				 MSG_DONTWAIT, (struct sockaddr *)&from, &size);

		if (n < 0 && errno == ENOBUFS) {
			agent_want(agent, 0);
			continue;
		}
		if (n < 0)
			return;
		text[n] = '\0';
		/* Others may send too; only the kernel is number 0. */
		if (from.nl_family == AF_NETLINK && from.nl_pid == 0)
			on_message(agent, text);
	}
}

int cpus_open(struct agent *agent, struct rt_err *err)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK,
				       .nl_groups = KERNEL_GROUP };
	struct watch *watch = &agent->cpus;

	watch->ready = ready;
	watch->fd =
		socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		       NETLINK_KOBJECT_UEVENT);
	if (watch->fd < 0)
		return rt_fail(err, errno,
			       "watch for CPUs going online or offline");
	if (filter(watch->fd) < 0 ||
	    bind(watch->fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		rt_fail(err, errno, "watch for CPUs going online or offline");
		agent_unwatch(agent, watch);
		return -err->code;
	}
	return agent_watch(agent, watch, err);
}
