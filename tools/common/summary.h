/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* summary.h - the state of the host in at most twenty lines, and what to do */
#ifndef RT_SUMMARY_H
#define RT_SUMMARY_H

#include "stat.h"

/* *stat was looked at. no_file: the file cannot be used. */
void rt_summary(struct rt_stat *stat, bool no_file, struct rt_strbuf *out);

#endif
