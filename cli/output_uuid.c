/* What a trace is called, from what it was made of. */
#include "cli/output.h"

#include <openssl/evp.h>

/* The namespace of our names, as RFC 9562 6.6 lets everybody make his own: chosen at random once. */
static const uint8_t uuid_namespace[16] = {
	0x5c, 0x0e, 0x1f, 0x6b, 0x8d, 0x3a, 0x4c, 0x27, 0x9b, 0x54, 0xe2, 0x71, 0x06, 0xaf, 0xd8, 0x93,
};

static void hash_number(EVP_MD_CTX *hash, uint64_t value)
{
	uint8_t bytes[8];

	for (int i = 7; i >= 0; i--) {
		bytes[i] = (uint8_t)value;
		value >>= 8;
	}
	EVP_DigestUpdate(hash, bytes, sizeof bytes);
}

static void hash_input(EVP_MD_CTX *hash, const struct capture_input *input)
{
	hash_number(hash, input->packets);
	hash_number(hash, input->bytes);
	hash_number(hash, (uint64_t)input->first);
	hash_number(hash, (uint64_t)input->last);
}

/* What makes two inputs differ: sizes and times.  Their names say nothing: a copied file is the same capture. */
static void hash_trace(EVP_MD_CTX *hash, const struct output *output)
{
	const struct trace_list *list = output->list;
	size_t inputs = output_input_count(output);

	for (size_t i = 0; i < inputs; i++)
		hash_input(hash, output_input(output, i));
	hash_number(hash, (uint64_t)output->begin);
	hash_number(hash, (uint64_t)output->end);
	hash_number(hash, output->stats->packets);
	hash_number(hash, list->dial_count);
	hash_number(hash, list->tcp_conn_count);
	hash_number(hash, list->udp_conn_count);
	hash_number(hash, list->dns_query_count);
	hash_number(hash, list->tls_tunnel_count);
	hash_number(hash, list->http_request_count);
}

/* RFC 9562 5.5: the first 16 bytes of the SHA-1 of namespace and name; none of them if this OpenSSL has no SHA-1. */
void output_uuid(const struct output *output, uint8_t uuid[16])
{
	uint8_t digest[EVP_MAX_MD_SIZE] = { 0 };
	EVP_MD_CTX *hash = EVP_MD_CTX_new();

	if (hash && EVP_DigestInit_ex(hash, EVP_sha1(), NULL) == 1) {
		EVP_DigestUpdate(hash, uuid_namespace, sizeof uuid_namespace);
		hash_trace(hash, output);
		EVP_DigestFinal_ex(hash, digest, NULL);
	}
	EVP_MD_CTX_free(hash);
	for (int i = 0; i < 16; i++)
		uuid[i] = digest[i];
	uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x50); /* version 5 */
	uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80); /* the variant of RFC 9562 4.1 */
}

char *output_uuid_text(const struct output *output, char out[UUID_SIZE])
{
	static const char hex[] = "0123456789abcdef";
	uint8_t uuid[16];
	char *at = out;

	output_uuid(output, uuid);
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		*at++ = hex[uuid[i] >> 4];
		*at++ = hex[uuid[i] & 15];
	}
	*at = 0;
	return out;
}
