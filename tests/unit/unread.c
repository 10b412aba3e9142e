/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * unread.c - what cannot be read harms nothing else, and who is dead
 *
 * The host smt2-numa2-12cpu-guest, where chosen files fail when they are read,
 * and others are odd or very long.
 */
#include "host/unread.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <time.h>

#include "core/plan/plan.h"
#include "host/adopt.h"
#include "host/probe.h"
#include "host/target.h"
#include "host/tasks.h"
#include "../host.h"
#include "../tap.h"

#define QEMU   4711
#define START  500000
#define SCOPE  "sys/fs/cgroup/machine.slice/machine-qemu\\x2d1\\x2drt1.scope"
#define ROOT   "sys/fs/cgroup/"
#define CPU6   "sys/devices/system/cpu/cpu6/"
#define SERVER RT_SERVERS "/fair_server/cpu6/runtime"
#define GROUPS 65536

static struct test_host host;
static struct rt_sys sys;

/* What cannot be read: this path, or all below it when it ends with a slash. */
static struct {
	const char *path;
	int code;
} fault;

static bool fails(const char *path)
{
	const size_t len = fault.path ? strlen(fault.path) : 0;

	return len && (fault.path[len - 1] == '/' ?
			       strncmp(path, fault.path, len) == 0 :
			       strcmp(path, fault.path) == 0);
}

static int failing_read(struct rt_sys *of, const char *path, char *buf,
			size_t size, struct rt_err *err)
{
	return fails(path) ? rt_fail(err, fault.code, "cannot read %s", path) :
			     rt_sys_captured.read(of, path, buf, size, err);
}

static int failing_open(struct rt_sys *of, const char *path, int flags,
			mode_t mode)
{
	return (flags & O_DIRECTORY) && fails(path) ?
		       -fault.code :
		       rt_sys_captured.open(of, path, flags, mode);
}

static void set_fault(const char *path, int code)
{
	fault.path = path;
	fault.code = code;
}

static void put(const char *path, const char *text)
{
	char full[512];
	FILE *file;

	snprintf(full, sizeof(full), "%s/%s", host.root, path);
	for (char *p = full + strlen(host.root) + 1; (p = strchr(p, '/'));
	     p++) {
		*p = '\0';
		mkdir(full, 0755);
		*p = '/';
	}
	file = fopen(full, "we");
	ok(file && fputs(text, file) >= 0 && fclose(file) == 0, "%s is put",
	   path);
}

static void drop(const char *path)
{
	unlinkat(sys.root, path, 0);
}

/* All that a file holds; to be freed. */
static char *get(const char *path)
{
	struct rt_err err;
	char *text = NULL;
	size_t len;

	if (rt_sys_read_all(&sys, path, 1 << 20, &text, &len, &err) < 0)
		ok(false, "%s", err.text);
	return text;
}

/* As one who is in very many groups has it. */
static void put_groups(const char *path)
{
	RT_AUTO_FREE char *before = get(path);
	RT_AUTO_STRBUF text = { 0 };

	rt_strbuf_adds(&text, "Name:\tmany\nGroups:\t");
	for (unsigned i = 0; i < GROUPS; i++)
		rt_strbuf_addf(&text, "%u ", 4294900000u + i);
	rt_strbuf_addf(&text, "\n%s", strchr(before, '\n') + 1);
	put(path, text.text);
}

static const struct rt_task *find_task(const struct rt_facts *facts,
				       unsigned tid)
{
	for (size_t i = 0; i < facts->tasks.n; i++) {
		if (facts->tasks.items[i].tid == tid)
			return &facts->tasks.items[i];
	}
	return NULL;
}

static struct rt_cpuset list(const char *text)
{
	struct rt_cpuset set = { 0 };
	struct rt_err err;

	if (rt_cpuset_parse_list(text, &set, &err) < 0)
		ok(false, "%s", err.text);
	return set;
}

/* --- is it dead? --- */

static const struct {
	const char *name, *fault;
	int code;
	const char *stat; /* NULL: as it is */
	unsigned long long start;
	enum rt_life life;
} lives[] = {
	{ "a process", NULL, 0, NULL, START, RT_LIFE_ALIVE },
	{ "another start", NULL, 0, NULL, START + 1, RT_LIFE_DEAD },
	{ "it is gone", "proc/4711/", ESRCH, NULL, START, RT_LIFE_DEAD },
	{ "no memory", "proc/4711/", ENOMEM, NULL, START, RT_LIFE_UNSEEN },
	{ "forbidden", "proc/4711/", EACCES, NULL, START, RT_LIFE_UNSEEN },
	{ "hidden", "proc/4711/", EPERM, NULL, START, RT_LIFE_UNSEEN },
	{ "too long", "proc/4711/", EFBIG, NULL, START, RT_LIFE_UNSEEN },
	{ "no descriptor", "proc/4711/", EMFILE, NULL, START, RT_LIFE_UNSEEN },
	{ "not a line", NULL, 0, "4711 (qemu S 1", START, RT_LIFE_UNSEEN },
	{ "at its end", NULL, 0,
	  "4711 (qemu) Z 1 1 1 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 500000 0\n",
	  START, RT_LIFE_DEAD },
};

static void test_life(void)
{
	static const char path[] = "proc/4711/task/4711/stat";
	RT_AUTO_FREE char *before = get(path);

	for (size_t i = 0; i < sizeof(lives) / sizeof(*lives); i++) {
		struct rt_err why = { 0 };

		if (lives[i].stat)
			put(path, lives[i].stat);
		set_fault(lives[i].fault, lives[i].code);
		is_int(rt_task_life(&sys, QEMU, lives[i].start, &why),
		       lives[i].life, lives[i].name);
		ok(lives[i].life != RT_LIFE_UNSEEN || *why.text, "why: %s",
		   why.text);
		set_fault(NULL, 0);
		if (lives[i].stat)
			put(path, before);
	}
	is_int(rt_task_life(&sys, 99999, START, &(struct rt_err){ 0 }),
	       RT_LIFE_DEAD, "a captured host shows all");
}

/* A live host whose /proc, that of the tree, shows none of our processes. */
static void test_hidden(void)
{
	struct rt_sys live = sys;
	struct rt_err err = { 0 };
	char path[64];
	const pid_t child = fork();

	if (child == 0)
		_exit(0);
	waitpid(child, NULL, 0);
	live.live = true;
	is_int(rt_task_life(&live, (unsigned)getpid(), 1, &err), RT_LIFE_UNSEEN,
	       "one that lives and is hidden");
	ok(strstr(err.text, "hides"), "%s", err.text);
	is_int(rt_task_life(&live, (unsigned)child, 1, &err), RT_LIFE_DEAD,
	       "one that is gone");
	snprintf(path, sizeof(path), "task/%d/%d/1", getpid(), getpid());
	is_int(rt_target_read(&live, RT_KIND_AFFINITY, path, (char[64]){ 0 },
			      64, &err),
	       -EACCES, "the hidden one's mask is not gone");
	snprintf(path, sizeof(path), "task/%d/%d/1", child, child);
	is_int(rt_target_read(&live, RT_KIND_AFFINITY, path, (char[64]){ 0 },
			      64, &err),
	       -ENOENT, "the other's is");
}

/* --- tasks --- */

static void test_tasks(void)
{
	const struct rt_cpuset cpus = list("0-11");
	struct rt_facts all = { 0 }, less = { 0 };
	struct rt_err err = { 0 };

	rt_facts_read_tasks(&sys, &cpus, &all, &err);
	is_int((long long)all.unread.n, 0, "all tasks are read");
	set_fault("proc/710/", EACCES);
	is_int(rt_facts_read_tasks(&sys, &cpus, &less, &err), 0,
	       "one process cannot be");
	set_fault(NULL, 0);
	ok(!find_task(&less, 710) && find_task(&less, 600), "it is left out");
	ok(less.tasks.n < all.tasks.n && less.tasks.n > all.tasks.n / 2,
	   "the others are there");
	if (is_int((long long)less.unread.n, 1, "it is told")) {
		is_str(less.unread.items[0].code, RT_CODE_UNREAD, "its code");
		ok(strstr(less.unread.items[0].message, "Permission denied"),
		   "%s", less.unread.items[0].message);
	}
	rt_facts_fini(&less);

	put("proc/666/stat", "666 (broken\n");
	is_int(rt_facts_read_tasks(&sys, &cpus, &less, &err), 0,
	       "a line that is none");
	is_int((long long)less.tasks.n, (long long)all.tasks.n,
	       "harms no other");
	is_int((long long)less.unread.n, 1, "and is told");
	rt_facts_fini(&less);
	drop("proc/666/stat");

	set_fault("proc/", ENOMEM);
	is_int(rt_facts_read_tasks(&sys, &cpus, &less, &err), 0,
	       "no task can be read");
	is_int((long long)less.unread.n, 1, "which is told once");
	rt_facts_fini(&less);
	set_fault("proc", EACCES);
	is_int(rt_facts_read_tasks(&sys, &cpus, &less, &err), 0,
	       "nor can they be listed");
	is_int((long long)less.unread.n, 1, "which is told, too");
	set_fault(NULL, 0);
	rt_facts_fini(&less);
	rt_facts_fini(&all);
}

/* The list of groups stands before the mask, and 700 KiB of it are allowed. */
static void test_groups(void)
{
	static const char path[] = "proc/710/task/711/status";
	static const char leader[] = "proc/4711/task/4711/status";
	RT_AUTO_FREE char *before = get(path);
	RT_AUTO_FREE char *leader_before = get(leader);
	const struct rt_cpuset cpus = list("0-11");
	struct rt_cpuset set = list("3");
	struct rt_facts facts = { 0 };
	struct rt_err err = { 0 };

	put_groups(path);
	is_int(rt_facts_read_tasks(&sys, &cpus, &facts, &err), 0,
	       "a task in 65536 groups");
	ok(find_task(&facts, 711), "is read as others are");
	is_int((long long)facts.unread.n, 0, "of which nothing is told");
	is_int(sys.calls->set_affinity(&sys, 710, 711, &set, &err), 0,
	       "it is moved");
	is_int(sys.calls->get_affinity(&sys, 710, 711, &set, &err), 0,
	       "and asked");
	is_str(rt_cpuset_text(&set).text, "3", "where it is");
	put_groups(leader);
	is_int(rt_facts_read_process(&sys, "u", QEMU, &facts, &err), 0,
	       "a guest in as many");
	ok(!facts.processes.items[0].unread &&
		   facts.processes.items[0].locked_kib == 2097152,
	   "its locked memory is found behind them");
	put(path, before);
	put(leader, leader_before);
	rt_facts_fini(&facts);
}

static void test_names(void)
{
	static const char path[] = "proc/600/stat";
	RT_AUTO_FREE char *before = get(path);
	const struct rt_cpuset cpus = list("0-11");
	RT_AUTO_STRBUF text = { 0 };
	struct rt_facts facts = { 0 };
	struct rt_err err = { 0 };
	const struct rt_task *task;

	rt_strbuf_addf(&text, "600 (\033[2J)(\x7f\xc2\x9b\x01%s",
		       strrchr(before, ')'));
	put(path, text.text);
	is_int(rt_facts_read_tasks(&sys, &cpus, &facts, &err), 0,
	       "a name for the terminal");
	task = find_task(&facts, 600);
	is_str(task ? task->comm : NULL, "?[2J)(????", "is only text");
	put(path, before);
	rt_facts_fini(&facts);
}

/* --- settings --- */

static const struct {
	const char *name, *path;
	int code;
	const char *value; /* NULL: left out */
} settings[] = {
	{ "a CPU's state", CPU6 "online", EIO, RT_UNREAD },
	{ "its latency", CPU6 "power/pm_qos_resume_latency_us", EACCES,
	  RT_UNREAD },
	{ "its governor", CPU6 "cpufreq/scaling_governor", ENOMEM, RT_UNREAD },
	{ "that of one offline", CPU6 "cpufreq/scaling_governor", EBUSY, NULL },
	{ "the watchdog", "proc/sys/kernel/watchdog_cpumask", EMFILE,
	  RT_UNREAD },
	{ "no watchdog", "proc/sys/kernel/watchdog_cpumask", ENOENT, NULL },
	{ "a queue", "sys/class/net/eth0/queues/rx-0/rps_cpus", EFBIG,
	  RT_UNREAD },
	{ "a workqueue", "sys/devices/virtual/workqueue/writeback/cpumask",
	  EPERM, RT_UNREAD },
	{ "new interrupts", "proc/irq/default_smp_affinity", EIO, RT_UNREAD },
	{ "a slice", ROOT "system.slice/cpuset.cpus", EACCES, RT_UNREAD },
	{ "a directory", "sys/class/net/eth0/queues", EACCES, RT_UNREAD },
	{ "a server", SERVER, EIO, RT_UNREAD },
	{ "that of a locked-down kernel", SERVER, EPERM, NULL },
	{ "that of another", SERVER, EACCES, NULL },
};

static void test_settings(void)
{
	const struct rt_cpuset cpus = list("6");

	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		struct rt_facts facts = { 0 };
		struct rt_err err = { 0 };
		const struct rt_setting *found;
		const bool told = settings[i].value != NULL;

		set_fault(settings[i].path, settings[i].code);
		is_int(rt_facts_read_settings_of(&sys, &cpus, &facts, &err), 0,
		       settings[i].name);
		is_int(rt_facts_read_cgroup(&sys, false, &facts, &err), 0,
		       "and the cgroups");
		set_fault(NULL, 0);
		found = rt_settings_find(&facts.settings, settings[i].path);
		is_str(found ? found->value : NULL, settings[i].value,
		       "its value");
		is_int((long long)facts.unread.n, told, "findings");
		ok(facts.settings.n > 8, "all others are read");
		rt_facts_fini(&facts);
	}
}

/* Servers are for kernels that let them be switched off. */
static void test_servers(void)
{
	static const char path[] = "proc/sys/kernel/osrelease";
	static const struct {
		const char *name, *release;
		bool stops;
	} rows[] = {
		{ "6.12", "6.12.117+deb13-amd64\n", false },
		{ "6.19", "6.19.0\n", false },
		{ "7.0", "7.0.0-1-amd64\n", true },
		{ "10.1", "10.1.0\n", true },
		{ "no number", "next\n", false },
		{ "one that cannot be read", NULL, false },
	};
	const struct rt_cpuset cpus = list("6");

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct rt_facts facts = { 0 };
		struct rt_err err = { 0 };

		if (rows[i].release)
			put(path, rows[i].release);
		else
			set_fault(path, EIO);
		is_int(rt_facts_read_settings_of(&sys, &cpus, &facts, &err), 0,
		       rows[i].name);
		ok(!rt_settings_find(&facts.settings, SERVER) == !rows[i].stops,
		   "its servers");
		set_fault(NULL, 0);
		rt_facts_fini(&facts);
	}
	put(path, "7.0.0\n");
}

static void test_isolated(void)
{
	static const char path[] = ROOT "cpuset.cpus.isolated";
	struct rt_facts facts = { 0 };
	struct rt_err err = { 0 };

	set_fault(path, ENOMEM);
	is_int(rt_facts_read_cgroup(&sys, false, &facts, &err), 0,
	       "which CPUs are isolated is not known");
	ok(facts.has_partitions && facts.isolated_unread,
	   "there are partitions all the same");
	ok(rt_cpuset_has(&facts.isolated, 6), "and no CPU is unshielded");
	is_int((long long)facts.unread.n, 1, "which is told");
	ok(rt_tasks_widen(&sys, "tasks/7,9", &err) < 0,
	   "masks are not given back on a guess: %s", err.text);
	set_fault(NULL, 0);
	rt_facts_fini(&facts);
}

/* --- interrupts and devices --- */

static void test_irqs(void)
{
	struct rt_facts all = { 0 }, less = { 0 };
	struct rt_err err = { 0 };

	rt_facts_read_irqs(&sys, &all, &err);
	set_fault("proc/irq/32/", ENOMEM);
	is_int(rt_facts_read_irqs(&sys, &less, &err), 0,
	       "one interrupt cannot be read");
	is_int((long long)less.irqs.n, (long long)all.irqs.n - 1,
	       "all others are");
	is_int((long long)less.unread.n, 1, "and it is told");
	rt_facts_fini(&less);
	set_fault("sys/bus/pci/devices/0000:01:00.0/", EACCES);
	is_int(rt_facts_read_irqs(&sys, &less, &err), 0,
	       "whose a device's are cannot be read");
	is_int((long long)less.irqs.n, (long long)all.irqs.n,
	       "they are all there");
	ok(less.unread.n == 1 && strstr(less.unread.items[0].message, "01:00"),
	   "%s", less.unread.n ? less.unread.items[0].message : "");
	is_int(rt_facts_read_pci(&sys, &less, &err), 0, "nor the device");
	is_int((long long)less.pci.n, 9, "all devices are there");
	is_int((long long)less.unread.n, 2, "and it is told");
	set_fault(NULL, 0);
	rt_facts_fini(&less);
	rt_facts_fini(&all);
}

/* Numbers as those of an ITS or of many cards: beyond what a set holds. */
static void test_large_numbers(void)
{
	struct rt_facts facts = { 0 };
	struct rt_err err = { 0 };
	size_t before;

	rt_facts_read_irqs(&sys, &facts, &err);
	before = facts.irqs.n;
	rt_facts_fini(&facts);
	put("proc/irq/8191/smp_affinity_list", "0-11\n");
	put("proc/irq/8192/smp_affinity_list", "0-11\n");
	put("proc/irq/16000/smp_affinity_list", "0-11\n");
	put("sys/bus/pci/devices/0000:01:00.0/msi_irqs/16000", "msix\n");
	is_int(rt_facts_read_irqs(&sys, &facts, &err), 0, "large numbers");
	is_int((long long)facts.irqs.n, (long long)before + 3, "are read");
	ok(facts.irqs.items[facts.irqs.n - 1].number == 16000 &&
		   facts.irqs.items[facts.irqs.n - 1].has_device,
	   "with their device");
	rt_facts_fini(&facts);
}

/* --- a guest's process --- */

static const struct {
	const char *name, *path;
	int code;
} troubles[] = {
	{ "its threads cannot be listed", "proc/4711/task", EACCES },
	{ "one of its threads is hidden", "proc/4711/task/4714/stat", EPERM },
	{ "a thread's mask", "proc/4711/task/4715/status", ENOMEM },
	{ "a thread's cgroup", "proc/4711/task/4715/cgroup", EMFILE },
	{ "a file of its cgroup", SCOPE "/cpuset.cpus.partition", EIO },
	{ "a file of a slice", ROOT "machine.slice/cpuset.cpus.exclusive",
	  EACCES },
	{ "a file of a leaf", SCOPE "/libvirt/vcpu0/cpuset.cpus", ENOMEM },
};

static void test_process(void)
{
	const struct rt_cpuset cpus = list("0-11");
	struct rt_err err = { 0 };

	for (size_t i = 0; i < sizeof(troubles) / sizeof(*troubles); i++) {
		struct rt_facts facts = { 0 };
		const struct rt_process *process;

		set_fault(troubles[i].path, troubles[i].code);
		is_int(rt_facts_read_process(&sys, "u", QEMU, &facts, &err), 0,
		       troubles[i].name);
		set_fault(NULL, 0);
		process = facts.processes.items;
		if (!ok(facts.processes.n == 1 && process->unread,
			"it could not be looked at")) {
			rt_facts_fini(&facts);
			continue;
		}
		ok(!process->threads.n && !process->scope, "%s",
		   process->unread);
		rt_facts_read_tasks(&sys, &cpus, &facts, &err);
		ok(!find_task(&facts, 4711) && !find_task(&facts, 4714) &&
			   !find_task(&facts, 4716) && find_task(&facts, 600),
		   "its threads are nobody else's tasks");
		rt_facts_fini(&facts);
	}
}

static void test_gone(void)
{
	struct rt_facts facts = { 0 };
	struct rt_err err = { 0 };

	is_int(rt_facts_read_process(&sys, "u", 99999, &facts, &err), -ESRCH,
	       "one that is gone");
	is_int((long long)facts.processes.n, 0, "is none");
	set_fault("proc/4711/", ESRCH);
	is_int(rt_facts_read_process(&sys, "u", QEMU, &facts, &err), -ESRCH,
	       "nor is one that goes");
	set_fault(NULL, 0);
	rt_facts_fini(&facts);
}

/* A guest may be called so, which is no "..". */
static void test_dots(void)
{
	static const char path[] = "proc/4711/task/4711/cgroup";
	RT_AUTO_FREE char *before = get(path);
	RT_AUTO_FREE char *cgroup = NULL;
	RT_AUTO_STRBUF text = { 0 };
	struct rt_err err = { 0 };

	for (unsigned i = 0; i < 200; i++)
		rt_strbuf_addf(&text, "%u:name=c%u:/a/rather/long/path/%u\n",
			       i + 1, i, i);
	rt_strbuf_adds(&text, "0::/machine.slice/a..b.scope/libvirt\n");
	put(path, text.text);
	is_int(rt_task_cgroup(&sys, QEMU, QEMU, &cgroup, &err), 0,
	       "a name with dots");
	is_str(cgroup, "machine.slice/a..b.scope/libvirt",
	       "behind many hierarchies");
	put(path, before);
}

/* As long as a file of its name may be. */
static void test_pid_file(void)
{
	char name[252], path[320];
	struct rt_err err = { 0 };
	unsigned pid = 0;

	memset(name, 'g', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	snprintf(path, sizeof(path), "run/libvirt/qemu/%s.pid", name);
	put(path, "4711");
	is_int(rt_guest_pid(&sys, name, &pid, &err), 0, "a long name");
	is_int(pid, QEMU, "its process");
}

/* 1.2 MB of them; each counts once. */
static void test_long_list(void)
{
	static const char path[] = SCOPE "/libvirt/emulator/cgroup.threads";
	RT_AUTO_FREE char *before = get(path);
	struct rt_facts facts = { 0 };
	struct rt_err err = { 0 };
	RT_AUTO_STRBUF all = { 0 };

	while (all.len < 1200000)
		rt_strbuf_adds(&all, "4714\n4717\n");
	put(path, all.text);
	is_int(rt_facts_read_process(&sys, "u", QEMU, &facts, &err), 0,
	       "a list of threads over 1 MiB");
	if (ok(facts.processes.n && !facts.processes.items[0].unread,
	       "is read"))
		is_int((long long)facts.processes.items[0].threads.n, 7,
		       "each is there once");
	put(path, before);
	rt_facts_fini(&facts);
}

/* Helper threads that are made up where they are read, from this number on. */
#define HELPER	100000
#define HELPERS 20000

static int helper_read(struct rt_sys *of, const char *path, char *buf,
		       size_t size, struct rt_err *err)
{
	unsigned tid;

	if (sscanf(path, "proc/4711/task/%u/", &tid) != 1 || tid < HELPER)
		return rt_sys_captured.read(of, path, buf, size, err);
	if (strstr(path, "/stat") && !strstr(path, "/status"))
		snprintf(buf, size,
			 "%u (worker) S 1 1 1 0 -1 64 0 0 0 0 0 0 0 0 20 0 9 "
			 "0 %u 0",
			 tid, tid);
	else
		snprintf(buf, size, "0::/x\nCpus_allowed_list:\t10\n");
	return 0;
}

/* Where they are listed: in memory, as 20,000 directories take long on a disk. */
static char helpers[] = "/dev/shm/kvmrt-test-XXXXXX";

static int helper_open(struct rt_sys *of, const char *path, int flags,
		       mode_t mode)
{
	return strcmp(path, "proc/4711/task") == 0 ?
		       open(helpers, flags | O_CLOEXEC) :
		       rt_sys_captured.open(of, path, flags, mode);
}

/* As directories, or away with them. */
static void set_helpers(bool there, struct rt_strbuf *all)
{
	for (unsigned i = 0; i < HELPERS; i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s/%u", helpers, HELPER + i);
		(void)!(there ? mkdir(name, 0755) : rmdir(name));
		rt_strbuf_addf(all, "%u\n", HELPER + i);
	}
}

/* Each compared to each would be 200 million comparisons. */
static void test_many_threads(void)
{
	static const char path[] = SCOPE "/libvirt/emulator/cgroup.threads";
	struct rt_sys_calls calls = rt_sys_captured;
	struct rt_sys many = sys;
	struct rt_cpuset cpus = list("0-11");
	struct rt_facts facts = { 0 };
	struct rt_err err = { 0 };
	RT_AUTO_STRBUF all = { 0 };
	clock_t start;

	if (!mkdtemp(helpers)) {
		ok(true, "no file system in memory # SKIP");
		return;
	}
	set_helpers(true, &all);
	put(path, all.text);
	calls.open = helper_open;
	calls.read = helper_read;
	many.calls = &calls;
	start = clock();
	is_int(rt_facts_read_process(&many, "u", QEMU, &facts, &err), 0,
	       "20,000 threads of one guest");
	is_int(rt_facts_read_tasks(&many, &cpus, &facts, &err), 0,
	       "and all others");
	ok(clock() - start < 3 * CLOCKS_PER_SEC, "in %.1f seconds",
	   (double)(clock() - start) / CLOCKS_PER_SEC);
	is_int((long long)facts.processes.items[0].threads.n, HELPERS + 1,
	       "all are read");
	set_helpers(false, &all);
	rmdir(helpers);
	rt_facts_fini(&facts);
}

int main(void)
{
	static struct rt_sys_calls calls;
	struct rt_err err = { 0 };

	if (!test_host_make(&host, "smt2-numa2-12cpu-guest") ||
	    rt_sys_open(host.root, &sys, &err) < 0) {
		printf("Bail out! %s\n", err.text);
		return 1;
	}
	calls = rt_sys_captured;
	calls.read = failing_read;
	calls.open = failing_open;
	sys.calls = &calls;
	test_life();
	test_hidden();
	test_tasks();
	test_groups();
	test_names();
	test_settings();
	test_servers();
	test_isolated();
	test_irqs();
	test_large_numbers();
	test_process();
	test_gone();
	test_dots();
	test_pid_file();
	test_long_list();
	test_many_threads();
	rt_sys_close(&sys);
	test_host_remove(&host);
	return tap_done();
}
