/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sys_captured.c - a captured host: the kernel's files are plain files
 *
 * A write replaces what a file holds. Where the kernel would change another
 * file, too, and kvmrt reads that file, a write changes it here as well:
 *
 *   cpuN/online                  cpu/online and cpu/offline
 *   irq/N/smp_affinity_list      irq/N/effective_affinity_list
 *   cpuset.cpus.partition        the root's cpuset.cpus.isolated
 *
 * All of it can be undone: the tree is then as it was, byte for byte.
 */
#include "task_stat.h" /* and sys.h */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_LINKS	  40
#define MAX_TRIES	  100
#define TEXT_MAX	  (4u << 20)
#define PF_NO_SETAFFINITY 0x04000000

/* A path as it is walked: what is resolved, and what is still to come. */
struct walk {
	char done[PATH_MAX]; /* no links, no "..", no leading slash */
	char rest[PATH_MAX];
};

/* Take the first component off walk->rest; false at the end. */
static bool next_component(struct walk *walk, char name[NAME_MAX + 1])
{
	const char *p = walk->rest + strspn(walk->rest, "/");
	const size_t len = strcspn(p, "/");

	if (!len || len > NAME_MAX)
		return false;
	memcpy(name, p, len);
	name[len] = '\0';
	memmove(walk->rest, p + len, strlen(p + len) + 1);
	return true;
}

static int append(struct walk *walk, const char *name)
{
	const size_t size = strlen(name) + 1;
	size_t len = strlen(walk->done);

	if (len + 1 + size > sizeof(walk->done))
		return -ENAMETOOLONG;
	if (len)
		walk->done[len++] = '/';
	memcpy(walk->done + len, name, size);
	return 0;
}

static void drop_last(struct walk *walk)
{
	char *slash = strrchr(walk->done, '/');

	/* ".." at the root stays there, as the kernel has it. */
	if (slash)
		*slash = '\0';
	else
		walk->done[0] = '\0';
}

static int follow(struct walk *walk, const char *target)
{
	char rest[PATH_MAX];
	const int n = snprintf(rest, sizeof(rest), "%s%s", target, walk->rest);

	if (n < 0 || (size_t)n >= sizeof(rest))
		return -ENAMETOOLONG;
	memcpy(walk->rest, rest, (size_t)n + 1);
	drop_last(walk);
	if (target[0] == '/')
		walk->done[0] = '\0';
	return 0;
}

static int resolve(int root, struct walk *walk, bool follow_last)
{
	char name[NAME_MAX + 1], target[PATH_MAX];
	unsigned links = 0;

	while (next_component(walk, name)) {
		ssize_t n;
		int r;

		if (strcmp(name, ".") == 0)
			continue;
		if (strcmp(name, "..") == 0) {
			drop_last(walk);
			continue;
		}
		r = append(walk, name);
		if (r < 0)
			return r;
		if (!follow_last && !walk->rest[strspn(walk->rest, "/")])
			return 0;
		n = readlinkat(root, walk->done, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		if (++links > MAX_LINKS)
			return -ELOOP;
		target[n] = '\0';
		r = follow(walk, target);
		if (r < 0)
			return r;
	}
	return walk->rest[strspn(walk->rest, "/")] ? -ENAMETOOLONG : 0;
}

int rt_sys_open_walking(int root, const char *path, int flags, mode_t mode)
{
	struct walk walk = { .done = "" };
	const size_t len = strlen(path);
	int fd, r;

	if (len >= sizeof(walk.rest))
		return -ENAMETOOLONG;
	memcpy(walk.rest, path, len + 1);
	r = resolve(root, &walk, !(flags & O_NOFOLLOW));
	if (r < 0)
		return r;
	/*
	 * All links are resolved; one that is found now was put there
	 * meanwhile.
	 */
	fd = openat(root, walk.done[0] ? walk.done : ".",
		    flags | O_CLOEXEC | O_NOFOLLOW, mode);
	return fd < 0 ? -errno : fd;
}

static int captured_open(struct rt_sys *sys, const char *path, int flags,
			 mode_t mode)
{
	struct open_how how = {
		.flags = (unsigned)flags | O_CLOEXEC,
		.mode = flags & (O_CREAT | __O_TMPFILE) ? mode : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd = -1;

	/*
	 * EAGAIN: somebody on this machine renamed something, whatever it was,
	 * while the kernel walked over a "..".
	 */
	for (unsigned i = 0; i < MAX_TRIES; i++) {
		fd = syscall(SYS_openat2, sys->root, path, &how, sizeof(how));
		if (fd >= 0)
			return (int)fd;
		if (errno != EAGAIN)
			break;
	}
	return errno == ENOSYS || errno == EAGAIN ?
		       rt_sys_open_walking(sys->root, path, flags, mode) :
		       -errno;
}

static int captured_stat(struct rt_sys *sys, const char *path, struct stat *ret)
{
	RT_AUTO_FD int fd = captured_open(sys, path, O_PATH, 0);

	return fd < 0 ? fd : fstat(fd, ret) < 0 ? -errno : 0;
}

/*
 * Replace a file's content by text, with a newline at its end if there was one
 * before. With `kernel`, the file's mode says what the kernel would refuse.
 */
static int replace(struct rt_sys *sys, const char *path, const char *text,
		   bool kernel, struct rt_err *err)
{
	RT_AUTO_FD int fd = -1;
	RT_AUTO_STRBUF whole = { 0 };
	struct stat st;
	char last = '\0';

	if (kernel && rt_sys_exists(sys, path) &&
	    !rt_sys_is_writable(sys, path))
		return rt_fail(err, EPERM, "cannot write '%s' to %s", text,
			       path);
	fd = captured_open(sys, path, O_RDWR | O_NONBLOCK, 0);
	if (fd < 0)
		return rt_fail(err, -fd, "cannot open %s to write '%s'", path,
			       text);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return rt_fail(err, 0, "%s is not a plain file", path);
	if (st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) != 1)
		return rt_fail(err, errno, "cannot read %s", path);

	rt_strbuf_adds(&whole, text);
	if (last == '\n' && !(whole.len && whole.text[whole.len - 1] == '\n'))
		rt_strbuf_adds(&whole, "\n");
	if (whole.failed)
		return rt_fail_memory(err);
	if (ftruncate(fd, 0) < 0 ||
	    (whole.len &&
	     pwrite(fd, whole.text, whole.len, 0) != (ssize_t)whole.len))
		return rt_fail(err, errno, "cannot write '%s' to %s", text,
			       path);
	return 0;
}

/* Change a list file by a set: more or less of it. A missing file stays so. */
static int adjust_list(struct rt_sys *sys, const char *path,
		       const struct rt_cpuset *cpus, bool more,
		       struct rt_err *err)
{
	char text[RT_CPULIST_MAX];
	struct rt_cpuset set;
	int r;

	if (!rt_sys_exists(sys, path))
		return 0;
	r = rt_sys_read_cpus(sys, path, &set, err);
	if (r < 0)
		return r;
	if (more)
		rt_cpuset_or(&set, cpus);
	else
		rt_cpuset_minus(&set, cpus);
	rt_cpuset_format_list(&set, text, sizeof(text));
	return replace(sys, path, text, false, err);
}

static int after_online(struct rt_sys *sys, const char *path, const char *value,
			struct rt_err *err)
{
	struct rt_cpuset cpus = { 0 };
	const bool up = value[0] == '1';
	unsigned cpu;
	int r;

	if (sscanf(path, "sys/devices/system/cpu/cpu%u/", &cpu) != 1 ||
	    cpu >= RT_CPUS_MAX)
		return 0;
	rt_cpuset_add(&cpus, cpu);
	r = adjust_list(sys, "sys/devices/system/cpu/online", &cpus, up, err);
	return r < 0 ? r :
		       adjust_list(sys, "sys/devices/system/cpu/offline", &cpus,
				   !up, err);
}

static int after_irq(struct rt_sys *sys, const char *path, const char *value,
		     struct rt_err *err)
{
	const int len = (int)(strrchr(path, '/') - path);
	char other[64];

	if ((size_t)snprintf(other, sizeof(other),
			     "%.*s/effective_affinity_list", len,
			     path) >= sizeof(other))
		return 0;
	return rt_sys_exists(sys, other) ?
		       replace(sys, other, value, false, err) :
		       0;
}

/* The file beside a cgroup's cpuset.cpus.partition, as a set. */
static int read_beside(struct rt_sys *sys, const char *path, const char *name,
		       struct rt_cpuset *ret_set, struct rt_err *err)
{
	const int len = (int)(strrchr(path, '/') - path);
	char text[RT_CPULIST_MAX];
	int r = rt_sys_readf(sys, text, sizeof(text), err, "%.*s/%s", len, path,
			     name);

	return r < 0 ? r : rt_cpuset_parse_list(text, ret_set, err);
}

/*
 * What a partition takes is what cpuset.cpus.exclusive names (a guest's scope
 * has no cpuset.cpus of its own), or without it cpuset.cpus.
 */
static int after_partition(struct rt_sys *sys, const char *path,
			   const char *value, struct rt_err *err)
{
	static const char isolated[] = "sys/fs/cgroup/cpuset.cpus.isolated";
	struct rt_cpuset cpus = { 0 };
	int r = read_beside(sys, path, "cpuset.cpus.exclusive", &cpus, err);

	if (r == -ENOENT || (r == 0 && rt_cpuset_is_empty(&cpus)))
		r = read_beside(sys, path, "cpuset.cpus", &cpus, err);
	return r < 0 ? r :
		       adjust_list(sys, isolated, &cpus,
				   strcmp(value, "isolated") == 0, err);
}

static const struct {
	const char *begin, *end;
	int (*after)(struct rt_sys *sys, const char *path, const char *value,
		     struct rt_err *err);
} effects[] = {
	{ "sys/devices/system/cpu/cpu", "/online", after_online },
	{ "proc/irq/", "/smp_affinity_list", after_irq },
	{ "sys/fs/cgroup/", "/cpuset.cpus.partition", after_partition },
};

static bool ends_with(const char *text, const char *end)
{
	const size_t a = strlen(text), b = strlen(end);

	return a >= b && strcmp(text + a - b, end) == 0;
}

static int captured_write(struct rt_sys *sys, const char *path,
			  const char *value, struct rt_err *err)
{
	int r = replace(sys, path, value, true, err);

	for (size_t i = 0; r == 0 && i < sizeof(effects) / sizeof(*effects);
	     i++) {
		if (strncmp(path, effects[i].begin, strlen(effects[i].begin)) ==
			    0 &&
		    ends_with(path, effects[i].end))
			r = effects[i].after(sys, path, value, err);
	}
	return r;
}

static int task_path(struct rt_sys *sys, unsigned pid, unsigned tid,
		     const char *name, char *buf, size_t size,
		     struct rt_err *err)
{
	snprintf(buf, size, "proc/%u/task/%u/%s", pid, tid, name);
	return rt_sys_exists(sys, buf) ?
		       0 :
		       rt_fail(err, ESRCH, "cannot find %s of thread %u", name,
			       tid);
}

/* Copy text with the value of one line, "\nkey:\t", another. */
static int change_line(const char *text, const char *key, const char *value,
		       char **ret_text, struct rt_err *err)
{
	const char *line = strstr(text, key), *end;
	RT_AUTO_STRBUF out = { 0 };

	if (!line)
		return rt_fail(err, 0, "there is no line '%s'", key + 1);
	line += strlen(key);
	end = strchrnul(line, '\n');
	rt_strbuf_add(&out, text, (size_t)(line - text));
	rt_strbuf_adds(&out, value);
	rt_strbuf_adds(&out, end);
	return rt_strbuf_take(&out, ret_text, err);
}

/* As many bits as the mask in the text has digits for. */
static unsigned mask_width(const char *text, const char *key)
{
	const char *p = strstr(text, key);
	unsigned digits = 0;

	for (p = p ? p + strlen(key) : ""; *p && *p != '\n'; p++)
		digits += *p != ',';
	return digits * 4;
}

static int write_affinity(struct rt_sys *sys, const char *path,
			  const struct rt_cpuset *set, struct rt_err *err)
{
	static const char mask_key[] = "\nCpus_allowed:\t";
	static const char list_key[] = "\nCpus_allowed_list:\t";
	char value[RT_CPULIST_MAX];
	RT_AUTO_FREE char *status = NULL;
	RT_AUTO_FREE char *with_list = NULL;
	RT_AUTO_FREE char *with_both = NULL;
	size_t len;
	int r = rt_sys_read_all(sys, path, TEXT_MAX, &status, &len, err);

	if (r < 0)
		return r;
	rt_cpuset_format_list(set, value, sizeof(value));
	r = change_line(status, list_key, value, &with_list, err);
	if (r < 0)
		return r;
	if (!strstr(status, mask_key))
		return replace(sys, path, with_list, false, err);
	rt_cpuset_format_mask(set, mask_width(status, mask_key), value,
			      sizeof(value));
	r = change_line(with_list, mask_key, value, &with_both, err);
	return r < 0 ? r : replace(sys, path, with_both, false, err);
}

/* What the kernel says EINVAL to: no CPU online, or a thread bound for good. */
static int refuse_affinity(struct rt_sys *sys, unsigned pid, unsigned tid,
			   const struct rt_cpuset *set, struct rt_err *err)
{
	char text[RT_CPULIST_MAX];
	struct rt_cpuset online;
	unsigned flags = 0;
	const char *p;
	int r = rt_sys_read_cpus(sys, "sys/devices/system/cpu/online", &online,
				 err);

	if (r == 0)
		r = rt_sys_read_task(sys, pid, tid, "stat", text, sizeof(text),
				     err);
	if (r < 0)
		return r;
	p = strrchr(text, ')');
	if (p)
		sscanf(p, ") %*c %*d %*d %*d %*d %*d %u", &flags);
	if ((flags & PF_NO_SETAFFINITY) || !rt_cpuset_intersects(set, &online))
		return rt_fail(err, EINVAL,
			       "cannot let thread %u run on CPUs '%s'", tid,
			       rt_cpuset_text(set).text);
	return 0;
}

static int captured_set_affinity(struct rt_sys *sys, unsigned pid, unsigned tid,
				 const struct rt_cpuset *set,
				 struct rt_err *err)
{
	char path[PATH_MAX];
	int r = task_path(sys, pid, tid, "status", path, sizeof(path), err);

	if (r == 0)
		r = refuse_affinity(sys, pid, tid, set, err);
	if (r == 0)
		r = write_affinity(sys, path, set, err);
	return r < 0 ? rt_wrap(err, "affinity of thread %u", tid) : 0;
}

/* Fields 40 and 41 of stat. */
static int captured_set_sched(struct rt_sys *sys, unsigned pid, unsigned tid,
			      unsigned fifo, struct rt_err *err)
{
	char path[PATH_MAX];
	RT_AUTO_FREE char *text = NULL;
	RT_AUTO_STRBUF out = { 0 };
	const char *class, *rest;
	size_t len;
	int r = task_path(sys, pid, tid, "stat", path, sizeof(path), err);

	if (r == 0)
		r = rt_sys_read_all(sys, path, TEXT_MAX, &text, &len, err);
	if (r < 0)
		return r;
	class = rt_stat_field(text, 40);
	rest = rt_stat_field(text, 42);
	if (!class)
		return rt_fail(err, EINVAL, "thread %u has no class", tid);
	rt_strbuf_add(&out, text, (size_t)(class - text));
	rt_strbuf_addf(&out, "%u %d%s%s", fifo, fifo ? SCHED_FIFO : SCHED_OTHER,
		       rest ? " " : "\n", rest ? rest : "");
	return out.failed ? rt_fail_memory(err) :
			    replace(sys, path, out.text, false, err);
}

static int captured_move_thread(struct rt_sys *sys, unsigned pid, unsigned tid,
				const char *cgroup, struct rt_err *err)
{
	char path[PATH_MAX], value[PATH_MAX + 8];
	RT_AUTO_FREE char *text = NULL;
	RT_AUTO_FREE char *changed = NULL;
	RT_AUTO_STRBUF lines = { 0 };
	size_t len;
	int r;

	snprintf(path, sizeof(path), "sys/fs/cgroup/%s", cgroup);
	if (!rt_sys_exists(sys, path))
		return rt_fail(err, ENOENT,
			       "cannot move thread %u to cgroup %s", tid,
			       cgroup);
	r = task_path(sys, pid, tid, "cgroup", path, sizeof(path), err);
	if (r < 0)
		return r;
	r = rt_sys_read_all(sys, path, TEXT_MAX, &text, &len, err);
	if (r < 0)
		return r;
	/* A newline in front: the first line is found like the others. */
	rt_strbuf_addf(&lines, "\n%s", text);
	if (lines.failed)
		return rt_fail_memory(err);
	snprintf(value, sizeof(value), "/%s", cgroup);
	r = change_line(lines.text, "\n0::", value, &changed, err);
	return r < 0 ? r : replace(sys, path, changed + 1, false, err);
}

const struct rt_sys_calls rt_sys_captured = {
	.open = captured_open,
	.stat = captured_stat,
	.read = rt_sys_read_once,
	.write = captured_write,
	.get_affinity = rt_sys_status_affinity,
	.set_affinity = captured_set_affinity,
	.set_sched = captured_set_sched,
	.move_thread = captured_move_thread,
};
