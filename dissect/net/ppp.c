/*
 * PPP (RFC 1661) bare, in HDLC-like framing (RFC 1662) and over Ethernet (RFC 2516); Cisco HDLC.
 */
#include "dissect/net/decode.h"

enum { HDLC_ALL_STATIONS = 0xff, HDLC_UI = 0x03, CHDLC_UNICAST = 0x0f, CHDLC_MULTICAST = 0x8f };

/* Link types …_WITH_DIR: 0 is received. */
bool net_read_direction(struct cursor *c, struct net_packet *out)
{
	uint8_t sent = cur_u8(c);

	out->direction = sent ? 1 : -1;
	return c->state == CUR_OK;
}

/* RFC 1661 2: an odd first byte is the whole number (compressed, 6.5). */
static enum net_result protocol_decode(struct cursor c, struct net_packet *out)
{
	uint16_t protocol = cur_u8(&c);

	if (!(protocol & 1))
		protocol = (uint16_t)(protocol << 8 | cur_u8(&c));
	return c.state == CUR_OK ? net_next(NET_PPP_PROTOCOL, protocol, c, out) : net_failed(&c);
}

enum net_result ppp_decode(struct cursor c, struct net_packet *out)
{
	uint8_t first = net_peek_u8(c);

	if (first == CHDLC_UNICAST || first == CHDLC_MULTICAST)
		return chdlc_decode(c, out);
	if (first == HDLC_ALL_STATIONS && !cur_take(&c, 2))
		return net_failed(&c);
	return protocol_decode(c, out);
}

enum net_result ppp_with_direction_decode(struct cursor c, struct net_packet *out)
{
	return net_read_direction(&c, out) ? ppp_decode(c, out) : net_failed(&c);
}

/* pppd's own captures have the direction in place of the address byte: 1 is sent. */
enum net_result pppd_decode(struct cursor c, struct net_packet *out)
{
	if (!net_read_direction(&c, out))
		return net_failed(&c);
	if (net_peek_u8(c) == HDLC_UI)
		cur_u8(&c);
	return protocol_decode(c, out);
}

/* RFC 2516 4: VERSION(4) TYPE(4) | CODE(8) | SESSION(16) | LENGTH(16). */
enum net_result pppoe_decode(struct cursor c, struct net_packet *out)
{
	enum { VERSION_TYPE = 0x11, ETHERTYPE_PPPOE_DISCOVERY = 0x8863 };
	const uint8_t *h = cur_take(&c, 6);

	if (!h)
		return net_failed(&c);
	if (h[0] != VERSION_TYPE)
		return NET_MALFORMED;
	if (h[1] != 0)
		return net_stop(NET_NOT_IP, NET_ETHERTYPE, ETHERTYPE_PPPOE_DISCOVERY, out);
	cur_limit(&c, net_get_u16(h + 4));
	return protocol_decode(c, out);
}

/* ADDRESS(8) | CONTROL(8) | PROTOCOL(16): EtherTypes, except for Cisco's keepalives. */
enum net_result chdlc_decode(struct cursor c, struct net_packet *out)
{
	enum { TYPE_SLARP = 0x8035, LINKTYPE_C_HDLC = 104 };
	const uint8_t *h = cur_take(&c, 4);

	if (!h)
		return net_failed(&c);
	if (net_get_u16(h + 2) == TYPE_SLARP)
		return net_stop(NET_NOT_IP, NET_LINK_TYPE, LINKTYPE_C_HDLC, out);
	return net_next(NET_ETHERTYPE, net_get_u16(h + 2), c, out);
}

enum net_result chdlc_with_direction_decode(struct cursor c, struct net_packet *out)
{
	return net_read_direction(&c, out) ? chdlc_decode(c, out) : net_failed(&c);
}
