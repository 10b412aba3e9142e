/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * outcome.h - which guests lack something that they must have, and why
 *
 * A fault belongs to one guest (docs/design.md, Outcomes). Planning and
 * applying go on for all others, and whoever asked for the work checks here for
 * its own guest.
 */
#ifndef RT_OUTCOME_H
#define RT_OUTCOME_H

#include "core/base/strbuf.h"
#include "guest.h"

struct rt_outcome {
	char uuid[RT_UUID_LEN + 1];
	char *reason; /* one sentence; the first one counts */
};

struct rt_outcomes {
	struct rt_outcome *items;
	size_t n, size;
	bool failed; /* an outcome was lost because memory was short */
};

void rt_outcomes_fini(struct rt_outcomes *outcomes);

/*
 * This guest has failed. The reason of a guest that has failed already stays.
 */
void rt_outcomes_add(struct rt_outcomes *outcomes, const char *uuid,
		     const char *reason);

/*
 * Why the guest has failed; NULL when it has not. When an outcome was lost,
 * every guest counts as failed: doubt means refusal.
 */
const char *rt_outcomes_find(const struct rt_outcomes *outcomes,
			     const char *uuid);

#endif
