/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sys_live.c - the live host, and which of the worlds is opened */
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/model/sched.h"

static int live_open(struct rt_sys *sys, const char *path, int flags,
		     mode_t mode)
{
	const int fd = openat(sys->root, path, flags | O_CLOEXEC, mode);

	return fd < 0 ? -errno : fd;
}

static int live_stat(struct rt_sys *sys, const char *path, struct stat *ret)
{
	return fstatat(sys->root, path, ret, 0) < 0 ? -errno : 0;
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
	RT_AUTO_FD int fd = live_open(sys, path, O_WRONLY, 0);
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

static int live_set_sched(struct rt_sys *sys, unsigned pid, unsigned tid,
			  unsigned fifo, struct rt_err *err)
{
	const struct sched_param param = { .sched_priority = (int)fifo };

	(void)sys;
	(void)pid;
	if (sched_setscheduler((pid_t)tid, fifo ? SCHED_FIFO : SCHED_OTHER,
			       &param) < 0)
		return rt_fail(err, errno,
			       "cannot put thread %u into scheduling class %s",
			       tid, rt_sched_text(fifo).text);
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
	.open = live_open,
	.stat = live_stat,
	.read = rt_sys_read_once,
	.write = live_write,
	.get_affinity = rt_sys_status_affinity,
	.set_affinity = live_set_affinity,
	.set_sched = live_set_sched,
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
