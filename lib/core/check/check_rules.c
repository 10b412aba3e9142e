/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* check_rules.c - what all rules share */
#include "check_rules.h"

#include <stdarg.h>

#include "core/config/config_accept.h"

#define LISTED_MAX 6 /* names in one sentence */

bool rt_check_counts(const struct rt_checking *run,
		     const struct rt_guest *guest)
{
	return run->check->all || !guest->disabled;
}

bool rt_check_concerns(const struct rt_checking *run,
		       const struct rt_guest *guest)
{
	const char *uuid = run->check->uuid;

	return !uuid || strcmp(guest->uuid, uuid) == 0;
}

const char *rt_check_label(const struct rt_guest *guest)
{
	return guest->name && *guest->name ? guest->name : guest->uuid;
}

unsigned rt_check_line(const struct rt_guest *guest, enum rt_key key)
{
	const struct rt_section *section = guest->section;

	if (!section)
		return 0;
	return section->lines[key] ? section->lines[key] : section->line;
}

bool rt_check_is_doubtful(const struct rt_checking *run,
			  const struct rt_guest *guest, enum rt_key key)
{
	const unsigned line = guest->section ? guest->section->lines[key] : 0;

	for (size_t i = 0; line && i < run->n_before; i++)
		if (run->report->items[i].line == line &&
		    run->report->items[i].severity == RT_ERROR)
			return true;
	return false;
}

void rt_check_add(const struct rt_checking *run, enum rt_severity severity,
		  const char *code, const struct rt_guest *guest,
		  enum rt_key key, struct rt_strbuf *hint, const char *fmt, ...)
{
	const struct rt_where where = {
		.file = run->check->config->file,
		.line = rt_check_line(guest, key),
		.guest = rt_check_label(guest),
	};
	RT_AUTO_STRBUF message = { 0 };
	va_list args;

	if (severity == RT_WARNING && guest->section &&
	    rt_accepts(guest->section->accept, code))
		severity = RT_ACCEPTED;
	va_start(args, fmt);
	rt_strbuf_vaddf(&message, fmt, args);
	va_end(args);
	if (message.failed || hint->failed)
		run->report->failed = true;
	else if (!rt_check_is_doubtful(run, guest, key))
		rt_report_add(run->report, severity, code, where, hint->text,
			      "%s", message.text);
	rt_strbuf_fini(hint);
}

bool rt_check_is_numa(const struct rt_checking *run)
{
	const struct rt_cpuset nodes =
		rt_check_nodes(run, &run->check->topo->present);

	return rt_cpuset_count(&nodes) > 1;
}

struct rt_cpuset rt_check_nodes(const struct rt_checking *run,
				const struct rt_cpuset *cpus)
{
	return rt_topo_numbers(&run->check->topo->nodes, cpus);
}

static struct rt_cpulist set_text(const char *noun, const struct rt_cpuset *set)
{
	const struct rt_cpulist list = rt_cpuset_text(set);
	struct rt_cpulist named;

	/* "CPU 4095" is far from the limit: only long lists lose their end. */
	snprintf(named.text, sizeof(named.text), "%s%s %.199s", noun,
		 rt_cpuset_count(set) == 1 ? "" : "s", list.text);
	return named;
}

struct rt_cpulist rt_check_nodes_text(const struct rt_cpuset *nodes)
{
	return set_text("node", nodes);
}

struct rt_cpulist rt_check_cpus_text(const struct rt_cpuset *cpus)
{
	return set_text("CPU", cpus);
}

void rt_list_add(struct rt_listing *list, const char *text, const char *note)
{
	if (list->n++ >= LISTED_MAX)
		return;
	rt_strbuf_addf(&list->text, "%s%s", list->n > 1 ? ", " : "", text);
	if (*note)
		rt_strbuf_addf(&list->text, " (%s)", note);
}

/* Its name in quotes, as wherever a guest is named. */
void rt_list_guest(struct rt_listing *list, const struct rt_guest *guest)
{
	RT_AUTO_STRBUF name = { 0 };

	rt_strbuf_addf(&name, "'%s'", rt_check_label(guest));
	list->text.failed |= name.failed;
	rt_list_add(list, name.text ? name.text : "", "");
}

const char *rt_list_text(struct rt_listing *list)
{
	if (list->n > LISTED_MAX)
		rt_strbuf_addf(&list->text, " and %u more",
			       list->n - LISTED_MAX);
	return list->text.failed ? "(no memory left)" : list->text.text;
}

void rt_list_fini(const struct rt_checking *run, struct rt_listing *list)
{
	run->report->failed |= list->text.failed;
	rt_strbuf_fini(&list->text);
}
