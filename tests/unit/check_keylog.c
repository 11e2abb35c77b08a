#include "dissect/tls/keylog.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- builders ---- */

static void put_hex(char *out, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static void make_random(uint8_t random[32], unsigned number)
{
	memset(random, 0, 32);
	memcpy(random + 28, &number, sizeof(number));
}

/* One line without its end; the secret is made of one byte. */
static char *line_of(const char *label, unsigned number, unsigned secret, size_t size)
{
	static char line[400];
	uint8_t random[32], bytes[100];
	char random_text[65], secret_text[201] = "";

	make_random(random, number);
	memset(bytes, (int)secret, sizeof(bytes));
	put_hex(random_text, random, 32);
	put_hex(secret_text, bytes, size);
	snprintf(line, sizeof(line), "%s %s %s", label, random_text, secret_text);
	return line;
}

static struct tls_keylog *keylog;
static struct limit_hits hits;

static void open_log(void)
{
	memset(&hits, 0, sizeof(hits));
	keylog = tls_keylog_new(7, &hits);
}

static void close_log(void)
{
	tls_keylog_free(keylog);
}

/* In a block of exactly its size. */
static void add(const char *text)
{
	size_t size = strlen(text);
	uint8_t *copy = nt_alloc(size);

	memcpy(copy, text, size);
	tls_keylog_add(keylog, (struct bytes){ copy, size });
	free(copy);
}

/* The byte that the secret is made of, -1 if it is not known. */
static int find(unsigned number, enum tls_secret_label label, size_t size)
{
	uint8_t random[32];
	struct tls_secret secret;

	make_random(random, number);
	if (!tls_keylog_find(keylog, random, label, &secret)) {
		ck_assert_uint_eq(secret.size, 0);
		return -1;
	}
	ck_assert_uint_eq(secret.size, size);
	for (size_t i = 0; i < size; i++)
		ck_assert_uint_eq(secret.bytes[i], secret.bytes[0]);
	return secret.bytes[0];
}

/* ---- lines ---- */

static const struct {
	const char *name;
	size_t size;
	enum tls_secret_label label;
} labels[] = {
	{ "CLIENT_RANDOM", 48, TLS_SECRET_MASTER },
	{ "CLIENT_EARLY_TRAFFIC_SECRET", 32, TLS_SECRET_CLIENT_EARLY_TRAFFIC },
	{ "CLIENT_HANDSHAKE_TRAFFIC_SECRET", 48, TLS_SECRET_CLIENT_HANDSHAKE_TRAFFIC },
	{ "SERVER_HANDSHAKE_TRAFFIC_SECRET", 32, TLS_SECRET_SERVER_HANDSHAKE_TRAFFIC },
	{ "CLIENT_TRAFFIC_SECRET_0", 48, TLS_SECRET_CLIENT_TRAFFIC_0 },
	{ "SERVER_TRAFFIC_SECRET_0", 64, TLS_SECRET_SERVER_TRAFFIC_0 },
};

START_TEST(secret_is_found_under_its_label)
{
	add(line_of(labels[_i].name, 1, 0xa5, labels[_i].size));
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		ck_assert_int_eq(find(1, labels[i].label, labels[i].size), i == (size_t)_i ? 0xa5 : -1);
	ck_assert_int_eq(find(2, labels[_i].label, 0), -1);
	ck_assert_uint_eq(tls_keylog_connections(keylog), 1);
	ck_assert_uint_eq(tls_keylog_malformed(keylog), 0);
}
END_TEST

START_TEST(secrets_of_a_connection_stand_side_by_side)
{
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		add(line_of(labels[i].name, 1, (unsigned)i, labels[i].size));
		add(line_of(labels[i].name, 2, (unsigned)i + 100, labels[i].size));
	}
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		ck_assert_int_eq(find(1, labels[i].label, labels[i].size), (int)i);
		ck_assert_int_eq(find(2, labels[i].label, labels[i].size), (int)i + 100);
	}
	ck_assert_uint_eq(tls_keylog_connections(keylog), 2);
}
END_TEST

START_TEST(same_secret_twice_is_one)
{
	add(line_of("CLIENT_RANDOM", 1, 1, 48));
	add(line_of("CLIENT_RANDOM", 1, 1, 48));
	add(line_of("CLIENT_RANDOM", 1, 2, 48)); /* the first stays */
	ck_assert_uint_eq(tls_keylog_connections(keylog), 1);
	ck_assert_int_eq(find(1, TLS_SECRET_MASTER, 48), 1);
}
END_TEST

START_TEST(exporter_secret_is_not_kept)
{
	add(line_of("EXPORTER_SECRET", 1, 1, 32));
	add(line_of("EARLY_EXPORTER_SECRET", 1, 1, 32));
	ck_assert_uint_eq(tls_keylog_connections(keylog), 0);
	ck_assert_uint_eq(tls_keylog_malformed(keylog), 0);
	ck_assert_int_eq(find(1, TLS_SECRET_EXPORTER, 32), -1);
}
END_TEST

START_TEST(lines_end_as_in_any_system)
{
	char text[1000] = "# a comment\n\n\r\n  \t\n";
	size_t size = strlen(text);

	size += (size_t)snprintf(text + size, sizeof(text) - size, "%s\r\n", line_of("CLIENT_RANDOM", 1, 1, 48));
	size += (size_t)snprintf(text + size, sizeof(text) - size, "  %s  \n", line_of("CLIENT_RANDOM", 2, 2, 48));
	snprintf(text + size, sizeof(text) - size, "%s", line_of("CLIENT_RANDOM", 3, 3, 48));
	add(text);
	for (int i = 1; i <= 3; i++)
		ck_assert_int_eq(find((unsigned)i, TLS_SECRET_MASTER, 48), i);
	ck_assert_uint_eq(tls_keylog_malformed(keylog), 0);
}
END_TEST

START_TEST(digits_may_be_capitals)
{
	char *line = line_of("CLIENT_RANDOM", 0, 0xab, 48);

	for (char *at = line; *at; at++)
		if (*at >= 'a' && *at <= 'f')
			*at = (char)(*at - 'a' + 'A');
	add(line);
	ck_assert_int_eq(find(0, TLS_SECRET_MASTER, 48), 0xab);
}
END_TEST

#define RANDOM_64 "00000000000000000000000000000000000000000000000000000000000000ff"
#define SECRET_96 RANDOM_64 "00000000000000000000000000000000"

static const struct {
	const char *line;
	unsigned malformed;
} odd_lines[] = {
	{ "QUIC_CLIENT_TRAFFIC_SECRET_0 " RANDOM_64 " " RANDOM_64, 0 },
	{ "ECH_SECRET " RANDOM_64 " 00", 0 },
	{ "RSA 0011223344556677 " SECRET_96, 0 },
	{ "RSA Session-ID:" RANDOM_64 " Master-Key:" SECRET_96, 0 },
	{ "CLIENT_RANDOM", 1 },
	{ "CLIENT_RANDOM " RANDOM_64, 1 },
	{ "CLIENT_RANDOM " RANDOM_64 " ", 1 },
	{ "CLIENT_RANDOM " RANDOM_64 " " RANDOM_64, 1 },
	{ "CLIENT_RANDOM " SECRET_96 " " SECRET_96, 1 },
	{ "CLIENT_RANDOM " RANDOM_64 " " SECRET_96 "0", 1 },
	{ "CLIENT_RANDOM " RANDOM_64 " " SECRET_96 " 00", 1 },
	{ "CLIENT_RANDOM g" RANDOM_64 " " SECRET_96, 1 },
	{ "CLIENT_TRAFFIC_SECRET_0 " RANDOM_64 " " RANDOM_64 "zz", 1 },
	{ "CLIENT_TRAFFIC_SECRET_0 " RANDOM_64 " 0011", 1 },
	{ "client_random " RANDOM_64 " " SECRET_96, 1 },
	{ "\x01\x02\x03", 1 },
};

START_TEST(odd_line_is_skipped)
{
	char text[1000];

	snprintf(text, sizeof(text), "%s\n%s\n", odd_lines[_i].line, line_of("CLIENT_RANDOM", 1, 1, 48));
	add(text);
	ck_assert_uint_eq(tls_keylog_malformed(keylog), odd_lines[_i].malformed);
	ck_assert_uint_eq(tls_keylog_connections(keylog), 1);
	ck_assert_int_eq(find(1, TLS_SECRET_MASTER, 48), 1);
}
END_TEST

START_TEST(prefix_of_a_line_gives_nothing)
{
	char line[400];

	snprintf(line, sizeof(line), "%s", line_of("CLIENT_HANDSHAKE_TRAFFIC_SECRET", 1, 1, 32));
	for (size_t size = strlen(line) - 1; size > 0; size--) {
		line[size] = 0;
		add(line);
		ck_assert_uint_eq(tls_keylog_connections(keylog), 0);
	}
}
END_TEST

/* ---- many ---- */

START_TEST(many_connections_are_all_found)
{
	const unsigned many = 20000;

	for (unsigned i = 0; i < many; i++)
		add(line_of("CLIENT_RANDOM", i, i & 0xff, 48));
	ck_assert_uint_eq(tls_keylog_connections(keylog), many);
	for (unsigned i = 0; i < many; i++)
		ck_assert_int_eq(find(i, TLS_SECRET_MASTER, 48), (int)(i & 0xff));
	ck_assert_int_eq(find(many, TLS_SECRET_MASTER, 48), -1);
	ck_assert_uint_eq(hits.count[LIMIT_KEYLOG_CONNECTIONS_HIT], 0);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("keylog");
	TCase *lines = tcase_create("lines");

	tcase_add_checked_fixture(lines, open_log, close_log);
	tcase_set_timeout(lines, 30);
	tcase_add_loop_test(lines, secret_is_found_under_its_label, 0, (int)(sizeof(labels) / sizeof(labels[0])));
	tcase_add_test(lines, secrets_of_a_connection_stand_side_by_side);
	tcase_add_test(lines, same_secret_twice_is_one);
	tcase_add_test(lines, exporter_secret_is_not_kept);
	tcase_add_test(lines, lines_end_as_in_any_system);
	tcase_add_test(lines, digits_may_be_capitals);
	tcase_add_loop_test(lines, odd_line_is_skipped, 0, (int)(sizeof(odd_lines) / sizeof(odd_lines[0])));
	tcase_add_test(lines, prefix_of_a_line_gives_nothing);
	tcase_add_test(lines, many_connections_are_all_found);
	suite_add_tcase(suite, lines);
	return suite;
}
