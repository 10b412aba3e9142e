/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * config_edit.h - change kvmrt.cfg's text and keep all else in it
 *
 * Comments, order, spacing, line ends and keys that are not named stay byte
 * for byte. The result is checked by reading it again: a changed value must
 * read back as what was asked for and all others as before, or the call fails
 * and nothing is returned. A text with errors in it is not edited.
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

/*
 * Set one key of a section to value (may hold newlines for `description` and
 * `comments` only). NULL removes the key with its further lines; comment lines
 * among them stay. A key that is there and has that value already stays as it
 * is spelled; one that is not there goes after the section's last key. A
 * section that is not there is an error (-ENOENT). text is len bytes;
 * *ret_text is the caller's.
 */
int rt_config_set(const char *text, size_t len, const char *uuid,
		  enum rt_key key, const char *value, char **ret_text,
		  struct rt_err *err);

/* Append a section with its name. -EEXIST when the UUID or name is there. */
int rt_config_add(const char *text, size_t len, const char *uuid,
		  const char *name, char **ret_text, struct rt_err *err);

/*
 * Take a section out, with the comment lines directly above it and those
 * directly below its last key. What is set apart by an empty line stays.
 */
int rt_config_remove(const char *text, size_t len, const char *uuid,
		     char **ret_text, struct rt_err *err);

#endif
