/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * agent_helper.c - the helper's words, and its ends
 *
 * A pair of sockets stands for one that talks; scripts in its place are
 * started by the agent itself.
 */
#include "agent_world.h"

#include <sys/file.h>

#include "host/reconcile.h"

#define UUID	"6a1f0c1e-0000-4000-8000-000000000001"
#define ADDRESS "0000:82:00.0"

/* Waits for a process of its own; the agent's time stands still. */
static bool hear_soon(void)
{
	for (unsigned i = 0; i < 1000; i++) {
		if (world_hear() > 0)
			return true;
		usleep(10000);
	}
	return false;
}

/* --- words --- */

static int talker; /* the helper's end */

static void begin(void)
{
	struct rt_err err = { 0 };
	int pair[2];

	world_begin(NULL);
	/* A process that only waits: the words come from here. */
	snprintf(world.helper, sizeof(world.helper), "/bin/cat");
	helper_start(&agent);
	agent_unwatch(&agent, &agent.helper.watch);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		ok(false, "a pair of sockets");
	agent.helper.watch.fd = pair[0];
	talker = pair[1];
	ok(agent.helper.pid > 0 &&
		   agent_watch(&agent, &agent.helper.watch, &err) == 0,
	   "a helper");
}

static void end(void)
{
	world_close(&talker);
	world_end();
}

static void say(const char *text, size_t len)
{
	if (send(talker, text, len, MSG_NOSIGNAL) < 0)
		ok(false, "send: %s", strerror(errno));
	is_int(world_hear(), 1, "it is heard");
}

static const char *text_of(const char *uuid)
{
	for (size_t i = 0; i < agent.helper.n_guests; i++) {
		if (strcmp(agent.helper.guests[i].uuid, uuid) == 0)
			return agent.helper.guests[i].text;
	}
	return NULL;
}

static void test_words(void)
{
	static const struct {
		const char *line, *libvirt, *guest;
		long long due;
	} rows[] = {
		{ "libvirt connected", "connected", NULL, -1 },
		{ "libvirt connected\n", "connected", NULL, -1 },
		{ "libvirt", "", NULL, -1 },
		{ "libvirt a-state-of-more-letters-than-fit", "a-state-of-more",
		  NULL, -1 },
		{ "look", "lost", NULL, 0 },
		{ "look\n", "lost", NULL, 0 },
		{ "guest " UUID " in step", "lost", "in step", -1 },
		{ "guest " UUID " in step\n", "lost", "in step", -1 },
		{ "guest " UUID, "lost", "", -1 },
		{ "guest 6A1F0C1E-0000-4000-8000-000000000001 in step", "lost",
		  "in step", -1 },
		{ "guest plc1 in step", "lost", NULL, -1 },
		{ "guest", "lost", NULL, -1 },
		{ "device", "lost", NULL, -1 },
		{ " \n", "lost", NULL, -1 },
		{ "\n", "lost", NULL, -1 },
		{ "looking", "lost", NULL, -1 },
		{ "\x01\xff\xfe garbage", "lost", NULL, -1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		printf("# '%s'\n", rows[i].line);
		begin();
		say(rows[i].line, strlen(rows[i].line));
		is_str(agent.helper.libvirt, rows[i].libvirt, "libvirt");
		is_str(text_of(UUID), rows[i].guest, "the guest");
		is_int(world_due(), rows[i].due, "when a look is wanted");
		ok(agent.helper.watch.fd >= 0, "the helper goes on");
		end();
	}
}

static void test_long_words(void)
{
	static char text[5000];

	begin();
	memset(text, 'x', sizeof(text));
	say(text, sizeof(text));
	is_int(world_due(), -1, "an overlong message says nothing");
	memcpy(text, "guest " UUID " ", sizeof("guest " UUID));
	memcpy(text + sizeof(text) - 4, "look", 4);
	say(text, sizeof(text));
	ok(text_of(UUID) && strlen(text_of(UUID)) < 1024 &&
		   strspn(text_of(UUID), "x") == strlen(text_of(UUID)),
	   "what is overlong is cut");
	is_int(world_due(), -1, "its end is no word of its own");
	say("guest " UUID " in step", strlen("guest " UUID " in step"));
	is_str(text_of(UUID), "in step", "the last word counts");
	is_int((long long)agent.helper.n_guests, 1, "each guest is there once");
	for (unsigned i = 0; i < 20; i++) {
		snprintf(text, sizeof(text),
			 "guest 6a1f0c1e-0000-4000-8000-%012u x", i);
		say(text, strlen(text));
	}
	is_int((long long)agent.helper.n_guests, 20, "20 guests, one known");
	end();
}

/* --- devices --- */

static size_t count_devices(const char *uuid, bool *ret_has)
{
	const struct rt_pci_addr addr = { .bus = 0x82 };
	const struct rt_active *active;
	struct rt_store store;
	struct rt_err err = { 0 };
	size_t n = 0;

	*ret_has = false;
	if (!ok(rt_store_open(&agent.sys, 0, &store, &err) == 0, "the record"))
		return 0;
	active = rt_journal_find_guest(&store.journal, uuid);
	if (active) {
		n = active->guest.pcidevs.n;
		*ret_has = rt_pci_set_has(&active->guest.pcidevs, &addr);
	}
	rt_store_close(&store);
	return n;
}

static void put_guest(enum rt_stage stage)
{
	struct rt_active active = { .stage = stage, .pid = 5000, .start = 77 };
	const struct rt_pci_addr addr = { .bus = 1 };
	char name[] = "plc1";
	struct rt_store store;
	struct rt_err err = { 0 };

	snprintf(active.guest.uuid, sizeof(active.guest.uuid), UUID);
	active.guest.name = name;
	active.guest.rt = true;
	active.guest.irq_cpu = 6;
	if (rt_store_open(&agent.sys, 0, &store, &err) < 0 ||
	    rt_pci_set_add(&active.guest.pcidevs, &addr, &err) < 0 ||
	    rt_reconcile_add(&store, &active, &err) < 0)
		ok(false, "a guest: %s", err.text);
	rt_store_close(&store);
	rt_pci_set_fini(&active.guest.pcidevs);
}

/* As a look does it. */
static void settle(void)
{
	struct rt_store store;
	struct rt_err err = { 0 };

	if (!ok(rt_store_open(&agent.sys, 0, &store, &err) == 0, "a look"))
		return;
	is_int(helper_settle(&agent, &store, &err), 0, "settles devices");
	is_int((long long)agent.helper.n_plugged, 0, "all of them");
	rt_store_close(&store);
}

static void test_devices(void)
{
	static const char line[] = "device " UUID " " ADDRESS;
	static const char bad[] = "device " UUID " 0000:82:00.x";
	static const char nobody[] = "device plc1 " ADDRESS;
	bool has;

	begin();
	say(line, strlen(line));
	settle();
	is_int((long long)count_devices(UUID, &has), 0, "of a guest unknown");
	world_calm();
	put_guest(RT_STAGE_STARTED);
	say(bad, strlen(bad));
	settle();
	is_int((long long)count_devices(UUID, &has), 1,
	       "no address, no device");
	ok(strstr(world_log(), "device 0000:82:00.x of guest " UUID ": "),
	   "which is said");
	say(nobody, strlen(nobody));
	ok(strstr(world_log(), " of guest plc1: "), "nor without a UUID");
	world_calm();
	say(line, strlen(line));
	say(line, strlen(line));
	is_int((long long)agent.helper.n_plugged, 1, "told twice, noted once");
	is_int(world_due(), 0, "a look is wanted");
	settle();
	is_int((long long)count_devices(UUID, &has), 2, "a device more");
	ok(has, "the one that was named");
	say(line, strlen(line));
	settle();
	is_int((long long)count_devices(UUID, &has), 2, "it is there once");
	is_str(world_log(), "", "and nothing more is said");
	end();
}

static void test_device_locked(void)
{
	static const char line[] = "device " UUID " " ADDRESS;
	int lock;
	bool has;

	begin();
	put_guest(RT_STAGE_STARTED);
	lock = open("/run/kvmrt/lock", O_RDWR | O_CLOEXEC);
	ok(flock(lock, LOCK_EX) == 0, "somebody has the lock");
	say(line, strlen(line));
	is_int((long long)(world.ms - WORLD_START_MS), 0, "nobody waits");
	world_calm();
	agent_look(&agent);
	is_int(world_due(), 1000, "a look comes later");
	is_int((long long)agent.helper.n_plugged, 1, "the device is kept");
	close(lock);
	settle();
	is_int((long long)count_devices(UUID, &has), 2, "and not lost");
	is_str(world_log(), "", "of which nothing is said");
	end();
}

/* --- starts that failed --- */

static bool is_on_record(void)
{
	struct rt_store store;
	struct rt_err err = { 0 };
	bool there;

	if (!ok(rt_store_open(&agent.sys, 0, &store, &err) == 0, "the record"))
		return false;
	there = rt_journal_find_guest(&store.journal, UUID) != NULL;
	rt_store_close(&store);
	return there;
}

static void say_off(long long more)
{
	char line[200];
	struct stat is = { 0 };

	if (stat("/run/kvmrt/journal", &is) < 0)
		ok(false, "a journal");
	snprintf(line, sizeof(line), "off " UUID " %llu %lld",
		 (unsigned long long)is.st_ino, (long long)is.st_size + more);
	say(line, strlen(line));
}

static void test_off(void)
{
	static const char bad[] = "off " UUID " 12";

	begin();
	put_guest(RT_STAGE_PREPARED);
	world_calm();
	say(bad, strlen(bad));
	is_int(world_due(), -1, "half a message is none");
	say_off(1);
	is_int(world_due(), 0, "a look is wanted");
	settle();
	ok(is_on_record(), "another hook has run since: it may be starting");
	settle();
	ok(is_on_record(), "which is settled");
	is_str(agent.helper.off.uuid, "", "and forgotten");
	say_off(0);
	settle();
	ok(!is_on_record(), "the same journal: it is dropped");
	ok(strstr(world_log(), "guest 'plc1': its start has failed"),
	   "which is said");
	put_guest(RT_STAGE_STARTED);
	say_off(0);
	settle();
	ok(is_on_record(), "one that has started is not");
	end();
}

/* --- its end --- */

static void test_dies(void)
{
	static const char *const said[] = { "1 s",  "2 s",  "4 s",  "8 s",
					    "16 s", "32 s", "60 s", "60 s" };
	unsigned expected = 1;

	world_begin(NULL);
	world_put_helper("exit 7");
	helper_start(&agent);
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		const char *log;
		uint64_t again;

		ok(hear_soon(), "end %zu is heard", i + 1);
		log = world_log();
		ok(strstr(log, "status 7") && strstr(log, said[i]), "%s", log);
		again = helper_due(&agent, world.ms);
		is_int((long long)(again - world.ms),
		       strtol(said[i], NULL, 10) * 1000, "it waits");
		is_int(agent.helper.pid, 0, "there is none meanwhile");
		is_str(agent.helper.libvirt, "off", "nor a connection");
		is_int(world.spawned, expected, "it is not started early");
		world.ms = again - 1;
		helper_due(&agent, world.ms);
		is_int(world.spawned, expected, "not even a little");
		world.ms = again;
		helper_due(&agent, world.ms);
		is_int(world.spawned, ++expected, "but then");
	}
	ok(hear_soon(), "it ends again");
	world.ms = agent.helper.again;
	helper_due(&agent, world.ms);
	world.ms += 60001;
	ok(hear_soon(), "one that has lasted a minute");
	is_int((long long)(agent.helper.again - world.ms), 1000,
	       "is started again at once");
	world_end();
}

static void test_signal(void)
{
	world_begin(NULL);
	world_put_helper("kill -9 $$");
	helper_start(&agent);
	ok(hear_soon(), "one that is killed");
	ok(strstr(world_log(), "signal 9"), "is told from one that ends");
	world_end();
}

/* What it says before it dies counts; what is none of ours does not. */
static void test_babbles(void)
{
	world_begin(NULL);
	world_put_helper("printf 'libvirt connected' >&3\n"
			 "head -c 100000 /dev/urandom >&3\n"
			 "printf 'guest " UUID " in step' >&3\n"
			 "printf 'look' >&3");
	helper_start(&agent);
	for (unsigned i = 0; i < 1000 && agent.helper.pid; i++) {
		if (!world_hear())
			usleep(10000);
	}
	is_int(agent.helper.pid, 0, "it has ended");
	is_str(text_of(UUID), "in step", "what it said of a guest stays");
	is_int(world_due(), 0, "a look is wanted");
	is_int((long long)agent.helper.n_guests, 1, "the rest is forgotten");
	world_end();
}

/* It lets go of the socket, and will not end when it is asked to. */
static void test_stubborn(void)
{
	struct timespec start, now;

	world_begin(NULL);
	world_put_helper("trap '' TERM\nexec 3>&-\nexec sleep 30");
	__real_clock_gettime(CLOCK_MONOTONIC, &start);
	helper_start(&agent);
	ok(hear_soon(), "one that lets go");
	__real_clock_gettime(CLOCK_MONOTONIC, &now);
	ok(now.tv_sec - start.tv_sec < 10, "is not waited for");
	world_put_helper("trap '' TERM\nprintf look >&3\nsleep 30 3>&-");
	world.ms = agent.helper.again;
	helper_due(&agent, world.ms);
	ok(hear_soon(), "one that hangs");
	ok(agent.helper.pid > 0, "is left alone");
	__real_clock_gettime(CLOCK_MONOTONIC, &start);
	helper_close(&agent);
	__real_clock_gettime(CLOCK_MONOTONIC, &now);
	ok(now.tv_sec - start.tv_sec < 10, "until we end: then it must");
	world_end();
}

static void test_no_program(void)
{
	world_begin(NULL);
	world.spawn_error = ENOENT;
	helper_start(&agent);
	is_int(agent.helper.pid, 0, "none can be started");
	is_int(agent.helper.watch.fd, -1, "nobody is heard");
	is_str(agent.helper.libvirt, "off", "no connection");
	ok(strstr(world_log(), "kvmrt-sync: No such file"), "it is said");
	is_int((long long)(helper_due(&agent, world.ms) - world.ms), 60000,
	       "it is tried each minute");
	world.ms += 60000;
	helper_due(&agent, world.ms);
	is_int(world.spawned, 2, "again");
	is_str(world_log(), "", "which is said once");
	world.spawn_error = 0;
	world_put_helper("exec cat");
	world.ms += 60000;
	is_int((long long)helper_due(&agent, world.ms), 0,
	       "until there is one");
	ok(agent.helper.pid > 0, "then it runs");
	is_str(agent.helper.libvirt, "lost", "and is not connected yet");
	world_end();
}

int main(void)
{
	test_words();
	test_long_words();
	test_devices();
	test_device_locked();
	test_off();
	test_dies();
	test_signal();
	test_babbles();
	test_stubborn();
	test_no_program();
	return tap_done();
}
