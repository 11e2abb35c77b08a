# shellcheck shell=bash disable=SC2016,SC2034,SC2154
# What is lost, what the clock does, and what it costs when there is nothing to do.

# ---- connection tracking ----

FLOWS=50000 # their events need more than the buffer of the capture's socket

conntrack_has_lost() {
	kill -USR1 "${CAPTURE_PID[$1]}"
	grep -Eq '[1-9][0-9]* losses$' "$LAB/$1.log"
}

test_overrun() {
	ip netns exec lb-client sysctl -qw net.netfilter.nf_conntrack_udp_timeout=300
	ip netns exec lb-router nft add rule ip lab early udp dport 10000-59999 drop
	begin lb-client overrun -i lb-c0 -f 'udp port 53' -o "$LAB/overrun.db"
	ready overrun
	kill -STOP "${CAPTURE_PID[overrun]}"
	ip netns exec lb-client "$LAB/blast" 10.88.1.1 10000-59999 20 0 "$FLOWS" >/dev/null
	kill -CONT "${CAPTURE_PID[overrun]}"
	lab_until "news of the loss" conntrack_has_lost overrun
	stop overrun
	equal overrun-is-no-end "$status" 0
	said overrun-is-counted overrun '; [0-9]+ conntrack events, [1-9][0-9]* losses$'
	holds overrun-is-in-the-statistics overrun.db "SELECT max(lost) > 0 FROM statistics WHERE subject = 'conntrack'"
	holds overrun-is-recorded-with-its-time overrun.db "SELECT count(*) > 0 AND min(count) > 0 AND min(time_ns BETWEEN begin_ns AND end_ns)
		FROM events JOIN sessions WHERE kind = 'conntrack-overrun'"
	holds overrun-loses-events overrun.db "SELECT count(*) < $FLOWS FROM conntrack WHERE kind = 0 AND destination_port >= 10000"
	# The listing after the loss and that at the end each have them all.
	holds listing-makes-up-for-it overrun.db "SELECT count(*) = $FLOWS AND min(listed) >= 2 FROM (SELECT count(*) AS listed FROM conntrack
		WHERE kind = 3 AND destination_port BETWEEN 10000 AND 59999
		AND time_ns >= (SELECT min(time_ns) FROM events WHERE kind = 'conntrack-overrun') GROUP BY destination_port)"
}

# ---- nothing ----

# What the threads of a capture have used: wake-ups, and CPU time in ticks.
used_by() {
	local pid=${CAPTURE_PID[$1]}
	awk '$1 == "voluntary_ctxt_switches:" { wakes += $2 } FILENAME ~ /stat$/ { ticks += $14 + $15 } END { print wakes, ticks }' \
		"/proc/$pid/task/"*/status "/proc/$pid/task/"*/stat
}

# It waits for all that there is, and nothing of it comes: in a namespace of its own, as the others still have connections that end.
test_idle() {
	local before after
	ip netns add lb-idle
	ip -n lb-idle link set lo up
	ip netns exec lb-idle nft 'add table ip lab; add chain ip lab out { type filter hook output priority 0; };
		add rule ip lab out ct state new log group 6'
	begin lb-idle idle -i any -i lo --nflog 6 -o "$LAB/idle.db"
	ready idle
	sleep 1
	before=$(used_by idle)
	sleep 3
	after=$(used_by idle)
	equal idle-wakes-nobody "$after" "$before"
	stop idle
	equal idle-has-no-packets "$(rows idle.db 'SELECT count(*) FROM packets')" 0
}

# ---- the clock ----

# step_clock NANOSECONDS
step_clock() {
	python3 -c 'import sys, time
time.clock_settime_ns(time.CLOCK_REALTIME, time.clock_gettime_ns(time.CLOCK_REALTIME) + int(sys.argv[1]))' "$1"
}

has_steps() {
	[ "$(rows "$1" "SELECT count(*) FROM events WHERE kind = 'clock-step'")" = "$2" ]
}

# There is one clock for all of the machine, no namespace has its own.  It is set by 2 ms, and put back at once.
test_clock() {
	if [ -z "${NETTRACE_LAB_SETS_CLOCK-}" ]; then
		skip clock-step "it sets the clock of this machine: NETTRACE_LAB_SETS_CLOCK=1 allows it"
		return
	fi
	begin lb-client clock -i lo -o "$LAB/clock.db"
	ready clock
	step_clock 2000000
	lab_until "the step forward" has_steps clock.db 1
	step_clock -2000000
	lab_until "the step back" has_steps clock.db 2
	stop clock
	said clock-step-forward-is-told clock 'the clock was set forward by 0\.002 s'
	said clock-step-back-is-told clock 'the clock was set back by 0\.002 s'
	holds clock-steps-are-recorded clock.db "SELECT count(*) = 2 AND min(count) BETWEEN -2500000 AND -1500000
		AND max(count) BETWEEN 1500000 AND 2500000 FROM events WHERE kind = 'clock-step' AND subject = 'CLOCK_REALTIME'"
}
