/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* prove_child.c - processes that kvmrt-prove starts, and how they end */
#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "../../tools/common/prove_child.h"
#include "../tap.h"

/* For ten seconds at most. */
static void await(struct rt_child *child)
{
	const struct timespec pause = { .tv_nsec = 10000000 };

	for (unsigned i = 0; i < 1000 && !child->ended; i++) {
		nanosleep(&pause, NULL);
		rt_child_look(child);
	}
}

static int speak(void *data, struct rt_strbuf *out, struct rt_err *err)
{
	(void)err;
	/* More than a pipe holds. */
	for (int i = 0; i < *(int *)data; i++)
		rt_strbuf_adds(out, "0123456789\n");
	return 0;
}

static int fail(void *data, struct rt_strbuf *out, struct rt_err *err)
{
	(void)data;
	rt_strbuf_adds(out, "half of it");
	return rt_fail(err, ENOENT, "find the guest");
}

static int hang(void *data, struct rt_strbuf *out, struct rt_err *err)
{
	(void)data;
	(void)out;
	(void)err;
	for (;;)
		pause();
	return 0;
}

static void test_calls(void)
{
	struct rt_child child;
	struct rt_err err = { 0 };
	int n = 50000;

	is_int(rt_child_call(&child, speak, &n, &err), 0, "one that speaks");
	await(&child);
	ok(rt_child_is_good(&child), "it ends well");
	is_int((long long)child.said.len, 11 * 50000LL, "all was heard");
	rt_child_fini(&child);
	is_int(rt_child_call(&child, fail, NULL, &err), 0, "one that fails");
	await(&child);
	ok(child.ended && !rt_child_is_good(&child), "it has failed");
	is_str(child.said.text, "find the guest: No such file or directory",
	       "it says why, and nothing else");
	rt_child_fini(&child);
}

static void test_killed(void)
{
	struct rt_child child;
	struct rt_err err = { 0 };
	pid_t pid;

	(void)rt_child_call(&child, hang, NULL, &err);
	pid = child.pid;
	rt_child_look(&child);
	ok(!child.ended && pid > 0, "one that does not end");
	rt_child_fini(&child);
	ok(kill(pid, 0) < 0 && errno == ESRCH, "is ended");
	(void)rt_child_call(&child, hang, NULL, &err);
	(void)kill(child.pid, SIGKILL);
	await(&child);
	ok(child.ended && !rt_child_is_good(&child), "one that was killed");
	rt_child_fini(&child);
}

static void test_commands(void)
{
	static const struct {
		const char *command;
		bool good;
		const char *said;
	} commands[] = {
		{ "true", true, NULL },
		{ "  echo	a  b ", true, NULL },
		{ "false", false, NULL },
		{ "/nonexistent/load x", false,
		  "run '/nonexistent/load': No such file or directory" },
	};
	struct rt_child child;
	struct rt_err err = { 0 };

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		is_int(rt_child_run(&child, commands[i].command, &err), 0,
		       commands[i].command);
		await(&child);
		ok(child.ended && rt_child_is_good(&child) == commands[i].good,
		   "%s: as it should", commands[i].command);
		is_str(child.said.text, commands[i].said, "what it says");
		rt_child_fini(&child);
	}
	ok(rt_child_run(&child, " ", &err) < 0, "no command: %s", err.text);
	/* A command that ignores being asked has two seconds. */
	(void)rt_child_run(&child, "sleep 60", &err);
	rt_child_look(&child);
	ok(!child.ended, "a long one");
	rt_child_fini(&child);
	ok(!child.pid, "is ended");
}

int main(void)
{
	test_calls();
	test_killed();
	test_commands();
	return tap_done();
}
