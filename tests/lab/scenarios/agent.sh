# SPDX-License-Identifier: LGPL-2.1-or-later
# The agent guards a guest: its own interrupts, everybody else's, CPUs, settings; nothing wakes it when nothing happens.
# shellcheck shell=sh

. /lab/rt.sh
. /lab/guarded.sh

# How long the guest is watched for interrupts; ten minutes for the proof, less in CI.
QUIET=${QUIET:-60}

agent_log() {
	journalctl -u kvmrt-agent -o cat --no-pager | grep -E -- "$1"
}

agent_pid() {
	systemctl show -p MainPID --value kvmrt-agent
}

says() {
	agent_status | grep -q -- "$1"
}

wakeups() {
	agent_status | sed -E 's/.*"wakeups":([0-9]+).*/\1/'
}

driver_is() {
	[ "$(basename "$(readlink -f "/sys/bus/pci/devices/$1/driver")")" = "$2" ]
}

# A guest that has just started may not hear the request to release the device, so it is asked again.
unplugged() {
	driver_is "$NIC3" e1000e && return
	virsh -q detach-device rt1 /run/nic3.xml --live
	sleep 15
	driver_is "$NIC3" e1000e
}

no_task_on() {
	[ -z "$(tasks_on "$1" rt1)" ]
}

# fired CPU...: how often interrupts that can be moved and are not vfio's have fired there.
fired() {
	awk -v cpus="$*" '
	NR == 1 { for (i = 1; i <= NF; i++) column[substr($i, 4)] = i + 1; next }
	/^ *[0-9]+:/ && !/vfio/ {
		irq = $1
		sub(":", "", irq)
		if (system("[ -w /proc/irq/" irq "/smp_affinity_list ] && stat -c %A /proc/irq/" irq "/smp_affinity_list | grep -q w"))
			next
		n = split(cpus, part, " ")
		for (i = 1; i <= n; i++)
			sum += $(column[part[i]])
	}
	END { print sum + 0 }' /proc/interrupts
}

write_config
# With a free port, for a card that is plugged in.
ok 'rt1 has a free port' define_rt1 extra="<controller type='pci' index='4' model='pcie-root-port'/>"
irqbalance_quiet
ok 'the agent starts' systemctl start kvmrt-agent
ok 'rt1 starts and boots' start_guest rt1 900
ok 'its interrupts are on CPU 10 when its driver is there' wait_for 60 vfio_on "$NIC2" 10
check_rt rt1 '6 8' 10 6-11
ok 'rt1: traffic' guest_cmd rt1 traffic_on
ok 'its driver is loaded again' guest_cmd rt1 nic_reload
ok 'and its interrupts are on CPU 10' wait_for 60 vfio_on "$NIC2" 10
diag "$(guest_irqs "$NIC2")"

# Somebody meddles.
_irq=$(movable 1)
echo 6 >"/proc/irq/$_irq/smp_affinity_list"
ok 'an interrupt that was put onto a vCPU is taken away' wait_for 30 no_irq_on 6-11
ok 'and the log says who did it' wait_for 10 agent_log "irq $_irq was placed on cpu 6.*, by [a-z]+\[[0-9]+\]"
ok 'the guest counts as disturbed' says '"state":"disturbed"'
echo 1 >/sys/devices/system/cpu/cpu7/online
ok 'a sibling that comes up goes down again' wait_for 60 holds /sys/devices/system/cpu/cpu7/online 0
echo 0 >/sys/devices/system/cpu/cpu6/power/pm_qos_resume_latency_us
ok 'idle latency is repaired' wait_for 30 holds /sys/devices/system/cpu/cpu6/power/pm_qos_resume_latency_us n/a
_mask=$(cat /proc/irq/default_smp_affinity)
echo fff >/proc/irq/default_smp_affinity
ok 'the default mask is repaired' wait_for 30 holds /proc/irq/default_smp_affinity "$_mask"
_scope=$(cut -d: -f3 "/proc/$(guest_pid rt1)/cgroup" | sed 's|/libvirt.*||')
echo member >"/sys/fs/cgroup$_scope/cpuset.cpus.partition"
ok 'the shield is put up again' wait_for 60 holds "/sys/fs/cgroup$_scope/cpuset.cpus.partition" isolated
ok 'virsh pins a vCPU elsewhere' virsh -q vcpupin rt1 0 10 --live
ok 'and the thread is moved back' wait_for 30 sh -c '. /lab/host-lib.sh; . /lab/rt.sh; [ "$(vcpu_cpu rt1 0)" = 6 ]'
check_rt rt1 '6 8' 10 6-11
is "$(irqs_on 6-11)" '' 'no interrupt is left on 6-11'

# How fast: many interrupts take turns, so that nobody takes it for a fight.
# shellcheck disable=SC2046
diag "agent: of 100 times, worst and median in ms: $(/lab/bin/irq-tug 6 100 10 $(movable 12))"

# A fight.
for _n in 1 2 3 4 5 6 7 8 9 10; do
	echo 8 >"/proc/irq/$_irq/smp_affinity_list"
	sleep 0.5
done
ok 'a fight is recognised' wait_for 30 agent_log "irq $_irq was repaired [0-9]+ times within a minute"
ok 'the status says so' says '"fight":true'
ok 'and it is repaired all the same' wait_for 90 no_irq_on 6-11

# irqbalance comes.
systemctl start irqbalance
ok 'irqbalance is told when it appears' wait_for 60 agent_log 'irqbalance asked to keep off cpu 6-11'
_before=$(fired 6 8)
sleep "$QUIET"
is "$(fired 6 8)" "$_before" "in $QUIET s no movable foreign interrupt fired on the vCPUs' CPUs"
ok 'its interrupts are still on CPU 10' wait_for 30 vfio_on "$NIC2" 10
systemctl stop irqbalance

ok 'rt1 restarts its system' virsh -q reset rt1
ok 'its interrupts come back to CPU 10' wait_for 600 vfio_on "$NIC2" 10
ok 'new kernel threads leave its CPUs' wait_for 60 no_task_on 6-11

# A second card, while it runs.
xml_nics "$NIC3" >/run/nic3.xml
ok 'a card is plugged in' virsh -q attach-device rt1 /run/nic3.xml --live
ok 'its interrupts are on CPU 10, too' wait_for 120 vfio_on "$NIC3" 10
ok 'and it is unplugged' wait_for 240 unplugged

# Nothing happens, nobody wakes up: by our count, by the kernel's, by strace's.
turns() {
	awk '/ctxt_switches/ { n += $2 } END { print n }' "/proc/$1/status"
}
guest_cmd rt1 traffic_off
sleep 20
_helper=$(pidof kvmrt-sync)
_before=$(wakeups)
_turns=$(turns "$(agent_pid)")
_helper_turns=$(turns "$_helper")
sleep 60
_turns=$(($(turns "$(agent_pid)") - _turns))
_helper_turns=$(($(turns "$_helper") - _helper_turns))
_after=$(wakeups)
diag "in 60 s: $((_after - _before - 1)) wake-ups besides the question itself; the kernel let the agent run $_turns times, its helper $_helper_turns times"
ok 'idle is idle: a wake-up or two at most, of new kernel threads' test $((_after - _before - 1)) -le 4
ok 'the kernel says the same' test "$_turns" -le 12
# libvirt's daemon asks each of its clients every five seconds whether it lives (keepalive_interval of libvirtd.conf).
ok 'the helper answers libvirt, and does nothing else' test "$_helper_turns" -le 16
timeout -s INT 60 strace -f -c -o /run/strace -p "$(agent_pid)" 2>/dev/null
diag "strace -c for 60 s:" "$(cat /run/strace)"
ok 'strace sees no more' test "$(awk '$NF == "epoll_wait" || $NF == "epoll_pwait" { n += $4 } END { print n + 0 }' /run/strace)" -le 4
_kib=$(awk '/RssAnon/ { print $2 }' "/proc/$(agent_pid)/status")
if is_sanitized; then
	skip "its own memory is under 4 MiB: $_kib KiB" 'most of it is of the sanitizers'
else
	ok "its own memory is under 4 MiB: $_kib KiB" test "$_kib" -lt 4096
fi

# Stopping and starting it changes nothing.
snapshot_host /run/with
ok 'the agent restarts' systemctl restart kvmrt-agent
snapshot_host /run/after
ok 'which changes nothing' same_host /run/with /run/after 'the host is the same'
ok 'and it guards what runs' wait_for 30 says '"name":"rt1"'
ok 'the agent stops' systemctl stop kvmrt-agent
ok 'its trace instance is gone' test ! -e /sys/kernel/tracing/instances/kvmrt
check_rt rt1 '6 8' 10 6-11
ok 'the agent starts again' systemctl start kvmrt-agent

# A guest dies and no hook tells it. What was placed by hand above is where it was placed, so the host is looked at anew.
ok 'rt1 ends' end_guest rt1
snapshot_host /run/before
ok 'rt1 starts' virsh -q start rt1
mv /etc/libvirt/hooks/qemu.d/kvmrt /run/kvmrt-hook
printf '#!/bin/sh\nexit 0\n' >/etc/libvirt/hooks/qemu.d/kvmrt
chmod 755 /etc/libvirt/hooks/qemu.d/kvmrt
kill -9 "$(guest_pid rt1)"
ok 'what the hook missed is undone' wait_for 120 test ! -e "$JOURNAL"
wait_for 120 guest_is rt1 'shut off'
mv /run/kvmrt-hook /etc/libvirt/hooks/qemu.d/kvmrt
no_trace /run/before 'afterwards'

# A start fails, and no hook says so.
virsh -q dumpxml --inactive rt1 >/run/rt1.xml
sed 's|<kernel>.*</kernel>|<kernel>/var/lib/lab/no-such-kernel</kernel>|' /run/rt1.xml >/run/rt1-bad.xml
virsh -q define /run/rt1-bad.xml
mv /etc/libvirt/hooks/qemu.d/kvmrt /etc/libvirt/hooks/kvmrt-real
printf '#!/bin/sh\ncase $2 in stopped | release) exit 0 ;; esac\nexec /etc/libvirt/hooks/kvmrt-real "$@"\n' >/etc/libvirt/hooks/qemu.d/kvmrt
chmod 755 /etc/libvirt/hooks/qemu.d/kvmrt
fails 'a start that libvirt gives up' virsh -q start rt1
ok 'what was prepared is undone' wait_for 60 test ! -e "$JOURNAL"
ok 'and that is said' agent_log 'its start has failed, and the hook has not undone'
mv /etc/libvirt/hooks/kvmrt-real /etc/libvirt/hooks/qemu.d/kvmrt
virsh -q define /run/rt1.xml
no_trace /run/before 'after a failed start'
ok 'the agent wrote no error' sh -c '! journalctl -u kvmrt-agent -u kvmrt-sync -p err --no-pager -o cat | grep -v "^-- No entries" | grep .'
diag "$(systemd-analyze security kvmrt-agent.service --no-pager | tail -n 1)"
ok 'the agent stops' systemctl stop kvmrt-agent
