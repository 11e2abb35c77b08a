# shellcheck shell=bash disable=SC2016,SC2034,SC2154
# Counting, and running nettrace-capture: once, or several at a time.

passed=0 failed=0 skipped=0 status=0
: "${capture:=}" "${analyze:=}"
declare -A CAPTURE_PID=()
as=() # a command that runs nettrace-capture: as whom, or with what

ok() {
	passed=$((passed + 1))
	echo "ok $1"
}

fail() {
	failed=$((failed + 1))
	echo "FAILED $1: $2"
}

skip() {
	skipped=$((skipped + 1))
	echo "skipped $1: $2"
}

# check NAME COMMAND...: the command succeeds.
check() {
	local name=$1
	shift
	if "$@" >"$LAB/check.out" 2>&1; then
		ok "$name"
	else
		fail "$name" "$* $(head -n 3 "$LAB/check.out")"
	fi
}

equal() {
	if [ "$2" = "$3" ]; then ok "$1"; else fail "$1" "'$2', not '$3'"; fi
}

# said NAME CAPTURE PATTERN: in the messages of a capture that was begun as CAPTURE.
said() {
	if grep -Eq -- "$3" "$LAB/$2.log"; then ok "$1"; else fail "$1" "no '$3' in: $(tail -n 3 "$LAB/$2.log")"; fi
}

# ended NAME CAPTURE STATUS: waits for it.
ended() {
	finish "$2"
	if [ "$status" = "$3" ]; then ok "$1"; else fail "$1" "status $status, not $3: $(tail -n 3 "$LAB/$2.log")"; fi
}

# rows FILE SQL: what it says, without decoration.
rows() {
	sqlite3 -readonly "$LAB/$1" "$2" 2>&1
}

# holds NAME FILE SQL: the query's answer is 1.
holds() {
	local answer
	answer=$(rows "$2" "$3")
	if [ "$answer" = 1 ]; then ok "$1"; else fail "$1" "'$answer' is the answer to $3"; fi
}

# begin NAMESPACE NAME OPTION...: nettrace-capture in the background; its messages go to $LAB/NAME.log.
begin() {
	local ns=$1 name=$2
	shift 2
	lab_spawn "$ns" "$name" "${as[@]}" env --default-signal=INT "$capture" "$@"
	CAPTURE_PID[$name]=$LAB_PID
}

is_ready() {
	grep -q 'capturing on' "$LAB/$1.log" || ! kill -0 "${CAPTURE_PID[$1]}" 2>/dev/null
}

# ready NAME...: returns when they capture.
ready() {
	local name
	for name; do
		lab_until "the capture $name" is_ready "$name"
	done
}

has_ended() {
	[ ! -e "/proc/$1" ] || grep -qs '^State:.*zombie' "/proc/$1/status"
}

finish() {
	lab_until "the end of the capture $1" has_ended "${CAPTURE_PID[$1]}"
	lab_wait "${CAPTURE_PID[$1]}"
	status=$?
}

# stop NAME: as a user does.
stop() {
	kill -INT "${CAPTURE_PID[$1]}"
	finish "$1"
}

# trace NAME FILE [OPTION...]: the JSON trace goes to $LAB/NAME.json.
trace() {
	local name=$1 file=$2
	shift 2
	"$analyze" -q --json "$@" "$LAB/$file" >"$LAB/$name.json" 2>"$LAB/$name.err"
	status=$?
}

# json NAME TRACE FILTER: the jq filter says true.
json() {
	if jq -e "$3" "$LAB/$2.json" >/dev/null 2>"$LAB/check.out"; then
		ok "$1"
	else
		fail "$1" "not so: $3 $(head -n 3 "$LAB/check.out")"
	fi
}
