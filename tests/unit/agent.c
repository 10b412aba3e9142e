/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* agent.c - the ledger of repairs, and each source of events with a fake one */
#include "../tap.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../agent/agent.h"
#include "../../lib/host/probe.h"

static struct agent agent;

static struct repair repair_of(const char *path, bool foreign)
{
	struct repair repair = { .foreign = foreign };

	snprintf(repair.path, sizeof(repair.path), "%s", path);
	snprintf(repair.guest, sizeof(repair.guest), "plc1");
	return repair;
}

static void test_repairs(void)
{
	struct repairs repairs = { 0 };
	const struct repair irq = repair_of("proc/irq/9", true);
	const struct repair thread = repair_of("task/1", false);
	uint64_t now = 1000;
	bool fight;

	repairs_add(&repairs, &thread, now, &fight);
	ok(!repairs_disturbed(&repairs, "plc1", now),
	   "a thread that is placed is no disturbance");
	for (unsigned i = 1; i < FIGHT_TIMES; i++) {
		repairs_add(&repairs, &irq, now += 1000, &fight);
		ok(!fight, "%u repairs are no fight", i);
	}
	ok(repairs_disturbed(&repairs, "plc1", now), "a foreign hand is one");
	ok(!repairs_disturbed(&repairs, "other", now), "of this guest only");
	is_int(repairs_wait(&repairs, irq.path, now), 0, "nothing waits yet");
	repairs_add(&repairs, &irq, now += 1000, &fight);
	ok(fight, "one more is a fight");
	is_int(repairs_wait(&repairs, irq.path, now), FIGHT_WAIT_MS,
	       "then its events wait");
	for (unsigned i = 0; i < 10; i++)
		repairs_add(&repairs, &irq, now += 100, &fight);
	ok(!fight, "which is said once");
	is_int(repairs_wait(&repairs, irq.path, now), FIGHT_WAIT_MAX_MS,
	       "longer and longer, up to a minute");
	is_int(repairs_wait(&repairs, thread.path, now), 0,
	       "what is not fought over does not wait");
	repairs_add(&repairs, &irq, now += FIGHT_CALM_MS + 1, &fight);
	is_int(repairs_wait(&repairs, irq.path, now), 0,
	       "after some calm it is forgiven");
	ok(!repairs_disturbed(&repairs, "plc1", now + DISTURBED_MS),
	   "and a disturbance is over after a while");
	repairs_forget(&repairs, "plc1");
	is_int((long long)repairs.n, 0, "a guest that is gone is forgotten");
	repairs_fini(&repairs);
}

static void begin(void)
{
	struct rt_err err;

	memset(&agent, 0, sizeof(agent));
	agent.signals.fd = agent.timer.fd = agent.watchdog.fd = -1;
	agent.cpus.fd = agent.tasks.fd = agent.irqs.watch.fd = -1;
	agent.files.watch.fd = agent.helper.watch.fd = -1;
	agent.epoll = epoll_create1(EPOLL_CLOEXEC);
	ok(rt_sys_open(NULL, &agent.sys, &err) == 0, "this host");
	agent.log.level = RT_LOG_ERR;
	agent.log.syslog = -1;
	agent.log.program = "test";
	rt_cpuset_add(&agent.owned, 6);
	rt_cpuset_add(&agent.owned, 7);
	rt_cpuset_add(&agent.downed, 7);
	agent.rt = true;
}

static void end(void)
{
	repairs_fini(&agent.repairs);
	repairs_fini(&agent.said);
	rt_sys_close(&agent.sys);
	close(agent.epoll);
}

/* --- interrupts: lines of a trace --- */

static void test_irqs(void)
{
	static const struct {
		const char *name, *text, *path, *by;
		bool wanted;
	} rows[] = {
		{ "onto an owned CPU",
		  "      irqbalance-444     [003] d..1.    12.5: "
		  "vector_config: "
		  "irq=999001 vector=34 cpu=6 apicdest=0x6\n",
		  "proc/irq/999001/smp_affinity_list", "irqbalance[444]",
		  true },
		{ "a name with blanks and hyphens",
		  "   a b-c d-77      [000] d..1.    12.5: vector_config: "
		  "irq=999001 vector=34 cpu=7 apicdest=0x6\n",
		  "proc/irq/999001/smp_affinity_list", "a b-c d[77]", true },
		{ "elsewhere, and without a name: perhaps a new one",
		  "      qemu-444     [003] d..1.    12.5: vector_config: "
		  "irq=999001 vector=34 cpu=1 apicdest=0x6\n",
		  "proc/irq/999001/smp_affinity_list", "qemu[444]", true },
		{ "another event", "      sh-444  [003] d..1.  1.5: other: x\n",
		  NULL, NULL, false },
		{ "half a line", "      sh-444  [003] d..1.  12.5: vector_conf",
		  NULL, NULL, false },
		{ "nonsense", "vector_config: irq=1\n[[]] - vector_config:\n",
		  NULL, NULL, false },
		{ "events were lost", "CPU:2 [LOST 5 EVENTS]\n", NULL, NULL,
		  true },
	};
	struct rt_err err;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int ends[2];

		begin();
		(void)irqs_open(&agent, &err);
		irqs_close(&agent);
		if (!ok(pipe(ends) == 0, "a pipe"))
			return;
		agent.irqs.watch.fd = ends[0];
		(void)!write(ends[1], rows[i].text, strlen(rows[i].text));
		close(ends[1]);
		agent.poll = false;
		agent.irqs.watch.ready(&agent, &agent.irqs.watch);
		/* The pipe's end is taken for the end of tracing. */
		ok(agent.poll, "%s: without events it polls", rows[i].name);
		is_int((long long)agent.n_causes, rows[i].path ? 1 : 0,
		       rows[i].name);
		if (rows[i].path) {
			is_str(agent.causes[0].path, rows[i].path,
			       rows[i].name);
			is_str(agent.causes[0].by, rows[i].by, rows[i].name);
		}
		ok(!rows[i].wanted || agent.due, "%s: a look is wanted",
		   rows[i].name);
		end();
	}
}

/* --- tasks --- */

static void test_tasks(void)
{
	struct rt_err err;
	int pair[2];

	begin();
	(void)tasks_open(&agent, &err);
	agent_unwatch(&agent, &agent.tasks);
	if (!ok(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair) == 0,
		"a socket"))
		return;
	agent.tasks.fd = pair[0];
	agent.tasks.ready(&agent, &agent.tasks);
	is_int((long long)agent.due, 0, "no message, no look");
	(void)!send(pair[1], "x", 1, 0);
	agent.tasks.ready(&agent, &agent.tasks);
	ok(agent.due, "a new task: a look, a little later");
	close(pair[0]);
	close(pair[1]);
	end();
}

/* --- a guest's process --- */

static void test_guests(void)
{
	struct rt_active active = { .stage = RT_STAGE_STARTED };
	struct rt_journal journal = { .active = &active, .n_active = 1 };
	char name[] = "plc1";
	struct epoll_event event;
	struct rt_err err;
	const pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	begin();
	active.guest.name = name;
	active.pid = (unsigned)pid;
	ok(rt_task_start(&agent.sys, active.pid, active.pid, &active.start,
			 &err) == 0,
	   "a process");
	guests_follow(&agent, &journal);
	guests_follow(&agent, &journal);
	is_int((long long)agent.guests.n, 1, "it is followed once");
	is_int((long long)agent.due, 0, "it lives");
	kill(pid, SIGKILL);
	if (ok(epoll_wait(agent.epoll, &event, 1, 5000) == 1,
	       "its end is heard"))
		((struct watch *)event.data.ptr)->ready(&agent, event.data.ptr);
	ok(agent.due, "and a look is wanted, after the hook's turn");
	waitpid(pid, NULL, 0);
	/* Another start time: another process under its number. */
	active.start++;
	agent.due = 0;
	guests_follow(&agent, &journal);
	ok(agent.due, "one that has gone already is looked after too");
	journal.n_active = 0;
	guests_follow(&agent, &journal);
	is_int((long long)agent.guests.n, 0, "and forgotten");
	guests_close(&agent);
	end();
}

/* --- files --- */

static void test_files(void)
{
	char path[] = "/tmp/kvmrt-test-XXXXXX";
	const int fd = mkstemp(path);
	struct rt_kept kept = { .kind = RT_KIND_TEXT };
	struct rt_journal journal = { .kept = &kept, .n_kept = 1 };
	char wrote[] = "n/a";
	struct rt_err err;

	begin();
	kept.path = path + 1;
	kept.wrote = kept.original = kept.before = wrote;
	(void)files_open(&agent, &err);
	if (agent.files.watch.fd < 0 || fd < 0) {
		ok(false, "inotify and a file");
		return;
	}
	(void)!write(fd, wrote, strlen(wrote));
	files_follow(&agent, &journal);
	is_int((long long)agent.files.n, 1, "a setting on record is watched");
	(void)!pwrite(fd, wrote, strlen(wrote), 0);
	agent.files.watch.ready(&agent, &agent.files.watch);
	is_int((long long)agent.n_causes, 0, "what it should hold is no news");
	(void)!pwrite(fd, "xyz", 3, 0);
	agent.files.watch.ready(&agent, &agent.files.watch);
	is_int((long long)agent.n_causes, 1, "anything else is");
	is_str(agent.causes[0].path, path + 1, "and named");
	ok(agent.due, "a look is wanted");
	agent.rt = false;
	files_follow(&agent, &journal);
	is_int((long long)agent.files.n, 0, "without a guest nothing is");
	files_close(&agent);
	close(fd);
	unlink(path);
	end();
}

int main(void)
{
	test_repairs();
	test_irqs();
	test_tasks();
	test_guests();
	test_files();
	return tap_done();
}
