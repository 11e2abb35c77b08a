/*
 * Short headers that stand between a MAC header and the next EtherType.
 */
#include "dissect/net/decode.h"

/* IEEE 802.1ah 9.7: the I-TAG, then the customer's frame. */
enum net_result pbb_decode(struct cursor c, struct net_packet *out)
{
	return cur_take(&c, 4) ? ethernet_decode(c, out) : net_failed(&c);
}

/* Cisco FabricPath: FTag and TTL, then a whole frame. */
enum net_result fabricpath_decode(struct cursor c, struct net_packet *out)
{
	return cur_take(&c, 2) ? ethernet_decode(c, out) : net_failed(&c);
}

/* RFC 6325 3.1: V(2) R(2) M(1) OPTION-LENGTH(5) HOPS(6) | EGRESS(16) | INGRESS(16) | OPTIONS. */
enum net_result trill_decode(struct cursor c, struct net_packet *out)
{
	uint16_t first = cur_u16(&c);

	if (first >> 14)
		return NET_MALFORMED;
	cur_take(&c, 4 + (size_t)(first >> 6 & 0x1f) * 4);
	return c.state == CUR_OK ? ethernet_decode(c, out) : net_failed(&c);
}

/* Skips a header of `size` bytes whose last two are an EtherType. */
static enum net_result tag_decode(size_t size, struct cursor c, struct net_packet *out)
{
	const uint8_t *tag = cur_take(&c, size);

	return tag ? ethernet_type_decode(net_get_u16(tag + size - 2), c, out) : net_failed(&c);
}

/* Cisco MetaData: version, length, option, security group tag. */
enum net_result cisco_metadata_decode(struct cursor c, struct net_packet *out)
{
	return tag_decode(8, c, out);
}

/* IEEE 802.1CB R-TAG and IEC 62439-3 HSR tag: two bytes, a sequence number. */
enum net_result redundancy_tag_decode(struct cursor c, struct net_packet *out)
{
	return tag_decode(6, c, out);
}

/* IEEE 802.1BR's forerunner of Cisco. */
enum net_result vntag_decode(struct cursor c, struct net_packet *out)
{
	return tag_decode(6, c, out);
}
