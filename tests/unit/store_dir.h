/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* store_dir.h - a root directory for one store, and what is in it */
#ifndef RT_TEST_STORE_DIR_H
#define RT_TEST_STORE_DIR_H

#include "host/store.h"

#include <sys/stat.h>

#include "../tap.h"

static char dir[] = "/tmp/kvmrt-store-XXXXXX";
static struct rt_sys sys;

__attribute__((unused)) static const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/run/kvmrt/%s", dir, name);
	return path;
}

__attribute__((unused)) static void put(const char *name, const char *text,
					size_t len)
{
	FILE *file = fopen(path_of(name), "we");

	if (!file || fwrite(text, 1, len, file) != len || fclose(file) != 0) {
		perror(name);
		exit(1);
	}
}

__attribute__((unused)) static long long size_of(const char *name)
{
	struct stat st;

	return stat(path_of(name), &st) < 0 ? -1 : (long long)st.st_size;
}

__attribute__((unused)) static bool open_store(struct rt_store *store)
{
	struct rt_err err = { 0 };

	return ok(rt_store_open(&sys, 0, store, &err) == 0, "it opens %s",
		  err.text);
}

#endif
