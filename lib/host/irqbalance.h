/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * irqbalance.h - which CPUs irqbalance keeps off
 *
 * irqbalance 1.3 and later takes commands on a socket that carries its pid in
 * its name: /run/irqbalance/irqbalancePID.sock, or an abstract address where
 * that directory cannot be made. It wants SCM_CREDENTIALS of root with each
 * message. It is never restarted; when it restarts by itself the ban is gone
 * and the new process is a new target, "irqbalance/PID/START".
 */
#ifndef RT_IRQBALANCE_H
#define RT_IRQBALANCE_H

#include "core/model/facts.h"
#include "sys.h"

/* Add one setting for each irqbalance that runs; its value is the ban list. */
int rt_facts_read_irqbalance(struct rt_sys *sys, struct rt_facts *facts,
			     struct rt_err *err);

int rt_irqbalance_read(struct rt_sys *sys, const char *path, char *buf,
		       size_t size, struct rt_err *err);
/* value: a CPU list; an empty one lifts the ban (back to automatic). */
int rt_irqbalance_write(struct rt_sys *sys, const char *path, const char *value,
			struct rt_err *err);

#endif
