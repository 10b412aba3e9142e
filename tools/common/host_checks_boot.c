/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* host_checks_boot.c - boot parameters that this configuration gains from */
#include <stdlib.h>
#include <string.h>

#include "host_checks.h"

/* kvmrt needs none of them at run time; they remove what is left. */
struct parameter {
	const char *name; /* "nohz_full=" */
	const char *why;
	enum {
		CPUS_NONE,
		CPUS_OWNED, /* those that kvmrt-validate-config asks for */
		CPUS_VCPU,
	} cpus; /* that its value names, behind the text */
	const char *value;
};

static const struct parameter parameters[] = {
	{ "isolcpus=", "no managed interrupts of disks and cards", CPUS_OWNED,
	  "managed_irq," },
	{ "nohz_full=", "no tick while a vCPU runs alone", CPUS_VCPU, "" },
	{ "rcu_nocbs=", "no RCU callbacks", CPUS_VCPU, "" },
	{ "iommu=", "devices of the host without translation", CPUS_NONE,
	  "pt" },
};

/* Of all enabled real-time guests; none for CPUS_NONE. */
static struct rt_cpuset cpus_of(const struct rt_loaded *loaded,
				const struct parameter *parameter)
{
	struct rt_cpuset cpus = { 0 };

	for (size_t i = 0; i < loaded->guests.n; i++) {
		const struct rt_guest *guest = &loaded->guests.items[i];

		if (!guest->rt || guest->disabled)
			continue;
		if (parameter->cpus == CPUS_OWNED)
			rt_cpuset_or(&cpus, &guest->owned);
		else if (parameter->cpus == CPUS_VCPU)
			rt_cpuset_or(&cpus, &guest->vcpus);
	}
	return cpus;
}

static bool any_real_time(const struct rt_loaded *loaded)
{
	for (size_t i = 0; i < loaded->guests.n; i++) {
		if (loaded->guests.items[i].rt &&
		    !loaded->guests.items[i].disabled)
			return true;
	}
	return false;
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
	if (parameter->cpus == CPUS_NONE)
		return strcmp(value, parameter->value) == 0;
	if (*parameter->value && !strstr(value, "managed_irq"))
		return false;
	return names_all(value, cpus);
}

/* --- what only some hosts need --- */

/* A number like 0x10de in one of a PCI device's files. */
static bool read_hex(struct rt_loaded *loaded, const struct rt_pci_addr *addr,
		     const char *file, unsigned *ret)
{
	char text[32], *end;
	struct rt_err ignored;

	if (rt_sys_readf(&loaded->sys, text, sizeof(text), &ignored,
			 "sys/bus/pci/devices/%s/%s", rt_pci_text(addr).text,
			 file) < 0)
		return false;
	*ret = (unsigned)strtoul(text, &end, 16);
	return end != text;
}

/* Or what is on the same card: its sound. */
static bool is_graphics(struct rt_loaded *loaded,
			const struct rt_pci_set *devices,
			const struct rt_pci_addr *addr)
{
	for (size_t i = 0; i < devices->n; i++) {
		const struct rt_pci_addr *other = &devices->items[i];
		unsigned class_code;

		if (other->domain == addr->domain && other->bus == addr->bus &&
		    other->slot == addr->slot &&
		    read_hex(loaded, other, "class", &class_code) &&
		    class_code >> 16 == 0x03)
			return true;
	}
	return false;
}

/* "10de:1eb1" */
static bool read_id(struct rt_loaded *loaded, const struct rt_pci_addr *addr,
		    char *buf, size_t size)
{
	unsigned vendor, device;

	if (!read_hex(loaded, addr, "vendor", &vendor) ||
	    !read_hex(loaded, addr, "device", &device))
		return false;
	snprintf(buf, size, "%04x:%04x", vendor & 0xffff, device & 0xffff);
	return true;
}

static bool is_passed(const struct rt_loaded *loaded,
		      const struct rt_pci_addr *addr)
{
	for (size_t i = 0; i < loaded->guests.n; i++) {
		const struct rt_guest *guest = &loaded->guests.items[i];

		if (!guest->disabled && rt_pci_set_has(&guest->pcidevs, addr))
			return true;
	}
	return false;
}

/* "10de:1eb1,10de:10f8" of the graphics cards that guests get. */
static void find_graphics(struct rt_loaded *loaded, struct rt_strbuf *ids)
{
	for (size_t i = 0; i < loaded->guests.n; i++) {
		const struct rt_guest *guest = &loaded->guests.items[i];

		for (size_t k = 0; k < guest->pcidevs.n && !guest->disabled;
		     k++) {
			const struct rt_pci_addr *addr =
				&guest->pcidevs.items[k];
			char id[16];

			if (is_graphics(loaded, &guest->pcidevs, addr) &&
			    read_id(loaded, addr, id, sizeof(id)) &&
			    (!ids->text || !strstr(ids->text, id)))
				rt_strbuf_addf(ids, "%s%s", ids->len ? "," : "",
					       id);
		}
	}
}

/*
 * A device of the same make that no guest gets: vfio-pci.ids= takes it away
 * from the host, too.
 */
static const struct rt_pci_dev *find_twin(struct rt_loaded *loaded,
					  const char *ids)
{
	for (size_t i = 0; i < loaded->facts.pci.n; i++) {
		const struct rt_pci_dev *dev = &loaded->facts.pci.items[i];
		char id[16];

		if (read_id(loaded, &dev->addr, id, sizeof(id)) &&
		    strstr(ids, id) && !is_passed(loaded, &dev->addr))
			return dev;
	}
	return NULL;
}

/* Is each of the comma-separated ids in the value? */
static bool has_ids(const char *value, const char *ids)
{
	char id[16];

	for (const char *at = ids; *at; at += *at == ',') {
		const size_t len = strcspn(at, ",");

		snprintf(id, sizeof(id), "%.*s", (int)len, at);
		if (!strcasestr(value, id))
			return false;
		at += len;
	}
	return true;
}

/* --- all together --- */

struct wanted {
	struct rt_strbuf missing; /* "nohz_full= (no tick ...), ..." */
	struct rt_strbuf line;	  /* "nohz_full=6,8 ..." */
};

static void want(struct wanted *wanted, const char *name, const char *value,
		 const char *list, const char *why)
{
	rt_strbuf_addf(&wanted->missing, "%s%s (%s)",
		       wanted->missing.len ? ", " : "", name, why);
	rt_strbuf_addf(&wanted->line, "%s%s%s%s", wanted->line.len ? " " : "",
		       name, value, list);
}

/* "options vfio-pci ids=10de:1eb1 disable_vga=1" with all of them? */
static bool line_has_ids(const char *line, const char *ids)
{
	char module[32], options[4096], value[4096];

	return sscanf(line, " options %31s %4095[^\n]", module, options) == 2 &&
	       (strcmp(module, "vfio-pci") == 0 ||
		strcmp(module, "vfio_pci") == 0) &&
	       find_word(options, "ids=", value, sizeof(value)) &&
	       has_ids(value, ids);
}

/* The list may stand in /etc/modprobe.d instead. */
static bool modprobe_has_ids(struct rt_loaded *loaded, const char *ids)
{
	RT_AUTO_NAMES names = { 0 };
	struct rt_err ignored;
	char text[16384];

	if (rt_sys_list(&loaded->sys, "etc/modprobe.d", &names, &ignored) < 0)
		return false;
	for (size_t i = 0; i < names.n; i++) {
		const char *line = text;

		if (rt_sys_readf(&loaded->sys, text, sizeof(text), &ignored,
				 "etc/modprobe.d/%s", names.items[i]) < 0)
			continue;
		while (line) {
			if (line_has_ids(line, ids))
				return true;
			line = strchr(line, '\n');
			line += line != NULL;
		}
	}
	return false;
}

static void want_graphics(struct rt_loaded *loaded, const char *line,
			  struct wanted *wanted)
{
	RT_AUTO_STRBUF ids = { 0 }, why = { 0 };
	const struct rt_pci_dev *twin;
	char value[4096];

	find_graphics(loaded, &ids);
	if (!ids.len || ids.failed ||
	    (find_word(line, "vfio-pci.ids=", value, sizeof(value)) &&
	     has_ids(value, ids.text)) ||
	    modprobe_has_ids(loaded, ids.text))
		return;
	twin = find_twin(loaded, ids.text);
	rt_strbuf_adds(&why,
		       "the console driver may not release a graphics card");
	if (twin)
		rt_strbuf_addf(
			&why,
			"; but this also takes %s, which is passed to no guest",
			rt_pci_text(&twin->addr).text);
	want(wanted, "vfio-pci.ids=", ids.text, "", why.text ? why.text : "");
}

static void want_all(struct rt_loaded *loaded, const char *line,
		     struct wanted *wanted)
{
	char value[4096];

	for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]);
	     i++) {
		const struct parameter *p = &parameters[i];
		const struct rt_cpuset cpus = cpus_of(loaded, p);
		const bool applies = p->cpus == CPUS_NONE ?
					     rt_host_passes_devices(loaded) :
					     !rt_cpuset_is_empty(&cpus);

		if (applies && !is_there(p, line, &cpus))
			want(wanted, p->name, p->value,
			     p->cpus == CPUS_NONE ? "" :
						    rt_cpuset_text(&cpus).text,
			     p->why);
	}
	if (rt_host_passes_devices(loaded) &&
	    rt_host_wants_intel_iommu(loaded) &&
	    !(find_word(line, "intel_iommu=", value, sizeof(value)) &&
	      strncmp(value, "on", 2) == 0))
		want(wanted, "intel_iommu=", "on", "",
		     "no device can be passed without it on an Intel host");
	want_graphics(loaded, line, wanted);
}

void rt_host_check_boot(struct rt_loaded *loaded, struct rt_host_checks *checks)
{
	struct wanted wanted = { 0 };
	RT_AUTO_STRBUF fix = { 0 };
	char line[4096];
	struct rt_err ignored;

	if (rt_sys_read(&loaded->sys, "proc/cmdline", line, sizeof(line),
			&ignored) < 0) {
		rt_host_check_add(checks, "boot-parameters", RT_UNKNOWN, "",
				  "/proc/cmdline cannot be read");
		return;
	}
	if (!any_real_time(loaded) && !rt_host_passes_devices(loaded)) {
		rt_host_check_add(checks, "boot-parameters", RT_PASS, "",
				  "no real-time guest in the configuration, so "
				  "none is needed");
		return;
	}
	want_all(loaded, line, &wanted);
	rt_strbuf_addf(&fix,
		       "write GRUB_CMDLINE_LINUX=\"%s\" into "
		       "/etc/default/grub, together with the parameters that "
		       "are there already, run update-grub, and reboot",
		       wanted.line.text ? wanted.line.text : "");
	if (fix.failed || wanted.missing.failed || wanted.line.failed)
		checks->failed = true;
	else
		rt_host_check_add(
			checks, "boot-parameters",
			wanted.missing.len ? RT_WARN : RT_PASS, fix.text,
			wanted.missing.len ?
				"the kernel was booted without %s" :
				"the kernel was booted with all that help%s",
			wanted.missing.len ? wanted.missing.text : "");
	rt_strbuf_fini(&wanted.missing);
	rt_strbuf_fini(&wanted.line);
}
