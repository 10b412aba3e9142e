/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * picture.c - the host as a picture, with each guest's place in it
 *
 * lstopo says what the host is made of, as XML with caches and devices. Each
 * object in it gets its words and colours (picture_style.h), CPUs that the
 * kernel has forgotten come back to their cores, and lstopo draws the result.
 * What has no place in the machine is drawn as hwloc's "Misc" objects: whose
 * memory is on a node, and the legend.
 */
#include "picture.h"

#include <libxml/parser.h>

#include "picture_lstopo.h"
#include "picture_xml.h"

#define FINDINGS_MAX 12
#define ROW_MAX	     8 /* guests side by side */
#define LINE_BYTES   100
#define LINES_MAX    64
#define TEXT_MAX     290
#define NAME_BYTES   24
#define LIST_BYTES   48

static void draw_cpu(struct rt_picture *picture, xmlNode *node)
{
	struct rt_box box;
	unsigned cpu;

	if (!rt_picture_get_number(node, "os_index", &cpu))
		return;
	box = rt_box_cpu(&picture->scene, cpu);
	rt_picture_set(picture, node, "subtype", box.text);
	rt_picture_paint(picture, node, &box);
}

static void draw_memory(struct rt_picture *picture, xmlNode *node)
{
	const struct rt_scene *scene = &picture->scene;
	char text[32];
	unsigned number;

	if (!rt_picture_get_number(node, "os_index", &number))
		return;
	snprintf(text, sizeof(text), "Node n%u", number);
	rt_picture_set(picture, node, "subtype", text);
	for (size_t i = 0; i < scene->n; i++) {
		if (rt_cpuset_has(&scene->guests[i]->nodes, number)) {
			const struct rt_box box =
				rt_box_memory(scene, i, number);

			rt_picture_add(picture, node, &box);
		}
	}
}

/* "Core c3", as cpuset calls it. */
static void draw_level(struct rt_picture *picture, xmlNode *node,
		       const char *word, char letter,
		       const struct rt_topo_level *level)
{
	const int cpu = rt_picture_first_cpu(picture, node);

	for (size_t i = 0; cpu >= 0 && i < level->n; i++) {
		char name[32];

		if (!rt_cpuset_has(&level->items[i].cpus, (unsigned)cpu))
			continue;
		snprintf(name, sizeof(name), "%s %c%u", word, letter,
			 level->items[i].number);
		rt_picture_set(picture, node, "subtype", name);
		return;
	}
}

/* Storage, network, display, processors and buses that guests are given. */
static bool is_worth_drawing(const xmlNode *node)
{
	static const char *const classes[] = { "01",   "02",   "03",   "0b",
					       "0c03", "0c04", "0c06", "12" };
	RT_AUTO_XML_CHAR xmlChar *type = rt_picture_get(node, "pci_type");

	for (size_t i = 0; type && i < sizeof(classes) / sizeof(*classes); i++)
		if (strncmp((const char *)type, classes[i],
			    strlen(classes[i])) == 0)
			return true;
	return false;
}

static void style_below(struct rt_picture *picture, xmlNode *node,
			const struct rt_box *box)
{
	RT_XML_FOREACH(child, node, "object")
	{
		rt_picture_paint(picture, child, box);
		style_below(picture, child, box);
	}
}

/* False when it need not be drawn. */
static bool draw_device(struct rt_picture *picture, xmlNode *node)
{
	RT_AUTO_XML_CHAR xmlChar *text = rt_picture_get(node, "pci_busid");
	struct rt_pci_addr addr;
	struct rt_box box;
	struct rt_err err;

	if (!text || rt_pci_parse((const char *)text,
				  strlen((const char *)text), &addr, &err) < 0)
		return false;
	if (!rt_box_device(&picture->scene, &addr, &box))
		return is_worth_drawing(node);
	style_below(picture, node, &box);
	rt_picture_paint(picture, node, &box);
	rt_picture_add(picture, node, &box);
	return true;
}

static bool draw_object(struct rt_picture *picture, xmlNode *node);

/* True when something below is drawn. */
static bool draw_children(struct rt_picture *picture, xmlNode *node)
{
	xmlNode *next, *child = rt_xml_child(node, "object");
	bool any = false;

	for (; child; child = next) {
		next = rt_xml_next(child, "object");
		if (draw_object(picture, child)) {
			any = true;
		} else {
			xmlUnlinkNode(child);
			xmlFreeNode(child);
		}
	}
	return any;
}

static bool draw_object(struct rt_picture *picture, xmlNode *node)
{
	const struct rt_topo *topo = picture->scene.topo;
	RT_AUTO_XML_CHAR xmlChar *name = rt_picture_get(node, "name");
	bool any;

	if (name)
		rt_picture_set(picture, node, "name", (const char *)name);
	any = draw_children(picture, node);
	if (rt_picture_is(node, "Bridge"))
		return any;
	if (rt_picture_is(node, "PCIDev"))
		return draw_device(picture, node) || any;
	if (rt_picture_is(node, "PU"))
		draw_cpu(picture, node);
	else if (rt_picture_is(node, "NUMANode"))
		draw_memory(picture, node);
	else if (rt_picture_is(node, "Core"))
		draw_level(picture, node, "Core", 'c', &topo->cores);
	else if (rt_picture_is(node, "Die"))
		draw_level(picture, node, "Die", 'd', &topo->dies);
	else if (rt_picture_is(node, "Package"))
		draw_level(picture, node, "Package", 'p', &topo->packages);
	return true;
}

/* --- the legend --- */

/* The samples of a real-time guest's other shades are boxes in its box. */
static void add_shade(struct rt_picture *picture, xmlNode *chip, size_t n,
		      enum rt_shade shade, const struct rt_cpuset *cpus,
		      const char *word)
{
	struct rt_box box = rt_box_shade(n, shade);

	if (!chip || rt_cpuset_is_empty(cpus))
		return;
	snprintf(box.text, sizeof(box.text), "%s %.*s", word, LIST_BYTES,
		 rt_cpuset_text(cpus).text);
	rt_picture_add(picture, chip, &box);
}

static void add_guest(struct rt_picture *picture, xmlNode *machine, size_t n)
{
	const struct rt_guest *guest = picture->scene.guests[n];
	const struct rt_cpuset *cpus =
		guest->rt ? &guest->vcpus : &guest->cpuset;
	struct rt_box box =
		rt_box_shade(n, guest->rt ? RT_SHADE_STRONG : RT_SHADE_TINT);
	const struct rt_cpuset idle = rt_guest_idle(guest);
	const char *words =
		guest->rt ? ", real-time: vCPUs on" : ": all threads on";
	xmlNode *chip;

	snprintf(box.text, sizeof(box.text), "%s%s %.*s",
		 rt_box_name(&picture->scene, n, NAME_BYTES).text, words,
		 LIST_BYTES,
		 rt_cpuset_is_empty(cpus) ? "any free CPU" :
					    rt_cpuset_text(cpus).text);
	chip = rt_picture_add(picture, machine, &box);
	if (!guest->rt)
		return;
	add_shade(picture, chip, n, RT_SHADE_TINT, &guest->service,
		  "service on");
	add_shade(picture, chip, n, RT_SHADE_DOWN, &guest->offline, "offline:");
	add_shade(picture, chip, n, RT_SHADE_DOWN, &idle, "idle:");
}

struct legend {
	char *lines[LINES_MAX];
	size_t n;
};

static void legend_fini(struct legend *legend)
{
	for (size_t i = 0; i < legend->n; i++)
		free(legend->lines[i]);
}

static int add_line(struct legend *legend, const char *indent, const char *text,
		    size_t len, struct rt_err *err)
{
	RT_AUTO_STRBUF line = { 0 };
	int r;

	if (legend->n == LINES_MAX)
		return 0;
	rt_strbuf_adds(&line, indent);
	rt_strbuf_add(&line, text, len);
	r = rt_strbuf_take(&line, &legend->lines[legend->n], err);
	if (r == 0)
		legend->n++;
	return r;
}

/* A paragraph; what does not fit on a line goes on below it, indented. */
static int add_text(struct legend *legend, const char *text, struct rt_err *err)
{
	RT_AUTO_STRBUF plain = { 0 };
	const char *indent = "", *rest;
	int r = 0;

	rt_picture_plain(text, &plain);
	if (plain.failed)
		return rt_fail_memory(err);
	for (rest = plain.text; rest && *rest && r == 0;) {
		size_t len = strlen(rest);

		if (len > LINE_BYTES) {
			for (len = LINE_BYTES; len && rest[len] != ' ';)
				len--;
			/* A long word stays whole. */
			if (!len)
				len = strcspn(rest, " ");
		}
		r = add_line(legend, indent, rest, len, err);
		rest += len + strspn(rest + len, " ");
		/* No-break spaces: others are lost in SVG. */
		indent = "\u00a0\u00a0\u00a0";
	}
	return r;
}

/* Cut between characters. */
static void cut_line(char *line, size_t len)
{
	if (strlen(line) <= len)
		return;
	while (len && ((unsigned char)line[len] & 0xc0) == 0x80)
		len--;
	memcpy(line + len, "..", 3);
}

/* What is red, and why. */
static int add_findings(const struct rt_scene *scene, struct legend *legend,
			struct rt_err *err)
{
	size_t drawn = 0;
	char line[1024];
	int r = 0;

	for (size_t i = 0; i < scene->report->n && r == 0; i++) {
		const struct rt_finding *finding = &scene->report->items[i];

		if (!rt_finding_is_drawn(finding) || drawn++ >= FINDINGS_MAX)
			continue;
		snprintf(line, sizeof(line), "!%zu %s: %s", drawn,
			 finding->guest, finding->message);
		cut_line(line, TEXT_MAX);
		r = add_text(legend, line, err);
	}
	if (r < 0 || drawn <= FINDINGS_MAX)
		return r;
	snprintf(line, sizeof(line),
		 "! and %zu more; kvmrt-validate-config lists all",
		 drawn - FINDINGS_MAX);
	return add_text(legend, line, err);
}

static int make_legend(const struct rt_picture *picture, struct legend *legend,
		       struct rt_err *err)
{
	struct rt_cpuset missing = picture->scene.topo->present;
	char line[320];
	int r;

	rt_cpuset_minus(&missing, &picture->drawn);
	r = add_text(legend,
		     "strong colour: a vCPU's own CPU; tint: service CPU, or "
		     "CPU of an ordinary guest; dark: sibling that is offline "
		     "or idle; white: "
		     "housekeeping; red, !1: wrong place, see finding 1",
		     err);
	if (r == 0 && picture->folded)
		r = add_text(legend,
			     "'Cores' and 'CPUs' in one box: no guest uses "
			     "them",
			     err);
	if (r == 0 && !rt_cpuset_is_empty(&missing)) {
		snprintf(line, sizeof(line),
			 "not drawn, since they are offline and their cores "
			 "not known: CPUs %s",
			 rt_cpuset_text(&missing).text);
		r = add_text(legend, line, err);
	}
	return r < 0 ? r : add_findings(&picture->scene, legend, err);
}

/* --- all of it --- */

static int paint(struct rt_picture *picture, struct rt_err *err)
{
	xmlNode *root = xmlDocGetRootElement(picture->doc);
	xmlNode *machine = rt_xml_child(root, "object");

	if (!machine)
		return rt_fail(err, 0, "lstopo's topology has no machine");
	rt_picture_complete(picture, machine);
	draw_object(picture, machine);
	picture->folded = rt_picture_fold(picture, machine);
	for (size_t i = 0; i < picture->scene.n; i++)
		add_guest(picture, machine, i);
	return picture->failed ? rt_fail_memory(err) : 0;
}

static int draw(const struct rt_picture *picture, const char *path,
		struct rt_err *err)
{
	RT_AUTO_XML_CHAR xmlChar *xml = NULL;
	struct legend legend = { .n = 0 };
	int len = 0;
	int r;

	xmlDocDumpMemory(picture->doc, &xml, &len);
	if (!xml)
		return rt_fail_memory(err);
	r = make_legend(picture, &legend, err);
	if (r == 0)
		r = rt_lstopo_draw((const char *)xml, (size_t)len,
				   (const char *const *)legend.lines, legend.n,
				   picture->scene.n > ROW_MAX, path, err);
	legend_fini(&legend);
	return r;
}

static int read_doc(const struct rt_options *options,
		    const struct rt_loaded *loaded, xmlDoc **ret_doc,
		    struct rt_err *err)
{
	RT_AUTO_STRBUF xml = { 0 };
	int r = rt_lstopo_read(options,
			       loaded->sys.live ? NULL : loaded->sys.root_path,
			       &xml, err);

	if (r < 0)
		return r;
	*ret_doc = xmlReadMemory(
		xml.text ? xml.text : "", (int)xml.len, NULL, NULL,
		XML_PARSE_NONET | XML_PARSE_NOBLANKS | XML_PARSE_NOERROR |
			XML_PARSE_NOWARNING);
	if (!*ret_doc)
		return rt_fail(err, 0, "lstopo's topology cannot be read");
	return 0;
}

int rt_picture_write(const struct rt_options *options,
		     const struct rt_loaded *loaded,
		     const struct rt_guest *const *guests, size_t n,
		     const char *path, struct rt_err *err)
{
	RT_AUTO_FREE const struct rt_guest **shown = NULL;
	RT_AUTO_XML_DOC xmlDoc *doc = NULL;
	struct rt_picture picture = {
		.scene = { .topo = &loaded->topo, .report = &loaded->report },
	};
	int r;

	shown = calloc(n + 1, sizeof(*shown));
	if (!shown)
		return rt_fail_memory(err);
	/* The real-time ones get the first colours. */
	for (int rt = 1; rt >= 0; rt--)
		for (size_t i = 0; i < n; i++)
			if (!guests[i]->disabled && guests[i]->rt == rt)
				shown[picture.scene.n++] = guests[i];
	picture.scene.guests = shown;
	r = read_doc(options, loaded, &doc, err);
	picture.doc = doc;
	if (r == 0)
		r = paint(&picture, err);
	return r < 0 ? r : draw(&picture, path, err);
}
