#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# map.sh - the picture of kvmrt-show-config --map
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

program=kvmrt-show-config
host=$work/host
map=$work/map.svg
sh "$tree/tests/bench/make-host" smt2-numa2-12cpu "$host" || exit 1

good() {
	cat >"$host/etc/kvmrt.cfg" <<'END'
[11111111-1111-4111-8111-111111111111]
name = press
rt = yes
nr_vcpus = 2
cpuset = n1
pcidevs = 0000:81:00.0

[22222222-2222-4222-8222-222222222222]
name = a<b>&c
nr_vcpus = 2
cpuset = 2-3

[33333333-3333-4333-8333-333333333333]
name = spare
cpuset = 4-5
disabled = yes
END
}

# drawn TEXT [COLOUR]: a box says it, on that colour
drawn() {
	awk -v text=">$1</text>" -v fill="fill='rgb(${2-})'" '
		/<rect/ { rect = $0 }
		index($0, text) && (fill == "fill='"'rgb()'"'" ||
				    index(rect, fill)) { found = 1 }
		END { exit !found }' "$map"
	result $? "$name: '$1' is drawn${2+ on $2}"
}

undrawn() {
	! grep -qF -- "$1" "$map"
	result $? "$name: no '$1' is drawn"
}

# Nothing but the picture: no half file beside it.
alone() {
	[ "$(find "$work" -maxdepth 1 -name "${map##*/}-*" | wc -l)" -eq 0 ]
	result $? "$name: no temporary file is left"
}

# looks: each box and text of the map is seen, by librsvg and by a browser
renderer=
if ! command -v rsvg-convert >/dev/null; then
	echo "# rsvg-convert (librsvg2-bin) is not installed: no pixel is compared"
elif ! perl -MCompress::Zlib -e 1 2>/dev/null; then
	echo "# perl has no Compress::Zlib: no pixel is compared"
else
	renderer=rsvg-convert
fi
browser=
for word in chromium chromium-browser google-chrome; do
	[ "$browser" ] || browser=$(command -v $word)
done
[ "$browser" ] || echo "# there is no chromium: no browser draws the maps"

looks() {
	size=$(sed -n "s/.* width='\([0-9]*\)px' height='\([0-9]*\)px'.*/\1,\2/p" \
		"$map")
	if [ "$renderer" ]; then
		rsvg-convert "$map" -o "$work/seen.png" &&
			perl "$tree/tests/cli/pixels.pl" "$map" "$work/seen.png" \
				>"$work/pixels"
		result $? "$name: librsvg draws what the map says" ||
			sed 's/^/# /' "$work/pixels"
	fi
	if [ "$browser" ] && [ "$renderer" ]; then
		rm -f "$work/seen.png"
		timeout 120 "$browser" --headless --no-sandbox --disable-gpu \
			--hide-scrollbars --user-data-dir="$work/browser" \
			--default-background-color=000000ff \
			--window-size="$size" \
			--screenshot="$work/seen.png" "file://$map" \
			>/dev/null 2>&1 &&
			perl "$tree/tests/cli/pixels.pl" "$map" "$work/seen.png" \
				>"$work/pixels"
		result $? "$name: a browser draws what the map says" ||
			sed 's/^/# /' "$work/pixels"
	fi
}

blue='0,114,178' tint='178,212,231' dark='77,77,77' red='208,0,0'

run "usage: no ending" 2 $program --root "$host" --map "$work/map"
has err "does not end in .svg or .png"
run "usage: hidden file" 2 $program --root "$host" --map "$work/.svg"
run "usage: with a plan" 2 $program --root "$host" --plan --map "$map"
run "usage: with JSON" 2 $program --root "$host" --json --map "$map"
has err "--map goes with neither"
[ ! -e "$map" ]
result $? "nothing is drawn for a wrong command line"

good
PATH=$work run "no lstopo" 1 $program --root "$host" --map "$map"
has err "apt install hwloc"
[ ! -e "$map" ]
result $? "$name: there is no file"
alone

mkdir "$work/broken"
printf '#!/bin/sh\necho warned >&2\necho "it broke" >&2\nexit 1\n' \
	>"$work/broken/lstopo"
chmod +x "$work/broken/lstopo"
echo "as it was" >"$map"
PATH=$work/broken:$PATH run "lstopo fails" 1 $program --root "$host" \
	--map "$map"
has err "lstopo failed: it broke"
[ "$(cat "$map")" = "as it was" ]
result $? "$name: the old file stays"
alone

if ! command -v lstopo >/dev/null && ! command -v lstopo-no-graphics >/dev/null
then
	echo "# lstopo is not installed: no picture is looked at"
	finish
	exit
fi

was=$(umask)
umask 027
run "a good configuration" 0 $program --root "$host" --map "$map"
umask "$was"
empty out
empty err
alone
[ "$(stat -c %a "$map")" = 640 ]
result $? "$name: the mode is the caller's"
drawn "CPU 6 press vcpu0" "$blue"
drawn "CPU 8 press vcpu1" "$blue"
drawn "CPU 10 press service" "$tint"
drawn "CPU 11 press offline" "$dark"
drawn "CPU 0" "255,255,255"
drawn "press memory" "$blue"
drawn "Core c3"
drawn "Node n1 (16GB)"
drawn "PCI 81:00.0" "$blue"
drawn "PCI 82:00.0"
drawn "press" "$blue"
drawn "press, real-time: vCPUs on 6,8" "$blue"
drawn "service on 10" "$tint"
drawn "CPU 2 a(b)+c"
undrawn spare
undrawn "PCI 80:01.0"
undrawn "$red"
looks
if command -v xmllint >/dev/null; then
	xmllint --noout "$map" 2>"$work/err"
	result $? "$name: the SVG is well-formed"
fi

run "one guest" 0 $program --root "$host" --map "$map" press
drawn "CPU 6 press vcpu0" "$blue"
undrawn "a(b)"

# Twice the same: no date, no host name.
cp "$map" "$work/first.svg"
run "again" 0 $program --root "$host" --map "$map" press
cmp -s "$map" "$work/first.svg"
result $? "the picture is the same"

# What the kernel forgets of a CPU that is down we remember.
mkdir -p "$host/run/kvmrt"
kept=$host/run/kvmrt/topology.xml
if command -v lstopo >/dev/null; then draw=lstopo; else draw=lstopo-no-graphics
fi
$draw -i "$host" --if fsroot --disallowed --no-io --no-caches --of xml - \
	>"$kept" 2>/dev/null
chmod 644 "$kept"
for cpu in 7 9 11; do
	echo 0 >"$host/sys/devices/system/cpu/cpu$cpu/online"
	rm -r "$host/sys/devices/system/cpu/cpu$cpu/topology"
done
echo 0-6,8,10 >"$host/sys/devices/system/cpu/online"
run "siblings down" 0 $program --root "$host" --map "$map"
for cpu in 7 9 11; do
	drawn "CPU $cpu press offline" "$dark"
done
drawn "CPU 8 press vcpu1" "$blue"
undrawn "not drawn"

offline=$work/offline
sh "$tree/tests/bench/make-host" offline-12cpu "$offline" || exit 1
cat >"$offline/etc/kvmrt.cfg" <<'END'
[22222222-2222-4222-8222-222222222222]
name = office
cpuset = 2
END
run "cores that are not known" 0 $program --root "$offline" --map "$map"
drawn "CPU 2 office"
undrawn "CPU 3 "
drawn "not drawn, since they are offline and their cores not known: CPUs 3,9"

cat >"$host/etc/kvmrt.cfg" <<'END'
[11111111-1111-4111-8111-111111111111]
name = press
rt = yes
nr_vcpus = 2
cpuset = 4,8,10
numatune = 0-1
pcidevs = 0000:83:00.0

[22222222-2222-4222-8222-222222222222]
name = office
cpuset = 2,10
END
run "a bad configuration" 3 $program --root "$host" --map "$map"
has err "[cpu-overlap]"
drawn "CPU 10 press+office!3" "$red"
drawn "CPU 4 press vcpu0!1" "$red"
drawn "CPU 8 press vcpu1" "$blue"
drawn "press!2" "$red"
drawn "not passed!2" "$red"
looks
drawn "!3 office: CPU 10 is also of real-time guest 'press' (line 5)"
sed 's/^numatune = 0-1/&\naccept = several-nodes, numatune-off, pci-no-iommu/' "$host/etc/kvmrt.cfg" >"$work/accept.cfg"
run "accepted warnings" 3 $program --root "$host" -f "$work/accept.cfg" --map "$map"
drawn "CPU 4 press vcpu0" "$blue"

good
sed -i 's/^rt = yes/rt = perhaps/' "$host/etc/kvmrt.cfg"
rm -f "$map"
run "a broken text" 3 $program --root "$host" --map "$map"
[ ! -e "$map" ]
result $? "$name: is not drawn"

good
mkdir "$work/dir.svg"
ln -s "$work/first.svg" "$work/link.svg"
mkfifo "$work/fifo.svg"
for kind in dir link fifo; do
	run "a $kind in the way" 1 $program --root "$host" \
		--map "$work/$kind.svg"
	has err "not a plain file"
done
[ -h "$work/link.svg" ] && [ -p "$work/fifo.svg" ] && [ -d "$work/dir.svg" ]
result $? "they are left as they are"
run "no such directory" 1 $program --root "$host" --map "$work/none/map.svg"
has err "make a file beside"

run "a description" 0 $program --root "$host" --map "$map" \
	--topology 'pack:2 [numa] l3:1 core:3 pu:2'
drawn "CPU 9 press offline" "$dark"
drawn "L3 (16MB)"

# On a large host only what matters is drawn by itself.
cat >"$work/large.cfg" <<'END'
[11111111-1111-4111-8111-111111111111]
name = press
rt = yes
nr_vcpus = 2
cpuset = 132-134

[22222222-2222-4222-8222-222222222222]
name = office
nr_vcpus = 2
cpuset = 8-15

[33333333-3333-4333-8333-333333333333]
name = plc2
rt = yes
nr_vcpus = 6
cpuset = 140-150,20
END
for shape in 8 32; do
	run "$((shape * 32)) CPUs" 3 $program -f "$work/large.cfg" --map "$map" \
		--topology "pack:2 [numa] l3:$shape core:8 pu:2"
	looks
	drawn "Cores c0-3"
	drawn "CPUs 0-7" "255,255,255"
	drawn "CPU 8 office"
	drawn "Core c67"
	drawn "CPU 134 press vcpu1!1" "$red"
	drawn "!1 press: 2 vCPUs and the service threads need 3 CPUs, cpuset has 2 usable, as SMT siblings (133) go"
	drawn "CPU 150 plc2 service"
	drawn "'Cores' and 'CPUs' in one box: no guest uses them"
	# Each CPU stands in one box.
	grep -oE '>CPUs? [0-9,-]+' "$map" | sed 's/.* //' | tr ',' '\n' |
		awk -F- '{ for (cpu = $1; cpu <= (NF > 1 ? $2 : $1); cpu++)
				print cpu }' | sort -n >"$work/here"
	seq 0 $((shape * 32 - 1)) | cmp -s - "$work/here"
	result $? "$name: each is drawn, and drawn once"
	[ "$(grep -c "class='Core'" "$map")" -le 60 ] &&
		[ "${size%,*}" -le 1600 ] && [ "${size#*,}" -le 1200 ]
	result $? "$name: the map fits on a screen: $size"
done
cat >"$work/small.cfg" <<'END'
[11111111-1111-4111-8111-111111111111]
name = press
cpuset = 0
END
run "two CPUs" 0 $program -f "$work/small.cfg" --map "$map" \
	--topology 'core:2 pu:1'
looks

# The guide's configuration is that of the guide's picture.
sed -n '/^## The configuration of the picture/,$s/^    //p' \
	"$tree/docs/choosing-cpus.md" >"$work/guide.cfg"
run "the guide" 0 $program -f "$work/guide.cfg" --map "$map" \
	--topology 'pack:2 [numa] l3:1 core:8 pu:2'
drawn "CPU 18 plc1 vcpu0" "$blue"
grep -oE '>(CPU|Core|Package) [^<]*<' "$map" >"$work/here"
grep -oE '>(CPU|Core|Package) [^<]*<' "$tree/docs/map.svg" |
	cmp -s - "$work/here"
result $? "docs/map.svg shows what the guide's configuration says"

map=$tree/docs/map.svg
looks

if $draw --help 2>&1 | grep -q 'png'; then
	map=$work/map.png
	run "PNG" 0 $program --root "$host" --map "$map"
	[ "$(head -c 4 "$map" | tail -c 3)" = PNG ]
	result $? "it is a PNG file"
	alone
fi

finish
