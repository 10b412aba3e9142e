/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * control.c - the socket for the commands
 *
 * /run/kvmrt/agent.sock, root's. A client sends one line and reads until the
 * end: "status" answers with a JSON document (see kvmrt-stat(1)), "look" makes
 * a look and answers "done". Nobody can make the agent wait: what does not fit
 * into the socket is dropped with the connection.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/json.h"
#include "agent.h"

#define SOCKET_PATH "/run/kvmrt/agent.sock"
#define ANSWER_MAX  (4 << 20)

static bool is_root(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	       (peer.uid == 0 || peer.uid == geteuid());
}

static void fail_status(struct rt_strbuf *out, const struct rt_err *err)
{
	struct rt_json json = { .out = out };

	rt_strbuf_fini(out);
	rt_json_open(&json, '{');
	rt_json_key(&json, "version");
	rt_json_number(&json, 1);
	rt_json_key(&json, "error");
	rt_json_string(&json, err->text);
	rt_json_close(&json, '}');
	rt_strbuf_adds(out, "\n");
}

static void answer(struct agent *agent, struct client *client)
{
	RT_AUTO_STRBUF out = { 0 };
	struct rt_err err = { 0 };

	if (strcmp(client->request, "status") == 0) {
		if (agent_status(agent, &out, &err) < 0)
			fail_status(&out, &err);
	} else if (strcmp(client->request, "look") == 0) {
		agent_want(agent, 0);
		rt_strbuf_adds(&out, "done\n");
	} else {
		rt_strbuf_adds(&out, "error: status or look\n");
	}
	if (!out.failed && out.text)
		(void)!send(client->watch.fd, out.text, out.len,
			    MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void client_ready(struct agent *agent, struct watch *watch)
{
	struct client *client = NULL;
	char *newline;
	ssize_t n;

	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		if (&agent->control.clients[i].watch == watch)
			client = &agent->control.clients[i];
	}
	if (!client)
		return;
	n = recv(watch->fd, client->request + client->len,
		 sizeof(client->request) - 1 - client->len, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		client->len += (size_t)n;
		client->request[client->len] = '\0';
		newline = strchr(client->request, '\n');
		if (!newline && client->len < sizeof(client->request) - 1)
			return;
		if (newline) {
			*newline = '\0';
			answer(agent, client);
		}
	}
	agent_unwatch(agent, watch);
}

/* A long answer has to fit at once. The usual limit is some 200 KiB. */
static void allow_answer(int fd)
{
	const int size = ANSWER_MAX;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size,
				 sizeof(size));
}

static void accept_one(struct agent *agent, int fd)
{
	struct rt_err ignored = { 0 };

	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client *client = &agent->control.clients[i];

		if (client->watch.fd >= 0)
			continue;
		client->watch.fd = fd;
		client->watch.ready = client_ready;
		client->len = 0;
		client->number = agent->control.connections++;
		allow_answer(fd);
		if (!is_root(fd) ||
		    agent_watch(agent, &client->watch, &ignored) < 0)
			agent_unwatch(agent, &client->watch);
		return;
	}
	close(fd);
}

/* A full house: who has been there longest without a request goes. */
static void make_room(struct agent *agent)
{
	struct client *oldest = &agent->control.clients[0];

	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client *client = &agent->control.clients[i];

		if (client->watch.fd < 0)
			return;
		if (client->number < oldest->number)
			oldest = client;
	}
	agent_unwatch(agent, &oldest->watch);
}

static void ready(struct agent *agent, struct watch *watch)
{
	const int fd =
		accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	make_room(agent);
	accept_one(agent, fd);
}

static int bind_socket(int fd)
{
	const struct sockaddr_un address = { .sun_family = AF_UNIX,
					     .sun_path = SOCKET_PATH };
	const mode_t mask = umask(0177);
	int r;

	/* A killed agent leaves its socket; two agents the lock forbids. */
	(void)unlink(SOCKET_PATH);
	r = bind(fd, (const struct sockaddr *)&address, sizeof(address));
	if (r == 0)
		r = listen(fd, CLIENTS_MAX);
	(void)umask(mask);
	return r;
}

int control_open(struct agent *agent, struct rt_err *err)
{
	struct control *control = &agent->control;

	for (size_t i = 0; i < CLIENTS_MAX; i++)
		control->clients[i].watch.fd = -1;
	control->watch.ready = ready;
	control->watch.fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (control->watch.fd < 0 || bind_socket(control->watch.fd) < 0)
		return rt_fail(err, errno, "listen on " SOCKET_PATH);
	return agent_watch(agent, &control->watch, err);
}

void control_close(struct agent *agent)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		agent_unwatch(agent, &agent->control.clients[i].watch);
	if (agent->control.watch.fd >= 0)
		(void)unlink(SOCKET_PATH);
	agent_unwatch(agent, &agent->control.watch);
}
