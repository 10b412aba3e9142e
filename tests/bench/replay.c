/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * replay.c - make the accesses of an ops file again, and nothing else
 *
 *   replay OPS ROOT
 *
 * What succeeded when it was watched must succeed now, and what failed must
 * fail; else the time would be that of something else.
 */
#include "ops.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char buffer[1 << 20];
static int fds[OPS_FDS_MAX];

static long open2(const struct op *op, const char *path)
{
	const struct open_how how = {
		.flags = op->flags,
		.mode = op->mode,
		.resolve = op->resolve,
	};

	return syscall(SYS_openat2, fds[op->fd], path, &how, sizeof(how));
}

static long make(const struct op *op, const char *bytes)
{
	const int fd = fds[op->fd], flags = (int)op->flags;
	const char *data = bytes + op->bytes;
	struct flock lock = {
		.l_type = (short)op->mode,
		.l_start = op->offset,
		.l_len = op->len,
	};
	struct stat st;

	switch ((enum call)op->call) {
	case CALL_OPENAT:
		return fds[op->opens] =
			       openat(fd, data, flags, (mode_t)op->mode);
	case CALL_OPENAT2:
		return fds[op->opens] = (int)open2(op, data);
	case CALL_CLOSE:
		return close(fd);
	case CALL_READ:
		return read(fd, buffer, op->len);
	case CALL_PREAD:
		return pread(fd, buffer, op->len, op->offset);
	case CALL_WRITE:
		return write(fd, data, op->len);
	case CALL_PWRITE:
		return pwrite(fd, data, op->len, op->offset);
	case CALL_FTRUNCATE:
		return ftruncate(fd, op->offset);
	case CALL_GETDENTS:
		return syscall(SYS_getdents64, fd, buffer, op->len);
	case CALL_STAT:
		return fstatat(fd, data, &st, flags);
	case CALL_ACCESS:
		return syscall(SYS_faccessat, fd, data, (int)op->mode);
	case CALL_READLINK:
		return readlinkat(fd, data, buffer, op->len);
	case CALL_MKDIR:
		return mkdirat(fd, data, (mode_t)op->mode);
	case CALL_UNLINK:
		return unlinkat(fd, data, flags);
	case CALL_FLOCK:
		return flock(fd, flags);
	case CALL_FCNTL:
		return op->len ? fcntl(fd, flags, &lock) :
				 fcntl(fd, flags, op->offset);
	case N_CALLS:
		break;
	}
	return -1;
}

static const void *map(const char *path)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *file;

	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	file = mmap(NULL, (size_t)st.st_size, PROT_READ,
		    MAP_PRIVATE | MAP_POPULATE, fd, 0);
	close(fd);
	return file == MAP_FAILED ? NULL : file;
}

int main(int argc, char **argv)
{
	const struct ops_head *head;
	const struct op *ops;
	const char *bytes;

	if (argc != 3) {
		fprintf(stderr, "usage: replay OPS ROOT\n");
		return 2;
	}
	head = map(argv[1]);
	fds[OPS_ROOT] = open(argv[2], O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (!head || fds[OPS_ROOT] < 0) {
		fprintf(stderr, "replay: cannot open %s or %s\n", argv[1],
			argv[2]);
		return 1;
	}
	ops = (const struct op *)(const void *)(head + 1);
	bytes = (const char *)(ops + head->n_ops);
	for (uint64_t i = 0; i < head->n_ops; i++) {
		const bool failed = make(&ops[i], bytes) < 0;

		if (failed != !!ops[i].failed) {
			fprintf(stderr, "replay: access %llu of %s: %m\n",
				(unsigned long long)i, argv[1]);
			return 1;
		}
	}
	return 0;
}
