# SPDX-License-Identifier: LGPL-2.1-or-later
# A fault stays where it is: two RT guests under the agent, and what goes wrong with one, with a setting, with a process, harms nobody else.
# shellcheck shell=sh

. /lab/rt.sh
. /lab/guarded.sh

# The issue's number is 20,000; emulation takes minutes to make them.
CROWD=${CROWD:-2000}

WATCHDOG=/proc/sys/kernel/watchdog_cpumask
DEFAULT=/proc/irq/default_smp_affinity
THEIRS=$SLICE/lab-theirs.service

check_both() {
	check_rt rt1 '6 8' 10 6-11
	check_rt rt2 2 4 2-5
}

start_both() {
	virsh -q start rt1 && virsh -q start rt2
}

# end_both WHAT
end_both() {
	ok "$1: rt2 ends" end_guest rt2
	ok "$1: rt1 ends" end_guest rt1
	ok "$1: the agent restores the rest" wait_for 60 test ! -e "$JOURNAL"
	no_trace /run/before "$1"
}

# vcpu_is GUEST VCPU CPU
vcpu_is() {
	[ "$(vcpu_cpu "$1" "$2")" = "$3" ]
}

# Both run before kvmrt hears of them, the way of every new user with running guests.
adopted_together() {
	rm -f "$CFG"
	ok 'rt1 and rt2 start as ordinary guests' start_both
	write_config
	ok 'both are adopted in one go' kvmrt-boot rt1 rt2
	check_both
	ok 'a reconcile' $RECONCILE
	ok 'kvmrt-stat: rt1 is tuned' wait_for 10 stat_says rt1 'tuned|disturbed'
	ok 'kvmrt-stat: rt2 is tuned' wait_for 10 stat_says rt2 'tuned|disturbed'
	end_both 'adopted together'
}

# An administrator, or the kernel's memory-failure handling, takes a vCPU's CPU away.
cpu_taken() {
	ok 'both start' start_both
	echo 0 >/sys/devices/system/cpu/cpu6/online
	is "$(cat /sys/devices/system/cpu/cpu6/online)" 0 "rt1's CPU 6 is offline"
	ok 'kvmrt-stat: rt1 is degraded' wait_for 30 stat_says rt1 degraded
	diag "$(kvmrt-stat)"
	# What ran on the lost CPU may have come to rt2's for a moment.
	ok 'kvmrt-stat: rt2 is tuned' wait_for 30 stat_says rt2 'tuned|disturbed'
	movable 1 >/run/irq
	echo 2 >"/proc/irq/$(cat /run/irq)/smp_affinity_list"
	ok 'an interrupt put onto rt2 is taken away' wait_for 30 no_irq_on 2-5
	echo 0 >/sys/devices/system/cpu/cpu2/power/pm_qos_resume_latency_us
	ok 'its idle latency is repaired' wait_for 30 holds /sys/devices/system/cpu/cpu2/power/pm_qos_resume_latency_us n/a
	check_rt rt2 2 4 2-5
	ok 'rt2 ends beside it' end_guest rt2
	is "$(online)" 0-5,8,10 'its siblings are back'
	ok 'rt2 starts beside it' virsh -q start rt2
	check_rt rt2 2 4 2-5
	ok 'rt1 runs on' guest_is rt1 running
	echo 1 >/sys/devices/system/cpu/cpu6/online
	ok 'the CPU returns, and vCPU 0 is on it' wait_for 30 vcpu_is rt1 0 6
	ok 'kvmrt-stat: rt1 is tuned again' wait_for 30 stat_says rt1 'tuned|disturbed'
	check_both
	end_both 'a CPU taken and given'
}

# A value that others write to a setting of kvmrt stays: only what hurts a guest is changed, and in the end the whole value is restored.
others_choose() {
	_default=$(cat "$DEFAULT")
	_watchdog=$(cat "$WATCHDOG")
	ok 'both start' start_both
	echo 1 >"$DEFAULT"
	echo 0-3 >"$WATCHDOG"
	ok 'the watchdog keeps off rt2, and on what else was chosen' wait_for 30 holds "$WATCHDOG" 0-1
	ok 'a reconcile' $RECONCILE
	is "$(cat "$DEFAULT")" 001 'the default mask that was chosen hurts nobody and stays'
	ok 'rt2 ends' end_guest rt2
	ok 'without rt2 the watchdog is where it was put' wait_for 30 holds "$WATCHDOG" 0-3
	is "$(cat "$DEFAULT")" 001 'the default mask stays'

	# A partition of somebody else's, beside the guest's.
	ok 'a service gets CPU 4 for itself' systemd-run -q --unit=lab-theirs --slice=machine.slice -p AllowedCPUs=4 sleep infinity
	echo "4,$(cat $SLICE/cpuset.cpus.exclusive)" >$SLICE/cpuset.cpus.exclusive
	echo 4 >$THEIRS/cpuset.cpus.exclusive
	echo isolated >$THEIRS/cpuset.cpus.partition
	is "$(cat $THEIRS/cpuset.cpus.partition)" isolated 'as a partition'
	sleep 5
	ok 'a reconcile' $RECONCILE
	is "$(cat $THEIRS/cpuset.cpus.partition)" isolated 'which it keeps beside rt1'
	check_rt rt1 '6 8' 10 6-11
	ok 'rt1 ends' end_guest rt1
	ok 'the agent restores the rest' wait_for 60 test ! -e "$JOURNAL"
	is "$(cat $THEIRS/cpuset.cpus.partition)" isolated 'the partition of the service is still one'
	is "$(cat $SLICE/cpuset.cpus.exclusive)" 4 "machine.slice has that CPU, and none of ours"
	is "$(cat "$DEFAULT")" 001 'the default mask is the one that was chosen'
	is "$(cat "$WATCHDOG")" 0-3 "the watchdog's, too"
	systemctl stop lab-theirs
	[ ! -e $SLICE ] || echo >$SLICE/cpuset.cpus.exclusive
	echo "$_default" >"$DEFAULT"
	echo "$_watchdog" >"$WATCHDOG"
	no_trace /run/before 'their values taken back'
}

# masks PID: how many threads have which CPUs.
masks() {
	grep -h '^Cpus_allowed_list' "/proc/$1/task/"*/status | sort | uniq -c
}

# thread_masks PID FILE
thread_masks() {
	grep -H '^Cpus_allowed_list' "/proc/$1/task/"*/status | LC_ALL=C sort >"$2"
}

# keeps_off PID CPUS: may none of its threads run there?
keeps_off() {
	masks "$1" | while read -r _n _key _mask; do
		! meets "$_mask" "$2" || echo "$_n threads on $_mask"
	done
}

# crowd KIND N: starts one, which is $_crowd then.
crowd() {
	/lab/bin/crowd "$1" "$2" >"/run/crowd-$1" &
	_crowd=$!
	ok "a process with $2 $1" timed 'making it' wait_for 600 grep -q ready "/run/crowd-$1"
}

odd_processes() {
	crowd groups 10000
	_groups=$_crowd
	crowd threads "$CROWD"
	_threads=$_crowd
	thread_masks "$_threads" /run/masks-before
	snapshot_host /run/before
	ok 'rt1 starts beside them' timed 'the start' virsh -q start rt1
	ok 'rt2 starts beside them' timed 'the start' virsh -q start rt2
	is "$(keeps_off "$_groups" 2-11)" '' 'the process with many groups keeps off their CPUs'
	ok 'the agent has swept' wait_for 30 $RECONCILE
	is "$(keeps_off "$_threads" 2-11)" '' 'every one of the threads does'
	is "$(vcpu_cpu rt1 0) $(vcpu_cpu rt1 1) $(vcpu_cpu rt2 0)" '6 8 2' 'the vCPUs are in their places'
	ok 'rt2 ends' timed 'the end' end_guest rt2
	is "$(keeps_off "$_threads" 6-11)" '' "the threads still keep off rt1's CPUs"
	like "$(masks "$_threads")" '[[:space:]]4$' "and are back on rt2's"
	like "$(masks "$_threads")" '[[:space:]]3-4$' 'also where a sibling was offline'
	ok 'rt1 ends' timed 'the end' end_guest rt1
	ok 'the agent restores the rest' wait_for 120 test ! -e "$JOURNAL"
	thread_masks "$_threads" /run/masks-after
	ok 'each thread has the mask that it chose' cmp /run/masks-before /run/masks-after
	no_trace /run/before 'with many groups and threads'
	kill "$_groups" "$_threads"
}

irqbalance_quiet
define_rt1
define_rt2
for what in adopted_together cpu_taken others_choose odd_processes; do
	diag "--- $what"
	start_over
	write_config
	began=$(date +%s)
	$what
	diag "--- $what: $(($(date +%s) - began)) s"
done
ok 'the agent stops' stop_agent
