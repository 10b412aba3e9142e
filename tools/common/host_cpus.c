/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* host_cpus.c - the CPUs: where they are, their state, and whose they are */
#include "host.h"

#include <errno.h>

#include "host/probe.h"

#include "core/base/banned.h"

enum {
	CPU,
	NODE,
	PACKAGE,
	DIE,
	CORE,
	SIBLINGS,
	KIND,
	STATE,
	ISOLATED,
	ROLE,
	GUEST,
	PLANNED,
	COLUMNS
};

static const struct rt_column columns[COLUMNS] = {
	[CPU] = { "CPU", RT_CELL_NUMBER, RT_COLUMN_SHOWN },
	[NODE] = { "NODE", RT_CELL_TEXT, RT_COLUMN_SHOWN },
	[PACKAGE] = { "PACKAGE", RT_CELL_TEXT, RT_COLUMN_SHOWN },
	[DIE] = { "DIE", RT_CELL_TEXT, RT_COLUMN_SHOWN },
	[CORE] = { "CORE", RT_CELL_TEXT, RT_COLUMN_SHOWN },
	[SIBLINGS] = { "SIBLINGS", RT_CELL_TEXT, 0 },
	[KIND] = { "KIND", RT_CELL_TEXT, 0 },
	[STATE] = { "STATE", RT_CELL_TEXT, RT_COLUMN_SHOWN },
	[ISOLATED] = { "ISOLATED", RT_CELL_TEXT, RT_COLUMN_SHOWN },
	[ROLE] = { "ROLE", RT_CELL_TEXT, RT_COLUMN_SHOWN },
	[GUEST] = { "GUEST", RT_CELL_TEXT, RT_COLUMN_SHOWN | RT_COLUMN_CUT },
	[PLANNED] = { "PLANNED", RT_CELL_TEXT,
		      RT_COLUMN_SHOWN | RT_COLUMN_CUT },
};

int rt_host_isolated(struct rt_host *host, struct rt_host_isolated *ret,
		     struct rt_err *err)
{
	struct rt_sys *sys = &host->loaded.sys;
	struct rt_err ignored;
	int r = rt_facts_read_isolated(sys, &host->notes, err);

	ret->partition = host->notes.isolated;
	/* Every CPU, when it is not known. */
	if (host->notes.isolated_unread)
		rt_cpuset_clear(&ret->partition);
	if (rt_sys_read_cpus(sys, "sys/devices/system/cpu/isolated", &ret->boot,
			     &ignored) < 0)
		rt_cpuset_clear(&ret->boot);
	return r;
}

void rt_host_cpu_cells(const struct rt_host *host,
		       const struct rt_host_isolated *isolated, unsigned cpu,
		       struct rt_grid *grid, size_t row, size_t column)
{
	const struct rt_cpu_role role = rt_cpu_role(host->view.now, cpu);
	const struct rt_role_text text = rt_view_role(&host->view, cpu);
	RT_AUTO_STRBUF planned = { 0 };

	rt_grid_set(grid, row, column,
		    rt_cpuset_has(&host->loaded.topo.online, cpu) ? "online" :
								    "offline");
	if (rt_cpuset_has(&isolated->partition, cpu))
		rt_grid_set(grid, row, column + 1, "partition");
	else if (rt_cpuset_has(&isolated->boot, cpu))
		rt_grid_set(grid, row, column + 1, "boot");
	if (*text.text)
		rt_grid_set(grid, row, column + 2, "%s", text.text);
	if (role.guest)
		rt_grid_set(grid, row, column + 3, "%s", role.guest->name);
	rt_view_planned(&host->view, cpu, &planned);
	grid->failed |= planned.failed;
	if (planned.len)
		rt_grid_set(grid, row, column + 4, "%s", planned.text);
}

/* As cpuset takes it: "n1". Returns the object; NULL: there is none. */
static const struct rt_topo_object *
set_object(const struct rt_topo_level *level, char prefix, unsigned cpu,
	   struct rt_grid *grid, size_t row, size_t column)
{
	for (size_t i = 0; i < level->n; i++) {
		if (!rt_cpuset_has(&level->items[i].cpus, cpu))
			continue;
		rt_grid_set(grid, row, column, "%c%u", prefix,
			    level->items[i].number);
		return &level->items[i];
	}
	return NULL;
}

/* Slowest first; two kinds have names. */
static void set_kind(const struct rt_topo_level *kinds, unsigned cpu,
		     struct rt_grid *grid, size_t row)
{
	for (size_t i = 0; i < kinds->n; i++) {
		if (!rt_cpuset_has(&kinds->items[i].cpus, cpu))
			continue;
		if (kinds->n == 2)
			rt_grid_set(grid, row, KIND, i ? "fast" : "slow");
		else
			rt_grid_set(grid, row, KIND, "%zu", i);
	}
}

int rt_host_cpus(struct rt_host *host, struct rt_grid *grid, struct rt_err *err)
{
	const struct rt_topo *topo = &host->loaded.topo;
	struct rt_host_isolated isolated;
	int r = rt_host_isolated(host, &isolated, err);

	rt_grid_init(grid, "cpus", NULL, columns, COLUMNS);
	RT_CPUSET_FOREACH(member, &host->cpus)
	{
		const unsigned cpu = (unsigned)member;
		const size_t row = rt_grid_add(grid, 0);
		const struct rt_topo_object *core;

		rt_grid_set(grid, row, CPU, "%u", cpu);
		(void)set_object(&topo->nodes, 'n', cpu, grid, row, NODE);
		(void)set_object(&topo->packages, 'p', cpu, grid, row, PACKAGE);
		(void)set_object(&topo->dies, 'd', cpu, grid, row, DIE);
		core = set_object(&topo->cores, 'c', cpu, grid, row, CORE);
		if (core)
			rt_grid_cpus(grid, row, SIBLINGS, &core->cpus);
		set_kind(&topo->kinds, cpu, grid, row);
		rt_host_cpu_cells(host, &isolated, cpu, grid, row, STATE);
	}
	return r;
}
