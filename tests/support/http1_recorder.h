/*
 * Writes down what an HTTP/1 parser says, for the tests of heads and of whole streams.
 */
#ifndef NETTRACE_TESTS_SUPPORT_HTTP1_RECORDER_H
#define NETTRACE_TESTS_SUPPORT_HTTP1_RECORDER_H

#include "dissect/http/http1.h"

#include <stdio.h>

/*
 * What a parser says, as text: a line per event that matters.  Bodies are summed up at the end of their message, so that the text is the
 * same however the bytes are sliced.
 */
struct http1_recorder {
	char *text;
	size_t size;
	FILE *out;
	enum http1_body answer; /* to every head, if answer_set; else none for 1xx, 204 and 304, by head for the others */
	bool answer_set;
	bool with_fields;
	uint64_t body;
	char content[64];
	size_t content_size;
	unsigned begins, heads, ends, malformed;
	struct limit_hits hits;
};

extern const struct http1_events http1_recorder_events; /* their context is a struct http1_recorder */

void http1_recorder_init(struct http1_recorder *r);
const char *http1_recorder_text(struct http1_recorder *r); /* so far; valid until the next event */
void http1_recorder_clear(struct http1_recorder *r);

/* Feed copies in blocks of exactly their size.  They return what was consumed. */
size_t http1_feed(struct http1_parser *parser, const char *text, size_t size);
size_t http1_feed_text(struct http1_parser *parser, const char *text);
size_t http1_feed_sliced(struct http1_parser *parser, const char *text, size_t size, size_t slice);

/* Checks what a parser says to `input`, at several slice sizes, up to an orderly end. */
void http1_check_events(enum http1_kind kind, bool with_fields, const char *input, size_t size, const char *expected);

/* The same as a row of a table. */
struct http1_row {
	const char *name;
	enum http1_kind kind;
	const char *input;
	const char *expected;
};

void http1_check_row(const struct http1_row *row, bool with_fields);

#define ROWS(rows) ((int)(sizeof rows / sizeof rows[0]))
#define DONE "end complete 0 \n" /* the end of a message without body */

#endif
