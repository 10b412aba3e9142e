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
	struct rt_cpuset seen = { { 0x102 } };

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
	ok(journal->seen && rt_cpuset_has(journal->seen, 8) &&
		   rt_cpuset_count(journal->seen) == 2,
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

static bool same_state(const char *text, size_t len, const char *want)
{
	RT_AUTO_STRBUF out = { 0 };
	struct rt_journal journal = { 0 };
	struct rt_err err;
	bool same;

	if (rt_journal_replay(text, len, &journal, &err) < 0)
		return false;
	rt_journal_format(&journal, &out);
	same = out.text && strcmp(out.text, want) == 0;
	rt_journal_fini(&journal);
	return same;
}

/* Any bit of any line but the last: an error. In the last: it is ignored. */
static void test_flipped(void)
{
	RT_AUTO_STRBUF text = { 0 };
	RT_AUTO_STRBUF whole = { 0 };
	struct rt_journal journal;
	unsigned long accepted = 0;
	size_t last;

	write_all(&text);
	journal = replay(&text);
	rt_journal_format(&journal, &whole);
	rt_journal_fini(&journal);
	for (last = text.len - 1; text.text[last - 1] != '\n';)
		last--;
	for (size_t i = 0; i < text.len * 8; i++) {
		text.text[i / 8] ^= (char)(1 << i % 8);
		/* A line without its newline may be cut off at the end. */
		if (i / 8 < last - 1 &&
		    same_state(text.text, text.len, whole.text))
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

/* Entries whose sum is right and whose content is not. */
static const struct {
	const char *name, *body;
} bad[] = {
	{ "an unknown verb", "hold list a b c" },
	{ "no verb", " a" },
	{ "keep of no kind", "keep lists a b c" },
	{ "keep of no path", "keep list % b c" },
	{ "keep with too few fields", "keep list a b" },
	{ "keep with too many", "keep list a b c d" },
	{ "keep with a bad escape", "keep list a%2 b c" },
	{ "keep with an escaped NUL", "keep list a%00 b c" },
	{ "keep with capitals in an escape", "keep list a%2F b c" },
	{ "keep of what is saved", "keep list proc/irq/1/x 0 1" },
	{ "wrote of what is not saved", "wrote a b" },
	{ "wrote with too few fields", "wrote proc/irq/1/x" },
	{ "fixed without a path", "fixed" },
	{ "fixed of what is not saved", "fixed a" },
	{ "fixed with too many fields", "fixed proc/irq/1/x 1" },
	{ "fixed with a bad escape", "fixed proc/irq/1/x%2" },
	{ "done of what is not saved", "done a" },
	{ "gone of a guest that is not there", "gone " OTHER },
	{ "guest without a name", "guest " UUID },
	{ "guest of no UUID", "guest x y stage=0" },
	{ "guest with a stage too many", "guest " UUID " a stage=2" },
	{ "guest with rt neither", "guest " UUID " a rt=2" },
	{ "guest with a sign", "guest " UUID " a pid=-1" },
	{ "guest with a pid too high", "guest " UUID " a pid=4294967296" },
	{ "guest with a start too high",
	  "guest " UUID " a start=18446744073709551616" },
	{ "guest with no number", "guest " UUID " a pid=" },
	{ "guest with CPUs backwards", "guest " UUID " a owned=3-1" },
	{ "guest with a CPU too high", "guest " UUID " a owned=8192" },
	{ "guest with a bad device", "guest " UUID " a pci=0000:81:00" },
	{ "guest with devices twice",
	  "guest " UUID " a pci=0000:81:00.0 pci=0000:82:00.0" },
	{ "guest with an unknown field", "guest " UUID " a colour=1" },
	{ "guest with a word", "guest " UUID " a word" },
	{ "seen without a list", "seen" },
	{ "seen of a bad list", "seen irqs=x" },
};

static void test_bad(void)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		RT_AUTO_STRBUF text = { 0 };
		struct rt_journal journal = { 0 };
		struct rt_err err = { 0 };
		size_t before, end;

		rt_journal_add_save(&text, RT_KIND_LIST, "proc/irq/1/x", "0",
				    "1");
		before = text.len;
		rt_strbuf_addf(&text, "%s #%08x\n", bad[i].body,
			       sum_of(bad[i].body));
		end = text.len;
		rt_journal_add_wrote(&text, "proc/irq/1/x", "2");
		ok(rt_journal_replay(text.text, text.len, &journal, &err) < 0 &&
			   strstr(err.text, "line 2: ") == err.text,
		   "%s: %s", bad[i].name, err.text);
		ok(rt_journal_replay(text.text, end, &journal, &err) == 0 &&
			   journal.valid == before,
		   "and as the last line it is cut off");
		rt_journal_fini(&journal);
	}
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
	test_fixed();
	test_entries();
	test_many();
	return tap_done();
}
