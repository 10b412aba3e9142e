/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* agent_helper.c - a helper that talks, mumbles, fails and hangs; systemd */
#include "../../agent/helper.c"

#include <stddef.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "agent_world.h"

static void test_lines(void)
{
	static const char *const nonsense[] = {
		"",
		"\n",
		" ",
		"guest",
		"guest \n",
		"guest not-a-uuid text\n",
		"device\n",
		"device " UUID "\n",
		"device " UUID " nonsense\n",
		"device " UUID " 0000:99:00.0\n",
		"libvirt\n",
		"what is this\n",
	};
	char line[LINE_MAX_BYTES];

	begin();
	for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
		snprintf(line, sizeof(line), "%s", nonsense[i]);
		on_message(&agent, line);
	}
	is_int((long long)agent.helper.n_guests, 0, "nonsense tells nothing");
	agent.due = 0;
	snprintf(line, sizeof(line), "libvirt connected\n");
	on_message(&agent, line);
	is_str(agent.helper.libvirt, "connected", "libvirt is there");
	for (unsigned i = 0; i < 2; i++) {
		snprintf(line, sizeof(line), "guest " UUID " %s\n",
			 i ? "in step again" : "in step");
		on_message(&agent, line);
	}
	is_int((long long)agent.helper.n_guests, 1, "one line a guest");
	is_str(agent.helper.guests[0].text, "in step again", "the last one");
	is_int((long long)agent.due, 0, "for which nobody looks");
	snprintf(line, sizeof(line), "look\n");
	on_message(&agent, line);
	ok(agent.due, "but somebody does when something was changed");
	helper_close(&agent);
	end();
}

static void test_device(void)
{
	struct rt_active active = { .stage = RT_STAGE_STARTED, .pid = 1 };
	char name[] = "rt1", line[] = "device " UUID " 0000:82:00.0\n";
	struct rt_store store;
	struct rt_err err = { 0 };
	const struct rt_active *now;

	begin();
	snprintf(active.guest.uuid, sizeof(active.guest.uuid), UUID);
	active.guest.name = name;
	ok(rt_store_open(&agent.sys, 0, &store, &err) == 0 &&
		   rt_reconcile_add(&store, &active, &err) == 0,
	   "a guest runs %s", err.text);
	rt_store_close(&store);
	on_message(&agent, line);
	ok(agent.due, "a device is plugged in");
	ok(rt_store_open(&agent.sys, 0, &store, &err) == 0, "on record %s",
	   err.text);
	now = rt_journal_find_guest(&store.journal, UUID);
	ok(now && now->guest.pcidevs.n == 1, "it is the guest's own");
	(void)rt_reconcile_drop(&store, UUID, &err);
	rt_store_close(&store);
	end();
}

/* A program that does what the text says, in its shell. */
static void script(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	if (!ok(file != NULL, "a helper"))
		return;
	fprintf(file, "#!/bin/sh\n%s\n", text);
	fchmod(fileno(file), 0755);
	fclose(file);
}

/* Let the agent read what the helper has to say, within five seconds. */
static void listen_to_helper(void)
{
	struct epoll_event event;

	if (ok(epoll_wait(agent.epoll, &event, 1, 5000) == 1,
	       "the helper is heard"))
		((struct watch *)event.data.ptr)->ready(&agent, event.data.ptr);
}

static void test_failing_helper(const char *path)
{
	uint64_t wait = 0;

	begin();
	agent.helper.program = path;
	script(path, "exit 3");
	helper_start(&agent);
	for (unsigned i = 0; i < 9; i++) {
		const uint64_t before = wait;

		listen_to_helper();
		is_int(agent.helper.pid, 0, "it has ended");
		wait = agent.helper.again - agent_now_ms();
		ok(wait <= AGAIN_MAX_MS + 4000 && wait + 100 >= before,
		   "again in %llu ms", (unsigned long long)wait);
		is_int((long long)helper_due(&agent, agent.helper.again - 1),
		       (long long)agent.helper.again, "not sooner");
		if (i < 8)
			(void)helper_due(&agent, agent.helper.again);
	}
	ok(wait > AGAIN_MAX_MS / 2, "in the end once a minute");
	helper_close(&agent);
	unlink(path);
	helper_start(&agent);
	ok(agent.helper.again && agent.helper.watch.fd < 0,
	   "one that is not there is tried again later");
	helper_close(&agent);
	end();
}

static void test_helper(const char *path)
{
	const uint64_t start = agent_now_ms();

	begin();
	agent.helper.program = path;
	/* Deaf to a polite word, as one that hangs in libvirt. */
	script(path, "trap '' TERM\n"
		     "echo 'libvirt connected' >&3\n"
		     "while :; do sleep 1; done");
	helper_start(&agent);
	is_str(agent.helper.libvirt, "lost", "not connected yet");
	listen_to_helper();
	is_str(agent.helper.libvirt, "connected", "connected");
	ok(agent.helper.pid > 0 && !agent.helper.again, "it runs");
	helper_close(&agent);
	is_int(agent.helper.pid, 0, "it is ended, if need be by force");
	ok(agent_now_ms() - start < 10000, "which takes a moment only");
	unlink(path);
	end();
}

/* --- systemd --- */

static void test_notify(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char text[64] = "";
	socklen_t len;
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", name);
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
			  strlen(name));
	if (*name == '@')
		address.sun_path[0] = '\0';
	ok(bind(fd, (const struct sockaddr *)&address, len) == 0, "%s", name);
	setenv("NOTIFY_SOCKET", name, 1);
	agent_notify("READY=1");
	ok(recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT) == 7, "is told");
	is_str(text, "READY=1", "this");
	close(fd);
	agent_notify("READY=1"); /* nobody is there: nothing happens */
	setenv("NOTIFY_SOCKET", "nonsense", 1);
	agent_notify("READY=1");
	unsetenv("NOTIFY_SOCKET");
	agent_notify("READY=1");
	unlink(name);
}

static void test_watchdog(void)
{
	static const struct {
		const char *usec;
		unsigned ms;
	} rows[] = {
		{ "300000000", 300000 },
		{ "1000", 1 },
		{ "", 0 },
		{ "10x", 0 },
		{ "-1", 0 },
		{ "1e9", 0 },
		{ "99999999999999999999", 0 },
	};
	char pid[16];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		setenv("WATCHDOG_USEC", rows[i].usec, 1);
		is_int(agent_watchdog_ms(), rows[i].ms, rows[i].usec);
	}
	setenv("WATCHDOG_USEC", "1000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	is_int(agent_watchdog_ms(), 0, "it is meant for another process");
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	is_int(agent_watchdog_ms(), 1, "it is meant for us");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

int main(void)
{
	char path[128], name[128];

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!test_host_make(&host, "smt2-numa2-12cpu"))
		return 1;
	snprintf(path, sizeof(path), "%s/helper", host.dir);
	snprintf(name, sizeof(name), "%s/notify", host.dir);
	test_lines();
	test_device();
	test_failing_helper(path);
	test_helper(path);
	test_notify(name);
	snprintf(name, sizeof(name), "@kvmrt-test-%d", (int)getpid());
	test_notify(name);
	test_watchdog();
	test_host_remove(&host);
	return tap_done();
}
