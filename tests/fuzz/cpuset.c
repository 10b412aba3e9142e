/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cpuset.c - fuzz: any text in the CPUSET language, on a host of two nodes
 * with two cores of two CPUs each
 */
#include <assert.h>
#include <stdint.h>

#include "core/base/strbuf.h"
#include "core/model/topo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void build_host(struct rt_topo *topo)
{
	struct rt_err err;
	int r = 0;

	rt_cpuset_add_range(&topo->present, 0, 7);
	topo->online = topo->present;
	for (unsigned i = 0; i < 2; i++) {
		struct rt_cpuset cpus = { 0 };

		rt_cpuset_add_range(&cpus, i * 4, i * 4 + 3);
		r |= rt_topo_add(&topo->nodes, i, &cpus, &err);
		r |= rt_topo_add(&topo->packages, i, &cpus, &err);
		r |= rt_topo_add(&topo->dies, i, &cpus, &err);
	}
	for (unsigned i = 0; i < 4; i++) {
		struct rt_cpuset cpus = { 0 };

		rt_cpuset_add_range(&cpus, i * 2, i * 2 + 1);
		r |= rt_topo_add(&topo->cores, i, &cpus, &err);
	}
	assert(r == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	RT_AUTO_FREE char *text = malloc(size + 1);
	struct rt_topo topo = { 0 };
	struct rt_cpuset set = { 0 };
	struct rt_err err;

	assert(text);
	memcpy(text, data, size);
	text[size] = '\0';
	build_host(&topo);
	/* What is right on a host is right without one; and is of the host. */
	if (rt_topo_parse_cpuset(&topo, text, &set, &err) == 0) {
		assert(rt_topo_parse_cpuset(NULL, text, &set, &err) == 0);
		assert(rt_cpuset_is_subset(&set, &topo.present));
	}
	rt_topo_fini(&topo);
	return 0;
}
