/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reconcile.c - scan the host once, and tune it for the guests on record
 *
 * For repair and for the lab: it does what the agent does at each event. It
 * needs no configuration, since the guests are on record. With --release they
 * are dropped first, so that everything is restored while they run, as when
 * kvmrt is removed from the host.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/options.h"
#include "host/log.h"
#include "host/reconcile.h"
#include "host/topology.h"

#define NAME "kvmrt-reconcile"

#define RELEASE_TRIES 10

static const char help[] =
	"usage: " NAME " [--release] [--salvage]\n"
	"Scan the host and tune it for the guests on record, or restore it "
	"when\n"
	"none is. Safe at any time; hook and agent do the same.\n"
	"\n"
	"      --release  first drop all guests: the host is restored while "
	"they run\n"
	"      --salvage  first move a record that cannot be read, or has "
	"damaged\n"
	"                 lines, to /run/kvmrt/journal.damaged-N, and start a "
	"new\n"
	"                 one with what can be read; says what was lost\n"
	"  -h, --help     this text\n"
	"  -V, --version  the version\n"
	"\n"
	"Exit status: 0; 1: it failed; 2: wrong usage; 4: not all could be "
	"salvaged\nor restored.\n";

struct arguments {
	bool release, salvage;
};

static void print_report(const struct rt_log *log,
			 const struct rt_report *report)
{
	for (size_t i = 0; i < report->n; i++) {
		const struct rt_finding *f = &report->items[i];

		if (f->severity == RT_NOTE)
			rt_log_info(log, "%s%s%s", f->guest,
				    *f->guest ? ": " : "", f->message);
		else
			rt_log_warn(log, "%s%s%s%s%s", f->guest,
				    *f->guest ? ": " : "", f->message,
				    *f->hint ? "; " : "", f->hint);
	}
}

static int open_store(struct rt_sys *sys, const struct rt_log *log,
		      bool salvage, struct rt_store *ret_store,
		      bool *ret_partly, struct rt_err *err)
{
	struct rt_report report = { 0 };
	int r = salvage ? rt_store_salvage(sys, RT_LOCK_LIMIT_MS, ret_store,
					   &report, err) :
			  rt_store_open(sys, RT_LOCK_LIMIT_MS, ret_store, err);

	print_report(log, &report);
	*ret_partly = rt_report_warnings(&report) > 0;
	rt_report_fini(&report);
	if (r == 0 && ret_store->journal.version > RT_JOURNAL_VERSION)
		rt_log_warn(
			log,
			"the record was written by a newer kvmrt: what this "
			"one does not know stays on record, and is not "
			"restored");
	return r;
}

/* Drop all guests: what they needed is then restored, while they run. */
static int forget_all(struct rt_store *store, struct rt_err *err)
{
	int r = 0;

	while (r == 0 && store->journal.n_active)
		r = rt_reconcile_drop(store,
				      store->journal.active[0].guest.uuid, err);
	return r;
}

/*
 * Restore what no guest needs. A release is nobody's to finish later, so what
 * the kernel refuses for the moment is tried again: a CPU that came online a
 * moment ago is late in the cpusets.
 */
static int reconcile(struct rt_store *store, bool release, struct rt_topo *topo,
		     struct rt_report *report, struct rt_outcomes *outcomes,
		     struct rt_err *err)
{
	const struct timespec pause = { .tv_nsec = 200 * 1000000L };
	const struct rt_notify notify = { .report = report };

	for (unsigned left = RELEASE_TRIES;; left--) {
		int r = rt_reconcile(store, topo, &notify, outcomes, err);

		if (r < 0 || !release || left == 1 ||
		    rt_journal_is_empty(&store->journal))
			return r;
		nanosleep(&pause, NULL);
		rt_report_fini(report);
		rt_outcomes_fini(outcomes);
	}
}

/* *ret_partly: something could not be salvaged, or stays on record. */
static int run(struct rt_sys *sys, const struct rt_log *log,
	       const struct arguments *arguments, bool *ret_partly,
	       struct rt_err *err)
{
	struct rt_report report = { 0 };
	struct rt_outcomes outcomes = { 0 };
	struct rt_topo topo = { 0 };
	struct rt_store store;
	int r = open_store(sys, log, arguments->salvage, &store, ret_partly,
			   err);

	if (r < 0)
		return r;
	if (arguments->release)
		r = forget_all(&store, err);
	if (r == 0)
		r = rt_topology_load(sys, &topo, err);
	if (r == 0)
		r = reconcile(&store, arguments->release, &topo, &report,
			      &outcomes, err);
	print_report(log, &report);
	for (size_t i = 0; i < outcomes.n; i++)
		rt_log_warn(log, "guest %s is not real-time: %s",
			    outcomes.items[i].uuid, outcomes.items[i].reason);
	if (r == 0 && arguments->release &&
	    !rt_journal_is_empty(&store.journal)) {
		rt_log_warn(log, "not everything could be restored; what is "
				 "left is in /" RT_STORE_DIR "/journal");
		*ret_partly = true;
	}
	rt_store_close(&store);
	rt_topo_fini(&topo);
	rt_report_fini(&report);
	rt_outcomes_fini(&outcomes);
	return r;
}

/* RT_GO_ON, or the exit status. */
static int parse_options(int argc, char **argv, struct arguments *ret)
{
	static const struct option longs[] = {
		{ "release", no_argument, NULL, 'r' },
		{ "salvage", no_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "hV", longs, NULL)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return RT_EXIT_DONE;
		}
		if (option == 'V') {
			puts(NAME " " KVMRT_VERSION);
			return RT_EXIT_DONE;
		}
		if (option == '?')
			break;
		ret->release |= option == 'r';
		ret->salvage |= option == 's';
	}
	if (option == -1 && optind == argc)
		return RT_GO_ON;
	fputs("Try '" NAME " --help' for more information.\n", stderr);
	return RT_EXIT_USAGE;
}

int main(int argc, char **argv)
{
	const char *root = getenv("KVMRT_ROOT");
	struct arguments arguments = { 0 };
	bool partly = false;
	struct rt_sys sys;
	struct rt_log log;
	struct rt_err err;
	int r = parse_options(argc, argv, &arguments);

	if (r != RT_GO_ON)
		return r;
	if (rt_sys_open(root && *root ? root : NULL, &sys, &err) < 0) {
		fprintf(stderr, NAME ": %s\n", err.text);
		return RT_EXIT_FAILED;
	}
	rt_log_open(&log, NAME, RT_LOG_INFO, false);
	r = run(&sys, &log, &arguments, &partly, &err);
	if (r < 0)
		rt_log_err(&log, "%s", err.text);
	rt_log_close(&log);
	rt_sys_close(&sys);
	if (r < 0)
		return RT_EXIT_FAILED;
	return partly ? RT_EXIT_PARTLY : RT_EXIT_DONE;
}
