/*
 * RFC 2784 with the key and sequence number of RFC 2890 and the routing of RFC 1701; PPTP's variant of
 * RFC 2637 4.1; NVGRE (RFC 7637).
 */
#include "dissect/net/decode.h"

enum gre_flag {
	GRE_CHECKSUM = 0x8000,
	GRE_ROUTING = 0x4000,
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	GRE_ACKNOWLEDGMENT = 0x0080,
	GRE_VERSION = 0x0007
};
enum { GRE_ERSPAN_2 = 0x88be, GRE_ERSPAN_3 = 0x22eb, GRE_WCCP = 0x883e, WCCP_HEADER_SIZE = 4 };

/* RFC 1701: FAMILY(16) | OFFSET(8) | LENGTH(8) | LENGTH bytes, until both are 0. */
static void skip_routing(struct cursor *c)
{
	uint16_t family;
	uint8_t length;

	do {
		family = cur_u16(c);
		cur_u8(c);
		length = cur_u8(c);
		cur_take(c, length);
	} while (c->state == CUR_OK && (family || length));
}

static enum net_result pptp_decode(uint16_t flags, struct cursor c, struct net_packet *out)
{
	uint16_t length = cur_u16(&c);

	cur_u16(&c);
	if (flags & GRE_SEQUENCE)
		cur_u32(&c);
	if (flags & GRE_ACKNOWLEDGMENT)
		cur_u32(&c);
	if (c.state != CUR_OK)
		return net_failed(&c);
	if (!(flags & GRE_SEQUENCE) || length == 0) /* an acknowledgment only */
		return net_stop(NET_NOT_IP, NET_ETHERTYPE, ETHERTYPE_PPP, out);
	cur_limit(&c, length);
	return ppp_decode(c, out);
}

static enum net_result payload_decode(uint16_t flags, uint16_t type, struct cursor c, struct net_packet *out)
{
	switch (type) {
	case GRE_ERSPAN_2: /* type I has neither a sequence number nor a header */
		if (!(flags & GRE_SEQUENCE))
			return net_next(NET_LINK_TYPE, LINKTYPE_ETHERNET, c, out);
		return erspan2_decode(c, out);
	case GRE_ERSPAN_3:
		return erspan3_decode(c, out);
	case GRE_WCCP: /* a redirect header, which version 1 does not have */
		if (net_peek_u8(c) >> 4 != 4 && !cur_take(&c, WCCP_HEADER_SIZE))
			return net_failed(&c);
		return net_next(NET_ETHERTYPE, ETHERTYPE_IPV4, c, out);
	default:
		return net_next(NET_ETHERTYPE, type, c, out);
	}
}

enum net_result gre_decode(struct cursor c, struct net_packet *out)
{
	uint16_t flags = cur_u16(&c), type = cur_u16(&c);

	if (c.state == CUR_OK && (flags & GRE_VERSION) == 1 && type == ETHERTYPE_PPP)
		return pptp_decode(flags, c, out);
	if (c.state == CUR_OK && (flags & GRE_VERSION) != 0)
		return NET_MALFORMED;
	if (flags & (GRE_CHECKSUM | GRE_ROUTING))
		cur_u32(&c);
	if (flags & GRE_KEY)
		cur_u32(&c);
	if (flags & GRE_SEQUENCE)
		cur_u32(&c);
	if (flags & GRE_ROUTING)
		skip_routing(&c);
	return c.state == CUR_OK ? payload_decode(flags, type, c, out) : net_failed(&c);
}
