/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* prove_host.c - where and when something was proven */
#include "prove.h"

#include <time.h>

static void read_text(struct rt_sys *sys, const char *path, char *text,
		      size_t size)
{
	struct rt_err ignored;

	if (rt_sys_read(sys, path, text, size, &ignored) < 0)
		*text = '\0';
}

void rt_proven_describe(struct rt_proven *proven, struct rt_sys *sys)
{
	const time_t now = time(NULL);
	char vendor[100], product[100];
	RT_AUTO_FREE char *cpus = NULL;
	struct rt_err ignored;
	struct tm tm;
	size_t len;

	read_text(sys, "proc/sys/kernel/osrelease", proven->kernel,
		  sizeof(proven->kernel));
	read_text(sys, "proc/sys/kernel/version", proven->version,
		  sizeof(proven->version));
	read_text(sys, "proc/cmdline", proven->cmdline,
		  sizeof(proven->cmdline));
	read_text(sys, "sys/class/dmi/id/sys_vendor", vendor, sizeof(vendor));
	read_text(sys, "sys/class/dmi/id/product_name", product,
		  sizeof(product));
	snprintf(proven->machine, sizeof(proven->machine), "%s%s%s", vendor,
		 *vendor ? " " : "", product);
	if (rt_sys_read_all(sys, "proc/cpuinfo", 16U << 20, &cpus, &len,
			    &ignored) == 0) {
		const char *at = strstr(cpus, "model name");

		if (at && (at = strchr(at, ':')))
			(void)sscanf(at + 1, " %127[^\n]", proven->cpu);
	}
	if (gmtime_r(&now, &tm))
		strftime(proven->begun, sizeof(proven->begun),
			 "%Y-%m-%dT%H:%M:%SZ", &tm);
}
