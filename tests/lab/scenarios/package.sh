# SPDX-License-Identifier: LGPL-2.1-or-later
# The package changes under two running RT guests: upgraded, downgraded, removed, purged, installed again.
# shellcheck shell=sh
# lab-stage: deb
# lab-needs: package-before

. /lab/rt.sh
. /lab/guarded.sh

HOOK=/etc/libvirt/hooks/qemu.d/kvmrt
OLD=/lab/package-before/kvmrt.deb
NEW=$(echo /lab/kvmrt_*.deb)

version() {
	# shellcheck disable=SC2016 # dpkg's own field
	dpkg-query -W -f '${Version}' kvmrt
}

check_both() {
	check_rt rt1 '6 8' 10 6-11
	check_rt rt2 2 4 2-5
}

same_guests() {
	is "$(guest_pid rt1) $(guest_pid rt2)" "$_guests" "$1: both guests run on"
}

# package_changes WHAT DEB: with both guests running; the record is read, rt2 leaves and comes back, rt1 does not notice.
package_changes() {
	_guests="$(guest_pid rt1) $(guest_pid rt2)"
	ok "$1: the package" dpkg -i "$2"
	diag "$(version)"
	same_guests "$1"
	ok "$1: the agent runs" wait_for 60 systemctl -q is-active kvmrt-agent
	ok "$1: and keeps in step" wait_for 60 pidof kvmrt-sync
	ok "$1: the record is good" $RECONCILE
	ok "$1: kvmrt-stat: rt1 is tuned" wait_for 30 stat_says rt1 'tuned|disturbed'
	ok "$1: kvmrt-stat: rt2 is tuned" wait_for 30 stat_says rt2 'tuned|disturbed'
	check_both
	ok "$1: rt2 ends" end_guest rt2
	is "$(online)" 0-6,8,10 "$1: its siblings are back"
	ok "$1: rt2 starts" virsh -q start rt2
	check_rt rt2 2 4 2-5
}

# nothing_left: of the package, or of what it did to the host.
nothing_left() {
	same_guests "$1"
	ok "$1: no hook is left" test ! -e "$HOOK"
	is "$(pidof kvmrt-agent kvmrt-sync)" '' "$1: nothing of it runs"
	is "$(find /usr -xdev -name '*kvmrt*')" '' "$1: nor anything else that is run"
	snapshot_host /run/now
	# The guests keep their cards.
	grep -v '^pci' /run/before >/run/before-guests
	grep -v '^pci' /run/now >/run/now-guests
	same_host /run/before-guests /run/now-guests "$1: every setting is as before"
	[ ! -e "$JOURNAL" ] || diag "$(cat "$JOURNAL")"
	ok "$1: no journal is left" test ! -e "$JOURNAL"
	ok "$1: an ordinary guest of kvmrt.cfg starts" virsh -q start plain
	ok "$1: and ends" end_guest plain
}

irqbalance_quiet
write_config
define_rt1
define_rt2
define_plain
snapshot_host /run/before

ok 'the package of before is installed' dpkg -i "$OLD"
ok 'its agent runs' wait_for 60 systemctl -q is-active kvmrt-agent
ok 'rt1 starts' virsh -q start rt1
ok 'rt2 starts' virsh -q start rt2
check_both
package_changes upgrade "$NEW"
package_changes downgrade "$OLD"
ok 'rt2 ends' end_guest rt2
ok 'rt1 ends' end_guest rt1
ok 'the agent restores the rest' wait_for 60 test ! -e "$JOURNAL"
no_trace /run/before 'upgraded and downgraded'

start_over
ok 'rt1 starts' virsh -q start rt1
ok 'rt2 starts' virsh -q start rt2
package_changes 'upgrade again' "$NEW"

_guests="$(guest_pid rt1) $(guest_pid rt2)"
ok 'the package is removed with both running' dpkg --remove kvmrt
nothing_left removed
ok 'it is installed again' dpkg -i "$NEW"
ok 'both are adopted' kvmrt-boot rt1 rt2
check_both
ok 'the package is purged with both running' dpkg --purge kvmrt
nothing_left purged
ok 'it is installed once more' dpkg -i "$NEW"
ok 'both are adopted' kvmrt-boot rt1 rt2
same_guests 'installed again'
check_both
ok 'rt2 ends' end_guest rt2
ok 'rt1 ends' end_guest rt1
ok 'the agent restores the rest' wait_for 60 test ! -e "$JOURNAL"
no_trace /run/before 'at the end'
ok 'the agent stops' stop_agent
