/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* refusal.h - the kernel refuses a step: what that means, and a fence instead */
#ifndef RT_REFUSAL_H
#define RT_REFUSAL_H

#include "apply.h"

enum rt_meaning {
	RT_MEANS_GONE,	 /* the target is no more: nothing to do */
	RT_MEANS_BUSY,	 /* try again */
	RT_MEANS_CANNOT, /* not now: note it and go on */
	RT_MEANS_FIXED,	 /* never: the same, and put it on record */
	RT_MEANS_FAILED,
};

/* code: a positive errno; 0: it took the value and holds another. */
enum rt_meaning rt_refusal_means(const struct rt_step *step, int code);

/* Is it part of the shields of guests that have a fence by now? */
bool rt_refusal_is_settled(const struct rt_store *store,
			   const struct rt_step *step);

/*
 * A part of the shields of guests was refused. Those of them that cannot have
 * their CPUs are on record as fenced afterwards, and a warning says why; the
 * next plan makes the fence. Returns how many they are: none when the error
 * may pass (-EBUSY, -EIO, -ENODEV …). -ENOMEM, or what rt_store_append returns.
 */
int rt_refusal_fence(struct rt_store *store, const struct rt_step *step,
		     const struct rt_err *why, const struct rt_notify *notify,
		     struct rt_err *err);

#endif
