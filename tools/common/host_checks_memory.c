/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* host_checks_memory.c - is there the memory that locked guests will take? */
#include <stdlib.h>
#include <string.h>

#include "host_checks.h"

/* The host has work to do, too, and QEMU has some memory of its own. */
static bool is_too_much(unsigned long long wanted, unsigned long long of)
{
	return wanted > of - of / 10;
}

static unsigned long long less(unsigned long long a, unsigned long long b)
{
	return a > b ? a - b : 0;
}

/* "MemTotal:  5051352 kB", in a file with such lines; 0: there is none. */
static unsigned long long find_kib(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

static void check_all(const struct rt_host_locked *guests, size_t n,
		      const char *meminfo, struct rt_host_checks *checks)
{
	const unsigned long long total = less(find_kib(meminfo, "MemTotal:"),
					      find_kib(meminfo, "Hugetlb:"));
	unsigned long long wanted = 0;

	for (size_t i = 0; i < n; i++)
		wanted += guests[i].hugepages ? 0 : guests[i].kib;
	rt_host_check_add(checks, "memory",
			  is_too_much(wanted, total) ? RT_FAIL : RT_PASS,
			  "give the guests less, or the host more",
			  "guests with locked memory want %llu MiB of %llu MiB",
			  wanted / 1024, total / 1024);
}

/* --- huge pages, of one size on one node --- */

#define ANY_NODE (-1)

struct huge {
	unsigned long long page_kib;
	int node;
};

static struct huge huge_of(const struct rt_host_locked *guest,
			   unsigned long long default_kib)
{
	struct huge huge = { guest->page_kib ? guest->page_kib : default_kib,
			     ANY_NODE };

	if (rt_cpuset_count(&guest->nodes) == 1)
		huge.node = rt_cpuset_first(&guest->nodes);
	return huge;
}

static bool is_same(struct huge a, struct huge b)
{
	return a.page_kib == b.page_kib && a.node == b.node;
}

static void path_of(struct huge huge, char *buf, size_t size)
{
	if (huge.node == ANY_NODE)
		snprintf(buf, size,
			 "sys/kernel/mm/hugepages/hugepages-%llukB/"
			 "nr_hugepages",
			 huge.page_kib);
	else
		snprintf(buf, size,
			 "sys/devices/system/node/node%d/hugepages/"
			 "hugepages-%llukB/nr_hugepages",
			 huge.node, huge.page_kib);
}

/* How many pages the host has; false when it cannot have such pages. */
static bool read_pages(struct rt_loaded *loaded, struct huge huge,
		       unsigned long long *ret)
{
	char path[128], text[32];

	path_of(huge, path, sizeof(path));
	if (!rt_host_text(loaded, path, text, sizeof(text)))
		return false;
	*ret = strtoull(text, NULL, 10);
	return true;
}

static void add_huge(struct rt_loaded *loaded, struct huge huge,
		     unsigned long long wanted, struct rt_host_checks *checks)
{
	char path[128], fix[320], on[32] = "", at[16] = "";
	unsigned long long there = 0;

	if (!huge.page_kib || !read_pages(loaded, huge, &there)) {
		rt_host_check_add(
			checks, "hugepages", RT_FAIL,
			"take <hugepages> out of the guests' "
			"definitions, or name another size there",
			"guests want huge pages of %llu KiB (0: the host's "
			"default), and the host has no huge pages of that size",
			huge.page_kib);
		return;
	}
	path_of(huge, path, sizeof(path));
	if (huge.node != ANY_NODE) {
		snprintf(on, sizeof(on), " on node %d", huge.node);
		snprintf(at, sizeof(at), "%d:", huge.node); /* kernel 5.16 */
	}
	snprintf(
		fix, sizeof(fix),
		"'echo %llu >/%s' soon after each boot, before other programs "
		"take the memory; or at boot hugepagesz=%lluK hugepages=%s%llu",
		wanted, path, huge.page_kib, at, wanted);
	rt_host_check_add(checks, "hugepages",
			  wanted > there ? RT_FAIL : RT_PASS, fix,
			  "guests want %llu huge pages of %llu KiB%s, there "
			  "are %llu",
			  wanted, huge.page_kib, on, there);
}

static void check_huge(struct rt_loaded *loaded,
		       const struct rt_host_locked *guests, size_t n,
		       const char *meminfo, struct rt_host_checks *checks)
{
	const unsigned long long size = find_kib(meminfo, "Hugepagesize:");

	for (size_t i = 0; i < n; i++) {
		const struct huge huge = huge_of(&guests[i], size);
		unsigned long long wanted = 0;
		bool first = guests[i].hugepages;

		for (size_t k = 0; k < n; k++) {
			if (!guests[k].hugepages || !huge.page_kib ||
			    !is_same(huge_of(&guests[k], size), huge))
				continue;
			first = first && k >= i;
			wanted += (guests[k].kib + huge.page_kib - 1) /
				  huge.page_kib;
		}
		if (first)
			add_huge(loaded, huge, wanted, checks);
	}
}

/* --- one node --- */

/* What is set aside there for huge pages, of all sizes. */
static unsigned long long huge_kib(struct rt_loaded *loaded, unsigned node)
{
	RT_AUTO_NAMES sizes = { 0 };
	struct rt_err ignored;
	unsigned long long kib = 0, n;
	char path[64];

	snprintf(path, sizeof(path), "sys/devices/system/node/node%u/hugepages",
		 node);
	if (rt_sys_list(&loaded->sys, path, &sizes, &ignored) < 0)
		return 0;
	for (size_t i = 0; i < sizes.n; i++) {
		struct huge huge = { .node = (int)node };

		if (sscanf(sizes.items[i], "hugepages-%llukB",
			   &huge.page_kib) == 1 &&
		    read_pages(loaded, huge, &n))
			kib += n * huge.page_kib;
	}
	return kib;
}

/* Of guests whose memory has to be on that node. */
static void check_node(struct rt_loaded *loaded,
		       const struct rt_host_locked *guests, size_t n,
		       unsigned node, struct rt_host_checks *checks)
{
	unsigned long long wanted = 0, total;
	struct rt_err ignored;
	char text[8192];

	for (size_t i = 0; i < n; i++) {
		if (rt_cpuset_has(&guests[i].nodes, node) &&
		    rt_cpuset_count(&guests[i].nodes) == 1 &&
		    !guests[i].hugepages)
			wanted += guests[i].kib;
	}
	if (!wanted ||
	    rt_sys_readf(&loaded->sys, text, sizeof(text), &ignored,
			 "sys/devices/system/node/node%u/meminfo", node) < 0)
		return;
	total = less(find_kib(text, "MemTotal:"), huge_kib(loaded, node));
	rt_host_check_add(checks, "node-memory",
			  is_too_much(wanted, total) ? RT_FAIL : RT_PASS,
			  "give these guests less, or another node in numatune",
			  "guests of node %u want %llu MiB of its %llu MiB",
			  node, wanted / 1024, total / 1024);
}

void rt_host_check_memory(struct rt_loaded *loaded,
			  const struct rt_host_locked *guests, size_t n,
			  struct rt_host_checks *checks)
{
	struct rt_cpuset nodes = { 0 };
	char meminfo[8192];

	if (!rt_host_text(loaded, "proc/meminfo", meminfo, sizeof(meminfo)))
		return;
	check_all(guests, n, meminfo, checks);
	check_huge(loaded, guests, n, meminfo, checks);
	for (size_t i = 0; i < n; i++)
		rt_cpuset_or(&nodes, &guests[i].nodes);
	RT_CPUSET_FOREACH(node, &nodes)
	{
		check_node(loaded, guests, n, (unsigned)node, checks);
	}
}
