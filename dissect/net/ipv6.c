/*
 * RFC 8200, with the authentication header of RFC 4302, which IPv4 has too.
 */
#include "dissect/net/decode.h"

enum { IPV6_HEADER_SIZE = 40 };

/* IANA "IPv6 Extension Header Types". */
enum extension {
	EXTENSION_HOP_BY_HOP = 0,
	EXTENSION_ROUTING = 43,
	EXTENSION_FRAGMENT = 44,
	EXTENSION_AUTHENTICATION = 51,
	NO_NEXT_HEADER = 59,
	EXTENSION_DESTINATION = 60,
	EXTENSION_MOBILITY = 135,
	EXTENSION_HIP = 139,
	EXTENSION_SHIM6 = 140
};

bool ipv6_is_extension(uint8_t protocol)
{
	switch (protocol) {
	case EXTENSION_HOP_BY_HOP:
	case EXTENSION_ROUTING:
	case EXTENSION_FRAGMENT:
	case EXTENSION_AUTHENTICATION:
	case EXTENSION_DESTINATION:
	case EXTENSION_MOBILITY:
	case EXTENSION_HIP:
	case EXTENSION_SHIM6:
		return true;
	default:
		return false;
	}
}

/* RFC 4302 2.2: the length counts words of 4 bytes, less two; all others count 8 bytes, less one. */
static bool read_extension(uint8_t type, struct cursor *c, uint8_t *next)
{
	uint8_t length;

	*next = cur_u8(c);
	length = cur_u8(c);
	return cur_take(c, (type == EXTENSION_AUTHENTICATION ? 4u : 8u) * length + 6);
}

/* 4.5.  True if the packet is whole all the same (RFC 6946). */
static bool read_fragment(struct cursor *c, uint8_t *next, struct net_packet *out)
{
	uint16_t offset;

	*next = cur_u8(c);
	cur_u8(c);
	offset = cur_u16(c);
	out->fragment.id = cur_u32(c);
	out->fragment.offset = offset & 0xfff8;
	out->fragment.more = offset & 1;
	return !out->fragment.offset && !out->fragment.more;
}

enum net_result ipv6_extensions_decode(struct net_packet *out)
{
	while (ipv6_is_extension(out->protocol)) {
		struct cursor c = out->payload;
		uint8_t type = out->protocol, next;
		bool whole = true;

		if (!net_count_header(out))
			return NET_TOO_DEEP;
		if (type == EXTENSION_FRAGMENT)
			whole = read_fragment(&c, &next, out);
		else
			read_extension(type, &c, &next);
		if (c.state != CUR_OK)
			return net_failed(&c);
		if (type == EXTENSION_MOBILITY && next == NO_NEXT_HEADER) /* RFC 6275 6.1.1: a message of its own */
			return NET_IP;
		out->protocol = next;
		out->payload = c;
		if (!whole)
			return NET_FRAGMENT;
	}
	return ip_payload_decode(out);
}

enum net_result ah_decode(struct cursor c, struct net_packet *out)
{
	uint8_t next;

	if (!read_extension(EXTENSION_AUTHENTICATION, &c, &next))
		return net_failed(&c);
	out->protocol = next;
	out->payload = c;
	return ip_payload_decode(out);
}

enum net_result ipv6_decode(struct cursor c, struct net_packet *out)
{
	const uint8_t *h = cur_take(&c, IPV6_HEADER_SIZE);
	uint16_t payload_size;

	if (!h)
		return net_failed(&c);
	if (h[0] >> 4 != 6) /* 3 */
		return NET_MALFORMED;
	ip_enter(out, 6, h);
	payload_size = net_get_u16(h + 4);
	out->protocol = h[6];
	out->ttl = h[7];
	memcpy(out->source.bytes, h + 8, 16);
	memcpy(out->destination.bytes, h + 24, 16);
	/* 0 is a jumbogram (RFC 2675), or segmentation offload, unless nothing follows by intention. */
	out->jumbo_guess = payload_size == 0 && out->protocol != NO_NEXT_HEADER;
	if (!out->jumbo_guess)
		ip_limit(&c, payload_size, out);
	out->payload = c;
	return ip_payload_decode(out);
}
