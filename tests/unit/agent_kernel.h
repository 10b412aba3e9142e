/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * agent_kernel.h - the kernel as the agent's tests play it
 *
 * The agent is linked with --wrap (tests.mk): its calls that name a place of
 * the host or reach the kernel come here first.
 *
 *   absolute paths   are looked up below a made-up root
 *   tracefs          making an instance fills it; its trace_pipe is a FIFO
 *   netlink          is one end of a socket pair, filters and all; the other
 *                    end is world.uevents or world.connector
 *   pidfds           are event counters, world_pidfd() finds the other handle
 *   time             stands still at world.ms; sleeping moves it
 */
#ifndef RT_TEST_AGENT_KERNEL_H
#define RT_TEST_AGENT_KERNEL_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>

#include "../../agent/agent.h"
#include "../host.h"
#include "../tap.h"

/* So late that no timer of this kernel fires. */
#define WORLD_START_MS 1000000000000
#define PIDFDS_MAX     16
#define MAYBE_UNUSED   __attribute__((unused))

static struct agent agent;

static struct {
	struct test_host host; /* root "": nothing is moved */
	uint64_t ms;	       /* the time; 0: the real one */
	int fds;	       /* open when it began */
	int log;
	int uevents, connector; /* the kernel's ends */
	int netlink_error;
	int lost; /* receives to fail with ENOBUFS */
	int pidfd_error;
	int inotify_error;
	bool real_pidfds;
	struct {
		unsigned pid;
		int fd;
	} pidfds[PIDFDS_MAX];
	struct watch stop;
} world;

/* A uevent as the test sends it: the sender, then what the agent shall see. */
struct world_sender {
	uint32_t family, pid;
};

/* --- the agent's calls --- */

#define WRAP(type, name, ...)                                                  \
	type __real_##name(__VA_ARGS__);                                       \
	type __wrap_##name(__VA_ARGS__);                                       \
	type __wrap_##name(__VA_ARGS__)

struct world_path {
	char text[700];
};

static struct world_path world_path(const char *path)
{
	struct world_path moved;
	const bool move =
		*path == '/' && *world.host.root &&
		strncmp(path, world.host.dir, strlen(world.host.dir)) != 0;

	snprintf(moved.text, sizeof(moved.text), "%s%s",
		 move ? world.host.root : "", path);
	return moved;
}

static void world_write(const char *path, const char *text)
{
	const struct world_path moved = world_path(path);
	FILE *file = fopen(moved.text, "we");

	if (!file || fputs(text, file) < 0 || fclose(file) != 0)
		ok(false, "write %s: %s", moved.text, strerror(errno));
}

MAYBE_UNUSED static const char *world_read(const char *path)
{
	static char text[4096];
	const struct world_path moved = world_path(path);
	FILE *file = fopen(moved.text, "re");

	text[file ? fread(text, 1, sizeof(text) - 1, file) : 0] = '\0';
	if (file)
		fclose(file);
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static void world_directory(const char *path)
{
	char at[256];

	for (size_t i = 1; i <= strlen(path); i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		snprintf(at, sizeof(at), "%.*s", (int)i, path);
		(void)mkdir(world_path(at).text, 0755);
	}
}

#define TRACEFS	 "/sys/kernel/tracing"
#define INSTANCE TRACEFS "/instances/kvmrt"
#define ENABLE	 INSTANCE "/events/irq_vectors/vector_config/enable"

WRAP(int, open, const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	va_start(args, flags);
	if (flags & (O_CREAT | O_TMPFILE))
		mode = va_arg(args, mode_t);
	va_end(args);
	return __real_open(world_path(path).text, flags, mode);
}

WRAP(int, mkdir, const char *path, mode_t mode)
{
	const struct world_path moved = world_path(path);

	if (__real_mkdir(moved.text, mode) < 0)
		return -1;
	if (strcmp(path, INSTANCE) == 0) {
		world_directory(INSTANCE "/events/irq_vectors/vector_config");
		world_directory(INSTANCE "/options");
		world_write(ENABLE, "0");
		world_write(INSTANCE "/buffer_size_kb", "");
		world_write(INSTANCE "/buffer_percent", "");
		world_write(INSTANCE "/options/record-cmd", "");
		(void)mkfifo(world_path(INSTANCE "/trace_pipe").text, 0600);
	}
	return 0;
}

WRAP(int, rmdir, const char *path)
{
	const struct world_path moved = world_path(path);
	char rm[] = "rm", rf[] = "-rf", target[700];
	char *argv[] = { rm, rf, target, NULL };

	snprintf(target, sizeof(target), "%s", moved.text);
	if (strcmp(path, INSTANCE) == 0)
		return test_run(argv) ? 0 : -1;
	return __real_rmdir(moved.text);
}

WRAP(int, unlink, const char *path)
{
	return __real_unlink(world_path(path).text);
}

WRAP(int, stat, const char *path, struct stat *st)
{
	return __real_stat(world_path(path).text, st);
}

WRAP(int, inotify_add_watch, int fd, const char *path, uint32_t mask)
{
	if (world.inotify_error) {
		errno = world.inotify_error;
		return -1;
	}
	return __real_inotify_add_watch(fd, world_path(path).text, mask);
}

WRAP(int, socket, int domain, int type, int protocol)
{
	int pair[2];

	if (domain != AF_NETLINK)
		return __real_socket(domain, type, protocol);
	if (world.netlink_error || socketpair(AF_UNIX, type, 0, pair) < 0) {
		errno = world.netlink_error;
		return -1;
	}
	if (protocol == NETLINK_KOBJECT_UEVENT)
		world.uevents = pair[1];
	else
		world.connector = pair[1];
	return pair[0];
}

WRAP(int, bind, int fd, const struct sockaddr *address, socklen_t size)
{
	struct sockaddr_un moved;

	if (address->sa_family == AF_NETLINK)
		return 0;
	memcpy(&moved, address, sizeof(moved));
	if (moved.sun_path[0] == '/')
		snprintf(moved.sun_path, sizeof(moved.sun_path), "%.107s",
			 world_path(((const struct sockaddr_un *)(const void *)
					     address)
					    ->sun_path)
				 .text);
	return __real_bind(fd, (const struct sockaddr *)&moved, size);
}

/* Who does not answer within a second does not within a moment either. */
WRAP(int, setsockopt, int fd, int level, int name, const void *value,
     socklen_t size)
{
	const struct timeval moment = { .tv_usec = 20000 };

	if (level == SOL_SOCKET && name == SO_RCVTIMEO)
		value = &moment;
	return __real_setsockopt(fd, level, name, value, size);
}

static bool world_loses(int fd)
{
	if (!world.lost || (fd != agent.cpus.fd && fd != agent.tasks.watch.fd))
		return false;
	world.lost--;
	errno = ENOBUFS;
	return true;
}

WRAP(ssize_t, recv, int fd, void *buf, size_t size, int flags)
{
	return world_loses(fd) ? -1 : __real_recv(fd, buf, size, flags);
}

/* The sender stands behind the text, where no filter looks. */
WRAP(ssize_t, recvfrom, int fd, void *buf, size_t size, int flags,
     struct sockaddr *from, socklen_t *from_size)
{
	static char text[16384];
	struct sockaddr_nl address = { 0 };
	struct world_sender sender;
	ssize_t n;

	if (fd != agent.cpus.fd)
		return __real_recvfrom(fd, buf, size, flags, from, from_size);
	if (world_loses(fd))
		return -1;
	n = __real_recv(fd, text, sizeof(text), flags);
	if (n < (ssize_t)sizeof(sender))
		return n;
	n -= (ssize_t)sizeof(sender);
	memcpy(&sender, text + n, sizeof(sender));
	address.nl_family = (sa_family_t)sender.family;
	address.nl_pid = sender.pid;
	memcpy(from, &address, sizeof(address));
	*from_size = sizeof(address);
	n = n < (ssize_t)size ? n : (ssize_t)size;
	memcpy(buf, text, (size_t)n);
	return n;
}

WRAP(int, rename, const char *old, const char *new)
{
	return __real_rename(world_path(old).text, world_path(new).text);
}

WRAP(int, clock_gettime, clockid_t clock, struct timespec *ret)
{
	if (clock != CLOCK_MONOTONIC || !world.ms)
		return __real_clock_gettime(clock, ret);
	ret->tv_sec = (time_t)(world.ms / 1000);
	ret->tv_nsec = (long)(world.ms % 1000) * 1000000L;
	return 0;
}

WRAP(int, nanosleep, const struct timespec *time, struct timespec *left)
{
	if (!world.ms)
		return __real_nanosleep(time, left);
	world.ms += (uint64_t)time->tv_sec * 1000 +
		    (uint64_t)time->tv_nsec / 1000000;
	return 0;
}

static int world_open_pidfd(unsigned pid)
{
	for (size_t i = 0; i < PIDFDS_MAX; i++) {
		if (world.pidfds[i].fd >= 0)
			continue;
		world.pidfds[i].pid = pid;
		world.pidfds[i].fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		return fcntl(world.pidfds[i].fd, F_DUPFD_CLOEXEC, 0);
	}
	errno = EMFILE;
	return -1;
}

WRAP(long, syscall, long number, ...)
{
	va_list args;
	long a[6];

	va_start(args, number);
	for (size_t i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (number != SYS_pidfd_open || world.real_pidfds)
		return __real_syscall(number, a[0], a[1], a[2], a[3], a[4],
				      a[5]);
	if (world.pidfd_error) {
		errno = world.pidfd_error;
		return -1;
	}
	return world_open_pidfd((unsigned)a[0]);
}

#endif
