#include "dissect/tls/decryptor.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

/* sequence number, type, version, length: what every MAC and AEAD of TLS 1.2 and before begins with, RFC 5246 6.2.3 */
static void put_pseudo_header(uint8_t out[TLS_AAD_12], uint64_t sequence, const uint8_t header[TLS_RECORD_HEADER], size_t size)
{
	tls_put_u64(out, sequence);
	memcpy(out + 8, header, 3);
	out[11] = (uint8_t)(size >> 8);
	out[12] = (uint8_t)size;
}

/* ---- AEAD ---- */

/* RFC 5288 3 and RFC 6655 3: four bytes of the key block and eight that are sent; RFC 7905 2: as in TLS 1.3. */
static bool open_aead(struct tls_decryptor *decryptor, const uint8_t header[TLS_RECORD_HEADER], struct bytes body,
		      unsigned skip_max, uint8_t *out, struct bytes *plain, uint8_t *type)
{
	const size_t sent = 12 - decryptor->suite.iv_size, overhead = sent + decryptor->suite.tag_size;
	uint8_t nonce[12], aad[TLS_AAD_12];
	struct bytes sealed;

	if (body.size < overhead)
		return false;
	sealed = (struct bytes){ body.at + sent, body.size - sent };
	memcpy(nonce, decryptor->iv, decryptor->suite.iv_size);
	memcpy(nonce + decryptor->suite.iv_size, body.at, sent);
	for (unsigned skip = 0; skip <= skip_max; skip++) {
		if (sent == 0)
			tls_nonce_mix(decryptor->iv, decryptor->sequence + skip, nonce);
		put_pseudo_header(aad, decryptor->sequence + skip, header, body.size - overhead);
		if (!tls_aead_open(decryptor, nonce, (struct bytes){ aad, sizeof(aad) }, sealed, out + sent))
			continue;
		decryptor->sequence += (uint64_t)skip + 1;
		*plain = (struct bytes){ out + sent, body.size - overhead };
		*type = header[0];
		return true;
	}
	return false;
}

/* ---- MAC ---- */

static bool mac_matches(struct tls_decryptor *decryptor, uint64_t sequence, const uint8_t header[TLS_RECORD_HEADER],
			struct bytes content, const uint8_t *mac)
{
	uint8_t start[TLS_AAD_12], wanted[EVP_MAX_MD_SIZE];
	EVP_MAC_CTX *context = decryptor->mac_context;
	size_t size;

	put_pseudo_header(start, sequence, header, content.size);
	return EVP_MAC_init(context, NULL, 0, NULL) == 1 && EVP_MAC_update(context, start, sizeof(start)) == 1 &&
	       EVP_MAC_update(context, content.at, content.size) == 1 &&
	       EVP_MAC_final(context, wanted, &size, sizeof(wanted)) == 1 && CRYPTO_memcmp(wanted, mac, decryptor->mac_size) == 0;
}

/* Tries the sequence numbers in turn, and goes on behind the one that fits. */
static bool mac_matches_one(struct tls_decryptor *decryptor, const uint8_t header[TLS_RECORD_HEADER], struct bytes content,
			    const uint8_t *mac, unsigned skip_max)
{
	for (unsigned skip = 0; skip <= skip_max; skip++) {
		if (!mac_matches(decryptor, decryptor->sequence + skip, header, content, mac))
			continue;
		decryptor->sequence += (uint64_t)skip + 1;
		return true;
	}
	return false;
}

/* RFC 5246 6.2.3.1; a key stream goes on also over a record that does not verify. */
static bool open_stream(struct tls_decryptor *decryptor, const uint8_t header[TLS_RECORD_HEADER], struct bytes body,
			unsigned skip_max, uint8_t *out, struct bytes *plain, uint8_t *type)
{
	int done;

	if (body.size < decryptor->mac_size)
		return false;
	if (decryptor->cipher_context && EVP_DecryptUpdate(decryptor->cipher_context, out, &done, body.at, (int)body.size) != 1)
		return false;
	if (!decryptor->cipher_context)
		memmove(out, body.at, body.size);
	*plain = (struct bytes){ out, body.size - decryptor->mac_size };
	*type = header[0];
	return mac_matches_one(decryptor, header, *plain, out + plain->size, skip_max);
}

/* ---- CBC ---- */

/* Decrypts the whole blocks of `body` and says where the content is.  Its IV is sent from TLS 1.1 on (RFC 4346 6.2.3.2). */
static bool open_blocks(struct tls_decryptor *decryptor, struct bytes body, uint8_t *out, struct bytes *content)
{
	const size_t block = decryptor->suite.iv_size, sent = decryptor->version >= TLS_1_1 ? block : 0;
	uint8_t iv[TLS_IV_MAX];
	int done;

	if (body.size % block != 0 || body.size < sent + block)
		return false;
	memcpy(iv, sent ? body.at : decryptor->iv, block);
	memcpy(decryptor->iv, body.at + body.size - block, block);
	if (EVP_DecryptInit_ex2(decryptor->cipher_context, NULL, NULL, iv, NULL) != 1 ||
	    EVP_DecryptUpdate(decryptor->cipher_context, out + sent, &done, body.at + sent, (int)(body.size - sent)) != 1)
		return false;
	*content = (struct bytes){ out + sent, body.size - sent };
	return true;
}

/* RFC 5246 6.2.3.2: every byte of the padding, and the one that counts it, has the same value. */
static bool strip_cbc_padding(struct bytes *content)
{
	size_t padding = (size_t)content->at[content->size - 1] + 1;

	if (padding > content->size)
		return false;
	for (size_t i = 1; i < padding; i++)
		if (content->at[content->size - 1 - i] != padding - 1)
			return false;
	content->size -= padding;
	return true;
}

static bool open_cbc(struct tls_decryptor *decryptor, const uint8_t header[TLS_RECORD_HEADER], struct bytes body, unsigned skip_max,
		     uint8_t *out, struct bytes *plain, uint8_t *type)
{
	struct bytes content;

	if (!open_blocks(decryptor, body, out, &content) || !strip_cbc_padding(&content) || content.size < decryptor->mac_size)
		return false;
	content.size -= decryptor->mac_size;
	if (!mac_matches_one(decryptor, header, content, content.at + content.size, skip_max))
		return false;
	*plain = content;
	*type = header[0];
	return true;
}

/*
 * RFC 7366 3: the MAC covers the ciphertext with its IV.  In TLS 1.0 it does not cover the IV, which is in the record before: when that was
 * not seen, the first block is not known although the record verifies.
 */
static bool open_encrypt_then_mac(struct tls_decryptor *decryptor, const uint8_t header[TLS_RECORD_HEADER], struct bytes body,
				  unsigned skip_max, uint8_t *out, struct bytes *plain, uint8_t *type)
{
	const uint64_t expected = decryptor->sequence + 1;
	struct bytes sealed = body, content;

	if (body.size < decryptor->mac_size)
		return false;
	sealed.size -= decryptor->mac_size;
	if (!mac_matches_one(decryptor, header, sealed, body.at + sealed.size, skip_max) ||
	    !open_blocks(decryptor, sealed, out, &content) || !strip_cbc_padding(&content))
		return false;
	if (decryptor->version < TLS_1_1 && decryptor->sequence != expected)
		return false;
	*plain = content;
	*type = header[0];
	return true;
}

/* ---- the keys ---- */

static bool set_mac(struct tls_decryptor *decryptor, const uint8_t *key)
{
	OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
								 (char *)(uintptr_t)decryptor->suite.mac_hash, 0),
				OSSL_PARAM_END };
	EVP_MAC *mac;

	if (!decryptor->suite.mac_hash)
		return true;
	mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	decryptor->mac_context = mac ? EVP_MAC_CTX_new(mac) : NULL;
	EVP_MAC_free(mac); /* the context holds it */
	return decryptor->mac_context && EVP_MAC_init(decryptor->mac_context, key, decryptor->suite.mac_size, params) == 1;
}

static void choose_open(struct tls_decryptor *decryptor, bool encrypt_then_mac, bool truncated_hmac)
{
	decryptor->mac_size = truncated_hmac ? 10 : decryptor->suite.mac_size; /* RFC 6066 7 */
	if (decryptor->suite.protection >= TLS_PROTECT_GCM)
		decryptor->open = open_aead;
	else if (decryptor->suite.protection != TLS_PROTECT_CBC)
		decryptor->open = open_stream;
	else
		decryptor->open = encrypt_then_mac ? open_encrypt_then_mac : open_cbc;
}

struct tls_decryptor *tls_decryptor_new_12(uint16_t version, uint16_t cipher, const struct tls_secret *master,
					   const uint8_t client_random[32], const uint8_t server_random[32], enum tls_side from,
					   bool encrypt_then_mac, bool truncated_hmac)
{
	struct tls_decryptor *decryptor = nt_zalloc(sizeof(*decryptor));
	struct tls_keys keys;
	bool good;

	decryptor->version = version;
	good = version <= TLS_1_2 && tls_suite_find(version, cipher, &decryptor->suite) &&
	       tls_keys_derive_12(&decryptor->suite, master, client_random, server_random, from, &keys) &&
	       tls_decryptor_fetch(decryptor) && tls_decryptor_set_key(decryptor, keys.key) && set_mac(decryptor, keys.mac);
	if (good) {
		memcpy(decryptor->iv, keys.iv, decryptor->suite.iv_size);
		choose_open(decryptor, encrypt_then_mac, truncated_hmac);
	}
	OPENSSL_cleanse(&keys, sizeof(keys));
	if (good)
		return decryptor;
	tls_decryptor_free(decryptor);
	return NULL;
}
