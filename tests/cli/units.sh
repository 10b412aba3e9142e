#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# units.sh - what systemd thinks of our units and our tmpfiles
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

if ! command -v systemd-analyze >/dev/null; then
	echo '1..0 # skip: no systemd-analyze'
	exit 0
fi

# Our programs are not installed here; another takes their place.
mkdir "$work/units"
for unit in "$tree"/etc/systemd/*.service; do
	sed -E 's,^(Exec[A-Za-z]*=)/usr/[^ ]*,\1/bin/true,' "$unit" \
		>"$work/units/${unit##*/}"
done
for unit in "$work"/units/*.service; do
	name=${unit##*/}
	SYSTEMD_UNIT_PATH=$work/units: systemd-analyze verify --man=no "$unit" \
		>"$work/out" 2>"$work/err"
	result $? "$name: systemd-analyze verify"
	grep -F "$name" "$work/err" >"$work/ours"
	[ ! -s "$work/ours" ]
	result $? "$name: it has no remark" || sed 's/^/# /' "$work/ours"
done

# Guests end while libvirt is there, and before systemd ends their scopes.
unit=$tree/etc/systemd/kvmrt.service
grep -qx 'ExecStart=/usr/bin/kvmrt-boot' "$unit" &&
	grep -qx 'SuccessExitStatus=4' "$unit"
result $? 'one guest that does not start ends no other'
for other in libvirtd.service libvirtd.socket virtqemud.service \
	virtqemud.socket virt-guest-shutdown.target libvirt-guests.service \
	kvmrt-agent.service; do
	grep '^After=' "$unit" | tr '= ' '\n\n' | grep -qxF "$other"
	result $? "kvmrt.service stops before $other"
done
grep -q '^Wants=virt-guest-shutdown.target$' "$unit"
result $? 'and that target is there to be stopped'

# Enabling the agent is enough, and either may come first.
agent=$tree/etc/systemd/kvmrt-agent.service
sync=$tree/etc/systemd/kvmrt-sync.service
grep -q '^Wants=kvmrt-sync.service$' "$agent"
result $? 'the agent brings kvmrt-sync along'
! grep -qE '^(Requires|BindsTo|PartOf)=' "$agent" "$sync"
result $? 'and neither needs the other'

# What they may do is what they need, and no more.
! grep -qE '^ReadWritePaths=(.* )?/(etc|run)( |$)' "$agent"
result $? 'the agent writes neither to /etc nor to all of /run'
grep -q '^CapabilityBoundingSet=$' "$sync"
result $? 'kvmrt-sync has no capabilities'
! grep -qE '^CapabilityBoundingSet=.*CAP_DAC_OVERRIDE' "$agent" &&
	grep -qE '^CapabilityBoundingSet=.*CAP_SYS_PTRACE' "$agent"
result $? 'the agent may see all processes, but not write to all files'
for unit in "$agent" "$sync"; do
	grep -qx 'NoExecPaths=/' "$unit" &&
		grep -qx 'OOMScoreAdjust=-900' "$unit"
	result $? "${unit##*/}: it starts nothing, and is killed last"
done
unit=$tree/etc/systemd/kvmrt.service

# All that the commands may take has room in the unit's time.
want=$(sed -n 's/^#define SECONDS[ \t]*\([0-9]*\)u$/\1/p' "$tree/tools/shutdown.c")
more=$(sed -n 's/^#define FORCE_SECONDS[ \t]*\([0-9]*\)u$/\1/p' "$tree/tools/shutdown.c")
minutes=$(sed -n 's/^TimeoutStopSec=\([0-9]*\)min$/\1/p' "$unit")
[ -n "$want" ] && [ -n "$more" ] && [ $((minutes * 60)) -gt $((want + more)) ]
result $? 'TimeoutStopSec is longer than kvmrt-shutdown --force may take' ||
	echo "#  $want s, $more s, $minutes min"

if command -v systemd-tmpfiles >/dev/null && [ "$(id -u)" -eq 0 ]; then
	mkdir -p "$work/root/etc"
	echo 'root:x:0:0::/:/bin/sh' >"$work/root/etc/passwd"
	echo 'root:x:0:' >"$work/root/etc/group"
	systemd-tmpfiles --root="$work/root" --create \
		"$tree/etc/tmpfiles.d/kvmrt.conf" 2>"$work/err"
	result $? 'systemd-tmpfiles takes it'
	[ "$(cd "$work/root" && stat -c '%n %a' run/kvmrt var/lib/kvmrt | tr '\n' ' ')" = \
		'run/kvmrt 755 var/lib/kvmrt 700 ' ]
	result $? 'and makes the two directories'
fi
finish
