# SPDX-License-Identifier: LGPL-2.1-or-later
# The state of everything in the host that kvmrt may touch, as sorted lines "KIND KEY = VALUE", and its comparison.
# shellcheck shell=sh

# label KIND: make "KIND FILE = VALUE" of grep's "FILE:VALUE"; a directory's name may hold a colon, a file's does not.
label() {
	sed -E "s|^(.*/[^/:]*):|$1 \1 = |"
}

# settings KIND FILE...: one line for each line of each file that can be read.
settings() {
	_kind=$1
	shift
	grep -sH '' "$@" | label "$_kind"
}

# found KIND FOLDER TEST...: the same for all files that find(1) finds there.
found() {
	_kind=$1
	shift
	find "$@" -print0 2>/dev/null | xargs -0 -r grep -sH '' | label "$_kind"
}

# Interrupts by number and name; those of vfio belong to guests.
snapshot_irqs() {
	settings irq /proc/irq/default_smp_affinity
	grep -sH '' /sys/kernel/irq/*/actions /proc/irq/*/smp_affinity_list | awk '{
		at = index($0, ":")
		value = substr($0, at + 1)
		split(substr($0, 1, at - 1), part, "/")
		if (part[2] == "sys")
			name[part[5]] = value
		else
			cpus[part[4]] = value
	}
	END {
		for (irq in cpus)
			if (name[irq] != "" && name[irq] !~ /vfio/)
				print "irq", irq, name[irq], "=", cpus[irq]
	}'
}

snapshot_cgroups() {
	found cgroup /sys/fs/cgroup -name 'cpuset.cpus*' ! -name '*effective*'
}

# The masks of all threads as "KIND NAME = MASK"; guests, workers that come and go, and our own tools left out.
# Workqueue rescuers (kworker/R-) too: the kernel binds them for good (PF_NO_SETAFFINITY) and lets the mask of
# rcu_gp's lag behind when shields come and go (6.12); nobody can write it.
snapshot_tasks() {
	_guests=$(cat /run/libvirt/qemu/*.pid 2>/dev/null | tr '\n' ' ')
	grep -sHE '^(Name|Tgid|PPid|Cpus_allowed_list):' /proc/[0-9]*/task/[0-9]*/status | awk -v guests=" $_guests " '
	{
		at = index($0, ":")
		line = substr($0, at + 1)
		value = line
		sub(/^[^\t]*\t/, "", value)
	}
	line ~ /^Name/ { name = value }
	line ~ /^Tgid/ { tgid = value }
	line ~ /^PPid/ { kind = (value == 2 || tgid == 2) ? "kthread" : "task" }
	line ~ /^Cpus/ && index(guests, " " tgid " ") == 0 { print kind, name, "=", value }' |
		grep -vE '^kthread (kworker/[0-9uR]|kvm-|irq/|vhost-)|^task (sh|awk|mawk|grep|sort|find|xargs|sleep|cat|tail|virsh|systemctl) =' |
		grep -vE '^task (\(.*\)|systemd-executo) =' |
		sort -u | awk -F' = ' '$1 == last { printf " + %s", $2; next }
			{ printf "%s%s", sep, $0; sep = "\n"; last = $1 }
			END { print "" }'
}

snapshot_pci() {
	find /sys/bus/pci/devices/*/driver -maxdepth 0 -printf '%p %l\n' | sed -E 's|^.*/([^/]+)/driver .*/|pci \1 = |'
	settings pci-override /sys/bus/pci/devices/*/driver_override
}

snapshot_irqbalance() {
	for _socket in /run/irqbalance/irqbalance*.sock; do
		if [ -S "$_socket" ] && [ -x /lab/bin/irqbalance-ask ]; then
			/lab/bin/irqbalance-ask "$_socket" setup | sed -n 's/.*BANNED /irqbalance banned = /p'
		fi
	done
}

snapshot_misc() {
	settings cpu /sys/devices/system/cpu/online /sys/devices/system/cpu/smt/control
	settings latency /sys/devices/system/cpu/cpu*/power/pm_qos_resume_latency_us
	settings governor /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor
	found workqueue /sys/devices/virtual/workqueue -name cpumask
	settings sysctl /proc/sys/kernel/watchdog_cpumask /proc/sys/kernel/watchdog /proc/sys/kernel/sched_rt_runtime_us \
		/proc/sys/kernel/numa_balancing /proc/sys/kernel/timer_migration /sys/kernel/mm/ksm/run /proc/sys/vm/stat_interval \
		/proc/sys/vm/compaction_proactiveness /sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs
	settings machinecheck /sys/devices/system/machinecheck/machinecheck0/check_interval
	settings server /sys/kernel/debug/sched/*_server/cpu*/runtime
	found rps /sys/class/net/*/queues/ -name rps_cpus
}

# snapshot_host FILE
snapshot_host() {
	{
		snapshot_misc
		snapshot_irqs
		snapshot_cgroups
		snapshot_tasks
		snapshot_pci
		snapshot_irqbalance
	} | LC_ALL=C sort >"$1"
}

# diff_host BEFORE AFTER: the differences; fails if there are any. What exists on one side only does not count
# (interrupts, threads, guests come and go), except a cgroup setting that is not the default.
diff_host() {
	awk '
	{
		at = index($0, " = ")
		key = substr($0, 1, at - 1)
		value = substr($0, at + 3)
	}
	NR == FNR { before[key] = value; next }
	{ after[key] = value }
	function left_over(key, value) {
		return key ~ /^cgroup / && key !~ /machine-qemu/ && value != "" && value != "member"
	}
	END {
		for (key in before) {
			if (key in after) {
				if (before[key] != after[key])
					report(key, before[key], after[key])
			} else if (left_over(key, before[key]))
				report(key, before[key], "(gone)")
		}
		for (key in after)
			if (!(key in before) && left_over(key, after[key]))
				report(key, "(none)", after[key])
		exit found
	}
	function report(key, was, is) {
		print key ": " was " -> " is
		found = 1
	}' "$1" "$2"
}
