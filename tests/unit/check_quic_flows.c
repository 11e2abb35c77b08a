/* QUIC among other UDP flows: the records that become of it. */
#include "tests/support/quic_scene.h"
#include "tests/unit/suite.h"

#include <stdlib.h>

enum { V2 = 0x6b3343cf };

static struct scene s;
static struct scene_quic q;

static void begin(void)
{
	scene_begin(&s);
	q = scene_quic(&s, 50000);
}

static void expect_text(struct bytes got, const char *expected)
{
	ck_assert_msg(bytes_equal(got, bytes_of(expected)), "\"%.*s\" is not \"%s\"", (int)got.size, (const char *)got.at,
		      expected);
}

/* ---- what is read ---- */

START_TEST(handshake_becomes_a_tunnel)
{
	const struct trace_tls_tunnel *tunnel;
	const struct trace_udp_conn *conn;
	const struct trace_dial *dial;

	begin();
	scene_quic_hello(&q);
	scene_quic_answer(&q);
	scene_quic_established(&q);
	scene_end(&s);
	ck_assert_uint_eq(s.got.udp_conn_count, 1);
	ck_assert_uint_eq(s.got.tls_tunnel_count, 1);
	ck_assert_uint_eq(s.got.dial_count, 1);
	conn = &s.got.udp_conns[0];
	tunnel = &s.got.tls_tunnels[0];
	dial = &s.got.dials[0];

	ck_assert_uint_eq(tunnel->tcp_conn, 0);
	ck_assert_uint_eq(tunnel->udp_conn, conn->id);
	ck_assert_int_eq(tunnel->handshake_begin, scene_at(1));
	ck_assert_int_eq(tunnel->handshake_end, scene_at(3));
	ck_assert_int_eq(tunnel->handshake_us, 2000);
	expect_text(tunnel->server_name, "example.org");
	ck_assert_uint_eq(tunnel->offered_protocol_count, 1);
	expect_text(tunnel->offered_protocols[0], "h3");
	ck_assert_uint_eq(tunnel->negotiated_protocol.size, 0); /* encrypted */
	ck_assert_uint_eq(tunnel->cipher_suite, 0x1301);
	ck_assert_uint_eq(tunnel->version, TLS_1_3);
	ck_assert(tunnel->client_hello && tunnel->server_hello && tunnel->done && !tunnel->decrypted);
	ck_assert_uint_eq(tunnel->error.size, 0);
	ck_assert_uint_eq(tunnel->first_packet.number, 1);
	ck_assert_uint_eq(tunnel->last_packet.number, 3);
	ck_assert_mem_eq(tunnel->ja4.at, "q13d0304h3_", 11);

	ck_assert_ptr_nonnull(conn->quic);
	ck_assert_uint_eq(conn->quic->version, 1);
	ck_assert_uint_eq(conn->quic->offered_version, 1);
	ck_assert(conn->quic->answered && !conn->quic->retry);
	ck_assert_uint_eq(conn->from_dial, dial->id);
	ck_assert(!conn->from_resolver);
	ck_assert_int_eq(conn->client_by, TRACE_BY_TLS_HELLO);
	expect_text(conn->app_protocol, "QUIC");

	ck_assert_int_eq(dial->begin, scene_at(1));
	ck_assert_int_eq(dial->end, scene_at(3));
	expect_text(dial->host, "example.org");
	ck_assert_int_eq(dial->host_by, TRACE_BY_TLS_HELLO);
	ck_assert_uint_eq(dial->port, 443);
	ck_assert_uint_eq(dial->established_conn, conn->id);
	ck_assert_uint_eq(dial->attempt_count, 1);
	ck_assert_uint_eq(dial->attempts[0], conn->id);
	scene_free(&s);
}
END_TEST

START_TEST(lookup_belongs_to_the_dial)
{
	begin();
	scene_lookup(&s, 40001, "example.org", "10.0.0.2");
	scene_quic_hello(&q);
	scene_quic_answer(&q);
	scene_quic_established(&q);
	scene_end(&s);
	ck_assert_uint_eq(s.got.dial_count, 1);
	ck_assert_int_eq(s.got.dials[0].begin, scene_at(1));
	ck_assert_uint_eq(s.got.dials[0].resolver_dial_count, 1);
	ck_assert_uint_eq(s.got.udp_conns[0].from_dial, s.got.dials[0].id);
	ck_assert_uint_eq(s.got.dns_queries[0].from_dial, s.got.dials[0].id);
	scene_free(&s);
}
END_TEST

START_TEST(name_without_sni_is_that_of_the_lookup)
{
	struct wire hello = { .size = 0 }, frames = { .size = 0 };
	size_t message, block;

	begin();
	message = wire_open_message(&hello, 1);
	wire_put_hello_start(&hello, TLS_1_2, (const uint16_t[]){ 0x1301, 0 });
	block = wire_open(&hello, 2);
	wire_put_alpn(&hello, "hq-29", NULL);
	wire_shut(&hello, block, 2);
	wire_shut(&hello, message, 3);
	quic_wire_crypto(&frames, 0, hello.at, hello.size);
	scene_lookup(&s, 40001, "www.example.net", "10.0.0.2");
	scene_quic_frames(&q, CLIENT, &frames);
	scene_end(&s);
	expect_text(s.got.dials[0].host, "www.example.net");
	ck_assert_int_eq(s.got.dials[0].host_by, TRACE_BY_DNS);
	ck_assert_uint_eq(s.got.tls_tunnels[0].server_name.size, 0);
	scene_free(&s);
}
END_TEST

START_TEST(ports_and_first_sender_do_not_matter)
{
	struct wire noise = { .size = 0 };

	begin();
	q.port[CLIENT] = 443;
	q.port[SERVER] = 61234;
	wire_fill(&noise, 0x99, 100);
	scene_quic_send(&q, SERVER, &noise); /* whatever it was */
	scene_quic_hello(&q);
	scene_end(&s);
	ck_assert_uint_eq(s.got.tls_tunnel_count, 1);
	ck_assert_uint_eq(s.got.udp_conns[0].tuple.source_port, 443);
	ck_assert_uint_eq(s.got.udp_conns[0].tuple.destination_port, 61234);
	ck_assert_uint_eq(s.got.udp_conns[0].recv_packets, 1);
	scene_free(&s);
}
END_TEST

START_TEST(retry_and_version_are_kept)
{
	static const uint8_t name[] = { 9, 9, 9, 9, 9, 9 };
	const struct bytes renamed = { name, sizeof(name) };
	struct wire retry = { .size = 0 };

	begin();
	q.end[CLIENT].version = q.end[SERVER].version = V2;
	scene_quic_hello(&q);
	quic_wire_retry(&retry, &q.end[SERVER], renamed, "token");
	scene_quic_send(&q, SERVER, &retry);
	q.end[CLIENT].dcid = q.end[CLIENT].origin = q.end[SERVER].origin = renamed;
	q.end[CLIENT].token = BYTES("token");
	scene_quic_hello(&q);
	scene_quic_answer(&q);
	scene_quic_established(&q);
	scene_end(&s);
	ck_assert(s.got.udp_conns[0].quic->retry);
	ck_assert_uint_eq(s.got.udp_conns[0].quic->version, V2);
	ck_assert_uint_eq(s.got.tls_tunnel_count, 1);
	ck_assert(s.got.tls_tunnels[0].done);
	ck_assert_int_eq(s.got.tls_tunnels[0].handshake_begin, scene_at(1));
	scene_free(&s);
}
END_TEST

START_TEST(part_of_a_hello_is_read)
{
	struct wire hello = { .size = 0 }, frames = { .size = 0 };

	begin();
	quic_wire_client_hello(&hello);
	quic_wire_crypto(&frames, 0, hello.at, hello.size - 10); /* the second datagram is not in the capture */
	scene_quic_frames(&q, CLIENT, &frames);
	scene_end(&s);
	ck_assert_uint_eq(s.got.tls_tunnel_count, 1);
	expect_text(s.got.tls_tunnels[0].server_name, "example.org");
	ck_assert_uint_eq(s.got.tls_tunnels[0].ja4.size, 0);
	ck_assert(!s.got.tls_tunnels[0].malformed);
	expect_text(s.got.dials[0].host, "example.org");
	scene_free(&s);
}
END_TEST

START_TEST(hello_whose_beginning_is_missing_makes_no_tunnel)
{
	struct wire hello = { .size = 0 }, frames = { .size = 0 };

	begin();
	quic_wire_client_hello(&hello);
	quic_wire_crypto(&frames, 30, hello.at + 30, hello.size - 30);
	scene_quic_frames(&q, CLIENT, &frames);
	scene_end(&s);
	ck_assert_uint_eq(s.got.tls_tunnel_count, 0);
	ck_assert_ptr_nonnull(s.got.udp_conns[0].quic);
	ck_assert_uint_eq(s.got.dial_count, 1);
	scene_free(&s);
}
END_TEST

START_TEST(cut_datagrams_say_nothing)
{
	begin();
	s.snaplen = 400;
	scene_quic_hello(&q);
	scene_quic_hello(&q);
	scene_end(&s);
	ck_assert_uint_eq(s.got.tls_tunnel_count, 0);
	ck_assert_ptr_null(s.got.udp_conns[0].quic);
	ck_assert_uint_eq(s.got.udp_conns[0].app_protocol.size, 0);
	ck_assert_uint_eq(s.hits.count[LIMIT_QUIC_TRIES_HIT], 0);
	scene_free(&s);
}
END_TEST

/* ---- with a key log ---- */

#define RANDOM_55 "5555555555555555555555555555555555555555555555555555555555555555"

static void put_server_messages(struct wire *messages)
{
	size_t message = wire_open_message(messages, 8), block, list, entry;

	block = wire_open(messages, 2);
	wire_put_alpn(messages, "h3", NULL);
	wire_shut(messages, block, 2);
	wire_shut(messages, message, 3);
	message = wire_open_message(messages, 11);
	wire_put8(messages, 0);
	list = wire_open(messages, 3);
	entry = wire_open(messages, 3);
	wire_fill(messages, 0x30, 700);
	wire_shut(messages, entry, 3);
	wire_put16(messages, 0);
	wire_shut(messages, list, 3);
	wire_shut(messages, message, 3);
}

START_TEST(logged_secrets_show_certificates_and_alpn)
{
	static const uint8_t secrets[2][32] = { { 0xc0 }, { 0x50 } };
	static const char log[] =
		"CLIENT_HANDSHAKE_TRAFFIC_SECRET " RANDOM_55 " c000000000000000000000000000000000000000000000000000000000000000\n"
		"SERVER_HANDSHAKE_TRAFFIC_SECRET " RANDOM_55 " 5000000000000000000000000000000000000000000000000000000000000000\n";
	struct tls_keylog *keylog = tls_keylog_new(1, NULL);
	struct wire datagram = { .size = 0 }, frames = { .size = 0 }, messages = { .size = 0 };

	begin();
	tls_keylog_add(keylog, bytes_of(log));
	s.options.keylog = keylog;
	for (int side = 0; side < 2; side++) {
		q.end[side].suite = 0x1301;
		q.end[side].secret = (struct bytes){ secrets[side], 32 };
	}
	scene_quic_hello(&q);
	put_server_messages(&messages);
	quic_wire_put_answer(&datagram, &q.end[SERVER]);
	quic_wire_crypto(&frames, 0, messages.at, 500);
	quic_wire_handshake(&datagram, &q.end[SERVER], &frames);
	scene_quic_send(&q, SERVER, &datagram);
	datagram.size = frames.size = 0;
	quic_wire_crypto(&frames, 500, messages.at + 500, messages.size - 500);
	quic_wire_handshake(&datagram, &q.end[SERVER], &frames);
	scene_quic_send(&q, SERVER, &datagram);

	datagram.size = frames.size = messages.size = 0;
	wire_put_message(&messages, 20, 32); /* Finished */
	quic_wire_crypto(&frames, 0, messages.at, messages.size);
	quic_wire_heard(&q.end[CLIENT]);
	quic_wire_handshake(&datagram, &q.end[CLIENT], &frames);
	scene_quic_send(&q, CLIENT, &datagram);
	scene_end(&s);
	ck_assert_uint_eq(s.got.tls_tunnel_count, 1);
	ck_assert(s.got.tls_tunnels[0].decrypted);
	ck_assert(s.got.tls_tunnels[0].done);
	ck_assert_int_eq(s.got.tls_tunnels[0].handshake_end, scene_at(4));
	ck_assert_uint_eq(s.got.tls_tunnels[0].certificate_count, 1);
	expect_text(s.got.tls_tunnels[0].negotiated_protocol, "h3");
	scene_free(&s);
	tls_keylog_free(keylog);
}
END_TEST

/* ---- dials ---- */

START_TEST(race_with_tcp_is_one_dial)
{
	struct scene_tcp t;

	begin();
	scene_lookup(&s, 40001, "example.org", "10.0.0.2");
	scene_quic_hello(&q);
	t = scene_tcp(&s, 50001, 443);
	scene_syn(&t);
	scene_quic_answer(&q);
	scene_syn_ack(&t);
	scene_quic_established(&q);
	scene_ack(&t, CLIENT);
	scene_end(&s);
	ck_assert_uint_eq(s.got.dial_count, 1);
	ck_assert_uint_eq(s.got.dials[0].attempt_count, 2);
	ck_assert_uint_eq(s.got.dials[0].established_conn, s.got.udp_conns[1].id);
	ck_assert_int_eq(s.got.dials[0].end, scene_at(7));
	scene_free(&s);
}
END_TEST

START_TEST(quic_after_tcp_is_a_dial_of_its_own)
{
	struct scene_tcp t;

	begin();
	scene_lookup(&s, 40001, "example.org", "10.0.0.2");
	t = scene_tcp(&s, 50001, 443);
	scene_open(&t);
	scene_quic_hello(&q);
	scene_quic_answer(&q);
	scene_quic_established(&q);
	scene_end(&s);
	ck_assert_uint_eq(s.got.dial_count, 2);
	ck_assert_uint_eq(s.got.dials[0].established_conn, s.got.tcp_conns[0].id);
	ck_assert_uint_eq(s.got.dials[1].established_conn, s.got.udp_conns[1].id);
	ck_assert_uint_eq(s.got.dials[1].resolver_dial_count, 0);
	scene_free(&s);
}
END_TEST

/* ---- bounds ---- */

START_TEST(flow_that_only_looks_like_quic_is_left_alone)
{
	struct wire datagram = { .size = 0 };

	begin();
	quic_wire_put_hello(&datagram, &q.end[CLIENT]);
	datagram.at[datagram.size - 1] ^= 1;
	for (int i = 0; i < LIMIT_QUIC_TRIES; i++)
		scene_quic_send(&q, i % 2 ? CLIENT : SERVER, &datagram);
	scene_quic_hello(&q);
	scene_end(&s);
	ck_assert_uint_eq(s.got.tls_tunnel_count, 0);
	ck_assert_ptr_null(s.got.udp_conns[0].quic);
	ck_assert_int_eq(s.got.udp_conns[0].client_by, TRACE_BY_FIRST_PACKET);
	ck_assert_uint_eq(s.hits.count[LIMIT_QUIC_TRIES_HIT], 1);
	scene_free(&s);
}
END_TEST

START_TEST(flood_of_hellos_is_bounded)
{
	struct wire datagram = { .size = 0 };

	begin();
	s.step = NT_MICROSECOND;
	quic_wire_put_hello(&datagram, &q.end[CLIENT]);
	for (unsigned i = 0; i < LIMIT_QUIC_HANDSHAKES + 3; i++) {
		q.port[CLIENT] = (uint16_t)(1024 + i);
		scene_quic_send(&q, CLIENT, &datagram);
	}
	scene_end(&s);
	ck_assert_uint_eq(s.hits.count[LIMIT_QUIC_HANDSHAKES_HIT], 3);
	ck_assert_uint_eq(s.got.tls_tunnel_count, LIMIT_QUIC_HANDSHAKES + 3); /* each is reported, as far as it got */
	ck_assert_uint_eq(s.got.finding_count, 0);
	scene_free(&s);
}
END_TEST

START_TEST(what_follows_the_handshake_is_not_looked_at)
{
	begin();
	scene_quic_hello(&q);
	scene_quic_answer(&q);
	scene_quic_established(&q);
	scene_quic_close(&q, SERVER, 0x02, "late");
	scene_quic_hello(&q);
	scene_end(&s);
	ck_assert_uint_eq(s.got.tls_tunnel_count, 1);
	ck_assert_uint_eq(s.got.tls_tunnels[0].error.size, 0);
	ck_assert_uint_eq(s.got.udp_conns[0].quic->close_count, 0);
	ck_assert_uint_eq(s.got.udp_conns[0].sent_packets + s.got.udp_conns[0].recv_packets, 5);
	scene_free(&s);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("quic-flows");
	TCase *records = tcase_create("records"), *keys = tcase_create("keys"), *dials = tcase_create("dials"),
	      *bounds = tcase_create("bounds");

	tcase_add_test(records, handshake_becomes_a_tunnel);
	tcase_add_test(records, lookup_belongs_to_the_dial);
	tcase_add_test(records, name_without_sni_is_that_of_the_lookup);
	tcase_add_test(records, ports_and_first_sender_do_not_matter);
	tcase_add_test(records, retry_and_version_are_kept);
	tcase_add_test(records, part_of_a_hello_is_read);
	tcase_add_test(records, hello_whose_beginning_is_missing_makes_no_tunnel);
	tcase_add_test(records, cut_datagrams_say_nothing);
	tcase_add_test(keys, logged_secrets_show_certificates_and_alpn);
	tcase_add_test(dials, race_with_tcp_is_one_dial);
	tcase_add_test(dials, quic_after_tcp_is_a_dial_of_its_own);
	tcase_add_test(bounds, flow_that_only_looks_like_quic_is_left_alone);
	tcase_add_test(bounds, flood_of_hellos_is_bounded);
	tcase_add_test(bounds, what_follows_the_handshake_is_not_looked_at);
	tcase_set_timeout(bounds, 60);
	suite_add_tcase(suite, records);
	suite_add_tcase(suite, keys);
	suite_add_tcase(suite, dials);
	suite_add_tcase(suite, bounds);
	return suite;
}
