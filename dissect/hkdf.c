#include "dissect/hkdf.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

/* OpenSSL does not write to what a parameter of the caller points to. */
static OSSL_PARAM bytes_param(const char *key, const void *value, size_t size)
{
	return OSSL_PARAM_construct_octet_string(key, (void *)(uintptr_t)value, size);
}

static OSSL_PARAM hash_param(const char *hash)
{
	return OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)hash, 0);
}

static bool derive(const char *name, const OSSL_PARAM *params, uint8_t *out, size_t size)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, name, NULL);
	EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	bool good = context && EVP_KDF_derive(context, out, size, params) == 1;

	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
	return good;
}

bool hkdf_extract(const char *hash, struct bytes salt, struct bytes key, uint8_t *out, size_t size)
{
	int mode = EVP_KDF_HKDF_MODE_EXTRACT_ONLY;
	const OSSL_PARAM params[] = { OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode), hash_param(hash),
				      bytes_param(OSSL_KDF_PARAM_SALT, salt.at, salt.size),
				      bytes_param(OSSL_KDF_PARAM_KEY, key.at, key.size), OSSL_PARAM_END };

	return derive("HKDF", params, out, size);
}

bool hkdf_expand_label(const char *hash, struct bytes secret, const char *label, uint8_t *out, size_t size)
{
	int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
	const OSSL_PARAM params[] = { OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
				      hash_param(hash),
				      bytes_param(OSSL_KDF_PARAM_KEY, secret.at, secret.size),
				      bytes_param(OSSL_KDF_PARAM_PREFIX, "tls13 ", sizeof("tls13 ") - 1),
				      bytes_param(OSSL_KDF_PARAM_LABEL, label, strlen(label)),
				      OSSL_PARAM_END };

	return derive("TLS13-KDF", params, out, size);
}
