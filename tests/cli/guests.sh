#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# guests.sh - boot and shutdown of many guests that take time, hang and fail
#
# The real commands over tests/virt/fake.c.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
bin=$(dirname "$bin")/tests/virt

root=$work/root
"$tree/tests/bench/make-host" smt2-numa2-12cpu "$root" || exit 1
mkdir -p "$root/var/lib"
cfg=$work/a.cfg
KVMRT_CONNECT=$work/virt
export KVMRT_CONNECT

uuid() { # uuid N
	printf '00000000-0000-4000-8000-%012d' "$1"
}

# guests N: g1 to gN, off, of no special habits, in a file of their own
guests() {
	rm -rf "$KVMRT_CONNECT"
	mkdir "$KVMRT_CONNECT"
	: >"$cfg"
	for i in $(seq 1 "$1"); do
		dir=$KVMRT_CONNECT/$(uuid "$i")
		mkdir -p "$dir"
		echo "g$i" >"$dir/name"
		printf '<domain type="kvm"><name>g%d</name><uuid>%s</uuid><memory>8192</memory><vcpu>1</vcpu></domain>\n' \
			"$i" "$(uuid "$i")" >"$dir/xml"
		printf '[%s]\nname = g%d\nautostart = yes\n' \
			"$(uuid "$i")" "$i" >>"$cfg"
	done
}

# set N FILE TEXT: a habit of guest N
set_() {
	echo "$3" >"$KVMRT_CONNECT/$(uuid "$1")/$2"
}

all_on() { # all_on N
	for i in $(seq 1 "$1"); do
		set_ "$i" on 0
	done
}

on() { # how many run
	find "$KVMRT_CONNECT" -name on | wc -l
}

logged() { # logged WHAT: how often
	grep -c "^$1 " "$KVMRT_CONNECT/log"
}

is_on() { # is_on NAME N
	[ "$(on)" -eq "$2" ]
	result $? "$1: $2 run" || echo "#  got: $(on)"
}

now() {
	cut -d. -f1 /proc/uptime
}

took() { # took NAME LEAST MOST
	spent=$(($(now) - began))
	[ $spent -ge "$2" ] && [ $spent -le "$3" ]
	result $? "$1: took $2 to $3 s" || echo "#  got: $spent"
}

# --- boot ---

guests 30
for i in $(seq 1 30); do
	set_ "$i" starts-in 1000
done
began=$(now)
run '30 guests' 0 kvmrt-boot --root "$root" -f "$cfg"
lines out 30
took '30 guests' 3 15
is_on '30 guests' 30
[ "$(grep '^start ' "$KVMRT_CONNECT/log" | head -8 | sort -V | tr '\n' ' ')" = \
	"start g1 start g2 start g3 start g4 start g5 start g6 start g7 start g8 " ]
result $? '30 guests: the first of the file are the first'
awk '/^start /{ n++; if (n > most) most = n } /^start-end/{ n-- }
	END { exit !(most >= 4 && most <= 8) }' "$KVMRT_CONNECT/log"
result $? '30 guests: several at the same time, eight at most'

guests 3
set_ 2 refuses start
run 'one does not start' 4 kvmrt-boot --root "$root" -f "$cfg" --json
has out '"name":"g2","did":"failed"'
is_on 'one does not start' 2
guests 2
set_ 1 refuses start
set_ 2 refuses start
run 'none starts' 1 kvmrt-boot --root "$root" -f "$cfg"
has err "guest 'g1': start guest 'g1': the fake refuses"

guests 3
run 'progress' 0 kvmrt-boot --root "$root" -f "$cfg" -v
has err 'g3: starting'
guests 0
run 'no guest' 0 kvmrt-boot --root "$root" -f "$cfg"
has out 'nothing to do: kvmrt.cfg has no guest'
guests 2
sed -i '/^autostart/d' "$cfg"
run 'none has autostart' 0 kvmrt-boot --root "$root" -f "$cfg"
has out 'nothing to do: no guest has autostart, and none runs'
set_ 1 on 0
run 'one without autostart runs' 1 kvmrt-boot --root "$root" -f "$cfg"
has err "guest 'g1': find its process"
is_on 'one without autostart runs' 1

# Guests that libvirt has not got, or has under another UUID.
guests 3
rm -r "${KVMRT_CONNECT:?}/$(uuid 1)"
mv "$KVMRT_CONNECT/$(uuid 2)" "$KVMRT_CONNECT/$(uuid 9)"
run 'two are not in libvirt' 4 kvmrt-boot --all --root "$root" -f "$cfg"
has err "guest 'g1': libvirt has no such guest: define it with its UUID ('virsh define'), or remove the section [$(uuid 1)]"
has err "guest 'g2': libvirt has no guest with its UUID, and a guest 'g2' with UUID $(uuid 9): give the section that UUID, or remove the section [$(uuid 2)]"
is_on 'two are not in libvirt' 1

# One bad card among twenty guests.
guests 20
sed -i 's/^name = g7$/&\npcidevs = 0000:77:00.0/' "$cfg"
run 'one bad card' 4 kvmrt-boot --root "$root" -f "$cfg"
is_on 'one bad card' 19
lines out 19
has err "guest 'g7': "
has err '0000:77:00.0'
hasnt out 'g7'
set_ 7 on 0
run 'one bad card, and it runs' 1 kvmrt-boot --root "$root" -f "$cfg" g7
has err "guest 'g7': $cfg:"
hasnt err 'find its process'
run 'one bad card, --clean' 3 kvmrt-boot --clean --root "$root" -f "$cfg"
guests 2
sed -i '$a nonsense' "$cfg"
run 'a file with errors' 3 kvmrt-boot --root "$root" -f "$cfg"
is_on 'a file with errors' 0
guests 3
set_ 2 refuses find
run 'libvirt does not tell about one' 4 kvmrt-boot --root "$root" -f "$cfg"
is_on 'libvirt does not tell about one' 2
has err "guest 'g2': find guest 'g2'"

# --- boot --clean ---

guests 2
set_ 2 on 0
run 'clean, one runs' 1 kvmrt-boot --clean --root "$root" -f "$cfg" g1
has err "guest 'g2' is running"
is_on 'clean, one runs' 1

guests 20
set_ 3 refuses start
for i in 1 2 4 5 6 7 8; do
	set_ $i starts-in 1000
done
run 'clean, one fails' 1 kvmrt-boot --clean --root "$root" -f "$cfg"
is_on 'clean, one fails' 0
has err "guest 'g3': start guest 'g3': the fake refuses"
has err "guest 'g1': powered off again"
hasnt out 'started'
[ "$(logged start)" -le 9 ]
result $? 'clean, one fails: no more are begun then' ||
	echo "#  got: $(logged start)"
! grep -q '^destroy g20$' "$KVMRT_CONNECT/log"
result $? 'clean, one fails: who was not begun is not powered off'
run 'clean, one fails, JSON' 1 kvmrt-boot --clean --root "$root" -f "$cfg" --json
hasnt out '"did":"started"'

guests 2
set_ 1 refuses destroy
set_ 2 refuses start
set_ 2 starts-in 1000
run 'clean, and it cannot be undone' 4 kvmrt-boot --clean --root "$root" -f "$cfg"
has err "guest 'g1': it is started and could not be powered off again"
is_on 'clean, and it cannot be undone' 1

guests 2
: >"$KVMRT_CONNECT/$(uuid 1)/dies"
set_ 2 refuses start
set_ 2 starts-in 1000
run 'clean, and libvirt gives up' 1 kvmrt-boot --clean --root "$root" -f "$cfg"
has err "guest 'g1': powered off again"
is_on 'clean, and libvirt gives up' 0

guests 2
set_ 1 on 0
: >"$KVMRT_CONNECT/$(uuid 1)/paused"
run 'clean, one is paused' 1 kvmrt-boot --clean --root "$root" -f "$cfg"
has err "guest 'g1' is running"
run 'one is paused' 1 kvmrt-boot --root "$root" -f "$cfg" g1
has err "guest 'g1': find its process"
[ ! -e "$KVMRT_CONNECT/log" ]
result $? 'one is paused: it is to be tuned, and not to be started'

guests 2
for i in 1 2; do
	: >"$KVMRT_CONNECT/$(uuid $i)/crashed"
done
run 'both have crashed' 0 kvmrt-boot --clean --root "$root" -f "$cfg"
is_on 'both have crashed' 2

guests 2
sed -i 's/^name = g1$/&\ntitle = T\nrt_memory = yes/' "$cfg"
set_ 1 drops '<title>T</title>'
run 'libvirt takes a part only' 4 kvmrt-boot --root "$root" -f "$cfg"
has err "guest 'g1': libvirt did not store all of the new definition: title"
is_on 'libvirt takes a part only' 1

guests 2
set_ 1 refuses find
run 'clean, libvirt does not tell' 1 kvmrt-boot --clean --root "$root" -f "$cfg" g2
is_on 'clean, libvirt does not tell' 0

guests 4
run 'clean' 0 kvmrt-boot --clean --root "$root" -f "$cfg"
lines out 4
is_on 'clean' 4

# --- shutdown ---

guests 30
all_on 30
for i in $(seq 1 30); do
	set_ "$i" ends-in 2000
done
began=$(now)
run '30 go' 0 kvmrt-shutdown --root "$root" -f "$cfg"
took '30 go' 2 12
lines out 30

guests 30
all_on 30
for i in 7 19; do
	set_ $i ends-in never
done
run 'two hang' 4 kvmrt-shutdown --root "$root" -f "$cfg" -t 2
has err "guest 'g7': it still runs after 2 s; --force powers it off"
is_on 'two hang' 2
[ "$(grep -c '^destroy' "$KVMRT_CONNECT/log")" -eq 0 ]
result $? 'two hang: none is powered off unasked'
began=$(now)
run 'two hang, --force' 0 kvmrt-shutdown --root "$root" -f "$cfg" -t 2 --force
is_on 'two hang, --force' 0
took 'two hang, --force' 2 8
[ "$(logged destroy)" -eq 2 ]
result $? 'two hang, --force: those and no others are powered off'

guests 2
all_on 2
: >"$KVMRT_CONNECT/$(uuid 1)/leaves"
run 'one goes by itself meanwhile' 0 kvmrt-shutdown --root "$root" -f "$cfg"
has out 'g1: off after'

guests 2
all_on 2
set_ 1 ends-in never
for file in paused dies; do
	: >"$KVMRT_CONNECT/$(uuid 1)/$file"
done
run 'one is paused, and dies slowly' 0 kvmrt-shutdown --root "$root" -f "$cfg" -t 1 --force
is_on 'one is paused, and dies slowly' 0
[ "$(logged destroy)" -eq 1 ]
result $? 'one is paused, and dies slowly: it is powered off'

guests 3
all_on 3
set_ 2 refuses shutdown
run 'one is not to be asked' 4 kvmrt-shutdown --root "$root" -f "$cfg"
has err "guest 'g2': shutdown guest 'g2': the fake refuses"
is_on 'one is not to be asked' 1
run 'nor are all' 1 kvmrt-shutdown --root "$root" -f "$cfg" --json
has out '"name":"g2","did":"failed"'
run 'but --force' 0 kvmrt-shutdown --root "$root" -f "$cfg" --force
is_on 'but --force' 0

guests 3
all_on 3
for i in 1 2 3; do
	set_ $i ends-in 600
done
run 'one after the other' 0 kvmrt-shutdown --root "$root" -f "$cfg" -v
[ "$(sed 's/ after.*//' "$work/out" | tr '\n' ' ')" = 'g1: off g2: off g3: off ' ]
result $? 'one after the other: in the order of the file'
[ "$(grep -c . "$KVMRT_CONNECT/log")" -eq 3 ]
result $? 'one after the other: each is asked once'

guests 3
all_on 3
printf 'disabled = yes\n' >>"$cfg"
run 'the named' 0 kvmrt-shutdown --root "$root" -f "$cfg" g2
is_on 'the named' 2
run 'not the disabled' 0 kvmrt-shutdown --root "$root" -f "$cfg"
is_on 'not the disabled' 1
run 'but if named' 0 kvmrt-shutdown --root "$root" -f "$cfg" "$(uuid 3)"
is_on 'but if named' 0
for seconds in 4294967300 ' 5' '5 ' -1 +1 0x5 '' 86401; do
	run "-t '$seconds'" 2 kvmrt-shutdown -t "$seconds"
	has err 'is not a number of seconds'
done

# The guests end, but what they needed cannot be given back.
journal=$root/run/kvmrt
guests 1
all_on 1
mkdir -p "$root/run"
rm -rf "$journal"
: >"$journal"
run 'the tuning stays' 4 kvmrt-shutdown --root "$root" -f "$cfg"
has out 'g1: off after'
has err 'run/kvmrt'
rm -f "$journal"
run 'and is gone' 0 kvmrt-shutdown --root "$root" -f "$cfg"
has out 'nothing to do: no guest of kvmrt.cfg runs'
empty err

# A guest died without libvirt's word: what it needed is given back, but for
# what somebody else has changed since.
hook=${KVMRT_HOOK:-$(dirname "$(dirname "$bin")")/hooks/qemu}
data=$tree/tests/data/hook
if nm -D "$hook" | grep -q __asan_init; then
	LD_LIBRARY_PATH=$(dirname "$hook")
	export LD_LIBRARY_PATH
fi
root=$work/tuned
"$tree/tests/bench/make-host" smt2-numa2-12cpu-guest "$root" || exit 1
cp "$data/rt1.cfg" "$root/etc/kvmrt.cfg"

# --- running guests are tuned again: by the same rules as when they start

one=6a1f0c1e-0000-4000-8000-000000000001
two=6a1f0c1e-0000-4000-8000-000000000002
rm -rf "$KVMRT_CONNECT"
mkdir -p "$KVMRT_CONNECT/$one" "$KVMRT_CONNECT/$two"
for i in 1 2; do
	echo "rt$i" >"$KVMRT_CONNECT/6a1f0c1e-0000-4000-8000-00000000000$i/name"
	cp "$data/rt$i.xml" "$KVMRT_CONNECT/6a1f0c1e-0000-4000-8000-00000000000$i/xml"
done
echo 0 >"$KVMRT_CONNECT/$one/on"
config() { # config "CPUSET [NR_VCPUS]" [SECOND'S-CPUSET]
	{
		sed -n '1,/^pcidevs/p' "$data/rt1.cfg" |
			sed "s/^cpuset.*/cpuset = ${1% *}/; s/^nr_vcpus.*/nr_vcpus = ${1#* }/"
		[ $# -eq 1 ] || printf '[%s]\nname = rt2\nnr_vcpus = 1\ncpuset = %s\nrt = true\n' "$two" "$2"
	} >"$root/etc/kvmrt.cfg"
}
record() { # record NAME GUEST TEXT: what is on record for the guest
	grep "^guest .* $2 " "$root/run/kvmrt/journal" | tail -1 | grep -qF -- "$3"
	result $? "$1: on record with '$3'" || grep '^guest ' "$root/run/kvmrt/journal" | sed 's/^/# /'
}

# The same process again, in a scope of its own, as rt2's.
slice=$root/sys/fs/cgroup/machine.slice
cp -a "$root/proc/4711" "$root/proc/4800"
mv "$root/proc/4800/task/4711" "$root/proc/4800/task/4800"
cp -a "$slice/machine-qemu\\x2d1\\x2drt1.scope" "$slice/machine-qemu\\x2d2\\x2drt2.scope"
for i in 2 3 4 5 7; do
	mv "$root/proc/4800/task/471$i" "$root/proc/4800/task/480$i"
done
grep -rlE 'x2drt1|47[01]' "$root/proc/4800" "$slice/machine-qemu\\x2d2\\x2drt2.scope" |
	while read -r file; do
		sed -i 's/x2d1\\x2drt1/x2d2\\x2drt2/; s/4711/4800/; s/471\([2-57]\)/480\1/' "$file"
	done
echo 4800 >"$root/run/libvirt/qemu/rt2.pid"
config '6-11 2'
run 'a guest that kvmrt does not know' 0 kvmrt-boot --root "$root" rt1
has out 'rt1: runs already, tuned again'
record "$name" rt1 ' vcpus=2 cpuset=6-11 '
config '6-11 1'
run 'fewer vCPUs in the file' 1 kvmrt-boot --root "$root" rt1
has err "guest 'rt1': it stays tuned as it was"
has err 'vCPUs: the definition has 2, kvmrt.cfg wants 1'
record "$name" rt1 ' vcpus=2 cpuset=6-11 '
# Without strict it is tuned as it runs, on the CPUs that the file has by now.
config '6-10 1'
sed -i -e '1i [kvmrt]\nstrict = false\n' -e '/^pcidevs/d' "$root/etc/kvmrt.cfg"
run 'fewer vCPUs in the file, strict = false' 0 kvmrt-boot --root "$root" rt1
has out 'rt1: runs already, tuned again'
has err 'rt1: tuned as it runs: vCPUs: the definition has 2, kvmrt.cfg wants 1'
has err '0000:81:00.0'
record "$name" rt1 ' vcpus=2 cpuset=6-10 '
record "$name" rt1 ' pci=0000:81:00.0'
config '6-7 1'
sed -i '1i [kvmrt]\nstrict = false\n' "$root/etc/kvmrt.cfg"
run 'too few CPUs, strict = false' 1 kvmrt-boot --root "$root" rt1
record "$name" rt1 ' vcpus=2 cpuset=6-10 '
config '6-11 2'
run 'as it runs again' 0 kvmrt-boot --root "$root" rt1
record "$name" rt1 ' vcpus=2 cpuset=6-11 '
config '6-11 2'
sed -i '/^pcidevs/d' "$root/etc/kvmrt.cfg"
run 'without its device in the file' 1 kvmrt-boot --root "$root" rt1
has err '0000:81:00.0'
record "$name" rt1 ' pci=0000:81:00.0'
# The file gives its CPUs to another guest, which runs as well.
echo 0 >"$KVMRT_CONNECT/$two/on"
config '2-5,10-11 2' 6-9
run 'CPUs of a guest that runs' 1 kvmrt-boot --root "$root" rt2
has err "guest 'rt2': CPUs 6-9 belong to guest 'rt1', which is running"
! grep -q "$two" "$root/run/kvmrt/journal"
result $? "$name: it is not on record"
config '2-5,10-11 1' 6-9
run 'CPUs of one that may not be tuned again' 1 kvmrt-boot --root "$root" rt1 rt2
has err "guest 'rt1': it stays tuned as it was"
has err "guest 'rt2': CPUs 6-9 belong to guest 'rt1', which is running"
record "$name" rt1 ' vcpus=2 cpuset=6-11 '
config '2-5 1' 6-9
sed -i "s/>2<\/vcpu>/>1<\/vcpu>/; /vcpu='1'/d; s/cores='2'/cores='1'/" "$KVMRT_CONNECT/$one/xml"
run 'two that swap their CPUs' 0 kvmrt-boot --root "$root" rt1 rt2
record "$name" rt1 ' vcpus=1 cpuset=2-5 '
record "$name" rt2 ' vcpus=1 cpuset=6-9 '
KVMRT_ROOT=$root "$hook" rt2 release begin - <"$data/rt2.xml"
result $? 'tuned again: release'
rm -rf "$root/proc/4800" "$root/run/libvirt/qemu/rt2.pid"
cp "$data/rt1.cfg" "$root/etc/kvmrt.cfg"
KVMRT_ROOT=$root "$hook" rt1 release begin - <"$data/rt1.xml"
result $? 'tuned again: release'
latency=$root/sys/devices/system/cpu/cpu6/power/pm_qos_resume_latency_us
idle=$root/sys/devices/system/cpu/cpu8/power/pm_qos_resume_latency_us
was=$(cat "$latency")
for operation in prepare started; do
	KVMRT_ROOT=$root "$hook" rt1 $operation begin - <"$data/rt1.xml" \
		>"$work/out" 2>"$work/err"
	result $? "a tuned guest: $operation"
done
[ "$(cat "$latency")" != "$was" ] && [ -e "$root/run/kvmrt/journal" ]
result $? 'a tuned guest: it is tuned'
mv "$root/proc/4711" "$work/gone"
echo 77 >"$latency"
rm -rf "$KVMRT_CONNECT"
mkdir "$KVMRT_CONNECT"
run 'a guest that died' 0 kvmrt-shutdown --root "$root"
has err 'cpu6/power/pm_qos_resume_latency_us'
[ "$(cat "$latency")" = 77 ]
result $? "$name: what somebody changed stays"
[ "$(cat "$idle")" = "$was" ]
result $? "$name: the rest is given back"
[ ! -e "$root/run/kvmrt/journal" ]
result $? "$name: nothing is on record any more"

finish
