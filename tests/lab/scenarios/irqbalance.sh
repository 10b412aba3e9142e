# SPDX-License-Identifier: LGPL-2.1-or-later
# irqbalance runs: it is asked to leave the guest's CPUs alone, is not restarted, and is released when the guest ends.
# shellcheck shell=sh

. /lab/rt.sh

banned() {
	snapshot_irqbalance | sed 's/.*= //'
}

# It listens a while after systemctl has returned.
answers() {
	[ -n "$(banned)" ]
}

# told CPUS-MASK: irqbalance takes a new list over at its next look, every ten seconds.
told() {
	[ "$(banned)" = "$1" ]
}

write_config
define_rt1
systemctl start irqbalance
ok 'irqbalance answers' wait_for 200 answers
_pid=$(pidof irqbalance)
_before=$(banned)
ok 'rt1 starts' virsh -q start rt1
ok 'irqbalance keeps off' wait_for 200 told 00000fc0
ok 'rt1 is up' wait_for 900 guest_booted rt1
sleep 25
is "$(irqs_on 6-11)" '' 'after two of its rounds no interrupt is on 6-11'
is "$(pidof irqbalance)" "$_pid" 'it was not restarted'
ok 'it restarts by itself' systemctl restart irqbalance
ok 'it answers again' wait_for 200 answers
# While it scans it does not answer, and a reconcile says so.
tell() {
	_out=$($RECONCILE 2>&1) && case $_out in
	*'does not answer'*) return 1 ;;
	esac
}
ok 'a reconcile tells it again' wait_for 60 tell
ok 'it keeps off again' wait_for 200 told 00000fc0
ok 'rt1 ends' end_guest rt1
ok 'irqbalance is released' wait_for 200 told "$_before"
ok 'no journal is left' test ! -e "$JOURNAL"
