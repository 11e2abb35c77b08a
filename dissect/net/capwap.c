/*
 * CAPWAP data channel, RFC 5415 4.3, without DTLS.
 */
#include "dissect/net/decode.h"

enum { CAPWAP_HEADER_SIZE = 8, CLEAR = 0, BINDING_802_11 = 1 };
enum flag { FLAG_NATIVE = 0x01, FLAG_FRAGMENT = 0x80, FLAG_KEEPALIVE = 0x08 };
enum { FRAME_CONTROL_TYPE = 0x0f, FRAME_CONTROL_DATA = 0x08 };

/* Some controllers send the two bytes of the frame control field in the wrong order. */
static bool is_swapped(struct cursor c)
{
	const uint8_t *control = cur_take(&c, 2);

	return control && (control[0] & FRAME_CONTROL_TYPE) != FRAME_CONTROL_DATA &&
	       (control[1] & FRAME_CONTROL_TYPE) == FRAME_CONTROL_DATA;
}

/* PREAMBLE(8) | LENGTH(5) RADIO(5) BINDING(5) T F L W M K FLAGS(3) | FRAGMENT ID(16) | OFFSET(13) RESERVED(3) | … */
enum net_result capwap_decode(struct cursor c, struct net_packet *out)
{
	const uint8_t *h = cur_take(&c, CAPWAP_HEADER_SIZE);
	size_t length;

	if (!h || h[0] != CLEAR || (h[3] & (FLAG_FRAGMENT | FLAG_KEEPALIVE)))
		return NET_UNKNOWN;
	length = (size_t)(h[1] >> 3) * 4;
	if (length < CAPWAP_HEADER_SIZE)
		return NET_MALFORMED;
	if (!cur_take(&c, length - CAPWAP_HEADER_SIZE))
		return net_failed(&c);
	if (!(h[2] & FLAG_NATIVE))
		return net_next(NET_LINK_TYPE, LINKTYPE_ETHERNET, c, out);
	if ((h[2] >> 1 & 0x1f) != BINDING_802_11)
		return NET_UNKNOWN;
	return is_swapped(c) ? ieee80211_swapped_decode(c, out) : ieee80211_decode(c, out);
}
