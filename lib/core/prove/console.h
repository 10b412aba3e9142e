/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * console.h - a command on a console: its prompt, its output, its end
 *
 * Bytes go in as they come, torn anywhere; what is to be written comes out. A
 * shell has to be waiting at its prompt: nobody logs in here.
 */
#ifndef RT_CONSOLE_H
#define RT_CONSOLE_H

#include <stdbool.h>

#include "core/base/strbuf.h"

enum rt_console_state {
	RT_CONSOLE_WAITS, /* for the prompt */
	RT_CONSOLE_RUNS,  /* the command */
	RT_CONSOLE_ENDED,
};

struct rt_console {
	const char *prompt, *command; /* borrowed */
	enum rt_console_state state;
	struct rt_strbuf seen; /* in this state; in the end: the output */
	unsigned status;       /* of the command */
};

/* What wakes a shell up. */
#define RT_CONSOLE_KNOCK "\n"

/* Adds to *send what is to be written. -ENOMEM only. */
int rt_console_take(struct rt_console *console, const char *data, size_t len,
		    struct rt_strbuf *send, struct rt_err *err);
void rt_console_fini(struct rt_console *console);

#endif
