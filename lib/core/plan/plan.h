/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plan.h - what to do so that the host is as the active guests need it
 *
 * A pure function of the active guests, the topology, the host's facts and
 * what the journal has saved. Only differences become steps: a host that is
 * right has an empty plan. Steps stand in the order in which they are made;
 * what is given back comes first, in the reverse order of its recording.
 *
 * A plan owns all that it holds.
 */
#ifndef RT_PLAN_H
#define RT_PLAN_H

#include "core/model/facts.h"
#include "core/record/journal.h"
#include "core/base/strbuf.h"
#include "core/model/topo.h"

enum rt_act {
	RT_ACT_RESTORE, /* value is the original */
	RT_ACT_SAVE,	/* only put on record: the kernel may change it as a
			     side effect of a later step */
	RT_ACT_SET,	/* put on record, then write */
	RT_ACT_OWN,	/* write; belongs to the guest's process and dies
			     with it, so there is nothing to put on record */
};

/* What a failure means. */
enum rt_need {
	RT_MUST, /* the guest is not real-time without it */
	RT_MAY,	 /* a fact to report */
};

struct rt_step {
	enum rt_act act;
	enum rt_need need;
	enum rt_kind kind;
	char *path;  /* a file below the root, or "task/TID/START" and such */
	char *value; /* what it shall hold */
	char *now;   /* what it held when the facts were read */
	const char *why; /* one clause; a literal */
	char *guest;	 /* name of the guest that needs it; "" for several */
};

struct rt_plan {
	struct rt_step *items;
	size_t n, size;
	/*
	 * More to do that can only be seen once these steps are made (what the
	 * kernel moves by itself when a shield goes up): read the facts again
	 * and plan again.
	 */
	bool again;
};

struct rt_plan_input {
	const struct rt_topo *topo;
	const struct rt_facts *facts;
	const struct rt_journal *journal;
	bool last; /* nobody will plan again at once: put nothing off */
};

int rt_plan_make(const struct rt_plan_input *input, struct rt_plan *ret_plan,
		 struct rt_err *err);
void rt_plan_fini(struct rt_plan *plan);

/* CPUs that active RT guests own. */
struct rt_cpuset rt_plan_owned(const struct rt_journal *journal);
/* Online CPUs (and those that will be) that no active RT guest owns. */
struct rt_cpuset rt_plan_housekeeping(const struct rt_topo *topo,
				      const struct rt_journal *journal);

/*
 * Can a plan have a step for this interrupt? A reader of facts need not keep
 * those of which this is false. *owned is rt_plan_owned(journal).
 */
bool rt_plan_concerns(const struct rt_journal *journal,
		      const struct rt_cpuset *owned, const struct rt_irq *irq);

/* The same for tasks, with what is to be known of the host worked out once. */
struct rt_plan_tasks {
	const struct rt_journal *journal;
	struct rt_cpuset common; /* online, behind no shield: a mask that has
				    all of these is nobody's choice */
	struct rt_cpuset swept;	 /* owned by guests that have started */
};
struct rt_plan_tasks rt_plan_tasks(const struct rt_plan_input *input);
bool rt_plan_concerns_task(const struct rt_plan_tasks *tasks,
			   const struct rt_task *task);

/*
 * What gives a saved setting back: is `now` ours to change? The value that we
 * wrote, the one before it, or the kernel's own reset of a task's affinity.
 */
bool rt_saved_is_ours(const struct rt_saved *saved, const char *now,
		      const struct rt_topo *topo);

/* "target  value  (now …)  why" lines, and JSON as in show-config(1). */
void rt_plan_print(const struct rt_plan *plan, struct rt_strbuf *out);
void rt_plan_print_json(const struct rt_plan *plan, struct rt_strbuf *out);

#endif
