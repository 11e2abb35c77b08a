/*
 * Link types whose header is little more than an address family.
 */
#include "dissect/net/decode.h"

/* Values of AF_INET6 differ: NetBSD and OpenBSD, FreeBSD, macOS; Windows; Linux. */
enum family {
	FAMILY_INET = 2,
	FAMILY_INET6_LINUX = 10,
	FAMILY_INET6_WINDOWS = 23,
	FAMILY_INET6_OPENBSD = 24,
	FAMILY_INET6_SOLARIS = 26,
	FAMILY_INET6_FREEBSD = 28,
	FAMILY_INET6_MACOS = 30
};

static enum net_result family_decode(uint32_t family, uint32_t link_type, struct cursor c, struct net_packet *out)
{
	switch (family) {
	case FAMILY_INET:
		return net_next(NET_ETHERTYPE, ETHERTYPE_IPV4, c, out);
	case FAMILY_INET6_LINUX:
	case FAMILY_INET6_WINDOWS:
	case FAMILY_INET6_OPENBSD:
	case FAMILY_INET6_SOLARIS:
	case FAMILY_INET6_FREEBSD:
	case FAMILY_INET6_MACOS:
		return net_next(NET_ETHERTYPE, ETHERTYPE_IPV6, c, out);
	default:
		if (family >= ETHERTYPE_MIN && family <= UINT16_MAX) /* some writers put an EtherType there */
			return net_next(NET_ETHERTYPE, family, c, out);
		return net_stop(NET_NOT_IP, NET_LINK_TYPE, link_type, out);
	}
}

/* The family is in the byte order of the host that captured, so that the smaller reading is the right one. */
static enum net_result host_order_family_decode(uint32_t link_type, struct cursor c, struct net_packet *out)
{
	const uint8_t *h = cur_take(&c, 4);
	uint32_t big, little;

	if (!h)
		return net_failed(&c);
	big = net_get_u32(h);
	little = net_get_u32_little(h);
	return family_decode(big < little ? big : little, link_type, c, out);
}

enum net_result null_decode(struct cursor c, struct net_packet *out)
{
	return host_order_family_decode(LINKTYPE_NULL, c, out);
}

enum net_result loop_decode(struct cursor c, struct net_packet *out)
{
	return host_order_family_decode(LINKTYPE_LOOP, c, out);
}

/* OpenBSD enc(4): family, SPI, flags. */
enum net_result enc_decode(struct cursor c, struct net_packet *out)
{
	return cur_take(&c, 12) ? ip_decode(c, out) : net_failed(&c);
}

/* pflog(4): the header tells its length, without the padding to 4 bytes, and the family. */
enum net_result pflog_decode(struct cursor c, struct net_packet *out)
{
	uint8_t length = cur_u8(&c), family = cur_u8(&c);

	if (c.state == CUR_OK && length < 4)
		return NET_MALFORMED;
	cur_take(&c, ((size_t)length + 3) / 4 * 4 - 2);
	return c.state == CUR_OK ? family_decode(family, LINKTYPE_PFLOG, c, out) : net_failed(&c);
}

/* Solaris "IP observability": version, family, type, length, three interface and zone numbers. */
enum net_result ipnet_decode(struct cursor c, struct net_packet *out)
{
	return cur_take(&c, 24) ? ip_decode(c, out) : net_failed(&c);
}

/* Direction, 0 is received, and 15 bytes of the header as it was compressed on the line. */
enum net_result slip_decode(struct cursor c, struct net_packet *out)
{
	if (!net_read_direction(&c, out) || !cur_take(&c, 15))
		return net_failed(&c);
	return ip_decode(c, out);
}
