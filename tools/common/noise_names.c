/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* noise_names.c - each name once, and the names of tasks */
#include "noise_decode.h"

#include "core/base/text.h"

struct rt_trace_comm {
	unsigned pid;
	const char *name; /* NULL: it ended before it could be asked */
};

void rt_trace_names_fini(struct rt_trace_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->items[i]);
	free(names->items);
	memset(names, 0, sizeof(*names));
}

const char *rt_trace_name(struct rt_trace_names *names, const char *text,
			  struct rt_err *err)
{
	size_t low = 0, high = names->n;
	char plain[128], *copy;

	rt_copy_plain(plain, sizeof(plain), text, strlen(text));
	while (low < high) {
		const size_t middle = (low + high) / 2;
		const int order = strcmp(names->items[middle], plain);

		if (order == 0)
			return names->items[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	copy = strdup(plain);
	if (!copy ||
	    !rt_grow(&names->items, names->n, &names->size, sizeof(char *))) {
		free(copy);
		(void)rt_fail_memory(err);
		return NULL;
	}
	memmove(&names->items[low + 1], &names->items[low],
		(names->n - low) * sizeof(char *));
	names->n++;
	names->items[low] = copy;
	return copy;
}

static size_t comm_place(const struct rt_decoder *decoder, unsigned pid)
{
	size_t low = 0, high = decoder->n_comms;

	while (low < high) {
		const size_t middle = (low + high) / 2;

		if (decoder->comms[middle].pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int rt_trace_set_comm(struct rt_decoder *decoder, unsigned pid,
		      const char *name, struct rt_err *err)
{
	const size_t at = comm_place(decoder, pid);

	if (at == decoder->n_comms || decoder->comms[at].pid != pid) {
		if (!rt_grow(&decoder->comms, decoder->n_comms,
			     &decoder->size_comms, sizeof(*decoder->comms)))
			return rt_fail_memory(err);
		memmove(&decoder->comms[at + 1], &decoder->comms[at],
			(decoder->n_comms - at) * sizeof(*decoder->comms));
		decoder->n_comms++;
	}
	decoder->comms[at] = (struct rt_trace_comm){ .pid = pid, .name = name };
	return 0;
}

/* "PID NAME" lines, of tasks that were recorded lately. */
static bool find_saved(const char *saved, unsigned pid, char *text, size_t size)
{
	char start[24];
	const int len = snprintf(start, sizeof(start), "%u ", pid);

	for (const char *line = saved; line && *line;) {
		const char *end = strchrnul(line, '\n');

		if (strncmp(line, start, (size_t)len) == 0) {
			snprintf(text, size, "%.*s", (int)(end - line - len),
				 line + len);
			return true;
		}
		line = *end ? end + 1 : end;
	}
	return false;
}

int rt_trace_comm(struct rt_decoder *decoder, unsigned pid,
		  const char **ret_name, struct rt_err *err)
{
	const size_t at = comm_place(decoder, pid);
	struct rt_err ignored;
	char path[64], text[64];
	bool found;

	if (at < decoder->n_comms && decoder->comms[at].pid == pid) {
		*ret_name = decoder->comms[at].name;
		return 0;
	}
	snprintf(path, sizeof(path), "proc/%u/comm", pid);
	found = rt_sys_read(decoder->sys, path, text, sizeof(text), &ignored) ==
		0;
	if (!found && decoder->saved_names) {
		RT_AUTO_FREE char *saved = decoder->saved_names();

		found = find_saved(saved, pid, text, sizeof(text));
	}
	*ret_name = NULL;
	if (found) {
		*ret_name = rt_trace_name(&decoder->names, text, err);
		if (!*ret_name)
			return -err->code;
	}
	return rt_trace_set_comm(decoder, pid, *ret_name, err);
}
