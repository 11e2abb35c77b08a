#include "tests/support/http2_wire.h"
#include "tests/unit/suite.h"

#define END HTTP2_FLAG_END_STREAM
#define ENDH HTTP2_FLAG_END_HEADERS
#define C HTTP2_CLIENT
#define S HTTP2_SERVER
#define ROWS(rows) ((int)(sizeof rows / sizeof rows[0]))

static struct http2_wire w;

static void setup(void)
{
	http2_wire_init(&w, 0);
	http2_wire_preface(&w);
}

static void teardown(void)
{
	http2_wire_clear(&w);
}

static void restart(unsigned how)
{
	http2_wire_clear(&w);
	http2_wire_init(&w, how);
}

static void expect(const char *text)
{
	ck_assert_str_eq(http2_wire_text(&w), text);
}

static void headers(enum http2_side from, uint8_t flags, uint32_t stream, const char *fields)
{
	http2_wire_headers(&w, from, flags, stream, fields);
}

static void frame(enum http2_side from, uint8_t type, uint8_t flags, uint32_t stream, struct bytes payload)
{
	http2_wire_frame(&w, from, type, flags, stream, payload);
}

#define REQUEST_1 "C head 1 GET https a.test / last\nC end 1\n"

/* ---- messages ---- */

static const size_t slices[] = { 0, 1, 2, 3, 5, 7, 16, 100 };

START_TEST(messages_come_out_however_they_are_sliced)
{
	w.slice = slices[_i];
	headers(C, 0, 1, ":method: POST\n:scheme: http\n:authority: a.test\n:path: /x\ncontent-length: 300\nx: y\n");
	http2_wire_data(&w, C, 0, 1, 200);
	http2_wire_data(&w, C, END, 1, 100);
	headers(S, 0, 1, ":status: 100\n");
	headers(S, 0, 1, ":status: 103\nlink: l\n");
	headers(S, 0, 1, ":status: 200\ncontent-type: text/plain\n");
	http2_wire_data(&w, S, 0, 1, 70);
	headers(S, END, 1, "grpc-status: 0\n");
	expect("C head 1 POST http a.test /x [content-length=300] [x=y] length=300\nC data 1 300\nC end 1\n"
	       "S head 1 100\nS head 1 103 [link=l]\nS head 1 200 [content-type=text/plain]\nS data 1 70\n"
	       "S trailer 1 [grpc-status=0] last\nS end 1\n");
}
END_TEST

START_TEST(streams_are_told_apart)
{
	headers(C, END, 1, GET_ROOT);
	headers(C, END, 3, ":method: HEAD\n:scheme: https\n:authority: a.test\n:path: /b\n");
	headers(S, 0, 3, ":status: 404\n");
	headers(S, 0, 1, ":status: 200\n");
	http2_wire_data(&w, S, END, 1, 10);
	http2_wire_data(&w, S, END, 3, 0);
	expect(REQUEST_1 "C head 3 HEAD https a.test /b last\nC end 3\nS head 3 404\nS head 1 200\n"
			 "S data 1 10\nS end 1\nS end 3\n");
}
END_TEST

START_TEST(padding_and_priority_are_no_content)
{
	uint8_t payload[256] = { 4 };
	struct bytes block = http2_wire_block(&w, C, GET_ROOT);

	memcpy(payload + 6, block.at, block.size);
	frame(C, HTTP2_HEADERS, END | ENDH | HTTP2_FLAG_PADDED | HTTP2_FLAG_PRIORITY, 1,
	      (struct bytes){ payload, 1 + 5 + block.size + 4 });
	headers(S, 0, 1, ":status: 200\n");
	frame(S, HTTP2_DATA, HTTP2_FLAG_PADDED, 1, BYTES("\3abc\0\0\0"));
	frame(S, HTTP2_DATA, HTTP2_FLAG_PADDED, 1, BYTES("\0"));
	frame(S, HTTP2_DATA, HTTP2_FLAG_PADDED | END, 1, BYTES("\2\0\0"));
	expect(REQUEST_1 "S head 1 200\nS data 1 3\nS end 1\n");
}
END_TEST

START_TEST(header_blocks_go_on_in_continuations)
{
	struct bytes block = http2_wire_block(&w, C, GET_ROOT);

	w.slice = slices[_i];
	frame(C, HTTP2_HEADERS, END, 1, (struct bytes){ block.at, 3 });
	frame(C, HTTP2_CONTINUATION, 0, 1, BYTES(""));
	frame(C, HTTP2_CONTINUATION, 0, 1, (struct bytes){ block.at + 3, 2 });
	frame(C, HTTP2_CONTINUATION, ENDH, 1, (struct bytes){ block.at + 5, block.size - 5 });
	headers(C, END, 3, GET_ROOT);
	expect(REQUEST_1 "C head 3 GET https a.test / last\nC end 3\n");
}
END_TEST

START_TEST(connection_frames_are_understood_or_skipped)
{
	headers(C, END, 1, GET_ROOT);
	frame(S, HTTP2_SETTINGS, HTTP2_FLAG_ACK, 0, BYTES(""));
	frame(S, HTTP2_PING, 0, 0, BYTES("12345678"));
	frame(S, HTTP2_ALTSVC, 0, 0, BYTES("\0\0h3"));
	frame(S, 0xba, 0xff, 12, BYTES("grease"));
	frame(S, 0xbb, 0, 0, BYTES(""));
	frame(C, HTTP2_PRIORITY, 0, 5, BYTES("\0\0\0\0\1"));
	http2_wire_numbers(&w, C, HTTP2_RST_STREAM, 1, 1, 8u);
	http2_wire_numbers(&w, S, HTTP2_RST_STREAM, 99, 1, 7u);
	http2_wire_numbers(&w, C, HTTP2_GOAWAY, 0, 2, 0u, 0u);
	frame(S, HTTP2_GOAWAY, 0, 0,
	      BYTES("\x80\0\0\1\0\0\0\x0b"
		    "calm down"));
	expect(REQUEST_1 "C reset 1 8\nS reset 99 7\nC goaway 0 0 \nS goaway 1 11 calm down\n");
}
END_TEST

START_TEST(pushed_requests_and_their_responses)
{
	struct bytes block = http2_wire_block(&w, S, GET_ROOT);
	uint8_t payload[256] = { 2, 0, 0, 0, 2 };

	headers(C, END, 1, GET_ROOT);
	memcpy(payload + 5, block.at, block.size);
	frame(S, HTTP2_PUSH_PROMISE, ENDH | HTTP2_FLAG_PADDED, 1, (struct bytes){ payload, 5 + block.size + 2 });
	headers(S, END, 2, ":status: 200\n");
	expect(REQUEST_1 "S push 1 2 GET https a.test /\nS head 2 200 last\nS end 2\n");
}
END_TEST

START_TEST(extended_connect_has_a_protocol)
{
	headers(C, 0, 1, ":method: CONNECT\n:protocol: websocket\n:scheme: https\n:authority: a.test\n:path: /chat\n");
	expect("C head 1 CONNECT https a.test /chat protocol=websocket\n");
}
END_TEST

static const struct {
	const char *fields, *expected;
} odd_heads[] = {
	{ ":method: GET\n:method: PUT\n:new: x\nA: b\n", " GET [A=b]" },
	{ "content-length: 12x\n", " [content-length=12x]" },
	{ "content-length: 99999999999999999999\n", " [content-length=99999999999999999999] length=18446744073709551615" },
	{ "content-length: 18446744073709551615\n", " [content-length=18446744073709551615] length=18446744073709551615" },
	{ "content-length: \n", " [content-length=]" },
	{ ":status: 20x\n:status: 2000\n", "" },
	{ "", "" },
};

START_TEST(odd_heads_are_handed_out_as_they_are)
{
	char expected[200];

	headers(C, 0, 1, odd_heads[_i].fields);
	snprintf(expected, sizeof expected, "C head 1%s\n", odd_heads[_i].expected);
	expect(expected);
}
END_TEST

START_TEST(upgraded_connection_answers_on_stream_1)
{
	restart(HTTP2_UPGRADED);
	frame(S, HTTP2_SETTINGS, 0, 0, BYTES(""));
	headers(S, 0, 1, ":status: 200\n");
	http2_wire_data(&w, S, 0, 1, 65535); /* nobody knows yet what window the client's request allows for streams */
	expect("S head 1 200\nS data 1 65535\nS blocked 0\n");
	http2_wire_preface(&w);
	http2_wire_data(&w, S, END, 1, 0);
	headers(C, END, 3, GET_ROOT);
	expect("S end 1\nC head 3 GET https a.test / last\nC end 3\n");
}
END_TEST

/* ---- what is wrong ---- */

static const struct {
	uint8_t type, flags;
	uint32_t stream;
	struct bytes payload;
} faults[] = {
	{ HTTP2_DATA, 0, 0, { (const uint8_t *)"x", 1 } },
	{ HTTP2_HEADERS, ENDH, 0, { (const uint8_t *)"\x82", 1 } },
	{ HTTP2_RST_STREAM, 0, 0, { (const uint8_t *)"\0\0\0\x8", 4 } },
	{ HTTP2_DATA, HTTP2_FLAG_PADDED, 1, { (const uint8_t *)"", 0 } },
	{ HTTP2_DATA, HTTP2_FLAG_PADDED, 1, { (const uint8_t *)"\2x", 2 } },
	{ HTTP2_HEADERS, HTTP2_FLAG_PADDED | ENDH, 1, { (const uint8_t *)"\2\x82", 2 } },
	{ HTTP2_HEADERS, HTTP2_FLAG_PRIORITY | ENDH, 1, { (const uint8_t *)"\0\0\0\0", 4 } },
	{ HTTP2_PUSH_PROMISE, ENDH, 1, { (const uint8_t *)"\0\0\0\2\x82", 5 } }, /* only servers push */
	{ HTTP2_CONTINUATION, ENDH, 1, { (const uint8_t *)"\x82", 1 } },
	{ HTTP2_RST_STREAM, 0, 1, { (const uint8_t *)"\0\0\0", 3 } },
	{ HTTP2_RST_STREAM, 0, 1, { (const uint8_t *)"\0\0\0\0\0", 5 } },
	{ HTTP2_SETTINGS, 0, 0, { (const uint8_t *)"\0\0\0\0\0\0\0", 7 } },
	{ HTTP2_SETTINGS, HTTP2_FLAG_ACK, 0, { (const uint8_t *)"\0\0\0\0\0\0", 6 } },
	{ HTTP2_GOAWAY, 0, 0, { (const uint8_t *)"\0\0\0\0\0\0\0", 7 } },
	{ HTTP2_WINDOW_UPDATE, 0, 0, { (const uint8_t *)"\0\0", 2 } },
};

START_TEST(faulty_frame_ends_its_direction_only)
{
	frame(C, faults[_i].type, faults[_i].flags, faults[_i].stream, faults[_i].payload);
	ck_assert_uint_eq(w.malformed, 1);
	(void)http2_wire_text(&w);
	headers(C, END, 3, GET_ROOT);
	headers(S, END, 3, ":status: 200\n");
	expect("S head 3 200 last\nS end 3\n");
}
END_TEST

static const struct {
	uint8_t flags;
	uint32_t stream;
	struct bytes payload;
} faulty_pushes[] = {
	{ ENDH, 1, { (const uint8_t *)"\0\0\0", 3 } },
	{ ENDH, 1, { (const uint8_t *)"\0\0\0\0\x82", 5 } },   /* of stream 0 */
	{ ENDH, 1, { (const uint8_t *)"\x80\0\0\0\x82", 5 } }, /* likewise: the first bit is reserved */
	{ ENDH, 1, { (const uint8_t *)"\0\0\0\3\x82", 5 } },   /* of a stream of the client's */
	{ ENDH | HTTP2_FLAG_PADDED, 1, { (const uint8_t *)"\2\0\0\0\2\x82", 6 } },
	{ ENDH, 0, { (const uint8_t *)"\0\0\0\2\x82", 5 } },
};

START_TEST(faulty_push_ends_the_direction_of_the_server)
{
	headers(C, END, 1, GET_ROOT);
	(void)http2_wire_text(&w);
	frame(S, HTTP2_PUSH_PROMISE, faulty_pushes[_i].flags, faulty_pushes[_i].stream, faulty_pushes[_i].payload);
	ck_assert_uint_eq(w.malformed, 1);
	ck_assert_uint_eq(w.heads, 1);
	ck_assert_ptr_null(strstr(http2_wire_text(&w), "push"));
	headers(S, END, 1, ":status: 200\n");
	headers(C, END, 3, GET_ROOT);
	expect("C head 3 GET https a.test / last\nC end 3\n");
}
END_TEST

START_TEST(header_block_is_not_interrupted)
{
	static const struct {
		uint8_t type;
		uint32_t stream;
	} rows[] = { { HTTP2_DATA, 1 }, { HTTP2_CONTINUATION, 3 }, { HTTP2_HEADERS, 3 }, { 0xba, 1 } };

	frame(C, HTTP2_HEADERS, END, 1, BYTES("\x82"));
	frame(C, rows[_i].type, ENDH, rows[_i].stream, BYTES("\x84"));
	expect("C malformed: a header block is not continued\n");
}
END_TEST

START_TEST(other_protocols_are_malformed)
{
	restart(0);
	http2_wire_send(&w, C, BYTES("PRI * HTTP/2.0\r\n\r\nXX"));
	http2_wire_send(&w, S, BYTES("HTTP/1.1 400 Bad Request\r\n\r\n"));
	expect("C malformed: no connection preface\nS malformed: no frame where HTTP/2 begins\n");
	restart(0);
	http2_wire_preface(&w);
	http2_wire_send(&w, S, BYTES("HTTP/1.1 400 Bad Request\r\n\r\n"));
	expect("S malformed: a frame of an unknown type is larger than SETTINGS_MAX_FRAME_SIZE\n");
}
END_TEST

/* ---- header compression ---- */

START_TEST(table_is_remembered_per_direction)
{
	for (uint32_t stream = 1; stream < 7; stream += 2) {
		headers(C, END, stream, GET_ROOT "user-agent: me\nx-c: d\n");
		headers(S, END, stream, ":status: 302\nx-s: t\n");
	}
	ck_assert_ptr_nonnull(strstr(http2_wire_text(&w), "C head 5 GET https a.test / [user-agent=me] [x-c=d] last\nC end 5\n"
							  "S head 5 302 [x-s=t] last\n"));
}
END_TEST

START_TEST(table_changes_its_size_as_the_sender_says)
{
	static const size_t sizes[] = { 0, 64, 4096, 65536 };
	char expected[200];

	for (uint32_t i = 0; i < 12; i++) {
		size_t size = sizes[i % 4];

		http2_wire_setting(&w, S, 1, (uint32_t)size);
		frame(C, HTTP2_SETTINGS, HTTP2_FLAG_ACK, 0, BYTES(""));
		nghttp2_hd_deflate_change_table_size(w.deflater[C], size);
		headers(C, END, 2 * i + 1, GET_ROOT "user-agent: me\nx: y\n");
		snprintf(expected, sizeof expected, "C head %u GET https a.test / [user-agent=me] [x=y] last\nC end %u\n",
			 2 * i + 1, 2 * i + 1);
		expect(expected);
	}
}
END_TEST

START_TEST(table_above_the_limit_forgets_its_oldest_entries)
{
	/* A table of 2^20 bytes: 001 with 31, then 2^20 - 31 in pieces of 7 bits. */
	frame(C, HTTP2_HEADERS, END | ENDH, 1, BYTES("\x3f\xe1\xff\x3f\x82"));
	expect("C head 1 GET last\nC end 1\n");
	ck_assert_uint_eq(w.hits.count[LIMIT_HTTP2_TABLE_HIT], 1);
}
END_TEST

static const struct {
	const char *name;
	struct bytes block;
	const char *expected;
} broken_blocks[] = {
	{ "index 0", { (const uint8_t *)"\x82\x80\x84", 3 }, " GET /" },
	{ "an index that never was", { (const uint8_t *)"\x82\xbe\x84", 3 }, " GET /" },
	{ "a large index", { (const uint8_t *)"\x82\xff\xff\xff\x7f\x84", 6 }, " GET /" },
	{ "an endless integer", { (const uint8_t *)"\x82\xff\xff\xff\xff\xff\xff\x84", 8 }, " GET" },
	{ "a name that is longer than the block", { (const uint8_t *)"\x82\x40\x05xy", 5 }, " GET" },
	{ "a value that is missing", { (const uint8_t *)"\x82\x44", 2 }, " GET" },
	{ "Huffman padding of zeros", { (const uint8_t *)"\x82\x44\x81\0\x87", 5 }, " GET https" },
	{ "a literal under an unknown name", { (const uint8_t *)"\x82\x7e\1x\x84", 5 }, " GET /" },
	{ "the same, not indexed", { (const uint8_t *)"\x82\x0f\x2f\1x\x84", 6 }, " GET /" },
};

START_TEST(broken_block_keeps_what_is_certain)
{
	char expected[200];

	frame(C, HTTP2_HEADERS, END | ENDH, 1, broken_blocks[_i].block);
	snprintf(expected, sizeof expected, "C head 1%s last partial\nC end 1\n", broken_blocks[_i].expected);
	expect(expected);
	headers(C, END, 3, GET_ROOT);
	expect("C head 3 GET https a.test / last\nC end 3\n");
}
END_TEST

START_TEST(head_that_is_too_long_is_cut)
{
	static uint8_t part[16000]; /* literals "" = "" without indexing */

	frame(C, HTTP2_HEADERS, END, 1, BYTES("\x82\x84"));
	for (int i = 0; i < LIMIT_HTTP_HEAD / (int)sizeof part + 2; i++)
		frame(C, HTTP2_CONTINUATION, 0, 1, (struct bytes){ part, sizeof part });
	frame(C, HTTP2_CONTINUATION, ENDH, 1, BYTES("\x87"));
	ck_assert_ptr_nonnull(strstr(http2_wire_text(&w), "C head 1 GET / [=] [=]"));
	ck_assert_uint_eq(w.heads, 1);
	ck_assert_uint_eq(w.hits.count[LIMIT_HTTP_HEAD_HIT], 1);
	ck_assert_uint_eq(w.hits.count[LIMIT_HTTP_FIELDS_HIT], 1);
	headers(C, END, 3, GET_ROOT);
	expect("C head 3 GET https a.test / last\nC end 3\n");
}
END_TEST

/* However it is sent: 0 in one slice, else in pieces; in one frame, or behind a first one. */
static const struct {
	size_t slice;
	bool continued;
} long_heads[] = { { 0, false }, { 0, true }, { 16384, false }, { 16384, true } };

START_TEST(head_that_is_too_long_is_counted_once)
{
	struct bytes part = { calloc(1, LIMIT_HTTP_HEAD + 16), LIMIT_HTTP_HEAD + 16 }; /* literals "" = "" without indexing */

	w.slice = long_heads[_i].slice;
	if (long_heads[_i].continued)
		frame(C, HTTP2_HEADERS, END, 1, BYTES("\x82\x84"));
	frame(C, long_heads[_i].continued ? HTTP2_CONTINUATION : HTTP2_HEADERS, END, 1, part);
	frame(C, HTTP2_CONTINUATION, ENDH, 1, part);
	ck_assert_uint_eq(w.heads, 1);
	ck_assert_uint_eq(w.hits.count[LIMIT_HTTP_HEAD_HIT], 1);
	frame(C, HTTP2_HEADERS, END | ENDH, 3, part);
	ck_assert_uint_eq(w.heads, 2);
	ck_assert_uint_eq(w.hits.count[LIMIT_HTTP_HEAD_HIT], 2);
	free((void *)(uintptr_t)part.at);
}
END_TEST

START_TEST(other_payload_that_is_cut_is_counted)
{
	uint8_t *payload = calloc(1, LIMIT_HTTP_HEAD + 1);

	w.slice = 16384;
	frame(S, HTTP2_GOAWAY, 0, 0, (struct bytes){ payload, LIMIT_HTTP_HEAD });
	ck_assert_uint_eq(w.hits.count[LIMIT_HTTP_HEAD_HIT], 0);
	frame(S, HTTP2_GOAWAY, 0, 0, (struct bytes){ payload, LIMIT_HTTP_HEAD + 1 });
	ck_assert_uint_eq(w.hits.count[LIMIT_HTTP_HEAD_HIT], 1);
	free(payload);
}
END_TEST

static size_t biggest_head;

static void measure_head(void *context, const struct http2_head *head)
{
	(void)context;
	biggest_head = 0;
	for (size_t i = 0; i < head->field_count; i++)
		biggest_head += head->fields[i].name.size + head->fields[i].value.size;
	ck_assert_uint_le(head->field_count, LIMIT_HTTP_FIELDS);
}

START_TEST(compressed_bomb_is_bounded)
{
	static const struct http2_events measure = { .head = measure_head };
	struct limit_hits hits = { 0 };
	struct http2_session *session = http2_session_new(&measure, NULL, false, false, &hits);
	static uint8_t block[10000] = { 0x40, 1, 'a', 0x7f, 0xa1, 0x1e }; /* a value of 4000 bytes, then references to it */
	uint8_t header[HTTP2_FRAME_HEADER];

	memset(block + 6, 'x', 4000);
	memset(block + 4006, 0xbe, sizeof block - 4006);
	http2_wire_header(header, sizeof block, HTTP2_HEADERS, ENDH, 1);
	http2_session_feed(session, C, BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
	http2_session_feed(session, C, (struct bytes){ header, sizeof header });
	http2_session_feed(session, C, (struct bytes){ block, sizeof block });
	ck_assert_uint_gt(biggest_head, 4000 * 200);
	ck_assert_uint_le(biggest_head, LIMIT_HTTP_HEAD);
	ck_assert_uint_eq(hits.count[LIMIT_HTTP_HEAD_HIT], 1);
	http2_session_free(session);
}
END_TEST

/* ---- flow control ---- */

START_TEST(used_up_windows_block_their_sender)
{
	headers(C, END, 1, GET_ROOT);
	headers(S, 0, 1, ":status: 200\n");
	(void)http2_wire_text(&w);
	http2_wire_download(&w, 1, 65534);
	expect("S data 1 65534\n");
	http2_wire_download(&w, 1, 1);
	expect("S data 1 1\nS blocked 1\nS blocked 0\n");
	http2_wire_numbers(&w, C, HTTP2_WINDOW_UPDATE, 1, 1, 100u);
	http2_wire_numbers(&w, C, HTTP2_WINDOW_UPDATE, 77, 1, 100u);
	expect("S open 1\n");
	http2_wire_numbers(&w, C, HTTP2_WINDOW_UPDATE, 0, 1, 100u);
	expect("S open 0\n");
	http2_wire_data(&w, S, END, 1, 100);
	expect("S data 1 100\nS blocked 0\nS end 1\n");
}
END_TEST

START_TEST(settings_move_the_windows_of_streams)
{
	http2_wire_setting(&w, C, HTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0);
	headers(C, END, 1, GET_ROOT);
	headers(S, 0, 1, ":status: 103\n");
	headers(S, 0, 1, ":status: 200\n");
	expect(REQUEST_1 "S head 1 103\nS head 1 200\nS blocked 1\n");
	http2_wire_setting(&w, C, HTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 10);
	http2_wire_data(&w, S, 0, 1, 4);
	expect("S data 1 4\nS open 1\n");
	http2_wire_data(&w, S, 0, 1, 6);
	expect("S data 1 6\nS blocked 1\n");
	http2_wire_numbers(&w, C, HTTP2_RST_STREAM, 1, 1, 8u);
	expect("C reset 1 8\nS open 1\n");
}
END_TEST

START_TEST(padding_counts_for_windows)
{
	http2_wire_setting(&w, S, HTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 3);
	headers(C, 0, 1, GET_ROOT);
	frame(C, HTTP2_DATA, HTTP2_FLAG_PADDED, 1, BYTES("\2\0\0"));
	expect("C head 1 GET https a.test /\nC blocked 1\n");
	http2_wire_data(&w, C, END, 1, 0);
	expect("C end 1\nC open 1\n");
}
END_TEST

/* ---- streams ---- */

START_TEST(oldest_stream_goes_when_there_are_too_many)
{
	for (uint32_t i = 0; i <= LIMIT_HTTP2_STREAMS; i++) {
		headers(C, 0, 2 * i + 1, GET_ROOT);
		(void)http2_wire_text(&w);
	}
	ck_assert_uint_eq(w.hits.count[LIMIT_HTTP2_STREAMS_HIT], 1);
	headers(C, END, 3, "t: r\n");
	headers(C, END, 1, "t: r\n");
	expect("C trailer 3 [t=r] last\nC end 3\nC trailer 1 [t=r] last\nC end 1\n");
}
END_TEST

START_TEST(closed_streams_make_room)
{
	for (uint32_t i = 0; i < LIMIT_HTTP2_STREAMS * 2; i++) {
		headers(C, END, 2 * i + 1, GET_ROOT);
		headers(S, END, 2 * i + 1, ":status: 204\n");
		(void)http2_wire_text(&w);
	}
	ck_assert_uint_eq(w.hits.count[LIMIT_HTTP2_STREAMS_HIT], 0);
}
END_TEST

START_TEST(closed_streams_go_before_open_ones)
{
	for (uint32_t i = 0; i < LIMIT_HTTP2_STREAMS + 5; i++) {
		headers(C, i < 10 ? END : 0, 2 * i + 1, GET_ROOT);
		if (i < 10)
			headers(S, END, 2 * i + 1, ":status: 204\n");
		(void)http2_wire_text(&w);
	}
	ck_assert_uint_eq(w.hits.count[LIMIT_HTTP2_STREAMS_HIT], 0);
}
END_TEST

/* ---- the rest ---- */

START_TEST(preface_is_recognised)
{
	struct bytes preface = BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

	for (size_t n = 0; n < preface.size; n++)
		ck_assert_int_eq(http2_looks_like((struct bytes){ preface.at, n }), CUR_CUT);
	ck_assert_int_eq(http2_looks_like(preface), CUR_OK);
	ck_assert_int_eq(http2_looks_like(BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4")), CUR_OK);
	ck_assert_int_eq(http2_looks_like(BYTES("PRI * HTTP/1")), CUR_BAD);
	ck_assert_int_eq(http2_looks_like((struct bytes){ NULL, 0 }), CUR_CUT);
}
END_TEST

START_TEST(error_codes_have_names)
{
	ck_assert_str_eq(http2_error_text(0), "NO_ERROR");
	ck_assert_str_eq(http2_error_text(11), "ENHANCE_YOUR_CALM");
	ck_assert_str_eq(http2_error_text(13), "HTTP_1_1_REQUIRED");
	ck_assert_ptr_null(http2_error_text(14));
	ck_assert_ptr_null(http2_error_text(UINT32_MAX));
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("http2");
	TCase *tests = tcase_create("http2");

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, messages_come_out_however_they_are_sliced, 0, ROWS(slices));
	tcase_add_test(tests, streams_are_told_apart);
	tcase_add_test(tests, padding_and_priority_are_no_content);
	tcase_add_loop_test(tests, header_blocks_go_on_in_continuations, 0, ROWS(slices));
	tcase_add_test(tests, connection_frames_are_understood_or_skipped);
	tcase_add_test(tests, pushed_requests_and_their_responses);
	tcase_add_test(tests, extended_connect_has_a_protocol);
	tcase_add_loop_test(tests, odd_heads_are_handed_out_as_they_are, 0, ROWS(odd_heads));
	tcase_add_test(tests, upgraded_connection_answers_on_stream_1);
	tcase_add_loop_test(tests, faulty_frame_ends_its_direction_only, 0, ROWS(faults));
	tcase_add_loop_test(tests, faulty_push_ends_the_direction_of_the_server, 0, ROWS(faulty_pushes));
	tcase_add_loop_test(tests, header_block_is_not_interrupted, 0, 4);
	tcase_add_test(tests, other_protocols_are_malformed);
	tcase_add_test(tests, table_is_remembered_per_direction);
	tcase_add_test(tests, table_changes_its_size_as_the_sender_says);
	tcase_add_test(tests, table_above_the_limit_forgets_its_oldest_entries);
	tcase_add_loop_test(tests, broken_block_keeps_what_is_certain, 0, ROWS(broken_blocks));
	tcase_add_test(tests, head_that_is_too_long_is_cut);
	tcase_add_loop_test(tests, head_that_is_too_long_is_counted_once, 0, ROWS(long_heads));
	tcase_add_test(tests, other_payload_that_is_cut_is_counted);
	tcase_add_test(tests, compressed_bomb_is_bounded);
	tcase_add_test(tests, used_up_windows_block_their_sender);
	tcase_add_test(tests, settings_move_the_windows_of_streams);
	tcase_add_test(tests, padding_counts_for_windows);
	tcase_add_test(tests, oldest_stream_goes_when_there_are_too_many);
	tcase_add_test(tests, closed_streams_make_room);
	tcase_add_test(tests, closed_streams_go_before_open_ones);
	tcase_add_test(tests, preface_is_recognised);
	tcase_add_test(tests, error_codes_have_names);
	suite_add_tcase(suite, tests);
	return suite;
}
