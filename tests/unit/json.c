/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* json.c - JSON with hostile text in it, and findings as JSON */
#include "core/base/json.h"

#include "core/base/report.h"
#include "../tap.h"

static const struct {
	const char *name, *text, *want;
} strings[] = {
	{ "plain", "abc", "\"abc\"" },
	{ "empty", "", "\"\"" },
	{ "quotes and backslash", "a\"b\\c", "\"a\\\"b\\\\c\"" },
	{ "newline", "a\nb", "\"a\\nb\"" },
	{ "control", "\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\"" },
	{ "two bytes", "\xc3\xa4", "\"\xc3\xa4\"" },
	{ "four bytes", "\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"" },
	{ "a bad byte",
	  "a\xff"
	  "b",
	  "\"a\\ufffdb\"" },
	{ "overlong", "\xc0\xaf", "\"\\ufffd\\ufffd\"" },
	{ "a surrogate", "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" },
	{ "above the last", "\xf4\x90\x80\x80",
	  "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
	{ "cut at the end", "a\xe2\x82", "\"a\\ufffd\\ufffd\"" },
	{ "slash stays", "</script>", "\"</script>\"" },
};

static void test_strings(void)
{
	for (size_t i = 0; i < sizeof(strings) / sizeof(*strings); i++) {
		RT_AUTO_STRBUF out = { 0 };
		struct rt_json json = { .out = &out };

		rt_json_string(&json, strings[i].text);
		is_str(out.text, strings[i].want, strings[i].name);
	}
}

static void test_structure(void)
{
	RT_AUTO_STRBUF out = { 0 };
	struct rt_json json = { .out = &out };
	struct rt_cpuset set = { 0 };

	rt_cpuset_add_range(&set, 2, 4);
	rt_json_open(&json, '{');
	rt_json_key(&json, "a\n");
	rt_json_number(&json, -5);
	rt_json_key(&json, "b");
	rt_json_open(&json, '[');
	rt_json_bool(&json, true);
	rt_json_bool(&json, false);
	rt_json_open(&json, '{');
	rt_json_close(&json, '}');
	rt_json_close(&json, ']');
	rt_json_key(&json, "c");
	rt_json_set(&json, &set);
	rt_json_key(&json, "d");
	rt_json_open(&json, '[');
	rt_json_close(&json, ']');
	rt_json_close(&json, '}');
	is_str(out.text,
	       "{\"a\\n\":-5,\"b\":[true,false,{}],\"c\":[2,3,4],\"d\":[]}",
	       "commas stand between values and nowhere else");
}

static void test_report(void)
{
	const struct rt_where first = { "a.cfg", 9, "one" };
	const struct rt_where second = { "a.cfg", 2, NULL };
	struct rt_report report = { 0 };
	RT_AUTO_STRBUF out = { 0 };
	RT_AUTO_STRBUF text = { 0 };

	rt_report_add(&report, RT_ERROR, "x-y", first, "do %s", "no \"%s\"",
		      "z");
	rt_report_add(&report, RT_WARNING, "w", second, NULL, "w%d", 1);
	rt_report_add(&report, RT_NOTE, "n", (struct rt_where){ 0 }, NULL, "n");
	is_int(rt_report_errors(&report), 1, "one error");
	is_int(rt_report_warnings(&report), 1, "one warning");
	rt_report_sort(&report);
	rt_report_print(&report, &text);
	is_str(text.text,
	       "note: n [n]\n"
	       "a.cfg:2: warning: w1 [w]\n"
	       "a.cfg:9: error: guest 'one': no \"z\" [x-y]\n"
	       "    do %s\n",
	       "by file and line, and a hint is no format");
	rt_report_print_json(&report, &out);
	ok(strstr(out.text, "{\"version\":1,\"findings\":[{\"code\":\"n\"") ==
			   out.text &&
		   strstr(out.text, "\"message\":\"no \\\"z\\\"\""),
	   "and as JSON");
	rt_report_fini(&report);
	report.failed = true;
	is_int(rt_report_errors(&report), 1, "a lost finding is an error");
}

int main(void)
{
	test_strings();
	test_structure();
	test_report();
	return tap_done();
}
