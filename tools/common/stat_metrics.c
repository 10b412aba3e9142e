/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stat_metrics.c - what kvmrt-stat says of one moment, as OpenMetrics 1.0
 *
 * A family's samples stand together, below its type and its help. Names end as
 * the types ask for: _total for a counter, _info for an info.
 */
#include <string.h>

#include "core/base/utf8.h"
#include "stat.h"

#include "core/base/banned.h"

static const char *const states[] = { "tuned",	  "degraded", "disturbed",
				      "starting", "running",  "off",
				      "disabled" };

static void family(struct rt_strbuf *out, const char *name, const char *type,
		   const char *help)
{
	rt_strbuf_addf(out, "# TYPE kvmrt_%s %s\n# HELP kvmrt_%s %s\n", name,
		       type, name, help);
}

/* A value in quotes. What is not UTF-8 is replaced: a reader would refuse all. */
static void label(struct rt_strbuf *out, const char *name, const char *value)
{
	const char last = out->len ? out->text[out->len - 1] : '{';

	rt_strbuf_addf(out, "%s%s=\"", last == '{' ? "" : ",", name);
	while (*value) {
		const size_t len = rt_utf8_length(value);

		if (!len)
			rt_strbuf_adds(out, "\xef\xbf\xbd");
		else if (*value == '\n')
			rt_strbuf_adds(out, "\\n");
		else if (*value == '"' || *value == '\\')
			rt_strbuf_addf(out, "\\%c", *value);
		else
			rt_strbuf_add(out, value, len);
		value += len ? len : 1;
	}
	rt_strbuf_adds(out, "\"");
}

static void open_guest(struct rt_strbuf *out, const char *sample,
		       const struct rt_guest *guest)
{
	rt_strbuf_addf(out, "kvmrt_%s{", sample);
	label(out, "uuid", guest->uuid);
	label(out, "name", guest->name);
}

static void add_states(struct rt_stat *stat, struct rt_strbuf *out)
{
	family(out, "guest_state", "gauge",
	       "1 for the state that the guest is in.");
	for (size_t i = 0; i < stat->shown.n; i++) {
		const struct rt_guest *guest = stat->shown.items[i];
		const char *state = rt_stat_state(stat, guest);

		for (size_t k = 0; k < sizeof(states) / sizeof(*states); k++) {
			open_guest(out, "guest_state", guest);
			label(out, "state", states[k]);
			rt_strbuf_addf(out, "} %d\n",
				       strcmp(states[k], state) == 0);
		}
	}
}

static void add_guests(struct rt_stat *stat, struct rt_strbuf *out)
{
	family(out, "guest", "info",
	       "The guests of kvmrt.cfg and of the record.");
	for (size_t i = 0; i < stat->shown.n; i++) {
		open_guest(out, "guest_info", stat->shown.items[i]);
		label(out, "rt", stat->shown.items[i]->rt ? "true" : "false");
		rt_strbuf_adds(out, "} 1\n");
	}
	family(out, "guest_missing", "gauge",
	       "Things that the guest must have and lacks.");
	for (size_t i = 0; i < stat->shown.n; i++) {
		const struct rt_guest *guest = stat->shown.items[i];
		const struct rt_guest_state *state =
			rt_scanned_state(&stat->scanned, guest->uuid);

		open_guest(out, "guest_missing", guest);
		rt_strbuf_addf(out, "} %zu\n", state ? state->n : (size_t)0);
	}
}

/* Only the agent knows, as kvmrt-sync has told it. */
static void add_definitions(struct rt_stat *stat, struct rt_strbuf *out)
{
	family(out, "guest_definition_in_step", "gauge",
	       "Whether the guest's definition is what kvmrt.cfg says.");
	for (size_t i = 0; stat->agent && i < stat->shown.n; i++) {
		const struct rt_guest *guest = stat->shown.items[i];

		open_guest(out, "guest_definition_in_step", guest);
		rt_strbuf_addf(out, "} %d\n",
			       !*rt_stat_definition(stat, guest->uuid));
	}
}

static void add_cpus(struct rt_stat *stat, struct rt_strbuf *out)
{
	const struct rt_view view =
		rt_scanned_view(stat->loaded, &stat->scanned);

	family(out, "cpu", "info", "What each CPU is, and to which guest.");
	RT_CPUSET_FOREACH(member, &view.topo->present)
	{
		const unsigned cpu = (unsigned)member;
		const struct rt_cpu_role role = rt_cpu_role(view.now, cpu);
		char text[16];

		snprintf(text, sizeof(text), "%u", cpu);
		rt_strbuf_adds(out, "kvmrt_cpu_info{");
		label(out, "cpu", text);
		label(out, "guest", role.guest ? role.guest->name : "");
		label(out, "role", rt_view_role(&view, cpu).text);
		rt_strbuf_adds(out, "} 1\n");
	}
}

static void add_interrupts(struct rt_stat *stat, struct rt_strbuf *out)
{
	family(out, "guest_cpu_interrupts", "gauge",
	       "Interrupts on the guest's CPU since the guest started.");
	for (size_t i = 0; i < stat->shown.n; i++) {
		const struct rt_guest *guest = stat->shown.items[i];
		struct rt_since since = { 0 };

		if (!guest->rt ||
		    !rt_scanned_process(&stat->scanned, guest->uuid) ||
		    !rt_stat_since(stat, guest, &since)) {
			rt_stat_since_fini(&since);
			continue;
		}
		for (size_t k = 0; k < since.now.n; k++) {
			const struct rt_count *now = &since.now.items[k];
			const struct rt_count base =
				rt_stat_base(&since, now->cpu);

			open_guest(out, "guest_cpu_interrupts", guest);
			rt_strbuf_addf(out, ",cpu=\"%u\"} %llu\n", now->cpu,
				       rt_stat_grown(now->interrupts,
						     base.interrupts));
		}
		rt_stat_since_fini(&since);
	}
}

static void add_counter(struct rt_stat *stat, const char *name,
			const char *member, const char *help,
			struct rt_strbuf *out)
{
	struct json_object *value =
		rt_stat_member(rt_stat_member(stat->agent, "agent"), member);

	family(out, name, "counter", help);
	if (value && json_object_is_type(value, json_type_int))
		rt_strbuf_addf(out, "kvmrt_%s_total %lld\n", name,
			       (long long)json_object_get_int64(value));
}

static void add_host(struct rt_stat *stat, struct rt_strbuf *out)
{
	const struct rt_report *report = &stat->loaded->report;

	family(out, "agent_up", "gauge", "Whether kvmrt-agent answers.");
	rt_strbuf_addf(out, "kvmrt_agent_up %d\n", stat->agent != NULL);
	add_counter(stat, "repairs", "repairs",
		    "What kvmrt-agent has repaired since it started.", out);
	add_counter(stat, "agent_scans", "scans",
		    "Scans of kvmrt-agent since it started.", out);
	add_counter(stat, "agent_wakeups", "wakeups",
		    "Wake-ups of kvmrt-agent since it started.", out);
	family(out, "record_readable", "gauge",
	       "Whether the record could be read; else no state is known.");
	rt_strbuf_addf(out, "kvmrt_record_readable %d\n",
		       !stat->scanned.hidden);
	family(out, "config_findings", "gauge",
	       "What kvmrt-validate-config finds in kvmrt.cfg.");
	rt_strbuf_addf(out, "kvmrt_config_findings{severity=\"error\"} %u\n",
		       rt_report_errors(report));
	rt_strbuf_addf(out, "kvmrt_config_findings{severity=\"warning\"} %u\n",
		       rt_report_warnings(report));
}

void rt_stat_metrics(struct rt_stat *stat, struct rt_strbuf *out)
{
	add_guests(stat, out);
	add_states(stat, out);
	add_definitions(stat, out);
	add_interrupts(stat, out);
	add_cpus(stat, out);
	add_host(stat, out);
	rt_strbuf_adds(out, "# EOF\n");
}
