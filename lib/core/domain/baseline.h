/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * baseline.h - which of configuration and definition was changed since both
 * said the same
 *
 * When a guest's section and its definition agree, both are put on record as
 * text. Later, whichever differs from its record has been edited.
 */
#ifndef RT_BASELINE_H
#define RT_BASELINE_H

#include "domain.h"
#include "core/base/json.h"

/* What was agreed: canonical texts. NULL in both: never agreed. */
struct rt_baseline {
	char *section; /* rt_baseline_of_section */
	char *domain;  /* rt_baseline_of_domain */
};

void rt_baseline_fini(struct rt_baseline *agreed);

/* All that kvmrt sets in each, one line of JSON in a fixed order. */
int rt_baseline_of_section(const struct rt_section *section, char **ret_text,
			   struct rt_err *err);
int rt_baseline_of_domain(const struct rt_domain *domain, char **ret_text,
			  struct rt_err *err);

/* Passed devices in a fixed order, for the user's is of no account. */
void rt_baseline_devices(struct rt_json *json, const struct rt_pci_set *set);

/* What a user edits in virt-manager; placement, locking and nodes are not. */
bool rt_baseline_can_take(enum rt_difference_kind kind);

enum rt_side {
	RT_SIDE_NONE,	    /* they agree: nothing to do but to record it */
	RT_SIDE_CONFIG,	    /* push the configuration to libvirt */
	RT_SIDE_DEFINITION, /* take the edit into the configuration */
};

/*
 * *differences is of rt_domain_compare. The definition is taken only when it
 * alone was edited, in something that the configuration can take
 * (RT_IMPORT_EDITS), and edits is RT_EDITS_FOLLOW; whether the result is valid
 * is for the caller to check, who otherwise pushes. *ret_why: a clause for the
 * log, a literal.
 */
enum rt_side rt_baseline_decide(const struct rt_baseline *agreed,
				const struct rt_differences *differences,
				const char *section, const char *domain,
				enum rt_edits edits, const char **ret_why);

#endif
