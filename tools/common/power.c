/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* power.c - is a guest off, and how it gets there */
#include "power.h"

#include <errno.h>
#include <time.h>

#include "parallel.h"

#define POLL_MS 250

bool rt_is_off(enum rt_virt_state state)
{
	return state == RT_VIRT_OFF || state == RT_VIRT_CRASHED;
}

int rt_wait_off(struct rt_virt *virt, const char *uuid, unsigned seconds,
		bool *ret_off, struct rt_err *err)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };
	const unsigned long long end = rt_now_ms() + seconds * 1000ull;

	for (;;) {
		struct rt_virt_guest guest;
		int r = rt_virt_find(virt, uuid, &guest, err);

		/* A transient guest is gone when it is off. */
		*ret_off = r == -ENOENT || (r == 0 && rt_is_off(guest.state));
		if (r == 0)
			rt_virt_guest_fini(&guest);
		if (*ret_off)
			return 0;
		if (r < 0 || rt_now_ms() >= end)
			return r;
		nanosleep(&pause, NULL);
	}
}

int rt_power_off(struct rt_virt *virt, const char *uuid, unsigned seconds,
		 struct rt_err *err)
{
	bool off = false;
	int r = rt_virt_destroy(virt, uuid, err);

	/* libvirt gives up on a QEMU that dies slowly; it dies all the same. */
	if (rt_wait_off(virt, uuid, seconds, &off, err) == 0 && off)
		return 0;
	return r < 0 ? r :
		       rt_fail(err, 0,
			       "libvirt powered it off, but it still runs");
}
