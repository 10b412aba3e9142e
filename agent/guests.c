/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guests.c - the end of a guest's process
 *
 * libvirt's hook undoes what was done for a guest. When it cannot (libvirtd was
 * killed, the hook failed), the end of the process is the only sign, and a
 * pidfd reports it. The hook has GRACE_MS to go first.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/probe.h"
#include "agent.h"

#define GRACE_MS 3000

static void ready(struct agent *agent, struct watch *watch)
{
	/* A pidfd stays readable for ever. */
	agent_unwatch(agent, watch);
	agent_want(agent, GRACE_MS);
}

static struct guest_watch *find(const struct guests *guests,
				const struct rt_active *active)
{
	for (size_t i = 0; i < guests->n; i++) {
		if (guests->items[i]->pid == active->pid &&
		    guests->items[i]->start == active->start)
			return guests->items[i];
	}
	return NULL;
}

bool guests_have(struct agent *agent, unsigned tid)
{
	unsigned long long start;
	struct rt_err ignored = { 0 };

	for (size_t i = 0; i < agent->guests.n; i++) {
		if (rt_task_start(&agent->sys, agent->guests.items[i]->pid, tid,
				  &start, &ignored) == 0)
			return true;
	}
	return false;
}

static int open_pidfd(struct agent *agent, const struct rt_active *active)
{
	unsigned long long start;
	struct rt_err ignored = { 0 };
	const int fd = (int)syscall(SYS_pidfd_open, (pid_t)active->pid, 0);

	/* Another process may have its number by now. */
	if (fd >= 0 && (rt_task_start(&agent->sys, active->pid, active->pid,
				      &start, &ignored) < 0 ||
			start != active->start)) {
		close(fd);
		errno = ESRCH;
		return -1;
	}
	return fd;
}

static void add(struct agent *agent, const struct rt_active *active)
{
	struct guests *guests = &agent->guests;
	struct guest_watch *guest = calloc(1, sizeof(*guest));
	struct rt_err err = { 0 };

	if (guest)
		guest->name = strdup(active->guest.name);
	if (!guest || !guest->name ||
	    !rt_grow(&guests->items, guests->n, &guests->size,
		     sizeof(struct guest_watch *))) {
		if (guest)
			free(guest->name);
		free(guest);
		agent->poll = true;
		return;
	}
	guest->pid = active->pid;
	guest->start = active->start;
	guest->still = true;
	guest->watch.ready = ready;
	guest->watch.fd = open_pidfd(agent, active);
	if (guest->watch.fd < 0 && errno == ESRCH)
		agent_want(agent, GRACE_MS);
	else if (guest->watch.fd < 0)
		agent->poll = true;
	else if (agent_watch(agent, &guest->watch, &err) < 0)
		rt_log_warn(&agent->log, "guest '%s': %s", guest->name,
			    err.text);
	guests->items[guests->n++] = guest;
}

static void forget(struct agent *agent, struct guest_watch *guest)
{
	agent_unwatch(agent, &guest->watch);
	repairs_forget(&agent->repairs, guest->name);
	repairs_forget(&agent->said, guest->name);
	free(guest->name);
	free(guest);
}

void guests_follow(struct agent *agent, const struct rt_journal *journal)
{
	struct guests *guests = &agent->guests;
	size_t n = 0;

	for (size_t i = 0; i < guests->n; i++)
		guests->items[i]->still = false;
	for (size_t i = 0; i < journal->n_active; i++) {
		struct guest_watch *guest = find(guests, &journal->active[i]);

		if (guest)
			guest->still = true;
		else
			add(agent, &journal->active[i]);
	}
	for (size_t i = 0; i < guests->n; i++) {
		if (guests->items[i]->still)
			guests->items[n++] = guests->items[i];
		else
			forget(agent, guests->items[i]);
	}
	guests->n = n;
}

void guests_close(struct agent *agent)
{
	struct guests *guests = &agent->guests;

	for (size_t i = 0; i < guests->n; i++)
		forget(agent, guests->items[i]);
	free(guests->items);
	guests->items = NULL;
	guests->n = guests->size = 0;
}
