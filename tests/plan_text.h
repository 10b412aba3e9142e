/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* plan_text.h - a plan step by step, with the paths as the plan has them */
#ifndef PLAN_TEXT_H
#define PLAN_TEXT_H

#include "core/plan/plan.h"

static inline void print_steps(const struct rt_plan *plan,
			       struct rt_strbuf *out)
{
	static const char *const acts[] = {
		[RT_ACT_RESTORE] = "back",
		[RT_ACT_SAVE] = "note",
		[RT_ACT_SET] = "set",
		[RT_ACT_OWN] = "own",
	};

	for (size_t i = 0; i < plan->n; i++) {
		const struct rt_step *step = &plan->items[i];

		rt_strbuf_addf(out, "%-4s %s: %s -> %s  # %s", acts[step->act],
			       step->path, *step->now ? step->now : "''",
			       *step->value ? step->value : "''", step->why);
		if (*step->guest)
			rt_strbuf_addf(out, " (%s)", step->guest);
		rt_strbuf_adds(out, "\n");
	}
}

#endif
