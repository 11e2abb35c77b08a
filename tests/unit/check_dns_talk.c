/*
 * DNS conversations over UDP and TCP, and the UDP flows themselves (TRACE.md, udpConns and dnsQueries; RFC 1035, RFC 7766).
 */
#include "dissect/dns/dns.h"
#include "tests/support/dns_message.h"
#include "tests/support/scene.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <string.h>

static struct scene s;
static struct scene_dns d;

static void setup(void)
{
	scene_begin(&s);
	d = scene_dns(&s, 50000);
}

static void teardown(void)
{
	scene_free(&s);
}

static const struct trace_dns_query *end_with(size_t count)
{
	scene_end(&s);
	ck_assert_uint_eq(s.got.dns_query_count, count);
	return s.got.dns_queries;
}

static void check_text(struct bytes got, const char *expected)
{
	ck_assert_msg(bytes_equal(got, bytes_of(expected)), "%.*s", (int)got.size, (const char *)got.at);
}

/* ---- UDP flows ---- */

START_TEST(udp_flow_has_times_and_bytes)
{
	const struct trace_udp_conn *conn;

	scene_udp(&s, "10.0.0.1", 40000, "10.0.0.2", 9999, "\1\2\3", 3);
	scene_udp(&s, "10.0.0.2", 9999, "10.0.0.1", 40000, "\1\2\3\4\5", 5);
	scene_udp(&s, "10.0.0.1", 40000, "10.0.0.2", 9999, "", 0);
	scene_end(&s);
	ck_assert_uint_eq(s.got.udp_conn_count, 1);
	conn = s.got.udp_conns;
	ck_assert_int_eq(conn->create, scene_at(1));
	ck_assert_int_eq(conn->close, scene_at(3));
	ck_assert_uint_eq(conn->tuple.source_port, 40000);
	ck_assert_uint_eq(conn->sent_bytes, 3);
	ck_assert_uint_eq(conn->recv_bytes, 5);
	ck_assert_uint_eq(conn->sent_packets, 2);
	ck_assert_uint_eq(conn->recv_packets, 1);
	ck_assert(!conn->from_resolver);
	ck_assert_int_eq(conn->client_by, TRACE_BY_FIRST_PACKET);
	ck_assert_uint_eq(conn->first_packet.number, 1);
	ck_assert_uint_eq(conn->last_packet.number, 3);
}
END_TEST

START_TEST(udp_port_that_is_silent_for_long_begins_another_flow)
{
	scene_udp(&s, "10.0.0.1", 40000, "10.0.0.2", 9999, "\1\2\3", 3);
	for (int i = 0; i < 20; i++) { /* silence counts while others speak */
		scene_wait(&s, 20 * NT_SECOND);
		scene_udp(&s, "10.0.0.7", 7, "10.0.0.8", 8, "x", 1);
	}
	scene_udp(&s, "10.0.0.1", 40000, "10.0.0.2", 9999, "\1\2\3", 3);
	scene_end(&s);
	ck_assert_uint_eq(s.got.udp_conn_count, 3);
}
END_TEST

START_TEST(icmp_port_unreachable_is_kept_with_the_flow)
{
	struct test_packet inner = {
		.source = "10.0.0.1", .destination = "10.0.0.53", .source_port = 50000, .destination_port = 53, .raw = true
	};
	struct test_packet error = { .source = "10.0.0.53", .destination = "10.0.0.1", .icmp_type = 3, .icmp_code = 3 };
	uint8_t bytes[TEST_FRAME_SIZE], frame[TEST_FRAME_SIZE];

	scene_dns_query(&d, 1, "example.org", DNS_TYPE_A);
	test_packet_udp(&inner, "x", 1, bytes);
	scene_frame(&s, frame, test_packet_icmp(&error, bytes, 28, frame));
	end_with(1);
	ck_assert_uint_eq(s.got.udp_conns[0].icmp_type, 3);
	ck_assert_uint_eq(s.got.udp_conns[0].icmp_code, 3);
	ck_assert_uint_eq(s.got.udp_conns[0].icmp_packet.number, 2);
}
END_TEST

/* ---- one conversation ---- */

START_TEST(query_and_reply_are_one_conversation)
{
	const struct trace_dns_query *query;
	const struct trace_dns_message *message;

	scene_dns_query(&d, 77, "www.example.org", DNS_TYPE_A);
	scene_wait(&s, 20 * NT_MILLISECOND);
	scene_dns_reply(&d, 77, "www.example.org", DNS_TYPE_A, "192.0.2.7");
	query = end_with(1);
	ck_assert_uint_eq(query->message_count, 2);
	ck_assert_uint_eq(query->connection, s.got.udp_conns[0].id);
	ck_assert(query->over == TRACE_OVER_UDP && query->kind == TRACE_DNS);
	ck_assert(s.got.udp_conns[0].from_resolver);
	ck_assert_int_eq(s.got.udp_conns[0].client_by, TRACE_BY_DNS);
	message = query->messages;
	ck_assert(!message[0].is_reply && message[1].is_reply);
	ck_assert_uint_eq(message[0].id, 77);
	ck_assert(message[0].recursion_desired && !message[0].truncated);
	ck_assert_uint_eq(message[0].size, 12 + 17 + 4);
	ck_assert_int_eq(message[0].time, scene_at(1));
	ck_assert_uint_eq(message[0].question_count, 1);
	check_text(message[0].questions[0].name, "www.example.org.");
	ck_assert_uint_eq(message[0].questions[0].type, DNS_TYPE_A);
	ck_assert_uint_eq(message[0].questions[0].class, 1);
	ck_assert_uint_eq(message[1].answer_count, 1);
	check_text(message[1].answers[0].name, "www.example.org.");
	check_text(message[1].answers[0].value, "192.0.2.7");
	ck_assert_uint_eq(message[1].answers[0].ttl, 300);
	ck_assert(message[1].recursion_available && !message[1].authoritative);
	ck_assert_int_eq(message[1].latency_us, 21000);
	ck_assert(!message[1].unmatched);
	ck_assert_uint_eq(message[1].packet.number, 2);
}
END_TEST

START_TEST(reply_is_matched_by_id_and_question)
{
	const struct trace_dns_message *message;

	scene_dns_query(&d, 1, "a.example", DNS_TYPE_A);
	scene_dns_query(&d, 2, "a.example", DNS_TYPE_AAAA);
	scene_dns_reply(&d, 2, "A.Example", DNS_TYPE_AAAA, "2001:db8::7"); /* case does not matter: RFC 4343 */
	scene_dns_reply(&d, 1, "a.example", DNS_TYPE_A, "192.0.2.7");
	scene_dns_reply(&d, 3, "a.example", DNS_TYPE_A, "192.0.2.66");
	scene_dns_reply(&d, 1, "b.example", DNS_TYPE_A, "192.0.2.66");
	scene_dns_reply(&d, 1, "a.example", DNS_TYPE_AAAA, "2001:db8::66");
	message = end_with(1)->messages;
	ck_assert_uint_eq(s.got.dns_queries[0].message_count, 7);
	ck_assert(!message[2].unmatched && !message[3].unmatched);
	ck_assert_int_eq(message[2].latency_us, 1000);
	ck_assert_int_eq(message[3].latency_us, 3000);
	for (int i = 4; i < 7; i++)
		ck_assert(message[i].unmatched && message[i].latency_us == -1);
}
END_TEST

START_TEST(repeated_query_and_reply_are_all_kept)
{
	scene_dns_query(&d, 1, "a.example", DNS_TYPE_A);
	scene_dns_query(&d, 1, "a.example", DNS_TYPE_A);
	scene_dns_reply(&d, 1, "a.example", DNS_TYPE_A, "192.0.2.7");
	scene_dns_reply(&d, 1, "a.example", DNS_TYPE_A, "192.0.2.7");
	ck_assert_uint_eq(end_with(1)->message_count, 4);
}
END_TEST

START_TEST(failure_has_its_code)
{
	scene_dns_query(&d, 1, "none.example", DNS_TYPE_A);
	scene_dns_failure(&d, 1, "none.example", DNS_TYPE_A, 3);
	ck_assert_uint_eq(end_with(1)->messages[1].rcode, 3);
	ck_assert_uint_eq(s.got.dns_queries[0].messages[1].answer_count, 0);
}
END_TEST

START_TEST(ports_are_conversations_of_their_own)
{
	struct scene_dns other = scene_dns(&s, 50001);

	scene_dns_query(&d, 1, "a.example", DNS_TYPE_A);
	scene_dns_query(&other, 1, "a.example", DNS_TYPE_AAAA);
	scene_dns_reply(&other, 1, "a.example", DNS_TYPE_AAAA, "2001:db8::7");
	scene_dns_reply(&d, 1, "a.example", DNS_TYPE_A, "192.0.2.7");
	end_with(2);
	ck_assert(s.got.dns_queries[0].message_count == 2 && s.got.dns_queries[1].message_count == 2);
	ck_assert_uint_ne(s.got.dns_queries[0].connection, s.got.dns_queries[1].connection);
}
END_TEST

START_TEST(reply_alone_shows_who_the_client_is)
{
	scene_dns_reply(&d, 1, "a.example", DNS_TYPE_A, "192.0.2.7");
	ck_assert(end_with(1)->messages[0].unmatched);
	ck_assert_uint_eq(s.got.udp_conns[0].tuple.source_port, 50000);
	ck_assert_uint_eq(s.got.udp_conns[0].tuple.destination_port, 53);
}
END_TEST

START_TEST(plain_query_on_another_port_is_dns)
{
	struct bytes query = scene_dns_query_bytes(1, "a.example", DNS_TYPE_A);

	scene_udp(&s, "10.0.0.1", 50000, "10.0.0.53", 5300, query.at, query.size);
	ck_assert_uint_eq(end_with(1)->message_count, 1);
}
END_TEST

START_TEST(other_bytes_on_another_port_are_not_dns)
{
	scene_udp(&s, "10.0.0.1", 50000, "10.0.0.53", 5300, "\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17", 16);
	end_with(0);
	ck_assert(!s.got.udp_conns[0].from_resolver);
}
END_TEST

START_TEST(malformed_message_on_port_53_is_reported)
{
	struct bytes query = scene_dns_query_bytes(1, "a.example", DNS_TYPE_A);

	scene_udp(&s, "10.0.0.1", 50000, "10.0.0.53", 53, query.at, query.size - 3);
	ck_assert(end_with(1)->messages[0].malformed);
	ck_assert(!s.got.dns_queries[0].messages[0].cut);
}
END_TEST

START_TEST(message_cut_by_the_snaplen_is_not_malformed)
{
	s.snaplen = 14 + 20 + 8 + 20;
	scene_dns_query(&d, 1, "www.a.example", DNS_TYPE_A);
	ck_assert(end_with(1)->messages[0].cut && !s.got.dns_queries[0].messages[0].malformed);
	ck_assert_uint_eq(s.got.dns_queries[0].messages[0].size, 12 + 15 + 4);
}
END_TEST

START_TEST(multicast_names_are_no_resolver)
{
	struct bytes query = scene_dns_query_bytes(0, "printer.local", DNS_TYPE_A);

	scene_udp(&s, "10.0.0.1", 5353, "224.0.0.251", 5353, query.at, query.size);
	scene_udp(&s, "10.0.0.1", 50001, "224.0.0.252", 5355, query.at, query.size);
	end_with(2);
	ck_assert_int_eq(s.got.dns_queries[0].kind, TRACE_MDNS);
	ck_assert_int_eq(s.got.dns_queries[1].kind, TRACE_LLMNR);
	ck_assert(!s.got.udp_conns[0].from_resolver && !s.got.udp_conns[1].from_resolver);
}
END_TEST

START_TEST(endless_conversation_is_reported_in_parts)
{
	for (int i = 0; i < LIMIT_DNS_MESSAGES + 1; i++)
		scene_dns_query(&d, (uint16_t)i, "a.example", DNS_TYPE_A);
	end_with(2);
	ck_assert_uint_eq(s.got.dns_queries[0].message_count, LIMIT_DNS_MESSAGES);
	ck_assert_uint_eq(s.got.dns_queries[1].message_count, 1);
	ck_assert_uint_eq(s.got.dns_queries[1].connection, s.got.dns_queries[0].connection);
	ck_assert_uint_eq(s.got.udp_conn_count, 1);
	ck_assert_uint_eq(s.hits.count[LIMIT_DNS_MESSAGES_HIT], 1);
}
END_TEST

START_TEST(reply_after_very_many_queries_from_one_port_is_matched)
{
	for (int i = 0; i < LIMIT_DNS_MESSAGES + 100; i++)
		scene_dns_query(&d, (uint16_t)i, "a.example", DNS_TYPE_A);
	scene_dns_reply(&d, 5, "a.example", DNS_TYPE_A, "192.0.2.1");
	end_with(2);
	ck_assert_uint_eq(s.got.dns_queries[1].message_count, 101);
	ck_assert_msg(!s.got.dns_queries[1].messages[100].unmatched, "its query stands in the record before");
}
END_TEST

/* ---- over TCP ---- */

static struct scene_tcp t;

static void open_tcp(void)
{
	t = scene_tcp_between(&s, "10.0.0.1", 50000, "10.0.0.53", 53);
	scene_open(&t);
}

static void send_query(uint16_t id, const char *name)
{
	struct bytes message = scene_dns_over_tcp(scene_dns_query_bytes(id, name, DNS_TYPE_A));

	scene_send_bytes(&t, CLIENT, message.at, message.size);
}

static struct bytes reply(uint16_t id, const char *name)
{
	return scene_dns_over_tcp(scene_dns_reply_bytes(id, name, DNS_TYPE_A, "192.0.2.7", 0));
}

START_TEST(messages_over_tcp_are_without_their_length_bytes)
{
	struct bytes answer;

	open_tcp();
	send_query(1, "a.example");
	answer = reply(1, "a.example");
	scene_send_bytes(&t, SERVER, answer.at, answer.size);
	scene_close(&t);
	ck_assert_uint_eq(end_with(1)->message_count, 2);
	ck_assert(s.got.dns_queries[0].over == TRACE_OVER_TCP);
	ck_assert_uint_eq(s.got.dns_queries[0].messages[0].size, 12 + 11 + 4);
	ck_assert_uint_eq(s.got.dns_queries[0].messages[0].id, 1);
	ck_assert_uint_eq(s.got.dns_queries[0].connection, s.got.tcp_conns[0].id);
	ck_assert(s.got.tcp_conns[0].from_resolver);
	ck_assert_uint_eq(s.got.dial_count, 0);
	ck_assert_int_eq(s.got.dns_queries[0].messages[1].latency_us, 1000);
}
END_TEST

START_TEST(message_in_single_bytes_has_the_time_of_its_first)
{
	struct bytes answer;
	uint8_t copy[200];

	open_tcp();
	send_query(1, "a.example");
	answer = reply(1, "a.example");
	memcpy(copy, answer.at, answer.size);
	for (size_t i = 0; i < answer.size; i++)
		scene_send_bytes(&t, SERVER, copy + i, 1);
	ck_assert_uint_eq(end_with(1)->message_count, 2);
	ck_assert_uint_eq(s.got.dns_queries[0].messages[1].answer_count, 1);
	ck_assert_int_eq(s.got.dns_queries[0].messages[1].time, scene_at(5));
}
END_TEST

START_TEST(several_messages_in_one_segment)
{
	uint8_t both[400];
	struct bytes answer;
	size_t size;

	open_tcp();
	send_query(1, "a.example");
	send_query(2, "b.example");
	answer = reply(2, "b.example");
	memcpy(both, answer.at, answer.size);
	size = answer.size;
	answer = reply(1, "a.example");
	memcpy(both + size, answer.at, answer.size);
	scene_send_bytes(&t, SERVER, both, size + answer.size - 5);
	scene_send_bytes(&t, SERVER, both + size + answer.size - 5, 5);
	ck_assert_uint_eq(end_with(1)->message_count, 4);
	ck_assert_uint_eq(s.got.dns_queries[0].messages[2].id, 2);
	ck_assert_uint_eq(s.got.dns_queries[0].messages[3].id, 1);
	ck_assert_uint_eq(s.got.dns_queries[0].messages[3].answer_count, 1);
}
END_TEST

START_TEST(message_whose_end_was_lost_is_cut)
{
	struct bytes answer;
	uint8_t copy[200];

	open_tcp();
	send_query(1, "a.example");
	answer = reply(1, "a.example");
	memcpy(copy, answer.at, answer.size);
	scene_send_bytes(&t, SERVER, copy, 40);
	s.lose = true;
	scene_send_bytes(&t, SERVER, copy + 40, answer.size - 40);
	answer = reply(2, "b.example");
	send_query(2, "b.example");
	answer = reply(2, "b.example");
	scene_send_bytes(&t, SERVER, answer.at, answer.size);
	scene_close(&t);
	ck_assert_uint_eq(end_with(1)->message_count, 4);
	ck_assert(s.got.dns_queries[0].messages[1].cut && !s.got.dns_queries[0].messages[1].malformed);
	ck_assert_uint_eq(s.got.dns_queries[0].messages[3].answer_count, 1);
}
END_TEST

/* ---- over HTTPS; the TLS around it changes nothing ---- */

#define TYPE "Content-Type: application/dns-message\r\n"

static void send_body(enum scene_side side, const char *head, struct bytes body)
{
	char text[600];
	int size = snprintf(text, sizeof text, "%sContent-Length: %zu\r\n\r\n", head, body.size);

	memcpy(text + size, body.at, body.size);
	scene_send_bytes(&t, side, text, (size_t)size + body.size);
}

static void answer_with(const char *head, uint16_t id)
{
	send_body(SERVER, head, scene_dns_reply_bytes(id, "a.example", DNS_TYPE_A, "192.0.2.7", 0));
}

static void begin_https(void)
{
	t = scene_tcp_between(&s, "10.0.0.1", 50000, "10.0.0.53", 8080);
	scene_open(&t);
}

static void check_lookup_over_https(void)
{
	const struct trace_dns_query *query;

	end_with(1);
	query = &s.got.dns_queries[0];
	ck_assert_int_eq(query->over, TRACE_OVER_HTTPS);
	ck_assert_uint_eq(query->connection, s.got.tcp_conns[0].id);
	ck_assert_uint_eq(query->message_count, 2);
	ck_assert(!query->messages[0].is_reply && query->messages[1].is_reply);
	ck_assert(bytes_equal(query->messages[0].questions[0].name, BYTES("a.example.")));
	ck_assert(bytes_equal(query->messages[1].answers[0].value, BYTES("192.0.2.7")));
	ck_assert(!query->messages[1].unmatched);
	ck_assert_uint_eq(s.got.http_request_count, 1);
	ck_assert(s.got.tcp_conns[0].from_resolver);
}

START_TEST(message_that_is_posted_is_a_query)
{
	begin_https();
	send_body(CLIENT, "POST /dns-query HTTP/1.1\r\nHost: a\r\n" TYPE, scene_dns_query_bytes(0, "a.example", DNS_TYPE_A));
	answer_with("HTTP/1.1 200 OK\r\n" TYPE, 0);
	check_lookup_over_https();
	ck_assert_uint_eq(s.got.dns_queries[0].messages[0].packet.number, 4);
	ck_assert_uint_eq(s.got.dns_queries[0].messages[1].packet.number, 5);
	ck_assert_int_eq(s.got.dns_queries[0].messages[1].latency_us, SCENE_STEP / NT_MICROSECOND);
}
END_TEST

START_TEST(message_in_the_url_is_a_query)
{
	begin_https();
	/* id 0, one question: a.example A IN */
	scene_send(&t, CLIENT,
		   "GET /dns-query?x=1&dns=AAABAAABAAAAAAAAAWEHZXhhbXBsZQAAAQAB HTTP/1.1\r\nHost: a\r\n"
		   "Accept: application/dns-message\r\n\r\n");
	answer_with("HTTP/1.1 200 OK\r\nContent-Type: Application/DNS-Message; charset=x\r\n", 0);
	check_lookup_over_https();
}
END_TEST

static const char *const no_dns[][2] = {
	{ "Content-Type: application/octet-stream\r\n", TYPE }, /* the query */
	{ "Content-Type: application/dns-messages\r\n", TYPE },
	{ "", TYPE },
	{ "", "" },
};

START_TEST(other_bodies_are_no_dns)
{
	char head[200];

	begin_https();
	snprintf(head, sizeof head, "POST /dns-query HTTP/1.1\r\nHost: a\r\n%s", no_dns[_i][0]);
	send_body(CLIENT, head, scene_dns_query_bytes(0, "a.example", DNS_TYPE_A));
	snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\n%s", no_dns[_i][1]);
	answer_with(head, 0);
	end_with(0);
}
END_TEST

/* POST /, content-type: application/dns-message, and a body in DATA (RFC 7541 6.2, RFC 9113 6.1). */
START_TEST(message_in_an_http2_stream_is_a_query)
{
	static const uint8_t ask[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
				     "\0\0\x20\1\4\0\0\0\1\x83\x86\x84\1\1"
				     "a\xf\x10\x17"
				     "application/dns-message";
	static const uint8_t head[] = "\0\0\0\4\0\0\0\0\0\0\0\x1b\1\4\0\0\0\1\x88\xf\x10\x17"
				      "application/dns-message";
	struct bytes message = scene_dns_query_bytes(0, "a.example", DNS_TYPE_A);
	uint8_t data[200] = { 0, 0, (uint8_t)message.size, 0, 1, 0, 0, 0, 1 };

	t = scene_tcp_between(&s, "10.0.0.1", 50000, "10.0.0.53", 8080);
	scene_open(&t);
	scene_send_bytes(&t, CLIENT, ask, sizeof ask - 1);
	memcpy(data + 9, message.at, message.size);
	scene_send_bytes(&t, CLIENT, data, 9 + message.size);
	message = scene_dns_reply_bytes(0, "a.example", DNS_TYPE_A, "192.0.2.7", 0);
	scene_send_bytes(&t, SERVER, head, sizeof head - 1);
	data[2] = (uint8_t)message.size;
	memcpy(data + 9, message.at, message.size);
	scene_send_bytes(&t, SERVER, data, 9 + message.size);
	check_lookup_over_https();
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("dns talk");
	TCase *udp = tcase_create("udp flows"), *talk = tcase_create("conversations"), *tcp = tcase_create("over tcp");
	TCase *const all[] = { udp, talk, tcp };

	tcase_add_test(udp, udp_flow_has_times_and_bytes);
	tcase_add_test(udp, udp_port_that_is_silent_for_long_begins_another_flow);
	tcase_add_test(udp, icmp_port_unreachable_is_kept_with_the_flow);
	tcase_add_test(talk, query_and_reply_are_one_conversation);
	tcase_add_test(talk, reply_is_matched_by_id_and_question);
	tcase_add_test(talk, repeated_query_and_reply_are_all_kept);
	tcase_add_test(talk, failure_has_its_code);
	tcase_add_test(talk, ports_are_conversations_of_their_own);
	tcase_add_test(talk, reply_alone_shows_who_the_client_is);
	tcase_add_test(talk, plain_query_on_another_port_is_dns);
	tcase_add_test(talk, other_bytes_on_another_port_are_not_dns);
	tcase_add_test(talk, malformed_message_on_port_53_is_reported);
	tcase_add_test(talk, message_cut_by_the_snaplen_is_not_malformed);
	tcase_add_test(talk, multicast_names_are_no_resolver);
	tcase_add_test(talk, endless_conversation_is_reported_in_parts);
	tcase_add_test(talk, reply_after_very_many_queries_from_one_port_is_matched);
	tcase_add_test(talk, message_that_is_posted_is_a_query);
	tcase_add_test(talk, message_in_the_url_is_a_query);
	tcase_add_loop_test(talk, other_bodies_are_no_dns, 0, sizeof no_dns / sizeof *no_dns);
	tcase_add_test(talk, message_in_an_http2_stream_is_a_query);
	tcase_add_test(tcp, messages_over_tcp_are_without_their_length_bytes);
	tcase_add_test(tcp, message_in_single_bytes_has_the_time_of_its_first);
	tcase_add_test(tcp, several_messages_in_one_segment);
	tcase_add_test(tcp, message_whose_end_was_lost_is_cut);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		tcase_add_checked_fixture(all[i], setup, teardown);
		suite_add_tcase(suite, all[i]);
	}
	return suite;
}
