/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* journal.c - fuzz target: replay a record */
/*
 * The input's lines are given the right sum when the first byte is odd, so
 * that the fuzzer gets past it. What is replayed, written anew and replayed
 * again must say the same.
 */
#include "core/record/journal.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A failed property must stop a build with NDEBUG, too. */
static void must(bool good)
{
	if (!good)
		abort();
}

static uint32_t sum_of(const char *text, size_t len)
{
	uint32_t sum = 2166136261u;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ (unsigned char)text[i]) * 16777619u;
	return sum;
}

static void add_sums(const char *text, size_t len, struct rt_strbuf *out)
{
	for (size_t at = 0; at < len;) {
		const char *end = memchr(text + at, '\n', len - at);
		const size_t n = end ? (size_t)(end - text) - at : len - at;

		rt_strbuf_add(out, text + at, n);
		rt_strbuf_addf(out, " #%08x\n", sum_of(text + at, n));
		at += n + 1;
	}
}

static void check_replay(const char *text, size_t len)
{
	struct rt_journal journal = { 0 }, again = { 0 };
	RT_AUTO_STRBUF first = { 0 };
	RT_AUTO_STRBUF second = { 0 };
	struct rt_err err = { 0 };

	if (rt_journal_replay(text, len, &journal, &err) < 0) {
		must(err.code > 0 && *err.text);
		return;
	}
	must(journal.valid <= len);
	must(!journal.valid || text[journal.valid - 1] == '\n');
	rt_journal_format(&journal, &first);
	if (first.len) {
		must(rt_journal_replay(first.text, first.len, &again, &err) ==
		     0);
		must(again.valid == first.len);
		must(again.undone == journal.undone &&
		     again.n_active == journal.n_active);
		rt_journal_format(&again, &second);
		must(strcmp(first.text, second.text) == 0);
	}
	rt_journal_fini(&journal);
	rt_journal_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	RT_AUTO_STRBUF text = { 0 };

	if (!size)
		return 0;
	if (data[0] & 1) {
		add_sums((const char *)data + 1, size - 1, &text);
		check_replay(text.text ? text.text : "", text.len);
	} else {
		check_replay((const char *)data + 1, size - 1);
	}
	return 0;
}
