#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# mistakes.sh - what people type: each mistake is answered by one line, which
# names the place and says what to type instead
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

topology='pack:2 [numa] core:8 pu:2'
file=$work/a.cfg
n=0

# answered NAME LINE TEXT: of $work/out, one line is about that line of the
# file, is an error or a warning, and has the text
answered() {
	n=$((n + 1))
	[ "$(grep -F "$file:$2: " "$work/out" | grep -cF -- "$3")" -eq 1 ]
	result $? "'$1' is answered by '$3'" || sed 's/^/# /' "$work/out"
}

check() {
	"$bin/kvmrt-validate-config" -f "$file" --topology "$topology" \
		>"$work/out" 2>&1
}

# Lines of a guest's section: what is typed, a '|', what is answered. "\0302"
# is a byte in octal.
while IFS='|' read -r typed answer; do
	printf '[11111111-1111-4111-8111-111111111111]\nname = a\n%b\n' \
		"$typed" >"$file"
	check
	answered "$typed" "$(wc -l <"$file")" "$answer"
done <<'END'
cpuset = 6..11|write 6-11
cpuset = 6...11|write 6-11
cpuset = 6:11|write 6-11
cpuset = 6 - 11|write 6-11
cpuset = 6 to 11|write 6-11
cpuset = 11-6|write 6-11
cpuset = 6\0342\0200\022311|write 6-11
cpuset = 6\0342\0210\022211|write 6-11
cpuset = 6,\0302\02407|write 6, 7
cpuset = 0xfc0|write 6-11
cpuset = fc0|write 6-11
cpuset = 6-11,^7|write 6,8-11
cpuset = ^7|write ~7
cpuset = !0-5|write ~0-5
cpuset = ~0-5,~8|write ~0-5,8
cpuset = 6-11:2|write 6,8,10
cpuset = node1|write n1
cpuset = NUMA 1|write n1
cpuset = N1|write n1
cpuset = core3-core5|write c3-5
cpuset = socket1|write p1
cpuset = cpu6-11|write 6-11
cpuset = 6 7 8|write 6,7,8
cpuset = 6;7|write 6,7
cpuset = 6,8,|write 6,8
cpuset = "6-11"|write 6-11
cpuset = 6-11 # the press|write 6-11
cpuset == 6-11|write 6-11
cpuset = all|write nothing behind the '='
cpuset = 6-|write CPUs such as 2,4-7
cpuset = n1-c2|write CPUs such as 2,4-7
cpuset = 40|the host has no CPU 40 (column 1); it has 0-31
numatune = n1|write 1
numatune = node 0|write 0
numatune = 0;1|write 0,1
numatune = any|write nothing behind the '='
numatune = strict|write NUMA nodes such as 0,2-3
nr_vcpus = four|write a number from 1 to 16384, or auto
nr_vcpus = 2 vCPUs|write 2
nr_vcpus = "2"|write 2
nr_vcpus = 2.0|write a number from 1 to 16384, or auto
nr_vcpus = 0|write a number from 1 to 16384, or auto
nr_vcpus = all|write auto
nr_vcpus =\0302\02402|write 2
cpu_topology = 1x2x1|write 1,2,1
cpu_topology = 2|write 1,2,1
cpu_topology = sockets=1,cores=2,threads=1|write 1,2,1
rt = y|write true
rt = enabled|write true
rt = treu|write true
rt = auto|write true or false
rt = true;|write true
rt_memory = locked|write true
autostart = never|write false
pcidevs = 81:00.0|write 0000:81:00.0
pcidevs = 0000:21:00.00|write 0000:21:00.0
pcidevs = 0000:81:00|write 0000:81:00.0
pcidevs = 0000:81:00:0|write 0000:81:00.0
pcidevs = 0000:81:00.0,0000:82:00.0|write 0000:81:00.0 0000:82:00.0
pcidevs = pci_0000_81_00_0|write 0000:81:00.0
pcidevs = pci@0000:81:00.0|write 0000:81:00.0
pcidevs = 8086:1572|'lspci -Dnn'
pcidevs = enp33s0f0|'ethtool -i'
accept = host-devcie|the nearest is host-device
accept = cpu-overlap|'cpu-overlap' is not the code of a warning
accepts = rt-cpu0|write accept
suppress = khugepagd|the nearest is khugepaged
suppress = all|'all' is not something that can be suppressed
supress = ksm|write suppress
smt = off|'off' is neither offline nor idle
hyperthreading = idle|write smt
vcpu_sched = fifo|such as fifo:1
vcpu_sched = fifo:0|from 1 to 99
vcpu_sched = fifo:100|from 1 to 99
vcpu_sched = rr:1|is no scheduling class of a vCPU
vcpusched = fifo:1|write vcpu_sched
vcpus = 2|write nr_vcpus
nr-vcpus = 2|write nr_vcpus
realtime = yes|write rt
RT = yes|write rt
\0302\0240rt = yes|write rt
cpu_set = 2|write cpuset
hostdev = 0000:81:00.0|write pcidevs
enabled = yes|write disabled, which is the opposite
strict = no|write strict below [kvmrt]
uuid = 11111111-1111-4111-8111-111111111112|in brackets above
hugepages = 1|see kvmrt.cfg(5)
rt: yes|write rt = yes
vcpus 2|write nr_vcpus = 2
rt|write rt = VALUE
// the press|begin a comment with #
rt = yes\nrt = no|keep one of the two
rt = yes\n  cpuset = 6|begin this line with its key
END

# The name itself, and sections: a whole file, the line, the answer.
while IFS='|' read -r typed line answer; do
	printf '%b\n' "$typed" >"$file"
	check
	answered "$typed" "$line" "$answer"
done <<'END'
[11111111-1111-4111-8111-111111111111]\nname = a ; hello|2|write a
[11111111-1111-4111-8111-111111111111]\nname = a # hello|2|write a
[11111111-1111-4111-8111-111111111111]\nname = "a"|2|the quotes in
[11111111-1111-4111-8111-111111111111]\nname == a|2|a second '=' in
[11111111-1111-4111-8111-111111111111]\nname = a\0302\0240b|2|a blank that is not a plain one
[11111111-1111-4111-8111-111111111111]\nname = a/b|2|without '/'
[11111111-1111-4111-8111-111111111111]\nrt = no|1|add 'name = '
[plc1]\nname = plc1|1|'virsh domuuid plc1'
[11111111222233334444555555555555]\nname = a|1|write [11111111-2222-3333-4444-555555555555]
[{11111111-2222-3333-4444-555555555555}]\nname = a|1|write [11111111-2222-3333-4444-555555555555]
[11111111-2222-3333-4444-555555555555\nname = a|1|write [UUID]
[11111111-2222-3333-4444-555555555555] # a\nname = a|1|write only [UUID]
[KVMRT]\nstrict = no|1|write [kvmrt]
[kvmrt]\nstrict = maybe|2|write true or false
[kvmrt]\nedits = off|2|write follow or enforce
[kvmrt]\nedit = follow|2|write edits
[kvmrt]\nrt = yes|2|write rt below a guest's [UUID]
name = a|1|write [UUID] above it
END
[ $n -ge 80 ]
result $? "that were $n mistakes in the file"

# Command lines: the place is the command.
printf '[11111111-1111-4111-8111-111111111111]\nname = a\n' >"$file"
while IFS='|' read -r status words answer; do
	set -f
	# shellcheck disable=SC2086 # several words
	set -- $words
	set +f
	run "$words" "$status" "$@"
	grep -qF -- "$1: " "$work/err" && grep -qF -- "$answer" "$work/err"
	result $? "'$words' is answered by '$answer'" || sed 's/^/# /' "$work/err"
	empty out
done <<END
2|kvmrt-validate-config plan.cfg|write -f plan.cfg
2|kvmrt-show-config ./plan|write -f ./plan
2|kvmrt-validate-config --topolgy x|write --topology
2|kvmrt-validate-config -all|write --all
2|kvmrt-validate-config --json=yes|write --json
2|kvmrt-shutdown -t 30s|without a unit, such as -t 30
2|kvmrt-show-config --map m.pdf|does not end in .svg or .png
1|kvmrt-validate-config -f $file --topology serevr.xml|'serevr.xml'
1|kvmrt-validate-config -f $file --topology 16|write 'core:16 pu:2'
END
finish
