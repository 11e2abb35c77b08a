/*
 * Whether a certificate chain leads to a trusted root, as of the time of its handshake (RFC 5280 6), through OpenSSL.
 */
#ifndef NETTRACE_DISSECT_TLS_VERIFY_H
#define NETTRACE_DISSECT_TLS_VERIFY_H

#include "store/base.h"

enum verify_result {
	VERIFY_OK,
	VERIFY_EXPIRED,
	VERIFY_NOT_YET_VALID,
	VERIFY_SELF_SIGNED,    /* the leaf is signed by itself, and not trusted */
	VERIFY_UNKNOWN_ISSUER, /* the chain ends at a root, or at an issuer, that is not trusted */
	VERIFY_INCOMPLETE_CHAIN, /* the issuer of the last certificate sent was not sent, and the trust store does not hold it, and the leaf was
				  * alone or the chain ends at an intermediate: the server should have sent more */
	VERIFY_NAME_MISMATCH,
	VERIFY_BAD_SIGNATURE,
	VERIFY_UNREADABLE, /* a certificate of the chain cannot be parsed */
	VERIFY_OTHER       /* `text` says what */
};

const char *verify_result_text(enum verify_result result); /* "ok", "expired", … as in the trace */

struct verify_outcome {
	enum verify_result result;
	char text[160];  /* OpenSSL's words, or ours; "" for VERIFY_OK */
	bool name_known; /* there was a name or an address to compare with */
	int depth;       /* the certificate at fault: 0 is the leaf; -1 if it is the chain */
};

struct verifier; /* handle: a trust store */

/* `path` is a PEM file, a directory of certificates, or NULL for the system's store.  Everything is read now: later no file is opened. */
enum nt_status verifier_new(struct verifier **out, const char *path, struct nt_error *error);
void verifier_free(struct verifier *verifier); /* NULL is fine */

/*
 * Verifies a chain in the order sent (leaf first; superfluous and misordered certificates are tolerated, as clients do).  `name`: SNI, or a
 * host name, or an address as text; empty if nothing is known.  `time_s`: seconds since 1970.  As the same chain comes again and again, results
 * are remembered in a bounded table: by the SHA-256 of chain and name, for times between which no certificate, sent or trusted, begins or
 * ceases to be valid.
 */
void verifier_check(struct verifier *verifier, const struct bytes *der, size_t count, struct bytes name, int64_t time_s,
		    struct verify_outcome *out);

#endif
