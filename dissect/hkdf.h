/*
 * HKDF (RFC 5869) as TLS 1.3 and QUIC derive their secrets with it (RFC 8446 7.1, RFC 9001 5), through OpenSSL.
 *
 * `hash` is OpenSSL's name of the hash: "SHA256".  False if OpenSSL refuses; *out means nothing then.
 */
#ifndef NETTRACE_DISSECT_HKDF_H
#define NETTRACE_DISSECT_HKDF_H

#include "store/base.h"

/* HKDF-Extract; `size` is that of the hash's output. */
bool hkdf_extract(const char *hash, struct bytes salt, struct bytes key, uint8_t *out, size_t size);

/* HKDF-Expand-Label, without context; the label without its "tls13 ". */
bool hkdf_expand_label(const char *hash, struct bytes secret, const char *label, uint8_t *out, size_t size);

#endif
