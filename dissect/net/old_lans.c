/*
 * Local networks other than Ethernet.
 */
#include "dissect/net/decode.h"

/* IEEE 802.5: access control, frame control, addresses, source routing if the source's group bit is set. */
enum net_result token_ring_decode(struct cursor c, struct net_packet *out)
{
	enum { FRAME_TYPE = 0xc0, FRAME_LLC = 0x40, SOURCE_ROUTED = 0x80, LINKTYPE_TOKEN_RING = 6 };
	const uint8_t *h = cur_take(&c, 14);
	size_t routing;

	if (!h)
		return net_failed(&c);
	if ((h[1] & FRAME_TYPE) != FRAME_LLC)
		return net_stop(NET_NOT_IP, NET_LINK_TYPE, LINKTYPE_TOKEN_RING, out);
	if (h[8] & SOURCE_ROUTED) {
		routing = net_peek_u8(c) & 0x1f;
		if (!cur_take(&c, routing < 2 ? 2 : routing))
			return net_failed(&c);
	}
	return llc_decode(c, out);
}

enum net_result fddi_decode(struct cursor c, struct net_packet *out)
{
	enum { FRAME_CLASS = 0x70, FRAME_LLC = 0x50, LINKTYPE_FDDI = 10 };
	const uint8_t *h = cur_take(&c, 13);

	if (!h)
		return net_failed(&c);
	if ((h[0] & FRAME_CLASS) != FRAME_LLC)
		return net_stop(NET_NOT_IP, NET_LINK_TYPE, LINKTYPE_FDDI, out);
	return llc_decode(c, out);
}

/* RFC 1051 has no more header; RFC 1201 goes on with a flag and a sequence number. */
static enum net_result arcnet_type_decode(struct cursor c, struct net_packet *out)
{
	enum { IP_1051 = 240, ARP_1051 = 241, IPV6 = 196, IP_1201 = 212, LINKTYPE_ARCNET_BSD = 7, FLAG_EXCEPTION = 0xff };
	uint8_t type = cur_u8(&c), flag;

	if (c.state != CUR_OK)
		return net_failed(&c);
	if (type == IP_1051)
		return net_next(NET_ETHERTYPE, ETHERTYPE_IPV4, c, out);
	if (type == ARP_1051)
		return net_next(NET_ETHERTYPE, ETHERTYPE_ARP, c, out);
	flag = cur_u8(&c);
	cur_take(&c, flag == FLAG_EXCEPTION ? 6 : 2);
	if (c.state != CUR_OK)
		return net_failed(&c);
	if (flag != 0 && flag != FLAG_EXCEPTION) /* a piece of a packet */
		return net_stop(NET_UNKNOWN, NET_LINK_TYPE, LINKTYPE_ARCNET_BSD, out);
	if (type == IP_1201)
		return net_next(NET_ETHERTYPE, ETHERTYPE_IPV4, c, out);
	if (type == IPV6)
		return net_next(NET_ETHERTYPE, ETHERTYPE_IPV6, c, out);
	return net_stop(NET_NOT_IP, NET_LINK_TYPE, LINKTYPE_ARCNET_BSD, out);
}

enum net_result arcnet_bsd_decode(struct cursor c, struct net_packet *out)
{
	return cur_take(&c, 2) ? arcnet_type_decode(c, out) : net_failed(&c);
}

/* Two more bytes of offset after the addresses. */
enum net_result arcnet_linux_decode(struct cursor c, struct net_packet *out)
{
	return cur_take(&c, 4) ? arcnet_type_decode(c, out) : net_failed(&c);
}

static enum net_result type_at_end_decode(size_t header_size, size_t type_at, struct cursor c, struct net_packet *out)
{
	const uint8_t *h = cur_take(&c, header_size);

	return h ? net_next(NET_ETHERTYPE, net_get_u16(h + type_at), c, out) : net_failed(&c);
}

/* Two addresses of 8 bytes. */
enum net_result ieee1394_decode(struct cursor c, struct net_packet *out)
{
	return type_at_end_decode(18, 16, c, out);
}

/* A global route header of 40 bytes, then RFC 4391 6: type and two reserved bytes. */
enum net_result ipoib_decode(struct cursor c, struct net_packet *out)
{
	return type_at_end_decode(44, 40, c, out);
}

/* RFC 2625 3.2: two addresses of 8 bytes, LLC. */
enum net_result fibre_channel_decode(struct cursor c, struct net_packet *out)
{
	return cur_take(&c, 16) ? llc_decode(c, out) : net_failed(&c);
}
