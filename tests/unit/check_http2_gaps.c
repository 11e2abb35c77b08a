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

/* ---- gaps ---- */

START_TEST(gap_inside_data_is_data)
{
	uint8_t header[HTTP2_FRAME_HEADER];

	headers(S, 0, 1, ":status: 302\nx: y\n");
	http2_wire_header(header, 5000, HTTP2_DATA, END, 1);
	http2_wire_send(&w, S, (struct bytes){ header, sizeof header });
	http2_wire_send(&w, S, BYTES("abc"));
	http2_session_gap(w.session, S, 4990);
	http2_wire_send(&w, S, BYTES("1234567"));
	headers(S, 0, 3, ":status: 302\nx: y\n");
	expect("S head 1 302 [x=y]\nS data 1 5000\nS end 1\nS head 3 302 [x=y]\n");
}
END_TEST

START_TEST(gap_to_the_end_of_data_keeps_the_table)
{
	uint8_t header[HTTP2_FRAME_HEADER];

	headers(S, 0, 1, ":status: 302\nx: y\n");
	http2_wire_header(header, 5000, HTTP2_DATA, HTTP2_FLAG_PADDED, 1);
	http2_wire_send(&w, S, (struct bytes){ header, sizeof header });
	http2_wire_send(&w, S, BYTES("\7abc"));
	http2_session_gap(w.session, S, 4996);
	headers(S, 0, 3, ":status: 302\nx: y\n");
	expect("S head 1 302 [x=y]\nS data 1 4992\nS head 3 302 [x=y]\n");
}
END_TEST

START_TEST(gap_over_the_pad_length_leaves_it_out)
{
	uint8_t header[HTTP2_FRAME_HEADER];

	http2_wire_header(header, 10, HTTP2_DATA, HTTP2_FLAG_PADDED | END, 1);
	http2_wire_send(&w, S, (struct bytes){ header, sizeof header });
	http2_session_gap(w.session, S, 5);
	http2_wire_send(&w, S, BYTES("\7abcd"));
	expect("S data 1 10\nS end 1\n");
}
END_TEST

START_TEST(large_table_is_followed_after_a_gap)
{
	char fields[6000] = ":method: GET\nfirst: 1\nlong: ";
	size_t n = strlen(fields);

	nghttp2_hd_deflate_change_table_size(w.deflater[C], 65536);
	headers(C, END, 1, ":method: GET\n");
	(void)http2_wire_text(&w);
	http2_session_gap(w.session, C, 1000);
	memset(fields + n, 'x', 5000);
	memcpy(fields + n + 5000, "\n", 2);
	headers(C, END, 3, fields);
	ck_assert_ptr_nonnull(strstr(http2_wire_text(&w), "C head 3 GET [first=1] [long=xxx"));
	headers(C, END, 5, ":method: GET\nfirst: 1\n");
	expect("C head 5 GET [first=1] last\nC end 5\n");
}
END_TEST

START_TEST(gap_over_frames_loses_what_the_table_held)
{
	headers(C, END, 1, GET_ROOT "old: 1\n");
	http2_session_gap(w.session, C, 1000);
	http2_wire_send(&w, C, BYTES("the end of something"));
	headers(C, END, 5, GET_ROOT "old: 1\nnew: 2\n");
	headers(C, END, 7, GET_ROOT "old: 1\nnew: 2\nnewer: 3\n");
	headers(C, END, 9, ":method: GET\n:scheme: https\n:path: /\nnew: 2\nnewer: 3\n");
	expect("C head 1 GET https a.test / [old=1] last\nC end 1\n"
	       "C head 5 GET https / [new=2] last partial\nC end 5\n"
	       "C head 7 GET https / [new=2] [newer=3] last partial\nC end 7\n"
	       "C head 9 GET https / [new=2] [newer=3] last\nC end 9\n");
}
END_TEST

START_TEST(unknown_names_keep_their_places_in_the_table)
{
	headers(C, END, 1, GET_ROOT "name: 1\n");
	http2_session_gap(w.session, C, 1000);
	headers(C, END, 3, ":method: GET\nother: 3\nname: 2\n"); /* a new value under an old name */
	headers(C, END, 5, ":method: GET\nother: 3\nname: 2\n");
	headers(C, END, 7, ":method: GET\nother: 3\n");
	expect("C head 1 GET https a.test / [name=1] last\nC end 1\n"
	       "C head 3 GET [other=3] last partial\nC end 3\n"
	       "C head 5 GET [other=3] last partial\nC end 5\n"
	       "C head 7 GET [other=3] last\nC end 7\n");
}
END_TEST

START_TEST(gap_too_small_for_a_head_keeps_the_table)
{
	headers(C, END, 1, GET_ROOT "old: 1\n");
	http2_session_gap(w.session, C, 9);
	headers(C, END, 5, GET_ROOT "old: 1\n");
	ck_assert_ptr_nonnull(strstr(http2_wire_text(&w), "C head 5 GET https a.test / [old=1] last\n"));
	http2_session_gap(w.session, C, 9);
	http2_wire_send(&w, C, BYTES("?"));
	headers(C, END, 7, GET_ROOT "old: 1\n");
	expect("C head 7 GET https / last partial\nC end 7\n");
}
END_TEST

START_TEST(gap_in_a_head_leaves_its_beginning)
{
	struct bytes block = http2_wire_block(&w, C, GET_ROOT "x: a value of some length\n");
	uint8_t header[HTTP2_FRAME_HEADER];

	http2_wire_header(header, (uint32_t)block.size, HTTP2_HEADERS, END | ENDH, 1);
	http2_wire_send(&w, C, (struct bytes){ header, sizeof header });
	http2_wire_send(&w, C, (struct bytes){ block.at, block.size - 5 });
	http2_session_gap(w.session, C, 3);
	expect("C head 1 GET https a.test / last partial\nC end 1\n");
	http2_wire_send(&w, C, (struct bytes){ block.at, 2 });
	headers(C, END, 3, ":method: PUT\n");
	expect("C head 3 PUT last\nC end 3\n");
}
END_TEST

START_TEST(gap_behind_a_whole_field_leaves_a_partial_head)
{
	http2_wire_send(&w, C, BYTES("\0\0\3\1\5\0\0\0\1\x82\x87"));
	http2_session_gap(w.session, C, 1);
	expect("C head 1 GET https last partial\nC end 1\n");
}
END_TEST

START_TEST(gap_in_place_of_continuations_leaves_the_head)
{
	frame(C, HTTP2_HEADERS, END, 1, BYTES("\x82\x87"));
	http2_session_gap(w.session, C, 100);
	expect("C head 1 GET https last partial\nC end 1\n");
	frame(C, HTTP2_CONTINUATION, ENDH, 1, BYTES("\x84"));
	headers(C, END, 3, ":method: PUT\n");
	expect("C head 3 PUT last\nC end 3\n");
}
END_TEST

START_TEST(gap_ends_the_accounting_of_windows)
{
	headers(C, END, 1, GET_ROOT);
	headers(S, 0, 1, ":status: 200\n");
	http2_wire_download(&w, 1, 65535);
	(void)http2_wire_text(&w);
	http2_session_gap(w.session, C, 13);
	expect("S open 0\nS open 1\n");
	http2_wire_download(&w, 1, 65535);
	expect("S data 1 65535\n");
}
END_TEST

START_TEST(gaps_of_any_size_anywhere_are_survived)
{
	w.hold = true;
	headers(C, END, 1, GET_ROOT "x: y\n");
	http2_wire_data(&w, C, HTTP2_FLAG_PADDED, 1, 30);
	frame(C, HTTP2_PING, 0, 0, BYTES("12345678"));
	headers(C, END, 3, GET_ROOT "x: y\n");
	w.hold = false;
	for (size_t at = 0; at <= w.held[C].size; at++)
		for (size_t size = 1; size <= w.held[C].size - at; size++) {
			struct bytes text = { w.held[C].at, w.held[C].size };
			struct http2_wire inner;

			http2_wire_init(&inner, 0);
			http2_wire_preface(&inner);
			http2_wire_send(&inner, C, (struct bytes){ text.at, at });
			http2_session_gap(inner.session, C, size);
			http2_wire_send(&inner, C, (struct bytes){ text.at + at + size, text.size - at - size });
			http2_session_gap(inner.session, C, UINT64_MAX);
			http2_session_gap(inner.session, C, UINT64_MAX);
			ck_assert_uint_eq(inner.malformed, 0);
			http2_wire_clear(&inner);
		}
}
END_TEST

/* ---- the middle of a connection ---- */

START_TEST(middle_of_a_connection_gives_what_is_certain)
{
	restart(HTTP2_MID_CONNECTION);
	(void)http2_wire_block(&w, C, GET_ROOT "old: 1\n");
	(void)http2_wire_block(&w, S, ":status: 302\n");
	http2_wire_send(&w, C, BYTES("rest of a frame"));
	headers(C, END, 101, GET_ROOT "old: 1\n");
	headers(S, 0, 101, ":status: 302\n");
	headers(S, 0, 103, ":status: 200\n");
	http2_wire_download(&w, 103, 70000);
	expect("C head 101 GET https / last partial\nC end 101\nS head 101 partial\nS head 103 200\nS data 103 70000\n");
	headers(S, END, 101, "grpc-status: 0\n");
	headers(S, END, 99, "grpc-status: 0\n");
	headers(S, END, 97, ":status: 302\n");
	headers(S, 0, 95, ":status: 302\n"); /* for all one knows an interim response */
	headers(S, 0, 95, ":status: 200\n");
	expect("S trailer 101 [grpc-status=0] last\nS end 101\nS trailer 99 [grpc-status=0] last\nS end 99\n"
	       "S head 97 last partial\nS end 97\nS head 95 partial\nS head 95 200\n");
}
END_TEST

START_TEST(preface_in_the_middle_is_the_beginning)
{
	restart(HTTP2_MID_CONNECTION);
	http2_wire_preface(&w);
	headers(C, END, 1, GET_ROOT);
	expect(REQUEST_1);
}
END_TEST

static const struct {
	const char *name;
	struct bytes start;
	bool frame;
} starts[] = {
	{ "window update", { (const uint8_t *)"\0\0\4\x08\0\0\0\0\1\0\0\0\1", 13 }, true },
	{ "and nothing behind", { (const uint8_t *)"\0\0\4\x08\0\0\0\0\1", 9 }, true },
	{ "incomplete header", { (const uint8_t *)"\0\0\4\x08\0\0\0\0", 8 }, false },
	{ "zeros", { (const uint8_t *)"\0\0\0\0\0\0\0\0\0\0\0\0\0", 13 }, false },
	{ "unknown type", { (const uint8_t *)"\0\0\4\x0b\0\0\0\0\1\0\0\0\1", 13 }, false },
	{ "unknown flag", { (const uint8_t *)"\0\0\4\x08\1\0\0\0\1\0\0\0\1", 13 }, false },
	{ "wrong size", { (const uint8_t *)"\0\0\5\x08\0\0\0\0\1\0\0\0\1", 13 }, false },
	{ "too large", { (const uint8_t *)"\0\x50\0\0\0\0\0\0\1\0\0\0\1", 13 }, false },
	{ "reserved bit", { (const uint8_t *)"\0\0\4\x08\0\x80\0\0\1\0\0\0\1", 13 }, false },
	{ "settings on a stream", { (const uint8_t *)"\0\0\0\4\0\0\0\0\1", 9 }, false },
	{ "acknowledgement with content", { (const uint8_t *)"\0\0\6\4\1\0\0\0\0", 9 }, false },
	{ "request on an even stream", { (const uint8_t *)"\0\0\1\1\4\0\0\0\2", 9 }, false },
	{ "no room for the pad length", { (const uint8_t *)"\0\0\0\0\x08\0\0\0\1", 9 }, false },
	{ "no room for the priority", { (const uint8_t *)"\0\0\5\1\x24\0\0\0\1", 9 }, false },
	{ "far stream, whole frame", { (const uint8_t *)"\0\0\4\x08\0\x40\0\0\1\0\0\0\1", 13 }, true },
	{ "far stream, and more", { (const uint8_t *)"\0\0\4\x08\0\x40\0\0\1\0\0\0\1\0", 14 }, false },
	{ "far stream, a third",
	  { (const uint8_t *)"\0\0\4\x08\0\x40\0\0\1\0\0\0\1"
			     "\0\0\4\x08\0\x40\0\0\1\0\0\0\1"
			     "\0\0\4\x08\0\x40\0\0\1\0\0\0\1",
	    39 },
	  false },
	{ "far stream, not whole", { (const uint8_t *)"\0\0\4\x08\0\x40\0\0\1", 9 }, false },
	{ "no frame behind the first", { (const uint8_t *)"\0\0\4\x08\0\0\0\0\1\0\0\0\1GET / HTTP", 23 }, false },
};

/* A frame that follows is only read if the slice was taken for a frame; the slice before is always left. */
START_TEST(frames_are_found_by_plausibility)
{
	restart(HTTP2_MID_CONNECTION);
	http2_wire_send(&w, C, starts[_i].start);
	if (starts[_i].start.size == HTTP2_FRAME_HEADER && starts[_i].frame)
		http2_wire_send(&w, C, BYTES("\0\0\0\1"));
	/* Not plausible, so that it is no frame unless one was found before: a flag that PING does not have. */
	frame(C, HTTP2_PING, 0x80, 0, BYTES("12345678"));
	http2_wire_send(&w, C, BYTES("\0\0\1\1\x45\0\0\0\1\x82"));
	expect(starts[_i].frame ? "C head 1 GET last\nC end 1\n" : "");
}
END_TEST

START_TEST(frames_found_by_mistake_are_left_again)
{
	restart(HTTP2_MID_CONNECTION);
	http2_wire_send(&w, C, BYTES("\0\0\4\x08\0\0\0\0\1\0\0\0\1GET /"));
	http2_wire_send(&w, C, BYTES(" HTTP/1.1\r\n\r\n"));
	headers(C, END, 1, GET_ROOT);
	expect(REQUEST_1);
}
END_TEST

/* ---- damage ---- */

/* A conversation with every kind of frame, held back so that it can be damaged. */
static void hold_conversation(void)
{
	struct bytes block;

	w.hold = true;
	http2_wire_setting(&w, C, HTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 100);
	http2_wire_numbers(&w, C, HTTP2_WINDOW_UPDATE, 0, 1, 100u);
	headers(C, 0, 1, GET_ROOT "content-length: 5\nx: y\n");
	frame(C, HTTP2_DATA, HTTP2_FLAG_PADDED | END, 1, BYTES("\2hello\0\0"));
	block = http2_wire_block(&w, C, GET_ROOT "x: y\n");
	frame(C, HTTP2_HEADERS, END, 3, (struct bytes){ block.at, 2 });
	frame(C, HTTP2_CONTINUATION, ENDH, 3, (struct bytes){ block.at + 2, block.size - 2 });
	http2_wire_numbers(&w, C, HTTP2_RST_STREAM, 3, 1, 8u);
	http2_wire_numbers(&w, C, HTTP2_GOAWAY, 0, 2, 0u, 0u);
	w.hold = false;
}

START_TEST(every_prefix_gives_some_result)
{
	hold_conversation();
	for (size_t n = 0; n <= w.held[C].size; n++) {
		struct http2_wire inner;

		http2_wire_init(&inner, 0);
		http2_wire_preface(&inner);
		http2_wire_send(&inner, C, (struct bytes){ w.held[C].at, n });
		http2_session_gap(inner.session, C, 1 + n % 40);
		ck_assert_uint_eq(inner.malformed, 0);
		http2_wire_clear(&inner);
	}
}
END_TEST

START_TEST(every_bit_flip_gives_some_result)
{
	hold_conversation();
	for (size_t bit = 0; bit < w.held[C].size * 8; bit++) {
		struct http2_wire inner;

		w.held[C].at[bit / 8] ^= (uint8_t)(1 << bit % 8);
		http2_wire_init(&inner, bit % 3 == 2 ? HTTP2_MID_CONNECTION : 0);
		if (bit % 3 != 2)
			http2_wire_preface(&inner);
		http2_wire_send(&inner, C, (struct bytes){ w.held[C].at, w.held[C].size });
		ck_assert_uint_le(inner.malformed, 1);
		http2_wire_clear(&inner);
		w.held[C].at[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("http2_gaps");
	TCase *tests = tcase_create("http2_gaps");

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, gap_inside_data_is_data);
	tcase_add_test(tests, gap_to_the_end_of_data_keeps_the_table);
	tcase_add_test(tests, gap_over_the_pad_length_leaves_it_out);
	tcase_add_test(tests, large_table_is_followed_after_a_gap);
	tcase_add_test(tests, gap_over_frames_loses_what_the_table_held);
	tcase_add_test(tests, unknown_names_keep_their_places_in_the_table);
	tcase_add_test(tests, gap_too_small_for_a_head_keeps_the_table);
	tcase_add_test(tests, gap_in_a_head_leaves_its_beginning);
	tcase_add_test(tests, gap_behind_a_whole_field_leaves_a_partial_head);
	tcase_add_test(tests, gap_in_place_of_continuations_leaves_the_head);
	tcase_add_test(tests, gap_ends_the_accounting_of_windows);
	tcase_add_test(tests, gaps_of_any_size_anywhere_are_survived);
	tcase_add_test(tests, middle_of_a_connection_gives_what_is_certain);
	tcase_add_test(tests, preface_in_the_middle_is_the_beginning);
	tcase_add_loop_test(tests, frames_are_found_by_plausibility, 0, ROWS(starts));
	tcase_add_test(tests, frames_found_by_mistake_are_left_again);
	tcase_add_test(tests, every_prefix_gives_some_result);
	tcase_add_test(tests, every_bit_flip_gives_some_result);
	suite_add_tcase(suite, tests);
	return suite;
}
