#include "correlate/tcp.h"

#include "correlate/app.h"
#include "correlate/conntrack_table.h"
#include "correlate/diagnose.h"
#include "correlate/dials.h"
#include "correlate/services.h"

#include <stdlib.h>
#include <string.h>

/* An ACK further beyond what was seen than any window reaches is nonsense, not a sign of lost packets. */
enum { PLAUSIBLE_ACK_LEAD = 1 << 30 };
/* Bytes that fill a hole after this long, and after a round trip, were sent again; sooner, they were overtaken (as Wireshark judges). */
static const nt_time reorder_time = 3 * NT_MILLISECOND;

static void base_side(struct tcp_side *side, uint32_t sequence)
{
	side->based = true;
	side->top = TCP_OFFSET_BASE;
	side->top_sequence = sequence;
}

/* A server that made a new number for a repeated SYN begins where the client goes on, or where it goes on itself. */
static void settle_isn(struct tcp_side *side, uint32_t first)
{
	if (!side->isn.other_known || side->byte_count || first != side->isn.other + 1)
		return;
	side->isn.other_known = false;
	side->isn.value = side->isn.other;
	side->acked = 0;
	base_side(side, first);
}

static uint64_t offset_of(const struct tcp_side *side, uint32_t sequence)
{
	return side->top + (uint64_t)(int64_t)(int32_t)(sequence - side->top_sequence);
}

static void raise_top(struct tcp_side *side, uint64_t offset)
{
	if (offset > side->top) {
		side->top_sequence += (uint32_t)(offset - side->top);
		side->top = offset;
	}
}

/* ---- who is the client ---- */

void tcp_set_client(struct tcp_conn *conn, int side, enum trace_evidence evidence)
{
	if (conn->client >= 0)
		return;
	conn->client = (int8_t)side;
	conn->record.client_by = evidence;
}

static void decide_client_at_end(struct tcp_conn *conn)
{
	const uint16_t *port = conn->flow.key.port;

	if (conn->client >= 0)
		return;
	if (port[0] != port[1])
		tcp_set_client(conn, port[1] > port[0], TRACE_BY_PORT);
	else
		tcp_set_client(conn, conn->side[0].seen && conn->side[0].counts.packets ? 0 : 1, TRACE_BY_FIRST_PACKET);
}

static void decide_client_at_start(struct correlator *c, struct tcp_conn *conn, int side, uint8_t flags)
{
	bool wanted[2] = { false, false };

	if ((flags & TCP_SYN) && !(flags & TCP_RST))
		tcp_set_client(conn, flags & TCP_ACK ? !side : side, flags & TCP_ACK ? TRACE_BY_SYN_ACK : TRACE_BY_SYN);
	if (!c->options.client_count)
		return;
	for (int i = 0; i < 2; i++)
		wanted[i] = client_wanted(c, conn->flow.key.ip_version, &conn->flow.key.address[i]);
	if (wanted[0] != wanted[1])
		tcp_set_client(conn, wanted[1], TRACE_BY_OPTION);
}

struct address_tuple tcp_tuple(const struct tcp_conn *conn)
{
	const struct flow_key *key = &conn->flow.key;
	int client = conn->client < 0 ? key->port[1] > key->port[0] : conn->client;

	return flow_tuple(key, client);
}

/* ---- begin and end of a connection ---- */

/* Connections come and go: their memory, which malloc() would put together and cut again each time, is used for the next ones. */
enum { SPARE_CONNECTIONS = NT_MEMORY_WATCHED ? 0 : 64 };

static struct tcp_conn *take_conn(struct correlator *c)
{
	struct tcp_conn *conn = (struct tcp_conn *)c->spare_conns;

	if (!conn)
		return nt_zalloc(sizeof *conn);
	c->spare_conns = conn->flow.older;
	c->spare_conn_count--;
	memset(conn, 0, sizeof *conn);
	return conn;
}

static void give_conn_back(struct correlator *c, struct tcp_conn *conn)
{
	if (c->spare_conn_count == SPARE_CONNECTIONS) {
		free(conn);
		return;
	}
	conn->flow.older = c->spare_conns;
	c->spare_conns = &conn->flow;
	c->spare_conn_count++;
}

void tcp_free_spare(struct correlator *c)
{
	while (c->spare_conns)
		free(take_conn(c));
}

struct tcp_conn *tcp_conn_new(struct correlator *c, trace_id id, const struct flow_key *key, int sender, uint8_t flags,
			      const struct packet_context *packet)
{
	struct tcp_conn *conn = take_conn(c);
	struct trace_tcp_conn *record = &conn->record;

	conn->flow.key = *key;
	conn->client = -1;
	conn->syn = conn->last_syn = conn->syn_ack = NT_TIME_NONE;
	record->id = id;
	record->first = record->last = packet->time;
	record->handshake_begin = record->handshake_end = record->close = NT_TIME_NONE;
	record->rtt_us = record->handshake_us = -1;
	record->vlan = packet->net->vlan;
	record->tunnels = packet->net->tunnels;
	record->interface = packet->interface;
	record->first_packet = packet->ref;
	for (int i = 0; i < 2; i++) {
		conn->side[i].counts.window_scale = -1;
		conn->side[i].last_data = NT_TIME_NONE;
		conn->side[i].counts.fin = conn->side[i].counts.rst = NT_TIME_NONE;
	}
	decide_client_at_start(c, conn, sender, flags);
	if (flags & TCP_SYN) {
		conn->state = flags & TCP_ACK ? TCP_SYN_RECEIVED : TCP_SYN_SENT;
	} else {
		conn->state = TCP_OPEN;
		record->reused = record->connected = true;
	}
	return conn;
}

static nt_time earlier(nt_time a, nt_time b)
{
	if (a == NT_TIME_NONE || b == NT_TIME_NONE)
		return a == NT_TIME_NONE ? b : a;
	return a < b ? a : b;
}

static enum trace_close close_reason(const struct trace_tcp_conn *record)
{
	const struct trace_tcp_side *client = &record->client, *server = &record->server;
	nt_time rst = earlier(client->rst, server->rst);

	if (record->close_reason != TRACE_CLOSE_NONE)
		return record->close_reason;
	if (rst != NT_TIME_NONE &&
	    !(client->fin < rst && server->fin < rst && client->fin != NT_TIME_NONE && server->fin != NT_TIME_NONE))
		return rst == client->rst ? TRACE_CLOSE_RST_CLIENT : TRACE_CLOSE_RST_SERVER;
	if (client->fin != NT_TIME_NONE && server->fin != NT_TIME_NONE)
		return TRACE_CLOSE_FIN;
	return client->fin != NT_TIME_NONE || server->fin != NT_TIME_NONE ? TRACE_CLOSE_HALF : TRACE_CLOSE_NONE;
}

const struct conntrack_entry *tcp_conntrack(const struct correlator *c, const struct tcp_conn *conn)
{
	const struct conntrack_flow flow = { .protocol = IP_PROTOCOL_TCP,
					     .tuple = tcp_tuple(conn),
					     .first = conn->record.first,
					     .last = conn->record.last,
					     .begins = conn->syn != NT_TIME_NONE };

	return conntrack_table_find(c->conntrack, &flow);
}

static void complete_record(struct correlator *c, struct tcp_conn *conn)
{
	struct trace_tcp_conn *record = &conn->record;
	int client = conn->client;

	record->tuple = tcp_tuple(conn);
	record->client = conn->side[client].counts;
	record->server = conn->side[!client].counts;
	record->sent_bytes = conn->side[client].byte_count;
	record->recv_bytes = conn->side[!client].byte_count;
	record->close = earlier(record->client.fin, record->client.rst);
	if (record->close == NT_TIME_NONE)
		record->close = earlier(record->server.fin, record->server.rst);
	record->close_reason = close_reason(record);
	record->half_open = conn->syn != NT_TIME_NONE && !conn->side[!client].seen;
	if (!record->connected && record->handshake_end == NT_TIME_NONE && conn->syn != NT_TIME_NONE &&
	    conn->syn_ack == NT_TIME_NONE)
		record->handshake_end = conn->last_syn; /* nobody answered: the last attempt */
	if (conn->appid)
		record->app_protocol = bytes_of(appid_give_up(c->appid, conn->appid));
	conn->appid = NULL;
	record->conntrack = tcp_conntrack(c, conn);
}

/* What the server sent and the client never got, before the stream's end hides it. */
static void note_hole(struct tcp_conn *conn)
{
	const struct tcp_side *server = &conn->side[!conn->client];
	const struct held_segment *first = server->held;
	uint64_t from = server->deliver ? server->deliver : TCP_OFFSET_BASE;

	if (!first || first->offset <= from || server->acked > from)
		return;
	conn->hole.size = first->offset - from;
	conn->hole.before = first->packet;
	conn->hole.since = first->time;
}

static void count_sides(struct correlator *c, const struct tcp_conn *conn)
{
	if (conn->side[0].seen && conn->side[1].seen) {
		c->two_sided++;
	} else if (conn->side[0].byte_count + conn->side[1].byte_count) {
		c->one_sided++;
		c->one_sided_packet = conn->record.first_packet;
	}
}

static void end_conn(struct correlator *c, struct tcp_conn *conn, enum trace_close why)
{
	decide_client_at_end(conn);
	note_hole(conn);
	stream_finish(c, conn);
	if (why == TRACE_CLOSE_EVICTED)
		conn->record.close_reason = why;
	complete_record(c, conn);
	count_sides(c, conn);
	diagnose_tcp(c, conn);
	dials_conn_ended(c, conn);
	if (c->sink->tcp_conn && client_wanted(c, conn->record.tuple.ip_version, &conn->record.tuple.source))
		c->sink->tcp_conn(c->context, &conn->record);
	flow_remove(&c->flows, &conn->flow);
	for (int i = 0; i < 2; i++)
		ranges_free(&conn->side[i].bytes_seen);
	give_conn_back(c, conn);
}

void tcp_end(struct correlator *c, struct flow *flow, enum trace_close why)
{
	if (flow->form == FLOW_TIME_WAIT)
		tcp_time_wait_end(c, flow);
	else
		end_conn(c, flow->form == FLOW_HALF_OPEN ? tcp_half_open_complete(c, flow) : (struct tcp_conn *)flow, why);
}

void tcp_expire(struct correlator *c, struct flow *flow)
{
	struct tcp_time_wait *wait = NULL;

	if (flow->form == FLOW_WHOLE && flow->queue == FLOW_TCP_CLOSED)
		wait = tcp_time_wait_new(c, (struct tcp_conn *)flow);
	tcp_end(c, flow, TRACE_CLOSE_NONE);
	if (wait)
		tcp_time_wait_keep(c, wait);
}

/* ---- handshake and end ---- */

static void handle_syn(struct tcp_conn *conn, int sender, const struct tcp_segment *segment, const struct packet_context *packet)
{
	struct tcp_side *side = &conn->side[sender], *peer = &conn->side[!sender];

	if (!side->isn.known) {
		if (!side->based || side->byte_count == 0)
			base_side(side, segment->sequence + 1);
		side->isn.known = true;
		side->isn.value = segment->sequence;
	} else if (segment->sequence != side->isn.value) {
		side->isn.other_known = true;
		side->isn.other = segment->sequence;
	}
	side->counts.mss = segment->mss;
	side->counts.window_scale = segment->window_scale;
	if (segment->flags & TCP_ACK) {
		if (!peer->based)
			base_side(peer, segment->acknowledgment);
		if (!peer->isn.known) /* the SYN itself may be missing: this answers it */
			peer->isn.value = segment->acknowledgment - 1;
		peer->isn.known = true;
		if (conn->syn_ack == NT_TIME_NONE) {
			conn->syn_ack = packet->time;
			if (conn->state == TCP_SYN_SENT)
				conn->state = TCP_SYN_RECEIVED;
		}
		return;
	}
	if (sender != conn->client || conn->record.connected)
		return;
	if (conn->state == TCP_CLOSED) {
		if (conn->record.close_reason != TRACE_CLOSE_REFUSED && side->counts.rst == NT_TIME_NONE)
			return;
		/* Windows repeats a SYN that was refused; and whoever resets an old connection goes on with the new one (RFC 9293 3.5.2). */
		conn->state = TCP_SYN_SENT;
		side->counts.rst = peer->counts.rst = NT_TIME_NONE;
	}
	conn->record.syn_count++;
	conn->last_syn = packet->time;
	conn->last_syn_packet = packet->ref;
	if (conn->syn == NT_TIME_NONE) {
		conn->syn = conn->record.handshake_begin = packet->time;
		conn->record.handshake_end = NT_TIME_NONE; /* what there was answered a SYN that was not captured */
		conn->syn_packet = packet->ref;
	}
}

static void handshake_completed(struct correlator *c, struct tcp_conn *conn, nt_time time)
{
	struct trace_tcp_conn *record = &conn->record;

	*(conn->side[!conn->client].seen ? &c->answers_seen : &c->answers_missed) = true;
	record->connected = true;
	record->handshake_end = time;
	record->close_reason = TRACE_CLOSE_NONE; /* an ICMP error before was none that counts (RFC 1122 4.2.3.9) */
	conn->state = TCP_OPEN;
	if (conn->syn != NT_TIME_NONE)
		record->handshake_us = (time - conn->syn) / NT_MICROSECOND;
	if (conn->last_syn != NT_TIME_NONE && conn->syn_ack >= conn->last_syn) {
		nt_time there = conn->syn_ack - conn->last_syn, back = time - conn->syn_ack;

		/* The capture stands somewhere between both ends: the longer part is the way to the far one. */
		record->rtt_us = (there > back ? there : back) / NT_MICROSECOND;
	}
	flow_move(&c->flows, &conn->flow, FLOW_TCP_OPEN);
	dials_connected(c, conn);
}

/* Only the server was captured: it goes on, so the final ACK has come to it, nobody knows when. */
static void handshake_unseen(struct correlator *c, struct tcp_conn *conn)
{
	conn->record.connected = true;
	conn->state = TCP_OPEN;
	flow_move(&c->flows, &conn->flow, FLOW_TCP_OPEN);
}

static void handle_rst(struct correlator *c, struct tcp_conn *conn, int sender, const struct packet_context *packet)
{
	struct trace_tcp_conn *record = &conn->record;
	struct tcp_side *side = &conn->side[sender];

	if (side->counts.rst == NT_TIME_NONE) {
		side->counts.rst = packet->time;
		side->rst_packet = packet->ref;
	}
	if (conn->state == TCP_SYN_SENT || conn->state == TCP_SYN_RECEIVED) {
		record->handshake_end = packet->time;
		if (sender != conn->client && conn->state == TCP_SYN_SENT)
			record->close_reason = TRACE_CLOSE_REFUSED;
		dials_failed(c, conn);
	}
	if (sender != conn->client)
		dials_resolver_ended(c, conn);
	conn->state = TCP_CLOSED;
	flow_move(&c->flows, &conn->flow, FLOW_TCP_CLOSED);
}

static void handle_fin(struct correlator *c, struct tcp_conn *conn, int sender, uint64_t offset,
		       const struct packet_context *packet)
{
	struct tcp_side *side = &conn->side[sender];

	if (side->counts.fin == NT_TIME_NONE) {
		side->counts.fin = packet->time;
		side->fin_packet = packet->ref;
		if (sender != conn->client)
			dials_resolver_ended(c, conn);
	}
	if (!side->fin_offset)
		side->fin_offset = offset;
	if (conn->side[!sender].fin_offset && conn->state != TCP_CLOSED) {
		conn->state = TCP_CLOSED;
		flow_move(&c->flows, &conn->flow, FLOW_TCP_CLOSED);
	}
}

static void icmp_error(struct correlator *c, struct tcp_conn *conn, int sender, uint8_t type, uint8_t code,
		       const struct packet_context *packet)
{
	struct trace_tcp_conn *record = &conn->record;

	record->icmp_type = type;
	record->icmp_code = code;
	record->icmp_packet = packet->ref;
	if (sender != conn->client || (conn->state != TCP_SYN_SENT && conn->state != TCP_SYN_RECEIVED))
		return;
	record->handshake_end = packet->time;
	record->close_reason = TRACE_CLOSE_ICMP;
	dials_failed(c, conn);
	dials_resolver_ended(c, conn);
}

/* ---- one segment ---- */

/* A SYN with a sequence number of its own does. */
bool tcp_begins_another(const struct tcp_identity *old, int sender, const struct tcp_segment *segment)
{
	const struct tcp_isn *isn = old->isn[sender];

	if ((segment->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == (TCP_SYN | TCP_ACK)) /* whose SYN was not captured */
		return old->state == TCP_CLOSED && isn->known && segment->sequence != isn->value &&
		       !(isn->other_known && segment->sequence == isn->other);
	if ((segment->flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN)
		return false;
	if (isn->known && old->client == sender)
		return segment->sequence != isn->value;
	/* The other side begins, or the old connection was never seen to begin: it must have been over. */
	return old->state == TCP_OPEN || old->state == TCP_CLOSED;
}

static void note_progress(struct tcp_side *side, uint64_t ack, const struct packet_context *packet)
{
	side->acked = ack;
	side->acked_time = packet->time;
	side->acked_packet = packet->ref;
	side->repeated_acks = 0;
	if (ack > side->stuck_offset)
		side->stuck_count = 0;
	if (ack >= side->top) {
		if (side->largest_waiting > side->largest_acked)
			side->largest_acked = side->largest_waiting;
		side->largest_waiting = 0;
	}
}

static void note_overtaken(struct tcp_side *side, const struct packet_context *packet)
{
	side->counts.out_of_order++;
	side->overtaken_packet = packet->ref;
}

static void note_sent_again(struct tcp_conn *conn, struct tcp_side *side, const struct packet_context *packet)
{
	if (packet->time > side->top_time && side->byte_count)
		conn->stalled += (uint64_t)(packet->time - side->top_time);
	side->top_time = packet->time;
	side->counts.retransmissions++;
	side->retransmitted_packet = packet->ref;
}

/* A segment that is sent again although nothing new was acknowledged. */
static void note_stuck(struct tcp_side *side, uint64_t offset, size_t size, const struct packet_context *packet)
{
	if (offset < side->acked)
		return;
	if (side->stuck_count == 0 || side->stuck_offset != offset) {
		side->stuck_offset = offset;
		side->stuck_count = 0;
		side->stuck_since = packet->time;
	}
	side->stuck_count++;
	side->stuck_size = (uint32_t)size;
	side->stuck_packet = packet->ref;
}

static void note_data(struct tcp_side *side, size_t size, const struct packet_context *packet)
{
	side->last_data = packet->time;
	side->last_size = (uint32_t)size;
	side->last_data_packet = packet->ref;
	if (size > side->largest_segment)
		side->largest_segment = (uint32_t)size;
	if (size > side->largest_waiting)
		side->largest_waiting = (uint32_t)size;
}

static void note_repeated_ack(struct tcp_side *side, struct tcp_side *peer)
{
	side->counts.duplicate_acks++;
	peer->repeated_acks++;
}

/* Whether bytes that fill a hole were sent again (RFC 5681 3.2: two repeated ACKs ask for that), rather than overtaken. */
static bool fills_by_retransmission(const struct tcp_conn *conn, const struct tcp_side *side, nt_time time)
{
	nt_time since = time - side->top_time;

	return side->repeated_acks >= 2 || (since > reorder_time && since > conn->record.rtt_us * NT_MICROSECOND);
}

static void handle_ack(struct tcp_conn *conn, int sender, const struct tcp_segment *segment, size_t payload_size,
		       const struct packet_context *packet)
{
	struct tcp_side *side = &conn->side[sender], *peer = &conn->side[!sender];
	uint64_t ack;

	if (!peer->based)
		base_side(peer, segment->acknowledgment);
	settle_isn(peer, segment->acknowledgment);
	ack = offset_of(peer, segment->acknowledgment);
	if (ack > peer->top + PLAUSIBLE_ACK_LEAD)
		return;
	if (peer->fin_offset && ack > peer->fin_offset)
		ack = peer->fin_offset;
	if (ack > peer->acked)
		note_progress(peer, ack, packet);
	else if (payload_size == 0 && segment->acknowledgment == side->last_ack && segment->window == side->last_window &&
		 ack < peer->top && !(segment->flags & (TCP_SYN | TCP_FIN | TCP_RST)))
		note_repeated_ack(side, peer);
	if (segment->sack_count && tcp_reports_duplicate(segment))
		peer->needless++;
	side->last_ack = segment->acknowledgment;
	if (segment->window == 0 && !(segment->flags & (TCP_SYN | TCP_FIN | TCP_RST))) {
		side->counts.zero_windows++;
		side->zero_window_packet = packet->ref;
	}
	side->last_window = segment->window;
}

/* A single byte may be that of a keep-alive or probe, which is anything (RFC 1122 4.2.3.6); what was damaged proves nothing. */
static bool conflicts(struct tcp_conn *conn, int sender, const struct piece *piece, const struct packet_context *packet)
{
	struct tcp_side *side = &conn->side[sender];
	struct packet_ref first;

	if (piece->data.size < 2 || !overlap_conflicts(conn, sender, piece, &first) || tcp_is_damaged(packet->net))
		return false;
	if (side->counts.conflicting_overlaps++ == 0) {
		side->first_copy = first;
		side->other_copy = piece->packet;
	}
	return true;
}

/* Counts the payload, and says whether any byte of it is new. */
static bool count_payload(struct correlator *c, struct tcp_conn *conn, int sender, const struct tcp_segment *segment,
			  const struct piece *piece, const struct packet_context *packet)
{
	const nt_time time = packet->time;
	const size_t cut = segment->payload.cut, size = piece->data.size + cut;
	const uint64_t offset = piece->offset;
	struct tcp_side *side = &conn->side[sender];
	uint64_t fresh;

	if (size == 1 && side->isn.known && offset + 1 == TCP_OFFSET_BASE) {
		side->counts.keep_alives++; /* before the first byte: it is where the SYN stands */
		return false;
	}
	fresh = ranges_add(&side->bytes_seen, offset, offset + size, c->hits);
	side->counts.payload_packets++;
	note_data(side, size, packet);
	side->byte_count += fresh;
	c->bytes_seen += fresh;
	if (fresh)
		side->counts.cut_bytes += cut < fresh ? cut : fresh;
	if (fresh == 0 && size == 1 && offset + 1 == side->top)
		side->counts.keep_alives++;
	else if (fresh < size && conflicts(conn, sender, piece, packet))
		; /* nothing that was sent before */
	else if (fresh == 0) {
		note_sent_again(conn, side, packet);
		note_stuck(side, offset, size, packet);
	} else if (offset < side->top && fills_by_retransmission(conn, side, time))
		note_sent_again(conn, side, packet);
	else if (offset < side->top)
		note_overtaken(side, packet);
	if (offset + size > side->top)
		side->top_time = time;
	raise_top(side, offset + size);
	return fresh > 0;
}

static void ask_appid(struct correlator *c, struct tcp_conn *conn, const struct tcp_segment *segment,
		      const struct packet_context *packet)
{
	/* What nDPI knows at once it will know of the next connection; what it needs more packets for may depend on them. */
	const uint64_t service = conn->appid ? 0 : conn->service;
	const char *name = services_find(c->services, service);
	const uint8_t *ip = packet->net->ip;

	if (!name) {
		if (!ip || cur_left(&segment->payload) == 0)
			return;
		if (appid_packet(c->appid, &conn->appid, (struct bytes){ ip, (size_t)(segment->payload.end - ip) }, packet->time,
				 &name) == APPID_UNDECIDED)
			return;
		services_add(c->services, service, name);
	}
	conn->record.app_protocol = bytes_of(name);
	conn->appid_done = true;
}

static void handle_payload(struct correlator *c, struct tcp_conn *conn, int sender, const struct tcp_segment *segment,
			   const struct packet_context *packet)
{
	struct tcp_side *side = &conn->side[sender], *peer = &conn->side[!sender];
	uint32_t first = segment->sequence + (segment->flags & TCP_SYN ? 1 : 0);
	size_t size = cur_left_on_wire(&segment->payload);
	uint64_t offset;

	if (!side->based)
		base_side(side, first);
	if (size)
		settle_isn(side, first);
	offset = offset_of(side, first);
	if (size == 0) {
		if (offset + 1 == side->top && !(segment->flags & (TCP_SYN | TCP_FIN | TCP_RST)) &&
		    (side->byte_count || side->isn.known))
			side->counts.keep_alives++;
	} else if (!(segment->flags & TCP_RST)) { /* else it is a text about the reset, RFC 1122 4.2.2.12 */
		struct piece piece = { .data = cur_rest(&segment->payload),
				       .offset = offset,
				       .ack = segment->flags & TCP_ACK && peer->based ? offset_of(peer, segment->acknowledgment)
										      : 0,
				       .time = packet->time,
				       .packet = packet->ref };

		if (piece.ack > peer->top + PLAUSIBLE_ACK_LEAD)
			piece.ack = 0;
		if (count_payload(c, conn, sender, segment, &piece, packet)) {
			stream_segment(c, conn, sender, &piece, (uint32_t)segment->payload.cut);
			if (c->appid && !conn->appid_done)
				ask_appid(c, conn, segment, packet);
		}
	}
	if (segment->flags & TCP_FIN)
		handle_fin(c, conn, sender, offset + size, packet);
}

void tcp_segment(struct correlator *c, struct tcp_conn *conn, int sender, const struct tcp_segment *segment,
		 const struct packet_context *packet)
{
	struct tcp_side *side = &conn->side[sender];
	size_t size = cur_left_on_wire(&segment->payload);

	conn->packets++;
	conn->flow.last = c->elapsed;
	if (packet->time > conn->record.last)
		conn->record.last = packet->time;
	conn->record.last_packet = packet->ref;
	side->seen = true;
	side->counts.packets++;
	side->counts.wire_bytes += segment->header_size + size;
	if ((segment->flags & TCP_SYN) && !(segment->flags & TCP_RST))
		handle_syn(conn, sender, segment, packet);
	if ((segment->flags & TCP_ACK) && !(segment->flags & TCP_RST))
		handle_ack(conn, sender, segment, size, packet);
	if (conn->state <= TCP_SYN_RECEIVED && sender == conn->client &&
	    (segment->flags & (TCP_SYN | TCP_RST | TCP_ACK)) == TCP_ACK)
		handshake_completed(c, conn, packet->time);
	else if (conn->state == TCP_SYN_RECEIVED && conn->syn == NT_TIME_NONE && !(segment->flags & (TCP_SYN | TCP_RST)))
		handshake_unseen(c, conn);
	handle_payload(c, conn, sender, segment, packet);
	if (segment->flags & TCP_RST)
		handle_rst(c, conn, sender, packet);
	stream_check(c, conn);
}

static bool wanted_at_all(const struct correlator *c, const struct flow_key *key)
{
	return client_wanted(c, key->ip_version, &key->address[0]) || client_wanted(c, key->ip_version, &key->address[1]);
}

bool tcp_is_reported(const struct correlator *c, const struct tcp_conn *conn)
{
	const struct flow_key *key = &conn->flow.key;

	return conn->client < 0 || client_wanted(c, key->ip_version, &key->address[conn->client]);
}

bool tcp_icmp_error(struct correlator *c, struct flow *flow, int sender, uint8_t type, uint8_t code,
		    const struct packet_context *packet)
{
	struct tcp_conn *conn;

	if (flow->form == FLOW_TIME_WAIT)
		return tcp_time_wait_is_reported(flow);
	conn = flow->form == FLOW_HALF_OPEN ? tcp_half_open_complete(c, flow) : (struct tcp_conn *)flow;
	icmp_error(c, conn, sender, type, code, packet);
	return tcp_is_reported(c, conn);
}

static struct tcp_conn *begin(struct correlator *c, const struct flow_key *key, uint64_t hash, int sender,
			      const struct tcp_segment *segment, const struct packet_context *packet)
{
	struct tcp_conn *conn = tcp_conn_new(c, new_id(c), key, sender, segment->flags, packet);

	flow_insert(&c->flows, &conn->flow, hash, conn->state == TCP_OPEN ? FLOW_TCP_OPEN : FLOW_TCP_HALF_OPEN, c->elapsed);
	if (conn->state == TCP_SYN_SENT)
		dials_syn(c, conn, packet->time);
	return conn;
}

/* The connection that a flow is, unless the segment begins another one: the old one is over then, and NULL is returned. */
static struct tcp_conn *go_on(struct correlator *c, struct flow *flow, int sender, const struct tcp_segment *segment)
{
	struct tcp_conn *conn = flow->form == FLOW_HALF_OPEN ? tcp_half_open_complete(c, flow) : (struct tcp_conn *)flow;
	const struct tcp_identity identity = { .state = conn->state,
					       .client = conn->client,
					       .isn = { &conn->side[0].isn, &conn->side[1].isn } };

	if (!tcp_begins_another(&identity, sender, segment))
		return conn;
	end_conn(c, conn, TRACE_CLOSE_NONE);
	return NULL;
}

bool tcp_packet(struct correlator *c, const struct packet_layers *layers, const struct packet_context *packet)
{
	const struct tcp_segment *segment = &layers->tcp;
	const struct flow_key *key = &layers->key;
	const int sender = layers->sender;
	struct tcp_conn *conn = NULL;
	struct flow *flow;

	c->stats.tcp_packets++;
	flow = flow_find(&c->flows, key, layers->hash);
	if (flow && flow->form == FLOW_TIME_WAIT) {
		if (tcp_time_wait_takes(c, flow, sender, segment))
			return tcp_time_wait_is_reported(flow);
		tcp_time_wait_end(c, flow);
	} else if (flow) {
		if (flow->form == FLOW_HALF_OPEN) {
			bool reported = tcp_half_open_is_reported(c, flow);

			if (tcp_half_open_add(c, flow, sender, segment, packet))
				return reported;
		}
		conn = go_on(c, flow, sender, segment);
	}
	if (!conn) {
		if (!wanted_at_all(c, key))
			return false;
		if (tcp_half_open_begin(c, key, layers->hash, sender, segment, packet))
			return client_wanted(c, key->ip_version, &key->address[sender]);
		conn = begin(c, key, layers->hash, sender, segment, packet);
	}
	tcp_segment(c, conn, sender, segment, packet);
	return tcp_is_reported(c, conn);
}
