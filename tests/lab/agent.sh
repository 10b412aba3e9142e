#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs in the lab host: executes each command that the runner names on the virtio-serial port.
set -u

# Several commands may run at the same time; each answers with files of its own.
serve() {
	sh "/lab/cmd/$1" >"/lab/cmd/$1.out" 2>"/lab/cmd/$1.err" </dev/null 3<&-
	echo $? >"/lab/cmd/$1.rc.new"
	mv "/lab/cmd/$1.rc.new" "/lab/cmd/$1.rc"
}

export HOME=/root LC_ALL=C.UTF-8
cd /root || exit 1
modprobe -q kvm_amd || modprobe -q kvm_intel
exec 3<>/dev/virtio-ports/lab
systemctl is-system-running --wait >/dev/null 2>&1
: >/lab/ready
while read -r id <&3; do
	serve "$id" &
done
