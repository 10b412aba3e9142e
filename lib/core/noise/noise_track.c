/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* noise_track.c - the CPUs and threads that are followed */
#include <errno.h>

#include "core/base/strbuf.h"
#include "noise_track.h"

struct rt_noise_cpu *rt_noise_find(const struct rt_noise *noise, unsigned cpu)
{
	for (size_t i = 0; i < noise->n; i++) {
		if (noise->cpus[i].cpu == cpu)
			return &noise->cpus[i];
	}
	return NULL;
}

/* The place of a thread, or where it belongs. */
static size_t place_of(const struct rt_noise *noise, unsigned tid)
{
	size_t low = 0, high = noise->n_tasks;

	while (low < high) {
		const size_t middle = (low + high) / 2;

		if (noise->tasks[middle]->tid < tid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool rt_noise_knows(const struct rt_noise *noise, unsigned tid)
{
	const size_t at = place_of(noise, tid);

	return at < noise->n_tasks && noise->tasks[at]->tid == tid;
}

struct rt_noise_task *rt_noise_task(struct rt_noise *noise, unsigned tid,
				    struct rt_err *err)
{
	const size_t at = place_of(noise, tid);
	struct rt_noise_task *task;

	if (at < noise->n_tasks && noise->tasks[at]->tid == tid)
		return noise->tasks[at];
	task = calloc(1, sizeof(*task));
	if (!task || !rt_grow(&noise->tasks, noise->n_tasks, &noise->size_tasks,
			      sizeof(struct rt_noise_task *))) {
		free(task);
		(void)rt_fail_memory(err);
		return NULL;
	}
	memmove(&noise->tasks[at + 1], &noise->tasks[at],
		(noise->n_tasks - at) * sizeof(struct rt_noise_task *));
	noise->n_tasks++;
	noise->tasks[at] = task;
	task->tid = tid;
	task->guest = task->cpu = -1;
	return task;
}

/* Whose turn it is there; every CPU has an idle task, all of number 0. */
struct rt_noise_task *rt_noise_current(struct rt_noise *noise,
				       struct rt_noise_cpu *cpu,
				       struct rt_err *err)
{
	struct rt_noise_task *task;

	if (!cpu->track->current)
		return &cpu->track->idle;
	task = rt_noise_task(noise, cpu->track->current, err);
	if (!task || task->cpu == (int)cpu->cpu)
		return task;
	/* What it began elsewhere is in the table of another CPU. */
	task->cpu = (int)cpu->cpu;
	task->n = 0;
	task->in_guest = false;
	return task;
}

int rt_noise_add(struct rt_noise *noise, unsigned guest, unsigned cpu, int vcpu,
		 unsigned tid, struct rt_err *err)
{
	struct rt_noise_cpu *added;

	if (!noise->origins)
		noise->origins = calloc(1, sizeof(*noise->origins));
	if (!noise->origins || !rt_grow(&noise->cpus, noise->n, &noise->size,
					sizeof(*noise->cpus)))
		return rt_fail_memory(err);
	added = &noise->cpus[noise->n];
	*added = (struct rt_noise_cpu){
		.cpu = cpu,
		.guest = guest,
		.vcpu = vcpu,
		.tid = vcpu < 0 ? 0 : tid,
		.track = calloc(1, sizeof(*added->track)),
	};
	if (!added->track)
		return rt_fail_memory(err);
	noise->n++;
	return vcpu < 0 ? 0 : rt_noise_own(noise, guest, tid, err);
}

int rt_noise_own(struct rt_noise *noise, unsigned guest, unsigned tid,
		 struct rt_err *err)
{
	struct rt_noise_task *task = rt_noise_task(noise, tid, err);

	if (!task)
		return -err->code;
	task->guest = (int)guest;
	return 0;
}

void rt_noise_fini(struct rt_noise *noise)
{
	for (size_t i = 0; i < noise->n; i++) {
		free(noise->cpus[i].rows);
		free(noise->cpus[i].track);
	}
	for (size_t i = 0; i < noise->n_tasks; i++)
		free(noise->tasks[i]);
	free(noise->cpus);
	free(noise->tasks);
	free(noise->origins);
	memset(noise, 0, sizeof(*noise));
}
