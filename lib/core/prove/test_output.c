/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_output.c - what cyclictest and oslat of rt-tests print, as numbers */
#include "test_output.h"

#include <errno.h>

#include "core/base/number.h"
#include "core/base/strbuf.h"
#include "core/base/text.h"

#define THREADS_MAX 16384

/* Columns of a line: a number for each thread. */
struct columns {
	unsigned long long *items;
	size_t n, size;
};

enum line {
	LINE_MIN,
	LINE_AVG,
	LINE_MAX,
	LINE_TOTAL,
	LINE_OVERFLOWS,
	LINE_CPUS,
	LINE_DURATION,
	LINES,
};

struct parser {
	struct rt_test test;
	struct columns columns;
	bool seen[LINES];
	bool summed; /* a histogram was begun: its summary has to come */
	struct rt_err *err;
};

const char *rt_test_name(enum rt_test_kind kind)
{
	static const char *const names[RT_TEST_KINDS] = {
		[RT_TEST_NONE] = "none",
		[RT_TEST_CYCLICTEST] = "cyclictest",
		[RT_TEST_OSLAT] = "oslat",
	};

	return names[kind];
}

void rt_test_fini(struct rt_test *test)
{
	for (size_t i = 0; i < test->n_buckets; i++)
		free(test->buckets[i].counts);
	free(test->buckets);
	free(test->threads);
	memset(test, 0, sizeof(*test));
}

unsigned long long rt_test_max_us(const struct rt_test *test)
{
	unsigned long long max = 0;

	for (size_t i = 0; i < test->n; i++) {
		if (test->threads[i].max_us > max)
			max = test->threads[i].max_us;
	}
	return max;
}

static int bad(struct parser *parser, const char *what)
{
	rt_fail(parser->err, 0, "the output of %s: %s",
		rt_test_name(parser->test.kind), what);
	parser->err->code = EBADMSG;
	return -EBADMSG;
}

/* --- a line --- */

static const char *skip(const char *at)
{
	return at + strspn(at, " \t");
}

/*
 * "1.091" is 1091 thousandths, or 2 whole ones: upwards, so that nothing looks
 * better than it was.
 */
static bool scan(const char **at, bool thousandths, unsigned long long *ret)
{
	unsigned long long whole, part = 0, unit = 100;
	const char *to = *at;
	bool more = false;

	if (!rt_scan_number(&to, 1ULL << 50, &whole))
		return false;
	if (*to == '.') {
		for (to++; *to >= '0' && *to <= '9'; to++) {
			part += (unsigned long long)(*to - '0') * unit;
			unit /= 10;
			more |= *to != '0';
		}
	}
	if (*to && !strchr(" \t\r", *to))
		return false;
	*at = to;
	*ret = thousandths ? whole * 1000 + part : whole + more;
	return true;
}

/* All numbers from there on, up to the end or to a parenthesis. */
static int read_columns(struct parser *parser, const char *at, bool thousandths)
{
	struct columns *columns = &parser->columns;

	columns->n = 0;
	for (at = skip(at); *at && *at != '(' && *at != '\r'; at = skip(at)) {
		unsigned long long value;

		if (!scan(&at, thousandths, &value))
			return bad(parser, "a column is no number");
		if (columns->n == THREADS_MAX)
			return bad(parser, "too many columns");
		if (!rt_grow(&columns->items, columns->n, &columns->size,
			     sizeof(*columns->items)))
			return rt_fail_memory(parser->err);
		columns->items[columns->n++] = value;
	}
	return columns->n ? 0 : bad(parser, "a line has no numbers");
}

/* Threads up to n: all have a column, and each line as many. */
static int need_threads(struct parser *parser, size_t n, bool exactly)
{
	struct rt_test *test = &parser->test;
	struct rt_test_thread *threads;

	if (exactly && test->n && test->n != n)
		return bad(parser, "its lines do not have the same columns");
	if (n <= test->n)
		return 0;
	if (n > THREADS_MAX)
		return bad(parser, "too many threads");
	threads = realloc(test->threads, n * sizeof(*threads));
	if (!threads)
		return rt_fail_memory(parser->err);
	memset(threads + test->n, 0, (n - test->n) * sizeof(*threads));
	for (size_t i = test->n; i < n; i++)
		threads[i].cpu = i;
	test->threads = threads;
	test->n = n;
	return 0;
}

static unsigned long long *place(struct rt_test_thread *thread, enum line line)
{
	switch (line) {
	case LINE_MIN:
		return &thread->min_us;
	case LINE_AVG:
		return &thread->avg_ns;
	case LINE_MAX:
		return &thread->max_us;
	case LINE_TOTAL:
		return &thread->cycles;
	case LINE_OVERFLOWS:
		return &thread->overflows;
	case LINE_CPUS:
		return &thread->cpu;
	case LINE_DURATION:
	case LINES:
		break;
	}
	return &thread->duration_ms;
}

static int take_summary(struct parser *parser, enum line line, const char *at)
{
	int r = read_columns(parser, at,
			     line == LINE_DURATION || line == LINE_AVG);

	if (r == 0)
		r = need_threads(parser, parser->columns.n, true);
	for (size_t i = 0; r == 0 && i < parser->columns.n; i++)
		*place(&parser->test.threads[i], line) =
			parser->columns.items[i];
	parser->seen[line] = true;
	return r;
}

/* How late, and how often: a column each. */
static int take_bucket(struct parser *parser, unsigned long long us,
		       const char *at)
{
	struct rt_test *test = &parser->test;
	struct rt_test_bucket *bucket;
	bool any = false;
	int r = read_columns(parser, at, false);

	if (r == 0)
		r = need_threads(parser, parser->columns.n, true);
	for (size_t i = 0; r == 0 && i < parser->columns.n; i++)
		any |= parser->columns.items[i] > 0;
	if (r < 0 || !any)
		return r;
	if (!rt_grow(&test->buckets, test->n_buckets, &test->size_buckets,
		     sizeof(*test->buckets)))
		return rt_fail_memory(parser->err);
	bucket = &test->buckets[test->n_buckets];
	bucket->us = us;
	bucket->counts = malloc(parser->columns.n * sizeof(*bucket->counts));
	if (!bucket->counts)
		return rt_fail_memory(parser->err);
	memcpy(bucket->counts, parser->columns.items,
	       parser->columns.n * sizeof(*bucket->counts));
	test->n_buckets++;
	return 0;
}

/* --- cyclictest --- */

static bool labelled(const char *line, const char *label, bool thousandths,
		     unsigned long long *ret)
{
	const char *at = strstr(line, label);

	if (!at)
		return false;
	at = skip(at + strlen(label));
	return scan(&at, thousandths, ret);
}

/* "T: 0 (  919) P:95 I:1000 C:  1000 Min:  2 Act:  3 Avg:  3 Max:   9" */
static int take_thread(struct parser *parser, const char *line)
{
	struct rt_test_thread thread = { 0 };
	unsigned long long number;
	int r;

	if (!labelled(line, "T:", false, &number) ||
	    !labelled(line, " C:", false, &thread.cycles) ||
	    !labelled(line, " Min:", false, &thread.min_us) ||
	    !labelled(line, " Avg:", true, &thread.avg_ns) ||
	    !labelled(line, " Max:", false, &thread.max_us))
		return bad(parser, "a line of a thread is torn");
	if (number >= THREADS_MAX)
		return bad(parser, "too many threads");
	r = need_threads(parser, (size_t)number + 1, false);
	if (r < 0)
		return r;
	thread.cpu = number;
	parser->test.threads[number] = thread;
	return 0;
}

static int take_cyclictest(struct parser *parser, const char *line)
{
	static const struct {
		const char *begin;
		enum line line;
	} lines[] = {
		{ "# Total:", LINE_TOTAL },
		{ "# Min Latencies:", LINE_MIN },
		{ "# Avg Latencies:", LINE_AVG },
		{ "# Max Latencies:", LINE_MAX },
		{ "# Histogram Overflows:", LINE_OVERFLOWS },
	};
	unsigned long long us;
	const char *at = line;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const size_t len = strlen(lines[i].begin);

		if (strncmp(line, lines[i].begin, len) == 0)
			return take_summary(parser, lines[i].line, line + len);
	}
	if (strncmp(line, "# Histogram", 11) == 0 && !line[11])
		parser->summed = true;
	if (parser->summed && scan(&at, false, &us) && *at)
		return take_bucket(parser, us, at);
	/* On a terminal the cursor is sent up before it. */
	at = strncmp(line, "\033[", 2) == 0 ? strstr(line, "T:") : line;
	return at && strncmp(at, "T:", 2) == 0 && !parser->seen[LINE_MAX] ?
		       take_thread(parser, at) :
		       0;
}

static int end_cyclictest(struct parser *parser)
{
	struct rt_test *test = &parser->test;

	for (enum line line = LINE_MIN; line <= LINE_OVERFLOWS; line++) {
		if (parser->summed && !parser->seen[line])
			return bad(parser, "it ends before its summary");
	}
	if (!test->n)
		return bad(parser, "there is no result in it");
	for (size_t i = 0; i < test->n; i++) {
		/* The total is of the buckets only. */
		if (parser->summed)
			test->threads[i].cycles += test->threads[i].overflows;
		if (!test->threads[i].cycles)
			return bad(parser, "a thread of it never ran");
	}
	return 0;
}

/* --- oslat --- */

static int take_oslat(struct parser *parser, const char *line)
{
	static const struct {
		const char *begin;
		enum line line;
	} lines[] = {
		{ "Core:", LINE_CPUS },		{ "Minimum:", LINE_MIN },
		{ "Average:", LINE_AVG },	{ "Maximum:", LINE_MAX },
		{ "Duration:", LINE_DURATION },
	};
	unsigned long long us;
	const char *at = skip(line);

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const size_t len = strlen(lines[i].begin);

		if (strncmp(at, lines[i].begin, len) == 0)
			return take_summary(parser, lines[i].line, at + len);
	}
	if (!scan(&at, false, &us))
		return 0;
	at = skip(at);
	if (strncmp(at, "(us):", 5) != 0)
		return 0;
	return take_bucket(parser, us, at + 5);
}

static int end_oslat(struct parser *parser)
{
	static const enum line needed[] = { LINE_CPUS, LINE_MIN, LINE_AVG,
					    LINE_MAX, LINE_DURATION };

	if (!parser->test.n)
		return bad(parser, "there is no result in it");
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (!parser->seen[needed[i]])
			return bad(parser, "it ends before its summary");
	}
	return 0;
}

/* --- all of it --- */

static int take_lines(struct parser *parser, char *text)
{
	char *line = text, *end;
	int r = 0;

	for (; r == 0 && (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		if (end > line && end[-1] == '\r')
			end[-1] = '\0';
		r = parser->test.kind == RT_TEST_OSLAT ?
			    take_oslat(parser, line) :
			    take_cyclictest(parser, line);
	}
	/* What has no end may have had more digits. */
	if (r == 0 && strncmp(skip(line), "T:", 2) == 0)
		return bad(parser, "it ends within a line");
	return r;
}

int rt_test_parse(enum rt_test_kind kind, const char *text,
		  struct rt_test *ret_test, struct rt_err *err)
{
	struct parser parser = { .test.kind = kind, .err = err };
	RT_AUTO_FREE char *copy = strdup(text);
	int r;

	if (!copy)
		return rt_fail_memory(err);
	r = take_lines(&parser, copy);
	if (r == 0)
		r = kind == RT_TEST_OSLAT ? end_oslat(&parser) :
					    end_cyclictest(&parser);
	free(parser.columns.items);
	if (r < 0) {
		rt_test_fini(&parser.test);
		return r;
	}
	*ret_test = parser.test;
	return 0;
}
