/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* import.c - definitions into the file's text, and who of both was edited */
#include "../tap.h"

#include <stdlib.h>
#include <time.h>

#include "core/domain/baseline.h"
#include "../edit.h"
#include "core/base/strbuf.h"
#include "host/topology.h"

#define U "11111111-2222-3333-4444-55555555555a"
#define HEAD                                                                   \
	"<domain type='kvm'><name>a</name><uuid>" U "</uuid>"                  \
	"<memory>1024</memory>"
#define CORES3 "<cpu><topology sockets='1' cores='3' threads='1'/></cpu>"
#define TAIL   "<devices/></domain>"

static struct rt_topo topo;

static const struct {
	const char *name, *before, *xml, *after; /* NULL: refused */
	enum rt_import what;
} rows[] = {
	{ "a new guest, as it is without a topology", "# mine\n",
	  HEAD "<vcpu>2</vcpu>" TAIL,
	  "# mine\n\n[" U "]\nname = a\nnr_vcpus = 2\n"
	  "cpu_topology = 2,1,1\n",
	  RT_IMPORT_ALL },
	{ "one vCPU is the default", "", HEAD "<vcpu>1</vcpu>" TAIL,
	  "[" U "]\nname = a\n", RT_IMPORT_ALL },
	{ "cpuset without nodes", "", HEAD "<vcpu cpuset='1-2'>1</vcpu>" TAIL,
	  "[" U "]\nname = a\ncpuset = 1-2\nnumatune =\n", RT_IMPORT_ALL },
	{ "locked memory", "",
	  HEAD "<memoryBacking><nosharepages/><locked/></memoryBacking>"
	       "<vcpu>1</vcpu>" TAIL,
	  "[" U "]\nname = a\nrt_memory = true\n", RT_IMPORT_ALL },
	{ "auto and comments stay",
	  "[" U "]\n# why\nname = a\nnr_vcpus = 1 \ncpu_topology = auto\n",
	  HEAD "<vcpu>3</vcpu>" CORES3 TAIL,
	  "[" U "]\n# why\nname = a\nnr_vcpus = 3 \ncpu_topology = auto\n",
	  RT_IMPORT_ALL },
	{ "accepted warnings stay",
	  "[" U "]\nname = a\nnr_vcpus = 1\naccept = rt-cpu0,\n"
	  "    host-device\n",
	  HEAD "<vcpu>3</vcpu>" CORES3 TAIL,
	  "[" U "]\nname = a\nnr_vcpus = 3\naccept = rt-cpu0,\n"
	  "    host-device\n",
	  RT_IMPORT_ALL },
	{ "an edit: title and vCPUs",
	  "[" U "]\nname = a\nnr_vcpus = 1\ncpuset = 0-7\n",
	  HEAD "<title> T </title><vcpu cpuset='0-3'>2</vcpu>"
	       "<numatune><memory mode='strict' nodeset='0'/></numatune>" TAIL,
	  "[" U "]\nname = a\nnr_vcpus = 2\ncpuset = 0-7\ntitle = T\n"
	  "cpu_topology = 2,1,1\n",
	  RT_IMPORT_EDITS },
	{ "an edit: explicit topology follows",
	  "[" U "]\nname = a\nnr_vcpus = 2\ncpu_topology = 1,2,1\n",
	  HEAD
	  "<vcpu>4</vcpu><cpu><topology sockets='2' cores='2' threads='1'/>"
	  "</cpu>" TAIL,
	  "[" U "]\nname = a\nnr_vcpus = 4\ncpu_topology = 2,2,1\n",
	  RT_IMPORT_EDITS },
	{ "a title that goes", "[" U "]\nname = a\ntitle = T\n",
	  HEAD "<vcpu>1</vcpu>" TAIL, "[" U "]\nname = a\n", RT_IMPORT_EDITS },
	{ "a real-time guest's lock is not taken away",
	  "[" U "]\nname = a\nrt = true\ncpuset = 0-3\n",
	  HEAD "<vcpu>1</vcpu>" TAIL,
	  "[" U "]\nname = a\nrt = true\ncpuset = 0-3\nnumatune =\n",
	  RT_IMPORT_ALL },
	{ "a real-time guest's SCHED_FIFO",
	  "[" U "]\nname = a\nrt = true\ncpuset = 0-3\nnumatune =\n",
	  HEAD "<vcpu cpuset='0-3'>1</vcpu><cputune><vcpusched vcpus='0' "
	       "scheduler='fifo' priority='2'/></cputune>" TAIL,
	  "[" U "]\nname = a\nrt = true\ncpuset = 0-3\nnumatune =\n"
	  "vcpu_sched = fifo:2\n",
	  RT_IMPORT_ALL },
	{ "SCHED_FIFO that goes",
	  "[" U "]\nname = a\nrt = true\ncpuset = 0-3\nnumatune =\n"
	  "vcpu_sched = fifo:2\n",
	  HEAD "<vcpu cpuset='0-3'>1</vcpu>" TAIL,
	  "[" U "]\nname = a\nrt = true\ncpuset = 0-3\nnumatune =\n"
	  "vcpu_sched = other\n",
	  RT_IMPORT_ALL },
	{ "an edit of the class is none",
	  "[" U "]\nname = a\nrt = true\ncpuset = 0-3\nnumatune =\n",
	  HEAD "<vcpu cpuset='0-3'>1</vcpu><cputune><vcpusched vcpus='0' "
	       "scheduler='fifo' priority='2'/></cputune>" TAIL,
	  "[" U "]\nname = a\nrt = true\ncpuset = 0-3\nnumatune =\n",
	  RT_IMPORT_EDITS },
	{ "a class that kvmrt.cfg cannot name stays unnamed",
	  "[" U "]\nname = a\nrt = true\ncpuset = 0-3\nnumatune =\n",
	  HEAD "<vcpu cpuset='0-3'>1</vcpu><cputune><vcpusched vcpus='0' "
	       "scheduler='rr' priority='2'/></cputune>" TAIL,
	  "[" U "]\nname = a\nrt = true\ncpuset = 0-3\nnumatune =\n",
	  RT_IMPORT_ALL },
	{ "more vCPUs than a real-time guest has CPUs",
	  "[" U "]\nname = a\nrt = true\ncpuset = 0-3\n",
	  HEAD "<vcpu>9</vcpu>" TAIL, NULL, RT_IMPORT_EDITS },
	{ "an edit of a guest without a section", "",
	  HEAD "<vcpu>1</vcpu>" TAIL, NULL, RT_IMPORT_EDITS },
	{ "a file with errors", "[" U "]\nname = a\nfoo = 1\n",
	  HEAD "<vcpu>1</vcpu>" TAIL, NULL, RT_IMPORT_ALL },
	{ "the name is another guest's",
	  "[11111111-2222-3333-4444-55555555555b]\nname = a\n",
	  HEAD "<vcpu>1</vcpu>" TAIL, NULL, RT_IMPORT_ALL },
};

static void test_import(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		RT_AUTO_FREE char *text = NULL, *again = NULL;
		struct rt_domain domain;
		struct rt_err err;
		bool changed = false;
		int r = rt_domain_parse(rows[i].xml, strlen(rows[i].xml),
					&domain, &err);

		if (!ok(r == 0, "%s: parsed", rows[i].name))
			continue;
		r = edit_import(rows[i].before, &domain, &topo, rows[i].what,
				&text, &changed, &err);
		if (!rows[i].after) {
			ok(r < 0 && *err.text, "%s: refused", rows[i].name);
			rt_domain_fini(&domain);
			continue;
		}
		if (ok(r == 0, "%s: imported", rows[i].name)) {
			is_str(text, rows[i].after, rows[i].name);
			ok(edit_import(text, &domain, &topo, rows[i].what,
				       &again, &changed, &err) == 0 &&
				   !changed,
			   "%s: a second time changes nothing", rows[i].name);
		}
		rt_domain_fini(&domain);
	}
}

/* CPU time, in clocks, of taking so many guests into one file. */
static clock_t import_many(unsigned n)
{
	const clock_t begin = clock();
	struct rt_editor editor;
	struct rt_err err;
	char *text = NULL;
	unsigned wrong = 0;

	if (rt_editor_open("", 0, &editor, &err) < 0)
		return 0;
	for (unsigned i = 0; i < n; i++) {
		struct rt_domain domain;
		bool changed;
		char xml[300];
		const int len =
			snprintf(xml, sizeof(xml),
				 "<domain><name>g%u</name>"
				 "<uuid>%08x-0000-4000-8000-000000000000</uuid>"
				 "<title>Guest %u</title><memory>1024</memory>"
				 "<vcpu>2</vcpu></domain>",
				 i, i, i);

		if (rt_domain_parse(xml, (size_t)len, &domain, &err) < 0)
			continue;
		wrong += rt_import(&editor, &domain, &topo, RT_IMPORT_ALL,
				   &changed, &err) < 0;
		rt_domain_fini(&domain);
	}
	wrong += rt_editor_text(&editor, &text, &err) < 0 ||
		 editor.config.n != n;
	is_int(wrong, 0, "all of them are taken");
	free(text);
	rt_editor_fini(&editor);
	return clock() - begin;
}

/* Four times as many take four times as long, and not sixteen. */
static void test_many(void)
{
	const clock_t few = import_many(250), many = import_many(1000);

	ok(many < few * 12, "1000 guests: %.0f ms, 250: %.0f ms",
	   (double)many * 1000 / CLOCKS_PER_SEC,
	   (double)few * 1000 / CLOCKS_PER_SEC);
}

/*
 * What was recorded by one version is compared with what the next one says: a
 * text of another form would look like an edit.
 */
static void test_form(void)
{
	static const char xml[] =
		HEAD "<title>T</title><vcpu cpuset='1-2'>2</vcpu>"
		     "<cputune><vcpupin vcpu='1' cpuset='2'/></cputune>" TAIL;
	struct rt_domain domain;
	struct rt_err err;
	char *text = NULL;

	is_int(rt_domain_parse(xml, sizeof(xml) - 1, &domain, &err), 0,
	       "a definition");
	is_int(rt_baseline_of_domain(&domain, &text, &err), 0, "as a text");
	is_str(text,
	       "{\"name\":\"a\",\"title\":\"T\",\"description\":\"\","
	       "\"vcpus\":2,\"has_topology\":false,\"sockets\":0,\"dies\":0,"
	       "\"clusters\":0,\"cores\":0,\"threads\":0,"
	       "\"hide_kvm\":false,\"pcidevs\":[],\"placement_auto\":false,"
	       "\"has_cpuset\":true,\"cpuset\":[1,2],\"vcpupins\":[1,[2]],"
	       "\"iothreadpins\":[],\"has_emulatorpin\":false,"
	       "\"emulatorpin\":[],\"locked\":false,\"has_nodes\":false,"
	       "\"nodes_strict\":false,\"nodes\":[]}",
	       "of this form");
	free(text);
	rt_domain_fini(&domain);
	for (unsigned i = RT_DIFF_NAME; i <= RT_DIFF_NODES; i++)
		is_int(rt_baseline_can_take((enum rt_difference_kind)i),
		       i <= RT_DIFF_DEVICES, "what virt-manager edits");
}

static void test_decide(void)
{
	struct rt_difference title = { RT_DIFF_TEXT, NULL };
	struct rt_difference pin = { RT_DIFF_PLACEMENT, NULL };
	const struct rt_differences none = { 0 };
	const struct rt_differences texts = { &title, 1, 1 };
	const struct rt_differences pins = { &pin, 1, 1 };
	static const struct {
		const char *name, *section, *domain;
		int differences; /* 0 none, 1 texts, 2 pins */
		bool ever;
		enum rt_edits edits;
		enum rt_side side;
	} cases[] = {
		{ "no difference", "s2", "d2", 0, true, RT_EDITS_FOLLOW,
		  RT_SIDE_NONE },
		{ "never agreed", "s", "d2", 1, false, RT_EDITS_FOLLOW,
		  RT_SIDE_CONFIG },
		{ "file edited", "s2", "d", 1, true, RT_EDITS_FOLLOW,
		  RT_SIDE_CONFIG },
		{ "definition edited", "s", "d2", 1, true, RT_EDITS_FOLLOW,
		  RT_SIDE_DEFINITION },
		{ "pins edited", "s", "d2", 2, true, RT_EDITS_FOLLOW,
		  RT_SIDE_CONFIG },
		{ "both edited", "s2", "d2", 1, true, RT_EDITS_FOLLOW,
		  RT_SIDE_CONFIG },
		{ "enforce", "s", "d2", 1, true, RT_EDITS_ENFORCE,
		  RT_SIDE_CONFIG },
	};
	char s[] = "s", d[] = "d";

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct rt_baseline agreed = {
			cases[i].ever ? s : NULL,
			cases[i].ever ? d : NULL,
		};
		const char *why = NULL;

		is_int(rt_baseline_decide(&agreed,
					  cases[i].differences == 0 ? &none :
					  cases[i].differences == 1 ? &texts :
								      &pins,
					  cases[i].section, cases[i].domain,
					  cases[i].edits, &why),
		       cases[i].side, cases[i].name);
		ok(why && *why, "%s: with a reason", cases[i].name);
	}
}

int main(void)
{
	struct rt_err err;

	if (!ok(rt_topology_load_file("numa:2 core:4 pu:2", &topo, &err) == 0,
		"a topology"))
		return tap_done();
	test_import();
	test_many();
	test_form();
	test_decide();
	rt_topo_fini(&topo);
	return tap_done();
}
