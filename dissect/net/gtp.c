/*
 * GTP-U version 1, 3GPP TS 29.281 5.
 */
#include "dissect/net/decode.h"

enum gtp_flag { GTP_VERSION = 0xe0, GTP_VERSION_1 = 0x20, GTP_PROTOCOL_TYPE = 0x10, GTP_EXTENSIONS = 0x04, GTP_OPTIONAL = 0x07 };
enum { GTP_HEADER_SIZE = 8, GTP_OPTIONAL_SIZE = 4, GTP_G_PDU = 255, EXTENSIONS_MAX = 16 };

/* 5.2.1: a length in words of 4 bytes, contents, the type of the next extension. */
static bool skip_extensions(struct cursor *c, uint8_t type)
{
	for (int i = 0; type != 0; i++) {
		size_t size = (size_t)cur_u8(c) * 4;
		const uint8_t *body = size && i < EXTENSIONS_MAX ? cur_take(c, size - 1) : NULL;

		if (!body)
			return false;
		type = body[size - 2];
	}
	return true;
}

/* FLAGS(8) | MESSAGE TYPE(8) | LENGTH(16) | TUNNEL(32) | SEQUENCE(16) | N-PDU(8) | NEXT EXTENSION(8). */
enum net_result gtp_decode(struct cursor c, struct net_packet *out)
{
	const uint8_t *h = cur_take(&c, GTP_HEADER_SIZE), *optional;

	if (!h || (h[0] & GTP_VERSION) != GTP_VERSION_1 || !(h[0] & GTP_PROTOCOL_TYPE) || h[1] != GTP_G_PDU)
		return NET_UNKNOWN;
	if (net_get_u16(h + 2) > cur_left_on_wire(&c))
		return NET_MALFORMED;
	cur_limit(&c, net_get_u16(h + 2));
	if (h[0] & GTP_OPTIONAL) {
		optional = cur_take(&c, GTP_OPTIONAL_SIZE);
		if (!optional)
			return net_failed(&c);
		if ((h[0] & GTP_EXTENSIONS) && !skip_extensions(&c, optional[3]))
			return NET_MALFORMED;
	}
	return ip_decode(c, out);
}
