/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config_accept.c - the warnings that a guest's section may accept */
#include "config_accept.h"

#include <string.h>

static const char *const codes[] = {
	"few-cpus",	    "offline-cpu",   "several-nodes", "numatune-off",
	"numatune-outside", "rt-cpu0",	     "rt-node0",      "mixed-cores",
	"shared-node",	    "shared-memory", "pci-no-iommu",  "pci-far",
	"pci-neighbour",    "host-device",   "managed-irq",   "odd-name",
	"key-in-text",	    "only-rt",	     "vcpu-fifo",
};

const struct rt_words rt_accept_codes = {
	codes,
	sizeof(codes) / sizeof(codes[0]),
	"the code of a warning",
};
_Static_assert(sizeof(codes) / sizeof(codes[0]) <= RT_WORDS_MAX, "a bit each");

bool rt_accepts(uint32_t accept, const char *code)
{
	for (size_t i = 0; i < rt_accept_codes.n; i++) {
		if (strcmp(codes[i], code) == 0)
			return accept >> i & 1;
	}
	return false;
}
