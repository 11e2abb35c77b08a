/*
 * Tags that switch chips put into frames on the port of their CPU (Linux "DSA").
 */
#include "dissect/net/decode.h"

enum { MAC_ADDRESSES_SIZE = 12, DSA_TAGGED = 0x20 };

/* Addresses, tag, type. */
static enum net_result tagged_decode(size_t tag_size, struct cursor c, struct net_packet *out)
{
	const uint8_t *h = cur_take(&c, MAC_ADDRESSES_SIZE + tag_size + 2);

	return h ? ethernet_type_decode(net_get_u16(h + MAC_ADDRESSES_SIZE + tag_size), c, out) : net_failed(&c);
}

enum net_result brcm_tag_decode(struct cursor c, struct net_packet *out)
{
	return tagged_decode(4, c, out);
}

enum net_result brcm_prepended_decode(struct cursor c, struct net_packet *out)
{
	return cur_take(&c, 4) ? ethernet_decode(c, out) : net_failed(&c);
}

/* The last four bytes of a Marvell tag: MODE(2) TAGGED(1) DEVICE(5) | PORT(5) … | PRIORITY(3) CFI(1) VLAN(12). */
static void note_dsa_vlan(struct cursor c, size_t offset, struct net_packet *out)
{
	const uint8_t *h = cur_take(&c, offset + 4);

	if (h && (h[offset] & DSA_TAGGED))
		ethernet_note_vlan(net_get_u16(h + offset + 2), out);
}

enum net_result dsa_decode(struct cursor c, struct net_packet *out)
{
	note_dsa_vlan(c, MAC_ADDRESSES_SIZE, out);
	return tagged_decode(4, c, out);
}

/* The same behind an EtherType of its own and two zero bytes. */
enum net_result edsa_decode(struct cursor c, struct net_packet *out)
{
	note_dsa_vlan(c, MAC_ADDRESSES_SIZE + 4, out);
	return tagged_decode(8, c, out);
}

/* EtherType 0x8899: protocol, reason, ports, then the frame's own type, for the tags; other protocols of Realtek have no more. */
enum net_result realtek_decode(struct cursor c, struct net_packet *out)
{
	enum { PROTOCOL_OF_4_BYTES = 0xa0, PROTOCOL_OF_8_BYTES = 0x04, ETHERTYPE_REALTEK = 0x8899 };
	struct cursor peek = c;
	uint8_t protocol = cur_u8(&peek);
	size_t size = protocol == PROTOCOL_OF_8_BYTES ? 8 : 4;
	const uint8_t *h;

	if (peek.state != CUR_OK)
		return net_failed(&peek);
	if ((protocol & 0xf0) != PROTOCOL_OF_4_BYTES && protocol != PROTOCOL_OF_8_BYTES)
		return net_stop(NET_NOT_IP, NET_ETHERTYPE, ETHERTYPE_REALTEK, out);
	h = cur_take(&c, size);
	return h ? ethernet_type_decode(net_get_u16(h + size - 2), c, out) : net_failed(&c);
}
