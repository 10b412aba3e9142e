/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * irqbalance.h - which CPUs irqbalance leaves alone
 *
 * irqbalance 1.3 and later takes commands on a socket that carries its pid in
 * its name: /run/irqbalance/irqbalancePID.sock, or, on a live host, an abstract
 * address where that directory is not there. It wants SCM_CREDENTIALS of root with each
 * message. It is never restarted; when it restarts by itself the ban is gone
 * and the new process is a new target, "irqbalance/PID/START".
 */
#ifndef RT_IRQBALANCE_H
#define RT_IRQBALANCE_H

#include "core/model/facts.h"
#include "sys.h"

/*
 * Code of a finding: irqbalance is there and did not answer within a second.
 * Its earlier instructions stand; it may answer when it is asked again later.
 */
#define RT_CODE_SILENT "irqbalance-silent"

/*
 * Add one setting for each irqbalance that runs; its value is the ban list.
 * When one cannot be asked, for whatever reason, the value is RT_UNREAD, and a
 * finding says why. before: what an earlier call of the same run added, or
 * NULL. An irqbalance that was RT_UNREAD there is not asked again, which would
 * cost a second.
 */
int rt_facts_read_irqbalance(struct rt_sys *sys,
			     const struct rt_settings *before,
			     struct rt_facts *facts, struct rt_err *err);

int rt_irqbalance_read(struct rt_sys *sys, const char *path, char *buf,
		       size_t size, struct rt_err *err);
/*
 * value: a CPU list; an empty one lifts the ban (back to automatic). -EFBIG for
 * one that irqbalance would cut: it is not sent.
 */
int rt_irqbalance_write(struct rt_sys *sys, const char *path, const char *value,
			struct rt_err *err);

#endif
