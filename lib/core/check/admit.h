/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * admit.h - may the host be tuned for this guest now?
 *
 * check.h judges the file and the host. Here a guest is judged against what
 * runs: the guests on record, and, if it runs itself, its own document. The
 * hook asks at each start, and kvmrt-boot before it tunes a running guest
 * again.
 */
#ifndef RT_ADMIT_H
#define RT_ADMIT_H

#include "core/domain/domain.h"

/*
 * `other` is active, with the CPUs that are on record for it, whatever the file
 * says by now. An error names the CPUs that both would have. A guest does not
 * conflict with itself, nor do two ordinary guests conflict with each other.
 */
int rt_admit_beside(const struct rt_guest *guest, const struct rt_guest *other,
		    struct rt_err *err);

/* What differs in a way that counts, as a list in one sentence. */
void rt_admit_list(const struct rt_differences *differences,
		   bool (*which)(enum rt_difference_kind kind),
		   struct rt_strbuf *out);

/*
 * May a running guest, whose live document is *live, be tuned as *guest says? A
 * real-time guest's vCPUs, topology and devices must be what its section says:
 * threads and interrupts are placed by that. Placement and nodes are corrected
 * while it runs.
 */
int rt_admit_running(const struct rt_domain *live, const struct rt_guest *guest,
		     struct rt_err *err);

/*
 * strict = false: make an RT guest what its document says it is, as far as
 * tuning depends on it: vCPUs and devices. The CPUs stay those of its section.
 * On failure it cannot be tuned: there are too few of them.
 */
int rt_admit_follow(const struct rt_domain *domain, struct rt_guest *guest,
		    struct rt_err *err);

#endif
