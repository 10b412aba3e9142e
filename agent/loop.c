/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* loop.c - one thread, one epoll, one timer that is mostly off */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"

#define EVENTS_MAX 16

uint64_t agent_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int agent_watch(struct agent *agent, struct watch *watch, struct rt_err *err)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = watch };

	if (epoll_ctl(agent->epoll, EPOLL_CTL_ADD, watch->fd, &event) < 0)
		return rt_fail(err, errno, "wait for events");
	return 0;
}

int agent_watch_writing(struct agent *agent, struct watch *watch)
{
	struct epoll_event event = { .events = EPOLLOUT, .data.ptr = watch };

	return epoll_ctl(agent->epoll, EPOLL_CTL_MOD, watch->fd, &event);
}

void agent_unwatch(struct agent *agent, struct watch *watch)
{
	if (watch->fd < 0)
		return;
	(void)epoll_ctl(agent->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
	close(watch->fd);
	watch->fd = -1;
}

void agent_want(struct agent *agent, unsigned ms)
{
	const uint64_t due = agent_now_ms() + ms;

	if (!agent->due || due < agent->due)
		agent->due = due;
}

void agent_cause(struct agent *agent, const struct cause *cause)
{
	struct cause *known = NULL;

	for (size_t i = 0; i < agent->n_causes; i++) {
		if (strcmp(agent->causes[i].path, cause->path) == 0)
			known = &agent->causes[i];
	}
	/* Of two events about it, one may know who did it. */
	if (known ? !*cause->by || (*known->by && !known->own) :
		    agent->n_causes == CAUSES_MAX)
		return;
	if (!known)
		known = &agent->causes[agent->n_causes++];
	*known = *cause;
}

/* The timer runs only while something is due. */
static void take_turn(struct agent *agent)
{
	struct itimerspec spec = { 0 };
	const uint64_t due = agent->turn(agent, agent_now_ms());

	spec.it_value.tv_sec = (time_t)(due / 1000);
	spec.it_value.tv_nsec = (long)(due % 1000) * 1000000L;
	(void)timerfd_settime(agent->timer.fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

int agent_loop(struct agent *agent, struct rt_err *err)
{
	struct epoll_event events[EVENTS_MAX];

	take_turn(agent);
	while (!agent->quit) {
		const int n = epoll_wait(agent->epoll, events, EVENTS_MAX, -1);

		if (n < 0 && errno != EINTR)
			return rt_fail(err, errno, "wait for events");
		agent->counters.wakeups++;
		for (int i = 0; i < n; i++) {
			struct watch *watch = events[i].data.ptr;

			/* An event before it may have closed this one. */
			if (watch->fd >= 0)
				watch->ready(agent, watch);
		}
		take_turn(agent);
	}
	return 0;
}
