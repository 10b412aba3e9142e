/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * prune.h - sections of guests that libvirt has not got
 *
 * A guest whose name libvirt has under another UUID is not among them: its
 * section is most often right but for the UUID.
 */
#ifndef RT_PRUNE_H
#define RT_PRUNE_H

#include "each.h"
#include "load.h"
#include "virt/virt.h"

struct rt_prune {
	const struct rt_options *options;
	struct rt_loaded *loaded;
	struct rt_virt *virt;
};

/*
 * Has libvirt neither a guest of that UUID nor one of that name? 1: so it is,
 * 0: it has one, or a negative errno: it could not be asked.
 */
int rt_prune_is_stale(const struct rt_prune *prune,
		      const struct rt_guest *guest, struct rt_err *err);

/*
 * Fails when libvirt has no guest at all: then it is rather another libvirt
 * (another user's, another host's) than that all guests were undefined.
 */
int rt_prune_may_take_all(const struct rt_prune *prune, struct rt_err *err);

/* Take the section of one such guest out of the file. */
int rt_prune_section(const struct rt_prune *prune, const char *uuid,
		     struct rt_err *err);

/*
 * Of those guests: on a terminal ask for each whether its section is to go,
 * elsewhere name the command that removes them all. Not with --json.
 */
void rt_prune_offer(const struct rt_prune *prune,
		    const struct rt_guest *const *guests, size_t n);

#endif
