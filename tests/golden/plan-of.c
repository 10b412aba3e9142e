/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plan-of.c - the steps that guests mean on a captured host, as text
 *
 *   plan-of ROOT prepared|started   every section of ROOT's etc/kvmrt.cfg that
 *                                   is not disabled is active
 *
 * Nothing is applied, so `started` shows what one look can see: what a shield
 * leaves behind is for the next.
 */
#include "host/config_file.h"
#include "host/probe.h"
#include "host/topology.h"
#include "../plan_text.h"

struct host {
	struct rt_sys sys;
	struct rt_topo topo;
	struct rt_config_file file;
	struct rt_config config;
	struct rt_report report;
	struct rt_guests guests;
	struct rt_facts facts;
	struct rt_journal journal;
};

static int read_host(struct host *host, const char *root, struct rt_err *err)
{
	int r = rt_sys_open(root, &host->sys, err);

	if (r == 0)
		r = rt_topology_load(&host->sys, &host->topo, err);
	if (r == 0)
		r = rt_config_file_read(&host->sys, NULL, &host->file, err);
	if (r == 0)
		r = rt_config_parse(host->file.text, host->file.len,
				    "kvmrt.cfg", &host->config, &host->report,
				    err);
	if (r == 0)
		r = rt_guests_resolve(&host->config, &host->topo, &host->guests,
				      &host->report, err);
	if (r == 0 && rt_report_errors(&host->report))
		r = rt_fail(err, 0, "%s", host->report.items[0].message);
	return r;
}

static int enter(struct host *host, struct rt_strbuf *entries,
		 struct rt_err *err)
{
	int r = 0;

	for (const char *line = entries->text; line && *line && r == 0;) {
		const size_t n = strcspn(line, "\n");

		r = rt_journal_enter(&host->journal, line, n, err);
		line += n + 1;
	}
	return r;
}

/* The process is the one that libvirt's pid file names; none: prepared. */
static int add_guest(struct host *host, const struct rt_guest *guest,
		     bool started, struct rt_err *err)
{
	struct rt_active active = { .guest = *guest, .pid = 1 };
	RT_AUTO_STRBUF entries = { 0 };
	struct rt_err none;
	char text[32];
	int r = 0;

	if (started &&
	    rt_sys_readf(&host->sys, text, sizeof(text), &none,
			 "run/libvirt/qemu/%s.pid", guest->name) == 0) {
		active.stage = RT_STAGE_STARTED;
		active.pid = (unsigned)strtoul(text, NULL, 10);
		r = rt_facts_read_process(&host->sys, guest->uuid, active.pid,
					  &host->facts, err);
	}
	rt_journal_add_guest(&entries, &active);
	return r < 0 ? r : enter(host, &entries, err);
}

static int read_facts(struct host *host, struct rt_err *err)
{
	int r = rt_facts_read_irqs(&host->sys, &host->facts, err);

	if (r == 0)
		r = rt_facts_read_cgroup(&host->sys, false, &host->facts, err);
	if (r == 0)
		r = rt_facts_read_settings(&host->sys, &host->topo,
					   &host->facts, err);
	if (r == 0)
		r = rt_facts_read_tasks(&host->sys, &host->topo.present,
					&host->facts, err);
	return r;
}

static int print_plan(const struct host *host, struct rt_err *err)
{
	const struct rt_plan_input input = { .topo = &host->topo,
					     .facts = &host->facts,
					     .journal = &host->journal };
	RT_AUTO_STRBUF out = { 0 };
	struct rt_plan plan;
	int r = rt_plan_make(&input, &plan, err);

	if (r < 0)
		return r;
	print_steps(&plan, &out);
	fputs(out.text ? out.text : "", stdout);
	if (plan.again)
		puts("(then another look)");
	rt_plan_fini(&plan);
	return 0;
}

static void host_fini(struct host *host)
{
	rt_journal_fini(&host->journal);
	rt_facts_fini(&host->facts);
	rt_guests_fini(&host->guests);
	rt_report_fini(&host->report);
	rt_config_fini(&host->config);
	rt_config_file_fini(&host->file);
	rt_topo_fini(&host->topo);
	rt_sys_close(&host->sys);
}

int main(int argc, char **argv)
{
	struct host host = { 0 };
	struct rt_err err = { 0 };
	int r;

	if (argc != 3) {
		fputs("usage: plan-of ROOT prepared|started\n", stderr);
		return 2;
	}
	r = read_host(&host, argv[1], &err);
	for (size_t i = 0; r == 0 && i < host.guests.n; i++) {
		if (!host.guests.items[i].disabled)
			r = add_guest(&host, &host.guests.items[i],
				      strcmp(argv[2], "started") == 0, &err);
	}
	if (r == 0)
		r = read_facts(&host, &err);
	if (r == 0)
		r = print_plan(&host, &err);
	if (r < 0)
		printf("refused: %s\n", err.text);
	host_fini(&host);
	return 0;
}
