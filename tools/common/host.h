/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * host.h - the subjects of kvmrt-host, each as a grid
 *
 * Whoever fills one finds the record and the file in *host, and reads what else
 * it needs. What cannot be read goes to host->notes, a finding each.
 */
#ifndef RT_HOST_H
#define RT_HOST_H

#include "grid.h"
#include "scan.h"

struct rt_host {
	struct rt_loaded loaded;
	struct rt_scanned scanned;
	struct rt_view view;
	struct rt_cpuset cpus; /* of --cpus; all without */
	bool filtered;
	bool all;	  /* also what nobody uses, and bridges */
	unsigned seconds; /* between two readings; 0: one reading */
	struct rt_facts notes;
	bool has_pci; /* in notes */
};

int rt_host_cpus(struct rt_host *host, struct rt_grid *grid,
		 struct rt_err *err);
int rt_host_irqs(struct rt_host *host, struct rt_grid *grid,
		 struct rt_err *err);
int rt_host_tasks(struct rt_host *host, struct rt_grid *grid,
		  struct rt_err *err);
int rt_host_pci(struct rt_host *host, struct rt_grid *grid, struct rt_err *err);
int rt_host_topology(struct rt_host *host, struct rt_grid *grid,
		     struct rt_err *err);

/* Once, whoever asks. */
int rt_host_read_pci(struct rt_host *host, struct rt_err *err);

/* Online, behind a shield or not, and whose: the cells of a CPU. */
struct rt_host_isolated {
	struct rt_cpuset partition, boot;
};
int rt_host_isolated(struct rt_host *host, struct rt_host_isolated *ret,
		     struct rt_err *err);
/* Sets STATE, ISOLATED, ROLE, GUEST and PLANNED, from that column on. */
void rt_host_cpu_cells(const struct rt_host *host,
		       const struct rt_host_isolated *isolated, unsigned cpu,
		       struct rt_grid *grid, size_t row, size_t column);

#endif
