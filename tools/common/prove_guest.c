/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* prove_guest.c - a test in the guest: through its agent, or on its console */
#include "prove_guest.h"

#include <errno.h>
#include <json-c/json.h>
#include <time.h>

#include "core/base/json.h"
#include "core/base/text.h"
#include "core/prove/console.h"
#include "core/prove/prove.h"
#include "virt/talk.h"

#define AGENT_SECONDS  20
#define PROMPT_SECONDS 30
#define BUCKETS_MAX    2000

void rt_guest_test_command(const struct rt_guest_test *test,
			   struct rt_strbuf *out)
{
	const unsigned long long buckets = test->limit_us * 2 + 100;
	const unsigned vcpus = test->guest->nr_vcpus;

	if (test->command)
		rt_strbuf_adds(out, test->command);
	else if (test->kind == RT_TEST_OSLAT && vcpus > 1)
		rt_strbuf_addf(out, "oslat -q -f 1 -c 1-%u -D %u", vcpus - 1,
			       test->seconds);
	else if (test->kind == RT_TEST_OSLAT)
		rt_strbuf_addf(out, "oslat -q -c 0 -D %u", test->seconds);
	else
		rt_strbuf_addf(out,
			       "cyclictest --smp -m -q -p 95 -i %u -d 0 "
			       "-h %llu -D %u",
			       RT_PROOF_INTERVAL_US,
			       buckets < BUCKETS_MAX ? buckets : BUCKETS_MAX,
			       test->seconds);
}

static void wait_for(unsigned seconds)
{
	struct timespec left = { .tv_sec = seconds };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

/* --- the agent --- */

static int digit_of(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno"
				     "pqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* RFC 4648, as the agent sends what a program has printed. */
static int decode(const char *text, struct rt_strbuf *out, struct rt_err *err)
{
	unsigned bits = 0, n = 0;

	for (; *text && *text != '='; text++) {
		const int digit = digit_of(*text);
		char byte;

		if (digit < 0)
			return rt_fail(err, 0,
				       "the agent's answer is not base64");
		bits = bits << 6 | (unsigned)digit;
		n += 6;
		if (n < 8)
			continue;
		n -= 8;
		byte = (char)(bits >> n & 0xff);
		rt_strbuf_add(out, &byte, 1);
	}
	return 0;
}

static const char *string_of(struct json_object *in, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(in, key, &value) ?
		       json_object_get_string(value) :
		       "";
}

static int take_answer(struct json_object *all, bool *ret_ended,
		       struct rt_strbuf *out, struct rt_err *err)
{
	RT_AUTO_STRBUF said = { 0 };
	struct json_object *result, *value;
	int status;

	if (!all || !json_object_object_get_ex(all, "return", &result) ||
	    !json_object_object_get_ex(result, "exited", &value))
		return rt_fail(err, 0, "the agent's answer is not understood");
	*ret_ended = json_object_get_boolean(value);
	if (!*ret_ended)
		return 0;
	if (json_object_object_get_ex(result, "out-truncated", &value) &&
	    json_object_get_boolean(value))
		return rt_fail(err, 0,
			       "the agent has left out some of the output");
	if (!json_object_object_get_ex(result, "exitcode", &value))
		return rt_fail(err, 0, "it was ended by a signal");
	status = json_object_get_int(value);
	if (status == 0)
		return decode(string_of(result, "out-data"), out, err);
	if (decode(string_of(result, "err-data"), &said, err) < 0)
		return -err->code;
	return rt_fail(err, 0, "exit status %d: %s", status,
		       rt_cut_text(said.text ? said.text : "").text);
}

int rt_guest_test_answer(const char *answer, bool *ret_ended,
			 struct rt_strbuf *out, struct rt_err *err)
{
	struct json_object *all = json_tokener_parse(answer);
	const int r = take_answer(all, ret_ended, out, err);

	if (all)
		json_object_put(all);
	return r;
}

/* "PATH ARG ARG" as the agent takes it. */
static int exec_of(const struct rt_guest_test *test, struct rt_strbuf *out,
		   struct rt_err *err)
{
	struct rt_strbuf line = { 0 };
	struct rt_json json = { .out = out };
	RT_AUTO_FREE char *words = NULL;
	char *rest, *word;
	bool first = true;

	rt_guest_test_command(test, &line);
	if (rt_strbuf_take(&line, &words, err) < 0)
		return -err->code;
	rt_json_open(&json, '{');
	rt_json_key_string(&json, "execute", "guest-exec");
	rt_json_key(&json, "arguments");
	rt_json_open(&json, '{');
	rt_json_key_bool(&json, "capture-output", true);
	for (rest = words; (word = strsep(&rest, " \t"));) {
		if (!*word)
			continue;
		if (first) {
			rt_json_key_string(&json, "path", word);
			rt_json_key(&json, "arg");
			rt_json_open(&json, '[');
			first = false;
			continue;
		}
		rt_json_string(&json, word);
	}
	if (first)
		return rt_fail(err, 0, "the command is empty");
	rt_json_close(&json, ']');
	rt_json_close(&json, '}');
	rt_json_close(&json, '}');
	return out->failed ? rt_fail_memory(err) : 0;
}

static int start(struct rt_virt *virt, const struct rt_guest_test *test,
		 long long *ret_pid, struct rt_err *err)
{
	RT_AUTO_STRBUF command = { 0 };
	RT_AUTO_FREE char *answer = NULL;
	struct json_object *all, *result, *pid;
	int r = exec_of(test, &command, err);

	if (r == 0)
		r = rt_virt_agent(virt, test->guest->uuid, command.text,
				  AGENT_SECONDS, &answer, err);
	if (r < 0)
		return r;
	all = json_tokener_parse(answer);
	if (all && json_object_object_get_ex(all, "return", &result) &&
	    json_object_object_get_ex(result, "pid", &pid))
		*ret_pid = json_object_get_int64(pid);
	else
		r = rt_fail(err, 0, "the agent's answer is not understood");
	if (all)
		json_object_put(all);
	return r;
}

/* Asked as seldom as can be: each time costs the guest some of its time. */
static int attend(struct rt_virt *virt, const struct rt_guest_test *test,
		  long long pid, struct rt_strbuf *out, struct rt_err *err)
{
	const unsigned pause = test->seconds / 10 + 1;
	char command[128];
	bool ended = false;

	snprintf(command, sizeof(command),
		 "{\"execute\":\"guest-exec-status\",\"arguments\":{\"pid\":"
		 "%lld}}",
		 pid);
	while (!ended) {
		RT_AUTO_FREE char *answer = NULL;
		int r;

		wait_for(pause);
		r = rt_virt_agent(virt, test->guest->uuid, command,
				  AGENT_SECONDS, &answer, err);
		if (r == 0)
			r = rt_guest_test_answer(answer, &ended, out, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- the console --- */

static int converse(struct rt_virt_console *stream, struct rt_console *console,
		    struct rt_err *err)
{
	unsigned waited = 0;
	int r = rt_virt_console_write(stream, RT_CONSOLE_KNOCK,
				      strlen(RT_CONSOLE_KNOCK), err);

	while (r == 0 && console->state != RT_CONSOLE_ENDED) {
		RT_AUTO_STRBUF send = { 0 };
		char text[4096];
		const int n =
			rt_virt_console_read(stream, text, sizeof(text), err);

		if (n < 0)
			return n;
		waited += n == 0;
		if (console->state == RT_CONSOLE_WAITS &&
		    waited > PROMPT_SECONDS)
			return rt_fail(err, 0,
				       "the guest's console shows no prompt "
				       "'%s' (--prompt)",
				       console->prompt);
		r = rt_console_take(console, text, (size_t)n, &send, err);
		if (r == 0 && send.len)
			r = rt_virt_console_write(stream, send.text, send.len,
						  err);
	}
	return r;
}

static int run_on_console(struct rt_virt *virt,
			  const struct rt_guest_test *test,
			  struct rt_strbuf *out, struct rt_err *err)
{
	struct rt_console console = { .prompt = test->prompt };
	struct rt_virt_console stream = { 0 };
	struct rt_strbuf line = { 0 };
	RT_AUTO_FREE char *command = NULL;
	int r;

	rt_guest_test_command(test, &line);
	r = rt_strbuf_take(&line, &command, err);
	console.command = command;
	if (r == 0)
		r = rt_virt_console_open(virt, test->guest->uuid, &stream, err);
	if (r == 0)
		r = converse(&stream, &console, err);
	rt_virt_console_close(&stream);
	if (r == 0 && console.status)
		r = rt_fail(err, 0, "exit status %u on the console: %s",
			    console.status,
			    rt_cut_text(console.seen.text).text);
	else if (r == 0)
		rt_strbuf_addf(out, "console\n%s", console.seen.text);
	rt_console_fini(&console);
	return r;
}

int rt_guest_test_run(void *data, struct rt_strbuf *out, struct rt_err *err)
{
	const struct rt_guest_test *test = data;
	struct rt_err no_agent = { 0 };
	struct rt_virt virt = { 0 };
	long long pid = 0;
	int r = rt_virt_talk_init(err);

	if (r == 0)
		r = rt_virt_open(NULL, &virt, err);
	if (r < 0)
		return r;
	if (start(&virt, test, &pid, &no_agent) == 0) {
		rt_strbuf_adds(out, "agent\n");
		r = attend(&virt, test, pid, out, err);
	} else {
		r = run_on_console(&virt, test, out, err);
		if (r < 0)
			rt_wrap(err, "%s; ", no_agent.text);
	}
	rt_virt_close(&virt);
	return r;
}
