#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# package.sh - the package's scripts: the hook goes first, and the host is restored
#
# They run in a directory of their own, with a systemctl and a kvmrt-reconcile
# that only write down that they were called.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

root=$work/root
hooks=$root/etc/libvirt/hooks
hook=$hooks/qemu.d/kvmrt
mkdir -p "$work/bin" "$root/usr/lib/kvmrt" "$root/run/systemd/system"

program() { # program FILE TEXT
	printf '#!/bin/sh\n%s\n' "$2" >"$1"
	chmod 755 "$1"
}

# The hook is there or not: that is part of what was done.
log="[ ! -e '$hook' ] || set -- \"\$@\" with-hook; echo \"\${0##*/} \$*\" >>'$work/log'"
program "$work/bin/systemctl" "$log"
program "$work/bin/debhelper" "$log"
program "$root/usr/lib/kvmrt/kvmrt-reconcile" "$log"
echo 'the hook' >"$root/usr/lib/kvmrt/kvmrt-hook"

# package SCRIPT STATUS ARGUMENT...
package() {
	script=$1 want=$2
	shift 2
	name="$script $*"
	: >"$work/log"
	sed "s,#DEBHELPER#,debhelper \$1,; s,/\(etc\|usr\|run\|var\)/,$root&,g" \
		"$tree/debian/kvmrt.$script" >"$work/$script"
	PATH=$work/bin:$PATH sh "$work/$script" "$@" >"$work/out" 2>"$work/err"
	got=$?
	[ $got -eq "$want" ]
	result $? "$name: exit status $want" || sed 's/^/# /' "$work/err"
}

there() { # the hook, and nothing else that libvirt would run
	[ -f "$hook" ] && [ ! -L "$hook" ] && [ -x "$hook" ] &&
		cmp -s "$hook" "$root/usr/lib/kvmrt/kvmrt-hook" &&
		[ "$(find "$hooks" -type f | wc -l)" -eq 1 ]
	result $? "$name: the hook is in place, alone" || ls -lA "$hooks"/* | sed 's/^/# /'
}

gone() {
	[ ! -e "$hook" ]
	result $? "$name: the hook is gone"
}

calls() { # calls: what was called, in order, is standard input
	cat >"$work/want"
	grep -v 'is-active' "$work/log" >"$work/called"
	cmp -s "$work/want" "$work/called"
	result $? "$name: what is called, in order" ||
		diff "$work/want" "$work/called" | sed 's/^/# /'
}

package postinst 0 configure ''
there
calls <<'TEXT'
debhelper configure with-hook
systemctl reload libvirtd with-hook
systemctl reload virtqemud with-hook
TEXT
empty out
touch "$root/etc/kvmrt.cfg"
echo 'the older hook' >"$hook"
echo 'somebody built it' >"$hook.dpkg-bak"
package postinst 0 configure 0.1.0
there
empty out
package postinst 0 configure ''
has out kvmrt-boot

# With a guest on record: no new start is tuned, then the agent ends, then the
# host is restored, then the files go.
mkdir -p "$root/run/kvmrt" "$root/var/lib/kvmrt"
echo guest >"$root/run/kvmrt/journal"
package prerm 0 upgrade 0.3.0
there
package prerm 0 upgrade 0.1.0
gone
package postinst 0 abort-upgrade 0.1.0
there
package prerm 0 remove
gone
calls <<'TEXT'
debhelper remove
kvmrt-reconcile --release
systemctl reload libvirtd
systemctl reload virtqemud
TEXT
package postinst 0 abort-remove
there
program "$root/usr/lib/kvmrt/kvmrt-reconcile" 'exit 4'
package prerm 0 remove
has err 'a reboot resets them'
package postrm 0 remove
[ -e "$root/run/kvmrt/journal" ] && [ -e "$root/var/lib/kvmrt" ]
result $? "$name: what is on record stays"
package postrm 0 purge
[ -e "$root/run/kvmrt/journal" ] && [ ! -e "$root/var/lib/kvmrt" ]
result $? "$name: what could not be restored stays on record"
rm "$root/run/kvmrt/journal"
package prerm 0 remove
empty err
package postrm 0 purge
[ ! -e "$root/run/kvmrt" ] && [ -e "$root/etc/kvmrt.cfg" ]
result $? "$name: no trace but the user's file"

# The same from source.
name='make uninstall'
make -C "$tree" -n uninstall >"$work/out" 2>"$work/err"
result $? "$name" || sed 's/^/# /' "$work/err"
line() { # line TEXT: where it first stands
	grep -nF -- "$1" "$work/out" | head -1 | cut -d: -f1
}
[ "$(line hooks/qemu.d/kvmrt)" -lt "$(line 'disable --now kvmrt-agent')" ] &&
	[ "$(line 'disable --now kvmrt-agent')" -le "$(line 'kvmrt-reconcile --release')" ] &&
	[ "$(line 'kvmrt-reconcile --release')" -lt "$(line 'rm -f /usr/lib/kvmrt/kvmrt-reconcile')" ]
result $? "$name: the hook goes, the agent ends, the host is restored, then the files go"
name='make uninstall DESTDIR='
make -C "$tree" -n uninstall DESTDIR=/nowhere >"$work/out" 2>"$work/err"
hasnt out --release
finish
