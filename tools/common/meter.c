/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* meter.c - measuring what interrupts guests */
#include "meter.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/reconcile.h"
#include "noise_trace.h"

#define READ_EVERY (50 * 1000000L) /* ns: long before a buffer is full */

static volatile sig_atomic_t interrupted;

static void on_signal(int signal)
{
	interrupted = signal;
}

bool rt_meter_is_interrupted(void)
{
	return interrupted;
}

/* --- whom to measure --- */

static bool is_named(const char *name, const struct rt_guest *guest)
{
	char uuid[RT_UUID_LEN + 1];

	return strcmp(name, guest->name) == 0 ||
	       (rt_uuid_parse(name, uuid) && strcmp(uuid, guest->uuid) == 0);
}

static bool is_measurable(const struct rt_active *active)
{
	return active->guest.rt && active->stage == RT_STAGE_STARTED;
}

/* On record as real-time, and running. */
static const struct rt_active *find(const struct rt_meter *meter,
				    const char *name)
{
	const struct rt_journal *journal = &meter->scanned.journal;

	for (size_t i = 0; i < journal->n_active; i++) {
		if (is_measurable(&journal->active[i]) &&
		    is_named(name, &journal->active[i].guest))
			return &journal->active[i];
	}
	return NULL;
}

static int add_guest(struct rt_meter *meter, const struct rt_active *active,
		     struct rt_err *err)
{
	struct rt_measured *measured = &meter->measured;
	const struct rt_process *process =
		rt_scanned_process(&meter->scanned, active->guest.uuid);
	const unsigned guest = (unsigned)measured->n_guests;
	int vcpu = 0, r = 0;

	if (!process || process->unread)
		return rt_fail(err, 0, "guest '%s': its process: %s",
			       active->guest.name,
			       process ? process->unread : "not found");
	for (size_t i = 0; r == 0 && i < process->threads.n; i++)
		r = rt_noise_own(&measured->noise, guest,
				 process->threads.items[i].tid, err);
	RT_CPUSET_FOREACH(cpu, &active->guest.vcpus)
	{
		unsigned tid = 0;

		for (size_t i = 0; i < process->threads.n; i++) {
			const struct rt_thread *thread =
				&process->threads.items[i];

			if (thread->role == RT_ROLE_VCPU &&
			    thread->vcpu == (unsigned)vcpu)
				tid = thread->tid;
		}
		if (r == 0 && !tid)
			r = rt_fail(err, 0, "guest '%s': vCPU %d has no thread",
				    active->guest.name, vcpu);
		if (r == 0)
			r = rt_noise_add(&measured->noise, guest, (unsigned)cpu,
					 vcpu, tid, err);
		vcpu++;
	}
	RT_CPUSET_FOREACH(cpu, &active->guest.service)
	{
		if (r == 0)
			r = rt_noise_add(&measured->noise, guest, (unsigned)cpu,
					 -1, 0, err);
	}
	meter->active[measured->n_guests] = active;
	measured->guests[measured->n_guests++] = &active->guest;
	return r;
}

static int choose_guests(struct rt_meter *meter, struct rt_err *err)
{
	const struct rt_options *options = meter->options;
	const struct rt_journal *journal = &meter->scanned.journal;
	int r = 0;

	meter->active = calloc(journal->n_active + 1, sizeof(*meter->active));
	meter->measured.guests =
		calloc(journal->n_active + 1, sizeof(*meter->measured.guests));
	if (!meter->active || !meter->measured.guests)
		return rt_fail_memory(err);
	for (size_t i = 0; i < options->n_guests; i++) {
		if (!find(meter, options->guests[i]))
			return rt_fail(err, 0,
				       "no real-time guest '%s' runs; "
				       "kvmrt-stat shows what does",
				       options->guests[i]);
	}
	for (size_t i = 0; r == 0 && i < journal->n_active; i++) {
		const struct rt_active *active = &journal->active[i];
		bool wanted = !options->n_guests;

		for (size_t k = 0; k < options->n_guests; k++)
			wanted |= is_named(options->guests[k], &active->guest);
		if (wanted && is_measurable(active))
			r = add_guest(meter, active, err);
	}
	if (r == 0 && !meter->measured.n_guests)
		return rt_fail(err, 0,
			       "no real-time guest runs, so there is nothing "
			       "to measure");
	return r;
}

int rt_meter_choose(struct rt_meter *meter, struct rt_err *err)
{
	int r;

	if (!meter->loaded.sys.live)
		return rt_fail(err, 0,
			       "a captured host does not run: without --root "
			       "this host is measured");
	if (geteuid() != 0)
		return rt_fail(err, 0,
			       "measuring needs root, for the kernel's "
			       "tracepoints and kvmrt's record");
	r = rt_scan(&meter->loaded, &meter->scanned, err);
	return r < 0 ? r : choose_guests(meter, err);
}

/* --- measuring --- */

struct rt_cpuset rt_meter_housekeeping(const struct rt_meter *meter)
{
	return rt_housekeeping(&meter->scanned.now, &meter->loaded.topo);
}

int rt_meter_place(const struct rt_cpuset *cpus, struct rt_err *err)
{
	const size_t size = CPU_ALLOC_SIZE(RT_CPUS_MAX);
	RT_AUTO_FREE cpu_set_t *set = CPU_ALLOC(RT_CPUS_MAX);

	if (!set)
		return rt_fail_memory(err);
	CPU_ZERO_S(size, set);
	RT_CPUSET_FOREACH(cpu, cpus)
	{
		CPU_SET_S((size_t)cpu, size, set);
	}
	if (sched_setaffinity(0, size, set) < 0)
		return rt_fail(err, errno, "move this program to CPUs %s",
			       rt_cpuset_text(cpus).text);
	return 0;
}

/* A thread that its guest has begun since. */
static int take(void *data, const struct rt_noise_event *event,
		struct rt_err *err)
{
	struct rt_meter *meter = data;
	struct rt_noise *noise = &meter->measured.noise;
	const struct rt_noise_cpu *cpu = rt_noise_find(noise, event->cpu);
	char path[64];

	if (event->type == RT_NOISE_SWITCH && cpu && cpu->vcpu < 0 &&
	    event->target && !rt_noise_knows(noise, event->target)) {
		snprintf(path, sizeof(path), "proc/%u/task/%u",
			 meter->active[cpu->guest]->pid, event->target);
		if (rt_sys_exists(&meter->loaded.sys, path) &&
		    rt_noise_own(noise, cpu->guest, event->target, err) < 0)
			return -err->code;
	}
	return rt_noise_take(noise, event, err);
}

static bool has_ended(struct rt_meter *meter)
{
	for (size_t i = 0; i < meter->measured.n_guests; i++) {
		if (!rt_reconcile_is_alive(&meter->loaded.sys,
					   meter->active[i]))
			return true;
	}
	return false;
}

static bool goes_on(const struct rt_meter *meter, bool time_is_up)
{
	return meter->goes_on ? meter->goes_on(meter->data, time_is_up) :
				!time_is_up;
}

int rt_meter_run(struct rt_meter *meter, struct rt_err *err)
{
	const struct timespec pause = { .tv_nsec = READ_EVERY };
	struct rt_measured *measured = &meter->measured;
	unsigned long long end;
	int r = rt_trace_on(meter->trace, true, err);

	measured->begun = measured->ended = rt_trace_now();
	end = measured->begun + meter->seconds * 1000000000ULL;
	rt_noise_divide(&measured->noise, measured->begun,
			end - measured->begun);
	while (r == 0 && !interrupted &&
	       goes_on(meter, measured->ended >= end)) {
		nanosleep(&pause, NULL);
		r = rt_trace_read(meter->trace, false, take, meter, err);
		if (has_ended(meter)) {
			measured->stopped = "a guest ended meanwhile";
			break;
		}
		measured->ended = rt_trace_now();
	}
	measured->ended = rt_trace_now();
	if (r == 0)
		r = rt_trace_on(meter->trace, false, err);
	if (r == 0)
		r = rt_trace_read(meter->trace, true, take, meter, err);
	if (r == 0)
		r = rt_noise_end(&measured->noise, measured->ended, err);
	measured->lost_causes = rt_trace_lost_causes(meter->trace);
	measured->n_missing =
		rt_trace_missing(meter->trace, &measured->missing);
	return r;
}

int rt_meter_open(struct rt_meter *meter, struct rt_err *err)
{
	const struct sigaction action = { .sa_handler = on_signal };
	const struct rt_cpuset left = rt_meter_housekeeping(meter);
	struct rt_cpuset measured = { 0 };
	int r = rt_meter_place(&left, err);

	for (size_t i = 0; i < meter->measured.noise.n; i++)
		rt_cpuset_add(&measured, meter->measured.noise.cpus[i].cpu);
	/* From here on there is something to remove. */
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	return r < 0 ? r :
		       rt_trace_open(&meter->loaded.sys, &measured,
				     &meter->loaded.topo.present, &meter->trace,
				     err);
}

void rt_meter_close(struct rt_meter *meter)
{
	if (meter->trace)
		rt_trace_close(meter->trace);
	meter->trace = NULL;
}

void rt_meter_fini(struct rt_meter *meter)
{
	rt_noise_fini(&meter->measured.noise);
	rt_scanned_fini(&meter->scanned);
	free(meter->measured.guests);
	free(meter->active);
	rt_load_fini(&meter->loaded);
}
