/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * topo.c - the CPUSET language
 *
 * The host: two packages of one die, a node each (numbers 0 and 2), three
 * cores of two threads in each: siblings N and N + 6.
 */
#include "core/model/topo.h"

#include "../tap.h"

static void add(struct rt_topo_level *level, unsigned number, const char *list)
{
	struct rt_cpuset cpus;
	struct rt_err err;

	if (rt_cpuset_parse_list(list, &cpus, &err) < 0 ||
	    rt_topo_add(level, number, &cpus, &err) < 0)
		ok(false, "%s: %s", list, err.text);
}

static void make(struct rt_topo *topo)
{
	static const char *const cores[] = { "0,6", "1,7",  "2,8",
					     "3,9", "4,10", "5,11" };

	rt_cpuset_add_range(&topo->present, 0, 11);
	rt_cpuset_add_range(&topo->online, 0, 10);
	for (unsigned i = 0; i < 6; i++)
		add(&topo->cores, i, cores[i]);
	add(&topo->nodes, 0, "0-2,6-8");
	add(&topo->nodes, 2, "3-5,9-11");
	add(&topo->dies, 0, "0-2,6-8");
	add(&topo->dies, 1, "3-5,9-11");
	add(&topo->packages, 0, "0-2,6-8");
	add(&topo->packages, 1, "3-5,9-11");
}

/* want NULL: refused, and the message holds `fault`. */
static const struct {
	const char *name, *text, *want, *fault;
} cases[] = {
	{ "empty", "", "", NULL },
	{ "blanks", " \t", "", NULL },
	{ "CPUs", "0,1,4-5", "0-1,4-5", NULL },
	{ "a CPU that is offline", "11", "11", NULL },
	{ "a node", "n2", "3-5,9-11", NULL },
	{ "a core", "c1", "1,7", NULL },
	{ "cores", "c1-c2", "1-2,7-8", NULL },
	{ "cores, the letter once", "c1-2", "1-2,7-8", NULL },
	{ "a die", "d1", "3-5,9-11", NULL },
	{ "a package", "p0", "0-2,6-8", NULL },
	{ "a mix", "n0, c3 ,5", "0-3,5-9", NULL },
	{ "all but a node", "~n0", "3-5,9-11", NULL },
	{ "all but several", "~0,6,c1", "2-5,8-11", NULL },
	{ "all but, with blanks", " ~ 0-5", "6-11", NULL },
	{ "the same twice", "0,0", "0", NULL },
	{ "carriage return", "0-1\r", "0-1", NULL },
	{ "no such CPU", "12", NULL, "no CPU 12 (column 1)" },
	{ "a range beyond the host", "10-12", NULL, "no CPU 12" },
	{ "no such node", "n1", NULL, "no NUMA node 1 (column 1)" },
	{ "nodes with a hole", "n0-n2", NULL, "no NUMA node 1" },
	{ "no such core", "0,c6", NULL, "no core 6 (column 3)" },
	{ "no such die", "d2", NULL, "no die 2" },
	{ "no such package", "p9", NULL, "no package 9" },
	{ "two kinds", "n0-c2", NULL, "two kinds" },
	{ "a letter at the end only", "0-n2", NULL, "two kinds" },
	{ "backwards", "3-1", NULL, "backwards at column 1" },
	{ "cores backwards", "1,c3-c1", NULL, "backwards at column 3" },
	{ "no number", "n", NULL, "missing at the end" },
	{ "comma at the end", "1,", NULL, "missing at the end" },
	{ "comma in front", ",1", NULL, "expected at column 1, not ','" },
	{ "two commas", "1,,2", NULL, "expected at column 3" },
	{ "another letter", "x1", NULL, "not 'x'" },
	{ "capitals", "N0", NULL, "not 'N'" },
	{ "tilde alone", "~", NULL, "missing at the end" },
	{ "tilde inside", "1,~2", NULL, "not '~'" },
	{ "two tildes", "~~1", NULL, "not '~'" },
	{ "all but all", "~0-11", NULL, "leaves none" },
	{ "trailing text", "1 2", NULL, "comma is missing at column 3" },
	{ "too high", "99999", NULL, "above 16383" },
	{ "far too high", "4294967296", NULL, "above 16383" },
	{ "not ASCII", "\xc2\xb9", NULL, "expected at column 1" },
};

static void test_language(const struct rt_topo *topo)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct rt_cpuset set = { 1, { 42 } };
		struct rt_err err = { 0 };
		const int r =
			rt_topo_parse_cpuset(topo, cases[i].text, &set, &err);

		if (cases[i].want)
			is_str(r < 0 ? err.text : rt_cpuset_text(&set).text,
			       cases[i].want, cases[i].name);
		else
			ok(r < 0 && strstr(err.text, cases[i].fault) &&
				   set.words[0] == 42,
			   "%s: refused: %s", cases[i].name, err.text);
	}
}

/* What is wrong whatever the host. */
static void test_grammar(void)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{ "0-16383", true },  { "n7,c100-c200,~1", false },
		{ "~n7,c100", true }, { "n0-n2", true },
		{ "2-1", false },     { "n0-c1", false },
		{ "", true },	      { "~", false },
		{ "0-16384", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct rt_cpuset set = { 1, { 42 } };
		struct rt_err err = { 0 };
		const int r =
			rt_topo_parse_cpuset(NULL, rows[i].text, &set, &err);

		ok((r == 0) == rows[i].good && set.words[0] == 42,
		   "grammar of '%s'", rows[i].text);
	}
}

static void test_questions(const struct rt_topo *topo)
{
	struct rt_cpuset cpus = { 0 }, set;

	rt_cpuset_add(&cpus, 9);
	rt_cpuset_add(&cpus, 0);
	set = rt_topo_siblings(topo, &cpus);
	is_str(rt_cpuset_text(&set).text, "0,3,6,9", "siblings");
	set = rt_topo_numbers(&topo->nodes, &cpus);
	is_str(rt_cpuset_text(&set).text, "0,2", "nodes of CPUs");
	rt_cpuset_remove(&set, 0);
	set = rt_topo_cpus(&topo->nodes, &set);
	is_str(rt_cpuset_text(&set).text, "3-5,9-11", "CPUs of a node");
	ok(!rt_topo_find(&topo->nodes, 1), "a node that is not there");
	is_int(rt_topo_find(&topo->nodes, 2)->number, 2, "one that is");
}

static char *text_of(const struct rt_topo *topo)
{
	RT_AUTO_STRBUF out = { 0 };
	struct rt_err err;
	char *text = NULL;

	rt_topo_format(topo, &out);
	return rt_strbuf_take(&out, &text, &err) == 0 ? text : NULL;
}

static void test_text(const struct rt_topo *topo)
{
	static const char *const bad[] = {
		"",
		"end;",
		"present 0-3;",
		"present 0-3;online 0-3;core 0 0",
		"present;end",
		"present 0-;end",
		"thing 0 0-3;end",
		"core 0;end",
		"core x 0-3;end",
		"core 16384 0;end",
		"core 0 9-3;end",
		"core 0 0;;end",
	};
	RT_AUTO_FREE char *text = text_of(topo);
	RT_AUTO_FREE char *again = NULL;
	struct rt_topo read = { 0 };
	struct rt_err err = { 0 };

	ok(text && strncmp(text, "present 0-11;online 0-10;core 0 0,6;", 36) ==
			   0,
	   "a topology as text: %s", text);
	is_int(rt_topo_parse(text, &read, &err), 0, "is read again");
	again = text_of(&read);
	is_str(again, text, "and is the same");
	is_int((long long)read.nodes.n, 2, "with both nodes");
	rt_topo_fini(&read);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(rt_topo_parse(bad[i], &read, &err) < 0 && !read.cores.items,
		   "'%s' is none: %s", bad[i], err.text);
}

int main(void)
{
	struct rt_topo topo = { 0 };

	make(&topo);
	test_text(&topo);
	test_language(&topo);
	test_grammar();
	test_questions(&topo);
	rt_topo_fini(&topo);
	rt_topo_fini(&topo);
	ok(!topo.cores.items, "fini twice");
	return tap_done();
}
