/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* scan.c - the guests as they are now, read from the host */
#include "scan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/adopt.h"
#include "host/probe.h"
#include "host/reconcile.h"
#include "host/task_stat.h"

const char *rt_role_name(enum rt_role role)
{
	static const char *const names[] = {
		[RT_ROLE_VCPU] = "vcpu",
		[RT_ROLE_IOTHREAD] = "iothread",
		[RT_ROLE_VHOST] = "vhost",
		[RT_ROLE_EMULATOR] = "emulator",
	};

	return names[role];
}

void rt_scanned_fini(struct rt_scanned *scanned)
{
	rt_guest_refs_fini(&scanned->now);
	rt_states_fini(&scanned->states);
	rt_plan_fini(&scanned->plan);
	rt_facts_fini(&scanned->facts);
	rt_journal_fini(&scanned->journal);
}

/* A dead guest is shown as off: the next reconcile drops it. */
static void drop_dead(struct rt_sys *sys, struct rt_journal *journal)
{
	size_t n = 0;

	for (size_t i = 0; i < journal->n_active; i++) {
		if (rt_reconcile_is_alive(sys, &journal->active[i]))
			journal->active[n++] = journal->active[i];
		else
			rt_active_fini(&journal->active[i]);
	}
	journal->n_active = n;
}

bool rt_guest_runs(struct rt_sys *sys, const char *name, unsigned *ret_pid)
{
	unsigned long long start;
	struct rt_err ignored;

	/* One that cannot be seen (hidepid=) lives. */
	return rt_guest_pid(sys, name, ret_pid, &ignored) == 0 &&
	       rt_task_start(sys, *ret_pid, *ret_pid, &start, &ignored) !=
		       -ENOENT;
}

int rt_guests_running(struct rt_sys *sys, struct rt_names *ret_names,
		      struct rt_err *err)
{
	static const char end[] = ".pid";
	struct rt_names names = { 0 };
	size_t n = 0;
	unsigned pid;
	int r = rt_sys_list(sys, "run/libvirt/qemu", &names, err);

	*ret_names = names;
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (size_t i = 0; i < names.n; i++) {
		char *name = names.items[i];
		const size_t len = strlen(name);

		if (len < sizeof(end) || strcmp(name + len - 4, end) != 0)
			continue;
		name[len - 4] = '\0';
		if (rt_guest_runs(sys, name, &pid))
			names.items[n++] = name;
	}
	ret_names->n = n;
	return 0;
}

/* What the record says, or what the file says of the guests that run. */
static int list_now(struct rt_loaded *loaded, struct rt_scanned *scanned,
		    struct rt_err *err)
{
	const struct rt_guest_refs *enabled = &loaded->enabled;
	const struct rt_journal *journal = &scanned->journal;
	unsigned pid;
	int r = 0;

	for (size_t i = 0; r == 0 && i < journal->n_active; i++)
		r = rt_guest_refs_add(&scanned->now, &journal->active[i].guest,
				      err);
	for (size_t i = 0; r == 0 && scanned->hidden && i < enabled->n; i++) {
		if (rt_guest_runs(&loaded->sys, enabled->items[i]->name, &pid))
			r = rt_guest_refs_add(&scanned->now, enabled->items[i],
					      err);
	}
	return r;
}

struct rt_view rt_scanned_view(const struct rt_loaded *loaded,
			       const struct rt_scanned *scanned)
{
	return (struct rt_view){ &loaded->topo, &scanned->now,
				 &loaded->enabled };
}

int rt_scan_record(struct rt_loaded *loaded, struct rt_scanned *ret_looked,
		   struct rt_err *err)
{
	struct rt_scanned scanned = { 0 };
	int r = rt_store_peek(&loaded->sys, &scanned.journal, NULL, err);

	scanned.hidden = r == -EACCES;
	if (scanned.hidden)
		r = 0;
	if (r == 0)
		drop_dead(&loaded->sys, &scanned.journal);
	if (r == 0)
		r = list_now(loaded, &scanned, err);
	if (r < 0)
		rt_scanned_fini(&scanned);
	*ret_looked = scanned;
	return r;
}

int rt_scan(struct rt_loaded *loaded, struct rt_scanned *ret_looked,
	    struct rt_err *err)
{
	struct rt_scanned scanned = { 0 };
	struct rt_plan_input input = { .topo = &loaded->topo, .last = true };
	int r = rt_scan_record(loaded, &scanned, err);

	input.facts = &scanned.facts;
	input.journal = &scanned.journal;
	if (r == 0 && scanned.journal.n_active) {
		r = rt_reconcile_facts(&loaded->sys, &scanned.journal,
				       &loaded->topo, NULL, &scanned.facts,
				       err);
		if (r == 0)
			r = rt_plan_make(&input, &scanned.plan, err);
		if (r == 0)
			r = rt_states_make(&input, &scanned.plan,
					   &scanned.states, err);
	}
	if (r < 0) {
		rt_scanned_fini(&scanned);
		return r;
	}
	*ret_looked = scanned;
	return 0;
}

const struct rt_guest_state *rt_scanned_state(const struct rt_scanned *scanned,
					      const char *uuid)
{
	for (size_t i = 0; i < scanned->states.n; i++) {
		const struct rt_guest_state *state = &scanned->states.items[i];

		if (strcmp(state->active->guest.uuid, uuid) == 0)
			return state;
	}
	return NULL;
}

const struct rt_process *rt_scanned_process(const struct rt_scanned *scanned,
					    const char *uuid)
{
	for (size_t i = 0; i < scanned->facts.processes.n; i++) {
		if (strcmp(scanned->facts.processes.items[i].uuid, uuid) == 0)
			return &scanned->facts.processes.items[i];
	}
	return NULL;
}

bool rt_scan_thread(struct rt_sys *sys, const struct rt_thread *thread,
		    struct rt_thread_now *ret)
{
	char text[8192];
	RT_AUTO_FREE char *longer = NULL;
	struct rt_stat_line line;
	struct rt_err ignored;
	const char *at;

	memset(ret, 0, sizeof(*ret));
	if (rt_stat_read(sys, thread->pid, thread->tid, &line, &ignored) < 0 ||
	    line.last_cpu < 0)
		return false;
	ret->last_cpu = line.last_cpu;
	ret->policy = line.policy;
	ret->priority = line.priority;
	if (rt_sys_read_task(sys, thread->pid, thread->tid, "schedstat", text,
			     sizeof(text), &ignored) == 0)
		(void)sscanf(text, "%*u %llu", &ret->delay_ns);
	if (rt_sys_read_task_all(sys, thread->pid, thread->tid, "status", text,
				 sizeof(text), &longer, &ignored) == 0) {
		at = strstr(longer ? longer : text,
			    "\nnonvoluntary_ctxt_switches:");
		if (at)
			(void)sscanf(at, "%*s %llu", &ret->switches);
	}
	return true;
}
