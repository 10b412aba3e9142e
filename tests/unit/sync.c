/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sync.c - kvmrt-sync, from its main() on, with every source faked
 *
 * Each rt_virt_step is the next of `steps`, which plays the world and looks at
 * what kvmrt-sync does.
 */
/* Its main() is called from here. */
int sync_main(int argc, char **argv);
#define main sync_main
#include "../../agent/sync.c"
#undef main

#include <sys/file.h>
#include <sys/wait.h>

#include "sync_world.h"

/* --- what happens, one after the other --- */

static void it_begins(void)
{
	fire(0);
	ok(strstr(heard(), "sync\nlibvirt lost\nlibvirt connected\n"
			   "guest " PLC1 " not in step: ") &&
		   strstr(world.heard, "/agreed"),
	   "without /var/lib nothing can be agreed on: %s", world.heard);
	(void)logged();
	(void)mkdir(in_host("/var/lib").text, 0755);
	world.events->guest(world.sync, PLC1);
	fire(SETTLE_MS);
	is_str(heard(), "guest " PLC1 " in step\n",
	       "it looks at what is ours and enabled");
	is_int(world.timers[0].ms, -1, "and then sleeps");
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
	is_int(world.timers[0].ms, -1, "other files are nothing to it");
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
	char before[20000];

	snprintf(before, sizeof(before), "%s", get(of_guest(PLC1, "xml")));
	world.events->devices(world.sync, PLC1);
	is_str(heard(), "", "of a guest that is off there is nothing to tell");
	put(of_guest(PLC1, "on"), "0");
	world.events->devices(world.sync, PLC1);
	is_str(heard(), "devices " PLC1 " 0000:82:00.0\n",
	       "one that runs: all its devices go to the guard");
	edit_devices(2);
	world.events->devices(world.sync, PLC1);
	is_str(heard(), "devices " PLC1 " 0000:82:00.0,0000:83:00.0\n",
	       "one is plugged in");
	edit_devices(0);
	world.events->devices(world.sync, PLC1);
	is_str(heard(), "devices " PLC1 " \n", "all are plugged out");
	put(of_guest(PLC1, "xml"), before);
	(void)__real_unlink(of_guest(PLC1, "on").text);
	world.events->devices(world.sync, NOBODY);
	is_str(heard(), "", "there is none of a guest that has gone");
	is_str(logged(), "", "of which nothing is said");
	world.events->tunable(world.sync, PLC1);
	is_str(heard(), "scan\n", "changed limits make the guard scan");
	is_int(world.timers[0].ms, -1, "nothing of this is an edit");
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
	is_int(world.timers[0].ms, LATER_MS, "it looks again");
	set_stage(false);
	hear_files();
	fire(SETTLE_MS);
	ok(strstr(heard(), "followed kvmrt.cfg"), "then it follows: %s",
	   world.heard);
	is_int(defines() - before, 1, "once");
	is_int(world.timers[0].ms, -1, "and nothing is left to do");
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
	is_int(world.timers[0].ms, -1, "and not tried for ever");
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
	is_int(world.timers[0].ms, -1, "it is not tried again by itself");
	(void)__real_unlink(of_guest(PLC1, "refuses").text);
	world.events->guest(world.sync, PLC1);
	fire(SETTLE_MS);
	in_step("it takes it now");
	(void)logged();
}

/* Its own define comes back as an event, and again. */
static void not_again(const char *what)
{
	const unsigned before = defines();

	for (unsigned i = 0; i < 3; i++) {
		world.events->guest(world.sync, PLC1);
		put(in_host("/etc/libvirt/qemu/plc1.xml"), "");
		hear_files();
		fire(SETTLE_MS);
		ok(strstr(heard(), "not in step: libvirt did not store all"),
		   "the guard hears it still: %s", world.heard);
	}
	is_int(defines() - before, 0, what);
	is_str(logged(), "", "and nothing more is said");
	is_int(world.timers[0].ms, -1, "nor is it tried again by itself");
}

/* libvirt takes a definition, and stores another one. */
static void libvirt_takes_a_part(void)
{
	char before[20000];

	snprintf(before, sizeof(before), "%s", get(of_guest(PLC1, "xml")));
	put(of_guest(PLC1, "drops"), "<vcpu>6</vcpu>");
	put(of_guest(PLC1, "instead"), "<vcpu>5</vcpu>");
	edit_config("6");
	hear_files();
	fire(SETTLE_MS);
	ok(strstr(heard(), "not in step: libvirt did not store all of the new "
			   "definition: vCPUs"),
	   "the guard hears of it: %s", world.heard);
	is_int(count(logged(), "did not store all"), 1, "and the log");
	not_again("what libvirt changes is not defined again and again");
	(void)__real_unlink(of_guest(PLC1, "instead").text);
	edit_definition(3);
	world.events->guest(world.sync, PLC1);
	fire(SETTLE_MS);
	ok(strstr(heard(), "did not store all"),
	   "somebody edits it, so it is tried again: %s", world.heard);
	is_int(count(logged(), "not put in step"), 1, "which is said");
	not_again("nor is what it leaves out");
	(void)__real_unlink(of_guest(PLC1, "drops").text);
	put(of_guest(PLC1, "xml"), before);
	edit_config("4");
	hear_files();
	fire(SETTLE_MS);
	in_step("it stores all of it");
	(void)logged();
}

/* Who defines a guest with a password defines it with the password. */
static void secrets(void)
{
	static const char secret[] =
		"<graphics type='vnc' port='5901' passwd='geheim'/>";
	char xml[20000], *at;

	snprintf(xml, sizeof(xml), "%s", get(of_guest(PLC1, "xml")));
	at = strstr(xml, "  </devices>");
	if (!ok(at != NULL, "a definition with devices"))
		return;
	memmove(at + strlen(secret), at, strlen(at) + 1);
	memcpy(at, secret, strlen(secret));
	put(of_guest(PLC1, "xml"), xml);
	edit_config("5");
	hear_files();
	fire(SETTLE_MS);
	ok(strstr(heard(), "followed kvmrt.cfg"), "it is defined: %s",
	   world.heard);
	ok(strstr(get(of_guest(PLC1, "xml")), "geheim") &&
		   strstr(text_of_file, "<vcpu>5</vcpu>"),
	   "with the password and the change");
	ok(!strstr(logged(), "geheim"), "which is in no log");
	is_int(access(in_host("/var/lib/kvmrt/agreed/" PLC1).text, F_OK), 0,
	       "what was agreed on");
	ok(!strstr(get(in_host("/var/lib/kvmrt/agreed/" PLC1)), "geheim"),
	   "does not have it");
}

/* A guest that is paused, or suspended by its own system, is put in step. */
static void paused(void)
{
	put(of_guest(PLC1, "on"), "0");
	put(of_guest(PLC1, "paused"), "");
	edit_config("2");
	hear_files();
	fire(SETTLE_MS);
	ok(strstr(heard(), "followed kvmrt.cfg"), "paused: %s", world.heard);
	ok(strstr(logged(), "in effect at its next start"), "it says when");
	world.events->devices(world.sync, PLC1);
	is_str(heard(), "devices " PLC1 " 0000:82:00.0\n",
	       "it has its devices still");
	(void)__real_unlink(of_guest(PLC1, "paused").text);
	(void)__real_unlink(of_guest(PLC1, "on").text);
}

/* An edit that names a card that there is not: it is undone. */
static void edit_refused(void)
{
	char xml[20000], *at;

	snprintf(xml, sizeof(xml), "%s", get(of_guest(PLC1, "xml")));
	at = strstr(xml, "0x82");
	if (!ok(at != NULL, "somebody gives it a card that there is not"))
		return;
	memcpy(at, "0x8f", 4);
	put(of_guest(PLC1, "xml"), xml);
	world.events->guest(world.sync, PLC1);
	fire(SETTLE_MS);
	ok(strstr(heard(), "in step, the definition followed kvmrt.cfg"),
	   "the edit is undone: %s", world.heard);
	ok(strstr(logged(), "does not fit kvmrt.cfg and is undone"),
	   "which is said");
	ok(!strstr(get(of_guest(PLC1, "xml")), "0x8f") &&
		   strstr(get(in_host("/etc/kvmrt.cfg")), "0000:82:00.0"),
	   "on both sides");
}

/* libvirt renames a guest that is off. */
static void renamed(void)
{
	static const char config[] = "[" PLC1 "]\nname = press\nnr_vcpus = 2\n"
				     "pcidevs = 0000:82:00.0\n";

	put(of_guest(PLC1, "on"), "0");
	put(in_host("/etc/kvmrt.cfg"), config);
	hear_files();
	fire(SETTLE_MS);
	ok(strstr(heard(), "put in step when it is off"), "running: %s",
	   world.heard);
	is_str(get(of_guest(PLC1, "name")), "plc1", "it keeps its name");
	(void)__real_unlink(of_guest(PLC1, "on").text);
	world.events->guest(world.sync, PLC1);
	fire(SETTLE_MS);
	(void)heard();
	is_str(get(of_guest(PLC1, "name")), "press", "off: it has the new one");
	edit_config("2");
	hear_files();
	fire(SETTLE_MS);
	is_str(get(of_guest(PLC1, "name")), "plc1", "and back");
	(void)heard();
	(void)logged();
}

static void guest_undefined(void)
{
	struct place there = below(world.virt, "/" PLC1);
	struct place gone = below(world.virt, "/gone");

	is_int(rename(there.text, gone.text), 0, "somebody undefines it");
	world.events->guest(world.sync, PLC1);
	fire(SETTLE_MS);
	is_str(heard(),
	       "guest " PLC1
	       " libvirt has no such guest: define it with its UUID ('virsh "
	       "define'), or remove the section [" PLC1 "]\n",
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
	put(in_host("/run/libvirtd.pid"), "4242");
	fire(LATER_MS);
	is_str(logged(), "", "a daemon that was stopped is not woken up");
	is_int(world.timers[0].ms, -1, "it waits for its pid");
	is_int(rename(world.virt, away.text), 0, "there is no daemon");
	put(in_host("/run/libvirtd.pid"), "1");
	hear_files();
	for (int i = 0; i < 9; i++) {
		fire(wait);
		wait = i == 0		       ? LATER_MS :
		       wait * 2 < LATER_MAX_MS ? wait * 2 :
						 LATER_MAX_MS;
	}
	is_int(world.timers[0].ms, LATER_MAX_MS, "at last once a minute");
	is_int(count(logged(), "connect to libvirt"), 1, "which is said once");
	is_str(heard(), "", "and the guard need not know");
	put(in_host("/run/virtqemud.pid"), "1");
	hear_files();
	is_int(rename(away.text, world.virt), 0, "it starts");
	put(below(world.virt, "/deaf"), "");
	fire(LATER_MS);
	is_str(heard(), "", "one that tells no events is not used");
	(void)__real_unlink(below(world.virt, "/deaf").text);
	world.timers[0].ready(world.sync);
	ok(strstr(heard(), "libvirt connected\n") &&
		   strstr(world.heard, "an edit was taken"),
	   "what was edited meanwhile is found: %s", world.heard);
	is_int(world.timers[0].ms, -1, "and it sleeps");
}

/* One that is killed leaves its file; the next holds it open all its life. */
static void libvirt_is_killed(void)
{
	(void)__real_unlink(in_host("/run/virtqemud.pid").text);
	put(in_host("/run/libvirtd.pid"), "4242");
	hear_files();
	world.events->closed(world.sync);
}

static void libvirt_starts_again(void)
{
	FILE *pid = fopen(in_host("/run/libvirtd.pid").text, "re+");

	fire(LATER_MS);
	is_int(world.timers[0].ms, -1, "it is not there yet");
	ok(pid && fputs("1    ", pid) >= 0 && fflush(pid) == 0,
	   "it writes its pid");
	hear_files();
	fire(LATER_MS);
	ok(strstr(heard(), "libvirt connected\n"), "and is found: %s",
	   world.heard);
	if (pid)
		fclose(pid);
	hear_files();
	is_int(world.timers[0].ms, -1, "nothing is left to do");
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

/* --- the guard comes and goes --- */

static void guard_restarts(void)
{
	const int old = world.sync->guard;

	put(of_guest(PLC1, "on"), "0");
	guard_ends();
	ready(old);
	is_int(world.sync->guard, -1, "the guard ends");
	is_int(world.timers[1].ms, -1, "nothing is tried until it is back");
	edit_config("3");
	hear_files();
	fire(SETTLE_MS);
	ok(strstr(get(of_guest(PLC1, "xml")), "<vcpu>3</vcpu>"),
	   "without it definitions follow all the same");
	guard_begins();
	hear_files();
	ok(world.sync->guard >= 0, "it is back, which is heard");
	fire(SETTLE_MS);
	is_str(heard(),
	       "sync\nlibvirt connected\ndevices " PLC1
	       " 0000:82:00.0\nguest " PLC1 " in step\n",
	       "and all is said again");
	is_int(world.timers[0].ms, -1, "nothing is left to do");
	(void)logged();
}

/* Its successor's socket is there before its end is heard. */
static void guard_restarts_fast(void)
{
	const int old = world.sync->guard;

	guard_ends();
	guard_begins();
	hear_files();
	is_int(world.sync->guard, old, "the old one is not gone yet");
	ready(old);
	fire(SETTLE_MS);
	ok(strstr(heard(), "sync\nlibvirt connected\n"), "then it is found: %s",
	   world.heard);
}

/* It does not read: nobody waits for it, and no line is torn. */
static void guard_hangs(void)
{
	int wait = LATER_MS;
	unsigned n = 0;

	while (world.sync->guard >= 0 && n++ < 100000)
		world.events->tunable(world.sync, PLC1);
	ok(n < 100000, "after %u lines it is disconnected", n);
	world.hung = true;
	for (int i = 0; i < 8; i++) {
		fire_timer(1, wait);
		wait = wait * 2 < LATER_MAX_MS ? wait * 2 : LATER_MAX_MS;
	}
	is_int(world.timers[1].ms, LATER_MAX_MS, "it is tried once a minute");
	world.hung = false;
	close(world.guard);
	world.guard = -1;
	fire_timer(1, LATER_MAX_MS);
	is_int(world.timers[1].ms, -1, "until it takes us");
	fire(SETTLE_MS);
	ok(strncmp(heard(), "sync\nlibvirt connected\n", 23) == 0,
	   "all is said again: %.40s", world.heard);
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
	libvirt_takes_a_part,
	secrets,
	paused,
	edit_refused,
	renamed,
	guest_undefined,
	events_lost,
	libvirt_goes,
	libvirt_is_away,
	libvirt_is_killed,
	libvirt_starts_again,
	libvirt_goes_again,
	libvirt_is_away_again,
	guard_restarts,
	guard_restarts_fast,
	guard_hangs,
};

int rt_virt_step(struct rt_err *err)
{
	if (world.at == sizeof(steps) / sizeof(steps[0]))
		return rt_fail(err, 0, "nothing happens any more");
	steps[world.at++]();
	return 0;
}

static int call(const char *a, const char *b)
{
	char name[] = "kvmrt-sync", first[32] = "", second[32] = "";
	char *argv[] = { name, first, second, NULL };
	const pid_t pid = fork();
	int status = 0;

	snprintf(first, sizeof(first), "%s", a ? a : "");
	snprintf(second, sizeof(second), "%s", b ? b : "");
	if (pid == 0) {
		if (!a)
			argv[1] = NULL;
		else if (!b)
			argv[2] = NULL;
		dup2(world.log, 1);
		dup2(world.log, 2);
		_exit(sync_main(1 + (a != NULL) + (b != NULL), argv));
	}
	(void)waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

static void test_options(void)
{
	int lock;

	is_int(call("--help", NULL), 0, "--help");
	is_int(call("--version", NULL), 0, "--version");
	is_int(call("--nonsense", NULL), 2, "an option that there is not");
	is_int(call("rt1", NULL), 2, "an operand");
	is_int(world.connects, 0, "nothing was begun for these");
	lock = open(in_host("/run/kvmrt/sync.lock").text,
		    O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ok(lock >= 0 && flock(lock, LOCK_EX) == 0, "one runs");
	(void)logged();
	is_int(call(NULL, NULL), 1, "a second one does not");
	ok(strstr(logged(), "another kvmrt-sync runs already"), "and says so");
	close(lock);
}

int main(void)
{
	char name[] = "kvmrt-sync";
	char *argv[] = { name, NULL };
	int errors;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!set_up_world()) {
		printf("Bail out! no world\n");
		return 1;
	}
	fflush(stdout);
	test_options();
	errors = dup(2);
	dup2(world.log, 2);
	optind = 1;
	is_int(sync_main(1, argv), 1, "it ends when libvirt's loop does");
	dup2(errors, 2);
	ok(world.at == sizeof(steps) / sizeof(steps[0]),
	   "after all that was to happen");
	test_host_remove(&world.host);
	return tap_done();
}
