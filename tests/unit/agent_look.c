/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * agent_look.c - the agent's looks: what it finds, what makes it wait, and a
 * long time of everything in any order
 */
#include <malloc.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "../../agent/irqs.c"

#include "../../lib/host/reconcile.h"
#include "agent_world.h"

#define IRQ 24 /* as make-host has it: it may be moved */

static uint64_t due_in(void)
{
	const uint64_t now = agent_now_ms();

	return agent.due > now ? agent.due - now : 0;
}

/* Its process is the host's number 1. */
static void start_guest(void)
{
	struct rt_active active = { .pid = 1,
				    .start = 10,
				    .stage = RT_STAGE_PREPARED };
	char name[] = "rt1";
	struct rt_store store;
	struct rt_err err = { 0 };

	snprintf(active.guest.uuid, sizeof(active.guest.uuid), UUID);
	active.guest.name = name;
	active.guest.rt = true;
	rt_cpuset_add_range(&active.guest.owned, 6, 8);
	active.guest.cpuset = active.guest.usable = active.guest.owned;
	rt_cpuset_add(&active.guest.vcpus, 6);
	rt_cpuset_add(&active.guest.service, 8);
	active.guest.irq_cpu = 8;
	ok(rt_store_open(&agent.sys, 0, &store, &err) == 0 &&
		   rt_reconcile_add(&store, &active, &err) == 0,
	   "a guest %s", err.text);
	rt_store_close(&store);
}

static void end_guest(void)
{
	struct rt_store store;
	struct rt_err err = { 0 };

	ok(rt_store_open(&agent.sys, 0, &store, &err) == 0 &&
		   rt_reconcile_drop(&store, UUID, &err) == 0,
	   "it goes %s", err.text);
	rt_store_close(&store);
	agent_look(&agent);
	ok(!agent.rt, "nobody is guarded then");
}

static void place(unsigned irq, const char *cpus)
{
	char path[64];
	struct rt_err err = { 0 };

	snprintf(path, sizeof(path), "proc/irq/%u/smp_affinity_list", irq);
	if (agent.sys.calls->write(&agent.sys, path, cpus, &err) < 0)
		ok(false, "%s: %s", path, err.text);
}

static const char *placed(unsigned irq)
{
	static char text[RT_CPULIST_MAX];
	struct rt_err err = { 0 };

	if (rt_sys_readf(&agent.sys, text, sizeof(text), &err,
			 "proc/irq/%u/smp_affinity_list", irq) < 0)
		return "?";
	return text;
}

static const struct repair *repair_of_irq(void)
{
	for (size_t i = 0; i < agent.repairs.n; i++) {
		if (strcmp(agent.repairs.items[i].what, "irq 24") == 0)
			return &agent.repairs.items[i];
	}
	return NULL;
}

/* --- who did it --- */

static void test_repair(void)
{
	const struct repair *repair;

	begin();
	agent.rt = false;
	start_guest();
	agent.adopting = true;
	agent_look(&agent);
	ok(agent.rt, "the guest is guarded");
	is_str(placed(IRQ), "0-5,9-11", "its CPUs are without an interrupt");
	is_int((long long)agent.repairs.n, 0,
	       "what a start brings is no repair");

	place(IRQ, "6");
	agent_cause(&agent, "proc/irq/24/smp_affinity_list", "sh[7]", "cpu 6");
	agent_look(&agent);
	is_str(placed(IRQ), "0-5,9-11", "what somebody does is put right");
	repair = repair_of_irq();
	ok(repair && repair->foreign, "it was somebody else");
	is_str(repair ? repair->by : "", "sh[7]", "who is named");
	ok(repairs_disturbed(&agent.repairs, "rt1", agent_now_ms()) ||
		   repairs_disturbed(&agent.repairs, "", agent_now_ms()),
	   "the guest is disturbed");
	repairs_fini(&agent.repairs);
	memset(&agent.repairs, 0, sizeof(agent.repairs));

	place(IRQ, "6");
	agent_cause(&agent, "proc/irq/24/smp_affinity_list", "CPU 0/KVM[9]",
		    "cpu 6");
	agent_look(&agent);
	repair = repair_of_irq();
	ok(repair && !repair->foreign, "a guest's own driver is no stranger");
	ok(!repairs_disturbed(&agent.repairs, "rt1", agent_now_ms()),
	   "and does not disturb");
	end_guest();
	end();
}

/* --- what makes it wait --- */

static void test_locked(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	begin();
	if (!ok(pipe(ready) == 0, "a pipe"))
		return;
	pid = fork();
	if (pid == 0) {
		struct rt_store store;
		struct rt_err err;

		if (rt_store_open(&agent.sys, 0, &store, &err) == 0)
			(void)!write(ready[1], "x", 1);
		pause();
		_exit(0);
	}
	(void)!read(ready[0], &byte, 1);
	agent_look(&agent);
	is_int((long long)agent.counters.looks, 0, "somebody has the lock");
	ok(due_in() > 500 && due_in() <= 1000, "a look in a second");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	agent.due = 0;
	agent_look(&agent);
	is_int((long long)agent.counters.looks, 1, "then it looks");
	close(ready[0]);
	close(ready[1]);
	end();
}

static void test_failing(void)
{
	char path[128];
	uint64_t before = 0;
	FILE *file;

	begin();
	agent.log.level = RT_LOG_ERR - 1; /* it would tell, once */
	snprintf(path, sizeof(path), "%s/run/kvmrt/journal", host.root);
	file = fopen(path, "we");
	if (!ok(file != NULL, "a journal"))
		return;
	fputs("kvmrt-journal 1\nnonsense\nmore nonsense\n", file);
	fclose(file);
	for (unsigned i = 0; i < 8; i++) {
		agent.due = 0;
		agent_look(&agent);
		ok(due_in() + 50 > before && due_in() <= 60000,
		   "it cannot be read: again in %llu ms",
		   (unsigned long long)due_in());
		before = due_in();
	}
	is_int(agent.failures, 8, "so often it failed");
	ok(before > 30000, "and hardly tries in the end");
	unlink(path);
	agent_look(&agent);
	is_int(agent.failures, 0, "until it does not");
	end();
}

/* An irqbalance that hangs. */
static void test_silent(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	begin();
	if ((size_t)snprintf(address.sun_path, sizeof(address.sun_path),
			     "%s/run/irqbalance",
			     host.root) >= sizeof(address.sun_path))
		return;
	mkdir(address.sun_path, 0755);
	if ((size_t)snprintf(address.sun_path, sizeof(address.sun_path),
			     "%s/run/irqbalance/irqbalance710.sock",
			     host.root) >= sizeof(address.sun_path))
		return;
	ok(bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
		   listen(fd, 8) == 0,
	   "irqbalance hangs");
	agent.log.level = RT_LOG_ERR;
	start_guest();
	for (unsigned i = 1; i <= 2; i++) {
		agent_look(&agent);
		is_int(agent.silences, i, "it did not answer");
		ok(agent.due, "so it is asked again");
	}
	close(fd);
	unlink(address.sun_path);
	agent_look(&agent);
	is_int(agent.silences, 0, "until it is gone, or answers");
	end_guest();
	end();
}

/* --- everything, in any order --- */

#define SOAK 400

static unsigned open_files(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static unsigned long long random_state;

static unsigned pick(unsigned below)
{
	random_state = random_state * 6364136223846793005ull + 1;
	return (unsigned)(random_state >> 33) % below;
}

static void anything(void)
{
	static const char *const lines[] = {
		"sh-7 [003] d..1. 1.5: vector_config: irq=24 vector=34 cpu=6 "
		"x\n",
		"CPU:2 [LOST 5 EVENTS]\n",
		"half a li",
		"ne\n",
		"a-1 [0] d: vector_config: irq=4294967295 vector=1 cpu=7 x\n",
	};
	const char *line = lines[pick(5)];

	switch (pick(6)) {
	case 0:
		place(IRQ, pick(2) ? "6" : "0-11");
		break;
	case 1:
		place(40, "7");
		break;
	case 2:
		read_lines(&agent, line, strlen(line));
		break;
	case 3:
		agent.adopting = true;
		break;
	case 4:
		agent_cause(&agent, "proc/irq/40/smp_affinity_list",
			    pick(2) ? "x[1]" : "", "");
		break;
	default:
		agent_look(&agent);
	}
}

static void test_soak(void)
{
	unsigned files;
	size_t used;

	random_state = (unsigned long long)time(NULL);
	printf("# seed %llu\n", random_state);
	begin();
	agent.log.level = RT_LOG_ERR - 1;
	start_guest();
	agent_look(&agent);
	for (unsigned i = 0; i < SOAK / 4; i++)
		anything();
	files = open_files();
	used = mallinfo2().uordblks;
	for (unsigned i = 0; i < SOAK; i++)
		anything();
	agent_look(&agent);
	is_int(open_files(), files, "no descriptor is left over");
	ok(mallinfo2().uordblks <= used + 16384, "no memory: %zu, then %zu",
	   used, mallinfo2().uordblks);
	is_str(placed(IRQ), "0-5,9-11", "the guest is alone on its CPUs");
	ok(agent.n_causes == 0 && agent.repairs.n < 100,
	   "and the ledger stays small: %zu", agent.repairs.n);
	end_guest();
	end();
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!test_host_make(&host, "smt2-numa2-12cpu"))
		return 1;
	begin();
	end();
	test_repair();
	test_locked();
	test_failing();
	test_silent();
	test_soak();
	test_host_remove(&host);
	return tap_done();
}
