/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* agent_control.c - clients that ask, mumble, shout, hang up, and come in crowds */
#include "../../agent/control.c"

#include "agent_world.h"

/* A client that is connected; its end is returned. */
static int connect_client(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		ok(false, "a socket pair");
		return -1;
	}
	make_room(&agent);
	accept_one(&agent, pair[0]);
	return pair[1];
}

static unsigned count_clients(void)
{
	unsigned n = 0;

	for (size_t i = 0; i < CLIENTS_MAX; i++)
		n += agent.control.clients[i].watch.fd >= 0;
	return n;
}

/* Send a piece, let the agent read it. */
static void say(int client, const char *text)
{
	(void)!send(client, text, strlen(text), MSG_NOSIGNAL);
	client_ready(&agent, &agent.control.clients[0].watch);
}

static const char *heard(int client)
{
	static char text[65536];
	size_t len = 0;
	ssize_t n;

	while ((n = recv(client, text + len, sizeof(text) - 1 - len,
			 MSG_DONTWAIT)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	return text;
}

static void test_requests(void)
{
	char long_line[200];
	int client;

	begin();
	client = connect_client();
	say(client, "look\n");
	is_str(heard(client), "done\n", "a look");
	ok(agent.due, "is made");
	is_int(count_clients(), 0, "and the client let go");
	close(client);

	client = connect_client();
	say(client, "sta");
	is_str(heard(client), "", "half a line");
	is_int(count_clients(), 1, "is waited for");
	say(client, "tus\n");
	ok(strncmp(heard(client), "{\"version\":1,", 13) == 0, "the status");
	close(client);

	client = connect_client();
	say(client, "rm -rf /\n");
	is_str(heard(client), "error: status or look\n", "anything else");
	close(client);

	memset(long_line, 'x', sizeof(long_line) - 1);
	long_line[sizeof(long_line) - 1] = '\0';
	client = connect_client();
	say(client, long_line);
	is_str(heard(client), "", "a line without an end");
	is_int(count_clients(), 0, "is the last one");
	close(client);

	client = connect_client();
	close(client);
	client_ready(&agent, &agent.control.clients[0].watch);
	is_int(count_clients(), 0, "one that hangs up is forgotten");
	end();
}

static void test_crowd(void)
{
	int clients[CLIENTS_MAX + 1];

	begin();
	for (unsigned i = 0; i <= CLIENTS_MAX; i++)
		clients[i] = connect_client();
	is_int(count_clients(), CLIENTS_MAX, "no more than there is room for");
	is_int(recv(clients[0], clients, 1, MSG_DONTWAIT), 0,
	       "who said nothing for longest went");
	for (unsigned i = 0; i <= CLIENTS_MAX; i++)
		close(clients[i]);
	control_close(&agent);
	is_int(count_clients(), 0, "all are let go at the end");
	end();
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!test_host_make(&host, "smt2-numa2-12cpu"))
		return 1;
	test_requests();
	test_crowd();
	test_host_remove(&host);
	return tap_done();
}
