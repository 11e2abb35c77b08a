/* QUIC handshakes that fail, and those that only look like it. */
#include "tests/support/findings.h"
#include "tests/support/quic_scene.h"
#include "tests/unit/suite.h"

#include <stdlib.h>

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

/* As RFC 9002 6.2.1 has it, from an initial round-trip time of 333 ms. */
static void hello_in_vain(void)
{
	scene_quic_hello(&q);
	scene_wait(&s, NT_SECOND);
	scene_quic_hello(&q);
	scene_wait(&s, 2 * NT_SECOND);
	scene_quic_hello(&q);
}

static void connect_over_tcp(uint16_t port)
{
	struct scene_tcp t = scene_tcp(&s, port, 443);

	scene_open(&t);
	scene_close(&t);
}

/* ---- silence ---- */

START_TEST(server_that_never_answers)
{
	const struct trace_finding *f;

	begin();
	scene_lookup(&s, 40001, "example.org", "10.0.0.2");
	hello_in_vain();
	f = findings_expect_root(&s, FINDING_TLS_TIMEOUT);
	FINDINGS_EXPECT_PACKETS(f, { 3, "ClientHello" }, { 5, "ClientHello, sent again" });
	FINDINGS_EXPECT_WORDS(f, "example.org", "10.0.0.2:443", "QUIC", "3 ClientHellos in 3.0 s");
	ck_assert_uint_eq(s.got.dial_count, 1);
	ck_assert_uint_eq(f->dial, s.got.dials[0].id);
	expect_text(s.got.dials[0].error, "timeout: no recent network activity");
	expect_text(s.got.tls_tunnels[0].error, "timeout: no recent network activity");
	ck_assert_int_eq(s.got.tls_tunnels[0].handshake_end, s.got.udp_conns[1].close);
	ck_assert(!s.got.udp_conns[1].quic->answered);
	scene_free(&s);
}
END_TEST

START_TEST(two_hellos_and_a_long_wait)
{
	begin();
	scene_quic_hello(&q);
	scene_wait(&s, 300 * NT_MILLISECOND);
	scene_quic_hello(&q);
	scene_wait(&s, 5 * NT_SECOND);
	scene_lookup(&s, 40001, "example.org", "10.0.0.9");
	findings_expect_root(&s, FINDING_TLS_TIMEOUT);
	scene_free(&s);
}
END_TEST

START_TEST(lone_hello_proves_nothing)
{
	begin();
	scene_quic_hello(&q);
	scene_wait(&s, 10 * NT_SECOND);
	scene_lookup(&s, 40001, "example.org", "10.0.0.9");
	findings_expect_healthy(&s);
	ck_assert_uint_eq(s.got.dials[0].error.size, 0);
	ck_assert_uint_eq(s.got.tls_tunnels[0].error.size, 0);
	scene_free(&s);
}
END_TEST

START_TEST(two_halves_of_a_hello_are_one)
{
	struct wire hello = { .size = 0 };

	begin();
	quic_wire_client_hello(&hello);
	for (int i = 0; i < 2; i++) {
		struct wire frames = { .size = 0 };

		quic_wire_crypto(&frames, i ? 50 : 0, hello.at + (i ? 50 : 0), i ? hello.size - 50 : 50);
		scene_quic_frames(&q, CLIENT, &frames);
		scene_wait(&s, 2 * NT_SECOND);
	}
	scene_lookup(&s, 40001, "example.org", "10.0.0.9");
	findings_expect_healthy(&s);
	ck_assert(bytes_equal(s.got.tls_tunnels[0].server_name, BYTES("example.org")));
	scene_free(&s);
}
END_TEST

START_TEST(packets_captured_twice_are_no_repetition)
{
	begin();
	for (int i = 0; i < 4; i++)
		scene_quic_hello(&q);
	scene_wait(&s, 10 * NT_SECOND);
	scene_lookup(&s, 40001, "example.org", "10.0.0.9");
	findings_expect_healthy(&s);
	scene_free(&s);
}
END_TEST

START_TEST(capture_that_ends_soon_proves_nothing)
{
	begin();
	scene_quic_hello(&q);
	scene_wait(&s, 300 * NT_MILLISECOND);
	scene_quic_hello(&q);
	findings_expect_healthy(&s);
	scene_free(&s);
}
END_TEST

START_TEST(client_that_acknowledges_was_answered)
{
	begin();
	scene_quic_hello(&q);
	scene_wait(&s, NT_SECOND);
	scene_quic_hello(&q);
	scene_quic_heard(&q);
	scene_wait(&s, 10 * NT_SECOND);
	scene_lookup(&s, 40001, "example.org", "10.0.0.9");
	findings_expect_healthy(&s);
	ck_assert(s.got.udp_conns[0].quic->answered);
	scene_free(&s);
}
END_TEST

START_TEST(answer_that_nobody_can_read_is_no_silence)
{
	struct wire noise = { .size = 0 };

	begin();
	wire_fill(&noise, 0x44, 300);
	scene_quic_hello(&q);
	scene_quic_send(&q, SERVER, &noise);
	scene_wait(&s, NT_SECOND);
	scene_quic_hello(&q);
	scene_wait(&s, 10 * NT_SECOND);
	scene_lookup(&s, 40001, "example.org", "10.0.0.9");
	findings_expect_healthy(&s);
	scene_free(&s);
}
END_TEST

/* ---- QUIC is blocked, TCP is not ---- */

START_TEST(fallback_to_tcp_is_a_warning)
{
	const struct trace_finding *f;

	begin();
	scene_lookup(&s, 40001, "example.org", "10.0.0.2");
	hello_in_vain();
	connect_over_tcp(50001);
	f = findings_expect_note(&s, FINDING_TLS_TIMEOUT, FINDING_WARNING);
	FINDINGS_EXPECT_WORDS(f, "example.org", "QUIC", "another way");
	ck_assert(!f->root_cause);
	ck_assert_uint_eq(s.got.dial_count, 1);
	ck_assert_uint_eq(s.got.dials[0].attempt_count, 2);
	ck_assert_uint_eq(s.got.dials[0].established_conn, s.got.tcp_conns[0].id);
	ck_assert_uint_eq(s.got.dials[0].error.size, 0);
	ck_assert_uint_eq(s.got.udp_conns[1].from_dial, s.got.dials[0].id);
	ck_assert_uint_eq(s.got.tcp_conns[0].from_dial, s.got.dials[0].id);
	scene_free(&s);
}
END_TEST

START_TEST(late_fallback_is_a_dial_of_its_own)
{
	begin();
	scene_lookup(&s, 40001, "example.org", "10.0.0.2");
	hello_in_vain();
	scene_wait(&s, 20 * NT_SECOND);
	connect_over_tcp(50001);
	findings_expect_note(&s, FINDING_TLS_TIMEOUT, FINDING_WARNING);
	ck_assert_uint_eq(s.got.dial_count, 2);
	scene_free(&s);
}
END_TEST

START_TEST(upgrade_of_a_connection_that_works_is_a_warning)
{
	struct scene_tcp t;

	begin();
	t = scene_tcp(&s, 50001, 443);
	scene_open(&t);
	hello_in_vain();
	findings_expect_note(&s, FINDING_TLS_TIMEOUT, FINDING_WARNING);
	scene_free(&s);
}
END_TEST

START_TEST(another_server_that_works_does_not_help)
{
	struct scene_tcp t;

	begin();
	t = scene_tcp_between(&s, "10.0.0.1", 50001, "10.0.0.77", 443);
	scene_open(&t);
	hello_in_vain();
	findings_expect_root(&s, FINDING_TLS_TIMEOUT);
	scene_free(&s);
}
END_TEST

START_TEST(quic_may_be_the_fallback)
{
	struct scene_tcp t;
	const struct trace_finding *f;

	begin();
	scene_lookup(&s, 40001, "example.org", "10.0.0.2");
	t = scene_tcp(&s, 50001, 443);
	scene_syn(&t);
	scene_rst(&t, SERVER);
	scene_quic_hello(&q);
	scene_quic_answer(&q);
	scene_quic_established(&q);
	f = findings_expect_note(&s, FINDING_FIRST_ADDRESS_REFUSED, FINDING_WARNING);
	FINDINGS_EXPECT_WORDS(f, "10.0.0.2:443", "QUIC worked");
	ck_assert_uint_eq(s.got.dial_count, 1);
	ck_assert_uint_eq(s.got.dials[0].established_conn, s.got.udp_conns[1].id);
	ck_assert_uint_eq(s.got.dials[0].error.size, 0);
	scene_free(&s);
}
END_TEST

START_TEST(neither_works)
{
	struct scene_tcp t;

	begin();
	scene_lookup(&s, 40001, "example.org", "10.0.0.2");
	hello_in_vain();
	t = scene_tcp(&s, 50001, 443);
	scene_syn(&t);
	scene_rst(&t, SERVER);
	scene_end(&s);
	ck_assert_uint_eq(s.got.dial_count, 1);
	ck_assert_uint_eq(s.got.finding_count, 1); /* one dial, one cause */
	ck_assert(s.got.findings[0].root_cause);
	scene_free(&s);
}
END_TEST

/* ---- words of the server, or of a router ---- */

static const struct {
	uint8_t alert;
	enum finding_code code;
	const char *error;
} alerts[] = { { 120, FINDING_TLS_ALPN_MISMATCH, "remote error: tls: no application protocol" },
	       { 112, FINDING_TLS_UNRECOGNIZED_NAME, "remote error: tls: unrecognized name" },
	       { 40, FINDING_TLS_NO_SHARED_CIPHER, "remote error: tls: handshake failure" },
	       { 80, FINDING_TLS_SERVER_ALERT, "remote error: tls: internal error" } };

START_TEST(alert_in_a_close_is_an_alert)
{
	const struct trace_finding *f;

	begin();
	scene_quic_hello(&q);
	scene_quic_close(&q, SERVER, 0x100 + alerts[_i].alert, "");
	f = findings_expect_root(&s, alerts[_i].code);
	FINDINGS_EXPECT_PACKETS(f, { 1, "ClientHello" }, { 2, "alert by the server" });
	FINDINGS_EXPECT_WORDS(f, "example.org (10.0.0.2:443)");
	expect_text(s.got.tls_tunnels[0].error, alerts[_i].error);
	expect_text(s.got.dials[0].error, alerts[_i].error);
	ck_assert_uint_eq(s.got.tls_tunnels[0].alert_count, 1);
	ck_assert_uint_eq(s.got.tls_tunnels[0].alerts[0].description, alerts[_i].alert);
	ck_assert_uint_eq(s.got.tls_tunnels[0].alerts[0].level, 2);
	ck_assert_uint_eq(s.got.udp_conns[0].quic->close_count, 1);
	scene_free(&s);
}
END_TEST

START_TEST(alert_before_a_fallback_is_a_warning)
{
	begin();
	scene_lookup(&s, 40001, "example.org", "10.0.0.2");
	scene_quic_hello(&q);
	scene_quic_close(&q, SERVER, 0x178, "");
	connect_over_tcp(50001);
	findings_expect_note(&s, FINDING_TLS_ALPN_MISMATCH, FINDING_WARNING);
	ck_assert_uint_eq(s.got.dial_count, 1);
	expect_text(s.got.tls_tunnels[0].error, "remote error: tls: no application protocol");
	ck_assert_uint_eq(s.got.dials[0].error.size, 0);
	scene_free(&s);
}
END_TEST

START_TEST(connection_refused)
{
	const struct trace_finding *f;

	begin();
	scene_quic_hello(&q);
	scene_quic_close(&q, SERVER, 0x02, "too busy");
	scene_quic_close(&q, SERVER, 0x02, "too busy");
	f = findings_expect_root(&s, FINDING_TLS_CLOSED_DURING_HANDSHAKE);
	FINDINGS_EXPECT_PACKETS(f, { 1, "ClientHello" }, { 2, "CONNECTION_CLOSE by the server" });
	FINDINGS_EXPECT_WORDS(f, "example.org (10.0.0.2:443)", "CONNECTION_REFUSED", "too busy");
	expect_text(s.got.tls_tunnels[0].error, "CONNECTION_REFUSED (remote): too busy");
	ck_assert_uint_eq(s.got.udp_conns[0].quic->close_count, 1);
	scene_free(&s);
}
END_TEST

START_TEST(client_that_breaks_off)
{
	const struct trace_finding *f;

	begin();
	scene_quic_hello(&q);
	scene_quic_answer(&q);
	scene_quic_close(&q, CLIENT, 0x08, "");
	f = findings_expect_root(&s, FINDING_TLS_HANDSHAKE_ABORTED_BY_CLIENT);
	FINDINGS_EXPECT_PACKETS(f, { 1, "ClientHello" }, { 3, "CONNECTION_CLOSE by the client" });
	FINDINGS_EXPECT_WORDS(f, "TRANSPORT_PARAMETER_ERROR");
	expect_text(s.got.tls_tunnels[0].error, "TRANSPORT_PARAMETER_ERROR (local)");
	scene_free(&s);
}
END_TEST

START_TEST(client_that_says_goodbye_had_no_quarrel)
{
	begin();
	scene_quic_hello(&q);
	scene_quic_answer(&q);
	scene_quic_close(&q, CLIENT, 0x0c, "");
	findings_expect_healthy(&s);
	ck_assert_uint_eq(s.got.tls_tunnels[0].error.size, 0);
	ck_assert_uint_eq(s.got.dials[0].error.size, 0);
	scene_free(&s);
}
END_TEST

START_TEST(client_alert_in_a_close)
{
	begin();
	scene_quic_hello(&q);
	scene_quic_answer(&q);
	scene_quic_close(&q, CLIENT, 0x130, "");
	findings_expect_root(&s, FINDING_TLS_CERT_UNKNOWN_ISSUER);
	expect_text(s.got.tls_tunnels[0].error, "x509: certificate signed by unknown authority");
	scene_free(&s);
}
END_TEST

static void negotiate(void)
{
	static const uint32_t versions[] = { 0x6b3343cf, 0x51303530 };
	struct wire datagram = { .size = 0 };

	quic_wire_versions(&datagram, &q.end[SERVER], versions, 2);
	scene_quic_send(&q, SERVER, &datagram);
}

/* ngtcp2 does, when it has waited long enough. */
START_TEST(close_by_a_client_that_heard_nothing_is_silence_all_the_same)
{
	struct wire frames = { .size = 0 };

	begin();
	hello_in_vain();
	quic_wire_close(&frames, 0x0a, "");
	wire_fill(&frames, 0, 30);
	scene_quic_frames(&q, CLIENT, &frames);
	findings_expect_root(&s, FINDING_TLS_TIMEOUT);
	expect_text(s.got.tls_tunnels[0].error, "timeout: no recent network activity");
	expect_text(s.got.dials[0].error, "timeout: no recent network activity");
	ck_assert_uint_eq(s.got.udp_conns[0].quic->close_count, 1);
	scene_free(&s);
}
END_TEST

START_TEST(no_common_version)
{
	const struct trace_finding *f;

	begin();
	scene_quic_hello(&q);
	negotiate();
	f = findings_expect_root(&s, FINDING_TLS_VERSION_MISMATCH);
	FINDINGS_EXPECT_PACKETS(f, { 1, "ClientHello" }, { 2, "Version Negotiation by the server" });
	FINDINGS_EXPECT_WORDS(f, "version 1", "2, Q050");
	expect_text(s.got.dials[0].error, "no compatible QUIC version found (we support [1], server offered [2 Q050])");
	scene_free(&s);
}
END_TEST

START_TEST(negotiated_version_that_works)
{
	begin();
	scene_quic_hello(&q);
	negotiate();
	q.end[CLIENT].version = q.end[SERVER].version = 0x6b3343cf;
	scene_quic_hello(&q);
	scene_quic_answer(&q);
	scene_quic_established(&q);
	findings_expect_healthy(&s);
	ck_assert_uint_eq(s.got.udp_conns[0].quic->version, 0x6b3343cf);
	ck_assert_uint_eq(s.got.udp_conns[0].quic->offered_version, 1);
	ck_assert(s.got.tls_tunnels[0].done);
	scene_free(&s);
}
END_TEST

/* The ICMP error of a host on which nobody listens: it quotes the IP header and 8 bytes. */
static void port_unreachable(void)
{
	struct test_packet quoted = { .source = q.address[CLIENT],
				      .destination = q.address[SERVER],
				      .source_port = q.port[CLIENT],
				      .destination_port = q.port[SERVER],
				      .raw = true };
	struct test_packet error = {
		.source = q.address[SERVER], .destination = q.address[CLIENT], .icmp_type = 3, .icmp_code = 3
	};
	uint8_t inner[TEST_FRAME_SIZE], frame[TEST_FRAME_SIZE];

	test_packet_udp(&quoted, "\0\0\0\0", 4, inner);
	scene_frame(&s, frame, test_packet_icmp(&error, inner, 28, frame));
}

START_TEST(port_that_is_unreachable)
{
	const struct trace_finding *f;

	begin();
	scene_quic_hello(&q);
	port_unreachable();
	scene_wait(&s, NT_SECOND);
	scene_quic_hello(&q);
	port_unreachable();
	f = findings_expect_root(&s, FINDING_ICMP_PORT_UNREACHABLE);
	FINDINGS_EXPECT_PACKETS(f, { 1, "ClientHello" }, { 2, "ICMP error that quotes the datagram" });
	FINDINGS_EXPECT_WORDS(f, "example.org (10.0.0.2:443)", "over QUIC");
	expect_text(s.got.dials[0].error, "dial udp 10.0.0.2:443: connect: connection refused");
	ck_assert_int_eq(s.got.dials[0].end, scene_at(2));
	scene_free(&s);
}
END_TEST

START_TEST(icmp_error_before_an_answer_did_no_harm)
{
	begin();
	scene_quic_hello(&q);
	port_unreachable();
	scene_quic_hello(&q);
	scene_quic_answer(&q);
	scene_quic_established(&q);
	findings_expect_healthy(&s);
	ck_assert_uint_eq(s.got.dials[0].error.size, 0);
	ck_assert_uint_eq(s.got.tls_tunnels[0].error.size, 0);
	scene_free(&s);
}
END_TEST

START_TEST(other_clients_are_not_judged)
{
	const struct correlate_prefix only = { .ip_version = 4, .address = { { 10, 0, 0, 99 } }, .bits = 32 };

	begin();
	s.options.clients = &only;
	s.options.client_count = 1;
	hello_in_vain();
	findings_expect_healthy(&s);
	ck_assert_uint_eq(s.got.udp_conn_count + s.got.tls_tunnel_count + s.got.dial_count, 0);
	scene_free(&s);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("findings-quic");
	TCase *silence = tcase_create("silence"), *fallback = tcase_create("fallback"), *words = tcase_create("words");

	tcase_add_test(silence, server_that_never_answers);
	tcase_add_test(silence, two_hellos_and_a_long_wait);
	tcase_add_test(silence, lone_hello_proves_nothing);
	tcase_add_test(silence, two_halves_of_a_hello_are_one);
	tcase_add_test(silence, packets_captured_twice_are_no_repetition);
	tcase_add_test(silence, capture_that_ends_soon_proves_nothing);
	tcase_add_test(silence, client_that_acknowledges_was_answered);
	tcase_add_test(silence, answer_that_nobody_can_read_is_no_silence);
	tcase_add_test(fallback, fallback_to_tcp_is_a_warning);
	tcase_add_test(fallback, late_fallback_is_a_dial_of_its_own);
	tcase_add_test(fallback, upgrade_of_a_connection_that_works_is_a_warning);
	tcase_add_test(fallback, another_server_that_works_does_not_help);
	tcase_add_test(fallback, quic_may_be_the_fallback);
	tcase_add_test(fallback, neither_works);
	tcase_add_loop_test(words, alert_in_a_close_is_an_alert, 0, (int)(sizeof(alerts) / sizeof(alerts[0])));
	tcase_add_test(words, alert_before_a_fallback_is_a_warning);
	tcase_add_test(words, connection_refused);
	tcase_add_test(words, client_that_breaks_off);
	tcase_add_test(words, client_that_says_goodbye_had_no_quarrel);
	tcase_add_test(words, client_alert_in_a_close);
	tcase_add_test(words, close_by_a_client_that_heard_nothing_is_silence_all_the_same);
	tcase_add_test(words, no_common_version);
	tcase_add_test(words, negotiated_version_that_works);
	tcase_add_test(words, port_that_is_unreachable);
	tcase_add_test(words, icmp_error_before_an_answer_did_no_harm);
	tcase_add_test(words, other_clients_are_not_judged);
	suite_add_tcase(suite, silence);
	suite_add_tcase(suite, fallback);
	suite_add_tcase(suite, words);
	return suite;
}
