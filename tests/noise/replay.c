/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * replay.c - what kvmrt-noise and kvmrt-prove print of events that are written
 * down
 *
 *   replay text|verbose|json|svg|proof|proof-json|proof-html <FILE
 *
 * Lines of the file, # for remarks:
 *
 *   guest NAME UUID
 *   vcpu GUEST CPU VCPU TID       GUEST counts from 0
 *   service GUEST CPU
 *   own GUEST TID
 *   missing EVENT | stopped WHY | lost-causes N | end TIME
 *   limit NS all|others           before the events, for a proof
 *   test KIND FILE | load COMMAND | unfit WHY
 *   TIME TYPE [WORD=VALUE]...     the event; words as in struct rt_noise_event
 */
#include "../../tools/common/prove.h"
#include "../../tools/common/prove_test.h"

#define WORDS  16
#define GUESTS 4

struct replay {
	struct rt_measured measured;
	struct rt_guest guests[GUESTS];
	const struct rt_guest *pointers[GUESTS];
	const char *missing[4];
	struct rt_proven proven;
	struct rt_err err, test_failed;
};

static unsigned long long number(const char *text)
{
	return strtoull(text, NULL, 0);
}

static int index_of(const char *const *names, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(names[i], word) == 0)
			return (int)i;
	}
	fprintf(stderr, "replay: no '%s'\n", word);
	exit(2);
}

static unsigned type_of(const char *word)
{
	static const char *const names[] = {
		"leave", "enter", "begin", "end",   "passed", "switch",
		"wake",	 "arm",	  "place", "raise", "send",   "lost",
	};

	return (unsigned)index_of(names, sizeof(names) / sizeof(names[0]),
				  word);
}

static unsigned kind_of(const char *word)
{
	const char *names[RT_NOISE_KINDS];

	for (unsigned i = 0; i < RT_NOISE_KINDS; i++)
		names[i] = rt_noise_kind_name(i);
	return (unsigned)index_of(names, RT_NOISE_KINDS, word);
}

static int event(struct replay *replay, char **words, size_t n)
{
	struct rt_noise_event event = {
		.time = number(words[0]),
		.type = type_of(words[1]),
	};

	for (size_t i = 2; i < n; i++) {
		char *value = strchr(words[i], '=');

		if (!value) {
			event.in_irq |= strcmp(words[i], "irq") == 0;
			event.in_softirq |= strcmp(words[i], "softirq") == 0;
			continue;
		}
		*value++ = '\0';
		if (strcmp(words[i], "cpu") == 0)
			event.cpu = (unsigned)number(value);
		else if (strcmp(words[i], "pid") == 0)
			event.pid = (unsigned)number(value);
		else if (strcmp(words[i], "kind") == 0)
			event.kind = kind_of(value);
		else if (strcmp(words[i], "number") == 0)
			event.number = (unsigned)number(value);
		else if (strcmp(words[i], "target") == 0)
			event.target = (unsigned)number(value);
		else if (strcmp(words[i], "key") == 0)
			event.key = number(value);
		else if (strcmp(words[i], "span") == 0)
			event.span = number(value);
		else if (strcmp(words[i], "name") == 0)
			event.name = value;
		else if (strcmp(words[i], "comm") == 0)
			event.comm = value;
	}
	if (!replay->measured.begun) {
		replay->measured.begun = event.time;
		rt_noise_divide(&replay->measured.noise, event.time, 5000000);
	}
	return rt_noise_take(&replay->measured.noise, &event, &replay->err);
}

static void read_test(struct replay *replay, const char *kind, const char *path)
{
	const char *names[RT_TEST_KINDS];
	struct rt_proof *proof = &replay->proven.proof;
	char text[1 << 15];
	FILE *file = fopen(path, "re");
	size_t n = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

	for (unsigned i = 0; i < RT_TEST_KINDS; i++)
		names[i] = rt_test_name(i);
	proof->kind = (unsigned)index_of(names, RT_TEST_KINDS, kind);
	replay->proven.by = "file";
	replay->proven.command = path;
	if (file)
		fclose(file);
	text[n] = '\0';
	if (rt_test_read(proof->kind, text, &proof->test,
			 &replay->test_failed) < 0)
		proof->test_failed = replay->test_failed.text;
}

static bool prove_line(struct replay *replay, char **words, size_t n)
{
	struct rt_proof *proof = &replay->proven.proof;

	if (strcmp(words[0], "limit") == 0 && n == 3) {
		proof->limit_ns = number(words[1]);
		rt_noise_limit(&replay->measured.noise, proof->limit_ns,
			       strcmp(words[2], "others") == 0);
	} else if (strcmp(words[0], "test") == 0 && n == 3) {
		read_test(replay, words[1], words[2]);
	} else if (strcmp(words[0], "load") == 0) {
		replay->proven.load = words[1];
	} else if (strcmp(words[0], "unfit") == 0) {
		proof->unfit = words[1];
	} else {
		return false;
	}
	return true;
}

static int line(struct replay *replay, char **words, size_t n)
{
	struct rt_measured *measured = &replay->measured;
	struct rt_guest *guest = &replay->guests[measured->n_guests];

	if (strcmp(words[0], "guest") == 0 && n == 3) {
		guest->name = words[1];
		snprintf(guest->uuid, sizeof(guest->uuid), "%s", words[2]);
		replay->pointers[measured->n_guests++] = guest;
		return 0;
	}
	if (strcmp(words[0], "vcpu") == 0 && n == 5) {
		guest = &replay->guests[number(words[1])];
		rt_cpuset_add(&guest->vcpus, (unsigned)number(words[2]));
		guest->nr_vcpus++;
		return rt_noise_add(
			&measured->noise, (unsigned)number(words[1]),
			(unsigned)number(words[2]), (int)number(words[3]),
			(unsigned)number(words[4]), &replay->err);
	}
	if (strcmp(words[0], "service") == 0 && n == 3)
		return rt_noise_add(
			&measured->noise, (unsigned)number(words[1]),
			(unsigned)number(words[2]), -1, 0, &replay->err);
	if (strcmp(words[0], "own") == 0 && n == 3)
		return rt_noise_own(&measured->noise,
				    (unsigned)number(words[1]),
				    (unsigned)number(words[2]), &replay->err);
	if (strcmp(words[0], "missing") == 0 && measured->n_missing < 4)
		replay->missing[measured->n_missing++] = words[1];
	else if (strcmp(words[0], "stopped") == 0)
		measured->stopped = words[1];
	else if (strcmp(words[0], "lost-causes") == 0)
		measured->lost_causes = number(words[1]);
	else if (strcmp(words[0], "end") == 0)
		measured->ended = number(words[1]);
	else if (!prove_line(replay, words, n) && n >= 2)
		return event(replay, words, n);
	return 0;
}

/* Names point into the text, which lives as long. */
static int lines(struct replay *replay, char *text)
{
	char *rest = text, *one;
	int r = 0;

	while (r == 0 && (one = strsep(&rest, "\n"))) {
		char *words[WORDS], *word;
		size_t n = 0;

		while (one && *one != '#' && n < WORDS &&
		       (word = strsep(&one, " "))) {
			if (*word)
				words[n++] = word;
		}
		if (n)
			r = line(replay, words, n);
	}
	return r;
}

/* A verdict's exit status, as kvmrt-prove's. */
static int prove(struct replay *replay, const char *form, struct rt_strbuf *out)
{
	static const int statuses[] = { 0, 1, 4 };
	struct rt_proven *proven = &replay->proven;
	struct rt_proof *proof = &proven->proof;
	const struct rt_measured *measured = &replay->measured;
	int status;

	proven->measured = measured;
	proof->guest = measured->guests[0];
	proof->noise = &measured->noise;
	proof->measured_ns = proof->asked_ns =
		measured->ended - measured->begun;
	proof->lost_causes = measured->lost_causes;
	proof->stopped = measured->stopped;
	snprintf(proven->machine, sizeof(proven->machine), "<machine>");
	snprintf(proven->begun, sizeof(proven->begun), "2026-11-27T22:00:00Z");
	if (rt_proof_judge(proof, &proven->judgement, &replay->err) < 0)
		return 2;
	if (strcmp(form, "proof-json") == 0)
		rt_proven_json(proven, out);
	else if (strcmp(form, "proof-html") == 0)
		rt_proven_html(proven, out);
	else
		rt_proven_show(proven, out);
	status = statuses[proven->judgement.verdict];
	rt_judgement_fini(&proven->judgement);
	rt_test_fini(&proof->test);
	return status;
}

int main(int argc, char **argv)
{
	static struct replay replay;
	static char text[1 << 16];
	struct rt_measured *measured = &replay.measured;
	RT_AUTO_STRBUF out = { 0 };
	int r;

	if (argc != 2)
		return 2;
	(void)!fread(text, 1, sizeof(text) - 1, stdin);
	measured->guests = replay.pointers;
	measured->missing = replay.missing;
	r = lines(&replay, text);
	if (r == 0)
		r = rt_noise_end(&measured->noise, measured->ended,
				 &replay.err);
	if (r < 0)
		return 1;
	r = rt_measured_is_complete(measured) ? 0 : 4;
	if (strncmp(argv[1], "proof", 5) == 0)
		r = prove(&replay, argv[1], &out);
	else if (strcmp(argv[1], "json") == 0)
		rt_measured_json(measured, &out);
	else if (strcmp(argv[1], "svg") == 0)
		rt_measured_svg(measured, &out);
	else
		rt_measured_show(measured, strcmp(argv[1], "verbose") == 0,
				 &out);
	(void)fputs(out.text, stdout);
	rt_noise_fini(&measured->noise);
	return r;
}
