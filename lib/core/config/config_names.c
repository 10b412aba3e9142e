/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config_names.c - what a person meant by a key, a section or a line */
#include "config_advice.h"
#include "config_value.h"

/* Characters that word processors and web pages put in, and what they mean. */
static const struct {
	const char *odd, *plain;
} odd[] = {
	{ "\xc2\xa0", " " },	 /* no-break spaces */
	{ "\xe2\x80\xaf", " " }, /* a narrow one */
	{ "\xe3\x80\x80", " " }, /* a wide space */
	{ "\xe2\x80\x8b", "" },	 /* zero-width space */
	{ "\xef\xbb\xbf", "" },	 /* byte order mark */
	{ "\xe2\x80\x90", "-" }, /* hyphen, and one that does not break */
	{ "\xe2\x80\x91", "-" },
	{ "\xe2\x80\x92", "-" }, /* figure, en and em dash, minus */
	{ "\xe2\x80\x93", "-" },
	{ "\xe2\x80\x94", "-" },
	{ "\xe2\x88\x92", "-" },
	{ "\xe2\x80\x98", "'" }, /* quotes */
	{ "\xe2\x80\x99", "'" },
	{ "\xe2\x80\x9c", "'" },
	{ "\xe2\x80\x9d", "'" },
	{ "\xe2\x80\x9e", "'" },
	{ "\xe2\x80\xa6", ".." }, /* ellipsis */
	{ "\xef\xbc\x8c", "," },  /* wide comma and equals sign */
	{ "\xef\xbc\x9d", "=" },
};
#define N_ODD (sizeof(odd) / sizeof(odd[0]))

bool rt_plain_text(const char *text, size_t len, struct rt_plain *ret)
{
	size_t n = 0;

	for (const char *p = text; p < text + len;) {
		const char lower =
			*p >= 'A' && *p <= 'Z' ? (char)(*p | 0x20) : *p;
		size_t i = 0;

		/* Room for the longest: two characters and the end. */
		if (n + 3 > sizeof(ret->text))
			return false;
		while (i < N_ODD &&
		       strncmp(p, odd[i].odd, strlen(odd[i].odd)) != 0)
			i++;
		for (const char *c = i < N_ODD ? odd[i].plain : ""; *c; c++)
			ret->text[n++] = *c;
		if (i == N_ODD)
			ret->text[n++] = lower;
		p += i < N_ODD ? strlen(odd[i].odd) : 1;
	}
	ret->text[n] = '\0';
	return n;
}

bool rt_has_lookalike(const char *text)
{
	for (size_t i = 0; i < N_ODD; i++) {
		if (strstr(text, odd[i].odd))
			return true;
	}
	return false;
}

struct rt_span rt_before_comment(const char *text)
{
	size_t len = 0;

	while (text[len] && !(strchr("#;", text[len]) &&
			      (!len || strchr(" \t", text[len - 1]))))
		len++;
	return rt_trim(text, len);
}

/* Words of libvirt, of other tools and of everyday use. */
static const struct {
	const char *word;
	enum rt_key key;
} words[] = {
	{ "vcpus", RT_KEY_NR_VCPUS },
	{ "vcpu", RT_KEY_NR_VCPUS },
	{ "cpus", RT_KEY_NR_VCPUS },
	{ "cores", RT_KEY_NR_VCPUS },
	{ "smp", RT_KEY_NR_VCPUS },
	{ "realtime", RT_KEY_RT },
	{ "real_time", RT_KEY_RT },
	{ "is_rt", RT_KEY_RT },
	{ "rt_enabled", RT_KEY_RT },
	{ "siblings", RT_KEY_SMT },
	{ "hyperthreading", RT_KEY_SMT },
	{ "vcpusched", RT_KEY_VCPU_SCHED },
	{ "sched", RT_KEY_VCPU_SCHED },
	{ "scheduler", RT_KEY_VCPU_SCHED },
	{ "fifo", RT_KEY_VCPU_SCHED },
	{ "priority", RT_KEY_VCPU_SCHED },
	{ "locked", RT_KEY_RT_MEMORY },
	{ "mlock", RT_KEY_RT_MEMORY },
	{ "memory_lock", RT_KEY_RT_MEMORY },
	{ "lock_memory", RT_KEY_RT_MEMORY },
	{ "cpu", RT_KEY_CPUSET },
	{ "affinity", RT_KEY_CPUSET },
	{ "cpu_affinity", RT_KEY_CPUSET },
	{ "cpulist", RT_KEY_CPUSET },
	{ "pinning", RT_KEY_CPUSET },
	{ "vcpupin", RT_KEY_CPUSET },
	{ "numa", RT_KEY_NUMATUNE },
	{ "nodeset", RT_KEY_NUMATUNE },
	{ "numa_node", RT_KEY_NUMATUNE },
	{ "numa_nodes", RT_KEY_NUMATUNE },
	{ "node", RT_KEY_NUMATUNE },
	{ "topology", RT_KEY_CPU_TOPOLOGY },
	{ "pci", RT_KEY_PCIDEVS },
	{ "devices", RT_KEY_PCIDEVS },
	{ "hostdev", RT_KEY_PCIDEVS },
	{ "hostdevs", RT_KEY_PCIDEVS },
	{ "passthrough", RT_KEY_PCIDEVS },
	{ "enabled", RT_KEY_DISABLED },
	{ "enable", RT_KEY_DISABLED },
	{ "ignore", RT_KEY_ACCEPT },
	{ "notes", RT_KEY_COMMENTS },
	{ "note", RT_KEY_COMMENTS },
	{ "kvm_hidden", RT_KEY_HIDE_KVM },
	{ "hidden", RT_KEY_HIDE_KVM },
	{ "start", RT_KEY_AUTOSTART },
	{ "onboot", RT_KEY_AUTOSTART },
	{ "guest", RT_KEY_NAME },
	{ "domain", RT_KEY_NAME },
	{ "vm", RT_KEY_NAME },
	{ "desc", RT_KEY_DESCRIPTION },
};

/* Letters, digits and '_' of a name: "'nr-vcpus' :" is "nr_vcpus". */
static size_t bare_name(struct rt_span name, struct rt_plain *ret)
{
	struct rt_plain plain;
	size_t n = 0;

	if (!rt_plain_text(name.text, name.len, &plain))
		return 0;
	for (const char *p = plain.text; *p; p++) {
		if (strchr(" \t-.", *p) && n)
			ret->text[n++] = '_';
		else if ((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') ||
			 *p == '_')
			ret->text[n++] = *p;
	}
	while (n && ret->text[n - 1] == '_')
		n--;
	ret->text[n] = '\0';
	return n;
}

enum rt_key rt_advise_key(struct rt_span name)
{
	const char *names[RT_KEY_COUNT], *near;
	struct rt_plain bare;
	const size_t len = bare_name(name, &bare);

	if (!len)
		return RT_KEY_COUNT;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(bare.text, words[i].word) == 0)
			return words[i].key;
	}
	for (unsigned i = 0; i < RT_KEY_COUNT; i++)
		names[i] = rt_key_name((enum rt_key)i);
	near = rt_nearest(bare.text, len, names, RT_KEY_COUNT);
	return near ? rt_key_find(near, strlen(near)) : RT_KEY_COUNT;
}

const char *rt_advise_name(const char *name)
{
	const size_t len = strlen(name);

	if (*name == '=')
		return "a second '='";
	if (len > 1 && strchr("'\"", *name) && *name == name[len - 1])
		return "the quotes";
	for (size_t i = 0; i < N_ODD; i++) {
		if (!*odd[i].plain || *odd[i].plain == ' ')
			if (strstr(name, odd[i].odd))
				return "a blank that is not a plain one";
	}
	return NULL;
}

/* 32 digits, with or without hyphens, in braces or not. */
static bool advise_uuid(const char *plain, struct rt_strbuf *out)
{
	char text[RT_UUID_LEN + 1], uuid[RT_UUID_LEN + 1];
	size_t n = 0;

	for (const char *p = plain; *p; p++) {
		if (strchr("{}()<>\"'- \t", *p))
			continue;
		if (n == 8 || n == 13 || n == 18 || n == 23)
			text[n++] = '-';
		if (n >= RT_UUID_LEN)
			return false;
		text[n++] = *p;
	}
	text[n] = '\0';
	if (!rt_uuid_parse(text, uuid))
		return false;
	rt_strbuf_addf(out, "write [%s]", uuid);
	return true;
}

bool rt_advise_section(struct rt_span name, struct rt_strbuf *out)
{
	static const char *const host[] = { "kvmrt",	"global",  "default",
					    "defaults", "general", "host" };
	const struct rt_span text = rt_trim(name.text, name.len);
	struct rt_plain plain;

	if (text.len > 64 || !rt_plain_text(text.text, text.len, &plain))
		return false;
	if (advise_uuid(plain.text, out))
		return true;
	for (size_t i = 0; i < sizeof(host) / sizeof(host[0]); i++) {
		if (strcmp(plain.text, host[i]) != 0)
			continue;
		rt_strbuf_adds(out, "write [kvmrt] for what holds for the "
				    "whole host");
		return true;
	}
	if (memchr(text.text, '\'', text.len))
		return false;
	rt_strbuf_addf(out, "write the one that 'virsh domuuid %.*s' prints",
		       (int)text.len, text.text);
	return true;
}

bool rt_advise_line(struct rt_span line, struct rt_strbuf *out)
{
	static const char *const comments[] = { "//", "/*", "--",  "%",
						"'",  "!",  "rem " };
	struct rt_plain plain;
	struct rt_span value;
	enum rt_key key;
	size_t n = 0;

	if (!rt_plain_text(line.text, line.len, &plain))
		return false;
	for (size_t i = 0; i < sizeof(comments) / sizeof(comments[0]); i++) {
		if (strncmp(plain.text, comments[i], strlen(comments[i])) != 0)
			continue;
		rt_strbuf_adds(out, "begin a comment with #");
		return true;
	}
	/* The first word, and what follows it without a ':'. */
	while (n < line.len && !strchr(" \t:", line.text[n]))
		n++;
	key = rt_advise_key((struct rt_span){ line.text, n });
	if (key == RT_KEY_COUNT)
		return false;
	while (n < line.len && strchr(" \t:", line.text[n]))
		n++;
	value = rt_trim(line.text + n, line.len - n);
	rt_strbuf_addf(out, "write %s = %s", rt_key_name(key),
		       value.len ? rt_cut(value.text, value.len).text :
				   "VALUE");
	return true;
}
