/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* store.c - the journal's file, in a directory made for it */
#include "host/store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/reconcile.h"

#include "store_dir.h"

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
	unlink(path_of("journal"));
}

/* Refused before a byte of it is in the file: the record stays good. */
static void test_checked(void)
{
	RT_AUTO_STRBUF entries = { 0 };
	struct rt_store store;
	struct rt_err err = { 0 };
	long long before;

	if (!open_store(&store))
		return;
	is_int(append(&store, "a", "1"), 0, "an entry");
	before = size_of("journal");
	rt_journal_add_save(&entries, RT_KIND_TEXT, "b", "old", "1");
	rt_journal_add_done(&entries, "a");
	rt_journal_add_save(&entries, RT_KIND_TEXT, "b", "old", "2");
	ok(rt_store_append(&store, &entries, &err) < 0 &&
		   strstr(err.text, "/b is on record already"),
	   "a path twice: %s", err.text);
	is_int(size_of("journal"), before, "is not in the file");
	ok(rt_journal_find(&store.journal, "a") &&
		   !rt_journal_find(&store.journal, "b"),
	   "nor in the state, and nothing of the same append is");
	rt_journal_add_wrote(&entries, "c", "1");
	ok(rt_store_append(&store, &entries, &err) < 0 &&
		   size_of("journal") == before,
	   "nor is what was not saved: %s", err.text);
	is_int(append(&store, "b", "1"), 0, "the next one");
	rt_store_close(&store);
	if (!open_store(&store))
		return;
	ok(!store.journal.damage.damaged &&
		   rt_journal_find(&store.journal, "a") &&
		   rt_journal_find(&store.journal, "b"),
	   "and it opens");
	rt_store_close(&store);
	unlink(path_of("journal"));
}

/* An old program refuses these: the line in front says why. */
static void test_version(void)
{
	static const char *const want[] = { "keep text a old 1 #",
					    "version 2 #", "base a new #",
					    "base a new #" };
	RT_AUTO_STRBUF entries = { 0 };
	struct rt_store store;
	struct rt_err err;
	char text[512];
	const char *line = text;
	FILE *file;
	size_t n;

	if (!open_store(&store))
		return;
	append(&store, "a", "1");
	for (unsigned i = 0; i < 2; i++) {
		rt_journal_add_base(&entries, "a", "new");
		is_int(rt_store_append(&store, &entries, &err), 0, "a base");
	}
	rt_store_close(&store);
	file = fopen(path_of("journal"), "re");
	n = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
	text[n] = '\0';
	if (file)
		fclose(file);
	for (size_t i = 0; i < 4; i++) {
		ok(strncmp(line, want[i], strlen(want[i])) == 0, "%s", want[i]);
		line += strcspn(line, "\n") + 1;
	}
	unlink(path_of("journal"));
}

/* Two good entries with a spoilt one between them. */
static void put_damaged(void)
{
	RT_AUTO_STRBUF text = { 0 };

	rt_journal_add_save(&text, RT_KIND_TEXT, "a", "old", "1");
	rt_journal_add_save(&text, RT_KIND_TEXT, "bad", "old", "1");
	rt_journal_add_save(&text, RT_KIND_TEXT, "c", "old", "1");
	*strstr(text.text, "bad old") = 'B';
	put("journal", text.text, text.len);
}

static void test_damaged(void)
{
	struct rt_report report = { 0 };
	struct rt_store store;

	put_damaged();
	for (unsigned i = 0; i < 2; i++) {
		if (!open_store(&store))
			return;
		ok(rt_journal_find(&store.journal, "a") &&
			   rt_journal_find(&store.journal, "c") &&
			   store.journal.damage.damaged == 1,
		   "a damaged line, the rest is good");
		if (i == 0)
			is_int(append(&store, "d", "1"), 0, "and goes on");
		rt_store_close(&store);
		is_int(size_of("journal.damaged"), -1,
		       "it stays until it is told");
	}
	if (!open_store(&store))
		return;
	rt_store_report(&store, &report);
	ok(report.n == 2 && strstr(report.items[0].message,
				   "set aside in /run/kvmrt/journal.damaged,"),
	   "told: %s", report.n ? report.items[0].message : "");
	rt_report_fini(&report);
	rt_store_close(&store);
	ok(size_of("journal.damaged") > 20, "set aside");
	if (!open_store(&store))
		return;
	ok(!store.journal.damage.damaged && store.journal.undone == 3,
	   "and no more in the record, which has the rest");
	rt_store_report(&store, &report);
	is_int((long long)report.n, 0, "nothing to tell");
	rt_store_close(&store);
	unlink(path_of("journal"));
	unlink(path_of("journal.damaged"));
}

/* journal.damaged has a limit, and so has what it costs. */
static void test_damaged_much(void)
{
	struct rt_report report = { 0 };
	struct rt_store store;
	const size_t size = 700 << 10;
	char *noise = malloc(size);

	if (!noise)
		exit(1);
	memset(noise, 'x', size);
	noise[size - 1] = '\n';
	for (unsigned i = 0; i < 2; i++) {
		put("journal", noise, size);
		if (!open_store(&store))
			break;
		rt_store_report(&store, &report);
		rt_store_close(&store);
		is_int(size_of("journal"), -1, "noise alone is no record");
	}
	is_int(size_of("journal.damaged"), 1 << 20, "a MiB is kept");
	rt_report_fini(&report);
	free(noise);
	unlink(path_of("journal.damaged"));
}

/* --- salvage --- */

/* What the report says, all of it; "" when it cannot be salvaged. */
static const char *salvaged(struct rt_store *store)
{
	static char text[4096];
	struct rt_report report = { 0 };
	struct rt_err err = { 0 };
	size_t len = 0;

	text[0] = '\0';
	if (!ok(rt_store_salvage(&sys, 0, store, &report, &err) == 0,
		"it is salvaged %s", err.text))
		exit(1);
	for (size_t i = 0; i < report.n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s\n",
					report.items[i].message);
	rt_report_fini(&report);
	return text;
}

static void test_salvage_good(void)
{
	struct rt_store store;

	is_str(salvaged(&store), "", "no record is a good one");
	append(&store, "a", "1");
	rt_store_close(&store);
	is_str(salvaged(&store), "", "a good one, too");
	ok(rt_journal_find(&store.journal, "a"), "stays");
	rt_store_close(&store);
	is_int(size_of("journal.damaged-1"), -1, "and nothing is moved");
	unlink(path_of("journal"));
}

static void test_salvage_lines(void)
{
	struct rt_store store;
	const char *text;
	long long before;

	put_damaged();
	before = size_of("journal");
	text = salvaged(&store);
	ok(strstr(text, "set aside in /run/kvmrt/journal.damaged-1") &&
		   strstr(text, "what /Bad held before is not known"),
	   "damaged lines: %s", text);
	ok(store.journal.undone == 2 && !store.journal.damage.damaged &&
		   append(&store, "d", "1") == 0,
	   "the rest is good, and goes on");
	rt_store_close(&store);
	is_int(size_of("journal.damaged-1"), before, "the old one is there");
	if (!open_store(&store))
		return;
	is_int((long long)store.journal.undone, 3, "and so is the new one");
	rt_store_close(&store);
	unlink(path_of("journal"));
	unlink(path_of("journal.damaged-1"));
}

static void test_salvage_unreadable(void)
{
	RT_AUTO_STRBUF text = { 0 };
	struct rt_store store;
	struct stat st;
	const char *told;

	mkdir(path_of("journal"), 0755);
	told = salvaged(&store);
	ok(strstr(told, "it is now /run/kvmrt/journal.damaged-1, and 0 "
			"settings and 0 guests"),
	   "a directory: %s", told);
	is_int(append(&store, "a", "1"), 0, "a new one is begun");
	rt_store_close(&store);
	unlink(path_of("journal"));
	ok(symlink("/etc/passwd", path_of("journal")) == 0, "a link");
	told = salvaged(&store);
	ok(strstr(told, "journal.damaged-2"), "the next number: %s", told);
	rt_store_close(&store);
	ok(lstat(path_of("journal.damaged-2"), &st) == 0 && S_ISLNK(st.st_mode),
	   "is the link");
	rt_journal_add_save(&text, RT_KIND_TEXT, "a", "old", "1");
	put("journal", text.text, text.len);
	ok(truncate(path_of("journal"), RT_JOURNAL_MAX + 1ll) == 0, "too long");
	told = salvaged(&store);
	ok(strstr(told, "longer than 64 MiB") && strstr(told, "1 settings"),
	   "its beginning is read: %s", told);
	ok(rt_journal_find(&store.journal, "a"), "and kept");
	rt_store_close(&store);
	ok(size_of("journal") < 100, "in a short file");
	rmdir(path_of("journal.damaged-1"));
	unlink(path_of("journal.damaged-2"));
	unlink(path_of("journal.damaged-3"));
	unlink(path_of("journal"));
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
	mkdir(path_of("journal"), 0755);
	is_refused("journal", "a directory in place of the journal");
	rmdir(path_of("journal"));
	if (symlink("/etc/passwd", path_of("journal")) == 0)
		is_refused("open /run/kvmrt/journal", "a link");
	unlink(path_of("journal"));
	put("journal", "", 0);
	if (truncate(path_of("journal"), RT_JOURNAL_MAX + 1ll) == 0)
		is_refused("longer than 64 MiB", "a long journal");
	unlink(path_of("journal"));
	chmod(directory, 0777);
	is_refused("may be written by others", "a directory for all");
	chmod(directory, 0775);
	is_refused("may be written by others", "a directory for a group");
	chmod(directory, 0755);
	unlink(path_of("lock"));
	if (symlink("/etc/passwd", path_of("lock")) == 0)
		is_refused("open /run/kvmrt/lock", "a lock that is a link");
	unlink(path_of("lock"));
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

/* Without room, or with something in its way, the old file stays. */
static void test_compaction_fails(void)
{
	for (unsigned i = 0; i < 2; i++) {
		RT_AUTO_STRBUF entries = { 0 };
		struct rlimit old, small;
		struct rt_store store;
		struct rt_err err;
		long long before;

		if (!open_store(&store))
			return;
		append(&store, "a", "1");
		append(&store, "b", "1");
		for (unsigned n = 0; n < 12000; n++)
			rt_journal_add_wrote(&entries, "a", "two");
		is_int(rt_store_append(&store, &entries, &err), 0,
		       "a long history");
		before = size_of("journal");
		getrlimit(RLIMIT_FSIZE, &old);
		small = old;
		small.rlim_cur = 20;
		if (i == 0)
			setrlimit(RLIMIT_FSIZE, &small);
		else
			mkdir(path_of("journal.new"), 0755);
		rt_store_close(&store);
		setrlimit(RLIMIT_FSIZE, &old);
		rmdir(path_of("journal.new"));
		is_int(size_of("journal"), before,
		       i ? "something is in its way: the old file stays" :
			   "half of the new file: the old one stays");
		is_int(size_of("journal.new"), -1, "nothing is left of it");
		if (!open_store(&store))
			return;
		ok(rt_journal_find(&store.journal, "a") &&
			   rt_journal_find(&store.journal, "b"),
		   "what was recorded is there");
		rt_store_close(&store);
		unlink(path_of("journal"));
	}
}

/* 12,000 entries about a, and one about b. */
static bool make_long(struct rt_store *store)
{
	RT_AUTO_STRBUF entries = { 0 };
	struct rt_err err;

	if (!open_store(store))
		return false;
	append(store, "a", "1");
	append(store, "b", "1");
	for (unsigned n = 0; n < 12000; n++)
		rt_journal_add_wrote(&entries, "a", "two");
	return is_int(rt_store_append(store, &entries, &err), 0,
		      "a long history");
}

static void is_whole(const char *name)
{
	struct rt_store store;

	if (!open_store(&store))
		return;
	ok(rt_journal_find(&store.journal, "a") &&
		   strcmp(rt_journal_find(&store.journal, "a")->wrote, "two") ==
			   0 &&
		   rt_journal_find(&store.journal, "b") &&
		   !store.journal.damage.damaged,
	   "%s: the record is whole", name);
	rt_store_close(&store);
}

/* The process is killed after so many bytes of the new file. */
static void test_compaction_killed(void)
{
	static const rlim_t sizes[] = { 0, 1, 15, 40, 60, 70 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct rt_store store;
		char name[64];
		int status = 0;
		pid_t pid;

		snprintf(name, sizeof(name), "killed after %u bytes",
			 (unsigned)sizes[i]);
		if (!make_long(&store))
			return;
		fflush(stdout);
		pid = fork();
		if (pid == 0) {
			const struct rlimit none = { 0, 0 };
			const struct rlimit small = { sizes[i], sizes[i] };

			setrlimit(RLIMIT_CORE, &none);
			setrlimit(RLIMIT_FSIZE, &small);
			signal(SIGXFSZ, SIG_DFL);
			rt_store_close(&store);
			/* It was short, and the next write is refused. */
			raise(SIGKILL);
		}
		(void)waitpid(pid, &status, 0);
		ok(WIFSIGNALED(status), "%s", name);
		/* This one only lets go of what it has in memory. */
		store.unsure = true;
		rt_store_close(&store);
		ok(size_of("journal") > 256 << 10, "the old file is there");
		is_whole(name);
		ok(size_of("journal") < 256, "the next one makes it short");
		is_int(size_of("journal.new"), -1, "and nothing is left over");
		is_whole("then");
		unlink(path_of("journal"));
	}
}

/* What somebody else has put there is neither followed nor believed. */
static void test_compaction_trap(void)
{
	struct rt_store store;
	FILE *file;

	if (!make_long(&store))
		return;
	file = fopen(path_of("journal.new"), "we");
	if (!file || fputs("keep list c 1 2 #00000000\n", file) == EOF ||
	    fclose(file) == EOF)
		ok(false, "a new file of another time");
	rt_store_close(&store);
	ok(size_of("journal") < 256, "an old new file is written over");
	is_whole("an old new file");
	unlink(path_of("journal"));
	if (!make_long(&store))
		return;
	ok(symlink("victim", path_of("journal.new")) == 0, "a link");
	rt_store_close(&store);
	ok(size_of("journal") > 256 << 10 && size_of("victim") == -1,
	   "a link is not followed");
	unlink(path_of("journal.new"));
	is_whole("a link");
	unlink(path_of("journal"));
}

/* A record that cannot be read again is neither written nor removed. */
static void test_unsure(void)
{
	struct rt_store store;

	if (!open_store(&store))
		return;
	append(&store, "a", "1");
	/* Nothing that can be read: it would look like an empty record. */
	if (truncate(path_of("journal"), 0) < 0 ||
	    truncate(path_of("journal"), RT_JOURNAL_MAX + 1ll) < 0)
		ok(false, "a journal that is too long");
	ok(append(&store, "a", "1") < 0, "an entry that does not fit");
	ok(append(&store, "b", "1") < 0, "and none that would");
	rt_store_close(&store);
	is_int(size_of("journal"), RT_JOURNAL_MAX + 1ll, "the file is there");
	unlink(path_of("journal"));
}

/* What a newer version said of a guest stays said; its counters go with it. */
static void test_guest(void)
{
	static const char uuid[] = "6a1f0c1e-0000-4000-8000-000000000001";
	static char name[] = "rt1", unknown[] = " numa=2";
	RT_AUTO_STRBUF entries = { 0 };
	struct rt_active active = {
		.stage = RT_STAGE_STARTED,
		.pid = 1,
		.guest = { .name = name },
		.unknown = unknown,
	};
	const struct rt_active *found;
	struct rt_store store;
	struct rt_err err;

	if (!open_store(&store))
		return;
	snprintf(active.guest.uuid, sizeof(active.guest.uuid), "%s", uuid);
	rt_journal_add_guest(&entries, &active);
	is_int(rt_store_append(&store, &entries, &err), 0, "a newer one's");
	active.unknown = NULL;
	active.pid = 2;
	is_int(rt_reconcile_add(&store, &active, &err), 0, "recorded by us");
	found = rt_journal_find_guest(&store.journal, uuid);
	is_str(found ? found->unknown : NULL, unknown, "keeps what it said");
	is_int(found ? found->pid : 0, 2, "and is ours otherwise");
	put("counts-6a1f0c1e-0000-4000-8000-000000000001", "", 0);
	is_int(rt_reconcile_drop(&store, uuid, &err), 0, "it ends");
	is_int(size_of("counts-6a1f0c1e-0000-4000-8000-000000000001"), -1,
	       "its counters go with it");
	is_int(rt_reconcile_drop(&store, uuid, &err), 0, "once");
	rt_store_close(&store);
	is_int(size_of("journal"), -1, "and nothing is on record");
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
	test_checked();
	test_version();
	test_damaged();
	test_damaged_much();
	test_salvage_good();
	test_salvage_lines();
	test_salvage_unreadable();
	test_distrust();
	test_full();
	test_compaction();
	test_compaction_fails();
	test_compaction_killed();
	test_compaction_trap();
	test_unsure();
	test_guest();
	unlink(path_of("lock"));
	unlink(path_of("waiting"));
	rmdir(path_of(""));
	is_int(rmdir(path), 0, "nothing else was made");
	rt_sys_close(&sys);
	rmdir(dir);
	return tap_done();
}
