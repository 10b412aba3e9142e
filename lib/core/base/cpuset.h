/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cpuset.h - a set of CPUs as a value
 *
 * As many CPUs as libvirt takes (VIR_DOMAIN_CPUMASK_LEN), twice what the kernel
 * can be built for on x86. The set is a plain value: algebra cannot fail,
 * nothing is freed, zeroed memory is the empty set. Numbers are the kernel's.
 * NUMA node sets are the same type.
 *
 * Two texts exist. A list is "0-3,8"; a mask is comma-separated 32-bit
 * hexadecimal words, highest first, as in /proc/irq/default_smp_affinity.
 */
#ifndef RT_CPUSET_H
#define RT_CPUSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define RT_CPUS_MAX	16384
#define RT_CPUSET_WORDS (RT_CPUS_MAX / 64)

/* Room for any list: every second CPU, six bytes each. */
#define RT_CPULIST_MAX (RT_CPUS_MAX / 2 * 6)

/*
 * The words from `used` on are zero, and nobody reads them: what a set costs
 * depends on its highest CPU, not on RT_CPUS_MAX.
 */
struct rt_cpuset {
	unsigned used;
	uint64_t words[RT_CPUSET_WORDS];
};

/* Out-of-range numbers are never members; adding one is a programming error. */
void rt_cpuset_add(struct rt_cpuset *set, unsigned cpu);
void rt_cpuset_add_range(struct rt_cpuset *set, unsigned low, unsigned high);
void rt_cpuset_remove(struct rt_cpuset *set, unsigned cpu);
bool rt_cpuset_has(const struct rt_cpuset *set, unsigned cpu);
void rt_cpuset_clear(struct rt_cpuset *set);

/* In place: *set = *set OP *other. */
void rt_cpuset_or(struct rt_cpuset *set, const struct rt_cpuset *other);
void rt_cpuset_and(struct rt_cpuset *set, const struct rt_cpuset *other);
void rt_cpuset_minus(struct rt_cpuset *set, const struct rt_cpuset *other);

bool rt_cpuset_is_empty(const struct rt_cpuset *set);
bool rt_cpuset_is_equal(const struct rt_cpuset *a, const struct rt_cpuset *b);
bool rt_cpuset_is_subset(const struct rt_cpuset *a, const struct rt_cpuset *b);
bool rt_cpuset_intersects(const struct rt_cpuset *a, const struct rt_cpuset *b);
unsigned rt_cpuset_count(const struct rt_cpuset *set);

/* The member that follows cpu, or -1. rt_cpuset_next(set, -1) is the first. */
int rt_cpuset_next(const struct rt_cpuset *set, int cpu);
int rt_cpuset_first(const struct rt_cpuset *set);
int rt_cpuset_last(const struct rt_cpuset *set);
/* The n-th member counted from 0, or -1. */
int rt_cpuset_nth(const struct rt_cpuset *set, unsigned n);

/* for (int cpu = ...): over all members in ascending order. */
#define RT_CPUSET_FOREACH(cpu, set)                                            \
	for (int cpu = rt_cpuset_first(set); cpu >= 0;                         \
	     cpu = rt_cpuset_next(set, cpu))

/*
 * The kernel's list text to a set. Blanks and a newline at the ends are
 * allowed, an empty text is the empty set. The error points at the character.
 */
int rt_cpuset_parse_list(const char *text, struct rt_cpuset *ret_set,
			 struct rt_err *err);
/* The kernel's mask text to a set; as rt_cpuset_parse_list. */
int rt_cpuset_parse_mask(const char *text, struct rt_cpuset *ret_set,
			 struct rt_err *err);

/*
 * The set as the kernel prints it, into buf (cut if size is too small; the
 * length it would have had is returned, as snprintf does).
 */
size_t rt_cpuset_format_list(const struct rt_cpuset *set, char *buf,
			     size_t size);
/* As a mask of at least `width` bits (0: as many words as needed). */
size_t rt_cpuset_format_mask(const struct rt_cpuset *set, unsigned width,
			     char *buf, size_t size);

/* A short text for messages: the list, cut with "..." after 200 bytes. */
struct rt_cpulist {
	char text[208];
};
struct rt_cpulist rt_cpuset_text(const struct rt_cpuset *set);

#endif
