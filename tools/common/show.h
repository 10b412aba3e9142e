/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* show.h - the configuration as understood, for people and for programs */
#ifndef RT_SHOW_H
#define RT_SHOW_H

#include <stdio.h>

#include "load.h"

/* The same colour for the same severity, whoever shows it. */
#define RT_COLOUR_ERROR	  "\033[1;31m"
#define RT_COLOUR_WARNING "\033[1;33m"
#define RT_COLOUR_GOOD	  "\033[1;32m"

/* A terminal that wants colour (not NO_COLOR, not TERM=dumb). */
bool rt_show_has_colour(FILE *file);

/* All of *text to a stream, flushed; what it held is freed. */
int rt_show_write(struct rt_strbuf *text, FILE *file, const char *name,
		  struct rt_err *err);

/* Findings as compilers print them, coloured if asked for. */
void rt_show_report(const struct rt_report *report, bool colour,
		    struct rt_strbuf *out);

struct rt_show {
	const struct rt_loaded *loaded;
	bool colour, verbose;
	struct rt_strbuf *out;
};

/* Those that are errors, to stderr. */
void rt_show_errors(const struct rt_report *report);
/* The same, and with --json all to stdout. Returns RT_EXIT_REFUSED. */
int rt_show_refusal(const struct rt_tool *tool, const struct rt_report *report);

/* One guest as an aligned block. */
void rt_show_guest(const struct rt_show *show, const struct rt_guest *guest);
struct rt_json;
/* The same as an object; the guest has a section. */
void rt_show_guest_json(struct rt_json *json, const struct rt_guest *guest);
/* What no enabled real-time guest owns, and what is offline. */
void rt_show_host(const struct rt_show *show);
/* Each core with its threads, numbered as in cpuset. */
void rt_show_topology(const struct rt_show *show);

/* Online CPUs that no enabled real-time guest owns. */
struct rt_cpuset rt_show_housekeeping(const struct rt_loaded *loaded);

#endif
