# shellcheck shell=bash disable=SC2016,SC2034,SC2154
# As whom it runs.

CAP_NET_RAW=$((1 << 13)) CAP_NET_ADMIN=$((1 << 12))

status_of() {
	awk -v name="$2:" '$1 == name { print $2 }' "/proc/${CAPTURE_PID[$1]}/status"
}

test_privileges() {
	local set allowed
	begin lb-client dropped -i lo -o "$LAB/dropped.db"
	begin lb-client dropped-more -i lo --no-conntrack -Z daemon -o "$LAB/dropped-more.db"
	ready dropped dropped-more
	equal runs-as-nobody "$(status_of dropped Uid)" "$(id -u nobody)"
	equal runs-as-the-user-of-Z "$(status_of dropped-more Uid)" "$(id -u daemon)"
	equal no-new-privileges "$(status_of dropped NoNewPrivs)" 1
	allowed=$((CAP_NET_RAW | CAP_NET_ADMIN))
	for set in CapPrm CapEff CapBnd CapInh CapAmb; do
		equal "only-two-capabilities-$set" "$((0x$(status_of dropped $set) & ~allowed))" 0
	done
	equal one-capability-without-conntrack "$((0x$(status_of dropped-more CapPrm)))" "$CAP_NET_RAW"
	stop dropped
	stop dropped-more
	equal files-are-0600 "$(stat -c %a "$LAB/dropped.db")" 600
	begin lb-client nobody -Z no-such-user -i lo -o "$LAB/nobody.db"
	ended unknown-user nobody 1
	said unknown-user-is-named nobody 'there is no user no-such-user'
}
