/*
 * Certificates for tests, made through OpenSSL with fresh keys, and a small hierarchy of them with a folder for files.
 */
#ifndef NETTRACE_TESTS_SUPPORT_CERTIFICATES_H
#define NETTRACE_TESTS_SUPPORT_CERTIFICATES_H

#include "dissect/tls/verify.h"

#include <openssl/x509.h>

enum { NOW = 1700000000, DAY = 86400 };

struct certificate {
	X509 *x509;
	EVP_PKEY *key;
	struct bytes der; /* a block of exactly its size */
};

struct certificate_plan {
	const char *name;                 /* the common name */
	const struct certificate *issuer; /* NULL: by itself */
	int64_t not_before, not_after;    /* 0: long before and long after NOW */
	const char *constraints;          /* basicConstraints; NULL: "CA:TRUE" */
	const char *names;                /* subjectAltName */
	const char *limits;               /* nameConstraints */
	const char *use;                  /* extendedKeyUsage */
	const char *authority;            /* authorityKeyIdentifier; NULL: "keyid" */
	EVP_PKEY *key;                    /* instead of a fresh Ed25519 key; taken over */
};

struct certificate certificate_make(struct certificate_plan plan);
struct certificate certificate_make_leaf(const struct certificate *issuer); /* for www.example.org, good from long ago to far off */
void certificate_free(struct certificate *certificate);

/* A fixture: root.pem in `folder` holds the root, which issued the intermediate, which issued the leaf. */
struct pki {
	char folder[32];
	struct certificate root, middle, leaf;
};
extern struct pki pki;

void pki_set_up(void);
void pki_tear_down(void);
const char *pki_path(const char *name);                           /* of a file in the folder; good for the next three calls */
void pki_write(const char *name, const void *bytes, size_t size); /* these append */
void pki_write_pem(const char *name, const struct certificate *certificate);
struct verifier *pki_trust(const char *path);

#define CHAIN(...) \
	(const struct certificate *[]) \
	{ \
		__VA_ARGS__, NULL \
	}

/* Verifies a chain that NULL ends.  Fails the test if OpenSSL's errors are left behind, or if the outcome has no text. */
struct verify_outcome pki_ask(struct verifier *verifier, const struct certificate **chain, const char *name, int64_t time_s);

#endif
