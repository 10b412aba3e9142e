/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reconcile.h - bring the host to what the active guests need
 *
 * Hook, agent and tools all call this: find out what holds, plan, apply the
 * difference. With no guest left it restores the original state. Running it
 * twice changes nothing the second time.
 */
#ifndef RT_RECONCILE_H
#define RT_RECONCILE_H

#include "core/base/report.h"
#include "core/model/topo.h"
#include "apply.h"
#include "store.h"

/*
 * Put or replace an active guest on record; nothing is applied yet. The first
 * RT guest also puts on record which interrupts there are.
 */
int rt_reconcile_add(struct rt_store *store, const struct rt_active *active,
		     struct rt_err *err);

/* Take a guest off the record. A guest that is not there is success. */
int rt_reconcile_drop(struct rt_store *store, const char *uuid,
		      struct rt_err *err);

/*
 * Drop guests that are dead (their process is gone, or the daemon that was
 * starting them), then tune the host for the others. *topo->online is read anew
 * as CPUs come and go.
 *
 * A guest that lacks something that it must have is in *ret_outcomes, which the
 * caller frees; the others are tuned all the same. What was done for that guest
 * is on record, so dropping it and calling again undoes it. The call itself
 * fails only when the record cannot be written or memory is short.
 */
int rt_reconcile(struct rt_store *store, struct rt_topo *topo,
		 const struct rt_notify *notify,
		 struct rt_outcomes *ret_outcomes, struct rt_err *err);

/*
 * The parts, for callers that change nothing. The first says whether an active
 * guest lives (rt_task_life: death has to be proven). The second reads the
 * facts that a plan for the journal's guests needs, and no others. *facts is
 * replaced. before: the settings of an earlier call, or NULL; an irqbalance
 * that did not answer then is not asked again. -EAGAIN when shields came or
 * went each time.
 */
bool rt_reconcile_is_alive(struct rt_sys *sys, const struct rt_active *active);
int rt_reconcile_facts(struct rt_sys *sys, const struct rt_journal *journal,
		       const struct rt_topo *topo,
		       const struct rt_settings *before, struct rt_facts *facts,
		       struct rt_err *err);

#endif
