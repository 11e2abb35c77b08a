#include "dissect/http/http2_session.h"

enum { CONNECTION_WINDOW = 65535 }; /* at the beginning, RFC 9113 6.9.2; no setting changes it */

struct http2_direction *http2_peer(struct http2_session *session, const struct http2_direction *direction)
{
	return &session->direction[direction->side == HTTP2_CLIENT ? HTTP2_SERVER : HTTP2_CLIENT];
}

static void set_blocked(struct http2_session *session, struct http2_direction *sender, struct http2_window *window, uint32_t stream,
			bool blocked)
{
	if (window->blocked == blocked)
		return;
	window->blocked = blocked;
	session->events->blocked(session->context, sender->side, stream, blocked);
}

/*
 * A change of SETTINGS_INITIAL_WINDOW_SIZE shows when the stream is next looked at, not for all streams at once: that its sender goes on
 * sending is sign enough, and a flood of settings costs nothing.
 */
static void spend(struct http2_session *session, struct http2_direction *sender, struct http2_window *window, uint32_t stream,
		  int64_t initial, uint32_t size, bool may_block)
{
	if (size)
		set_blocked(session, sender, window, stream, false);
	window->change -= size;
	if (may_block && initial + window->change <= 0)
		set_blocked(session, sender, window, stream, true);
}

void http2_flow_sent(struct http2_session *session, struct http2_direction *sender, struct http2_stream *stream, uint32_t size,
		     bool more)
{
	if (!session->windows_known)
		return;
	if (stream)
		spend(session, sender, &stream->half[sender->side].window, stream->id, sender->initial_window, size,
		      more && sender->initial_window_known);
	if (size)
		spend(session, sender, &sender->window, 0, CONNECTION_WINDOW, size, true);
}

void http2_flow_opened(struct http2_session *session, struct http2_direction *sender, struct http2_stream *stream, uint32_t size)
{
	struct http2_window *window = stream ? &stream->half[sender->side].window : &sender->window;
	int64_t initial = stream ? sender->initial_window : CONNECTION_WINDOW;

	window->change += size;
	if (window->change > INT32_MAX) /* RFC 9113 6.9.1: no window is larger */
		window->change = INT32_MAX;
	if (initial + window->change > 0)
		set_blocked(session, sender, window, stream ? stream->id : 0, false);
}

void http2_flow_ended(struct http2_session *session, struct http2_direction *sender, struct http2_stream *stream)
{
	set_blocked(session, sender, &stream->half[sender->side].window, stream->id, false);
}

void http2_flow_lose(struct http2_session *session)
{
	if (!session->windows_known)
		return;
	session->windows_known = false;
	for (int side = 0; side < 2; side++) {
		struct http2_direction *sender = &session->direction[side];

		set_blocked(session, sender, &sender->window, 0, false);
		for (size_t i = 0; i < session->streams.count; i++)
			http2_flow_ended(session, sender, session->streams.by_id[i]);
	}
}
