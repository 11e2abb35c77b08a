/*
 * What the records of a trace say about why things failed or were slow: rules, one file for each layer.
 *
 * Each function is called once, when nothing can change its subject any more, and begins the findings that the packets prove.  A failure is
 * explained once: the layer that failed first sets `explained` on the connection (or on the exchange), and the others keep silent.
 */
#ifndef NETTRACE_CORRELATE_DIAGNOSE_H
#define NETTRACE_CORRELATE_DIAGNOSE_H

#include "correlate/findings.h"
#include "correlate/tcp.h"

/* ---- how a connection ended ---- */

enum ending_kind {
	ENDING_OPEN, /* the capture ended, or nothing was heard any more */
	ENDING_FIN,
	ENDING_NOTIFIED, /* by a close_notify, which says before the FIN that no more will come */
	ENDING_RST
};

struct ending {
	enum ending_kind kind;
	bool by_server;
	nt_time at;               /* of the FIN or RST; else of the last packet of the capture */
	struct packet_ref packet; /* number 0 with ENDING_OPEN */
};

/* The first FIN or RST of either side. */
struct ending connection_ending(const struct correlator *c, const struct tcp_conn *conn);

/* The end of what runs in a tunnel of the connection: `tls_tunnel` 0 is the connection itself. */
struct ending stream_ending(const struct correlator *c, const struct tcp_conn *conn, trace_id tls_tunnel);

/*
 * Whether the last words of the client, or of the server, were acknowledged or sent again.  If not, and the capture goes on, then it is the
 * capture that lacks what came of them.
 */
bool client_was_followed(const struct tcp_conn *conn);
bool server_was_followed(const struct tcp_conn *conn);

/* Whether bytes of the connection are not in the capture though they came, or were cut by the snaplen. */
bool capture_lacks_bytes(const struct tcp_conn *conn);

/* Whether so much of all connections is not in the capture that a silence up to its end proves nothing. */
bool capture_lost_much(const struct correlator *c);

/* Whether the client's last data was sent again and again, and never acknowledged. */
bool client_sent_in_vain(const struct tcp_conn *conn);

/* Something in the network that makes a conversation die without either end's will; begins the finding and returns it, or NULL. */
struct finding *diagnose_transport(struct correlator *c, struct tcp_conn *conn, trace_id request);

/* A client that waits longer than this and then gives up has timed out; sooner, it changed its mind. */
#define TIMEOUT_PATIENCE (400 * NT_MILLISECOND)
/* When the capture ends before the client gives up, so much silence is taken for a failure; of a request longer, as some servers let wait. */
#define SILENCE_PATIENCE (3 * NT_SECOND)
#define REQUEST_SILENCE_PATIENCE (30 * NT_SECOND)

/* ---- by layer ---- */

/* An attempt to connect that failed, as the cause of its dial's failure or (`fallback`: what worked, a sentence) on the way to its success. */
struct finding *diagnose_attempt(struct correlator *c, const struct tcp_conn *conn, struct bytes host, const char *fallback);

/* Retransmissions, zero windows, what the capture lacks; resets of connections on which nothing else was understood. */
void diagnose_tcp(struct correlator *c, struct tcp_conn *conn);

struct trace_tls_tunnel;
struct tls_circumstances {
	bool server_is_plaintext; /* the server's answer to the ClientHello was no TLS */
	bool verified;            /* `verification` says what OpenSSL makes of the chain */
	enum verify_result verification;
	uint64_t client_plaintext, server_plaintext; /* bytes inside, where the keys are known */
	bool failed;                                 /* the handshake did not complete */
	bool behind_proxy;                           /* the connection leads to a proxy, and the tunnel through it */
	struct packet_ref hello, answer;             /* ClientHello, first bytes of the server */
	nt_time answered;                            /* when these came, NT_TIME_NONE if never */
};
void diagnose_tls(struct correlator *c, struct tcp_conn *conn, const struct trace_tls_tunnel *tunnel,
		  const struct tls_circumstances *circumstances);

/* ---- QUIC ---- */

enum quic_fault {
	QUIC_FAULT_UNKNOWN, /* nothing tells why it came to nothing, or that it did */
	QUIC_FAULT_SILENCE,
	QUIC_FAULT_ICMP,
	QUIC_FAULT_VERSION,
	QUIC_FAULT_ALERT,
	QUIC_FAULT_CLOSE
};

struct quic_circumstances {
	enum quic_fault fault;
	unsigned flights; /* how often the client sent its hello */
	struct packet_ref first_hello, last_hello;
	nt_time last_hello_at;
	uint64_t server_datagrams; /* whatever is in them */
	uint8_t icmp_type, icmp_code;
	struct packet_ref icmp_packet;
	nt_time icmp_at;
	struct packet_ref versions; /* Version Negotiation */
	nt_time versions_at;
};

struct quic_attempt;
struct trace_quic;

/* A handshake that failed.  `dial`: whose failure it explains; 0: it did no harm, as the client reached the server otherwise. */
void diagnose_quic_failure(struct correlator *c, const struct quic_attempt *attempt, trace_id dial,
			   const struct trace_tls_tunnel *tunnel, const struct tls_circumstances *tls,
			   const struct quic_circumstances *circumstances, const struct trace_quic *quic);

/* What the TLS of a QUIC connection tells: the alert that ended it, which the finding is about that is returned; else what is worth knowing. */
struct finding *diagnose_quic_tls(struct correlator *c, const struct quic_attempt *attempt, trace_id dial,
				  const struct trace_tls_tunnel *tunnel, const struct tls_circumstances *circumstances);

/* "www.example.org (192.0.2.1:443)": whom a client dialled; the name may be empty. */
void say_peer(struct finding *f, const struct address_tuple *tuple, struct bytes name);
/* The code of an ICMP error about an attempt to connect, and what it says: "the host is unreachable". */
enum finding_code icmp_finding_code(uint8_t ip_version, uint8_t type, uint8_t code);
const char *icmp_finding_words(enum finding_code code);

/* ---- HTTP ---- */

struct trace_http_request;
struct http_circumstances {
	bool has_request, response_begun;
	bool explained;           /* a finding says why already */
	bool via_proxy;           /* absolute-form, CONNECT, or inside a CONNECT tunnel's surroundings */
	bool server_is_tls;       /* the answer was a TLS record */
	const char *proxy_error;  /* X-Squid-Error and the like, NULL if none */
	bool proxy_lacks_name;    /* the proxy says that it could not resolve the target's name */
	const char *portal;       /* how the answer shows that a captive portal gave it, NULL if it does not */
	bool says_https_expected; /* the body of a 400 says that HTTPS was expected */
	const char *malformed;    /* what is wrong with the response, NULL if nothing */
	bool head_cut;            /* the response ended within its head */
	nt_time last_word;        /* when something of the request or of its response came last, NT_TIME_NONE if nothing */
};
/* Returns the finding of a refusal or failure, which may be taken back later, or NULL. */
struct finding *diagnose_http(struct correlator *c, struct tcp_conn *conn, const struct trace_http_request *request,
			      const struct http_circumstances *circumstances);

/* What the whole capture lacks. */
void diagnose_capture(struct correlator *c);

#endif
