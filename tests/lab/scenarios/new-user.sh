# SPDX-License-Identifier: LGPL-2.1-or-later
# The first day of a user: the guide docs/getting-started.md, from the package to the reboot, as it is written.
# shellcheck shell=sh
# lab-stage: deb
# lab-parts: 2

. /lab/rt.sh
. /lab/guarded.sh
. /lab/follow.sh

GUIDE=/lab/getting-started.md
# With what the commands have printed now: the guide's next edition.
PRINTED=/lab/out/getting-started.md

# at TEXT: the guide's line that holds it.
at() {
	grep -n -m 1 -F -- "$1" "$GUIDE" | cut -d: -f1
}

kept_journal() {
	journalctl -b -1 -o cat --no-pager -u kvmrt
}

if [ "$part" -eq 1 ]; then
	mkdir -p /var/log/journal
	journalctl --flush
	irqbalance_quiet
	systemctl disable irqbalance 2>/dev/null
	define_guest plc1 uuid=6e9f0c4e-6f0a-4a5c-9d6e-3d1f3a0b7c11 vcpus=2 nics="$NIC2"
	# The emulated processor does not make udev load it.
	lsmod | grep -o '^kvm_[a-z]*' >/etc/modules-load.d/kvm.conf
	mkdir -p /srv/hmi
	ln -s /var/lib/lab/vmlinuz /var/lib/lab/initrd /srv/hmi/
	cp /lab/kvmrt_*.deb .
	: >"$PRINTED"
	# The last thing that the reader does is restart the host, which is ours to do.
	follow "$GUIDE" "$PRINTED" 1 "$(($(at '$ sudo reboot') - 1))"
	is "$(find "$FOLLOW" -name 'saved.*')" '' 'all that the guide saves was saved'
	# The pipes of a guest do not outlive the host.
	cat >/etc/tmpfiles.d/lab.conf <<-'EOF'
		d /run/lab 0755 root root -
		p /run/lab/plc1.in 0666 root root -
		p /run/lab/plc1.out 0666 root root -
	EOF
	ok 'the guest runs when the host goes down' systemctl start kvmrt
	ok 'its system is up' wait_for 900 guest_booted plc1
else
	like "$(kept_journal)" '^plc1: off after' 'the guest was shut down before the host'
	ok 'kvmrt.service has ended' wait_for 300 systemctl is-active kvmrt
	sed -n "$(at '$ sudo reboot')p" "$GUIDE" >>"$PRINTED"
	follow "$GUIDE" "$PRINTED" "$(($(at '$ sudo reboot') + 1))" 0
	ok 'its system is up' wait_for 900 guest_booted plc1
	ok 'its interrupts are where they belong' wait_for 60 vfio_on "$NIC2" 10
	check_rt plc1 '6 8' 10 6-11
	ok 'the guest ends' end_guest plc1
fi
