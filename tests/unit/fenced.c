/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fenced.c - the kernel refuses a guest's shield: it has a fence instead
 *
 * Somebody else has some of its CPUs in a cpuset.cpus.exclusive, say. The other
 * guest's shield stays, and what the fence changed is restored.
 */
#include "contain_world.h"

#define SYSTEM	   "sys/fs/cgroup/system.slice/cpuset.cpus"
#define USER	   "sys/fs/cgroup/user.slice/cpuset.cpus"
#define WORKQUEUES "sys/devices/virtual/workqueue/cpumask"
#define REQUESTED  WORKQUEUES "_requested"
#define EXCLUSIVE  "cpuset.cpus.exclusive"
#define PARTITION  "cpuset.cpus.partition"

static const char *affinity(void)
{
	static char text[64];
	const char *line = strstr(get(TASK), "Cpus_allowed_list:");

	snprintf(text, sizeof(text), "%s", line ? line + 18 : "(none)");
	text[strcspn(text, "\n")] = '\0';
	return text + strspn(text, "\t ");
}

static const char *reason(const char *uuid)
{
	const struct rt_active *active =
		rt_journal_find_guest(&store.journal, uuid);

	return active && active->fenced ? active->fenced : "";
}

/* Which write is refused, and for whom that is: rt1 has 6-11, rt2 has 2-5. */
static const struct {
	const char *name, *path;
	int cpu, code;
	bool reversed; /* rt2 is the first */
} rows[] = {
	{ "a partition", SCOPE1 PARTITION, 0, EINVAL, false },
	{ "a partition, of the second", SCOPE1 PARTITION, 0, EPERM, true },
	{ "CPUs for its scope", SCOPE1 EXCLUSIVE, 0, EINVAL, false },
	{ "CPUs for its scope, EROFS", SCOPE1 EXCLUSIVE, 0, EROFS, true },
	{ "CPUs for all scopes", SLICE EXCLUSIVE, 7, EINVAL, false },
	{ "CPUs for all scopes, of the second", SLICE EXCLUSIVE, 7, EACCES,
	  true },
};

static void check_fence(const char *name)
{
	is_str(last.who, "", last.why);
	ok(strstr(reason(RT1), "cpuset.cpus") != NULL, "%s: on record: %s",
	   name, reason(RT1));
	is_str(reason(RT2), "", "not for the other");
	is_str(get(SYSTEM), "0-5", "others are off its CPUs");
	is_str(get(USER), "0-5", "all of them");
	is_str(affinity(), "0-1", "a task has left both guests' CPUs");
	is_str(get(SCOPE1 PARTITION), "member", "it has no shield");
	is_str(get(SLICE EXCLUSIVE), "2-5", "and claims no CPUs");
	is_str(get(SCOPE2 PARTITION), "isolated", "the other has its shield");
	is_str(get(ONLINE7), "0", "its siblings are offline all the same");
}

static void check_ends(bool reversed)
{
	drop(reversed ? RT2 : RT1);
	reconcile("one of them ends");
	is_str(last.who, "", last.why);
	is_str(get(SYSTEM), reversed ? "0-5" : "", "the fence is its own");
	drop(reversed ? RT1 : RT2);
	reconcile("the other ends");
	ok(rt_journal_is_empty(&store.journal), "nothing is on record");
	is_str(get(SYSTEM), "", "others have all CPUs");
	is_str(get(SLICE EXCLUSIVE), "", "nobody claims any");
	is_str(affinity(), "0-11", "the task too");
}

static void test_rows(bool together)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		begin();
		put(TASK, "Name:\tx\nCpus_allowed_list:\t0-11\n");
		refused.path = rows[i].path;
		refused.cpu = rows[i].cpu;
		refused.code = rows[i].code;
		adopt(rows[i].reversed ? 2 : 1);
		if (!together)
			reconcile("the first");
		adopt(rows[i].reversed ? 1 : 2);
		reconcile(rows[i].name);
		ok(was_said("fenced") || (!together && !rows[i].reversed),
		   "it is reported when it happens");
		check_fence(rows[i].name);
		reopen();
		reconcile("again");
		is_int((long long)last.report.n, 0, "nothing new is said");
		check_fence("the next process");
		check_ends(rows[i].reversed);
		end();
	}
}

/* What stood in the way has gone, and the guest is tuned anew. */
static void test_tried_again(void)
{
	begin_with_both();
	refused.path = SCOPE1 PARTITION;
	refused.code = EINVAL;
	put(SCOPE1 PARTITION, "isolated invalid (somebody else)\n");
	reconcile("its shield is lost, and cannot be had again");
	is_str(get(SYSTEM), "0-5", "it has a fence");
	memset(&refused, 0, sizeof(refused));
	reconcile("the agent");
	is_str(get(SYSTEM), "0-5", "which it keeps");
	adopt(1);
	reconcile("kvmrt-boot");
	is_str(reason(RT1), "", "tries the shield again");
	is_str(get(SCOPE1 PARTITION), "isolated", "which it gets");
	is_str(get(SLICE EXCLUSIVE), "2-11", "with its CPUs");
	is_str(get(SYSTEM), "", "and the fence is gone");
	end();
}

/* The kernel takes it, and says afterwards that it is not valid. */
static void test_invalid(void)
{
	begin();
	refused.path = SCOPE1 PARTITION;
	refused.becomes = "isolated invalid (Cpu list not exclusive)";
	adopt(1);
	reconcile("a partition that is not valid");
	is_str(last.who, "", last.why);
	ok(strstr(reason(RT1), "not exclusive") != NULL,
	   "the kernel's words: %s", reason(RT1));
	is_str(get(SYSTEM), "0-5", "it has a fence");
	end();
}

/* A partition of somebody else's is none of our business. */
static void test_their_partition(void)
{
	begin();
	put("sys/fs/cgroup/user.slice/" PARTITION, "root\n");
	put(USER, "0-1\n");
	refused.path = SCOPE1 PARTITION;
	refused.code = EINVAL;
	adopt(1);
	reconcile("a fence beside a partition");
	is_str(get(SYSTEM), "0-5", "an ordinary cgroup");
	is_str(get(USER), "0-1", "the partition has all that it had");
	end();
}

/*
 * Nobody can run on the CPUs of somebody else's partition, valid or not, and
 * what a fence would take from the others would make it valid.
 */
static void test_taken(void)
{
	static const char *const files[][2] = {
		{ USER, "0-1,6" },
		{ "sys/fs/cgroup/user.slice/" EXCLUSIVE, "6" },
	};

	for (size_t i = 0; i < 2; i++) {
		begin();
		put("sys/fs/cgroup/user.slice/" PARTITION,
		    i ? "root\n" : "isolated invalid (whatever)\n");
		put(USER, "0-1\n");
		put(files[i][0], files[i][1]);
		refused.path = SLICE EXCLUSIVE;
		refused.cpu = 6;
		refused.code = EINVAL;
		adopt(2);
		adopt(1);
		reconcile("CPU 6 is in a partition");
		is_str(last.who, "rt1", "it cannot have its CPUs");
		ok(strstr(last.why, "the partition /sys/fs/cgroup/user.slice "
				    "claims some of its CPUs 6-11") != NULL,
		   "says whose they are: %s", last.why);
		is_str(get(SYSTEM), "", "nobody is fenced off");
		is_str(get(ONLINE7), "1", "nothing is done for it");
		is_str(get(SCOPE2 PARTITION), "isolated", "the other is fine");
		drop(RT1);
		drop(RT2);
		reconcile("both end");
		ok(rt_journal_is_empty(&store.journal), "nothing on record");
		end();
	}
}

/* Somebody makes a partition of its CPUs while it runs behind its fence. */
static void test_taken_later(void)
{
	begin();
	refused.path = SCOPE1 PARTITION;
	refused.code = EINVAL;
	adopt(1);
	reconcile("a fence");
	put("sys/fs/cgroup/user.slice/" EXCLUSIVE, "6\n");
	put("sys/fs/cgroup/user.slice/" PARTITION, "root\n");
	put(IRQ, "0-11\n");
	reconcile("a partition comes");
	is_str(last.who, "rt1", "it lacks something now");
	ok(strstr(last.why, "the partition") != NULL, "because of: %s",
	   last.why);
	is_str(get(SYSTEM), "0-5", "it keeps its fence");
	is_str(get(ONLINE7), "0", "its siblings stay offline");
	is_str(get(IRQ), "0-5", "and interrupts are guarded");
	put("sys/fs/cgroup/user.slice/" PARTITION, "member\n");
	reconcile("the partition goes");
	is_str(last.who, "", last.why);
	drop(RT1);
	reconcile("it ends");
	ok(rt_journal_is_empty(&store.journal), "nothing is on record");
	end();
}

/*
 * Kernel 6.8: it takes isolated CPUs out of the mask, up to the next write. So
 * what is written has none of either guest.
 */
static void test_workqueues(void)
{
	begin();
	put(WORKQUEUES, "fc3\n");
	put(REQUESTED, "fff\n");
	refused.path = SCOPE1 PARTITION;
	refused.code = EINVAL;
	adopt(2);
	reconcile("a shield alone");
	is_str(get(WORKQUEUES), "fc3", "is the kernel's business");
	adopt(1);
	reconcile("a fence beside it");
	is_str(get(WORKQUEUES), "003", "needs a mask without both");
	put(REQUESTED, "003\n");
	reconcile("again");
	is_int((long long)last.report.n, 0, "nobody else has written it");
	drop(RT1);
	reconcile("the fence goes");
	is_str(get(WORKQUEUES), "fc3", "the mask is without the other");
	put(REQUESTED, "fc3\n");
	drop(RT2);
	reconcile("the shield goes");
	is_str(get(WORKQUEUES), "fff", "the original");
	end();
}

int main(void)
{
	test_rows(false);
	test_rows(true);
	test_tried_again();
	test_invalid();
	test_their_partition();
	test_taken();
	test_taken_later();
	test_workqueues();
	return tap_done();
}
