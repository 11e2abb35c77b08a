/*
 * Compressed certificates (RFC 8879), in a handshake whose secrets are known.
 */
#include "dissect/tls/compression.h"
#include "dissect/tls/hello.h"
#include "tests/support/tls_sealer.h"
#include "tests/unit/suite.h"

#include <brotli/encode.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

enum { UNKNOWN_ALGORITHM = 0x4001, DER_SIZE = 900 };

/* ---- the sender ---- */

static struct bytes of_wire(const struct wire *w)
{
	return (struct bytes){ w->at, w->size };
}

/* The view is valid until the next call. */
static struct bytes compress_with(unsigned algorithm, struct bytes plain)
{
	static uint8_t out[40000];
	uLongf zlib_size = sizeof out;
	size_t size = sizeof out;

	if (algorithm == TLS_COMPRESSION_ZLIB) {
		ck_assert_int_eq(compress(out, &zlib_size, plain.at, plain.size), Z_OK);
		size = zlib_size;
	} else if (algorithm == TLS_COMPRESSION_BROTLI) {
		ck_assert_int_eq(BrotliEncoderCompress(BROTLI_DEFAULT_QUALITY, BROTLI_DEFAULT_WINDOW, BROTLI_DEFAULT_MODE,
						       plain.size, plain.at, &size, out),
				 BROTLI_TRUE);
	} else {
		size = ZSTD_compress(out, sizeof out, plain.at, plain.size, ZSTD_CLEVEL_DEFAULT);
		ck_assert(!ZSTD_isError(size));
	}
	return (struct bytes){ out, size };
}

/* ---- the listener ---- */

struct listener {
	char log[2000];
	unsigned compressed;
	struct limit_hits hits;
	struct tls_keylog *keylog;
	struct tls_session *session;
	struct tls_sealer sealers[2];
};

static struct listener *l;

static void note(const char *text)
{
	size_t size = strlen(l->log);

	snprintf(l->log + size, sizeof l->log - size, "%s%s", size ? " " : "", text);
}

static void on_compression(void *context, enum tls_side from, uint16_t algorithm)
{
	char text[40], name[16];

	(void)context;
	l->compressed++;
	snprintf(text, sizeof text, "%c:%s", from == TLS_CLIENT ? 'c' : 's', tls_compression_text(algorithm, name));
	note(text);
}

static void on_certificates(void *context, enum tls_side from, const struct bytes *der, size_t count, bool truncated)
{
	char text[40];

	(void)context;
	for (size_t i = 0; i < count; i++) {
		ck_assert_uint_eq(der[i].size, DER_SIZE);
		for (size_t k = 0; k < DER_SIZE; k++)
			ck_assert_uint_eq(der[i].at[k], 0x30 + i);
	}
	snprintf(text, sizeof text, "certs(%c%zu%s)", from == TLS_CLIENT ? 'c' : 's', count, truncated ? "+" : "");
	note(text);
}

static void on_status(void *context)
{
	(void)context;
	note("status");
}

static void on_malformed(void *context, enum tls_side from, const char *what)
{
	(void)context;
	(void)from;
	note(what);
}

static void on_done(void *context)
{
	(void)context;
	note("done");
}

static const struct tls_events events = { .certificates = on_certificates,
					  .certificate_status = on_status,
					  .certificate_compression = on_compression,
					  .malformed = on_malformed,
					  .handshake_done = on_done };

/* In blocks of exactly their size, and empties the wire. */
static void feed(enum tls_side from, struct wire *w, size_t slice)
{
	for (size_t at = 0; at < w->size; at += slice) {
		size_t size = w->size - at < slice ? w->size - at : slice;
		uint8_t *copy = nt_alloc(size);

		memcpy(copy, w->at + at, size);
		tls_session_feed(l->session, from, (struct bytes){ copy, size });
		free(copy);
	}
	w->size = 0;
}

static void send_sealed(enum tls_side from, struct bytes messages)
{
	static struct wire w;

	tls_sealer_put(&l->sealers[from], &w, TLS_RECORD_HANDSHAKE, messages);
	feed(from, &w, SIZE_MAX);
}

static void send_hello(enum tls_side from)
{
	static struct wire w;
	size_t record = wire_open_record(&w, TLS_RECORD_HANDSHAKE);

	if (from == TLS_CLIENT)
		wire_put_client_hello(&w, OFFER_13);
	else
		wire_put_server_hello(&w, CHOOSE_13);
	wire_shut(&w, record, 2);
	feed(from, &w, SIZE_MAX);
}

static void setup(void)
{
	l = nt_zalloc(sizeof *l);
	l->keylog = tls_sealers_init(l->sealers, &l->hits);
	l->session = tls_session_new(&events, l, &l->hits);
	tls_session_set_keylog(l->session, l->keylog);
	send_hello(TLS_CLIENT);
	send_hello(TLS_SERVER);
}

static void teardown(void)
{
	tls_session_free(l->session);
	tls_keylog_free(l->keylog);
	free(l);
}

/* ---- what is read ---- */

static const struct {
	unsigned algorithm;
	const char *server, *client;
} algorithms[] = {
	{ TLS_COMPRESSION_ZLIB, "s:zlib certs(s3) status", "c:zlib certs(c3)" },
	{ TLS_COMPRESSION_BROTLI, "s:brotli certs(s3) status", "c:brotli certs(c3)" },
	{ TLS_COMPRESSION_ZSTD, "s:zstd certs(s3) status", "c:zstd certs(c3)" },
};

enum { ALGORITHMS = sizeof algorithms / sizeof algorithms[0] };

START_TEST(compressed_certificates_of_both_sides_are_handed_out)
{
	enum tls_side from = _i < ALGORITHMS ? TLS_SERVER : TLS_CLIENT;
	unsigned algorithm = algorithms[_i % ALGORITHMS].algorithm;
	struct wire plain = { .size = 0 }, w = { .size = 0 };

	wire_put_certificates_13(&plain, 3, DER_SIZE);
	wire_put_compressed(&w, algorithm, plain.size, compress_with(algorithm, of_wire(&plain)));
	send_sealed(from, of_wire(&w));
	ck_assert_str_eq(l->log, from == TLS_SERVER ? algorithms[_i].server : algorithms[_i % ALGORITHMS].client);
}
END_TEST

START_TEST(compressed_certificate_comes_in_any_pieces)
{
	unsigned algorithm = algorithms[_i].algorithm;
	struct wire plain = { .size = 0 }, message = { .size = 0 }, w = { .size = 0 };

	wire_put_certificates_13(&plain, 3, DER_SIZE);
	wire_put_compressed(&message, algorithm, plain.size, compress_with(algorithm, of_wire(&plain)));
	for (size_t at = 0; at < message.size; at++) /* each byte in a record of its own */
		tls_sealer_put(&l->sealers[TLS_SERVER], &w, TLS_RECORD_HANDSHAKE, (struct bytes){ message.at + at, 1 });
	feed(TLS_SERVER, &w, 3);
	ck_assert_str_eq(l->log, algorithms[_i].server);
}
END_TEST

START_TEST(client_without_certificate_compresses_none)
{
	struct wire plain = { .size = 0 }, w = { .size = 0 };

	wire_put_certificates_13(&plain, 0, DER_SIZE);
	wire_put_compressed(&w, TLS_COMPRESSION_ZLIB, plain.size, compress_with(TLS_COMPRESSION_ZLIB, of_wire(&plain)));
	send_sealed(TLS_CLIENT, of_wire(&w));
	ck_assert_str_eq(l->log, "c:zlib certs(c0)");
}
END_TEST

START_TEST(compressed_certificate_in_clear_is_none)
{
	struct wire plain = { .size = 0 }, w = { .size = 0 };
	struct tls_session *session = tls_session_new(&events, l, &l->hits);
	size_t record = wire_open_record(&w, TLS_RECORD_HANDSHAKE);

	wire_put_certificates_13(&plain, 1, DER_SIZE);
	wire_put_server_hello(&w, 0);
	wire_put_compressed(&w, TLS_COMPRESSION_ZLIB, plain.size, compress_with(TLS_COMPRESSION_ZLIB, of_wire(&plain)));
	wire_shut(&w, record, 2);
	tls_session_feed(session, TLS_SERVER, of_wire(&w));
	ck_assert_str_eq(l->log, "");
	tls_session_free(session);
}
END_TEST

/* ---- what is broken ---- */

#define BROKEN "compressed Certificate that cannot be decompressed"

static void expect_broken(unsigned algorithm, const char *after)
{
	char text[16], want[200];

	snprintf(want, sizeof want, "s:%s %s", tls_compression_text((uint16_t)algorithm, text), after);
	ck_assert_str_eq(l->log, want);
}

static const struct {
	const char *name;
	int said, cut; /* bytes: too much said to be inside, and missing at the end */
	bool flipped;
} faults[] = {
	{ "content that is longer than it is said to be", -1, 0, false },
	{ "content that is shorter", 1, 0, false },
	{ "content without its end", 0, 1, false },
	{ "content of which only the begin is there", 0, 30, false },
	{ "bytes that are something else", 0, 0, true },
};

enum { FAULTS = sizeof faults / sizeof faults[0] };

START_TEST(broken_compression_is_malformed)
{
	unsigned algorithm = algorithms[_i % ALGORITHMS].algorithm;
	int fault = _i / ALGORITHMS;
	struct wire plain = { .size = 0 }, w = { .size = 0 };
	struct bytes compressed;

	wire_put_certificates_13(&plain, 2, DER_SIZE);
	compressed = compress_with(algorithm, of_wire(&plain));
	compressed.size -= (size_t)faults[fault].cut;
	if (faults[fault].flipped)
		memset((uint8_t *)(uintptr_t)compressed.at, 0xa5, compressed.size);
	wire_put_compressed(&w, algorithm, plain.size + (size_t)faults[fault].said, compressed);
	wire_put_message(&w, TLS_CERTIFICATE_VERIFY, 70);
	send_sealed(TLS_SERVER, of_wire(&w));
	w.size = 0;
	wire_put_message(&w, TLS_FINISHED, 32);
	send_sealed(TLS_CLIENT, of_wire(&w));
	expect_broken(algorithm, BROKEN " certs(s0+) done");
	ck_assert(tls_session_decrypted(l->session));
}
END_TEST

START_TEST(compressed_nonsense_is_a_certificate_with_a_wrong_length)
{
	static const uint8_t nonsense[300] = { 0, 1, 2, 3 }; /* a list longer than what is there */
	unsigned algorithm = algorithms[_i].algorithm;
	struct wire w = { .size = 0 };

	wire_put_compressed(&w, algorithm, sizeof nonsense, compress_with(algorithm, (struct bytes){ nonsense, sizeof nonsense }));
	send_sealed(TLS_SERVER, of_wire(&w));
	expect_broken(algorithm, "Certificate with a wrong length certs(s0+)");
}
END_TEST

START_TEST(empty_message_is_malformed)
{
	unsigned algorithm = algorithms[_i].algorithm;
	struct wire w = { .size = 0 };

	wire_put_compressed(&w, algorithm, 0, BYTES(""));
	send_sealed(TLS_SERVER, of_wire(&w));
	ck_assert_ptr_nonnull(strstr(l->log, "ertificate"));
	ck_assert_ptr_nonnull(strstr(l->log, "certs(s0+)"));
}
END_TEST

START_TEST(unknown_algorithm_is_told_and_not_malformed)
{
	struct wire w = { .size = 0 };

	wire_put_compressed(&w, UNKNOWN_ALGORITHM, 100, BYTES("whatever"));
	wire_put_compressed(&w, 4, 100, BYTES("whatever"));
	send_sealed(TLS_SERVER, of_wire(&w));
	ck_assert_str_eq(l->log, "s:0x4001 certs(s0+) s:0x0004 certs(s0+)");
}
END_TEST

START_TEST(hole_in_a_compressed_certificate_is_a_cut)
{
	struct wire plain = { .size = 0 }, message = { .size = 0 }, w = { .size = 0 };
	struct bytes half;

	wire_put_certificates_13(&plain, 2, DER_SIZE);
	wire_put_compressed(&message, TLS_COMPRESSION_ZLIB, plain.size, compress_with(TLS_COMPRESSION_ZLIB, of_wire(&plain)));
	half = (struct bytes){ message.at, message.size / 2 };
	send_sealed(TLS_SERVER, half);
	tls_sealer_put(&l->sealers[TLS_SERVER], &w, TLS_RECORD_HANDSHAKE,
		       (struct bytes){ message.at + half.size, message.size - half.size });
	tls_session_gap(l->session, TLS_SERVER, w.size);
	ck_assert_str_eq(l->log, "s:zlib certs(s0+)");
}
END_TEST

START_TEST(every_prefix_of_a_compressed_certificate_is_cut)
{
	struct wire w = { .size = 0 };
	struct tls_compressed_certificate message;

	wire_put_compressed(&w, TLS_COMPRESSION_ZSTD, 100, BYTES("compressed"));
	for (size_t size = 0; size < w.size - TLS_HANDSHAKE_HEADER; size++) {
		uint8_t *copy = nt_alloc(size);

		memcpy(copy, w.at + TLS_HANDSHAKE_HEADER, size);
		ck_assert_int_eq(
			tls_read_compressed_certificate(cur_of(copy, size, w.size - TLS_HANDSHAKE_HEADER - size), &message),
			CUR_CUT);
		ck_assert_uint_eq(message.algorithm, size < 2 ? 0 : TLS_COMPRESSION_ZSTD);
		ck_assert_int_eq(tls_read_compressed_certificate(cur_of(copy, size, 0), &message), CUR_BAD);
		ck_assert_uint_eq(message.compressed.size, 0);
		free(copy);
	}
}
END_TEST

/* ---- limits ---- */

START_TEST(bomb_is_not_unpacked)
{
	static uint8_t zeros[4 * LIMIT_TLS_UNCOMPRESSED_CERTIFICATE];
	unsigned algorithm = algorithms[_i].algorithm;
	struct bytes bomb = compress_with(algorithm, (struct bytes){ zeros, sizeof zeros });
	struct wire w = { .size = 0 };

	wire_put_compressed(&w, algorithm, LIMIT_TLS_UNCOMPRESSED_CERTIFICATE + 1, bomb);
	wire_put_compressed(&w, algorithm, LIMIT_TLS_UNCOMPRESSED_CERTIFICATE, bomb); /* which is not true */
	send_sealed(TLS_SERVER, of_wire(&w));
	ck_assert_uint_eq(l->hits.count[LIMIT_TLS_UNCOMPRESSED_CERTIFICATE_HIT], 1);
	ck_assert_uint_eq(l->compressed, 2);
	ck_assert_ptr_nonnull(strstr(l->log, "certs(s0+) "));
	ck_assert_ptr_nonnull(strstr(l->log, BROKEN " certs(s0+)"));
}
END_TEST

START_TEST(further_compressed_certificates_of_a_side_are_counted)
{
	struct wire plain = { .size = 0 }, w = { .size = 0 };
	struct bytes compressed;

	wire_put_certificates_13(&plain, 1, DER_SIZE);
	compressed = compress_with(TLS_COMPRESSION_BROTLI, of_wire(&plain));
	for (int i = 0; i < LIMIT_TLS_COMPRESSED_CERTIFICATES; i++)
		wire_put_compressed(&w, TLS_COMPRESSION_BROTLI, plain.size, compressed);
	send_sealed(TLS_SERVER, of_wire(&w));
	ck_assert_ptr_null(strchr(l->log, '+'));
	ck_assert_uint_eq(l->hits.count[LIMIT_TLS_COMPRESSED_CERTIFICATES_HIT], 0);
	send_sealed(TLS_SERVER, of_wire(&w));
	ck_assert_uint_eq(l->hits.count[LIMIT_TLS_COMPRESSED_CERTIFICATES_HIT], LIMIT_TLS_COMPRESSED_CERTIFICATES);
	ck_assert_uint_eq(l->compressed, 2 * LIMIT_TLS_COMPRESSED_CERTIFICATES);
	ck_assert_ptr_nonnull(strstr(l->log, "s:brotli certs(s0+)"));
	l->log[0] = 0;
	w.size = 0;
	wire_put_compressed(&w, TLS_COMPRESSION_BROTLI, plain.size, compressed);
	send_sealed(TLS_CLIENT, of_wire(&w));
	ck_assert_str_eq(l->log, "c:brotli certs(c1)");
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("tls-compressed");
	TCase *tests = tcase_create("compressed certificates");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, compressed_certificates_of_both_sides_are_handed_out, 0, 2 * ALGORITHMS);
	tcase_add_loop_test(tests, compressed_certificate_comes_in_any_pieces, 0, ALGORITHMS);
	tcase_add_test(tests, client_without_certificate_compresses_none);
	tcase_add_test(tests, compressed_certificate_in_clear_is_none);
	tcase_add_loop_test(tests, broken_compression_is_malformed, 0, FAULTS * ALGORITHMS);
	tcase_add_loop_test(tests, compressed_nonsense_is_a_certificate_with_a_wrong_length, 0, ALGORITHMS);
	tcase_add_loop_test(tests, empty_message_is_malformed, 0, ALGORITHMS);
	tcase_add_test(tests, unknown_algorithm_is_told_and_not_malformed);
	tcase_add_test(tests, hole_in_a_compressed_certificate_is_a_cut);
	tcase_add_test(tests, every_prefix_of_a_compressed_certificate_is_cut);
	tcase_add_loop_test(tests, bomb_is_not_unpacked, 0, ALGORITHMS);
	tcase_add_test(tests, further_compressed_certificates_of_a_side_are_counted);
	suite_add_tcase(suite, tests);
	return suite;
}
