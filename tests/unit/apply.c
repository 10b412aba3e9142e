/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * apply.c - steps carried out in a world that refuses
 *
 * The kernel here is a handful of files in memory. One of them may refuse a
 * number of writes with a given code, or keep another value than written.
 */
#include "host/apply.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tap.h"

#define IRQ	  "proc/irq/1/smp_affinity_list"
#define ONLINE	  "sys/devices/system/cpu/cpu7/online"
#define FENCE	  "sys/fs/cgroup/system.slice/cpuset.cpus"
#define SHIELD	  "sys/fs/cgroup/m/cpuset.cpus.partition"
#define EXCLUSIVE "sys/fs/cgroup/m/cpuset.cpus.exclusive"
#define RPS	  "sys/class/net/e/queues/rx-0/rps_cpus"

static struct {
	struct file {
		const char *path;
		char value[64];
		bool gone;
	} files[8];
	const char *refuses; /* a path, or how several begin; NULL: none */
	int code;
	unsigned times;	   /* it refuses so many writes */
	const char *holds; /* what it holds after any write; NULL: that */
	const char *only;  /* it refuses this value alone; NULL: all */
	unsigned writes;
	bool unreadable;  /* after a write, as an interrupt that was freed */
	const char *late; /* the mask that a task has at first, */
	unsigned until;	  /* after fewer than so many writes */
	bool busy;	  /* it has more files than these, all refused */
} kernel;

static struct file *find_file(const char *path)
{
	for (size_t i = 0; i < 8; i++) {
		if (kernel.files[i].path &&
		    strcmp(kernel.files[i].path, path) == 0)
			return &kernel.files[i];
	}
	return NULL;
}

static int fake_read(struct rt_sys *sys, const char *path, char *buf,
		     size_t size, struct rt_err *err)
{
	const struct file *file = find_file(path);

	(void)sys;
	if (!file || file->gone)
		return rt_fail(err, ENOENT, "read %s", path);
	if (kernel.unreadable && kernel.writes)
		return rt_fail(err, EIO, "read %s", path);
	snprintf(buf, size, "%s", file->value);
	return 0;
}

static int fake_write(struct rt_sys *sys, const char *path, const char *value,
		      struct rt_err *err)
{
	struct file *file = find_file(path);

	(void)sys;
	kernel.writes++;
	if (!kernel.busy && (!file || file->gone))
		return rt_fail(err, ENOENT, "write %s", path);
	if (kernel.refuses &&
	    strncmp(kernel.refuses, path, strlen(kernel.refuses)) == 0 &&
	    kernel.times && (!kernel.only || strcmp(kernel.only, value) == 0)) {
		kernel.times--;
		return rt_fail(err, kernel.code, "write %s", path);
	}
	snprintf(file->value, sizeof(file->value), "%s",
		 kernel.holds ? kernel.holds : value);
	return 0;
}

/* A task's mask, in files[0]. */
static int fake_get_affinity(struct rt_sys *sys, unsigned pid, unsigned tid,
			     struct rt_cpuset *ret_set, struct rt_err *err)
{
	(void)sys;
	(void)pid;
	(void)tid;
	return rt_cpuset_parse_list(kernel.writes && kernel.writes <
							     kernel.until ?
					    kernel.late :
					    kernel.files[0].value,
				    ret_set, err);
}

static int fake_set_affinity(struct rt_sys *sys, unsigned pid, unsigned tid,
			     const struct rt_cpuset *set, struct rt_err *err)
{
	(void)sys;
	(void)pid;
	kernel.writes++;
	if (kernel.refuses && kernel.times) {
		kernel.times--;
		return rt_fail(err, kernel.code, "affinity of thread %u", tid);
	}
	rt_cpuset_format_list(set, kernel.files[0].value,
			      sizeof(kernel.files[0].value));
	return 0;
}

static int fake_move_thread(struct rt_sys *sys, unsigned pid, unsigned tid,
			    const char *cgroup, struct rt_err *err)
{
	(void)sys;
	(void)pid;
	(void)tid;
	return rt_fail(err, kernel.code, "move to %s", cgroup);
}

static const struct rt_sys_calls calls = {
	.read = fake_read,
	.write = fake_write,
	.get_affinity = fake_get_affinity,
	.set_affinity = fake_set_affinity,
	.move_thread = fake_move_thread,
};

#define UUID "6a1f0c1e-0000-4000-8000-000000000001"

static char dir[] = "/tmp/kvmrt-apply-XXXXXX";
static struct rt_sys sys;
static struct rt_store store;
static const struct rt_topo topo = { .present = { 1, { 0xfff } },
				     .online = { 1, { 0xfff } } };

static void reset(const char *path, const char *value)
{
	memset(&kernel, 0, sizeof(kernel));
	kernel.files[0].path = path;
	snprintf(kernel.files[0].value, sizeof(kernel.files[0].value), "%s",
		 value);
}

static struct rt_step step_of(enum rt_act act, enum rt_kind kind,
			      const char *path, const char *now,
			      const char *value)
{
	return (struct rt_step){
		.act = act,
		.kind = kind,
		.path = (char *)(uintptr_t)path,
		.value = (char *)(uintptr_t)value,
		.now = (char *)(uintptr_t)now,
		.base = (char *)(uintptr_t)now,
		.musts = (char *)(uintptr_t)(UUID " "),
		.why = "reason",
		.guest = (char *)(uintptr_t) "rt1",
	};
}

/* -1: the guest has failed, and *err says why. */
static int apply_plan(const struct rt_plan *plan, struct rt_report *report,
		      struct rt_err *err)
{
	struct rt_outcomes outcomes = { 0 };
	struct rt_plan carried = *plan;
	int r = rt_apply(&store, &topo, &carried,
			 &(struct rt_notify){ .report = report }, &outcomes,
			 err);
	const char *why = rt_outcomes_find(&outcomes, UUID);

	if (r == 0 && why) {
		snprintf(err->text, sizeof(err->text), "%s", why);
		r = -1;
	}
	ok(outcomes.n <= 1, "no other guest has failed");
	rt_outcomes_fini(&outcomes);
	return r;
}

static int apply(struct rt_step *step, struct rt_report *report,
		 struct rt_err *err)
{
	const struct rt_plan plan = { .items = step, .n = 1, .size = 1 };

	memset(report, 0, sizeof(*report));
	return apply_plan(&plan, report, err);
}

/* Give all back that is on record, so that the next case begins anew. */
static void forget(void)
{
	RT_AUTO_STRBUF entries = { 0 };
	struct rt_err err;

	for (size_t i = 0; i < store.journal.n_saved; i++) {
		if (!store.journal.saved[i].done)
			rt_journal_add_done(&entries,
					    store.journal.saved[i].path);
	}
	if (rt_store_append(&store, &entries, &err) < 0)
		ok(false, "the record is emptied: %s", err.text);
}

/* What a refusal means: the call's result, and the code of a note or "". */
static const struct {
	const char *name, *path;
	enum rt_kind kind;
	enum rt_act act;
	enum rt_need need;
	int code;
	unsigned times;
	int result;
	const char *note;
} refusals[] = {
	{ "a managed interrupt (6.12)", IRQ, RT_KIND_LIST, RT_ACT_SET, RT_MAY,
	  EPERM, 9, 0, "stays" },
	{ "a managed interrupt (6.1)", IRQ, RT_KIND_LIST, RT_ACT_SET, RT_MAY,
	  EIO, 9, 0, "stays" },
	{ "no vector free", IRQ, RT_KIND_LIST, RT_ACT_SET, RT_MAY, ENOSPC, 9, 0,
	  "stays" },
	{ "an interrupt busy for a moment", IRQ, RT_KIND_LIST, RT_ACT_SET,
	  RT_MAY, EBUSY, 2, 0, "" },
	{ "an interrupt busy for long", IRQ, RT_KIND_LIST, RT_ACT_SET, RT_MAY,
	  EBUSY, 9, 0, "not-applied" },
	{ "an interrupt, another code", IRQ, RT_KIND_LIST, RT_ACT_SET, RT_MAY,
	  EINVAL, 9, 0, "not-applied" },
	{ "an interrupt that went", IRQ, RT_KIND_LIST, RT_ACT_SET, RT_MAY,
	  ENOENT, 9, 0, "" },
	{ "a CPU busy for a moment", ONLINE, RT_KIND_TEXT, RT_ACT_SET, RT_MUST,
	  EBUSY, 1, 0, "cpu-offline" },
	{ "a CPU busy for long", ONLINE, RT_KIND_TEXT, RT_ACT_SET, RT_MUST,
	  EBUSY, 9, -1, "" },
	{ "a CPU that must not", ONLINE, RT_KIND_TEXT, RT_ACT_SET, RT_MUST,
	  EPERM, 9, -1, "" },
	{ "a shield that must be", SHIELD, RT_KIND_PARTITION, RT_ACT_SET,
	  RT_MUST, EINVAL, 9, -1, "" },
	{ "a shield whose cgroup went", SHIELD, RT_KIND_PARTITION, RT_ACT_SET,
	  RT_MUST, ENODEV, 9, -1, "" },
	{ "a fence around a cgroup that went", FENCE, RT_KIND_LIST, RT_ACT_SET,
	  RT_MUST, ENODEV, 9, 0, "" },
	{ "a fence that cannot be", FENCE, RT_KIND_LIST, RT_ACT_SET, RT_MUST,
	  ENOSPC, 9, -1, "" },
	{ "a cgroup of the guest's own that went", FENCE, RT_KIND_LIST,
	  RT_ACT_OWN, RT_MUST, ENOENT, 9, 0, "" },
	{ "a network device that went", RPS, RT_KIND_MASK, RT_ACT_SET, RT_MAY,
	  ENOENT, 9, 0, "" },
};

static void test_refusals(void)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		const bool is_set = refusals[i].kind == RT_KIND_LIST;
		const bool is_shield = refusals[i].kind == RT_KIND_PARTITION;
		const bool for_good = strcmp(refusals[i].note, "stays") == 0 &&
				      refusals[i].code != ENOSPC;
		struct rt_report report;
		struct rt_err err = { 0 };
		struct rt_step step = step_of(refusals[i].act, refusals[i].kind,
					      refusals[i].path,
					      is_set	? "0-11" :
					      is_shield ? "member" :
							  "1",
					      is_set	? "0-5" :
					      is_shield ? "isolated" :
							  "0");

		step.need = refusals[i].need;
		reset(refusals[i].path, step.now);
		kernel.refuses = refusals[i].path;
		kernel.code = refusals[i].code;
		kernel.times = refusals[i].times;
		is_int(apply(&step, &report, &err), refusals[i].result,
		       refusals[i].name);
		is_str(report.n ? report.items[0].code : "", refusals[i].note,
		       report.n ? report.items[0].message : "no note");
		if (refusals[i].act == RT_ACT_SET) {
			const struct rt_saved *saved = rt_journal_find(
				&store.journal, refusals[i].path);

			ok(saved && saved->fixed == for_good,
			   "whether it may be tried again is on record");
		}
		if (refusals[i].result)
			ok(strstr(err.text, "reason: ") == err.text,
			   "says for whom and why: %s", err.text);
		rt_report_fini(&report);
		forget();
	}
}

/* Of a disk's many interrupts it is said in one line that they stay. */
static void test_fixed(void)
{
	static const char *const paths[] = {
		"proc/irq/33/smp_affinity_list",
		"proc/irq/35/smp_affinity_list",
		"proc/irq/37/smp_affinity_list",
	};
	struct rt_step steps[] = {
		step_of(RT_ACT_SET, RT_KIND_LIST, paths[0], "6", "0-5"),
		step_of(RT_ACT_SET, RT_KIND_LIST, paths[1], "8", "0-5"),
		step_of(RT_ACT_OWN, RT_KIND_LIST, paths[2], "0", "0-1"),
	};
	const struct rt_plan plan = { .items = steps, .n = 3, .size = 3 };
	struct rt_report report = { 0 };
	struct rt_err err = { 0 };

	reset(paths[0], "6");
	kernel.files[1] = (struct file){ paths[1], "8", false };
	kernel.files[2] = (struct file){ paths[2], "0", false };
	kernel.refuses = "proc/irq/";
	kernel.code = EIO;
	kernel.times = 9;
	is_int(apply_plan(&plan, &report, &err), 0,
	       "two interrupts that nobody may move");
	is_int((long long)report.n, 2,
	       "one note, and one of what is in no way");
	ok(report.n == 2 && strstr(report.items[1].message, "CPUs: irq 33,35"),
	   "names both: %s",
	   report.n ? report.items[report.n - 1].message : "");
	rt_report_fini(&report);
	steps[0].act = RT_ACT_RESTORE;
	steps[0].value = steps[0].now;
	snprintf(kernel.files[0].value, sizeof(kernel.files[0].value), "0-5");
	kernel.writes = 0;
	kernel.refuses = NULL;
	is_int(apply(&steps[0], &report, &err), 0,
	       "another interrupt has the number");
	is_int((long long)report.n + kernel.writes, 0,
	       "nothing is said, and it is left alone");
	ok(!rt_journal_find(&store.journal, paths[0]), "the record is closed");
	rt_report_fini(&report);
	forget();
}

/* What we have moved goes back, whatever the kernel says of it later. */
static void test_fixed_later(void)
{
	struct rt_step first =
		step_of(RT_ACT_SET, RT_KIND_LIST, IRQ, "0-11", "0-5");
	struct rt_step second =
		step_of(RT_ACT_SET, RT_KIND_LIST, IRQ, "0-5", "0-3");
	struct rt_step back =
		step_of(RT_ACT_RESTORE, RT_KIND_LIST, IRQ, "0-5", "0-11");
	const struct rt_saved *saved;
	struct rt_report report;
	struct rt_err err = { 0 };

	reset(IRQ, "0-11");
	is_int(apply(&first, &report, &err), 0, "an interrupt that is moved");
	rt_report_fini(&report);
	kernel.refuses = IRQ;
	kernel.code = EIO;
	kernel.times = 9;
	second.base = first.now;
	is_int(apply(&second, &report, &err), 0, "and then refuses");
	ok(report.n && strcmp(report.items[0].code, "stays") == 0,
	   "which is said");
	saved = rt_journal_find(&store.journal, IRQ);
	ok(saved && !saved->fixed, "has something of ours");
	rt_report_fini(&report);
	kernel.refuses = NULL;
	is_int(apply(&back, &report, &err), 0, "it is given back");
	is_str(kernel.files[0].value, "0-11", "to where it was");
	rt_report_fini(&report);
	forget();
}

/* EIO of a read is no refusal: the write was taken. */
static void test_freed(void)
{
	struct rt_step step =
		step_of(RT_ACT_SET, RT_KIND_LIST, IRQ, "0-11", "0-5");
	const struct rt_saved *saved;
	struct rt_report report;
	struct rt_err err = { 0 };

	step.need = RT_MAY;
	reset(IRQ, "0-11");
	kernel.unreadable = true;
	is_int(apply(&step, &report, &err), 0, "an interrupt freed at once");
	saved = rt_journal_find(&store.journal, IRQ);
	ok(!report.n && saved && !saved->fixed, "is nothing to speak of");
	rt_report_fini(&report);
	forget();
}

/* What is found at giving back: is it written, and is the record closed? */
static const struct {
	const char *name, *path;
	enum rt_kind kind;
	const char *original, *wrote, *found, *left;
	bool closed;
	const char *note;
} backs[] = {
	{ "what we wrote", IRQ, RT_KIND_LIST, "0-11", "0-5", "0-5", "0-11",
	  true, "" },
	{ "what we wrote, in other words", IRQ, RT_KIND_LIST, "0-11", "0-5",
	  "0,1,2-5", "0-11", true, "" },
	{ "the original: a crash came before the write", IRQ, RT_KIND_LIST,
	  "0-11", "0-5", "0-11", "0-11", true, "" },
	{ "another's value", IRQ, RT_KIND_LIST, "0-11", "0-5", "3", "3", true,
	  "changed-by-others" },
	{ "a shield that has become invalid", SHIELD, RT_KIND_PARTITION,
	  "member", "isolated", "isolated invalid (why)", "member", true, "" },
	{ "CPUs that somebody else took, beside ours", EXCLUSIVE, RT_KIND_LIST,
	  "0", "0,6-11", "0,2-3,6-11", "0,2-3", true, "changed-by-others" },
	{ "a CPU", ONLINE, RT_KIND_TEXT, "1", "0", "0", "1", true,
	  "cpu-online" },
	{ "an empty list", EXCLUSIVE, RT_KIND_LIST, "", "6-11", "6-11", "",
	  true, "" },
};

static void keep(const char *path, enum rt_kind kind, const char *original,
		 const char *wrote)
{
	RT_AUTO_STRBUF entries = { 0 };
	struct rt_err err;

	rt_journal_add_save(&entries, kind, path, original, wrote);
	if (rt_store_append(&store, &entries, &err) < 0)
		ok(false, "%s", err.text);
}

static void test_back(void)
{
	for (size_t i = 0; i < sizeof(backs) / sizeof(*backs); i++) {
		struct rt_step step =
			step_of(RT_ACT_RESTORE, backs[i].kind, backs[i].path,
				backs[i].wrote, backs[i].original);
		struct rt_report report;
		struct rt_err err = { 0 };

		reset(backs[i].path, backs[i].found);
		keep(backs[i].path, backs[i].kind, backs[i].original,
		     backs[i].wrote);
		is_int(apply(&step, &report, &err), 0, backs[i].name);
		is_str(kernel.files[0].value, backs[i].left, "is left so");
		ok(!rt_journal_find(&store.journal, backs[i].path) ==
			   backs[i].closed,
		   "the record is closed");
		is_str(report.n ? report.items[0].code : "", backs[i].note,
		       report.n ? report.items[0].message : "no note");
		rt_report_fini(&report);
		forget();
	}
}

static void test_back_refused(void)
{
	struct rt_step step =
		step_of(RT_ACT_RESTORE, RT_KIND_LIST, FENCE, "0-5", "");
	struct rt_report report;
	struct rt_err err = { 0 };

	reset(FENCE, "0-5");
	keep(FENCE, RT_KIND_LIST, "", "0-5");
	kernel.refuses = FENCE;
	kernel.times = 9;
	kernel.code = EIO;
	is_int(apply(&step, &report, &err), 0, "giving back is refused");
	ok(report.n == 1 && strcmp(report.items[0].code, "not-restored") == 0,
	   "that is said");
	ok(rt_journal_find(&store.journal, FENCE),
	   "and it stays on record, to be tried again");
	rt_report_fini(&report);
	kernel.code = ENOSPC;
	kernel.only = "";
	is_int(apply(&step, &report, &err), 0,
	       "a list that cannot be emptied while there are tasks");
	is_str(kernel.files[0].value, "0-11", "gets all CPUs");
	rt_report_fini(&report);
	kernel.files[0].gone = true;
	keep(FENCE, RT_KIND_LIST, "", "0-5");
	is_int(apply(&step, &report, &err), 0, "a cgroup that went");
	ok(!report.n && !rt_journal_find(&store.journal, FENCE),
	   "needs nothing back");
	rt_report_fini(&report);
	forget();
}

/* The record comes first, and each value is on it that may stand there. */
static void test_record(void)
{
	struct rt_step first =
		step_of(RT_ACT_SET, RT_KIND_LIST, IRQ, "0-11", "0-5");
	struct rt_step second =
		step_of(RT_ACT_SET, RT_KIND_LIST, IRQ, "0-5", "0-3");
	struct rt_step third =
		step_of(RT_ACT_SET, RT_KIND_LIST, IRQ, "0-5", "0-1");
	struct rt_step back =
		step_of(RT_ACT_RESTORE, RT_KIND_LIST, IRQ, "", "0-11");
	struct rt_report report;
	struct rt_err err = { 0 };

	reset(IRQ, "0-11");
	is_int(apply(&first, &report, &err), 0, "a first value");
	rt_report_fini(&report);
	kernel.refuses = IRQ;
	kernel.code = ENOSPC;
	kernel.times = 9;
	second.base = third.base = first.now;
	is_int(apply(&second, &report, &err), 0, "a second, refused");
	rt_report_fini(&report);
	is_int(apply(&third, &report, &err), 0, "a third, refused");
	rt_report_fini(&report);
	kernel.times = 0;
	is_int(apply(&back, &report, &err), 0, "given back");
	is_str(kernel.files[0].value, "0-11", "the first value was ours");
	rt_report_fini(&report);
	forget();
}

static void test_liar(void)
{
	struct rt_step step = step_of(RT_ACT_SET, RT_KIND_PARTITION, SHIELD,
				      "member", "isolated");
	struct rt_report report;
	struct rt_err err = { 0 };

	reset(SHIELD, "member");
	kernel.holds = "isolated invalid (Cpu list is empty)";
	ok(apply(&step, &report, &err) < 0 &&
		   strstr(err.text, "isolated invalid (Cpu list is empty)"),
	   "a value that is taken and not held: %s", err.text);
	rt_report_fini(&report);
	forget();
	step.act = RT_ACT_SAVE;
	kernel.writes = 0;
	is_int(apply(&step, &report, &err), 0, "a guard");
	is_int(kernel.writes, 0, "writes nothing");
	ok(rt_journal_find(&store.journal, SHIELD), "and is on record");
	rt_report_fini(&report);
	forget();
}

/* Task 9, which began at clock tick 0, has a mask. */
static void reset_task(const char *path, const char *mask)
{
	reset(path, mask);
	kernel.files[1].path = "proc/9/task/9/stat";
	snprintf(kernel.files[1].value, sizeof(kernel.files[1].value),
		 "9 (x) S 2 0 0 0 -1 0 0 0 0 0 0 0 0 0 0 0 1 0 0");
}

/* The kernel moves an interrupt's thread with its interrupt. */
static void test_irq_thread(void)
{
	static const char path[] = "task/9/9/0";
	const enum rt_kind kinds[] = { RT_KIND_AFFINITY, RT_KIND_IRQ_THREAD };
	const char *const after[] = { "2", "7" };

	for (unsigned i = 0; i < 2; i++) {
		struct rt_step step =
			step_of(RT_ACT_SAVE, kinds[i], path, "7", "7");
		struct rt_report report;
		struct rt_err err = { 0 };

		reset_task(path, "7");
		is_int(apply(&step, &report, &err), 0, "a mask on record");
		rt_report_fini(&report);
		snprintf(kernel.files[0].value, sizeof(kernel.files[0].value),
			 "2");
		step.act = RT_ACT_RESTORE;
		is_int(apply(&step, &report, &err), 0, "goes back");
		is_str(kernel.files[0].value, after[i],
		       i ? "an interrupt's thread from anywhere" :
			   "but not what somebody else has set");
		rt_report_fini(&report);
		forget();
	}
}

/*
 * The kernel remembers the mask that was asked for last, whatever stands there:
 * the original is written once more, unless nothing else was ever asked for.
 */
static void test_remembered(void)
{
	static const char path[] = "task/9/9/0";
	const char *const wrote[] = { "0-5", "6-11" };
	const char *const found[] = { "6-11", "3" };

	for (unsigned i = 0; i < 4; i++) {
		struct rt_step step = step_of(RT_ACT_RESTORE, RT_KIND_AFFINITY,
					      path, wrote[i / 2], "6-11");
		struct rt_report report;
		struct rt_err err = { 0 };

		reset_task(path, found[i % 2]);
		keep(path, RT_KIND_AFFINITY, "6-11", wrote[i / 2]);
		kernel.writes = 0;
		is_int(apply(&step, &report, &err), 0, "a mask goes back");
		is_str(kernel.files[0].value, found[i % 2],
		       "which holds what it should");
		is_int((int)kernel.writes, i == 0,
		       i == 0 ? "the kernel is asked for it all the same" :
				"nothing is asked for");
		rt_report_fini(&report);
		forget();
	}
}

/* A CPU that has just come up is late in the cpusets. */
static void test_late(void)
{
	static const char path[] = "task/9/9/0";
	struct rt_step step =
		step_of(RT_ACT_OWN, RT_KIND_AFFINITY, path, "0-5", "0-11");
	struct rt_report report;
	struct rt_err err = { 0 };

	reset_task(path, "0-5");
	kernel.late = "0-6";
	kernel.until = 3;
	is_int(apply(&step, &report, &err), 0, "a mask that comes late");
	is_int((long long)report.n, 0, "is no failure");
	is_int(kernel.writes, 3, "it was written until it held");
	rt_report_fini(&report);
	reset_task(path, "0-5");
	kernel.late = "0-6";
	kernel.until = 1000;
	step.need = RT_MAY;
	is_int(apply(&step, &report, &err), 0, "one that never comes");
	is_int((long long)report.n, 1, "is told");
	ok(kernel.writes < 30, "after a while: %u writes", kernel.writes);
	rt_report_fini(&report);
}

/* Many that are busy for long hold a hook up no longer than one. */
static void test_many_busy(void)
{
	enum { MANY = 100 };
	static char paths[MANY][64];
	struct rt_step steps[MANY];
	const struct rt_plan plan = { .items = steps, .n = MANY, .size = MANY };
	struct rt_report report = { 0 };
	struct rt_err err = { 0 };

	reset("nothing", "");
	for (size_t i = 0; i < MANY; i++) {
		snprintf(paths[i], sizeof(paths[i]),
			 "proc/irq/%zu/smp_affinity_list", 1000 + i);
		steps[i] = step_of(RT_ACT_OWN, RT_KIND_LIST, paths[i], "0-11",
				   "0-5");
		steps[i].need = RT_MAY;
	}
	kernel.refuses = "proc/irq/";
	kernel.code = EBUSY;
	kernel.times = UINT_MAX;
	kernel.busy = true;
	is_int(apply_plan(&plan, &report, &err), 0, "all are busy");
	ok(kernel.writes <= MANY + 20, "tried again a few times in all: %u",
	   kernel.writes);
	is_int((long long)report.n, MANY, "and each is told");
	rt_report_fini(&report);
}

/* A CPU that was taken out of the host, or never could be taken offline. */
static void test_no_cpu(void)
{
	struct rt_step step =
		step_of(RT_ACT_SET, RT_KIND_TEXT, ONLINE, "1", "0");
	struct rt_report report;
	struct rt_err err = { 0 };

	step.need = RT_MUST;
	reset("nothing", "");
	is_int(apply(&step, &report, &err), -1, "a CPU without such a file");
	rt_report_fini(&report);
	step.act = RT_ACT_RESTORE;
	step.value = step.now;
	is_int(apply(&step, &report, &err), 0, "there is nothing to restore");
	is_int((long long)report.n, 0, "and nothing to say");
	ok(!rt_journal_find(&store.journal, ONLINE), "the record is closed");
	rt_report_fini(&report);
	forget();
}

/* What goes while we look at it: there is nothing to set, and none to say. */
static const struct {
	const char *name, *path;
	enum rt_kind kind;
	enum rt_act act;
	const char *now, *value;
	int code;
} gone[] = {
	{ "a thread that ends", "task/9/9/0", RT_KIND_AFFINITY, RT_ACT_OWN,
	  "0-11", "0-5", ESRCH },
	{ "a task that ends", "task/9/9/0", RT_KIND_AFFINITY, RT_ACT_RESTORE,
	  "0-5", "0-11", ESRCH },
	{ "a task that has ended", "task/9/9/5", RT_KIND_AFFINITY,
	  RT_ACT_RESTORE, "0-5", "0-11", 0 },
	{ "one whose number is free", "task/8/8/0", RT_KIND_AFFINITY,
	  RT_ACT_RESTORE, "0-5", "0-11", 0 },
	{ "an interrupt's thread that ends", "task/9/9/0", RT_KIND_IRQ_THREAD,
	  RT_ACT_RESTORE, "0-5", "0-11", ESRCH },
	{ "one whose number is another's", "task/9/9/5", RT_KIND_IRQ_THREAD,
	  RT_ACT_RESTORE, "0-5", "0-11", 0 },
	{ "one whose number nobody has", "task/8/8/0", RT_KIND_IRQ_THREAD,
	  RT_ACT_RESTORE, "0-5", "0-11", 0 },
	{ "a thread that was to be moved", "task/9/9/0", RT_KIND_CGROUP,
	  RT_ACT_OWN, "a/b", "a/c", ESRCH },
	{ "a cgroup that it was to be moved to", "task/9/9/0", RT_KIND_CGROUP,
	  RT_ACT_OWN, "a/b", "a/c", ENOENT },
	{ "a shield whose cgroup goes", SHIELD, RT_KIND_PARTITION,
	  RT_ACT_RESTORE, "isolated", "member", ENODEV },
	{ "a cgroup that goes", EXCLUSIVE, RT_KIND_LIST, RT_ACT_RESTORE, "6-11",
	  "", ENODEV },
	{ "irqbalance was started anew", "irqbalance/9/5", RT_KIND_IRQBALANCE,
	  RT_ACT_RESTORE, "6-11", "", 0 },
	{ "irqbalance has ended", "irqbalance/8/5", RT_KIND_IRQBALANCE,
	  RT_ACT_RESTORE, "6-11", "", 0 },
	{ "a device that goes", RPS, RT_KIND_MASK, RT_ACT_RESTORE, "0f", "ff",
	  ENOENT },
};

static void test_gone(void)
{
	for (size_t i = 0; i < sizeof(gone) / sizeof(*gone); i++) {
		struct rt_step step =
			step_of(gone[i].act, gone[i].kind, gone[i].path,
				gone[i].now, gone[i].value);
		struct rt_report report;
		struct rt_err err = { 0 };

		reset_task(gone[i].path, gone[i].now);
		kernel.refuses = gone[i].code ? gone[i].path : NULL;
		kernel.code = gone[i].code;
		kernel.times = 99;
		if (gone[i].act == RT_ACT_RESTORE)
			keep(gone[i].path, gone[i].kind, gone[i].value,
			     gone[i].now);
		step.need = RT_MUST;
		is_int(apply(&step, &report, &err), 0, gone[i].name);
		is_str(report.n ? report.items[0].message : "", "",
		       "nothing is said");
		ok(!rt_journal_find(&store.journal, gone[i].path),
		   "nothing is on record");
		rt_report_fini(&report);
		forget();
	}
}

/* Only an interrupt that is freed reads like this: here it is a failure. */
static void test_unreadable(void)
{
	struct rt_step step = step_of(RT_ACT_SET, RT_KIND_PARTITION, SHIELD,
				      "member", "isolated");
	struct rt_report report;
	struct rt_err err = { 0 };

	reset(SHIELD, "member");
	kernel.unreadable = true;
	step.need = RT_MUST;
	ok(apply(&step, &report, &err) < 0 && strstr(err.text, "read "),
	   "a shield that cannot be read after that: %s", err.text);
	rt_report_fini(&report);
	forget();
	step.act = RT_ACT_SET;
	step.kind = RT_KIND_TEXT;
	step.path = (char *)(uintptr_t)ONLINE;
	step.now = step.base = (char *)(uintptr_t) "1";
	step.value = (char *)(uintptr_t) "0";
	reset(ONLINE, "1");
	kernel.unreadable = true;
	ok(apply(&step, &report, &err) < 0, "a CPU, too: %s", err.text);
	rt_report_fini(&report);
	forget();
}

int main(void)
{
	struct rt_err err = { 0 };
	char path[256];

	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/run", dir);
	mkdir(path, 0755);
	if (rt_sys_open(dir, &sys, &err) < 0 ||
	    rt_store_open(&sys, 0, &store, &err) < 0) {
		printf("Bail out! %s\n", err.text);
		return 1;
	}
	sys.calls = &calls;
	test_refusals();
	test_many_busy();
	test_no_cpu();
	test_fixed();
	test_fixed_later();
	test_freed();
	test_back();
	test_back_refused();
	test_record();
	test_liar();
	test_late();
	test_irq_thread();
	test_remembered();
	test_gone();
	test_unreadable();
	rt_store_close(&store);
	rt_sys_close(&sys);
	snprintf(path, sizeof(path), "%s/run/kvmrt/lock", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/run/kvmrt", dir);
	is_int(rmdir(path), 0, "no journal is left");
	snprintf(path, sizeof(path), "%s/run", dir);
	rmdir(path);
	rmdir(dir);
	return tap_done();
}
