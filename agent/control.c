/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * control.c - the socket for the commands and for kvmrt-sync
 *
 * /run/kvmrt/agent.sock, root's. A command sends the line "status" and reads
 * until the end: the answer is a JSON document (see kvmrt-stat(1)). kvmrt-sync
 * stays connected and sends messages (told.c); of two that do, the newer one
 * counts. No client can make the agent wait: an answer goes out as the client
 * reads it, and a client that does not read is the first to be dropped when
 * there are too many.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/json.h"
#include "agent.h"

#define SOCKET_PATH "/run/kvmrt/agent.sock"
/* Renamed when it listens: kvmrt-sync hears that, and finds it ready. */
#define SOCKET_NEW SOCKET_PATH ".new"

static bool is_root(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	       (peer.uid == 0 || peer.uid == geteuid());
}

static void end_client(struct agent *agent, struct client *client)
{
	if (client->sync)
		told_end(agent);
	client->sync = false;
	free(client->answer);
	client->answer = NULL;
	agent_unwatch(agent, &client->watch);
}

/* --- answers --- */

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

/* As much as there is room for; epoll reports when there is more. */
static void send_answer(struct agent *agent, struct client *client)
{
	const ssize_t n = send(client->watch.fd, client->answer + client->sent,
			       client->answer_len - client->sent,
			       MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		client->sent += (size_t)n;
	if (n < 0 || client->sent == client->answer_len)
		end_client(agent, client);
}

static void answer(struct agent *agent, struct client *client, const char *line)
{
	struct rt_strbuf out = { 0 };
	struct rt_err err = { 0 };

	if (strcmp(line, "status") != 0)
		rt_strbuf_adds(
			&out,
			"error: unknown request; the only one is 'status'\n");
	else if (agent_status(agent, &out, &err) < 0)
		fail_status(&out, &err);
	client->answer_len = out.len;
	client->sent = 0;
	if (rt_strbuf_take(&out, &client->answer, &err) < 0 ||
	    agent_watch_writing(agent, &client->watch) < 0)
		end_client(agent, client);
	else
		send_answer(agent, client);
}

/* --- requests --- */

static void take_sync(struct agent *agent, struct client *client)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		if (agent->control.clients[i].sync)
			end_client(agent, &agent->control.clients[i]);
	}
	client->sync = true;
	told_begin(agent);
}

static void on_line(struct agent *agent, struct client *client, char *line)
{
	if (client->sync)
		told_line(agent, line);
	else if (strcmp(line, "sync") == 0)
		take_sync(agent, client);
	else
		answer(agent, client, line);
}

/* All whole lines; what is left stays for the next time. */
static void read_lines(struct agent *agent, struct client *client)
{
	char *line = client->line, *newline;

	client->line[client->len] = '\0';
	while (client->watch.fd >= 0 && !client->answer &&
	       (newline = strchr(line, '\n'))) {
		*newline = '\0';
		if (!client->skip)
			on_line(agent, client, line);
		client->skip = false;
		line = newline + 1;
	}
	client->len -= (size_t)(line - client->line);
	memmove(client->line, line, client->len);
	if (client->len < sizeof(client->line) - 1)
		return;
	/* Only kvmrt-sync sends so much. */
	client->skip = true;
	client->len = 0;
	if (!client->sync)
		end_client(agent, client);
}

static void client_ready(struct agent *agent, struct watch *watch)
{
	struct client *client = NULL;
	ssize_t n;

	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		if (&agent->control.clients[i].watch == watch)
			client = &agent->control.clients[i];
	}
	if (!client)
		return;
	if (client->answer) {
		send_answer(agent, client);
		return;
	}
	n = recv(watch->fd, client->line + client->len,
		 sizeof(client->line) - 1 - client->len, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* A NUL would hide what comes after it. */
	if (n <= 0 || memchr(client->line + client->len, '\0', (size_t)n)) {
		end_client(agent, client);
		return;
	}
	client->len += (size_t)n;
	read_lines(agent, client);
}

/* --- connections --- */

/* All places are taken: the oldest connection is dropped. */
static struct client *make_room(struct agent *agent)
{
	struct client *oldest = NULL;

	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client *client = &agent->control.clients[i];

		if (client->watch.fd < 0)
			return client;
		if (!client->sync &&
		    (!oldest || client->number < oldest->number))
			oldest = client;
	}
	end_client(agent, oldest);
	return oldest;
}

static void ready(struct agent *agent, struct watch *watch)
{
	const int fd =
		accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct rt_err ignored = { 0 };
	struct client *client;

	if (fd < 0)
		return;
	client = make_room(agent);
	client->watch.fd = fd;
	client->watch.ready = client_ready;
	client->len = 0;
	client->skip = false;
	client->number = agent->control.connections++;
	if (!is_root(fd) || agent_watch(agent, &client->watch, &ignored) < 0)
		end_client(agent, client);
}

static int bind_socket(int fd)
{
	const struct sockaddr_un address = { .sun_family = AF_UNIX,
					     .sun_path = SOCKET_NEW };
	const mode_t mask = umask(0177);
	int r;

	/*
	 * A killed agent leaves its socket; the lock excludes a second agent.
	 */
	(void)unlink(SOCKET_NEW);
	r = bind(fd, (const struct sockaddr *)&address, sizeof(address));
	if (r == 0)
		r = listen(fd, CLIENTS_MAX);
	if (r == 0)
		r = rename(SOCKET_NEW, SOCKET_PATH);
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
		end_client(agent, &agent->control.clients[i]);
	if (agent->control.watch.fd >= 0)
		(void)unlink(SOCKET_PATH);
	agent_unwatch(agent, &agent->control.watch);
}
