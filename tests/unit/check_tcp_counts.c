/*
 * What is counted of TCP connections: bytes, retransmissions, windows, what the capture cut (TRACE.md, tcpConns).
 */
#include "tests/support/scene.h"
#include "tests/unit/suite.h"

static struct scene s;

static void setup(void)
{
	scene_begin(&s);
}

static void teardown(void)
{
	scene_free(&s);
}

/* The capture ends; there must be so many connections.  The first one. */
static const struct trace_tcp_conn *end_with(size_t count)
{
	scene_end(&s);
	ck_assert_uint_eq(s.got.tcp_conn_count, count);
	return s.got.tcp_conns;
}

START_TEST(each_sequence_number_is_counted_once)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;

	scene_open(&t);
	scene_wait(&s, NT_SECOND);
	scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .at = 0, .data = BYTES("\1\2\3\4") });
	scene_wait(&s, NT_SECOND);
	scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .at = 0, .data = BYTES("\1\2\3\4") });
	scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .at = 2, .data = BYTES("\3\4\5\6") });
	scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .at = 10, .data = BYTES("\1\2") });
	conn = end_with(1);
	ck_assert_uint_eq(conn->sent_bytes, 8);
	ck_assert_uint_ge(conn->client.retransmissions, 1);
	ck_assert_uint_eq(conn->client.payload_packets, 4);
	ck_assert_uint_eq(conn->client.packets, 6);
	ck_assert_uint_eq(conn->client.wire_bytes, 6 * 20 + 14);
}
END_TEST

START_TEST(overtaken_segment_is_out_of_order_and_no_retransmission)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;

	scene_open(&t);
	s.step = 100 * NT_MICROSECOND;
	scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .at = 4, .data = BYTES("\5\6") });
	scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .at = 0, .data = BYTES("\1\2\3\4") });
	conn = end_with(1);
	ck_assert_uint_eq(conn->client.out_of_order, 1);
	ck_assert_uint_eq(conn->client.retransmissions, 0);
	ck_assert_uint_eq(conn->sent_bytes, 6);
}
END_TEST

START_TEST(late_filled_hole_is_a_retransmission)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;

	scene_open(&t);
	scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .at = 4, .data = BYTES("\5\6") });
	scene_wait(&s, 200 * NT_MILLISECOND);
	scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .at = 0, .data = BYTES("\1\2\3\4") });
	conn = end_with(1);
	ck_assert_uint_eq(conn->client.retransmissions, 1);
	ck_assert_uint_eq(conn->client.out_of_order, 0);
}
END_TEST

/* RFC 9293 3.8.4: SEG.SEQ = SND.NXT - 1, with or without one byte of garbage. */
START_TEST(keep_alives_are_neither_data_nor_retransmissions)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;

	scene_open(&t);
	scene_send(&t, CLIENT, "\1\2\3\4");
	scene_ack(&t, SERVER);
	for (int i = 0; i < 3; i++) {
		scene_wait(&s, 60 * NT_SECOND);
		scene_segment(&t,
			      &(struct scene_segment){ .side = CLIENT, .at = 3, .data = { (const uint8_t *)"\0", (size_t)i % 2 } });
		scene_ack(&t, SERVER);
	}
	conn = end_with(1);
	ck_assert_uint_eq(conn->client.keep_alives, 3);
	ck_assert_uint_eq(conn->client.retransmissions, 0);
	ck_assert_uint_eq(conn->sent_bytes, 4);
	ck_assert_uint_eq(conn->server.duplicate_acks, 0);
}
END_TEST

START_TEST(keep_alive_of_a_side_that_sent_nothing)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;

	scene_open(&t);
	scene_wait(&s, 60 * NT_SECOND);
	scene_segment(&t, &(struct scene_segment){ .side = SERVER, .at = -1 });
	conn = end_with(1);
	ck_assert_uint_eq(conn->server.keep_alives, 1);
	ck_assert_uint_eq(conn->client.keep_alives, 0);
}
END_TEST

/* As Windows sends it: with a byte, at the place of the SYN. */
START_TEST(keep_alive_with_a_byte_before_any_data)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;

	scene_open(&t);
	scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .at = -1, .data = BYTES("\0") });
	scene_send(&t, CLIENT, "abcd");
	scene_close(&t);
	scene_end(&s);
	conn = &s.got.tcp_conns[0];
	ck_assert_uint_eq(conn->client.keep_alives, 1);
	ck_assert_uint_eq(conn->client.retransmissions + conn->client.out_of_order, 0);
	ck_assert_uint_eq(conn->sent_bytes, 4);
}
END_TEST

START_TEST(zero_windows_are_counted_except_in_resets)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;

	scene_open(&t);
	scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .window_zero = true });
	scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .window_zero = true });
	scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .window = 1000 });
	scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .flags = TCP_RST | TCP_ACK, .window_zero = true });
	conn = end_with(1);
	ck_assert_uint_eq(conn->client.zero_windows, 2);
	ck_assert_uint_eq(conn->server.zero_windows, 0);
}
END_TEST

/* RFC 5681 2. */
START_TEST(duplicate_acks_are_counted_while_data_are_outstanding)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;

	scene_open(&t);
	s.lose = true;
	scene_send(&t, SERVER, "\1\2\3");
	scene_send(&t, SERVER, "\4\5\6");
	for (int i = 0; i < 3; i++)
		scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .ack = 0 });
	scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .ack = 6 });
	scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .ack = 6 });
	conn = end_with(1);
	ck_assert_uint_ge(conn->client.duplicate_acks, 2);
	ck_assert_uint_le(conn->client.duplicate_acks, 3);
}
END_TEST

START_TEST(sequence_numbers_wrap)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;

	scene_set_isn(&t, UINT32_MAX - 3, UINT32_MAX);
	scene_open(&t);
	for (int i = 0; i < 4; i++) {
		scene_send(&t, CLIENT, "\1\2\3");
		scene_send(&t, SERVER, "\1\2");
	}
	scene_close(&t);
	conn = end_with(1);
	ck_assert_uint_eq(conn->sent_bytes, 12);
	ck_assert_uint_eq(conn->recv_bytes, 8);
	ck_assert_uint_eq(conn->client.retransmissions + conn->client.out_of_order, 0);
}
END_TEST

START_TEST(payload_that_the_snaplen_cut_is_counted_as_sent)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;
	uint8_t big[1000] = { 1 };

	s.snaplen = 14 + 20 + 20 + 100;
	scene_open(&t);
	scene_send_bytes(&t, CLIENT, big, sizeof big);
	conn = end_with(1);
	ck_assert_uint_eq(conn->sent_bytes, 1000);
	ck_assert_uint_eq(conn->client.cut_bytes, 900);
	ck_assert_uint_eq(conn->client.lost_bytes, 0);
}
END_TEST

START_TEST(headers_without_any_payload_byte_count_too)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;
	uint8_t big[1000] = { 1 };

	s.snaplen = 14 + 20 + 20;
	scene_open(&t);
	scene_send_bytes(&t, CLIENT, big, sizeof big);
	conn = end_with(1);
	ck_assert_uint_eq(conn->sent_bytes, 1000);
	ck_assert_uint_eq(conn->client.cut_bytes, 1000);
}
END_TEST

START_TEST(nonsensical_acknowledgment_makes_no_lost_bytes)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;

	scene_open(&t);
	scene_send(&t, SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n");
	scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .ack = INT64_C(0x60000000) });
	scene_close(&t);
	conn = end_with(1);
	ck_assert_uint_eq(conn->server.lost_bytes, 0);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("tcp counts");
	TCase *counts = tcase_create("counts");

	tcase_add_checked_fixture(counts, setup, teardown);
	tcase_add_test(counts, each_sequence_number_is_counted_once);
	tcase_add_test(counts, overtaken_segment_is_out_of_order_and_no_retransmission);
	tcase_add_test(counts, late_filled_hole_is_a_retransmission);
	tcase_add_test(counts, keep_alives_are_neither_data_nor_retransmissions);
	tcase_add_test(counts, keep_alive_of_a_side_that_sent_nothing);
	tcase_add_test(counts, keep_alive_with_a_byte_before_any_data);
	tcase_add_test(counts, zero_windows_are_counted_except_in_resets);
	tcase_add_test(counts, duplicate_acks_are_counted_while_data_are_outstanding);
	tcase_add_test(counts, sequence_numbers_wrap);
	tcase_add_test(counts, payload_that_the_snaplen_cut_is_counted_as_sent);
	tcase_add_test(counts, headers_without_any_payload_byte_count_too);
	tcase_add_test(counts, nonsensical_acknowledgment_makes_no_lost_bytes);
	suite_add_tcase(suite, counts);
	return suite;
}
