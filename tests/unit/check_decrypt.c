#include "dissect/tls/decryptor.h"
#include "tests/unit/suite.h"

#include <openssl/hmac.h>
#include <stdlib.h>

/* ---- the other end: seals records with the keys that are to be undone ---- */

struct sealer {
	uint16_t version, cipher;
	bool encrypt_then_mac, truncated_hmac;
	struct tls_suite suite;
	struct tls_keys keys;
	struct tls_decryptor *legacy; /* keeps the provider loaded */
	EVP_CIPHER_CTX *stream;
	uint64_t sequence;
	uint8_t chain[16];
};

struct record {
	uint8_t header[TLS_RECORD_HEADER];
	uint8_t body[700];
	size_t size;
};

static const struct tls_secret master = { .bytes = { 1, 2, 3 }, .size = 48 };
static const struct tls_secret traffic = { .bytes = { 4, 5, 6 }, .size = 32 }, traffic_384 = { .bytes = { 7, 8 }, .size = 48 };
static const uint8_t client_random[32] = { 0xc1 }, server_random[32] = { 0x5e };

static const struct tls_secret *traffic_of(uint16_t cipher)
{
	return cipher == 0x1302 ? &traffic_384 : &traffic;
}

static struct tls_decryptor *decryptor_new(const struct sealer *s, enum tls_side from)
{
	if (s->version == TLS_1_3)
		return tls_decryptor_new_13(s->cipher, traffic_of(s->cipher));
	return tls_decryptor_new_12(s->version, s->cipher, &master, client_random, server_random, from, s->encrypt_then_mac,
				    s->truncated_hmac);
}

static void sealer_init(struct sealer *s)
{
	ck_assert(tls_suite_find(s->version, s->cipher, &s->suite));
	s->legacy = decryptor_new(s, TLS_CLIENT);
	ck_assert_ptr_nonnull(s->legacy);
	if (s->version == TLS_1_3)
		ck_assert(tls_keys_derive_13(&s->suite, traffic_of(s->cipher), &s->keys));
	else
		ck_assert(tls_keys_derive_12(&s->suite, &master, client_random, server_random, TLS_CLIENT, &s->keys));
	memcpy(s->chain, s->keys.iv, 16);
}

static void sealer_clear(struct sealer *s)
{
	EVP_CIPHER_CTX_free(s->stream);
	tls_decryptor_free(s->legacy);
}

static void set_header(struct record *record, uint8_t type, uint16_t version, size_t size)
{
	record->header[0] = type;
	record->header[1] = (uint8_t)(version >> 8);
	record->header[2] = (uint8_t)version;
	record->header[3] = (uint8_t)(size >> 8);
	record->header[4] = (uint8_t)size;
}

/* sequence number, type, version, length, and what the MAC covers */
static size_t put_mac(const struct sealer *s, const struct record *record, const uint8_t *covered, size_t size, uint8_t *out)
{
	uint8_t text[1000], mac[EVP_MAX_MD_SIZE];
	unsigned mac_size;

	tls_put_u64(text, s->sequence);
	memcpy(text + 8, record->header, 3);
	text[11] = (uint8_t)(size >> 8);
	text[12] = (uint8_t)size;
	memcpy(text + 13, covered, size);
	HMAC(EVP_get_digestbyname(s->suite.mac_hash), s->keys.mac, (int)s->suite.mac_size, text, 13 + size, mac, &mac_size);
	mac_size = s->truncated_hmac ? 10 : mac_size;
	memcpy(out, mac, mac_size);
	return mac_size;
}

static size_t encrypt(const struct sealer *s, EVP_CIPHER_CTX *context, const uint8_t *iv, uint8_t *bytes, size_t size)
{
	int done;

	if (!s->suite.cipher)
		return size;
	if (iv) {
		EVP_EncryptInit_ex2(context, s->legacy->cipher, s->keys.key, iv, NULL);
		EVP_CIPHER_CTX_set_padding(context, 0);
	}
	ck_assert_int_eq(EVP_EncryptUpdate(context, bytes, &done, bytes, (int)size), 1);
	return size;
}

static void seal_stream(struct sealer *s, struct record *record, const void *content, size_t size)
{
	memcpy(record->body, content, size);
	record->size = size + put_mac(s, record, content, size, record->body + size);
	if (!s->stream && s->suite.cipher) {
		s->stream = EVP_CIPHER_CTX_new();
		EVP_EncryptInit_ex2(s->stream, s->legacy->cipher, s->keys.key, NULL, NULL);
	}
	encrypt(s, s->stream, NULL, record->body, record->size);
}

static void seal_cbc(struct sealer *s, struct record *record, const void *content, size_t size)
{
	const size_t block = s->suite.iv_size, sent = s->version >= TLS_1_1 ? block : 0;
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	uint8_t *at = record->body + sent;
	size_t padding;

	if (sent)
		memset(s->chain, (int)s->sequence + 1, block);
	memcpy(record->body, s->chain, sent);
	memcpy(at, content, size);
	if (!s->encrypt_then_mac)
		size += put_mac(s, record, content, size, at + size);
	padding = block - size % block;
	memset(at + size, (int)padding - 1, padding);
	encrypt(s, context, s->chain, at, size + padding);
	record->size = sent + size + padding;
	memcpy(s->chain, record->body + record->size - block, block);
	if (s->encrypt_then_mac)
		record->size += put_mac(s, record, record->body, record->size, record->body + record->size);
	EVP_CIPHER_CTX_free(context);
}

static void seal_aead(struct sealer *s, struct record *record, const uint8_t *nonce, const uint8_t *aad, size_t aad_size,
		      uint8_t *at, size_t size)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int done;

	EVP_EncryptInit_ex2(context, s->legacy->cipher, NULL, NULL, NULL);
	EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, 12, NULL);
	if (s->suite.protection == TLS_PROTECT_CCM)
		EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, (int)s->suite.tag_size, NULL);
	EVP_EncryptInit_ex2(context, NULL, s->keys.key, nonce, NULL);
	if (s->suite.protection == TLS_PROTECT_CCM)
		EVP_EncryptUpdate(context, NULL, &done, NULL, (int)size);
	EVP_EncryptUpdate(context, NULL, &done, aad, (int)aad_size);
	EVP_EncryptUpdate(context, at, &done, at, (int)size);
	EVP_EncryptFinal_ex(context, at + size, &done);
	ck_assert_int_eq(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, (int)s->suite.tag_size, at + size), 1);
	EVP_CIPHER_CTX_free(context);
	record->size = (size_t)(at - record->body) + size + s->suite.tag_size;
}

static void seal_aead_12(struct sealer *s, struct record *record, const void *content, size_t size)
{
	const size_t sent = 12 - s->suite.iv_size;
	uint8_t nonce[12], aad[13];

	memset(record->body, 0x77, sent);
	memcpy(nonce, s->keys.iv, s->suite.iv_size);
	memcpy(nonce + s->suite.iv_size, record->body, sent);
	if (!sent)
		tls_nonce_mix(s->keys.iv, s->sequence, nonce);
	tls_put_u64(aad, s->sequence);
	memcpy(aad + 8, record->header, 3);
	aad[11] = (uint8_t)(size >> 8);
	aad[12] = (uint8_t)size;
	memcpy(record->body + sent, content, size);
	seal_aead(s, record, nonce, aad, sizeof(aad), record->body + sent, size);
}

/* `zeros`: padding behind the type */
static void seal_13(struct sealer *s, struct record *record, uint8_t type, const void *content, size_t size, size_t zeros)
{
	uint8_t nonce[12];

	memcpy(record->body, content, size);
	record->body[size] = type;
	memset(record->body + size + 1, 0, zeros);
	set_header(record, TLS_RECORD_APPLICATION_DATA, TLS_1_2, size + 1 + zeros + s->suite.tag_size);
	tls_nonce_mix(s->keys.iv, s->sequence++, nonce);
	seal_aead(s, record, nonce, record->header, TLS_RECORD_HEADER, record->body, size + 1 + zeros);
}

static void seal(struct sealer *s, struct record *record, const void *content, size_t size)
{
	if (s->version == TLS_1_3) {
		seal_13(s, record, TLS_RECORD_APPLICATION_DATA, content, size, 0);
		return;
	}
	set_header(record, TLS_RECORD_APPLICATION_DATA, s->version, 0);
	if (s->suite.protection >= TLS_PROTECT_GCM)
		seal_aead_12(s, record, content, size);
	else if (s->suite.protection == TLS_PROTECT_CBC)
		seal_cbc(s, record, content, size);
	else
		seal_stream(s, record, content, size);
	s->sequence++;
	set_header(record, TLS_RECORD_APPLICATION_DATA, s->version, record->size);
}

/* ---- opening ---- */

static const char words[] = "what was said in confidence, and some more of it";

/* Body and output are blocks of exactly their size.  True if it verified; then the content is `want`. */
static bool opens(struct tls_decryptor *decryptor, const struct record *record, unsigned skip_max, const char *want)
{
	uint8_t *body = nt_alloc(record->size), *out = nt_alloc(record->size);
	struct bytes content;
	uint8_t type;
	bool opened;

	memcpy(body, record->body, record->size);
	opened =
		tls_decryptor_open(decryptor, record->header, (struct bytes){ body, record->size }, skip_max, out, &content, &type);
	if (opened) {
		ck_assert(bytes_equal(content, bytes_of(want)));
		ck_assert_int_eq(type, TLS_RECORD_APPLICATION_DATA);
	}
	free(body);
	free(out);
	return opened;
}

static const struct sealer suites[] = {
	{ .version = TLS_1_3, .cipher = 0x1301 },
	{ .version = TLS_1_3, .cipher = 0x1302 },
	{ .version = TLS_1_3, .cipher = 0x1303 },
	{ .version = TLS_1_3, .cipher = 0x1304 },
	{ .version = TLS_1_3, .cipher = 0x1305 },
	{ .version = TLS_1_2, .cipher = 0xc02f },                           /* AES-128-GCM */
	{ .version = TLS_1_2, .cipher = 0xc0a1 },                           /* AES-256-CCM-8 */
	{ .version = TLS_1_2, .cipher = 0xcca8 },                           /* CHACHA20-POLY1305 */
	{ .version = TLS_1_2, .cipher = 0xc060 },                           /* ARIA-128-GCM */
	{ .version = TLS_1_2, .cipher = 0xc028 },                           /* AES-256-CBC, SHA384 */
	{ .version = TLS_1_2, .cipher = 0x002f, .encrypt_then_mac = true }, /* AES-128-CBC, SHA */
	{ .version = TLS_1_2, .cipher = 0x002f, .truncated_hmac = true },   /* the same */
	{ .version = TLS_1_2, .cipher = 0x003b },                           /* NULL, SHA256 */
	{ .version = TLS_1_1, .cipher = 0x000a },                           /* 3DES, SHA */
	{ .version = TLS_1_0, .cipher = 0x000a },                           /* the same */
	{ .version = TLS_1_0, .cipher = 0x0035, .encrypt_then_mac = true }, /* AES-256-CBC, SHA */
	{ .version = TLS_1_0, .cipher = 0x0004 },                           /* RC4, MD5 */
	{ .version = TLS_1_2, .cipher = 0x0005 },                           /* RC4, SHA */
	{ .version = TLS_1_0, .cipher = 0x0009 },                           /* DES */
	{ .version = TLS_1_1, .cipher = 0x0096 },                           /* SEED */
	{ .version = TLS_1_0, .cipher = 0x0001, .truncated_hmac = true },   /* NULL, MD5 */
};

enum { SUITE_COUNT = sizeof(suites) / sizeof(suites[0]) };

static struct sealer sealer_of(int row)
{
	struct sealer s = suites[row];

	sealer_init(&s);
	return s;
}

/* A record that fails leaves its mark on these: they lose their place. */
static bool keeps_state(const struct sealer *s)
{
	return s->suite.protection != TLS_PROTECT_STREAM && !(s->suite.protection == TLS_PROTECT_CBC && s->version == TLS_1_0);
}

START_TEST(records_of_a_suite_open_in_turn)
{
	struct sealer s = sealer_of(_i);
	struct tls_decryptor *decryptor = decryptor_new(&s, TLS_CLIENT);
	struct record record;

	for (int i = 0; i < 5; i++) {
		seal(&s, &record, words + i, sizeof(words) - 1 - (size_t)i);
		ck_assert(opens(decryptor, &record, 0, words + i));
	}
	tls_decryptor_free(decryptor);
	sealer_clear(&s);
}
END_TEST

START_TEST(record_opens_in_place)
{
	struct sealer s = sealer_of(_i);
	struct tls_decryptor *decryptor = decryptor_new(&s, TLS_CLIENT);
	struct record record;
	struct bytes content;
	uint8_t type;

	seal(&s, &record, words, sizeof(words) - 1);
	ck_assert(tls_decryptor_open(decryptor, record.header, (struct bytes){ record.body, record.size }, 0, record.body, &content,
				     &type));
	ck_assert(bytes_equal(content, bytes_of(words)));
	tls_decryptor_free(decryptor);
	sealer_clear(&s);
}
END_TEST

START_TEST(other_direction_or_secret_does_not_open)
{
	struct sealer s = sealer_of(_i);
	struct tls_secret other = s.version == TLS_1_3 ? *traffic_of(s.cipher) : master;
	struct tls_decryptor *wrong;
	struct record record;

	other.bytes[31] ^= 1;
	seal(&s, &record, words, sizeof(words) - 1);
	wrong = s.version == TLS_1_3 ? tls_decryptor_new_13(s.cipher, &other) : decryptor_new(&s, TLS_SERVER);
	ck_assert(!opens(wrong, &record, 3, words));
	tls_decryptor_free(wrong);
	sealer_clear(&s);
}
END_TEST

START_TEST(changed_bit_does_not_verify)
{
	struct sealer s = sealer_of(_i);
	struct record record;

	seal(&s, &record, words, sizeof(words) - 1);
	for (size_t bit = 0; bit < 8 * record.size; bit += 3) {
		struct tls_decryptor *decryptor = decryptor_new(&s, TLS_CLIENT);
		struct record changed = record;

		changed.body[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_msg(!opens(decryptor, &changed, 0, words), "bit %zu", bit);
		ck_assert_msg(!keeps_state(&s) || opens(decryptor, &record, 0, words), "after bit %zu", bit);
		tls_decryptor_free(decryptor);
	}
	record.header[0] ^= 1;
	ck_assert(!opens(s.legacy, &record, 0, words));
	sealer_clear(&s);
}
END_TEST

START_TEST(prefix_of_a_record_does_not_verify)
{
	struct sealer s = sealer_of(_i);
	struct tls_decryptor *decryptor = decryptor_new(&s, TLS_CLIENT);
	struct record record;

	seal(&s, &record, words, sizeof(words) - 1);
	while (record.size > 0) {
		record.size--;
		ck_assert(!opens(decryptor, &record, 2, words));
	}
	tls_decryptor_free(decryptor);
	sealer_clear(&s);
}
END_TEST

START_TEST(missed_records_are_skipped_as_far_as_allowed)
{
	struct sealer s = sealer_of(_i);
	struct tls_decryptor *decryptor = decryptor_new(&s, TLS_CLIENT);
	struct record record;
	const bool chained = s.suite.protection == TLS_PROTECT_CBC && s.version == TLS_1_0;

	seal(&s, &record, words, sizeof(words) - 1);
	ck_assert(opens(decryptor, &record, 5, words));
	for (int i = 0; i < 7; i++)
		seal(&s, &record, words, sizeof(words) - 1);
	if (s.suite.protection != TLS_PROTECT_STREAM) {
		ck_assert(!opens(decryptor, &record, 5, words));
		ck_assert(opens(decryptor, &record, 6, words) == !chained);
		seal(&s, &record, words + 1, sizeof(words) - 2);
		ck_assert(opens(decryptor, &record, chained ? 7 : 0, words + 1)); /* the next one has its IV */
	}
	tls_decryptor_free(decryptor);
	sealer_clear(&s);
}
END_TEST

/* ---- TLS 1.3 ---- */

START_TEST(padding_hides_no_type)
{
	struct sealer s = sealer_of(0);
	struct tls_decryptor *decryptor = decryptor_new(&s, TLS_CLIENT);
	struct record record;
	struct bytes content;
	uint8_t out[700], type;

	for (size_t zeros = 0; zeros < 40; zeros += 13) {
		seal_13(&s, &record, TLS_RECORD_ALERT, "\x01\x00", 2, zeros);
		ck_assert(tls_decryptor_open(decryptor, record.header, (struct bytes){ record.body, record.size }, 0, out, &content,
					     &type));
		ck_assert_int_eq(type, TLS_RECORD_ALERT);
		ck_assert(bytes_equal(content, BYTES("\x01\x00")));
	}
	seal_13(&s, &record, 0, "", 0, 5);
	ck_assert(
		tls_decryptor_open(decryptor, record.header, (struct bytes){ record.body, record.size }, 0, out, &content, &type));
	ck_assert_int_eq(type, 0);
	ck_assert_uint_eq(content.size, 0);
	tls_decryptor_free(decryptor);
	sealer_clear(&s);
}
END_TEST

START_TEST(update_gives_the_next_generation)
{
	struct sealer s = sealer_of(_i);
	struct tls_decryptor *decryptor = decryptor_new(&s, TLS_CLIENT);
	struct tls_secret secret = *traffic_of(s.cipher);
	struct record record;

	for (int i = 0; i < 3; i++) {
		seal(&s, &record, words, sizeof(words) - 1);
		ck_assert(opens(decryptor, &record, 0, words));
		ck_assert(tls_secret_update(&s.suite, &secret));
		ck_assert(tls_keys_derive_13(&s.suite, &secret, &s.keys));
		s.sequence = 0;
		tls_decryptor_update(decryptor);
	}
	tls_decryptor_free(decryptor);
	sealer_clear(&s);
}
END_TEST

/* RFC 8448 3: {server} derive write traffic keys for handshake data */
START_TEST(traffic_keys_are_those_of_the_rfc)
{
	static const struct tls_secret secret = { .bytes = { 0xb6, 0x7b, 0x7d, 0x69, 0x0c, 0xc1, 0x6c, 0x4e, 0x75, 0xe5, 0x42,
							     0x13, 0xcb, 0x2d, 0x37, 0xb4, 0xe9, 0xc9, 0x12, 0xbc, 0xde, 0xd9,
							     0x10, 0x5d, 0x42, 0xbe, 0xfd, 0x59, 0xd3, 0x91, 0xad, 0x38 },
						  .size = 32 };
	static const uint8_t key[16] = { 0x3f, 0xce, 0x51, 0x60, 0x09, 0xc2, 0x17, 0x27,
					 0xd0, 0xf2, 0xe4, 0xe8, 0x6e, 0xe4, 0x03, 0xbc };
	static const uint8_t iv[12] = { 0x5d, 0x31, 0x3e, 0xb2, 0x67, 0x12, 0x76, 0xee, 0x13, 0x00, 0x0b, 0x30 };
	struct tls_suite suite;
	struct tls_keys keys;

	ck_assert(tls_suite_find(TLS_1_3, 0x1301, &suite));
	ck_assert(tls_keys_derive_13(&suite, &secret, &keys));
	ck_assert_mem_eq(keys.key, key, sizeof(key));
	ck_assert_mem_eq(keys.iv, iv, sizeof(iv));
}
END_TEST

/* ---- what cannot be undone ---- */

static const struct {
	uint16_t version, cipher;
} unsupported[] = {
	{ TLS_1_3, 0xc02f },  /* a suite of TLS 1.2 */
	{ TLS_1_2, 0x1301 },  /* of TLS 1.3 */
	{ TLS_1_1, 0xc02f },  /* AEAD before TLS 1.2 */
	{ TLS_1_2, 0x0000 },  /* NULL with NULL */
	{ TLS_1_0, 0x0003 },  /* export, RC4 with 40 bits */
	{ TLS_1_0, 0x0062 },  /* export, DES */
	{ TLS_1_2, 0xc086 },  /* Camellia GCM, which OpenSSL does not have */
	{ TLS_1_3, 0x1306 },  /* AEGIS */
	{ TLS_1_2, 0xfefe },  /* no suite */
	{ TLS_SSL3, 0x002f }, /* another MAC and another key schedule */
};

START_TEST(unsupported_suite_is_told)
{
	uint16_t version = unsupported[_i].version, cipher = unsupported[_i].cipher;

	if (version == TLS_1_3)
		ck_assert_ptr_null(tls_decryptor_new_13(cipher, &traffic));
	else
		ck_assert_ptr_null(
			tls_decryptor_new_12(version, cipher, &master, client_random, server_random, TLS_CLIENT, false, false));
}
END_TEST

START_TEST(secret_of_another_hash_is_refused)
{
	ck_assert_ptr_null(tls_decryptor_new_13(0x1301, &traffic_384));
	ck_assert_ptr_null(tls_decryptor_new_13(0x1302, &traffic));
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("decrypt");
	TCase *tests = tcase_create("records");

	tcase_add_loop_test(tests, records_of_a_suite_open_in_turn, 0, SUITE_COUNT);
	tcase_add_loop_test(tests, record_opens_in_place, 0, SUITE_COUNT);
	tcase_add_loop_test(tests, other_direction_or_secret_does_not_open, 0, SUITE_COUNT);
	tcase_add_loop_test(tests, changed_bit_does_not_verify, 0, SUITE_COUNT);
	tcase_add_loop_test(tests, prefix_of_a_record_does_not_verify, 0, SUITE_COUNT);
	tcase_add_loop_test(tests, missed_records_are_skipped_as_far_as_allowed, 0, SUITE_COUNT);
	tcase_add_test(tests, padding_hides_no_type);
	tcase_add_loop_test(tests, update_gives_the_next_generation, 0, 5);
	tcase_add_test(tests, traffic_keys_are_those_of_the_rfc);
	tcase_add_loop_test(tests, unsupported_suite_is_told, 0, (int)(sizeof(unsupported) / sizeof(unsupported[0])));
	tcase_add_test(tests, secret_of_another_hash_is_refused);
	suite_add_tcase(suite, tests);
	return suite;
}
