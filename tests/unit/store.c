/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* store.c - the journal's file and the lock, in a directory made for it */
#include "host/store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../tap.h"

static char dir[] = "/tmp/kvmrt-store-XXXXXX";
static struct rt_sys sys;

static const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/run/kvmrt/%s", dir, name);
	return path;
}

static void put(const char *name, const char *text, size_t len)
{
	FILE *file = fopen(path_of(name), "we");

	if (!file || fwrite(text, 1, len, file) != len || fclose(file) != 0) {
		perror(name);
		exit(1);
	}
}

static long long size_of(const char *name)
{
	struct stat st;

	return stat(path_of(name), &st) < 0 ? -1 : (long long)st.st_size;
}

static bool open_store(struct rt_store *store)
{
	struct rt_err err = { 0 };

	return ok(rt_store_open(&sys, 0, store, &err) == 0, "it opens %s",
		  err.text);
}

static int append(struct rt_store *store, const char *path, const char *value)
{
	RT_AUTO_STRBUF entries = { 0 };
	struct rt_err err;

	rt_journal_add_save(&entries, RT_KIND_TEXT, path, "old", value);
	return rt_store_append(store, &entries, &err);
}

static void test_life(void)
{
	RT_AUTO_STRBUF entries = { 0 };
	struct rt_store store;
	struct rt_err err;
	struct stat st;

	if (!open_store(&store))
		return;
	is_int(size_of("journal"), -1, "nothing to record, no file");
	is_int(rt_store_append(&store, &entries, &err), 0, "no entry");
	is_int(size_of("journal"), -1, "makes no file either");
	is_int(append(&store, "a", "1"), 0, "an entry");
	ok(rt_journal_find(&store.journal, "a") && size_of("journal") > 0,
	   "is in the record and in the file");
	ok(stat(path_of("journal"), &st) == 0 && (st.st_mode & 07777) == 0600,
	   "which is for root alone");
	rt_store_close(&store);
	ok(size_of("journal") > 0, "the file stays");
	if (!open_store(&store))
		return;
	ok(rt_journal_find(&store.journal, "a"), "and is read again");
	rt_journal_add_done(&entries, "a");
	is_int(rt_store_append(&store, &entries, &err), 0, "given back");
	rt_store_close(&store);
	is_int(size_of("journal"), -1, "an empty record has no file");
}

static void test_torn(void)
{
	RT_AUTO_STRBUF text = { 0 };
	struct rt_store store;
	size_t whole;

	rt_journal_add_save(&text, RT_KIND_TEXT, "a", "old", "1");
	whole = text.len;
	rt_journal_add_save(&text, RT_KIND_TEXT, "b", "old", "1");
	put("journal", text.text, text.len - 5);
	if (!open_store(&store))
		return;
	ok(rt_journal_find(&store.journal, "a") &&
		   !rt_journal_find(&store.journal, "b"),
	   "a torn entry does not count");
	is_int(size_of("journal"), (long long)whole, "and is cut off");
	is_int(append(&store, "c", "1"), 0, "so that the next one");
	rt_store_close(&store);
	if (!open_store(&store))
		return;
	ok(rt_journal_find(&store.journal, "c"), "stands alone");
	rt_store_close(&store);
	text.text[3] ^= 1;
	put("journal", text.text, text.len);
}

static void is_refused(const char *want, const char *name)
{
	struct rt_store store;
	struct rt_err err = { 0 };
	const int r = rt_store_open(&sys, 0, &store, &err);

	ok(r < 0 && strstr(err.text, want), "%s: %s", name, err.text);
	if (r == 0)
		rt_store_close(&store);
}

static void test_distrust(void)
{
	char directory[256];

	snprintf(directory, sizeof(directory), "%s/run/kvmrt", dir);
	is_refused("line 1: an entry of the journal is damaged", "damage");
	unlink(path_of("journal"));
	mkdir(path_of("journal"), 0755);
	is_refused("journal", "a directory in place of the journal");
	rmdir(path_of("journal"));
	if (symlink("/etc/passwd", path_of("journal")) == 0)
		is_refused("open /run/kvmrt/journal", "a link");
	unlink(path_of("journal"));
	chmod(directory, 0777);
	is_refused("may be written by others", "a directory for all");
	chmod(directory, 0755);
	unlink(path_of("lock"));
	if (symlink("/etc/passwd", path_of("lock")) == 0)
		is_refused("open /run/kvmrt/lock", "a lock that is a link");
	unlink(path_of("lock"));
}

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

/* Without room the file stays as it is, and so does the record. */
static void test_full(void)
{
	struct rlimit old, small;
	struct rt_store store;
	long long before;

	if (!open_store(&store))
		return;
	is_int(append(&store, "a", "1"), 0, "there is room");
	before = size_of("journal");
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small = old;
	small.rlim_cur = (rlim_t)before + 10;
	setrlimit(RLIMIT_FSIZE, &small);
	ok(append(&store, "b", "1") < 0, "there is none");
	setrlimit(RLIMIT_FSIZE, &old);
	is_int(size_of("journal"), before, "the half entry is taken back");
	ok(!rt_journal_find(&store.journal, "b"), "and not in the record");
	is_int(append(&store, "c", "1"), 0, "there is room again");
	rt_store_close(&store);
	if (!open_store(&store))
		return;
	ok(rt_journal_find(&store.journal, "a") &&
		   rt_journal_find(&store.journal, "c"),
	   "what was recorded is there");
	rt_store_close(&store);
	unlink(path_of("journal"));
}

/* A long history of few facts is written anew. */
static void test_compaction(void)
{
	RT_AUTO_STRBUF entries = { 0 };
	struct rt_store store;
	struct rt_err err;
	long long before;

	if (!open_store(&store))
		return;
	append(&store, "a", "1");
	for (unsigned i = 0; i < 12000; i++)
		rt_journal_add_wrote(&entries, "a", i % 2 ? "one" : "two");
	is_int(rt_store_append(&store, &entries, &err), 0, "a long history");
	before = size_of("journal");
	rt_store_close(&store);
	ok(before > 256 << 10 && size_of("journal") < 200,
	   "%lld bytes become %lld", before, size_of("journal"));
	is_int(size_of("journal.new"), -1, "nothing is left of the making");
	if (!open_store(&store))
		return;
	is_str(rt_journal_find(&store.journal, "a")->wrote, "one",
	       "what it says is the same");
	rt_store_close(&store);
	unlink(path_of("journal"));
}

int main(void)
{
	struct rt_err err = { 0 };
	struct rt_store store;
	char path[256];

	if (!mkdtemp(dir) || rt_sys_open(dir, &sys, &err) < 0)
		return 1;
	is_int(rt_store_open(&sys, 0, &store, &err), -ENOENT,
	       "a host without /run");
	snprintf(path, sizeof(path), "%s/run", dir);
	mkdir(path, 0755);
	test_life();
	test_torn();
	test_distrust();
	test_lock();
	test_full();
	test_compaction();
	unlink(path_of("lock"));
	rmdir(path_of(""));
	is_int(rmdir(path), 0, "nothing else was made");
	rt_sys_close(&sys);
	rmdir(dir);
	return tap_done();
}
