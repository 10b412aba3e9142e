/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fault.c - count what the product does to the world, and spoil one of it */
#include "fault.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/sys.h"

int __real_rt_sys_open(const char *dir, struct rt_sys *ret_sys,
		       struct rt_err *err);
ssize_t __real_write(int fd, const void *data, size_t len);
int __real_unlinkat(int directory, const char *name, int flags);
int __real_renameat(int from, const char *old, int to, const char *new);
int __real_ftruncate(int fd, off_t len);

int __wrap_rt_sys_open(const char *dir, struct rt_sys *ret_sys,
		       struct rt_err *err);
ssize_t __wrap_write(int fd, const void *data, size_t len);
int __wrap_unlinkat(int directory, const char *name, int flags);
int __wrap_renameat(int from, const char *old, int to, const char *new);
int __wrap_ftruncate(int fd, off_t len);
int __wrap_nanosleep(const struct timespec *pause, struct timespec *left);

static struct {
	enum fault fault;
	unsigned at, code;
	struct effects *effects;
	char refused[1024]; /* this kernel file refuses from now on */
	bool refuse_shields;
} state;

void fault_arm(enum fault fault, unsigned at, unsigned code,
	       struct effects *effects)
{
	memset(&state, 0, sizeof(state));
	effects->n = 0;
	state.fault = fault;
	state.at = at;
	state.code = code;
	state.effects = effects;
}

void fault_refuse_shields(bool refuse)
{
	state.refuse_shields = refuse;
}

/* Count it. Is it the one to be spoilt? Then a crash is made here. */
static bool is_spoilt(enum effect kind)
{
	struct effects *effects = state.effects;

	if (!effects)
		return false;
	if (effects->n < EFFECTS_MAX)
		effects->kinds[effects->n] = (unsigned char)kind;
	effects->n++;
	if (state.fault == FAULT_FULL)
		return kind == EFFECT_WRITE && effects->n >= state.at;
	if (effects->n != state.at)
		return false;
	if (state.fault == FAULT_CRASH)
		_exit(CRASH_STATUS);
	return state.fault != FAULT_NONE;
}

static bool is_refused(const char *path, int *ret_code)
{
	static const int codes[] = { EBUSY, EIO, EPERM };

	*ret_code = codes[state.code % 3];
	if (*state.refused && strcmp(state.refused, path) == 0)
		return true;
	if (!is_spoilt(EFFECT_KERNEL))
		return false;
	/* Busy passes. */
	if (*ret_code != EBUSY)
		snprintf(state.refused, sizeof(state.refused), "%s", path);
	return true;
}

static int counted_write(struct rt_sys *sys, const char *path,
			 const char *value, struct rt_err *err)
{
	int code;

	if (is_refused(path, &code))
		return rt_fail(err, code, "write '%s' to %s", value, path);
	if (state.refuse_shields && strcmp(value, "isolated") == 0)
		return rt_fail(err, EINVAL, "write '%s' to %s", value, path);
	return rt_sys_captured.write(sys, path, value, err);
}

static int counted_set_affinity(struct rt_sys *sys, unsigned pid, unsigned tid,
				const struct rt_cpuset *set, struct rt_err *err)
{
	char name[64];
	int code;

	snprintf(name, sizeof(name), "affinity of %u", tid);
	return is_refused(name, &code) ?
		       rt_fail(err, code, "%s", name) :
		       rt_sys_captured.set_affinity(sys, pid, tid, set, err);
}

static int counted_set_sched(struct rt_sys *sys, unsigned pid, unsigned tid,
			     unsigned fifo, struct rt_err *err)
{
	char name[64];
	int code;

	snprintf(name, sizeof(name), "class of %u", tid);
	return is_refused(name, &code) ?
		       rt_fail(err, code, "%s", name) :
		       rt_sys_captured.set_sched(sys, pid, tid, fifo, err);
}

static int counted_move_thread(struct rt_sys *sys, unsigned pid, unsigned tid,
			       const char *cgroup, struct rt_err *err)
{
	char name[64];
	int code;

	snprintf(name, sizeof(name), "cgroup of %u", tid);
	return is_refused(name, &code) ?
		       rt_fail(err, code, "%s", name) :
		       rt_sys_captured.move_thread(sys, pid, tid, cgroup, err);
}

int __wrap_rt_sys_open(const char *dir, struct rt_sys *ret_sys,
		       struct rt_err *err)
{
	static struct rt_sys_calls counted;
	int r = __real_rt_sys_open(dir, ret_sys, err);

	if (r < 0 || ret_sys->live)
		return r;
	counted = rt_sys_captured;
	counted.write = counted_write;
	counted.set_affinity = counted_set_affinity;
	counted.set_sched = counted_set_sched;
	counted.move_thread = counted_move_thread;
	ret_sys->calls = &counted;
	return 0;
}

/* The captured kernel files and the log are written by the same calls. */
static bool is_ours(int fd)
{
	char link[64], path[512];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return false;
	path[n] = '\0';
	return strstr(path, "/run/kvmrt") != NULL;
}

ssize_t __wrap_write(int fd, const void *data, size_t len)
{
	if (!is_ours(fd) || !is_spoilt(EFFECT_WRITE))
		return __real_write(fd, data, len);
	switch (state.fault) {
	case FAULT_TORN:
		(void)!__real_write(fd, data, len / 2);
		_exit(CRASH_STATUS);
	case FAULT_SHORT:
		return __real_write(fd, data, len / 2);
	case FAULT_NONE:
	case FAULT_CRASH:
	case FAULT_REFUSE:
	case FAULT_FULL:
		break;
	}
	errno = ENOSPC;
	return -1;
}

static int refuse(void)
{
	errno = EIO;
	return -1;
}

int __wrap_unlinkat(int directory, const char *name, int flags)
{
	return is_ours(directory) && is_spoilt(EFFECT_DIRECTORY) ?
		       refuse() :
		       __real_unlinkat(directory, name, flags);
}

int __wrap_renameat(int from, const char *old, int to, const char *new)
{
	return is_ours(from) && is_spoilt(EFFECT_DIRECTORY) ?
		       refuse() :
		       __real_renameat(from, old, to, new);
}

int __wrap_ftruncate(int fd, off_t len)
{
	return is_ours(fd) && is_spoilt(EFFECT_DIRECTORY) ?
		       refuse() :
		       __real_ftruncate(fd, len);
}

/* Nobody else is there to wait for. */
int __wrap_nanosleep(const struct timespec *pause, struct timespec *left)
{
	(void)pause;
	(void)left;
	return 0;
}
