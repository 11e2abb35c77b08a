/*
 * The order of the two streams of a connection: what is seen of HTTP messages tells which bytes were handed on, and when.
 */
#include "tests/support/scene.h"
#include "tests/unit/suite.h"

#include <string.h>

static struct scene s;
static struct scene_tcp t;

static void setup(void)
{
	scene_begin(&s);
	t = scene_tcp(&s, 40000, 80);
}

static void teardown(void)
{
	scene_free(&s);
}

#define REQUEST "GET /0123456789abcdef HTTP/1.1\r\nHost: a\r\n\r\n"
#define URL "http://a/0123456789abcdef"
#define OK_10 "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"

enum { REQUEST_SIZE = sizeof REQUEST - 1, HEAD_SIZE = sizeof OK_10 - 1 };

/* A part of the client's or server's stream, at its place. */
static void put_part(enum scene_side side, const char *stream, size_t from, size_t to, int64_t ack)
{
	scene_segment(
		&t, &(struct scene_segment){
			    .side = side, .at = (int64_t)from, .ack = ack, .data = { (const uint8_t *)stream + from, to - from } });
}

static void put_request(size_t from, size_t to)
{
	put_part(CLIENT, REQUEST, from, to, 0);
}

static void acknowledge(enum scene_side side, int64_t ack)
{
	scene_segment(&t, &(struct scene_segment){ .side = side, .at = side == CLIENT ? REQUEST_SIZE : 0, .ack = ack });
}

static const struct trace_http_request *end_with(size_t count)
{
	scene_end(&s);
	ck_assert_uint_eq(s.got.http_request_count, count);
	return s.got.http_requests;
}

static void check_text(struct bytes got, const char *expected)
{
	ck_assert_msg(bytes_equal(got, bytes_of(expected)), "%.*s", (int)got.size, (const char *)got.at);
}

/* ---- one direction ---- */

static const size_t parts[3][2] = { { 0, 7 }, { 7, 20 }, { 20, REQUEST_SIZE } };
static const int orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

START_TEST(segments_in_any_order_give_the_stream)
{
	scene_open(&t);
	for (int i = 0; i < 3; i++)
		put_request(parts[orders[_i][i]][0], parts[orders[_i][i]][1]);
	check_text(end_with(1)->url, URL);
	ck_assert_uint_eq(s.got.tcp_conns[0].client.lost_bytes, 0);
}
END_TEST

START_TEST(single_bytes_backwards_give_the_stream)
{
	scene_open(&t);
	for (size_t i = REQUEST_SIZE; i > 0; i--)
		put_request(i - 1, i);
	check_text(end_with(1)->url, URL);
}
END_TEST

START_TEST(repeated_and_overlapping_segments_give_each_byte_once)
{
	scene_open(&t);
	put_request(0, 10);
	put_request(0, 10);
	put_request(5, 15);
	put_request(20, 30);
	put_request(18, 25);
	put_request(12, 28);
	put_request(3, REQUEST_SIZE);
	put_request(0, REQUEST_SIZE);
	check_text(end_with(1)->url, URL);
}
END_TEST

START_TEST(first_copy_of_a_byte_holds)
{
	char other[] = REQUEST;

	memset(other + 5, 'x', 16);
	scene_open(&t);
	put_request(0, 15);
	put_part(CLIENT, other, 5, 21, 0); /* of which five bytes are new */
	put_request(15, REQUEST_SIZE);
	check_text(end_with(1)->url, "http://a/0123456789xxxxxx");
}
END_TEST

START_TEST(sequence_numbers_wrap_within_the_stream)
{
	scene_set_isn(&t, UINT32_MAX - 10, UINT32_MAX - HEAD_SIZE);
	scene_open(&t);
	put_request(20, REQUEST_SIZE);
	put_request(0, 20);
	put_part(SERVER, OK_10 "0123456789", 0, HEAD_SIZE + 10, REQUEST_SIZE);
	check_text(end_with(1)->url, URL);
	ck_assert_uint_eq(s.got.http_requests[0].resp_content_size, 10);
	ck_assert(s.got.http_requests[0].resp_complete);
}
END_TEST

START_TEST(bytes_after_the_fin_are_none)
{
	scene_open(&t);
	put_request(0, REQUEST_SIZE);
	scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .flags = TCP_FIN | TCP_ACK, .at = REQUEST_SIZE });
	put_part(CLIENT, REQUEST REQUEST, REQUEST_SIZE, 2 * REQUEST_SIZE, 0);
	end_with(1);
}
END_TEST

START_TEST(fin_waits_for_the_bytes_before_it)
{
	scene_open(&t);
	put_request(0, REQUEST_SIZE);
	put_part(SERVER, "HTTP/1.0 200 OK\r\n\r\n", 0, 19, REQUEST_SIZE);
	scene_segment(&t, &(struct scene_segment){ .side = SERVER, .flags = TCP_FIN | TCP_ACK, .at = 24, .ack = REQUEST_SIZE });
	put_part(SERVER, "HTTP/1.0 200 OK\r\n\r\nabcde", 19, 24, REQUEST_SIZE);
	ck_assert_uint_eq(end_with(1)->resp_content_size, 5);
	ck_assert(s.got.http_requests[0].resp_complete);
	ck_assert_uint_eq(s.got.http_requests[0].gap_bytes, 0);
}
END_TEST

START_TEST(held_segments_are_handed_on_when_the_connection_is_reset)
{
	scene_open(&t);
	put_request(0, REQUEST_SIZE);
	put_part(SERVER, OK_10 "0123456789", HEAD_SIZE, HEAD_SIZE + 10, REQUEST_SIZE);
	put_part(SERVER, OK_10 "0123456789", 0, HEAD_SIZE, REQUEST_SIZE);
	scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .flags = TCP_RST, .at = REQUEST_SIZE });
	ck_assert_uint_eq(end_with(1)->resp_content_size, 10);
}
END_TEST

START_TEST(stream_begins_in_the_middle_where_the_capture_does)
{
	put_part(CLIENT, "xxxxxxx" REQUEST, 7, 7 + REQUEST_SIZE, 0);
	check_text(end_with(1)->url, URL);
	ck_assert(s.got.tcp_conns[0].reused);
}
END_TEST

/* ---- holes ---- */

START_TEST(hole_that_the_receiver_acknowledged_becomes_a_gap)
{
	scene_open(&t);
	put_request(0, REQUEST_SIZE);
	put_part(SERVER, OK_10 "0123456789", 0, HEAD_SIZE + 2, REQUEST_SIZE);
	put_part(SERVER, OK_10 "0123456789", HEAD_SIZE + 6, HEAD_SIZE + 10, REQUEST_SIZE);
	acknowledge(CLIENT, HEAD_SIZE + 10);
	scene_wait(&s, 10 * NT_SECOND);
	acknowledge(CLIENT, HEAD_SIZE + 10);
	ck_assert_uint_eq(end_with(1)->resp_content_size, 10);
	ck_assert_uint_eq(s.got.http_requests[0].gap_bytes, 4);
	ck_assert(s.got.http_requests[0].resp_complete);
	ck_assert_uint_eq(s.got.tcp_conns[0].server.lost_bytes, 4);
	ck_assert_uint_eq(s.got.tcp_conns[0].recv_bytes, HEAD_SIZE + 6);
}
END_TEST

START_TEST(gap_is_as_old_as_the_proof_that_its_bytes_came)
{
	const struct trace_http_request *request;

	scene_open(&t);
	put_request(0, REQUEST_SIZE);
	put_part(SERVER, OK_10 "0123456789", 0, HEAD_SIZE + 2, REQUEST_SIZE);
	acknowledge(CLIENT, HEAD_SIZE + 10);
	scene_wait(&s, 10 * NT_SECOND);
	if (_i) {
		scene_segment(&t, &(struct scene_segment){
					  .side = SERVER, .flags = TCP_FIN | TCP_ACK, .at = HEAD_SIZE + 10, .ack = REQUEST_SIZE });
		acknowledge(CLIENT, HEAD_SIZE + 11);
	}
	acknowledge(CLIENT, HEAD_SIZE + 10);
	request = end_with(1);
	ck_assert(request->resp_complete);
	ck_assert_int_eq(request->resp_end, scene_at(6));
	ck_assert_uint_eq(request->last_packet.number, 6);
}
END_TEST

START_TEST(gap_is_as_old_as_the_segment_after_it)
{
	scene_open(&t);
	scene_send(&t, CLIENT, REQUEST REQUEST);
	scene_send(&t, SERVER, OK_10);
	s.lose = true;
	scene_send(&t, SERVER, "0123456789");
	scene_send(&t, SERVER, OK_10 "0123456789");
	scene_ack(&t, CLIENT);
	scene_wait(&s, 10 * NT_SECOND);
	scene_ack(&t, CLIENT);
	end_with(2);
	ck_assert_int_eq(s.got.http_requests[0].resp_end, scene_at(7));
	ck_assert_uint_eq(s.got.http_requests[0].last_packet.number, 6);
}
END_TEST

START_TEST(hole_that_nobody_acknowledged_is_waited_for)
{
	scene_open(&t);
	put_request(0, 5);
	put_request(20, REQUEST_SIZE);
	for (int i = 0; i < 100; i++) {
		scene_wait(&s, NT_SECOND);
		acknowledge(SERVER, 5);
	}
	put_request(5, 20);
	check_text(end_with(1)->url, URL);
	ck_assert_uint_eq(s.got.tcp_conns[0].client.lost_bytes, 0);
}
END_TEST

START_TEST(late_segment_of_an_acknowledged_hole_still_fits_in)
{
	scene_open(&t);
	put_request(0, 5);
	put_request(20, REQUEST_SIZE);
	acknowledge(SERVER, REQUEST_SIZE); /* before the segment that it acknowledges: two capture queues */
	put_request(5, 20);
	check_text(end_with(1)->url, URL);
	ck_assert_uint_eq(s.got.tcp_conns[0].client.lost_bytes, 0);
}
END_TEST

START_TEST(hole_that_nobody_acknowledged_was_not_lost_by_the_capture)
{
	scene_open(&t);
	put_request(0, 5);
	put_request(24, REQUEST_SIZE);
	acknowledge(SERVER, 5);
	end_with(1);
	ck_assert_uint_eq(s.got.tcp_conns[0].client.lost_bytes, 0);
}
END_TEST

START_TEST(acknowledged_end_of_a_stream_that_was_not_captured_is_lost)
{
	scene_open(&t);
	put_request(0, REQUEST_SIZE);
	put_part(SERVER, OK_10, 0, HEAD_SIZE, REQUEST_SIZE);
	acknowledge(CLIENT, HEAD_SIZE + 10);
	ck_assert_uint_eq(end_with(1)->resp_content_size, 10);
	ck_assert_uint_eq(s.got.tcp_conns[0].server.lost_bytes, 10);
}
END_TEST

/* A body that is cut by the snaplen, with another response behind it. */
START_TEST(segment_cut_by_the_snaplen_keeps_its_place)
{
	char big[1200] = "HTTP/1.1 200 OK\r\nContent-Length: 1100\r\n\r\n";
	size_t size = strlen(big) + 1100;
	const struct trace_http_request *request;

	memset(big + size - 1100, 'x', 1100);
	s.snaplen = 14 + 20 + 20 + 200;
	scene_open(&t);
	scene_send(&t, CLIENT, REQUEST);
	scene_send_bytes(&t, SERVER, big, size);
	scene_send(&t, CLIENT, REQUEST);
	scene_send(&t, SERVER, OK_10 "0123456789");
	request = end_with(2);
	ck_assert_uint_eq(request[0].resp_content_size, 1100);
	ck_assert_uint_eq(request[0].gap_bytes, size - 200);
	ck_assert(request[0].resp_complete && !request[0].malformed);
	ck_assert_uint_eq(request[1].status, 200);
	ck_assert_uint_eq(request[1].gap_bytes, 0);
	ck_assert_uint_eq(s.got.tcp_conns[0].server.lost_bytes, 0);
	ck_assert_uint_eq(s.got.tcp_conns[0].server.cut_bytes, size - 200);
}
END_TEST

START_TEST(cut_segment_that_comes_early_waits_with_its_cut_part)
{
	char body[600];

	memset(body, 'x', sizeof body);
	s.snaplen = 14 + 20 + 20 + 200;
	scene_open(&t);
	scene_send(&t, CLIENT, REQUEST);
	s.put_aside = true;
	scene_send(&t, SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 600\r\n\r\n");
	scene_send_bytes(&t, SERVER, body, sizeof body);
	scene_late_frame(&s);
	ck_assert_uint_eq(end_with(1)->resp_content_size, 600);
	ck_assert_uint_eq(s.got.http_requests[0].gap_bytes, 400);
	ck_assert(s.got.http_requests[0].resp_complete);
}
END_TEST

/* ---- two directions ---- */

START_TEST(response_captured_before_its_request_still_answers_it)
{
	const struct trace_http_request *request;

	scene_open(&t);
	s.put_aside = true;
	scene_send(&t, CLIENT, REQUEST);
	scene_send(&t, SERVER, OK_10 "0123456789");
	scene_late_frame(&s);
	request = end_with(1);
	check_text(request->url, URL);
	ck_assert_uint_eq(request->status, 200);
	ck_assert(request->resp_complete);
	ck_assert_int_eq(request->resp_recv, scene_at(5));
	ck_assert_int_eq(request->req_sent, scene_at(6));
}
END_TEST

START_TEST(next_request_captured_before_the_response_belongs_to_the_next_one)
{
	const struct trace_http_request *request;

	scene_open(&t);
	scene_send(&t, CLIENT, REQUEST);
	s.put_aside = true;
	scene_send(&t, SERVER, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
	scene_send(&t, CLIENT, "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
	scene_late_frame(&s);
	scene_send(&t, SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	request = end_with(2);
	ck_assert_uint_eq(request[0].status, 404);
	ck_assert_uint_eq(request[1].status, 200);
	check_text(request[1].url, "http://a/2");
}
END_TEST

START_TEST(request_that_was_never_captured_does_not_stop_the_response)
{
	const struct trace_http_request *request;

	scene_open(&t);
	s.lose = true;
	scene_send(&t, CLIENT, REQUEST);
	scene_send(&t, SERVER, OK_10 "0123456789");
	request = end_with(1);
	ck_assert_uint_eq(request->status, 200);
	ck_assert_uint_eq(request->method.size, 0);
	ck_assert_uint_eq(request->resp_content_size, 10);
	ck_assert_int_eq(request->resp_recv, scene_at(5));
	ck_assert_uint_eq(s.got.tcp_conns[0].client.lost_bytes, REQUEST_SIZE);
}
END_TEST

START_TEST(one_direction_alone_needs_no_other)
{
	const struct trace_http_request *request;

	s.lose = true;
	scene_syn(&t);
	scene_syn_ack(&t);
	for (int i = 0; i < 3; i++) {
		s.lose = true;
		scene_send(&t, CLIENT, REQUEST);
		scene_send(&t, SERVER, OK_10 "0123456789");
	}
	request = end_with(3);
	for (int i = 0; i < 3; i++)
		ck_assert(request[i].status == 200 && request[i].resp_complete && request[i].resp_without_request);
}
END_TEST

/* ---- limits ---- */

static void send_ahead(size_t count, size_t size)
{
	static const uint8_t zeros[60000];

	scene_open(&t);
	scene_send(&t, CLIENT, REQUEST);
	scene_send(&t, SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
	s.lose = true;
	scene_send(&t, SERVER, "0123456789");
	while (count--)
		scene_send_bytes(&t, SERVER, zeros, size);
	scene_end(&s);
	ck_assert_uint_eq(s.got.http_request_count, 1);
}

START_TEST(so_many_segments_wait_for_a_hole_and_no_more)
{
	send_ahead((size_t)LIMIT_SEGMENTS_HELD + (size_t)_i, 1);
	ck_assert_uint_eq(s.hits.count[LIMIT_SEGMENTS_HELD_HIT], (uint64_t)_i);
	ck_assert_uint_eq(s.got.http_requests[0].resp_content_size, (uint64_t)LIMIT_SEGMENTS_HELD + (uint64_t)_i + 10);
	ck_assert_uint_eq(s.got.http_requests[0].gap_bytes, 10);
}
END_TEST

START_TEST(so_many_bytes_wait_for_a_hole_and_no_more)
{
	size_t count = LIMIT_SEGMENTS_AHEAD / 60000 + 1;

	send_ahead(count, 60000);
	ck_assert_uint_eq(s.hits.count[LIMIT_SEGMENTS_AHEAD_HIT], 1);
	ck_assert_uint_eq(s.got.http_requests[0].resp_content_size, count * 60000 + 10);
	ck_assert_uint_eq(s.got.http_requests[0].gap_bytes, 10);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("stream");
	TCase *one = tcase_create("one direction"), *holes = tcase_create("holes"), *two = tcase_create("two directions"),
	      *limits = tcase_create("limits");
	TCase *const all[] = { one, holes, two, limits };

	tcase_add_loop_test(one, segments_in_any_order_give_the_stream, 0, sizeof orders / sizeof *orders);
	tcase_add_test(one, single_bytes_backwards_give_the_stream);
	tcase_add_test(one, repeated_and_overlapping_segments_give_each_byte_once);
	tcase_add_test(one, first_copy_of_a_byte_holds);
	tcase_add_test(one, sequence_numbers_wrap_within_the_stream);
	tcase_add_test(one, bytes_after_the_fin_are_none);
	tcase_add_test(one, fin_waits_for_the_bytes_before_it);
	tcase_add_test(one, held_segments_are_handed_on_when_the_connection_is_reset);
	tcase_add_test(one, stream_begins_in_the_middle_where_the_capture_does);
	tcase_add_test(holes, hole_that_the_receiver_acknowledged_becomes_a_gap);
	tcase_add_loop_test(holes, gap_is_as_old_as_the_proof_that_its_bytes_came, 0, 2);
	tcase_add_test(holes, gap_is_as_old_as_the_segment_after_it);
	tcase_add_test(holes, hole_that_nobody_acknowledged_is_waited_for);
	tcase_add_test(holes, late_segment_of_an_acknowledged_hole_still_fits_in);
	tcase_add_test(holes, hole_that_nobody_acknowledged_was_not_lost_by_the_capture);
	tcase_add_test(holes, acknowledged_end_of_a_stream_that_was_not_captured_is_lost);
	tcase_add_test(holes, segment_cut_by_the_snaplen_keeps_its_place);
	tcase_add_test(holes, cut_segment_that_comes_early_waits_with_its_cut_part);
	tcase_add_test(two, response_captured_before_its_request_still_answers_it);
	tcase_add_test(two, next_request_captured_before_the_response_belongs_to_the_next_one);
	tcase_add_test(two, request_that_was_never_captured_does_not_stop_the_response);
	tcase_add_test(two, one_direction_alone_needs_no_other);
	tcase_add_loop_test(limits, so_many_segments_wait_for_a_hole_and_no_more, 0, 2);
	tcase_add_test(limits, so_many_bytes_wait_for_a_hole_and_no_more);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		tcase_add_checked_fixture(all[i], setup, teardown);
		suite_add_tcase(suite, all[i]);
	}
	return suite;
}
