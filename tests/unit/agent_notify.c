/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* agent_notify.c - what systemd is told, and how often it wants to be told */
#include "agent_world.h"

#include <stddef.h>

/* A socket at path, whose first '@' stands for a NUL; its length as given. */
static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const size_t len = strlen(path);
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, path, len);
	if (*path == '@')
		address.sun_path[0] = '\0';
	if (__real_bind(fd, (const struct sockaddr *)&address,
			(socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				    len)) < 0)
		ok(false, "bind %s: %s", path, strerror(errno));
	return fd;
}

static const char *heard(int fd)
{
	static char text[256];
	const ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = '\0';
	return n < 0 ? NULL : text;
}

static void test_address(const char *path, const char *name)
{
	const int fd = listen_at(path);

	setenv("NOTIFY_SOCKET", path, 1);
	agent_notify("READY=1\nSTATUS=Guarding");
	is_str(heard(fd), "READY=1\nSTATUS=Guarding", name);
	is_str(heard(fd), NULL, "once");
	close(fd);
	agent_notify("STOPPING=1");
	ok(true, "nobody listens any more: no harm");
}

static void test_sockets(void)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/notify", world.host.dir);
	test_address(path, "a file");
	snprintf(path, sizeof(path), "@kvmrt-test-%d", (int)getpid());
	test_address(path, "an abstract address");
	/* The longest that fits. */
	memset(path, 'x', sizeof(path));
	snprintf(path, 12, "@%d-", (int)getpid());
	path[strlen(path)] = 'x';
	path[sizeof(((struct sockaddr_un *)0)->sun_path) - 1] = '\0';
	test_address(path, "a long one");
}

static void test_no_socket(void)
{
	static const char *const bad[] = { "", "relative", "vsock:2:1234" };
	char path[200];
	int fd;

	/* A cut address would be somebody else's. */
	memset(path, 'y', sizeof(path));
	path[0] = '@';
	path[sizeof(((struct sockaddr_un *)0)->sun_path)] = '\0';
	setenv("NOTIFY_SOCKET", path, 1);
	path[sizeof(((struct sockaddr_un *)0)->sun_path) - 1] = '\0';
	fd = listen_at(path);
	agent_notify("READY=1");
	is_str(heard(fd), NULL, "too long an address is none");
	close(fd);
	if (chdir(world.host.dir) < 0)
		ok(false, "change to %s", world.host.dir);
	fd = listen_at("relative");
	for (size_t i = 0; i < 3; i++) {
		setenv("NOTIFY_SOCKET", bad[i], 1);
		agent_notify("READY=1");
		is_str(heard(fd), NULL, bad[i]);
	}
	unsetenv("NOTIFY_SOCKET");
	agent_notify("READY=1");
	is_str(heard(fd), NULL, "not started by systemd");
	close(fd);
}

static void test_watchdog(void)
{
	static const struct {
		const char *usec;
		unsigned ms;
	} rows[] = {
		{ "30000000", 30000 },
		{ "600000000", 600000 },
		{ "1500", 1 },
		{ "0", 0 },
		{ "", 0 },
		{ "-1", 0 },
		{ "x", 0 },
		{ "30000000s", 0 },
		{ "99999999999999999999999", 0 },
		{ "86400000000", 86400000 },
		{ "86400001000", 0 },
	};
	char pid[32];

	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	is_int(agent_watchdog_ms(), 0, "no watchdog");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		setenv("WATCHDOG_USEC", rows[i].usec, 1);
		is_int(agent_watchdog_ms(), rows[i].ms, rows[i].usec);
	}
	setenv("WATCHDOG_USEC", "30000000", 1);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	is_int(agent_watchdog_ms(), 30000, "it is for us");
	setenv("WATCHDOG_PID", "1", 1);
	is_int(agent_watchdog_ms(), 0, "it is for somebody else");
	setenv("WATCHDOG_PID", "", 1);
	is_int(agent_watchdog_ms(), 0, "it is for nobody");
}

int main(void)
{
	world_begin(NULL);
	test_sockets();
	test_no_socket();
	test_watchdog();
	world_end();
	return tap_done();
}
