#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# hook.sh - the real hook on captured hosts: streams, exit status, and the tree
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

hook=${KVMRT_HOOK:-$bin/../hooks/qemu}
reconcile=$bin/kvmrt-reconcile
data=$tree/tests/data/hook
pristine=$work/pristine
root=$work/root
operations="prepare start started stopped release reconnect attach migrate restore new"
uuid=6a1f0c1e-0000-4000-8000-000000000001

# The sanitizer's dlopen does not look where the hook says.
if nm -D "$hook" | grep -q __asan_init; then
	LD_LIBRARY_PATH=$(dirname "$hook")
	export LD_LIBRARY_PATH
fi

"$tree/tests/bench/make-host" smt2-numa2-12cpu-guest "$pristine" || exit 1

fresh() { # fresh [CONFIG]: the host anew, without or with a configuration
	chmod -R u+w "$root" 2>/dev/null
	rm -rf "$root"
	cp -a "$pristine" "$root"
	[ $# -eq 0 ] || cp "$data/$1.cfg" "$root/etc/kvmrt.cfg"
}

# call NAME STATUS GUEST OPERATION [XML]
call() {
	name=$1 want=$2
	KVMRT_ROOT=$root "$hook" "$3" "$4" begin - \
		<"${5:-$data/$3.xml}" >"$work/out" 2>"$work/err"
	got=$?
	[ $got -eq "$want" ]
	result $? "$name: exit status $want" || {
		echo "#  got: $got"
		sed 's/^/# /' "$work/err"
	}
}

# What kvmrt changed: but for its own directory and what ends with the guest.
changes() {
	diff -rq --no-dereference "$pristine" "$root" |
		grep -vE '/proc/4711|/proc/4716|/irq/5[0-2]|effective_affinity_list|rt1\.scope|root/etc: kvmrt.cfg'
}

unchanged() { # also no journal is left
	changes | grep -v 'root/run: kvmrt$' >"$work/changes"
	[ ! -s "$work/changes" ] && [ ! -e "$root/run/kvmrt/journal" ]
	result $? "$name: the host is as before" || {
		sed 's/^/# /' "$work/changes"
		[ ! -e "$root/run/kvmrt/journal" ] || echo "# there is a journal"
	}
}

holds() { # holds FILE TEXT
	[ "$(cat "$root/$1")" = "$2" ]
	result $? "$name: $1 is '$2'" || echo "#  got: $(cat "$root/$1")"
}

# One line for who started the guest, and no other sentence of ours.
one_line() {
	[ "$(grep -c '^kvmrt: ' "$work/err")" -eq 1 ]
	result $? "$name: one line says why" || sed 's/^/# /' "$work/err"
}

edit() { # edit SED-SCRIPT: the guest's XML, changed
	sed "$1" "$data/rt1.xml" >"$work/edited.xml"
}

# --- a guest's life

fresh rt1
call prepare 0 rt1 prepare
cp -a "$root" "$work/tuned"
call "prepare once more" 0 rt1 prepare
diff -r --no-dereference -x journal -x lock "$work/tuned" "$root" \
	>"$work/changes" 2>&1
result $? "$name changes nothing" || sed 's/^/# /' "$work/changes"
rm -rf "$work/tuned"
for operation in start started; do
	call "$operation" 0 rt1 $operation
	empty out
done
holds sys/devices/system/cpu/cpu7/online 0
holds proc/irq/default_smp_affinity 03f
holds sys/fs/cgroup/cpuset.cpus.isolated 6-11
holds proc/irq/50/smp_affinity_list 10
grep -q '^Cpus_allowed_list:	10$' "$root/proc/4716/task/4716/status"
result $? "kvm-nx-lpage-re is on the service CPU"
grep -q '^Cpus_allowed_list:	0-5$' "$root/proc/601/status" ||
	grep -q '^Cpus_allowed_list:	0-5$' "$root/proc/601/task/601/status"
result $? "a kernel thread that the shield left is swept"
cp -a "$root" "$work/tuned"
for operation in started reconnect attach; do
	call "$operation once more" 0 rt1 $operation
	empty out
	diff -r --no-dereference -x journal -x lock "$work/tuned" "$root" \
		>"$work/changes" 2>&1
	result $? "$name changes nothing" || sed 's/^/# /' "$work/changes"
done
call stopped 0 rt1 stopped
holds sys/devices/system/cpu/cpu7/online 0
call release 0 rt1 release
empty out
unchanged
call "release once more" 0 rt1 release
unchanged
rm -rf "$work/tuned"

# --- scheduling classes: as the section says, not as the definition does

class() { # class TID CLASS: fields 40 and 41 of its stat
	[ "$(sed 's/.*) //' "$root"/proc/*/task/"$1"/stat | cut -d' ' -f38,39)" = "$2" ]
	result $? "$name: thread $1 has class $2"
}

# classes CLASS: all of them get the other one before the guest is started
classes() {
	other='3 1'
	[ "$1" = '0 0' ] || other='0 0'
	fresh rt1
	[ "$1" = '0 0' ] || sed -i 's/^rt = true/&\nvcpu_sched = fifo:3/' "$root/etc/kvmrt.cfg"
	sed -i "s/ 0 0\$/ $other/" "$root"/proc/4711/task/471[45]/stat
	sed -i 's/ 0 0$/ 3 1/' "$root/proc/4716/task/4716/stat"
	call "classes: prepare" 0 rt1 prepare
	call "classes: started" 0 rt1 started
	for tid in 4714 4715; do class $tid "$1"; done
	class 4716 '0 0'
}

classes '0 0'
holds sys/kernel/debug/sched/fair_server/cpu6/runtime 0
classes '3 1'
holds sys/kernel/debug/sched/fair_server/cpu6/runtime 50000000
call "classes: release" 0 rt1 release

# --- the daemon dies while it starts the guest; a new one finds that it runs

fresh rt1
call prepare 0 rt1 prepare
grep -q ' stage=0 pid=1 ' "$root/run/kvmrt/journal"
result $? "reconnect: it is on record as prepared, by the daemon"
mv "$root/proc/1" "$work/daemon"
call "reconnect: the daemon died before 'started'" 0 rt1 reconnect
mv "$work/daemon" "$root/proc/1"
empty err
holds sys/devices/system/cpu/cpu7/online 0
holds sys/fs/cgroup/cpuset.cpus.isolated 6-11
grep -q ' stage=1 pid=4711 ' "$root/run/kvmrt/journal"
result $? "$name: on record with its process"
call "$name: release" 0 rt1 release
unchanged

# --- a script in between calls the hook, and ends: the agent finds the guest dead

# lost: prepared, and undone again
lost() {
	fresh rt1
	call "lost: prepare" 0 rt1 prepare
	mv "$root/proc/1" "$work/daemon"
	KVMRT_ROOT=$root "$reconcile" >"$work/out" 2>&1
	mv "$work/daemon" "$root/proc/1"
	name='lost: what prepare did is undone'
	unchanged
}

lost
call 'lost: started' 0 rt1 started
empty out
[ "$(grep -c "^<4>.*guest 'rt1': what 'prepare' did was undone meanwhile" "$work/err")" -eq 1 ]
result $? "$name: one line says so"
holds sys/devices/system/cpu/cpu7/online 0
holds sys/fs/cgroup/cpuset.cpus.isolated 6-11
grep -q ' stage=1 pid=4711 ' "$root/run/kvmrt/journal"
result $? "$name: on record with its process"
call 'lost: release' 0 rt1 release
unchanged
lost
edit "s/<vcpu\(.*\)>2</<vcpu\1>3</"
call 'lost, with more vCPUs than configured: started' 1 rt1 started "$work/edited.xml"
has err "vCPUs: the definition has 3, kvmrt.cfg wants 2"
unchanged
lost
sed -i 's/^rt = .*/rt = no/' "$root/etc/kvmrt.cfg"
call 'lost, no longer real-time: started' 0 rt1 started
empty err
unchanged

# A running guest that the section does not describe is not taken on.
fresh rt1
edit "s/<vcpu\(.*\)>2</<vcpu\1>3</"
call "reconnect, with more vCPUs than configured" 0 rt1 reconnect "$work/edited.xml"
empty out
has err "vCPUs: the definition has 3, kvmrt.cfg wants 2"
unchanged
edit "s/vcpupin vcpu='0' cpuset='6'/vcpupin vcpu='0' cpuset='8'/"
call "reconnect, with other pins" 0 rt1 reconnect "$work/edited.xml"
holds sys/fs/cgroup/cpuset.cpus.isolated 6-11
call "$name: release" 0 rt1 release
unchanged

# --- a card without MSI: its line may be another device's, too

# line NUMBER MASK ACTIONS DEVICE...: these devices share it
line() {
	number=$1
	mkdir -p "$root/proc/irq/$1" "$root/sys/kernel/irq/$1"
	echo "$2" >"$root/proc/irq/$1/smp_affinity_list"
	echo "$3" >"$root/sys/kernel/irq/$1/actions"
	shift 3
	for device; do
		for irq in "$root/sys/bus/pci/devices/$device"/msi_irqs/*; do
			rm -rf "$root/proc/irq/${irq##*/}" "$root/sys/kernel/irq/${irq##*/}"
		done
		rm -rf "$root/sys/bus/pci/devices/$device/msi_irqs"
		echo "$number" >"$root/sys/bus/pci/devices/$device/irq"
	done
}
action() { # action NUMBER ACTIONS
	echo "$2" >"$root/sys/kernel/irq/$1/actions"
}

fresh rt1
line 17 0-11 eth3 0000:81:00.0 0000:83:00.0
line 18 6-11 ahci,eth4 0000:00:03.0 0000:83:00.1
mv "$pristine" "$work/msi"
cp -a "$root" "$pristine"
rm "$pristine/etc/kvmrt.cfg"
call "a shared line: prepare" 0 rt1 prepare
holds proc/irq/17/smp_affinity_list 0-5
holds proc/irq/18/smp_affinity_list 0-5
action 17 'eth3,vfio-intx(0000:81:00.0)'
call "a shared line: started" 0 rt1 started
holds proc/irq/17/smp_affinity_list 10
holds proc/irq/18/smp_affinity_list 0-5
grep -q '^keep list proc/irq/17/smp_affinity_list 0-11 ' "$root/run/kvmrt/journal"
result $? "$name: its mask is on record, since the line outlives the guest"
action 17 eth3
call "a shared line: release" 0 rt1 release
unchanged

# What somebody chose for the other device is no interrupt that came with the guest.
echo 0-5 >"$root/proc/irq/17/smp_affinity_list"
echo 0-5 >"$pristine/proc/irq/17/smp_affinity_list"
call "a shared line that is elsewhere: prepare" 0 rt1 prepare
call "a shared line that is elsewhere: release" 0 rt1 release
unchanged
# The guest's device has it alone: the driver that gets the device back asks for it anew.
echo 46 >"$root/sys/bus/pci/devices/0000:83:00.0/irq"
echo 46 >"$pristine/sys/bus/pci/devices/0000:83:00.0/irq"
call "a line of its own: prepare" 0 rt1 prepare
! grep -q '^seen .*17' "$root/run/kvmrt/journal" &&
	grep '^seen' "$root/run/kvmrt/journal" | grep -q 18
result $? "$name: it is not one that was there before" || grep '^#\|^seen' "$root/run/kvmrt/journal"
call "a line of its own: release" 0 rt1 release
rm -rf "$pristine"
mv "$work/msi" "$pristine"

# --- guests that are not ours

fresh
for operation in $operations; do
	call "no kvmrt.cfg: $operation" 0 rt1 "$operation"
	empty out
	empty err
done
fresh two
sed "s/$uuid/11111111-2222-4333-8444-555555555555/" "$data/rt1.xml" \
	>"$work/other.xml"
for operation in $operations; do
	call "another guest: $operation" 0 other "$operation" "$work/other.xml"
	empty out
	empty err
done
name="another guest"
unchanged
LD_DEBUG=files KVMRT_ROOT=$root "$hook" other prepare begin - \
	<"$work/other.xml" >/dev/null 2>"$work/err"
has err "calling init"
hasnt err libxml2
hasnt err kvmrt-hook.so

fresh plain
call "capitals in the file: prepare" 0 rt1 prepare
holds sys/devices/system/cpu/cpu7/online 0
call "an ordinary guest: prepare" 0 plain prepare
empty out
call "an ordinary guest: release" 0 plain release
holds sys/devices/system/cpu/cpu7/online 0
call release 0 rt1 release
unchanged
sed 's/000000000004/000000000005/; s/plain/off/' "$data/plain.xml" >"$work/off.xml"
call "a disabled guest: prepare" 0 off prepare "$work/off.xml"
unchanged
call "a guest that never came: release" 0 plain release
unchanged

# --- the configuration and the XML

fresh rt1
edit "s/<vcpu\(.*\)>2</<vcpu\1>3</; s/<locked\/>//; /<hostdev/,/<\/hostdev>/d"
call "another definition" 1 rt1 prepare "$work/edited.xml"
empty out
one_line
has err vCPUs
has err locked
has err 0000:81:00.0
has err kvmrt-sync-config
unchanged
sed -i '1i [kvmrt]\nstrict = false\n' "$root/etc/kvmrt.cfg"
call "another definition, strict = false" 0 rt1 prepare "$work/edited.xml"
empty out
has err 'vCPUs: the definition has 3, kvmrt.cfg wants 2'
has err '4 usable CPUs are needed for its 3 vCPUs, and its cpuset has 3'
has err "without being real-time"
unchanged

# What can be tuned is: the vCPU that it has, on the CPUs of its section.
edit "s/<vcpu\(.*\)>2</<vcpu\1>1</; /vcpu='1'/d; s/<locked\/>//"
call "one vCPU less, strict = false" 0 rt1 prepare "$work/edited.xml"
has err 'vCPUs: the definition has 1, kvmrt.cfg wants 2'
has err locked
hasnt err 'without being real-time'
grep -q ' vcpus=1 .* vcpu_cpus=6 service=8,10 ' "$root/run/kvmrt/journal"
result $? "$name: it is on record as it is"
holds sys/devices/system/cpu/cpu7/online 0
sed -i 's/^VmLck:.*/VmLck:	 1024 kB/' "$root/proc/4711/status" "$root/proc/4711/task/4711/status"
call "one vCPU less, strict = false: started" 0 rt1 started "$work/edited.xml"
has err '1024 KiB'
has err 'it starts, and is tuned except for this'
holds sys/fs/cgroup/cpuset.cpus.isolated 6-11
"$bin/kvmrt-stat" --root "$root" >"$work/out" 2>&1
[ $? -eq 4 ]
result $? "$name: kvmrt-stat exits 4"
has out 'rt1                  degraded   vCPUs on 6, service on 8,10'
has out 'its memory is not locked: 1024 of'
call "one vCPU less, strict = false: release" 0 rt1 release "$work/edited.xml"
sed -i 's/^VmLck:.*/VmLck:	 4194304 kB/' "$root/proc/4711/status" "$root/proc/4711/task/4711/status"
unchanged

# A CPU that stays up: the rest is tuned.
fresh rt1
sed -i '1i [kvmrt]\nstrict = false\n' "$root/etc/kvmrt.cfg"
chmod 0444 "$root/sys/devices/system/cpu/cpu9/online"
call "a CPU that stays up, strict = false" 0 rt1 prepare
has err cpu9
has err 'it starts, and is tuned except for this'
holds sys/devices/system/cpu/cpu7/online 0
call "a CPU that stays up, strict = false: release" 0 rt1 release
fresh rt1
edit "s/vcpupin vcpu='0' cpuset='6'/vcpupin vcpu='0' cpuset='8'/"
call "other pins only" 0 rt1 prepare "$work/edited.xml"
has err "this is corrected once the guest runs"
call release 0 rt1 release

fresh rt1
edit "s/<\/uuid>/<uuid>/"
call "broken XML" 1 rt1 prepare "$work/edited.xml"
one_line
unchanged
call "broken XML: reconnect" 0 rt1 reconnect "$work/edited.xml"
call "broken XML: release" 0 rt1 release "$work/edited.xml"
call "no XML" 1 rt1 prepare /dev/null
one_line
unchanged
{ cat "$data/rt1.xml"; head -c 20000000 /dev/zero | tr '\0' ' '; } >"$work/large.xml"
call "20 MB of XML" 1 rt1 prepare "$work/large.xml"
one_line
unchanged
call "20 MB of XML: reconnect" 0 rt1 reconnect "$work/large.xml"
{ cat "$data/rt1.xml"; printf '\0'; } >"$work/nul.xml"
call "a NUL in the XML" 1 rt1 prepare "$work/nul.xml"
one_line
rm -f "$work/large.xml"
name="no stdin"
KVMRT_ROOT=$root "$hook" rt1 prepare begin - <&- >"$work/out" 2>"$work/err"
[ $? -eq 1 ]
result $? "$name: refused"
KVMRT_ROOT=$root "$hook" rt1 reconnect begin - <&- >"$work/out" 2>"$work/err"
result $? "$name: reconnect succeeds"
unchanged
for guest in ../rt1 a/b /etc/passwd .. ''; do
	call "a guest named '$guest': prepare" 0 "$guest" prepare "$data/rt1.xml"
	call "a guest named '$guest': started" 1 "$guest" started "$data/rt1.xml"
	unchanged
done

# --- a revert to a snapshot: prepare, with what the snapshot holds

mkdir -p "$root/etc/libvirt/qemu"
sed '1i <!-- libvirt writes this -->' "$data/rt1.xml" >"$root/etc/libvirt/qemu/rt1.xml"
edit "s/<vcpu\(.*\)>2</<vcpu\1>3</"
call "a snapshot with more vCPUs" 1 rt1 prepare "$work/edited.xml"
one_line
has err "vCPUs: the definition has 3"
has err "XML other than its definition (a snapshot's, perhaps)"
has err "'virsh start rt1' starts the guest as it is defined"
hasnt err kvmrt-sync-config
sed -i "s/<locked\/>//" "$root/etc/libvirt/qemu/rt1.xml"
call "and a definition that is not right either" 1 rt1 prepare "$work/edited.xml"
has err kvmrt-sync-config
hasnt err snapshot
rm -r "$root/etc/libvirt"

# --- migrate and restore

fresh rt1
call "restore, as configured" 0 rt1 restore
empty out
edit "s/<emulatorpin cpuset='10'/<emulatorpin cpuset='0-11'/; s/<vcpu\(.*\)cpuset='6,8,10'/<vcpu\1cpuset='0-11'/"
for operation in migrate restore; do
	call "$operation, from another host" 0 rt1 $operation "$work/edited.xml"
	sed 's/.*/&/' "$work/out" | grep -q "emulatorpin cpuset=['\"]10['\"]"
	result $? "$operation: the XML for this host" || sed 's/^/# /' "$work/out"
	cp "$work/out" "$work/rewritten.xml"
	call "$operation, what was printed" 0 rt1 $operation "$work/rewritten.xml"
	empty out
done
unchanged
echo 'cpuset = 99' >>"$root/etc/kvmrt.cfg"
call "restore where it cannot run" 1 rt1 restore "$work/edited.xml"
empty out
one_line

# Without strict, the fault and each difference are in the log.
fresh rt1
sed -i -e 's/^nr_vcpus.*/nr_vcpus = 1\nrt_memory = false/' -e '1i [kvmrt]\nstrict = false\n' \
	"$root/etc/kvmrt.cfg"
for operation in migrate restore; do
	call "$operation where it cannot be as configured, strict = false" 0 \
		rt1 $operation "$work/edited.xml"
	empty out
	has err "not as it should be, which 'strict = false' allows"
	has err 'stays as it is: vCPUs: the definition has 2, kvmrt.cfg wants 1'
	hasnt err 'without being real-time'
done

# --- reconnect never fails, release and stopped never do

trouble() { # trouble NAME: after the host has been spoilt
	for operation in reconnect release stopped attach unknown; do
		call "$1: $operation" 0 rt1 $operation
		empty out
	done
	call "$1: prepare" 1 rt1 prepare
	empty out
	one_line
}

fresh rt1
echo "no = section" >"$root/etc/kvmrt.cfg"
cat "$data/rt1.cfg" >>"$root/etc/kvmrt.cfg"
trouble "a broken kvmrt.cfg"
unchanged
fresh rt1
chmod 0666 "$root/etc/kvmrt.cfg"
trouble "a kvmrt.cfg that anybody may write"
unchanged
# Where the file cannot be read, what was agreed last says who is real-time.
agreed() { # agreed UUID WORD
	mkdir -p "$root/var/lib/kvmrt/agreed"
	printf '{"name":"x","rt":%s}\n{}\n' "$2" >"$root/var/lib/kvmrt/agreed/$1"
}
fresh rt1
rm "$root/etc/kvmrt.cfg"
mkdir "$root/etc/kvmrt.cfg"
agreed $uuid false
call "a directory in place of kvmrt.cfg, an ordinary guest" 0 rt1 prepare
has err 'is a directory'
call "a directory in place of kvmrt.cfg, another guest" 0 plain prepare
agreed $uuid true
trouble "a directory in place of kvmrt.cfg"
fresh rt1
rm "$root/etc/kvmrt.cfg"
mkfifo "$root/etc/kvmrt.cfg"
agreed $uuid true
trouble "a fifo in place of kvmrt.cfg"
fresh rt1
rm -r "$root/run"
trouble "no /run"
fresh rt1
mkdir -p "$root/run/kvmrt"
mkdir "$root/run/kvmrt/journal"
trouble "a directory in place of the journal"
has err 'kvmrt-reconcile --salvage'
fresh rt1
mkdir -p "$root/run/kvmrt"
printf 'keep list a b c #00000000\nkeep list a b c #00000000\n' >"$root/run/kvmrt/journal"
call "a damaged journal: prepare" 0 rt1 prepare
grep -q 'keep list a b c' "$root/run/kvmrt/journal.damaged"
result $? "$name: its lines are set aside"
call "a damaged journal: release" 0 rt1 release
unchanged
fresh rt1
mkdir -p "$root/run/kvmrt"
chmod 0777 "$root/run/kvmrt"
trouble "a directory of ours that anybody may write"
fresh rt1
rm "$root/sys/devices/system/cpu/online"
trouble "no CPUs to be seen"

# --- what is wrong with ours is no ordinary guest's fault

for part in journal kvmrt.cfg; do
	fresh plain
	if [ $part = journal ]; then
		mkdir -p "$root/run/kvmrt/journal"
	else
		chmod 0666 "$root/etc/kvmrt.cfg"
	fi
	for operation in $operations; do
		call "$part cannot be used, an ordinary guest: $operation" 0 plain "$operation"
		empty out
	done
	call "$part cannot be used, another guest: start" 0 other start "$work/other.xml"
done
fresh rt1
sed -i '1i[kvmrt]\nstrict = false\n' "$root/etc/kvmrt.cfg"
mkdir -p "$root/run/kvmrt/journal"
for operation in prepare start started; do
	call "no record, strict = false: $operation" 0 rt1 "$operation"
done

# --- a part of ours that is not there, or of another version

# apart WHAT: the hook and its module in a directory of their own
apart() {
	mkdir -p "$work/apart"
	cp -a "$(dirname "$hook")"/qemu "$(dirname "$hook")"/kvmrt-hook.so "$work/apart"
	case $1 in
	missing) rm "$work/apart/kvmrt-hook.so" ;;
	damaged) echo nothing >"$work/apart/kvmrt-hook.so" ;;
	older) sed -i 's/kvmrt-hook [0-9]\.[0-9]/kvmrt-hook 9.9/' "$work/apart/kvmrt-hook.so" ;;
	strange) sed -i 's/libinih\.so/libnone.so/' "$work/apart/kvmrt-hook.so" ;;
	esac
}

for part in missing damaged older strange; do
	apart $part
	# Where kvmrt is installed its module takes the missing one's place.
	[ $part = missing ] && [ -e /usr/lib/kvmrt/kvmrt-hook.so ] && continue
	whole=$hook
	hook=$work/apart/qemu
	fresh two
	for operation in $operations; do
		call "module $part, another guest: $operation" 0 other "$operation" "$work/other.xml"
		empty err
	done
	fresh plain
	for operation in $operations; do
		call "module $part, an ordinary guest: $operation" 0 plain "$operation"
		empty out
	done
	call "module $part, an ordinary guest" 0 plain prepare
	has err "guest 'plain': nothing is done for it at 'prepare'"
	call "module $part, a disabled guest" 0 off reconnect "$work/off.xml"
	for operation in prepare start started migrate restore; do
		call "module $part, an RT guest: $operation" 1 rt1 "$operation"
		empty out
		one_line
		lines err 1
	done
	has err "install kvmrt again"
	for operation in stopped release reconnect attach new; do
		call "module $part, an RT guest: $operation" 0 rt1 "$operation"
		empty out
	done
	for value in TRUE 1 what 'true # no comment'; do
		sed -i "s/^rt = .*/rt\t=$value/" "$root/etc/kvmrt.cfg"
		call "module $part, rt=$value" 1 rt1 prepare
	done
	sed -i "1,7s/^rt.*/rt =\n# and\n true/" "$root/etc/kvmrt.cfg"
	call "module $part, rt = true in two lines" 1 rt1 prepare
	sed -i '/^# and/d; /^ true/d' "$root/etc/kvmrt.cfg"
	for value in Off no 0 false ''; do
		sed -i "1,7s/^rt.*/rt = $value/" "$root/etc/kvmrt.cfg"
		call "module $part, rt = $value" 0 rt1 prepare
	done
	unchanged
	# It was real-time when it was prepared, whatever the file says by now.
	hook=$whole
	fresh rt1
	call "prepare" 0 rt1 prepare
	cp "$data/ordinary.cfg" "$root/etc/kvmrt.cfg"
	hook=$work/apart/qemu
	call "module $part, RT on record" 1 rt1 started
	hook=$whole
	call "release" 0 rt1 release
done

# --- not root: as nobody, with nothing to be read from stdin

apart whole
chmod 755 "$work" "$work/apart"
name="not root"
mkfifo "$work/silent"
exec 8<>"$work/silent"
for operation in $operations; do
	# shellcheck disable=SC2086 # words
	timeout 1 $as_nobody "$work/apart/qemu" rt1 "$operation" begin - \
		<&8 >"$work/out" 2>"$work/err"
	[ $? -eq 0 ] && [ ! -s "$work/out" ] && [ ! -s "$work/err" ]
	result $? "$name: $operation ends at once, silently"
done
exec 8<&-

# --- refused half way: a CPU that the kernel keeps up

fresh rt1
chmod 0444 "$root/sys/devices/system/cpu/cpu9/online"
chmod 0444 "$pristine/sys/devices/system/cpu/cpu9/online"
call "a CPU that stays up" 1 rt1 prepare
one_line
has err cpu9
unchanged
chmod 0644 "$pristine/sys/devices/system/cpu/cpu9/online"
fresh rt1
sed -i 's/^VmLck:.*/VmLck:	 1024 kB/' "$root/proc/4711/status" "$root/proc/4711/task/4711/status"
call "memory that is not locked: prepare" 0 rt1 prepare
call "memory that is not locked: started" 1 rt1 started
one_line
has err "1024 KiB"
unchanged

# --- the guest's and the daemon's death

fresh rt1
call prepare 0 rt1 prepare
call started 0 rt1 started
mv "$root/proc/4711" "$work/gone"
: >"$root/sys/fs/cgroup/cpuset.cpus.isolated"
echo >"$root/sys/fs/cgroup/cpuset.cpus.isolated"
name="the guest is killed"
KVMRT_ROOT=$root "$reconcile" >"$work/out" 2>"$work/err"
result $? "$name: reconcile"
mv "$work/gone" "$root/proc/4711"
unchanged

# --- kvmrt leaves the host, and the guest runs on

fresh rt1
call prepare 0 rt1 prepare
call started 0 rt1 started
name="kvmrt-reconcile --release"
KVMRT_ROOT=$root "$reconcile" --release >"$work/out" 2>"$work/err"
result $? "$name"
unchanged
KVMRT_ROOT=$root "$reconcile" --release >"$work/out" 2>"$work/err"
result $? "$name, with nothing on record"
unchanged
KVMRT_ROOT=$root "$reconcile" --relese >"$work/out" 2>"$work/err"
[ $? -eq 2 ]
result $? "$name, mistyped"

# --- the lock

fresh rt1
mkdir -p "$root/run/kvmrt"
echo 4242 >"$root/run/kvmrt/lock"
# One wait for both.
flock "$root/run/kvmrt/lock" sleep 9 &
sleep 0.3
KVMRT_ROOT=$root "$hook" rt1 reconnect begin - <"$data/rt1.xml" \
	>"$work/reconnect.out" 2>"$work/reconnect.err" &
reconnect=$!
began=$(date +%s)
call "the lock is held" 1 rt1 prepare
[ $(($(date +%s) - began)) -le 8 ]
result $? "$name: refused while there is time left of ten seconds"
one_line
has err "held by process 4242 for more than 6 seconds"
wait $reconnect
result $? "the lock is held: reconnect succeeds all the same"
wait
name="the lock is held"
unchanged
finish
