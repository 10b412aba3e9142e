/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tasks.c - masks that lost CPUs get them back, also when the kernel is late */
#include "host/tasks.h"

#include "../host.h"
#include "../tap.h"

#define TASK 600 /* as make-host has it: one that may run anywhere */

static struct test_host host;
static struct rt_sys sys;
static struct rt_sys_calls calls;
static unsigned tries, late; /* so many tries change nothing */

static int set_late(struct rt_sys *s, unsigned pid, unsigned tid,
		    const struct rt_cpuset *set, struct rt_err *err)
{
	if (pid == TASK && tries++ < late)
		return 0;
	return rt_sys_captured.set_affinity(s, pid, tid, set, err);
}

static struct rt_cpuset list(const char *text)
{
	struct rt_cpuset set = { 0 };
	struct rt_err err;

	if (rt_cpuset_parse_list(text, &set, &err) < 0)
		ok(false, "%s: %s", text, err.text);
	return set;
}

/* The mask of the task after its CPUs 7, 9 and 11 have come back. */
static const char *widened(const char *mask)
{
	static char text[RT_CPULIST_MAX];
	struct rt_cpuset set = list(mask);
	struct rt_err err = { 0 };

	tries = 0;
	ok(rt_sys_captured.set_affinity(&sys, TASK, TASK, &set, &err) == 0,
	   "a task on %s %s", mask, err.text);
	ok(rt_tasks_widen(&sys, "tasks/7,9,11", &err) == 0, "widened %s",
	   err.text);
	ok(rt_sys_captured.get_affinity(&sys, TASK, TASK, &set, &err) == 0,
	   "its mask %s", err.text);
	rt_cpuset_format_list(&set, text, sizeof(text));
	return text;
}

int main(void)
{
	struct rt_err err = { 0 };

	if (!test_host_make(&host, "smt2-numa2-12cpu") ||
	    rt_sys_open(host.root, &sys, &err) < 0) {
		printf("Bail out! %s\n", err.text);
		return 1;
	}
	calls = rt_sys_captured;
	calls.set_affinity = set_late;
	sys.calls = &calls;
	is_str(widened("0-6,8,10"), "0-11", "it lost these only");
	is_int(tries, 1, "told once");
	is_str(widened("0-6,8-10"), "0-11", "it lost some of them");
	is_str(widened("0-5"), "0-5", "others are missing, too: a choice");
	is_int(tries, 0, "of which nothing is touched");
	is_str(widened("0-11"), "0-11", "it lost none");
	is_int(tries, 0, "and is left alone");
	late = 2;
	is_str(widened("0-6,8,10"), "0-11", "the kernel does not know yet");
	is_int(tries, 3, "told until it does");
	late = 1000;
	is_str(widened("0-6,8,10"), "0-6,8,10", "it never will");
	ok(tries > 1 && tries < 10, "after %u tries that is that", tries);
	rt_sys_close(&sys);
	test_host_remove(&host);
	return tap_done();
}
