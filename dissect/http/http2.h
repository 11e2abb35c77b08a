/*
 * HTTP/2 (RFC 9113) on one connection, both directions; header compression (RFC 7541) through libnghttp2's inflater.
 *
 * A http2_session is fed the bytes of both directions in order and calls back.  Body bytes are counted and handed out, never copied.
 */
#ifndef NETTRACE_DISSECT_HTTP_HTTP2_H
#define NETTRACE_DISSECT_HTTP_HTTP2_H

#include "dissect/cursor.h"
#include "dissect/http/http1.h"
#include "store/limits.h"

enum http2_side { HTTP2_CLIENT, HTTP2_SERVER };

/* A header block, of a request, a response or a trailer.  Views are valid during the call. */
struct http2_head {
	enum http2_side from;
	uint32_t stream;
	bool is_trailer;
	bool end_stream;
	struct bytes method, scheme, authority, path, protocol; /* pseudo fields of a request; at NULL where absent */
	uint16_t status;                                        /* of a response, 0 if absent */
	const struct http1_field *fields;                       /* without the pseudo fields */
	size_t field_count;
	bool has_content_length;
	uint64_t content_length;
	bool partial; /* a field is missing: its table entry is from before the capture or a gap, or the block is cut or broken */
};

struct http2_events {
	void (*head)(void *context, const struct http2_head *head);
	/* Body bytes without padding, as they come. */
	void (*data)(void *context, enum http2_side from, uint32_t stream, uint64_t size);
	/* Like data, with the bytes.  May be NULL.  Not called for gaps. */
	void (*content)(void *context, enum http2_side from, uint32_t stream, struct bytes piece);
	void (*end)(void *context, enum http2_side from, uint32_t stream); /* END_STREAM, also when a head has it */
	void (*reset)(void *context, enum http2_side from, uint32_t stream, uint32_t error_code);
	void (*goaway)(void *context, enum http2_side from, uint32_t last_stream, uint32_t error_code, struct bytes debug_data);
	void (*push)(void *context, uint32_t stream, uint32_t promised, const struct http2_head *request);
	/* The flow-control window of a stream (or of the connection: stream 0) is used up; `blocked` false when it opened again. */
	void (*blocked)(void *context, enum http2_side sender, uint32_t stream, bool blocked);
	void (*malformed)(void *context, enum http2_side from, const char *what); /* the direction is given up */
};

struct http2_session; /* handle */

/*
 * `mid_connection`: the streams are met after their beginning, without the client's preface; frames are found by plausibility, and header
 * blocks are partial.  `upgraded`: HTTP/1.1 Upgrade made it; stream 1 is the request that asked for it (half closed by the client).
 */
struct http2_session *http2_session_new(const struct http2_events *events, void *context, bool mid_connection, bool upgraded,
					struct limit_hits *hits);
void http2_session_free(struct http2_session *session); /* NULL is fine */

void http2_session_feed(struct http2_session *session, enum http2_side from, struct bytes data);
void http2_session_gap(struct http2_session *session, enum http2_side from, uint64_t size);

/* CUR_OK: the stream begins with the client's connection preface; CUR_CUT: it may; CUR_BAD: no. */
enum cur_state http2_looks_like(struct bytes start);

/* "NO_ERROR", "ENHANCE_YOUR_CALM", …; NULL for numbers without a name. */
const char *http2_error_text(uint32_t error_code);

#endif
