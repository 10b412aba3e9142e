/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* host_checks.h - is this host fit for real-time guests? */
#ifndef RT_HOST_CHECKS_H
#define RT_HOST_CHECKS_H

#include "load.h"

enum rt_verdict {
	RT_PASS,
	RT_WARN,    /* works, and could be better */
	RT_FAIL,    /* real-time guests cannot be had so */
	RT_UNKNOWN, /* could not be seen from here */
};

/* "pass" */
const char *rt_verdict_name(enum rt_verdict verdict);

struct rt_host_check {
	const char *code; /* stable; a literal */
	enum rt_verdict verdict;
	char *evidence; /* what was seen, and where */
	char *fix;	/* the exact thing to do; "" when nothing */
};

struct rt_host_checks {
	struct rt_host_check *items;
	size_t n, size;
	bool failed; /* one was lost for want of memory */
};
void rt_host_checks_fini(struct rt_host_checks *checks);

void rt_host_check_add(struct rt_host_checks *checks, const char *code,
		       enum rt_verdict verdict, const char *fix,
		       const char *fmt, ...) RT_PRINTF(5, 6);

/* All but what libvirt and the agent have to be asked for. *loaded may hold
   no configuration: then nothing is computed from it. */
void rt_host_checks(struct rt_loaded *loaded, struct rt_host_checks *checks);

/* --- host_checks_boot.c --- */

/* Boot parameters that this configuration would gain from. */
void rt_host_check_boot(struct rt_loaded *loaded,
			struct rt_host_checks *checks);

#endif
