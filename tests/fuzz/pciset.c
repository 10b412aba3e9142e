/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pciset.c - fuzz: any text as PCI addresses; they print and read the same */
#include <assert.h>
#include <stdint.h>

#include "core/base/pci.h"
#include "core/base/strbuf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	RT_AUTO_FREE char *text = malloc(size + 1);
	struct rt_pci_set set = { 0 };
	struct rt_err err;

	assert(text);
	memcpy(text, data, size);
	text[size] = '\0';
	if (rt_pci_set_parse(text, &set, &err) == 0) {
		for (size_t i = 0; i < set.n; i++) {
			const struct rt_pci_text shown =
				rt_pci_text(&set.items[i]);
			struct rt_pci_addr again;

			assert(rt_pci_parse(shown.text, strlen(shown.text),
					    &again, &err) == 0);
			assert(rt_pci_is_equal(&set.items[i], &again));
		}
	}
	rt_pci_set_fini(&set);
	return 0;
}
