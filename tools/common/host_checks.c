/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* host_checks.c - is this host fit for real-time guests? */
#include "host_checks.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/model/suppress.h"
#include "host/irqbalance.h"
#include "host/probe.h"

const char *rt_verdict_name(enum rt_verdict verdict)
{
	switch (verdict) {
	case RT_PASS:
		return "pass";
	case RT_WARN:
		return "warn";
	case RT_FAIL:
		return "fail";
	case RT_UNKNOWN:
		break;
	}
	return "unknown";
}

void rt_host_checks_fini(struct rt_host_checks *checks)
{
	for (size_t i = 0; i < checks->n; i++) {
		free(checks->items[i].evidence);
		free(checks->items[i].fix);
	}
	free(checks->items);
	memset(checks, 0, sizeof(*checks));
}

void rt_host_check_add(struct rt_host_checks *checks, const char *code,
		       enum rt_verdict verdict, const char *fix,
		       const char *fmt, ...)
{
	struct rt_host_check check = { .code = code, .verdict = verdict };
	RT_AUTO_STRBUF text = { 0 };
	struct rt_err ignored;
	va_list args;

	va_start(args, fmt);
	rt_strbuf_vaddf(&text, fmt, args);
	va_end(args);
	check.fix = strdup(verdict == RT_PASS ? "" : fix);
	if (!check.fix ||
	    rt_strbuf_take(&text, &check.evidence, &ignored) < 0 ||
	    !rt_grow(&checks->items, checks->n, &checks->size, sizeof(check))) {
		free(check.fix);
		checks->failed = true;
		return;
	}
	checks->items[checks->n++] = check;
}

bool rt_host_text(struct rt_loaded *loaded, const char *path, char *buf,
		  size_t size)
{
	struct rt_err ignored;

	if (rt_sys_read(&loaded->sys, path, buf, size, &ignored) == 0)
		return true;
	*buf = '\0';
	return false;
}

/* --- the kernel --- */

static void check_kernel(struct rt_loaded *loaded,
			 struct rt_host_checks *checks)
{
	char text[128];
	unsigned major = 0, minor = 0;

	if (!rt_host_text(loaded, "proc/sys/kernel/osrelease", text,
			  sizeof(text)) ||
	    sscanf(text, "%u.%u", &major, &minor) != 2) {
		rt_host_check_add(checks, "kernel", RT_UNKNOWN, "",
				  "/proc/sys/kernel/osrelease cannot be read");
		return;
	}
	rt_host_check_add(checks, "kernel",
			  major > 6 || (major == 6 && minor >= 7) ? RT_PASS :
								    RT_WARN,
			  "kernel 6.7 or later shields a guest's CPUs by an "
			  "isolated partition; before it, other tasks are only "
			  "fenced off",
			  "%s", text);
}

static void check_preempt(struct rt_loaded *loaded,
			  struct rt_host_checks *checks)
{
	char text[16];
	const bool rt = rt_host_text(loaded, "sys/kernel/realtime", text,
				     sizeof(text)) &&
			*text == '1';

	rt_host_check_add(checks, "preempt-rt", rt ? RT_PASS : RT_WARN,
			  "a kernel with PREEMPT_RT (6.12 and later have it, "
			  "Debian: linux-image-rt) limits the latency that is "
			  "left; kvmrt works without it",
			  rt ? "/sys/kernel/realtime is 1" :
			       "the kernel has no PREEMPT_RT");
}

static void check_cgroup(struct rt_loaded *loaded,
			 struct rt_host_checks *checks)
{
	struct rt_facts facts = { 0 };
	struct rt_err err;
	char text[512];

	if (!rt_host_text(loaded, "sys/fs/cgroup/cgroup.controllers", text,
			  sizeof(text)) ||
	    !strstr(text, "cpuset")) {
		rt_host_check_add(
			checks, "cgroup", RT_FAIL,
			"boot with systemd.unified_cgroup_hierarchy=1",
			"/sys/fs/cgroup is no cgroup v2 with cpuset");
		return;
	}
	rt_host_check_add(checks, "cgroup", RT_PASS, "", "cgroup v2 with %s",
			  text);
	if (rt_facts_read_cgroup(&loaded->sys, false, &facts, &err) < 0)
		rt_host_check_add(checks, "partitions", RT_UNKNOWN, "", "%s",
				  err.text);
	else
		rt_host_check_add(
			checks, "partitions",
			facts.has_partitions ? RT_PASS : RT_WARN,
			"kernel 6.7 or later; or no guest and no "
			"slice uses cpuset yet",
			facts.has_partitions ?
				"cpuset.cpus.exclusive is there" :
				"no cgroup has cpuset.cpus.exclusive");
	rt_facts_fini(&facts);
}

static void check_clock(struct rt_loaded *loaded, struct rt_host_checks *checks)
{
	char text[64];

	if (!rt_host_text(loaded,
			  "sys/devices/system/clocksource/clocksource0/"
			  "current_clocksource",
			  text, sizeof(text)))
		rt_host_check_add(checks, "clocksource", RT_UNKNOWN, "",
				  "the clock source cannot be read");
	else
		rt_host_check_add(
			checks, "clocksource",
			strcmp(text, "tsc") == 0 ? RT_PASS : RT_WARN,
			"find out in the kernel's log why the TSC is "
			"not trusted; reading any other clock is slow",
			"the clock source is %s", text);
}

static void check_tracing(struct rt_loaded *loaded,
			  struct rt_host_checks *checks)
{
	const bool there =
		rt_sys_exists(&loaded->sys, "sys/kernel/tracing/events/"
					    "irq_vectors/vector_config");

	if (!there && loaded->sys.live && geteuid() != 0)
		rt_host_check_add(checks, "tracing", RT_UNKNOWN, "",
				  "only root sees /sys/kernel/tracing");
	else
		rt_host_check_add(checks, "tracing", there ? RT_PASS : RT_WARN,
				  "without it the agent scans each second "
				  "while a real-time guest runs",
				  there ? "irq_vectors:vector_config is there" :
					  "there is no "
					  "irq_vectors:vector_config");
}

/* What kvmrt-validate-config knows of interrupts that cannot be moved. */
static void check_interrupts(struct rt_loaded *loaded,
			     struct rt_host_checks *checks)
{
	const struct rt_report *report = &loaded->report;
	struct rt_err err;
	bool any = false;

	if (!loaded->readable)
		return;
	if (rt_load_check(loaded, false, &err) < 0) {
		rt_host_check_add(checks, "interrupts", RT_UNKNOWN, "", "%s",
				  err.text);
		return;
	}
	for (size_t i = 0; i < report->n; i++) {
		const struct rt_finding *finding = &report->items[i];

		if (strcmp(finding->code, "managed-irq") != 0)
			continue;
		any = true;
		rt_host_check_add(checks, "interrupts", RT_WARN, finding->hint,
				  "guest '%s': %s", finding->guest,
				  finding->message);
	}
	if (!any)
		rt_host_check_add(
			checks, "interrupts", RT_PASS, "",
			"all interrupts can be moved off real-time guests' "
			"CPUs");
}

/* --- CPUs --- */

static void check_smt(struct rt_loaded *loaded, struct rt_host_checks *checks)
{
	char text[32];

	if (!rt_host_text(loaded, "sys/devices/system/cpu/smt/control", text,
			  sizeof(text)))
		snprintf(text, sizeof(text), "not there");
	rt_host_check_add(checks, "smt",
			  strcmp(text, "off") == 0 ? RT_WARN : RT_PASS,
			  "switch SMT on if other guests need it: kvmrt takes "
			  "only the siblings of its real-time guests offline",
			  "smt/control is %s", text);
}

static void check_governor(struct rt_loaded *loaded,
			   struct rt_host_checks *checks)
{
	static const char dir[] = "sys/devices/system/cpu/cpu0/cpufreq/";
	char path[96], text[256];

	snprintf(path, sizeof(path), "%sscaling_available_governors", dir);
	if (!rt_host_text(loaded, path, text, sizeof(text))) {
		rt_host_check_add(checks, "governor", RT_PASS, "",
				  "there is no cpufreq, so nothing changes the "
				  "CPUs' speed");
		return;
	}
	rt_host_check_add(checks, "governor",
			  strstr(text, "performance") ? RT_PASS : RT_WARN,
			  "load the governor: modprobe cpufreq_performance",
			  "governors: %s", text);
}

/* --- others that tune the host --- */

/* The pid of a process of that name; 0: none. */
static unsigned find_process(struct rt_loaded *loaded, const char *name)
{
	RT_AUTO_FREE unsigned *pids = NULL;
	struct rt_err ignored;
	size_t n = 0;

	if (rt_sys_list_numbers(&loaded->sys, "proc", &pids, &n, &ignored) < 0)
		return 0;
	for (size_t i = 0; i < n; i++) {
		char comm[64];

		if (rt_sys_readf(&loaded->sys, comm, sizeof(comm), &ignored,
				 "proc/%u/comm", pids[i]) == 0 &&
		    strcmp(comm, name) == 0)
			return pids[i];
	}
	return 0;
}

static void check_irqbalance(struct rt_loaded *loaded,
			     struct rt_host_checks *checks)
{
	const unsigned pid = find_process(loaded, "irqbalance");
	struct rt_facts facts = { 0 };
	struct rt_err ignored;

	if (!pid) {
		rt_host_check_add(checks, "irqbalance", RT_PASS, "",
				  "irqbalance does not run");
		return;
	}
	if (loaded->sys.live && geteuid() != 0)
		rt_host_check_add(
			checks, "irqbalance", RT_UNKNOWN, "",
			"irqbalance runs as process %u; only root may talk "
			"to it",
			pid);
	else if (rt_facts_read_irqbalance(&loaded->sys, NULL, &facts,
					  &ignored) == 0 &&
		 facts.settings.n && !facts.unread.n)
		rt_host_check_add(checks, "irqbalance", RT_PASS, "",
				  "process %u can be asked to leave CPUs alone",
				  pid);
	else
		rt_host_check_add(checks, "irqbalance", RT_WARN,
				  "irqbalance 1.3 or later, built with its "
				  "socket; else set IRQBALANCE_BANNED_CPULIST "
				  "to the guests' CPUs",
				  "process %u has no socket, so it cannot be "
				  "asked to leave CPUs alone",
				  pid);
	rt_facts_fini(&facts);
}

static void check_tuners(struct rt_loaded *loaded,
			 struct rt_host_checks *checks)
{
	static const char *const names[] = { "tuned", "numad",	 "ksmtuned",
					     "tlp",   "ananicy", "rtirq" };
	RT_AUTO_STRBUF found = { 0 };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (find_process(loaded, names[i]))
			rt_strbuf_addf(&found, "%s%s", found.len ? ", " : "",
				       names[i]);
	}
	rt_host_check_add(checks, "tuners", found.len ? RT_WARN : RT_PASS,
			  "stop it, or give it a profile that leaves masks, "
			  "governors and interrupts alone: kvmrt-agent repairs "
			  "what it changes, and logs each repair",
			  found.len ?
				  "running: %s" :
				  "none of the known tuning services runs%s",
			  found.text ? found.text : "");
}

/*
 * Does it happen on the guests' CPUs of this host? khugepaged runs unless huge
 * pages are off, and counters are not folded behind a shield from 6.8 on, the
 * kernel whose unbound workqueues leave it, too.
 */
static bool is_active(struct rt_loaded *loaded, size_t i)
{
	const struct rt_suppression *s = &rt_suppressions[i];
	char text[128];

	if (strstr(s->path, "stat_interval") &&
	    rt_sys_exists(&loaded->sys, "sys/devices/virtual/workqueue/"
					"cpumask_requested"))
		return false;

	if (strstr(s->path, "khugepaged") &&
	    rt_host_text(loaded, "sys/kernel/mm/transparent_hugepage/enabled",
			 text, sizeof(text)) &&
	    strstr(text, "[never]"))
		return false;
	return rt_host_text(loaded, s->path, text, sizeof(text)) &&
	       !rt_value_same(RT_KIND_TEXT, text, s->value);
}

/* What each enabled real-time guest suppresses; all, where there is none. */
static uint32_t suppressed_by_all(const struct rt_loaded *loaded)
{
	uint32_t set = UINT32_MAX;

	for (size_t i = 0; i < loaded->guests.n; i++) {
		const struct rt_guest *guest = &loaded->guests.items[i];

		if (guest->rt && !guest->disabled)
			set &= guest->suppress;
	}
	return set;
}

/* What happens on all CPUs now and then, and could be suppressed. */
static void check_suppress(struct rt_loaded *loaded,
			   struct rt_host_checks *checks)
{
	const uint32_t by_all = suppressed_by_all(loaded);
	RT_AUTO_STRBUF fix = { 0 }, found = { 0 };

	for (size_t i = 0; i < rt_suppress_words.n; i++) {
		if (!(by_all >> i & 1) && is_active(loaded, i))
			rt_strbuf_addf(&found, "%s%s", found.len ? ", " : "",
				       rt_suppress_words.items[i]);
	}
	rt_strbuf_addf(&fix,
		       "suppress = %s, or some of it, in the section of a "
		       "real-time guest stops it while the guest is active; "
		       "kvmrt.cfg(5) says what each is, kvmrt-noise what "
		       "interrupts a guest",
		       found.text ? found.text : "");
	if (fix.failed || found.failed)
		checks->failed = true;
	else
		rt_host_check_add(
			checks, "suppress", found.len ? RT_WARN : RT_PASS,
			fix.text,
			found.len ?
				"now and then on the CPUs of all guests: %s" :
				"nothing else can be suppressed%s",
			found.text ? found.text : "");
}

static void check_servers(struct rt_loaded *loaded,
			  struct rt_host_checks *checks)
{
	struct rt_err err;
	char text[64];
	int r = rt_sys_read(&loaded->sys,
			    RT_SERVERS "/fair_server/cpu0/runtime", text,
			    sizeof(text), &err);

	if (r < 0 && loaded->sys.live && geteuid() != 0)
		rt_host_check_add(checks, "fair-server", RT_UNKNOWN, "",
				  "only root sees /sys/kernel/debug");
	else if (r == -EPERM || r == -EACCES)
		rt_host_check_add(
			checks, "fair-server", RT_WARN,
			"boot without Secure Boot or lockdown=: with nohz_full "
			"the kernel's server for starved tasks restarts the "
			"tick of vCPUs' CPUs, and kvmrt cannot switch it off",
			"%s", err.text);
	else if (r == 0 && rt_may_stop_servers(&loaded->sys, &err) <= 0)
		rt_host_check_add(checks, "fair-server", RT_PASS, "",
				  "it is left on: before kernel 7.0 it cannot "
				  "be switched off safely");
	else
		rt_host_check_add(checks, "fair-server", RT_PASS, "",
				  r < 0 ? "/sys/kernel/debug shows none, as "
					  "before kernel 6.12" :
					  "it can be switched off for vCPUs' "
					  "CPUs");
}

void rt_host_checks(struct rt_loaded *loaded, struct rt_host_checks *checks)
{
	typedef void check(struct rt_loaded *, struct rt_host_checks *);
	static check *const all[] = {
		rt_host_check_devices, check_kernel,	   check_preempt,
		check_cgroup,	       check_clock,	   check_tracing,
		check_interrupts,      check_smt,	   check_governor,
		check_irqbalance,      check_tuners,	   check_suppress,
		check_servers,	       rt_host_check_hook, rt_host_check_boot,
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		all[i](loaded, checks);
}
