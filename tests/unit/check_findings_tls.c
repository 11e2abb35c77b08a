/*
 * Findings about TLS handshakes (FINDINGS.md, TLS), and what a Go client would have said of them.
 */
#include "tests/support/findings.h"
#include "tests/support/tls_sealer.h"
#include "tests/unit/suite.h"

#include "dissect/tls/verify.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct scene s;
static struct scene_tcp t;
static struct wire w; /* the segment that is being built */

#define NAME "example.org" /* of the ClientHello that wire_put_client_hello() builds */
#define SERVER_AT "10.0.0.2:443"
#define BOTH_ENDS "10.0.0.1:40000->10.0.0.2:443"

/* The first four frames of every scene: the TCP handshake and the ClientHello. */
enum { HELLO_FRAME = 4, ANSWER_FRAME = 5 };

static void setup(void)
{
	scene_begin(&s);
	t = scene_tcp(&s, 40000, 443);
}

static struct verifier *verifier;
static struct tls_keylog *keylog; /* of the scenes in which it is known what is sealed */
static struct tls_sealer sealers[2];

static void teardown(void)
{
	scene_free(&s);
	tls_keylog_free(keylog);
	keylog = NULL;
	verifier_free(verifier);
	verifier = NULL;
}

/* ---- records ---- */

enum record_type { CHANGE_CIPHER_SPEC = 20, ALERT = 21, HANDSHAKE = 22, APPLICATION_DATA = 23 };
enum message_type { CERTIFICATE_REQUEST = 13, SERVER_HELLO_DONE = 14, CLIENT_KEY_EXCHANGE = 16 };
enum alert {
	CLOSE_NOTIFY = 0,
	HANDSHAKE_FAILURE = 40,
	BAD_CERTIFICATE = 42,
	CERTIFICATE_EXPIRED = 45,
	CERTIFICATE_UNKNOWN = 46,
	ILLEGAL_PARAMETER = 47,
	UNKNOWN_CA = 48,
	PROTOCOL_VERSION = 70,
	INSUFFICIENT_SECURITY = 71,
	INTERNAL_ERROR = 80,
	UNRECOGNIZED_NAME = 112,
	NO_APPLICATION_PROTOCOL = 120
};
enum { WARNING = 1, FATAL = 2 };

static void send_built(enum scene_side side)
{
	scene_send_bytes(&t, side, w.at, w.size);
	w.size = 0;
}

static void put_server_hello(unsigned choice)
{
	size_t record = wire_open_record(&w, HANDSHAKE);

	wire_put_server_hello(&w, choice);
	wire_shut(&w, record, 2);
}

static void put_message(enum message_type type, size_t size)
{
	size_t record = wire_open_record(&w, HANDSHAKE);

	wire_put_message(&w, type, size);
	wire_shut(&w, record, 2);
}

static void put_change_and_finished(void)
{
	size_t record = wire_open_record(&w, CHANGE_CIPHER_SPEC);

	wire_put8(&w, 1);
	wire_shut(&w, record, 2);
	wire_put_record(&w, HANDSHAKE, 40);
}

static void send_hello(unsigned offers)
{
	size_t record = wire_open_record(&w, HANDSHAKE);

	wire_put_client_hello(&w, offers);
	wire_shut(&w, record, 2);
	send_built(CLIENT);
}

static void begin(unsigned offers)
{
	scene_open(&t);
	send_hello(offers);
}

static void send_alert(enum scene_side side, unsigned level, enum alert description)
{
	wire_put_alert(&w, level, description);
	send_built(side);
}

static void send_record(enum scene_side side, enum record_type type, size_t size)
{
	wire_put_record(&w, type, size);
	send_built(side);
}

/* ---- certificates ---- */

enum { DAY = 24 * 3600, NOW = 1700000000 };

struct certificate {
	const char *subject, *issuer, *names;
	int64_t not_before, not_after; /* seconds from the scene's beginning */
};

static const struct certificate good = { "example.org", "Issuing CA", "DNS:example.org", -90 * DAY, 90 * DAY };
static const struct certificate dateless = { "example.org", "Issuing CA", "DNS:example.org", -90 * DAY, 90 * DAY }; /* spoilt */
static const struct certificate issuer = { "Issuing CA", "Root CA", NULL, -900 * DAY, 900 * DAY };

static void set_name(X509_NAME *name, const char *common_name)
{
	ck_assert(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common_name, -1, -1, 0));
	ck_assert(X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *)"Some Organisation", -1, -1, 0));
}

static X509 *make_certificate(const struct certificate *c)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	X509 *x509 = X509_new();

	X509_set_version(x509, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
	set_name(X509_get_subject_name(x509), c->subject);
	set_name(X509_get_issuer_name(x509), c->issuer);
	ASN1_TIME_set(X509_getm_notBefore(x509), NOW + c->not_before);
	ASN1_TIME_set(X509_getm_notAfter(x509), NOW + c->not_after);
	X509_set_pubkey(x509, key);
	if (c->names) {
		X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, c->names);

		X509_add_ext(x509, names, -1);
		X509_EXTENSION_free(names);
	}
	ck_assert(X509_sign(x509, key, NULL));
	EVP_PKEY_free(key);
	return x509;
}

/* UTCTime (X.690 11.8) is 13 characters. */
static void spoil_dates(unsigned char *der, size_t size)
{
	for (size_t i = 0; i + 15 <= size; i++)
		if (der[i] == 0x17 && der[i + 1] == 13 && der[i + 14] == 'Z')
			der[i + 2] = 'x';
}

static void put_certificate(const struct certificate *c)
{
	X509 *x509 = make_certificate(c);
	unsigned char *der = NULL;
	size_t entry;
	int size;

	size = i2d_X509(x509, &der);
	ck_assert_int_gt(size, 0);
	if (c == &dateless)
		spoil_dates(der, (size_t)size);
	entry = wire_open(&w, 3);
	wire_put(&w, der, (size_t)size);
	wire_shut(&w, entry, 3);
	OPENSSL_free(der);
	X509_free(x509);
}

/* Chains are verified, against a root that signed none of them. */
static void verify_chains(void)
{
	static const struct certificate root = { "Some Root", "Some Root", NULL, -900 * DAY, 900 * DAY };
	char path[] = "/tmp/nettrace-root-XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w");
	X509 *x509 = make_certificate(&root);
	struct nt_error error;

	ck_assert(PEM_write_X509(file, x509));
	fclose(file);
	X509_free(x509);
	ck_assert_int_eq(verifier_new(&verifier, path, &error), NT_OK);
	unlink(path);
	s.options.verifier = verifier;
}

static void put_chain(const struct certificate *leaf, const struct certificate *next)
{
	size_t record = wire_open_record(&w, HANDSHAKE), message = wire_open_message(&w, 11), list = wire_open(&w, 3);

	if (leaf)
		put_certificate(leaf);
	if (next)
		put_certificate(next);
	wire_shut(&w, list, 3);
	wire_shut(&w, message, 3);
	wire_shut(&w, record, 2);
}

/* ---- handshakes ---- */

/* TLS 1.2: what a server sends before the client's turn. */
static void send_server_flight(const struct certificate *leaf, const struct certificate *next, bool with_request)
{
	put_server_hello(0);
	put_chain(leaf, next);
	if (with_request)
		put_message(CERTIFICATE_REQUEST, 20);
	put_message(SERVER_HELLO_DONE, 0);
	send_built(SERVER);
}

static void send_client_flight(void)
{
	put_message(CLIENT_KEY_EXCHANGE, 66);
	put_change_and_finished();
	send_built(CLIENT);
}

static void send_server_finished(void)
{
	put_change_and_finished();
	send_built(SERVER);
}

static void shake_hands_12(void) /* frames 1 to 7 */
{
	begin(0);
	send_server_flight(&good, &issuer, false);
	send_client_flight();
	send_server_finished();
}

static void put_change_cipher_spec(void)
{
	size_t record = wire_open_record(&w, CHANGE_CIPHER_SPEC);

	wire_put8(&w, 1);
	wire_shut(&w, record, 2);
}

static void send_server_flight_13(void)
{
	put_server_hello(CHOOSE_13);
	put_change_cipher_spec();
	wire_put_record(&w, APPLICATION_DATA, 1200); /* EncryptedExtensions to Finished */
	send_built(SERVER);
}

static void send_client_finished_13(void)
{
	put_change_cipher_spec();
	wire_put_record(&w, APPLICATION_DATA, 53);
	send_built(CLIENT);
}

static void shake_hands_13(void)
{
	begin(OFFER_13);
	send_server_flight_13();
	send_client_finished_13();
}

static void exchange_data(void)
{
	send_record(CLIENT, APPLICATION_DATA, 200);
	send_record(SERVER, APPLICATION_DATA, 500);
}

/* The finding explains the dial of the connection, and names the server. */
static const struct trace_finding *expect_failure(enum finding_code code, const char *error)
{
	const struct trace_finding *f = findings_expect_root(&s, code);
	struct bytes got;

	ck_assert_uint_eq(s.got.tls_tunnel_count, 1);
	got = s.got.tls_tunnels[0].error;
	ck_assert_msg(bytes_equal(got, bytes_of(error)), "\"%.*s\", not \"%s\"", (int)got.size, (const char *)got.at, error);
	ck_assert_uint_eq(f->dial, s.got.dials[0].id);
	ck_assert_uint_eq(f->traces[0], s.got.tls_tunnels[0].id);
	FINDINGS_EXPECT_WORDS(f, NAME, SERVER_AT);
	return f;
}

/* ---- alerts by the server ---- */

static const struct {
	enum alert alert;
	enum finding_code code;
	const char *error;
} refusals[] = {
	{ HANDSHAKE_FAILURE, FINDING_TLS_NO_SHARED_CIPHER, "handshake failure" },
	{ INSUFFICIENT_SECURITY, FINDING_TLS_NO_SHARED_CIPHER, "insufficient security level" },
	{ PROTOCOL_VERSION, FINDING_TLS_VERSION_MISMATCH, "protocol version not supported" },
	{ UNRECOGNIZED_NAME, FINDING_TLS_UNRECOGNIZED_NAME, "unrecognized name" },
	{ NO_APPLICATION_PROTOCOL, FINDING_TLS_ALPN_MISMATCH, "no application protocol" },
	{ INTERNAL_ERROR, FINDING_TLS_SERVER_ALERT, "internal error" },
	{ ILLEGAL_PARAMETER, FINDING_TLS_SERVER_ALERT, "illegal parameter" },
};

/* Without keys what runs inside cannot be read, and that is said. */
static void assert_says_nothing_but_keys(void)
{
	for (size_t i = 0; i < s.got.finding_count; i++)
		ck_assert_int_eq(s.got.findings[i].code, FINDING_TLS_KEYS_MISSING);
}

START_TEST(alert_in_answer_to_the_hello)
{
	const struct trace_finding *f;
	char error[100];

	begin(OFFER_13);
	send_alert(SERVER, FATAL, refusals[_i].alert);
	scene_close(&t);
	snprintf(error, sizeof error, "remote error: tls: %s", refusals[_i].error);
	f = expect_failure(refusals[_i].code, error);
	FINDINGS_EXPECT_PACKETS(f, { HELLO_FRAME, "ClientHello" }, { ANSWER_FRAME, "alert by the server" });
	FINDINGS_EXPECT_WORDS(f, refusals[_i].error);
	ck_assert_int_eq(f->at, scene_at(ANSWER_FRAME));
}
END_TEST

/* STARTTLS (RFC 3207), and what a SOCKS proxy carries. */
START_TEST(failure_of_a_handshake_within_a_connection)
{
	scene_open(&t);
	if (_i == 0) {
		scene_send(&t, SERVER, "220 mail.example.org ESMTP\r\n");
		scene_send(&t, CLIENT, "STARTTLS\r\n");
		scene_send(&t, SERVER, "220 go ahead\r\n");
	} else {
		scene_send_bytes(&t, CLIENT, "\5\1\0", 3);
		scene_send_bytes(&t, SERVER, "\5\0", 2);
		scene_send_bytes(&t, CLIENT, "\5\1\0\3\13example.org\1\273", 18);
		scene_send_bytes(&t, SERVER, "\5\0\0\1\0\0\0\0\0\0", 10);
	}
	send_hello(0);
	send_alert(SERVER, FATAL, HANDSHAKE_FAILURE);
	scene_close(&t);
	findings_expect_root(&s, FINDING_TLS_NO_SHARED_CIPHER);
}
END_TEST

START_TEST(handshake_after_what_was_not_captured_proves_nothing)
{
	scene_open(&t);
	if (_i)
		scene_send(&t, SERVER, "220 mail.example.org ESMTP\r\n");
	s.lose = true;
	scene_send(&t, CLIENT, "STARTTLS\r\n");
	scene_send(&t, SERVER, "220 go ahead\r\n");
	send_hello(0);
	scene_send(&t, SERVER, "this is no TLS, but the rest of something");
	scene_close(&t);
	findings_expect_no_error(&s);
}
END_TEST

START_TEST(address_of_a_proxy_is_not_said_to_be_the_server_s)
{
	scene_open(&t);
	scene_send(&t, CLIENT, "CONNECT " NAME ":443 HTTP/1.1\r\nHost: " NAME ":443\r\n\r\n");
	scene_send(&t, SERVER, "HTTP/1.1 200 OK\r\n\r\n");
	send_hello(0);
	send_alert(SERVER, FATAL, HANDSHAKE_FAILURE);
	scene_close(&t);
	FINDINGS_EXPECT_WORDS(findings_expect_root(&s, FINDING_TLS_NO_SHARED_CIPHER), NAME " (behind the proxy " SERVER_AT ")");
}
END_TEST

START_TEST(alert_after_the_server_hello_is_no_lack_of_ciphers)
{
	begin(0);
	send_server_flight(&good, &issuer, false);
	send_client_flight();
	send_alert(SERVER, FATAL, HANDSHAKE_FAILURE);
	scene_close(&t);
	expect_failure(FINDING_TLS_SERVER_ALERT, "remote error: tls: handshake failure");
}
END_TEST

static void answer_request(bool with_certificate)
{
	begin(0);
	send_server_flight(&good, &issuer, true);
	put_chain(with_certificate ? &good : NULL, NULL);
	send_client_flight();
}

START_TEST(client_certificate_that_is_required)
{
	const struct trace_finding *f;

	answer_request(false);
	send_alert(SERVER, FATAL, HANDSHAKE_FAILURE);
	f = expect_failure(FINDING_TLS_CLIENT_CERT_REQUIRED, "remote error: tls: handshake failure");
	FINDINGS_EXPECT_PACKETS(f, { HELLO_FRAME, "ClientHello" }, { 7, "alert by the server" });
	FINDINGS_EXPECT_WORDS(f, "client certificate");
}
END_TEST

START_TEST(client_certificate_that_is_rejected)
{
	answer_request(true);
	send_alert(SERVER, FATAL, UNKNOWN_CA);
	expect_failure(FINDING_TLS_CLIENT_CERT_REJECTED, "remote error: tls: unknown certificate authority");
}
END_TEST

START_TEST(client_certificate_that_was_not_sent_and_not_needed)
{
	const struct trace_finding *f;

	answer_request(false);
	send_server_finished();
	exchange_data();
	findings_expect_healthy(&s);
	f = findings_expect_note(&s, FINDING_TLS_CLIENT_CERT_REQUESTED_NONE_SENT, FINDING_INFO);
	FINDINGS_EXPECT_WORDS(f, NAME, SERVER_AT);
}
END_TEST

START_TEST(client_certificate_that_was_accepted)
{
	answer_request(true);
	send_server_finished();
	exchange_data();
	findings_expect_healthy(&s);
	assert_says_nothing_but_keys();
}
END_TEST

/* ---- the client refuses the server's certificate ---- */

static const struct certificate expired = { "example.org", "Issuing CA", "DNS:example.org", -90 * DAY, -2 * DAY };
static const struct certificate early = { "example.org", "Issuing CA", "DNS:example.org", 2 * DAY, 90 * DAY };
static const struct certificate other_name = { "other.example", "Issuing CA", "DNS:other.example,DNS:*.other.example", -90 * DAY,
					       90 * DAY };
static const struct certificate self_signed = { "example.org", "example.org", "DNS:example.org", -90 * DAY, 90 * DAY };

static const struct {
	const struct certificate *leaf, *next;
	enum alert alert;
	enum finding_code code;
} certificates[] = {
	{ &expired, &issuer, CERTIFICATE_EXPIRED, FINDING_TLS_CERT_EXPIRED },
	{ &early, &issuer, BAD_CERTIFICATE, FINDING_TLS_CERT_NOT_YET_VALID },
	{ &early, &issuer, CERTIFICATE_EXPIRED, FINDING_TLS_CERT_NOT_YET_VALID },
	{ &other_name, &issuer, BAD_CERTIFICATE, FINDING_TLS_CERT_NAME_MISMATCH },
	{ &other_name, &issuer, CERTIFICATE_UNKNOWN, FINDING_TLS_CERT_NAME_MISMATCH },
	{ &self_signed, NULL, UNKNOWN_CA, FINDING_TLS_CERT_SELF_SIGNED },
	{ &good, &issuer, UNKNOWN_CA, FINDING_TLS_CERT_UNKNOWN_ISSUER },
	{ &good, NULL, UNKNOWN_CA, FINDING_TLS_CERT_INCOMPLETE_CHAIN },
};

START_TEST(certificate_that_the_client_refuses)
{
	const struct trace_finding *f;
	char whose[200];

	begin(0);
	send_server_flight(certificates[_i].leaf, certificates[_i].next, false);
	send_alert(CLIENT, FATAL, certificates[_i].alert);
	scene_close(&t);
	f = findings_expect_root(&s, certificates[_i].code);
	snprintf(whose, sizeof whose, "It is that of CN=%s, issued by CN=%s.", certificates[_i].leaf->subject,
		 certificates[_i].leaf->issuer);
	FINDINGS_EXPECT_WORDS(f, NAME, SERVER_AT, whose);
	ck_assert_uint_ge(f->packet_count, 2);
	ck_assert_uint_eq(f->packets[0].packet.number, HELLO_FRAME);
	ck_assert_uint_eq(f->packets[1].packet.number, 6);
}
END_TEST

/* Whoever looks at the capture elsewhere does not have the client's roots: what the client says counts. */
START_TEST(certificate_that_the_client_refuses_although_its_root_is_unknown_here)
{
	verify_chains();
	begin(0);
	send_server_flight(certificates[_i].leaf, certificates[_i].next, false);
	send_alert(CLIENT, FATAL, certificates[_i].alert);
	scene_close(&t);
	findings_expect_root(&s, certificates[_i].code);
}
END_TEST

START_TEST(expired_certificate_and_a_client_that_just_closes)
{
	begin(0);
	send_server_flight(&expired, &issuer, false);
	scene_fin(&t, CLIENT);
	scene_fin(&t, SERVER);
	findings_expect_root(&s, FINDING_TLS_CERT_EXPIRED);
}
END_TEST

START_TEST(certificate_whose_dates_cannot_be_read_is_not_called_expired)
{
	begin(0);
	send_server_flight(&dateless, &issuer, false);
	send_alert(CLIENT, FATAL, BAD_CERTIFICATE);
	scene_close(&t);
	findings_expect_none(&s, FINDING_TLS_CERT_EXPIRED);
	ck_assert_int_eq(s.got.tls_tunnels[0].certificates[0].not_after_s, INT64_MIN);
	ck_assert(!s.got.tls_tunnels[0].certificates[0].unreadable);
}
END_TEST

START_TEST(certificate_whose_dates_cannot_be_read_does_not_end_soon)
{
	begin(0);
	send_server_flight(&dateless, &issuer, false);
	send_client_flight();
	send_server_finished();
	exchange_data();
	findings_expect_none(&s, FINDING_TLS_CERT_EXPIRES_SOON);
}
END_TEST

START_TEST(faulty_certificate_that_the_client_accepts_is_no_error)
{
	begin(0);
	send_server_flight(certificates[_i].leaf, certificates[_i].next, false);
	send_client_flight();
	send_server_finished();
	exchange_data();
	scene_close(&t);
	findings_expect_no_error(&s);
}
END_TEST

START_TEST(connection_that_was_kept_and_never_used_says_nothing_about_its_certificate)
{
	begin(0);
	send_server_flight(certificates[_i].leaf, certificates[_i].next, false);
	send_client_flight();
	send_server_finished();
	scene_wait(&s, 5 * NT_SECOND);
	send_record(CLIENT, ALERT, 26); /* encrypted */
	scene_fin(&t, CLIENT);
	send_record(SERVER, ALERT, 26);
	scene_fin(&t, SERVER);
	findings_expect_no_error(&s);
}
END_TEST

START_TEST(client_that_leaves_at_once_when_it_has_seen_a_bad_chain)
{
	const struct trace_finding *f;

	verify_chains();
	begin(0);
	send_server_flight(&self_signed, NULL, false);
	send_client_flight();
	send_server_finished();
	if (_i)
		send_record(CLIENT, ALERT, 26); /* close_notify, which the server may answer before the client's FIN */
	else
		scene_fin(&t, CLIENT);
	scene_fin(&t, SERVER);
	if (_i)
		scene_fin(&t, CLIENT);
	f = findings_expect_root(&s, FINDING_TLS_CERT_SELF_SIGNED);
	FINDINGS_EXPECT_WORDS(f, NAME, SERVER_AT);
	FINDINGS_EXPECT_PACKETS(f, { HELLO_FRAME, "ClientHello" }, { 8, _i ? "the client's alert" : "the client closes" });
}
END_TEST

START_TEST(client_that_stays_has_accepted_a_bad_chain)
{
	const struct trace_finding *f;

	verify_chains();
	begin(0);
	send_server_flight(&self_signed, NULL, false);
	send_client_flight();
	send_server_finished();
	if (_i)
		exchange_data();
	else
		scene_wait(&s, 5 * NT_SECOND);
	scene_close(&t);
	findings_expect_healthy(&s);
	f = findings_expect_note(&s, FINDING_TLS_CHAIN_UNVERIFIED, FINDING_INFO);
	FINDINGS_EXPECT_WORDS(f, NAME, SERVER_AT);
	FINDINGS_EXPECT_PACKETS(f, { ANSWER_FRAME, "the server's part of the handshake" });
}
END_TEST

START_TEST(wildcard_covers_one_label)
{
	static const struct certificate wildcard = { "example.org", "Issuing CA", "DNS:*.org", -90 * DAY, 90 * DAY };

	begin(0);
	send_server_flight(&wildcard, &issuer, false);
	send_alert(CLIENT, FATAL, UNKNOWN_CA);
	findings_expect_root(&s, FINDING_TLS_CERT_UNKNOWN_ISSUER);
}
END_TEST

START_TEST(certificate_that_ends_soon)
{
	static const struct certificate soon = { "example.org", "Issuing CA", "DNS:example.org", -90 * DAY, 5 * DAY + 3600 };
	const struct trace_finding *f;

	begin(0);
	send_server_flight(&soon, &issuer, false);
	send_client_flight();
	send_server_finished();
	exchange_data();
	f = findings_expect_note(&s, FINDING_TLS_CERT_EXPIRES_SOON, FINDING_WARNING);
	FINDINGS_EXPECT_WORDS(f, NAME, SERVER_AT, "5 days");
	FINDINGS_EXPECT_PACKETS(f, { ANSWER_FRAME, "the server's part of the handshake" });
}
END_TEST

/* ---- other alerts by the client ---- */

START_TEST(version_that_the_client_does_not_speak)
{
	begin(0);
	send_server_flight(&good, &issuer, false);
	send_alert(CLIENT, FATAL, PROTOCOL_VERSION);
	findings_expect_root(&s, FINDING_TLS_VERSION_MISMATCH);
}
END_TEST

START_TEST(client_that_ends_the_handshake_for_reasons_of_its_own)
{
	const struct trace_finding *f;

	begin(0);
	send_server_flight(&good, &issuer, false);
	send_alert(CLIENT, FATAL, ILLEGAL_PARAMETER);
	scene_close(&t);
	f = findings_expect_root(&s, FINDING_TLS_HANDSHAKE_ABORTED_BY_CLIENT);
	FINDINGS_EXPECT_PACKETS(f, { HELLO_FRAME, "ClientHello" }, { 6, "alert by the client" });
	FINDINGS_EXPECT_WORDS(f, NAME, SERVER_AT, "illegal parameter");
}
END_TEST

START_TEST(client_that_closes_in_the_handshake_without_a_word)
{
	const struct trace_finding *f;

	begin(_i ? OFFER_13 : 0);
	if (_i)
		send_server_flight_13();
	else
		send_server_flight(&good, &issuer, false);
	scene_fin(&t, CLIENT);
	scene_fin(&t, SERVER);
	f = findings_expect_root(&s, FINDING_TLS_HANDSHAKE_ABORTED_BY_CLIENT);
	FINDINGS_EXPECT_PACKETS(f, { HELLO_FRAME, "ClientHello" }, { 6, "the client closes" });
	if (_i)
		FINDINGS_EXPECT_WORDS(f, NAME, SERVER_AT, "TLS 1.3", "key log");
}
END_TEST

/* ---- certificates that are seen, but cannot be decompressed ---- */

enum { UNKNOWN_ALGORITHM = 0x4001, FINISHED = 20 };

static void send_compressed_certificate(enum scene_side side)
{
	struct wire messages = { .size = 0 };

	if (side == SERVER)
		wire_put_message(&messages, CERTIFICATE_REQUEST, 20);
	wire_put_compressed(&messages, UNKNOWN_ALGORITHM, 1000, BYTES("what nobody can read"));
	if (side == CLIENT)
		wire_put_message(&messages, FINISHED, 32);
	tls_sealer_put(&sealers[side], &w, HANDSHAKE, (struct bytes){ messages.at, messages.size });
	send_built(side);
}

static void begin_with_keys(void)
{
	keylog = tls_sealers_init(sealers, &s.hits);
	s.options.keylog = keylog;
	begin(OFFER_13);
	put_server_hello(CHOOSE_13);
	send_built(SERVER);
}

static void expect_no_words(const struct trace_finding *f, const char *words)
{
	ck_assert_msg(!memmem(f->message.at, f->message.size, words, strlen(words)), "%.*s", (int)f->message.size,
		      (const char *)f->message.at);
}

START_TEST(certificate_that_cannot_be_decompressed_is_not_called_encrypted)
{
	const struct trace_finding *f;

	begin_with_keys();
	send_compressed_certificate(SERVER);
	if (_i)
		send_alert(CLIENT, FATAL, UNKNOWN_CA);
	scene_fin(&t, CLIENT);
	scene_fin(&t, SERVER);
	f = findings_expect_root(&s, _i ? FINDING_TLS_CERT_UNKNOWN_ISSUER : FINDING_TLS_HANDSHAKE_ABORTED_BY_CLIENT);
	expect_no_words(f, "encrypted");
	expect_no_words(f, "key log");
}
END_TEST

START_TEST(client_certificate_that_cannot_be_decompressed_was_sent)
{
	begin_with_keys();
	send_compressed_certificate(SERVER);
	send_compressed_certificate(CLIENT);
	if (_i)
		send_alert(SERVER, FATAL, HANDSHAKE_FAILURE);
	scene_close(&t);
	if (_i)
		(void)findings_expect_root(&s, FINDING_TLS_CLIENT_CERT_REJECTED);
	else
		findings_expect_none(&s, FINDING_TLS_CLIENT_CERT_REQUESTED_NONE_SENT);
}
END_TEST

/* ---- the server's close_notify (RFC 8446 6.1) ---- */

static void send_sealed(enum scene_side side, enum record_type type, struct bytes content)
{
	tls_sealer_put(&sealers[side], &w, type, content);
	send_built(side);
}

static void finish(enum scene_side side)
{
	struct wire message = { .size = 0 };

	wire_put_message(&message, FINISHED, 32);
	send_sealed(side, HANDSHAKE, (struct bytes){ message.at, message.size });
}

/* Frames 4 to 9; the notice is frame 9, or 8 if nothing is answered. */
START_TEST(close_notify_of_the_server_ends_what_it_says)
{
	const struct trace_finding *f;

	begin_with_keys();
	finish(SERVER);
	finish(CLIENT);
	tls_sealers_go_on(sealers);
	send_sealed(CLIENT, APPLICATION_DATA, BYTES("GET / HTTP/1.1\r\nHost: " NAME "\r\n\r\n"));
	if (_i)
		send_sealed(SERVER, APPLICATION_DATA, BYTES("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello"));
	send_sealed(SERVER, ALERT, BYTES("\1\0"));
	scene_fin(&t, CLIENT);
	scene_fin(&t, SERVER);
	f = findings_expect_root(&s, _i ? FINDING_HTTP_TRUNCATED_BODY : FINDING_HTTP_EMPTY_REPLY);
	FINDINGS_EXPECT_WORDS(f, "GET https://" NAME "/", "the server " SERVER_AT);
	ck_assert_uint_eq(f->packets[f->packet_count - 1].packet.number, _i ? 10 : 9);
	ck_assert(bytes_equal(s.got.http_requests[0].error, _i ? BYTES("") : BYTES("EOF")));
}
END_TEST

/* ---- no answer ---- */

START_TEST(reset_in_answer_to_the_hello)
{
	const struct trace_finding *f;

	begin(OFFER_13);
	scene_rst(&t, SERVER);
	f = expect_failure(FINDING_TLS_RESET_DURING_HANDSHAKE, "read tcp " BOTH_ENDS ": read: connection reset by peer");
	FINDINGS_EXPECT_PACKETS(f, { HELLO_FRAME, "ClientHello" }, { ANSWER_FRAME, "RST by the server" });
}
END_TEST

START_TEST(reset_in_the_middle_of_the_handshake)
{
	const struct trace_finding *f;

	begin(0);
	send_server_flight(&good, &issuer, false);
	send_client_flight();
	scene_rst(&t, SERVER);
	f = expect_failure(FINDING_TLS_RESET_DURING_HANDSHAKE, "read tcp " BOTH_ENDS ": read: connection reset by peer");
	FINDINGS_EXPECT_PACKETS(f, { HELLO_FRAME, "ClientHello" }, { 7, "RST by the server" });
}
END_TEST

START_TEST(close_in_answer_to_the_hello)
{
	const struct trace_finding *f;

	begin(OFFER_13);
	scene_fin(&t, SERVER);
	scene_fin(&t, CLIENT);
	f = expect_failure(FINDING_TLS_CLOSED_DURING_HANDSHAKE, "EOF");
	FINDINGS_EXPECT_PACKETS(f, { HELLO_FRAME, "ClientHello" }, { ANSWER_FRAME, "FIN by the server" });
}
END_TEST

START_TEST(server_that_never_answers_the_hello)
{
	const struct trace_finding *f;

	begin(OFFER_13);
	scene_ack(&t, SERVER);
	scene_wait(&s, 10 * NT_SECOND);
	scene_fin(&t, CLIENT);
	f = expect_failure(FINDING_TLS_TIMEOUT, "net/http: TLS handshake timeout");
	FINDINGS_EXPECT_PACKETS(f, { HELLO_FRAME, "ClientHello" }, { 6, "the client gives up" });
	FINDINGS_EXPECT_WORDS(f, "10 s", "never answered");
}
END_TEST

START_TEST(server_that_does_not_answer_while_the_capture_lasts)
{
	const struct trace_finding *f;

	begin(OFFER_13);
	scene_ack(&t, SERVER);
	scene_wait(&s, 20 * NT_SECOND);
	scene_lookup(&s, 50000, "other.example.org", "192.0.2.1");
	f = findings_expect_root(&s, FINDING_TLS_TIMEOUT);
	FINDINGS_EXPECT_PACKETS(f, { HELLO_FRAME, "ClientHello" });
}
END_TEST

static const uint8_t data_record[1400] = { 0x17, 3, 3, 5, 0x73 };

/* Data that the server never acknowledges. */
static void send_in_vain(size_t size)
{
	const int64_t at = (int64_t)(t.next[CLIENT] - t.isn[CLIENT] - 1), ack = (int64_t)(t.next[SERVER] - t.isn[SERVER] - 1);

	for (int i = 0; i < 5; i++) {
		scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .at = at, .ack = ack, .data = { data_record, size } });
		scene_wait(&s, NT_SECOND << i);
	}
}

START_TEST(hello_that_does_not_get_through)
{
	size_t record = wire_open_record(&w, HANDSHAKE);

	scene_open(&t);
	wire_put_client_hello(&w, OFFER_13);
	wire_shut(&w, record, 2);
	for (int i = 0; i < 5; i++) {
		scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .data = { w.at, w.size } });
		scene_wait(&s, 300 * NT_MILLISECOND);
	}
	findings_expect_root(&s, FINDING_TCP_STALLED);
}
END_TEST

START_TEST(transport_that_dies_under_what_cannot_be_read)
{
	shake_hands_13();
	exchange_data();
	scene_ack(&t, SERVER);
	send_in_vain(_i ? 1400 : 200);
	findings_expect_root(&s, _i ? FINDING_MTU_BLACKHOLE : FINDING_TCP_STALLED);
}
END_TEST

START_TEST(reset_in_answer_to_what_cannot_be_read)
{
	const struct trace_finding *f;

	shake_hands_13();
	if (_i == 2) {
		exchange_data();
		scene_wait(&s, 5 * NT_SECOND);
	}
	send_record(CLIENT, APPLICATION_DATA, _i == 1 ? 19 : 300);
	scene_rst(&t, SERVER);
	if (_i) {
		findings_expect_no_error(&s);
		return;
	}
	f = findings_expect_root(&s, FINDING_TCP_RESET_BEFORE_RESPONSE);
	FINDINGS_EXPECT_WORDS(f, NAME, SERVER_AT, "305 bytes", "encrypted");
}
END_TEST

START_TEST(farewell_that_nobody_hears_is_no_failure)
{
	shake_hands_13();
	exchange_data();
	scene_ack(&t, SERVER);
	send_in_vain(24);
	findings_expect_no_error(&s);
}
END_TEST

START_TEST(hello_whose_answer_the_capture_has_lost_was_answered)
{
	begin(OFFER_13);
	s.lose = true;
	send_record(SERVER, APPLICATION_DATA, 1000);
	scene_ack(&t, CLIENT);
	scene_wait(&s, 20 * NT_SECOND);
	scene_fin(&t, CLIENT);
	findings_expect_none(&s, FINDING_TLS_TIMEOUT);
}
END_TEST

START_TEST(answer_in_plain_text)
{
	const struct trace_finding *f;

	begin(OFFER_13);
	scene_send(&t, SERVER, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
	scene_fin(&t, SERVER);
	scene_fin(&t, CLIENT);
	f = expect_failure(FINDING_TLS_TO_PLAINTEXT_PORT, "tls: first record does not look like a TLS handshake");
	FINDINGS_EXPECT_PACKETS(f, { HELLO_FRAME, "ClientHello" }, { ANSWER_FRAME, "the server's answer" });
}
END_TEST

static const char *const banners[] = { "SSH-2.0-OpenSSH_9.2p1\r\n", "220 mail.example.org ESMTP\r\n", "\x05\x01\x02\x03" };

START_TEST(server_that_speaks_first_and_no_tls)
{
	const struct trace_finding *f;

	scene_open(&t);
	scene_send(&t, SERVER, banners[_i]);
	send_hello(OFFER_13);
	scene_rst(&t, CLIENT);
	f = findings_expect_root(&s, FINDING_TLS_TO_PLAINTEXT_PORT);
	ck_assert(bytes_equal(s.got.tls_tunnels[0].error, BYTES("tls: first record does not look like a TLS handshake")));
	FINDINGS_EXPECT_PACKETS(f, { 5, "ClientHello" }, { 4, "the server's answer" });
	FINDINGS_EXPECT_WORDS(f, NAME, SERVER_AT, "spoke first");
	ck_assert_int_ge(s.got.tls_tunnels[0].handshake_end, s.got.tls_tunnels[0].handshake_begin);
}
END_TEST

START_TEST(server_that_greets_and_then_speaks_tls)
{
	scene_open(&t);
	scene_send(&t, SERVER, "SSH-2.0-OpenSSH_9.2p1\r\n");
	send_hello(0);
	send_server_flight(&good, &issuer, false);
	send_client_flight();
	send_server_finished();
	exchange_data();
	scene_close(&t);
	findings_expect_healthy(&s);
	ck_assert(s.got.tls_tunnels[0].done);
}
END_TEST

START_TEST(answer_in_broken_tls_is_no_plain_text)
{
	begin(OFFER_13);
	scene_send_bytes(&t, SERVER, "\x16\x03\x03\x00\x05\x02\x00\x00\x01\xff", 10);
	scene_close(&t);
	findings_expect_none(&s, FINDING_TLS_TO_PLAINTEXT_PORT);
}
END_TEST

/* ---- what is no failure ---- */

enum ending { NONE, BOTH_FIN, SERVER_FIN, SERVER_RST, CLIENT_RST, NOTIFY_FIN, NOTIFY_RST, ENDINGS };

static void end_in_a_normal_way(enum ending how)
{
	switch (how) {
	case NONE:
		return;
	case BOTH_FIN:
		scene_close(&t);
		return;
	case SERVER_FIN:
		scene_fin(&t, SERVER);
		scene_fin(&t, CLIENT);
		return;
	case SERVER_RST:
		scene_rst(&t, SERVER);
		return;
	case CLIENT_RST:
		scene_rst(&t, CLIENT);
		return;
	case NOTIFY_FIN:
		send_record(CLIENT, ALERT, 26); /* encrypted */
		scene_fin(&t, CLIENT);
		send_record(SERVER, ALERT, 26);
		scene_fin(&t, SERVER);
		return;
	default:
		send_record(SERVER, ALERT, 26);
		scene_fin(&t, SERVER);
		send_record(CLIENT, ALERT, 26);
		scene_rst(&t, CLIENT);
	}
}

START_TEST(end_after_an_exchange_in_tls_12_is_normal)
{
	shake_hands_12();
	exchange_data();
	end_in_a_normal_way((enum ending)_i);
	findings_expect_healthy(&s);
	assert_says_nothing_but_keys();
}
END_TEST

START_TEST(end_after_an_exchange_in_tls_13_is_normal)
{
	shake_hands_13();
	exchange_data();
	if (_i != NOTIFY_FIN && _i != NOTIFY_RST) /* alerts look like data there */
		end_in_a_normal_way((enum ending)_i);
	findings_expect_healthy(&s);
	assert_says_nothing_but_keys();
}
END_TEST

START_TEST(client_that_closes_after_the_handshake_of_tls_13_says_nothing_that_can_be_read)
{
	shake_hands_13();
	send_record(SERVER, APPLICATION_DATA, 250); /* session tickets */
	send_record(SERVER, APPLICATION_DATA, 250);
	send_record(CLIENT, APPLICATION_DATA, 19);
	scene_close(&t);
	findings_expect_healthy(&s);
}
END_TEST

START_TEST(connection_kept_for_later_and_never_used_is_normal)
{
	if (_i)
		shake_hands_13();
	else
		shake_hands_12();
	scene_wait(&s, 60 * NT_SECOND);
	scene_fin(&t, SERVER);
	scene_fin(&t, CLIENT);
	findings_expect_healthy(&s);
}
END_TEST

START_TEST(resumption_is_normal)
{
	begin(OFFER_13 | OFFER_PSK);
	put_server_hello(CHOOSE_13 | CHOOSE_PSK);
	put_change_cipher_spec();
	wire_put_record(&w, APPLICATION_DATA, 200);
	send_built(SERVER);
	send_client_finished_13();
	exchange_data();
	scene_close(&t);
	findings_expect_healthy(&s);
	assert_says_nothing_but_keys();
}
END_TEST

START_TEST(warning_about_the_name_before_a_success_is_no_error)
{
	begin(0);
	send_alert(SERVER, WARNING, UNRECOGNIZED_NAME);
	send_server_flight(&good, &issuer, false);
	send_client_flight();
	send_server_finished();
	exchange_data();
	scene_close(&t);
	findings_expect_healthy(&s);
}
END_TEST

START_TEST(another_key_share_costs_a_round_trip)
{
	const struct trace_finding *f;

	begin(OFFER_13);
	put_server_hello(CHOOSE_13 | CHOOSE_RETRY);
	send_built(SERVER);
	send_hello(OFFER_13);
	send_server_flight_13();
	send_client_finished_13();
	exchange_data();
	scene_close(&t);
	findings_expect_healthy(&s);
	f = findings_expect_note(&s, FINDING_TLS_HELLO_RETRY_REQUEST, FINDING_INFO);
	FINDINGS_EXPECT_PACKETS(f, { HELLO_FRAME, "first ClientHello" });
	FINDINGS_EXPECT_WORDS(f, NAME, SERVER_AT);
}
END_TEST

START_TEST(client_that_leaves_before_the_answer_has_changed_its_mind)
{
	begin(OFFER_13);
	if (_i)
		scene_rst(&t, CLIENT);
	else
		scene_fin(&t, CLIENT);
	send_server_flight_13();
	scene_rst(&t, CLIENT);
	findings_expect_healthy(&s);
}
END_TEST

START_TEST(client_that_began_to_send_data_had_no_quarrel_with_the_handshake)
{
	begin(0);
	send_server_flight(&good, &issuer, false);
	send_client_flight();
	send_record(CLIENT, APPLICATION_DATA, 100); /* RFC 7918: false start */
	scene_fin(&t, CLIENT);
	scene_fin(&t, SERVER);
	findings_expect_healthy(&s);
}
END_TEST

/* How far the handshake went when the capture ended, or stopped to hold this connection. */
enum progress { NOTHING_ACKNOWLEDGED, HELLO_ONLY, SERVER_FLIGHT_13, SERVER_FLIGHT_12, CLIENT_FLIGHT_12, PROGRESSES };

START_TEST(capture_that_ends_in_a_young_handshake)
{
	enum progress progress = (enum progress)_i;

	begin(progress == SERVER_FLIGHT_12 || progress == CLIENT_FLIGHT_12 ? 0 : OFFER_13);
	if (progress == HELLO_ONLY)
		scene_ack(&t, SERVER);
	if (progress == SERVER_FLIGHT_13)
		send_server_flight_13();
	if (progress >= SERVER_FLIGHT_12)
		send_server_flight(&good, &issuer, false);
	if (progress == CLIENT_FLIGHT_12)
		send_client_flight();
	findings_expect_healthy(&s);
}
END_TEST

START_TEST(capture_that_goes_on_without_this_connection_proves_nothing)
{
	begin(OFFER_13);
	if (_i) /* the client's turn: its silence is not the server's */
		send_server_flight_13();
	scene_wait(&s, 20 * NT_SECOND);
	scene_lookup(&s, 50000, "other.example.org", "192.0.2.1");
	findings_expect_healthy(&s);
}
END_TEST

START_TEST(capture_of_the_client_alone_proves_nothing)
{
	scene_syn(&t);
	scene_ack(&t, CLIENT);
	send_hello(OFFER_13);
	scene_ack(&t, CLIENT);
	send_client_finished_13();
	send_record(CLIENT, APPLICATION_DATA, 200);
	scene_wait(&s, 20 * NT_SECOND);
	scene_fin(&t, CLIENT);
	findings_expect_no_error(&s);
}
END_TEST

START_TEST(capture_of_the_server_alone_proves_nothing)
{
	scene_syn_ack(&t);
	send_server_flight_13();
	send_record(SERVER, APPLICATION_DATA, 200);
	scene_wait(&s, 20 * NT_SECOND);
	scene_fin(&t, SERVER);
	findings_expect_no_error(&s);
}
END_TEST

START_TEST(packets_cut_by_the_snaplen_prove_nothing)
{
	s.snaplen = (uint32_t[]){ 54, 80, 120, 200 }[_i];
	shake_hands_12();
	exchange_data();
	scene_close(&t);
	findings_expect_no_error(&s);
	findings_expect_one(&s, FINDING_CAPTURE_TRUNCATED_PACKETS);
}
END_TEST

START_TEST(handshake_that_the_capture_has_lost_in_part_proves_nothing)
{
	begin(0);
	s.lose = true;
	send_server_flight(&good, &issuer, false);
	scene_ack(&t, CLIENT);
	send_client_flight();
	send_server_finished();
	exchange_data();
	scene_close(&t);
	findings_expect_no_error(&s);
}
END_TEST

START_TEST(connection_in_the_middle_of_which_the_capture_begins)
{
	t.next[CLIENT] += 3000;
	t.next[SERVER] += 9000;
	t.received[SERVER] = t.next[CLIENT];
	t.received[CLIENT] = t.next[SERVER];
	exchange_data();
	send_record(SERVER, ALERT, 26);
	scene_rst(&t, SERVER);
	findings_expect_healthy(&s);
	findings_expect_one(&s, FINDING_CAPTURE_STARTED_MID_CONNECTION);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("findings about TLS");
	TCase *failures = tcase_create("failures"), *normal = tcase_create("what is no failure");
	const int certificate_count = (int)(sizeof certificates / sizeof *certificates);

	tcase_add_checked_fixture(failures, setup, teardown);
	tcase_add_loop_test(failures, alert_in_answer_to_the_hello, 0, (int)(sizeof refusals / sizeof *refusals));
	tcase_add_loop_test(failures, failure_of_a_handshake_within_a_connection, 0, 2);
	tcase_add_loop_test(failures, handshake_after_what_was_not_captured_proves_nothing, 0, 2);
	tcase_add_test(failures, address_of_a_proxy_is_not_said_to_be_the_server_s);
	tcase_add_test(failures, alert_after_the_server_hello_is_no_lack_of_ciphers);
	tcase_add_test(failures, client_certificate_that_is_required);
	tcase_add_test(failures, client_certificate_that_is_rejected);
	tcase_add_loop_test(failures, certificate_that_the_client_refuses, 0, certificate_count);
	tcase_add_loop_test(failures, certificate_that_the_client_refuses_although_its_root_is_unknown_here, 0,
			    sizeof certificates / sizeof *certificates);
	tcase_add_test(failures, expired_certificate_and_a_client_that_just_closes);
	tcase_add_test(failures, certificate_whose_dates_cannot_be_read_is_not_called_expired);
	tcase_add_loop_test(failures, client_that_leaves_at_once_when_it_has_seen_a_bad_chain, 0, 2);
	tcase_add_test(failures, wildcard_covers_one_label);
	tcase_add_test(failures, version_that_the_client_does_not_speak);
	tcase_add_test(failures, client_that_ends_the_handshake_for_reasons_of_its_own);
	tcase_add_loop_test(failures, client_that_closes_in_the_handshake_without_a_word, 0, 2);
	tcase_add_loop_test(failures, certificate_that_cannot_be_decompressed_is_not_called_encrypted, 0, 2);
	tcase_add_loop_test(failures, client_certificate_that_cannot_be_decompressed_was_sent, 0, 2);
	tcase_add_test(failures, reset_in_answer_to_the_hello);
	tcase_add_test(failures, reset_in_the_middle_of_the_handshake);
	tcase_add_test(failures, close_in_answer_to_the_hello);
	tcase_add_test(failures, server_that_never_answers_the_hello);
	tcase_add_test(failures, hello_whose_answer_the_capture_has_lost_was_answered);
	tcase_add_test(failures, server_that_does_not_answer_while_the_capture_lasts);
	tcase_add_loop_test(failures, close_notify_of_the_server_ends_what_it_says, 0, 2);
	tcase_add_test(failures, answer_in_plain_text);
	tcase_add_test(failures, hello_that_does_not_get_through);
	tcase_add_loop_test(failures, transport_that_dies_under_what_cannot_be_read, 0, 2);
	tcase_add_loop_test(failures, reset_in_answer_to_what_cannot_be_read, 0, 3);
	tcase_add_test(failures, farewell_that_nobody_hears_is_no_failure);
	tcase_add_loop_test(failures, server_that_speaks_first_and_no_tls, 0, (int)(sizeof banners / sizeof *banners));
	suite_add_tcase(suite, failures);
	tcase_add_checked_fixture(normal, setup, teardown);
	tcase_add_test(normal, client_certificate_that_was_not_sent_and_not_needed);
	tcase_add_test(normal, client_certificate_that_was_accepted);
	tcase_add_loop_test(normal, faulty_certificate_that_the_client_accepts_is_no_error, 0, certificate_count);
	tcase_add_loop_test(normal, connection_that_was_kept_and_never_used_says_nothing_about_its_certificate, 0,
			    certificate_count);
	tcase_add_loop_test(normal, client_that_stays_has_accepted_a_bad_chain, 0, 2);
	tcase_add_test(normal, certificate_that_ends_soon);
	tcase_add_test(normal, certificate_whose_dates_cannot_be_read_does_not_end_soon);
	tcase_add_test(normal, answer_in_broken_tls_is_no_plain_text);
	tcase_add_test(normal, server_that_greets_and_then_speaks_tls);
	tcase_add_loop_test(normal, end_after_an_exchange_in_tls_12_is_normal, 0, ENDINGS);
	tcase_add_loop_test(normal, end_after_an_exchange_in_tls_13_is_normal, 0, ENDINGS);
	tcase_add_test(normal, client_that_closes_after_the_handshake_of_tls_13_says_nothing_that_can_be_read);
	tcase_add_loop_test(normal, connection_kept_for_later_and_never_used_is_normal, 0, 2);
	tcase_add_test(normal, resumption_is_normal);
	tcase_add_test(normal, warning_about_the_name_before_a_success_is_no_error);
	tcase_add_test(normal, another_key_share_costs_a_round_trip);
	tcase_add_loop_test(normal, client_that_leaves_before_the_answer_has_changed_its_mind, 0, 2);
	tcase_add_test(normal, client_that_began_to_send_data_had_no_quarrel_with_the_handshake);
	tcase_add_loop_test(normal, capture_that_ends_in_a_young_handshake, 0, PROGRESSES);
	tcase_add_loop_test(normal, capture_that_goes_on_without_this_connection_proves_nothing, 0, 2);
	tcase_add_test(normal, capture_of_the_client_alone_proves_nothing);
	tcase_add_test(normal, capture_of_the_server_alone_proves_nothing);
	tcase_add_loop_test(normal, packets_cut_by_the_snaplen_prove_nothing, 0, 4);
	tcase_add_test(normal, handshake_that_the_capture_has_lost_in_part_proves_nothing);
	tcase_add_test(normal, connection_in_the_middle_of_which_the_capture_begins);
	suite_add_tcase(suite, normal);
	return suite;
}
