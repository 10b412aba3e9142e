/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sync.c - kvmrt.cfg and libvirt's definitions, made to say the same */
#include "sync_run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/baseline_file.h"

/* --- what was agreed --- */

static int record(struct rt_sync_job *job)
{
	struct rt_baseline says = { 0 };
	int r = rt_sync_job_texts(job, &says);

	if (r == 0)
		r = rt_sync_job_record(job, &says);
	rt_baseline_fini(&says);
	return r;
}

static int decide(struct rt_sync_job *job,
		  const struct rt_differences *differences,
		  enum rt_side *ret_side, const char **ret_why)
{
	struct rt_baseline agreed, now = { 0 };
	int r = rt_baseline_read(job->run->sync->sys, job->uuid, &agreed,
				 job->err);

	if (r < 0)
		return r;
	r = rt_sync_job_texts(job, &now);
	if (r == 0)
		*ret_side = rt_baseline_decide(
			&agreed, differences, now.section, now.domain,
			job->run->editor.config.edits, ret_why);
	rt_baseline_fini(&agreed);
	rt_baseline_fini(&now);
	return r;
}

/* --- pushing --- */

/* Can libvirt take it now? Reports it if not. */
static bool must_wait(struct rt_sync_job *job)
{
	const struct rt_section *section = rt_sync_job_section(job);

	if (!job->guest.persistent) {
		rt_sync_job_note(job, "transient",
				 "it is transient: its definition comes from "
				 "whoever started it, so nothing is changed");
		return true;
	}
	if (strcmp(job->guest.name, section->name) != 0 &&
	    job->guest.state != RT_VIRT_OFF) {
		rt_sync_job_note(job, "rename-later",
				 "libvirt can rename it only when it is off");
		return true;
	}
	return false;
}

void rt_sync_partials_fini(struct rt_sync_partials *partials)
{
	for (size_t i = 0; i < partials->n; i++) {
		rt_baseline_fini(&partials->items[i].is);
		free(partials->items[i].why);
	}
	free(partials->items);
	memset(partials, 0, sizeof(*partials));
}

static struct rt_sync_partial *find_partial(const struct rt_sync_job *job)
{
	const struct rt_sync_partials *partials = job->run->sync->partials;

	for (size_t i = 0; partials && i < partials->n; i++) {
		if (strcmp(partials->items[i].uuid, job->uuid) == 0)
			return &partials->items[i];
	}
	return NULL;
}

/* Without memory it is defined once more, and no harm done. */
static void remember_partial(struct rt_sync_job *job)
{
	struct rt_sync_partials *partials = job->run->sync->partials;
	struct rt_sync_partial *partial = find_partial(job);
	RT_AUTO_FREE char *why = strdup(job->err->text);

	if (!partials || !why)
		return;
	if (!partial && rt_grow(&partials->items, partials->n, &partials->size,
				sizeof(*partial))) {
		partial = &partials->items[partials->n++];
		memset(partial, 0, sizeof(*partial));
		memcpy(partial->uuid, job->uuid, sizeof(partial->uuid));
	}
	if (!partial)
		return;
	rt_baseline_fini(&partial->is);
	free(partial->why);
	partial->why = why;
	why = NULL;
	if (rt_sync_job_texts(job, &partial->is) < 0)
		rt_baseline_fini(&partial->is);
	rt_fail(job->err, 0, "%s", partial->why);
}

static int refuse_again(struct rt_sync_job *job)
{
	const struct rt_sync_partial *partial = find_partial(job);
	struct rt_baseline now = { 0 };
	int r;

	if (!partial || !partial->is.section || !partial->is.domain)
		return 0;
	r = rt_sync_job_texts(job, &now);
	if (r == 0 && strcmp(now.section, partial->is.section) == 0 &&
	    strcmp(now.domain, partial->is.domain) == 0)
		r = rt_fail(job->err, EALREADY, "%s", partial->why);
	rt_baseline_fini(&now);
	return r;
}

static int define(struct rt_sync_job *job)
{
	const struct rt_section *section = rt_sync_job_section(job);
	struct rt_report report = { 0 };
	RT_AUTO_FREE char *text = NULL;
	struct rt_guest guest;
	bool changed;
	int r = 0;

	if (strcmp(job->guest.name, section->name) != 0) {
		r = rt_virt_rename(job->run->sync->virt, job->uuid,
				   section->name, job->err);
		if (r == 0)
			r = rt_sync_job_read(job);
	}
	if (r < 0)
		return r;
	r = rt_guest_resolve(&job->run->editor.config, section,
			     job->run->sync->topo, &guest, &report, job->err);
	if (r < 0)
		return r;
	r = rt_domain_rewrite(job->xml, strlen(job->xml), &guest,
			      RT_REWRITE_ALL, &text, &changed, job->err);
	if (r == 0 && changed)
		r = rt_virt_define(job->run->sync->virt, job->uuid, text,
				   job->err);
	rt_guest_fini(&guest);
	rt_report_fini(&report);
	return r;
}

/*
 * libvirt normalises a definition, so only what it returns afterwards counts.
 */
static int verify(struct rt_sync_job *job)
{
	struct rt_differences left = { 0 };
	int r = rt_sync_job_read(job);

	if (r == 0)
		r = rt_sync_job_compare(job, &left);
	if (r == 0 && left.n) {
		r = rt_fail(
			job->err, 0,
			"libvirt did not store all of the new definition: %s",
			left.items[0].what);
		remember_partial(job);
	}
	rt_differences_fini(&left);
	return r < 0 ? r : record(job);
}

static int push(struct rt_sync_job *job,
		const struct rt_differences *differences, const char *why,
		enum rt_sync_did *ret_did)
{
	int r = rt_sync_run_check(job->run, job->uuid, job->err);

	if (r < 0)
		return r;
	if (must_wait(job)) {
		*ret_did = RT_SYNC_LATER;
		return 0;
	}
	r = refuse_again(job);
	if (r == 0)
		r = define(job);
	if (r == 0)
		rt_sync_job_note_all(job, why, differences, false);
	if (r == 0)
		r = verify(job);
	*ret_did = RT_SYNC_DEFINED;
	return r;
}

/* --- taking --- */

/* The definition's edits, when the configuration is valid with them. */
static int take(struct rt_sync_job *job)
{
	struct rt_sync_run *run = job->run;
	struct rt_err ignored;
	bool changed;
	int r = rt_import(&run->editor, &job->domain, run->sync->topo,
			  RT_IMPORT_EDITS, &changed, job->err);

	if (r < 0)
		return r;
	r = rt_sync_run_check(run, job->uuid, job->err);
	if (r < 0 && rt_editor_revert(&run->editor, job->uuid, &ignored) < 0)
		return rt_fail_memory(job->err);
	return r;
}

/* After that, what the configuration alone decides goes to libvirt. */
static int push_rest(struct rt_sync_job *job, enum rt_sync_did *ret_did)
{
	struct rt_differences rest = { 0 };
	enum rt_sync_did did = *ret_did;
	int r = rt_sync_job_compare(job, &rest);

	if (r == 0 && rest.n)
		r = push(job, &rest, NULL, &did);
	else if (r == 0)
		r = record(job);
	rt_differences_fini(&rest);
	return r;
}

static int take_edits(struct rt_sync_job *job,
		      const struct rt_differences *differences, const char *why,
		      enum rt_sync_did *ret_did)
{
	const struct rt_where where = { .guest = job->guest.name };
	int r = take(job);

	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		rt_report_add(job->report, RT_WARNING, "edit-refused", where,
			      NULL,
			      "the edit of its definition does not fit "
			      "kvmrt.cfg and is undone: %s",
			      job->err->text);
		return push(job, differences, "the edit does not fit kvmrt.cfg",
			    ret_did);
	}
	/* A file that cannot be written is no reason to undo the edit. */
	r = rt_sync_run_write(job->run, job->err);
	if (r < 0)
		return r;
	*ret_did = RT_SYNC_TAKEN;
	rt_sync_job_note_all(job, why, differences, true);
	return push_rest(job, ret_did);
}

/* --- one guest --- */

static int settle(struct rt_sync_job *job,
		  const struct rt_differences *differences,
		  enum rt_sync_did *ret_did)
{
	enum rt_side side = RT_SIDE_CONFIG;
	const char *why = "on request";
	int r = 0;

	*ret_did = RT_SYNC_WAS_IN_STEP;
	if (!differences->n)
		return job->run->how == RT_SYNC_ASK ? 0 : record(job);
	if (job->run->how == RT_SYNC_ASK) {
		*ret_did = RT_SYNC_DIFFERS;
		for (size_t i = 0; i < differences->n; i++)
			rt_sync_job_note(job, "differs",
					 differences->items[i].what);
		return 0;
	}
	if (job->run->how == RT_SYNC_BOTH)
		r = decide(job, differences, &side, &why);
	if (r < 0)
		return r;
	return side == RT_SIDE_DEFINITION ?
		       take_edits(job, differences, why, ret_did) :
		       push(job, differences, why, ret_did);
}

static int once(struct rt_sync_job *job, enum rt_sync_did *ret_did)
{
	struct rt_sync_run *run = job->run;
	struct rt_differences differences = { 0 };
	int r = rt_sync_run_open(run, job->err);

	if (r == 0 && !rt_sync_job_section(job))
		r = rt_fail(job->err, 0, "%s has no section [%s]",
			    run->file.path, job->uuid);
	if (r == 0)
		r = rt_sync_job_read(job);
	if (r == 0)
		r = rt_sync_job_compare(job, &differences);
	if (r == 0)
		r = settle(job, &differences, ret_did);
	rt_differences_fini(&differences);
	return r;
}

static int try_once(struct rt_sync_run *run, const char *uuid,
		    enum rt_sync_did *ret_did, struct rt_report *report,
		    struct rt_err *err)
{
	int r = -ESTALE;

	for (unsigned i = 0; i < RT_SYNC_TRIES && r == -ESTALE; i++) {
		struct rt_sync_job job = {
			.run = run, .uuid = uuid, .report = report, .err = err
		};

		r = once(&job, ret_did);
		rt_sync_job_fini(&job);
		/* What the editor holds now was written by nobody. */
		if (r < 0)
			run->is_old = true;
	}
	return r;
}

int rt_sync_guest(struct rt_sync *sync, const char *uuid, enum rt_sync_how how,
		  enum rt_sync_did *ret_did, struct rt_report *report,
		  struct rt_err *err)
{
	struct rt_sync_run run = { .sync = sync, .how = how, .n = 1 };
	int r = try_once(&run, uuid, ret_did, report, err);

	rt_sync_run_close(&run);
	return r;
}

static void settle_each(struct rt_sync_run *run, const char *const *uuids,
			const struct rt_sync_ended *ended)
{
	for (size_t i = 0; i < run->n; i++) {
		enum rt_sync_did did = RT_SYNC_WAS_IN_STEP;
		struct rt_report report = { 0 };
		struct rt_err err = { 0 };
		const int r = try_once(run, uuids[i], &did, &report, &err);

		ended->call(ended->data, i, did, &report, r < 0 ? &err : NULL);
		rt_report_fini(&report);
	}
}

int rt_sync_guests(struct rt_sync *sync, enum rt_sync_how how,
		   const char *const *uuids, size_t n,
		   const struct rt_sync_ended *ended, struct rt_err *err)
{
	struct rt_sync_run run = { .sync = sync, .how = how, .n = n };
	int r = rt_sync_run_open(&run, err);

	if (r == 0 && how == RT_SYNC_PULL)
		r = rt_sync_pull(&run, uuids, n, ended, err);
	else if (r == 0)
		settle_each(&run, uuids, ended);
	rt_sync_run_close(&run);
	return r;
}
