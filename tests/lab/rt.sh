# SPDX-License-Identifier: LGPL-2.1-or-later
# What it means that a guest is real-time, as checks; sourced by the scenarios in the lab host.
# shellcheck shell=sh

RECONCILE=/usr/lib/kvmrt/kvmrt-reconcile
JOURNAL=/run/kvmrt/journal

# cpus_of LIST: its CPUs, a line each.
cpus_of() {
	echo "$1" | tr , '\n' | while IFS=- read -r _first _last; do
		seq "$_first" "${_last:-$_first}"
	done
}

# within LIST LIST: is each CPU of the first list on the second?
within() {
	[ -n "$1" ] && [ -z "$(cpus_of "$1" | grep -vxF -e "$(cpus_of "$2")")" ]
}

# Functions of awk over CPU lists. A process for each comparison would be what takes longest here.
LISTS='
function fill(list, set,   i, n, part, range, cpu) {
	n = split(list, part, ",")
	for (i = 1; i <= n; i++) {
		if (part[i] == "")
			continue
		split(part[i] "-" part[i], range, "-")
		for (cpu = range[1]; cpu <= range[2]; cpu++)
			set[cpu] = 1
	}
}
function meets(a, b,   first, second, cpu) {
	if ((a, b) in known)
		return known[a, b]
	known[a, b] = 0
	fill(a, first)
	fill(b, second)
	for (cpu in first)
		if (cpu in second)
			known[a, b] = 1
	return known[a, b]
}'

# meets LIST LIST: do two CPU lists have a CPU in common?
meets() {
	awk -v a="$1" -v b="$2" "$LISTS"' BEGIN { exit !meets(a, b) }'
}

# tasks_on CPUS NAME...: "PID/TID COMM MASK" of every task that may run on one of CPUS and is not of these guests.
# (Before kernel 6.13 a guest's kvm-nx-lpage-re is no thread of its process, but has its number in the name.)
# So have the threads of its cards' interrupts (PREEMPT_RT) theirs: irqs_on looks at the interrupts.
# Kernel threads that are bound to one CPU for good (PF_NO_SETAFFINITY) belong to that CPU and do not count.
tasks_on() {
	_cpus=$1
	shift
	_pids=' '
	for _guest; do
		_pids="$_pids$(guest_pid "$_guest") "
	done
	grep -sHE '^(Name|Tgid|Cpus_allowed_list):' /proc/[0-9]*/task/[0-9]*/status | awk -v pids="$_pids" -v cpus="$_cpus" "$LISTS"'
	{
		at = index($0, ":")
		split(substr($0, 1, at - 1), part, "/")
		line = substr($0, at + 1)
		value = line
		sub(/^[^\t]*\t/, "", value)
	}
	line ~ /^Name/ { name = value }
	line ~ /^Tgid/ { tgid = value }
	{ number = name; sub(/^kvm-nx-lpage-recovery-/, "", number) }
	line ~ /^Cpus/ && name !~ /^irq\/[0-9]+-vfio-/ && index(pids, " " tgid " ") == 0 && index(pids, " " number " ") == 0 && meets(value, cpus) {
		print part[3], part[5], value, name
	}' |
	while read -r _pid _tid _mask _comm; do
		read -r _stat 2>/dev/null <"/proc/$_pid/task/$_tid/stat" || continue
		_stat=${_stat##*) }
		# shellcheck disable=SC2086
		set -- $_stat
		# The flags are field 9 of the line, 7 after the name.
		if [ $(($7 & 0x04000000)) -eq 0 ]; then
			echo "$_pid/$_tid $_comm $_mask"
		fi
	done
}

# irqs_on CPUS: "IRQ MASK NAME" of every interrupt that can be moved and may fire on one of CPUS; vfio's left out.
# Managed and per-CPU interrupts cannot be written. Kernel 6.12: mode 0444; before that it is found by trying.
# vfio's belong to guests; one without a name has no device and does not fire.
irqs_on() {
	{
		find /proc/irq -name smp_affinity_list -perm /222 -exec grep -sH '' {} +
		grep -sH '' /sys/kernel/irq/*/actions
	} | awk -v cpus="$1" "$LISTS"'
	{
		at = index($0, ":")
		split(substr($0, 1, at - 1), part, "/")
		value = substr($0, at + 1)
	}
	part[2] == "proc" { mask[part[4]] = value }
	part[2] == "sys" && (part[5] in mask) && value != "" && value !~ /vfio/ && meets(mask[part[5]], cpus) {
		print part[5], mask[part[5]], value
	}' |
	while read -r _irq _mask _name; do
		if kernel_before 6.12 && ! echo "$_mask" 2>/dev/null >"/proc/irq/$_irq/smp_affinity_list"; then
			continue
		fi
		echo "$_irq $_mask $_name"
	done
}

no_irq_on() {
	[ -z "$(irqs_on "$1")" ]
}

# movable N: N interrupts of the host that can be moved and are nobody's in particular.
movable() {
	irqs_on "$(cat /sys/devices/system/cpu/present)" | cut -d' ' -f1 | tail -n "$1"
}

# service_threads NAME CPUS: its threads that are neither a vCPU nor only on CPUS.
service_threads() {
	guest_threads "$1" | while read -r _tid _mask _comm; do
		case $_comm in
		'CPU '*) continue ;;
		esac
		[ "$_mask" = "$2" ] || within "$_mask" "$2" || echo "$_tid $_mask $_comm"
	done
}

# vcpu_cpu NAME N: the mask of its vCPU N.
vcpu_cpu() {
	guest_threads "$1" | awk -v vcpu="$2/KVM" '$3 == "CPU" && $4 == vcpu { print $2 }'
}

# leaf_of NAME COMM: the last part of the cgroup of a thread.
leaf_of() {
	_pid=$(guest_pid "$1")
	for _task in "/proc/$_pid/task/"*; do
		if [ "$(cat "$_task/comm")" = "$2" ]; then
			sed 's|.*/||' "$_task/cgroup"
		fi
	done
}

# locked_kib NAME
locked_kib() {
	awk '$1 == "VmLck:" { print $2 }' "/proc/$(guest_pid "$1")/status"
}

vfio_on() {
	_all=$(guest_irqs "$1")
	[ -n "$_all" ] && [ -z "$(echo "$_all" | awk -v cpu="$2" '$2 != cpu')" ]
}

# is_shielded NAME OWNED [fence]: an isolated partition; before kernel 6.7, or if said, a fence around everybody else.
is_shielded() {
	_isolated=/sys/fs/cgroup/cpuset.cpus.isolated
	if [ -e $_isolated ] && [ -z "$3" ]; then
		if meets "$2" "$(cat $_isolated)"; then
			pass "$1: its CPUs are isolated"
		else
			fail "$1: its CPUs are isolated" "$(cat $_isolated)"
		fi
		return
	fi
	for _slice in system user; do
		if meets "$2" "$(cat /sys/fs/cgroup/$_slice.slice/cpuset.cpus.effective)"; then
			fail "$1: $_slice.slice is fenced off" "$(cat /sys/fs/cgroup/$_slice.slice/cpuset.cpus.effective)"
		else
			pass "$1: $_slice.slice is fenced off"
		fi
	done
}

# check_rt NAME VCPU-CPUS SERVICE-CPUS OWNED [fence]: everything that kvmrt promises of a running RT guest.
check_rt() {
	_vcpu=0
	for _cpu in $2; do
		is "$(vcpu_cpu "$1" "$_vcpu")" "$_cpu" "$1: vCPU $_vcpu is on CPU $_cpu alone"
		_vcpu=$((_vcpu + 1))
	done
	is "$(service_threads "$1" "$3")" '' "$1: every other thread is on CPU $3"
	is "$(tasks_on "$4" "$1")" '' "$1: nobody else may run on $4"
	is "$(irqs_on "$4")" '' "$1: no interrupt that can be moved is on $4"
	unlike "$(leaf_of "$1" 'kvm-nx-lpage-re')" '^vcpu' "$1: kvm-nx-lpage-re is out of the vCPU's cgroup"
	is_shielded "$1" "$4" "$5"
	for _cpu in $2; do
		is "$(cat "/sys/devices/system/cpu/cpu$_cpu/power/pm_qos_resume_latency_us")" n/a "$1: CPU $_cpu wakes at once"
	done
}

# meter_records PID: that kvmrt-noise or kvmrt-prove has set up all, and records.
meter_records() {
	[ "$(cat "/sys/kernel/tracing/instances/kvmrt-noise-$1-"*[0-9]/tracing_on 2>/dev/null)" = 1 ]
}

# no_trace BEFORE NAME: the host is as it was, and nothing is on record.
no_trace() {
	snapshot_host /run/now
	same_host "$1" /run/now "$2: every setting is as before"
	ok "$2: no journal is left" test ! -e "$JOURNAL"
}
