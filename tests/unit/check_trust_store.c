#include "tests/support/certificates.h"
#include "tests/unit/suite.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void expect_store(const char *path, enum nt_status status)
{
	struct nt_error error = { NT_OK, "" };
	struct verifier *made = (struct verifier *)&error; /* to be overwritten */

	ck_assert_int_eq(verifier_new(&made, path, &error), status);
	ck_assert_int_eq(error.status, status);
	ck_assert_ptr_nonnull(strstr(error.text, path));
	ck_assert_ptr_null(made);
}

static void expect_trust(const char *path, enum verify_result result)
{
	struct verifier *made = pki_trust(path);

	ck_assert_int_eq(pki_ask(made, CHAIN(&pki.leaf, &pki.middle), "", NOW).result, result);
	verifier_free(made);
}

START_TEST(store_file_may_hold_other_things)
{
	FILE *file;

	pki_write("bundle", "0 text before\n", 14);
	pki_write_pem("bundle", &pki.middle);
	file = fopen(pki_path("bundle"), "a");
	PEM_write_PrivateKey(file, pki.leaf.key, NULL, NULL, 0, NULL, NULL);
	fclose(file);
	pki_write_pem("bundle", &pki.root);
	expect_trust(pki_path("bundle"), VERIFY_OK);
}
END_TEST

START_TEST(store_directory_counts_by_content)
{
	mkdir(pki_path("d"), 0700);
	mkdir(pki_path("d/sub"), 0700);
	mkfifo(pki_path("d/fifo"), 0600);
	symlink("nowhere", pki_path("d/dangling"));
	pki_write("d/README", "no certificate\n", 15);
	pki_write("d/empty", "", 0);
	expect_store(pki_path("d"), NT_EFORMAT);
	pki_write("d/odd name", pki.root.der.at, pki.root.der.size); /* DER */
	expect_trust(pki_path("d"), VERIFY_OK);
}
END_TEST

START_TEST(store_that_cannot_be_used_is_an_error)
{
	expect_store("/nonexistent/ca.pem", NT_EIO);
	expect_store("/dev/null", NT_EFORMAT);
	pki_write("text", "hello\n", 6);
	expect_store(pki_path("text"), NT_EFORMAT);
	pki_write_pem("broken", &pki.root);
	pki_write("broken", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 59);
	expect_store(pki_path("broken"), NT_EDAMAGED);
	pki_write_pem("cut", &pki.root);
	ck_assert_int_eq(truncate(pki_path("cut"), 200), 0);
	expect_store(pki_path("cut"), NT_EDAMAGED);
}
END_TEST

START_TEST(distrust_in_the_store_counts)
{
	FILE *file = fopen(pki_path("distrusted"), "w");

	X509_add1_reject_object(pki.root.x509, OBJ_nid2obj(NID_server_auth));
	PEM_write_X509_AUX(file, pki.root.x509);
	fclose(file);
	expect_trust(pki_path("distrusted"), VERIFY_UNKNOWN_ISSUER);
}
END_TEST

START_TEST(system_store_is_found_as_openssl_finds_it)
{
	char hashed[32];

	mkdir(pki_path("certs"), 0700);
	setenv("SSL_CERT_DIR", pki_path("certs"), 1);
	setenv("SSL_CERT_FILE", pki_path("root.pem"), 1);
	expect_trust(NULL, VERIFY_OK);
	setenv("SSL_CERT_FILE", "/nonexistent", 1);
	pki_write_pem("certs/root.pem", &pki.root);
	ck_assert_int_eq(verifier_new(&(struct verifier *){ NULL }, NULL, NULL), NT_EIO);
	snprintf(hashed, sizeof(hashed), "certs/%08lx.0", X509_subject_name_hash(pki.root.x509));
	symlink("root.pem", pki_path(hashed));
	expect_trust(NULL, VERIFY_OK);
}
END_TEST

/* The second verifier_check() finds what the first has read. */
static void expect_system(const char *file, enum verify_result result)
{
	struct verifier *made;

	setenv("SSL_CERT_DIR", pki_path("none"), 1);
	setenv("SSL_CERT_FILE", pki_path(file), 1);
	made = pki_trust(NULL);
	ck_assert_int_eq(pki_ask(made, CHAIN(&pki.leaf, &pki.middle), "", NOW).result, result);
	ck_assert_int_eq(pki_ask(made, CHAIN(&pki.leaf, &pki.middle), "", NOW - 1).result, result);
	ck_assert_int_eq(pki_ask(made, CHAIN(&pki.leaf, &pki.middle, &pki.root), "", NOW).result, result);
	verifier_free(made);
}

START_TEST(system_store_may_hold_a_certificate_twice)
{
	pki_write_pem("twice", &pki.root);
	pki_write_pem("twice", &pki.middle);
	pki_write_pem("twice", &pki.root);
	pki_write_pem("twice", &pki.root);
	expect_system("twice", VERIFY_OK);
}
END_TEST

START_TEST(distrust_in_the_system_store_counts)
{
	FILE *file = fopen(pki_path("distrusted"), "w");

	X509_add1_reject_object(pki.root.x509, OBJ_nid2obj(NID_server_auth));
	PEM_write_X509_AUX(file, pki.root.x509);
	fclose(file);
	expect_system("distrusted", VERIFY_UNKNOWN_ISSUER);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("trust store");
	TCase *tcase = tcase_create("trust store");

	tcase_add_checked_fixture(tcase, pki_set_up, pki_tear_down);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, store_file_may_hold_other_things);
	tcase_add_test(tcase, store_directory_counts_by_content);
	tcase_add_test(tcase, store_that_cannot_be_used_is_an_error);
	tcase_add_test(tcase, distrust_in_the_store_counts);
	tcase_add_test(tcase, system_store_is_found_as_openssl_finds_it);
	tcase_add_test(tcase, system_store_may_hold_a_certificate_twice);
	tcase_add_test(tcase, distrust_in_the_system_store_counts);
	suite_add_tcase(suite, tcase);
	return suite;
}
