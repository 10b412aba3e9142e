/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* baseline_file.c - what configuration and definition last agreed on */
#include "baseline_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/config/config.h"
#include "new_file.h"

#define BASELINE_DIR RT_STATE_DIR "/agreed"
#define BASELINE_MAX (1u << 20)

/* The UUID becomes a file's name: only a canonical one does. */
static int check_uuid(const char *uuid, struct rt_err *err)
{
	char canonical[RT_UUID_LEN + 1];

	if (!rt_uuid_parse(uuid, canonical) || strcmp(canonical, uuid) != 0)
		return rt_fail(err, 0, "'%s' is not a UUID", uuid);
	return 0;
}

int rt_baseline_read(struct rt_sys *sys, const char *uuid,
		     struct rt_baseline *ret_baseline, struct rt_err *err)
{
	RT_AUTO_FREE char *text = NULL;
	struct rt_baseline agreed = { 0 };
	char path[128], *second, *end;
	size_t len;
	int r = check_uuid(uuid, err);

	*ret_baseline = agreed;
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), BASELINE_DIR "/%s", uuid);
	r = rt_sys_read_all(sys, path, BASELINE_MAX, &text, &len, err);
	if (r < 0)
		return r == -ENOENT || r == -EFBIG ? 0 : r;
	second = strchr(text, '\n');
	end = second ? strchr(second + 1, '\n') : NULL;
	if (!end)
		return 0;
	*second++ = *end = '\0';
	agreed.section = strdup(text);
	agreed.domain = strdup(second);
	if (!agreed.section || !agreed.domain) {
		rt_baseline_fini(&agreed);
		return rt_fail_memory(err);
	}
	*ret_baseline = agreed;
	return 0;
}

static int open_dir(struct rt_sys *sys, struct rt_err *err)
{
	static const char *const dirs[] = { "var", "lib", "kvmrt", "agreed" };
	int dir = rt_sys_openat(sys, ".", O_RDONLY | O_DIRECTORY, 0, err);

	for (size_t i = 0; dir >= 0 && i < 4; i++) {
		const int above = dir;

		if (i >= 2 && mkdirat(above, dirs[i], 0700) < 0 &&
		    errno != EEXIST) {
			rt_fail(err, errno, "make /" BASELINE_DIR);
			close(above);
			return -err->code;
		}
		dir = openat(above, dirs[i],
			     O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0)
			dir = rt_fail(err, errno, "open /" BASELINE_DIR);
		close(above);
	}
	return dir;
}

static int write_new(int dir, const char *name, const char *text, size_t len,
		     struct rt_err *err)
{
	RT_AUTO_NEW_FILE file = { .fd = -1 };
	int r = rt_new_file_open(dir, name, 0600, &file, err);

	if (r == 0)
		r = rt_new_file_write(&file, text, len, err);
	if (r == 0)
		r = rt_new_file_install(&file, true, err);
	return r < 0 ? rt_wrap(err, "write /" BASELINE_DIR "/%s", name) : 0;
}

int rt_baseline_write(struct rt_sys *sys, const char *uuid,
		      const struct rt_baseline *agreed, struct rt_err *err)
{
	struct rt_baseline now = { 0 };
	RT_AUTO_STRBUF text = { 0 };
	RT_AUTO_FREE char *whole = NULL;
	RT_AUTO_FD int dir = -1;
	size_t len;
	bool same;
	int r = rt_baseline_read(sys, uuid, &now, err);

	if (r < 0)
		return r;
	same = now.section && strcmp(now.section, agreed->section) == 0 &&
	       strcmp(now.domain, agreed->domain) == 0;
	rt_baseline_fini(&now);
	if (same)
		return 0;
	rt_strbuf_addf(&text, "%s\n%s\n", agreed->section, agreed->domain);
	len = text.len;
	r = rt_strbuf_take(&text, &whole, err);
	if (r < 0)
		return r;
	dir = open_dir(sys, err);
	return dir < 0 ? dir : write_new(dir, uuid, whole, len, err);
}

int rt_baseline_remove(struct rt_sys *sys, const char *uuid, struct rt_err *err)
{
	RT_AUTO_FD int dir = -1;
	int r = check_uuid(uuid, err);

	if (r < 0)
		return r;
	dir = rt_sys_openat(sys, BASELINE_DIR, O_RDONLY | O_DIRECTORY, 0, err);
	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	if (unlinkat(dir, uuid, 0) < 0 && errno != ENOENT)
		return rt_fail(err, errno, "remove /" BASELINE_DIR "/%s", uuid);
	return 0;
}
