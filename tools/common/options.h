/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * options.h - the command line that all commands share
 *
 * -h --help, -V --version, -f FILE, -v --verbose and --root DIR are every
 * command's. The rest is said by struct rt_tool.
 */
#ifndef RT_OPTIONS_H
#define RT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"

enum rt_exit {
	RT_EXIT_DONE = 0,
	RT_EXIT_FAILED = 1, /* the host is as before */
	RT_EXIT_USAGE = 2,
	RT_EXIT_REFUSED = 3, /* the configuration */
	RT_EXIT_PARTLY = 4,
};

#define RT_GO_ON (-1) /* rt_options_parse: nothing to end for */

/* What more a command takes. */
enum {
	RT_TAKES_JSON = 1 << 0,	    /* --json */
	RT_TAKES_TOPOLOGY = 1 << 1, /* --topology SOURCE */
	RT_TAKES_GUESTS = 1 << 2,   /* operands */
};

/* Values of an option that may be given several times, in their order. */
struct rt_values {
	const char **items; /* borrowed; the caller frees the array */
	size_t n, size;
};

/* A switch (on), or an option with a value. The other pointers are NULL. */
struct rt_option {
	char letter; /* '\0': long only */
	const char *name;
	bool *on;
	const char **value;
	struct rt_values *values;
};

struct rt_tool {
	const char *name;
	const char *help; /* all of --help */
	unsigned takes;
	const struct rt_option *options; /* the command's own */
	size_t n;
	const struct rt_options *given; /* for --json when it fails; or NULL */
};

/* Borrowed from the command line and the environment. */
struct rt_options {
	const char *file;     /* NULL: /etc/kvmrt.cfg below the root */
	const char *root;     /* NULL: this host */
	const char *topology; /* NULL: the root's */
	bool verbose, json;
	bool may_lack_file; /* what is in force is shown without one, too */
	bool reads_facts;   /* the command itself: rt_load does not */
	bool new_file;	    /* it is made if it is not there, -f or not */
	char **guests;
	size_t n_guests;
};

/*
 * RT_GO_ON with *ret_options filled, or the exit status: --help and --version
 * have been printed, a usage error has been reported.
 */
int rt_options_parse(const struct rt_tool *tool, int argc, char **argv,
		     struct rt_options *ret_options);

/* "10s", "2m", "1h", "10": up to a day. */
bool rt_options_time(const char *text, unsigned *ret_seconds);

/* One line on stderr, and the hint at --help. Returns RT_EXIT_USAGE. */
int rt_usage_error(const struct rt_tool *tool, const char *fmt, ...)
	RT_PRINTF(2, 3);

/*
 * "NAME: TEXT" on stderr, and with --json an object with this one finding on
 * stdout. Returns RT_EXIT_FAILED.
 */
int rt_tool_failed(const struct rt_tool *tool, const struct rt_err *err);
/* The same after an object was printed already: only stderr. */
int rt_tool_told(const struct rt_tool *tool, const struct rt_err *err);
/*
 * The same when the configuration file could not be read: code and exit status
 * depend on why (kvmrt(7), EXIT STATUS).
 */
int rt_file_failed(const struct rt_tool *tool, const struct rt_err *err);

#endif
