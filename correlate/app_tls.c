/*
 * A TLS session of a connection becomes a tunnel record.
 */
#include "correlate/app.h"
#include "correlate/dials.h"
#include "correlate/services.h"
#include "correlate/tunnel.h"

#include <stdlib.h>
#include <string.h>

struct tls_state {
	struct tunnel tunnel; /* first */
	struct app *app;
	int client_side;
	struct tls_session *session;
	const struct piece *at; /* the packet that is being fed */
	nt_time server_begin;
	bool server_speaks_tls; /* its first bytes are a record's */
	nt_time ended[2];       /* by side: end of the stream */
	bool ended_orderly[2];
	struct app *inner;         /* what runs inside, where the keys are known */
	struct piece inside;       /* the piece that the inner app is fed */
	uint64_t inside_offset[2]; /* by side: plaintext bytes handed on */
};

static void client_hello(void *context, const struct tls_client_hello *hello)
{
	struct tls_state *state = context;
	const bool first = !state->tunnel.record.client_hello;

	tunnel_client_hello(context, hello);
	if (!first || state->app->in.depth)
		return;
	services_name(state->app->c->services, state->app->conn, hello->server_name);
	if (hello->server_name.size)
		dials_name(state->app->c, state->app->conn, state->tunnel.record.server_name, TRACE_BY_TLS_HELLO);
}

static void application_data(void *context, enum tls_side from, size_t size)
{
	struct tls_state *state = context;

	*(from == TLS_CLIENT ? &state->tunnel.record.client_data_bytes : &state->tunnel.record.server_data_bytes) += size;
}

static void alert(void *context, const struct tls_alert *alert)
{
	enum { CLOSE_NOTIFY = 0 };
	struct tls_state *state = context;
	struct tcp_conn *conn = state->app->conn;

	tunnel_alert(context, alert);
	if (alert->from != TLS_SERVER || alert->encrypted || alert->description != CLOSE_NOTIFY || conn->close_notify.tunnel)
		return;
	conn->close_notify.tunnel = state->tunnel.record.id;
	conn->close_notify.time = state->at->time;
	conn->close_notify.packet = state->at->packet;
}

static struct app *inner_app(struct tls_state *state)
{
	struct app_surroundings in = state->app->in;

	if (state->inner)
		return state->inner;
	if (in.depth >= LIMIT_HTTP_NESTING) {
		if (state->tunnel.circumstances.client_plaintext + state->tunnel.circumstances.server_plaintext == 0)
			limit_hit(state->app->c->hits, LIMIT_HTTP_NESTING_HIT);
		return NULL;
	}
	in.depth++;
	in.mid_stream = false;
	in.upgraded = false;
	in.asked = NULL;
	in.tls_tunnel = state->tunnel.record.id;
	in.tls_begin = state->tunnel.record.handshake_begin;
	in.tls_end = state->tunnel.record.handshake_end;
	state->inner = app_new(state->app->c, state->app->conn, &in);
	return state->inner;
}

static void plaintext(void *context, enum tls_side from, struct bytes data)
{
	struct tls_state *state = context;
	int side = from == TLS_CLIENT ? state->client_side : !state->client_side;
	struct app *inner = inner_app(state);

	*(from == TLS_CLIENT ? &state->tunnel.circumstances.client_plaintext : &state->tunnel.circumstances.server_plaintext) +=
		data.size;
	if (!inner || !data.size)
		return;
	/* Positions inside have nothing to do with those of TCP: nothing is known of what the sender had received. */
	state->inside = *state->at;
	state->inside.data = data;
	state->inside.offset = state->inside_offset[side];
	state->inside.ack = 0;
	state->inside_offset[side] += data.size;
	app_data(inner, side, &state->inside);
}

static void early_data_rejected(void *context)
{
	struct tls_state *state = context;

	state->tunnel.record.early_data_refused = true;
	state->tunnel.circumstances.client_plaintext = 0;
	if (state->inner)
		state->inner->in.refused = true; /* the client sends it again */
	app_free(state->inner);
	state->inner = NULL;
	memset(state->inside_offset, 0, sizeof state->inside_offset);
}

static void malformed(void *context, enum tls_side from, const char *what)
{
	struct tls_state *state = context;

	(void)what;
	state->tunnel.record.malformed = true;
	if (from == TLS_SERVER && !state->tunnel.record.server_hello && state->tunnel.record.alert_count == 0 &&
	    !state->server_speaks_tls)
		state->tunnel.circumstances.server_is_plaintext = true;
}

static const struct tls_events events = { .client_hello = client_hello,
					  .server_hello = tunnel_server_hello,
					  .certificates = tunnel_certificates,
					  .certificate_request = tunnel_certificate_request,
					  .certificate_status = tunnel_certificate_status,
					  .certificate_compression = tunnel_certificate_compression,
					  .resumed = tunnel_resumed,
					  .handshake_done = tunnel_handshake_done,
					  .alert = alert,
					  .application_data = application_data,
					  .malformed = malformed,
					  .alpn = tunnel_alpn,
					  .plaintext = plaintext,
					  .early_data_rejected = early_data_rejected };

static void *tls_open(struct app *app, int client_side)
{
	struct tls_state *state = nt_zalloc(sizeof *state);
	const struct address_tuple tuple = tcp_tuple(app->conn);

	state->app = app;
	state->client_side = client_side;
	state->session = tls_session_new(&events, state, app->c->hits);
	if (app->c->options.no_fingerprints)
		tls_session_omit_fingerprints(state->session);
	if (app->c->options.keylog) {
		tls_session_set_keylog(state->session, app->c->options.keylog);
		tls_session_remember(state->session, app->c->resumable);
	}
	state->server_begin = state->ended[0] = state->ended[1] = NT_TIME_NONE;
	tunnel_init(&state->tunnel, app->c, &tuple);
	state->tunnel.is_inner = app->in.depth;
	state->tunnel.record.id = new_id(app->c);
	state->tunnel.record.tcp_conn = app->conn->record.id;
	state->tunnel.record.mid_stream = app->in.mid_stream || app->in.depth;
	return state;
}

static void set_packet(struct tls_state *state, const struct piece *piece)
{
	state->at = piece;
	state->tunnel.time = piece->time;
	state->tunnel.packet = piece->packet;
}

static enum tls_side tls_side_of(const struct tls_state *state, int side)
{
	return side == state->client_side ? TLS_CLIENT : TLS_SERVER;
}

/* RFC 8446 5.1: type and major version. */
static bool begins_record(struct bytes data)
{
	return data.size >= 2 && data.at[0] >= 20 && data.at[0] <= 24 && data.at[1] == 3;
}

static void tls_data(void *context, int side, const struct piece *piece)
{
	struct tls_state *state = context;
	nt_time *begin = side == state->client_side ? &state->tunnel.client_begin : &state->server_begin;

	if (*begin == NT_TIME_NONE) {
		*begin = piece->time;
		*(side == state->client_side ? &state->tunnel.circumstances.hello : &state->tunnel.circumstances.answer) =
			piece->packet;
		if (side != state->client_side)
			state->server_speaks_tls = begins_record(piece->data);
	}
	set_packet(state, piece);
	tls_session_feed(state->session, tls_side_of(state, side), piece->data);
}

static void tls_gap(void *context, int side, uint64_t size, const struct piece *at)
{
	struct tls_state *state = context;

	set_packet(state, at);
	tls_session_gap(state->session, tls_side_of(state, side), size);
	if (state->inner)
		app_gap(state->inner, side, size, at);
}

static void tls_finish(void *context, int side, bool orderly)
{
	struct tls_state *state = context;
	const struct trace_tcp_side *counts = &state->app->conn->side[side].counts;

	state->ended[side] = counts->fin != NT_TIME_NONE ? counts->fin : counts->rst;
	state->ended_orderly[side] = orderly;
	if (state->inner)
		app_finish(state->inner, side, orderly);
}

/* ---- what went wrong, in the words that a Go client would have used (nettrace-trace(5), "Errors") ---- */

static void name_failure(struct tls_state *state)
{
	struct trace_tls_tunnel *tunnel = &state->tunnel.record;
	const struct trace_tls_alert *alert = tunnel_deciding_alert(&state->tunnel);
	int server = !state->client_side;
	const struct trace_tcp_side *counts = &state->app->conn->side[server].counts;
	const struct trace_tcp_side *client = &state->app->conn->side[state->client_side].counts;
	bool client_first = (client->fin != NT_TIME_NONE && client->fin <= counts->rst) ||
			    (client->rst != NT_TIME_NONE && client->rst <= counts->rst);
	char from[IP_ADDRESS_TEXT_SIZE], to[IP_ADDRESS_TEXT_SIZE];
	struct address_tuple tuple = tcp_tuple(state->app->conn);

	if (alert) {
		tunnel->error = tunnel_alert_error(&state->tunnel, alert);
		tunnel->handshake_end = alert->time;
		return;
	}
	if (state->tunnel.circumstances.server_is_plaintext) {
		tunnel->error = BYTES("tls: first record does not look like a TLS handshake");
		tunnel->handshake_end =
			state->server_begin > state->tunnel.client_begin ? state->server_begin : state->tunnel.client_begin;
		return;
	}
	if (counts->rst != NT_TIME_NONE && !client_first && (counts->fin == NT_TIME_NONE || counts->rst < counts->fin)) {
		tunnel->error =
			bytes_of(arena_printf(&state->tunnel.arena,
					      tuple.ip_version == 6 ? "read tcp [%s]:%u->[%s]:%u: read: connection reset by peer"
								    : "read tcp %s:%u->%s:%u: read: connection reset by peer",
					      ip_address_text(tuple.ip_version, &tuple.source, from), tuple.source_port,
					      ip_address_text(tuple.ip_version, &tuple.destination, to), tuple.destination_port));
		tunnel->handshake_end = counts->rst;
	} else if (state->ended[server] != NT_TIME_NONE && state->ended_orderly[server] && tunnel->client_hello &&
		   (state->ended[state->client_side] == NT_TIME_NONE || state->ended[server] <= state->ended[state->client_side])) {
		tunnel->error = BYTES("EOF");
		tunnel->handshake_end = state->ended[server];
	} else if (state->ended[state->client_side] != NT_TIME_NONE) {
		tunnel->handshake_end = state->ended[state->client_side]; /* the client gave up */
		if (!tunnel->server_hello && state->app->conn->side[server].seen &&
		    tunnel->handshake_end - state->tunnel.client_begin >= TIMEOUT_PATIENCE)
			tunnel->error = BYTES("net/http: TLS handshake timeout");
	}
}

/* A server may answer early data, and close, before the client's Finished (RFC 8446 2.3); without keys any of its records may be that. */
static bool answered_early_data(const struct tls_state *state)
{
	const struct trace_tls_tunnel *tunnel = &state->tunnel.record;

	return tunnel->early_data && tunnel->version >= TLS_1_3 && tunnel->client_data_bytes &&
	       !tunnel_deciding_alert(&state->tunnel) &&
	       (tunnel->decrypted ? state->tunnel.circumstances.server_plaintext : tunnel->server_data_bytes);
}

/* Up to TLS 1.2 the server has the last word: without its Finished the client's does not complete the handshake (RFC 5246 7.3). */
static bool failed_after_client_finished(const struct tls_state *state)
{
	const struct trace_tls_tunnel *tunnel = &state->tunnel.record;
	const struct trace_tls_alert *alert = tunnel_deciding_alert(&state->tunnel);

	if (tunnel->version == 0 || tunnel->version > TLS_1_2 || tls_session_cipher_changed(state->session, TLS_SERVER) ||
	    tunnel->server_data_bytes)
		return false;
	return (alert && alert->by_server && !alert->encrypted) || state->ended[!state->client_side] != NT_TIME_NONE;
}

/* The server spoke first, and never in TLS. */
static void judge_greeting(struct tls_state *state)
{
	const struct piece *greeting = &state->app->in.greeting;

	if (!greeting->packet.number || state->server_speaks_tls)
		return;
	state->tunnel.circumstances.server_is_plaintext = true;
	state->tunnel.circumstances.answer = greeting->packet;
	state->server_begin = greeting->time;
}

static void tls_close(void *context)
{
	struct tls_state *state = context;
	struct trace_tls_tunnel *tunnel = &state->tunnel.record;
	struct tcp_conn *conn = state->app->conn;
	struct correlator *c = state->app->c;

	tunnel->decrypted = tls_session_decrypted(state->session);
	tunnel->unverified_records = tls_session_unverified(state->session);
	if (tunnel->client_hello || tunnel->server_hello) {
		judge_greeting(state);
		state->tunnel.circumstances.answered = state->server_begin;
		state->tunnel.circumstances.failed =
			(!tunnel->done && !answered_early_data(state)) || failed_after_client_finished(state);
		state->tunnel.circumstances.behind_proxy = state->app->in.proxy.size != 0;
		conn->understood = true;
		if (state->tunnel.circumstances.failed)
			name_failure(state);
		if (!state->app->in.mid_stream || state->app->in.after_preamble)
			/* before what ran inside: it fails for this reason */
			diagnose_tls(c, conn, tunnel, &state->tunnel.circumstances);
		if (c->sink->tls_tunnel && tcp_is_reported(c, conn))
			c->sink->tls_tunnel(c->context, tunnel);
	}
	app_free(state->inner);
	tls_session_free(state->session);
	tunnel_clear(&state->tunnel);
	free(state);
}

const struct app_protocol app_tls = {
	.kind = APP_TLS, .name = "TLS", .open = tls_open, .data = tls_data, .gap = tls_gap, .finish = tls_finish, .close = tls_close
};
