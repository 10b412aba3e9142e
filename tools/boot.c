/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* boot.c - kvmrt-boot: validate, bring in step, start */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "virt/sync.h"
#include "common/each.h"
#include "common/load.h"
#include "common/parallel.h"
#include "common/power.h"
#include "common/prune.h"
#include "common/retune.h"
#include "common/show.h"

#define END_SECONDS 10
#define AT_ONCE	    8

static const char help[] =
	"Usage: kvmrt-boot [OPTION]... [GUEST]...\n"
	"Start the guests that kvmrt.cfg marks with autostart (or all, or the "
	"named)\n"
	"in the order of the file. Those that run already, with autostart or "
	"not, are\n"
	"tuned again, as the file is now. A guest with a fault harms no "
	"other.\n"
	"\n"
	"      --all         all guests that are not disabled\n"
	"      --clean       none may be running, and no error is tolerated: "
	"after\n"
	"                    one, what was started is ended again\n"
	"  -c, --connect URI libvirt, if not qemu:///system\n"
	"  -f, --file FILE   the configuration, if not /etc/kvmrt.cfg\n"
	"      --json        machine-readable\n"
	"      --root DIR    work on a captured host's configuration\n"
	"  -v, --verbose     say more\n"
	"  -h, --help        show this help and exit\n"
	"  -V, --version     show the version and exit\n"
	"\n"
	"Exit status: 0 done, 1 failed, 2 usage, 3 the configuration has "
	"errors,\n"
	"4 partly done.\n";

struct candidate {
	const struct rt_guest *guest;
	bool running;
	bool refused; /* `err` says why it is left alone; the others go on */
	bool ended;   /* its start, successful (r == 0) or not */
	int r;
	struct rt_err err;
};

struct boot {
	const struct rt_options *options;
	const char *uri;
	bool all, clean, terminal;
	bool failed; /* one of them */
	struct rt_loaded loaded;
	struct rt_virt virt;
	struct rt_each each;
	struct candidate *items;
	size_t n;
};

/* --- who --- */

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

static int check_names(const struct boot *boot, struct rt_err *err)
{
	for (size_t i = 0; i < boot->options->n_guests; i++) {
		const char *name = boot->options->guests[i];
		const struct rt_guest *guest =
			rt_load_find(&boot->loaded, name);

		if (!guest)
			return rt_fail(err, 0, "%s has no guest '%s'",
				       boot->loaded.file.path, name);
		if (guest->disabled)
			return rt_fail(err, 0, "guest '%s' is disabled in %s",
				       guest->name, boot->loaded.file.path);
	}
	return 0;
}

static bool is_wanted(const struct boot *boot, const struct rt_guest *guest,
		      bool running)
{
	return boot->options->n_guests || boot->all || running ||
	       guest->section->autostart;
}

/* A fault in the file is its guest's alone. */
static void judge(const struct boot *boot, struct candidate *item)
{
	const struct rt_report *report = &boot->loaded.report;

	for (size_t i = 0; !item->refused && i < report->n; i++) {
		const struct rt_finding *f = &report->items[i];

		if (f->severity != RT_ERROR ||
		    strcmp(f->guest, item->guest->name) != 0)
			continue;
		item->refused = true;
		item->r = rt_fail(&item->err, 0, "%s:%u: %s%s%s%s", f->file,
				  f->line, f->message, *f->hint ? " (" : "",
				  f->hint, *f->hint ? ")" : "");
	}
}

/* Is there an error that is not one guest's? */
static bool any_common_error(const struct rt_loaded *loaded)
{
	bool common = loaded->report.failed;

	for (size_t i = 0; i < loaded->report.n; i++) {
		const struct rt_finding *f = &loaded->report.items[i];

		common |= f->severity == RT_ERROR &&
			  (!*f->guest || !rt_load_find(loaded, f->guest));
	}
	return common;
}

static int consider(struct boot *boot, const struct rt_guest *guest,
		    struct rt_err *err)
{
	struct candidate *item = &boot->items[boot->n];
	struct rt_virt_guest found;
	int r = rt_virt_find(&boot->virt, guest->uuid, &found, err);

	*item = (struct candidate){ .guest = guest };
	if (r == 0) {
		item->running = !rt_is_off(found.state);
		rt_virt_guest_fini(&found);
	}
	/* One that libvirt has not got fails when its start begins. */
	if (r == -ENOTCONN || !is_wanted(boot, guest, item->running))
		return r == -ENOTCONN ? r : 0;
	if (r < 0 && r != -ENOENT) {
		item->refused = true;
		item->r = r;
		item->err = *err;
	}
	judge(boot, item);
	boot->n++;
	return 0;
}

static int choose(struct boot *boot, struct rt_err *err)
{
	const struct rt_guests *guests = &boot->loaded.guests;
	int r = check_names(boot, err);

	boot->items = calloc(guests->n + 1, sizeof(*boot->items));
	if (!boot->items)
		return rt_fail_memory(err);
	for (size_t i = 0; r == 0 && i < guests->n; i++) {
		const struct rt_guest *guest = &guests->items[i];

		if (!guest->disabled && (!boot->options->n_guests ||
					 is_named(boot->options, guest)))
			r = consider(boot, guest, err);
	}
	return r;
}

/* --clean: not one of the file's guests, wanted or not. */
static int refuse_running(struct boot *boot, struct rt_err *err)
{
	const struct rt_guests *guests = &boot->loaded.guests;

	for (size_t i = 0; i < guests->n; i++) {
		struct rt_virt_guest found;
		enum rt_virt_state state;
		int r;

		if (guests->items[i].disabled)
			continue;
		r = rt_virt_find(&boot->virt, guests->items[i].uuid, &found,
				 err);
		if (r == -ENOENT)
			continue;
		if (r < 0)
			return r;
		state = found.state;
		rt_virt_guest_fini(&found);
		if (!rt_is_off(state))
			return rt_fail(err, 0,
				       "guest '%s' is running; --clean starts "
				       "from a host without any "
				       "(kvmrt-shutdown)",
				       guests->items[i].name);
	}
	return 0;
}

/* --- start --- */

/* In a child, with a connection of its own. */
static int start_one(void *data, size_t i, struct rt_err *err)
{
	struct boot *boot = data;
	const struct rt_guest *guest = boot->items[i].guest;
	struct rt_sync sync = {
		.sys = &boot->loaded.sys,
		.topo = &boot->loaded.topo,
		.file = boot->options->file,
	};
	struct rt_report report = { 0 };
	enum rt_sync_did did;
	struct rt_virt virt;
	int r;

	/* Whether it was tuned again. */
	if (boot->items[i].running || boot->items[i].refused) {
		*err = boot->items[i].err;
		return boot->items[i].r;
	}
	if (boot->clean && boot->failed)
		return rt_fail(err, 0,
			       "not started, because another guest failed");
	r = rt_virt_open(boot->uri, &virt, err);
	if (r < 0)
		return r;
	sync.virt = &virt;
	r = rt_sync_guest(&sync, guest->uuid, RT_SYNC_PUSH, &did, &report, err);
	if (r == 0)
		r = rt_virt_start(&virt, guest->uuid, err);
	rt_report_fini(&report);
	rt_virt_close(&virt);
	return r;
}

static void begun_one(void *data, size_t i)
{
	const struct boot *boot = data;

	if (!boot->items[i].running && !boot->items[i].refused &&
	    !boot->options->json && (boot->terminal || boot->options->verbose))
		fprintf(stderr, "%s: starting\n", boot->items[i].guest->name);
}

static void add_did(struct boot *boot, const struct candidate *item)
{
	const struct rt_did did = {
		.uuid = item->guest->uuid,
		.name = item->guest->name,
		.did = item->running ? "runs already, tuned again" : "started",
		.failure = item->r < 0 ? &item->err : NULL,
	};

	rt_each_add(&boot->each, &did);
}

/* With --clean it is not known yet whether it stays. */
static void started_one(void *data, size_t i, int r, const struct rt_err *err)
{
	struct boot *boot = data;
	struct candidate *item = &boot->items[i];

	item->ended = true;
	item->r = r;
	item->err = *err;
	boot->failed |= r < 0;
	if (!boot->clean)
		add_did(boot, item);
}

static int start_all(struct boot *boot, struct rt_err *err)
{
	const struct rt_parallel work = {
		.n = boot->n,
		.at_once = AT_ONCE,
		.run = start_one,
		.begun = begun_one,
		.ended = started_one,
		.data = boot,
	};

	return rt_parallel(&work, err);
}

static bool is_started(const struct candidate *item)
{
	return item->ended && item->r == 0 && !item->running;
}

/* --clean is all or nothing. Returns how many could not be ended. */
static unsigned end_started(struct boot *boot)
{
	unsigned left = 0;

	for (size_t i = boot->n; i-- > 0;) {
		struct candidate *item = &boot->items[i];
		struct rt_err err;

		if (!is_started(item))
			continue;
		if (rt_power_off(&boot->virt, item->guest->uuid, END_SECONDS,
				 &err) < 0) {
			item->r = rt_fail(&item->err, 0,
					  "it is started and could not be "
					  "powered off again: %s",
					  err.text);
			left++;
			continue;
		}
		item->r = rt_fail(&item->err, 0,
				  "powered off again, because another guest "
				  "failed");
	}
	return left;
}

static int finish_clean(struct boot *boot, bool failed)
{
	const unsigned left = failed ? end_started(boot) : 0;
	int status;

	for (size_t i = 0; i < boot->n; i++) {
		if (boot->items[i].ended)
			add_did(boot, &boot->items[i]);
	}
	status = rt_each_end(&boot->each);
	return left ? RT_EXIT_PARTLY : status;
}

/* --- retune --- */

static int retune(struct boot *boot, const struct rt_tool *tool,
		  struct rt_err *err)
{
	RT_AUTO_FREE struct rt_retuned *running =
		calloc(boot->n + 1, sizeof(*running));
	struct rt_report report = { 0 };
	size_t n = 0;
	int r;

	if (!running)
		return rt_fail_memory(err);
	for (size_t i = 0; i < boot->n; i++) {
		if (boot->items[i].running && !boot->items[i].refused)
			running[n++].guest = boot->items[i].guest;
	}
	if (!n && !boot->clean)
		return 0;
	r = rt_retune(&boot->loaded, &boot->virt, running, n, &report, err);
	rt_retune_tell(tool, boot->options->verbose, &report);
	rt_report_fini(&report);
	n = 0;
	for (size_t i = 0; i < boot->n; i++) {
		if (!boot->items[i].running || boot->items[i].refused)
			continue;
		boot->items[i].r = running[n].r;
		boot->items[i].err = running[n++].err;
	}
	return r;
}

/* Of those that could not be started, libvirt may not have got some. */
static void offer_to_prune(struct boot *boot)
{
	const struct rt_prune prune = { boot->options, &boot->loaded,
					&boot->virt };
	RT_AUTO_FREE const struct rt_guest **failed =
		calloc(boot->n + 1, sizeof(*failed));
	size_t n = 0;

	for (size_t i = 0; failed && i < boot->n; i++) {
		if (boot->items[i].r < 0)
			failed[n++] = boot->items[i].guest;
	}
	rt_prune_offer(&prune, failed, n);
}

static int boot_guests(struct boot *boot, const struct rt_tool *tool,
		       struct rt_err *err)
{
	int status;
	int r = boot->clean ? refuse_running(boot, err) : 0;

	if (r == 0)
		r = choose(boot, err);
	if (r == 0)
		r = retune(boot, tool, err);
	if (r < 0)
		return rt_tool_failed(tool, err);
	rt_each_begin(&boot->each, tool, boot->options);
	if (!boot->n && !boot->options->json)
		printf("nothing to do: %s\n",
		       boot->loaded.guests.n ?
			       "no guest has autostart, and none runs (--all "
			       "starts all)" :
			       "kvmrt.cfg has no guest");
	r = start_all(boot, err);
	if (boot->clean)
		status = finish_clean(boot, r < 0 || boot->failed);
	else
		status = rt_each_end(&boot->each);
	offer_to_prune(boot);
	return r < 0 ? rt_tool_told(tool, err) : status;
}

static int run(struct boot *boot, const struct rt_tool *tool)
{
	struct rt_err err;
	int status;

	if (rt_load(boot->options, &boot->loaded, &err) < 0 ||
	    rt_load_check(&boot->loaded, false, &err) < 0)
		return rt_load_failed(tool, &boot->loaded, &err);
	if (boot->clean ?
		    rt_report_errors(&boot->loaded.report) :
		    !boot->loaded.readable || any_common_error(&boot->loaded)) {
		return rt_show_refusal(tool, &boot->loaded.report);
	}
	if (rt_virt_open(boot->uri, &boot->virt, &err) < 0)
		return rt_tool_failed(tool, &err);
	status = boot_guests(boot, tool, &err);
	rt_virt_close(&boot->virt);
	return status;
}

int main(int argc, char **argv)
{
	struct boot boot = { 0 };
	const struct rt_option own[] = {
		{ .name = "all", .on = &boot.all },
		{ .name = "clean", .on = &boot.clean },
		{ .letter = 'c', .name = "connect", .value = &boot.uri },
	};
	struct rt_options options;
	const struct rt_tool tool = {
		.name = "kvmrt-boot",
		.help = help,
		.takes = RT_TAKES_JSON | RT_TAKES_GUESTS,
		.options = own,
		.n = 3,
		.given = &options,
	};
	int status = rt_options_parse(&tool, argc, argv, &options);

	if (status != RT_GO_ON)
		return status;
	if (boot.all && options.n_guests)
		return rt_usage_error(&tool,
				      "--all and named guests exclude each "
				      "other");
	boot.options = &options;
	boot.terminal = isatty(STDERR_FILENO);
	status = run(&boot, &tool);
	free(boot.items);
	rt_load_fini(&boot.loaded);
	return status;
}
