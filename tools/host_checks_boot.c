/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* host_checks_boot.c - boot parameters that this configuration gains from */
#include <string.h>

#include "host_checks.h"

/* What kvmrt does at run time needs none of them; they take away the rest. */
struct parameter {
	const char *name; /* "nohz_full=" */
	const char *why;
	bool cpus; /* its value is the vCPUs' CPUs */
	const char *value;
};

static const struct parameter parameters[] = {
	{ "isolcpus=", "queues of disks and cards keep their interrupts off",
	  true, "managed_irq," },
	{ "nohz_full=", "no tick while a vCPU runs alone", true, "" },
	{ "rcu_nocbs=", "no RCU callbacks", true, "" },
	{ "iommu=", "devices of the host without translation", false, "pt" },
};

static struct rt_cpuset vcpu_cpus(const struct rt_loaded *loaded)
{
	struct rt_cpuset cpus = { 0 };

	for (size_t i = 0; i < loaded->guests.n; i++) {
		const struct rt_guest *guest = &loaded->guests.items[i];

		if (guest->rt && !guest->disabled)
			rt_cpuset_or(&cpus, &guest->vcpus);
	}
	return cpus;
}

/* The word of the command line that begins so; its value in *ret_value. */
static bool find_word(const char *line, const char *name, char *ret_value,
		      size_t size)
{
	const size_t len = strlen(name);

	for (const char *at = line; *at;) {
		const size_t word = strcspn(at, " \n");

		if (word > len && strncmp(at, name, len) == 0) {
			snprintf(ret_value, size, "%.*s", (int)(word - len),
				 at + len);
			return true;
		}
		at += word;
		at += strspn(at, " \n");
	}
	return false;
}

/* Does the value name all those CPUs? Flags in front are words of letters. */
static bool names_all(const char *value, const struct rt_cpuset *cpus)
{
	struct rt_cpuset have;
	struct rt_err ignored;
	const char *list = value;

	while (*list && (*list < '0' || *list > '9')) {
		const char *comma = strchr(list, ',');

		if (!comma)
			return false;
		list = comma + 1;
	}
	return rt_cpuset_parse_list(list, &have, &ignored) == 0 &&
	       rt_cpuset_is_subset(cpus, &have);
}

static bool is_there(const struct parameter *parameter, const char *line,
		     const struct rt_cpuset *cpus)
{
	char value[4096];

	if (!find_word(line, parameter->name, value, sizeof(value)))
		return false;
	if (!parameter->cpus)
		return strcmp(value, parameter->value) == 0;
	if (*parameter->value && !strstr(value, "managed_irq"))
		return false;
	return names_all(value, cpus);
}

void rt_host_check_boot(struct rt_loaded *loaded, struct rt_host_checks *checks)
{
	const struct rt_cpuset cpus = vcpu_cpus(loaded);
	RT_AUTO_STRBUF missing = { 0 }, fix = { 0 };
	char line[4096];
	struct rt_err ignored;

	if (rt_sys_read(&loaded->sys, "proc/cmdline", line, sizeof(line),
			&ignored) < 0) {
		rt_host_check_add(checks, "boot-parameters", RT_UNKNOWN, "",
				  "/proc/cmdline cannot be read");
		return;
	}
	if (rt_cpuset_is_empty(&cpus)) {
		rt_host_check_add(checks, "boot-parameters", RT_PASS, "",
				  "no real-time guest in the configuration, so "
				  "none is needed");
		return;
	}
	rt_strbuf_adds(&fix, "GRUB_CMDLINE_LINUX=\"");
	for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]);
	     i++) {
		const struct parameter *p = &parameters[i];

		if (is_there(p, line, &cpus))
			continue;
		rt_strbuf_addf(&missing, "%s%s (%s)", missing.len ? ", " : "",
			       p->name, p->why);
		rt_strbuf_addf(&fix, "%s%s%s", p->name, p->value,
			       p->cpus ? rt_cpuset_text(&cpus).text : "");
		rt_strbuf_adds(&fix, " ");
	}
	if (fix.len && fix.text[fix.len - 1] == ' ')
		fix.text[--fix.len] = '\0';
	rt_strbuf_adds(&fix, "\" in /etc/default/grub besides what is there, "
			     "update-grub, and a reboot");
	rt_host_check_add(checks, "boot-parameters",
			  missing.len ? RT_WARN : RT_PASS,
			  fix.text ? fix.text : "",
			  missing.len ? "the kernel was booted without %s" :
					"all are there%s",
			  missing.text ? missing.text : "");
}
