/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * facts.h - the host as it is now, plain data
 *
 * Filled by lib/host from the live host or from a captured one. A path is
 * relative to the root and has no leading slash.
 */
#ifndef RT_FACTS_H
#define RT_FACTS_H

#include "core/base/cpuset.h"
#include "core/base/pci.h"
#include "core/base/report.h"

/* How the text of a setting compares, and how it is reached. */
enum rt_kind {
	RT_KIND_TEXT,	    /* byte for byte, less a final newline */
	RT_KIND_LIST,	    /* a CPU or node list: "0-3" is "0,1,2,3" */
	RT_KIND_MASK,	    /* a CPU mask: leading zeroes do not count */
	RT_KIND_PARTITION,  /* cpuset.cpus.partition: "isolated invalid (…)"
			       is not "isolated" */
	RT_KIND_AFFINITY,   /* path "task/PID/TID/START": sched_setaffinity */
	RT_KIND_CGROUP,	    /* same path: which cgroup the thread is in */
	RT_KIND_SCHED,	    /* same path: its class, "other" or "fifo:1" */
	RT_KIND_TASKS,	    /* path "tasks/LIST": masks that lack CPUs of LIST,
			       because kvmrt took those offline */
	RT_KIND_IRQ_THREAD, /* the same of an interrupt's thread, which
			       the kernel moves with its interrupt */
	RT_KIND_IRQBALANCE, /* path "irqbalance/PID/STARTTIME": banned CPUs */
};

/*
 * The value of a setting that is there and could not be read now. Such a
 * setting is left as it is: it is neither written nor restored.
 */
#define RT_UNREAD "?"

/* A file that holds CPUs or a word, and what it holds. */
struct rt_setting {
	enum rt_kind kind;
	char *path;
	char *value;
};

struct rt_settings {
	struct rt_setting *items;
	size_t n, size;
};

struct rt_irq {
	unsigned number;
	char *name;   /* its actions; "" when it has none */
	bool movable; /* smp_affinity_list may be written */
	struct rt_cpuset affinity;
	struct rt_cpuset *effective; /* where it really is; NULL: not known */
	bool has_device; /* `device` is the PCI device it belongs to */
	struct rt_pci_addr device;
	bool vfio; /* a passed-through device's: name vfio-… */
	int node;  /* of its device; -1: none */
};

struct rt_irqs {
	struct rt_irq *items;
	size_t n, size;
};

struct rt_pci_dev {
	struct rt_pci_addr addr;
	unsigned class_code; /* 24 bits: 0x020000 is an Ethernet card */
	bool bridge;	     /* header type 1 or 2, or a host bridge */
	char *driver;	     /* "" when none is bound */
	int node;	     /* -1: not known */
	int group;	     /* IOMMU group; -1: none */
	struct rt_cpuset local_cpus;
};

struct rt_pci_devs {
	struct rt_pci_dev *items;
	size_t n, size;
};

/* A task outside our guests whose affinity may matter. */
struct rt_task {
	unsigned pid; /* of its process */
	unsigned tid;
	unsigned long long start; /* clock ticks since boot */
	char comm[24];
	bool kernel;		   /* a kernel thread */
	bool movable;		   /* no PF_NO_SETAFFINITY */
	int last_cpu;		   /* where it ran last; -1: not known */
	unsigned policy, priority; /* SCHED_..., its real-time priority */
	struct rt_cpuset affinity;
};

struct rt_tasks {
	struct rt_task *items;
	size_t n, size;
};

enum rt_role {
	RT_ROLE_VCPU,
	RT_ROLE_IOTHREAD,
	RT_ROLE_VHOST,
	RT_ROLE_EMULATOR, /* everything else */
};

/* A thread of an active guest's process. */
struct rt_thread {
	unsigned pid;
	unsigned tid;
	unsigned long long start;
	char comm[24];
	enum rt_role role;
	unsigned vcpu; /* for RT_ROLE_VCPU */
	char sched
		[24]; /* "other", "fifo:1", … (RT_KIND_SCHED); "": not known */
	char *leaf;   /* its cgroup's last part: "vcpu0", "emulator", … */
	struct rt_cpuset affinity;
};

struct rt_threads {
	struct rt_thread *items;
	size_t n, size;
};

/* What was found of one active guest with a process. */
struct rt_process {
	char uuid[40];
	unsigned pid; /* known also when the process could not be examined */
	char *scope;  /* cgroup path below the mount, no leading slash; NULL */
	struct rt_threads threads;
	/* cpuset.cpus, .exclusive, .partition of scope, ancestors, leaves. */
	struct rt_settings cgroup;
	unsigned long long locked_kib; /* VmLck + HugetlbPages */
	char *unread; /* why the process could not be examined: it lives, but
			 there are no threads, no scope and no cgroup files
			 here; NULL: it was examined */
};

struct rt_processes {
	struct rt_process *items;
	size_t n, size;
};

struct rt_facts {
	struct rt_settings
		settings; /* CPU, workqueue, watchdog, RPS files, … */
	struct rt_irqs irqs;
	struct rt_pci_devs pci;
	struct rt_tasks tasks;
	struct rt_processes processes;
	struct rt_cpuset isolated; /* cgroup2 cpuset.cpus.isolated (root) */
	/*
	 * The file is there and could not be read. Shields may be up, so
	 * `isolated` is every CPU: none is taken for unshielded, and no task's
	 * mask says anything.
	 */
	bool isolated_unread;
	bool has_partitions;	 /* cpuset.cpus.exclusive exists (6.7) */
	struct rt_report unread; /* what could not be read, a finding each */
	bool workqueues_follow;	 /* unbound workqueues leave isolated CPUs by
				    themselves (6.8) */
};

/* Below RT_SERVERS: "SERVER/cpuN/runtime" in ns; 0 switches it off. */
#define RT_SERVERS "sys/kernel/debug/sched"
extern const char *const rt_servers[]; /* up to NULL */

void rt_facts_fini(struct rt_facts *facts);
/* What it owns; uuid and pid stay. */
void rt_process_fini(struct rt_process *process);

int rt_settings_add(struct rt_settings *settings, enum rt_kind kind,
		    const char *path, const char *value, struct rt_err *err);
void rt_settings_fini(struct rt_settings *settings);
const struct rt_setting *rt_settings_find(const struct rt_settings *settings,
					  const char *path);
void rt_irqs_fini(struct rt_irqs *irqs);
void rt_pci_devs_fini(struct rt_pci_devs *devs);
const struct rt_pci_dev *rt_pci_devs_find(const struct rt_pci_devs *devs,
					  const struct rt_pci_addr *addr);

/*
 * Do two texts of a kind say the same? RT_UNREAD never does, not even as
 * RT_UNREAD, nor does text that is not of the kind.
 */
bool rt_value_same(enum rt_kind kind, const char *a, const char *b);

#endif
