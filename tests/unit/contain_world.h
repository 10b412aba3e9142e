/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * contain_world.h - two guests that run on one host, whose kernel refuses
 *
 * rt1 has CPUs 6-11, rt2 has 2-5.
 */
#ifndef RT_TEST_CONTAIN_WORLD_H
#define RT_TEST_CONTAIN_WORLD_H

#include "host/reconcile.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "host/adopt.h"
#include "host/topology.h"
#include "../host.h"
#include "../tap.h"
#include "plan_world.h"

#define SLICE	 "sys/fs/cgroup/machine.slice/"
#define SCOPE1	 SLICE "machine-qemu\\x2d1\\x2drt1.scope/"
#define SCOPE2	 SLICE "machine-qemu\\x2d2\\x2drt2.scope/"
#define DEFAULT	 "proc/irq/default_smp_affinity"
#define WATCHDOG "proc/sys/kernel/watchdog_cpumask"
#define TASK	 "proc/700/task/700/status"
#define IRQ	 "proc/irq/1/smp_affinity_list"
#define ONLINE3	 "sys/devices/system/cpu/cpu3/online"
#define ONLINE7	 "sys/devices/system/cpu/cpu7/online"

static struct test_host host;
static struct rt_sys sys;
static struct rt_store store;
static struct rt_topo topo;
static const struct rt_sys_calls *real;

/* The kernel refuses to write this file, or this thread's mask. */
static struct {
	const char *path;
	int cpu; /* with that CPU in the list; 0: whatever is written */
	unsigned tid;
	int code;	     /* 0: it is taken, and has no effect */
	const char *becomes; /* it is taken, and this stands there */
	/* What cannot be read: these paths, or all below them when they end
	 * with a slash; the first one once only. */
	const char *unread, *also;
	bool once;
} refused;

static inline bool is_in(const char *path, const char *place)
{
	const size_t len = place ? strlen(place) : 0;

	return len && (place[len - 1] == '/' ? strncmp(path, place, len) == 0 :
					       strcmp(path, place) == 0);
}

static inline bool is_unread(const char *path)
{
	const bool unread = is_in(path, refused.unread);

	if (unread && refused.once)
		refused.unread = NULL;
	return unread || is_in(path, refused.also);
}

static inline int failing_read(struct rt_sys *of, const char *path, char *buf,
			       size_t size, struct rt_err *err)
{
	return is_unread(path) ? rt_fail(err, ENOMEM, "cannot read %s", path) :
				 real->read(of, path, buf, size, err);
}

static inline int failing_open(struct rt_sys *of, const char *path, int flags,
			       mode_t mode)
{
	return is_unread(path) ? -ENOMEM : real->open(of, path, flags, mode);
}

static inline bool has_cpu(const char *list, unsigned cpu)
{
	struct rt_cpuset set;
	struct rt_err ignored;

	return rt_cpuset_parse_list(list, &set, &ignored) == 0 &&
	       rt_cpuset_has(&set, cpu);
}

static inline int refusing_write(struct rt_sys *of, const char *path,
				 const char *value, struct rt_err *err)
{
	if (!refused.path || strcmp(path, refused.path) != 0 ||
	    (refused.cpu && !has_cpu(value, (unsigned)refused.cpu)))
		return real->write(of, path, value, err);
	if (refused.becomes)
		return real->write(of, path, refused.becomes, err);
	return refused.code ? rt_fail(err, refused.code, "write '%s' to %s",
				      value, path) :
			      0;
}

static inline int refusing_affinity(struct rt_sys *of, unsigned pid,
				    unsigned tid, const struct rt_cpuset *set,
				    struct rt_err *err)
{
	if (refused.tid && tid == refused.tid)
		return rt_fail(err, refused.code, "affinity of thread %u", tid);
	return real->set_affinity(of, pid, tid, set, err);
}

static inline void put(const char *name, const char *text)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", host.root, name);
	file = fopen(path, "we");
	if (!file || fputs(text, file) == EOF || fclose(file) == EOF)
		ok(false, "write %s", path);
}

static inline const char *get(const char *name)
{
	static char text[4096];
	struct rt_err err = { 0 };

	if (rt_sys_read(&sys, name, text, sizeof(text), &err) < 0)
		snprintf(text, sizeof(text), "(%s)", err.text);
	return text;
}

static inline struct rt_guest guest_of(unsigned number)
{
	static char names[2][4] = { "rt1", "rt2" };
	struct rt_guest guest = { .rt = true, .irq_cpu = -1 };

	snprintf(guest.uuid, sizeof(guest.uuid), "%s", number == 1 ? RT1 : RT2);
	guest.name = names[number - 1];
	guest.nr_vcpus = number == 1 ? 2 : 1;
	guest.cpuset = guest.owned = cpus(number == 1 ? "6-11" : "2-5");
	guest.vcpus = cpus(number == 1 ? "6,8" : "2");
	guest.service = cpus(number == 1 ? "10" : "4");
	guest.usable = guest.vcpus;
	rt_cpuset_or(&guest.usable, &guest.service);
	guest.offline = guest.owned;
	rt_cpuset_minus(&guest.offline, &guest.usable);
	return guest;
}

/* Who has failed, as "rt1", "rt1 rt2", "", and why the first of them. */
static struct {
	char who[16], why[2048];
	struct rt_report report;
} last;

static inline void reconcile(const char *name)
{
	struct rt_outcomes outcomes = { 0 };
	struct rt_err err = { 0 };
	const struct rt_notify notify = { .report = &last.report };
	const char *first, *second;

	rt_report_fini(&last.report);
	ok(rt_reconcile(&store, &topo, &notify, &outcomes, &err) == 0, "%s%s",
	   name, err.text);
	first = rt_outcomes_find(&outcomes, RT1);
	second = rt_outcomes_find(&outcomes, RT2);
	snprintf(last.who, sizeof(last.who), "%s%s%s", first ? "rt1" : "",
		 first && second ? " " : "", second ? "rt2" : "");
	snprintf(last.why, sizeof(last.why), "%s",
		 first	? first :
		 second ? second :
			  "");
	rt_outcomes_fini(&outcomes);
}

static inline bool was_said(const char *code)
{
	for (size_t i = 0; i < last.report.n; i++) {
		if (strcmp(last.report.items[i].code, code) == 0)
			return true;
	}
	return false;
}

static inline void adopt(unsigned number)
{
	const struct rt_guest guest = guest_of(number);
	struct rt_err err = { 0 };
	unsigned pid;

	ok(rt_guest_pid(&sys, guest.name, &pid, &err) == 0 &&
		   rt_adopt(&store, &guest, 1, RT_STAGE_STARTED, pid, &err) ==
			   0,
	   "%s is put on record%s", guest.name, err.text);
}

static inline void drop(const char *uuid)
{
	struct rt_err err = { 0 };

	ok(rt_reconcile_drop(&store, uuid, &err) == 0, "a guest ends%s",
	   err.text);
}

static inline void begin(void)
{
	static struct rt_sys_calls calls;
	struct rt_err err = { 0 };

	memset(&refused, 0, sizeof(refused));
	memset(&last, 0, sizeof(last));
	ok(test_host_make(&host, "smt2-numa2-12cpu-guests") &&
		   rt_sys_open(host.root, &sys, &err) == 0 &&
		   rt_topology_load(&sys, &topo, &err) == 0 &&
		   rt_store_open(&sys, 0, &store, &err) == 0,
	   "a host%s", err.text);
	real = sys.calls;
	calls = *real;
	calls.write = refusing_write;
	calls.set_affinity = refusing_affinity;
	calls.read = failing_read;
	calls.open = failing_open;
	sys.calls = &calls;
}

static inline void end(void)
{
	rt_report_fini(&last.report);
	rt_store_close(&store);
	rt_topo_fini(&topo);
	rt_sys_close(&sys);
	test_host_remove(&host);
}

static inline void begin_with_both(void)
{
	begin();
	adopt(1);
	adopt(2);
	reconcile("both are made real-time");
	is_str(last.who, "", "and have all they must have");
}

/* What the next process makes of the record. */
static inline void reopen(void)
{
	struct rt_err err = { 0 };

	rt_store_close(&store);
	ok(rt_store_open(&sys, 0, &store, &err) == 0, "the record opens%s",
	   err.text);
}

#endif
