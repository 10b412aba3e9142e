/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* prove.c - outputs of tests, whole and torn, and the verdict on a guest */
#include "core/prove/prove.h"

#include <errno.h>

#include "core/base/strbuf.h"

#include "../tap.h"

/* --- outputs --- */

#define HIST                                                                   \
	"# /dev/cpu_dma_latency set to 0us\n# Histogram\n"                     \
	"000000 000000\t000000\n000001 000000\t000002\n000002 000998\t"        \
	"000997\n000003 000001\t000000\n"
#define TOTAL "# Total: 000000999 000000999\n"
#define MIN   "# Min Latencies: 00002 00001\n"
#define AVG   "# Avg Latencies: 00002 00002\n"
#define MAX   "# Max Latencies: 00003 00041\n"
#define OVER  "# Histogram Overflows: 00000 00001\n"
#define CYCLE                                                                  \
	"# Histogram Overflow at cycle number:\n# Thread 0:\n"                 \
	"# Thread 1: 00500\n\n"
#define T0 "T: 0 (  919) P:95 I:1000 C:   1000 Min:      2 Act:    3 Avg:    "
#define T1 "T: 1 (  920) P:95 I:1000 C:   1000 Min:      1 Act:    2 Avg:    "
#define OSLAT                                                                  \
	"oslat V 2.60\n        Core:\t 1 3\nCounter Freq:\t 2095 2095 (Mhz)\n" \
	"    001 (us):\t 100 90\n    002 (us):\t 0 0\n"                        \
	"    003 (us):\t 0 7 (including overflows)\n"                          \
	"     Minimum:\t 1 1 (us)\n     Average:\t 1.001 1.250 (us)\n"
#define OSLAT_MAX  "     Maximum:\t 1 19 (us)\n     Max-Min:\t 0 18 (us)\n"
#define OSLAT_TIME "    Duration:\t 9.999 10.000 (sec)\n\n"

static const struct {
	const char *name;
	enum rt_test_kind kind;
	const char *text;
	/* "THREADS/MAX/CYCLES/BUCKETS", or a part of what is wrong */
	const char *want;
} outputs[] = {
	{ "a histogram", RT_TEST_CYCLICTEST, HIST TOTAL MIN AVG MAX OVER CYCLE,
	  "2/41/1000/3" },
	{ "after a command line on a console", RT_TEST_CYCLICTEST,
	  "root@guest:~# cyclictest -q\r\n" HIST TOTAL MIN AVG MAX OVER CYCLE
	  "root@guest:~# ",
	  "2/41/1000/3" },
	{ "lines end as a terminal's", RT_TEST_CYCLICTEST,
	  "# Histogram\r\n000001 000009\r\n# Total: 9\r\n# Min Latencies: 1"
	  "\r\n# Avg Latencies: 1\r\n# Max Latencies: 1\r\n# Histogram "
	  "Overflows: 0\r\n",
	  "1/1/9/1" },
	{ "no histogram", RT_TEST_CYCLICTEST,
	  T0 "3 Max:      33\n" T1 "2 Max:      9\n", "2/33/1000/0" },
	{ "on a terminal, again and again", RT_TEST_CYCLICTEST,
	  "policy: fifo\n" T0 "3 Max:      3\n" T1 "2 Max:      4\n\033[2A"
	  "policy: fifo\n\033[3A" T0 "3 Max:      3\n" T1 "2 Max:     41\n",
	  "2/41/1000/0" },
	{ "lines of threads, then a histogram", RT_TEST_CYCLICTEST,
	  T0 "3 Max:      1\n" T1 "2 Max:      1\n" HIST TOTAL MIN AVG MAX OVER,
	  "2/41/1000/3" },
	{ "nothing", RT_TEST_CYCLICTEST, "", "there is no result" },
	{ "a message", RT_TEST_CYCLICTEST, "sh: cyclictest: not found\n",
	  "there is no result" },
	{ "a histogram and no more", RT_TEST_CYCLICTEST, HIST,
	  "ends before its summary" },
	{ "without a maximum", RT_TEST_CYCLICTEST, HIST TOTAL MIN AVG,
	  "ends before its summary" },
	{ "without overflows", RT_TEST_CYCLICTEST, HIST TOTAL MIN AVG MAX,
	  "ends before its summary" },
	{ "the last line is torn", RT_TEST_CYCLICTEST,
	  HIST TOTAL MIN AVG MAX "# Histogram Overflows: 00000 0",
	  "ends before its summary" },
	{ "a maximum of one thread of two", RT_TEST_CYCLICTEST,
	  HIST TOTAL MIN AVG "# Max Latencies: 00003\n" OVER,
	  "do not have the same columns" },
	{ "a bucket of one thread of two", RT_TEST_CYCLICTEST,
	  HIST "000004 000001\n" TOTAL MIN AVG MAX OVER,
	  "do not have the same columns" },
	{ "a number that is none", RT_TEST_CYCLICTEST,
	  HIST TOTAL MIN AVG "# Max Latencies: 00003 0x41\n" OVER,
	  "a column is no number" },
	{ "a number that is too big", RT_TEST_CYCLICTEST,
	  HIST TOTAL MIN AVG "# Max Latencies: 3 99999999999999999999\n" OVER,
	  "a column is no number" },
	{ "a line without numbers", RT_TEST_CYCLICTEST,
	  HIST TOTAL MIN AVG "# Max Latencies:\n" OVER, "has no numbers" },
	{ "a thread's line is torn", RT_TEST_CYCLICTEST,
	  T0 "3 Max:      3\n" T1 "2 Max:   4", "ends within a line" },
	{ "a thread's line is torn in the middle", RT_TEST_CYCLICTEST,
	  T0 "3 Max:      3\nT: 1 (  920) P:95 I:1000 C:\n", "is torn" },
	{ "a thread is missing", RT_TEST_CYCLICTEST, T1 "2 Max:     4\n",
	  "never ran" },
	{ "a thread that never woke up", RT_TEST_CYCLICTEST,
	  "T: 0 (1) P:95 I:1000 C: 0 Min: 1000000 Act: 0 Avg: 0 Max: 0\n",
	  "never ran" },
	{ "a thread beyond all", RT_TEST_CYCLICTEST,
	  "T: 9999999 (1) P:95 I:1000 C: 1 Min: 1 Act: 0 Avg: 0 Max: 0\n",
	  "too many threads" },
	{ "oslat", RT_TEST_OSLAT, OSLAT OSLAT_MAX OSLAT_TIME, "2/19/0/2" },
	{ "oslat, stopped", RT_TEST_OSLAT, OSLAT, "ends before its summary" },
	{ "oslat without a duration", RT_TEST_OSLAT, OSLAT OSLAT_MAX,
	  "ends before its summary" },
	{ "oslat, a torn duration", RT_TEST_OSLAT,
	  OSLAT OSLAT_MAX "    Duration:\t 9.99", "ends before its summary" },
	{ "oslat, one maximum", RT_TEST_OSLAT,
	  OSLAT "     Maximum:\t 1 (us)\n" OSLAT_TIME,
	  "do not have the same columns" },
	{ "no oslat", RT_TEST_OSLAT, HIST TOTAL MIN AVG MAX OVER,
	  "there is no result" },
};

static void test_outputs(void)
{
	for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++) {
		struct rt_test test = { 0 };
		struct rt_err err = { 0 };
		char got[64];
		const int r = rt_test_parse(outputs[i].kind, outputs[i].text,
					    &test, &err);

		if (r < 0) {
			is_int(r, -EBADMSG, outputs[i].name);
			ok(strstr(err.text, outputs[i].want), "%s: %s",
			   outputs[i].name, err.text);
			continue;
		}
		snprintf(got, sizeof(got), "%zu/%llu/%llu/%zu", test.n,
			 rt_test_max_us(&test), test.threads[test.n - 1].cycles,
			 test.n_buckets);
		is_str(got, outputs[i].want, outputs[i].name);
		rt_test_fini(&test);
	}
}

static void test_oslat(void)
{
	struct rt_test test = { 0 };
	struct rt_err err = { 0 };

	is_int(rt_test_parse(RT_TEST_OSLAT, OSLAT OSLAT_MAX OSLAT_TIME, &test,
			     &err),
	       0, "oslat");
	if (test.n != 2 || test.n_buckets != 2)
		return;
	is_int((long long)test.threads[1].cpu, 3, "on that CPU");
	is_int((long long)test.threads[1].avg_ns, 1250, "on average");
	is_int((long long)test.threads[1].duration_ms, 10000, "for that long");
	is_int((long long)test.buckets[1].us, 3, "a bucket");
	is_int((long long)test.buckets[1].counts[1], 7, "of that many");
	rt_test_fini(&test);
}

/* As the programs of Debian 12 and 13 print it. */
static void test_captured(void)
{
	static const struct {
		const char *file;
		enum rt_test_kind kind;
		unsigned long long max;
	} captured[] = {
		{ "cyclictest-2.4", RT_TEST_CYCLICTEST, 54781 },
		{ "cyclictest-2.4-histogram", RT_TEST_CYCLICTEST, 0 },
		{ "cyclictest-2.6", RT_TEST_CYCLICTEST, 0 },
		{ "cyclictest-2.6-histogram", RT_TEST_CYCLICTEST, 147247 },
		{ "oslat-2.4", RT_TEST_OSLAT, 95409 },
		{ "oslat-2.4-quiet", RT_TEST_OSLAT, 107852 },
		{ "oslat-2.6", RT_TEST_OSLAT, 0 },
		{ "oslat-2.6-quiet", RT_TEST_OSLAT, 0 },
	};
	static char text[1 << 16];

	for (size_t i = 0; i < sizeof(captured) / sizeof(captured[0]); i++) {
		struct rt_test test = { 0 };
		struct rt_err err = { 0 };
		char path[96];
		FILE *file;
		size_t n;

		snprintf(path, sizeof(path), "tests/data/prove/%s.out",
			 captured[i].file);
		file = fopen(path, "re");
		n = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
		text[n] = '\0';
		if (file)
			fclose(file);
		if (!ok(rt_test_parse(captured[i].kind, text, &test, &err) == 0,
			"%s %s", path, err.text))
			continue;
		if (captured[i].max)
			is_int((long long)rt_test_max_us(&test),
			       (long long)captured[i].max, "its maximum");
		rt_test_fini(&test);
		/* Cut anywhere before its maximum it is no result. */
		for (char *cut = strstr(text, "Max"); cut > text; cut -= 7) {
			*cut = '\0';
			if (rt_test_parse(captured[i].kind, text, &test,
					  &err) == 0)
				break;
		}
		ok(!test.n, "and no part of it is");
		rt_test_fini(&test);
	}
}

/* --- verdicts --- */

#define S 1000000000ULL

static struct rt_noise noise;
static struct rt_guest guest = { .nr_vcpus = 2 };

/* Two vCPUs that are in the guest all the time, but for 15 us each. */
static void quiet(unsigned long long limit, bool others)
{
	struct rt_err err = { 0 };
	int r;

	rt_noise_fini(&noise);
	r = rt_noise_add(&noise, 0, 6, 0, 100, &err);
	r |= rt_noise_add(&noise, 0, 8, 1, 101, &err);
	r |= rt_noise_add(&noise, 0, 10, -1, 0, &err);
	rt_noise_limit(&noise, limit, others);
	for (unsigned i = 0; i < 2; i++) {
		const struct rt_noise_event events[] = {
			{ .time = 1, .type = RT_NOISE_ENTER },
			{ .time = S, .type = RT_NOISE_LEAVE, .name = "io" },
			{ .time = S + 15000, .type = RT_NOISE_ENTER },
		};

		for (unsigned k = 0; k < 3; k++) {
			struct rt_noise_event event = events[k];

			event.cpu = 6 + 2 * i;
			event.pid = 100 + i;
			r |= rt_noise_take(&noise, &event, &err);
		}
	}
	r |= rt_noise_end(&noise, 20 * S, &err);
	if (r)
		ok(false, "set up: %s", err.text);
}

static struct rt_proof good(void)
{
	quiet(20000, false);
	return (struct rt_proof){
		.guest = &guest,
		.noise = &noise,
		.limit_ns = 20000,
		.asked_ns = 20 * S,
		.measured_ns = 20 * S,
	};
}

static void is_verdict(const struct rt_proof *proof, const char *want,
		       const char *reason, const char *name)
{
	struct rt_judgement judgement = { 0 };
	struct rt_err err = { 0 };

	is_int(rt_proof_judge(proof, &judgement, &err), 0, name);
	is_str(rt_proof_verdict_name(judgement.verdict), want, name);
	if (reason)
		ok(judgement.n && strstr(judgement.reasons[0].text, reason),
		   "%s: because %s", name,
		   judgement.n ? judgement.reasons[0].text : "of nothing");
	else
		is_int((long long)judgement.n, 0, "and nothing against it");
	rt_judgement_fini(&judgement);
}

static void test_meter(void)
{
	struct rt_proof proof = good();

	is_verdict(&proof, "pass", NULL, "left alone");
	quiet(14999, false);
	is_verdict(&proof, "fail", "vCPU 0 was kept out of the guest for more",
		   "over the limit");
	quiet(15000, false);
	is_verdict(&proof, "pass", NULL, "as long as the limit");
	quiet(1, true);
	is_verdict(&proof, "pass", NULL, "what the guest itself asked for");
	/* Nothing that was not seen is good. */
	proof = good();
	proof.measured_ns = 19 * S;
	is_verdict(&proof, "inconclusive", "for 19.0 s of the 20.0 s",
		   "interrupted");
	proof = good();
	proof.measured_ns = proof.asked_ns = RT_PROOF_SHORTEST_NS - 1;
	is_verdict(&proof, "inconclusive", "proves nothing", "too short");
	proof = good();
	proof.lost_causes = 1;
	is_verdict(&proof, "inconclusive", "name causes were lost",
		   "a lost cause");
	proof = good();
	proof.repaired = "irq 28 moved";
	is_verdict(&proof, "inconclusive", "meanwhile: irq 28 moved",
		   "what the agent has repaired");
	proof = good();
	proof.load_failed = "the load ended";
	is_verdict(&proof, "inconclusive", "the load ended", "no load");
	proof = good();
	noise.cpus[1].losses = 1;
	is_verdict(&proof, "inconclusive", "on CPU 8 of vCPU 1 events were",
		   "lost events");
	proof = good();
	noise.cpus[2].losses = 1;
	noise.cpus[2].seen = false;
	is_verdict(&proof, "pass", NULL, "on a service CPU it does not matter");
	proof = good();
	noise.cpus[1].seen = false;
	is_verdict(&proof, "inconclusive", "no event was seen", "unseen");
	proof = good();
	noise.cpus[0].in_guest = 0;
	is_verdict(&proof, "inconclusive", "not in the guest at all", "paused");
	proof = good();
	noise.cpus[0].asleep = 19 * S;
	is_verdict(&proof, "inconclusive", "vCPU 0 slept for 19.0 s",
		   "a guest that sleeps");
	proof = good();
	noise.n = 0;
	is_verdict(&proof, "inconclusive", "no vCPU was measured", "nothing");
	noise.n = 3;
}

/* What is worst: not the guest; then a failure; then what was not seen. */
static void test_weights(void)
{
	struct rt_proof proof = good();

	quiet(1000, false);
	noise.cpus[1].losses = 1;
	is_verdict(&proof, "fail", "kept out of the guest",
		   "a failure, and lost events");
	proof.stopped = "a guest ended meanwhile";
	is_verdict(&proof, "inconclusive", "a guest ended meanwhile",
		   "a failure of a guest that ended");
	proof = good();
	quiet(1000, false);
	proof.unfit = "the guest was not tuned";
	is_verdict(&proof, "fail", "kept out of the guest",
		   "a failure of a guest that lost its tuning");
	proof = good();
	proof.unfit = "the guest was not tuned";
	is_verdict(&proof, "inconclusive", "the guest was not tuned",
		   "no failure, and not tuned");
}

/* What is not fit to begin with is not measured: there is one reason. */
static void test_not_begun(void)
{
	struct rt_proof proof = good();
	struct rt_judgement judgement = { 0 };
	struct rt_err err;

	proof.measured_ns = 0;
	proof.unfit = "the guest was not tuned";
	is_int(rt_proof_judge(&proof, &judgement, &err), 0, "not begun");
	is_int((long long)judgement.n, 1, "one reason");
	is_int(judgement.verdict, RT_PROOF_INCONCLUSIVE, "inconclusive");
	rt_judgement_fini(&judgement);
}

static void test_tests(void)
{
	struct rt_test_thread threads[2] = {
		{ .cpu = 0, .max_us = 40, .cycles = 20000 },
		{ .cpu = 1, .max_us = 12, .cycles = 20000 },
	};
	struct rt_proof proof = good();

	noise.cpus[0].asleep = 19 * S;
	proof.kind = RT_TEST_CYCLICTEST;
	proof.limit_ns = rt_proof_limit_ns(proof.kind);
	proof.test = (struct rt_test){
		.kind = proof.kind,
		.threads = threads,
		.n = 2,
	};
	proof.test_own = true;
	is_verdict(&proof, "pass", NULL, "cyclictest, within its limit");
	threads[0].max_us = 41;
	is_verdict(&proof, "fail", "on CPU 0 there: up to 41.0 us, more than",
		   "cyclictest, late once");
	threads[0].max_us = 40;
	threads[1].cycles = 9999;
	is_verdict(&proof, "inconclusive", "on CPU 1 there: it ran for about",
		   "cyclictest, a thread that hardly ran");
	proof.test_own = false;
	is_verdict(&proof, "pass", NULL, "somebody else's may be shorter");
	proof.test.n = 1;
	is_verdict(&proof, "inconclusive", "1 thread, of 2",
		   "a vCPU without a test");
	proof.test_failed = "cyclictest: not found";
	is_verdict(&proof, "inconclusive", "cyclictest: not found",
		   "cyclictest that did not run");
	proof.test_failed = NULL;
	proof.kind = RT_TEST_OSLAT;
	proof.limit_ns = rt_proof_limit_ns(proof.kind);
	proof.test_own = true;
	threads[0] = (struct rt_test_thread){ .cpu = 1,
					      .max_us = 20,
					      .duration_ms = 19999 };
	is_verdict(&proof, "pass", NULL, "oslat, but for the first CPU");
	threads[0].duration_ms = 500;
	is_verdict(&proof, "inconclusive", "ran for about 500 ms",
		   "oslat, stopped");
	threads[0].duration_ms = 19999;
	threads[0].max_us = 21;
	is_verdict(&proof, "fail", "up to 21.0 us", "oslat, stopped once");
	is_int(rt_proof_threads(RT_TEST_OSLAT, 1), 1, "oslat on one vCPU");
	is_int(rt_proof_threads(RT_TEST_CYCLICTEST, 3), 3, "cyclictest on all");
}

static void test_outliers(void)
{
	struct rt_noise_gaps gaps = {
		.worst = { { .ns = 50 }, { .ns = 40 }, { .ns = 30 } },
	};

	gaps.limit = 39;
	is_int((long long)rt_proof_outliers(&gaps), 0, "none was kept");
	gaps.n_worst = 3;
	is_int((long long)rt_proof_outliers(&gaps), 2, "those over the limit");
	gaps.limit = 100;
	is_int((long long)rt_proof_outliers(&gaps), 1, "or the longest one");
}

int main(void)
{
	test_outputs();
	test_oslat();
	test_captured();
	test_meter();
	test_weights();
	test_not_begun();
	test_tests();
	test_outliers();
	rt_noise_fini(&noise);
	return tap_done();
}
