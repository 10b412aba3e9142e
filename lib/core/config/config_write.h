/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config_write.h - the text of a section with another value in it */
#ifndef RT_CONFIG_WRITE_H
#define RT_CONFIG_WRITE_H

#include "config.h"
#include "config_line.h"
#include "core/base/strbuf.h"

/* Where a key is in a section's text, as offsets into it. */
struct rt_key_place {
	bool has_key;
	size_t begin;	     /* of the key's line */
	struct rt_line line; /* that line */
	size_t end;	     /* behind the key's last line */
};

struct rt_key_place rt_key_locate(const char *text, size_t len,
				  enum rt_key key);

/* The line end that a text uses. */
const char *rt_line_end(const char *text, size_t len);

/* A value as lines of the file, less their indentation. */
int rt_key_rows(enum rt_key key, const char *value, char **ret_rows,
		struct rt_err *err);

/*
 * The section with those rows for the key's value: in its place, else behind
 * the last key. NULL: without the key. end: the line end to use.
 */
void rt_key_write(struct rt_strbuf *out, struct rt_span section,
		  const struct rt_key_place *place, enum rt_key key,
		  const char *rows, const char *end);

#endif
