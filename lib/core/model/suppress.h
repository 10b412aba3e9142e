/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * suppress.h - what a kernel does now and then on all CPUs, also on those of
 * real-time guests, and can be told not to do only for the whole host
 *
 * A guest's section names them (suppress = ksm, khugepaged), and they do not
 * happen while the guest is active.
 */
#ifndef RT_SUPPRESS_H
#define RT_SUPPRESS_H

#include "core/base/words.h"

struct rt_suppression {
	const char *path, *value; /* the setting, and what stops it */
	const char *why;	  /* for the plan */
};

/* By the bit of the word, which stands in records and never moves. */
extern const struct rt_words rt_suppress_words;
extern const struct rt_suppression rt_suppressions[];

#endif
