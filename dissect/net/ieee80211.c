/*
 * IEEE 802.11 data frames that are not encrypted.
 */
#include "dissect/net/decode.h"

/* 9.2.4.1: the frame control field, first byte and second byte. */
enum {
	VERSION = 0x03,
	TYPE = 0x0c,
	TYPE_DATA = 0x08,
	SUBTYPE_NO_DATA = 0x40,
	SUBTYPE_QOS = 0x80,
	TO_AND_FROM_DS = 0x03,
	MORE_FRAGMENTS = 0x04,
	PROTECTED = 0x40,
	ORDER = 0x80
};
enum {
	HEADER_SIZE = 24,
	ADDRESS_SIZE = 6,
	QOS_SIZE = 2,
	QOS_AMSDU = 0x80,
	HT_CONTROL_SIZE = 4,
	SEQUENCE_AT = 22,
	FRAGMENT_NUMBER = 0x0f
};
enum { SUBFRAME_HEADER_SIZE = 14 };

/* 9.3.2.2: several packets in a frame; the first one that holds IP stands for the frame. */
static enum net_result amsdu_decode(struct cursor c, struct net_packet *out)
{
	enum net_result result = NET_NOT_IP;

	for (int i = 0; i < (int)LIMIT_NESTING && cur_left_on_wire(&c); i++) {
		const uint8_t *h = cur_take(&c, SUBFRAME_HEADER_SIZE);
		size_t size = h ? net_get_u16(h + SUBFRAME_HEADER_SIZE - 2) : 0;
		struct cursor packet = cur_sub(&c, size);
		struct net_packet before = *out;

		if (c.state != CUR_OK)
			return net_failed(&c);
		result = llc_decode(packet, out);
		if (result == NET_IP || result == NET_FRAGMENT || result == NET_TOO_DEEP)
			return result;
		*out = before;
		if (cur_left_on_wire(&c))
			cur_skip(&c, -(SUBFRAME_HEADER_SIZE + size) & 3);
	}
	return net_stop(result, NET_LINK_TYPE, LINKTYPE_IEEE802_11, out);
}

static size_t mac_header_size(uint8_t type, uint8_t flags)
{
	size_t size = HEADER_SIZE;

	if ((flags & TO_AND_FROM_DS) == TO_AND_FROM_DS)
		size += ADDRESS_SIZE;
	if (type & SUBTYPE_QOS)
		size += QOS_SIZE + (flags & ORDER ? HT_CONTROL_SIZE : 0);
	return size;
}

/* Padded to 4 bytes, as Atheros chips do; control fields in the wrong byte order, as CAPWAP controllers do. */
enum layout { LAYOUT_PLAIN, LAYOUT_PADDED, LAYOUT_SWAPPED };

static enum net_result frame_decode(enum layout layout, struct cursor c, struct net_packet *out)
{
	struct cursor peek = c;
	const uint8_t *h = cur_take(&peek, 2);
	uint8_t type, flags, first = layout == LAYOUT_SWAPPED;
	size_t size, qos_at = HEADER_SIZE;

	if (!h)
		return net_failed(&peek);
	type = h[first];
	flags = h[!first];
	if ((type & VERSION) || (type & TYPE) != TYPE_DATA || (type & SUBTYPE_NO_DATA) || (flags & PROTECTED))
		return net_stop(NET_NOT_IP, NET_LINK_TYPE, LINKTYPE_IEEE802_11, out);
	size = mac_header_size(type, flags);
	h = cur_take(&c, layout == LAYOUT_PADDED ? (size + 3) / 4 * 4 : size);
	if (!h)
		return net_failed(&c);
	if ((flags & MORE_FRAGMENTS) || (h[SEQUENCE_AT + first] & FRAGMENT_NUMBER))
		return net_stop(NET_UNKNOWN, NET_LINK_TYPE, LINKTYPE_IEEE802_11, out);
	if ((flags & TO_AND_FROM_DS) == TO_AND_FROM_DS)
		qos_at += ADDRESS_SIZE;
	if ((type & SUBTYPE_QOS) && (h[qos_at] & QOS_AMSDU))
		return amsdu_decode(c, out);
	return llc_decode(c, out);
}

enum net_result ieee80211_decode(struct cursor c, struct net_packet *out)
{
	return frame_decode(LAYOUT_PLAIN, c, out);
}

enum net_result ieee80211_padded_decode(struct cursor c, struct net_packet *out)
{
	return frame_decode(LAYOUT_PADDED, c, out);
}

enum net_result ieee80211_swapped_decode(struct cursor c, struct net_packet *out)
{
	return frame_decode(LAYOUT_SWAPPED, c, out);
}
