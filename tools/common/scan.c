/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* scan.c - the guests as they are now, read from the host */
#include "scan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/reconcile.h"

void rt_scanned_fini(struct rt_scanned *scanned)
{
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

int rt_scan(struct rt_loaded *loaded, struct rt_scanned *ret_looked,
	    struct rt_err *err)
{
	struct rt_scanned scanned = { 0 };
	struct rt_plan_input input = { .topo = &loaded->topo, .last = true };
	int r = rt_store_peek(&loaded->sys, &scanned.journal, NULL, err);

	scanned.hidden = r == -EACCES;
	if (scanned.hidden)
		r = 0;
	if (r == 0)
		drop_dead(&loaded->sys, &scanned.journal);
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

/* Fields 39 to 41 of stat: processor, rt_priority, policy (proc(5)). */
static bool read_stat(struct rt_sys *sys, const struct rt_thread *thread,
		      struct rt_thread_now *ret)
{
	char text[2048];
	struct rt_err ignored;
	const char *at;

	if (rt_sys_read_task(sys, thread->pid, thread->tid, "stat", text,
			     sizeof(text), &ignored) < 0)
		return false;
	at = strrchr(text, ')');
	for (unsigned field = 2; at && field < 39; field++)
		at = strchr(at + 1, ' ');
	return at && sscanf(at, " %d %u %u", &ret->last_cpu, &ret->priority,
			    &ret->policy) == 3;
}

bool rt_scan_thread(struct rt_sys *sys, const struct rt_thread *thread,
		    struct rt_thread_now *ret)
{
	char text[8192];
	RT_AUTO_FREE char *longer = NULL;
	struct rt_err ignored;
	const char *at;

	memset(ret, 0, sizeof(*ret));
	ret->last_cpu = -1;
	if (!read_stat(sys, thread, ret))
		return false;
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
