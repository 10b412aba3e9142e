# SPDX-License-Identifier: LGPL-2.1-or-later
# libvirt's daemon goes away for a minute, comes back, and is replaced by one at virtqemud's socket.
# shellcheck shell=sh

. /lab/rt.sh
. /lab/guarded.sh

AWAY=${AWAY:-60}
write_config
define_rt1
define_rt2
irqbalance_quiet
ok 'the agent starts' systemctl start kvmrt-agent
ok 'rt1 starts and boots' start_guest rt1 900
ok 'the agent is connected' wait_for 60 libvirt_is connected
_pid=$(guest_pid rt1)

# For a minute nobody is there.
# shellcheck disable=SC2086
systemctl stop libvirtd $LIBVIRTD_SOCKETS
ok 'the agent sees that libvirt is gone' wait_for 30 libvirt_is lost
ok 'and guards all the same' guards
set_key "$RT2_UUID" title 'While it was away'
sleep "$AWAY"
ok 'libvirt comes back' systemctl start libvirtd.socket libvirtd
ok 'the agent is connected again' wait_for 90 libvirt_is connected
ok 'and what was edited meanwhile is in step' wait_for 60 title_is rt2 'While it was away'
check_rt rt1 '6 8' 10 6-11
ok 'restarted at once' systemctl restart libvirtd
ok 'the agent is connected again' wait_for 90 libvirt_is connected

# Debian has no virtqemud (the scenario of that name builds it). To a client it is a daemon at another socket, as this.
# shellcheck disable=SC2086
systemctl stop libvirtd $LIBVIRTD_SOCKETS
mkdir -p /etc/systemd/system/libvirtd.socket.d
printf '[Socket]\nListenStream=\nListenStream=/run/libvirt/virtqemud-sock\n' >/etc/systemd/system/libvirtd.socket.d/lab.conf
systemctl daemon-reload
rm -f /run/libvirt/libvirt-sock
direct_mode
ok 'one comes at virtqemud'"'"'s socket' systemctl start libvirtd.socket libvirtd
ok 'the old socket is gone' test ! -e /run/libvirt/libvirt-sock
ok 'the agent finds it' wait_for 90 libvirt_is connected
set_key "$RT2_UUID" title 'By virtqemud'
ok 'and keeps in step with it' wait_for 60 title_is rt2 'By virtqemud'
ok 'rt2 starts' virsh -q start rt2
check_rt rt2 2 4 2-5
# rt1 may still count as disturbed, by what guards did.
ok 'kvmrt-stat finds it, too' wait_for 60 kvmrt-stat rt2

# An agent that hangs makes no hook wait.
# shellcheck disable=SC2046
kill -STOP $(pidof kvmrt-agent) $(pidof kvmrt-sync)
ok 'with a hung agent rt2 ends' timeout 120 virsh -q destroy rt2
ok 'and starts' timeout 120 virsh -q start rt2
# shellcheck disable=SC2046
kill -CONT $(pidof kvmrt-agent) $(pidof kvmrt-sync)
is "$(guest_pid rt1)" "$_pid" 'rt1 has run through all of it'
check_rt rt1 '6 8' 10 6-11
ok 'rt2 ends' end_guest rt2
ok 'rt1 ends' end_guest rt1
ok 'no journal is left' wait_for 30 test ! -e "$JOURNAL"
rm -r /etc/systemd/system/libvirtd.socket.d
legacy_mode
systemctl daemon-reload
systemctl stop libvirtd libvirtd.socket
systemctl start libvirtd.socket
ok 'the agent stops' systemctl stop kvmrt-agent
