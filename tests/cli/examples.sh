#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# examples.sh - the EXAMPLES of the manual pages do what the pages say
#
# Each command of a page is run in a captured host: with libvirt's test driver,
# or, where guests start and end, over tests/virt/fake.c.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

root=$work/root
"$tree/tests/bench/make-host" smt2-numa2-12cpu "$root" || exit 1
mkdir -p "$root/var/lib" "$work/bin" "$work/virt"
chmod -R u+w "$root/etc"

# --- who is typed to

# wrap COMMAND PROGRAM LIBVIRT: by that name in $PATH
wrap() {
	printf '#!/bin/sh\nKVMRT_ROOT=%s KVMRT_CONNECT=%s exec %s "$@"\n' \
		"$root" "$3" "$2" >"$work/bin/$1"
	chmod 755 "$work/bin/$1"
}

for command in validate-config show-config import sync-config stat validate-host; do
	wrap kvmrt-$command "$bin/kvmrt-$command" "test://$work/node.xml"
done
for command in boot shutdown edit-config; do
	wrap kvmrt-$command "$(dirname "$bin")/tests/virt/kvmrt-$command" "$work/virt"
done
# An editor with a word behind its name.
printf '#!/bin/sh\n[ "$1" = -w ] && [ -f "$2" ]\n' >"$work/bin/code"
chmod 755 "$work/bin/code"
PATH=$work/bin:$PATH
export PATH

# guest NAME UUID: in both libvirts
guest() {
	xml="<name>$1</name><uuid>$2</uuid><memory unit='MiB'>64</memory><vcpu>2</vcpu><os><type>hvm</type></os>"
	echo "<domain type='test'>$xml</domain>" >>"$work/node.xml"
	mkdir "$work/virt/$2"
	echo "$1" >"$work/virt/$2/name"
	echo "<domain type='kvm'>$xml</domain>" >"$work/virt/$2/xml"
}
echo '<node>' >"$work/node.xml"
guest plc1 6e9f0c4e-6f0a-4a5c-9d6e-3d1f3a0b7c11
guest press 2e0c6f4e-5f0b-4b7e-9a83-0f0d7a2b6c11
echo '</node>' >>"$work/node.xml"

# --- what is typed

# examples PAGE: that section, without the roff
examples() {
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh [^E]/p' "$tree/docs/$1"
}

# commands PAGE: one a line; a block's lines that go on are joined
commands() {
	examples "$1" | sed -n -e 's/\\(dq/"/g' -e 's/^\.Dl //p' \
		-e '/^\.Bd/,/^\.Ed/{/^\.[BE]d/d;p;}' |
		sed -e ':a' -e '/|$/{N;s/\n */ /;ba' -e '}' -e 's/^\$ //'
}

# try STATUS COMMAND
try() {
	(cd "$work" && sh -c "$2") >"$work/out" 2>"$work/err" </dev/null
	got=$?
	[ $got -eq "$1" ]
	result $? "$page: $2" || {
		echo "#  got: $got, want: $1"
		sed 's/^/# /' "$work/err"
	}
}

typed=0
for page in kvmrt-import.1 kvmrt-sync-config.1 kvmrt-edit-config.1 \
	kvmrt-validate-config.1 kvmrt-show-config.1 kvmrt-boot.1 kvmrt-stat.1 \
	kvmrt-shutdown.1 kvmrt-validate-host.1 kvmrt-agent.8 kvmrt-hook.8; do
	commands "$page" >"$work/commands"
	[ -s "$work/commands" ]
	result $? "$page: it has examples"
	# A file that its examples name.
	sed -n '/^\.Bd/,/^\.Ed/{/^\.[BE]d/d;p;}' "$tree/docs/kvmrt.7" >"$work/plant.cfg"
	while IFS= read -r line <&3; do
		case $line in
		# Needs what is not here.
		'journalctl '*) continue ;;
		*jq*) command -v jq >/dev/null || continue ;;
		*--map*) command -v lstopo >/dev/null || continue ;;
		esac
		try 0 "$line"
		typed=$((typed + 1))
	done 3<"$work/commands"
done
[ $typed -ge 12 ]
result $? "there were $typed to type"

# --- files that the pages show

for page in kvmrt.7 kvmrt.cfg.5; do
	examples "$page" | sed -n '/^\.Bd/,/^\.Ed/{/^\.[BE]d/d;p;}' >"$work/a.cfg"
	[ -s "$work/a.cfg" ]
	result $? "$page: it shows a file"
	try 0 'kvmrt-validate-config -f a.cfg'
done
page=kvmrt.cfg.example
cp "$tree/etc/kvmrt.cfg.example" "$work/a.cfg"
try 0 "kvmrt-validate-config -f a.cfg --topology 'pack:2 [numa] core:8 pu:1'"
finish
