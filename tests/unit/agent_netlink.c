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
		{ "online" CPU "8192", NULL, AF_NETLINK, 0, 1, -1 },
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
		is_int(world_due(), rows[i].due, "when a look is wanted");
		is_str(agent.n_causes ? agent.causes[0].path : NULL,
		       rows[i].path, "why");
		world_end();
	}
}

static void test_cpus(void)
{
	static char big[9000];
	struct repair repair = { .path = "sys/devices/system/cpu/cpu7/online" };
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
	is_int(world_due(), heard ? 200 : -1, "and looked at a little later");
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
	is_heard(false, "nothing wakes us before the first look");
	follow(&journal, true);
	process_event(FORK, 5000, 5000, 5001, 5000);
	is_heard(true, "a thread of a guest");
	process_event(FORK, 7003, 7000, 7004, 7000);
	is_heard(true, "a thread of the other");
	process_event(FORK, 2, 2, 888, 888);
	is_heard(true, "a kernel thread");
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
	world.lost = 1;
	process_event(FORK, 1000, 1000, 3000, 1000);
	is_heard(true, "messages were lost");
	world_end();
}

/* --- without them --- */

static void test_listen(void)
{
	char text[256];
	enum proc_cn_mcast_op op;
	ssize_t n;

	begin();
	n = recv(world.connector, text, sizeof(text), MSG_DONTWAIT);
	if (is_int(n, sizeof(struct nlmsghdr) + sizeof(struct cn_msg) + 4,
		   "the kernel is asked for process events")) {
		memcpy(&op, text + n - 4, sizeof(op));
		is_int(op, PROC_CN_MCAST_LISTEN, "with the right word");
	}
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
	ok(agent.cpus.fd < 0 && agent.tasks.fd < 0, "are no sources");
	follow(&journal, true);
	ok(!agent.poll, "and need no filter");
	/* Something that takes no filter. */
	agent.tasks.fd = eventfd(0, EFD_CLOEXEC);
	follow(&journal, true);
	ok(agent.poll, "a filter refused: it polls");
	world_end();
}

int main(void)
{
	test_cpu_messages();
	test_cpus();
	test_tasks();
	test_many_tasks();
	test_listen();
	test_refused();
	return tap_done();
}
