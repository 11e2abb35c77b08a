/* QUIC sessions: datagrams of both sides in, CRYPTO bytes and what became of the handshake out. */
#include "tests/support/quic_wire.h"
#include "tests/unit/suite.h"

#include <stdlib.h>

enum { V1 = 1, V2 = 0x6b3343cf, DRAFT_29 = 0xff00001d };

/* What a session called back with. */
static struct {
	struct wire crypto[2][2]; /* by side, then Initial or sealed */
	unsigned restarts, closes, malformed;
	struct quic_close close;
	char reason[64];
	uint32_t versions[QUIC_MAX_VERSIONS];
	size_t version_count;
	struct quic_session *session;
	struct quic_wire_end client, server;
	struct limit_hits hits;
} t;

static const uint8_t client_secret[32] = { 1 }, server_secret[32] = { 2 };

static void on_crypto(void *context, enum quic_side from, bool sealed, struct bytes data)
{
	ck_assert_ptr_eq(context, &t);
	wire_put(&t.crypto[from][sealed], data.at, data.size);
}

static void on_crypto_with_secrets(void *context, enum quic_side from, bool sealed, struct bytes data)
{
	on_crypto(context, from, sealed, data);
	if (from == QUIC_SERVER && !sealed)
		ck_assert(quic_session_set_secrets(t.session, 0x1301, (struct bytes){ client_secret, 32 },
						   (struct bytes){ server_secret, 32 }));
}

static void on_restarted(void *context)
{
	(void)context;
	t.restarts++;
	t.crypto[QUIC_CLIENT][0].size = 0;
}

static void on_close(void *context, const struct quic_close *close)
{
	(void)context;
	t.closes++;
	t.close = *close;
	memcpy(t.reason, close->reason.at, close->reason.size);
}

static void on_versions(void *context, const uint32_t *versions, size_t count)
{
	(void)context;
	memcpy(t.versions, versions, count * sizeof(versions[0]));
	t.version_count = count;
}

static void on_malformed(void *context, enum quic_side from)
{
	(void)context;
	(void)from;
	t.malformed++;
}

static const struct quic_events events = {
	.crypto = on_crypto, .restarted = on_restarted, .close = on_close, .versions = on_versions, .malformed = on_malformed
};

static void begin(uint32_t version)
{
	memset(&t, 0, sizeof(t));
	t.client = quic_wire_client(version);
	t.server = quic_wire_server(version);
	t.session = quic_session_new(&events, &t, &t.hits);
}

static void end(void)
{
	quic_session_free(t.session);
}

/* In a block of exactly its size. */
static void feed(enum quic_side from, const struct wire *datagram)
{
	uint8_t *copy = nt_alloc(datagram->size);

	memcpy(copy, datagram->at, datagram->size);
	quic_session_feed(t.session, from, cur_of(copy, datagram->size, 0));
	free(copy);
}

static void feed_frames(struct quic_wire_end *from, const struct wire *frames)
{
	struct wire datagram = { .size = 0 };

	quic_wire_initial(&datagram, from, frames);
	feed(from->side, &datagram);
}

static void feed_hello(void)
{
	struct wire datagram = { .size = 0 };

	quic_wire_put_hello(&datagram, &t.client);
	feed(QUIC_CLIENT, &datagram);
}

static void feed_answer(void)
{
	struct wire datagram = { .size = 0 };

	quic_wire_put_answer(&datagram, &t.server);
	feed(QUIC_SERVER, &datagram);
}

static void expect_hello(void)
{
	struct wire hello = { .size = 0 };

	quic_wire_client_hello(&hello);
	ck_assert_uint_eq(t.crypto[QUIC_CLIENT][0].size, hello.size);
	ck_assert_mem_eq(t.crypto[QUIC_CLIENT][0].at, hello.at, hello.size);
}

static void expect_answer(void)
{
	struct wire hello = { .size = 0 };

	quic_wire_server_hello(&hello);
	ck_assert_uint_eq(t.crypto[QUIC_SERVER][0].size, hello.size);
	ck_assert_mem_eq(t.crypto[QUIC_SERVER][0].at, hello.at, hello.size);
}

static const struct quic_progress *progress(void)
{
	return quic_session_progress(t.session);
}

/* ---- handshakes ---- */

static const uint32_t versions[] = { V1, V2, DRAFT_29, 0xff000017, 0xff00001b, 0xff000022 };

START_TEST(both_hellos_are_read_in_every_version)
{
	begin(versions[_i]);
	feed_hello();
	ck_assert(progress()->proven && !progress()->answered && !progress()->heard);
	ck_assert_uint_eq(progress()->version, versions[_i]);
	ck_assert_uint_eq(progress()->client_hellos, 1);
	expect_hello();
	feed_answer();
	ck_assert(progress()->answered && !progress()->heard && !progress()->established);
	expect_answer();
	end();
}
END_TEST

/* As Chrome does it: pieces in any order, PING and PADDING between them, over two datagrams that overtake each other. */
START_TEST(shuffled_hello_is_put_together)
{
	static const size_t cuts[] = { 0, 3, 11, 40, 41, 70, 90 };
	static const size_t order[2][3] = { { 4, 0, 2 }, { 5, 3, 1 } };
	struct wire hello = { .size = 0 }, datagrams[2] = { { .size = 0 }, { .size = 0 } };

	begin(V1);
	quic_wire_client_hello(&hello);
	for (int i = 0; i < 2; i++) {
		struct wire frames = { .size = 0 };

		for (int j = 0; j < 3; j++) {
			size_t from = cuts[order[i][j]], to = order[i][j] == 5 ? hello.size : cuts[order[i][j] + 1];

			wire_put8(&frames, 0x01);
			quic_wire_crypto(&frames, from, hello.at + from, to - from);
			wire_fill(&frames, 0, 7);
		}
		quic_wire_initial(&datagrams[i], &t.client, &frames);
	}
	feed(QUIC_CLIENT, &datagrams[1]);
	ck_assert_uint_eq(t.crypto[QUIC_CLIENT][0].size, 0);
	feed(QUIC_CLIENT, &datagrams[0]);
	feed(QUIC_CLIENT, &datagrams[1]);
	expect_hello();
	ck_assert_uint_eq(progress()->client_hellos, 2);
	ck_assert_uint_eq(progress()->client_repeats, 1);
	end();
}
END_TEST

START_TEST(packet_numbers_may_be_short_and_reserved_bits_set)
{
	struct wire frames = { .size = 0 };

	begin(V1);
	t.client.number = 0x1ff;
	t.client.number_size = 2;
	t.client.clear_fixed_bit = true;
	t.client.first_byte_extra = 0x0c;
	feed_hello();
	expect_hello();
	t.client.number_size = 1;
	quic_wire_ack(&frames, 0);
	wire_fill(&frames, 0, 30);
	feed_frames(&t.client, &frames);
	ck_assert(progress()->heard);
	ck_assert_uint_eq(progress()->client_hellos, 1);
	end();
}
END_TEST

START_TEST(what_does_not_verify_says_nothing)
{
	struct wire datagram = { .size = 0 }, answer = { .size = 0 };

	begin(V1);
	quic_wire_put_hello(&datagram, &t.client);
	datagram.at[datagram.size - 1] ^= 1;
	feed(QUIC_CLIENT, &datagram);
	ck_assert(!progress()->proven);
	ck_assert_uint_eq(t.crypto[QUIC_CLIENT][0].size, 0);
	feed_hello();
	quic_wire_put_answer(&answer, &t.server);
	answer.at[answer.size - 30] ^= 1;
	feed(QUIC_SERVER, &answer);
	ck_assert(!progress()->answered);
	ck_assert_uint_eq(t.crypto[QUIC_SERVER][0].size, 0);
	end();
}
END_TEST

START_TEST(initial_of_a_server_is_no_clients)
{
	struct wire datagram = { .size = 0 };

	begin(V1);
	quic_wire_put_answer(&datagram, &t.server);
	ck_assert(quic_looks_like_initial(cur_of(datagram.at, datagram.size, 0)));
	feed(QUIC_CLIENT, &datagram);
	ck_assert(!progress()->proven);
	end();
}
END_TEST

START_TEST(client_that_uses_its_keys_is_established)
{
	struct wire datagram = { .size = 0 }, frames = { .size = 0 }, short_only = { .size = 0 };

	begin(V1);
	feed_hello();
	feed_answer();
	quic_wire_heard(&t.client);
	t.client.suite = 0x1301;
	t.client.secret = (struct bytes){ client_secret, 32 };
	wire_fill(&frames, 0, 40);
	quic_wire_handshake(&datagram, &t.client, &frames);
	feed(QUIC_CLIENT, &datagram);
	ck_assert(progress()->heard && !progress()->established && !progress()->opened);
	wire_fill(&datagram, 0, 50); /* padding behind a packet is no packet */
	feed(QUIC_CLIENT, &datagram);
	ck_assert(!progress()->established);
	quic_wire_short(&short_only, &t.server, 40);
	feed(QUIC_SERVER, &short_only); /* the server may use its keys before */
	ck_assert(!progress()->established);
	datagram.size = 0;
	quic_wire_handshake(&datagram, &t.client, &frames);
	quic_wire_short(&datagram, &t.client, 40);
	feed(QUIC_CLIENT, &datagram);
	ck_assert(progress()->established);
	end();
}
END_TEST

/* The server's direction is not in the capture: the client shows that it was answered. */
START_TEST(one_direction_tells_of_the_answer)
{
	struct wire frames = { .size = 0 }, datagram = { .size = 0 };

	begin(V1);
	feed_hello();
	quic_wire_heard(&t.client);
	quic_wire_ack(&frames, 0);
	wire_fill(&frames, 0, 30);
	feed_frames(&t.client, &frames);
	ck_assert(progress()->heard && !progress()->answered);
	quic_wire_short(&datagram, &t.client, 40);
	feed(QUIC_CLIENT, &datagram);
	ck_assert(progress()->established);
	end();
}
END_TEST

START_TEST(secrets_open_handshake_packets)
{
	static const struct quic_events with_secrets = { .crypto = on_crypto_with_secrets, .close = on_close };
	struct wire datagram = { .size = 0 }, frames = { .size = 0 };

	begin(V1);
	quic_session_free(t.session);
	t.session = quic_session_new(&with_secrets, &t, &t.hits);
	feed_hello();
	t.server.suite = 0x1301;
	t.server.secret = (struct bytes){ server_secret, 32 };
	quic_wire_put_answer(&datagram, &t.server);
	quic_wire_crypto(&frames, 0, "EncryptedExtensions", 19);
	quic_wire_handshake(&datagram, &t.server, &frames); /* in the same datagram as the ServerHello */
	feed(QUIC_SERVER, &datagram);
	ck_assert(progress()->opened);
	ck_assert_uint_eq(t.crypto[QUIC_SERVER][1].size, 19);
	ck_assert_mem_eq(t.crypto[QUIC_SERVER][1].at, "EncryptedExtensions", 19);

	quic_wire_heard(&t.client);
	t.client.suite = 0x1301;
	t.client.secret = (struct bytes){ client_secret, 32 };
	datagram.size = frames.size = 0;
	quic_wire_close(&frames, 0x12a, "bad");
	quic_wire_handshake(&datagram, &t.client, &frames);
	feed(QUIC_CLIENT, &datagram);
	ck_assert_uint_eq(t.closes, 1);
	ck_assert_int_eq(t.close.from, QUIC_CLIENT);
	ck_assert_uint_eq(t.close.code, 0x12a);
	end();
}
END_TEST

/* ---- CONNECTION_CLOSE ---- */

START_TEST(close_of_the_server_is_told)
{
	struct wire frames = { .size = 0 };

	begin(V2);
	feed_hello();
	quic_wire_ack(&frames, 0);
	quic_wire_close(&frames, 0x178, "no ALPN");
	feed_frames(&t.server, &frames);
	ck_assert_uint_eq(t.closes, 1);
	ck_assert_int_eq(t.close.from, QUIC_SERVER);
	ck_assert(!t.close.by_application);
	ck_assert_uint_eq(t.close.code, 0x178);
	ck_assert(quic_error_is_alert(t.close.code));
	ck_assert_str_eq(t.reason, "no ALPN");
	end();
}
END_TEST

START_TEST(frames_that_make_no_sense_are_malformed)
{
	static const char *const wrong[] = { "\x08\0\0\0\0\0\0\0\0\0", "\x06\0\x41\xff\0\0\0\0\0\0", "\x02\1\1\x7f\xff\1\1\1\1\1",
					     "\x1c\1\6\x3f\1\1\1\1\1\1" };
	struct wire frames = { .size = 0 };

	begin(V1);
	feed_hello();
	wire_put(&frames, wrong[_i], 10);
	feed_frames(&t.client, &frames);
	ck_assert_uint_eq(t.malformed, 1);
	ck_assert_uint_eq(t.closes, 0);
	end();
}
END_TEST

/* ---- Retry and versions ---- */

static const uint8_t retry_name[] = { 9, 8, 7, 6, 5 };

static void after_retry(struct quic_wire_end *end)
{
	end->origin = (struct bytes){ retry_name, sizeof(retry_name) };
	if (end->side == QUIC_CLIENT) {
		end->dcid = end->origin;
		end->token = BYTES("a token");
	}
}

START_TEST(retry_changes_the_keys)
{
	struct wire retry = { .size = 0 }, late = { .size = 0 };

	begin(versions[_i]);
	feed_hello();
	quic_wire_put_hello(&late, &t.client);
	quic_wire_retry(&retry, &t.server, (struct bytes){ retry_name, sizeof(retry_name) }, "a token");
	feed(QUIC_SERVER, &retry);
	ck_assert(progress()->retried && progress()->answered);
	feed(QUIC_CLIENT, &late); /* sent before the Retry came, captured after it */
	after_retry(&t.client);
	after_retry(&t.server);
	feed_hello();
	feed_answer();
	expect_hello();
	expect_answer();
	ck_assert_uint_eq(t.restarts, 1);
	end();
}
END_TEST

START_TEST(retry_that_the_capture_lacks_is_followed)
{
	begin(V1);
	feed_hello();
	after_retry(&t.client);
	after_retry(&t.server);
	feed_hello();
	ck_assert(progress()->heard && !progress()->answered);
	feed_answer();
	expect_hello();
	expect_answer();
	ck_assert_uint_eq(t.restarts, 1);
	end();
}
END_TEST

START_TEST(forged_retry_is_passed_over)
{
	struct wire retry = { .size = 0 };

	begin(V1);
	feed_hello();
	quic_wire_retry(&retry, &t.server, (struct bytes){ retry_name, sizeof(retry_name) }, "a token");
	retry.at[retry.size - 1] ^= 1;
	feed(QUIC_SERVER, &retry);
	ck_assert(!progress()->retried && !progress()->answered);
	feed_answer();
	expect_answer();
	end();
}
END_TEST

START_TEST(version_negotiation_names_versions_and_restarts)
{
	static const uint32_t offered[] = { 0x1a2a3a4a, V2 };
	static const uint8_t second[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	struct wire negotiation = { .size = 0 };

	begin(V1);
	feed_hello();
	quic_wire_versions(&negotiation, &t.server, offered, 2);
	feed(QUIC_SERVER, &negotiation);
	ck_assert(progress()->answered && !progress()->retried);
	ck_assert_uint_eq(t.version_count, 2);
	ck_assert_uint_eq(t.versions[0], offered[0]);
	ck_assert_uint_eq(t.versions[1], offered[1]);

	t.client.version = t.server.version = V2;
	t.client.dcid = t.client.origin = t.server.origin = (struct bytes){ second, sizeof(second) };
	feed_hello();
	ck_assert_uint_eq(t.restarts, 1);
	ck_assert_uint_eq(progress()->offered_version, V1);
	ck_assert_uint_eq(progress()->version, V2);
	feed_answer();
	expect_hello();
	expect_answer();
	end();
}
END_TEST

/* aioquic does: another hello, and the connection ID of before. */
START_TEST(refused_client_may_keep_its_connection_id)
{
	static const uint32_t offered[] = { V2 };
	struct wire negotiation = { .size = 0 }, frames = { .size = 0 };

	begin(V1);
	feed_hello();
	quic_wire_versions(&negotiation, &t.server, offered, 1);
	feed(QUIC_SERVER, &negotiation);
	t.client.version = t.server.version = V2;
	quic_wire_crypto(&frames, 0, "another hello, in the other version", 35);
	feed_frames(&t.client, &frames);
	ck_assert_uint_eq(t.restarts, 1);
	ck_assert_uint_eq(t.crypto[QUIC_CLIENT][0].size, 35);
	ck_assert_uint_eq(progress()->version, V2);
	feed_answer();
	expect_answer();
	end();
}
END_TEST

START_TEST(version_negotiation_by_somebody_else_is_passed_over)
{
	static const uint32_t own[] = { V2, V1 }, other[] = { V2 };
	struct wire negotiation = { .size = 0 };
	struct quic_wire_end stranger;

	begin(V1);
	feed_hello();
	quic_wire_versions(&negotiation, &t.server, own, 2); /* lists the client's version */
	feed(QUIC_SERVER, &negotiation);
	stranger = t.server;
	stranger.origin = BYTES("blindly");
	negotiation.size = 0;
	quic_wire_versions(&negotiation, &stranger, other, 1);
	feed(QUIC_SERVER, &negotiation);
	ck_assert_uint_eq(t.version_count, 0);
	ck_assert(!progress()->answered);
	end();
}
END_TEST

/* RFC 9368 2.3: the server answers in a version of its choice, and the client goes on in that one. */
START_TEST(server_may_choose_a_compatible_version)
{
	struct wire frames = { .size = 0 };

	begin(V1);
	feed_hello();
	t.server.version = V2;
	feed_answer();
	expect_answer();
	ck_assert_uint_eq(progress()->offered_version, V1);
	ck_assert_uint_eq(progress()->version, V2);
	t.client.version = V2;
	quic_wire_heard(&t.client);
	quic_wire_ack(&frames, 0);
	wire_fill(&frames, 0, 30);
	feed_frames(&t.client, &frames);
	ck_assert(progress()->heard);
	ck_assert_uint_eq(t.restarts, 0);
	end();
}
END_TEST

/* ---- recognition ---- */

/* RFC 9000 12.2: all packets of a datagram are of one connection. */
START_TEST(packet_of_another_connection_behind_the_first_is_passed_over)
{
	struct wire frames = { .size = 0 }, datagram = { .size = 0 };
	struct quic_wire_end other;

	begin(V1);
	other = t.client;
	other.dcid = other.origin = BYTES("another");
	quic_wire_put_hello(&datagram, &t.client);
	quic_wire_close(&frames, 1, "forged");
	quic_wire_initial(&datagram, &other, &frames);
	feed(QUIC_CLIENT, &datagram);
	expect_hello();
	ck_assert_uint_eq(t.closes + t.restarts, 0);
	end();
}
END_TEST

/* What follows has the same keys. */
START_TEST(datagram_whose_first_initial_does_not_open_costs_one_try)
{
	struct wire datagram = { .size = 0 };

	begin(V1);
	quic_wire_put_hello(&datagram, &t.client);
	datagram.at[datagram.size - 1] ^= 1;
	quic_wire_put_hello(&datagram, &t.client);
	feed(QUIC_CLIENT, &datagram);
	ck_assert(!progress()->proven);
	end();
}
END_TEST

START_TEST(only_whole_initials_of_known_versions_are_looked_at)
{
	struct wire datagram = { .size = 0 };
	struct quic_wire_end client = quic_wire_client(V1);

	quic_wire_put_hello(&datagram, &client);
	ck_assert(quic_looks_like_initial(cur_of(datagram.at, datagram.size, 0)));
	ck_assert(!quic_looks_like_initial(cur_of(datagram.at, 100, datagram.size - 100)));
	datagram.at[0] ^= 0x10; /* 0-RTT */
	ck_assert(!quic_looks_like_initial(cur_of(datagram.at, datagram.size, 0)));
	datagram.at[0] ^= 0x10;
	datagram.at[4] = 9;
	ck_assert(!quic_looks_like_initial(cur_of(datagram.at, datagram.size, 0)));
	ck_assert(!quic_looks_like_initial(cur_of(NULL, 0, 0)));
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("quic");
	TCase *handshakes = tcase_create("handshakes"), *closes = tcase_create("closes"), *other = tcase_create("versions"),
	      *look = tcase_create("recognition");

	tcase_add_loop_test(handshakes, both_hellos_are_read_in_every_version, 0, 6);
	tcase_add_test(handshakes, shuffled_hello_is_put_together);
	tcase_add_test(handshakes, packet_numbers_may_be_short_and_reserved_bits_set);
	tcase_add_test(handshakes, what_does_not_verify_says_nothing);
	tcase_add_test(handshakes, initial_of_a_server_is_no_clients);
	tcase_add_test(handshakes, client_that_uses_its_keys_is_established);
	tcase_add_test(handshakes, one_direction_tells_of_the_answer);
	tcase_add_test(handshakes, secrets_open_handshake_packets);
	tcase_add_test(closes, close_of_the_server_is_told);
	tcase_add_loop_test(closes, frames_that_make_no_sense_are_malformed, 0, 4);
	tcase_add_loop_test(other, retry_changes_the_keys, 0, 3);
	tcase_add_test(other, retry_that_the_capture_lacks_is_followed);
	tcase_add_test(other, forged_retry_is_passed_over);
	tcase_add_test(other, version_negotiation_names_versions_and_restarts);
	tcase_add_test(other, refused_client_may_keep_its_connection_id);
	tcase_add_test(other, version_negotiation_by_somebody_else_is_passed_over);
	tcase_add_test(other, server_may_choose_a_compatible_version);
	tcase_add_test(look, packet_of_another_connection_behind_the_first_is_passed_over);
	tcase_add_test(look, datagram_whose_first_initial_does_not_open_costs_one_try);
	tcase_add_test(look, only_whole_initials_of_known_versions_are_looked_at);
	suite_add_tcase(suite, handshakes);
	suite_add_tcase(suite, closes);
	suite_add_tcase(suite, other);
	suite_add_tcase(suite, look);
	return suite;
}
