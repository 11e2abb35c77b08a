#include "dissect/tls/verify.h"
#include "dissect/tls/trust_store.h"
#include "store/limits.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * Time and memory that one chain may cost.  Real chains have 2 to 5 certificates and less than 10 kB; OpenSSL's clients refuse what is
 * larger than 100 kB, Go's what is larger than 256 KiB.  OpenSSL compares every name below a CA with every constraint of it.
 */
enum {
	MAX_CHAIN_BYTES = 256 * 1024,
	MAX_CHAIN_DEPTH = 16, /* CA certificates between leaf and root; superfluous ones do not count */
	MAX_KEY_BITS = 16384,
	MAX_COMPARISONS = 1 << 20
};

enum { DIGEST_SIZE = 32, REMEMBERED = 1024 };

/* What OpenSSL can compare with a certificate's dates: the years 1 to 9999. */
static const int64_t first_second = INT64_C(-62135596800), last_second = INT64_C(253402300799);

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* From the first second to before the second. */
struct span {
	int64_t from, until;
};

struct remembered {
	uint8_t digest[DIGEST_SIZE];
	struct span span; /* of the times for which the outcome is the same; empty: nothing is remembered here */
	struct verify_outcome outcome;
};

struct verifier {
	struct trust_store *store;
	EVP_MD *sha256;
	EVP_MD_CTX *hashing;
	struct remembered *remembered; /* REMEMBERED of them, each at the place that its digest says */
};

const char *verify_result_text(enum verify_result result)
{
	static const char *const texts[] = {
		[VERIFY_OK] = "ok",
		[VERIFY_EXPIRED] = "expired",
		[VERIFY_NOT_YET_VALID] = "not-yet-valid",
		[VERIFY_SELF_SIGNED] = "self-signed",
		[VERIFY_UNKNOWN_ISSUER] = "unknown-issuer",
		[VERIFY_INCOMPLETE_CHAIN] = "incomplete-chain",
		[VERIFY_NAME_MISMATCH] = "name-mismatch",
		[VERIFY_BAD_SIGNATURE] = "bad-signature",
		[VERIFY_UNREADABLE] = "unreadable",
		[VERIFY_OTHER] = "other",
	};

	return (size_t)result < COUNT(texts) ? texts[result] : "other";
}

static bool hash(struct verifier *verifier, const struct bytes *der, size_t count, struct bytes name, uint8_t digest[DIGEST_SIZE])
{
	EVP_MD_CTX *hashing = verifier->hashing;
	bool good = EVP_DigestInit_ex2(hashing, verifier->sha256, NULL) && EVP_DigestUpdate(hashing, &count, sizeof(count));

	for (size_t i = 0; i < count; i++)
		good = good && EVP_DigestUpdate(hashing, &der[i].size, sizeof(der[i].size)) &&
		       EVP_DigestUpdate(hashing, der[i].at, der[i].size);
	return good && EVP_DigestUpdate(hashing, name.at, name.size) && EVP_DigestFinal_ex(hashing, digest, NULL);
}

static struct remembered *place_of(struct verifier *verifier, const uint8_t digest[DIGEST_SIZE])
{
	uint32_t place;

	memcpy(&place, digest, sizeof(place));
	return &verifier->remembered[place % REMEMBERED];
}

/* ---- the handle ---- */

enum nt_status verifier_new(struct verifier **out, const char *path, struct nt_error *error)
{
	struct verifier *verifier = nt_zalloc(sizeof(*verifier));
	enum nt_status status;

	*out = NULL;
	ERR_set_mark();
	/* read OpenSSL's configuration and the time zone, which gmtime() wants to know: nothing is opened later */
	OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS, NULL);
	tzset();
	verifier->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	verifier->hashing = EVP_MD_CTX_new();
	verifier->remembered = nt_zalloc(REMEMBERED * sizeof(verifier->remembered[0]));
	if (!verifier->sha256 || !verifier->hashing)
		status = nt_fail(error, NT_ENOTSUP,
				 "cannot verify certificates: OpenSSL does not start; see its configuration file");
	else
		status = trust_store_new(&verifier->store, path, error);
	ERR_pop_to_mark();
	if (status == NT_OK)
		*out = verifier;
	else
		verifier_free(verifier);
	return status;
}

void verifier_free(struct verifier *verifier)
{
	if (!verifier)
		return;
	trust_store_free(verifier->store);
	EVP_MD_free(verifier->sha256);
	EVP_MD_CTX_free(verifier->hashing);
	free(verifier->remembered);
	free(verifier);
}

/* ---- the outcome in words ---- */

__attribute__((format(printf, 4, 5))) static void conclude(struct verify_outcome *out, enum verify_result result, int depth,
							   const char *format, ...)
{
	va_list args;

	out->result = result;
	out->depth = depth;
	va_start(args, format);
	vsnprintf(out->text, sizeof(out->text), format, args);
	va_end(args);
}

/* Adds ": CN=…" as far as there is room.  The flags escape whatever is not printable ASCII. */
static void add_name(struct verify_outcome *out, const X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());
	size_t size = strlen(out->text);
	char *text = NULL;
	long length;

	if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) > 0) {
		length = BIO_get_mem_data(bio, &text);
		snprintf(out->text + size, sizeof(out->text) - size, ": %.*s", (int)length, text);
	}
	BIO_free(bio);
}

/* ---- reading the chain ---- */

static bool read_certificate(struct bytes der, STACK_OF(X509) * sent)
{
	const uint8_t *at = der.at;
	X509 *certificate = der.size > 0 ? d2i_X509(NULL, &at, (long)der.size) : NULL;
	bool good = certificate && at == der.at + der.size && sk_X509_push(sent, certificate) > 0;

	if (!good)
		X509_free(certificate);
	return good;
}

static uint64_t count_names(const X509 *certificate)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	int count = X509_NAME_entry_count(X509_get_subject_name(certificate)) + (names ? sk_GENERAL_NAME_num(names) : 0);

	GENERAL_NAMES_free(names);
	return (uint64_t)count;
}

static uint64_t count_constraints(const X509 *certificate)
{
	NAME_CONSTRAINTS *constraints = X509_get_ext_d2i(certificate, NID_name_constraints, NULL, NULL);
	int count = 0;

	if (constraints && constraints->permittedSubtrees)
		count += sk_GENERAL_SUBTREE_num(constraints->permittedSubtrees);
	if (constraints && constraints->excludedSubtrees)
		count += sk_GENERAL_SUBTREE_num(constraints->excludedSubtrees);
	NAME_CONSTRAINTS_free(constraints);
	return (uint64_t)count;
}

/* Whether the work that OpenSSL would have with the certificates is bounded. */
static bool is_affordable(const STACK_OF(X509) * sent, struct verify_outcome *out)
{
	uint64_t names = 0, constraints = 0;

	for (int i = 0; i < sk_X509_num(sent); i++) {
		X509 *certificate = sk_X509_value(sent, i);
		EVP_PKEY *key = X509_get0_pubkey(certificate);
		int bits = key ? EVP_PKEY_get_bits(key) : 0;

		if (bits > MAX_KEY_BITS) {
			conclude(out, VERIFY_OTHER, i, "a key of %d bits is more than clients accept", bits);
			return false;
		}
		names += count_names(certificate);
		constraints += count_constraints(certificate);
	}
	if (names * constraints <= MAX_COMPARISONS)
		return true;
	conclude(out, VERIFY_OTHER, -1, "too many names and name constraints to compare");
	return false;
}

static bool read_chain(const struct bytes *der, size_t count, STACK_OF(X509) * sent, struct verify_outcome *out)
{
	size_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += der[i].size;
	if (count == 0 || size > MAX_CHAIN_BYTES) {
		conclude(out, VERIFY_OTHER, -1, count ? "the chain is larger than clients accept" : "no certificate was sent");
		return false;
	}
	for (size_t i = 0; i < count; i++)
		if (!read_certificate(der[i], sent)) {
			conclude(out, VERIFY_UNREADABLE, (int)i, "certificate %zu of the chain cannot be read", i + 1);
			return false;
		}
	return is_affordable(sent, out);
}

/* ---- the name (RFC 6125, RFC 9525) ---- */

struct host {
	char text[256]; /* a longer name is none of DNS */
	size_t size;
	uint8_t address[16];
	size_t address_size; /* 0: a DNS name */
	bool known, valid;
};

/* "[fe80::1%eth0]" is an address, "example.com." is written without its final dot in certificates. */
static struct bytes bare_name(struct bytes name)
{
	const uint8_t *zone;

	if (name.size > 1 && name.at[0] == '[' && name.at[name.size - 1] == ']')
		name = (struct bytes){ name.at + 1, name.size - 2 };
	zone = name.size > 0 ? memchr(name.at, '%', name.size) : NULL;
	if (zone && memchr(name.at, ':', name.size))
		name.size = (size_t)(zone - name.at);
	if (name.size > 0 && name.at[name.size - 1] == '.')
		name.size--;
	return name;
}

static struct host read_host(struct bytes name)
{
	struct host host = { .known = false };
	struct bytes bare = bare_name(name);

	host.known = bare.size > 0;
	host.valid = bare.size < sizeof(host.text);
	host.size = host.valid ? bare.size : sizeof(host.text) - 1;
	if (host.size > 0)
		memcpy(host.text, bare.at, host.size);
	if (memchr(host.text, 0, host.size))
		host.valid = false;
	else if (inet_pton(AF_INET, host.text, host.address) == 1)
		host.address_size = 4;
	else if (inet_pton(AF_INET6, host.text, host.address) == 1)
		host.address_size = 16;
	return host;
}

/* As Go and the browsers do: a name stands in subjectAltName or nowhere, a wildcard stands for a whole label. */
static bool is_for_host(X509 *leaf, const struct host *host)
{
	const unsigned flags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;

	if (!host->valid)
		return false;
	if (host->address_size > 0)
		return X509_check_ip(leaf, host->address, host->address_size, flags) == 1;
	return X509_check_host(leaf, host->text, host->size, flags, NULL) == 1;
}

static void check_host(X509 *leaf, const struct host *host, struct verify_outcome *out)
{
	char shown[100];
	size_t size = host->size < sizeof(shown) - 1 ? host->size : sizeof(shown) - 1;

	if (!host->known || is_for_host(leaf, host))
		return;
	for (size_t i = 0; i < size; i++)
		shown[i] = (char)(host->text[i] > ' ' && host->text[i] < 0x7f ? host->text[i] : '?');
	shown[size] = 0;
	conclude(out, VERIFY_NAME_MISMATCH, 0, "the certificate is not for %s", shown);
}

/* ---- what OpenSSL says, and what it means ---- */

static bool is_name_of_sent(const STACK_OF(X509) * sent, const X509_NAME *name)
{
	for (int i = 0; i < sk_X509_num(sent); i++)
		if (X509_NAME_cmp(X509_get_subject_name(sk_X509_value(sent, i)), name) == 0)
			return true;
	return false;
}

static bool is_name_of_anchor(X509_STORE_CTX *context, const X509_NAME *name)
{
	STACK_OF(X509) *found = X509_STORE_CTX_get1_certs(context, name);
	bool any = found && sk_X509_num(found) > 0;

	sk_X509_pop_free(found, X509_free);
	return any;
}

/* The issuer of the issuer, where the certificate itself tells (RFC 5280 4.2.1.1); else NULL. */
static const X509_NAME *issuer_above(X509 *certificate)
{
	const GENERAL_NAMES *names = X509_get0_authority_issuer(certificate);

	for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type == GEN_DIRNAME)
			return name->d.directoryName;
	}
	return NULL;
}

/*
 * No issuer was found for `last`.  Is it an intermediate, which the server should have sent?  Surely not if there is one of that name, but
 * with another key; or if it issued itself.  Without such evidence, a leaf alone is more often the server's mistake than the work of a root.
 */
static bool lacks_intermediate(X509_STORE_CTX *context, const STACK_OF(X509) * sent, X509 *last, int depth)
{
	const X509_NAME *issuer = X509_get_issuer_name(last), *above = issuer_above(last);

	if (is_name_of_sent(sent, issuer) || is_name_of_anchor(context, issuer))
		return false;
	return above ? X509_NAME_cmp(above, issuer) != 0 : depth == 0;
}

static enum verify_result result_of(int error)
{
	static const struct {
		int error;
		enum verify_result result;
	} known[] = {
		{ X509_V_ERR_CERT_HAS_EXPIRED, VERIFY_EXPIRED },
		{ X509_V_ERR_CERT_NOT_YET_VALID, VERIFY_NOT_YET_VALID },
		{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, VERIFY_SELF_SIGNED },
		{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, VERIFY_UNKNOWN_ISSUER },
		{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, VERIFY_UNKNOWN_ISSUER },
		{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, VERIFY_UNKNOWN_ISSUER },
		{ X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, VERIFY_UNKNOWN_ISSUER },
		{ X509_V_ERR_CERT_UNTRUSTED, VERIFY_UNKNOWN_ISSUER },
		{ X509_V_ERR_CERT_REJECTED, VERIFY_UNKNOWN_ISSUER },
		{ X509_V_ERR_CERT_SIGNATURE_FAILURE, VERIFY_BAD_SIGNATURE },
	};

	for (size_t i = 0; i < COUNT(known); i++)
		if (known[i].error == error)
			return known[i].result;
	return VERIFY_OTHER;
}

static void explain(X509_STORE_CTX *context, const STACK_OF(X509) * sent, struct verify_outcome *out)
{
	int error = X509_STORE_CTX_get_error(context), depth = X509_STORE_CTX_get_error_depth(context);
	X509 *certificate = X509_STORE_CTX_get_current_cert(context);

	conclude(out, result_of(error), depth, "%s", X509_verify_cert_error_string(error));
	if (!certificate)
		return;
	if (error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY && lacks_intermediate(context, sent, certificate, depth)) {
		out->result = VERIFY_INCOMPLETE_CHAIN;
		out->depth = -1;
	}
	/* OpenSSL says the same of a signature that is wrong and of one that it cannot check */
	if (out->result == VERIFY_BAD_SIGNATURE && !X509_get_signature_info(certificate, NULL, NULL, NULL, NULL))
		conclude(out, VERIFY_OTHER, depth, "the signature algorithm is not supported");
	if (out->result == VERIFY_UNKNOWN_ISSUER || out->result == VERIFY_INCOMPLETE_CHAIN)
		add_name(out, X509_get_issuer_name(certificate));
	else if (depth > 0)
		add_name(out, X509_get_subject_name(certificate));
}

/*
 * As a client with OpenSSL's defaults for TLS servers, where the first error counts: trust, then use, signatures and dates from the root
 * down, then name constraints, and the host's name last (curl).  The security level is 0: how short a key or how old a digest is refused
 * differs from client to client, and is not what a chain is judged by here.  An intermediate in the trust store is no anchor.
 */
static void verify_chain(struct verifier *verifier, STACK_OF(X509) * sent, int64_t time_s, struct verify_outcome *out)
{
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *param;

	if (!context || !X509_STORE_CTX_init(context, trust_store_openssl(verifier->store), sk_X509_value(sent, 0), sent) ||
	    !X509_STORE_CTX_set_default(context, "ssl_server")) {
		conclude(out, VERIFY_OTHER, -1, "OpenSSL cannot begin to verify");
		X509_STORE_CTX_free(context);
		return;
	}
	param = X509_STORE_CTX_get0_param(context);
	X509_VERIFY_PARAM_set_time(param, (time_t)time_s);
	X509_VERIFY_PARAM_set_depth(param, MAX_CHAIN_DEPTH);
	X509_VERIFY_PARAM_set_auth_level(param, 0);
	X509_VERIFY_PARAM_clear_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	if (X509_verify_cert(context) != 1)
		explain(context, sent, out);
	X509_STORE_CTX_free(context);
}

/* ---- what is remembered ---- */

static void narrow(struct span *span, const ASN1_TIME *time, int64_t now)
{
	struct tm parts;
	int64_t edge;

	if (!ASN1_TIME_to_tm(time, &parts))
		return;
	edge = timegm(&parts);
	if (edge <= now && edge > span->from)
		span->from = edge;
	if (edge > now && edge < span->until)
		span->until = edge;
}

static void narrow_by(struct span *span, const X509 *certificate, int64_t now)
{
	narrow(span, X509_get0_notBefore(certificate), now);
	narrow(span, X509_get0_notAfter(certificate), now);
}

/* An outcome changes only when some certificate, sent or trusted, becomes valid or expires. */
static struct span span_around(const struct verifier *verifier, const STACK_OF(X509) * sent, int64_t now)
{
	const STACK_OF(X509_OBJECT) *trusted = X509_STORE_get0_objects(trust_store_openssl(verifier->store));
	struct span span = { INT64_MIN, INT64_MAX };

	for (int i = 0; i < sk_X509_num(sent); i++)
		narrow_by(&span, sk_X509_value(sent, i), now);
	for (int i = 0; i < sk_X509_OBJECT_num(trusted); i++)
		if (X509_OBJECT_get_type(sk_X509_OBJECT_value(trusted, i)) == X509_LU_X509)
			narrow_by(&span, X509_OBJECT_get0_X509(sk_X509_OBJECT_value(trusted, i)), now);
	return span;
}

static struct span check_chain(struct verifier *verifier, const struct bytes *der, size_t count, struct bytes name, int64_t time_s,
			       struct verify_outcome *out)
{
	STACK_OF(X509) *sent = sk_X509_new_null();
	struct host host = read_host(name);
	struct span span;

	*out = (struct verify_outcome){ .result = VERIFY_OK, .name_known = host.known, .depth = -1 };
	if (read_chain(der, count, sent, out))
		verify_chain(verifier, sent, time_s, out);
	if (out->result == VERIFY_OK)
		check_host(sk_X509_value(sent, 0), &host, out);
	span = span_around(verifier, sent, time_s);
	sk_X509_pop_free(sent, X509_free);
	return span;
}

void verifier_check(struct verifier *verifier, const struct bytes *der, size_t count, struct bytes name, int64_t time_s,
		    struct verify_outcome *out)
{
	size_t used = count < LIMIT_TLS_CERTIFICATES ? count : LIMIT_TLS_CERTIFICATES;
	int64_t time = time_s < first_second ? first_second : time_s > last_second ? last_second : time_s;
	uint8_t digest[DIGEST_SIZE];
	struct remembered *place = NULL;

	ERR_set_mark();
	if (hash(verifier, der, used, name, digest))
		place = place_of(verifier, digest);
	if (place && memcmp(place->digest, digest, sizeof(digest)) == 0 && time >= place->span.from && time < place->span.until) {
		*out = place->outcome;
	} else {
		struct span span = check_chain(verifier, der, used, name, time, out);

		if (place) {
			*place = (struct remembered){ .span = span, .outcome = *out };
			memcpy(place->digest, digest, sizeof(digest));
		}
	}
	ERR_pop_to_mark();
}
