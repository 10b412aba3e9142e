# SPDX-License-Identifier: LGPL-2.1-or-later
# What the kernel does on all CPUs stops while a guest asks for that; the servers for starved tasks stop on its vCPUs' CPUs alone. All is undone exactly.
# shellcheck shell=sh
# lab-append: nohz=on highres=on nohz_full=6,8 rcu_nocbs=6,8

. /lab/rt.sh
. /lab/guarded.sh

SERVERS=/sys/kernel/debug/sched/fair_server
KHUGEPAGED=/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs
CHECKS=/sys/devices/system/machinecheck/machinecheck0/check_interval

# ticks CPU: local timer interrupts since the boot.
ticks() {
	awk -v cpu="CPU$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == cpu) column = i + 1 } $1 == "LOC:" { print $column }' /proc/interrupts
}

# ticks_in SECONDS CPU
ticks_in() {
	_from=$(ticks "$2")
	sleep "$1"
	echo $(($(ticks "$2") - _from))
}

# all_of them, as they are now.
all_of() {
	cat /sys/kernel/mm/ksm/run $KHUGEPAGED /proc/sys/kernel/numa_balancing /proc/sys/vm/stat_interval \
		/proc/sys/vm/compaction_proactiveness $CHECKS 2>/dev/null | tr '\n' ' '
}

irqbalance_quiet
echo 1 >/sys/kernel/mm/ksm/run
echo 1 >/proc/sys/kernel/numa_balancing
write_config
define_rt1
define_rt2
set_key "$RT1_UUID" suppress 'ksm, khugepaged numa-balancing, vmstat, compaction'
snapshot_host /run/before
before=$(all_of)
interval=$(cat $CHECKS)
diag "before: $before"

ok 'rt1 starts' start_guest rt1
is "$(all_of)" "0 4294967295 0 3600 0 $interval " 'what rt1 suppresses has stopped, and nothing else'
like "$(kvmrt-show-config rt1)" 'Suppresses' 'kvmrt-show-config says what it suppresses'
set_key "$RT2_UUID" suppress 'ksm machine-check'
ok 'rt2 starts beside it' start_guest rt2
is "$(all_of)" "0 4294967295 0 3600 0 0 " 'and what rt2 suppresses'

ok 'the agent starts' systemctl start kvmrt-agent
# Somebody else's value is the new base.
echo 7 >/proc/sys/vm/stat_interval
ok 'an edit is repaired' wait_for 30 holds /proc/sys/vm/stat_interval 3600
ok 'rt1 is destroyed' end_guest rt1
like "$(all_of)" '^0 10000 1 7 20 0 $' 'what rt2 does not ask for is back, with what somebody else wrote'
ok 'rt2 is destroyed' end_guest rt2
is "$(cat /proc/sys/vm/stat_interval)" 7 "somebody else's value stays"
echo 1 >/proc/sys/vm/stat_interval
is "$(all_of)" "$before" 'everything is back'
no_trace /run/before 'after both'

if [ -d $SERVERS ] && ! kernel_before 7.0; then
	set_key "$RT1_UUID" suppress ''
	ok 'rt1 starts' start_guest rt1
	is "$(cat $SERVERS/cpu6/runtime $SERVERS/cpu8/runtime | tr '\n' ' ')" '0 0 ' "vCPUs' CPUs have no fair server"
	is "$(cat $SERVERS/cpu10/runtime $SERVERS/cpu0/runtime | sort -u)" 50000000 'all others have theirs'
	guest_cmd rt1 'load_on 0'
	sleep 5
	quiet=$(ticks_in 20 6)
	systemctl stop kvmrt-agent
	echo 50000000 >$SERVERS/cpu6/runtime
	sleep 2
	noisy=$(ticks_in 20 6)
	diag "local timer interrupts in 20 s on CPU 6, its vCPU busy: $quiet without the fair server, $noisy with it"
	ok 'the agent starts' systemctl start kvmrt-agent
	ok 'the agent switches it off again' wait_for 30 holds $SERVERS/cpu6/runtime 0
	ok 'rt1 is destroyed' end_guest rt1
	no_trace /run/before 'after that'
else
	diag 'this kernel has no fair server that can be switched off'
fi
