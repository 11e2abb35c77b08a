/*
 * VXLAN (RFC 7348) with the group policy flag, and VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe).
 */
#include "dissect/net/decode.h"

enum vxlan_flag { VXLAN_VNI = 0x08, VXLAN_GROUP_POLICY = 0x80, GPE_NEXT_PROTOCOL = 0x04 };
enum { VXLAN_HEADER_SIZE = 8, GPE_RESERVED = 0xf0, GPE_OAM = 0x01 };

/* FLAGS(8) | RESERVED(16) | NEXT PROTOCOL(8) | VNI(24) | RESERVED(8).  Some senders leave out the flag of the next protocol. */
enum net_result vxlan_gpe_decode(struct cursor c, struct net_packet *out)
{
	const uint8_t *h = cur_take(&c, VXLAN_HEADER_SIZE);

	if (!h || (h[0] & (GPE_RESERVED | GPE_OAM)) || !(h[0] & VXLAN_VNI))
		return NET_UNKNOWN;
	if (h[3])
		return nsh_next_decode(h[3], c, out);
	return net_next(NET_LINK_TYPE, LINKTYPE_ETHERNET, c, out);
}

/* FLAGS(8) | RESERVED(24) | VNI(24) | RESERVED(8): all other flags are sent as 0, except where GPE is sent to this port. */
enum net_result vxlan_decode(struct cursor c, struct net_packet *out)
{
	uint8_t flags = net_peek_u8(c);

	if (flags == (VXLAN_VNI | GPE_NEXT_PROTOCOL))
		return vxlan_gpe_decode(c, out);
	if ((flags & ~VXLAN_GROUP_POLICY) != VXLAN_VNI || !cur_take(&c, VXLAN_HEADER_SIZE))
		return NET_UNKNOWN;
	return net_next(NET_LINK_TYPE, LINKTYPE_ETHERNET, c, out);
}
