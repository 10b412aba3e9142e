/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * config_file.c - kvmrt.cfg on disk, in a directory of the test's own
 *
 * "root" is a captured host with etc/kvmrt.cfg; other files are beside it.
 */
#include "../tap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/config_file.h"

static void put(const char *path, const char *text, mode_t mode)
{
	const int fd =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ok(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) &&
		   fchmod(fd, mode) == 0,
	   "made %s", path);
	close(fd);
}

static bool holds(const char *path, const char *text)
{
	char buf[256] = "";
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	const ssize_t n = read(fd, buf, sizeof(buf) - 1);

	close(fd);
	return n >= 0 && strcmp(buf, text) == 0;
}

static unsigned count(struct rt_sys *sys, const char *path)
{
	struct rt_names names = { 0 };
	struct rt_err err;
	unsigned n;

	if (rt_sys_list(sys, path, &names, &err) < 0)
		return 0;
	n = (unsigned)names.n;
	rt_names_fini(&names);
	return n;
}

static void refused(struct rt_sys *sys, const char *path, const char *word)
{
	struct rt_config_file file = { 0 };
	struct rt_err err = { 0 };
	int r = rt_config_file_read(sys, path, &file, &err);

	ok(r < 0 && strstr(err.text, word) && !file.text, "refused: %s: %s",
	   path ? path : "the default", err.text);
	rt_config_file_fini(&file);
}

static void test_read(struct rt_sys *sys)
{
	struct rt_config_file file = { 0 };
	struct rt_err err;
	int fd;

	refused(sys, NULL, "there is no");
	refused(sys, "missing.cfg", "there is no missing.cfg");
	refused(sys, "root", "is a directory");
	refused(sys, "/dev/null", "not a plain file");
	mkfifo("fifo", 0600);
	refused(sys, "fifo", "not a plain file");
	put("group.cfg", "a", 0664);
	refused(sys, "group.cfg", "chmod go-w");
	put("other.cfg", "a", 0602);
	refused(sys, "other.cfg", "chmod go-w");
	put("big.cfg", "a", 0600);
	if (truncate("big.cfg", (off_t)RT_CONFIG_FILE_MAX + 1) == 0)
		refused(sys, "big.cfg", "larger than 16 MiB");
	if (geteuid() == 0) {
		put("theirs.cfg", "a", 0644);
		if (chown("theirs.cfg", 12345, 12345) == 0)
			refused(sys, "theirs.cfg", "belongs to user 12345");
	}

	put("root/etc/kvmrt.cfg", "inside", 0644);
	is_int(rt_config_file_read(sys, NULL, &file, &err), 0, "the default");
	is_str(file.text, "inside", "is below the root");
	is_str(file.path, "root/etc/kvmrt.cfg", "and so named");
	rt_config_file_fini(&file);

	fd = open("nul.cfg", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ok(write(fd, "a\0b", 3) == 3, "made nul.cfg");
	close(fd);
	is_int(rt_config_file_read(sys, "nul.cfg", &file, &err), 0,
	       "a NUL byte is read");
	is_int((long long)file.len, 3, "and is for the parser to refuse");
	rt_config_file_fini(&file);
}

static void test_write(struct rt_sys *sys)
{
	struct rt_config_file file = { 0 };
	struct rt_err err;
	struct stat st;

	put("root/etc/kvmrt.cfg", "old", 0640);
	if (geteuid() == 0 && chown("root/etc/kvmrt.cfg", 0, 12345) < 0)
		perror("# chown");
	rt_config_file_read(sys, NULL, &file, &err);
	is_int(rt_config_file_write(sys, &file, "new", 3, &err), 0, "write");
	ok(holds("root/etc/kvmrt.cfg", "new"), "the new text is there");
	stat("root/etc/kvmrt.cfg", &st);
	is_int(st.st_mode & 07777, 0640, "the mode stays");
	if (geteuid() == 0)
		is_int(st.st_gid, 12345, "the group stays");
	is_int(count(sys, "etc"), 1, "and nothing else is");
	is_int(rt_config_file_write(sys, &file, "newer", 5, &err), 0,
	       "write again");
	is_str(file.text, "newer", "known to be what is there");

	put("root/etc/kvmrt.cfg", "their", 0640);
	is_int(rt_config_file_write(sys, &file, "mine", 4, &err), -ESTALE,
	       "changed meanwhile, in place and to the same length");
	ok(holds("root/etc/kvmrt.cfg", "their"), "theirs stays");
	is_int(count(sys, "etc"), 1, "and nothing else is");
	printf("# %s\n", err.text);
	put("root/etc/x", "newer", 0640);
	rename("root/etc/x", "root/etc/kvmrt.cfg");
	is_int(rt_config_file_write(sys, &file, "mine", 4, &err), -ESTALE,
	       "replaced meanwhile by the same text");
	unlink("root/etc/kvmrt.cfg");
	ok(rt_config_file_write(sys, &file, "mine", 4, &err) < 0,
	   "removed meanwhile: %s", err.text);
	is_int(count(sys, "etc"), 0, "and stays so");
	rt_config_file_fini(&file);
}

static void test_new(struct rt_sys *sys)
{
	struct rt_config_file file = { 0 };
	struct rt_err err;
	struct stat st;

	is_int(rt_config_file_read_or_new(sys, NULL, &file, &err), 0,
	       "not there yet");
	ok(!file.exists && file.len == 0 && *file.text == '\0', "is empty");
	put("root/etc/kvmrt.cfg", "theirs", 0644);
	is_int(rt_config_file_write(sys, &file, "mine", 4, &err), -ESTALE,
	       "made meanwhile");
	ok(holds("root/etc/kvmrt.cfg", "theirs"), "theirs stays");
	unlink("root/etc/kvmrt.cfg");
	is_int(rt_config_file_write(sys, &file, "mine", 4, &err), 0, "made");
	ok(holds("root/etc/kvmrt.cfg", "mine"), "with its text");
	stat("root/etc/kvmrt.cfg", &st);
	is_int(st.st_mode & 07777, 0644, "for all to read");
	is_int(count(sys, "etc"), 1, "and nothing else is");
	rt_config_file_fini(&file);

	is_int(rt_config_file_read_or_new(sys, "f.cfg", &file, &err), 0,
	       "a file given by name");
	is_int(rt_config_file_write(sys, &file, "f", 1, &err), 0, "is made");
	ok(holds("f.cfg", "f"), "where it was named");
	rt_config_file_fini(&file);
}

static void test_link(struct rt_sys *sys)
{
	struct rt_config_file file = { 0 };
	struct rt_err err;
	struct stat st;

	mkdir("root/srv", 0755);
	put("root/srv/real", "old", 0600);
	unlink("root/etc/kvmrt.cfg");
	ok(symlink("/srv/real", "root/etc/kvmrt.cfg") == 0, "a link");
	is_int(rt_config_file_read(sys, NULL, &file, &err), 0,
	       "is followed within the root");
	is_int(rt_config_file_write(sys, &file, "new", 3, &err), 0, "write");
	ok(lstat("root/etc/kvmrt.cfg", &st) == 0 && S_ISLNK(st.st_mode),
	   "the link stays a link");
	ok(holds("root/srv/real", "new"), "its target is replaced");
	is_int(count(sys, "etc") + count(sys, "srv"), 2,
	       "and nothing else is there");
	rt_config_file_fini(&file);
	unlink("root/etc/kvmrt.cfg");
}

/* In a child, whose files may not grow beyond 4 KiB. */
static void test_full(struct rt_sys *sys)
{
	static char big[65536];
	int *r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct rt_config_file file = { 0 };
	struct rt_err err;
	pid_t child;

	memset(big, 'x', sizeof(big));
	put("root/etc/kvmrt.cfg", "old", 0644);
	rt_config_file_read(sys, NULL, &file, &err);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		const struct rlimit limit = { 4096, 4096 };

		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &limit);
		*r = rt_config_file_write(sys, &file, big, sizeof(big), &err);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	is_int(*r, -EFBIG, "no room for the new file");
	munmap(r, sizeof(*r));
	ok(holds("root/etc/kvmrt.cfg", "old"), "the old one is whole");
	is_int(count(sys, "etc"), 1, "and nothing else is there");
	rt_config_file_fini(&file);
}

int main(void)
{
	char directory[] = "/tmp/config-file-XXXXXX";
	struct rt_sys sys;
	struct rt_err err;

	umask(022);
	if (!mkdtemp(directory) || chdir(directory) < 0 ||
	    mkdir("root", 0755) < 0 || mkdir("root/etc", 0755) < 0 ||
	    rt_sys_open("root", &sys, &err) < 0) {
		ok(false, "a directory to work in");
		return tap_done();
	}
	test_read(&sys);
	test_write(&sys);
	test_new(&sys);
	test_link(&sys);
	test_full(&sys);
	rt_sys_close(&sys);
	for (const char *const *name =
		     (const char *const[]){ "fifo", "group.cfg", "other.cfg",
					    "big.cfg", "theirs.cfg", "nul.cfg",
					    "f.cfg", "root/etc/kvmrt.cfg",
					    "root/srv/real", NULL };
	     *name; name++)
		unlink(*name);
	ok(rmdir("root/srv") == 0 && rmdir("root/etc") == 0 &&
		   rmdir("root") == 0 && rmdir(directory) == 0,
	   "nothing is left behind");
	return tap_done();
}
