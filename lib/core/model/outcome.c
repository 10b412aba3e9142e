/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* outcome.c - which guests lack something that they must have, and why */
#include "outcome.h"

#include <stdlib.h>
#include <string.h>

void rt_outcomes_fini(struct rt_outcomes *outcomes)
{
	for (size_t i = 0; i < outcomes->n; i++)
		free(outcomes->items[i].reason);
	free(outcomes->items);
	memset(outcomes, 0, sizeof(*outcomes));
}

static struct rt_outcome *find(const struct rt_outcomes *outcomes,
			       const char *uuid)
{
	for (size_t i = 0; i < outcomes->n; i++) {
		if (strcmp(outcomes->items[i].uuid, uuid) == 0)
			return &outcomes->items[i];
	}
	return NULL;
}

void rt_outcomes_add(struct rt_outcomes *outcomes, const char *uuid,
		     const char *reason)
{
	struct rt_outcome outcome = { .uuid = "" };

	if (find(outcomes, uuid))
		return;
	snprintf(outcome.uuid, sizeof(outcome.uuid), "%s", uuid);
	outcome.reason = strdup(reason);
	if (!outcome.reason || !rt_grow(&outcomes->items, outcomes->n,
					&outcomes->size, sizeof(outcome))) {
		free(outcome.reason);
		outcomes->failed = true;
		return;
	}
	outcomes->items[outcomes->n++] = outcome;
}

const char *rt_outcomes_find(const struct rt_outcomes *outcomes,
			     const char *uuid)
{
	const struct rt_outcome *outcome = find(outcomes, uuid);

	if (outcome)
		return outcome->reason;
	return outcomes->failed ? "out of memory" : NULL;
}
