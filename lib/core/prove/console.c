/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* console.c - a command on a console: its prompt, its output, its end */
#include "console.h"

#include "core/base/number.h"

/* The echo of the command line has quotes where the shell's words have none. */
#define ASK "echo kvmrt-prove'-'ends $?\n"
#define END "kvmrt-prove-ends "

static bool has_prompt(const struct rt_console *console)
{
	const size_t len = strlen(console->prompt);
	const struct rt_strbuf *seen = &console->seen;

	return seen->len >= len &&
	       memcmp(seen->text + seen->len - len, console->prompt, len) == 0;
}

/* "kvmrt-prove-ends 0" and the end of that line. */
static void look_for_end(struct rt_console *console)
{
	unsigned long long status;
	char *end = strstr(console->seen.text, END);
	const char *at = end ? end + strlen(END) : NULL;

	if (!end || !rt_scan_number(&at, 255, &status) ||
	    (*at != '\r' && *at != '\n'))
		return;
	console->status = (unsigned)status;
	console->state = RT_CONSOLE_ENDED;
	console->seen.len = (size_t)(end - console->seen.text);
	*end = '\0';
}

int rt_console_take(struct rt_console *console, const char *data, size_t len,
		    struct rt_strbuf *send, struct rt_err *err)
{
	/* A NUL would hide what follows. */
	for (size_t i = 0; i < len; i++)
		rt_strbuf_add(&console->seen, data[i] ? &data[i] : "?", 1);
	if (console->seen.failed)
		return rt_fail_memory(err);
	if (console->state == RT_CONSOLE_WAITS && has_prompt(console)) {
		rt_strbuf_fini(&console->seen);
		console->state = RT_CONSOLE_RUNS;
		rt_strbuf_addf(send, "%s; " ASK, console->command);
	} else if (console->state == RT_CONSOLE_RUNS && console->seen.len) {
		look_for_end(console);
	}
	return send->failed ? rt_fail_memory(err) : 0;
}

void rt_console_fini(struct rt_console *console)
{
	rt_strbuf_fini(&console->seen);
}
