# shellcheck shell=bash disable=SC2016,SC2034,SC2154
# How a capture ends, and what it takes.

begin_ends() {
	begin lb-client signal -i lb-c0 -o "$LAB/signal.db" -f 'udp port 7'
	begin lb-client duration -i any -o "$LAB/duration.db" --duration 400ms -s 64
	begin lb-client count -i lb-c0 -o "$LAB/count.db" -c 5
	begin lb-client size -i lb-c0 -o "$LAB/size.db" --max-size 20k
	begin lb-client ring -i lb-c0 -o "$LAB/ring.db" --max-size 20k --ring --duration 2
	begin lb-client terminated -i lb-c0 -o "$LAB/terminated.db" -f 'udp port 53'
}

counts_are_printed() {
	grep -q 'so far: 6 packets captured' "$LAB/signal.log"
}

check_signals() {
	ip netns exec lb-client "$LAB/blast" 10.88.2.2 7 100 1000 6 >/dev/null
	until_counted
	ok sigusr1-prints-the-counts
	stop signal
	equal sigint-ends-with-status-0 "$status" 0
	said closing-line signal '^nettrace-capture: 6 packets captured, 6 received by filter, 0 dropped by kernel, 0 dropped by interface; [0-9]+ conntrack events, 0 losses$'
	holds end-by-a-signal-is-recorded signal.db "SELECT end_reason = 'signal' AND end_ns > begin_ns AND filter LIKE '%port 7%' FROM sessions"
	holds filter-takes-only-its-packets signal.db "SELECT count(*) = 6 AND min(destination_port) = 7 AND max(destination_port) = 7 FROM packets_readable"
	kill -TERM "${CAPTURE_PID[terminated]}"
	ended sigterm-ends-with-status-0 terminated 0
}

# The kernel hands packets over in blocks, so they may not be here at once.
until_counted() {
	local deadline=$((SECONDS + 5))
	until counts_are_printed || ((SECONDS > deadline)); do
		kill -USR1 "${CAPTURE_PID[signal]}"
		sleep 0.05
	done
	counts_are_printed || fail sigusr1-prints-the-counts "$(tail -n 2 "$LAB/signal.log")"
}

check_limits() {
	ended duration-ends-it duration 0
	holds duration-is-recorded duration.db "SELECT end_reason = 'duration' AND end_ns - begin_ns BETWEEN 400000000 AND 1500000000 FROM sessions"
	holds snaplen-cuts duration.db 'SELECT max(captured) = 64 AND max(size) > 64 FROM packets'
	holds any-is-linux-cooked duration.db "SELECT name = 'any' AND link_type IN (113, 276) FROM interfaces"
	ended count-ends-it count 0
	holds count-is-exact count.db "SELECT (SELECT count(*) FROM packets) = 5 AND end_reason = 'count' FROM sessions"
	ended size-ends-it size 0
	said size-says-so size 'limit of --max-size is reached'
	holds size-is-kept size.db "SELECT (SELECT sum(captured) BETWEEN 19000 AND 20480 FROM packets) AND end_reason = 'size' FROM sessions"
	ended ring-ends ring 0
	holds ring-holds-the-last ring.db "SELECT (SELECT sum(captured) BETWEEN 15000 AND 20480 FROM packets)
		AND (SELECT end_ns - max(time_ns) < 1000000000 AND min(id) > 1 FROM packets) FROM sessions"
	holds ring-tells-what-it-dropped ring.db "SELECT (SELECT sum(count) FROM events WHERE kind = 'ring-dropped')
		+ (SELECT count(*) FROM packets) = (SELECT max(captured) FROM statistics WHERE subject = 'lb-c0')"
}

test_ends() {
	begin_ends
	ready signal count size ring terminated
	blast_begin 500
	check_signals
	check_limits
	blast_end
}

# ---- NFLOG ----
test_nflog() {
	ip netns exec lb-client nft add rule ip lab out udp dport 53 log prefix '"look-up "' group 7
	begin lb-client nflog --nflog 7 -o "$LAB/nflog.db"
	ready nflog
	begin lb-client busy --nflog 7 -o "$LAB/busy.db"
	ended busy-group-ends-with-status-1 busy 1
	said busy-group-is-named busy 'NFLOG group 7 is taken by another program'
	begin lb-client half --nflog 7 -i lo -o "$LAB/half.db" --duration 1ms
	ended busy-group-beside-an-interface half 0
	said busy-group-is-told half 'NFLOG group 7 is taken'
	holds busy-group-is-recorded half.db "SELECT count(*) = 1 FROM events WHERE kind = 'nflog-missing' AND subject = 'nflog:7'"
	ip netns exec lb-client setpriv --reuid 65534 --clear-groups \
		curl "${curl_options[@]}" http://nflog.example.test/hello -o /dev/null
	stop nflog
	equal nflog-ends-with-status-0 "$status" 0
	holds nflog-has-prefix-hook-and-user nflog.db "SELECT count(*) > 0 FROM packets JOIN nflog ON nflog.id = packets.nflog
		WHERE prefix = 'look-up ' AND hook = 3 AND uid = 65534 AND out_interface > 0"
	holds nflog-times-are-now nflog.db "SELECT min(time_ns BETWEEN begin_ns AND end_ns) FROM packets JOIN sessions"
	trace nflog nflog.db
	json nflog-is-analysed nflog '[.dnsQueries[] | select(.question.name // tostring | test("nflog.example.test"))] | length >= 1'
}

# ---- sessions, import, export ----

# What an analysis tells, without what is about the file.
same_trace() {
	local drop='del(.capture, .description, .uuid)'
	diff <(jq -S "$drop" "$LAB/$1.json") <(jq -S "$drop" "$LAB/$2.json")
}

test_files() {
	local sample
	for sample in https-tls13 dns-types loss vlan snaplen-96; do
		"$capture" -q -r "$LAB_HOME/$sample.pcap" -o "$LAB/import-$sample.db"
		equal "import-$sample" "$?" 0
		trace imported "import-$sample.db"
		"$analyze" -q --json "$LAB_HOME/$sample.pcap" >"$LAB/direct.json"
		check "import-$sample-is-the-same-trace" same_trace imported direct
	done
	{ cat "$LAB_HOME/vlan.pcap" && printf '\0\0\0\0\0\0\0\0\0\0\0\100\0\0\0\100'; } >"$LAB/huge.pcap"
	"$capture" -q -r "$LAB/huge.pcap" -o "$LAB/huge.db" 2>"$LAB/huge.err"
	equal import-of-a-damaged-file "$?" 2
	check import-tells-of-limits grep -q 'the limit packetSize was reached 1 times' "$LAB/huge.err"
	holds import-records-limits huge.db "SELECT subject = 'packetSize' AND count = 1 FROM events WHERE kind = 'limit-reached'"
	"$analyze" -q --all-packets -w "$LAB/wrap.pcapng" "$LAB/wrap.db" >/dev/null
	equal write-packets "$?" 0
	equal tcpdump-reads-them "$(tcpdump -n -r "$LAB/wrap.pcapng" 2>/dev/null | wc -l)" "$(rows wrap.db 'SELECT count(*) FROM packets')"
	equal tshark-decrypts-them "$(tshark -r "$LAB/wrap.pcapng" -Y http.response.code==200 -T fields -e http.response.code 2>/dev/null)" 200
	trace written wrap.pcapng
	json keys-are-written-too written '[.httpRequests[] | select(.respStatusCode == 200)] | length == 1'
}

test_sessions() {
	cp "$LAB/signal.db" "$LAB/two.db"
	begin lb-client second -i lo -o "$LAB/two.db" -c 2
	ready second
	ip netns exec lb-client "$LAB/blast" 127.0.0.1 7 100 1000 3 >/dev/null
	ended second-session second 0
	trace two two.db
	equal two-sessions-need-a-choice "$status" 1
	check both-sessions-are-listed grep -Eq 'session' "$LAB/two.err"
	trace two two.db --session last
	json last-session two '.capture.session.id == 2 and .capture.packets.read == 2'
	trace two two.db --session 1
	json first-session two '.capture.session.id == 1 and .capture.packets.read == 6'
}
