/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config_lock.c - one program at a time changes kvmrt.cfg for a person */
#include "config_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

char *rt_config_beside(const struct rt_sys *sys,
		       const struct rt_config_file *file, const char *end)
{
	RT_AUTO_STRBUF text = { 0 };
	struct rt_err ignored;
	char *path = NULL;

	/* A path below the root has no leading slash; it is found from there. */
	if (file->below)
		rt_strbuf_addf(&text, "%s/%s", sys->live ? "" : sys->root_path,
			       RT_CONFIG_PATH);
	else
		rt_strbuf_adds(&text, file->path);
	rt_strbuf_adds(&text, end);
	return rt_strbuf_take(&text, &path, &ignored) < 0 ? NULL : path;
}

/* The holder of the lock may have removed its file since it was opened. */
static bool is_there(const struct rt_config_lock *lock)
{
	struct stat ours, there;

	return fstat(lock->fd, &ours) == 0 && lstat(lock->path, &there) == 0 &&
	       ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

/* The holder wrote its pid into it. */
static int refuse(const struct rt_config_file *file,
		  struct rt_config_lock *lock, struct rt_err *err)
{
	char pid[16] = "";

	if (pread(lock->fd, pid, sizeof(pid) - 1, 0) < 0)
		*pid = '\0';
	pid[strcspn(pid, "\n")] = '\0';
	/* It is another's, so it is not removed. */
	rt_auto_fd(&lock->fd);
	free(lock->path);
	return rt_fail(err, 0, "process %s is editing %s already",
		       *pid ? pid : "(unknown)", file->path);
}

int rt_config_lock_take(const struct rt_sys *sys,
			const struct rt_config_file *file,
			struct rt_config_lock *ret, struct rt_err *err)
{
	struct rt_config_lock lock = {
		.path = rt_config_beside(sys, file, ".lock"),
		.fd = -1,
	};
	bool locked;
	char pid[16];
	int n;

	if (!lock.path)
		return rt_fail_memory(err);
	do {
		rt_auto_fd(&lock.fd);
		lock.fd = open(lock.path,
			       O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (lock.fd < 0) {
			rt_fail(err, errno, "make %s", lock.path);
			free(lock.path);
			return -err->code;
		}
		locked = flock(lock.fd, LOCK_EX | LOCK_NB) == 0;
	} while (locked && !is_there(&lock));
	if (!locked)
		return refuse(file, &lock, err);
	n = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	(void)!ftruncate(lock.fd, 0);
	(void)!pwrite(lock.fd, pid, (size_t)n, 0);
	*ret = lock;
	return 0;
}

void rt_config_lock_release(struct rt_config_lock *lock)
{
	if (lock->fd < 0)
		return;
	(void)unlink(lock->path);
	rt_auto_fd(&lock->fd);
	free(lock->path);
	lock->path = NULL;
	lock->fd = -1;
}
