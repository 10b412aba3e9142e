/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * noise_svg.c - what kvmrt-noise has measured, as a picture
 *
 * A lane for each CPU: on the left its time line, on which each part of the
 * time has a bar for the longest interruption that began in it, in the colour
 * of its kind and as high as it was long, by logarithm; on the right a histogram
 * of all of them, lengths downwards in the same scale, counts by logarithm.
 */
#include "noise.h"

#include <libxml/tree.h>

#define LEFT	    120
#define WIDTH	    720 /* of the time line */
#define GAP	    20
#define SIDE	    160 /* of the histogram */
#define HEIGHT	    96	/* of a lane */
#define TOP	    60
#define LOWEST	    9 /* 2^9 ns is at the bottom */
#define BUCKET_HIGH 4 /* of 24 buckets: up to 2^33 ns, some 8 s */

static const char *const colours[RT_NOISE_KINDS] = {
	[RT_NOISE_EXIT] = "#9aa5b1",	[RT_NOISE_IRQ] = "#d1495b",
	[RT_NOISE_IPI] = "#edae49",	[RT_NOISE_VECTOR] = "#66a182",
	[RT_NOISE_SOFTIRQ] = "#2e4057", [RT_NOISE_TIMER] = "#00798c",
	[RT_NOISE_WORK] = "#8d5a97",	[RT_NOISE_TASK] = "#b5651d",
	[RT_NOISE_NMI] = "#111111",
};

static void add_text(struct rt_strbuf *out, unsigned x, unsigned y,
		     const char *text)
{
	xmlChar *plain = xmlEncodeSpecialChars(NULL, (const xmlChar *)text);

	rt_strbuf_addf(out, "<text x=\"%u\" y=\"%u\">%s</text>\n", x, y,
		       plain ? (const char *)plain : "");
	xmlFree(plain);
}

static void add_box(struct rt_strbuf *out, double x, double y, double width,
		    double height, const char *colour)
{
	rt_strbuf_addf(out,
		       "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
		       "height=\"%.1f\" fill=\"%s\"/>\n",
		       x, y, width, height, colour);
}

/* The bucket of a time, from the bottom of the scale; 0: below it. */
static unsigned high(unsigned long long ns)
{
	unsigned n = 0;

	while (n < HEIGHT / BUCKET_HIGH && ns >= 1ULL << (LOWEST + n))
		n++;
	return n;
}

static void add_time_line(struct rt_strbuf *out, unsigned top,
			  const struct rt_measured *measured,
			  const struct rt_noise_cpu *cpu)
{
	const double scale =
		(double)WIDTH / (double)(measured->ended - measured->begun + 1);
	const double slot = (double)cpu->slot_ns * scale;

	for (unsigned i = 0; i < RT_NOISE_SLOTS; i++) {
		const struct rt_noise_slot *at = &cpu->slots[i];
		const double tall = high(at->longest) * BUCKET_HIGH;
		const double from = i * slot;
		double width = (double)at->longest * scale;

		if (!at->longest || from >= WIDTH)
			continue;
		width = width < slot ? slot : width;
		width = width > WIDTH - from ? WIDTH - from : width;
		add_box(out, LEFT + from, top + HEIGHT - tall, width, tall,
			colours[at->kind]);
	}
}

static unsigned digits(unsigned long long n)
{
	unsigned bits = 0;

	while (n >> bits && bits < 63)
		bits++;
	return bits;
}

static void add_histogram(struct rt_strbuf *out, unsigned top,
			  const struct rt_noise_cpu *cpu)
{
	for (unsigned b = 0; b < HEIGHT / BUCKET_HIGH; b++) {
		unsigned long long n = 0;

		for (size_t i = 0; i < cpu->n_rows; i++)
			n += cpu->rows[i].times.buckets[b + LOWEST];
		if (n)
			add_box(out, LEFT + WIDTH + GAP,
				top + HEIGHT - (b + 1) * BUCKET_HIGH,
				digits(n) * (SIDE / 24.0), BUCKET_HIGH - 1,
				"#2e4057");
	}
}

/* Lines at 1 us, 32 us, 1 ms, 33 ms and 1 s, across both. */
static void add_scale(struct rt_strbuf *out, unsigned top)
{
	static const struct {
		unsigned bits;
		const char *text;
	} marks[] = { { 10, "1 us" },
		      { 15, "33 us" },
		      { 20, "1 ms" },
		      { 25, "34 ms" },
		      { 30, "1 s" } };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		const unsigned y =
			top + HEIGHT - (marks[i].bits - LOWEST) * BUCKET_HIGH;

		add_box(out, LEFT, y, WIDTH + GAP + SIDE, 0.3, "#888888");
		add_text(out, LEFT - 40, y + 4, marks[i].text);
	}
}

static void add_lane(struct rt_strbuf *out, unsigned top,
		     const struct rt_measured *measured,
		     const struct rt_noise_cpu *cpu)
{
	char text[64];

	add_text(out, 8, top + 24, measured->guests[cpu->guest]->name);
	snprintf(text, sizeof(text), "CPU %u", cpu->cpu);
	add_text(out, 8, top + 40, text);
	snprintf(text, sizeof(text), cpu->vcpu < 0 ? "service" : "vCPU %d",
		 cpu->vcpu);
	add_text(out, 8, top + 56, text);
	add_scale(out, top);
	add_time_line(out, top, measured, cpu);
	add_histogram(out, top, cpu);
}

void rt_measured_svg(const struct rt_measured *measured, struct rt_strbuf *out)
{
	const unsigned width = LEFT + WIDTH + GAP + SIDE + GAP;
	const unsigned height =
		TOP + (unsigned)measured->noise.n * (HEIGHT + GAP);
	char text[96];

	rt_strbuf_addf(out,
		       "<svg xmlns=\"http://www.w3.org/2000/svg\" "
		       "viewBox=\"0 0 %u %u\" font-family=\"sans-serif\" "
		       "font-size=\"11\">\n",
		       width, height);
	add_box(out, 0, 0, width, height, "#ffffff");
	for (unsigned kind = 0; kind < RT_NOISE_KINDS; kind++) {
		add_box(out, LEFT + kind * 80, 12, 10, 10, colours[kind]);
		add_text(out, LEFT + kind * 80 + 14, 21,
			 rt_noise_kind_name(kind));
	}
	snprintf(text, sizeof(text), "%.1f s%s",
		 (double)(measured->ended - measured->begun) / 1e9,
		 rt_measured_is_complete(measured) ? "" : ", INCOMPLETE");
	add_text(out, LEFT, 44, text);
	add_text(out, LEFT + WIDTH + GAP, 44, "how often (1, 2, 4, ...)");
	for (size_t i = 0; i < measured->noise.n; i++)
		add_lane(out, TOP + (unsigned)i * (HEIGHT + GAP), measured,
			 &measured->noise.cpus[i]);
	rt_strbuf_adds(out, "</svg>\n");
}
