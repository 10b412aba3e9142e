/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * slow.c - what the kernel does at one of its events takes longer on one CPU
 *
 *   slow CPU MS GROUP/EVENT [OFFSET VALUE]
 *
 * Until it is ended: a BPF program at that tracepoint computes for MS ms on
 * CPU, if the field at OFFSET of the event (in its format) is VALUE. A handler,
 * a timer's function or a work item that emulation cannot tell from its own
 * unevenness becomes one that nobody can overlook. To check the program takes the
 * kernel a minute in emulation: it says "loaded" then, waits for SIGUSR1, and
 * says "slow" once it is so.
 */
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ROUNDS 2000 /* the kernel takes 8192 jumps; the time ends it earlier */
#define WALKS  4    /* of the stack, a round */
#define STACK  256

#define INSN(c, d, s, o, i)                                                    \
	((struct bpf_insn){ .code = (c),                                       \
			    .dst_reg = (d),                                    \
			    .src_reg = (s),                                    \
			    .off = (short)(o),                                 \
			    .imm = (int)(i) })
#define CALL(what)     INSN(BPF_JMP | BPF_CALL, 0, 0, 0, what)
#define SET(d, i)      INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define COPY(d, s)     INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define ADD(d, i)      INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define JUMP(op, d, i) INSN(BPF_JMP | (op) | BPF_K, d, 0, 0, i)

static struct bpf_insn insns[64];
static int n, jumps[8], n_jumps;

static void add(struct bpf_insn insn)
{
	insns[n++] = insn;
}

/* A jump to the end. */
static void add_end(struct bpf_insn insn)
{
	jumps[n_jumps++] = n;
	add(insn);
}

static void make(unsigned cpu, int ns, const char *offset, const char *value)
{
	int loop;

	add(COPY(6, 1));
	add(CALL(BPF_FUNC_get_smp_processor_id));
	add_end(JUMP(BPF_JNE, 0, cpu));
	if (offset) {
		const uint64_t wanted = strtoull(value, NULL, 0);
		const int size = wanted >> 32 ? BPF_DW : BPF_W;

		add(INSN(BPF_LDX | BPF_MEM | size, 1, 6,
			 strtol(offset, NULL, 10), 0));
		add(INSN(BPF_LD | BPF_IMM | BPF_DW, 2, 0, 0, wanted));
		add(INSN(0, 0, 0, 0, wanted >> 32));
		add_end(INSN(BPF_JMP | BPF_JNE | BPF_X, 1, 2, 0, 0));
	}
	add(CALL(BPF_FUNC_ktime_get_ns));
	add(COPY(7, 0));
	add(SET(8, 0));
	loop = n;
	for (int i = 0; i < WALKS; i++) {
		add(COPY(1, 6));
		add(COPY(2, 10));
		add(ADD(2, -STACK));
		add(SET(3, STACK));
		add(SET(4, 0));
		add(CALL(BPF_FUNC_get_stack));
	}
	add(CALL(BPF_FUNC_ktime_get_ns));
	add(INSN(BPF_ALU64 | BPF_SUB | BPF_X, 0, 7, 0, 0));
	add_end(JUMP(BPF_JGE, 0, ns));
	add(ADD(8, 1));
	add(INSN(BPF_JMP | BPF_JLT | BPF_K, 8, 0, loop - n - 1, ROUNDS));
	for (int i = 0; i < n_jumps; i++)
		insns[jumps[i]].off = (short)(n - jumps[i] - 1);
	add(SET(0, 0));
	add(INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
}

static int load(void)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_TRACEPOINT;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = (unsigned)n;
	attr.license = (uintptr_t) "GPL";
	int fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));

	if (fd < 0)
		perror("slow: load the program");
	return fd;
}

static int attach(const char *event, int cpu, int program)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT,
					.size = sizeof(attr),
					.sample_period = 1 };
	char path[256];
	FILE *file;
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/tracing/events/%s/id", event);
	file = fopen(path, "re");
	if (!file ||
	    fscanf(file, "%llu", (unsigned long long *)&attr.config) != 1) {
		perror(path);
		return -1;
	}
	fclose(file);
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1,
			  PERF_FLAG_FD_CLOEXEC);
	if (fd < 0 || ioctl(fd, PERF_EVENT_IOC_SET_BPF, program) < 0 ||
	    ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) < 0) {
		perror(event);
		return -1;
	}
	return fd;
}

int main(int argc, char **argv)
{
	int program, signal;
	sigset_t go;

	if (argc != 4 && argc != 6)
		return 2;
	sigemptyset(&go);
	sigaddset(&go, SIGUSR1);
	sigprocmask(SIG_BLOCK, &go, NULL);
	make((unsigned)strtoul(argv[1], NULL, 10),
	     (int)strtol(argv[2], NULL, 10) * 1000000,
	     argc == 6 ? argv[4] : NULL, argc == 6 ? argv[5] : NULL);
	program = load();
	/* On that CPU it would count for every event: this one's program runs on all. */
	if (program < 0)
		return 1;
	puts("loaded");
	fflush(stdout);
	(void)sigwait(&go, &signal);
	if (attach(argv[3], 0, program) < 0)
		return 1;
	puts("slow");
	fflush(stdout);
	pause();
	return 0;
}
