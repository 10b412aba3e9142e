/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sys.c - what both worlds share, and what is built on their calls */
#include "sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

/* A status with 65536 groups (NGROUPS_MAX) of ten digits is not half of it. */
#define TASK_FILE_MAX (4u << 20)

void rt_auto_fd(int *fd)
{
	const int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

void rt_names_fini(struct rt_names *names)
{
	free(names->items);
	free(names->text);
	memset(names, 0, sizeof(*names));
}

int rt_sys_read_once(struct rt_sys *sys, const char *path, char *buf,
		     size_t size, struct rt_err *err)
{
	/* Not to hang on a fifo in a captured tree. */
	const int fd = sys->calls->open(sys, path, O_RDONLY | O_NONBLOCK, 0);
	ssize_t n;
	int code;

	if (fd < 0)
		return rt_fail(err, -fd, "cannot open %s", path);
	do
		n = read(fd, buf, size);
	while (n < 0 && errno == EINTR);
	code = errno;
	close(fd);

	if (n < 0)
		return rt_fail(err, code, "cannot read %s", path);
	/* A full buffer may be a value that was cut. */
	if ((size_t)n >= size)
		return rt_fail(err, EFBIG, "cannot read %s in %zu bytes", path,
			       size);
	if (n > 0 && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	return 0;
}

/* Cuts status off after the line. */
static int parse_affinity(char *status, struct rt_cpuset *ret_set,
			  struct rt_err *err)
{
	static const char key[] = "\nCpus_allowed_list:";
	char *line = strstr(status, key);

	if (!line)
		return rt_fail(err, 0, "status has no Cpus_allowed_list");
	line += strlen(key);
	*strchrnul(line, '\n') = '\0';
	return rt_cpuset_parse_list(line, ret_set, err);
}

/*
 * Read from the status file, since sched_getaffinity(2) leaves offline CPUs
 * out: the mask that is restored once the siblings are online again must have
 * them.
 */
int rt_sys_status_affinity(struct rt_sys *sys, unsigned pid, unsigned tid,
			   struct rt_cpuset *ret_set, struct rt_err *err)
{
	char status[RT_CPULIST_MAX + 8192];
	RT_AUTO_FREE char *longer = NULL;
	int r = rt_sys_read_task_all(sys, pid, tid, "status", status,
				     sizeof(status), &longer, err);

	if (r == 0)
		r = parse_affinity(longer ? longer : status, ret_set, err);
	return r < 0 ? rt_wrap(err, "affinity of thread %u", tid) : 0;
}

int rt_sys_read(struct rt_sys *sys, const char *path, char *buf, size_t size,
		struct rt_err *err)
{
	return sys->calls->read(sys, path, buf, size, err);
}

int rt_sys_readf(struct rt_sys *sys, char *buf, size_t size, struct rt_err *err,
		 const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(path))
		return rt_fail(err, ENAMETOOLONG, "cannot read %.80s...", path);
	return rt_sys_read(sys, path, buf, size, err);
}

static int read_to_end(int fd, size_t max, struct rt_strbuf *buf,
		       const char *path, struct rt_err *err)
{
	char chunk[16384];

	for (;;) {
		const ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return rt_fail(err, errno, "cannot read %s", path);
		if (n == 0)
			return 0;
		if ((size_t)n > max - buf->len)
			return rt_fail(err, EFBIG,
				       "cannot read %s: it is over %zu bytes",
				       path, max);
		rt_strbuf_add(buf, chunk, (size_t)n);
	}
}

int rt_sys_read_all(struct rt_sys *sys, const char *path, size_t max,
		    char **ret_text, size_t *ret_len, struct rt_err *err)
{
	/* Not to hang on a fifo. */
	RT_AUTO_FD int fd =
		sys->calls->open(sys, path, O_RDONLY | O_NONBLOCK, 0);
	RT_AUTO_STRBUF buf = { 0 };
	size_t len;
	int r;

	if (fd < 0)
		return rt_fail(err, -fd, "cannot open %s", path);
	r = read_to_end(fd, max, &buf, path, err);
	if (r < 0)
		return r;
	len = buf.len;
	r = rt_strbuf_take(&buf, ret_text, err);
	if (r == 0)
		*ret_len = len;
	return r;
}

int rt_sys_read_cpus(struct rt_sys *sys, const char *path,
		     struct rt_cpuset *ret_set, struct rt_err *err)
{
	char text[RT_CPULIST_MAX];
	int r = rt_sys_read(sys, path, text, sizeof(text), err);

	if (r == 0 && rt_cpuset_parse_list(text, ret_set, err) < 0)
		r = rt_wrap(err, "%s", path);
	return r;
}

static bool is_gone(unsigned pid, unsigned tid)
{
	return (pid == tid ? kill((pid_t)tid, 0) :
			     tgkill((pid_t)pid, (pid_t)tid, 0)) < 0 &&
	       errno == ESRCH;
}

/*
 * On a live host a missing file of a thread proves nothing: /proc hides whole
 * processes from those who may not trace them (hidepid=, proc(5)). kill(2) says
 * of every process whether it exists.
 */
static int fail_task(struct rt_sys *sys, unsigned pid, unsigned tid,
		     const char *name, int r, struct rt_err *err)
{
	if (r != -ENOENT)
		return r;
	if (sys->live && !is_gone(pid, tid))
		return rt_fail(err, EACCES,
			       "cannot see %s of thread %u, which /proc hides",
			       name, tid);
	return rt_fail(err, ESRCH, "cannot read %s of thread %u", name, tid);
}

int rt_sys_read_task(struct rt_sys *sys, unsigned pid, unsigned tid,
		     const char *name, char *buf, size_t size,
		     struct rt_err *err)
{
	int r = rt_sys_readf(sys, buf, size, err, "proc/%u/task/%u/%s", pid,
			     tid, name);

	return fail_task(sys, pid, tid, name, r, err);
}

int rt_sys_read_task_all(struct rt_sys *sys, unsigned pid, unsigned tid,
			 const char *name, char *buf, size_t size,
			 char **ret_longer, struct rt_err *err)
{
	char path[128];
	size_t len;
	int r = rt_sys_read_task(sys, pid, tid, name, buf, size, err);

	if (r != -EFBIG)
		return r;
	snprintf(path, sizeof(path), "proc/%u/task/%u/%s", pid, tid, name);
	r = rt_sys_read_all(sys, path, TASK_FILE_MAX, ret_longer, &len, err);
	return fail_task(sys, pid, tid, name, r, err);
}

/* "." or ".." */
static bool is_dot(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/*
 * Not readdir(3): a hook lists hundreds of directories, and each DIR would cost
 * an allocation of 32 KiB and two more system calls.
 */
static int for_entries(struct rt_sys *sys, const char *path,
		       bool (*visit)(void *user, const char *name), void *user,
		       struct rt_err *err)
{
	RT_AUTO_FD int fd =
		sys->calls->open(sys, path, O_RDONLY | O_DIRECTORY, 0);
	_Alignas(struct dirent64) char entries[16384];

	if (fd < 0)
		return rt_fail(err, -fd, "cannot list %s", path);
	for (;;) {
		const ssize_t n = getdents64(fd, entries, sizeof(entries));
		const struct dirent64 *entry;

		/* ENOENT: the directory went away while it was open. */
		if (n == 0 || (n < 0 && errno == ENOENT))
			return 0;
		if (n < 0)
			return rt_fail(err, errno, "cannot list %s", path);
		for (ssize_t at = 0; at < n; at += entry->d_reclen) {
			entry = (const void *)(entries + at);
			if (!is_dot(entry->d_name) &&
			    !visit(user, entry->d_name))
				return rt_fail_memory(err);
		}
	}
}

/* One after the other, each with its NUL. */
static bool add_name(void *user, const char *name)
{
	struct rt_strbuf *all = user;

	rt_strbuf_add(all, name, strlen(name) + 1);
	return !all->failed;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int rt_sys_list(struct rt_sys *sys, const char *path, struct rt_names *ret,
		struct rt_err *err)
{
	RT_AUTO_STRBUF all = { 0 };
	struct rt_names names = { 0 };
	int r = for_entries(sys, path, add_name, &all, err);

	if (r < 0)
		return r;
	for (size_t at = 0; at < all.len; at += strlen(all.text + at) + 1)
		names.n++;
	names.items = calloc(names.n + 1, sizeof(*names.items));
	if (!names.items)
		return rt_fail_memory(err);
	names.text = all.text;
	for (size_t i = 0, at = 0; i < names.n; i++) {
		names.items[i] = names.text + at;
		at += strlen(names.items[i]) + 1;
	}
	qsort(names.items, names.n, sizeof(*names.items), compare_names);
	memset(&all, 0, sizeof(all));
	*ret = names;
	return 0;
}

struct numbers {
	unsigned *items;
	size_t n, size;
	bool unsorted;
};

static bool add_number(void *user, const char *name)
{
	struct numbers *numbers = user;
	unsigned number = 0;

	for (const char *p = name; *p; p++) {
		const unsigned digit = (unsigned)(*p - '0');

		if (digit > 9 || number > (INT_MAX - digit) / 10)
			return true; /* not a number */
		number = number * 10 + digit;
	}
	if (!rt_grow(&numbers->items, numbers->n, &numbers->size,
		     sizeof(*numbers->items)))
		return false;
	if (numbers->n && numbers->items[numbers->n - 1] > number)
		numbers->unsorted = true;
	numbers->items[numbers->n++] = number;
	return true;
}

static int compare_numbers(const void *a, const void *b)
{
	const unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return x < y ? -1 : x > y;
}

int rt_sys_list_numbers(struct rt_sys *sys, const char *path,
			unsigned **ret_numbers, size_t *ret_n,
			struct rt_err *err)
{
	struct numbers numbers = { 0 };
	int r = for_entries(sys, path, add_number, &numbers, err);

	if (r < 0) {
		free(numbers.items);
		return r;
	}
	/* procfs gives them in order. */
	if (numbers.unsorted)
		qsort(numbers.items, numbers.n, sizeof(*numbers.items),
		      compare_numbers);
	*ret_numbers = numbers.items;
	*ret_n = numbers.n;
	return 0;
}

int rt_sys_link_name(struct rt_sys *sys, const char *path, char *buf,
		     size_t size, struct rt_err *err)
{
	RT_AUTO_FD int fd = sys->calls->open(sys, path, O_PATH | O_NOFOLLOW, 0);
	char target[PATH_MAX];
	const char *name;
	ssize_t n;

	if (fd < 0)
		return rt_fail(err, -fd, "cannot read link %s", path);
	/* ENOENT for a plain file, too. */
	n = readlinkat(fd, "", target, sizeof(target) - 1);
	if (n < 0)
		return rt_fail(err, errno, "cannot read link %s", path);
	target[n] = '\0';
	name = strrchr(target, '/');
	name = name ? name + 1 : target;
	if (strlen(name) >= size)
		return rt_fail(err, ENAMETOOLONG, "cannot read link %s", path);
	memcpy(buf, name, strlen(name) + 1);
	return 0;
}

bool rt_sys_exists(struct rt_sys *sys, const char *path)
{
	struct stat st;

	return sys->calls->stat(sys, path, &st) == 0;
}

bool rt_sys_is_writable(struct rt_sys *sys, const char *path)
{
	struct stat st;

	return sys->calls->stat(sys, path, &st) == 0 && (st.st_mode & 0222);
}

int rt_sys_openat(struct rt_sys *sys, const char *path, int flags, mode_t mode,
		  struct rt_err *err)
{
	const int fd = sys->calls->open(sys, path, flags, mode);

	return fd < 0 ? rt_fail(err, -fd, "cannot open %s", path) : fd;
}
