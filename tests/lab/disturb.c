/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * disturb.c - a task that wants the CPU a known number of times
 *
 *   disturb NAME fair|fifo CPU CGROUP N MS
 *
 * Joins the cgroup (its cgroup.procs), goes to CPU, calls itself NAME, and N
 * times computes for MS ms (0: not at all) and sleeps for 20 ms.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

int main(int argc, char **argv)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	const struct sched_param priority = { .sched_priority = 10 };
	cpu_set_t set;
	FILE *procs;

	if (argc != 7)
		return 2;
	procs = fopen(argv[4], "we");
	if (!procs || fputs("0\n", procs) < 0 || fclose(procs) != 0) {
		perror(argv[4]);
		return 1;
	}
	CPU_ZERO(&set);
	CPU_SET(strtoul(argv[3], NULL, 10), &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0) {
		perror("sched_setaffinity");
		return 1;
	}
	if (strcmp(argv[2], "fifo") == 0 &&
	    sched_setscheduler(0, SCHED_FIFO, &priority) != 0) {
		perror("sched_setscheduler");
		return 1;
	}
	/* Not before it is there: until then it may be anywhere in the group. */
	prctl(PR_SET_NAME, argv[1]);
	for (long i = strtol(argv[5], NULL, 10); i > 0; i--) {
		const long long until =
			now_ns() + strtol(argv[6], NULL, 10) * 1000000LL;

		while (now_ns() < until)
			;
		nanosleep(&pause, NULL);
	}
	return 0;
}
