/*
 * RFC 791.
 */
#include "dissect/net/decode.h"

enum { IPV4_HEADER_MIN = 20, MORE_FRAGMENTS = 0x2000, FRAGMENT_OFFSET = 0x1fff };

static void fill_address(const uint8_t *from, struct ip_address *to)
{
	*to = (struct ip_address){ 0 };
	memcpy(to->bytes, from, 4);
}

enum net_result ipv4_decode(struct cursor c, struct net_packet *out)
{
	const uint8_t *h = cur_take(&c, IPV4_HEADER_MIN);
	size_t header_size, total_size;
	uint16_t fragment;

	if (!h)
		return net_failed(&c);
	header_size = (size_t)(h[0] & 0x0f) * 4;
	total_size = net_get_u16(h + 2);
	if (h[0] >> 4 != 4 || header_size < IPV4_HEADER_MIN || (total_size && total_size < header_size)) /* 3.1 */
		return NET_MALFORMED;
	if (!cur_take(&c, header_size - IPV4_HEADER_MIN))
		return net_failed(&c);
	ip_enter(out, 4, h);
	out->ttl = h[8];
	out->protocol = h[9];
	fill_address(h + 12, &out->source);
	fill_address(h + 16, &out->destination);
	out->jumbo_guess = total_size == 0;
	if (total_size)
		ip_limit(&c, total_size - header_size, out);
	out->payload = c;
	fragment = net_get_u16(h + 6);
	if (fragment & (MORE_FRAGMENTS | FRAGMENT_OFFSET)) {
		out->fragment.id = net_get_u16(h + 4);
		out->fragment.offset = (uint32_t)(fragment & FRAGMENT_OFFSET) * 8;
		out->fragment.more = fragment & MORE_FRAGMENTS;
		return NET_FRAGMENT;
	}
	return out->protocol == IP_PROTOCOL_TCP ? NET_IP : ip_payload_decode(out); /* saves a call for most packets */
}
