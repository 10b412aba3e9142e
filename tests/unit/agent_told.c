/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* agent_told.c - what kvmrt-sync tells, and what becomes of it */
#include "agent_world.h"

#include <sys/file.h>

#include "host/reconcile.h"

#define UUID  "6a1f0c1e-0000-4000-8000-000000000001"
#define UUID2 "6a1f0c1e-0000-4000-8000-000000000002"

static void say(const char *text)
{
	char line[LINE_MAX_BYTES];

	snprintf(line, sizeof(line), "%s", text);
	told_line(&agent, line);
}

static const char *text_of(const char *uuid)
{
	for (size_t i = 0; i < agent.told.n; i++) {
		if (strcmp(agent.told.guests[i].uuid, uuid) == 0)
			return agent.told.guests[i].text;
	}
	return NULL;
}

static void begin(void)
{
	world_begin(NULL);
	told_begin(&agent);
}

static void test_words(void)
{
	static const struct {
		const char *line, *libvirt, *guest;
		long long due;
	} rows[] = {
		{ "libvirt connected", "connected", NULL, -1 },
		{ "libvirt", "lost", NULL, -1 },
		{ "libvirt a-state-of-more-letters-than-fit", "a-state-of-more",
		  NULL, -1 },
		{ "scan", "lost", NULL, 0 },
		{ "guest " UUID " in step", "lost", "in step", -1 },
		{ "guest " UUID, "lost", "", -1 },
		{ "guest 6A1F0C1E-0000-4000-8000-000000000001 in step", "lost",
		  "in step", -1 },
		{ "guest plc1 in step", "lost", NULL, -1 },
		{ "guest", "lost", NULL, -1 },
		{ "devices", "lost", NULL, -1 },
		{ "off " UUID " 12", "lost", NULL, -1 },
		{ " ", "lost", NULL, -1 },
		{ "", "lost", NULL, -1 },
		{ "scanning", "lost", NULL, -1 },
		{ "a word of a later release", "lost", NULL, -1 },
		{ "\x01\xff\xfe garbage", "lost", NULL, -1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		printf("# '%s'\n", rows[i].line);
		begin();
		say(rows[i].line);
		is_str(agent.told.libvirt, rows[i].libvirt, "libvirt");
		is_str(text_of(UUID), rows[i].guest, "the guest");
		is_int(world_due(), rows[i].due, "when a scan is wanted");
		world_end();
	}
}

static void test_guests(void)
{
	char text[200];

	begin();
	say("guest " UUID " differs");
	say("guest " UUID " in step");
	is_str(text_of(UUID), "in step", "the last word counts");
	is_int((long long)agent.told.n, 1, "each guest is there once");
	for (unsigned i = 0; i < TOLD_MAX + 20; i++) {
		snprintf(text, sizeof(text),
			 "guest 6a1f0c1e-0000-4000-8000-%012u x", i);
		say(text);
	}
	is_int((long long)agent.told.n, TOLD_MAX, "their number is bounded");
	told_end(&agent);
	is_str(agent.told.libvirt, "off", "kvmrt-sync goes");
	is_str(text_of(UUID), "x", "its last words stay");
	told_begin(&agent);
	is_int((long long)agent.told.n, 0, "until it says all again");
	world_end();
}

/* --- devices --- */

static void put_guest(const char *uuid, enum rt_stage stage,
		      const char *devices)
{
	struct rt_active active = { .stage = stage, .pid = 5000, .start = 77 };
	char name[] = "plc1";
	struct rt_store store;
	struct rt_err err = { 0 };

	snprintf(active.guest.uuid, sizeof(active.guest.uuid), "%s", uuid);
	active.guest.name = name;
	active.guest.rt = true;
	active.guest.irq_cpu = 6;
	if (rt_store_open(&agent.sys, 0, &store, &err) < 0 ||
	    rt_pci_set_parse(devices, &active.guest.pcidevs, &err) < 0 ||
	    rt_reconcile_add(&store, &active, &err) < 0)
		ok(false, "a guest: %s", err.text);
	rt_store_close(&store);
	rt_pci_set_fini(&active.guest.pcidevs);
}

/* As a scan does it. */
static void settle(void)
{
	struct rt_store store;
	struct rt_err err = { 0 };

	if (!ok(rt_store_open(&agent.sys, 0, &store, &err) == 0, "a scan"))
		return;
	is_int(told_settle(&agent, &store, &err), 0, "settles it");
	rt_store_close(&store);
	world_calm();
}

static const char *devices_of(const char *uuid)
{
	static char text[200];
	const struct rt_active *active;
	struct rt_store store;
	struct rt_err err = { 0 };

	text[0] = '\0';
	if (!ok(rt_store_open(&agent.sys, 0, &store, &err) == 0, "the record"))
		return text;
	active = rt_journal_find_guest(&store.journal, uuid);
	for (size_t i = 0; active && i < active->guest.pcidevs.n; i++) {
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "%s%s", i ? " " : "",
			 rt_pci_text(&active->guest.pcidevs.items[i]).text);
	}
	rt_store_close(&store);
	return text;
}

static size_t count_pending(void)
{
	size_t n = 0;

	for (size_t i = 0; i < agent.told.n; i++)
		n += agent.told.guests[i].has_devices;
	return n;
}

#define A "0000:81:00.0"
#define B "0000:82:00.0"
#define C "0000:83:00.0"

static void test_devices(void)
{
	begin();
	say("devices " UUID " " A);
	is_int(world_due(), 0, "a scan is wanted");
	settle();
	is_int((long long)count_pending(), 0, "of a guest that is not ours");
	put_guest(UUID, RT_STAGE_PREPARED, A);
	say("devices " UUID " " A "," B);
	settle();
	is_str(devices_of(UUID), A, "one that starts has what the hook found");
	put_guest(UUID, RT_STAGE_STARTED, A);
	say("devices " UUID " 0000:82:00.x");
	ok(strstr(world_log(), "devices of guest " UUID ": "),
	   "no address, no list, which is said");
	say("devices plc1 " A);
	ok(strstr(world_log(), "devices of guest plc1: "), "nor without UUID");
	say("devices " UUID " " A "," B);
	say("devices " UUID " " B "," C);
	settle();
	is_str(devices_of(UUID), B " " C, "the last list counts");
	say("devices " UUID " " C);
	settle();
	is_str(devices_of(UUID), C, "what is unplugged goes from the record");
	say("devices " UUID);
	settle();
	is_str(devices_of(UUID), "", "the last one, too");
	is_int((long long)count_pending(), 0, "all is settled");
	is_str(world_log(), "", "of which nothing is said");
	world_end();
}

/* A device belongs to one guest, in whatever order lists are told. */
static void test_device_moves(void)
{
	begin();
	put_guest(UUID, RT_STAGE_STARTED, A " " B);
	put_guest(UUID2, RT_STAGE_STARTED, C);
	say("devices " UUID2 " " B "," C);
	say("devices " UUID " " A);
	settle();
	is_str(devices_of(UUID), A, "it has gone from the first");
	is_str(devices_of(UUID2), B " " C, "to the second");
	say("devices " UUID2 " " A "," B "," C);
	settle();
	is_str(devices_of(UUID), A, "none is taken from a guest that has it");
	is_str(devices_of(UUID2), B " " C, "so the other waits for it");
	is_int((long long)count_pending(), 1, "its list is kept");
	say("devices " UUID);
	settle();
	is_str(devices_of(UUID2), A " " B " " C, "until it is free");
	is_str(devices_of(UUID), "", "and nobody else's");
	is_int((long long)count_pending(), 0, "all is settled");
	world_end();
}

static void test_device_locked(void)
{
	int lock;

	begin();
	put_guest(UUID, RT_STAGE_STARTED, A);
	lock = open("/run/kvmrt/lock", O_RDWR | O_CLOEXEC);
	ok(flock(lock, LOCK_EX) == 0, "somebody has the lock");
	say("devices " UUID " " B);
	is_int((long long)(world.ms - WORLD_START_MS), 0, "nobody waits");
	world_calm();
	agent_scan(&agent);
	is_int(world_due(), 1000, "a scan comes later");
	is_int((long long)count_pending(), 1, "the list is kept");
	close(lock);
	settle();
	is_str(devices_of(UUID), B, "and not lost");
	is_str(world_log(), "", "of which nothing is said");
	world_end();
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
	say(line);
}

static void test_off(void)
{
	begin();
	put_guest(UUID, RT_STAGE_PREPARED, "");
	say_off(1);
	is_int(world_due(), 0, "a scan is wanted");
	settle();
	ok(is_on_record(), "another hook has run since: it may be starting");
	settle();
	ok(is_on_record(), "which is settled");
	is_str(agent.told.off.uuid, "", "and forgotten");
	say_off(0);
	settle();
	ok(!is_on_record(), "the same journal: it is dropped");
	ok(strstr(world_log(), "guest 'plc1': its start has failed"),
	   "which is said");
	put_guest(UUID, RT_STAGE_STARTED, "");
	say_off(0);
	settle();
	ok(is_on_record(), "one that has started is not");
	put_guest(UUID, RT_STAGE_PREPARED, "");
	world_directory("/run/libvirt/qemu");
	world_directory("/proc/5000/task/5000");
	world_write("/run/libvirt/qemu/plc1.pid", "5000");
	world_write("/proc/5000/task/5000/stat",
		    "5000 (qemu) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 77 0 "
		    "0\n");
	say_off(0);
	settle();
	ok(is_on_record(), "nor one that runs, whatever libvirt says of it");
	world_end();
}

int main(void)
{
	test_words();
	test_guests();
	test_devices();
	test_device_moves();
	test_device_locked();
	test_off();
	return tap_done();
}
