/*
 * Records (RFC 8446 5.1, RFC 5246 6.2) and how to tell that bytes are one; of use to dissect/tls/ only.
 */
#ifndef NETTRACE_DISSECT_TLS_RECORD_H
#define NETTRACE_DISSECT_TLS_RECORD_H

#include "dissect/tls/tls.h"

enum tls_record_type {
	TLS_RECORD_CHANGE_CIPHER_SPEC = 20,
	TLS_RECORD_ALERT = 21,
	TLS_RECORD_HANDSHAKE = 22,
	TLS_RECORD_APPLICATION_DATA = 23,
	TLS_RECORD_HEARTBEAT = 24,
	TLS_RECORD_SSL2_HELLO = 0x100 /* no type on the wire */
};

enum {
	TLS_RECORD_HEADER = 5,
	TLS_ALERT_SIZE = 2,
	/* RFC 5246 6.2.3 allows 2^14 + 2048; some senders count their own overhead on top. */
	TLS_MAX_RECORD = 16384 + 2048 + 512,
	TLS_MIN_SSL2_HELLO = 9
};

bool tls_record_plausible(const uint8_t header[TLS_RECORD_HEADER]);

/* The hello of SSL 2.0, RFC 5246 E.2: the length has its highest bit set and does not count its own two bytes. */
bool tls_ssl2_plausible(const uint8_t start[TLS_RECORD_HEADER]);
size_t tls_ssl2_size(const uint8_t start[TLS_RECORD_HEADER]);

#endif
