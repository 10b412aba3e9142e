/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * talk.h - to say something to a guest that runs: to its agent, on its console
 *
 * For a process of its own: both may block for as long as they are allowed to.
 */
#ifndef RT_TALK_H
#define RT_TALK_H

#include "virt.h"

/* Before rt_virt_open, once, if a console is to be read. */
int rt_virt_talk_init(struct rt_err *err);

/*
 * One command of QEMU's guest agent, and its answer, both JSON; the caller frees
 * it. A guest without an agent, or whose agent refuses, is an error.
 */
int rt_virt_agent(struct rt_virt *virt, const char *uuid, const char *command,
		  int seconds, char **ret_answer, struct rt_err *err);

struct rt_virt_console {
	void *stream; /* virStreamPtr */
};

/* The guest's first console; refused while somebody else has it. */
int rt_virt_console_open(struct rt_virt *virt, const char *uuid,
			 struct rt_virt_console *ret_console,
			 struct rt_err *err);
int rt_virt_console_write(struct rt_virt_console *console, const char *text,
			  size_t len, struct rt_err *err);
/* How many bytes came, at most `size`; 0: none within a second. */
int rt_virt_console_read(struct rt_virt_console *console, char *buf,
			 size_t size, struct rt_err *err);
void rt_virt_console_close(struct rt_virt_console *console);

#endif
