/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* scan.c - take the lock, reconcile, follow the guests; and when to do so */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "host/irqbalance.h"
#include "host/reconcile.h"
#include "host/topology.h"
#include "agent.h"

/*
 * files.c notices when a hook closes the lock; this is for a holder that does
 * not.
 */
#define LOCKED_MS    1000
#define POLL_MS	     1000
#define RETRY_MS     1000
#define RETRY_MAX_MS 60000
/* Scans that follow each other within QUIET_MS keep this distance. */
#define GAP_MS	   200
#define GAP_MAX_MS 800
#define QUIET_MS   1000
/* So many scans that repair nothing may follow each other at once. */
#define IDLE_SCANS 3

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

/* One more scan then sees interrupts placed while the event was still off. */
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

/* The failure of one guest does not delay the scans for the others. */
static void retry_failed(struct agent *agent, const struct rt_journal *journal,
			 struct rt_outcomes *outcomes)
{
	if (!say_outcomes(agent, journal, outcomes))
		agent->lacks = 0;
	if (agent->failed.n || agent->failed.failed)
		agent_want(agent, retry_ms(agent->lacks++));
}

static int reconcile(struct agent *agent, struct rt_store *store,
		     struct rt_err *err)
{
	struct rt_report report = { 0 };
	struct rt_outcomes outcomes = { 0 };
	const struct rt_notify notify = { &report, say_did, agent };
	int r = told_settle(agent, store, err);

	if (begins(agent, &store->journal))
		follow(agent, &store->journal);
	if (r == 0 && !rt_journal_is_empty(&store->journal)) {
		r = load_topology(agent, err);
		if (r == 0)
			r = rt_reconcile(store, &agent->topo, &notify,
					 &outcomes, err);
	}
	say_findings(agent, &report);
	ask_again(agent, &report);
	if (r == 0)
		retry_failed(agent, &store->journal, &outcomes);
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
		rt_log_info(&agent->log, "scans succeed again");
	agent->failures = 0;
	if (agent->poll && agent->rt)
		agent_want(agent, POLL_MS);
}

/*
 * Asked through a read-only descriptor. files.c notices when a writable one is
 * closed, as a hook does when it ends; closing one of our own would cause the
 * next scan at once, again and again while the hook runs.
 */
static bool is_locked(struct agent *agent)
{
	struct rt_err ignored = { 0 };
	RT_AUTO_FD int fd = rt_sys_openat(&agent->sys, RT_STORE_DIR "/lock",
					  O_RDONLY, 0, &ignored);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 &&
	       errno == EWOULDBLOCK;
}

/*
 * The first scan after some quiet is made at once, and the next may follow it;
 * but a row of them leaves the lock to others for as long as it was held, and
 * for GAP_MS at least. Scans that repair nothing are also kept apart: where the
 * kernel takes a value and holds another (a shield that is invalid), our own
 * write is the next event, and would cause the next scan.
 */
static void keep_distance(struct agent *agent, uint64_t began, bool repaired)
{
	const bool row = began - agent->scan_ended < QUIET_MS;
	const uint64_t now = agent_now_ms();
	uint64_t gap = now - began;

	agent->idle_scans = row && !repaired ? agent->idle_scans + 1 : 0;
	if (row && repaired && gap < GAP_MS)
		gap = GAP_MS;
	if (agent->idle_scans > IDLE_SCANS && gap < GAP_MAX_MS)
		gap = agent->idle_scans == IDLE_SCANS + 1 ? GAP_MS : GAP_MAX_MS;
	agent->scan_ended = now;
	agent->not_before = now + gap;
}

void agent_scan(struct agent *agent)
{
	const unsigned long long repairs = agent->counters.repairs;
	const uint64_t began = agent_now_ms();
	struct rt_store store;
	struct rt_err err = { 0 };
	int r = is_locked(agent) ? -EAGAIN :
				   rt_store_open(&agent->sys, 0, &store, &err);

	if (r == -EAGAIN) {
		agent_want(agent, LOCKED_MS);
		return;
	}
	if (r == 0) {
		agent->counters.scans++;
		r = reconcile(agent, &store, &err);
		/* With the lock still held: whatever comes later is news. */
		files_seen(agent);
		rt_store_close(&store);
		if (!agent->rt)
			drop_topology(agent);
		agent->n_causes = 0;
		agent->adopting = false;
		if (r == 0)
			agent->as_of = (int64_t)time(NULL);
		keep_distance(agent, began, agent->counters.repairs != repairs);
		/*
		 * Most of the time nothing happens: return the memory that was
		 * used.
		 */
		(void)malloc_trim(0);
	} else {
		/* Closing the lock without a scan must not cause one. */
		files_seen(agent);
	}
	plan_next(agent, r, &err);
}

uint64_t agent_turn(struct agent *agent, uint64_t now)
{
	const uint64_t tasks = tasks_turn(agent, now);

	if (agent->due && agent->due < agent->not_before)
		agent->due = agent->not_before;
	if (agent->due && agent->due <= now) {
		agent->due = 0;
		agent_scan(agent);
		if (agent->due && agent->due < agent->not_before)
			agent->due = agent->not_before;
	}
	return tasks && (!agent->due || tasks < agent->due) ? tasks :
							      agent->due;
}
