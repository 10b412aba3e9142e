# SPDX-License-Identifier: LGPL-2.1-or-later
# The demonstration, as it runs in the lab host: one table before, while and after an RT guest.
# shellcheck shell=sh

. /lab/rt.sh

OWNED=6-11

# column FILE: what the table shows, a line each.
column() {
	{
		online
		cat /sys/fs/cgroup/cpuset.cpus.isolated
		tasks_on "$OWNED" $running | wc -l
		irqs_on "$OWNED" | wc -l
		cat /proc/irq/default_smp_affinity
		cat /sys/devices/system/cpu/cpu6/power/pm_qos_resume_latency_us
		cat "/sys/devices/system/cpu/cpu9/online"
		basename "$(readlink "/sys/bus/pci/devices/$NIC2/driver")"
		if [ -n "$running" ]; then
			echo "CPU $(vcpu_cpu rt1 0), CPU $(vcpu_cpu rt1 1)"
			guest_threads rt1 | awk '$3 != "CPU" { seen[$2] = 1 } END { for (cpu in seen) print "CPU " cpu }' | paste -sd,
			guest_threads rt1 | awk '/kvm-nx/ { print "CPU " $2 }'
			guest_irqs "$NIC2" | awk '{ seen[$2] = 1 } END { for (cpu in seen) print "CPU " cpu }' | paste -sd,
			echo "$(($(locked_kib rt1) / 1024)) MiB"
		else
			echo -
			echo -
			echo -
			echo -
			echo -
		fi
	} | sed 's/^$/none/' >"$1"
}

table() {
	cat >/run/names <<-EOF
	CPUs online
	shielded CPUs
	others that may run on $OWNED
	interrupts that may fire there
	default interrupt mask
	idle latency allowed on CPU 6
	CPU 9 (sibling of 8) online
	driver of the network card
	vCPU threads on
	all other threads on
	kvm-nx-lpage-re (kernel) on
	the card's interrupts on
	locked memory (its RAM: 192 MiB)
	EOF
	echo
	paste -d'|' /run/names /run/column-before /run/column-while /run/column-after |
		awk -F'|' 'BEGIN { printf "%-34s %-14s %-16s %-14s\n", "", "before", "while rt1 runs", "after"
			gsub(/ /, "-", line) }
			{ printf "%-34s %-14s %-16s %-14s\n", $1, $2, $3, $4 }'
	echo
}

irqbalance_quiet
write_config
define_rt1
systemctl start kvmrt-agent || exit 1
echo '== The configuration: /etc/kvmrt.cfg, checked'
sed -n "/$RT1_UUID/,/^\$/p" "$CFG"
kvmrt-validate-config | tail -n 1
echo
kvmrt-show-config rt1

running=
column /run/column-before
snapshot_host /run/before
echo
echo '== virsh start rt1'
virsh -q start rt1 || exit 1
running=rt1
echo '== its Linux boots; its driver takes the card'
wait_for 900 guest_booted rt1 || exit 1
wait_for 300 sh -c ". /lab/host-lib.sh; guest_irqs $NIC2 | grep -q msix" || exit 1
echo '== kvmrt-agent places the interrupts that came with the driver'
wait_for 60 vfio_on "$NIC2" 10 || exit 1
wait_for 60 sh -c 'kvmrt-stat rt1 >/run/stat' || :
column /run/column-while
cat /run/stat
echo '== virsh shutdown rt1'
stop_guest rt1 300 || exit 1
running=
wait_for 60 test ! -e "$JOURNAL"
column /run/column-after
snapshot_host /run/after
table
# How many tasks there are changes by itself; what each may do is in the snapshots.
sed 3d /run/column-before >/run/fixed-before
sed 3d /run/column-after >/run/fixed-after
if diff_host /run/before /run/after && cmp /run/fixed-before /run/fixed-after && [ ! -e "$JOURNAL" ]; then
	echo "The host is as before: $(wc -l </run/before) settings, masks and drivers compared, and no journal is left."
else
	echo 'The host is NOT as before.'
	exit 1
fi
