/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* main.c - the agent's beginning and end */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"

static const char help[] =
	"Usage: kvmrt-agent [OPTION]...\n"
	"Guard the real-time guests that run: repair what others change.\n"
	"\n"
	"  -v, --verbose  say more\n"
	"  -h, --help     show this help and exit\n"
	"  -V, --version  show the version and exit\n"
	"\n"
	"It is meant to be started by systemd: kvmrt-agent.service.\n";

/* RT_GO_ON is the tools'; here: -1 to go on, else the exit status. */
static int parse(int argc, char **argv, bool *ret_verbose)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	int letter;

	while ((letter = getopt_long(argc, argv, "hvV", options, NULL)) >= 0) {
		switch (letter) {
		case 'h':
			fputs(help, stdout);
			return 0;
		case 'V':
			puts("kvmrt-agent " KVMRT_VERSION);
			return 0;
		case 'v':
			*ret_verbose = true;
			break;
		default:
			fputs("Try 'kvmrt-agent --help'.\n", stderr);
			return 2;
		}
	}
	if (optind == argc)
		return -1;
	fprintf(stderr,
		"kvmrt-agent: unexpected argument '%s': it takes options only\n"
		"Try 'kvmrt-agent --help'.\n",
		argv[optind]);
	return 2;
}

/* --- signals, the timer, systemd's watchdog --- */

static void on_signal(struct agent *agent, struct watch *watch)
{
	struct signalfd_siginfo info;

	if (read(watch->fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP)
		agent_want(agent, 0);
	else
		agent->quit = true;
}

static void on_timer(struct agent *agent, struct watch *watch)
{
	uint64_t times;

	(void)agent;
	(void)!read(watch->fd, &times, sizeof(times));
}

static void on_watchdog(struct agent *agent, struct watch *watch)
{
	on_timer(agent, watch);
	agent_notify("WATCHDOG=1");
}

static int open_signals(struct agent *agent, struct rt_err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return rt_fail(err, errno, "take signals");
	agent->signals.ready = on_signal;
	agent->signals.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return agent->signals.fd < 0 ? rt_fail(err, errno, "take signals") :
				       agent_watch(agent, &agent->signals, err);
}

static int open_timers(struct agent *agent, struct rt_err *err)
{
	const unsigned ms = agent_watchdog_ms() / 2;
	const struct timespec half = { .tv_sec = ms / 1000,
				       .tv_nsec = (long)(ms % 1000) * 1000000 };
	const struct itimerspec each = { .it_value = half,
					 .it_interval = half };
	int r;

	agent->timer.ready = on_timer;
	agent->timer.fd =
		timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (agent->timer.fd < 0)
		return rt_fail(err, errno, "make a timer");
	r = agent_watch(agent, &agent->timer, err);
	if (r < 0 || !ms)
		return r;
	agent->watchdog.ready = on_watchdog;
	agent->watchdog.fd =
		timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (agent->watchdog.fd < 0 ||
	    timerfd_settime(agent->watchdog.fd, 0, &each, NULL) < 0)
		return rt_fail(err, errno, "make a timer");
	return agent_watch(agent, &agent->watchdog, err);
}

/* --- the beginning --- */

/* Without one of these, a scan each second takes its place. */
static void open_or_poll(struct agent *agent,
			 int (*open_source)(struct agent *, struct rt_err *))
{
	struct rt_err err = { 0 };

	if (open_source(agent, &err) == 0)
		return;
	agent->poll = true;
	rt_log_warn(&agent->log,
		    "%s; scanning each second while a real-time guest runs",
		    err.text);
}

static int set_up(struct agent *agent, struct rt_err *err)
{
	int r = only_one(&agent->sys, "kvmrt-agent", "agent.lock", err);

	if (r < 0)
		return r;
	agent->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (agent->epoll < 0)
		return rt_fail(err, errno, "make an epoll instance");
	r = open_signals(agent, err);
	if (r == 0)
		r = open_timers(agent, err);
	if (r == 0)
		r = files_open(agent, err);
	if (r == 0)
		r = control_open(agent, err);
	if (r < 0)
		return r;
	open_or_poll(agent, irqs_open);
	open_or_poll(agent, cpus_open);
	open_or_poll(agent, tasks_open);
	return agent_drop_caps(err);
}

static void tear_down(struct agent *agent)
{
	control_close(agent);
	told_fini(agent);
	guests_close(agent);
	files_close(agent);
	irqs_close(agent);
	tasks_close(agent);
	agent_unwatch(agent, &agent->cpus);
	agent_unwatch(agent, &agent->watchdog);
	agent_unwatch(agent, &agent->timer);
	agent_unwatch(agent, &agent->signals);
	rt_auto_fd(&agent->epoll);
	repairs_fini(&agent->repairs);
	repairs_fini(&agent->said);
	rt_outcomes_fini(&agent->failed);
	if (agent->has_topo)
		rt_topo_fini(&agent->topo);
}

static int run(struct agent *agent)
{
	struct rt_err err = { 0 };
	int r = set_up(agent, &err);

	if (r == 0) {
		/* The first scan adopts the guests that run. */
		agent->adopting = true;
		agent_scan(agent);
		agent_notify("READY=1\nSTATUS=Guarding");
		r = agent_loop(agent, &err);
		agent_notify("STOPPING=1");
	}
	tear_down(agent);
	if (r < 0)
		rt_log_err(&agent->log, "%s", err.text);
	return r < 0 ? 1 : 0;
}

/* An agent without any source. */
static void init(struct agent *agent)
{
	agent->epoll = agent->signals.fd = agent->timer.fd = -1;
	agent->watchdog.fd = agent->cpus.fd = agent->tasks.watch.fd = -1;
	agent->irqs.watch.fd = agent->files.watch.fd = -1;
	agent->control.watch.fd = -1;
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		agent->control.clients[i].watch.fd = -1;
	told_end(agent);
	agent->turn = agent_turn;
	agent->since = (int64_t)time(NULL);
}

int main(int argc, char **argv)
{
	struct agent *agent;
	struct rt_err err = { 0 };
	bool verbose = false;
	int status = parse(argc, argv, &verbose);

	if (status >= 0)
		return status;
	agent = calloc(1, sizeof(*agent));
	if (!agent || rt_sys_open(NULL, &agent->sys, &err) < 0) {
		fprintf(stderr, "kvmrt-agent: %s\n",
			agent ? err.text : "out of memory");
		free(agent);
		return 1;
	}
	rt_log_open(&agent->log, "kvmrt-agent",
		    verbose ? RT_LOG_DEBUG : RT_LOG_INFO, false);
	init(agent);
	status = run(agent);
	rt_log_close(&agent->log);
	rt_sys_close(&agent->sys);
	free(agent);
	return status;
}
