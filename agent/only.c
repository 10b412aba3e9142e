/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* only.c - the same program does not run twice */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "agent.h"

int only_one(struct rt_sys *sys, const char *program, const char *name,
	     struct rt_err *err)
{
	char path[64];
	int fd;

	if (mkdirat(sys->root, RT_STORE_DIR, 0755) < 0 && errno != EEXIST)
		return rt_fail(err, errno, "make /" RT_STORE_DIR);
	snprintf(path, sizeof(path), RT_STORE_DIR "/%s", name);
	fd = rt_sys_openat(sys, path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600, err);
	if (fd < 0)
		return fd;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	rt_auto_fd(&fd);
	return rt_fail(err, errno == EWOULDBLOCK ? 0 : errno,
		       "another %s runs already (lock /%s)", program, path);
}
