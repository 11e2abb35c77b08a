/*
 * Cisco ERSPAN types II and III in GRE (draft-foschiano-erspan).
 */
#include "dissect/net/decode.h"

enum { ERSPAN_2_SIZE = 8, ERSPAN_3_SIZE = 12, PLATFORM_SIZE = 8, PLATFORM_PRESENT = 0x01 };
enum { FRAME_TYPE = 0x7c, FRAME_ETHERNET = 0, FRAME_IP = 2 << 2 };

enum net_result erspan2_decode(struct cursor c, struct net_packet *out)
{
	return cur_take(&c, ERSPAN_2_SIZE) ? net_next(NET_LINK_TYPE, LINKTYPE_ETHERNET, c, out) : net_failed(&c);
}

/* … | P(1) FRAME TYPE(5) HARDWARE(2) | HARDWARE(4) DIRECTION(1) GRANULARITY(2) OPTIONAL(1). */
enum net_result erspan3_decode(struct cursor c, struct net_packet *out)
{
	const uint8_t *h = cur_take(&c, ERSPAN_3_SIZE);

	if (!h)
		return net_failed(&c);
	if ((h[11] & PLATFORM_PRESENT) && !cur_take(&c, PLATFORM_SIZE))
		return net_failed(&c);
	if ((h[10] & FRAME_TYPE) == FRAME_IP)
		return ip_decode(c, out);
	if ((h[10] & FRAME_TYPE) == FRAME_ETHERNET)
		return net_next(NET_LINK_TYPE, LINKTYPE_ETHERNET, c, out);
	return NET_UNKNOWN;
}
