/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * crowd.c - a process that is hard to look at
 *
 *   crowd groups N    has N supplementary groups
 *   crowd threads N   has N threads more, each bound to a CPU or two
 *
 * Says "ready" and stays until it is killed.
 */
#define _GNU_SOURCE
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GROUPS_MAX  65536
#define FIRST_GROUP 100000
#define STACK_BYTES (64 * 1024)

static int have_groups(size_t n)
{
	static gid_t groups[GROUPS_MAX];

	if (n > GROUPS_MAX)
		return -1;
	for (size_t i = 0; i < n; i++)
		groups[i] = (gid_t)(FIRST_GROUP + i);
	return setgroups(n, groups);
}

static void *stay(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

/* One CPU; every fourth thread has its neighbour's, too. */
static int bind_thread(pthread_t thread, long i, long n_cpus)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET((size_t)(i % n_cpus), &cpus);
	if (i % 4 == 3)
		CPU_SET((size_t)((i + 1) % n_cpus), &cpus);
	return pthread_setaffinity_np(thread, sizeof(cpus), &cpus);
}

static int have_threads(long n)
{
	const long n_cpus = sysconf(_SC_NPROCESSORS_CONF);
	pthread_attr_t small;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, STACK_BYTES);
	for (long i = 0; i < n; i++) {
		pthread_t thread;

		if (pthread_create(&thread, &small, stay, NULL) ||
		    bind_thread(thread, i, n_cpus))
			return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	long n;
	int r;

	if (argc != 3)
		return 2;
	n = atol(argv[2]);
	if (n < 1)
		return 2;
	r = strcmp(argv[1], "groups") == 0 ? have_groups((size_t)n) :
					     have_threads(n);
	if (r) {
		perror(argv[1]);
		return 1;
	}
	puts("ready");
	fflush(stdout);
	stay(NULL);
}
