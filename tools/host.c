/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* host.c - kvmrt-host: CPUs, interrupts, tasks, devices, and whose they are */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "common/host.h"
#include "common/show.h"
#include "core/base/text.h"

static const char help[] =
	"Usage: kvmrt-host [OPTION]... [cpus|irqs|tasks|pci|topology]...\n"
	"Show what this host has and whose it is: its CPUs (if nothing is "
	"named),\n"
	"interrupts, tasks, PCI devices, or how its CPUs hang together. Needs "
	"no\n"
	"configuration.\n"
	"\n"
	"      --cpus CPUSET        only what may touch these CPUs (6-11, n1, "
	"c0-3, ~n0)\n"
	"      --for TIME           irqs: read twice, so long apart, and show "
	"rates: 10s, 2m\n"
	"  -o, --output COLUMNS     these columns, or +COLUMNS: these, too\n"
	"      --noheadings         no line with the columns' names\n"
	"      --tree               interrupts by CPU, threads by process, "
	"devices by group\n"
	"  -f, --file FILE          the configuration, if not /etc/kvmrt.cfg\n"
	"      --json               machine-readable, with all columns\n"
	"      --root DIR           a captured host\n"
	"  -v, --verbose            unused interrupts and PCI bridges, too\n"
	"  -h, --help               show this help and exit\n"
	"  -V, --version            show the version and exit\n"
	"\n"
	"Exit status: 0 shown, 1 failed, 2 usage.\n";

struct subject {
	const char *name;
	int (*fill)(struct rt_host *host, struct rt_grid *grid,
		    struct rt_err *err);
	bool tree, always; /* it can be drawn as a tree; it always is */
};

static const struct subject subjects[] = {
	{ "cpus", rt_host_cpus, false, false },
	{ "irqs", rt_host_irqs, true, false },
	{ "tasks", rt_host_tasks, true, false },
	{ "pci", rt_host_pci, true, false },
	{ "topology", rt_host_topology, true, true },
};
#define N_SUBJECTS (sizeof(subjects) / sizeof(subjects[0]))

struct asked {
	const struct rt_tool *tool;
	const struct rt_options *options;
	const struct subject *subjects[N_SUBJECTS];
	size_t n;
	const char *cpus, *seconds, *columns;
	bool noheadings, tree;
	bool misused; /* the failure is one of the command line */
};

static const struct subject *find_subject(const char *name)
{
	for (size_t i = 0; i < N_SUBJECTS; i++) {
		if (strcmp(subjects[i].name, name) == 0)
			return &subjects[i];
	}
	return NULL;
}

static int unknown_subject(const struct rt_tool *tool, const char *word)
{
	const char *names[N_SUBJECTS], *near;

	for (size_t i = 0; i < N_SUBJECTS; i++)
		names[i] = subjects[i].name;
	near = rt_nearest(word, strlen(word), names, N_SUBJECTS);
	if (near)
		return rt_usage_error(tool, "unknown subject '%s': write %s",
				      rt_cut_text(word).text, near);
	return rt_usage_error(tool,
			      "unknown subject '%s': cpus, irqs, tasks, pci "
			      "or topology",
			      rt_cut_text(word).text);
}

/* Each once, in the order in which they are named. */
static int choose_subjects(struct asked *asked)
{
	const struct rt_options *options = asked->options;

	for (size_t i = 0; i < options->n_guests; i++) {
		const struct subject *subject =
			find_subject(options->guests[i]);
		size_t k = 0;

		if (!subject)
			return unknown_subject(asked->tool, options->guests[i]);
		while (k < asked->n && asked->subjects[k] != subject)
			k++;
		asked->subjects[k] = subject;
		asked->n += k == asked->n;
	}
	if (!asked->n)
		asked->subjects[asked->n++] = &subjects[0];
	return RT_GO_ON;
}

static bool asks_for(const struct asked *asked, const char *name)
{
	for (size_t i = 0; i < asked->n; i++) {
		if (strcmp(asked->subjects[i]->name, name) == 0)
			return true;
	}
	return false;
}

static int check_usage(struct asked *asked, struct rt_host *host)
{
	const struct rt_tool *tool = asked->tool;
	int status = choose_subjects(asked);

	if (status != RT_GO_ON)
		return status;
	if (asked->columns && (asked->n > 1 || asked->options->json))
		return rt_usage_error(tool,
				      "-o is for the table of one subject");
	if (asked->tree && !asked->subjects[0]->tree)
		return rt_usage_error(tool,
				      "cpus are no tree: write 'kvmrt-host "
				      "topology'");
	if (asked->seconds && !rt_options_time(asked->seconds, &host->seconds))
		return rt_usage_error(tool,
				      "--for '%s': write a number with s, m or "
				      "h, from 1s to 24h",
				      rt_cut_text(asked->seconds).text);
	if (asked->seconds && !asks_for(asked, "irqs"))
		return rt_usage_error(tool, "--for is for irqs");
	return RT_GO_ON;
}

/* Without a file, or with one that cannot be used, the host is shown. */
static int load(const struct rt_options *options, struct rt_host *host,
		struct rt_err *err)
{
	struct rt_loaded *loaded = &host->loaded;
	int r = rt_load(options, loaded, err);

	if (r < 0 && !loaded->no_file)
		return r;
	if (r < 0)
		fprintf(stderr, "kvmrt-host: %s: what it plans is not shown\n",
			err->text);
	else if (!loaded->readable)
		fprintf(stderr,
			"kvmrt-host: %s has errors, and what it plans is not "
			"shown: kvmrt-validate-config says which\n",
			loaded->file.path);
	if (r < 0 || !loaded->readable)
		loaded->enabled.n = 0;
	r = rt_scan_record(loaded, &host->scanned, err);
	if (host->scanned.hidden)
		fprintf(stderr, "kvmrt-host: only root may read the record: "
				"roles are those of the file, for the guests "
				"that run\n");
	host->view = rt_scanned_view(loaded, &host->scanned);
	return r;
}

static int show_table(struct asked *asked, const struct subject *subject,
		      const struct rt_grid *grid, struct rt_strbuf *out,
		      struct rt_err *err)
{
	struct rt_grid_look look = {
		.headings = !asked->noheadings,
		.tree = subject->always || (asked->tree && subject->tree),
	};
	int r = rt_grid_choose(grid, asked->columns, &look, err);

	asked->misused = r < 0;
	return r < 0 ? r : rt_grid_table(grid, &look, out, err);
}

static int show_subject(struct asked *asked, const struct subject *subject,
			struct rt_host *host, struct rt_json *json,
			struct rt_err *err)
{
	struct rt_grid grid = { 0 };
	int r = subject->fill(host, &grid, err);

	if (r == 0 && grid.failed)
		r = rt_fail_memory(err);
	if (r == 0 && asked->options->json)
		rt_grid_json(&grid, json);
	else if (r == 0)
		r = show_table(asked, subject, &grid, json->out, err);
	rt_grid_fini(&grid);
	return r;
}

static void open_json(const struct rt_host *host, struct rt_json *json)
{
	rt_json_open(json, '{');
	rt_json_key_number(json, "version", 1);
	rt_json_key_bool(json, "record", !host->scanned.hidden);
	rt_json_key_bool(json, "file",
			 host->loaded.file.exists && host->loaded.readable);
}

/* A finding each: what could not be read, and is therefore not shown. */
static void tell_notes(const struct rt_host *host)
{
	const struct rt_report *notes = &host->notes.unread;

	for (size_t i = 0; i < notes->n; i++)
		fprintf(stderr, "kvmrt-host: %s\n", notes->items[i].message);
}

static int show(struct asked *asked, struct rt_host *host, struct rt_err *err)
{
	RT_AUTO_STRBUF out = { 0 };
	struct rt_json json = { .out = &out };
	int r = 0;

	if (asked->options->json)
		open_json(host, &json);
	for (size_t i = 0; r == 0 && i < asked->n; i++) {
		if (i && !asked->options->json)
			rt_strbuf_adds(&out, "\n");
		r = show_subject(asked, asked->subjects[i], host, &json, err);
	}
	if (r < 0)
		return r;
	if (asked->options->json) {
		rt_json_close(&json, '}');
		rt_strbuf_adds(&out, "\n");
	}
	tell_notes(host);
	return rt_show_write(&out, stdout, "standard output", err);
}

static int run(struct asked *asked, struct rt_host *host, struct rt_err *err)
{
	int r = load(asked->options, host, err);

	host->all = asked->options->verbose || asked->options->json;
	host->cpus = host->loaded.topo.present;
	host->filtered = asked->cpus;
	if (r == 0 && asked->cpus) {
		r = rt_topo_parse_cpuset(&host->loaded.topo, asked->cpus,
					 &host->cpus, err);
		asked->misused = r < 0;
		if (r < 0)
			rt_wrap(err, "--cpus");
	}
	return r < 0 ? r : show(asked, host, err);
}

int main(int argc, char **argv)
{
	struct rt_options options;
	struct asked asked = { .options = &options };
	const struct rt_option own[] = {
		{ .name = "cpus", .value = &asked.cpus },
		{ .name = "for", .value = &asked.seconds },
		{ .letter = 'o', .name = "output", .value = &asked.columns },
		{ .name = "noheadings", .on = &asked.noheadings },
		{ .name = "tree", .on = &asked.tree },
	};
	const struct rt_tool tool = {
		.name = "kvmrt-host",
		.help = help,
		.takes = RT_TAKES_JSON | RT_TAKES_GUESTS,
		.options = own,
		.n = 5,
		.given = &options,
	};
	struct rt_host host = { .seconds = 0 };
	struct rt_err err;
	int status = rt_options_parse(&tool, argc, argv, &options);

	/* How wide a character is, for the table. */
	(void)setlocale(LC_CTYPE, "");
	asked.tool = &tool;
	if (status == RT_GO_ON)
		status = check_usage(&asked, &host);
	if (status != RT_GO_ON)
		return status;
	options.may_lack_file = true;
	options.reads_facts = true;
	status = RT_EXIT_DONE;
	if (run(&asked, &host, &err) < 0)
		status = asked.misused ? rt_usage_error(&tool, "%s", err.text) :
					 rt_tool_failed(&tool, &err);
	rt_scanned_fini(&host.scanned);
	rt_facts_fini(&host.notes);
	rt_load_fini(&host.loaded);
	return status;
}
