/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config_value.c - the keys of a guest's section and their values */
#include "config_value.h"

#include <errno.h>
#include <limits.h>

#include "config_accept.h"
#include "config_advice.h"
#include "core/base/number.h"
#include "core/model/sched.h"
#include "core/model/suppress.h"
#include "core/model/topo.h"

int rt_value_bool(const char *value, bool *ret, struct rt_err *err)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {
		{ "true", true }, { "yes", true },    { "on", true },
		{ "1", true },	  { "false", false }, { "no", false },
		{ "off", false }, { "0", false },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (rt_is_word(value, words[i].word)) {
			*ret = words[i].value;
			return 0;
		}
	}
	return rt_fail(err, 0, "'%s' is neither true nor false",
		       rt_cut_text(value).text);
}

/* From 1 to RT_CPUS_MAX, to the last byte. */
static int parse_count(const char *text, size_t len, unsigned *ret,
		       struct rt_err *err)
{
	unsigned long long value;
	const char *at = text;

	if (!len)
		return rt_fail(err, 0, "a number is missing");
	if (strspn(text, "0123456789") < len)
		return rt_fail(err, 0, "'%s' is not a whole number",
			       rt_cut(text, len).text);
	if (!rt_scan_number(&at, RT_CPUS_MAX, &value))
		return rt_fail(err, 0,
			       "'%s' is above %u, the most CPUs that libvirt "
			       "can handle",
			       rt_cut(text, len).text, RT_CPUS_MAX);
	if (!value)
		return rt_fail(err, 0,
			       "'%s' is too small: at least 1 is needed",
			       rt_cut(text, len).text);
	*ret = (unsigned)value;
	return 0;
}

static int set_text(void *member, const char *value, struct rt_err *err)
{
	char **text = member, *copy = strdup(value);

	if (!copy)
		return rt_fail_memory(err);
	free(*text);
	*text = copy;
	return 0;
}

static int set_name(void *member, const char *value, struct rt_err *err)
{
	if (*value && !rt_config_name_is_valid(value))
		return rt_fail(err, 0, "libvirt does not take the name '%s'",
			       rt_cut_text(value).text);
	if (rt_before_comment(value).len < strlen(value))
		return rt_fail(err, 0, "'%s' is not a name",
			       rt_cut_text(value).text);
	return set_text(member, value, err);
}

static int set_flag(void *member, const char *value, struct rt_err *err)
{
	return rt_value_bool(*value ? value : "false", member, err);
}

static int set_smt(void *member, const char *value, struct rt_err *err)
{
	bool *idle = member;

	*idle = rt_is_word(value, "idle");
	if (*idle || !*value || rt_is_word(value, "offline"))
		return 0;
	return rt_fail(err, 0, "'%s' is neither offline nor idle",
		       rt_cut_text(value).text);
}

static int set_vcpu_sched(void *member, const char *value, struct rt_err *err)
{
	unsigned *fifo = member;

	*fifo = 0;
	if (!*value || rt_is_word(value, "auto") || rt_sched_parse(value, fifo))
		return 0;
	return rt_fail(err, 0, "'%s' is no scheduling class of a vCPU",
		       rt_cut_text(value).text);
}

static int set_nr_vcpus(void *member, const char *value, struct rt_err *err)
{
	unsigned *count = member;

	if (!*value)
		*count = 1;
	else if (rt_is_word(value, "auto"))
		*count = 0;
	else
		return parse_count(value, strlen(value), count, err);
	return 0;
}

static int set_topology(void *member, const char *value, struct rt_err *err)
{
	struct rt_section *section = member;
	unsigned parts[3];
	const char *p = value;

	if (!*value || rt_is_word(value, "auto")) {
		section->topology_auto = true;
		section->sockets = section->cores = section->threads = 0;
		return 0;
	}
	for (unsigned i = 0; i < 3; i++) {
		const size_t len = strcspn(p, ",");
		const struct rt_span part = rt_trim(p, len);
		int r;

		if ((i < 2) != (p[len] == ','))
			return rt_fail(err, 0, "'%s' is not three numbers",
				       rt_cut_text(value).text);
		r = parse_count(part.text, part.len, &parts[i], err);
		if (r < 0)
			return r;
		p += len + 1;
	}
	if ((unsigned long long)parts[0] * parts[1] * parts[2] > RT_CPUS_MAX)
		return rt_fail(err, 0, "%u x %u x %u is above %u CPUs",
			       parts[0], parts[1], parts[2], RT_CPUS_MAX);
	section->topology_auto = false;
	section->sockets = parts[0];
	section->cores = parts[1];
	section->threads = parts[2];
	return 0;
}

static int set_cpuset(void *member, const char *value, struct rt_err *err)
{
	struct rt_cpuset unused;
	int r = rt_topo_parse_cpuset(NULL, value, &unused, err);

	if (r < 0)
		return rt_wrap(err, "'%s'", rt_cut_text(value).text);
	return set_text(member, value, err);
}

static int set_rt_memory(void *member, const char *value, struct rt_err *err)
{
	enum rt_choice *choice = member;
	bool yes = false;
	int r;

	if (!*value || rt_is_word(value, "auto")) {
		*choice = RT_AUTO;
		return 0;
	}
	r = rt_value_bool(value, &yes, err);
	if (r < 0)
		return rt_fail(err, 0, "'%s' is neither true, false nor auto",
			       rt_cut_text(value).text);
	*choice = yes ? RT_YES : RT_NO;
	return 0;
}

static int set_numatune(void *member, const char *value, struct rt_err *err)
{
	struct rt_section *section = member;
	struct rt_cpuset nodes = { 0 };
	int r;

	if (rt_is_word(value, "auto")) {
		section->numatune = RT_AUTO;
	} else if (!*value) {
		section->numatune = RT_NO;
	} else {
		r = rt_cpuset_parse_list(value, &nodes, err);
		if (r < 0)
			return r;
		section->numatune = RT_YES;
	}
	section->nodes = nodes;
	return 0;
}

static int set_pcidevs(void *member, const char *value, struct rt_err *err)
{
	struct rt_pci_set set = { 0 };
	int r = rt_pci_set_parse(value, &set, err);

	if (r < 0)
		return r;
	rt_pci_set_fini(member);
	*(struct rt_pci_set *)member = set;
	return 0;
}

static int set_accept(void *member, const char *value, struct rt_err *err)
{
	return rt_words_parse(&rt_accept_codes, value, member, err);
}

static int set_suppress(void *member, const char *value, struct rt_err *err)
{
	return rt_words_parse(&rt_suppress_words, value, member, err);
}

#define MEMBER(m) offsetof(struct rt_section, m)
#define BOOL_HINT "write true or false (yes, no, on, off, 1, 0)"
#define TEXT_HINT "indent the further lines of a text"

static const struct key {
	const char *name;
	enum rt_value_kind kind;
	size_t member; /* what set gets */
	int (*set)(void *member, const char *value, struct rt_err *err);
	const char *hint;
} keys[RT_KEY_COUNT] = {
	[RT_KEY_NAME] = { "name", RT_VALUE_LINE, MEMBER(name), set_name,
			  "give the guest's name as 'virsh list' shows it, "
			  "without '/' and control characters" },
	[RT_KEY_TITLE] = { "title", RT_VALUE_LINE, MEMBER(title), set_text,
			   "write the title in one line" },
	[RT_KEY_DESCRIPTION] = { "description", RT_VALUE_TEXT,
				 MEMBER(description), set_text, TEXT_HINT },
	[RT_KEY_NR_VCPUS] = { "nr_vcpus", RT_VALUE_LINE, MEMBER(nr_vcpus),
			      set_nr_vcpus,
			      "write a number from 1 to 16384, or auto" },
	[RT_KEY_CPU_TOPOLOGY] = { "cpu_topology", RT_VALUE_LINE, 0,
				  set_topology,
				  "write sockets, cores per socket and threads "
				  "per core, such as 1,4,1, or auto" },
	[RT_KEY_CPUSET] = { "cpuset", RT_VALUE_WORDS, MEMBER(cpuset),
			    set_cpuset,
			    "write CPUs such as 2,4-7, or nodes n1, cores "
			    "c2-c5, dies d0, packages p1, or ~ and a set" },
	[RT_KEY_RT] = { "rt", RT_VALUE_LINE, MEMBER(rt), set_flag, BOOL_HINT },
	[RT_KEY_SMT] = { "smt", RT_VALUE_LINE, MEMBER(smt_idle), set_smt,
			 "write offline or idle" },
	[RT_KEY_VCPU_SCHED] = { "vcpu_sched", RT_VALUE_LINE, MEMBER(vcpu_fifo),
				set_vcpu_sched,
				"write other, or fifo: and a priority from 1 "
				"to 99, such as fifo:1, or auto" },
	[RT_KEY_RT_MEMORY] = { "rt_memory", RT_VALUE_LINE, MEMBER(rt_memory),
			       set_rt_memory, "write true, false or auto" },
	[RT_KEY_NUMATUNE] = { "numatune", RT_VALUE_LINE, 0, set_numatune,
			      "write NUMA nodes such as 0,2-3, or auto, or "
			      "nothing" },
	[RT_KEY_HIDE_KVM] = { "hide_kvm", RT_VALUE_LINE, MEMBER(hide_kvm),
			      set_flag, BOOL_HINT },
	[RT_KEY_AUTOSTART] = { "autostart", RT_VALUE_LINE, MEMBER(autostart),
			       set_flag, BOOL_HINT },
	[RT_KEY_DISABLED] = { "disabled", RT_VALUE_LINE, MEMBER(disabled),
			      set_flag, BOOL_HINT },
	[RT_KEY_PCIDEVS] = { "pcidevs", RT_VALUE_WORDS, MEMBER(pcidevs),
			     set_pcidevs,
			     "write addresses as 'lspci -D' shows them, with "
			     "blanks in between" },
	[RT_KEY_SUPPRESS] = { "suppress", RT_VALUE_WORDS, MEMBER(suppress),
			      set_suppress,
			      "write some of ksm, khugepaged, numa-balancing, "
			      "vmstat, compaction, machine-check" },
	[RT_KEY_ACCEPT] = { "accept", RT_VALUE_WORDS, MEMBER(accept),
			    set_accept,
			    "write codes of warnings as "
			    "kvmrt-validate-config shows them in brackets, "
			    "such as host-device, rt-node0" },
	[RT_KEY_COMMENTS] = { "comments", RT_VALUE_TEXT, MEMBER(comments),
			      set_text, TEXT_HINT },
};

const char *rt_key_name(enum rt_key key)
{
	return keys[key].name;
}

enum rt_key rt_key_find(const char *name, size_t len)
{
	unsigned key;

	for (key = 0; key < RT_KEY_COUNT; key++) {
		if (strlen(keys[key].name) == len &&
		    memcmp(keys[key].name, name, len) == 0)
			break;
	}
	return (enum rt_key)key;
}

enum rt_value_kind rt_key_kind(enum rt_key key)
{
	return keys[key].kind;
}

const char *rt_key_hint(enum rt_key key)
{
	return keys[key].hint;
}

int rt_value_set(struct rt_section *section, enum rt_key key, const char *value,
		 struct rt_err *err)
{
	return keys[key].set((char *)section + keys[key].member, value, err);
}

int rt_section_init(struct rt_section *section, struct rt_err *err)
{
	int r = 0;

	memset(section, 0, sizeof(*section));
	for (unsigned key = 0; key < RT_KEY_COUNT && r == 0; key++)
		r = rt_value_set(section, (enum rt_key)key, "", err);
	/* An empty numatune is a choice, a missing one is not. */
	section->numatune = RT_AUTO;
	return r;
}

/* Blanks around a row do not count, unless it has a bar. */
static void unfold_row(const char *row, size_t len, bool first,
		       struct rt_strbuf *out)
{
	struct rt_span text = rt_trim(row, len);

	if (!first && text.len && *text.text == '|') {
		text.len = len - (size_t)(text.text - row) - 1;
		text.text++;
	}
	rt_strbuf_add(out, text.text, text.len);
}

static void unfold_text(const char *lines, struct rt_strbuf *out)
{
	bool started = false;

	for (const char *row = lines;; row++) {
		const size_t len = strcspn(row, "\n");

		if (started)
			rt_strbuf_add(out, "\n", 1);
		started = started || rt_trim(row, len).len;
		if (started)
			unfold_row(row, len, row == lines, out);
		row += len;
		if (!*row)
			return;
	}
}

int rt_value_unfold(enum rt_value_kind kind, const char *lines,
		    char **ret_value, struct rt_err *err)
{
	RT_AUTO_STRBUF out = { 0 };
	struct rt_span value;

	if (kind == RT_VALUE_TEXT) {
		unfold_text(lines, &out);
		return rt_strbuf_take(&out, ret_value, err);
	}
	value = rt_trim(lines, strlen(lines));
	rt_strbuf_add(&out, value.text, value.len);
	for (size_t i = 0; i < out.len; i++) {
		if (out.text[i] == '\n')
			out.text[i] = ' ';
	}
	/* Rows that were blank leave blanks at the front. */
	value = rt_trim(out.text ? out.text : "", out.len);
	if (out.text && value.text != out.text)
		memmove(out.text, value.text, value.len + 1);
	return rt_strbuf_take(&out, ret_value, err);
}

enum rt_key rt_value_key_in(const char *row, size_t len)
{
	const char *equals = memchr(row, '=', len);
	struct rt_span name;

	if (!equals)
		return RT_KEY_COUNT;
	name = rt_trim(row, (size_t)(equals - row));
	return rt_key_find(name.text, name.len);
}

static bool needs_bar(const char *row, size_t len)
{
	return !len || strchr("#;|[", *row) || rt_trim(row, len).len != len ||
	       rt_value_key_in(row, len) != RT_KEY_COUNT;
}

void rt_value_fold(const char *value, struct rt_strbuf *rows)
{
	const char *row = value;
	size_t len = strcspn(row, "\n");

	/* What cannot stand behind the '=' makes all rows further ones. */
	if (!*value)
		return;
	if (len && rt_trim(row, len).len == len) {
		rt_strbuf_add(rows, row, len);
		if (!row[len])
			return;
		row += len + 1;
	}
	for (;; row += len + 1) {
		len = strcspn(row, "\n");
		rt_strbuf_adds(rows, needs_bar(row, len) ? "\n|" : "\n");
		rt_strbuf_add(rows, row, len);
		if (!row[len])
			return;
	}
}
