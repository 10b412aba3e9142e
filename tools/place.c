/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* place.c - kvmrt-place: where should these guests go? */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/config/config_diff.h"
#include "host/reconcile.h"
#include "host/store.h"
#include "host/topology_kernel.h"
#include "common/config_lock.h"
#include "common/place_edit.h"
#include "common/place_show.h"

static const char help[] =
	"Usage: kvmrt-place [OPTION]... GUEST...\n"
	"Pick CPUs for guests so that kvmrt-validate-config has as little as "
	"possible\n"
	"against them, and show the section.\n"
	"\n"
	"      --vcpus N          how many vCPUs; default: as its section or "
	"definition\n"
	"                         says\n"
	"      --service N        how many service CPUs; default: as many as "
	"it has, or 1\n"
	"      --device BDF       pass this device, too; may be given several "
	"times\n"
	"      --rt BOOL          real-time or not; default: as its section "
	"says, yes\n"
	"                         for a new guest\n"
	"      --uuid UUID        of a guest that neither the file nor libvirt "
	"has yet\n"
	"  -w, --write            write it into the file\n"
	"  -c, --connect URI      libvirt, if not qemu:///system\n"
	"  -f, --file FILE        the configuration, if not /etc/kvmrt.cfg\n"
	"      --root DIR         the host whose /sys, /proc and /etc are "
	"below DIR\n"
	"      --topology SOURCE  the host that an hwloc XML file or a "
	"synthetic\n"
	"                         description (\"pack:2 core:8 pu:2\") "
	"describes\n"
	"      --json             print JSON\n"
	"  -v, --verbose          show descriptions and accepted warnings, "
	"too\n"
	"  -h, --help             print this help and exit\n"
	"  -V, --version          print the version and exit\n"
	"\n"
	"A value for one of several guests is written GUEST=VALUE. Exit "
	"status: 0 done,\n"
	"1 nothing fits or it failed, 2 usage, 3 the configuration has "
	"errors.\n";

struct placer {
	const struct rt_tool *tool;
	const struct rt_options *options;
	const char *uri;
	bool write;
	struct rt_values values[RT_ASKED_WHATS];
	struct rt_asked *asked;
	struct rt_place_request *requests;
	size_t n;
	struct rt_loaded loaded;
	struct rt_editor editor;
	bool has_editor;
	struct rt_config_lock lock;
	struct rt_journal journal;
	const struct rt_guest **running;
	size_t n_running;
	bool hidden; /* the record: only root may read it */
};

/* --- the command line --- */

/* The guest that "GUEST=VALUE" names; NULL: all of them. */
static struct rt_asked *find_asked(const struct placer *placer,
				   const char *value, size_t len)
{
	for (size_t i = 0; i < placer->n; i++)
		if (strlen(placer->asked[i].word) == len &&
		    memcmp(placer->asked[i].word, value, len) == 0)
			return &placer->asked[i];
	return NULL;
}

static int take_value(struct placer *placer, enum rt_asked_what what,
		      const char *value)
{
	/* No value has one, a name may. */
	const char *equals = strrchr(value, '=');
	const char *text = equals ? equals + 1 : value;
	struct rt_asked *one = NULL;
	struct rt_err err;

	if (equals) {
		one = find_asked(placer, value, (size_t)(equals - value));
		if (!one)
			return rt_usage_error(
				placer->tool,
				"--%s '%s': the guest is not among those that "
				"are to be placed",
				rt_asked_names[what], value);
	} else if (placer->n > 1 &&
		   (what == RT_ASKED_DEVICE || what == RT_ASKED_UUID)) {
		return rt_usage_error(placer->tool,
				      "--%s: several guests, so write "
				      "--%s GUEST=%s",
				      rt_asked_names[what],
				      rt_asked_names[what], value);
	}
	for (size_t i = 0; i < placer->n; i++) {
		if (one && one != &placer->asked[i])
			continue;
		if (rt_asked_take(&placer->asked[i], what, text, &err) < 0)
			return rt_usage_error(placer->tool, "--%s: %s",
					      rt_asked_names[what], err.text);
	}
	return RT_GO_ON;
}

/* Those for all guests first: one guest's own value wins. */
static int take_values(struct placer *placer)
{
	for (unsigned own = 0; own < 2; own++)
		for (enum rt_asked_what what = 0; what < RT_ASKED_WHATS; what++)
			for (size_t i = 0; i < placer->values[what].n; i++) {
				const char *value =
					placer->values[what].items[i];
				int r;

				if ((strchr(value, '=') != NULL) != (own == 1))
					continue;
				r = take_value(placer, what, value);
				if (r != RT_GO_ON)
					return r;
			}
	return RT_GO_ON;
}

static int read_command(struct placer *placer)
{
	const struct rt_options *options = placer->options;

	if (!options->n_guests)
		return rt_usage_error(placer->tool,
				      "which guest? write its name");
	placer->asked = calloc(options->n_guests, sizeof(*placer->asked));
	placer->requests = calloc(options->n_guests, sizeof(*placer->requests));
	if (!placer->asked || !placer->requests) {
		struct rt_err err;

		rt_fail_memory(&err);
		return rt_tool_failed(placer->tool, &err);
	}
	for (size_t i = 0; i < options->n_guests; i++) {
		const char *word = options->guests[i];

		if (find_asked(placer, word, strlen(word)))
			return rt_usage_error(placer->tool,
					      "guest '%s' is named twice",
					      word);
		placer->asked[placer->n++].word = word;
	}
	if (placer->write && options->topology && !options->file)
		return rt_usage_error(placer->tool,
				      "--topology is another host's: write -f "
				      "FILE with --write");
	return take_values(placer);
}

/* --- the host and the file --- */

/* Guests that run keep the CPUs that they have. */
static int read_running(struct placer *placer, struct rt_err *err)
{
	struct rt_sys *sys = &placer->loaded.sys;
	int r;

	if (placer->options->topology)
		return 0;
	r = rt_store_peek(sys, &placer->journal, NULL, err);
	placer->hidden = r == -EACCES;
	if (placer->hidden)
		return 0;
	if (r < 0)
		return r;
	placer->running =
		calloc(placer->journal.n_active + 1, sizeof(*placer->running));
	if (!placer->running)
		return rt_fail_memory(err);
	for (size_t i = 0; i < placer->journal.n_active; i++) {
		const struct rt_active *active = &placer->journal.active[i];

		if (rt_reconcile_is_alive(sys, active))
			placer->running[placer->n_running++] = &active->guest;
	}
	return 0;
}

static int check_stopped(const struct placer *placer,
			 const struct rt_asked *asked, struct rt_err *err)
{
	for (size_t i = 0; i < placer->n_running; i++) {
		const struct rt_guest *guest = placer->running[i];

		if (strcmp(guest->uuid, asked->uuid) == 0)
			return rt_fail(err, 0,
				       "it runs on CPUs %s, and a running "
				       "guest is not moved: shut it down first",
				       rt_cpuset_text(&guest->cpuset).text);
	}
	return 0;
}

/* A cpuset that this host has not got is what placing is for. */
static bool is_readable(const struct placer *placer)
{
	const struct rt_report *report = &placer->loaded.report;

	for (size_t i = 0; i < report->n; i++) {
		const struct rt_finding *f = &report->items[i];
		bool asked = false;

		for (size_t k = 0; k < placer->n; k++)
			asked |= strcmp(f->guest, placer->asked[k].word) == 0;
		if (f->severity == RT_ERROR &&
		    !(asked && strcmp(f->code, "bad-cpuset") == 0))
			return false;
	}
	return !report->failed;
}

static int edit(struct placer *placer, const struct rt_asking *asking,
		struct rt_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < placer->n; i++) {
		struct rt_asked *asked = &placer->asked[i];

		r = rt_asked_find(asking, asked, err);
		for (size_t k = 0; r == 0 && k < i; k++)
			if (strcmp(placer->asked[k].uuid, asked->uuid) == 0)
				r = rt_fail(err, 0, "it is named twice");
		if (r == 0)
			r = check_stopped(placer, asked, err);
		if (r == 0)
			r = rt_asked_apply(asking, asked, &placer->requests[i],
					   err);
		if (r < 0)
			return rt_wrap(err, "guest '%s'",
				       rt_cut_text(asked->word).text);
	}
	return r;
}

/* --- the answer --- */

static int refuse(struct placer *placer, struct rt_placing *placing,
		  struct rt_err *err)
{
	struct rt_report report = { 0 };
	int r = rt_placing_refuse(placing, &report, err);

	if (r == 0) {
		(void)rt_show_refusal(placer->tool, &report);
		r = RT_EXIT_FAILED;
	}
	rt_report_fini(&report);
	return r;
}

static int write_file(struct placer *placer, const char *text,
		      struct rt_err *err)
{
	struct rt_loaded *loaded = &placer->loaded;

	return rt_config_file_write(&loaded->sys, &loaded->file, text,
				    strlen(text), err);
}

static int print(const struct placer *placer, struct rt_placed *placed,
		 struct rt_err *err)
{
	struct rt_loaded with = placer->loaded; /* borrowed, but for guests */
	struct rt_report ignored = { 0 };
	RT_AUTO_STRBUF out = { 0 };
	int r = rt_guests_resolve(&placer->editor.config, &with.topo,
				  &with.guests, &ignored, err);

	rt_report_fini(&ignored);
	if (r < 0)
		return r;
	placed->loaded = &with;
	if (placer->options->json)
		rt_placed_json(placed, &out);
	else
		rt_placed_show(placed, &out);
	rt_guests_fini(&with.guests);
	return rt_show_write(&out, stdout, "standard output", err);
}

/* The places go into the text, and perhaps into the file. */
static int settle(struct placer *placer, const struct rt_asking *asking,
		  struct rt_placed *placed, struct rt_err *err)
{
	RT_AUTO_FREE char *before = strdup(placer->loaded.file.text);
	RT_AUTO_FREE char *text = NULL;
	RT_AUTO_STRBUF diff = { 0 };
	int r = before ? 0 : rt_fail_memory(err);

	for (size_t i = 0; r == 0 && i < placer->n; i++)
		r = rt_asked_settle(asking, &placer->asked[i],
				    &placed->found[0].cpus[i], err);
	if (r == 0)
		r = rt_editor_text(&placer->editor, &text, err);
	if (r < 0)
		return r;
	rt_config_diff(before, text, &diff);
	if (diff.failed)
		return rt_fail_memory(err);
	placed->diff = diff.text ? diff.text : "";
	if (placer->write && *placed->diff) {
		r = write_file(placer, text, err);
		placed->written = r == 0;
	}
	return r < 0 ? r : print(placer, placed, err);
}

static int find(struct placer *placer, const struct rt_asking *asking,
		struct rt_err *err)
{
	struct rt_config config = placer->editor.config; /* borrowed */
	const struct rt_loaded *loaded = &placer->loaded;
	const struct rt_place place = {
		.config = &config,
		.topo = &loaded->topo,
		.facts = loaded->has_facts ? &loaded->facts : NULL,
		.running = placer->running,
		.n_running = placer->n_running,
		.requests = placer->requests,
		.n = placer->n,
	};
	struct rt_placement found[2] = { 0 };
	struct rt_placed placed = {
		.options = placer->options,
		.place = &place,
		.found = found,
		.path = loaded->file.path,
		.hidden = placer->hidden,
	};
	struct rt_placing *placing;
	int r;

	config.file = loaded->file.path;
	r = rt_placing_open(&place, &placing, err);
	if (r < 0)
		return r;
	placed.placing = placing;
	r = rt_placing_find(placing, found, &placed.n_found, err);
	if (r == 0)
		r = placed.n_found ? settle(placer, asking, &placed, err) :
				     refuse(placer, placing, err);
	for (size_t i = 0; i < placed.n_found; i++)
		rt_placement_fini(&found[i]);
	rt_placing_close(placing);
	return r;
}

static int run(struct placer *placer)
{
	struct rt_loaded *loaded = &placer->loaded;
	struct rt_asking asking = {
		.editor = &placer->editor,
		.topo = &loaded->topo,
		.uri = placer->uri,
	};
	struct rt_err err;
	int r = rt_load(placer->options, loaded, &err);

	if (r < 0)
		return rt_load_failed(placer->tool, loaded, &err);
	if (!is_readable(placer))
		return rt_show_refusal(placer->tool, &loaded->report);
	asking.file = loaded->file.path;
	if (placer->write)
		r = rt_config_lock_take(&loaded->sys, &loaded->file,
					&placer->lock, &err);
	if (r == 0 && loaded->has_facts)
		r = rt_kernel_caches(&loaded->sys, &loaded->topo, &err);
	if (r == 0)
		r = rt_editor_open(loaded->file.text, loaded->file.len,
				   &placer->editor, &err);
	placer->has_editor = r == 0;
	if (r == 0)
		r = read_running(placer, &err);
	if (r == 0)
		r = edit(placer, &asking, &err);
	if (r == 0)
		r = find(placer, &asking, &err);
	return r < 0 ? rt_tool_failed(placer->tool, &err) : r;
}

static void placer_fini(struct placer *placer)
{
	rt_config_lock_release(&placer->lock);
	if (placer->has_editor)
		rt_editor_fini(&placer->editor);
	for (size_t i = 0; i < placer->n; i++)
		rt_pci_set_fini(&placer->asked[i].devices);
	for (unsigned i = 0; i < RT_ASKED_WHATS; i++)
		free(placer->values[i].items);
	free(placer->asked);
	free(placer->requests);
	free(placer->running);
	rt_journal_fini(&placer->journal);
	rt_load_fini(&placer->loaded);
}

int main(int argc, char **argv)
{
	struct placer placer = { .lock.fd = -1 };
	const struct rt_option own[] = {
		{ .name = "vcpus", .values = &placer.values[RT_ASKED_VCPUS] },
		{ .name = "service",
		  .values = &placer.values[RT_ASKED_SERVICE] },
		{ .name = "device", .values = &placer.values[RT_ASKED_DEVICE] },
		{ .name = "rt", .values = &placer.values[RT_ASKED_RT] },
		{ .name = "uuid", .values = &placer.values[RT_ASKED_UUID] },
		{ .letter = 'w', .name = "write", .on = &placer.write },
		{ .letter = 'c', .name = "connect", .value = &placer.uri },
	};
	struct rt_options options;
	const struct rt_tool tool = {
		.name = "kvmrt-place",
		.help = help,
		.takes = RT_TAKES_JSON | RT_TAKES_TOPOLOGY | RT_TAKES_GUESTS,
		.options = own,
		.n = sizeof(own) / sizeof(own[0]),
		.given = &options,
	};
	int status = rt_options_parse(&tool, argc, argv, &options);

	if (status == RT_GO_ON) {
		placer.tool = &tool;
		placer.options = &options;
		options.new_file = true;
		status = read_command(&placer);
	}
	if (status == RT_GO_ON)
		status = run(&placer);
	placer_fini(&placer);
	return status;
}
