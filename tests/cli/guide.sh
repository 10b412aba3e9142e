#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# guide.sh - the commercial guide's example of mistakes, on the guide's machine
#
# Its diagnostics, and what they are here:
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
config=$tree/tests/data/guide/example-1.cfg
"$tree/tests/hosts/make-shape" 'l3s:4 cores:8 threads:2 numbers:halves nodes:4
	device:0000:01:00.0@3 used:0000:41:00.0@2' "$host" || exit 1

run 'the machine' 3 kvmrt-show-config --root "$host" -f "$config" -v
for node in 0 1 2 3; do
	matches=$(grep -c "^p0       d0       n$node       c" "$work/out")
	[ "$matches" -eq 8 ]
	result $? "node $node has eight cores of the one package: $matches"
done
has out 'c7       7,39 '

run 'the example' 3 kvmrt-validate-config --root "$host" -f "$config"
# CODE GUEST: what the sentence says of CPUs, nodes, devices and guests
sed -n "s/^[^ ]*: [a-z]*: guest '\([^']*\)': \(.*\) \[\([a-z0-9-]*\)\]\$/\3 \1: \2/p" \
	"$work/out" | sort >"$work/findings"
mv "$work/findings" "$work/out"
is out <<'END'
cpu-overlap KVMRT-VM1-NR: CPU 4 is also of real-time guest 'KVMRT-VM2-RT' (line 15)
cpu-overlap KVMRT-VM3-RT: CPUs 7,39 are also of real-time guest 'KVMRT-VM2-RT' (line 15)
pci-far KVMRT-VM3-RT: PCI device 0000:01:00.0 is local to CPUs 24-31,56-63, none of which is in cpuset
pci-neighbour KVMRT-VM3-RT: PCI device 0000:01:00.0 is local to the CPUs of real-time guest 'KVMRT-VM4-RT'
rt-node0 KVMRT-VM2-RT: its CPUs are on NUMA node 0
rt-node0 KVMRT-VM3-RT: its CPUs are on NUMA node 0
several-nodes KVMRT-VM3-RT: cpuset is spread over NUMA nodes 0-1
shared-node KVMRT-VM1-NR: cpuset is on node 0, as is real-time guest 'KVMRT-VM2-RT'
shared-node KVMRT-VM1-NR: cpuset is on node 0, as is real-time guest 'KVMRT-VM3-RT'
shared-node KVMRT-VM3-RT: cpuset is on node 0, as is real-time guest 'KVMRT-VM2-RT'
END
finish
