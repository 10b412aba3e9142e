/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * irq-tug.c - put interrupts onto a CPU and see how long they stay
 *
 *   irq-tug CPU TIMES LIMIT-SECONDS IRQ...
 *
 * The interrupts take turns. Prints "TIMES WORST MEDIAN" in milliseconds, the
 * number of those that went away within the limit first.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TIMES_MAX 1000

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void pause_us(long us)
{
	const struct timespec pause = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&pause, NULL);
}

static int is_on(int fd, const char *cpu)
{
	char text[256];
	const ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return strcmp(text, cpu) == 0;
}

/* Negative when it stays, or cannot be moved there. */
static double tug(const char *irq, const char *cpu, double limit_ms)
{
	char path[64];
	double start, took = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/irq/%s/smp_affinity_list", irq);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -1;
	start = now_ms();
	if (write(fd, cpu, strlen(cpu)) > 0) {
		while (is_on(fd, cpu) && now_ms() - start < limit_ms)
			pause_us(200);
		if (!is_on(fd, cpu))
			took = now_ms() - start;
	}
	close(fd);
	return took;
}

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	double took[TIMES_MAX];
	int n = 0, times;

	if (argc < 5)
		return 2;
	times = atoi(argv[2]);
	if (times < 1 || times > TIMES_MAX)
		return 2;
	for (int i = 0; i < times; i++) {
		const double ms = tug(argv[4 + i % (argc - 4)], argv[1],
				      atof(argv[3]) * 1e3);

		if (ms >= 0)
			took[n++] = ms;
		/* So slow that it is no fight: see FIGHT_TIMES. */
		pause_us(60000000L / 4 / (argc - 4));
	}
	if (!n) {
		puts("0 - -");
		return 1;
	}
	qsort(took, (size_t)n, sizeof(took[0]), by_size);
	printf("%d %.1f %.1f\n", n, took[n - 1], took[n / 2]);
	return 0;
}
