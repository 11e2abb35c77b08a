#include "correlate/app.h"

#include "correlate/http_url.h"
#include "correlate/proxies.h"
#include "dissect/dns/dns.h"
#include "dissect/http/http1.h"
#include "dissect/http/http2.h"
#include "dissect/tls/tls.h"

#include <stdlib.h>
#include <string.h>

enum { DNS_OVER_TLS_PORT = 853 };
/* In an opaque stream that was seen from its beginning, HTTP may begin after a short preamble (SOCKS), not in the middle of a download. */
enum { HTTP_PREAMBLE = 4096 };

struct app *app_new(struct correlator *c, struct tcp_conn *conn, const struct app_surroundings *in)
{
	struct app *app = nt_zalloc(sizeof *app);

	app->c = c;
	app->conn = conn;
	app->in = *in;
	app->start[0].max = app->start[1].max = LIMIT_STREAM_START;
	return app;
}

/* ---- finding the protocol ---- */

/* The port of DNS, here: 0 if it may be any. */
static uint16_t dns_port(const struct app *app)
{
	const uint16_t *port = app->conn->flow.key.port;

	if (app->in.depth == 0)
		return DNS_PORT;
	return port[0] == DNS_OVER_TLS_PORT || port[1] == DNS_OVER_TLS_PORT ? DNS_OVER_TLS_PORT : 0;
}

/* Over TLS, on any port: the first record holds a query, and nothing else. */
static enum cur_state begins_with_query(struct bytes start)
{
	struct cursor c = cur_of(start.at, start.size, 0);
	uint16_t size = cur_u16(&c);

	return size == cur_left(&c) && dns_is_plain_query(c) ? CUR_OK : CUR_BAD;
}

static enum cur_state looks_like_dns(const struct app *app, struct bytes start)
{
	const uint16_t *port = app->conn->flow.key.port, dns = dns_port(app);
	struct cursor c = cur_of(start.at, start.size, CUR_OPEN);
	uint16_t size = cur_u16(&c);
	struct cursor message;

	if (app->in.depth && (app->in.depth > 1 || !app->in.tls_tunnel))
		return CUR_BAD;
	if (!dns)
		return begins_with_query(start);
	if (port[0] != dns && port[1] != dns)
		return CUR_BAD;
	if (start.size < 2)
		return CUR_CUT;
	if (size < 12)
		return CUR_BAD;
	message = cur_sub(&c, size);
	if (cur_left(&message) < 12)
		return CUR_CUT;
	return dns_looks_like(message) ? CUR_OK : CUR_BAD;
}

/* A first line cut by the snaplen or by loss: only the methods that everybody uses are believed then. */
static bool begins_with_common_method(struct bytes start)
{
	static const char *const methods[] = {
		"GET /", "POST /", "HEAD /", "PUT /", "GET http", "POST http", "CONNECT ", "OPTIONS "
	};

	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		size_t size = strlen(methods[i]);

		if (start.size >= size && memcmp(start.at, methods[i], size) == 0)
			return true;
	}
	return false;
}

struct finding {
	const struct app_protocol *protocol; /* NULL: none */
	int client_side;
	bool undecided; /* more bytes may tell */
};

static struct finding find_protocol(const struct app *app, int side, struct bytes start, bool nothing_follows)
{
	struct finding found = { .client_side = side };
	enum tls_side tls_side = TLS_CLIENT;
	enum http1_kind kind = HTTP1_REQUEST;
	enum cur_state tls = tls_looks_like(start, &tls_side), http2, http, dns;

	if (tls == CUR_OK) {
		found.protocol = &app_tls;
		found.client_side = tls_side == TLS_CLIENT ? side : !side;
		return found;
	}
	http2 = http2_looks_like(start);
	if (http2 == CUR_OK) {
		found.protocol = &app_http2;
		return found;
	}
	if (http2 == CUR_CUT && start.size >= 4) { /* no method is called PRI */
		found.undecided = !nothing_follows;
		return found;
	}
	http = http1_looks_like(start, &kind);
	if (http == CUR_OK || (http == CUR_CUT && nothing_follows && begins_with_common_method(start))) {
		found.protocol = &app_http1;
		found.client_side = http == CUR_OK && kind == HTTP1_RESPONSE ? !side : side;
		return found;
	}
	dns = looks_like_dns(app, start);
	if (dns == CUR_OK) {
		found.protocol = &app_dns;
		found.client_side = app->conn->flow.key.port[side] == dns_port(app) ? !side : side;
		return found;
	}
	found.undecided = !nothing_follows && (tls == CUR_CUT || http == CUR_CUT || dns == CUR_CUT);
	return found;
}

void app_open(struct app *app, const struct app_protocol *protocol, int client_side)
{
	app->kind = protocol->kind;
	app->protocol = protocol;
	app->state = protocol->open(app, client_side);
}

static void open_protocol(struct app *app, const struct finding *found)
{
	if (app->in.depth == 0)
		tcp_set_client(app->conn, found->client_side,
			       found->protocol == &app_tls                                      ? TRACE_BY_TLS_HELLO
			       : found->protocol == &app_http1 || found->protocol == &app_http2 ? TRACE_BY_HTTP
												: TRACE_BY_DNS);
	if (!app->conn->record.app_protocol.size && !app->c->appid)
		app->conn->record.app_protocol = bytes_of(found->protocol->name);
	/* On a connection that was seen to begin, the sender of the SYN is the client even if it is the one who answers. */
	app_open(app, found->protocol, found->client_side);
}

/* What was kept while undecided belongs to the protocol now, in the order in which it came. */
static void replay_start(struct app *app)
{
	int first = app->start[1].size && (!app->start[0].size || app->start_piece[1].time < app->start_piece[0].time);

	for (int i = 0; i < 2; i++) {
		int side = i ? !first : first;
		struct piece piece = app->start_piece[side];

		if (!app->start[side].size)
			continue;
		piece.data = (struct bytes){ app->start[side].at, app->start[side].size };
		app->protocol->data(app->state, side, &piece);
		buffer_free(&app->start[side]);
	}
}

static void become_opaque(struct app *app)
{
	app->kind = APP_OPAQUE;
	for (int side = 0; side < 2; side++) {
		app->seen[side] += app->start[side].size;
		buffer_free(&app->start[side]);
	}
}

/* ---- SOCKS: what follows is for somebody behind this server ---- */

/* The client's first words (RFC 1928 3; SOCKS 4 has its whole request there): the version, 0 if it is something else. */
static uint8_t socks_version(struct bytes words)
{
	struct cursor c = cur_of(words.at, words.size, 0);
	uint8_t version = cur_u8(&c), second = cur_u8(&c);

	if (version == 5 && second) {
		cur_skip(&c, second); /* methods */
		return c.state == CUR_OK ? version : 0;
	}
	if (version != 4 || second < 1 || second > 2)
		return 0;
	cur_skip(&c, 6); /* port and address; a user's name follows */
	return c.state == CUR_OK && cur_left(&c) && memchr(c.at, 0, cur_left(&c)) ? version : 0;
}

static bool is_socks_answer(uint8_t version, struct bytes words)
{
	if (version == 5)
		return words.size == 2 && words.at[0] == 5;
	return words.size == 8 && words.at[0] == 0 && words.at[1] == 90; /* granted */
}

static void look_for_socks(struct app *app, int side, struct bytes words)
{
	if (app->in.depth || app->in.mid_stream || app->seen[side] || app->socks_proxy)
		return;
	if (!app->socks) {
		app->socks = socks_version(words);
		app->socks_client = (int8_t)side;
	} else if (side != app->socks_client && is_socks_answer(app->socks, words)) {
		app->socks_proxy = http_proxy_url(app, app->socks == 5 ? "socks5://" : "socks4://");
		proxies_note(app->c, app->conn);
	}
}

/* ---- what comes before the protocol is known ---- */

static void note_first(struct app *app, int side, const struct piece *piece)
{
	if (app->first.packet.number)
		return;
	app->first = *piece;
	app->first.data.size = 0;
	app->first_side = (int8_t)side;
}

static void undecided_data(struct app *app, int side, const struct piece *piece)
{
	struct buffer *start = &app->start[side];
	struct bytes view = piece->data;
	struct finding found;
	bool full = false;

	note_first(app, side, piece);
	if (start->size) {
		full = !buffer_add(start, piece->data.at, piece->data.size);
		view = (struct bytes){ start->at, start->size };
	}
	found = find_protocol(app, side, view, full);
	if (found.protocol) {
		bool kept = start->size != 0;

		open_protocol(app, &found);
		replay_start(app);
		if (!kept || full)
			app->protocol->data(app->state, side, piece);
		return;
	}
	if (found.undecided && !start->size) {
		app->start_piece[side] = *piece;
		if (buffer_add(start, piece->data.at, piece->data.size))
			return;
		limit_hit(app->c->hits, LIMIT_STREAM_START_HIT);
	} else if (found.undecided) {
		return;
	}
	if (!start->size) {
		look_for_socks(app, side, piece->data);
		app->seen[side] += piece->data.size;
	}
	become_opaque(app);
}

/* Whether a client begins with TLS at once although the server has begun with something else: that is no STARTTLS. */
static bool is_greeted(const struct app *app, int side, const struct finding *found)
{
	return found->protocol == &app_tls && found->client_side == side && app->first_side != side && app->seen[side] == 0 &&
	       !app->in.mid_stream && !app->socks_proxy;
}

/* STARTTLS, SOCKS, a request after the unseen rest of an older exchange: they begin where a segment begins. */
static void opaque_data(struct app *app, int side, const struct piece *piece)
{
	struct bytes data = piece->data;
	struct finding found = { .protocol = NULL };
	bool tls = data.size >= 11 && (data.at[0] == 0x16 || data.at[0] == 0x80);
	bool http = data.size >= 16 && data.at[0] >= 'A' && data.at[0] <= 'z' &&
		    (app->in.mid_stream || app->seen[side] < HTTP_PREAMBLE);
	bool greeted;

	if (tls || http)
		found = find_protocol(app, side, data, false);
	look_for_socks(app, side, data);
	greeted = is_greeted(app, side, &found);
	app->seen[side] += data.size;
	if (!found.protocol)
		return;
	if (greeted) {
		app->in.greeting = app->first;
	} else {
		app->in.after_preamble = !app->in.mid_stream;
		app->in.mid_stream = true;
	}
	if (app->socks_proxy) {
		app->in.depth++;
		app->in.proxy = bytes_of(app->socks_proxy);
	}
	open_protocol(app, &found);
	app->protocol->data(app->state, side, piece);
}

void app_data(struct app *app, int side, const struct piece *piece)
{
	if (app->protocol)
		app->protocol->data(app->state, side, piece);
	else if (app->kind == APP_UNDECIDED)
		undecided_data(app, side, piece);
	else
		opaque_data(app, side, piece);
}

/* The bytes kept so far are all there is of the beginning. */
static void decide_now(struct app *app, int side)
{
	struct finding found;

	if (app->protocol || !app->start[side].size)
		return;
	found = find_protocol(app, side, (struct bytes){ app->start[side].at, app->start[side].size }, true);
	if (found.protocol) {
		open_protocol(app, &found);
		replay_start(app);
	} else {
		become_opaque(app);
	}
}

void app_gap(struct app *app, int side, uint64_t size, const struct piece *at)
{
	struct piece here = *at;

	here.data.size = 0;
	decide_now(app, side);
	if (app->protocol)
		app->protocol->gap(app->state, side, size, &here);
	else
		app->in.mid_stream = true;
}

void app_finish(struct app *app, int side, bool orderly)
{
	if (app->finished[side])
		return;
	app->finished[side] = true;
	decide_now(app, side);
	if (app->protocol)
		app->protocol->finish(app->state, side, orderly);
}

void app_free(struct app *app)
{
	if (!app)
		return;
	if (app->protocol)
		app->protocol->close(app->state);
	buffer_free(&app->start[0]);
	buffer_free(&app->start[1]);
	free(app->socks_proxy);
	free(app);
}
