/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * config_value.h - the keys of a guest's section and their values
 *
 * How a value goes on over further lines depends on the key:
 *
 *   line   not at all
 *   words  (cpuset, pcidevs, suppress, accept) joined with a blank
 *   text   (description, comments) joined with a newline; see below
 *
 * In a text, the blanks around a line do not count, blank lines in between do,
 * and when nothing follows the '=' the text begins with the next line. A
 * further line whose first character is '|' stands for what follows the bar,
 * to the last blank. So every text of printable characters and tabs can be
 * written: lines that are empty, that begin with '#', ';', '[', '|' or a
 * blank, that end with a blank, or that look like a key get a bar.
 */
#ifndef RT_CONFIG_VALUE_H
#define RT_CONFIG_VALUE_H

#include "config.h"
#include "config_read.h"
#include "core/base/strbuf.h"

enum rt_value_kind {
	RT_VALUE_LINE,
	RT_VALUE_WORDS,
	RT_VALUE_TEXT,
};

/* RT_KEY_COUNT when there is no such key. */
enum rt_key rt_key_find(const char *name, size_t len);
enum rt_value_kind rt_key_kind(enum rt_key key);
/* One sentence: which values this key takes. */
const char *rt_key_hint(enum rt_key key);

/*
 * From the lines of a file (the first as it follows the '=', the others less
 * the blanks in front, newlines in between) to the value they stand for.
 */
int rt_value_unfold(enum rt_value_kind kind, const char *lines,
		    char **ret_value, struct rt_err *err);
/* The other way round, for a text; rows are joined with newlines. */
void rt_value_fold(const char *value, struct rt_strbuf *rows);

/* The key that a row of text could be taken for, or RT_KEY_COUNT. */
enum rt_key rt_value_key_in(const char *row, size_t len);

/* Put a value into its member; an empty one is the default. */
int rt_value_set(struct rt_section *section, enum rt_key key, const char *value,
		 struct rt_err *err);
int rt_value_bool(const char *value, bool *ret, struct rt_err *err);

/* All defaults. The caller finis the section, after a failure too. */
int rt_section_init(struct rt_section *section, struct rt_err *err);

#endif
