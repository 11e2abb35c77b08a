/*
 * Findings: what went wrong or slow, with the packets that prove it.
 */
#ifndef NETTRACE_STORE_FINDINGS_H
#define NETTRACE_STORE_FINDINGS_H

#include "store/base.h"
#include "store/trace_id.h"

enum finding_severity {
	FINDING_ERROR,   /* a dial or request failed because of it */
	FINDING_WARNING, /* it cost time, or nearly failed */
	FINDING_INFO     /* worth knowing */
};
const char *finding_severity_text(enum finding_severity severity); /* "error", … */

/* Every code: name, text in the trace, usual severity.  Codes are added, never renamed. */
#define FINDING_LIST(X) \
	/* name resolution */ \
	X(DNS_NXDOMAIN, "dns-nxdomain", ERROR) \
	X(DNS_NODATA, "dns-nodata", ERROR) \
	X(DNS_SERVFAIL, "dns-servfail", ERROR) \
	X(DNS_REFUSED, "dns-refused", ERROR) \
	X(DNS_TIMEOUT, "dns-timeout", ERROR) \
	X(DNS_REPLY_MISMATCH, "dns-reply-mismatch", ERROR) \
	X(DNS_MALFORMED_REPLY, "dns-malformed-reply", ERROR) \
	X(DNS_SERVER_UNREACHABLE, "dns-server-unreachable", ERROR) \
	X(DNS_TCP_FALLBACK_FAILED, "dns-tcp-fallback-failed", ERROR) \
	/* connecting */ \
	X(TCP_REFUSED, "tcp-refused", ERROR) \
	X(TCP_TIMEOUT, "tcp-timeout", ERROR) \
	X(ICMP_HOST_UNREACHABLE, "icmp-host-unreachable", ERROR) \
	X(ICMP_NET_UNREACHABLE, "icmp-net-unreachable", ERROR) \
	X(ICMP_PORT_UNREACHABLE, "icmp-port-unreachable", ERROR) \
	X(ICMP_ADMIN_PROHIBITED, "icmp-admin-prohibited", ERROR) \
	X(MTU_BLACKHOLE, "mtu-blackhole", ERROR) \
	/* the connection */ \
	X(TCP_RESET_BEFORE_RESPONSE, "tcp-reset-before-response", ERROR) \
	X(TCP_RESET_MID_TRANSFER, "tcp-reset-mid-transfer", ERROR) \
	X(TCP_STALLED, "tcp-stalled", ERROR) \
	X(CLIENT_ABORTED, "client-aborted", ERROR) \
	X(NAT_STATE_LOST, "nat-state-lost", ERROR) \
	/* TLS */ \
	X(TLS_TIMEOUT, "tls-timeout", ERROR) \
	X(TLS_RESET_DURING_HANDSHAKE, "tls-reset-during-handshake", ERROR) \
	X(TLS_CLOSED_DURING_HANDSHAKE, "tls-closed-during-handshake", ERROR) \
	X(TLS_HANDSHAKE_ABORTED_BY_CLIENT, "tls-handshake-aborted-by-client", ERROR) \
	X(TLS_VERSION_MISMATCH, "tls-version-mismatch", ERROR) \
	X(TLS_NO_SHARED_CIPHER, "tls-no-shared-cipher", ERROR) \
	X(TLS_UNRECOGNIZED_NAME, "tls-unrecognized-name", ERROR) \
	X(TLS_ALPN_MISMATCH, "tls-alpn-mismatch", ERROR) \
	X(TLS_SERVER_ALERT, "tls-server-alert", ERROR) \
	X(TLS_TO_PLAINTEXT_PORT, "tls-to-plaintext-port", ERROR) \
	X(HTTP_TO_TLS_PORT, "http-to-tls-port", ERROR) \
	X(TLS_CERT_EXPIRED, "tls-cert-expired", ERROR) \
	X(TLS_CERT_NOT_YET_VALID, "tls-cert-not-yet-valid", ERROR) \
	X(TLS_CERT_NAME_MISMATCH, "tls-cert-name-mismatch", ERROR) \
	X(TLS_CERT_SELF_SIGNED, "tls-cert-self-signed", ERROR) \
	X(TLS_CERT_UNKNOWN_ISSUER, "tls-cert-unknown-issuer", ERROR) \
	X(TLS_CERT_INCOMPLETE_CHAIN, "tls-cert-incomplete-chain", ERROR) \
	X(TLS_CLIENT_CERT_REQUIRED, "tls-client-cert-required", ERROR) \
	X(TLS_CLIENT_CERT_REJECTED, "tls-client-cert-rejected", ERROR) \
	/* HTTP */ \
	X(HTTP_4XX, "http-4xx", ERROR) \
	X(HTTP_5XX, "http-5xx", ERROR) \
	X(HTTP_TIMEOUT, "http-timeout", ERROR) \
	X(HTTP_BODY_TIMEOUT, "http-body-timeout", ERROR) \
	X(HTTP_EMPTY_REPLY, "http-empty-reply", ERROR) \
	X(HTTP_TRUNCATED_BODY, "http-truncated-body", ERROR) \
	X(HTTP_MALFORMED_RESPONSE, "http-malformed-response", ERROR) \
	X(HTTP_VERSION_MISMATCH, "http-version-mismatch", ERROR) \
	X(HTTP_REDIRECT_LOOP, "http-redirect-loop", ERROR) \
	X(H2_STREAM_RESET, "h2-stream-reset", ERROR) \
	X(H2_GOAWAY, "h2-goaway", ERROR) \
	X(CAPTIVE_PORTAL, "captive-portal", ERROR) \
	/* proxies */ \
	X(PROXY_REFUSED, "proxy-refused", ERROR) \
	X(PROXY_TIMEOUT, "proxy-timeout", ERROR) \
	X(PROXY_AUTH_REQUIRED, "proxy-auth-required", ERROR) \
	X(PROXY_FORBIDDEN, "proxy-forbidden", ERROR) \
	X(PROXY_BAD_GATEWAY, "proxy-bad-gateway", ERROR) \
	X(PROXY_UPSTREAM_DNS_FAILURE, "proxy-upstream-dns-failure", ERROR) \
	/* what cost time, or is worth knowing */ \
	X(DNS_RETRY, "dns-retry", WARNING) \
	X(DNS_SLOW, "dns-slow", WARNING) \
	X(DNS_TRUNCATED, "dns-truncated", INFO) \
	X(DNS_DUPLICATE_REPLY, "dns-duplicate-reply", INFO) \
	X(DNS_SEARCH_EXPANSION, "dns-search-expansion", INFO) \
	X(IP_FRAGMENTS, "ip-fragments", INFO) \
	X(IP_CONFLICTING_FRAGMENTS, "ip-conflicting-fragments", WARNING) \
	X(FIRST_ADDRESS_REFUSED, "first-address-refused", WARNING) \
	X(IPV6_DEAD_FALLBACK, "ipv6-dead-fallback", WARNING) \
	X(SYN_RETRANSMITTED, "syn-retransmitted", WARNING) \
	X(TCP_RETRANSMISSIONS, "tcp-retransmissions", WARNING) \
	X(TCP_ZERO_WINDOW, "tcp-zero-window", WARNING) \
	X(TCP_OUT_OF_ORDER, "tcp-out-of-order", INFO) \
	X(TCP_CONFLICTING_OVERLAPS, "tcp-conflicting-overlaps", WARNING) \
	X(ICMP_FRAG_NEEDED, "icmp-frag-needed", INFO) \
	X(TLS_HELLO_RETRY_REQUEST, "tls-hello-retry-request", INFO) \
	X(TLS_CLIENT_CERT_REQUESTED_NONE_SENT, "tls-client-cert-requested-none-sent", INFO) \
	X(TLS_CERT_EXPIRES_SOON, "tls-cert-expires-soon", WARNING) \
	X(TLS_CHAIN_UNVERIFIED, "tls-chain-unverified", INFO) \
	X(TLS_KEYS_MISSING, "tls-keys-missing", INFO) \
	X(HTTP_SLOW_RESPONSE, "http-slow-response", WARNING) \
	X(HTTP_SLOW_BODY, "http-slow-body", WARNING) \
	X(PROXY_AUTH_CHALLENGE, "proxy-auth-challenge", INFO) \
	X(CONNTRACK_EVENTS_LOST, "conntrack-events-lost", WARNING) \
	X(CAPTURE_DROPPED_PACKETS, "capture-dropped-packets", WARNING) \
	X(CAPTURE_TRUNCATED_PACKETS, "capture-truncated-packets", WARNING) \
	X(CAPTURE_STARTED_MID_CONNECTION, "capture-started-mid-connection", INFO) \
	X(CAPTURE_FILE_TRUNCATED, "capture-file-truncated", WARNING) \
	X(CAPTURE_ONE_DIRECTION_ONLY, "capture-one-direction-only", WARNING) \
	X(CLOCK_WENT_BACKWARDS, "clock-went-backwards", WARNING)

enum finding_code {
#define X(name, text, severity) FINDING_##name,
	FINDING_LIST(X)
#undef X
		FINDING_CODE_COUNT
};

const char *finding_code_text(enum finding_code code);
enum finding_severity finding_code_severity(enum finding_code code);

struct finding_packet {
	struct packet_ref packet;
	struct bytes shows; /* "SYN", "RST in answer to the SYN", … */
};

struct trace_finding {
	enum finding_code code;
	enum finding_severity severity;
	bool root_cause;        /* it explains the failure of `dial` or `request` */
	struct bytes message;   /* one plain sentence */
	const trace_id *traces; /* the records concerned, the one that failed first, first */
	size_t trace_count;
	const struct finding_packet *packets;
	size_t packet_count;
	nt_time at;
	trace_id dial, request; /* 0 if none */
	uint64_t more;          /* further ones of this code that are only counted */
};

#endif
