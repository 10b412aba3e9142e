/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * new_file.h - a file that takes another's place, whole or not at all
 *
 * The file is written under a name of its own in the same directory (".NAME."
 * and a random number), so that any number of writers can be at work. A writer
 * that fails leaves nothing behind; one that is killed leaves the file with the
 * odd name, which nobody reads. What must outlive a power failure is flushed
 * before it is put in place.
 */
#ifndef RT_NEW_FILE_H
#define RT_NEW_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/err.h"

struct rt_new_file {
	int directory; /* borrowed */
	int fd;	       /* -1: none */
	char name[NAME_MAX + 1];
	char temporary[NAME_MAX + 1]; /* "" once it is in place */
};

/*
 * Begin one that will be called `name` in an open directory, mode less the
 * umask. The caller drops *ret whenever 0 is returned.
 */
int rt_new_file_open(int directory, const char *name, mode_t mode,
		     struct rt_new_file *ret, struct rt_err *err);
/* All of the text, however many calls that takes. */
int rt_new_file_write(struct rt_new_file *file, const char *text, size_t len,
		      struct rt_err *err);
/* Wait until it is on disk. */
int rt_new_file_flush(struct rt_new_file *file, struct rt_err *err);
/*
 * Put it in place. over: in that of a file of its name; else -EEXIST when
 * there is one.
 */
int rt_new_file_install(struct rt_new_file *file, bool over,
			struct rt_err *err);
/* Close it, and remove it if it is not in place. */
void rt_new_file_drop(struct rt_new_file *file);

#define RT_AUTO_NEW_FILE                                                       \
	__attribute__((cleanup(rt_new_file_drop))) struct rt_new_file

#endif
