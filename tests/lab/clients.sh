# shellcheck shell=bash disable=SC2034,SC2154
# The clients of the matrix, in the namespace lb-client: client_KIND PORT [OPTION...] makes its requests and returns when it has ended.
# Words that begin with / are paths to ask for (/hello if there is none).

name=www.example.test
declare -A CLIENT_NEEDS=([gnutls]=gnutls-cli [nghttp]=nghttp [kdig]=kdig)

as_client() {
	ip netns exec lb-client timeout 10 env SSLKEYLOGFILE=keys.log "$@"
}

request() {
	printf 'GET /hello HTTP/1.0\r\nHost: %s\r\n\r\n' "$name"
}

# ---- OpenSSL ----
s_client() {
	local port=$1
	shift
	as_client openssl s_client -connect "$server_address:$port" -servername "$name" -CAfile root.pem -keylogfile keys.log "$@"
}

client_openssl() {
	request | s_client "$@" -quiet
}

# Waits for what the server has to say.
client_openssl_silent() {
	s_client "$@" -quiet </dev/null
}

client_openssl_resumes() {
	request | s_client "$@" -quiet -sess_out "session-$1"
	request | s_client "$@" -quiet -sess_in "session-$1"
}

# The request is early data; the other one, which is also early data, the server refuses, so that it is sent once more.
client_openssl_early() {
	request >early
	request | s_client "$@" -quiet -sess_out "session-$1"
	s_client "$@" -quiet -sess_in "session-$1" -early_data early </dev/null
}

client_openssl_early_refused() {
	request >early
	request | s_client "$@" -quiet -sess_out "session-$1"
	request | s_client "$@" -quiet -sess_in "session-$1" -early_data early
}

# s_client_says LINE PATTERN PORT OPTION...: LINE when the session stands, and the request when PATTERN appears.
s_client_says() {
	local line=$1 pattern=$2 port=$3 log=talk-$3.log pid to
	shift 3
	: >"$log"
	coproc TALK { s_client "$port" "$@" >"$log" 2>&1; }
	pid=$TALK_PID
	exec {to}>&"${TALK[1]}"
	lab_until "a session" grep -q 'Verify return code' "$log"
	echo "$line" >&"$to"
	lab_until "$pattern" grep -q "$pattern" "$log"
	request >&"$to"
	wait "$pid"
	exec {to}>&-
}

client_openssl_renegotiates() {
	s_client_says R RENEGOTIATING "$@"
}

client_openssl_updates_keys() {
	s_client_says k KEYUPDATE "$@"
}

client_openssl_updates_both_keys() {
	s_client_says K KEYUPDATE "$@"
}

# ---- GnuTLS ----
client_gnutls() {
	local port=$1
	shift
	request | as_client gnutls-cli --x509cafile root.pem --port "$port" "$@" "$name"
}

client_gnutls_updates_keys() {
	local port=$1
	shift
	{ echo '^rekey^'; request; } | as_client gnutls-cli --x509cafile root.pem --port "$port" --inline-commands "$@" "$name"
}

# gnutls-serv takes early data, but does not answer it: an empty line before the request is no request of its own.
client_gnutls_early() {
	printf '\r\n' >early
	client_gnutls "$@" --resume --waitresumption --earlydata early
}

# ---- curl and nghttp ----
# split SCHEME PORT WORD...: into options and URLs.
split() {
	local scheme=$1 port=$2 word
	shift 2
	options=() urls=()
	for word; do
		if [[ $word == /* ]]; then urls+=("$scheme://$name:$port$word"); else options+=("$word"); fi
	done
	[ ${#urls[@]} -gt 0 ] || urls=("$scheme://$name:$port/hello")
}

curl_urls() {
	local options urls
	split "$@"
	as_client curl -q --silent --show-error --max-time 10 --cacert root.pem "${options[@]}" \
		--output-dir got --create-dirs --remote-name-all "${urls[@]}"
}

client_curl() {
	curl_urls https "$@"
}

client_curl_clear() {
	curl_urls http "$@"
}

# The proxy has the row's port; what is asked for is behind it, with TLS of its own.
client_curl_proxy() {
	local port=$1
	shift
	curl_urls https 443 --proxy "https://$name:$port" --proxy-cacert root.pem "$@"
}

nghttp_urls() {
	local options urls
	split "$@"
	as_client env LD_PRELOAD=./keylog.so nghttp --null-out --no-verify-peer "${options[@]}" "${urls[@]}"
}

client_nghttp() {
	nghttp_urls https "$@"
}

client_nghttp_clear() {
	nghttp_urls http "$@"
}

# ---- look-ups ----
client_kdig() {
	local port=$1
	shift
	as_client kdig "@$server_address" -p "$port" +tls-ca=root.pem +tls-hostname="$name" "$@" dns.example.test A dns.example.test AAAA
}

# What it asks for is served on port 80.
client_curl_doh() {
	local port=$1
	shift
	as_client curl -q --silent --show-error --max-time 10 --cacert root.pem --ipv4 --doh-url "https://$name:$port/dns-query" -o /dev/null "$@" \
		http://web.example.test/hello
}

client_h2load() {
	local options urls
	split https "$@"
	as_client h2load "${options[@]}" "${urls[@]}"
}
