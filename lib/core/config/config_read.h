/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * config_read.h - the sections and keys of kvmrt.cfg, by way of inih
 */
#ifndef RT_CONFIG_READ_H
#define RT_CONFIG_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "config_line.h"
#include "core/base/err.h"

/* A key with all its lines. */
struct rt_config_key {
	struct rt_span name;
	unsigned line;
	unsigned more_line; /* its first further line; 0: it has none */
	/*
	 * What follows the '=', then each further line less the blanks in
	 * front, newlines in between. Blank lines within stay, comment lines do
	 * not. NULL: a line of it was reported as a fault.
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
