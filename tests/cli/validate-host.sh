#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# validate-host.sh - each verdict of kvmrt-validate-host, on a captured host
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

hook=${KVMRT_HOOK:-$bin/../hooks/qemu}
root=$work/root
hooks=$root/etc/libvirt/hooks
"$tree/tests/bench/make-host" smt2-numa2-12cpu "$root" || exit 1
cp "$tree/tests/data/hook/rt1.cfg" "$root/etc/kvmrt.cfg"
chmod -R u+w "$root"

put() { # put FILE TEXT
	mkdir -p "$root/$(dirname "$1")"
	printf '%s\n' "$2" >"$root/$1"
}

check() { # check STATUS VERDICT CODE EVIDENCE
	run "$3 is $2" "$1" kvmrt-validate-host -v --root "$root"
	grep -E "^$2 +$3 " "$work/out" >"$work/line"
	grep -qF -- "$4" "$work/line"
	result $? "$name: '$4'" || sed 's/^/# /' "$work/out"
}

# --- the hook

check 1 fail hook 'there is no /etc/libvirt/hooks/qemu.d/kvmrt'
mkdir -p "$hooks/qemu.d"
printf '#!/bin/sh\n' >"$hooks/qemu"
chmod 755 "$hooks/qemu"
check 1 fail hook 'there is no /etc/libvirt/hooks/qemu.d/kvmrt'
printf '#!/bin/sh\n' >"$hooks/qemu.d/kvmrt"
check 1 fail hook "is not kvmrt's hook"
cp "$hook" "$hooks/qemu.d/kvmrt"
chmod 644 "$hooks/qemu.d/kvmrt"
check 1 fail hook 'is not executable'
chmod 755 "$hooks/qemu.d/kvmrt"
check 0 pass hook "/etc/libvirt/hooks/qemu.d/kvmrt is kvmrt's"
sed 's/kvmrt-hook [0-9]/kvmrt-hook 9/' "$hook" >"$hooks/qemu.d/kvmrt"
check 1 fail hook 'is of another version than this command'
cp "$hook" "$hooks/qemu.d/kvmrt"
mv "$hooks/qemu.d/kvmrt" "$root/etc/elsewhere"
ln -s /etc/elsewhere "$hooks/qemu.d/kvmrt"
check 0 warn hook "is kvmrt's"
has out 'AppArmor refuses a link'
rm "$hooks/qemu.d/kvmrt"
cp "$root/etc/elsewhere" "$hooks/qemu"
check 0 pass hook "/etc/libvirt/hooks/qemu is kvmrt's"
mkfifo "$hooks/qemu.d/kvmrt"
check 1 fail hook "is not kvmrt's hook"
rm "$hooks/qemu.d/kvmrt"

# --- who may forbid it

hasnt out apparmor
put sys/module/apparmor/parameters/enabled Y
profile=etc/apparmor.d/usr.sbin.libvirtd
put $profile '/usr/sbin/libvirtd {
  /** rwmkl,
  /etc/libvirt/hooks/** rmix,
}'
check 0 pass apparmor '/etc/apparmor.d/usr.sbin.libvirtd lets it run hooks'
put $profile '/usr/sbin/libvirtd {
  /** rwmkl,
  # /etc/libvirt/hooks/** rmix,
}'
check 1 fail apparmor 'does not let it run hooks'
has out "add the line '  /etc/libvirt/hooks/** rmix,' to /etc/apparmor.d/local/usr.sbin.libvirtd"
put etc/apparmor.d/local/usr.sbin.libvirtd '  /etc/libvirt/hooks/** r,'
check 1 fail apparmor 'does not let it run hooks'
put etc/apparmor.d/local/usr.sbin.libvirtd '  /etc/libvirt/hooks/** rmix,'
check 0 pass apparmor 'lets it run hooks'
put etc/apparmor.d/local/usr.sbin.libvirtd '  /etc/libvirt/hooks/** rmix,
  audit deny /etc/libvirt/hooks/** x,'
check 1 fail apparmor 'does not let it run hooks'
put etc/apparmor.d/local/usr.sbin.libvirtd '  /etc/libvirt/hooks/** rmix,'
put $profile '/usr/sbin/libvirtd {
  /etc/** rw,
}'
check 0 warn apparmor 'what may they write?'
has out "add the line '  /** rwk,'"
# Not enforced: by what is loaded, or by how it is to be loaded.
rm "$root/etc/apparmor.d/local/usr.sbin.libvirtd"
check 1 fail apparmor 'does not let it run hooks'
put sys/kernel/security/apparmor/profiles 'libvirtd (complain)
libvirtd//qemu_bridge_helper (enforce)'
check 0 pass apparmor 'is not enforced'
put sys/kernel/security/apparmor/profiles '/usr/sbin/libvirtd (enforce)'
check 1 fail apparmor 'does not let it run hooks'
put etc/apparmor.d/force-complain/usr.sbin.libvirtd ''
check 0 pass apparmor 'only complains'
put etc/apparmor.d/disable/usr.sbin.libvirtd ''
check 0 pass apparmor 'is disabled'
put sys/module/apparmor/parameters/enabled N
run 'AppArmor is off' 0 kvmrt-validate-host --root "$root"
hasnt out apparmor
put sys/fs/selinux/enforce 0
check 0 pass selinux 'SELinux does not enforce'
put sys/fs/selinux/enforce 1
check 0 warn selinux 'SELinux enforces, and the module kvmrt is not loaded'
has out 'load the module in /usr/share/doc/kvmrt/selinux'
mkdir -p "$root/var/lib/selinux/targeted/active/modules/400/kvmrt"
check 0 pass selinux 'module kvmrt is loaded'

# --- the processor and its devices

put proc/cpuinfo 'processor	: 0
vendor_id	: GenuineIntel
flags		: fpu vme vmx smx
bugs		: none'
check 0 pass cpu-virtualization 'the processor has vmx (VT-x)'
put proc/cpuinfo 'processor	: 0
vendor_id	: AuthenticAMD
flags		: fpu vme svm'
check 0 pass cpu-virtualization 'the processor has svm (AMD-V)'
put proc/cpuinfo 'processor	: 0
vendor_id	: AuthenticAMD
flags		: fpu svm_not vme'
check 1 fail cpu-virtualization 'the processor has none, or the firmware has it off'
has out 'disabled.*BIOS'
put proc/cpuinfo 'processor	: 0
vendor_id	: GenuineIntel
flags		: fpu vme hypervisor'
check 1 fail cpu-virtualization 'this is a virtual machine'
has out 'nested=1'
put proc/cpuinfo 'processor	: 0
Features	: fp asimd'
run 'another architecture' 0 kvmrt-validate-host --root "$root"
hasnt out cpu-virtualization

# --- the host

check 0 pass kvm '/dev/kvm is not examined in a capture'
put sys/devices/system/clocksource/clocksource0/current_clocksource hpet
check 0 warn clocksource 'the clock source is hpet'
put sys/devices/system/clocksource/clocksource0/current_clocksource tsc
check 0 pass clocksource 'the clock source is tsc'
put sys/kernel/realtime 1
check 0 pass preempt-rt '/sys/kernel/realtime is 1'
put sys/class/iommu/dmar0/intel-iommu/ecap f020df
check 0 pass interrupt-remapping 'f020df'
put sys/class/iommu/dmar0/intel-iommu/ecap f020d7
check 0 warn interrupt-remapping 'f020d7'
check 0 warn suppress 'of all guests: ksm, khugepaged, numa-balancing, vmstat, compaction, machine-check'
put proc/sys/kernel/numa_balancing 0
put proc/sys/vm/stat_interval 3600
put proc/sys/vm/compaction_proactiveness 0
put sys/devices/system/machinecheck/machinecheck0/check_interval 0
put sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs 4294967295
check 0 warn suppress 'now and then on the CPUs of all guests: ksm'
put sys/kernel/mm/ksm/run 0
check 0 pass suppress 'nothing else can be suppressed'
khugepaged=sys/kernel/mm/transparent_hugepage
put $khugepaged/khugepaged/scan_sleep_millisecs 10000
check 0 warn suppress 'guests: khugepaged'
put $khugepaged/enabled 'always madvise [never]'
check 0 pass suppress 'nothing else'
put $khugepaged/enabled '[always] madvise never'
put proc/sys/vm/stat_interval 1
check 0 warn suppress 'guests: khugepaged, vmstat'
put sys/devices/virtual/workqueue/cpumask_requested fff
check 0 warn suppress 'guests: khugepaged'
rm "$root/sys/devices/virtual/workqueue/cpumask_requested"
put proc/sys/vm/stat_interval 3600
put $khugepaged/khugepaged/scan_sleep_millisecs 4294967295
check 0 pass suppress 'nothing else'
check 0 pass fair-server 'can be switched off'
put proc/sys/kernel/osrelease 6.12.117
check 0 pass fair-server 'left on: before kernel 7.0'
put proc/sys/kernel/osrelease 7.0.0
rm -r "$root/sys/kernel/debug"
check 0 pass fair-server 'shows none'
put proc/900001/comm tuned
check 0 warn tuners 'running: tuned'
put proc/900001/comm numad
check 0 warn tuners 'running: numad'
rm -r "$root/proc/900001"
check 0 pass tuners 'none of the known tuning services runs'
put proc/sys/kernel/osrelease 6.1.0-18-amd64
check 0 warn kernel '6.1.0-18-amd64'
put proc/sys/kernel/osrelease 7.0.1
check 0 pass kernel '7.0.1'
cp "$root/sys/fs/cgroup/cgroup.controllers" "$work/controllers"
put sys/fs/cgroup/cgroup.controllers 'cpu io memory'
check 1 fail cgroup 'is no cgroup v2 with cpuset'
cp "$work/controllers" "$root/sys/fs/cgroup/cgroup.controllers"

# --- boot parameters: what the kernel was given is not asked for again

put proc/cmdline 'root=/dev/sda1 nohz_full=6-8 rcu_nocbs=6'
check 0 warn boot-parameters 'isolcpus='
has out 'GRUB_CMDLINE_LINUX="isolcpus=managed_irq,6-11 rcu_nocbs=6,8 iommu=pt"'
hasnt out 'nohz_full='
put proc/cmdline 'isolcpus=managed_irq,6-11 nohz_full=6,8 rcu_nocbs=6,8 iommu=pt'
check 0 pass boot-parameters 'the kernel was booted with all that help'
put proc/cmdline 'isolcpus=6,8 nohz_full=6,8 rcu_nocbs=6,8 iommu=pt'
check 0 warn boot-parameters 'isolcpus='

# An Intel host that passes a graphics card with its sound, and no IOMMU.
card=sys/bus/pci/devices/0000:81:00
for part in 0 1; do
	rm -rf "$root/$card.$part"
	mkdir -p "$root/$card.$part"
	put $card.$part/vendor 0x10de
done
put $card.0/class 0x030000
put $card.0/device 0x1eb1
put $card.1/class 0x040300
put $card.1/device 0x10f8
sed -i 's/^pcidevs = .*/pcidevs = 0000:81:00.0 0000:81:00.1/' "$root/etc/kvmrt.cfg"
grep -q '^pcidevs = 0000:81:00.0 0000:81:00.1$' "$root/etc/kvmrt.cfg"
result $? 'the guest gets a graphics card'
put proc/cpuinfo 'processor	: 0
vendor_id	: GenuineIntel
flags		: vmx'
mv "$root/sys/class/iommu/dmar0" "$root/sys/class/iommu/elsewhere"
put proc/cmdline 'isolcpus=managed_irq,6-11 nohz_full=6,8 rcu_nocbs=6,8'
check 0 warn boot-parameters 'intel_iommu= (no device can be passed without it on an Intel host), vfio-pci.ids='
has out 'GRUB_CMDLINE_LINUX="iommu=pt intel_iommu=on vfio-pci.ids=10de:1eb1,10de:10f8"'
put proc/cmdline 'isolcpus=managed_irq,6-11 nohz_full=6,8 rcu_nocbs=6,8 iommu=pt intel_iommu=on vfio-pci.ids=10DE:10F8,10de:1eb1'
check 0 pass boot-parameters 'the kernel was booted with all that help'
put proc/cmdline 'isolcpus=managed_irq,6-11 nohz_full=6,8 rcu_nocbs=6,8 iommu=pt intel_iommu=on'
check 0 warn boot-parameters 'vfio-pci.ids= (the console driver may not release a graphics card)'
put etc/modprobe.d/vfio.conf '# options vfio-pci ids=10de:1eb1,10de:10f8
options vfio-pci ids=10de:1eb1'
check 0 warn boot-parameters 'vfio-pci.ids='
put etc/modprobe.d/vfio.conf 'softdep nouveau pre: vfio-pci
	options vfio_pci disable_vga=1 ids=10de:1eb1,10de:10f8'
check 0 pass boot-parameters 'the kernel was booted with all that help'
rm -r "$root/etc/modprobe.d"
# Another of that make, which stays with the host.
put sys/bus/pci/devices/0000:83:00.0/vendor 0x10de
put sys/bus/pci/devices/0000:83:00.0/device 0x1eb1
check 0 warn boot-parameters 'but this also takes 0000:83:00.0, which is passed to no guest'
rm "$root"/sys/bus/pci/devices/0000:83:00.0/vendor "$root"/sys/bus/pci/devices/0000:83:00.0/device
mv "$root/sys/kernel/iommu_groups" "$root/sys/kernel/elsewhere"
check 1 fail iommu 'is empty; kvmrt.cfg passes devices to guests'
has out '-> turn VT-d on in the firmware, and boot with intel_iommu=on'
mkdir -p "$root/sys/firmware/acpi/tables"
put sys/firmware/acpi/tables/DMAR ''
check 1 fail iommu 'though VT-d is on in the firmware'
has out '-> boot with intel_iommu=on'
mv "$root/sys/firmware/acpi/tables/DMAR" "$root/sys/firmware/acpi/tables/IVRS"
check 1 fail iommu 'though AMD-Vi is on in the firmware'
has out '-> remove amd_iommu=off'
rm "$root/sys/firmware/acpi/tables/IVRS"
mv "$root/sys/kernel/elsewhere" "$root/sys/kernel/iommu_groups"
mv "$root/sys/class/iommu/elsewhere" "$root/sys/class/iommu/dmar0"

# --- memory, as a libvirt says that is named for the capture

cat >"$work/node.xml" <<-EOF
	<node><domain type='test'>
	<name>rt1</name><uuid>6a1f0c1e-0000-4000-8000-000000000001</uuid>
	<memory unit='MiB'>1024</memory><vcpu>2</vcpu>
	<memoryBacking><locked/></memoryBacking>
	<os><type>hvm</type></os>
	</domain></node>
EOF
memory() { # memory STATUS VERDICT CODE EVIDENCE
	run "$3 is $2" "$1" kvmrt-validate-host -v --root "$root" -c "test://$work/node.xml"
	grep -E "^$2 +$3 " "$work/out" | grep -qF -- "$4"
	result $? "$name: '$4'" || sed 's/^/# /' "$work/out"
}
put proc/meminfo 'MemTotal:        4194304 kB
Hugetlb:         1048576 kB
Hugepagesize:       2048 kB'
memory 0 pass memory 'want 1024 MiB of 3072 MiB'
hasnt out hugepages
put proc/meminfo 'MemTotal:        2194304 kB
Hugetlb:         1048576 kB
Hugepagesize:       2048 kB'
memory 1 fail memory 'want 1024 MiB of 1118 MiB'
put proc/meminfo 'MemTotal:        4194304 kB'
node=sys/devices/system/node/node1
put $node/meminfo 'Node 1 MemTotal:        524288 kB'
memory 1 fail node-memory 'guests of node 1 want 1024 MiB of its 512 MiB'
put $node/meminfo 'Node 1 MemTotal:        2524288 kB'
memory 0 pass node-memory 'guests of node 1 want 1024 MiB of its 2465 MiB'
put $node/hugepages/hugepages-2048kB/nr_hugepages 1000
memory 1 fail node-memory 'guests of node 1 want 1024 MiB of its 465 MiB'

# Huge pages: on the guest's node, and of its size.
sed -i 's,<locked/>,<hugepages/><locked/>,' "$work/node.xml"
put proc/meminfo 'MemTotal:        4194304 kB
Hugepagesize:       2048 kB'
memory 0 pass hugepages 'want 512 huge pages of 2048 KiB on node 1, there are 1000'
hasnt out node-memory
put $node/hugepages/hugepages-2048kB/nr_hugepages 511
memory 1 fail hugepages 'want 512 huge pages of 2048 KiB on node 1, there are 511'
has out "'echo 512 >/$node/hugepages/hugepages-2048kB/nr_hugepages'"
has out 'hugepagesz=2048K hugepages=1:512'
sed -i "s,<hugepages/>,<hugepages><page size='1' unit='GiB'/></hugepages>," "$work/node.xml"
memory 1 fail hugepages 'want huge pages of 1048576 KiB'
put $node/hugepages/hugepages-1048576kB/nr_hugepages 1
memory 0 pass hugepages 'want 1 huge pages of 1048576 KiB on node 1, there are 1'
cp "$root/etc/kvmrt.cfg" "$work/kvmrt.cfg"
sed -i '/^rt = /a numatune =' "$root/etc/kvmrt.cfg"
put sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages 0
memory 1 fail hugepages 'want 1 huge pages of 1048576 KiB, there are 0'
has out 'hugepagesz=1048576K hugepages=1'
cp "$work/kvmrt.cfg" "$root/etc/kvmrt.cfg"

# --- interrupts that only the kernel places

check 0 pass interrupts "all interrupts can be moved off real-time guests' CPUs"
chmod a-w "$root/proc/irq/26/smp_affinity_list"
check 0 warn interrupts "guest 'rt1': managed interrupts will stay on CPUs 6,8,10: 0000:00:03.0 (irq 26"
has out 'isolcpus=managed_irq,6-11'
chmod u+w "$root/proc/irq/26/smp_affinity_list"

rm "$root/proc/cmdline"
check 0 unknown boot-parameters '/proc/cmdline cannot be read'
put proc/cmdline quiet

# --- the configuration

echo 'nonsense = 1' >>"$root/etc/kvmrt.cfg"
check 0 warn configuration 'the configuration has errors'
rm "$root/etc/kvmrt.cfg"
check 0 warn configuration 'kvmrt.cfg'
check 0 pass boot-parameters 'no real-time guest in the configuration'

run 'not verbose' 0 kvmrt-validate-host --root "$root"
hasnt out 'pass '
has out 'warn '
# The last line counts what -v shows.
run 'verbose' 0 kvmrt-validate-host -v --root "$root"
[ "$(tail -n 1 "$work/out")" = "$(awk '
	/^pass / { n++; pass++ } /^warn / { n++; warn++ }
	/^fail / { n++; fail++ } /^unknown / { n++; unknown++ }
	END { printf "%d checks: %d passed, %d failed, %d warning%s, %d unknown\n",
		n, pass, fail, warn, warn == 1 ? "" : "s", unknown }' \
	"$work/out")" ]
result $? "$name: totals" || tail -n 1 "$work/out"
run 'JSON' 0 kvmrt-validate-host --root "$root" --json
lines out 1
has out '{"version":1,"checks":[{"code":"configuration","verdict":"warn",'
has out '"code":"hook","verdict":"pass"'
# One set of colours, in show.h.
! grep -rlE '033\[[0-9;]*3[0-9]' "$tree"/tools --include='*.[ch]' |
	grep -v 'common/show\.h'
result $? 'colours of severities are those of show.h'
run 'no libvirt' 1 kvmrt-validate-host --root "$root" \
	-c "test://$work/none.xml" || :
if [ "$(id -u)" -eq 0 ]; then
	hasnt out 'as root'
else
	has out 'as root'
fi
run 'a guest is no argument' 2 kvmrt-validate-host rt1
empty out
run 'a capture that is not there' 1 kvmrt-validate-host --root "$work/none"
empty out
# --- a section whose guest libvirt has not got

cp "$tree/tests/data/hook/rt1.cfg" "$root/etc/kvmrt.cfg"
run 'definitions' 0 kvmrt-validate-host --root "$root" -c test:///default
grep -qE "^warn +definitions +guest 'rt1': libvirt has no such guest: .*remove the section \\[" "$work/out"
result $? "$name: the section to remove" || sed 's/^/# /' "$work/out"
finish
