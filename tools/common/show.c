/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* show.c - the configuration as understood, for people */
#include "show.h"

#include <errno.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/config/config_accept.h"
#include "core/model/suppress.h"
#include "pci_class.h"

#define LABEL_WIDTH 12
#define LINE_WIDTH  78

bool rt_show_has_colour(FILE *file)
{
	const char *off = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return isatty(fileno(file)) && !(off && *off) && term && *term &&
	       strcmp(term, "dumb") != 0;
}

int rt_show_write(struct rt_strbuf *text, FILE *file, const char *name,
		  struct rt_err *err)
{
	RT_AUTO_FREE char *all = NULL;
	int r;

	r = rt_strbuf_take(text, &all, err);
	if (r < 0)
		return r;
	if (fputs(all, file) < 0 || fflush(file) != 0)
		return rt_fail(err, errno, "write to %s", name);
	return 0;
}

/* The word behind the place: "FILE:LINE: error: ..." */
static void add_coloured_line(struct rt_strbuf *out, const char *line,
			      size_t len)
{
	static const struct {
		const char *word, *colour;
	} words[] = {
		{ ": error: ", RT_COLOUR_ERROR },
		{ ": warning: ", RT_COLOUR_WARNING },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const size_t length = strlen(words[i].word);
		const char *at = memmem(line, len, words[i].word, length);

		if (!at || *line == ' ')
			continue;
		rt_strbuf_add(out, line, (size_t)(at - line) + 2);
		rt_strbuf_addf(out, "%s%.*s\033[0m", words[i].colour,
			       (int)length - 4, at + 2);
		at += length - 2;
		rt_strbuf_add(out, at, len - (size_t)(at - line));
		return;
	}
	rt_strbuf_add(out, line, len);
}

void rt_show_report(const struct rt_report *report, bool colour,
		    struct rt_strbuf *out)
{
	RT_AUTO_STRBUF plain = { 0 };
	const char *line;

	if (!colour) {
		rt_report_print(report, out);
		return;
	}
	rt_report_print(report, &plain);
	line = plain.text;
	while (line && *line) {
		const char *end = strchr(line, '\n');
		const size_t len =
			end ? (size_t)(end - line) + 1 : strlen(line);

		add_coloured_line(out, line, len);
		line += len;
	}
	out->failed |= plain.failed;
}

/* A labelled row that goes on below its first word when it gets long. */
struct row {
	struct rt_strbuf *out;
	size_t column;
};

static struct row row_begin(struct rt_strbuf *out, const char *label)
{
	rt_strbuf_addf(out, "%*s%s ", LABEL_WIDTH, label, *label ? ":" : " ");
	return (struct row){ .out = out };
}

static void row_item(struct row *row, const char *text)
{
	const size_t len = strlen(text);
	const bool first = !row->column;

	if (!first && row->column + len + 2 > LINE_WIDTH - LABEL_WIDTH - 3) {
		rt_strbuf_addf(row->out, ",\n%*s", LABEL_WIDTH + 2, "");
		row->column = 0;
	} else if (!first) {
		rt_strbuf_adds(row->out, ", ");
		row->column += 2;
	}
	rt_strbuf_adds(row->out, text);
	row->column += len;
}

static void row_end(struct row *row)
{
	rt_strbuf_adds(row->out, "\n");
}

static void add_row(struct rt_strbuf *out, const char *label, const char *text)
{
	struct row row = row_begin(out, label);

	row_item(&row, text);
	row_end(&row);
}

static void add_cpus(struct rt_strbuf *out, const struct rt_cpuset *cpus)
{
	rt_strbuf_addf(out, "CPU%s %s", rt_cpuset_count(cpus) == 1 ? "" : "s",
		       rt_cpuset_text(cpus).text);
}

static void show_head(const struct rt_show *show, const struct rt_guest *guest)
{
	const struct rt_section *section = guest->section;
	const char *bold = show->colour ? "\033[1m" : "";
	const char *green = show->colour ? RT_COLOUR_GOOD : "";
	const char *plain = show->colour ? "\033[0m" : "";
	struct rt_strbuf *out = show->out;
	struct row row;

	rt_strbuf_addf(out, "%s%s%s", guest->rt ? green : bold,
		       *guest->name ? guest->name : guest->uuid, plain);
	if (*guest->title)
		rt_strbuf_addf(out, " - %s", guest->title);
	rt_strbuf_adds(out, "\n");
	row = row_begin(out, "Guest");
	row_item(&row, guest->rt ? "real-time" : "ordinary");
	if (guest->disabled)
		row_item(&row, "disabled");
	if (section && section->autostart)
		row_item(&row, "autostart");
	if (guest->hide_kvm)
		row_item(&row, "KVM hidden");
	row_end(&row);
	add_row(out, "UUID", guest->uuid);
}

/* Text of several lines stays so, each line in the column of the first. */
static void show_description(const struct rt_show *show,
			     const struct rt_guest *guest)
{
	const char *line = guest->description;

	if (!show->verbose || !*line)
		return;
	rt_strbuf_addf(show->out, "%*s: ", LABEL_WIDTH, "Description");
	for (;;) {
		const size_t len = strcspn(line, "\n");

		rt_strbuf_add(show->out, line, len);
		rt_strbuf_adds(show->out, "\n");
		if (!line[len])
			break;
		line += len + 1;
		rt_strbuf_addf(show->out, "%*s", LABEL_WIDTH + 2, "");
	}
}

static void show_vcpus(const struct rt_show *show, const struct rt_guest *guest)
{
	struct row row = row_begin(show->out, "vCPUs");
	unsigned vcpu = 0;
	char text[256];

	snprintf(text, sizeof(text), "%u (%s x %s x %s)", guest->nr_vcpus,
		 rt_count(guest->sockets, "socket").text,
		 rt_count(guest->cores, "core").text,
		 rt_count(guest->threads, "thread").text);
	row_item(&row, text);
	row_end(&row);
	if (!guest->rt)
		return;
	row = row_begin(show->out, "Placement");
	RT_CPUSET_FOREACH(cpu, &guest->vcpus)
	{
		snprintf(text, sizeof(text), "vCPU %u on CPU %d", vcpu++, cpu);
		row_item(&row, text);
	}
	row_end(&row);
}

static void show_cpuset(const struct rt_show *show,
			const struct rt_guest *guest)
{
	const struct rt_section *section = guest->section;
	struct rt_strbuf *out = show->out;

	rt_strbuf_addf(out, "%*s: ", LABEL_WIDTH, "Cpuset");
	if (rt_cpuset_is_empty(&guest->cpuset)) {
		rt_strbuf_adds(out, "none: runs on any CPU that no real-time "
				    "guest owns\n");
		return;
	}
	add_cpus(out, &guest->cpuset);
	/* What the user wrote, where it reads differently. */
	if (section &&
	    strcmp(section->cpuset, rt_cpuset_text(&guest->cpuset).text) != 0)
		rt_strbuf_addf(out, " (%s)", section->cpuset);
	rt_strbuf_adds(out, "\n");
}

static void show_siblings(const struct rt_show *show, const char *label,
			  const struct rt_cpuset *cpus)
{
	if (rt_cpuset_is_empty(cpus))
		return;
	rt_strbuf_addf(show->out, "%*s: ", LABEL_WIDTH, label);
	add_cpus(show->out, cpus);
	rt_strbuf_adds(show->out,
		       " (SMT siblings, while the guest is active)\n");
}

static void show_rt_cpus(const struct rt_show *show,
			 const struct rt_guest *guest)
{
	const struct rt_cpuset idle = rt_guest_idle(guest);
	struct rt_strbuf *out = show->out;

	if (!guest->rt)
		return;
	rt_strbuf_addf(out, "%*s: ", LABEL_WIDTH, "Service");
	if (rt_cpuset_is_empty(&guest->service)) {
		rt_strbuf_adds(out, "none\n");
	} else {
		add_cpus(out, &guest->service);
		if (rt_cpuset_count(&guest->service) == 1)
			rt_strbuf_adds(out, ", also for the interrupts of its "
					    "devices\n");
		else
			rt_strbuf_addf(out,
				       ", CPU %d also for the interrupts "
				       "of its devices\n",
				       guest->irq_cpu);
	}
	show_siblings(show, "Offline", &guest->offline);
	show_siblings(show, "Idle", &idle);
	if (guest->vcpu_fifo)
		rt_strbuf_addf(out, "%*s: vCPUs are SCHED_FIFO, priority %u\n",
			       LABEL_WIDTH, "Class", guest->vcpu_fifo);
}

static void show_memory(const struct rt_show *show,
			const struct rt_guest *guest)
{
	struct row row = row_begin(show->out, "Memory");
	char text[256];

	row_item(&row, guest->locked ? "locked" : "not locked");
	if (rt_cpuset_is_empty(&guest->nodes))
		snprintf(text, sizeof(text), "of any NUMA node");
	else
		snprintf(text, sizeof(text), "only of NUMA node%s %s",
			 rt_cpuset_count(&guest->nodes) == 1 ? "" : "s",
			 rt_cpuset_text(&guest->nodes).text);
	row_item(&row, text);
	row_end(&row);
}

static void show_device(const struct rt_show *show,
			const struct rt_pci_addr *addr)
{
	const struct rt_loaded *loaded = show->loaded;
	struct rt_strbuf *out = show->out;
	const struct rt_pci_dev *dev;

	rt_strbuf_adds(out, rt_pci_text(addr).text);
	if (!loaded->has_facts) {
		rt_strbuf_adds(out, "\n");
		return;
	}
	dev = rt_pci_devs_find(&loaded->facts.pci, addr);
	if (!dev) {
		rt_strbuf_adds(out, "  not on this host\n");
		return;
	}
	rt_strbuf_addf(out, "  %s", rt_pci_class_text(dev->class_code));
	if (*dev->driver)
		rt_strbuf_addf(out, ", driver %s", dev->driver);
	if (dev->node >= 0)
		rt_strbuf_addf(out, ", node %d", dev->node);
	if (dev->group >= 0)
		rt_strbuf_addf(out, ", IOMMU group %d", dev->group);
	rt_strbuf_adds(out, "\n");
}

static void show_words(const struct rt_show *show, const char *label,
		       const struct rt_words *words, uint32_t set)
{
	const char *word;
	struct row row;

	if (!set)
		return;
	row = row_begin(show->out, label);
	for (size_t i = 0; (word = rt_words_nth(words, set, i)) != NULL; i++)
		row_item(&row, word);
	row_end(&row);
}

static void show_devices(const struct rt_show *show,
			 const struct rt_guest *guest)
{
	for (size_t i = 0; i < guest->pcidevs.n; i++) {
		rt_strbuf_addf(show->out, "%*s%s ", LABEL_WIDTH,
			       i ? "" : "Devices", i ? " " : ":");
		show_device(show, &guest->pcidevs.items[i]);
	}
}

void rt_show_guest(const struct rt_show *show, const struct rt_guest *guest)
{
	show_head(show, guest);
	show_description(show, guest);
	show_cpuset(show, guest);
	show_vcpus(show, guest);
	show_rt_cpus(show, guest);
	show_memory(show, guest);
	show_devices(show, guest);
	show_words(show, "Suppresses", &rt_suppress_words, guest->suppress);
	if (show->verbose && guest->section)
		show_words(show, "Accepts", &rt_accept_codes,
			   guest->section->accept);
	rt_strbuf_adds(show->out, "\n");
}

struct rt_cpuset rt_show_housekeeping(const struct rt_loaded *loaded)
{
	return rt_housekeeping(&loaded->enabled, &loaded->topo);
}

void rt_show_host(const struct rt_show *show)
{
	const struct rt_topo *topo = &show->loaded->topo;
	const struct rt_cpuset left = rt_show_housekeeping(show->loaded);
	struct rt_cpuset off = topo->present;

	rt_strbuf_addf(show->out, "Housekeeping: %s%s of CPUs %s\n",
		       rt_cpuset_count(&left) == 1 ? "CPU " : "CPUs ",
		       rt_cpuset_is_empty(&left) ? "none" :
						   rt_cpuset_text(&left).text,
		       rt_cpuset_text(&topo->present).text);
	rt_cpuset_minus(&off, &topo->online);
	if (!rt_cpuset_is_empty(&off))
		rt_strbuf_addf(show->out, "Offline now : CPUs %s\n",
			       rt_cpuset_text(&off).text);
}

/* "n1", or "-" where the host does not say; several joined by commas. */
static void add_object(struct rt_strbuf *out, const struct rt_topo_level *level,
		       const struct rt_cpuset *cpus, char prefix)
{
	const struct rt_cpuset numbers = rt_topo_numbers(level, cpus);
	char text[32] = "-";
	size_t len = 0;

	RT_CPUSET_FOREACH(number, &numbers)
	{
		if (len + 8 > sizeof(text))
			break;
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"%s%c%d", len ? "," : "", prefix,
					number);
	}
	rt_strbuf_addf(out, "  %-7s", text);
}

/* The enabled guests whose CPUs these are. */
static void add_users(const struct rt_show *show, const struct rt_cpuset *cpus)
{
	const struct rt_guest_refs *enabled = &show->loaded->enabled;
	const char *comma = "";

	for (size_t i = 0; i < enabled->n; i++) {
		const struct rt_guest *guest = enabled->items[i];

		if (!rt_guest_uses(guest, cpus))
			continue;
		rt_strbuf_addf(show->out, "%s%s", comma, guest->name);
		comma = ", ";
	}
	rt_strbuf_adds(show->out, "\n");
}

void rt_show_topology(const struct rt_show *show)
{
	const struct rt_topo *topo = &show->loaded->topo;
	struct rt_strbuf *out = show->out;

	rt_strbuf_adds(out, "PACKAGE  DIE      NODE     CORE     CPUS"
			    "             GUESTS\n");
	for (size_t i = 0; i < topo->cores.n; i++) {
		const struct rt_topo_object *core = &topo->cores.items[i];
		const struct rt_cpulist cpus = rt_cpuset_text(&core->cpus);
		RT_AUTO_STRBUF row = { 0 };

		add_object(&row, &topo->packages, &core->cpus, 'p');
		add_object(&row, &topo->dies, &core->cpus, 'd');
		add_object(&row, &topo->nodes, &core->cpus, 'n');
		rt_strbuf_addf(&row, "  c%-6u  %-15s  ", core->number,
			       cpus.text);
		out->failed |= row.failed;
		rt_strbuf_adds(out, row.text ? row.text + 2 : "");
		add_users(show, &core->cpus);
	}
	rt_strbuf_adds(out, "\n");
}

void rt_show_errors(const struct rt_report *report)
{
	struct rt_report errors = *report; /* borrowed */
	RT_AUTO_STRBUF out = { 0 };
	struct rt_err ignored;

	errors.hidden = RT_HIDE_ALL_BUT_ERRORS;
	rt_show_report(&errors, rt_show_has_colour(stderr), &out);
	(void)rt_show_write(&out, stderr, "standard error", &ignored);
}

int rt_show_refusal(const struct rt_tool *tool, const struct rt_report *report)
{
	RT_AUTO_STRBUF out = { 0 };
	struct rt_err err;

	rt_show_errors(report);
	if (!tool->given || !tool->given->json)
		return RT_EXIT_REFUSED;
	rt_report_print_json(report, &out);
	if (rt_show_write(&out, stdout, "standard output", &err) < 0)
		return rt_tool_told(tool, &err);
	return RT_EXIT_REFUSED;
}
