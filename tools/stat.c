/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stat.c - kvmrt-stat: is each guest really real-time now? */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/agent_client.h"
#include "common/scan.h"
#include "common/show.h"
#include "common/stat.h"

#define WATCH_SECONDS 2

static const char help[] =
	"Usage: kvmrt-stat [OPTION]... [GUEST]...\n"
	"Show whether each guest (all that run, or the named) is what "
	"kvmrt.cfg\n"
	"promises, now: tuned, degraded (what is missing), or disturbed (what "
	"was put\n"
	"right, when, by whom: known while kvmrt-agent runs).\n"
	"\n"
	"      --all         guests that do not run, too\n"
	"  -t, --threads     each thread: role, CPUs, last CPU, policy, time "
	"waited\n"
	"      --watch       again every two seconds, on a terminal\n"
	"  -f, --file FILE   the configuration, if not /etc/kvmrt.cfg\n"
	"      --json        machine-readable\n"
	"      --root DIR    examine a captured host\n"
	"  -v, --verbose     all repairs, not only the last ones\n"
	"  -h, --help        show this and end\n"
	"  -V, --version     show the version and end\n"
	"\n"
	"Exit status: 0 every real-time guest that runs is tuned, 1 failed, 2 "
	"usage,\n"
	"3 the configuration has errors, 4 a real-time guest is not as it "
	"should be.\n";

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
		if (!rt_load_find(stat->loaded, options->guests[i]))
			return rt_fail(err, 0, "%s has no guest '%s'",
				       stat->loaded->file.path,
				       options->guests[i]);
	}
	return 0;
}

/* Only a live host has an agent; without it the scan is all there is. */
static void ask_agent(struct rt_stat *stat)
{
	RT_AUTO_FREE char *answer = NULL;
	struct rt_err err;

	if (!stat->loaded->sys.live)
		return;
	if (rt_agent_ask("status", &answer, &err) == 0)
		stat->agent = json_tokener_parse(answer);
	else if (err.code != ENOENT && err.code != ECONNREFUSED &&
		 err.code != EACCES)
		fprintf(stderr, "kvmrt-stat: %s\n", err.text);
}

static bool is_shown(const struct rt_stat *stat, const struct rt_guest *guest)
{
	if (stat->options->n_guests)
		return is_named(stat->options, guest);
	return stat->all || rt_scanned_state(&stat->scanned, guest->uuid) ||
	       rt_stat_is_unknown(stat, guest);
}

static void show_all(struct rt_stat *stat, struct rt_strbuf *out)
{
	const struct rt_guests *guests = &stat->loaded->guests;
	bool any = false;

	if (stat->options->json)
		rt_stat_open_json(stat, out);
	else
		rt_stat_host(stat, out);
	for (size_t i = 0; i < guests->n; i++) {
		if (!is_shown(stat, &guests->items[i]))
			continue;
		any = true;
		if (stat->options->json)
			rt_stat_guest_json(stat, &guests->items[i]);
		else
			rt_stat_guest(stat, &guests->items[i], out);
	}
	if (stat->options->json)
		rt_stat_close_json(stat, out);
	else if (!any)
		rt_strbuf_adds(out, "No guest of kvmrt.cfg runs.\n");
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

static int look_once(struct rt_stat *stat, struct rt_err *err)
{
	RT_AUTO_STRBUF out = { 0 };
	int r = rt_scan(stat->loaded, &stat->scanned, err);

	if (r < 0)
		return r;
	if (!stat->watch)
		tell_damage(stat);
	ask_agent(stat);
	if (stat->watch)
		rt_strbuf_adds(&out, "\033[H\033[J");
	show_all(stat, &out);
	r = rt_show_write(&out, stdout, "standard output", err);
	if (stat->agent)
		json_object_put(stat->agent);
	stat->agent = NULL;
	rt_scanned_fini(&stat->scanned);
	memset(&stat->scanned, 0, sizeof(stat->scanned));
	return r;
}

static int run(struct rt_stat *stat, struct rt_err *err)
{
	const struct timespec pause = { .tv_sec = WATCH_SECONDS };
	int r = check_names(stat, err);

	while (r == 0) {
		stat->any_bad = false;
		r = look_once(stat, err);
		if (!stat->watch)
			break;
		nanosleep(&pause, NULL);
	}
	return r;
}

int main(int argc, char **argv)
{
	struct rt_stat stat = { 0 };
	const struct rt_option own[] = {
		{ .name = "all", .on = &stat.all },
		{ .letter = 't', .name = "threads", .on = &stat.threads },
		{ .name = "watch", .on = &stat.watch },
	};
	const struct rt_tool tool = {
		.name = "kvmrt-stat",
		.help = help,
		.takes = RT_TAKES_JSON | RT_TAKES_GUESTS,
		.options = own,
		.n = 3,
	};
	struct rt_options options;
	struct rt_loaded loaded;
	struct rt_err err;
	int status = rt_options_parse(&tool, argc, argv, &options);

	if (status != RT_GO_ON)
		return status;
	if (stat.watch && (options.json || !isatty(STDOUT_FILENO)))
		return rt_usage_error(&tool, "--watch is for a terminal");
	stat.options = &options;
	stat.loaded = &loaded;
	stat.colour = rt_show_has_colour(stdout);
	if (rt_load(&options, &loaded, &err) < 0) {
		status = rt_load_failed(&tool, &loaded, &err);
	} else if (!loaded.readable) {
		rt_show_errors(&loaded.report);
		status = RT_EXIT_REFUSED;
	} else if (run(&stat, &err) < 0) {
		status = rt_tool_failed(&tool, &err);
	} else {
		status = stat.any_bad ? RT_EXIT_PARTLY : RT_EXIT_DONE;
	}
	rt_load_fini(&loaded);
	return status;
}
