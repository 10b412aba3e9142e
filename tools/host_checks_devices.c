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

/*
 * Since 5.6 the kernel hides the flag when the firmware has locked
 * virtualization off, so that "not there" and "off" look the same.
 */
static void check_cpu(struct rt_loaded *loaded, struct rt_host_checks *checks)
{
	char text[CPU_MAX];
	const char *flag = NULL;

	if (!read_cpuinfo(loaded, text, sizeof(text)) ||
	    !strstr(text, "\nflags"))
		return; /* another architecture, or a capture without it */
	if (cpuinfo_has(text, "\nflags", "vmx"))
		flag = "vmx (VT-x)";
	else if (cpuinfo_has(text, "\nflags", "svm"))
		flag = "svm (AMD-V)";
	rt_host_check_add(checks, "cpu-virtualization",
			  flag ? RT_PASS : RT_FAIL,
			  "switch virtualization (VT-x, AMD-V, SVM) on in the "
			  "firmware; in a virtual machine, ask for nested "
			  "virtualization",
			  flag ? "the processor has %s" :
				 "/proc/cpuinfo shows neither vmx nor svm: the "
				 "processor has none, or the firmware has it "
				 "off%s",
			  flag ? flag : "");
}

static void check_kvm(struct rt_loaded *loaded, struct rt_host_checks *checks)
{
	const bool module = rt_sys_exists(&loaded->sys, "sys/module/kvm");
	const bool device =
		!loaded->sys.live || rt_sys_exists(&loaded->sys, "dev/kvm");

	rt_host_check_add(checks, "kvm", module && device ? RT_PASS : RT_FAIL,
			  "'modprobe kvm_intel' or 'modprobe kvm_amd'; when "
			  "that fails, the kernel's log says why",
			  module ? "/sys/module/kvm is there, /dev/kvm %s" :
				   "there is no /sys/module/kvm, /dev/kvm %s",
			  !loaded->sys.live ? "is not looked at in a capture" :
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

static bool any_passed(const struct rt_loaded *loaded)
{
	for (size_t i = 0; i < loaded->guests.n; i++) {
		if (loaded->guests.items[i].pcidevs.n &&
		    !loaded->guests.items[i].disabled)
			return true;
	}
	return false;
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
	else
		rt_host_check_add(
			checks, "iommu", any_passed(loaded) ? RT_FAIL : RT_WARN,
			rt_host_wants_intel_iommu(loaded) ?
				"VT-d on in the firmware, and intel_iommu=on "
				"on the kernel's command line" :
				"for passed-through devices: VT-d or AMD-Vi "
				"on in the firmware",
			"/sys/kernel/iommu_groups is empty%s",
			any_passed(loaded) ?
				", and kvmrt.cfg passes devices to guests" :
				"");
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
