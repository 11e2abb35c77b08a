# shellcheck shell=bash disable=SC2016,SC2034,SC2154
# The network of tests/lab/failures: places in which scenarios run side by side, each a client behind a router that translates addresses,
# and one server for all of them.
#
#   lf-cN 10.89.10N.2, fd00:89:10N::2  --  lf-rN  --  lf-server 10.89.2.x, fd00:89:2::x
#
#   .10  www and other names: nginx, TLS 1.2 and 1.3; its certificates go by name     .12  TLS 1.2 only     .13  TLS 1.3 only
#   .14  TLS 1.3, P-384 only     .15  wants a client certificate (nginx); openssl s_server demands one, from port 9443 on
#   .20  bad: servers/odd_http.py, odd_h2.py, odd_tls.py     .30  proxy: squid at 3128, odd_proxy.py
#   .40  nothing: every port is closed     .41, .43  dead: the routers drop what goes there     .50  portal
#   .53  dnsmasq     .60 and more: odd_dns.py

# shellcheck source=tests/lab/network.sh
. "$(dirname "${BASH_SOURCE[0]}")/network.sh"

PLACES=12
LAB=/run/nettrace-lab-failures
NAMESPACES=(lf-server)
for ((place = 0; place < PLACES; place++)); do
	NAMESPACES+=("lf-c$place" "lf-r$place")
done

# Frames as they travel: one segment each.
place_end() { # place_end NS DEVICE NET NUMBER
	lab_silence "$1" "$2"
	ip netns exec "$1" ethtool -K "$2" rx off tx off sg off tso off gso off gro off >/dev/null
	ip -n "$1" link set "$2" up
	ip -n "$1" address add "10.89.$3.$4/24" dev "$2"
	ip -n "$1" address add "fd00:89:$3::$4/64" dev "$2" nodad
	ip -n "$1" address add "fe80::$4/64" dev "$2" nodad # a router asks for its neighbours from it
}

# place_link NS DEVICE NET NUMBER NS DEVICE NUMBER
place_link() {
	ip -n "$1" link add "$2" type veth peer name "$6" netns "$5"
	place_end "$1" "$2" "$3" "$4"
	place_end "$5" "$6" "$3" "$7"
}

place_make() {
	local n=$1 inner=$((100 + $1)) outer=$((200 + $1)) ns
	for ns in "lf-c$n" "lf-r$n"; do
		ip netns add "$ns"
		ip -n "$ns" link set lo up
		mkdir -p "/etc/netns/$ns"
	done
	place_link "lf-c$n" lf-c "$inner" 2 "lf-r$n" lf-i 1
	place_link "lf-r$n" lf-o "$outer" 2 lf-server "lf-s$n" 1
	ip -n "lf-c$n" route add default via "10.89.$inner.1"
	ip -n "lf-c$n" route add fd00:89:2::/64 via "fd00:89:$inner::1"
	ip -n "lf-r$n" route add 10.89.2.0/24 via "10.89.$outer.1"
	ip -n "lf-r$n" route add fd00:89:2::/64 via "fd00:89:$outer::1"
	ip -n lf-server route add "fd00:89:$inner::/64" via "fd00:89:$outer::2"
	ip netns exec "lf-r$n" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	ip netns exec "lf-r$n" nft -f - <<-'END'
		table ip nat { chain after { type nat hook postrouting priority 100; oifname "lf-o" masquerade; }; }
		table inet dead { chain forward { type filter hook forward priority 10;
			ip daddr { 10.89.2.41, 10.89.2.43 } drop; ip6 daddr fd00:89:2::41 drop; }; }
	END
	ip netns exec "lf-c$n" nft -f - <<-'END'
		table ip lab { chain out { type filter hook output priority 10; ct state invalid drop; }; }
	END
}

network_make() {
	local n
	ip netns add lf-server
	ip -n lf-server link set lo up
	for n in 10 12 13 14 15 20 30 40 42 50 53 {60..91}; do
		[ "$n" = 70 ] || echo "address add 10.89.2.$n/32 dev lo"
	done | ip -n lf-server -batch -
	for n in 10 20 40 53; do
		ip -n lf-server address add "fd00:89:2::$n/128" dev lo nodad
	done
	ip -n lf-server address add 10.89.2.70/32 dev lo # nothing listens on its port 53
	for ((n = 0; n < PLACES; n++)); do
		place_make "$n"
	done
}

# ---- certificates ----
# make_leaf NAME ISSUER BEGIN END NAMES...: dates as `date -d` reads them.
make_leaf() {
	local name=$1 issuer=$2 begin=$3 end=$4 alternatives
	shift 4
	alternatives=$(printf ',DNS:%s' "$@")
	lab_key "$name"
	{
		printf '%s\n' 'basicConstraints=critical,CA:FALSE' 'keyUsage=critical,digitalSignature' "extendedKeyUsage=${USAGE:-serverAuth}" \
			"subjectAltName=${alternatives#,}"
	} >"$LAB/$name.ext"
	openssl req -new -key "$LAB/$name.key" -subj "/O=Lab/CN=$1" -out "$LAB/$name.csr"
	openssl ca -batch -notext -config "$LAB/ca.conf" -cert "$LAB/$issuer.pem" -keyfile "$LAB/$issuer.key" -in "$LAB/$name.csr" \
		-startdate "$(date -ud "$begin" +%Y%m%d%H%M%SZ)" -enddate "$(date -ud "$end" +%Y%m%d%H%M%SZ)" \
		-extfile "$LAB/$name.ext" -out "$LAB/$name.pem" 2>"$LAB/openssl.log"
	cat "$LAB/$name.pem" "$LAB/$issuer.pem" >"$LAB/$name-chain.pem"
}

# make_authority NAME ISSUER
make_authority() {
	lab_issue "$1" "$2" "/O=Lab/CN=Lab $1" 'basicConstraints=critical,CA:TRUE' 'keyUsage=critical,keyCertSign,cRLSign'
}

make_certificates() {
	touch "$LAB/ca.index"
	cat >"$LAB/ca.conf" <<-END
		[ca]
		default_ca = lab
		[lab]
		database = $LAB/ca.index
		new_certs_dir = $LAB
		rand_serial = yes
		unique_subject = no
		default_md = sha256
		policy = any
		email_in_dn = no
		[any]
		organizationName = optional
		commonName = supplied
	END
	make_authority root root
	make_authority middle root
	make_authority stranger stranger
	make_authority strange-middle stranger
	make_leaf good middle '-1 day' '+90 days' www.lab.test bad.lab.test proxy.lab.test tls12.lab.test tls13.lab.test retry.lab.test \
		mtls.lab.test h2.lab.test
	make_leaf expired middle '-90 days' '-3 days' expired.lab.test expired12.lab.test proxy.lab.test
	make_leaf early middle '+3 days' '+90 days' early.lab.test early12.lab.test
	make_leaf other middle '-1 day' '+90 days' other.lab.test '*.other.test'
	make_leaf nochain middle '-1 day' '+90 days' nochain.lab.test nochain12.lab.test
	make_leaf foreign strange-middle '-1 day' '+90 days' foreign.lab.test foreign12.lab.test
	make_leaf soon middle '-1 day' '+5 days' soon.lab.test
	USAGE=clientAuth make_leaf purpose middle '-1 day' '+90 days' purpose.lab.test
	USAGE=clientAuth make_leaf client middle '-1 day' '+90 days' client
	USAGE=clientAuth make_leaf client-expired middle '-90 days' '-3 days' client
	USAGE=clientAuth make_leaf client-foreign strange-middle '-1 day' '+90 days' client
	lab_issue self self '/O=Lab/CN=self.lab.test' 'subjectAltName=DNS:self.lab.test,DNS:self12.lab.test,DNS:proxy.lab.test'
	cp "$LAB/self.pem" "$LAB/self-chain.pem"
	cp "$LAB/nochain.pem" "$LAB/nochain-chain.pem"
	cat "$LAB/foreign.pem" "$LAB/strange-middle.pem" "$LAB/stranger.pem" >"$LAB/foreign-chain.pem"
}

# ---- servers ----
nginx_tls() { # nginx_tls LISTEN NAMES CERTIFICATE [LINE]
	cat <<-END
		server {
			listen $1;
			server_name $2;
			ssl_certificate $LAB/$3-chain.pem;
			ssl_certificate_key $LAB/$3.key;
			${4:-}
			root $LAB/www;
			location = /down { return 503; }
			location = /limited { return 429; }
			location = /gateway { proxy_pass http://10.89.2.40/; }
			location = /to-http { return 301 http://www.lab.test/https-loop; }
			location /bad/ { proxy_pass http://10.89.2.20/; proxy_buffering off; proxy_request_buffering off; client_max_body_size 1m; }
		}
	END
}

network_nginx_config() {
	local name
	cat <<-END
		daemon off;
		master_process off;
		pid $LAB/nginx.pid;
		error_log $LAB/nginx-error.log;
		events { worker_connections 4096; }
		http {
		access_log off;
		client_body_temp_path $LAB/body;
		proxy_temp_path $LAB/proxy;
		client_max_body_size 20k;
		keepalive_timeout 2;
		server {
			listen 10.89.2.10:80;
			listen [fd00:89:2::10]:80;
			root $LAB/www;
			location = /to-https { return 301 https://www.lab.test/hello; }
			location = /https-loop { return 301 https://www.lab.test/to-http; }
			location = /down { return 503; }
			location = /forbidden { return 403; }
			location = /nothing { return 204; }
			location = /generate_204 { return 204; }
			location = /gateway { proxy_pass http://10.89.2.40/; }
		}
		server { listen 10.89.2.10:8080 http2; root $LAB/www; }
	END
	nginx_tls '10.89.2.10:443 ssl http2 default_server' 'www.lab.test h2.lab.test' good 'listen [fd00:89:2::10]:443 ssl http2; ssl_protocols TLSv1.2 TLSv1.3;'
	for name in expired early other nochain foreign self soon purpose; do
		nginx_tls '10.89.2.10:443 ssl http2' "${name/other/wrong}.lab.test" "$name"
	done
	echo "server { listen 10.89.2.10:443 ssl http2; server_name rejected.lab.test; ssl_reject_handshake on; }"
	nginx_tls '10.89.2.12:443 ssl' tls12.lab.test good 'ssl_protocols TLSv1.2;'
	for name in expired early other nochain foreign self; do
		nginx_tls '10.89.2.12:443 ssl' "${name/other/wrong}12.lab.test" "$name" 'ssl_protocols TLSv1.2;'
	done
	nginx_tls '10.89.2.13:443 ssl' tls13.lab.test good 'ssl_protocols TLSv1.3; ssl_early_data on;'
	nginx_tls '10.89.2.14:443 ssl' retry.lab.test good 'ssl_protocols TLSv1.3; ssl_ecdh_curve secp384r1;'
	nginx_tls '10.89.2.15:443 ssl' mtls.lab.test good "ssl_verify_client on; ssl_verify_depth 3; ssl_client_certificate $LAB/root.pem;"
	nginx_tls '10.89.2.15:444 ssl' mtls.lab.test good "ssl_verify_client optional; ssl_verify_depth 3; ssl_client_certificate $LAB/root.pem;"
	echo '}'
}

dnsmasq_config() {
	local name
	cat <<-'END'
		no-resolv
		no-hosts
		bind-interfaces
		listen-address=10.89.2.53,fd00:89:2::53
		local=/test/
		host-record=www.lab.test,10.89.2.10
		host-record=sub.sub.lab.test,10.89.2.10
		cname=alias.lab.test,second.lab.test
		cname=second.lab.test,third.lab.test
		cname=third.lab.test,www.lab.test
		host-record=bad.lab.test,10.89.2.20
		host-record=proxy.lab.test,10.89.2.30
		host-record=refused.lab.test,10.89.2.40
		host-record=dead.lab.test,10.89.2.41
		host-record=portal.lab.test,10.89.2.50
		host-record=dual.lab.test,10.89.2.10,fd00:89:2::10
		host-record=dual-dead6.lab.test,10.89.2.10,fd00:89:2::41
		host-record=dual-refused6.lab.test,10.89.2.10,fd00:89:2::40
		host-record=dual-refused.lab.test,10.89.2.40,fd00:89:2::40
		host-record=dual-noroute6.lab.test,10.89.2.10,2001:db8:99::1
		host-record=only6.lab.test,fd00:89:2::10
		host-record=noroute6.lab.test,2001:db8:99::1
		host-record=refused6.lab.test,fd00:89:2::40
		host-record=dead6.lab.test,fd00:89:2::41
		host-record=connectivitycheck.gstatic.com,10.89.2.10
		host-record=captive.apple.com,10.89.2.10
		host-record=detectportal.firefox.com,10.89.2.10
		host-record=www.msftconnecttest.com,10.89.2.10
		host-record=nmcheck.gnome.org,10.89.2.10
		txt-record=bare.lab.test,no address
		host-record=mtls.lab.test,10.89.2.15
		host-record=tls12.lab.test,10.89.2.12
		host-record=tls13.lab.test,10.89.2.13
		host-record=retry.lab.test,10.89.2.14
	END
	for name in h2 expired early wrong nochain foreign self soon purpose rejected; do
		echo "host-record=$name.lab.test,10.89.2.10"
	done
	for name in expired early wrong nochain foreign self; do
		echo "host-record=${name}12.lab.test,10.89.2.12"
	done
}

squid_config() {
	cat <<-END
		http_port 10.89.2.30:3128
		acl forbidden dstdomain forbidden.lab.test
		http_access deny forbidden
		http_access allow all
		dns_nameservers 10.89.2.53
		hosts_file none
		forward_timeout 3 seconds
		connect_timeout 2 seconds
		access_log none
		cache_log /dev/null
		cache_effective_user nobody
		pid_filename none
		cache deny all
		pinger_enable off
		shutdown_lifetime 0 seconds
	END
}

make_pages() {
	lab_make_pages
	mv "$LAB/www/hello" "$LAB/www/index.html"
	cp "$LAB/www/index.html" "$LAB/www/hello"
	head -c 300000 /dev/urandom >"$LAB/www/300k"
	head -c 100000 "$LAB/www/300k" >"$LAB/100k"
	printf 'Microsoft Connect Test' >"$LAB/www/connecttest.txt"
	printf 'Microsoft NCSI' >"$LAB/www/ncsi.txt"
	printf 'success\n' >"$LAB/www/success.txt"
	printf 'NetworkManager is online\n' >"$LAB/www/check_network_status.txt"
	printf '<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>' >"$LAB/www/hotspot-detect.html"
}

s_server() { # s_server PORT OPTION...
	local port=$1
	shift
	lab_spawn lf-server "s_server-$port" openssl s_server -quiet -accept "10.89.2.15:$port" -www -cert_chain "$LAB/good-chain.pem" \
		-cert "$LAB/good.pem" -key "$LAB/good.key" -naccept 1000 "$@"
}

network_serve() {
	local demand=(-Verify 3 -verify_return_error -CAfile "$LAB/root.pem" -chainCAfile "$LAB/root.pem")
	make_certificates
	make_pages
	network_nginx_config >"$LAB/nginx.conf"
	dnsmasq_config >"$LAB/dnsmasq.conf"
	squid_config >"$LAB/squid.conf"
	mkdir -p /etc/netns/lf-server
	echo 'nameserver 10.89.2.53' >/etc/netns/lf-server/resolv.conf
	lab_spawn lf-server nginx nginx -e "$LAB/nginx-error.log" -p "$LAB" -c "$LAB/nginx.conf"
	lab_spawn lf-server dnsmasq dnsmasq --keep-in-foreground --conf-file="$LAB/dnsmasq.conf" --pid-file= --user=root
	lab_spawn lf-server odd /usr/bin/python3 "$here/servers/all.py" "$LAB"
	s_server 9443 "${demand[@]}"
	s_server 9444 -alpn h3
	s_server 9445 -servername known.lab.test -servername_fatal -cert2 "$LAB/good.pem" -key2 "$LAB/good.key"
	s_server 9446 -tls1_2 -cipher ECDHE-ECDSA-AES256-GCM-SHA384
	s_server 9448 -tls1_2 -no_ticket
	s_server 9449 -tls1_3 -ciphersuites TLS_AES_256_GCM_SHA384
	[ -z "$(command -v squid)" ] || # its shared memory would outlive it
		lab_spawn lf-server squid sh -c "mount -t tmpfs lab /dev/shm && exec squid -N -f $LAB/squid.conf"
	lab_until "dnsmasq" server_listens -u 10.89.2.53:53
	lab_until "nginx" server_listens -t 10.89.2.15:443
	lab_until "the servers of servers/all.py" grep -q ready "$LAB/odd.log"
	lab_until "openssl s_server" server_listens -t 10.89.2.15:9449
	[ -z "$(command -v squid)" ] || lab_until "squid" server_listens -t 10.89.2.30:3128
}

server_listens() {
	[ -n "$(ss -N lf-server -Hln "$1" "src $2")" ]
}
