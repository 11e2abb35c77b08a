/*
 * RFC 4380 5.1.1: an authentication and an origin indication may precede the IPv6 packet.
 */
#include "dissect/net/decode.h"

enum { INDICATOR_ORIGIN = 0, INDICATOR_AUTHENTICATION = 1, ORIGIN_SIZE = 6, AUTHENTICATION_FIXED_SIZE = 9 };

enum net_result teredo_decode(struct cursor c, struct net_packet *out)
{
	struct cursor peek = c;

	if (cur_u16(&peek) == INDICATOR_AUTHENTICATION && peek.state == CUR_OK) {
		size_t id_size = cur_u8(&peek), value_size = cur_u8(&peek);

		cur_take(&peek, id_size + value_size + AUTHENTICATION_FIXED_SIZE);
		c = peek;
		cur_u16(&peek);
	}
	if (peek.state == CUR_OK && c.state == CUR_OK && net_peek_u8(c) == INDICATOR_ORIGIN) {
		cur_take(&peek, ORIGIN_SIZE);
		c = peek;
	}
	if (c.state != CUR_OK || net_peek_u8(c) >> 4 != 6)
		return NET_UNKNOWN;
	return net_next(NET_ETHERTYPE, ETHERTYPE_IPV6, c, out);
}
