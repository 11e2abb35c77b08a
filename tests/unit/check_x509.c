#include "dissect/tls/der.h"
#include "dissect/tls/x509.h"
#include "tests/unit/suite.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- building DER: an element is opened, filled and shut, which puts its length before it ---- */

struct der {
	uint8_t at[8192];
	size_t size;
};

static void put(struct der *d, const void *bytes, size_t size)
{
	ck_assert_uint_le(d->size + size, sizeof(d->at));
	memcpy(d->at + d->size, bytes, size);
	d->size += size;
}

static size_t open(struct der *d, uint8_t tag)
{
	put(d, &tag, 1);
	return d->size;
}

static void shut(struct der *d, size_t begin)
{
	size_t length = d->size - begin, extra = length < 0x80 ? 1 : 3;

	ck_assert_uint_le(d->size + extra, sizeof(d->at));
	memmove(d->at + begin + extra, d->at + begin, length);
	d->size += extra;
	d->at[begin] = (uint8_t)(extra == 1 ? length : 0x82);
	if (extra == 1)
		return;
	d->at[begin + 1] = (uint8_t)(length >> 8);
	d->at[begin + 2] = (uint8_t)length;
}

static void put_element(struct der *d, uint8_t tag, struct bytes value)
{
	size_t element = open(d, tag);

	put(d, value.at, value.size);
	shut(d, element);
}

#define OID(tail) BYTES("\x55\x04" tail) /* 2.5.4.x */
#define CN OID("\x03")
#define O OID("\x0a")
#define OU OID("\x0b")
#define C OID("\x06")
#define L OID("\x07")
#define EMAIL BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01")

struct part {
	struct bytes type;
	uint8_t tag;
	struct bytes value;
	bool same; /* in the same set as the one before */
};

static void put_name(struct der *d, const struct part *parts)
{
	size_t name = open(d, DER_SEQUENCE), set = 0;

	for (; parts->type.size; parts++) {
		size_t pair;

		if (!parts->same)
			set = open(d, DER_SET);
		pair = open(d, DER_SEQUENCE);
		put_element(d, DER_OID, parts->type);
		put_element(d, parts->tag, parts->value);
		shut(d, pair);
		if (!parts[1].same)
			shut(d, set);
	}
	shut(d, name);
}

static const struct part plain_name[] = { { CN, DER_UTF8_STRING, BYTES("x"), false }, { { NULL, 0 }, 0, { NULL, 0 }, false } };

struct content {
	const struct part *subject;
	struct bytes serial, not_before, not_after;
	uint8_t before_tag, after_tag;
	struct bytes key;        /* SubjectPublicKeyInfo */
	struct bytes extensions; /* the elements */
};

static const struct content usual = { plain_name,
				      BYTES("\x00\x8f\x01"),
				      BYTES("200101000000Z"),
				      BYTES("20991231235959Z"),
				      DER_UTC_TIME,
				      DER_GENERALIZED_TIME,
				      BYTES("\x30\x0a\x30\x05\x06\x03\x2b\x65\x70\x03\x01\x00"),
				      { NULL, 0 } };

static void put_certificate(struct der *d, const struct content *content)
{
	size_t certificate = open(d, DER_SEQUENCE), tbs = open(d, DER_SEQUENCE), part;

	part = open(d, DER_VERSION);
	put_element(d, DER_INTEGER, BYTES("\x02"));
	shut(d, part);
	put_element(d, DER_INTEGER, content->serial);
	put_element(d, DER_SEQUENCE, BYTES("\x06\x03\x2b\x65\x70"));
	put_name(d, plain_name);
	part = open(d, DER_SEQUENCE);
	put_element(d, content->before_tag, content->not_before);
	put_element(d, content->after_tag, content->not_after);
	shut(d, part);
	put_name(d, content->subject);
	put(d, content->key.at, content->key.size);
	if (content->extensions.size) {
		part = open(d, DER_EXTENSIONS);
		put_element(d, DER_SEQUENCE, content->extensions);
		shut(d, part);
	}
	shut(d, tbs);
	put(d, "\x30\x05\x06\x03\x2b\x65\x70\x03\x01\x00", 10);
	shut(d, certificate);
}

static struct arena arena;

static void clear_arena(void)
{
	arena_free(&arena);
}

/* From a block of exactly the size. */
static bool summarise(const uint8_t *bytes, size_t size, struct x509_summary *out)
{
	uint8_t *copy = nt_alloc(size ? size : 1);
	bool good;

	memcpy(copy, bytes, size);
	good = x509_summarise((struct bytes){ copy, size }, &arena, out);
	free(copy);
	return good;
}

static void summarise_content(const struct content *content, struct x509_summary *out)
{
	struct der d = { .size = 0 };

	put_certificate(&d, content);
	ck_assert(summarise(d.at, d.size, out));
}

/* ---- names ---- */

#define END \
	{ \
		{ NULL, 0 }, 0, { NULL, 0 }, false \
	}

/* The texts are what Go prints for the same certificates. */
static const struct {
	const char *text;
	struct part parts[10];
} names[] = {
	{ "", { END } },
	{ "CN=example.org,O=Example,C=US",
	  { { C, DER_PRINTABLE_STRING, BYTES("US"), false },
	    { O, DER_PRINTABLE_STRING, BYTES("Example"), false },
	    { CN, DER_PRINTABLE_STRING, BYTES("example.org"), false },
	    END } },
	{ "SERIALNUMBER=5,CN=3,OU=11,O=10,POSTALCODE=17,STREET=9,L=7,ST=8,C=6",
	  { { C, DER_PRINTABLE_STRING, BYTES("6"), false },
	    { OID("\x08"), DER_PRINTABLE_STRING, BYTES("8"), false },
	    { L, DER_PRINTABLE_STRING, BYTES("7"), false },
	    { OID("\x09"), DER_PRINTABLE_STRING, BYTES("9"), false },
	    { OID("\x11"), DER_NUMERIC_STRING, BYTES("17"), false },
	    { O, DER_PRINTABLE_STRING, BYTES("10"), false },
	    { OU, DER_PRINTABLE_STRING, BYTES("11"), false },
	    { CN, DER_PRINTABLE_STRING, BYTES("3"), false },
	    { OID("\x05"), DER_PRINTABLE_STRING, BYTES("5"), false },
	    END } },
	{ "CN=last,OU=a+OU=b+OU=c,O=o1+O=o2,C=XX",
	  { { OU, DER_PRINTABLE_STRING, BYTES("a"), false },
	    { OU, DER_PRINTABLE_STRING, BYTES("b"), false },
	    { OU, DER_PRINTABLE_STRING, BYTES("c"), true },
	    { CN, DER_PRINTABLE_STRING, BYTES("first"), false },
	    { CN, DER_PRINTABLE_STRING, BYTES("last"), false },
	    { O, DER_PRINTABLE_STRING, BYTES("o1"), false },
	    { C, DER_PRINTABLE_STRING, BYTES("XX"), true },
	    { O, DER_PRINTABLE_STRING, BYTES("o2"), false },
	    END } },
	{ "O=", { { O, DER_PRINTABLE_STRING, BYTES(""), false }, { CN, DER_PRINTABLE_STRING, BYTES(""), false }, END } },
	{ "CN=\\ a\\,b\\+c\\\"d\\\\e\\<f\\>g\\;h\\ ,O=\\#x,L=\\ ,C=x#y z",
	  { { CN, DER_UTF8_STRING, BYTES(" a,b+c\"d\\e<f>g;h "), false },
	    { O, DER_UTF8_STRING, BYTES("#x"), false },
	    { L, DER_UTF8_STRING, BYTES(" "), false },
	    { C, DER_UTF8_STRING, BYTES("x#y z"), false },
	    END } },
	{ "CN=x,2.999.3=#0c022a26,2.5.4.12=#13055469746c65,1.2.840.113549.1.9.1=#0c0e6d65406578616d706c652e6f7267",
	  { { EMAIL, DER_IA5_STRING, BYTES("me@example.org"), false },
	    { OID("\x0c"), DER_UTF8_STRING, BYTES("Title"), false },
	    { CN, DER_UTF8_STRING, BYTES("x"), false },
	    { BYTES("\x88\x37\x03"), DER_PRINTABLE_STRING, BYTES("*&"), false },
	    END } },
	{ "CN=M\xc3\xbcller,OU=a,O=\xc3\x9c",
	  { { CN, DER_T61_STRING, BYTES("M\xfcller"), false },
	    { O, DER_BMP_STRING, BYTES("\x00\xdc"), false },
	    { OU, DER_BMP_STRING, BYTES("\x00\x61\x00\x00"), false },
	    END } },
	/* Go refuses these. */
	{ "CN=bank\\00.example,O=#0403616263,L=\xf0\x9f\x98\x80",
	  { { CN, DER_UTF8_STRING, BYTES("bank\0.example"), false },
	    { O, DER_OCTET_STRING, BYTES("abc"), false },
	    { L, DER_UNIVERSAL_STRING, BYTES("\x00\x01\xf6\x00"), false },
	    END } },
	{ "CN=\xc3\xa0\xc2\x80\xc2\x80",
	  { { CN, DER_UTF8_STRING, BYTES("\xe0\x80\x80"), false }, END } }, /* too long for its value */
	{ "CN=\xc3\xa9\xc2\x80,2.5.4.12=#0101ff,2.5.4.12=#0c02c3bf",
	  { { CN, DER_UTF8_STRING, BYTES("\xe9\x80"), false },
	    { OID("\x0c"), DER_IA5_STRING, BYTES("\xff"), false },
	    { OID("\x0c"), DER_BOOLEAN, BYTES("\xff"), false },
	    END } },
};

START_TEST(name_is_printed_as_go_does)
{
	struct content content = usual;
	struct x509_summary out;

	content.subject = names[_i].parts;
	summarise_content(&content, &out);
	ck_assert_str_eq(out.subject, names[_i].text);
	ck_assert_str_eq(out.issuer, "CN=x");
}
END_TEST

/* ---- times and serial numbers ---- */

static const struct {
	const char *name;
	struct bytes text;
	uint8_t tag;
	bool fits;
	int64_t seconds; /* NT_TIME_NONE: cannot be read */
} times[] = {
	{ "1970", BYTES("700101000000Z"), DER_UTC_TIME, true, 0 },
	{ "first year of UTCTime", BYTES("500101000000Z"), DER_UTC_TIME, true, -631152000 },
	{ "last year of UTCTime", BYTES("491231235959Z"), DER_UTC_TIME, true, 2524607999 },
	{ "leap day", BYTES("20000229120000Z"), DER_GENERALIZED_TIME, true, 951825600 },
	{ "year 9999", BYTES("99991231235959Z"), DER_GENERALIZED_TIME, false, 253402300799 },
	{ "year 1", BYTES("00010101000000Z"), DER_GENERALIZED_TIME, false, -62135596800 },
	{ "no seconds", BYTES("7001010001Z"), DER_UTC_TIME, true, 60 },
	{ "fraction", BYTES("19700101000001.5Z"), DER_GENERALIZED_TIME, true, 1 },
	{ "zone", BYTES("700101013000+0130"), DER_UTC_TIME, true, 0 },
	{ "no zone", BYTES("700101000000"), DER_UTC_TIME, true, 0 },
	{ "day that does not exist", BYTES("210229000000Z"), DER_UTC_TIME, false, NT_TIME_NONE },
	{ "month 13", BYTES("211301000000Z"), DER_UTC_TIME, false, NT_TIME_NONE },
	{ "letters", BYTES("2101O1000000Z"), DER_UTC_TIME, false, NT_TIME_NONE },
	{ "rest", BYTES("210101000000Zx"), DER_UTC_TIME, false, NT_TIME_NONE },
	{ "other type", BYTES("210101000000Z"), DER_PRINTABLE_STRING, false, NT_TIME_NONE },
};

START_TEST(time_is_read)
{
	struct content content = usual;
	struct x509_summary out;

	content.not_after = times[_i].text;
	content.after_tag = times[_i].tag;
	summarise_content(&content, &out);
	ck_assert_msg(out.not_after_s == times[_i].seconds, "%s: %lld", times[_i].name, (long long)out.not_after_s);
	ck_assert_msg(out.not_after == (times[_i].fits ? times[_i].seconds * NT_SECOND : NT_TIME_NONE), "%s", times[_i].name);
	ck_assert_int_eq(out.not_before_s, 1577836800);
}
END_TEST

static const struct {
	struct bytes value;
	const char *text;
} serials[] = { { BYTES("\x00\x8f\x01"), "8f01" }, { BYTES("\x0a\x00"), "a00" }, { BYTES("\x00"), "0" }, { BYTES(""), "" } };

START_TEST(serial_number_has_no_leading_zeros)
{
	struct content content = usual;
	struct x509_summary out;

	content.serial = serials[_i].value;
	summarise_content(&content, &out);
	ck_assert_str_eq(out.serial, serials[_i].text);
}
END_TEST

/* ---- extensions ---- */

static const struct {
	const char *name;
	struct bytes extensions;
	bool is_ca;
	const char *names;
} extensions[] = {
	{ "none", { NULL, 0 }, false, "" },
	{ "CA", BYTES("\x30\x0f\x06\x03\x55\x1d\x13\x01\x01\xff\x04\x05\x30\x03\x01\x01\xff"), true, "" },
	{ "no CA", BYTES("\x30\x0c\x06\x03\x55\x1d\x13\x01\x01\xff\x04\x02\x30\x00"), false, "" },
	{ "key usage is not asked", BYTES("\x30\x0b\x06\x03\x55\x1d\x0f\x04\x04\x03\x02\x01\x06"), false, "" },
	{ "names",
	  BYTES("\x30\x2b\x06\x03\x55\x1d\x11\x04\x24\x30\x22\x82\x03"
		"a.b"
		"\x81\x03"
		"x@y"
		"\x87\x04\x7f\x00\x00\x01\x87\x10"
		"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"),
	  false, "a.b 127.0.0.1 2001:db8::1 " },
	{ "odd names",
	  BYTES("\x30\x14\x06\x03\x55\x1d\x11\x04\x0d\x30\x0b\x82\x04"
		"a\0.b"
		"\x87\x03\x7f\x00\x00"),
	  false, "a?.b " },
	{ "broken names",
	  BYTES("\x30\x0e\x06\x03\x55\x1d\x11\x04\x07\x30\x05\x82\x01"
		"a"
		"\x82\x7f"),
	  false, "a " },
	{ "extension that is none, then CA",
	  BYTES("\x30\x02\x05\x00\x30\x0f\x06\x03\x55\x1d\x13\x01\x01\xff\x04\x05\x30\x03\x01\x01\xff"), true, "" },
};

START_TEST(extension_is_read)
{
	struct content content = usual;
	struct x509_summary out;
	char text[200] = "";

	content.extensions = extensions[_i].extensions;
	summarise_content(&content, &out);
	for (size_t i = 0; i < out.name_count; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s ", out.names[i]);
	ck_assert_msg(out.is_ca == extensions[_i].is_ca, "%s", extensions[_i].name);
	ck_assert_msg(strcmp(text, extensions[_i].names) == 0, "%s: \"%s\"", extensions[_i].name, text);
}
END_TEST

/* ---- keys, with certificates that OpenSSL makes ---- */

static EVP_PKEY *make_key(const char *kind)
{
	if (strncmp(kind, "RSA ", 4) == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)strtoul(kind + 4, NULL, 10));
	if (strncmp(kind, "EC ", 3) == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, "EC", kind + 3);
	return EVP_PKEY_Q_keygen(NULL, NULL, kind);
}

static size_t make_certificate(const char *kind, uint8_t **der)
{
	EVP_PKEY *key = make_key(kind);
	X509 *certificate = X509_new();
	X509_NAME *name = X509_NAME_new();
	int size;

	*der = NULL;
	X509_NAME_add_entry_by_txt(name, "C", MBSTRING_ASC, (const uint8_t *)"DE", -1, -1, 0);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)"gr\xc3\xbc\xc3\x9f.example", -1, -1, 0);
	X509_set_version(certificate, X509_VERSION_3);
	X509_set_subject_name(certificate, name);
	X509_set_issuer_name(certificate, name);
	X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
	X509_set_pubkey(certificate, key);
	X509_sign(certificate, key, EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? NULL : EVP_sha256());
	size = i2d_X509(certificate, der);
	X509_NAME_free(name);
	X509_free(certificate);
	EVP_PKEY_free(key);
	ck_assert_int_gt(size, 0);
	return (size_t)size;
}

static const char *const kinds[] = { "RSA 1024", "RSA 2048", "EC P-256", "EC P-384", "EC secp256k1", "ED25519" };

START_TEST(certificate_of_openssl_is_read)
{
	struct x509_summary out;
	uint8_t *der, digest[32];
	size_t size = make_certificate(kinds[_i], &der);
	char hex[65];

	ck_assert(summarise(der, size, &out));
	ck_assert_str_eq(out.subject, "CN=gr\xc3\xbc\xc3\x9f.example,C=DE");
	ck_assert_str_eq(out.issuer, out.subject);
	ck_assert_int_eq(out.not_after_s - out.not_before_s, 86400);
	ck_assert_str_eq(out.key_type, strcmp(kinds[_i], "ED25519") == 0 ? "Ed25519" : kinds[_i]);
	ck_assert(EVP_Digest(der, size, digest, NULL, EVP_sha256(), NULL));
	for (int i = 0; i < 32; i++)
		snprintf(hex + i * 2, 3, "%02x", digest[i]);
	ck_assert_str_eq(out.sha256, hex);
	OPENSSL_free(der);
}
END_TEST

START_TEST(unknown_key_is_no_obstacle)
{
	struct content content = usual;
	struct x509_summary out;

	content.key = BYTES("\x30\x0a\x30\x05\x06\x03\x2a\x03\x04\x03\x01\x00");
	summarise_content(&content, &out);
	ck_assert_str_eq(out.key_type, "");
	ck_assert_str_eq(out.subject, "CN=x");
}
END_TEST

/* ---- damage ---- */

START_TEST(no_prefix_is_a_certificate)
{
	struct der d = { .size = 0 };
	struct x509_summary out;

	put_certificate(&d, &usual);
	for (size_t size = 0; size < d.size; size++) {
		ck_assert(!summarise(d.at, size, &out));
		ck_assert_str_eq(out.subject, "");
		ck_assert_uint_eq(strlen(out.sha256), 64);
		ck_assert_int_eq(out.not_after_s, NT_TIME_NONE);
	}
	ck_assert(summarise(d.at, d.size, &out));
}
END_TEST

START_TEST(damaged_certificate_gives_some_result)
{
	struct content content = usual;
	struct der d = { .size = 0 };
	struct x509_summary out;

	content.subject = names[2].parts;
	content.extensions = extensions[4].extensions;
	put_certificate(&d, &content);
	for (size_t i = 0; i < d.size; i++) {
		for (int bit = 0; bit < 8; bit++) {
			d.at[i] ^= (uint8_t)(1u << bit);
			(void)summarise(d.at, d.size, &out);
			ck_assert_uint_eq(strlen(out.sha256), 64);
			d.at[i] ^= (uint8_t)(1u << bit);
		}
		arena_clear(&arena);
	}
}
END_TEST

static const struct {
	const char *name, *common;
} common_names[] = {
	{ "CN=www.example.org", "CN=www.example.org" },
	{ "SERIALNUMBER=1,CN=a\\,b,OU=x+OU=y,O=z", "CN=a\\,b" },
	{ "CN=a+OU=b", "CN=a" },
	{ "OU=XCN=b,O=z", "OU=XCN=b,O=z" },
	{ "CN=", "CN=" },
	{ "", "" },
};

START_TEST(common_name_of_a_name)
{
	ck_assert(bytes_equal(x509_common_name(bytes_of(common_names[_i].name)), bytes_of(common_names[_i].common)));
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("x509");
	TCase *tcase = tcase_create("certificate");

	tcase_add_checked_fixture(tcase, NULL, clear_arena);
	tcase_add_loop_test(tcase, name_is_printed_as_go_does, 0, (int)(sizeof(names) / sizeof(names[0])));
	tcase_add_loop_test(tcase, common_name_of_a_name, 0, (int)(sizeof(common_names) / sizeof(common_names[0])));
	tcase_add_loop_test(tcase, time_is_read, 0, (int)(sizeof(times) / sizeof(times[0])));
	tcase_add_loop_test(tcase, serial_number_has_no_leading_zeros, 0, 4);
	tcase_add_loop_test(tcase, extension_is_read, 0, (int)(sizeof(extensions) / sizeof(extensions[0])));
	tcase_add_loop_test(tcase, certificate_of_openssl_is_read, 0, (int)(sizeof(kinds) / sizeof(kinds[0])));
	tcase_add_test(tcase, unknown_key_is_no_obstacle);
	tcase_add_test(tcase, no_prefix_is_a_certificate);
	tcase_add_test(tcase, damaged_certificate_gives_some_result);
	suite_add_tcase(suite, tcase);
	return suite;
}
