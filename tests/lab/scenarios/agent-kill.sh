# SPDX-License-Identifier: LGPL-2.1-or-later
# The agent is killed at random moments while guests start and stop: no guest is hurt, and the host ends as it began.
# shellcheck shell=sh

. /lab/rt.sh

# Fifty rounds for the proof, fewer in CI.
ROUNDS=${ROUNDS:-5}

# random MAX: a number below MAX.
random() {
	od -An -N2 -tu2 /dev/urandom | awk -v max="$1" '{ print $1 % max }'
}

# kill_at_random SECONDS: kill whatever agent and helper run, after up to so many seconds, twice.
kill_at_random() {
	for _time in 1 2; do
		sleep "$(random "$1").$(random 10)"
		pkill -9 -x kvmrt-agent || :
		if [ "$(random 2)" -eq 0 ]; then
			pkill -9 -x kvmrt-sync || :
		fi
	done
}

agent_runs() {
	systemctl -q is-active kvmrt-agent
}

write_config
define_rt2
irqbalance_quiet
ok 'the agent starts' systemctl start kvmrt-agent
snapshot_host /run/before
_failed=0
_round=0
while [ "$_round" -lt "$ROUNDS" ]; do
	_round=$((_round + 1))
	kill_at_random 5 &
	_killer=$!
	virsh -q start rt2 || _failed=$((_failed + 1))
	wait "$_killer"
	kill_at_random 4 &
	_killer=$!
	end_guest rt2 || _failed=$((_failed + 1))
	wait "$_killer"
	if [ -e "$JOURNAL" ] && ! wait_for 60 test ! -e "$JOURNAL"; then
		fail "round $_round: no journal is left" "$(cat "$JOURNAL")"
	fi
done
is "$_failed" 0 "$ROUNDS rounds: every start and end worked"
ok 'systemd has started it again each time' wait_for 30 agent_runs
ok 'rt2 starts' virsh -q start rt2
check_rt rt2 2 4 2-5
ok 'rt2 ends' end_guest rt2
ok 'no journal' wait_for 60 test ! -e "$JOURNAL"
no_trace /run/before 'at the end'
ok 'no trace instance but the agent'"'"'s' sh -c '[ "$(ls /sys/kernel/tracing/instances)" = kvmrt ]'
ok 'the agent stops' systemctl stop kvmrt-agent
