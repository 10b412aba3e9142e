/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* retune.h - tune the host for the guests that run, by the file as it is now */
#ifndef RT_RETUNE_H
#define RT_RETUNE_H

#include "virt/virt.h"
#include "load.h"

/* One running guest, and how it went. */
struct rt_retuned {
	const struct rt_guest *guest;
	int r; /* negative: `err` says why it is not tuned as the file says */
	struct rt_err err;
};

/*
 * Put the running guests on record as the configuration has them, and
 * reconcile; without any, the host is restored. A guest that may not be tuned
 * so (core/check/admit.h) stays on record as it was. With strict = false an RT
 * guest becomes in *loaded what it runs as. The call fails only for
 * what concerns all of them. Notes go to *report. Needs root.
 */
int rt_retune(struct rt_loaded *loaded, struct rt_virt *virt,
	      struct rt_retuned *guests, size_t n, struct rt_report *report,
	      struct rt_err *err);

/*
 * Warnings to stderr: what could not be done, what somebody else has changed.
 */
void rt_retune_tell(const struct rt_tool *tool, bool verbose,
		    const struct rt_report *report);

#endif
