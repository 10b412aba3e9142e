#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# failures.sh - each command with each cause why the file cannot be read: one
# table of exit codes, and with --json an object that the schema describes
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

schema=$tree/docs/kvmrt.schema.json
fake=$(dirname "$bin")/tests/virt
perl -MJSON::PP -e 1 2>/dev/null
has_perl=$?

fits() { # fits FORM: what is on stdout
	if [ $has_perl -ne 0 ]; then
		result 0 "$name: the schema # skip: perl has no JSON::PP"
		return
	fi
	why=$(perl "$tree/tests/cli/schema.pl" "$schema" "$1" "$work/out")
	result $? "$name: stdout is one object of form '$1'" ||
		echo "# $why" | cat - "$work/out"
}

host=$work/host
sh "$tree/tests/bench/make-host" smt2-numa2-12cpu "$host" || exit 1
cat >"$work/good.cfg" <<'END'
[11111111-1111-4111-8111-111111111111]
name = press
rt = yes
nr_vcpus = 2
cpuset = 6,8,10
accept = host-device
END
sed 's/^rt = yes/rt = perhaps/' "$work/good.cfg" >"$work/errors.cfg"
mkdir "$work/directory" "$work/virt"
mkfifo "$work/pipe"
ln -s loop "$work/loop"
cp "$work/good.cfg" "$work/writable"
chmod 666 "$work/writable"
truncate -s 17M "$work/big"

# As fit as with a file.
"$bin/kvmrt-validate-host" -f "$work/good.cfg" --root "$host" >/dev/null
fit=$?
EDITOR=true
export EDITOR
unset VISUAL

# CAUSE STATUS CODE: of kvmrt(7), EXIT STATUS
while read -r cause status code; do
	for command in validate-config show-config sync-config import boot \
		shutdown stat noise prove place; do
		set -- --json -f "$work/$cause" --root "$host"
		was=$bin
		want=$status
		case $command in
		boot | shutdown) bin=$fake; set -- "$@" -c "$work/virt" ;;
		sync-config) set -- "$@" -c test:///default ;;
		# A file that is not there is what it makes.
		import) set -- "$@" -c test:///default
			[ "$cause" != missing ] || set -- ;;
		place) set -- "$@" press
			[ "$cause" != missing ] || set -- ;;
		esac
		[ $# -eq 0 ] || {
			run "$command, $cause" "$want" kvmrt-$command "$@"
			fits findings
			has out "\"code\":\"$code\""
			[ -s "$work/err" ]
			result $? "$name: stderr says so, too"
		}
		bin=$was
	done
	run "edit-config, $cause" "$([ "$cause" = missing ] && echo 0 ||
		echo "$status")" kvmrt-edit-config -n -f "$work/$cause" \
		--root "$host" </dev/null
	run "validate-host, $cause" "$fit" kvmrt-validate-host --json \
		-f "$work/$cause" --root "$host"
	fits checks
	has out '"code":"configuration","verdict":"warn"'
	grep -q "^\\.It Li $code No " "$tree/docs/kvmrt.7"
	result $? "kvmrt.7 has $code"
done <<'END'
missing 1 file-missing
loop 1 file-unreadable
directory 3 file-refused
pipe 3 file-refused
writable 3 file-refused
big 3 file-refused
END

# A file with errors.
for command in validate-config show-config; do
	run "$command, errors" 3 kvmrt-$command --json -f "$work/errors.cfg" \
		--root "$host"
	fits findings
	has out '"code":"bad-value"'
done

# Without libvirt.
for command in sync-config import; do
	run "$command, no libvirt" 1 kvmrt-$command --json \
		-f "$work/good.cfg" --root "$host" -c "test://$work/none.xml"
	fits findings
	has out '"code":"failed"'
done

# What works has its form.
while read -r form words; do
	# shellcheck disable=SC2086 # several words
	set -- $words
	# shellcheck disable=SC2046 # several words
	"$bin/$1" --json -f "$work/good.cfg" --root "$host" $(
		shift
		echo "$@"
	) >"$work/out" 2>"$work/err"
	name=$words
	fits "$form"
	fits any
done <<END
findings kvmrt-validate-config
config kvmrt-show-config
plan kvmrt-show-config --plan
checks kvmrt-validate-host
stat kvmrt-stat
host kvmrt-host cpus irqs tasks pci topology
done kvmrt-sync-config -q -c test:///default
done kvmrt-import -c test:///default
place kvmrt-place press
END

run "no guest of that name" 1 kvmrt-show-config --json -f "$work/good.cfg" \
	--root "$host" nobody
fits findings
finish
