/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tree.c - a directory's content in memory */
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void die(const char *path)
{
	printf("Bail out! %s: %s\n", path, strerror(errno));
	exit(1);
}

static char *read_text(const char *path, mode_t mode, size_t *ret_len)
{
	static char buf[1 << 20];
	ssize_t n;
	char *text;

	if (S_ISSOCK(mode)) {
		n = 0;
	} else if (S_ISLNK(mode)) {
		n = readlink(path, buf, sizeof(buf) - 1);
	} else {
		const int fd = open(path, O_RDONLY | O_CLOEXEC);

		n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);
		close(fd);
	}
	if (n < 0)
		die(path);
	buf[n] = '\0';
	text = malloc((size_t)n + 1);
	if (!text)
		die("memory");
	memcpy(text, buf, (size_t)n + 1);
	*ret_len = (size_t)n;
	return text;
}

static int compare_entries(const void *a, const void *b)
{
	const struct tree_entry *x = a, *y = b;

	return strcmp(x->path, y->path);
}

void tree_read(struct tree *tree, const char *root)
{
	char *paths[] = { tree->root, NULL };
	FTSENT *found;
	FTS *walk;

	memset(tree, 0, sizeof(*tree));
	snprintf(tree->root, sizeof(tree->root), "%s", root);
	walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	if (!walk)
		die(root);
	while ((found = fts_read(walk))) {
		struct tree_entry entry = { .mode = found->fts_statp->st_mode };

		if (found->fts_info == FTS_DP)
			continue;
		entry.path = strdup(found->fts_path + strlen(root));
		if (tree->n == tree->size) {
			tree->size = tree->size ? tree->size * 2 : 512;
			tree->items = realloc(tree->items,
					      tree->size * sizeof(entry));
		}
		if (!entry.path || !tree->items)
			die("memory");
		if (!S_ISDIR(entry.mode))
			entry.text = read_text(found->fts_path, entry.mode,
					       &entry.len);
		tree->items[tree->n++] = entry;
	}
	fts_close(walk);
	qsort(tree->items, tree->n, sizeof(*tree->items), compare_entries);
}

void tree_fini(struct tree *tree)
{
	for (size_t i = 0; i < tree->n; i++) {
		free(tree->items[i].path);
		free(tree->items[i].text);
	}
	free(tree->items);
	memset(tree, 0, sizeof(*tree));
}

static void put_entry(const struct tree_entry *entry, const char *root)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s%s", root, entry->path);
	if (S_ISDIR(entry->mode)) {
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			die(path);
		return;
	}
	unlink(path);
	if (S_ISLNK(entry->mode)) {
		if (symlink(entry->text, path) < 0)
			die(path);
		return;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 ||
	    write(fd, entry->text, entry->len) != (ssize_t)entry->len ||
	    fchmod(fd, entry->mode & 07777) < 0)
		die(path);
	close(fd);
}

void tree_remove(const char *path)
{
	char root[512];
	char *paths[] = { root, NULL };
	FTSENT *found;
	FTS *walk;

	snprintf(root, sizeof(root), "%s", path);
	walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	if (!walk)
		die(root);
	while ((found = fts_read(walk))) {
		if (found->fts_info == FTS_D || found->fts_info == FTS_NS)
			continue;
		if (remove(found->fts_path) < 0)
			die(found->fts_path);
	}
	fts_close(walk);
}

static bool is_equal(const struct tree_entry *a, const struct tree_entry *b)
{
	return a->mode == b->mode && a->len == b->len &&
	       (S_ISDIR(a->mode) || memcmp(a->text, b->text, a->len) == 0);
}

void tree_change(const struct tree *from, const struct tree *to)
{
	for (size_t i = 0; i < to->n; i++) {
		const struct tree_entry *entry = &to->items[i];
		const struct tree_entry *old =
			bsearch(entry, from->items, from->n, sizeof(*entry),
				compare_entries);

		if (!old || !is_equal(old, entry))
			put_entry(entry, to->root);
	}
	for (size_t i = 0; i < from->n; i++) {
		char path[4096];

		if (bsearch(&from->items[i], to->items, to->n,
			    sizeof(*to->items), compare_entries))
			continue;
		snprintf(path, sizeof(path), "%s%s", from->root,
			 from->items[i].path);
		tree_remove(path);
	}
}

static bool is_same(const struct tree_entry *entry, const FTSENT *found)
{
	size_t len;
	char *text;
	bool same;

	if (entry->mode != found->fts_statp->st_mode)
		return false;
	if (S_ISDIR(entry->mode))
		return true;
	text = read_text(found->fts_path, entry->mode, &len);
	same = len == entry->len && memcmp(text, entry->text, len) == 0;
	free(text);
	return same;
}

struct restorer {
	const struct tree *tree;
	bool (*may_differ)(const char *path);
	char *ret_path;
	size_t size;
	bool differs;
};

static void differ(struct restorer *restorer, const char *path, const char *how)
{
	if (restorer->differs || restorer->may_differ(path))
		return;
	restorer->differs = true;
	snprintf(restorer->ret_path, restorer->size, "%s %s", path, how);
}

static void visit(struct restorer *restorer, const FTSENT *found, bool *seen)
{
	const struct tree *tree = restorer->tree;
	struct tree_entry key = { .path = found->fts_path +
					  strlen(tree->root) };
	const struct tree_entry *entry = bsearch(&key, tree->items, tree->n,
						 sizeof(key), compare_entries);

	if (!entry) {
		if (found->fts_info == FTS_D)
			return; /* on the way back, when it is empty */
		differ(restorer, key.path, "is new");
		if ((found->fts_info == FTS_DP ? rmdir(found->fts_path) :
						 unlink(found->fts_path)) < 0)
			die(found->fts_path);
		return;
	}
	if (found->fts_info == FTS_DP)
		return;
	seen[entry - tree->items] = true;
	if (is_same(entry, found))
		return;
	differ(restorer, key.path, "has changed");
	put_entry(entry, tree->root);
}

bool tree_restore(const struct tree *tree, bool (*may_differ)(const char *path),
		  char *ret_path, size_t size)
{
	struct restorer restorer = { tree, may_differ, ret_path, size, false };
	bool *seen = calloc(tree->n, sizeof(*seen));
	char root[256];
	char *paths[] = { root, NULL };
	FTSENT *found;
	FTS *walk;

	snprintf(root, sizeof(root), "%s", tree->root);
	walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	if (!walk || !seen)
		die(root);
	while ((found = fts_read(walk)))
		visit(&restorer, found, seen);
	fts_close(walk);
	for (size_t i = 0; i < tree->n; i++) {
		if (seen[i])
			continue;
		differ(&restorer, tree->items[i].path, "is missing");
		put_entry(&tree->items[i], tree->root);
	}
	free(seen);
	return restorer.differs;
}
