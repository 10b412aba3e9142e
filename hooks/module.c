/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * module.c - the hook's operations
 *
 *   operation   does                                        may refuse
 *   prepare     check, compare, interrupts and siblings away  yes
 *   start       check that the devices are on vfio            yes
 *   started     shield, threads, interrupts, locked memory    yes
 *   release     drop the guest                                no
 *   reconnect   adopt a running guest                         no: it would
 *                                                             be killed
 *   migrate     print the XML for this host, if it changes    yes
 *   restore     the same                                      yes
 *   attach      as reconnect                                  no
 *
 * A refusal is one line on stderr, and all that was done for the guest is
 * undone before it. Nothing but migrate and restore prints on stdout.
 * docs/design.md (The hook) has the same as a table.
 */
#include "module.h"

#include <errno.h>
#include <unistd.h>

#include "host/adopt.h"
#include "host/counts.h"
#include "host/topology.h"

void hook_log(struct hook *hook, const char *what)
{
	rt_log_warn(&hook->log, "guest '%s': %s%s%s", hook->call->guest, what,
		    *what ? ": " : "", hook->err.text);
}

static void log_report(struct hook *hook)
{
	for (size_t i = 0; i < hook->report.n; i++) {
		const struct rt_finding *f = &hook->report.items[i];
		const char *guest = *f->guest ? f->guest : hook->call->guest;

		if (f->severity == RT_NOTE)
			rt_log_info(&hook->log, "guest '%s': %s", guest,
				    f->message);
		else
			rt_log_warn(&hook->log, "guest '%s': %s", guest,
				    f->message);
	}
}

/* Another guest's fault is not this one's, but it goes to the log. */
static void log_others(struct hook *hook, const struct rt_outcomes *outcomes)
{
	for (size_t i = 0; i < outcomes->n; i++) {
		const struct rt_outcome *outcome = &outcomes->items[i];
		const struct rt_active *other = rt_journal_find_guest(
			&hook->store.journal, outcome->uuid);

		if (strcmp(outcome->uuid, hook->domain.uuid) != 0)
			rt_log_warn(&hook->log,
				    "guest '%s': is not real-time: %s",
				    other ? other->guest.name : outcome->uuid,
				    outcome->reason);
	}
}

static int reconcile(struct hook *hook)
{
	const struct rt_notify notify = { .report = &hook->report };
	struct rt_outcomes outcomes = { 0 };
	const char *why;
	int r = 0;

	if (rt_cpuset_is_empty(&hook->topo.present))
		r = rt_topology_load(&hook->sys, &hook->topo, &hook->err);
	if (r == 0)
		r = rt_reconcile(&hook->store, &hook->topo, &notify, &outcomes,
				 &hook->err);
	log_others(hook, &outcomes);
	why = rt_outcomes_find(&outcomes, hook->domain.uuid);
	hook->lacks = r == 0 && why;
	if (hook->lacks)
		r = rt_fail(&hook->err, 0, "%s", why);
	rt_outcomes_fini(&outcomes);
	return r;
}

/* Undo what was done for this guest; the error to report stays as it is. */
static void drop(struct hook *hook)
{
	const struct rt_err why = hook->err;

	if (rt_reconcile_drop(&hook->store, hook->domain.uuid, &hook->err) <
		    0 ||
	    reconcile(hook) < 0)
		hook_log(hook, "undo what was done for it");
	hook->err = why;
}

/*
 * Refuse. Without `strict`, log what is missing and let the guest start. The
 * caller has undone what was done, unless that is kept (keeps_rest).
 */
static int refuse(struct hook *hook)
{
	if (hook_is_strict(hook))
		return -hook->err.code;
	hook_log(hook, !hook->section || !hook->section->rt ? "" :
		       hook->lacks ? "it starts, and is tuned except for this" :
				     "it starts without being real-time");
	return 0;
}

/*
 * Without `strict`, a guest that lacks something keeps what it has: it is
 * degraded, and the agent tries again.
 */
static bool keeps_rest(const struct hook *hook)
{
	return hook->lacks && hook->section && hook->section->rt &&
	       !hook_is_strict(hook);
}

/* Nothing was done yet: libvirt's call could not be looked into. */
static int refuse_early(struct hook *hook)
{
	const struct rt_err why = hook->err;

	(void)hook_read_config(hook);
	hook->err = why;
	return refuse(hook);
}

/* --- prepare --- */

static int record(struct hook *hook, enum rt_stage stage, unsigned pid)
{
	return rt_adopt(&hook->store, hook->guest, hook->domain.memory_kib,
			stage, pid, &hook->err);
}

/* While a guest is being started it lives as long as the daemon, our parent.
   A captured host has no such process: init stands in. */
static unsigned daemon_pid(const struct hook *hook)
{
	return hook->sys.live ? (unsigned)getppid() : 1;
}

static int prepare_ours(struct hook *hook)
{
	int r = hook_admit(hook);

	if (r < 0 && hook->guest->rt)
		return r;
	if (r < 0)
		hook_log(hook, "");
	r = record(hook, RT_STAGE_PREPARED, daemon_pid(hook));
	if (r == 0)
		r = reconcile(hook);
	if (r < 0 && !keeps_rest(hook))
		drop(hook);
	return r;
}

static int prepare(struct hook *hook)
{
	int r = hook_read_config(hook);

	if (r < 0 || !hook->section)
		return r;
	r = hook_open_store(hook);
	if (r == 0)
		r = hook_resolve(hook);
	if (r == 0)
		r = prepare_ours(hook);
	return r < 0 ? refuse(hook) : 0;
}

/* --- start --- */

/*
 * Undo, and end a real-time guest; an ordinary one runs on as it is, and so does
 * one that keeps the rest.
 */
static int give_up(struct hook *hook, bool rt)
{
	const struct rt_err why = hook->err;

	(void)hook_read_config(hook);
	hook->err = why;
	if (!keeps_rest(hook))
		drop(hook);
	if (rt)
		return refuse(hook);
	hook_log(hook, "");
	return 0;
}

static int start(struct hook *hook)
{
	const struct rt_active *active;
	int r = hook_open_store(hook);

	if (r < 0)
		return refuse_early(hook);
	active = rt_journal_find_guest(&hook->store.journal, hook->domain.uuid);
	if (!active || !active->guest.rt)
		return 0;
	r = hook_check_devices(hook, active);
	hook->lacks = r < 0;
	return r < 0 ? give_up(hook, true) : 0;
}

/* --- started --- */

/* The record of `prepare`, now with the process. */
static int record_process(struct hook *hook, const struct rt_active *active,
			  unsigned pid)
{
	return rt_adopt(&hook->store, &active->guest, active->memory_kib,
			RT_STAGE_STARTED, pid, &hook->err);
}

/* For kvmrt-stat; a failure does not stop the guest. */
static void save_counts(struct hook *hook, const struct rt_active *active)
{
	const struct rt_err why = hook->err;

	if (rt_counts_save(&hook->store, active->guest.uuid,
			   &active->guest.owned, &hook->err) < 0)
		hook_log(hook, "");
	hook->err = why;
}

/* A guest that runs without being on record. */
static int adopt_new(struct hook *hook)
{
	unsigned pid;
	int r = hook_read_config(hook);

	if (r < 0 || !hook->section)
		return r;
	r = hook_resolve(hook);
	if (r == 0)
		r = hook_check(hook);
	if (r == 0)
		r = rt_admit_running(&hook->domain, hook->guest, &hook->err);
	if (r < 0 && hook_is_loose(hook)) {
		hook_log_loose(hook);
		r = hook_follow(hook);
	}
	if (r == 0)
		r = rt_guest_pid(&hook->sys, hook->call->guest, &pid,
				 &hook->err);
	if (r == 0)
		r = record(hook, RT_STAGE_STARTED, pid);
	return r;
}

/*
 * What `prepare` recorded lives as long as the process that called the hook. That
 * is the daemon; but a script in between ends at once, and the agent then undoes
 * what was done. The guest is taken on like one that was started before kvmrt.
 */
static int adopt_lost(struct hook *hook)
{
	int r = hook_read_config(hook);

	if (r < 0 || !hook->section || !hook->section->rt ||
	    !hook_is_strict(hook))
		return 0;
	rt_log_warn(
		&hook->log,
		"guest '%s': what 'prepare' did was undone meanwhile, as the "
		"process that called the hook has ended; libvirt's daemon "
		"itself has to call it",
		hook->call->guest);
	return adopt_new(hook);
}

static int started(struct hook *hook)
{
	const struct rt_active *active;
	unsigned pid;
	bool rt;
	int r = hook_open_store(hook);

	if (r < 0)
		return refuse_early(hook);
	active = rt_journal_find_guest(&hook->store.journal, hook->domain.uuid);
	if (!active && adopt_lost(hook) < 0)
		return refuse(hook);
	active = rt_journal_find_guest(&hook->store.journal, hook->domain.uuid);
	if (!active)
		return 0;
	rt = active->guest.rt;
	r = rt_guest_pid(&hook->sys, hook->call->guest, &pid, &hook->err);
	if (r == 0)
		r = record_process(hook, active, pid);
	if (r == 0)
		r = reconcile(hook);
	active = rt_journal_find_guest(&hook->store.journal, hook->domain.uuid);
	if (r == 0 && !active)
		r = rt_fail(&hook->err, 0, "its process %u has ended", pid);
	if (r == 0) {
		r = hook_check_memory(hook, active);
		hook->lacks = r < 0;
	}
	if ((r == 0 || hook->lacks) && active && rt)
		save_counts(hook, active);
	return r < 0 ? give_up(hook, rt) : 0;
}

/* --- release, reconnect --- */

static int release(struct hook *hook)
{
	int r = hook_open_store(hook);

	if (r == 0)
		r = rt_reconcile_drop(&hook->store, hook->domain.uuid,
				      &hook->err);
	return r < 0 ? r : reconcile(hook);
}

/*
 * A daemon that died while it started the guest left a record that ends with
 * the daemon, or the record names an earlier process. The guest runs: libvirt
 * says so.
 */
static int renew(struct hook *hook, const struct rt_active *active)
{
	unsigned pid;
	int r = rt_guest_pid(&hook->sys, hook->call->guest, &pid, &hook->err);

	if (r < 0 || (active->stage == RT_STAGE_STARTED && active->pid == pid))
		return r;
	return record_process(hook, active, pid);
}

static int reconnect(struct hook *hook)
{
	const struct rt_active *active;
	int r = hook_open_store(hook);

	if (r < 0)
		return r;
	active = rt_journal_find_guest(&hook->store.journal, hook->domain.uuid);
	if (!active)
		r = adopt_new(hook);
	else if (renew(hook, active) < 0)
		hook_log(hook, "find its process");
	return r < 0 ? r : reconcile(hook);
}

/* --- migrate, restore --- */

static int print_xml(struct hook *hook)
{
	RT_AUTO_FREE char *text = NULL;
	bool changed;
	int r = rt_domain_rewrite(hook->call->xml, hook->call->xml_len,
				  hook->guest, RT_REWRITE_KEEP_ABI, &text,
				  &changed, &hook->err);

	if (r < 0 || !changed)
		return r;
	if (fputs(text, stdout) == EOF || fflush(stdout) == EOF)
		return rt_fail(&hook->err, errno, "pass libvirt the XML");
	return 0;
}

/* For the log: what cannot be changed because of libvirt's ABI check, or all. */
static void log_kept(struct hook *hook, bool all)
{
	struct rt_differences differences;

	if (rt_domain_compare(&hook->domain, hook->guest, &differences,
			      &hook->err) < 0)
		return;
	for (size_t i = 0; i < differences.n; i++) {
		if (all || rt_difference_is_abi(differences.items[i].kind))
			rt_log_warn(
				&hook->log, "guest '%s': stays as it is: %s",
				hook->call->guest, differences.items[i].what);
	}
	rt_differences_fini(&differences);
}

static int rewrite(struct hook *hook)
{
	int r = hook_read_config(hook);

	if (r < 0 || !hook->section)
		return r;
	r = hook_open_store(hook);
	if (r == 0)
		r = hook_resolve(hook);
	if (r == 0)
		r = hook_check(hook);
	if (r < 0 && hook_is_loose(hook)) {
		hook_log_loose(hook);
		log_kept(hook, true);
		return 0;
	}
	if (r < 0)
		return refuse(hook);
	log_kept(hook, false);
	r = print_xml(hook);
	return r < 0 ? refuse(hook) : 0;
}

/* --- the call --- */

static const struct operation {
	const char *name;
	int (*run)(struct hook *hook);
	bool may_refuse;
} operations[] = {
	{ "prepare", prepare, true },	   { "start", start, true },
	{ "started", started, true },	   { "release", release, false },
	{ "reconnect", reconnect, false }, { "attach", reconnect, false },
	{ "migrate", rewrite, true },	   { "restore", rewrite, true },
};

static const struct operation *find_operation(const char *name)
{
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]);
	     i++) {
		if (strcmp(operations[i].name, name) == 0)
			return &operations[i];
	}
	return NULL;
}

static void hook_fini(struct hook *hook)
{
	if (hook->has_store)
		rt_store_close(&hook->store);
	rt_guests_fini(&hook->guests);
	rt_topo_fini(&hook->topo);
	if (hook->has_config)
		rt_config_fini(&hook->config);
	rt_report_fini(&hook->config_report);
	rt_report_fini(&hook->report);
	rt_domain_fini(&hook->domain);
	rt_log_close(&hook->log);
	rt_sys_close(&hook->sys);
}

static int run_operation(struct hook *hook, const struct operation *operation)
{
	int r = rt_domain_parse(hook->call->xml, hook->call->xml_len,
				&hook->domain, &hook->err);

	if (r < 0)
		return rt_wrap(&hook->err, "read the domain XML from libvirt");
	if (!*hook->domain.uuid)
		return rt_fail(&hook->err, 0, "the domain XML has no <uuid>");
	return operation->run(hook);
}

int rt_hook_run(const struct rt_hook_call *call)
{
	const struct operation *operation = find_operation(call->operation);
	struct hook hook = { .call = call };
	int status = 0;

	if (!operation)
		return 0;
	if (rt_sys_open(call->root, &hook.sys, &hook.err) < 0) {
		fprintf(stderr, "kvmrt: %s\n", hook.err.text);
		return operation->may_refuse && !call->ordinary ? 1 : 0;
	}
	rt_log_open(&hook.log, "kvmrt-hook", RT_LOG_INFO, hook.sys.live);
	if (run_operation(&hook, operation) < 0) {
		const bool refused = operation->may_refuse && !call->ordinary;

		/* libvirt shows stderr to who started the guest. */
		if (refused)
			fprintf(stderr, "kvmrt: guest '%s': %s\n", call->guest,
				hook.err.text);
		/* One line is enough where stderr is the log as well. */
		if (!refused || hook.log.syslog >= 0)
			hook_log(&hook, call->operation);
		status = refused ? 1 : 0;
	}
	log_report(&hook);
	hook_fini(&hook);
	return status;
}

extern const struct rt_hook_module rt_hook_module;
__attribute__((visibility("default")))
const struct rt_hook_module rt_hook_module = { RT_HOOK_VERSION, rt_hook_run };
