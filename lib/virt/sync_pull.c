/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sync_pull.c - definitions into the configuration, all of a run at once */
#include "sync_run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What became of one guest; what both say is recorded once the file is. */
struct pulled {
	enum rt_sync_did did;
	int r;
	struct rt_err err;
	struct rt_report report;
	struct rt_baseline says;
	bool must_fit; /* it was there, enabled: what it is now must be valid */
};

static int pull(struct rt_sync_job *job, struct pulled *pulled)
{
	struct rt_sync_run *run = job->run;
	const struct rt_section *section = rt_sync_job_section(job);
	const bool is_new = !section;
	struct rt_differences differences = { 0 };
	bool changed;
	int r = rt_sync_job_read(job);

	pulled->must_fit = section && !section->disabled;
	if (r == 0 && !is_new)
		r = rt_sync_job_compare(job, &differences);
	if (r == 0)
		r = rt_import(&run->editor, &job->domain, run->sync->topo,
			      RT_IMPORT_ALL, &changed, job->err);
	if (r == 0) {
		pulled->did = changed ? RT_SYNC_TAKEN : RT_SYNC_WAS_IN_STEP;
		if (is_new)
			rt_sync_job_note(job, "imported",
					 "imported into kvmrt.cfg");
		else if (changed)
			rt_sync_job_note_all(job, "on request", &differences,
					     true);
		r = rt_sync_job_texts(job, &pulled->says);
	}
	rt_differences_fini(&differences);
	return r;
}

/* A new guest, not real-time, is taken as it is. */
static int check(struct rt_sync_run *run, const char *const *uuids, size_t n,
		 const struct pulled *pulled, struct rt_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		if (pulled[i].r == 0 && pulled[i].must_fit)
			r = rt_sync_run_check(run, n > 1 ? NULL : uuids[i],
					      err);
	}
	return r;
}

static void record(struct rt_sync_run *run, const char *uuid,
		   struct pulled *pulled)
{
	struct rt_sync_job job = { .run = run,
				   .uuid = uuid,
				   .err = &pulled->err };

	if (pulled->r == 0)
		pulled->r = rt_sync_job_record(&job, &pulled->says);
}

static int pull_all(struct rt_sync_run *run, const char *const *uuids, size_t n,
		    struct pulled *pulled, struct rt_err *err)
{
	int r = rt_sync_run_open(run, err);

	for (size_t i = 0; r == 0 && i < n; i++) {
		struct rt_sync_job job = { .run = run,
					   .uuid = uuids[i],
					   .report = &pulled[i].report,
					   .err = &pulled[i].err };

		pulled[i].r = pull(&job, &pulled[i]);
		rt_sync_job_fini(&job);
		/* A change may be half undone. */
		if (pulled[i].r == -ENOMEM)
			r = rt_fail_memory(err);
	}
	if (r == 0)
		r = check(run, uuids, n, pulled, err);
	if (r == 0)
		r = rt_sync_run_write(run, err);
	for (size_t i = 0; r == 0 && !run->sync->diff && i < n; i++)
		record(run, uuids[i], &pulled[i]);
	if (r < 0)
		rt_sync_run_close(run);
	return r;
}

static void forget(struct pulled *pulled, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		rt_report_fini(&pulled[i].report);
		rt_baseline_fini(&pulled[i].says);
	}
	memset(pulled, 0, n * sizeof(*pulled));
}

static int try_all(struct rt_sync_run *run, const char *const *uuids, size_t n,
		   struct pulled *pulled, struct rt_err *err)
{
	int r = -ESTALE;

	run->n = n;
	for (unsigned i = 0; i < RT_SYNC_TRIES && r == -ESTALE; i++) {
		forget(pulled, n);
		r = pull_all(run, uuids, n, pulled, err);
	}
	return r;
}

int rt_sync_pull(struct rt_sync_run *run, const char *const *uuids, size_t n,
		 const struct rt_sync_ended *ended, struct rt_err *err)
{
	RT_AUTO_FREE struct pulled *pulled = calloc(n + 1, sizeof(*pulled));
	int r = pulled ? 0 : rt_fail_memory(err);

	if (r == 0)
		r = rt_sync_run_open(run, err);
	if (r < 0)
		return r;
	r = try_all(run, uuids, n, pulled, err);
	/* Together they are not valid: find out which is not. */
	for (size_t i = 0; r < 0 && i < n; i++) {
		forget(&pulled[i], 1);
		pulled[i].r = try_all(run, &uuids[i], 1, &pulled[i], err);
		if (pulled[i].r < 0)
			pulled[i].err = *err;
	}
	for (size_t i = 0; i < n; i++)
		ended->call(ended->data, i, pulled[i].did, &pulled[i].report,
			    pulled[i].r < 0 ? &pulled[i].err : NULL);
	forget(pulled, n);
	return 0;
}
