/*
 * JA3 and JA4: names for a TLS client by the lists in its ClientHello; of use to hello.c only.
 */
#ifndef NETTRACE_DISSECT_TLS_FINGERPRINT_H
#define NETTRACE_DISSECT_TLS_FINGERPRINT_H

#include "dissect/tls/tls.h"

/* The lists as they are on the wire, without their lengths: 16-bit numbers, but for point_formats, which are bytes, and extensions,
 * which is the block of type, length and body of each. */
struct tls_hello_lists {
	struct bytes ciphers, extensions, groups, point_formats, signatures, versions;
};

/* Fills hello->ja3 and hello->ja4; the rest of *hello must be complete. */
void tls_fingerprint(const struct tls_hello_lists *lists, struct tls_client_hello *hello);

#endif
