/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * config_read.h - the lines of kvmrt.cfg, and their way through inih
 *
 * A comment is a line of its own: its first character that is not a blank is
 * '#' or ';'. Anywhere else the two are ordinary text. A line that begins with
 * a blank continues the key above it; blank and comment lines may stand in
 * between.
 */
#ifndef RT_CONFIG_READ_H
#define RT_CONFIG_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"

enum rt_line_kind {
	RT_LINE_BLANK,
	RT_LINE_COMMENT,
	RT_LINE_MORE,	 /* begins with a blank: continues a key */
	RT_LINE_SECTION, /* begins with '[' */
	RT_LINE_KEY,	 /* has a '=' */
	RT_LINE_OTHER,	 /* none of these: a fault */
};

/* Borrowed text that is not terminated. */
struct rt_span {
	const char *text;
	size_t len;
};

/* Less the blanks (and tabs) at both ends. */
struct rt_span rt_trim(const char *text, size_t len);

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

/* A key with all its lines. */
struct rt_config_key {
	struct rt_span name;
	unsigned line;
	unsigned more_line; /* its first further line; 0: it has none */
	/*
	 * What follows the '=', then each further line less the blanks in
	 * front, newlines in between. Blank lines within are kept, comment
	 * lines are not. NULL: a line of it was reported as a fault.
	 */
	const char *lines;
};

struct rt_config_fault {
	unsigned line;
	const char *code; /* NULL: no fault */
	const char *hint, *what;
	struct rt_span text; /* what it is about, or empty */
};

/*
 * What the reader has found, in the order of the file. Each call returns
 * false to end the reading.
 */
struct rt_config_events {
	void *user;
	/* fault: what is wrong with the header's line, if it has a code. */
	bool (*section)(void *user, struct rt_span name, unsigned line,
			const struct rt_config_fault *fault);
	bool (*key)(void *user, const struct rt_config_key *key);
	bool (*fault)(void *user, const struct rt_config_fault *fault);
};

/* Negative when memory is short or inih cannot be used. */
int rt_config_read(const char *text, size_t len,
		   const struct rt_config_events *events, struct rt_err *err);

#endif
