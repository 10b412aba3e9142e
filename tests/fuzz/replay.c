/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* replay.c - a fuzz target without a fuzzer: the files and directories named */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "../tap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void replay_file(const char *path)
{
	static uint8_t buf[1 << 20];
	FILE *file = fopen(path, "rbe");
	uint8_t *data;
	size_t len;

	if (!file) {
		ok(false, "%s: %s", path, strerror(errno));
		return;
	}
	len = fread(buf, 1, sizeof(buf), file);
	fclose(file);
	/* Exactly as long as it is, for a sanitizer to watch. */
	data = malloc(len ? len : 1);
	if (!data) {
		ok(false, "%s: no memory", path);
		return;
	}
	memcpy(data, buf, len);
	ok(LLVMFuzzerTestOneInput(data, len) == 0, "%s", path);
	free(data);
}

static void replay(const char *path)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;

	if (!directory) {
		replay_file(path);
		return;
	}
	while ((entry = readdir(directory)) != NULL) {
		char name[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		replay_file(name);
	}
	closedir(directory);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	return tap_done();
}
