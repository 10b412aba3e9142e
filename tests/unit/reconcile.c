/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reconcile.c - a host that changes while it is looked at
 *
 * A guest's process ends in steps: first its cgroup is empty and goes, and its
 * shield with it; then the process. A scan that meets it in between must not
 * try to set up the missing shield again. Here things happen as a file is read.
 */
#include "host/reconcile.h"

#include <errno.h>
#include <fcntl.h>

#include "host/topology.h"
#include "../host.h"
#include "../tap.h"
#include "plan_world.h"

#define UUID	   "11111111-1111-4111-8111-111111111111"
#define QEMU	   4711
#define STAT	   "proc/4711/stat"
#define THREAD	   "proc/4711/task/4711/stat"
#define CGROUP	   "proc/4711/task/4711/cgroup"
#define IRQ	   "proc/irq/1/smp_affinity_list"
#define ISOLATED   "sys/fs/cgroup/cpuset.cpus.isolated"
#define WORKQUEUES "sys/devices/virtual/workqueue/cpumask"

static struct test_host host;
static struct rt_sys sys;
static struct rt_store store;
static struct rt_topo topo;
static const struct rt_sys_calls *real;

static struct {
	const char *path; /* what happens when this is read */
	unsigned reads;	  /* how often it was */
	unsigned at;	  /* the so-manieth time; 0: never */
	void (*happens)(void);
	unsigned writes;     /* of values, */
	unsigned affinities; /* and of masks */
} world;

static int spy_read(struct rt_sys *of, const char *path, char *buf, size_t size,
		    struct rt_err *err)
{
	int r = real->read(of, path, buf, size, err);

	if (strcmp(path, world.path) == 0 && ++world.reads == world.at)
		world.happens();
	return r;
}

static int spy_write(struct rt_sys *of, const char *path, const char *value,
		     struct rt_err *err)
{
	world.writes++;
	return real->write(of, path, value, err);
}

static int spy_set_affinity(struct rt_sys *of, unsigned pid, unsigned tid,
			    const struct rt_cpuset *set, struct rt_err *err)
{
	world.affinities++;
	return real->set_affinity(of, pid, tid, set, err);
}

static void put(const char *path, const char *text)
{
	RT_AUTO_FD int fd = openat(sys.root, path, O_WRONLY | O_TRUNC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		ok(false, "write %s", path);
}

static void get(const char *path, char *text, size_t size)
{
	struct rt_err err = { 0 };

	if (rt_sys_read(&sys, path, text, size, &err) < 0)
		ok(false, "%s", err.text);
}

/* PF_EXITING on, in what the kernel says of the process. */
static void begin_to_exit(void)
{
	static const char *const files[] = { STAT, THREAD };

	for (size_t i = 0; i < 2; i++) {
		char text[1024], out[1100];
		unsigned flags;
		int before, after;

		get(files[i], text, sizeof(text));
		if (sscanf(text, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d%n %u%n",
			   &before, &flags, &after) != 1) {
			ok(false, "the flags of %s", text);
			return;
		}
		snprintf(out, sizeof(out), "%.*s %u%s\n", before, text,
			 flags | 4, text + after);
		put(files[i], out);
	}
}

static void lose_shield(void)
{
	put(ISOLATED, "\n");
}

static void find_shield(void)
{
	put(ISOLATED, "6,8,10\n");
}

static int reconcile(struct rt_report *report)
{
	const struct rt_notify notify = { .report = report };
	struct rt_outcomes outcomes = { 0 };
	struct rt_err err = { 0 };
	int r;

	memset(report, 0, sizeof(*report));
	world.reads = world.writes = world.affinities = 0;
	r = rt_reconcile(&store, &topo, &notify, &outcomes, &err);
	rt_outcomes_fini(&outcomes);
	if (r < 0)
		printf("# %s\n", err.text);
	return r;
}

/* rt1 runs, and its shield is up. */
static void begin(void)
{
	static char name[] = "rt1";
	struct rt_active active = {
		.guest = { .uuid = UUID,
			   .name = name,
			   .rt = true,
			   .nr_vcpus = 2,
			   .cpuset = cpus("6-11"),
			   .owned = cpus("6-11"),
			   .usable = cpus("6,8,10"),
			   .offline = cpus("7,9,11"),
			   .vcpus = cpus("6,8"),
			   .service = cpus("10"),
			   .irq_cpu = 10 },
		.stage = RT_STAGE_STARTED,
		.pid = QEMU,
		.start = 500000,
	};
	static struct rt_sys_calls calls;
	struct rt_report report;
	struct rt_err err = { 0 };

	memset(&world, 0, sizeof(world));
	world.path = ISOLATED;
	if (!ok(test_host_make(&host, "smt2-numa2-12cpu-guest") &&
			rt_sys_open(host.root, &sys, &err) == 0 &&
			rt_topology_load(&sys, &topo, &err) == 0 &&
			rt_store_open(&sys, 0, &store, &err) == 0,
		"a host"))
		return;
	real = sys.calls;
	calls = *real;
	calls.read = spy_read;
	calls.write = spy_write;
	calls.set_affinity = spy_set_affinity;
	sys.calls = &calls;
	world.at = 1;
	world.happens = find_shield;
	is_int(rt_reconcile_add(&store, &active, &err), 0, "a guest runs");
	is_int(reconcile(&report), 0, "and is made real-time");
	rt_report_fini(&report);
	world.at = 0;
	is_int(reconcile(&report), 0, "a further look");
	is_int(world.writes + world.affinities, 0, "has nothing to do");
	is_int(world.reads, 2, "and looks at the shields twice");
	rt_report_fini(&report);
}

static void end(void)
{
	rt_store_close(&store);
	rt_topo_fini(&topo);
	rt_sys_close(&sys);
	test_host_remove(&host);
}

static void is_over(const struct rt_report *report, const char *name)
{
	char text[256];

	ok(report->n && strcmp(report->items[0].code, "guest-gone") == 0,
	   "%s: the guest is dropped", name);
	ok(rt_journal_is_empty(&store.journal), "and nothing is on record");
	get("sys/devices/system/cpu/cpu7/online", text, sizeof(text));
	is_str(text, "1", "the siblings are up");
	get(WORKQUEUES, text, sizeof(text));
	is_str(text, "fff", "workqueues are as they were");
	get("proc/1/status", text, sizeof(text));
	ok(strstr(text, "0-11"), "and so are tasks");
}

static void test_exiting(void)
{
	struct rt_report report;

	begin();
	begin_to_exit();
	lose_shield();
	is_int(reconcile(&report), 0, "its process exits");
	is_over(&report, "before the look");
	rt_report_fini(&report);
	end();
}

/* An interrupt is read before the processes are. */
static void exit_now(void)
{
	begin_to_exit();
	put(CGROUP, "0::/machine.slice/x.scope (deleted)\n");
}

/* The look began while it was alive. */
static void test_exits_meanwhile(void)
{
	struct rt_report report;

	begin();
	world.path = IRQ;
	world.at = 1;
	world.happens = exit_now;
	is_int(reconcile(&report), 0, "its process exits meanwhile");
	is_over(&report, "during the look");
	rt_report_fini(&report);
	end();
}

/* Somebody takes the shield away: what was read before says that it is up. */
static void test_shield_lost_meanwhile(void)
{
	struct rt_report report;

	begin();
	world.at = 1;
	world.happens = lose_shield;
	is_int(reconcile(&report), 0, "the shield goes while tasks are read");
	is_int(world.affinities, 0, "no task is moved by hand");
	ok(world.reads > 2, "the host is looked at anew: %u reads",
	   world.reads);
	rt_report_fini(&report);
	end();
}

static void flip_shield(void)
{
	char text[64];

	get(ISOLATED, text, sizeof(text));
	put(ISOLATED, *text ? "\n" : "6,8,10\n");
	world.at = world.reads + 1;
}

/* What cannot be read is refused. */
static void test_never_settled(void)
{
	struct rt_report report;

	begin();
	world.at = 1;
	world.happens = flip_shield;
	is_int(reconcile(&report), -EAGAIN, "shields come and go for ever");
	is_int(world.writes + world.affinities, 0, "nothing is done");
	rt_report_fini(&report);
	end();
}

int main(void)
{
	test_exiting();
	test_exits_meanwhile();
	test_shield_lost_meanwhile();
	test_never_settled();
	return tap_done();
}
