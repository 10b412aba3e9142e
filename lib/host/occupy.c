/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* occupy.c - no CPU is idle while its shield goes up */
#include "occupy.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Four ticks of the slowest kernel (CONFIG_HZ=100). */
#define TICKS_MS 40
/* For all of them to be in their places: a frozen cgroup would take for ever. */
#define READY_MS 200
/* Of a process that nobody ends; its CPUs have other things to do by then. */
#define SECONDS_MAX 2

/*
 * libvirt's processes are in a child of the scope, whose own children are
 * threaded. Older versions had none: there the scope itself takes processes.
 */
static int open_procs(struct rt_sys *sys, const char *cgroup)
{
	static const char *const files[] = { "/libvirt/cgroup.procs",
					     "/cgroup.procs" };
	struct rt_err ignored;
	int fd = -1;

	for (size_t i = 0; fd < 0 && i < 2; i++) {
		RT_AUTO_STRBUF path = { 0 };

		rt_strbuf_addf(&path, "sys/fs/cgroup/%s%s", cgroup, files[i]);
		if (!path.failed)
			fd = rt_sys_openat(sys, path.text, O_WRONLY, 0,
					   &ignored);
	}
	return fd;
}

static int read_cpus(struct rt_sys *sys, const char *cgroup,
		     struct rt_cpuset *ret_cpus)
{
	RT_AUTO_STRBUF path = { 0 };
	struct rt_cpuset online;
	struct rt_err ignored;
	int r;

	rt_strbuf_addf(&path, "sys/fs/cgroup/%s/cpuset.cpus.exclusive", cgroup);
	if (path.failed)
		return -ENOMEM;
	r = rt_sys_read_cpus(sys, path.text, ret_cpus, &ignored);
	if (r == 0)
		r = rt_sys_read_cpus(sys, "sys/devices/system/cpu/online",
				     &online, &ignored);
	if (r == 0)
		rt_cpuset_and(ret_cpus, &online);
	return r;
}

/*
 * The child: into the cgroup, onto the CPU, and busy from then on. It becomes
 * SCHED_IDLE last: before, it could wait for long for a CPU that has work.
 */
static _Noreturn void spin(int procs, int ready, unsigned cpu, pid_t parent)
{
	const struct rlimit limit = { SECONDS_MAX, SECONDS_MAX };
	const struct sched_param none = { 0 };
	volatile unsigned turns = 0;
	cpu_set_t *set = CPU_ALLOC(cpu + 1);
	const size_t size = CPU_ALLOC_SIZE(cpu + 1);

	if (!set || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ||
	    getppid() != parent || setrlimit(RLIMIT_CPU, &limit) < 0 ||
	    write(procs, "0", 1) != 1)
		_exit(1);
	CPU_ZERO_S(size, set);
	CPU_SET_S(cpu, size, set);
	if (sched_setaffinity(0, size, set) < 0)
		_exit(1);
	close(ready);
	if (sched_setscheduler(0, SCHED_IDLE, &none) < 0)
		_exit(1);
	for (;;)
		turns++;
}

/* Until each child is in its place or has ended: then nobody has the pipe. */
static void wait_ready(int fd)
{
	const struct timespec ticks = { .tv_nsec = TICKS_MS * 1000000L };
	struct pollfd end = { .fd = fd };

	(void)poll(&end, 1, READY_MS);
	nanosleep(&ticks, NULL);
}

void rt_occupy(struct rt_sys *sys, const char *cgroup,
	       struct rt_occupied *ret_occupied)
{
	const pid_t parent = getpid();
	RT_AUTO_FD int procs = -1;
	RT_AUTO_FD int ours = -1;
	RT_AUTO_FD int theirs = -1;
	struct rt_cpuset cpus;
	int ends[2];

	*ret_occupied = (struct rt_occupied){ 0 };
	if (!sys->live || read_cpus(sys, cgroup, &cpus) < 0 ||
	    (procs = open_procs(sys, cgroup)) < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return;
	ours = ends[0];
	theirs = ends[1];
	ret_occupied->pids =
		calloc(rt_cpuset_count(&cpus), sizeof(*ret_occupied->pids));
	RT_CPUSET_FOREACH(cpu, &cpus)
	{
		pid_t pid = ret_occupied->pids ? fork() : -1;

		if (pid == 0)
			spin(procs, theirs, (unsigned)cpu, parent);
		if (pid > 0)
			ret_occupied->pids[ret_occupied->n++] = pid;
	}
	close(theirs);
	theirs = -1;
	if (ret_occupied->n)
		wait_ready(ours);
}

void rt_occupied_end(struct rt_occupied *occupied)
{
	for (size_t i = 0; i < occupied->n; i++)
		kill(occupied->pids[i], SIGKILL);
	for (size_t i = 0; i < occupied->n; i++) {
		while (waitpid(occupied->pids[i], NULL, 0) < 0 &&
		       errno == EINTR)
			;
	}
	free(occupied->pids);
	*occupied = (struct rt_occupied){ 0 };
}
