/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* baseline_file.c - what was agreed, on disk: several writers at once */
#include "../tap.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/baseline_file.h"

#define UUID   "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"
#define DIR_OF "root/var/lib/kvmrt/agreed"
#define ROUNDS 300

/* How many of the writes failed, each of another text than the last. */
static int write_often(struct rt_sys *sys, int who)
{
	int failed = 0;

	for (int i = 0; i < ROUNDS; i++) {
		char section[64], domain[64];
		struct rt_baseline agreed = { section, domain };
		struct rt_err err = { 0 };

		snprintf(section, sizeof(section), "{\"writer\":%d}", who);
		snprintf(domain, sizeof(domain), "{\"round\":%d}", i);
		if (rt_baseline_write(sys, UUID, &agreed, &err) == 0)
			continue;
		if (!failed++)
			fprintf(stderr, "%s\n", err.text);
	}
	return failed;
}

static void test_two_writers(struct rt_sys *sys)
{
	struct rt_baseline agreed;
	struct rt_err err = { 0 };
	struct stat st;
	int status = -1;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0)
		_exit(write_often(sys, 1) > 0);
	is_int(write_often(sys, 2), 0, "no write of ours failed");
	waitpid(child, &status, 0);
	is_int(status, 0, "nor any of another process");
	is_int(rt_baseline_read(sys, UUID, &agreed, &err), 0, "what is there");
	is_str(agreed.domain, "{\"round\":299}", "is a writer's last word");
	rt_baseline_fini(&agreed);
	ok(stat(DIR_OF "/" UUID, &st) == 0 && (st.st_mode & 07777) == 0600,
	   "for nobody else to read");
}

/* In a child, whose files may not grow beyond 4 KiB. */
static void test_failure(struct rt_sys *sys)
{
	static char big[65536];
	char domain[] = "{}";
	struct rt_baseline agreed = { big, domain };
	struct rt_err err = { 0 };
	int status = -1;
	pid_t child;

	ok(rt_baseline_write(sys, "../x", &agreed, &err) < 0,
	   "what is no UUID names no file: %s", err.text);
	memset(big, 'x', sizeof(big) - 1);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		const struct rlimit limit = { 4096, 4096 };

		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &limit);
		_exit(rt_baseline_write(sys, UUID, &agreed, &err) == -EFBIG &&
				      strstr(err.text,
					     "write "
					     "/var/lib/kvmrt/agreed/" UUID) ?
			      7 :
			      1);
	}
	waitpid(child, &status, 0);
	is_int(WEXITSTATUS(status), 7, "no room for the new file");
	is_int(rt_baseline_read(sys, UUID, &agreed, &err), 0, "the old one");
	is_str(agreed.domain, "{\"round\":299}", "is whole");
	rt_baseline_fini(&agreed);
}

static void test_remove(struct rt_sys *sys)
{
	struct rt_baseline agreed;
	struct rt_err err = { 0 };

	ok(rt_baseline_remove(sys, "../x", &err) < 0,
	   "what is no UUID names no file: %s", err.text);
	is_int(rt_baseline_remove(sys, UUID, &err), 0, "it is removed");
	is_int(rt_baseline_read(sys, UUID, &agreed, &err), 0, "what is there");
	ok(!agreed.section && !agreed.domain, "is nothing");
	is_int(rt_baseline_remove(sys, UUID, &err), 0, "none is as good");
}

static unsigned entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n - 2;
}

int main(void)
{
	char directory[] = "/tmp/baseline-file-XXXXXX";
	struct rt_sys sys;
	struct rt_err err;

	if (!mkdtemp(directory) || chdir(directory) < 0 ||
	    mkdir("root", 0755) < 0 || mkdir("root/var", 0755) < 0 ||
	    mkdir("root/var/lib", 0755) < 0 ||
	    rt_sys_open("root", &sys, &err) < 0) {
		ok(false, "a directory to work in");
		return tap_done();
	}
	test_two_writers(&sys);
	is_int(entries(DIR_OF), 1, "and no other file is there");
	test_failure(&sys);
	is_int(entries(DIR_OF), 1, "nothing is left of what failed");
	test_remove(&sys);
	rt_sys_close(&sys);
	ok(rmdir(DIR_OF) == 0 && rmdir("root/var/lib/kvmrt") == 0 &&
		   rmdir("root/var/lib") == 0 && rmdir("root/var") == 0 &&
		   rmdir("root") == 0 && rmdir(directory) == 0,
	   "nothing is left behind");
	return tap_done();
}
