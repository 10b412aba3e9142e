/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops.h - the accesses that a program made to a tree, to be made again
 *
 * A file of them is one struct ops_head, the ops, and the bytes that they
 * point into. It is mapped and used as it is: reading it must not cost.
 */
#ifndef BENCH_OPS_H
#define BENCH_OPS_H

#include <stdint.h>

#define OPS_FDS_MAX 64
#define OPS_ROOT    0 /* the handle that is open from the start */

enum call {
	CALL_OPENAT,
	CALL_OPENAT2,
	CALL_CLOSE,
	CALL_READ,
	CALL_PREAD,
	CALL_WRITE,
	CALL_PWRITE,
	CALL_FTRUNCATE,
	CALL_GETDENTS,
	CALL_STAT,
	CALL_ACCESS,
	CALL_READLINK,
	CALL_MKDIR,
	CALL_UNLINK,
	CALL_FLOCK,
	CALL_FCNTL,
	N_CALLS,
};

/* Handles are numbered as in the program that was watched. */
struct op {
	uint32_t call;
	int32_t fd;	 /* worked on, or what path starts at */
	int32_t opens;	 /* for the opening calls */
	uint32_t failed; /* it did: it must again */
	uint32_t bytes;	 /* where path or data begins */
	uint32_t len;	 /* of data, or of the buffer */
	uint64_t flags;
	uint64_t mode;
	uint64_t resolve;
	int64_t offset;
};

struct ops_head {
	uint64_t n_ops, n_bytes;
};

#endif
