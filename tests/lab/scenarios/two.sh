# SPDX-License-Identifier: LGPL-2.1-or-later
# Two RT guests and an ordinary one at the same time, stopped in each order.
# shellcheck shell=sh

. /lab/rt.sh

irqbalance_quiet
write_config
define_rt1
define_rt2
define_plain
snapshot_host /run/before

start_all() {
	for _name in rt1 rt2 plain; do
		virsh -q start "$_name" || return 1
	done
}

# check NAME: the guest, if it is one that promises something.
check() {
	case $1 in
	rt1) check_rt rt1 '6 8' 10 6-11 ;;
	rt2) check_rt rt2 2 4 2-5 ;;
	esac
}

first=yes
for order in 'rt1 rt2 plain' 'rt2 rt1 plain' 'plain rt1 rt2' 'rt2 plain rt1' 'rt1 plain rt2' 'plain rt2 rt1'; do
	ok "all three start ($order)" timed 'the three starts' start_all
	is "$(online)" 0-2,4,6,8,10 'the siblings of both are down'
	stay="$order"
	while [ -n "$stay" ]; do
		if [ -n "$first" ]; then
			for one in $stay; do
				check "$one"
			done
		fi
		going=${stay%% *}
		ok "$going ends ($order)" end_guest "$going"
		stay=${stay#"$going"}
		stay=${stay# }
		# The rest is untouched by its going.
		case $stay in
		*rt1*) is "$(vcpu_cpu rt1 1)" 8 'rt1 stays where it was' && is "$(irqs_on 6-11)" '' 'no interrupt came to rt1' ;;
		esac
		case $stay in
		*rt2*) is "$(vcpu_cpu rt2 0)" 2 'rt2 stays where it was' && is "$(irqs_on 2-5)" '' 'no interrupt came to rt2' ;;
		esac
	done
	no_trace /run/before "stopped in the order $order"
	first=
done
