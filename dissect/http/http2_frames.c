#include "dissect/http/http2_session.h"

/* A buffer that one large frame or header block has made larger than this is not kept. */
enum { GATHERED_KEEP = 16 * 1024 };

#define WRONG_SIZE "the size of a frame does not fit its content"

static void lose_frame(struct http2_session *session, struct http2_direction *direction)
{
	direction->missed = true;
	http2_flow_lose(session);
}

/* A frame of a fixed size.  False if it has another one, or is cut. */
static bool check_end(struct http2_session *session, struct http2_direction *direction, const struct cursor *c)
{
	if (c->state == CUR_BAD || (c->state == CUR_OK && cur_left_on_wire(c))) {
		http2_give_up(session, direction, WRONG_SIZE);
		return false;
	}
	if (c->state == CUR_CUT)
		lose_frame(session, direction);
	return c->state == CUR_OK;
}

/* ---- streams ---- */

static void end_half(struct http2_session *session, struct http2_direction *direction, struct http2_stream *stream)
{
	stream->half[direction->side].ended = true;
	http2_flow_ended(session, direction, stream);
	if (stream->half[HTTP2_CLIENT].ended && stream->half[HTTP2_SERVER].ended)
		http2_streams_close(&session->streams, stream);
}

void http2_frame_data_end(struct http2_session *session, struct http2_direction *direction)
{
	const struct http2_frame *frame = &direction->frame;
	struct http2_stream *stream = http2_streams_find(&session->streams, frame->stream);
	bool last = frame->flags & HTTP2_FLAG_END_STREAM;

	http2_flow_sent(session, direction, stream, frame->size, !last);
	if (!last)
		return;
	session->events->end(session->context, direction->side, frame->stream);
	if (stream)
		end_half(session, direction, stream);
}

/* ---- heads ---- */

static bool has_pseudo(const struct http2_head *head)
{
	return head->method.at || head->scheme.at || head->authority.at || head->path.at || head->protocol.at || head->status;
}

/* `orphan`: the beginning of the stream may have been missed. */
static bool is_trailer(const struct http2_half *half, const struct http2_head *head, enum http2_lead lead, bool orphan)
{
	if (half->final_head == HTTP2_FINAL_SEEN)
		return true;
	if (lead == HTTP2_LEAD_PSEUDO || has_pseudo(head) || !head->end_stream)
		return false;
	if (half->final_head == HTTP2_FINAL_UNSURE)
		return true;
	return orphan && lead == HTTP2_LEAD_REGULAR; /* RFC 9113 8.3: pseudo fields come first */
}

static void note_head(struct http2_half *half, const struct http2_head *head)
{
	if (head->is_trailer || head->status / 100 == 1)
		return;
	half->final_head = head->from == HTTP2_SERVER && !head->status && head->partial ? HTTP2_FINAL_UNSURE : HTTP2_FINAL_SEEN;
}

static void hand_out_head(struct http2_session *session, struct http2_direction *direction, struct http2_head *head,
			  enum http2_lead lead)
{
	struct http2_stream *stream = http2_streams_open(&session->streams, head->stream, session->hits);
	struct http2_half *half = &stream->half[direction->side];

	head->is_trailer = is_trailer(half, head, lead, direction->missed || session->streams.forgotten);
	note_head(half, head);
	session->events->head(session->context, head);
	if (head->end_stream) {
		session->events->end(session->context, direction->side, head->stream);
		end_half(session, direction, stream);
	} else if (half->final_head != HTTP2_FINAL_NONE) {
		http2_flow_sent(session, direction, stream, 0, true); /* the window may be 0 from the beginning */
	}
}

static void hand_out_push(struct http2_session *session, struct http2_direction *direction, const struct http2_head *head,
			  uint32_t promised)
{
	struct http2_stream *stream = http2_streams_open(&session->streams, promised, session->hits);

	stream->half[HTTP2_CLIENT].final_head = HTTP2_FINAL_SEEN;
	end_half(session, &session->direction[HTTP2_CLIENT], stream);
	session->events->push(session->context, direction->frame.stream, promised, head);
}

static void finish_block(struct http2_session *session, struct http2_direction *direction, struct bytes text)
{
	struct http2_block *block = &direction->block;
	struct http2_head head = { .from = direction->side, .end_stream = block->end_stream };
	enum http2_lead lead;

	head.stream = block->promised ? block->promised : block->stream;
	lead = http2_headers_read(direction->headers, text, block->cut, &head);
	block->open = false;
	if (block->promised)
		hand_out_push(session, direction, &head, block->promised);
	else
		hand_out_head(session, direction, &head, lead);
	if (block->gathered.capacity > GATHERED_KEEP)
		buffer_free(&block->gathered);
	else
		buffer_clear(&block->gathered);
}

void http2_frames_cut_block(struct http2_session *session, struct http2_direction *direction)
{
	struct http2_block *block = &direction->block;

	if (!block->open)
		return;
	block->cut = true;
	finish_block(session, direction, (struct bytes){ block->gathered.at, block->gathered.size });
}

/* The bytes of a fragment for which there is room; the block is cut behind them if that is not all. */
static struct bytes limit_fragment(struct http2_session *session, struct http2_direction *direction, const struct cursor *c)
{
	struct http2_block *block = &direction->block;
	struct bytes piece = cur_rest(c);
	size_t room = LIMIT_HTTP_HEAD - block->gathered.size;

	if (block->cut)
		return (struct bytes){ NULL, 0 };
	if (piece.size > room) {
		http2_too_long(session, direction);
		piece.size = room;
		block->cut = true;
	}
	block->cut = block->cut || c->cut || c->state == CUR_CUT;
	return piece;
}

static void add_fragment(struct http2_session *session, struct http2_direction *direction, const struct cursor *c)
{
	struct http2_block *block = &direction->block;
	bool last = direction->frame.flags & HTTP2_FLAG_END_HEADERS;
	struct bytes piece;

	if (c->state == CUR_BAD) {
		http2_give_up(session, direction, WRONG_SIZE);
		return;
	}
	piece = limit_fragment(session, direction, c);
	if (last && !block->gathered.size) {
		finish_block(session, direction, piece);
		return;
	}
	buffer_add(&block->gathered, piece.at, piece.size); /* holds: limit_fragment() has left it room */
	if (last)
		finish_block(session, direction, (struct bytes){ block->gathered.at, block->gathered.size });
}

static void begin_block(struct http2_direction *direction, bool end_stream, uint32_t promised)
{
	struct http2_block *block = &direction->block;

	block->open = true;
	block->cut = false;
	block->end_stream = end_stream;
	block->stream = direction->frame.stream;
	block->promised = promised;
}

static uint8_t read_pad_length(const struct http2_direction *direction, struct cursor *c)
{
	return direction->frame.flags & HTTP2_FLAG_PADDED ? cur_u8(c) : 0;
}

static void strip_padding(struct cursor *c, uint8_t padding)
{
	size_t size = cur_left_on_wire(c);

	if (c->state != CUR_OK)
		return;
	if (padding > size)
		c->state = CUR_BAD;
	else
		cur_limit(c, size - padding);
}

/* ---- one function per type, RFC 9113 6 ---- */

static void read_headers(struct http2_session *session, struct http2_direction *direction, struct cursor *c)
{
	uint8_t padding = read_pad_length(direction, c);

	if (direction->frame.flags & HTTP2_FLAG_PRIORITY)
		cur_skip(c, 5);
	strip_padding(c, padding);
	begin_block(direction, direction->frame.flags & HTTP2_FLAG_END_STREAM, 0);
	add_fragment(session, direction, c);
}

static void read_push_promise(struct http2_session *session, struct http2_direction *direction, struct cursor *c)
{
	uint8_t padding = read_pad_length(direction, c);
	uint32_t promised = cur_u32(c) & INT32_MAX;

	if (direction->side == HTTP2_CLIENT) {
		http2_give_up(session, direction, "a PUSH_PROMISE of the client");
		return;
	}
	if (c->state == CUR_OK && (!promised || promised % 2)) { /* RFC 9113 5.1.1 */
		http2_give_up(session, direction, "a PUSH_PROMISE of a stream that is not the server's");
		return;
	}
	if (c->state == CUR_CUT) {
		http2_headers_lose(direction->headers);
		lose_frame(session, direction);
		return;
	}
	strip_padding(c, padding);
	begin_block(direction, false, promised);
	add_fragment(session, direction, c);
}

static void read_continuation(struct http2_session *session, struct http2_direction *direction, struct cursor *c)
{
	if (direction->block.open)
		add_fragment(session, direction, c);
	else /* what it continues was missed */
		http2_headers_lose(direction->headers);
}

static void read_rst_stream(struct http2_session *session, struct http2_direction *direction, struct cursor *c)
{
	uint32_t error_code = cur_u32(c);
	struct http2_stream *stream = http2_streams_find(&session->streams, direction->frame.stream);

	if (!check_end(session, direction, c))
		return;
	session->events->reset(session->context, direction->side, direction->frame.stream, error_code);
	if (!stream)
		return;
	end_half(session, direction, stream);
	end_half(session, http2_peer(session, direction), stream);
}

static void apply_setting(struct http2_direction *peer, uint16_t id, uint32_t value)
{
	if (id == HTTP2_SETTINGS_MAX_FRAME_SIZE) {
		peer->max_frame = value;
	} else if (id == HTTP2_SETTINGS_INITIAL_WINDOW_SIZE && value <= INT32_MAX) {
		peer->initial_window = value;
	}
}

static void read_settings(struct http2_session *session, struct http2_direction *direction, struct cursor *c)
{
	struct http2_direction *peer = http2_peer(session, direction);

	if (direction->frame.flags & HTTP2_FLAG_ACK) {
		(void)check_end(session, direction, c);
		return;
	}
	while (c->state == CUR_OK && cur_left_on_wire(c)) {
		uint16_t id = cur_u16(c);
		uint32_t value = cur_u32(c);

		if (c->state == CUR_OK)
			apply_setting(peer, id, value);
	}
	peer->initial_window_known = true;
	(void)check_end(session, direction, c);
}

static void read_goaway(struct http2_session *session, struct http2_direction *direction, struct cursor *c)
{
	uint32_t last_stream = cur_u32(c) & INT32_MAX;
	uint32_t error_code = cur_u32(c);

	if (c->state == CUR_OK)
		session->events->goaway(session->context, direction->side, last_stream, error_code, cur_rest(c));
	else
		(void)check_end(session, direction, c);
}

static void read_window_update(struct http2_session *session, struct http2_direction *direction, struct cursor *c)
{
	struct http2_direction *sender = http2_peer(session, direction);
	uint32_t id = direction->frame.stream, increment = cur_u32(c) & INT32_MAX;
	struct http2_stream *stream = http2_streams_find(&session->streams, id);

	if (check_end(session, direction, c) && session->windows_known && (stream || id == 0))
		http2_flow_opened(session, sender, stream, increment);
}

/* ---- dispatch ---- */

static void (*const readers[])(struct http2_session *session, struct http2_direction *direction, struct cursor *c) = {
	[HTTP2_HEADERS] = read_headers,           [HTTP2_RST_STREAM] = read_rst_stream, [HTTP2_SETTINGS] = read_settings,
	[HTTP2_PUSH_PROMISE] = read_push_promise, [HTTP2_GOAWAY] = read_goaway,         [HTTP2_WINDOW_UPDATE] = read_window_update,
	[HTTP2_CONTINUATION] = read_continuation,
};

bool http2_frame_wanted(uint8_t type)
{
	return type < sizeof readers / sizeof readers[0] && readers[type];
}

void http2_frame_payload(struct http2_session *session, struct http2_direction *direction, struct cursor payload)
{
	readers[direction->frame.type](session, direction, &payload);
	if (direction->gathered.capacity > GATHERED_KEEP)
		buffer_free(&direction->gathered);
	else
		buffer_clear(&direction->gathered);
}
