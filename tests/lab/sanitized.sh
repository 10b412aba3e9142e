# SPDX-License-Identifier: LGPL-2.1-or-later
# A product that was built with SAN=1: what the sanitizers find, in whatever program, fails the scenario.
# shellcheck shell=sh

SAN_REPORTS=/run/sanitizers

is_sanitized() {
	ldd /usr/lib/kvmrt/kvmrt-agent 2>/dev/null | grep -q libasan
}

# wrap_hook: libvirt hands its hooks no environment but a few names that they all need.
wrap_hook() {
	_hook=/etc/libvirt/hooks/qemu.d/kvmrt
	if grep -q '^#!' $_hook; then
		return
	fi
	mv $_hook /usr/lib/kvmrt/hook-sanitized
	cat >$_hook <<-EOF
	#!/bin/sh
	ASAN_OPTIONS=$ASAN_OPTIONS UBSAN_OPTIONS=$UBSAN_OPTIONS exec /usr/lib/kvmrt/hook-sanitized "\$@"
	EOF
	chmod 755 $_hook
}

# hear_sanitizers: from now on they write into files, one a process that has something to say.
hear_sanitizers() {
	# Their shadow memory does not go with addresses that are as random as kernel 6.12 can make them.
	sysctl -qw vm.mmap_rnd_bits=28
	mkdir -p $SAN_REPORTS
	ASAN_OPTIONS=detect_leaks=1:log_path=$SAN_REPORTS/report
	UBSAN_OPTIONS=print_stacktrace=1:log_path=$SAN_REPORTS/report
	export ASAN_OPTIONS UBSAN_OPTIONS
	# At its end a process looks for leaks, and stops itself with ptrace for that.
	for _unit in kvmrt-agent kvmrt-sync; do
		mkdir -p /run/systemd/system/$_unit.service.d
		printf '[Service]\nSystemCallFilter=@debug\nReadWritePaths=%s\n' $SAN_REPORTS >/run/systemd/system/$_unit.service.d/sanitized.conf
	done
	systemctl daemon-reload
	systemctl set-environment "ASAN_OPTIONS=$ASAN_OPTIONS" "UBSAN_OPTIONS=$UBSAN_OPTIONS"
	wrap_hook
}

# sanitizers_found_nothing: of what has ended, and the agent looks for leaks as it ends.
sanitizers_found_nothing() {
	ok 'the agent ends' systemctl stop kvmrt-agent kvmrt-sync
	is "$(cat $SAN_REPORTS/* 2>/dev/null)" '' 'the sanitizers have found nothing'
}
