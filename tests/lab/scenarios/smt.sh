# SPDX-License-Identifier: LGPL-2.1-or-later
# Siblings that stay idle: nobody runs there, and another real-time guest is disturbed less when this one starts and ends than where they go offline.
# shellcheck shell=sh
# lab-append: nohz=on highres=on

. /lab/rt.sh

# meter_on: measure rt2 from now on.
meter_on() {
	kvmrt-noise --for 1h --json rt2 >/run/noise.json 2>/run/noise.err &
	_meter=$!
}

# meter_off: $_counts is "STOPS OTHERS" on rt2's vCPU's CPU: how often stop_machine took it (migration/N), and how often anything else but its own exits came.
meter_off() {
	kill -INT "$_meter"
	wait "$_meter"
	python3 - >/run/counts <<-'EOF'
	import json
	stops = others = 0
	for guest in json.load(open("/run/noise.json"))["guests"]:
	    for on in guest["cpus"]:
	        for row in on["interruptions"] if on["cpu"] == 2 else []:
	            if row["kind"] == "task" and row["name"].startswith("migration/"):
	                stops += row["count"]
	            elif row["kind"] in ("ipi", "task", "work"):
	                others += row["count"]
	print(stops, others)
	EOF
	_counts=$(cat /run/counts)
	like "$_counts" '^[0-9]+ [0-9]+$' 'the meter has a result'
}

# round KIND: rt1 starts and ends while rt2 is measured.
round() {
	set_key "$RT1_UUID" smt "$1"
	meter_on
	ok "the meter runs ($1)" wait_for 300 meter_records "$_meter"
	ok "rt1 starts ($1)" start_guest rt1
	meter_off
	_at_start=$_counts
	meter_on
	ok "the meter runs again ($1)" wait_for 300 meter_records "$_meter"
	ok "rt1 is destroyed ($1)" end_guest rt1
	sleep 2
	meter_off
	_at_end=$_counts
	diag "$1: rt2's vCPU was stopped / otherwise interrupted: $_at_start while rt1 started, $_at_end while it ended"
}

irqbalance_quiet
write_config
define_rt1
define_rt2
snapshot_host /run/before

set_key "$RT1_UUID" smt idle
ok 'rt1 starts with idle siblings' start_guest rt1
ok 'the agent starts' systemctl start kvmrt-agent
is "$(online)" 0-11 'its siblings are online'
check_rt rt1 '6 8' 10 6-11
is "$(cat /sys/fs/cgroup/cpuset.cpus.isolated)" 6-11 'they are behind the shield'
like "$(kvmrt-show-config rt1)" 'Idle.*7,9,11' 'kvmrt-show-config says so'
ok 'nothing is missing' kvmrt-stat rt1
set_key "$RT1_UUID" smt offline
ok 'kvmrt-boot tunes it anew' kvmrt-boot rt1
is "$(online)" 0-6,8,10 'now they are offline'
set_key "$RT1_UUID" smt idle
ok 'kvmrt-boot tunes it anew' kvmrt-boot rt1
is "$(online)" 0-11 'and online again'
ok 'rt1 is destroyed' end_guest rt1
no_trace /run/before 'after idle siblings'

ok 'rt2 starts' start_guest rt2
round offline
_stops_offline=$((${_at_start% *} + ${_at_end% *}))
round idle
_stops_idle=$((${_at_start% *} + ${_at_end% *}))
ok 'siblings that go offline stop the other guest' test "$_stops_offline" -ge 6
is "$_stops_idle" 0 'idle siblings never do'
ok 'rt2 is destroyed' end_guest rt2
no_trace /run/before 'after both'
