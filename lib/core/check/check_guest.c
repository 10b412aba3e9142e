/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* check_guest.c - the rules of one guest and the host's CPUs */
#include "check_rules.h"

#include "core/base/text.h"

static void has_no_effect(const struct rt_checking *run,
			  const struct rt_guest *guest, enum rt_key key)
{
	RT_AUTO_STRBUF hint = { 0 };

	rt_strbuf_addf(&hint, "write rt = true, or leave %s out",
		       rt_key_name(key));
	rt_check_add(run, RT_WARNING, "only-rt", guest, key, &hint,
		     "%s has no effect: the guest is not real-time",
		     rt_key_name(key));
}

static void check_fifo(const struct rt_checking *run,
		       const struct rt_guest *guest)
{
	RT_AUTO_STRBUF hint = { 0 };

	if (!guest->rt || !guest->vcpu_fifo)
		return;
	rt_strbuf_adds(&hint, "leave vcpu_sched out, unless kvmrt-noise shows "
			      "that the guest needs it");
	rt_check_add(run, RT_WARNING, "vcpu-fifo", guest, RT_KEY_VCPU_SCHED,
		     &hint,
		     "while a SCHED_FIFO vCPU does not halt, the kernel's own "
		     "work on its CPU waits, and whatever waits for that work "
		     "stands still");
}

static void check_basics(const struct rt_checking *run,
			 const struct rt_guest *guest)
{
	const struct rt_section *section = guest->section;
	RT_AUTO_STRBUF hint = { 0 };

	if (!guest->rt && section && section->suppress)
		has_no_effect(run, guest, RT_KEY_SUPPRESS);
	if (!guest->rt && section && section->smt_idle)
		has_no_effect(run, guest, RT_KEY_SMT);
	if (!guest->rt && section && section->vcpu_fifo)
		has_no_effect(run, guest, RT_KEY_VCPU_SCHED);
	if (!guest->rt)
		return;
	/* A cpuset that could not be read has its own finding. */
	if (rt_cpuset_is_empty(&guest->cpuset) &&
	    (!section || !*section->cpuset) &&
	    !rt_check_is_doubtful(run, guest, RT_KEY_CPUSET)) {
		if (!rt_check_advise_cpuset(run, guest, "rt-no-cpuset", &hint))
			rt_strbuf_addf(&hint, "set cpuset to at least %u CPUs",
				       guest->nr_vcpus + 1);
		rt_strbuf_adds(&hint, ": one for each vCPU and one for the "
				      "guest's other threads");
		rt_check_add(run, RT_ERROR, "rt-no-cpuset", guest, RT_KEY_RT,
			     &hint, "a real-time guest needs a cpuset");
	}
	if (!guest->locked) {
		rt_strbuf_adds(&hint, "write rt_memory = auto");
		rt_check_add(run, RT_ERROR, "rt-no-memory-lock", guest,
			     RT_KEY_RT_MEMORY, &hint,
			     "a real-time guest needs its memory locked, but "
			     "rt_memory is off");
	}
}

static void check_rt_count(const struct rt_checking *run,
			   const struct rt_guest *guest)
{
	const unsigned usable = rt_cpuset_count(&guest->usable);
	const struct rt_section *section = guest->section;
	struct rt_cpuset idle = guest->cpuset;
	RT_AUTO_STRBUF hint = { 0 };
	char siblings[256] = "";

	rt_cpuset_minus(&idle, &guest->usable);
	if (!rt_cpuset_is_empty(&idle))
		snprintf(siblings, sizeof(siblings),
			 ", as SMT siblings (%s) %s",
			 rt_cpuset_text(&idle).text,
			 rt_cpuset_is_empty(&guest->offline) ? "stay idle" :
							       "go offline");
	if (!rt_check_advise_cpuset(run, guest, "too-few-cpus", &hint))
		rt_strbuf_addf(&hint,
			       "name %u more CPUs in cpuset, each on a core "
			       "that cpuset does not have yet",
			       guest->nr_vcpus + 1 - usable);
	/* Another product would be the next finding. */
	if (usable > 1 && section && section->topology_auto)
		rt_strbuf_addf(&hint, ", or write nr_vcpus = %u", usable - 1);
	rt_check_add(run, RT_ERROR, "too-few-cpus", guest, RT_KEY_CPUSET, &hint,
		     "%s and the service threads need %u CPUs, cpuset "
		     "has %u usable%s",
		     rt_count(guest->nr_vcpus, "vCPU").text,
		     guest->nr_vcpus + 1, usable, siblings);
}

static void check_count(const struct rt_checking *run,
			const struct rt_guest *guest)
{
	const struct rt_section *section = guest->section;
	const unsigned count = rt_cpuset_count(&guest->cpuset);
	RT_AUTO_STRBUF hint = { 0 };

	/* `auto` fits by itself, or could not be resolved. */
	if (!count || (section && !section->nr_vcpus) ||
	    rt_check_is_doubtful(run, guest, RT_KEY_NR_VCPUS))
		return;
	if (guest->rt && rt_cpuset_count(&guest->usable) <= guest->nr_vcpus) {
		check_rt_count(run, guest);
	} else if (!guest->rt && count <= guest->nr_vcpus) {
		if (!rt_check_advise_cpuset(run, guest, "few-cpus", &hint))
			rt_strbuf_addf(&hint, "name %u or more CPUs in cpuset",
				       guest->nr_vcpus + 1);
		rt_strbuf_adds(&hint, ", or lower nr_vcpus");
		rt_check_add(run, RT_WARNING, "few-cpus", guest, RT_KEY_CPUSET,
			     &hint, "%s and the guest's other threads share %s",
			     rt_count(guest->nr_vcpus, "vCPU").text,
			     rt_check_cpus_text(&guest->cpuset).text);
	}
}

static void check_product(const struct rt_checking *run,
			  const struct rt_guest *guest)
{
	const unsigned long long product =
		1ull * guest->sockets * guest->cores * guest->threads;
	RT_AUTO_STRBUF hint = { 0 };

	/* 0: could not be resolved, which has its own finding. */
	if (!guest->nr_vcpus || product == guest->nr_vcpus ||
	    rt_check_is_doubtful(run, guest, RT_KEY_NR_VCPUS))
		return;
	rt_strbuf_adds(&hint, "write cpu_topology = auto");
	/* One that would be too many is no way out. */
	if (product <= RT_CPUS_MAX &&
	    (rt_cpuset_is_empty(&guest->cpuset) ||
	     product < rt_cpuset_count(&guest->usable)))
		rt_strbuf_addf(&hint, ", or nr_vcpus = %llu", product);
	rt_check_add(run, RT_ERROR, "topology-product", guest,
		     RT_KEY_CPU_TOPOLOGY, &hint,
		     "cpu_topology %u,%u,%u comes to %s, nr_vcpus "
		     "is %u",
		     guest->sockets, guest->cores, guest->threads,
		     rt_count(product, "vCPU").text, guest->nr_vcpus);
}

static void check_online(const struct rt_checking *run,
			 const struct rt_guest *guest)
{
	struct rt_cpuset off = guest->rt ? guest->usable : guest->cpuset;
	RT_AUTO_STRBUF hint = { 0 };

	rt_cpuset_minus(&off, &run->check->topo->online);
	rt_cpuset_minus(&off, &run->offline);
	if (rt_cpuset_is_empty(&off))
		return;
	rt_strbuf_addf(&hint,
		       "bring it online (chcpu -e %s) or name other "
		       "CPUs",
		       rt_cpuset_text(&off).text);
	/* libvirt cannot pin a vCPU to it. */
	rt_check_add(run, guest->rt ? RT_ERROR : RT_WARNING, "offline-cpu",
		     guest, RT_KEY_CPUSET, &hint,
		     "cpuset has %s, which %s offline",
		     rt_check_cpus_text(&off).text,
		     rt_cpuset_count(&off) == 1 ? "is" : "are");
}

static void check_nodes(const struct rt_checking *run,
			const struct rt_guest *guest)
{
	const struct rt_topo *topo = run->check->topo;
	const struct rt_cpuset nodes = rt_check_nodes(run, &guest->cpuset);
	const struct rt_cpuset near = rt_topo_memory(topo, &guest->cpuset);
	RT_AUTO_STRBUF hint = { 0 };
	struct rt_cpuset outside = guest->nodes;

	/* A node of memory alone counts: memory may come from there. */
	if (!guest->rt || rt_cpuset_is_empty(&nodes) || topo->nodes.n < 2)
		return;
	if (rt_cpuset_count(&nodes) > 1) {
		if (!rt_check_advise_cpuset(run, guest, "several-nodes", &hint))
			rt_strbuf_adds(&hint, "no node has room for it: give "
					      "it fewer vCPUs");
		rt_check_add(run, RT_WARNING, "several-nodes", guest,
			     RT_KEY_CPUSET, &hint,
			     "cpuset is spread over NUMA %s",
			     rt_check_nodes_text(&nodes).text);
	}
	rt_cpuset_minus(&outside, &near);
	if (!rt_cpuset_is_empty(&guest->nodes) && rt_cpuset_is_empty(&outside))
		return;
	rt_strbuf_addf(&hint, "write numatune = auto: it is %s here",
		       rt_check_nodes_text(&near).text);
	if (rt_cpuset_is_empty(&guest->nodes))
		rt_check_add(run, RT_WARNING, "numatune-off", guest,
			     RT_KEY_NUMATUNE, &hint,
			     "numatune is off: memory may come from any node");
	else
		rt_check_add(
			run, RT_WARNING, "numatune-outside", guest,
			RT_KEY_NUMATUNE, &hint,
			"numatune takes memory of %s, the nearest to its CPUs "
			"is of %s",
			rt_check_nodes_text(&outside).text,
			rt_check_nodes_text(&near).text);
}

static void check_boot_cpu(const struct rt_checking *run,
			   const struct rt_guest *guest)
{
	const struct rt_cpuset nodes = rt_check_nodes(run, &guest->owned);
	RT_AUTO_STRBUF hint = { 0 };

	if (!guest->rt)
		return;
	if (rt_cpuset_has(&guest->owned, 0)) {
		if (rt_check_advise_cpuset(run, guest, "rt-cpu0", &hint))
			rt_strbuf_adds(&hint, ": ");
		rt_strbuf_adds(&hint, "leave CPU 0 and its SMT siblings to "
				      "the host, which has work that can run "
				      "nowhere else");
		rt_check_add(run, RT_WARNING, "rt-cpu0", guest, RT_KEY_CPUSET,
			     &hint, "owns CPU 0%s",
			     rt_cpuset_has(&guest->cpuset, 0) ?
				     "" :
				     ", an SMT sibling of its CPUs");
	} else if (rt_cpuset_has(&nodes, 0) && rt_check_is_numa(run)) {
		if (rt_check_advise_cpuset(run, guest, "rt-node0", &hint))
			rt_strbuf_adds(&hint, ": most of the host's own work "
					      "is on node 0");
		else
			rt_strbuf_adds(&hint, "most of the host's own work is "
					      "on node 0; no other node is "
					      "better for this guest");
		rt_check_add(run, RT_WARNING, "rt-node0", guest, RT_KEY_CPUSET,
			     &hint, "its CPUs are on NUMA node 0");
	}
}

static void check_kinds(const struct rt_checking *run,
			const struct rt_guest *guest)
{
	const struct rt_topo_level *kinds = &run->check->topo->kinds;
	const struct rt_cpuset met = rt_topo_numbers(kinds, &guest->cpuset);
	RT_AUTO_STRBUF hint = { 0 };
	RT_AUTO_STRBUF parts = { 0 };

	if (!guest->rt || rt_cpuset_count(&met) < 2)
		return;
	for (size_t i = 0; i < kinds->n; i++) {
		struct rt_cpuset part = kinds->items[i].cpus;

		rt_cpuset_and(&part, &guest->cpuset);
		if (rt_cpuset_is_empty(&part))
			continue;
		rt_strbuf_addf(&parts, "%s%s",
			       parts.len ? ", faster " : "slower ",
			       rt_cpuset_text(&part).text);
	}
	if (parts.failed) {
		run->report->failed = true;
		return;
	}
	if (rt_check_advise_cpuset(run, guest, "mixed-cores", &hint))
		rt_strbuf_adds(&hint, ": then all vCPUs are equally fast");
	else
		rt_strbuf_adds(&hint, "no kind of core has room for it: the "
				      "vCPUs are not equally fast");
	rt_check_add(run, RT_WARNING, "mixed-cores", guest, RT_KEY_CPUSET,
		     &hint, "cpuset mixes kinds of cores: %s", parts.text);
}

void rt_check_guest(const struct rt_checking *run, const struct rt_guest *guest)
{
	check_basics(run, guest);
	check_fifo(run, guest);
	check_count(run, guest);
	check_product(run, guest);
	check_online(run, guest);
	check_nodes(run, guest);
	check_boot_cpu(run, guest);
	check_kinds(run, guest);
}
