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
empty out

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
has err "guest 'g1': libvirt did not take all of it over: title"
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
