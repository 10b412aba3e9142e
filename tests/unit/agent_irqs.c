/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* agent_irqs.c - placements of interrupts, from a trace that is played */
#include "agent_world.h"

#define ROW(task, irq, cpu)                                                    \
	task " [003] d..1.    12.5: vector_config: irq=" irq                   \
	     " vector=34 cpu=" cpu " apicdest=0x6\n"

static int trace; /* the kernel's end */

static void begin(void)
{
	struct rt_err err = { 0 };

	world_begin(NULL);
	world_own();
	ok(irqs_open(&agent, &err) == 0, "a trace %s", err.text);
	trace = open(INSTANCE "/trace_pipe", O_WRONLY | O_CLOEXEC);
	irqs_follow(&agent);
}

static void end(void)
{
	world_close(&trace);
	world_end();
}

static void say(const char *text)
{
	if (write(trace, text, strlen(text)) != (ssize_t)strlen(text))
		ok(false, "write to the trace");
	is_int(world_hear(), 1, "the trace is heard");
}

static void test_lines(void)
{
	static const struct {
		const char *name, *text;
		const char *irq, *by, *where; /* of the cause; NULL: none */
		long long due;
	} rows[] = {
		{ "onto an owned CPU",
		  ROW("      irqbalance-444    ", "901", "6"), "901",
		  "irqbalance[444]", "cpu 6", 0 },
		{ "a name with blanks and hyphens",
		  ROW("   a b-c d-77     ", "901", "7"), "901", "a b-c d[77]",
		  "cpu 7", 0 },
		{ "a name with a bracket", ROW("   a [b-77     ", "901", "7"),
		  "901", "a [b[77]", "cpu 7", 0 },
		{ "a task of no name", ROW("  <...>-78    ", "901", "7"), "901",
		  "", "cpu 7", 0 },
		{ "one whose name is found", ROW("  <...>-79    ", "901", "7"),
		  "901", "mover[79]", "cpu 7", 0 },
		{ "the idle task", ROW("  <idle>-0    ", "901", "7"), "901", "",
		  "cpu 7", 0 },
		{ "elsewhere, without a name yet",
		  ROW("      qemu-444   ", "901", "1"), "901", "qemu[444]",
		  "cpu 1", 50 },
		{ "elsewhere, a guest's", ROW("      qemu-444   ", "902", "1"),
		  "902", "qemu[444]", "cpu 1", 0 },
		{ "elsewhere, a host's", ROW("      sh-444   ", "903", "1"),
		  NULL, NULL, NULL, -1 },
		{ "no CPU has this number",
		  ROW("      sh-444   ", "903", "4294967295"), NULL, NULL, NULL,
		  -1 },
		{ "another event", "      sh-444  [003] d..1.  1.5: other: x\n",
		  NULL, NULL, NULL, -1 },
		{ "half a line", "      sh-444  [003] d..1. 12.5: vector_conf",
		  NULL, NULL, NULL, -1 },
		{ "nonsense", "vector_config: irq=1\n[[]] - vector_config: \n",
		  NULL, NULL, NULL, -1 },
		{ "no number",
		  "  sh-444 [003] d..1. 12.5: vector_config: irq=x "
		  "vector=34 cpu=6\n",
		  NULL, NULL, NULL, -1 },
		{ "events were lost", "CPU:2 [LOST 5 EVENTS]\n", NULL, NULL,
		  NULL, 0 },
	};
	char path[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		printf("# %s\n", rows[i].name);
		begin();
		world_directory("/sys/kernel/irq/902");
		world_directory("/sys/kernel/irq/903");
		world_directory("/proc/79");
		world_write("/sys/kernel/irq/902/actions", "vfio-msix[0](x)\n");
		world_write("/sys/kernel/irq/903/actions", "eth0\n");
		world_write("/proc/79/comm", "mover\n");
		say(rows[i].text);
		is_int(world_due(), rows[i].due, "when a look is wanted");
		is_int((long long)agent.n_causes, rows[i].irq ? 1 : 0,
		       "causes");
		if (rows[i].irq && agent.n_causes) {
			snprintf(path, sizeof(path),
				 "proc/irq/%s/smp_affinity_list", rows[i].irq);
			is_str(agent.causes[0].path, path, "which");
			is_str(agent.causes[0].by, rows[i].by, "by whom");
			is_str(agent.causes[0].where, rows[i].where, "where");
		}
		end();
	}
}

static void test_own(void)
{
	char text[256];

	begin();
	snprintf(text, sizeof(text), ROW("  kvmrt-agent-%d  ", "901", "6"),
		 (int)getpid());
	say(text);
	is_int(world_due(), -1, "what we do ourselves is no news");
	end();
}

/* A pipe gives what there is: half a line, or one and a half. */
static void test_split(void)
{
	static const char line[] = ROW("      irqbalance-444    ", "901", "6");

	begin();
	for (size_t i = 0; line[i]; i++) {
		const char one[] = { line[i], '\0' };

		if (world_due() >= 0)
			ok(false, "a look before the line was whole");
		say(one);
	}
	is_int((long long)agent.n_causes, 1, "a line byte by byte");
	world_calm();
	say(ROW("  a-1  ", "911", "6") ROW("  b-2  ", "912", "7") "   c-3   [");
	is_int((long long)agent.n_causes, 2, "two lines and a half");
	say("001] d..1. 1.5: vector_config: irq=913 vector=3 cpu=6 x\n");
	is_int((long long)agent.n_causes, 3, "and the other half");
	is_str(agent.causes[2].by, "c[3]", "put together");
	end();
}

static void test_overlong(void)
{
	char text[4000];

	begin();
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (unsigned i = 0; i < 5; i++)
		say(text);
	is_int(world_due(), -1, "20,000 bytes without an end");
	say("\n");
	is_int(world_due(), -1, "and with one are no event");
	say(ROW("      irqbalance-444    ", "901", "6"));
	is_int((long long)agent.n_causes, 1, "the next line is whole");
	end();
}

static void test_many(void)
{
	char line[128];

	begin();
	for (unsigned i = 0; i < CAUSES_MAX + 10; i++) {
		snprintf(line, sizeof(line), ROW("  a-1  ", "%u", "6"),
			 2000 + i);
		say(line);
		say(line);
	}
	is_int((long long)agent.n_causes, CAUSES_MAX,
	       "the rest of very many goes unnamed");
	is_str(agent.causes[1].path, "proc/irq/2001/smp_affinity_list",
	       "each is there once");
	is_int(world_due(), 0, "a look is wanted all the same");
	end();
}

/* What is fought over waits, and does not delay others. */
static void test_fight(void)
{
	struct repair repair = { .key = "proc/irq/901/smp_affinity_list" };
	bool fight;

	begin();
	for (unsigned i = 0; i < FIGHT_TIMES; i++)
		repairs_add(&agent.repairs, &repair, world.ms, &fight);
	say(ROW("  a-1  ", "901", "6"));
	is_int(world_due(), FIGHT_WAIT_MS, "a fight waits");
	say(ROW("  a-1  ", "902", "6"));
	is_int(world_due(), 0, "another does not");
	end();
}

static void test_ends(void)
{
	begin();
	close(trace);
	trace = -1;
	is_int(world_hear(), 1, "the end is heard");
	ok(agent.poll, "without events it polls");
	is_int(world_due(), 0, "from now on");
	is_int(agent.irqs.watch.fd, -1, "and waits for them no more");
	ok(strstr(world_log(), "no more interrupt events"), "it says so");
	end();
}

static void test_instance(void)
{
	struct rt_err err = { 0 };
	struct stat st;

	begin();
	is_str(world_read(ENABLE), "1", "the event is on with a guest");
	is_str(world_read(INSTANCE "/buffer_size_kb"), "8", "a small buffer");
	agent.rt = false;
	irqs_follow(&agent);
	is_str(world_read(ENABLE), "0", "and off without");
	world_close(&trace);
	irqs_close(&agent);
	ok(stat(INSTANCE, &st) < 0, "nothing is left of it");
	ok(mkdir(INSTANCE, 0700) == 0 && irqs_open(&agent, &err) == 0,
	   "what a killed agent left is taken over");
	irqs_close(&agent);
	rmdir(TRACEFS "/instances");
	ok(irqs_open(&agent, &err) < 0 &&
		   strstr(err.text, "watch interrupts through tracefs"),
	   "no tracefs: %s", err.text);
	is_int(agent.irqs.watch.fd, -1, "is no source");
	irqs_follow(&agent);
	ok(!agent.irqs.on, "nor is it turned on");
	end();
}

int main(void)
{
	test_lines();
	test_own();
	test_split();
	test_overlong();
	test_many();
	test_fight();
	test_ends();
	test_instance();
	return tap_done();
}
