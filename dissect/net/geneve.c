/*
 * RFC 8926 3.4: VERSION(2) OPTIONS LENGTH(6) | CONTROL(1) CRITICAL(1) RESERVED(6) | TYPE(16) | VNI(24) | RESERVED(8) | OPTIONS.
 */
#include "dissect/net/decode.h"

enum net_result geneve_decode(struct cursor c, struct net_packet *out)
{
	enum { GENEVE_HEADER_SIZE = 8, GENEVE_RESERVED = 0x3f, GENEVE_CONTROL = 0x80 };
	const uint8_t *h = cur_take(&c, GENEVE_HEADER_SIZE);

	if (!h || h[0] >> 6 != 0 || (h[1] & (GENEVE_RESERVED | GENEVE_CONTROL)) || h[7] != 0)
		return NET_UNKNOWN;
	if (!cur_take(&c, (size_t)(h[0] & 0x3f) * 4))
		return net_failed(&c);
	return net_next(NET_ETHERTYPE, net_get_u16(h + 2), c, out);
}
