/*
 * HTTP/2 on a connection: each stream becomes a request record.
 */
#include "correlate/doh.h"
#include "correlate/exchange.h"
#include "store/hash.h"
#include "correlate/http_url.h"
#include "dissect/http/http2.h"

#include <stdlib.h>
#include <string.h>

enum { NO_ERROR = 0, CANCEL = 8, UPGRADED_STREAM = 1, BUCKETS = 128 };

/* A frame that ends streams. */
struct verdict {
	uint32_t code;
	nt_time time;
	struct packet_ref packet;
};

struct http2_state {
	struct app *app;
	int client_side;
	struct http2_session *session;
	struct exchange_list list;
	struct exchange *bucket[BUCKETS]; /* the same, by stream */
	const struct piece *at;           /* the piece that is being fed */
	nt_time blocked_since;            /* a sender waits for a window to open; NT_TIME_NONE if not */
	unsigned goaways;                 /* of the server so far */
	struct verdict goaway; /* of the server with an error, while responses were on their way; code NO_ERROR if none */
};

static struct exchange **place(struct http2_state *state, uint32_t stream)
{
	struct exchange **at = &state->bucket[hash_bytes(state->app->c->options.hash_seed, &stream, sizeof stream) % BUCKETS];

	while (*at && (*at)->stream != stream)
		at = &(*at)->next_in_bucket;
	return at;
}

static struct exchange *find(struct http2_state *state, uint32_t stream)
{
	return *place(state, stream);
}

static void set_stream(struct http2_state *state, struct exchange *exchange, uint32_t stream)
{
	exchange->stream = stream;
	*place(state, stream) = exchange;
}

static void report(struct http2_state *state, struct exchange *exchange)
{
	*place(state, exchange->stream) = exchange->next_in_bucket;
	exchange_report(&state->list, exchange);
}

static void report_if_complete(struct http2_state *state, struct exchange *exchange)
{
	if (exchange->response_ended && exchange->request_ended)
		report(state, exchange);
}

/* ---- heads ---- */

/* RFC 9113 8.3.1: the pseudo fields hold the parts of the target URI. */
static struct bytes url_of(struct http2_state *state, struct arena *arena, const struct http2_head *head)
{
	bool is_connect = bytes_equal(head->method, BYTES("CONNECT")) && !head->protocol.at;

	return http_url(arena, state->app, is_connect, is_connect ? head->authority : head->path, head->authority);
}

static void request_head(struct http2_state *state, const struct http2_head *head)
{
	struct exchange *exchange = find(state, head->stream);
	struct trace_http_request *record;

	if (exchange || head->is_trailer)
		return;
	if (state->list.count >= LIMIT_HTTP_PIPELINE) {
		limit_hit(state->app->c->hits, LIMIT_HTTP_PIPELINE_HIT);
		report(state, state->list.first);
	}
	exchange = exchange_new(&state->list);
	set_stream(state, exchange, head->stream);
	record = &exchange->record;
	record->proto_major = 2;
	record->proto_minor = 0;
	record->req_sent = exchange->circumstances.last_word = state->at->time;
	record->req_packet = record->last_packet = state->at->packet;
	record->method = arena_copy(&exchange->arena, head->method);
	record->is_connect = bytes_equal(head->method, BYTES("CONNECT")) && !head->protocol.at;
	record->url = url_of(state, &exchange->arena, head);
	record->host = arena_copy(&exchange->arena, http_host_name(head->authority));
	exchange_request(&state->list, exchange, head->path, head->fields, head->field_count);
}

static void response_head(struct http2_state *state, const struct http2_head *head)
{
	struct exchange *exchange = find(state, head->stream);
	struct trace_http_request *record;

	if (!exchange || head->is_trailer || !head->status)
		return;
	record = &exchange->record;
	if (!exchange->upgraded) { /* else it was asked in HTTP/1.1 */
		record->proto_major = 2;
		record->proto_minor = 0;
	}
	exchange->circumstances.last_word = state->at->time;
	if (head->status >= 100 && head->status < 200) {
		record->interim_status = head->status;
		return;
	}
	record->status = head->status;
	record->resp_begin = record->resp_recv = state->at->time;
	record->resp_packet = record->last_packet = state->at->packet;
	exchange_response(&state->list, exchange, head->fields, head->field_count);
}

static void head(void *context, const struct http2_head *head)
{
	if (head->from == HTTP2_CLIENT)
		request_head(context, head);
	else
		response_head(context, head);
}

/* ---- bodies and ends ---- */

static void data(void *context, enum http2_side from, uint32_t stream, uint64_t size)
{
	struct http2_state *state = context;
	struct exchange *exchange = find(state, stream);

	if (!exchange)
		return;
	*(from == HTTP2_CLIENT ? &exchange->record.req_content_size : &exchange->record.resp_content_size) += size;
	exchange->circumstances.last_word = state->at->time;
}

static void content(void *context, enum http2_side from, uint32_t stream, struct bytes piece)
{
	struct exchange *exchange = find(context, stream);

	if (exchange)
		exchange_content(exchange, from == HTTP2_SERVER, piece);
}

static void end(void *context, enum http2_side from, uint32_t stream)
{
	struct http2_state *state = context;
	struct exchange *exchange = find(state, stream);

	if (!exchange)
		return;
	exchange->record.last_packet = state->at->packet;
	if (from == HTTP2_CLIENT) {
		exchange->request_ended = true;
		exchange->record.req_end = state->at->time;
	} else {
		exchange->response_ended = exchange->record.resp_complete = true;
		exchange->record.resp_end = state->at->time;
		exchange_end(&state->list, exchange);
	}
	report_if_complete(state, exchange);
}

static const char *error_name(uint32_t code)
{
	const char *text = http2_error_text(code);

	return text ? text : "unknown error";
}

static void say_target(struct finding *f, const struct trace_http_request *record)
{
	finding_say(f, "%.*s %.*s", (int)(record->method.size < 20 ? record->method.size : 20), (const char *)record->method.at,
		    (int)(record->url.size < 160 ? record->url.size : 160), (const char *)record->url.at);
}

static void blame(struct http2_state *state, struct exchange *exchange, enum finding_code code, const char *what,
		  const struct verdict *verdict)
{
	const struct trace_http_request *record = &exchange->record;
	struct finding *f = finding_begin(state->app->c, code, verdict->time);

	say_target(f, record);
	finding_say(f, " failed: %s (%s).", what, error_name(verdict->code));
	finding_trace(f, record->id);
	finding_trace(f, record->tcp_conn);
	finding_packet(f, record->req_packet, "request");
	finding_packet(f, verdict->packet, code == FINDING_H2_GOAWAY ? "GOAWAY" : "RST_STREAM");
	finding_root(f, 0, record->id);
	exchange->circumstances.explained = true;
	exchange->told = f;
}

static void blame_client(struct http2_state *state, struct exchange *exchange, const struct verdict *verdict)
{
	if (verdict->time - exchange->circumstances.last_word < TIMEOUT_PATIENCE)
		blame(state, exchange, FINDING_CLIENT_ABORTED, "the client cancelled it", verdict);
	else if (exchange->response_begun)
		blame(state, exchange, FINDING_HTTP_BODY_TIMEOUT, "no more data came, and the client cancelled it", verdict);
	else
		blame(state, exchange, FINDING_HTTP_TIMEOUT, "no answer came, and the client cancelled it", verdict);
}

static void reset(void *context, enum http2_side from, uint32_t stream, uint32_t error_code)
{
	struct http2_state *state = context;
	struct exchange *exchange = find(state, stream);
	const struct verdict verdict = { error_code, state->at->time, state->at->packet };

	if (!exchange)
		return;
	exchange->record.last_packet = state->at->packet;
	exchange->record.truncated = exchange->response_begun && !exchange->response_ended;
	if (from == HTTP2_SERVER && error_code != NO_ERROR) {
		exchange->record.error = bytes_of(arena_printf(
			&exchange->arena, "stream error: stream ID %u; %s; received from peer", stream, error_name(error_code)));
		blame(state, exchange, FINDING_H2_STREAM_RESET, "the server reset its stream", &verdict);
	} else if (from == HTTP2_CLIENT) {
		blame_client(state, exchange, &verdict);
	}
	report(state, exchange);
}

/* RFC 9113 6.8: what is above the last stream was not and will not be looked at. */
static void goaway(void *context, enum http2_side from, uint32_t last_stream, uint32_t error_code, struct bytes debug_data)
{
	struct http2_state *state = context;
	struct exchange *exchange = state->list.first, *next;
	const struct verdict verdict = { error_code, state->at->time, state->at->packet };

	if (from != HTTP2_SERVER)
		return;
	if (state->goaways == LIMIT_HTTP2_GOAWAYS) {
		limit_hit(state->app->c->hits, LIMIT_HTTP2_GOAWAYS_HIT);
		return;
	}
	state->goaways++;
	if (state->goaway.code == NO_ERROR)
		state->goaway = verdict;
	for (; exchange; exchange = next) {
		next = exchange->next;
		if (exchange->response_begun || (error_code == NO_ERROR && exchange->stream <= last_stream))
			continue;
		exchange->record.error = bytes_of(arena_printf(
			&exchange->arena,
			"http2: server sent GOAWAY and closed the connection; LastStreamID=%u, ErrCode=%s, debug=\"%.*s\"",
			last_stream, error_name(error_code), (int)(debug_data.size < 100 ? debug_data.size : 100),
			(const char *)debug_data.at));
		blame(state, exchange, FINDING_H2_GOAWAY, "the server sent GOAWAY instead of a response", &verdict);
		report(state, exchange);
	}
}

static void blocked(void *context, enum http2_side sender, uint32_t stream, bool is_blocked)
{
	struct http2_state *state = context;

	(void)sender;
	(void)stream;
	if (is_blocked && state->blocked_since == NT_TIME_NONE) {
		state->blocked_since = state->at->time;
	} else if (!is_blocked && state->blocked_since != NT_TIME_NONE) {
		if (state->at->time > state->blocked_since)
			state->app->conn->stalled += (uint64_t)(state->at->time - state->blocked_since);
		state->blocked_since = NT_TIME_NONE;
	}
}

/* The direction is given up: its streams end here as far as can be told. */
static void malformed(void *context, enum http2_side from, const char *what)
{
	struct http2_state *state = context;

	for (struct exchange *exchange = state->list.first; exchange; exchange = exchange->next) {
		exchange->record.malformed = true;
		if (from == HTTP2_SERVER)
			exchange->circumstances.malformed = what;
	}
}

/* A pushed response answers no request of the client: it is no record. */
static void push(void *context, uint32_t stream, uint32_t promised, const struct http2_head *request)
{
	(void)context;
	(void)stream;
	(void)promised;
	(void)request;
}

static const struct http2_events events = { .head = head,
					    .data = data,
					    .content = content,
					    .end = end,
					    .reset = reset,
					    .goaway = goaway,
					    .blocked = blocked,
					    .malformed = malformed,
					    .push = push };

/* ---- the app ---- */

static void *http2_open(struct app *app, int client_side)
{
	struct http2_state *state = nt_zalloc(sizeof *state);

	state->app = state->list.app = app;
	state->client_side = client_side;
	state->blocked_since = NT_TIME_NONE;
	state->session = http2_session_new(&events, state, false, app->in.upgraded, app->c->hits);
	if (app->in.asked) {
		exchange_adopt(&state->list, app->in.asked);
		set_stream(state, app->in.asked, UPGRADED_STREAM);
	}
	return state;
}

static enum http2_side side_of(const struct http2_state *state, int side)
{
	return side == state->client_side ? HTTP2_CLIENT : HTTP2_SERVER;
}

static void http2_data(void *context, int side, const struct piece *piece)
{
	struct http2_state *state = context;

	state->at = piece;
	http2_session_feed(state->session, side_of(state, side), piece->data);
}

static void http2_gap(void *context, int side, uint64_t size, const struct piece *at)
{
	struct http2_state *state = context;

	state->at = at;
	for (struct exchange *exchange = state->list.first; exchange; exchange = exchange->next)
		exchange->record.gap_bytes += size; /* whose bytes they were is not known */
	http2_session_gap(state->session, side_of(state, side), size);
}

static void http2_finish(void *context, int side, bool orderly)
{
	(void)context;
	(void)side;
	(void)orderly;
}

static void http2_close(void *context)
{
	struct http2_state *state = context;

	while (state->list.first) {
		struct exchange *exchange = state->list.first;

		exchange->record.truncated = exchange->response_begun;
		if (exchange->response_begun && state->goaway.code != NO_ERROR && !capture_lacks_bytes(state->app->conn))
			blame(state, exchange, FINDING_H2_GOAWAY, "the server sent GOAWAY in the middle of the response",
			      &state->goaway);
		report(state, exchange);
	}
	doh_close(&state->list);
	http2_session_free(state->session);
	free(state);
}

const struct app_protocol app_http2 = { .kind = APP_HTTP2,
					.name = "HTTP2",
					.open = http2_open,
					.data = http2_data,
					.gap = http2_gap,
					.finish = http2_finish,
					.close = http2_close };
