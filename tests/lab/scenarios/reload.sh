# SPDX-License-Identifier: LGPL-2.1-or-later
# Two RT guests under the agent, and systemd reloads its units in between: everybody's masks as before.
# shellcheck shell=sh

. /lab/rt.sh

write_config
define_rt1
define_rt2
irqbalance_quiet
ok 'the agent starts' systemctl start kvmrt-agent
snapshot_host /run/before
ok 'rt1 starts' virsh -q start rt1
ok 'systemd reloads' systemctl daemon-reload
ok 'rt2 starts' virsh -q start rt2
ok 'systemd reloads again' systemctl daemon-reload
sleep 3
# The kernel narrowed these, nobody else.
is "$(grep -c 'keep affinity task/1/1/' "$JOURNAL")" 0 'nobody is thought to have pinned systemd'
ok 'rt1 ends' end_guest rt1
ok 'systemd reloads with one left' systemctl daemon-reload
ok 'rt2 ends' end_guest rt2
ok 'the agent restores the rest' wait_for 30 test ! -e "$JOURNAL"
no_trace /run/before 'both gone'
