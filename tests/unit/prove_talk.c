/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* prove_talk.c - a test in the guest: a console that says anything, an agent's answers */
#include "core/prove/console.h"

#include "../../tools/common/prove.h"
#include "../../tools/common/prove_guest.h"
#include "../../tools/common/prove_test.h"
#include "../tap.h"

/* All of text, in pieces of that many bytes. */
static void play(struct rt_console *console, const char *text, size_t piece,
		 struct rt_strbuf *sent)
{
	const size_t len = strlen(text);
	struct rt_err err;

	for (size_t at = 0; at < len; at += piece) {
		const size_t n = len - at < piece ? len - at : piece;

		if (rt_console_take(console, text + at, n, sent, &err) < 0)
			ok(false, "take: %s", err.text);
	}
}

#define COMMAND "cyclictest -q; echo kvmrt-prove'-'ends $?\n"

static void test_console(void)
{
	for (size_t piece = 1; piece < 40; piece += 6) {
		struct rt_console console = { .prompt = "# ",
					      .command = "cyclictest -q" };
		struct rt_strbuf sent = { 0 };

		play(&console, "\r\nBusyBox v1.37\r\n", piece, &sent);
		is_int(console.state, RT_CONSOLE_WAITS, "no prompt yet");
		is_int((long long)sent.len, 0, "nothing is said");
		play(&console, "/ # ", piece, &sent);
		is_int(console.state, RT_CONSOLE_RUNS, "a prompt");
		is_str(sent.text, COMMAND, "the command");
		/* Its echo is not its end. */
		play(&console,
		     "cyclictest -q; echo kvmrt-prove'-'ends $?\r\n# Max "
		     "Latencies: 00009\r\nkvmrt-prove-ends 12",
		     piece, &sent);
		is_int(console.state, RT_CONSOLE_RUNS,
		       "a status that may have more digits");
		play(&console, "7\r\n/ # ", piece, &sent);
		is_int(console.state, RT_CONSOLE_ENDED, "the end");
		is_int(console.status, 127, "its status");
		ok(strstr(console.seen.text, "# Max Latencies: 00009\r\n"),
		   "its output");
		ok(!strstr(console.seen.text, "-ends 127"), "and no more");
		is_str(sent.text, COMMAND, "the command is said once");
		rt_strbuf_fini(&sent);
		rt_console_fini(&console);
	}
}

static void test_zeroes(void)
{
	struct rt_console console = { .prompt = "$ ", .command = "c" };
	struct rt_strbuf sent = { 0 };
	struct rt_err err;

	(void)rt_console_take(&console, "a\0b$ ", 5, &sent, &err);
	is_int(console.state, RT_CONSOLE_RUNS, "a NUL before the prompt");
	(void)rt_console_take(&console, "\0\nkvmrt-prove-ends 0\n", 21, &sent,
			      &err);
	is_int(console.state, RT_CONSOLE_ENDED, "a NUL before the end");
	rt_strbuf_fini(&sent);
	rt_console_fini(&console);
}

static const struct {
	const char *answer;
	const char *want; /* the output; "..." still runs; "!" and the error */
} answers[] = {
	{ "{\"return\":{\"exited\":false}}", "..." },
	{ "{\"return\":{\"exited\":true,\"exitcode\":0,\"out-data\":"
	  "\"IyBNYXg6IDkK\"}}",
	  "# Max: 9\n" },
	{ "{\"return\":{\"exited\":true,\"exitcode\":0,\"out-data\":\"YQ==\"}}",
	  "a" },
	{ "{\"return\":{\"exited\":true,\"exitcode\":0}}", "" },
	{ "{\"return\":{\"exited\":true,\"exitcode\":1,\"err-data\":"
	  "\"bm8gY3ljbGljdGVzdAo=\"}}",
	  "!exit status 1: no cyclictest" },
	{ "{\"return\":{\"exited\":true,\"signal\":9}}", "!by a signal" },
	{ "{\"return\":{\"exited\":true,\"exitcode\":0,\"out-data\":\"YQ==\","
	  "\"out-truncated\":true}}",
	  "!left out some" },
	{ "{\"return\":{\"exited\":true,\"exitcode\":0,\"out-data\":\"Y?==\"}}",
	  "!not base64" },
	{ "{\"return\":{}}", "!not understood" },
	{ "{\"error\":{\"class\":\"GenericError\"}}", "!not understood" },
	{ "[]", "!not understood" },
	{ "{\"return\":{\"exit", "!not understood" },
	{ "", "!not understood" },
};

static void test_answers(void)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		const char *want = answers[i].want;
		struct rt_strbuf out = { 0 };
		struct rt_err err = { 0 };
		bool ended = false;
		const int r = rt_guest_test_answer(answers[i].answer, &ended,
						   &out, &err);

		if (*want == '!')
			ok(r < 0 && strstr(err.text, want + 1), "%s: %s",
			   answers[i].answer, err.text);
		else if (strcmp(want, "...") == 0)
			ok(r == 0 && !ended, "it runs");
		else
			is_str(r == 0 && ended ? out.text ? out.text : "" :
						 err.text,
			       want, answers[i].answer);
		rt_strbuf_fini(&out);
	}
}

static void test_commands(void)
{
	static const struct {
		struct rt_guest_test test;
		unsigned vcpus;
		const char *want;
	} commands[] = {
		{ { .kind = RT_TEST_CYCLICTEST, .seconds = 60, .limit_us = 40 },
		  2,
		  "cyclictest --smp -m -q -p 95 -i 1000 -d 0 -h 180 -D 60" },
		{ { .kind = RT_TEST_CYCLICTEST,
		    .seconds = 60,
		    .limit_us = 1000000 },
		  2,
		  "cyclictest --smp -m -q -p 95 -i 1000 -d 0 -h 2000 -D 60" },
		{ { .kind = RT_TEST_OSLAT, .seconds = 5 },
		  4,
		  "oslat -q -f 1 -c 1-3 -D 5" },
		{ { .kind = RT_TEST_OSLAT, .seconds = 5 },
		  1,
		  "oslat -q -c 0 -D 5" },
		{ { .kind = RT_TEST_OSLAT, .command = "mine -x" },
		  1,
		  "mine -x" },
	};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct rt_guest guest = { .nr_vcpus = commands[i].vcpus };
		struct rt_guest_test test = commands[i].test;
		struct rt_strbuf out = { 0 };

		test.guest = &guest;
		rt_guest_test_command(&test, &out);
		is_str(out.text, commands[i].want, commands[i].want);
		rt_strbuf_fini(&out);
	}
}

static void test_repairs(void)
{
	static const char answer[] =
		"{\"guests\":[{\"uuid\":\"a\",\"repairs\":["
		"{\"what\":\"irq 28\",\"did\":\"moved\",\"by\":\"tee[9]\","
		"\"last\":\"2026-11-27T22:00:05Z\",\"foreign\":true},"
		"{\"what\":\"irq 29\",\"did\":\"moved\",\"by\":\"\","
		"\"last\":\"2026-11-27T22:00:04Z\",\"foreign\":true},"
		"{\"what\":\"vhost\",\"did\":\"placed\",\"by\":\"\","
		"\"last\":\"2026-11-27T22:00:09Z\",\"foreign\":false},"
		"{\"what\":\"cpu 7\",\"did\":\"offline\",\"by\":\"\","
		"\"last\":\"2026-11-27T22:01:00Z\",\"foreign\":true}]},"
		"{\"uuid\":\"b\",\"repairs\":[]}]}";
	struct rt_strbuf out = { 0 };

	rt_proven_repairs(answer, "a", "2026-11-27T22:00:05Z", &out);
	is_str(out.text, "irq 28: moved, by tee[9]; cpu 7: offline",
	       "what others did, since then");
	rt_strbuf_fini(&out);
	rt_proven_repairs(answer, "b", "2026-11-27T22:00:05Z", &out);
	rt_proven_repairs(answer, "c", "2026-11-27T22:00:05Z", &out);
	rt_proven_repairs("{\"guests\":7}", "a", "", &out);
	rt_proven_repairs("", "a", "", &out);
	is_int((long long)out.len, 0, "nothing of another guest, nor of none");
}

#define THREAD                                                                 \
	"\"0\":{\"min\":1,\"max\":9,\"avg\":2.5,\"cycles\":10,"                \
	"\"histogram\":{\"1\":6,\"9\":3}}"
#define JSON(code, n, threads)                                                 \
	"{\"return_code\":" code ",\"num_threads\":" n ",\"thread\":{" threads \
	"}}"

static const struct {
	enum rt_test_kind kind;
	const char *text, *want; /* "THREADS/MAX/AVG/OVERFLOWS/BUCKETS" */
} documents[] = {
	{ RT_TEST_CYCLICTEST, JSON("0", "1", THREAD), "1/9/2500/1/2" },
	{ RT_TEST_CYCLICTEST, "\n " JSON("0", "1", THREAD), "1/9/2500/1/2" },
	{ RT_TEST_CYCLICTEST, JSON("1", "1", THREAD), "not ended well" },
	{ RT_TEST_CYCLICTEST, JSON("0", "2", THREAD), "no result" },
	{ RT_TEST_CYCLICTEST, JSON("0", "0", ""), "no result" },
	{ RT_TEST_CYCLICTEST, JSON("0", "1", "\"1\":{}"), "is missing" },
	{ RT_TEST_CYCLICTEST, JSON("0", "1", "\"0\":{}"), "not whole" },
	{ RT_TEST_CYCLICTEST,
	  JSON("0", "1", "\"0\":{\"min\":1,\"max\":-9,\"avg\":2,\"cycles\":1}"),
	  "not whole" },
	{ RT_TEST_CYCLICTEST,
	  JSON("0", "1", "\"0\":{\"min\":1,\"max\":9,\"avg\":2,\"cycles\":0}"),
	  "never ran" },
	{ RT_TEST_CYCLICTEST,
	  JSON("0", "1",
	       "\"0\":{\"min\":1,\"max\":9,\"avg\":2,\"cycles\":1,"
	       "\"histogram\":{\"x\":1}}"),
	  "histogram is not understood" },
	{ RT_TEST_OSLAT, JSON("0", "1", THREAD), "not whole" },
	{ RT_TEST_OSLAT,
	  JSON("0", "1",
	       "\"0\":{\"cpu\":3,\"min\":1,\"max\":9.2,\"avg\":2,"
	       "\"duration\":1.5}"),
	  "1/10/2000/0/0" },
	{ RT_TEST_CYCLICTEST, "{\"return_code\":0,\"num", "not all of a" },
	{ RT_TEST_CYCLICTEST, "{}", "not ended well" },
	{ RT_TEST_CYCLICTEST, "text", "no result" },
};

static void test_documents(void)
{
	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
		struct rt_test test = { 0 };
		struct rt_err err = { 0 };
		char got[2100];

		if (rt_test_read(documents[i].kind, documents[i].text, &test,
				 &err) < 0)
			snprintf(got, sizeof(got), "%s",
				 strstr(err.text, documents[i].want) ?
					 documents[i].want :
					 err.text);
		else
			snprintf(got, sizeof(got), "%zu/%llu/%llu/%llu/%zu",
				 test.n, rt_test_max_us(&test),
				 test.threads[0].avg_ns,
				 test.threads[0].overflows, test.n_buckets);
		is_str(got, documents[i].want, documents[i].text);
		rt_test_fini(&test);
	}
}

/* What 2.4 writes; 2.6 writes the same. */
static void test_captured_documents(void)
{
	static const struct {
		const char *path;
		enum rt_test_kind kind;
	} files[] = {
		{ "tests/data/prove/cyclictest-2.4.json", RT_TEST_CYCLICTEST },
		{ "tests/data/prove/oslat-2.4.json", RT_TEST_OSLAT },
	};
	static char text[1 << 15];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct rt_test test = { 0 };
		struct rt_err err = { 0 };
		FILE *file = fopen(files[i].path, "re");
		const size_t n =
			file ? fread(text, 1, sizeof(text) - 1, file) : 0;

		text[n] = '\0';
		if (file)
			fclose(file);
		ok(rt_test_read(files[i].kind, text, &test, &err) == 0 &&
			   test.n_buckets > 1 &&
			   test.buckets[0].us < test.buckets[1].us,
		   "%s %s", files[i].path, err.text);
		rt_test_fini(&test);
		for (size_t cut = n > 3 ? n - 3 : 0; cut > 10; cut -= cut / 9)
			text[cut] = '\0';
		ok(rt_test_read(files[i].kind, text, &test, &err) < 0,
		   "a part of it is none");
		rt_test_fini(&test);
	}
}

int main(void)
{
	test_documents();
	test_captured_documents();
	test_repairs();
	test_console();
	test_zeroes();
	test_answers();
	test_commands();
	return tap_done();
}
