/*
 * Linux "cooked" captures, LINKTYPE_LINUX_SLL and LINKTYPE_LINUX_SLL2.
 */
#include "dissect/net/decode.h"

/* <linux/if_packet.h> */
enum packet_type { PACKET_HOST, PACKET_BROADCAST, PACKET_MULTICAST, PACKET_OTHERHOST, PACKET_OUTGOING };

/* <linux/if_arp.h>, <linux/if_ether.h> */
enum { ARPHRD_NETLINK = 824, ETH_P_802_2 = 4 };

static int8_t direction_of(uint16_t packet_type)
{
	if (packet_type == PACKET_OUTGOING)
		return 1;
	return packet_type <= PACKET_MULTICAST ? -1 : 0;
}

static enum net_result protocol_decode(uint16_t hardware, uint16_t protocol, struct cursor c, struct net_packet *out)
{
	if (hardware == ARPHRD_NETLINK)
		return net_stop(NET_NOT_IP, NET_LINK_TYPE, LINKTYPE_LINUX_SLL, out);
	if (protocol == ETH_P_802_2)
		return llc_decode(c, out);
	return net_next(NET_ETHERTYPE, protocol, c, out);
}

/* TYPE(16) | HARDWARE(16) | ADDRESS LENGTH(16) | ADDRESS(64) | PROTOCOL(16). */
enum net_result sll_decode(struct cursor c, struct net_packet *out)
{
	const uint8_t *h = cur_take(&c, 16);

	if (!h)
		return net_failed(&c);
	out->direction = direction_of(net_get_u16(h));
	return protocol_decode(net_get_u16(h + 2), net_get_u16(h + 14), c, out);
}

/* PROTOCOL(16) | RESERVED(16) | INTERFACE(32) | HARDWARE(16) | TYPE(8) | ADDRESS LENGTH(8) | ADDRESS(64). */
enum net_result sll2_decode(struct cursor c, struct net_packet *out)
{
	const uint8_t *h = cur_take(&c, 20);

	if (!h)
		return net_failed(&c);
	out->captured_interface = net_get_u32(h + 4);
	out->direction = direction_of(h[10]);
	return protocol_decode(net_get_u16(h + 8), net_get_u16(h), c, out);
}
