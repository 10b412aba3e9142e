/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sync.c - kvmrt-sync: notice edits, bring both sides in step */
#include "sync.h"

#include <cap-ng.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>

#include "host/store.h"
#include "agent.h"

#define LIBVIRT_DIR "/etc/libvirt/qemu"

static void want(struct sync *sync, int ms)
{
	rt_virt_set_timer(sync->timer, ms);
}

/* --- libvirt's events --- */

static void on_guest(void *data, const char *uuid)
{
	struct sync *sync = data;

	dirty_add(&sync->dirty, uuid);
	want(sync, SETTLE_MS);
}

static void on_devices(void *data, const char *uuid)
{
	sync_tell_devices(data, uuid);
}

static void on_tunable(void *data, const char *uuid)
{
	(void)uuid;
	sync_tell(data, "scan");
}

static void on_closed(void *data)
{
	struct sync *sync = data;

	sync->lost = true;
}

static const struct rt_virt_events events = {
	.guest = on_guest,
	.devices = on_devices,
	.tunable = on_tunable,
	.closed = on_closed,
};

static void disconnect(struct sync *sync)
{
	if (!sync->connected)
		return;
	rt_virt_close(&sync->virt);
	sync->connected = sync->lost = false;
	sync->had = true;
	/* A new daemon may be there before we notice that this one is gone. */
	want(sync, LATER_MS);
	sync_tell(sync, "libvirt lost");
	rt_log_info(&sync->log, "the connection to libvirt is lost");
}

/*
 * It has written its pid, and that process lives. (Not asked in /proc, which
 * may be mounted with hidepid.)
 */
static bool daemon_is_there(struct sync *sync)
{
	static const char *const files[] = { "run/libvirtd.pid",
					     "run/virtqemud.pid" };
	struct rt_err ignored = { 0 };
	char text[32];
	pid_t pid;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (rt_sys_read(&sync->sys, files[i], text, sizeof(text),
				&ignored) == 0 &&
		    sscanf(text, "%d", &pid) == 1 && pid > 0 &&
		    (kill(pid, 0) == 0 || errno == EPERM))
			return true;
	}
	return false;
}

/* Edits made while nobody listened are found now. */
static int connect_to_libvirt(struct sync *sync, struct rt_err *err)
{
	int r = rt_virt_open(NULL, &sync->virt, err);

	if (r < 0)
		return r;
	r = rt_virt_watch(&sync->virt, &events, sync, err);
	if (r < 0) {
		rt_virt_close(&sync->virt);
		return r;
	}
	sync->connected = true;
	sync->lost = false;
	sync->dirty.all = sync->devices = true;
	sync->failures = 0;
	sync_tell(sync, "libvirt connected");
	return 0;
}

static void on_timer(void *data)
{
	struct sync *sync = data;
	struct rt_err err = { 0 };
	int wait = LATER_MS;

	want(sync, -1);
	/*
	 * Connecting to its socket would start a daemon that an administrator
	 * stopped; its pid file shows when it is back.
	 */
	if (!sync->connected && sync->had && !daemon_is_there(sync))
		return;
	if (!sync->connected && connect_to_libvirt(sync, &err) < 0) {
		if (sync->failures++ == 0)
			rt_log_warn(&sync->log, "%s", err.text);
		for (unsigned i = 1; i < sync->failures; i++)
			wait = wait * 2 < LATER_MAX_MS ? wait * 2 :
							 LATER_MAX_MS;
		want(sync, wait);
		return;
	}
	if (sync->devices)
		sync_tell_all_devices(sync);
	if (sync_work(sync))
		want(sync, LATER_MS);
}

static void on_guard_timer(void *data)
{
	sync_find_guard(data);
}

/* --- files --- */

/* "UUID.xml" is not how libvirt names them: by the guest's name. */
static void on_definition(struct sync *sync, const char *name)
{
	struct rt_virt_guest guest;
	struct rt_err ignored = { 0 };
	char plain[256];
	const size_t len = strlen(name);

	if (!sync->connected || len < 5 || len - 4 >= sizeof(plain) ||
	    strcmp(name + len - 4, ".xml") != 0)
		return;
	snprintf(plain, sizeof(plain), "%.*s", (int)(len - 4), name);
	/*
	 * One call to libvirt, which may wait for a hook; only this process
	 * waits with it.
	 */
	if (rt_virt_find(&sync->virt, plain, &guest, &ignored) < 0)
		return;
	dirty_add(&sync->dirty, guest.uuid);
	rt_virt_guest_fini(&guest);
	want(sync, SETTLE_MS);
}

static void on_kvmrt_file(struct sync *sync, const char *name)
{
	static const char stale[] = "stale-";

	if (strncmp(name, stale, sizeof(stale) - 1) == 0) {
		dirty_add(&sync->dirty, name + sizeof(stale) - 1);
		want(sync, SETTLE_MS);
	} else if (strcmp(name, "lock") == 0) {
		/*
		 * A hook has ended: guests that waited for it can be checked.
		 */
		sync_add_starting(sync);
		if (sync->dirty.n)
			want(sync, SETTLE_MS);
	} else if (strcmp(name, "agent.sock") == 0) {
		sync_find_guard(sync);
	}
}

static void on_file(struct sync *sync, const struct inotify_event *event)
{
	const char *name = event->len ? event->name : "";

	if (event->mask & IN_Q_OVERFLOW) {
		sync->dirty.all = true;
		want(sync, SETTLE_MS);
	} else if (event->wd == sync->in_etc) {
		if (strcmp(name, "kvmrt.cfg") != 0)
			return;
		sync->dirty.all = true;
		want(sync, SETTLE_MS);
	} else if (event->wd == sync->in_libvirt) {
		on_definition(sync, name);
	} else if (event->wd == sync->in_kvmrt) {
		on_kvmrt_file(sync, name);
	} else if (event->wd == sync->in_run && !sync->connected) {
		/* The daemon writes its pid when it starts. */
		if (strcmp(name, "libvirtd.pid") == 0 ||
		    strcmp(name, "virtqemud.pid") == 0)
			want(sync, LATER_MS);
	}
}

static void on_inotify(int fd, void *data)
{
	_Alignas(struct inotify_event) char text[4096];
	struct sync *sync = data;
	ssize_t n;

	while ((n = read(fd, text, sizeof(text))) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *event =
				(const void *)(text + at);

			on_file(sync, event);
			at += (ssize_t)(sizeof(*event) + event->len);
		}
	}
}

static int open_inotify(struct sync *sync, struct rt_err *err)
{
	const uint32_t whole = IN_CLOSE_WRITE | IN_MOVED_TO;
	/* The daemon holds its pid file open, and writes into an old one. */
	const uint32_t begun = whole | IN_MODIFY;

	sync->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (sync->inotify < 0)
		return rt_fail(err, errno, "watch files for changes");
	sync->in_etc = inotify_add_watch(sync->inotify, "/etc", whole);
	sync->in_libvirt = inotify_add_watch(sync->inotify, LIBVIRT_DIR, whole);
	sync->in_kvmrt = inotify_add_watch(sync->inotify, "/" RT_STORE_DIR,
					   whole | IN_CREATE);
	sync->in_run = inotify_add_watch(sync->inotify, "/run", begun);
	return rt_virt_watch_fd(sync->inotify, on_inotify, sync,
				&sync->inotify_watch, err);
}

/* --- beginning and end --- */

static const char help[] =
	"Usage: kvmrt-sync [OPTION]...\n"
	"Keep kvmrt.cfg and libvirt's definitions in step: whichever is "
	"edited, "
	"the\n"
	"other follows.\n"
	"\n"
	"  -h, --help     show this help and exit\n"
	"  -V, --version  show the version and exit\n"
	"\n"
	"It is meant to be started by systemd: kvmrt-sync.service.\n";

/* -1 to go on, else the exit status. */
static int parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	const int letter = getopt_long(argc, argv, "hV", options, NULL);

	if (letter == 'h') {
		fputs(help, stdout);
		return 0;
	}
	if (letter == 'V') {
		puts("kvmrt-sync " KVMRT_VERSION);
		return 0;
	}
	if (letter < 0 && optind == argc)
		return -1;
	if (letter < 0)
		fprintf(stderr,
			"kvmrt-sync: unexpected argument '%s': it takes "
			"options only\n",
			argv[optind]);
	fputs("Try 'kvmrt-sync --help'.\n", stderr);
	return 2;
}

static int set_up(struct sync *sync, struct rt_err *err)
{
	int r = only_one(&sync->sys, "kvmrt-sync", "sync.lock", err);

	if (r == 0)
		r = rt_virt_loop(err);
	if (r == 0)
		r = rt_virt_add_timer(on_timer, sync, &sync->timer, err);
	if (r == 0)
		r = rt_virt_add_timer(on_guard_timer, sync, &sync->guard_timer,
				      err);
	if (r == 0)
		r = open_inotify(sync, err);
	/* Root without capabilities: files of its own, and libvirt's socket. */
	capng_clear(CAPNG_SELECT_BOTH);
	if (r == 0 && capng_apply(CAPNG_SELECT_CAPS) < 0)
		r = rt_fail(err, 0, "drop capabilities");
	if (r < 0)
		return r;
	sync_find_guard(sync);
	want(sync, 0);
	return 0;
}

static int run(struct sync *sync, struct rt_err *err)
{
	int r = set_up(sync, err);

	while (r == 0) {
		r = rt_virt_step(err);
		if (sync->lost)
			disconnect(sync);
	}
	return r;
}

/* It ends by a signal: what it writes, it renames into place. */
int main(int argc, char **argv)
{
	struct sync sync = { .guard = -1, .inotify = -1 };
	struct rt_err err = { 0 };
	const int status = parse(argc, argv);

	if (status >= 0)
		return status;
	if (rt_sys_open(NULL, &sync.sys, &err) < 0) {
		fprintf(stderr, "kvmrt-sync: %s\n", err.text);
		return 1;
	}
	rt_log_open(&sync.log, "kvmrt-sync", RT_LOG_INFO, false);
	if (run(&sync, &err) < 0)
		rt_log_err(&sync.log, "%s", err.text);
	rt_auto_fd(&sync.guard);
	if (sync.connected)
		rt_virt_close(&sync.virt);
	dirty_fini(&sync.dirty);
	rt_sync_partials_fini(&sync.partials);
	rt_topo_fini(&sync.topo);
	rt_log_close(&sync.log);
	rt_sys_close(&sync.sys);
	return 1;
}
