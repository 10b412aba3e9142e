/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* state.c - what a real-time guest lacks is what the plan still wants for it */
#include "core/plan/state.h"

#include "plan_world.h"

#define CPU9 "sys/devices/system/cpu/cpu9/online"

static void judge(struct world *world, struct rt_states *states)
{
	const struct rt_plan_input input = { .topo = &world->topo,
					     .facts = &world->facts,
					     .journal = &world->journal,
					     .last = true };
	struct rt_plan plan = { 0 };
	struct rt_err err = { 0 };

	memset(states, 0, sizeof(*states));
	if (rt_plan_make(&input, &plan, &err) < 0)
		ok(false, "a plan is made: %s", err.text);
	must(rt_states_make(&input, &plan, states, &err));
	rt_plan_fini(&plan);
}

/* The guest's state now, and how much it lacks. */
static void expect(struct world *world, size_t guest, const char *state,
		   size_t missing, const char *word, const char *name)
{
	struct rt_states states;

	judge(world, &states);
	if (ok(guest < states.n, "%s: the guest is there", name)) {
		const struct rt_guest_state *it = &states.items[guest];

		is_str(rt_state_name(it->state), state, name);
		is_int((long long)it->n, (long long)missing, name);
		if (word && it->n)
			ok(strstr(it->missing[0], word), "%s: '%s' names '%s'",
			   name, it->missing[0], word);
	}
	rt_states_fini(&states);
	rt_states_fini(&states);
	ok(!states.items && !states.n, "%s: freed twice", name);
}

static void hold(struct world *world, const char *path, const char *value)
{
	struct rt_setting *setting = world_find(world, path);

	if (!setting || !(value = strdup(value))) {
		ok(false, "%s is in the world", path);
		return;
	}
	free(setting->value);
	setting->value = (char *)(uintptr_t)value;
}

static void add_process(struct world *world, const char *uuid,
			unsigned long long locked_kib)
{
	struct rt_processes *list = &world->facts.processes;
	struct rt_process process = { .locked_kib = locked_kib };

	snprintf(process.uuid, sizeof(process.uuid), "%s", uuid);
	if (!rt_grow(&list->items, list->n, &list->size, sizeof(process)))
		must(-1);
	list->items[list->n++] = process;
}

static void test_settings(void)
{
	struct world world;

	world_make(&world);
	world_irq(&world, 35, "0-11", -1);
	world_guest(&world, RT1, "rt1", "8-11", "8", "10", RT_STAGE_STARTED);
	world_settle(&world, "one guest");
	expect(&world, 0, "tuned", 0, NULL, "all as planned");
	hold(&world, CPU9, "1");
	expect(&world, 0, "degraded", 1, CPU9, "a sibling came up");
	hold(&world, CPU9, "0");
	expect(&world, 0, "tuned", 0, NULL, "it went down again");
	world.facts.irqs.items[0].affinity = cpus("8");
	expect(&world, 0, "degraded", 1, "proc/irq/35/",
	       "an interrupt came back");
	world.facts.irqs.items[0].movable = false;
	expect(&world, 0, "tuned", 0, NULL,
	       "one that cannot move does not degrade");
	world_fini(&world);
}

static void test_two_guests(void)
{
	struct world world;

	world_make(&world);
	world_guest(&world, RT1, "rt1", "8-11", "8", "10", RT_STAGE_STARTED);
	world_guest(&world, RT2, "rt2", "2-5", "2", "4", RT_STAGE_STARTED);
	world_settle(&world, "two guests");
	hold(&world, CPU9, "1");
	expect(&world, 0, "degraded", 1, CPU9, "rt1 lacks it");
	expect(&world, 1, "tuned", 0, NULL, "rt2 lacks nothing");
	world_fini(&world);
}

static void test_stages(void)
{
	struct rt_states states;
	struct world world;

	world_make(&world);
	judge(&world, &states);
	is_int((long long)states.n, 0, "nobody is active");
	rt_states_fini(&states);
	world_guest(&world, RT1, "rt1", "8-11", "8", "10", RT_STAGE_PREPARED);
	world_guest(&world, RT2, "plain", "2-5", "", "", RT_STAGE_STARTED);
	expect(&world, 0, "starting", 0, NULL, "prepared, nothing is done yet");
	expect(&world, 1, "ordinary", 0, NULL, "not real-time");
	world_fini(&world);
}

/* Of memory alone: an empty plan wants nothing. */
static void expect_memory(struct world *world, const char *state,
			  const char *name)
{
	const struct rt_plan_input input = { .topo = &world->topo,
					     .facts = &world->facts,
					     .journal = &world->journal };
	const struct rt_plan plan = { 0 };
	struct rt_states states = { 0 };
	struct rt_err err = { 0 };

	must(rt_states_make(&input, &plan, &states, &err));
	is_str(rt_state_name(states.items[0].state), state, name);
	if (states.items[0].n)
		is_str(states.items[0].missing[0],
		       "its memory is not locked: 4095 of 4096 KiB are", name);
	rt_states_fini(&states);
}

static void test_memory(void)
{
	struct world world;

	world_make(&world);
	world_guest(&world, RT1, "rt1", "8-11", "8", "10", RT_STAGE_STARTED);
	world.journal.active[0].guest.locked = true;
	world.journal.active[0].memory_kib = 4096;
	add_process(&world, RT2, 0);
	expect_memory(&world, "tuned", "another guest's memory");
	add_process(&world, RT1, 4095);
	expect_memory(&world, "degraded", "a KiB is not locked");
	world.facts.processes.items[1].locked_kib = 4096;
	expect_memory(&world, "tuned", "all of it is locked");
	world.facts.processes.items[1].locked_kib = 4095;
	world.journal.active[0].guest.locked = false;
	expect_memory(&world, "tuned", "nobody asked for it");
	world_fini(&world);
}

int main(void)
{
	test_settings();
	test_two_guests();
	test_stages();
	test_memory();
	return tap_done();
}
