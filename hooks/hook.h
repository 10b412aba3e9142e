/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hook.h - between the hook's two halves
 *
 * libvirt runs the hook for every guest. The program that it runs (qemu.c)
 * links the C library only and finds out whether the guest can be one of
 * kvmrt's; the module (module.c) does the work, with libxml2, hwloc and inih.
 *
 * One program with those three would take 4 ms more for a guest that is not
 * kvmrt's (7 instead of 2.5), which would be acceptable. But the loader ends a
 * program that lacks a library with status 127, and libvirt then starts no
 * guest at all: one library that is replaced or removed would stop every guest
 * of the host. So the part that decides about other guests, and about guests
 * that are not real-time, needs nothing that can be missing.
 */
#ifndef RT_HOOK_H
#define RT_HOOK_H

#include <stdbool.h>
#include <stddef.h>

#define RT_HOOK_MODULE "kvmrt-hook.so"
#define RT_HOOK_SYMBOL "rt_hook_module"
/* In both halves: they work together only when both are of one version. */
#define RT_HOOK_VERSION "kvmrt-hook " KVMRT_VERSION

struct rt_hook_call {
	const char *guest, *operation; /* argv[1], argv[2] */
	const char *xml;	       /* NUL-terminated */
	size_t xml_len;
	const char *root; /* NULL: the live host */
	/* No real-time guest, by the text of kvmrt.cfg and the record: it is
	 * not refused, whatever is wrong with ours. */
	bool ordinary;
};

/* Returns the exit status. */
typedef int rt_hook_run_fn(const struct rt_hook_call *call);
rt_hook_run_fn rt_hook_run;

/* What the module exports. The version stays the first member for ever. */
struct rt_hook_module {
	const char *version;
	rt_hook_run_fn *run;
};

#endif
