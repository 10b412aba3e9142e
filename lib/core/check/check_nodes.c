/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* check_nodes.c - guests that share a NUMA node with real-time ones */
#include "check_rules.h"

#include "core/config/config_accept.h"

#define WHY "guests of one node share its caches and memory bandwidth"

/* The guests of a node, and whose finding it is that they share it. */
struct sharing {
	struct rt_listing rt, ordinary;
	const struct rt_guest *first; /* real-time */
	const struct rt_guest *owner; /* an ordinary one, or a later one */
	bool concerns;
};

/* Whose finding it is rather: not one's who accepts it, an ordinary guest's. */
static unsigned rank(const struct rt_guest *guest)
{
	const struct rt_section *section = guest->section;
	unsigned rank = guest->rt ? 0 : 1;

	if (!section || !rt_accepts(section->accept, "shared-node"))
		rank += 2;
	return rank;
}

static void add_guest(const struct rt_checking *run, struct sharing *sharing,
		      const struct rt_guest *guest)
{
	const struct rt_guest *owner = sharing->owner;

	rt_list_guest(guest->rt ? &sharing->rt : &sharing->ordinary, guest);
	sharing->concerns |= rt_check_concerns(run, guest);
	if (guest->rt && !sharing->first)
		sharing->first = guest;
	else if (!owner || rank(guest) > rank(owner))
		sharing->owner = guest;
}

static void check_node(const struct rt_checking *run,
		       const struct rt_topo_object *node)
{
	const struct rt_guests *guests = run->check->guests;
	struct sharing sharing = { .concerns = false };
	RT_AUTO_STRBUF hint = { 0 };
	RT_AUTO_STRBUF who = { 0 };

	for (size_t i = 0; i < guests->n; i++) {
		const struct rt_guest *guest = &guests->items[i];

		if (rt_check_counts(run, guest) &&
		    rt_cpuset_intersects(&guest->cpuset, &node->cpus))
			add_guest(run, &sharing, guest);
	}
	if (sharing.first && sharing.owner && sharing.concerns) {
		rt_strbuf_addf(&who, "real-time guest%s %s",
			       sharing.rt.n == 1 ? "" : "s",
			       rt_list_text(&sharing.rt));
		if (sharing.ordinary.n)
			rt_strbuf_addf(&who, " and %s %s",
				       sharing.ordinary.n == 1 ? "guest" :
								 "guests",
				       rt_list_text(&sharing.ordinary));
		run->report->failed |= who.failed;
		if (rt_check_advise_cpuset(run, sharing.owner, "shared-node",
					   &hint))
			rt_strbuf_adds(&hint, ": " WHY);
		else
			rt_strbuf_adds(&hint, WHY ": keep what the others do "
						  "there low");
		rt_check_add(run, RT_WARNING, "shared-node", sharing.owner,
			     RT_KEY_CPUSET, &hint, "node %u is shared by %s",
			     node->number, who.text ? who.text : "");
	}
	rt_list_fini(run, &sharing.rt);
	rt_list_fini(run, &sharing.ordinary);
}

/* What `auto` takes from cpuset is reported with that. */
static void check_memory(const struct rt_checking *run,
			 const struct rt_guest *guest)
{
	const struct rt_guests *guests = run->check->guests;
	struct rt_listing names = { .n = 0 };
	struct rt_cpuset all = { 0 };
	RT_AUTO_STRBUF hint = { 0 };

	for (size_t i = 0; i < guests->n; i++) {
		const struct rt_guest *rt = &guests->items[i];
		struct rt_cpuset both;

		if (rt == guest || !rt->rt || !rt_check_counts(run, rt) ||
		    !(rt_check_concerns(run, rt) ||
		      rt_check_concerns(run, guest)))
			continue;
		both = rt_topo_memory(run->check->topo, &rt->cpuset);
		rt_cpuset_and(&both, &guest->nodes);
		if (rt_cpuset_is_empty(&both))
			continue;
		rt_cpuset_or(&all, &both);
		rt_list_guest(&names, rt);
	}
	if (names.n) {
		rt_strbuf_adds(&hint, "name nodes in numatune whose memory "
				      "no real-time guest is near to: " WHY);
		rt_check_add(run, RT_WARNING, "shared-memory", guest,
			     RT_KEY_NUMATUNE, &hint,
			     "numatune takes memory of %s, the nearest to the "
			     "CPUs of real-time guest%s %s",
			     rt_check_nodes_text(&all).text,
			     names.n == 1 ? "" : "s", rt_list_text(&names));
	}
	rt_list_fini(run, &names);
}

void rt_check_shared_nodes(const struct rt_checking *run)
{
	const struct rt_guests *guests = run->check->guests;
	const struct rt_topo_level *nodes = &run->check->topo->nodes;

	if (!rt_check_is_numa(run))
		return;
	for (size_t i = 0; i < nodes->n; i++)
		check_node(run, &nodes->items[i]);
	for (size_t i = 0; i < guests->n; i++) {
		const struct rt_guest *guest = &guests->items[i];

		if (guest->section && guest->section->numatune == RT_YES &&
		    rt_check_counts(run, guest))
			check_memory(run, guest);
	}
}
