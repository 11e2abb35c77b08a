#include "dissect/quic/packet.h"

enum { LONG_HEADER = 0x80, TYPE_SHIFT = 4, TYPE_MASK = 3 };

uint64_t quic_read_varint(struct cursor *c)
{
	uint64_t value = cur_u8(c);
	unsigned more = (1U << (value >> 6)) - 1;

	value &= 0x3f;
	while (more-- > 0) {
		uint8_t next = cur_u8(c);

		value = value << 8 | next;
	}
	return c->state == CUR_OK ? value : 0;
}

static struct bytes take(struct cursor *c, uint64_t size)
{
	const uint8_t *at = cur_take(c, size > SIZE_MAX ? SIZE_MAX : (size_t)size);

	return at ? (struct bytes){ at, (size_t)size } : (struct bytes){ NULL, 0 };
}

/* RFC 8999 5.1 lets connection IDs of other versions be longer than those of the versions that are read. */
static struct bytes read_cid(struct cursor *c, bool limited)
{
	uint8_t size = cur_u8(c);

	if (limited && size > QUIC_CID_MAX && c->state == CUR_OK)
		c->state = CUR_BAD;
	return take(c, size);
}

static enum quic_packet_type type_of(const struct quic_version *version, uint8_t first)
{
	static const enum quic_packet_type types[2][4] = {
		{ QUIC_INITIAL, QUIC_0RTT, QUIC_HANDSHAKE, QUIC_RETRY },
		{ QUIC_RETRY, QUIC_INITIAL, QUIC_0RTT, QUIC_HANDSHAKE }, /* RFC 9369 3.2 */
	};

	return types[version->is_v2][first >> TYPE_SHIFT & TYPE_MASK];
}

/* RFC 9000 17.2.5: the token, and the tag. */
static void read_retry(struct cursor *c, const uint8_t *begin, struct quic_header *out)
{
	size_t left = cur_left_on_wire(c);

	if (left < QUIC_TAG) {
		c->state = CUR_BAD;
		return;
	}
	out->token = take(c, left - QUIC_TAG);
	out->head = (struct bytes){ begin, (size_t)(c->at - begin) };
	out->protected = take(c, QUIC_TAG);
}

/* RFC 9000 17.2.2 to 17.2.4 */
static void read_protected(struct cursor *c, const uint8_t *begin, struct quic_header *out)
{
	uint64_t length;

	if (out->type == QUIC_INITIAL) {
		uint64_t token_length = quic_read_varint(c);

		out->token = take(c, token_length);
	}
	length = quic_read_varint(c);
	out->head = (struct bytes){ begin, (size_t)(c->at - begin) };
	out->protected = take(c, length);
}

enum cur_state quic_read_header(struct cursor *datagram, struct quic_header *out)
{
	const uint8_t *begin = datagram->at;
	uint8_t first = cur_u8(datagram);

	memset(out, 0, sizeof(*out));
	out->number = cur_u32(datagram);
	if (datagram->state == CUR_OK && !(first & LONG_HEADER))
		datagram->state = CUR_BAD;
	out->version = quic_version_find(out->number);
	out->dcid = read_cid(datagram, out->version != NULL);
	out->scid = read_cid(datagram, out->version != NULL);
	if (datagram->state != CUR_OK)
		return datagram->state;
	if (!out->version) { /* nobody knows how long it is */
		out->type = out->number == 0 ? QUIC_VERSION_NEGOTIATION : QUIC_OTHER;
		out->versions = out->number == 0 ? cur_rest(datagram) : (struct bytes){ NULL, 0 };
		datagram->at = datagram->end;
		return CUR_OK;
	}
	out->type = type_of(out->version, first);
	if (out->type == QUIC_RETRY)
		read_retry(datagram, begin, out);
	else
		read_protected(datagram, begin, out);
	return datagram->state;
}
