/*
 * The streams of one HTTP/2 connection, by number, at most LIMIT_HTTP2_STREAMS.
 */
#ifndef NETTRACE_DISSECT_HTTP_HTTP2_STREAMS_H
#define NETTRACE_DISSECT_HTTP_HTTP2_STREAMS_H

#include "dissect/http/http2.h"

/* A flow-control window.  What may be sent is the initial size, which belongs to the direction, plus `change`. */
struct http2_window {
	int64_t change; /* bytes allowed by WINDOW_UPDATE less bytes sent */
	bool blocked;   /* has been reported as used up */
};

/* The final head (not one of 1xx) of one direction; unsure if its status is not known. */
enum http2_final_head { HTTP2_FINAL_NONE, HTTP2_FINAL_UNSURE, HTTP2_FINAL_SEEN };

/* What one side sends on a stream. */
struct http2_half {
	enum http2_final_head final_head;
	bool ended;
	struct http2_window window;
};

struct http2_stream {
	uint32_t id;
	bool closed;
	struct http2_half half[2];          /* by enum http2_side */
	struct http2_stream *older, *newer; /* in the order of opening, closed ones of closing */
};

struct http2_stream_list {
	struct http2_stream *oldest, *newest;
};

/* Zeroed memory is an empty table. */
struct http2_streams {
	struct http2_stream **by_id; /* ascending */
	size_t count, capacity;
	struct http2_stream_list open, closed;
	size_t closed_count;
	bool forgotten; /* a stream that was open had to go */
};

void http2_streams_free(struct http2_streams *streams); /* its content; the table is empty and usable again */

struct http2_stream *http2_streams_find(const struct http2_streams *streams, uint32_t id); /* NULL if it is not there */

/* Finds or makes; what it returns is valid until the next call of this function. */
struct http2_stream *http2_streams_open(struct http2_streams *streams, uint32_t id, struct limit_hits *hits);

/* Closed streams are remembered for a while, for what was still under way. */
void http2_streams_close(struct http2_streams *streams, struct http2_stream *stream);

#endif
