# shellcheck shell=bash disable=SC2034,SC2154
# Who talks to whom, and what must be seen of it.
#
# server and client: a KIND of servers.sh and clients.sh, and options of the program.  The server of the first row listens on port 4001.
# version, cipher suite: of all connections of the row; "-" if there is no TLS.
# handshakes: what is special about each, "/" between two of them.
# requests: method and status of each, and what is special.
# what is wrong: errors and findings, of rows in which the client fails; nothing may be wrong in the others.

matrix() {
	sed -e 's/^\t*//' -e '/^#/d' -e '/^$/d' <<-'END'
	# server | client | version | cipher suite | handshakes | requests [| what is wrong]

	# ---- what default clients negotiate ----
	openssl | openssl | TLS 1.3 | TLS_AES_256_GCM_SHA384 | x25519 | GET 200
	openssl | gnutls | TLS 1.3 | TLS_AES_256_GCM_SHA384 | secp256r1 | GET 200
	openssl | curl | TLS 1.3 | TLS_AES_256_GCM_SHA384 | x25519 | GET 200
	gnutls | openssl | TLS 1.3 | TLS_AES_256_GCM_SHA384 | x25519, client certificate asked for | GET 200
	gnutls | gnutls | TLS 1.3 | TLS_AES_256_GCM_SHA384 | secp256r1, client certificate asked for | GET 200
	gnutls --disable-client-cert | curl | TLS 1.3 | TLS_AES_256_GCM_SHA384 | x25519 | GET 200
	nginx | openssl | TLS 1.2 | TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 | - | GET 200
	nginx | gnutls | TLS 1.2 | TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 | - | GET 200
	nginx ssl_protocols TLSv1.3; | gnutls | TLS 1.3 | TLS_AES_256_GCM_SHA384 | secp256r1 | GET 200
	nginx ssl_protocols TLSv1.3; | curl | TLS 1.3 | TLS_AES_256_GCM_SHA384 | x25519, http/1.1 | GET 200
	nginx http2 ssl_protocols TLSv1.3; | curl | TLS 1.3 | TLS_AES_256_GCM_SHA384 | x25519, h2 | h2 GET 200
	nginx http2 ssl_protocols TLSv1.3; | nghttp | TLS 1.3 | TLS_AES_256_GCM_SHA384 | x25519, h2 | h2 GET 200
	nginx http2 | nghttp | TLS 1.2 | TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 | h2 | h2 GET 200
	nghttpd | curl | TLS 1.3 | TLS_AES_256_GCM_SHA384 | secp256r1, h2, hello retry | h2 GET 200
	nghttpd | nghttp | TLS 1.3 | TLS_AES_256_GCM_SHA384 | secp256r1, h2, hello retry | h2 GET 200

	# ---- cipher suites of TLS 1.3 ----
	openssl | openssl -ciphersuites TLS_AES_128_GCM_SHA256 | TLS 1.3 | TLS_AES_128_GCM_SHA256 | x25519 | GET 200
	openssl | gnutls --priority NORMAL:-CIPHER-ALL:+CHACHA20-POLY1305 | TLS 1.3 | TLS_CHACHA20_POLY1305_SHA256 | secp256r1 | GET 200
	gnutls -a | openssl -ciphersuites TLS_AES_128_CCM_SHA256 | TLS 1.3 | TLS_AES_128_CCM_SHA256 | x25519 | GET 200
	openssl -ciphersuites TLS_AES_128_CCM_8_SHA256 | openssl -ciphersuites TLS_AES_128_CCM_8_SHA256 | TLS 1.3 | TLS_AES_128_CCM_8_SHA256 | x25519 | GET 200

	# ---- and of TLS 1.2: AEAD, with ephemeral keys and those of the certificate ----
	openssl | openssl -tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256 | TLS 1.2 | TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 | - | GET 200
	openssl | curl --tls-max 1.2 --ciphers DHE-RSA-AES256-GCM-SHA384 | TLS 1.2 | TLS_DHE_RSA_WITH_AES_256_GCM_SHA384 | - | GET 200
	openssl | curl --tls-max 1.2 --ciphers AES128-GCM-SHA256 | TLS 1.2 | TLS_RSA_WITH_AES_128_GCM_SHA256 | - | GET 200
	openssl | openssl -tls1_2 -cipher ECDHE-RSA-CHACHA20-POLY1305 | TLS 1.2 | TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 | - | GET 200
	openssl -cipher ALL | gnutls --priority NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CCM | TLS 1.2 | TLS_ECDHE_ECDSA_WITH_AES_128_CCM | - | GET 200
	gnutls -a --priority NORMAL:+AES-256-CCM-8 | openssl -tls1_2 -cipher DHE-RSA-AES256-CCM8 | TLS 1.2 | TLS_DHE_RSA_WITH_AES_256_CCM_8 | - | GET 200
	openssl -cipher ALL | openssl -tls1_2 -cipher AES128-CCM8 | TLS 1.2 | TLS_RSA_WITH_AES_128_CCM_8 | - | GET 200
	openssl -cipher ARIA256-GCM-SHA384 | openssl -tls1_2 -cipher ARIA256-GCM-SHA384 | TLS 1.2 | TLS_RSA_WITH_ARIA_256_GCM_SHA384 | - | GET 200

	# ---- CBC: encrypt-then-MAC, and MAC-then-encrypt ----
	openssl | openssl -tls1_2 -cipher ECDHE-ECDSA-AES128-SHA256 | TLS 1.2 | TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256 | - | GET 200
	openssl | gnutls --priority NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-256-CBC | TLS 1.2 | TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA | - | GET 200
	openssl | gnutls --priority NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-256-CBC:%NO_ETM | TLS 1.2 | TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA | - | GET 200
	gnutls -a --priority NORMAL:+SHA384 | openssl -tls1_2 -cipher ECDHE-RSA-AES256-SHA384 | TLS 1.2 | TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384 | - | GET 200
	gnutls -a --priority NORMAL:+SHA256:%NO_ETM | openssl -tls1_2 -cipher AES128-SHA256 | TLS 1.2 | TLS_RSA_WITH_AES_128_CBC_SHA256 | - | GET 200
	openssl -cipher CAMELLIA256-SHA256 | openssl -tls1_2 -cipher CAMELLIA256-SHA256 | TLS 1.2 | TLS_RSA_WITH_CAMELLIA_256_CBC_SHA256 | - | GET 200
	gnutls -a --priority NORMAL:+3DES-CBC | gnutls --priority NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+3DES-CBC:%NO_ETM | TLS 1.2 | TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA | - | GET 200

	# ---- no extended master secret; no encryption; no certificate ----
	openssl | gnutls --priority NORMAL:-VERS-ALL:+VERS-TLS1.2:%NO_SESSION_HASH | TLS 1.2 | TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 | - | GET 200
	openssl -cipher NULL-SHA256@SECLEVEL=0 | openssl -tls1_2 -cipher NULL-SHA256@SECLEVEL=0 | TLS 1.2 | TLS_RSA_WITH_NULL_SHA256 | - | GET 200
	openssl -cipher ADH-AES128-SHA256@SECLEVEL=0 | openssl -tls1_2 -cipher ADH-AES128-SHA256@SECLEVEL=0 | TLS 1.2 | TLS_DH_anon_WITH_AES_128_CBC_SHA256 | no certificate | GET 200
	openssl -psk 5ec2e7 | openssl -tls1_2 -psk 5ec2e7 -cipher ECDHE-PSK-CHACHA20-POLY1305 | TLS 1.2 | TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256 | no certificate | GET 200

	# ---- TLS 1.1 and 1.0 ----
	openssl -cipher ALL@SECLEVEL=0 | openssl -tls1_1 -cipher ALL@SECLEVEL=0 | TLS 1.1 | TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA | - | GET 200
	gnutls -a | gnutls --priority NORMAL:-VERS-ALL:+VERS-TLS1.1:%NO_ETM | TLS 1.1 | TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA | - | GET 200
	openssl -cipher ALL@SECLEVEL=0 | openssl -tls1 -cipher AES128-SHA@SECLEVEL=0 | TLS 1.0 | TLS_RSA_WITH_AES_128_CBC_SHA | - | GET 200
	gnutls -a | gnutls --priority NORMAL:-VERS-ALL:+VERS-TLS1.0:-KX-ALL:+DHE-RSA | TLS 1.0 | TLS_DHE_RSA_WITH_AES_256_CBC_SHA | - | GET 200
	gnutls -a | gnutls --priority NORMAL:-VERS-ALL:+VERS-TLS1.0:%NO_ETM | TLS 1.0 | TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA | - | GET 200
	gnutls -a --priority NORMAL:+ARCFOUR-128 | gnutls --priority NORMAL:-VERS-ALL:+VERS-TLS1.0:-CIPHER-ALL:+ARCFOUR-128 | TLS 1.0 | TLS_ECDHE_ECDSA_WITH_RC4_128_SHA | - | GET 200

	# ---- sessions that are resumed ----
	openssl | openssl-resumes | TLS 1.3 | TLS_AES_256_GCM_SHA384 | x25519 / x25519, resumed | GET 200 x2
	openssl | openssl-resumes -tls1_2 | TLS 1.2 | TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 | / resumed | GET 200 x2
	nginx ssl_session_cache shared:a:1m; ssl_session_tickets off; | openssl-resumes -tls1_2 | TLS 1.2 | TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 | / resumed | GET 200 x2
	openssl | openssl-resumes -tls1_2 -cipher ECDHE-ECDSA-AES128-SHA256 | TLS 1.2 | TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256 | / resumed | GET 200 x2
	gnutls -a | gnutls --resume --waitresumption | TLS 1.3 | TLS_AES_256_GCM_SHA384 | secp256r1 / secp256r1, resumed | GET 200
	gnutls -a | gnutls --resume --priority NORMAL:-VERS-ALL:+VERS-TLS1.2 | TLS 1.2 | TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 | / resumed | GET 200
	nginx ssl_protocols TLSv1.3; | curl -H Connection:close /hello /second | TLS 1.3 | TLS_AES_256_GCM_SHA384 | x25519, http/1.1 / x25519, http/1.1, resumed | GET 200 x2
	openssl -psk 5ec2e7 | openssl -psk 5ec2e7 -ciphersuites TLS_AES_128_GCM_SHA256 | TLS 1.3 | TLS_AES_128_GCM_SHA256 | x25519, no certificate | GET 200

	# ---- groups, and a client that guessed the wrong one ----
	openssl -groups P-384 | openssl -groups X25519:P-384 | TLS 1.3 | TLS_AES_256_GCM_SHA384 | secp384r1, hello retry | GET 200
	gnutls -a --priority NORMAL:-GROUP-ALL:+GROUP-X448 | gnutls --single-key-share | TLS 1.3 | TLS_AES_256_GCM_SHA384 | x448, hello retry | GET 200
	gnutls -a --priority NORMAL:-GROUP-ALL:+GROUP-FFDHE2048 | gnutls | TLS 1.3 | TLS_AES_256_GCM_SHA384 | ffdhe2048, hello retry | GET 200
	openssl -groups P-384 | openssl-resumes -groups X25519:P-384 | TLS 1.3 | TLS_AES_256_GCM_SHA384 | secp384r1, hello retry / secp384r1, resumed, hello retry | GET 200 x2

	# ---- early data ----
	nginx ssl_protocols TLSv1.3; ssl_early_data on; | openssl-early | TLS 1.3 | TLS_AES_256_GCM_SHA384 | x25519 / x25519, resumed, early data | GET 200 x2
	nginx ssl_protocols TLSv1.3; ssl_early_data on; ssl_ecdh_curve secp384r1; | openssl-early-refused -groups X25519:P-384 | TLS 1.3 | TLS_AES_256_GCM_SHA384 | secp384r1, hello retry / secp384r1, resumed, hello retry, early data | GET 200 x2
	gnutls -a --earlydata --maxearlydata 4096 | gnutls-early | TLS 1.3 | TLS_AES_256_GCM_SHA384 | secp256r1 / secp256r1, resumed, early data | GET 200

	# ---- new keys ----
	openssl | openssl-updates-keys | TLS 1.3 | TLS_AES_256_GCM_SHA384 | x25519 | GET 200
	openssl | openssl-updates-both-keys | TLS 1.3 | TLS_AES_256_GCM_SHA384 | x25519 | GET 200
	gnutls -a | gnutls-updates-keys | TLS 1.3 | TLS_AES_256_GCM_SHA384 | secp256r1 | GET 200
	openssl -client_renegotiation | openssl-renegotiates -tls1_2 | TLS 1.2 | TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 | - | GET 200
	openssl -client_renegotiation | openssl-renegotiates -tls1_2 -cipher ECDHE-ECDSA-AES256-SHA | TLS 1.2 | TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA | - | GET 200
	gnutls -a | gnutls --rehandshake --priority NORMAL:-VERS-ALL:+VERS-TLS1.2 | TLS 1.2 | TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 | - | GET 200

	# ---- client certificates ----
	openssl -Verify 2 -CAfile authorities.pem | openssl -cert client-chain.pem -key client.key | TLS 1.3 | TLS_AES_256_GCM_SHA384 | x25519, client device-1 | GET 200
	openssl -Verify 2 -CAfile authorities.pem | openssl -tls1_2 -cert client-chain.pem -key client.key | TLS 1.2 | TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 | client device-1 | GET 200
	gnutls --require-client-cert | gnutls --x509certfile client-chain.pem --x509keyfile client.key | TLS 1.3 | TLS_AES_256_GCM_SHA384 | secp256r1, client device-1 | GET 200
	nginx ssl_protocols TLSv1.3; ssl_verify_client on; | curl --cert client-chain.pem --key client.key | TLS 1.3 | TLS_AES_256_GCM_SHA384 | x25519, http/1.1, client device-1 | GET 200
	nginx ssl_verify_client on; | curl --cert client-chain.pem --key client.key | TLS 1.2 | TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 | http/1.1, client device-1 | GET 200
	nghttpd --verify-client | nghttp --cert client.pem --key client.key | TLS 1.3 | TLS_AES_256_GCM_SHA384 | secp256r1, h2, hello retry, client device-1 | h2 GET 200

	# ---- stapled answers of the issuer ----
	openssl -status_file ocsp.der | openssl -status | TLS 1.3 | TLS_AES_256_GCM_SHA384 | x25519, stapled | GET 200
	openssl -status_file ocsp.der | curl --tls-max 1.2 --cert-status | TLS 1.2 | TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 | stapled | GET 200
	nginx ssl_protocols TLSv1.3; ssl_stapling on; ssl_stapling_file ocsp.der; | curl --cert-status | TLS 1.3 | TLS_AES_256_GCM_SHA384 | x25519, http/1.1, stapled | GET 200

	# ---- small and padded records ----
	openssl -record_padding 1000 | openssl -record_padding 700 -max_send_frag 512 | TLS 1.3 | TLS_AES_256_GCM_SHA384 | x25519 | GET 200
	nginx ssl_buffer_size 600; | gnutls --recordsize 512 | TLS 1.2 | TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 | - | GET 200

	# ---- HTTP/2 ----
	nghttpd --no-tls | nghttp-clear | - | - | - | h2 GET 200
	nghttpd --no-tls | curl-clear --http2-prior-knowledge | - | - | - | h2 GET 200
	nginx clear-http2 | nghttp-clear /hello /second /file | - | - | - | h2 GET 200 x3
	nghttpx | nghttp-clear -u | - | - | - | GET 200
	nghttpx | curl-clear --http2 | - | - | - | GET 200
	nghttpd | nghttp /hello /second /file /large | TLS 1.3 | TLS_AES_256_GCM_SHA384 | secp256r1, h2, hello retry | h2 GET 200 x4
	nginx http2 ssl_protocols TLSv1.3; | curl --parallel /hello /second /file /large | TLS 1.3 | TLS_AES_256_GCM_SHA384 | x25519, h2 | h2 GET 200 x4
	nginx http2 | h2load -n 20 -c 1 -m 5 /file | TLS 1.2 | TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 | h2 | h2 GET 200 x20
	nghttpd --trailer=x-sum:1 --padding=100 | nghttp --continuation --padding=50 --trailer=x-end:1 --data=www/file /hello | TLS 1.3 | TLS_AES_256_GCM_SHA384 | secp256r1, h2, hello retry | h2 POST 200
	nghttpd --push=/hello=/second,/file | nghttp | TLS 1.3 | TLS_AES_256_GCM_SHA384 | secp256r1, h2, hello retry | h2 GET 200
	nghttpd | nghttp -w 10 -W 10 /large | TLS 1.3 | TLS_AES_256_GCM_SHA384 | secp256r1, h2, hello retry | h2 GET 200
	nginx http2 keepalive_requests 2; | curl /hello /second /file | TLS 1.2 | TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 | h2 / h2 | h2 GET 200 x3
	nginx http2 limit_rate 20k; | curl --max-filesize 100 /hello /large /second | TLS 1.2 | TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 | h2 | h2 GET 200, h2 GET 200 incomplete, h2 GET 200

	# ---- what is refused: the word of the one that refuses is read ----
	openssl | openssl -CAfile client.pem -verify_return_error | TLS 1.3 | TLS_AES_256_GCM_SHA384 | x25519 | - | x509: certificate signed by unknown authority, tls-cert-unknown-issuer
	openssl | curl --cacert client.pem --tls-max 1.2 | TLS 1.2 | TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 | - | - | x509: certificate signed by unknown authority, tls-cert-unknown-issuer
	openssl -Verify 2 -CAfile authorities.pem | openssl-silent | TLS 1.3 | TLS_AES_256_GCM_SHA384 | x25519, client certificate asked for | - | alert of the server: certificate required, tls-client-cert-required
	nginx ssl_verify_client on; ssl_protocols TLSv1.3; | curl --fail | TLS 1.3 | TLS_AES_256_GCM_SHA384 | x25519, http/1.1, client certificate asked for | GET 400 | http-4xx
	openssl -tls1_3 | curl --tls-max 1.2 | - | - | - | - | remote error: tls: protocol version not supported, tls-version-mismatch
	openssl -ciphersuites TLS_AES_128_CCM_SHA256 | curl | - | - | - | - | remote error: tls: handshake failure, tls-no-shared-cipher
	openssl -alpn h2 | gnutls --alpn http/1.1 | - | - | - | - | remote error: tls: no application protocol, tls-alpn-mismatch

	# ---- TLS inside TLS ----
	proxy | curl-proxy | TLS 1.3 | TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384 | x25519, http/1.1 / x25519, http/1.1 | proxied CONNECT 200, proxied GET 200

	# ---- look-ups ----
	unbound tls | kdig +tls +keepopen | TLS 1.3 | TLS_AES_256_GCM_SHA384 | secp256r1 | A 10.88.2.9, AAAA fd00:88::9
	unbound https | kdig +https +keepopen | TLS 1.3 | TLS_AES_256_GCM_SHA384 | secp256r1, h2 | h2 POST 200 x2, A 10.88.2.9, AAAA fd00:88::9
	unbound https | kdig +https-get | TLS 1.3 | TLS_AES_256_GCM_SHA384 | secp256r1, h2 / secp256r1, h2 | h2 GET 200 x2, A 10.88.2.9, AAAA fd00:88::9
	unbound https | curl-doh | TLS 1.3 | TLS_AES_256_GCM_SHA384 | x25519, h2 | h2 POST 200, A 10.88.2.2
	END
}
