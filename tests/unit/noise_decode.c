/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* noise_decode.c - records as kernel 6.12 writes them, made by hand */
#include <event-parse.h>

#include <errno.h>
#include <stdint.h>

#include "../../tools/common/noise_decode.h"
#include "../tap.h"

#define COMMON                                                                 \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n" \
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n" \
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;"      \
	"\tsigned:0;\n"                                                        \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"

#define FORMAT(name, id, fields, print)                                        \
	"name: " name "\nID: " id "\nformat:\n" COMMON fields                  \
	"\nprint fmt: " print "\n"

static const struct {
	const char *group, *text;
} formats[] = {
	{ "kvm",
	  FORMAT("kvm_exit", "10",
		 "\tfield:unsigned int exit_reason;\toffset:8;\tsize:4;"
		 "\tsigned:0;\n"
		 "\tfield:u32 isa;\toffset:12;\tsize:4;\tsigned:0;\n",
		 "\"vcpu 0 reason %s%s%s rip 0x%lx\", (REC->isa == 1) ? "
		 "__print_symbolic(REC->exit_reason & 0xffff, { 12, \"HLT\" }) "
		 ": __print_symbolic(REC->exit_reason, { 0x040 + 14, \"PF "
		 "excp\" }, { 0x060, \"interrupt\" }), \"\", \"\", "
		 "REC->isa") },
	{ "kvm", FORMAT("kvm_entry", "11",
			"\tfield:unsigned int vcpu_id;\toffset:8;\tsize:4;"
			"\tsigned:0;\n",
			"\"vcpu %u\", REC->vcpu_id") },
	{ "sched",
	  FORMAT("sched_switch", "12",
		 "\tfield:char prev_comm[16];\toffset:8;\tsize:16;\tsigned:0;\n"
		 "\tfield:char next_comm[16];\toffset:24;\tsize:16;"
		 "\tsigned:0;\n"
		 "\tfield:pid_t next_pid;\toffset:40;\tsize:4;\tsigned:1;\n"
		 "\tfield:long prev_state;\toffset:48;\tsize:8;"
		 "\tsigned:1;\n",
		 "\"%s\", REC->next_comm") },
	{ "irq", FORMAT("irq_handler_entry", "13",
			"\tfield:int irq;\toffset:8;\tsize:4;\tsigned:1;\n"
			"\tfield:__data_loc char[] name;\toffset:12;\tsize:4;"
			"\tsigned:0;\n",
			"\"irq=%d name=%s\", REC->irq, __get_str(name)") },
	{ "irq",
	  FORMAT("softirq_entry", "14",
		 "\tfield:unsigned int vec;\toffset:8;\tsize:4;\tsigned:0;\n",
		 "\"vec=%u [action=%s]\", REC->vec, "
		 "__print_symbolic(REC->vec, { 7, \"SCHED\" })") },
	{ "csd", FORMAT("csd_queue_cpu", "15",
			"\tfield:unsigned int cpu;\toffset:8;\tsize:4;"
			"\tsigned:0;\n"
			"\tfield:void * func;\toffset:16;\tsize:8;"
			"\tsigned:0;\n",
			"\"cpu=%u\", REC->cpu") },
	{ "ipi", FORMAT("ipi_send_cpu", "16",
			"\tfield:unsigned int cpu;\toffset:8;\tsize:4;"
			"\tsigned:0;\n"
			"\tfield:void * callback;\toffset:16;\tsize:8;"
			"\tsigned:0;\n",
			"\"cpu=%u\", REC->cpu") },
	{ "nmi", FORMAT("nmi_handler", "17",
			"\tfield:void * handler;\toffset:8;\tsize:8;"
			"\tsigned:0;\n"
			"\tfield:s64 delta_ns;\toffset:16;\tsize:8;"
			"\tsigned:1;\n",
			"\"%ps\", REC->handler") },
	/* A kernel in which a field has another name. */
	{ "timer", FORMAT("timer_expire_entry", "18",
			  "\tfield:void * its_timer;\toffset:8;\tsize:8;"
			  "\tsigned:0;\n",
			  "\"%p\", REC->its_timer") },
	/* One that nobody asks for. */
	{ "sched", FORMAT("sched_stat_wait", "19", "", "\"\"") },
};

static struct rt_decoder decoder;
static struct tep_handle *tep;
static struct rt_sys sys;

union data {
	struct {
		uint16_t type;
		uint8_t flags, preempt;
		int32_t pid;
	} common;
	uint32_t words[16];
	uint64_t longs[8];
	char bytes[64];
};

static struct rt_noise_event event;

static int decode(union data *data, unsigned short type, int pid,
		  unsigned char flags)
{
	struct tep_record record = {
		.ts = 1234,
		.cpu = 6,
		.data = data,
		.size = sizeof(*data),
	};
	struct rt_err err = { 0 };

	data->common.type = type;
	data->common.pid = pid;
	data->common.flags = flags;
	memset(&event, 0, sizeof(event));
	return rt_decode(&decoder, &record, &event, &err);
}

static void test_exit(void)
{
	union data data = { .words = { [2] = 0x60, [3] = 2 } };

	is_int(decode(&data, 10, 100, 0), 1, "an exit");
	is_int(event.type, RT_NOISE_LEAVE, "leaves the guest");
	is_int((long long)event.time, 1234, "at that time");
	is_int(event.cpu, 6, "there");
	is_int(event.pid, 100, "in that thread");
	is_str(event.name, "interrupt", "for SVM's reason");
	data.words[2] = 0x4e;
	(void)decode(&data, 10, 100, 0);
	is_str(event.name, "PF excp", "a reason of two words");
	data.words[2] = 12;
	data.words[3] = 1;
	(void)decode(&data, 10, 100, 0);
	is_str(event.name, "HLT", "VMX's reason");
	is_int(decode(&data, 11, 100, 0), 1, "an entry");
	is_int(event.type, RT_NOISE_ENTER, "enters it");
}

static void test_names(void)
{
	union data data = { .words = { [10] = 7 } };

	memcpy(data.bytes + 8, "CPU 0/KVM", 10);
	memcpy(data.bytes + 24, "kworker/6:1", 12);
	is_int(decode(&data, 12, 100, 0), 1, "a switch");
	is_int(event.target, 7, "to that thread");
	is_str(event.name, "kworker/6:1", "of that name");
	is_str(event.comm, "CPU 0/KVM", "from the one that is called so now");
	ok(!event.sleeps, "which would go on");
	data.longs[6] = 0x100;
	(void)decode(&data, 12, 100, 0);
	ok(!event.sleeps, "preempted, it would, too");
	data.longs[6] = 2;
	(void)decode(&data, 12, 100, 0);
	ok(event.sleeps, "now it waits for something");
	data.longs[6] = 0;
	memcpy(data.bytes + 24, "\033[2J\xc2\x9b\0", 7);
	(void)decode(&data, 12, 100, 0);
	is_str(event.name, "?[2J??", "a name that is no plain text");
	memcpy(data.bytes + 24, "kworker/6:1", 12);
	(void)decode(&data, 12, 100, 0);
	memset(&data, 0, sizeof(data));
	data.words[2] = 35;
	data.words[3] = 20 | 6 << 16;
	memcpy(data.bytes + 20, "nvme0", 6);
	is_int(decode(&data, 13, 7, 0x08), 1, "an interrupt");
	is_int(event.number, 35, "its number");
	is_str(event.name, "nvme0", "its name, which is elsewhere");
	ok(event.in_irq && !event.in_softirq, "its context");
	is_str(event.comm, "kworker/6:1",
	       "a thread is known by the switch to it");
	data.words[3] = 62 | 60 << 16;
	(void)decode(&data, 13, 7, 0x10);
	is_str(event.name, "", "a name that leaves the record is none");
	ok(!event.in_irq && event.in_softirq, "the other context");
	memset(&data, 0, sizeof(data));
	data.words[2] = 7;
	is_int(decode(&data, 14, 0, 0), 1, "a softirq");
	is_str(event.name, "SCHED", "its name is the kernel's");
}

static void test_functions(void)
{
	union data data = { .words = { [2] = 8 } };

	data.longs[2] = 0xffffffff81000010ULL;
	is_int(decode(&data, 15, 7, 0), 1, "a call on another CPU");
	is_int(event.target, 8, "which one");
	is_str(event.name, "do_sync_core", "which function");
	is_int(decode(&data, 16, 7, 0), 0,
	       "its IPI says nothing more than the call did");
	data.longs[2] = 0;
	is_int(decode(&data, 16, 7, 0), 1, "an IPI without a function");
	ok(!event.name, "is to reschedule");
	memset(&data, 0, sizeof(data));
	data.longs[1] = 0x1234;
	data.longs[2] = 700;
	is_int(decode(&data, 17, 7, 0), 1, "an NMI");
	is_int((long long)event.span, 700, "how long it took");
	is_str(event.name, "0x1234", "a function without a name");
}

static void test_unknown(void)
{
	union data data = { .words = { 0 } };
	size_t has = 0;

	is_int(decode(&data, 18, 7, 0), 0, "an event without its field");
	is_int(decode(&data, 19, 7, 0), 0, "an event that nobody asked for");
	is_int(decode(&data, 99, 7, 0), 0, "an event without a format");
	for (size_t i = 0; i < rt_trace_n_events; i++)
		has += rt_decoder_has(&decoder, i);
	is_int((long long)has, 8, "the events of this kernel");
}

/* Those that have ended: from what the kernel has saved. */
static char *saved(void)
{
	return strdup("12 dd\n1234567 lab name\n123 sh\n");
}

static void test_comms(void)
{
	struct rt_err err = { 0 };
	const char *name;

	decoder.saved_names = saved;
	is_int(rt_trace_comm(&decoder, 1234567, &name, &err), 0, "asked for");
	is_str(name, "lab name", "a name that was saved");
	is_int(rt_trace_comm(&decoder, 123456, &name, &err), 0, "asked for");
	ok(!name, "one that was not saved is not known");
	is_int(rt_trace_set_comm(&decoder, 123456, "new", &err), 0, "seen");
	is_int(rt_trace_comm(&decoder, 123456, &name, &err), 0, "asked for");
	is_str(name, "new", "the last name counts");
}

int main(void)
{
	struct rt_err err = { 0 };
	char root[] = "/proc/self/fdinfo";

	/* A host without tasks. */
	if (rt_sys_open(root, &sys, &err) < 0)
		ok(false, "%s", err.text);
	tep = tep_alloc();
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		is_int(tep_parse_event(tep, formats[i].text,
				       strlen(formats[i].text),
				       formats[i].group),
		       0, formats[i].group);
	tep_parse_kallsyms(tep, "ffffffff81000010 T do_sync_core\n"
				"ffffffff81000100 T other\n");
	is_int(rt_decoder_init(&decoder, tep, &sys, &err), 0, "it begins");
	test_exit();
	test_names();
	test_functions();
	test_unknown();
	test_comms();
	rt_decoder_fini(&decoder);
	tep_free(tep);
	rt_sys_close(&sys);
	return tap_done();
}
