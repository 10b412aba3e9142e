/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pci_class.c - what kind of PCI device it is, in words */
#include "pci_class.h"

#include <stddef.h>

/* By the first bytes of the class code; the longer one first. */
const char *rt_pci_class_text(unsigned class_code)
{
	static const struct {
		unsigned shift, code;
		const char *text;
	} classes[] = {
		{ 8, 0x0106, "SATA controller" },
		{ 8, 0x0107, "SAS controller" },
		{ 8, 0x0108, "NVMe storage" },
		{ 8, 0x0200, "Ethernet controller" },
		{ 8, 0x0207, "InfiniBand controller" },
		{ 8, 0x0300, "VGA controller" },
		{ 8, 0x0302, "3D controller" },
		{ 8, 0x0403, "audio device" },
		{ 8, 0x0700, "serial port" },
		{ 8, 0x0c03, "USB controller" },
		{ 16, 0x01, "storage controller" },
		{ 16, 0x02, "network controller" },
		{ 16, 0x03, "display controller" },
		{ 16, 0x04, "multimedia device" },
		{ 16, 0x05, "memory controller" },
		{ 16, 0x06, "bridge" },
		{ 16, 0x07, "communication controller" },
		{ 16, 0x08, "system peripheral" },
		{ 16, 0x0c, "serial bus controller" },
		{ 16, 0x0d, "wireless controller" },
		{ 16, 0x10, "encryption controller" },
		{ 16, 0x11, "signal processor" },
		{ 16, 0x12, "accelerator" },
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (class_code >> classes[i].shift == classes[i].code)
			return classes[i].text;
	return "device";
}
