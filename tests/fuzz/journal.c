/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* journal.c - fuzz target: replay a record */
/*
 * The input's lines are given the right sum when the first byte is odd, so
 * that the fuzzer gets past it. Whatever the bytes, a replay succeeds; what is
 * replayed, written anew and replayed again says the same, without damage.
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

/* What cannot be entered changes nothing. */
static void check_refused(struct rt_journal *journal, const char *want)
{
	const struct rt_strbuf *lines = &journal->damage.lines;
	RT_AUTO_STRBUF now = { 0 };
	struct rt_err err = { 0 };

	for (size_t at = 0; at < lines->len;) {
		const char *line = lines->text + at;
		const char *end = memchr(line, '\n', lines->len - at);
		const size_t n = (size_t)(end - line);

		/* It may be good by now: a path that was saved is done. */
		if (rt_journal_enter(journal, line, n, &err) == 0)
			return;
		must(err.code > 0 && *err.text);
		at += n + 1;
	}
	rt_journal_format(journal, &now);
	must(strcmp(now.text ? now.text : "", want) == 0);
}

static void check_damage(const struct rt_journal *journal)
{
	const struct rt_damage *damage = &journal->damage;
	const bool any = damage->damaged || damage->orphans;
	struct rt_report report = { 0 };

	must(any == (damage->first > 0) && any == (damage->lines.len > 0));
	rt_journal_report(journal, "HERE", &report);
	must(any == (report.n > 0));
	for (size_t i = 0; i < report.n; i++) {
		for (const char *p = report.items[i].message; *p; p++)
			must(*p >= ' ' && *p <= '~');
	}
	rt_report_fini(&report);
}

static void check_replay(const char *text, size_t len)
{
	struct rt_journal journal = { 0 }, again = { 0 };
	RT_AUTO_STRBUF first = { 0 };
	RT_AUTO_STRBUF second = { 0 };
	struct rt_err err = { 0 };

	must(rt_journal_replay(text, len, &journal, &err) == 0);
	must(journal.valid <= len);
	must(!journal.valid || text[journal.valid - 1] == '\n');
	must(!memchr(text + journal.valid, '\n', len - journal.valid));
	check_damage(&journal);
	rt_journal_format(&journal, &first);
	if (first.len) {
		must(rt_journal_replay(first.text, first.len, &again, &err) ==
		     0);
		must(again.valid == first.len);
		must(!again.damage.damaged && !again.damage.orphans);
		must(again.undone == journal.undone &&
		     again.n_active == journal.n_active &&
		     again.foreign.n == journal.foreign.n &&
		     again.unread.len == journal.unread.len);
		rt_journal_format(&again, &second);
		must(strcmp(first.text, second.text) == 0);
	}
	check_refused(&journal, first.text ? first.text : "");
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
