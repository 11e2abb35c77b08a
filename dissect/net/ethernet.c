/*
 * IEEE 802.3 with its types and lengths, IEEE 802.1Q tags.
 */
#include "dissect/net/decode.h"

enum { MAC_ADDRESSES_SIZE = 12, ETHERNET_HEADER_SIZE = 14, VLAN_ID = 0x0fff };
enum { PREAMBLE_SIZE = 8, MPACKET_EXPRESS = 0xd5 };

enum net_result ethernet_type_decode(uint16_t type, struct cursor c, struct net_packet *out)
{
	if (type >= ETHERTYPE_MIN)
		return net_next(NET_ETHERTYPE, type, c, out);
	if (type > ETHERNET_LENGTH_MAX)
		return net_stop(NET_UNKNOWN, NET_ETHERTYPE, type, out);
	cur_limit(&c, type);
	return llc_decode(c, out);
}

enum net_result ethernet_decode(struct cursor c, struct net_packet *out)
{
	const uint8_t *h = cur_take(&c, ETHERNET_HEADER_SIZE);

	return h ? ethernet_type_decode(net_get_u16(h + MAC_ADDRESSES_SIZE), c, out) : net_failed(&c);
}

bool ethernet_plausible(struct cursor c)
{
	const uint8_t *h = cur_take(&c, ETHERNET_HEADER_SIZE);
	uint16_t type = h ? net_get_u16(h + MAC_ADDRESSES_SIZE) : 0;

	if (type < ETHERTYPE_MIN)
		return h && type <= cur_left_on_wire(&c) && net_row_find(NET_LLC_SAP, net_peek_u8(c));
	return net_row_find(NET_ETHERTYPE, type);
}

void ethernet_note_vlan(uint16_t tag, struct net_packet *out)
{
	if (!out->ip_version && (tag & VLAN_ID)) /* 0 is no VLAN but a priority: IEEE 802.1Q 9.6 */
		out->vlan = tag & VLAN_ID;
}

enum net_result vlan_decode(struct cursor c, struct net_packet *out)
{
	const uint8_t *h = cur_take(&c, 4);

	if (!h)
		return net_failed(&c);
	ethernet_note_vlan(net_get_u16(h), out);
	return ethernet_type_decode(net_get_u16(h + 2), c, out);
}

/* IEEE 802.3br, link type 274: preamble and delimiter in front.  Frames in pieces are not put together. */
enum net_result mpacket_decode(struct cursor c, struct net_packet *out)
{
	const uint8_t *preamble = cur_take(&c, PREAMBLE_SIZE);

	if (!preamble)
		return net_failed(&c);
	if (preamble[PREAMBLE_SIZE - 1] != MPACKET_EXPRESS)
		return NET_UNKNOWN;
	return net_next(NET_LINK_TYPE, LINKTYPE_ETHERNET, c, out);
}
