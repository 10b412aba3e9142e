#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# place.sh - kvmrt-place as a user runs it, on hosts of several kinds
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

placer=kvmrt-place
hook=${KVMRT_HOOK:-$bin/../hooks/qemu}
data=$tree/tests/data/hook
two_nodes='pack:2 [numa] core:4 pu:2'
cfg=$work/a.cfg
KVMRT_CONNECT=test:///default
EDITOR=true
export KVMRT_CONNECT EDITOR
unset VISUAL

# The sanitizer's dlopen does not look where the hook says.
if nm -D "$hook" | grep -q __asan_init; then
	LD_LIBRARY_PATH=$(dirname "$hook")
	export LD_LIBRARY_PATH
fi
root=$work/root
"$tree/tests/bench/make-host" smt2-numa2-12cpu "$root" || exit 1

uuid() { # uuid N
	printf '00000000-0000-4000-8000-%012d' "$1"
}

# place NAME STATUS OPTION...: on two nodes of four cores
place() {
	_name=$1 _want=$2
	shift 2
	run "$_name" "$_want" $placer -f "$cfg" --topology "$two_nodes" "$@"
}

# A guest that is to be there, and one that only has a comment.
fresh() {
	printf '# mine\n[%s]\nname = press\nrt = yes\nnr_vcpus = 2\ncpuset = 8-13\n' "$(uuid 1)" >"$cfg"
	printf '# of press, no more\n\n[%s]\nname = office\nnr_vcpus = 2 \n' "$(uuid 2)" >>"$cfg"
	cp "$cfg" "$work/before"
}

same() {
	cmp -s "$cfg" "$work/before"
	result $? "$name: the file is as before"
}

valid() { # valid: what is in the file has no error
	was=$name
	run "$was: the file has no error" 0 kvmrt-validate-config -f "$cfg" \
		--topology "$two_nodes"
}

# --- the command line

for words in '' '--vcpus 0 a' '--vcpus x a' '--vcpus 99999 a' '--service -1 a' \
	'--device 81:00 a' '--rt perhaps a' 'a a' '--vcpus b=1 a' \
	'--device 0000:01:00.0 a b' "--uuid $(uuid 7) a b" \
	"--topology core:4 -w a" '--vcpus'; do
	# shellcheck disable=SC2086 # several words
	run "usage '$words'" 2 $placer $words
	has err "Try 'kvmrt-place --help'"
	lines err 2
	empty out
done

# --- a new guest

fresh
place 'a new guest' 0 plc1 --uuid "$(uuid 3)" --vcpus 1
has out 'Cpuset: CPUs 2-5'
has out 'Placement: vCPU 0 on CPU 2'
has out 'Service: CPU 4'
has out 'Why: node 0, 2 whole cores'
has out "guest 'plc1': its CPUs are on NUMA node 0 [rt-node0]"
has out 'Housekeeping: CPUs 0-1,6-7,14-15 of CPUs 0-15'
has out 'Next best: CPUs '
has out "+++ $cfg (not written)"
same
place 'several service CPUs' 1 plc1 --uuid "$(uuid 3)" --vcpus 1 --service 4
has err "take CPUs from others, or disable or move one: 'press' is on 3 cores (CPUs 8-13)"
place 'three of them' 0 plc1 --uuid "$(uuid 3)" --vcpus 1 --service 2
has out 'Service: CPUs 4,6, CPU 6 also for the interrupts'
place 'written' 0 plc1 --uuid "$(uuid 3)" --vcpus 1 -w
sed -n '/^@@/,/^[^-+@ ]/p' "$work/out" | grep '^[-+@ ]' >"$work/shown"
diff -u "$work/before" "$cfg" | tail -n +3 | cmp -s - "$work/shown"
result $? "$name: the diff that was shown is what changed"
has out "$cfg is in place."
[ ! -e "$cfg.lock" ]
result $? "$name: the lock is gone"
tail -n 4 "$cfg" >"$work/out"
is out <<END
[$(uuid 3)]
name = plc1
rt = true
cpuset = 2-5
END
valid
cp "$cfg" "$work/before"
place 'once more' 0 plc1 -w
has out "$cfg says so already."
same
place 'another UUID' 1 plc1 --uuid "$(uuid 4)"
has err "guest 'plc1': its section has the UUID $(uuid 3)"
place 'a UUID that is another guest' 1 plc2 --uuid "$(uuid 3)" --vcpus 1
same
place 'by UUID' 0 "$(uuid 3)"
has out "$cfg says so already."
place 'by name and UUID' 1 plc1 "$(uuid 3)"
has err 'it is named twice'
place 'no UUID' 1 plc2 --uuid 123
has err "'123' is no UUID"
place 'how many vCPUs?' 1 plc2 --uuid "$(uuid 4)"
has err 'write --vcpus N'

# --- a guest that has a section

fresh
place 'a guest of the file' 0 press --vcpus 3 -w
sed 's/^cpuset = .*/cpuset = 8-15/; s/^nr_vcpus = 2$/nr_vcpus = 3/' "$work/before" |
	diff - "$cfg" >"$work/out" 2>&1
empty out
valid
fresh
place 'one that becomes real-time' 0 office --rt yes --vcpus 1
has out '+rt = true'
has out '-nr_vcpus = 2'
has out '+cpuset = 2-5'
place 'an ordinary guest' 0 office
has out 'Guest: ordinary'
has out '+cpuset = 0-3'
hasnt out 'rt ='
printf 'cpu_topology = 1,2,1\nrt_memory = no\nnumatune = 1\npcidevs = 0000:01:00.0\n' >>"$cfg"
place 'keys that would be against it' 0 office --rt 1 --vcpus 1 \
	--device 0000:01:00.0 --device 0000:02:00.0
has out '-cpu_topology = 1,2,1'
has out '-rt_memory = no'
has out '-numatune = 1'
has out '+pcidevs = 0000:01:00.0 0000:02:00.0'
echo 'disabled = yes' >>"$cfg"
place 'a disabled guest' 1 office
has err "guest 'office': it is disabled"
printf '[%s]\nname = far\nrt = 1\ncpuset = 99\n' "$(uuid 5)" >"$cfg"
place 'a cpuset that the host has not got' 0 far
has out '-cpuset = 99'
place 'of another guest' 3 near --uuid "$(uuid 6)" --vcpus 1
has err '[bad-cpuset]'
echo 'nonsense = 1' >>"$cfg"
place 'a file with errors' 3 far --json
has out '"code":"unknown-key"'
has err '[unknown-key]'

# --- several at once

rm "$cfg"
place 'two guests' 0 a b --uuid "a=$(uuid 1)" --uuid "b=$(uuid 2)" --vcpus 2 --vcpus b=1 -w
has out 'vCPUs: 2 ('
has out 'vCPUs: 1 ('
has out 'Next best: a on CPUs '
grep -q '^cpuset = 2-7$' "$cfg" && grep -q '^cpuset = 8-11$' "$cfg"
result $? "$name: a node each, and not CPU 0"
valid
place 'both again, to the same place' 0 b a -w
has out "$cfg says so already."
rm "$cfg"
run 'devices on two nodes' 0 $placer -f "$cfg" --root "$root" far near \
	--uuid "far=$(uuid 1)" --uuid "near=$(uuid 2)" --vcpus 1 \
	--device far=0000:81:00.0 --device near=0000:01:00.0
grep -A 7 '^far$' "$work/out" | grep -q 'Cpuset: CPUs \(6-9\|8-11\)$'
result $? "$name: far is on node 1" || sed 's/^/# /' "$work/out"
grep -A 7 '^near$' "$work/out" | grep -q 'Cpuset: CPUs 2-5$'
result $? "$name: near is on node 0" || sed 's/^/# /' "$work/out"
! grep -q 'warning: .*\[pci-far\]' "$work/out"
result $? "$name: near to their devices"
run 'a device of a group' 1 $placer -f "$cfg" --root "$root" a \
	--uuid "$(uuid 1)" --vcpus 1 --device 0000:83:00.0
has err 'add 0000:83:00.1 to pcidevs'
run 'the whole group' 0 $placer -f "$cfg" --root "$root" a \
	--uuid "$(uuid 1)" --vcpus 1 --device 0000:83:00.0 --device 0000:83:00.1
has out 'near 2 of its 2 devices'
run 'a device that is not there' 1 $placer -f "$cfg" --root "$root" a \
	--uuid "$(uuid 1)" --vcpus 1 --device 0000:99:00.0
has err 'the host has no PCI device 0000:99:00.0'
place 'too much together' 1 a b --uuid "a=$(uuid 1)" --uuid "b=$(uuid 2)" --vcpus 4
has err 'the others that are to be placed 5'
has err 'with 1 vCPU it fits'
place 'the whole host' 1 a --uuid "$(uuid 1)" --vcpus 7
has err '[no-housekeeping]'
has err 'with 6 vCPUs it fits'
place 'more than that' 1 a --uuid "$(uuid 1)" --vcpus 8 --json
has err 'its 8 vCPUs and 1 service CPU need 9 whole cores; 8 of 8 are free'
has out '{"version":1,"findings":[{"code":"no-room","severity":"error"'

# --- names

rm -f "$cfg"
for guest in 'a=b' 'two words' '"x"' "it's" 'Ünïcode' '[x]' '-minus'; do
	place "a guest '$guest'" 0 --uuid "$guest=$(uuid 1)" --vcpus 1 -w -- "$guest"
	place "'$guest' again" 0 --vcpus "$guest=1" -- "$guest"
	has out "$cfg says so already."
	rm -f "$cfg"
done
place 'a name that the file cannot hold' 1 --uuid "$(uuid 1)" --vcpus 1 -w 'a #1'
has err 'is not a name'
place 'no name' 1 --uuid "$(uuid 1)" --vcpus 1 ''
[ ! -e "$cfg" ]
result $? "$name: nothing is written"

# --- libvirt

run 'a guest that libvirt has' 0 $placer --root "$root" test --vcpus 1 -w
has out 'Guest: real-time'
grep -q "^\\[6695eb01-f6a4-8304-79aa-97f2502e193f\\]$" "$root/etc/kvmrt.cfg" &&
	! grep -qE '^(rt_memory|numatune)' "$root/etc/kvmrt.cfg"
result $? "$name: its UUID, and nothing against rt" || cat "$root/etc/kvmrt.cfg"
run 'its file' 0 kvmrt-validate-config --root "$root"
rm "$root/etc/kvmrt.cfg"
run 'a stranger' 1 $placer --root "$root" nobody --vcpus 1
has err 'nor libvirt has it'
run 'no libvirt' 1 $placer --root "$root" nobody --vcpus 1 \
	-c "test://$work/none.xml"
has err '--uuid UUID'
printf '[%s]\nname = office\n' "$(uuid 1)" >"$work/one.cfg"
run 'none is needed for a guest of the file' 0 $placer --root "$root" \
	-c "test://$work/none.xml" -f "$work/one.cfg" office
printf '%s' "<node><domain type='test'><name>big</name><uuid>$(uuid 8)</uuid><memory>65536</memory><vcpu>2</vcpu><numatune><memory mode='strict' nodeset='0'/></numatune><os><type>hvm</type></os><cpu><topology sockets='1' cores='2' threads='1'/></cpu></domain></node>" >"$work/node.xml"
run 'vCPUs as its definition says' 0 $placer --root "$root" \
	-c "test://$work/node.xml" big
has out '+nr_vcpus = 2'
hasnt out 'numatune'

# --- one at a time, and never a running guest

printf '[%s]\nname = press\nnr_vcpus = 1\n' "$(uuid 1)" >"$cfg"
cat >"$work/editor" <<END
#!/bin/sh
"$bin/$placer" -f "$cfg" --topology "$two_nodes" -w press >"$work/inner" 2>&1
echo \$? >>"$work/inner"
"$bin/$placer" -f "$cfg" --topology "$two_nodes" press >/dev/null || echo no >>"$work/inner"
END
chmod 755 "$work/editor"
EDITOR=$work/editor
cp "$cfg" "$work/before"
run 'while somebody edits' 0 kvmrt-edit-config -n --root "$root" -f "$cfg"
grep -q 'is editing .* already' "$work/inner" && [ "$(tail -n 1 "$work/inner")" = 1 ]
result $? "$name: it does not write, it does show" || cat "$work/inner"
same

host=$work/host
"$tree/tests/bench/make-host" smt2-numa2-12cpu-guest "$host" || exit 1
cp "$data/rt1.cfg" "$host/etc/kvmrt.cfg"
for operation in prepare start started; do
	KVMRT_ROOT=$host "$hook" rt1 $operation begin - <"$data/rt1.xml" \
		>/dev/null 2>"$work/err"
	result $? "the hook's $operation" || sed 's/^/# /' "$work/err"
done
run 'a guest that runs' 1 $placer --root "$host" rt1 -w
has err 'it runs on CPUs 6-11, and a running guest is not moved'
# The file has it elsewhere by now.
sed -i 's/^cpuset.*/cpuset = 2-5/; s/^nr_vcpus.*/nr_vcpus = 1/' "$host/etc/kvmrt.cfg"
run 'beside a guest that runs elsewhere' 1 $placer --root "$host" new \
	--uuid "$(uuid 1)" --vcpus 1
has err "'rt1' is on 3 cores (CPUs 6-11, running)"
sed -i '/^\[/,$d' "$host/etc/kvmrt.cfg"
run 'beside one that the file has no more' 0 $placer --root "$host" new \
	--uuid "$(uuid 1)" --vcpus 1
has out 'Cpuset: CPUs 2-5'

# --- odd hosts

on() { # on NAME HOST: one guest of two vCPUs
	"$tree/tests/bench/make-host" "$2" "$work/$2" || exit 1
	run "$1" 0 $placer --root "$work/$2" -f "$work/none.cfg" a \
		--uuid "$(uuid 1)" --vcpus 2
}
on 'fast and slow cores' hybrid-8cpu
has out 'Why: slower cores'
has out 'Cpuset: CPUs 4-6'
on 'CPUs that are offline' offline-12cpu
hasnt out '[offline-cpu]'
run 'L3 caches' 0 $placer -f "$work/none.cfg" \
	--topology 'pack:1 [numa] l3:4 core:4 pu:2' a --uuid "$(uuid 1)" --vcpus 3
has out 'the L3 cache of CPUs 8-15'
has out 'Cpuset: CPUs 8-15'
if perl -e 1 2>/dev/null; then
	for shape in no-numa nps2 snc2-striped packages-in-node no-memory-node \
		offline-first smt8-as-smt2; do
		perl "$tree/tests/hosts/make-shape" $shape "$work/$shape"
		run "$shape" 0 $placer --root "$work/$shape" -f "$cfg.$shape" \
			a b --uuid "a=$(uuid 1)" --uuid "b=$(uuid 2)" --vcpus 1 -w
		run "$shape: the file" 0 kvmrt-validate-config \
			--root "$work/$shape" -f "$cfg.$shape"
	done
	perl "$tree/tests/hosts/make-shape" hybrid "$work/hybrid"
	run 'fast cores, where there is room' 0 $placer --root "$work/hybrid" \
		-f "$work/none.cfg" a --uuid "$(uuid 1)" --vcpus 1
	has out 'Why: the fastest cores'
	has out 'Cpuset: CPUs 2-5'
	run 'an L3 of the kernel' 0 $placer --root "$work/nps2" \
		-f "$work/none.cfg" a --uuid "$(uuid 1)" --vcpus 3
	grep -q 'the L3 cache of CPUs' "$work/out"
	result $? "$name: it is one" || sed 's/^/# /' "$work/out"
fi
finish
