/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * apply.h - carry out a plan, and save what is needed to restore
 *
 * This is the one writer to the kernel.
 */
#ifndef RT_APPLY_H
#define RT_APPLY_H

#include "core/plan/plan.h"
#include "core/base/report.h"
#include "core/model/outcome.h"
#include "core/model/topo.h"
#include "store.h"
#include "sys.h"

/* Who is notified of what was done. */
struct rt_notify {
	struct rt_report *report; /* notes and warnings */
	/*
	 * Called for each value that was written and is now held; NULL: nobody
	 * is.
	 */
	void (*did)(void *data, const struct rt_step *step);
	void *data;
};

/*
 * Carry out all steps in order. What is about to change is on record before the
 * kernel hears of it: one append for all steps that set, and one for all that
 * restored. Each written value is read back. After a crash at any point the
 * next plan corrects the host.
 *
 * Notes and warnings about single steps go to notify->report. When a step fails
 * that guests must have, *outcomes gets an entry for each of them, and all
 * other steps are still carried out. The caller then drops its guest and plans
 * again. A guest whose shield the kernel refuses does not fail yet: it is on
 * record as fenced, and plan->again is set. The call fails when the record cannot be written or memory is short:
 * then nothing has been set that is not on record.
 */
int rt_apply(struct rt_store *store, const struct rt_topo *topo,
	     struct rt_plan *plan, const struct rt_notify *notify,
	     struct rt_outcomes *outcomes, struct rt_err *err);

#endif
