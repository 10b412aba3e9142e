/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * caps.c - what the guard needs of root's capabilities
 *
 *   CAP_SYS_NICE      masks of others' threads
 *   CAP_SYS_ADMIN     a partition below machine.slice that somebody took away
 *                     (remote_partition_enable, 6.7: else "not permitted")
 *   CAP_NET_ADMIN     process events (before 6.6 the only way)
 *   CAP_DAC_OVERRIDE  cgroup files of scopes that were handed to others
 *
 * The files of /proc/irq, of sysfs and of the journal are root's own, and root
 * the agent stays.
 */
#include <cap-ng.h>

#include "agent.h"

int agent_drop_caps(struct rt_err *err)
{
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_updatev(CAPNG_ADD,
			  CAPNG_EFFECTIVE | CAPNG_PERMITTED |
				  CAPNG_BOUNDING_SET,
			  CAP_SYS_NICE, CAP_SYS_ADMIN, CAP_NET_ADMIN,
			  CAP_DAC_OVERRIDE, -1) < 0 ||
	    capng_apply(CAPNG_SELECT_BOTH) < 0)
		return rt_fail(err, 0, "drop capabilities");
	return 0;
}
