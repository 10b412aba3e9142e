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

static void test_requests(void)
{
	static const struct {
		const char *name, *text, *answer;
		long long due;
	} rows[] = {
		{ "a look", "look\n", "done\n", 0 },
		{ "and what comes after it", "look\nlook\n", "done\n", 0 },
		{ "another word", "shutdown\n", "error: status or look\n", -1 },
		{ "more than a word", "look now\n", "error: status or look\n",
		  -1 },
		{ "nothing", "\n", "error: status or look\n", -1 },
		{ "a longer word", "looks\n", "error: status or look\n", -1 },
		{ "half a line", "look", NULL, -1 },
		{ "too long a line",
		  "look look look look look look look look look look look look "
		  "look",
		  "", -1 },
		{ "as long as there is room",
		  "look look look look look look look look look look look look "
		  "1\n",
		  "error: status or look\n", -1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd;

		begin();
		fd = call();
		is_int(count_clients(), 1, "a client");
		say(fd, rows[i].text);
		is_str(hear(fd), rows[i].answer, rows[i].name);
		is_int(world_due(), rows[i].due, "when a look is wanted");
		is_int(count_clients(), !rows[i].answer,
		       "who was answered has gone");
		close(fd);
		settle();
		is_int(count_clients(), 0, "who hangs up is gone");
		world_end();
	}
}

static void test_pieces(void)
{
	int fd;

	begin();
	fd = call();
	say(fd, "lo");
	is_int(world_due(), -1, "half a word");
	say(fd, "ok");
	is_str(hear(fd), NULL, "it waits for the end");
	say(fd, "\n");
	is_str(hear(fd), "done\n", "a request in pieces");
	close(fd);
	fd = call();
	if (send(fd, "lo\0ok\n", 6, MSG_NOSIGNAL) != 6)
		ok(false, "send");
	settle();
	is_str(hear(fd), NULL, "a NUL in a line ends nothing");
	is_int(count_clients(), 1, "and breaks nothing");
	close(fd);
	settle();
	is_int(count_clients(), 0, "nobody is left");
	world_end();
}

static void test_status(void)
{
	const char *text;
	int fd, lock;

	begin();
	fd = call();
	say(fd, "status\n");
	text = hear(fd);
	ok(text && strstr(text, "\"version\":1") &&
		   strstr(text, "\"guests\":[]") &&
		   text[strlen(text) - 1] == '\n',
	   "a status is a line of JSON: %.60s", text ? text : "none");
	close(fd);
	lock = open("/run/kvmrt/lock", O_RDWR | O_CLOEXEC);
	ok(flock(lock, LOCK_EX) == 0, "somebody has the lock");
	fd = call();
	say(fd, "status\n");
	text = hear(fd);
	ok(text && strstr(text, "\"version\":1") &&
		   strstr(text, "\"error\":\"the lock"),
	   "which is what the status says: %.90s", text ? text : "none");
	is_int((long long)(world.ms - WORLD_START_MS), 500,
	       "after half a second");
	close(fd);
	close(lock);
	world_end();
}

/* More than the kernel holds for a socket of the usual size. */
static void test_long_status(void)
{
	const int size = 4 << 20;
	unsigned lines = 4000;
	size_t len = 0;
	char text[4096];
	ssize_t n;
	int fd;

	begin();
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* Who runs this may not be allowed what the agent is. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		lines = 400;
	close(fd);
	memset(text, 'x', 200);
	text[200] = '\0';
	for (unsigned i = 0; i < lines; i++) {
		struct helper_line line = { .text = strdup(text) };

		snprintf(line.uuid, sizeof(line.uuid), "%036u", i);
		if (rt_grow(&agent.helper.guests, agent.helper.n_guests,
			    &agent.helper.size_guests, sizeof(line)))
			agent.helper.guests[agent.helper.n_guests++] = line;
	}
	fd = call();
	say(fd, "status\n");
	while ((n = recv(fd, text, sizeof(text), 0)) > 0)
		len += (size_t)n;
	ok(len > lines * 200, "a long status is whole: %zu bytes", len);
	close(fd);
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
	say(fds[CLIENTS_MAX], "look\n");
	is_str(hear(fds[CLIENTS_MAX]), "done\n", "the first of them is served");
	say(fds[3], "look\n");
	is_str(hear(fds[3]), "done\n", "as is who has waited");
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
			   send(fd, "look\n", 5, MSG_NOSIGNAL) == 5,
		   "a client that does not wait");
		close(fd);
	}
	settle();
	is_int(world_due(), 0, "is heard, and its answer is lost");
	is_int(count_clients(), 0, "and leaves nothing");
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
	ok(stat("/run/kvmrt/agent.sock", &st) < 0, "it goes with the agent");
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
	test_socket();
	return tap_done();
}
