#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# show-config.sh - kvmrt-show-config as a user runs it
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

program=kvmrt-show-config
host=$work/host
sh "$tree/tests/bench/make-host" smt2-numa2-12cpu "$host" || exit 1

cat >"$host/etc/kvmrt.cfg" <<'END'
[11111111-1111-4111-8111-111111111111]
name = press
title = Press line
description = north hall
    second row
rt = yes
nr_vcpus = auto
cpuset = n1
pcidevs = 0000:81:00.0
autostart = yes
accept = host-device
    rt-node0

[22222222-2222-4222-8222-222222222222]
name = office
nr_vcpus = 2
cpuset = 0-5

[33333333-3333-4333-8333-333333333333]
name = spare
disabled = yes
END

run "all guests" 0 $program --root "$host"
is out <<'END'
press - Press line
       Guest: real-time, autostart
        UUID: 11111111-1111-4111-8111-111111111111
      Cpuset: CPUs 6-11 (n1)
       vCPUs: 2 (1 socket x 2 cores x 1 thread)
   Placement: vCPU 0 on CPU 6, vCPU 1 on CPU 8
     Service: CPU 10, also for the interrupts of its devices
     Offline: CPUs 7,9,11 (SMT siblings, while the guest is active)
      Memory: locked, only of NUMA node 1
     Devices: 0000:81:00.0  Ethernet controller, driver e1000e, node 1, IOMMU group 5

office
       Guest: ordinary
        UUID: 22222222-2222-4222-8222-222222222222
      Cpuset: CPUs 0-5
       vCPUs: 2 (1 socket x 2 cores x 1 thread)
      Memory: not locked, only of NUMA node 0

spare
       Guest: ordinary, disabled
        UUID: 33333333-3333-4333-8333-333333333333
      Cpuset: none: runs on any CPU that no real-time guest owns
       vCPUs: 1 (1 socket x 1 core x 1 thread)
      Memory: not locked, of any NUMA node

Housekeeping: CPUs 0-5 of CPUs 0-11
END
empty err

run "one guest by name, in JSON" 0 $program --root "$host" --json press
is out <<'END'
{"version":1,"guests":[{"uuid":"11111111-1111-4111-8111-111111111111","name":"press","rt":true,"disabled":false,"nr_vcpus":2,"cpuset":[6,7,8,9,10,11],"vcpus":[{"vcpu":0,"cpus":[6]},{"vcpu":1,"cpus":[8]}],"service_cpus":[10],"offline":[7,9,11],"nodes":[1],"locked":true,"pcidevs":["0000:81:00.0"],"accept":["rt-node0","host-device"]}],"housekeeping":[0,1,2,3,4,5]}
END
empty err

run "one guest by UUID, twice named" 0 $program --root "$host" --json \
	22222222-2222-4222-8222-222222222222 office
has out '"name":"office"'
has out '"vcpus":[{"vcpu":0,"cpus":[0,1,2,3,4,5]},{"vcpu":1,"cpus":[0,1,2'
hasnt out '"name":"press"'

run "a guest that is not there" 1 $program --root "$host" nobody
has err "no guest 'nobody' in"
empty out

run "verbose" 0 $program --root "$host" -v press
has out " Description: north hall"
has out "              second row"
has out "PACKAGE  DIE      NODE     CORE     CPUS             GUESTS"
has out "p1       d1       n1       c3       6-7              press"
has out "     Accepts: rt-node0, host-device"
has err "accepted: guest 'press': devices of the host"
has err "warning: guest 'press'"

run "a topology" 0 $program --root "$host" --topology \
	'pack:2 [numa] core:3 pu:2' press
has out "     Devices: 0000:81:00.0"
hasnt out "Ethernet"

sed -i 's/^cpuset = 0-5/cpuset = 5,6/' "$host/etc/kvmrt.cfg"
run "a broken rule is shown with its error" 3 $program --root "$host"
has out "office"
has err "[cpu-overlap]"
hasnt err "warning"

sed -i 's/^rt = yes/rt = perhaps/' "$host/etc/kvmrt.cfg"
# The table of the host needs no valid file: it is what the errors point at.
table() {
	has out "PACKAGE  DIE      NODE     CORE     CPUS             GUESTS"
	has out "p1       d1       n1       c3       6-7"
	hasnt out "UUID:"
}
run "of a broken text only the host is shown" 3 $program --root "$host"
has err "[bad-value]"
table
run "a broken text, the plan" 3 $program --root "$host" --plan
has err "[bad-value]"
empty out
sed -i 's/^rt = perhaps/rt = yes/; s/^cpuset = n1/cpuset = n7/' \
	"$host/etc/kvmrt.cfg"
run "a cpuset that the host has not got" 3 $program --root "$host"
has err "[bad-cpuset]"
hint=$(sed -n "s/^    '\(kvmrt-show-config.*\)' lists.*/\1/p" "$work/err")
# shellcheck disable=SC2086 # the words of the hint
run "its hint, typed" 3 $hint --root "$host"
table
chmod 666 "$host/etc/kvmrt.cfg"
run "a file that all may write" 3 $program --root "$host"
has err "may be written by others"
table
rm -f "$host/etc/kvmrt.cfg"
ln -s kvmrt.cfg "$host/etc/kvmrt.cfg"
run "a file that cannot be read" 1 $program --root "$host"
has err "cannot open"
table
rm -f "$host/etc/kvmrt.cfg"
run "no file" 1 $program --root "$host"
has err "there is no"
table
run "no file, a topology" 1 $program --root "$host" \
	--topology 'pack:2 [numa] core:3 pu:2'
has err "there is no"
table
run "no file, no such topology" 1 $program --topology "$work/none.xml"
empty out

run "help" 0 $program -h
has out "Usage: kvmrt-show-config"
run "usage" 2 $program --all
has err "Try 'kvmrt-show-config --help' for more information."
lines err 2

finish
