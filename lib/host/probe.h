/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * probe.h - find the facts of core/facts.h on a host
 *
 * Each call adds to *facts what it finds; what the host does not have (cpufreq,
 * cgroup2) is simply not there. What is there and cannot be read is a finding
 * in facts->unread (unread.h): a setting's value is then RT_UNREAD, and an
 * interrupt or a task is left out. A call fails only when memory is short.
 */
#ifndef RT_PROBE_H
#define RT_PROBE_H

#include "core/model/facts.h"
#include "core/record/journal.h"
#include "core/model/topo.h"
#include "sys.h"

/* Interrupts with name, device, node, affinity and whether they can move. */
int rt_facts_read_irqs(struct rt_sys *sys, struct rt_facts *facts,
		       struct rt_err *err);
/*
 * The same for rt_plan_make with *journal: only those that it can have a step
 * for, and of them only what it uses. `effective` stays NULL, and so does the
 * name where the device is no guest's.
 */
int rt_facts_read_irqs_to_plan(struct rt_sys *sys,
			       const struct rt_journal *journal,
			       struct rt_facts *facts, struct rt_err *err);
/*
 * Which interrupts there are (*before, unless that is NULL), less those of
 * *devices. The caller frees *ret_seen.
 */
int rt_read_irqs_seen(struct rt_sys *sys, const struct rt_pci_set *devices,
		      const struct rt_ranges *before,
		      struct rt_ranges *ret_seen, struct rt_err *err);
/* PCI devices: class, bridge or not, driver, node, IOMMU group, local CPUs. */
int rt_facts_read_pci(struct rt_sys *sys, struct rt_facts *facts,
		      struct rt_err *err);
/*
 * cpuN/online, power/pm_qos_resume_latency_us, cpufreq/scaling_governor (if
 * `performance` is available), for all present CPUs; workqueue masks;
 * watchdog_cpumask; rps_cpus; irq/default_smp_affinity; the schedulers'
 * servers (RT_SERVERS).
 */
int rt_facts_read_settings(struct rt_sys *sys, const struct rt_topo *topo,
			   struct rt_facts *facts, struct rt_err *err);
/* The same with the files of *cpus only. */
int rt_facts_read_settings_of(struct rt_sys *sys, const struct rt_cpuset *cpus,
			      struct rt_facts *facts, struct rt_err *err);
/*
 * Does the kernel let its servers be switched off? Before 7.0 its account of
 * deadline bandwidth is wrong after a CPU or a cpuset has changed: it refuses
 * (EBUSY), and warns of itself in its log [6.12.117]. They are left alone then.
 * 1: yes; 0: no; negative: its version cannot be read.
 */
int rt_may_stop_servers(struct rt_sys *sys, struct rt_err *err);
/* The settings of a set of rt_suppress_words. */
int rt_facts_read_suppressed(struct rt_sys *sys, uint32_t suppress,
			     struct rt_facts *facts, struct rt_err *err);
/*
 * Every task whose affinity meets *cpus, but not the processes listed in
 * facts->processes (threads of our guests).
 */
int rt_facts_read_tasks(struct rt_sys *sys, const struct rt_cpuset *cpus,
			struct rt_facts *facts, struct rt_err *err);
/*
 * The same for rt_plan_make with *journal and *topo: of all present CPUs'
 * tasks those that it can have a step for. After rt_facts_read_cgroup.
 */
int rt_facts_read_tasks_to_plan(struct rt_sys *sys,
				const struct rt_journal *journal,
				const struct rt_topo *topo,
				struct rt_facts *facts, struct rt_err *err);
/*
 * Add a guest's process: threads with role, cgroup files, locked memory. When
 * the process lives and cannot be examined, the reason is added in their place
 * (rt_process.unread). -ESRCH, and nothing added, for one that is gone.
 */
int rt_facts_read_process(struct rt_sys *sys, const char *uuid, unsigned pid,
			  struct rt_facts *facts, struct rt_err *err);
/*
 * The file that shows what was last written to this one: from 6.8 the mask of
 * unbound workqueues shows less, as the kernel takes isolated CPUs out of it.
 */
const char *rt_facts_shown_in(struct rt_sys *sys, const char *path);
/*
 * Root of cgroup2: isolated CPUs, whether partitions can be had; and, as
 * settings, cpuset.cpus of the cgroups directly below it and machine.slice.
 * Where there are no partitions, or a guest has a fence all the same, also
 * cpuset.cpus.partition of these.
 */
int rt_facts_read_cgroup(struct rt_sys *sys, bool fence, struct rt_facts *facts,
			 struct rt_err *err);
/* The first two of these alone. */
int rt_facts_read_isolated(struct rt_sys *sys, struct rt_facts *facts,
			   struct rt_err *err);

/* Start time of a process or thread in clock ticks; -ENOENT if it is gone. */
int rt_task_start(struct rt_sys *sys, unsigned pid, unsigned tid,
		  unsigned long long *ret_start, struct rt_err *err);

/*
 * Is the process that began at `start` alive? It is dead when the kernel knows
 * no process of that number, or one of another start time, or one on its way
 * out. Any other reason why it cannot be seen proves nothing: *ret_why has the
 * reason.
 */
enum rt_life {
	RT_LIFE_ALIVE,
	RT_LIFE_DEAD,
	RT_LIFE_UNSEEN,
};
enum rt_life rt_task_life(struct rt_sys *sys, unsigned pid,
			  unsigned long long start, struct rt_err *ret_why);

/*
 * The cgroup of a thread: its path below the cgroup2 mount, no leading slash,
 * to be freed; NULL where it has none that we could name.
 */
int rt_task_cgroup(struct rt_sys *sys, unsigned pid, unsigned tid,
		   char **ret_path, struct rt_err *err);

#endif
