# shellcheck shell=bash disable=SC1091,SC2016,SC2034,SC2154
# The network of the tests: a client behind a router that translates addresses, and a server.
#
#   lb-client 10.88.1.2 -- 10.88.1.1 lb-router 10.88.2.1 -- lb-server 10.88.2.2
#
# The server answers DNS (*.example.test is 10.88.2.2), HTTP and HTTPS.  The router masks the client as 10.88.2.1, takes 10.88.1.9 for the
# server, and drops UDP to port 9, the target of the packet blaster.

# shellcheck source=samples/lab.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../samples/lab.sh"

LAB=/run/nettrace-lab-capture
NAMESPACES=(lb-client lb-router lb-server lb-idle)

network_remove() {
	local ns pid mount
	for ns in "${NAMESPACES[@]}"; do
		[ ! -e "/run/netns/$ns" ] || ip netns pids "$ns"
	done | xargs --no-run-if-empty kill -KILL
	for pid in "${!LAB_RUNNING[@]}"; do
		kill -KILL "$pid"
		lab_wait "$pid"
	done
	for ns in "${NAMESPACES[@]}"; do
		[ ! -e "/run/netns/$ns" ] || ip netns delete "$ns"
		rm -rf "/etc/netns/$ns"
	done
	for mount in "$LAB"/mount/*; do
		! mountpoint -q "$mount" || umount -l "$mount"
	done
	[ ! -d /etc/netns ] || rmdir --ignore-fail-on-non-empty /etc/netns
} 2>/dev/null

network_down() {
	[ -z "${NETTRACE_LAB_KEEP-}" ] || cp -r "$LAB" "$NETTRACE_LAB_KEEP"
	network_remove
	rm -rf "$LAB"
}

# The folder is the lock: a second run waits, and begins with a folder of its own, as the first one takes its away.
network_lock() {
	local until=$((SECONDS + 300))
	while [ "$SECONDS" -lt "$until" ]; do
		mkdir -p "$LAB"
		exec {LAB_LOCK}<"$LAB"
		if flock -w 300 "$LAB_LOCK" && [ "/proc/$$/fd/$LAB_LOCK" -ef "$LAB" ]; then
			return
		fi
		exec {LAB_LOCK}<&-
	done
	lab_fail "another run is using the namespaces ${NAMESPACES[*]}"
}

# network_join NS DEVICE ADDRESS NS DEVICE ADDRESS
network_join() {
	ip -n "$1" link add "$2" type veth peer name "$5" netns "$4"
	lab_silence "$1" "$2"
	lab_silence "$4" "$5"
	ip -n "$1" address add "$3/24" dev "$2"
	ip -n "$4" address add "$6/24" dev "$5"
	ip -n "$1" link set "$2" up
	ip -n "$4" link set "$5" up
}

network_make() {
	local ns
	for ns in lb-client lb-router lb-server; do
		ip netns add "$ns"
		ip -n "$ns" link set lo up
		mkdir -p "/etc/netns/$ns"
		echo 'nameserver 10.88.2.2' >"/etc/netns/$ns/resolv.conf"
	done
	network_join lb-client lb-c0 10.88.1.2 lb-router lb-r0 10.88.1.1
	network_join lb-router lb-r1 10.88.2.1 lb-server lb-s0 10.88.2.2
	ip -n lb-client route add default via 10.88.1.1
	ip netns exec lb-router sysctl -qw net.ipv4.ip_forward=1
	ip netns exec lb-router nft -f - <<-'END'
		table ip lab {
			chain early { type filter hook prerouting priority -350; udp dport 9 drop; }
			chain before { type nat hook prerouting priority -100; ip daddr 10.88.1.9 dnat to 10.88.2.2; }
			chain after { type nat hook postrouting priority 100; oifname "lb-r1" masquerade; }
		}
	END
	ip -n lb-router address add 10.88.1.9/24 dev lb-r0
	ip netns exec lb-client nft -f - <<-'END'
		table ip lab { chain out { type filter hook output priority 10; ct state invalid drop; }; }
	END
}

network_listens() {
	[ -n "$(ss -N lb-server -Hln "$1" "src $2")" ]
}

network_nginx_config() {
	cat <<-END
		daemon off;
		master_process off;
		pid $LAB/nginx.pid;
		error_log $LAB/nginx-error.log;
		events { }
		http {
		access_log off;
		client_body_temp_path $LAB/body;
		server { listen 80; root $LAB/www; }
	END
	lab_nginx_tls 10.88.2.2 'TLSv1.2 TLSv1.3'
	echo '}'
}

network_serve() {
	lab_make_certificates
	lab_make_pages
	network_nginx_config >"$LAB/nginx.conf"
	lab_spawn lb-server nginx nginx -e "$LAB/nginx-error.log" -p "$LAB" -c "$LAB/nginx.conf"
	lab_spawn lb-server dnsmasq dnsmasq --keep-in-foreground --conf-file=/dev/null --pid-file= --user=root --no-resolv --no-hosts \
		--listen-address=10.88.2.2 --bind-interfaces --address=/example.test/10.88.2.2 --local=/test/
	lab_until "dnsmasq" network_listens -u 10.88.2.2:53
	lab_until "nginx" network_listens -t 10.88.2.2:443
	"${CC:-cc}" -std=c11 -D_GNU_SOURCE -O2 -o "$LAB/blast" "$LAB_HOME/../tests/lab/blast.c"
}

# Leaves the shell with `set -e` off, as tests want it.
network_up() {
	unset http_proxy https_proxy all_proxy no_proxy HTTPS_PROXY ALL_PROXY NO_PROXY SSLKEYLOGFILE SUDO_UID SUDO_GID
	network_lock
	trap network_down EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	network_remove
	find "$LAB" -mindepth 1 -delete
	chmod 755 "$LAB"
	mkdir "$LAB/mount"
	set -e
	network_make
	network_serve
	set +e
}

# blast_begin RATE [SIZE]: UDP from the client to the router until blast_end.
blast_begin() {
	lab_spawn lb-client blast "$LAB/blast" 10.88.1.1 9 "${2:-100}" "$1" 0
	BLAST_PID=$LAB_PID
}

blast_end() {
	lab_stop "$BLAST_PID"
}
