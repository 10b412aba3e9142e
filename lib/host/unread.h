/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * unread.h - what could not be read, as findings of rt_facts.unread
 *
 * A fact that cannot be read is a fault of that fact and of nothing else: it
 * becomes a finding and the reading goes on. Only a finding that cannot be
 * stored is an error, -ENOMEM. So a call that runs short of memory while it
 * reads need not distinguish that from a kernel that does.
 */
#ifndef RT_UNREAD_H
#define RT_UNREAD_H

#include "core/model/facts.h"

/* The code of such a finding. */
#define RT_CODE_UNREAD "unreadable"

/* Add a warning with why->text as its message. */
int rt_unread_add(struct rt_facts *facts, const struct rt_err *why,
		  struct rt_err *err);

/*
 * What is on record and stands at or below this path stays as it is: it could
 * not be read. A setting of that name says so, whose value is RT_UNREAD.
 */
int rt_unread_below(struct rt_facts *facts, const char *path,
		    struct rt_err *err);

/* Of many things of a kind: a finding for each reason, with their number. */
struct rt_unread {
	const char *what; /* "tasks" */
	struct {
		int code;
		unsigned n;
		char text[256]; /* of the first one */
	} reasons[4];		/* the last stands for all others, too */
	size_t n;
};
void rt_unread_count(struct rt_unread *unread, const struct rt_err *why);
int rt_unread_tell(const struct rt_unread *unread, struct rt_facts *facts,
		   struct rt_err *err);

#endif
