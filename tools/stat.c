/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stat.c - kvmrt-stat: is each guest really real-time now? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/adopt.h"
#include "common/show.h"
#include "common/stat.h"

#define WATCH_SECONDS 2

static const char help[] =
	"Usage: kvmrt-stat [OPTION]... [GUEST]...\n"
	"Show what is in force for each guest of kvmrt.cfg or of the record "
	"(or the\n"
	"named): tuned, degraded (what is missing), disturbed (what was "
	"repaired, when,\n"
	"by whom: known while kvmrt-agent runs), running or off.\n"
	"\n"
	"      --all         disabled guests, too\n"
	"  -t, --threads     each thread: role, CPUs, last CPU, policy, time "
	"waited\n"
	"      --watch       again every two seconds, on a terminal\n"
	"  -f, --file FILE   the configuration, if not /etc/kvmrt.cfg\n"
	"      --json        machine-readable\n"
	"      --openmetrics the same for Prometheus\n"
	"      --root DIR    examine a captured host\n"
	"  -v, --verbose     all repairs, not only the last ones\n"
	"  -h, --help        show this help and exit\n"
	"  -V, --version     show the version and exit\n"
	"\n"
	"Exit status: 0 every real-time guest that runs is tuned, 1 failed, "
	"or only root\n"
	"may see it, 2 usage, 3 the configuration has errors, 4 a real-time "
	"guest is not\n"
	"as it should be, 5 kvmrt-agent does not run, and a real-time guest "
	"does.\n";

static bool is_named(const struct rt_options *options,
		     const struct rt_guest *guest)
{
	char uuid[RT_UUID_LEN + 1];

	for (size_t i = 0; i < options->n_guests; i++) {
		const char *name = options->guests[i];

		if (strcmp(name, guest->name) == 0 ||
		    (rt_uuid_parse(name, uuid) &&
		     strcmp(uuid, guest->uuid) == 0))
			return true;
	}
	return false;
}

static int check_names(const struct rt_stat *stat, struct rt_err *err)
{
	const struct rt_options *options = stat->options;

	for (size_t i = 0; i < options->n_guests; i++) {
		const char *name = options->guests[i];
		unsigned pid;

		if (!rt_load_find(stat->loaded, name) &&
		    !rt_stat_is_on_record(&stat->scanned.journal, name) &&
		    (stat->loaded->file.exists ||
		     rt_guest_pid(&stat->loaded->sys, name, &pid, err) < 0))
			return rt_fail(err, 0, "%s has no guest '%s'",
				       stat->loaded->file.path, name);
	}
	return 0;
}

static void show_guest(struct rt_stat *stat, const struct rt_guest *guest,
		       struct rt_strbuf *out)
{
	if (stat->options->json)
		rt_stat_guest_json(stat, guest);
	else
		rt_stat_guest(stat, guest, out);
}

static void show_all(struct rt_stat *stat, struct rt_strbuf *out)
{
	const struct rt_options *options = stat->options;
	bool any = false;

	if (options->json)
		rt_stat_open_json(stat, out);
	else
		rt_stat_host(stat, out);
	for (size_t i = 0; i < stat->shown.n; i++) {
		const struct rt_guest *guest = stat->shown.items[i];

		if (options->n_guests && !is_named(options, guest))
			continue;
		show_guest(stat, guest, out);
		any = true;
	}
	if (options->json)
		rt_stat_close_json(stat, out);
	else if (!any)
		rt_strbuf_adds(out, "No guest is in kvmrt.cfg or on record.\n");
}

/*
 * The guests are shown as far as the record can be read; stderr says what is
 * missing.
 */
static void tell_damage(const struct rt_stat *stat)
{
	struct rt_report report = { 0 };

	rt_journal_report(&stat->scanned.journal,
			  "/" RT_STORE_DIR "/journal.damaged by the next scan",
			  &report);
	for (size_t i = 0; i < report.n; i++)
		fprintf(stderr, "kvmrt-stat: %s\n", report.items[i].message);
	rt_report_fini(&report);
}

static int look_once(struct rt_stat *stat, bool metrics, struct rt_err *err)
{
	RT_AUTO_STRBUF out = { 0 };
	int r = rt_stat_look(stat, err);

	if (r == 0)
		r = check_names(stat, err);
	if (r < 0)
		goto out;
	if (!stat->watch)
		tell_damage(stat);
	if (stat->watch)
		rt_strbuf_adds(&out, "\033[H\033[J");
	if (metrics)
		rt_stat_metrics(stat, &out);
	else
		show_all(stat, &out);
	r = rt_show_write(&out, stdout, "standard output", err);
out:
	rt_stat_fini(stat);
	return r;
}

static int run(struct rt_stat *stat, bool metrics, struct rt_err *err)
{
	const struct timespec pause = { .tv_sec = WATCH_SECONDS };
	int r = 0;

	while (r == 0) {
		r = look_once(stat, metrics, err);
		if (!stat->watch)
			break;
		nanosleep(&pause, NULL);
	}
	return r;
}

int main(int argc, char **argv)
{
	struct rt_stat stat = { .program = "kvmrt-stat" };
	bool metrics = false;
	const struct rt_option own[] = {
		{ .name = "all", .on = &stat.all },
		{ .letter = 't', .name = "threads", .on = &stat.threads },
		{ .name = "watch", .on = &stat.watch },
		{ .name = "openmetrics", .on = &metrics },
	};
	struct rt_options options;
	const struct rt_tool tool = {
		.name = "kvmrt-stat",
		.help = help,
		.takes = RT_TAKES_JSON | RT_TAKES_GUESTS,
		.options = own,
		.n = 4,
		.given = &options,
	};
	struct rt_loaded loaded;
	struct rt_err err;
	int status = rt_options_parse(&tool, argc, argv, &options);

	if (status != RT_GO_ON)
		return status;
	if (stat.watch && (options.json || !isatty(STDOUT_FILENO)))
		return rt_usage_error(&tool, "--watch is for a terminal");
	if (metrics &&
	    (options.json || options.n_guests || stat.watch || stat.threads))
		return rt_usage_error(&tool, "--openmetrics is of all guests, "
					     "and goes with no other form");
	options.may_lack_file = true;
	stat.options = &options;
	stat.loaded = &loaded;
	stat.colour = rt_show_has_colour(stdout);
	if (rt_load(&options, &loaded, &err) < 0) {
		status = rt_load_failed(&tool, &loaded, &err);
	} else {
		if (!loaded.file.exists)
			fprintf(stderr,
				"kvmrt-stat: there is no %s; shown is what is "
				"on record and what runs\n",
				loaded.file.path);
		/* What is on record is in force all the same. */
		if (!loaded.readable)
			rt_show_errors(&loaded.report);
		status = rt_load_check(&loaded, false, &err) < 0 ||
					 run(&stat, metrics, &err) < 0 ?
				 rt_tool_failed(&tool, &err) :
			 metrics ? RT_EXIT_DONE :
				   rt_stat_status(&stat);
	}
	rt_load_fini(&loaded);
	return status;
}
