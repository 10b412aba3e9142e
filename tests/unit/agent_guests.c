/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* agent_guests.c - the end of a guest's process: played pidfds, and a child */
#include "agent_world.h"

#include "host/probe.h"

#define GRACE 3000

/* libvirt allows 246 letters. */
static char name[] =
	"plc1-with-a-name-that-is-far-longer-than-the-63-letters-which-once-"
	"were-compared",
	    other[] = "plc2";
static struct rt_active actives[2];
static struct rt_journal journal = { .active = actives };

static void begin(void)
{
	world_begin(NULL);
	memset(actives, 0, sizeof(actives));
	journal.n_active = 1;
	actives[0].stage = actives[1].stage = RT_STAGE_STARTED;
	actives[0].guest.name = name;
	actives[1].guest.name = other;
	actives[0].pid = 5000;
	actives[1].pid = 6000;
	actives[0].start = actives[1].start = 77;
}

/* A process on the made-up host. */
static void put_process(unsigned pid, unsigned long long start)
{
	char path[64], text[256];

	snprintf(path, sizeof(path), "/proc/%u/task/%u", pid, pid);
	world_directory(path);
	snprintf(text, sizeof(text),
		 "%u (qemu) S 1 1 1 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 "
		 "%llu 0 0\n",
		 pid, start);
	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	world_write(path, text);
	snprintf(path, sizeof(path), "/proc/%u/task/%u/stat", pid, pid);
	world_write(path, text);
}

static void add_repair(const char *path, const char *guest)
{
	const struct repair repair = { .key = path, .guest = guest };
	bool fight;

	repairs_add(&agent.repairs, &repair, world.ms, &fight);
	repairs_add(&agent.said, &repair, world.ms, &fight);
}

static void test_end(void)
{
	begin();
	put_process(5000, 77);
	put_process(6000, 77);
	journal.n_active = 2;
	guests_follow(&agent, &journal);
	guests_follow(&agent, &journal);
	is_int((long long)agent.guests.n, 2, "two are followed, once each");
	is_int(world_hear(), 0, "they live");
	is_int(world_due(), -1, "and want nothing");
	(void)eventfd_write(world_pidfd(5000), 1);
	is_int(world_hear(), 1, "an end is heard");
	is_int(world_due(), GRACE, "a look is wanted, after the hook's turn");
	is_int(world_hear(), 0, "it is heard once");
	is_int(agent.guests.items[0]->watch.fd, -1, "its handle is closed");
	ok(agent.guests.items[1]->watch.fd >= 0, "the other's is not");
	guests_follow(&agent, &journal);
	is_int((long long)agent.guests.n, 2, "while on record it is known");
	add_repair("a", name);
	add_repair("b", other);
	journal.active = actives + 1;
	journal.n_active = 1;
	guests_follow(&agent, &journal);
	journal.active = actives;
	is_int((long long)agent.guests.n, 1, "then it is forgotten");
	is_str(agent.guests.items[0]->name, other, "the other is not");
	is_int((long long)agent.repairs.n, 1, "with what was repaired for it");
	is_str(agent.repairs.items[0].guest, other, "and for nobody else");
	is_int((long long)agent.said.n, 1, "and what was said of it");
	world_end();
}

static void test_gone(void)
{
	begin();
	guests_follow(&agent, &journal);
	is_int(world_due(), GRACE, "one that has gone is looked after");
	is_int(agent.guests.items[0]->watch.fd, -1, "there is no handle");
	world_calm();
	put_process(5000, 78);
	actives[0].pid = 0;
	guests_follow(&agent, &journal);
	actives[0].pid = 5000;
	world_calm();
	guests_follow(&agent, &journal);
	is_int(world_due(), GRACE,
	       "another process under its number is not it");
	ok(!agent.poll, "which is no reason to poll");
	world_end();
}

static void test_no_pidfd(void)
{
	begin();
	put_process(5000, 77);
	world.pidfd_error = EMFILE;
	guests_follow(&agent, &journal);
	ok(agent.poll, "no handle to be had: it polls");
	is_int(world_due(), -1, "but nobody has ended");
	guests_follow(&agent, &journal);
	is_int((long long)agent.guests.n, 1, "it is known once");
	world_end();
}

/* libvirt's daemon starts it, then it is a process of its own. */
static void test_stages(void)
{
	begin();
	put_process(720, 7);
	put_process(5000, 77);
	actives[0].stage = RT_STAGE_PREPARED;
	actives[0].pid = 720;
	actives[0].start = 7;
	guests_follow(&agent, &journal);
	ok(world_pidfd(720) >= 0, "the daemon is watched while it starts it");
	actives[0].pid = 5000;
	actives[0].start = 77;
	guests_follow(&agent, &journal);
	is_int((long long)agent.guests.n, 1, "then the guest's process is");
	(void)eventfd_write(world_pidfd(720), 1);
	is_int(world_hear(), 0, "and the daemon no more");
	(void)eventfd_write(world_pidfd(5000), 1);
	is_int(world_hear(), 1, "but the guest");
	world_end();
}

/* A process and a pidfd of this kernel. */
static void test_child(void)
{
	struct rt_err err = { 0 };
	struct rt_sys here, made_up;
	/* Before paths are moved. */
	const bool opened = rt_sys_open(NULL, &here, &err) == 0;
	const pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	begin();
	made_up = agent.sys;
	ok(opened, "this host %s", err.text);
	agent.sys = here;
	world.real_pidfds = true;
	actives[0].pid = (unsigned)pid;
	ok(rt_task_start(&agent.sys, actives[0].pid, actives[0].pid,
			 &actives[0].start, &err) == 0,
	   "a process %s", err.text);
	guests_follow(&agent, &journal);
	is_int(world_hear(), 0, "it lives");
	is_int(world_due(), -1, "and wants nothing");
	kill(pid, SIGKILL);
	for (unsigned i = 0; i < 500 && world_hear() == 0; i++)
		usleep(10000);
	is_int(world_due(), GRACE, "its end is heard");
	waitpid(pid, NULL, 0);
	agent.sys = made_up;
	world_end();
	rt_sys_close(&here);
}

int main(void)
{
	test_end();
	test_gone();
	test_no_pidfd();
	test_stages();
	test_child();
	return tap_done();
}
