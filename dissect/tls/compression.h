/*
 * Certificate compression (RFC 8879 3), undone through zlib, brotli and zstd; of use to dissect/tls/ only.
 */
#ifndef NETTRACE_DISSECT_TLS_COMPRESSION_H
#define NETTRACE_DISSECT_TLS_COMPRESSION_H

#include "store/base.h"

enum tls_compression { TLS_COMPRESSION_ZLIB = 1, TLS_COMPRESSION_BROTLI = 2, TLS_COMPRESSION_ZSTD = 3 };

bool tls_compression_known(uint16_t algorithm);

/* True if the content has just that many bytes; they are in `out` then.  More are never written, nor waited for. */
bool tls_decompress(uint16_t algorithm, struct bytes compressed, uint8_t *out, size_t size);

#endif
