/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sync_work.c - bring guests in step */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/store.h"
#include "host/topology.h"
#include "sync.h"

void dirty_fini(struct dirty *dirty)
{
	free(dirty->uuids);
	memset(dirty, 0, sizeof(*dirty));
}

void dirty_add(struct dirty *dirty, const char *uuid)
{
	char canonical[RT_UUID_LEN + 1];

	if (!rt_uuid_parse(uuid, canonical))
		return;
	for (size_t i = 0; i < dirty->n; i++) {
		if (strcmp(dirty->uuids[i], canonical) == 0)
			return;
	}
	/* Without memory all are checked, which is never wrong. */
	if (!rt_grow(&dirty->uuids, dirty->n, &dirty->size,
		     sizeof(dirty->uuids[0])))
		dirty->all = true;
	else
		memcpy(dirty->uuids[dirty->n++], canonical, sizeof(canonical));
}

void sync_add_starting(struct sync *sync)
{
	struct rt_journal journal;
	struct rt_err ignored;

	if (rt_store_peek(&sync->sys, &journal, NULL, &ignored) < 0)
		return;
	for (size_t i = 0; i < journal.n_active; i++) {
		if (journal.active[i].stage == RT_STAGE_PREPARED)
			dirty_add(&sync->dirty, journal.active[i].guest.uuid);
	}
	rt_journal_fini(&journal);
}

/*
 * The start has failed, and the hook did not undo it, because it was killed or
 * could not. A guest is paused before libvirt calls `prepare` (libvirt 6 to
 * 11), so a guest that is off is not starting. The agent undoes it if the
 * journal is still this one, since then no hook has run meanwhile.
 */
static void tell_if_off(struct sync *sync, const char *uuid,
			const struct stat *journal)
{
	struct rt_virt_guest guest;
	struct rt_err ignored = { 0 };

	if (rt_virt_find(&sync->virt, uuid, &guest, &ignored) < 0)
		return;
	if (guest.state == RT_VIRT_OFF)
		sync_tell(sync, "off %s %llu %llu", uuid,
			  (unsigned long long)journal->st_ino,
			  (unsigned long long)journal->st_size);
	rt_virt_guest_fini(&guest);
}

/*
 * Is this guest between prepare and started? Defining it then would wait for
 * its hook, and all other guests would wait, too.
 */
static bool is_starting(struct sync *sync, const char *uuid)
{
	struct rt_journal journal;
	const struct rt_active *active;
	bool starting = false;
	struct rt_err ignored;
	struct stat is;

	if (rt_store_peek(&sync->sys, &journal, &is, &ignored) < 0)
		return false;
	active = rt_journal_find_guest(&journal, uuid);
	if (active && active->stage == RT_STAGE_PREPARED) {
		starting = true;
		tell_if_off(sync, uuid, &is);
	}
	rt_journal_fini(&journal);
	return starting;
}

static void say(struct sync *sync, const struct rt_report *report)
{
	for (size_t i = 0; i < report->n; i++) {
		const struct rt_finding *f = &report->items[i];

		if (f->severity == RT_NOTE)
			rt_log_info(&sync->log, "guest '%s': %s", f->guest,
				    f->message);
		else
			rt_log_warn(&sync->log, "guest '%s': %s", f->guest,
				    f->message);
	}
}

static const char *text_of(enum rt_sync_did did)
{
	switch (did) {
	case RT_SYNC_WAS_IN_STEP:
		return "in step";
	case RT_SYNC_DIFFERS:
		return "differs";
	case RT_SYNC_DEFINED:
		return "in step, the definition followed kvmrt.cfg";
	case RT_SYNC_TAKEN:
		return "in step, an edit was taken into kvmrt.cfg";
	case RT_SYNC_LATER:
		return "differs, put in step when it is off";
	}
	return "";
}

/* A hook that refused because of a stale definition left this file. */
static void forget_stale(const char *uuid)
{
	char path[128];

	snprintf(path, sizeof(path), "/" RT_STORE_DIR "/stale-%s", uuid);
	(void)unlink(path);
}

static void put_in_step(struct sync *sync, const char *uuid)
{
	struct rt_sync with = {
		.sys = &sync->sys,
		.virt = &sync->virt,
		.topo = &sync->topo,
		.partials = &sync->partials,
	};
	struct rt_report report = { 0 };
	enum rt_sync_did did = RT_SYNC_WAS_IN_STEP;
	struct rt_err err = { 0 };
	int r = rt_sync_guest(&with, uuid, RT_SYNC_BOTH, &did, &report, &err);

	say(sync, &report);
	rt_report_fini(&report);
	if (r == 0) {
		forget_stale(uuid);
		sync_tell(sync, "guest %s %s", uuid, text_of(did));
	} else if (r == -ENOENT) {
		rt_log_warn(&sync->log, "guest %s: %s", uuid, err.text);
		sync_tell(sync, "guest %s %s", uuid, err.text);
	} else {
		/* Our own define comes back as an event: it was said then. */
		if (r != -EALREADY)
			rt_log_warn(&sync->log, "guest %s: not put in step: %s",
				    uuid, err.text);
		sync_tell(sync, "guest %s not in step: %s", uuid, err.text);
	}
}

/* Sections that are enabled; of the rest only what was asked for. */
static int add_sections(struct sync *sync, struct dirty *work,
			struct rt_err *err)
{
	struct rt_report report = { 0 };
	struct rt_config_file file;
	struct rt_config config;
	int r = rt_config_file_read_or_new(&sync->sys, NULL, &file, err);

	if (r < 0)
		return r;
	r = rt_config_parse(file.text, file.len, file.path, &config, &report,
			    err);
	if (r == 0 && rt_report_errors(&report)) {
		r = rt_fail(err, 0,
			    "%s has errors, so nothing is put in step; "
			    "kvmrt-validate-config shows them",
			    file.path);
		rt_config_fini(&config);
	} else if (r == 0) {
		size_t n = 0;

		for (size_t i = 0; sync->dirty.all && i < config.n; i++)
			dirty_add(work, config.sections[i].uuid);
		/* Guests that are not ours, or are to be ignored. */
		for (size_t i = 0; i < work->n; i++) {
			const struct rt_section *section =
				rt_config_find(&config, work->uuids[i]);

			if (section && !section->disabled)
				memmove(work->uuids[n++], work->uuids[i],
					sizeof(work->uuids[0]));
		}
		work->n = n;
		rt_config_fini(&config);
	}
	rt_report_fini(&report);
	rt_config_file_fini(&file);
	return r;
}

static void load_topology(struct sync *sync)
{
	struct rt_topo topo;
	struct rt_err err = { 0 };

	if (rt_topology_load(&sync->sys, &topo, &err) < 0) {
		rt_log_warn(&sync->log, "%s", err.text);
		return;
	}
	rt_topo_fini(&sync->topo);
	sync->topo = topo;
}

bool sync_work(struct sync *sync)
{
	struct dirty work = sync->dirty;
	struct rt_err err = { 0 };
	int r;

	sync->dirty = (struct dirty){ .all = work.all };
	r = add_sections(sync, &work, &err);
	sync->dirty.all = false;
	if (r < 0) {
		rt_log_warn(&sync->log, "%s", err.text);
		dirty_fini(&work);
		return false;
	}
	if (work.n)
		load_topology(sync);
	for (size_t i = 0; i < work.n && !sync->lost; i++) {
		if (is_starting(sync, work.uuids[i]))
			dirty_add(&sync->dirty, work.uuids[i]);
		else
			put_in_step(sync, work.uuids[i]);
	}
	dirty_fini(&work);
	return sync->dirty.n || sync->dirty.all;
}
