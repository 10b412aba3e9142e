/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sync_run.h - what the files of sync.c share: a run, and one guest of it */
#ifndef RT_SYNC_RUN_H
#define RT_SYNC_RUN_H

#include "core/model/facts.h"
#include "sync.h"

/* An editor may be at work on the same file. */
#define RT_SYNC_TRIES 3

/* One reading of the configuration, for all guests that are put in step. */
struct rt_sync_run {
	struct rt_sync *sync;
	enum rt_sync_how how;
	size_t n; /* guests of this run */
	struct rt_config_file file;
	struct rt_editor editor; /* of its text; borrows it */
	bool is_open;
	bool is_old;	       /* it was written since: to be read again */
	struct rt_facts facts; /* PCI devices, once they are needed */
	bool has_facts;
	/* The configuration after so many changes is valid for every guest. */
	bool all_valid;
	unsigned valid_changes;
};

/* One guest, and all that is known of it. */
struct rt_sync_job {
	struct rt_sync_run *run;
	const char *uuid;
	struct rt_report *report;
	struct rt_err *err;
	struct rt_virt_guest guest;
	char *xml;
	struct rt_domain domain;
	bool has_domain;
};

/* Read the configuration, unless it is read. -EINVAL when it has errors. */
int rt_sync_run_open(struct rt_sync_run *run, struct rt_err *err);
void rt_sync_run_close(struct rt_sync_run *run);
/*
 * Write what the editor has, when it differs. -ESTALE when somebody else wrote
 * the file: it is to be closed and opened again. The editor's configuration
 * stays good; only its text is gone.
 */
int rt_sync_run_write(struct rt_sync_run *run, struct rt_err *err);
/*
 * Does the guest obey the configuration's rules (uuid NULL: does every guest)?
 * -EINVAL with the first that is not.
 */
int rt_sync_run_check(struct rt_sync_run *run, const char *uuid,
		      struct rt_err *err);

/* Read guest and definition, again if need be. */
int rt_sync_job_read(struct rt_sync_job *job);
void rt_sync_job_fini(struct rt_sync_job *job);
/* Its section by now, or NULL. */
const struct rt_section *rt_sync_job_section(const struct rt_sync_job *job);
int rt_sync_job_compare(struct rt_sync_job *job,
			struct rt_differences *ret_differences);
/* What section and definition say now. */
int rt_sync_job_texts(struct rt_sync_job *job, struct rt_baseline *ret);
/* Record that they agree. */
int rt_sync_job_record(struct rt_sync_job *job, const struct rt_baseline *is);

void rt_sync_job_note(struct rt_sync_job *job, const char *code,
		      const char *text);
/* All that was put in step, in one line. why: a clause. */
void rt_sync_job_note_all(struct rt_sync_job *job, const char *why,
			  const struct rt_differences *differences, bool take);

/* --- sync_pull.c: RT_SYNC_PULL, all guests of the run at once --- */

int rt_sync_pull(struct rt_sync_run *run, const char *const *uuids, size_t n,
		 const struct rt_sync_ended *ended, struct rt_err *err);

#endif
