/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * refusals.c - each claim of the planners, refused by the kernel, up to the
 * hook's exit status
 *
 * rt2 runs on CPUs 2-5 and is on record, rt1 starts on 6-11 beside it. A row is
 * a claim, and what the kernel refuses of it. What rt1 must have makes the
 * hook's call exit 1 with one line that names the reason for the claim, the
 * setting and the error; then the host is as before `prepare`, and rt2 as
 * tuned as it was. What rt1 may have is a line in the log and exit status 0. The
 * planners' sources are searched for claims that have no row.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "../../hooks/hook.h"
#include "../crash/tree.h"
#include "../host.h"
#include "../tap.h"
#include "core/record/journal.h"
#include "host/store.h"

#define CPU	 "sys/devices/system/cpu/"
#define CGROUP	 "sys/fs/cgroup/"
#define SLICE	 CGROUP "machine.slice/"
#define SCOPE1	 SLICE "machine-qemu\\x2d1\\x2drt1.scope/"
#define LEAF	 SCOPE1 "libvirt/"
#define SERVER	 RT_SERVERS "/fair_server/cpu8/runtime"
#define DEFAULT	 "proc/irq/default_smp_affinity"
#define WATCHDOG "proc/sys/kernel/watchdog_cpumask"
#define QUEUE	 "sys/class/net/eth0/queues/rx-0/rps_cpus"
#define WORKERS	 "sys/devices/virtual/workqueue/cpumask"
#define NEWBORN	 "proc/irq/60/smp_affinity_list"
/* SCHED_FIFO, priority 2. */
#define STAT(tid, name, flags, start)                                          \
	tid " (" name ") S 1 1 1 0 -1 " flags                                  \
	    " 0 0 0 0 0 0 0 0 20 0 9 0 " start                                 \
	    " 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 17 0 2 1\n"
#define VCPU0  STAT("4714", "CPU 0/KVM", "4194304", "500003")
#define HELPER STAT("4716", "kvm-nx-lpage-re", "2129984", "500005")
#define STATUS "Name:\tx\nCpus_allowed_list:\t6-11\n"
#define UUID2  "6a1f0c1e-0000-4000-8000-000000000002"

enum refused {
	MUST,	 /* exit status 1 */
	MAY,	 /* 0, and a line */
	FENCED,	 /* the same, and a fence instead of its shield */
	ENDED,	 /* 0, and no line: the thread is gone */
	RESTORE, /* 0, and a line; restored by the next call */
};

static const struct row {
	const char *why;
	enum rt_kind kind;
	enum refused is;
	const char *call;      /* the operation for rt1 */
	const char *path;      /* the file that is refused */
	unsigned tid;	       /* or the thread's mask */
	bool moves;	       /* or its cgroup */
	int codes[4];	       /* with each of these */
	const char *spoilt[2]; /* file and text, so that there is a change */
	const char *late[2];   /* the same, right before the call */
	bool old;	       /* a kernel without partitions */
	bool ordinary;	       /* rt2 is an ordinary guest, and is called */
} rows[] = {
	{ .why = "SMT sibling of a guest's CPU goes offline",
	  .kind = RT_KIND_TEXT,
	  .call = "prepare",
	  .path = CPU "cpu9/online",
	  .codes = { EBUSY, EIO, EPERM, EINVAL } },
	{ .why = "the guest's CPUs are for it alone",
	  .kind = RT_KIND_LIST,
	  .is = FENCED,
	  .call = "started",
	  .path = SLICE "cpuset.cpus.exclusive",
	  .codes = { EINVAL, EPERM, EACCES, EROFS } },
	{ .why = "the guest's CPUs are for it alone",
	  .kind = RT_KIND_LIST,
	  .call = "started",
	  .path = SLICE "cpuset.cpus.exclusive",
	  .codes = { EBUSY, EIO, ENODEV, ESRCH } },
	{ .why = "the guest's CPUs are for it alone",
	  .kind = RT_KIND_LIST,
	  .is = FENCED,
	  .call = "started",
	  .path = SCOPE1 "cpuset.cpus.exclusive",
	  .codes = { EINVAL, EPERM, EACCES, EROFS } },
	{ .why = "the guest's CPUs are for it alone",
	  .kind = RT_KIND_LIST,
	  .call = "started",
	  .path = SCOPE1 "cpuset.cpus.exclusive",
	  .codes = { EBUSY, EIO, ENODEV, ESRCH } },
	{ .why = "shield: nothing else runs on the guest's CPUs",
	  .kind = RT_KIND_PARTITION,
	  .is = FENCED,
	  .call = "started",
	  .path = SCOPE1 "cpuset.cpus.partition",
	  .codes = { EINVAL, EPERM, EACCES, EROFS } },
	{ .why = "shield: nothing else runs on the guest's CPUs",
	  .kind = RT_KIND_PARTITION,
	  .call = "started",
	  .path = SCOPE1 "cpuset.cpus.partition",
	  .codes = { EBUSY, EIO, ENODEV, ESRCH } },
	{ .why = "other cgroups keep off the guest's CPUs",
	  .kind = RT_KIND_LIST,
	  .call = "started",
	  .path = CGROUP "system.slice/cpuset.cpus",
	  .codes = { EBUSY, EINVAL, EIO },
	  .old = true },
	{ .why = "vCPU alone on its CPU",
	  .kind = RT_KIND_LIST,
	  .call = "started",
	  .path = LEAF "vcpu1/cpuset.cpus",
	  .codes = { EBUSY, EINVAL, EIO },
	  .spoilt = { LEAF "vcpu1/cpuset.cpus", "0-11\n" } },
	{ .why = "vCPU alone on its CPU",
	  .kind = RT_KIND_AFFINITY,
	  .call = "started",
	  .tid = 4714,
	  .codes = { EINVAL, EBUSY, EIO, EPERM },
	  .spoilt = { "proc/4711/task/4714/status", STATUS } },
	{ .why = "vCPU alone on its CPU",
	  .kind = RT_KIND_AFFINITY,
	  .is = ENDED,
	  .call = "started",
	  .tid = 4714,
	  .codes = { ESRCH },
	  .spoilt = { "proc/4711/task/4714/status", STATUS } },
	{ .why = "vCPU in the class that kvmrt.cfg gives it",
	  .kind = RT_KIND_SCHED,
	  .call = "started",
	  .tid = 4714,
	  .codes = { EPERM, EINVAL, EIO },
	  .spoilt = { "proc/4711/task/4714/stat", VCPU0 } },
	{ .why = "vCPU in the class that kvmrt.cfg gives it",
	  .kind = RT_KIND_SCHED,
	  .is = ENDED,
	  .call = "started",
	  .tid = 4714,
	  .codes = { ESRCH },
	  .spoilt = { "proc/4711/task/4714/stat", VCPU0 } },
	{ .why = "helper thread without the vCPU's class",
	  .kind = RT_KIND_SCHED,
	  .call = "started",
	  .tid = 4716,
	  .codes = { EPERM, EIO },
	  .spoilt = { "proc/4716/task/4716/stat", HELPER } },
	{ .why = "helper thread out of the vCPU's cgroup",
	  .kind = RT_KIND_CGROUP,
	  .call = "started",
	  .tid = 4716,
	  .moves = true,
	  .codes = { EBUSY, EINVAL, EIO, EOPNOTSUPP } },
	{ .why = "helper thread out of the vCPU's cgroup",
	  .kind = RT_KIND_CGROUP,
	  .is = ENDED,
	  .call = "started",
	  .tid = 4716,
	  .moves = true,
	  .codes = { ESRCH } },
	{ .why = "helper thread on a service CPU",
	  .kind = RT_KIND_AFFINITY,
	  .call = "started",
	  .tid = 4712,
	  .codes = { EINVAL, EBUSY, EIO },
	  .spoilt = { "proc/4711/task/4712/status", STATUS } },
	{ .why = "helper threads have all service CPUs",
	  .kind = RT_KIND_LIST,
	  .call = "started",
	  .path = LEAF "emulator/cpuset.cpus",
	  .codes = { EBUSY, EINVAL, EIO },
	  .spoilt = { LEAF "emulator/cpuset.cpus", "0-11\n" } },

	{ .why = "new memory from the guest's nodes",
	  .kind = RT_KIND_LIST,
	  .is = MAY,
	  .call = "started",
	  .path = LEAF "emulator/cpuset.mems",
	  .codes = { EBUSY, EINVAL, EIO },
	  .spoilt = { LEAF "emulator/cpuset.mems", "0\n" } },
	{ .why = "interrupt of the guest's device, to its last service CPU",
	  .kind = RT_KIND_LIST,
	  .is = MAY,
	  .call = "started",
	  .path = "proc/irq/51/smp_affinity_list",
	  .codes = { EBUSY, EINVAL, EIO, ENOSPC },
	  .late = { "proc/irq/51/smp_affinity_list", "6-11\n" } },
	{ .why = "interrupt off the guest's CPUs",
	  .kind = RT_KIND_LIST,
	  .is = MAY,
	  .call = "prepare",
	  .path = "proc/irq/43/smp_affinity_list",
	  .codes = { EBUSY, EINVAL, ENOSPC, ENODEV } },
	{ .why = "interrupt that appeared under kvmrt's default mask",
	  .kind = RT_KIND_LIST,
	  .is = MAY,
	  .call = "release",
	  .path = NEWBORN,
	  .codes = { EBUSY, EINVAL, ENOSPC, EIO } },
	{ .why = "irqbalance keeps off the guest's CPUs",
	  .kind = RT_KIND_IRQBALANCE,
	  .is = MAY,
	  .call = "prepare",
	  .path = "irqbalance",
	  .codes = { EIO, EAGAIN } },
	{ .why = "new interrupts off the guest's CPUs",
	  .kind = RT_KIND_MASK,
	  .is = MAY,
	  .call = "prepare",
	  .path = DEFAULT,
	  .codes = { EBUSY, EINVAL, EIO } },
	{ .why = "watchdog timers off the guest's CPUs",
	  .kind = RT_KIND_LIST,
	  .is = MAY,
	  .call = "prepare",
	  .path = WATCHDOG,
	  .codes = { EBUSY, EINVAL, EIO } },
	{ .why = "packet steering off the guest's CPUs",
	  .kind = RT_KIND_MASK,
	  .is = MAY,
	  .call = "prepare",
	  .path = QUEUE,
	  .codes = { EBUSY, EINVAL, EIO, ENODEV },
	  .spoilt = { QUEUE, "fff\n" } },
	{ .why = "vCPU's CPU wakes at once",
	  .kind = RT_KIND_TEXT,
	  .is = MAY,
	  .call = "prepare",
	  .path = CPU "cpu8/power/pm_qos_resume_latency_us",
	  .codes = { EBUSY, EINVAL, EIO, ENODEV } },
	{ .why = "vCPU's CPU keeps its speed",
	  .kind = RT_KIND_TEXT,
	  .is = MAY,
	  .call = "prepare",
	  .path = CPU "cpu8/cpufreq/scaling_governor",
	  .codes = { EBUSY, EINVAL, EIO, ENODEV } },
	{ .why = "no server for starved tasks, for its timer restarts the tick",
	  .kind = RT_KIND_TEXT,
	  .is = MAY,
	  .call = "prepare",
	  .path = SERVER,
	  .codes = { EBUSY, EINVAL, EIO, EPERM } },
	{ .why = "no account of pressure, for its work item comes every two "
		 "seconds",
	  .kind = RT_KIND_TEXT,
	  .is = MAY,
	  .call = "started",
	  .path = LEAF "vcpu0/cgroup.pressure",
	  .codes = { EBUSY, EINVAL, EIO, EOPNOTSUPP } },
	{ .why = "ksmd does not unmap pages, and interrupts no CPU for that",
	  .kind = RT_KIND_TEXT,
	  .is = MAY,
	  .call = "prepare",
	  .path = "sys/kernel/mm/ksm/run",
	  .codes = { EBUSY, EINVAL, EIO } },
	{ .why = "khugepaged does not make huge pages, and interrupts no CPU "
		 "for that",
	  .kind = RT_KIND_TEXT,
	  .is = MAY,
	  .call = "prepare",
	  .path = "sys/kernel/mm/transparent_hugepage/khugepaged/"
		  "scan_sleep_millisecs",
	  .codes = { EBUSY, EINVAL, EIO } },
	{ .why = "no page is unmapped to see who uses it",
	  .kind = RT_KIND_TEXT,
	  .is = MAY,
	  .call = "prepare",
	  .path = "proc/sys/kernel/numa_balancing",
	  .codes = { EBUSY, EINVAL, EIO } },
	{ .why = "memory counters are folded once an hour",
	  .kind = RT_KIND_TEXT,
	  .is = MAY,
	  .call = "prepare",
	  .path = "proc/sys/vm/stat_interval",
	  .codes = { EBUSY, EINVAL, EIO } },
	{ .why = "kcompactd moves pages only when somebody needs it",
	  .kind = RT_KIND_TEXT,
	  .is = MAY,
	  .call = "prepare",
	  .path = "proc/sys/vm/compaction_proactiveness",
	  .codes = { EBUSY, EINVAL, EIO } },
	{ .why = "no timer polls for corrected memory errors",
	  .kind = RT_KIND_TEXT,
	  .is = MAY,
	  .call = "prepare",
	  .path = "sys/devices/system/machinecheck/machinecheck0/"
		  "check_interval",
	  .codes = { EBUSY, EINVAL, EIO } },
	{ .why = "kernel thread off the guest's CPUs",
	  .kind = RT_KIND_AFFINITY,
	  .is = MAY,
	  .call = "started",
	  .tid = 601,
	  .codes = { EINVAL, EBUSY, EIO } },
	{ .why = "task off the guest's CPUs",
	  .kind = RT_KIND_AFFINITY,
	  .is = MAY,
	  .call = "started",
	  .tid = 700,
	  .codes = { EINVAL, EBUSY, EIO },
	  .old = true },
	{ .why = "unbound workqueues off the guest's CPUs",
	  .kind = RT_KIND_MASK,
	  .is = MAY,
	  .call = "started",
	  .path = WORKERS,
	  .codes = { EBUSY, EINVAL, EIO },
	  .old = true },
	{ .why = "thread within the guest's cpuset",
	  .kind = RT_KIND_AFFINITY,
	  .is = MAY,
	  .call = "started",
	  .tid = 4812,
	  .codes = { EINVAL, EBUSY, EIO },
	  .spoilt = { "proc/4811/task/4812/status", STATUS },
	  .ordinary = true },

	{ .why = "SMT sibling of a guest's CPU goes offline",
	  .kind = RT_KIND_TEXT,
	  .is = RESTORE,
	  .call = "release",
	  .path = CPU "cpu9/online",
	  .codes = { EBUSY, EIO, EPERM, EINVAL } },
	{ .why = "the guest's CPUs are for it alone",
	  .kind = RT_KIND_LIST,
	  .is = MAY,
	  .call = "release",
	  .path = SLICE "cpuset.cpus.exclusive",
	  .codes = { EBUSY, EIO, EINVAL } },
	{ .why = "shield: nothing else runs on the guest's CPUs",
	  .kind = RT_KIND_PARTITION,
	  .is = RESTORE,
	  .call = "release",
	  .path = SCOPE1 "cpuset.cpus.partition",
	  .codes = { EBUSY, EIO, EINVAL } },
	{ .why = "interrupt off the guest's CPUs",
	  .kind = RT_KIND_LIST,
	  .is = RESTORE,
	  .call = "release",
	  .path = "proc/irq/43/smp_affinity_list",
	  .codes = { EBUSY, EINVAL, ENOSPC, EIO } },
	{ .why = "pinned task, on record",
	  .kind = RT_KIND_AFFINITY,
	  .is = RESTORE,
	  .call = "release",
	  .tid = 700,
	  .codes = { EINVAL, EBUSY, EIO },
	  .spoilt = { "proc/700/status", NULL } },
	{ .why = "pinned task, on record",
	  .kind = RT_KIND_IRQ_THREAD,
	  .is = RESTORE,
	  .call = "release",
	  .tid = 601,
	  .codes = { EINVAL, EBUSY, EIO },
	  .spoilt = { "proc/601/stat", NULL } },
};

/* Claims that nothing is ever written for: only their restoring is. */
static const char *const saved_only[] = {
	"interrupt that somebody else moved",
	"tasks get these CPUs back, on record",
};

#define N(array) (sizeof(array) / sizeof(*(array)))

static struct test_host host;
static char root[128];
static struct tree start;     /* before any guest */
static const struct row *now; /* NULL: nothing is refused */
static int code;

/* --- what refuses --- */

int __wrap_rt_sys_open(const char *dir, struct rt_sys *ret_sys,
		       struct rt_err *err);
int __real_rt_sys_open(const char *dir, struct rt_sys *ret_sys,
		       struct rt_err *err);
int __wrap_nanosleep(const struct timespec *pause, struct timespec *left);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);

static int refusing_write(struct rt_sys *sys, const char *path,
			  const char *value, struct rt_err *err)
{
	if (now && now->path && strcmp(path, now->path) == 0)
		return rt_fail(err, code, "cannot write '%s' to /%s", value,
			       path);
	return rt_sys_captured.write(sys, path, value, err);
}

static int refusing_affinity(struct rt_sys *sys, unsigned pid, unsigned tid,
			     const struct rt_cpuset *set, struct rt_err *err)
{
	if (now && !now->moves && now->kind != RT_KIND_SCHED && tid == now->tid)
		return rt_fail(err, code, "cannot let thread %u run on CPUs",
			       tid);
	return rt_sys_captured.set_affinity(sys, pid, tid, set, err);
}

static int refusing_sched(struct rt_sys *sys, unsigned pid, unsigned tid,
			  unsigned fifo, struct rt_err *err)
{
	if (now && now->kind == RT_KIND_SCHED && tid == now->tid)
		return rt_fail(err, code, "cannot give thread %u a class", tid);
	return rt_sys_captured.set_sched(sys, pid, tid, fifo, err);
}

static int refusing_move(struct rt_sys *sys, unsigned pid, unsigned tid,
			 const char *cgroup, struct rt_err *err)
{
	if (now && now->moves && tid == now->tid)
		return rt_fail(err, code, "cannot move thread %u", tid);
	return rt_sys_captured.move_thread(sys, pid, tid, cgroup, err);
}

int __wrap_rt_sys_open(const char *dir, struct rt_sys *ret_sys,
		       struct rt_err *err)
{
	static struct rt_sys_calls calls;
	const int r = __real_rt_sys_open(dir, ret_sys, err);

	calls = rt_sys_captured;
	calls.write = refusing_write;
	calls.set_affinity = refusing_affinity;
	calls.set_sched = refusing_sched;
	calls.move_thread = refusing_move;
	if (r == 0)
		ret_sys->calls = &calls;
	return r;
}

/* What is told to irqbalance. */
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
	if (now && now->kind == RT_KIND_IRQBALANCE &&
	    strncmp(message->msg_iov->iov_base, "settings", 8) == 0) {
		errno = code;
		return -1;
	}
	return __real_sendmsg(fd, message, flags);
}

/* Nobody else is there to wait for. */
int __wrap_nanosleep(const struct timespec *pause, struct timespec *left)
{
	(void)pause;
	(void)left;
	return 0;
}

/* --- the host --- */

static const char *path_of(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	return path;
}

static void put(const char *name, const char *text)
{
	FILE *file = fopen(path_of(name), "we");

	if (!file || fputs(text, file) == EOF || fclose(file) == EOF)
		ok(false, "write %s", path_of(name));
}

static const char *get(const char *name)
{
	static char text[8192];
	FILE *file = fopen(path_of(name), "re");
	size_t n = 0;

	if (file) {
		n = fread(text, 1, sizeof(text) - 1, file);
		fclose(file);
	}
	text[n] = '\0';
	if (n && text[n - 1] == '\n')
		text[n - 1] = '\0';
	return text;
}

static void write_config(bool ordinary)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "[6a1f0c1e-0000-4000-8000-000000000001]\nname = rt1\n"
		 "nr_vcpus = 2\ncpuset = 6-11\nrt = true\n"
		 "pcidevs = 0000:81:00.0\n"
		 "suppress = ksm khugepaged numa-balancing vmstat compaction "
		 "machine-check\n\n"
		 "[" UUID2 "]\nname = rt2\nnr_vcpus = 1\n"
		 "cpuset = 2-5\nrt = %s\n",
		 ordinary ? "false" : "true");
	put("etc/kvmrt.cfg", text);
}

/* An irqbalance that says that it bans nothing, and takes all that it is told. */
static pid_t start_irqbalance(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	static const char answer[] = "SLEEP 10 BANNED 00000000";
	const int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t pid;
	char buf[600];

	mkdir(path_of("run/irqbalance"), 0755);
	snprintf(address.sun_path, sizeof(address.sun_path), "%.100s",
		 path_of("run/irqbalance/irqbalance710.sock"));
	if (bind(sock, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(sock, 9) < 0)
		ok(false, "an irqbalance: %s", strerror(errno));
	fflush(stdout);
	pid = fork();
	while (pid == 0) {
		const int peer = accept(sock, NULL, NULL);

		if (peer < 0)
			_exit(1);
		if (recv(peer, buf, sizeof(buf), 0) > 0 && *buf == 's' &&
		    strncmp(buf, "setup", 5) == 0)
			(void)!write(peer, answer, strlen(answer));
		close(peer);
	}
	close(sock);
	return pid;
}

static void end_irqbalance(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	tree_remove(path_of("run/irqbalance"));
}

/* A task with a mask; a name makes it a thread of the kernel's. */
static void make_task(unsigned pid, const char *comm)
{
	static const char status[] = "Name:\tx\nCpus_allowed_list:\t6-7\n";
	char path[64], line[160];

	snprintf(path, sizeof(path), "proc/%u/status", pid);
	put(path, status);
	snprintf(path, sizeof(path), "proc/%u/task/%u/status", pid, pid);
	put(path, status);
	if (!comm)
		return;
	snprintf(line, sizeof(line),
		 "%u (%s) S 1 1 1 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 14 0 "
		 "0\n",
		 pid, comm);
	snprintf(path, sizeof(path), "proc/%u/stat", pid);
	put(path, line);
	snprintf(path, sizeof(path), "proc/%u/task/%u/stat", pid, pid);
	put(path, line);
}

static void spoil(const struct row *row)
{
	const bool pinned = row->spoilt[0] && !row->spoilt[1];

	if (pinned)
		make_task(row->tid, row->kind == RT_KIND_IRQ_THREAD ?
					    "irq/43-eth2" :
					    NULL);
	else if (row->spoilt[0])
		put(row->spoilt[0], row->spoilt[1]);
}

static void make_newborn(void)
{
	mkdir(path_of("proc/irq/60"), 0755);
	put(NEWBORN, "0-1\n");
	mkdir(path_of("sys/kernel/irq/60"), 0755);
	put("sys/kernel/irq/60/actions", "new\n");
}

/* --- the hook --- */

static char said[8192];

static int call(const char *guest, const char *operation)
{
	static char xml[1 << 14];
	const char *top = getenv("TOP");
	struct rt_hook_call hook = {
		.guest = guest, .operation = operation, .xml = xml, .root = root
	};
	char path[512];
	int status, log, old;
	FILE *file;

	snprintf(path, sizeof(path), "%s/tests/data/hook/%s.xml",
		 top ? top : ".", guest);
	file = fopen(path, "re");
	hook.xml_len = file ? fread(xml, 1, sizeof(xml) - 1, file) : 0;
	xml[hook.xml_len] = '\0';
	if (file)
		fclose(file);
	snprintf(path, sizeof(path), "%s/stderr", host.dir);
	log = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	fflush(stderr);
	old = dup(STDERR_FILENO);
	dup2(log, STDERR_FILENO);
	status = rt_hook_run(&hook);
	fflush(stderr);
	dup2(old, STDERR_FILENO);
	close(old);
	said[pread(log, said, sizeof(said) - 1, 0)] = '\0';
	close(log);
	return status;
}

/* The line that has the text, alone; "" if there is none. */
static const char *line_with(const char *text)
{
	static char line[2048];
	const char *at = strstr(said, text), *begin = at;

	while (begin && begin > said && begin[-1] != '\n')
		begin--;
	snprintf(line, sizeof(line), "%.*s",
		 begin ? (int)strcspn(begin, "\n") : 0, begin ? begin : "");
	return line;
}

/* The error, and the file or the thread. */
static bool names_it(const struct row *row, const char *line)
{
	char what[256];

	if (row->path)
		snprintf(what, sizeof(what), "%s", row->path);
	else
		snprintf(what, sizeof(what), "thread %u", row->tid);
	return (row->kind == RT_KIND_IRQBALANCE || strstr(line, what)) &&
	       strstr(line, strerror(code));
}

/* --- what must hold --- */

/* What is the guest's own, and ends with it; and our files. */
static bool may_differ(const char *path)
{
	static const char *const own[] = {
		"/run/kvmrt",	"/proc/4711",	"/proc/4716",	"/proc/4718",
		"/proc/irq/50", "/proc/irq/51", "/proc/irq/52", "/" LEAF,
	};
	const char *name = strrchr(path, '/');

	for (size_t i = 0; i < N(own); i++) {
		if (strncmp(path, own[i], strlen(own[i])) == 0)
			return true;
	}
	/* The kernel's, of the captured host. */
	return strcmp(name, "/effective_affinity_list") == 0 ||
	       strcmp(name, "/cgroup.pressure") == 0 ||
	       strcmp(name, "/cpuset.cpus.isolated") == 0;
}

/*
 * Tasks off rt2's CPUs may be where they like: the captured host does not say
 * which CPUs are online again.
 */
static bool tasks_may_differ(const char *path)
{
	return may_differ(path) ||
	       (path[0] && strncmp(path, "/proc/", 6) == 0 && path[6] >= '1' &&
		path[6] <= '9' && strncmp(path, "/proc/4811/", 11) != 0);
}

static bool all_may_differ(const char *path)
{
	(void)path;
	return true;
}

/* Who is on record, and which originals are, but for rt1's own cgroups. */
static void read_record(struct rt_strbuf *out)
{
	struct rt_journal journal = { 0 };
	struct rt_err err = { 0 };
	struct rt_sys sys;

	if (__real_rt_sys_open(root, &sys, &err) < 0 ||
	    rt_store_peek(&sys, &journal, NULL, &err) < 0) {
		ok(false, "the record opens: %s", err.text);
		return;
	}
	for (size_t i = 0; i < journal.n_active; i++)
		rt_strbuf_addf(out, "%s\n", journal.active[i].guest.name);
	for (size_t i = 0; i < journal.n_saved; i++) {
		const struct rt_saved *saved = &journal.saved[i];

		if (!saved->done &&
		    strncmp(saved->path, SCOPE1, strlen(SCOPE1)) != 0)
			rt_strbuf_addf(out, "%s: %s\n", saved->path,
				       saved->original);
	}
	rt_journal_fini(&journal);
	rt_sys_close(&sys);
}

static void is_as_before(const struct tree *before,
			 bool (*differs_by_right)(const char *path),
			 const char *name, const char *what)
{
	char differs[512] = "";

	ok(!tree_restore(before, differs_by_right, differs, sizeof(differs)),
	   "%s: %s%s%s", name, what, *differs ? ": " : "", differs);
}

static void is_refused(const struct row *row, int status, const char *name)
{
	const char *line = line_with("kvmrt: guest 'rt1': ");

	is_int(status, 1, name);
	ok(strncmp(line, "kvmrt: guest 'rt1': ", 20) == 0 &&
		   strstr(line, row->why) && names_it(row, line),
	   "%s: one line says why: %s", name, line);
	ok(!strstr(said, "rt2"), "%s: nothing is said of the other: %s", name,
	   strstr(said, "rt2") ? said : "");
}

static void is_allowed(const struct row *row, int status, const char *name)
{
	const char *line = line_with(strerror(code));

	is_int(status, 0, name);
	ok(row->is == ENDED ? !*said : names_it(row, line), "%s: %s: %s", name,
	   row->is == ENDED ? "nothing is said" : "the log says it",
	   row->is == ENDED ? said : line);
	ok(!strstr(said, "not real-time"), "%s: no guest lacks anything", name);
}

/* All calls for rt1 before the row's; false if one of them fails. */
static bool lead_to(const struct row *row, const char *guest)
{
	static const char *const calls[] = { "prepare", "started", "release" };

	for (size_t i = 0; strcmp(calls[i], row->call) != 0; i++) {
		if (call(guest, calls[i]) != 0)
			return ok(false, "%s %s: %s", calls[i], guest, said);
	}
	return true;
}

static void play(const struct row *row, const char *guest, const char *name)
{
	RT_AUTO_STRBUF before = { 0 };
	RT_AUTO_STRBUF after = { 0 };
	struct tree middle;
	int status;

	read_record(&before);
	tree_read(&middle, root);
	if (lead_to(row, guest)) {
		if (row->path && strcmp(row->path, NEWBORN) == 0)
			make_newborn();
		if (row->late[0])
			put(row->late[0], row->late[1]);
		now = row;
		status = call(guest, row->call);
		now = NULL;
		if (row->is == MUST)
			is_refused(row, status, name);
		else
			is_allowed(row, status, name);
		if (row->is == FENCED)
			is_str(get(CGROUP "system.slice/cpuset.cpus"), "0-5",
			       "it has a fence");
		if (row->is != MUST)
			is_int(call(guest, "release"), 0, "it ends");
		if (row->path && strcmp(row->path, NEWBORN) == 0) {
			tree_remove(path_of("proc/irq/60"));
			tree_remove(path_of("sys/kernel/irq/60"));
		}
		if (row->moves || row->kind == RT_KIND_PARTITION)
			is_str(get(SCOPE1 "cpuset.cpus.partition"), "member",
			       "its own shield is down");
		read_record(&after);
		is_str(after.text, before.text,
		       "the record is that of the other");
		is_as_before(&middle, tasks_may_differ, name,
			     "it leaves the host, and the other, as before");
	}
	tree_fini(&middle);
}

static void test_row(const struct row *row, int number)
{
	struct tree spoilt;
	pid_t irqbalance = 0;
	char name[256];
	char text[512];

	code = row->codes[number];
	snprintf(name, sizeof(name), "%s: %s of %s: %s", row->call, row->why,
		 row->path ? row->path : "a thread", strerror(code));
	tree_restore(&start, all_may_differ, text, sizeof(text));
	write_config(row->ordinary);
	spoil(row);
	if (row->kind == RT_KIND_IRQBALANCE)
		irqbalance = start_irqbalance();
	tree_read(&spoilt, root);
	if (row->ordinary)
		play(row, "rt2", name);
	else if (is_int(call("rt2", "reconnect"), 0, "rt2 runs"))
		play(row, "rt1", name);
	is_int(call("rt2", "release"), 0, "rt2 ends");
	is_as_before(&spoilt, may_differ, name, "the host is as it was");
	if (irqbalance)
		end_irqbalance(irqbalance);
	tree_fini(&spoilt);
}

static void test_rows(bool old)
{
	char find[] = "find", path[160], is[] = "-name",
	     which[] = "cpuset.cpus.[ei]*", delete[] = "-delete";
	char *argv[] = { find, path, is, which, delete, NULL };

	if (!test_host_make(&host, "smt2-numa2-12cpu-guests")) {
		ok(false, "a host");
		return;
	}
	snprintf(root, sizeof(root), "%s", host.root);
	snprintf(path, sizeof(path), "%s/sys/fs/cgroup", root);
	if (old && !test_run(argv))
		ok(false, "a kernel without partitions");
	put("proc/interrupts", "           CPU0       CPU1\n");
	put("proc/softirqs", "                    CPU0       CPU1\n");
	tree_read(&start, root);
	for (size_t i = 0; i < N(rows); i++) {
		for (int k = 0; rows[i].old == old && k < 4; k++) {
			if (rows[i].codes[k])
				test_row(&rows[i], k);
		}
	}
	tree_fini(&start);
	test_host_remove(&host);
}

/* --- is there a row for each? --- */

/* A kind that is new does not compile without a place here. */
static bool is_covered(enum rt_kind kind)
{
	switch (kind) {
	case RT_KIND_TASKS: /* saved only */
		return true;
	case RT_KIND_TEXT:
	case RT_KIND_LIST:
	case RT_KIND_MASK:
	case RT_KIND_PARTITION:
	case RT_KIND_AFFINITY:
	case RT_KIND_IRQ_THREAD:
	case RT_KIND_CGROUP:
	case RT_KIND_SCHED:
	case RT_KIND_IRQBALANCE:
		break;
	}
	for (size_t i = 0; i < N(rows); i++) {
		if (rows[i].kind == kind)
			return true;
	}
	return false;
}

static bool has_row(const char *why)
{
	for (size_t i = 0; i < N(rows); i++) {
		if (strcmp(rows[i].why, why) == 0)
			return true;
	}
	for (size_t i = 0; i < N(saved_only); i++) {
		if (strcmp(saved_only[i], why) == 0)
			return true;
	}
	return false;
}

/* The next string of a source, its parts joined; NULL at the end. */
static const char *next_string(const char **at, char *buf, size_t size)
{
	const char *p = *at;
	size_t n = 0;

	while (*p && *p != '"') {
		if (strncmp(p, "/*", 2) == 0)
			p = strstr(p, "*/") + 1;
		p++;
	}
	if (!*p)
		return NULL;
	while (*p == '"') {
		for (p++; *p != '"'; p++) {
			if (n + 1 < size)
				buf[n++] = *p;
		}
		p++;
		p += strspn(p, " \t\n");
	}
	buf[n] = '\0';
	*at = p;
	return buf;
}

/* Claims have the only sentences of these files that are no formats. */
static void test_sources(void)
{
	static const char *const names[] = { "host", "shield", "tasks",
					     "threads" };
	static char text[1 << 16];
	const char *top = getenv("TOP");
	unsigned n = 0;

	for (size_t i = 0; i < N(names); i++) {
		char path[512], why[512];
		const char *at = text;
		FILE *file;

		snprintf(path, sizeof(path), "%s/lib/core/plan/plan_%s.c",
			 top ? top : ".", names[i]);
		file = fopen(path, "re");
		text[file ? fread(text, 1, sizeof(text) - 1, file) : 0] = '\0';
		if (file)
			fclose(file);
		while (next_string(&at, why, sizeof(why))) {
			if (!strchr(why, ' ') || strchr(why, '%'))
				continue;
			n++;
			if (!has_row(why))
				ok(false, "plan_%s.c: a row for '%s'", names[i],
				   why);
		}
	}
	ok(n >= 25, "%u claims were found", n);
	for (int kind = RT_KIND_TEXT; kind <= (int)RT_KIND_IRQBALANCE; kind++)
		ok(is_covered((enum rt_kind)kind), "kind %d has a row", kind);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_sources();
	test_rows(false);
	test_rows(true);
	return tap_done();
}
