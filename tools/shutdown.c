/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* shutdown.c - kvmrt-shutdown: end guests, restore the host */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/each.h"
#include "common/load.h"
#include "common/parallel.h"
#include "common/power.h"
#include "common/retune.h"
#include "common/show.h"

#define FORCE_SECONDS 60u
#define SECONDS	      120u

static const char help[] =
	"Usage: kvmrt-shutdown [OPTION]... [GUEST]...\n"
	"Shut down the guests of kvmrt.cfg that run (or the named), all at the "
	"same\n"
	"time, and restore what no guest needs any more.\n"
	"\n"
	"      --force       power off guests that still run after the "
	"timeout\n"
	"  -t, --timeout S   how many seconds to wait for the guests (120)\n"
	"  -c, --connect URI libvirt, if not qemu:///system\n"
	"  -f, --file FILE   the configuration, if not /etc/kvmrt.cfg\n"
	"      --json        machine-readable\n"
	"      --root DIR    work on a captured host's configuration\n"
	"  -v, --verbose     one guest after the other\n"
	"  -h, --help        show this help and exit\n"
	"  -V, --version     show the version and exit\n"
	"\n"
	"Exit status: 0 done, 1 failed, 2 usage, 3 the configuration has "
	"errors,\n"
	"4 partly done.\n";

struct victim {
	const struct rt_guest *guest;
	bool waiting;
	unsigned long long since; /* rt_now_ms */
};

struct ending {
	const struct rt_options *options;
	const char *uri;
	bool force;
	unsigned seconds;
	struct rt_loaded loaded;
	struct rt_virt virt;
	struct rt_each each;
	struct victim *items;
	size_t n;
	unsigned ticks;
	bool terminal;
};

/* --- one guest, in a child --- */

static int end_one(void *data, size_t i, struct rt_err *err)
{
	const struct ending *ending = data;
	const char *uuid = ending->items[i].guest->uuid;
	struct rt_err ignored;
	struct rt_virt virt;
	bool off = false;
	int r = rt_virt_open(ending->uri, &virt, err);

	if (r < 0)
		return r;
	r = rt_virt_shutdown(&virt, uuid, err);
	if (r == 0)
		r = rt_wait_off(&virt, uuid, ending->seconds, &off, err);
	/* A guest that cannot be asked may have ended by itself. */
	else if (rt_wait_off(&virt, uuid, 0, &off, &ignored) == 0 && off)
		r = 0;
	if (!off && ending->force)
		r = rt_power_off(&virt, uuid, FORCE_SECONDS, err);
	else if (r == 0 && !off)
		r = rt_fail(err, 0,
			    "it still runs after %u s; --force powers it off",
			    ending->seconds);
	rt_virt_close(&virt);
	return r;
}

/* --- all of them --- */

static void begun(void *data, size_t i)
{
	struct ending *ending = data;

	ending->items[i].waiting = true;
	ending->items[i].since = rt_now_ms();
}

static unsigned long long seconds_of(const struct victim *victim)
{
	return (rt_now_ms() - victim->since) / 1000;
}

static void ended(void *data, size_t i, int r, const struct rt_err *err)
{
	struct ending *ending = data;
	struct victim *victim = &ending->items[i];
	char text[64];
	const struct rt_did did = {
		.uuid = victim->guest->uuid,
		.name = victim->guest->name,
		.did = text,
		.failure = r < 0 ? err : NULL,
	};

	victim->waiting = false;
	snprintf(text, sizeof(text), "off after %llu s", seconds_of(victim));
	rt_each_add(&ending->each, &did);
}

/*
 * Every five seconds, show which guests are waited for, so that it does not
 * seem to hang.
 */
static void tick(void *data)
{
	struct ending *ending = data;
	bool any = false;

	if (++ending->ticks % 5 || !ending->terminal || ending->options->json)
		return;
	fprintf(stderr, "waiting for");
	for (size_t i = 0; i < ending->n; i++) {
		const struct victim *victim = &ending->items[i];

		if (!victim->waiting)
			continue;
		fprintf(stderr, "%s %s (%llu s)", any ? "," : "",
			victim->guest->name, seconds_of(victim));
		any = true;
	}
	fprintf(stderr, "\n");
}

static int choose(struct ending *ending, struct rt_err *err)
{
	const struct rt_options *options = ending->options;
	const struct rt_guests *guests = &ending->loaded.guests;
	int r = 0;

	for (size_t i = 0; i < options->n_guests; i++) {
		if (!rt_load_find(&ending->loaded, options->guests[i]))
			return rt_fail(err, 0, "%s has no guest '%s'",
				       ending->loaded.file.path,
				       options->guests[i]);
	}
	ending->items = calloc(guests->n + 1, sizeof(*ending->items));
	if (!ending->items)
		return rt_fail_memory(err);
	for (size_t i = 0; r == 0 && i < guests->n; i++) {
		const struct rt_guest *guest = &guests->items[i];
		bool wanted = !options->n_guests && !guest->disabled;
		struct rt_virt_guest found;

		for (size_t k = 0; k < options->n_guests; k++)
			wanted = wanted ||
				 rt_load_find(&ending->loaded,
					      options->guests[k]) == guest;
		if (!wanted)
			continue;
		r = rt_virt_find(&ending->virt, guest->uuid, &found, err);
		if (r == -ENOENT) {
			r = 0;
			continue;
		}
		if (r == 0 && !rt_is_off(found.state))
			ending->items[ending->n++].guest = guest;
		if (r == 0)
			rt_virt_guest_fini(&found);
	}
	return r;
}

static int end_all(struct ending *ending, const struct rt_tool *tool,
		   struct rt_err *err)
{
	struct rt_parallel work = {
		.run = end_one,
		.begun = begun,
		.ended = ended,
		.tick = tick,
		.data = ending,
	};
	struct rt_report report = { 0 };
	int status, r = choose(ending, err);

	if (r < 0)
		return rt_tool_failed(tool, err);
	rt_each_begin(&ending->each, tool, ending->options);
	work.n = ending->n;
	work.at_once = ending->options->verbose ? 1 : ending->n;
	if (!work.n && !ending->options->json)
		printf("nothing to do: no guest %s runs\n",
		       ending->options->n_guests ? "of those named" :
						   "of kvmrt.cfg");
	if (work.n)
		r = rt_parallel(&work, err);
	status = rt_each_end(&ending->each);
	/* Guests that run stay as they are; the rest is restored. */
	if (r == 0)
		r = rt_retune(&ending->loaded, &ending->virt, NULL, 0, &report,
			      err);
	rt_retune_tell(tool, ending->options->verbose, &report);
	rt_report_fini(&report);
	if (r == 0)
		return status;
	(void)rt_tool_told(tool, err);
	return ending->each.done ? RT_EXIT_PARTLY : RT_EXIT_FAILED;
}

static int run(struct ending *ending, const struct rt_tool *tool)
{
	struct rt_err err;
	int status;

	if (rt_load(ending->options, &ending->loaded, &err) < 0)
		return rt_load_failed(tool, &ending->loaded, &err);
	if (!ending->loaded.readable) {
		return rt_show_refusal(tool, &ending->loaded.report);
	}
	if (rt_virt_open(ending->uri, &ending->virt, &err) < 0)
		return rt_tool_failed(tool, &err);
	status = end_all(ending, tool, &err);
	rt_virt_close(&ending->virt);
	return status;
}

static bool parse_seconds(const char *text, unsigned *ret)
{
	const size_t n = strspn(text, "0123456789");

	/* Five digits: no number of them is too large for its type. */
	if (!n || n > 5 || text[n])
		return false;
	*ret = (unsigned)strtoul(text, NULL, 10);
	return *ret <= 86400;
}

int main(int argc, char **argv)
{
	struct ending ending = { .seconds = SECONDS };
	const char *seconds = NULL;
	const struct rt_option own[] = {
		{ .name = "force", .on = &ending.force },
		{ .letter = 't', .name = "timeout", .value = &seconds },
		{ .letter = 'c', .name = "connect", .value = &ending.uri },
	};
	struct rt_options options;
	const struct rt_tool tool = {
		.name = "kvmrt-shutdown",
		.help = help,
		.takes = RT_TAKES_JSON | RT_TAKES_GUESTS,
		.options = own,
		.n = 3,
		.given = &options,
	};
	int status = rt_options_parse(&tool, argc, argv, &options);

	if (status != RT_GO_ON)
		return status;
	if (seconds && !parse_seconds(seconds, &ending.seconds))
		return rt_usage_error(&tool,
				      "'%s' is not a number of seconds: write "
				      "it without a unit, such as -t 30",
				      seconds);
	ending.options = &options;
	ending.terminal = isatty(STDERR_FILENO);
	status = run(&ending, &tool);
	free(ending.items);
	rt_load_fini(&ending.loaded);
	return status;
}
