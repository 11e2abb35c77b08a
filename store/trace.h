/*
 * The records of a trace: what nettrace found out, in the seed library's terms (lf-edge/eve-libs nettrace), and beside each what only the
 * wire tells.
 *
 * correlate/ makes the records and hands each to a sink once, when nothing can change it any more.  A trace_list collects them in memory.
 *
 * Times are nanoseconds since 1970, NT_TIME_NONE for what the seed calls "undefined".  Durations carry their unit in the name; -1 means
 * not known.  Text is struct bytes: any bytes, as they were on the wire.  An id of 0 means "none".
 */
#ifndef NETTRACE_STORE_TRACE_H
#define NETTRACE_STORE_TRACE_H

#include "store/address.h"
#include "store/base.h"
#include "store/conntrack.h"
#include "store/findings.h"
#include "store/limits.h"
#include "store/trace_id.h"

/* ---- what a trace of the seed library tells ---- */

/* Members of a record that the seed's trace fills where packets do not tell: name, and the member in the JSON trace. */
#define TRACE_SEED_MEMBER_LIST(X) \
	X(DST_ADDRESS, "dstAddress") \
	X(DIAL_ERROR, "dialErr") \
	X(CONTEXT_CLOSE, "ctxCloseAt") \
	X(SKIPPED_NAMESERVERS, "skippedNameservers") \
	X(CONNTRACK, "conntrack") \
	X(SOCKET_TRACE, "socketTrace") \
	X(DNS_QUERIES, "dnsQueryMsgs") \
	X(DNS_REPLIES, "dnsReplyMsgs") \
	X(HANDSHAKE_ERROR, "handshakeErr") \
	X(PEER_CERTS, "peerCerts") \
	X(NEGOTIATED_PROTOCOL, "negotiatedProto") \
	X(SERVER_NAME, "serverName") \
	X(TLS_TUNNEL, "tlsTunnel") \
	X(REQUEST_FIELDS, "reqHeader") \
	X(REQUEST_ERROR, "reqError") \
	X(RESPONSE_FIELDS, "respHeader")

enum trace_seed_member {
#define X(name, text) TRACE_SEED_##name,
	TRACE_SEED_MEMBER_LIST(X)
#undef X
		TRACE_SEED_MEMBER_COUNT
};
const char *trace_seed_member_text(enum trace_seed_member member); /* "dstAddress", … */

/* A call that read from a socket or wrote to it. */
enum trace_socket_op_type { TRACE_SOCKET_READ, TRACE_SOCKET_READ_FROM, TRACE_SOCKET_WRITE, TRACE_SOCKET_WRITE_TO };
const char *trace_socket_op_type_text(enum trace_socket_op_type type); /* "read", "read-from", … */

struct trace_socket_op {
	enum trace_socket_op_type type;
	nt_time call, returned;
	struct bytes error, remote_address; /* empty if there is none */
	uint64_t size;                      /* bytes read or written */
};

/* That a trace of the seed library has the record too, or alone; its times are whole milliseconds. */
struct trace_seed {
	trace_id id;        /* there; 0 if the record has no ID, or none of the form tid-N */
	uint32_t input;     /* index of that trace among the inputs */
	bool alone;         /* no packet shows the record: all of it is as the seed tells it */
	uint32_t filled;    /* 1 << enum trace_seed_member: what was taken from there, if not alone */
	struct bytes error; /* of a dial, handshake or request: as the program got it */
	/* what only the seed tells */
	nt_time context_close; /* of a dial */
	const struct bytes *skipped_nameservers;
	size_t skipped_nameserver_count;
	const struct trace_socket_op *socket_ops; /* of a connection */
	size_t socket_op_count;
};

/* Whether a record is only told by a trace of the Go library: then what that leaves out is not known. */
static inline bool trace_is_told(const struct trace_seed *seed)
{
	return seed && seed->alone;
}

/* ---- dials ---- */

/* How the name of a dial or the client side of a connection was found. */
enum trace_evidence {
	TRACE_BY_NOTHING,
	TRACE_BY_SYN,       /* sender of the SYN */
	TRACE_BY_SYN_ACK,   /* receiver of the SYN-ACK */
	TRACE_BY_TLS_HELLO, /* sender of the ClientHello; the server name in it */
	TRACE_BY_HTTP,      /* sender of the request; its Host */
	TRACE_BY_DNS,       /* the name whose answer gave the address */
	TRACE_BY_PORT,      /* the higher port is the client's */
	TRACE_BY_FIRST_PACKET,
	TRACE_BY_OPTION, /* --client */
	TRACE_BY_ADDRESS /* nothing better than the address */
};
const char *trace_evidence_text(enum trace_evidence evidence); /* "syn", "tls-hello", … */

struct trace_resolver_dial {
	nt_time begin, end;
	struct bytes error;
	uint8_t ip_version;
	struct ip_address nameserver;
	uint16_t nameserver_port;
	trace_id established_conn; /* in udp_conns or tcp_conns */
};

struct trace_dial {
	trace_id id;
	nt_time begin, end;
	struct bytes error; /* dialErr; empty if it succeeded, or nothing decides */
	struct bytes host;  /* name or address of dstAddress */
	uint16_t port;      /* 0: it never got past DNS */
	const struct trace_resolver_dial *resolver_dials;
	size_t resolver_dial_count;
	uint8_t source_ip_version; /* 0 if no packet left */
	struct ip_address source;
	trace_id established_conn; /* in tcp_conns, or in udp_conns if QUIC won */
	/* wire */
	enum trace_evidence host_by;
	const trace_id *attempts; /* its connections, TCP or QUIC, in order */
	size_t attempt_count;
	struct packet_ref first_packet, last_packet;
	const struct trace_seed *seed; /* NULL: only packets tell of it */
};

/* ---- connections ---- */

/* Another place where the same connection was captured, with other addresses: the far side of a translation. */
struct trace_view {
	struct address_tuple tuple;
	uint32_t interface;
	struct packet_ref first_packet, last_packet;
};

enum trace_close {
	TRACE_CLOSE_NONE, /* still open when the capture ended, or silent */
	TRACE_CLOSE_FIN,  /* both sides */
	TRACE_CLOSE_HALF, /* FIN by one side only */
	TRACE_CLOSE_RST_CLIENT,
	TRACE_CLOSE_RST_SERVER,
	TRACE_CLOSE_REFUSED, /* RST in answer to the SYN */
	TRACE_CLOSE_ICMP,    /* an ICMP error in answer to the SYN */
	TRACE_CLOSE_EVICTED  /* LIMIT_FLOWS */
};
const char *trace_close_text(enum trace_close close);

/* What one side of a TCP connection sent. */
struct trace_tcp_side {
	uint64_t packets, payload_packets;
	uint64_t wire_bytes; /* of IP payload: TCP headers and data, retransmissions too */
	uint32_t retransmissions, out_of_order, zero_windows, keep_alives, duplicate_acks;
	uint64_t lost_bytes;           /* sent and acknowledged, but not in the capture */
	uint64_t cut_bytes;            /* of the counted payload: cut by the snaplen */
	uint32_t conflicting_overlaps; /* segments whose bytes differ from the first copy */
	uint16_t mss;                  /* of its SYN, 0 if not seen */
	int8_t window_scale;           /* of its SYN, -1 if not seen or absent */
	nt_time fin, rst;              /* the first */
};

struct trace_tcp_conn {
	trace_id id, from_dial;
	bool from_resolver;
	nt_time handshake_begin, handshake_end;
	bool connected;
	nt_time close;
	struct address_tuple tuple;
	bool reused; /* open before the capture began */
	uint64_t sent_bytes, recv_bytes;
	/* wire */
	struct trace_tcp_side client, server;
	enum trace_evidence client_by;
	enum trace_close close_reason;
	bool half_open; /* SYN without an answer */
	uint32_t syn_count;
	int64_t rtt_us;       /* SYN to SYN-ACK or SYN-ACK to ACK: the part that the network made; -1 unknown */
	int64_t handshake_us; /* SYN to final ACK */
	uint16_t vlan;
	uint8_t tunnels;
	uint8_t icmp_type, icmp_code; /* of the last ICMP error about it, if icmp_packet.number is not 0 */
	struct packet_ref icmp_packet;
	uint32_t interface;
	struct bytes app_protocol; /* nDPI's name, or our dissector's; empty if unknown */
	struct packet_ref first_packet, last_packet;
	nt_time first, last;                     /* times of the first and last packet */
	const struct conntrack_entry *conntrack; /* NULL if there is none, as in struct trace_udp_conn */
	const struct trace_view *views;          /* by views_join() */
	size_t view_count;
	const struct trace_seed *seed; /* NULL: only packets tell of it */
};

/* CONNECTION_CLOSE (RFC 9000 19.19) in an Initial or Handshake packet. */
struct trace_quic_close {
	bool by_server, by_application;
	uint64_t code;       /* RFC 9000 20.1 */
	struct bytes reason; /* as it was sent; empty if none */
	nt_time time;
	struct packet_ref packet;
};

/* What QUIC says of itself while its handshake lasts; the TLS in it is a struct trace_tls_tunnel. */
struct trace_quic {
	uint32_t offered_version;        /* of the first Initial packet */
	uint32_t version;                /* in use at last */
	bool retry;                      /* the server demanded a proof of the client's address, RFC 9000 8.1.2 */
	bool answered;                   /* the server answered, or the client shows that it did */
	const uint32_t *server_versions; /* of Version Negotiation */
	size_t server_version_count;
	struct trace_quic_close closes[2]; /* the first of either side, in order */
	size_t close_count;
};

struct trace_udp_conn {
	trace_id id, from_dial;
	bool from_resolver;
	nt_time create, close; /* first and last datagram */
	struct address_tuple tuple;
	uint64_t sent_bytes, recv_bytes;
	/* wire */
	uint64_t sent_packets, recv_packets;
	enum trace_evidence client_by;
	uint16_t vlan;
	uint8_t tunnels;
	uint8_t icmp_type, icmp_code;
	struct packet_ref icmp_packet;
	uint32_t interface;
	struct bytes app_protocol;
	struct packet_ref first_packet, last_packet;
	const struct conntrack_entry *conntrack;
	const struct trace_quic *quic;  /* NULL if it is none, as far as is known */
	const struct trace_view *views; /* by views_join() */
	size_t view_count;
	const struct trace_seed *seed; /* NULL: only packets tell of it */
};

/* ---- DNS ---- */

enum trace_dns_kind { TRACE_DNS, TRACE_MDNS, TRACE_LLMNR };
const char *trace_dns_kind_text(enum trace_dns_kind kind); /* "dns", "mdns", "llmnr" */

struct trace_dns_question {
	struct bytes name; /* fully qualified, final dot */
	uint16_t type, class;
};

struct trace_dns_answer {
	struct bytes name;
	uint16_t type, class;
	uint32_t ttl; /* seconds */
	struct bytes value;
};

struct trace_dns_message {
	bool is_reply;
	nt_time time;
	uint16_t id;
	uint8_t opcode;
	uint16_t rcode; /* replies */
	bool truncated, recursion_desired, authoritative, recursion_available;
	uint32_t size;          /* bytes of the message */
	uint16_t edns_udp_size; /* queries: optUDPPayloadSize; 0 if none */
	const struct trace_dns_question *questions;
	size_t question_count;
	const struct trace_dns_answer *answers; /* replies */
	size_t answer_count;
	/* wire */
	bool malformed, cut;
	bool unmatched; /* a reply to no query of this conversation */
	bool told;      /* by a trace of the seed library, no packet shows it; an rcode that it has no word for is 0xffff then */
	int64_t latency_us; /* reply: since the query with its id and question; -1 if none */
	struct packet_ref packet;
};

/* What carried it.  All but the first run on a TCP connection. */
enum trace_dns_over {
	TRACE_OVER_UDP,
	TRACE_OVER_TCP,
	TRACE_OVER_TLS,  /* RFC 7858 */
	TRACE_OVER_HTTPS /* RFC 8484 */
};
const char *trace_dns_over_text(enum trace_dns_over over); /* "udp", "tcp", "tls", "https" */

struct trace_dns_query {
	trace_id id, from_dial, connection;
	/* Queries and replies in the order of the wire; over HTTPS in that of the replies. */
	const struct trace_dns_message *messages;
	size_t message_count;
	/* wire */
	enum trace_dns_kind kind;
	enum trace_dns_over over;
	trace_id tls_tunnel;           /* with TLS and HTTPS; 0 if none */
	const struct trace_seed *seed; /* NULL: only packets tell of it */
};

/* ---- TLS ---- */

struct trace_certificate {
	struct bytes subject, issuer;
	int64_t not_before_s, not_after_s; /* seconds since 1970; INT64_MIN if unreadable */
	bool is_ca;
	/* wire */
	struct bytes serial, sha256, key_type;
	const struct bytes *names; /* subjectAltName */
	size_t name_count;
	bool unreadable; /* the DER could not be read */
};

struct trace_tls_alert {
	bool by_server, encrypted;
	uint8_t level, description;
	nt_time time;
	struct packet_ref packet;
};

struct trace_tls_tunnel {
	trace_id id, tcp_conn, udp_conn; /* udp_conn: QUIC */
	nt_time handshake_begin, handshake_end;
	struct bytes error;
	bool did_resume;
	const struct trace_certificate *certificates;
	size_t certificate_count;
	uint16_t cipher_suite;
	struct bytes negotiated_protocol, server_name;
	/* wire */
	uint16_t version;         /* negotiated; 0 if no ServerHello */
	uint16_t offered_version; /* highest of the ClientHello; 0 if none */
	const struct bytes *offered_protocols;
	size_t offered_protocol_count;
	uint16_t group;
	bool client_hello, server_hello, hello_retry, done, early_data, early_data_refused, encrypted_client_hello;
	bool certificate_request, ocsp_stapled, malformed, certificates_cut;
	bool decrypted;              /* its content was read with logged keys; of QUIC, its handshake */
	uint64_t unverified_records; /* that did not verify although keys were known */
	struct bytes verification,
		verification_detail; /* of the server's chain: "ok", "expired", …; empty if it was not verified */
	const struct trace_certificate *client_certificates;
	size_t client_certificate_count;
	uint16_t certificate_compression, client_certificate_compression; /* the algorithm of RFC 8879; 0 if they came plain */
	const struct trace_tls_alert *alerts;
	size_t alert_count;
	struct bytes ja3, ja4;
	uint64_t client_data_bytes, server_data_bytes; /* of encrypted application data */
	int64_t handshake_us;
	bool mid_stream;                             /* began after other bytes of the connection (STARTTLS, SOCKS, CONNECT) */
	struct packet_ref first_packet, last_packet; /* of the handshake */
	const struct trace_seed *seed;               /* NULL: only packets tell of it */
};

/* ---- HTTP ---- */

struct trace_http_field {
	struct bytes name, value; /* value empty and only its length given unless values are wanted */
	uint32_t value_size;
};

/* Where the time of a request went, in microseconds; the parts add up to `total`. */
struct trace_http_timing {
	int64_t total; /* from the first query of its dial (else its first byte) to the end of its response; -1: that is not
				      known, and only the parts to `idle` count */
	int64_t dns, connect, tls; /* 0 on a connection that was open already */
	int64_t idle;              /* between the set-up and the first byte of the request */
	int64_t request;           /* to its last byte */
	int64_t server;            /* to the first byte of the response */
	int64_t transfer;          /* to its last byte */
	int64_t stalled; /* taken out of server and transfer: waiting for segments to be sent again, or for a window to open */
};

/* The span of the client's own tracing that made a request, from its traceparent field (W3C Trace Context): no secret. */
struct trace_parent {
	bool known;
	uint8_t flags;
	uint8_t trace_id[16], span_id[8];
};

struct trace_http_request {
	trace_id id, tcp_conn, tls_tunnel, proxy_tls_tunnel;
	uint8_t proto_major, proto_minor;
	struct bytes network_proxy;
	nt_time req_sent;
	struct bytes method, url;
	const struct trace_http_field *req_fields;
	size_t req_field_count;
	uint64_t req_content_size;
	struct bytes error;
	nt_time resp_recv;
	uint16_t status;
	struct bytes reason; /* of the status line, RFC 9112 4; empty in HTTP/2 */
	const struct trace_http_field *resp_fields;
	size_t resp_field_count;
	uint64_t resp_content_size;
	/* wire */
	struct bytes host; /* of the request, without port */
	bool is_connect;
	bool resp_without_request;
	bool resp_complete, req_complete;
	bool truncated; /* the body ended before its announced end */
	bool malformed;
	bool suspicious_framing;
	uint16_t interim_status;    /* the last 1xx before the answer, 0 if none */
	uint64_t gap_bytes;         /* of the counted bodies: not in the capture */
	trace_id redirected_from;   /* the request whose redirect led here */
	trace_id retry_of;          /* the request without an answer that this one repeats */
	struct trace_parent parent; /* whatever is kept of the fields, unless "traceparent" is excluded */
	struct trace_http_timing timing;
	nt_time req_end, resp_begin, resp_end;
	struct packet_ref req_packet, resp_packet, last_packet;
	const struct trace_seed *seed; /* NULL: only packets tell of it */
};

/* ---- where records go ---- */

/* Called once per record; everything that a record points to lives only during the call.  A NULL member: that kind is not wanted. */
struct trace_sink {
	void (*dial)(void *context, const struct trace_dial *dial);
	void (*tcp_conn)(void *context, const struct trace_tcp_conn *conn);
	void (*udp_conn)(void *context, const struct trace_udp_conn *conn);
	void (*dns_query)(void *context, const struct trace_dns_query *query);
	void (*tls_tunnel)(void *context, const struct trace_tls_tunnel *tunnel);
	void (*http_request)(void *context, const struct trace_http_request *request);
	void (*finding)(void *context, const struct trace_finding *finding); /* last of all, in the order of importance */
};

/* A sink that hands each record to two others; its context is a struct trace_tee. */
struct trace_tee {
	const struct trace_sink *sinks[2];
	void *contexts[2];
};
extern const struct trace_sink trace_tee_sink;

/* Records of all kinds in memory, each list sorted by id after trace_list_sort(); findings stay in the order of importance. */
struct trace_list {
	struct trace_dial *dials;
	struct trace_tcp_conn *tcp_conns;
	struct trace_udp_conn *udp_conns;
	struct trace_dns_query *dns_queries;
	struct trace_tls_tunnel *tls_tunnels;
	struct trace_http_request *http_requests;
	struct trace_finding *findings;
	size_t dial_count, tcp_conn_count, udp_conn_count, dns_query_count, tls_tunnel_count, http_request_count, finding_count;
	size_t dial_capacity, tcp_conn_capacity, udp_conn_capacity, dns_query_capacity, tls_tunnel_capacity, http_request_capacity,
		finding_capacity;
	struct limit_hits *hits;   /* where LIMIT_RECORDS is counted; NULL: nowhere */
	struct arena strings;      /* everything that the records point to */
	struct trace_texts *texts; /* how strings are packed into `strings`; private to trace.c, NULL while there are none */
};

/* A sink that copies records into the struct trace_list given as its context.  Zeroed memory is an empty list. */
extern const struct trace_sink trace_list_sink;
void trace_list_sort(struct trace_list *list);
void trace_list_free(struct trace_list *list);

/* Hands all records to a sink, kind by kind in the order of the lists. */
void trace_list_give(const struct trace_list *list, const struct trace_sink *sink, void *context);

/* The record with this id in a sorted list; NULL if there is none. */
const struct trace_dial *trace_find_dial(const struct trace_list *list, trace_id id);
const struct trace_tcp_conn *trace_find_tcp_conn(const struct trace_list *list, trace_id id);
const struct trace_udp_conn *trace_find_udp_conn(const struct trace_list *list, trace_id id);
const struct trace_dns_query *trace_find_dns_query(const struct trace_list *list, trace_id id);
const struct trace_tls_tunnel *trace_find_tls_tunnel(const struct trace_list *list, trace_id id);
const struct trace_http_request *trace_find_http_request(const struct trace_list *list, trace_id id);

#endif
