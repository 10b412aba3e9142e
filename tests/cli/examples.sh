#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# examples.sh - the EXAMPLES of the manual pages do what the pages say
#
# Each .Dl line and .Bd block is run as it stands, in a host and with a libvirt
# of its own: commands that start and end guests over tests/virt/fake.c, the
# others over libvirt's test driver. It ends with 0, or as a line
# `.\" exits N` above it says. A block that begins with a section is a
# configuration, and has no error.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

hook=${KVMRT_HOOK:-$bin/../hooks/qemu}
fake=$(dirname "$bin")/tests/virt
data=$tree/tests/data/hook
plc1=6a1f0c1e-0000-4000-8000-000000000001
office=6a1f0c1e-0000-4000-8000-000000000002
web=6a1f0c1e-0000-4000-8000-000000000003

# The sanitizer's dlopen does not look where the hook says.
if nm -D "$hook" | grep -q __asan_init; then
	LD_LIBRARY_PATH=$(dirname "$hook")
	export LD_LIBRARY_PATH
fi

# What cannot be run here, and why.
cat >"$work/not-run" <<'END'
systemctl mask --now kvmrt-sync	changes the services of the live host
systemctl enable --now kvmrt-agent	changes the services of the live host
systemctl reload libvirtd	asks the live host's libvirt
journalctl -u kvmrt-agent --since yesterday	reads the live host's journal
journalctl -b -t kvmrt-hook	reads the live host's journal
kvmrt-stat --watch	draws on a terminal until it is stopped
kvmrt-noise plc1	measures the live host
kvmrt-noise --for 1h --json >noise.json	measures the live host
kvmrt-noise --json |	measures the live host
kvmrt-prove --for 12h --load 'stress-ng --cpu 4 --vm 2' --html proof.html plc1	measures the live host
kvmrt-prove --test none --for 1m plc1	measures the live host
kvmrt-prove --test oslat --test-output /tmp/oslat.out --for 1h plc1	measures the live host
if kvmrt-prove --json plc1 >proof.json; then	measures the live host
END

# --- the world: $work/base is copied for each example ---

definition() { # definition NAME UUID
	echo "<domain type='test'><name>$1</name><uuid>$2</uuid>" \
		"<memory>262144</memory><vcpu>1</vcpu><os>" \
		"<type arch='x86_64'>hvm</type></os></domain>"
}

# A libvirt of files: plc1 runs, as kvmrt.cfg has it.
files() {
	for guest in "plc1 $plc1" "office $office" "web $web"; do
		dir=$work/base/virt/${guest#* }
		mkdir -p "$dir"
		echo "${guest% *}" >"$dir/name"
		definition "${guest% *}" "${guest#* }" >"$dir/xml"
	done
	echo 0 >"$work/base/virt/$plc1/on"
	sed 's/rt1/plc1/' "$data/rt1.xml" >"$work/base/virt/$plc1/xml"
}

# The same for libvirt's test driver: state 5 is off.
driver() {
	echo '<node xmlns:test="http://libvirt.org/schemas/domain/test/1.0">'
	definition plc1 $plc1
	for guest in "office $office" "web $web"; do
		definition "${guest% *}" "${guest#* }" | sed \
			's|</domain>|<test:runstate>5</test:runstate>&|'
	done
	echo '</node>'
}

# A command of that name, which is a script.
command_of() { # command_of NAME LINE...
	_name=$1
	shift
	{
		echo '#!/bin/sh'
		printf '%s\n' "$@"
	} >"$work/path/$_name"
	chmod 755 "$work/path/$_name"
}

mkdir "$work/base" "$work/base/here" "$work/path"
root=$work/base/root
"$tree/tests/bench/make-host" smt2-numa2-12cpu-guest "$root" || exit 1
mkdir -p "$root/var/lib"
mv "$root/run/libvirt/qemu/rt1.pid" "$root/run/libvirt/qemu/plc1.pid"
sed 's/rt1/plc1/' "$data/rt1.cfg" >"$root/etc/kvmrt.cfg"
cat >>"$root/etc/kvmrt.cfg" <<END

[$office]
name = office
cpuset = 1-5
nr_vcpus = 2
autostart = yes
END
grep -v pcidevs "$root/etc/kvmrt.cfg" >"$work/base/here/plant.cfg"
cp "$root/etc/kvmrt.cfg" "$work/base/here/draft.cfg"
files
driver >"$work/base/guests.xml"

for command in boot shutdown edit-config; do
	command_of kvmrt-$command "KVMRT_CONNECT='$work/world/virt' \\" \
		"exec '$fake/kvmrt-$command' \"\$@\""
done
# An editor that changes something; lstopo sees the host of the world.
# shellcheck disable=SC2016 # the script's
command_of code '[ "$1" = --wait ] && echo "# seen" >>"$2"'
lstopo=$(command -v lstopo || command -v lstopo-no-graphics)
[ -z "$lstopo" ] || command_of lstopo 'case $1 in' \
	"--of) exec '$lstopo' -i '$work/world/root' --if fsroot \"\$@\" ;;" \
	"*) exec '$lstopo' \"\$@\" ;;" 'esac'

tune() { # by the real hook
	for operation in prepare start started; do
		sed 's/rt1/plc1/' "$data/rt1.xml" |
			KVMRT_ROOT=$work/world/root "$hook" plc1 $operation \
				begin - >"$work/out" 2>"$work/err" || {
			result 1 "the hook's $operation"
			sed 's/^/# /' "$work/err"
		}
	done
}

world() {
	rm -rf "$work/world"
	cp -a "$work/base" "$work/world"
}

# --- the examples ---

# A file each: the first line is "PAGE:LINE STATUS", the rest as typed.
examples_of() { # examples_of PAGE
	awk -v page="${1##*/}" -v to="$work/example" '
		function type_(text) {
			gsub(/\\\(aq/, "\047", text)
			gsub(/\\\(dq/, "\"", text)
			gsub(/\\\(ha/, "^", text)
			gsub(/\\\(ti/, "~", text)
			gsub(/\\-/, "-", text)
			gsub(/\\&/, "", text)
			gsub(/\\e/, "\\", text)
			sub(/^[$#] /, "", text)
			return text
		}
		function begin() {
			file = to "." page "." NR
			print page ":" NR, status + 0 >file
			status = 0
		}
		/^\.Sh / { inside = /EXAMPLES/; next }
		!inside { next }
		/^\.\\" exits [0-9]/ { status = $3 }
		/^\.Dl / {
			begin()
			print type_(substr($0, 5)) >file
			close(file)
		}
		/^\.Bd / { begin(); block = 1; next }
		/^\.Ed/ { block = 0; close(file) }
		block { print type_($0) >file }
	' "$1"
}

# Paths of an installed system become those of the world.
placed() {
	sed -n '2,$p' "$1" | sed "s|/etc/kvmrt\.cfg|$work/world/root&|g
		s|/usr/lib/kvmrt/|$bin/|g"
}

run_commands() { # run_commands FILE STATUS NAME
	for tool in jq lstopo; do
		if grep -qE "$tool |--map" "$1" && ! PATH=$work/path:$PATH \
			command -v $tool >/dev/null; then
			result 0 "$3 # skip: $tool is not installed"
			return
		fi
	done
	world
	! grep -q kvmrt-stat "$1" || tune
	placed "$1" >"$work/script"
	(
		cd "$work/world/here" || exit 99
		PATH=$work/path:$bin:$PATH
		KVMRT_ROOT=$work/world/root
		KVMRT_CONNECT=test://$work/world/guests.xml
		EDITOR='code --wait'
		export PATH KVMRT_ROOT KVMRT_CONNECT EDITOR
		unset VISUAL
		exec sh -e "$work/script"
	) >"$work/out" 2>"$work/err" </dev/null
	got=$?
	[ $got -eq "$2" ]
	result $? "$3: exit status $2" || {
		echo "#  got: $got"
		sed 's/^/# /' "$work/script" "$work/out" "$work/err"
	}
	# What cannot be found ends a pipe's left side unseen.
	! grep -qE 'not found|Usage:|--help' "$work/err"
	result $? "$3: nothing is missing" || sed 's/^/# /' "$work/err"
}

example() { # example FILE
	read -r where status <"$1"
	shown="$where: $(sed -n 2p "$1")"
	if sed -n 2p "$1" | grep -q '^\['; then
		sed -n '2,$p' "$1" >"$work/page.cfg"
		run "$where" "$status" kvmrt-validate-config \
			--root "$work/base/root" -f "$work/page.cfg"
		return
	fi
	why=$(awk -F '\t' -v line="$(sed -n 2p "$1")" '$1 == line { print $2 }' \
		"$work/not-run")
	if [ -n "$why" ]; then
		sed -n 2p "$1" >>"$work/excused"
		echo "# not run: $shown: $why"
		return
	fi
	run_commands "$1" "$status" "$shown"
}

: >"$work/excused"
for page in "$tree"/docs/*.[1578]; do
	examples_of "$page"
	set -- "$work/example.${page##*/}".*
	[ -e "$1" ]
	result $? "${page##*/} has an example" || continue
	for file; do
		example "$file"
	done
done
# With the mode that `make install` gives it: a checkout's files may be anybody's (umask 002).
install -m 644 "$tree/etc/kvmrt.cfg.example" "$work/installed.cfg"
run 'kvmrt.cfg.example' 0 kvmrt-validate-config \
	-f "$work/installed.cfg" --topology 'pack:2 [numa] core:8 pu:1'
cut -f1 "$work/not-run" | sort >"$work/want"
sort -u "$work/excused" | cmp -s - "$work/want"
result $? 'what is excused is in a page' || cat "$work/excused"

finish
