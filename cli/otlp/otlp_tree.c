/* Which spans there are, whose children they are, and what they are called. */
#include "cli/otlp/otlp_parts.h"

#include <openssl/evp.h>
#include <string.h>

/* ---- what has a span ---- */

bool otlp_has_request(const struct otlp *otlp, const struct trace_http_request *request)
{
	return !otlp->output->omit.http && !request->resp_without_request && otlp_is_time(request->req_sent);
}

bool otlp_has_dial(const struct otlp *otlp, const struct trace_dial *dial)
{
	return !otlp->output->omit.dials && otlp_is_time(dial->begin);
}

static const struct trace_dial *find_dial(const struct otlp *otlp, trace_id id)
{
	const struct trace_dial *dial = id ? trace_find_dial(otlp->list, id) : NULL;

	return dial && otlp_has_dial(otlp, dial) ? dial : NULL;
}

/* An attempt of a dial. */
bool otlp_has_connect(const struct otlp *otlp, const struct trace_tcp_conn *conn)
{
	return !otlp->output->omit.tcp && !conn->from_resolver && otlp_is_time(conn->handshake_begin) &&
	       find_dial(otlp, conn->from_dial);
}

bool otlp_has_tunnel(const struct otlp *otlp, const struct trace_tls_tunnel *tunnel)
{
	return !otlp->output->omit.tls && otlp_is_time(tunnel->handshake_begin);
}

bool otlp_has_span(const struct otlp *otlp, trace_id id)
{
	const struct trace_http_request *request = trace_find_http_request(otlp->list, id);
	const struct trace_tcp_conn *conn = trace_find_tcp_conn(otlp->list, id);
	const struct trace_tls_tunnel *tunnel = trace_find_tls_tunnel(otlp->list, id);

	return (request && otlp_has_request(otlp, request)) || (conn && otlp_has_connect(otlp, conn)) ||
	       (tunnel && otlp_has_tunnel(otlp, tunnel)) || find_dial(otlp, id);
}

/* ---- who belongs to whom ---- */

const struct trace_dial *otlp_dial_of(const struct otlp *otlp, trace_id id)
{
	const struct trace_tcp_conn *tcp = id ? trace_find_tcp_conn(otlp->list, id) : NULL;
	const struct trace_udp_conn *udp = id && !tcp ? trace_find_udp_conn(otlp->list, id) : NULL;

	return find_dial(otlp, tcp ? tcp->from_dial : udp ? udp->from_dial : 0);
}

static const struct trace_http_request *first_of(const struct otlp *otlp, const struct links *links, trace_id parent)
{
	const struct links requests = links_children(links, parent);

	return requests.count ? &otlp->list->http_requests[requests.at[0].index] : NULL;
}

const struct trace_http_request *otlp_request_of_dial(const struct otlp *otlp, const struct trace_dial *dial)
{
	return first_of(otlp, &otlp->requests_of_conn, dial->established_conn);
}

static trace_id conn_of(const struct trace_tls_tunnel *tunnel)
{
	return tunnel->tcp_conn ? tunnel->tcp_conn : tunnel->udp_conn;
}

const struct trace_http_request *otlp_request_of_tunnel(const struct otlp *otlp, const struct trace_tls_tunnel *tunnel)
{
	if (!tunnel->mid_stream && otlp_dial_of(otlp, conn_of(tunnel)))
		return NULL;
	return first_of(otlp, &otlp->requests_of_tunnel, tunnel->id);
}

/* ---- identifiers ---- */

static void put_number(uint8_t out[4], uint32_t value)
{
	for (int i = 3; i >= 0; i--, value >>= 8)
		out[i] = (uint8_t)value;
}

/* Of up to three numbers, the record first. */
static void make_id(const struct otlp *otlp, const char *kind, const uint32_t numbers[3], uint8_t *out, size_t size)
{
	uint8_t name[16 + 8 + 12] = { 0 }, digest[EVP_MAX_MD_SIZE] = { 0 };

	memcpy(name, otlp->uuid, 16);
	memcpy(name + 16, kind, strlen(kind));
	for (int i = 0; i < 3; i++)
		put_number(name + 24 + 4 * i, numbers[i]);
	if (EVP_Digest(name, sizeof name, digest, NULL, EVP_sha256(), NULL) != 1)
		memcpy(digest, name + 16, sizeof name - 16);
	memcpy(out, digest, size);
	out[0] |= 1; /* never all zero, which is invalid */
}

static void make_span_id(const struct otlp *otlp, trace_id record, uint8_t out[8])
{
	make_id(otlp, "span", (const uint32_t[]){ record, 0, 0 }, out, 8);
}

static void begin_trace(const struct otlp *otlp, struct otlp_span *span, trace_id record)
{
	make_id(otlp, "trace", (const uint32_t[]){ record, 0, 0 }, span->trace_id, sizeof span->trace_id);
}

static void become_child(struct otlp_span *span, const struct otlp_span *parent)
{
	memcpy(span->trace_id, parent->trace_id, sizeof span->trace_id);
	memcpy(span->parent, parent->id, sizeof span->parent);
	span->has_parent = true;
}

/* The trace and the parent of a request are those of its client, where they are known. */
static struct otlp_span name_request(const struct otlp *otlp, const struct trace_http_request *request)
{
	struct otlp_span span = { .kind = OTLP_CLIENT };

	make_span_id(otlp, request->id, span.id);
	if (!request->parent.known) {
		begin_trace(otlp, &span, request->id);
		return span;
	}
	memcpy(span.trace_id, request->parent.trace_id, sizeof span.trace_id);
	memcpy(span.parent, request->parent.span_id, sizeof span.parent);
	span.has_parent = span.is_remote = true;
	span.flags = request->parent.flags;
	return span;
}

static struct otlp_span name_dial(const struct otlp *otlp, const struct trace_dial *dial)
{
	const struct trace_http_request *request = otlp_request_of_dial(otlp, dial);
	struct otlp_span span = { .kind = OTLP_INTERNAL }, parent;

	make_span_id(otlp, dial->id, span.id);
	if (request) {
		parent = name_request(otlp, request);
		become_child(&span, &parent);
	} else {
		begin_trace(otlp, &span, dial->id);
	}
	return span;
}

static void set_times(struct otlp_span *span, nt_time start, nt_time end)
{
	span->start = start;
	span->end = otlp_is_time(end) && end > start ? end : start;
}

/* ---- spans ---- */

static bool is_of(const struct trace_http_request *a, const struct trace_http_request *b)
{
	return a && a->id == b->id;
}

/* Names with a search domain may have been tried before the one that the dial begins with. */
static nt_time start_of_dial(const struct trace_dial *dial)
{
	nt_time start = dial->begin;

	for (size_t i = 0; i < dial->resolver_dial_count; i++)
		if (otlp_is_time(dial->resolver_dials[i].begin) && dial->resolver_dials[i].begin < start)
			start = dial->resolver_dials[i].begin;
	return start;
}

/* What was done for it before it was sent is part of it. */
static nt_time start_of(const struct otlp *otlp, const struct trace_http_request *request)
{
	const struct trace_dial *dial = otlp_dial_of(otlp, request->tcp_conn);
	const struct trace_tls_tunnel *tunnel = request->tls_tunnel ? trace_find_tls_tunnel(otlp->list, request->tls_tunnel) : NULL;
	nt_time start = request->req_sent;

	if (dial && is_of(otlp_request_of_dial(otlp, dial), request) && start_of_dial(dial) < start)
		start = start_of_dial(dial);
	if (tunnel && otlp_has_tunnel(otlp, tunnel) && is_of(otlp_request_of_tunnel(otlp, tunnel), request) &&
	    tunnel->handshake_begin < start)
		start = tunnel->handshake_begin;
	return start;
}

struct otlp_span otlp_span_of_request(const struct otlp *otlp, const struct trace_http_request *request)
{
	struct otlp_span span = name_request(otlp, request);

	set_times(&span, start_of(otlp, request), causes_end_of_request(&otlp->causes, request));
	return span;
}

static nt_time end_of_handshake(const struct otlp *otlp, const struct trace_tls_tunnel *tunnel)
{
	const struct trace_tcp_conn *conn = tunnel->tcp_conn ? trace_find_tcp_conn(otlp->list, tunnel->tcp_conn) : NULL;

	if (tunnel->handshake_end != NT_TIME_NONE)
		return tunnel->handshake_end;
	return conn && conn->close != NT_TIME_NONE ? conn->close : otlp->output->end;
}

/* A dial ends when its connection is there, its span when that can be used. */
struct otlp_span otlp_span_of_dial(const struct otlp *otlp, const struct trace_dial *dial)
{
	const struct links tunnels = links_children(&otlp->tunnels_of_conn, dial->established_conn);
	struct otlp_span span = name_dial(otlp, dial);
	nt_time end = dial->end;

	for (size_t i = 0; i < tunnels.count; i++) {
		const struct trace_tls_tunnel *tunnel = &otlp->list->tls_tunnels[tunnels.at[i].index];

		if (otlp_has_tunnel(otlp, tunnel) && !tunnel->mid_stream && end_of_handshake(otlp, tunnel) > end)
			end = end_of_handshake(otlp, tunnel);
	}
	set_times(&span, start_of_dial(dial), end);
	return span;
}

struct otlp_span otlp_span_of_lookup(const struct otlp *otlp, const struct trace_dial *dial, const struct trace_dns_query *talk,
				     const struct trace_dns_message *first, const struct trace_dns_message *last)
{
	const struct otlp_span parent = name_dial(otlp, dial);
	struct otlp_span span = { .kind = OTLP_INTERNAL };

	make_id(otlp, "lookup", (const uint32_t[]){ dial->id, talk->id, (uint32_t)(first - talk->messages) }, span.id, 8);
	become_child(&span, &parent);
	set_times(&span, first->time, last->time);
	return span;
}

struct otlp_span otlp_span_of_connect(const struct otlp *otlp, const struct trace_tcp_conn *conn)
{
	const struct otlp_span parent = name_dial(otlp, otlp_dial_of(otlp, conn->id));
	struct otlp_span span = { .kind = OTLP_INTERNAL };

	make_span_id(otlp, conn->id, span.id);
	become_child(&span, &parent);
	set_times(&span, conn->handshake_begin, conn->handshake_end);
	return span;
}

struct otlp_span otlp_span_of_tunnel(const struct otlp *otlp, const struct trace_tls_tunnel *tunnel)
{
	const struct trace_http_request *request = otlp_request_of_tunnel(otlp, tunnel);
	const struct trace_dial *dial = otlp_dial_of(otlp, conn_of(tunnel));
	struct otlp_span span = { .kind = OTLP_INTERNAL }, parent;

	make_span_id(otlp, tunnel->id, span.id);
	if (request || dial) {
		parent = request ? name_request(otlp, request) : name_dial(otlp, dial);
		become_child(&span, &parent);
	} else {
		begin_trace(otlp, &span, tunnel->id);
	}
	set_times(&span, tunnel->handshake_begin, end_of_handshake(otlp, tunnel));
	return span;
}

struct otlp_span otlp_span_of_capture(const struct otlp *otlp)
{
	struct otlp_span span = { .kind = OTLP_INTERNAL };

	make_span_id(otlp, 0, span.id);
	begin_trace(otlp, &span, 0);
	set_times(&span, otlp_is_time(otlp->output->begin) ? otlp->output->begin : 0, otlp->output->end);
	return span;
}
