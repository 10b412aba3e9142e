# SPDX-License-Identifier: LGPL-2.1-or-later
# libvirtd is replaced by virtqemud, the real one, while a guest runs; and back.
# shellcheck shell=sh
# lab-needs: virtqemud

. /lab/rt.sh
. /lab/guarded.sh

SOCKETS='virtqemud.socket virtqemud-ro.socket virtqemud-admin.socket'

install -m 755 /lab/virtqemud/virtqemud /usr/sbin
cp /lab/virtqemud/*.service /lab/virtqemud/*.socket /etc/systemd/system
systemctl daemon-reload
write_config
define_rt1
define_rt2
irqbalance_quiet
snapshot_host /run/before
ok 'the agent starts' systemctl start kvmrt-agent
ok 'rt1 starts and boots' start_guest rt1 900
ok 'the agent is connected' wait_for 60 libvirt_is connected
_pid=$(guest_pid rt1)

# shellcheck disable=SC2086
systemctl stop libvirtd $LIBVIRTD_SOCKETS
ok 'the agent sees that libvirtd is gone' wait_for 30 libvirt_is lost
rm -f /run/libvirt/libvirt-sock
direct_mode
# shellcheck disable=SC2086
ok 'virtqemud comes' systemctl start $SOCKETS virtqemud
ok 'no libvirtd is there' sh -c '! pidof libvirtd'
ok 'the agent is connected again' wait_for 90 libvirt_is connected
is "$(guest_pid rt1)" "$_pid" 'rt1 has run on'
ok 'it is guarded' guards
set_key "$RT2_UUID" title 'By virtqemud'
ok 'an edit of the file is in step' wait_for 60 title_is rt2 'By virtqemud'
ok 'an edit with virsh, too' virsh -q desc rt2 --config --title 'By virsh'
ok 'is in step' wait_for 20 grep -qx 'title = By virsh' "$CFG"
ok 'rt2 starts' virsh -q start rt2
check_rt rt1 '6 8' 10 6-11
check_rt rt2 2 4 2-5
ok 'kvmrt-stat finds it, too' wait_for 60 kvmrt-stat rt2
ok 'kvmrt-shutdown ends rt2' kvmrt-shutdown --force -t 20 rt2
ok 'and kvmrt-boot starts it' kvmrt-boot rt2
check_rt rt2 2 4 2-5

kill -9 "$(pidof virtqemud)"
ok 'killed, it is missed' wait_for 30 libvirt_is lost
ok 'systemd starts it again' wait_for 60 virsh -q list
ok 'the agent is connected again' wait_for 90 libvirt_is connected
is "$(guest_pid rt1)" "$_pid" 'rt1 has run on'
check_rt rt1 '6 8' 10 6-11
ok 'virtqemud reloads its hooks' systemctl reload virtqemud
ok 'rt2 ends' end_guest rt2

# shellcheck disable=SC2086
systemctl stop virtqemud $SOCKETS
legacy_mode
# shellcheck disable=SC2086
ok 'libvirtd comes back' systemctl start $LIBVIRTD_SOCKETS libvirtd
ok 'the agent is connected again' wait_for 90 libvirt_is connected
is "$(guest_pid rt1)" "$_pid" 'rt1 has run on'
check_rt rt1 '6 8' 10 6-11
ok 'rt1 ends' end_guest rt1
ok 'the agent restores the rest' wait_for 30 test ! -e "$JOURNAL"
no_trace /run/before 'afterwards'
ok 'the agent stops' systemctl stop kvmrt-agent
