/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * config_file.h - kvmrt.cfg on disk: read with distrust, replaced whole
 *
 * Reading refuses what is no plain file, what is larger than 16 MiB, and what
 * others than its owner may write; the owner must be root or the caller.
 *
 * Writing makes a new file in the same directory, on disk before it takes the old
 * one's place: whatever happens, the old or the new text is there, whole. Mode
 * and owner stay; a symbolic link stays a link and its target is replaced. A
 * file that somebody else has changed since it was read is left alone
 * (-ESTALE).
 */
#ifndef RT_CONFIG_FILE_H
#define RT_CONFIG_FILE_H

#include <sys/types.h>

#include "sys.h"

#define RT_CONFIG_PATH	   "etc/kvmrt.cfg"
#define RT_CONFIG_FILE_MAX (16u << 20) /* bytes */

/* A file as it was when it was read. */
struct rt_config_file {
	char *path; /* for messages and to find it again */
	bool below; /* RT_CONFIG_PATH below the root; else as given by -f */
	bool exists;
	char *text; /* NUL-terminated; never NULL */
	size_t len;
	dev_t device;
	ino_t inode;
};

/*
 * path NULL is etc/kvmrt.cfg below the root of sys; another path (-f FILE) is
 * taken as it is, whatever the root. -ENOENT when there is no file. The caller
 * finis *ret_file.
 */
int rt_config_file_read(struct rt_sys *sys, const char *path,
			struct rt_config_file *ret_file, struct rt_err *err);

/* As reading; a file that is not there yet is empty, to be written later. */
int rt_config_file_read_or_new(struct rt_sys *sys, const char *path,
			       struct rt_config_file *ret_file,
			       struct rt_err *err);

/*
 * Replace it by another text; *file is then what is on disk. After a failure
 * both the file on disk and *file are as before.
 */
int rt_config_file_write(struct rt_sys *sys, struct rt_config_file *file,
			 const char *text, size_t len, struct rt_err *err);

/*
 * Is -f FILE (NULL: none) the file that is in force, and no draft? Only with it
 * may what was agreed on be written.
 */
bool rt_config_path_is_live(const char *path);

void rt_config_file_fini(struct rt_config_file *file);

#endif
