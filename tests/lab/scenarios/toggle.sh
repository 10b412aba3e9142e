# SPDX-License-Identifier: LGPL-2.1-or-later
# Interrupts of a guest that never rest, as fast as they can be moved: other guests start and stop all the same, and not much slower.
# shellcheck shell=sh

. /lab/rt.sh
. /lab/guarded.sh

# uptime in ms.
clock() {
	awk '{ printf "%d", $1 * 1000 }' /proc/uptime
}

# rounds N FILE: rt2 and plain start and end; the ms of each start go into FILE.
rounds() {
	: >"$2"
	for _round in $(seq "$1"); do
		for _one in rt2 plain; do
			_from=$(clock)
			virsh -q start "$_one" || fail "round $_round: $_one starts"
			echo "$_one $(($(clock) - _from))" >>"$2"
			end_guest "$_one" || fail "round $_round: $_one ends"
		done
	done
}

# median GUEST FILE
median() {
	awk -v guest="$1" '$1 == guest { print $2 }' "$2" | sort -n | awk '{ n[NR] = $1 } END { print n[int((NR + 1) / 2)] }'
}

# slow LIMIT GUEST FILE: the starts that took longer.
slow() {
	awk -v limit="$1" -v guest="$2" '$1 == guest && $2 > limit' "$3"
}

# toggle SECONDS: rt1's interrupts are moved by both: by its driver, which is loaded again and again, and from the host.
toggle() {
	# shellcheck disable=SC2046
	/lab/bin/irq-storm "$1" 6 8 $(guest_irqs "$NIC2" | cut -d' ' -f1) >/run/storm &
	_storm=$!
}

write_config
define_rt1
define_rt2
define_plain
irqbalance_quiet
snapshot_host /run/before
ok 'the agent starts' systemctl start kvmrt-agent
ok 'rt1 starts and boots' start_guest rt1 900
ok 'its interrupts are on CPU 10' wait_for 60 vfio_on "$NIC2" 10

# Emulation has two CPUs for twelve: the work itself makes everything slower. So idle has it, too, but nothing moves.
# shellcheck disable=SC2046
/lab/bin/irq-storm 3600 10 10 $(guest_irqs "$NIC2" | cut -d' ' -f1) &
_storm=$!
rounds 3 /run/idle
kill $_storm
diag "idle, ms:" "$(cat /run/idle)"

toggle 3600
rounds 3 /run/toggled
kill -0 $_storm && pass 'the interrupts were moved to the end' || fail 'the interrupts were moved to the end'
kill $_storm
diag "while rt1's interrupts move, ms:" "$(cat /run/toggled)"
for one in rt2 plain; do
	limit=$(($(median $one /run/idle) * 2 + 1000))
	is "$(slow $limit $one /run/toggled)" '' "no start of $one took longer than twice the idle time and a second, $limit ms"
done

# And by the guest itself: its driver requests and frees them.
guest_cmd rt1 'echo "while :; do rmmod e1000e; insmod /mod/e1000e.ko; done" >/tmp/toggle'
guest_cmd rt1 'sh /tmp/toggle >/dev/null 2>&1 & echo $! >/tmp/toggling'
rounds 3 /run/reloaded
guest_cmd rt1 'kill $(cat /tmp/toggling)'
diag "while rt1's driver comes and goes, ms:" "$(cat /run/reloaded)"
for one in rt2 plain; do
	limit=$(($(median $one /run/idle) * 2 + 1000))
	is "$(slow $limit $one /run/reloaded)" '' "nor while its driver comes and goes"
done
ok 'rt1 is still guarded' guards
ok 'its interrupts come to rest on CPU 10' wait_for 120 sh -c '. /lab/host-lib.sh; . /lab/rt.sh; [ -z "$(guest_irqs $NIC2)" ] || vfio_on $NIC2 10'
ok 'rt1 ends' end_guest rt1
ok 'the agent lets go' wait_for 60 test ! -e "$JOURNAL"
no_trace /run/before 'afterwards'
ok 'the agent stops' stop_agent
