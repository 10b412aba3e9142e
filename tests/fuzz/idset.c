/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* idset.c - fuzz: any text as a list and as a mask; both come back the same */
#include <assert.h>
#include <stdint.h>

#include "core/base/cpuset.h"
#include "core/base/strbuf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct rt_cpuset *set)
{
	char buf[RT_CPULIST_MAX + 1];
	struct rt_cpuset again;
	struct rt_err err;

	assert(rt_cpuset_format_list(set, buf, sizeof(buf)) < sizeof(buf));
	assert(rt_cpuset_parse_list(buf, &again, &err) == 0);
	assert(rt_cpuset_is_equal(set, &again));
	assert(rt_cpuset_format_mask(set, 0, buf, sizeof(buf)) < sizeof(buf));
	assert(rt_cpuset_parse_mask(buf, &again, &err) == 0);
	assert(rt_cpuset_is_equal(set, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	RT_AUTO_FREE char *text = malloc(size + 1);
	struct rt_cpuset set;
	struct rt_err err;

	assert(text);
	memcpy(text, data, size);
	text[size] = '\0';
	if (rt_cpuset_parse_list(text, &set, &err) == 0)
		check(&set);
	if (rt_cpuset_parse_mask(text, &set, &err) == 0)
		check(&set);
	return 0;
}
