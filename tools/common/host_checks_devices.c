/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* host_checks_devices.c - virtualization, and passing devices through */
#include <stdlib.h>
#include <string.h>

#include "host_checks.h"

/* Of one processor in /proc/cpuinfo, and of all of them. */
#define CPU_MAX	    8192
#define CPUINFO_MAX (64u << 20)

/* Is the word among those of the line of /proc/cpuinfo that begins so? */
static bool cpuinfo_has(const char *text, const char *line, const char *word)
{
	const char *at = strstr(text, line);
	const size_t len = strlen(word);

	if (!at)
		return false;
	at += strlen(line);
	for (at += strcspn(at, ":\n"); *at && *at != '\n';
	     at += strcspn(at, " \n")) {
		at += strspn(at, ": \t");
		if (strncmp(at, word, len) == 0 && strchr(" \n", at[len]))
			return true;
	}
	return false;
}

/* The first processor's part of it. */
static bool read_cpuinfo(struct rt_loaded *loaded, char *buf, size_t size)
{
	RT_AUTO_FREE char *text = NULL;
	struct rt_err ignored;
	size_t len;

	*buf = '\0';
	if (rt_sys_read_all(&loaded->sys, "proc/cpuinfo", CPUINFO_MAX, &text,
			    &len, &ignored) < 0)
		return false;
	snprintf(buf, size, "%s", text);
	return true;
}

/* The flag of hardware virtualization, or NULL. */
static const char *virtualization(const char *cpuinfo)
{
	static const char *const flags[] = { "vmx", "svm" };

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (cpuinfo_has(cpuinfo, "\nflags", flags[i]))
			return flags[i];
	}
	return NULL;
}

/*
 * Kernels hide the flag when the firmware has locked virtualization off (VT-x
 * since 5.6, AMD-V later), so that "not there" and "off" cannot be
 * distinguished; older ones leave it to the KVM module to find out. Only the
 * log of the boot says which it is.
 */
static void check_cpu(struct rt_loaded *loaded, struct rt_host_checks *checks)
{
	char text[CPU_MAX];
	const char *flag;

	if (!read_cpuinfo(loaded, text, sizeof(text)) ||
	    !strstr(text, "\nflags"))
		return; /* another architecture, or a capture without it */
	flag = virtualization(text);
	if (flag)
		rt_host_check_add(checks, "cpu-virtualization", RT_PASS, "",
				  "the processor has %s",
				  strcmp(flag, "vmx") == 0 ? "vmx (VT-x)" :
							     "svm (AMD-V)");
	else if (cpuinfo_has(text, "\nflags", "hypervisor"))
		rt_host_check_add(
			checks, "cpu-virtualization", RT_FAIL,
			"on the host of this virtual machine, load kvm_intel "
			"or kvm_amd with nested=1, and give this machine the "
			"CPU mode host-passthrough",
			"this is a virtual machine, and its host "
			"passes neither vmx nor svm on");
	else
		rt_host_check_add(
			checks, "cpu-virtualization", RT_FAIL,
			"switch virtualization (VT-x, AMD-V, SVM) on in the "
			"firmware; the processor has it if 'journalctl -k -g "
			"disabled.*BIOS' shows VMX or SVM",
			"/proc/cpuinfo shows neither vmx nor svm: the "
			"processor has none, or the firmware has it off");
}

static void check_kvm(struct rt_loaded *loaded, struct rt_host_checks *checks)
{
	const bool module = rt_sys_exists(&loaded->sys, "sys/module/kvm");
	const bool device =
		!loaded->sys.live || rt_sys_exists(&loaded->sys, "dev/kvm");

	rt_host_check_add(checks, "kvm", module && device ? RT_PASS : RT_FAIL,
			  "run 'modprobe kvm_intel' or 'modprobe kvm_amd'; "
			  "when that fails, 'journalctl -k -g BIOS' tells "
			  "whether the firmware has virtualization off",
			  module ? "/sys/module/kvm is there, /dev/kvm %s" :
				   "there is no /sys/module/kvm, /dev/kvm %s",
			  !loaded->sys.live ? "is not examined in a capture" :
			  device	    ? "too" :
					      "is not");
}

bool rt_host_wants_intel_iommu(struct rt_loaded *loaded)
{
	char text[CPU_MAX];

	return !rt_sys_exists(&loaded->sys, "sys/class/iommu/dmar0") &&
	       read_cpuinfo(loaded, text, sizeof(text)) &&
	       cpuinfo_has(text, "vendor_id", "GenuineIntel");
}

bool rt_host_passes_devices(const struct rt_loaded *loaded)
{
	for (size_t i = 0; i < loaded->guests.n; i++) {
		if (loaded->guests.items[i].pcidevs.n &&
		    !loaded->guests.items[i].disabled)
			return true;
	}
	return false;
}

/* The firmware describes an IOMMU that is on in a table of its own. */
static bool has_table(struct rt_loaded *loaded, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "sys/firmware/acpi/tables/%s", name);
	return rt_sys_exists(&loaded->sys, path);
}

static void add_no_iommu(struct rt_loaded *loaded, const char *why,
			 const char *fix, struct rt_host_checks *checks)
{
	const bool passes = rt_host_passes_devices(loaded);

	rt_host_check_add(checks, "iommu", passes ? RT_FAIL : RT_WARN, fix,
			  "/sys/kernel/iommu_groups is empty%s%s", why,
			  passes ? "; kvmrt.cfg passes devices to guests" : "");
}

static void check_iommu(struct rt_loaded *loaded, struct rt_host_checks *checks)
{
	RT_AUTO_NAMES groups = { 0 };
	struct rt_err ignored;

	if (rt_sys_list(&loaded->sys, "sys/kernel/iommu_groups", &groups,
			&ignored) == 0 &&
	    groups.n)
		rt_host_check_add(checks, "iommu", RT_PASS, "",
				  "%zu groups in /sys/kernel/iommu_groups",
				  groups.n);
	else if (has_table(loaded, "DMAR"))
		add_no_iommu(loaded, ", though VT-d is on in the firmware",
			     "boot with intel_iommu=on", checks);
	else if (has_table(loaded, "IVRS"))
		add_no_iommu(loaded, ", though AMD-Vi is on in the firmware",
			     "remove amd_iommu=off and iommu=off from the "
			     "kernel's boot parameters",
			     checks);
	else if (rt_host_wants_intel_iommu(loaded))
		add_no_iommu(loaded, "",
			     "turn VT-d on in the firmware, and boot with "
			     "intel_iommu=on",
			     checks);
	else
		add_no_iommu(loaded, "",
			     "to pass devices through, turn VT-d or AMD-Vi on "
			     "in the firmware",
			     checks);
}

/* Bit 3 of Intel's extended capabilities: interrupt remapping. */
static void check_remapping(struct rt_loaded *loaded,
			    struct rt_host_checks *checks)
{
	char text[32];
	unsigned long long ecap;

	if (rt_sys_exists(&loaded->sys, "sys/class/iommu/ivhd0")) {
		rt_host_check_add(checks, "interrupt-remapping", RT_PASS, "",
				  "AMD-Vi, which remaps interrupts");
		return;
	}
	if (!rt_host_text(loaded, "sys/class/iommu/dmar0/intel-iommu/ecap",
			  text, sizeof(text))) {
		rt_host_check_add(checks, "interrupt-remapping", RT_UNKNOWN, "",
				  "there is no IOMMU in /sys/class/iommu");
		return;
	}
	ecap = strtoull(text, NULL, 16);
	rt_host_check_add(checks, "interrupt-remapping",
			  ecap & 8 ? RT_PASS : RT_WARN,
			  "without it vfio needs "
			  "vfio_iommu_type1.allow_unsafe_interrupts=1, and an "
			  "interrupt moves only when it fires next",
			  "VT-d's extended capabilities are %s", text);
}

void rt_host_check_devices(struct rt_loaded *loaded,
			   struct rt_host_checks *checks)
{
	check_cpu(loaded, checks);
	check_kvm(loaded, checks);
	check_iommu(loaded, checks);
	check_remapping(loaded, checks);
}
