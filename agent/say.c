/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* say.c - what a scan repaired, found and could not do: log and ledger */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "host/task_stat.h"
#include "agent.h"

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
	 * A guest's own interrupts come and go with its driver: a vCPU's thread
	 * makes them again, or QEMU does when it resets the card.
	 */
	ret->own = cause && cause->own;
	ret->foreign = step->act != RT_ACT_OWN && !ret->own;
}

/*
 * The role of a thread, from the name that QEMU or the kernel gave it. True:
 * many threads share it.
 */
static bool name_role(struct agent *agent, unsigned pid, unsigned tid, bool own,
		      char *buf, size_t size)
{
	struct rt_stat_line line = { .comm = "thread" };
	struct rt_err ignored = { 0 };
	unsigned cpu;

	(void)rt_stat_read(&agent->sys, pid, tid, &line, &ignored);
	if (own && sscanf(line.comm, "CPU %u/", &cpu) == 1) {
		snprintf(buf, size, "vCPU %u", cpu);
		return false;
	}
	/* "kworker/3:1-events", "irq/35-xhci": what it does is the number. */
	line.comm[strcspn(line.comm, "/")] = '\0';
	snprintf(buf, size, "%s",
		 own && strncmp(line.comm, "vhost-", 6) == 0 ? "vhost" :
		 own					     ? "helper" :
							       line.comm);
	return true;
}

static void name_task(struct agent *agent, const struct rt_step *step,
		      char *key, size_t size, struct repair *ret)
{
	const bool own = step->act == RT_ACT_OWN;
	unsigned pid, tid;
	char role[40];

	if (sscanf(step->path, "task/%u/%u/", &pid, &tid) != 2)
		pid = tid = 0;
	ret->many = name_role(agent, pid, tid, own, role, sizeof(role));
	snprintf(key, size, "thread/%s/%s", step->guest, role);
	snprintf(ret->what, sizeof(ret->what), "%s %s %u", role,
		 own ? "thread" : "task", tid);
	if (step->kind == RT_KIND_CGROUP)
		snprintf(ret->did, sizeof(ret->did), "moved to %.60s",
			 step->value);
	else
		snprintf(ret->did, sizeof(ret->did),
			 "was on cpu %.32s, moved to cpu %.32s", step->now,
			 step->value);
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

/* key: a buffer, used when the path is no key. */
static struct repair repair_of(struct agent *agent, const struct rt_step *step,
			       char *key, size_t size)
{
	const struct cause *cause = cause_of(agent, step->path);
	struct repair repair = { .key = step->path,
				 .guest = step->guest,
				 .when = (int64_t)time(NULL) };
	unsigned irq;

	if (cause)
		snprintf(repair.by, sizeof(repair.by), "%s", cause->by);
	if (sscanf(step->path, "proc/irq/%u/", &irq) == 1) {
		name_irq(step, cause, irq, &repair);
	} else if (strncmp(step->path, "task/", 5) == 0) {
		name_task(agent, step, key, size, &repair);
		repair.key = key;
	} else if (step->kind == RT_KIND_IRQBALANCE) {
		repair.key = "irqbalance";
		snprintf(repair.what, sizeof(repair.what), "irqbalance");
		snprintf(repair.did, sizeof(repair.did),
			 "asked to keep off cpu %.60s", step->value);
	} else {
		name_file(step, &repair);
	}
	return repair;
}

static void log_repair(const struct agent *agent, const struct repair *repair,
		       const struct repair *line, const char *why)
{
	char more[80] = "";

	if (line->more)
		snprintf(more, sizeof(more),
			 ", and %u times more since the last message about it",
			 line->more);
	rt_log_info(&agent->log, "%s%s%s%s %s%s%s (%s)%s",
		    *line->guest ? "guest '" : "", line->guest,
		    *line->guest ? "': " : "", repair->what, repair->did,
		    *repair->by ? ", by " : "", repair->by, why, more);
}

void say_did(void *data, const struct rt_step *step)
{
	struct agent *agent = data;
	char key[512];
	struct repair repair;
	const struct repair *line;
	bool fight;

	/* A guest that has just come is still being tuned. */
	if (agent->adopting)
		return;
	/*
	 * irqbalance applies a ban at its next scan; until then each scan of
	 * the agent asks again.
	 */
	if (step->kind == RT_KIND_IRQBALANCE &&
	    repairs_is_recent(&agent->repairs, "irqbalance", agent_now_ms()))
		return;
	repair = repair_of(agent, step, key, sizeof(key));
	agent->counters.repairs++;
	line = repairs_add(&agent->repairs, &repair, agent_now_ms(), &fight);
	if (!line || (line->fight && !fight))
		return;
	if (line->say)
		log_repair(agent, &repair, line, step->why);
	if (fight)
		rt_log_warn(&agent->log,
			    "%s%s%s%s was repaired %u times within a minute, "
			    "and %s keeps changing it; from now on the agent "
			    "repairs it less often, and logs no more about it",
			    *line->guest ? "guest '" : "", line->guest,
			    *line->guest ? "': " : "", repair.what,
			    line->recent + line->recent_own,
			    *line->by ? line->by : "somebody");
}

/* --- findings --- */

void say_findings(struct agent *agent, const struct rt_report *report)
{
	for (size_t i = 0; i < report->n; i++) {
		const struct rt_finding *f = &report->items[i];
		struct repair repair = { .guest = f->guest };
		const struct repair *line;
		char key[512];
		bool fight;

		/* CPUs that go offline are logged by say_did. */
		if (strcmp(f->code, "cpu-offline") == 0)
			continue;
		if (f->severity == RT_NOTE) {
			rt_log_info(&agent->log, "%s%s%s", f->guest,
				    *f->guest ? ": " : "", f->message);
			continue;
		}
		snprintf(key, sizeof(key), "%s/%s/%s", f->code, f->guest,
			 f->message);
		repair.key = key;
		line = repairs_add(&agent->said, &repair, agent_now_ms(),
				   &fight);
		if (line && line->count == 1)
			rt_log_warn(&agent->log, "%s%s%s", f->guest,
				    *f->guest ? ": " : "", f->message);
	}
}

/* --- outcomes --- */

bool say_outcomes(struct agent *agent, const struct rt_journal *journal,
		  struct rt_outcomes *outcomes)
{
	bool same = outcomes->n == agent->failed.n;

	for (size_t i = 0; i < journal->n_active; i++) {
		const struct rt_guest *guest = &journal->active[i].guest;
		const char *was = rt_outcomes_find(&agent->failed, guest->uuid);
		const char *is = rt_outcomes_find(outcomes, guest->uuid);

		if (is && was && strcmp(is, was) == 0)
			continue;
		if (is)
			rt_log_err(&agent->log,
				   "guest '%s': is not real-time: %s",
				   guest->name, is);
		else if (was)
			rt_log_info(&agent->log,
				    "guest '%s': is real-time again",
				    guest->name);
		same &= !is && !was;
	}
	rt_outcomes_fini(&agent->failed);
	agent->failed = *outcomes;
	*outcomes = (struct rt_outcomes){ 0 };
	return same;
}
