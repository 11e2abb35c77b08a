/*
 * A TLS session of a connection becomes a tunnel record.
 */
#include "correlate/app.h"
#include "correlate/diagnose.h"
#include "correlate/dials.h"
#include "dissect/tls/tls.h"

#include <stdlib.h>
#include <string.h>

struct tls_state {
	struct app *app;
	int client_side;
	struct tls_session *session;
	struct trace_tls_tunnel tunnel;
	struct arena arena;     /* what the record points to */
	const struct piece *at; /* the packet that is being fed */
	nt_time client_begin;   /* first byte of the client */
	nt_time server_begin;
	bool server_speaks_tls; /* its first bytes are a record's */
	nt_time ended[2];       /* by side: end of the stream */
	bool ended_orderly[2];
	struct tls_circumstances circumstances;
	struct app *inner;         /* what runs inside, where the keys are known */
	struct piece inside;       /* the piece that the inner app is fed */
	uint64_t inside_offset[2]; /* by side: plaintext bytes handed on */
	struct trace_tls_alert alerts[LIMIT_TLS_ALERTS];
};

static nt_time now(const struct tls_state *state)
{
	return state->at->time;
}

static void handshake_packet(struct tls_state *state)
{
	struct trace_tls_tunnel *tunnel = &state->tunnel;

	if (!tunnel->first_packet.number)
		tunnel->first_packet = state->at->packet;
	if (!tunnel->done)
		tunnel->last_packet = state->at->packet;
}

static void client_hello(void *context, const struct tls_client_hello *hello)
{
	struct tls_state *state = context;
	struct trace_tls_tunnel *tunnel = &state->tunnel;
	const size_t kept = sizeof hello->alpn / sizeof *hello->alpn, count = hello->alpn_count < kept ? hello->alpn_count : kept;
	struct bytes *protocols;

	handshake_packet(state);
	if (tunnel->client_hello)
		return; /* the second one after a HelloRetryRequest says the same */
	tunnel->client_hello = true;
	tunnel->handshake_begin = state->client_begin;
	tunnel->offered_version = hello->highest_version;
	tunnel->server_name = arena_copy(&state->arena, hello->server_name);
	tunnel->early_data = hello->has_early_data;
	tunnel->encrypted_client_hello = hello->has_ech;
	tunnel->ja3 = arena_copy(&state->arena, bytes_of(hello->ja3));
	tunnel->ja4 = arena_copy(&state->arena, bytes_of(hello->ja4));
	protocols = arena_alloc(&state->arena, count * sizeof *protocols);
	for (size_t i = 0; i < count; i++)
		protocols[i] = arena_copy(&state->arena, hello->alpn[i]);
	tunnel->offered_protocols = protocols;
	tunnel->offered_protocol_count = count;
	if (tunnel->server_name.size && !state->app->in.depth)
		dials_name(state->app->c, state->app->conn, tunnel->server_name, TRACE_BY_TLS_HELLO);
}

static void server_hello(void *context, const struct tls_server_hello *hello)
{
	struct tls_state *state = context;
	struct trace_tls_tunnel *tunnel = &state->tunnel;

	handshake_packet(state);
	tunnel->server_hello = true;
	tunnel->cipher_suite = hello->cipher;
	tunnel->version = hello->version;
	if (hello->group)
		tunnel->group = hello->group;
	if (hello->is_hello_retry) {
		tunnel->hello_retry = true;
		return;
	}
	if (hello->alpn.size)
		tunnel->negotiated_protocol = arena_copy(&state->arena, hello->alpn);
}

static struct bytes text_of(struct arena *arena, const char *text)
{
	return arena_copy(arena, bytes_of(text));
}

static void summarise(struct arena *arena, struct bytes der, struct trace_certificate *out)
{
	struct x509_summary summary;
	struct bytes *names;

	*out = (struct trace_certificate){ .unreadable = !x509_summarise(der, arena, &summary) };
	out->subject = bytes_of(summary.subject);
	out->issuer = bytes_of(summary.issuer);
	out->not_before_s = out->unreadable ? INT64_MIN : summary.not_before_s;
	out->not_after_s = out->unreadable ? INT64_MIN : summary.not_after_s;
	out->is_ca = summary.is_ca;
	out->serial = bytes_of(summary.serial);
	out->sha256 = text_of(arena, summary.sha256);
	out->key_type = bytes_of(summary.key_type);
	names = arena_alloc(arena, summary.name_count * sizeof *names);
	for (size_t i = 0; i < summary.name_count; i++)
		names[i] = bytes_of(summary.names[i]);
	out->names = names;
	out->name_count = summary.name_count;
}

/* As of the handshake: the name that was asked for, else the address that was dialled. */
static void verify(struct tls_state *state, const struct bytes *der, size_t count)
{
	struct trace_tls_tunnel *tunnel = &state->tunnel;
	struct address_tuple tuple = tcp_tuple(state->app->conn);
	char address[IP_ADDRESS_TEXT_SIZE];
	struct bytes name = tunnel->server_name;
	struct verify_outcome outcome;

	if (!state->app->c->options.verifier || tunnel->certificates_cut || !count)
		return;
	if (!name.size && tunnel->client_hello && !state->app->in.depth)
		name = bytes_of(ip_address_text(tuple.ip_version, &tuple.destination, address));
	verifier_check(state->app->c->options.verifier, der, count, name, now(state) / NT_SECOND, &outcome);
	tunnel->verification = bytes_of(verify_result_text(outcome.result));
	tunnel->verification_detail = text_of(&state->arena, outcome.text);
	state->circumstances.verified = true;
	state->circumstances.verification = outcome.result;
}

static void certificates(void *context, enum tls_side from, const struct bytes *der, size_t count, bool truncated)
{
	struct tls_state *state = context;
	struct trace_certificate *list = arena_alloc(&state->arena, count * sizeof *list);

	handshake_packet(state);
	state->tunnel.certificates_cut |= truncated;
	for (size_t i = 0; i < count; i++)
		summarise(&state->arena, der[i], &list[i]);
	if (from == TLS_SERVER) {
		if (state->tunnel.certificate_count)
			return;
		state->tunnel.certificates = list;
		state->tunnel.certificate_count = count;
		verify(state, der, count);
	} else if (!state->tunnel.client_certificate_count) {
		state->tunnel.client_certificates = list;
		state->tunnel.client_certificate_count = count;
	}
}

static void certificate_request(void *context)
{
	((struct tls_state *)context)->tunnel.certificate_request = true;
}

static void certificate_status(void *context)
{
	((struct tls_state *)context)->tunnel.ocsp_stapled = true;
}

static void resumed(void *context)
{
	((struct tls_state *)context)->tunnel.did_resume = true;
}

static void handshake_done(void *context)
{
	struct tls_state *state = context;
	struct trace_tls_tunnel *tunnel = &state->tunnel;

	handshake_packet(state);
	tunnel->done = true;
	tunnel->handshake_end = now(state);
	if (tunnel->handshake_begin != NT_TIME_NONE)
		tunnel->handshake_us = (tunnel->handshake_end - tunnel->handshake_begin) / NT_MICROSECOND;
}

static void alert(void *context, const struct tls_alert *alert)
{
	struct tls_state *state = context;
	struct trace_tls_tunnel *tunnel = &state->tunnel;

	handshake_packet(state);
	if (tunnel->alert_count == LIMIT_TLS_ALERTS) {
		limit_hit(state->app->c->hits, LIMIT_TLS_ALERTS_HIT);
		return;
	}
	state->alerts[tunnel->alert_count++] = (struct trace_tls_alert){ .by_server = alert->from == TLS_SERVER,
									 .encrypted = alert->encrypted,
									 .level = alert->level,
									 .description = alert->description,
									 .time = now(state),
									 .packet = state->at->packet };
}

static void application_data(void *context, enum tls_side from, size_t size)
{
	struct tls_state *state = context;

	*(from == TLS_CLIENT ? &state->tunnel.client_data_bytes : &state->tunnel.server_data_bytes) += size;
}

static void alpn(void *context, struct bytes protocol)
{
	struct tls_state *state = context;

	state->tunnel.negotiated_protocol = arena_copy(&state->arena, protocol);
}

static struct app *inner_app(struct tls_state *state)
{
	struct app_surroundings in = state->app->in;

	if (state->inner || in.depth >= LIMIT_HTTP_NESTING)
		return state->inner;
	in.depth++;
	in.mid_stream = false;
	in.upgraded = false;
	in.asked = NULL;
	in.tls_tunnel = state->tunnel.id;
	in.tls_begin = state->tunnel.handshake_begin;
	in.tls_end = state->tunnel.handshake_end;
	state->inner = app_new(state->app->c, state->app->conn, &in);
	return state->inner;
}

static void plaintext(void *context, enum tls_side from, struct bytes data)
{
	struct tls_state *state = context;
	int side = from == TLS_CLIENT ? state->client_side : !state->client_side;
	struct app *inner = inner_app(state);

	*(from == TLS_CLIENT ? &state->circumstances.client_plaintext : &state->circumstances.server_plaintext) += data.size;
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

	state->tunnel.early_data_refused = true;
	state->circumstances.client_plaintext = 0;
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
	state->tunnel.malformed = true;
	if (from == TLS_SERVER && !state->tunnel.server_hello && state->tunnel.alert_count == 0 && !state->server_speaks_tls)
		state->circumstances.server_is_plaintext = true;
}

static const struct tls_events events = { .client_hello = client_hello,
					  .server_hello = server_hello,
					  .certificates = certificates,
					  .certificate_request = certificate_request,
					  .certificate_status = certificate_status,
					  .resumed = resumed,
					  .handshake_done = handshake_done,
					  .alert = alert,
					  .application_data = application_data,
					  .malformed = malformed,
					  .alpn = alpn,
					  .plaintext = plaintext,
					  .early_data_rejected = early_data_rejected };

static void *tls_open(struct app *app, int client_side)
{
	struct tls_state *state = nt_zalloc(sizeof *state);

	state->app = app;
	state->client_side = client_side;
	state->session = tls_session_new(&events, state, app->c->hits);
	if (app->c->options.keylog)
		tls_session_set_keylog(state->session, app->c->options.keylog);
	state->client_begin = state->server_begin = state->ended[0] = state->ended[1] = NT_TIME_NONE;
	state->tunnel.id = new_id(app->c);
	state->tunnel.tcp_conn = app->conn->record.id;
	state->tunnel.handshake_begin = state->tunnel.handshake_end = NT_TIME_NONE;
	state->tunnel.handshake_us = -1;
	state->tunnel.mid_stream = app->in.mid_stream || app->in.depth;
	state->tunnel.alerts = state->alerts;
	return state;
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
	nt_time *begin = side == state->client_side ? &state->client_begin : &state->server_begin;

	if (*begin == NT_TIME_NONE) {
		*begin = piece->time;
		*(side == state->client_side ? &state->circumstances.hello : &state->circumstances.answer) = piece->packet;
		if (side != state->client_side)
			state->server_speaks_tls = begins_record(piece->data);
	}
	state->at = piece;
	tls_session_feed(state->session, tls_side_of(state, side), piece->data);
}

static void tls_gap(void *context, int side, uint64_t size, const struct piece *at)
{
	struct tls_state *state = context;

	state->at = at;
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

/* ---- what went wrong, in the words that a Go client would have used (docs: README.md, "The trace") ---- */

static const char *client_alert_text(uint8_t description)
{
	enum { BAD_CERTIFICATE = 42, CERTIFICATE_EXPIRED = 45, UNKNOWN_CA = 48 };

	switch (description) {
	case CERTIFICATE_EXPIRED:
		return "x509: certificate has expired or is not yet valid";
	case UNKNOWN_CA:
		return "x509: certificate signed by unknown authority";
	default:
		return NULL;
	}
}

/* What a client that refuses a chain says of it, if verification finds the same. */
static const char *verification_text(struct tls_state *state)
{
	const struct trace_tls_tunnel *tunnel = &state->tunnel;

	if (!state->circumstances.verified)
		return NULL;
	switch (state->circumstances.verification) {
	case VERIFY_EXPIRED:
	case VERIFY_NOT_YET_VALID:
		return "x509: certificate has expired or is not yet valid";
	case VERIFY_SELF_SIGNED:
	case VERIFY_UNKNOWN_ISSUER:
	case VERIFY_INCOMPLETE_CHAIN:
		return "x509: certificate signed by unknown authority";
	case VERIFY_NAME_MISMATCH:
		if (!tunnel->certificates[0].name_count)
			return "x509: certificate is not valid for any names";
		return arena_printf(&state->arena, "x509: certificate is valid for %.*s, not %.*s",
				    (int)tunnel->certificates[0].names[0].size, (const char *)tunnel->certificates[0].names[0].at,
				    (int)tunnel->server_name.size, (const char *)tunnel->server_name.at);
	default:
		return NULL;
	}
}

static bool is_about_certificate(uint8_t description)
{
	enum { BAD_CERTIFICATE = 42, CERTIFICATE_UNKNOWN = 46, UNKNOWN_CA = 48 };

	return (description >= BAD_CERTIFICATE && description <= CERTIFICATE_UNKNOWN) || description == UNKNOWN_CA;
}

static struct bytes alert_error(struct tls_state *state, const struct trace_tls_alert *alert)
{
	const char *text = tls_alert_text(alert->description);

	if (alert->encrypted)
		return bytes_of(alert->by_server ? "remote error: tls: encrypted alert" : "local error: tls: encrypted alert");
	if (!alert->by_server && is_about_certificate(alert->description) && verification_text(state))
		return bytes_of(verification_text(state));
	if (!alert->by_server && client_alert_text(alert->description))
		return bytes_of(client_alert_text(alert->description));
	if (!text)
		text = arena_printf(&state->arena, "alert(%u)", alert->description);
	return bytes_of(arena_printf(&state->arena, "%s error: tls: %s", alert->by_server ? "remote" : "local", text));
}

/* The alert that ended the handshake: a fatal one, or one that nobody can read where the Finished should have been. */
static const struct trace_tls_alert *deciding_alert(const struct trace_tls_tunnel *tunnel)
{
	for (size_t i = 0; i < tunnel->alert_count; i++)
		if (tunnel->alerts[i].level == 2 || tunnel->alerts[i].encrypted)
			return &tunnel->alerts[i];
	return NULL;
}

static void name_failure(struct tls_state *state)
{
	struct trace_tls_tunnel *tunnel = &state->tunnel;
	const struct trace_tls_alert *alert = deciding_alert(tunnel);
	int server = !state->client_side;
	const struct trace_tcp_side *counts = &state->app->conn->side[server].counts;
	const struct trace_tcp_side *client = &state->app->conn->side[state->client_side].counts;
	bool client_first = (client->fin != NT_TIME_NONE && client->fin <= counts->rst) ||
			    (client->rst != NT_TIME_NONE && client->rst <= counts->rst);
	char from[IP_ADDRESS_TEXT_SIZE], to[IP_ADDRESS_TEXT_SIZE];
	struct address_tuple tuple = tcp_tuple(state->app->conn);

	if (alert) {
		tunnel->error = alert_error(state, alert);
		tunnel->handshake_end = alert->time;
		return;
	}
	if (state->circumstances.server_is_plaintext) {
		tunnel->error = BYTES("tls: first record does not look like a TLS handshake");
		tunnel->handshake_end = state->server_begin;
		return;
	}
	if (counts->rst != NT_TIME_NONE && !client_first && (counts->fin == NT_TIME_NONE || counts->rst < counts->fin)) {
		tunnel->error =
			bytes_of(arena_printf(&state->arena,
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
		if (!tunnel->server_hello && tunnel->handshake_end - state->client_begin >= TIMEOUT_PATIENCE)
			tunnel->error = BYTES("net/http: TLS handshake timeout");
	}
}

/* A server may answer early data, and close, before the client's Finished (RFC 8446 2.3); without keys any of its records may be that. */
static bool answered_early_data(const struct tls_state *state)
{
	const struct trace_tls_tunnel *tunnel = &state->tunnel;

	return tunnel->early_data && tunnel->version >= TLS_1_3 && tunnel->client_data_bytes && !deciding_alert(tunnel) &&
	       (tunnel->decrypted ? state->circumstances.server_plaintext : tunnel->server_data_bytes);
}

/* Up to TLS 1.2 the server has the last word: without its Finished the client's does not complete the handshake (RFC 5246 7.3). */
static bool failed_after_client_finished(const struct tls_state *state)
{
	const struct trace_tls_tunnel *tunnel = &state->tunnel;
	const struct trace_tls_alert *alert = deciding_alert(tunnel);

	if (tunnel->version == 0 || tunnel->version > TLS_1_2 || tls_session_cipher_changed(state->session, TLS_SERVER) ||
	    tunnel->server_data_bytes)
		return false;
	return (alert && alert->by_server && !alert->encrypted) || state->ended[!state->client_side] != NT_TIME_NONE;
}

static void tls_close(void *context)
{
	struct tls_state *state = context;
	struct trace_tls_tunnel *tunnel = &state->tunnel;
	struct tcp_conn *conn = state->app->conn;
	struct correlator *c = state->app->c;

	tunnel->decrypted = tls_session_decrypted(state->session);
	tunnel->unverified_records = tls_session_unverified(state->session);
	if (tunnel->client_hello || tunnel->server_hello) {
		state->circumstances.answered = state->server_begin;
		state->circumstances.failed = (!tunnel->done && !answered_early_data(state)) || failed_after_client_finished(state);
		conn->understood = true;
		if (state->circumstances.failed)
			name_failure(state);
		if (!state->app->in.mid_stream)
			diagnose_tls(c, conn, tunnel, &state->circumstances); /* before what ran inside: it fails for this reason */
		if (c->sink->tls_tunnel && tcp_is_reported(c, conn))
			c->sink->tls_tunnel(c->context, tunnel);
	}
	app_free(state->inner);
	tls_session_free(state->session);
	arena_free(&state->arena);
	free(state);
}

const struct app_protocol app_tls = {
	.kind = APP_TLS, .name = "TLS", .open = tls_open, .data = tls_data, .gap = tls_gap, .finish = tls_finish, .close = tls_close
};
