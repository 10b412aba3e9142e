/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * agent_netlink.c - CPUs that come and go, tasks that are born
 *
 * Messages are made here; the filters that the agent gives to its sockets are
 * run by this kernel.
 */
#include "agent_world.h"

#include <linux/cn_proc.h>
#include <linux/connector.h>

#define CPU "@/devices/system/cpu/cpu"

static void begin(void)
{
	struct rt_err err = { 0 };

	world_begin(NULL);
	ok(cpus_open(&agent, &err) == 0 && tasks_open(&agent, &err) == 0,
	   "both sockets %s", err.text);
}

/* --- CPUs --- */

static void send_uevent(const char *text, size_t len, uint32_t family,
			uint32_t pid)
{
	const struct world_sender sender = { family, pid };
	static char whole[16384];

	memcpy(whole, text, len);
	memcpy(whole + len, &sender, sizeof(sender));
	if (send(world.uevents, whole, len + sizeof(sender), 0) < 0)
		ok(false, "send a uevent: %s", strerror(errno));
}

static void uevent(const char *text)
{
	send_uevent(text, strlen(text) + 1, AF_NETLINK, 0);
}

static void test_cpu_messages(void)
{
	static const struct {
		const char *text, *path; /* of the cause */
		uint32_t family, pid;
		int heard; /* wake-ups */
		long long due;
	} rows[] = {
		{ "online" CPU "7", "sys/devices/system/cpu/cpu7/online",
		  AF_NETLINK, 0, 1, 0 },
		{ "online" CPU "3", NULL, AF_NETLINK, 0, 1, 0 },
		{ "offline" CPU "6", NULL, AF_NETLINK, 0, 1, 0 },
		/* As we made it. */
		{ "offline" CPU "7", NULL, AF_NETLINK, 0, 1, -1 },
		/* From somebody who is not the kernel. */
		{ "online" CPU "7", NULL, AF_NETLINK, 4711, 1, -1 },
		{ "online" CPU "7", NULL, AF_UNIX, 0, 1, -1 },
		{ "online" CPU "7x", NULL, AF_NETLINK, 0, 1, -1 },
		{ "online" CPU "", NULL, AF_NETLINK, 0, 1, -1 },
		{ "online" CPU "16384", NULL, AF_NETLINK, 0, 1, -1 },
		{ "online@/devices/system/memory/memory7", NULL, AF_NETLINK, 0,
		  1, -1 },
		/* What the filter keeps out. */
		{ "change" CPU "7", NULL, AF_NETLINK, 0, 0, -1 },
		{ "add@/devices/virtual/net/tap0", NULL, AF_NETLINK, 0, 0, -1 },
		{ "bind" CPU "7", NULL, AF_NETLINK, 0, 0, -1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		printf("# %s\n", rows[i].text);
		begin();
		world_own();
		send_uevent(rows[i].text, strlen(rows[i].text) + 1,
			    rows[i].family, rows[i].pid);
		is_int(world_hear(), rows[i].heard, "what wakes us");
		is_int(world_due(), rows[i].due, "when a scan is wanted");
		is_str(agent.n_causes ? agent.causes[0].path : NULL,
		       rows[i].path, "why");
		world_end();
	}
}

static void test_cpus(void)
{
	static char big[9000];
	struct repair repair = { .key = "sys/devices/system/cpu/cpu7/online" };
	bool fight;

	begin();
	uevent("online" CPU "7");
	is_int(world_hear(), 1, "a CPU comes");
	is_int(world_due(), -1, "without a guest nobody cares");
	world_own();
	send_uevent("online", 6, AF_NETLINK, 0);
	send_uevent("onl", 3, AF_NETLINK, 0);
	world_hear();
	is_int(world_due(), -1, "half a message says nothing");
	/* The text ends where the datagram does, not at a NUL. */
	send_uevent("online" CPU "71", strlen("online" CPU "7"), AF_NETLINK, 0);
	world_hear();
	is_int((long long)agent.n_causes, 1, "one without a NUL is read");
	world_calm();
	memset(big, 'x', sizeof(big));
	memcpy(big, "online@", 7);
	memcpy(big + sizeof(big) - 30, CPU "7", sizeof(CPU "7"));
	send_uevent(big, sizeof(big), AF_NETLINK, 0);
	is_int(world_hear(), 1, "one larger than our buffer");
	is_int(world_due(), -1, "is cut, and says nothing");
	uevent("offline" CPU "7");
	uevent("online" CPU "7");
	world_hear();
	is_int((long long)agent.n_causes, 1, "all that wait are read");
	is_int(world_hear(), 0, "at once");
	for (unsigned i = 0; i < 3 * EVENTS_BUDGET / 2; i++)
		uevent("online" CPU "7");
	ok(world_hear() == 1 && world_hear() == 1 && world_hear() == 0,
	   "of a flood some, and the rest the next time");
	world_calm();
	for (unsigned i = 0; i < FIGHT_TIMES; i++)
		repairs_add(&agent.repairs, &repair, world.ms, &fight);
	uevent("online" CPU "7");
	world_hear();
	is_int(world_due(), FIGHT_WAIT_MS, "a fight waits");
	world_calm();
	world.lost = 1;
	uevent("offline" CPU "7");
	world_hear();
	is_int(world_due(), 0, "messages were lost: one may have mattered");
	is_int(world_hear(), 0, "what is left was read too");
	world_end();
}

/* --- tasks --- */

#define FORK 1u
#define EXEC 2u
#define EXIT 0x80000000u

static void process_event(uint32_t what, int parent_pid, int parent_tgid,
			  int child_pid, int child_tgid)
{
	struct proc_event event = { 0 };
	struct nlmsghdr nl = { .nlmsg_type = NLMSG_DONE };
	struct cn_msg cn = { .id = { CN_IDX_PROC, CN_VAL_PROC },
			     .len = sizeof(event) };
	char text[sizeof(nl) + sizeof(cn) + sizeof(event)];

	nl.nlmsg_len = sizeof(text);
	memcpy(&event.what, &what, sizeof(what));
	event.event_data.fork.parent_pid = parent_pid;
	event.event_data.fork.parent_tgid = parent_tgid;
	event.event_data.fork.child_pid = child_pid;
	event.event_data.fork.child_tgid = child_tgid;
	memcpy(text, &nl, sizeof(nl));
	memcpy(text + sizeof(nl), &cn, sizeof(cn));
	memcpy(text + sizeof(nl) + sizeof(cn), &event, sizeof(event));
	if (send(world.connector, text, sizeof(text), 0) < 0)
		ok(false, "send an event: %s", strerror(errno));
}

static void follow(struct rt_journal *journal, bool rt)
{
	agent.rt = rt;
	tasks_follow(&agent, journal);
}

static void is_heard(bool heard, const char *name)
{
	is_int(world_hear(), heard, name);
	is_int(world_due(), heard ? 200 : -1, "and a scan is made a bit later");
	world_calm();
}

static void test_tasks(void)
{
	struct rt_active guests[] = {
		{ .stage = RT_STAGE_STARTED, .pid = 5000 },
		{ .stage = RT_STAGE_PREPARED, .pid = 6000 },
		{ .stage = RT_STAGE_STARTED, .pid = 7000 },
	};
	struct rt_journal journal = { .active = guests, .n_active = 3 };

	begin();
	process_event(FORK, 5000, 5000, 5001, 5000);
	is_heard(false, "nothing wakes us before the first scan");
	follow(&journal, true);
	process_event(FORK, 5000, 5000, 5001, 5000);
	is_heard(true, "a thread of a guest");
	process_event(FORK, 7003, 7000, 7004, 7000);
	is_heard(true, "a thread of the other");
	process_event(FORK, 5000, 5000, 9000, 9000);
	is_heard(false, "a process that a guest's makes is none of it");
	process_event(FORK, 100, 100, 101, 100);
	is_heard(false, "a thread of somebody else");
	process_event(FORK, 6000, 6000, 6001, 6000);
	is_heard(false, "the daemon that starts a guest is no guest");
	process_event(EXEC, 5000, 5000, 5001, 5000);
	process_event(EXIT, 2, 2, 5001, 5000);
	is_heard(false, "other events");
	(void)!send(world.connector, "x", 1, 0);
	is_heard(false, "half a message does not pass the filter");
	journal.active = guests + 2;
	journal.n_active = 1;
	follow(&journal, true);
	process_event(FORK, 5000, 5000, 5001, 5000);
	is_heard(false, "a guest that is gone");
	follow(&journal, false);
	process_event(FORK, 7000, 7000, 7001, 7000);
	process_event(FORK, 2, 2, 888, 888);
	is_heard(false, "without a real-time guest nothing wakes us");
	ok(!agent.poll, "all filters were taken");
	world_end();
}

/* --- kernel threads: each is looked at by itself --- */

static void put_thread(unsigned pid, unsigned flags, const char *cpus)
{
	char path[64], text[256];

	snprintf(path, sizeof(path), "/proc/%u/task/%u", pid, pid);
	world_directory(path);
	snprintf(
		text, sizeof(text),
		"%u (kthread) S 2 0 0 0 -1 %u 0 0 0 0 0 0 0 0 20 0 1 0 9 0 0\n",
		pid, flags);
	snprintf(path, sizeof(path), "/proc/%u/task/%u/stat", pid, pid);
	world_write(path, text);
	snprintf(text, sizeof(text), "Name:\tkthread\nCpus_allowed_list:\t%s\n",
		 cpus);
	snprintf(path, sizeof(path), "/proc/%u/task/%u/status", pid, pid);
	world_write(path, text);
}

/* What the agent does about it when its time has come. */
static void is_scanned(bool scanned, const char *name)
{
	is_int(world_hear(), 1, name);
	is_int(world_due(), -1, "which asks for nothing yet");
	is_int((long long)(agent.tasks.due - world.ms), 200,
	       "but it will be looked at");
	is_int((long long)(tasks_turn(&agent, world.ms + 199) - world.ms), 200,
	       "not before");
	is_int((long long)tasks_turn(&agent, world.ms + 200), 0, "then it is");
	is_int(world_due(), scanned ? 0 : -1,
	       scanned ? "a scan is wanted" : "no scan is wanted");
	is_int((long long)agent.tasks.n_fresh, 0, "and it is forgotten");
	world_calm();
}

static void test_kernel_threads(void)
{
	struct rt_active guests[] = {
		{ .stage = RT_STAGE_STARTED, .pid = 5000 },
		{ .stage = RT_STAGE_PREPARED, .pid = 6000 },
	};
	struct rt_journal journal = { .active = guests, .n_active = 2 };

	begin();
	guests[0].guest.rt = guests[1].guest.rt = true;
	rt_cpuset_add(&guests[0].guest.owned, 6);
	rt_cpuset_add(&guests[1].guest.owned, 8);
	follow(&journal, true);
	put_thread(901, 0x00200040, "0-11");
	process_event(FORK, 2, 2, 901, 901);
	is_scanned(true, "a kernel thread that may run anywhere");
	put_thread(902, 0x04200040, "6");
	process_event(FORK, 2, 2, 902, 902);
	is_scanned(false, "one that is bound to the guest's CPU");
	put_thread(903, 0x00200040, "0-5,8");
	process_event(FORK, 2, 2, 903, 903);
	is_scanned(false, "one that is elsewhere, or where one is starting");
	process_event(FORK, 2, 2, 904, 904);
	is_scanned(false, "one that has gone already");
	put_thread(905, 0x00200040, "everywhere");
	process_event(FORK, 2, 2, 905, 905);
	is_scanned(true, "one that cannot be made out");
	for (unsigned i = 0; i < FRESH_MAX; i++)
		process_event(FORK, 2, 2, 902, 902);
	process_event(FORK, 2, 2, 903, 903);
	while (world_hear() > 0)
		;
	is_int(world_due(), 200, "more than are remembered: a scan");
	tasks_turn(&agent, world.ms + 200);
	is_int(world_due(), 200, "and none more");
	world_end();
}

static void test_many_tasks(void)
{
	static struct rt_active guests[300];
	struct rt_journal journal = { .active = guests, .n_active = 300 };

	begin();
	for (unsigned i = 0; i < 300; i++) {
		guests[i].stage = RT_STAGE_STARTED;
		guests[i].pid = 1000 + i;
	}
	follow(&journal, true);
	ok(!agent.poll, "a filter for very many guests");
	process_event(FORK, 1199, 1199, 2000, 1199);
	is_heard(true, "the 200th guest's thread");
	for (unsigned i = 0; i < 20; i++)
		process_event(FORK, 1000, 1000, 3000, 1000);
	is_heard(true, "20 threads are one wake-up");
	is_int(world_hear(), 0, "all were read");
	for (unsigned i = 0; i < 3 * EVENTS_BUDGET / 2; i++)
		process_event(FORK, 1000, 1000, 3000, 1000);
	ok(world_hear() == 1 && world_hear() == 1 && world_hear() == 0,
	   "of a flood some, and the rest the next time");
	is_int(world_due(), 200, "for one scan");
	world_calm();
	world.lost = 1;
	process_event(FORK, 1000, 1000, 3000, 1000);
	is_heard(true, "messages were lost");
	world_end();
}

/* --- without them --- */

/* What the kernel was asked for: -1: nothing. */
static int asked(void)
{
	enum proc_cn_mcast_op op;
	char text[256];
	const ssize_t n =
		recv(world.connector, text, sizeof(text), MSG_DONTWAIT);

	if (n < 0)
		return -1;
	is_int(n, sizeof(struct nlmsghdr) + sizeof(struct cn_msg) + sizeof(op),
	       "the kernel is asked for something");
	memcpy(&op, text + n - sizeof(op), sizeof(op));
	return (int)op;
}

static void test_listen(void)
{
	struct rt_journal journal = { 0 };

	begin();
	is_int(asked(), -1, "without a guest the kernel makes no messages");
	follow(&journal, true);
	is_int(asked(), PROC_CN_MCAST_LISTEN, "with one it does");
	follow(&journal, true);
	is_int(asked(), -1, "it is asked once");
	follow(&journal, false);
	is_int(asked(), PROC_CN_MCAST_IGNORE, "and told when none is left");
	follow(&journal, true);
	is_int(asked(), PROC_CN_MCAST_LISTEN, "again");
	tasks_close(&agent);
	is_int(asked(), PROC_CN_MCAST_IGNORE, "and told when we leave");
	world_end();
}

static void test_refused(void)
{
	struct rt_err err = { 0 };
	struct rt_journal journal = { 0 };

	world_begin(NULL);
	world.netlink_error = EPERM;
	is_int(cpus_open(&agent, &err), -EPERM, "no uevents");
	ok(strstr(err.text, "CPUs"), "%s", err.text);
	is_int(tasks_open(&agent, &err), -EPERM, "no process events");
	ok(strstr(err.text, "threads"), "%s", err.text);
	ok(agent.cpus.fd < 0 && agent.tasks.watch.fd < 0, "are no sources");
	follow(&journal, true);
	ok(!agent.poll, "and need no filter");
	/* Something that takes no filter. */
	agent.tasks.watch.fd = eventfd(0, EFD_CLOEXEC);
	follow(&journal, true);
	ok(agent.poll, "a filter refused: it polls");
	world_end();
}

int main(void)
{
	test_cpu_messages();
	test_cpus();
	test_tasks();
	test_kernel_threads();
	test_many_tasks();
	test_listen();
	test_refused();
	return tap_done();
}
