/* Headers and protection of QUIC packets, by the examples of RFC 9001 A and RFC 9369 A. */
#include "tests/support/quic_wire.h"
#include "tests/unit/suite.h"

#include <ctype.h>
#include <stdlib.h>

/* ---- hexadecimal ---- */

static unsigned digit(char c)
{
	return (unsigned)(isdigit((unsigned char)c) ? c - '0' : c - 'a' + 10);
}

static void put_hex(struct wire *w, const char *hex)
{
	for (; *hex; hex += 2)
		wire_put8(w, digit(hex[0]) << 4 | digit(hex[1]));
}

static void expect_hex(const uint8_t *bytes, size_t size, const char *hex)
{
	struct wire w = { .size = 0 };

	put_hex(&w, hex);
	ck_assert_uint_eq(w.size, size);
	ck_assert_mem_eq(bytes, w.at, size);
}

/* ---- the examples ---- */

static const char client_hello[] =
	"060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c00000413011302010000"
	"c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006001d0017001800100007000504616c706e000500"
	"050100000000003300260024001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b0003"
	"020304000d0010000e0403050306030203080408050806002d00020101001c00024001003900320408ffffffffffffffff050480"
	"00ffff07048000ffff0801100104800075300901100f088394c8f03e51570806048000ffff";
static const char server_hello[] =
	"02000000000600405a020000560303eefce7f7b37ba1d1632e96677825ddf73988cfc79825df566dc5430b9a045a1200130100002e"
	"00330024001d00209d3c940d89690b84d08a60993c144eca684d1081287c834d5311bcf32bb9da1a002b00020304";

static const struct example {
	uint32_t version;
	const char *client_keys[3], *server_keys[3]; /* key, iv, hp */
	const char *client_head, *client_tag;        /* of the protected packet: up to the packet number, and the last 16 bytes */
	const char *server;                          /* the protected packet */
	const char *retry;
} examples[] = {
	{ 1,
	  { "1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c", "9f50449e04a0e810283a1e9933adedd2" },
	  { "cf3a5331653c364c88f0f379b6067e37", "0ac1493ca1905853b0bba03e", "c206b8d9b9f0f37644430b490eeaa314" },
	  "c000000001088394c8f03e5157080000449e7b9aec34",
	  "e221af44860018ab0856972e194cd934",
	  "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf73c3ec249"
	  "3a1839b3"
	  "dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c27"
	  "6456cbc4"
	  "2158407dd074ee",
	  "ff000000010008f067a5502a4262b5746f6b656e04a265ba2eff4d829058fb3f0f2496ba" },
	{ 0x6b3343cf,
	  { "8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f", "45b95e15235d6f45a6b19cbcb0294ba9" },
	  { "82db637861d55e1d011f19ea71d5d2a7", "dd13c276499c0249d3310652", "edf6d05c83121201b436e16877593c3a" },
	  "d76b3343cf088394c8f03e5157080000449ea0c95e82",
	  "a18b2faa745b6fe189cf772a9f84cbfc",
	  "dc6b3343cf0008f067a5502a4262b5004075d92faaf16f05d8a4398c47089698baeea26b91eb761d9b89237bbf87263017915358230035f7fd3945d8"
	  "8965cf17"
	  "f9af6e16886c61bfc703106fbaf3cb4cfa52382dd16a393e42757507698075b2c984c707f0a0812d8cd5a6881eaf21ceda98f4bd23f6fe1a3e2c43ed"
	  "d9ce7ca8"
	  "4bed8521e2e140",
	  "cf6b3343cf0008f067a5502a4262b5746f6b656ec8646ce8bfe33952d955543665dcc7b6" },
};

enum { EXAMPLES = sizeof(examples) / sizeof(examples[0]), FULL_CONTENT = 1162 };

static void expect_keys(const struct quic_keys *keys, const char *const hex[3])
{
	ck_assert_int_eq(keys->cipher, QUIC_AES_128_GCM);
	expect_hex(keys->key, 16, hex[0]);
	expect_hex(keys->iv, 12, hex[1]);
	expect_hex(keys->mask, 16, hex[2]);
}

static struct quic_keys initial_keys(const struct example *e, enum quic_side side)
{
	struct quic_wire_end client = quic_wire_client(e->version);
	struct quic_keys keys;

	ck_assert(quic_keys_initial(quic_version_find(e->version), client.origin, side, &keys));
	return keys;
}

START_TEST(keys_of_initial_packets_come_of_the_connection_id)
{
	const struct example *e = &examples[_i];
	struct quic_keys client = initial_keys(e, QUIC_CLIENT), server = initial_keys(e, QUIC_SERVER);

	expect_keys(&client, e->client_keys);
	expect_keys(&server, e->server_keys);
}
END_TEST

/* The only packet of a datagram, opened; *content is allocated. */
static struct bytes open_only(const struct wire *datagram, const struct quic_keys *keys, uint64_t *number, uint8_t **out)
{
	struct cursor c = cur_of(datagram->at, datagram->size, 0);
	struct quic_header header;
	struct bytes content = { NULL, 0 };

	ck_assert_int_eq(quic_read_header(&c, &header), CUR_OK);
	ck_assert_int_eq(header.type, QUIC_INITIAL);
	ck_assert_uint_eq(cur_left(&c), 0);
	*out = nt_alloc(header.protected.size);
	ck_assert(quic_open(keys, &header, 0, *out, &content, number));
	return content;
}

/* What the client of the RFC sends: sealed here, as there, and opened again.  The tag covers every byte of it. */
START_TEST(initial_of_the_client_opens)
{
	const struct example *e = &examples[_i];
	struct quic_keys keys = initial_keys(e, QUIC_CLIENT);
	struct quic_wire_end client = quic_wire_client(e->version);
	struct wire frames = { .size = 0 }, datagram = { .size = 0 };
	uint64_t number;
	uint8_t *out;
	struct bytes content;

	client.scid.size = 0;
	client.number = 2;
	put_hex(&frames, client_hello);
	wire_fill(&frames, 0, FULL_CONTENT - frames.size);
	quic_wire_initial(&datagram, &client, &frames);
	ck_assert_uint_eq(datagram.size, 1200);
	expect_hex(datagram.at, 22, e->client_head);
	expect_hex(datagram.at + 1200 - QUIC_TAG, QUIC_TAG, e->client_tag);

	content = open_only(&datagram, &keys, &number, &out);
	ck_assert_uint_eq(number, 2);
	ck_assert_uint_eq(content.size, frames.size);
	ck_assert_mem_eq(content.at, frames.at, frames.size);
	free(out);
}
END_TEST

START_TEST(initial_of_the_server_opens)
{
	const struct example *e = &examples[_i];
	struct quic_keys keys = initial_keys(e, QUIC_SERVER);
	struct wire datagram = { .size = 0 };
	uint64_t number;
	uint8_t *out;
	struct bytes content;

	put_hex(&datagram, e->server);
	content = open_only(&datagram, &keys, &number, &out);
	ck_assert_uint_eq(number, 1);
	expect_hex(content.at, content.size, server_hello);
	free(out);
}
END_TEST

START_TEST(changed_packet_does_not_open)
{
	const struct example *e = &examples[_i];
	struct quic_keys keys = initial_keys(e, QUIC_SERVER);
	struct wire datagram = { .size = 0 };
	const size_t head = 18;

	put_hex(&datagram, e->server);
	for (size_t i = 0; i < datagram.size; i++) {
		struct wire changed = datagram;
		struct cursor c;
		struct quic_header header;
		struct bytes content;
		uint64_t number;
		uint8_t out[200];

		changed.at[i] ^= 0x01;
		c = cur_of(changed.at, changed.size, 0);
		if (i > 0 && i < head && quic_read_header(&c, &header) != CUR_OK)
			continue; /* a length, or the version */
		c = cur_of(changed.at, changed.size, 0);
		ck_assert_int_eq(quic_read_header(&c, &header), CUR_OK);
		ck_assert(header.type != QUIC_INITIAL || !quic_open(&keys, &header, 0, out, &content, &number));
	}
}
END_TEST

START_TEST(retry_verifies_for_its_initial_only)
{
	const struct example *e = &examples[_i];
	struct quic_wire_end client = quic_wire_client(e->version);
	struct wire datagram = { .size = 0 };
	struct cursor c;
	struct quic_header header;

	put_hex(&datagram, e->retry);
	c = cur_of(datagram.at, datagram.size, 0);
	ck_assert_int_eq(quic_read_header(&c, &header), CUR_OK);
	ck_assert_int_eq(header.type, QUIC_RETRY);
	ck_assert_mem_eq(header.token.at, "token", 5);
	ck_assert(quic_retry_verifies(&header, client.dcid));
	ck_assert(!quic_retry_verifies(&header, client.scid));
	datagram.at[datagram.size - 20] ^= 1;
	ck_assert(!quic_retry_verifies(&header, client.dcid));
}
END_TEST

/* RFC 9001 A.5, RFC 9369 A.5 */
START_TEST(chacha20_keys_of_a_traffic_secret)
{
	static const char *const keys[2][3] = {
		{ "c6d98ff3441c3fe1b2182094f69caa2ed4b716b65488960a7a984979fb23e1c8", "e0459b3474bdd0e44a41c144",
		  "25a282b9e82f06f21f488917a4fc8f1b73573685608597d0efcb076b0ab7a7a4" },
		{ "3bfcddd72bcf02541d7fa0dd1f5f9eeea817e09a6963a0e6c7df0f9a1bab90f2", "a6b5bc6ab7dafce30ffff5dd",
		  "d659760d2ba434a226fd37b35c69e2da8211d10c4f12538787d65645d5d1b8e2" },
	};
	struct wire secret = { .size = 0 };
	struct quic_keys derived;

	put_hex(&secret, "9ac312a7f877468ebe69422748ad00a15443f18203a07d6060f688f30f21632b");
	ck_assert(quic_keys_from_secret(quic_version_find(examples[_i].version), 0x1303, (struct bytes){ secret.at, secret.size },
					&derived));
	ck_assert_int_eq(derived.cipher, QUIC_CHACHA20_POLY1305);
	expect_hex(derived.key, 32, keys[_i][0]);
	expect_hex(derived.iv, 12, keys[_i][1]);
	expect_hex(derived.mask, 32, keys[_i][2]);
}
END_TEST

START_TEST(secret_of_a_wrong_size_makes_no_keys)
{
	static const uint8_t secret[48];
	const struct quic_version *version = quic_version_find(1);
	struct quic_keys keys;

	ck_assert(quic_keys_from_secret(version, 0x1302, (struct bytes){ secret, 48 }, &keys));
	ck_assert(!quic_keys_from_secret(version, 0x1302, (struct bytes){ secret, 32 }, &keys));
	ck_assert(!quic_keys_from_secret(version, 0x1301, (struct bytes){ secret, 48 }, &keys));
	ck_assert(!quic_keys_from_secret(version, 0x1304, (struct bytes){ secret, 32 }, &keys)); /* AES-CCM */
	ck_assert_int_eq(keys.cipher, QUIC_NO_KEYS);
}
END_TEST

static const uint16_t suites[] = { 0x1301, 0x1302, 0x1303 };

START_TEST(handshake_packet_of_every_suite_opens)
{
	static const uint8_t secret[48] = { 7 };
	struct quic_wire_end server = quic_wire_server(1);
	struct wire frames = { .size = 0 }, datagram = { .size = 0 };
	struct cursor c;
	struct quic_header header;
	struct quic_keys keys;
	struct bytes content;
	uint64_t number;
	uint8_t out[200];

	server.suite = suites[_i];
	server.secret = (struct bytes){ secret, suites[_i] == 0x1302 ? 48 : 32 };
	server.number = 0x12345;
	server.number_size = 2;
	quic_wire_crypto(&frames, 0, "something", 9);
	quic_wire_handshake(&datagram, &server, &frames);
	c = cur_of(datagram.at, datagram.size, 0);
	ck_assert_int_eq(quic_read_header(&c, &header), CUR_OK);
	ck_assert_int_eq(header.type, QUIC_HANDSHAKE);
	ck_assert(quic_keys_from_secret(header.version, server.suite, server.secret, &keys));
	ck_assert(!quic_open(&keys, &header, 0, out, &content, &number)); /* too far from what is expected */
	ck_assert(quic_open(&keys, &header, 0x12300, out, &content, &number));
	ck_assert_uint_eq(number, 0x12345);
	ck_assert_uint_eq(content.size, frames.size);
	ck_assert_mem_eq(content.at, frames.at, frames.size);
}
END_TEST

/* ---- headers ---- */

START_TEST(prefix_of_a_packet_is_cut)
{
	struct quic_wire_end client = quic_wire_client(1);
	struct wire datagram = { .size = 0 };
	struct quic_header header;

	client.token = BYTES("token");
	quic_wire_put_hello(&datagram, &client);
	for (size_t size = 0; size < datagram.size; size++) {
		struct cursor cut = cur_of(datagram.at, size, datagram.size - size), whole = cur_of(datagram.at, size, 0);

		ck_assert_int_eq(quic_read_header(&cut, &header), CUR_CUT);
		ck_assert_int_eq(quic_read_header(&whole, &header), CUR_BAD);
	}
}
END_TEST

START_TEST(long_connection_id_is_refused_in_known_versions_only)
{
	struct wire datagram = { .size = 0 };
	struct cursor c;
	struct quic_header header;

	put_hex(&datagram, "c01a2a3a4a15");
	wire_fill(&datagram, 7, 21);
	put_hex(&datagram, "00ffff");
	c = cur_of(datagram.at, datagram.size, 0);
	ck_assert_int_eq(quic_read_header(&c, &header), CUR_OK);
	ck_assert_int_eq(header.type, QUIC_OTHER);
	ck_assert_uint_eq(header.dcid.size, 21);
	memcpy(datagram.at + 1, "\0\0\0\1", 4);
	c = cur_of(datagram.at, datagram.size, 0);
	ck_assert_int_eq(quic_read_header(&c, &header), CUR_BAD);
}
END_TEST

static const struct {
	const char *hex;
	uint64_t value;
} varints[] = { { "c2197c5eff14e88c", UINT64_C(151288809941952652) },
		{ "9d7f3e7d", 494878333 },
		{ "7bbd", 15293 },
		{ "25", 37 },
		{ "4025", 37 } }; /* RFC 9000 A.1 */

START_TEST(variable_length_integers)
{
	struct wire w = { .size = 0 };
	struct cursor c;

	put_hex(&w, varints[_i].hex);
	c = cur_of(w.at, w.size, 0);
	ck_assert_uint_eq(quic_read_varint(&c), varints[_i].value);
	ck_assert_uint_eq(cur_left(&c), 0);
	c = cur_of(w.at, w.size - 1, 0);
	ck_assert_uint_eq(quic_read_varint(&c), 0);
	ck_assert_int_eq(c.state, CUR_BAD);
}
END_TEST

static const struct {
	uint32_t version;
	const char *text;
	bool read;
} named[] = { { 1, "1", true },
	      { 0x6b3343cf, "2", true },
	      { 0xff00001d, "draft-29", true },
	      { 0xff000017, "draft-23", true },
	      { 0xff000022, "draft-34", true },
	      { 0xff000016, "draft-22", false },
	      { 0x51303530, "Q050", false },
	      { 0x54303531, "T051", false },
	      { 0x1a2a3a4a, "0x1a2a3a4a", false },
	      { 0xfaceb002, "0xfaceb002", false } };

START_TEST(versions_are_named_read_or_not)
{
	char text[16];

	ck_assert_str_eq(quic_version_text(named[_i].version, text), named[_i].text);
	ck_assert_int_eq(quic_version_find(named[_i].version) != NULL, named[_i].read);
}
END_TEST

START_TEST(errors_have_their_registered_names)
{
	ck_assert_str_eq(quic_error_text(0x02), "CONNECTION_REFUSED");
	ck_assert_str_eq(quic_error_text(0x10), "NO_VIABLE_PATH");
	ck_assert_str_eq(quic_error_text(0x178), "CRYPTO_ERROR");
	ck_assert_ptr_null(quic_error_text(0x12));
	ck_assert_ptr_null(quic_error_text(0x200));
}
END_TEST

/* ---- the order of CRYPTO frames ---- */

static void drain(struct quic_stream *stream, struct wire *out)
{
	struct bytes piece;

	while ((piece = quic_stream_next(stream)).size > 0)
		wire_put(out, piece.at, piece.size);
}

/* Each letter of the alphabet at its place, in pieces that overlap, come twice, and come in any order. */
START_TEST(pieces_are_put_in_order)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz";
	struct quic_stream stream = { 0 };
	struct wire got = { .size = 0 };
	uint64_t random = (uint64_t)_i * 7919 + 1;

	for (int i = 0; i < 400; i++) {
		size_t at, size;

		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		at = random >> 33 & 31;
		size = random >> 45 & 7;
		if (at + size > 26)
			continue;
		quic_stream_add(&stream, at, (struct bytes){ (const uint8_t *)alphabet + at, size }, NULL);
		drain(&stream, &got);
		ck_assert_mem_eq(got.at, alphabet, got.size);
	}
	ck_assert_uint_eq(got.size, 26);
	ck_assert_uint_eq(stream.held_count, 0);
	quic_stream_clear(&stream);
}
END_TEST

START_TEST(first_copy_of_a_byte_wins)
{
	struct quic_stream stream = { 0 };
	struct wire got = { .size = 0 };

	quic_stream_add(&stream, 3, BYTES("DEF"), NULL);
	quic_stream_add(&stream, 0, BYTES("abcdefgh"), NULL);
	drain(&stream, &got);
	ck_assert_uint_eq(got.size, 8);
	ck_assert_mem_eq(got.at, "abcDEFgh", 8);
	quic_stream_clear(&stream);
}
END_TEST

START_TEST(what_waits_for_a_hole_is_bounded)
{
	static const uint8_t bytes[LIMIT_QUIC_CRYPTO];
	struct quic_stream stream = { 0 };
	struct limit_hits hits = { { 0 } };

	quic_stream_add(&stream, 1, (struct bytes){ bytes, sizeof(bytes) }, &hits);
	ck_assert_uint_eq(hits.count[LIMIT_QUIC_CRYPTO_HIT], 0);
	quic_stream_add(&stream, 1 + sizeof(bytes), (struct bytes){ bytes, 1 }, &hits);
	ck_assert_uint_eq(hits.count[LIMIT_QUIC_CRYPTO_HIT], 1);
	ck_assert_uint_eq(stream.held_bytes, sizeof(bytes));
	quic_stream_clear(&stream);

	for (unsigned i = 0; i < LIMIT_QUIC_PIECES + 3; i++)
		quic_stream_add(&stream, 2 * i + 1, (struct bytes){ bytes, 1 }, &hits);
	ck_assert_uint_eq(hits.count[LIMIT_QUIC_PIECES_HIT], 3);
	ck_assert_uint_eq(stream.held_count, LIMIT_QUIC_PIECES);
	quic_stream_clear(&stream);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("quic-packets");
	TCase *protection = tcase_create("protection"), *headers = tcase_create("headers"), *order = tcase_create("order");

	tcase_add_loop_test(protection, keys_of_initial_packets_come_of_the_connection_id, 0, EXAMPLES);
	tcase_add_loop_test(protection, initial_of_the_client_opens, 0, EXAMPLES);
	tcase_add_loop_test(protection, initial_of_the_server_opens, 0, EXAMPLES);
	tcase_add_loop_test(protection, changed_packet_does_not_open, 0, EXAMPLES);
	tcase_add_loop_test(protection, retry_verifies_for_its_initial_only, 0, EXAMPLES);
	tcase_add_loop_test(protection, chacha20_keys_of_a_traffic_secret, 0, EXAMPLES);
	tcase_add_test(protection, secret_of_a_wrong_size_makes_no_keys);
	tcase_add_loop_test(protection, handshake_packet_of_every_suite_opens, 0, 3);
	tcase_add_test(headers, prefix_of_a_packet_is_cut);
	tcase_add_test(headers, long_connection_id_is_refused_in_known_versions_only);
	tcase_add_loop_test(headers, variable_length_integers, 0, (int)(sizeof(varints) / sizeof(varints[0])));
	tcase_add_loop_test(headers, versions_are_named_read_or_not, 0, (int)(sizeof(named) / sizeof(named[0])));
	tcase_add_test(headers, errors_have_their_registered_names);
	tcase_add_loop_test(order, pieces_are_put_in_order, 0, 20);
	tcase_add_test(order, first_copy_of_a_byte_wins);
	tcase_add_test(order, what_waits_for_a_hole_is_bounded);
	suite_add_tcase(suite, protection);
	suite_add_tcase(suite, headers);
	suite_add_tcase(suite, order);
	return suite;
}
