/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config.c - configurations that are right, and what they hold */
#include "../tap.h"

#include <stdlib.h>

#include "core/config/config.h"
#include "core/config/config_read.h"
#include "core/config/config_value.h"

#define U1 "11111111-2222-3333-4444-55555555555a"
#define U2 "11111111-2222-3333-4444-55555555555b"

static bool parse(const char *text, size_t len, struct rt_config *config)
{
	struct rt_report report = { 0 };
	RT_AUTO_STRBUF shown = { 0 };
	struct rt_err err;
	bool good;

	good = rt_config_parse(text, len, "t", config, &report, &err) == 0;
	rt_report_print(&report, &shown);
	if (!good || report.n)
		printf("# %s", shown.text ? shown.text : err.text);
	good = good && !report.n;
	rt_report_fini(&report);
	return good;
}

static void test_all_keys(void)
{
	static const char text[] = "\xef\xbb\xbf# all of them\n"
				   "[kvmrt]\n"
				   "strict = No\n"
				   "edits = Enforce\n"
				   "\n"
				   "[11111111-2222-3333-4444-55555555555A]\n"
				   "name = plc 1\n"
				   "title = a ; b # c = d : e\n"
				   "description = first ; not a comment\n"
				   "    second\n"
				   "  # a comment\n"
				   "\n"
				   "\t|# third, with a bar  \n"
				   "nr_vcpus = 3\r\n"
				   "cpu_topology = 1 , 3,1\n"
				   "cpuset = 0,1,\n"
				   "   n1-2,  3\n"
				   "rt=YES\n"
				   "rt_memory\t=\toff\t\n"
				   "numatune = 0, 2-3\n"
				   "hide_kvm = 1\n"
				   "autostart = on\n"
				   "disabled = TRUE\n"
				   "pcidevs = 0000:3b:00.0\n"
				   "   0000:3B:00.1 0001:00:1f.7\n"
				   "comments =\n"
				   "\n"
				   "  x\n"
				   "  = y\n"
				   "[" U2 "]\n"
				   "name = two";
	struct rt_config config = { 0 };
	const struct rt_section *s;

	if (!ok(parse(text, sizeof(text) - 1, &config), "all keys are read"))
		return;
	ok(!config.strict && config.edits == RT_EDITS_ENFORCE, "[kvmrt]");
	is_int((long long)config.n, 2, "two guests");
	s = rt_config_find(&config, U1);
	ok(s == &config.sections[0], "found by UUID");
	ok(s == rt_config_find_name(&config, "plc 1"), "found by name");
	ok(!rt_config_find_name(&config, "plc"), "not by half a name");
	is_int(s->line, 6, "line of the section");
	is_int(s->lines[RT_KEY_CPUSET], 16, "line of cpuset");
	is_str(s->title, "a ; b # c = d : e", "title");
	is_str(s->description,
	       "first ; not a comment\nsecond\n\n# third, with a bar  ",
	       "description");
	is_int(s->nr_vcpus, 3, "nr_vcpus");
	ok(!s->topology_auto && s->sockets == 1 && s->cores == 3 &&
		   s->threads == 1,
	   "cpu_topology");
	is_str(s->cpuset, "0,1, n1-2,  3", "cpuset");
	ok(s->rt && s->hide_kvm && s->autostart && s->disabled, "flags");
	is_int(s->rt_memory, RT_NO, "rt_memory");
	is_int(s->numatune, RT_YES, "numatune");
	is_str(rt_cpuset_text(&s->nodes).text, "0,2-3", "nodes");
	is_int((long long)s->pcidevs.n, 3, "pcidevs");
	is_str(rt_pci_text(&s->pcidevs.items[2]).text, "0001:00:1f.7",
	       "the last of them");
	is_str(s->comments, "x\n= y", "comments");

	s = &config.sections[1];
	is_str(s->name, "two", "no newline at the end");
	ok(!*s->title && !*s->description && !*s->comments && !*s->cpuset,
	   "texts are empty by default");
	ok(s->nr_vcpus == 1 && s->topology_auto && !s->rt &&
		   s->rt_memory == RT_AUTO && s->numatune == RT_AUTO &&
		   !s->hide_kvm && !s->autostart && !s->disabled &&
		   !s->pcidevs.n,
	   "defaults");
	rt_config_fini(&config);
	rt_config_fini(&config);
}

static void test_empty(void)
{
	static const char *const rows[] = {
		"",	     "\n",	     "\r\n",	"# a",
		"; a",	     "\xef\xbb\xbf", "  # a\n", " \t \n",
		"[kvmrt]\n", "[kvmrt]",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rt_config config = { 0 };

		ok(parse(rows[i], strlen(rows[i]), &config) && !config.n &&
			   config.strict && config.edits == RT_EDITS_FOLLOW,
		   "nothing in it: case %zu", i);
		rt_config_fini(&config);
	}
}

static void test_unset(void)
{
	static const char text[] =
		"[kvmrt]\nstrict =\nedits =\n"
		"[" U1 "]\nname = a\ntitle =\ndescription =\nnr_vcpus =\n"
		"cpu_topology =\ncpuset =\nrt =\nrt_memory =\nnumatune =\n"
		"hide_kvm =\nautostart =\ndisabled =\npcidevs =\ncomments =\n";
	struct rt_config config = { 0 };

	ok(parse(text, sizeof(text) - 1, &config), "keys without values");
	ok(config.n == 1 && config.strict && config.sections[0].nr_vcpus == 1,
	   "have their defaults");
	is_int(config.sections[0].numatune, RT_NO, "but numatune is off");
	rt_config_fini(&config);
}

/* Every length around the pieces that inih gets. */
static void test_lengths(void)
{
	bool good = true;

	for (size_t len = 1; len < 1000 && good; len++) {
		RT_AUTO_STRBUF text = { 0 };
		RT_AUTO_STRBUF value = { 0 };
		struct rt_config config = { 0 };

		for (size_t i = 0; i < len; i++)
			rt_strbuf_add(&value, &"a;# \t=b]["[i % 9], 1);
		rt_strbuf_adds(&value, "!");
		rt_strbuf_addf(&text,
			       "[" U1 "]\nname = a\ntitle = %s\n"
			       "description = %s\n  %s\n",
			       value.text, value.text, value.text);
		good = parse(text.text, text.len, &config) &&
		       strcmp(config.sections[0].title, value.text) == 0 &&
		       strlen(config.sections[0].description) ==
			       2 * value.len + 1;
		if (!good)
			printf("# length %zu\n", len);
		rt_config_fini(&config);
	}
	ok(good, "values of 2 to 1000 bytes come through inih whole");
}

static void test_long(void)
{
	RT_AUTO_STRBUF text = { 0 };
	struct rt_config config = { 0 };
	size_t len;

	rt_strbuf_adds(&text, "[" U1 "]\nname = a\ncpuset = 0");
	while (text.len < 65000)
		rt_strbuf_adds(&text, " , 1");
	rt_strbuf_adds(&text, "\npcidevs =\n");
	len = text.len;
	while (text.len < len + 60000)
		rt_strbuf_addf(&text, " %04zx:00:00.0", text.len - len);
	rt_strbuf_adds(&text, "\ncomments = ");
	len = text.len;
	while (text.len < len + 65000)
		rt_strbuf_adds(&text, "\xc3\xa4;");
	rt_strbuf_adds(&text, "\nrt = on\n");
	ok(parse(text.text, text.len, &config), "lines of 64 KiB");
	ok(config.n == 1 && strlen(config.sections[0].cpuset) > 64900,
	   "a long cpuset is whole");
	ok(config.n == 1 && config.sections[0].pcidevs.n == 60000 / 13 + 1,
	   "many devices: %zu", config.n ? config.sections[0].pcidevs.n : 0);
	ok(config.n == 1 && strlen(config.sections[0].comments) >= 65000 &&
		   config.sections[0].rt,
	   "a long comment is whole, and what follows is read");
	rt_config_fini(&config);
}

static void test_hints(void)
{
	static const struct {
		const char *line, *hint;
	} rows[] = {
		{ "nr_vcpu = 1", "the keys are in kvmrt.cfg(5)" },
		{ "nr_vcpus = 4 # four", "a comment needs a line of its own" },
		{ "nr_vcpus = 4 ; four", "a comment needs a line of its own" },
		{ "rt = on # yes", "a comment needs a line of its own" },
		{ "nr_vcpus = x", "see kvmrt.cfg(5)" },
		{ "nr_vcpus = 2 CPUs",
		  "write a number from 1 to 16384, or auto" },
		{ "cpuset = 6\xe2\x80\x93"
		  "7",
		  "it holds a character that only looks like a plain one, such "
		  "as an en dash or a no-break space" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		RT_AUTO_STRBUF text = { 0 };
		struct rt_config config = { 0 };
		struct rt_report report = { 0 };
		struct rt_err err;

		rt_strbuf_addf(&text, "[" U1 "]\nname = a\n%s\n", rows[i].line);
		rt_config_parse(text.text, text.len, "t", &config, &report,
				&err);
		is_str(report.n == 1 ? report.items[0].hint : NULL,
		       rows[i].hint, rows[i].line);
		is_str(report.n ? report.items[0].guest : NULL, "a",
		       "the finding names the guest");
		rt_config_fini(&config);
		rt_report_fini(&report);
	}
}

static void test_messages(void)
{
	static const char text[] =
		"[x]\n[" U1 "]\nrt = maybe\nnr_vcpus = 16385\ncpuset = 1,,2\n";
	struct rt_config config = { 0 };
	struct rt_report report = { 0 };
	RT_AUTO_STRBUF shown = { 0 };
	struct rt_err err;

	rt_config_parse(text, sizeof(text) - 1, "k.cfg", &config, &report,
			&err);
	rt_report_sort(&report);
	rt_report_print(&report, &shown);
	is_str(shown.text,
	       "k.cfg:1: error: 'x' is not a UUID: write the one that 'virsh "
	       "domuuid x' prints [bad-uuid]\n"
	       "    'virsh list --all --uuid --name' shows the UUID of each "
	       "guest\n"
	       "k.cfg:1: error: the guest has no name: add 'name = ' and "
	       "libvirt's name for it [missing-name]\n"
	       "    'virsh domname' shows the name of a UUID\n"
	       "k.cfg:2: error: guest '" U1 "': the guest has no name: add "
	       "'name = ' and libvirt's name for it [missing-name]\n"
	       "    'virsh domname' shows the name of a UUID\n"
	       "k.cfg:3: error: guest '" U1 "': rt: 'maybe' is neither true "
	       "nor false: write true or false (yes, no, on, off, 1, 0) "
	       "[bad-value]\n"
	       "    see kvmrt.cfg(5)\n"
	       "k.cfg:4: error: guest '" U1 "': nr_vcpus: '16385' is above "
	       "16384, the most CPUs that libvirt can handle: write a "
	       "number from 1 to 16384, or auto [bad-value]\n"
	       "    see kvmrt.cfg(5)\n"
	       "k.cfg:5: error: guest '" U1 "': cpuset: '1,,2': a number is "
	       "expected at column 3, not ',': write 1,2 [bad-value]\n"
	       "    write CPUs such as 2,4-7, or nodes n1, cores c2-c5, dies "
	       "d0, packages p1, or ~ and a set\n",
	       "findings are for people");
	rt_config_fini(&config);
	rt_report_fini(&report);
}

static void test_words(void)
{
	char uuid[RT_UUID_LEN + 1] = "";

	ok(rt_uuid_parse("ABCDEF01-2345-6789-abcd-ef0123456789", uuid),
	   "a UUID in any case");
	is_str(uuid, "abcdef01-2345-6789-abcd-ef0123456789", "made lower");
	ok(!rt_uuid_parse("", uuid) && !rt_uuid_parse("a", uuid), "not short");
	ok(rt_config_name_is_valid("a b") && rt_config_name_is_valid("...") &&
		   rt_config_name_is_valid("\xc3\xa4"),
	   "names");
	ok(!rt_config_name_is_valid("") && !rt_config_name_is_valid(" ") &&
		   !rt_config_name_is_valid(".") &&
		   !rt_config_name_is_valid("..") &&
		   !rt_config_name_is_valid("a/b") &&
		   !rt_config_name_is_valid("a\nb"),
	   "no names");
	is_str(rt_cut("a\nb", 3).text, "a?b", "a control character is cut");
	is_int((long long)strlen(rt_cut("0123456789012345678901234567890123456"
					"7890123456789012345678901234567890123"
					"4567890123456789",
					90)
					 .text),
	       80, "a long text is cut");
}

int main(void)
{
	test_all_keys();
	test_empty();
	test_unset();
	test_lengths();
	test_long();
	test_hints();
	test_messages();
	test_words();
	return tap_done();
}
