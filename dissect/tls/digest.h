/*
 * Digests of short texts and of certificates, of which there are several for each handshake: OpenSSL looks for the method once.
 */
#ifndef NETTRACE_DISSECT_TLS_DIGEST_H
#define NETTRACE_DISSECT_TLS_DIGEST_H

#include "store/base.h"

enum { DIGEST_MD5_SIZE = 16, DIGEST_SHA256_SIZE = 32 }; /* bytes */

/* False, and zeros, if OpenSSL has no such method (MD5, where only approved ones are allowed) or no memory. */
bool digest_md5(struct bytes of, uint8_t out[DIGEST_MD5_SIZE]);
bool digest_sha256(struct bytes of, uint8_t out[DIGEST_SHA256_SIZE]);

#endif
