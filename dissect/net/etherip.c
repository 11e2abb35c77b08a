/*
 * RFC 3378: version 3, reserved bits, a whole Ethernet frame.
 */
#include "dissect/net/decode.h"

enum net_result etherip_decode(struct cursor c, struct net_packet *out)
{
	enum { ETHERIP_VERSION = 0x3000 };
	uint16_t first = cur_u16(&c);

	if (c.state != CUR_OK)
		return net_failed(&c);
	return first == ETHERIP_VERSION ? ethernet_decode(c, out) : NET_MALFORMED;
}
