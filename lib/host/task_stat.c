/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* task_stat.c - one task: its stat line, whether it lives, its cgroup */
#include "task_stat.h"

#include <errno.h>
#include <limits.h>

#include "core/base/text.h"
#include "probe.h"

/* Past n blank-separated fields, to the next one; NULL: there are fewer. */
static const char *skip_fields(const char *p, unsigned n)
{
	for (;;) {
		while (*p == ' ')
			p++;
		if (!*p || !n--)
			return *p ? p : NULL;
		while (*p && *p != ' ')
			p++;
	}
}

const char *rt_stat_field(const char *text, unsigned n)
{
	const char *name_end = strrchr(text, ')');

	return name_end ? skip_fields(name_end + 1, n - 3) : NULL;
}

/* The number that a field begins with. */
static bool parse_number(const char *p, unsigned long long *ret)
{
	unsigned long long number = 0;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++)
		number = number * 10 + (unsigned)(*p - '0');
	*ret = number;
	return true;
}

/*
 * The name may hold blanks and parentheses: it ends at the last one. Fields
 * are counted as in proc_pid_stat(5). Not with sscanf: there are thousands.
 */
int rt_stat_parse(const char *text, struct rt_stat_line *ret,
		  struct rt_err *err)
{
	const char *begin = strchr(text, '('), *end = strrchr(text, ')');
	const char *state =
		begin && end > begin ? skip_fields(end + 1, 0) : NULL;
	const char *flags = state ? skip_fields(state, 9 - 3) : NULL;
	const char *threads = flags ? skip_fields(flags, 20 - 9) : NULL;
	const char *start = threads ? skip_fields(threads, 22 - 20) : NULL;
	const char *cpu = start ? skip_fields(start, 39 - 22) : NULL;
	const char *priority = cpu ? skip_fields(cpu, 1) : NULL;
	const char *policy = priority ? skip_fields(priority, 1) : NULL;
	struct rt_stat_line line = { .comm = "", .last_cpu = -1 };
	unsigned long long number_of_flags, number_of_threads, class, number;
	size_t len;

	if (!start || !parse_number(flags, &number_of_flags) ||
	    !parse_number(threads, &number_of_threads) ||
	    !parse_number(start, &line.start))
		return rt_fail(err, 0, "'%.60s' is not a stat line", text);
	if (cpu && parse_number(cpu, &number) && number < RT_CPUS_MAX)
		line.last_cpu = (int)number;
	line.has_policy = policy && parse_number(priority, &number) &&
			  parse_number(policy, &class);
	if (line.has_policy) {
		line.priority = (unsigned)number;
		line.policy = (unsigned)class;
	}
	line.flags = (unsigned)number_of_flags;
	line.threads = (long)number_of_threads;
	len = (size_t)(end - begin - 1);
	rt_copy_plain(line.comm, sizeof(line.comm), begin + 1, len);
	*ret = line;
	return 0;
}

int rt_stat_read(struct rt_sys *sys, unsigned pid, unsigned tid,
		 struct rt_stat_line *ret, struct rt_err *err)
{
	char text[2048];
	int r = rt_sys_read_task(sys, pid, tid, "stat", text, sizeof(text),
				 err);

	return r < 0 ? r : rt_stat_parse(text, ret, err);
}

int rt_task_start(struct rt_sys *sys, unsigned pid, unsigned tid,
		  unsigned long long *ret_start, struct rt_err *err)
{
	struct rt_stat_line line;
	int r = rt_stat_read(sys, pid, tid, &line, err);

	if (r == -ESRCH)
		return rt_fail(err, ENOENT, "cannot find thread %u", tid);
	if (r == 0)
		*ret_start = line.start;
	return r;
}

enum rt_life rt_task_life(struct rt_sys *sys, unsigned pid,
			  unsigned long long start, struct rt_err *ret_why)
{
	struct rt_stat_line line;
	int r = rt_stat_read(sys, pid, pid, &line, ret_why);

	if (r == -ESRCH)
		return RT_LIFE_DEAD;
	if (r < 0)
		return RT_LIFE_UNSEEN;
	return line.start == start && !(line.flags & PF_EXITING) ?
		       RT_LIFE_ALIVE :
		       RT_LIFE_DEAD;
}

/*
 * The path in the line "0::/PATH" of a cgroup file, which is cut after it.
 * NULL: a host without cgroup2, a cgroup that is outside of what our namespace
 * shows ("0::/../..."), or one that is gone.
 */
static char *find_cgroup(char *text)
{
	static const char gone[] = " (deleted)";
	char *line = text;
	size_t len;

	while (strncmp(line, "0::/", 4) != 0) {
		line = strchr(line, '\n');
		if (!line)
			return NULL;
		line++;
	}
	line += 4;
	len = strcspn(line, "\n");
	line[len] = '\0';
	if ((strncmp(line, "..", 2) == 0 && (!line[2] || line[2] == '/')) ||
	    (len >= strlen(gone) &&
	     strcmp(line + len - strlen(gone), gone) == 0))
		return NULL;
	return line;
}

int rt_task_cgroup(struct rt_sys *sys, unsigned pid, unsigned tid,
		   char **ret_path, struct rt_err *err)
{
	char text[PATH_MAX + 64];
	RT_AUTO_FREE char *longer = NULL;
	const char *path = NULL;
	int r = rt_sys_read_task_all(sys, pid, tid, "cgroup", text,
				     sizeof(text), &longer, err);

	if (r < 0)
		return r;
	path = find_cgroup(longer ? longer : text);
	*ret_path = path ? strdup(path) : NULL;
	return path && !*ret_path ? rt_fail_memory(err) : 0;
}
