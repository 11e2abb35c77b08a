/*
 * The layers of one packet up to TCP and UDP, and the flow that it belongs to.
 *
 * Pure functions: what is read here of a packet depends on no other packet.
 */
#ifndef NETTRACE_CORRELATE_LAYERS_H
#define NETTRACE_CORRELATE_LAYERS_H

#include "capture/packet.h"
#include "correlate/flow.h"
#include "dissect/net/net.h"

struct packet_layers {
	struct net_packet net; /* views into the packet */
	enum net_result result;
	enum cur_state transport; /* of reading `tcp` or `udp`; CUR_OK with any other protocol */
	bool has_flow;            /* it is NET_IP with TCP or UDP of which the ports are there: what follows is set */
	int8_t sender;            /* which side of `key` */
	uint64_t hash;            /* of `key` */
	struct flow_key key;
	union {
		struct tcp_segment tcp;
		struct udp_datagram udp;
	};
};

/* Keeps apart what was captured at different places. */
static inline uint16_t vantage_of(const struct packet *packet)
{
	return (uint16_t)packet->interface->file;
}

/* `seed` is that of the table in which the flow will be looked for.  *out lives as long as the packet's bytes. */
void layers_read(const struct packet *packet, uint64_t seed, struct packet_layers *out);

/* Goes on where `net` was put together from fragments: its payload is a whole datagram's. */
void layers_read_whole(const struct net_packet *net, uint16_t vantage, uint64_t seed, struct packet_layers *out);

#endif
