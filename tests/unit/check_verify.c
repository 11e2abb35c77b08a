#include "store/limits.h"
#include "tests/support/certificates.h"
#include "tests/unit/suite.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* A verifier that trusts the root of the hierarchy. */
static struct verifier *verifier;

static void set_up(void)
{
	pki_set_up();
	verifier = pki_trust(pki_path("root.pem"));
}

static void tear_down(void)
{
	verifier_free(verifier);
	pki_tear_down();
}

/* The same bytes with a difference; `made` keeps none of its own. */
static struct bytes altered(struct bytes der, size_t at, uint8_t mask)
{
	uint8_t *copy = nt_alloc(der.size);

	memcpy(copy, der.at, der.size);
	copy[at] ^= mask;
	return (struct bytes){ copy, der.size };
}

static void expect_at(const struct certificate **chain, const char *name, int64_t time_s, enum verify_result result)
{
	struct verify_outcome outcome = pki_ask(verifier, chain, name, time_s);

	ck_assert_msg(outcome.result == result, "%s instead of %s: %s", verify_result_text(outcome.result),
		      verify_result_text(result), outcome.text);
}

static void expect(const struct certificate **chain, enum verify_result result)
{
	expect_at(chain, "www.example.org", NOW, result);
}

/* ---- chains ---- */

START_TEST(good_chain_is_ok)
{
	struct verify_outcome outcome = pki_ask(verifier, CHAIN(&pki.leaf, &pki.middle), "www.example.org", NOW);

	ck_assert_int_eq(outcome.result, VERIFY_OK);
	ck_assert(outcome.name_known);
	ck_assert_int_eq(outcome.depth, -1);
}
END_TEST

START_TEST(superfluous_and_misordered_certificates_are_tolerated)
{
	struct certificate other = certificate_make((struct certificate_plan){ .name = "Other" });

	expect(CHAIN(&pki.leaf, &pki.root, &pki.middle), VERIFY_OK);
	expect(CHAIN(&pki.leaf, &other, &pki.middle, &pki.middle, &pki.leaf), VERIFY_OK);
	certificate_free(&other);
}
END_TEST

START_TEST(first_certificate_is_the_leaf)
{
	expect(CHAIN(&pki.middle, &pki.leaf), VERIFY_NAME_MISMATCH);
}
END_TEST

START_TEST(missing_intermediate_is_incomplete_chain)
{
	struct verify_outcome outcome = pki_ask(verifier, CHAIN(&pki.leaf), "www.example.org", NOW);

	ck_assert_int_eq(outcome.result, VERIFY_INCOMPLETE_CHAIN);
	ck_assert_int_eq(outcome.depth, -1);
	ck_assert_ptr_nonnull(strstr(outcome.text, "CN=Middle"));
}
END_TEST

START_TEST(wrong_intermediate_is_incomplete_chain)
{
	struct certificate other = certificate_make((struct certificate_plan){ .name = "Other", .issuer = &pki.root });

	expect(CHAIN(&pki.leaf, &other, &pki.root), VERIFY_INCOMPLETE_CHAIN);
	certificate_free(&other);
}
END_TEST

START_TEST(intermediate_without_its_root_is_unknown_issuer)
{
	struct certificate foreign = certificate_make((struct certificate_plan){ .name = "Foreign Root" });
	struct certificate below = certificate_make((struct certificate_plan){ .name = "Foreign Middle", .issuer = &foreign });
	struct certificate last = certificate_make_leaf(&below);
	struct verify_outcome outcome = pki_ask(verifier, CHAIN(&last, &below), "www.example.org", NOW);

	ck_assert_int_eq(outcome.result, VERIFY_UNKNOWN_ISSUER);
	ck_assert_int_eq(outcome.depth, 1);
	ck_assert_ptr_nonnull(strstr(outcome.text, "CN=Foreign Root"));
	expect(CHAIN(&last, &below, &foreign), VERIFY_UNKNOWN_ISSUER); /* the root was sent too */
	certificate_free(&foreign);
	certificate_free(&below);
	certificate_free(&last);
}
END_TEST

START_TEST(issuer_that_says_who_issued_it_tells_root_from_intermediate)
{
	const char *always = "keyid:always,issuer:always";
	struct certificate foreign = certificate_make((struct certificate_plan){ .name = "Foreign Root" });
	struct certificate first = certificate_make((struct certificate_plan){ .name = "First", .issuer = &foreign });
	struct certificate second =
		certificate_make((struct certificate_plan){ .name = "Second", .issuer = &first, .authority = always });
	struct certificate below = certificate_make_leaf(&second);
	struct certificate direct = certificate_make(
		(struct certificate_plan){ .name = "x", .issuer = &foreign, .constraints = "CA:FALSE", .authority = always });

	expect(CHAIN(&direct), VERIFY_UNKNOWN_ISSUER);           /* its issuer issued itself: nothing was left out */
	expect(CHAIN(&below, &second), VERIFY_INCOMPLETE_CHAIN); /* the issuer of the last one is no root */
	certificate_free(&foreign);
	certificate_free(&first);
	certificate_free(&second);
	certificate_free(&below);
	certificate_free(&direct);
}
END_TEST

START_TEST(trusted_root_of_the_same_name_but_another_key_is_unknown_issuer)
{
	struct certificate twin = certificate_make((struct certificate_plan){ .name = "Root" });
	struct certificate below = certificate_make_leaf(&twin);

	expect(CHAIN(&below), VERIFY_UNKNOWN_ISSUER);
	certificate_free(&twin);
	certificate_free(&below);
}
END_TEST

START_TEST(intermediate_of_the_same_name_but_another_key_is_unknown_issuer)
{
	struct certificate twin = certificate_make((struct certificate_plan){ .name = "Middle", .issuer = &pki.root });

	expect(CHAIN(&pki.leaf, &twin), VERIFY_UNKNOWN_ISSUER);
	expect(CHAIN(&pki.leaf, &twin, &pki.middle), VERIFY_OK);
	certificate_free(&twin);
}
END_TEST

START_TEST(self_signed_leaf_is_self_signed_unless_it_is_trusted)
{
	struct certificate own = certificate_make_leaf(NULL);
	struct verify_outcome outcome = pki_ask(verifier, CHAIN(&own), "www.example.org", NOW);
	struct verifier *trusting;

	ck_assert_int_eq(outcome.result, VERIFY_SELF_SIGNED);
	ck_assert_int_eq(outcome.depth, 0);
	expect(CHAIN(&own, &pki.middle), VERIFY_SELF_SIGNED);
	pki_write_pem("own.pem", &own);
	trusting = pki_trust(pki_path("own.pem"));
	ck_assert_int_eq(pki_ask(trusting, CHAIN(&own), "www.example.org", NOW).result, VERIFY_OK);
	verifier_free(trusting);
	certificate_free(&own);
}
END_TEST

START_TEST(trusted_intermediate_alone_is_no_anchor)
{
	struct verifier *trusting;

	pki_write_pem("middle.pem", &pki.middle);
	trusting = pki_trust(pki_path("middle.pem"));
	ck_assert_int_eq(pki_ask(trusting, CHAIN(&pki.leaf), "www.example.org", NOW).result, VERIFY_UNKNOWN_ISSUER);
	verifier_free(trusting);
}
END_TEST

START_TEST(intermediate_that_is_no_ca_is_refused)
{
	struct certificate plain =
		certificate_make((struct certificate_plan){ .name = "Plain", .issuer = &pki.root, .constraints = "CA:FALSE" });
	struct certificate below = certificate_make_leaf(&plain);
	struct verify_outcome outcome = pki_ask(verifier, CHAIN(&below, &plain), "www.example.org", NOW);

	ck_assert_int_eq(outcome.result, VERIFY_OTHER);
	ck_assert_int_eq(outcome.depth, 1);
	ck_assert_ptr_nonnull(strstr(outcome.text, "CN=Plain"));
	certificate_free(&plain);
	certificate_free(&below);
}
END_TEST

START_TEST(certificate_for_clients_only_is_refused)
{
	struct certificate client = certificate_make((struct certificate_plan){
		.name = "c", .issuer = &pki.root, .constraints = "CA:FALSE", .names = "DNS:www.example.org", .use = "clientAuth" });

	expect(CHAIN(&client), VERIFY_OTHER);
	certificate_free(&client);
}
END_TEST

START_TEST(name_constraints_hold)
{
	struct certificate limited = certificate_make(
		(struct certificate_plan){ .name = "L", .issuer = &pki.root, .limits = "critical,permitted;DNS:example.org" });
	struct certificate inside = certificate_make_leaf(&limited);
	struct certificate outside = certificate_make((struct certificate_plan){
		.name = "o", .issuer = &limited, .constraints = "CA:FALSE", .names = "DNS:www.example.com" });

	expect(CHAIN(&inside, &limited), VERIFY_OK);
	expect_at(CHAIN(&outside, &limited), "www.example.com", NOW, VERIFY_OTHER);
	certificate_free(&limited);
	certificate_free(&inside);
	certificate_free(&outside);
}
END_TEST

/* ---- signatures and broken bytes ---- */

START_TEST(wrong_signature_is_bad_signature)
{
	struct certificate wrong_leaf = { NULL, NULL, altered(pki.leaf.der, pki.leaf.der.size - 1, 1) };
	struct certificate wrong_middle = { NULL, NULL, altered(pki.middle.der, pki.middle.der.size - 1, 1) };
	struct verify_outcome outcome = pki_ask(verifier, CHAIN(&wrong_leaf, &pki.middle), "www.example.org", NOW);

	ck_assert_int_eq(outcome.result, VERIFY_BAD_SIGNATURE);
	ck_assert_int_eq(outcome.depth, 0);
	outcome = pki_ask(verifier, CHAIN(&pki.leaf, &wrong_middle), "www.example.org", NOW);
	ck_assert_int_eq(outcome.result, VERIFY_BAD_SIGNATURE);
	ck_assert_int_eq(outcome.depth, 1);
	free((void *)wrong_leaf.der.at);
	free((void *)wrong_middle.der.at);
}
END_TEST

/* An RSA signature with MD2, which OpenSSL does not have any more; the key type is right. */
START_TEST(unknown_signature_algorithm_is_not_called_a_bad_signature)
{
	const uint8_t sha256[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b };
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
	struct certificate issuer = certificate_make((struct certificate_plan){ .name = "RSA", .issuer = &pki.root, .key = key });
	struct certificate below = certificate_make_leaf(&issuer);
	struct bytes der = altered(below.der, 0, 0);
	struct certificate odd = { NULL, NULL, der };

	expect(CHAIN(&below, &issuer), VERIFY_OK);
	for (size_t at = 0; at + sizeof(sha256) <= der.size; at++)
		if (memcmp(der.at + at, sha256, sizeof(sha256)) == 0)
			((uint8_t *)der.at)[at + 8] = 2;
	expect(CHAIN(&odd, &issuer), VERIFY_OTHER);
	free((void *)der.at);
	certificate_free(&issuer);
	certificate_free(&below);
}
END_TEST

START_TEST(every_prefix_of_a_certificate_is_unreadable)
{
	for (size_t size = 0; size < pki.leaf.der.size; size++) {
		struct certificate cut = { NULL, NULL, { nt_alloc(size), size } };
		struct verify_outcome outcome;

		memcpy((void *)cut.der.at, pki.leaf.der.at, size);
		outcome = pki_ask(verifier, CHAIN(&pki.middle, &cut), "", NOW);
		ck_assert_int_eq(outcome.result, VERIFY_UNREADABLE);
		ck_assert_int_eq(outcome.depth, 1);
		free((void *)cut.der.at);
	}
}
END_TEST

START_TEST(bytes_after_a_certificate_are_unreadable)
{
	struct certificate longer = { NULL, NULL, { nt_zalloc(pki.leaf.der.size + 1), pki.leaf.der.size + 1 } };

	memcpy((void *)longer.der.at, pki.leaf.der.at, pki.leaf.der.size);
	expect(CHAIN(&longer, &pki.middle), VERIFY_UNREADABLE);
	free((void *)longer.der.at);
}
END_TEST

START_TEST(no_altered_leaf_is_ok)
{
	for (size_t at = 0; at < pki.leaf.der.size; at++) {
		struct certificate wrong = { NULL, NULL, altered(pki.leaf.der, at, (uint8_t)(1 << at % 8)) };

		ck_assert_int_ne(pki_ask(verifier, CHAIN(&wrong, &pki.middle), "www.example.org", NOW).result, VERIFY_OK);
		free((void *)wrong.der.at);
	}
}
END_TEST

START_TEST(empty_chain_is_refused)
{
	const struct certificate *none[] = { NULL };

	expect(none, VERIFY_OTHER);
}
END_TEST

/* ---- dates: certificates are valid from notBefore on, and as OpenSSL has it, up to but without notAfter ---- */

START_TEST(dates_count_to_the_second_whatever_is_remembered)
{
	struct certificate brief = certificate_make((struct certificate_plan){ .name = "b",
									       .issuer = &pki.middle,
									       .constraints = "CA:FALSE",
									       .names = "DNS:www.example.org",
									       .not_before = NOW - 5,
									       .not_after = NOW + 5 });
	const struct {
		int64_t time_s;
		enum verify_result result;
	} cases[] = {
		{ NOW, VERIFY_OK },
		{ NOW - 5, VERIFY_OK },
		{ NOW - 6, VERIFY_NOT_YET_VALID },
		{ NOW + 4, VERIFY_OK },
		{ NOW + 5, VERIFY_EXPIRED },
		{ NOW, VERIFY_OK },
		{ NOW + 50 * DAY, VERIFY_EXPIRED },
		{ INT64_MAX, VERIFY_EXPIRED },
		{ INT64_MIN, VERIFY_NOT_YET_VALID },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_at(CHAIN(&brief, &pki.middle), "www.example.org", cases[i].time_s, cases[i].result);
	certificate_free(&brief);
}
END_TEST

START_TEST(expired_root_and_intermediate_expire_the_chain)
{
	struct certificate old_root = certificate_make((struct certificate_plan){ .name = "Old Root", .not_after = NOW + 2 });
	struct certificate old_middle =
		certificate_make((struct certificate_plan){ .name = "Old Middle", .issuer = &old_root, .not_after = NOW + 1 });
	struct certificate below = certificate_make_leaf(&old_middle);
	struct verifier *trusting;
	struct verify_outcome outcome;

	pki_write_pem("old.pem", &old_root);
	trusting = pki_trust(pki_path("old.pem"));
	ck_assert_int_eq(pki_ask(trusting, CHAIN(&below, &old_middle), "", NOW).result, VERIFY_OK);
	outcome = pki_ask(trusting, CHAIN(&below, &old_middle), "", NOW + 1);
	ck_assert_int_eq(outcome.result, VERIFY_EXPIRED);
	ck_assert_int_eq(outcome.depth, 1);
	ck_assert_ptr_nonnull(strstr(outcome.text, "CN=Old Middle"));
	outcome = pki_ask(trusting, CHAIN(&below, &old_middle), "", NOW + 2);
	ck_assert_int_eq(outcome.depth, 2);
	verifier_free(trusting);
	certificate_free(&old_root);
	certificate_free(&old_middle);
	certificate_free(&below);
}
END_TEST

START_TEST(of_several_faults_trust_comes_first_then_dates_then_the_name)
{
	struct certificate_plan plan = {
		.name = "b", .constraints = "CA:FALSE", .names = "DNS:other.example.org", .not_after = NOW - 5
	};
	struct certificate expired, alone = certificate_make(plan);

	plan.issuer = &pki.middle;
	expired = certificate_make(plan);
	expect(CHAIN(&alone), VERIFY_SELF_SIGNED);
	expect(CHAIN(&expired), VERIFY_INCOMPLETE_CHAIN);
	expect(CHAIN(&expired, &pki.middle), VERIFY_EXPIRED);
	expect_at(CHAIN(&expired, &pki.middle), "www.example.org", NOW - 6, VERIFY_NAME_MISMATCH);
	certificate_free(&expired);
	certificate_free(&alone);
}
END_TEST

/* ---- names ---- */

static const struct {
	const char *name;
	bool known;
	enum verify_result result;
} names[] = {
	{ "", false, VERIFY_OK },
	{ ".", false, VERIFY_OK },
	{ "www.example.org", true, VERIFY_OK },
	{ "WWW.Example.ORG", true, VERIFY_OK },
	{ "www.example.org.", true, VERIFY_OK },
	{ "example.org", true, VERIFY_NAME_MISMATCH },
	{ "www.example.org%x", true, VERIFY_NAME_MISMATCH },
	{ "the.common.name", true, VERIFY_NAME_MISMATCH },
	{ "a.wild.example.org", true, VERIFY_OK },
	{ "wild.example.org", true, VERIFY_NAME_MISMATCH },
	{ "a.b.wild.example.org", true, VERIFY_NAME_MISMATCH },
	{ "part1.example.org", true, VERIFY_NAME_MISMATCH },
	{ "192.0.2.1", true, VERIFY_OK },
	{ "192.0.2.2", true, VERIFY_NAME_MISMATCH },
	{ "2001:db8::1", true, VERIFY_OK },
	{ "2001:DB8:0::1", true, VERIFY_OK },
	{ "[2001:db8::1]", true, VERIFY_OK },
	{ "[2001:db8::1%eth0]", true, VERIFY_OK },
	{ "2001:db8::2", true, VERIFY_NAME_MISMATCH },
	{ "198.51.100.1", true, VERIFY_NAME_MISMATCH }, /* the certificate has it as a DNS name */
};

START_TEST(name_is_compared_as_browsers_do)
{
	struct certificate many = certificate_make(
		(struct certificate_plan){ .name = "the.common.name",
					   .issuer = &pki.root,
					   .constraints = "CA:FALSE",
					   .names = "DNS:www.example.org,DNS:*.wild.example.org,DNS:part*.example.org,DNS:198."
						    "51.100.1,IP:192.0.2.1,IP:2001:db8::1" });
	struct verify_outcome outcome = pki_ask(verifier, CHAIN(&many), names[_i].name, NOW);

	ck_assert_msg(outcome.result == names[_i].result, "%s: %s", names[_i].name, outcome.text);
	ck_assert_int_eq(outcome.name_known, names[_i].known);
	certificate_free(&many);
}
END_TEST

START_TEST(common_name_counts_not_even_without_other_names)
{
	struct certificate plain = certificate_make(
		(struct certificate_plan){ .name = "www.example.org", .issuer = &pki.root, .constraints = "CA:FALSE" });

	expect(CHAIN(&plain), VERIFY_NAME_MISMATCH);
	certificate_free(&plain);
}
END_TEST

START_TEST(hostile_name_is_a_mismatch_and_shown_harmless)
{
	struct bytes der[] = { pki.leaf.der, pki.middle.der }, name = BYTES("www.example.org\0\n\x1b[31m.evil");
	struct verify_outcome outcome;
	char longest[5000];

	verifier_check(verifier, der, 2, name, NOW, &outcome);
	ck_assert_int_eq(outcome.result, VERIFY_NAME_MISMATCH);
	verifier_check(verifier, der, 2, BYTES("evil\n\x1b[31m\xff"), NOW, &outcome);
	ck_assert_str_eq(outcome.text, "the certificate is not for evil??[31m?");
	for (const char *at = outcome.text; *at; at++)
		ck_assert(*at >= ' ' && *at < 0x7f);
	memset(longest, 'a', sizeof(longest));
	verifier_check(verifier, der, 2, (struct bytes){ (const uint8_t *)longest, sizeof(longest) }, NOW, &outcome);
	ck_assert_int_eq(outcome.result, VERIFY_NAME_MISMATCH);
	verifier_check(verifier, der, 2, (struct bytes){ NULL, 0 }, NOW, &outcome);
	ck_assert_int_eq(outcome.result, VERIFY_OK);
}
END_TEST

/* ---- limits ---- */

START_TEST(certificates_beyond_the_limit_are_left_out)
{
	const struct certificate *chain[LIMIT_TLS_CERTIFICATES + 2] = { &pki.leaf };

	for (size_t i = 1; i < LIMIT_TLS_CERTIFICATES; i++)
		chain[i] = &pki.leaf;
	chain[LIMIT_TLS_CERTIFICATES] = &pki.middle;
	expect(chain, VERIFY_INCOMPLETE_CHAIN);
	chain[LIMIT_TLS_CERTIFICATES - 1] = &pki.middle;
	expect(chain, VERIFY_OK);
}
END_TEST

START_TEST(very_deep_chain_is_refused)
{
	struct certificate made[40];
	const struct certificate *chain[41] = { NULL };

	made[39] = certificate_make((struct certificate_plan){ .name = "CA", .issuer = &pki.root });
	for (int i = 38; i >= 0; i--) {
		char name[16];

		snprintf(name, sizeof(name), "CA %d", i);
		made[i] = certificate_make((struct certificate_plan){ .name = name, .issuer = &made[i + 1] });
	}
	for (int i = 0; i < 40; i++)
		chain[i] = &made[i];
	expect_at(chain, "", NOW, VERIFY_OTHER);
	expect_at(chain + 30, "", NOW, VERIFY_OK);
	for (int i = 0; i < 40; i++)
		certificate_free(&made[i]);
}
END_TEST

static EVP_PKEY *huge_key(int bits)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	BIGNUM *modulus = BN_new();
	EVP_PKEY *key = NULL;
	OSSL_PARAM *params;

	BN_set_bit(modulus, bits - 1);
	BN_set_bit(modulus, 0);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus);
	OSSL_PARAM_BLD_push_ulong(build, OSSL_PKEY_PARAM_RSA_E, 65537);
	params = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY_fromdata_init(context);
	EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(context);
	BN_free(modulus);
	return key;
}

START_TEST(short_key_is_not_judged)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)512);
	struct certificate issuer = certificate_make((struct certificate_plan){ .name = "RSA", .issuer = &pki.root, .key = key });
	struct certificate below = certificate_make_leaf(&issuer);

	expect(CHAIN(&below, &issuer), VERIFY_OK);
	certificate_free(&issuer);
	certificate_free(&below);
}
END_TEST

START_TEST(huge_key_is_refused)
{
	struct certificate wide =
		certificate_make((struct certificate_plan){ .name = "w", .issuer = &pki.root, .key = huge_key(16384) });
	struct certificate huge =
		certificate_make((struct certificate_plan){ .name = "h", .issuer = &pki.root, .key = huge_key(16385) });

	expect_at(CHAIN(&wide), "", NOW, VERIFY_OK);
	expect_at(CHAIN(&huge), "", NOW, VERIFY_OTHER);
	expect(CHAIN(&pki.leaf, &pki.middle, &huge), VERIFY_OTHER);
	certificate_free(&wide);
	certificate_free(&huge);
}
END_TEST

/* "DNS:0.example.org,DNS:1.example.org,..." */
static char *many(const char *prefix, int count)
{
	size_t room = (size_t)count * 64, size = 0;
	char *list = nt_alloc(room);

	for (int i = 0; i < count; i++)
		size += (size_t)snprintf(list + size, room - size, "%s%s%d.example.org", i ? "," : "", prefix, i);
	return list;
}

START_TEST(explosion_of_name_constraints_is_refused)
{
	char *limits = many("permitted;DNS:", 1100), *alternatives = many("DNS:", 1000);
	struct certificate limited =
		certificate_make((struct certificate_plan){ .name = "L", .issuer = &pki.root, .limits = limits });
	struct certificate below = certificate_make(
		(struct certificate_plan){ .name = "b", .issuer = &limited, .constraints = "CA:FALSE", .names = alternatives });
	struct certificate plain = certificate_make(
		(struct certificate_plan){ .name = "b", .issuer = &pki.root, .constraints = "CA:FALSE", .names = alternatives });
	struct verify_outcome outcome;

	outcome = pki_ask(verifier, CHAIN(&below, &limited), "1.example.org", NOW);
	ck_assert_int_eq(outcome.result, VERIFY_OTHER);
	ck_assert_str_eq(outcome.text, "too many names and name constraints to compare"); /* before OpenSSL begins */
	expect_at(CHAIN(&plain), "999.example.org", NOW, VERIFY_OK);
	certificate_free(&limited);
	certificate_free(&below);
	certificate_free(&plain);
	free(limits);
	free(alternatives);
}
END_TEST

START_TEST(chain_of_many_bytes_is_refused)
{
	struct certificate large = { NULL, NULL, { nt_zalloc(256 * 1024), 256 * 1024 } };

	expect(CHAIN(&pki.leaf, &pki.middle, &large), VERIFY_OTHER);
	free((void *)large.der.at);
}
END_TEST

/* ---- what OpenSSL and the system keep ---- */

START_TEST(errors_of_others_stay_and_ours_do_not)
{
	struct bytes der[] = { pki.leaf.der };
	struct verify_outcome outcome;

	ERR_raise(ERR_LIB_USER, 42);
	verifier_check(verifier, der, 1, (struct bytes){ NULL, 0 }, NOW, &outcome);
	ck_assert_int_eq(ERR_GET_REASON(ERR_get_error()), 42);
	ck_assert_uint_eq(ERR_get_error(), 0);
	ck_assert_int_ne(verifier_new(&(struct verifier *){ NULL }, "/dev/null", NULL), NT_OK);
	ck_assert_uint_eq(ERR_get_error(), 0);
}
END_TEST

START_TEST(verifying_opens_no_file)
{
	struct rlimit limit, none;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	ck_assert_int_eq(unlink(pki_path("root.pem")), 0);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	expect(CHAIN(&pki.leaf, &pki.middle), VERIFY_OK);
	expect(CHAIN(&pki.leaf), VERIFY_INCOMPLETE_CHAIN);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}
END_TEST

START_TEST(many_chains_do_not_disturb_each_other)
{
	for (int i = 0; i < 3000; i++) {
		struct verify_outcome outcome;
		char name[32];

		snprintf(name, sizeof(name), "%d.example.org", i % 1500);
		outcome = pki_ask(verifier, CHAIN(&pki.leaf, &pki.middle), name, NOW);
		ck_assert_int_eq(outcome.result, VERIFY_NAME_MISMATCH);
		ck_assert_str_eq(strrchr(outcome.text, ' ') + 1, name);
	}
}
END_TEST

START_TEST(every_result_has_its_own_text)
{
	for (int a = VERIFY_OK; a <= VERIFY_OTHER; a++)
		for (int b = VERIFY_OK; b < a; b++)
			ck_assert_str_ne(verify_result_text((enum verify_result)a), verify_result_text((enum verify_result)b));
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("verify");
	TCase *tcase = tcase_create("verify");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, good_chain_is_ok);
	tcase_add_test(tcase, superfluous_and_misordered_certificates_are_tolerated);
	tcase_add_test(tcase, first_certificate_is_the_leaf);
	tcase_add_test(tcase, missing_intermediate_is_incomplete_chain);
	tcase_add_test(tcase, wrong_intermediate_is_incomplete_chain);
	tcase_add_test(tcase, intermediate_without_its_root_is_unknown_issuer);
	tcase_add_test(tcase, issuer_that_says_who_issued_it_tells_root_from_intermediate);
	tcase_add_test(tcase, trusted_root_of_the_same_name_but_another_key_is_unknown_issuer);
	tcase_add_test(tcase, intermediate_of_the_same_name_but_another_key_is_unknown_issuer);
	tcase_add_test(tcase, self_signed_leaf_is_self_signed_unless_it_is_trusted);
	tcase_add_test(tcase, trusted_intermediate_alone_is_no_anchor);
	tcase_add_test(tcase, intermediate_that_is_no_ca_is_refused);
	tcase_add_test(tcase, certificate_for_clients_only_is_refused);
	tcase_add_test(tcase, name_constraints_hold);
	tcase_add_test(tcase, wrong_signature_is_bad_signature);
	tcase_add_test(tcase, unknown_signature_algorithm_is_not_called_a_bad_signature);
	tcase_add_test(tcase, every_prefix_of_a_certificate_is_unreadable);
	tcase_add_test(tcase, bytes_after_a_certificate_are_unreadable);
	tcase_add_test(tcase, no_altered_leaf_is_ok);
	tcase_add_test(tcase, empty_chain_is_refused);
	tcase_add_test(tcase, dates_count_to_the_second_whatever_is_remembered);
	tcase_add_test(tcase, expired_root_and_intermediate_expire_the_chain);
	tcase_add_test(tcase, of_several_faults_trust_comes_first_then_dates_then_the_name);
	tcase_add_loop_test(tcase, name_is_compared_as_browsers_do, 0, (int)(sizeof(names) / sizeof(names[0])));
	tcase_add_test(tcase, common_name_counts_not_even_without_other_names);
	tcase_add_test(tcase, hostile_name_is_a_mismatch_and_shown_harmless);
	tcase_add_test(tcase, certificates_beyond_the_limit_are_left_out);
	tcase_add_test(tcase, very_deep_chain_is_refused);
	tcase_add_test(tcase, short_key_is_not_judged);
	tcase_add_test(tcase, huge_key_is_refused);
	tcase_add_test(tcase, explosion_of_name_constraints_is_refused);
	tcase_add_test(tcase, chain_of_many_bytes_is_refused);
	tcase_add_test(tcase, errors_of_others_stay_and_ours_do_not);
	tcase_add_test(tcase, verifying_opens_no_file);
	tcase_add_test(tcase, many_chains_do_not_disturb_each_other);
	tcase_add_test(tcase, every_result_has_its_own_text);
	suite_add_tcase(suite, tcase);
	return suite;
}
