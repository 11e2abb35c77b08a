#include "dissect/tls/decryptor.h"

/* RFC 8446 5.2: the content, its real type, zeros. */
static void strip_padding(const uint8_t *out, size_t size, struct bytes *plain, uint8_t *type)
{
	while (size > 0 && out[size - 1] == 0)
		size--;
	*type = size > 0 ? out[size - 1] : 0;
	*plain = (struct bytes){ out, size > 0 ? size - 1 : 0 };
}

static bool open_13(struct tls_decryptor *decryptor, const uint8_t header[TLS_RECORD_HEADER], struct bytes body, unsigned skip_max,
		    uint8_t *out, struct bytes *plain, uint8_t *type)
{
	const struct bytes aad = { header, TLS_RECORD_HEADER };
	uint8_t nonce[12];

	if (body.size < decryptor->suite.tag_size + 1)
		return false;
	for (unsigned skip = 0; skip <= skip_max; skip++) {
		tls_nonce_mix(decryptor->iv, decryptor->sequence + skip, nonce);
		if (!tls_aead_open(decryptor, nonce, aad, body, out))
			continue;
		decryptor->sequence += (uint64_t)skip + 1;
		strip_padding(out, body.size - decryptor->suite.tag_size, plain, type);
		return true;
	}
	return false;
}

static bool set_keys(struct tls_decryptor *decryptor)
{
	struct tls_keys keys;
	bool good = tls_keys_derive_13(&decryptor->suite, &decryptor->secret, &keys) && tls_decryptor_set_key(decryptor, keys.key);

	if (good)
		memcpy(decryptor->iv, keys.iv, decryptor->suite.iv_size);
	OPENSSL_cleanse(&keys, sizeof(keys));
	decryptor->sequence = 0;
	return good;
}

/* The secret is as long as the output of the suite's hash. */
static bool secret_fits(const struct tls_suite *suite, const struct tls_secret *secret)
{
	return secret->size == (strcmp(suite->prf_hash, "SHA384") == 0 ? 48 : 32);
}

struct tls_decryptor *tls_decryptor_new_13(uint16_t cipher, const struct tls_secret *traffic_secret)
{
	struct tls_decryptor *decryptor = nt_zalloc(sizeof(*decryptor));

	decryptor->version = TLS_1_3;
	decryptor->secret = *traffic_secret;
	decryptor->open = open_13;
	if (tls_suite_find(TLS_1_3, cipher, &decryptor->suite) && secret_fits(&decryptor->suite, traffic_secret) &&
	    tls_decryptor_fetch(decryptor) && set_keys(decryptor))
		return decryptor;
	tls_decryptor_free(decryptor);
	return NULL;
}

void tls_decryptor_update(struct tls_decryptor *decryptor)
{
	/* What fails here shows as records that do not verify. */
	if (decryptor->version == TLS_1_3 && tls_secret_update(&decryptor->suite, &decryptor->secret))
		(void)set_keys(decryptor);
}
