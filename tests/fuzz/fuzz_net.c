/*
 * One frame.  The low 9 bits of the first two bytes are the link type, the others say how much the snaplen cut.
 */
#include "dissect/net/net.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

/* The payload must lie in the frame, to the last byte. */
static void touch(const struct net_packet *packet, const uint8_t *data, size_t size)
{
	struct cursor c = packet->payload;
	struct tcp_segment segment;
	struct udp_datagram datagram;
	struct icmp_message message;
	struct net_packet quoted;

	if (cur_left(&c) && (c.at < data || c.end > data + size))
		abort();
	(void)tcp_read(c, &segment);
	(void)udp_read(c, &datagram);
	if (icmp_read(packet->ip_version, c, &message) == CUR_OK && message.is_error)
		(void)net_decode_quoted(packet->ip_version, message.quoted, &quoted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct net_packet packet;
	enum net_result result;
	char text[64];

	if (size < 2)
		return 0;
	result = net_decode((data[0] & 1u) << 8 | data[1], cur_of(data + 2, size - 2, data[0] >> 1), &packet);
	if (result == NET_IP || result == NET_FRAGMENT) {
		touch(&packet, data + 2, size - 2);
		if (packet.ip_version != 4 && packet.ip_version != 6)
			abort();
	} else if (!net_unknown_text(packet.unknown.registry, packet.unknown.number, text)[0]) {
		abort();
	}
	if (result == NET_FRAGMENT)
		(void)net_decode_payload(&packet);
	return 0;
}
