/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt_part.h - shared by the files of lib/virt that ask libvirt of a guest */
#ifndef RT_VIRT_PART_H
#define RT_VIRT_PART_H

#include <libvirt/libvirt.h>

#include "virt.h"

/* What was tried, on what ("" for nothing), and libvirt's own words. */
int rt_virt_failed(struct rt_err *err, const char *what, const char *on);
/* By name or UUID; the caller frees it. */
int rt_virt_look_up(struct rt_virt *virt, const char *name,
		    virDomainPtr *ret_domain, struct rt_err *err);

#endif
