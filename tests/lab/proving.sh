# SPDX-License-Identifier: LGPL-2.1-or-later
# kvmrt-prove in scenarios: started, awaited, and what it says. LIMIT is what emulation meets.
# shellcheck shell=sh

TRACES=/sys/kernel/tracing/instances
REPORT=/run/prove.json

# prove_on OPTION...: it measures until prove_off.
prove_on() {
	kvmrt-prove --json --limit $LIMIT "$@" rt1 >$REPORT 2>/run/prove.err &
	_prover=$!
	wait_for 300 meter_records "$_prover" || diag "$(cat /run/prove.err)"
}

# prove_off STATUS VERDICT NAME
prove_off() {
	wait "$_prover"
	_got=$?
	is "$_got $(verdict)" "$1 $2" "$3" || diag "$(reasons)
$(cat /run/prove.err)"
	is "$(ls $TRACES)" '' 'no trace instance is left'
}

verdict() {
	python3 -c 'import json; print(json.load(open("/run/prove.json"))["verdict"])'
}

reasons() {
	python3 -c 'import json
for reason in json.load(open("/run/prove.json"))["reasons"]: print(reason["weight"], reason["text"])'
}

# outliers: a line "CPU KIND NAME CAUSE" for what was the most of each time over the limit; "-" where the cause is not known.
outliers() {
	python3 - <<-'EOP'
	import json
	for outlier in json.load(open("/run/prove.json"))["outliers"]:
	    if outlier["over"] and outlier["parts"]:
	        part = outlier["parts"][0]
	        cause = part["cause"]
	        who = " ".join(filter(None, [cause["by"], cause["name"], cause.get("function")]))
	        print(outlier["cpu"], part["kind"], part["name"] or "-", who.replace("unknown", "-"), sep="\t")
	EOP
}
