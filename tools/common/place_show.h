/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* place_show.h - what kvmrt-place has found, for people and for programs */
#ifndef RT_PLACE_SHOW_H
#define RT_PLACE_SHOW_H

#include "core/place/place.h"
#include "show.h"

struct rt_placed {
	const struct rt_options *options;
	const struct rt_loaded *loaded; /* the host, and the file with places */
	const struct rt_placing *placing;
	const struct rt_place *place;
	const struct rt_placement *found; /* the best, and the next one */
	size_t n_found;
	const char *diff;     /* "": the file says so already */
	const char *path;     /* of the file */
	bool written, hidden; /* hidden: who runs is not known */
};

void rt_placed_show(const struct rt_placed *placed, struct rt_strbuf *out);
void rt_placed_json(const struct rt_placed *placed, struct rt_strbuf *out);

#endif
