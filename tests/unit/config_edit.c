/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config_edit.c - edits change what they should and no other byte */
#include "../tap.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "../edit.h"

#define U1 "11111111-2222-3333-4444-55555555555a"
#define U2 "11111111-2222-3333-4444-55555555555b"
#define U3 "11111111-2222-3333-4444-55555555555c"

static const struct {
	const char *name, *before;
	enum rt_key key;
	const char *value, *after; /* after NULL: refused */
} sets[] = {
	{ "a value", "[" U1 "]\nname = a\nrt = on\n", RT_KEY_RT, "off",
	  "[" U1 "]\nname = a\nrt = off\n" },
	{ "a further line too many", "[" U1 "]\nname=a\n rt_x", RT_KEY_RT,
	  "off", NULL },
	{ "odd spacing stays", "[" U1 "]  \nname=a\nrt\t=  on  \n\n", RT_KEY_RT,
	  "off", "[" U1 "]  \nname=a\nrt\t=  off  \n\n" },
	{ "the same stays as it is spelled", "[" U1 "]\nname=a\nrt = YES\n",
	  RT_KEY_RT, "true", "[" U1 "]\nname=a\nrt = YES\n" },
	{ "CR LF", "[" U1 "]\r\nname = a\r\nrt = on\r\n", RT_KEY_RT, "off",
	  "[" U1 "]\r\nname = a\r\nrt = off\r\n" },
	{ "new key, CR LF", "[" U1 "]\r\nname = a\r\n\r\n# c\r\n", RT_KEY_RT,
	  "on", "[" U1 "]\r\nname = a\r\nrt = on\r\n\r\n# c\r\n" },
	{ "text, CR LF", "[" U1 "]\r\nname = a\r\n", RT_KEY_COMMENTS, "a\nb",
	  "[" U1 "]\r\nname = a\r\ncomments = a\r\n    b\r\n" },
	{ "new key, no newline at the end", "[" U1 "]\nname = a", RT_KEY_RT,
	  "on", "[" U1 "]\nname = a\nrt = on\n" },
	{ "value, no newline at the end", "[" U1 "]\nname = a", RT_KEY_NAME,
	  "b", "[" U1 "]\nname = b" },
	{ "new key before the next section",
	  "[" U1 "]\nname = a\n\n# of b\n[" U2 "]\nname = b\n", RT_KEY_NR_VCPUS,
	  "4",
	  "[" U1 "]\nname = a\nnr_vcpus = 4\n\n# of b\n[" U2 "]\nname = b\n" },
	{ "new key after further lines",
	  "[" U1 "]\nname = a\ncomments = x\n\n # y\n  z\n\n", RT_KEY_RT, "on",
	  "[" U1 "]\nname = a\ncomments = x\n\n # y\n  z\nrt = on\n\n" },
	{ "byte order mark", "\xef\xbb\xbf[" U1 "]\nname = a\n", RT_KEY_NAME,
	  "b", "\xef\xbb\xbf[" U1 "]\nname = b\n" },
	{ "capitals in the UUID",
	  "[11111111-2222-3333-4444-55555555555A]\nname = a\n", RT_KEY_RT, "on",
	  "[11111111-2222-3333-4444-55555555555A]\nname = a\nrt = on\n" },
	{ "remove a key", "[" U1 "]\nname = a\nrt = on\n# c\n", RT_KEY_RT, NULL,
	  "[" U1 "]\nname = a\n# c\n" },
	{ "remove a text",
	  "[" U1 "]\nname = a\ncomments = x\n y\n # c\n\n z\n\nrt = on\n",
	  RT_KEY_COMMENTS, NULL, "[" U1 "]\nname = a\n # c\n\nrt = on\n" },
	{ "remove what is not there", "[" U1 "]\nname = a\n", RT_KEY_RT, NULL,
	  "[" U1 "]\nname = a\n" },
	{ "remove numatune", "[" U1 "]\nname = a\nnumatune =\n",
	  RT_KEY_NUMATUNE, NULL, "[" U1 "]\nname = a\n" },
	{ "empty numatune", "[" U1 "]\nname = a\n", RT_KEY_NUMATUNE, "",
	  "[" U1 "]\nname = a\nnumatune =\n" },
	{ "fill an empty one", "[" U1 "]\nname = a\nnumatune =\n",
	  RT_KEY_NUMATUNE, "0", "[" U1 "]\nname = a\nnumatune = 0\n" },
	{ "one line for several",
	  "[" U1 "]\nname = a\ncpuset = 0,\n # low\n 1\nrt = on\n",
	  RT_KEY_CPUSET, "2-3",
	  "[" U1 "]\nname = a\ncpuset = 2-3\n # low\nrt = on\n" },
	{ "bars", "[" U1 "]\nname = a\n", RT_KEY_DESCRIPTION,
	  "a\n\n# b\n; c\n[d]\n|e\n f\ng \nrt = on\nh = i\n",
	  "[" U1 "]\nname = a\ndescription = a\n    |\n    |# b\n    |; c\n"
	  "    |[d]\n    ||e\n    | f\n    |g \n    |rt = on\n    h = i\n"
	  "    |\n" },
	{ "text that begins with an empty line", "[" U1 "]\nname = a\n",
	  RT_KEY_DESCRIPTION, "\na",
	  "[" U1 "]\nname = a\ndescription =\n    |\n    a\n" },
	{ "a title with everything", "[" U1 "]\nname = a\n", RT_KEY_TITLE,
	  "# [a] ; b = |", "[" U1 "]\nname = a\ntitle = # [a] ; b = |\n" },
	{ "a title with two lines", "[" U1 "]\nname = a\n", RT_KEY_TITLE,
	  "a\nb", NULL },
	{ "a title that ends with a blank", "[" U1 "]\nname = a\n",
	  RT_KEY_TITLE, "a ", NULL },
	{ "a control character", "[" U1 "]\nname = a\n", RT_KEY_DESCRIPTION,
	  "a\033b", NULL },
	{ "a carriage return", "[" U1 "]\nname = a\n", RT_KEY_DESCRIPTION,
	  "a\r\nb", NULL },
	{ "not UTF-8", "[" U1 "]\nname = a\n", RT_KEY_DESCRIPTION, "\xff",
	  NULL },
	{ "a bad value", "[" U1 "]\nname = a\n", RT_KEY_NR_VCPUS, "x", NULL },
	{ "a key in a value", "[" U1 "]\nname = a\n", RT_KEY_NR_VCPUS,
	  "1\nrt = on", NULL },
	{ "a section in a value", "[" U1 "]\nname = a\n", RT_KEY_CPUSET,
	  "1\n[x]", NULL },
	{ "no name", "[" U1 "]\nname = a\n", RT_KEY_NAME, NULL, NULL },
	{ "a name of another", "[" U1 "]\nname = a\n[" U2 "]\nname = b\n",
	  RT_KEY_NAME, "b", NULL },
	{ "a text with a fault", "[" U1 "]\nname = a\nfoo = b\n", RT_KEY_NAME,
	  "b", NULL },
	{ "no such section", "[" U2 "]\nname = a\n", RT_KEY_NAME, "b", NULL },
};

static void test_sets(void)
{
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		struct rt_err err = { 0 };
		char *after = NULL;
		int r = edit_set(sets[i].before, U1, sets[i].key, sets[i].value,
				 &after, &err);

		if (sets[i].after)
			is_str(r < 0 ? err.text : after, sets[i].after,
			       sets[i].name);
		else
			ok(r < 0 && !after && *err.text, "refused: %s (%s)",
			   sets[i].name, r < 0 ? err.text : after);
		free(after);
	}
}

static void test_sections(void)
{
	static const char one[] = "# of a\n[" U1 "]\nname = a\n# below a\n\n"
				  "# of b\n[" U2 "]\nname = b";
	struct rt_err err = { 0 };
	char *text = NULL;

	is_int(edit_add(one, U3, "b", &text, &err), -EEXIST,
	       "add a name that is there");
	is_int(edit_add(one, U2, "c", &text, &err), -EEXIST,
	       "add a UUID that is there");
	ok(edit_add(one, "x", "c", &text, &err) < 0, "add no UUID");
	ok(edit_add(one, U3, "a/b", &text, &err) < 0, "add a bad name");
	ok(edit_add(one, U3, "a\nrt = on", &text, &err) < 0,
	   "add a name with a newline");
	ok(edit_add(one, U3, "a\n[" U1 "]\nname = d", &text, &err) < 0,
	   "add a name with a section");
	ok(edit_add(one, U3, "", &text, &err) < 0, "add no name");
	ok(!text, "nothing is returned then");
	is_int(edit_add(one, U3, "c", &text, &err), 0, "add");
	is_str(text,
	       "# of a\n[" U1 "]\nname = a\n# below a\n\n# of b\n[" U2
	       "]\nname = b\n\n[" U3 "]\nname = c\n",
	       "behind the rest, apart");
	free(text);
	text = NULL;
	edit_add("", U3, "c", &text, &err);
	is_str(text, "[" U3 "]\nname = c\n", "add to nothing");
	free(text);
}

static void becomes(struct rt_editor *editor, const char *want,
		    const char *name)
{
	struct rt_err err = { 0 };
	char *text = NULL;

	is_int(rt_editor_text(editor, &text, &err), 0, "the text");
	is_str(text, want, name);
	free(text);
}

/* Several sections in one editor, each as if it were alone. */
static void test_editor(void)
{
	static const char text[] =
		"# top\n[" U1 "]\nname = a\n# in a\n\n"
		"[kvmrt]\nstrict = no\n[" U2 "]\nname = b\nrt = on\n\n# end\n";
	struct rt_editor editor;
	struct rt_err err = { 0 };

	is_int(rt_editor_open(text, strlen(text), &editor, &err), 0, "opened");
	becomes(&editor, text, "without a change it is the same");
	is_int(rt_editor_add(&editor, U3, "c", &err), 0, "add a third");
	is_int(rt_editor_set(&editor, U3, RT_KEY_RT, "on", &err), 0,
	       "and change it");
	is_int(rt_editor_set(&editor, U2, RT_KEY_RT, NULL, &err), 0,
	       "change the second");
	is_int(rt_editor_set(&editor, U1, RT_KEY_NAME, "x", &err), 0,
	       "change the first");
	is_int(rt_editor_set(&editor, U3, RT_KEY_NAME, "x", &err), -EEXIST,
	       "a name given a moment ago is taken");
	is_int(rt_editor_set(&editor, U3, RT_KEY_NAME, "a", &err), 0,
	       "one given up is free");
	becomes(&editor,
		"# top\n[" U1 "]\nname = x\n# in a\n\n[kvmrt]\nstrict = no\n"
		"[" U2 "]\nname = b\n\n# end\n\n[" U3 "]\nname = a\nrt = on\n",
		"all three changes are there");
	is_int((long long)editor.changes, 5, "and were counted");
	is_int(editor.config.sections[1].lines[RT_KEY_NAME], 9,
	       "lines are those of the file");
	is_int(rt_editor_revert(&editor, U3, &err), 0, "undo the third");
	is_int(rt_editor_revert(&editor, U1, &err), 0, "and the first");
	is_int(rt_editor_revert(&editor, U3, &err), -ENOENT,
	       "the third is no more");
	becomes(&editor,
		"# top\n[" U1 "]\nname = a\n# in a\n\n[kvmrt]\nstrict = no\n"
		"[" U2 "]\nname = b\n\n# end\n",
		"the second is as it was changed");
	rt_editor_fini(&editor);
}

static uint64_t state = 42;

static unsigned pick(unsigned below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 11) % below;
}

static const char *some_value(enum rt_key key, char *buf, size_t size)
{
	static const char *const words[] = {
		"a",   " ",	  "#", ";",  "|",	 "\n",
		"[x]", "rt = on", "=", "\t", "\xc3\xa4", "longer words"
	};
	static const char *const values[RT_KEY_COUNT][3] = {
		[RT_KEY_NR_VCPUS] = { "1", "auto", "16384" },
		[RT_KEY_CPU_TOPOLOGY] = { "auto", "1,2,3", "" },
		[RT_KEY_CPUSET] = { "", "0-3", "~n1,n2" },
		[RT_KEY_RT] = { "true", "false", "" },
		[RT_KEY_RT_MEMORY] = { "true", "auto", "no" },
		[RT_KEY_NUMATUNE] = { "", "auto", "0-1" },
		[RT_KEY_HIDE_KVM] = { "on", "off", "" },
		[RT_KEY_AUTOSTART] = { "on", "off", "" },
		[RT_KEY_DISABLED] = { "on", "off", "" },
		[RT_KEY_ACCEPT] = { "", "rt-cpu0", "host-device, rt-node0" },
		[RT_KEY_PCIDEVS] = { "", "0000:01:00.0",
				     "0000:01:00.0 0000:02:00.0" },
	};
	size_t len = 0;

	if (values[key][0])
		return values[key][pick(3)];
	buf[0] = '\0';
	for (unsigned n = pick(8); n-- && len + 16 < size; len = strlen(buf))
		snprintf(buf + len, size - len, "%s", words[pick(12)]);
	return buf;
}

/* Lines that are no key, section or further line of the one guest. */
static void others(const char *text, const char *uuid, struct rt_strbuf *out)
{
	bool inside = false;

	while (*text) {
		const size_t len = strcspn(text, "\n") + 1;

		if (*text == '[')
			inside = strncmp(text + 1, uuid, RT_UUID_LEN) == 0;
		if (!inside || *text == '#' || *text == ';')
			rt_strbuf_add(out, text, len);
		text += len;
	}
}

static void test_random(void)
{
	static const char *const uuids[] = { U1, U2, U3 };
	char *text = strdup("# top\r\n; more\n[kvmrt]\nstrict = off\n\n"
			    "# one\n[" U1 "]\nname = one\n# in one\n\n"
			    "[" U2 "]\n  # in two\nname   =   two\n"
			    "comments = x\n  y\n# in two\n\n\n"
			    "[" U3 "]\nname = three\n# end\n");
	unsigned done = 0, refused = 0, wrong = 0;

	for (unsigned i = 0; i < 4000; i++) {
		const char *uuid = uuids[pick(3)];
		const enum rt_key key = (enum rt_key)pick(RT_KEY_COUNT);
		RT_AUTO_STRBUF was = { 0 };
		RT_AUTO_STRBUF is = { 0 };
		struct rt_err err;
		char buf[160], *next = NULL;
		const char *value = some_value(key, buf, sizeof(buf));

		if (pick(4) == 0)
			value = NULL;
		if (edit_set(text, uuid, key, value, &next, &err) < 0) {
			refused++;
			continue;
		}
		others(text, uuid, &was);
		others(next, uuid, &is);
		if (strcmp(was.text, is.text) != 0) {
			wrong++;
			printf("# %s = %s\n", rt_key_name(key),
			       value ? value : "(none)");
		}
		free(text);
		text = next;
		done++;
	}
	free(text);
	is_int(wrong, 0, "random edits keep all other bytes");
	ok(done > 3000, "most of them are done: %u, refused %u", done, refused);
}

/* Any text of blanks, bars, newlines and the like comes back. */
static void test_texts(void)
{
	static const char base[] = "[" U1 "]\nname = a\n# end\n";
	unsigned wrong = 0;

	for (unsigned i = 0; i < 5000; i++) {
		struct rt_report report = { 0 };
		struct rt_config config = { 0 };
		struct rt_err err;
		char value[12] = "", *text = NULL;
		const unsigned n = pick(sizeof(value));

		for (unsigned k = 0; k < n; k++)
			value[k] = "a \n|#;[\t="[pick(9)];
		if (edit_set(base, U1, RT_KEY_DESCRIPTION, value, &text, &err) <
		    0) {
			printf("# %s\n", err.text);
			wrong++;
			continue;
		}
		rt_config_parse(text, strlen(text), "t", &config, &report,
				&err);
		wrong += report.n || config.n != 1 ||
			 strcmp(config.sections[0].description, value) != 0;
		rt_config_fini(&config);
		rt_report_fini(&report);
		free(text);
	}
	is_int(wrong, 0, "every text reads back as it was");
}

int main(void)
{
	test_sets();
	test_sections();
	test_editor();
	test_random();
	test_texts();
	return tap_done();
}
