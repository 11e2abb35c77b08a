/*
 * What the files of the record protection share: the parts of a cipher suite, the key schedule, and the state of one direction; of use to
 * decrypt.c, decrypt_12.c, decrypt_13.c, key_schedule.c and suite.c only.
 */
#ifndef NETTRACE_DISSECT_TLS_DECRYPTOR_H
#define NETTRACE_DISSECT_TLS_DECRYPTOR_H

#include "dissect/tls/decrypt.h"
#include "dissect/tls/record.h"

#include <openssl/evp.h>
#include <openssl/provider.h>

enum tls_protection {
	TLS_PROTECT_NULL, /* a MAC and nothing else */
	TLS_PROTECT_STREAM,
	TLS_PROTECT_CBC,
	TLS_PROTECT_GCM,
	TLS_PROTECT_CCM,
	TLS_PROTECT_CHACHA
};

enum { TLS_KEY_MAX = 32, TLS_IV_MAX = 16, TLS_MAC_MAX = 48, TLS_AAD_12 = 13 };

struct tls_suite {
	enum tls_protection protection;
	const char *cipher;   /* OpenSSL's name, NULL for TLS_PROTECT_NULL */
	const char *mac_hash; /* OpenSSL's name, NULL for AEAD */
	const char *prf_hash; /* of the key schedule */
	size_t key_size, iv_size, tag_size, mac_size;
	bool legacy; /* OpenSSL keeps the cipher in its provider of that name */
};

/* What the suite consists of when that version uses it; false if it cannot be undone, whatever OpenSSL offers. */
bool tls_suite_find(uint16_t version, uint16_t cipher, struct tls_suite *out);

struct tls_decryptor {
	struct tls_suite suite;
	uint16_t version;
	uint64_t sequence; /* of the next record */
	OSSL_PROVIDER *legacy;
	EVP_CIPHER *cipher;
	EVP_CIPHER_CTX *cipher_context;
	EVP_MAC_CTX *mac_context;
	uint8_t iv[TLS_IV_MAX];   /* AEAD: the fixed part; CBC of TLS 1.0: the last block of the record before */
	size_t mac_size;          /* as sent */
	struct tls_secret secret; /* TLS 1.3: of this generation */
	bool (*open)(struct tls_decryptor *decryptor, const uint8_t header[TLS_RECORD_HEADER], struct bytes body, unsigned skip_max,
		     uint8_t *out, struct bytes *plain, uint8_t *type);
};

/* Key material of one direction. */
struct tls_keys {
	uint8_t mac[TLS_MAC_MAX], key[TLS_KEY_MAX], iv[TLS_IV_MAX];
};

/* RFC 5246 6.3, RFC 2246 6.3 */
bool tls_keys_derive_12(const struct tls_suite *suite, const struct tls_secret *master, const uint8_t client_random[32],
			const uint8_t server_random[32], enum tls_side from, struct tls_keys *out);
/* RFC 8446 7.3 */
bool tls_keys_derive_13(const struct tls_suite *suite, const struct tls_secret *secret, struct tls_keys *out);
/* RFC 8446 7.2 */
bool tls_secret_update(const struct tls_suite *suite, struct tls_secret *secret);

/* Fetches the cipher of the suite into a decryptor of zeros; false if OpenSSL does not offer it. */
bool tls_decryptor_fetch(struct tls_decryptor *decryptor);
bool tls_decryptor_set_key(struct tls_decryptor *decryptor, const uint8_t *key);

/* The nonce of RFC 8446 5.3 and RFC 7905: the sequence number on the end of the IV. */
void tls_nonce_mix(const uint8_t iv[12], uint64_t sequence, uint8_t out[12]);
void tls_put_u64(uint8_t out[8], uint64_t value);

/* `sealed`: ciphertext and tag, at least as long as the tag; the content goes to `out`.  False if it does not verify. */
bool tls_aead_open(struct tls_decryptor *decryptor, const uint8_t nonce[12], struct bytes aad, struct bytes sealed, uint8_t *out);

#endif
