/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sync_guard.c - notify kvmrt-agent
 *
 * The agent may start before kvmrt-sync or after it, be restarted, or hang. A
 * new agent makes a new socket, which inotify reports; only one that is there
 * and does not answer is asked again, at longer intervals.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/domain/domain.h"
#include "host/store.h"
#include "sync.h"

#define SOCKET_PATH "/" RT_STORE_DIR "/agent.sock"

static void try_later(struct sync *sync)
{
	int wait = LATER_MS;

	for (unsigned i = 0; i < sync->guard_failures; i++)
		wait = wait * 2 < LATER_MAX_MS ? wait * 2 : LATER_MAX_MS;
	sync->guard_failures++;
	rt_virt_set_timer(sync->guard_timer, wait);
}

static void let_go(struct sync *sync)
{
	rt_virt_unwatch_fd(sync->guard_watch);
	close(sync->guard);
	sync->guard = -1;
}

/* The agent sends nothing, so the connection has ended. */
static void on_guard(int fd, void *data)
{
	char text[64];
	const ssize_t n = recv(fd, text, sizeof(text), MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		let_go(data);
		/* Its successor's socket may have been there before. */
		sync_find_guard(data);
	}
}

static int connect_to(struct sync *sync)
{
	const struct sockaddr_un address = { .sun_family = AF_UNIX,
					     .sun_path = SOCKET_PATH };
	struct rt_err ignored = { 0 };
	RT_AUTO_FD int fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 ||
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	if (rt_virt_watch_fd(fd, on_guard, sync, &sync->guard_watch, &ignored) <
	    0)
		return -EAGAIN;
	sync->guard = fd;
	fd = -1;
	return 0;
}

void sync_find_guard(struct sync *sync)
{
	int r;

	rt_virt_set_timer(sync->guard_timer, -1);
	if (sync->guard >= 0)
		return;
	r = connect_to(sync);
	if (r < 0) {
		if (r != -ENOENT && r != -ECONNREFUSED)
			try_later(sync);
		return;
	}
	sync_tell(sync, "sync");
	sync_tell(sync, "libvirt %s", sync->connected ? "connected" : "lost");
	sync_add_starting(sync);
	sync->dirty.all = sync->devices = true;
	if (sync->connected)
		rt_virt_set_timer(sync->timer, SETTLE_MS);
}

void sync_tell(struct sync *sync, const char *fmt, ...)
{
	RT_AUTO_STRBUF line = { 0 };
	va_list args;

	if (sync->guard < 0)
		return;
	va_start(args, fmt);
	rt_strbuf_vaddf(&line, fmt, args);
	va_end(args);
	for (size_t i = 0; i < line.len; i++) {
		if (line.text[i] == '\n')
			line.text[i] = ' ';
	}
	rt_strbuf_adds(&line, "\n");
	if (!line.failed &&
	    send(sync->guard, line.text, line.len,
		 MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)line.len) {
		sync->guard_failures = 0;
		return;
	}
	/* Half a line was sent, or none: everything has to be sent again. */
	let_go(sync);
	try_later(sync);
}

static void tell_devices(struct sync *sync, const char *uuid,
			 const struct rt_pci_set *devices)
{
	RT_AUTO_STRBUF list = { 0 };

	for (size_t i = 0; i < devices->n; i++)
		rt_strbuf_addf(&list, "%s%s", i ? "," : "",
			       rt_pci_text(&devices->items[i]).text);
	if (!list.failed)
		sync_tell(sync, "devices %s %s", uuid,
			  list.text ? list.text : "");
}

void sync_tell_devices(struct sync *sync, const char *uuid)
{
	RT_AUTO_FREE char *xml = NULL;
	struct rt_virt_guest guest;
	struct rt_domain domain;
	struct rt_err err = { 0 };
	bool off;
	int r;

	if (sync->guard < 0)
		return;
	r = rt_virt_find(&sync->virt, uuid, &guest, &err);
	if (r == 0) {
		off = guest.state == RT_VIRT_OFF;
		rt_virt_guest_fini(&guest);
		if (off)
			return;
		r = rt_virt_read(&sync->virt, uuid, RT_VIRT_LIVE, &xml, &err);
	}
	if (r == 0)
		r = rt_domain_parse(xml, strlen(xml), &domain, &err);
	if (r == 0) {
		tell_devices(sync, uuid, &domain.pcidevs);
		rt_domain_fini(&domain);
	} else if (r != -ENOENT) {
		rt_log_warn(&sync->log, "devices of guest %s: %s", uuid,
			    err.text);
	}
}

void sync_tell_all_devices(struct sync *sync)
{
	struct rt_virt_guests guests = { 0 };
	struct rt_err err = { 0 };

	sync->devices = false;
	if (sync->guard < 0)
		return;
	if (rt_virt_list(&sync->virt, &guests, &err) < 0) {
		rt_log_warn(&sync->log, "%s", err.text);
		return;
	}
	for (size_t i = 0; i < guests.n && !sync->lost; i++) {
		if (guests.items[i].state != RT_VIRT_OFF)
			sync_tell_devices(sync, guests.items[i].uuid);
	}
	rt_virt_guests_fini(&guests);
}
