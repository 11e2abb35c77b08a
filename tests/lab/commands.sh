# shellcheck shell=bash disable=SC2016,SC2034,SC2154
# Commands that run while we record.

curl_options=(-q --silent --show-error --max-time 10)

begin_commands() {
	local web=(curl "${curl_options[@]}" --cacert "$LAB/root.pem" -o /dev/null)
	begin lb-client wrap -i lb-c0 -f "port 443 or port 53" -o "$LAB/wrap.db" -- "${web[@]}" https://www.example.test/file
	begin lb-client nokeys -i lb-c0 -o "$LAB/nokeys.db" --no-keylog -- sh -c 'echo "log=$SSLKEYLOGFILE"; exit 7'
	begin lb-client killed -i lb-c0 -o "$LAB/killed.db" -- sh -c 'kill -KILL $$'
	begin lb-client nocommand -i lb-c0 -o "$LAB/nocommand.db" -- "$LAB/no such program"
	begin lb-client failing -i lb-c0 -f "port 444 or port 53" -o "$LAB/failing.db" -- "${web[@]}" https://www.example.test:444/
	begin lb-router nat -i lb-r0 -f "port 80" -o "$LAB/nat.db" -- ip netns exec lb-client "${web[@]}" http://10.88.1.9/hello
}

check_wrapped() {
	ended command-status-0-is-passed-on wrap 0
	holds command-is-recorded wrap.db "SELECT command LIKE 'curl %/file' AND command_end_ns > command_begin_ns AND exit_status = 0
		AND end_reason = 'command' AND end_ns >= command_end_ns FROM sessions"
	holds keys-are-in-the-store wrap.db "SELECT count(*) > 0 AND group_concat(text) LIKE '%TRAFFIC_SECRET%' FROM keys"
	holds statistics-are-recorded wrap.db "SELECT captured > 0 AND captured = received AND dropped_by_kernel = 0 FROM statistics
		WHERE subject = 'lb-c0' ORDER BY id DESC LIMIT 1"
	trace wrap wrap.db
	json recording-is-decrypted wrap '[.httpRequests[] | select(.reqURL == "https://www.example.test/file" and .respStatusCode == 200)]
		| length == 1'
	json look-ups-are-in-the-trace wrap '.dnsQueries | length >= 1'
	json command-is-in-the-trace wrap '.capture.session.command | .exitStatus == 0 and .program == "curl" and (has("line") | not)'
	json connection-is-complete wrap '.tcpConns | length == 1 and .[0].conntrack.tcpState != "established"'
}

check_others() {
	ended command-status-7-is-passed-on nokeys 7
	said no-keylog-gives-the-command-none nokeys '^log=$'
	holds no-keylog-records-no-keys nokeys.db 'SELECT count(*) = 0 FROM keys'
	ended status-of-a-killed-command killed 137
	holds status-of-a-killed-command-is-recorded killed.db 'SELECT exit_status = 137 FROM sessions'
	ended missing-command-is-127 nocommand 127
	said missing-command-is-named nocommand 'cannot run .*no such program: No such file'
	ended status-of-a-failing-curl failing 7
	trace failing failing.db
	json refused-connection-is-in-the-trace failing '[.tcpConns[].wire | tostring | select(test("refused|reset"))] | length == 1'
}

# The router sees the client's side of the connection; only connection tracking knows the server's.
check_nat() {
	ended capture-on-the-router nat 0
	holds conntrack-is-recorded nat.db "SELECT count(*) > 0 FROM conntrack_readable WHERE kind = 'new' AND destination = '10.88.1.9'
		AND reply_source = '10.88.2.2' AND reply_destination = '10.88.2.1'"
	holds conntrack-has-the-kernels-time nat.db "SELECT count(*) > 0 AND min(time_is_kernels) = 1 FROM conntrack WHERE kind = 0"
	trace nat nat.db
	json translated-connection nat '.tcpConns | length == 1 and (.[0] | .addrTuple.dstIP == "10.88.1.9" and
		.conntrack.addrOrig == .addrTuple and .conntrack.addrReply.srcIP == "10.88.2.2" and .conntrack.addrReply.dstIP == "10.88.2.1")'
	json translation-is-named nat '.tcpConns[0].conntrack.status | contains("src-nat") and contains("dst-nat")'
	json connection-is-counted nat '.tcpConns[0].conntrack | .packetsSent > 3 and .bytesRecv > 200'
	equal sysctls-are-put-back "$(router_sysctls)" "$sysctls_before"
}

router_sysctls() {
	ip netns exec lb-router sysctl -n net.netfilter.nf_conntrack_{acct,timestamp,events} | xargs
}

test_commands() {
	sysctls_before=$(router_sysctls)
	begin_commands
	check_wrapped
	check_others
	check_nat
}

# ---- one command alone ----

leftovers() {
	ip netns exec lb-client nft list tables
	find /sys/fs/cgroup -maxdepth 2 -name 'nettrace-*'
}

# The blaster's packets and another curl's are on the same interface.
test_only_command() {
	if ! grep -q ' cgroup2 ' /proc/mounts; then
		skip only-command "no cgroup v2 is mounted"
		return
	fi
	blast_begin 1000
	ip netns exec lb-client curl "${curl_options[@]}" http://10.88.2.2/hello -o /dev/null
	nsenter --net=/run/netns/lb-client "$capture" -o "$LAB/only.db" --only-command -- \
		curl "${curl_options[@]}" --retry 0 http://10.88.2.2/file -o /dev/null >"$LAB/only.log" 2>&1
	equal only-command-ends-well "$?" 0
	blast_end
	holds only-command-has-its-packets only.db "SELECT count(*) > 8 FROM packets_readable WHERE 80 IN (source_port, destination_port)"
	holds only-command-has-no-others only.db \
		"SELECT count(*) = 0 FROM packets_readable WHERE source_port IS NULL OR 80 NOT IN (source_port, destination_port)"
	trace only only.db
	json only-command-has-one-connection only '(.tcpConns | length == 1) and (.httpRequests | length == 1) and
		.tcpConns[0].conntrack.mark > 0'
	equal only-command-leaves-nothing "$(leftovers)" "table ip lab"
}

# A crash leaves a cgroup (a test cannot crash the janitor and us at one moment, but can make what that would leave).
test_only_command_after_a_crash() {
	local parent
	parent=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	if [ -z "$parent" ]; then
		skip the-next-start-removes-what-a-crash-left "no cgroup v2 is mounted"
		return
	fi
	mkdir "$parent/nettrace-4194303"
	ip netns exec lb-client nft add table inet nettrace_4194303
	nsenter --net=/run/netns/lb-client "$capture" -q -i lo --no-conntrack --duration 1ms -o "$LAB/sweep.db"
	equal the-next-start-removes-what-a-crash-left "$(leftovers)" "table ip lab"
}
