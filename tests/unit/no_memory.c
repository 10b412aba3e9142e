/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * no_memory.c - each allocation fails once: a clean error, or all as usual
 *
 * tests.mk wraps the allocating calls. Each piece of work is done again and
 * again, and the first, the second, the third ... allocation of it fails, until
 * it needs no more. What libxml2 and inih allocate for themselves does not
 * fail here.
 */
#include <errno.h>
#include <stdlib.h>

#include "../tap.h"
#include "core/check/check.h"
#include "core/domain/baseline.h"
#include "core/domain/import.h"
#include "core/prove/console.h"
#include "core/prove/prove.h"
#include "host/topology.h"

#define U1 "11111111-2222-3333-4444-55555555555a"
#define U2 "11111111-2222-3333-4444-55555555555b"

static long until_failure; /* 0: none is to come */
static struct rt_topo topo;

static bool fails(void)
{
	return until_failure && --until_failure == 0;
}

/* What the linker puts in place of NAME, with its arguments. */
#define WRAP(type, name, parameters, arguments)                                \
	type __real_##name parameters;                                         \
	type __wrap_##name parameters;                                         \
	type __wrap_##name parameters                                          \
	{                                                                      \
		return fails() ? NULL : __real_##name arguments;               \
	}

WRAP(void *, malloc, (size_t size), (size))
WRAP(void *, calloc, (size_t n, size_t size), (n, size))
WRAP(void *, realloc, (void *old, size_t size), (old, size))
WRAP(char *, strdup, (const char *text), (text))
WRAP(char *, strndup, (const char *text, size_t n), (text, n))

static const char good[] =
	"# top\n[kvmrt]\nstrict = no\n[" U1 "]\nname = a\ntitle = T\n"
	"description = x\n    y\ncomments =\n    |# z\nrt = on\n"
	"cpuset = 6,\n 8-11\nnr_vcpus = 2\nnumatune = 0-1\n"
	"pcidevs = 0000:01:00.0 0000:02:00.0\n\n[" U2 "]\nname = b\n";
static const char bad[] =
	"x = 1\n[nobody]\nname = c\n[" U1 "]\ncpuste = 1\nrt = maybe\n"
	"description = a\n name = b\n[" U1 "]\nname = a\nname = b\n[" U2
	"]\nname = a/b\n\1\n";
static const char definition[] =
	"<domain type='kvm'><name>c</name><uuid>" U1 "</uuid>"
	"<title>C</title><description>d</description>"
	"<memory>1024</memory><vcpu cpuset='0-3'>3</vcpu>"
	"<iothreads>1</iothreads><cputune><vcpupin vcpu='0' cpuset='1'/>"
	"<emulatorpin cpuset='2'/></cputune>"
	"<cpu><topology sockets='1' cores='3' threads='1'/></cpu>"
	"<devices><hostdev mode='subsystem' type='pci' managed='yes'><source>"
	"<address domain='0' bus='3' slot='0' function='0'/></source></hostdev>"
	"</devices></domain>";

static int parse(const char *text, struct rt_err *err)
{
	struct rt_report report = { 0 };
	struct rt_config config;
	int r = rt_config_parse(text, strlen(text), "f", &config, &report, err);

	if (r == 0)
		rt_config_fini(&config);
	rt_report_fini(&report);
	return r;
}

static int parse_good(struct rt_err *err)
{
	return parse(good, err);
}

static int parse_bad(struct rt_err *err)
{
	return parse(bad, err);
}

static int edit(struct rt_err *err)
{
	struct rt_editor editor;
	char *text = NULL;
	int r = rt_editor_open(good, sizeof(good) - 1, &editor, err);

	if (r < 0)
		return r;
	r = rt_editor_set(&editor, U1, RT_KEY_DESCRIPTION, "a\n\nb", err);
	if (r == 0)
		r = rt_editor_set(&editor, U1, RT_KEY_CPUSET, NULL, err);
	if (r == 0)
		r = rt_editor_add(&editor,
				  "11111111-2222-3333-4444-55555555555c", "c",
				  err);
	if (r == 0)
		r = rt_editor_set(&editor, U2, RT_KEY_NAME, "d", err);
	if (r == 0)
		r = rt_editor_revert(&editor, U1, err);
	if (r == 0)
		r = rt_editor_text(&editor, &text, err);
	free(text);
	rt_editor_fini(&editor);
	return r;
}

static int import(struct rt_err *err)
{
	struct rt_editor editor;
	struct rt_domain domain;
	bool changed;
	int r = rt_domain_parse(definition, sizeof(definition) - 1, &domain,
				err);

	if (r < 0)
		return r;
	r = rt_editor_open("", 0, &editor, err);
	if (r == 0) {
		r = rt_import(&editor, &domain, &topo, RT_IMPORT_ALL, &changed,
			      err);
		rt_editor_fini(&editor);
	}
	rt_domain_fini(&domain);
	return r;
}

static int says(const struct rt_section *section, struct rt_err *err)
{
	struct rt_baseline baseline = { 0 };
	struct rt_domain domain;
	int r = rt_domain_parse(definition, sizeof(definition) - 1, &domain,
				err);

	if (r < 0)
		return r;
	r = rt_baseline_of_section(section, &baseline.section, err);
	if (r == 0)
		r = rt_baseline_of_domain(&domain, &baseline.domain, err);
	rt_baseline_fini(&baseline);
	rt_domain_fini(&domain);
	return r;
}

/* Check all guests; rewrite the definition of the first. */
static int act_on(const struct rt_config *config, struct rt_report *report,
		  struct rt_err *err)
{
	struct rt_guests guests;
	char *text = NULL;
	bool changed;
	int r = rt_guests_resolve(config, &topo, &guests, report, err);

	if (r < 0)
		return r;
	rt_check(&(struct rt_check){ .config = config,
				     .guests = &guests,
				     .topo = &topo },
		 report);
	if (report->failed)
		r = rt_fail_memory(err);
	if (r == 0)
		r = rt_domain_rewrite(definition, sizeof(definition) - 1,
				      &guests.items[0], RT_REWRITE_ALL, &text,
				      &changed, err);
	if (r == 0)
		r = says(&config->sections[0], err);
	free(text);
	rt_guests_fini(&guests);
	return r;
}

static int check_and_rewrite(struct rt_err *err)
{
	struct rt_report report = { 0 };
	struct rt_config config;
	int r = rt_config_parse(good, sizeof(good) - 1, "f", &config, &report,
				err);

	if (r == 0) {
		r = act_on(&config, &report, err);
		rt_config_fini(&config);
	}
	rt_report_fini(&report);
	return r;
}

/* A work item in a task, placed by one that was not seen before. */
static int measure(struct rt_err *err)
{
	static const struct rt_noise_event events[] = {
		{ .time = 1, .type = RT_NOISE_ENTER, .cpu = 6, .pid = 100 },
		{ .time = 2, .type = RT_NOISE_LEAVE, .cpu = 6, .pid = 100 },
		{ .time = 3, .type = RT_NOISE_WAKE, .pid = 9, .target = 7 },
		{ .time = 4,
		  .type = RT_NOISE_SWITCH,
		  .cpu = 6,
		  .pid = 100,
		  .target = 7 },
		{ .time = 5,
		  .type = RT_NOISE_BEGIN,
		  .cpu = 6,
		  .pid = 7,
		  .kind = RT_NOISE_WORK },
		{ .time = 6,
		  .type = RT_NOISE_END,
		  .cpu = 6,
		  .pid = 7,
		  .kind = RT_NOISE_WORK },
		{ .time = 7,
		  .type = RT_NOISE_SWITCH,
		  .cpu = 6,
		  .pid = 7,
		  .target = 100 },
		{ .time = 8,
		  .type = RT_NOISE_PASSED,
		  .cpu = 6,
		  .pid = 100,
		  .kind = RT_NOISE_NMI },
	};
	struct rt_noise noise = { 0 };
	int r = rt_noise_add(&noise, 0, 6, 0, 100, err);

	if (r == 0)
		r = rt_noise_add(&noise, 0, 10, -1, 0, err);
	for (size_t i = 0; r == 0 && i < sizeof(events) / sizeof(events[0]);
	     i++)
		r = rt_noise_take(&noise, &events[i], err);
	if (r == 0)
		r = rt_noise_end(&noise, 10, err);
	rt_noise_fini(&noise);
	return r;
}

/* A test in a guest, whose console says it, and the verdict. */
static int prove(struct rt_err *err)
{
	static const struct rt_guest guest = { .nr_vcpus = 2 };
	static const char said[] = "# kvmrt-prove-ends 0\n";
	struct rt_console console = { .prompt = "# ", .command = "c" };
	struct rt_noise noise = { 0 };
	struct rt_strbuf send = { 0 };
	struct rt_judgement judgement = { 0 };
	struct rt_proof proof = {
		.guest = &guest,
		.noise = &noise,
		.kind = RT_TEST_CYCLICTEST,
		.stopped = "it ended",
	};
	int r = rt_test_parse(RT_TEST_CYCLICTEST,
			      "# Histogram\n1 5 6\n2 0 1\n# Total: 5 7\n"
			      "# Min Latencies: 1 1\n# Avg Latencies: 1 1\n"
			      "# Max Latencies: 1 2\n"
			      "# Histogram Overflows: 0 0\n",
			      &proof.test, err);

	if (r == 0)
		r = rt_noise_add(&noise, 0, 6, 0, 100, err);
	if (r == 0)
		r = rt_proof_judge(&proof, &judgement, err);
	for (size_t i = 0; r == 0 && i < sizeof(said) - 1; i++)
		r = rt_console_take(&console, &said[i], 1, &send, err);
	rt_strbuf_fini(&send);
	rt_console_fini(&console);
	rt_judgement_fini(&judgement);
	rt_test_fini(&proof.test);
	rt_noise_fini(&noise);
	return r;
}

/* A failure is one of memory; at last there is none. */
static void try(const char *name, int (*work)(struct rt_err *err))
{
	unsigned odd = 0;
	long n = 0, left;
	int r;

	do {
		struct rt_err err = { 0 };

		until_failure = ++n;
		r = work(&err);
		left = until_failure;
		until_failure = 0;
		if (r < 0 && r != -ENOMEM && !odd++)
			printf("# allocation %ld: %d %s\n", n, r, err.text);
		/* One that went on without what it did not get. */
		if (r == 0 && !left && !odd++)
			printf("# allocation %ld failed, and nobody said so\n",
			       n);
	} while (!left && n < 100000);
	ok(odd == 0 && r == 0, "%s: each of %ld allocations", name, n - 1);
}

int main(void)
{
	struct rt_err err;

	if (!ok(rt_topology_load_file("numa:2 core:6 pu:2", &topo, &err) == 0,
		"a topology"))
		return tap_done();
	try("a configuration", parse_good);
	try("one with faults", parse_bad);
	try("edits", edit);
	try("a definition taken over", import);
	try("rules and a rewritten definition", check_and_rewrite);
	try("a measurement", measure);
	try("a proof", prove);
	rt_topo_fini(&topo);
	return tap_done();
}
