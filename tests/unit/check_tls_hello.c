#include "dissect/tls/hello.h"
#include "tests/support/tls_wire.h"
#include "tests/unit/suite.h"

#include <stdlib.h>

static enum cur_state read_hello(const struct wire *w, struct tls_client_hello *hello)
{
	return tls_read_client_hello(cur_of(w->at + 4, w->size - 4, 0), true, hello);
}

START_TEST(client_hello_fields)
{
	struct wire w = { .size = 0 };
	struct tls_client_hello hello;

	wire_put_client_hello(&w, OFFER_13 | OFFER_EARLY | OFFER_PSK | OFFER_TICKET);
	ck_assert_int_eq(read_hello(&w, &hello), CUR_OK);
	ck_assert_uint_eq(hello.legacy_version, TLS_1_2);
	ck_assert_uint_eq(hello.highest_version, TLS_1_3);
	ck_assert_uint_eq(hello.random[31], 0x55);
	ck_assert_uint_eq(hello.session_id.size, 2);
	ck_assert(bytes_equal(hello.server_name, BYTES("example.org")));
	ck_assert_uint_eq(hello.cipher_count, 2);
	ck_assert_uint_eq(hello.ciphers[1], 0xc02f);
	ck_assert_uint_eq(hello.group_count, 3);
	ck_assert_uint_eq(hello.groups[1], 29);
	ck_assert_uint_eq(hello.version_count, 3);
	ck_assert_uint_eq(hello.alpn_count, 2);
	ck_assert(bytes_equal(hello.alpn[1], BYTES("http/1.1")));
	ck_assert_uint_eq(hello.extension_count, 7);
	ck_assert_uint_eq(hello.extensions[6], 35);
	ck_assert(hello.has_early_data && hello.has_psk && hello.has_session_ticket && !hello.has_ech && !hello.is_ssl2);
}
END_TEST

START_TEST(fingerprints_are_made_only_for_who_wants_them)
{
	struct wire w = { .size = 0 };
	struct tls_client_hello hello;

	wire_put_client_hello(&w, OFFER_13);
	ck_assert_int_eq(tls_read_client_hello(cur_of(w.at + 4, w.size - 4, 0), false, &hello), CUR_OK);
	ck_assert_str_eq(hello.ja3, "");
	ck_assert_str_eq(hello.ja4, "");
	ck_assert(bytes_equal(hello.server_name, BYTES("example.org")));
	ck_assert_int_eq(read_hello(&w, &hello), CUR_OK);
	ck_assert_uint_eq(strlen(hello.ja3), 32);
	ck_assert_uint_eq(strlen(hello.ja4), 36);
}
END_TEST

START_TEST(every_prefix_of_a_hello_is_cut)
{
	struct wire w = { .size = 0 };
	struct tls_client_hello hello;

	wire_put_client_hello(&w, OFFER_13 | OFFER_EARLY | OFFER_PSK | OFFER_TICKET);
	for (size_t size = 0; size < w.size - 4; size++) {
		uint8_t *copy = nt_alloc(size ? size : 1);

		memcpy(copy, w.at + 4, size);
		ck_assert_int_eq(tls_read_client_hello(cur_of(copy, size, w.size - 4 - size), true, &hello), CUR_CUT);
		ck_assert_str_eq(hello.ja3, "");
		ck_assert_int_eq(tls_read_client_hello(cur_of(copy, size, 0), true, &hello), size == 45 ? CUR_OK : CUR_BAD);
		free(copy);
	}
}
END_TEST

START_TEST(wrong_extension_does_not_hide_the_others)
{
	struct wire w = { .size = 0 };
	size_t message = wire_open_message(&w, TLS_CLIENT_HELLO), block;
	struct tls_client_hello hello;

	wire_put_hello_start(&w, TLS_1_2, wire_two_ciphers);
	block = wire_open(&w, 2);
	wire_put_extension16(&w, 10, 99);
	wire_put_name(&w, "example.org");
	wire_shut(&w, block, 2);
	wire_shut(&w, message, 3);
	ck_assert_int_eq(read_hello(&w, &hello), CUR_BAD);
	ck_assert(bytes_equal(hello.server_name, BYTES("example.org")));
}
END_TEST

START_TEST(lists_beyond_what_is_kept_are_counted)
{
	struct wire w = { .size = 0 };
	size_t message = wire_open_message(&w, TLS_CLIENT_HELLO);
	uint16_t ciphers[301];
	struct tls_client_hello hello;

	for (unsigned i = 0; i < 300; i++)
		ciphers[i] = (uint16_t)(i + 1);
	ciphers[300] = 0;
	wire_put_hello_start(&w, TLS_1_2, ciphers);
	wire_shut(&w, message, 3);
	ck_assert_int_eq(read_hello(&w, &hello), CUR_OK);
	ck_assert_uint_eq(hello.cipher_count, 300);
	ck_assert_uint_eq(hello.ciphers[TLS_MAX_LIST - 1], TLS_MAX_LIST);
	ck_assert_mem_eq(hello.ja4, "t12i990000_", 11);
}
END_TEST

static const struct {
	unsigned version, draft, kept;
} server_versions[] = {
	{ TLS_1_2, 0, TLS_1_2 }, { TLS_SSL3, 0, TLS_SSL3 }, { 0x7f12, 0x7f12, TLS_1_3 }, { 0x7f0e, 0x7f0e, TLS_1_3 }
};

START_TEST(server_hello_of_drafts_has_no_session_id)
{
	struct wire w = { .size = 0 };
	struct tls_server_hello hello;
	size_t block;

	wire_put16(&w, server_versions[_i].version);
	wire_fill(&w, 0x44, 24);
	wire_put_text(&w, "DOWNGRD\x01");
	if (!server_versions[_i].draft)
		wire_put8(&w, 0);
	wire_put16(&w, 0x1302);
	if (!server_versions[_i].draft)
		wire_put8(&w, 0);
	block = wire_open(&w, 2);
	wire_put_extension16(&w, 40, 23);
	wire_shut(&w, block, 2);
	ck_assert_int_eq(tls_read_server_hello(cur_of(w.at, w.size, 0), &hello), CUR_OK);
	ck_assert_uint_eq(hello.version, server_versions[_i].kept);
	ck_assert_uint_eq(hello.draft, server_versions[_i].draft);
	ck_assert_uint_eq(hello.cipher, 0x1302);
	ck_assert_uint_eq(hello.group, 23);
	ck_assert(hello.downgrade_12 && !hello.downgrade_11);
}
END_TEST

START_TEST(retry_of_drafts_is_a_message_of_its_own)
{
	static const uint8_t draft_18[] = { 0x7f, 0x12, 0, 6, 0, 40, 0, 2, 0, 23 },
			     draft_20[] = { 0x7f, 0x14, 0x13, 0x01, 0, 6, 0, 40, 0, 2, 0, 24 };
	struct tls_server_hello hello;

	ck_assert_int_eq(tls_read_draft_retry(cur_of(draft_18, sizeof(draft_18), 0), &hello), CUR_OK);
	ck_assert(hello.is_hello_retry);
	ck_assert_uint_eq(hello.group, 23);
	ck_assert_int_eq(tls_read_draft_retry(cur_of(draft_20, sizeof(draft_20), 0), &hello), CUR_OK);
	ck_assert_uint_eq(hello.cipher, 0x1301);
	ck_assert_uint_eq(hello.group, 24);
}
END_TEST

/* ---- fingerprints: the examples that JA3 and JA4 give of themselves ---- */

static const uint16_t ja3_ciphers[] = { 47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4, 0 };
static const uint16_t ja3_bare_ciphers[] = { 4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99, 0 };

START_TEST(ja3_is_that_of_its_authors)
{
	struct wire w = { .size = 0 };
	size_t message = wire_open_message(&w, TLS_CLIENT_HELLO), block, extension;
	struct tls_client_hello hello;

	wire_put_hello_start(&w, TLS_1_0, ja3_ciphers);
	block = wire_open(&w, 2);
	wire_put_name(&w, "example.org");
	wire_put_list(&w, 10, 2, (const uint16_t[]){ 23, 24, 25, 0 });
	extension = wire_open_extension(&w, 11);
	wire_put16(&w, 0x0100);
	wire_shut(&w, extension, 2);
	wire_shut(&w, block, 2);
	wire_shut(&w, message, 3);
	ck_assert_int_eq(read_hello(&w, &hello), CUR_OK);
	ck_assert_str_eq(hello.ja3, "ada70206e40642a3e4461f35503241d5");
}
END_TEST

START_TEST(ja3_without_extensions)
{
	struct wire w = { .size = 0 };
	size_t message = wire_open_message(&w, TLS_CLIENT_HELLO);
	struct tls_client_hello hello;

	wire_put_hello_start(&w, TLS_1_0, ja3_bare_ciphers);
	wire_shut(&w, message, 3);
	ck_assert_int_eq(read_hello(&w, &hello), CUR_OK);
	ck_assert_str_eq(hello.ja3, "de350869b8c85de67a350c8d186f11e6");
	ck_assert_mem_eq(hello.ja4, "t10i110000_", 11);
	ck_assert_str_eq(hello.ja4 + 24, "000000000000");
}
END_TEST

static const uint16_t ja4_ciphers[] = { 0x4a4a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9,
					0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035, 0 };
static const uint16_t ja4_signatures[] = { 0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601, 0 };
static const uint16_t ja4_empty_extensions[] = { 0x3a3a, 0x001b, 0x0033, 0x4469, 0x0017, 0x002d, 0x000b,
						 0x0005, 0x0023, 0x0012, 0xff01, 0x0015, 0xdada, 0 };

/* An extension that must hold a list gets one that is empty. */
static void put_empty_extension(struct wire *w, unsigned type)
{
	size_t extension = wire_open_extension(w, type);

	if (type == 0x33)
		wire_put16(w, 0);
	if (type == 0x0b)
		wire_put8(w, 0);
	wire_shut(w, extension, 2);
}

static const struct {
	const char *alpn, *begin;
} ja4_cases[] = {
	{ "h2", "t13d1516h2" },   { "http/1.1", "t13d1516h1" }, { "h", "t13d1516hh" },
	{ "\xab", "t13d1516ab" }, { "0\xab", "t13d15163b" },
};

START_TEST(ja4_is_that_of_its_authors)
{
	struct wire w = { .size = 0 };
	size_t message = wire_open_message(&w, TLS_CLIENT_HELLO), block;
	struct tls_client_hello hello;

	wire_put_hello_start(&w, TLS_1_2, ja4_ciphers);
	block = wire_open(&w, 2);
	for (const uint16_t *type = ja4_empty_extensions; *type; type++)
		put_empty_extension(&w, *type);
	wire_put_name(&w, "example.org");
	wire_put_alpn(&w, ja4_cases[_i].alpn, NULL);
	wire_put_list(&w, 43, 1, (const uint16_t[]){ 0x6a6a, TLS_1_3, TLS_1_2, 0 });
	wire_put_list(&w, 13, 2, ja4_signatures);
	wire_put_list(&w, 10, 2, (const uint16_t[]){ 0x2a2a, 29, 23, 24, 0 });
	wire_shut(&w, block, 2);
	wire_shut(&w, message, 3);
	ck_assert_int_eq(read_hello(&w, &hello), CUR_OK);
	ck_assert_mem_eq(hello.ja4, ja4_cases[_i].begin, 10);
	ck_assert_str_eq(hello.ja4 + 10, "_8daaf6152771_e5627efa2ab1");
}
END_TEST

/* ---- recognition ---- */

static const struct {
	const char *name;
	struct bytes start;
	enum cur_state state;
	enum tls_side side;
} starts[] = {
	{ "nothing", BYTES(""), CUR_CUT, TLS_CLIENT },
	{ "one byte", BYTES("\x16"), CUR_CUT, TLS_CLIENT },
	{ "record header", BYTES("\x16\x03\x01\x02\x00"), CUR_CUT, TLS_CLIENT },
	{ "client hello", BYTES("\x16\x03\x01\x02\x00\x01"), CUR_OK, TLS_CLIENT },
	{ "client hello with version", BYTES("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), CUR_OK, TLS_CLIENT },
	{ "server hello", BYTES("\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03"), CUR_OK, TLS_SERVER },
	{ "server hello of a draft", BYTES("\x16\x03\x01\x00\x52\x02\x00\x00\x4e\x7f\x12"), CUR_OK, TLS_SERVER },
	{ "client hello in a tiny record", BYTES("\x16\x03\x01\x00\x01\x01\x16\x03\x01"), CUR_OK, TLS_CLIENT },
	{ "alert", BYTES("\x15\x03\x01\x00\x02\x02\x28"), CUR_OK, TLS_SERVER },
	{ "alert and another", BYTES("\x15\x03\x01\x00\x02\x01\x00\x15\x03"), CUR_OK, TLS_SERVER },
	{ "beginning of an alert", BYTES("\x15\x03\x01\x00\x02\x02"), CUR_CUT, TLS_SERVER },
	{ "SSL 2.0", BYTES("\x80\x1f\x01\x03\x01\x00\x06\x00\x00\x00\x10"), CUR_OK, TLS_CLIENT },
	{ "beginning of SSL 2.0", BYTES("\x80\x1f\x01\x03"), CUR_CUT, TLS_CLIENT },
	{ "text", BYTES("GET / HTTP/1.1"), CUR_BAD, TLS_CLIENT },
	{ "wrong major version", BYTES("\x16\x02"), CUR_BAD, TLS_CLIENT },
	{ "wrong minor version", BYTES("\x16\x03\x05\x02\x00\x01"), CUR_BAD, TLS_CLIENT },
	{ "empty record", BYTES("\x16\x03\x01\x00\x00\x01"), CUR_BAD, TLS_CLIENT },
	{ "long record", BYTES("\x16\x03\x01\x60\x00\x01"), CUR_BAD, TLS_CLIENT },
	{ "another message", BYTES("\x16\x03\x01\x02\x00\x0b"), CUR_BAD, TLS_CLIENT },
	{ "long message", BYTES("\x16\x03\x01\x02\x00\x01\x01\x00\x00\x03\x03"), CUR_BAD, TLS_CLIENT },
	{ "short message", BYTES("\x16\x03\x01\x02\x00\x01\x00\x00\x09\x03\x03"), CUR_BAD, TLS_CLIENT },
	{ "client version", BYTES("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x7f\x12"), CUR_BAD, TLS_CLIENT },
	{ "application data", BYTES("\x17\x03\x03\x00\x20\x00\x00"), CUR_BAD, TLS_CLIENT },
	{ "alert of no level", BYTES("\x15\x03\x01\x00\x02\x03\x28"), CUR_BAD, TLS_CLIENT },
	{ "alert of no name", BYTES("\x15\x03\x01\x00\x02\x02\x05"), CUR_BAD, TLS_CLIENT },
	{ "alert and text", BYTES("\x15\x03\x01\x00\x02\x02\x28Hello"), CUR_BAD, TLS_CLIENT },
	{ "encrypted alert", BYTES("\x15\x03\x03\x00\x1a\x02\x28"), CUR_BAD, TLS_CLIENT },
	{ "SSL 2.0 with other lengths", BYTES("\x80\x20\x01\x03\x01\x00\x06\x00\x00\x00\x10"), CUR_BAD, TLS_CLIENT },
	{ "SSL 2.0 with half a cipher", BYTES("\x80\x20\x01\x03\x01\x00\x07\x00\x00\x00\x10"), CUR_BAD, TLS_CLIENT },
	{ "SSL 2.0 with a long challenge", BYTES("\x80\x30\x01\x03\x01\x00\x06\x00\x00\x00\x21"), CUR_BAD, TLS_CLIENT },
	{ "SSL 2.0 with another message", BYTES("\x80\x1f\x04\x03"), CUR_BAD, TLS_CLIENT },
};

START_TEST(start_of_a_stream_is_recognised)
{
	enum tls_side side = TLS_CLIENT;
	size_t size = starts[_i].start.size;
	uint8_t *copy = nt_alloc(size ? size : 1);
	enum cur_state state;

	memcpy(copy, starts[_i].start.at, size);
	state = tls_looks_like((struct bytes){ copy, size }, &side);
	ck_assert_msg(state == starts[_i].state, "%s: %d", starts[_i].name, state);
	ck_assert_msg(state != CUR_OK || side == starts[_i].side, "%s: side %d", starts[_i].name, side);
	free(copy);
}
END_TEST

START_TEST(prefix_of_tls_is_never_refused)
{
	struct wire w = { .size = 0 };
	size_t record = wire_open_record(&w, 22);
	enum tls_side side;

	wire_put_client_hello(&w, OFFER_13);
	wire_shut(&w, record, 2);
	for (size_t size = 0; size <= w.size; size++)
		ck_assert_int_eq(tls_looks_like((struct bytes){ w.at, size }, &side), size < 6 ? CUR_CUT : CUR_OK);
}
END_TEST

/* ---- names ---- */

START_TEST(numbers_have_their_registered_names)
{
	char text[16];

	ck_assert_str_eq(tls_version_text(TLS_1_3, text), "TLS 1.3");
	ck_assert_str_eq(tls_version_text(TLS_SSL2, text), "SSL 2.0");
	ck_assert_str_eq(tls_version_text(0x7f1c, text), "0x7f1c");
	ck_assert_str_eq(tls_cipher_text(0), "TLS_NULL_WITH_NULL_NULL");
	ck_assert_str_eq(tls_cipher_text(0x1301), "TLS_AES_128_GCM_SHA256");
	ck_assert_str_eq(tls_cipher_text(0xc02f), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
	ck_assert_str_eq(tls_cipher_text(0xd005), "TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256");
	ck_assert_ptr_null(tls_cipher_text(0x0a0a));
	ck_assert_str_eq(tls_group_text(29), "x25519");
	ck_assert_str_eq(tls_group_text(4588), "X25519MLKEM768");
	ck_assert_ptr_null(tls_group_text(0x0a0a));
	ck_assert_str_eq(tls_alert_text(0), "close notify");
	ck_assert_str_eq(tls_alert_text(48), "unknown certificate authority");
	ck_assert_str_eq(tls_alert_text(121), "encrypted client hello required");
	ck_assert_ptr_null(tls_alert_text(5));
}
END_TEST

/* A table that is not sorted loses rows. */
START_TEST(no_name_is_lost)
{
	size_t ciphers = 0, groups = 0, alerts = 0;

	for (unsigned number = 0; number <= 0xffff; number++) {
		ciphers += tls_cipher_text((uint16_t)number) != NULL;
		groups += tls_group_text((uint16_t)number) != NULL;
		alerts += number < 256 && tls_alert_text((uint8_t)number) != NULL;
	}
	ck_assert_uint_eq(ciphers, 352);
	ck_assert_uint_eq(groups, 57);
	ck_assert_uint_eq(alerts, 35);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("tls-hello");
	TCase *hello = tcase_create("hello"), *print = tcase_create("fingerprint"), *look = tcase_create("recognition"),
	      *names = tcase_create("names");

	tcase_add_test(hello, fingerprints_are_made_only_for_who_wants_them);
	tcase_add_test(hello, client_hello_fields);
	tcase_add_test(hello, every_prefix_of_a_hello_is_cut);
	tcase_add_test(hello, wrong_extension_does_not_hide_the_others);
	tcase_add_test(hello, lists_beyond_what_is_kept_are_counted);
	tcase_add_loop_test(hello, server_hello_of_drafts_has_no_session_id, 0, 4);
	tcase_add_test(hello, retry_of_drafts_is_a_message_of_its_own);
	tcase_add_test(print, ja3_is_that_of_its_authors);
	tcase_add_test(print, ja3_without_extensions);
	tcase_add_loop_test(print, ja4_is_that_of_its_authors, 0, 5);
	tcase_add_loop_test(look, start_of_a_stream_is_recognised, 0, (int)(sizeof(starts) / sizeof(starts[0])));
	tcase_add_test(look, prefix_of_tls_is_never_refused);
	tcase_add_test(names, numbers_have_their_registered_names);
	tcase_add_test(names, no_name_is_lost);
	suite_add_tcase(suite, hello);
	suite_add_tcase(suite, print);
	suite_add_tcase(suite, look);
	suite_add_tcase(suite, names);
	return suite;
}
