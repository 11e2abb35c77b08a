# shellcheck shell=bash disable=SC2016,SC2034,SC2154
# As whom it runs.

CAP_NET_RAW=$((1 << 13)) CAP_NET_ADMIN=$((1 << 12))

status_of() {
	sed -n "s/^$2:[[:space:]]*//p" "/proc/${CAPTURE_PID[$1]}/status" | xargs
}

uid_of() {
	status_of "$1" Uid | cut -d' ' -f1
}

# The threads of a capture, but for its first, that have any capability.
other_threads_with_capabilities() {
	local pid=${CAPTURE_PID[$1]}
	find "/proc/$pid/task" -mindepth 2 -maxdepth 2 -name status -not -path "*/task/$pid/*" -exec grep -lE '^Cap(Prm|Eff|Inh|Amb):.*[1-9a-f]' {} +
}

# has_only NAME CAPTURE CAPABILITIES SET...: in none of the sets is there another.
has_only() {
	local set
	for set in "${@:4}"; do
		equal "$1-$set" "$((0x$(status_of "$2" $set) & ~$3))" 0
	done
}

check_users() {
	equal runs-as-nobody "$(uid_of dropped)" "$(id -u nobody)"
	equal groups-of-root-are-dropped "$(status_of dropped Groups)" ""
	equal runs-as-the-user-of-Z "$(uid_of named)" "$(id -u daemon)"
	equal user-of-Z-has-its-groups "$(status_of named Groups)" "$(id -g daemon) 64999"
	equal runs-as-who-called-sudo "$(uid_of sudo)" "$(id -u daemon)"
	equal who-called-sudo-has-no-groups "$(status_of sudo Groups)" ""
}

check_capabilities() {
	equal no-new-privileges "$(status_of dropped NoNewPrivs)" 1
	has_only only-two-capabilities dropped "$((CAP_NET_RAW | CAP_NET_ADMIN))" CapPrm CapEff CapBnd CapInh CapAmb
	equal one-capability-without-conntrack "$((0x$(status_of named CapPrm)))" "$CAP_NET_RAW"
	equal two-threads "$(find "/proc/${CAPTURE_PID[dropped]}/task" -mindepth 1 -maxdepth 1 | wc -l)" 2
	equal writing-thread-has-no-capability "$(other_threads_with_capabilities dropped)" ""
}

check_modes() {
	equal files-are-0600 "$(stat -c %a "$LAB/dropped.db" "$LAB/dropped.db-journal" | xargs)" "600 600"
	equal file-belongs-to-who-called-sudo "$(stat -c '%U %a' "$LAB/daemon/sudo.db")" "daemon 600"
}

test_privileges() {
	{ cat /etc/group && echo 'lab-group:x:64999:daemon'; } >/etc/netns/lb-client/group
	as=(setpriv --groups 4,24,27)
	begin lb-client dropped -i lo -o "$LAB/dropped.db"
	begin lb-client named -i lo --no-conntrack -Z daemon -o "$LAB/named.db"
	install -d -o daemon "$LAB/daemon"
	as=(env SUDO_UID="$(id -u daemon)" SUDO_GID="$(id -g daemon)" setpriv --groups 4,24,27)
	begin lb-client sudo -i lo -o "$LAB/daemon/sudo.db"
	as=()
	ready dropped named sudo
	rm /etc/netns/lb-client/group
	check_users
	check_capabilities
	check_modes
	stop dropped
	stop named
	stop sudo
	equal no-empty-journal-stays "$(find "$LAB/dropped.db-journal" "$LAB/named.db-journal" "$LAB/daemon/sudo.db-journal" 2>/dev/null)" ""
	begin lb-client nobody -Z no-such-user -i lo -o "$LAB/nobody.db"
	ended unknown-user nobody 1
	said unknown-user-is-named nobody 'there is no user no-such-user'
}

# ---- without root ----

# begin_capable NAME CAPABILITIES OPTION...: as nobody, a copy of the program that has these file capabilities ("": none).
begin_capable() {
	local name=$1 capabilities=$2 program=$capture capture=$LAB/nobody/$1
	shift 2
	cp "$program" "$capture"
	[ -z "$capabilities" ] || setcap "$capabilities" "$capture"
	as=(setpriv --reuid nobody --regid nogroup --clear-groups)
	begin lb-client "$name" "$@" -o "$LAB/nobody/$name.db"
	as=()
}

test_setcap() {
	install -d -o nobody -m 700 "$LAB/nobody"
	begin_capable capable cap_net_raw,cap_net_admin+ep -i lb-c0 -f 'udp port 7' -c 5
	ready capable
	equal setcap-runs-as-its-user "$(uid_of capable)" "$(id -u nobody)"
	has_only setcap-keeps-two-capabilities capable "$((CAP_NET_RAW | CAP_NET_ADMIN))" CapPrm CapEff CapInh CapAmb
	equal setcap-has-no-new-privileges "$(status_of capable NoNewPrivs)" 1
	ip netns exec lb-client "$LAB/blast" 10.88.2.2 7 100 1000 5 >/dev/null
	ended setcap-is-enough capable 0
	said setcap-follows-connections capable '^nettrace-capture: 5 packets captured, .*; [0-9]+ conntrack events'
	begin_capable half-capable cap_net_raw+ep -i lo --nflog 8 --duration 1ms
	ended one-capability-is-enough-for-packets half-capable 0
	said missing-right-to-conntrack half-capable 'no permission to .* connection tracking: run as root, or once: setcap'
	said missing-right-to-nflog half-capable 'no permission to .*NFLOG.*: run as root, or once: setcap'
	holds missing-rights-are-recorded nobody/half-capable.db \
		"SELECT group_concat(kind, ' ') = 'nflog-missing conntrack-missing' FROM events"
	begin_capable powerless '' -i lo
	ended no-capability powerless 1
	said no-capability-says-what-to-do powerless 'no permission to capture on lo: run as root, or once: setcap'
}
