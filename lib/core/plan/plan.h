/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plan.h - what to do so that the host is as the active guests need it
 *
 * A pure function of the active guests, the topology, the host's facts and
 * the record. Guests claim settings (claim.h); each setting is then derived
 * once, so a plan has one step for it at most. Only differences become steps:
 * a host that is right has an empty plan. Steps stand in the order in which
 * they are made; what is restored comes first, in the reverse order of its
 * recording.
 *
 * A plan owns all that it holds.
 */
#ifndef RT_PLAN_H
#define RT_PLAN_H

#include "core/base/strbuf.h"
#include "core/model/facts.h"
#include "core/model/outcome.h"
#include "core/model/topo.h"
#include "core/record/journal.h"

enum rt_act {
	RT_ACT_RESTORE, /* value is the original */
	RT_ACT_SAVE,	/* only put on record: the kernel may change it as a
			   side effect of a later step */
	RT_ACT_SET,	/* put on record, then write */
	RT_ACT_OWN,	/* write; belongs to the guest's process and dies with
			   it, so there is nothing to put on record */
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
	char *value; /* what it is to hold */
	char *now;   /* what it held when the facts were read */
	/*
	 * What is on record as the original from this step on. When the record
	 * has another original, somebody else has written to the setting since,
	 * and their value is what is restored in the end.
	 */
	char *base;
	const char *why; /* one clause; a literal */
	char *guest;	 /* name of the guest that claims it; "": several */
	char *musts;	 /* UUIDs of the guests that must have it, a blank after
			each; "" for RT_MAY */
};

struct rt_plan {
	struct rt_step *items;
	size_t n, size;
	/* Guests for which no plan can be made that gives them all they must
	 * have. What they can have is planned. */
	struct rt_outcomes outcomes;
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
	bool last; /* no plan follows at once: leave nothing to the next one */
};

/* Fails only for want of memory: a guest that cannot have what it must have
 * is in ret_plan->outcomes. */
int rt_plan_make(const struct rt_plan_input *input, struct rt_plan *ret_plan,
		 struct rt_err *err);
void rt_plan_fini(struct rt_plan *plan);

/* CPUs that active RT guests own. */
struct rt_cpuset rt_plan_owned(const struct rt_journal *journal);
/* Online CPUs (and those that will be) that no active RT guest owns. */
struct rt_cpuset rt_plan_housekeeping(const struct rt_topo *topo,
				      const struct rt_journal *journal);

/*
 * Can a plan have a step for this interrupt? A reader of facts may drop those
 * for which it cannot. *owned is rt_plan_owned(journal).
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
 * Is `now` ours to change? The value that we wrote, the one before it, the
 * original, or the kernel's own reset of a task's affinity.
 */
bool rt_saved_is_ours(const struct rt_saved *saved, const char *now,
		      const struct rt_topo *topo);

/* "sys/devices/system/cpu/cpuN/online" */
bool rt_plan_is_online(const char *path);

/*
 * Does this active guest get a fence instead of a shield (plan_shield.c)?
 * Because the kernel is older than 6.7, or has refused this guest's shield.
 */
bool rt_plan_is_fenced(const struct rt_facts *facts,
		       const struct rt_active *active);

/* Is the step part of a guest's shield, which a fence can replace? */
bool rt_plan_is_shield(const struct rt_step *step);

/*
 * What the setting would hold without kvmrt, given that it holds `now`: the
 * original, or what somebody else has written since, without what kvmrt had
 * added. Heap; NULL without memory.
 */
char *rt_saved_base(const struct rt_saved *saved, const char *now,
		    const struct rt_topo *topo);

/*
 * Does the kernel remember what kvmrt wrote, even where something else stands?
 * From 6.2 it does so of a task's mask (user_cpus_ptr): CPU hotplug replaces
 * the mask, and the next change of any partition narrows the task to what it
 * remembers. So the original is to be written even where it stands already.
 */
bool rt_saved_is_remembered(const struct rt_saved *saved);

/*
 * "set /path: now -> value  # why" lines, and JSON as in show-config(1). The
 * same change of several interrupts, CPUs or threads is one line, unless each
 * step is wanted. `unknown`: what of the host the plan does not know, or "".
 */
void rt_plan_print(const struct rt_plan *plan, bool each,
		   struct rt_strbuf *out);
void rt_plan_print_json(const struct rt_plan *plan, const char *unknown,
			struct rt_strbuf *out);

#endif
