/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * irq-storm.c - interrupts that never rest
 *
 *   irq-storm SECONDS CPUS CPUS IRQ...
 *
 * Places all of them on the first list, then on the second, and so on, a
 * thousand times a second: faster, emulation has no time left for others.
 * Prints how often it has written.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define IRQS_MAX 256

int main(int argc, char **argv)
{
	int fds[IRQS_MAX], n = 0;
	unsigned long written = 0;
	const struct timespec pause = { .tv_nsec = 1000000 };
	time_t end;

	if (argc < 5 || argc - 4 > IRQS_MAX)
		return 2;
	for (int i = 4; i < argc; i++) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/irq/%s/smp_affinity_list",
			 argv[i]);
		fds[n] = open(path, O_WRONLY | O_CLOEXEC);
		if (fds[n] >= 0)
			n++;
	}
	if (!n)
		return 1;
	end = time(NULL) + atol(argv[1]);
	for (int turn = 0; time(NULL) < end; turn = !turn) {
		const char *cpus = argv[2 + turn];

		for (int i = 0; i < n; i++)
			written += write(fds[i], cpus, strlen(cpus)) > 0;
		nanosleep(&pause, NULL);
	}
	printf("%lu\n", written);
	return 0;
}
