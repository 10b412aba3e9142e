# SPDX-License-Identifier: LGPL-2.1-or-later
# The main job: an RT guest with a passed-through card is real-time while it runs, and leaves no trace however it ends.
# shellcheck shell=sh

. /lab/rt.sh

vfio_msix() {
	guest_irqs "$NIC2" | grep -q msix
}

is_off() {
	guest_is rt1 'shut off' && ! pgrep -x qemu-system-x86 >/dev/null
}

# Without siblings nothing goes down: the first CPUs are the vCPUs', and all others the rest's.
up=0-6,8,10
vcpus='6 8'
service=10
if no_smt; then
	up=0-11
	vcpus='6 7'
	service=8-11
fi

# A host without IOMMU cannot pass a card: the commands say why before anybody starts a guest.
refused_without_iommu() {
	write_config
	define_rt1
	like "$(kvmrt-validate-config 2>&1)" 'pci-no-iommu' 'kvmrt-validate-config: no IOMMU'
	_said=$(kvmrt-validate-host 2>&1)
	isnt "$?" 0 'kvmrt-validate-host refuses the host'
	like "$_said" '^fail +iommu ' 'and names the IOMMU'
	snapshot_host /run/before
	fails 'rt1 does not start' virsh -q start rt1
	no_trace /run/before 'after the start that failed'
	set_key "$RT1_UUID" pcidevs ''
	define_rt1 nics=
	ok 'without its card rt1 starts' virsh -q start rt1
	check_rt rt1 "$vcpus" "$service" 6-11
	ok 'rt1 is destroyed' end_guest rt1
	no_trace /run/before 'after virsh destroy'
}

irqbalance_quiet
if [ -z "$(ls /sys/kernel/iommu_groups)" ]; then
	refused_without_iommu
	return 0
fi
write_config
define_rt1
define_plain
ok 'the configuration is good' kvmrt-validate-config
# A task and a kernel thread that somebody pinned: their masks must come back too.
sleep 100000 &
taskset -pc 7 $! >/dev/null
sleep 100000 &
taskset -pc 8,9 $! >/dev/null
snapshot_host /run/before

ok 'rt1 starts' timed 'virsh start' virsh -q start rt1
is "$(online)" "$up" 'the siblings are down'
check_rt rt1 "$vcpus" "$service" 6-11
ok 'rt1: its memory is locked' test "$(locked_kib rt1)" -ge $((192 * 1024))
ok 'rt1 is up' timed 'its boot' wait_for 900 guest_booted rt1
ok 'its card interrupts by MSI-X' wait_for 300 vfio_msix
ok 'a reconcile puts its interrupts right' $RECONCILE
ok 'they are on its service CPU' vfio_on "$NIC2" "${service#*-}"
diag "$(guest_irqs "$NIC2")"
check_rt rt1 "$vcpus" "$service" 6-11
_size=$(stat -c %s "$JOURNAL")
ok 'a reconcile that has nothing to do' $RECONCILE
is "$(stat -c %s "$JOURNAL")" "$_size" 'writes nothing'
kvmrt-stat rt1 >/run/stat 2>&1
is "$?" 5 'kvmrt-stat says that no agent runs'
ok 'and that nothing is missing' grep -qE '^rt1 +tuned ' /run/stat
if kernel_before 6.12; then
	ok 'what nobody may move was found by trying, and is on record' grep '^fixed ' "$JOURNAL"
fi
ok 'rt1 reaches the network' guest_cmd rt1 'ping -c 2 10.0.2.2'

ok 'rt1 shuts down' stop_guest rt1
no_trace /run/before 'after virsh shutdown'

ok 'rt1 starts again' virsh -q start rt1
check_rt rt1 "$vcpus" "$service" 6-11
ok 'rt1 is destroyed' end_guest rt1
no_trace /run/before 'after virsh destroy'

ok 'rt1 starts a third time' virsh -q start rt1
kill -9 "$(guest_pid rt1)"
ok 'its QEMU is killed' wait_for 120 is_off
wait_for 60 test ! -e "$JOURNAL"
no_trace /run/before 'after kill -9 of QEMU'

# The emulator dies at once: a start that fails after the hook has prepared the host.
virsh -q dumpxml --inactive rt1 >/run/rt1.xml
sed 's|<kernel>.*</kernel>|<kernel>/var/lib/lab/no-such-kernel</kernel>|' /run/rt1.xml >/run/rt1-bad.xml
virsh -q define /run/rt1-bad.xml
fails 'a start that libvirt gives up' virsh -q start rt1
no_trace /run/before 'after a start that failed'
