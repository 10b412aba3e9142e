/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sys.c - the live host, and what both worlds share */
#include "sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* A descriptor or a negative errno. */
static int open_below(const struct rt_sys *sys, const char *path, int flags,
		      mode_t mode)
{
	int fd;

	if (!sys->live)
		return rt_sys_open_confined(sys->root, path, flags, mode);
	fd = openat(sys->root, path, flags | O_CLOEXEC, mode);
	return fd < 0 ? -errno : fd;
}

int rt_sys_plain_read(struct rt_sys *sys, const char *path, char *buf,
		      size_t size, struct rt_err *err)
{
	/* Not to hang on a fifo in a captured tree. */
	const int fd = open_below(sys, path, O_RDONLY | O_NONBLOCK, 0);
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

/*
 * One write(2) is one store. A short count is a store that was refused half
 * way, and sending the rest would be a second, different value.
 */
static int live_write(struct rt_sys *sys, const char *path, const char *value,
		      struct rt_err *err)
{
	/* The kernel never hears of a write of no bytes. */
	const char *text = *value ? value : "\n";
	const size_t len = strlen(text);
	RT_AUTO_FD int fd = open_below(sys, path, O_WRONLY, 0);
	ssize_t n;

	if (fd < 0)
		return rt_fail(err, -fd, "cannot open %s to write '%s'", path,
			       value);
	do
		n = write(fd, text, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return rt_fail(err, errno, "cannot write '%s' to %s", value,
			       path);
	if ((size_t)n != len)
		return rt_fail(err, EIO,
			       "cannot write more of '%s' to %s than "
			       "%zd of %zu bytes",
			       value, path, n, len);
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
 * From the status file and not sched_getaffinity(2), which leaves offline CPUs
 * out: what is put back after our siblings have come up again must hold them.
 */
int rt_sys_status_affinity(struct rt_sys *sys, unsigned pid, unsigned tid,
			   struct rt_cpuset *ret_set, struct rt_err *err)
{
	char status[RT_CPULIST_MAX + 8192];
	int r = rt_sys_read_task(sys, pid, tid, "status", status,
				 sizeof(status), err);

	if (r == 0)
		r = parse_affinity(status, ret_set, err);
	return r < 0 ? rt_wrap(err, "affinity of thread %u", tid) : 0;
}

static int live_set_affinity(struct rt_sys *sys, unsigned pid, unsigned tid,
			     const struct rt_cpuset *set, struct rt_err *err)
{
	(void)sys;
	(void)pid;
	/* The words of a set are laid out as the kernel's on 64-bit hosts. */
	if (sched_setaffinity((pid_t)tid, sizeof(set->words),
			      (const cpu_set_t *)(const void *)set->words) < 0)
		return rt_fail(err, errno,
			       "cannot let thread %u run on CPUs '%s'", tid,
			       rt_cpuset_text(set).text);
	return 0;
}

static int live_move_thread(struct rt_sys *sys, unsigned pid, unsigned tid,
			    const char *cgroup, struct rt_err *err)
{
	char path[PATH_MAX], value[16];

	(void)pid;
	if ((size_t)snprintf(path, sizeof(path),
			     "sys/fs/cgroup/%s/cgroup.threads",
			     cgroup) >= sizeof(path))
		return rt_fail(err, ENAMETOOLONG,
			       "cannot move thread %u to cgroup %s", tid,
			       cgroup);
	snprintf(value, sizeof(value), "%u", tid);
	return sys->calls->write(sys, path, value, err);
}

static const struct rt_sys_calls live_calls = {
	.read = rt_sys_plain_read,
	.write = live_write,
	.get_affinity = rt_sys_status_affinity,
	.set_affinity = live_set_affinity,
	.move_thread = live_move_thread,
};

int rt_sys_open(const char *dir, struct rt_sys *ret_sys, struct rt_err *err)
{
	const bool live = !dir || strcmp(dir, "/") == 0;
	struct rt_sys sys = {
		.calls = live ? &live_calls : &rt_sys_captured,
		.live = live,
		.root_path = live ? "/" : dir,
	};

	sys.root = open(sys.root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (sys.root < 0)
		return rt_fail(err, errno, "cannot open the root directory %s",
			       sys.root_path);
	*ret_sys = sys;
	return 0;
}

void rt_sys_close(struct rt_sys *sys)
{
	if (sys->calls)
		close(sys->root);
	memset(sys, 0, sizeof(*sys));
	sys->root = -1;
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

int rt_sys_read_task(struct rt_sys *sys, unsigned pid, unsigned tid,
		     const char *name, char *buf, size_t size,
		     struct rt_err *err)
{
	int r = rt_sys_readf(sys, buf, size, err, "proc/%u/task/%u/%s", pid,
			     tid, name);

	return r != -ENOENT ? r :
			      rt_fail(err, ESRCH, "cannot read %s of thread %u",
				      name, tid);
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
	RT_AUTO_FD int fd = open_below(sys, path, O_RDONLY | O_NONBLOCK, 0);
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

/* "." or ".." */
static bool is_dot(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/*
 * Not readdir(3): a hook looks into hundreds of directories, and each DIR is an
 * allocation of 32 KiB and two more system calls.
 */
static int for_entries(struct rt_sys *sys, const char *path,
		       bool (*visit)(void *user, const char *name), void *user,
		       struct rt_err *err)
{
	RT_AUTO_FD int fd = open_below(sys, path, O_RDONLY | O_DIRECTORY, 0);
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
	RT_AUTO_FD int fd = -1;
	char target[PATH_MAX];
	const char *name;
	ssize_t n;

	if (sys->live) {
		n = readlinkat(sys->root, path, target, sizeof(target) - 1);
	} else {
		fd = open_below(sys, path, O_PATH | O_NOFOLLOW, 0);
		if (fd < 0)
			return rt_fail(err, -fd, "cannot read link %s", path);
		n = readlinkat(fd, "", target, sizeof(target) - 1);
	}
	/* A plain file: EINVAL by path, ENOENT by handle. */
	if (n < 0)
		return rt_fail(err, errno == EINVAL ? ENOENT : errno,
			       "cannot read link %s", path);
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
	RT_AUTO_FD int fd = -1;

	if (sys->live)
		return faccessat(sys->root, path, F_OK, 0) == 0;
	fd = open_below(sys, path, O_PATH, 0);
	return fd >= 0;
}

bool rt_sys_is_writable(struct rt_sys *sys, const char *path)
{
	RT_AUTO_FD int fd = -1;
	struct stat st;

	if (sys->live)
		return fstatat(sys->root, path, &st, 0) == 0 &&
		       (st.st_mode & 0222);
	fd = open_below(sys, path, O_PATH, 0);
	return fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 0222);
}

int rt_sys_openat(struct rt_sys *sys, const char *path, int flags, mode_t mode,
		  struct rt_err *err)
{
	const int fd = open_below(sys, path, flags, mode);

	return fd < 0 ? rt_fail(err, -fd, "cannot open %s", path) : fd;
}
