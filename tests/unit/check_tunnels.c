/*
 * TLS sessions as tunnel records: times, errors, what surrounds them (TRACE.md, tlsTunnels; FINDINGS.md, error strings).
 */
#include "tests/support/scene.h"
#include "tests/support/tls_sealer.h"
#include "tests/unit/suite.h"

#include <string.h>
#include <zlib.h>

static struct scene s;
static struct scene_tcp t;

static void setup(void)
{
	scene_begin(&s);
	t = scene_tcp(&s, 40000, 443);
}

static void teardown(void)
{
	scene_free(&s);
}

enum record_type { CHANGE_CIPHER_SPEC = 20, HANDSHAKE = 22, APPLICATION_DATA = 23 };
enum message_type { CERTIFICATE_REQUEST = 13, SERVER_HELLO_DONE = 14, CLIENT_KEY_EXCHANGE = 16, FINISHED = 20 };
enum { FINISHED_SIZE = 40 };

static struct wire w; /* the segment that is being built */

static void send_built(enum scene_side side)
{
	scene_send_bytes(&t, side, w.at, w.size);
	w.size = 0;
}

static void put_client_hello(unsigned offers)
{
	size_t record = wire_open_record(&w, HANDSHAKE);

	wire_put_client_hello(&w, offers);
	wire_shut(&w, record, 2);
}

static void put_server_hello(unsigned choice)
{
	size_t record = wire_open_record(&w, HANDSHAKE);

	wire_put_server_hello(&w, choice);
	wire_shut(&w, record, 2);
}

static void put_message(enum message_type type, size_t size)
{
	size_t record = wire_open_record(&w, HANDSHAKE);

	wire_put_message(&w, type, size);
	wire_shut(&w, record, 2);
}

static void put_change_and_finished(void)
{
	size_t record = wire_open_record(&w, CHANGE_CIPHER_SPEC);

	wire_put8(&w, 1);
	wire_shut(&w, record, 2);
	wire_put_record(&w, HANDSHAKE, FINISHED_SIZE);
}

static void send_client_hello(unsigned offers)
{
	put_client_hello(offers);
	send_built(CLIENT);
}

/* TLS 1.2, full: ServerHello, Certificate, ServerHelloDone. */
static void send_server_flight_12(void)
{
	size_t record;

	put_server_hello(0);
	record = wire_open_record(&w, HANDSHAKE);
	wire_put_certificates(&w, 2, 100);
	wire_shut(&w, record, 2);
	put_message(SERVER_HELLO_DONE, 0);
	send_built(SERVER);
}

static void send_client_flight_12(void)
{
	put_message(CLIENT_KEY_EXCHANGE, 66);
	put_change_and_finished();
	send_built(CLIENT);
}

static void send_alert(enum scene_side side, unsigned level, unsigned description)
{
	wire_put_alert(&w, level, description);
	send_built(side);
}

static void send_data(enum scene_side side, size_t size)
{
	wire_put_record(&w, APPLICATION_DATA, size);
	send_built(side);
}

static const struct trace_tls_tunnel *end_with(size_t count)
{
	scene_end(&s);
	ck_assert_uint_eq(s.got.tls_tunnel_count, count);
	return s.got.tls_tunnels;
}

static void check_text(struct bytes got, const char *expected)
{
	ck_assert_msg(bytes_equal(got, bytes_of(expected)), "\"%.*s\", not \"%s\"", (int)got.size, (const char *)got.at, expected);
}

/* ---- handshakes that succeed ---- */

START_TEST(full_handshake_of_tls_12)
{
	const struct trace_tls_tunnel *tunnel;

	scene_open(&t);
	send_client_hello(0);
	send_server_flight_12();
	send_client_flight_12();
	put_change_and_finished();
	send_built(SERVER);
	send_data(CLIENT, 100);
	send_data(SERVER, 300);
	scene_close(&t);
	tunnel = end_with(1);
	ck_assert(tunnel->done && !tunnel->did_resume && !tunnel->mid_stream && !tunnel->malformed);
	ck_assert_int_eq(tunnel->handshake_begin, scene_at(4));
	ck_assert_int_eq(tunnel->handshake_end, scene_at(6));
	ck_assert_int_eq(tunnel->handshake_us, 2000);
	ck_assert_uint_eq(tunnel->error.size, 0);
	ck_assert_uint_eq(tunnel->tcp_conn, s.got.tcp_conns[0].id);
	ck_assert_uint_eq(tunnel->cipher_suite, 0xc02f);
	ck_assert_uint_eq(tunnel->version, TLS_1_2);
	ck_assert_uint_eq(tunnel->certificate_count, 2);
	check_text(tunnel->server_name, "example.org");
	check_text(tunnel->negotiated_protocol, "h2");
	ck_assert_uint_eq(tunnel->offered_protocol_count, 2);
	ck_assert_uint_eq(tunnel->client_data_bytes, 100);
	ck_assert_uint_eq(tunnel->server_data_bytes, 300);
	ck_assert_uint_eq(tunnel->first_packet.number, 4);
	ck_assert_uint_eq(tunnel->last_packet.number, 6);
}
END_TEST

START_TEST(handshake_of_tls_13)
{
	const struct trace_tls_tunnel *tunnel;

	scene_open(&t);
	send_client_hello(OFFER_13);
	put_server_hello(CHOOSE_13);
	wire_put_record(&w, APPLICATION_DATA, 1000); /* EncryptedExtensions to Finished */
	send_built(SERVER);
	send_data(CLIENT, 53); /* Finished */
	send_data(CLIENT, 200);
	tunnel = end_with(1);
	ck_assert(tunnel->done && !tunnel->did_resume);
	ck_assert_int_eq(tunnel->handshake_end, scene_at(6));
	ck_assert_uint_eq(tunnel->version, TLS_1_3);
	ck_assert_uint_eq(tunnel->cipher_suite, 0x1301);
	ck_assert_uint_eq(tunnel->group, 29);
	ck_assert_uint_eq(tunnel->certificate_count, 0);
}
END_TEST

static struct tls_sealer sealers[2]; /* by enum scene_side */

static void send_sealed(enum scene_side side, const struct wire *messages)
{
	tls_sealer_put(&sealers[side], &w, HANDSHAKE, (struct bytes){ messages->at, messages->size });
	send_built(side);
}

/* Both sides send a certificate, compressed: the server its own by zlib, the client by `algorithm`. */
static const struct trace_tls_tunnel *compressed_handshake(unsigned algorithm)
{
	struct tls_keylog *keylog = tls_sealers_init(sealers, &s.hits);
	struct wire plain = { .size = 0 }, messages = { .size = 0 };
	uint8_t compressed[2000];
	uLongf size = sizeof compressed;

	s.options.keylog = keylog;
	wire_put_certificates_13(&plain, 2, 700);
	ck_assert_int_eq(compress(compressed, &size, plain.at, plain.size), Z_OK);
	scene_open(&t);
	send_client_hello(OFFER_13);
	put_server_hello(CHOOSE_13);
	wire_put_message(&messages, CERTIFICATE_REQUEST, 20);
	wire_put_compressed(&messages, 1, plain.size, (struct bytes){ compressed, size });
	send_sealed(SERVER, &messages);
	messages.size = 0;
	wire_put_compressed(&messages, algorithm, plain.size, (struct bytes){ compressed, size });
	wire_put_message(&messages, FINISHED, 32);
	send_sealed(CLIENT, &messages);
	scene_close(&t);
	scene_end(&s);
	tls_keylog_free(keylog);
	ck_assert_uint_eq(s.got.tls_tunnel_count, 1);
	return s.got.tls_tunnels;
}

START_TEST(compressed_certificates_are_those_of_the_tunnel)
{
	const struct trace_tls_tunnel *tunnel = compressed_handshake(1);

	ck_assert(tunnel->done && !tunnel->malformed && !tunnel->certificates_cut);
	ck_assert_uint_eq(tunnel->certificate_count, 2);
	ck_assert_uint_eq(tunnel->client_certificate_count, 2);
	ck_assert_uint_eq(tunnel->certificate_compression, 1);
	ck_assert_uint_eq(tunnel->client_certificate_compression, 1);
}
END_TEST

START_TEST(certificates_that_cannot_be_decompressed_are_missing)
{
	const struct trace_tls_tunnel *tunnel = compressed_handshake(_i ? 3 : 0x4001); /* by zlib, in truth */

	ck_assert(tunnel->done && tunnel->certificates_cut);
	ck_assert_int_eq(tunnel->malformed, _i);
	ck_assert_uint_eq(tunnel->certificate_count, 2);
	ck_assert_uint_eq(tunnel->client_certificate_count, 0);
	ck_assert_uint_eq(tunnel->client_certificate_compression, _i ? 3 : 0x4001);
}
END_TEST

START_TEST(resumption_by_psk)
{
	scene_open(&t);
	send_client_hello(OFFER_13 | OFFER_PSK);
	put_server_hello(CHOOSE_13 | CHOOSE_PSK);
	wire_put_record(&w, APPLICATION_DATA, 100);
	send_built(SERVER);
	send_data(CLIENT, 53);
	ck_assert(end_with(1)->did_resume);
}
END_TEST

/* RFC 5077 3.4: ServerHello, ChangeCipherSpec, Finished; then the client's. */
START_TEST(resumption_by_ticket)
{
	const struct trace_tls_tunnel *tunnel;

	scene_open(&t);
	send_client_hello(OFFER_TICKET);
	put_server_hello(0);
	put_change_and_finished();
	send_built(SERVER);
	put_change_and_finished();
	send_built(CLIENT);
	tunnel = end_with(1);
	ck_assert(tunnel->did_resume && tunnel->done);
	ck_assert_int_eq(tunnel->handshake_end, scene_at(6));
}
END_TEST

START_TEST(hello_in_several_segments_begins_with_its_first_byte)
{
	const struct trace_tls_tunnel *tunnel;

	scene_open(&t);
	put_client_hello(OFFER_13);
	scene_send_bytes(&t, CLIENT, w.at, 3);
	scene_send_bytes(&t, CLIENT, w.at + 3, 50);
	scene_send_bytes(&t, CLIENT, w.at + 53, w.size - 53);
	tunnel = end_with(1);
	ck_assert_int_eq(tunnel->handshake_begin, scene_at(4));
	check_text(tunnel->server_name, "example.org");
}
END_TEST

START_TEST(hello_retry_is_one_tunnel_that_begins_with_the_first_hello)
{
	const struct trace_tls_tunnel *tunnel;

	scene_open(&t);
	send_client_hello(OFFER_13);
	put_server_hello(CHOOSE_13 | CHOOSE_RETRY);
	send_built(SERVER);
	send_client_hello(OFFER_13);
	put_server_hello(CHOOSE_13);
	send_built(SERVER);
	tunnel = end_with(1);
	ck_assert(tunnel->hello_retry && tunnel->server_hello);
	ck_assert_int_eq(tunnel->handshake_begin, scene_at(4));
}
END_TEST

/* ---- handshakes that fail ---- */

START_TEST(alert_by_the_server)
{
	const struct trace_tls_tunnel *tunnel;

	scene_open(&t);
	send_client_hello(OFFER_13);
	send_alert(SERVER, 2, 40);
	scene_close(&t);
	tunnel = end_with(1);
	check_text(tunnel->error, "remote error: tls: handshake failure");
	ck_assert_int_eq(tunnel->handshake_end, scene_at(5));
	ck_assert(!tunnel->done);
	ck_assert_uint_eq(tunnel->cipher_suite, 0);
	ck_assert_uint_eq(tunnel->alert_count, 1);
	ck_assert(tunnel->alerts[0].by_server && tunnel->alerts[0].level == 2 && tunnel->alerts[0].description == 40);
	ck_assert_uint_eq(tunnel->alerts[0].packet.number, 5);
}
END_TEST

struct alert_row {
	unsigned description;
	const char *error;
};

static const struct alert_row alert_rows[] = {
	{ 48, "x509: certificate signed by unknown authority" },
	{ 45, "x509: certificate has expired or is not yet valid" },
	{ 42, "local error: tls: bad certificate" },
	{ 211, "local error: tls: alert(211)" },
};

START_TEST(alert_by_the_client)
{
	const struct trace_tls_tunnel *tunnel;

	scene_open(&t);
	send_client_hello(0);
	send_server_flight_12();
	send_alert(CLIENT, 2, alert_rows[_i].description);
	scene_close(&t);
	tunnel = end_with(1);
	check_text(tunnel->error, alert_rows[_i].error);
	ck_assert_int_eq(tunnel->handshake_end, scene_at(6));
	ck_assert(!tunnel->alerts[0].by_server);
}
END_TEST

START_TEST(warning_does_not_end_the_handshake)
{
	const struct trace_tls_tunnel *tunnel;

	scene_open(&t);
	send_client_hello(0);
	send_alert(SERVER, 1, 112); /* unrecognized_name, RFC 6066 3 */
	send_server_flight_12();
	send_client_flight_12();
	tunnel = end_with(1);
	ck_assert(tunnel->done);
	ck_assert_uint_eq(tunnel->error.size, 0);
	ck_assert_uint_eq(tunnel->alert_count, 1);
	ck_assert_int_eq(tunnel->handshake_end, scene_at(7));
}
END_TEST

START_TEST(close_notify_after_the_handshake_is_no_error)
{
	const struct trace_tls_tunnel *tunnel;

	scene_open(&t);
	send_client_hello(0);
	send_server_flight_12();
	send_client_flight_12();
	put_change_and_finished();
	send_built(SERVER);
	wire_put_record(&w, 21, 26);
	send_built(CLIENT);
	scene_rst(&t, SERVER);
	tunnel = end_with(1);
	ck_assert_uint_eq(tunnel->error.size, 0);
	ck_assert_int_eq(tunnel->handshake_end, scene_at(6));
}
END_TEST

START_TEST(reset_by_the_server)
{
	const struct trace_tls_tunnel *tunnel;

	scene_open(&t);
	send_client_hello(OFFER_13);
	scene_rst(&t, SERVER);
	tunnel = end_with(1);
	check_text(tunnel->error, "read tcp 10.0.0.1:40000->10.0.0.2:443: read: connection reset by peer");
	ck_assert_int_eq(tunnel->handshake_end, scene_at(5));
}
END_TEST

START_TEST(reset_by_an_ipv6_server_has_brackets)
{
	t = scene_tcp_between(&s, "2001:db8::1", 40000, "2001:db8::2", 443);
	scene_open(&t);
	send_client_hello(OFFER_13);
	scene_rst(&t, SERVER);
	check_text(end_with(1)->error, "read tcp [2001:db8::1]:40000->[2001:db8::2]:443: read: connection reset by peer");
}
END_TEST

START_TEST(end_by_the_server)
{
	const struct trace_tls_tunnel *tunnel;

	scene_open(&t);
	send_client_hello(OFFER_13);
	scene_fin(&t, SERVER);
	scene_fin(&t, CLIENT);
	tunnel = end_with(1);
	check_text(tunnel->error, "EOF");
	ck_assert_int_eq(tunnel->handshake_end, scene_at(5));
}
END_TEST

struct client_end_row {
	const char *name;
	void (*client)(struct scene_tcp *, enum scene_side), (*server)(struct scene_tcp *, enum scene_side);
};

static const struct client_end_row client_end_rows[] = {
	{ "FIN", scene_fin, NULL },
	{ "RST", scene_rst, NULL },
	{ "FIN and FIN", scene_fin, scene_fin },
	{ "FIN and RST", scene_fin, scene_rst },
};

/* FINDINGS.md: by the client it is the client's verdict, and why is not on the wire. */
START_TEST(client_that_gives_up_says_no_reason)
{
	const struct client_end_row *row = &client_end_rows[_i];
	const struct trace_tls_tunnel *tunnel;

	scene_open(&t);
	send_client_hello(OFFER_13);
	row->client(&t, CLIENT);
	if (row->server)
		row->server(&t, SERVER);
	tunnel = end_with(1);
	ck_assert_msg(tunnel->error.size == 0, "%s: %.*s", row->name, (int)tunnel->error.size, (const char *)tunnel->error.at);
	ck_assert_int_eq(tunnel->handshake_end, scene_at(5));
	ck_assert(!tunnel->done);
}
END_TEST

START_TEST(client_that_gives_up_without_a_captured_server_has_no_error)
{
	t.next[CLIENT]++; /* the handshake of TCP came before the capture */
	send_client_hello(OFFER_13);
	scene_wait(&s, 5 * NT_SECOND);
	scene_rst(&t, CLIENT);
	ck_assert_uint_eq(end_with(1)->error.size, 0);
}
END_TEST

START_TEST(end_of_the_capture_is_no_failure)
{
	const struct trace_tls_tunnel *tunnel;

	scene_open(&t);
	send_client_hello(OFFER_13);
	scene_ack(&t, SERVER);
	tunnel = end_with(1);
	ck_assert_uint_eq(tunnel->error.size, 0);
	ck_assert_int_eq(tunnel->handshake_end, NT_TIME_NONE);
	ck_assert_int_eq(tunnel->handshake_us, -1);
}
END_TEST

START_TEST(number_of_alerts_is_limited)
{
	scene_open(&t);
	send_client_hello(0);
	for (int i = 0; i < LIMIT_TLS_ALERTS + 5; i++)
		send_alert(SERVER, 1, 112);
	ck_assert_uint_eq(end_with(1)->alert_count, LIMIT_TLS_ALERTS);
	ck_assert_uint_eq(s.hits.count[LIMIT_TLS_ALERTS_HIT], 5);
}
END_TEST

/* ---- surroundings ---- */

START_TEST(starttls_begins_in_the_middle_of_the_stream)
{
	const struct trace_tls_tunnel *tunnel;

	t = scene_tcp(&s, 40000, 25);
	scene_open(&t);
	scene_send(&t, SERVER, "220 mail.example.org ESMTP\r\n");
	scene_send(&t, CLIENT, "EHLO me\r\n");
	scene_send(&t, SERVER, "250-mail.example.org\r\n250 STARTTLS\r\n");
	scene_send(&t, CLIENT, "STARTTLS\r\n");
	scene_send(&t, SERVER, "220 go ahead\r\n");
	send_client_hello(0);
	send_server_flight_12();
	send_client_flight_12();
	tunnel = end_with(1);
	ck_assert(tunnel->mid_stream && tunnel->done && !tunnel->malformed);
	ck_assert_int_eq(tunnel->handshake_begin, scene_at(9));
	ck_assert_int_eq(tunnel->handshake_end, scene_at(11));
	check_text(tunnel->server_name, "example.org");
	ck_assert_uint_eq(tunnel->first_packet.number, 9);
}
END_TEST

START_TEST(socks_before_tls)
{
	scene_open(&t);
	scene_send_bytes(&t, CLIENT, "\5\1\0", 3);
	scene_send_bytes(&t, SERVER, "\5\0", 2);
	scene_send_bytes(&t, CLIENT, "\5\1\0\3\13example.org\1\273", 18);
	scene_send_bytes(&t, SERVER, "\5\0\0\1\0\0\0\0\0\0", 10);
	send_client_hello(OFFER_13);
	ck_assert(end_with(1)->mid_stream);
}
END_TEST

START_TEST(hello_names_the_client_of_an_open_connection)
{
	t = scene_tcp(&s, 443, 40000);
	send_client_hello(OFFER_13);
	ck_assert_uint_eq(end_with(1)->client_hello, 1);
	ck_assert_int_eq(s.got.tcp_conns[0].client_by, TRACE_BY_TLS_HELLO);
	ck_assert_uint_eq(s.got.tcp_conns[0].tuple.source_port, 443);
}
END_TEST

START_TEST(server_hello_alone_is_a_tunnel)
{
	t = scene_tcp(&s, 443, 40000);
	put_server_hello(CHOOSE_13);
	send_built(SERVER);
	ck_assert(end_with(1)->server_hello && !s.got.tls_tunnels->client_hello);
	ck_assert_uint_eq(s.got.tls_tunnels->server_name.size, 0);
	ck_assert_int_eq(s.got.tls_tunnels->handshake_begin, NT_TIME_NONE);
	ck_assert_uint_eq(s.got.tcp_conns[0].tuple.source_port, 443);
}
END_TEST

START_TEST(records_without_a_hello_are_no_tunnel)
{
	send_data(CLIENT, 100);
	send_data(SERVER, 100);
	end_with(0);
}
END_TEST

START_TEST(lost_server_flight_does_not_hide_the_rest)
{
	const struct trace_tls_tunnel *tunnel;

	scene_open(&t);
	send_client_hello(0);
	s.lose = true;
	send_server_flight_12();
	send_client_flight_12();
	put_change_and_finished();
	send_built(SERVER);
	send_data(CLIENT, 100);
	send_data(SERVER, 300);
	tunnel = end_with(1);
	ck_assert(tunnel->client_hello && !tunnel->server_hello);
	ck_assert_uint_eq(tunnel->error.size, 0);
	ck_assert(!tunnel->malformed);
	ck_assert_uint_ge(tunnel->server_data_bytes, 300);
}
END_TEST

START_TEST(hello_cut_by_the_snaplen_is_a_tunnel_and_not_malformed)
{
	s.snaplen = 14 + 20 + 20 + 60;
	scene_open(&t);
	send_client_hello(OFFER_13);
	ck_assert(end_with(1)->client_hello && !s.got.tls_tunnels->malformed);
	ck_assert_uint_eq(s.got.tls_tunnels->server_name.size, 0);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("tunnels");
	TCase *good = tcase_create("good"), *bad = tcase_create("bad"), *surroundings = tcase_create("surroundings");
	TCase *const all[] = { good, bad, surroundings };

	tcase_add_test(good, full_handshake_of_tls_12);
	tcase_add_test(good, handshake_of_tls_13);
	tcase_add_test(good, compressed_certificates_are_those_of_the_tunnel);
	tcase_add_loop_test(good, certificates_that_cannot_be_decompressed_are_missing, 0, 2);
	tcase_add_test(good, resumption_by_psk);
	tcase_add_test(good, resumption_by_ticket);
	tcase_add_test(good, hello_in_several_segments_begins_with_its_first_byte);
	tcase_add_test(good, hello_retry_is_one_tunnel_that_begins_with_the_first_hello);
	tcase_add_test(bad, alert_by_the_server);
	tcase_add_loop_test(bad, alert_by_the_client, 0, sizeof alert_rows / sizeof *alert_rows);
	tcase_add_test(bad, warning_does_not_end_the_handshake);
	tcase_add_test(bad, close_notify_after_the_handshake_is_no_error);
	tcase_add_test(bad, reset_by_the_server);
	tcase_add_test(bad, reset_by_an_ipv6_server_has_brackets);
	tcase_add_test(bad, end_by_the_server);
	tcase_add_loop_test(bad, client_that_gives_up_says_no_reason, 0, sizeof client_end_rows / sizeof *client_end_rows);
	tcase_add_test(bad, client_that_gives_up_without_a_captured_server_has_no_error);
	tcase_add_test(bad, end_of_the_capture_is_no_failure);
	tcase_add_test(bad, number_of_alerts_is_limited);
	tcase_add_test(surroundings, starttls_begins_in_the_middle_of_the_stream);
	tcase_add_test(surroundings, socks_before_tls);
	tcase_add_test(surroundings, hello_names_the_client_of_an_open_connection);
	tcase_add_test(surroundings, server_hello_alone_is_a_tunnel);
	tcase_add_test(surroundings, records_without_a_hello_are_no_tunnel);
	tcase_add_test(surroundings, lost_server_flight_does_not_hide_the_rest);
	tcase_add_test(surroundings, hello_cut_by_the_snaplen_is_a_tunnel_and_not_malformed);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		tcase_add_checked_fixture(all[i], setup, teardown);
		suite_add_tcase(suite, all[i]);
	}
	return suite;
}
