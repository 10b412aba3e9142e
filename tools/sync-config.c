/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sync-config.c - kvmrt-sync-config: file and definitions say the same */
#include <stdio.h>
#include <string.h>

#include "virt/sync.h"
#include "common/each.h"
#include "common/load.h"
#include "common/prune.h"
#include "common/show.h"

static const char help[] =
	"Usage: kvmrt-sync-config [OPTION]... [GUEST]...\n"
	"Make libvirt's definitions of the guests (all in kvmrt.cfg, or the "
	"named)\n"
	"what the file says. What the file does not speak of stays as it is.\n"
	"\n"
	"  -r, --reverse     the other way: make the file say what libvirt "
	"has\n"
	"  -q, --query       change nothing, only ask: exit status 0 when all "
	"are\n"
	"                    in step, 1 when not\n"
	"      --prune       remove the sections of guests (all, or the named) "
	"that\n"
	"                    libvirt has not got, and do nothing else\n"
	"  -c, --connect URI libvirt, if not qemu:///system\n"
	"  -f, --file FILE   the configuration, if not /etc/kvmrt.cfg\n"
	"      --json        machine-readable\n"
	"      --root DIR    work on a captured host's configuration\n"
	"  -v, --verbose     name guests that were in step\n"
	"  -h, --help        show this help and exit\n"
	"  -V, --version     show the version and exit\n"
	"\n"
	"Exit status: 0 done, 1 failed, 2 usage, 3 the configuration has "
	"errors,\n"
	"4 partly done.\n";

static const char *word_of(enum rt_sync_did did, enum rt_sync_how how)
{
	switch (did) {
	case RT_SYNC_WAS_IN_STEP:
		return "in step";
	case RT_SYNC_DIFFERS:
		return "differs";
	case RT_SYNC_DEFINED:
		return "definition changed";
	case RT_SYNC_TAKEN:
		return how == RT_SYNC_PULL ? "file changed" : "edit taken";
	case RT_SYNC_LATER:
		return "put off";
	}
	return "";
}

struct job {
	struct rt_sync sync;
	enum rt_sync_how how;
	struct rt_each each;
	bool prune; /* sections are removed, and nothing is put in step */
	bool any_differs, any_told;
	const struct rt_guest **guests;
	const char **uuids; /* theirs */
	size_t n;
};

static void failed(struct job *job, const char *uuid, const char *name,
		   const struct rt_err *err)
{
	const struct rt_did did = { uuid, name, "", NULL, err, false };

	rt_each_add(&job->each, &did);
}

static void add(struct job *job, const struct rt_guest *guest)
{
	struct rt_err err;

	if (guest->disabled) {
		rt_fail(&err, 0, "it is disabled in the file");
		failed(job, guest->uuid, guest->name, &err);
		return;
	}
	job->guests[job->n] = guest;
	job->uuids[job->n++] = guest->uuid;
}

static void add_named(struct job *job, const struct rt_loaded *loaded,
		      const char *name)
{
	const struct rt_guest *guest = rt_load_find(loaded, name);
	struct rt_err err;

	if (guest) {
		add(job, guest);
		return;
	}
	rt_fail(&err, 0, "%s has no such guest", loaded->file.path);
	failed(job, "", name, &err);
}

static void ended(void *data, size_t i, enum rt_sync_did done,
		  const struct rt_report *report, const struct rt_err *failure)
{
	struct job *job = data;
	const struct rt_did did = {
		.uuid = job->guests[i]->uuid,
		.name = job->guests[i]->name,
		.did = word_of(done, job->how),
		.quiet = done == RT_SYNC_WAS_IN_STEP,
		.report = report,
		.failure = failure,
	};

	if (done == RT_SYNC_DIFFERS || done == RT_SYNC_LATER)
		job->any_differs = true;
	job->any_told |= !did.quiet;
	rt_each_add(&job->each, &did);
}

static int prune_each(struct job *job, const struct rt_prune *prune,
		      struct rt_err *err)
{
	int r = job->each.options->n_guests ? 0 :
					      rt_prune_may_take_all(prune, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < job->n; i++) {
		const struct rt_guest *guest = job->guests[i];
		struct rt_did did = { .uuid = guest->uuid,
				      .name = guest->name,
				      .did = "section removed" };
		struct rt_err why;

		r = rt_prune_is_stale(prune, guest, &why);
		if (r == 0) {
			did.did = "section kept: libvirt has a guest of its "
				  "UUID or name";
			did.quiet = !job->each.options->n_guests;
		} else if (r < 0 ||
			   rt_prune_section(prune, guest->uuid, &why) < 0) {
			did.failure = &why;
		}
		job->any_told |= !did.quiet;
		rt_each_add(&job->each, &did);
	}
	return 0;
}

static const char *nothing_to_do(const struct job *job)
{
	return !job->n	  ? "kvmrt.cfg has no guest" :
	       job->prune ? "libvirt has each guest, by its UUID or its name" :
			    "all are in step";
}

static int sync_all(struct job *job, const struct rt_tool *tool,
		    const struct rt_options *options, struct rt_loaded *loaded)
{
	const struct rt_prune prune = { options, loaded, job->sync.virt };
	const size_t most = options->n_guests + loaded->guests.n + 1;
	RT_AUTO_FREE const struct rt_guest **guests =
		calloc(most, sizeof(*guests));
	RT_AUTO_FREE const char **uuids = calloc(most, sizeof(*uuids));
	const struct rt_sync_ended notify = { ended, job };
	struct rt_err err;
	int r;

	if (!guests || !uuids) {
		rt_fail_memory(&err);
		return rt_tool_failed(tool, &err);
	}
	job->guests = guests;
	job->uuids = uuids;
	rt_each_begin(&job->each, tool, options);
	for (size_t i = 0; i < options->n_guests; i++)
		add_named(job, loaded, options->guests[i]);
	for (size_t i = 0; !options->n_guests && i < loaded->guests.n; i++) {
		if (!loaded->guests.items[i].disabled)
			add(job, &loaded->guests.items[i]);
	}
	r = job->prune ? prune_each(job, &prune, &err) :
			 rt_sync_guests(&job->sync, job->how, uuids, job->n,
					&notify, &err);
	if (r < 0) {
		rt_strbuf_fini(&job->each.out);
		return rt_tool_failed(tool, &err);
	}
	if (!options->json && !options->verbose && !job->each.failed &&
	    !job->any_told)
		printf("nothing to do: %s\n", nothing_to_do(job));
	if (!job->prune && job->each.failed)
		rt_prune_offer(&prune, guests, job->n);
	return rt_each_end(&job->each);
}

static int run(const struct rt_tool *tool, const struct rt_options *options,
	       struct rt_loaded *loaded, const char *uri, enum rt_sync_how how,
	       bool prune)
{
	struct job job = { .how = how, .prune = prune };
	struct rt_virt virt;
	struct rt_err err;
	int status;

	if (rt_virt_open(uri, &virt, &err) < 0)
		return rt_tool_failed(tool, &err);
	job.sync.sys = &loaded->sys;
	job.sync.virt = &virt;
	job.sync.topo = &loaded->topo;
	job.sync.file = options->file;
	status = sync_all(&job, tool, options, loaded);
	rt_virt_close(&virt);
	if (how == RT_SYNC_ASK && status == RT_EXIT_DONE && job.any_differs)
		return RT_EXIT_FAILED;
	return status;
}

int main(int argc, char **argv)
{
	const char *uri = NULL;
	bool reverse = false, query = false, prune = false;
	const struct rt_option own[] = {
		{ .letter = 'r', .name = "reverse", .on = &reverse },
		{ .letter = 'q', .name = "query", .on = &query },
		{ .name = "prune", .on = &prune },
		{ .letter = 'c', .name = "connect", .value = &uri },
	};
	struct rt_options options;
	const struct rt_tool tool = {
		.name = "kvmrt-sync-config",
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
	if (reverse + query + prune > 1)
		return rt_usage_error(&tool,
				      "-r, -q and --prune exclude each other");
	if (rt_load(&options, &loaded, &err) < 0) {
		status = rt_load_failed(&tool, &loaded, &err);
	} else if (!loaded.readable) {
		status = rt_show_refusal(&tool, &loaded.report);
	} else {
		status = run(&tool, &options, &loaded, uri,
			     query   ? RT_SYNC_ASK :
			     reverse ? RT_SYNC_PULL :
				       RT_SYNC_PUSH,
			     prune);
	}
	rt_load_fini(&loaded);
	return status;
}
