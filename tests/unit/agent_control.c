/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* agent_control.c - clients of the control socket, good and bad ones */
#include "agent_world.h"

#include <sys/file.h>

static void begin(void)
{
	struct rt_err err = { 0 };

	world_begin(NULL);
	ok(control_open(&agent, &err) == 0, "a socket %s", err.text);
}

/* Until nothing more happens. */
static void settle(void)
{
	while (world_hear() > 0)
		;
}

static int call(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%.107s",
		 world_path("/run/kvmrt/agent.sock").text);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		ok(false, "connect: %s", strerror(errno));
	settle();
	return fd;
}

static void say(int fd, const char *text)
{
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		ok(false, "send '%s': %s", text, strerror(errno));
	settle();
}

/* The answer; "" if the connection ended without; NULL: still waiting. */
static const char *hear(int fd)
{
	static char text[1 << 16];
	size_t len = 0;
	ssize_t n;

	while ((n = recv(fd, text + len, sizeof(text) - len - 1,
			 MSG_DONTWAIT)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	return n < 0 && errno == EAGAIN && len == 0 ? NULL : text;
}

static unsigned count_clients(void)
{
	unsigned n = 0;

	for (size_t i = 0; i < CLIENTS_MAX; i++)
		n += agent.control.clients[i].watch.fd >= 0;
	return n;
}

#define ERROR "error: unknown request; the only one is 'status'\n"

static void test_requests(void)
{
	static char long_line[LINE_MAX_BYTES + 1];
	const struct {
		const char *name, *text, *answer;
	} rows[] = {
		{ "another word", "shutdown\n", ERROR },
		{ "a word that was one once", "look\n", ERROR },
		{ "what kvmrt-sync says, by somebody else", "scan\n", ERROR },
		{ "more than a word", "status now\n", ERROR },
		{ "and what comes after it", "scan\nstatus\n", ERROR },
		{ "nothing", "\n", ERROR },
		{ "half a line", "status", NULL },
		{ "too long a line", long_line, "" },
	};

	memset(long_line, 'x', sizeof(long_line) - 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd;

		begin();
		fd = call();
		is_int(count_clients(), 1, "a client");
		say(fd, rows[i].text);
		is_str(hear(fd), rows[i].answer, rows[i].name);
		is_int(world_due(), -1, "no scan is wanted");
		is_int(count_clients(), !rows[i].answer,
		       "who was answered has gone");
		close(fd);
		settle();
		is_int(count_clients(), 0, "who hangs up is gone");
		world_end();
	}
}

static bool is_status(const char *text)
{
	return ok(text && strstr(text, "\"version\":1") &&
			  strstr(text, "\"guests\":[]") &&
			  text[strlen(text) - 1] == '\n',
		  "a status is a line of JSON: %.60s", text ? text : "none");
}

static void test_pieces(void)
{
	int fd;

	begin();
	fd = call();
	say(fd, "sta");
	say(fd, "tus");
	is_str(hear(fd), NULL, "it waits for the end");
	say(fd, "\n");
	is_status(hear(fd));
	close(fd);
	fd = call();
	if (send(fd, "sta\0tus\n", 8, MSG_NOSIGNAL) != 8)
		ok(false, "send");
	settle();
	is_str(hear(fd), "", "a NUL ends the connection");
	is_int(count_clients(), 0, "and nothing else");
	close(fd);
	world_end();
}

static void test_status(void)
{
	int fd, lock;

	begin();
	fd = call();
	say(fd, "status\n");
	is_status(hear(fd));
	close(fd);
	lock = open("/run/kvmrt/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ok(flock(lock, LOCK_EX) == 0, "somebody has the lock");
	fd = call();
	say(fd, "status\n");
	is_status(hear(fd));
	is_int((long long)(world.ms - WORLD_START_MS), 0, "nobody waits");
	close(fd);
	close(lock);
	/* In the record's place is what is no file. */
	unlink(world_path("/run/kvmrt/journal").text);
	world_directory("/run/kvmrt/journal");
	fd = call();
	say(fd, "status\n");
	ok(strstr(hear(fd), "{\"version\":1,\"error\":\""),
	   "a record that cannot be read is told");
	close(fd);
	world_end();
}

/* Far more than the kernel holds for a socket; the client reads when it can. */
static void test_long_status(void)
{
	enum { LINES = 4000 };
	size_t len = 0;
	char text[4096];
	ssize_t n;
	int fd, other;

	begin();
	memset(text, 'x', 1000);
	text[1000] = '\0';
	for (unsigned i = 0; i < LINES; i++) {
		char line[1200];

		snprintf(line, sizeof(line),
			 "guest 6a1f0c1e-0000-4000-8000-%012u %.1000s", i,
			 text);
		told_line(&agent, line);
	}
	fd = call();
	say(fd, "status\n");
	is_int(count_clients(), 1, "a long answer is on its way");
	other = call();
	say(other, "shutdown\n");
	is_str(hear(other), ERROR, "others are served meanwhile");
	close(other);
	do {
		n = recv(fd, text, sizeof(text), MSG_DONTWAIT);
		if (n > 0)
			len += (size_t)n;
		else
			world_hear();
	} while (n > 0 || (n < 0 && errno == EAGAIN));
	ok(len > LINES * 1000, "at last it is whole: %zu bytes", len);
	is_int(count_clients(), 0, "and over");
	close(fd);
	fd = call();
	say(fd, "status\n");
	close(fd);
	settle();
	is_int(count_clients(), 0, "who hangs up in between is gone");
	world_end();
}

/* Each connection more than there is room for costs the oldest. */
static void test_full(void)
{
	int fds[CLIENTS_MAX + 3];

	begin();
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		fds[i] = call();
	is_int(count_clients(), CLIENTS_MAX, "a full house");
	is_str(hear(fds[0]), NULL, "all may still speak");
	for (size_t i = CLIENTS_MAX; i < CLIENTS_MAX + 3; i++)
		fds[i] = call();
	is_int(count_clients(), CLIENTS_MAX, "three more, and still full");
	for (size_t i = 0; i < CLIENTS_MAX + 3; i++) {
		const char *answer = hear(fds[i]);

		ok(i < 3 ? answer && !*answer : !answer, "client %zu %s", i + 1,
		   i < 3 ? "had to go" : "may stay");
	}
	say(fds[CLIENTS_MAX], "shutdown\n");
	is_str(hear(fds[CLIENTS_MAX]), ERROR, "the first of them is served");
	say(fds[3], "shutdown\n");
	is_str(hear(fds[3]), ERROR, "as is who has waited");
	for (size_t i = 0; i < CLIENTS_MAX + 3; i++)
		close(fds[i]);
	settle();
	is_int(count_clients(), 0, "nobody is left");
	world_end();
}

/* Connect, speak and hang up before the agent turns to it. */
static void test_hasty(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	begin();
	snprintf(address.sun_path, sizeof(address.sun_path), "%.107s",
		 world_path("/run/kvmrt/agent.sock").text);
	for (unsigned i = 0; i < 3; i++) {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		ok(connect(fd, (struct sockaddr *)&address, sizeof(address)) ==
				   0 &&
			   send(fd, "status\n", 7, MSG_NOSIGNAL) == 7,
		   "a client that does not wait");
		close(fd);
	}
	settle();
	is_int(count_clients(), 0, "and leaves nothing");
	world_end();
}

/* kvmrt-sync stays; of two the newer one is heard. */
static void test_sync(void)
{
	int sync, newer, fds[CLIENTS_MAX];

	begin();
	is_str(agent.told.libvirt, "off", "nobody tells of libvirt");
	sync = call();
	say(sync, "sync\nlibvirt connec");
	is_str(agent.told.libvirt, "lost", "kvmrt-sync comes");
	say(sync, "ted\n");
	is_str(agent.told.libvirt, "connected", "and tells");
	is_str(hear(sync), NULL, "without an answer");
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		fds[i] = call();
	is_str(hear(sync), NULL, "a full house does not cost it its place");
	is_str(hear(fds[0]), "", "but the oldest of the others");
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		close(fds[i]);
	settle();
	newer = call();
	say(newer, "sync\nlibvirt lost\n");
	is_str(hear(sync), "", "a second one takes its place");
	is_str(agent.told.libvirt, "lost", "and is heard");
	close(sync);
	settle();
	is_str(agent.told.libvirt, "lost", "whatever the first does");
	close(newer);
	settle();
	is_str(agent.told.libvirt, "off", "it goes: nobody tells any more");
	is_int(count_clients(), 0, "nobody is left");
	world_end();
}

/* A line that is too long is skipped, and only that. */
static void test_sync_long_line(void)
{
	static char text[3 * LINE_MAX_BYTES];
	int sync;

	begin();
	sync = call();
	memset(text, 'x', sizeof(text) - 1);
	say(sync, "sync\n");
	say(sync, text);
	say(sync, "\nscan");
	is_int(world_due(), -1, "its end is no word of its own");
	say(sync, "\n");
	is_int(world_due(), 0, "what comes after it is heard");
	is_int(count_clients(), 1, "and it stays");
	close(sync);
	world_end();
}

static void test_socket(void)
{
	struct rt_err err = { 0 };
	struct stat st;

	begin();
	ok(stat("/run/kvmrt/agent.sock", &st) == 0 &&
		   (st.st_mode & 0777) == 0600,
	   "the socket is root's alone");
	/* As a killed agent leaves it. */
	agent_unwatch(&agent, &agent.control.watch);
	ok(control_open(&agent, &err) == 0, "one left behind is replaced");
	close(call());
	control_close(&agent);
	ok(stat("/run/kvmrt/agent.sock", &st) < 0 &&
		   stat("/run/kvmrt/agent.sock.new", &st) < 0,
	   "it goes with the agent");
	rmdir("/run/kvmrt");
	ok(control_open(&agent, &err) < 0 &&
		   strstr(err.text, "listen on /run/kvmrt/agent.sock"),
	   "no directory: %s", err.text);
	agent_unwatch(&agent, &agent.control.watch);
	world_end();
}

int main(void)
{
	test_requests();
	test_pieces();
	test_status();
	test_long_status();
	test_full();
	test_hasty();
	test_sync();
	test_sync_long_line();
	test_socket();
	return tap_done();
}
