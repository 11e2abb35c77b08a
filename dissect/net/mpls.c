/*
 * RFC 3032, and what runs over label stacks: IP, and pseudowires of RFC 4448 with or without control word.
 */
#include "dissect/net/decode.h"

enum label { LABEL_IPV4_NULL = 0, LABEL_IPV6_NULL = 2, LABEL_GAL = 13 };
enum { ETHERNET_HEADER_SIZE = 14 };
enum { BOTTOM_OF_STACK = 0x100, CONTROL_WORD_SIZE = 4, NIBBLE_CONTROL_WORD = 0, NIBBLE_CHANNEL = 1 };

static enum net_result stop(struct net_packet *out)
{
	return net_stop(NET_UNKNOWN, NET_ETHERTYPE, ETHERTYPE_MPLS, out);
}

/* RFC 4385 3: nothing says what is inside, so that the first half byte and what fits decide. */
static enum net_result payload_decode(struct cursor c, struct net_packet *out)
{
	struct cursor inner = c;
	uint8_t nibble = net_peek_u8(c) >> 4;

	if (nibble == 4 || nibble == 6) {
		size_t header_size = nibble == 4 ? 20 : 40;

		if (ip_plausible(c) || (c.cut && cur_left(&c) < header_size) || !ethernet_plausible(c))
			return ip_decode(c, out);
	}
	if (c.cut && cur_left(&c) < CONTROL_WORD_SIZE + ETHERNET_HEADER_SIZE)
		return NET_CUT;
	if (nibble == NIBBLE_CONTROL_WORD && cur_take(&inner, CONTROL_WORD_SIZE) && ethernet_plausible(inner))
		return net_next(NET_LINK_TYPE, LINKTYPE_ETHERNET, inner, out);
	if (ethernet_plausible(c))
		return net_next(NET_LINK_TYPE, LINKTYPE_ETHERNET, c, out);
	return nibble == NIBBLE_CHANNEL ? net_stop(NET_NOT_IP, NET_ETHERTYPE, ETHERTYPE_MPLS, out) : stop(out);
}

/* 2.1: LABEL(20) | CLASS(3) | BOTTOM(1) | TTL(8). */
enum net_result mpls_decode(struct cursor c, struct net_packet *out)
{
	uint32_t entry = 0;

	while (!(entry & BOTTOM_OF_STACK)) {
		if (!net_count_header(out))
			return NET_TOO_DEEP;
		entry = cur_u32(&c);
		if (c.state != CUR_OK)
			return net_failed(&c);
	}
	switch (entry >> 12) {
	case LABEL_IPV4_NULL:
		return net_next(NET_ETHERTYPE, ETHERTYPE_IPV4, c, out);
	case LABEL_IPV6_NULL:
		return net_next(NET_ETHERTYPE, ETHERTYPE_IPV6, c, out);
	case LABEL_GAL:
		return net_stop(NET_NOT_IP, NET_ETHERTYPE, ETHERTYPE_MPLS, out);
	default:
		return payload_decode(c, out);
	}
}
