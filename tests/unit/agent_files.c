/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* agent_files.c - inotify on a made-up host */
#include "agent_world.h"

#include <sys/resource.h>

#define SETTING "proc/sys/kernel/watchdog_cpumask"
#define LIST	"proc/irq/9/smp_affinity_list"

static char text_path[] = SETTING, list_path[] = LIST, value[] = "0-3",
	    original[] = "0-11";
static struct rt_saved saved[3];
static struct rt_journal journal = { .saved = saved };

static void fill(struct rt_saved *item, enum rt_kind kind, char *path)
{
	*item = (struct rt_saved){ .kind = kind,
				   .path = path,
				   .original = original,
				   .before = original,
				   .wrote = value };
}

static void begin(void)
{
	struct rt_err err = { 0 };

	world_begin(NULL);
	world_directory("/proc/sys/kernel");
	world_directory("/proc/irq/9");
	world_write("/" SETTING, "0-3\n");
	world_write("/" LIST, "0-3\n");
	fill(&saved[0], RT_KIND_TEXT, text_path);
	fill(&saved[1], RT_KIND_LIST, list_path);
	journal.n_saved = 2;
	ok(files_open(&agent, &err) == 0, "inotify %s", err.text);
	files_seen(&agent);
}

static void begin_guest(void)
{
	begin();
	agent.rt = true;
	files_follow(&agent, &journal);
}

/* The whole value anew, as a kernel's file takes it. */
static void put(const char *path, const char *text)
{
	const int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		ok(false, "write %s: %s", path, strerror(errno));
	close(fd);
}

static void test_settings(void)
{
	struct repair repair = { .key = LIST };
	bool fight;

	begin_guest();
	is_int((long long)agent.files.n, 2, "settings on record are watched");
	put("/" SETTING, "0-3\n");
	is_int(world_hear(), 1, "it is written to");
	is_int(world_due(), -1, "what it should hold is no news");
	put("/" LIST, "0,1,2,3\n");
	world_hear();
	is_int(world_due(), -1, "in other words neither");
	put("/" SETTING, "0-5\n");
	world_hear();
	is_int(world_due(), 0, "anything else is");
	is_int((long long)agent.n_causes, 1, "and named");
	is_str(agent.causes[0].path, SETTING, "with its path");
	world_calm();
	for (unsigned i = 0; i < FIGHT_TIMES; i++)
		repairs_add(&agent.repairs, &repair, world.ms, &fight);
	put("/" LIST, "0-5,9\n");
	world_hear();
	is_int(world_due(), FIGHT_WAIT_MS, "a fight waits");
	is_str(agent.causes[0].path, LIST, "named too");
	world_calm();
	put("/" SETTING, "0-3\n");
	put("/" LIST, "0-3  \n");
	world_hear();
	is_int(world_due(), -1, "it was repaired before we looked");
	world_end();
}

/* Who fights may write without end: nobody listens while the fight waits. */
static void test_fight(void)
{
	struct repair repair = { .key = LIST };
	bool fight;

	begin_guest();
	for (unsigned i = 0; i < FIGHT_TIMES; i++)
		repairs_add(&agent.repairs, &repair, world.ms, &fight);
	put("/" LIST, "0-5,9\n");
	world_hear();
	is_int(world_due(), FIGHT_WAIT_MS, "a scan is wanted after the wait");
	world_hear();
	put("/" LIST, "0-4\n");
	put("/" LIST, "0-5,9\n");
	is_int(world_hear(), 0, "meanwhile nothing of it wakes us");
	put("/" SETTING, "0-9\n");
	is_int(world_hear(), 1, "but what is not fought over does");
	put("/" SETTING, "0-3\n");
	world_hear();
	files_follow(&agent, &journal);
	world_hear();
	put("/" LIST, "0-4\n");
	is_int(world_hear(), 0,
	       "a scan before the wait is over changes nothing");
	world.ms += FIGHT_WAIT_MS;
	world_calm();
	put("/" LIST, "0-3\n");
	files_follow(&agent, &journal);
	put("/" LIST, "0-4\n");
	is_int(world_hear(), 1, "the one after it listens again");
	is_int(world_due(), 0, "and nothing waits");
	world_end();
}

static void test_follow(void)
{
	static char cpu[] = "task/1/1/1", none[] = "proc/irq/10/none";

	begin_guest();
	/* A thread's mask is no file; what was given back is not watched. */
	fill(&saved[2], RT_KIND_AFFINITY, cpu);
	journal.n_saved = 3;
	saved[0].done = true;
	files_follow(&agent, &journal);
	is_int((long long)agent.files.n, 1, "what is on record and a file");
	world_hear();
	put("/" SETTING, "0-9\n");
	is_int(world_hear(), 0, "what was given back is watched no more");
	fill(&saved[2], RT_KIND_LIST, none);
	files_follow(&agent, &journal);
	is_int((long long)agent.files.n, 1, "what is gone cannot be");
	ok(!agent.poll, "and needs not be");
	world_hear();
	is_int(world_due(), -1, "ceasing to watch is no news");
	agent.rt = false;
	files_follow(&agent, &journal);
	is_int((long long)agent.files.n, 0, "without a guest nothing is");
	world_end();
}

/* Somebody writes while a look goes on. */
static void test_meanwhile(void)
{
	begin_guest();
	world_calm();
	put("/" SETTING, "0-7\n");
	files_follow(&agent, &journal);
	world_hear();
	is_int(world_due(), 0, "a write before the watches are renewed");
	is_str(agent.causes[0].path, SETTING, "is heard");
	put("/" SETTING, "0-3\n");
	world_hear();
	world_calm();
	/* An interrupt that comes again has another file of that name. */
	(void)unlink("/" LIST);
	world_write("/" LIST, "0-3\n");
	files_follow(&agent, &journal);
	world_hear();
	is_int(world_due(), -1, "another file, the same value");
	put("/" LIST, "0-9\n");
	world_hear();
	is_int(world_due(), 0, "is watched");
	world_end();

	begin();
	world_write("/" SETTING, "0-9\n");
	agent.rt = true;
	files_follow(&agent, &journal);
	is_int(world_due(), 0, "written to before it was watched at all");
	is_str(agent.causes[0].path, SETTING, "is seen");
	world_end();
}

/* Who changes the journal closes it, and then the lock. */
static void test_journal(void)
{
	begin();
	world_write("/run/kvmrt/lock", "1");
	is_int(world_hear(), 1, "a hook has ended");
	is_int(world_due(), -1, "and left no word");
	world_write("/run/kvmrt/journal", "x");
	world_hear();
	is_int(world_due(), 0, "one wrote the journal");
	ok(agent.adopting, "what comes is no repair");
	agent.adopting = false;
	world_calm();
	files_seen(&agent);
	world_write("/run/kvmrt/lock", "1");
	world_hear();
	is_int(world_due(), -1, "what the agent has seen is no news");
	world_write("/run/kvmrt/journal", "xy");
	world_hear();
	is_int(world_due(), 0, "it has grown");
	world_calm();
	files_seen(&agent);
	unlink("/run/kvmrt/journal");
	is_int(world_hear(), 0, "removing it is not heard");
	world_write("/run/kvmrt/lock", "1");
	world_hear();
	is_int(world_due(), 0, "but the lock that is closed then is");
	world_calm();
	files_seen(&agent);
	world_write("/run/kvmrt/topology.xml", "x");
	world_hear();
	is_int(world_due(), -1, "other files are none of it");
	world_end();
}

static void test_irqbalance(void)
{
	begin();
	agent.rt = true;
	world_directory("/run/other");
	world_hear();
	is_int(world_due(), -1, "somebody's directory");
	world_directory("/run/irqbalance");
	world_hear();
	is_int(world_due(), 1000, "irqbalance comes, and listens soon");
	world_calm();
	world_write("/run/irqbalance/irqbalance5.sock", "");
	is_int(world_hear(), 1, "its socket");
	is_int(world_due(), 1000, "is heard");
	world_calm();
	agent.rt = false;
	world_write("/run/irqbalance/irqbalance6.sock", "");
	world_hear();
	is_int(world_due(), -1, "without a guest nobody cares");
	agent.rt = true;
	unlink("/run/irqbalance/irqbalance5.sock");
	unlink("/run/irqbalance/irqbalance6.sock");
	rmdir("/run/irqbalance");
	world_hear();
	is_int(world_due(), -1, "it goes, which asks for nothing");
	world_directory("/run/irqbalance");
	world_hear();
	world_calm();
	world_write("/run/irqbalance/irqbalance7.sock", "");
	world_hear();
	is_int(world_due(), 1000, "it comes again, and is heard again");
	world_end();
}

/* More events than the kernel keeps for us. */
static void test_overflow(void)
{
	static char line[16] = "0";
	long events = 16384;
	FILE *file;

	begin_guest();
	/* Of this kernel; its name is the same on all. */
	file = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
	if (file && fgets(line, sizeof(line), file))
		events = strtol(line, NULL, 10);
	if (file)
		fclose(file);
	/* The same event twice in a row is one. */
	for (long i = 0; i <= events / 2 + 1; i++) {
		put("/" SETTING, "0-3\n");
		put("/" LIST, "0-3\n");
	}
	ok(world_hear() == 1 && world_hear() == 1,
	   "a flood takes turns: others have theirs between");
	while (world_hear() > 0)
		;
	is_int(world_due(), 0, "events were lost: a scan is wanted");
	is_int((long long)agent.n_causes, 0, "nobody knows for what");
	world_end();
}

static void test_no_watches(void)
{
	struct rt_err err = { 0 };

	begin();
	agent.rt = true;
	world.inotify_error = ENOSPC;
	files_follow(&agent, &journal);
	is_int((long long)agent.files.n, 0, "no more watches to be had");
	ok(agent.poll, "it polls");
	world_end();
	world_begin(NULL);
	world.inotify_error = ENOSPC;
	ok(files_open(&agent, &err) < 0 && strstr(err.text, "/run/kvmrt"),
	   "the agent cannot do without its own: %s", err.text);
	world_end();
}

/* A host with more interrupts than a process has descriptors at first. */
static void test_many(void)
{
	enum { N = 400 };
	const struct rlimit few = { .rlim_cur = 200, .rlim_max = 2000 };
	static struct rt_saved many[N];
	static char paths[N][64];

	setrlimit(RLIMIT_NOFILE, &few);
	begin();
	for (unsigned i = 0; i < N; i++) {
		snprintf(paths[i], sizeof(paths[i]), "/proc/irq/x%u", i);
		world_write(paths[i], "0-3");
		fill(&many[i], RT_KIND_LIST, paths[i] + 1);
	}
	journal.saved = many;
	journal.n_saved = N;
	agent.rt = true;
	for (unsigned i = 0; i < 3; i++)
		files_follow(&agent, &journal);
	is_int((long long)agent.files.n, N, "each of very many is watched");
	ok(!agent.poll, "so it needs not poll");
	world_hear();
	is_int(world_due(), -1, "ceasing to watch was no news");
	put(paths[N - 1], "0-9");
	world_hear();
	is_str(agent.n_causes ? agent.causes[0].path : "", paths[N - 1] + 1,
	       "the last is heard");
	journal.saved = saved;
	world_end();
}

int main(void)
{
	test_settings();
	test_fight();
	test_follow();
	test_meanwhile();
	test_journal();
	test_irqbalance();
	test_overflow();
	test_no_watches();
	test_many();
	return tap_done();
}
