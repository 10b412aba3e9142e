/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pci_class.h - what kind of PCI device it is, in words */
#ifndef RT_PCI_CLASS_H
#define RT_PCI_CLASS_H

/* "Ethernet controller", from the 24 bits of rt_pci_dev.class_code */
const char *rt_pci_class_text(unsigned class_code);

#endif
