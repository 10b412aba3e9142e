/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * agent_guest.h - a whole agent, and a guest that the hook starts and ends
 *
 * The host is make-host's smt2-numa2-12cpu-guest: guest rt1 has CPUs 6-11 and
 * process 4711, libvirt's daemon is process 1, irqbalance 710.
 */
#ifndef RT_TEST_AGENT_GUEST_H
#define RT_TEST_AGENT_GUEST_H

#include "../../hooks/hook.h"
#include "agent_world.h"

#define HOST	 "smt2-numa2-12cpu-guest"
#define QEMU	 4711
#define WATCHDOG "/proc/sys/kernel/watchdog_cpumask"
#define IRQ(n)	 "/proc/irq/" #n "/smp_affinity_list"
#define SCOPE_FOLDER                                                           \
	"/sys/fs/cgroup/machine.slice/machine-qemu\\x2d1\\x2drt1.scope"

static int guest_trace; /* the kernel's end of the trace */

/* The whole value anew, as a kernel's file takes it. */
MAYBE_UNUSED static void guest_put(const char *path, const char *text)
{
	const int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		ok(false, "write %s: %s", path, strerror(errno));
	close(fd);
}

static char *guest_slurp(const char *path, size_t *ret_len)
{
	static char text[1 << 16];
	const char *top = getenv("TOP");
	char full[512];
	FILE *file;

	snprintf(full, sizeof(full), "%s/tests/data/hook/%s", top ? top : ".",
		 path);
	file = fopen(full, "re");
	*ret_len = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
	text[*ret_len] = '\0';
	if (file)
		fclose(file);
	return text;
}

/* A hook is a process of its own. Its messages go to a file. */
MAYBE_UNUSED static bool guest_hook(const char *operation)
{
	struct rt_hook_call call = { .guest = "rt1",
				     .operation = operation,
				     .root = world.host.root };
	const pid_t pid = fork();
	int status, out;

	if (pid == 0) {
		char path[160];

		snprintf(path, sizeof(path), "%s/hook.log", world.host.dir);
		out = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
			   0600);
		dup2(out, STDERR_FILENO);
		world.ms = 0;
		call.xml = guest_slurp("rt1.xml", &call.xml_len);
		_exit(rt_hook_run(&call));
	}
	return waitpid(pid, &status, 0) == pid && status == 0;
}

/* The journal says of the process what the hook found. */
MAYBE_UNUSED static bool guest_start(void)
{
	return guest_hook("prepare") && guest_hook("started");
}

/* A host that knows the guest. */
static void guest_make(void)
{
	size_t len;

	world_begin(HOST);
	world_write("/etc/kvmrt.cfg", guest_slurp("rt1.cfg", &len));
}

/* All sources, before the first scan. */
static void guest_open(void)
{
	struct rt_err err = { 0 };

	ok(files_open(&agent, &err) == 0 && control_open(&agent, &err) == 0 &&
		   irqs_open(&agent, &err) == 0 &&
		   cpus_open(&agent, &err) == 0 &&
		   tasks_open(&agent, &err) == 0,
	   "all sources %s", err.text);
	guest_trace = open(INSTANCE "/trace_pipe", O_WRONLY | O_CLOEXEC);
	agent.adopting = true;
	agent_want(&agent, 0);
}

MAYBE_UNUSED static void guest_begin(void)
{
	guest_make();
	guest_open();
}

MAYBE_UNUSED static void guest_end(void)
{
	world_close(&guest_trace);
	world_end();
}

MAYBE_UNUSED static void guest_trace_line(const char *by, unsigned irq,
					  unsigned cpu)
{
	char line[160];

	snprintf(line, sizeof(line),
		 "  %s  [003] d..1.  12.5: vector_config: irq=%u vector=34 "
		 "cpu=%u apicdest=0x6\n",
		 by, irq, cpu);
	if (write(guest_trace, line, strlen(line)) != (ssize_t)strlen(line))
		ok(false, "write to the trace: %s", strerror(errno));
}

/* Its process, and what the kernel had for it, are no more. */
MAYBE_UNUSED static void guest_die(void)
{
	static const char *const gone[] = { "/proc/4711", "/proc/4716",
					    "/proc/4718", SCOPE_FOLDER };

	for (size_t i = 0; i < 4; i++) {
		char rm[] = "rm", rf[] = "-rf", path[700];
		char *argv[] = { rm, rf, path, NULL };

		snprintf(path, sizeof(path), "%s", world_path(gone[i]).text);
		test_run(argv);
	}
	if (world_pidfd(QEMU) >= 0)
		(void)eventfd_write(world_pidfd(QEMU), 1);
}

/* xorshift64*: the same everywhere for the same seed. */
MAYBE_UNUSED static uint64_t chance;

MAYBE_UNUSED static unsigned roll(unsigned sides)
{
	chance ^= chance >> 12;
	chance ^= chance << 25;
	chance ^= chance >> 27;
	return (unsigned)(chance * 0x2545f4914f6cdd1dULL >> 33) % sides;
}

MAYBE_UNUSED static void fill(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		text[i] = (char)roll(256);
}

#endif
