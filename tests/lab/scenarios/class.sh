# SPDX-License-Identifier: LGPL-2.1-or-later
# The scheduling class of vCPUs: SCHED_OTHER unless the section says otherwise, in the definition, of a guest that runs, and of one that starts.
# shellcheck shell=sh

. /lab/rt.sh

# Before 7.0 it is left alone.
SERVER=/sys/kernel/debug/sched/fair_server/cpu6/runtime
off=0

# classes: how many of rt1's vCPUs have which "POLICY:PRIORITY" (chrt -m has the numbers), then each other thread that is not SCHED_OTHER.
classes() {
	cat /sys/fs/cgroup/machine.slice/machine-qemu*rt1.scope/libvirt/*/cgroup.threads | while read -r _tid; do
		cat "/proc/$_tid/stat"
	done | awk '{
		name = rest = $0
		sub(/^[0-9]+ \(/, "", name)
		sub(/\) [A-Z] .*/, "", name)
		sub(/^.*\) /, "", rest)
		split(rest, field, " ")
		if (name ~ /^CPU/)
			name = "vCPU"
		if (name == "vCPU" || field[39] != 0)
			print name, field[39] ":" field[38]
	}' | sort | uniq -c | awk '{ printf "%s%s", sep, $0; sep = ", " }' | tr -s ' ' | sed 's/^ //'
}

definition() {
	virsh dumpxml --inactive rt1 | grep -o '<vcpusched .*>'
}

defined() {
	[ -n "$(definition)" ]
}

irqbalance_quiet
write_config
define_rt1
[ ! -e "$SERVER" ] || _server=$(cat "$SERVER")
! kernel_before 7.0 || off=$_server
snapshot_host /run/before
ok 'the agent starts' systemctl start kvmrt-agent
ok 'rt1 starts' start_guest rt1
is "$(classes)" '2 vCPU 0:0' 'its vCPUs are SCHED_OTHER'

set_key "$RT1_UUID" vcpu_sched fifo:1
like "$(kvmrt-validate-config 2>&1)" 'vcpu-fifo' 'kvmrt-validate-config warns'
ok 'kvmrt-boot tunes it anew' kvmrt-boot rt1
is "$(classes)" '2 vCPU 1:1' 'its vCPUs are SCHED_FIFO, and no other thread is'
[ ! -e "$SERVER" ] || is "$(cat "$SERVER")" "$_server" 'the fair server of their CPUs is on'
ok 'nothing is missing' kvmrt-stat rt1
for _tid in $(guest_threads rt1 | awk '/CPU 0\/KVM/ { print $1 }'); do
	chrt -o -p 0 "$_tid"
done
ok 'a reconcile finds that somebody changed a class' "$RECONCILE"
is "$(classes)" '2 vCPU 1:1' 'and sets it again'
ok 'rt1 is destroyed' end_guest rt1
no_trace /run/before 'after SCHED_FIFO'

ok 'the definition follows' wait_for 60 defined
is "$(definition | grep -c "scheduler='fifo' priority='1'")" 2 'with the class for each vCPU: libvirt lists them one by one'
ok 'rt1 starts with SCHED_FIFO' start_guest rt1
check_rt rt1 '6 8' 10 6-11
is "$(classes)" '2 vCPU 1:1' 'its vCPUs are SCHED_FIFO, and what they made is not'
[ ! -e "$SERVER" ] || is "$(cat "$SERVER")" "$_server" 'the fair server was never switched off'
set_key "$RT1_UUID" vcpu_sched auto
ok 'kvmrt-boot tunes it anew' kvmrt-boot rt1
is "$(classes)" '2 vCPU 0:0' 'its vCPUs are SCHED_OTHER again'
[ ! -e "$SERVER" ] || is "$(cat "$SERVER")" "$off" 'the fair server of their CPUs is off, if it may be'
ok 'rt1 is destroyed' end_guest rt1
no_trace /run/before 'after both'
