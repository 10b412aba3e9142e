/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * config_edit.h - change kvmrt.cfg's text and nothing else in it
 *
 * Comments, order, spacing, line ends and keys that are not named stay byte for
 * byte. Each change is made to the text of its section alone, so that the cost
 * of many changes depends on their size and not on the size of the file. It is
 * checked by reading that text again: a changed value must read back as what
 * was asked for and all others as before, or the call fails and nothing has
 * changed.
 *
 * A text of several lines (description, comments) is written as the key's
 * line and indented lines below. Lines that would be lost or misread there
 * (empty ones, with blanks at an end, beginning with '#', ';', '[' or '|', or
 * that look like a key) get a '|' in front, which reading takes away. So each
 * text comes back exactly; only control characters other than tab and newline
 * are refused. A name or title with blanks at its ends is refused as well.
 */
#ifndef RT_CONFIG_EDIT_H
#define RT_CONFIG_EDIT_H

#include "config.h"
#include "core/base/strbuf.h"

/* A text that is being edited. */
struct rt_editor {
	struct rt_config config; /* what it says by now; lines as they were */
	unsigned changes;	 /* how many were made */
	const char *text;	 /* as it was; borrowed */
	size_t len;
	struct rt_edited *edited; /* one for each section */
	size_t size;
	size_t dropped; /* sections that are in config, but not in the text */
};

/*
 * Begin: text is len bytes and outlives the editor. One with errors in it is
 * not edited (-EINVAL). The caller finis *ret.
 */
int rt_editor_open(const char *text, size_t len, struct rt_editor *ret,
		   struct rt_err *err);
void rt_editor_fini(struct rt_editor *editor);

/*
 * Set one key of a section to value (may hold newlines for `description` and
 * `comments` only). NULL removes the key with its further lines; comment lines
 * among them stay. A key that is there and has that value already stays as it
 * is spelled; one that is not there goes after the section's last key. -ENOENT
 * when there is no such section.
 */
int rt_editor_set(struct rt_editor *editor, const char *uuid, enum rt_key key,
		  const char *value, struct rt_err *err);

/* Append a section with its name. -EEXIST when the UUID or name is there. */
int rt_editor_add(struct rt_editor *editor, const char *uuid, const char *name,
		  struct rt_err *err);

/* Undo what was done to a section: as it was, or gone if it was added. */
int rt_editor_revert(struct rt_editor *editor, const char *uuid,
		     struct rt_err *err);

/*
 * Take a section out of the text: its keys and what is among them. Comments
 * behind its last key stay, since they may be the next section's.
 */
int rt_editor_drop(struct rt_editor *editor, const char *uuid,
		   struct rt_err *err);

/* The text by now. The caller frees it. */
int rt_editor_text(const struct rt_editor *editor, char **ret_text,
		   struct rt_err *err);

#endif
