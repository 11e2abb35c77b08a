/*
 * What two traces of the same thing have different: one that worked (good) and one that did not (bad).
 *
 * Both are taken apart into subjects: requests, TLS handshakes and dials without visible requests, connections of no dial, look-ups of no
 * dial.  Subjects of the same host (and port, path, method) are paired, the k-th with the k-th in the order of time, and each pair is
 * compared step by step until one side does not get any further.  What differs between any two runs is no difference: ports of the client,
 * identifiers, the order of addresses, which of the same addresses was taken, TTLs, whether a name was cached or a connection reused.
 */
#ifndef NETTRACE_CLI_DIFF_H
#define NETTRACE_CLI_DIFF_H

#include "cli/output.h"

/* Of two durations the longer one is told only if it is so many times the shorter one, and so much longer. */
enum { DIFF_TIME_FACTOR = 2, DIFF_TIME_US = 100000 };

/* In the order in which a request goes through them; the first at which a pair differs is where it parts. */
#define DIFF_STEP_LIST(X) \
	X(DNS, "dns") \
	X(DIAL, "dial") \
	X(CONNECT, "connect") \
	X(TLS, "tls") \
	X(REQUEST, "request") \
	X(RESPONSE, "response") \
	X(TIMING, "timing")

enum diff_step {
#define X(name, text) DIFF_##name,
	DIFF_STEP_LIST(X)
#undef X
};
const char *diff_step_text(enum diff_step step);

/* What differs: name, step, member of the JSON, words of the report. */
#define DIFF_FIELD_LIST(X) \
	X(RESOLVERS, DNS, "resolvers", "name servers") \
	X(RCODES, DNS, "rCodes", "reply codes") \
	X(ALIASES, DNS, "aliases", "aliases (CNAME)") \
	X(ANSWERS, DNS, "answers", "answers") \
	X(PORT, DIAL, "port", "port") \
	X(DIALED, DIAL, "outcome", "outcome") \
	X(FAILED_ATTEMPTS, DIAL, "failedAttempts", "attempts that failed") \
	X(TRANSPORT, CONNECT, "transport", "transport") \
	X(PEER, CONNECT, "peer", "address of the server") \
	X(CONNECTED, CONNECT, "outcome", "outcome") \
	X(TLS_USED, TLS, "used", "TLS") \
	X(SERVER_NAME, TLS, "serverName", "server name") \
	X(TLS_VERSION, TLS, "version", "version") \
	X(ALPN, TLS, "alpn", "ALPN") \
	X(CIPHER, TLS, "cipherSuite", "cipher suite") \
	X(CERT_SUBJECT, TLS, "certSubject", "certificate: subject") \
	X(CERT_ISSUER, TLS, "certIssuer", "certificate: issuer") \
	X(CERT_NOT_BEFORE, TLS, "certNotBefore", "certificate: not before") \
	X(CERT_NOT_AFTER, TLS, "certNotAfter", "certificate: not after") \
	X(CERT_SHA256, TLS, "certSha256", "certificate: SHA-256") \
	X(CHAIN, TLS, "chain", "certificates sent with it") \
	X(VERIFICATION, TLS, "verification", "verification of the chain") \
	X(TLS_OUTCOME, TLS, "outcome", "outcome") \
	X(REQUESTED, REQUEST, "sent", "request") \
	X(SCHEME, REQUEST, "scheme", "scheme") \
	X(METHOD, REQUEST, "method", "method") \
	X(PROXY, REQUEST, "proxy", "proxy") \
	X(HTTP_VERSION, REQUEST, "httpVersion", "HTTP version") \
	X(STATUS, RESPONSE, "status", "status") \
	X(REQUEST_ERROR, RESPONSE, "error", "error") \
	X(REDIRECT, RESPONSE, "redirect", "redirected to") \
	X(BODY, RESPONSE, "bodyBytes", "bytes of the body") \
	X(COMPLETE, RESPONSE, "complete", "whole") \
	X(DNS_TIME, TIMING, "dnsUs", "look-up") \
	X(CONNECT_TIME, TIMING, "connectUs", "connecting") \
	X(TLS_TIME, TIMING, "tlsUs", "TLS handshake") \
	X(SERVER_TIME, TIMING, "serverUs", "waiting for the answer") \
	X(TRANSFER_TIME, TIMING, "transferUs", "transfer") \
	X(STALLED_TIME, TIMING, "stalledUs", "stalled")

enum diff_field {
#define X(name, step, json, words) DIFF_FIELD_##name,
	DIFF_FIELD_LIST(X)
#undef X
};
enum diff_step diff_field_step(enum diff_field field);
const char *diff_field_member(enum diff_field field);
const char *diff_field_words(enum diff_field field);

struct diff_value {
	enum { DIFF_IS_NOTHING, DIFF_IS_TEXT, DIFF_IS_TEXTS, DIFF_IS_NUMBER, DIFF_IS_DATE, DIFF_IS_DURATION, DIFF_IS_FLAG } kind;
	struct bytes text;         /* of any origin */
	const struct bytes *texts; /* sorted, each once */
	size_t count;
	int64_t number; /* seconds since 1970, microseconds, or the number itself */
};

struct diff_change {
	enum diff_field field;
	struct diff_value good, bad;
	struct packet_ref good_packet, bad_packet; /* where to look; number 0: none */
};

enum diff_kind { DIFF_OF_REQUEST, DIFF_OF_TLS, DIFF_OF_DIAL, DIFF_OF_CONNECTION, DIFF_OF_LOOKUP };
const char *diff_kind_text(enum diff_kind kind); /* "request", "tls", "dial", "connection", "lookup" */

struct diff_pair;

/* What a subject is, and the records that tell of it; pointers lead into the trace's lists, NULL: none. */
struct diff_subject {
	enum diff_kind kind;
	struct bytes host; /* lower case; an address where there is no name */
	uint16_t port;     /* 0: not known, as no connection was tried */
	struct bytes path, method;
	nt_time at;
	const struct trace_http_request *request;
	const struct trace_tls_tunnel *tunnel;
	const struct trace_tcp_conn *tcp;
	const struct trace_udp_conn *udp; /* of QUIC */
	const struct trace_dial *dial;
	size_t first_message, message_count; /* of a look-up: in the messages of its side */
	struct diff_pair *pair;              /* NULL: only this side has it */
	bool unseen;                         /* the other side may have it, inside TLS that was not decrypted */
};

/* A finding of which the other side has none with this code for this host. */
struct diff_finding {
	const struct trace_finding *finding;
	const struct diff_subject *subject; /* NULL: of the capture, or of what is no subject */
};

struct diff_pair {
	struct diff_subject *good, *bad;
	struct diff_change *changes; /* in the order of the fields */
	size_t change_count, change_capacity;
};

struct diff_message;

struct diff_side {
	const struct output *output;
	struct diff_subject *subjects; /* in the order of time */
	size_t subject_count;
	struct diff_message *messages; /* of look-ups of no dial, by name; private to the comparison */
	struct diff_finding *findings; /* that only this side has, in the order of importance */
	size_t finding_count;
};

struct diff {
	struct diff_side good, bad;
	struct diff_pair *pairs; /* in the order of the good side */
	size_t pair_count, differing_count;
	const struct diff_pair *first; /* of all that differ by more than time, else of all that differ; NULL: none does */
	struct arena memory;           /* of everything above */
};

/* Both traces must live as long as the result. */
void diff_make(struct diff *diff, const struct output *good, const struct output *bad);
void diff_free(struct diff *diff);

size_t diff_count_only(const struct diff_side *side); /* subjects without a pair, those unseen left aside */
bool diff_found(const struct diff *diff);             /* whether there is any difference; notes (info) are none */

/* false if writing failed, with errno.  The JSON is described by tests/schema/diff.schema.json. */
bool diff_report(FILE *out, const struct diff *diff);
bool diff_json(FILE *out, const struct diff *diff);

#endif
