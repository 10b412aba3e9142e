/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* noise.c - events by hand, and the table that comes of them */
#include "core/noise/noise.h"

#include "../tap.h"

/* vCPU 0 of guest 0 on CPU 6, its service CPU 10; vCPU 0 of guest 1 on CPU 2 */
#define VCPU   100
#define WORKER 101 /* guest 0's, on its service CPU */
#define OTHER  200 /* guest 1's vCPU */
#define HELPER 201 /* guest 1's, which is to be elsewhere */
#define TEE    300

static struct rt_noise noise;

static void begin(void)
{
	struct rt_err err = { 0 };
	int r = 0;

	rt_noise_fini(&noise);
	r |= rt_noise_add(&noise, 0, 6, 0, VCPU, &err);
	r |= rt_noise_add(&noise, 0, 10, -1, 0, &err);
	r |= rt_noise_add(&noise, 1, 2, 0, OTHER, &err);
	r |= rt_noise_own(&noise, 0, WORKER, &err);
	r |= rt_noise_own(&noise, 1, HELPER, &err);
	if (r != 0)
		ok(false, "set up: %s", err.text);
}

static void take(struct rt_noise_event event)
{
	struct rt_err err = { 0 };

	if (rt_noise_take(&noise, &event, &err) < 0)
		ok(false, "take: %s", err.text);
}

#define EVENT(when, its_type, ...)                                             \
	take((struct rt_noise_event){ .time = (when),                          \
				      .type = RT_NOISE_##its_type,             \
				      .cpu = 6,                                \
				      .pid = VCPU,                             \
				      __VA_ARGS__ })

/* Overriding .cpu and .pid is what the macro is for. */
#pragma GCC diagnostic ignored "-Woverride-init"

static void end(unsigned long long time)
{
	struct rt_err err = { 0 };

	is_int(rt_noise_end(&noise, time, &err), 0, "it ends");
}

static const struct rt_noise_cpu *cpu_of(unsigned cpu)
{
	return rt_noise_find(&noise, cpu);
}

static const struct rt_noise_row *row_on(unsigned cpu, enum rt_noise_kind kind,
					 const char *name)
{
	static const struct rt_noise_row none;
	const struct rt_noise_cpu *on = cpu_of(cpu);

	for (size_t i = 0; i < on->n_rows; i++) {
		if (on->rows[i].kind == kind && on->rows[i].name &&
		    strcmp(on->rows[i].name, name) == 0)
			return &on->rows[i];
	}
	return &none;
}

static void is_row(enum rt_noise_kind kind, const char *name,
		   unsigned long long count, unsigned long long total,
		   unsigned long long longest)
{
	const struct rt_noise_row *row = row_on(6, kind, name);
	char got[80], want[80];

	snprintf(got, sizeof(got), "%llu times, %llu ns, longest %llu",
		 row->times.count, row->times.total, row->times.longest);
	snprintf(want, sizeof(want), "%llu times, %llu ns, longest %llu", count,
		 total, longest);
	is_str(got, want, name);
}

/* An exit, in it an interrupt, in that a softirq, in that a timer. */
static void test_nested(void)
{
	begin();
	EVENT(1000, ENTER);
	EVENT(2000, LEAVE, .number = 1, .name = "interrupt");
	EVENT(2100, BEGIN, .kind = RT_NOISE_VECTOR, .name = "local_timer");
	EVENT(2200, BEGIN, .kind = RT_NOISE_TIMER, .key = 0xa0, .name = "tick");
	EVENT(2250, RAISE, .number = 1, .in_irq = true);
	EVENT(2300, END, .kind = RT_NOISE_TIMER);
	EVENT(2400, END, .kind = RT_NOISE_VECTOR);
	EVENT(2500, BEGIN, .kind = RT_NOISE_SOFTIRQ, .number = 1,
	      .name = "TIMER");
	EVENT(2600, BEGIN, .kind = RT_NOISE_TIMER, .key = 0xb0, .name = "fn");
	EVENT(3600, END, .kind = RT_NOISE_TIMER);
	EVENT(3700, END, .kind = RT_NOISE_SOFTIRQ, .number = 1);
	EVENT(4000, ENTER);
	end(5000);
	is_row(RT_NOISE_EXIT, "interrupt", 1, 500, 500);
	is_row(RT_NOISE_VECTOR, "local_timer", 1, 200, 200);
	is_row(RT_NOISE_TIMER, "tick", 1, 100, 100);
	is_row(RT_NOISE_SOFTIRQ, "TIMER", 1, 200, 200);
	is_row(RT_NOISE_TIMER, "fn", 1, 1000, 1000);
	is_int((long long)cpu_of(6)->in_guest, 2000, "time in the guest");
	is_int((long long)cpu_of(6)->asleep, 0, "it did not sleep");
	is_int((long long)cpu_of(6)->gaps.times.count, 1, "once outside");
	is_int((long long)cpu_of(6)->gaps.times.longest, 2000, "for 2 us");
	is_int((long long)cpu_of(6)->gaps.worst[0].n_parts, 5, "in five parts");
	is_str(cpu_of(6)->rows[0].name, "fn", "what takes longest is first");
	is_int((long long)cpu_of(6)->rows[0].times.buckets[9], 1,
	       "1000 ns are in the bucket from 512");
	is_int(row_on(6, RT_NOISE_SOFTIRQ, "TIMER")->causes[0].origin,
	       RT_NOISE_BY_INSIDE, "the softirq was raised inside");
	is_str(row_on(6, RT_NOISE_SOFTIRQ, "TIMER")->causes[0].who, "tick",
	       "by the tick");
	ok(!rt_noise_is_complete(&noise), "CPUs without any event are unseen");
}

/* A kworker gets the CPU of a vCPU; its work item sleeps in between. */
static void test_preempted(void)
{
	const struct rt_noise_row *row;

	begin();
	EVENT(1000, ENTER);
	EVENT(1500, PLACE, .cpu = 0, .pid = TEE, .comm = "tee", .key = 0xc0);
	EVENT(1600, WAKE, .cpu = 0, .pid = TEE, .comm = "tee", .target = 7,
	      .name = "kworker/6:1");
	EVENT(2000, LEAVE, .name = "interrupt");
	EVENT(2100, SWITCH, .target = 7, .name = "kworker/6:1");
	EVENT(2200, BEGIN, .pid = 7, .kind = RT_NOISE_WORK, .key = 0xc0,
	      .name = "vmstat_update");
	EVENT(2700, SWITCH, .pid = 7, .target = VCPU, .name = "CPU 0/KVM");
	EVENT(2800, ENTER);
	EVENT(5000, LEAVE, .name = "interrupt");
	EVENT(5100, SWITCH, .target = 7, .name = "kworker/6:1");
	EVENT(5400, END, .pid = 7, .kind = RT_NOISE_WORK);
	EVENT(5500, SWITCH, .pid = 7, .target = VCPU, .name = "CPU 0/KVM");
	EVENT(5600, ENTER);
	end(6000);
	is_row(RT_NOISE_TASK, "kworker/6:1", 2, 200, 100);
	is_row(RT_NOISE_WORK, "vmstat_update", 1, 800, 800);
	is_row(RT_NOISE_EXIT, "interrupt", 2, 400, 200);
	row = row_on(6, RT_NOISE_WORK, "vmstat_update");
	is_int((long long)row->n_causes, 1, "somebody placed the work item");
	is_int(row->causes[0].origin, RT_NOISE_BY_TASK, "a task");
	is_str(row->causes[0].who, "tee", "which is tee");
	is_int(row->causes[0].number, TEE, "with its number");
	row = row_on(6, RT_NOISE_TASK, "kworker/6:1");
	is_int((long long)row->n_causes, 1, "the worker was woken once");
	is_str(row->causes[0].who, "tee", "by tee");
	is_int((long long)row->causes[0].count, 1,
	       "who goes on was not woken again");
	is_int((long long)cpu_of(6)->in_guest, 3600, "time in the guest");
	is_int((long long)cpu_of(6)->gaps.times.count, 2, "twice outside");
	is_int((long long)cpu_of(6)->gaps.times.longest, 800, "800 ns at most");
}

/* The guest halts: sleep is no interruption, what wakes it up is one. */
static void test_idle(void)
{
	begin();
	EVENT(1000, ENTER);
	EVENT(2000, LEAVE, .name = "hlt");
	EVENT(2300, SWITCH, .target = 0, .name = "swapper/6");
	EVENT(9000, BEGIN, .pid = 0, .kind = RT_NOISE_IPI,
	      .number = RT_NOISE_RESCHEDULE, .name = "reschedule");
	EVENT(9100, END, .pid = 0, .kind = RT_NOISE_IPI,
	      .number = RT_NOISE_RESCHEDULE);
	EVENT(9300, SWITCH, .pid = 0, .target = VCPU, .name = "CPU 0/KVM");
	EVENT(9500, ENTER);
	end(10000);
	is_row(RT_NOISE_EXIT, "hlt", 1, 500, 500);
	is_row(RT_NOISE_IPI, "reschedule", 1, 100, 100);
	is_int((long long)row_on(6, RT_NOISE_IPI, "reschedule")->asleep, 1,
	       "while the vCPU slept");
	is_int((long long)cpu_of(6)->asleep, 6900, "sleep");
	is_int((long long)cpu_of(6)->gaps.times.longest, 500,
	       "nor is what happens while the guest waits for something");
	is_int((long long)cpu_of(6)->n_rows, 2, "idle is no task");
}

/* IPIs: by kind, and who sent them to this CPU and to no other. */
static void test_senders(void)
{
	const struct rt_noise_row *row;

	begin();
	EVENT(1000, ENTER);
	EVENT(1500, SEND, .cpu = 0, .pid = TEE, .comm = "tee", .target = 6,
	      .name = "do_sync_core");
	EVENT(1600, SEND, .cpu = 1, .pid = 0, .in_irq = true, .target = 6);
	EVENT(1700, SEND, .cpu = 1, .pid = 301, .comm = "sh", .target = 2,
	      .name = "do_sync_core");
	EVENT(2000, LEAVE, .name = "interrupt");
	EVENT(2100, BEGIN, .kind = RT_NOISE_IPI, .number = 1,
	      .name = "call_function");
	EVENT(2200, END, .kind = RT_NOISE_IPI, .number = 1);
	EVENT(2300, BEGIN, .kind = RT_NOISE_IPI, .number = RT_NOISE_RESCHEDULE,
	      .name = "reschedule");
	EVENT(2400, END, .kind = RT_NOISE_IPI, .number = RT_NOISE_RESCHEDULE);
	EVENT(2500, BEGIN, .kind = RT_NOISE_IPI, .number = 1,
	      .name = "call_function");
	EVENT(2600, END, .kind = RT_NOISE_IPI, .number = 1);
	EVENT(3000, ENTER);
	end(4000);
	row = row_on(6, RT_NOISE_IPI, "call_function");
	is_int((long long)row->times.count, 2, "two calls");
	is_int((long long)row->n_causes, 1, "the sender of one was seen");
	is_str(row->causes[0].who, "tee", "tee sent it");
	is_str(row->causes[0].what, "do_sync_core", "for that function");
	is_int((long long)row->causes[0].count, 1, "once");
	row = row_on(6, RT_NOISE_IPI, "reschedule");
	is_int(row->causes[0].origin, RT_NOISE_BY_IRQ,
	       "an interrupt is no task's deed");
	is_int(row->causes[0].number, 1, "on CPU 1");
}

/* Timers: who armed them; NMIs: their own time, out of what they hit. */
static void test_timers(void)
{
	const struct rt_noise_row *row;

	begin();
	EVENT(1000, ENTER);
	EVENT(2000, LEAVE, .name = "msr");
	EVENT(2050, ARM, .key = 0xd0, .comm = "CPU 0/KVM");
	EVENT(2100, PASSED, .kind = RT_NOISE_NMI, .span = 40, .name = "perf");
	EVENT(2200, ENTER);
	EVENT(3000, LEAVE, .name = "interrupt");
	EVENT(3100, BEGIN, .kind = RT_NOISE_TIMER, .key = 0xd0, .name = "fn");
	EVENT(3200, END, .kind = RT_NOISE_TIMER);
	EVENT(3300, BEGIN, .kind = RT_NOISE_TIMER, .key = 0xe0, .name = "old");
	EVENT(3400, END, .kind = RT_NOISE_TIMER);
	EVENT(3500, ENTER);
	end(4000);
	row = row_on(6, RT_NOISE_TIMER, "fn");
	is_int((long long)row->n_causes, 1, "the timer was armed");
	is_str(row->causes[0].who, "CPU 0/KVM", "by the vCPU itself");
	is_int((long long)row_on(6, RT_NOISE_TIMER, "old")->n_causes, 0,
	       "who armed it before the first event is not known");
	is_row(RT_NOISE_NMI, "perf", 1, 40, 40);
	is_row(RT_NOISE_EXIT, "msr", 1, 160, 160);
}

/* Each guest and each CPU by itself; own threads on the service CPU. */
static void test_guests(void)
{
	begin();
	EVENT(1000, ENTER);
	EVENT(1000, ENTER, .cpu = 2, .pid = OTHER);
	EVENT(1000, SWITCH, .cpu = 10, .pid = 0, .target = WORKER,
	      .name = "vhost");
	EVENT(2000, LEAVE, .cpu = 2, .pid = OTHER, .name = "msr");
	EVENT(2000, SWITCH, .cpu = 10, .pid = WORKER, .target = HELPER,
	      .name = "worker");
	EVENT(2500, SWITCH, .cpu = 10, .pid = HELPER, .target = WORKER,
	      .name = "vhost");
	EVENT(2700, ENTER, .cpu = 2, .pid = OTHER);
	EVENT(3000, SWITCH, .cpu = 10, .pid = WORKER, .target = 0,
	      .name = "swapper/10");
	/* Not measured, so nobody's matter. */
	EVENT(3000, BEGIN, .cpu = 3, .pid = 9, .kind = RT_NOISE_IRQ);
	end(4000);
	is_int((long long)cpu_of(6)->n_rows, 0, "CPU 6 was left alone");
	is_int((long long)cpu_of(6)->in_guest, 3000, "in its guest");
	is_int((long long)cpu_of(2)->in_guest, 2300, "CPU 2 in its own");
	is_int((long long)row_on(2, RT_NOISE_EXIT, "msr")->times.total, 700,
	       "but for an exit");
	is_int((long long)cpu_of(10)->own, 1500, "the worker's time");
	is_int((long long)cpu_of(10)->asleep, 1000, "the service CPU's rest");
	is_int((long long)cpu_of(10)->n_rows, 1, "its worker is no noise");
	is_int((long long)row_on(10, RT_NOISE_TASK, "worker")->times.total, 500,
	       "another guest's thread is");
	ok(rt_noise_is_complete(&noise), "all CPUs were seen");
}

/* A vCPU that is moved in the middle of an exit, and comes back. */
static void test_moved(void)
{
	begin();
	EVENT(1000, ENTER);
	EVENT(2000, LEAVE, .name = "msr");
	EVENT(2100, SWITCH, .target = 0, .name = "swapper/6");
	EVENT(3000, SWITCH, .cpu = 2, .pid = OTHER, .target = VCPU,
	      .name = "CPU 0/KVM");
	EVENT(3100, SWITCH, .cpu = 2, .target = OTHER, .name = "CPU 0/KVM");
	EVENT(4000, SWITCH, .pid = 0, .target = VCPU, .name = "CPU 0/KVM");
	EVENT(4100, ENTER);
	EVENT(5000, LEAVE, .name = "msr");
	EVENT(5100, ENTER);
	end(6000);
	is_row(RT_NOISE_EXIT, "msr", 1, 100, 100);
	is_int((long long)row_on(2, RT_NOISE_TASK, "CPU 0/KVM")->times.total,
	       100, "where it was it is a task");
	is_int((long long)cpu_of(6)->in_guest, 2800, "and in its guest again");
}

/* The guest's own emulator on a vCPU CPU is an interruption as any other. */
static void test_own_on_vcpu(void)
{
	begin();
	EVENT(1000, ENTER);
	EVENT(2000, LEAVE, .name = "interrupt");
	EVENT(2100, SWITCH, .target = WORKER, .name = "vhost");
	EVENT(2400, SWITCH, .pid = WORKER, .target = VCPU, .name = "CPU 0/KVM");
	EVENT(2500, ENTER);
	end(3000);
	is_row(RT_NOISE_TASK, "vhost", 1, 300, 300);
}

/* After a loss nothing that was open is counted, and it is told. */
static void test_lost(void)
{
	begin();
	EVENT(1000, ENTER);
	EVENT(2000, LEAVE, .name = "msr");
	EVENT(2100, BEGIN, .kind = RT_NOISE_IRQ, .number = 35, .name = "nvme");
	EVENT(5000, LOST, .span = 12);
	EVENT(6000, BEGIN, .kind = RT_NOISE_IRQ, .number = 36, .name = "eth");
	EVENT(6100, END, .kind = RT_NOISE_IRQ, .number = 36);
	EVENT(6200, END, .kind = RT_NOISE_IRQ, .number = 35);
	EVENT(6300, ENTER);
	EVENT(7000, LEAVE, .name = "msr");
	EVENT(7100, ENTER);
	end(8000);
	is_row(RT_NOISE_IRQ, "nvme", 0, 0, 0);
	is_row(RT_NOISE_IRQ, "eth", 1, 100, 100);
	is_row(RT_NOISE_EXIT, "msr", 1, 100, 100);
	is_int((long long)cpu_of(6)->gaps.times.longest, 100,
	       "the gap with the loss is not counted");
	is_int((long long)cpu_of(6)->in_guest, 1000 + 700 + 900,
	       "time that was seen");
	is_int((long long)cpu_of(6)->losses, 1, "one loss");
	is_int((long long)cpu_of(6)->lost, 12, "of twelve events");
	ok(!rt_noise_is_complete(&noise), "it is incomplete");
	EVENT(9000, LOST, .cpu = 3);
	is_int((long long)cpu_of(6)->losses, 1,
	       "another CPU's loss is not ours");
}

/* What is open at the end counts up to then: a task that never leaves. */
static void test_open_end(void)
{
	begin();
	EVENT(1000, ENTER);
	EVENT(2000, LEAVE, .name = "interrupt");
	EVENT(2100, SWITCH, .target = 9, .name = "hog");
	EVENT(2500, BEGIN, .pid = 9, .kind = RT_NOISE_VECTOR,
	      .name = "local_timer", .comm = "later");
	EVENT(2600, END, .pid = 9, .kind = RT_NOISE_VECTOR);
	end(12000);
	is_row(RT_NOISE_TASK, "hog", 1, 9800, 9800);
	is_row(RT_NOISE_VECTOR, "local_timer", 1, 100, 100);
}

/* Many causes and many within each other: bounded, and told. */
static void test_many(void)
{
	static const char *const names[] = { "a", "b", "c", "d", "e",
					     "f", "g", "h", "i", "j" };
	const struct rt_noise_row *row;
	unsigned long long time = 1000;

	begin();
	EVENT(time, ENTER);
	for (unsigned i = 0; i < 10; i++) {
		time += 1000;
		EVENT(time, SEND, .cpu = 0, .pid = 500 + i, .comm = names[i],
		      .target = 6, .name = "fn");
		EVENT(time + 100, BEGIN, .kind = RT_NOISE_IPI, .number = 1,
		      .name = "call_function");
		EVENT(time + 200, END, .kind = RT_NOISE_IPI, .number = 1);
	}
	for (unsigned i = 0; i < 40; i++)
		EVENT(time + 300 + i, BEGIN, .kind = RT_NOISE_IRQ, .number = i,
		      .name = "deep");
	for (unsigned i = 40; i > 0; i--)
		EVENT(time + 400, END, .kind = RT_NOISE_IRQ, .number = i - 1);
	EVENT(time + 500, BEGIN, .kind = RT_NOISE_IRQ, .number = 99,
	      .name = "after");
	EVENT(time + 600, END, .kind = RT_NOISE_IRQ, .number = 99);
	end(time + 1000);
	row = row_on(6, RT_NOISE_IPI, "call_function");
	is_int((long long)row->n_causes, RT_NOISE_CAUSES, "causes have room");
	is_int((long long)row->other_causes, 2, "the others are counted");
	is_row(RT_NOISE_IRQ, "after", 1, 100, 100);
}

/* A task is called what it is called when it leaves the CPU. */
static void test_renamed(void)
{
	begin();
	EVENT(1000, ENTER);
	EVENT(2000, LEAVE, .name = "interrupt");
	EVENT(2100, SWITCH, .target = 9, .name = "sh");
	EVENT(2200, BEGIN, .pid = 9, .kind = RT_NOISE_VECTOR,
	      .name = "local_timer", .comm = "later");
	EVENT(2300, END, .pid = 9, .kind = RT_NOISE_VECTOR, .comm = "later");
	EVENT(2400, SWITCH, .pid = 9, .comm = "dd", .target = VCPU,
	      .name = "CPU 0/KVM");
	EVENT(2500, ENTER);
	end(3000);
	is_row(RT_NOISE_TASK, "dd", 1, 200, 200);
}

/* One name, several tasks: one cause. */
static void test_same_name(void)
{
	const struct rt_noise_row *row;

	begin();
	EVENT(1000, ENTER);
	for (unsigned i = 0; i < 3; i++) {
		EVENT(2000 + i * 100, SEND, .cpu = 0, .pid = 500 + i,
		      .comm = "sh", .target = 6, .name = "fn");
		EVENT(2050 + i * 100, BEGIN, .kind = RT_NOISE_IPI, .number = 2,
		      .name = "call");
		EVENT(2060 + i * 100, END, .kind = RT_NOISE_IPI, .number = 2);
	}
	end(3000);
	row = row_on(6, RT_NOISE_IPI, "call");
	is_int((long long)row->n_causes, 1, "one cause");
	is_int((long long)row->causes[0].count, 3, "three times");
	ok(row->causes[0].several, "by several tasks");
}

/* A guest that waits is not kept from running until somebody wakes it up. */
static void test_woken(void)
{
	const struct rt_noise_gap *gap;

	begin();
	EVENT(1000, ENTER);
	EVENT(2000, LEAVE, .name = "hlt");
	EVENT(2300, SWITCH, .target = 9, .name = "hog", .sleeps = true);
	EVENT(5000, WAKE, .cpu = 0, .pid = TEE, .comm = "tee", .target = VCPU);
	EVENT(6000, SWITCH, .pid = 9, .target = 0, .name = "swapper/6");
	EVENT(6500, SWITCH, .pid = 0, .target = VCPU, .name = "CPU 0/KVM");
	EVENT(7000, ENTER);
	end(8000);
	gap = &cpu_of(6)->gaps.worst[0];
	is_int((long long)gap->ns, 300 + 1000 + 500 + 500,
	       "before it waited, and from its waking on");
	is_int((long long)gap->own, 300 + 500, "of that the exit itself");
	is_int((long long)gap->n_parts, 2, "an exit and a task");
	is_str(cpu_of(6)->rows[gap->parts[0].row].name, "hog",
	       "the task is longest");
	is_int((long long)gap->parts[0].ns, 1000,
	       "without its time before the guest was woken up");
	is_row(RT_NOISE_TASK, "hog", 1, 3700, 3700);
}

/* Woken on its own CPU, by a timer, while that CPU is idle. */
static void test_woken_here(void)
{
	begin();
	EVENT(1000, ENTER);
	/* As VMX calls it. */
	EVENT(2000, LEAVE, .name = "HLT");
	EVENT(2300, SWITCH, .target = 0, .name = "swapper/6", .sleeps = true);
	EVENT(9000, BEGIN, .pid = 0, .kind = RT_NOISE_TIMER, .name = "fn");
	EVENT(9030, WAKE, .pid = 0, .target = VCPU);
	EVENT(9100, END, .pid = 0, .kind = RT_NOISE_TIMER);
	EVENT(9300, SWITCH, .pid = 0, .target = VCPU, .name = "CPU 0/KVM");
	EVENT(9500, ENTER);
	end(10000);
	is_int((long long)cpu_of(6)->gaps.times.longest, 300 + 470,
	       "from its waking on, also in the idle loop");
	is_int((long long)cpu_of(6)->gaps.worst[0].n_parts, 2, "two parts");
	is_int((long long)cpu_of(6)->gaps.worst[0].parts[1].ns, 70,
	       "the timer since it woke the guest");
}

/* A vCPU that waits for QEMU has not halted: its guest would go on. */
static void test_waiting_for_host(void)
{
	const struct rt_noise_gap *gap;

	begin();
	EVENT(1000, ENTER);
	EVENT(2000, LEAVE, .name = "io");
	EVENT(2300, SWITCH, .target = 0, .name = "swapper/6", .sleeps = true);
	EVENT(6000, WAKE, .cpu = 0, .pid = TEE, .target = VCPU);
	EVENT(6100, SWITCH, .pid = 0, .target = VCPU, .name = "CPU 0/KVM");
	EVENT(6500, ENTER);
	end(8000);
	gap = &cpu_of(6)->gaps.worst[0];
	is_int((long long)gap->ns, 4500, "all of it is out of the guest");
	is_int((long long)gap->own, 4400, "for what the guest asked for");
	is_int((long long)gap->parts[0].ns, 4400, "in that exit");
	is_row(RT_NOISE_EXIT, "io", 1, 700, 700);
}

/* The longest times out of the guest, what each consisted of, and by whom. */
static void test_worst(void)
{
	const struct rt_noise_gaps *gaps;

	for (unsigned others = 0; others < 2; others++) {
		begin();
		rt_noise_limit(&noise, 300, others);
		EVENT(1000, ENTER);
		/* The guest's own doing: 900 long. */
		EVENT(2000, LEAVE, .name = "io");
		EVENT(2900, ENTER);
		for (unsigned i = 0; i < 40; i++) {
			const unsigned at = 10000 + i * 1000;

			EVENT(at, SEND, .cpu = 0, .pid = TEE, .comm = "tee",
			      .target = 6, .name = "fn");
			EVENT(at, LEAVE, .name = "interrupt");
			EVENT(at, BEGIN, .kind = RT_NOISE_IPI, .number = 1,
			      .name = "call");
			EVENT(at + 100 + i * 10, END, .kind = RT_NOISE_IPI,
			      .number = 1);
			EVENT(at + 200 + i * 10, ENTER);
		}
		end(60000);
		gaps = &cpu_of(6)->gaps;
		is_int((long long)gaps->times.count, 41, "all are counted");
		is_int((long long)gaps->n_worst, RT_NOISE_WORST,
		       "the worst are kept");
		is_int((long long)gaps->over, others ? 19 : 30,
		       "so many are over the limit");
		is_int((long long)gaps->worst[0].ns, others ? 590 : 900,
		       "the longest is first");
		is_int((long long)gaps->worst[1].ns, others ? 580 : 590,
		       "then the next one");
		is_int((long long)gaps->worst[1].begun, others ? 48000 : 49000,
		       "when it was");
		is_str(cpu_of(6)->rows[gaps->worst[1].parts[0].row].name,
		       "call", "what it was");
		is_str(gaps->worst[1].parts[0].cause.who, "tee",
		       "who caused it");
	}
}

/* Nobody may hide behind the end of the time. */
static void test_kept_out(void)
{
	begin();
	EVENT(1000, ENTER);
	EVENT(2000, LEAVE, .name = "interrupt");
	EVENT(2100, SWITCH, .target = 9, .name = "hog");
	end(12000);
	is_int((long long)cpu_of(6)->gaps.times.longest, 10000,
	       "a guest that is kept out until the end");
	is_str(cpu_of(6)->rows[cpu_of(6)->gaps.worst[0].parts[0].row].name,
	       "hog", "by whom");
}

int main(void)
{
	test_woken();
	test_woken_here();
	test_waiting_for_host();
	test_worst();
	test_kept_out();
	test_nested();
	test_preempted();
	test_idle();
	test_senders();
	test_timers();
	test_guests();
	test_moved();
	test_own_on_vcpu();
	test_lost();
	test_open_end();
	test_many();
	test_renamed();
	test_same_name();
	rt_noise_fini(&noise);
	return tap_done();
}
