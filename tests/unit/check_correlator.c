/*
 * The correlator as a whole: what it counts, when it reports, whose records it leaves out.
 */
#include "dissect/dns/dns.h"
#include "tests/support/dns_message.h"
#include "tests/support/scene.h"
#include "tests/support/tls_wire.h"
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

static void other_traffic(int count, nt_time every)
{
	for (int i = 0; i < count; i++) {
		scene_wait(&s, every);
		scene_udp(&s, "10.0.0.7", 7, "10.0.0.8", 8, "x", 1);
	}
}

/* ---- what was skipped, and why ---- */

static void ethernet_frame(uint16_t ethertype, const char *payload, size_t size)
{
	struct frame_builder f;
	struct bytes whole;

	frame_begin(&f, payload, size);
	frame_ethernet(&f, NULL, ethertype);
	whole = frame_bytes(&f);
	scene_frame(&s, whole.at, whole.size);
}

START_TEST(packets_are_counted_by_what_they_are)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);

	scene_syn(&t);
	scene_icmp_error(&t, CLIENT, "10.0.0.254", 3, 1);
	scene_udp(&s, "10.0.0.7", 7, "10.0.0.8", 8, "x", 1);
	ethernet_frame(0x0806, "\0\1\x08\0\6\4\0\1....................", 28);
	scene_end(&s);
	ck_assert_uint_eq(s.stats.packets, 4);
	ck_assert_uint_eq(s.stats.ip_packets, 3);
	ck_assert_uint_eq(s.stats.tcp_packets, 1);
	ck_assert_uint_eq(s.stats.udp_packets, 1);
	ck_assert_uint_eq(s.stats.icmp_packets, 1);
	ck_assert_uint_eq(s.stats.skipped.not_ip, 1);
}
END_TEST

START_TEST(unknown_ethertypes_are_counted_by_number)
{
	ethernet_frame(0x9999, "something", 9);
	ethernet_frame(0x9998, "something", 9);
	ethernet_frame(0x9999, "something", 9);
	scene_end(&s);
	ck_assert_uint_eq(s.stats.skipped.unknown, 3);
	ck_assert_uint_eq(s.stats.unknown_count, 2);
	ck_assert_int_eq(s.stats.unknown[0].registry, NET_ETHERTYPE);
	ck_assert_uint_eq(s.stats.unknown[0].number, 0x9999);
	ck_assert_uint_eq(s.stats.unknown[0].packets, 2);
}
END_TEST

START_TEST(unknown_link_type_is_named)
{
	s.interface.link_type = 64000;
	scene_frame(&s, "something", 9);
	scene_end(&s);
	ck_assert_int_eq(s.stats.unknown[0].registry, NET_LINK_TYPE);
	ck_assert_uint_eq(s.stats.unknown[0].number, 64000);
}
END_TEST

START_TEST(number_of_unknown_kinds_is_limited)
{
	for (uint16_t i = 0; i < LIMIT_UNKNOWN_KINDS + 3; i++)
		ethernet_frame((uint16_t)(0x9900 + i), "something", 9);
	scene_end(&s);
	ck_assert_uint_eq(s.stats.unknown_count, LIMIT_UNKNOWN_KINDS);
	ck_assert_uint_eq(s.stats.skipped.unknown, LIMIT_UNKNOWN_KINDS + 3);
	ck_assert_uint_eq(s.hits.count[LIMIT_UNKNOWN_KINDS_HIT], 3);
}
END_TEST

START_TEST(other_protocol_over_ip_is_counted)
{
	struct test_packet p = { .source = "10.0.0.1" };
	uint8_t frame[TEST_FRAME_SIZE];

	scene_frame(&s, frame, test_packet_ip(&p, 89, "ospf", 4, frame));
	scene_end(&s);
	ck_assert_uint_eq(s.stats.skipped.other_protocol, 1);
	ck_assert_uint_eq(s.stats.ip_packets, 1);
}
END_TEST

START_TEST(header_that_lies_is_malformed)
{
	ethernet_frame(0x0800, "\x42\0\0\x14\0\0\0\0\x40\6\0\0\x0a\0\0\1\x0a\0\0\2", 20); /* a header of 8 bytes */
	scene_end(&s);
	ck_assert_uint_eq(s.stats.skipped.malformed, 1);
	ck_assert_uint_eq(s.stats.skipped.cut, 0);
}
END_TEST

START_TEST(header_that_the_snaplen_cut_is_cut)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);

	for (s.snaplen = 1; s.snaplen < 14 + 20 + 13; s.snaplen++)
		scene_syn(&t);
	scene_end(&s);
	ck_assert_uint_eq(s.stats.skipped.cut, 46);
	ck_assert_uint_eq(s.stats.cut_packets, 46);
	ck_assert_uint_eq(s.stats.skipped.malformed, 0);
	ck_assert_uint_eq(s.got.tcp_conn_count, 0);
}
END_TEST

START_TEST(too_many_headers_are_too_deep)
{
	struct test_packet p = { .source = "10.0.0.1", .source_port = 1, .destination_port = 2 };
	struct frame_builder f;
	struct bytes whole;

	frame_begin(&f, "x", 1);
	frame_udp(&f, &p);
	frame_ip(&f, &p, 17);
	for (int i = 0; i < LIMIT_NESTING + 2; i++)
		frame_ip(&f, &p, 4);
	frame_ethernet(&f, NULL, 0x0800);
	whole = frame_bytes(&f);
	scene_frame(&s, whole.at, whole.size);
	scene_end(&s);
	ck_assert_uint_eq(s.stats.skipped.too_deep, 1);
	ck_assert_uint_eq(s.hits.count[LIMIT_NESTING_HIT], 1);
	ck_assert_uint_eq(s.got.udp_conn_count, 0);
}
END_TEST

static void fragment(const uint8_t *datagram, uint32_t offset, uint32_t size, bool more)
{
	struct test_packet p = {
		.source = "10.0.0.1", .destination = "10.0.0.2", .ip_id = 9, .fragment_offset = offset, .more_fragments = more
	};
	uint8_t frame[TEST_FRAME_SIZE];

	scene_frame(&s, frame, test_packet_ip(&p, 17, datagram + offset, size, frame));
}

START_TEST(fragments_become_one_datagram)
{
	uint8_t datagram[1008] = { 0x9c, 0x40, 0x27, 0x0f, 1008 >> 8, 1008 & 0xff }; /* a UDP header */

	fragment(datagram, 0, 800, true);
	fragment(datagram, 800, 208, false);
	fragment(datagram, 0, 800, true);
	scene_end(&s);
	ck_assert_uint_eq(s.stats.fragments, 3);
	ck_assert_uint_eq(s.stats.datagrams_reassembled, 1);
	ck_assert_uint_eq(s.stats.skipped.fragments_unfinished, 1);
	ck_assert_uint_eq(s.got.udp_conn_count, 1);
	ck_assert_uint_eq(s.got.udp_conns[0].sent_bytes, 1000);
	ck_assert_uint_eq(s.got.udp_conns[0].sent_packets, 1);
}
END_TEST

/* ---- the clock ---- */

START_TEST(times_of_the_packets_are_kept)
{
	other_traffic(1, 0);
	s.clock = SCENE_START - NT_SECOND;
	other_traffic(1, 0);
	s.clock = SCENE_START + NT_SECOND;
	other_traffic(1, 0);
	scene_end(&s);
	ck_assert_int_eq(s.stats.first_packet_time, SCENE_START);
	ck_assert_int_eq(s.stats.smallest_time, SCENE_START - NT_SECOND);
	ck_assert_int_eq(s.stats.largest_time, SCENE_START + NT_SECOND);
	ck_assert_uint_eq(s.stats.time_went_backwards, 1);
}
END_TEST

START_TEST(connection_survives_a_clock_that_jumps)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 80);

	scene_open(&t);
	scene_wait(&s, (_i ? 1 : -1) * 3 * 365 * 24 * 3600 * NT_SECOND);
	scene_send(&t, CLIENT, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	scene_send(&t, SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	scene_end(&s);
	ck_assert_uint_eq(s.got.tcp_conn_count, 1);
	ck_assert_uint_eq(s.got.http_request_count, 1);
	ck_assert_uint_eq(s.got.http_requests[0].status, 200);
	ck_assert(s.got.tcp_conns[0].connected && !s.got.tcp_conns[0].reused);
}
END_TEST

START_TEST(times_at_the_ends_of_64_bits_are_no_trouble)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 80);

	s.clock = INT64_MIN + 1;
	s.step = 0;
	scene_syn(&t);
	s.clock = INT64_MAX;
	scene_syn_ack(&t);
	scene_ack(&t, CLIENT);
	scene_end(&s);
	ck_assert_uint_eq(s.got.tcp_conn_count, 1);
	ck_assert_int_lt(s.got.tcp_conns[0].handshake_begin, s.got.tcp_conns[0].handshake_end);
}
END_TEST

START_TEST(packets_without_time_come_with_the_one_before)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 80);

	scene_syn(&t);
	s.clock = NT_TIME_NONE;
	s.step = 0;
	scene_syn_ack(&t);
	scene_ack(&t, CLIENT);
	scene_end(&s);
	ck_assert_int_eq(s.got.tcp_conns[0].handshake_end, SCENE_START);
}
END_TEST

/* ---- when records come ---- */

START_TEST(attempt_without_answer_is_reported_before_the_end)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);

	scene_syn(&t);
	other_traffic(20, 20 * NT_SECOND);
	ck_assert_uint_eq(s.got.tcp_conn_count, 1);
	ck_assert_uint_eq(s.got.dial_count, 1);
	ck_assert_int_eq(s.got.tcp_conns[0].close_reason, TRACE_CLOSE_NONE);
}
END_TEST

START_TEST(closed_connection_is_reported_before_the_end)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);

	scene_open(&t);
	scene_close(&t);
	ck_assert_uint_eq(s.got.tcp_conn_count, 0); /* a late FIN may still come */
	other_traffic(20, 20 * NT_SECOND);
	ck_assert_uint_eq(s.got.tcp_conn_count, 1);
	ck_assert_uint_eq(s.got.dial_count, 1);
}
END_TEST

START_TEST(open_connection_is_kept_while_it_is_silent)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);

	scene_open(&t);
	other_traffic(20, 20 * NT_SECOND);
	ck_assert_uint_eq(s.got.tcp_conn_count, 0);
	scene_send(&t, CLIENT, "\1\2\3");
	scene_end(&s);
	ck_assert_uint_eq(s.got.tcp_conn_count, 1);
	ck_assert_uint_eq(s.got.tcp_conns[0].sent_bytes, 3);
}
END_TEST

START_TEST(answered_request_is_reported_at_once)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 80);

	scene_open(&t);
	scene_send(&t, CLIENT, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	ck_assert_uint_eq(s.got.http_request_count, 0);
	scene_send(&t, SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	ck_assert_uint_eq(s.got.http_request_count, 1);
}
END_TEST

/* One of everything: a lookup, TLS to 443, HTTP to 80, a UDP flow. */
static void one_of_everything(void)
{
	struct scene_tcp https = scene_tcp(&s, 40000, 443), http = scene_tcp(&s, 40001, 80);
	static struct wire w;
	size_t record;

	w.size = 0;
	record = wire_open_record(&w, 22);
	wire_put_client_hello(&w, OFFER_13);
	wire_shut(&w, record, 2);
	scene_lookup(&s, 50000, "example.org", "10.0.0.2");
	scene_open(&https);
	scene_send_bytes(&https, CLIENT, w.at, w.size);
	scene_open(&http);
	scene_send(&http, CLIENT, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	scene_udp(&s, "10.0.0.1", 7, "10.0.0.8", 8, "x", 1);
}

START_TEST(end_of_the_capture_reports_everything)
{
	one_of_everything();
	scene_end(&s);
	ck_assert_uint_eq(s.got.dial_count, 2);
	ck_assert_uint_eq(s.got.tcp_conn_count, 2);
	ck_assert_uint_eq(s.got.udp_conn_count, 2);
	ck_assert_uint_eq(s.got.dns_query_count, 1);
	ck_assert_uint_eq(s.got.tls_tunnel_count, 1);
	ck_assert_uint_eq(s.got.http_request_count, 1);
}
END_TEST

START_TEST(correlator_that_is_only_freed_reports_nothing)
{
	one_of_everything();
	correlator_free(s.correlator);
	s.correlator = NULL;
	ck_assert_uint_eq(s.got.dial_count + s.got.tcp_conn_count + s.got.udp_conn_count + s.got.dns_query_count +
				  s.got.tls_tunnel_count + s.got.http_request_count,
			  0);
}
END_TEST

START_TEST(sink_that_wants_nothing_gets_nothing)
{
	static const struct trace_sink nothing;
	struct correlator *c = correlator_new(&s.options, &nothing, NULL, NULL);

	s.correlator = c;
	one_of_everything();
	correlator_finish(c);
}
END_TEST

/* TRACE.md: the same on every run over the same input; the seed of the tables is none of it. */
START_TEST(ids_do_not_depend_on_the_seed)
{
	struct trace_list first;

	one_of_everything();
	scene_end(&s);
	first = s.got;
	memset(&s.got, 0, sizeof s.got);
	scene_free(&s);
	scene_begin(&s);
	s.options.hash_seed = UINT64_C(0x123456789abcdef);
	one_of_everything();
	scene_end(&s);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_uint_eq(s.got.dials[i].id, first.dials[i].id);
		ck_assert_uint_eq(s.got.tcp_conns[i].id, first.tcp_conns[i].id);
		ck_assert_uint_eq(s.got.udp_conns[i].id, first.udp_conns[i].id);
	}
	ck_assert_uint_eq(s.got.tls_tunnels[0].id, first.tls_tunnels[0].id);
	ck_assert_uint_eq(s.got.http_requests[0].id, first.http_requests[0].id);
	trace_list_free(&first);
}
END_TEST

START_TEST(captures_from_different_places_are_kept_apart)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 9999);

	scene_open(&t);
	s.interface.file = 1;
	scene_set_isn(&t, 1000, 5000);
	scene_open(&t);
	scene_end(&s);
	ck_assert_uint_eq(s.got.tcp_conn_count, 2);
	ck_assert_uint_eq(s.got.tcp_conns[1].first_packet.file, 1);
	ck_assert_uint_eq(s.got.tcp_conns[0].client.retransmissions, 0);
}
END_TEST

/* ---- --client ---- */

START_TEST(only_connections_of_the_wanted_clients_are_reported)
{
	struct correlate_prefix prefix = { .ip_version = 4, .address = { { 10, 0, 1, 0 } }, .bits = 23 };
	struct scene_tcp in = scene_tcp_between(&s, "10.0.1.5", 40000, "10.0.0.2", 80),
			 in_too = scene_tcp_between(&s, "10.0.0.6", 40000, "10.0.9.2", 80),
			 out = scene_tcp_between(&s, "10.0.2.5", 40000, "10.0.9.2", 80),
			 six = scene_tcp_between(&s, "2001:db8::1", 40000, "2001:db8::2", 80);
	struct scene_tcp *const all[] = { &in, &in_too, &out, &six };

	s.options.clients = &prefix;
	s.options.client_count = 1;
	for (int i = 0; i < 4; i++)
		scene_open(all[i]);
	scene_udp(&s, "10.0.1.5", 7, "10.0.9.8", 8, "x", 1);
	scene_udp(&s, "10.0.2.5", 7, "10.0.9.8", 8, "x", 1);
	scene_end(&s);
	ck_assert_uint_eq(s.got.tcp_conn_count, 2);
	ck_assert_uint_eq(s.got.dial_count, 2);
	ck_assert_uint_eq(s.got.udp_conn_count, 1);
}
END_TEST

START_TEST(nothing_is_reported_of_what_others_ask_a_wanted_client)
{
	struct correlate_prefix prefix = { .ip_version = 4, .address = { { 10, 0, 0, 2 } }, .bits = 32 };

	s.options.clients = &prefix;
	s.options.client_count = 1;
	one_of_everything(); /* 10.0.0.2 is the server */
	scene_end(&s);
	ck_assert_uint_eq(s.got.dial_count, 0);
	ck_assert_uint_eq(s.got.tcp_conn_count, 0);
	ck_assert_uint_eq(s.got.tls_tunnel_count, 0);
	ck_assert_uint_eq(s.got.http_request_count, 0);
	ck_assert_uint_eq(s.got.dns_query_count, 0);
}
END_TEST

START_TEST(dns_server_that_is_a_wanted_client_has_no_queries_of_others)
{
	struct correlate_prefix prefix = { .ip_version = 4, .address = { { 10, 0, 0, 53 } }, .bits = 32 };

	s.options.clients = &prefix;
	s.options.client_count = 1;
	scene_lookup(&s, 50000, "example.org", "10.0.0.2");
	scene_end(&s);
	ck_assert_uint_eq(s.got.udp_conn_count, 0);
	ck_assert_uint_eq(s.got.dns_query_count, 0);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("correlator");
	TCase *skipped = tcase_create("skipped"), *clock = tcase_create("clock"), *when = tcase_create("when"),
	      *client = tcase_create("client");
	TCase *const all[] = { skipped, clock, when, client };

	tcase_add_test(skipped, packets_are_counted_by_what_they_are);
	tcase_add_test(skipped, unknown_ethertypes_are_counted_by_number);
	tcase_add_test(skipped, unknown_link_type_is_named);
	tcase_add_test(skipped, number_of_unknown_kinds_is_limited);
	tcase_add_test(skipped, other_protocol_over_ip_is_counted);
	tcase_add_test(skipped, header_that_lies_is_malformed);
	tcase_add_test(skipped, header_that_the_snaplen_cut_is_cut);
	tcase_add_test(skipped, too_many_headers_are_too_deep);
	tcase_add_test(skipped, fragments_become_one_datagram);
	tcase_add_test(clock, times_of_the_packets_are_kept);
	tcase_add_loop_test(clock, connection_survives_a_clock_that_jumps, 0, 2);
	tcase_add_test(clock, packets_without_time_come_with_the_one_before);
	tcase_add_test(clock, times_at_the_ends_of_64_bits_are_no_trouble);
	tcase_add_test(when, attempt_without_answer_is_reported_before_the_end);
	tcase_add_test(when, closed_connection_is_reported_before_the_end);
	tcase_add_test(when, open_connection_is_kept_while_it_is_silent);
	tcase_add_test(when, answered_request_is_reported_at_once);
	tcase_add_test(when, end_of_the_capture_reports_everything);
	tcase_add_test(when, correlator_that_is_only_freed_reports_nothing);
	tcase_add_test(when, sink_that_wants_nothing_gets_nothing);
	tcase_add_test(when, ids_do_not_depend_on_the_seed);
	tcase_add_test(when, captures_from_different_places_are_kept_apart);
	tcase_add_test(client, only_connections_of_the_wanted_clients_are_reported);
	tcase_add_test(client, nothing_is_reported_of_what_others_ask_a_wanted_client);
	tcase_add_test(client, dns_server_that_is_a_wanted_client_has_no_queries_of_others);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		tcase_add_checked_fixture(all[i], setup, teardown);
		suite_add_tcase(suite, all[i]);
	}
	return suite;
}
