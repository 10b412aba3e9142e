/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * each.h - what a command did to each guest: a line, or JSON, and the exit
 * status that follows from all of them
 *
 * JSON, version 1: {"version":1,"guests":[{"uuid","name","did","notes":[…],
 * "error":""}]}
 */
#ifndef RT_EACH_H
#define RT_EACH_H

#include "core/base/json.h"
#include "core/base/report.h"
#include "options.h"

struct rt_each {
	const struct rt_tool *tool;	  /* borrowed */
	const struct rt_options *options; /* borrowed */
	struct rt_strbuf out;
	struct rt_json json;
	unsigned done, failed;
};

struct rt_did {
	const char *uuid, *name;
	const char *did;		/* "in step"; "" when it failed */
	const struct rt_report *report; /* what there is to say; may be NULL */
	const struct rt_err *failure;	/* NULL: it worked */
	bool quiet;			/* printed only with -v */
};

void rt_each_begin(struct rt_each *each, const struct rt_tool *tool,
		   const struct rt_options *options);
void rt_each_add(struct rt_each *each, const struct rt_did *did);

/* Prints what is left, and frees. RT_EXIT_DONE, _FAILED or _PARTLY. */
int rt_each_end(struct rt_each *each);

#endif
