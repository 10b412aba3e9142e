/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sweep.c - ENODEV, EBUSY, EIO and ESRCH wherever the kernel's files are
 * opened, looked at, read and written
 *
 * rt1 runs and is on record. The hook adopts rt2 beside it, or lets it go; each
 * call that reaches the kernel's files fails with each of the four, for as long
 * as that operation lasts. Of calls that differ in a number alone (interrupts,
 * CPUs, tasks), each error has one. Always: the operation exits 0, the record
 * opens, and rt1 is on record and as it was, unless ESRCH has proven its death;
 * the next operation brings the host to what it would be without the fault; and
 * when both have gone, the host is what it was.
 *
 *   sweep [PATH]   only places with this in their path, and with the log
 */
#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "../../hooks/hook.h"
#include "../crash/tree.h"
#include "../host.h"
#include "../tap.h"
#include "core/record/journal.h"
#include "host/store.h"

#define SITES_MAX 4000
#define QEMU1	  "proc/4711"
#define HELPER1	  "proc/4716"
#define SLICE	  "sys/fs/cgroup/machine.slice/"
#define SCOPE1	  SLICE "machine-qemu\\x2d1\\x2drt1.scope/"
#define SCOPE2	  SLICE "machine-qemu\\x2d2\\x2drt2.scope/"
#define UUID1	  "6a1f0c1e-0000-4000-8000-000000000001"

#define N(array) (sizeof(array) / sizeof(*(array)))

/* Under sanitizers a try takes ten times as long. */
#ifdef __SANITIZE_ADDRESS__
static const int codes[] = { EIO };
#else
static const int codes[] = { ENODEV, EBUSY, EIO, ESRCH };
#endif

enum way { OPEN, STAT, READ, WRITE, GET, SET, MOVE, CLASS, WAYS };
static const char *const ways[WAYS] = { "open", "stat", "read", "write",
					"get",	"set",	"move", "class" };

/* What one operation did without a fault. */
struct site {
	enum way way;
	char path[256];
	char sort[256]; /* the path without its numbers */
	unsigned nth;	/* of this sort */
};

static struct {
	bool records;
	struct site *sites;
	size_t n;
	/* The one that fails. */
	enum way way;
	const char *path; /* NULL: none */
	int code;
	unsigned hits;
} world;

static struct test_host host;
static const char *only; /* places with this in their path; NULL: all */

/* --- the calls --- */

/* Numbers of a guest's stay: what they are matters. */
static void sort_of(const char *path, char *sort)
{
	const bool guests = strstr(path, "4711") || strstr(path, "4716") ||
			    strstr(path, "4811") || strstr(path, ".scope");
	bool was_digit = false;

	for (; *path; path++) {
		const bool digit = *path >= '0' && *path <= '9' && !guests;

		if (!digit || !was_digit)
			*sort++ = digit ? '#' : *path;
		was_digit = digit;
	}
	*sort = '\0';
}

static void record(enum way way, const char *path)
{
	struct site *site = &world.sites[world.n];
	unsigned nth = 0;

	if (world.n == SITES_MAX || strlen(path) >= sizeof(site->path))
		return;
	snprintf(site->path, sizeof(site->path), "%s", path);
	sort_of(path, site->sort);
	for (size_t i = 0; i < world.n; i++) {
		const struct site *other = &world.sites[i];

		if (other->way != way || strcmp(other->sort, site->sort) != 0)
			continue;
		if (strcmp(other->path, path) == 0)
			return;
		nth++;
	}
	site->way = way;
	site->nth = nth;
	world.n++;
}

static bool fails(enum way way, const char *path)
{
	if (world.records)
		record(way, path);
	if (!world.path || way != world.way || strcmp(path, world.path) != 0)
		return false;
	world.hits++;
	return true;
}

static int failing_open(struct rt_sys *sys, const char *path, int flags,
			mode_t mode)
{
	return fails(OPEN, path) ? -world.code :
				   rt_sys_captured.open(sys, path, flags, mode);
}

static int failing_stat(struct rt_sys *sys, const char *path, struct stat *ret)
{
	return fails(STAT, path) ? -world.code :
				   rt_sys_captured.stat(sys, path, ret);
}

static int failing_read(struct rt_sys *sys, const char *path, char *buf,
			size_t size, struct rt_err *err)
{
	return fails(READ, path) ?
		       rt_fail(err, world.code, "cannot read /%s", path) :
		       rt_sys_captured.read(sys, path, buf, size, err);
}

static int failing_write(struct rt_sys *sys, const char *path,
			 const char *value, struct rt_err *err)
{
	return fails(WRITE, path) ?
		       rt_fail(err, world.code, "cannot write /%s", path) :
		       rt_sys_captured.write(sys, path, value, err);
}

static bool fails_of(enum way way, unsigned pid, unsigned tid)
{
	char path[64];

	snprintf(path, sizeof(path), "proc/%u/task/%u", pid, tid);
	return fails(way, path);
}

static int failing_get(struct rt_sys *sys, unsigned pid, unsigned tid,
		       struct rt_cpuset *ret_set, struct rt_err *err)
{
	return fails_of(GET, pid, tid) ?
		       rt_fail(err, world.code, "mask of thread %u", tid) :
		       rt_sys_captured.get_affinity(sys, pid, tid, ret_set,
						    err);
}

static int failing_set(struct rt_sys *sys, unsigned pid, unsigned tid,
		       const struct rt_cpuset *set, struct rt_err *err)
{
	return fails_of(SET, pid, tid) ?
		       rt_fail(err, world.code, "mask of thread %u", tid) :
		       rt_sys_captured.set_affinity(sys, pid, tid, set, err);
}

static int failing_move(struct rt_sys *sys, unsigned pid, unsigned tid,
			const char *cgroup, struct rt_err *err)
{
	return fails_of(MOVE, pid, tid) ?
		       rt_fail(err, world.code, "cgroup of thread %u", tid) :
		       rt_sys_captured.move_thread(sys, pid, tid, cgroup, err);
}

static int failing_sched(struct rt_sys *sys, unsigned pid, unsigned tid,
			 unsigned fifo, struct rt_err *err)
{
	return fails_of(CLASS, pid, tid) ?
		       rt_fail(err, world.code, "class of thread %u", tid) :
		       rt_sys_captured.set_sched(sys, pid, tid, fifo, err);
}

int __wrap_rt_sys_open(const char *dir, struct rt_sys *ret_sys,
		       struct rt_err *err);
int __real_rt_sys_open(const char *dir, struct rt_sys *ret_sys,
		       struct rt_err *err);
int __wrap_nanosleep(const struct timespec *pause, struct timespec *left);

int __wrap_rt_sys_open(const char *dir, struct rt_sys *ret_sys,
		       struct rt_err *err)
{
	static const struct rt_sys_calls failing = {
		.open = failing_open,
		.stat = failing_stat,
		.read = failing_read,
		.write = failing_write,
		.get_affinity = failing_get,
		.set_affinity = failing_set,
		.move_thread = failing_move,
		.set_sched = failing_sched,
	};
	const int r = __real_rt_sys_open(dir, ret_sys, err);

	if (r == 0)
		ret_sys->calls = &failing;
	return r;
}

/* Nobody else is there to wait for. */
int __wrap_nanosleep(const struct timespec *pause, struct timespec *left)
{
	(void)pause;
	(void)left;
	return 0;
}

/* --- the hook, and what it leaves --- */

static int call(const char *guest, const char *operation)
{
	static char xml[1 << 14];
	const char *top = getenv("TOP");
	struct rt_hook_call hook = { .guest = guest,
				     .operation = operation,
				     .xml = xml,
				     .root = host.root };
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/tests/data/hook/%s.xml",
		 top ? top : ".", guest);
	file = fopen(path, "re");
	hook.xml_len = file ? fread(xml, 1, sizeof(xml) - 1, file) : 0;
	xml[hook.xml_len] = '\0';
	if (file)
		fclose(file);
	return rt_hook_run(&hook);
}

static void add(struct rt_strbuf *out, const char *name)
{
	char path[512], text[256];
	FILE *file;
	size_t n = 0;

	snprintf(path, sizeof(path), "%s/%s", host.root, name);
	file = fopen(path, "re");
	if (file) {
		n = fread(text, 1, sizeof(text) - 1, file);
		fclose(file);
	}
	text[n] = '\0';
	rt_strbuf_addf(out, "%s: %.*s\n", name, (int)strcspn(text, "\n"), text);
}

static void add_task(struct rt_strbuf *out, unsigned pid, unsigned tid)
{
	struct rt_cpuset set;
	struct rt_err err;
	struct rt_sys sys;

	if (__real_rt_sys_open(host.root, &sys, &err) < 0)
		return;
	if (sys.calls->get_affinity(&sys, pid, tid, &set, &err) == 0)
		rt_strbuf_addf(out, "%u: %s\n", tid, rt_cpuset_text(&set).text);
	rt_sys_close(&sys);
}

/* What rt1 has. */
static void add_first(struct rt_strbuf *out)
{
	static const char *const files[] = {
		SCOPE1 "cpuset.cpus.partition",
		SCOPE1 "cpuset.cpus.exclusive",
		SCOPE1 "libvirt/vcpu0/cpuset.cpus",
		"sys/devices/system/cpu/cpu7/online",
		"sys/devices/system/cpu/cpu9/online",
		"sys/devices/system/cpu/cpu11/online",
		"sys/devices/system/cpu/cpu6/power/pm_qos_resume_latency_us",
		"sys/devices/system/cpu/cpu8/cpufreq/scaling_governor",
		"proc/irq/51/smp_affinity_list",
		"sys/kernel/debug/sched/fair_server/cpu6/runtime",
		"proc/sys/kernel/numa_balancing",
	};

	for (size_t i = 0; i < N(files); i++)
		add(out, files[i]);
	for (unsigned tid = 4711; tid <= 4715; tid++)
		add_task(out, 4711, tid);
	add_task(out, 4716, 4716);
}

/* And what both of them, and nobody, have to do with. */
static void add_all(struct rt_strbuf *out)
{
	static const char *const files[] = {
		SLICE "cpuset.cpus.exclusive",
		SCOPE2 "cpuset.cpus.partition",
		SCOPE2 "cpuset.cpus.exclusive",
		"sys/devices/system/cpu/cpu3/online",
		"sys/devices/system/cpu/cpu5/online",
		"sys/devices/system/cpu/cpu2/power/pm_qos_resume_latency_us",
		"proc/irq/default_smp_affinity",
		"proc/irq/1/smp_affinity_list",
		"proc/irq/30/smp_affinity_list",
		"proc/irq/43/smp_affinity_list",
		"proc/sys/kernel/watchdog_cpumask",
	};

	add_first(out);
	for (size_t i = 0; i < N(files); i++)
		add(out, files[i]);
	add_task(out, 4811, 4811);
	add_task(out, 4811, 4812);
	add_task(out, 600, 600);
}

/* Who is on record; "?" when it cannot be read. */
static const char *active(void)
{
	static char text[64];
	struct rt_journal journal = { 0 };
	struct rt_err err = { 0 };
	struct rt_sys sys;

	snprintf(text, sizeof(text), "?");
	if (__real_rt_sys_open(host.root, &sys, &err) < 0)
		return text;
	if (rt_store_peek(&sys, &journal, NULL, &err) == 0) {
		text[0] = '\0';
		for (size_t i = 0; i < journal.n_active; i++)
			snprintf(text + strlen(text),
				 sizeof(text) - strlen(text), "%s%s",
				 i ? " " : "", journal.active[i].guest.name);
		if (journal.damage.damaged || journal.damage.orphans)
			snprintf(text, sizeof(text), "damaged");
	}
	rt_journal_fini(&journal);
	rt_sys_close(&sys);
	return text;
}

static bool may_differ(const char *path)
{
	static const char *const own[] = {
		"/run/kvmrt", "/proc/4711",   "/proc/4716",   "/proc/4718",
		"/proc/4811", "/proc/irq/50", "/proc/irq/51", "/proc/irq/52",
		"/" SCOPE1,   "/" SCOPE2,
	};
	const char *name = strrchr(path, '/');

	if (strcmp(path, "/run/kvmrt/journal") == 0)
		return false;
	for (size_t i = 0; i < N(own); i++) {
		if (strncmp(path, own[i], strlen(own[i])) == 0)
			return true;
	}
	return strcmp(name, "/effective_affinity_list") == 0 ||
	       strcmp(name, "/cpuset.cpus.isolated") == 0;
}

static bool all_may_differ(const char *path)
{
	(void)path;
	return true;
}

/* --- the sweep --- */

/* When rt2 goes, two of the errors: refusals.c and crash.c have the others. */
static const struct operation {
	const char *name;
	const char *before; /* for rt2 */
	const char *call;   /* the one with a fault */
	size_t least;	    /* sites: fewer would be a broken test */
	unsigned from;	    /* with which of the errors it begins */
} operations[] = {
	{ "adoption", NULL, "reconnect", 150, 0 },
	{ "release", "reconnect", "release", 100, N(codes) / 2 },
};

struct sweep {
	const struct operation *operation;
	struct tree start, middle;
	/* Of rt1; of all, after the operation; of all, after both. */
	struct rt_strbuf first, all, none;
	unsigned tries, hits;
};

/*
 * ESRCH of rt1's process proves its death, and ENODEV of its cgroup that this
 * has been removed with all that was in it: what then is undone is right.
 */
static bool is_death(const struct site *site, int code)
{
	return (code == ESRCH &&
		(strncmp(site->path, QEMU1, strlen(QEMU1)) == 0 ||
		 strncmp(site->path, HELPER1, strlen(HELPER1)) == 0)) ||
	       (code == ENODEV &&
		strncmp(site->path, SLICE, strlen(SLICE)) == 0);
}

/* Of any task, that there is nothing to restore. */
static bool is_proof(const struct site *site, int code)
{
	return is_death(site, code) ||
	       (code == ESRCH && strncmp(site->path, "proc/", 5) == 0 &&
		site->path[5] >= '1' && site->path[5] <= '9');
}

/* The kernel's lists, which a captured host does not keep after a fault. */
static void list_isolated(void)
{
	static const char *const scopes[] = { SCOPE1, SCOPE2 };
	static const char *const cpus[] = { "6-11", "2-5" };
	char path[512], list[32] = "";
	FILE *file;

	for (size_t i = 0; i < N(scopes); i++) {
		RT_AUTO_STRBUF is = { 0 };

		snprintf(path, sizeof(path), "%scpuset.cpus.partition",
			 scopes[i]);
		add(&is, path);
		snprintf(path, sizeof(path), "%scpuset.cpus.exclusive",
			 scopes[i]);
		add(&is, path);
		if (strstr(is.text, ": isolated") && strstr(is.text, cpus[i]))
			snprintf(list + strlen(list),
				 sizeof(list) - strlen(list), "%s%s",
				 *list ? "," : "", cpus[i]);
	}
	snprintf(path, sizeof(path), "%s/sys/fs/cgroup/cpuset.cpus.isolated",
		 host.root);
	file = fopen(path, "we");
	if (!file || fprintf(file, "%s\n", list) < 0 || fclose(file) == EOF)
		ok(false, "write %s", path);
}

static void write_list(const char *name, const struct rt_cpuset *cpus)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/sys/devices/system/cpu/%s", host.root,
		 name);
	file = fopen(path, "we");
	if (!file || fprintf(file, "%s\n", rt_cpuset_text(cpus).text) < 0 ||
	    fclose(file) == EOF)
		ok(false, "write %s", path);
}

static void list_online(void)
{
	struct rt_cpuset online = { 0 }, offline = { 0 };

	for (unsigned cpu = 0; cpu < 12; cpu++) {
		RT_AUTO_STRBUF is = { 0 };
		char path[512];

		snprintf(path, sizeof(path),
			 "sys/devices/system/cpu/cpu%u/online", cpu);
		add(&is, path);
		rt_cpuset_add(strstr(is.text, ": 0") ? &offline : &online, cpu);
	}
	write_list("online", &online);
	write_list("offline", &offline);
}

static void list_all(void)
{
	list_isolated();
	list_online();
}

/* What is read is opened. */
static bool is_twice(const struct site *site)
{
	for (size_t i = 0; site->way == OPEN && i < world.n; i++) {
		if (world.sites[i].way == READ &&
		    strcmp(world.sites[i].path, site->path) == 0)
			return true;
	}
	return only && !strstr(site->path, only);
}

/*
 * Is the host as it was? To compare all of it takes most of the time: that is
 * done where something was written, and each sixteenth time.
 */
static bool is_over(struct sweep *sweep, const struct site *site, int code,
		    char *text, size_t size)
{
	RT_AUTO_STRBUF none = { 0 };

	if (is_proof(site, code)) {
		tree_restore(&sweep->start, all_may_differ, text, size);
		return true;
	}
	if (site->way >= WRITE || sweep->tries % 16 == 0)
		return !tree_restore(&sweep->start, may_differ, text, size);
	add_all(&none);
	snprintf(text, size, "something is left; on record: '%s'", active());
	return strcmp(none.text, sweep->none.text) == 0 && !*active();
}

/* A captured host keeps the cgroups of a guest that has ended. */
static void renew_cgroups(void)
{
	static const char *const directories[] = { "", "libvirt/",
						   "libvirt/emulator/",
						   "libvirt/vcpu0/" };

	for (size_t i = 0; i < N(directories); i++) {
		char path[512];
		FILE *file;

		snprintf(path, sizeof(path), "%s/%s%scgroup.pressure",
			 host.root, SCOPE2, directories[i]);
		file = fopen(path, "we");
		if (!file || fputs("1\n", file) == EOF || fclose(file) == EOF)
			ok(false, "write %s", path);
	}
}

/* NULL, or what is wrong. */
static const char *try_one(struct sweep *sweep, const struct site *site,
			   int code, char *text, size_t size)
{
	RT_AUTO_STRBUF first = { 0 };
	RT_AUTO_STRBUF all = { 0 };
	int status;

	tree_change(&sweep->start, &sweep->middle);
	if (!sweep->operation->before)
		renew_cgroups();
	world.way = site->way;
	world.path = site->path;
	world.code = code;
	world.hits = 0;
	status = call("rt2", sweep->operation->call);
	world.path = NULL;
	sweep->hits += world.hits > 0;
	if (status != 0)
		return "it is refused";
	snprintf(text, size, "%s", active());
	if (!strstr(text, "rt1") && !is_death(site, code))
		return text;
	add_first(&first);
	if (!is_death(site, code) && strcmp(first.text, sweep->first.text) != 0)
		return "the other guest is harmed";
	list_all();
	status = call("rt1", "reconnect");
	list_all();
	if (status != 0 || call("rt2", sweep->operation->call) != 0 ||
	    call("rt1", "reconnect") != 0)
		return "it fails without a fault";
	add_all(&all);
	if (!is_proof(site, code) && strcmp(all.text, sweep->all.text) != 0) {
		size_t i = 0;

		while (all.text[i] == sweep->all.text[i])
			i++;
		while (i && all.text[i - 1] != '\n')
			i--;
		snprintf(text, size, "afterwards %.*s",
			 (int)strcspn(all.text + i, "\n"), all.text + i);
		return text;
	}
	if (call("rt2", "release") != 0 || call("rt1", "release") != 0)
		return "it does not end";
	return is_over(sweep, site, code, text, size) ? NULL : text;
}

/* Each error for each sort; of those that there are, another one each time. */
static void try_all(struct sweep *sweep)
{
	char text[512], ignored[512];

	for (size_t i = 0; i < world.n; i++) {
		const struct site *site = &world.sites[i];
		unsigned n = 1;

		if (is_twice(site))
			continue;
		for (size_t k = i + 1; k < world.n; k++)
			n += world.sites[k].way == site->way &&
			     strcmp(world.sites[k].sort, site->sort) == 0;
		n += site->nth;
		for (unsigned k = sweep->operation->from; k < N(codes); k++) {
			const char *why;

			if (k % n != site->nth)
				continue;
			sweep->tries++;
			why = try_one(sweep, site, codes[k], text,
				      sizeof(text));
			if (!why)
				continue;
			ok(false, "%s: %s of %s: %s: %s",
			   sweep->operation->name, ways[site->way], site->path,
			   strerror(codes[k]), why);
			tree_restore(&sweep->start, all_may_differ, ignored,
				     sizeof(ignored));
		}
	}
}

static void sweep_operation(const struct operation *operation)
{
	struct sweep sweep = { .operation = operation };
	char text[512] = "";

	world.n = 0;
	tree_read(&sweep.start, host.root);
	is_int(call("rt1", "reconnect"), 0, "rt1 runs");
	if (operation->before)
		is_int(call("rt2", operation->before), 0, "and rt2");
	tree_read(&sweep.middle, host.root);
	add_first(&sweep.first);
	world.records = true;
	is_int(call("rt2", operation->call), 0, operation->name);
	world.records = false;
	/* As in each try, which makes a second one. */
	is_int(call("rt1", "reconnect"), 0, "rt1 runs on");
	is_int(call("rt2", operation->call), 0, "once more");
	is_int(call("rt1", "reconnect"), 0, "and again");
	add_all(&sweep.all);
	is_int(call("rt2", "release") + call("rt1", "release"), 0, "both end");
	add_all(&sweep.none);
	tree_restore(&sweep.start, all_may_differ, text, sizeof(text));
	ok(world.n >= operation->least && world.n < SITES_MAX,
	   "%s: %zu places where a call may fail", operation->name, world.n);
	try_all(&sweep);
	ok(sweep.hits == sweep.tries && (only || sweep.tries > 100),
	   "%s: %u of %u tries failed", operation->name, sweep.hits,
	   sweep.tries);
	tree_fini(&sweep.start);
	tree_fini(&sweep.middle);
	rt_strbuf_fini(&sweep.first);
	rt_strbuf_fini(&sweep.all);
	rt_strbuf_fini(&sweep.none);
}

static void install_config(void)
{
	const char *top = getenv("TOP");
	char from[512], to[512], cp[] = "cp";
	char *argv[] = { cp, from, to, NULL };

	snprintf(from, sizeof(from), "%s/tests/data/hook/two.cfg",
		 top ? top : ".");
	snprintf(to, sizeof(to), "%s/etc/kvmrt.cfg", host.root);
	ok(test_run(argv), "a configuration");
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	only = argc > 1 ? argv[1] : NULL;
	world.sites = calloc(SITES_MAX, sizeof(*world.sites));
	if (!world.sites || !test_host_make(&host, "smt2-numa2-12cpu-guests")) {
		printf("Bail out! no host\n");
		return 1;
	}
	install_config();
	/* What is said is not what is tested. */
	if (!only && !freopen("/dev/null", "we", stderr))
		ok(false, "no log");
	for (size_t i = 0; i < N(operations); i++)
		sweep_operation(&operations[i]);
	test_host_remove(&host);
	free(world.sites);
	return tap_done();
}
