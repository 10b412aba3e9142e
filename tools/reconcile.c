/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reconcile.c - bring the host to what the running guests need, once
 *
 * For the lab and for repair: what the agent does at each event. It needs no
 * configuration: the guests are on record. With --release they are forgotten
 * first, so that everything is restored while they run: for who takes kvmrt off
 * the host.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/log.h"
#include "host/reconcile.h"
#include "host/topology.h"

#define EXIT_PARTLY 4

static void print_report(const struct rt_log *log,
			 const struct rt_report *report)
{
	for (size_t i = 0; i < report->n; i++) {
		const struct rt_finding *f = &report->items[i];

		if (f->severity == RT_NOTE)
			rt_log_info(log, "%s%s%s", f->guest,
				    *f->guest ? ": " : "", f->message);
		else
			rt_log_warn(log, "%s%s%s", f->guest,
				    *f->guest ? ": " : "", f->message);
	}
}

/* Of all guests: what they needed is then restored, while they run. */
static int forget_all(struct rt_store *store, struct rt_err *err)
{
	int r = 0;

	while (r == 0 && store->journal.n_active)
		r = rt_reconcile_drop(store,
				      store->journal.active[0].guest.uuid, err);
	return r;
}

/* 0, EXIT_PARTLY when something stays on record, or negative. */
static int run(struct rt_sys *sys, const struct rt_log *log, bool release,
	       struct rt_err *err)
{
	struct rt_report report = { 0 };
	const struct rt_notify notify = { .report = &report };
	struct rt_outcomes outcomes = { 0 };
	struct rt_topo topo = { 0 };
	struct rt_store store;
	int r = rt_store_open(sys, RT_LOCK_LIMIT_MS, &store, err);

	if (r < 0)
		return r;
	r = release ? forget_all(&store, err) : 0;
	if (r == 0)
		r = rt_topology_load(sys, &topo, err);
	if (r == 0)
		r = rt_reconcile(&store, &topo, &notify, &outcomes, err);
	print_report(log, &report);
	if (r == 0 && release && !rt_journal_is_empty(&store.journal)) {
		rt_log_warn(log, "not everything could be restored; what is "
				 "left is in /" RT_STORE_DIR "/journal");
		r = EXIT_PARTLY;
	}
	rt_store_close(&store);
	rt_topo_fini(&topo);
	rt_report_fini(&report);
	rt_outcomes_fini(&outcomes);
	return r;
}

int main(int argc, char **argv)
{
	const bool release = argc == 2 && strcmp(argv[1], "--release") == 0;
	const char *root = getenv("KVMRT_ROOT");
	struct rt_sys sys;
	struct rt_log log;
	struct rt_err err;
	int r;

	if (argc != 1 && !release) {
		fputs("usage: kvmrt-reconcile [--release]\n", stderr);
		return 2;
	}
	if (rt_sys_open(root && *root ? root : NULL, &sys, &err) < 0) {
		fprintf(stderr, "kvmrt-reconcile: %s\n", err.text);
		return 1;
	}
	rt_log_open(&log, "kvmrt-reconcile", RT_LOG_INFO, false);
	r = run(&sys, &log, release, &err);
	if (r < 0)
		rt_log_err(&log, "%s", err.text);
	rt_log_close(&log);
	rt_sys_close(&sys);
	return r < 0 ? 1 : r;
}
