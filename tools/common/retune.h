/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* retune.h - make the host fit the guests that run, by the file as it is now */
#ifndef RT_RETUNE_H
#define RT_RETUNE_H

#include "virt/virt.h"
#include "load.h"

/*
 * Put the named running guests on record as the configuration has them, and
 * reconcile; without any, the host goes back to what it was. Notes go to
 * *report. Needs root.
 */
int rt_retune(struct rt_loaded *loaded, struct rt_virt *virt,
	      const struct rt_guest *const *guests, size_t n,
	      struct rt_report *report, struct rt_err *err);

/* Warnings to stderr: what could not be, what somebody else has changed. */
void rt_retune_tell(const struct rt_tool *tool, bool verbose,
		    const struct rt_report *report);

#endif
