# shellcheck shell=bash disable=SC2034,SC2154
# Runs the rows of the matrix in one capture, and holds the trace against them.

FIRST_PORT=7301 # no protocol of its own that tshark would expect there
declare -A SERVER=() CLIENT=() VERSION=() SUITE=() HANDSHAKES=() REQUESTS=() WRONG=() FACTS=() CLIENT_STATUS=()
PORTS=()

trim() {
	local text=$1
	text=${text#"${text%%[![:space:]]*}"}
	echo "${text%"${text##*[![:space:]]}"}"
}

# What a row needs and this machine lacks.
missing_programs() {
	local program server=${1%% *} client=${2%% *}
	for program in ${SERVER_NEEDS[$server]-} ${CLIENT_NEEDS[${client%%-*}]-}; do
		command -v "$program" >/dev/null || echo "$program"
	done
}

read_matrix() {
	local port=$FIRST_PORT server client version suite handshakes requests wrong missing
	while IFS='|' read -r server client version suite handshakes requests wrong; do
		server=$(trim "$server") client=$(trim "$client")
		[[ "$server - $client" == *$pattern* ]] || continue
		missing=$(missing_programs "$server" "$client" | xargs)
		if [ -n "$missing" ]; then
			skip "$server - $client" "not installed: $missing (see make deps-lab)"
			continue
		fi
		PORTS+=("$port")
		SERVER[$port]=$server CLIENT[$port]=$client
		VERSION[$port]=$(trim "$version") SUITE[$port]=$(trim "$suite")
		HANDSHAKES[$port]=$(trim "$handshakes") REQUESTS[$port]=$(trim "$requests")
		WRONG[$port]=$(trim "$wrong")
		port=$((port + 1))
	done < <(matrix)
}

listening() {
	local deadline=$((SECONDS + 10))
	until network_listens -t ":$1"; do
		((SECONDS < deadline)) || return
		sleep 0.02
	done
}

start_servers() {
	local port words serving=()
	make_rsa_certificate
	make_ocsp_response
	"${CC:-cc}" -std=c11 -O2 -shared -fPIC -o "$LAB/keylog.so" "$here/keylog.c" -lssl
	for port in "${PORTS[@]}"; do
		read -ra words <<<"${SERVER[$port]}"
		"server_${words[0]//-/_}" "$port" "${words[@]:1}"
	done
	start_nginx
	for port in "${PORTS[@]}"; do
		if listening "$port"; then
			serving+=("$port")
		else
			fail "${SERVER[$port]} - ${CLIENT[$port]}" "the server does not listen: $(cat "server-$port.log" 2>&1)"
		fi
	done
	PORTS=("${serving[@]}")
}

run_clients() {
	local port words
	: >keys.log
	begin lb-client tls -i lb-c0 -o "$LAB/tls.db" --no-keylog --no-conntrack
	ready tls
	for port in "${PORTS[@]}"; do
		read -ra words <<<"${CLIENT[$port]}"
		"client_${words[0]//-/_}" "$port" "${words[@]:1}" >"$LAB/client-$port.log" 2>&1
		CLIENT_STATUS[$port]=$?
	done
	stop tls
	equal capture-ends-well "$status" 0
	said nothing-was-lost tls ' 0 dropped by kernel, 0 dropped by interface'
}

read_facts() {
	local port facts
	while IFS='|' read -r port facts; do
		FACTS[$port]=$facts
	done < <(jq -r -f "$here/facts.jq" "$LAB/tls.json")
}

check_row() {
	local port=$1 row="${SERVER[$1]} - ${CLIENT[$1]}" version suite handshakes requests faults
	IFS='|' read -r version suite handshakes requests faults <<<"${FACTS[$port]-}"
	equal "$row: version" "$version" "${VERSION[$port]#-}"
	equal "$row: cipher suite" "$suite" "${SUITE[$port]#-}"
	equal "$row: handshakes" "$handshakes" "${HANDSHAKES[$port]#-}"
	equal "$row: requests" "$requests" "${REQUESTS[$port]#-}"
	equal "$row: what is wrong" "$faults" "${WRONG[$port]}"
	equal "$row: the client fails" "$((${CLIENT_STATUS[$port]} != 0))" "$((${#WRONG[$port]} > 0))"
}

# ---- tshark, with the same keys ----

# port_of PATTERN: of the rows that it matches.
ports_of() {
	local port
	for port in "${PORTS[@]}"; do
		# shellcheck disable=SC2053 # a pattern is meant
		[[ "${SERVER[$port]} - ${CLIENT[$port]}" != $1 ]] || echo "$port"
	done
}

# Lines "port status CODE" and "port alert NUMBER".  Not for tshark: ARIA, TLS inside TLS; it counts pushed responses, and 101.
facts_of_tshark() {
	local port clear=()
	for port in $(ports_of '*clear-http2*') $(ports_of '*--no-tls*'); do
		clear+=(-d "tcp.port==$port,http2")
	done
	tshark -n -r tls.pcapng -o http.desegment_body:FALSE "${clear[@]}" -Y 'tls.alert_message or http.response or http2.headers.status' \
		-T fields -e tcp.srcport -e tcp.dstport -e tls.alert_message.desc -e http.response.code -e http2.headers.status 2>/dev/null |
		awk -F'\t' -v first="$FIRST_PORT" -v last="${PORTS[-1]}" '
			function say(port, kind, list, n, parts) {
				n = split(list, parts, ",")
				for (i = 1; i <= n; i++) if (parts[i] != 101) print port, kind, parts[i]
			}
			{ port = $1 >= first && $1 <= last ? $1 : $2 }
			port >= first && port <= last { say(port, "alert", $3); say(port, "status", $4); say(port, "status", $5) }'
}

facts_of_ours() {
	jq -r --argjson first "$FIRST_PORT" '(.tcpConns | map({key: .traceID, value: .addrTuple.dstPort}) | from_entries) as $port
		| (.tlsTunnels, .httpRequests) |= map(select($port[.tcpConn] >= $first))
		| (.tlsTunnels[] | "\($port[.tcpConn]) alert \(.wire.alerts // [] | .[].number)"),
		  (.httpRequests[] | select(.respStatusCode > 0) | "\($port[.tcpConn]) status \(.respStatusCode)")' tls.json
}

check_against_tshark() {
	local beyond
	if ! command -v tshark >/dev/null; then
		skip tshark-sees-the-same "not installed: tshark (see make deps-lab)"
		return
	fi
	"$analyze" -q --keylog keys.log --all-packets -w tls.pcapng tls.db >/dev/null
	beyond=$({ ports_of '*ARIA*'; ports_of 'proxy*'; ports_of '*--push*'; } | xargs | tr ' ' '|')
	facts_of_tshark | grep -Ev "^(${beyond:-none}) " | sort >tshark.facts
	facts_of_ours | grep -Ev "^(${beyond:-none}) " | sort >our.facts
	# What is ours alone the rows have judged; tshark passes over alerts whose record lies awkwardly in its segments.
	equal tshark-sees-no-status-or-alert-more "$(comm -13 our.facts tshark.facts | xargs)" ""
}

check_exchanges() {
	local port
	trace tls tls.db --keylog keys.log --ca root.pem
	equal analysis-ends-well "$status" 0
	check trace-keeps-its-contract "$here/../contract" tls.json
	read_facts
	for port in "${PORTS[@]}"; do
		check_row "$port"
	done
	for port in $(ports_of '*curl-doh*'); do
		json what-dns-over-https-answered-leads-to-a-dial tls '.dials[] | select(.dstAddress == "web.example.test:80")
			| .resolverDials | length == 1'
	done
	for port in $(ports_of '*nghttp -w*'); do
		json flow-control-stalls-are-measured tls ".httpRequests[] | select(.reqURL | contains(\":$port/\")) | .wire.timing.stalledUs > 0"
	done
	check_against_tshark
}
