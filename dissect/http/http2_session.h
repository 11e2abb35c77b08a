/*
 * Inside of a HTTP/2 session: http2.c finds the frames, http2_frames.c says what they mean, http2_flow.c keeps the windows.
 */
#ifndef NETTRACE_DISSECT_HTTP_HTTP2_SESSION_H
#define NETTRACE_DISSECT_HTTP_HTTP2_SESSION_H

#include "dissect/http/http2_headers.h"
#include "dissect/http/http2_names.h"
#include "dissect/http/http2_streams.h"

enum http2_state {
	HTTP2_IN_PREFACE,
	HTTP2_IN_FRAME_HEADER,
	HTTP2_IN_PAYLOAD, /* gathered unless a slice holds all of it */
	HTTP2_IN_DATA,    /* counted */
	HTTP2_IN_SKIPPED, /* of no interest */
	HTTP2_RESYNC,     /* waiting for a slice that begins with a frame */
	HTTP2_GIVEN_UP
};

/* A header block, from HEADERS or PUSH_PROMISE to END_HEADERS. */
struct http2_block {
	bool open;
	bool cut; /* what follows `gathered` is missing */
	bool end_stream;
	uint32_t stream, promised; /* the latter 0 but for PUSH_PROMISE */
	struct buffer gathered;
};

/* What one side sends. */
struct http2_direction {
	enum http2_side side;
	enum http2_state state;
	bool met;    /* a frame header was read */
	bool missed; /* frames may have been missed */

	uint8_t header[HTTP2_FRAME_HEADER];
	size_t header_size; /* bytes of the header, or of the preface, that were here */
	struct http2_frame frame;
	uint32_t left;           /* bytes of its payload that are still to come */
	uint32_t padding;        /* of DATA: the last ones of them */
	bool pad_length_pending; /* of DATA */
	struct buffer gathered;  /* payload */
	bool too_long;           /* the payload, or the header block that it is of, is above LIMIT_HTTP_HEAD; that is counted */
	uint64_t lost;           /* while waiting: bytes between the last frame and here */
	unsigned doubt;          /* so many frames after one that was found must be right, or it was none */

	struct http2_block block;
	struct http2_headers *headers;

	uint32_t max_frame;      /* what the peer allows this side to send, as its settings say */
	uint32_t initial_window; /* likewise, of a stream */
	bool initial_window_known;
	struct http2_window window; /* of the connection */
};

struct http2_session {
	const struct http2_events *events;
	void *context;
	struct limit_hits *hits;
	struct http2_direction direction[2]; /* by enum http2_side */
	struct http2_streams streams;
	uint32_t highest_stream;
	bool windows_known; /* until frames are missed */
};

/* ---- http2.c ---- */

void http2_give_up(struct http2_session *session, struct http2_direction *direction, const char *what);

/* Bytes of a payload or of a header block are stepped over, as there is no room: counted once for both. */
void http2_too_long(struct http2_session *session, struct http2_direction *direction);

/* ---- http2_frames.c ---- */

/*
 * A frame other than DATA is complete, or a gap has cut it: then `payload` is as short, with `cut` set.  Frames of a type without
 * meaning here are not handed over.
 */
void http2_frame_payload(struct http2_session *session, struct http2_direction *direction, struct cursor payload);
bool http2_frame_wanted(uint8_t type);

/* The last bytes of a DATA frame were counted. */
void http2_frame_data_end(struct http2_session *session, struct http2_direction *direction);

/* The rest of an open header block will not come. */
void http2_frames_cut_block(struct http2_session *session, struct http2_direction *direction);

/* ---- http2_flow.c ---- */

struct http2_direction *http2_peer(struct http2_session *session, const struct http2_direction *direction);

/* `size` bytes of DATA were sent; `stream` is NULL if it is not known.  `more`: the sender has not ended the stream with them. */
void http2_flow_sent(struct http2_session *session, struct http2_direction *sender, struct http2_stream *stream, uint32_t size,
		     bool more);
/* A WINDOW_UPDATE; `stream` is NULL for the connection. */
void http2_flow_opened(struct http2_session *session, struct http2_direction *sender, struct http2_stream *stream, uint32_t size);
/* The side sends no more on the stream. */
void http2_flow_ended(struct http2_session *session, struct http2_direction *sender, struct http2_stream *stream);
/* Frames were missed: windows are not followed any more. */
void http2_flow_lose(struct http2_session *session);

#endif
