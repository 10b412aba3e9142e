/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* module.h - one call of the hook, and what its operations share */
#ifndef RT_MODULE_H
#define RT_MODULE_H

#include "core/check/admit.h"
#include "core/check/check.h"
#include "core/domain/domain.h"
#include "core/base/report.h"
#include "host/log.h"
#include "host/reconcile.h"
#include "hook.h"

/*
 * libvirt waits for a hook, and its whole driver with it: ten seconds at most.
 * The lock is the only thing that it waits for an unknown time for; the rest is
 * for the work, of which irqbalance may take two seconds, one to be read and
 * one to be written.
 */
#define HOOK_LIMIT_MS	   10000
#define HOOK_WORK_MS	   4000
#define HOOK_LOCK_LIMIT_MS (HOOK_LIMIT_MS - HOOK_WORK_MS)

struct hook {
	const struct rt_hook_call *call;
	struct rt_sys sys;
	struct rt_log log;
	struct rt_report report; /* of reconcile: goes to the log */
	struct rt_domain domain;
	/* Read on demand; a configuration with errors is still used. */
	bool has_config;
	struct rt_config config;
	struct rt_report config_report;
	const struct rt_section *section; /* of this guest; NULL: none */
	struct rt_topo topo;
	struct rt_guests guests;
	struct rt_guest *guest; /* resolved from section */
	bool has_store;
	struct rt_store store;
	bool lacks; /* `err` is what it lacks; all else is tuned */
	struct rt_err err;
};

/* Log and go on. */
void hook_log(struct hook *hook, const char *what);

/* The configuration and this guest's section in it, if there is one. */
int hook_read_config(struct hook *hook);

/* Does an RT guest that cannot be real-time stay off? */
bool hook_is_strict(const struct hook *hook);

/* strict = false, and an RT guest: each fault is a warning. */
bool hook_is_loose(const struct hook *hook);
/* Log the fault that strict = false allows. */
void hook_log_loose(struct hook *hook);

/* The lock and the journal, then the topology and all guests resolved. */
int hook_open_store(struct hook *hook);
int hook_resolve(struct hook *hook);

/* All that speaks against starting this guest here, as one error. */
int hook_check(struct hook *hook);

/*
 * strict = false: whatever hook_check or hook_compare said, what can be tuned
 * for the guest as it is. Fails when nothing can be.
 */
int hook_follow(struct hook *hook);

/*
 * The same, and compare definition and configuration; what can be corrected is
 * logged. With strict = false each fault and each difference of an RT guest is
 * logged, and *hook->guest is then what can be tuned.
 */
int hook_admit(struct hook *hook);

/* Are its devices on vfio? libvirt has bound them by `start`. */
int hook_check_devices(struct hook *hook, const struct rt_active *active);
/* Is all memory that the guest is to have locked really locked? */
int hook_check_memory(struct hook *hook, const struct rt_active *active);

#endif
