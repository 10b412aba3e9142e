/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* picture.h - the host as a picture, with each guest's place in it */
#ifndef RT_PICTURE_H
#define RT_PICTURE_H

#include "load.h"

/*
 * Draw the host and the given guests into path, an .svg or .png file; disabled
 * guests are left out. The rules must have been applied (rt_load_check): what
 * breaks them is red.
 */
int rt_picture_write(const struct rt_options *options,
		     const struct rt_loaded *loaded,
		     const struct rt_guest *const *guests, size_t n,
		     const char *path, struct rt_err *err);

#endif
