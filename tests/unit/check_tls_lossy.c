/* Real talks of OpenSSL of which the capture has lost or damaged a part. */
#include "tests/support/tls_listener.h"
#include "tests/unit/suite.h"

/* ---- holes ---- */

enum { MESSAGES = 60 };

/* Sixty messages of the server; returns where the first of their pieces is. */
static size_t send_messages(struct peers *peers, size_t size)
{
	const size_t first = peers->talk->count;
	uint8_t *message = nt_zalloc(size);

	for (unsigned i = 0; i < MESSAGES; i++) {
		memset(message, (int)i + 1, size);
		say(peers, TLS_SERVER, message, size);
	}
	free(message);
	return first;
}

/* Which messages were handed out, whole and in order. */
static uint64_t messages_heard(const struct buffer *heard, size_t size)
{
	uint64_t set = 0;
	unsigned last = 0;

	ck_assert_uint_eq(heard->size % size, 0);
	for (size_t at = 0; at < heard->size; at += size) {
		ck_assert_uint_gt(heard->at[at], last);
		last = heard->at[at];
		ck_assert(size == 1 || memcmp(heard->at + at, heard->at + at + 1, size - 1) == 0);
		set |= UINT64_C(1) << (last - 1);
	}
	return set;
}

/* Bytes [begin, end) of the messages are lost; slices do not end where records do. */
static void lose(struct listener *l, const struct talk *talk, size_t first, size_t begin, size_t end)
{
	struct talk until = *talk;
	struct bytes messages = { talk->bytes.at + talk->pieces[first].at, talk->bytes.size - talk->pieces[first].at };

	until.count = first;
	hear(l, &until, 1460);
	feed(l, TLS_SERVER, (struct bytes){ messages.at, begin }, 1460);
	tls_session_gap(l->session, TLS_SERVER, end - begin);
	feed(l, TLS_SERVER, (struct bytes){ messages.at + end, messages.size - end }, 1000);
}

/* The messages of which nothing was lost; `behind` more may be missing after the hole. */
static void assert_rest_heard(const struct listener *l, const struct talk *talk, size_t first, size_t size, size_t begin,
			      size_t end, unsigned behind)
{
	const uint64_t heard = messages_heard(&l->heard[TLS_SERVER], size);
	const size_t start = talk->pieces[first].at;
	unsigned missing = 0;

	for (size_t i = 0; i < MESSAGES; i++) {
		const struct piece *piece = &talk->pieces[first + i];
		bool touched = piece->at - start < end && piece->at - start + piece->size > begin;
		bool here = heard >> i & 1;

		ck_assert_msg(!(touched && here), "message %zu", i);
		missing += !touched && !here;
	}
	ck_assert_msg(missing <= behind, "%u whole messages are missing", missing);
}

static const struct setup lossy[] = {
	{ .name = "1.3", .version = TLS1_3_VERSION },
	{ .name = "1.2 GCM", .version = TLS1_2_VERSION, .ciphers = "AES128-GCM-SHA256:@SECLEVEL=0" },
	{ .name = "1.2 ChaCha20", .version = TLS1_2_VERSION, .ciphers = "ECDHE-RSA-CHACHA20-POLY1305:@SECLEVEL=0" },
	{ .name = "1.2 CBC", .version = TLS1_2_VERSION, .ciphers = "AES128-SHA:@SECLEVEL=0" },
	{ .name = "1.1 CBC", .version = TLS1_1_VERSION, .ciphers = "AES128-SHA:@SECLEVEL=0", .options = NO_ETM },
	{ .name = "1.0 CBC", .version = TLS1_VERSION, .ciphers = "AES128-SHA:@SECLEVEL=0" },
	{ .name = "1.0 CBC, MAC inside", .version = TLS1_VERSION, .ciphers = "AES128-SHA:@SECLEVEL=0", .options = NO_ETM },
};

enum { LOSSY = sizeof(lossy) / sizeof(lossy[0]) };

START_TEST(records_behind_a_hole_are_found)
{
	const struct setup *setup = &lossy[_i];
	struct talk *talk = talk_new();
	struct peers *peers = peers_new(talk, setup);
	const size_t size = 700;
	size_t first, all;

	begin_connection(peers);
	shake_hands(peers);
	first = send_messages(peers, size);
	all = talk->bytes.size - talk->pieces[first].at;
	for (int turn = 0; turn < 60; turn++) {
		size_t begin = random_below(all - 1), end = begin + 1 + random_below(turn % 3 ? 3000 : all - begin - 1);
		struct listener *l = listener_new(all_of(&talk->keys));

		end = end < all ? end : all;
		lose(l, talk, first, begin, end);
		assert_rest_heard(l, talk, first, size, begin, end, setup->version == TLS1_VERSION ? 2 : 0);
		ck_assert(tls_session_decrypted(l->session));
		listener_free(l);
	}
	peers_free(peers);
	talk_free(talk);
}
END_TEST

/* The server's Finished and the first data are in the hole. */
START_TEST(hole_in_the_handshake_does_not_hide_the_data)
{
	const struct setup *setup = &lossy[_i];
	struct talk *talk = talk_new();
	struct peers *peers = peers_new(talk, setup);
	struct listener *l = NULL;
	bool lost = false;

	begin_connection(peers);
	shake_hands(peers);
	(void)send_messages(peers, 700);
	l = listener_new(all_of(&talk->keys));
	for (size_t i = 0; i < talk->count; i++) {
		const struct piece *piece = &talk->pieces[i];
		struct bytes data = { talk->bytes.at + piece->at, piece->size };

		if (piece->from == TLS_SERVER && !lost && setup->version == TLS1_3_VERSION) { /* keeps the ServerHello */
			feed(l, piece->from, (struct bytes){ data.at, 300 }, 0);
			tls_session_gap(l->session, piece->from, data.size - 300);
			lost = true;
		} else if (piece->from == TLS_SERVER && i > 1 && !lost) { /* ticket, ChangeCipherSpec, Finished */
			tls_session_gap(l->session, piece->from, data.size);
			lost = true;
		} else {
			feed(l, piece->from, data, 0);
		}
	}
	ck_assert(lost);
	ck_assert_uint_ge(l->heard[TLS_SERVER].size, (MESSAGES - 2) * 700);
	(void)messages_heard(&l->heard[TLS_SERVER], 700);
	ck_assert_ptr_nonnull(strstr(l->log, "done"));
	listener_free(l);
	peers_free(peers);
	talk_free(talk);
}
END_TEST

/* The certificate is spread over records, of which the second one has a hole. */
START_TEST(certificate_with_a_hole_is_told_as_cut)
{
	const struct setup setup = { .version = TLS1_3_VERSION, .small_records = true };
	struct talk *talk = record_exchange(&setup);
	struct listener *l = listener_new(all_of(&talk->keys));
	bool lost = false;

	for (size_t i = 0; i < talk->count; i++) {
		const struct piece *piece = &talk->pieces[i];
		struct bytes data = { talk->bytes.at + piece->at, piece->size };

		if (piece->from == TLS_SERVER && !lost) {
			feed(l, TLS_SERVER, (struct bytes){ data.at, 800 }, 0);
			tls_session_gap(l->session, TLS_SERVER, 20);
			data = (struct bytes){ data.at + 820, data.size - 820 };
			lost = true;
		}
		feed(l, piece->from, data, 0);
	}
	ck_assert_str_eq(l->log, "client server alpn certs(s0+) done ticket alert(c close notify) alert(s close notify)");
	assert_heard_all(l, talk, "hole");
	listener_free(l);
	talk_free(talk);
}
END_TEST

START_TEST(damaged_talk_gives_some_result)
{
	struct talk *talk = record_exchange(&lossy[_i]);
	uint8_t *whole = nt_alloc(talk->bytes.size);

	memcpy(whole, talk->bytes.at, talk->bytes.size);
	for (int turn = 0; turn < 40; turn++) {
		struct listener *l;

		memcpy(talk->bytes.at, whole, talk->bytes.size);
		for (int flips = 0; flips < 3; flips++)
			talk->bytes.at[random_below(turn % 2 ? 3000 : talk->bytes.size)] ^= (uint8_t)(1 << random_below(8));
		l = listen_to(talk, 0);
		for (int side = 0; side < 2; side++) /* nothing that was not said */
			ck_assert(l->heard[side].size <= talk->said[side].size);
		listener_free(l);
	}
	free(whole);
	talk_free(talk);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("tls-lossy");
	TCase *tests = tcase_create("talks");

	tcase_add_unchecked_fixture(tests, make_certificate, drop_certificate);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, records_behind_a_hole_are_found, 0, LOSSY);
	tcase_add_loop_test(tests, hole_in_the_handshake_does_not_hide_the_data, 0, LOSSY);
	tcase_add_test(tests, certificate_with_a_hole_is_told_as_cut);
	tcase_add_loop_test(tests, damaged_talk_gives_some_result, 0, LOSSY);
	suite_add_tcase(suite, tests);
	return suite;
}
