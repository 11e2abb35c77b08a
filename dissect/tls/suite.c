#include "dissect/tls/decryptor.h"

struct cipher_part {
	const char *name; /* in the suite's name, without the _ behind it */
	const char *openssl;
	enum tls_protection protection;
	uint8_t key_size, iv_size, tag_size;
	bool legacy;
};

/* Names that begin like another one stand before it. */
static const struct cipher_part cipher_parts[] = {
	{ "AES_128_GCM", "AES-128-GCM", TLS_PROTECT_GCM, 16, 4, 16, false },
	{ "AES_256_GCM", "AES-256-GCM", TLS_PROTECT_GCM, 32, 4, 16, false },
	{ "AES_128_CCM_8", "AES-128-CCM", TLS_PROTECT_CCM, 16, 4, 8, false },
	{ "AES_256_CCM_8", "AES-256-CCM", TLS_PROTECT_CCM, 32, 4, 8, false },
	{ "AES_128_CCM", "AES-128-CCM", TLS_PROTECT_CCM, 16, 4, 16, false },
	{ "AES_256_CCM", "AES-256-CCM", TLS_PROTECT_CCM, 32, 4, 16, false },
	{ "CHACHA20_POLY1305", "ChaCha20-Poly1305", TLS_PROTECT_CHACHA, 32, 12, 16, false },
	{ "ARIA_128_GCM", "ARIA-128-GCM", TLS_PROTECT_GCM, 16, 4, 16, false },
	{ "ARIA_256_GCM", "ARIA-256-GCM", TLS_PROTECT_GCM, 32, 4, 16, false },
	{ "CAMELLIA_128_GCM", "CAMELLIA-128-GCM", TLS_PROTECT_GCM, 16, 4, 16, false },
	{ "CAMELLIA_256_GCM", "CAMELLIA-256-GCM", TLS_PROTECT_GCM, 32, 4, 16, false },
	{ "AES_128_CBC", "AES-128-CBC", TLS_PROTECT_CBC, 16, 16, 0, false },
	{ "AES_256_CBC", "AES-256-CBC", TLS_PROTECT_CBC, 32, 16, 0, false },
	{ "CAMELLIA_128_CBC", "CAMELLIA-128-CBC", TLS_PROTECT_CBC, 16, 16, 0, false },
	{ "CAMELLIA_256_CBC", "CAMELLIA-256-CBC", TLS_PROTECT_CBC, 32, 16, 0, false },
	{ "ARIA_128_CBC", "ARIA-128-CBC", TLS_PROTECT_CBC, 16, 16, 0, false },
	{ "ARIA_256_CBC", "ARIA-256-CBC", TLS_PROTECT_CBC, 32, 16, 0, false },
	{ "3DES_EDE_CBC", "DES-EDE3-CBC", TLS_PROTECT_CBC, 24, 8, 0, false },
	{ "DES_CBC", "DES-CBC", TLS_PROTECT_CBC, 8, 8, 0, true },
	{ "IDEA_CBC", "IDEA-CBC", TLS_PROTECT_CBC, 16, 8, 0, true },
	{ "SEED_CBC", "SEED-CBC", TLS_PROTECT_CBC, 16, 16, 0, true },
	{ "RC4_128", "RC4", TLS_PROTECT_STREAM, 16, 0, 0, true },
	{ "NULL", NULL, TLS_PROTECT_NULL, 0, 0, 0, false },
};

static const struct {
	const char *name, *openssl;
	uint8_t size;
} hash_parts[] = { { "MD5", "MD5", 16 }, { "SHA", "SHA1", 20 }, { "SHA256", "SHA256", 32 }, { "SHA384", "SHA384", 48 } };

static const struct cipher_part *find_cipher(const char *name)
{
	for (size_t i = 0; i < sizeof(cipher_parts) / sizeof(cipher_parts[0]); i++) {
		size_t size = strlen(cipher_parts[i].name);

		if (strncmp(name, cipher_parts[i].name, size) == 0 && (name[size] == '_' || name[size] == 0))
			return &cipher_parts[i];
	}
	return NULL;
}

static void set_cipher(struct tls_suite *suite, const struct cipher_part *part)
{
	suite->protection = part->protection;
	suite->cipher = part->openssl;
	suite->key_size = part->key_size;
	suite->iv_size = part->iv_size;
	suite->tag_size = part->tag_size;
	suite->legacy = part->legacy;
}

/* RFC 5246 5: the hash of the key schedule is SHA-256, unless the suite says SHA-384; before TLS 1.2 it was MD5 and SHA-1 at once. */
static bool set_hash(struct tls_suite *suite, uint16_t version, const char *name)
{
	const bool aead = suite->protection >= TLS_PROTECT_GCM;

	suite->prf_hash = version < TLS_1_2 ? "MD5-SHA1" : "SHA256";
	if (*name == 0)
		return aead;
	for (size_t i = 0; i < sizeof(hash_parts) / sizeof(hash_parts[0]); i++) {
		if (strcmp(name + 1, hash_parts[i].name) != 0)
			continue;
		if (version >= TLS_1_2 && strcmp(name + 1, "SHA384") == 0)
			suite->prf_hash = "SHA384";
		suite->mac_hash = aead ? NULL : hash_parts[i].openssl;
		suite->mac_size = aead ? 0 : hash_parts[i].size;
		return true;
	}
	return false;
}

/* The name of a suite says it all: TLS_…_WITH_cipher_hash, or TLS_cipher_hash from TLS 1.3 on.  Those for export, which derive their keys
 * in another way, are left out. */
bool tls_suite_find(uint16_t version, uint16_t cipher, struct tls_suite *out)
{
	const char *name = tls_cipher_text(cipher), *with = name ? strstr(name, "_WITH_") : NULL;
	const struct cipher_part *part;

	memset(out, 0, sizeof(*out));
	if (!name || version < TLS_1_0 || version > TLS_1_3 || strstr(name, "_EXPORT") || (version >= TLS_1_3) == (with != NULL))
		return false;
	name = with ? with + sizeof("_WITH_") - 1 : name + sizeof("TLS_") - 1;
	part = find_cipher(name);
	if (!part || (part->protection >= TLS_PROTECT_GCM ? version < TLS_1_2 : version >= TLS_1_3))
		return false;
	set_cipher(out, part);
	if (version == TLS_1_3)
		out->iv_size = 12;
	return set_hash(out, version, name + strlen(part->name));
}
