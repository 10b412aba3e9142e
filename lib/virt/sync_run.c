/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sync_run.c - what a run knows: the configuration, and each guest's definition */
#include "sync_run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/check/check.h"
#include "core/config/config_diff.h"
#include "host/baseline_file.h"
#include "host/probe.h"

/* --- the configuration --- */

int rt_sync_run_open(struct rt_sync_run *run, struct rt_err *err)
{
	int r;

	if (run->is_open && !run->is_old)
		return 0;
	rt_sync_run_close(run);
	r = rt_config_file_read_or_new(run->sync->sys, run->sync->file,
				       &run->file, err);
	if (r < 0)
		return r;
	r = rt_editor_open(run->file.text, run->file.len, &run->editor, err);
	if (r == -EINVAL) {
		rt_fail(err, 0,
			"%s has errors; kvmrt-validate-config shows them",
			run->file.path);
	}
	if (r < 0)
		rt_config_file_fini(&run->file);
	run->is_open = r == 0;
	return r;
}

void rt_sync_run_close(struct rt_sync_run *run)
{
	if (run->is_open) {
		rt_editor_fini(&run->editor);
		rt_config_file_fini(&run->file);
	}
	rt_facts_fini(&run->facts);
	run->is_open = run->is_old = run->has_facts = run->all_valid = false;
	run->valid_changes = 0;
}

int rt_sync_run_write(struct rt_sync_run *run, struct rt_err *err)
{
	RT_AUTO_FREE char *text = NULL;
	int r = rt_editor_text(&run->editor, &text, err);

	if (r < 0 || strcmp(text, run->file.text) == 0)
		return r;
	run->is_old = true;
	if (run->sync->diff) {
		rt_config_diff(run->file.text, text, run->sync->diff);
		return 0;
	}
	return rt_config_file_write(run->sync->sys, &run->file, text,
				    strlen(text), err);
}

static int judge(const struct rt_check *check, struct rt_report *report,
		 struct rt_err *err)
{
	rt_check(check, report);
	for (size_t i = 0; i < report->n; i++) {
		const struct rt_finding *f = &report->items[i];

		if (f->severity != RT_ERROR)
			continue;
		rt_fail(err, 0, "guest '%s': %s", f->guest, f->message);
		err->code = EINVAL;
		return -EINVAL;
	}
	return report->failed ? rt_fail_memory(err) : 0;
}

static int check(struct rt_sync_run *run, const char *uuid, struct rt_err *err)
{
	struct rt_report report = { 0 };
	struct rt_guests guests = { 0 };
	const struct rt_check check = {
		.config = &run->editor.config,
		.guests = &guests,
		.topo = run->sync->topo,
		.facts = &run->facts,
		.uuid = uuid,
		.brief = true,
	};
	int r = rt_guests_resolve(&run->editor.config, run->sync->topo, &guests,
				  &report, err);

	if (r == 0 && !run->has_facts)
		r = rt_facts_read_pci(run->sync->sys, &run->facts, err);
	run->has_facts = r == 0;
	if (r == 0)
		r = judge(&check, &report, err);
	rt_guests_fini(&guests);
	rt_report_fini(&report);
	return r;
}

int rt_sync_run_check(struct rt_sync_run *run, const char *uuid,
		      struct rt_err *err)
{
	int r;

	/*
	 * With many guests, all are checked at once: most often nothing is
	 * wrong.
	 */
	if (run->n > 1 && run->valid_changes != run->editor.changes + 1) {
		run->valid_changes = run->editor.changes + 1;
		r = check(run, NULL, err);
		if (r < 0 && r != -EINVAL)
			return r;
		run->all_valid = r == 0;
		if (!uuid)
			return r;
	}
	if (run->n > 1 && run->all_valid)
		return 0;
	return check(run, uuid, err);
}

/* --- one guest --- */

void rt_sync_job_fini(struct rt_sync_job *job)
{
	if (job->has_domain)
		rt_domain_fini(&job->domain);
	job->has_domain = false;
	free(job->xml);
	job->xml = NULL;
	rt_virt_guest_fini(&job->guest);
}

int rt_sync_find(struct rt_virt *virt, const struct rt_section *section,
		 struct rt_virt_guest *ret_guest, struct rt_err *err)
{
	int r = rt_virt_find(virt, section->uuid, ret_guest, err);
	struct rt_virt_guest other;
	struct rt_err ignored;

	if (r != -ENOENT)
		return r;
	if (rt_virt_find(virt, section->name, &other, &ignored) == 0) {
		rt_fail(err, 0,
			"libvirt has no guest with its UUID, and a guest '%s' "
			"with UUID %s: give the section that UUID, or remove "
			"the section [%s]",
			section->name, other.uuid, section->uuid);
		rt_virt_guest_fini(&other);
	} else {
		rt_fail(err, 0,
			"libvirt has no such guest: define it with its UUID "
			"('virsh define'), or remove the section [%s]",
			section->uuid);
	}
	err->code = ENOENT;
	return -ENOENT;
}

int rt_sync_job_read(struct rt_sync_job *job)
{
	struct rt_virt *virt = job->run->sync->virt;
	const struct rt_section *section = rt_sync_job_section(job);
	int r;

	rt_sync_job_fini(job);
	r = section ? rt_sync_find(virt, section, &job->guest, job->err) :
		      rt_virt_find(virt, job->uuid, &job->guest, job->err);
	if (r == 0)
		r = rt_virt_read(virt, job->uuid, RT_VIRT_DEFINED, &job->xml,
				 job->err);
	if (r == 0)
		r = rt_domain_parse(job->xml, strlen(job->xml), &job->domain,
				    job->err);
	job->has_domain = r == 0;
	return r;
}

const struct rt_section *rt_sync_job_section(const struct rt_sync_job *job)
{
	return rt_config_find(&job->run->editor.config, job->uuid);
}

int rt_sync_job_compare(struct rt_sync_job *job,
			struct rt_differences *ret_differences)
{
	struct rt_report report = { 0 };
	struct rt_guest guest;
	int r = rt_guest_resolve(&job->run->editor.config,
				 rt_sync_job_section(job), job->run->sync->topo,
				 &guest, &report, job->err);

	rt_report_fini(&report);
	if (r < 0)
		return r;
	r = rt_domain_compare(&job->domain, &guest, ret_differences, job->err);
	rt_guest_fini(&guest);
	return r;
}

int rt_sync_job_texts(struct rt_sync_job *job, struct rt_baseline *ret)
{
	int r = rt_baseline_of_section(rt_sync_job_section(job), &ret->section,
				       job->err);

	return r < 0 ? r :
		       rt_baseline_of_domain(&job->domain, &ret->domain,
					     job->err);
}

int rt_sync_job_record(struct rt_sync_job *job, const struct rt_baseline *is)
{
	int r;

	if (!rt_config_path_is_live(job->run->sync->file))
		return 0;
	r = rt_baseline_write(job->run->sync->sys, job->uuid, is, job->err);
	/* -ENOENT is a guest that libvirt does not know. */
	if (r == -ENOENT)
		job->err->code = EIO;
	return r < 0 ? -job->err->code : 0;
}

void rt_sync_job_note(struct rt_sync_job *job, const char *code,
		      const char *text)
{
	const struct rt_where where = { .guest = job->guest.name };

	rt_report_add(job->report, RT_NOTE, code, where, NULL, "%s", text);
}

void rt_sync_job_note_all(struct rt_sync_job *job, const char *why,
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
	rt_sync_job_note(job, take ? "taken" : "defined",
			 text.failed || !text.text ? why : text.text);
}
