/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* journal.c - the record: round trips, torn and flipped bytes, bad entries */
#include "core/record/journal.h"

#include "../tap.h"

#define UUID	"6a1f0c1e-0000-4000-8000-000000000001"
#define OTHER	"6a1f0c1e-0000-4000-8000-000000000002"
#define HOSTILE "a b%20\t\r\n%\xff=#01234567 keep"

static struct rt_active make_active(void)
{
	static struct rt_pci_addr devices[] = { { 0, 0x81, 0, 0 },
						{ 0x10000, 1, 2, 3 } };
	struct rt_active active = {
		.stage = RT_STAGE_STARTED,
		.pid = 4711,
		.start = 18446744073709551615ull,
		.memory_kib = 262144,
		.fenced = (char *)HOSTILE,
	};
	struct rt_guest *guest = &active.guest;

	snprintf(guest->uuid, sizeof(guest->uuid), "%s", UUID);
	guest->name = (char *)"a guest\nwith \"%\" in it";
	guest->rt = guest->locked = true;
	guest->nr_vcpus = 2;
	rt_cpuset_add_range(&guest->cpuset, 6, 11);
	guest->owned = guest->cpuset;
	rt_cpuset_add(&guest->vcpus, 6);
	rt_cpuset_add(&guest->vcpus, 8);
	rt_cpuset_add(&guest->service, 10);
	rt_cpuset_add(&guest->offline, 7);
	rt_cpuset_add(&guest->usable, 6);
	rt_cpuset_add(&guest->nodes, 1);
	guest->pcidevs = (struct rt_pci_set){ devices, 2, 2 };
	return active;
}

/* One of each entry, and a path that was given back and saved anew. */
static void write_all(struct rt_strbuf *out)
{
	const struct rt_active active = make_active();
	struct rt_active second = active;
	struct rt_range numbers[] = { { 1, 1 }, { 8, 8 } };
	const struct rt_ranges seen = { numbers, 2, 2 };

	snprintf(second.guest.uuid, sizeof(second.guest.uuid), "%s", OTHER);
	rt_journal_add_seen(out, &seen);
	rt_journal_add_guest(out, &active);
	rt_journal_add_save(out, RT_KIND_LIST, "proc/irq/1/x", "0-11", "0-5");
	rt_journal_add_save(out, RT_KIND_TEXT, HOSTILE, "", HOSTILE);
	rt_journal_add_wrote(out, "proc/irq/1/x", "0-1");
	rt_journal_add_fixed(out, "proc/irq/1/x");
	rt_journal_add_fixed(out, HOSTILE);
	rt_journal_add_done(out, HOSTILE);
	rt_journal_add_save(out, RT_KIND_PARTITION, HOSTILE, HOSTILE, "");
	rt_journal_add_guest(out, &second);
	rt_journal_add_gone(out, OTHER);
}

static struct rt_journal replay(const struct rt_strbuf *text)
{
	struct rt_journal journal = { 0 };
	struct rt_err err = { 0 };

	ok(rt_journal_replay(text->text, text->len, &journal, &err) == 0,
	   "the record is replayed%s", err.text);
	is_int((long long)journal.valid, (long long)text->len, "all of it");
	return journal;
}

static void check_guest(const struct rt_active *got)
{
	const struct rt_active want = make_active();
	const struct rt_guest *a = &got->guest, *b = &want.guest;

	is_str(a->name, b->name, "the guest's name");
	is_str(got->fenced, want.fenced, "why its shield was refused");
	ok(got->stage == want.stage && got->pid == want.pid &&
		   got->start == want.start &&
		   got->memory_kib == want.memory_kib,
	   "its process");
	ok(a->rt && a->locked && a->nr_vcpus == 2 && a->irq_cpu == 10,
	   "its numbers");
	ok(rt_cpuset_is_equal(&a->cpuset, &b->cpuset) &&
		   rt_cpuset_is_equal(&a->owned, &b->owned) &&
		   rt_cpuset_is_equal(&a->usable, &b->usable) &&
		   rt_cpuset_is_equal(&a->offline, &b->offline) &&
		   rt_cpuset_is_equal(&a->vcpus, &b->vcpus) &&
		   rt_cpuset_is_equal(&a->service, &b->service) &&
		   rt_cpuset_is_equal(&a->nodes, &b->nodes),
	   "its CPUs and nodes");
	ok(a->pcidevs.n == 2 &&
		   rt_pci_set_has(&a->pcidevs, &b->pcidevs.items[1]),
	   "its devices");
}

static void check_state(const struct rt_journal *journal)
{
	const struct rt_saved *saved = rt_journal_find(journal, "proc/irq/1/x");
	const struct rt_saved *odd = rt_journal_find(journal, HOSTILE);

	ok(saved && saved->kind == RT_KIND_LIST, "a path is saved");
	if (saved) {
		is_str(saved->original, "0-11", "its original");
		is_str(saved->before, "0-5", "the value before");
		is_str(saved->wrote, "0-1", "the value now");
		ok(saved->fixed, "and that it takes none");
	}
	ok(odd && odd->kind == RT_KIND_PARTITION,
	   "a path that is saved anew after it was given back");
	if (odd) {
		is_str(odd->original, HOSTILE, "hostile text");
		is_str(odd->wrote, "", "and none");
		ok(!odd->fixed, "what is saved anew may be tried anew");
	}
	is_int((long long)journal->undone, 2, "two are to be given back");
	is_int((long long)journal->n_active, 1, "one guest is left");
	ok(journal->seen && rt_ranges_has(journal->seen, 8) &&
		   journal->seen->n == 2,
	   "interrupts that were seen");
	ok(!rt_journal_find(journal, "proc/irq/2/x") &&
		   !rt_journal_find_guest(journal, OTHER),
	   "what is not there is not found");
	if (journal->n_active)
		check_guest(&journal->active[0]);
}

static void test_round_trip(void)
{
	RT_AUTO_STRBUF text = { 0 };
	RT_AUTO_STRBUF again = { 0 };
	RT_AUTO_STRBUF third = { 0 };
	struct rt_journal journal, compact;

	write_all(&text);
	journal = replay(&text);
	check_state(&journal);
	rt_journal_format(&journal, &again);
	compact = replay(&again);
	check_state(&compact);
	rt_journal_format(&compact, &third);
	is_str(third.text, again.text, "a compact record stays as it is");
	ok(again.len < text.len, "and is shorter");
	rt_journal_fini(&journal);
	rt_journal_fini(&compact);
	rt_journal_fini(&compact);
	ok(rt_journal_is_empty(&compact), "fini twice leaves an empty record");
}

/* Cut anywhere: whole entries count, nothing else, and it never fails. */
static void test_torn(void)
{
	RT_AUTO_STRBUF text = { 0 };
	int wrong = 0;

	write_all(&text);
	for (size_t len = 0; len < text.len; len++) {
		struct rt_journal journal = { 0 };
		struct rt_err err;
		size_t whole = len;
		char *copy = malloc(len + 1);

		while (whole && text.text[whole - 1] != '\n')
			whole--;
		memcpy(copy, text.text, len);
		if (rt_journal_replay(copy, len, &journal, &err) < 0 ||
		    journal.valid != whole)
			wrong++;
		rt_journal_fini(&journal);
		free(copy);
	}
	is_int(wrong, 0,
	       "a record torn at any byte ends with the entry before");
}

/* The same state, and nothing to tell? */
static bool same_state(const char *text, size_t len, const char *want)
{
	RT_AUTO_STRBUF out = { 0 };
	struct rt_journal journal = { 0 };
	struct rt_err err;
	bool same;

	if (rt_journal_replay(text, len, &journal, &err) < 0)
		return false;
	rt_journal_format(&journal, &out);
	same = out.text && strcmp(out.text, want) == 0 &&
	       !journal.damage.damaged && !journal.damage.orphans;
	rt_journal_fini(&journal);
	return same;
}

static void test_flipped(void)
{
	RT_AUTO_STRBUF text = { 0 };
	RT_AUTO_STRBUF whole = { 0 };
	struct rt_journal journal;
	unsigned long accepted = 0;

	write_all(&text);
	journal = replay(&text);
	rt_journal_format(&journal, &whole);
	rt_journal_fini(&journal);
	/* Without its newline the last line was cut short. */
	for (size_t i = 0; i < (text.len - 1) * 8; i++) {
		text.text[i / 8] ^= (char)(1 << i % 8);
		if (same_state(text.text, text.len, whole.text))
			accepted++;
		text.text[i / 8] ^= (char)(1 << i % 8);
	}
	is_int((long long)accepted, 0, "no flipped bit goes unnoticed");
}

static uint32_t sum_of(const char *text)
{
	uint32_t sum = 2166136261u;

	for (; *text; text++)
		sum = (sum ^ (unsigned char)*text) * 16777619u;
	return sum;
}

static void add_line(struct rt_strbuf *out, const char *body)
{
	rt_strbuf_addf(out, "%s #%08x\n", body, sum_of(body));
}

/* Entries whose sum is right and whose content is not. */
static const struct {
	const char *name, *body;
	bool orphan; /* good, but about nothing that is on record */
} bad[] = {
	{ "no verb", " a", false },
	{ "keep of no path", "keep list % b c", false },
	{ "keep with too few fields", "keep list a b", false },
	{ "keep with too many", "keep list a b c d", false },
	{ "keep with a bad escape", "keep list a%2 b c", false },
	{ "keep with an escaped NUL", "keep list a%00 b c", false },
	{ "keep with capitals in an escape", "keep list a%2F b c", false },
	{ "keep of what is saved", "keep list proc/irq/1/x 0 1", false },
	{ "keep of what is saved, of no kind", "keep lists proc/irq/1/x 0 1",
	  false },
	{ "wrote of what is not saved", "wrote a b", true },
	{ "wrote with too few fields", "wrote proc/irq/1/x", false },
	{ "base of what is not saved", "base a b", true },
	{ "base with too many fields", "base proc/irq/1/x b c", false },
	{ "fixed without a path", "fixed", false },
	{ "fixed of what is not saved", "fixed a", true },
	{ "fixed with too many fields", "fixed proc/irq/1/x 1", false },
	{ "fixed with a bad escape", "fixed proc/irq/1/x%2", false },
	{ "done of what is not saved", "done a", true },
	{ "gone of a guest that is not there", "gone " OTHER, true },
	{ "guest without a name", "guest " UUID, false },
	{ "guest of no UUID", "guest x y stage=0", false },
	{ "guest with a stage too many", "guest " UUID " a stage=2", false },
	{ "guest with rt neither", "guest " UUID " a rt=2", false },
	{ "guest with a sign", "guest " UUID " a pid=-1", false },
	{ "guest with a pid too high", "guest " UUID " a pid=4294967296",
	  false },
	{ "guest with a start too high",
	  "guest " UUID " a start=18446744073709551616", false },
	{ "guest with no number", "guest " UUID " a pid=", false },
	{ "guest with CPUs backwards", "guest " UUID " a owned=3-1", false },
	{ "guest with a CPU too high", "guest " UUID " a owned=16384", false },
	{ "guest with a bad device", "guest " UUID " a pci=0000:81:00", false },
	{ "guest with devices twice",
	  "guest " UUID " a pci=0000:81:00.0 pci=0000:82:00.0", false },
	{ "guest with a word", "guest " UUID " a word", false },
	{ "seen without a list", "seen", false },
	{ "seen of a bad list", "seen irqs=x", false },
	{ "seen of a list out of order", "seen irqs=5,3", false },
	{ "version of none", "version x", false },
};

/* In the middle or at the end: it is told, and the rest is good. */
static void test_bad(void)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		RT_AUTO_STRBUF text = { 0 };
		struct rt_journal journal;
		const struct rt_saved *saved;

		rt_journal_add_save(&text, RT_KIND_LIST, "proc/irq/1/x", "0",
				    "1");
		add_line(&text, bad[i].body);
		rt_journal_add_wrote(&text, "proc/irq/1/x", "2");
		add_line(&text, bad[i].body);
		journal = replay(&text);
		saved = rt_journal_find(&journal, "proc/irq/1/x");
		ok(journal.damage.damaged == (bad[i].orphan ? 0 : 2) &&
			   journal.damage.orphans == (bad[i].orphan ? 2 : 0) &&
			   journal.damage.first == 2,
		   "%s is told: %s", bad[i].name, journal.damage.why);
		ok(saved && strcmp(saved->wrote, "2") == 0 && !saved->fixed &&
			   journal.n_saved == 1 && !journal.n_active &&
			   !journal.seen && !journal.version,
		   "and changes nothing");
		rt_journal_fini(&journal);
	}
}

static bool has_line(const struct rt_strbuf *text, const char *body)
{
	RT_AUTO_STRBUF line = { 0 };

	add_line(&line, body);
	return text->text && strstr(text->text, line.text);
}

static bool has_finding(const struct rt_report *report, const char *text)
{
	for (size_t i = 0; i < report->n; i++) {
		if (strstr(report->items[i].message, text))
			return true;
	}
	return false;
}

#define NEW_GUEST "guest " UUID " a stage=1 pid=7"

/* What a newer version wrote is kept word for word, and left alone. */
static void test_newer(void)
{
	static const char *const theirs[] = {
		"version 9",
		"keep cookie proc/new 0 1 ",
		"wrote proc/new 2",
		"fixed proc/new",
		"freeze proc/new now and=then",
		NEW_GUEST " colour=red size=3",
		"keep cookie proc/later a b",
		"done proc/later",
		"keep text proc/later a b",
	};
	RT_AUTO_STRBUF text = { 0 };
	RT_AUTO_STRBUF again = { 0 };
	RT_AUTO_STRBUF third = { 0 };
	struct rt_journal journal, compact;
	struct rt_err err;

	for (size_t i = 0; i < sizeof(theirs) / sizeof(*theirs); i++)
		add_line(&text, theirs[i]);
	journal = replay(&text);
	ok(!journal.damage.damaged && !journal.damage.orphans,
	   "what is new is no damage: %s", journal.damage.why);
	ok(journal.n_saved == 1 && journal.n_active == 1 &&
		   journal.active[0].pid == 7 && journal.version == 9,
	   "and what is known is read");
	ok(rt_journal_is_foreign(&journal, "proc/new") &&
		   !rt_journal_is_foreign(&journal, "proc/later"),
	   "a path of an unknown kind is theirs until it is done");
	rt_journal_format(&journal, &again);
	for (size_t i = 0; i < 8; i++) {
		/* The guest is written anew, with all fields. */
		if (i != 5)
			ok(has_line(&again, theirs[i]), "kept: %s", theirs[i]);
	}
	ok(again.text && strstr(again.text, " colour=red size=3 #"),
	   "kept: the guest's fields");
	compact = replay(&again);
	rt_journal_format(&compact, &third);
	is_str(third.text, again.text, "and so they stay");
	rt_strbuf_fini(&third);
	rt_journal_add_save(&third, RT_KIND_TEXT, "proc/new", "0", "1");
	ok(rt_journal_enter(&compact, third.text, third.len - 1, &err) < 0,
	   "theirs is not saved by us: %s", err.text);
	rt_strbuf_fini(&third);
	rt_journal_add_done(&third, "proc/later");
	rt_journal_add_gone(&third, UUID);
	rt_strbuf_add(&again, third.text, third.len);
	rt_journal_fini(&compact);
	compact = replay(&again);
	ok(!compact.undone && !compact.n_active &&
		   !rt_journal_is_empty(&compact),
	   "a record of theirs alone is not empty");
	rt_journal_fini(&compact);
	rt_journal_fini(&journal);
}

/* As the version before versions wrote it, to the byte. */
static void test_old(void)
{
	static const char *const lines[] = {
		"seen irqs=1,8,44-46",
		"guest " UUID " rt1 stage=1 pid=4711 start=99 memory=262144 "
		"rt=1 locked=1 vcpus=2 cpuset=6-11 owned=6-11 usable=6,8,10 "
		"downed=7,9,11 vcpu_cpus=6,8 service=10 nodes=1 "
		"pci=0000:81:00.0",
		"keep list proc/irq/1/smp_affinity_list 0-11 0-5",
		"wrote proc/irq/1/smp_affinity_list 0-3",
		"fixed proc/irq/1/smp_affinity_list",
		"keep text a%20b % %0a",
	};
	RT_AUTO_STRBUF text = { 0 };
	RT_AUTO_STRBUF again = { 0 };
	struct rt_journal journal;

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		add_line(&text, lines[i]);
	journal = replay(&text);
	ok(!journal.damage.damaged && journal.undone == 2 &&
		   journal.n_active == 1 && journal.needs < 2,
	   "an old record is read");
	rt_journal_format(&journal, &again);
	for (size_t i = 0; i < 5; i++)
		ok(has_line(&again, lines[i]), "written as of old: %s",
		   lines[i]);
	ok(!strstr(again.text, "version") && !strstr(again.text, "base"),
	   "and an old program can read it");
	rt_journal_fini(&journal);
}

/* The original that somebody else chose; in a compact record it is just that. */
static void test_base(void)
{
	RT_AUTO_STRBUF text = { 0 };
	RT_AUTO_STRBUF again = { 0 };
	struct rt_journal journal;

	rt_journal_add_save(&text, RT_KIND_LIST, "p", "0-11", "0-5");
	rt_journal_add_fixed(&text, "p");
	rt_journal_add_base(&text, "p", "4-7");
	rt_journal_add_wrote(&text, "p", "4-5");
	journal = replay(&text);
	is_str(rt_journal_find(&journal, "p")->original, "4-7",
	       "another original");
	ok(!journal.saved[0].fixed && journal.needs == 2,
	   "which may be tried, and which version 1 does not know");
	rt_journal_format(&journal, &again);
	ok(has_line(&again, "keep list p 4-7 0-5") &&
		   has_line(&again, "wrote p 4-5") &&
		   !strstr(again.text, "base"),
	   "compact: %s", again.text);
	rt_journal_fini(&journal);
}

/* Interrupts have higher numbers than CPUs. */
static void test_seen(void)
{
	RT_AUTO_STRBUF text = { 0 };
	RT_AUTO_STRBUF again = { 0 };
	RT_AUTO_RANGES seen = { 0 };
	struct rt_journal journal;
	struct rt_err err;

	is_int(rt_ranges_parse("8,8190-8193,70000", &seen, &err), 0,
	       "numbers above 8191");
	rt_journal_add_seen(&text, &seen);
	journal = replay(&text);
	ok(journal.seen && rt_ranges_has(journal.seen, 70000) &&
		   rt_ranges_has(journal.seen, 8193) &&
		   !rt_ranges_has(journal.seen, 69999) && journal.needs == 2,
	   "are on record");
	rt_journal_format(&journal, &again);
	ok(has_line(&again, "version 2") &&
		   has_line(&again, "seen irqs=8,8190-8193,70000"),
	   "and in a compact one, with the version: %s", again.text);
	rt_journal_fini(&journal);
}

/* A line in the middle is spoilt: what is lost with it, and what is not. */
static void test_damage(void)
{
	RT_AUTO_STRBUF text = { 0 };
	RT_AUTO_STRBUF again = { 0 };
	const struct rt_active active = make_active();
	struct rt_report report = { 0 };
	struct rt_journal journal;
	char *keep;

	rt_journal_add_save(&text, RT_KIND_LIST, "p/good", "0-11", "0-5");
	rt_journal_add_save(&text, RT_KIND_LIST, "p/lost", "0-11", "0-5");
	rt_journal_add_save(&text, RT_KIND_LIST, "p/restored", "0", "1");
	rt_journal_add_wrote(&text, "p/lost", "0-1");
	rt_journal_add_guest(&text, &active);
	rt_journal_add_done(&text, "p/restored");
	rt_journal_add_wrote(&text, "p/good", "0-2");
	rt_journal_add_wrote(&text, "p/good", "0-3");
	keep = strstr(text.text, "p/lost");
	keep[-2] ^= 1; /* the kind */
	keep = strstr(keep, "p/restored");
	keep[12] ^= 1;			/* the original */
	strstr(keep, "p/good")[7] ^= 1; /* the value */
	strstr(text.text, "guest")[44] = '\0';
	journal = replay(&text);
	is_int((long long)journal.damage.damaged, 4, "four lines");
	is_int((long long)journal.damage.orphans, 2, "and two about them");
	ok(journal.undone == 1 && rt_journal_find(&journal, "p/good") &&
		   strcmp(journal.saved[0].wrote, "0-3") == 0,
	   "the rest stays good");
	rt_journal_report(&journal, "HERE", &report);
	ok(has_finding(&report, "4 damaged lines, and 2 that need them") &&
		   has_finding(&report, "HERE") &&
		   has_finding(&report, "line 2: "),
	   "it is told: %s", report.items[0].message);
	ok(has_finding(&report, "what /p/lost held before is not known"),
	   "whose original is lost");
	ok(!has_finding(&report, "p/restored"), "but not what was restored");
	ok(has_finding(&report, "what kvmrt last wrote to /p/good"),
	   "what may be ours");
	ok(has_finding(&report, "guest " UUID " is not on record any more"),
	   "and which guest");
	is_int((long long)report.n, 4, "no more");
	ok(journal.damage.lines.len > 200, "the lines are kept for a person");
	rt_journal_format(&journal, &again);
	ok(!strstr(again.text, "p/lost") && !strstr(again.text, UUID),
	   "and not in a compact record");
	rt_report_fini(&report);
	rt_journal_fini(&journal);
}

/* A record of noise costs what its length costs, and says how bad it is. */
static void test_noise(void)
{
	RT_AUTO_STRBUF text = { 0 };
	struct rt_report report = { 0 };
	struct rt_journal journal;
	char line[64];

	for (unsigned i = 0; i < 20000; i++) {
		snprintf(line, sizeof(line), "wrote p/%u 1", i);
		add_line(&text, line);
		rt_strbuf_adds(&text, "\n\x1b[2J\n");
	}
	journal = replay(&text);
	is_int((long long)(journal.damage.damaged + journal.damage.orphans),
	       60000, "all of it is damage");
	rt_journal_report(&journal, "HERE", &report);
	ok(report.n == 10 && has_finding(&report, "at least 56 more"),
	   "told in few words: %s", report.items[9].message);
	rt_report_fini(&report);
	rt_journal_fini(&journal);
}

/* A value that is written after all may stand there. */
static void test_fixed(void)
{
	RT_AUTO_STRBUF text = { 0 };
	struct rt_journal journal;

	rt_journal_add_save(&text, RT_KIND_LIST, "p", "0", "1");
	rt_journal_add_fixed(&text, "p");
	rt_journal_add_wrote(&text, "p", "2");
	journal = replay(&text);
	ok(journal.n_saved && !journal.saved[0].fixed,
	   "a further value ends what was refused for good");
	rt_journal_fini(&journal);
}

static void test_entries(void)
{
	RT_AUTO_STRBUF text = { 0 };
	struct rt_journal journal = { 0 };
	struct rt_err err = { 0 };

	rt_journal_add_save(&text, RT_KIND_LIST, "p", "0", "1");
	is_int(rt_journal_enter(&journal, text.text, text.len - 1, &err), 0,
	       "an entry is entered without its newline");
	ok(rt_journal_enter(&journal, text.text, text.len, &err) < 0,
	   "and not with it");
	ok(rt_journal_enter(&journal, "", 0, &err) < 0 &&
		   rt_journal_enter(&journal, " #811c9dc5", 10, &err) < 0,
	   "an entry of nothing is none");
	is_int((long long)journal.n_saved, 1, "a bad entry changes nothing");
	ok(!rt_journal_is_empty(&journal), "with a saved path it is not empty");
	rt_journal_fini(&journal);
	ok(rt_journal_replay("", 0, &journal, &err) == 0 &&
		   rt_journal_is_empty(&journal),
	   "no text is an empty record");
	rt_journal_fini(&journal);
}

/* As many interrupts as a large host has, given back and saved again. */
static void test_many(void)
{
	RT_AUTO_STRBUF text = { 0 };
	struct rt_journal journal;
	char path[32];
	int wrong = 0;

	for (unsigned i = 0; i < 8000; i++) {
		snprintf(path, sizeof(path), "proc/irq/%u", i % 4000);
		if (i >= 4000)
			rt_journal_add_done(&text, path);
		rt_journal_add_save(&text, RT_KIND_LIST, path,
				    i < 4000 ? "old" : "new", "1");
	}
	journal = replay(&text);
	for (unsigned i = 0; i < 4000; i++) {
		const struct rt_saved *saved;

		snprintf(path, sizeof(path), "proc/irq/%u", i);
		saved = rt_journal_find(&journal, path);
		wrong += !saved || strcmp(saved->original, "new") != 0;
	}
	is_int(wrong, 0, "the last record of a path counts");
	is_int((long long)journal.undone, 4000, "once each");
	rt_journal_fini(&journal);
}

int main(void)
{
	test_round_trip();
	test_torn();
	test_flipped();
	test_bad();
	test_newer();
	test_old();
	test_base();
	test_seen();
	test_damage();
	test_noise();
	test_fixed();
	test_entries();
	test_many();
	return tap_done();
}
