#include "correlate/certificates.h"
#include "tests/support/certificates.h"
#include "tests/unit/suite.h"

#include <stdlib.h>
#include <string.h>

/* Against what is read by one that has seen none before. */
static void check(struct certificates *certificates, struct bytes der, const char *subject)
{
	struct certificates *fresh = certificates_new();
	struct trace_certificate got, expected;
	struct arena arena = { 0 };

	certificates_read(certificates, der, &arena, &got);
	certificates_read(fresh, der, &arena, &expected);
	certificates_free(fresh);
	if (subject)
		ck_assert(bytes_equal(got.subject, bytes_of(subject)));
	ck_assert(got.unreadable == !subject);
	ck_assert(bytes_equal(got.subject, expected.subject));
	ck_assert(bytes_equal(got.issuer, expected.issuer));
	ck_assert(bytes_equal(got.serial, expected.serial));
	ck_assert(bytes_equal(got.sha256, expected.sha256));
	ck_assert(bytes_equal(got.key_type, expected.key_type));
	ck_assert_int_eq(got.not_before_s, expected.not_before_s);
	ck_assert_int_eq(got.not_after_s, expected.not_after_s);
	ck_assert(got.is_ca == expected.is_ca);
	ck_assert_uint_eq(got.name_count, expected.name_count);
	for (size_t i = 0; i < got.name_count; i++)
		ck_assert(bytes_equal(got.names[i], expected.names[i]));
	arena_free(&arena);
}

START_TEST(certificate_that_comes_again_says_the_same)
{
	struct certificates *certificates = certificates_new();

	for (int times = 0; times < 3; times++) {
		check(certificates, pki.leaf.der, "CN=www.example.org");
		check(certificates, pki.root.der, "CN=Root");
	}
	certificates_free(certificates);
}
END_TEST

/* As somebody would make it who knows how they are told apart. */
START_TEST(certificate_with_the_end_of_another_is_read_by_itself)
{
	struct certificates *certificates = certificates_new();
	uint8_t *forged = nt_alloc(pki.leaf.der.size), *name;

	memcpy(forged, pki.leaf.der.at, pki.leaf.der.size);
	name = memmem(forged, pki.leaf.der.size, "www.example.org", 15);
	ck_assert_ptr_nonnull(name);
	memcpy(name, "xxx", 3); /* of the subject, which comes first */
	check(certificates, pki.leaf.der, "CN=www.example.org");
	check(certificates, (struct bytes){ forged, pki.leaf.der.size }, "CN=xxx.example.org");
	check(certificates, pki.leaf.der, "CN=www.example.org");
	free(forged);
	certificates_free(certificates);
}
END_TEST

START_TEST(what_is_no_certificate_is_unreadable_of_any_size)
{
	struct certificates *certificates = certificates_new();
	uint8_t *bytes = nt_zalloc(10000);

	for (size_t size = 0; size < 10000; size = size * 2 + 1) {
		check(certificates, (struct bytes){ bytes, size }, NULL);
		check(certificates, (struct bytes){ bytes, size }, NULL);
	}
	free(bytes);
	certificates_free(certificates);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("certificates");
	TCase *tcase = tcase_create("certificates");

	tcase_add_unchecked_fixture(tcase, pki_set_up, pki_tear_down);
	tcase_add_test(tcase, certificate_that_comes_again_says_the_same);
	tcase_add_test(tcase, certificate_with_the_end_of_another_is_read_by_itself);
	tcase_add_test(tcase, what_is_no_certificate_is_unreadable_of_any_size);
	suite_add_tcase(suite, tcase);
	return suite;
}
