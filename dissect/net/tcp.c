/*
 * RFC 9293 3.1 and 3.2.
 */
#include "dissect/net/net.h"

enum { TCP_HEADER_MIN = 20, HEADER_SIZE_AT = 12 };

/* IANA "TCP Option Kind Numbers". */
enum tcp_option {
	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_MSS = 2,
	OPTION_WINDOW_SCALE = 3,
	OPTION_SACK_PERMITTED = 4,
	OPTION_SACK = 5,
	OPTION_TIMESTAMPS = 8
};

enum { WINDOW_SCALE_MAX = 14 }; /* RFC 7323 2.3: larger ones mean this */

static uint16_t get_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void read_option(uint8_t kind, struct cursor body, struct tcp_segment *out)
{
	size_t size = cur_left(&body);

	if (kind == OPTION_MSS && size == 2) {
		out->mss = cur_u16(&body);
	} else if (kind == OPTION_WINDOW_SCALE && size == 1) {
		uint8_t shift = cur_u8(&body);

		out->window_scale = (int8_t)(shift < WINDOW_SCALE_MAX ? shift : WINDOW_SCALE_MAX);
	} else if (kind == OPTION_SACK_PERMITTED && size == 0) {
		out->sack_permitted = true;
	} else if (kind == OPTION_SACK && size >= 8 && size % 8 == 0) {
		for (out->sack_count = 0; out->sack_count < 2 && cur_left(&body); out->sack_count++) {
			out->sack[out->sack_count].left = cur_u32(&body);
			out->sack[out->sack_count].right = cur_u32(&body);
		}
	} else if (kind == OPTION_TIMESTAMPS && size == 8) {
		out->has_timestamps = true;
		out->timestamp_value = cur_u32(&body);
		out->timestamp_echo = cur_u32(&body);
	}
}

/* What nearly every segment has (RFC 7323 appendix A): timestamps after two NOPs, in 12 bytes. */
static bool read_lone_timestamps(struct cursor c, struct tcp_segment *out)
{
	const uint8_t *h = cur_left(&c) == 12 ? cur_take(&c, 12) : NULL;

	if (!h || get_u32(h) != (OPTION_NOP << 24 | OPTION_NOP << 16 | OPTION_TIMESTAMPS << 8 | 10))
		return false;
	out->has_timestamps = true;
	out->timestamp_value = get_u32(h + 4);
	out->timestamp_echo = get_u32(h + 8);
	return true;
}

/* An option with a wrong length ends the list and leaves the segment as good as it was (RFC 9293 3.1, MUST-7). */
static void read_options(struct cursor c, struct tcp_segment *out)
{
	while (cur_left(&c)) {
		uint8_t kind = cur_u8(&c), length;
		struct cursor body;

		if (kind == OPTION_END)
			return;
		if (kind == OPTION_NOP)
			continue;
		length = cur_u8(&c);
		if (length < 2)
			return;
		body = cur_sub(&c, length - 2u);
		if (c.state != CUR_OK)
			return;
		read_option(kind, body, out);
	}
}

/* Sequence numbers wrap: they are compared by their distance (RFC 9293 3.4). */
static bool not_beyond(uint32_t a, uint32_t b)
{
	return (int32_t)(b - a) >= 0;
}

bool tcp_reports_duplicate(const struct tcp_segment *segment)
{
	if (!segment->sack_count)
		return false;
	return not_beyond(segment->sack[0].right, segment->acknowledgment) ||
	       (segment->sack_count == 2 && not_beyond(segment->sack[1].left, segment->sack[0].left) &&
		not_beyond(segment->sack[0].right, segment->sack[1].right));
}

/* RFC 1071: 16-bit words in network byte order, the last one filled up with a zero. */
static uint32_t add_words(uint32_t sum, const uint8_t *bytes, size_t size)
{
	for (; size >= 2; size -= 2, bytes += 2)
		sum += (uint32_t)(bytes[0] << 8 | bytes[1]);
	return size ? sum + (uint32_t)(bytes[0] << 8) : sum;
}

static uint16_t fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(sum + (sum >> 16));
}

bool tcp_is_damaged(const struct net_packet *packet)
{
	enum { CHECKSUM_AT = 16 };
	const size_t size = cur_left(&packet->payload), address_size = packet->ip_version == 4 ? 4 : 16;
	const uint8_t *segment = packet->payload.at;
	uint32_t pseudo = IP_PROTOCOL_TCP; /* RFC 9293 3.1, RFC 8200 8.1; without the length */
	uint16_t checksum;

	if (packet->payload.cut || size < TCP_HEADER_MIN)
		return false;
	pseudo = add_words(pseudo, packet->source.bytes, address_size);
	pseudo = add_words(pseudo, packet->destination.bytes, address_size);
	if (fold(add_words(pseudo + (uint32_t)size, segment, size)) == 0xffff)
		return false;
	checksum = (uint16_t)(segment[CHECKSUM_AT] << 8 | segment[CHECKSUM_AT + 1]);
	return checksum != 0 && checksum != fold(pseudo + (uint32_t)size) && checksum != fold(pseudo);
}

/* What is there of a header without options that was cut. */
static enum cur_state read_cut_header(struct cursor c, struct tcp_segment *out)
{
	const struct cursor whole = c;

	out->source_port = cur_u16(&c);
	out->destination_port = cur_u16(&c);
	out->sequence = cur_u32(&c);
	out->acknowledgment = cur_u32(&c);
	out->header_size = (uint8_t)((cur_u8(&c) >> 4) * 4);
	out->flags = cur_u8(&c);
	out->window = cur_u16(&c);
	cur_u16(&c);
	out->urgent = cur_u16(&c);
	if (cur_left(&whole) < HEADER_SIZE_AT + 1)
		return c.state;
	if (out->header_size < TCP_HEADER_MIN)
		return CUR_BAD;
	out->payload = whole;
	cur_skip(&out->payload, out->header_size);
	return out->payload.state != CUR_OK ? out->payload.state : c.state;
}

static void read_header(const uint8_t *h, struct tcp_segment *out)
{
	out->source_port = get_u16(h);
	out->destination_port = get_u16(h + 2);
	out->sequence = get_u32(h + 4);
	out->acknowledgment = get_u32(h + 8);
	out->header_size = (uint8_t)((h[HEADER_SIZE_AT] >> 4) * 4);
	out->flags = h[13];
	out->window = get_u16(h + 14);
	out->urgent = get_u16(h + 18);
}

enum cur_state tcp_read(struct cursor c, struct tcp_segment *out)
{
	const uint8_t *header = cur_left(&c) < TCP_HEADER_MIN ? NULL : cur_take(&c, TCP_HEADER_MIN);
	struct cursor options;

	*out = (struct tcp_segment){ .window_scale = -1 };
	if (!header)
		return read_cut_header(c, out);
	read_header(header, out);
	if (out->header_size < TCP_HEADER_MIN)
		return CUR_BAD;
	options = cur_sub(&c, (size_t)out->header_size - TCP_HEADER_MIN);
	out->payload = c;
	if (c.state != CUR_OK)
		return c.state;
	if (!read_lone_timestamps(options, out))
		read_options(options, out);
	return options.cut ? CUR_CUT : CUR_OK;
}
