#include "tests/support/net_frame.h"

#include <stdlib.h>

struct cursor net_cursor_cut(struct bytes whole, size_t captured, size_t on_wire, uint8_t **copy)
{
	*copy = nt_alloc(captured);
	if (captured)
		memcpy(*copy, whole.at, captured);
	return cur_of(*copy, captured, on_wire - captured);
}

struct net_frame net_frame_cut(uint32_t link_type, struct bytes whole, size_t captured, size_t on_wire)
{
	struct net_frame frame;
	struct cursor c = net_cursor_cut(whole, captured, on_wire, &frame.copy);

	frame.result = net_decode(link_type, c, &frame.packet);
	return frame;
}

struct net_frame net_frame_whole(uint32_t link_type, struct bytes whole)
{
	return net_frame_cut(link_type, whole, whole.size, whole.size);
}

void net_frame_free(struct net_frame *frame)
{
	free(frame->copy);
	frame->copy = NULL;
}

void net_packet_touch(const struct net_packet *packet)
{
	struct cursor c = packet->payload;
	volatile uint8_t sum = 0;
	struct tcp_segment segment;
	struct udp_datagram datagram;
	struct icmp_message message;
	struct net_packet quoted;

	while (cur_left(&c))
		sum = (uint8_t)(sum + cur_u8(&c));
	(void)tcp_read(packet->payload, &segment);
	(void)udp_read(packet->payload, &datagram);
	if (icmp_read(packet->ip_version, packet->payload, &message) == CUR_OK && message.is_error)
		(void)net_decode_quoted(packet->ip_version, message.quoted, &quoted);
}
