# shellcheck shell=bash disable=SC2034,SC2154
# The servers of the matrix, in the namespace lb-server: server_KIND PORT [OPTION...] starts one, in the background.  All present the chain of
# www.example.test, signed with ECDSA or, where the client or the cipher suite wants it, with RSA.

server_address=10.88.2.2
declare -A SERVER_NEEDS=([gnutls]=gnutls-serv [nghttpd]=nghttpd [nghttpx]=nghttpx [proxy]="nghttpx tinyproxy" [unbound]=unbound)

make_rsa_certificate() {
	openssl req -x509 -newkey rsa:2048 -nodes -CA "$LAB/middle.pem" -CAkey "$LAB/middle.key" -days 3650 \
		-subj '/O=Example/CN=www.example.test' -addext 'subjectAltName=DNS:www.example.test' \
		-addext 'basicConstraints=critical,CA:FALSE' -addext 'keyUsage=critical,digitalSignature,keyEncipherment' \
		-keyout "$LAB/rsa.key" -out "$LAB/rsa.pem" 2>/dev/null
	cat "$LAB/rsa.pem" "$LAB/middle.pem" >"$LAB/rsa-chain.pem"
	cat "$LAB/middle.pem" "$LAB/root.pem" >"$LAB/authorities.pem"
}

# The answer of the certificate's issuer that it was not revoked, to be stapled.
make_ocsp_response() {
	local serial
	serial=$(openssl x509 -in "$LAB/server.pem" -noout -serial)
	printf 'V\t360101000000Z\t\t%s\tunknown\t/CN=www.example.test\n' "${serial#serial=}" >"$LAB/issued"
	openssl ocsp -index "$LAB/issued" -CA "$LAB/middle.pem" -rsigner "$LAB/middle.pem" -rkey "$LAB/middle.key" -issuer "$LAB/middle.pem" \
		-cert "$LAB/server.pem" -no_nonce -ndays 30 -respout "$LAB/ocsp.der" >/dev/null 2>&1
}

# Answers each request with a page about the session.
server_openssl() {
	local port=$1
	shift
	lab_spawn lb-server "server-$port" openssl s_server -accept "$server_address:$port" -www \
		-cert "$LAB/server.pem" -key "$LAB/server.key" -cert_chain "$LAB/middle.pem" \
		-dcert "$LAB/rsa.pem" -dkey "$LAB/rsa.key" -dcert_chain "$LAB/middle.pem" "$@"
}

server_gnutls() {
	local port=$1
	shift
	lab_spawn lb-server "server-$port" gnutls-serv --port "$port" --http --x509cafile "$LAB/authorities.pem" \
		--x509certfile "$LAB/server-chain.pem" --x509keyfile "$LAB/server.key" \
		--x509certfile "$LAB/rsa-chain.pem" --x509keyfile "$LAB/rsa.key" "$@"
}

# Options are words of nginx.conf.  One nginx serves all rows: start_nginx.
server_nginx() {
	local port=$1 how=ssl
	shift
	case ${1-} in
	http2) how="ssl http2" ;;
	clear-http2) how=http2 ;;
	esac
	[ "$how" = ssl ] || shift
	cat >>"$LAB/rows.conf" <<-END
		server {
			listen $server_address:$port $how;
			ssl_certificate $LAB/server-chain.pem;
			ssl_certificate_key $LAB/server.key;
			ssl_certificate $LAB/rsa-chain.pem;
			ssl_certificate_key $LAB/rsa.key;
			ssl_client_certificate $LAB/authorities.pem;
			ssl_verify_depth 2;
			root $LAB/www;
			location = /stored { return 201 "stored\n"; }
			$*
		}
	END
}

start_nginx() {
	[ -e "$LAB/rows.conf" ] || return 0
	cat - "$LAB/rows.conf" >"$LAB/nginx-rows.conf" <<-END
		daemon off;
		master_process off;
		pid $LAB/nginx-rows.pid;
		error_log $LAB/nginx-rows-error.log;
		events { }
		http {
		access_log off;
		client_body_temp_path $LAB/body-rows;
	END
	echo '}' >>"$LAB/nginx-rows.conf"
	lab_spawn lb-server nginx-rows nginx -e "$LAB/nginx-rows-error.log" -p "$LAB" -c "$LAB/nginx-rows.conf"
}

server_nghttpd() {
	local port=$1 files=("$LAB/server.key" "$LAB/server-chain.pem")
	shift
	[[ " $* " != *" --no-tls "* ]] || files=()
	lab_spawn lb-server "server-$port" nghttpd --address "$server_address" --htdocs "$LAB/www" "$@" "$port" "${files[@]}"
}

# Before the nginx that serves www.example.test in clear: it also speaks HTTP/2 after an Upgrade.
server_nghttpx() {
	local port=$1
	shift
	lab_spawn lb-server "server-$port" nghttpx --conf=/dev/null --single-process --frontend="$server_address,$port;no-tls" --backend=127.0.0.1,80 --workers=1 "$@"
}

# A proxy that is itself reached by TLS: a CONNECT tunnel in it holds TLS again.
server_proxy() {
	local port=$1 behind=$(($1 + 1000))
	shift
	printf 'Port %s\nListen 127.0.0.1\nMaxClients 10\nTimeout 10\nLogLevel Error\n' "$behind" >"$LAB/tinyproxy-$port.conf"
	lab_spawn lb-server "proxy-$port" tinyproxy -d -c "$LAB/tinyproxy-$port.conf"
	lab_until "tinyproxy" network_listens -t "127.0.0.1:$behind"
	lab_spawn lb-server "server-$port" nghttpx --conf=/dev/null --single-process --http2-proxy --frontend="$server_address,$port" --backend="127.0.0.1,$behind" \
		--workers=1 "$@" "$LAB/server.key" "$LAB/server-chain.pem"
}

# DNS over TLS, or over HTTPS, as `tls` or `https` says.
server_unbound() {
	local port=$1 how=$2
	cat >"$LAB/unbound-$port.conf" <<-END
		server:
			interface: $server_address@$port
			$how-port: $port
			tls-service-pem: $LAB/server-chain.pem
			tls-service-key: $LAB/server.key
			access-control: 0.0.0.0/0 allow
			chroot: ""
			username: ""
			directory: "$LAB"
			pidfile: ""
			use-syslog: no
			do-daemonize: no
			auto-trust-anchor-file: ""
			local-zone: example.test. static
			local-data: "web.example.test. 300 IN A $server_address"
			local-data: "dns.example.test. 300 IN A 10.88.2.9"
			local-data: "dns.example.test. 300 IN AAAA fd00:88::9"
		remote-control:
			control-enable: no
	END
	lab_spawn lb-server "server-$port" unbound -d -c "$LAB/unbound-$port.conf"
}
