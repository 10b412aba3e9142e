/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lock.c - the one lock, and the queue in front of it */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "store.h"

#define POLL_MS 10

static unsigned long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned long long)now.tv_sec * 1000 +
	       (unsigned long long)now.tv_nsec / 1000000;
}

/*
 * The lock file names its holder, for the message of a program that waited in
 * vain.
 */
static int fail_locked(int lock, unsigned limit_ms, struct rt_err *err)
{
	char pid[16] = "";
	const ssize_t n = pread(lock, pid, sizeof(pid) - 1, 0);

	pid[n > 0 ? n : 0] = '\0';
	pid[strcspn(pid, " \n")] = '\0';
	return rt_fail(err, EAGAIN,
		       "the lock /" RT_STORE_DIR "/lock is held by process %s "
		       "for more than %u seconds",
		       *pid ? pid : "(unknown)", limit_ms / 1000);
}

/* Does anybody else claim a byte from..to? A `to` of 0 is no end. */
static bool is_claimed(int waiting, unsigned long long from,
		       unsigned long long to)
{
	struct flock claim = {
		.l_type = F_WRLCK, /* conflicts with the claims */
		.l_whence = SEEK_SET,
		.l_start = (off_t)from,
		.l_len = to ? (off_t)(to - from + 1) : 0,
	};

	return waiting >= 0 && fcntl(waiting, F_OFD_GETLK, &claim) == 0 &&
	       claim.l_type != F_UNLCK;
}

/*
 * Open for reading only: closing a file that was open for writing would wake
 * the agent. -1 when it cannot be opened: then the caller waits without a
 * claim.
 */
static int claim(int dir, unsigned long long end)
{
	struct flock claim = {
		.l_type = F_RDLCK,
		.l_whence = SEEK_SET,
		.l_start = (off_t)end,
		.l_len = 1,
	};
	const int waiting =
		openat(dir, "waiting",
		       O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	/* Ignoring a failure: no claim. */
	if (waiting >= 0)
		(void)fcntl(waiting, F_OFD_SETLK, &claim);
	return waiting;
}

static bool is_wanted(int dir)
{
	RT_AUTO_FD int waiting =
		openat(dir, "waiting", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return is_claimed(waiting, now_ms(), 0);
}

bool rt_store_is_wanted(struct rt_sys *sys)
{
	struct rt_err ignored;
	RT_AUTO_FD int dir = rt_sys_openat(sys, RT_STORE_DIR,
					   O_RDONLY | O_DIRECTORY, 0, &ignored);

	return dir >= 0 && is_wanted(dir);
}

/* 1: we hold it, 0: not yet. Whoever gives up before us goes first. */
static int try_lock(int lock, int waiting, unsigned long long now,
		    unsigned long long end, struct rt_err *err)
{
	if (now < end && is_claimed(waiting, now, end - 1))
		return 0;
	if (flock(lock, LOCK_EX | LOCK_NB) == 0)
		return 1;
	return errno == EWOULDBLOCK || errno == EINTR ?
		       0 :
		       rt_fail(err, errno, "lock /" RT_STORE_DIR "/lock");
}

/* flock with a limit: a signal handler would be global state. */
static int wait_for(int lock, int waiting, unsigned long long end,
		    unsigned limit_ms, struct rt_err *err)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };

	for (;;) {
		const unsigned long long now = now_ms();
		int r = try_lock(lock, waiting, now, end, err);

		if (r != 0)
			return r < 0 ? r : 0;
		if (now >= end)
			return fail_locked(lock, limit_ms, err);
		nanosleep(&pause, NULL);
	}
}

int rt_lock_take(int dir, unsigned limit_ms, struct rt_err *err)
{
	const unsigned long long end = now_ms() + limit_ms;
	RT_AUTO_FD int waiting = -1;
	RT_AUTO_FD int lock = -1;
	char pid[16];
	int n, r;

	/* Before the lock is opened: closing that would wake the agent. */
	if (!limit_ms && is_wanted(dir))
		return rt_fail(err, EAGAIN,
			       "others wait for the lock /" RT_STORE_DIR
			       "/lock");
	if (limit_ms)
		waiting = claim(dir, end);
	lock = openat(dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
		      0600);
	if (lock < 0)
		return rt_fail(err, errno, "open /" RT_STORE_DIR "/lock");
	r = wait_for(lock, waiting, end, limit_ms, err);
	if (r < 0)
		return r;
	n = snprintf(pid, sizeof(pid), "%-10d\n", (int)getpid());
	/* Ignoring a failure: it is only for messages. */
	(void)!pwrite(lock, pid, (size_t)n, 0);
	n = lock;
	lock = -1;
	return n;
}
