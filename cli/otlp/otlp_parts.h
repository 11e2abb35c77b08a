/*
 * The export of spans, from the inside: what its parts share.
 */
#ifndef NETTRACE_CLI_OTLP_PARTS_H
#define NETTRACE_CLI_OTLP_PARTS_H

#include "cli/causes.h"
#include "cli/dns_of_dial.h"
#include "cli/json/json_trace.h"

struct otlp {
	const struct output *output;
	const struct trace_list *list;
	struct json *json;
	uint8_t uuid[16];
	struct causes causes;
	struct links requests_of_conn, requests_of_tunnel; /* those that have a span */
	struct links tunnels_of_conn, talks_of_dial;
	struct dns_shape *shapes; /* of each conversation */
	struct links events;      /* by record: the findings that its span tells of */
	uint32_t *resends;        /* of each request: how many were sent before it for the same purpose */
	uint64_t left_out;        /* records without a time */
};

/* ---- what has a span (otlp_tree.c); what was left out on request, or has no time after 1970, has none ---- */

bool otlp_has_request(const struct otlp *otlp, const struct trace_http_request *request);
bool otlp_has_dial(const struct otlp *otlp, const struct trace_dial *dial);
bool otlp_has_connect(const struct otlp *otlp, const struct trace_tcp_conn *conn);
bool otlp_has_tunnel(const struct otlp *otlp, const struct trace_tls_tunnel *tunnel);
bool otlp_has_span(const struct otlp *otlp, trace_id id);

static inline bool otlp_is_time(nt_time time)
{
	return time != NT_TIME_NONE && time >= 0;
}

/* The dial of a connection of either kind, if it has a span; NULL if not. */
const struct trace_dial *otlp_dial_of(const struct otlp *otlp, trace_id conn);

/* The request that a dial was made for: the first on its connection.  NULL if there is none. */
const struct trace_http_request *otlp_request_of_dial(const struct otlp *otlp, const struct trace_dial *dial);

/* The request that a TLS handshake inside another protocol was made for; NULL if there is none, or it belongs to a dial. */
const struct trace_http_request *otlp_request_of_tunnel(const struct otlp *otlp, const struct trace_tls_tunnel *tunnel);

/* ---- identifiers (otlp_tree.c) ---- */

enum { OTLP_INTERNAL = 1, OTLP_CLIENT = 3 }; /* Span.SpanKind */

struct otlp_span {
	uint8_t trace_id[16], id[8], parent[8];
	bool has_parent, is_remote; /* the parent was captured, not made here */
	uint8_t flags;              /* of the captured one */
	int kind;
	nt_time start, end;
};

struct otlp_span otlp_span_of_request(const struct otlp *otlp, const struct trace_http_request *request);
struct otlp_span otlp_span_of_dial(const struct otlp *otlp, const struct trace_dial *dial);
struct otlp_span otlp_span_of_lookup(const struct otlp *otlp, const struct trace_dial *dial, const struct trace_dns_query *talk,
				     const struct trace_dns_message *first, const struct trace_dns_message *last);
struct otlp_span otlp_span_of_connect(const struct otlp *otlp, const struct trace_tcp_conn *conn);
struct otlp_span otlp_span_of_tunnel(const struct otlp *otlp, const struct trace_tls_tunnel *tunnel);
struct otlp_span otlp_span_of_capture(const struct otlp *otlp); /* for findings about nothing else */

/* ---- members (otlp_members.c) ---- */

/* The members up to "name", which comes next, and those of the times behind it.  The object is to be ended. */
void otlp_begin_span(struct otlp *otlp, const struct otlp_span *span);
void otlp_put_times(struct otlp *otlp, const struct otlp_span *span);

/* Elements of an array of attributes.  Empty texts are left out. */
void otlp_put_string(struct json *json, const char *key, struct bytes value);
void otlp_put_text(struct json *json, const char *key, const char *value); /* nor NULL */
void otlp_put_int(struct json *json, const char *key, uint64_t value);
void otlp_put_bool(struct json *json, const char *key, bool value);
void otlp_put_id(struct json *json, const char *key, trace_id id); /* "tid-7" */
void otlp_put_address(struct json *json, const char *key, uint8_t ip_version, const struct ip_address *address);
void otlp_begin_array(struct json *json, const char *key); /* of values; ended by otlp_end_array() */
void otlp_end_array(struct json *json);
void otlp_put_server(struct json *json, struct bytes host, uint16_t port);
void otlp_put_connection(struct json *json, const struct address_tuple *tuple, const char *transport);
void otlp_put_packets(struct otlp *otlp, struct packet_ref first, struct packet_ref last);
void otlp_put_error_type(struct json *json, const struct trace_finding *cause);

/* The members "events" and "status"; `message` is for a failure that needs one. */
void otlp_put_events(struct otlp *otlp, trace_id id, const struct otlp_span *span);
void otlp_put_event(struct otlp *otlp, const struct trace_finding *finding, const struct otlp_span *span);
void otlp_put_failure(struct json *json, struct bytes message);
void otlp_put_link(struct json *json, const struct otlp_span *to, const char *relation); /* an element of "links" */

/* ---- spans ---- */

void otlp_write_request(struct otlp *otlp, const struct trace_http_request *request); /* otlp_request.c */
void otlp_write_dial(struct otlp *otlp, const struct trace_dial *dial);               /* otlp_dial.c: and its lookups */
void otlp_write_connect(struct otlp *otlp, const struct trace_tcp_conn *conn);
void otlp_write_tunnel(struct otlp *otlp, const struct trace_tls_tunnel *tunnel);

#endif
