/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake.c - a libvirt of files, linked under the real commands in virt.c's place
 *
 * KVMRT_CONNECT is a directory with one directory a guest, named by its UUID:
 *
 *   name, xml   what they say
 *   on          it runs; holds when it has gone, in ms of the monotonic clock,
 *               once it was asked to end (0: not asked)
 *   starts-in   how long a start takes, in ms (0)
 *   ends-in     how long it takes to go, in ms (0); "never"
 *   paused      while it runs, it does not: suspended by somebody
 *   crashed     it has crashed: off, and libvirt remembers why
 *   refuses     operations that fail: "start", "shutdown", "destroy"
 *   dies        a destroy fails, and it goes all the same
 *   drops       a piece of XML that a define leaves out
 *   instead     what a define puts in its place
 *   leaves      it goes by itself when somebody asks it to end
 *   transient   libvirt would forget it when it ends
 *
 * Each operation is a line in the directory's log: WHAT NAME, with "-end" at the
 * end of a start. Unlike libvirt's test driver it remembers from one process
 * to the next, takes time, and fails.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/strbuf.h"
#include "virt/virt.h"

struct path {
	char text[PATH_MAX];
};

static struct path path_of(const struct rt_virt *virt, const char *uuid,
			   const char *name)
{
	struct path path;

	snprintf(path.text, sizeof(path.text), "%s/%s/%s", virt->uri, uuid,
		 name);
	return path;
}

static bool has(const struct rt_virt *virt, const char *uuid, const char *name)
{
	return access(path_of(virt, uuid, name).text, F_OK) == 0;
}

/* The whole file, or what stands for one that is not there. */
static char *slurp(const struct rt_virt *virt, const char *uuid,
		   const char *name, const char *otherwise)
{
	const struct path path = path_of(virt, uuid, name);
	FILE *file = fopen(path.text, "re");
	char *text = calloc(1, 65536);
	size_t n;

	if (!text)
		abort();
	if (!file) {
		snprintf(text, 65536, "%s", otherwise);
		return text;
	}
	n = fread(text, 1, 65535, file);
	fclose(file);
	if (n && text[n - 1] == '\n')
		text[n - 1] = '\0';
	return text;
}

/* Whole or not at all: others read it meanwhile. */
static void put(const struct rt_virt *virt, const char *uuid, const char *name,
		const char *text)
{
	const struct path path = path_of(virt, uuid, name);
	char temporary[PATH_MAX + 32];
	FILE *file;

	snprintf(temporary, sizeof(temporary), "%s.%d", path.text,
		 (int)getpid());
	file = fopen(temporary, "we");
	if (!file || fputs(text, file) < 0 || fclose(file) != 0 ||
	    rename(temporary, path.text) < 0)
		abort();
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void pause_ms(long long ms)
{
	const struct timespec pause = { .tv_sec = (time_t)(ms / 1000),
					.tv_nsec =
						(long)(ms % 1000) * 1000000 };

	nanosleep(&pause, NULL);
}

static void note(const struct rt_virt *virt, const char *uuid, const char *what)
{
	RT_AUTO_FREE char *name = slurp(virt, uuid, "name", "");
	char path[PATH_MAX], line[256];
	int fd, n;

	snprintf(path, sizeof(path), "%s/log", virt->uri);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	n = snprintf(line, sizeof(line), "%s %s\n", what, name);
	if (fd < 0 || write(fd, line, (size_t)n) != n)
		abort();
	close(fd);
}

static int refuse(const struct rt_virt *virt, const char *uuid,
		  const char *what, struct rt_err *err)
{
	RT_AUTO_FREE char *refuses = slurp(virt, uuid, "refuses", "");
	RT_AUTO_FREE char *name = slurp(virt, uuid, "name", "");

	if (!has(virt, uuid, "name"))
		return rt_fail(err, ENOENT, "find guest '%s'", uuid);
	if (strstr(refuses, what))
		return rt_fail(err, EIO, "%s guest '%s': the fake refuses",
			       what, name);
	return 0;
}

static bool is_on(const struct rt_virt *virt, const char *uuid)
{
	RT_AUTO_FREE char *on = slurp(virt, uuid, "on", "");
	const long long gone = strtoll(on, NULL, 10);

	if (!*on)
		return false;
	if (!gone || now_ms() < gone)
		return true;
	(void)unlink(path_of(virt, uuid, "on").text);
	return false;
}

static enum rt_virt_state state_of(const struct rt_virt *virt, const char *uuid)
{
	if (is_on(virt, uuid))
		return has(virt, uuid, "paused") ? RT_VIRT_PAUSED :
						   RT_VIRT_RUNNING;
	return has(virt, uuid, "crashed") ? RT_VIRT_CRASHED : RT_VIRT_OFF;
}

/* Less what it does not take. */
static void put_xml(const struct rt_virt *virt, const char *uuid,
		    const char *xml)
{
	RT_AUTO_FREE char *drops = slurp(virt, uuid, "drops", "");
	RT_AUTO_FREE char *instead = slurp(virt, uuid, "instead", "");
	const char *at = *drops ? strstr(xml, drops) : NULL;
	RT_AUTO_STRBUF text = { 0 };

	if (at)
		rt_strbuf_addf(&text, "%.*s%s", (int)(at - xml), xml, instead);
	rt_strbuf_adds(&text, at ? at + strlen(drops) : xml);
	put(virt, uuid, "xml", text.text);
}

/* --- what virt.h says --- */

int rt_virt_open(const char *uri, struct rt_virt *ret_virt, struct rt_err *err)
{
	const char *from = getenv("KVMRT_CONNECT");

	if (!uri)
		uri = from ? from : "";
	if (access(uri, X_OK) < 0)
		return rt_fail(err, ENOTCONN, "connect to libvirt at '%s'",
			       uri);
	ret_virt->conn = NULL;
	ret_virt->uri = strdup(uri);
	return ret_virt->uri ? 0 : rt_fail_memory(err);
}

void rt_virt_close(struct rt_virt *virt)
{
	free(virt->uri);
	virt->uri = NULL;
}

void rt_virt_guest_fini(struct rt_virt_guest *guest)
{
	free(guest->name);
	guest->name = NULL;
}

void rt_virt_guests_fini(struct rt_virt_guests *guests)
{
	memset(guests, 0, sizeof(*guests));
}

int rt_virt_list(struct rt_virt *virt, struct rt_virt_guests *ret_guests,
		 struct rt_err *err)
{
	(void)ret_guests;
	return rt_fail(err, EIO, "the fake at %s lists nothing", virt->uri);
}

/* By its UUID, or by the name that its directory holds. */
static bool find_uuid(const struct rt_virt *virt, const char *name,
		      char *ret_uuid)
{
	DIR *dir = opendir(virt->uri);
	const struct dirent *entry;
	bool found = rt_uuid_parse(name, ret_uuid);

	while (dir && !found && (entry = readdir(dir))) {
		RT_AUTO_FREE char *is = slurp(virt, entry->d_name, "name", "");

		found = strcmp(is, name) == 0 &&
			rt_uuid_parse(entry->d_name, ret_uuid);
	}
	if (dir)
		closedir(dir);
	return found;
}

int rt_virt_find(struct rt_virt *virt, const char *name,
		 struct rt_virt_guest *ret_guest, struct rt_err *err)
{
	char uuid[RT_UUID_LEN + 1];
	int r;

	if (!find_uuid(virt, name, uuid))
		return rt_fail(err, ENOENT, "find guest '%s'", name);
	r = refuse(virt, uuid, "find", err);
	if (r < 0)
		return r;
	memset(ret_guest, 0, sizeof(*ret_guest));
	memcpy(ret_guest->uuid, uuid, sizeof(uuid));
	ret_guest->name = slurp(virt, uuid, "name", "");
	ret_guest->state = state_of(virt, uuid);
	ret_guest->persistent = !has(virt, uuid, "transient");
	return 0;
}

int rt_virt_read(struct rt_virt *virt, const char *uuid, enum rt_virt_xml which,
		 char **ret_xml, struct rt_err *err)
{
	int r = refuse(virt, uuid, "read", err);

	(void)which;
	if (r == 0)
		*ret_xml = slurp(virt, uuid, "xml", "");
	return r;
}

int rt_virt_define(struct rt_virt *virt, const char *uuid, const char *xml,
		   struct rt_err *err)
{
	int r = refuse(virt, uuid, "define", err);

	note(virt, uuid, "define");
	if (r == 0)
		put_xml(virt, uuid, xml);
	return r;
}

int rt_virt_rename(struct rt_virt *virt, const char *uuid, const char *name,
		   struct rt_err *err)
{
	int r = refuse(virt, uuid, "rename", err);

	if (r == 0)
		put(virt, uuid, "name", name);
	return r;
}

int rt_virt_start(struct rt_virt *virt, const char *uuid, struct rt_err *err)
{
	RT_AUTO_FREE char *takes = slurp(virt, uuid, "starts-in", "0");
	int r;

	note(virt, uuid, "start");
	pause_ms(strtoll(takes, NULL, 10));
	r = refuse(virt, uuid, "start", err);
	if (r == 0)
		put(virt, uuid, "on", "0");
	note(virt, uuid, "start-end");
	return r;
}

int rt_virt_shutdown(struct rt_virt *virt, const char *uuid, struct rt_err *err)
{
	RT_AUTO_FREE char *takes = slurp(virt, uuid, "ends-in", "0");
	char gone[32];
	int r;

	note(virt, uuid, "shutdown");
	if (has(virt, uuid, "leaves"))
		(void)unlink(path_of(virt, uuid, "on").text);
	r = refuse(virt, uuid, "shutdown", err);
	if (r == 0 && !is_on(virt, uuid))
		r = rt_fail(err, EBUSY, "shut down guest: it is not running");
	if (r < 0 || strcmp(takes, "never") == 0)
		return r;
	snprintf(gone, sizeof(gone), "%lld",
		 now_ms() + strtoll(takes, NULL, 10));
	put(virt, uuid, "on", gone);
	return 0;
}

int rt_virt_destroy(struct rt_virt *virt, const char *uuid, struct rt_err *err)
{
	int r;

	note(virt, uuid, "destroy");
	r = refuse(virt, uuid, "destroy", err);
	if (r == 0 && !is_on(virt, uuid))
		r = rt_fail(err, EBUSY, "power off guest: it is not running");
	if (r == 0)
		(void)unlink(path_of(virt, uuid, "on").text);
	if (r == 0 && has(virt, uuid, "dies"))
		r = rt_fail(err, 0, "power off guest: the fake gives up");
	return r;
}
