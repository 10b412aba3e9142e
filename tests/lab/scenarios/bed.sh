# SPDX-License-Identifier: LGPL-2.1-or-later
# The bed itself, without kvmrt: a KVM guest with a passed-through card starts, interrupts, and shuts down.
# lab-stage: none
# shellcheck shell=sh

vfio_msix() {
	guest_irqs "$NIC2" | grep -q msix
}

irqbalance_quiet
is "$(online)" 0-11 'twelve CPUs are up'
if no_smt; then
	skip '8 and 9 are siblings' 'this kernel sees no SMT in the emulated CPU'
else
	is "$(cat /sys/devices/system/cpu/cpu8/topology/thread_siblings_list)" 8-9 '8 and 9 are siblings'
fi
is "$(cat /sys/devices/system/node/node1/cpulist)" 6-11 'node 1 has the upper six'
is "$(cat /sys/bus/pci/devices/$NIC2/numa_node)" 1 'the card is on node 1'
is "$(ls /sys/bus/pci/devices/$NIC2/iommu_group/devices)" "$NIC2" 'the card is alone in its IOMMU group'
is "$(ls /sys/bus/pci/devices/$NIC4/iommu_group/devices | wc -l)" 2 'the card with two functions shares a group'
ok 'KVM is there' test -c /dev/kvm

ok 'rt1 can be defined' define_rt1
ok 'plain can be defined' define_plain
snapshot_host /run/before
snapshot_host /run/before-again
same_host /run/before /run/before-again 'a host that nobody touched compares equal'

ok 'rt1 starts' timed 'virsh start' virsh -q start rt1
ok 'rt1 is up' timed 'its boot' wait_for 300 guest_booted rt1
ok 'its card interrupts by MSI-X' wait_for 60 vfio_msix
diag "$(guest_irqs "$NIC2")"
diag "$(guest_threads rt1)"
like "$(guest_threads rt1)" '^[0-9]+ 6 CPU 0/KVM' 'vCPU 0 is on 6'
like "$(guest_threads rt1)" '^[0-9]+ 8 CPU 1/KVM' 'vCPU 1 is on 8'
is "$(basename "$(readlink "/sys/bus/pci/devices/$NIC2/driver")")" vfio-pci 'the card is on vfio-pci'
like "$(guest_cmd rt1 'echo answer $((6 * 7))')" '^answer 42' 'rt1 obeys'
is "$(guest_cmd rt1 false; echo $?)" 1 'rt1 tells the exit code'
ok 'rt1 reaches the network' guest_cmd rt1 'ping -c 2 10.0.2.2'
ok 'the driver of rt1 can be loaded again' timed 'the reload' guest_cmd rt1 nic_reload
ok 'and interrupts again' wait_for 60 vfio_msix

: >"$(guest_log rt1)"
guest_cmd rt1 'reboot -f' &
ok 'rt1 reboots' timed 'its reboot' wait_for 300 guest_booted rt1
kill $! 2>/dev/null

ok 'rt1 shuts down' timed 'virsh shutdown' stop_guest rt1
is "$(basename "$(readlink "/sys/bus/pci/devices/$NIC2/driver")")" e1000e 'the card is back on e1000e'
snapshot_host /run/after
same_host /run/before /run/after 'the host is as before'
echo 1 >/sys/devices/system/cpu/cpu11/power/pm_qos_resume_latency_us
snapshot_host /run/changed
like "$(diff_host /run/after /run/changed)" 'cpu11.*: 0 -> 1' 'a change is seen'
