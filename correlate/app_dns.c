/*
 * DNS over TCP (RFC 7766) and over TLS (RFC 7858): messages behind two length bytes, any number per connection.
 */
#include "correlate/app.h"
#include "correlate/dns_talk.h"

#include <stdlib.h>

enum { LENGTH_SIZE = 2, MAX_MESSAGE = 65535 };

struct dns_direction {
	struct buffer partial; /* the beginning of a message, with its length */
	struct piece first;    /* the piece that it began in */
	bool lost;             /* a gap took the framing away */
};

struct dns_state {
	struct app *app;
	struct dns_talk *talk;
	struct dns_direction direction[2];
};

static void *dns_open(struct app *app, int client_side)
{
	struct dns_state *state = nt_zalloc(sizeof *state);
	const struct flow_key *key = &app->conn->flow.key;
	struct resolver_flow flow = { .connection = app->conn->record.id,
				      .ip_version = key->ip_version,
				      .client = key->address[client_side],
				      .nameserver = key->address[!client_side],
				      .nameserver_port = key->port[!client_side],
				      .client_port = key->port[client_side],
				      .over = app->in.tls_tunnel ? TRACE_OVER_TLS : TRACE_OVER_TCP,
				      .tls_tunnel = app->in.tls_tunnel };

	state->app = app;
	state->talk = dns_talk_new(app->c, &flow, TRACE_DNS, false);
	state->direction[0].partial.max = state->direction[1].partial.max = LENGTH_SIZE + MAX_MESSAGE;
	app->conn->record.from_resolver = true;
	return state;
}

static size_t message_size(struct bytes data)
{
	return LENGTH_SIZE + (size_t)(data.at[0] << 8 | data.at[1]);
}

static void one_message(struct dns_state *state, struct bytes with_length, const struct piece *at)
{
	dns_talk_message(state->talk, cur_of(with_length.at + LENGTH_SIZE, with_length.size - LENGTH_SIZE, 0), at->time,
			 at->packet);
}

/* Completes the partial message with as much of `data` as it needs; returns what is left. */
static struct bytes complete_partial(struct dns_state *state, struct dns_direction *direction, struct bytes data)
{
	struct buffer *partial = &direction->partial;

	while (data.size) {
		size_t need =
			partial->size < LENGTH_SIZE ? LENGTH_SIZE : message_size((struct bytes){ partial->at, partial->size });
		size_t take = need - partial->size < data.size ? need - partial->size : data.size;

		buffer_add(partial, data.at, take);
		data.at += take;
		data.size -= take;
		if (partial->size >= LENGTH_SIZE && partial->size == message_size((struct bytes){ partial->at, partial->size })) {
			one_message(state, (struct bytes){ partial->at, partial->size }, &direction->first);
			buffer_clear(partial);
			break;
		}
	}
	return data;
}

static void dns_data(void *context, int side, const struct piece *piece)
{
	struct dns_state *state = context;
	struct dns_direction *direction = &state->direction[side];
	struct bytes data = piece->data;

	if (direction->lost)
		return;
	if (direction->partial.size)
		data = complete_partial(state, direction, data);
	while (data.size >= LENGTH_SIZE && message_size(data) <= data.size) {
		size_t size = message_size(data);

		one_message(state, (struct bytes){ data.at, size }, piece);
		data.at += size;
		data.size -= size;
	}
	if (data.size) {
		direction->first = *piece;
		buffer_add(&direction->partial, data.at, data.size);
	}
}

static void cut_message(struct dns_state *state, struct dns_direction *direction)
{
	struct buffer *partial = &direction->partial;

	if (partial->size > LENGTH_SIZE)
		dns_talk_message(state->talk,
				 cur_of(partial->at + LENGTH_SIZE, partial->size - LENGTH_SIZE,
					message_size((struct bytes){ partial->at, partial->size }) - partial->size),
				 direction->first.time, direction->first.packet);
	buffer_clear(partial);
}

static void dns_gap(void *context, int side, uint64_t size, const struct piece *at)
{
	struct dns_state *state = context;
	struct dns_direction *direction = &state->direction[side];
	struct buffer *partial = &direction->partial;
	uint64_t missing;

	(void)at;
	if (partial->size < LENGTH_SIZE) {
		direction->lost = true;
		return;
	}
	missing = message_size((struct bytes){ partial->at, partial->size }) - partial->size;
	cut_message(state, direction);
	direction->lost = size != missing;
}

static void dns_finish(void *context, int side, bool orderly)
{
	struct dns_state *state = context;

	(void)orderly;
	if (!state->direction[side].lost)
		cut_message(state, &state->direction[side]);
}

static void dns_close(void *context)
{
	struct dns_state *state = context;

	/* A connection to port 853 has a dial of its own. */
	if (!state->app->in.tls_tunnel)
		state->app->conn->record.from_dial = dns_talk_dial(state->talk);
	dns_talk_end(state->talk);
	buffer_free(&state->direction[0].partial);
	buffer_free(&state->direction[1].partial);
	free(state);
}

const struct app_protocol app_dns = {
	.kind = APP_DNS, .name = "DNS", .open = dns_open, .data = dns_data, .gap = dns_gap, .finish = dns_finish, .close = dns_close
};
