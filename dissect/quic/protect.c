#include "dissect/hkdf.h"
#include "dissect/quic/packet.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

enum { SAMPLE = 16, SAMPLE_OFFSET = 4, MASK = 5, NONCE = 12, RESERVED_AND_LENGTH = 0x0f, PACKET_NUMBER_MAX = 4 };

/* ---- keys ---- */

static const struct suite {
	uint16_t number;
	const char *hash;
	enum quic_cipher cipher;
	size_t secret_size, key_size;
} suites[] = {
	{ 0x1301, "SHA256", QUIC_AES_128_GCM, 32, 16 },
	{ 0x1302, "SHA384", QUIC_AES_256_GCM, 48, 32 },
	{ 0x1303, "SHA256", QUIC_CHACHA20_POLY1305, 32, 32 },
};

static bool derive(const struct quic_version *version, const struct suite *suite, struct bytes secret, struct quic_keys *out)
{
	const bool v2 = version->is_v2;

	out->cipher = suite->cipher;
	return secret.size == suite->secret_size &&
	       hkdf_expand_label(suite->hash, secret, v2 ? "quicv2 key" : "quic key", out->key, suite->key_size) &&
	       hkdf_expand_label(suite->hash, secret, v2 ? "quicv2 iv" : "quic iv", out->iv, sizeof(out->iv)) &&
	       hkdf_expand_label(suite->hash, secret, v2 ? "quicv2 hp" : "quic hp", out->mask, suite->key_size);
}

bool quic_keys_from_secret(const struct quic_version *version, uint16_t suite, struct bytes secret, struct quic_keys *out)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
		if (suites[i].number == suite && derive(version, &suites[i], secret, out))
			return true;
	out->cipher = QUIC_NO_KEYS;
	return false;
}

/* Nothing here is secret to anybody who sees the connection ID: nothing needs wiping. */
bool quic_keys_initial(const struct quic_version *version, struct bytes dcid, enum quic_side from, struct quic_keys *out)
{
	uint8_t common[32], secret[32];

	memset(out, 0, sizeof(*out));
	return hkdf_extract("SHA256", (struct bytes){ version->salt, sizeof(version->salt) }, dcid, common, sizeof(common)) &&
	       hkdf_expand_label("SHA256", (struct bytes){ common, sizeof(common) },
				 from == QUIC_CLIENT ? "client in" : "server in", secret, sizeof(secret)) &&
	       derive(version, &suites[0], (struct bytes){ secret, sizeof(secret) }, out);
}

/* ---- packets ---- */

/* RFC 9001 5.4.3, 5.4.4 */
static bool header_mask(const struct quic_keys *keys, const uint8_t sample[SAMPLE], uint8_t mask[SAMPLE])
{
	static const uint8_t zeros[MASK];
	const bool chacha = keys->cipher == QUIC_CHACHA20_POLY1305;
	const EVP_CIPHER *cipher = chacha                             ? EVP_chacha20()
				   : keys->cipher == QUIC_AES_128_GCM ? EVP_aes_128_ecb()
								      : EVP_aes_256_ecb();
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int size;
	bool good = context && EVP_EncryptInit_ex2(context, cipher, keys->mask, chacha ? sample : NULL, NULL) == 1 &&
		    EVP_EncryptUpdate(context, mask, &size, chacha ? zeros : sample, chacha ? MASK : SAMPLE) == 1;

	EVP_CIPHER_CTX_free(context);
	return good;
}

/* RFC 9000 A.3 */
static uint64_t whole_number(uint64_t truncated, size_t size, uint64_t expected)
{
	const uint64_t window = UINT64_C(1) << (8 * size), half = window / 2;
	uint64_t candidate = (expected & ~(window - 1)) | truncated;

	if (candidate + half <= expected && candidate < (UINT64_C(1) << 62) - window)
		return candidate + window;
	if (candidate > expected + half && candidate >= window)
		return candidate - window;
	return candidate;
}

/* A packet whose header protection is undone. */
struct bare_packet {
	uint8_t first, number_bytes[PACKET_NUMBER_MAX];
	size_t number_size;
	struct bytes sealed;
	uint8_t nonce[NONCE];
};

static bool open_aead(const struct quic_keys *keys, const struct quic_header *header, const struct bare_packet *packet,
		      uint8_t *out)
{
	const EVP_CIPHER *cipher = keys->cipher == QUIC_CHACHA20_POLY1305 ? EVP_chacha20_poly1305()
				   : keys->cipher == QUIC_AES_128_GCM     ? EVP_aes_128_gcm()
									  : EVP_aes_256_gcm();
	int size = (int)(packet->sealed.size - QUIC_TAG), done;
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	uint8_t tag[QUIC_TAG];
	bool good;

	memcpy(tag, packet->sealed.at + size, QUIC_TAG);
	good = context && EVP_DecryptInit_ex2(context, cipher, keys->key, packet->nonce, NULL) == 1 &&
	       EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, QUIC_TAG, tag) == 1 &&
	       EVP_DecryptUpdate(context, NULL, &done, &packet->first, 1) == 1 &&
	       EVP_DecryptUpdate(context, NULL, &done, header->head.at + 1, (int)header->head.size - 1) == 1 &&
	       EVP_DecryptUpdate(context, NULL, &done, packet->number_bytes, (int)packet->number_size) == 1 &&
	       EVP_DecryptUpdate(context, out, &done, packet->sealed.at, size) == 1 &&
	       EVP_DecryptFinal_ex(context, out + size, &done) == 1;
	EVP_CIPHER_CTX_free(context);
	return good;
}

/* RFC 9001 5.4.1; bits that are reserved, or that are set at random (RFC 9287), do not matter to what verifies. */
static bool bare(const struct quic_keys *keys, const struct quic_header *header, uint64_t expected, struct bare_packet *out,
		 uint64_t *number)
{
	const struct bytes protected = header->protected;
	uint8_t mask[SAMPLE];
	uint64_t truncated = 0;

	if (protected.size < SAMPLE_OFFSET + SAMPLE || header->head.size == 0 ||
	    !header_mask(keys, protected.at + SAMPLE_OFFSET, mask))
		return false;
	out->first = header->head.at[0] ^ (mask[0] & RESERVED_AND_LENGTH);
	out->number_size = (out->first & 3) + 1U;
	for (size_t i = 0; i < out->number_size; i++) {
		out->number_bytes[i] = protected.at[i] ^ mask[1 + i];
		truncated = truncated << 8 | out->number_bytes[i];
	}
	*number = whole_number(truncated, out->number_size, expected);
	out->sealed = (struct bytes){ protected.at + out->number_size, protected.size - out->number_size };
	memcpy(out->nonce, keys->iv, NONCE);
	for (int i = 0; i < 8; i++)
		out->nonce[NONCE - 1 - i] ^= (uint8_t)(*number >> (8 * i));
	return out->sealed.size >= QUIC_TAG;
}

bool quic_open(const struct quic_keys *keys, const struct quic_header *header, uint64_t expected, uint8_t *out,
	       struct bytes *content, uint64_t *packet_number)
{
	struct bare_packet packet;

	if (keys->cipher == QUIC_NO_KEYS || !bare(keys, header, expected, &packet, packet_number) ||
	    !open_aead(keys, header, &packet, out))
		return false;
	*content = (struct bytes){ out, packet.sealed.size - QUIC_TAG };
	return true;
}

bool quic_retry_verifies(const struct quic_header *retry, struct bytes original_dcid)
{
	const struct quic_version *version = retry->version;
	const uint8_t cid_size = (uint8_t)original_dcid.size;
	EVP_CIPHER_CTX *context;
	uint8_t tag[QUIC_TAG], nothing[QUIC_TAG];
	int done;
	bool good;

	if (!version->has_retry_tag || retry->protected.size != QUIC_TAG)
		return false;
	memcpy(tag, retry->protected.at, QUIC_TAG);
	context = EVP_CIPHER_CTX_new();
	good = context && EVP_DecryptInit_ex2(context, EVP_aes_128_gcm(), version->retry_key, version->retry_nonce, NULL) == 1 &&
	       EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, QUIC_TAG, tag) == 1 &&
	       EVP_DecryptUpdate(context, NULL, &done, &cid_size, 1) == 1 &&
	       (original_dcid.size == 0 ||
		EVP_DecryptUpdate(context, NULL, &done, original_dcid.at, (int)original_dcid.size) == 1) &&
	       EVP_DecryptUpdate(context, NULL, &done, retry->head.at, (int)retry->head.size) == 1 &&
	       EVP_DecryptFinal_ex(context, nothing, &done) == 1;
	EVP_CIPHER_CTX_free(context);
	return good;
}
