/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* strbuf.c - text that grows, arrays that grow, and errors */
#include "core/base/strbuf.h"

#include <errno.h>
#include <stdint.h>

#include "../tap.h"

static void test_text(void)
{
	RT_AUTO_STRBUF buf = { 0 };
	struct rt_err err = { 0 };
	char *text = NULL;

	is_int(rt_strbuf_take(&buf, &text, &err), 0, "an empty buffer");
	is_str(text, "", "is the empty text");
	free(text);
	rt_strbuf_adds(&buf, "CPU ");
	rt_strbuf_addf(&buf, "%d of %s", 7, "twelve");
	rt_strbuf_add(&buf, "...", 1);
	is_str(buf.text, "CPU 7 of twelve.", "pieces join");
	is_int((long long)buf.len, 16, "and are counted");
	is_int(rt_strbuf_take(&buf, &text, &err), 0, "taken");
	ok(!buf.text && !buf.len && !buf.size, "the buffer is empty after it");
	free(text);
}

/* All lengths around where the buffer grows. */
static void test_growth(void)
{
	int wrong = 0;

	for (size_t len = 250; len < 260; len++) {
		RT_AUTO_STRBUF buf = { 0 };

		for (size_t i = 0; i < len; i++)
			rt_strbuf_add(&buf, "x", 1);
		rt_strbuf_addf(&buf, "%*d", 300, 1);
		wrong += buf.failed || buf.len != len + 300 ||
			 strlen(buf.text) != buf.len;
	}
	is_int(wrong, 0, "it grows at any length");
}

/* What does not fit the room that is left makes more of it. */
static void test_format_grows(void)
{
	RT_AUTO_STRBUF buf = { 0 };
	int wrong = 0;

	for (unsigned i = 0; i < 1000; i++)
		rt_strbuf_addf(&buf, "%u;", 1000 + i);
	for (unsigned i = 0; buf.len == 5000 && i < 1000; i++)
		wrong +=
			strtoul(buf.text + (size_t)i * 5, NULL, 10) != 1000 + i;
	ok(buf.len == 5000 && wrong == 0 && strlen(buf.text) == buf.len,
	   "numbers one after the other");
}

static void test_failure(void)
{
	struct rt_strbuf buf = { 0 };
	struct rt_err err = { 0 };
	char *text = NULL;

	rt_strbuf_adds(&buf, "kept");
	rt_strbuf_add(&buf, "", SIZE_MAX - 8);
	ok(buf.failed, "more than memory fails");
	rt_strbuf_adds(&buf, "lost");
	is_str(buf.text, "kept", "and nothing is added after it");
	is_int(rt_strbuf_take(&buf, &text, &err), -ENOMEM, "taking it says so");
	ok(!text && !buf.text && *err.text, "and gives nothing: %s", err.text);
}

static void test_grow(void)
{
	unsigned *items = NULL;
	size_t size = 0;
	bool good = true;

	for (unsigned i = 0; i < 1000; i++) {
		good = good && rt_grow(&items, i, &size, sizeof(*items));
		items[i] = i;
	}
	ok(good && items[999] == 999 && items[0] == 0, "an array grows");
	free(items);
	items = NULL;
	size = SIZE_MAX / 4;
	ok(!rt_grow(&items, size, &size, sizeof(*items)) && !items &&
		   size == SIZE_MAX / 4,
	   "too much is refused and leaves all");
}

static void test_errors(void)
{
	struct rt_err err = { 0 };
	char long_text[4096];

	is_int(rt_fail(&err, ENOENT, "open %s", "a"), -ENOENT, "an errno");
	is_str(err.text, "open a: No such file or directory", "is explained");
	is_int(rt_wrap(&err, "guest '%s'", "b"), -ENOENT, "wrapping keeps it");
	is_str(err.text, "guest 'b': open a: No such file or directory",
	       "and says why in front");
	is_int(rt_fail(&err, 0, "x"), -EINVAL, "0 counts as EINVAL");
	is_str(err.text, "x", "with no appendix");
	is_int(rt_fail_memory(&err), -ENOMEM, "no memory");
	memset(long_text, 'y', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	rt_fail(&err, ENOENT, "%s", long_text);
	rt_wrap(&err, "%s", long_text);
	is_int((long long)strlen(err.text), (long long)sizeof(err.text) - 1,
	       "a long text is cut");
}

int main(void)
{
	test_text();
	test_growth();
	test_format_grows();
	test_failure();
	test_grow();
	test_errors();
	return tap_done();
}
