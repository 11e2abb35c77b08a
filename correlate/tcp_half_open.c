/*
 * Attempts that nobody answered, or that were answered and not taken up: a flood of SYNs makes a million of them, each with next to nothing
 * to tell.  So beyond LIMIT_HALF_OPEN only what their packets said is kept; all of it is looked at, as always, when more comes or the end.
 */
#include "correlate/dials.h"
#include "correlate/tcp.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_SEGMENTS = 8 };

struct control_segment {
	nt_time time;
	struct packet_ref packet;
	uint32_t sequence, acknowledgment;
	uint16_t window, mss;
	int8_t window_scale;
	uint8_t flags, header_size;
	uint8_t sender;
};

struct tcp_half_open {
	struct flow flow; /* first */
	trace_id id, dial;
	uint32_t interface;
	uint16_t vlan;
	uint8_t tunnels;
	uint8_t count;
	struct control_segment segments[]; /* the first is a SYN */
};

/* SYN or SYN-ACK, and nothing else. */
static bool is_only_control(const struct tcp_segment *segment)
{
	return (segment->flags & (TCP_SYN | TCP_FIN | TCP_RST)) == TCP_SYN && cur_left_on_wire(&segment->payload) == 0 &&
	       segment->sack_count == 0;
}

static struct control_segment keep(int sender, const struct tcp_segment *segment, const struct packet_context *packet)
{
	return (struct control_segment){ .time = packet->time,
					 .packet = packet->ref,
					 .sequence = segment->sequence,
					 .acknowledgment = segment->acknowledgment,
					 .window = segment->window,
					 .mss = segment->mss,
					 .window_scale = segment->window_scale,
					 .flags = segment->flags,
					 .header_size = segment->header_size,
					 .sender = (uint8_t)sender };
}

static size_t size_with(unsigned segments)
{
	return sizeof(struct tcp_half_open) + segments * sizeof(struct control_segment);
}

bool tcp_half_open_begin(struct correlator *c, const struct flow_key *key, uint64_t hash, int sender,
			 const struct tcp_segment *segment, const struct packet_context *packet)
{
	struct address_tuple tuple = flow_tuple(key, sender);
	struct tcp_half_open *half;

	if (c->flows.in_queue[FLOW_TCP_HALF_OPEN] < LIMIT_HALF_OPEN || !is_only_control(segment) || segment->flags & TCP_ACK ||
	    dials_expects(c, &tuple, packet->time))
		return false;
	limit_hit(c->hits, LIMIT_HALF_OPEN_HIT);
	half = nt_zalloc(size_with(1));
	half->flow.key = *key;
	half->flow.form = FLOW_HALF_OPEN;
	half->id = new_id(c);
	half->dial = new_id(c);
	half->interface = packet->interface;
	half->vlan = packet->net->vlan;
	half->tunnels = packet->net->tunnels;
	half->segments[half->count++] = keep(sender, segment, packet);
	flow_insert(&c->flows, &half->flow, hash, FLOW_TCP_HALF_OPEN, c->elapsed);
	return true;
}

/* The same SYN again, or the other side's answer to it. */
static bool goes_with(const struct tcp_half_open *half, int sender, const struct tcp_segment *segment)
{
	const struct control_segment *syn = &half->segments[0];

	if (!is_only_control(segment) || half->count == MAX_SEGMENTS)
		return false;
	return segment->flags & TCP_ACK ? sender != syn->sender : sender == syn->sender && segment->sequence == syn->sequence;
}

bool tcp_half_open_add(struct correlator *c, struct flow *flow, int sender, const struct tcp_segment *segment,
		       const struct packet_context *packet)
{
	struct tcp_half_open *half = (struct tcp_half_open *)flow, *larger;

	if (!goes_with(half, sender, segment))
		return false;
	larger = nt_alloc(size_with(half->count + 1u));
	memcpy(larger, half, size_with(half->count));
	larger->segments[larger->count++] = keep(sender, segment, packet);
	larger->flow.last = c->elapsed;
	flow_replace(&c->flows, &half->flow, &larger->flow);
	free(half);
	return true;
}

static void repeat(struct correlator *c, struct tcp_conn *conn, const struct control_segment *kept, struct packet_context *packet)
{
	const struct flow_key *key = &conn->flow.key;
	const struct tcp_segment segment = { .source_port = key->port[kept->sender],
					     .destination_port = key->port[!kept->sender],
					     .sequence = kept->sequence,
					     .acknowledgment = kept->acknowledgment,
					     .window = kept->window,
					     .flags = kept->flags,
					     .header_size = kept->header_size,
					     .mss = kept->mss,
					     .window_scale = kept->window_scale,
					     .payload = cur_of(NULL, 0, 0) };

	packet->time = kept->time;
	packet->ref = kept->packet;
	tcp_segment(c, conn, kept->sender, &segment, packet);
}

struct tcp_conn *tcp_half_open_complete(struct correlator *c, struct flow *flow)
{
	struct tcp_half_open *half = (struct tcp_half_open *)flow;
	const struct net_packet net = {
		.ip_version = flow->key.ip_version, .protocol = IP_PROTOCOL_TCP, .vlan = half->vlan, .tunnels = half->tunnels
	};
	struct packet_context packet = { .time = half->segments[0].time,
					 .ref = half->segments[0].packet,
					 .interface = half->interface,
					 .vantage = flow->key.vantage,
					 .net = &net };
	struct tcp_conn *conn = tcp_conn_new(c, half->id, &flow->key, half->segments[0].sender, half->segments[0].flags, &packet);

	conn->flow = *flow;
	conn->flow.form = FLOW_WHOLE;
	flow_replace(&c->flows, flow, &conn->flow);
	dials_syn_unexpected(c, conn, half->dial);
	for (unsigned i = 0; i < half->count; i++)
		repeat(c, conn, &half->segments[i], &packet);
	conn->flow.last = flow->last; /* it is not these packets that were heard just now */
	free(half);
	return conn;
}

bool tcp_half_open_is_reported(const struct correlator *c, const struct flow *half)
{
	return client_wanted(c, half->key.ip_version, &half->key.address[((const struct tcp_half_open *)half)->segments[0].sender]);
}
