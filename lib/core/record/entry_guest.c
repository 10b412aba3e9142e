/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* entry_guest.c - the entry of an active guest, whose fields are a table */
#include "entry.h"

#include "core/base/number.h"
#include "core/model/sched.h"

enum form {
	FORM_FLAG,    /* bool: 0 or 1 */
	FORM_NUMBER,  /* unsigned */
	FORM_LONG,    /* unsigned long long */
	FORM_CPUS,    /* struct rt_cpuset */
	FORM_DEVICES, /* struct rt_pci_set; left out when empty */
	FORM_TEXT,    /* char *; left out when NULL */
	FORM_BITS,    /* uint32_t; left out when 0 */
};

#define IN_ACTIVE(field) offsetof(struct rt_active, field)

/* In the order of the text. An enum is as wide as an unsigned. */
static const struct field {
	const char *name;
	enum form form;
	size_t at; /* in struct rt_active */
	unsigned long long max;
} fields[] = {
	{ "stage", FORM_NUMBER, IN_ACTIVE(stage), RT_STAGE_STARTED },
	{ "pid", FORM_NUMBER, IN_ACTIVE(pid), UINT32_MAX },
	{ "start", FORM_LONG, IN_ACTIVE(start), UINT64_MAX },
	{ "memory", FORM_LONG, IN_ACTIVE(memory_kib), UINT64_MAX },
	{ "rt", FORM_FLAG, IN_ACTIVE(guest.rt), 1 },
	{ "locked", FORM_FLAG, IN_ACTIVE(guest.locked), 1 },
	{ "vcpus", FORM_NUMBER, IN_ACTIVE(guest.nr_vcpus), RT_CPUS_MAX - 1 },
	{ "cpuset", FORM_CPUS, IN_ACTIVE(guest.cpuset), 0 },
	{ "owned", FORM_CPUS, IN_ACTIVE(guest.owned), 0 },
	{ "usable", FORM_CPUS, IN_ACTIVE(guest.usable), 0 },
	{ "downed", FORM_CPUS, IN_ACTIVE(guest.offline), 0 },
	{ "vcpu_cpus", FORM_CPUS, IN_ACTIVE(guest.vcpus), 0 },
	{ "service", FORM_CPUS, IN_ACTIVE(guest.service), 0 },
	{ "nodes", FORM_CPUS, IN_ACTIVE(guest.nodes), 0 },
	{ "pci", FORM_DEVICES, IN_ACTIVE(guest.pcidevs), 0 },
	{ "suppress", FORM_BITS, IN_ACTIVE(guest.suppress), UINT32_MAX },
	{ "fifo", FORM_BITS, IN_ACTIVE(guest.vcpu_fifo), RT_FIFO_MAX },
	{ "fenced", FORM_TEXT, IN_ACTIVE(fenced), 0 },
};
_Static_assert(sizeof(enum rt_stage) == sizeof(unsigned), "see above");

static void add_devices(struct rt_strbuf *out, const struct rt_pci_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		rt_strbuf_addf(out, "%s%s", i ? "," : " pci=",
			       rt_pci_text(&set->items[i]).text);
}

static void add_text(struct rt_strbuf *out, const struct field *field,
		     const char *text)
{
	if (!text)
		return;
	rt_strbuf_addf(out, " %s=", field->name);
	rt_entry_add_encoded(out, text);
}

static void add_value(struct rt_strbuf *out, const struct field *field,
		      const void *value)
{
	char list[RT_CPULIST_MAX];

	switch (field->form) {
	case FORM_FLAG:
		rt_strbuf_addf(out, " %s=%u", field->name,
			       *(const bool *)value);
		break;
	case FORM_NUMBER:
		rt_strbuf_addf(out, " %s=%u", field->name,
			       *(const unsigned *)value);
		break;
	case FORM_LONG:
		rt_strbuf_addf(out, " %s=%llu", field->name,
			       *(const unsigned long long *)value);
		break;
	case FORM_CPUS:
		rt_cpuset_format_list(value, list, sizeof(list));
		rt_strbuf_addf(out, " %s=%s", field->name, list);
		break;
	case FORM_DEVICES:
		add_devices(out, value);
		break;
	case FORM_BITS:
		if (*(const uint32_t *)value)
			rt_strbuf_addf(out, " %s=%u", field->name,
				       *(const uint32_t *)value);
		break;
	case FORM_TEXT:
		add_text(out, field, *(char *const *)value);
		break;
	}
}

static bool parse_devices(char *text, struct rt_pci_set *set)
{
	struct rt_err ignored;

	for (char *p = text; *p; p++) {
		if (*p == ',')
			*p = ' ';
	}
	return !set->n && rt_pci_set_parse(text, set, &ignored) == 0;
}

static bool parse_text(char *text, char **ret_text)
{
	if (*ret_text || !rt_entry_decode(text))
		return false;
	*ret_text = strdup(text);
	return *ret_text;
}

static bool parse_value(const struct field *field, char *text, void *value)
{
	unsigned long long number;
	struct rt_err ignored;

	switch (field->form) {
	case FORM_CPUS:
		return rt_cpuset_parse_list(text, value, &ignored) == 0;
	case FORM_DEVICES:
		return parse_devices(text, value);
	case FORM_TEXT:
		return parse_text(text, value);
	case FORM_FLAG:
	case FORM_NUMBER:
	case FORM_LONG:
	case FORM_BITS:
		break;
	}
	if (!rt_parse_number(text, field->max, &number))
		return false;
	if (field->form == FORM_FLAG)
		*(bool *)value = number;
	else if (field->form == FORM_NUMBER)
		*(unsigned *)value = (unsigned)number;
	else if (field->form == FORM_BITS)
		*(uint32_t *)value = (uint32_t)number;
	else
		*(unsigned long long *)value = number;
	return true;
}

void rt_journal_add_guest(struct rt_strbuf *out, const struct rt_active *active)
{
	const size_t start = out->len;

	rt_strbuf_adds(out, "guest");
	rt_entry_add_field(out, active->guest.uuid);
	rt_entry_add_field(out, active->guest.name);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		add_value(out, &fields[i], (const char *)active + fields[i].at);
	if (active->unknown)
		rt_strbuf_adds(out, active->unknown);
	rt_entry_close(out, start);
}

/* text: FIELD=VALUE. One of a newer version is added to *unknown. */
static bool enter_field(struct rt_active *active, char *text,
			struct rt_strbuf *unknown)
{
	char *value = strchr(text, '=');

	if (!value)
		return false;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const size_t len = strlen(fields[i].name);

		if (len == (size_t)(value - text) &&
		    memcmp(text, fields[i].name, len) == 0)
			return parse_value(&fields[i], value + 1,
					   (char *)active + fields[i].at);
	}
	rt_strbuf_adds(unknown, " ");
	rt_strbuf_adds(unknown, text);
	return true;
}

static int enter_fields(struct rt_active *active, char *rest,
			struct rt_err *err)
{
	RT_AUTO_STRBUF unknown = { 0 };
	const char *uuid = rt_entry_next(&rest);
	char *name = uuid ? rt_entry_next(&rest) : NULL;
	char *text;

	if (!name || !rt_uuid_parse(uuid, active->guest.uuid) ||
	    !rt_entry_decode(name))
		return rt_fail(err, 0, "a guest has no UUID or no name");
	while ((text = rt_entry_next(&rest))) {
		if (!enter_field(active, text, &unknown))
			return rt_fail(err, 0,
				       "guest %s: '%.100s' is no field of it",
				       active->guest.uuid, text);
	}
	active->guest.irq_cpu = rt_cpuset_last(&active->guest.service);
	active->guest.name = strdup(name);
	active->guest.title = strdup("");
	active->guest.description = strdup("");
	if (!active->guest.name || !active->guest.title ||
	    !active->guest.description || unknown.failed)
		return rt_fail_memory(err);
	return unknown.len ? rt_strbuf_take(&unknown, &active->unknown, err) :
			     0;
}

int rt_entry_enter_guest(struct rt_journal *journal, char *rest,
			 struct rt_err *err)
{
	struct rt_active active = { 0 };
	int r = enter_fields(&active, rest, err);

	if (r < 0) {
		rt_active_fini(&active);
		return r;
	}
	return rt_journal_activate(journal, &active, err);
}
