/*
 * X.509 certificates (RFC 5280), with names printed as Go's pkix.Name.String() prints them.  They are read field by field, so that an odd
 * key or extension does not hide the rest; OpenSSL, which would decode the key too, takes twenty times as long and is asked for the digest.
 */
#ifndef NETTRACE_DISSECT_TLS_X509_H
#define NETTRACE_DISSECT_TLS_X509_H

#include "store/base.h"

struct x509_summary {
	const char *subject, *issuer;  /* RFC 2253 style: "CN=GTS CA 1C3,O=Google Trust Services LLC,C=US"; UTF-8, never NULL */
	nt_time not_before, not_after; /* nanoseconds since 1970; NT_TIME_NONE if unreadable or outside what fits */
	int64_t not_before_s,
		not_after_s; /* seconds since 1970: years beyond 2262 do not fit in nt_time; NT_TIME_NONE if unreadable */
	bool is_ca;          /* basicConstraints says so */
	const char *serial;  /* lower-case hexadecimal without leading zeros */
	const char **names;  /* subjectAltName: DNS names and IP addresses as text */
	size_t name_count;
	char sha256[65];      /* of the DER, lower-case hexadecimal */
	const char *key_type; /* "RSA 2048", "EC P-256", "Ed25519", … "" if unknown */
};

/* Reads one DER certificate.  Strings live in `arena`.  false if it cannot be read: then *out holds only the
 * sha256, empty strings and no times. */
bool x509_summarise(struct bytes der, struct arena *arena, struct x509_summary *out);

/* "CN=name" out of "SERIALNUMBER=1,CN=name,O=…", a name as printed above: a view.  All of it if it has no common name. */
struct bytes x509_common_name(struct bytes name);

#endif
