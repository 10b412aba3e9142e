/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * caps.c - which of root's capabilities the agent needs
 *
 *   CAP_SYS_NICE    masks of others' threads
 *   CAP_SYS_ADMIN   a partition below machine.slice that somebody took away
 *                   (remote_partition_enable, 6.7: else "not permitted")
 *   CAP_SYS_PTRACE  /proc/PID of guests where /proc is mounted with hidepid
 *                   and a group (ptrace_may_access)
 *   CAP_NET_ADMIN   before 6.6 only: cn_proc_mcast_ctl asks for it each time
 *                   that process events are switched on or off, and counts a
 *                   listener that goes without a word as one for ever. From
 *                   6.6 on it does not ask.
 *
 * CAP_DAC_OVERRIDE is not needed: the files of /proc/irq, of sysfs, of tracefs,
 * of libvirt's scopes and of the journal belong to root, and the agent stays
 * root. (When somebody has given the files of a scope to another user, the
 * agent cannot write them, and the guest is degraded.)
 */
#include <cap-ng.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "agent.h"

bool agent_needs_net_admin(const char *release)
{
	unsigned major, minor;

	return sscanf(release, "%u.%u", &major, &minor) != 2 || major < 6 ||
	       (major == 6 && minor < 6);
}

int agent_drop_caps(struct rt_err *err)
{
	const capng_type_t kept =
		CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET;
	struct utsname is;
	int r;

	capng_clear(CAPNG_SELECT_BOTH);
	r = capng_updatev(CAPNG_ADD, kept, CAP_SYS_NICE, CAP_SYS_ADMIN,
			  CAP_SYS_PTRACE, -1);
	if (r == 0 && (uname(&is) < 0 || agent_needs_net_admin(is.release)))
		r = capng_update(CAPNG_ADD, kept, CAP_NET_ADMIN);
	if (r < 0 || capng_apply(CAPNG_SELECT_BOTH) < 0)
		return rt_fail(err, 0, "drop capabilities");
	return 0;
}
