/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* host_checks.h - is this host fit for real-time guests? */
#ifndef RT_HOST_CHECKS_H
#define RT_HOST_CHECKS_H

#include "load.h"

enum rt_verdict {
	RT_PASS,
	RT_WARN,    /* works, and could be better */
	RT_FAIL,    /* real-time guests are not possible so */
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

/* A small file's text without the newline; "" when it cannot be read. */
bool rt_host_text(struct rt_loaded *loaded, const char *path, char *buf,
		  size_t size);

/* All but what libvirt and the agent have to be asked for. *loaded may hold
   no configuration: then nothing is computed from it. */
void rt_host_checks(struct rt_loaded *loaded, struct rt_host_checks *checks);

/* --- host_checks_devices.c --- */

void rt_host_check_devices(struct rt_loaded *loaded,
			   struct rt_host_checks *checks);
/* Has an enabled guest pcidevs? */
bool rt_host_passes_devices(const struct rt_loaded *loaded);
/* An Intel processor whose IOMMU the kernel does not use. */
bool rt_host_wants_intel_iommu(struct rt_loaded *loaded);

/* --- host_checks_hook.c --- */

void rt_host_check_hook(struct rt_loaded *loaded,
			struct rt_host_checks *checks);

/* --- host_checks_memory.c --- */

/* A guest whose memory is locked. */
struct rt_host_locked {
	const char *name; /* borrowed */
	unsigned long long kib;
	struct rt_cpuset nodes; /* its memory is of these only; empty: of any */
	bool hugepages;
	unsigned long long page_kib; /* of these; 0: the host's default */
};
void rt_host_check_memory(struct rt_loaded *loaded,
			  const struct rt_host_locked *guests, size_t n,
			  struct rt_host_checks *checks);

/* --- host_checks_boot.c --- */

/* Boot parameters that this configuration would gain from. */
void rt_host_check_boot(struct rt_loaded *loaded,
			struct rt_host_checks *checks);

#endif
