# SPDX-License-Identifier: LGPL-2.1-or-later
# Interrupts of a guest that never rest, as fast as they can be moved: other guests start and stop all the same, and not much slower.
# shellcheck shell=sh

. /lab/rt.sh
. /lab/guarded.sh

# uptime in ms.
clock() {
	awk '{ printf "%d", $1 * 1000 }' /proc/uptime
}

# start_others FILE: rt2 and plain start and end; the ms of each start go into FILE.
start_others() {
	for _one in rt2 plain; do
		_from=$(clock)
		virsh -q start "$_one" || fail "$1: $_one starts"
		echo "$_one $(($(clock) - _from))" >>"/run/$1"
		end_guest "$_one" || fail "$1: $_one ends"
	done
}

# median GUEST: of its idle times.
median() {
	awk -v guest="$1" '$1 == guest { print $2 }' /run/idle | sort -n | awk '{ n[NR] = $1 } END { print n[int((NR + 1) / 2)] }'
}

# judge FILE: no start took longer than twice the idle time and a second.
judge() {
	diag "$1, ms: $(tr '\n' ' ' <"/run/$1")"
	for _one in rt2 plain; do
		_limit=$(($(median "$_one") * 2 + 1000))
		is "$(awk -v guest="$_one" -v limit=$_limit '$1 == guest && $2 > limit' "/run/$1")" '' "$1: no start of $_one took longer than $_limit ms"
	done
}

# moved_on: from the host, all of rt1's interrupts and others between its vCPUs' CPUs.
moved_on() {
	# shellcheck disable=SC2046
	/lab/bin/irq-storm 3600 6 8 $(guest_irqs "$NIC2" | cut -d' ' -f1) $(cat /run/movable) &
	_storm=$!
}

moved_off() {
	ok 'the interrupts were moved to the end' kill "$_storm"
}

# reloaded_on: by the guest, whose driver requests and frees them.
reloaded_on() {
	guest_cmd rt1 'sh /tmp/toggle >/dev/null 2>&1 & echo $! >/tmp/toggling'
}

reloaded_off() {
	ok "the guest's driver came and went to the end" guest_cmd rt1 'kill $(cat /tmp/toggling)'
}

at_rest() {
	[ -z "$(guest_irqs "$NIC2")" ] || vfio_on "$NIC2" 10
}

write_config
define_rt1
define_rt2
define_plain
irqbalance_quiet
snapshot_host /run/before
movable 12 >/run/movable
while read -r irq; do
	echo "$irq $(cat "/proc/irq/$irq/smp_affinity_list")"
done </run/movable >/run/placed
ok 'the agent starts' systemctl start kvmrt-agent
ok 'rt1 starts and boots' start_guest rt1 900
ok 'its interrupts are on CPU 10' wait_for 60 vfio_on "$NIC2" 10
guest_cmd rt1 'echo "while :; do rmmod e1000e; insmod /mod/e1000e.ko; done" >/tmp/toggle'
# In turns, so that a machine that is busier for a while makes no difference.
for round in 1 2 3; do
	diag "round $round"
	start_others idle
	for how in moved reloaded; do
		${how}_on
		start_others $how
		${how}_off
		ok 'its interrupts come to rest on CPU 10' wait_for 120 at_rest
	done
done
diag "idle, ms: $(tr '\n' ' ' </run/idle)"
judge moved
judge reloaded
diag "$(agent_status | sed 's/,"guests".*//')"
ok 'rt1 is still guarded' guards
is "$(irqs_on 6-11)" '' 'no interrupt is left on its CPUs'
ok 'rt1 ends' end_guest rt1
ok 'the agent restores the rest' wait_for 60 test ! -e "$JOURNAL"
# What was placed by hand here stays where it was placed.
while read -r irq cpus; do
	echo "$cpus" >"/proc/irq/$irq/smp_affinity_list"
done </run/placed
no_trace /run/before 'afterwards'
ok 'the agent stops' stop_agent
