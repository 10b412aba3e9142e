/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* prove.c - kvmrt-prove: is a real-time guest left alone, and how is it known? */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "common/agent_client.h"
#include "common/meter.h"
#include "common/noise_trace.h"
#include "common/prove_child.h"
#include "common/prove_floor.h"
#include "common/prove_guest.h"
#include "common/prove_test.h"
#include "common/show.h"
#include "core/base/number.h"
#include "core/base/text.h"

#define SECONDS	      600
#define FLOOR_SECONDS 5
#define LOOK_EVERY_NS (10 * 1000000000ULL) /* is the guest still tuned? */
#define OUTPUT_MAX    (64U << 20)

static const char help[] =
	"Usage: kvmrt-prove [OPTION]... [GUEST]\n"
	"Prove that a real-time guest is left alone: run a test in it, measure "
	"at the same\n"
	"time what keeps its vCPUs from running, and judge by a limit. The "
	"verdict is pass,\n"
	"fail or inconclusive; what could not be seen is never a pass.\n"
	"\n"
	"      --for TIME    how long: 10s, 2m, 12h (10m)\n"
	"      --test NAME   in the guest: cyclictest, oslat or none "
	"(cyclictest)\n"
	"      --limit TIME  in ns, us, ms or s (cyclictest 40us, else 20us)\n"
	"      --load TEXT   run this command meanwhile, on the host's own "
	"CPUs\n"
	"      --test-command TEXT  run this in the guest instead; it prints "
	"what the test\n"
	"                    would\n"
	"      --test-output FILE   run nothing in the guest: read this at the "
	"end\n"
	"      --prompt TEXT how the guest's console prompts, if it has no "
	"agent ('# ')\n"
	"      --html FILE   write a report, too\n"
	"  -f, --file FILE   the configuration, if not /etc/kvmrt.cfg\n"
	"      --json        machine-readable\n"
	"      --root DIR    a captured host: nothing can be proven there\n"
	"  -v, --verbose     the meter's tables, too\n"
	"  -h, --help        show this help and exit\n"
	"  -V, --version     show the version and exit\n"
	"\n"
	"Exit status: 0 pass, 1 fail, or nothing could be tried, 2 usage, 3 "
	"the\n"
	"configuration file is refused, 4 inconclusive.\n";

struct prove {
	struct rt_meter meter;
	struct rt_proven proven;
	struct rt_guest_test test;
	const char *output, *html; /* files; NULL: none */
	struct rt_child load, tester;
	unsigned long long looked; /* when it was last found tuned */
	unsigned long long tested; /* for how long the test has run */
	struct rt_strbuf unfit, test_failed, load_failed, repaired, command;
};

/* --- the command line --- */

static bool parse_limit(const char *text, unsigned long long *ret_ns)
{
	static const struct {
		const char *unit;
		unsigned long long ns;
	} units[] = { { "", 1000 },
		      { "ns", 1 },
		      { "us", 1000 },
		      { "ms", 1000000 },
		      { "s", 1000000000 } };
	unsigned long long n;

	if (!rt_scan_number(&text, 1000000000, &n) || !n)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(text, units[i].unit) == 0) {
			*ret_ns = n * units[i].ns;
			return *ret_ns <= 60000000000ULL;
		}
	}
	return false;
}

static bool parse_test(const char *text, enum rt_test_kind *ret_kind)
{
	for (enum rt_test_kind kind = 0; kind < RT_TEST_KINDS; kind++) {
		if (strcmp(text, rt_test_name(kind)) == 0) {
			*ret_kind = kind;
			return true;
		}
	}
	return false;
}

/* --- while it is measured --- */

/* Is the guest what it is to be proven for? */
static void look(struct prove *prove)
{
	const struct rt_guest *guest = prove->proven.proof.guest;
	struct rt_loaded *loaded = &prove->meter.loaded;
	const struct rt_guest_state *state;
	struct rt_scanned scanned = { 0 };
	struct rt_err err;

	prove->looked = rt_trace_now();
	if (prove->unfit.len)
		return;
	if (rt_scan(loaded, &scanned, &err) < 0) {
		rt_strbuf_addf(&prove->unfit,
			       "whether guest '%s' is tuned cannot be told: %s",
			       guest->name, err.text);
		return;
	}
	state = rt_scanned_state(&scanned, guest->uuid);
	if (!state)
		rt_strbuf_addf(&prove->unfit, "guest '%s' has ended",
			       guest->name);
	else if (state->state != RT_STATE_TUNED)
		rt_strbuf_addf(&prove->unfit, "guest '%s' is %s: %s",
			       guest->name, rt_state_name(state->state),
			       state->n ? state->missing[0] : "not ready");
	rt_scanned_fini(&scanned);
}

/* Where none runs, nobody repairs. */
static void ask_agent(struct prove *prove, const char *since)
{
	RT_AUTO_FREE char *answer = NULL;
	struct rt_err ignored;

	if (rt_agent_ask(&prove->meter.loaded.sys, "status", &answer,
			 &ignored) == 0)
		rt_proven_repairs(answer, prove->proven.proof.guest->uuid,
				  since, &prove->repaired);
}

/* One that ends well is started again. */
static void keep_load(struct prove *prove)
{
	const char *command = prove->proven.load;
	struct rt_err err;

	if (!command || prove->load_failed.len)
		return;
	rt_child_look(&prove->load);
	if (prove->load.pid)
		return;
	if (prove->load.ended && !rt_child_is_good(&prove->load)) {
		rt_strbuf_addf(&prove->load_failed, "the load '%s' failed%s%s",
			       command, prove->load.said.len ? ": " : "",
			       prove->load.said.len ? prove->load.said.text :
						      "");
		return;
	}
	rt_child_fini(&prove->load);
	if (rt_child_run(&prove->load, command, &err) < 0)
		rt_strbuf_adds(&prove->load_failed, err.text);
}

static bool goes_on(void *data, bool time_is_up)
{
	struct prove *prove = data;
	const unsigned long long now = rt_trace_now();
	const unsigned long long grace = 60 + prove->meter.seconds / 10;

	keep_load(prove);
	if (now - prove->looked > LOOK_EVERY_NS)
		look(prove);
	/* What will not be a verdict need not be measured for hours. */
	if (prove->load_failed.len)
		return false;
	if (!prove->test.kind || prove->output)
		return !time_is_up;
	rt_child_look(&prove->tester);
	if (prove->tester.ended && !prove->tested)
		prove->tested = now - prove->meter.measured.begun;
	if (prove->tester.ended)
		return rt_child_is_good(&prove->tester) && !time_is_up;
	return now - prove->meter.measured.begun <
	       (prove->meter.seconds + grace) * 1000000000ULL;
}

/* --- what the test said --- */

static int read_output(struct prove *prove, struct rt_strbuf *out,
		       struct rt_err *err)
{
	const unsigned long long ns =
		rt_trace_now() - prove->meter.measured.begun;
	FILE *file = fopen(prove->output, "re");
	char text[4096];
	struct stat is;
	size_t n;
	int r = 0;

	if (!file || fstat(fileno(file), &is) < 0)
		r = rt_fail(err, errno, "open %s", prove->output);
	else if (is.st_mtime < time(NULL) - (time_t)(ns / 1000000000) - 1)
		r = rt_fail(err, 0,
			    "%s was written before the measurement began",
			    prove->output);
	while (r == 0 && (n = fread(text, 1, sizeof(text), file)) > 0 &&
	       out->len < OUTPUT_MAX)
		rt_strbuf_add(out, text, n);
	if (r == 0 && ferror(file))
		r = rt_fail(err, errno, "read %s", prove->output);
	if (file)
		fclose(file);
	return r == 0 && out->failed ? rt_fail_memory(err) : r;
}

/* The first line says by whom. */
static const char *take_said(struct prove *prove)
{
	char *text = prove->tester.said.text;
	char *end = text ? strchr(text, '\n') : NULL;

	if (!end)
		return "";
	*end = '\0';
	prove->proven.by = text;
	rt_guest_test_command(&prove->test, &prove->command);
	prove->proven.command = prove->command.text;
	return end + 1;
}

static void take_test(struct prove *prove)
{
	struct rt_proof *proof = &prove->proven.proof;
	RT_AUTO_STRBUF text = { 0 };
	struct rt_err err = { .text = "it did not end in time" };
	int r = -1;

	if (proof->kind == RT_TEST_NONE)
		return;
	if (prove->output) {
		prove->proven.by = "file";
		prove->proven.command = prove->output;
		r = read_output(prove, &text, &err);
		if (r == 0)
			r = rt_test_read(proof->kind,
					 text.text ? text.text : "",
					 &proof->test, &err);
	} else if (rt_child_is_good(&prove->tester) &&
		   prove->tested < proof->asked_ns / 10 * 9) {
		rt_fail(&err, 0, "it ended after %s",
			rt_length(prove->tested).text);
	} else if (rt_child_is_good(&prove->tester)) {
		r = rt_test_read(proof->kind, take_said(prove), &proof->test,
				 &err);
	} else if (prove->tester.said.len) {
		snprintf(err.text, sizeof(err.text), "%s",
			 prove->tester.said.text);
	}
	if (r < 0)
		rt_strbuf_addf(&prove->test_failed, "%s in the guest: %s",
			       rt_test_name(proof->kind), err.text);
}

/* --- the report --- */

static int write_html(const struct prove *prove, struct rt_err *err)
{
	RT_AUTO_STRBUF out = { 0 };
	FILE *file = fopen(prove->html, "we");
	int r;

	if (!file)
		return rt_fail(err, errno, "create %s", prove->html);
	rt_proven_html(&prove->proven, &out);
	r = rt_show_write(&out, file, prove->html, err);
	if (fclose(file) != 0 && r == 0)
		r = rt_fail(err, errno, "write %s", prove->html);
	return r;
}

static int show(const struct prove *prove, struct rt_err *err)
{
	const struct rt_options *options = prove->meter.options;
	RT_AUTO_STRBUF out = { 0 };

	if (options->json) {
		rt_proven_json(&prove->proven, &out);
	} else {
		rt_proven_show(&prove->proven, &out);
		if (options->verbose && prove->proven.proof.measured_ns) {
			rt_strbuf_adds(&out, "\n");
			rt_measured_show(&prove->meter.measured, true, &out);
		}
	}
	if (rt_show_write(&out, stdout, "standard output", err) < 0)
		return -err->code;
	return prove->html ? write_html(prove, err) : 0;
}

/* --- all of it --- */

static int measure(struct prove *prove, struct rt_err *err)
{
	struct rt_meter *meter = &prove->meter;
	struct rt_proof *proof = &prove->proven.proof;
	char begun[32];
	int r = rt_meter_open(meter, err);

	if (r == 0)
		r = rt_floor_measure(meter,
				     meter->seconds < 60 ? 1 : FLOOR_SECONDS,
				     &prove->proven.floor, err);
	keep_load(prove);
	if (r == 0 && proof->kind && !prove->output)
		r = rt_child_call(&prove->tester, rt_guest_test_run,
				  &prove->test, err);
	rt_proven_now(begun, sizeof(begun));
	rt_noise_limit(&meter->measured.noise, proof->limit_ns,
		       proof->kind != RT_TEST_NONE);
	if (r == 0)
		r = rt_meter_run(meter, err);
	proof->measured_ns = meter->measured.ended - meter->measured.begun;
	if (r == 0)
		look(prove);
	if (r == 0)
		ask_agent(prove, begun);
	if (r == 0)
		take_test(prove);
	rt_child_fini(&prove->load);
	return r;
}

static int judge(struct prove *prove, struct rt_err *err)
{
	struct rt_proof *proof = &prove->proven.proof;
	const struct rt_measured *measured = &prove->meter.measured;

	if (prove->unfit.failed || prove->test_failed.failed ||
	    prove->load_failed.failed || prove->repaired.failed)
		return rt_fail_memory(err);
	proof->lost_causes = measured->lost_causes;
	proof->stopped = measured->stopped;
	proof->unfit = prove->unfit.text;
	proof->test_failed = prove->test_failed.text;
	proof->load_failed = prove->load_failed.text;
	proof->repaired = prove->repaired.text;
	return rt_proof_judge(proof, &prove->proven.judgement, err);
}

static int run(struct prove *prove, struct rt_err *err)
{
	struct rt_meter *meter = &prove->meter;
	struct rt_proof *proof = &prove->proven.proof;
	int r = rt_meter_choose(meter, err);

	if (r == 0 && meter->measured.n_guests > 1)
		return rt_fail(err, 0,
			       "%zu real-time guests run: name one of them",
			       meter->measured.n_guests);
	if (r < 0)
		return r;
	proof->guest = prove->test.guest = meter->measured.guests[0];
	proof->noise = &meter->measured.noise;
	proof->asked_ns = meter->seconds * 1000000000ULL;
	proof->test_own = proof->kind && !prove->output && !prove->test.command;
	prove->proven.measured = &meter->measured;
	rt_proven_describe(&prove->proven, &meter->loaded.sys);
	look(prove);
	if (!prove->unfit.len)
		r = measure(prove, err);
	if (r == 0)
		r = judge(prove, err);
	return r == 0 ? show(prove, err) : r;
}

static void fini(struct prove *prove)
{
	rt_child_fini(&prove->load);
	rt_child_fini(&prove->tester);
	rt_strbuf_fini(&prove->unfit);
	rt_strbuf_fini(&prove->test_failed);
	rt_strbuf_fini(&prove->load_failed);
	rt_strbuf_fini(&prove->repaired);
	rt_strbuf_fini(&prove->command);
	rt_judgement_fini(&prove->proven.judgement);
	rt_test_fini(&prove->proven.proof.test);
	rt_meter_close(&prove->meter);
	rt_meter_fini(&prove->meter);
}

/* RT_GO_ON, or the exit status. */
static int take_options(const struct rt_tool *tool, struct prove *prove,
			const char *seconds, const char *limit,
			const char *test)
{
	struct rt_proof *proof = &prove->proven.proof;

	if (seconds && !rt_options_time(seconds, &prove->meter.seconds))
		return rt_usage_error(tool,
				      "--for '%s': write a number with s, m or "
				      "h, from 1s to 24h",
				      rt_cut_text(seconds).text);
	if (test && !parse_test(test, &proof->kind))
		return rt_usage_error(tool,
				      "--test '%s': write cyclictest, oslat or "
				      "none",
				      rt_cut_text(test).text);
	proof->limit_ns = rt_proof_limit_ns(proof->kind);
	if (limit && !parse_limit(limit, &proof->limit_ns))
		return rt_usage_error(tool,
				      "--limit '%s': write a number with ns, "
				      "us, ms or s, up to 60s",
				      rt_cut_text(limit).text);
	if (prove->meter.options->n_guests > 1)
		return rt_usage_error(tool, "one guest at a time");
	if (proof->kind == RT_TEST_NONE &&
	    (prove->output || prove->test.command))
		return rt_usage_error(tool,
				      "with --test none there is no test in "
				      "the guest");
	prove->test.kind = proof->kind;
	prove->test.seconds = prove->meter.seconds;
	prove->test.limit_us = proof->limit_ns / 1000;
	return RT_GO_ON;
}

int main(int argc, char **argv)
{
	static const enum rt_exit statuses[] = {
		[RT_PROOF_PASS] = RT_EXIT_DONE,
		[RT_PROOF_FAIL] = RT_EXIT_FAILED,
		[RT_PROOF_INCONCLUSIVE] = RT_EXIT_PARTLY,
	};
	struct prove prove = {
		.meter = { .seconds = SECONDS,
			   .goes_on = goes_on,
			   .data = &prove },
		.proven.proof.kind = RT_TEST_CYCLICTEST,
		.test.prompt = "# ",
	};
	const char *seconds = NULL, *limit = NULL, *test = NULL;
	const struct rt_option own[] = {
		{ .name = "for", .value = &seconds },
		{ .name = "test", .value = &test },
		{ .name = "limit", .value = &limit },
		{ .name = "load", .value = &prove.proven.load },
		{ .name = "test-command", .value = &prove.test.command },
		{ .name = "test-output", .value = &prove.output },
		{ .name = "prompt", .value = &prove.test.prompt },
		{ .name = "html", .value = &prove.html },
	};
	struct rt_options options;
	const struct rt_tool tool = {
		.name = "kvmrt-prove",
		.help = help,
		.takes = RT_TAKES_JSON | RT_TAKES_GUESTS,
		.options = own,
		.n = sizeof(own) / sizeof(own[0]),
		.given = &options,
	};
	struct rt_err err;
	int status = rt_options_parse(&tool, argc, argv, &options);

	if (status != RT_GO_ON)
		return status;
	options.may_lack_file = true;
	prove.meter.options = &options;
	status = take_options(&tool, &prove, seconds, limit, test);
	if (status != RT_GO_ON)
		return status;
	if (rt_load(&options, &prove.meter.loaded, &err) < 0)
		status = rt_load_failed(&tool, &prove.meter.loaded, &err);
	else if (run(&prove, &err) < 0)
		status = rt_tool_failed(&tool, &err);
	else
		status = statuses[prove.proven.judgement.verdict];
	fini(&prove);
	return status;
}
