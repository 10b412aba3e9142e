/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lock.c - the one lock: who has to wait, and who goes first */
#include "host/store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "store_dir.h"

/* Another process holds it; flock is by open file, so that is enough. */
static void test_lock(void)
{
	struct rt_store store, second;
	struct rt_err err = { 0 };
	char want[64];

	if (!open_store(&store))
		return;
	is_int(rt_store_open(&sys, 30, &second, &err), -EAGAIN,
	       "a lock that is held");
	snprintf(want, sizeof(want), "held by process %d for more than",
		 (int)getpid());
	ok(strstr(err.text, want), "names the holder: %s", err.text);
	rt_store_close(&store);
	if (open_store(&second))
		rt_store_close(&second);
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A process that waits for the lock, and has it for hold_ms. */
static pid_t wait_for_lock(const struct rt_store *held, unsigned limit_ms,
			   long hold_ms)
{
	const struct timespec hold = { .tv_nsec = hold_ms * 1000000 };
	struct rt_store store;
	struct rt_err err;
	const pid_t pid = fork();

	if (pid != 0)
		return pid;
	/* The holder's open file has come along, and its lock with it. */
	if (held)
		close(held->lock);
	if (rt_store_open(&sys, limit_ms, &store, &err) < 0)
		_exit(1);
	nanosleep(&hold, NULL);
	rt_store_close(&store);
	_exit(0);
}

/* The agent at its busiest: a scan after the other, without a pause. */
static pid_t scan_on(long scan_ms)
{
	const struct timespec scan = { .tv_nsec = scan_ms * 1000000 };
	struct rt_store store;
	struct rt_err err;
	const pid_t pid = fork();

	while (pid == 0) {
		if (rt_store_is_wanted(&sys) ||
		    rt_store_open(&sys, 0, &store, &err) < 0)
			continue;
		nanosleep(&scan, NULL);
		rt_store_close(&store);
	}
	return pid;
}

static bool has_ended_well(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void pause_ms(long ms)
{
	const struct timespec pause = { .tv_nsec = ms * 1000000 };

	nanosleep(&pause, NULL);
}

#define WAITERS 6

/* Six hooks beside an agent that scans back to back. */
static void test_fair(void)
{
	pid_t waiters[WAITERS];
	const pid_t agent = scan_on(130);
	const long long start = now_ms();
	unsigned good = 0;

	pause_ms(50);
	for (unsigned i = 0; i < WAITERS; i++)
		waiters[i] = wait_for_lock(NULL, 3000, 50);
	for (unsigned i = 0; i < WAITERS; i++)
		good += has_ended_well(waiters[i]);
	is_int(good, WAITERS, "each hook has its turn");
	ok(now_ms() - start < 1500, "soon: after %lld ms", now_ms() - start);
	pause_ms(200);
	ok(!rt_store_is_wanted(&sys), "then nobody waits");
	end(agent);
}

/* Who came first is served first; who scans, not before them. */
static void test_order(void)
{
	struct rt_store store, scan;
	struct rt_err err = { 0 };
	pid_t first, second;

	if (!open_store(&store))
		return;
	ok(!rt_store_is_wanted(&sys), "nobody waits");
	first = wait_for_lock(&store, 5000, 100);
	pause_ms(60);
	second = wait_for_lock(&store, 5000, 0);
	pause_ms(60);
	ok(rt_store_is_wanted(&sys), "somebody waits");
	rt_store_close(&store);
	ok(rt_store_open(&sys, 0, &scan, &err) == -EAGAIN &&
		   strstr(err.text, "others wait"),
	   "a scan gives way: %s", err.text);
	pause_ms(40);
	ok(waitpid(second, NULL, WNOHANG) == 0, "the second is not first");
	ok(has_ended_well(first) && has_ended_well(second), "both have had it");
	if (open_store(&scan))
		rt_store_close(&scan);
}

/* A claim goes with its process, and a stopped one's at its time. */
static void test_claims(void)
{
	struct rt_store store;
	pid_t waiter;

	if (!open_store(&store))
		return;
	waiter = wait_for_lock(&store, 5000, 0);
	pause_ms(60);
	ok(rt_store_is_wanted(&sys), "a claim");
	end(waiter);
	ok(!rt_store_is_wanted(&sys), "ends with who made it");
	waiter = wait_for_lock(&store, 300, 0);
	pause_ms(60);
	kill(waiter, SIGSTOP);
	ok(rt_store_is_wanted(&sys), "one who is stopped");
	rt_store_close(&store);
	pause_ms(400);
	if (open_store(&store))
		rt_store_close(&store);
	end(waiter);
}

/* A directory that the version before made has no such file. */
static void test_lock_files(void)
{
	const mode_t mask = umask(0);
	struct rt_store store, second;
	struct rt_err err;
	struct stat st;

	unlink(path_of("waiting"));
	unlink(path_of("lock"));
	ok(!rt_store_is_wanted(&sys), "no file, nobody waits");
	if (!open_store(&store))
		return;
	is_int(size_of("waiting"), -1, "who need not wait makes none");
	is_int(rt_store_open(&sys, 30, &second, &err), -EAGAIN, "who must");
	ok(stat(path_of("waiting"), &st) == 0 && (st.st_mode & 07777) == 0600 &&
		   st.st_size == 0,
	   "makes it, for root alone and empty");
	ok(stat(path_of("lock"), &st) == 0 && (st.st_mode & 07777) == 0600,
	   "as the lock");
	unlink(path_of("waiting"));
	ok(symlink("/etc/passwd", path_of("waiting")) == 0 &&
		   rt_store_open(&sys, 30, &second, &err) == -EAGAIN,
	   "one who cannot make it waits all the same");
	rt_store_close(&store);
	umask(0777);
	unlink(path_of("waiting"));
	unlink(path_of("lock"));
	if (open_store(&store))
		rt_store_close(&store);
	umask(mask);
}

int main(void)
{
	struct rt_err err = { 0 };
	char path[256];

	if (!mkdtemp(dir) || rt_sys_open(dir, &sys, &err) < 0)
		return 1;
	snprintf(path, sizeof(path), "%s/run", dir);
	mkdir(path, 0755);
	test_lock();
	test_fair();
	test_order();
	test_claims();
	test_lock_files();
	unlink(path_of("lock"));
	unlink(path_of("waiting"));
	rmdir(path_of(""));
	is_int(rmdir(path), 0, "nothing else was made");
	rt_sys_close(&sys);
	rmdir(dir);
	return tap_done();
}
