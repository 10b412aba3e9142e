/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stat.c - kvmrt-stat: is each guest really real-time now? */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/adopt.h"
#include "host/probe.h"
#include "common/agent_client.h"
#include "common/scan.h"
#include "common/show.h"
#include "common/stat.h"

#define WATCH_SECONDS 2
#define EXIT_AGENT    5 /* nobody guards the real-time guests that run */

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

/* One may be on record, and not in the file any more. */
static bool is_on_record(const struct rt_journal *journal, const char *name)
{
	char uuid[RT_UUID_LEN + 1];

	for (size_t i = 0; i < journal->n_active; i++) {
		if (strcmp(journal->active[i].guest.name, name) == 0)
			return true;
	}
	return rt_uuid_parse(name, uuid) &&
	       rt_journal_find_guest(journal, uuid);
}

static int check_names(const struct rt_stat *stat, struct rt_err *err)
{
	const struct rt_options *options = stat->options;

	for (size_t i = 0; i < options->n_guests; i++) {
		const char *name = options->guests[i];
		unsigned pid;

		if (!rt_load_find(stat->loaded, name) &&
		    !is_on_record(&stat->scanned.journal, name) &&
		    (stat->loaded->file.exists ||
		     rt_guest_pid(&stat->loaded->sys, name, &pid, err) < 0))
			return rt_fail(err, 0, "%s has no guest '%s'",
				       stat->loaded->file.path, name);
	}
	return 0;
}

/* One that does not answer guards nobody. */
static void ask_agent(struct rt_stat *stat)
{
	RT_AUTO_FREE char *answer = NULL;
	struct rt_err err;
	int r = rt_agent_ask(&stat->loaded->sys, "status", &answer, &err);

	stat->agent_dead =
		r == -ENOENT || r == -ECONNREFUSED || r == -ETIMEDOUT;
	if (r == 0)
		stat->agent = json_tokener_parse(answer);
	else if (r != -ENOENT && r != -ECONNREFUSED && r != -EACCES &&
		 r != -ENOTSUP)
		fprintf(stderr, "kvmrt-stat: %s\n", err.text);
}

bool rt_stat_is_unknown(const struct rt_stat *stat,
			const struct rt_guest *guest)
{
	unsigned pid;

	return !rt_scanned_state(&stat->scanned, guest->uuid) &&
	       rt_guest_runs(&stat->loaded->sys, guest->name, &pid);
}

static bool is_shown(const struct rt_stat *stat, const struct rt_guest *guest)
{
	if (stat->options->n_guests)
		return is_named(stat->options, guest);
	return stat->all || !guest->disabled ||
	       rt_scanned_state(&stat->scanned, guest->uuid) ||
	       rt_stat_is_unknown(stat, guest);
}

static bool show_guest(struct rt_stat *stat, const struct rt_guest *guest,
		       struct rt_strbuf *out)
{
	const struct rt_guest_state *state =
		rt_scanned_state(&stat->scanned, guest->uuid);

	if (!is_shown(stat, guest))
		return false;
	/* The record says what is in force, whatever the file says by now. */
	if (state)
		guest = &state->active->guest;
	if (stat->options->json)
		rt_stat_guest_json(stat, guest);
	else
		rt_stat_guest(stat, guest, out);
	return true;
}

/*
 * Without a file nobody has said which guests matter, so all that run are
 * shown: libvirt has a file for each, named by the guest.
 */
static bool show_others(struct rt_stat *stat, struct rt_strbuf *out)
{
	RT_AUTO_NAMES names = { 0 };
	struct rt_err ignored;
	bool any = false;

	if (stat->loaded->file.exists ||
	    rt_guests_running(&stat->loaded->sys, &names, &ignored) < 0)
		return false;
	for (size_t i = 0; i < names.n; i++) {
		struct rt_guest guest = { .name = names.items[i] };

		if (!is_on_record(&stat->scanned.journal, guest.name))
			any |= show_guest(stat, &guest, out);
	}
	return any;
}

static void show_all(struct rt_stat *stat, struct rt_strbuf *out)
{
	const struct rt_guests *guests = &stat->loaded->guests;
	const struct rt_states *states = &stat->scanned.states;
	bool any = false;

	if (stat->options->json)
		rt_stat_open_json(stat, out);
	else
		rt_stat_host(stat, out);
	for (size_t i = 0; i < guests->n; i++)
		any |= show_guest(stat, &guests->items[i], out);
	for (size_t i = 0; i < states->n; i++) {
		const struct rt_guest *guest = &states->items[i].active->guest;

		if (!rt_guests_find(guests, guest->uuid))
			any |= show_guest(stat, guest, out);
	}
	any |= show_others(stat, out);
	if (stat->options->json)
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

static int look_once(struct rt_stat *stat, struct rt_err *err)
{
	RT_AUTO_STRBUF out = { 0 };
	int r = rt_scan(stat->loaded, &stat->scanned, err);

	if (r < 0)
		return r;
	r = check_names(stat, err);
	if (r < 0)
		goto out;
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
out:
	rt_scanned_fini(&stat->scanned);
	memset(&stat->scanned, 0, sizeof(stat->scanned));
	return r;
}

static int run(struct rt_stat *stat, struct rt_err *err)
{
	const struct timespec pause = { .tv_sec = WATCH_SECONDS };
	int r = 0;

	while (r == 0) {
		stat->any_bad = stat->any_hidden = stat->any_rt = false;
		r = look_once(stat, err);
		if (!stat->watch)
			break;
		nanosleep(&pause, NULL);
	}
	return r;
}

/* What is worst counts. */
static int status_of(const struct rt_stat *stat)
{
	if (stat->any_bad)
		return RT_EXIT_PARTLY;
	if (stat->any_rt && stat->agent_dead)
		return EXIT_AGENT;
	if (!stat->loaded->readable)
		return RT_EXIT_REFUSED;
	return stat->any_hidden ? RT_EXIT_FAILED : RT_EXIT_DONE;
}

int main(int argc, char **argv)
{
	struct rt_stat stat = { 0 };
	const struct rt_option own[] = {
		{ .name = "all", .on = &stat.all },
		{ .letter = 't', .name = "threads", .on = &stat.threads },
		{ .name = "watch", .on = &stat.watch },
	};
	struct rt_options options;
	const struct rt_tool tool = {
		.name = "kvmrt-stat",
		.help = help,
		.takes = RT_TAKES_JSON | RT_TAKES_GUESTS,
		.options = own,
		.n = 3,
		.given = &options,
	};
	struct rt_loaded loaded;
	struct rt_err err;
	int status = rt_options_parse(&tool, argc, argv, &options);

	if (status != RT_GO_ON)
		return status;
	if (stat.watch && (options.json || !isatty(STDOUT_FILENO)))
		return rt_usage_error(&tool, "--watch is for a terminal");
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
		status = run(&stat, &err) < 0 ? rt_tool_failed(&tool, &err) :
						status_of(&stat);
	}
	rt_load_fini(&loaded);
	return status;
}
