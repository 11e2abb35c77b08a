/*
 * What capture programs put in front of IEEE 802.11 frames.
 */
#include "dissect/net/decode.h"

enum { AVS_COOKIE = 0x80211000, AVS_COOKIE_MASK = 0xfffff000, PRISM_HEADER_SIZE = 144 };

/* Skips the rest of a header of `length` bytes, of which `read` are behind. */
static enum net_result skip_header(size_t length, size_t read, bool padded, struct cursor c, struct net_packet *out)
{
	if (length < read)
		return NET_MALFORMED;
	if (!cur_take(&c, length - read))
		return net_failed(&c);
	return padded ? ieee80211_padded_decode(c, out) : ieee80211_decode(c, out);
}

/* VERSION(8) | PAD(8) | LENGTH(16) | PRESENT(32)… | fields; bit 31 of a PRESENT says that another follows. */
enum net_result radiotap_decode(struct cursor c, struct net_packet *out)
{
	enum { PRESENT_TSFT = 1, PRESENT_FLAGS = 2, FLAG_DATA_PADDED = 0x20, TSFT_SIZE = 8 };
	struct cursor header = c;
	const uint8_t *h = cur_take(&header, 8);
	uint32_t present, more;
	size_t length, at = 8;
	uint8_t flags;

	if (!h)
		return net_failed(&header);
	length = net_get_u16_little(h + 2);
	present = more = net_get_u32_little(h + 4);
	if (h[0] != 0 || length < 8)
		return NET_MALFORMED;
	cur_limit(&header, length - 8);
	for (; more >> 31; at += 4) {
		const uint8_t *p = cur_take(&header, 4);

		more = p ? net_get_u32_little(p) : 0;
	}
	if (present & PRESENT_TSFT)
		cur_take(&header, TSFT_SIZE + (-at & 7));
	flags = present & PRESENT_FLAGS ? cur_u8(&header) : 0;
	return skip_header(length, 0, flags & FLAG_DATA_PADDED, c, out);
}

/* COOKIE(32) | LENGTH(32) | …, big endian. */
enum net_result avs_decode(struct cursor c, struct net_packet *out)
{
	uint32_t cookie = cur_u32(&c), length = cur_u32(&c);

	if (c.state != CUR_OK)
		return net_failed(&c);
	if ((cookie & AVS_COOKIE_MASK) != AVS_COOKIE)
		return NET_MALFORMED;
	return skip_header(length, 8, false, c, out);
}

/* Some drivers write AVS headers under Prism's link type. */
enum net_result prism_decode(struct cursor c, struct net_packet *out)
{
	struct cursor peek = c;
	uint32_t cookie = cur_u32(&peek);

	if (peek.state != CUR_OK)
		return net_failed(&peek);
	if ((cookie & AVS_COOKIE_MASK) == AVS_COOKIE)
		return avs_decode(c, out);
	return skip_header(PRISM_HEADER_SIZE, 0, false, c, out);
}

/* VERSION(8) | FLAGS(8) | LENGTH(16) | LINK TYPE(32) | fields, little endian. */
enum net_result ppi_decode(struct cursor c, struct net_packet *out)
{
	const uint8_t *h = cur_take(&c, 8);
	size_t length;

	if (!h)
		return net_failed(&c);
	length = net_get_u16_little(h + 2);
	if (h[0] != 0 || length < 8)
		return NET_MALFORMED;
	return cur_take(&c, length - 8) ? net_next(NET_LINK_TYPE, net_get_u32_little(h + 4), c, out) : net_failed(&c);
}
