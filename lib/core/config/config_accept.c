/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config_accept.c - the warnings that a guest's section may accept */
#include "config_accept.h"

#include "core/base/text.h"

static const char *const codes[] = {
	"few-cpus",	    "offline-cpu",   "several-nodes", "numatune-off",
	"numatune-outside", "rt-cpu0",	     "rt-node0",      "mixed-cores",
	"shared-node",	    "shared-memory", "pci-no-iommu",  "pci-far",
	"pci-neighbour",    "host-device",   "managed-irq",   "odd-name",
	"key-in-text",
};
#define N_CODES (sizeof(codes) / sizeof(codes[0]))

int rt_accept_parse(const char *text, uint32_t *ret_accept, struct rt_err *err)
{
	uint32_t accept = 0;

	for (const char *p = text; *(p += strspn(p, " \t,"));) {
		const size_t len = strcspn(p, " \t,");
		const char *near;
		size_t i = 0;

		while (i < N_CODES && (strlen(codes[i]) != len ||
				       memcmp(codes[i], p, len) != 0))
			i++;
		if (i < N_CODES) {
			accept |= UINT32_C(1) << i;
			p += len;
			continue;
		}
		near = rt_nearest(p, len, codes, N_CODES);
		return rt_fail(err, 0, "'%s' is not the code of a warning%s%s",
			       rt_cut(p, len).text,
			       near ? "; the nearest is " : "",
			       near ? near : "");
	}
	*ret_accept = accept;
	return 0;
}

bool rt_accepts(uint32_t accept, const char *code)
{
	for (size_t i = 0; i < N_CODES; i++) {
		if (strcmp(codes[i], code) == 0)
			return accept >> i & 1;
	}
	return false;
}

const char *rt_accept_code(uint32_t accept, size_t n)
{
	for (size_t i = 0; i < N_CODES; i++) {
		if ((accept >> i & 1) && !n--)
			return codes[i];
	}
	return NULL;
}
