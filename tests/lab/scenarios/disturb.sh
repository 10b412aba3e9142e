# SPDX-License-Identifier: LGPL-2.1-or-later
# In the middle of it: libvirtd restarts, systemd reloads, an administrator meddles, the hook is killed.
# shellcheck shell=sh

. /lab/rt.sh

HOOK=/etc/libvirt/hooks/qemu.d/kvmrt

libvirtd_answers() {
	virsh -q list >/dev/null
}

# kill_hook N: from now on the hook dies at its Nth write(2) or pwrite(2), whatever the operation.
kill_hook() {
	mv "$HOOK" /etc/libvirt/hooks/kvmrt-real
	cat >"$HOOK" <<-EOF
	#!/bin/sh
	exec strace -o /dev/null -e trace=write,pwrite64 -e inject=write,pwrite64:signal=KILL:when=$1 /etc/libvirt/hooks/kvmrt-real "\$@"
	EOF
	chmod 755 "$HOOK"
}

heal_hook() {
	mv /etc/libvirt/hooks/kvmrt-real "$HOOK"
}

irqbalance_quiet
write_config
define_rt1
define_rt2
snapshot_host /run/before

ok 'rt1 starts' virsh -q start rt1
_pid=$(guest_pid rt1)
ok 'libvirtd restarts' systemctl restart libvirtd
ok 'libvirtd answers' wait_for 300 libvirtd_answers
is "$(guest_pid rt1)" "$_pid" 'rt1 runs on'
ok 'and is known' wait_for 300 guest_is rt1 running
# Kernel threads born later (psimon, with the daemon) are the agent's to sweep; until it is there, this does it.
ok 'a reconcile' $RECONCILE
check_rt rt1 '6 8' 10 6-11

ok 'systemd reloads' systemctl daemon-reload
ok 'a reconcile' $RECONCILE
check_rt rt1 '6 8' 10 6-11

# The record is lost: reconnect adopts the guest anew.
rm -rf /run/kvmrt/journal
systemctl restart libvirtd
wait_for 300 libvirtd_answers
ok 'a guest without a record is adopted' wait_for 120 test -s "$JOURNAL"
ok 'a reconcile' $RECONCILE
check_rt rt1 '6 8' 10 6-11
ok 'rt1 ends' end_guest rt1
# What it held before is not known any more; that is the price of removing the record by hand.
for _cpu in 7 9 11; do
	echo 1 >"/sys/devices/system/cpu/cpu$_cpu/online"
done

snapshot_host /run/before
for _n in 1 3 6 10 15 25; do
	kill_hook $_n
	virsh start rt1 >/dev/null 2>&1
	heal_hook
	# Whatever became of it, the next operation makes it good.
	virsh -q destroy rt1 2>/dev/null
	$RECONCILE
	no_trace /run/before "hook killed at write $_n of each operation"
done

kill_hook 8
virsh start rt1 >/dev/null 2>&1
heal_hook
virsh -q destroy rt1 2>/dev/null
ok 'after a killed hook rt1 starts' virsh -q start rt1
check_rt rt1 '6 8' 10 6-11
ok 'rt1 ends' end_guest rt1
no_trace /run/before 'after the next start'
