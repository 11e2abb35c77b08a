/*
 * L2TP version 2 data messages, RFC 2661 3.1.
 */
#include "dissect/net/decode.h"

enum l2tp_flag {
	L2TP_CONTROL = 0x8000,
	L2TP_LENGTH = 0x4000,
	L2TP_SEQUENCE = 0x0800,
	L2TP_OFFSET = 0x0200,
	L2TP_RESERVED = 0x34f0,
	L2TP_VERSION = 0x000f
};

enum net_result l2tp_decode(struct cursor c, struct net_packet *out)
{
	size_t on_wire = cur_left_on_wire(&c);
	uint16_t flags = cur_u16(&c), length;

	if (c.state != CUR_OK || (flags & (L2TP_CONTROL | L2TP_RESERVED)) || (flags & L2TP_VERSION) != 2)
		return NET_UNKNOWN;
	if (flags & L2TP_LENGTH) {
		length = cur_u16(&c);
		if (length > on_wire || length < 4)
			return NET_MALFORMED;
		cur_limit(&c, length - 4u);
	}
	cur_u32(&c);
	if (flags & L2TP_SEQUENCE)
		cur_u32(&c);
	if (flags & L2TP_OFFSET) {
		uint16_t offset = cur_u16(&c);

		cur_take(&c, offset);
	}
	return c.state == CUR_OK ? ppp_decode(c, out) : net_failed(&c);
}
