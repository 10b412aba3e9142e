/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plan_shield.c - SMT siblings go offline, and nobody else runs on a guest's
 * CPUs
 *
 * Kernel 6.7 and later: the guest's scope becomes an isolated partition with
 * all owned CPUs, the offline ones too (should one come online, it is
 * shielded). It is a remote partition: cpuset.cpus.exclusive must name the
 * CPUs in every cgroup above it, parent first. Those files outlive the guest;
 * the scope's own go with it.
 *
 * Older kernels, and a guest whose shield the kernel has refused (somebody else
 * has its CPUs in a cpuset.cpus.exclusive, say): a fence. cpuset.cpus of the
 * cgroups beside the guest loses its CPUs, and what runs there is moved.
 */
#include "claim.h"

#define CGROUP_ROOT "sys/fs/cgroup/"
#define EXCLUSIVE   "/cpuset.cpus.exclusive"
#define PARTITION   "/cpuset.cpus.partition"

/* --- SMT siblings --- */

static int take_offline(struct maker *maker, size_t guest, unsigned cpu)
{
	char path[64];
	const struct rt_setting *setting;
	const struct claim claim = {
		.contribution = CLAIM_EXACTLY,
		.need = RT_MUST,
		.guest = (int)guest,
		.value = "0",
		.why = "SMT sibling of a guest's CPU goes offline",
	};
	struct target target = {
		.kind = RT_KIND_TEXT,
		.path = path,
		.now = "1",
		.node = -1,
	};

	snprintf(path, sizeof(path), "sys/devices/system/cpu/cpu%u/online",
		 cpu);
	setting = rt_settings_find(&maker->in->facts->settings, path);
	if (setting)
		target.now = setting->value;
	return rt_claim(maker, &target, &claim);
}

int rt_plan_siblings(struct maker *maker)
{
	const struct rt_journal *journal = maker->in->journal;
	int r = 0;

	for (size_t i = 0; i < journal->n_active; i++) {
		if (!rt_plan_has_rt(maker, i))
			continue;
		RT_CPUSET_FOREACH(cpu, &journal->active[i].guest.offline)
		{
			if (r == 0)
				r = take_offline(maker, i, (unsigned)cpu);
		}
	}
	return r;
}

/* --- isolated partitions --- */

/* Is `path` a file of the cgroup `scope` or of one above it? */
static bool is_above(const char *path, const char *scope)
{
	const char *dir = path + sizeof(CGROUP_ROOT) - 1;
	const char *file = strrchr(dir, '/');
	const size_t len = file ? (size_t)(file - dir) : 0;

	return len && strncmp(dir, scope, len) == 0 &&
	       (scope[len] == '/' || scope[len] == '\0');
}

static int claim_exclusive(struct maker *maker, size_t guest,
			   const struct rt_setting *setting)
{
	const struct claim claim = {
		.contribution = CLAIM_PLUS,
		.need = RT_MUST,
		.guest = (int)guest,
		.cpus = &maker->in->journal->active[guest].guest.owned,
		.why = "the guest's CPUs are for it alone",
	};
	const struct target target = {
		.kind = RT_KIND_LIST,
		.path = setting->path,
		.now = setting->value,
		.node = -1,
	};

	return rt_claim(maker, &target, &claim);
}

bool rt_plan_had_shield(const struct maker *maker, const char *uuid)
{
	const struct rt_processes *processes = &maker->in->facts->processes;

	for (size_t i = 0; i < processes->n; i++) {
		const struct rt_process *process = &processes->items[i];
		RT_AUTO_STRBUF path = { 0 };

		if (strcmp(process->uuid, uuid) != 0 || !process->scope)
			continue;
		rt_strbuf_addf(&path, CGROUP_ROOT "%s" PARTITION,
			       process->scope);
		return path.text &&
		       rt_journal_find(maker->in->journal, path.text);
	}
	return false;
}

static int claim_partition(struct maker *maker, size_t guest,
			   const struct rt_process *process)
{
	RT_AUTO_STRBUF path = { 0 };
	const struct rt_setting *setting;
	const struct claim claim = {
		.contribution = CLAIM_EXACTLY,
		.need = RT_MUST,
		.guest = (int)guest,
		.value = "isolated",
		.why = "shield: nothing else runs on the guest's CPUs",
	};
	struct target target = {
		.kind = RT_KIND_PARTITION,
		.traits = TRAIT_FIRM,
		.node = -1,
	};

	rt_strbuf_addf(&path, CGROUP_ROOT "%s" PARTITION, process->scope);
	if (path.failed)
		return rt_fail_memory(maker->err);
	setting = rt_settings_find(&process->cgroup, path.text);
	if (!setting) {
		rt_plan_failed(
			maker, guest,
			"its cgroup /%s has no %s: the cpuset controller "
			"is not enabled there, so its CPUs cannot be "
			"shielded",
			process->scope, &PARTITION[1]);
		return 0;
	}
	target.path = setting->path;
	target.now = setting->value;
	return rt_claim(maker, &target, &claim);
}

/*
 * Parent first: the kernel refuses a child CPUs that its parent does not have.
 */
static int shield(struct maker *maker, size_t guest,
		  const struct rt_process *process)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < process->cgroup.n; i++) {
		const struct rt_setting *setting = &process->cgroup.items[i];

		if (rt_plan_ends_with(setting->path, EXCLUSIVE) &&
		    is_above(setting->path, process->scope))
			r = claim_exclusive(maker, guest, setting);
	}
	return r < 0 ? r : claim_partition(maker, guest, process);
}

/*
 * The guest lives, but its cgroup is not known now. What was done for it stays:
 * partitions as they are, and its CPUs in each cgroup that has them. A file
 * that is in no other guest's facts is left as it is.
 */
static int keep_shield(struct maker *maker, size_t guest)
{
	const struct rt_journal *journal = maker->in->journal;
	int r = 0;

	for (size_t i = 0; r == 0 && i < journal->n_saved; i++) {
		const struct rt_saved *saved = &journal->saved[i];
		const struct rt_setting setting = {
			.path = saved->path,
			.value = saved->wrote,
		};
		struct rt_cpuset wrote;

		if (saved->done)
			continue;
		if (rt_plan_ends_with(saved->path, EXCLUSIVE) &&
		    rt_is_written(maker, saved) &&
		    rt_plan_parse(saved->kind, saved->wrote, &wrote) &&
		    rt_cpuset_is_subset(&journal->active[guest].guest.owned,
					&wrote))
			r = claim_exclusive(maker, guest, &setting);
		else if (saved->kind == RT_KIND_PARTITION ||
			 rt_plan_ends_with(saved->path, EXCLUSIVE))
			r = rt_claim_as_is(maker, saved);
	}
	return r;
}

bool rt_plan_is_shield(const struct rt_step *step)
{
	return step->kind == RT_KIND_PARTITION ||
	       rt_plan_ends_with(step->path, EXCLUSIVE);
}

/* --- guests without a shield --- */

bool rt_plan_is_fenced(const struct rt_facts *facts,
		       const struct rt_active *active)
{
	return !facts->has_partitions || active->fenced;
}

bool rt_plan_any_fenced(const struct maker *maker)
{
	const struct rt_journal *journal = maker->in->journal;

	for (size_t i = 0; i < journal->n_active; i++) {
		if (rt_plan_has_rt(maker, i) &&
		    rt_plan_is_fenced(maker->in->facts, &journal->active[i]))
			return true;
	}
	return false;
}

static bool is_rt_scope(const struct maker *maker, const char *path)
{
	const struct rt_processes *processes = &maker->in->facts->processes;

	for (size_t i = 0; i < processes->n; i++) {
		const struct rt_process *process = &processes->items[i];
		const int guest = rt_plan_find_guest(maker, process->uuid);

		if (guest >= 0 && rt_plan_has_rt(maker, (size_t)guest) &&
		    process->scope && is_above(path, process->scope))
			return true;
	}
	return false;
}

/* The file of that name in the cgroup that the first file is in; NULL. */
static const struct rt_setting *find_beside(const struct maker *maker,
					    const char *path, const char *name)
{
	RT_AUTO_STRBUF beside = { 0 };

	rt_strbuf_addf(&beside, "%.*s%s", (int)(strrchr(path, '/') - path),
		       path, name);
	return beside.failed ? NULL :
			       rt_settings_find(&maker->in->facts->settings,
						beside.text);
}

/* Valid or not: it may become valid when others lose its CPUs. */
static bool is_partition(const struct rt_setting *setting)
{
	return setting && setting->kind == RT_KIND_PARTITION &&
	       !rt_value_same(RT_KIND_PARTITION, setting->value, "member");
}

bool rt_plan_is_taken(const struct maker *maker, const struct rt_cpuset *cpus,
		      struct rt_strbuf *ret_by)
{
	static const char *const files[] = { "/cpuset.cpus", EXCLUSIVE };
	const struct rt_settings *settings = &maker->in->facts->settings;

	for (size_t i = 0; i < settings->n; i++) {
		const char *path = settings->items[i].path;

		for (size_t k = 0; k < 2; k++) {
			const struct rt_setting *file;
			struct rt_cpuset theirs;

			if (!is_partition(&settings->items[i]) ||
			    is_rt_scope(maker, path))
				break;
			file = find_beside(maker, path, files[k]);
			if (!file ||
			    !rt_plan_parse(file->kind, file->value, &theirs) ||
			    !rt_cpuset_intersects(&theirs, cpus))
				continue;
			rt_strbuf_addf(ret_by, "/%.*s",
				       (int)(strrchr(path, '/') - path), path);
			return true;
		}
	}
	return false;
}

static bool any_unread(const struct maker *maker)
{
	const struct rt_processes *processes = &maker->in->facts->processes;

	for (size_t i = 0; i < processes->n; i++) {
		const struct rt_process *process = &processes->items[i];
		const int guest = rt_plan_find_guest(maker, process->uuid);

		if (process->unread && guest >= 0 &&
		    rt_plan_has_rt(maker, (size_t)guest))
			return true;
	}
	return false;
}

/*
 * The cgroup of a guest that cannot be looked at is one of those that are not
 * on record, or below one: none of them is fenced off its CPUs.
 */
static int fence(struct maker *maker)
{
	const struct rt_settings *settings = &maker->in->facts->settings;
	const bool unread = any_unread(maker);
	int r = 0;

	for (size_t i = 0; r == 0 && i < settings->n; i++) {
		const struct rt_setting *setting = &settings->items[i];
		const struct target target = {
			.kind = RT_KIND_LIST,
			.path = setting->path,
			.now = setting->value,
			.node = -1,
			.swept = true,
			.fence = true,
		};

		if (rt_plan_ends_with(setting->path, "/cpuset.cpus") &&
		    !is_rt_scope(maker, setting->path) &&
		    !is_partition(
			    find_beside(maker, setting->path, PARTITION)) &&
		    (!unread ||
		     rt_journal_find(maker->in->journal, setting->path)))
			r = rt_claim_off(
				maker, &target, RT_MUST,
				"other cgroups keep off the guest's CPUs");
	}
	return r;
}

static int shield_process(struct maker *maker, size_t guest,
			  const struct rt_process *process)
{
	const struct rt_active *active = &maker->in->journal->active[guest];

	if (process->unread) {
		rt_plan_failed(maker, guest,
			       "its process %u cannot be examined: %s",
			       active->pid, process->unread);
		return keep_shield(maker, guest);
	}
	if (rt_plan_is_fenced(maker->in->facts, active))
		return 0;
	if (process->scope)
		return shield(maker, guest, process);
	rt_plan_failed(maker, guest,
		       "its process %u is in no cgroup of its own, so its CPUs "
		       "cannot be shielded",
		       active->pid);
	return 0;
}

/* First the guests that could be examined: their facts have the files. */
static int shield_processes(struct maker *maker, bool unread)
{
	const struct rt_processes *processes = &maker->in->facts->processes;
	int r = 0;

	for (size_t i = 0; r == 0 && i < processes->n; i++) {
		const struct rt_process *process = &processes->items[i];
		const int guest = rt_plan_find_guest(maker, process->uuid);

		if (guest >= 0 && rt_plan_has_rt(maker, (size_t)guest) &&
		    (process->unread != NULL) == unread)
			r = shield_process(maker, (size_t)guest, process);
	}
	return r;
}

int rt_plan_shield(struct maker *maker)
{
	int r = 0;

	if (rt_cpuset_is_empty(&maker->started))
		return 0;
	if (rt_plan_any_fenced(maker))
		r = fence(maker);
	if (r == 0)
		r = shield_processes(maker, false);
	return r < 0 ? r : shield_processes(maker, true);
}
