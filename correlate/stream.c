/*
 * The order of the two streams of a connection.
 *
 * A segment is handed on when all bytes before it were, and when the bytes of the other side that its sender had already received (its ACK)
 * were handed on too: so a request comes before its response even where the capture has them the other way round.  Otherwise it is held.
 *
 * A hole whose bytes the receiver acknowledged was lost by the capture, or comes late in it: after a while it becomes a gap.  A hole that
 * nobody acknowledged was lost by the network and will be sent again: it is waited for as long as memory allows.
 */
#include "correlate/app.h"
#include "correlate/tcp.h"

#include <stdlib.h>
#include <string.h>

/* How long an acknowledged hole is waited for, in packets of the connection or in time. */
enum { PATIENCE_PACKETS = 64 };
static const nt_time patience = 2 * NT_SECOND;

static uint64_t delivered(const struct tcp_side *side)
{
	return side->deliver ? side->deliver : side->isn.known ? TCP_OFFSET_BASE : 0;
}

/* Whether everything that the sender of a piece had received is handed on. */
static bool in_turn(const struct tcp_conn *conn, int side, uint64_t ack)
{
	const struct tcp_side *peer = &conn->side[!side];

	if (ack == 0 || !peer->seen || delivered(peer) == 0 || peer->finished)
		return true;
	if (peer->fin_offset && ack > peer->fin_offset)
		ack = peer->fin_offset;
	return ack <= delivered(peer);
}

static struct app *app_of(struct correlator *c, struct tcp_conn *conn)
{
	if (!conn->app) {
		struct app_surroundings in = { .mid_stream = conn->record.reused };

		conn->app = app_new(c, conn, &in);
	}
	return conn->app;
}

static void hand_on(struct correlator *c, struct tcp_conn *conn, int side, const struct piece *piece, uint32_t cut)
{
	struct app *app = app_of(c, conn);

	conn->waiting = false;
	if (piece->data.size) {
		app_data(app, side, piece);
		overlap_handed_on(conn, side, piece);
	}
	if (cut)
		app_gap(app, side, cut, piece);
	conn->side[side].deliver = piece->offset + piece->data.size + cut;
}

/* By when the bytes before `end` must have come: when what follows them did, or they were acknowledged. */
static struct piece when_hole_was_over(const struct tcp_conn *conn, int side, uint64_t end)
{
	const struct tcp_side *s = &conn->side[side];
	struct piece at = { .offset = delivered(s), .time = conn->record.last, .packet = conn->record.last_packet };

	if (s->held && s->held->offset == end) {
		at.time = s->held->time;
		at.packet = s->held->packet;
	} else if (s->acked >= end) {
		at.time = s->acked_time;
		at.packet = s->acked_packet;
	}
	return at;
}

static void skip_hole(struct correlator *c, struct tcp_conn *conn, int side, uint64_t end)
{
	struct tcp_side *s = &conn->side[side];
	uint64_t size = end - delivered(s), arrived = conn->side[!side].seen && s->acked < end ? s->acked : end;
	struct piece at = when_hole_was_over(conn, side, end);

	if (arrived > delivered(s)) { /* the rest was lost by the network */
		s->counts.lost_bytes += arrived - delivered(s);
		c->bytes_lost += arrived - delivered(s);
		if (!c->lost_packet.number)
			c->lost_packet = at.packet;
	}
	app_gap(app_of(c, conn), side, size, &at);
	s->deliver = end;
	conn->waiting = false;
}

/* ---- held segments ---- */

static void drop_held(struct correlator *c, struct tcp_side *side)
{
	struct held_segment *first = side->held;

	side->held = first->next;
	if (!side->held)
		side->held_last = NULL;
	side->held_bytes -= sizeof *first + first->captured;
	side->held_count--;
	c->held_bytes -= sizeof *first + first->captured;
	free(first);
}

/* Puts a piece in front of *at. */
static void hold(struct correlator *c, struct tcp_side *side, struct held_segment **at, const struct piece *piece, uint32_t cut)
{
	struct held_segment *held = nt_alloc(sizeof *held + piece->data.size);

	*held = (struct held_segment){ .next = *at,
				       .offset = piece->offset,
				       .ack = piece->ack,
				       .time = piece->time,
				       .packet = piece->packet,
				       .captured = (uint32_t)piece->data.size,
				       .cut = cut };
	if (piece->data.size)
		memcpy(held->bytes, piece->data.at, piece->data.size);
	*at = held;
	if (!held->next)
		side->held_last = held;
	side->held_bytes += sizeof *held + held->captured;
	side->held_count++;
	c->held_bytes += sizeof *held + held->captured;
}

/* Cuts off what is before `from`.  False if nothing remains. */
static bool trim(struct piece *piece, uint32_t *cut, uint64_t from)
{
	uint64_t end = piece->offset + piece->data.size + *cut, old;

	if (end <= from)
		return false;
	if (piece->offset >= from)
		return true;
	old = from - piece->offset;
	piece->offset = from;
	if (old >= piece->data.size) {
		*cut = (uint32_t)(end - from);
		piece->data.size = 0;
	} else {
		piece->data.at += old;
		piece->data.size -= old;
	}
	return true;
}

static uint64_t end_of(const struct held_segment *held)
{
	return held->offset + held->captured + held->cut;
}

/* Holds what does not wait already: of bytes that come twice, the first copy counts. */
static void hold_new(struct correlator *c, struct tcp_side *side, const struct piece *segment, uint32_t cut)
{
	struct held_segment **at = &side->held;
	struct piece piece = *segment;

	if (side->held_last && end_of(side->held_last) <= piece.offset)
		at = &side->held_last->next;
	for (; *at && (*at)->offset < piece.offset + piece.data.size + cut; at = &(*at)->next) {
		if (piece.offset < (*at)->offset) {
			const uint64_t size = (*at)->offset - piece.offset;
			struct piece before = piece;

			if (before.data.size > size)
				before.data.size = (size_t)size;
			hold(c, side, at, &before, (uint32_t)(size - before.data.size));
			at = &(*at)->next;
		}
		if (!trim(&piece, &cut, end_of(*at)))
			return;
	}
	hold(c, side, at, &piece, cut);
}

/* Hands on the first held segment if it is its turn, or drops it if it is old.  False if it must go on waiting. */
static bool release_first(struct correlator *c, struct tcp_conn *conn, int side)
{
	struct tcp_side *s = &conn->side[side];
	struct held_segment *first = s->held;
	uint32_t cut;
	struct piece piece;

	if (!first || first->offset > delivered(s) || !in_turn(conn, side, first->ack))
		return false;
	cut = first->cut;
	piece = (struct piece){ .data = { first->bytes, first->captured },
				.offset = first->offset,
				.ack = first->ack,
				.time = first->time,
				.packet = first->packet };
	if (trim(&piece, &cut, delivered(s)))
		hand_on(c, conn, side, &piece, cut);
	drop_held(c, s);
	return true;
}

static void end_side_if_complete(struct tcp_conn *conn, int side)
{
	struct tcp_side *s = &conn->side[side];

	if (!s->fin_offset || s->finished || delivered(s) < s->fin_offset)
		return;
	s->finished = true;
	conn->waiting = false;
	if (conn->app)
		app_finish(conn->app, side, true);
}

static void release(struct correlator *c, struct tcp_conn *conn)
{
	bool moved;

	do {
		moved = false;
		for (int side = 0; side < 2; side++) {
			while (release_first(c, conn, side))
				moved = true;
			end_side_if_complete(conn, side);
		}
	} while (moved);
}

/* ---- holes ---- */

/*
 * Turns what the first held segment of a side waits for into a gap: its own hole, or the other side's.  `certain`: only if the bytes were
 * acknowledged, or nobody is there who could.  True if something changed.
 */
static bool give_up_hole(struct correlator *c, struct tcp_conn *conn, int side, bool certain)
{
	struct tcp_side *s = &conn->side[side], *peer = &conn->side[!side];
	const struct held_segment *first = s->held;

	if (!first)
		return false;
	if (first->offset > delivered(s)) {
		if (certain && s->acked <= delivered(s) && peer->seen)
			return false;
		skip_hole(c, conn, side, first->offset);
		return true;
	}
	if (!in_turn(conn, side, first->ack)) {
		uint64_t end = peer->held && peer->held->offset < first->ack ? peer->held->offset : first->ack;

		if (end <= delivered(peer)) /* the other side waits for this one: its turn comes first */
			end = first->ack;
		if (peer->fin_offset && end > peer->fin_offset)
			end = peer->fin_offset;
		if (end > delivered(peer))
			skip_hole(c, conn, !side, end);
		else
			peer->deliver = first->ack;
		return true;
	}
	return false;
}

void stream_segment(struct correlator *c, struct tcp_conn *conn, int side, const struct piece *segment, uint32_t cut)
{
	struct tcp_side *s = &conn->side[side];
	struct piece piece = *segment;

	if (s->finished || conn->app_done)
		return;
	if (delivered(s) == 0) /* of a connection that was seen to begin, the first ACK tells where the other side begins */
		s->deliver = !conn->record.reused && piece.offset > TCP_OFFSET_BASE ? TCP_OFFSET_BASE : piece.offset;
	if (!trim(&piece, &cut, delivered(s)))
		return;
	if (piece.offset == delivered(s) && !s->held && in_turn(conn, side, piece.ack)) {
		hand_on(c, conn, side, &piece, cut);
	} else {
		hold_new(c, s, &piece, cut);
		while (s->held && (s->held_bytes > LIMIT_SEGMENTS_AHEAD || s->held_count > LIMIT_SEGMENTS_HELD ||
				   c->held_bytes > LIMIT_SEGMENTS_AHEAD_ALL)) {
			limit_hit(c->hits, s->held_count > LIMIT_SEGMENTS_HELD    ? LIMIT_SEGMENTS_HELD_HIT
					   : s->held_bytes > LIMIT_SEGMENTS_AHEAD ? LIMIT_SEGMENTS_AHEAD_HIT
										  : LIMIT_SEGMENTS_AHEAD_ALL_HIT);
			give_up_hole(c, conn, side, false);
			release(c, conn);
		}
	}
	if (conn->side[0].held || conn->side[1].held)
		release(c, conn);
}

/* All is said: what a finished conversation needs no longer is given back before the flow itself goes. */
static void close_app(struct tcp_conn *conn)
{
	app_free(conn->app);
	conn->app = NULL;
	conn->app_done = true;
	overlap_free(conn);
}

void stream_check(struct correlator *c, struct tcp_conn *conn)
{
	struct tcp_side *side = conn->side;

	end_side_if_complete(conn, 0);
	end_side_if_complete(conn, 1);
	if (side[0].finished && side[1].finished && conn->app &&
	    conn->app->kind != APP_DNS) /* DNS waits for the dial that it is made for */
		close_app(conn);
	if (!side[0].held && !side[1].held) {
		conn->waiting = false;
		return;
	}
	if (!conn->waiting) {
		conn->waiting = true;
		conn->waiting_since = conn->flow.last;
		conn->waiting_packets = conn->packets;
		return;
	}
	if (conn->packets - conn->waiting_packets < PATIENCE_PACKETS && conn->flow.last - conn->waiting_since < patience)
		return;
	if (give_up_hole(c, conn, 0, true) || give_up_hole(c, conn, 1, true))
		release(c, conn);
}

void stream_finish(struct correlator *c, struct tcp_conn *conn)
{
	release(c, conn);
	while (conn->side[0].held || conn->side[1].held) {
		if (!give_up_hole(c, conn, 0, false) && !give_up_hole(c, conn, 1, false))
			break;
		release(c, conn);
	}
	for (int i = 0; i < 2; i++) {
		struct tcp_side *s = &conn->side[i];

		while (s->held) /* never: everything was released above */
			drop_held(c, s);
		if (s->finished || !conn->app)
			continue;
		if (s->seen && delivered(s) && s->fin_offset > delivered(s))
			skip_hole(c, conn, i, s->fin_offset);
		else if (s->seen && delivered(s) && s->acked > delivered(s))
			skip_hole(c, conn, i, s->acked);
		s->finished = true;
		app_finish(conn->app, i, s->fin_offset != 0);
	}
	close_app(conn);
}
