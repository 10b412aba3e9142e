/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* store.c - the journal's file, and the one lock */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define POLL_MS 10

/* A journal several times its content is written anew. */
#define COMPACT_MIN   (256u << 10)
#define COMPACT_RATIO 4

static int open_dir(struct rt_sys *sys, struct rt_err *err)
{
	RT_AUTO_FD int run =
		rt_sys_openat(sys, "run", O_RDONLY | O_DIRECTORY, 0, err);
	struct stat st;
	int dir;

	if (run < 0)
		return run;
	if (mkdirat(run, "kvmrt", 0755) < 0 && errno != EEXIST)
		return rt_fail(err, errno, "make /" RT_STORE_DIR);
	dir = openat(run, "kvmrt",
		     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return rt_fail(err, errno, "open /" RT_STORE_DIR);
	if (fstat(dir, &st) < 0 || st.st_mode & (S_IWGRP | S_IWOTH) ||
	    (st.st_uid != 0 && st.st_uid != geteuid())) {
		close(dir);
		return rt_fail(err, 0,
			       "/" RT_STORE_DIR
			       " may be written by others than "
			       "root, so what is on record there cannot be "
			       "trusted");
	}
	return dir;
}

static unsigned long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned long long)now.tv_sec * 1000 +
	       (unsigned long long)now.tv_nsec / 1000000;
}

/* The lock file names its holder, for the message of who has to wait. */
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

static int take_lock(int dir, unsigned limit_ms, struct rt_err *err)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };
	const unsigned long long end = now_ms() + limit_ms;
	char pid[16];
	int n, lock;

	lock = openat(dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
		      0600);
	if (lock < 0)
		return rt_fail(err, errno, "open /" RT_STORE_DIR "/lock");
	/* flock with a limit: a signal handler would be global state. */
	while (flock(lock, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			rt_fail(err, errno, "lock /" RT_STORE_DIR "/lock");
			close(lock);
			return -err->code;
		}
		if (now_ms() >= end) {
			fail_locked(lock, limit_ms, err);
			close(lock);
			return -err->code;
		}
		nanosleep(&pause, NULL);
	}
	n = snprintf(pid, sizeof(pid), "%-10d\n", (int)getpid());
	/* Ignoring a failure: it is only for messages. */
	(void)!pwrite(lock, pid, (size_t)n, 0);
	return lock;
}

static int read_file(int file, char **ret_text, size_t *ret_len,
		     struct rt_err *err)
{
	RT_AUTO_FREE char *text = NULL;
	struct stat st;
	size_t len = 0;

	if (fstat(file, &st) < 0)
		return rt_fail(err, errno, "stat /" RT_STORE_DIR "/journal");
	if (!S_ISREG(st.st_mode) || st.st_size > RT_JOURNAL_MAX)
		return rt_fail(err, 0,
			       "/" RT_STORE_DIR "/journal is not a file of at "
			       "most %u MiB",
			       RT_JOURNAL_MAX >> 20);
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return rt_fail_memory(err);
	while (len < (size_t)st.st_size) {
		const ssize_t n = pread(file, text + len,
					(size_t)st.st_size - len, (off_t)len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return rt_fail(err, errno,
				       "read /" RT_STORE_DIR "/journal");
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*ret_text = text;
	text = NULL;
	*ret_len = len;
	return 0;
}

static int load(struct rt_store *store, struct rt_err *err)
{
	RT_AUTO_FREE char *text = NULL;
	size_t len = 0;
	int r;

	store->file = openat(store->dir, "journal",
			     O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	if (store->file < 0 && errno == ENOENT)
		return 0;
	if (store->file < 0)
		return rt_fail(err, errno, "open /" RT_STORE_DIR "/journal");
	r = read_file(store->file, &text, &len, err);
	if (r == 0)
		r = rt_journal_replay(text, len, &store->journal, err);
	if (r < 0)
		return rt_wrap(err, "/" RT_STORE_DIR "/journal");
	store->bytes = store->journal.valid;
	if (store->bytes < len && ftruncate(store->file, (off_t)store->bytes))
		return rt_fail(err, errno, "cut /" RT_STORE_DIR "/journal");
	return 0;
}

static void let_go(struct rt_store *store)
{
	rt_journal_fini(&store->journal);
	rt_auto_fd(&store->file);
	rt_auto_fd(&store->dir);
	/* Closing the file lets go of its lock. */
	rt_auto_fd(&store->lock);
}

int rt_store_open(struct rt_sys *sys, unsigned limit_ms,
		  struct rt_store *ret_store, struct rt_err *err)
{
	struct rt_store store = { .sys = sys, .lock = -1, .file = -1 };
	int r;

	store.dir = open_dir(sys, err);
	if (store.dir < 0)
		return store.dir;
	store.lock = take_lock(store.dir, limit_ms, err);
	r = store.lock < 0 ? store.lock : load(&store, err);
	if (r < 0) {
		let_go(&store);
		return r;
	}
	*ret_store = store;
	return 0;
}

/* The file's content in as few entries as there are facts. */
static void compact(struct rt_store *store)
{
	RT_AUTO_STRBUF text = { 0 };
	RT_AUTO_FD int file = -1;

	if (store->bytes < COMPACT_MIN)
		return;
	rt_journal_format(&store->journal, &text);
	if (text.failed || store->bytes / COMPACT_RATIO < text.len)
		return;
	/* Ignoring failures: the long file says the same. */
	file = openat(store->dir, "journal.new",
		      O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		      0600);
	if (file < 0)
		return;
	if (write(file, text.text, text.len) == (ssize_t)text.len)
		(void)!renameat(store->dir, "journal.new", store->dir,
				"journal");
	else
		(void)!unlinkat(store->dir, "journal.new", 0);
}

void rt_store_close(struct rt_store *store)
{
	if (store->file >= 0 && rt_journal_is_empty(&store->journal))
		(void)!unlinkat(store->dir, "journal", 0);
	else if (store->file >= 0)
		compact(store);
	let_go(store);
}

/* All of it or none. */
static int append_bytes(struct rt_store *store, const char *text, size_t len,
			struct rt_err *err)
{
	ssize_t n;

	if (store->file < 0) {
		store->file = openat(store->dir, "journal",
				     O_RDWR | O_APPEND | O_CREAT | O_EXCL |
					     O_NOFOLLOW | O_CLOEXEC,
				     0600);
		if (store->file < 0)
			return rt_fail(err, errno,
				       "make /" RT_STORE_DIR "/journal");
	}
	do
		n = write(store->file, text, len);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)len) {
		store->bytes += len;
		return 0;
	}
	rt_fail(err, n < 0 ? errno : ENOSPC,
		"append to /" RT_STORE_DIR "/journal");
	/* Ignoring a failure: what stays is a torn entry, cut off next time. */
	(void)!ftruncate(store->file, (off_t)store->bytes);
	return -err->code;
}

int rt_store_append(struct rt_store *store, struct rt_strbuf *entries,
		    struct rt_err *err)
{
	RT_AUTO_FREE char *text = NULL;
	const size_t len = entries->len;
	int r = rt_strbuf_take(entries, &text, err);

	if (r < 0 || !len)
		return r;
	r = append_bytes(store, text, len, err);
	for (const char *line = text; r == 0 && *line;) {
		const size_t n = strcspn(line, "\n");

		r = rt_journal_enter(&store->journal, line, n, err);
		line += n + 1;
	}
	return r;
}
