/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* agent_scan.c - the loop and its scans, with a guest on a made-up host */
#include "agent_guest.h"

#include <sys/file.h>

/*
 * All that is to be done at this time is done; where scans keep their distance
 * time goes on until they may.
 */
static void settle(void)
{
	for (unsigned i = 0; i < 10; i++) {
		world_turn();
		if (agent.due && agent.due == agent.not_before)
			world.ms = agent.due;
	}
}

static void begin(void)
{
	guest_begin();
	settle();
	ok(guest_start(), "the hook starts a guest");
	settle();
	world_log();
	agent.counters = (struct counters){ 0 };
}

static const char *status_text(void)
{
	static char text[1 << 16];
	RT_AUTO_STRBUF out = { 0 };
	struct rt_err err = { 0 };

	if (agent_status(&agent, &out, &err) < 0)
		ok(false, "status: %s", err.text);
	snprintf(text, sizeof(text), "%s", out.text ? out.text : "");
	return text;
}

static void is_idle(const char *name)
{
	const unsigned long long scans = agent.counters.scans;

	settle();
	is_int((long long)(agent.counters.scans - scans), 0, name);
	is_int(world_due(), -1, "and nothing is due");
}

/* --- a guest comes, lives and goes --- */

static void test_life(void)
{
	guest_begin();
	settle();
	is_int((long long)agent.counters.scans, 1, "the first scan");
	ok(!agent.rt && !agent.poll, "finds no guest");
	is_str(world_read(ENABLE), "0", "so no interrupt wakes us");
	is_idle("nor anything else");
	ok(strstr(status_text(), "\"guests\":[]"), "the status has none");
	ok(guest_start(), "the hook starts one");
	settle();
	ok(agent.rt, "the agent has heard it");
	is_str(world_read(ENABLE), "1", "interrupts are heard");
	is_int((long long)agent.guests.n, 1, "its process is followed");
	ok(world_pidfd(QEMU) >= 0, "by a pidfd");
	ok(agent.files.n > 5, "%zu settings are watched", agent.files.n);
	is_int((long long)agent.counters.repairs, 0, "there was no repair");
	is_int((long long)agent.repairs.n, 0, "and none is on the ledger");
	is_idle("what the scan itself wrote wakes nobody");
	ok(strstr(status_text(), "\"name\":\"rt1\",\"rt\":true,"
				 "\"state\":\"tuned\""),
	   "it is tuned");
	is_str(world_read(WATCHDOG), "0-5", "and the host is for it");
	guest_die();
	settle();
	is_int(world_due(), 3000, "it dies: the hook has its turn");
	is_str(world_read(WATCHDOG), "0-5", "nothing is changed until then");
	world.ms += 3000;
	settle();
	ok(!agent.rt, "the hook did nothing, the agent does");
	is_str(world_read(WATCHDOG), "0-11", "the host is as it was");
	is_str(world_read(IRQ(43)), "6-11", "with its interrupts");
	is_str(world_read("/run/kvmrt/journal"), "", "nothing is on record");
	is_str(world_read(ENABLE), "0", "nor heard any more");
	is_int((long long)agent.guests.n, 0, "nobody is followed");
	is_int((long long)agent.files.n, 0, "nothing is watched");
	ok(!agent.has_topo, "memory is given back");
	is_idle("all is quiet");
	guest_end();
}

/* The daemon dies while it starts a guest. */
static void test_prepared(void)
{
	guest_begin();
	settle();
	ok(guest_hook("prepare"), "a guest is being started");
	settle();
	ok(world_pidfd(1) >= 0, "by the daemon, whose end is awaited");
	ok(guest_hook("release"), "it is released");
	settle();
	ok(!agent.rt, "and not the agent's any more");
	is_idle("all is quiet");
	guest_end();
}

/* --- repairs --- */

static void test_repair(void)
{
	const char *log;

	begin();
	guest_put(WATCHDOG, "0-11\n");
	settle();
	is_str(world_read(WATCHDOG), "0-5", "a setting is repaired");
	ok(strstr(world_log(), "proc/sys/kernel/watchdog_cpumask held '0-11', "
			       "set to '0-5'"),
	   "which is said");
	is_int((long long)agent.counters.repairs, 1, "and counted");
	ok(strstr(status_text(), "\"state\":\"disturbed\""),
	   "the guest is disturbed");
	guest_put(IRQ(43), "7\n");
	guest_trace_line("irqbalance-710", 43, 7);
	settle();
	is_str(world_read(IRQ(43)), "0-5", "an interrupt is put back");
	log = world_log();
	ok(strstr(log, "irq 43 was placed on cpu 7, moved to cpu 0-5, "
		       "by irqbalance[710]"),
	   "with who had placed it where: %s", log);
	is_int((long long)agent.n_causes, 0, "the cause is used up");
	is_idle("our own hand is no news");
	world.ms += DISTURBED_MS;
	ok(strstr(status_text(), "\"state\":\"tuned\""),
	   "after some time it is tuned again");
	/* An interrupt that a guest's driver has just released has no name. */
	guest_put(IRQ(43), "7\n");
	guest_trace_line("CPU 0/KVM-4712", 43, 7);
	settle();
	is_str(world_read(IRQ(43)), "0-5", "a vCPU moves one");
	ok(strstr(status_text(), "\"state\":\"tuned\""),
	   "which is the guest's own life");
	for (unsigned i = 0; i <= FIGHT_TIMES; i++) {
		guest_put(IRQ(43), "7\n");
		guest_trace_line("qemu-system-x86-4711", 43, 7);
		settle();
		is_str(world_read(IRQ(43)), "0-5", "QEMU resets the card");
	}
	ok(!strstr(world_log(), "keeps changing it") &&
		   strstr(status_text(), "\"state\":\"tuned\""),
	   "which is no fight");
	guest_end();
}

static void test_fight(void)
{
	const char *log;

	begin();
	for (unsigned i = 0; i < FIGHT_TIMES; i++) {
		guest_put(WATCHDOG, "0-11\n");
		settle();
		is_str(world_read(WATCHDOG), "0-5", "repaired at once");
	}
	log = world_log();
	is_int(world_count(log, " held '0-11'"), 1, "it is said once");
	is_int(world_count(log, "logs no more about it"), 1,
	       "and once that there is a fight");
	guest_put(WATCHDOG, "0-11\n");
	settle();
	is_str(world_read(WATCHDOG), "0-11", "now it waits");
	is_int(world_due(), FIGHT_WAIT_MS, "a second");
	world.ms += FIGHT_WAIT_MS;
	settle();
	is_str(world_read(WATCHDOG), "0-5", "and is repaired");
	is_str(world_log(), "", "without a word");
	guest_put(WATCHDOG, "0-11\n");
	settle();
	is_int(world_due(), 2 * FIGHT_WAIT_MS, "twice as long the next time");
	guest_end();
}

/* --- scans that cannot be made --- */

static void test_locked(void)
{
	int lock;

	begin();
	lock = open("/run/kvmrt/lock", O_RDONLY | O_CLOEXEC);
	ok(flock(lock, LOCK_EX) == 0, "a hook has the lock");
	guest_put(WATCHDOG, "0-11\n");
	settle();
	is_int(world_due(), 1000, "a scan has to wait");
	is_int((long long)agent.counters.scans, 0, "and is none yet");
	is_int((long long)agent.n_causes, 1, "its cause is kept");
	is_str(world_log(), "", "that is nothing to speak of");
	is_int(world_hear(), 0, "and no reason to scan again before");
	is_int(agent.failures, 0, "nor a failure");
	close(lock);
	world.ms += 1000;
	settle();
	is_str(world_read(WATCHDOG), "0-5", "then it is made");
	is_idle("and over");
	guest_end();
}

/* It has written already: our closing of the lock must not be taken for its. */
static void test_locked_writing(void)
{
	int lock, journal;

	begin();
	lock = open("/run/kvmrt/lock", O_RDWR | O_CLOEXEC);
	journal = open("/run/kvmrt/journal", O_WRONLY | O_APPEND | O_CLOEXEC);
	ok(flock(lock, LOCK_EX) == 0 && write(journal, "gone", 4) == 4,
	   "a hook is writing");
	guest_put(WATCHDOG, "0-11\n");
	settle();
	is_int(world_due(), 1000, "a scan has to wait");
	is_int(world_hear(), 0, "and nothing wakes us meanwhile");
	is_int(world_due(), 1000, "so it does wait");
	close(journal);
	close(lock);
	settle();
	is_int((long long)agent.counters.scans, 1, "the hook ends: a scan");
	is_str(world_read(WATCHDOG), "0-5", "which does what waited");
	is_idle("and is over");
	guest_end();
}

static void test_failing(void)
{
	static const unsigned waits[] = { 1000,	 2000,	4000,  8000,
					  16000, 32000, 60000, 60000 };
	static const char journal[] = "/run/kvmrt/journal";
	const struct world_path here = world_path(journal);
	struct world_path away = here;

	begin();
	snprintf(away.text, sizeof(away.text), "%s/journal", world.host.dir);
	if (rename(world_path(journal).text, away.text) < 0)
		ok(false, "move the journal");
	world_write(journal, "");
	/* A link is no journal. */
	if (unlink(world_path(journal).text) < 0 ||
	    symlink("/etc/passwd", world_path(journal).text) < 0)
		ok(false, "a link in its place");
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		settle();
		is_int(world_due(), waits[i], "a scan fails, and waits");
		is_int(world_count(world_log(), "<27>"), i == 0,
		       "which is said once");
		world.ms += waits[i];
	}
	ok(agent.rt, "what was known is not forgotten");
	if (rename(away.text, world_path(journal).text) < 0)
		ok(false, "move the journal back");
	settle();
	is_int(world_count(world_log(), "scans succeed again"), 1,
	       "it is right again");
	is_int(agent.failures, 0, "the next failure is a first one");
	is_idle("all is quiet");
	guest_end();
}

/* A socket that takes what is said and does not answer. */
static int put_silent(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	world_directory("/run/irqbalance");
	snprintf(address.sun_path, sizeof(address.sun_path), "%.107s",
		 world_path("/run/irqbalance/irqbalance710.sock").text);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 100) < 0)
		ok(false, "bind %s", address.sun_path);
	return fd;
}

static void test_silent(void)
{
	static const unsigned waits[] = { 1000,	 2000,	4000,  8000,
					  16000, 32000, 60000, 60000 };
	int fd;

	begin();
	fd = put_silent();
	settle();
	is_int(world_due(), 1000, "irqbalance comes");
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		world.ms += (uint64_t)world_due();
		settle();
		is_int(world_due(), waits[i], "it is silent, and asked again");
		is_int(world_count(world_log(), "does not answer"), i == 0,
		       "which is said once");
	}
	is_int(agent.failures, 0, "that is no failure");
	unlink("/run/irqbalance/irqbalance710.sock");
	close(fd);
	world.ms += 60000;
	settle();
	is_idle("it has gone: nobody is asked");
	is_int(agent.silences, 0, "the next silence is a first one");
	guest_end();
}

static void test_poll(void)
{
	begin();
	agent.poll = true;
	agent_want(&agent, 0);
	settle();
	is_int(world_due(), 1000, "without events a scan each second");
	guest_put(IRQ(44), "8\n");
	world_hear();
	world_calm();
	agent_want(&agent, 1000);
	world.ms += 1000;
	settle();
	is_str(world_read(IRQ(44)), "0-5", "finds what nobody told");
	ok(strstr(world_log(), "irq 44 was on cpu 8, moved to cpu 0-5"),
	   "and says from where");
	guest_die();
	world.ms += 1000;
	settle();
	ok(!agent.rt, "the guest goes");
	world.ms += 3000;
	settle();
	is_idle("without a guest it does not poll");
	guest_end();
}

/* --- distance between scans --- */

static void test_distance(void)
{
	begin();
	world.ms += 10000;
	guest_put(WATCHDOG, "0-11\n");
	world_turn();
	is_str(world_read(WATCHDOG), "0-5", "after some quiet it is immediate");
	guest_put(WATCHDOG, "0-10\n");
	world_turn();
	world_turn();
	is_str(world_read(WATCHDOG), "0-5", "and so is the next");
	guest_put(WATCHDOG, "0-9\n");
	world_turn();
	world_turn();
	is_str(world_read(WATCHDOG), "0-9",
	       "a third leaves the lock to others");
	is_int(world_due(), 200, "for a while");
	world.ms += 200;
	world_turn();
	is_str(world_read(WATCHDOG), "0-5", "then it is made");
	world.ms += 10000;
	agent.not_before = world.ms + 700;
	agent_want(&agent, 0);
	world_turn();
	is_int(world_due(), 700, "a long one leaves it for as long as it took");
	guest_end();
}

static const struct rt_sys_calls *honest;

/* The kernel takes the value, and holds another: a shield that is invalid. */
static int lying_write(struct rt_sys *sys, const char *path, const char *value,
		       struct rt_err *err)
{
	int r = honest->write(sys, path, value, err);

	return r == 0 && strcmp(path, &WATCHDOG[1]) == 0 ?
		       honest->write(sys, path, "0-11", err) :
		       r;
}

static void test_liar(void)
{
	struct rt_sys_calls calls;
	uint64_t began;
	unsigned long long scans;

	begin();
	honest = agent.sys.calls;
	calls = *honest;
	calls.write = lying_write;
	agent.sys.calls = &calls;
	world.ms += 10000;
	began = world.ms;
	scans = agent.counters.scans;
	guest_put(WATCHDOG, "0-11\n");
	for (unsigned i = 0; i < 60; i++) {
		world_turn();
		if (agent.due > world.ms)
			world.ms = agent.due;
	}
	scans = agent.counters.scans - scans;
	ok(scans > 4, "what cannot be repaired is tried again");
	ok(scans <= 8 + (world.ms - began) / 500,
	   "and leaves the lock to others: %llu scans in %llu ms", scans,
	   (unsigned long long)(world.ms - began));
	agent.sys.calls = honest;
	guest_end();
}

/* --- one guest lacks something --- */

/* As rt_reconcile gives it. */
static bool give_outcome(const char *reason)
{
	static const char uuid[] = "6a1f0c1e-0000-4000-8000-000000000001";
	struct rt_outcomes outcomes = { 0 };
	RT_AUTO_FREE char *text = NULL;
	struct rt_journal journal = { 0 };
	struct rt_err err = { 0 };
	size_t len;
	bool same;

	if (rt_sys_read_all(&agent.sys, RT_STORE_DIR "/journal", RT_JOURNAL_MAX,
			    &text, &len, &err) < 0 ||
	    rt_journal_replay(text, len, &journal, &err) < 0)
		ok(false, "the record: %s", err.text);
	if (reason)
		rt_outcomes_add(&outcomes, uuid, reason);
	same = say_outcomes(&agent, &journal, &outcomes);
	rt_journal_fini(&journal);
	return same;
}

static void test_outcome(void)
{
	begin();
	ok(!give_outcome("CPU 8 is offline"), "a guest lacks something");
	is_int(world_count(world_log(),
			   "guest 'rt1': is not real-time: CPU 8 is offline"),
	       1, "which is said");
	ok(strstr(status_text(), "\"state\":\"degraded\",\"missing\":[\"CPU 8 "
				 "is offline\"]"),
	   "its status shows it");
	ok(give_outcome("CPU 8 is offline"), "it still does");
	is_str(world_log(), "", "which is not said again");
	ok(!give_outcome("its cgroup is gone"), "now something else");
	is_int(world_count(world_log(), "its cgroup is gone"), 1, "is said");
	ok(!give_outcome(NULL), "at last it is well");
	is_int(world_count(world_log(), "guest 'rt1': is real-time again"), 1,
	       "which is said");
	ok(strstr(status_text(), "\"state\":\"tuned\",\"missing\":[]"),
	   "and shown");
	ok(give_outcome(NULL), "and stays so");
	is_str(world_log(), "", "without a word");
	guest_end();
}

/* --- the ledger's keys --- */

static void test_roles(void)
{
	struct rt_step step = { .act = RT_ACT_OWN, .kind = RT_KIND_AFFINITY };
	char path[64], value[] = "10", now[] = "0-11", guest[] = "rt1";
	const char *log;

	begin();
	step.path = path;
	step.value = value;
	step.now = now;
	step.guest = guest;
	step.why = "thread on its CPU";
	for (unsigned tid = 20000; tid < 22000; tid++) {
		snprintf(path, sizeof(path), "task/4711/%u/99", tid);
		say_did(&agent, &step);
	}
	is_int((long long)agent.repairs.n, 1, "2,000 threads are one line");
	log = world_log();
	is_int(world_count(log, "helper thread 2"), 1, "said once");
	snprintf(path, sizeof(path), "task/4711/4714/99");
	say_did(&agent, &step);
	is_str(agent.repairs.items[1].key, "thread/rt1/vCPU 0",
	       "a vCPU has its own");
	step.act = RT_ACT_SET;
	snprintf(path, sizeof(path), "task/2/2/99");
	say_did(&agent, &step);
	is_str(agent.repairs.items[2].what, "kthreadd task 2",
	       "a kernel thread goes by its name");
	ok(strstr(status_text(), "\"state\":\"tuned\""),
	   "threads that are born disturb nobody");
	guest_end();
}

/* --- the loop --- */

static unsigned closed_calls;
static struct watch pair_of[2];

static void close_other(struct agent *self, struct watch *watch)
{
	closed_calls++;
	agent_unwatch(self, &pair_of[watch == &pair_of[0]]);
}

static void test_closed(void)
{
	struct rt_err err = { 0 };

	world_begin(NULL);
	for (size_t i = 0; i < 2; i++) {
		pair_of[i].fd = eventfd(1, EFD_CLOEXEC);
		pair_of[i].ready = close_other;
		agent_watch(&agent, &pair_of[i], &err);
	}
	world_turn();
	is_int(closed_calls, 1, "what an event closes is not called");
	for (size_t i = 0; i < 2; i++)
		agent_unwatch(&agent, &pair_of[i]);
	world_end();
}

static void on_time(struct agent *self, struct watch *watch)
{
	world_on_timer(self, watch);
	self->quit = true;
}

static void test_timer(void)
{
	struct itimerspec left;
	struct timespec start, end;
	struct rt_err err = { 0 };

	world_begin(HOST);
	world.ms = 0;
	agent.timer.ready = on_time;
	world_turn();
	timerfd_gettime(agent.timer.fd, &left);
	ok(!left.it_value.tv_sec && !left.it_value.tv_nsec,
	   "no timer runs when nothing is due");
	clock_gettime(CLOCK_MONOTONIC, &start);
	agent_want(&agent, 80);
	agent_want(&agent, 5000);
	agent.quit = false;
	ok(agent_loop(&agent, &err) == 0, "the loop");
	clock_gettime(CLOCK_MONOTONIC, &end);
	is_int((long long)agent.counters.scans, 1, "a scan in its time");
	left.it_value.tv_nsec = (end.tv_sec - start.tv_sec) * 1000000000 +
				end.tv_nsec - start.tv_nsec;
	ok(left.it_value.tv_nsec >= 79000000, "not before");
	ok(left.it_value.tv_nsec < 4000000000, "the first one counts");
	agent.tasks.due = agent_now_ms() + 50;
	agent.quit = false;
	ok(agent_loop(&agent, &err) == 0, "the loop");
	is_int((long long)agent.tasks.due, 0, "tasks have their time too");
	world_end();
}

int main(void)
{
	test_life();
	test_prepared();
	test_repair();
	test_fight();
	test_locked();
	test_locked_writing();
	test_failing();
	test_silent();
	test_poll();
	test_distance();
	test_liar();
	test_outcome();
	test_roles();
	test_closed();
	test_timer();
	return tap_done();
}
