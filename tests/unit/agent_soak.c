/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * agent_soak.c - thousands of events from all sources, in random order
 *
 *   agent_soak [SEED [EVENTS]]
 *
 * A guest comes and goes on a made-up host while everybody pulls at it: good
 * events and bad ones, clients, a kvmrt-sync that babbles and goes, time that
 * passes. At any time the agent may be asked; when all is over the host is
 * what it was, and no memory or descriptor is held. The first round is not
 * counted: libraries keep what they load once.
 */
#include "agent_guest.h"

#include <malloc.h>
#include <sys/file.h>

#include "../crash/tree.h"

#define UUID "6a1f0c1e-0000-4000-8000-000000000001"

size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static struct {
	bool guest, hung;
	int talker; /* kvmrt-sync's end */
	int lock;   /* somebody has it; -1: nobody */
	int clients[CLIENTS_MAX + 2];
	unsigned long long done[16]; /* of each sort */
} soak;

/* --- what happens --- */

static void event_trace(void)
{
	static const char *const lines[] = {
		"CPU:2 [LOST 5 EVENTS]\n",
		"half a line without an end vector_config: irq=",
		"[[]] - vector_config: \n",
		" a b [c-77 [003] d. 1: vector_config: irq=43 vector=1 cpu=7\n",
	};
	static const unsigned irqs[] = { 30, 43, 50, 9001 };
	const unsigned which = roll(12);
	char noise[900];

	if (which < 4) {
		(void)!write(guest_trace, lines[which], strlen(lines[which]));
	} else if (which == 4) {
		fill(noise, sizeof(noise));
		(void)!write(guest_trace, noise, sizeof(noise));
	} else {
		guest_trace_line("irqbalance-710", irqs[roll(4)], roll(14));
	}
}

static void event_irq_file(void)
{
	static const char *const files[] = { IRQ(43), IRQ(44), IRQ(45), IRQ(50),
					     WATCHDOG };
	static const char *const values[] = { "6\n", "0-5\n", "7,9\n",
					      "0-11\n" };

	/* Without a guest that would be the user's own setting. */
	if (soak.guest)
		guest_put(files[roll(5)], values[roll(4)]);
}

static void event_uevent(void)
{
	struct world_sender sender = { AF_NETLINK, roll(4) ? 0 : 4711 };
	char text[6000];
	size_t len;

	snprintf(text, sizeof(text), "%sline@/devices/system/cpu/cpu%u",
		 roll(2) ? "on" : "off", roll(16));
	len = strlen(text) + 1;
	if (!roll(8)) {
		fill(text + 4, 5000);
		len = 5000;
	}
	memcpy(text + len, &sender, sizeof(sender));
	(void)!send(world.uevents, text, len + sizeof(sender), MSG_DONTWAIT);
}

static void event_task(void)
{
	char text[400];

	/* The filter judges bytes; some of this noise passes. */
	fill(text, sizeof(text));
	memcpy(text + 36, "\1\0\0\0", 4);
	(void)!send(world.connector, text, roll(sizeof(text)), MSG_DONTWAIT);
	world.lost += !roll(20);
}

static void event_run(void)
{
	switch (roll(4)) {
	case 0:
		world_directory("/run/irqbalance");
		break;
	case 1:
		rmdir("/run/irqbalance");
		break;
	case 2:
		world_write("/run/somebody", "x");
		break;
	default:
		close(open("/run/kvmrt/lock", O_RDWR | O_CLOEXEC));
		break;
	}
}

static int call(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%.107s",
		 world_path("/run/kvmrt/agent.sock").text);
	(void)!connect(fd, (struct sockaddr *)&address, sizeof(address));
	return fd;
}

static void event_client(void)
{
	static const char *const words[] = { "status\n", "sync\n", "sta",
					     "tus\n", "nonsense\n" };
	int *fd = &soak.clients[roll(CLIENTS_MAX + 2)];
	char noise[200];

	if (*fd < 0) {
		*fd = call();
	} else if (!roll(3)) {
		world_close(fd);
	} else if (!roll(5)) {
		fill(noise, sizeof(noise));
		(void)!send(*fd, noise, sizeof(noise),
			    MSG_NOSIGNAL | MSG_DONTWAIT);
	} else {
		const char *word = words[roll(5)];

		(void)!send(*fd, word, strlen(word),
			    MSG_NOSIGNAL | MSG_DONTWAIT);
	}
}

/* kvmrt-sync, as it is and as it should not be. */
static void event_sync(void)
{
	char text[2 * LINE_MAX_BYTES];

	if (soak.talker < 0) {
		soak.talker = call();
		(void)!send(soak.talker, "sync\n", 5,
			    MSG_DONTWAIT | MSG_NOSIGNAL);
		return;
	}
	switch (roll(7)) {
	case 0:
		snprintf(text, sizeof(text), "libvirt connected\n");
		break;
	case 1:
		snprintf(text, sizeof(text), "guest " UUID " said %u\n",
			 roll(9));
		break;
	case 2:
		snprintf(text, sizeof(text),
			 "guest 6a1f0c1e-0000-4000-8000-%012u x\n", roll(30));
		break;
	case 3:
		snprintf(text, sizeof(text),
			 "devices %s 0000:8%u:00.0,0000:9%u:00.0\n", UUID,
			 roll(4), roll(4));
		break;
	case 4:
		snprintf(text, sizeof(text), "scan\noff " UUID " %u %u\n",
			 roll(9), roll(9));
		break;
	case 5:
		fill(text, sizeof(text));
		for (size_t i = 0; i < sizeof(text); i++)
			text[i] |= 1;
		text[sizeof(text) - 1] = '\0';
		text[sizeof(text) - 2] = '\n';
		break;
	default:
		world_close(&soak.talker);
		return;
	}
	if (send(soak.talker, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL) <
	    0)
		world_close(&soak.talker);
}

static void let_go(void)
{
	world_close(&soak.lock);
}

static void event_lock(void)
{
	if (soak.lock >= 0) {
		let_go();
		return;
	}
	soak.lock = open("/run/kvmrt/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	(void)flock(soak.lock, LOCK_EX | LOCK_NB);
}

/* Long enough for the longest wait. */
static void quiet(void)
{
	for (unsigned i = 0; i < 10; i++) {
		world.ms += 61000;
		world_turn();
	}
}

static void event_guest(void)
{
	/* A hook waits for the lock, which here would be for ever. */
	let_go();
	if (roll(3))
		return;
	/* What somebody has just changed would rightly be left to him. */
	quiet();
	if (soak.guest)
		ok(guest_hook("release"), "the guest goes");
	else
		ok(guest_start(), "the guest comes");
	soak.guest = !soak.guest;
}

static void event_pidfd(void)
{
	/* A daemon that ends; the guest's own end is told apart. */
	if (world_pidfd(QEMU) >= 0)
		(void)eventfd_write(world_pidfd(QEMU), 1);
}

static void event_time(void)
{
	static const unsigned ms[] = { 1, 50, 1000, 3000, 61000, 400000 };

	world.ms += ms[roll(6)];
	if (roll(2))
		let_go();
}

static const struct {
	const char *name;
	void (*happen)(void);
	unsigned often;
} events[] = {
	{ "trace", event_trace, 20 },	 { "files", event_irq_file, 8 },
	{ "uevents", event_uevent, 12 }, { "tasks", event_task, 12 },
	{ "directories", event_run, 8 }, { "clients", event_client, 20 },
	{ "sync", event_sync, 12 },	 { "lock", event_lock, 3 },
	{ "guest", event_guest, 1 },	 { "pidfds", event_pidfd, 1 },
	{ "time", event_time, 10 },
};
#define N_EVENTS (sizeof(events) / sizeof(events[0]))

static void happen(void)
{
	unsigned sum = 0, at;

	for (size_t i = 0; i < N_EVENTS; i++)
		sum += events[i].often;
	at = roll(sum);
	for (size_t i = 0; i < N_EVENTS; i++) {
		if (at < events[i].often) {
			soak.done[i]++;
			events[i].happen();
			return;
		}
		at -= events[i].often;
	}
}

/* --- a round --- */

static bool may_differ(const char *path)
{
	/* Ours, and the guest's own, which ends with it. */
	static const char *const ours[] = { "/run",	    "/proc/4711",
					    "/proc/4716",   SCOPE_FOLDER,
					    "/proc/irq/50", "/proc/irq/51",
					    "/proc/irq/52" };
	const char *name = strrchr(path, '/');

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (strncmp(path, ours[i], strlen(ours[i])) == 0)
			return true;
	}
	/* The kernel's choice within the mask. */
	return name && (strcmp(name, "/effective_affinity_list") == 0 ||
			strcmp(name, "/cgroup.pressure") == 0 ||
			strcmp(name, "/cpuset.cpus.isolated") == 0);
}

/* Everything is released; then the agent has repaired what it guards. */
static void end_events(void)
{
	let_go();
	world_close(&soak.talker);
	for (size_t i = 0; i < CLIENTS_MAX + 2; i++)
		world_close(&soak.clients[i]);
	quiet();
	if (soak.guest) {
		is_str(world_read(WATCHDOG), "0-5", "at last all is right");
		is_str(world_read(IRQ(43)), "0-5", "interrupts too");
		ok(guest_hook("release"), "the guest goes");
		soak.guest = false;
	}
	quiet();
	ok(!agent.rt && !agent.n_causes, "the agent is at rest");
	is_int((long long)agent.files.n, 0, "it watches no setting");
	is_int((long long)agent.guests.n, 0, "it follows nobody");
	is_str(world_read("/run/kvmrt/journal"), "", "nothing is on record");
}

static void make_round(unsigned n)
{
	struct tree start;
	char differs[512] = "";

	guest_make();
	tree_read(&start, world.host.root);
	guest_open();
	soak.talker = soak.lock = -1;
	soak.guest = guest_start();
	ok(soak.guest, "a guest to begin with");
	for (size_t i = 0; i < CLIENTS_MAX + 2; i++)
		soak.clients[i] = -1;
	for (unsigned i = 0; i < n; i++) {
		happen();
		if (!roll(3))
			world_turn();
		if (!roll(50))
			world_log();
	}
	printf("# %llu wake-ups, %llu scans, %llu repairs, %zu on the ledger\n",
	       agent.counters.wakeups, agent.counters.scans,
	       agent.counters.repairs, agent.repairs.n);
	ok(agent.counters.scans > n / 50, "there were scans");
	ok(agent.counters.repairs > 0, "and repairs");
	end_events();
	world_close(&guest_trace);
	irqs_close(&agent);
	ok(!tree_restore(&start, may_differ, differs, sizeof(differs)),
	   "the host is as it was %s", differs);
	tree_fini(&start);
	world_close(&soak.talker);
	guest_end();
}

static size_t memory(void)
{
	malloc_trim(0);
	return __sanitizer_get_current_allocated_bytes ?
		       __sanitizer_get_current_allocated_bytes() :
		       mallinfo2().uordblks;
}

int main(int argc, char **argv)
{
	const unsigned long long seed =
		argc > 1 ? strtoull(argv[1], NULL, 0) : 20240229;
	const unsigned n =
		argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : 3000;
	size_t before, after;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("# seed %llu, %u events a round\n", seed, n);
	chance = seed ? seed : 1;
	make_round(n);
	before = memory();
	make_round(n);
	after = memory();
	/* What malloc keeps at hand it counts as used; a sanitizer does not. */
	ok(after <= before + (__sanitizer_get_current_allocated_bytes ? 1024 :
									65536),
	   "memory: %zu bytes before, %zu after", before, after);
	for (size_t i = 0; i < N_EVENTS; i++)
		ok(soak.done[i] > 0, "%llu of %s", soak.done[i],
		   events[i].name);
	return tap_done();
}
