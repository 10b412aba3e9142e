# SPDX-License-Identifier: LGPL-2.1-or-later
# kvmrt-prove: a guest that is left alone passes, each kind of disturbance fails it and is named, and what could not be seen is inconclusive.
# The limits are those of emulation; what disturbs is made long enough for them by /lab/bin/slow.
# shellcheck shell=sh
# lab-append: nohz=on highres=on

. /lab/rt.sh
. /lab/proving.sh

LIMIT=400ms
SLOW=900

# named WHAT KIND NAME CAUSE: the report says what it was; regular expressions.
named() {
	like "$(outliers)" "^6	$2	$3	$4\$" "the report names $1, and who did it"
}

# slow NAME CPU MS EVENT [FIELD VALUE]: the kernel checks it; not before slow_on NAME is anything slow.
slow() {
	_name=$1
	shift
	if [ $# -gt 3 ]; then
		_offset=$(sed -n "s/.*field:.*[ *]$4;.*offset:\([0-9]*\);.*/\1/p" "/sys/kernel/tracing/events/$3/format")
		/lab/bin/slow "$1" "$2" "$3" "$_offset" "$5" >"/run/slow.$_name" 2>&1 &
	else
		/lab/bin/slow "$1" "$2" "$3" >"/run/slow.$_name" 2>&1 &
	fi
	echo $! >"/run/slow.$_name.pid"
	wait_for 300 grep -q loaded "/run/slow.$_name" || diag "$(head -c 500 "/run/slow.$_name")"
}

slow_on() {
	kill -USR1 "$(cat "/run/slow.$1.pid")"
	wait_for 60 grep -q slow "/run/slow.$1" || diag "$(head -c 500 "/run/slow.$1")"
}

slow_off() {
	kill "$(cat "/run/slow.$1.pid")"
	wait "$(cat "/run/slow.$1.pid")"
}

address_of() {
	awk -v name="$1" '$3 == name { print "0x" $1; exit }' /proc/kallsyms
}

irqbalance_quiet
systemctl stop kvmrt-agent kvmrt-sync
write_config
define_rt1
fails 'without a guest it does nothing' kvmrt-prove --test none
ok 'rt1 starts' start_guest rt1
guest=$(dirname "$(ls -d /sys/fs/cgroup/machine.slice/machine-qemu*rt1*/libvirt/cgroup.procs)")
nic=$(ls "/sys/bus/pci/devices/$NIC1/net")
ip address add 10.0.2.15/24 dev "$nic"
ip link set "$nic" up
modprobe msr
sleep 5
# The guest's driver has set up its card since, and the agent is off.
ok 'the guest is tuned' /usr/lib/kvmrt/kvmrt-reconcile
irq=$(awk -v name="$nic" '$NF ~ "^" name && $NF ~ /rx/ { sub(/:/, "", $1); print $1; exit }' /proc/interrupts)
: "${irq:=$(awk -v name="$nic" '$NF ~ "^" name { sub(/:/, "", $1); print $1; exit }' /proc/interrupts)}"

# --- a guest that sleeps proves nothing, and one that works does
prove_on --test none --for 1h
sleep 12
kill -INT $_prover
prove_off 4 inconclusive 'a guest that sleeps, interrupted'
like "$(reasons)" '^unseen vCPU [01] slept for' 'it says so'
like "$(reasons)" '^unseen it was measured for .* of the 3600 s' 'and that it was interrupted'
guest_cmd rt1 load_on

kvmrt-prove --json --limit $LIMIT --test none --for 12s --load 'sleep 3' --html /lab/out/prove.html rt1 >$REPORT 2>/run/prove.err &
_prover=$!
ok 'it measures' wait_for 300 meter_records "$_prover"
ok 'its load runs' wait_for 60 sh -c "pgrep -P $_prover sleep >/run/load"
like "$(grep Cpus_allowed_list "/proc/$(cat /run/load)/status")" '[[:space:]]0-5$' 'on the CPUs of the host'
prove_off 0 pass 'left alone, it passes'
is "$(pgrep -P $_prover sleep)" '' 'the load has ended with it'
ok 'there is a page' grep -q 'class="verdict">pass<' /lab/out/prove.html

# --- each kind of disturbance, in one measurement
slow irq 6 $SLOW irq/irq_handler_entry irq "$irq"
slow ipi 6 $SLOW irq_vectors/call_function_single_entry
slow timer 6 $SLOW timer/hrtimer_expire_entry function "$(address_of hrtimer_wakeup)"
slow work 6 $SLOW workqueue/workqueue_execute_start function "$(address_of refresh_vm_stats)"
slow hotplug 5 100 cpuhp/cpuhp_enter
prove_on --test none --for 1h
echo 6 >"/proc/irq/$irq/smp_affinity_list"
slow_on irq
busybox ping -q -c 2 -I "$nic" 10.0.2.2 >/run/ping 2>&1
slow_off irq
echo 0-5 >"/proc/irq/$irq/smp_affinity_list"
slow_on ipi
dd if=/dev/cpu/6/msr of=/dev/null bs=8 skip=2 count=1 status=none
slow_off ipi
slow_on timer
/lab/bin/disturb lab-timer fair 6 "$guest/cgroup.procs" 2 0
slow_off timer
slow_on work
echo 1 >/proc/sys/vm/stat_refresh
slow_off work
# Each has what eighty-six ordinary tasks have.
for _n in 1 2 3 4; do
	nice -n -20 /lab/bin/disturb lab-fair fair 6 "$guest/cgroup.procs" 1 1500 &
	_fair="${_fair:-} $!"
done
wait $_fair
/lab/bin/disturb lab-fifo fifo 6 "$guest/cgroup.procs" 2 $SLOW
slow_on hotplug
echo 0 >/sys/devices/system/cpu/cpu5/online
slow_off hotplug
echo 1 >/sys/devices/system/cpu/cpu5/online
kill -INT $_prover
prove_off 1 fail 'disturbed, it fails'
diag "$(outliers)"
named 'an interrupt' irq "$nic.*" '.*'
named 'an IPI' ipi 'call_function.*' 'task dd __rdmsr.*'
named 'a timer' timer hrtimer_wakeup 'task lab-timer'
named 'a work item' work refresh_vm_stats 'task sh'
named 'a fair task' task lab-fair '.*'
named 'a FIFO task' task lab-fifo 'inside hrtimer_wakeup'
named 'a hotplug' task migration/6 '.*'

# --- what cannot be proven
kvmrt-prove --json --test none --for 1h --load false --limit $LIMIT rt1 >$REPORT 2>/run/prove.err
is "$? $(verdict)" '4 inconclusive' 'a load that fails'
like "$(reasons)" "^unseen the load 'false' failed" 'and it says so'
prove_on --test none --for 30s
echo 6 >"/proc/irq/$irq/smp_affinity_list"
prove_off 4 inconclusive 'a guest that loses its tuning'
like "$(reasons)" "^unseen guest 'rt1' is degraded: .*irq/$irq/" 'and what it has lost'
kvmrt-prove --json --test none --for 1h --limit 1s rt1 >$REPORT 2>/run/prove.err
is "$? $(verdict)" '4 inconclusive' 'it is not even tried with one that is not tuned'
echo 0-5 >"/proc/irq/$irq/smp_affinity_list"
prove_on --test none --for 1h
ok 'rt1 is destroyed' end_guest rt1
prove_off 4 inconclusive 'a guest that ends meanwhile'
like "$(reasons)" '^void a guest ended' 'and it says so'
ip link set "$nic" down
ip address flush dev "$nic"
