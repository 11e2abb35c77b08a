/*
 * RFC 8300: the network service header.
 */
#include "dissect/net/decode.h"

/* IANA "NSH Next Protocol", which VXLAN-GPE shares. */
enum next_protocol { NEXT_IPV4 = 1, NEXT_IPV6 = 2, NEXT_ETHERNET = 3, NEXT_NSH = 4, NEXT_MPLS = 5 };

enum net_result nsh_next_decode(uint8_t protocol, struct cursor c, struct net_packet *out)
{
	switch (protocol) {
	case NEXT_IPV4:
		return net_next(NET_ETHERTYPE, ETHERTYPE_IPV4, c, out);
	case NEXT_IPV6:
		return net_next(NET_ETHERTYPE, ETHERTYPE_IPV6, c, out);
	case NEXT_ETHERNET:
		return net_next(NET_LINK_TYPE, LINKTYPE_ETHERNET, c, out);
	case NEXT_NSH:
		return net_next(NET_ETHERTYPE, ETHERTYPE_NSH, c, out);
	case NEXT_MPLS:
		return net_next(NET_ETHERTYPE, ETHERTYPE_MPLS, c, out);
	default:
		return net_stop(NET_UNKNOWN, NET_ETHERTYPE, ETHERTYPE_NSH, out);
	}
}

/* 2.2: VERSION(2) O(1) U(1) TTL(6) LENGTH(6) | U(4) METADATA TYPE(4) | NEXT PROTOCOL(8), the length in words of 4 bytes. */
enum net_result nsh_decode(struct cursor c, struct net_packet *out)
{
	const uint8_t *h = cur_take(&c, 4);
	size_t length;

	if (!h)
		return net_failed(&c);
	length = (size_t)(h[1] & 0x3f) * 4;
	if (h[0] >> 6 != 0 || length < 8)
		return NET_MALFORMED;
	return cur_take(&c, length - 4) ? nsh_next_decode(h[3], c, out) : net_failed(&c);
}
