/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * prove_child.h - processes that kvmrt-prove starts: the load, and the talk
 * with the guest, which may block
 *
 * Each is a process group of its own, which is ended with it, and dies with
 * kvmrt-prove. It runs where kvmrt-prove runs: not on guests' CPUs.
 */
#ifndef RT_PROVE_CHILD_H
#define RT_PROVE_CHILD_H

#include <sys/types.h>

#include "core/base/strbuf.h"

struct rt_child {
	pid_t pid; /* 0: none runs */
	int fd;	   /* what it says */
	struct rt_strbuf said;
	bool ended;
	int status; /* as of waitpid */
};

/* What the child does: *out is what it says; a failure's text, if it fails. */
typedef int rt_child_body(void *data, struct rt_strbuf *out,
			  struct rt_err *err);

int rt_child_call(struct rt_child *child, rt_child_body *body, void *data,
		  struct rt_err *err);
/* A command: words between blanks, no shell. What it prints goes nowhere. */
int rt_child_run(struct rt_child *child, const char *command,
		 struct rt_err *err);
/* Does not wait: what it has said since, and whether it has ended. */
void rt_child_look(struct rt_child *child);
/* It ended as it should. */
bool rt_child_is_good(const struct rt_child *child);
/* Is ended, if it runs; and freed. */
void rt_child_fini(struct rt_child *child);

#endif
