/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * summary.c - the state of the host in at most twenty lines, and what to do
 *
 * Four lines of heads, at most ten guests and a line for the others, at most
 * three things to do, and two blank lines.
 */
#include "summary.h"

#include <string.h>
#include <unistd.h>

#include "core/base/text.h"
#include "explain.h"
#include "show.h"

#include "core/base/banned.h"

#define WIDTH	   80
#define GUESTS_MAX 10
#define ADVICE_MAX 3
#define PATH_BYTES 24
#define NAME_BYTES 20
#define CPUS_BYTES 24
#define WHY_COLUMN 32

struct summary {
	struct rt_stat *stat;
	bool no_file;
	struct rt_strbuf *out;
	size_t advice;
};

static struct rt_cut cut_to(const char *text, size_t max)
{
	size_t len = strlen(text);

	if (len <= max)
		return rt_cut(text, len);
	len = max;
	/* Not within a character. */
	while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	return rt_cut(text, len);
}

/* --- the heads --- */

static void add_host(const struct summary *summary)
{
	const struct rt_stat *stat = summary->stat;
	const struct rt_topo *topo = &stat->loaded->topo;
	const struct rt_cpuset left = rt_housekeeping(&stat->scanned.now, topo);
	const unsigned n = rt_cpuset_count(&topo->present);
	const unsigned on = rt_cpuset_count(&topo->online);

	rt_strbuf_addf(summary->out, "Host:   %s", rt_count(n, "CPU").text);
	if (on != n)
		rt_strbuf_addf(summary->out, " (%u online)", on);
	rt_strbuf_addf(summary->out, ", %s",
		       rt_count(topo->cores.n, "core").text);
	rt_strbuf_addf(summary->out, ", %s; housekeeping: %s\n",
		       rt_count(topo->nodes.n, "node").text,
		       cut_to(rt_cpuset_text(&left).text, CPUS_BYTES).text);
}

static void add_file(const struct summary *summary)
{
	const struct rt_loaded *loaded = summary->stat->loaded;
	const struct rt_report *report = &loaded->report;
	struct rt_strbuf *out = summary->out;
	unsigned rt = 0;

	if (summary->no_file) {
		rt_strbuf_adds(out, "File:   cannot be used\n");
		return;
	}
	if (!loaded->file.exists) {
		rt_strbuf_addf(out, "File:   there is no %s\n",
			       cut_to(loaded->file.path, PATH_BYTES).text);
		return;
	}
	for (size_t i = 0; i < loaded->enabled.n; i++)
		rt += loaded->enabled.items[i]->rt;
	rt_strbuf_addf(out, "File:   %s: %s, %u real-time: ",
		       cut_to(loaded->file.path, PATH_BYTES).text,
		       rt_count(loaded->enabled.n, "guest").text, rt);
	rt_strbuf_addf(out, "%s, ",
		       rt_count(rt_report_errors(report), "error").text);
	rt_strbuf_addf(out, "%s\n",
		       rt_count(rt_report_warnings(report), "warning").text);
}

static void add_agent(const struct summary *summary)
{
	const struct rt_stat *stat = summary->stat;
	struct json_object *agent = rt_stat_member(stat->agent, "agent");
	struct rt_strbuf *out = summary->out;

	if (stat->agent_dead)
		rt_strbuf_adds(out, "Agent:  does not run\n");
	else if (agent)
		rt_strbuf_addf(out, "Agent:  runs since %s, %s repairs\n",
			       cut_to(rt_stat_text(agent, "since"), 24).text,
			       cut_to(rt_stat_text(agent, "repairs"), 12).text);
	else
		rt_strbuf_addf(out, "Agent:  %s\n",
			       stat->loaded->sys.live ?
				       "only root may ask it" :
				       "a captured host has none");
}

/* --- the guests --- */

static bool is_bad(const char *state)
{
	return strcmp(state, "degraded") == 0 ||
	       strcmp(state, "disturbed") == 0;
}

static void add_guest(const struct summary *summary,
		      const struct rt_guest *guest)
{
	const bool on_record =
		rt_scanned_state(&summary->stat->scanned, guest->uuid);
	const char *state = rt_stat_state(summary->stat, guest);
	const char *colour = !summary->stat->colour	 ? "" :
			     is_bad(state)		 ? RT_COLOUR_ERROR :
			     strcmp(state, "tuned") == 0 ? RT_COLOUR_GOOD :
							   "";
	struct rt_strbuf *out = summary->out;

	rt_strbuf_addf(out, "  %-20s  %-9s  %s%s%s",
		       cut_to(guest->name, NAME_BYTES).text,
		       guest->rt ? "real-time" : "ordinary", colour, state,
		       *colour ? "\033[0m" : "");
	if (guest->rt && on_record)
		rt_strbuf_addf(
			out, "%*s  vCPUs on %s", 9 - (int)strlen(state), "",
			cut_to(rt_cpuset_text(&guest->vcpus).text, CPUS_BYTES)
				.text);
	rt_strbuf_adds(out, "\n");
}

/* Those that something is wrong with come first. */
static void add_guests(const struct summary *summary)
{
	struct rt_stat *stat = summary->stat;
	const size_t n = stat->shown.n;
	size_t shown = 0;

	rt_strbuf_adds(summary->out, n ? "Guests:\n" : "Guests: none\n");
	for (int bad = 1; bad >= 0; bad--) {
		for (size_t i = 0; i < n; i++) {
			const struct rt_guest *guest = stat->shown.items[i];

			if (is_bad(rt_stat_state(stat, guest)) != bad)
				continue;
			if (shown++ < GUESTS_MAX)
				add_guest(summary, guest);
		}
	}
	if (n > GUESTS_MAX)
		rt_strbuf_addf(summary->out, "  and %zu more: kvmrt stat\n",
			       n - GUESTS_MAX);
}

/* --- what to do --- */

/* As it can be typed: a name that a shell would change is a UUID. */
static const char *typed(const struct rt_guest *guest)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	return guest->name[strspn(guest->name, plain)] || *guest->name == '-' ||
			       strlen(guest->name) > NAME_BYTES ?
		       guest->uuid :
		       guest->name;
}

static void advise(struct summary *summary, bool root, const char *why,
		   const char *fmt, ...) RT_PRINTF(4, 5);

static void advise(struct summary *summary, bool root, const char *why,
		   const char *fmt, ...)
{
	RT_AUTO_STRBUF command = { 0 };
	va_list args;

	if (summary->advice >= ADVICE_MAX)
		return;
	va_start(args, fmt);
	rt_strbuf_adds(&command, root && geteuid() != 0 ? "sudo " : "");
	rt_strbuf_vaddf(&command, fmt, args);
	va_end(args);
	rt_strbuf_adds(summary->out, summary->advice++ ? "  " : "Next:\n  ");
	/* A long name leaves no room for the reason. */
	if (command.len + strlen(why) + 6 > WIDTH)
		rt_strbuf_addf(summary->out, "%s\n",
			       command.text ? command.text : "");
	else
		rt_strbuf_addf(summary->out, "%-*s  # %s\n", WHY_COLUMN,
			       command.text ? command.text : "", why);
}

static void advise_about_file(struct summary *summary)
{
	const struct rt_loaded *loaded = summary->stat->loaded;
	const struct rt_report *report = &loaded->report;

	if (summary->no_file) {
		advise(summary, false, "why", "kvmrt validate-config");
		return;
	}
	if (!loaded->file.exists) {
		advise(summary, true, "copy libvirt's guests into a file",
		       "kvmrt import");
		return;
	}
	if (!rt_report_errors(report))
		return;
	advise(summary, true, "correct the file", "kvmrt edit-config");
	for (size_t i = 0; i < report->n; i++) {
		if (report->items[i].severity != RT_ERROR ||
		    !rt_explain_has(report->items[i].code))
			continue;
		advise(summary, false, "what the first error means",
		       "kvmrt explain %s", report->items[i].code);
		break;
	}
}

static void advise_about_guest(struct summary *summary,
			       const struct rt_guest *guest)
{
	struct rt_stat *stat = summary->stat;
	const char *state = rt_stat_state(stat, guest);

	if (strcmp(state, "disturbed") == 0)
		advise(summary, true, "who disturbed it", "kvmrt stat -v %s",
		       typed(guest));
	else if (strcmp(state, "degraded") != 0)
		return;
	else if (rt_scanned_state(&stat->scanned, guest->uuid))
		advise(summary, true, "what it lacks", "kvmrt stat %s",
		       typed(guest));
	else
		advise(summary, true, "tune it now", "kvmrt boot %s",
		       typed(guest));
}

/* With a file in order: towards a first real-time guest. */
static void advise_a_start(struct summary *summary)
{
	struct rt_stat *stat = summary->stat;
	const struct rt_guest_refs *enabled = &stat->loaded->enabled;
	const struct rt_guest *first = NULL;

	if (!enabled->n) {
		advise(summary, true, "copy libvirt's guests into the file",
		       "kvmrt import");
		return;
	}
	for (size_t i = 0; !first && i < enabled->n; i++) {
		if (enabled->items[i]->rt)
			first = enabled->items[i];
	}
	advise(summary, true, "is this host fit?", "kvmrt validate-host");
	if (first)
		advise(summary, true, "start a real-time guest",
		       "virsh start %s", typed(first));
	else
		advise(summary, true, "give a guest 'rt = true' and a cpuset",
		       "kvmrt edit-config");
}

static void add_advice(struct summary *summary)
{
	struct rt_stat *stat = summary->stat;
	const struct rt_report *report = &stat->loaded->report;

	if (stat->scanned.hidden)
		advise(summary, true, "only root sees whether guests are tuned",
		       "kvmrt");
	advise_about_file(summary);
	if (stat->any_rt && stat->agent_dead)
		advise(summary, true, "it repairs what others change",
		       "systemctl start kvmrt-agent");
	for (size_t i = 0; i < stat->shown.n; i++)
		advise_about_guest(summary, stat->shown.items[i]);
	if (summary->no_file || !stat->loaded->file.exists ||
	    rt_report_errors(report))
		return;
	if (!stat->any_rt)
		advise_a_start(summary);
	if (rt_report_warnings(report))
		advise(summary, false, "what could be better placed",
		       "kvmrt validate-config");
	if (stat->any_rt)
		advise(summary, true, "measure what interrupts the guests",
		       "kvmrt noise");
}

void rt_summary(struct rt_stat *stat, bool no_file, struct rt_strbuf *out)
{
	struct summary summary = { stat, no_file, out, 0 };

	add_host(&summary);
	add_file(&summary);
	add_agent(&summary);
	add_guests(&summary);
	add_advice(&summary);
}
