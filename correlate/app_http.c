/*
 * HTTP/1 on a connection: requests paired with their responses become request records.
 *
 * Responses answer requests in order (RFC 9112 9.3).  Where the capture lost something, the positions tell what belongs together: a
 * request was sent when its client had received the other stream up to its ACK, so an answer that lies before that point answers an
 * earlier request, and an answer that lies after it was made later.
 */
#include "correlate/app.h"
#include "correlate/diagnose.h"
#include "correlate/dials.h"
#include "correlate/http_history.h"
#include "correlate/http_url.h"
#include "dissect/http/http1.h"
#include "dissect/tls/tls.h"

#include <stdlib.h>
#include <string.h>

/* One request and its response. */
struct exchange {
	struct exchange *next;
	struct arena arena;
	struct trace_http_request record;
	uint64_t request_ack; /* how far the client had received when it sent the request; 0 unknown */
	const char *location; /* of a redirect, NULL if none */
	uint64_t stalled;     /* of the connection, when the request began: nanoseconds */
	bool absolute_form;   /* the target was a whole URL: spoken to a proxy */
	bool has_request, request_ended, response_begun, response_ended;
	struct http_circumstances circumstances; /* for telling what went wrong */
	struct buffer body_start;                /* of a 400, which may say that HTTPS was expected */
};

struct http_state;

/* The context of one parser's events. */
struct http_direction {
	struct http_state *state;
	struct http1_parser *parser;
	struct exchange *current; /* whose message is being read */
	const struct piece *at;   /* the piece that is being fed */
	nt_time begin;            /* of the current message */
	struct packet_ref begin_packet;
	uint64_t begin_offset, begin_ack;
	bool feeding_gap;
};

struct http_state {
	struct app *app;
	int client_side;
	struct http_direction request, response;
	struct exchange *first, *last; /* in the order of the requests */
	size_t pending;
	bool measured;      /* the set-up of the connection was put down to a request */
	bool server_is_tls; /* the server answered with a TLS record */
	bool gap_seen;      /* in the server's direction: answers may be missing */
	bool tunnelling;    /* CONNECT or Upgrade was accepted: the rest goes to `inner` */
	struct app *inner;
	char *proxy; /* networkProxy of what is inside */
};

/* ---- exchanges ---- */

static struct exchange *exchange_new(struct http_state *state)
{
	struct correlator *c = state->app->c;
	struct exchange *exchange = c->spare_exchanges;
	struct trace_http_request *record;

	if (exchange) {
		struct arena arena = exchange->arena;

		c->spare_exchanges = exchange->next;
		memset(exchange, 0, sizeof *exchange);
		exchange->arena = arena;
	} else {
		exchange = nt_zalloc(sizeof *exchange);
	}
	record = &exchange->record;
	record->id = new_id(c);
	record->tcp_conn = state->app->conn->record.id;
	record->tls_tunnel = state->app->in.tls_tunnel;
	record->proxy_tls_tunnel = state->app->in.proxy_tls_tunnel;
	record->network_proxy = state->app->in.proxy;
	record->req_sent = record->req_end = record->resp_begin = record->resp_recv = record->resp_end = NT_TIME_NONE;
	record->proto_major = record->proto_minor = 1;
	if (state->last)
		state->last->next = exchange;
	else
		state->first = exchange;
	state->last = exchange;
	state->pending++;
	return exchange;
}

void exchanges_free(struct exchange *exchange)
{
	while (exchange) {
		struct exchange *next = exchange->next;

		arena_free(&exchange->arena);
		free(exchange);
		exchange = next;
	}
}

static char *header_text(struct arena *arena, const struct http1_head *head, const char *name)
{
	struct bytes value = http1_field_value(head, name);

	return value.at ? arena_string(arena, value) : NULL;
}

/* Servers that expect TLS say so in the body of their 400: nginx and Apache use these words. */
static bool says_https_expected(const struct buffer *body)
{
	return body->size && (memmem(body->at, body->size, "HTTPS port", 10) || memmem(body->at, body->size, "SSL-enabled", 11) ||
			      memmem(body->at, body->size, "HTTP request to an HTTPS server", 31));
}

static void diagnose(struct http_state *state, struct exchange *exchange)
{
	struct http_circumstances *circumstances = &exchange->circumstances;
	struct address_tuple tuple = tcp_tuple(state->app->conn);
	struct finding *refusal;

	circumstances->has_request = exchange->has_request;
	circumstances->response_begun = exchange->response_begun;
	circumstances->via_proxy = exchange->record.is_connect || exchange->absolute_form;
	circumstances->says_https_expected = says_https_expected(&exchange->body_start);
	circumstances->server_is_tls = state->server_is_tls;
	refusal = diagnose_http(state->app->c, state->app->conn, &exchange->record, circumstances);
	if (exchange->has_request)
		http_history_outcome(state->app->c, &tuple, &exchange->record, bytes_of(exchange->location), refusal);
}

/* What a Go client would have said of a request without an answer. */
static void name_error(struct http_state *state, struct exchange *exchange)
{
	const struct tcp_conn *conn = state->app->conn;
	struct address_tuple tuple = tcp_tuple(conn);
	char from[ENDPOINT_TEXT_SIZE], to[ENDPOINT_TEXT_SIZE];
	struct ending ending;

	if (exchange->response_begun || !exchange->has_request || conn->client < 0 || conn->side[!conn->client].counts.lost_bytes)
		return;
	ending = connection_ending(state->app->c, conn);
	if (ending.kind == ENDING_FIN && ending.by_server)
		exchange->record.error = BYTES("EOF");
	else if (ending.kind == ENDING_RST && ending.by_server)
		exchange->record.error =
			bytes_of(arena_printf(&exchange->arena, "read tcp %s->%s: read: connection reset by peer",
					      endpoint_text(tuple.ip_version, &tuple.source, tuple.source_port, from),
					      endpoint_text(tuple.ip_version, &tuple.destination, tuple.destination_port, to)));
	else if (ending.kind != ENDING_OPEN && ending.at - exchange->record.req_sent >= TIMEOUT_PATIENCE)
		exchange->record.error = BYTES("net/http: timeout awaiting response headers");
}

static int64_t microseconds(nt_time from, nt_time to)
{
	return from == NT_TIME_NONE || to == NT_TIME_NONE || to < from ? 0 : (to - from) / NT_MICROSECOND;
}

/* Takes the time of stalls out of where they were spent, the transfer first. */
static void take_out_stalls(struct trace_http_timing *timing, int64_t stalled)
{
	int64_t most = timing->server + timing->transfer;
	int64_t in_transfer;

	timing->stalled = stalled < most ? stalled : most;
	in_transfer = timing->stalled < timing->transfer ? timing->stalled : timing->transfer;
	timing->transfer -= in_transfer;
	timing->server -= timing->stalled - in_transfer;
}

/* Where the time went, for a request whose response is whole. */
static void measure(struct http_state *state, struct exchange *exchange)
{
	struct trace_http_request *record = &exchange->record;
	struct trace_http_timing *timing = &record->timing;
	const struct tcp_conn *conn = state->app->conn;
	nt_time asked = record->req_end, begin;

	*timing = (struct trace_http_timing){ .total = -1 };
	if (!exchange->has_request || !record->resp_complete || record->resp_end == NT_TIME_NONE)
		return;
	if (asked == NT_TIME_NONE || asked > record->resp_begin) /* answered before it was all sent */
		asked = record->resp_begin;
	if (state->app->in.depth == 0 && conn->syn != NT_TIME_NONE && conn->record.connected && !state->measured) {
		begin = dials_begin(conn);
		timing->dns = begin == NT_TIME_NONE ? 0 : microseconds(begin, conn->syn);
		timing->connect = microseconds(conn->syn, conn->record.handshake_end);
		timing->idle = microseconds(conn->record.handshake_end, record->req_sent);
	}
	state->measured = true;
	timing->request = microseconds(record->req_sent, asked);
	timing->server = microseconds(asked, record->resp_begin);
	timing->transfer = microseconds(record->resp_begin, record->resp_end);
	take_out_stalls(timing, (int64_t)(conn->stalled - exchange->stalled) / NT_MICROSECOND);
	timing->total = timing->dns + timing->connect + timing->tls + timing->idle + timing->request + timing->server +
			timing->transfer + timing->stalled;
}

static void unlink_exchange(struct http_state *state, struct exchange *exchange)
{
	struct exchange **at = &state->first, *before = NULL;

	while (*at != exchange) {
		before = *at;
		at = &before->next;
	}
	*at = exchange->next;
	if (state->last == exchange)
		state->last = before;
	state->pending--;
	if (state->request.current == exchange)
		state->request.current = NULL;
	if (state->response.current == exchange)
		state->response.current = NULL;
}

static void report(struct http_state *state, struct exchange *exchange)
{
	struct correlator *c = state->app->c;

	unlink_exchange(state, exchange);
	exchange->record.req_complete = exchange->request_ended;
	state->app->conn->understood = true;
	measure(state, exchange);
	name_error(state, exchange);
	diagnose(state, exchange);
	buffer_free(&exchange->body_start);
	if (c->sink->http_request && (exchange->record.method.size || exchange->record.status) &&
	    tcp_is_reported(c, state->app->conn))
		c->sink->http_request(c->context, &exchange->record);
	arena_clear(&exchange->arena);
	exchange->next = c->spare_exchanges;
	c->spare_exchanges = exchange;
}

static void report_if_complete(struct http_state *state, struct exchange *exchange)
{
	if (exchange && exchange->response_ended && (exchange->request_ended || !exchange->has_request) && !state->tunnelling)
		report(state, exchange);
}

/* ---- what is kept of a head ---- */

static bool excluded(const struct correlate_options *options, struct bytes name)
{
	for (size_t i = 0; i < options->excluded_header_count; i++)
		if (bytes_equal_nocase(bytes_of(options->excluded_headers[i]), name))
			return true;
	return false;
}

static const struct trace_http_field *keep_fields(struct http_state *state, struct arena *arena, const struct http1_head *head,
						  size_t *count)
{
	const struct correlate_options *options = &state->app->c->options;
	struct trace_http_field *fields;

	*count = 0;
	if (options->headers == CORRELATE_HEADERS_NONE || head->field_count == 0)
		return NULL;
	fields = arena_alloc(arena, head->field_count * sizeof *fields);
	for (size_t i = 0; i < head->field_count; i++) {
		const struct http1_field *field = &head->fields[i];

		if (excluded(options, field->name))
			continue;
		fields[(*count)++] = (struct trace_http_field){
			.name = arena_copy(arena, field->name),
			.value = options->headers == CORRELATE_HEADERS_VALUES ? arena_copy(arena, field->value)
									      : (struct bytes){ NULL, 0 },
			.value_size = options->headers >= CORRELATE_HEADERS_LENGTHS ? (uint32_t)field->value.size : 0
		};
	}
	return fields;
}

/* The server of this connection as a proxy: known by name at the latest when a request shows that it is one. */
static struct bytes proxy_url(struct http_state *state)
{
	if (!state->proxy)
		state->proxy = http_proxy_url(state->app);
	return bytes_of(state->proxy);
}

/* ---- requests ---- */

static void message_begin(void *context)
{
	struct http_direction *direction = context;

	direction->begin = direction->at->time;
	direction->begin_packet = direction->at->packet;
	direction->begin_offset = direction->at->offset;
	direction->begin_ack = direction->at->ack;
}

static enum http1_body request_head(void *context, const struct http1_head *head)
{
	struct http_direction *direction = context;
	struct http_state *state = direction->state;
	struct exchange *exchange;
	struct trace_http_request *record;
	struct bytes host = http1_field_value(head, "Host");
	struct address_tuple tuple = tcp_tuple(state->app->conn);

	if (state->pending >= LIMIT_HTTP_PIPELINE) {
		limit_hit(state->app->c->hits, LIMIT_HTTP_PIPELINE_HIT);
		report(state, state->first);
	}
	exchange = exchange_new(state);
	record = &exchange->record;
	direction->current = exchange;
	exchange->has_request = true;
	exchange->request_ack = direction->begin_ack;
	record->req_sent = direction->begin;
	record->req_packet = direction->begin_packet;
	record->method = arena_copy(&exchange->arena, head->method);
	record->proto_major = head->major;
	record->proto_minor = head->minor;
	record->is_connect = bytes_equal(head->method, BYTES("CONNECT"));
	record->url = http_url(&exchange->arena, state->app, record->is_connect, head->target, host);
	record->host = arena_copy(&exchange->arena, http_host_name(host));
	exchange->stalled = state->app->conn->stalled;
	http_history_request(state->app->c, &tuple, record);
	record->req_fields = keep_fields(state, &exchange->arena, head, &record->req_field_count);
	record->suspicious_framing = head->suspicious;
	exchange->absolute_form = !record->is_connect && http_scheme_size(head->target) != 0;
	if (exchange->absolute_form || record->is_connect)
		record->network_proxy = proxy_url(state);
	if (!state->app->in.depth && record->host.size && !record->is_connect && head->target.size && head->target.at[0] == '/')
		dials_name(state->app->c, state->app->conn, record->host, TRACE_BY_HTTP);
	return record->is_connect ? HTTP1_BODY_NONE : HTTP1_BODY_BY_HEAD;
}

static void request_body(void *context, uint64_t size)
{
	struct http_direction *direction = context;

	if (!direction->current)
		return;
	direction->current->record.req_content_size += size;
	if (direction->feeding_gap)
		direction->current->record.gap_bytes += size;
}

static void request_end(void *context, enum http1_end how)
{
	struct http_direction *direction = context;
	struct exchange *exchange = direction->current;

	if (!exchange)
		return;
	direction->current = NULL;
	exchange->request_ended = how == HTTP1_COMPLETE;
	exchange->record.req_end = direction->at ? direction->at->time : NT_TIME_NONE;
	exchange->record.last_packet = direction->at ? direction->at->packet : exchange->record.req_packet;
	if (exchange->response_ended)
		report(direction->state, exchange);
}

static void request_malformed(void *context, const char *what)
{
	struct http_direction *direction = context;

	(void)what;
	if (direction->current)
		direction->current->record.malformed = true;
}

/* ---- responses ---- */

/*
 * The request that a response at `offset` of the server's stream answers; NULL if none of those seen.  Requests that it shows to have gone
 * without an answer in the capture are reported on the way.
 */
static struct exchange *answered(struct http_state *state, uint64_t offset)
{
	struct exchange *exchange = state->first;

	while (state->gap_seen && exchange && exchange->next && exchange->next->has_request && !exchange->response_begun &&
	       exchange->next->request_ack > exchange->request_ack && exchange->next->request_ack <= offset) {
		struct exchange *next =
			exchange->next; /* it was sent after the answer to this one had come: that answer is in the gap */

		report(state, exchange);
		exchange = next;
	}
	if (!exchange || exchange->response_ended || (exchange->request_ack > offset && exchange->request_ack != 0))
		return NULL;
	return exchange;
}

static struct exchange *orphan(struct http_state *state)
{
	struct exchange *exchange = exchange_new(state);

	/* It stands before the requests that were sent after it. */
	if (state->first != exchange) {
		struct exchange *before = state->first;

		while (before->next != exchange)
			before = before->next;
		before->next = NULL;
		state->last = before;
		exchange->next = state->first;
		state->first = exchange;
	}
	exchange->record.resp_without_request = true;
	return exchange;
}

static void start_tunnel(struct http_state *state, const struct exchange *exchange)
{
	struct app_surroundings in = state->app->in;

	state->tunnelling = true;
	if (in.depth + 1u > LIMIT_HTTP_NESTING) {
		limit_hit(state->app->c->hits, LIMIT_HTTP_NESTING_HIT);
		return;
	}
	in.depth++;
	if (exchange->record.is_connect) {
		in.mid_stream = false;
		in.proxy = proxy_url(state);
	} else {
		in.mid_stream = true;
	}
	state->inner = app_new(state->app->c, state->app->conn, &in);
}

static enum http1_body response_head(void *context, const struct http1_head *head)
{
	struct http_direction *direction = context;
	struct http_state *state = direction->state;
	struct exchange *exchange = answered(state, direction->begin_offset);
	struct trace_http_request *record;

	direction->current = NULL;
	if (head->status >= 100 && head->status < 200 && head->status != 101) {
		if (exchange)
			exchange->record.interim_status = head->status;
		return HTTP1_BODY_NONE;
	}
	if (!exchange)
		exchange = orphan(state);
	record = &exchange->record;
	direction->current = exchange;
	exchange->response_begun = true;
	record->status = head->status;
	record->proto_major = head->major;
	record->proto_minor = head->minor;
	record->resp_begin = direction->begin;
	record->resp_packet = direction->begin_packet;
	record->resp_recv = direction->at ? direction->at->time : direction->begin;
	exchange->location = header_text(&exchange->arena, head, "Location");
	exchange->circumstances.proxy_error = header_text(&exchange->arena, head, "X-Squid-Error");
	record->resp_fields = keep_fields(state, &exchange->arena, head, &record->resp_field_count);
	record->suspicious_framing |= head->suspicious;
	if ((record->is_connect && head->status >= 200 && head->status < 300) || head->status == 101) {
		start_tunnel(state, exchange);
		return HTTP1_BODY_TUNNEL;
	}
	if (bytes_equal(record->method, BYTES("HEAD")) || head->status == 204 || head->status == 304)
		return HTTP1_BODY_NONE;
	return HTTP1_BODY_BY_HEAD;
}

static void response_body(void *context, uint64_t size)
{
	struct http_direction *direction = context;

	if (!direction->current)
		return;
	direction->current->record.resp_content_size += size;
	if (direction->feeding_gap)
		direction->current->record.gap_bytes += size;
}

static void response_content(void *context, struct bytes piece)
{
	struct http_direction *direction = context;
	struct exchange *exchange = direction->current;

	if (!exchange || exchange->record.status != 400 || exchange->body_start.size)
		return;
	exchange->body_start.max = 1024;
	buffer_add(&exchange->body_start, piece.at, piece.size < exchange->body_start.max ? piece.size : exchange->body_start.max);
}

static void response_end(void *context, enum http1_end how)
{
	struct http_direction *direction = context;
	struct exchange *exchange = direction->current;

	if (!exchange)
		return;
	direction->current = NULL;
	exchange->response_ended = true;
	exchange->record.resp_complete = how != HTTP1_TRUNCATED;
	exchange->record.truncated = how == HTTP1_TRUNCATED;
	exchange->record.resp_end = direction->at ? direction->at->time : NT_TIME_NONE;
	exchange->record.last_packet = direction->at ? direction->at->packet : exchange->record.resp_packet;
	report_if_complete(direction->state, exchange);
}

static void response_malformed(void *context, const char *what)
{
	struct http_direction *direction = context;

	(void)what;
	if (direction->current)
		direction->current->record.malformed = true;
}

static const struct http1_events request_events = {
	.begin = message_begin, .head = request_head, .body = request_body, .end = request_end, .malformed = request_malformed
};
static const struct http1_events response_events = { .begin = message_begin,
						     .head = response_head,
						     .body = response_body,
						     .content = response_content,
						     .end = response_end,
						     .malformed = response_malformed };

/* ---- the app ---- */

static void *http_open(struct app *app, int client_side)
{
	struct http_state *state = nt_zalloc(sizeof *state);

	state->app = app;
	state->client_side = client_side;
	state->request.state = state->response.state = state;
	state->request.parser = http1_parser_new(HTTP1_REQUEST, &request_events, &state->request, app->c->hits);
	state->response.parser = http1_parser_new(HTTP1_RESPONSE, &response_events, &state->response, app->c->hits);
	return state;
}

static struct http_direction *direction_of(struct http_state *state, int side)
{
	return side == state->client_side ? &state->request : &state->response;
}

static void tunnel_data(struct http_state *state, int side, const struct piece *piece, size_t skip)
{
	struct piece rest = *piece;

	rest.data.at += skip;
	rest.data.size -= skip;
	rest.offset += skip;
	if (state->inner && rest.data.size)
		app_data(state->inner, side, &rest);
}

static void http_data(void *context, int side, const struct piece *piece)
{
	struct http_state *state = context;
	struct http_direction *direction = direction_of(state, side);
	enum tls_side tls_side;
	size_t consumed;

	if (state->tunnelling && !http1_parser_in_message(direction->parser)) {
		tunnel_data(state, side, piece, 0);
		return;
	}
	direction->at = piece;
	if (side != state->client_side && piece->data.at[0] == 0x15 && tls_looks_like(piece->data, &tls_side) == CUR_OK)
		state->server_is_tls = true;
	consumed = http1_parser_feed(direction->parser, piece->data);
	if (state->tunnelling && consumed < piece->data.size)
		tunnel_data(state, side, piece, consumed);
}

static void http_gap(void *context, int side, uint64_t size, const struct piece *at)
{
	struct http_state *state = context;
	struct http_direction *direction = direction_of(state, side);

	if (state->tunnelling) {
		if (state->inner)
			app_gap(state->inner, side, size, at);
		return;
	}
	if (side != state->client_side)
		state->gap_seen = true;
	direction->at = at;
	direction->feeding_gap = true;
	http1_parser_gap(direction->parser, size);
	direction->feeding_gap = false;
}

static void http_finish(void *context, int side, bool orderly)
{
	struct http_state *state = context;
	struct http_direction *direction = direction_of(state, side);
	const struct trace_tcp_side *counts = &state->app->conn->side[side].counts;
	struct piece at = { .time = counts->fin != NT_TIME_NONE ? counts->fin : state->app->conn->record.last,
			    .packet = state->app->conn->record.last_packet };

	if (state->tunnelling && state->inner) {
		app_finish(state->inner, side, orderly);
		return;
	}
	direction->at = &at;
	http1_parser_finish(direction->parser, orderly);
	direction->at = NULL;
}

static void http_close(void *context)
{
	struct http_state *state = context;

	app_free(state->inner);
	state->tunnelling = false;
	while (state->first)
		report(state, state->first);
	http1_parser_free(state->request.parser);
	http1_parser_free(state->response.parser);
	free(state->proxy);
	free(state);
}

const struct app_protocol app_http1 = { .kind = APP_HTTP1,
					.name = "HTTP",
					.open = http_open,
					.data = http_data,
					.gap = http_gap,
					.finish = http_finish,
					.close = http_close };
