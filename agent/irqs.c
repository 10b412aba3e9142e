/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * irqs.c - who places an interrupt where, when it happens
 *
 * irq_vectors:vector_config (x86) reports each placement, whoever makes it: a
 * guest's driver through vfio, irqbalance, an administrator. The agent has a
 * tracefs instance of its own with a small buffer, so that nobody else's
 * tracing is affected; the event is on only while a real-time guest is active.
 *
 * Where tracing is not available (other architectures, lockdown), the agent
 * scans each second while a real-time guest is active.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"

#define EVENT	 "events/irq_vectors/vector_config/enable"
#define INSTANCE "instances/kvmrt"

/* Its handler is not there yet, so a scan at once would not know the owner. */
#define NAMELESS_MS 50

struct placement {
	unsigned irq, cpu, pid;
	char comm[32];
};

static int write_file(const char *dir, const char *name, const char *text)
{
	RT_AUTO_FD int fd = -1;
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return -errno;
	return 0;
}

/*
 * "   irqbalance-444   [003] d..1. 12.3: vector_config: irq=35 vector=34
 * cpu=4 ...". The name may hold blanks, hyphens and brackets.
 */
static bool parse(const char *line, struct placement *ret)
{
	const char *event = strstr(line, "vector_config: ");
	const char *task = line + strspn(line, " ");
	const char *end = event, *hyphen;

	while (end && end > task && strncmp(end, " [", 2) != 0)
		end--;
	hyphen = end;
	if (!event || end <= task ||
	    sscanf(event, "vector_config: irq=%u vector=%*u cpu=%u", &ret->irq,
		   &ret->cpu) != 2)
		return false;
	while (hyphen > task && *hyphen != '-')
		hyphen--;
	if (hyphen == task || sscanf(hyphen, "-%u", &ret->pid) != 1)
		return false;
	snprintf(ret->comm, sizeof(ret->comm), "%.*s", (int)(hyphen - task),
		 task);
	return true;
}

/* The trace names no tasks, since that would cost at each context switch. */
static void name_mover(struct agent *agent, struct placement *placement)
{
	char path[64], comm[32];
	struct rt_err ignored = { 0 };

	snprintf(path, sizeof(path), "proc/%u/comm", placement->pid);
	if (placement->comm[0] == '<' && placement->pid &&
	    rt_sys_read(&agent->sys, path, comm, sizeof(comm), &ignored) == 0)
		snprintf(placement->comm, sizeof(placement->comm), "%s", comm);
}

/* Its actions; "" until its driver has requested it. */
static void read_actions(struct agent *agent, unsigned irq, char *buf,
			 size_t size)
{
	char path[64];
	struct rt_err ignored = { 0 };

	snprintf(path, sizeof(path), "sys/kernel/irq/%u/actions", irq);
	if (rt_sys_read(&agent->sys, path, buf, size, &ignored) < 0)
		*buf = '\0';
}

static void on_placement(struct agent *agent, struct placement *placement)
{
	struct cause cause = { 0 };
	char actions[256];
	unsigned wait, settle = 0;

	if (placement->pid == (unsigned)getpid())
		return;
	if (!rt_cpuset_has(&agent->owned, placement->cpu)) {
		read_actions(agent, placement->irq, actions, sizeof(actions));
		if (*actions && !strstr(actions, "vfio"))
			return;
		if (!*actions)
			settle = NAMELESS_MS;
	}
	name_mover(agent, placement);
	snprintf(cause.path, sizeof(cause.path),
		 "proc/irq/%u/smp_affinity_list", placement->irq);
	if (placement->pid && placement->comm[0] != '<')
		snprintf(cause.by, sizeof(cause.by), "%s[%u]", placement->comm,
			 placement->pid);
	snprintf(cause.where, sizeof(cause.where), "cpu %u", placement->cpu);
	cause.own = placement->pid && guests_have(agent, placement->pid);
	agent_cause(agent, &cause);
	wait = repairs_wait(&agent->repairs, cause.path, agent_now_ms());
	agent_want(agent, wait > settle ? wait : settle);
}

static void read_lines(struct agent *agent, const char *text, size_t n)
{
	struct irqs *irqs = &agent->irqs;
	struct placement placement;

	for (size_t i = 0; i < n; i++) {
		if (text[i] != '\n') {
			if (irqs->len < sizeof(irqs->line) - 1)
				irqs->line[irqs->len++] = text[i];
			continue;
		}
		irqs->line[irqs->len] = '\0';
		irqs->len = 0;
		if (strstr(irqs->line, "LOST"))
			agent_want(agent, 0);
		else if (parse(irqs->line, &placement))
			on_placement(agent, &placement);
	}
}

static void ready(struct agent *agent, struct watch *watch)
{
	char text[4096];
	ssize_t n = 1;

	for (unsigned i = 0; n > 0 && i < BUFFERS_BUDGET; i++) {
		n = read(watch->fd, text, sizeof(text));
		if (n > 0)
			read_lines(agent, text, (size_t)n);
	}
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		rt_log_warn(
			&agent->log,
			"the kernel sends no more interrupt events; scanning "
			"each second while a real-time guest runs");
		agent_unwatch(agent, watch);
		agent->poll = true;
		agent_want(agent, 0);
	}
}

/* An instance that a killed agent left is taken over. */
static int make_instance(const char *base, char **ret_dir)
{
	char dir[128];

	snprintf(dir, sizeof(dir), "%s/" INSTANCE, base);
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return -errno;
	*ret_dir = strdup(dir);
	return *ret_dir ? 0 : -ENOMEM;
}

static int set_up(struct irqs *irqs)
{
	char path[256];
	int r = write_file(irqs->dir, EVENT, "0");

	if (r < 0)
		return r;
	/* Small; wake at the first byte; no bookkeeping at task switches. */
	(void)write_file(irqs->dir, "buffer_size_kb", "8");
	(void)write_file(irqs->dir, "buffer_percent", "0");
	(void)write_file(irqs->dir, "options/record-cmd", "0");
	(void)write_file(irqs->dir, "tracing_on", "1");
	snprintf(path, sizeof(path), "%s/trace_pipe", irqs->dir);
	irqs->watch.fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return irqs->watch.fd < 0 ? -errno : 0;
}

int irqs_open(struct agent *agent, struct rt_err *err)
{
	static const char *const bases[] = { "/sys/kernel/tracing",
					     "/sys/kernel/debug/tracing" };
	struct irqs *irqs = &agent->irqs;
	int r = -ENOENT;

	irqs->watch.ready = ready;
	for (size_t i = 0; i < 2 && r < 0; i++)
		r = make_instance(bases[i], &irqs->dir);
	if (r == 0)
		r = set_up(irqs);
	if (r == 0)
		return agent_watch(agent, &irqs->watch, err);
	irqs_close(agent);
	return rt_fail(err, -r, "watch interrupts through tracefs");
}

void irqs_follow(struct agent *agent)
{
	struct irqs *irqs = &agent->irqs;

	if (irqs->watch.fd < 0 || irqs->on == agent->rt)
		return;
	if (write_file(irqs->dir, EVENT, agent->rt ? "1" : "0") == 0)
		irqs->on = agent->rt;
}

void irqs_close(struct agent *agent)
{
	struct irqs *irqs = &agent->irqs;

	agent_unwatch(agent, &irqs->watch);
	if (irqs->dir) {
		(void)write_file(irqs->dir, EVENT, "0");
		(void)rmdir(irqs->dir);
	}
	free(irqs->dir);
	irqs->dir = NULL;
}
