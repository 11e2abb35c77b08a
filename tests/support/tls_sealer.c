#include "tests/support/tls_sealer.h"

#include <stdio.h>
#include <stdlib.h>

enum { AES_128_GCM = 0x1301, TAG_SIZE = 16 };

static void must(bool good)
{
	if (!good)
		abort();
}

/* The secret is 32 times the same byte, as the client's random is. */
static void init(struct tls_sealer *sealer, uint8_t byte)
{
	struct tls_secret secret = { .size = 32 };
	struct tls_suite suite;

	memset(secret.bytes, byte, secret.size);
	sealer->sequence = 0;
	must(tls_suite_find(TLS_1_3, AES_128_GCM, &suite));
	must(tls_keys_derive_13(&suite, &secret, &sealer->keys));
}

struct tls_keylog *tls_sealers_init(struct tls_sealer sealers[2], struct limit_hits *hits)
{
	static const char lines[] =
		"CLIENT_HANDSHAKE_TRAFFIC_SECRET 5555555555555555555555555555555555555555555555555555555555555555 "
		"c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1\n"
		"SERVER_HANDSHAKE_TRAFFIC_SECRET 5555555555555555555555555555555555555555555555555555555555555555 "
		"5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e\n"
		"CLIENT_TRAFFIC_SECRET_0 5555555555555555555555555555555555555555555555555555555555555555 "
		"c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2\n"
		"SERVER_TRAFFIC_SECRET_0 5555555555555555555555555555555555555555555555555555555555555555 "
		"5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f\n";
	struct tls_keylog *keylog = tls_keylog_new(1, hits);

	init(&sealers[TLS_CLIENT], 0xc1);
	init(&sealers[TLS_SERVER], 0x5e);
	tls_keylog_add(keylog, bytes_of(lines));
	return keylog;
}

void tls_sealers_go_on(struct tls_sealer sealers[2])
{
	init(&sealers[TLS_CLIENT], 0xc2);
	init(&sealers[TLS_SERVER], 0x5f);
}

void tls_sealer_put(struct tls_sealer *sealer, struct wire *w, uint8_t type, struct bytes content)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	size_t record = wire_open_record(w, TLS_RECORD_APPLICATION_DATA), begin = w->size;
	uint8_t nonce[12], *body = w->at + begin;
	int done;

	wire_put(w, content.at, content.size);
	wire_put8(w, type);
	wire_fill(w, 0, TAG_SIZE);
	wire_shut(w, record, 2); /* the header is authenticated with its length */
	tls_nonce_mix(sealer->keys.iv, sealer->sequence++, nonce);
	must(EVP_EncryptInit_ex2(context, EVP_aes_128_gcm(), sealer->keys.key, nonce, NULL) == 1);
	must(EVP_EncryptUpdate(context, NULL, &done, body - TLS_RECORD_HEADER, TLS_RECORD_HEADER) == 1);
	must(EVP_EncryptUpdate(context, body, &done, body, (int)content.size + 1) == 1);
	must(EVP_EncryptFinal_ex(context, body + content.size + 1, &done) == 1);
	must(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, body + content.size + 1) == 1);
	EVP_CIPHER_CTX_free(context);
}
