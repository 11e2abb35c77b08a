#include "dissect/tls/decryptor.h"

#include <stdlib.h>

bool tls_decryptor_fetch(struct tls_decryptor *decryptor)
{
	const struct tls_suite *suite = &decryptor->suite;

	if (!suite->cipher)
		return true;
	if (suite->legacy) /* without it the fetch fails, and says so */
		decryptor->legacy = OSSL_PROVIDER_try_load(NULL, "legacy", 1);
	decryptor->cipher = EVP_CIPHER_fetch(NULL, suite->cipher, NULL);
	return decryptor->cipher != NULL;
}

void tls_decryptor_free(struct tls_decryptor *decryptor)
{
	if (!decryptor)
		return;
	EVP_MAC_CTX_free(decryptor->mac_context);
	EVP_CIPHER_CTX_free(decryptor->cipher_context);
	EVP_CIPHER_free(decryptor->cipher);
	if (decryptor->legacy)
		(void)OSSL_PROVIDER_unload(decryptor->legacy);
	OPENSSL_cleanse(decryptor, sizeof(*decryptor));
	free(decryptor);
}

bool tls_decryptor_set_key(struct tls_decryptor *decryptor, const uint8_t *key)
{
	const struct tls_suite *suite = &decryptor->suite;
	EVP_CIPHER_CTX *context = decryptor->cipher_context;

	if (suite->protection == TLS_PROTECT_NULL)
		return true;
	if (!context)
		context = decryptor->cipher_context = EVP_CIPHER_CTX_new();
	if (!context || EVP_DecryptInit_ex2(context, decryptor->cipher, NULL, NULL, NULL) != 1)
		return false;
	if (suite->protection < TLS_PROTECT_GCM)
		return EVP_DecryptInit_ex2(context, NULL, key, suite->iv_size ? decryptor->iv : NULL, NULL) == 1 &&
		       EVP_CIPHER_CTX_set_padding(context, 0) == 1;
	if (EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, 12, NULL) != 1)
		return false;
	/* CCM has to know how long the tag is before the key. */
	if (suite->protection == TLS_PROTECT_CCM &&
	    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, (int)suite->tag_size, NULL) != 1)
		return false;
	return EVP_DecryptInit_ex2(context, NULL, key, NULL, NULL) == 1;
}

void tls_put_u64(uint8_t out[8], uint64_t value)
{
	for (int i = 7; i >= 0; i--, value >>= 8)
		out[i] = (uint8_t)value;
}

void tls_nonce_mix(const uint8_t iv[12], uint64_t sequence, uint8_t out[12])
{
	memcpy(out, iv, 12);
	for (int i = 11; i >= 4; i--, sequence >>= 8)
		out[i] ^= (uint8_t)sequence;
}

bool tls_aead_open(struct tls_decryptor *decryptor, const uint8_t nonce[12], struct bytes aad, struct bytes sealed, uint8_t *out)
{
	const struct tls_suite *suite = &decryptor->suite;
	EVP_CIPHER_CTX *context = decryptor->cipher_context;
	int size = (int)(sealed.size - suite->tag_size), done;
	uint8_t tag[16];

	memcpy(tag, sealed.at + size, suite->tag_size);
	if (EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, (int)suite->tag_size, tag) != 1 ||
	    EVP_DecryptInit_ex2(context, NULL, NULL, nonce, NULL) != 1)
		return false;
	if (suite->protection == TLS_PROTECT_CCM)
		return EVP_DecryptUpdate(context, NULL, &done, NULL, size) == 1 &&
		       EVP_DecryptUpdate(context, NULL, &done, aad.at, (int)aad.size) == 1 &&
		       EVP_DecryptUpdate(context, out, &done, sealed.at, size) == 1;
	return EVP_DecryptUpdate(context, NULL, &done, aad.at, (int)aad.size) == 1 &&
	       EVP_DecryptUpdate(context, out, &done, sealed.at, size) == 1 && EVP_DecryptFinal_ex(context, out + size, &done) == 1;
}

bool tls_decryptor_open(struct tls_decryptor *decryptor, const uint8_t header[5], struct bytes body, unsigned skip_max,
			uint8_t *out, struct bytes *plain, uint8_t *type)
{
	if (body.size > TLS_MAX_RECORD)
		return false;
	return decryptor->open(decryptor, header, body, skip_max, out, plain, type);
}
