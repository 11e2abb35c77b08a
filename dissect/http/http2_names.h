/*
 * The registries of HTTP/2 (RFC 9113 11, RFC 7838, RFC 8336, RFC 9218) as far as frames go: types, flags, and what a frame of a type
 * looks like.
 */
#ifndef NETTRACE_DISSECT_HTTP_HTTP2_NAMES_H
#define NETTRACE_DISSECT_HTTP_HTTP2_NAMES_H

#include "dissect/http/http2.h"

enum http2_frame_type {
	HTTP2_DATA = 0x00,
	HTTP2_HEADERS = 0x01,
	HTTP2_PRIORITY = 0x02,
	HTTP2_RST_STREAM = 0x03,
	HTTP2_SETTINGS = 0x04,
	HTTP2_PUSH_PROMISE = 0x05,
	HTTP2_PING = 0x06,
	HTTP2_GOAWAY = 0x07,
	HTTP2_WINDOW_UPDATE = 0x08,
	HTTP2_CONTINUATION = 0x09,
	HTTP2_ALTSVC = 0x0a,
	HTTP2_ORIGIN = 0x0c,
	HTTP2_PRIORITY_UPDATE = 0x10
};

enum http2_frame_flag {
	HTTP2_FLAG_ACK = 0x01,
	HTTP2_FLAG_END_STREAM = 0x01,
	HTTP2_FLAG_END_HEADERS = 0x04,
	HTTP2_FLAG_PADDED = 0x08,
	HTTP2_FLAG_PRIORITY = 0x20
};

enum http2_setting { HTTP2_SETTINGS_INITIAL_WINDOW_SIZE = 0x04, HTTP2_SETTINGS_MAX_FRAME_SIZE = 0x05 };

enum {
	HTTP2_FRAME_HEADER = 9,         /* bytes, RFC 9113 4.1 */
	HTTP2_DEFAULT_MAX_FRAME = 16384 /* bytes of payload, RFC 9113 6.5.2 */
};

struct http2_frame {
	uint32_t size; /* of the payload, bytes */
	uint8_t type, flags;
	bool reserved; /* the bit before the stream identifier */
	uint32_t stream;
};

/* Reads nine bytes.  On failure what c->state says is the result, and the frame is all zero. */
struct http2_frame http2_frame_read(struct cursor *c);

bool http2_frame_known(uint8_t type);

/* Whether nine bytes found in the middle of nowhere look like the header of a frame that `from` sends, with a payload up to `max_size`. */
bool http2_frame_plausible(const struct http2_frame *frame, enum http2_side from, uint32_t max_size);

#endif
