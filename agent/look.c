/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* look.c - take the lock, reconcile, say what was put right */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "host/reconcile.h"
#include "host/topology.h"
#include "agent.h"

/* A hook closes the lock when it ends, and files.c hears that; this is for
   who does not. */
#define LOCKED_MS    1000
#define POLL_MS	     1000
#define RETRY_MS     1000
#define RETRY_MAX_MS 60000

/* --- what a step was, in words --- */

static const struct cause *cause_of(const struct agent *agent, const char *path)
{
	for (size_t i = 0; i < agent->n_causes; i++) {
		if (strcmp(agent->causes[i].path, path) == 0)
			return &agent->causes[i];
	}
	return NULL;
}

static void name_irq(const struct rt_step *step, const struct cause *cause,
		     unsigned irq, struct repair *ret)
{
	/* No room for more than a few of a long list. */
	snprintf(ret->what, sizeof(ret->what), "irq %u", irq);
	if (cause && *cause->where)
		snprintf(ret->did, sizeof(ret->did),
			 "was placed on %s, moved to cpu %.40s", cause->where,
			 step->value);
	else
		snprintf(ret->did, sizeof(ret->did),
			 "was on cpu %.32s, moved to cpu %.32s", step->now,
			 step->value);
	/*
	 * A guest's own interrupts come and go with its driver: a vCPU's
	 * thread makes its line anew, or QEMU when it resets the card.
	 */
	ret->own = cause && cause->own;
	ret->foreign = step->act != RT_ACT_OWN && !ret->own;
}

static void name_task(const struct rt_step *step, struct repair *ret)
{
	unsigned pid, tid;

	if (sscanf(step->path, "task/%u/%u/", &pid, &tid) != 2)
		pid = tid = 0;
	snprintf(ret->what, sizeof(ret->what), "%s %u",
		 step->act == RT_ACT_OWN ? "thread" : "task", tid);
	if (step->kind == RT_KIND_CGROUP)
		snprintf(ret->did, sizeof(ret->did), "moved to %.60s",
			 step->value);
	else
		snprintf(ret->did, sizeof(ret->did),
			 "was on cpu %.32s, moved to cpu %.32s", step->now,
			 step->value);
	/* Threads are born where their parents are. */
	ret->foreign = false;
}

static void name_file(const struct rt_step *step, struct repair *ret)
{
	const char *file = step->path;

	/* The end of a path says more than its beginning. */
	if (strlen(file) >= sizeof(ret->what) - 4)
		file += strlen(file) - (sizeof(ret->what) - 5);
	snprintf(ret->what, sizeof(ret->what), "%s%s",
		 file == step->path ? "/" : "...", file);
	snprintf(ret->did, sizeof(ret->did), "held '%.32s', set to '%.32s'",
		 step->now, step->value);
	ret->foreign = true;
}

static struct repair repair_of(const struct agent *agent,
			       const struct rt_step *step)
{
	const struct cause *cause = cause_of(agent, step->path);
	struct repair repair = { .when = (int64_t)time(NULL) };
	unsigned irq;

	snprintf(repair.path, sizeof(repair.path), "%s", step->path);
	snprintf(repair.guest, sizeof(repair.guest), "%s", step->guest);
	if (cause)
		snprintf(repair.by, sizeof(repair.by), "%s", cause->by);
	if (sscanf(step->path, "proc/irq/%u/", &irq) == 1) {
		name_irq(step, cause, irq, &repair);
	} else if (strncmp(step->path, "task/", 5) == 0) {
		name_task(step, &repair);
	} else if (step->kind == RT_KIND_IRQBALANCE) {
		snprintf(repair.what, sizeof(repair.what), "irqbalance");
		snprintf(repair.did, sizeof(repair.did),
			 "notify to keep off cpu %.60s", step->value);
	} else {
		name_file(step, &repair);
	}
	return repair;
}

static void did(void *data, const struct rt_step *step)
{
	struct agent *agent = data;
	struct repair repair = repair_of(agent, step);
	const struct repair *line;
	bool fight;

	/*
	 * A guest that has just come is still being tuned. And irqbalance takes
	 * a ban over at its next scan: until then each look tells it again.
	 */
	if (agent->adopting ||
	    (step->kind == RT_KIND_IRQBALANCE &&
	     repairs_is_recent(&agent->repairs, step->path, agent_now_ms())))
		return;
	agent->counters.repairs++;
	line = repairs_add(&agent->repairs, &repair, agent_now_ms(), &fight);
	if (!line || (line->fight && !fight))
		return;
	rt_log_info(&agent->log, "%s%s%s%s %s%s%s (%s)",
		    *repair.guest ? "guest '" : "", repair.guest,
		    *repair.guest ? "': " : "", repair.what, repair.did,
		    *repair.by ? ", by " : "", repair.by, step->why);
	if (fight)
		rt_log_warn(&agent->log,
			    "%s%s%s%s was put right %u times within a minute; "
			    "%s%s%s keeps changing it; waiting longer from now "
			    "on, and saying no more about it",
			    *repair.guest ? "guest '" : "", repair.guest,
			    *repair.guest ? "': " : "", repair.what,
			    line->recent + line->recent_own,
			    *line->by ? "" : "somebody", line->by, "");
}

/* --- findings: each said once --- */

static void say(struct agent *agent, const struct rt_report *report)
{
	for (size_t i = 0; i < report->n; i++) {
		const struct rt_finding *f = &report->items[i];
		struct repair repair = { .when = (int64_t)time(NULL) };
		const struct repair *line;
		bool fight;

		snprintf(repair.path, sizeof(repair.path), "%s/%.200s", f->code,
			 f->message);
		snprintf(repair.guest, sizeof(repair.guest), "%s", f->guest);
		/* `did` has notify of CPUs that go down. */
		if (strcmp(f->code, "cpu-offline") == 0)
			continue;
		if (f->severity == RT_NOTE) {
			rt_log_info(&agent->log, "%s%s%s", f->guest,
				    *f->guest ? ": " : "", f->message);
			continue;
		}
		line = repairs_add(&agent->said, &repair, 0, &fight);
		if (line && line->count == 1)
			rt_log_warn(&agent->log, "%s%s%s", f->guest,
				    *f->guest ? ": " : "", f->message);
	}
}

/* --- the look --- */

static int load_topology(struct agent *agent, struct rt_err *err)
{
	int r;

	if (agent->has_topo)
		return 0;
	r = rt_topology_load(&agent->sys, &agent->topo, err);
	agent->has_topo = r == 0;
	return r;
}

static void drop_topology(struct agent *agent)
{
	if (agent->has_topo)
		rt_topo_fini(&agent->topo);
	agent->has_topo = false;
}

/* Let all sources follow the guests that are active now. */
static void follow(struct agent *agent, const struct rt_journal *journal)
{
	agent->owned = rt_plan_owned(journal);
	agent->offline = (struct rt_cpuset){ 0 };
	agent->rt = false;
	for (size_t i = 0; i < journal->n_active; i++) {
		if (!journal->active[i].guest.rt)
			continue;
		agent->rt = true;
		rt_cpuset_or(&agent->offline,
			     &journal->active[i].guest.offline);
	}
	irqs_follow(agent);
	tasks_follow(agent, journal);
	files_follow(agent, journal);
	guests_follow(agent, journal);
}

/* An interrupt placed while the event was still off is seen by one more. */
static bool begins(const struct agent *agent, const struct rt_journal *journal)
{
	if (agent->rt)
		return false;
	for (size_t i = 0; i < journal->n_active; i++) {
		if (journal->active[i].guest.rt)
			return true;
	}
	return false;
}

/* Twice as long each time. */
static unsigned retry_ms(unsigned tries)
{
	unsigned wait = RETRY_MS;

	while (tries-- && wait < RETRY_MAX_MS)
		wait *= 2;
	return wait < RETRY_MAX_MS ? wait : RETRY_MAX_MS;
}

/* irqbalance may have been in the middle of a scan. */
static void ask_again(struct agent *agent, const struct rt_report *report)
{
	bool silent = false;

	for (size_t i = 0; i < report->n; i++)
		silent |= strcmp(report->items[i].code, RT_CODE_SILENT) == 0;
	if (silent)
		agent_want(agent, retry_ms(agent->silences++));
	else
		agent->silences = 0;
}

static int reconcile(struct agent *agent, struct rt_store *store,
		     struct rt_err *err)
{
	struct rt_report report = { 0 };
	struct rt_outcomes outcomes = { 0 };
	const struct rt_notify notify = { &report, did, agent };
	int r = helper_settle(agent, store, err);

	if (begins(agent, &store->journal))
		follow(agent, &store->journal);
	if (r == 0 && !rt_journal_is_empty(&store->journal)) {
		r = load_topology(agent, err);
		if (r == 0)
			r = rt_reconcile(store, &agent->topo, &notify,
					 &outcomes, err);
	}
	say(agent, &report);
	ask_again(agent, &report);
	rt_report_fini(&report);
	rt_outcomes_fini(&outcomes);
	follow(agent, &store->journal);
	return r;
}

static void plan_next(struct agent *agent, int r, const struct rt_err *err)
{
	if (r < 0) {
		if (agent->failures == 0)
			rt_log_err(&agent->log, "%s", err->text);
		agent_want(agent, retry_ms(agent->failures++));
		return;
	}
	if (agent->failures)
		rt_log_info(&agent->log, "what failed before is right now");
	agent->failures = 0;
	if (agent->poll && agent->rt)
		agent_want(agent, POLL_MS);
}

/*
 * Asked through a descriptor that cannot write: closing one that can is what
 * files.c hears when a hook ends, and our own would have us look at once
 * again, for as long as the hook runs.
 */
static bool is_locked(struct agent *agent)
{
	struct rt_err ignored = { 0 };
	RT_AUTO_FD int fd = rt_sys_openat(&agent->sys, RT_STORE_DIR "/lock",
					  O_RDONLY, 0, &ignored);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 &&
	       errno == EWOULDBLOCK;
}

void agent_look(struct agent *agent)
{
	struct rt_store store;
	struct rt_err err = { 0 };
	int r = is_locked(agent) ? -EAGAIN :
				   rt_store_open(&agent->sys, 0, &store, &err);

	if (r == -EAGAIN) {
		agent_want(agent, LOCKED_MS);
		return;
	}
	if (r == 0) {
		agent->counters.looks++;
		r = reconcile(agent, &store, &err);
		/* With the lock held: what comes after it is news. */
		files_seen(agent);
		rt_store_close(&store);
		if (!agent->rt)
			drop_topology(agent);
		agent->n_causes = 0;
		agent->adopting = false;
		/* Most of the time nothing happens: give back what was used. */
		(void)malloc_trim(0);
	} else {
		/* Nor is the lock that was closed without a look any news. */
		files_seen(agent);
	}
	plan_next(agent, r, &err);
}
