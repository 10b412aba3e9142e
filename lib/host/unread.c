/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* unread.c - what could not be read, as findings */
#include "unread.h"

#include <stdio.h>
#include <string.h>

#define REASONS_MAX                                                            \
	(sizeof(((struct rt_unread *)NULL)->reasons) /                         \
	 sizeof(*((struct rt_unread *)NULL)->reasons))

int rt_unread_add(struct rt_facts *facts, const struct rt_err *why,
		  struct rt_err *err)
{
	const struct rt_where nowhere = { .guest = "" };

	rt_report_add(&facts->unread, RT_WARNING, RT_CODE_UNREAD, nowhere, NULL,
		      "%s", why->text);
	return facts->unread.failed ? rt_fail_memory(err) : 0;
}

int rt_unread_below(struct rt_facts *facts, const char *path,
		    struct rt_err *err)
{
	return rt_settings_add(&facts->settings, RT_KIND_TEXT, path, RT_UNREAD,
			       err);
}

void rt_unread_count(struct rt_unread *unread, const struct rt_err *why)
{
	size_t i = 0;

	while (i < unread->n && unread->reasons[i].code != why->code)
		i++;
	if (i == REASONS_MAX) {
		i--;
	} else if (i == unread->n) {
		unread->reasons[i].code = why->code;
		snprintf(unread->reasons[i].text,
			 sizeof(unread->reasons[i].text), "%.255s", why->text);
		unread->n++;
	}
	unread->reasons[i].n++;
}

int rt_unread_tell(const struct rt_unread *unread, struct rt_facts *facts,
		   struct rt_err *err)
{
	const struct rt_where nowhere = { .guest = "" };

	for (size_t i = 0; i < unread->n; i++)
		rt_report_add(&facts->unread, RT_WARNING, RT_CODE_UNREAD,
			      nowhere, NULL,
			      "%u %s cannot be read and are left out, the "
			      "first because: %s",
			      unread->reasons[i].n, unread->what,
			      unread->reasons[i].text);
	return facts->unread.failed ? rt_fail_memory(err) : 0;
}
