/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sync.c - kvmrt.cfg and libvirt's definitions, made to say the same */
#include "sync.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/check/check.h"
#include "host/baseline_file.h"
#include "host/probe.h"

/* An editor may be at work on the same file. */
#define TRIES 3

/* One guest, and all that is known of it. */
struct job {
	struct rt_sync *sync;
	const char *uuid;
	enum rt_sync_how how;
	struct rt_report *report;
	struct rt_err *err;

	struct rt_config_file file;
	struct rt_config config;
	bool has_config;
	const struct rt_section *section; /* NULL: none */
	struct rt_virt_guest guest;
	char *xml;
	struct rt_domain domain;
	bool has_domain;
};

static void job_fini(struct job *job)
{
	if (job->has_domain)
		rt_domain_fini(&job->domain);
	free(job->xml);
	rt_virt_guest_fini(&job->guest);
	if (job->has_config)
		rt_config_fini(&job->config);
	rt_config_file_fini(&job->file);
}

static void note(struct job *job, const char *code, const char *text)
{
	const struct rt_where where = { .guest = job->guest.name };

	rt_report_add(job->report, RT_NOTE, code, where, NULL, "%s", text);
}

/* All that was put in step, in one line. */
static void note_all(struct job *job, const char *code, const char *why,
		     const struct rt_differences *differences, bool take)
{
	const bool later = !take && job->guest.state != RT_VIRT_OFF;
	RT_AUTO_STRBUF text = { 0 };
	const char *between = ": ";

	if (!why)
		return;
	rt_strbuf_addf(&text, "%s (%s)",
		       take ? "taken into kvmrt.cfg" :
			      "the definition follows kvmrt.cfg",
		       why);
	for (size_t i = 0; i < differences->n; i++) {
		const struct rt_difference *d = &differences->items[i];

		if (take && !rt_baseline_can_take(d->kind))
			continue;
		rt_strbuf_addf(&text, "%s%s", between, d->what);
		between = "; ";
	}
	if (later)
		rt_strbuf_adds(&text, "; in effect at its next start");
	note(job, code, text.failed || !text.text ? why : text.text);
}

/* --- reading --- */

/* What a text says, or why it cannot be used: the findings stay. */
static int parse_config(struct job *job, const char *text, size_t len,
			struct rt_config *ret)
{
	struct rt_report report = { 0 };
	int r = rt_config_parse(text, len, job->file.path, ret, &report,
				job->err);

	if (r < 0)
		return r;
	if (rt_report_errors(&report)) {
		r = rt_fail(job->err, 0,
			    "%s has errors; kvmrt-validate-config shows them",
			    job->file.path);
		job->err->code = EINVAL;
		r = -EINVAL;
		rt_config_fini(ret);
	}
	rt_report_fini(&report);
	return r;
}

static int read_config(struct job *job)
{
	int r = rt_config_file_read_or_new(job->sync->sys, job->sync->file,
					   &job->file, job->err);

	if (r == 0)
		r = parse_config(job, job->file.text, job->file.len,
				 &job->config);
	if (r < 0)
		return r;
	job->has_config = true;
	job->section = rt_config_find(&job->config, job->uuid);
	if (!job->section && job->how != RT_SYNC_PULL)
		return rt_fail(job->err, 0, "%s has no section [%s]",
			       job->file.path, job->uuid);
	return 0;
}

static int read_domain(struct job *job)
{
	int r;

	if (job->has_domain)
		rt_domain_fini(&job->domain);
	job->has_domain = false;
	free(job->xml);
	job->xml = NULL;
	rt_virt_guest_fini(&job->guest);
	r = rt_virt_find(job->sync->virt, job->uuid, &job->guest, job->err);
	if (r == 0)
		r = rt_virt_read(job->sync->virt, job->uuid, RT_VIRT_DEFINED,
				 &job->xml, job->err);
	if (r == 0)
		r = rt_domain_parse(job->xml, strlen(job->xml), &job->domain,
				    job->err);
	job->has_domain = r == 0;
	return r;
}

static int compare(struct job *job, const struct rt_config *config,
		   struct rt_differences *ret)
{
	const struct rt_section *section = rt_config_find(config, job->uuid);
	struct rt_report report = { 0 };
	struct rt_guest guest;
	int r = rt_guest_resolve(config, section, job->sync->topo, &guest,
				 &report, job->err);

	if (r < 0)
		return r;
	r = rt_domain_compare(&job->domain, &guest, ret, job->err);
	rt_guest_fini(&guest);
	rt_report_fini(&report);
	return r;
}

/* --- is the configuration valid for this guest? --- */

static int judge(struct job *job, const struct rt_check *check,
		 struct rt_report *report)
{
	rt_check(check, report);
	for (size_t i = 0; i < report->n; i++) {
		const struct rt_finding *f = &report->items[i];

		if (f->severity != RT_ERROR)
			continue;
		rt_fail(job->err, 0, "guest '%s': %s", f->guest, f->message);
		job->err->code = EINVAL;
		return -EINVAL;
	}
	return report->failed ? rt_fail_memory(job->err) : 0;
}

static int check_config(struct job *job, const struct rt_config *config)
{
	struct rt_report report = { 0 };
	struct rt_guests guests = { 0 };
	struct rt_facts facts = { 0 };
	struct rt_check check = {
		.config = config,
		.guests = &guests,
		.topo = job->sync->topo,
		.facts = &facts,
		.uuid = job->uuid,
	};
	int r = rt_guests_resolve(config, job->sync->topo, &guests, &report,
				  job->err);

	if (r == 0)
		r = rt_facts_read_pci(job->sync->sys, &facts, job->err);
	if (r == 0)
		r = judge(job, &check, &report);
	rt_facts_fini(&facts);
	rt_guests_fini(&guests);
	rt_report_fini(&report);
	return r;
}

/* --- what was agreed --- */

static int texts(struct job *job, const struct rt_section *section,
		 struct rt_baseline *ret)
{
	int r = rt_baseline_of_section(section, &ret->section, job->err);

	return r < 0 ? r :
		       rt_baseline_of_domain(&job->domain, &ret->domain,
					     job->err);
}

static int record(struct job *job, const struct rt_config *config)
{
	const struct rt_section *section = rt_config_find(config, job->uuid);
	struct rt_baseline agreed = { 0 };
	int r = texts(job, section, &agreed);

	if (r == 0)
		r = rt_baseline_write(job->sync->sys, job->uuid, &agreed,
				      job->err);
	rt_baseline_fini(&agreed);
	/* -ENOENT is a guest that libvirt does not know. */
	if (r == -ENOENT)
		job->err->code = EIO;
	return r < 0 ? -job->err->code : 0;
}

static int decide(struct job *job, const struct rt_differences *differences,
		  enum rt_side *ret_side, const char **ret_why)
{
	struct rt_baseline agreed, now = { 0 };
	int r = rt_baseline_read(job->sync->sys, job->uuid, &agreed, job->err);

	if (r < 0)
		return r;
	r = texts(job, job->section, &now);
	if (r == 0)
		*ret_side = rt_baseline_decide(&agreed, differences,
					       now.section, now.domain,
					       job->config.edits, ret_why);
	rt_baseline_fini(&agreed);
	rt_baseline_fini(&now);
	return r;
}

/* --- pushing --- */

/* Can libvirt be told now? Says so if not. */
static bool must_wait(struct job *job, const struct rt_config *config)
{
	const struct rt_section *section = rt_config_find(config, job->uuid);

	if (!job->guest.persistent) {
		note(job, "transient",
		     "it is transient: its definition comes from who started "
		     "it, so nothing is changed");
		return true;
	}
	if (strcmp(job->guest.name, section->name) != 0 &&
	    job->guest.state != RT_VIRT_OFF) {
		note(job, "rename-later",
		     "libvirt can rename it only when it is off");
		return true;
	}
	return false;
}

static int define(struct job *job, const struct rt_config *config)
{
	const struct rt_section *section = rt_config_find(config, job->uuid);
	struct rt_report report = { 0 };
	RT_AUTO_FREE char *text = NULL;
	struct rt_guest guest;
	bool changed;
	int r = 0;

	if (strcmp(job->guest.name, section->name) != 0) {
		r = rt_virt_rename(job->sync->virt, job->uuid, section->name,
				   job->err);
		if (r == 0)
			r = read_domain(job);
	}
	if (r < 0)
		return r;
	r = rt_guest_resolve(config, section, job->sync->topo, &guest, &report,
			     job->err);
	if (r < 0)
		return r;
	r = rt_domain_rewrite(job->xml, strlen(job->xml), &guest,
			      RT_REWRITE_ALL, &text, &changed, job->err);
	if (r == 0 && changed)
		r = rt_virt_define(job->sync->virt, job->uuid, text, job->err);
	rt_guest_fini(&guest);
	rt_report_fini(&report);
	return r;
}

/* libvirt normalises what it is given: only what it says then counts. */
static int verify(struct job *job, const struct rt_config *config)
{
	struct rt_differences left = { 0 };
	int r = read_domain(job);

	if (r == 0)
		r = compare(job, config, &left);
	if (r == 0 && left.n)
		r = rt_fail(job->err, 0,
			    "libvirt did not take all of it over: %s",
			    left.items[0].what);
	rt_differences_fini(&left);
	return r < 0 ? r : record(job, config);
}

static int push(struct job *job, const struct rt_config *config,
		const struct rt_differences *differences, const char *why,
		enum rt_sync_did *ret_did)
{
	int r = check_config(job, config);

	if (r < 0)
		return r;
	if (must_wait(job, config)) {
		*ret_did = RT_SYNC_LATER;
		return 0;
	}
	r = define(job, config);
	if (r == 0)
		note_all(job, "defined", why, differences, false);
	if (r == 0)
		r = verify(job, config);
	*ret_did = RT_SYNC_DEFINED;
	return r;
}

/* --- taking --- */

/*
 * The configuration with the definition's edits in it, when that is valid.
 * *ret_config is what it says then.
 */
static int take(struct job *job, enum rt_import what, bool *ret_changed,
		struct rt_config *ret_config)
{
	RT_AUTO_FREE char *text = NULL;
	int r = rt_import(job->file.text, job->file.len, &job->domain,
			  job->sync->topo, what, &text, ret_changed, job->err);

	if (r < 0)
		return r;
	r = parse_config(job, text, strlen(text), ret_config);
	if (r < 0)
		return r;
	/* A new guest, not real-time, is taken as it is. */
	if (job->section && !job->section->disabled)
		r = check_config(job, ret_config);
	if (r == 0 && *ret_changed)
		r = rt_config_file_write(job->sync->sys, &job->file, text,
					 strlen(text), job->err);
	if (r < 0)
		rt_config_fini(ret_config);
	return r;
}

/* What the configuration alone decides goes to libvirt after that. */
static int push_rest(struct job *job, const struct rt_config *config,
		     enum rt_sync_did *ret_did)
{
	struct rt_differences rest = { 0 };
	enum rt_sync_did did = *ret_did;
	int r = compare(job, config, &rest);

	if (r == 0 && rest.n)
		r = push(job, config, &rest, NULL, &did);
	else if (r == 0)
		r = record(job, config);
	rt_differences_fini(&rest);
	return r;
}

static int take_edits(struct job *job, const struct rt_differences *differences,
		      const char *why, enum rt_sync_did *ret_did)
{
	struct rt_config config;
	struct rt_err invalid;
	bool changed;
	int r = take(job, RT_IMPORT_EDITS, &changed, &config);

	if (r == -ESTALE)
		return r;
	if (r < 0) {
		const struct rt_where where = { .guest = job->guest.name };

		invalid = *job->err;
		rt_report_add(job->report, RT_WARNING, "edit-refused", where,
			      NULL,
			      "the edit of its definition does not fit "
			      "kvmrt.cfg and is put back: %s",
			      invalid.text);
		return push(job, &job->config, differences,
			    "the edit does not fit", ret_did);
	}
	*ret_did = RT_SYNC_TAKEN;
	note_all(job, "taken", why, differences, true);
	r = push_rest(job, &config, ret_did);
	rt_config_fini(&config);
	return r;
}

static int pull(struct job *job, enum rt_sync_did *ret_did)
{
	const bool is_new = !job->section;
	struct rt_differences differences = { 0 };
	struct rt_config config;
	bool changed;
	int r = 0;

	if (!is_new)
		r = compare(job, &job->config, &differences);
	if (r == 0)
		r = take(job, RT_IMPORT_ALL, &changed, &config);
	if (r == 0) {
		*ret_did = changed ? RT_SYNC_TAKEN : RT_SYNC_WAS_IN_STEP;
		if (is_new)
			note(job, "imported", "imported into kvmrt.cfg");
		else if (changed)
			note_all(job, "taken", "asked for", &differences, true);
		r = record(job, &config);
		rt_config_fini(&config);
	}
	rt_differences_fini(&differences);
	return r;
}

/* --- one guest --- */

static int settle(struct job *job, const struct rt_differences *differences,
		  enum rt_sync_did *ret_did)
{
	enum rt_side side = RT_SIDE_CONFIG;
	const char *why = "asked for";
	int r = 0;

	*ret_did = RT_SYNC_WAS_IN_STEP;
	if (!differences->n)
		return job->how == RT_SYNC_ASK ? 0 : record(job, &job->config);
	if (job->how == RT_SYNC_ASK) {
		*ret_did = RT_SYNC_DIFFERS;
		for (size_t i = 0; i < differences->n; i++)
			note(job, "differs", differences->items[i].what);
		return 0;
	}
	if (job->how == RT_SYNC_BOTH)
		r = decide(job, differences, &side, &why);
	if (r < 0)
		return r;
	return side == RT_SIDE_DEFINITION ?
		       take_edits(job, differences, why, ret_did) :
		       push(job, &job->config, differences, why, ret_did);
}

static int once(struct job *job, enum rt_sync_did *ret_did)
{
	struct rt_differences differences = { 0 };
	int r = read_config(job);

	if (r == 0)
		r = read_domain(job);
	if (r < 0)
		return r;
	if (job->how == RT_SYNC_PULL)
		return pull(job, ret_did);
	r = compare(job, &job->config, &differences);
	if (r == 0)
		r = settle(job, &differences, ret_did);
	rt_differences_fini(&differences);
	return r;
}

int rt_sync_guest(struct rt_sync *sync, const char *uuid, enum rt_sync_how how,
		  enum rt_sync_did *ret_did, struct rt_report *report,
		  struct rt_err *err)
{
	int r = -ESTALE;

	for (unsigned i = 0; i < TRIES && r == -ESTALE; i++) {
		struct job job = {
			.sync = sync,
			.uuid = uuid,
			.how = how,
			.report = report,
			.err = err,
		};

		r = once(&job, ret_did);
		job_fini(&job);
	}
	return r;
}
