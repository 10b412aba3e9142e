/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tree.h - a directory's content in memory, to compare with and to put back
 */
#ifndef RT_TEST_TREE_H
#define RT_TEST_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct tree_entry {
	char *path; /* below the root */
	mode_t mode;
	char *text; /* of a file, or a link's target; NULL for a directory */
	size_t len;
};

struct tree {
	char root[256];
	struct tree_entry *items;
	size_t n, size;
};

/* Ends the program when the directory cannot be read. */
void tree_read(struct tree *tree, const char *root);
void tree_fini(struct tree *tree);

/*
 * Compare, and put back what differs. The first path that differs and that
 * may_differ does not excuse goes to ret_path, with how; false when there is
 * none.
 */
bool tree_restore(const struct tree *tree, bool (*may_differ)(const char *path),
		  char *ret_path, size_t size);

/* The directory holds `from`: make it hold `to`, a later state of it. */
void tree_change(const struct tree *from, const struct tree *to);

/* A file or a directory with all that is in it; one that is not there is gone. */
void tree_remove(const char *path);

#endif
