#include "dissect/hkdf.h"
#include "dissect/tls/decryptor.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

static OSSL_PARAM text_param(const char *key, const char *value)
{
	return OSSL_PARAM_construct_utf8_string(key, (char *)(uintptr_t)value, 0);
}

static OSSL_PARAM bytes_param(const char *key, const void *value, size_t size)
{
	return OSSL_PARAM_construct_octet_string(key, (void *)(uintptr_t)value, size);
}

static EVP_KDF_CTX *new_context(const char *name)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, name, NULL);
	EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;

	EVP_KDF_free(kdf); /* the context holds it */
	return context;
}

/* key_expansion: both MAC keys, both keys, both IVs, the client's first */
static void split_keys(const struct tls_suite *suite, const uint8_t *block, enum tls_side from, struct tls_keys *out)
{
	const bool server = from == TLS_SERVER;
	const uint8_t *keys = block + 2 * suite->mac_size, *ivs = keys + 2 * suite->key_size;

	memcpy(out->mac, server ? block + suite->mac_size : block, suite->mac_size);
	memcpy(out->key, server ? keys + suite->key_size : keys, suite->key_size);
	memcpy(out->iv, server ? ivs + suite->iv_size : ivs, suite->iv_size);
}

bool tls_keys_derive_12(const struct tls_suite *suite, const struct tls_secret *master, const uint8_t client_random[32],
			const uint8_t server_random[32], enum tls_side from, struct tls_keys *out)
{
	/* TLS 1.1 and later have no IVs of CBC in it, but what is at the end may as well be there. */
	const size_t size = 2 * (suite->mac_size + suite->key_size + suite->iv_size);
	uint8_t block[2 * (TLS_MAC_MAX + TLS_KEY_MAX + TLS_IV_MAX)];
	OSSL_PARAM params[] = { text_param(OSSL_KDF_PARAM_DIGEST, suite->prf_hash),
				bytes_param(OSSL_KDF_PARAM_SECRET, master->bytes, master->size),
				bytes_param(OSSL_KDF_PARAM_SEED, "key expansion", sizeof("key expansion") - 1),
				bytes_param(OSSL_KDF_PARAM_SEED, server_random, 32),
				bytes_param(OSSL_KDF_PARAM_SEED, client_random, 32),
				OSSL_PARAM_END };
	EVP_KDF_CTX *context = new_context("TLS1-PRF");
	bool good = context && EVP_KDF_derive(context, block, size, params) == 1;

	if (good)
		split_keys(suite, block, from, out);
	OPENSSL_cleanse(block, sizeof(block));
	EVP_KDF_CTX_free(context);
	return good;
}

static bool expand_label(const struct tls_suite *suite, const struct tls_secret *secret, const char *label, uint8_t *out,
			 size_t size)
{
	return hkdf_expand_label(suite->prf_hash, (struct bytes){ secret->bytes, secret->size }, label, out, size);
}

bool tls_keys_derive_13(const struct tls_suite *suite, const struct tls_secret *secret, struct tls_keys *out)
{
	return expand_label(suite, secret, "key", out->key, suite->key_size) &&
	       expand_label(suite, secret, "iv", out->iv, suite->iv_size);
}

bool tls_secret_update(const struct tls_suite *suite, struct tls_secret *secret)
{
	struct tls_secret next = { .size = secret->size };
	bool good = expand_label(suite, secret, "traffic upd", next.bytes, next.size);

	if (good)
		*secret = next;
	OPENSSL_cleanse(&next, sizeof(next));
	return good;
}
