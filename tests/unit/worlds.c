/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * worlds.c - made-up hosts, guests that come and go in any order, and faults
 *
 * Each world is made from a seed: CPUs with or without siblings, one to three
 * nodes, a kernel with or without partitions, interrupts that move or do not,
 * pinned tasks, two or three guests. Guests start, stop, are adopted, others
 * write to settings, a plan is cut off after any effect, files cannot be
 * read. Then always:
 *
 *   - a plan has one step for each setting at most
 *   - the record opens, and says what was on record
 *   - what a guest gets is what it would get if a guest with a fault were away
 *   - the tuning depends on who is active, not on what went before
 *   - after the last guest the host is what it was, plus what others wrote
 *
 *   worlds [FIRST [COUNT]]   replay one seed: worlds 4711 1
 */
#include <stdint.h>

#include "core/model/suppress.h"
#include "core/plan/plan.h"
#include "core/record/journal.h"

#include "../plan_text.h"
#include "../tap.h"

#define CPU	  "sys/devices/system/cpu/cpu"
#define CGROUP	  "sys/fs/cgroup/"
#define SLICE	  CGROUP "machine.slice/cpuset.cpus.exclusive"
#define GUESTS	  3
#define SETTINGS  170
#define IRQS	  12
#define TASKS	  10
#define STEPS	  14
#define ROUNDS	  8
#define VALUE_MAX 64

/* Under sanitizers a world takes ten times as long. */
#ifdef __SANITIZE_ADDRESS__
#define COUNT 200
#else
#define COUNT 2000
#endif

struct setting {
	enum rt_kind kind;
	char path[96], value[VALUE_MAX], original[VALUE_MAX];
	char foreign[VALUE_MAX]; /* what somebody else wrote last */
	bool is_foreign, unreadable;
	int guest; /* whose scope it is in; -1: the host's */
};

struct irq {
	struct rt_cpuset affinity, original;
	bool fixed, touched; /* touched: somebody else has moved it */
	int node;
};

struct task {
	struct rt_cpuset affinity, original;
	bool kernel, touched;
};

struct guest {
	struct rt_guest rt;
	char name[8], scope[48];
	bool runs, recorded, started, no_scope, unread;
	bool refused; /* the kernel refuses its shield */
};

struct world {
	uint64_t seed;
	unsigned n_cpus, threads, n_nodes;
	bool partitions;
	struct rt_topo topo;
	struct setting settings[SETTINGS];
	size_t n_settings;
	struct irq irqs[IRQS];
	struct task tasks[TASKS];
	size_t n_irqs, n_tasks;
	struct guest guests[GUESTS];
	size_t n_guests;
	struct rt_journal journal;
	struct rt_strbuf text; /* of the journal */
	bool quiet;	       /* the kernel resets no mask */
	char wrong[512];
};

/* --- chance, the same for a seed on every machine --- */

static uint64_t next(struct world *world)
{
	uint64_t x = world->seed += 0x9e3779b97f4a7c15u;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static unsigned below(struct world *world, unsigned n)
{
	return (unsigned)(next(world) % n);
}

static bool one_in(struct world *world, unsigned n)
{
	return below(world, n) == 0;
}

static void wrong(struct world *world, const char *fmt, ...) RT_PRINTF(2, 3);

static void wrong(struct world *world, const char *fmt, ...)
{
	va_list args;

	if (*world->wrong)
		return;
	va_start(args, fmt);
	vsnprintf(world->wrong, sizeof(world->wrong), fmt, args);
	va_end(args);
}

static struct rt_cpuset range(unsigned low, unsigned high)
{
	struct rt_cpuset set = { 0 };

	rt_cpuset_add_range(&set, low, high);
	return set;
}

/* Some of the CPUs, one at least. */
static struct rt_cpuset some_cpus(struct world *world)
{
	const unsigned low = below(world, world->n_cpus);

	return range(low, low + below(world, world->n_cpus - low));
}

static void print_set(const struct world *world, enum rt_kind kind,
		      const struct rt_cpuset *set, char buf[VALUE_MAX])
{
	if (kind == RT_KIND_MASK)
		rt_cpuset_format_mask(set, world->n_cpus, buf, VALUE_MAX);
	else
		rt_cpuset_format_list(set, buf, VALUE_MAX);
}

/* --- making a world --- */

static struct setting *add(struct world *world, enum rt_kind kind, int guest,
			   const char *value, const char *fmt, ...)
	RT_PRINTF(5, 6);

static struct setting *add(struct world *world, enum rt_kind kind, int guest,
			   const char *value, const char *fmt, ...)
{
	struct setting *setting = &world->settings[world->n_settings++];
	va_list args;

	memset(setting, 0, sizeof(*setting));
	va_start(args, fmt);
	vsnprintf(setting->path, sizeof(setting->path), fmt, args);
	va_end(args);
	setting->kind = kind;
	setting->guest = guest;
	snprintf(setting->value, VALUE_MAX, "%s", value);
	snprintf(setting->original, VALUE_MAX, "%s", value);
	return setting;
}

static void add_set(struct world *world, enum rt_kind kind,
		    const struct rt_cpuset *set, const char *path)
{
	char text[VALUE_MAX];

	print_set(world, kind, set, text);
	add(world, kind, -1, text, "%s", path);
}

static void add_settings(struct world *world)
{
	static const char *const governors[] = { "powersave", "performance" };
	const struct rt_cpuset all = range(0, world->n_cpus - 1);
	struct rt_cpuset some = some_cpus(world);

	for (unsigned cpu = 0; cpu < world->n_cpus; cpu++) {
		if (cpu)
			add(world, RT_KIND_TEXT, -1, "1", CPU "%u/online", cpu);
		add(world, RT_KIND_TEXT, -1, one_in(world, 4) ? "20" : "0",
		    CPU "%u/power/pm_qos_resume_latency_us", cpu);
		if (one_in(world, 2))
			add(world, RT_KIND_TEXT, -1, governors[below(world, 2)],
			    CPU "%u/cpufreq/scaling_governor", cpu);
	}
	add_set(world, RT_KIND_MASK, one_in(world, 4) ? &some : &all,
		"proc/irq/default_smp_affinity");
	add_set(world, RT_KIND_LIST, &all, "proc/sys/kernel/watchdog_cpumask");
	for (size_t i = 0; i < rt_suppress_words.n; i++) {
		if (one_in(world, 2))
			add(world, RT_KIND_TEXT, -1,
			    one_in(world, 3) ? "0" : "1", "%s",
			    rt_suppressions[i].path);
	}
	some = some_cpus(world);
	add_set(world, RT_KIND_MASK, &some,
		"sys/class/net/eth0/queues/rx-0/rps_cpus");
	if (one_in(world, 2))
		add(world, RT_KIND_IRQBALANCE, -1, one_in(world, 2) ? "" : "0",
		    "irqbalance/710/7");
	if (world->partitions)
		add(world, RT_KIND_LIST, -1, one_in(world, 4) ? "0" : "",
		    SLICE);
	add(world, RT_KIND_LIST, -1, "", CGROUP "system.slice/cpuset.cpus");
	some = some_cpus(world);
	add_set(world, RT_KIND_LIST, &some, CGROUP "user.slice/cpuset.cpus");
	if (world->partitions)
		return;
	add_set(world, RT_KIND_MASK, &all,
		"sys/devices/virtual/workqueue/cpumask");
}

static void add_topology(struct world *world)
{
	const unsigned step = world->n_cpus / world->n_nodes;
	struct rt_err err;

	world->topo.present = world->topo.online = range(0, world->n_cpus - 1);
	for (unsigned i = 0; i < world->n_nodes; i++) {
		const struct rt_cpuset node = range(
			i * step, i + 1 == world->n_nodes ? world->n_cpus - 1 :
							    (i + 1) * step - 1);

		if (rt_topo_add(&world->topo.nodes, i, &node, &err) < 0)
			exit(1);
	}
}

/* Cores from the top down; CPU 0 and some more are left for the host. */
static void add_guest(struct world *world, unsigned *cores)
{
	struct guest *guest = &world->guests[world->n_guests];
	struct rt_guest *rt = &guest->rt;
	const unsigned want = 2 + below(world, 2);
	int last;

	if (*cores < want + 1)
		return;
	snprintf(guest->name, sizeof(guest->name), "g%zu", world->n_guests);
	snprintf(guest->scope, sizeof(guest->scope), "machine.slice/g%zu.scope",
		 world->n_guests);
	snprintf(rt->uuid, sizeof(rt->uuid),
		 "6a1f0c1e-0000-4000-8000-00000000000%zu", world->n_guests);
	rt->name = guest->name;
	rt->rt = true;
	for (unsigned i = 0; i < want; i++) {
		const unsigned cpu = --*cores * world->threads;

		rt_cpuset_add_range(&rt->owned, cpu, cpu + world->threads - 1);
		rt_cpuset_add(&rt->usable, cpu);
	}
	rt->cpuset = rt->offline = rt->owned;
	rt_cpuset_minus(&rt->offline, &rt->usable);
	rt->vcpus = rt->usable;
	last = rt_cpuset_last(&rt->usable);
	rt_cpuset_remove(&rt->vcpus, (unsigned)last);
	rt_cpuset_add(&rt->service, (unsigned)last);
	rt->nr_vcpus = want - 1;
	rt->suppress = below(world, 1u << rt_suppress_words.n);
	guest->no_scope = one_in(world, 12);
	guest->refused = world->partitions && one_in(world, 6);
	world->n_guests++;
}

static void make(struct world *world, uint64_t seed)
{
	unsigned cores;

	memset(world, 0, sizeof(*world));
	world->seed = seed;
	world->threads = 1 + below(world, 2);
	cores = 6 + below(world, 6);
	world->n_cpus = cores * world->threads;
	world->n_nodes = 1 + below(world, 3);
	world->partitions = !one_in(world, 3);
	add_topology(world);
	add_settings(world);
	world->n_irqs = 2 + below(world, IRQS - 2);
	for (size_t i = 0; i < world->n_irqs; i++) {
		struct irq *irq = &world->irqs[i];

		irq->affinity = one_in(world, 2) ? some_cpus(world) :
						   world->topo.present;
		irq->original = irq->affinity;
		irq->fixed = one_in(world, 6);
		irq->node = one_in(world, 2) ?
				    -1 :
				    (int)below(world, world->n_nodes);
	}
	world->n_tasks = 2 + below(world, TASKS - 2);
	for (size_t i = 0; i < world->n_tasks; i++) {
		struct task *task = &world->tasks[i];

		task->affinity = one_in(world, 2) ? some_cpus(world) :
						    world->topo.present;
		task->original = task->affinity;
		task->kernel = one_in(world, 2);
	}
	for (unsigned i = 0; i < GUESTS; i++)
		add_guest(world, &cores);
	world->quiet = true;
}

static void fini(struct world *world)
{
	rt_topo_fini(&world->topo);
	rt_journal_fini(&world->journal);
	rt_strbuf_fini(&world->text);
}

/* --- the record --- */

static void enter(struct world *world, struct rt_strbuf *entries)
{
	struct rt_err err = { 0 };

	for (const char *line = entries->text; line && *line;) {
		const size_t n = strcspn(line, "\n");

		if (rt_journal_enter(&world->journal, line, n, &err) < 0)
			wrong(world, "the record refuses '%.*s': %s", (int)n,
			      line, err.text);
		rt_strbuf_add(&world->text, line, n + 1);
		line += n + 1;
	}
	rt_strbuf_fini(entries);
}

/* What is in the file says the same, torn or not. */
static void check_record(struct world *world)
{
	RT_AUTO_STRBUF is = { 0 };
	RT_AUTO_STRBUF says = { 0 };
	struct rt_journal journal = { 0 };
	struct rt_err err = { 0 };

	if (!world->text.len)
		return;
	if (rt_journal_replay(world->text.text, world->text.len, &journal,
			      &err) < 0) {
		wrong(world, "the record does not open: %s", err.text);
		return;
	}
	rt_journal_format(&world->journal, &is);
	rt_journal_format(&journal, &says);
	if (strcmp(is.text ? is.text : "", says.text ? says.text : "") != 0)
		wrong(world, "the record says something else");
	rt_journal_fini(&journal);
	if (rt_journal_replay(world->text.text,
			      world->text.len - 1 -
				      below(world, 20) % world->text.len,
			      &journal, &err) < 0)
		wrong(world, "a torn record does not open: %s", err.text);
	else
		rt_journal_fini(&journal);
}

static void record(struct world *world, struct guest *guest, bool started)
{
	const struct rt_active active = {
		.guest = guest->rt,
		.stage = started ? RT_STAGE_STARTED : RT_STAGE_PREPARED,
		.pid = 100,
		.start = 1,
	};
	RT_AUTO_STRBUF entries = { 0 };

	rt_journal_add_guest(&entries, &active);
	enter(world, &entries);
	guest->recorded = true;
	guest->started = started;
}

static void drop(struct world *world, struct guest *guest)
{
	RT_AUTO_STRBUF entries = { 0 };

	rt_journal_add_gone(&entries, guest->rt.uuid);
	enter(world, &entries);
	guest->recorded = guest->started = false;
}

/* --- the guest's process and its cgroups --- */

static void start_process(struct world *world, size_t number)
{
	struct guest *guest = &world->guests[number];

	guest->runs = true;
	if (!world->partitions)
		return;
	add(world, RT_KIND_LIST, (int)number, "",
	    CGROUP "%s/cpuset.cpus.exclusive", guest->scope);
	add(world, RT_KIND_PARTITION, (int)number, "member",
	    CGROUP "%s/cpuset.cpus.partition", guest->scope);
}

static void end_process(struct world *world, size_t number)
{
	size_t n = 0;

	world->guests[number].runs = false;
	for (size_t i = 0; i < world->n_settings; i++) {
		if (world->settings[i].guest != (int)number)
			world->settings[n++] = world->settings[i];
	}
	world->n_settings = n;
}

static struct setting *find(struct world *world, const char *path)
{
	for (size_t i = 0; i < world->n_settings; i++) {
		if (strcmp(world->settings[i].path, path) == 0)
			return &world->settings[i];
	}
	return NULL;
}

static bool has_shield(struct world *world, const struct guest *guest)
{
	char path[128];
	const struct setting *setting;

	snprintf(path, sizeof(path), CGROUP "%s/cpuset.cpus.partition",
		 guest->scope);
	setting = find(world, path);
	return setting && strcmp(setting->value, "isolated") == 0;
}

/* --- facts --- */

static void must(int r)
{
	if (r < 0)
		exit(1);
}

static void add_process(struct world *world, const struct guest *guest,
			size_t number, struct rt_facts *facts)
{
	struct rt_processes *processes = &facts->processes;
	struct rt_process *process;
	const struct setting *slice = find(world, SLICE);
	struct rt_err err;

	if (!rt_grow(&processes->items, processes->n, &processes->size,
		     sizeof(*process)))
		exit(1);
	process = &processes->items[processes->n++];
	memset(process, 0, sizeof(*process));
	snprintf(process->uuid, sizeof(process->uuid), "%s", guest->rt.uuid);
	if (guest->unread) {
		process->unread = strdup("out of luck");
		return;
	}
	if (guest->no_scope)
		return;
	process->scope = strdup(guest->scope);
	if (slice)
		must(rt_settings_add(
			&process->cgroup, slice->kind, SLICE,
			slice->unreadable ? RT_UNREAD : slice->value, &err));
	for (size_t i = 0; i < world->n_settings; i++) {
		const struct setting *s = &world->settings[i];

		if (s->guest == (int)number)
			must(rt_settings_add(
				&process->cgroup, s->kind, s->path,
				s->unreadable ? RT_UNREAD : s->value, &err));
	}
}

static void add_irqs(struct world *world, struct rt_facts *facts)
{
	for (size_t i = 0; i < world->n_irqs; i++) {
		struct rt_irqs *irqs = &facts->irqs;
		struct rt_irq irq = { .number = (unsigned)i + 20,
				      .name = strdup("dev"),
				      .movable = true,
				      .affinity = world->irqs[i].affinity,
				      .node = world->irqs[i].node };

		if (!irq.name ||
		    !rt_grow(&irqs->items, irqs->n, &irqs->size, sizeof(irq)))
			exit(1);
		irqs->items[irqs->n++] = irq;
	}
}

static void add_tasks(struct world *world, struct rt_facts *facts)
{
	for (size_t i = 0; i < world->n_tasks; i++) {
		struct rt_tasks *tasks = &facts->tasks;
		struct rt_task task = { .pid = (unsigned)i + 900,
					.tid = (unsigned)i + 900,
					.start = 1,
					.kernel = world->tasks[i].kernel,
					.movable = true,
					.affinity = world->tasks[i].affinity };

		if (!rt_grow(&tasks->items, tasks->n, &tasks->size,
			     sizeof(task)))
			exit(1);
		tasks->items[tasks->n++] = task;
	}
}

static void read_facts(struct world *world, struct rt_facts *facts)
{
	struct rt_err err;

	facts->has_partitions = world->partitions;
	for (size_t i = 0; i < world->n_settings; i++) {
		const struct setting *s = &world->settings[i];

		if (s->guest < 0 && strcmp(s->path, SLICE) != 0)
			must(rt_settings_add(
				&facts->settings, s->kind, s->path,
				s->unreadable ? RT_UNREAD : s->value, &err));
	}
	add_irqs(world, facts);
	add_tasks(world, facts);
	for (size_t i = 0; i < world->n_guests; i++) {
		const struct guest *guest = &world->guests[i];

		if (guest->recorded && guest->started && guest->runs)
			add_process(world, guest, i, facts);
		if (guest->runs && has_shield(world, guest))
			rt_cpuset_or(&facts->isolated, &guest->rt.owned);
	}
}

/* --- carrying a plan out, as apply.c does --- */

/* What the kernel does to masks when a CPU goes offline or a shield goes up. */
static void disturb_tasks(struct world *world)
{
	for (size_t i = 0; !world->quiet && i < world->n_tasks; i++) {
		if (one_in(world, 3))
			world->tasks[i].affinity = world->topo.present;
	}
}

static bool write_value(struct world *world, const struct rt_step *step,
			const char *value)
{
	struct setting *setting = find(world, step->path);
	struct rt_cpuset set;
	struct rt_err err;
	unsigned number, cpu;

	if (sscanf(step->path, "proc/irq/%u/", &number) == 1) {
		struct irq *irq = &world->irqs[number - 20];

		if (irq->fixed)
			return false;
		return rt_cpuset_parse_list(value, &irq->affinity, &err) == 0;
	}
	if (sscanf(step->path, "task/%u/", &number) == 1)
		return rt_cpuset_parse_list(
			       value, &world->tasks[number - 900].affinity,
			       &err) == 0;
	if (!setting)
		return true;
	if (setting->guest >= 0 && world->guests[setting->guest].refused &&
	    strcmp(value, "isolated") == 0)
		return false;
	/* Nobody who knew that it cannot be read would write to it. */
	if (setting->unreadable)
		wrong(world, "/%s is written, and cannot be read", step->path);
	snprintf(setting->value, VALUE_MAX, "%s", value);
	if (sscanf(step->path, CPU "%u/online", &cpu) == 1 &&
	    rt_plan_is_online(step->path)) {
		set = range(cpu, cpu);
		if (*value == '0')
			rt_cpuset_minus(&world->topo.online, &set);
		else
			rt_cpuset_or(&world->topo.online, &set);
		if (*value == '0')
			disturb_tasks(world);
	}
	if (strcmp(value, "isolated") == 0)
		disturb_tasks(world);
	return true;
}

static const char *value_now(struct world *world, const struct rt_step *step,
			     char buf[VALUE_MAX])
{
	const struct setting *setting = find(world, step->path);
	unsigned number;

	buf[0] = '\0';
	if (sscanf(step->path, "proc/irq/%u/", &number) == 1)
		rt_cpuset_format_list(&world->irqs[number - 20].affinity, buf,
				      VALUE_MAX);
	else if (sscanf(step->path, "task/%u/", &number) == 1)
		rt_cpuset_format_list(&world->tasks[number - 900].affinity, buf,
				      VALUE_MAX);
	else if (setting)
		memcpy(buf, setting->value, VALUE_MAX);
	return buf;
}

/* Counts effects down; false: this one is not made any more. */
static bool goes_on(unsigned *effects)
{
	if (!*effects)
		return false;
	--*effects;
	return true;
}

static bool restore_all(struct world *world, const struct rt_plan *plan,
			unsigned *effects)
{
	RT_AUTO_STRBUF done = { 0 };
	char now[VALUE_MAX];

	for (size_t i = 0; i < plan->n; i++) {
		const struct rt_step *step = &plan->items[i];
		const struct rt_saved *saved =
			rt_journal_find(&world->journal, step->path);
		const struct setting *setting = find(world, step->path);
		RT_AUTO_FREE char *base = NULL;

		if (step->act != RT_ACT_RESTORE)
			continue;
		if (setting && setting->unreadable)
			continue;
		if (!saved) {
			wrong(world, "/%s is restored, and was not saved",
			      step->path);
			continue;
		}
		base = rt_saved_base(saved, value_now(world, step, now),
				     &world->topo);
		if (!saved->fixed && !rt_value_same(step->kind, now, base)) {
			if (!goes_on(effects))
				return false;
			write_value(world, step, base);
		}
		rt_journal_add_done(&done, step->path);
	}
	if (!goes_on(effects))
		return false;
	enter(world, &done);
	return true;
}

static bool put_on_record(struct world *world, const struct rt_plan *plan,
			  unsigned *effects)
{
	RT_AUTO_STRBUF entries = { 0 };

	for (size_t i = 0; i < plan->n; i++) {
		const struct rt_step *step = &plan->items[i];
		const struct rt_saved *saved =
			rt_journal_find(&world->journal, step->path);

		if (step->act != RT_ACT_SET && step->act != RT_ACT_SAVE)
			continue;
		if (!saved) {
			rt_journal_add_save(&entries, step->kind, step->path,
					    step->base, step->value);
			continue;
		}
		if (!rt_value_same(step->kind, saved->original, step->base))
			rt_journal_add_base(&entries, step->path, step->base);
		if (rt_value_same(step->kind, saved->wrote, step->value))
			continue;
		if (!rt_value_same(step->kind, step->now, saved->wrote) &&
		    rt_value_same(step->kind, step->now, saved->before))
			rt_journal_add_wrote(&entries, step->path, step->now);
		rt_journal_add_wrote(&entries, step->path, step->value);
	}
	if (!goes_on(effects))
		return false;
	enter(world, &entries);
	return true;
}

/* Its shield was refused: it is on record as fenced. */
static void fence(struct world *world, const struct rt_step *step)
{
	RT_AUTO_STRBUF entries = { 0 };
	char uuid[RT_UUID_LEN + 1];
	const struct rt_active *active;
	struct rt_active with;
	static char why[] = "refused";

	snprintf(uuid, sizeof(uuid), "%s", step->musts);
	active = rt_journal_find_guest(&world->journal, uuid);
	if (!active) {
		wrong(world, "%s is not on record", uuid);
		return;
	}
	with = *active;
	with.fenced = why;
	rt_journal_add_guest(&entries, &with);
	enter(world, &entries);
}

static void set_all(struct world *world, const struct rt_plan *plan,
		    unsigned *effects, bool *ret_more)
{
	RT_AUTO_STRBUF fixed = { 0 };

	for (size_t i = 0; i < plan->n; i++) {
		const struct rt_step *step = &plan->items[i];
		const struct rt_saved *saved =
			rt_journal_find(&world->journal, step->path);

		if ((step->act != RT_ACT_SET && step->act != RT_ACT_OWN) ||
		    rt_value_same(step->kind, step->now, step->value))
			continue;
		if (!goes_on(effects))
			return;
		if (write_value(world, step, step->value))
			continue;
		if (rt_plan_is_shield(step)) {
			fence(world, step);
			*ret_more = true;
		} else if (saved && rt_value_same(step->kind, step->now,
						  saved->original)) {
			rt_journal_add_fixed(&fixed, step->path);
		}
	}
	enter(world, &fixed);
}

static void check_unique(struct world *world, const struct rt_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		for (size_t k = 0; k < i; k++) {
			if (strcmp(plan->items[i].path, plan->items[k].path) ==
				    0 &&
			    (plan->items[i].kind == RT_KIND_CGROUP) ==
				    (plan->items[k].kind == RT_KIND_CGROUP))
				wrong(world, "two steps for /%s",
				      plan->items[i].path);
		}
	}
}

static bool any_unreadable(const struct world *world)
{
	for (size_t i = 0; i < world->n_settings; i++) {
		if (world->settings[i].unreadable)
			return true;
	}
	return false;
}

/* One plan. Returns false when it was cut off. Sets *ret_more. */
static bool reconcile_once(struct world *world, unsigned effects, bool last,
			   bool *ret_more)
{
	struct rt_facts facts = { 0 };
	struct rt_plan plan = { 0 };
	const struct rt_plan_input input = { .topo = &world->topo,
					     .facts = &facts,
					     .journal = &world->journal,
					     .last = last };
	struct rt_err err = { 0 };
	bool whole = false;

	read_facts(world, &facts);
	if (rt_plan_make(&input, &plan, &err) < 0) {
		wrong(world, "no plan: %s", err.text);
	} else {
		check_unique(world, &plan);
		if (getenv("WORLDS_SHOW")) {
			RT_AUTO_STRBUF text = { 0 };

			print_steps(&plan, &text);
			printf("# plan%s\n%s", plan.again ? ", again" : "",
			       text.text ? text.text : "");
		}
		*ret_more = plan.n > 0 || (plan.again && !last);
		for (size_t i = 0; i < world->n_guests; i++) {
			const struct guest *guest = &world->guests[i];
			const bool bad = guest->recorded && guest->started &&
					 (guest->unread || (guest->no_scope &&
							    world->partitions));

			if (!bad && !any_unreadable(world) &&
			    rt_outcomes_find(&plan.outcomes, guest->rt.uuid))
				wrong(world, "%s has failed: %s", guest->name,
				      rt_outcomes_find(&plan.outcomes,
						       guest->rt.uuid));
			if (bad &&
			    !rt_outcomes_find(&plan.outcomes, guest->rt.uuid))
				wrong(world, "%s has not failed", guest->name);
		}
		whole = restore_all(world, &plan, &effects) &&
			put_on_record(world, &plan, &effects);
		if (whole)
			set_all(world, &plan, &effects, ret_more);
		whole = whole && effects;
		rt_plan_fini(&plan);
	}
	rt_facts_fini(&facts);
	check_record(world);
	return whole;
}

static void settle(struct world *world)
{
	bool more = true;

	for (unsigned i = 1; more && i <= ROUNDS && !*world->wrong; i++)
		reconcile_once(world, UINT32_MAX, i % 3 == 0, &more);
	/* What refuses for good, and what cannot be read, stays wanted. */
	if (more && !*world->wrong) {
		bool refuses = any_unreadable(world);

		for (size_t i = 0; i < world->n_irqs; i++)
			refuses |=
				world->irqs[i].fixed && world->irqs[i].touched;
		if (!refuses)
			wrong(world, "it does not settle");
	}
}

static void forget_readings(struct world *world)
{
	for (size_t i = 0; i < world->n_settings; i++)
		world->settings[i].unreadable = false;
	for (size_t i = 0; i < world->n_guests; i++)
		world->guests[i].unread = false;
}

/* --- what happens --- */

static void stop(struct world *world, size_t number)
{
	end_process(world, number);
	if (world->guests[number].recorded)
		drop(world, &world->guests[number]);
}

static void guest_event(struct world *world)
{
	const size_t number = below(world, (unsigned)world->n_guests);
	struct guest *guest = &world->guests[number];

	if (guest->runs && guest->recorded && guest->started) {
		if (one_in(world, 3))
			record(world, guest, true); /* retuned */
		else
			stop(world, number);
	} else if (guest->recorded && !guest->runs) {
		if (one_in(world, 4)) {
			drop(world, guest); /* its start failed */
		} else {
			start_process(world, number);
			record(world, guest, true);
		}
	} else if (!guest->runs) {
		/* Prepared; or it runs before we know of it. */
		if (one_in(world, 3)) {
			start_process(world, number);
			record(world, guest, true);
		} else {
			record(world, guest, false);
		}
	}
}

/* Who writes what stands there already, or did before, has written nothing. */
static bool is_news(struct world *world, const struct setting *setting,
		    const char *value)
{
	const struct rt_saved *saved =
		rt_journal_find(&world->journal, setting->path);

	return !rt_value_same(setting->kind, setting->value, value) &&
	       !(saved && rt_saved_is_ours(saved, value, &world->topo));
}

static void foreign_set(struct world *world, struct setting *setting,
			const struct rt_cpuset *set)
{
	char value[VALUE_MAX];

	print_set(world, setting->kind, set, value);
	if (!is_news(world, setting, value))
		return;
	if (getenv("WORLDS_SHOW"))
		printf("# foreign /%s: %s -> %s\n", setting->path,
		       setting->value, value);
	memcpy(setting->value, value, VALUE_MAX);
	memcpy(setting->foreign, setting->value, VALUE_MAX);
	setting->is_foreign = true;
}

/* An administrator, or another program. */
static void foreign_event(struct world *world)
{
	struct setting *setting;
	struct rt_cpuset set = some_cpus(world);

	switch (below(world, 7)) {
	case 6:
		setting = find(world, rt_suppressions[0].path);
		if (!setting)
			break;
		snprintf(setting->value, VALUE_MAX, "%u", 2 + below(world, 9));
		memcpy(setting->foreign, setting->value, VALUE_MAX);
		setting->is_foreign = true;
		break;
	case 0:
		setting = find(world, "proc/irq/default_smp_affinity");
		if (setting)
			foreign_set(world, setting, &set);
		break;
	case 1:
		setting = find(world, "proc/sys/kernel/watchdog_cpumask");
		if (setting)
			foreign_set(world, setting, &set);
		break;
	case 2:
		setting = find(world, CPU "1/power/pm_qos_resume_latency_us");
		if (!setting)
			break;
		snprintf(setting->value, VALUE_MAX, "%u",
			 100 + below(world, 100));
		memcpy(setting->foreign, setting->value, VALUE_MAX);
		setting->is_foreign = true;
		break;
	case 3: {
		struct irq *irq =
			&world->irqs[below(world, (unsigned)world->n_irqs)];

		if (!irq->fixed) {
			irq->affinity = set;
			irq->touched = true;
		}
		break;
	}
	case 4: {
		struct task *task =
			&world->tasks[below(world, (unsigned)world->n_tasks)];

		task->affinity = set;
		task->touched = true;
		break;
	}
	default:
		setting = find(world, SLICE);
		/* CPU 1 for a partition of somebody else's, beside ours. */
		if (setting &&
		    rt_cpuset_parse_list(setting->value, &set,
					 &(struct rt_err){ 0 }) == 0) {
			rt_cpuset_add(&set, 0);
			foreign_set(world, setting, &set);
			if (setting->is_foreign)
				snprintf(setting->foreign, VALUE_MAX, "0");
		}
	}
}

static void unreadable_event(struct world *world)
{
	if (one_in(world, 2))
		world->settings[below(world, (unsigned)world->n_settings)]
			.unreadable = true;
	else
		world->guests[below(world, (unsigned)world->n_guests)].unread =
			true;
}

static void happen(struct world *world, bool with_foreign)
{
	bool more;

	guest_event(world);
	if (with_foreign && one_in(world, 3))
		foreign_event(world);
	if (one_in(world, 5))
		unreadable_event(world);
	/* Killed after some effects, once or twice. */
	while (one_in(world, 3) && !*world->wrong)
		reconcile_once(world, below(world, 30), false, &more);
	settle(world);
	if (one_in(world, 2) || !with_foreign) {
		forget_readings(world);
		settle(world);
	}
}

/* --- what must hold --- */

static void check_original(struct world *world)
{
	char text[VALUE_MAX], was[VALUE_MAX];

	if (!rt_journal_is_empty(&world->journal))
		wrong(world, "something is still on record");
	for (size_t i = 0; i < world->n_settings; i++) {
		const struct setting *s = &world->settings[i];
		const char *want = s->is_foreign ? s->foreign : s->original;

		if (!rt_value_same(s->kind, s->value, want))
			wrong(world, "/%s holds '%s', not '%s'", s->path,
			      s->value, want);
	}
	for (size_t i = 0; i < world->n_irqs; i++) {
		rt_cpuset_format_list(&world->irqs[i].affinity, text,
				      sizeof(text));
		rt_cpuset_format_list(&world->irqs[i].original, was,
				      sizeof(was));
		if (!world->irqs[i].touched && strcmp(text, was) != 0)
			wrong(world, "irq %zu is on %s, not on %s", i + 20,
			      text, was);
	}
	for (size_t i = 0; i < world->n_tasks; i++) {
		rt_cpuset_format_list(&world->tasks[i].affinity, text,
				      sizeof(text));
		rt_cpuset_format_list(&world->tasks[i].original, was,
				      sizeof(was));
		if (!world->tasks[i].touched && strcmp(text, was) != 0)
			wrong(world, "task %zu is on %s, not on %s", i + 900,
			      text, was);
	}
}

/* Do both hosts hold the same? Guests that have failed in one may differ. */
static void compare(struct world *world, struct world *other, const char *what,
		    const struct guest *but)
{
	for (size_t i = 0; i < world->n_settings; i++) {
		struct setting *s = &world->settings[i];
		const struct setting *o = find(other, s->path);

		if (o && !rt_value_same(s->kind, s->value, o->value) &&
		    !(but && s->guest >= 0 && but == &world->guests[s->guest]))
			wrong(world, "%s: /%s holds '%s', not '%s'", what,
			      s->path, s->value, o->value);
	}
	for (size_t i = 0; i < world->n_irqs; i++) {
		if (!rt_cpuset_is_equal(&world->irqs[i].affinity,
					&other->irqs[i].affinity))
			wrong(world, "%s: irq %zu is on %s, not on %s", what,
			      i + 20,
			      rt_cpuset_text(&world->irqs[i].affinity).text,
			      rt_cpuset_text(&other->irqs[i].affinity).text);
	}
	for (size_t i = 0; i < world->n_tasks; i++) {
		if (!rt_cpuset_is_equal(&world->tasks[i].affinity,
					&other->tasks[i].affinity))
			wrong(world, "%s: task %zu is on %s, not on %s", what,
			      i + 900,
			      rt_cpuset_text(&world->tasks[i].affinity).text,
			      rt_cpuset_text(&other->tasks[i].affinity).text);
	}
}

/* The same guests, at once, on a host where nothing happened before. */
static void check_history(struct world *world, uint64_t seed)
{
	static struct world fresh;

	make(&fresh, seed);
	for (size_t i = 0; i < world->n_guests; i++) {
		if (!world->guests[i].recorded)
			continue;
		if (world->guests[i].runs)
			start_process(&fresh, i);
		record(&fresh, &fresh.guests[i], world->guests[i].started);
	}
	settle(&fresh);
	if (*fresh.wrong)
		wrong(world, "afresh: %s", fresh.wrong);
	compare(world, &fresh, "history shows", NULL);
	fini(&fresh);
}

/* Two worlds, in one of which a guest has a fault. */
static void check_contained(struct world *world, uint64_t seed)
{
	static struct world with, without;
	struct guest *bad;
	size_t number;

	make(&with, seed);
	make(&without, seed);
	if (with.n_guests < 2) {
		fini(&with);
		fini(&without);
		return;
	}
	number = below(world, (unsigned)with.n_guests);
	for (size_t i = 0; i < with.n_guests; i++) {
		with.guests[i].no_scope = i == number;
		without.guests[i].no_scope = false;
		start_process(&with, i);
		start_process(&without, i);
		record(&with, &with.guests[i], true);
		record(&without, &without.guests[i], true);
	}
	bad = &with.guests[number];
	settle(&with);
	settle(&without);
	if (*with.wrong || *without.wrong)
		wrong(world, "contained: %s%s", with.wrong, without.wrong);
	for (size_t i = 0; i < with.n_settings; i++) {
		const struct setting *s = &with.settings[i];

		if (s->guest >= 0 && s->guest != (int)number &&
		    strcmp(s->value, find(&without, s->path)->value) != 0)
			wrong(world, "%s's fault reaches /%s: '%s'", bad->name,
			      s->path, s->value);
	}
	/* Another guest's end restores what was that guest's. */
	for (size_t i = 0; i < with.n_guests; i++)
		stop(&with, i);
	settle(&with);
	check_original(&with);
	if (*with.wrong)
		wrong(world, "after a guest with a fault: %s", with.wrong);
	fini(&with);
	fini(&without);
}

static bool try_world(uint64_t seed)
{
	static struct world world;
	const bool with_foreign = seed % 2;

	make(&world, seed);
	if (!world.n_guests) {
		fini(&world);
		return true;
	}
	/* A kernel that forgets masks may leave a pinned task wide. */
	world.quiet = !with_foreign;
	for (unsigned i = 0; i < STEPS && !*world.wrong; i++) {
		happen(&world, with_foreign);
		if (!with_foreign && !*world.wrong)
			check_history(&world, seed);
	}
	forget_readings(&world);
	for (size_t i = 0; i < world.n_guests; i++)
		stop(&world, i);
	settle(&world);
	check_original(&world);
	if (!*world.wrong)
		check_contained(&world, seed);
	if (*world.wrong)
		printf("# seed %llu: %s\n", (unsigned long long)seed,
		       world.wrong);
	fini(&world);
	return !*world.wrong;
}

int main(int argc, char **argv)
{
	const uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	const uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : COUNT;
	unsigned bad = 0;

	for (uint64_t seed = first; seed < first + count && bad < 5; seed++)
		bad += !try_world(seed);
	ok(!bad, "%llu worlds from seed %llu on", (unsigned long long)count,
	   (unsigned long long)first);
	return tap_done();
}
