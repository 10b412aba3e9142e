/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * contain.c - two guests that run on one host, and a fault of one of them
 *
 * rt1 has CPUs 6-11, rt2 has 2-5. What is wrong with one is that one's
 * outcome; the other is guarded, and what either leaves is restored.
 */
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
	unsigned tid;
	int code;
	/* What cannot be read: these paths, or all below them when they end
	 * with a slash; the first one once only. */
	const char *unread, *also;
	bool once;
} refused;

static bool is_in(const char *path, const char *place)
{
	const size_t len = place ? strlen(place) : 0;

	return len && (place[len - 1] == '/' ? strncmp(path, place, len) == 0 :
					       strcmp(path, place) == 0);
}

static bool is_unread(const char *path)
{
	const bool unread = is_in(path, refused.unread);

	if (unread && refused.once)
		refused.unread = NULL;
	return unread || is_in(path, refused.also);
}

static int failing_read(struct rt_sys *of, const char *path, char *buf,
			size_t size, struct rt_err *err)
{
	return is_unread(path) ? rt_fail(err, ENOMEM, "cannot read %s", path) :
				 real->read(of, path, buf, size, err);
}

static int failing_open(struct rt_sys *of, const char *path, int flags,
			mode_t mode)
{
	return is_unread(path) ? -ENOMEM : real->open(of, path, flags, mode);
}

static int refusing_write(struct rt_sys *of, const char *path,
			  const char *value, struct rt_err *err)
{
	if (refused.path && strcmp(path, refused.path) == 0)
		return rt_fail(err, refused.code, "write '%s' to %s", value,
			       path);
	return real->write(of, path, value, err);
}

static int refusing_affinity(struct rt_sys *of, unsigned pid, unsigned tid,
			     const struct rt_cpuset *set, struct rt_err *err)
{
	if (refused.tid && tid == refused.tid)
		return rt_fail(err, refused.code, "affinity of thread %u", tid);
	return real->set_affinity(of, pid, tid, set, err);
}

static void put(const char *name, const char *text)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", host.root, name);
	file = fopen(path, "we");
	if (!file || fputs(text, file) == EOF || fclose(file) == EOF)
		ok(false, "write %s", path);
}

static const char *get(const char *name)
{
	static char text[4096];
	struct rt_err err = { 0 };

	if (rt_sys_read(&sys, name, text, sizeof(text), &err) < 0)
		snprintf(text, sizeof(text), "(%s)", err.text);
	return text;
}

static struct rt_guest guest_of(unsigned number)
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

static void reconcile(const char *name)
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

static bool was_said(const char *code)
{
	for (size_t i = 0; i < last.report.n; i++) {
		if (strcmp(last.report.items[i].code, code) == 0)
			return true;
	}
	return false;
}

static void adopt(unsigned number)
{
	const struct rt_guest guest = guest_of(number);
	struct rt_err err = { 0 };
	unsigned pid;

	ok(rt_guest_pid(&sys, guest.name, &pid, &err) == 0 &&
		   rt_adopt(&store, &guest, 1, RT_STAGE_STARTED, pid, &err) ==
			   0,
	   "%s is put on record%s", guest.name, err.text);
}

static void drop(const char *uuid)
{
	struct rt_err err = { 0 };

	ok(rt_reconcile_drop(&store, uuid, &err) == 0, "a guest ends%s",
	   err.text);
}

static void begin(void)
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

static void end(void)
{
	rt_report_fini(&last.report);
	rt_store_close(&store);
	rt_topo_fini(&topo);
	rt_sys_close(&sys);
	test_host_remove(&host);
}

static void begin_with_both(void)
{
	begin();
	adopt(1);
	adopt(2);
	reconcile("both are made real-time");
	is_str(last.who, "", "and have all they must have");
}

/* What the next process makes of the record. */
static void reopen(void)
{
	struct rt_err err = { 0 };

	rt_store_close(&store);
	ok(rt_store_open(&sys, 0, &store, &err) == 0, "the record opens%s",
	   err.text);
}

/* Item 1: one path twice in one plan damaged the record. */
static void test_adopted_together(void)
{
	begin_with_both();
	reopen();
	is_str(get(SLICE "cpuset.cpus.exclusive"), "2-11", "both own CPUs");
	is_str(get(SCOPE1 "cpuset.cpus.partition"), "isolated", "a shield");
	is_str(get(SCOPE2 "cpuset.cpus.partition"), "isolated", "another");
	drop(RT1);
	drop(RT2);
	reconcile("both end");
	ok(rt_journal_is_empty(&store.journal), "nothing is on record");
	is_str(get(SLICE "cpuset.cpus.exclusive"), "", "nothing is left");
	is_str(get(ONLINE7), "1", "siblings are online");
	end();
}

static void lose_cgroup(void)
{
	static const char *const files[] = { "proc/4811/cgroup",
					     "proc/4811/task/4811/cgroup",
					     "proc/4811/task/4812/cgroup" };

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		put(files[i], "0::/\n");
}

/* Item 2: a guest without a cgroup of its own. */
static void test_no_cgroup(void)
{
	begin_with_both();
	lose_cgroup();
	put(IRQ, "0-11\n");
	reconcile("rt2 is in no cgroup of its own");
	is_str(last.who, "rt2", "only it has failed");
	ok(strstr(last.why, "no cgroup of its own"), "says why: %s", last.why);
	is_str(get(IRQ), "0-1", "the other is guarded");
	drop(RT1);
	reconcile("the other ends");
	is_str(get(ONLINE7), "1", "and what was done for it is undone");
	is_str(get(ONLINE3), "0", "but not what was done for this one");
	drop(RT2);
	reconcile("this one ends");
	ok(rt_journal_is_empty(&store.journal), "nothing is on record");
	end();
}

/* Item 2: a must that fails, of each sort, is its guest's. */
static const struct {
	const char *name, *path;
	unsigned tid;
	int code;
	const char *who;
} musts[] = {
	{ "a vCPU whose CPU is offline", NULL, 4714, EINVAL, "rt1" },
	{ "a service thread", NULL, 4811, EINVAL, "rt2" },
	{ "a sibling that stays online", ONLINE3, 0, EPERM, "rt2" },
	{ "a shield", SCOPE1 "cpuset.cpus.partition", 0, EINVAL, "rt1" },
	{ "CPUs for a scope alone", SCOPE2 "cpuset.cpus.exclusive", 0, EIO,
	  "rt2" },
	{ "CPUs for all scopes", SLICE "cpuset.cpus.exclusive", 0, ENODEV,
	  "rt1 rt2" },
};

static void test_musts(void)
{
	for (size_t i = 0; i < sizeof(musts) / sizeof(*musts); i++) {
		begin();
		/* So that each has something to write. */
		put("proc/4711/task/4714/status",
		    "Name:\tx\nCpus_allowed_list:\t0-11\n");
		put("proc/4811/task/4811/status",
		    "Name:\tx\nCpus_allowed_list:\t0-11\n");
		adopt(1);
		adopt(2);
		refused.path = musts[i].path;
		refused.tid = musts[i].tid;
		refused.code = musts[i].code;
		reconcile(musts[i].name);
		is_str(last.who, musts[i].who, last.why);
		if (strcmp(musts[i].who, "rt1") == 0)
			is_str(get(SCOPE2 "cpuset.cpus.partition"), "isolated",
			       "the other has its shield");
		if (strcmp(musts[i].who, "rt2") == 0)
			is_str(get(SCOPE1 "cpuset.cpus.partition"), "isolated",
			       "the other has its shield");
		memset(&refused, 0, sizeof(refused));
		reconcile("nothing is refused any more");
		is_str(last.who, "", "both have all they must have");
		drop(RT1);
		drop(RT2);
		reconcile("both end");
		ok(rt_journal_is_empty(&store.journal), "nothing is on record");
		end();
	}
}

/* Item 6: what an administrator writes stays, less the guests' CPUs. */
static void test_foreign(void)
{
	begin_with_both();
	put(DEFAULT, "0fd\n");
	put(WATCHDOG, "0\n");
	put(SLICE "cpuset.cpus.exclusive", "0,2-11\n");
	reconcile("an administrator has written to three settings");
	ok(was_said("changed-by-others"), "this is reported");
	is_str(get(DEFAULT), "001", "new interrupts keep off the guests");
	is_str(get(WATCHDOG), "0", "who hurts nobody is left alone");
	is_str(get(SLICE "cpuset.cpus.exclusive"), "0,2-11",
	       "a CPU for somebody else's partition stays");
	reconcile("a second time");
	ok(!was_said("changed-by-others"), "it is not reported again");
	reopen();
	drop(RT2);
	reconcile("the second guest ends");
	is_str(get(DEFAULT), "03d", "the mask is theirs, less the first's");
	is_str(get(SLICE "cpuset.cpus.exclusive"), "0,6-11", "so is this");
	drop(RT1);
	reconcile("the first ends");
	is_str(get(DEFAULT), "0fd", "what they wrote is what is restored");
	is_str(get(WATCHDOG), "0", "here too");
	is_str(get(SLICE "cpuset.cpus.exclusive"), "0", "and here");
	ok(rt_journal_is_empty(&store.journal), "nothing is on record");
	end();
}

/* Neither can be looked at (/proc with hidepid): their shields stay. */
static void test_both_unread(void)
{
	begin_with_both();
	refused.unread = "proc/4711/";
	refused.also = "proc/4811/";
	reconcile("neither can be looked at");
	is_str(last.who, "rt1 rt2", "both have failed");
	is_str(get(SLICE "cpuset.cpus.exclusive"), "2-11",
	       "each has its CPUs still");
	is_str(get(SCOPE1 "cpuset.cpus.partition"), "isolated", "a shield");
	is_str(get(SCOPE2 "cpuset.cpus.partition"), "isolated", "another");
	drop(RT2);
	reconcile("one of them ends");
	refused.unread = refused.also = NULL;
	reconcile("the other can be looked at again");
	is_str(get(SLICE "cpuset.cpus.exclusive"), "6-11",
	       "it has its CPUs, and the other's are free");
	end();
}

/* A kernel before 6.7. */
static void remove_partitions(void)
{
	static const char *const files[] = {
		"sys/fs/cgroup/cpuset.cpus.isolated",
		"sys/fs/cgroup/init.scope/cpuset.cpus.exclusive",
		"sys/fs/cgroup/system.slice/cpuset.cpus.exclusive",
		"sys/fs/cgroup/user.slice/cpuset.cpus.exclusive",
		SLICE "cpuset.cpus.exclusive",
		SCOPE1 "cpuset.cpus.exclusive",
		SCOPE2 "cpuset.cpus.exclusive",
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		ok(unlinkat(sys.root, files[i], 0) == 0, "no %s", files[i]);
}

/* Where there are no partitions, its own cgroup must not be fenced off it. */
static void test_unread_behind_fence(void)
{
	RT_AUTO_FREE char *before = NULL;

	begin();
	remove_partitions();
	adopt(1);
	adopt(2);
	reconcile("both are made real-time");
	is_str(last.who, "", "and have all they must have");
	is_str(get("sys/fs/cgroup/system.slice/cpuset.cpus"), "0-1",
	       "others are fenced in");
	before = strdup(get(SCOPE1 "cpuset.cpus"));
	refused.unread = "proc/4711/";
	reconcile("one cannot be looked at");
	is_str(last.who, "rt1", "it has failed");
	is_str(get(SCOPE1 "cpuset.cpus"), before, "its cgroup has its CPUs");
	is_str(get("sys/fs/cgroup/system.slice/cpuset.cpus"), "0-1",
	       "others are fenced in still");
	refused.also = "proc/4811/";
	reconcile("nor can the other");
	is_str(get(SLICE "cpuset.cpus"), "",
	       "nor is what is above them fenced");
	refused.unread = refused.also = NULL;
	reconcile("both can be looked at again");
	is_str(last.who, "", "both have all they must have");
	drop(RT1);
	drop(RT2);
	reconcile("both end");
	ok(rt_journal_is_empty(&store.journal), "nothing is on record");
	end();
}

/* What is on record and cannot be read now is not restored. */
static const struct {
	const char *name, *unread, *path;
} blinds[] = {
	{ "interrupts cannot be listed", "proc/irq", IRQ },
	{ "an interrupt cannot be read", IRQ, IRQ },
	{ "tasks cannot be listed", "proc", TASK },
	{ "a task cannot be read", "proc/700/stat", TASK },
};

static void test_unread_settings(void)
{
	for (size_t i = 0; i < sizeof(blinds) / sizeof(*blinds); i++) {
		RT_AUTO_FREE char *before = NULL;

		begin_with_both();
		before = strdup(get(blinds[i].path));
		refused.unread = blinds[i].unread;
		/* By the time of the writing it can be read again. */
		refused.once = true;
		reconcile(blinds[i].name);
		refused.unread = NULL;
		is_str(get(blinds[i].path), before, "it is as it was");
		end();
	}
}

/* A CPU that one guest had is somebody else's when that guest has gone. */
static void test_taken_over(void)
{
	begin_with_both();
	drop(RT2);
	reconcile("the second guest ends");
	put(SLICE "cpuset.cpus.exclusive", "4,6-11\n");
	reconcile("an administrator takes one of its CPUs");
	is_str(get(SLICE "cpuset.cpus.exclusive"), "4,6-11", "which stays");
	drop(RT1);
	reconcile("the first ends");
	is_str(get(SLICE "cpuset.cpus.exclusive"), "4", "here too");
	end();
}

/* A task that was swept has ended, and its number is another's by now. */
static void test_reused_number(void)
{
	static const char stat[] = "700 (other) S 1 1 1 0 -1 4194304 0 0 0 0 0 "
				   "0 0 0 20 0 1 0 999 0 0\n";
	static const char status[] = "Name:\tother\nCpus_allowed_list:\t0-1\n";
	static const char gone[] = "task/700/700/700";

	begin_with_both();
	ok(rt_journal_find(&store.journal, gone), "a task is swept");
	put("proc/700/stat", stat);
	put("proc/700/task/700/stat", stat);
	put("proc/700/status", status);
	put(TASK, status);
	drop(RT2);
	reconcile("one ends");
	is_str(get(TASK), "Name:\tother\nCpus_allowed_list:\t0-1",
	       "the other's mask is its own");
	drop(RT1);
	reconcile("the last ends");
	is_str(get(TASK), "Name:\tother\nCpus_allowed_list:\t0-1",
	       "and stays so");
	ok(!was_said("not-restored"), "nothing is missed");
	ok(rt_journal_is_empty(&store.journal), "nothing is on record");
	end();
}

/* What the record says of a guest is all that a later process knows of it. */
static void test_several_service_cpus(void)
{
	struct rt_guest guest = guest_of(1);
	struct rt_err err = { 0 };
	unsigned at8 = 0, at10 = 0;

	begin();
	guest.nr_vcpus = 1;
	guest.vcpus = cpus("6");
	guest.service = cpus("8,10");
	ok(rt_adopt(&store, &guest, 1, RT_STAGE_STARTED, 4711, &err) == 0,
	   "a guest with two service CPUs%s", err.text);
	reopen();
	reconcile("after a replay");
	is_str(last.who, "", last.why);
	is_str(get(SCOPE1 "libvirt/emulator/cpuset.cpus"), "8,10",
	       "its helpers have both");
	for (unsigned tid = 4711; tid <= 4717; tid++) {
		struct rt_cpuset mask;

		/* 4714 is the vCPU; 4716 is a process. */
		if (tid == 4714 || tid == 4716 ||
		    sys.calls->get_affinity(&sys, 4711, tid, &mask, &err) < 0)
			continue;
		is_int(rt_cpuset_count(&mask), 1, "each on one of them");
		at8 += rt_cpuset_has(&mask, 8);
		at10 += rt_cpuset_has(&mask, 10);
	}
	ok(at8 >= 2 && at10 >= 2, "evenly: %u and %u", at8, at10);
	reopen();
	is_str(rt_cpuset_text(&rt_journal_find_guest(&store.journal, RT1)
				       ->guest.service)
		       .text,
	       "8,10", "which is on record");
	drop(RT1);
	reconcile("it ends");
	ok(rt_journal_is_empty(&store.journal), "nothing is on record");
	end();
}

int main(void)
{
	test_both_unread();
	test_unread_behind_fence();
	test_unread_settings();
	test_adopted_together();
	test_no_cgroup();
	test_musts();
	test_reused_number();
	test_several_service_cpus();
	test_foreign();
	test_taken_over();
	return tap_done();
}
