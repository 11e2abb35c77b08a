/*
 * LINKTYPE_NFLOG: messages of the Linux packet filter.
 */
#include "dissect/net/decode.h"

enum { ATTRIBUTE_HEADER_SIZE = 4, ATTRIBUTE_PAYLOAD = 9 }; /* NFULA_PAYLOAD of <linux/netfilter/nfnetlink_log.h> */
enum family { FAMILY_INET = 2, FAMILY_INET6 = 10 };

/* Attributes are in the byte order of the host that captured: the reading that fits is the right one. */
static bool read_attribute(struct cursor *c, uint16_t *type, struct cursor *body)
{
	size_t on_wire = cur_left_on_wire(c), length;
	const uint8_t *h = cur_take(c, ATTRIBUTE_HEADER_SIZE);
	bool little;

	if (!h)
		return false;
	length = net_get_u16_little(h);
	little = length >= ATTRIBUTE_HEADER_SIZE && length <= on_wire;
	if (!little)
		length = net_get_u16(h);
	if (length < ATTRIBUTE_HEADER_SIZE) {
		c->state = CUR_BAD;
		return false;
	}
	*type = little ? net_get_u16_little(h + 2) : net_get_u16(h + 2);
	*body = cur_sub(c, length - ATTRIBUTE_HEADER_SIZE);
	if (cur_left_on_wire(c) >= (-length & 3))
		cur_skip(c, -length & 3);
	return body->state == CUR_OK;
}

enum net_result nflog_decode(struct cursor c, struct net_packet *out)
{
	uint8_t family = cur_u8(&c), version = cur_u8(&c);
	struct cursor body;
	uint16_t type;

	cur_u16(&c);
	if (c.state == CUR_OK && version != 0)
		return NET_MALFORMED;
	while (cur_left_on_wire(&c) && read_attribute(&c, &type, &body)) {
		if (type != ATTRIBUTE_PAYLOAD)
			continue;
		if (family == FAMILY_INET)
			return net_next(NET_ETHERTYPE, ETHERTYPE_IPV4, body, out);
		if (family == FAMILY_INET6)
			return net_next(NET_ETHERTYPE, ETHERTYPE_IPV6, body, out);
		break;
	}
	return c.state == CUR_OK ? net_stop(NET_NOT_IP, NET_LINK_TYPE, LINKTYPE_NFLOG, out) : net_failed(&c);
}
