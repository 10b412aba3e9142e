#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# docs.sh - the manual pages name every finding, key and option, and no others
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

page=$tree/docs/kvmrt.cfg.5

# A call's code stands on the line of its severity or on the next one.
codes=$(cat "$tree"/lib/core/check/check*.c "$tree"/lib/core/model/guest.c \
	"$tree"/lib/core/config/config*.c | tr '\n\t' '  ' |
	grep -oE '(RT_(ERROR|WARNING), *([a-z>-]+, *)?|code = )"[a-z0-9-]+"' |
	sed 's/.*"\(.*\)"/\1/' | sort -u)
explained=$(sed -n '/^\.Sh FINDINGS/,/^\.Sh FILES/s/^\.It Li //p' "$page" |
	tr -d ',' | tr -s ' ' '\n' | sort -u)
name="codes of the rules"
for code in $codes; do
	echo "$explained" | grep -qx -- "$code"
	result $? "kvmrt.cfg.5 explains $code"
done
for code in $explained; do
	grep -qF "\"$code\"" "$tree"/lib/core/*/*.c
	result $? "there is a $code to explain"
done
for code in $(cat "$tree"/lib/core/check/check*.c | tr '\n\t' '  ' |
	grep -oE 'RT_(ERROR|WARNING), *"[a-z0-9-]+"' |
	sed 's/.*"\(.*\)"/\1/' | sort -u); do
	sed -n '/^ \* Errors:/,/^ \*\//p' "$tree/lib/core/check/check.h" |
		tr -d '*,' | tr -s ' ' '\n' | grep -qx -- "$code"
	result $? "check.h lists $code"
done

# What accept takes: the warnings, all of them.
sed -n '/^static const char \*const codes/,/^};/p' \
	"$tree/lib/core/config/config_accept.c" | grep -oE '"[a-z0-9-]+"' |
	tr -d '"' | sort >"$work/accepted"
{
	sed -n '/^ \* Warnings:/,/^ \* What/s/^ \*   \([a-z0-9, -]*[a-z0-9]\)  .*/\1/p' \
		"$tree/lib/core/check/check.h" | tr -d ',' | tr -s ' ' '\n'
	tr '\n\t' '  ' <"$tree/lib/core/config/config_parse.c" |
		grep -oE 'RT_WARNING, *parser->key->line, *"[a-z-]+"' |
		sed 's/.*"\(.*\)"/\1/'
} | sed '/^$/d' | sort >"$work/want"
cmp -s "$work/accepted" "$work/want"
result $? 'accept takes the code of each warning, and no other' ||
	diff "$work/accepted" "$work/want"

checks=$(cat "$tree"/tools/common/host_checks*.c "$tree/tools/validate-host.c" |
	tr '\n\t' '  ' | grep -oE 'rt_host_check_add\( *checks, *"[a-z-]+"' |
	sed 's/.*"\(.*\)"/\1/' | sort -u)
explained=$(sed -n '/^\.Sh CHECKS/,/^\.Sh EXIT/s/^\.It Li //p' \
	"$tree/docs/kvmrt-validate-host.1" | tr -d ',' | tr -s ' ' '\n' | sort -u)
[ "$(echo "$checks" | wc -l)" -gt 20 ] && [ "$checks" = "$explained" ]
result $? 'kvmrt-validate-host.1 explains each check, and no other' || {
	echo "$checks" >"$work/want"
	echo "$explained" | diff "$work/want" - | sed 's/^/# /'
}

for key in $(sed -n 's/.*\[RT_KEY_[A-Z_]*\] = { "\([a-z_]*\)".*/\1/p' \
	"$tree/lib/core/config/config_value.c"); do
	grep -qE "^\.It Ic $key No = " "$page"
	result $? "kvmrt.cfg.5 has the key $key"
done

for program in kvmrt-validate-config kvmrt-show-config kvmrt-import \
	kvmrt-sync-config kvmrt-edit-config kvmrt-place kvmrt-boot kvmrt-shutdown \
	kvmrt-stat kvmrt-noise kvmrt-prove kvmrt-validate-host kvmrt-host kvmrt; do
	page=$tree/docs/$program.1
	run "$program" 0 $program --help
	helped=$(grep -oE '^ {6}--[a-z]+|^  -[a-zA-Z], --[a-z]+' \
		"$work/out" | grep -oE -- '--[a-z]+' | sort -u)
	paged=$(sed -n 's/^\.It .*Fl -\([a-z]*\).*/--\1/p' "$page" | sort -u)
	[ -n "$helped" ] && [ "$helped" = "$paged" ]
	result $? "$program: the options of --help are those of the page" ||
		echo "# help: $helped; page: $paged" | tr '\n' ' '
done

# Each metric, with the end that its type asks for.
sed -n 's/.*family(out, "\([a-z_]*\)", "info".*/kvmrt_\1_info/p
	s/.*family(out, "\([a-z_]*\)", "gauge".*/kvmrt_\1/p
	s/.*add_counter(stat, "\([a-z_]*\)".*/kvmrt_\1_total/p' \
	"$tree/tools/common/stat_metrics.c" | sort >"$work/out"
sed -n '/^\.Sh METRICS/,/^\.Sh EXIT/s/^\.It Li //p' "$tree/docs/kvmrt-stat.1" |
	sed 's/ Ns .*//; s/ *, /\n/g' | sort >"$work/metrics"
name='kvmrt-stat.1 explains each metric, and no other'
is out <"$work/metrics"

for guide in "$tree"/docs/*.md; do
	grep -q "^\.Pa ${guide##*/}\( \|\$\)" "$tree/docs/kvmrt.7"
	result $? "kvmrt.7 names ${guide##*/}"
	grep -qF "docs/${guide##*/}" "$tree/README.md"
	result $? "README.md names ${guide##*/}"
	# Each link of a guide leads to a file beside it.
	for link in $(grep -oE '\]\([^):#]*\)' "$guide" | tr -d '()]'); do
		[ -e "$tree/docs/$link" ]
		result $? "${guide##*/}: there is $link"
	done
done

# Configurations that guides show; getting-started's is typed in the lab.
for guide in README.md docs/choosing-cpus.md; do
	awk '/^    \[/ { on = 1 } /^[^ ]/ { on = 0 } on' "$tree/$guide" |
		sed 's/^    //' >"$work/guide.cfg"
	[ -s "$work/guide.cfg" ]
	result $? "$guide shows a configuration"
	run "$guide" 0 kvmrt-validate-config -f "$work/guide.cfg" \
		--topology 'pack:2 [numa] core:8 pu:2'
done

# offered WORD: --help, in $work/out, has that option, or each of those letters
offered() {
	case $1 in
	--*) grep -qE -- "(^|[ ,])$1( |$)" "$work/out" ;;
	*) for letter in $(echo "${1#-}" | sed 's/./& /g'); do
		grep -qE -- "^  -${letter}[, ]" "$work/out" || return
	done ;;
	esac
}

# Guides: "kvmrt-NAME WORD..." up to what cannot be part of a command.
for guide in "$tree"/README.md "$tree"/CONTRIBUTING.md "$tree"/docs/*.md; do
	grep -oE 'kvmrt-[a-z]+(-[a-z]+)?( [^`#|;),]*)?' "$guide" | sort -u
done >"$work/typed"
name='commands in the guides'
[ "$(wc -l <"$work/typed")" -gt 20 ]
result $? "$name are found"
while read -r program words; do
	[ -x "$bin/$program" ] || continue
	"$bin/$program" --help >"$work/out"
	# shellcheck disable=SC2086 # one word each
	for word in $(printf '%s\n' $words | grep -E '^-' | tr -d ":.*'"); do
		offered "$word"
		result $? "a guide's $program $word is in its --help"
	done
done <"$work/typed"
for program in $(cut -d' ' -f1 "$work/typed" | sort -u); do
	[ -x "$bin/$program" ] || [ -e "$tree/docs/$program.8" ] ||
		[ -e "$tree/etc/systemd/$program.service" ] ||
		[ "$program" = kvmrt-sync ]
	result $? "$name: there is a $program"
done

if command -v groff >/dev/null; then
	for page in "$tree"/docs/*.[1578]; do
		groff -mdoc -Tutf8 -ww -z "$page" 2>"$work/err"
		# shellcheck disable=SC2034 # of the check below
		name=${page##*/}
		empty err
		! groff -mdoc -Tutf8 "$page" 2>"$work/err" | grep BSD
		result $? "$name: header and footer name no other system"
	done
fi

finish
