/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plan_threads.c - the guest's own threads, each on its CPU
 *
 * vCPU i runs on the i-th vCPU CPU alone; every other thread of the process
 * has one service CPU. One, because an isolated partition has no load
 * balancing: a thread with two CPUs stays where it first ran. The threads are
 * dealt out evenly and then left where they are, so that nothing moves twice.
 *
 * All this belongs to the guest's process and dies with it: no record.
 */
#include "claim.h"

#include <stdlib.h>

#include "core/model/sched.h"

#define CGROUP_ROOT "sys/fs/cgroup/"

struct place {
	struct maker *maker;
	const struct rt_process *process;
	const struct rt_guest *guest;
	int index; /* of the guest among the active */
};

static int claim_cpus(const struct place *place, enum rt_kind kind,
		      const char *path, const char *now,
		      const struct rt_cpuset *cpus, enum rt_need need,
		      const char *why)
{
	const struct target target = {
		.kind = kind,
		.path = path,
		.now = now,
		.traits = TRAIT_DIES,
		.node = -1,
	};
	const struct claim claim = {
		.need = need,
		.guest = place->index,
		.why = why,
	};

	return rt_claim_cpus(place->maker, &target, &claim, cpus);
}

static int claim_affinity(const struct place *place,
			  const struct rt_thread *thread,
			  const struct rt_cpuset *cpus, const char *why)
{
	char path[64], now[RT_CPULIST_MAX];

	snprintf(path, sizeof(path), "task/%u/%u/%llu", thread->pid,
		 thread->tid, thread->start);
	rt_cpuset_format_list(&thread->affinity, now, sizeof(now));
	return claim_cpus(place, RT_KIND_AFFINITY, path, now, cpus,
			  place->guest->rt ? RT_MUST : RT_MAY, why);
}

static int claim_sched(const struct place *place,
		       const struct rt_thread *thread, const char *value,
		       const char *why)
{
	char path[64];
	const struct target target = {
		.kind = RT_KIND_SCHED,
		.path = path,
		.now = thread->sched,
		.traits = TRAIT_DIES,
		.node = -1,
	};
	const struct claim claim = {
		.contribution = CLAIM_EXACTLY,
		.need = RT_MUST,
		.guest = place->index,
		.value = value,
		.why = why,
	};

	snprintf(path, sizeof(path), "task/%u/%u/%llu", thread->pid,
		 thread->tid, thread->start);
	return *thread->sched ? rt_claim(place->maker, &target, &claim) : 0;
}

/* cpuset.cpus of a leaf such as "vcpu0"; NULL if there is none. */
static const struct rt_setting *find_leaf(const struct place *place,
					  const char *leaf)
{
	const struct rt_settings *files = &place->process->cgroup;
	RT_AUTO_STRBUF end = { 0 };

	rt_strbuf_addf(&end, "/libvirt/%s/cpuset.cpus", leaf);
	for (size_t i = 0; end.text && i < files->n; i++) {
		if (rt_plan_ends_with(files->items[i].path, end.text))
			return &files->items[i];
	}
	return NULL;
}

static bool is_vcpu(const struct place *place, const struct rt_thread *thread)
{
	return thread->role == RT_ROLE_VCPU &&
	       thread->vcpu < rt_cpuset_count(&place->guest->vcpus);
}

static int place_vcpu(const struct place *place, const struct rt_thread *thread)
{
	struct rt_cpuset cpu = { 0 };
	const struct rt_setting *file;
	char leaf[32];
	int r = 0;

	rt_cpuset_add(&cpu, (unsigned)rt_cpuset_nth(&place->guest->vcpus,
						    thread->vcpu));
	snprintf(leaf, sizeof(leaf), "vcpu%u", thread->vcpu);
	file = find_leaf(place, leaf);
	if (file)
		r = claim_cpus(place, RT_KIND_LIST, file->path, file->value,
			       &cpu, RT_MUST, "vCPU alone on its CPU");
	if (r == 0)
		r = claim_affinity(place, thread, &cpu,
				   "vCPU alone on its CPU");
	if (r == 0)
		r = claim_sched(place, thread,
				rt_sched_text(place->guest->vcpu_fifo).text,
				"vCPU in the class that kvmrt.cfg gives it");
	return r;
}

static bool is_in_vcpu_leaf(const struct rt_thread *thread)
{
	return thread->leaf && strncmp(thread->leaf, "vcpu", 4) == 0;
}

/*
 * kvm-nx-lpage-re is born in the first vCPU's cgroup, on its CPU and in its
 * scheduling class (6.12). By its name it is known when it has left the cgroup,
 * too. Other helpers have the class that the definition gives them.
 */
static int leave_vcpu_class(const struct place *place,
			    const struct rt_thread *thread)
{
	static const char name[] = "kvm-nx-lpage-re";

	if (!is_in_vcpu_leaf(thread) &&
	    strncmp(thread->comm, name, strlen(name)) != 0)
		return 0;
	return claim_sched(place, thread, rt_sched_text(0).text,
			   "helper thread without the vCPU's class");
}

/* A mask alone does not get it off: it has to change cgroups first. */
static int leave_vcpu_leaf(const struct place *place,
			   const struct rt_thread *thread)
{
	RT_AUTO_STRBUF to = { 0 };
	RT_AUTO_STRBUF from = { 0 };
	char path[64];
	struct target target = {
		.kind = RT_KIND_CGROUP,
		.path = path,
		.traits = TRAIT_DIES,
		.node = -1,
	};
	struct claim claim = {
		.contribution = CLAIM_EXACTLY,
		.need = RT_MUST,
		.guest = place->index,
		.why = "helper thread out of the vCPU's cgroup",
	};

	if (!is_in_vcpu_leaf(thread) || !find_leaf(place, "emulator"))
		return 0;
	snprintf(path, sizeof(path), "task/%u/%u/%llu", thread->pid,
		 thread->tid, thread->start);
	rt_strbuf_addf(&from, "%s/libvirt/%s", place->process->scope,
		       thread->leaf);
	rt_strbuf_addf(&to, "%s/libvirt/emulator", place->process->scope);
	if (from.failed || to.failed)
		return rt_fail_memory(place->maker->err);
	target.now = from.text;
	claim.value = to.text;
	return rt_claim(place->maker, &target, &claim);
}

/* --- dealing service threads out --- */

struct hand {
	const struct rt_thread **threads;
	unsigned *at; /* index of each thread's CPU in cpus */
	size_t n;
	unsigned *cpus, *load;
	unsigned n_cpus;
};

static void hand_fini(struct hand *hand)
{
	free(hand->threads);
	free(hand->at);
	free(hand->cpus);
	free(hand->load);
}

static int hand_init(struct hand *hand, const struct place *place)
{
	const struct rt_threads *threads = &place->process->threads;
	const struct rt_cpuset *service = &place->guest->service;

	hand->n_cpus = rt_cpuset_count(service);
	hand->threads = calloc(threads->n + 1, sizeof(*hand->threads));
	hand->at = calloc(threads->n + 1, sizeof(*hand->at));
	hand->cpus = calloc(hand->n_cpus + 1, sizeof(*hand->cpus));
	hand->load = calloc(hand->n_cpus + 1, sizeof(*hand->load));
	if (!hand->threads || !hand->at || !hand->cpus || !hand->load)
		return rt_fail_memory(place->maker->err);

	hand->n_cpus = 0;
	RT_CPUSET_FOREACH(cpu, service)
	hand->cpus[hand->n_cpus++] = (unsigned)cpu;
	for (size_t i = 0; i < threads->n; i++) {
		if (!is_vcpu(place, &threads->items[i]))
			hand->threads[hand->n++] = &threads->items[i];
	}
	return 0;
}

static unsigned extreme(const struct hand *hand, bool most)
{
	unsigned best = 0;

	for (unsigned i = 1; i < hand->n_cpus; i++) {
		if (most ? hand->load[i] > hand->load[best] :
			   hand->load[i] < hand->load[best])
			best = i;
	}
	return best;
}

/*
 * A thread that has one service CPU stays there; each of the others goes to the
 * CPU with the fewest threads.
 */
static void deal(struct hand *hand)
{
	for (size_t i = 0; i < hand->n; i++) {
		const struct rt_cpuset *mask = &hand->threads[i]->affinity;

		hand->at[i] = hand->n_cpus;
		for (unsigned k = 0; k < hand->n_cpus; k++) {
			if (rt_cpuset_count(mask) == 1 &&
			    rt_cpuset_has(mask, hand->cpus[k]))
				hand->at[i] = k;
		}
		if (hand->at[i] < hand->n_cpus)
			hand->load[hand->at[i]]++;
	}
	for (size_t i = 0; i < hand->n; i++) {
		if (hand->at[i] == hand->n_cpus) {
			hand->at[i] = extreme(hand, false);
			hand->load[hand->at[i]]++;
		}
	}
	/*
	 * A new thread inherits its parent's one CPU: even them out, and move
	 * the youngest.
	 */
	for (;;) {
		const unsigned most = extreme(hand, true);
		const unsigned least = extreme(hand, false);
		size_t i = hand->n;

		if (hand->load[most] < hand->load[least] + 2)
			break;
		while (hand->at[--i] != most)
			;
		hand->load[most]--;
		hand->load[least]++;
		hand->at[i] = least;
	}
}

static int place_service(const struct place *place)
{
	struct hand hand = { 0 };
	int r = hand_init(&hand, place);

	if (r == 0 && hand.n_cpus)
		deal(&hand);
	for (size_t i = 0; r == 0 && hand.n_cpus && i < hand.n; i++) {
		struct rt_cpuset cpu = { 0 };

		rt_cpuset_add(&cpu, hand.cpus[hand.at[i]]);
		r = leave_vcpu_class(place, hand.threads[i]);
		if (r == 0)
			r = leave_vcpu_leaf(place, hand.threads[i]);
		if (r == 0)
			r = claim_affinity(place, hand.threads[i], &cpu,
					   "helper thread on a service CPU");
	}
	hand_fini(&hand);
	return r;
}

/* --- leaves --- */

/* emulator and iothreads, as far as the definition's pins did not do so. */
static int widen_leaves(const struct place *place)
{
	const struct rt_settings *files = &place->process->cgroup;
	int r = 0;

	for (size_t i = 0; r == 0 && i < files->n; i++) {
		const struct rt_setting *file = &files->items[i];
		const char *leaf = strstr(file->path, "/libvirt/");

		if (!leaf)
			continue;
		leaf += strlen("/libvirt/");
		if (rt_plan_ends_with(file->path, "/cpuset.cpus") &&
		    strncmp(leaf, "vcpu", 4) != 0)
			r = claim_cpus(place, RT_KIND_LIST, file->path,
				       file->value, &place->guest->service,
				       RT_MUST,
				       "helper threads have all service CPUs");
		else if (rt_plan_ends_with(file->path, "/cpuset.mems") &&
			 !rt_cpuset_is_empty(&place->guest->nodes))
			r = claim_cpus(place, RT_KIND_LIST, file->path,
				       file->value, &place->guest->nodes,
				       RT_MAY,
				       "new memory from the guest's nodes");
	}
	return r;
}

/*
 * The kernel keeps an account of pressure for each cgroup (6.1) in a work item
 * that comes every two seconds, on the CPU of whoever was awake there first. In
 * the guest's own cgroups that is a vCPU's.
 */
static int stop_accounts(const struct place *place)
{
	const struct rt_settings *files = &place->process->cgroup;
	const struct claim claim = {
		.contribution = CLAIM_EXACTLY,
		.need = RT_MAY,
		.guest = place->index,
		.value = "0",
		.why = "no account of pressure, for its work item comes every "
		       "two seconds",
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < files->n; i++) {
		const struct target target = {
			.kind = RT_KIND_TEXT,
			.path = files->items[i].path,
			.now = files->items[i].value,
			.traits = TRAIT_DIES,
			.node = -1,
		};

		if (rt_plan_ends_with(target.path, "/cgroup.pressure"))
			r = rt_claim(place->maker, &target, &claim);
	}
	return r;
}

static int place_rt(const struct place *place)
{
	const struct rt_threads *threads = &place->process->threads;
	int r = widen_leaves(place);

	if (r == 0)
		r = stop_accounts(place);

	for (size_t i = 0; r == 0 && i < threads->n; i++) {
		if (is_vcpu(place, &threads->items[i]))
			r = place_vcpu(place, &threads->items[i]);
	}
	return r < 0 ? r : place_service(place);
}

/*
 * All threads stay within cpuset, and the user's own pins inside it stay. CPUs
 * that a real-time guest has taken meanwhile are left out.
 */
static int place_ordinary(const struct place *place)
{
	const struct rt_threads *threads = &place->process->threads;
	struct rt_cpuset cpus = place->guest->cpuset;
	int r = 0;

	rt_cpuset_minus(&cpus, &place->maker->owned);
	for (size_t i = 0; r == 0 && i < threads->n; i++) {
		const struct rt_thread *thread = &threads->items[i];

		if (!rt_cpuset_is_empty(&cpus) &&
		    !rt_cpuset_is_subset(&thread->affinity, &cpus))
			r = claim_affinity(place, thread, &cpus,
					   "thread within the guest's cpuset");
	}
	return r;
}

int rt_plan_threads(struct maker *maker)
{
	const struct rt_processes *processes = &maker->in->facts->processes;
	const struct rt_journal *journal = maker->in->journal;
	int r = 0;

	for (size_t i = 0; r == 0 && i < processes->n; i++) {
		const int guest =
			rt_plan_find_guest(maker, processes->items[i].uuid);
		const struct place place = {
			.maker = maker,
			.process = &processes->items[i],
			.guest = guest < 0 ? NULL :
					     &journal->active[guest].guest,
			.index = guest,
		};

		if (guest < 0 || processes->items[i].unread)
			continue;
		if (!place.guest->rt)
			r = place_ordinary(&place);
		else if (rt_plan_has_rt(maker, (size_t)guest))
			r = place_rt(&place);
	}
	return r;
}
