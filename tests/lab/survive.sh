# shellcheck shell=bash disable=SC2016,SC2034,SC2154
# What a device does to a capture.

# refuses NAME PATTERN OPTION...: status 1 and a message, while nothing is captured.
refuses() {
	local name=$1 pattern=$2
	shift 2
	begin lb-client "$name" "$@"
	ended "$name" "$name" 1
	said "$name-says-why" "$name" "$pattern"
}

# An interface of the link type IrDA, which no program of today reads: a tunnel that says so.
odd_link() {
	ip -n lb-client tuntap add "$1" mode tun
	ip netns exec lb-client python3 -c 'import fcntl, struct, sys
TUNSETIFF, TUNSETLINK, IFF_TUN, IFF_NO_PI, ARPHRD_IRDA = 0x400454CA, 0x400454CD, 1, 0x1000, 783
with open("/dev/net/tun", "r+b", buffering=0) as tun:
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", sys.argv[1].encode(), IFF_TUN | IFF_NO_PI))
    fcntl.ioctl(tun, TUNSETLINK, ARPHRD_IRDA)' "$1"
	ip -n lb-client link set "$1" up
}

test_trouble() {
	refuses wrong-filter 'cannot compile the filter' -i lo -f 'port port' -o "$LAB/x.db"
	refuses missing-interface 'no-such0' -i no-such0 -o "$LAB/x.db"
	begin lb-client partly -i no-such0 -i lo --duration 1ms -o "$LAB/partly.db"
	ended one-of-two-interfaces-is-enough partly 0
	holds missing-interface-is-recorded partly.db "SELECT count(*) = 1 FROM events WHERE kind = 'interface-missing' AND subject = 'no-such0'"
	odd_link lb-odd
	begin lb-client odd -i lb-odd -i lo --duration 1ms -o "$LAB/odd.db"
	ended unknown-link-type-is-no-end odd 0
	said unknown-link-type-is-named odd 'does not read packets of its link type LINUX_IRDA'
	holds unknown-link-type-is-recorded odd.db "SELECT count(*) = 1 FROM events WHERE kind = 'interface-missing' AND subject = 'lb-odd'"
	ip -n lb-client tuntap delete lb-odd mode tun
	begin lb-client first -i lo -o "$LAB/shared.db"
	ready first
	refuses second-capture-into-one-file 'another process is writing it' -i lo -o "$LAB/shared.db"
	stop first
	equal first-capture-goes-on "$status" 0
	equal files-are-private "$(stat -c %a "$LAB/shared.db")" 600
	begin lb-server no-conntrack -i lo --no-conntrack --duration 1ms -o "$LAB/no-conntrack.db"
	ended no-conntrack no-conntrack 0
	said no-conntrack-is-told no-conntrack 'no connection tracking$'
	check_conntrack
}

# Switches of the connection tracking that stay off; and a kernel without any.
check_conntrack() {
	begin lb-server uncounted -i lo --keep-sysctls --duration 1ms -o "$LAB/uncounted.db"
	ended conntrack-without-counters uncounted 0
	said missing-counters-are-told uncounted 'connection tracking tells less than it could: .*nf_conntrack_acct is not 1'
	holds missing-counters-are-recorded uncounted.db "SELECT count(*) = 1 FROM events WHERE kind = 'conntrack-incomplete'"
	begin lb-server probing -i lo --duration 1ms -o "$LAB/probing.db"
	finish probing
	if ! grep -q 'this kernel has none' "$LAB/probing.log"; then
		skip kernel-without-conntrack "this kernel has it"
		return
	fi
	equal kernel-without-conntrack "$status" 0
	holds kernel-without-conntrack-is-recorded probing.db "SELECT count(*) = 1 FROM events WHERE kind = 'conntrack-missing'"
}

# small NAME SIZE: an own file system in $LAB/mount/NAME.
small() {
	mkdir -p "$LAB/mount/$1"
	mount -t tmpfs -o "size=$2,mode=755" lab "$LAB/mount/$1"
}

has_packets() {
	[ "$(rows "$1" 'SELECT count(*) > 0 FROM packets')" = 1 ]
}

test_places() {
	small full 1m
	small fixed 4m
	mount -o remount,ro "$LAB/mount/fixed"
	refuses read-only-directory 'cannot be made: Read-only file system' -i lo -o "$LAB/mount/fixed/new.db"
	refuses missing-directory 'cannot be made: No such file' -i lo -o "$LAB/nowhere/new.db"
	mkdir "$LAB/moved" "$LAB/deleted"
	begin lb-client moved -i lb-c0 -o "$LAB/moved/t.db"
	begin lb-client deleted -i lb-c0 -o "$LAB/deleted/t.db"
	ready moved deleted
	begin lb-client full -i lb-c0 -o "$LAB/mount/full/t.db"
	ready full
	begin lb-client limited -i lb-c0 -o "$LAB/limited.db"
	prlimit --pid "${CAPTURE_PID[limited]}" --fsize=700000
	ready limited
	# Slow enough for a few transactions before the end.
	blast_begin 400 1000
	ended disk-full full 1
	said disk-full-says-so full 'the disk is full'
	ended file-size-limit limited 1
	said file-size-limit-says-so limited "limit of a file's size"
	lab_until "packets in moved/t.db" has_packets moved/t.db
	mv "$LAB/moved" "$LAB/elsewhere"
	rm -r "$LAB/deleted"
	ended directory-that-moves moved 1
	said directory-that-moves-is-told moved 'the file or its directory was moved or deleted'
	ended directory-that-vanishes deleted 1
	said directory-that-vanishes-is-told deleted 'the file or its directory was moved or deleted'
	blast_end
	equal directory-that-moves-keeps-the-file-intact "$(rows elsewhere/t.db 'PRAGMA integrity_check')" ok
	holds directory-that-moves-keeps-packets elsewhere/t.db 'SELECT count(*) > 0 FROM packets'
	cp "$LAB/mount/full/t.db" "$LAB/full.db"
	equal disk-full-is-intact "$(rows full.db 'PRAGMA integrity_check')" ok
	holds disk-full-keeps-packets full.db 'SELECT count(*) > 50 FROM packets'
	holds file-size-limit-keeps-packets limited.db 'SELECT count(*) > 50 FROM packets'
}

events_of() {
	rows "$1" "SELECT group_concat(kind, ' ') FROM events"
}

# has_said CAPTURE TEXT [TIMES]
has_said() {
	[ "$(grep -c "$2" "$LAB/$1.log")" -ge "${3:-1}" ]
}

test_interfaces() {
	ip -n lb-client link add lb-d0 type veth peer name lb-d1
	ip -n lb-client link set lb-d1 up
	ip -n lb-client link set lb-d0 up
	begin lb-client away -i lb-d0 -i lo -o "$LAB/away.db"
	ready away
	ip -n lb-client link set lb-d0 down
	lab_until "news of the interface" has_said away 'waiting for it'
	ip -n lb-client link set lb-d0 up
	lab_until "the interface" has_said away 'lb-d0 is back'
	ip -n lb-client link delete lb-d0
	lab_until "news of the interface" has_said away 'waiting for it' 2
	ip -n lb-client link add lb-d0 type veth peer name lb-d1
	ip -n lb-client link set lb-d1 up
	ip -n lb-client link set lb-d0 up
	lab_until "the interface" has_said away 'is back' 2
	stop away
	equal interfaces-come-and-go "$status" 0
	equal interfaces-that-went-are-recorded "$(events_of away.db)" "interface-down interface-up interface-down interface-up"
	ip -n lb-client link delete lb-d0
}

# ---- kill -9 ----

kill_at_random() {
	local pid=$1 name=$2
	sleep "$((RANDOM % 2)).$(printf '%03d' $((RANDOM % 1000)))"
	date +%s%N >"$LAB/$name.killed"
	kill -KILL "$pid"
}

# The datagrams are numbered: those of the file follow each other, and the last is at most a second old, or no second had passed.
KILLED_SQL="SELECT CASE
	WHEN (SELECT max(n) - min(n) + 1 - count(*) FROM (SELECT CAST(CAST(substr(bytes, 43, 10) AS TEXT) AS INTEGER) AS n FROM packets)) <> 0
	THEN 'a gap in the packets'
	WHEN coalesce((SELECT max(time_ns) FROM packets), begin_ns) <= %s - 1000000000
	THEN 'more than the last second is missing'
	END FROM sessions"

check_killed() {
	local name=$1 hot lost
	# Nothing is there yet, or only an empty file: that was early.
	[ -s "$LAB/$name.db" ] || return 0
	hot=$(stat -c %s "$LAB/$name.db-journal" 2>/dev/null || echo 0)
	if [ "$hot" != 0 ]; then
		cp "$LAB/$name.db" "$LAB/maybe-hot.db"
		cp "$LAB/$name.db-journal" "$LAB/maybe-hot.db-journal"
	fi
	[ "$(sqlite3 "$LAB/$name.db" 'PRAGMA integrity_check')" = ok ] || { echo "$name: damaged"; return 1; }
	# shellcheck disable=SC2059
	lost=$(sqlite3 "$LAB/$name.db" "$(printf "$KILLED_SQL" "$(cat "$LAB/$name.killed")")" 2>&1)
	case $lost in
	'' | *'no such table'*) ;;
	*) echo "$name: $lost"; return 1 ;;
	esac
	# One that was killed before its session was begun is empty again.
	if [ "$hot" != 0 ] && [ "$(rows "$name.db" 'SELECT count(*) FROM sessions')" = 1 ]; then
		mv "$LAB/maybe-hot.db" "$LAB/hot.db"
		mv "$LAB/maybe-hot.db-journal" "$LAB/hot.db-journal"
	fi
} 2>/dev/null

test_kills() {
	local wave i name bad=0 with_packets=0
	blast_begin 1000
	for wave in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		for i in 0 1 2 3 4; do
			name=kill-$wave-$i
			begin lb-client "$name" -i lb-c0 -f 'udp port 9' --no-conntrack -o "$LAB/$name.db"
			kill_at_random "$LAB_PID" "$name" &
		done
		for i in 0 1 2 3 4; do
			finish "kill-$wave-$i" 2>/dev/null
		done
	done
	blast_end
	for name in "$LAB"/kill-*.killed; do
		name=$(basename "$name" .killed)
		check_killed "$name" || bad=$((bad + 1))
		[ "$(rows "$name.db" 'SELECT count(*) > 0 FROM packets')" != 1 ] || with_packets=$((with_packets + 1))
	done
	equal hundred-kills "$bad" 0
	check most-were-killed-while-they-wrote [ "$with_packets" -ge 40 ]
	[ -s "$LAB/hot.db-journal" ] || { skip left-over-journal "no kill left one"; return; }
	small journal 64m
	cp "$LAB/hot.db" "$LAB/hot.db-journal" "$LAB/mount/journal/"
	mount -o remount,ro "$LAB/mount/journal"
	trace hot mount/journal/hot.db
	equal left-over-journal-on-a-read-only-medium "$status" 0
}
