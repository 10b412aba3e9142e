/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* prove_html.c - what kvmrt-prove has found out, as a page */
#include "prove.h"

#include <libxml/tree.h>

#include "core/base/text.h"

/* Names are the guest's, the host's and the tasks' own: none is believed. */
static void add_text(struct rt_strbuf *out, const char *text)
{
	xmlChar *plain = xmlEncodeSpecialChars(NULL, (const xmlChar *)text);

	if (!plain)
		out->failed = true;
	else
		rt_strbuf_adds(out, (const char *)plain);
	xmlFree(plain);
}

static void add_row(struct rt_strbuf *out, const char *name, const char *text)
{
	rt_strbuf_addf(out, "<tr><th>%s</th><td>", name);
	add_text(out, text);
	rt_strbuf_adds(out, "</td></tr>\n");
}

static void add_set(struct rt_strbuf *out, const char *name,
		    const struct rt_cpuset *set)
{
	add_row(out, name,
		rt_cpuset_is_empty(set) ? "none" : rt_cpuset_text(set).text);
}

static void add_head(const struct rt_proven *proven, struct rt_strbuf *out)
{
	static const char *const colours[] = {
		[RT_PROOF_PASS] = "#2e7d32",
		[RT_PROOF_FAIL] = "#c62828",
		[RT_PROOF_INCONCLUSIVE] = "#8d6e00",
	};
	const struct rt_judgement *judgement = &proven->judgement;

	rt_strbuf_adds(out, "<!DOCTYPE html>\n<html lang=\"en\"><head>"
			    "<meta charset=\"utf-8\"/>\n<title>");
	add_text(out, proven->proof.guest->name);
	rt_strbuf_addf(
		out,
		": %s</title>\n<style>\nbody { font-family: sans-serif; "
		"margin: 2em; max-width: 70em }\nth { text-align: left; "
		"padding-right: 1em; vertical-align: top }\ntd { padding: "
		"0.1em "
		"1em 0.1em 0 }\n.verdict { color: %s }\n</style></head>\n"
		"<body>\n<h1>",
		rt_proof_verdict_name(judgement->verdict),
		colours[judgement->verdict]);
	add_text(out, proven->proof.guest->name);
	rt_strbuf_addf(out, ": <span class=\"verdict\">%s</span></h1>\n<ul>\n",
		       rt_proof_verdict_name(judgement->verdict));
	for (size_t i = 0; i < judgement->n; i++) {
		rt_strbuf_adds(out, "<li>");
		add_text(out, judgement->reasons[i].text);
		rt_strbuf_adds(out, "</li>\n");
	}
	rt_strbuf_adds(out, "</ul>\n");
}

static void add_facts(const struct rt_proven *proven, struct rt_strbuf *out)
{
	const struct rt_proof *proof = &proven->proof;
	const struct rt_guest *guest = proof->guest;
	char text[128];

	rt_strbuf_adds(out, "<h2>What was measured</h2>\n<table>\n");
	add_row(out, "begun", proven->begun);
	snprintf(text, sizeof(text), "%s of %s",
		 rt_length(proof->measured_ns).text,
		 rt_length(proof->asked_ns).text);
	add_row(out, "time", text);
	add_row(out, "limit", rt_length(proof->limit_ns).text);
	add_row(out, "load", proven->load ? proven->load : "none");
	if (proven->floor.ns) {
		snprintf(text, sizeof(text),
			 "%s at most, in %s of a polling loop on CPU %u, "
			 "whatever else ran there included",
			 rt_length(proven->floor.times.longest).text,
			 rt_length(proven->floor.ns).text, proven->floor.cpu);
		add_row(out, "the host itself", text);
	}
	add_row(out, "machine", proven->machine);
	add_row(out, "CPU", proven->cpu);
	add_row(out, "kernel", proven->kernel);
	add_row(out, "version", proven->version);
	add_row(out, "command line", proven->cmdline);
	rt_strbuf_adds(out, "</table>\n<h2>The guest</h2>\n<table>\n");
	add_row(out, "UUID", guest->uuid);
	add_set(out, "vCPUs on CPUs", &guest->vcpus);
	add_set(out, "service CPUs", &guest->service);
	add_set(out, "offline siblings", &guest->offline);
	add_set(out, "nodes", &guest->nodes);
	add_row(out, "memory", guest->locked ? "locked" : "not locked");
	rt_strbuf_adds(out, "</table>\n");
}

static void add_test(const struct rt_proven *proven, struct rt_strbuf *out)
{
	const struct rt_test *test = &proven->proof.test;

	rt_strbuf_adds(out, "<h2>In the guest</h2>\n");
	if (!test->n) {
		rt_strbuf_adds(out, "<p>There is no result of a test.</p>\n");
		return;
	}
	rt_strbuf_addf(out, "<p>%s (%s)", rt_test_name(test->kind), proven->by);
	if (proven->command) {
		rt_strbuf_adds(out, ": <code>");
		add_text(out, proven->command);
		rt_strbuf_adds(out, "</code>");
	}
	rt_strbuf_adds(out, "</p>\n<table>\n<tr><th>CPU</th><th>least, us</th>"
			    "<th>average, us</th><th>most, us</th></tr>\n");
	for (size_t i = 0; i < test->n; i++)
		rt_strbuf_addf(out,
			       "<tr><td>%llu</td><td>%llu</td><td>%.1f</td>"
			       "<td>%llu</td></tr>\n",
			       test->threads[i].cpu, test->threads[i].min_us,
			       (double)test->threads[i].avg_ns / 1000,
			       test->threads[i].max_us);
	rt_strbuf_adds(out, "</table>\n");
	if (!test->n_buckets)
		return;
	rt_strbuf_adds(out, "<details><summary>how often how late</summary>\n"
			    "<table>\n<tr><th>us</th>");
	for (size_t i = 0; i < test->n; i++)
		rt_strbuf_addf(out, "<th>CPU %llu</th>", test->threads[i].cpu);
	rt_strbuf_adds(out, "</tr>\n");
	for (size_t b = 0; b < test->n_buckets; b++) {
		rt_strbuf_addf(out, "<tr><td>%llu</td>", test->buckets[b].us);
		for (size_t i = 0; i < test->n; i++)
			rt_strbuf_addf(out, "<td>%llu</td>",
				       test->buckets[b].counts[i]);
		rt_strbuf_adds(out, "</tr>\n");
	}
	rt_strbuf_adds(out, "</table></details>\n");
}

static void add_gap(const struct rt_proven *proven,
		    const struct rt_noise_cpu *cpu,
		    const struct rt_noise_gap *gap, struct rt_strbuf *out)
{
	RT_AUTO_STRBUF parts = { 0 };

	rt_strbuf_addf(out, "<tr><td>%d</td><td>%u</td><td>%.6f s</td><td>%s",
		       cpu->vcpu, cpu->cpu,
		       (double)rt_proven_at_ns(proven, gap) / 1e9,
		       rt_length(gap->ns).text);
	rt_strbuf_addf(out, "</td><td>%s</td><td>",
		       rt_noise_gap_weight(&cpu->gaps, gap) > cpu->gaps.limit ?
			       "over the limit" :
			       "within");
	rt_proven_parts(cpu, gap, &parts);
	out->failed |= parts.failed;
	add_text(out, parts.text ? parts.text : "");
	rt_strbuf_adds(out, "</td></tr>\n");
}

static void add_gaps(const struct rt_proven *proven, struct rt_strbuf *out)
{
	const struct rt_noise *noise = proven->proof.noise;

	rt_strbuf_adds(out, "<h2>The longest times out of the guest</h2>\n"
			    "<table>\n<tr><th>vCPU</th><th>CPU</th><th>at</th>"
			    "<th>for</th><th></th><th>what, and by whom</th>"
			    "</tr>\n");
	for (size_t i = 0; i < noise->n; i++) {
		const struct rt_noise_cpu *cpu = &noise->cpus[i];
		const size_t n = rt_proof_outliers(&cpu->gaps);

		for (size_t k = 0; k < n; k++)
			add_gap(proven, cpu, &cpu->gaps.worst[k], out);
	}
	rt_strbuf_adds(out, "</table>\n");
}

void rt_proven_html(const struct rt_proven *proven, struct rt_strbuf *out)
{
	RT_AUTO_STRBUF table = { 0 };

	add_head(proven, out);
	add_facts(proven, out);
	if (proven->proof.measured_ns) {
		add_test(proven, out);
		add_gaps(proven, out);
		rt_strbuf_adds(out, "<h2>All interruptions</h2>\n");
		rt_measured_svg(proven->measured, out);
		rt_strbuf_adds(out, "<pre>");
		rt_measured_show(proven->measured, true, &table);
		out->failed |= table.failed;
		add_text(out, table.text ? table.text : "");
		rt_strbuf_adds(out, "</pre>\n");
	}
	rt_strbuf_adds(out, "</body></html>\n");
}
