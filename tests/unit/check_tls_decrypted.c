/* Real handshakes of OpenSSL, recorded with the keys that the client logs, and fed to a session as a capture would be. */
#include "tests/support/tls_listener.h"
#include "tests/unit/suite.h"

/* ---- cipher suites ---- */

#define CLOSED " alert(c close notify) alert(s close notify)"

static const struct setup suites[] = {
	{ .name = "1.3 AES-128-GCM", .version = TLS1_3_VERSION, .suites = "TLS_AES_128_GCM_SHA256" },
	{ .name = "1.3 AES-256-GCM", .version = TLS1_3_VERSION, .suites = "TLS_AES_256_GCM_SHA384" },
	{ .name = "1.3 ChaCha20", .version = TLS1_3_VERSION, .suites = "TLS_CHACHA20_POLY1305_SHA256" },
	{ .name = "1.3 CCM", .version = TLS1_3_VERSION, .suites = "TLS_AES_128_CCM_SHA256" },
	{ .name = "1.3 CCM-8", .version = TLS1_3_VERSION, .suites = "TLS_AES_128_CCM_8_SHA256" },
	{ .name = "1.3 in small records", .version = TLS1_3_VERSION, .small_records = true },
	{ .name = "1.2 in small records", .version = TLS1_2_VERSION, .small_records = true },
	{ .name = "1.2 GCM", .version = TLS1_2_VERSION, .ciphers = "ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0" },
	{ .name = "1.2 GCM SHA384", .version = TLS1_2_VERSION, .ciphers = "DHE-RSA-AES256-GCM-SHA384:@SECLEVEL=0" },
	{ .name = "1.2 RSA GCM", .version = TLS1_2_VERSION, .ciphers = "AES128-GCM-SHA256:@SECLEVEL=0" },
	{ .name = "1.2 ChaCha20", .version = TLS1_2_VERSION, .ciphers = "ECDHE-RSA-CHACHA20-POLY1305:@SECLEVEL=0" },
	{ .name = "1.2 CCM", .version = TLS1_2_VERSION, .ciphers = "AES128-CCM:@SECLEVEL=0" },
	{ .name = "1.2 CCM-8", .version = TLS1_2_VERSION, .ciphers = "AES256-CCM8:@SECLEVEL=0" },
	{ .name = "1.2 ARIA", .version = TLS1_2_VERSION, .ciphers = "ECDHE-ARIA256-GCM-SHA384:@SECLEVEL=0" },
	{ .name = "1.2 CBC SHA", .version = TLS1_2_VERSION, .ciphers = "ECDHE-RSA-AES128-SHA:@SECLEVEL=0" },
	{ .name = "1.2 CBC SHA, MAC inside", .version = TLS1_2_VERSION, .ciphers = "AES128-SHA:@SECLEVEL=0", .options = NO_ETM },
	{ .name = "1.2 CBC SHA256", .version = TLS1_2_VERSION, .ciphers = "AES256-SHA256:@SECLEVEL=0" },
	{ .name = "1.2 CBC SHA384, MAC inside",
	  .version = TLS1_2_VERSION,
	  .ciphers = "ECDHE-RSA-AES256-SHA384:@SECLEVEL=0",
	  .options = NO_ETM },
	{ .name = "1.2 Camellia", .version = TLS1_2_VERSION, .ciphers = "CAMELLIA128-SHA256:@SECLEVEL=0" },
	{ .name = "1.2 NULL", .version = TLS1_2_VERSION, .ciphers = "NULL-SHA256:@SECLEVEL=0" },
	{ .name = "1.2 without extended master secret",
	  .version = TLS1_2_VERSION,
	  .ciphers = "AES128-SHA:@SECLEVEL=0",
	  .options = SSL_OP_NO_EXTENDED_MASTER_SECRET },
	{ .name = "1.1 CBC", .version = TLS1_1_VERSION, .ciphers = "ECDHE-RSA-AES128-SHA:@SECLEVEL=0" },
	{ .name = "1.1 CBC, MAC inside",
	  .version = TLS1_1_VERSION,
	  .ciphers = "DHE-RSA-AES256-SHA:@SECLEVEL=0",
	  .options = NO_ETM },
	{ .name = "1.0 CBC", .version = TLS1_VERSION, .ciphers = "AES256-SHA:@SECLEVEL=0" },
	{ .name = "1.0 CBC, MAC inside",
	  .version = TLS1_VERSION,
	  .ciphers = "ECDHE-RSA-AES256-SHA:@SECLEVEL=0",
	  .options = NO_ETM },
	{ .name = "1.0 NULL", .version = TLS1_VERSION, .ciphers = "NULL-MD5:@SECLEVEL=0" },
};

enum { SUITE_COUNT = sizeof(suites) / sizeof(suites[0]), CUTS = 4 };

START_TEST(content_of_every_suite_comes_back_however_it_is_cut)
{
	static const size_t slices[CUTS] = { SIZE_MAX, 1, 1460, 0 };
	const struct setup *setup = &suites[_i];
	struct talk *talk = record_exchange(setup);

	for (int cut = 0; cut < CUTS; cut++) {
		struct listener *l = listen_to(talk, slices[cut]);

		assert_heard_all(l, talk, setup->name);
		ck_assert_str_eq(l->log, setup->version == TLS1_3_VERSION ? "client server alpn certs(s1) status done ticket" CLOSED
									  : "client server certs(s1) status done ticket" CLOSED);
		listener_free(l);
	}
	talk_free(talk);
}
END_TEST

/* Without keys, or with others, nothing is handed out. */
START_TEST(wrong_secrets_open_nothing)
{
	const struct setup *setup = &suites[_i];
	struct talk *talk = record_exchange(setup);
	struct listener *l;

	for (size_t i = 0; i < talk->keys.size; i++) /* the last digit of each secret */
		if (talk->keys.at[i] == '\n')
			talk->keys.at[i - 1] = talk->keys.at[i - 1] == '0' ? '1' : '0';
	l = listen_to(talk, 1460);
	ck_assert_uint_eq(l->heard[0].size + l->heard[1].size, 0);
	ck_assert(!tls_session_decrypted(l->session));
	ck_assert_uint_gt(tls_session_unverified(l->session), 0);
	ck_assert_uint_le(tls_session_unverified(l->session), 6);
	ck_assert_ptr_nonnull(strstr(l->log, "done"));
	listener_free(l);
	talk_free(talk);
}
END_TEST

START_TEST(damaged_record_is_not_handed_out)
{
	const struct setup *setup = &suites[_i];
	struct talk *talk = record_exchange(setup);
	size_t big = 0;
	struct listener *l;

	for (size_t i = 0; i < talk->count; i++)
		if (talk->pieces[i].size > 40000)
			big = talk->pieces[i].at;
	ck_assert_uint_gt(big, 0);
	talk->bytes.at[big + 100] ^= 1; /* in the first of three records, or of eighty */
	l = listen_to(talk, 0);
	ck_assert_uint_ge(tls_session_unverified(l->session), 1);
	ck_assert_uint_le(tls_session_unverified(l->session), 2); /* CBC of TLS 1.0: the next one depends on it */
	ck_assert_uint_lt(l->heard[TLS_SERVER].size, 40000);
	ck_assert_uint_ge(l->heard[TLS_SERVER].size, 40000 - 2 * 16384);
	ck_assert_mem_eq(l->heard[TLS_SERVER].at, talk->said[TLS_SERVER].at + 40000 - l->heard[TLS_SERVER].size,
			 l->heard[TLS_SERVER].size);
	ck_assert(bytes_equal(all_of(&l->heard[TLS_CLIENT]), all_of(&talk->said[TLS_CLIENT])));
	listener_free(l);
	talk_free(talk);
}
END_TEST

/* ---- what happens in a handshake ---- */

static const struct setup tls_12 = { .name = "1.2", .version = TLS1_2_VERSION },
			  tls_13 = { .name = "1.3", .version = TLS1_3_VERSION },
			  tls_12_by_id = { .name = "1.2", .version = TLS1_2_VERSION, .ticket_off = true };

/* What was said until now is forgotten, but not the keys. */
static void forget(struct talk *talk)
{
	talk->count = 0;
	buffer_clear(&talk->said[0]);
	buffer_clear(&talk->said[1]);
}

static void assert_log(const struct talk *talk, const char *log)
{
	struct listener *l = listen_to(talk, 0);

	ck_assert_str_eq(l->log, log);
	assert_heard_all(l, talk, log);
	ck_assert_ptr_nonnull(strstr(l->log, "done"));
	listener_free(l);
}

START_TEST(resumed_sessions_are_opened)
{
	static const struct {
		const struct setup *setup;
		const char *log;
	} rows[] = { { &tls_12, "client server resumed done" CLOSED },
		     { &tls_12_by_id, "client server resumed done" CLOSED },
		     { &tls_13, "client server resumed alpn done ticket" CLOSED } };
	struct talk *talk = talk_new();
	struct peers *peers = peers_new(talk, rows[_i].setup);
	SSL_SESSION *session;

	begin_connection(peers);
	shake_hands(peers);
	session = SSL_get1_session(peers->ssl[TLS_CLIENT]);
	part(peers);
	forget(talk);
	begin_connection(peers);
	SSL_set_session(peers->ssl[TLS_CLIENT], session);
	shake_hands(peers);
	ck_assert(SSL_session_reused(peers->ssl[TLS_CLIENT]));
	exchange(peers);
	part(peers);
	assert_log(talk, rows[_i].log);
	SSL_SESSION_free(session);
	peers_free(peers);
	talk_free(talk);
}
END_TEST

/* As GnuTLS does: the secret is logged for the first connection only.  The third one resumes with what the second one was given. */
START_TEST(resumed_sessions_are_opened_although_their_secret_is_not_logged_again)
{
	const struct setup *setup = _i ? &tls_12_by_id : &tls_12;
	struct talk *talk = talk_new();
	struct peers *peers = peers_new(talk, setup);
	struct limit_hits hits = { { 0 } };
	struct tls_keylog *resumable = tls_keylog_new(1, &hits);
	SSL_SESSION *session = NULL;
	size_t logged = 0;

	SSL_CTX_set_num_tickets(peers->context[TLS_SERVER], 1);
	for (int connection = 0; connection < 3; connection++) {
		struct listener *l;

		begin_connection(peers);
		SSL_set_session(peers->ssl[TLS_CLIENT], session);
		SSL_SESSION_free(session);
		shake_hands(peers);
		ck_assert_int_eq(SSL_session_reused(peers->ssl[TLS_CLIENT]), connection > 0);
		exchange(peers);
		session = SSL_get1_session(peers->ssl[TLS_CLIENT]);
		part(peers);
		logged = connection ? logged : talk->keys.size;
		l = listener_new((struct bytes){ talk->keys.at, logged });
		tls_session_remember(l->session, resumable);
		hear(l, talk, 0);
		assert_heard_all(l, talk, setup->name);
		listener_free(l);
		forget(talk);
	}
	SSL_SESSION_free(session);
	tls_keylog_free(resumable);
	peers_free(peers);
	talk_free(talk);
}
END_TEST

static unsigned give_key(uint8_t *out)
{
	memcpy(out, "0123456789abcdef", 16);
	return 16;
}

static unsigned client_key(SSL *ssl, const char *hint, char *identity, unsigned max, uint8_t *out, unsigned out_max)
{
	(void)ssl;
	(void)hint;
	(void)out_max;
	ck_assert_uint_gt(max, 3);
	memcpy(identity, "who", 4);
	return give_key(out);
}

static unsigned server_key(SSL *ssl, const char *identity, uint8_t *out, unsigned out_max)
{
	(void)ssl;
	(void)identity;
	(void)out_max;
	return give_key(out);
}

START_TEST(key_that_was_shared_before_is_no_resumption)
{
	const struct setup setup = { .name = "1.3", .version = TLS1_3_VERSION, .suites = "TLS_AES_128_GCM_SHA256" };
	struct talk *talk = talk_new();
	struct peers *peers = peers_new(talk, &setup);

	SSL_CTX_set_psk_client_callback(peers->context[TLS_CLIENT], client_key);
	SSL_CTX_set_psk_server_callback(peers->context[TLS_SERVER], server_key);
	begin_connection(peers);
	shake_hands(peers);
	ck_assert(SSL_session_reused(peers->ssl[TLS_CLIENT])); /* the library does not tell them apart either */
	exchange(peers);
	part(peers);
	assert_log(talk, "client server alpn done ticket" CLOSED);
	peers_free(peers);
	talk_free(talk);
}
END_TEST

START_TEST(client_certificate_is_seen)
{
	const struct setup setup = { .version = _i ? TLS1_3_VERSION : TLS1_2_VERSION, .client_certificate = true };
	struct talk *talk = record_exchange(&setup);

	assert_log(talk, _i ? "client server alpn request certs(s1) status certs(c1) done ticket" CLOSED
			    : "client server certs(s1) status request certs(c1) done ticket" CLOSED);
	talk_free(talk);
}
END_TEST

START_TEST(retry_is_followed)
{
	const struct setup setup = { .version = TLS1_3_VERSION, .retry = true };
	struct talk *talk = record_exchange(&setup);

	assert_log(talk, "client retry client server alpn certs(s1) status done ticket" CLOSED);
	talk_free(talk);
}
END_TEST

START_TEST(updated_keys_are_followed)
{
	struct talk *talk = talk_new();
	struct peers *peers = peers_new(talk, &tls_13);

	begin_connection(peers);
	shake_hands(peers);
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(SSL_key_update(peers->ssl[i % 2], i < 2 ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED),
				 1);
		exchange(peers);
	}
	part(peers);
	assert_log(talk, "client server alpn certs(s1) status done ticket" CLOSED);
	peers_free(peers);
	talk_free(talk);
}
END_TEST

/* The server asks for one, which is abbreviated; the client begins a full one. */
START_TEST(hellos_of_a_renegotiation_are_not_told)
{
	struct setup setup = { .version = _i ? TLS1_VERSION : TLS1_2_VERSION };
	struct talk *talk = talk_new();
	struct peers *peers = peers_new(talk, &setup);

	begin_connection(peers);
	shake_hands(peers);
	exchange(peers);
	for (int side = 1; side >= 0; side--) {
		ck_assert_int_eq(SSL_renegotiate(peers->ssl[side]), 1);
		(void)SSL_do_handshake(peers->ssl[side]);
		carry(peers, (enum tls_side)side);
		shake_hands(peers);
		ck_assert_int_eq(SSL_total_renegotiations(peers->ssl[TLS_CLIENT]), 2 - side);
		exchange(peers);
	}
	part(peers);
	assert_log(talk, "client server certs(s1) status done ticket certs(s1) status ticket" CLOSED);
	peers_free(peers);
	talk_free(talk);
}
END_TEST

START_TEST(certificate_after_the_handshake_is_seen)
{
	const struct setup setup = { .version = TLS1_3_VERSION, .client_certificate = true };
	struct talk *talk = talk_new();
	struct peers *peers = peers_new(talk, &setup);

	begin_connection(peers);
	SSL_set_verify(peers->ssl[TLS_SERVER], SSL_VERIFY_NONE, NULL);
	SSL_set_post_handshake_auth(peers->ssl[TLS_CLIENT], 1);
	shake_hands(peers);
	exchange(peers);
	SSL_set_verify(peers->ssl[TLS_SERVER], SSL_VERIFY_PEER, accept_any);
	ck_assert_int_eq(SSL_verify_client_post_handshake(peers->ssl[TLS_SERVER]), 1);
	(void)SSL_do_handshake(peers->ssl[TLS_SERVER]);
	carry(peers, TLS_SERVER);
	shake_hands(peers);
	exchange(peers);
	part(peers);
	assert_log(talk, "client server alpn certs(s1) status done ticket request certs(c1) ticket" CLOSED);
	peers_free(peers);
	talk_free(talk);
}
END_TEST

START_TEST(alert_of_a_client_that_distrusts_is_read)
{
	const struct setup setup = { .version = _i ? TLS1_3_VERSION : TLS1_2_VERSION };
	struct talk *talk = talk_new();
	struct peers *peers = peers_new(talk, &setup);
	struct listener *l;

	SSL_CTX_set_verify(peers->context[TLS_CLIENT], SSL_VERIFY_PEER, NULL);
	begin_connection(peers);
	shake_hands(peers);
	l = listen_to(talk, 0);
	ck_assert_str_eq(l->log, _i ? "client server alpn certs(s1) status alert(c unknown certificate authority)"
				    : "client server certs(s1) status alert(c unknown certificate authority)");
	listener_free(l);
	peers_free(peers);
	talk_free(talk);
}
END_TEST

/* ---- early data ---- */

enum early { EARLY_TAKEN, EARLY_REFUSED, EARLY_RETRIED, EARLY_SECRET_MISSING, EARLY_WAYS };

static SSL_SESSION *early_session(struct peers *peers)
{
	begin_connection(peers);
	shake_hands(peers);
	part(peers);
	ck_assert_uint_gt(SSL_SESSION_get_max_early_data(SSL_get0_session(peers->ssl[TLS_CLIENT])), 0);
	return SSL_get1_session(peers->ssl[TLS_CLIENT]);
}

static void send_early(struct peers *peers, const char *text)
{
	size_t written;

	ck_assert_int_eq(SSL_write_early_data(peers->ssl[TLS_CLIENT], text, strlen(text), &written), 1);
	carry(peers, TLS_CLIENT);
}

static void take_early(struct peers *peers, enum early way)
{
	uint8_t bytes[100];
	size_t size;

	while (SSL_read_early_data(peers->ssl[TLS_SERVER], bytes, sizeof(bytes), &size) == SSL_READ_EARLY_DATA_SUCCESS)
		if (way == EARLY_TAKEN || way == EARLY_SECRET_MISSING)
			ck_assert_uint_gt(size, 0);
	ERR_clear_error();
	carry(peers, TLS_SERVER);
}

static void remove_lines(struct buffer *keys, const char *label)
{
	char *at = memmem(keys->at, keys->size, label, strlen(label));

	ck_assert_ptr_nonnull(at);
	*at = '#';
}

START_TEST(early_data_is_handed_out_unless_refused)
{
	static const char *const logs[] = {
		[EARLY_TAKEN] = "client server resumed alpn done ticket" CLOSED,
		[EARLY_REFUSED] = "client server resumed alpn rejected done ticket" CLOSED,
		[EARLY_RETRIED] = "client retry rejected client server resumed alpn done ticket" CLOSED,
		[EARLY_SECRET_MISSING] = "client server resumed alpn done ticket" CLOSED,
	};
	struct talk *talk = talk_new();
	struct peers *peers = peers_new(talk, &tls_13);
	SSL_SESSION *session = early_session(peers);
	struct listener *l;

	forget(talk);
	if (_i == EARLY_REFUSED)
		SSL_CTX_set_max_early_data(peers->context[TLS_SERVER], 0);
	if (_i == EARLY_RETRIED)
		SSL_CTX_set1_groups_list(peers->context[TLS_SERVER], "P-384");
	begin_connection(peers);
	SSL_set_session(peers->ssl[TLS_CLIENT], session);
	send_early(peers, "GET /early ");
	send_early(peers, "HTTP/1.1");
	if (_i == EARLY_TAKEN)
		ck_assert(buffer_add(&talk->said[TLS_CLIENT], "GET /early HTTP/1.1", 19));
	take_early(peers, (enum early)_i);
	if (_i == EARLY_TAKEN || _i == EARLY_SECRET_MISSING)
		take_early(peers, (enum early)_i);
	else
		send_early(peers, "sent before the answer came");
	shake_hands(peers);
	exchange(peers);
	part(peers);
	if (_i == EARLY_SECRET_MISSING)
		remove_lines(&talk->keys, "CLIENT_EARLY_TRAFFIC_SECRET");
	l = listen_to(talk, 0);
	ck_assert_str_eq(l->log, logs[_i]);
	assert_heard_all(l, talk, logs[_i]);
	listener_free(l);
	SSL_SESSION_free(session);
	peers_free(peers);
	talk_free(talk);
}
END_TEST

/* It answers early data and closes, before the client's Finished came. */
START_TEST(server_that_has_said_all_leaves_the_handshake_to_the_client)
{
	struct talk *talk = talk_new();
	struct peers *peers = peers_new(talk, &tls_13);
	SSL_SESSION *session = early_session(peers);
	size_t written;

	forget(talk);
	begin_connection(peers);
	SSL_set_session(peers->ssl[TLS_CLIENT], session);
	send_early(peers, "GET /early");
	ck_assert(buffer_add(&talk->said[TLS_CLIENT], "GET /early", 10));
	take_early(peers, EARLY_TAKEN);
	ck_assert_int_eq(SSL_write_early_data(peers->ssl[TLS_SERVER], "answer", 6, &written), 1);
	ck_assert(buffer_add(&talk->said[TLS_SERVER], "answer", 6));
	SSL_set_shutdown(peers->ssl[TLS_SERVER], SSL_RECEIVED_SHUTDOWN);
	SSL_shutdown(peers->ssl[TLS_SERVER]);
	carry(peers, TLS_SERVER);
	(void)SSL_do_handshake(peers->ssl[TLS_CLIENT]);
	carry(peers, TLS_CLIENT);
	ERR_clear_error();
	assert_log(talk, "client server resumed alpn alert(s close notify) done");
	SSL_SESSION_free(session);
	peers_free(peers);
	talk_free(talk);
}
END_TEST

/* ---- secrets that are missing ---- */

START_TEST(missing_secrets_leave_the_rest_readable)
{
	static const struct {
		const char *missing, *log;
		bool decrypted, data[2];
	} rows[] = {
		{ "CLIENT_HANDSHAKE", "client server alpn certs(s1) status done ticket" CLOSED, true, { true, true } },
		{ "SERVER_HANDSHAKE", "client server done ticket" CLOSED, true, { true, true } },
		{ "CLIENT_TRAFFIC",
		  "client server alpn certs(s1) status done ticket alert(s close notify)",
		  false,
		  { false, true } },
		{ "SERVER_TRAFFIC", "client server alpn certs(s1) status done alert(c close notify)", false, { true, false } },
	};
	struct talk *talk = record_exchange(&tls_13);
	struct listener *l;

	remove_lines(&talk->keys, rows[_i].missing);
	l = listen_to(talk, 0);
	ck_assert_str_eq(l->log, rows[_i].log);
	for (int side = 0; side < 2; side++)
		ck_assert_uint_eq(l->heard[side].size, rows[_i].data[side] ? talk->said[side].size : 0);
	ck_assert(tls_session_decrypted(l->session) == rows[_i].decrypted);
	listener_free(l);
	talk_free(talk);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("tls-decrypted");
	TCase *tests = tcase_create("talks");

	tcase_add_unchecked_fixture(tests, make_certificate, drop_certificate);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, content_of_every_suite_comes_back_however_it_is_cut, 0, SUITE_COUNT);
	tcase_add_loop_test(tests, wrong_secrets_open_nothing, 0, SUITE_COUNT);
	tcase_add_loop_test(tests, damaged_record_is_not_handed_out, 0, SUITE_COUNT);
	tcase_add_loop_test(tests, resumed_sessions_are_opened, 0, 3);
	tcase_add_loop_test(tests, resumed_sessions_are_opened_although_their_secret_is_not_logged_again, 0, 2);
	tcase_add_test(tests, key_that_was_shared_before_is_no_resumption);
	tcase_add_loop_test(tests, client_certificate_is_seen, 0, 2);
	tcase_add_test(tests, retry_is_followed);
	tcase_add_test(tests, updated_keys_are_followed);
	tcase_add_loop_test(tests, hellos_of_a_renegotiation_are_not_told, 0, 2);
	tcase_add_test(tests, certificate_after_the_handshake_is_seen);
	tcase_add_loop_test(tests, alert_of_a_client_that_distrusts_is_read, 0, 2);
	tcase_add_loop_test(tests, early_data_is_handed_out_unless_refused, 0, EARLY_WAYS);
	tcase_add_test(tests, server_that_has_said_all_leaves_the_handshake_to_the_client);
	tcase_add_loop_test(tests, missing_secrets_leave_the_rest_readable, 0, 4);
	suite_add_tcase(suite, tests);
	return suite;
}
