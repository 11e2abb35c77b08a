/*
 * HTTP/1.0 and HTTP/1.1 messages (RFC 9112, semantics RFC 9110), one direction of a connection.
 *
 * A http1_parser is fed the bytes of one direction in order, in pieces of any size, and calls back.  Body bytes are counted, never
 * copied.  The parser of the responses must be told by its caller, when a head is complete, what body to expect: only the caller knows
 * the request.
 */
#ifndef NETTRACE_DISSECT_HTTP_HTTP1_H
#define NETTRACE_DISSECT_HTTP_HTTP1_H

#include "dissect/cursor.h"
#include "store/limits.h"

enum http1_kind { HTTP1_REQUEST, HTTP1_RESPONSE };

struct http1_field {
	struct bytes name, value; /* value without surrounding white space; folded lines (obs-fold) joined by one space */
};

/* A message head.  All views are valid during the call that hands it out. */
struct http1_head {
	enum http1_kind kind;
	uint8_t major, minor;        /* 0.9 if a request line has no version, 1.1 if it was cut before the version; ICY is 1.0 */
	struct bytes method, target; /* requests: as sent */
	uint16_t status;             /* responses; of a code that is not three digits the leading ones, 0 if there are none */
	struct bytes reason;
	const struct http1_field *fields; /* in the order sent, at most LIMIT_HTTP_FIELDS */
	size_t field_count;
	/* What the fields say about framing, RFC 9112 6. */
	bool chunked;               /* chunked is among the transfer codings; if it is not the last one, suspicious is set */
	bool has_transfer_encoding; /* any coding but identity */
	bool has_content_length;
	uint64_t content_length; /* bytes; valid if has_content_length; of several the last; UINT64_MAX stands for all above it */
	bool keep_alive;         /* the connection persists after this message, RFC 9112 9.3 */
	bool upgrade;            /* Connection: upgrade and an Upgrade field */
	bool suspicious;         /* repeated or conflicting framing fields, bare CR, white space before a colon, … */
	const char *invalid;     /* what many recipients refuse in it: no status code, no field, no length; NULL if nothing */
	bool cut;                /* by a gap or the end: fields may be missing */
	size_t size;             /* bytes of the head, with the empty line; of a head cut by a gap or the end what was there */
};

/* What follows a head. */
enum http1_body {
	/*
	 * As the fields say: chunked, Content-Length (above INT64_MAX: until the end; in a response not beside another transfer
	 * coding), else none (request) or until the end (response).
	 */
	HTTP1_BODY_BY_HEAD,
	HTTP1_BODY_NONE,  /* none whatever the fields say: answer to HEAD, 1xx, 204, 304 */
	HTTP1_BODY_TUNNEL /* no more HTTP in this direction: feed() stops consuming (answer to CONNECT, 101) */
};

enum http1_end {
	HTTP1_COMPLETE,
	HTTP1_UNTIL_CLOSE, /* the body ended with the connection, as it was meant to */
	HTTP1_TRUNCATED    /* the stream ended, or a gap made the rest unreadable, before the body was complete */
};

/*
 * A head is preceded by its begin and followed by exactly one end, also when its answer is HTTP1_BODY_NONE or _TUNNEL.  A begin
 * that no head follows came to nothing: too few bytes before a gap or the end, or malformed.
 */
struct http1_events {
	void (*begin)(void *context); /* the first byte of a message */
	enum http1_body (*head)(void *context, const struct http1_head *head);
	void (*body)(void *context, uint64_t size); /* bytes after transfer decoding, as they come; a gap inside counts too */
	/* Like body, with the bytes (a piece of content after transfer decoding).  May be NULL.  Not called for gaps. */
	void (*content)(void *context, struct bytes piece);
	void (*trailer)(void *context, const struct http1_field *fields, size_t count); /* may be NULL */
	void (*end)(void *context, enum http1_end how);
	/*
	 * The bytes are not HTTP; a message whose head was handed out has just been ended as truncated.  The direction is ignored until
	 * a later call of feed() begins with what strictly looks like a message head (http1_looks_like), because slices mostly begin
	 * where segments do.  So this may be called again, for another spot.  `what` is a constant string.
	 */
	void (*malformed)(void *context, const char *what);
};

struct http1_parser; /* handle */

struct http1_parser *http1_parser_new(enum http1_kind kind, const struct http1_events *events, void *context,
				      struct limit_hits *hits);
void http1_parser_free(struct http1_parser *parser); /* NULL is fine */

/* At the beginning of another stream, with what it was made with.  Memory is kept: heads that are like those before are read faster. */
void http1_parser_restart(struct http1_parser *parser);

/*
 * The next bytes.  Returns how many were consumed: all of them, unless the head handed out last was answered with HTTP1_BODY_TUNNEL; the
 * rest then belongs to what follows, and every later call returns 0.
 */
size_t http1_parser_feed(struct http1_parser *parser, struct bytes data);

/*
 * Bytes are missing.  Inside a body they are counted as far as its length is known to hold them.  A head that the gap cuts is handed
 * out with the complete lines that are there, and ended as truncated.  Where the gap leaves the place in the stream unknown, the parser
 * waits for a call of feed() that begins with a message head.
 */
void http1_parser_gap(struct http1_parser *parser, uint64_t size);

/* The stream ended (FIN, RST, end of capture).  `orderly` is false for the last two.  A head that is not complete: as for a gap. */
void http1_parser_finish(struct http1_parser *parser, bool orderly);

bool http1_parser_in_message(const struct http1_parser *parser); /* begun and not ended */

/*
 * Whether a stream begins with an HTTP/1 message: a method token, a target and "HTTP/", or a status line.  CUR_OK: yes, *kind says which.
 * CUR_CUT: it may (fewer bytes than needed, all plausible).  CUR_BAD: no.  *kind is written only with CUR_OK.  Once the first line is
 * complete or 8192 bytes of it are here the answer is never CUR_CUT.
 */
enum cur_state http1_looks_like(struct bytes start, enum http1_kind *kind);

/* The value of the first field of that name (case does not matter), or an empty view with at == NULL. */
struct bytes http1_field_value(const struct http1_head *head, const char *name);

#endif
