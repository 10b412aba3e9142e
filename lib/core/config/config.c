/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config.c - sections, found and compared */
#include "config.h"

#include "core/base/text.h"

bool rt_uuid_parse(const char *text, char ret_uuid[RT_UUID_LEN + 1])
{
	static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	char uuid[RT_UUID_LEN + 1];

	for (unsigned i = 0; i < RT_UUID_LEN; i++) {
		const char c = text[i] >= 'A' && text[i] <= 'F' ?
				       (char)(text[i] | 0x20) :
				       text[i];
		const bool digit =
			(c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');

		if (shape[i] == 'x' ? !digit : c != '-')
			return false;
		uuid[i] = c;
	}
	if (text[RT_UUID_LEN])
		return false;
	uuid[RT_UUID_LEN] = '\0';
	memcpy(ret_uuid, uuid, sizeof(uuid));
	return true;
}

bool rt_config_name_is_valid(const char *name)
{
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	if (!rt_trim(name, strlen(name)).len)
		return false;
	for (const char *p = name; *p; p++) {
		if (*p == '/' || (unsigned char)*p < 0x20 || *p == 0x7f)
			return false;
	}
	return true;
}

void rt_section_fini(struct rt_section *section)
{
	free(section->name);
	free(section->title);
	free(section->description);
	free(section->comments);
	free(section->cpuset);
	rt_pci_set_fini(&section->pcidevs);
	memset(section, 0, sizeof(*section));
}

void rt_config_fini(struct rt_config *config)
{
	for (size_t i = 0; i < config->n; i++)
		rt_section_fini(&config->sections[i]);
	free(config->sections);
	free(config->file);
	memset(config, 0, sizeof(*config));
}

const struct rt_section *rt_config_find(const struct rt_config *config,
					const char *uuid)
{
	for (size_t i = 0; i < config->n; i++) {
		if (strcmp(config->sections[i].uuid, uuid) == 0)
			return &config->sections[i];
	}
	return NULL;
}

const struct rt_section *rt_config_find_name(const struct rt_config *config,
					     const char *name)
{
	for (size_t i = 0; i < config->n; i++) {
		if (strcmp(config->sections[i].name, name) == 0)
			return &config->sections[i];
	}
	return NULL;
}

static int by_line(const struct rt_section *a, const struct rt_section *b)
{
	return a->line < b->line ? -1 : a->line > b->line;
}

static int by_uuid(const void *a, const void *b)
{
	const struct rt_section *x = *(struct rt_section *const *)a;
	const struct rt_section *y = *(struct rt_section *const *)b;
	const int order = strcmp(x->uuid, y->uuid);

	return order ? order : by_line(x, y);
}

static int by_name(const void *a, const void *b)
{
	const struct rt_section *x = *(struct rt_section *const *)a;
	const struct rt_section *y = *(struct rt_section *const *)b;
	const int order = strcmp(x->name, y->name);

	return order ? order : by_line(x, y);
}

/* Later sections with a UUID that was there before are dropped. */
static void drop_repeated(struct rt_config *config, struct rt_section **order,
			  struct rt_report *report)
{
	size_t kept = 0;

	qsort(order, config->n, sizeof(order[0]), by_uuid);
	for (size_t i = 1, first = 0; i < config->n; i++) {
		struct rt_section *section = order[i];
		const struct rt_where where = {
			.file = config->file,
			.line = section->line,
			.guest = *section->name ? section->name : section->uuid,
		};

		if (strcmp(section->uuid, order[first]->uuid) != 0) {
			first = i;
			continue;
		}
		rt_report_add(report, RT_ERROR, "duplicate-section", where,
			      "keep one of the two sections",
			      "[%s] is already in line %u", section->uuid,
			      order[first]->line);
		section->line = 0;
	}
	for (size_t i = 0; i < config->n; i++) {
		if (config->sections[i].line)
			config->sections[kept++] = config->sections[i];
		else
			rt_section_fini(&config->sections[i]);
	}
	config->n = kept;
}

static void find_same_names(const struct rt_config *config,
			    struct rt_section **order, struct rt_report *report)
{
	qsort(order, config->n, sizeof(order[0]), by_name);
	for (size_t i = 1, first = 0; i < config->n; i++) {
		const struct rt_section *section = order[i];
		const struct rt_where where = {
			.file = config->file,
			.line = section->lines[RT_KEY_NAME],
			.guest = section->name,
		};

		if (!*section->name ||
		    strcmp(section->name, order[first]->name) != 0) {
			first = i;
			continue;
		}
		rt_report_add(report, RT_ERROR, "duplicate-name", where,
			      "give each guest a name of its own",
			      "the guest in line %u has the same name",
			      order[first]->line);
	}
}

int rt_config_check_unique(struct rt_config *config, struct rt_report *report,
			   struct rt_err *err)
{
	RT_AUTO_FREE struct rt_section **order = NULL;

	if (!config->n)
		return 0;
	order = calloc(config->n, sizeof(struct rt_section *));
	if (!order)
		return rt_fail_memory(err);
	for (size_t i = 0; i < config->n; i++)
		order[i] = &config->sections[i];
	drop_repeated(config, order, report);
	for (size_t i = 0; i < config->n; i++)
		order[i] = &config->sections[i];
	find_same_names(config, order, report);
	return 0;
}
