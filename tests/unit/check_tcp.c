/*
 * TCP connections: handshake, end, and who the client is (RFC 9293; TRACE.md, tcpConns).
 */
#include "tests/support/scene.h"
#include "tests/unit/suite.h"

#include <string.h>

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

static void check_address(const struct ip_address *address, uint8_t ip_version, const char *expected)
{
	char text[IP_ADDRESS_TEXT_SIZE];

	ck_assert_str_eq(ip_address_text(ip_version, address, text), expected);
}

/* ---- handshake ---- */

START_TEST(whole_connection_has_all_its_times)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;

	scene_open(&t);
	scene_send(&t, CLIENT, "\1\2\3");
	scene_send(&t, SERVER, "\1\2\3\4\5");
	scene_close(&t);
	conn = end_with(1);
	ck_assert(conn->connected && !conn->reused && !conn->half_open && !conn->from_resolver);
	ck_assert_int_eq(conn->handshake_begin, scene_at(1));
	ck_assert_int_eq(conn->handshake_end, scene_at(3));
	ck_assert_int_eq(conn->close, scene_at(6));
	ck_assert_int_eq(conn->last, scene_at(8));
	ck_assert_int_eq(conn->handshake_us, 2000);
	ck_assert_int_eq(conn->close_reason, TRACE_CLOSE_FIN);
	ck_assert_int_eq(conn->client_by, TRACE_BY_SYN);
	ck_assert_uint_eq(conn->sent_bytes, 3);
	ck_assert_uint_eq(conn->recv_bytes, 5);
	ck_assert_uint_eq(conn->first_packet.number, 1);
	ck_assert_uint_eq(conn->last_packet.number, 8);
	check_address(&conn->tuple.source, 4, "10.0.0.1");
	check_address(&conn->tuple.destination, 4, "10.0.0.2");
	ck_assert_uint_eq(conn->tuple.source_port, 40000);
	ck_assert_uint_eq(conn->tuple.destination_port, 9999);
}
END_TEST

START_TEST(client_is_the_source_whatever_its_address_and_port)
{
	struct scene_tcp t = scene_tcp_between(&s, "2001:db8::9", 80, "2001:db8::1", 40000);
	const struct trace_tcp_conn *conn;

	scene_open(&t);
	conn = end_with(1);
	check_address(&conn->tuple.source, 6, "2001:db8::9");
	ck_assert_uint_eq(conn->tuple.source_port, 80);
}
END_TEST

START_TEST(syn_answered_by_rst_is_refused)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;

	scene_syn(&t);
	scene_rst(&t, SERVER);
	conn = end_with(1);
	ck_assert(!conn->connected && !conn->half_open);
	ck_assert_int_eq(conn->close_reason, TRACE_CLOSE_REFUSED);
	ck_assert_int_eq(conn->handshake_end, scene_at(2));
}
END_TEST

START_TEST(refused_syn_that_is_repeated_is_one_attempt)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;

	for (int i = 0; i < 2; i++) {
		scene_syn(&t);
		scene_segment(&t, &(struct scene_segment){ .side = SERVER, .flags = TCP_RST | TCP_ACK, .at = -1 });
	}
	if (_i)
		scene_open(&t);
	conn = end_with(1);
	ck_assert_int_eq(conn->connected, _i);
	ck_assert_uint_eq(conn->syn_count, (unsigned)_i + 2);
	ck_assert_int_eq(conn->close_reason, _i ? TRACE_CLOSE_NONE : TRACE_CLOSE_REFUSED);
	ck_assert_int_eq(conn->handshake_end, scene_at(_i ? 7 : 4));
	ck_assert_uint_eq(s.got.dial_count, 1);
	ck_assert(_i ? !s.got.dials->error.size : s.got.dials->error.size > 0);
}
END_TEST

START_TEST(syn_without_answer_ends_with_its_last_retransmission)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;

	for (int i = 0; i < 3; i++)
		scene_syn(&t);
	conn = end_with(1);
	ck_assert(!conn->connected && conn->half_open);
	ck_assert_uint_eq(conn->syn_count, 3);
	ck_assert_int_eq(conn->handshake_begin, scene_at(1));
	ck_assert_int_eq(conn->handshake_end, scene_at(3));
	ck_assert_int_eq(conn->close, NT_TIME_NONE);
	ck_assert_int_eq(conn->close_reason, TRACE_CLOSE_NONE);
}
END_TEST

START_TEST(retransmitted_syn_begins_no_second_connection)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;

	scene_syn(&t);
	scene_open(&t);
	conn = end_with(1);
	ck_assert(conn->connected);
	ck_assert_uint_eq(conn->syn_count, 2);
	ck_assert_int_eq(conn->handshake_begin, scene_at(1));
	ck_assert_int_eq(conn->rtt_us, 1000); /* Karn: of the SYN that was answered */
}
END_TEST

START_TEST(syn_that_an_icmp_error_answers)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;

	scene_syn(&t);
	scene_icmp_error(&t, CLIENT, "10.0.0.254", 3, 1);
	conn = end_with(1);
	ck_assert(!conn->connected && conn->half_open);
	ck_assert_int_eq(conn->close_reason, TRACE_CLOSE_ICMP);
	ck_assert_int_eq(conn->handshake_end, scene_at(2));
	ck_assert_uint_eq(conn->icmp_type, 3);
	ck_assert_uint_eq(conn->icmp_code, 1);
	ck_assert_uint_eq(conn->icmp_packet.number, 2);
}
END_TEST

START_TEST(icmpv6_error_finds_its_connection)
{
	struct scene_tcp t = scene_tcp_between(&s, "2001:db8::1", 40000, "2001:db8::2", 9999);
	const struct trace_tcp_conn *conn;

	scene_syn(&t);
	scene_icmp_error(&t, CLIENT, "2001:db8::ff", 1, 3);
	conn = end_with(1);
	ck_assert_int_eq(conn->close_reason, TRACE_CLOSE_ICMP);
	ck_assert_uint_eq(conn->icmp_code, 3);
}
END_TEST

START_TEST(connection_that_succeeds_after_an_icmp_error_is_a_good_one)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;

	scene_syn(&t);
	scene_icmp_error(&t, CLIENT, "10.0.0.254", 3, 1); /* RFC 1122 4.2.3.9: a soft error */
	scene_open(&t);
	scene_close(&t);
	conn = end_with(1);
	ck_assert(conn->connected);
	ck_assert_int_eq(conn->close_reason, TRACE_CLOSE_FIN);
	ck_assert_int_eq(conn->handshake_end, scene_at(5));
	ck_assert_uint_eq(conn->icmp_packet.number, 2);
}
END_TEST

START_TEST(icmp_error_on_an_open_connection_does_not_end_it)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;

	scene_open(&t);
	scene_icmp_error(&t, CLIENT, "10.0.0.254", 3, 4);
	scene_close(&t);
	conn = end_with(1);
	ck_assert(conn->connected);
	ck_assert_int_eq(conn->close_reason, TRACE_CLOSE_FIN);
	ck_assert_int_eq(conn->handshake_end, scene_at(3));
	ck_assert_uint_eq(conn->icmp_code, 4);
}
END_TEST

START_TEST(scan_that_resets_after_the_syn_ack_is_not_connected)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;

	scene_syn(&t);
	scene_syn_ack(&t);
	scene_rst(&t, CLIENT);
	conn = end_with(1);
	ck_assert(!conn->connected && !conn->half_open);
	ck_assert_int_eq(conn->handshake_end, scene_at(3));
	ck_assert_int_eq(conn->close_reason, TRACE_CLOSE_RST_CLIENT);
}
END_TEST

/* RFC 9293 3.5, figure 8. */
START_TEST(simultaneous_open_is_one_connection_of_the_first_syn)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;

	scene_syn(&t);
	scene_segment(&t, &(struct scene_segment){ .side = SERVER, .flags = TCP_SYN, .at = -1 });
	scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .flags = TCP_SYN | TCP_ACK, .at = -1 });
	scene_segment(&t, &(struct scene_segment){ .side = SERVER, .flags = TCP_SYN | TCP_ACK, .at = -1 });
	t.next[SERVER] = t.received[CLIENT] = t.isn[SERVER] + 1;
	scene_send(&t, CLIENT, "\1\2\3");
	scene_send(&t, SERVER, "\1\2");
	conn = end_with(1);
	ck_assert(conn->connected);
	ck_assert_int_eq(conn->client_by, TRACE_BY_SYN);
	ck_assert_uint_eq(conn->tuple.source_port, 40000);
	ck_assert_uint_eq(conn->sent_bytes, 3);
	ck_assert_uint_eq(conn->recv_bytes, 2);
}
END_TEST

START_TEST(data_in_the_syn_is_counted_once)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;

	scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .flags = TCP_SYN, .at = -1, .data = BYTES("\1\2\3\4") });
	scene_syn_ack(&t); /* which acknowledges the SYN only (RFC 7413 4.2.2) */
	scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .at = 0, .data = BYTES("\1\2\3\4\5\6") });
	conn = end_with(1);
	ck_assert(conn->connected);
	ck_assert_uint_eq(conn->sent_bytes, 6);
}
END_TEST

START_TEST(syn_options_are_kept)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;

	scene_segment(
		&t, &(struct scene_segment){ .side = CLIENT, .flags = TCP_SYN, .at = -1, .options = BYTES("\2\4\5\xb4\1\3\3\7") });
	scene_syn_ack(&t);
	scene_ack(&t, CLIENT);
	conn = end_with(1);
	ck_assert_uint_eq(conn->client.mss, 1460);
	ck_assert_int_eq(conn->client.window_scale, 7);
	ck_assert_uint_eq(conn->server.mss, 0);
	ck_assert_int_eq(conn->server.window_scale, -1);
}
END_TEST

START_TEST(round_trip_is_the_longer_part_of_the_handshake)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;

	scene_syn(&t);
	scene_syn_ack(&t);
	scene_wait(&s, 40 * NT_MILLISECOND); /* captured near the server */
	scene_ack(&t, CLIENT);
	conn = end_with(1);
	ck_assert_int_eq(conn->rtt_us, 41000);
	ck_assert_int_eq(conn->handshake_us, 42000);
}
END_TEST

/* ---- what the capture did not see ---- */

START_TEST(open_connection_is_reused_and_has_no_handshake)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;

	scene_send(&t, CLIENT, "\1\2\3");
	scene_send(&t, SERVER, "\1\2");
	conn = end_with(1);
	ck_assert(conn->reused && conn->connected);
	ck_assert_int_eq(conn->handshake_begin, NT_TIME_NONE);
	ck_assert_int_eq(conn->handshake_end, NT_TIME_NONE);
	ck_assert_uint_eq(conn->from_dial, 0);
	ck_assert_uint_eq(s.got.dial_count, 0);
	ck_assert_uint_eq(conn->sent_bytes, 3);
	ck_assert_uint_eq(conn->recv_bytes, 2);
}
END_TEST

START_TEST(syn_ack_names_the_client_of_an_unseen_syn)
{
	struct scene_tcp t = scene_tcp(&s, 80, 40000);
	const struct trace_tcp_conn *conn;

	s.lose = true;
	scene_open(&t);
	conn = end_with(1);
	ck_assert(conn->connected && !conn->reused);
	ck_assert_int_eq(conn->client_by, TRACE_BY_SYN_ACK);
	ck_assert_uint_eq(conn->tuple.source_port, 80);
	ck_assert_int_eq(conn->handshake_begin, NT_TIME_NONE);
	ck_assert_int_eq(conn->handshake_end, scene_at(3));
}
END_TEST

START_TEST(syn_repeated_after_its_syn_ack_begins_no_second_connection)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;

	s.lose = true;
	scene_syn(&t);
	scene_syn_ack(&t);
	scene_open(&t);
	conn = end_with(1);
	ck_assert(conn->connected && !conn->reused);
}
END_TEST

struct client_row {
	const char *name;
	uint16_t client_port, server_port;
	const char *client_says, *server_says;
	enum trace_evidence evidence;
};

static const struct client_row client_rows[] = {
	{ "request", 80, 40000, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", NULL, TRACE_BY_HTTP },
	{ "response", 80, 40000, NULL, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", TRACE_BY_HTTP },
	{ "request in the middle", 80, 40000, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "rest of a body", TRACE_BY_HTTP },
	{ "nothing readable", 40000, 9999, "\1\2\3", "\1\2\3", TRACE_BY_PORT },
	{ "one side only", 40000, 9999, NULL, "\1\2\3", TRACE_BY_PORT },
};

START_TEST(client_of_an_open_connection)
{
	const struct client_row *row = &client_rows[_i];
	struct scene_tcp t = scene_tcp(&s, row->client_port, row->server_port);
	const struct trace_tcp_conn *conn;

	if (row->server_says)
		scene_send(&t, SERVER, row->server_says);
	if (row->client_says)
		scene_send(&t, CLIENT, row->client_says);
	conn = end_with(1);
	ck_assert_msg(conn->tuple.source_port == row->client_port, "%s", row->name);
	ck_assert_msg(conn->client_by == row->evidence, "%s: %s", row->name, trace_evidence_text(conn->client_by));
}
END_TEST

START_TEST(client_option_decides_where_the_handshake_is_missing)
{
	struct correlate_prefix prefix = { .ip_version = 4, .address = { { 10, 0, 0, 1 } }, .bits = 32 };
	struct scene_tcp t = scene_tcp(&s, 80, 40000);
	const struct trace_tcp_conn *conn;

	s.options.clients = &prefix;
	s.options.client_count = 1;
	scene_send(&t, SERVER, "\1\2\3");
	conn = end_with(1);
	ck_assert_int_eq(conn->client_by, TRACE_BY_OPTION);
	ck_assert_uint_eq(conn->tuple.source_port, 80);
}
END_TEST

START_TEST(only_the_client_was_captured)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;

	scene_syn(&t);
	s.lose = true;
	scene_syn_ack(&t);
	scene_ack(&t, CLIENT);
	s.lose = true;
	scene_send(&t, SERVER, "\1\2\3\4\5\6");
	scene_send(&t, CLIENT, "\1\2\3");
	scene_fin(&t, CLIENT);
	conn = end_with(1);
	ck_assert(conn->connected);
	ck_assert_uint_eq(conn->sent_bytes, 3);
	ck_assert_uint_eq(conn->recv_bytes, 0);
	ck_assert_int_eq(conn->close_reason, TRACE_CLOSE_HALF);
}
END_TEST

START_TEST(only_the_server_was_captured)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;

	s.lose = true;
	scene_syn(&t);
	scene_syn_ack(&t);
	s.lose = true;
	scene_ack(&t, CLIENT);
	s.lose = true;
	scene_send(&t, CLIENT, "\1\2\3");
	scene_send(&t, SERVER, "\1\2\3\4\5\6");
	conn = end_with(1);
	ck_assert_msg(conn->connected, "a server that acknowledges data has seen the handshake's end");
	ck_assert_uint_eq(conn->recv_bytes, 6);
	ck_assert_uint_eq(conn->sent_bytes, 0);
	ck_assert_uint_eq(conn->tuple.source_port, 40000);
}
END_TEST

/* ---- the same ports again ---- */

/* A server that makes a new number for each SYN that it sees again (SYN cookies, load balancers). */
START_TEST(syn_ack_that_the_client_goes_on_with_is_where_the_server_begins)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999), other = t;

	scene_set_isn(&other, 1000, 2000000000);
	scene_syn(&t);
	scene_syn_ack(&t);
	scene_syn(&other);
	scene_syn_ack(&other);
	if (_i == 1) /* and the one that lost comes again */
		scene_syn_ack(&t);
	scene_ack(&other, CLIENT);
	scene_send(&other, CLIENT, "hello");
	scene_send(&other, SERVER, "world!");
	scene_close(&other);
	scene_end(&s);
	ck_assert_uint_eq(s.got.tcp_conn_count, 1);
	ck_assert_uint_eq(s.got.tcp_conns[0].recv_bytes, 6);
	ck_assert_uint_eq(s.got.tcp_conns[0].server.lost_bytes, 0);
	ck_assert_uint_eq(s.got.tcp_conns[0].server.retransmissions, 0);
}
END_TEST

START_TEST(syn_with_another_sequence_number_begins_another_connection)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;

	scene_open(&t);
	scene_close(&t);
	scene_set_isn(&t, 77000, 88000);
	scene_open(&t);
	scene_send(&t, CLIENT, "\1\2\3");
	conn = end_with(2);
	ck_assert(conn[0].connected && conn[1].connected);
	ck_assert_int_eq(conn[0].close_reason, TRACE_CLOSE_FIN);
	ck_assert_uint_eq(conn[0].sent_bytes, 0);
	ck_assert_uint_eq(conn[1].sent_bytes, 3);
	ck_assert_uint_eq(conn[1].first_packet.number, 7);
}
END_TEST

START_TEST(attempt_after_a_refusal_is_another_connection)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;

	scene_syn(&t);
	scene_rst(&t, SERVER);
	scene_set_isn(&t, 77000, 88000);
	scene_open(&t);
	conn = end_with(2);
	ck_assert_int_eq(conn[0].close_reason, TRACE_CLOSE_REFUSED);
	ck_assert(!conn[0].connected && conn[1].connected);
}
END_TEST

START_TEST(connection_the_other_way_round_is_another_one)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999), back = scene_tcp_between(&s, "10.0.0.2", 9999, "10.0.0.1", 40000);
	const struct trace_tcp_conn *conn;

	scene_open(&t);
	scene_close(&t);
	scene_set_isn(&back, 77000, 88000);
	scene_open(&back);
	conn = end_with(2);
	ck_assert_uint_eq(conn[0].tuple.source_port, 40000);
	ck_assert_uint_eq(conn[1].tuple.source_port, 9999);
}
END_TEST

START_TEST(syn_ack_with_another_sequence_number_begins_another_connection)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;

	scene_open(&t);
	scene_close(&t);
	scene_set_isn(&t, 77000, 88000);
	s.lose = true;
	scene_open(&t);
	scene_send(&t, CLIENT, "\1\2\3");
	conn = end_with(2);
	ck_assert_uint_eq(conn[0].sent_bytes, 0);
	ck_assert_uint_eq(conn[1].sent_bytes, 3);
	ck_assert(conn[1].connected && !conn[1].reused);
}
END_TEST

/* ---- ends ---- */

struct end_row {
	const char *name, *frames; /* "cF": FIN by the client, "sR": RST by the server, … */
	enum trace_close reason;
	uint64_t close_frame; /* the client's first FIN or RST, else the server's; 0: none */
};

static const struct end_row end_rows[] = {
	{ "open", "", TRACE_CLOSE_NONE, 0 },
	{ "client first", "cFsF", TRACE_CLOSE_FIN, 4 },
	{ "server first", "sFcF", TRACE_CLOSE_FIN, 5 },
	{ "client only", "cF", TRACE_CLOSE_HALF, 4 },
	{ "server only", "sF", TRACE_CLOSE_HALF, 4 },
	{ "repeated", "cFcFcF", TRACE_CLOSE_HALF, 4 },
	{ "reset by client", "cR", TRACE_CLOSE_RST_CLIENT, 4 },
	{ "reset by server", "sR", TRACE_CLOSE_RST_SERVER, 4 },
	{ "reset by both", "sRcR", TRACE_CLOSE_RST_SERVER, 5 },
	{ "abort after FIN of server", "sFcR", TRACE_CLOSE_RST_CLIENT, 5 },
	{ "reset after FIN of client", "cFsR", TRACE_CLOSE_RST_SERVER, 4 },
	{ "reset after both FINs", "cFsFcR", TRACE_CLOSE_FIN, 4 },
};

START_TEST(ways_to_end)
{
	const struct end_row *row = &end_rows[_i];
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;

	scene_open(&t);
	for (const char *at = row->frames; *at; at += 2) {
		enum scene_side side = at[0] == 'c' ? CLIENT : SERVER;

		(at[1] == 'F' ? scene_fin : scene_rst)(&t, side);
	}
	conn = end_with(1);
	ck_assert_msg(conn->close_reason == row->reason, "%s: %s", row->name, trace_close_text(conn->close_reason));
	ck_assert_msg(conn->close == (row->close_frame ? scene_at(row->close_frame) : NT_TIME_NONE), "%s", row->name);
	ck_assert(conn->connected);
}
END_TEST

START_TEST(fin_counts_as_no_byte)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);
	const struct trace_tcp_conn *conn;

	scene_open(&t);
	scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .flags = TCP_FIN | TCP_ACK, .data = BYTES("\1\2\3") });
	conn = end_with(1);
	ck_assert_uint_eq(conn->sent_bytes, 3);
	ck_assert_int_eq(conn->client.fin, scene_at(4));
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("tcp");
	TCase *handshake = tcase_create("handshake"), *unseen = tcase_create("unseen"), *again = tcase_create("again"),
	      *ends = tcase_create("ends");
	TCase *const all[] = { handshake, unseen, again, ends };

	tcase_add_test(handshake, whole_connection_has_all_its_times);
	tcase_add_test(handshake, client_is_the_source_whatever_its_address_and_port);
	tcase_add_test(handshake, syn_answered_by_rst_is_refused);
	tcase_add_loop_test(handshake, refused_syn_that_is_repeated_is_one_attempt, 0, 2);
	tcase_add_test(handshake, syn_without_answer_ends_with_its_last_retransmission);
	tcase_add_test(handshake, retransmitted_syn_begins_no_second_connection);
	tcase_add_test(handshake, syn_that_an_icmp_error_answers);
	tcase_add_test(handshake, icmpv6_error_finds_its_connection);
	tcase_add_test(handshake, connection_that_succeeds_after_an_icmp_error_is_a_good_one);
	tcase_add_test(handshake, icmp_error_on_an_open_connection_does_not_end_it);
	tcase_add_test(handshake, scan_that_resets_after_the_syn_ack_is_not_connected);
	tcase_add_test(handshake, simultaneous_open_is_one_connection_of_the_first_syn);
	tcase_add_test(handshake, data_in_the_syn_is_counted_once);
	tcase_add_test(handshake, syn_options_are_kept);
	tcase_add_test(handshake, round_trip_is_the_longer_part_of_the_handshake);
	tcase_add_test(unseen, open_connection_is_reused_and_has_no_handshake);
	tcase_add_loop_test(handshake, syn_ack_that_the_client_goes_on_with_is_where_the_server_begins, 0, 2);
	tcase_add_test(unseen, syn_ack_names_the_client_of_an_unseen_syn);
	tcase_add_test(unseen, syn_repeated_after_its_syn_ack_begins_no_second_connection);
	tcase_add_loop_test(unseen, client_of_an_open_connection, 0, sizeof client_rows / sizeof *client_rows);
	tcase_add_test(unseen, client_option_decides_where_the_handshake_is_missing);
	tcase_add_test(unseen, only_the_client_was_captured);
	tcase_add_test(unseen, only_the_server_was_captured);
	tcase_add_test(again, syn_with_another_sequence_number_begins_another_connection);
	tcase_add_test(again, attempt_after_a_refusal_is_another_connection);
	tcase_add_test(again, connection_the_other_way_round_is_another_one);
	tcase_add_test(again, syn_ack_with_another_sequence_number_begins_another_connection);
	tcase_add_loop_test(ends, ways_to_end, 0, sizeof end_rows / sizeof *end_rows);
	tcase_add_test(ends, fin_counts_as_no_byte);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		tcase_add_checked_fixture(all[i], setup, teardown);
		suite_add_tcase(suite, all[i]);
	}
	return suite;
}
