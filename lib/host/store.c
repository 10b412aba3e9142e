/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* store.c - the journal's file, with the lock held */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* A journal that is several times as long as its content is compacted. */
#define COMPACT_MIN   (256u << 10)
#define COMPACT_RATIO 4

/* journal.damaged is for a person, and nobody reads more than this. */
#define DAMAGED_MAX (1u << 20)
/* How many journal.damaged-N there may be; each may be as long as a journal. */
#define ASIDE_MAX 99u

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

/*
 * As much of the file as can be read: *ret_text is set, also on failure, unless
 * nothing was read.
 */
static int read_file(int file, char **ret_text, size_t *ret_len,
		     struct rt_err *err)
{
	struct stat st;
	size_t len = 0, size;
	char *text;
	int r = 0;

	if (fstat(file, &st) < 0)
		return rt_fail(err, errno, "stat it");
	if (!S_ISREG(st.st_mode))
		return rt_fail(err, 0, "it is not a file");
	size = st.st_size > RT_JOURNAL_MAX ? RT_JOURNAL_MAX :
					     (size_t)st.st_size;
	text = malloc(size + 1);
	if (!text)
		return rt_fail_memory(err);
	while (len < size) {
		const ssize_t n =
			pread(file, text + len, size - len, (off_t)len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			r = rt_fail(err, errno, "read it");
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	if (r == 0 && st.st_size > RT_JOURNAL_MAX)
		r = rt_fail(err, 0, "it is longer than %u MiB",
			    RT_JOURNAL_MAX >> 20);
	*ret_text = text;
	*ret_len = len;
	return r;
}

/* On failure the state is what could be read. */
static int load(struct rt_store *store, struct rt_err *err)
{
	RT_AUTO_FREE char *text = NULL;
	struct rt_err why = { 0 };
	size_t len = 0;
	int r;

	if (store->file < 0)
		store->file = openat(store->dir, "journal",
				     O_RDWR | O_APPEND | O_NOFOLLOW |
					     O_NONBLOCK | O_CLOEXEC);
	if (store->file < 0 && errno == ENOENT)
		return 0;
	if (store->file < 0)
		return rt_fail(err, errno, "open /" RT_STORE_DIR "/journal");
	r = read_file(store->file, &text, &len, err);
	if (text && rt_journal_replay(text, len, &store->journal, &why) < 0)
		r = rt_fail_memory(err);
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
	/* Closing the file releases its lock. */
	rt_auto_fd(&store->lock);
}

/* Lock the directory; nothing is read yet. */
static int lock_store(struct rt_sys *sys, unsigned limit_ms,
		      struct rt_store *store, struct rt_err *err)
{
	*store = (struct rt_store){ .sys = sys, .lock = -1, .file = -1 };
	store->dir = open_dir(sys, err);
	if (store->dir < 0)
		return store->dir;
	store->lock = rt_lock_take(store->dir, limit_ms, err);
	if (store->lock < 0)
		let_go(store);
	return store->lock < 0 ? -err->code : 0;
}

int rt_store_open(struct rt_sys *sys, unsigned limit_ms,
		  struct rt_store *ret_store, struct rt_err *err)
{
	struct rt_store store;
	int r = lock_store(sys, limit_ms, &store, err);

	if (r < 0)
		return r;
	r = load(&store, err);
	if (r < 0) {
		let_go(&store);
		return rt_wrap(err, "the record (kvmrt-reconcile --salvage "
				    "sets it aside)");
	}
	*ret_store = store;
	return 0;
}

void rt_store_report(struct rt_store *store, struct rt_report *report)
{
	rt_journal_report(&store->journal, "/" RT_STORE_DIR "/journal.damaged",
			  report);
	store->told = true;
}

/* --- the file, rewritten --- */

/* In journal.new: to be renamed. */
static bool write_new(const struct rt_store *store,
		      const struct rt_strbuf *text)
{
	RT_AUTO_FD int file = openat(
		store->dir, "journal.new",
		O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (file >= 0 &&
	    write(file, text->text, text->len) == (ssize_t)text->len)
		return true;
	if (file >= 0)
		(void)!unlinkat(store->dir, "journal.new", 0);
	return false;
}

/* The file's content in as few entries as there are facts. */
static void compact(struct rt_store *store, bool always)
{
	RT_AUTO_STRBUF text = { 0 };

	rt_journal_format(&store->journal, &text);
	if (text.failed || (!always && store->bytes / COMPACT_RATIO < text.len))
		return;
	/* Ignoring failures: the old file says the same. */
	if (write_new(store, &text))
		(void)!renameat(store->dir, "journal.new", store->dir,
				"journal");
}

/* Append the damaged lines to journal.damaged, where a person finds them. */
static bool set_lines_aside(const struct rt_store *store)
{
	const struct rt_strbuf *lines = &store->journal.damage.lines;
	RT_AUTO_FD int file = openat(
		store->dir, "journal.damaged",
		O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct stat st;
	size_t room;

	if (file < 0 || fstat(file, &st) < 0)
		return false;
	room = st.st_size < DAMAGED_MAX ? DAMAGED_MAX - (size_t)st.st_size : 0;
	if (room > lines->len)
		room = lines->len;
	return !room || write(file, lines->text, room) == (ssize_t)room;
}

void rt_store_close(struct rt_store *store)
{
	struct rt_journal *journal = &store->journal;
	const bool damaged = journal->damage.lines.len > 0;

	/*
	 * Damage that was not reported yet stays where the next program finds
	 * it.
	 */
	if (damaged && store->told && set_lines_aside(store))
		rt_journal_forget_damage(journal);
	if (store->file < 0 || store->unsure || journal->damage.lines.len)
		;
	else if (rt_journal_is_empty(journal))
		(void)!unlinkat(store->dir, "journal", 0);
	else if (damaged || store->bytes >= COMPACT_MIN)
		compact(store, damaged);
	let_go(store);
}

/* --- salvage --- */

/* The first journal.damaged-N that is not there; false if all are. */
static bool find_aside(const struct rt_store *store, char *name, size_t size)
{
	struct stat st;

	for (unsigned i = 1; i <= ASIDE_MAX; i++) {
		snprintf(name, size, "journal.damaged-%u", i);
		if (fstatat(store->dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 &&
		    errno == ENOENT)
			return true;
	}
	return false;
}

/*
 * Move the journal to `aside`, and put what could be read of it in its place.
 */
static int renew(struct rt_store *store, const char *aside, struct rt_err *err)
{
	RT_AUTO_STRBUF text = { 0 };
	bool empty;

	rt_journal_forget_damage(&store->journal);
	empty = rt_journal_is_empty(&store->journal);
	rt_journal_format(&store->journal, &text);
	if (text.failed)
		return rt_fail_memory(err);
	if (!empty && !write_new(store, &text))
		return rt_fail(err, errno,
			       "write /" RT_STORE_DIR "/journal.new");
	if (renameat(store->dir, "journal", store->dir, aside) < 0)
		return rt_fail(err, errno,
			       "move /" RT_STORE_DIR "/journal to %s", aside);
	if (!empty &&
	    renameat(store->dir, "journal.new", store->dir, "journal") < 0)
		return rt_fail(err, errno,
			       "put /" RT_STORE_DIR "/journal.new in place of "
			       "the journal");
	rt_auto_fd(&store->file);
	store->file = -1;
	rt_journal_fini(&store->journal);
	return load(store, err);
}

static void report_unreadable(const struct rt_store *store, const char *aside,
			      const char *why, struct rt_report *report)
{
	const struct rt_where where = { .guest = "" };
	const struct rt_journal *journal = &store->journal;

	rt_report_add(report, RT_WARNING, "record-unreadable", where,
		      "run 'kvmrt-boot NAME' for each guest that runs; a "
		      "setting that is not on record any more stays as it is "
		      "until the host restarts",
		      "%s; it is now /" RT_STORE_DIR "/%s, and %zu settings "
		      "and %zu guests could be read of it",
		      why, aside, journal->undone, journal->n_active);
}

static int salvage(struct rt_store *store, struct rt_report *report,
		   struct rt_err *err)
{
	char aside[32], where[64];
	struct rt_err why = { 0 };
	int r = load(store, &why);

	if (r == 0 && !store->journal.damage.lines.len)
		return 0;
	if (!find_aside(store, aside, sizeof(aside)))
		return rt_fail(err, 0,
			       "there are %u /" RT_STORE_DIR
			       "/journal.damaged-N: remove those that nobody "
			       "needs",
			       ASIDE_MAX);
	snprintf(where, sizeof(where), "/" RT_STORE_DIR "/%s", aside);
	if (r < 0)
		report_unreadable(store, aside, why.text, report);
	rt_journal_report(&store->journal, where, report);
	return renew(store, aside, err);
}

int rt_store_salvage(struct rt_sys *sys, unsigned limit_ms,
		     struct rt_store *ret_store, struct rt_report *ret_report,
		     struct rt_err *err)
{
	struct rt_store store;
	int r = lock_store(sys, limit_ms, &store, err);

	if (r < 0)
		return r;
	r = salvage(&store, ret_report, err);
	if (r < 0)
		let_go(&store);
	else
		*ret_store = store;
	return r;
}

/* --- append --- */

/* All of it or none. */
static int append_bytes(struct rt_store *store, const struct rt_strbuf *text,
			struct rt_err *err)
{
	ssize_t n;

	if (store->file < 0)
		store->file = openat(store->dir, "journal",
				     O_RDWR | O_APPEND | O_CREAT | O_EXCL |
					     O_NOFOLLOW | O_CLOEXEC,
				     0600);
	if (store->file < 0)
		return rt_fail(err, errno, "make /" RT_STORE_DIR "/journal");
	do
		n = write(store->file, text->text, text->len);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)text->len)
		return rt_fail(err, n < 0 ? errno : ENOSPC,
			       "append to /" RT_STORE_DIR "/journal");
	store->bytes += text->len;
	return 0;
}

static int enter_all(struct rt_journal *journal, const struct rt_strbuf *text,
		     struct rt_err *err)
{
	int r = 0;

	for (size_t at = 0; r == 0 && at < text->len;) {
		const char *line = text->text + at;
		const size_t n = strcspn(line, "\n");

		r = rt_journal_enter(journal, line, n, err);
		at += n + 1;
	}
	return r < 0 ? rt_wrap(err, "put on record") : 0;
}

/* Reload the file, without the entries that did not reach it. */
static void take_back(struct rt_store *store)
{
	struct rt_err ignored = { 0 };

	rt_journal_fini(&store->journal);
	store->unsure = load(store, &ignored) < 0;
}

int rt_store_append(struct rt_store *store, struct rt_strbuf *entries,
		    struct rt_err *err)
{
	RT_AUTO_STRBUF text = { 0 };
	struct rt_journal *journal = &store->journal;
	int r = 0;

	if (entries->failed)
		r = rt_fail_memory(err);
	else if (store->unsure)
		r = rt_fail(err, 0,
			    "/" RT_STORE_DIR
			    "/journal cannot be read any more");
	if (r < 0 || !entries->len) {
		rt_strbuf_fini(entries);
		return r;
	}
	r = enter_all(journal, entries, err);
	/* Older programs refuse what follows; this entry says why. */
	if (r == 0 && journal->needs > 1 && journal->version < journal->needs) {
		rt_journal_add_version(&text, journal->needs);
		r = enter_all(journal, &text, err);
	}
	rt_strbuf_add(&text, entries->text, entries->len);
	rt_strbuf_fini(entries);
	if (r == 0 && text.failed)
		r = rt_fail_memory(err);
	if (r == 0)
		r = append_bytes(store, &text, err);
	if (r < 0)
		take_back(store);
	return r;
}

int rt_store_peek(struct rt_sys *sys, struct rt_journal *ret_journal,
		  struct stat *ret_stat, struct rt_err *err)
{
	RT_AUTO_FD int file = rt_sys_openat(sys, RT_STORE_DIR "/journal",
					    O_RDONLY | O_NONBLOCK, 0, err);
	RT_AUTO_FREE char *text = NULL;
	struct stat st;
	size_t len = 0;
	int r = file;

	memset(ret_journal, 0, sizeof(*ret_journal));
	if (r == -ENOENT)
		return 0;
	if (r == -EACCES)
		return rt_wrap(err, "only root may read the record");
	if (r >= 0)
		r = fstat(file, ret_stat ? ret_stat : &st) < 0 ?
			    rt_fail(err, errno, "stat it") :
			    read_file(file, &text, &len, err);
	if (r < 0)
		return rt_wrap(err, "/" RT_STORE_DIR "/journal");
	return rt_journal_replay(text ? text : "", len, ret_journal, err);
}
