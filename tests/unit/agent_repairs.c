/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* agent_repairs.c - the ledger of what was repaired */
#include "agent_world.h"

static struct repair repair_of(const char *key, bool foreign)
{
	return (struct repair){ .key = key,
				.guest = "plc1",
				.foreign = foreign };
}

static void test_repairs(void)
{
	struct repairs repairs = { 0 };
	const struct repair irq = repair_of("proc/irq/9", true);
	const struct repair thread = repair_of("task/1", false);
	struct repair own = repair_of("proc/irq/10", false);
	uint64_t now = 1000;
	bool fight;

	own.own = true;
	repairs_add(&repairs, &thread, now, &fight);
	ok(!repairs_disturbed(&repairs, "plc1", now),
	   "a thread that is placed is no disturbance");
	for (unsigned i = 1; i < FIGHT_TIMES; i++) {
		repairs_add(&repairs, &irq, now += 1000, &fight);
		ok(!fight, "%u repairs are no fight", i);
	}
	ok(repairs_disturbed(&repairs, "plc1", now), "a foreign hand is one");
	ok(!repairs_disturbed(&repairs, "other", now), "of this guest only");
	is_int(repairs_wait(&repairs, irq.key, now), 0, "nothing waits yet");
	repairs_add(&repairs, &irq, now += 1000, &fight);
	ok(fight, "one more is a fight");
	is_int(repairs_wait(&repairs, irq.key, now), FIGHT_WAIT_MS,
	       "then its events wait");
	for (unsigned i = 0; i < 10; i++)
		repairs_add(&repairs, &irq, now += 100, &fight);
	ok(!fight, "which is said once");
	is_int(repairs_wait(&repairs, irq.key, now), FIGHT_WAIT_MAX_MS,
	       "longer and longer, up to a minute");
	is_int(repairs_wait(&repairs, thread.key, now), 0,
	       "what is not fought over does not wait");
	for (unsigned i = 0; i < 3; i++)
		repairs_add(&repairs, &irq, now += FIGHT_CALM_MS - 1, &fight);
	is_int(repairs_wait(&repairs, irq.key, now), FIGHT_WAIT_MAX_MS,
	       "as long as it goes on now and then");
	repairs_add(&repairs, &irq, now += FIGHT_CALM_MS + 1, &fight);
	is_int(repairs_wait(&repairs, irq.key, now), 0,
	       "after some calm it is forgiven");
	ok(!repairs_disturbed(&repairs, "plc1", now + DISTURBED_MS),
	   "and a disturbance is over after a while");
	for (unsigned i = 1; i < FIGHT_TIMES_OWN; i++)
		repairs_add(&repairs, &own, now += 1000, &fight);
	ok(!fight && !repairs_wait(&repairs, own.key, now),
	   "a guest's driver comes and goes");
	repairs_add(&repairs, &own, now += 1000, &fight);
	ok(fight, "but not for ever");
	ok(repairs_wait(&repairs, own.key, now), "then it waits");
	ok(!repairs_disturbed(&repairs, "plc1", now + DISTURBED_MS - 10000),
	   "and disturbs nobody");
	repairs_forget(&repairs, "plc1");
	is_int((long long)repairs.n, 0, "a guest that is gone is forgotten");
	repairs_fini(&repairs);
}

/* 40,000 worker threads of one guest, and as many different files. */
static void test_bounded(void)
{
	struct repairs repairs = { 0 };
	struct repair many = repair_of("thread/plc1/helper", false);
	uint64_t now = 1000;
	unsigned said = 0;
	char key[64];
	bool fight;

	many.many = true;
	for (unsigned i = 0; i < 40000; i++)
		said += repairs_add(&repairs, &many, now += 10, &fight)->say;
	is_int((long long)repairs.n, 1, "one part is one line");
	is_int(said, 40000 * 10 / SAY_MS + 1, "of which is said what matters");
	ok(!repairs.items[0].fight && !repairs_disturbed(&repairs, "plc1", now),
	   "and that is no fight");
	is_int(repairs.items[0].count, 40000, "all are counted");
	for (unsigned i = 0; i < 5000; i++) {
		const struct repair file = { .key = key, .foreign = true };

		snprintf(key, sizeof(key), "proc/irq/%u", i);
		repairs_add(&repairs, &file, ++now, &fight);
	}
	is_int((long long)repairs.n, LEDGER_MAX, "the ledger is bounded");
	is_str(repairs.items[0].key, "proc/irq/4744", "the oldest has gone");
	is_str(repairs.items[LEDGER_MAX - 1].key, "proc/irq/4999",
	       "the newest is there");
	repairs_fini(&repairs);
}

static void test_said(void)
{
	struct repairs repairs = { 0 };
	struct repair irq = repair_of("proc/irq/9", true);
	const struct repair *line;
	bool fight;

	snprintf(irq.by, sizeof(irq.by), "tee[1]");
	line = repairs_add(&repairs, &irq, 1000, &fight);
	ok(line->say && !line->more, "the first is said");
	snprintf(irq.by, sizeof(irq.by), "tee[2]");
	line = repairs_add(&repairs, &irq, 2000, &fight);
	ok(!line->say, "the same by the same program is not");
	snprintf(irq.by, sizeof(irq.by), "irqbalance[2]");
	line = repairs_add(&repairs, &irq, 3000, &fight);
	ok(line->say && line->more == 1, "another one's hand is");
	line = repairs_add(&repairs, &irq, 3000 + SAY_MS - 1, &fight);
	ok(!line->say, "not within a minute");
	line = repairs_add(&repairs, &irq, 3000 + SAY_MS, &fight);
	ok(line->say && line->more == 1, "then with how many there were");
	repairs_fini(&repairs);
}

static void test_names(void)
{
	struct repairs repairs = { 0 };
	struct repair irq = repair_of("proc/irq/9", true);
	char name[201];
	bool fight;

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	irq.guest = name;
	repairs_add(&repairs, &irq, 1000, &fight);
	ok(repairs_disturbed(&repairs, name, 1000),
	   "a guest with a long name is disturbed too");
	irq.guest = "plc1";
	repairs_add(&repairs, &irq, 1000, &fight);
	ok(!repairs_disturbed(&repairs, name, 1000) &&
		   repairs_disturbed(&repairs, "plc1", 1000),
	   "a file is whose it is now");
	repairs_forget(&repairs, "plc1");
	is_int((long long)repairs.n, 0, "and goes with that guest");
	repairs_fini(&repairs);
}

int main(void)
{
	test_repairs();
	test_bounded();
	test_said();
	test_names();
	return tap_done();
}
