/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hook.h - between the hook's two halves
 *
 * libvirt runs the hook for every guest, ours or not. The program it runs
 * (qemu.c) links the C library only and finds out whether the guest can be
 * ours; loading libxml2 and its dependencies costs several times as much. The
 * module (module.c) does the work.
 */
#ifndef RT_HOOK_H
#define RT_HOOK_H

#include <stddef.h>

#define RT_HOOK_MODULE "kvmrt-hook.so"
#define RT_HOOK_SYMBOL "rt_hook_run"

struct rt_hook_call {
	const char *guest, *operation; /* argv[1], argv[2] */
	const char *xml;	       /* NUL-terminated */
	size_t xml_len;
	const char *root; /* NULL: the live host */
};

/* Returns the exit status. */
typedef int rt_hook_run_fn(const struct rt_hook_call *call);
rt_hook_run_fn rt_hook_run;

#endif
