/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config_advice.c - what a person meant by a value that was refused */
#include "config_advice.h"

#include <errno.h>

#include "config_value.h"
#include "core/base/number.h"

#define ADVICE_MAX 160 /* bytes of a value that is worth proposing */

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Without a comment behind it, an '=' or a quote at either end. */
static bool make_plain(const char *value, struct rt_plain *plain)
{
	const struct rt_span text = rt_before_comment(value);
	size_t begin, end;

	if (!rt_plain_text(text.text, text.len, plain))
		return false;
	begin = strspn(plain->text, "=|:'\"` \t");
	end = strlen(plain->text);
	while (end > begin && strchr(";,.'\"` \t", plain->text[end - 1]))
		end--;
	memmove(plain->text, plain->text + begin, end - begin);
	plain->text[end - begin] = '\0';
	return end > begin;
}

/* --- values --- */

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* The word that stands at *at moves it past itself. */
static bool take_word(const char **at, const char *word)
{
	if (!starts(*at, word))
		return false;
	*at += strlen(word);
	return true;
}

/* "6-11", "node1", "^7", "6..11", "6-11:2" */
struct item {
	bool out; /* not these */
	char letter;
	unsigned low, high, stride;
};

/* The letter for the word that is there, or 0: numbers are CPUs. */
static char take_kind(const char **at)
{
	static const char *const words[] = {
		"numa", "nodes", "node",     "cores",	"core",	   "dies",
		"die",	"pkg",	 "packages", "package", "sockets", "socket",
		"cpus", "cpu",	 "n",	     "c",	"d",	   "p",
	};
	char letter = '\0';

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		*at = skip_blanks(*at);
		if (!take_word(at, words[i]))
			continue;
		if (!starts(words[i], "cpu"))
			letter = *words[i] == 's' ? 'p' : *words[i];
	}
	*at = skip_blanks(*at);
	return letter;
}

static bool take_number(const char **at, unsigned *ret)
{
	unsigned long long value;

	if (!rt_scan_number(at, RT_CPUS_MAX - 1, &value))
		return false;
	*ret = (unsigned)value;
	return true;
}

static bool take_range(const char **at)
{
	const char *p = skip_blanks(*at);

	if (!take_word(&p, "...") && !take_word(&p, "..") &&
	    !take_word(&p, "--") && !take_word(&p, "-") &&
	    !take_word(&p, "to") && !take_word(&p, ":"))
		return false;
	*at = skip_blanks(p);
	return true;
}

static bool take_item(const char **at, struct item *item)
{
	char second;

	*item = (struct item){ .stride = 1 };
	for (*at = skip_blanks(*at); **at && strchr("^!~", **at);
	     *at = skip_blanks(*at + 1))
		item->out = true;
	if (take_word(at, "not ") || take_word(at, "except "))
		item->out = true;
	item->letter = take_kind(at);
	if (!take_number(at, &item->low))
		return false;
	item->high = item->low;
	if (!take_range(at))
		return true;
	second = take_kind(at);
	if ((second && second != item->letter) || !take_number(at, &item->high))
		return false;
	if ((**at == ':' || **at == '/') &&
	    (++*at, !take_number(at, &item->stride) || !item->stride))
		return false;
	if (item->high < item->low) {
		const unsigned low = item->high;

		item->high = item->low;
		item->low = low;
	}
	return true;
}

static void add_item(struct rt_strbuf *out, const struct item *item)
{
	const char *comma = "";

	if (item->stride == 1) {
		rt_strbuf_addf(out, "%.1s%u", &item->letter, item->low);
		if (item->high > item->low)
			rt_strbuf_addf(out, "-%u", item->high);
		return;
	}
	for (unsigned n = item->low; n <= item->high && out->len < ADVICE_MAX;
	     n += item->stride, comma = ",")
		rt_strbuf_addf(out, "%s%.1s%u", comma, &item->letter, n);
}

/* Past what people put between two items; false when nothing is there. */
static bool take_separator(const char **at)
{
	const char *start = *at;

	do {
		*at += strspn(*at, " \t,;+&|");
	} while (take_word(at, "and "));
	return *at > start || !**at;
}

/*
 * A set as it was meant. Sets of both kinds, "6-11,^7", have no text of their
 * own in kvmrt.cfg: CPUs are counted out.
 */
static bool mean_set(const char *plain, struct rt_strbuf *out)
{
	struct rt_cpuset in = { 0 }, left_out = { 0 };
	unsigned n = 0, n_out = 0;
	bool letters = false;

	for (const char *at = plain; *at && out->len < ADVICE_MAX; n++) {
		struct item item;

		if (!take_item(&at, &item) || !take_separator(&at))
			return false;
		for (unsigned k = item.low; k <= item.high; k += item.stride)
			rt_cpuset_add(item.out ? &left_out : &in, k);
		n_out += item.out;
		letters |= item.letter != '\0';
		rt_strbuf_adds(out, n ? "," : item.out ? "~" : "");
		add_item(out, &item);
	}
	if (!n_out || n_out == n)
		return n;
	rt_cpuset_minus(&in, &left_out);
	out->len = 0;
	rt_strbuf_adds(out, rt_cpuset_text(&in).text);
	return !letters && out->len;
}

/* A mask as taskset and /proc/irq have it: "0xfc0", "fc0". */
static bool mean_mask(const char *plain, struct rt_strbuf *out)
{
	const char *digits = plain + (starts(plain, "0x") ? 2 : 0);
	struct rt_cpuset set;
	struct rt_err ignored;

	if ((digits == plain && !plain[strspn(plain, "0123456789,")]) ||
	    rt_cpuset_parse_mask(digits, &set, &ignored) < 0 ||
	    rt_cpuset_is_empty(&set))
		return false;
	rt_strbuf_adds(out, rt_cpuset_text(&set).text);
	return true;
}

static bool mean_cpuset(const char *plain, struct rt_strbuf *out)
{
	return mean_mask(plain, out) || mean_set(plain, out);
}

/* Nodes have no letter here. */
static bool mean_nodes(const char *plain, struct rt_strbuf *out)
{
	RT_AUTO_STRBUF bare = { 0 };

	for (const char *at = plain; *at;) {
		struct item item;

		if (!take_item(&at, &item) || !take_separator(&at) ||
		    (item.letter && item.letter != 'n'))
			return false;
		rt_strbuf_addf(&bare, item.out ? ",^%u-%u" : ",%u-%u", item.low,
			       item.high);
	}
	out->failed |= bare.failed;
	return !bare.failed && bare.len && mean_set(bare.text + 1, out);
}

static bool mean_choice(const char *plain, const char *yes, const char *no,
			bool may_be_auto, struct rt_strbuf *out)
{
	static const char *const words[] = { "true", "false", "yes",
					     "no",   "on",    "off" };
	static const char *const means_yes[] = { "y",	      "t",
						 "enable",    "enabled",
						 "real-time", "realtime",
						 "locked",    "always" };
	static const char *const means_no[] = { "n",	    "f",    "disable",
						"disabled", "none", "never" };
	const char *near;

	for (size_t i = 0; i < sizeof(means_yes) / sizeof(means_yes[0]); i++)
		if (strcmp(plain, means_yes[i]) == 0)
			rt_strbuf_adds(out, yes);
	for (size_t i = 0; i < sizeof(means_no) / sizeof(means_no[0]); i++)
		if (strcmp(plain, means_no[i]) == 0)
			rt_strbuf_adds(out, no);
	if (out->len)
		return true;
	if (may_be_auto && starts(plain, "aut"))
		near = "auto";
	else
		near = rt_nearest(plain, strlen(plain), words,
				  sizeof(words) / sizeof(words[0]));
	if (near && strlen(plain) > 2)
		rt_strbuf_adds(out, near);
	return out->len;
}

/* The numbers in a text that has nothing else but words and separators. */
static size_t find_numbers(const char *plain, unsigned *numbers, size_t size)
{
	size_t n = 0;

	for (const char *p = plain; *p;) {
		if (!is_digit(*p)) {
			if (!is_letter(*p) && !strchr(" \t,;:/*=+", *p))
				return 0;
			p++;
		} else if (n == size || !take_number(&p, &numbers[n++])) {
			return 0;
		}
	}
	return n;
}

static bool mean_count(const char *plain, struct rt_strbuf *out)
{
	unsigned number;

	if (starts(plain, "auto") || strcmp(plain, "all") == 0 ||
	    strcmp(plain, "max") == 0)
		rt_strbuf_adds(out, "auto");
	else if (is_digit(*plain) && plain[strspn(plain, "0123456789")] == '.')
		return false;
	else if (!starts(plain, "0x") && find_numbers(plain, &number, 1) == 1)
		rt_strbuf_addf(out, "%u", number);
	return out->len;
}

static bool mean_topology(const char *plain, struct rt_strbuf *out)
{
	unsigned n[3];
	const size_t found = find_numbers(plain, n, 3);

	if (found == 1)
		rt_strbuf_addf(out, "1,%u,1", n[0]);
	else if (found == 2)
		rt_strbuf_addf(out, "%u,%u,1", n[0], n[1]);
	else if (found == 3)
		rt_strbuf_addf(out, "%u,%u,%u", n[0], n[1], n[2]);
	return out->len;
}

/* "81:00.0", "0000:21:00.00", "pci_0000_81_00_0", "pci@0000:81:00.0" */
static bool mean_device(struct rt_span word, struct rt_strbuf *out)
{
	const char *p = word.text, *end = word.text + word.len;
	unsigned part[4] = { 0 }, digits = 0, first = 0;
	size_t n = 0;

	if (word.len > 4 && starts(p, "pci") && strchr("_@:-", p[3]))
		p += 4;
	for (const char *slash = p; slash < end; slash++)
		if (*slash == '/')
			p = slash + 1;
	for (; p < end && n < 4; n++) {
		for (digits = 0; p < end && is_hex(*p) && digits < 8; p++) {
			part[n] = part[n] << 4 |
				  (unsigned)(is_digit(*p) ? *p - '0' :
							    *p - 'a' + 10);
			digits++;
		}
		first = n ? first : digits;
		if (!digits || (p < end && !strchr(":._-", *p++)))
			return false;
	}
	if (p < end || n < 3)
		return false;
	/* Without the domain, or without the function. */
	if (n == 3 && first <= 2) {
		memmove(&part[1], part, 3 * sizeof(part[0]));
		part[0] = 0;
	}
	rt_strbuf_addf(out, "%s%04x:%02x:%02x.%x", out->len ? " " : "", part[0],
		       part[1], part[2], part[3]);
	return true;
}

static bool mean_devices(const char *plain, struct rt_strbuf *out)
{
	for (const char *p = plain; *(p += strspn(p, " \t,;+"));) {
		const struct rt_span word = { p, strcspn(p, " \t,;+") };

		if (!mean_device(word, out) || out->len > ADVICE_MAX)
			return false;
		p += word.len;
	}
	return out->len;
}

static bool mean(enum rt_key key, const char *plain, struct rt_strbuf *out)
{
	switch (key) {
	case RT_KEY_NR_VCPUS:
		return mean_count(plain, out);
	case RT_KEY_CPU_TOPOLOGY:
		return mean_topology(plain, out);
	case RT_KEY_CPUSET:
		return mean_cpuset(plain, out);
	case RT_KEY_NUMATUNE:
		return mean_nodes(plain, out);
	case RT_KEY_RT:
	case RT_KEY_HIDE_KVM:
	case RT_KEY_AUTOSTART:
	case RT_KEY_DISABLED:
	case RT_KEY_RT_MEMORY:
		return mean_choice(plain, "true", "false",
				   key == RT_KEY_RT_MEMORY, out);
	case RT_KEY_PCIDEVS:
		return mean_devices(plain, out);
	case RT_KEY_NAME:
	case RT_KEY_TITLE:
	case RT_KEY_DESCRIPTION:
	case RT_KEY_SMT:
	case RT_KEY_VCPU_SCHED:
	case RT_KEY_SUPPRESS:
	case RT_KEY_ACCEPT:
	case RT_KEY_COMMENTS:
	case RT_KEY_COUNT:
		break;
	}
	return false;
}

/* What has no value of its own to propose. */
static const char *name_instead(enum rt_key key, const char *plain)
{
	static const char *const none[] = { "all", "any", "none", "*", "auto" };
	const size_t hex = strspn(plain, "0123456789abcdef");

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		if (strcmp(plain, none[i]) != 0)
			continue;
		if (key == RT_KEY_CPUSET)
			return "write nothing behind the '=': the guest is "
			       "then not bound";
		if (key == RT_KEY_NUMATUNE)
			return "write nothing behind the '=': memory then "
			       "comes from any node";
		if (key == RT_KEY_PCIDEVS)
			return "write nothing behind the '='";
	}
	if (key == RT_KEY_PCIDEVS && hex == 4 && plain[4] == ':' &&
	    strspn(plain + 5, "0123456789abcdef") == 4 && !plain[9])
		return "that names a vendor and a product: write the address "
		       "that 'lspci -Dnn' shows in front of them";
	if (key == RT_KEY_PCIDEVS && hex < 4 && is_letter(*plain))
		return "write the card's address as 'lspci -D' shows it; for "
		       "a network interface, 'ethtool -i' shows it as bus-info";
	return NULL;
}

/* Is it a value of that key, for the key's own parser? */
static bool is_value(enum rt_key key, const char *value, struct rt_strbuf *out)
{
	struct rt_section section;
	struct rt_err err = { 0 };
	const bool is = rt_section_init(&section, &err) == 0 &&
			rt_value_set(&section, key, value, &err) == 0;

	rt_section_fini(&section);
	out->failed |= err.code == ENOMEM;
	return is;
}

/* The case of a name counts. */
static bool advise_name(const char *value, struct rt_strbuf *out)
{
	const struct rt_span name = rt_before_comment(value);

	if (!name.len || name.len == strlen(value))
		return false;
	rt_strbuf_addf(out, "write %s", rt_cut(name.text, name.len).text);
	return true;
}

bool rt_advise_value(enum rt_key key, const char *value, struct rt_strbuf *out)
{
	RT_AUTO_STRBUF meant = { 0 };
	const char *instead, *found = NULL;
	struct rt_plain plain;

	if (key == RT_KEY_NAME)
		return advise_name(value, out);
	if (!make_plain(value, &plain))
		return false;
	if (is_value(key, plain.text, out))
		found = plain.text;
	else if (mean(key, plain.text, &meant) && !meant.failed &&
		 is_value(key, meant.text, out))
		found = meant.text;
	out->failed |= meant.failed;
	instead = found ? NULL : name_instead(key, plain.text);
	if (instead)
		rt_strbuf_adds(out, instead);
	else if (found && strlen(found) <= ADVICE_MAX)
		rt_strbuf_addf(out, "write %s", found);
	else
		return false;
	return true;
}
