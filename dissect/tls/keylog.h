/*
 * TLS session keys as clients log them: the NSS key log format (SSLKEYLOGFILE, draft-ietf-tls-keylogfile), looked up by client random.
 */
#ifndef NETTRACE_DISSECT_TLS_KEYLOG_H
#define NETTRACE_DISSECT_TLS_KEYLOG_H

#include "store/base.h"
#include "store/limits.h"

enum { TLS_SECRET_MAX = 64 };

enum tls_secret_label {
	TLS_SECRET_MASTER,                   /* CLIENT_RANDOM: the master secret of TLS 1.2 and below, 48 bytes */
	TLS_SECRET_CLIENT_EARLY_TRAFFIC,     /* CLIENT_EARLY_TRAFFIC_SECRET */
	TLS_SECRET_CLIENT_HANDSHAKE_TRAFFIC, /* CLIENT_HANDSHAKE_TRAFFIC_SECRET */
	TLS_SECRET_SERVER_HANDSHAKE_TRAFFIC,
	TLS_SECRET_CLIENT_TRAFFIC_0, /* CLIENT_TRAFFIC_SECRET_0 */
	TLS_SECRET_SERVER_TRAFFIC_0,
	TLS_SECRET_EXPORTER, /* EXPORTER_SECRET, EARLY_EXPORTER_SECRET: known, not kept */
	TLS_SECRET_LABEL_COUNT
};

struct tls_secret {
	uint8_t bytes[TLS_SECRET_MAX];
	uint8_t size; /* 0: not known */
};

struct tls_keylog; /* handle: all secrets of a run */

struct tls_keylog *tls_keylog_new(uint64_t hash_seed, struct limit_hits *hits);
void tls_keylog_free(struct tls_keylog *keylog); /* wipes the secrets; NULL is fine */

/*
 * Reads text: any number of lines, in pieces that end with whole lines.  Comments, empty lines, unknown labels and lines of other formats
 * (RSA session keys of old NSS) are skipped; malformed lines are counted and skipped.  The same secret twice is one.
 */
void tls_keylog_add(struct tls_keylog *keylog, struct bytes text);

/* One more secret, under any name of 32 bytes. */
void tls_keylog_put(struct tls_keylog *keylog, const uint8_t name[32], enum tls_secret_label label, const struct tls_secret *value);

/* The secret of a connection; false if it is not known.  Constant time in the number of secrets. */
bool tls_keylog_find(const struct tls_keylog *keylog, const uint8_t client_random[32], enum tls_secret_label label,
		     struct tls_secret *out);

uint64_t tls_keylog_connections(const struct tls_keylog *keylog); /* different client randoms */
uint64_t tls_keylog_malformed(const struct tls_keylog *keylog);   /* lines */

#endif
