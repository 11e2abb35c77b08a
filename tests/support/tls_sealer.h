/*
 * Seals records of TLS 1.3 (RFC 8446 5.2) with AES-128-GCM, the suite that wire_put_server_hello() chooses.
 */
#ifndef NETTRACE_TESTS_SUPPORT_TLS_SEALER_H
#define NETTRACE_TESTS_SUPPORT_TLS_SEALER_H

#include "dissect/tls/decryptor.h"
#include "dissect/tls/keylog.h"
#include "tests/support/tls_wire.h"

struct tls_sealer {
	struct tls_keys keys;
	uint64_t sequence;
};

/*
 * Makes what both sides (enum tls_side) need for their part of a handshake, and a key log with its secrets, for the ClientHello of
 * wire_put_client_hello().
 */
struct tls_keylog *tls_sealers_init(struct tls_sealer sealers[2], struct limit_hits *hits);

/* Behind the Finished of both sides: what follows is application data, which the key log opens too. */
void tls_sealers_go_on(struct tls_sealer sealers[2]);

/* Appends one record; at most 16384 bytes of content. */
void tls_sealer_put(struct tls_sealer *sealer, struct wire *w, uint8_t type, struct bytes content);

#endif
