#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# guide.sh - the commercial guide's examples of mistakes, on the guide's machine
#
# The diagnostics of the first, and what they are here:
#   a card is not local to the CPUs of VM3            pci-far
#   VM3 is on several nodes (0-1)                     several-nodes
#   guests share CPUs with real-time ones (4 and 7)   cpu-overlap
#   guests share nodes with real-time ones (0)        shared-node
#   a guest's card is local to CPUs of VM4            pci-neighbour
# Node 0 for a real-time guest (rt-node0) is a rule that the guide has not got.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

command -v perl >/dev/null || {
	echo "1..0 # skip there is no perl"
	exit 0
}
host=$work/host
config=$work/example-1.cfg
install -m 644 "$tree/tests/data/guide/example-1.cfg" "$config"
"$tree/tests/hosts/make-shape" 'l3s:4 cores:8 threads:2 numbers:halves nodes:4
	device:0000:01:00.0@3 used:0000:41:00.0@2' "$host" || exit 1

run 'the machine' 3 kvmrt-show-config --root "$host" -f "$config" -v
for node in 0 1 2 3; do
	matches=$(grep -c "^p0       d0       n$node       c" "$work/out")
	[ "$matches" -eq 8 ]
	result $? "node $node has eight cores of the one package: $matches"
done
has out 'c7       7,39 '

# findings NAME STATUS CONFIG: of each its code, its guest, and what it says of
# CPUs, nodes, devices and other guests, but for lines of the file
findings() {
	run "$1" "$2" kvmrt-validate-config --root "$host" -f "$3"
	perl -ne 'next unless /: \w+: guest \x27(.*?)\x27: (.*) \[([a-z0-9-]+)\]$/;
		my ($guest, $text, $code) = ($1, $2, $3);
		$text =~ s/\(line \d+\)//;
		my @facts = $text =~ /([\da-f]{4}:[\da-f]{2}:[\da-f]{2}\.\d|\b\d+(?:[-,]\d+)*\b|\x27[^\x27]+\x27)/g;
		print "$code $guest: @facts\n"' "$work/out" | sort >"$work/facts"
	mv "$work/facts" "$work/out"
}

findings 'example 1' 3 "$config"
is out <<'END'
cpu-overlap KVMRT-VM1-NR: 4 'KVMRT-VM2-RT'
cpu-overlap KVMRT-VM3-RT: 7,39 'KVMRT-VM2-RT'
pci-far KVMRT-VM3-RT: 0000:01:00.0 24-31,56-63
pci-neighbour KVMRT-VM3-RT: 0000:01:00.0 'KVMRT-VM4-RT'
rt-node0 KVMRT-VM2-RT: 0
rt-node0 KVMRT-VM3-RT: 0
several-nodes KVMRT-VM3-RT: 0-1
shared-node KVMRT-VM1-NR: 0 'KVMRT-VM2-RT' 'KVMRT-VM3-RT' 'KVMRT-VM1-NR'
END

# Its second example: the host's own card is local to a real-time guest.
sed -n '/^\[.*4\]/,$p' "$config" | sed 's/^cpuset = .*/cpuset = 16-19/' >"$work/example-2.cfg"
findings 'example 2' 0 "$work/example-2.cfg"
is out <<'END'
host-device KVMRT-VM4-RT: 0000:41:00.0
END
finish
