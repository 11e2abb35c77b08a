/*
 * Headers that products put in front of the frames they capture.
 */
#include "dissect/net/decode.h"

/* Symantec Enterprise Firewall: version 2 has the EtherType at 6, version 3 at 20. */
enum net_result symantec_decode(struct cursor c, struct net_packet *out)
{
	enum { HEADER_2_SIZE = 44, HEADER_3_SIZE = 56 };
	struct cursor peek = c;
	const uint8_t *h = cur_take(&peek, 22);
	uint16_t type;
	bool second;

	if (!h)
		return net_failed(&peek);
	second = net_get_u16(h + 6) != 0;
	type = net_get_u16(h + (second ? 6 : 20));
	return cur_take(&c, second ? HEADER_2_SIZE : HEADER_3_SIZE) ? net_next(NET_ETHERTYPE, type, c, out) : net_failed(&c);
}

/* Apple: LENGTH(32) | RECORD TYPE(32) | LINK TYPE(32) | INTERFACE NAME(24 bytes) | FLAGS(32) | …, little endian. */
enum net_result pktap_decode(struct cursor c, struct net_packet *out)
{
	enum { HEADER_MIN = 40, FLAG_IN = 1, FLAG_OUT = 2 };
	const uint8_t *h = cur_take(&c, HEADER_MIN);
	uint32_t length, link_type, flags;

	if (!h)
		return net_failed(&c);
	length = net_get_u32_little(h);
	link_type = net_get_u32_little(h + 8);
	flags = net_get_u32_little(h + 36);
	if (length < HEADER_MIN)
		return NET_MALFORMED;
	if (flags & (FLAG_IN | FLAG_OUT))
		out->direction = flags & FLAG_OUT ? 1 : -1;
	return cur_take(&c, length - HEADER_MIN) ? net_next(NET_LINK_TYPE, link_type, c, out) : net_failed(&c);
}

/* Juniper: MAGIC(24) | FLAGS(8) | extensions with their length in front; without the link layer a protocol family follows. */
static enum net_result juniper_decode(enum net_result (*next)(struct cursor, struct net_packet *), struct cursor c,
				      struct net_packet *out)
{
	enum { MAGIC = 0x4d4743, FLAG_IN = 0x01, FLAG_NO_LINK_LAYER = 0x02, FLAG_EXTENSIONS = 0x80 };
	uint32_t magic = cur_u24(&c);
	uint8_t flags = cur_u8(&c);
	uint16_t extensions = 0;

	if (c.state == CUR_OK && magic != MAGIC)
		return NET_MALFORMED;
	if (flags & FLAG_EXTENSIONS)
		extensions = cur_u16(&c);
	cur_take(&c, extensions);
	if (flags & FLAG_NO_LINK_LAYER)
		cur_take(&c, 4);
	if (c.state != CUR_OK)
		return net_failed(&c);
	out->direction = flags & FLAG_IN ? -1 : 1;
	return flags & FLAG_NO_LINK_LAYER ? ip_decode(c, out) : next(c, out);
}

enum net_result juniper_ether_decode(struct cursor c, struct net_packet *out)
{
	return juniper_decode(ethernet_decode, c, out);
}

enum net_result juniper_ppp_decode(struct cursor c, struct net_packet *out)
{
	return juniper_decode(ppp_decode, c, out);
}

enum net_result juniper_frame_relay_decode(struct cursor c, struct net_packet *out)
{
	return juniper_decode(frame_relay_decode, c, out);
}

enum net_result juniper_chdlc_decode(struct cursor c, struct net_packet *out)
{
	return juniper_decode(chdlc_decode, c, out);
}
