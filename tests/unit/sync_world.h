/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sync_world.h - what surrounds kvmrt-sync, for its test
 *
 * libvirt is virt/fake.c, a directory; its events come from the test. Files are
 * real, below a made-up root (tests.mk wraps the calls that name them), and so
 * is inotify. The test plays the guard: world.listener, and world.guard once
 * kvmrt-sync has connected. Of processes, 1 alone lives.
 */
#ifndef RT_TEST_SYNC_WORLD_H
#define RT_TEST_SYNC_WORLD_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>
#include <sys/stat.h>

#include <sys/socket.h>
#include <sys/un.h>

#include "core/model/topo.h"
#include "host/reconcile.h"
#include "../../agent/sync.h"
#include "../host.h"
#include "../tap.h"

#define PLC1   "11111111-1111-4111-8111-111111111111"
#define PLC2   "22222222-2222-4222-8222-222222222222"
#define NOBODY "44444444-4444-4444-8444-444444444444"
#define OTHER  "33333333-3333-4333-8333-333333333333"

static struct {
	struct test_host host;
	char virt[128];
	int listener, guard, log, log_at;
	int connects; /* so far */
	bool hung;    /* the guard takes nobody */
	const struct rt_virt_events *events;
	struct sync *sync;
	struct {
		void (*ready)(void *data);
		int ms; /* what it is set to */
	} timers[2];	/* its work, and the guard's */
	size_t n_timers;
	struct {
		int fd;
		void (*ready)(int fd, void *data);
	} fds[40];
	size_t n_fds, at;
	char heard[2000];
} world;

/* --- files --- */

struct place {
	char text[400];
};

static struct place below(const char *root, const char *path)
{
	struct place place;

	snprintf(place.text, sizeof(place.text), "%s%s", root, path);
	return place;
}

static struct place in_host(const char *path)
{
	return below(world.host.root, path);
}

static struct place of_guest(const char *uuid, const char *name)
{
	struct place place;

	snprintf(place.text, sizeof(place.text), "%s/%s/%s", world.virt, uuid,
		 name);
	return place;
}

static void put(struct place place, const char *text)
{
	FILE *file = fopen(place.text, "we");

	if (!file || fputs(text, file) < 0 || fclose(file) != 0)
		ok(false, "write %s", place.text);
}

static char text_of_file[20000];

static const char *get(struct place place)
{
	FILE *file = fopen(place.text, "re");
	size_t n = 0;

	if (file) {
		n = fread(text_of_file, 1, sizeof(text_of_file) - 1, file);
		fclose(file);
	}
	text_of_file[n] = '\0';
	return text_of_file;
}

static bool is_there(struct place place)
{
	return access(place.text, F_OK) == 0;
}

static void make_guest(const char *uuid, const char *name)
{
	char xml[600];

	(void)mkdir(of_guest(uuid, "").text, 0755);
	put(of_guest(uuid, "name"), name);
	snprintf(xml, sizeof(xml),
		 "<domain type='kvm'>\n  <name>%s</name>\n  <uuid>%s</uuid>\n"
		 "  <memory unit='KiB'>524288</memory>\n  <vcpu>2</vcpu>\n"
		 "  <cpu><topology sockets='1' cores='2' threads='1'/></cpu>\n"
		 "  <os><type>hvm</type></os>\n  <devices>\n"
		 "    <hostdev mode='subsystem' type='pci' managed='yes'>\n"
		 "      <source><address domain='0' bus='0x82' slot='0' "
		 "function='0'/></source>\n    </hostdev>\n"
		 "  </devices>\n</domain>\n",
		 name, uuid);
	put(of_guest(uuid, "xml"), xml);
}

/* plc1 has so many cards. */
static void edit_devices(unsigned n)
{
	char xml[1000];

	snprintf(
		xml, sizeof(xml),
		"<domain type='kvm'>\n  <name>plc1</name>\n  <uuid>" PLC1
		"</uuid>\n  <memory unit='KiB'>524288</memory>\n"
		"  <vcpu>3</vcpu>\n  <os><type>hvm</type></os>\n  <devices>\n");
	for (unsigned i = 0; i < n; i++)
		snprintf(xml + strlen(xml), sizeof(xml) - strlen(xml),
			 "    <hostdev mode='subsystem' type='pci'>\n"
			 "      <source><address domain='0' bus='0x8%u' "
			 "slot='0' "
			 "function='0'/></source>\n    </hostdev>\n",
			 2 + i);
	snprintf(xml + strlen(xml), sizeof(xml) - strlen(xml),
		 "  </devices>\n</domain>\n");
	put(of_guest(PLC1, "xml"), xml);
}

/* Somebody defines plc1 with so many vCPUs. */
static void edit_definition(unsigned vcpus)
{
	char xml[20000], *at;
	const char *now = get(of_guest(PLC1, "xml"));

	snprintf(xml, sizeof(xml), "%s", now);
	at = strstr(xml, "</vcpu>");
	if (at)
		at[-1] = (char)('0' + vcpus);
	ok(at != NULL, "somebody gives plc1 %u vCPUs", vcpus);
	put(of_guest(PLC1, "xml"), xml);
}

static void edit_config(const char *vcpus)
{
	char text[1000];

	snprintf(text, sizeof(text),
		 "# What runs here.\n[" PLC1 "]\nname = plc1\nnr_vcpus = %s\n"
		 "pcidevs = 0000:82:00.0\n\n# Not ours to touch.\n[" PLC2
		 "]\nname = plc2\ndisabled = true\nnr_vcpus = 7\n",
		 vcpus);
	put(in_host("/etc/kvmrt.cfg"), text);
}

static unsigned defines(void)
{
	const char *log = get(below(world.virt, "/log"));
	unsigned n = 0;

	while ((log = strstr(log, "define "))) {
		log++;
		n++;
	}
	return n;
}

/* --- the helper's surroundings --- */

int __wrap_rt_sys_open(const char *dir, struct rt_sys *ret_sys,
		       struct rt_err *err);
int __real_rt_sys_open(const char *dir, struct rt_sys *ret_sys,
		       struct rt_err *err);
int __wrap_rt_sys_open(const char *dir, struct rt_sys *ret_sys,
		       struct rt_err *err)
{
	return __real_rt_sys_open(dir ? dir : world.host.root, ret_sys, err);
}

int __wrap_unlink(const char *path);
int __real_unlink(const char *path);
int __wrap_unlink(const char *path)
{
	return __real_unlink(
		strncmp(path, "/run/", 5) == 0 ? in_host(path).text : path);
}

int __wrap_inotify_add_watch(int fd, const char *path, uint32_t mask);
int __real_inotify_add_watch(int fd, const char *path, uint32_t mask);
int __wrap_inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	return __real_inotify_add_watch(fd, in_host(path).text, mask);
}

int __wrap_rt_virt_list(struct rt_virt *virt, struct rt_virt_guests *ret_guests,
			struct rt_err *err);
int __wrap_rt_virt_list(struct rt_virt *virt, struct rt_virt_guests *ret_guests,
			struct rt_err *err)
{
	static struct rt_virt_guest guests[2] = {
		{ .uuid = OTHER, .state = RT_VIRT_OFF },
		{ .uuid = PLC1, .state = RT_VIRT_RUNNING },
	};

	(void)virt;
	(void)err;
	*ret_guests = (struct rt_virt_guests){ guests, 2, 0 };
	return 0;
}

int rt_virt_loop(struct rt_err *err)
{
	(void)err;
	return 0;
}

int rt_virt_watch(struct rt_virt *virt, const struct rt_virt_events *told,
		  void *data, struct rt_err *err)
{
	(void)err;
	world.events = told;
	world.sync = data;
	return is_there(below(virt->uri, "/deaf")) ?
		       rt_fail(err, EIO, "hear libvirt's events") :
		       0;
}

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t size);
int __real_connect(int fd, const struct sockaddr *address, socklen_t size);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t size)
{
	struct sockaddr_un moved;

	memcpy(&moved, address, size);
	if (strncmp(moved.sun_path, "/run/", 5) == 0) {
		world.connects++;
		snprintf(moved.sun_path, sizeof(moved.sun_path), "%.107s",
			 in_host(((const struct sockaddr_un *)(const void *)
					  address)
					 ->sun_path)
				 .text);
	}
	if (world.hung) {
		errno = EAGAIN;
		return -1;
	}
	return __real_connect(fd, (const struct sockaddr *)&moved,
			      sizeof(moved));
}

int __wrap_kill(pid_t pid, int sig);
int __wrap_kill(pid_t pid, int sig)
{
	errno = pid == 1 && sig == 0 ? EPERM : ESRCH;
	return -1;
}

int rt_virt_watch_fd(int fd, void (*ready)(int fd, void *data), void *data,
		     int *ret_watch, struct rt_err *err)
{
	(void)err;
	world.sync = data;
	*ret_watch = (int)world.n_fds;
	world.fds[world.n_fds].fd = fd;
	world.fds[world.n_fds++].ready = ready;
	return 0;
}

void rt_virt_unwatch_fd(int watch)
{
	world.fds[watch].fd = -1;
}

int rt_virt_add_timer(void (*ready)(void *data), void *data, int *ret_timer,
		      struct rt_err *err)
{
	(void)err;
	world.sync = data;
	world.timers[world.n_timers].ready = ready;
	world.timers[world.n_timers].ms = -1;
	*ret_timer = (int)world.n_timers++;
	return 0;
}

void rt_virt_set_timer(int timer, int ms)
{
	if (ok(timer >= 0 && timer < 2, "timer %d is set to %d ms", timer, ms))
		world.timers[timer].ms = ms;
}

static void ready(int fd)
{
	for (size_t i = 0; i < world.n_fds; i++) {
		if (fd >= 0 && world.fds[i].fd == fd)
			world.fds[i].ready(fd, world.sync);
	}
}

static void hear_files(void)
{
	ready(world.sync->inotify);
}

/* A timer runs on until it is set anew; these are set anew. */
static void fire_timer(int timer, int ms)
{
	is_int(world.timers[timer].ms, ms, "it will look");
	world.timers[timer].ready(world.sync);
}

static void fire(int ms)
{
	fire_timer(0, ms);
}

/* --- the guard --- */

static void guard_begins(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%.107s",
		 in_host("/run/kvmrt/new").text);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 8) < 0 ||
	    rename(address.sun_path, in_host("/run/kvmrt/agent.sock").text) < 0)
		ok(false, "a guard");
	world.listener = fd;
	world.guard = -1;
}

static void guard_ends(void)
{
	close(world.guard);
	close(world.listener);
	world.guard = world.listener = -1;
}

/* What the guard heard since. */
static const char *heard(void)
{
	size_t len = 0;
	ssize_t n;

	if (world.guard < 0)
		world.guard = accept4(world.listener, NULL, NULL,
				      SOCK_CLOEXEC | SOCK_NONBLOCK);
	while (len < sizeof(world.heard) - 1 &&
	       (n = recv(world.guard, world.heard + len,
			 sizeof(world.heard) - 1 - len, MSG_DONTWAIT)) > 0)
		len += (size_t)n;
	world.heard[len] = '\0';
	return world.heard;
}

/* What was logged since. */
static const char *logged(void)
{
	static char text[4000];
	const ssize_t n =
		pread(world.log, text, sizeof(text) - 1, world.log_at);

	text[n > 0 ? n : 0] = '\0';
	world.log_at += n > 0 ? (int)n : 0;
	return text;
}

static unsigned count(const char *text, const char *what)
{
	unsigned n = 0;

	while ((text = strstr(text, what))) {
		text++;
		n++;
	}
	return n;
}

static void in_step(const char *why)
{
	ok(strstr(heard(), "guest " PLC1 " in step"), "%s: %s", why,
	   world.heard);
	is_int(world.timers[0].ms, -1, "  and nothing is left to do");
}

static bool set_up_world(void)
{
	static const char *const directories[] = {
		"/etc", "/etc/libvirt", "/etc/libvirt/qemu",
		"/run", "/run/kvmrt",	"/var"
	};

	if (!test_host_make(&world.host, "smt2-numa2-12cpu"))
		return false;
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]);
	     i++)
		(void)mkdir(in_host(directories[i]).text, 0755);
	snprintf(world.virt, sizeof(world.virt), "%s/virt", world.host.dir);
	(void)mkdir(world.virt, 0755);
	setenv("KVMRT_CONNECT", world.virt, 1);
	make_guest(PLC1, "plc1");
	make_guest(PLC2, "plc2");
	make_guest(OTHER, "other");
	edit_config("2");
	world.log = open(below(world.host.dir, "/log").text,
			 O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	guard_begins();
	return true;
}

#endif
