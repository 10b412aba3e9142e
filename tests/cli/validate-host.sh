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
	run "$3 is $2" "$1" kvmrt-validate-host --root "$root"
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
check 0 warn hook "is not kvmrt's hook"
cp "$hook" "$hooks/qemu.d/kvmrt"
chmod 644 "$hooks/qemu.d/kvmrt"
check 0 warn hook 'is not executable'
chmod 755 "$hooks/qemu.d/kvmrt"
check 0 pass hook "/etc/libvirt/hooks/qemu.d/kvmrt is kvmrt's"
mv "$hooks/qemu.d/kvmrt" "$root/etc/elsewhere"
ln -s /etc/elsewhere "$hooks/qemu.d/kvmrt"
check 0 warn hook "is kvmrt's"
has out 'AppArmor refuses a link'
rm "$hooks/qemu.d/kvmrt"
cp "$root/etc/elsewhere" "$hooks/qemu"
check 0 pass hook "/etc/libvirt/hooks/qemu is kvmrt's"
mkfifo "$hooks/qemu.d/kvmrt"
check 0 warn hook "is not kvmrt's hook"
rm "$hooks/qemu.d/kvmrt"

# --- the host

check 0 pass kvm '/dev/kvm is not looked at in a capture'
put sys/devices/system/clocksource/clocksource0/current_clocksource hpet
check 0 warn clocksource 'it is hpet'
put sys/devices/system/clocksource/clocksource0/current_clocksource tsc
check 0 pass clocksource 'it is tsc'
put sys/kernel/realtime 1
check 0 pass preempt-rt '/sys/kernel/realtime is 1'
put sys/class/iommu/dmar0/intel-iommu/ecap f020df
check 0 pass interrupt-remapping 'f020df'
put sys/class/iommu/dmar0/intel-iommu/ecap f020d7
check 0 warn interrupt-remapping 'f020d7'
put sys/kernel/mm/ksm/run 1
check 0 warn ksm 'ksm/run is 1'
put proc/900001/comm tuned
check 0 warn tuners 'running: tuned'
put proc/900001/comm numad
check 0 warn tuners 'running: numad'
rm -r "$root/proc/900001"
check 0 pass tuners 'none known runs'
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
has out 'GRUB_CMDLINE_LINUX="isolcpus=managed_irq,6,8 rcu_nocbs=6,8 iommu=pt"'
hasnt out 'nohz_full='
put proc/cmdline 'isolcpus=managed_irq,6,8 nohz_full=6,8 rcu_nocbs=6,8 iommu=pt'
check 0 pass boot-parameters 'all are there'
put proc/cmdline 'isolcpus=6,8 nohz_full=6,8 rcu_nocbs=6,8 iommu=pt'
check 0 warn boot-parameters 'isolcpus='
rm "$root/proc/cmdline"
check 0 unknown boot-parameters '/proc/cmdline cannot be read'
put proc/cmdline quiet

# --- the configuration

echo 'nonsense = 1' >>"$root/etc/kvmrt.cfg"
check 0 warn configuration 'it has errors'
rm "$root/etc/kvmrt.cfg"
check 0 warn configuration 'kvmrt.cfg'
check 0 pass boot-parameters 'no real-time guest in the configuration'

run 'JSON' 0 kvmrt-validate-host --root "$root" --json
lines out 1
has out '{"version":1,"checks":[{"code":"configuration","verdict":"warn",'
has out '"code":"hook","verdict":"pass"'
run 'a guest is no argument' 2 kvmrt-validate-host rt1
empty out
run 'a capture that is not there' 1 kvmrt-validate-host --root "$work/none"
empty out
finish
