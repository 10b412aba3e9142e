/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * contain.c - two guests that run on one host, and a fault of one of them
 *
 * rt1 has CPUs 6-11, rt2 has 2-5. What is wrong with one is that one's
 * outcome; the other is guarded, and what either leaves is restored.
 */
#include "contain_world.h"

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
	{ "a shield whose cgroup is gone", SCOPE1 "cpuset.cpus.partition", 0,
	  ENOENT, "rt1" },
	{ "a shield that somebody takes down at once",
	  SCOPE1 "cpuset.cpus.partition", 0, 0, "rt1" },
	{ "CPUs for a scope that is gone", SCOPE2 "cpuset.cpus.exclusive", 0,
	  ENODEV, "rt2" },
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
