/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* facts.c - the host as it is now: storage, and when two values are the same */
#include "facts.h"

#include "core/base/strbuf.h"

void rt_settings_fini(struct rt_settings *settings)
{
	for (size_t i = 0; i < settings->n; i++) {
		free(settings->items[i].path);
		free(settings->items[i].value);
	}
	free(settings->items);
	memset(settings, 0, sizeof(*settings));
}

void rt_irqs_fini(struct rt_irqs *irqs)
{
	for (size_t i = 0; i < irqs->n; i++) {
		free(irqs->items[i].name);
		free(irqs->items[i].effective);
	}
	free(irqs->items);
	memset(irqs, 0, sizeof(*irqs));
}

void rt_pci_devs_fini(struct rt_pci_devs *devs)
{
	for (size_t i = 0; i < devs->n; i++)
		free(devs->items[i].driver);
	free(devs->items);
	memset(devs, 0, sizeof(*devs));
}

void rt_process_fini(struct rt_process *process)
{
	free(process->unread);
	process->unread = NULL;
	free(process->scope);
	process->scope = NULL;
	for (size_t i = 0; i < process->threads.n; i++)
		free(process->threads.items[i].leaf);
	free(process->threads.items);
	memset(&process->threads, 0, sizeof(process->threads));
	rt_settings_fini(&process->cgroup);
}

const char *const rt_servers[] = { "fair_server", "ext_server", NULL };

void rt_facts_fini(struct rt_facts *facts)
{
	rt_settings_fini(&facts->settings);
	rt_irqs_fini(&facts->irqs);
	rt_pci_devs_fini(&facts->pci);
	free(facts->tasks.items);
	for (size_t i = 0; i < facts->processes.n; i++)
		rt_process_fini(&facts->processes.items[i]);
	free(facts->processes.items);
	rt_report_fini(&facts->unread);
	memset(facts, 0, sizeof(*facts));
}

int rt_settings_add(struct rt_settings *settings, enum rt_kind kind,
		    const char *path, const char *value, struct rt_err *err)
{
	struct rt_setting setting = {
		.kind = kind,
		.path = strdup(path),
		.value = strdup(value),
	};

	if (!setting.path || !setting.value ||
	    !rt_grow(&settings->items, settings->n, &settings->size,
		     sizeof(*settings->items))) {
		free(setting.path);
		free(setting.value);
		return rt_fail_memory(err);
	}
	settings->items[settings->n++] = setting;
	return 0;
}

const struct rt_setting *rt_settings_find(const struct rt_settings *settings,
					  const char *path)
{
	for (size_t i = 0; i < settings->n; i++) {
		if (strcmp(settings->items[i].path, path) == 0)
			return &settings->items[i];
	}
	return NULL;
}

const struct rt_pci_dev *rt_pci_devs_find(const struct rt_pci_devs *devs,
					  const struct rt_pci_addr *addr)
{
	for (size_t i = 0; i < devs->n; i++) {
		if (rt_pci_is_equal(&devs->items[i].addr, addr))
			return &devs->items[i];
	}
	return NULL;
}

static size_t length_without_newline(const char *text)
{
	const size_t len = strlen(text);

	return len && text[len - 1] == '\n' ? len - 1 : len;
}

static bool same_text(const char *a, const char *b)
{
	const size_t len = length_without_newline(a);

	return len == length_without_newline(b) && memcmp(a, b, len) == 0;
}

static bool same_set(int (*parse)(const char *, struct rt_cpuset *,
				  struct rt_err *),
		     const char *a, const char *b)
{
	struct rt_cpuset set_a, set_b;
	struct rt_err err;

	if (parse(a, &set_a, &err) < 0)
		return false;
	return strcmp(a, b) == 0 || (parse(b, &set_b, &err) == 0 &&
				     rt_cpuset_is_equal(&set_a, &set_b));
}

/*
 * "isolated", or "isolated invalid (why)". The reason is a remark: two that
 * are invalid hold the same state. False for a word that is not known.
 */
static bool parse_partition(const char *text, size_t *ret_word, bool *ret_valid)
{
	static const char *const words[] = { "member", "root", "isolated" };
	static const char invalid[] = " invalid";

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		const size_t len = strlen(words[i]);
		const char *rest = text + len;

		if (strncmp(text, words[i], len) != 0)
			continue;
		*ret_word = i;
		*ret_valid = length_without_newline(rest) == 0;
		return *ret_valid ||
		       strncmp(rest, invalid, strlen(invalid)) == 0;
	}
	return false;
}

static bool same_partition(const char *a, const char *b)
{
	size_t word_a, word_b;
	bool valid_a, valid_b;

	return parse_partition(a, &word_a, &valid_a) &&
	       parse_partition(b, &word_b, &valid_b) && word_a == word_b &&
	       valid_a == valid_b;
}

bool rt_value_same(enum rt_kind kind, const char *a, const char *b)
{
	if (strcmp(a, RT_UNREAD) == 0 || strcmp(b, RT_UNREAD) == 0)
		return false;
	switch (kind) {
	case RT_KIND_TEXT:
	case RT_KIND_CGROUP:
	case RT_KIND_SCHED:
	case RT_KIND_TASKS:
		return same_text(a, b);
	case RT_KIND_LIST:
	case RT_KIND_AFFINITY:
	case RT_KIND_IRQ_THREAD:
	case RT_KIND_IRQBALANCE:
		return same_set(rt_cpuset_parse_list, a, b);
	case RT_KIND_MASK:
		return same_set(rt_cpuset_parse_mask, a, b);
	case RT_KIND_PARTITION:
		return same_partition(a, b);
	}
	return false;
}
