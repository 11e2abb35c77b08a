#include "tests/support/http1_recorder.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct http1_row first_lines[] = {
	{ "plain", HTTP1_REQUEST, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / 1.1 keep\n" DONE },
	{ "bare line feeds", HTTP1_REQUEST, "GET / HTTP/1.1\nHost: a\n\n", "GET / 1.1 keep\n" DONE },
	{ "empty lines before", HTTP1_REQUEST, "\r\n\r\n\nGET / HTTP/1.1\r\n\r\n", "GET / 1.1 keep\n" DONE },
	{ "unknown method", HTTP1_REQUEST, "FRobnicate-2 /x HTTP/1.1\r\n\r\n", "FRobnicate-2 /x 1.1 keep\n" DONE },
	{ "lower case method", HTTP1_REQUEST, "get / HTTP/1.1\r\n\r\n", "get / 1.1 keep\n" DONE },
	{ "spaces in the target", HTTP1_REQUEST, "GET /a b HTTP/ c HTTP/1.0\r\n\r\n", "GET /a b HTTP/ c 1.0 close\n" DONE },
	{ "odd bytes in the target", HTTP1_REQUEST, "GET /\xff\x01%zz HTTP/1.1\r\n\r\n", "GET /\\ff\\01%zz 1.1 keep\n" DONE },
	{ "extra spaces", HTTP1_REQUEST, "GET   /a \t HTTP/1.1 \r\n\r\n", "GET /a 1.1 keep\n" DONE },
	{ "empty target", HTTP1_REQUEST, "GET HTTP/1.1\r\n\r\n", "GET  1.1 keep\n" DONE },
	{ "another minor version", HTTP1_REQUEST, "GET / HTTP/1.2\r\n\r\n", "GET / 1.2 keep\n" DONE },
	{ "version without minor", HTTP1_REQUEST, "GET / HTTP/1.\r\n\r\n", "GET / 1.0 close suspicious\n" DONE },
	{ "no digits in the version", HTTP1_REQUEST, "GET / HTTP/x\r\n\r\n", "GET / 1.0 close suspicious\n" DONE },
	{ "huge version", HTTP1_REQUEST, "GET / HTTP/99999999999.1\r\n\r\n", "GET / 255.1 keep\n" DONE },
	{ "no version, with fields", HTTP1_REQUEST, "GET /HTTP/1.1\r\nHost: a\r\n\r\n", "GET /HTTP/1.1 0.9 close\n" DONE },
	{ "HTTP/0.9", HTTP1_REQUEST, "GET /\r\n", "GET / 0.9 close\n" DONE },
	{ "no version, unknown method, path", HTTP1_REQUEST, "CCM_POST /x\r\n\r\n", "CCM_POST /x 0.9 close\n" DONE },
	{ "no version, unknown method, no path", HTTP1_REQUEST, "hello world\r\n\r\n", "malformed: no request line\n" },
	{ "only a known method", HTTP1_REQUEST, "OPTIONS\r\nHost: a\r\n\r\n", "OPTIONS  0.9 close\n" DONE },
	{ "no space behind the method", HTTP1_REQUEST, "GET/ HTTP/1.1\r\n\r\n", "malformed: no request line\n" },
	{ "method of letters that are not ASCII", HTTP1_REQUEST, "\xc3\x84 / HTTP/1.1\r\n\r\n", "malformed: no request line\n" },
	{ "no text at all", HTTP1_REQUEST, "\x01", "malformed: no request line\n" },
	{ "method without end", HTTP1_REQUEST,
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "malformed: no request line\n" },
	{ "longest method", HTTP1_REQUEST, A63 "a / HTTP/1.1\r\n\r\n", A63 "a / 1.1 keep\n" DONE },
	{ "method that is too long", HTTP1_REQUEST, A63 "aa / HTTP/1.1\r\n\r\n", "malformed: no request line\n" },
	{ "preface of HTTP/2", HTTP1_REQUEST, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "malformed: no request line\n" },
	{ "bare CR in the line", HTTP1_REQUEST, "GET /a\rb HTTP/1.1\r\n\r\n", "GET /a\\0db 1.1 keep suspicious\n" DONE },
	{ "status", HTTP1_RESPONSE, "HTTP/1.1 204 No Content\r\n\r\n", "204 No Content 1.1 keep\n" DONE },
	{ "status without reason", HTTP1_RESPONSE, "HTTP/1.1 204\r\n\r\n", "204  1.1 keep\n" DONE },
	{ "status with two spaces", HTTP1_RESPONSE, "HTTP/1.0  204   x  y \r\n\r\n", "204 x  y 1.0 close\n" DONE },
	{ "unassigned status", HTTP1_RESPONSE, "HTTP/1.1 799 x\r\nContent-Length: 0\r\n\r\n", "799 x 1.1 length=0 keep\n" DONE },
	{ "Shoutcast", HTTP1_RESPONSE, "ICY 200 OK\r\n\r\nmusic", "200 OK 1.0 close\nend close 5 music\n" },
	{ "status with a letter", HTTP1_RESPONSE, "HTTP/1.1 20x ok\r\nContent-Length: 0\r\n\r\n",
	  "20 x ok 1.1 length=0 keep suspicious\n" DONE },
	{ "status of four digits", HTTP1_RESPONSE, "HTTP/1.1 0200 ok\r\nContent-Length: 0\r\n\r\n",
	  "20 0 ok 1.1 length=0 keep suspicious\n" DONE },
	{ "no status", HTTP1_RESPONSE, "HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "0  1.1 length=0 keep suspicious\n" DONE },
	{ "no status line", HTTP1_RESPONSE, "<html>hello</html>\r\n", "malformed: no status line\n" },
	{ "nearly a status line", HTTP1_RESPONSE, "HTTQ/1.1 200 OK\r\n\r\n", "malformed: no status line\n" },
};

START_TEST(first_line_is_read)
{
	http1_check_row(&first_lines[_i], false);
}
END_TEST

/* ---- fields ---- */

static const struct http1_row field_rows[] = {
	{ "white space around the value", HTTP1_REQUEST, "GET / HTTP/1.1\r\nA:b\r\nC: \t d e \t\r\n\r\n",
	  "GET / 1.1[A=b][C=d e] keep\n" DONE },
	{ "empty value", HTTP1_REQUEST, "GET / HTTP/1.1\r\nA:\r\nB: \r\n\r\n", "GET / 1.1[A=][B=] keep\n" DONE },
	{ "colons in the value", HTTP1_REQUEST, "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
	  "GET / 1.1[Host=[::1]:80] keep\n" DONE },
	{ "no colon", HTTP1_REQUEST, "GET / HTTP/1.1\r\nA b\r\nC: d\r\n\r\n", "GET / 1.1[C=d] keep suspicious\n" DONE },
	{ "space before the colon", HTTP1_REQUEST, "GET / HTTP/1.1\r\nA : b\r\n\r\n", "GET / 1.1[A=b] keep suspicious\n" DONE },
	{ "empty name", HTTP1_REQUEST, "GET / HTTP/1.1\r\n: b\r\n\r\n", "GET / 1.1[=b] keep suspicious\n" DONE },
	{ "bare CR in a value", HTTP1_REQUEST, "GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", "GET / 1.1[A=b\\0dc] keep suspicious\n" DONE },
	{ "folded", HTTP1_REQUEST, "GET / HTTP/1.1\r\nA: b\r\n \t c\r\n  d\r\nE: f\r\n g\r\n\r\n",
	  "GET / 1.1[A=b c d][E=f g] keep\n" DONE },
	{ "folded, nothing on the first line", HTTP1_REQUEST, "GET / HTTP/1.1\r\nA:\r\n b\r\n c\r\nD: e\r\n\r\n",
	  "GET / 1.1[A=b c][D=e] keep\n" DONE },
	{ "folded, nothing on the second line", HTTP1_REQUEST, "GET / HTTP/1.1\r\nA: b\r\n \r\n\r\n",
	  "GET / 1.1[A=b] keep\n" DONE },
	{ "folded before any field", HTTP1_REQUEST, "GET / HTTP/1.1\r\n A: b\r\nC: d\r\n\r\n",
	  "GET / 1.1[C=d] keep suspicious\n" DONE },
	{ "folded length", HTTP1_REQUEST, "POST / HTTP/1.1\r\nContent-Length:\r\n 3\r\n\r\nabc",
	  "POST / 1.1[Content-Length=3] length=3 keep\nend complete 3 abc\n" },
	{ "close", HTTP1_REQUEST, "GET / HTTP/1.1\r\nConnection: x, Close\r\n\r\n", "GET / 1.1[Connection=x, Close] close\n" DONE },
	{ "1.0 keep-alive", HTTP1_REQUEST, "GET / HTTP/1.0\r\nconnection: Keep-Alive\r\n\r\n",
	  "GET / 1.0[connection=Keep-Alive] keep\n" DONE },
	{ "0.9 keep-alive", HTTP1_REQUEST, "GET /\r\nConnection: keep-alive\r\n\r\n",
	  "GET / 0.9[Connection=keep-alive] close\n" DONE },
	{ "upgrade", HTTP1_REQUEST, "GET / HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n",
	  "GET / 1.1[Connection=keep-alive, Upgrade][Upgrade=websocket] keep upgrade\n" DONE },
	{ "upgrade field only", HTTP1_REQUEST, "GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n", "GET / 1.1[Upgrade=h2c] keep\n" DONE },
	{ "trailers", HTTP1_REQUEST, "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\nC:d\r\n e\r\n\r\n",
	  "PUT / 1.1[Transfer-Encoding=chunked] chunked keep\ntrailer[A=b][C=d e]\n" DONE },
};

START_TEST(fields_are_read)
{
	http1_check_row(&field_rows[_i], true);
}
END_TEST

START_TEST(nul_in_a_field_is_kept_and_suspicious)
{
	static const char input[] = "GET / HTTP/1.1\r\nA: b\0c\r\n\r\n";

	http1_check_events(HTTP1_REQUEST, true, input, sizeof input - 1, "GET / 1.1[A=b\\00c] keep suspicious\n" DONE);
}
END_TEST

/* ASan sees it if the joined values outgrow their memory. */
START_TEST(long_folded_values_are_joined_in_message_after_message)
{
	for (int lines = 1; lines <= 64; lines *= 4) {
		struct http1_recorder r;
		struct http1_parser *parser;
		char values[512], expected[1024];
		int size = 0;

		http1_recorder_init(&r);
		r.with_fields = true;
		parser = http1_parser_new(HTTP1_REQUEST, &http1_recorder_events, &r, NULL);
		http1_feed_text(parser, "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\nGET / HTTP/1.1\r\nA: b\r\n");
		for (int i = 0; i < lines; i++) {
			http1_feed_text(parser, "\tcccc\r\n");
			size += snprintf(values + size, sizeof values - (size_t)size, " cccc");
		}
		http1_feed_text(parser, "B: d\r\n e\r\n\r\n");
		snprintf(expected, sizeof expected, "GET / 1.1[A=b%s][B=d e] keep\n" DONE, values);
		ck_assert_str_eq(http1_recorder_text(&r) + strlen("GET / 1.1[A=b c] keep\n" DONE), expected);
		http1_parser_free(parser);
		http1_recorder_clear(&r);
	}
}
END_TEST

/*
 * Message after message on one connection, against each on a connection of its own: in one piece, byte by byte, and with a parser that begins
 * again each time, in the middle of a message.
 */
START_TEST(what_comes_again_is_read_as_the_first_time)
{
	static const char *const messages[] = {
		"POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nxx",
		"POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nxx",
		"POST /3 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nxx",
		"POST /4 HTTP/1.0\r\nHost: a\r\nContent-Length: 2\r\n\r\nyy",
		"POST /5 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n\r\n",
		"POST /6 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nxxx",
		"POST /7 HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST /8 HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST /9 HTTP/1.1\r\nHost: a\r\nB: c\r\n\r\n",
		"POST /10 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nHost: a\r\n\r\n",
		"POST /11 HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST /12 HTTP/1.1\r\nOdd : a\r\n\r\n",
		"POST /13 HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST /13 HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST /14 HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",
		"POST /15 HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",
		"POST /16 HTTP/1.1\r\n\r\n",
		"POST /17 HTTP/1.1\r\n\r\n",
		"POST /18 HTTP/1.1\r\nHost: a\n\n",
		"POST /19 HTTP/1.1\r\nHost: a\n\n",
		"POST /20 HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST /20 HTTP/1.1\r\nHost: b\r\n\r\n",
		"POST /20 HTTP/1.\r\nHost: b\r\n\r\n",
		"POST /20 HTTP/1.\r\nHost: c\r\n\r\n",
		"POST /20 HTTP/1.\nHost: c\r\n\r\n",
	};
	struct http1_recorder together[3], alone;
	struct http1_parser *parsers[3], *parser;
	size_t seen = 0, size;

	for (int i = 0; i < 3; i++) {
		http1_recorder_init(&together[i]);
		together[i].with_fields = true;
		parsers[i] = http1_parser_new(HTTP1_REQUEST, &http1_recorder_events, &together[i], NULL);
	}
	for (size_t m = 0; m < sizeof messages / sizeof *messages; m++) {
		http1_recorder_init(&alone);
		alone.with_fields = true;
		parser = http1_parser_new(HTTP1_REQUEST, &http1_recorder_events, &alone, NULL);
		http1_feed_text(parser, messages[m]);
		http1_feed_text(parsers[0], messages[m]);
		http1_feed_sliced(parsers[1], messages[m], strlen(messages[m]), 1);
		http1_feed_text(parsers[2], messages[m]);
		size = strlen(http1_recorder_text(&alone));
		ck_assert_uint_gt(size, 0);
		ck_assert_str_eq(http1_recorder_text(&together[0]) + seen, http1_recorder_text(&alone));
		ck_assert_str_eq(http1_recorder_text(&together[1]) + seen, http1_recorder_text(&alone));
		ck_assert_str_eq(http1_recorder_text(&together[2]) + seen, http1_recorder_text(&alone));
		http1_feed_text(parsers[2], "POST /half HTTP/1.1\r\nHost: a\r\nCont");
		http1_parser_restart(parsers[2]);
		seen += size;
		http1_parser_free(parser);
		http1_recorder_clear(&alone);
	}
	for (int i = 0; i < 3; i++) {
		http1_parser_free(parsers[i]);
		http1_recorder_clear(&together[i]);
	}
}
END_TEST

static enum http1_body count_fields(void *context, const struct http1_head *head)
{
	*(size_t *)context = head->field_count;
	ck_assert_uint_eq(head->content_length, 7); /* beyond the limit, but framing all the same */
	ck_assert_ptr_null(http1_field_value(head, "Content-Length").at);
	return HTTP1_BODY_TUNNEL;
}

static void ignore_begin(void *context)
{
	(void)context;
}

static void ignore_end(void *context, enum http1_end how)
{
	(void)context;
	(void)how;
}

START_TEST(fields_beyond_the_limit_are_left_out_and_counted)
{
	static const struct http1_events counting = { .begin = ignore_begin, .head = count_fields, .end = ignore_end };
	struct limit_hits hits = { 0 };
	size_t count = 0;
	struct http1_parser *parser = http1_parser_new(HTTP1_REQUEST, &counting, &count, &hits);

	http1_feed_text(parser, "GET / HTTP/1.1\r\n");
	for (uint64_t i = 0; i < LIMIT_HTTP_FIELDS + 2; i++)
		http1_feed_text(parser, "A: b\r\n c\r\n");
	http1_feed_text(parser, "Content-Length: 7\r\n\r\n");
	ck_assert_uint_eq(count, LIMIT_HTTP_FIELDS);
	ck_assert_uint_eq(hits.count[LIMIT_HTTP_FIELDS_HIT], 3);
	http1_parser_free(parser);
}
END_TEST

START_TEST(field_value_finds_the_first_in_any_case)
{
	const struct http1_field fields[] = { { BYTES("Host"), BYTES("a") },
					      { BYTES("hOST"), BYTES("b") },
					      { BYTES("X"), { NULL, 0 } } };
	struct http1_head head = { .fields = fields, .field_count = 3 };

	ck_assert(bytes_equal(http1_field_value(&head, "host"), BYTES("a")));
	ck_assert_ptr_null(http1_field_value(&head, "hos").at);
}
END_TEST

/* ---- recognition ---- */

struct look_row {
	const char *text;
	enum cur_state state;
	enum http1_kind kind;
};

static const struct look_row look_rows[] = {
	{ "", CUR_CUT, 0 },
	{ "G", CUR_CUT, 0 },
	{ "GET", CUR_CUT, 0 },
	{ "GET ", CUR_CUT, 0 },
	{ "GET /long", CUR_CUT, 0 },
	{ "GET / HTTP/1.1\r", CUR_CUT, 0 },
	{ "GET / HTTP/1.1\r\n", CUR_OK, HTTP1_REQUEST },
	{ "GET / HTTP/1.1\nHost", CUR_OK, HTTP1_REQUEST },
	{ "\r\nGET / HTTP/1.1\r\n", CUR_OK, HTTP1_REQUEST },
	{ "GET /a b HTTP/1.1\r\n", CUR_OK, HTTP1_REQUEST },
	{ "GET / HTTP/1.\r\n", CUR_OK, HTTP1_REQUEST },
	{ "GET /\r\n", CUR_BAD, 0 },
	{ "GET  / HTTP/1.1\r\n", CUR_BAD, 0 },
	{ "GET \x01", CUR_BAD, 0 },
	{ "M-SEARCH * HTTP/1.1\r\n", CUR_OK, HTTP1_REQUEST },
	{ "frob_X /x HTTP/1.0\r\n", CUR_OK, HTTP1_REQUEST },
	{ "frob_X /x HTTP/1.\r\n", CUR_BAD, 0 },
	{ "frob_X /x HTTP/1.0 y\r\n", CUR_BAD, 0 },
	{ "frob", CUR_CUT, 0 },
	{ "abcdefghijklmnopqrstuvwxyz0123456 / HTTP/1.1\r\n", CUR_BAD, 0 },
	{ "GET/ HTTP/1.1\r\n", CUR_BAD, 0 },
	{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", CUR_BAD, 0 },
	{ "OPTIONS rtsp://a/b RTSP/1.0\r\n", CUR_BAD, 0 },
	{ "SUBSCRIBE sip:a@b SIP/2.0\r\n", CUR_BAD, 0 },
	{ "RTSP/1.0 200 OK\r\n", CUR_BAD, 0 },
	{ "SIP/2.0 200 OK\r\n", CUR_BAD, 0 },
	{ "SSH-2.0-OpenSSH_9.2\r\n", CUR_BAD, 0 },
	{ "220 mail ESMTP\r\n", CUR_BAD, 0 },
	{ "EHLO a\r\n", CUR_BAD, 0 },
	{ "\x16\x03\x01", CUR_BAD, 0 },
	{ "H", CUR_CUT, 0 },
	{ "HTTP", CUR_CUT, 0 },
	{ "HTTP/1.1 20", CUR_CUT, 0 },
	{ "HTTP/1.1 200", CUR_OK, HTTP1_RESPONSE },
	{ "HTTP/1.1  200 OK\r\n", CUR_OK, HTTP1_RESPONSE },
	{ "HTTP/1.0 404\r\n", CUR_OK, HTTP1_RESPONSE },
	{ "HTTP/1.1 2000 OK\r\n", CUR_BAD, 0 },
	{ "HTTP/1.1 20x\r\n", CUR_BAD, 0 },
	{ "HTTP/1 200\r\n", CUR_BAD, 0 },
	{ "ICY ", CUR_CUT, 0 },
	{ "ICY 200 OK\r\n", CUR_OK, HTTP1_RESPONSE },
	{ "ICY 404 x\r\n", CUR_BAD, 0 },
	{ "\r\n\r\n\r\n", CUR_BAD, 0 },
};

static enum cur_state look(const char *text, size_t size, enum http1_kind *kind)
{
	uint8_t *copy = malloc(size ? size : 1);
	enum cur_state state;

	memcpy(copy, text, size);
	state = http1_looks_like((struct bytes){ copy, size }, kind);
	free(copy);
	return state;
}

START_TEST(streams_are_recognised)
{
	const struct look_row *row = &look_rows[_i];
	enum http1_kind kind = (enum http1_kind)7;

	ck_assert_msg(look(row->text, strlen(row->text), &kind) == row->state, "%s", row->text);
	ck_assert_int_eq((int)kind, row->state == CUR_OK ? (int)row->kind : 7);
}
END_TEST

START_TEST(every_prefix_of_a_recognised_stream_may_be_one)
{
	for (int i = 0; i < ROWS(look_rows); i++)
		for (size_t n = 0; look_rows[i].state == CUR_OK && n < strlen(look_rows[i].text); n++) {
			enum http1_kind kind;

			ck_assert_msg(look(look_rows[i].text, n, &kind) != CUR_BAD, "%zu of %s", n, look_rows[i].text);
		}
}
END_TEST

START_TEST(endless_first_line_is_decided_by_the_method)
{
	char *text = malloc(8192);
	enum http1_kind kind;

	memset(text, 'x', 8192);
	memcpy(text, "GET ", 4);
	ck_assert_int_eq(look(text, 8191, &kind), CUR_CUT);
	ck_assert_int_eq(look(text, 8192, &kind), CUR_OK);
	memcpy(text, "GOT ", 4);
	ck_assert_int_eq(look(text, 8191, &kind), CUR_CUT);
	ck_assert_int_eq(look(text, 8192, &kind), CUR_BAD);
	free(text);
}
END_TEST

START_TEST(endless_status_line_is_none)
{
	char *text = malloc(8192);
	enum http1_kind kind;

	memset(text, ' ', 8192);
	memcpy(text, "HTTP/1.1", 8);
	ck_assert_int_eq(look(text, 8191, &kind), CUR_CUT);
	ck_assert_int_eq(look(text, 8192, &kind), CUR_BAD);
	memcpy(text + 8188, "200", 3);
	ck_assert_int_eq(look(text, 8192, &kind), CUR_OK);
	free(text);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("http1_head");
	TCase *heads = tcase_create("heads"), *looks = tcase_create("recognition");

	tcase_add_loop_test(heads, first_line_is_read, 0, ROWS(first_lines));
	tcase_add_loop_test(heads, fields_are_read, 0, ROWS(field_rows));
	tcase_add_test(heads, long_folded_values_are_joined_in_message_after_message);
	tcase_add_test(heads, what_comes_again_is_read_as_the_first_time);
	tcase_add_test(heads, nul_in_a_field_is_kept_and_suspicious);
	tcase_add_test(heads, fields_beyond_the_limit_are_left_out_and_counted);
	tcase_add_test(heads, field_value_finds_the_first_in_any_case);
	tcase_add_loop_test(looks, streams_are_recognised, 0, ROWS(look_rows));
	tcase_add_test(looks, every_prefix_of_a_recognised_stream_may_be_one);
	tcase_add_test(looks, endless_first_line_is_decided_by_the_method);
	tcase_add_test(looks, endless_status_line_is_none);
	suite_add_tcase(suite, heads);
	suite_add_tcase(suite, looks);
	return suite;
}
