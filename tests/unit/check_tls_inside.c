/*
 * What runs inside TLS, where the keys are known: talks of OpenSSL on connections of a scene.
 */
#include "tests/support/findings.h"
#include "tests/support/tls_peers.h"
#include "tests/unit/suite.h"

#define REQUEST "GET /early HTTP/1.1\r\nHost: example.org\r\n\r\n"
#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static struct scene s;
static struct scene_tcp t;
static struct talk *talk;
static struct peers *peers;
static struct tls_keylog *keylog;
static struct limit_hits keylog_hits;
static const struct setup tls_13 = { .name = "1.3", .version = TLS1_3_VERSION };

static void setup(void)
{
	scene_begin(&s);
	t = scene_tcp(&s, 40000, 443);
	talk = talk_new();
	peers = peers_new(talk, &tls_13);
	keylog = tls_keylog_new(1, &keylog_hits);
}

static void teardown(void)
{
	scene_free(&s);
	tls_keylog_free(keylog);
	peers_free(peers);
	talk_free(talk);
}

/* What was said until now is on no connection of the scene. */
static void forget(void)
{
	talk->count = 0;
	buffer_clear(&talk->said[0]);
	buffer_clear(&talk->said[1]);
}

/* What was said since, on a connection of the scene. */
static void play(struct scene_tcp *connection)
{
	tls_keylog_add(keylog, (struct bytes){ talk->keys.at, talk->keys.size });
	s.options.keylog = keylog;
	scene_open(connection);
	for (size_t i = 0; i < talk->count; i++)
		scene_send_bytes(connection, talk->pieces[i].from == TLS_CLIENT ? CLIENT : SERVER,
				 talk->bytes.at + talk->pieces[i].at, talk->pieces[i].size);
	forget();
}

/* ---- early data ---- */

static SSL_SESSION *earlier_session(void)
{
	SSL_SESSION *session;

	begin_connection(peers);
	shake_hands(peers);
	part(peers);
	session = SSL_get1_session(peers->ssl[TLS_CLIENT]);
	ck_assert_uint_gt(SSL_SESSION_get_max_early_data(session), 0);
	forget();
	return session;
}

static void ask_early(void)
{
	SSL_SESSION *session = earlier_session();
	size_t written;

	begin_connection(peers);
	SSL_set_session(peers->ssl[TLS_CLIENT], session);
	SSL_SESSION_free(session);
	ck_assert_int_eq(SSL_write_early_data(peers->ssl[TLS_CLIENT], REQUEST, strlen(REQUEST), &written), 1);
	carry(peers, TLS_CLIENT);
}

/* The same request on another connection, not as early data. */
static void ask_again(void)
{
	struct scene_tcp next = scene_tcp(&s, 40001, 443);

	begin_connection(peers);
	shake_hands(peers);
	say_text(peers, TLS_CLIENT, REQUEST);
	say_text(peers, TLS_SERVER, ANSWER);
	part(peers);
	play(&next);
	scene_close(&next);
}

START_TEST(request_in_early_data_that_was_refused_is_one_request)
{
	if (_i)
		SSL_CTX_set1_groups_list(peers->context[TLS_SERVER], "P-384"); /* the server asks for another hello */
	ask_early();
	if (!_i)
		SSL_set_max_early_data(peers->ssl[TLS_SERVER], 0);
	shake_hands(peers);
	ck_assert_int_eq(SSL_get_early_data_status(peers->ssl[TLS_CLIENT]), SSL_EARLY_DATA_REJECTED);
	say_text(peers, TLS_CLIENT, REQUEST);
	say_text(peers, TLS_SERVER, ANSWER);
	part(peers);
	play(&t);
	scene_close(&t);
	ask_again();
	findings_expect_healthy(&s);
	ck_assert_uint_eq(s.got.http_request_count, 2);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_uint_eq(s.got.http_requests[i].status, 200);
		ck_assert_uint_eq(s.got.http_requests[i].retry_of, 0);
	}
	ck_assert(s.got.tls_tunnels[0].early_data && s.got.tls_tunnels[0].early_data_refused);
}
END_TEST

/* Nobody waits for the client's Finished, which the client may not even send. */
START_TEST(server_that_answers_early_data_and_closes_has_not_failed)
{
	uint8_t bytes[100];
	size_t size;

	ask_early();
	ck_assert_int_eq(SSL_read_early_data(peers->ssl[TLS_SERVER], bytes, sizeof(bytes), &size), SSL_READ_EARLY_DATA_SUCCESS);
	ck_assert_int_eq(SSL_write_early_data(peers->ssl[TLS_SERVER], ANSWER, strlen(ANSWER), &size), 1);
	carry(peers, TLS_SERVER);
	(void)SSL_do_handshake(peers->ssl[TLS_CLIENT]); /* it logs its keys; its Finished goes nowhere */
	if (_i)
		buffer_clear(&talk->keys);
	play(&t);
	scene_fin(&t, SERVER);
	scene_fin(&t, CLIENT);
	findings_expect_healthy(&s);
	ck_assert_uint_eq(s.got.tls_tunnel_count, 1);
	ck_assert_uint_eq(s.got.tls_tunnels[0].error.size, 0);
	ck_assert_uint_eq(s.got.http_request_count, _i ? 0 : 1);
}
END_TEST

/* ---- look-ups over TLS ---- */

#define NAME "www.example.org"
#define ADDRESS "192.0.2.1"

static struct bytes query(void)
{
	return scene_dns_query_bytes(0, NAME, 1);
}

static struct bytes reply(void)
{
	return scene_dns_reply_bytes(0, NAME, 1, ADDRESS, 0);
}

static void meet(void)
{
	begin_connection(peers);
	shake_hands(peers);
}

static void say_bytes(enum tls_side from, struct bytes bytes)
{
	say(peers, from, bytes.at, bytes.size);
}

/* The client connects to the address that it was told: the dial has the lookup. */
static void expect_lookup(uint16_t port, enum trace_dns_over over)
{
	struct scene_tcp web;
	const struct trace_dial *dial;

	part(peers);
	play(&t);
	web = scene_tcp_between(&s, "10.0.0.1", 50000, ADDRESS, 80);
	scene_open(&web);
	scene_close(&web);
	scene_close(&t);
	findings_expect_healthy(&s);
	ck_assert_uint_eq(s.got.dns_query_count, 1);
	ck_assert_uint_eq(s.got.dns_queries[0].message_count, 2);
	ck_assert_uint_eq(s.got.dns_queries[0].tls_tunnel, s.got.tls_tunnels[0].id);
	ck_assert_uint_eq(s.got.dns_queries[0].connection, s.got.tcp_conns[0].id);
	ck_assert(s.got.tcp_conns[0].from_resolver && s.got.dns_queries[0].over == over);
	dial = &s.got.dials[s.got.dials[0].id == s.got.tcp_conns[0].from_dial];
	ck_assert(bytes_equal(dial->host, BYTES(NAME)));
	ck_assert_uint_eq(dial->resolver_dial_count, 1);
	ck_assert_uint_eq(dial->resolver_dials[0].nameserver_port, port);
	ck_assert_uint_eq(s.got.dns_queries[0].from_dial, dial->id);
}

START_TEST(dns_over_tls_feeds_the_lookups_of_dials)
{
	const uint16_t port = _i ? 8853 : 853;

	t = scene_tcp(&s, 40000, port);
	meet();
	say_bytes(TLS_CLIENT, scene_dns_over_tcp(query()));
	say_bytes(TLS_SERVER, scene_dns_over_tcp(reply()));
	expect_lookup(port, TRACE_OVER_TLS);
}
END_TEST

static void say_http1(enum tls_side from, const char *head, struct bytes content)
{
	char text[1000];
	int size = snprintf(text, sizeof text, "%sContent-Type: application/dns-message\r\nContent-Length: %zu\r\n\r\n", head,
			    content.size);

	memcpy(text + size, content.at, content.size);
	say(peers, from, text, (size_t)size + content.size);
}

/* HEADERS with END_HEADERS and DATA with END_STREAM, on stream 1. */
static void say_http2(enum tls_side from, const char *block, size_t block_size, struct bytes content)
{
	uint8_t frames[1000] = { 0, 0, (uint8_t)block_size, 1, 4, 0, 0, 0, 1 };
	const uint8_t data[] = { 0, 0, (uint8_t)content.size, 0, 1, 0, 0, 0, 1 };
	size_t size = 9;

	memcpy(frames + size, block, block_size);
	size += block_size;
	memcpy(frames + size, data, sizeof data);
	size += sizeof data;
	memcpy(frames + size, content.at, content.size);
	say(peers, from, frames, size + content.size);
}

#define TYPE_FIELD \
	"\x0f\x10\x17" \
	"application/dns-message" /* content-type, not indexed */

static void ask_by_http2(void)
{
	static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
			  asked[] = "\x83\x87\x04\x0a/dns-query\x01\x0b"
				    "example.org" TYPE_FIELD,
			  answered[] = "\x88" TYPE_FIELD;

	say(peers, TLS_CLIENT, preface, sizeof preface - 1);
	say(peers, TLS_SERVER, preface + 24, 9);
	say_http2(TLS_CLIENT, asked, sizeof asked - 1, query());
	say_http2(TLS_SERVER, answered, sizeof answered - 1, reply());
}

/* A query with the id 0 for www.example.org, type A: RFC 8484 4.1.1 has one like it. */
#define QUERY_TEXT "AAABAAABAAAAAAAAA3d3dwdleGFtcGxlA29yZwAAAQAB"

START_TEST(dns_over_https_feeds_the_lookups_of_dials)
{
	meet();
	if (_i == 0)
		say_http1(TLS_CLIENT, "POST /dns-query HTTP/1.1\r\nHost: example.org\r\n", query());
	else if (_i == 1)
		say_text(peers, TLS_CLIENT, "GET /dns-query?ct=1&dns=" QUERY_TEXT " HTTP/1.1\r\nHost: example.org\r\n\r\n");
	if (_i < 2)
		say_http1(TLS_SERVER, "HTTP/1.1 200 OK\r\n", reply());
	else
		ask_by_http2();
	expect_lookup(443, TRACE_OVER_HTTPS);
	ck_assert_uint_eq(s.got.http_request_count, 1);
	ck_assert_uint_eq(s.got.http_requests[0].status, 200);
}
END_TEST

/* What became of it, its HTTP record says. */
START_TEST(query_that_https_does_not_answer_is_no_lookup)
{
	meet();
	say_http1(TLS_CLIENT, "POST /dns-query HTTP/1.1\r\nHost: example.org\r\n", query());
	say_text(peers, TLS_SERVER, "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nno such path");
	part(peers);
	play(&t);
	scene_close(&t);
	scene_end(&s);
	ck_assert_uint_eq(s.got.dns_query_count, 0);
	ck_assert_uint_eq(s.got.http_requests[0].status, 404);
}
END_TEST

/* Two bytes that are not the length of what follows, and what is HTTP. */
START_TEST(other_content_is_no_dns)
{
	meet();
	if (_i)
		say_text(peers, TLS_CLIENT, REQUEST);
	else
		say(peers, TLS_CLIENT, "\0\x20 and so on, for more than that", 33);
	part(peers);
	play(&t);
	scene_close(&t);
	scene_end(&s);
	ck_assert_uint_eq(s.got.dns_query_count, 0);
	ck_assert(!s.got.tcp_conns[0].from_resolver);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("tls-inside");
	TCase *lookups = tcase_create("look-ups");
	TCase *early = tcase_create("early data");

	tcase_add_unchecked_fixture(early, make_certificate, drop_certificate);
	tcase_add_checked_fixture(early, setup, teardown);
	tcase_add_loop_test(early, request_in_early_data_that_was_refused_is_one_request, 0, 2);
	tcase_add_loop_test(early, server_that_answers_early_data_and_closes_has_not_failed, 0, 2);
	suite_add_tcase(suite, early);
	tcase_add_unchecked_fixture(lookups, make_certificate, drop_certificate);
	tcase_add_checked_fixture(lookups, setup, teardown);
	tcase_add_loop_test(lookups, dns_over_tls_feeds_the_lookups_of_dials, 0, 2);
	tcase_add_loop_test(lookups, dns_over_https_feeds_the_lookups_of_dials, 0, 3);
	tcase_add_test(lookups, query_that_https_does_not_answer_is_no_lookup);
	tcase_add_loop_test(lookups, other_content_is_no_dns, 0, 2);
	suite_add_tcase(suite, lookups);
	return suite;
}
