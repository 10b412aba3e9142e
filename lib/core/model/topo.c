/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* topo.c - the host's CPUs and how they hang together; the CPUSET language */
#include "topo.h"

#include "core/base/number.h"

void rt_topo_fini(struct rt_topo *topo)
{
	free(topo->cores.items);
	free(topo->dies.items);
	free(topo->packages.items);
	free(topo->nodes.items);
	free(topo->caches.items);
	free(topo->memory.items);
	free(topo->kinds.items);
	memset(topo, 0, sizeof(*topo));
}

int rt_topo_add(struct rt_topo_level *level, unsigned number,
		const struct rt_cpuset *cpus, struct rt_err *err)
{
	if (!rt_grow(&level->items, level->n, &level->size,
		     sizeof(level->items[0])))
		return rt_fail_memory(err);
	level->items[level->n].number = number;
	level->items[level->n].cpus = *cpus;
	level->n++;
	return 0;
}

const struct rt_topo_object *rt_topo_find(const struct rt_topo_level *level,
					  unsigned number)
{
	for (size_t i = 0; i < level->n; i++) {
		if (level->items[i].number == number)
			return &level->items[i];
	}
	return NULL;
}

struct rt_cpuset rt_topo_siblings(const struct rt_topo *topo,
				  const struct rt_cpuset *cpus)
{
	struct rt_cpuset all = *cpus;

	for (size_t i = 0; i < topo->cores.n; i++) {
		if (rt_cpuset_intersects(&topo->cores.items[i].cpus, cpus))
			rt_cpuset_or(&all, &topo->cores.items[i].cpus);
	}
	return all;
}

struct rt_cpuset rt_topo_numbers(const struct rt_topo_level *level,
				 const struct rt_cpuset *cpus)
{
	struct rt_cpuset numbers = { 0 };

	for (size_t i = 0; i < level->n; i++) {
		if (rt_cpuset_intersects(&level->items[i].cpus, cpus))
			rt_cpuset_add(&numbers, level->items[i].number);
	}
	return numbers;
}

struct rt_cpuset rt_topo_memory(const struct rt_topo *topo,
				const struct rt_cpuset *cpus)
{
	return rt_topo_numbers(topo->memory.n ? &topo->memory : &topo->nodes,
			       cpus);
}

static const struct rt_topo_object *nearest(const struct rt_topo_level *nodes,
					    const struct rt_cpuset *with,
					    size_t from,
					    const unsigned *distances)
{
	const unsigned *row = distances + from * nodes->n;
	size_t best = nodes->n;

	if (rt_cpuset_has(with, nodes->items[from].number))
		return &nodes->items[from];
	for (size_t i = 0; i < nodes->n; i++) {
		if (rt_cpuset_has(with, nodes->items[i].number) &&
		    (best == nodes->n || row[i] < row[best]))
			best = i;
	}
	return best == nodes->n ? NULL : &nodes->items[best];
}

int rt_topo_set_memory(struct rt_topo *topo, const struct rt_cpuset *with,
		       const unsigned *distances, struct rt_err *err)
{
	const struct rt_topo_level *nodes = &topo->nodes;
	bool all = true;
	int r = 0;

	free(topo->memory.items);
	topo->memory = (struct rt_topo_level){ 0 };
	for (size_t i = 0; i < nodes->n; i++)
		all &= rt_cpuset_has(with, nodes->items[i].number) ||
		       rt_cpuset_is_empty(&nodes->items[i].cpus);
	for (size_t i = 0; !all && r == 0 && i < nodes->n; i++) {
		const struct rt_topo_object *has =
			nearest(nodes, with, i, distances);

		if (has)
			r = rt_topo_add(&topo->memory, has->number,
					&nodes->items[i].cpus, err);
	}
	return r;
}

struct rt_cpuset rt_topo_cpus(const struct rt_topo_level *level,
			      const struct rt_cpuset *numbers)
{
	struct rt_cpuset cpus = { 0 };

	for (size_t i = 0; i < level->n; i++) {
		if (rt_cpuset_has(numbers, level->items[i].number))
			rt_cpuset_or(&cpus, &level->items[i].cpus);
	}
	return cpus;
}

static const struct {
	const char *name;
	size_t level; /* offset in struct rt_topo */
} levels[] = {
	{ "core", offsetof(struct rt_topo, cores) },
	{ "die", offsetof(struct rt_topo, dies) },
	{ "package", offsetof(struct rt_topo, packages) },
	{ "node", offsetof(struct rt_topo, nodes) },
	{ "cache", offsetof(struct rt_topo, caches) },
	{ "memory", offsetof(struct rt_topo, memory) },
	{ "kind", offsetof(struct rt_topo, kinds) },
};

#define N_LEVELS (sizeof(levels) / sizeof(levels[0]))

static void format_set(const struct rt_cpuset *cpus, struct rt_strbuf *out)
{
	char list[RT_CPULIST_MAX];

	rt_cpuset_format_list(cpus, list, sizeof(list));
	rt_strbuf_addf(out, " %s;", list);
}

void rt_topo_format(const struct rt_topo *topo, struct rt_strbuf *out)
{
	rt_strbuf_adds(out, "present");
	format_set(&topo->present, out);
	rt_strbuf_adds(out, "online");
	format_set(&topo->online, out);
	for (size_t i = 0; i < N_LEVELS; i++) {
		const struct rt_topo_level *level =
			(const void *)((const char *)topo + levels[i].level);

		for (size_t j = 0; j < level->n; j++) {
			rt_strbuf_addf(out, "%s %u", levels[i].name,
				       level->items[j].number);
			format_set(&level->items[j].cpus, out);
		}
	}
	rt_strbuf_adds(out, "end");
}

/* "NUMBER LIST" into a level. */
static int parse_object(const char *text, struct rt_topo_level *level,
			struct rt_err *err)
{
	struct rt_cpuset cpus;
	const char *end = text;
	unsigned long long number;
	int r;

	if (!rt_scan_number(&end, RT_CPUS_MAX - 1, &number) || *end != ' ')
		return rt_fail(err, 0, "'%.60s' is no part of a topology",
			       text);
	r = rt_cpuset_parse_list(end, &cpus, err);
	return r < 0 ? r : rt_topo_add(level, (unsigned)number, &cpus, err);
}

/* "NAME REST" */
static int parse_field(const char *name, struct rt_topo *topo,
		       struct rt_err *err)
{
	const size_t len = strcspn(name, " ");

	for (size_t i = 0; name[len] && i < N_LEVELS; i++) {
		if (strlen(levels[i].name) == len &&
		    memcmp(levels[i].name, name, len) == 0)
			return parse_object(
				name + len + 1,
				(void *)((char *)topo + levels[i].level), err);
	}
	if (strncmp(name, "present ", 8) == 0)
		return rt_cpuset_parse_list(name + 8, &topo->present, err);
	if (strncmp(name, "online ", 7) == 0)
		return rt_cpuset_parse_list(name + 7, &topo->online, err);
	return rt_fail(err, 0, "'%.60s' is no part of a topology", name);
}

int rt_topo_parse(const char *text, struct rt_topo *ret_topo,
		  struct rt_err *err)
{
	struct rt_topo topo = { 0 };
	RT_AUTO_FREE char *copy = strdup(text);
	char *field = copy;
	int r = copy ? 0 : rt_fail_memory(err);

	while (r == 0 && strcmp(field, "end") != 0) {
		char *end = strchr(field, ';');

		if (!end) {
			r = rt_fail(err, 0, "the topology has no end");
			break;
		}
		*end = '\0';
		r = parse_field(field, &topo, err);
		field = end + 1;
	}
	if (r < 0)
		rt_topo_fini(&topo);
	else
		*ret_topo = topo;
	return r;
}

/* A letter of the CPUSET language and the level that it numbers. */
struct prefix {
	char letter;
	const char *word;
	size_t level; /* offset in struct rt_topo */
};

static const struct prefix prefixes[] = {
	{ 'n', "NUMA node", offsetof(struct rt_topo, nodes) },
	{ 'c', "core", offsetof(struct rt_topo, cores) },
	{ 'd', "die", offsetof(struct rt_topo, dies) },
	{ 'p', "package", offsetof(struct rt_topo, packages) },
};

static const struct prefix *find_prefix(char letter)
{
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (prefixes[i].letter == letter)
			return &prefixes[i];
	}
	return NULL;
}

struct parser {
	const struct rt_topo *topo; /* NULL: grammar only */
	const char *text;
	const char *at;
	struct rt_cpuset set;
};

static size_t column(const struct parser *parser, const char *at)
{
	return (size_t)(at - parser->text) + 1;
}

static void skip_blanks(struct parser *parser)
{
	while (*parser->at && strchr(" \t\r\n", *parser->at))
		parser->at++;
}

static int parse_number(struct parser *parser, unsigned *ret,
			struct rt_err *err)
{
	const char *start = parser->at;
	unsigned long long value;

	if (rt_scan_number(&parser->at, RT_CPUS_MAX - 1, &value)) {
		*ret = (unsigned)value;
		return 0;
	}
	if (*start >= '0' && *start <= '9')
		return rt_fail(err, 0, "number above %u at column %zu",
			       RT_CPUS_MAX - 1, column(parser, start));
	if (*start)
		return rt_fail(err, 0,
			       "a number is expected at column %zu, not '%.*s'",
			       column(parser, start),
			       (unsigned char)*start < 0x80 ? 1 : 0, start);
	return rt_fail(err, 0, "a number is missing at the end");
}

static int add_cpus(struct parser *parser, unsigned low, unsigned high,
		    size_t col, struct rt_err *err)
{
	for (unsigned cpu = low; cpu <= high; cpu++) {
		if (!rt_cpuset_has(&parser->topo->present, cpu))
			return rt_fail(
				err, 0,
				"the host has no CPU %u (column %zu); "
				"it has %s",
				cpu, col,
				rt_cpuset_text(&parser->topo->present).text);
		rt_cpuset_add(&parser->set, cpu);
	}
	return 0;
}

static struct rt_cpulist numbers_of(const struct rt_topo_level *level)
{
	struct rt_cpuset numbers = { 0 };

	for (size_t i = 0; i < level->n; i++)
		rt_cpuset_add(&numbers, level->items[i].number);
	return rt_cpuset_text(&numbers);
}

static int add_objects(struct parser *parser, const struct prefix *prefix,
		       unsigned low, unsigned high, size_t col,
		       struct rt_err *err)
{
	const struct rt_topo_level *level =
		(const void *)((const char *)parser->topo + prefix->level);

	for (unsigned number = low; number <= high; number++) {
		const struct rt_topo_object *object =
			rt_topo_find(level, number);

		if (!object)
			return rt_fail(err, 0,
				       "the host has no %s %u (column %zu); "
				       "their numbers are %s",
				       prefix->word, number, col,
				       numbers_of(level).text);
		if (rt_cpuset_is_empty(&object->cpus))
			return rt_fail(err, 0, "%s %u has no CPUs (column %zu)",
				       prefix->word, number, col);
		rt_cpuset_or(&parser->set, &object->cpus);
	}
	return 0;
}

/* ITEM: [ncdp]NUMBER, or [ncdp]NUMBER-[ncdp]NUMBER with one letter. */
static int parse_item(struct parser *parser, struct rt_err *err)
{
	const struct prefix *prefix = find_prefix(*parser->at);
	const size_t col = column(parser, parser->at);
	unsigned low, high;
	int r;

	if (prefix)
		parser->at++;
	r = parse_number(parser, &low, err);
	if (r < 0)
		return r;
	high = low;
	if (*parser->at == '-') {
		const struct prefix *second = find_prefix(*++parser->at);

		if (second && second != prefix)
			return rt_fail(err, 0,
				       "a range of two kinds at column %zu",
				       col);
		if (second)
			parser->at++;
		r = parse_number(parser, &high, err);
		if (r < 0)
			return r;
	}
	if (high < low)
		return rt_fail(err, 0, "range runs backwards at column %zu",
			       col);
	if (!parser->topo)
		return 0;
	if (prefix)
		return add_objects(parser, prefix, low, high, col, err);
	return add_cpus(parser, low, high, col, err);
}

static int parse_items(struct parser *parser, struct rt_err *err)
{
	for (;;) {
		int r;

		skip_blanks(parser);
		r = parse_item(parser, err);
		if (r < 0)
			return r;
		skip_blanks(parser);
		if (!*parser->at)
			return 0;
		if (*parser->at != ',')
			return rt_fail(err, 0,
				       "a comma is missing at column %zu",
				       column(parser, parser->at));
		parser->at++;
	}
}

int rt_topo_parse_cpuset(const struct rt_topo *topo, const char *text,
			 struct rt_cpuset *ret_set, struct rt_err *err)
{
	struct parser parser = { .topo = topo, .text = text, .at = text };
	bool invert;
	int r = 0;

	skip_blanks(&parser);
	invert = *parser.at == '~';
	if (invert)
		parser.at++;
	if (invert || *parser.at)
		r = parse_items(&parser, err);
	if (r < 0)
		return r;
	if (!topo)
		return 0;
	if (invert) {
		struct rt_cpuset rest = topo->present;

		rt_cpuset_minus(&rest, &parser.set);
		if (rt_cpuset_is_empty(&rest))
			return rt_fail(err, 0, "'~' of all CPUs leaves none");
		parser.set = rest;
	}
	*ret_set = parser.set;
	return 0;
}
