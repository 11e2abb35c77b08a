/*
 * The line in front of each chunk of a chunked body, RFC 9112 7.1: chunk-size [ chunk-ext ] CRLF.
 *
 * For http1.c only.
 */
#ifndef NETTRACE_DISSECT_HTTP_HTTP1_CHUNK_H
#define NETTRACE_DISSECT_HTTP_HTTP1_CHUNK_H

#include "dissect/cursor.h"

/* Reading one such line, across slices.  Zeroed memory begins one. */
struct http1_chunk_line {
	uint64_t size;   /* of the chunk in bytes, at most INT64_MAX; valid after CUR_OK */
	size_t length;   /* bytes of the line so far */
	bool digits;     /* the size has begun */
	bool after;      /* white space followed the size */
	bool extensions; /* a semicolon did */
};

/*
 * Reads on, and sets *consumed.  CUR_OK: the line is complete.  CUR_CUT: all was consumed, more is needed.  CUR_BAD: no size, one
 * above INT64_MAX, something else than white space and extensions behind it, or a line of more than 4096 bytes.
 */
enum cur_state http1_chunk_line_read(struct http1_chunk_line *line, struct bytes data, size_t *consumed);

#endif
