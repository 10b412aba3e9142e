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

/* "MemTotal:  5051352 kB", in a file with such lines; 0: there is none. */
static unsigned long long find_kib(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

static void check_all(const struct rt_host_locked *guests, size_t n,
		      const char *meminfo, struct rt_host_checks *checks)
{
	const unsigned long long huge = find_kib(meminfo, "Hugetlb:");
	const unsigned long long total = find_kib(meminfo, "MemTotal:") - huge;
	unsigned long long wanted = 0;

	for (size_t i = 0; i < n; i++)
		wanted += guests[i].hugepages ? 0 : guests[i].kib;
	rt_host_check_add(checks, "memory",
			  is_too_much(wanted, total) ? RT_FAIL : RT_PASS,
			  "give the guests less, or the host more",
			  "guests with locked memory want %llu MiB of %llu MiB",
			  wanted / 1024, total / 1024);
}

static void check_huge(const struct rt_host_locked *guests, size_t n,
		       const char *meminfo, struct rt_host_checks *checks)
{
	const unsigned long long there = find_kib(meminfo, "Hugetlb:");
	const unsigned long long size = find_kib(meminfo, "Hugepagesize:");
	unsigned long long wanted = 0;
	char fix[160];

	for (size_t i = 0; i < n; i++)
		wanted += guests[i].hugepages ? guests[i].kib : 0;
	if (!wanted)
		return;
	snprintf(fix, sizeof(fix),
		 "vm.nr_hugepages = %llu in /etc/sysctl.d/kvmrt.conf, and "
		 "'sysctl --system' soon after boot",
		 size ? (wanted + size - 1) / size : 0);
	rt_host_check_add(checks, "hugepages",
			  wanted > there ? RT_FAIL : RT_PASS, fix,
			  "guests want %llu MiB of huge pages, the host has "
			  "%llu MiB",
			  wanted / 1024, there / 1024);
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
		    rt_cpuset_count(&guests[i].nodes) == 1)
			wanted += guests[i].kib;
	}
	if (!wanted ||
	    rt_sys_readf(&loaded->sys, text, sizeof(text), &ignored,
			 "sys/devices/system/node/node%u/meminfo", node) < 0)
		return;
	total = find_kib(text, "MemTotal:");
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
	check_huge(guests, n, meminfo, checks);
	for (size_t i = 0; i < n; i++)
		rt_cpuset_or(&nodes, &guests[i].nodes);
	RT_CPUSET_FOREACH(node, &nodes)
	{
		check_node(loaded, guests, n, (unsigned)node, checks);
	}
}
