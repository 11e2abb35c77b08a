/*
 * ATM (RFC 2684, RFC 2225) and frame relay (RFC 2427).
 */
#include "dissect/net/decode.h"

enum { LLC_UI = 0x03, ADDRESS_END = 0x01, ADDRESS_MAX = 4 };

/* RFC 2684 5.2: bridged Ethernet has two bytes of padding in front of the addresses. */
enum net_result atm_decode(struct cursor c, struct net_packet *out)
{
	static const uint8_t bridged[] = { 0xaa, 0xaa, 0x03, 0x00, 0x80, 0xc2, 0x00 };
	struct cursor inner = c;
	const uint8_t *h = cur_take(&inner, sizeof(bridged) + 3);

	if (h && memcmp(h, bridged, sizeof(bridged)) == 0 && (h[7] == 1 || h[7] == 7))
		return net_next(NET_LINK_TYPE, LINKTYPE_ETHERNET, inner, out);
	return llc_decode(c, out);
}

/* Linux classical IP: LLC if the packet has it, else bare IP. */
enum net_result atm_clip_decode(struct cursor c, struct net_packet *out)
{
	enum { SAP_SNAP = 0xaa };

	return net_peek_u8(c) == SAP_SNAP ? llc_decode(c, out) : ip_decode(c, out);
}

/* FLAGS(8) | VPI(8) | VCI(16); the traffic type is in the low half of the flags. */
enum net_result sunatm_decode(struct cursor c, struct net_packet *out)
{
	enum { TRAFFIC_TYPE = 0x0f, TRAFFIC_LLC = 2 };
	uint8_t flags = cur_u8(&c);

	cur_take(&c, 3);
	if (c.state != CUR_OK)
		return net_failed(&c);
	if ((flags & TRAFFIC_TYPE) != TRAFFIC_LLC)
		return net_stop(NET_NOT_IP, NET_LINK_TYPE, LINKTYPE_SUNATM, out);
	return atm_decode(c, out);
}

/* Q.922 address of 2 to 4 bytes, then control and NLPID, or an EtherType as Cisco does. */
enum net_result frame_relay_decode(struct cursor c, struct net_packet *out)
{
	uint8_t address = 0, nlpid;

	for (int i = 0; i < ADDRESS_MAX && !(address & ADDRESS_END); i++)
		address = cur_u8(&c);
	if (c.state != CUR_OK)
		return net_failed(&c);
	if (!(address & ADDRESS_END))
		return NET_MALFORMED;
	if (net_peek_u8(c) != LLC_UI) {
		uint16_t type = cur_u16(&c);

		return c.state == CUR_OK ? net_next(NET_ETHERTYPE, type, c, out) : net_failed(&c);
	}
	cur_u8(&c);
	nlpid = cur_u8(&c);
	if (nlpid == NLPID_PADDING)
		nlpid = cur_u8(&c);
	return c.state == CUR_OK ? nlpid_decode(nlpid, c, out) : net_failed(&c);
}

enum net_result frame_relay_with_direction_decode(struct cursor c, struct net_packet *out)
{
	return net_read_direction(&c, out) ? frame_relay_decode(c, out) : net_failed(&c);
}
