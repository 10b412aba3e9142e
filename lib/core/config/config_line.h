/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * config_line.h - the lines of kvmrt.cfg, by kind
 *
 * A comment is a line of its own: its first character that is not a blank is
 * '#' or ';'. Anywhere else the two are ordinary text. A line that begins with
 * a blank continues the key above it; blank and comment lines may stand in
 * between.
 */
#ifndef RT_CONFIG_LINE_H
#define RT_CONFIG_LINE_H

#include "core/base/text.h"

enum rt_line_kind {
	RT_LINE_BLANK,
	RT_LINE_COMMENT,
	RT_LINE_MORE,	 /* begins with a blank: continues a key */
	RT_LINE_SECTION, /* begins with '[' */
	RT_LINE_KEY,	 /* has a '=' */
	RT_LINE_OTHER,	 /* none of these: a fault */
};

struct rt_line {
	enum rt_line_kind kind;
	struct rt_span whole; /* without the line end */
	size_t end;	      /* bytes of the line end: 0 to 2 */
	struct rt_span name;  /* of a key, trimmed; of a section, as it is
				 between the brackets */
	struct rt_span value; /* trimmed: of a key, what follows its '='; of a
				 section, what follows its bracket */
	bool closed;	      /* a section's ']' is there */
};

/*
 * The line at *at, which moves past it; false at the end of the text. A byte
 * order mark in front of the first line belongs to no line.
 */
bool rt_line_next(const char *text, size_t len, size_t *at,
		  struct rt_line *ret_line);

#endif
