# SPDX-License-Identifier: LGPL-2.1-or-later
# What the agent says and does; sourced by the scenarios in the lab host.
# shellcheck shell=sh

SLICE=/sys/fs/cgroup/machine.slice
LIBVIRTD_SOCKETS='libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket'

agent_status() {
	perl -MIO::Socket::UNIX -e '
		my $s = IO::Socket::UNIX->new("/run/kvmrt/agent.sock") or exit 1;
		print $s "status\n"; local $/; print <$s>'
}

# in_step UUID: file and definition of that guest.
in_step() {
	agent_status | grep -q "\"uuid\":\"$1\",\"said\":\"in step"
}

# libvirt_is connected|lost
libvirt_is() {
	agent_status | grep -q "\"libvirt\":\"$1\""
}

holds() {
	[ "$(cat "$1")" = "$2" ]
}

title_is() {
	virsh -q dumpxml --inactive "$1" | grep -q "<title>$2</title>"
}

# guards: rt1 is looked after; what somebody writes is repaired.
guards() {
	echo 0 >/sys/devices/system/cpu/cpu6/power/pm_qos_resume_latency_us
	wait_for 10 holds /sys/devices/system/cpu/cpu6/power/pm_qos_resume_latency_us n/a
}

# stop_agent: the guard, and what keeps file and definitions in step; starting the one starts both.
stop_agent() {
	systemctl stop kvmrt-agent kvmrt-sync
}

# stat_says GUEST STATE: also several, with |.
stat_says() {
	kvmrt-stat "$1" | grep -qE "^$1 +($2)( |\$)"
}

# start_over: end all guests and take back what the part before has left, if something in it has failed.
start_over() {
	for _guest in $(virsh -q list --name); do
		end_guest "$_guest"
	done
	if [ -e "$JOURNAL" ] && ! wait_for 60 test ! -e "$JOURNAL"; then
		diag 'a record is left, and forgotten here:' "$(tail -n 5 "$JOURNAL")"
		stop_agent
		rm -f "$JOURNAL"
		for _cpu in /sys/devices/system/cpu/cpu*/online; do
			echo 1 >"$_cpu"
		done
		[ ! -e $SLICE ] || echo >$SLICE/cpuset.cpus.exclusive
		echo fff >/proc/irq/default_smp_affinity
		echo 0-11 >/proc/sys/kernel/watchdog_cpumask
	fi
	systemctl start kvmrt-agent
	snapshot_host /run/before
}

# direct_mode: as distributions with the modular daemons have it, clients look for virtqemud.
direct_mode() {
	cp -p /etc/libvirt/libvirt.conf /run/libvirt.conf
	printf '%s\n' 'uri_default = "qemu:///system"' 'remote_mode = "direct"' >>/etc/libvirt/libvirt.conf
}

legacy_mode() {
	cp -p /run/libvirt.conf /etc/libvirt/libvirt.conf
}
