/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* agent_repairs.c - the ledger of what was put right */
#include "agent_world.h"

static struct repair repair_of(const char *path, bool foreign)
{
	struct repair repair = { .foreign = foreign };

	snprintf(repair.path, sizeof(repair.path), "%s", path);
	snprintf(repair.guest, sizeof(repair.guest), "plc1");
	return repair;
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
	is_int(repairs_wait(&repairs, irq.path, now), 0, "nothing waits yet");
	repairs_add(&repairs, &irq, now += 1000, &fight);
	ok(fight, "one more is a fight");
	is_int(repairs_wait(&repairs, irq.path, now), FIGHT_WAIT_MS,
	       "then its events wait");
	for (unsigned i = 0; i < 10; i++)
		repairs_add(&repairs, &irq, now += 100, &fight);
	ok(!fight, "which is said once");
	is_int(repairs_wait(&repairs, irq.path, now), FIGHT_WAIT_MAX_MS,
	       "longer and longer, up to a minute");
	is_int(repairs_wait(&repairs, thread.path, now), 0,
	       "what is not fought over does not wait");
	repairs_add(&repairs, &irq, now += FIGHT_CALM_MS + 1, &fight);
	is_int(repairs_wait(&repairs, irq.path, now), 0,
	       "after some calm it is forgiven");
	ok(!repairs_disturbed(&repairs, "plc1", now + DISTURBED_MS),
	   "and a disturbance is over after a while");
	for (unsigned i = 1; i < FIGHT_TIMES_OWN; i++)
		repairs_add(&repairs, &own, now += 1000, &fight);
	ok(!fight && !repairs_wait(&repairs, own.path, now),
	   "a guest's driver comes and goes");
	repairs_add(&repairs, &own, now += 1000, &fight);
	ok(fight, "but not for ever");
	ok(repairs_wait(&repairs, own.path, now), "then it waits");
	ok(!repairs_disturbed(&repairs, "plc1", now + DISTURBED_MS - 10000),
	   "and disturbs nobody");
	repairs_forget(&repairs, "plc1");
	is_int((long long)repairs.n, 0, "a guest that is gone is forgotten");
	repairs_fini(&repairs);
}

int main(void)
{
	test_repairs();
	return tap_done();
}
