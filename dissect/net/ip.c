/*
 * What IPv4 and IPv6 have in common: counting IP headers, and the way into tunnels.
 */
#include "dissect/net/decode.h"

/* RFC 9293, RFC 768: enough to see the ports. */
enum { UDP_HEADER_SIZE = 8 };

enum net_result ip_decode(struct cursor c, struct net_packet *out)
{
	struct cursor peek = c;
	uint8_t version = cur_u8(&peek) >> 4;

	if (peek.state != CUR_OK)
		return net_failed(&peek);
	if (!net_count_header(out))
		return NET_TOO_DEEP;
	if (version == 4)
		return ipv4_decode(c, out);
	if (version == 6)
		return ipv6_decode(c, out);
	return NET_MALFORMED;
}

bool ip_plausible(struct cursor c)
{
	size_t on_wire = cur_left_on_wire(&c);
	uint8_t first = net_peek_u8(c);
	const uint8_t *h = cur_take(&c, first >> 4 == 6 ? 40 : 20);

	if (!h)
		return false;
	if (first >> 4 == 6)
		return (size_t)net_get_u16(h + 4) + 40 <= on_wire;
	if (first >> 4 != 4 || (first & 0x0f) < 5)
		return false;
	return net_get_u16(h + 2) >= (first & 0x0f) * 4 && net_get_u16(h + 2) <= on_wire;
}

/* What a tunnel holds, or else the packet that carries it. */
static enum net_result enter_tunnel(const struct net_row *row, struct cursor inside, bool must_fit, struct net_packet *out)
{
	struct net_packet outer = *out;
	enum net_result result = net_count_header(out) ? row->decode(inside, out) : NET_TOO_DEEP;

	if (result == NET_TOO_DEEP)
		return result;
	if ((result == NET_IP || result == NET_FRAGMENT) && (!must_fit || !out->length_beyond_frame))
		return result;
	*out = outer;
	return NET_IP;
}

static enum net_result udp_payload_decode(struct net_packet *out)
{
	struct cursor c = out->payload;
	const uint8_t *h = cur_take(&c, UDP_HEADER_SIZE);
	const struct net_row *row;
	struct udp_datagram datagram;

	if (!h)
		return NET_IP;
	row = net_row_find(NET_UDP_PORT, net_get_u16(h + 2));
	if (!row) /* some tunnels answer from the port that they were spoken to */
		row = net_row_find(NET_UDP_PORT, net_get_u16(h));
	if (!row || udp_read(out->payload, &datagram) != CUR_OK)
		return NET_IP;
	return enter_tunnel(row, datagram.payload, true, out);
}

enum net_result ip_payload_decode(struct net_packet *out)
{
	const struct net_row *row;

	if (out->protocol == IP_PROTOCOL_TCP)
		return NET_IP;
	if (out->protocol == IP_PROTOCOL_UDP)
		return udp_payload_decode(out);
	if (out->ip_version == 6 && ipv6_is_extension(out->protocol))
		return ipv6_extensions_decode(out);
	row = net_row_find(NET_IP_PROTOCOL, out->protocol);
	if (!row || !row->decode)
		return NET_IP;
	return enter_tunnel(row, out->payload, false, out);
}
