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

static void end_scene(void)
{
	tls_keylog_add(keylog, (struct bytes){ talk->keys.at, talk->keys.size });
	s.options.keylog = keylog;
	scene_open(&t);
	for (size_t i = 0; i < talk->count; i++)
		scene_send_bytes(&t, talk->pieces[i].from == TLS_CLIENT ? CLIENT : SERVER, talk->bytes.at + talk->pieces[i].at,
				 talk->pieces[i].size);
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
	end_scene();
	scene_close(&t);
	findings_expect_healthy(&s);
	ck_assert_uint_eq(s.got.http_request_count, 1);
	ck_assert_uint_eq(s.got.http_requests[0].status, 200);
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
	end_scene();
	scene_fin(&t, SERVER);
	scene_fin(&t, CLIENT);
	findings_expect_healthy(&s);
	ck_assert_uint_eq(s.got.tls_tunnel_count, 1);
	ck_assert_uint_eq(s.got.tls_tunnels[0].error.size, 0);
	ck_assert_uint_eq(s.got.http_request_count, _i ? 0 : 1);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("tls-inside");
	TCase *early = tcase_create("early data");

	tcase_add_unchecked_fixture(early, make_certificate, drop_certificate);
	tcase_add_checked_fixture(early, setup, teardown);
	tcase_add_loop_test(early, request_in_early_data_that_was_refused_is_one_request, 0, 2);
	tcase_add_loop_test(early, server_that_answers_early_data_and_closes_has_not_failed, 0, 2);
	suite_add_tcase(suite, early);
	return suite;
}
