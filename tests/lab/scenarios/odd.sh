# SPDX-License-Identifier: LGPL-2.1-or-later
# Hosts that are set up in other ways: /proc hidden, guests of ordinary users, guests that go back in time, AppArmor enforced.
# shellcheck shell=sh

. /lab/rt.sh
. /lab/guarded.sh

HOOK=/etc/libvirt/hooks/qemu.d/kvmrt
# An ordinary user of virtual machines.
SOMEBODY=somebody
HIS=/home/$SOMEBODY
IMAGE=/var/lib/libvirt/images/rt1.qcow2

is_unhidden() {
	mount -o remount,hidepid=0,gid=0 /proc
}

# Others' processes are not seen: also not by a root that may not trace, as the agent.
hidepid() {
	mount -o "remount,hidepid=2,gid=$(getent group nogroup | cut -d: -f3)" /proc
	is "$(setpriv --bounding-set=-all --reuid=nobody --clear-groups ls -d /proc/1 2>/dev/null)" '' '/proc is hidden'
	ok 'the agent restarts' systemctl restart kvmrt-agent
	ok 'rt1 starts' virsh -q start rt1
	sleep 15
	is "$(online)" 0-6,8,10 'a while later its siblings are still down'
	ok 'it is on record' grep -q "^guest .*$RT1_UUID" "$JOURNAL"
	ok 'it is guarded' guards
	ok 'kvmrt-stat: rt1 is tuned' wait_for 30 stat_says rt1 'tuned|disturbed'
	ok 'a reconcile' $RECONCILE
	check_rt rt1 '6 8' 10 6-11
	# Its end is seen although no hook tells of it.
	mv "$HOOK" /run/kvmrt-hook
	printf '#!/bin/sh\nexit 0\n' >"$HOOK"
	chmod 755 "$HOOK"
	kill -9 "$(guest_pid rt1)"
	ok 'its end is seen' wait_for 60 test ! -e "$JOURNAL"
	ok 'rt1 is off' wait_for 120 guest_is rt1 'shut off'
	mv /run/kvmrt-hook "$HOOK"
	ok '/proc is seen again' is_unhidden
	no_trace /run/before 'with a hidden /proc'
}

somebody() {
	# shellcheck disable=SC2086
	setpriv --reuid=$SOMEBODY --regid=$SOMEBODY --groups=kvm env HOME=$HIS "XDG_RUNTIME_DIR=/run/user/$(id -u $SOMEBODY)" "$@"
}

his_virsh() {
	(cd $HIS && somebody virsh -q -c qemu:///session "$@")
}

his_guest_booted() {
	grep -q '^guest: up' $HIS/lab/his.log
}

# A user's own libvirt runs the same hooks, as that user. His guest even has the UUID of one in kvmrt.cfg.
session() {
	useradd -m $SOMEBODY
	install -d -m 700 -o $SOMEBODY -g $SOMEBODY "/run/user/$(id -u $SOMEBODY)" $HIS/lab
	guest_xml his uuid="$RT1_UUID" memory=128 | sed "s,/var/log/lab,$HIS/lab,; s,/run/lab,$HIS/lab," >$HIS/his.xml
	somebody mkfifo $HIS/lab/his.in $HIS/lab/his.out
	for _operation in prepare start started stopped release reconnect migrate restore; do
		is "$(somebody "$HOOK" his $_operation begin - <$HIS/his.xml 2>&1; echo "exit $?")" 'exit 0' "the hook says nothing to $_operation"
	done
	ok 'his guest is defined' his_virsh define $HIS/his.xml
	ok 'and starts' his_virsh start his && ok 'and boots' wait_for 900 his_guest_booted
	no_trace /run/before 'while it runs'
	ok 'it ends' his_virsh destroy his
	no_trace /run/before 'after it'
	is "$(journalctl -t kvmrt-hook -o cat --no-pager --since="@$began" | grep -v '^-- No entries')" '' 'the hook has logged nothing'
	pkill -u $SOMEBODY libvirtd
}

# libvirt ends the guest and starts it with the state of the snapshot, in one go. Without a device: none can be saved.
snapshot() {
	qemu-img create -q -f qcow2 $IMAGE 16M
	set_key "$RT1_UUID" pcidevs ''
	define_rt1 nics= extra="<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='$IMAGE'/><target dev='vda' bus='virtio'/></disk>"
	wait_for 60 in_step "$RT1_UUID"
	ok 'rt1 starts and boots' start_guest rt1 900
	ok 'a snapshot' timed 'the snapshot' virsh -q snapshot-create-as rt1 earlier
	_pid=$(guest_pid rt1)
	guest_cmd rt1 'touch /tmp/later'
	ok 'back to it' timed 'the way back' virsh -q snapshot-revert rt1 earlier
	is "$(guest_cmd rt1 'ls /tmp/later 2>/dev/null')" '' 'rt1 is as it was then'
	isnt "$(guest_pid rt1)" "$_pid" 'by another process'
	ok 'kvmrt-stat: rt1 is tuned' wait_for 60 stat_says rt1 'tuned|disturbed'
	ok 'a reconcile' $RECONCILE
	check_rt rt1 '6 8' 10 6-11
	ok 'it is guarded' guards

	# The definition of the snapshot has other vCPUs than the file by now: it cannot start so, and starting again does not help.
	ok 'rt1 ends' end_guest rt1
	set_key "$RT1_UUID" nr_vcpus 1
	set_key "$RT1_UUID" cpu_topology 1,1,1
	wait_for 60 in_step "$RT1_UUID"
	_said=$(virsh snapshot-revert rt1 earlier 2>&1)
	is $? 1 'a snapshot with other vCPUs is refused'
	like "$_said" 'vCPU' 'and it is said why'
	unlike "$_said" 'start it again|next start' 'but not that the next start will do'
	diag "$_said"
	no_trace /run/before 'after the snapshots'
	virsh -q snapshot-delete rt1 earlier --metadata
	rm -f $IMAGE
	write_config
	define_rt1
}

# What confines libvirt's daemon confines the hook: it inherits the profile.
apparmor() {
	if ! grep -q Y /sys/module/apparmor/parameters/enabled; then
		skip 'AppArmor enforces' 'this kernel runs without AppArmor'
		return
	fi
	ok 'the profiles of libvirt are loaded' timed 'loading' apparmor_parser -r /etc/apparmor.d/usr.sbin.libvirtd /etc/apparmor.d/usr.lib.libvirt.virt-aa-helper
	ok 'libvirtd restarts' systemctl restart libvirtd
	ok 'and answers' wait_for 300 virsh -q list
	like "$(cat "/proc/$(pidof libvirtd)/attr/current")" 'libvirtd \(enforce\)' 'it is confined'
	ok 'kvmrt-validate-host is content' sh -c 'kvmrt-validate-host -v | grep "^pass *apparmor"'
	ok 'rt1 starts and boots' start_guest rt1 900
	like "$(cat "/proc/$(guest_pid rt1)/attr/current")" "libvirt-$RT1_UUID \(enforce\)" 'and is confined, too'
	ok 'its interrupts are where they belong' wait_for 120 vfio_on "$NIC2" 10
	ok 'a reconcile' $RECONCILE
	check_rt rt1 '6 8' 10 6-11
	ok 'rt1 shuts down' stop_guest rt1
	ok 'the agent restores the rest' wait_for 60 test ! -e "$JOURNAL"
	no_trace /run/before 'under AppArmor'
	_denied=$(dmesg | grep 'apparmor="DENIED"' | grep kvmrt)
	is "$_denied" '' 'nothing of ours was denied'
}

irqbalance_quiet
define_rt1
for what in hidepid session snapshot apparmor; do
	diag "--- $what"
	is_unhidden
	write_config
	start_over
	began=$(date +%s)
	$what
	diag "--- $what: $(($(date +%s) - began)) s"
done
ok 'the agent stops' stop_agent
