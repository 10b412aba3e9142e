# SPDX-License-Identifier: LGPL-2.1-or-later
# How long an interrupt stays on a vCPU's CPU: with the agent, with a look each second, with irqbalance, with nobody.
# shellcheck shell=sh

. /lab/rt.sh

# tug WHAT TIMES LIMIT: put interrupts onto CPU 6, one after the other, and see how long each stays.
tug() {
	# shellcheck disable=SC2046
	_line=$(/lab/bin/irq-tug 6 "$2" "$3" $(movable 12))
	# shellcheck disable=SC2086
	set -- "$1" "$2" "$3" $_line
	diag "$(printf '%-28s %4d of %3d went away within %2d s; median %8s ms, worst %8s ms' \
		"$1" "$4" "$2" "$3" "${6:--}" "${5:--}")"
	_gone=$4
}

poll() {
	while :; do
		$RECONCILE >/dev/null 2>&1
		sleep 1
	done
}

# It answers when it does not scan, and takes a list over at its next scan.
asked() {
	$RECONCILE
	snapshot_irqbalance | grep -q '= 00000fc0$'
}

write_config
define_rt1
irqbalance_quiet
ok 'the agent starts' systemctl start kvmrt-agent
ok 'rt1 starts and boots' start_guest rt1 900
sleep 10
tug 'kvmrt-agent' 100 10
is "$_gone" 100 'with the agent each of 100 goes away'
ok 'the agent stops' systemctl stop kvmrt-agent
poll &
_poll=$!
tug 'a reconcile each second' 20 10
kill "$_poll"
wait "$_poll" 2>/dev/null
is "$_gone" 20 'with a look each second each of 20 goes away'
ok 'irqbalance starts' systemctl start irqbalance
ok 'and is told to keep off' wait_for 200 asked
tug 'irqbalance that keeps off' 2 30
systemctl stop irqbalance
tug 'nobody' 1 10
is "$_gone" 0 'with nobody there it stays'
$RECONCILE >/dev/null 2>&1
ok 'rt1 ends' end_guest rt1
