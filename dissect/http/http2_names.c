#include "dissect/http/http2_names.h"

enum where { ON_STREAM, ON_CONNECTION, ANYWHERE };

/* What RFC 9113 6 and its extensions allow for a type. */
struct frame_rule {
	uint8_t type, flags;
	enum where where;
	uint32_t size_min, size_max, size_unit;
};

static const struct frame_rule frame_rules[] = {
	{ HTTP2_DATA, HTTP2_FLAG_END_STREAM | HTTP2_FLAG_PADDED, ON_STREAM, 0, UINT32_MAX, 1 },
	{ HTTP2_HEADERS, HTTP2_FLAG_END_STREAM | HTTP2_FLAG_END_HEADERS | HTTP2_FLAG_PADDED | HTTP2_FLAG_PRIORITY, ON_STREAM, 1,
	  UINT32_MAX, 1 },
	{ HTTP2_PRIORITY, 0, ON_STREAM, 5, 5, 1 },
	{ HTTP2_RST_STREAM, 0, ON_STREAM, 4, 4, 1 },
	{ HTTP2_SETTINGS, HTTP2_FLAG_ACK, ON_CONNECTION, 0, UINT32_MAX, 6 },
	{ HTTP2_PUSH_PROMISE, HTTP2_FLAG_END_HEADERS | HTTP2_FLAG_PADDED, ON_STREAM, 5, UINT32_MAX, 1 },
	{ HTTP2_PING, HTTP2_FLAG_ACK, ON_CONNECTION, 8, 8, 1 },
	{ HTTP2_GOAWAY, 0, ON_CONNECTION, 8, UINT32_MAX, 1 },
	{ HTTP2_WINDOW_UPDATE, 0, ANYWHERE, 4, 4, 1 },
	{ HTTP2_CONTINUATION, HTTP2_FLAG_END_HEADERS, ON_STREAM, 0, UINT32_MAX, 1 },
	{ HTTP2_ALTSVC, 0, ANYWHERE, 2, UINT32_MAX, 1 },
	{ HTTP2_ORIGIN, 0, ON_CONNECTION, 0, UINT32_MAX, 1 },
	{ HTTP2_PRIORITY_UPDATE, 0, ON_CONNECTION, 4, UINT32_MAX, 1 },
};

static const struct frame_rule *find_rule(uint8_t type)
{
	for (size_t i = 0; i < sizeof frame_rules / sizeof frame_rules[0]; i++)
		if (frame_rules[i].type == type)
			return &frame_rules[i];
	return NULL;
}

struct http2_frame http2_frame_read(struct cursor *c)
{
	struct http2_frame frame = { .size = cur_u24(c) };
	uint32_t stream;

	frame.type = cur_u8(c);
	frame.flags = cur_u8(c);
	stream = cur_u32(c);
	frame.reserved = stream >> 31;
	frame.stream = stream & INT32_MAX;
	return c->state == CUR_OK ? frame : (struct http2_frame){ 0 };
}

bool http2_frame_known(uint8_t type)
{
	return find_rule(type) != NULL;
}

/* Bytes before and behind the content, RFC 9113 6.1 and 6.2. */
static uint32_t smallest(const struct http2_frame *frame, const struct frame_rule *rule)
{
	return rule->size_min + ((frame->flags & rule->flags & HTTP2_FLAG_PADDED) ? 1 : 0) +
	       ((frame->flags & rule->flags & HTTP2_FLAG_PRIORITY) ? 5 : 0);
}

static bool stream_plausible(const struct http2_frame *frame, enum where where, enum http2_side from)
{
	if (where == ON_CONNECTION)
		return frame->stream == 0;
	if (frame->stream == 0)
		return where == ANYWHERE;
	/* RFC 9113 5.1.1: the client's streams are odd, and it sends no requests on others. */
	return frame->type != HTTP2_HEADERS || from != HTTP2_CLIENT || frame->stream % 2 == 1;
}

bool http2_frame_plausible(const struct http2_frame *frame, enum http2_side from, uint32_t max_size)
{
	const struct frame_rule *rule = find_rule(frame->type);

	if (!rule || frame->reserved || (frame->flags & ~rule->flags) || frame->size > max_size)
		return false;
	if (frame->size < smallest(frame, rule) || frame->size > rule->size_max || frame->size % rule->size_unit)
		return false;
	if (frame->type == HTTP2_SETTINGS && (frame->flags & HTTP2_FLAG_ACK) && frame->size)
		return false;
	return stream_plausible(frame, rule->where, from);
}

const char *http2_error_text(uint32_t error_code)
{
	static const char *const names[] = { /* RFC 9113 7 */
					     "NO_ERROR",
					     "PROTOCOL_ERROR",
					     "INTERNAL_ERROR",
					     "FLOW_CONTROL_ERROR",
					     "SETTINGS_TIMEOUT",
					     "STREAM_CLOSED",
					     "FRAME_SIZE_ERROR",
					     "REFUSED_STREAM",
					     "CANCEL",
					     "COMPRESSION_ERROR",
					     "CONNECT_ERROR",
					     "ENHANCE_YOUR_CALM",
					     "INADEQUATE_SECURITY",
					     "HTTP_1_1_REQUIRED"
	};

	return error_code < sizeof names / sizeof names[0] ? names[error_code] : NULL;
}
