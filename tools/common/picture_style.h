/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * picture_style.h - what each box of the picture says, and its colours
 *
 * Guests are numbered with the real-time ones first: there are few colours. A
 * guest has one colour: strong for a vCPU's CPU, a tint for service CPUs and
 * for an ordinary guest's CPUs, dark grey for offline siblings. Red is no
 * guest's: it means that a rule is broken there or that something is on the
 * wrong node. Such a text ends in "!3", and the legend has finding 3, so that it
 * shows on paper, too.
 */
#ifndef RT_PICTURE_STYLE_H
#define RT_PICTURE_STYLE_H

#include "core/model/facts.h"
#include "core/model/guest.h"
#include "core/base/report.h"

/* All borrowed. */
struct rt_scene {
	const struct rt_guest *const *guests; /* none of them disabled */
	size_t n;
	const struct rt_topo *topo;
	const struct rt_report *report;
};

/* Colours are 0xRRGGBB. */
struct rt_box {
	char text[128];
	unsigned fill, ink;
};

enum rt_shade {
	RT_SHADE_STRONG,
	RT_SHADE_TINT,
	RT_SHADE_DOWN,
	RT_SHADE_BAD,
};

/* The n-th guest's colour with an ink that can be read on it; no text. */
struct rt_box rt_box_shade(size_t n, enum rt_shade shade);

/*
 * "plc1"; names of more than `max` bytes are cut, guests that share a colour
 * have marks.
 */
struct rt_box_name {
	char text[48];
};
struct rt_box_name rt_box_name(const struct rt_scene *scene, size_t n,
			       size_t max);

/* At most 31 bytes: lstopo cuts longer ones, and not between characters. */
struct rt_box rt_box_cpu(const struct rt_scene *scene, unsigned cpu);
/* Guest n's memory on a node that it is bound to. */
struct rt_box rt_box_memory(const struct rt_scene *scene, size_t n,
			    unsigned node);
/* False: no guest's, and nothing is wrong with it. The text may be "". */
bool rt_box_device(const struct rt_scene *scene, const struct rt_pci_addr *addr,
		   struct rt_box *ret_box);

/* A finding that paints something red. */
bool rt_finding_is_drawn(const struct rt_finding *finding);

#endif
