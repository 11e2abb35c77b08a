/*
 * HTTP/1 on a connection: requests paired with their responses become request records.
 *
 * Responses answer requests in order (RFC 9112 9.3).  Where the capture lost something, the positions tell what belongs together: a
 * request was sent when its client had received the other stream up to its ACK, so an answer that lies before that point answers an
 * earlier request, and an answer that lies after it was made later.
 */
#include "correlate/app.h"
#include "correlate/dials.h"
#include "correlate/doh.h"
#include "correlate/exchange.h"
#include "correlate/http_url.h"
#include "correlate/proxies.h"
#include "correlate/services.h"
#include "dissect/http/http1.h"
#include "dissect/tls/tls.h"

#include <stdlib.h>
#include <string.h>

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
	struct exchange_list list;
	bool gap_seen;   /* in the server's direction: answers may be missing */
	bool tunnelling; /* CONNECT or Upgrade was accepted: the rest goes to `inner` */
	struct app *inner;
	char *proxy; /* networkProxy of what is inside */
	struct http_state *next_spare;
};

/* As many as may be closed before as many are opened again; more would only cost memory. */
enum { SPARE_STATES_MAX = 64 };

/* ---- exchanges ---- */

static void report(struct http_state *state, struct exchange *exchange)
{
	if (state->request.current == exchange)
		state->request.current = NULL;
	if (state->response.current == exchange)
		state->response.current = NULL;
	exchange_report(&state->list, exchange);
}

static void report_if_complete(struct http_state *state, struct exchange *exchange)
{
	if (!exchange || !exchange->response_ended || exchange->early || (!exchange->request_ended && exchange->has_request) ||
	    state->tunnelling)
		return;
	if (exchange->circumstances.malformed || !exchange->record.resp_complete)
		exchange->held = true;
	else
		report(state, exchange);
}

/* The connection goes on: what was wrong with the answer before did no harm, unless it is incomplete. */
static void report_held(struct http_state *state, bool by_client)
{
	while (state->list.first && state->list.first->held) {
		if (by_client && state->list.first->record.resp_complete)
			state->list.first->circumstances.malformed = NULL;
		report(state, state->list.first);
	}
}

/* ---- what is kept of a head ---- */

static struct bytes proxy_url(struct http_state *state)
{
	if (!state->proxy)
		state->proxy = http_proxy_url(state->app, state->app->in.tls_tunnel ? "https://" : "http://");
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

/* Whom the client speaks to is whom it is connected to. */
static void note_server(const struct app *app, struct bytes host)
{
	services_name(app->c->services, app->conn, host);
	if (host.size)
		dials_name(app->c, app->conn, host, TRACE_BY_HTTP);
}

/* A server may refuse a request of which it has only seen the beginning: its head may be too long (RFC 6585 5). */
static struct exchange *exchange_of_request(struct http_state *state)
{
	struct exchange *first = state->list.first;

	if (!first || !first->early)
		return exchange_new(&state->list);
	first->early = false;
	first->record.resp_without_request = false;
	return first;
}

static enum http1_body request_head(void *context, const struct http1_head *head)
{
	struct http_direction *direction = context;
	struct http_state *state = direction->state;
	struct exchange *exchange;
	struct trace_http_request *record;
	struct bytes host = http1_field_value(head, "Host");

	report_held(state, true);
	if (state->list.count >= LIMIT_HTTP_PIPELINE) {
		limit_hit(state->app->c->hits, LIMIT_HTTP_PIPELINE_HIT);
		report(state, state->list.first);
	}
	exchange = exchange_of_request(state);
	record = &exchange->record;
	direction->current = exchange;
	exchange->request_ack = direction->begin_ack;
	record->req_sent = direction->begin;
	record->req_packet = direction->begin_packet;
	record->method = arena_copy(&exchange->arena, head->method);
	if (!exchange->response_begun) {
		record->proto_major = head->major;
		record->proto_minor = head->minor;
	}
	record->is_connect = bytes_equal(head->method, BYTES("CONNECT"));
	record->url = http_url(&exchange->arena, state->app, record->is_connect, head->target, host);
	record->host = arena_copy(&exchange->arena, http_host_name(host));
	exchange_request(&state->list, exchange, head->target, head->fields, head->field_count);
	record->suspicious_framing |= head->suspicious;
	exchange->absolute_form = !record->is_connect && http_scheme_size(head->target) != 0;
	if (exchange->absolute_form || record->is_connect) {
		record->network_proxy = proxy_url(state);
		proxies_note(state->app->c, state->app->conn);
	}
	if (!state->app->in.depth && !record->is_connect && head->target.size && head->target.at[0] == '/')
		note_server(state->app, record->host);
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

static void request_content(void *context, struct bytes piece)
{
	struct http_direction *direction = context;

	if (direction->current)
		exchange_content(direction->current, false, piece);
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
	struct exchange *exchange = state->list.first;

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
	const bool nothing_asked = !state->list.first, asking = http1_parser_in_message(state->request.parser);
	struct exchange *exchange = exchange_new(&state->list);

	exchange_put_first(&state->list, exchange); /* before the requests that were sent after it */
	exchange->early =
		nothing_asked && asking && !state->request.current && state->request.begin_ack <= state->response.begin_offset;
	exchange->record.resp_without_request = true;
	return exchange;
}

/* RFC 7540 3.2: the answer to the request comes on stream 1.  101 is only an interim response of it. */
static struct exchange *hand_over(struct http_state *state, struct exchange *exchange)
{
	if (state->request.current == exchange)
		state->request.current = NULL;
	exchange->upgraded = exchange->request_ended = true;
	exchange->record.interim_status = 101;
	return exchange_take(&state->list, exchange);
}

static void start_tunnel(struct http_state *state, struct exchange *exchange, bool to_http2)
{
	struct app_surroundings in = state->app->in;

	state->tunnelling = true;
	if (in.depth + 1u > LIMIT_HTTP_NESTING) {
		limit_hit(state->app->c->hits, LIMIT_HTTP_NESTING_HIT);
		return;
	}
	in.depth++;
	in.asked = NULL;
	if (exchange->record.is_connect) {
		in.mid_stream = false;
		in.proxy = proxy_url(state);
		in.proxy_tls_tunnel = in.tls_tunnel;
		in.tls_tunnel = 0;
	} else {
		in.mid_stream = true;
		in.upgraded = to_http2;
		if (to_http2 && exchange->has_request)
			in.asked = hand_over(state, exchange);
	}
	state->inner = app_new(state->app->c, state->app->conn, &in);
	if (to_http2)
		app_open(state->inner, &app_http2, state->client_side);
}

static bool switches_to_http2(const struct http1_head *head)
{
	return head->status == 101 && bytes_equal_nocase(http1_field_value(head, "Upgrade"), BYTES("h2c"));
}

static enum http1_body response_head(void *context, const struct http1_head *head)
{
	struct http_direction *direction = context;
	struct http_state *state = direction->state;
	struct exchange *exchange;
	struct trace_http_request *record;

	report_held(state, false);
	exchange = answered(state, direction->begin_offset);
	direction->current = NULL;
	if (head->status >= 100 && head->status < 200 && head->status != 101) {
		if (exchange)
			exchange->record.interim_status = head->status;
		return HTTP1_BODY_NONE;
	}
	if (exchange && exchange->has_request && switches_to_http2(head)) {
		start_tunnel(state, exchange, true);
		return HTTP1_BODY_TUNNEL;
	}
	if (!exchange)
		exchange = orphan(state);
	record = &exchange->record;
	direction->current = exchange;
	record->status = head->status;
	record->proto_major = head->major;
	record->proto_minor = head->minor;
	record->resp_begin = direction->begin;
	record->resp_packet = direction->begin_packet;
	record->resp_recv = direction->at ? direction->at->time : direction->begin;
	record->reason = arena_copy(&exchange->arena, head->reason);
	exchange_response(&state->list, exchange, head->fields, head->field_count);
	record->suspicious_framing |= head->suspicious;
	exchange->circumstances.malformed = head->invalid;
	exchange->circumstances.head_cut = head->cut;
	if ((record->is_connect && head->status >= 200 && head->status < 300) || head->status == 101) {
		start_tunnel(state, exchange, switches_to_http2(head));
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

	if (direction->current)
		exchange_content(direction->current, true, piece);
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
	if (exchange->record.resp_complete)
		exchange_end(&direction->state->list, exchange);
	report_if_complete(direction->state, exchange);
}

static void response_malformed(void *context, const char *what)
{
	struct http_direction *direction = context;
	struct exchange *exchange = direction->current;

	/* Behind what has just ended for this reason; or not even a status line, where the next answer should stand. */
	if (!exchange && !direction->state->gap_seen && !direction->state->app->conn->record.reused)
		exchange = direction->state->list.first;
	if (!exchange)
		return;
	exchange->record.malformed = true;
	exchange->circumstances.malformed = what;
}

static const struct http1_events request_events = { .begin = message_begin,
						    .head = request_head,
						    .body = request_body,
						    .content = request_content,
						    .end = request_end,
						    .malformed = request_malformed };
static const struct http1_events response_events = { .begin = message_begin,
						     .head = response_head,
						     .body = response_body,
						     .content = response_content,
						     .end = response_end,
						     .malformed = response_malformed };

/* ---- the app ---- */

static void free_state(struct http_state *state)
{
	http1_parser_free(state->request.parser);
	http1_parser_free(state->response.parser);
	free(state);
}

/* As new, but with its parsers. */
static void make_spare(struct correlator *c, struct http_state *state)
{
	struct http1_parser *request = state->request.parser, *response = state->response.parser;

	http1_parser_restart(request);
	http1_parser_restart(response);
	*state = (struct http_state){ .request.parser = request, .response.parser = response, .next_spare = c->spare_http };
	c->spare_http = state;
	c->spare_http_count++;
}

static struct http_state *take_spare(struct correlator *c)
{
	struct http_state *state = c->spare_http;

	if (!state)
		return NULL;
	c->spare_http = state->next_spare;
	c->spare_http_count--;
	return state;
}

void http_free_spare(struct correlator *c)
{
	struct http_state *state;

	while ((state = take_spare(c)))
		free_state(state);
}

static void *http_open(struct app *app, int client_side)
{
	struct http_state *state = take_spare(app->c);

	if (!state) {
		state = nt_zalloc(sizeof *state);
		state->request.parser = http1_parser_new(HTTP1_REQUEST, &request_events, &state->request, app->c->hits);
		state->response.parser = http1_parser_new(HTTP1_RESPONSE, &response_events, &state->response, app->c->hits);
	}
	state->app = state->list.app = app;
	state->client_side = client_side;
	state->request.state = state->response.state = state;
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

/* Also a head that is not whole yet. */
static void note_progress(const struct http_state *state, const struct http_direction *direction)
{
	struct exchange *exchange = direction->current;

	if (!exchange)
		exchange = direction == &state->request ? state->list.last : state->list.first;
	if (exchange)
		exchange->circumstances.last_word = direction->at->time;
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
		state->list.server_is_tls = true;
	consumed = http1_parser_feed(direction->parser, piece->data);
	note_progress(state, direction);
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
	while (state->list.first)
		report(state, state->list.first);
	doh_close(&state->list);
	free(state->proxy);
	if (state->app->c->spare_http_count < SPARE_STATES_MAX)
		make_spare(state->app->c, state);
	else
		free_state(state);
}

const struct app_protocol app_http1 = { .kind = APP_HTTP1,
					.name = "HTTP",
					.open = http_open,
					.data = http_data,
					.gap = http_gap,
					.finish = http_finish,
					.close = http_close };
