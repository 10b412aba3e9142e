/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* picture_style.c - what each box of the picture says, and its colours */
#include "picture_style.h"

#include "core/model/view.h"

#define WHITE	0xffffffu
#define BLACK	0x000000u
#define RED	0xd00000u
#define DOWN	0x4d4d4du
#define OFFLINE 0xbdbdbdu
#define SHARED	0xd9d9d9u

#define NAME_BYTES 24 /* where there is room */
#define CPU_BYTES  7  /* of its 31: "CPU 16383 ", " offline", "!99", marks */
#define TWO_BYTES  6  /* of two names beside each other */
#define NUMBER_MAX 99 /* of a finding: later ones are "!" alone */

/*
 * Apart from each other for colour-blind people and on a grey printer, and
 * none near red: after Okabe and Ito, less vermilion, and two of Tol's.
 */
static const unsigned palette[] = { 0x0072b2, 0xe69f00, 0x009e73, 0xcc79a7,
				    0x56b4e9, 0xf0e442, 0x332288, 0x999933 };
#define N_COLOURS (sizeof(palette) / sizeof(*palette))

/* What of a guest a finding paints. */
enum part {
	PART_NONE,
	PART_CLASH, /* CPUs of two guests: seen without the finding */
	PART_CPUS,
	PART_DOWNED,
	PART_FAR_CPUS,
	PART_FAR_MEMORY,
	PART_DEVICE,
};

static enum part part_of(const struct rt_finding *finding)
{
	static const struct {
		const char *code;
		enum part part;
	} parts[] = {
		{ "cpu-overlap", PART_CLASH },
		{ "too-few-cpus", PART_CPUS },
		{ "cpu-stays-up", PART_DOWNED },
		{ "several-nodes", PART_FAR_CPUS },
		{ "numatune-outside", PART_FAR_MEMORY },
		{ "pci-bridge", PART_DEVICE },
		{ "pci-shared", PART_DEVICE },
		{ "pci-group", PART_DEVICE },
		{ "pci-far", PART_DEVICE },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (strcmp(finding->code, parts[i].code) == 0)
			return parts[i].part;
	return PART_NONE;
}

bool rt_finding_is_drawn(const struct rt_finding *finding)
{
	return finding->severity != RT_ACCEPTED &&
	       part_of(finding) != PART_NONE;
}

static const char *label_of(const struct rt_guest *guest)
{
	return *guest->name ? guest->name : guest->uuid;
}

/*
 * The number, in the legend, of the first finding about a part of a guest that
 * has `text` in its sentence; 0 when there is none.
 */
static unsigned find(const struct rt_scene *scene, const struct rt_guest *guest,
		     enum part part, const char *text)
{
	unsigned number = 0;

	for (size_t i = 0; i < scene->report->n; i++) {
		const struct rt_finding *finding = &scene->report->items[i];

		if (!rt_finding_is_drawn(finding))
			continue;
		number++;
		if (part_of(finding) == part &&
		    (!guest || strcmp(finding->guest, label_of(guest)) == 0) &&
		    strstr(finding->message, text))
			return number;
	}
	return 0;
}

static bool has_finding(const struct rt_scene *scene,
			const struct rt_guest *guest, enum part part)
{
	return find(scene, guest, part, "") > 0;
}

/* "!3" behind what finding 3 is about, and "" where there is none. */
struct mark {
	char text[8];
};

static struct mark mark(unsigned number)
{
	struct mark mark = { .text = "" };

	if (number > NUMBER_MAX)
		snprintf(mark.text, sizeof(mark.text), "!");
	else if (number)
		snprintf(mark.text, sizeof(mark.text), "!%u", number);
	return mark;
}

/* --- colours --- */

static unsigned channel(unsigned colour, unsigned shift)
{
	return colour >> shift & 0xff;
}

static unsigned lighten(unsigned colour)
{
	unsigned light = 0;

	for (unsigned shift = 0; shift <= 16; shift += 8)
		light |= (channel(colour, shift) * 30 + 255 * 70) / 100
			 << shift;
	return light;
}

static unsigned ink_on(unsigned fill)
{
	const unsigned brightness = channel(fill, 16) * 299 +
				    channel(fill, 8) * 587 +
				    channel(fill, 0) * 114;

	return brightness < 130000 ? WHITE : BLACK;
}

static void paint(struct rt_box *box, unsigned fill)
{
	box->fill = fill;
	box->ink = ink_on(fill);
}

struct rt_box rt_box_shade(size_t n, enum rt_shade shade)
{
	const unsigned colour = palette[n % N_COLOURS];
	struct rt_box box = { 0 };

	switch (shade) {
	case RT_SHADE_STRONG:
		paint(&box, colour);
		break;
	case RT_SHADE_TINT:
		paint(&box, lighten(colour));
		break;
	case RT_SHADE_DOWN:
		paint(&box, DOWN);
		break;
	case RT_SHADE_BAD:
		paint(&box, RED);
		break;
	}
	return box;
}

/* --- names --- */

struct rt_box_name rt_box_name(const struct rt_scene *scene, size_t n,
			       size_t max)
{
	static const char marks[] = "***";
	const char *name = scene->guests[n]->name;
	const size_t round = n / N_COLOURS;
	const size_t n_marks =
		round < sizeof(marks) ? round : sizeof(marks) - 1;
	struct rt_box_name cut;
	size_t len = strlen(name);

	if (len > max) {
		/* Room for the dots. */
		len = max - 2;
		/* Not in the middle of a character. */
		while (len && ((unsigned char)name[len] & 0xc0) == 0x80)
			len--;
	}
	snprintf(cut.text, sizeof(cut.text), "%.*s%s%.*s", (int)len, name,
		 name[len] ? ".." : "", (int)n_marks, marks);
	return cut;
}

/* --- CPUs --- */

/* All but the node with most of them; of two that have as many the first. */
static struct rt_cpuset far_cpus(const struct rt_scene *scene,
				 const struct rt_guest *guest)
{
	const struct rt_topo_level *nodes = &scene->topo->nodes;
	struct rt_cpuset far = guest->usable, near = { 0 };

	for (size_t i = 0; i < nodes->n; i++) {
		struct rt_cpuset here = guest->usable;

		rt_cpuset_and(&here, &nodes->items[i].cpus);
		if (rt_cpuset_count(&here) > rt_cpuset_count(&near))
			near = here;
	}
	rt_cpuset_minus(&far, &near);
	return far;
}

/* The finding about a guest's CPU, or 0. */
static unsigned find_cpu(const struct rt_scene *scene,
			 const struct rt_guest *guest, unsigned cpu)
{
	struct rt_cpuset far;

	if (rt_cpuset_has(&guest->offline, cpu))
		return find(scene, guest, PART_DOWNED, "");
	if (has_finding(scene, guest, PART_CPUS))
		return find(scene, guest, PART_CPUS, "");
	far = far_cpus(scene, guest);
	return rt_cpuset_has(&far, cpu) ?
		       find(scene, guest, PART_FAR_CPUS, "") :
		       0;
}

/* "vcpu3" */
static void role_text(const struct rt_guest *guest, unsigned cpu, char *buf,
		      size_t size)
{
	unsigned vcpu;
	const enum rt_use use = rt_guest_use(guest, cpu, &vcpu);

	if (use == RT_USE_VCPU)
		snprintf(buf, size, " vcpu%u", vcpu);
	else
		snprintf(buf, size, "%s%s", guest->rt ? " " : "",
			 guest->rt ? rt_use_name(use) : "");
}

static void one_guest(const struct rt_scene *scene, size_t n, unsigned cpu,
		      struct rt_box *box)
{
	const struct rt_guest *guest = scene->guests[n];
	const unsigned bad = find_cpu(scene, guest, cpu);
	enum rt_shade shade = RT_SHADE_TINT;
	char role[24];

	if (bad)
		shade = RT_SHADE_BAD;
	else if (guest->rt && !rt_cpuset_has(&guest->usable, cpu))
		shade = RT_SHADE_DOWN;
	else if (rt_cpuset_has(&guest->vcpus, cpu))
		shade = RT_SHADE_STRONG;
	*box = rt_box_shade(n, shade);
	role_text(guest, cpu, role, sizeof(role));
	snprintf(box->text, sizeof(box->text), "CPU %u %s%s%s", cpu,
		 rt_box_name(scene, n, CPU_BYTES).text, role, mark(bad).text);
}

/* The finding about two guests on one CPU names the other one. */
static unsigned find_clash(const struct rt_scene *scene, const size_t *first)
{
	unsigned number = 0;

	for (size_t i = 0; i < 2 && !number; i++) {
		char other[160];

		snprintf(other, sizeof(other), "'%.150s'",
			 label_of(scene->guests[first[1 - i]]));
		number =
			find(scene, scene->guests[first[i]], PART_CLASH, other);
	}
	/* Red all the same. */
	return number ? number : NUMBER_MAX + 1;
}

/* Ordinary guests may share CPUs; nobody shares a real-time guest's. */
static void several_guests(const struct rt_scene *scene, const size_t *first,
			   size_t n, bool rt, unsigned cpu, struct rt_box *box)
{
	const struct mark end = mark(rt ? find_clash(scene, first) : 0);

	if (n == 2)
		snprintf(box->text, sizeof(box->text), "CPU %u %s+%s%s", cpu,
			 rt_box_name(scene, first[0], TWO_BYTES).text,
			 rt_box_name(scene, first[1], TWO_BYTES).text,
			 end.text);
	else
		snprintf(box->text, sizeof(box->text), "CPU %u %zu guests%s",
			 cpu, n, end.text);
	paint(box, rt ? RED : SHARED);
}

struct rt_box rt_box_cpu(const struct rt_scene *scene, unsigned cpu)
{
	size_t first[2] = { 0 }, n = 0;
	struct rt_box box = { 0 };
	bool rt = false;

	for (size_t i = 0; i < scene->n; i++) {
		if (rt_guest_use(scene->guests[i], cpu, NULL) == RT_USE_NONE)
			continue;
		if (n < 2)
			first[n] = i;
		n++;
		rt = rt || rt_cpuset_has(&scene->guests[i]->owned, cpu);
	}
	if (n == 1) {
		one_guest(scene, first[0], cpu, &box);
	} else if (n) {
		several_guests(scene, first, n, rt, cpu, &box);
	} else {
		const bool on = rt_cpuset_has(&scene->topo->online, cpu);

		paint(&box, on ? WHITE : OFFLINE);
		snprintf(box.text, sizeof(box.text), "CPU %u%s", cpu,
			 on ? "" : " offline");
	}
	return box;
}

/* --- memory and devices --- */

struct rt_box rt_box_memory(const struct rt_scene *scene, size_t n,
			    unsigned node)
{
	const struct rt_guest *guest = scene->guests[n];
	const struct rt_cpuset near =
		rt_topo_numbers(&scene->topo->nodes, &guest->cpuset);
	const unsigned bad = rt_cpuset_has(&near, node) ?
				     0 :
				     find(scene, guest, PART_FAR_MEMORY, "");
	struct rt_box box =
		rt_box_shade(n, guest->rt ? RT_SHADE_STRONG : RT_SHADE_TINT);

	if (bad)
		box = rt_box_shade(n, RT_SHADE_BAD);
	snprintf(box.text, sizeof(box.text), "%s memory%s",
		 rt_box_name(scene, n, NAME_BYTES).text, mark(bad).text);
	return box;
}

bool rt_box_device(const struct rt_scene *scene, const struct rt_pci_addr *addr,
		   struct rt_box *ret_box)
{
	/* Of a device a finding has only its address, in the sentence. */
	const unsigned bad =
		find(scene, NULL, PART_DEVICE, rt_pci_text(addr).text);
	struct rt_box box = { 0 };
	size_t n = 0, len = 0;

	for (size_t i = 0; i < scene->n; i++) {
		const struct rt_guest *guest = scene->guests[i];

		if (!rt_pci_set_has(&guest->pcidevs, addr))
			continue;
		/* A third guest finds no room: two are too many already. */
		if (n < 2)
			len += (size_t)snprintf(
				box.text + len, sizeof(box.text) - len, "%s%s",
				n ? " + " : "",
				rt_box_name(scene, i, NAME_BYTES).text);
		if (n++ == 0) {
			const struct rt_box own = rt_box_shade(
				i, guest->rt ? RT_SHADE_STRONG : RT_SHADE_TINT);

			box.fill = own.fill;
			box.ink = own.ink;
		}
	}
	if (!n && !bad)
		return false;
	if (bad) {
		paint(&box, RED);
		snprintf(box.text + len, sizeof(box.text) - len, "%s%s",
			 n ? "" : "not passed", mark(bad).text);
	}
	*ret_box = box;
	return true;
}
