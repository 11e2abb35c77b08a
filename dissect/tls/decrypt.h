/*
 * The record protection of TLS, undone with known secrets through OpenSSL: TLS 1.3 (RFC 8446 5.2, 7), TLS 1.2 and below (RFC 5246 6.2.3,
 * RFC 5288, RFC 6655, RFC 7905, RFC 7366, RFC 4346, RFC 2246).
 *
 * One tls_decryptor per direction.  Everything is authenticated: a record that does not verify yields nothing.
 */
#ifndef NETTRACE_DISSECT_TLS_DECRYPT_H
#define NETTRACE_DISSECT_TLS_DECRYPT_H

#include "dissect/tls/keylog.h"
#include "dissect/tls/tls.h"

struct tls_decryptor; /* handle: keys and sequence number of one direction */

/* TLS 1.3: from a traffic secret of the direction.  NULL if the suite is not supported. */
struct tls_decryptor *tls_decryptor_new_13(uint16_t cipher, const struct tls_secret *traffic_secret);

/* TLS 1.2 and below: from the master secret and both randoms. */
struct tls_decryptor *tls_decryptor_new_12(uint16_t version, uint16_t cipher, const struct tls_secret *master,
					   const uint8_t client_random[32], const uint8_t server_random[32], enum tls_side from,
					   bool encrypt_then_mac, bool truncated_hmac);

void tls_decryptor_free(struct tls_decryptor *decryptor); /* wipes the keys; NULL is fine */

/* RFC 8446 7.2: the next generation of application traffic keys, after a KeyUpdate of this direction. */
void tls_decryptor_update(struct tls_decryptor *decryptor);

/*
 * Undoes one record.  `header`: its five bytes; `body`: the encrypted fragment.  Writes at most body.size bytes to `out`, which may be
 * body.at itself when skip_max is 0.  True: *plain is the content, inside `out`, and *type its real content type; the sequence number went
 * on.  False: what is in `out` means nothing.  Either the record does not verify; then the sequence number did not go on (but what the next
 * one depends on was taken from it where a record is decrypted before it is verified: the last block of CBC in TLS 1.0, the key stream of
 * RC4).  Or, with encrypt-then-MAC, it verifies and its content cannot be had, as its padding is wrong or, in TLS 1.0, the record before was
 * missed; then the sequence number went on.  After a gap `skip_max` > 0 lets sequence numbers up to that much ahead be tried.
 */
bool tls_decryptor_open(struct tls_decryptor *decryptor, const uint8_t header[5], struct bytes body, unsigned skip_max,
			uint8_t *out, struct bytes *plain, uint8_t *type);

#endif
