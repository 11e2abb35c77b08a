#include "dissect/http/http2_session.h"

#include <stdlib.h>

static const uint8_t preface[] = { 'P', 'R', 'I',  ' ',  '*',  ' ',  'H', 'T', 'T',  'P',  '/',  '2',
				   '.', '0', '\r', '\n', '\r', '\n', 'S', 'M', '\r', '\n', '\r', '\n' };

enum {
	/* When frames are looked for: */
	STREAM_STEP = 1 << 24, /* a stream that is further above the highest one is taken only if the slice fits to the last byte */
	FRAMES_CHECKED = 2,    /* of a slice */
	FRAMES_DOUBTED = 3     /* after the first */
};

static size_t smaller(size_t a, uint64_t b)
{
	return a < b ? a : (size_t)b;
}

enum cur_state http2_looks_like(struct bytes start)
{
	size_t n = smaller(start.size, sizeof preface);

	if (n && memcmp(start.at, preface, n) != 0)
		return CUR_BAD;
	return n == sizeof preface ? CUR_OK : CUR_CUT;
}

/* ---- the session ---- */

static void init_direction(struct http2_direction *direction, enum http2_side side, bool mid_connection, struct limit_hits *hits)
{
	direction->side = side;
	direction->state = side == HTTP2_CLIENT ? HTTP2_IN_PREFACE : HTTP2_IN_FRAME_HEADER;
	direction->gathered.max = direction->block.gathered.max = LIMIT_HTTP_HEAD;
	direction->headers = http2_headers_new(hits);
	direction->max_frame = HTTP2_DEFAULT_MAX_FRAME;
	direction->initial_window = 65535; /* RFC 9113 6.5.2 */
	direction->initial_window_known = true;
	if (mid_connection) {
		direction->state = HTTP2_RESYNC;
		direction->missed = true;
		direction->lost = UINT64_MAX;
	}
}

/* RFC 7540 3.2.  The client's settings are in its request, where only the HTTP/1 side sees them, and again in its preface. */
static void open_upgraded_stream(struct http2_session *session)
{
	struct http2_stream *stream = http2_streams_open(&session->streams, 1, session->hits);

	stream->half[HTTP2_CLIENT].final_head = HTTP2_FINAL_SEEN;
	stream->half[HTTP2_CLIENT].ended = true;
	session->highest_stream = 1;
	session->direction[HTTP2_SERVER].initial_window_known = false;
}

struct http2_session *http2_session_new(const struct http2_events *events, void *context, bool mid_connection, bool upgraded,
					struct limit_hits *hits)
{
	struct http2_session *session = nt_zalloc(sizeof *session);

	session->events = events;
	session->context = context;
	session->hits = hits;
	session->windows_known = !mid_connection;
	init_direction(&session->direction[HTTP2_CLIENT], HTTP2_CLIENT, mid_connection, hits);
	init_direction(&session->direction[HTTP2_SERVER], HTTP2_SERVER, mid_connection, hits);
	if (upgraded)
		open_upgraded_stream(session);
	return session;
}

static void free_direction(struct http2_direction *direction)
{
	buffer_free(&direction->gathered);
	buffer_free(&direction->block.gathered);
	http2_headers_free(direction->headers);
}

void http2_session_free(struct http2_session *session)
{
	if (!session)
		return;
	free_direction(&session->direction[HTTP2_CLIENT]);
	free_direction(&session->direction[HTTP2_SERVER]);
	http2_streams_free(&session->streams);
	free(session);
}

static void add_lost(struct http2_direction *direction, uint64_t size)
{
	direction->lost = size > UINT64_MAX - direction->lost ? UINT64_MAX : direction->lost + size;
}

static void lose_place(struct http2_session *session, struct http2_direction *direction, uint64_t lost)
{
	http2_frames_cut_block(session, direction);
	http2_flow_lose(session);
	direction->state = HTTP2_RESYNC;
	direction->missed = true;
	direction->lost = 0;
	add_lost(direction, direction->header_size);
	add_lost(direction, lost);
	direction->header_size = 0;
}

void http2_give_up(struct http2_session *session, struct http2_direction *direction, const char *what)
{
	if (direction->doubt) {
		direction->block.open = false;
		lose_place(session, direction, UINT64_MAX);
		return;
	}
	direction->state = HTTP2_GIVEN_UP;
	direction->block.open = false;
	buffer_free(&direction->gathered);
	buffer_free(&direction->block.gathered);
	session->events->malformed(session->context, direction->side, what);
}

void http2_too_long(struct http2_session *session, struct http2_direction *direction)
{
	if (!direction->too_long)
		limit_hit(session->hits, LIMIT_HTTP_HEAD_HIT);
	direction->too_long = true;
}

/* ---- frames ---- */

/* `payload` is what there is of it; with a gap, direction->left bytes are still to be skipped. */
static void end_frame(struct http2_session *session, struct http2_direction *direction, struct bytes payload)
{
	const uint8_t *at =
		payload.size ? payload.at : direction->header; /* cursors reckon with their address even where there is nothing */
	enum http2_state state = direction->state;

	direction->state = direction->left ? HTTP2_IN_SKIPPED : HTTP2_IN_FRAME_HEADER;
	if (state == HTTP2_IN_DATA)
		http2_frame_data_end(session, direction);
	else if (state == HTTP2_IN_PAYLOAD)
		http2_frame_payload(session, direction, cur_of(at, payload.size, direction->frame.size - payload.size));
}

static struct bytes gathered(const struct http2_direction *direction)
{
	return (struct bytes){ direction->gathered.at, direction->gathered.size };
}

/* Whether a frame of this type is a connection error on stream 0. */
static bool needs_stream(uint8_t type)
{
	return type == HTTP2_DATA || type == HTTP2_HEADERS || type == HTTP2_RST_STREAM || type == HTTP2_PUSH_PROMISE;
}

/* What is wrong with a frame header, or NULL. */
static const char *frame_fault(const struct http2_direction *direction)
{
	const struct http2_frame *frame = &direction->frame;
	const struct http2_block *block = &direction->block;

	if (!direction->met && !http2_frame_plausible(frame, direction->side, HTTP2_DEFAULT_MAX_FRAME))
		return "no frame where HTTP/2 begins";
	/* Of a known type it may be that the setting was missed. */
	if (!http2_frame_known(frame->type) && frame->size > HTTP2_DEFAULT_MAX_FRAME && frame->size > direction->max_frame)
		return "a frame of an unknown type is larger than SETTINGS_MAX_FRAME_SIZE";
	if (needs_stream(frame->type) && frame->stream == 0)
		return "a frame of a stream on stream 0";
	if (block->open && (frame->type != HTTP2_CONTINUATION || frame->stream != block->stream)) /* RFC 9113 6.10 */
		return "a header block is not continued";
	if (!block->open && frame->type == HTTP2_CONTINUATION && !direction->missed)
		return "a CONTINUATION of nothing";
	if (frame->type == HTTP2_DATA && (frame->flags & HTTP2_FLAG_PADDED) && !frame->size)
		return "no room for the pad length";
	return NULL;
}

static enum http2_state payload_state(uint8_t type)
{
	if (type == HTTP2_DATA)
		return HTTP2_IN_DATA;
	return http2_frame_wanted(type) ? HTTP2_IN_PAYLOAD : HTTP2_IN_SKIPPED;
}

static void begin_frame(struct http2_session *session, struct http2_direction *direction)
{
	struct cursor c = cur_of(direction->header, sizeof direction->header, 0);
	const struct http2_frame *frame = &direction->frame;
	const char *fault;

	direction->frame = http2_frame_read(&c);
	direction->header_size = 0;
	fault = frame_fault(direction);
	if (fault) {
		http2_give_up(session, direction, fault);
		return;
	}
	direction->met = true;
	direction->doubt -= direction->doubt ? 1 : 0;
	direction->left = frame->size;
	direction->padding = 0;
	direction->pad_length_pending = frame->type == HTTP2_DATA && (frame->flags & HTTP2_FLAG_PADDED);
	direction->state = payload_state(frame->type);
	if (frame->type == HTTP2_HEADERS && frame->stream > session->highest_stream)
		session->highest_stream = frame->stream;
	direction->too_long = direction->too_long && direction->block.open;
	if (!direction->left)
		end_frame(session, direction, (struct bytes){ NULL, 0 });
}

/* ---- one step per state: consumes some of `data`, which is not empty ---- */

static size_t step_preface(struct http2_session *session, struct http2_direction *direction, struct bytes data)
{
	size_t n = smaller(data.size, sizeof preface - direction->header_size);

	if (memcmp(data.at, preface + direction->header_size, n) != 0) {
		http2_give_up(session, direction, "no connection preface");
		return n;
	}
	direction->header_size += n;
	if (direction->header_size == sizeof preface) {
		direction->header_size = 0;
		direction->state = HTTP2_IN_FRAME_HEADER;
	}
	return n;
}

static size_t step_frame_header(struct http2_session *session, struct http2_direction *direction, struct bytes data)
{
	size_t n = smaller(data.size, sizeof direction->header - direction->header_size);

	memcpy(direction->header + direction->header_size, data.at, n);
	direction->header_size += n;
	if (direction->header_size == sizeof direction->header)
		begin_frame(session, direction);
	return n;
}

static size_t step_payload(struct http2_session *session, struct http2_direction *direction, struct bytes data)
{
	size_t n = smaller(data.size, direction->left);
	bool whole = n == direction->frame.size;

	direction->left -= (uint32_t)n;
	if (!whole) {
		size_t room = direction->gathered.max - direction->gathered.size;

		if (n > room)
			http2_too_long(session, direction);
		buffer_add(&direction->gathered, data.at, smaller(n, room));
	}
	if (!direction->left)
		end_frame(session, direction, whole ? (struct bytes){ data.at, n } : gathered(direction));
	return n;
}

/* `n` bytes of DATA were sent; `at` is NULL if they were not captured. */
static void count_data(struct http2_session *session, struct http2_direction *direction, size_t n, const uint8_t *at)
{
	size_t body = direction->left > direction->padding ? smaller(n, direction->left - direction->padding) : 0;

	direction->left -= (uint32_t)n;
	if (body)
		session->events->data(session->context, direction->side, direction->frame.stream, body);
	if (body && at && session->events->content)
		session->events->content(session->context, direction->side, direction->frame.stream, (struct bytes){ at, body });
	if (!direction->left)
		end_frame(session, direction, (struct bytes){ NULL, 0 });
}

static size_t step_data(struct http2_session *session, struct http2_direction *direction, struct bytes data)
{
	size_t n = smaller(data.size, direction->left);

	if (!direction->pad_length_pending) {
		count_data(session, direction, n, data.at);
		return n;
	}
	direction->pad_length_pending = false;
	direction->padding = data.at[0];
	direction->left--;
	if (direction->padding > direction->left)
		http2_give_up(session, direction, "more padding than there is in the frame");
	else if (!direction->left)
		end_frame(session, direction, (struct bytes){ NULL, 0 });
	return 1;
}

static size_t step_skipped(struct http2_session *session, struct http2_direction *direction, struct bytes data)
{
	size_t n = smaller(data.size, direction->left);

	direction->left -= (uint32_t)n;
	if (!direction->left)
		end_frame(session, direction, (struct bytes){ NULL, 0 });
	return n;
}

static size_t (*const steps[])(struct http2_session *session, struct http2_direction *direction, struct bytes data) = {
	[HTTP2_IN_PREFACE] = step_preface, [HTTP2_IN_FRAME_HEADER] = step_frame_header, [HTTP2_IN_PAYLOAD] = step_payload,
	[HTTP2_IN_DATA] = step_data,       [HTTP2_IN_SKIPPED] = step_skipped,
};

/* ---- finding frames again ---- */

/* Slices mostly begin where segments do, and these often where frames do. */
static bool slice_begins_frames(const struct http2_session *session, const struct http2_direction *direction, struct bytes data)
{
	struct cursor c = cur_of(data.at, data.size, CUR_OPEN);
	uint32_t max = direction->max_frame > HTTP2_DEFAULT_MAX_FRAME ? direction->max_frame : HTTP2_DEFAULT_MAX_FRAME;
	bool far = false;

	for (int i = 0; i < FRAMES_CHECKED && cur_left(&c); i++) {
		struct http2_frame frame = http2_frame_read(&c);

		if (c.state != CUR_OK)
			return i > 0 && !far;
		if (!http2_frame_plausible(&frame, direction->side, max))
			return false;
		far = far || (frame.stream > session->highest_stream && frame.stream - session->highest_stream > STREAM_STEP);
		if (frame.size > cur_left(&c))
			return !far;
		cur_skip(&c, frame.size);
	}
	return !far || !cur_left(&c);
}

static void find_frames(struct http2_session *session, struct http2_direction *direction, struct bytes data)
{
	if (direction->side == HTTP2_CLIENT && !direction->met && http2_looks_like(data) == CUR_OK) {
		direction->state = HTTP2_IN_PREFACE; /* not in the middle after all */
		direction->missed = false;
	} else if (slice_begins_frames(session, direction, data)) {
		direction->state = HTTP2_IN_FRAME_HEADER;
		direction->met = true;
		direction->doubt = 1 + FRAMES_DOUBTED;
		if (direction->lost > HTTP2_FRAME_HEADER) /* else no frame with a header block was among it */
			http2_headers_lose(direction->headers);
	} else {
		add_lost(direction, data.size);
	}
}

/* ---- the stream ---- */

void http2_session_feed(struct http2_session *session, enum http2_side from, struct bytes data)
{
	struct http2_direction *direction = &session->direction[from];

	if (direction->state == HTTP2_RESYNC && data.size)
		find_frames(session, direction, data);
	while (data.size && direction->state != HTTP2_RESYNC && direction->state != HTTP2_GIVEN_UP) {
		size_t n = steps[direction->state](session, direction, data);

		data.at += n;
		data.size -= n;
	}
}

/* The part of a gap that is in the current frame or in the preface. */
static size_t gap_in_frame(struct http2_session *session, struct http2_direction *direction, uint64_t size)
{
	size_t n = smaller(direction->left, size);

	switch (direction->state) {
	case HTTP2_IN_PREFACE:
		n = smaller(sizeof preface - direction->header_size, size);
		direction->header_size += n;
		if (direction->header_size == sizeof preface) {
			direction->header_size = 0;
			direction->state = HTTP2_IN_FRAME_HEADER;
		}
		return n;
	case HTTP2_IN_PAYLOAD:
		direction->left -= (uint32_t)n;
		end_frame(session, direction, gathered(direction));
		return n;
	case HTTP2_IN_DATA:
		direction->pad_length_pending = false;
		count_data(session, direction, n, NULL);
		return n;
	case HTTP2_IN_SKIPPED:
		direction->left -= (uint32_t)n;
		if (!direction->left)
			direction->state = HTTP2_IN_FRAME_HEADER;
		return n;
	case HTTP2_IN_FRAME_HEADER:
	case HTTP2_RESYNC:
	case HTTP2_GIVEN_UP:
		break;
	}
	return 0;
}

void http2_session_gap(struct http2_session *session, enum http2_side from, uint64_t size)
{
	struct http2_direction *direction = &session->direction[from];

	if (!size)
		return;
	size -= gap_in_frame(session, direction, size);
	if (direction->state == HTTP2_RESYNC)
		add_lost(direction, size);
	else if (size && direction->state != HTTP2_GIVEN_UP)
		lose_place(session, direction, size);
}
