/*
 * AYIYA, draft-massar-v6ops-ayiya-02 3.
 */
#include "dissect/net/decode.h"

/* IDENTITY LENGTH(4) TYPE(4) | SIGNATURE LENGTH(4) HASH(4) | AUTHENTICATION(4) OPERATION(4) | NEXT HEADER(8) | TIME(32) | … */
enum net_result ayiya_decode(struct cursor c, struct net_packet *out)
{
	enum { AYIYA_HEADER_SIZE = 8, OPERATION_FORWARD = 1, IDENTITY_LENGTH_MAX = 8 };
	const uint8_t *h = cur_take(&c, AYIYA_HEADER_SIZE);
	size_t identity, signature;

	if (!h || h[0] >> 4 > IDENTITY_LENGTH_MAX || (h[2] & 0x0f) != OPERATION_FORWARD)
		return NET_UNKNOWN;
	if (h[3] != IP_PROTOCOL_IPV6 && h[3] != IP_PROTOCOL_IPV4)
		return NET_UNKNOWN;
	identity = (size_t)1 << (h[0] >> 4);
	signature = (size_t)(h[1] >> 4) * 4;
	return cur_take(&c, identity + signature) ? net_next(NET_IP_PROTOCOL, h[3], c, out) : net_failed(&c);
}
