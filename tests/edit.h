/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* edit.h - one edit of a text, for tests: text in, text out */
#ifndef RT_TEST_EDIT_H
#define RT_TEST_EDIT_H

#include <string.h>

#include "core/domain/import.h"

/* *ret_text is the caller's; untouched after a failure. */
__attribute__((unused)) static int edit_set(const char *text, const char *uuid,
					    enum rt_key key, const char *value,
					    char **ret_text, struct rt_err *err)
{
	struct rt_editor editor;
	int r = rt_editor_open(text, strlen(text), &editor, err);

	if (r < 0)
		return r;
	r = rt_editor_set(&editor, uuid, key, value, err);
	if (r == 0)
		r = rt_editor_text(&editor, ret_text, err);
	rt_editor_fini(&editor);
	return r;
}

__attribute__((unused)) static int edit_add(const char *text, const char *uuid,
					    const char *name, char **ret_text,
					    struct rt_err *err)
{
	struct rt_editor editor;
	int r = rt_editor_open(text, strlen(text), &editor, err);

	if (r < 0)
		return r;
	r = rt_editor_add(&editor, uuid, name, err);
	if (r == 0)
		r = rt_editor_text(&editor, ret_text, err);
	rt_editor_fini(&editor);
	return r;
}

__attribute__((unused)) static int
edit_import(const char *text, const struct rt_domain *domain,
	    const struct rt_topo *topo, enum rt_import what, char **ret_text,
	    bool *ret_changed, struct rt_err *err)
{
	struct rt_editor editor;
	int r = rt_editor_open(text, strlen(text), &editor, err);

	if (r < 0)
		return r;
	r = rt_import(&editor, domain, topo, what, ret_changed, err);
	if (r == 0)
		r = rt_editor_text(&editor, ret_text, err);
	rt_editor_fini(&editor);
	return r;
}

#endif
