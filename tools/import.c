/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* import.c - kvmrt-import: libvirt's guests into kvmrt.cfg */
#include <stdio.h>
#include <string.h>

#include "host/topology.h"
#include "virt/sync.h"
#include "common/each.h"
#include "common/show.h"

static const char help[] =
	"Usage: kvmrt-import [OPTION]... [GUEST]...\n"
	"Take libvirt's guests (all, or the named) into kvmrt.cfg. A guest "
	"that\n"
	"is new there is not real-time and starts as it did before.\n"
	"\n"
	"  -n, --dry-run     write nothing, show what would change in the "
	"file\n"
	"  -u, --update      guests that are there already too: the "
	"definition\n"
	"                    decides\n"
	"  -c, --connect URI libvirt, if not qemu:///system\n"
	"  -f, --file FILE   the configuration, if not /etc/kvmrt.cfg\n"
	"      --json        machine-readable\n"
	"      --root DIR    work on a captured host's configuration\n"
	"  -v, --verbose     name guests that were known already\n"
	"  -h, --help        show this help and exit\n"
	"  -V, --version     show the version and exit\n"
	"\n"
	"Exit status: 0 done, 1 failed, 2 usage, 3 the configuration has "
	"errors,\n"
	"4 partly done.\n";

struct import {
	const struct rt_options *options;
	struct rt_sys sys;
	struct rt_topo topo;
	struct rt_virt virt;
	struct rt_virt_guests all;
	struct rt_config config; /* as the file was */
	struct rt_each each;
	bool update, dry_run;
	bool no_file;			     /* it cannot be read */
	bool refused;			     /* the configuration has errors */
	const struct rt_virt_guest **guests; /* to be taken in */
	const char **uuids;		     /* theirs */
	char *path;			     /* of the file */
	size_t n;
};

/* A file that cannot be read is an error, and not one without guests. */
static int read_config(struct import *import, struct rt_err *err)
{
	struct rt_report report = { 0 };
	struct rt_config_file file;
	int r = rt_config_file_read_or_new(&import->sys, import->options->file,
					   &file, err);

	import->no_file = r < 0;
	if (r < 0)
		return r;
	r = rt_config_parse(file.text, file.len, file.path, &import->config,
			    &report, err);
	import->refused = r == 0 && rt_report_errors(&report);
	if (import->refused)
		r = rt_fail(err, 0,
			    "%s has errors, so nothing is added to it; "
			    "kvmrt-validate-config shows them",
			    file.path);
	rt_report_fini(&report);
	import->path = strdup(file.path);
	rt_config_file_fini(&file);
	return r == 0 && !import->path ? rt_fail_memory(err) : r;
}

static bool is_known(const struct import *import, const char *uuid)
{
	return rt_config_find(&import->config, uuid) != NULL;
}

/* Guests that need nothing are reported at once. */
static void add(struct import *import, const struct rt_virt_guest *guest)
{
	struct rt_did did = { .uuid = guest->uuid, .name = guest->name };

	if (!guest->persistent) {
		did.did = "transient, skipped";
	} else if (is_known(import, guest->uuid) && !import->update) {
		did.did = "known already";
		did.quiet = !import->options->n_guests;
	} else {
		import->guests[import->n] = guest;
		import->uuids[import->n++] = guest->uuid;
		return;
	}
	rt_each_add(&import->each, &did);
}

static void ended(void *data, size_t i, enum rt_sync_did done,
		  const struct rt_report *report, const struct rt_err *failure)
{
	struct import *import = data;
	const bool known = is_known(import, import->uuids[i]);
	const struct rt_did did = {
		.uuid = import->uuids[i],
		.name = import->guests[i]->name,
		.did = known && done != RT_SYNC_TAKEN ? "in step" :
		       import->dry_run ? (known ? "would be updated" :
						  "would be imported") :
		       known	       ? "updated" :
					 "imported",
		/* For a new one the word "imported" says all. */
		.report = known ? report : NULL,
		.failure = failure,
	};

	rt_each_add(&import->each, &did);
}

static const struct rt_virt_guest *find(const struct import *import,
					const char *name)
{
	char uuid[RT_UUID_LEN + 1];
	const bool is_uuid = rt_uuid_parse(name, uuid);

	for (size_t i = 0; i < import->all.n; i++) {
		const struct rt_virt_guest *guest = &import->all.items[i];

		if (strcmp(guest->name, name) == 0 ||
		    (is_uuid && strcmp(guest->uuid, uuid) == 0))
			return guest;
	}
	return NULL;
}

static void add_named(struct import *import, const char *name)
{
	const struct rt_virt_guest *guest = find(import, name);
	struct rt_err err;
	const struct rt_did did = { "", name, "", NULL, &err, false };

	if (guest) {
		add(import, guest);
		return;
	}
	rt_fail(&err, 0,
		"libvirt has no such guest; 'virsh list --all' shows "
		"what it has");
	rt_each_add(&import->each, &did);
}

static int run(struct import *import, struct rt_err *err)
{
	const struct rt_options *options = import->options;
	const size_t most = options->n_guests + import->all.n + 1;
	RT_AUTO_FREE const struct rt_virt_guest **guests =
		calloc(most, sizeof(*guests));
	RT_AUTO_FREE const char **uuids = calloc(most, sizeof(*uuids));
	RT_AUTO_STRBUF diff = { 0 };
	struct rt_sync sync = {
		.sys = &import->sys,
		.virt = &import->virt,
		.topo = &import->topo,
		.file = options->file,
	};
	const struct rt_sync_ended notify = { ended, import };
	int r;

	if (!guests || !uuids)
		return rt_fail_memory(err);
	import->guests = guests;
	import->uuids = uuids;
	for (size_t i = 0; i < options->n_guests; i++)
		add_named(import, options->guests[i]);
	for (size_t i = 0; !options->n_guests && i < import->all.n; i++)
		add(import, &import->all.items[i]);
	if (import->dry_run)
		sync.diff = &diff;
	r = rt_sync_guests(&sync, RT_SYNC_PULL, uuids, import->n, &notify, err);
	if (r < 0 || (!diff.len && !diff.failed) || options->json)
		return r;
	printf("--- %s\n+++ %s (not written)\n", import->path, import->path);
	return rt_show_write(&diff, stdout, "standard output", err);
}

int main(int argc, char **argv)
{
	struct import import = { 0 };
	const char *uri = NULL;
	const struct rt_option own[] = {
		{ .letter = 'n', .name = "dry-run", .on = &import.dry_run },
		{ .letter = 'u', .name = "update", .on = &import.update },
		{ .letter = 'c', .name = "connect", .value = &uri },
	};
	struct rt_options options;
	const struct rt_tool tool = {
		.name = "kvmrt-import",
		.help = help,
		.takes = RT_TAKES_JSON | RT_TAKES_GUESTS,
		.options = own,
		.n = 3,
		.given = &options,
	};
	struct rt_err err;
	int status = rt_options_parse(&tool, argc, argv, &options);
	int r;

	if (status != RT_GO_ON)
		return status;
	import.options = &options;
	if (rt_sys_open(options.root, &import.sys, &err) < 0)
		return rt_tool_failed(&tool, &err);
	r = rt_topology_load(&import.sys, &import.topo, &err);
	if (r == 0)
		r = rt_virt_open(uri, &import.virt, &err);
	if (r == 0) {
		rt_each_begin(&import.each, &tool, &options);
		r = read_config(&import, &err);
		if (r == 0)
			r = rt_virt_list(&import.virt, &import.all, &err);
		if (r == 0)
			r = run(&import, &err);
		if (r == 0)
			status = rt_each_end(&import.each);
		rt_config_fini(&import.config);
		rt_virt_guests_fini(&import.all);
		rt_virt_close(&import.virt);
	}
	rt_strbuf_fini(&import.each.out);
	free(import.path);
	rt_topo_fini(&import.topo);
	rt_sys_close(&import.sys);
	if (r < 0) {
		status = import.no_file ? rt_file_failed(&tool, &err) :
					  rt_tool_failed(&tool, &err);
		if (import.refused)
			status = RT_EXIT_REFUSED;
	}
	return status;
}
