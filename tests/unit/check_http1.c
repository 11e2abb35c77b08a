#include "tests/support/http1_recorder.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- framing ---- */

#define POST "POST / HTTP/1.1\r\n"
#define OK200 "HTTP/1.1 200 OK\r\n"

static const struct http1_row framing_rows[] = {
	{ "counted", HTTP1_REQUEST, POST "Content-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\n\r\n",
	  "POST / 1.1 length=3 keep\nend complete 3 abc\nGET / 1.1 keep\n" DONE },
	{ "counted, zero", HTTP1_RESPONSE, OK200 "content-length:0\r\n\r\n" OK200 "Content-Length: 1\r\n\r\nx",
	  "200 OK 1.1 length=0 keep\n" DONE "200 OK 1.1 length=1 keep\nend complete 1 x\n" },
	{ "counted, cut", HTTP1_RESPONSE, OK200 "Content-Length: 9\r\n\r\nabc", "200 OK 1.1 length=9 keep\nend truncated 3 abc\n" },
	{ "request without framing", HTTP1_REQUEST, POST "\r\nGET / HTTP/1.1\r\n\r\n",
	  "POST / 1.1 keep\n" DONE "GET / 1.1 keep\n" DONE },
	{ "response without framing", HTTP1_RESPONSE, OK200 "\r\nHTTP/1.1 200 OK\r\n\r\n",
	  "200 OK 1.1 keep\nend close 19 HTTP/1.1 200 OK\\0d\\0a\\0d\\0a\n" },
	{ "informational before final", HTTP1_RESPONSE, "HTTP/1.1 100 Continue\r\n\r\n" OK200 "Content-Length: 2\r\n\r\nok",
	  "100 Continue 1.1 keep\n" DONE "200 OK 1.1 length=2 keep\nend complete 2 ok\n" },
	{ "equal lengths", HTTP1_REQUEST, POST "Content-Length: 3\r\nContent-Length: 3, 3\r\n\r\nabc",
	  "POST / 1.1 length=3 keep suspicious\nend complete 3 abc\n" },
	{ "different lengths: the last", HTTP1_REQUEST, POST "Content-Length:1\r\nContent-Length:3\r\n\r\nabc",
	  "POST / 1.1 length=3 keep suspicious\nend complete 3 abc\n" },
	{ "length with a plus", HTTP1_REQUEST, POST "Content-Length: +3\r\n\r\nabc",
	  "POST / 1.1 length=3 keep suspicious\nend complete 3 abc\n" },
	{ "length with spaces", HTTP1_REQUEST, POST "Content-Length:   3  \r\n\r\nabc",
	  "POST / 1.1 length=3 keep\nend complete 3 abc\n" },
	{ "length that is none", HTTP1_REQUEST, POST "Content-Length: 3x\r\n\r\n", "POST / 1.1 keep suspicious\n" DONE },
	{ "negative length", HTTP1_REQUEST, POST "Content-Length: -1\r\n\r\n", "POST / 1.1 keep suspicious\n" DONE },
	{ "empty length", HTTP1_REQUEST, POST "Content-Length: \r\n\r\n", "POST / 1.1 keep suspicious\n" DONE },
	{ "length above 2^64", HTTP1_REQUEST, POST "Content-Length: 18446744073709551617\r\n\r\nabc",
	  "POST / 1.1 length=18446744073709551615 keep\nend close 3 abc\n" },
	{ "length of 2^64 - 1", HTTP1_RESPONSE, OK200 "Content-Length: 18446744073709551615\r\n\r\nabc",
	  "200 OK 1.1 length=18446744073709551615 keep\nend close 3 abc\n" },
	{ "length of 2^63 - 1", HTTP1_RESPONSE, OK200 "Content-Length: 9223372036854775807\r\n\r\nabc",
	  "200 OK 1.1 length=9223372036854775807 keep\nend truncated 3 abc\n" },
	{ "chunked", HTTP1_RESPONSE,
	  OK200 "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n" OK200 "Content-Length: 0\r\n\r\n",
	  "200 OK 1.1 chunked keep\nend complete 5 abcde\n200 OK 1.1 length=0 keep\n" DONE },
	{ "chunked beats length", HTTP1_REQUEST,
	  POST "Transfer-Encoding: Chunked\r\nContent-Length: 50\r\n\r\n0\r\n\r\nGET /s HTTP/1.1\r\n\r\n",
	  "POST / 1.1 chunked length=50 keep suspicious\n" DONE "GET /s 1.1 keep\n" DONE },
	{ "chunked, identity", HTTP1_REQUEST, POST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
	  "POST / 1.1 chunked keep\n" DONE },
	{ "gzip, chunked", HTTP1_REQUEST,
	  POST "Transfer-Encoding: gzip;q=1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
	  "POST / 1.1 chunked keep\nend complete 1 x\n" },
	{ "chunked, gzip", HTTP1_REQUEST, POST "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
	  "POST / 1.1 chunked keep suspicious\n" DONE },
	{ "identity", HTTP1_RESPONSE, OK200 "Transfer-Encoding: identity\r\nContent-Length: 1\r\n\r\nx",
	  "200 OK 1.1 length=1 keep\nend complete 1 x\n" },
	{ "unknown coding", HTTP1_RESPONSE, OK200 "Transfer-Encoding: xchunked\r\n\r\nabc",
	  "200 OK 1.1 coded keep suspicious\nend close 3 abc\n" },
	{ "unknown coding beats length", HTTP1_RESPONSE, OK200 "Transfer-Encoding: xchunked\r\nContent-Length: 3\r\n\r\nabcde",
	  "200 OK 1.1 coded length=3 keep suspicious\nend close 5 abcde\n" },
	{ "unknown coding and length in a request", HTTP1_REQUEST,
	  POST "Transfer-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabcGET /n HTTP/1.1\r\n\r\n",
	  "POST / 1.1 coded length=3 keep suspicious\nend complete 3 abc\nGET /n 1.1 keep\n" DONE },
	{ "chunked in 1.0", HTTP1_RESPONSE, "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	  "200 OK 1.0 chunked close suspicious\n" DONE },
	{ "stray line ends between", HTTP1_RESPONSE, OK200 "Content-Length: 1\r\n\r\nx\r\n\r\n" OK200 "Content-Length: 0\r\n\r\n",
	  "200 OK 1.1 length=1 keep\nend complete 1 x\n200 OK 1.1 length=0 keep\n" DONE },
	{ "other bytes behind a message", HTTP1_RESPONSE, OK200 "Content-Length: 1\r\n\r\nxyz",
	  "200 OK 1.1 length=1 keep\nend complete 1 x\nmalformed: no status line\n" },
};

START_TEST(framing_follows_the_head)
{
	http1_check_row(&framing_rows[_i], false);
}
END_TEST

/* What follows the head of a chunked request. */
static const struct http1_row chunk_rows[] = {
	{ "extensions", HTTP1_REQUEST, "3;a=b;c\r\nabc\r\n0;x\r\n\r\n", "end complete 3 abc\n" },
	{ "hexadecimal", HTTP1_REQUEST, "0000a\r\n0123456789\r\n0B\r\n0123456789a\r\n0\r\n\r\n",
	  "end complete 21 01234567890123456789a\n" },
	{ "padded sizes", HTTP1_REQUEST, "3  \r\nabc\r\n 0 \r\n\r\n", "end complete 3 abc\n" },
	{ "bare line feeds", HTTP1_REQUEST, "3\nabc\n0\n\n", "end complete 3 abc\n" },
	{ "no line end behind a chunk", HTTP1_REQUEST, "3\r\nabcd\r\n0\r\n\r\n",
	  "end truncated 3 abc\nmalformed: no line end after a chunk\n" },
	{ "size of 2^64", HTTP1_REQUEST, "10000000000000000\r\nabc", "end truncated 0 \nmalformed: no chunk size\n" },
	{ "size of 2^64 - 1", HTTP1_REQUEST, "ffffffffffffffff\r\nabc", "end truncated 0 \nmalformed: no chunk size\n" },
	{ "size of 2^63 - 1", HTTP1_REQUEST, "7fffffffffffffff\r\nabc", "end truncated 3 abc\n" },
	{ "leading zeros", HTTP1_REQUEST, "00000000000000000000000000001\r\na\r\n0\r\n\r\n", "end complete 1 a\n" },
	{ "no size", HTTP1_REQUEST, "\r\nabc\r\n", "end truncated 0 \nmalformed: no chunk size\n" },
	{ "no number", HTTP1_REQUEST, "xyz\r\n", "end truncated 0 \nmalformed: no chunk size\n" },
	{ "two numbers", HTTP1_REQUEST, "1 2\r\nabc", "end truncated 0 \nmalformed: no chunk size\n" },
	{ "ends in a chunk", HTTP1_REQUEST, "5\r\nabc", "end truncated 3 abc\n" },
	{ "ends in a size", HTTP1_REQUEST, "3\r\nabc\r\n4", "end truncated 3 abc\n" },
	{ "ends behind the last chunk", HTTP1_REQUEST, "3\r\nabc\r\n0\r\n", "end complete 3 abc\n" },
	{ "ends in the trailers", HTTP1_REQUEST, "0\r\nA: b\r\nC: d", "trailer[A=b]\nend complete 0 \n" },
};

START_TEST(chunks_are_decoded)
{
	static const char head[] = POST "Transfer-Encoding: chunked\r\n\r\n";
	const struct http1_row *row = &chunk_rows[_i];
	char input[256], expected[256];

	snprintf(input, sizeof input, "%s%s", head, row->input);
	snprintf(expected, sizeof expected, "POST / 1.1 chunked keep\n%s", row->expected);
	http1_check_events(HTTP1_REQUEST, false, input, strlen(input), expected);
}
END_TEST

START_TEST(endless_chunk_line_is_malformed)
{
	struct http1_recorder r;
	struct http1_parser *parser;

	http1_recorder_init(&r);
	parser = http1_parser_new(HTTP1_REQUEST, &http1_recorder_events, &r, &r.hits);
	http1_feed_text(parser, POST "Transfer-Encoding: chunked\r\n\r\n1;");
	for (int i = 0; i < 4094; i++)
		http1_feed_text(parser, "x");
	ck_assert_uint_eq(r.malformed, 0);
	http1_feed_text(parser, "x");
	ck_assert_uint_eq(r.malformed, 1);
	http1_parser_free(parser);
	http1_recorder_clear(&r);
}
END_TEST

/* ---- answers ---- */

struct session {
	struct http1_recorder r;
	struct http1_parser *parser;
};

static void session_begin(struct session *s, enum http1_kind kind)
{
	http1_recorder_init(&s->r);
	s->parser = http1_parser_new(kind, &http1_recorder_events, &s->r, &s->r.hits);
}

static void session_expect(struct session *s, const char *expected)
{
	ck_assert_str_eq(http1_recorder_text(&s->r), expected);
	ck_assert_uint_eq(s->r.heads, s->r.ends);
	http1_parser_free(s->parser);
	http1_recorder_clear(&s->r);
}

START_TEST(answer_none_overrides_the_fields)
{
	struct session s;

	session_begin(&s, HTTP1_RESPONSE);
	s.r.answer = HTTP1_BODY_NONE;
	s.r.answer_set = true;
	http1_feed_text(s.parser, OK200 "Content-Length: 5\r\n\r\n" OK200 "Transfer-Encoding: chunked\r\n\r\n" OK200 "\r\n");
	session_expect(&s, "200 OK 1.1 length=5 keep\n" DONE "200 OK 1.1 chunked keep\n" DONE "200 OK 1.1 keep\n" DONE);
}
END_TEST

START_TEST(tunnel_stops_behind_the_head)
{
	static const char input[] = OK200 "A: b\r\n\r\n\x16\x03\x01";

	for (size_t slice = 1; slice < sizeof input; slice++) {
		struct session s;

		session_begin(&s, HTTP1_RESPONSE);
		s.r.answer = HTTP1_BODY_TUNNEL;
		s.r.answer_set = true;
		ck_assert_uint_eq(http1_feed_sliced(s.parser, input, sizeof input - 1, slice), sizeof input - 1 - 3);
		ck_assert(!http1_parser_in_message(s.parser));
		ck_assert_uint_eq(http1_feed_text(s.parser, "HTTP/1.1 200 OK\r\n\r\n"), 0);
		http1_parser_gap(s.parser, 5);
		http1_parser_finish(s.parser, true);
		session_expect(&s, "200 OK 1.1 keep\n" DONE);
	}
}
END_TEST

START_TEST(content_may_be_left_out)
{
	struct http1_events without = http1_recorder_events;
	struct http1_recorder r;
	struct http1_parser *parser;

	without.content = NULL;
	http1_recorder_init(&r);
	parser = http1_parser_new(HTTP1_REQUEST, &without, &r, NULL);
	http1_feed_text(parser, POST "Content-Length: 3\r\n\r\nabc");
	ck_assert_str_eq(http1_recorder_text(&r), "POST / 1.1 length=3 keep\nend complete 3 \n");
	http1_parser_free(parser);
	http1_parser_free(NULL);
	http1_recorder_clear(&r);
}
END_TEST

START_TEST(in_message_from_the_first_byte_to_the_end)
{
	struct session s;

	session_begin(&s, HTTP1_REQUEST);
	http1_feed_text(s.parser, "\r\n");
	ck_assert(!http1_parser_in_message(s.parser));
	ck_assert_uint_eq(s.r.begins, 0);
	http1_feed_text(s.parser, "P");
	ck_assert(http1_parser_in_message(s.parser));
	ck_assert_uint_eq(s.r.begins, 1);
	http1_feed_text(s.parser, "OST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nx");
	ck_assert(http1_parser_in_message(s.parser));
	http1_feed_text(s.parser, "x");
	ck_assert(!http1_parser_in_message(s.parser));
	session_expect(&s, "POST / 1.1 length=2 keep\nend complete 2 xx\n");
}
END_TEST

/* ---- limits ---- */

START_TEST(head_beyond_the_limit_is_malformed)
{
	static char line[1024];
	struct session s;
	uint64_t size = 0;

	memset(line, 'x', sizeof line);
	memcpy(line, "X: ", 3);
	line[sizeof line - 1] = '\n';
	session_begin(&s, HTTP1_REQUEST);
	http1_feed_text(s.parser, "GET / HTTP/1.1\r\n");
	for (; size + sizeof line < LIMIT_HTTP_HEAD; size += sizeof line)
		http1_feed(s.parser, line, sizeof line);
	ck_assert_uint_eq(s.r.malformed, 0);
	http1_feed(s.parser, line, sizeof line);
	ck_assert_uint_eq(s.r.hits.count[LIMIT_HTTP_HEAD_HIT], 1);
	session_expect(&s, "malformed: the message head is too long\n");
}
END_TEST

START_TEST(head_beyond_the_limit_in_one_slice_is_malformed_too)
{
	size_t size = LIMIT_HTTP_HEAD + 64;
	char *text = malloc(size);
	struct session s;

	memset(text, 'x', size);
	memcpy(text, "GET /", 5);
	memcpy(text + size - 13, " HTTP/1.1\r\n\r\n", 13);
	session_begin(&s, HTTP1_REQUEST);
	http1_feed(s.parser, text, size);
	free(text);
	ck_assert_uint_eq(s.r.hits.count[LIMIT_HTTP_HEAD_HIT], 1);
	session_expect(&s, "malformed: the message head is too long\n");
}
END_TEST

/* ---- gaps ---- */

struct gap_row {
	const char *name;
	enum http1_kind kind;
	const char *before;
	uint64_t gap;
	const char *after;
	const char *expected;
};

#define NEXT_REQUEST "GET /n HTTP/1.1\r\n\r\n"
#define NEXT_RESPONSE "HTTP/1.1 204 N\r\n\r\n"
#define NEXT_REQUEST_SEEN "GET /n 1.1 keep\n" DONE
#define NEXT_RESPONSE_SEEN "204 N 1.1 keep\n" DONE

static const struct gap_row gap_rows[] = {
	{ "inside a counted body", HTTP1_REQUEST, POST "Content-Length: 9\r\n\r\nabc", 4, "hi" NEXT_REQUEST,
	  "POST / 1.1 length=9 keep\nend complete 9 abchi\n" NEXT_REQUEST_SEEN },
	{ "to the end of a counted body", HTTP1_REQUEST, POST "Content-Length: 9\r\n\r\nabc", 6, NEXT_REQUEST,
	  "POST / 1.1 length=9 keep\nend complete 9 abc\n" NEXT_REQUEST_SEEN },
	{ "to the end of a counted body, then an old request", HTTP1_REQUEST, POST "Content-Length: 9\r\n\r\nabc", 6,
	  "GET /o\r\n\r\n", "POST / 1.1 length=9 keep\nend complete 9 abc\nGET /o 0.9 close\n" DONE },
	{ "past a counted body", HTTP1_REQUEST, POST "Content-Length: 9\r\n\r\nabc", 70, NEXT_REQUEST,
	  "POST / 1.1 length=9 keep\nend complete 9 abc\n" NEXT_REQUEST_SEEN },
	{ "past a counted body, then no message", HTTP1_REQUEST, POST "Content-Length: 9\r\n\r\nabc", 70, "<xyz> " NEXT_REQUEST,
	  "POST / 1.1 length=9 keep\nend complete 9 abc\n" },
	{ "inside a chunk", HTTP1_REQUEST, POST "Transfer-Encoding: chunked\r\n\r\n5\r\na", 3, "e\r\n0\r\n\r\n",
	  "POST / 1.1 chunked keep\nend complete 5 ae\n" },
	{ "to the end of a chunk", HTTP1_REQUEST, POST "Transfer-Encoding: chunked\r\n\r\n5\r\na", 4, "\r\n0\r\n\r\n",
	  "POST / 1.1 chunked keep\nend complete 5 a\n" },
	{ "past a chunk", HTTP1_REQUEST, POST "Transfer-Encoding: chunked\r\n\r\n5\r\na", 5, "\n0\r\n\r\n",
	  "POST / 1.1 chunked keep\nend truncated 5 a\n" },
	{ "in a chunk line", HTTP1_REQUEST, POST "Transfer-Encoding: chunked\r\n\r\n5", 5, NEXT_REQUEST,
	  "POST / 1.1 chunked keep\nend truncated 0 \n" NEXT_REQUEST_SEEN },
	{ "behind a chunk", HTTP1_REQUEST, POST "Transfer-Encoding: chunked\r\n\r\n1\r\nx", 5, NEXT_REQUEST,
	  "POST / 1.1 chunked keep\nend truncated 1 x\n" NEXT_REQUEST_SEEN },
	{ "in the trailers", HTTP1_REQUEST, POST "Transfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\nC", 5, NEXT_REQUEST,
	  "POST / 1.1 chunked keep\ntrailer[A=b]\n" DONE NEXT_REQUEST_SEEN },
	{ "in a body until close", HTTP1_RESPONSE, OK200 "\r\nabc", 100, "def", "200 OK 1.1 keep\nend close 106 abcdef\n" },
	{ "between messages", HTTP1_REQUEST, NEXT_REQUEST, 10, NEXT_REQUEST, NEXT_REQUEST_SEEN NEXT_REQUEST_SEEN },
	{ "before everything, then no message", HTTP1_RESPONSE, "", 10, "hello", "" },
	{ "before everything, then a message", HTTP1_RESPONSE, "", 10, NEXT_RESPONSE, NEXT_RESPONSE_SEEN },
	{ "before everything, then the other kind", HTTP1_RESPONSE, "", 10, NEXT_REQUEST, "" },
	{ "in the fields", HTTP1_REQUEST, "POST /x HTTP/1.1\r\nContent-Length: 5\r\nA: b", 10, NEXT_REQUEST,
	  "POST /x 1.1 length=5 keep\nend truncated 0 \n" NEXT_REQUEST_SEEN },
	{ "in the target", HTTP1_REQUEST, "GET /some", 10, NEXT_REQUEST,
	  "GET /some 1.1 keep\nend truncated 0 \n" NEXT_REQUEST_SEEN },
	{ "in the name of the version", HTTP1_REQUEST, "GET /some HTT", 10, "", "GET /some 1.1 keep\nend truncated 0 \n" },
	{ "in the version", HTTP1_REQUEST, "GET /some HTTP/1.", 10, "", "GET /some 1.1 keep\nend truncated 0 \n" },
	{ "in the method", HTTP1_REQUEST, "GE", 10, NEXT_REQUEST, NEXT_REQUEST_SEEN },
	{ "before the target", HTTP1_REQUEST, "GET ", 10, NEXT_REQUEST, NEXT_REQUEST_SEEN },
	{ "in the reason", HTTP1_RESPONSE, "HTTP/1.0 404 Not", 10, NEXT_RESPONSE,
	  "404 Not 1.0 close\nend truncated 0 \n" NEXT_RESPONSE_SEEN },
	{ "in the status", HTTP1_RESPONSE, "HTTP/1.0 40", 10, NEXT_RESPONSE, NEXT_RESPONSE_SEEN },
	{ "of no bytes", HTTP1_REQUEST, "GET /so", 0, "me HTTP/1.1\r\n\r\n", "GET /some 1.1 keep\n" DONE },
	{ "endless, in a counted body", HTTP1_REQUEST, POST "Content-Length: 9\r\n\r\nabc", UINT64_MAX, NEXT_REQUEST,
	  "POST / 1.1 length=9 keep\nend complete 9 abc\n" NEXT_REQUEST_SEEN },
};

START_TEST(gap_leaves_what_can_be_known)
{
	const struct gap_row *row = &gap_rows[_i];
	struct session s;

	session_begin(&s, row->kind);
	http1_feed_text(s.parser, row->before);
	http1_parser_gap(s.parser, row->gap);
	http1_feed_text(s.parser, row->after);
	http1_parser_finish(s.parser, true);
	session_expect(&s, row->expected);
}
END_TEST

/* ---- the way back from malformed bytes ---- */

START_TEST(malformed_direction_resumes_at_a_slice_that_begins_a_message)
{
	struct session s;

	session_begin(&s, HTTP1_REQUEST);
	http1_feed_text(s.parser, NEXT_REQUEST "\xff\xff" NEXT_REQUEST);
	http1_feed_text(s.parser, "<data> " NEXT_REQUEST);
	http1_feed_text(s.parser, "G");
	http1_feed_text(s.parser, NEXT_REQUEST);
	http1_feed_text(s.parser, "\xff");
	session_expect(&s, NEXT_REQUEST_SEEN "malformed: no request line\n" NEXT_REQUEST_SEEN "malformed: no request line\n");
}
END_TEST

START_TEST(message_found_while_waiting_may_come_in_pieces)
{
	struct session s;

	session_begin(&s, HTTP1_REQUEST);
	http1_parser_gap(s.parser, 1);
	http1_feed_text(s.parser, "POST /a");
	http1_feed_text(s.parser, "b HTTP/1.1\r\nContent-Len");
	http1_feed_text(s.parser, "gth: 1\r\n\r\nx");
	session_expect(&s, "POST /ab 1.1 length=1 keep\nend complete 1 x\n");
}
END_TEST

START_TEST(message_found_while_waiting_must_be_strictly_one)
{
	struct session s;

	session_begin(&s, HTTP1_REQUEST);
	http1_parser_gap(s.parser, 1);
	http1_feed_text(s.parser, "GET the text ");
	http1_feed_text(s.parser, "of a body\r\n");
	ck_assert(!http1_parser_in_message(s.parser));
	http1_feed_text(s.parser, NEXT_REQUEST);
	session_expect(&s, NEXT_REQUEST_SEEN);
}
END_TEST

START_TEST(behind_a_message_found_while_waiting_the_parser_is_lenient_again)
{
	struct session s;

	session_begin(&s, HTTP1_REQUEST);
	http1_parser_gap(s.parser, 1);
	http1_feed_text(s.parser, NEXT_REQUEST);
	http1_feed_text(s.parser, "FROB /x\r\n\r\nfrob");
	http1_feed_text(s.parser, "\xff");
	session_expect(&s, NEXT_REQUEST_SEEN "FROB /x 0.9 close\n" DONE "malformed: no request line\n");
}
END_TEST

/* ---- the end ---- */

START_TEST(disorderly_end_truncates_what_would_end_with_the_connection)
{
	struct session s;

	session_begin(&s, HTTP1_RESPONSE);
	http1_feed_text(s.parser, OK200 "\r\nabc");
	http1_parser_finish(s.parser, false);
	http1_parser_finish(s.parser, false);
	session_expect(&s, "200 OK 1.1 keep\nend truncated 3 abc\n");
}
END_TEST

START_TEST(end_in_a_head_hands_out_what_is_there)
{
	struct session s;

	session_begin(&s, HTTP1_REQUEST);
	s.r.with_fields = true;
	http1_feed_text(s.parser, "GET /x HTTP/1.1\r\nHost: a\r\nAcc");
	http1_parser_finish(s.parser, true);
	session_expect(&s, "GET /x 1.1[Host=a] keep\nend truncated 0 \n");
}
END_TEST

START_TEST(end_behind_the_first_line_completes_only_http09)
{
	struct session s;

	session_begin(&s, HTTP1_REQUEST);
	http1_feed_text(s.parser, "GET / HTTP/1.1\r\n");
	http1_parser_finish(s.parser, true);
	session_expect(&s, "GET / 1.1 keep\nend truncated 0 \n");
}
END_TEST

START_TEST(cut_head_may_begin_a_tunnel)
{
	struct session s;

	session_begin(&s, HTTP1_RESPONSE);
	s.r.answer = HTTP1_BODY_TUNNEL;
	s.r.answer_set = true;
	http1_feed_text(s.parser, OK200 "A: b");
	http1_parser_gap(s.parser, 100);
	ck_assert_uint_eq(http1_feed_text(s.parser, NEXT_RESPONSE), 0);
	session_expect(&s, "200 OK 1.1 keep\nend truncated 0 \n");
}
END_TEST

/* ---- every prefix, every damage ---- */

static const char good_request[] =
	POST "Host: a\r\nX: folded\r\n  value\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nT: u\r\n\r\n"
	     "GET /n HTTP/1.1\r\nContent-Length: 2\r\n\r\nab";
static const char good_response[] =
	"HTTP/1.1 100 Continue\r\n\r\n" OK200 "Content-Length: 3\r\nX: folded\r\n  value\r\n\r\nabc" OK200
	"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nHTTP/1.0 200 OK\r\n\r\nrest";

static void run(enum http1_kind kind, const char *text, size_t size, size_t slice, size_t gap_at, unsigned *malformed)
{
	struct session s;

	session_begin(&s, kind);
	http1_feed_sliced(s.parser, text, gap_at < size ? gap_at : size, slice);
	if (gap_at < size) {
		http1_parser_gap(s.parser, 3);
		http1_feed_sliced(s.parser, text + gap_at, size - gap_at, slice);
	}
	http1_parser_finish(s.parser, true);
	ck_assert(!http1_parser_in_message(s.parser));
	ck_assert_uint_eq(s.r.heads, s.r.ends);
	ck_assert_uint_le(s.r.heads, s.r.begins);
	if (malformed)
		*malformed = s.r.malformed;
	http1_parser_free(s.parser);
	http1_recorder_clear(&s.r);
}

static void check_prefixes(enum http1_kind kind, const char *text, size_t size)
{
	for (size_t n = 0; n <= size; n++) {
		unsigned malformed;

		run(kind, text, n, SIZE_MAX, SIZE_MAX, &malformed);
		ck_assert_uint_eq(malformed, 0);
		run(kind, text, n, 1, SIZE_MAX, &malformed);
		ck_assert_uint_eq(malformed, 0);
	}
}

static void check_damage(enum http1_kind kind, const char *text, size_t size)
{
	char *copy = malloc(size);

	for (size_t i = 0; i < size * 8; i++) {
		memcpy(copy, text, size);
		copy[i / 8] = (char)(copy[i / 8] ^ (1 << i % 8));
		run(kind, copy, size, 1 + i % 40, SIZE_MAX, NULL);
	}
	for (size_t i = 0; i < size; i++)
		run(kind, text, size, 1 + i % 40, i, NULL);
	free(copy);
}

START_TEST(every_prefix_of_good_messages_is_cut_and_not_malformed)
{
	check_prefixes(HTTP1_REQUEST, good_request, sizeof good_request - 1);
	check_prefixes(HTTP1_RESPONSE, good_response, sizeof good_response - 1);
}
END_TEST

START_TEST(damaged_messages_always_give_a_result)
{
	check_damage(HTTP1_REQUEST, good_request, sizeof good_request - 1);
	check_damage(HTTP1_RESPONSE, good_response, sizeof good_response - 1);
	check_damage(HTTP1_REQUEST, good_response, sizeof good_response - 1);
	check_damage(HTTP1_RESPONSE, good_request, sizeof good_request - 1);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("http1");
	TCase *bodies = tcase_create("bodies"), *streams = tcase_create("streams");

	tcase_add_test(streams, head_beyond_the_limit_is_malformed);
	tcase_add_test(streams, head_beyond_the_limit_in_one_slice_is_malformed_too);
	tcase_add_loop_test(bodies, framing_follows_the_head, 0, ROWS(framing_rows));
	tcase_add_loop_test(bodies, chunks_are_decoded, 0, ROWS(chunk_rows));
	tcase_add_test(bodies, endless_chunk_line_is_malformed);
	tcase_add_test(bodies, answer_none_overrides_the_fields);
	tcase_add_test(bodies, content_may_be_left_out);
	tcase_add_test(streams, tunnel_stops_behind_the_head);
	tcase_add_test(streams, in_message_from_the_first_byte_to_the_end);
	tcase_add_loop_test(streams, gap_leaves_what_can_be_known, 0, ROWS(gap_rows));
	tcase_add_test(streams, malformed_direction_resumes_at_a_slice_that_begins_a_message);
	tcase_add_test(streams, message_found_while_waiting_may_come_in_pieces);
	tcase_add_test(streams, message_found_while_waiting_must_be_strictly_one);
	tcase_add_test(streams, behind_a_message_found_while_waiting_the_parser_is_lenient_again);
	tcase_add_test(streams, disorderly_end_truncates_what_would_end_with_the_connection);
	tcase_add_test(streams, end_in_a_head_hands_out_what_is_there);
	tcase_add_test(streams, end_behind_the_first_line_completes_only_http09);
	tcase_add_test(streams, cut_head_may_begin_a_tunnel);
	tcase_add_test(streams, every_prefix_of_good_messages_is_cut_and_not_malformed);
	tcase_add_test(streams, damaged_messages_always_give_a_result);
	tcase_set_timeout(streams, 30);
	suite_add_tcase(suite, bodies);
	suite_add_tcase(suite, streams);
	return suite;
}
