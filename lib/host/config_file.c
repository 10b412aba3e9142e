/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config_file.c - kvmrt.cfg on disk: read with distrust, replaced whole */
#include "config_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "new_file.h"

/* Where a file really is: its directory, and its name there. */
struct spot {
	int directory;
	char name[NAME_MAX + 1];
};

void rt_config_file_fini(struct rt_config_file *file)
{
	free(file->path);
	free(file->text);
	memset(file, 0, sizeof(*file));
}

static int open_file(struct rt_sys *sys, const struct rt_config_file *file,
		     int flags, struct rt_err *err)
{
	int fd;

	if (file->below)
		return rt_sys_openat(sys, RT_CONFIG_PATH, flags | O_CLOEXEC, 0,
				     err);
	fd = openat(AT_FDCWD, file->path, flags | O_CLOEXEC);
	return fd < 0 ? rt_fail(err, errno, "cannot open %s", file->path) : fd;
}

/* Refuse what is not safe to read or to believe. */
static int check_file(const char *path, const struct stat *st,
		      struct rt_err *err)
{
	if (S_ISDIR(st->st_mode))
		return rt_fail(err, 0, "%s is a directory, not a file", path);
	if (!S_ISREG(st->st_mode))
		return rt_fail(err, 0,
			       "%s is a pipe, a device or a socket, not a "
			       "plain file",
			       path);
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return rt_fail(err, 0,
			       "%s belongs to user %u: it must belong to root "
			       "or to you (chown root %s)",
			       path, (unsigned)st->st_uid, path);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return rt_fail(err, 0,
			       "%s may be written by others than its owner "
			       "(chmod go-w %s)",
			       path, path);
	if (st->st_size > (off_t)RT_CONFIG_FILE_MAX)
		return rt_fail(err, 0, "%s is larger than %u MiB", path,
			       RT_CONFIG_FILE_MAX >> 20);
	return 0;
}

static int read_text(int fd, struct rt_config_file *file, struct rt_err *err)
{
	RT_AUTO_STRBUF text = { 0 };
	char buf[16384];
	ssize_t n;

	do {
		n = read(fd, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return rt_fail(err, errno, "cannot read %s",
				       file->path);
		rt_strbuf_add(&text, buf, (size_t)n);
		/* It may grow while it is read. */
		if (text.len > RT_CONFIG_FILE_MAX)
			return rt_fail(err, 0, "%s is larger than %u MiB",
				       file->path, RT_CONFIG_FILE_MAX >> 20);
	} while (n != 0);
	file->len = text.len;
	return rt_strbuf_take(&text, &file->text, err);
}

/* Fills all but path and below. */
static int read_file(struct rt_sys *sys, struct rt_config_file *file,
		     struct rt_err *err)
{
	RT_AUTO_FD int fd = -1;
	struct stat st;
	int r;

	/* A fifo without a writer must not keep us waiting. */
	fd = open_file(sys, file, O_RDONLY | O_NONBLOCK | O_NOCTTY, err);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return rt_fail(err, errno, "cannot examine %s", file->path);
	r = check_file(file->path, &st, err);
	if (r == 0)
		r = read_text(fd, file, err);
	if (r < 0)
		return r;
	file->exists = true;
	file->device = st.st_dev;
	file->inode = st.st_ino;
	return 0;
}

bool rt_config_path_is_live(const char *path)
{
	return !path || strcmp(path, "/" RT_CONFIG_PATH) == 0;
}

static int name_file(struct rt_sys *sys, const char *path,
		     struct rt_config_file *file, struct rt_err *err)
{
	RT_AUTO_STRBUF text = { 0 };

	memset(file, 0, sizeof(*file));
	file->below = !path;
	if (path)
		rt_strbuf_adds(&text, path);
	else
		rt_strbuf_addf(&text, "%s/" RT_CONFIG_PATH,
			       sys->live ? "" : sys->root_path);
	return rt_strbuf_take(&text, &file->path, err);
}

int rt_config_file_read(struct rt_sys *sys, const char *path,
			struct rt_config_file *ret_file, struct rt_err *err)
{
	struct rt_config_file file;
	int r = name_file(sys, path, &file, err);

	if (r == 0)
		r = read_file(sys, &file, err);
	if (r == -ENOENT) {
		rt_fail(err, 0,
			"there is no %s ('kvmrt-import' makes one from the "
			"guests that libvirt has)",
			file.path);
		err->code = ENOENT;
	}
	if (r < 0) {
		rt_config_file_fini(&file);
		return r;
	}
	*ret_file = file;
	return 0;
}

int rt_config_file_read_or_new(struct rt_sys *sys, const char *path,
			       struct rt_config_file *ret_file,
			       struct rt_err *err)
{
	struct rt_config_file file;
	int r = rt_config_file_read(sys, path, ret_file, err);

	if (r != -ENOENT)
		return r;
	r = name_file(sys, path, &file, err);
	if (r == 0) {
		file.text = strdup("");
		r = file.text ? 0 : rt_fail_memory(err);
	}
	if (r < 0) {
		rt_config_file_fini(&file);
		return r;
	}
	*ret_file = file;
	return 0;
}

static int split_path(const char *path, char *directory, size_t size,
		      struct spot *spot, struct rt_err *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	const size_t len = slash ? (size_t)(slash - path) : 0;

	if (!*name || strlen(name) > NAME_MAX || len + 2 > size)
		return rt_fail(err, ENAMETOOLONG, "cannot write %s", path);
	snprintf(spot->name, sizeof(spot->name), "%s", name);
	snprintf(directory, size, "%.*s", (int)len, path);
	if (!len)
		snprintf(directory, size, "%s", slash ? "/" : ".");
	return 0;
}

/* -ESTALE */
static int changed_meanwhile(const struct rt_config_file *file,
			     struct rt_err *err)
{
	rt_fail(err, 0,
		"%s was changed by somebody else meanwhile and is left as it "
		"is: see what was changed, and try again",
		file->path);
	err->code = ESTALE;
	return -ESTALE;
}

/*
 * The directory of an open file, whatever links led to it. The kernel says the
 * path, and the file of that name there must be the same file.
 */
static int find_spot(int fd, const struct rt_config_file *file,
		     struct spot *spot, struct rt_err *err)
{
	char link[64], path[PATH_MAX], directory[PATH_MAX];
	struct stat st;
	ssize_t n;
	int r;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return rt_fail(err, errno, "cannot find where %s is",
			       file->path);
	path[n] = '\0';
	r = split_path(path, directory, sizeof(directory), spot, err);
	if (r < 0)
		return r;
	spot->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (spot->directory < 0)
		return rt_fail(err, errno, "cannot open %s", directory);
	if (fstatat(spot->directory, spot->name, &st, AT_SYMLINK_NOFOLLOW) <
		    0 ||
	    st.st_dev != file->device || st.st_ino != file->inode)
		return changed_meanwhile(file, err);
	return 0;
}

/* The directory of a file that is not there yet. */
static int find_new_spot(struct rt_sys *sys, const struct rt_config_file *file,
			 struct spot *spot, struct rt_err *err)
{
	char directory[PATH_MAX];
	int r = split_path(file->below ? RT_CONFIG_PATH : file->path, directory,
			   sizeof(directory), spot, err);

	if (r < 0)
		return r;
	if (file->below)
		spot->directory = rt_sys_openat(
			sys, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0,
			err);
	else
		spot->directory =
			open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (spot->directory < 0)
		return file->below ?
			       spot->directory :
			       rt_fail(err, errno, "cannot open %s", directory);
	return 0;
}

/* The old file's owner and mode. */
static int make_like(int fd, const struct stat *like, struct rt_err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return rt_fail(err, errno, "cannot examine the new file");
	if ((st.st_uid != like->st_uid || st.st_gid != like->st_gid) &&
	    fchown(fd, like->st_uid, like->st_gid) < 0)
		return rt_fail(err, errno,
			       "cannot give the new file the old one's owner");
	/* After the owner: changing that takes mode bits away. */
	if (fchmod(fd, like->st_mode & 07777) < 0)
		return rt_fail(err, errno,
			       "cannot give the new file the old one's mode");
	return 0;
}

/* -ESTALE when what is on disk is not what was read. */
static int check_unchanged(struct rt_sys *sys,
			   const struct rt_config_file *file,
			   struct rt_err *err)
{
	struct rt_config_file now = {
		.path = file->path,
		.below = file->below,
	};
	bool same;
	int r = read_file(sys, &now, err);

	if (r == -ENOENT && !file->exists)
		return 0;
	if (r < 0)
		return r;
	same = file->exists && now.inode == file->inode &&
	       now.device == file->device && now.len == file->len &&
	       memcmp(now.text, file->text, now.len) == 0;
	free(now.text);
	if (same)
		return 0;
	return changed_meanwhile(file, err);
}

static int replace(struct rt_sys *sys, const struct rt_config_file *file,
		   struct spot *spot, const char *text, size_t len,
		   struct stat *ret_st, struct rt_err *err)
{
	struct stat like = { .st_mode = 0644 };
	RT_AUTO_NEW_FILE new = { .fd = -1 };
	RT_AUTO_FD int old = -1;
	int r;

	like.st_uid = geteuid();
	like.st_gid = getegid();
	if (file->exists) {
		old = open_file(sys, file, O_RDONLY | O_NONBLOCK | O_NOCTTY,
				err);
		if (old < 0)
			return old;
		if (fstat(old, &like) < 0)
			return rt_fail(err, errno, "cannot examine it");
		r = find_spot(old, file, spot, err);
	} else {
		r = find_new_spot(sys, file, spot, err);
	}
	if (r == 0)
		r = rt_new_file_open(spot->directory, spot->name, 0600, &new,
				     err);
	if (r == 0)
		r = rt_new_file_write(&new, text, len, err);
	if (r == 0)
		r = make_like(new.fd, &like, err);
	if (r == 0)
		r = rt_new_file_flush(&new, err);
	if (r == 0)
		r = check_unchanged(sys, file, err);
	if (r == 0 && fstat(new.fd, ret_st) < 0)
		r = rt_fail(err, errno, "cannot examine the new file");
	if (r == 0)
		/* Never over one that appeared meanwhile. */
		r = rt_new_file_install(&new, file->exists, err);
	if (r == 0)
		/*
		 * Too late to fail: the file is in place, if not yet on disk.
		 */
		(void)fsync(spot->directory);
	return r == -EEXIST ? changed_meanwhile(file, err) : r;
}

int rt_config_file_write(struct rt_sys *sys, struct rt_config_file *file,
			 const char *text, size_t len, struct rt_err *err)
{
	struct spot spot = { .directory = -1 };
	RT_AUTO_STRBUF copy = { 0 };
	char *kept = NULL;
	struct stat st;
	int r;

	rt_strbuf_add(&copy, text, len);
	r = rt_strbuf_take(&copy, &kept, err);
	if (r < 0)
		return r;
	r = replace(sys, file, &spot, text, len, &st, err);
	if (spot.directory >= 0)
		close(spot.directory);
	if (r < 0) {
		free(kept);
		return rt_wrap(err, "%s is as before", file->path);
	}
	free(file->text);
	file->text = kept;
	file->len = len;
	file->exists = true;
	file->device = st.st_dev;
	file->inode = st.st_ino;
	return 0;
}
