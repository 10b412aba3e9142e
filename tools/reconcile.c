/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reconcile.c - bring the host to what the running guests need, once
 *
 * For the lab and for repair: what the agent does at each event. It needs no
 * configuration: the guests are on record.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/log.h"
#include "host/reconcile.h"
#include "host/topology.h"

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

static int run(struct rt_sys *sys, const struct rt_log *log, struct rt_err *err)
{
	struct rt_report report = { 0 };
	const struct rt_notify notify = { .report = &report };
	struct rt_outcomes outcomes = { 0 };
	struct rt_topo topo = { 0 };
	struct rt_store store;
	int r = rt_store_open(sys, RT_LOCK_LIMIT_MS, &store, err);

	if (r < 0)
		return r;
	r = rt_topology_load(sys, &topo, err);
	if (r == 0)
		r = rt_reconcile(&store, &topo, &notify, &outcomes, err);
	print_report(log, &report);
	rt_store_close(&store);
	rt_topo_fini(&topo);
	rt_report_fini(&report);
	rt_outcomes_fini(&outcomes);
	return r;
}

int main(int argc, char **argv)
{
	const char *root = getenv("KVMRT_ROOT");
	struct rt_sys sys;
	struct rt_log log;
	struct rt_err err;
	int r;

	(void)argv;
	if (argc != 1) {
		fputs("usage: kvmrt-reconcile (no arguments)\n", stderr);
		return 2;
	}
	if (rt_sys_open(root && *root ? root : NULL, &sys, &err) < 0) {
		fprintf(stderr, "kvmrt-reconcile: %s\n", err.text);
		return 1;
	}
	rt_log_open(&log, "kvmrt-reconcile", RT_LOG_INFO, false);
	r = run(&sys, &log, &err);
	if (r < 0)
		rt_log_err(&log, "%s", err.text);
	rt_log_close(&log);
	rt_sys_close(&sys);
	return r < 0 ? 1 : 0;
}
