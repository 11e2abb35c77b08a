#include "tests/support/certificates.h"
#include "store/limits.h"

#include <check.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_extension(X509 *x509, X509V3_CTX *context, int nid, const char *value)
{
	X509_EXTENSION *extension = value ? X509V3_EXT_conf_nid(NULL, context, nid, value) : NULL;

	if (!value)
		return;
	ck_assert_msg(extension != NULL, "%s", value);
	ck_assert_int_eq(X509_add_ext(x509, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static void add_extensions(X509 *x509, X509 *issuer, const struct certificate_plan *plan)
{
	X509V3_CTX context;

	X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
	add_extension(x509, &context, NID_basic_constraints, plan->constraints ? plan->constraints : "CA:TRUE");
	add_extension(x509, &context, NID_subject_key_identifier, "hash");
	add_extension(x509, &context, NID_authority_key_identifier, plan->authority ? plan->authority : "keyid");
	add_extension(x509, &context, NID_subject_alt_name, plan->names);
	add_extension(x509, &context, NID_name_constraints, plan->limits);
	add_extension(x509, &context, NID_ext_key_usage, plan->use);
}

static void encode(struct certificate *made)
{
	unsigned char *der = NULL;
	int size = i2d_X509(made->x509, &der);

	ck_assert_int_gt(size, 0);
	made->der = (struct bytes){ der, (size_t)size };
}

struct certificate certificate_make(struct certificate_plan plan)
{
	static long serial = 100;
	struct certificate made = { X509_new(), plan.key ? plan.key : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), { NULL, 0 } };
	X509_NAME *subject = X509_get_subject_name(made.x509);
	X509 *issuer = plan.issuer ? plan.issuer->x509 : made.x509;

	X509_set_version(made.x509, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(made.x509), serial++);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)plan.name, -1, -1, 0);
	X509_set_issuer_name(made.x509, X509_get_subject_name(issuer));
	ASN1_TIME_set(X509_getm_notBefore(made.x509), plan.not_before ? plan.not_before : NOW - 100 * DAY);
	ASN1_TIME_set(X509_getm_notAfter(made.x509), plan.not_after ? plan.not_after : NOW + 100 * DAY);
	X509_set_pubkey(made.x509, made.key);
	add_extensions(made.x509, issuer, &plan);
	ck_assert_int_gt(X509_sign(made.x509, plan.issuer ? plan.issuer->key : made.key, NULL), 0);
	encode(&made);
	return made;
}

void certificate_free(struct certificate *made)
{
	X509_free(made->x509);
	EVP_PKEY_free(made->key);
	OPENSSL_free((void *)made->der.at);
}

struct certificate certificate_make_leaf(const struct certificate *issuer)
{
	return certificate_make((struct certificate_plan){
		.name = "www.example.org", .issuer = issuer, .constraints = "CA:FALSE", .names = "DNS:www.example.org" });
}

/* ---- the fixture ---- */

struct pki pki;

const char *pki_path(const char *name)
{
	static char path[4][128];
	static unsigned turn;
	char *at = path[turn++ % 4];

	snprintf(at, sizeof(path[0]), "%s/%s", pki.folder, name);
	return at;
}

void pki_write(const char *name, const void *bytes, size_t size)
{
	FILE *file = fopen(pki_path(name), "ab");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
	fclose(file);
}

void pki_write_pem(const char *name, const struct certificate *made)
{
	FILE *file = fopen(pki_path(name), "a");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(PEM_write_X509(file, made->x509), 1);
	fclose(file);
}

struct verifier *pki_trust(const char *path)
{
	struct nt_error error = { NT_OK, "" };
	struct verifier *made = NULL;

	ck_assert_msg(verifier_new(&made, path, &error) == NT_OK, "%s", error.text);
	return made;
}

void pki_set_up(void)
{
	snprintf(pki.folder, sizeof(pki.folder), "/tmp/nettrace-pki.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(pki.folder));
	pki.root = certificate_make((struct certificate_plan){ .name = "Root" });
	pki.middle = certificate_make((struct certificate_plan){ .name = "Middle", .issuer = &pki.root });
	pki.leaf = certificate_make_leaf(&pki.middle);
	pki_write_pem("root.pem", &pki.root);
}

void pki_tear_down(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", pki.folder);
	ck_assert_int_eq(system(command), 0);
	certificate_free(&pki.root);
	certificate_free(&pki.middle);
	certificate_free(&pki.leaf);
}

struct verify_outcome pki_ask(struct verifier *verifier, const struct certificate **chain, const char *name, int64_t time_s)
{
	struct bytes der[LIMIT_TLS_CERTIFICATES + 8];
	struct verify_outcome outcome;
	size_t count = 0;

	for (; chain[count]; count++)
		der[count] = chain[count]->der;
	memset(&outcome, 0xff, sizeof(outcome));
	verifier_check(verifier, der, count, bytes_of(name), time_s, &outcome);
	ck_assert_msg((outcome.result == VERIFY_OK) == (outcome.text[0] == 0), "text '%s'", outcome.text);
	ck_assert_uint_eq(ERR_peek_error(), 0);
	return outcome;
}
