/*
 * RFC 768.
 */
#include "dissect/net/net.h"

enum { UDP_HEADER_SIZE = 8 };

enum cur_state udp_read(struct cursor c, struct udp_datagram *out)
{
	uint16_t length;

	out->source_port = cur_u16(&c);
	out->destination_port = cur_u16(&c);
	length = cur_u16(&c);
	cur_u16(&c);
	out->payload = c;
	if (c.state != CUR_OK)
		return c.state;
	if (length == 0) /* a jumbogram (RFC 2675 4), or segmentation offload */
		return CUR_OK;
	if (length < UDP_HEADER_SIZE)
		return CUR_BAD;
	cur_limit(&out->payload, (size_t)length - UDP_HEADER_SIZE);
	return CUR_OK;
}
