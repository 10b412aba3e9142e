/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * agent_world.h - an agent on a made-up host, for the tests of its sources
 *
 *   world_begin(NAME)   NAME as make-host knows it; NULL: hardly any host
 *   world_hear()        handle the events at hand, but make no scan
 *   world_turn()        the loop itself: events and scans
 *   world_log()         what was logged since the last call
 *   world_end()         close all; no descriptor may be left
 */
#ifndef RT_TEST_AGENT_WORLD_H
#define RT_TEST_AGENT_WORLD_H

#include "agent_kernel.h"

static int world_count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

static void world_on_stop(struct agent *ending, struct watch *watch)
{
	eventfd_t count;

	(void)eventfd_read(watch->fd, &count);
	ending->quit = true;
}

static void world_on_timer(struct agent *ticked, struct watch *watch)
{
	uint64_t times;

	(void)ticked;
	(void)!read(watch->fd, &times, sizeof(times));
}

static void world_make_root(const char *name)
{
	if (name) {
		if (!test_host_make(&world.host, name))
			ok(false, "make a host");
	} else {
		snprintf(world.host.dir, sizeof(world.host.dir),
			 "/tmp/kvmrt-test-XXXXXX");
		if (!mkdtemp(world.host.dir))
			ok(false, "a temporary directory");
		snprintf(world.host.root, sizeof(world.host.root), "%s/host",
			 world.host.dir);
		(void)mkdir(world.host.root, 0755);
	}
	world_directory("/run/kvmrt");
	world_directory(TRACEFS "/instances");
	world_directory("/proc/irq");
}

static void world_open_log(void)
{
	int pair[2];

	agent.log = (struct rt_log){ .program = "test",
				     .level = RT_LOG_INFO,
				     .syslog = -1 };
	if (!ok(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			   0, pair) == 0,
		"a log"))
		return;
	world.log = pair[0];
	agent.log.syslog = pair[1];
}

/* As main.c does it. */
static void world_init_agent(void)
{
	memset(&agent, 0, sizeof(agent));
	agent.signals.fd = agent.watchdog.fd = -1;
	agent.cpus.fd = agent.tasks.watch.fd = agent.irqs.watch.fd = -1;
	agent.files.watch.fd = agent.control.watch.fd = -1;
	agent.turn = agent_turn;
	told_end(&agent);
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		agent.control.clients[i].watch.fd = -1;
	agent.epoll = epoll_create1(EPOLL_CLOEXEC);
	agent.timer.fd =
		timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	agent.timer.ready = world_on_timer;
}

MAYBE_UNUSED static void world_begin(const char *name)
{
	struct rt_err err = { 0 };

	memset(&world, 0, sizeof(world));
	fflush(stdout);
	world.fds = world_count_fds();
	world.uevents = world.connector = world.log = -1;
	for (size_t i = 0; i < PIDFDS_MAX; i++)
		world.pidfds[i].fd = -1;
	world_make_root(name);
	world.ms = WORLD_START_MS;
	world_init_agent();
	world_open_log();
	world.stop.ready = world_on_stop;
	world.stop.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ok(rt_sys_open(world.host.root, &agent.sys, &err) == 0 &&
		   agent_watch(&agent, &agent.timer, &err) == 0 &&
		   agent_watch(&agent, &world.stop, &err) == 0,
	   "a host %s", err.text);
}

/* CPUs 6 and 7 are a guest's, 7 is down. */
MAYBE_UNUSED static void world_own(void)
{
	agent.rt = true;
	rt_cpuset_add(&agent.owned, 6);
	rt_cpuset_add(&agent.owned, 7);
	rt_cpuset_add(&agent.offline, 7);
}

/* How many events there were. */
MAYBE_UNUSED static int world_hear(void)
{
	struct epoll_event events[8];
	const int n = epoll_wait(agent.epoll, events, 8, 0);

	for (int i = 0; i < n; i++) {
		struct watch *watch = events[i].data.ptr;

		if (watch->fd >= 0)
			watch->ready(&agent, watch);
	}
	return n;
}

MAYBE_UNUSED static void world_turn(void)
{
	struct rt_err err = { 0 };

	agent.quit = false;
	(void)eventfd_write(world.stop.fd, 1);
	if (agent_loop(&agent, &err) < 0)
		ok(false, "%s", err.text);
}

/* In how many ms is a scan wanted? -1: none is. */
MAYBE_UNUSED static long long world_due(void)
{
	return agent.due ? (long long)agent.due - (long long)world.ms : -1;
}

MAYBE_UNUSED static void world_calm(void)
{
	agent.due = 0;
	agent.n_causes = 0;
}

MAYBE_UNUSED static const char *world_log(void)
{
	static char text[1 << 16];
	size_t len = 0;
	ssize_t n;

	while ((n = recv(world.log, text + len, sizeof(text) - len - 2,
			 MSG_DONTWAIT)) > 0) {
		len += (size_t)n;
		text[len++] = '\n';
	}
	text[len] = '\0';
	return text;
}

MAYBE_UNUSED static unsigned world_count(const char *text, const char *part)
{
	unsigned n = 0;

	while ((text = strstr(text, part))) {
		text += strlen(part);
		n++;
	}
	return n;
}

/* The world's handle of the agent's pidfd; -1: it asked for none. */
MAYBE_UNUSED static int world_pidfd(unsigned pid)
{
	for (size_t i = PIDFDS_MAX; i-- > 0;) {
		if (world.pidfds[i].fd >= 0 && world.pidfds[i].pid == pid)
			return world.pidfds[i].fd;
	}
	return -1;
}

MAYBE_UNUSED static void world_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* As main.c's tear_down. */
MAYBE_UNUSED static void world_end(void)
{
	control_close(&agent);
	told_fini(&agent);
	guests_close(&agent);
	files_close(&agent);
	irqs_close(&agent);
	tasks_close(&agent);
	agent_unwatch(&agent, &agent.cpus);
	agent_unwatch(&agent, &agent.timer);
	agent_unwatch(&agent, &world.stop);
	repairs_fini(&agent.repairs);
	repairs_fini(&agent.said);
	rt_outcomes_fini(&agent.failed);
	if (agent.has_topo)
		rt_topo_fini(&agent.topo);
	rt_sys_close(&agent.sys);
	rt_log_close(&agent.log);
	world_close(&agent.epoll);
	world_close(&world.log);
	world_close(&world.uevents);
	world_close(&world.connector);
	for (size_t i = 0; i < PIDFDS_MAX; i++)
		world_close(&world.pidfds[i].fd);
	test_host_remove(&world.host);
	world.host.root[0] = '\0';
	is_int(world_count_fds(), world.fds, "no descriptor is left open");
}

#endif
