# SPDX-License-Identifier: LGPL-2.1-or-later
# What the agent says and does; sourced by the scenarios in the lab host.
# shellcheck shell=sh

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

# guards: rt1 is looked after; what somebody writes is put right.
guards() {
	echo 0 >/sys/devices/system/cpu/cpu6/power/pm_qos_resume_latency_us
	wait_for 10 holds /sys/devices/system/cpu/cpu6/power/pm_qos_resume_latency_us n/a
}

# direct_mode: as distributions with the modular daemons have it, clients look for virtqemud.
direct_mode() {
	cp -p /etc/libvirt/libvirt.conf /run/libvirt.conf
	printf '%s\n' 'uri_default = "qemu:///system"' 'remote_mode = "direct"' >>/etc/libvirt/libvirt.conf
}

legacy_mode() {
	cp -p /run/libvirt.conf /etc/libvirt/libvirt.conf
}
