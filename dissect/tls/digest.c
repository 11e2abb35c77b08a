#include "dissect/tls/digest.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>

static EVP_MD *md5, *sha256; /* as long as the process */

static void fetch(void)
{
	md5 = EVP_MD_fetch(NULL, "MD5", NULL);
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

static bool digest(EVP_MD *const *method, struct bytes of, uint8_t *out, size_t size)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, fetch);
	if (*method && EVP_Digest(of.size ? (const void *)of.at : "", of.size, out, NULL, *method, NULL) == 1)
		return true;
	memset(out, 0, size);
	return false;
}

bool digest_md5(struct bytes of, uint8_t out[DIGEST_MD5_SIZE])
{
	return digest(&md5, of, out, DIGEST_MD5_SIZE);
}

bool digest_sha256(struct bytes of, uint8_t out[DIGEST_SHA256_SIZE])
{
	return digest(&sha256, of, out, DIGEST_SHA256_SIZE);
}
