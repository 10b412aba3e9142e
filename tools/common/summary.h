/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* summary.h - the state of the host in at most twenty lines, and what to do */
#ifndef RT_SUMMARY_H
#define RT_SUMMARY_H

#include "stat.h"

/*
 * *stat was looked at. Why the file could not be read, or NULL.
 */
void rt_summary(struct rt_stat *stat, const char *no_file,
		struct rt_strbuf *out);

#endif
