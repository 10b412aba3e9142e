#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# noise.sh - kvmrt-noise where nothing can be measured, and what it prints of events that are written down
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

for time in 0s -1s 10x 10ms s '' 25h 1441m 99999999999s '1 s'; do
	run "--for '$time'" 2 kvmrt-noise --for "$time"
	has err 'write a number with s, m or h'
done
root=$work/root
"$tree/tests/bench/make-host" smt2-numa2-12cpu "$root" || exit 1
for time in 1 10s 2m 24h 1440m; do
	run "--for $time" 1 kvmrt-noise --for "$time" --root "$root"
	has err 'a captured host does not run'
done
run 'a captured host, JSON' 1 kvmrt-noise --json --root "$root"
has out '"code":"failed"'

if [ "$(id -u)" -eq 0 ] && [ ! -e /run/kvmrt/journal ]; then
	run 'no guest' 1 kvmrt-noise
	has err 'no real-time guest runs'
	run 'no such guest' 1 kvmrt-noise nobody
	has err "no real-time guest 'nobody' runs"
	if command -v setpriv >/dev/null; then
		chmod 755 "$work"
		cp "$bin/kvmrt-noise" "$work/kvmrt-noise"
		name='a user'
		(cd / && setpriv --reuid 65534 --clear-groups "$work/kvmrt-noise") \
			>"$work/out" 2>"$work/err"
		[ $? -eq 1 ]
		result $? "$name: exit status 1"
		has err 'measuring needs root'
	fi
fi

# --- what it prints
replay=$(dirname "$bin")/tests/noise/replay
events=$tree/tests/noise/two-guests.events

replay() { # replay NAME STATUS FORM: of standard input
	name=$1
	"$replay" "$3" >"$work/out" 2>"$work/err"
	got=$?
	[ "$got" -eq "$2" ]
	result $? "$name: status $2" || echo "#  got: $got"
}

replay 'two guests' 0 text <"$events"
is out <<'END'
plc1, 5.00 ms
  CPU 6, vCPU 0: 99.7 % in the guest, 0.0 % asleep
    out of the guest 3 times, longest 10.0 us: work vmstat_update 4.00 us, exit interrupt 3.50 us, task kworker/6:1 2.00 us, ipi reschedule 500 ns
    from 512 ns: 1, 2.05 us: 1, 8.19 us: 1
        COUNT      TOTAL    LONGEST  KIND    WHAT                         CAUSED BY
            3    4.70 us    3.50 us  exit    interrupt
            1    4.00 us    4.00 us  work    vmstat_update                tee[300]
            1    2.00 us    2.00 us  task    kworker/6:1                  tee[300]
            1    1.00 us    1.00 us  timer   tick_nohz_handler
            1     600 ns     600 ns  task    kcompactd1                   timer process_timeout on CPU 10
            1     500 ns     500 ns  ipi     reschedule                   tee[300]
            1     500 ns     500 ns  vector  local_timer
            1     500 ns     500 ns  softirq TIMER                        timer tick_nohz_handler
  CPU 10, service: 59.9 % the guest's own threads, 40.0 % idle
        COUNT      TOTAL    LONGEST  KIND    WHAT                         CAUSED BY
            1    3.00 us    3.00 us  irq     45 vfio-msix[0](0000:82:00.0)
            2    2.00 us    1.00 us  ipi     call_function_single         sh[301,...]: do_sync_core (2)
            1     200 ns     200 ns  timer   process_timeout

plc2, 5.00 ms
  CPU 2, vCPU 0: 82.0 % in the guest, 17.9 % asleep
    out of the guest 1 time, longest 5.00 us: exit hlt 5.00 us
    from 4.10 us: 1
        COUNT      TOTAL    LONGEST  KIND    WHAT                         CAUSED BY
            1    5.00 us    5.00 us  exit    hlt
END
replay 'in detail' 0 verbose <"$events"
has out '              from 512 ns: 2'
replay 'a picture' 0 svg <"$events"
head -n 1 "$work/out" | grep -q '^<svg xmlns='
result $? "$name: it begins"
has out '</svg>'
# tee's work item: longest of its part of the time, 4 us long.
has out 'height="12.0" fill="#8d5a97"'
if command -v xmllint >/dev/null; then
	xmllint --noout "$work/out" 2>"$work/err"
	result $? "$name: it is XML"
fi
sed 's/^guest plc2/guest <b>\&/' "$events" >"$work/events"
replay 'a name that is markup' 0 svg <"$work/events"
has out '&lt;b&gt;&amp;'
replay 'JSON' 0 json <"$events"
has out '"complete":true'
has out '"by":"task","name":"sh","pid":301,"function":"do_sync_core","count":2'
if perl -MJSON::PP -e 1 2>/dev/null; then
	why=$(perl "$tree/tests/cli/schema.pl" "$tree/docs/kvmrt.schema.json" noise "$work/out")
	result $? "$name: it is as the schema says" || echo "# $why"
fi

# Each reason not to believe it.
for what in 'lost-causes 1' 'stopped why' '1500000 lost cpu=6 span=7' 'service 0 11'; do
	sed "s/^end /$what\\n&/" "$events" >"$work/events"
	replay "$what" 4 text <"$work/events"
	[ "$what" = 'service 0 11' ] || has out INCOMPLETE
	replay "$what, JSON" 4 json <"$work/events"
	has out '"complete":false'
done
replay 'a CPU without events' 4 text <"$work/events"
has out 'no event: what ran there was not seen'
sed "s/^end /missing ipi:ipi_send_cpu\\n&/" "$events" >"$work/events"
replay 'an event that the kernel lacks' 0 text <"$work/events"
has out 'Not measured, for this kernel lacks the events: ipi:ipi_send_cpu'
replay 'and for programs' 0 json <"$work/events"
has out '"not_measured":["ipi:ipi_send_cpu"]'
finish
