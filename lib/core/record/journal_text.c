/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* journal_text.c - the record's entries as text */
#include "journal_text.h"

uint32_t rt_journal_sum(const char *text, size_t len)
{
	uint32_t sum = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ (unsigned char)text[i]) * 16777619u;
	return sum;
}

struct rt_journal_tail rt_journal_tail(const char *text, size_t len)
{
	uint32_t sum = rt_journal_sum(text, len);
	struct rt_journal_tail tail = { " #" };

	for (size_t i = RT_JOURNAL_TAIL; i-- > 2; sum >>= 4)
		tail.text[i] = "0123456789abcdef"[sum & 15];
	return tail;
}

static const char *const kind_names[] = {
	[RT_KIND_TEXT] = "text",
	[RT_KIND_LIST] = "list",
	[RT_KIND_MASK] = "mask",
	[RT_KIND_PARTITION] = "partition",
	[RT_KIND_AFFINITY] = "affinity",
	[RT_KIND_CGROUP] = "cgroup",
	[RT_KIND_TASKS] = "tasks",
	[RT_KIND_IRQ_THREAD] = "irq-thread",
	[RT_KIND_IRQBALANCE] = "irqbalance",
};

_Static_assert(sizeof(kind_names) / sizeof(kind_names[0]) == RT_JOURNAL_KINDS,
	       "every kind has a name");

const char *rt_journal_kind(unsigned kind)
{
	return kind_names[kind];
}

/* A field has no blank in it; an empty one is a lone '%'. */
static void add_field(struct rt_strbuf *out, const char *text)
{
	rt_strbuf_adds(out, " ");
	if (!*text)
		rt_strbuf_adds(out, "%");
	while (*text) {
		const size_t plain = strcspn(text, " \t\r\n%");

		rt_strbuf_add(out, text, plain);
		text += plain;
		if (*text)
			rt_strbuf_addf(out, "%%%02x",
				       (unsigned)(unsigned char)*text++);
	}
}

static void add_list(struct rt_strbuf *out, const char *name,
		     const struct rt_cpuset *set)
{
	char list[RT_CPULIST_MAX];

	rt_cpuset_format_list(set, list, sizeof(list));
	rt_strbuf_addf(out, " %s=%s", name, list);
}

/* Sum and newline; body is what stands from `start` on. */
static void close_entry(struct rt_strbuf *out, size_t start)
{
	struct rt_journal_tail tail;

	if (out->failed)
		return;
	tail = rt_journal_tail(out->text + start, out->len - start);
	rt_strbuf_add(out, tail.text, RT_JOURNAL_TAIL);
	rt_strbuf_add(out, "\n", 1);
}

void rt_journal_add_save(struct rt_strbuf *out, enum rt_kind kind,
			 const char *path, const char *original,
			 const char *value)
{
	const size_t start = out->len;

	rt_strbuf_addf(out, "keep %s", rt_journal_kind(kind));
	add_field(out, path);
	add_field(out, original);
	add_field(out, value);
	close_entry(out, start);
}

void rt_journal_add_wrote(struct rt_strbuf *out, const char *path,
			  const char *value)
{
	const size_t start = out->len;

	rt_strbuf_adds(out, "wrote");
	add_field(out, path);
	add_field(out, value);
	close_entry(out, start);
}

void rt_journal_add_base(struct rt_strbuf *out, const char *path,
			 const char *original)
{
	const size_t start = out->len;

	rt_strbuf_adds(out, "base");
	add_field(out, path);
	add_field(out, original);
	close_entry(out, start);
}

/* A verb and what it is about. */
static void add_pair(struct rt_strbuf *out, const char *verb, const char *field)
{
	const size_t start = out->len;

	rt_strbuf_adds(out, verb);
	add_field(out, field);
	close_entry(out, start);
}

void rt_journal_add_fixed(struct rt_strbuf *out, const char *path)
{
	add_pair(out, "fixed", path);
}

void rt_journal_add_done(struct rt_strbuf *out, const char *path)
{
	add_pair(out, "done", path);
}

void rt_journal_add_gone(struct rt_strbuf *out, const char *uuid)
{
	add_pair(out, "gone", uuid);
}

void rt_journal_add_seen(struct rt_strbuf *out, const struct rt_cpuset *irqs)
{
	const size_t start = out->len;

	rt_strbuf_adds(out, "seen");
	add_list(out, "irqs", irqs);
	close_entry(out, start);
}

void rt_journal_add_guest(struct rt_strbuf *out, const struct rt_active *active)
{
	const struct rt_guest *guest = &active->guest;
	const size_t start = out->len;

	rt_strbuf_adds(out, "guest");
	add_field(out, guest->uuid);
	add_field(out, guest->name);
	rt_strbuf_addf(out,
		       " stage=%u pid=%u start=%llu memory=%llu rt=%u "
		       "locked=%u vcpus=%u",
		       active->stage, active->pid, active->start,
		       active->memory_kib, guest->rt, guest->locked,
		       guest->nr_vcpus);
	add_list(out, "cpuset", &guest->cpuset);
	add_list(out, "owned", &guest->owned);
	add_list(out, "usable", &guest->usable);
	add_list(out, "downed", &guest->offline);
	add_list(out, "vcpu_cpus", &guest->vcpus);
	add_list(out, "service", &guest->service);
	add_list(out, "nodes", &guest->nodes);
	for (size_t i = 0; i < guest->pcidevs.n; i++)
		rt_strbuf_addf(out, "%s%s", i ? "," : " pci=",
			       rt_pci_text(&guest->pcidevs.items[i]).text);
	close_entry(out, start);
}

void rt_journal_format(const struct rt_journal *journal, struct rt_strbuf *out)
{
	for (size_t i = 0; i < journal->n_saved; i++) {
		const struct rt_saved *saved = &journal->saved[i];

		if (saved->done)
			continue;
		rt_journal_add_save(out, saved->kind, saved->path,
				    saved->original, saved->before);
		rt_journal_add_wrote(out, saved->path, saved->wrote);
		if (saved->fixed)
			rt_journal_add_fixed(out, saved->path);
	}
	for (size_t i = 0; i < journal->n_active; i++)
		rt_journal_add_guest(out, &journal->active[i]);
	if (journal->seen)
		rt_journal_add_seen(out, journal->seen);
}
