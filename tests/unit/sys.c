/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sys.c - the two worlds
 *
 * The captured one is a tree made here. The live one is looked at, and only
 * this process's own affinity is changed.
 */
#include "host/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <sys/stat.h>

#include "../host.h"
#include "../tap.h"

/* As far as field 39. */
#define STAT                                                                   \
	"9 (a (b) c) S 1 1 1 0 -1 64 0 0 0 0 0 0 0 0 20 0 1 0 9 0 0 0 0 0 0 "  \
	"0 0 0 0 0 0 0 0 0 17 0 "

static char dir[] = "/tmp/kvmrt-sys-XXXXXX";

static void put(const char *path, const char *text)
{
	char full[256];
	FILE *file;

	snprintf(full, sizeof(full), "%s/%s", dir, path);
	for (char *p = full + strlen(dir) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(full, 0755);
		*p = '/';
	}
	file = fopen(full, "we");
	if (!file || fputs(text, file) < 0 || fclose(file) != 0) {
		perror(full);
		exit(1);
	}
}

static void make_link(const char *target, const char *path)
{
	char full[256];

	snprintf(full, sizeof(full), "%s/%s", dir, path);
	if (symlink(target, full) < 0) {
		perror(full);
		exit(1);
	}
}

/* The bytes of a file of the tree, not by way of what is tested. */
static const char *raw(const char *path)
{
	static char text[4096];
	char full[256];
	size_t n;
	FILE *file;

	snprintf(full, sizeof(full), "%s/%s", dir, path);
	file = fopen(full, "re");
	if (!file)
		return NULL;
	n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = '\0';
	fclose(file);
	return text;
}

static void make_tree(void)
{
	char full[256];

	put("sys/list", "0-3\n");
	put("sys/bare", "word");
	put("sys/empty", "");
	put("sys/blank", "\n");
	put("sys/readonly", "0-3\n");
	snprintf(full, sizeof(full), "%s/sys/readonly", dir);
	chmod(full, 0444);
	put("sys/devices/a/value", "inside\n");
	put("sys/devices/system/cpu/online", "0-3\n");
	put("sys/devices/system/cpu/offline", "\n");
	put("sys/devices/system/cpu/cpu1/online", "1\n");
	put("proc/irq/9/smp_affinity_list", "0-3\n");
	put("proc/irq/9/effective_affinity_list", "2\n");
	put("sys/fs/cgroup/cpuset.cpus.isolated", "\n");
	put("sys/fs/cgroup/g/cpuset.cpus", "2-3\n");
	put("sys/fs/cgroup/g/cpuset.cpus.partition", "member\n");
	put("proc/7/task/8/stat", "8 (a) b) S 1 1 1 0 -1 64 0\n");
	put("proc/7/task/9/stat", STAT "0 0 5\n");
	put("proc/7/task/8/status",
	    "Name:\ta\nCpus_allowed:\tf\nCpus_allowed_list:\t0-3\nX:\t1\n");
	put("proc/7/task/8/cgroup", "0::/g\n");
	put("proc/9/task/9/stat", "9 (k) S 1 1 1 0 -1 69238848 0\n");
	put("proc/9/task/9/status", "Name:\tk\nCpus_allowed_list:\t1\n");
	make_link("a", "sys/devices/link");
	make_link("/sys/devices/a", "sys/absolute");
	make_link("../../../../../../../etc", "sys/up");
	make_link("loop", "sys/loop");
}

static const struct {
	const char *name, *path, *want; /* want NULL: the errno */
	int code;
} reads[] = {
	{ "a line", "sys/list", "0-3", 0 },
	{ "no newline at the end", "sys/bare", "word", 0 },
	{ "no bytes", "sys/empty", "", 0 },
	{ "only a newline", "sys/blank", "", 0 },
	{ "through a link", "sys/devices/link/value", "inside", 0 },
	{ "an absolute link stays inside", "sys/absolute/value", "inside", 0 },
	{ ".. above the root stays inside", "../../sys/list", "0-3", 0 },
	{ "a link above the root stays inside", "sys/up/passwd", NULL, ENOENT },
	{ "a link to itself", "sys/loop", NULL, ELOOP },
	{ "nothing there", "sys/nothing", NULL, ENOENT },
	{ "a directory", "sys/devices", NULL, EISDIR },
};

static void test_reads(struct rt_sys *sys)
{
	for (size_t i = 0; i < sizeof(reads) / sizeof(*reads); i++) {
		struct rt_err err = { 0 };
		char text[64] = "untouched", walked[64];
		int fd, r = rt_sys_read(sys, reads[i].path, text, sizeof(text),
					&err);

		if (reads[i].want)
			is_str(r == 0 ? text : err.text, reads[i].want,
			       reads[i].name);
		else
			is_int(-r, reads[i].code, reads[i].name);

		/* The way of an old kernel comes to the same. */
		fd = rt_sys_open_walking(sys->root, reads[i].path, O_RDONLY, 0);
		if (reads[i].want) {
			ssize_t n =
				fd < 0 ? -1 : read(fd, walked, sizeof(walked));

			ok(n >= (ssize_t)strlen(reads[i].want) &&
				   memcmp(walked, reads[i].want,
					  strlen(reads[i].want)) == 0,
			   "%s, walking", reads[i].name);
		} else if (reads[i].code != EISDIR) {
			is_int(-fd, reads[i].code, "walking fails as well");
		}
		if (fd >= 0)
			close(fd);
	}
}

static const struct {
	const char *name, *path, *value, *holds; /* NULL: as before */
	int code;
} writes[] = {
	{ "a shorter value", "sys/list", "1", "1\n", 0 },
	{ "a longer value", "sys/list", "0,2,4-11", "0,2,4-11\n", 0 },
	{ "nothing", "sys/list", "", "\n", 0 },
	{ "back again", "sys/list", "0-3", "0-3\n", 0 },
	{ "where no newline was", "sys/bare", "other", "other", 0 },
	{ "where nothing was", "sys/empty", "x", "x", 0 },
	{ "nothing to nothing again", "sys/empty", "", "", 0 },
	{ "what nobody may write", "sys/readonly", "1", "0-3\n", EPERM },
	{ "what is not there", "sys/nothing", "1", NULL, ENOENT },
	{ "a directory", "sys/devices", "1", NULL, EISDIR },
	{ "outside", "sys/up/hostname", "1", NULL, ENOENT },
};

static void test_writes(struct rt_sys *sys)
{
	for (size_t i = 0; i < sizeof(writes) / sizeof(*writes); i++) {
		struct rt_err err = { 0 };
		int r = sys->calls->write(sys, writes[i].path, writes[i].value,
					  &err);

		is_int(-r, writes[i].code, writes[i].name);
		if (writes[i].holds)
			is_str(raw(writes[i].path), writes[i].holds,
			       "and what it holds then");
	}
	ok(!rt_sys_exists(sys, "sys/nothing"), "a write makes no file");
}

static void test_effects(struct rt_sys *sys)
{
	static const char cpu[] = "sys/devices/system/cpu/cpu1/online";
	static const char part[] = "sys/fs/cgroup/g/cpuset.cpus.partition";
	struct rt_err err = { 0 };

	is_int(sys->calls->write(sys, cpu, "0", &err), 0, "CPU 1 goes down");
	is_str(raw("sys/devices/system/cpu/online"), "0,2-3\n",
	       "and is no longer online");
	is_str(raw("sys/devices/system/cpu/offline"), "1\n", "but offline");
	is_int(sys->calls->write(sys, cpu, "1", &err), 0, "it comes up");
	is_str(raw("sys/devices/system/cpu/online"), "0-3\n", "as before");
	is_str(raw("sys/devices/system/cpu/offline"), "\n", "as before");
	sys->calls->write(sys, "proc/irq/9/smp_affinity_list", "1", &err);
	is_str(raw("proc/irq/9/effective_affinity_list"), "1\n",
	       "an interrupt goes where it is sent");
	sys->calls->write(sys, part, "isolated", &err);
	is_str(raw("sys/fs/cgroup/cpuset.cpus.isolated"), "2-3\n",
	       "a partition isolates its CPUs");
	sys->calls->write(sys, part, "member", &err);
	is_str(raw("sys/fs/cgroup/cpuset.cpus.isolated"), "\n",
	       "and gives them back");
}

static void test_threads(struct rt_sys *sys)
{
	struct rt_cpuset set = { 0 };
	struct rt_err err = { 0 };
	char before[256];

	snprintf(before, sizeof(before), "%s", raw("proc/7/task/8/status"));
	is_int(sys->calls->get_affinity(sys, 7, 8, &set, &err), 0,
	       "a thread's CPUs are read");
	is_str(rt_cpuset_text(&set).text, "0-3", "all of them");
	rt_cpuset_remove(&set, 1);
	is_int(sys->calls->set_affinity(sys, 7, 8, &set, &err), 0,
	       "and changed");
	is_str(raw("proc/7/task/8/status"),
	       "Name:\ta\nCpus_allowed:\td\nCpus_allowed_list:\t0,2-3\n"
	       "X:\t1\n",
	       "in both lines and no other");
	rt_cpuset_add(&set, 1);
	sys->calls->set_affinity(sys, 7, 8, &set, &err);
	is_str(raw("proc/7/task/8/status"), before, "and put back");

	is_int(sys->calls->set_affinity(sys, 9, 9, &set, &err), -EINVAL,
	       "a thread bound to its CPU refuses");
	rt_cpuset_clear(&set);
	rt_cpuset_add(&set, 900);
	is_int(sys->calls->set_affinity(sys, 7, 8, &set, &err), -EINVAL,
	       "CPUs that are not online are refused");
	is_int(sys->calls->get_affinity(sys, 7, 99, &set, &err), -ESRCH,
	       "a thread that is gone");
	is_int(sys->calls->set_sched(sys, 7, 9, 3, &err), 0, "SCHED_FIFO");
	is_str(raw("proc/7/task/9/stat"), STAT "3 1 5\n", "in its two fields");
	is_int(sys->calls->set_sched(sys, 7, 9, 0, &err), 0, "SCHED_OTHER");
	is_str(raw("proc/7/task/9/stat"), STAT "0 0 5\n", "again");
	is_int(sys->calls->set_sched(sys, 7, 8, 3, &err), -EINVAL,
	       "a stat without these fields");
	is_int(sys->calls->set_sched(sys, 7, 99, 3, &err), -ESRCH,
	       "no such thread");
	is_int(sys->calls->move_thread(sys, 7, 8, "nowhere", &err), -ENOENT,
	       "a cgroup that is not there");
	is_str(raw("proc/7/task/8/cgroup"), "0::/g\n", "moves nobody");
	put("sys/fs/cgroup/h/cgroup.threads", "");
	is_int(sys->calls->move_thread(sys, 7, 8, "h", &err), 0, "one that is");
	is_str(raw("proc/7/task/8/cgroup"), "0::/h\n", "does");
}

static void test_rest(struct rt_sys *sys)
{
	RT_AUTO_FREE char *text = NULL;
	RT_AUTO_FREE unsigned *numbers = NULL;
	struct rt_names names = { 0 };
	struct rt_err err = { 0 };
	char name[32], tiny[4];
	size_t len = 0, n = 0;

	is_int(rt_sys_read(sys, "sys/list", tiny, sizeof(tiny), &err), -EFBIG,
	       "a value that just does not fit is not cut");
	is_int(rt_sys_read_all(sys, "sys/list", 4, &text, &len, &err), 0,
	       "a file of as much as is allowed");
	is_str(text, "0-3\n", "is read to the end");
	is_int(rt_sys_read_all(sys, "sys/list", 3, &text, &len, &err), -EFBIG,
	       "one of more is not");
	is_int(rt_sys_link_name(sys, "sys/absolute", name, sizeof(name), &err),
	       0, "a link's target");
	is_str(name, "a", "by its last part");
	is_int(rt_sys_link_name(sys, "sys/list", name, sizeof(name), &err),
	       -ENOENT, "no link");
	is_int(rt_sys_link_name(sys, "sys/nothing", name, sizeof(name), &err),
	       -ENOENT, "nothing there");
	is_int(rt_sys_list(sys, "sys/devices/a", &names, &err), 0,
	       "a directory");
	is_int((long long)names.n, 1, "of one");
	rt_names_fini(&names);
	is_int(rt_sys_list(sys, "sys/nothing", &names, &err), -ENOENT,
	       "no directory");
	is_int(rt_sys_list_numbers(sys, "proc", &numbers, &n, &err), 0,
	       "numbers");
	ok(n == 2 && numbers[0] == 7 && numbers[1] == 9, "in order");
	ok(rt_sys_is_writable(sys, "sys/list"), "a writable file");
	ok(!rt_sys_is_writable(sys, "sys/readonly"), "one that is not");
	ok(!rt_sys_is_writable(sys, "sys/nothing"), "one that is not there");
}

/* More than the kernel gives at a time. */
static void test_large_directory(struct rt_sys *sys)
{
	struct rt_names names = { 0 };
	struct rt_cpuset seen = { 0 };
	struct rt_err err = { 0 };
	bool known = true, sorted = true;

	for (unsigned i = 0; i < 2000; i++) {
		char path[64];

		snprintf(path, sizeof(path), "large/entry-%u", i);
		put(path, "");
	}
	is_int(rt_sys_list(sys, "large", &names, &err), 0, "a large directory");
	is_int((long long)names.n, 2000, "of as many entries");
	for (size_t i = 0; i < names.n; i++) {
		unsigned number = RT_CPUS_MAX;

		known = known && sscanf(names.items[i], "entry-%u", &number) &&
			number < 2000;
		if (known)
			rt_cpuset_add(&seen, number);
		sorted = sorted && (i == 0 || strcmp(names.items[i - 1],
						     names.items[i]) < 0);
	}
	ok(known && rt_cpuset_count(&seen) == 2000, "each of them once");
	ok(sorted, "in one order on every file system");
	rt_names_fini(&names);
}

static void test_live(void)
{
	const unsigned pid = (unsigned)getpid();
	int r;
	struct rt_cpuset mine = { 0 }, one = { 0 }, now = { 0 };
	struct rt_err err = { 0 };
	struct rt_sys sys;
	char text[RT_CPULIST_MAX], name[64];
	int fd;

	is_int(rt_sys_open(NULL, &sys, &err), 0, "the live host opens");
	ok(sys.live, "and is live");
	is_int(rt_sys_read(&sys, "sys/devices/system/cpu/online", text,
			   sizeof(text), &err),
	       0, "a kernel file is read");
	is_int(rt_sys_link_name(&sys, "proc/self/ns/mnt", name, sizeof(name),
				&err),
	       0, "so is a link");
	ok(strncmp(name, "mnt:", 4) == 0, "of the kernel's");
	fd = rt_sys_openat(&sys, "proc/self", O_RDONLY | O_DIRECTORY, 0, &err);
	ok(fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC),
	   "a descriptor is closed on exec");
	close(fd);
	is_int(sys.calls->write(&sys, "proc/kvmrt-nothing", "1", &err), -ENOENT,
	       "a write to no file");

	sys.calls->get_affinity(&sys, pid, pid, &mine, &err);
	rt_cpuset_add(&one, (unsigned)sched_getcpu());
	is_int(sys.calls->set_affinity(&sys, pid, pid, &one, &err), 0,
	       "this thread is bound");
	sys.calls->get_affinity(&sys, pid, pid, &now, &err);
	ok(rt_cpuset_is_equal(&now, &one), "and says so");
	sys.calls->set_affinity(&sys, pid, pid, &mine, &err);
	sys.calls->get_affinity(&sys, pid, pid, &now, &err);
	ok(rt_cpuset_is_equal(&now, &mine), "and is put back");
	r = sys.calls->set_sched(&sys, pid, pid, 1, &err);
	if (r == -EPERM)
		ok(true, "SCHED_FIFO # SKIP %s", err.text);
	else
		is_int(r == 0 ? sched_getscheduler(0) : r, SCHED_FIFO,
		       "SCHED_FIFO");
	is_int(sys.calls->set_sched(&sys, pid, pid, 0, &err), 0, "SCHED_OTHER");
	is_int(sched_getscheduler(0), SCHED_OTHER, "and is");
	is_int(sys.calls->set_sched(&sys, INT_MAX, INT_MAX, 0, &err), -ESRCH,
	       "no such thread");
	rt_sys_close(&sys);
}

int main(void)
{
	char rm[] = "rm", rf[] = "-rf";
	char *argv[] = { rm, rf, dir, NULL };
	struct rt_err err = { 0 };
	struct rt_sys sys;

	if (!mkdtemp(dir))
		return 1;
	make_tree();
	is_int(rt_sys_open(dir, &sys, &err), 0, "a captured host opens");
	ok(!sys.live, "and is not live");
	test_reads(&sys);
	test_rest(&sys);
	test_large_directory(&sys);
	test_writes(&sys);
	test_effects(&sys);
	test_threads(&sys);
	rt_sys_close(&sys);
	is_int(rt_sys_open("/nowhere/at/all", &sys, &err), -ENOENT,
	       "a root that is not there");
	test_live();
	test_run(argv);
	return tap_done();
}
