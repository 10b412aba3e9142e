#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# prove.sh - kvmrt-prove where nothing can be measured, and its reports on events that are written down
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

for time in 0s 10x '' 25h; do
	run "--for '$time'" 2 kvmrt-prove --for "$time"
	has err 'write a number with s, m or h'
done
for limit in 0 0us -1us 40u '40 us' us '' 61s 99999999999; do
	run "--limit '$limit'" 2 kvmrt-prove --limit "$limit"
	has err 'write a number with ns, us, ms or s'
done
for test in '' cyclic OSLAT; do
	run "--test '$test'" 2 kvmrt-prove --test "$test"
	has err 'write cyclictest, oslat or none'
done
run 'two guests' 2 kvmrt-prove a b
has err 'one guest at a time'
run 'no test, and its output' 2 kvmrt-prove --test none --test-output x
has err 'with --test none there is no test in the guest'
run 'no test, and its command' 2 kvmrt-prove --test none --test-command x
root=$work/root
"$tree/tests/bench/make-host" smt2-numa2-12cpu "$root" || exit 1
for limit in 40 40us 1ns 250ms 60s; do
	run "--limit $limit" 1 kvmrt-prove --limit $limit --root "$root"
	has err 'a captured host does not run'
done
run 'a captured host, JSON' 1 kvmrt-prove --json --root "$root"
has out '"code":"failed"'
if [ "$(id -u)" -eq 0 ] && [ ! -e /run/kvmrt/journal ]; then
	run 'no guest' 1 kvmrt-prove
	has err 'no real-time guest runs'
fi

# --- reports
replay=$(dirname "$bin")/tests/noise/replay
events=$tree/tests/noise/alone.events
data=$tree/tests/data/prove

# replay NAME STATUS FORM [SED]: of the events, changed.
replay() {
	name=$1
	sed -e "${4:-}" "$events" >"$work/events"
	"$replay" "$3" <"$work/events" >"$work/out" 2>"$work/err"
	got=$?
	[ "$got" -eq "$2" ]
	result $? "$name: status $2" || echo "#  got: $got"
}

replay 'left alone' 0 proof
is out <<'END'
plc1: pass
measured for 20.0 s, limit 20.0 us, load: none
vCPU 0 on CPU 6: out of the guest 1 time, none of them for more than 20.0 us
    15.0 us at 2.000001 s: work vmstat_update 13.0 us (by tee[300]), task kworker/6:1 1.00 us (by tee[300]), exit interrupt 1.00 us
vCPU 1 on CPU 8: out of the guest 1 time, none of them for more than 20.0 us
    8.00 us at 1.000000 s: exit msr 8.00 us
END
replay 'a lower limit' 1 proof 's/^limit .*/limit 14999 all/'
has out 'plc1: fail'
has out 'vCPU 0 was kept out of the guest for more than 15.0 us: 1 time, for up to 15.0 us'
replay 'what the guest asks for itself counts, too' 1 proof 's/^limit .*/limit 7999 all/'
has out 'vCPU 1 was kept out'
replay 'but not beside a test' 1 proof 's/^limit .*/limit 7999 others/'
hasnt out 'vCPU 1 was kept out'
has out 'vCPU 0 was kept out of the guest for more than 8.00 us: 1 time, for up to 14.0 us'
replay 'lost events' 4 proof 's/^end .*/4000000000 lost cpu=6 span=7\n&/'
has out 'on CPU 6 of vCPU 0 events were lost (1 time)'
replay 'lost causes' 4 proof 's/^end .*/lost-causes 2\n&/'
replay 'a guest that ended' 4 proof 's/^end .*/stopped ended\n&/; s/^limit .*/limit 1 all/'
has out 'plc1: inconclusive'
replay 'a guest that lost its tuning' 4 proof 's/^end .*/unfit degraded\n&/'
replay 'too short' 4 proof 's/^end .*/end 10999999999/'
has out 'less than 10.0 s proves nothing'
for version in 2.4 2.6; do
	replay "cyclictest $version" 1 proof "s|^limit.*|limit 40000 others\ntest cyclictest $data/cyclictest-$version-histogram.out|"
	has out 'cyclictest in the guest, on CPU 1 there: up to'
	has out 'cyclictest in the guest (file):'
	replay "cyclictest $version, within its limit" 0 proof "s|^limit.*|limit 1000000000 others\ntest cyclictest $data/cyclictest-$version-histogram.out|"
	replay "oslat $version" 1 proof "s|^limit.*|limit 20000 others\ntest oslat $data/oslat-$version.out|"
done
replay 'a test without a result' 4 proof "s|^limit.*|limit 20000 others\ntest oslat /dev/null|"
has out 'there is no result in it'
replay 'no test at all is no pass' 4 proof "s|^limit.*|limit 20000 others\ntest oslat $data/none|"

replay 'JSON' 0 proof-json
has out '"verdict":"pass","reasons":[]'
has out '"parts":[{"kind":"work","name":"vmstat_update","ns":13000,"cause":{"by":"task","name":"tee","pid":300,"count":1}}'
replay 'JSON of a failure' 1 proof-json "s|^limit.*|limit 40 all\ntest cyclictest $data/cyclictest-2.4-histogram.out|"
has out '"weight":"fail"'
has out '"over":true'
if perl -MJSON::PP -e 1 2>/dev/null; then
	why=$(perl "$tree/tests/cli/schema.pl" "$tree/docs/kvmrt.schema.json" prove "$work/out")
	result $? "$name: it is as the schema says" || echo "# $why"
fi

# Whatever is called what: nothing of it is markup, and nothing is fetched or run.
replay 'a page' 1 proof-html "s|^limit.*|limit 40 all\ntest cyclictest $data/cyclictest-2.6-histogram.out\nload <script>alert(1)</script>|; s/^guest plc1/guest <b>\&\"x/; s/comm=tee/comm=<i>tee/; s/name=vmstat_update/name=<u>work/; s/name=msr/name=\"<s>'/"
for text in '<title>&lt;b&gt;&amp;&quot;x: fail</title>' '&lt;script&gt;alert(1)&lt;/script&gt;' '&lt;i&gt;tee[300]' 'work &lt;u&gt;work' '<svg ' '&lt;machine&gt;' \
	'over the limit' 'how often how late'; do
	has out "$text"
done
for text in '<b>' '<i>' '<u>' '<s>' '<script' 'href' 'src='; do
	hasnt out "$text"
done
! sed 's|xmlns="http://www.w3.org/2000/svg"||' "$work/out" | grep -qE '(https?:|//|@import|url\()'
result $? "$name: nothing is fetched"
if command -v xmllint >/dev/null; then
	xmllint --noout "$work/out" 2>"$work/err"
	result $? "$name: each of its elements is closed" || head -n 5 "$work/err"
fi
replay 'a page of a verdict without a measurement' 4 proof-html 's/^end .*/end 1000000000\nunfit degraded/'
has out 'degraded'
finish
