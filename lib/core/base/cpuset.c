/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cpuset.c - a set of CPUs as a value */
#include "cpuset.h"

#include <assert.h>

#include "number.h"
#include "strbuf.h"

#define WORD(cpu) ((unsigned)(cpu) / 64)
#define BIT(cpu)  (UINT64_C(1) << ((unsigned)(cpu) % 64))

static unsigned min(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static unsigned max(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

void rt_cpuset_add(struct rt_cpuset *set, unsigned cpu)
{
	assert(cpu < RT_CPUS_MAX);
	set->words[WORD(cpu)] |= BIT(cpu);
	set->used = max(set->used, WORD(cpu) + 1);
}

void rt_cpuset_add_range(struct rt_cpuset *set, unsigned low, unsigned high)
{
	if (low > high)
		return;
	assert(high < RT_CPUS_MAX);
	/*
	 * Word by word, so that a hostile list of full ranges costs no more
	 * than its text.
	 */
	for (unsigned i = WORD(low); i <= WORD(high); i++) {
		uint64_t word = ~UINT64_C(0);

		if (i == WORD(low))
			word &= ~(BIT(low) - 1);
		if (i == WORD(high))
			word &= BIT(high) | (BIT(high) - 1);
		set->words[i] |= word;
	}
	set->used = max(set->used, WORD(high) + 1);
}

void rt_cpuset_remove(struct rt_cpuset *set, unsigned cpu)
{
	if (cpu < RT_CPUS_MAX)
		set->words[WORD(cpu)] &= ~BIT(cpu);
}

bool rt_cpuset_has(const struct rt_cpuset *set, unsigned cpu)
{
	return cpu < RT_CPUS_MAX && (set->words[WORD(cpu)] & BIT(cpu));
}

void rt_cpuset_clear(struct rt_cpuset *set)
{
	memset(set, 0, sizeof(*set));
}

void rt_cpuset_or(struct rt_cpuset *set, const struct rt_cpuset *other)
{
	for (unsigned i = 0; i < other->used; i++)
		set->words[i] |= other->words[i];
	set->used = max(set->used, other->used);
}

void rt_cpuset_and(struct rt_cpuset *set, const struct rt_cpuset *other)
{
	for (unsigned i = 0; i < set->used; i++)
		set->words[i] &= other->words[i];
	set->used = min(set->used, other->used);
}

void rt_cpuset_minus(struct rt_cpuset *set, const struct rt_cpuset *other)
{
	const unsigned n = min(set->used, other->used);

	for (unsigned i = 0; i < n; i++)
		set->words[i] &= ~other->words[i];
}

bool rt_cpuset_is_empty(const struct rt_cpuset *set)
{
	return rt_cpuset_first(set) < 0;
}

bool rt_cpuset_is_equal(const struct rt_cpuset *a, const struct rt_cpuset *b)
{
	return memcmp(a->words, b->words,
		      max(a->used, b->used) * sizeof(a->words[0])) == 0;
}

bool rt_cpuset_is_subset(const struct rt_cpuset *a, const struct rt_cpuset *b)
{
	for (unsigned i = 0; i < a->used; i++) {
		if (a->words[i] & ~b->words[i])
			return false;
	}
	return true;
}

bool rt_cpuset_intersects(const struct rt_cpuset *a, const struct rt_cpuset *b)
{
	const unsigned n = min(a->used, b->used);

	for (unsigned i = 0; i < n; i++) {
		if (a->words[i] & b->words[i])
			return true;
	}
	return false;
}

unsigned rt_cpuset_count(const struct rt_cpuset *set)
{
	unsigned count = 0;

	for (unsigned i = 0; i < set->used; i++) {
		if (set->words[i])
			count += (unsigned)__builtin_popcountll(set->words[i]);
	}
	return count;
}

int rt_cpuset_next(const struct rt_cpuset *set, int cpu)
{
	const unsigned from = (unsigned)(cpu + 1);
	uint64_t word;

	if (WORD(from) >= set->used)
		return -1;
	word = set->words[WORD(from)] & ~(BIT(from) - 1);
	for (unsigned i = WORD(from);;) {
		if (word)
			return (int)(i * 64) + __builtin_ctzll(word);
		if (++i == set->used)
			return -1;
		word = set->words[i];
	}
}

int rt_cpuset_first(const struct rt_cpuset *set)
{
	return rt_cpuset_next(set, -1);
}

int rt_cpuset_last(const struct rt_cpuset *set)
{
	for (unsigned i = set->used; i-- > 0;) {
		if (set->words[i])
			return (int)(i * 64) + 63 -
			       __builtin_clzll(set->words[i]);
	}
	return -1;
}

int rt_cpuset_nth(const struct rt_cpuset *set, unsigned n)
{
	RT_CPUSET_FOREACH(cpu, set)
	{
		if (n-- == 0)
			return cpu;
	}
	return -1;
}

/* A decimal number below RT_CPUS_MAX; moves *at past it. */
static int parse_number(const char *text, const char **at, unsigned *ret,
			struct rt_err *err)
{
	const size_t column = (size_t)(*at - text) + 1;
	unsigned long long value;

	if (**at < '0' || **at > '9')
		return rt_fail(err, 0,
			       "'%.100s': a number is missing at column %zu",
			       text, column);
	if (!rt_scan_number(at, RT_CPUS_MAX - 1, &value))
		return rt_fail(err, 0,
			       "'%.100s': number above %u at column %zu", text,
			       RT_CPUS_MAX - 1, column);
	*ret = (unsigned)value;
	return 0;
}

static const char *skip_blanks(const char *p)
{
	while (*p == ' ' || *p == '\t' || *p == '\n')
		p++;
	return p;
}

static int parse_range(const char *text, const char **at, struct rt_cpuset *set,
		       struct rt_err *err)
{
	const char *start = *at;
	unsigned low, high;
	int r = parse_number(text, at, &low, err);

	if (r < 0)
		return r;
	high = low;
	if (**at == '-') {
		++*at;
		r = parse_number(text, at, &high, err);
		if (r < 0)
			return r;
	}
	if (high < low)
		return rt_fail(err, 0,
			       "'%.100s': range runs backwards at column %zu",
			       text, (size_t)(start - text) + 1);
	rt_cpuset_add_range(set, low, high);
	return 0;
}

int rt_cpuset_parse_list(const char *text, struct rt_cpuset *ret_set,
			 struct rt_err *err)
{
	const char *p = skip_blanks(text);
	struct rt_cpuset set = { 0 };

	while (*p) {
		int r = parse_range(text, &p, &set, err);

		if (r < 0)
			return r;
		p = skip_blanks(p);
		if (!*p)
			break;
		if (*p != ',')
			return rt_fail(
				err, 0,
				"'%.100s': a comma is missing at column %zu",
				text, (size_t)(p - text) + 1);
		p = skip_blanks(p + 1);
		if (!*p)
			return rt_fail(
				err, 0,
				"'%.100s': a number is missing after the "
				"last comma",
				text);
	}
	*ret_set = set;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int rt_cpuset_parse_mask(const char *text, struct rt_cpuset *ret_set,
			 struct rt_err *err)
{
	const char *begin = skip_blanks(text), *end = begin + strlen(begin);
	struct rt_cpuset set = { 0 };
	unsigned bit = 0, digits = 0;

	while (end > begin && (end[-1] == ' ' || end[-1] == '\n'))
		end--;
	if (end == begin)
		return rt_fail(err, 0, "'%.100s' is not a CPU mask", text);

	/* From the right; a comma may stand only after each eight digits. */
	for (const char *p = end; p-- > begin;) {
		const int digit = hex_digit(*p);

		if (*p == ',' && digits == 8 && p > begin) {
			digits = 0;
			continue;
		}
		if (digit < 0 || (digits == 8 && bit))
			return rt_fail(err, 0, "'%.100s' is not a CPU mask",
				       text);
		if (bit + 4 > RT_CPUS_MAX && digit)
			return rt_fail(err, 0, "'%.100s': CPU above %u", text,
				       RT_CPUS_MAX - 1);
		if (digit) {
			set.words[bit / 64] |= (uint64_t)digit << (bit % 64);
			set.used = bit / 64 + 1;
		}
		bit += 4;
		digits++;
	}
	*ret_set = set;
	return 0;
}

/* snprintf that goes on counting once the buffer is full. */
struct out {
	char *buf;
	size_t size, len;
};

static void put(struct out *out, const char *fmt, ...) RT_PRINTF(2, 3);

static void put(struct out *out, const char *fmt, ...)
{
	const bool full = out->len >= out->size;
	va_list args;

	va_start(args, fmt);
	out->len +=
		(size_t)vsnprintf(full ? NULL : out->buf + out->len,
				  full ? 0 : out->size - out->len, fmt, args);
	va_end(args);
}

/* The last of the members that follow cpu without a gap. */
static int end_of_run(const struct rt_cpuset *set, int cpu)
{
	uint64_t absent = ~set->words[WORD(cpu)] & ~(BIT(cpu) | (BIT(cpu) - 1));

	for (unsigned i = WORD(cpu);;) {
		if (absent)
			return (int)(i * 64) + __builtin_ctzll(absent) - 1;
		if (++i == RT_CPUSET_WORDS)
			return RT_CPUS_MAX - 1;
		absent = ~set->words[i];
	}
}

size_t rt_cpuset_format_list(const struct rt_cpuset *set, char *buf,
			     size_t size)
{
	struct out out = { buf, size, 0 };

	if (size)
		buf[0] = '\0';
	for (int low = rt_cpuset_first(set), high; low >= 0;
	     low = rt_cpuset_next(set, high)) {
		const char *comma = out.len ? "," : "";

		high = end_of_run(set, low);
		if (high == low)
			put(&out, "%s%d", comma, low);
		else
			put(&out, "%s%d-%d", comma, low, high);
	}
	return out.len;
}

size_t rt_cpuset_format_mask(const struct rt_cpuset *set, unsigned width,
			     char *buf, size_t size)
{
	struct out out = { buf, size, 0 };
	const int last = rt_cpuset_last(set);
	unsigned bits = last < 0 ? 1 : (unsigned)last + 1;
	unsigned groups;

	if (width > bits)
		bits = width;
	if (bits > RT_CPUS_MAX)
		bits = RT_CPUS_MAX;
	groups = (bits + 31) / 32;
	if (size)
		buf[0] = '\0';
	/* The kernel pads only up to the width: "fff" for 12 CPUs. */
	for (unsigned i = groups; i-- > 0;) {
		const uint32_t word =
			(uint32_t)(set->words[i / 2] >> (i % 2 * 32));
		const unsigned top = bits - i * 32;
		const int digits = i == groups - 1 ? (int)((top + 3) / 4) : 8;

		put(&out, "%s%0*x", out.len ? "," : "", digits > 8 ? 8 : digits,
		    word);
	}
	return out.len;
}

struct rt_cpulist rt_cpuset_text(const struct rt_cpuset *set)
{
	struct rt_cpulist list = { "" };

	if (rt_cpuset_format_list(set, list.text, sizeof(list.text)) >=
	    sizeof(list.text))
		memcpy(list.text + sizeof(list.text) - 4, "...", 4);
	return list;
}
