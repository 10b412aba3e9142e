/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* suppress.c - what can be switched off for the whole host only */
#include "suppress.h"

static const char *const words[] = {
	"ksm",	  "khugepaged", "numa-balancing",
	"vmstat", "compaction", "machine-check",
};

const struct rt_words rt_suppress_words = {
	words,
	sizeof(words) / sizeof(words[0]),
	"something that can be suppressed",
};

const struct rt_suppression rt_suppressions[] = {
	{ "sys/kernel/mm/ksm/run", "0",
	  "ksmd does not unmap pages, and interrupts no CPU for that" },
	/*
	 * For each huge page that khugepaged makes, tlb_remove_table_sync_one
	 * interrupts all CPUs (6.1 to 6.12). This is the longest sleep.
	 */
	{ "sys/kernel/mm/transparent_hugepage/khugepaged/"
	  "scan_sleep_millisecs",
	  "4294967295",
	  "khugepaged does not make huge pages, and interrupts no CPU for "
	  "that" },
	{ "proc/sys/kernel/numa_balancing", "0",
	  "no page is unmapped to see who uses it" },
	/* Seconds. The kernel multiplies them by HZ, in 31 bits. */
	{ "proc/sys/vm/stat_interval", "3600",
	  "memory counters are folded once an hour" },
	{ "proc/sys/vm/compaction_proactiveness", "0",
	  "kcompactd moves pages only when somebody needs it" },
	/* One variable, in the directory of each CPU. */
	{ "sys/devices/system/machinecheck/machinecheck0/check_interval", "0",
	  "no timer polls for corrected memory errors" },
};
_Static_assert(sizeof(rt_suppressions) / sizeof(rt_suppressions[0]) ==
		       sizeof(words) / sizeof(words[0]),
	       "a row for each word");
