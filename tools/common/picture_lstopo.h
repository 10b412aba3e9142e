/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* picture_lstopo.h - hwloc's lstopo, run without a shell and not for ever */
#ifndef RT_PICTURE_LSTOPO_H
#define RT_PICTURE_LSTOPO_H

#include <stdbool.h>

#include "core/base/strbuf.h"
#include "options.h"

enum rt_picture_format {
	RT_PICTURE_NONE,
	RT_PICTURE_SVG,
	RT_PICTURE_PNG,
};

/* By the end of a file's name. */
enum rt_picture_format rt_picture_format(const char *path);

/* The topology that the options name, with caches and devices, as hwloc XML. */
int rt_lstopo_read(const struct rt_options *options, const char *root,
		   struct rt_strbuf *ret_xml, struct rt_err *err);

/*
 * Draw a topology into a file: made beside it and renamed when whole. What is
 * not a plain file is left alone. The legend's lines are at the bottom;
 * `many` boxes without a place go in several rows.
 */
int rt_lstopo_draw(const char *xml, size_t len, const char *const *legend,
		   size_t n_legend, bool many, const char *path,
		   struct rt_err *err);

#endif
