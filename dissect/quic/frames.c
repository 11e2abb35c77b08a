#include "dissect/quic/packet.h"

/* RFC 9000 12.4: those that Initial and Handshake packets may have. */
enum { PADDING = 0x00, PING = 0x01, ACK = 0x02, ACK_ECN = 0x03, CRYPTO = 0x06, CLOSE = 0x1c, CLOSE_BY_APPLICATION = 0x1d };

static struct bytes take_counted(struct cursor *frames)
{
	uint64_t size = quic_read_varint(frames);
	const uint8_t *at = cur_take(frames, size > SIZE_MAX ? SIZE_MAX : (size_t)size);

	return at ? (struct bytes){ at, (size_t)size } : (struct bytes){ NULL, 0 };
}

/* RFC 9000 19.3 */
static void skip_ack(struct cursor *frames, bool has_ecn)
{
	uint64_t ranges;

	(void)quic_read_varint(frames); /* largest acknowledged */
	(void)quic_read_varint(frames); /* delay */
	ranges = quic_read_varint(frames);
	(void)quic_read_varint(frames); /* first range */
	while (ranges-- > 0 && frames->state == CUR_OK) {
		(void)quic_read_varint(frames);
		(void)quic_read_varint(frames);
	}
	for (int i = 0; has_ecn && i < 3; i++)
		(void)quic_read_varint(frames);
}

static struct quic_close read_close(struct cursor *frames, bool by_application)
{
	struct quic_close close = { .by_application = by_application, .code = quic_read_varint(frames) };

	if (!by_application)
		(void)quic_read_varint(frames); /* type of the frame that was the trouble */
	close.reason = take_counted(frames);
	return close;
}

struct quic_frame quic_next_frame(struct cursor *frames)
{
	struct quic_frame frame = { .type = QUIC_FRAME_NONE };

	while (frame.type == QUIC_FRAME_NONE && frames->state == CUR_OK && cur_left(frames) > 0) {
		uint64_t type = quic_read_varint(frames);

		switch (type) {
		case PADDING:
		case PING:
			break;
		case ACK:
		case ACK_ECN:
			skip_ack(frames, type == ACK_ECN);
			frame.type = QUIC_FRAME_ACK;
			break;
		case CRYPTO:
			frame.offset = quic_read_varint(frames);
			frame.data = take_counted(frames);
			frame.type = QUIC_FRAME_CRYPTO;
			break;
		case CLOSE:
		case CLOSE_BY_APPLICATION:
			frame.close = read_close(frames, type == CLOSE_BY_APPLICATION);
			frame.type = QUIC_FRAME_CLOSE;
			break;
		default:
			frames->state = CUR_BAD;
		}
	}
	if (frames->state != CUR_OK)
		frame.type = QUIC_FRAME_NONE;
	return frame;
}
