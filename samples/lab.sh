# shellcheck shell=bash
# A small network to record in and to test in: a client and a server, each in a network namespace of its own.
#
#   nt-client 10.77.0.2, fd00:77::2  ---- veth, MTU 1500 ----  nt-server 10.77.0.1 and more, fd00:77::1
#
# Source it from a bash script with `set -eu -o pipefail`, as root, then:
#
#   lab_up                       makes all this and starts the servers; lab_down runs by itself when the script ends
#   lab_client COMMAND...        runs a command as the client; lab_server as the server
#   lab_spawn NS NAME COMMAND... starts one in the background, its output goes to $LAB/NAME.log; the pid is LAB_PID
#   lab_capture_begin ...        records, lab_capture_end stops when everything is in the file
#
# Who answers what (all names under example.test):
#
#   10.77.0.1   dnsmasq; www, port 80: nginx; odd, ports 8080 and 3128: peers.py     fd00:77::1  dual, ipv6
#   10.77.0.3   dnsmasq, authoritative for example.test
#   10.77.0.12  cdn, tls12: nginx, TLS 1.2            10.77.0.13  tls13: nginx, TLS 1.3
#   10.77.0.14  hrr: TLS 1.3, P-384 only              10.77.0.15  device: TLS 1.2, wants a client certificate
#   10.77.0.9   nothing: every port is closed         10.77.0.20 to .22  for rules that reject or drop

LAB_HOME=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB_ADDRESSES="1 3 9 12 13 14 15 20 21 22"
LAB=/run/nettrace-lab LAB_LOCK="" LAB_PID="" LAB_TCPDUMP="" LAB_COPIES=1
declare -A LAB_RUNNING=()

# ---- small tools ----
lab_fail() {
	echo "$(basename "$0"): $*" >&2
	exit 1
}

# lab_until WHAT COMMAND...: waits until the command succeeds, 10 seconds at most.
lab_until() {
	local what=$1 deadline=$((SECONDS + 10))
	shift
	until "$@"; do
		((SECONDS < deadline)) || { tail -n 3 "$LAB"/*.log >&2; lab_fail "waited in vain for $what"; }
		sleep 0.02
	done
}

lab_client() {
	ip netns exec nt-client "$@"
}

lab_server() {
	ip netns exec nt-server "$@"
}

# The log is empty when this returns, so nobody reads an earlier one.  The lock is not for the children: they may outlive a script
# that is killed.
lab_spawn() {
	local ns=$1 name=$2
	shift 2
	: >"$LAB/$name.log"
	ip netns exec "$ns" "$@" >>"$LAB/$name.log" 2>&1 {LAB_LOCK}>&- &
	LAB_PID=$!
	LAB_RUNNING[$!]=$name
}

# lab_wait PID, lab_stop PID: for what lab_spawn has started.
lab_wait() {
	unset "LAB_RUNNING[$1]"
	wait "$1"
}

lab_stop() {
	kill "$1"
	lab_wait "$1" 2>/dev/null || true
}

lab_listens() {
	[ -n "$(ss -N nt-server -Hln "$1" "src $2")" ]
}

# TIME-WAIT and listening sockets send nothing by themselves; all others still may.
lab_is_quiet() {
	local ns
	for ns in nt-client nt-server; do
		[ -z "$(ss -N $ns -Htan exclude listening exclude time-wait)" ] || return 1
	done
}

# ---- the network ----
# No address detection, no router solicitations, no multicast reports, no memory of earlier connections: what a capture shows was
# asked for.
lab_silence() {
	local ns=$1 dev=$2
	ip netns exec "$ns" sysctl -qw "net.ipv6.conf.$dev.accept_ra=0" "net.ipv6.conf.$dev.router_solicitations=0" \
		"net.ipv6.conf.$dev.mldv2_unsolicited_report_interval=1" net.ipv4.tcp_no_metrics_save=1
	ip -n "$ns" link set "$dev" addrgenmode none
}

lab_make_links() {
	local ns
	for ns in nt-client nt-server; do
		ip netns add $ns
		ip -n $ns link set lo up
	done
	ip -n nt-client link add nt-c0 address 02:00:00:77:00:02 mtu 1500 type veth \
		peer name nt-s0 address 02:00:00:77:00:01 mtu 1500 netns nt-server
	lab_silence nt-client nt-c0
	lab_silence nt-server nt-s0
	lab_offload off
	ip -n nt-client link set nt-c0 up
	ip -n nt-server link set nt-s0 up
}

lab_add_addresses() {
	local n
	ip -n nt-client address add 10.77.0.2/24 dev nt-c0
	ip -n nt-client address add fd00:77::2/64 dev nt-c0 nodad
	ip -n nt-server address add fd00:77::1/64 dev nt-s0 nodad
	for n in $LAB_ADDRESSES; do
		ip -n nt-server address add "10.77.0.$n/24" dev nt-s0
	done
}

# lab_neighbours known|unknown: with entries that never age there is no ARP and no neighbour discovery in a capture.
lab_neighbours() {
	local n
	ip -n nt-client neighbour flush all nud all
	ip -n nt-server neighbour flush all nud all
	[ "$1" = known ] || return 0
	for n in $LAB_ADDRESSES; do
		ip -n nt-client neighbour replace "10.77.0.$n" lladdr 02:00:00:77:00:01 dev nt-c0 nud permanent
	done
	ip -n nt-client neighbour replace fd00:77::1 lladdr 02:00:00:77:00:01 dev nt-c0 nud permanent
	ip -n nt-server neighbour replace 10.77.0.2 lladdr 02:00:00:77:00:02 dev nt-s0 nud permanent
	ip -n nt-server neighbour replace fd00:77::2 lladdr 02:00:00:77:00:02 dev nt-s0 nud permanent
}

# lab_offload on|off: off, every frame has at most 1514 bytes and a checksum that is right.
lab_offload() {
	lab_client ethtool -K nt-c0 rx "$1" tx "$1" sg "$1" tso "$1" gso "$1" gro "$1" >/dev/null
	lab_server ethtool -K nt-s0 rx "$1" tx "$1" sg "$1" tso "$1" gso "$1" gro "$1" >/dev/null
}

# lab_resolver ADDRESS: `ip netns exec` puts this file in the place of /etc/resolv.conf.
lab_resolver() {
	local ns
	for ns in nt-client nt-server; do
		mkdir -p /etc/netns/$ns
		printf 'nameserver %s\n' "$1" >/etc/netns/$ns/resolv.conf
	done
}

# lab_rules RULE...: a fresh nftables rule set for the server; without an argument none.  A rule begins with its chain:
# `ip lab in` is what arrives, `netdev lab out` what is about to leave (there, `fwd to lo` loses a packet; TCP notices a `drop`).
lab_rules() {
	local rule
	lab_server nft flush ruleset
	[ $# -gt 0 ] || return 0
	lab_server nft 'add table ip lab; add chain ip lab in { type filter hook input priority 0; }'
	lab_server nft 'add table netdev lab; add chain netdev lab out { type filter hook egress device nt-s0 priority 0; }'
	for rule; do
		lab_server nft "add rule $rule"
	done
}

# ---- certificates: root -> intermediate -> leaf ----
lab_key() {
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$LAB/$1.key" 2>/dev/null
}

# lab_issue NAME ISSUER SUBJECT EXTENSION...: a certificate signed by ISSUER's key, or by its own.
lab_issue() {
	local name=$1 issuer=$2 subject=$3 sign=(-CA "$LAB/$2.pem" -CAkey "$LAB/$2.key" -CAcreateserial)
	shift 3
	[ "$name" != "$issuer" ] || sign=(-signkey "$LAB/$name.key")
	lab_key "$name"
	printf '%s\n' "$@" >"$LAB/$name.ext"
	openssl req -new -key "$LAB/$name.key" -subj "$subject" |
		openssl x509 -req -days 3650 "${sign[@]}" -extfile "$LAB/$name.ext" -out "$LAB/$name.pem" 2>/dev/null
}

lab_make_certificates() {
	local authority=(basicConstraints="critical,CA:TRUE" keyUsage="critical,keyCertSign,cRLSign")
	local leaf=(basicConstraints="critical,CA:FALSE" keyUsage="critical,digitalSignature") n names=""
	for n in www cdn tls12 tls13 hrr device; do
		names+=,DNS:$n.example.test
	done
	lab_issue root root "/C=XX/O=Example Trust/CN=Example Root" "${authority[@]}"
	lab_issue middle root "/C=XX/O=Example Trust/CN=Example Issuing CA 1" "${authority[@]}"
	lab_issue server middle "/O=Example/CN=www.example.test" "${leaf[@]}" extendedKeyUsage=serverAuth "subjectAltName=${names#,}"
	lab_issue client middle "/O=Example/OU=Devices/CN=device-1" "${leaf[@]}" extendedKeyUsage=clientAuth
	cat "$LAB/server.pem" "$LAB/middle.pem" >"$LAB/server-chain.pem"
	cat "$LAB/client.pem" "$LAB/middle.pem" >"$LAB/client-chain.pem"
}

# ---- servers ----
# "big" is an answer of about 3 kB: too much for plain UDP, and for one packet.
lab_dnsmasq_config() {
	local n
	cat <<-'END'
		no-resolv
		no-hosts
		bind-dynamic
		edns-packet-max=4096
		listen-address=10.77.0.1,10.77.0.3,10.78.0.1,fd00:77::1
		local=/test/
		local-ttl=300
		auth-server=ns1.example.test,10.77.0.3
		auth-zone=example.test,10.77.0.0/24
		auth-soa=2024010101,hostmaster.example.test,1200,120,604800
		host-record=www.example.test,10.77.0.1
		host-record=ns1.example.test,10.77.0.3
		host-record=dual.example.test,10.77.0.1,fd00:77::1
		host-record=ipv6.example.test,fd00:77::1
		host-record=mail.example.test,10.77.0.9
		host-record=odd.example.test,10.77.0.1
		host-record=edge.example.test,10.77.0.12
		cname=cdn.example.test,edge.example.test
		host-record=tls12.example.test,10.77.0.12
		host-record=tls13.example.test,10.77.0.13
		host-record=hrr.example.test,10.77.0.14
		host-record=device.example.test,10.77.0.15
		host-record=unreachable.example.test,10.77.0.20
		host-record=prohibited.example.test,10.77.0.21
		host-record=silent.example.test,10.77.0.22
		host-record=vlan.example.test,10.78.0.1
		mx-host=example.test,mail.example.test,10
		txt-record=example.test,v=spf1 mx -all
		srv-host=_imap._tcp.example.test,mail.example.test,143,10,20
		caa-record=example.test,0,issue,ca.example.test
		dns-rr=www.example.test,65,000100000100030268320004000403077001
	END
	for n in $(seq 1 15); do
		printf 'txt-record=big.example.test,part %02d %s\n' "$n" "$(printf '%0190d' "$n")"
	done
}

lab_nginx_tls() {
	cat <<-END
		server {
			listen $1:443 ssl;
			ssl_protocols $2;
			ssl_certificate $LAB/server-chain.pem;
			ssl_certificate_key $LAB/server.key;
			${3:-}
			root $LAB/www;
		}
	END
}

lab_nginx_config() {
	cat <<-END
		daemon off;
		master_process off;
		pid $LAB/nginx.pid;
		error_log $LAB/nginx-error.log;
		events { }
		http {
		access_log off;
		default_type text/plain;
		client_body_temp_path $LAB/body;
		proxy_temp_path $LAB/proxy;
		ssl_session_cache none;
		server {
			listen 80;
			listen [::]:80;
			root $LAB/www;
			location = /nothing { return 204; }
			location = /moved { return 301 https://cdn.example.test/file; }
			location = /upload { proxy_pass http://127.0.0.1:81; }
		}
		server {
			listen 127.0.0.1:81;
			return 201 "stored\n";
		}
	END
	lab_nginx_tls 10.77.0.12 TLSv1.2
	lab_nginx_tls 10.77.0.13 TLSv1.3
	lab_nginx_tls 10.77.0.14 TLSv1.3 'ssl_ecdh_curve secp384r1;'
	lab_nginx_tls 10.77.0.15 TLSv1.2 "ssl_verify_client on; ssl_verify_depth 2; ssl_client_certificate $LAB/root.pem;"
	echo '}'
}

lab_make_pages() {
	mkdir "$LAB/www"
	printf 'Hello from %s.\n' example.test >"$LAB/www/hello"
	printf 'A second page.\n' >"$LAB/www/second"
	seq -f 'Line %05.0f of a file that is here to be carried.' 1 2000 >"$LAB/lines"
	head -c 20480 "$LAB/lines" >"$LAB/www/file"
	head -c 45056 "$LAB/lines" >"$LAB/www/large"
}

lab_start_servers() {
	lab_dnsmasq_config >"$LAB/dnsmasq.conf"
	lab_nginx_config >"$LAB/nginx.conf"
	lab_spawn nt-server dnsmasq dnsmasq --keep-in-foreground --conf-file="$LAB/dnsmasq.conf" --pid-file= --user=root
	lab_spawn nt-server nginx nginx -e "$LAB/nginx-error.log" -p "$LAB" -c "$LAB/nginx.conf"
	lab_spawn nt-server peers python3 "$LAB_HOME/peers.py" serve 10.77.0.1 8080 3128
	lab_until "dnsmasq" lab_listens -u 10.77.0.1:53
	lab_until "dnsmasq" lab_listens -u '[fd00:77::1]:53'
	lab_until "nginx" lab_listens -t '[::]:80'
	lab_until "nginx with TLS" lab_listens -t 10.77.0.15:443
	lab_until "peers.py" lab_listens -t 10.77.0.1:3128
}

# ---- capture ----
lab_tcpdump_is_ready() {
	! grep -q 'No such device\|syntax error\|You don.t have' "$LAB/tcpdump.log" || lab_fail "$(cat "$LAB/tcpdump.log")"
	grep -q 'listening on' "$LAB/tcpdump.log"
}

# What the kernel has counted for tcpdump, tcpdump has written.  On lo it counts a packet twice: on its way out and in.
lab_tcpdump_has_all() {
	kill -USR1 "$LAB_TCPDUMP"
	sed -n 's/.* \([0-9]*\) packets* captured, \([0-9]*\) packets* received.*/\1 \2/p' "$LAB/tcpdump.log" | tail -n 1 >"$LAB/counts"
	awk -v copies="$LAB_COPIES" '{ ok = $1 > 0 && $1 * copies == $2 } END { exit !ok }' "$LAB/counts"
}

# lab_capture_begin NAMESPACE FILE OPTION...: tcpdump listens when this returns.
lab_capture_begin() {
	local ns=$1 file=$2
	shift 2
	LAB_COPIES=1
	[[ " $* " != *" -i lo "* ]] || LAB_COPIES=2
	lab_spawn "$ns" tcpdump tcpdump -Z root -n -U --immediate-mode -w "$file" "$@"
	LAB_TCPDUMP=$LAB_PID
	lab_until "tcpdump" lab_tcpdump_is_ready
}

lab_capture_end() {
	lab_until "the last connection to close" lab_is_quiet
	lab_until "tcpdump to write all packets" lab_tcpdump_has_all
	lab_stop "$LAB_TCPDUMP"
	LAB_TCPDUMP=
}

# ---- begin and end ----
# All processes inside, also those that a killed script has left.
lab_kill_all() {
	local ns pid
	for ns in nt-client nt-server; do
		[ ! -e /run/netns/$ns ] || ip netns pids $ns
	done | xargs --no-run-if-empty kill -KILL || true
	for pid in "${!LAB_RUNNING[@]}"; do
		kill -KILL "$pid" || true
		lab_wait "$pid" || true
	done
}

lab_remove_network() {
	local ns
	lab_kill_all 2>/dev/null
	for ns in nt-client nt-server; do
		[ ! -e /run/netns/$ns ] || ip netns delete $ns
	done
	rm -rf /etc/netns/nt-client /etc/netns/nt-server
	[ ! -d /etc/netns ] || rmdir --ignore-fail-on-non-empty /etc/netns
}

lab_down() {
	lab_remove_network
	rm -rf "$LAB"
}

# The folder is the lock: whoever holds it may remove what a killed run has left.
lab_take_lock() {
	mkdir -p "$LAB"
	chmod 700 "$LAB"
	exec {LAB_LOCK}<"$LAB"
	if ! flock -n "$LAB_LOCK" || ! [ "/proc/$$/fd/$LAB_LOCK" -ef "$LAB" ]; then
		lab_fail "another script is using the namespaces nt-client and nt-server"
	fi
}

lab_up() {
	[ "$(id -u)" = 0 ] || lab_fail "needs root: it makes network namespaces"
	unset http_proxy https_proxy all_proxy no_proxy HTTPS_PROXY ALL_PROXY NO_PROXY SSLKEYLOGFILE
	lab_take_lock
	trap lab_down EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	find "$LAB" -mindepth 1 -delete
	lab_remove_network
	lab_make_links
	lab_add_addresses
	lab_neighbours known
	lab_resolver 10.77.0.1
	lab_make_certificates
	lab_make_pages
	lab_start_servers
}
