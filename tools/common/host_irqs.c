/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* host_irqs.c - the interrupts: how often, where, whose, and where they may */
#include "host.h"

#include <errno.h>
#include <time.h>

#include "host/counts.h"
#include "host/probe.h"

#include "core/base/banned.h"

enum {
	IRQ,
	CPU,
	COUNT,
	RATE,
	ON,
	AFFINITY,
	EFFECTIVE,
	MANAGED,
	DEVICE,
	NODE,
	DRIVER,
	GUEST,
	NAME,
	COLUMNS
};

static const struct rt_column columns[COLUMNS] = {
	[IRQ] = { "IRQ", RT_CELL_TEXT,
		  RT_COLUMN_SHOWN | RT_COLUMN_TREE | RT_COLUMN_LABEL },
	[CPU] = { "CPU", RT_CELL_NUMBER, 0 },
	[COUNT] = { "COUNT", RT_CELL_NUMBER, RT_COLUMN_SHOWN },
	[RATE] = { "RATE", RT_CELL_NUMBER, 0 },
	[ON] = { "ON", RT_CELL_TEXT, RT_COLUMN_SHOWN | RT_COLUMN_CUT },
	[AFFINITY] = { "AFFINITY", RT_CELL_TEXT,
		       RT_COLUMN_SHOWN | RT_COLUMN_CUT },
	[EFFECTIVE] = { "EFFECTIVE", RT_CELL_TEXT,
			RT_COLUMN_SHOWN | RT_COLUMN_CUT },
	[MANAGED] = { "MANAGED", RT_CELL_FLAG, RT_COLUMN_SHOWN },
	[DEVICE] = { "DEVICE", RT_CELL_TEXT, RT_COLUMN_SHOWN },
	[NODE] = { "NODE", RT_CELL_NUMBER, 0 },
	[DRIVER] = { "DRIVER", RT_CELL_TEXT, 0 },
	[GUEST] = { "GUEST", RT_CELL_TEXT, RT_COLUMN_SHOWN | RT_COLUMN_CUT },
	[NAME] = { "NAME", RT_CELL_TEXT, RT_COLUMN_SHOWN | RT_COLUMN_CUT },
};

/* One reading, or two and the time between them. */
struct counted {
	struct rt_count_table first, last;
	double seconds;
	bool known, twice;
};

static void counted_fini(struct counted *counted)
{
	rt_count_table_fini(&counted->first);
	rt_count_table_fini(&counted->last);
}

static double seconds_now(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A capture without the counts has everything else. */
static int count(struct rt_host *host, struct counted *counted,
		 struct rt_err *err)
{
	struct rt_sys *sys = &host->loaded.sys;
	struct timespec left = { .tv_sec = host->seconds };
	double begun = seconds_now();
	int r = rt_count_table_read(sys, &counted->last, err);

	if (r == -ENOENT)
		return 0;
	counted->known = r == 0;
	if (r < 0 || !host->seconds)
		return r;
	counted->first = counted->last;
	counted->last = (struct rt_count_table){ 0 };
	begun = seconds_now();
	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
	r = rt_count_table_read(sys, &counted->last, err);
	counted->seconds = seconds_now() - begun;
	counted->twice = true;
	return r;
}

/* Of a column: how often in all, and since the first reading. */
struct times {
	unsigned long long all, since;
};

static struct times times_of(const struct counted *counted,
			     const struct rt_count_row *row,
			     const struct rt_count_row *before, size_t column)
{
	const unsigned cpu = counted->last.cpus[column];
	struct times times = { row->counts[column], row->counts[column] };
	size_t i = 0;

	if (!counted->twice)
		return times;
	/* A CPU may have come online between. */
	while (before && i < counted->first.n_cpus &&
	       counted->first.cpus[i] != cpu)
		i++;
	if (before && i < counted->first.n_cpus)
		times.since = times.all > before->counts[i] ?
				      times.all - before->counts[i] :
				      0;
	return times;
}

static void set_times(const struct counted *counted, struct times times,
		      struct rt_grid *grid, size_t row)
{
	rt_grid_set(grid, row, COUNT, "%llu", times.all);
	if (counted->twice)
		rt_grid_set(grid, row, RATE, "%.1f",
			    (double)times.since / counted->seconds);
}

/* Below the row: each CPU where it was counted. */
static void add_counts(const struct rt_host *host,
		       const struct counted *counted,
		       const struct rt_count_row *count,
		       const struct rt_count_row *before, struct rt_grid *grid,
		       size_t row)
{
	struct times sum = { 0 };
	struct rt_cpuset on = { 0 };

	for (size_t i = 0; i < counted->last.n_cpus; i++) {
		const unsigned cpu = counted->last.cpus[i];
		struct times times;
		size_t part;

		if (cpu >= RT_CPUS_MAX || !rt_cpuset_has(&host->cpus, cpu))
			continue;
		times = times_of(counted, count, before, i);
		sum.all += times.all;
		sum.since += times.since;
		if (times.since)
			rt_cpuset_add(&on, cpu);
		if (!times.all)
			continue;
		part = rt_grid_add(grid, row);
		rt_grid_set(grid, part, IRQ, "CPU %u", cpu);
		rt_grid_set(grid, part, CPU, "%u", cpu);
		set_times(counted, times, grid, part);
	}
	set_times(counted, sum, grid, row);
	rt_grid_cpus(grid, row, ON, &on);
}

/* What the kernel refused is on record; from 6.12 on the file's mode says it. */
static bool is_managed(const struct rt_host *host, const struct rt_irq *irq)
{
	const struct rt_saved *saved;
	char path[64];

	snprintf(path, sizeof(path), "proc/irq/%u/smp_affinity_list",
		 irq->number);
	saved = rt_journal_find(&host->scanned.journal, path);
	return !irq->movable || (saved && saved->fixed);
}

static void set_owner(const struct rt_host *host, const struct rt_irq *irq,
		      struct rt_grid *grid, size_t row)
{
	const struct rt_pci_dev *dev;
	const struct rt_guest *guest;

	if (!irq->has_device)
		return;
	dev = rt_pci_devs_find(&host->notes.pci, &irq->device);
	guest = rt_device_guest(host->view.now, &irq->device);
	rt_grid_set(grid, row, DEVICE, "%s", rt_pci_text(&irq->device).text);
	if (irq->node >= 0)
		rt_grid_set(grid, row, NODE, "%d", irq->node);
	if (dev && *dev->driver)
		rt_grid_set(grid, row, DRIVER, "%s", dev->driver);
	if (guest && irq->vfio)
		rt_grid_set(grid, row, GUEST, "%s", guest->name);
}

static bool is_shown(const struct rt_host *host, const struct rt_irq *irq)
{
	if (!*irq->name && !host->all)
		return false;
	return !host->filtered ||
	       rt_cpuset_intersects(&irq->affinity, &host->cpus) ||
	       (irq->effective &&
		rt_cpuset_intersects(irq->effective, &host->cpus));
}

static void add_irq(const struct rt_host *host, const struct counted *counted,
		    const struct rt_irq *irq, size_t near, struct rt_grid *grid)
{
	const struct rt_count_row *row_of, *before;
	char label[16];
	size_t row;

	snprintf(label, sizeof(label), "%u", irq->number);
	row = rt_grid_add(grid, 0);
	rt_grid_set(grid, row, IRQ, "%s", label);
	rt_grid_cpus(grid, row, AFFINITY, &irq->affinity);
	if (irq->effective)
		rt_grid_cpus(grid, row, EFFECTIVE, irq->effective);
	rt_grid_flag(grid, row, MANAGED, is_managed(host, irq));
	set_owner(host, irq, grid, row);
	if (*irq->name)
		rt_grid_set(grid, row, NAME, "%s", irq->name);
	row_of = rt_count_table_find(&counted->last, label, near);
	before = rt_count_table_find(&counted->first, label, near);
	if (row_of)
		add_counts(host, counted, row_of, before, grid, row);
}

/* What is no device's: the timer's, the function calls of other CPUs, … */
static void add_vectors(const struct rt_host *host,
			const struct counted *counted, struct rt_grid *grid)
{
	for (size_t i = 0; i < counted->last.n; i++) {
		const struct rt_count_row *count = &counted->last.rows[i];
		size_t row;

		if (*count->label >= '0' && *count->label <= '9')
			continue;
		row = rt_grid_add(grid, 0);
		rt_grid_set(grid, row, IRQ, "%s", count->label);
		rt_grid_set(grid, row, NAME, "%s", count->text);
		add_counts(
			host, counted, count,
			rt_count_table_find(&counted->first, count->label, i),
			grid, row);
	}
}

int rt_host_irqs(struct rt_host *host, struct rt_grid *grid, struct rt_err *err)
{
	struct rt_sys *sys = &host->loaded.sys;
	struct counted counted = { .known = false };
	const struct rt_irqs *irqs = &host->notes.irqs;
	int r;

	rt_grid_init(grid, "irqs", "cpus", columns, COLUMNS);
	if (host->seconds)
		grid->columns[RATE].flags |= RT_COLUMN_SHOWN;
	r = rt_host_read_pci(host, err);
	if (r == 0)
		r = count(host, &counted, err);
	if (r == 0)
		r = rt_facts_read_irqs(sys, &host->notes, err);
	for (size_t i = 0; r == 0 && i < irqs->n; i++) {
		if (is_shown(host, &irqs->items[i]))
			add_irq(host, &counted, &irqs->items[i], i, grid);
	}
	if (r == 0)
		add_vectors(host, &counted, grid);
	counted_fini(&counted);
	return r;
}
