/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* text.c - parts of a text: trimmed, compared as words, cut for a message */
#include "text.h"

#include "banned.h"

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

struct rt_span rt_trim(const char *text, size_t len)
{
	while (len && (text[0] == ' ' || text[0] == '\t')) {
		text++;
		len--;
	}
	while (len && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	return (struct rt_span){ text, len };
}

bool rt_is_word_n(const char *text, const char *word, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (lower(text[i]) != word[i])
			return false;
		if (!text[i])
			return true;
	}
	return true;
}

bool rt_is_word(const char *text, const char *word)
{
	return rt_is_word_n(text, word, strlen(word) + 1);
}

struct rt_cut rt_cut(const char *text, size_t len)
{
	struct rt_cut cut;
	size_t n = len <= 80 ? len : 77;

	/* Not within a character. */
	while (n < len && n && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	for (size_t i = 0; i < n; i++) {
		const unsigned char c = (unsigned char)text[i];

		cut.text[i] = c < 0x20 || c == 0x7f ? '?' : text[i];
	}
	snprintf(cut.text + n, sizeof(cut.text) - n, "%s",
		 n < len ? "..." : "");
	return cut;
}

struct rt_cut rt_cut_text(const char *text)
{
	return rt_cut(text, strlen(text));
}

void rt_copy_plain(char *to, size_t size, const char *from, size_t len)
{
	size_t i = 0;

	for (; i < len && i < size - 1; i++)
		to[i] = from[i] < 0x20 || from[i] > 0x7e ? '?' : from[i];
	to[i] = '\0';
}

static unsigned distance(const char *word, size_t len, const char *name)
{
	unsigned row[32];
	const size_t n = strlen(name);

	for (unsigned k = 0; k <= n; k++)
		row[k] = k;
	for (size_t i = 0; i < len; i++) {
		const char c = lower(word[i]);
		unsigned corner = row[0]++;

		for (size_t k = 0; k < n; k++) {
			const unsigned above = row[k + 1];
			unsigned best = corner + (c != name[k]);

			if (above + 1 < best)
				best = above + 1;
			if (row[k] + 1 < best)
				best = row[k] + 1;
			corner = above;
			row[k + 1] = best;
		}
	}
	return row[n];
}

const char *rt_nearest(const char *word, size_t len, const char *const *names,
		       size_t n)
{
	const size_t longest = 48;
	unsigned best = len < 4 ? 2 : 3;
	const char *found = NULL;

	for (size_t i = 0; len <= longest && i < n; i++) {
		const unsigned d = distance(word, len, names[i]);

		if (d < best && d < strlen(names[i])) {
			best = d;
			found = names[i];
		}
	}
	return found;
}

struct rt_counted rt_count(unsigned long long n, const char *noun)
{
	struct rt_counted counted;

	if (n)
		snprintf(counted.text, sizeof(counted.text), "%llu %s%s", n,
			 noun, n == 1 ? "" : "s");
	else
		snprintf(counted.text, sizeof(counted.text), "no %ss", noun);
	return counted;
}

struct rt_length rt_length(unsigned long long ns)
{
	static const struct {
		double of;
		const char *unit;
	} units[] = { { 1e9, "s" }, { 1e6, "ms" }, { 1e3, "us" } };
	struct rt_length length;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		const double n = (double)ns / units[i].of;

		if (n >= 1) {
			snprintf(length.text, sizeof(length.text), "%.*f %s",
				 n < 10	 ? 2 :
				 n < 100 ? 1 :
					   0,
				 n, units[i].unit);
			return length;
		}
	}
	snprintf(length.text, sizeof(length.text), "%llu ns", ns);
	return length;
}
