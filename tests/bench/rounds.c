/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rounds.c - run some commands in turn, many times, and print the medians
 *
 *   rounds N -- LABEL INPUT PROGRAM ARG... [-- LABEL INPUT PROGRAM ARG...]...
 *
 * A B C, A B C, ...: what slows the machine for a while slows all of them. A
 * round of its own comes first and is not counted. INPUT becomes standard
 * input; output and messages go nowhere. Every command must exit with 0.
 *
 * A line for each: LABEL, microseconds from before the start to the end,
 * microseconds of processor time, and thousands of instructions in user mode
 * ("-" where the machine does not count them).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COMMANDS_MAX 16
#define ROUNDS_MAX   100000

enum measure { WALL, CPU, INSTRUCTIONS, N_MEASURES };

struct command {
	const char *label, *input;
	char **argv; /* borrowed from main's, NULL-terminated */
	double *samples[N_MEASURES];
};

static void fail(const char *what, const char *which)
{
	fprintf(stderr, "rounds: %s '%s': %s\n", what, which,
		errno ? strerror(errno) : "failed");
	exit(1);
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Counts in children from their exec on; -1 where there is no counter. */
static int open_counter(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_HW_INSTRUCTIONS,
		.disabled = 1,
		.enable_on_exec = 1,
		.inherit = 1,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};

	return (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1,
			    PERF_FLAG_FD_CLOEXEC);
}

static double read_counter(int counter)
{
	uint64_t value = 0;

	if (counter >= 0 &&
	    read(counter, &value, sizeof(value)) != sizeof(value))
		fail("cannot read", "instruction counter");
	return (double)value;
}

static void spawn(const struct command *command, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, command->input, O_RDONLY,
					 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, 1, 2);
	errno = posix_spawn(ret_pid, command->argv[0], &actions, NULL,
			    command->argv, environ);
	if (errno)
		fail("cannot start", command->argv[0]);
	posix_spawn_file_actions_destroy(&actions);
}

static void run(const struct command *command, int counter,
		double ret[N_MEASURES])
{
	const double before = read_counter(counter), start = now_us();
	struct rusage usage;
	int status;
	pid_t pid;

	spawn(command, &pid);
	while (wait4(pid, &status, 0, &usage) < 0) {
		if (errno != EINTR)
			fail("cannot wait for", command->argv[0]);
	}
	ret[WALL] = now_us() - start;
	ret[CPU] =
		(double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
		(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
	ret[INSTRUCTIONS] = (read_counter(counter) - before) / 1e3;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		errno = 0;
		fail("this command", command->label);
	}
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *samples, size_t n)
{
	qsort(samples, n, sizeof(*samples), compare);
	return n % 2 ? samples[n / 2] :
		       (samples[n / 2 - 1] + samples[n / 2]) / 2;
}

static size_t parse_commands(char **argv, size_t rounds,
			     struct command *commands)
{
	size_t n = 0;

	while (*argv && n < COMMANDS_MAX) {
		struct command *command = &commands[n++];

		if (strcmp(*argv, "--") != 0 || !argv[1] || !argv[2] ||
		    !argv[3] || strcmp(argv[3], "--") == 0)
			return 0;
		command->label = argv[1];
		command->input = argv[2];
		command->argv = argv + 3;
		for (argv += 3; *argv && strcmp(*argv, "--") != 0;)
			argv++;
		for (size_t i = 0; i < N_MEASURES; i++) {
			command->samples[i] = calloc(rounds, sizeof(double));
			if (!command->samples[i])
				fail("no memory for", command->label);
		}
	}
	return *argv ? 0 : n;
}

/* Each "--" ends the argument list before it, now that all are found. */
static void cut_arguments(struct command *commands, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (char **arg = commands[i].argv; *arg; arg++) {
			if (strcmp(*arg, "--") == 0) {
				*arg = NULL;
				break;
			}
		}
	}
}

int main(int argc, char **argv)
{
	struct command commands[COMMANDS_MAX] = { 0 };
	const size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	const int counter = open_counter();
	double sample[N_MEASURES];
	size_t n = 0;

	if (rounds > 0 && rounds <= ROUNDS_MAX)
		n = parse_commands(argv + 2, rounds, commands);
	if (n == 0) {
		fprintf(stderr, "usage: rounds N -- LABEL INPUT PROGRAM ARG... "
				"[-- ...]\n");
		return 2;
	}
	cut_arguments(commands, n);
	for (size_t i = 0; i <= rounds; i++) {
		for (size_t j = 0; j < n; j++) {
			run(&commands[j], counter, sample);
			for (size_t k = 0; i && k < N_MEASURES; k++)
				commands[j].samples[k][i - 1] = sample[k];
		}
	}
	for (size_t j = 0; j < n; j++) {
		double **samples = commands[j].samples;

		printf("%s %.1f %.1f ", commands[j].label,
		       median(samples[WALL], rounds),
		       median(samples[CPU], rounds));
		if (counter >= 0)
			printf("%.1f\n", median(samples[INSTRUCTIONS], rounds));
		else
			printf("-\n");
		for (size_t k = 0; k < N_MEASURES; k++)
			free(samples[k]);
	}
	return 0;
}
