/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sync.c - the agent's helper, from its main() on, with every source faked
 *
 * Each rt_virt_step is the next of `steps`, which plays the world and looks at
 * what the helper does.
 */
#include "sync_world.h"

/* --- what happens, one after the other --- */

static void it_begins(void)
{
	fire(0);
	ok(strstr(heard(), "libvirt connected\nguest " PLC1 " not in step: ") &&
		   strstr(world.heard, "/agreed"),
	   "without /var/lib nothing can be agreed on: %s", world.heard);
	(void)logged();
	(void)mkdir(in_host("/var/lib").text, 0755);
	world.events->guest(world.sync, PLC1);
	fire(SETTLE_MS);
	is_str(heard(), "guest " PLC1 " in step\n",
	       "it looks at what is ours and enabled");
	is_int(world.ms, -1, "and then sleeps");
	is_int(defines(), 0, "nothing was defined");
}

static void config_edited(void)
{
	edit_config("4");
	hear_files();
	fire(SETTLE_MS);
	ok(strstr(heard(), "the definition followed kvmrt.cfg"), "it says: %s",
	   world.heard);
	ok(strstr(get(of_guest(PLC1, "xml")), "<vcpu>4</vcpu>"),
	   "the definition has 4 vCPUs");
	is_int(count(logged(), "follows kvmrt.cfg"), 1, "one line in the log");
}

/* libvirt tells of our own define, too. */
static void own_define_comes_back(void)
{
	const unsigned before = defines();

	world.events->guest(world.sync, PLC1);
	world.events->guest(world.sync, PLC1);
	fire(SETTLE_MS);
	is_str(heard(), "guest " PLC1 " in step\n", "two events, one look");
	is_int(defines() - before, 0, "and it is not defined again");
	is_str(logged(), "", "of which nothing is said");
}

static void other_files(void)
{
	put(in_host("/etc/hosts"), "");
	put(in_host("/etc/libvirt/qemu/other.txt"), "");
	put(in_host("/etc/libvirt/qemu/nobody.xml"), "");
	put(in_host("/run/libvirtd.pid"), "1");
	hear_files();
	is_int(world.ms, -1, "other files are nothing to it");
}

/* setvcpus --config and its like send no event. */
static void definition_edited(void)
{
	edit_definition(3);
	put(in_host("/etc/libvirt/qemu/plc1.xml"), "");
	hear_files();
	fire(SETTLE_MS);
	ok(strstr(heard(), "an edit was taken into kvmrt.cfg"), "it says: %s",
	   world.heard);
	ok(strstr(get(in_host("/etc/kvmrt.cfg")), "nr_vcpus = 3\n") &&
		   strstr(text_of_file, "# Not ours to touch.\n[" PLC2),
	   "the file has 3 vCPUs, and its comments");
	is_int(count(logged(), "taken into kvmrt.cfg"), 1,
	       "one line in the log");
	hear_files();
	fire(SETTLE_MS);
	in_step("its own write to the file comes back");
}

static void not_ours(void)
{
	world.events->guest(world.sync, OTHER);
	fire(SETTLE_MS);
	is_str(heard(), "", "a guest without a section is let alone");
	world.events->guest(world.sync, PLC2);
	fire(SETTLE_MS);
	is_str(heard(), "", "and so is one whose section is disabled");
	world.events->guest(world.sync, "no UUID");
	fire(SETTLE_MS);
	is_str(heard(), "", "and what is no UUID");
}

static void told_on(void)
{
	world.events->device(world.sync, PLC1);
	is_str(heard(), "device " PLC1 " 0000:82:00.0\n",
	       "a plugged device's address goes to the guard");
	world.events->device(world.sync, NOBODY);
	is_str(heard(), "", "there is none of a guest that has gone");
	ok(strstr(logged(), NOBODY), "which is said");
	world.events->tunable(world.sync, PLC1);
	is_str(heard(), "look\n", "changed limits make the guard look");
	is_int(world.ms, -1, "nothing of this is an edit");
}

static void start_refused(void)
{
	put(in_host("/run/kvmrt/stale-" PLC1), "");
	hear_files();
	fire(SETTLE_MS);
	in_step("a hook has refused a stale definition");
	ok(!is_there(in_host("/run/kvmrt/stale-" PLC1)), "which is settled");
}

/* Holds the lock of no one: the journal is all that counts. */
static void set_stage(bool starting)
{
	struct rt_active active = { .pid = 1,
				    .stage = starting ? RT_STAGE_PREPARED :
							RT_STAGE_STARTED };
	struct rt_store store;
	struct rt_err err = { 0 };

	if (!ok(rt_store_open(&world.sync->sys, 0, &store, &err) == 0,
		"the journal %s", err.text))
		return;
	snprintf(active.guest.uuid, sizeof(active.guest.uuid), PLC1);
	active.guest.name = (char *)(uintptr_t) "plc1";
	is_int(rt_reconcile_drop(&store, PLC1, &err), 0, "the guest is off");
	is_int(rt_reconcile_add(&store, &active, &err), 0,
	       starting ? "it is starting" : "it has started");
	rt_store_close(&store);
}

static void hook_runs(void)
{
	const unsigned before = defines();

	/* libvirt counts it as paused before it calls the first hook. */
	put(of_guest(PLC1, "on"), "0");
	set_stage(true);
	edit_config("2");
	hear_files();
	fire(SETTLE_MS);
	is_str(heard(), "", "while its hook runs the guest is left alone");
	fire(LATER_MS);
	is_str(heard(), "", "and still");
	is_int(defines() - before, 0, "nothing was defined");
	is_int(world.ms, LATER_MS, "it looks again");
	set_stage(false);
	hear_files();
	fire(SETTLE_MS);
	ok(strstr(heard(), "followed kvmrt.cfg"), "then it follows: %s",
	   world.heard);
	is_int(defines() - before, 1, "once");
	is_int(world.ms, -1, "and nothing is left to do");
	(void)logged();
	(void)__real_unlink(of_guest(PLC1, "on").text);
}

/* A start fails, and the hook that would say so is killed. */
static void start_fails(void)
{
	char want[100];
	struct stat is = { 0 };

	set_stage(true);
	hear_files();
	fire(SETTLE_MS);
	is_int(stat(in_host("/run/kvmrt/journal").text, &is), 0, "a record");
	snprintf(want, sizeof(want), "off " PLC1 " %llu %llu\n",
		 (unsigned long long)is.st_ino, (unsigned long long)is.st_size);
	is_str(heard(), want, "the guard hears which journal says otherwise");
	fire(LATER_MS);
	is_str(heard(), want, "and again until it is settled");
	set_stage(false);
	hear_files();
	fire(SETTLE_MS);
	in_step("settled");
}

static void broken_config(void)
{
	const unsigned before = defines();

	edit_config("many");
	hear_files();
	fire(SETTLE_MS);
	is_str(heard(), "", "nothing is done with a broken file");
	is_int(defines() - before, 0, "nothing is defined");
	ok(strstr(logged(), "has errors"), "it is said");
	is_int(world.ms, -1, "and not tried for ever");
	edit_config("2");
	hear_files();
	fire(SETTLE_MS);
	in_step("mended");
}

static void libvirt_refuses(void)
{
	put(of_guest(PLC1, "refuses"), "define");
	edit_config("4");
	hear_files();
	fire(SETTLE_MS);
	ok(strstr(heard(), "not in step: ") &&
		   strstr(world.heard, "the fake refuses"),
	   "libvirt's refusal goes to the guard: %s", world.heard);
	is_int(count(logged(), "not put in step"), 1, "and into the log");
	is_int(world.ms, -1, "it is not tried again by itself");
	(void)__real_unlink(of_guest(PLC1, "refuses").text);
	world.events->guest(world.sync, PLC1);
	fire(SETTLE_MS);
	in_step("it takes it now");
	(void)logged();
}

static void guest_undefined(void)
{
	struct place there = below(world.virt, "/" PLC1);
	struct place gone = below(world.virt, "/gone");

	is_int(rename(there.text, gone.text), 0, "somebody undefines it");
	world.events->guest(world.sync, PLC1);
	fire(SETTLE_MS);
	is_str(heard(), "guest " PLC1 " not defined in libvirt\n",
	       "it is said");
	is_int(rename(gone.text, there.text), 0, "and defines it again");
	world.events->guest(world.sync, PLC1);
	fire(SETTLE_MS);
	in_step("it is back");
}

static void events_lost(void)
{
	const struct inotify_event lost = { .wd = -1, .mask = IN_Q_OVERFLOW };

	on_file(world.sync, &lost);
	fire(SETTLE_MS);
	in_step("after lost file events all are looked at");
}

static void libvirt_goes(void)
{
	edit_definition(5);
	world.events->closed(world.sync);
	is_str(heard(), "", "the connection is not closed within the event");
}

/* It hears of the daemon's start; else it waits longer and longer. */
static void libvirt_is_away(void)
{
	struct place away = below(world.host.dir, "/away");
	int wait = LATER_MS;

	is_str(heard(), "libvirt lost\n", "the guard is told");
	(void)logged();
	put(in_host("/run/libvirtd.pid"), "99999");
	fire(LATER_MS);
	is_str(logged(), "", "a daemon that was stopped is not woken up");
	is_int(world.ms, -1, "it waits for its pid");
	is_int(rename(world.virt, away.text), 0, "there is no daemon");
	put(in_host("/run/libvirtd.pid"), "1");
	hear_files();
	for (int i = 0; i < 9; i++) {
		fire(wait);
		wait = i == 0		       ? LATER_MS :
		       wait * 2 < LATER_MAX_MS ? wait * 2 :
						 LATER_MAX_MS;
	}
	is_int(world.ms, LATER_MAX_MS, "at last once a minute");
	is_int(count(logged(), "connect to libvirt"), 1, "which is said once");
	is_str(heard(), "", "and the guard need not know");
	put(in_host("/run/virtqemud.pid"), "1");
	hear_files();
	is_int(rename(away.text, world.virt), 0, "it starts");
	put(below(world.virt, "/deaf"), "");
	fire(LATER_MS);
	is_str(heard(), "", "one that tells no events is not used");
	(void)__real_unlink(below(world.virt, "/deaf").text);
	world.on_timer(world.sync);
	ok(strstr(heard(), "libvirt connected\n") &&
		   strstr(world.heard, "an edit was taken"),
	   "what was edited meanwhile is found: %s", world.heard);
	is_int(world.ms, -1, "and it sleeps");
}

/* One that is killed leaves its file; the next holds it open all its life. */
static void libvirt_is_killed(void)
{
	(void)__real_unlink(in_host("/run/virtqemud.pid").text);
	put(in_host("/run/libvirtd.pid"), "99999");
	hear_files();
	world.events->closed(world.sync);
}

static void libvirt_starts_again(void)
{
	FILE *pid = fopen(in_host("/run/libvirtd.pid").text, "re+");

	fire(LATER_MS);
	is_int(world.ms, -1, "it is not there yet");
	ok(pid && fputs("1    ", pid) >= 0 && fflush(pid) == 0,
	   "it writes its pid");
	hear_files();
	fire(LATER_MS);
	ok(strstr(heard(), "libvirt connected\n"), "and is found: %s",
	   world.heard);
	if (pid)
		fclose(pid);
	hear_files();
	is_int(world.ms, -1, "nothing is left to do");
}

/* So fast that its pid is heard of before the other's end. */
static void libvirt_goes_again(void)
{
	world.events->closed(world.sync);
}

static void libvirt_is_away_again(void)
{
	struct place away = below(world.host.dir, "/away");

	is_int(rename(world.virt, away.text), 0, "it restarts");
	fire(LATER_MS);
	is_int(rename(away.text, world.virt), 0, "it is back");
	fire(LATER_MS);
	ok(strstr(heard(), "libvirt connected\n"), "the waits began anew: %s",
	   world.heard);
}

static void guard_ends(void)
{
	for (size_t i = 0; i < world.n_fds; i++) {
		if (world.fds[i].fd == GUARD_FD)
			world.fds[i].ready(GUARD_FD, world.sync);
	}
	ok(!world.sync->quit, "a guard that says nothing is there");
	close(world.guard);
	for (size_t i = 0; i < world.n_fds; i++) {
		if (world.fds[i].fd == GUARD_FD)
			world.fds[i].ready(GUARD_FD, world.sync);
	}
	ok(world.sync->quit, "without a guard it ends");
}

static void (*const steps[])(void) = {
	it_begins,
	config_edited,
	own_define_comes_back,
	other_files,
	definition_edited,
	not_ours,
	told_on,
	start_refused,
	hook_runs,
	start_fails,
	broken_config,
	libvirt_refuses,
	guest_undefined,
	events_lost,
	libvirt_goes,
	libvirt_is_away,
	libvirt_is_killed,
	libvirt_starts_again,
	libvirt_goes_again,
	libvirt_is_away_again,
	guard_ends,
};

int rt_virt_step(struct rt_err *err)
{
	if (!ok(world.at < sizeof(steps) / sizeof(steps[0]), "it waits"))
		return rt_fail(err, 0, "nothing happens any more");
	steps[world.at++]();
	return 0;
}

int main(void)
{
	int errors;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!set_up_world()) {
		printf("Bail out! no world\n");
		return 1;
	}
	errors = dup(2);
	dup2(world.log, 2);
	is_int(sync_main(), 0, "it ends well");
	dup2(errors, 2);
	ok(world.at == sizeof(steps) / sizeof(steps[0]),
	   "after all that was to happen");
	test_host_remove(&world.host);
	return tap_done();
}
