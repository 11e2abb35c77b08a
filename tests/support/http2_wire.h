/*
 * Builds HTTP/2 connections frame by frame, and writes down what a session says about them.
 */
#ifndef NETTRACE_TESTS_SUPPORT_HTTP2_WIRE_H
#define NETTRACE_TESTS_SUPPORT_HTTP2_WIRE_H

#include "dissect/http/http2_names.h"

#include <nghttp2/nghttp2.h>
#include <stdio.h>

/* A connection under construction: a session, its log, and one compressor per direction. */
struct http2_wire {
	struct http2_session *session;
	struct limit_hits hits;
	nghttp2_hd_deflater *deflater[2]; /* by enum http2_side */
	size_t slice;                     /* the session is fed in pieces of this size, 0: frame by frame */
	struct buffer held[2];            /* bytes of a direction not yet fed because hold is set */
	bool hold;

	/* The log.  DATA is summed up until another event, so that slices do not show. */
	char *text;
	size_t size;
	FILE *out;
	enum http2_side data_from;
	uint32_t data_stream;
	uint64_t data;
	unsigned heads, malformed;
};

enum { HTTP2_MID_CONNECTION = 1, HTTP2_UPGRADED = 2 };

void http2_wire_init(struct http2_wire *w, unsigned how);
void http2_wire_clear(struct http2_wire *w);
const char *http2_wire_text(struct http2_wire *w); /* since the last call */

/* Every byte goes through a copy in a block of exactly its size. */
void http2_wire_send(struct http2_wire *w, enum http2_side from, struct bytes data);
void http2_wire_release(struct http2_wire *w, enum http2_side from); /* what `hold` has held back, in one piece */

void http2_wire_preface(struct http2_wire *w);
void http2_wire_frame(struct http2_wire *w, enum http2_side from, uint8_t type, uint8_t flags, uint32_t stream,
		      struct bytes payload);
void http2_wire_header(uint8_t out[HTTP2_FRAME_HEADER], uint32_t size, uint8_t type, uint8_t flags, uint32_t stream);
/* A frame of numbers of 32 bits. */
void http2_wire_numbers(struct http2_wire *w, enum http2_side from, uint8_t type, uint32_t stream, int count, ...);
void http2_wire_setting(struct http2_wire *w, enum http2_side from, uint16_t id, uint32_t value);
void http2_wire_data(struct http2_wire *w, enum http2_side from, uint8_t flags, uint32_t stream, size_t size);

void http2_wire_download(struct http2_wire *w, uint32_t stream, size_t size); /* DATA from the server, in frames of usual size */

/* "name: value\n" lines, compressed; the view is valid until the next call. */
struct bytes http2_wire_block(struct http2_wire *w, enum http2_side from, const char *fields);
/* HEADERS with END_HEADERS and `flags`. */
void http2_wire_headers(struct http2_wire *w, enum http2_side from, uint8_t flags, uint32_t stream, const char *fields);

#define GET_ROOT ":method: GET\n:scheme: https\n:authority: a.test\n:path: /\n"

#endif
