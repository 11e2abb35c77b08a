#include "cli/json/json_trace.h"
#include "cli/timestamp.h"

#include <openssl/evp.h>

/* ---- uuid ---- */

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
static void make_uuid(const struct output *output, uint8_t uuid[16])
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

static void write_uuid(struct json *json, const struct output *output)
{
	static const char hex[] = "0123456789abcdef";
	uint8_t uuid[16];
	char text[37], *at = text;

	make_uuid(output, uuid);
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		*at++ = hex[uuid[i] >> 4];
		*at++ = hex[uuid[i] & 15];
	}
	*at = 0;
	json_text(json, "uuid", text);
}

/* ---- lists ---- */

static void write_dials(struct json *json, const struct output *output)
{
	size_t count = output->omit.dials ? 0 : output->list->dial_count;

	json_begin_array(json, "dials");
	for (size_t i = 0; i < count; i++)
		json_write_dial(json, output, &output->list->dials[i]);
	json_end(json);
}

static void write_tcp_conns(struct json *json, const struct output *output)
{
	size_t count = output->omit.tcp ? 0 : output->list->tcp_conn_count;

	json_begin_array(json, "tcpConns");
	for (size_t i = 0; i < count; i++)
		json_write_tcp_conn(json, output, &output->list->tcp_conns[i]);
	json_end(json);
}

static void write_udp_conns(struct json *json, const struct output *output)
{
	size_t count = output->omit.udp ? 0 : output->list->udp_conn_count;

	json_begin_array(json, "udpConns");
	for (size_t i = 0; i < count; i++)
		json_write_udp_conn(json, output, &output->list->udp_conns[i]);
	json_end(json);
}

static void write_dns_queries(struct json *json, const struct output *output)
{
	size_t count = output->omit.dns ? 0 : output->list->dns_query_count;

	json_begin_array(json, "dnsQueries");
	for (size_t i = 0; i < count; i++)
		json_write_dns_query(json, output, &output->list->dns_queries[i]);
	json_end(json);
}

static void write_tls_tunnels(struct json *json, const struct output *output)
{
	size_t count = output->omit.tls ? 0 : output->list->tls_tunnel_count;

	json_begin_array(json, "tlsTunnels");
	for (size_t i = 0; i < count; i++)
		json_write_tls_tunnel(json, output, &output->list->tls_tunnels[i]);
	json_end(json);
}

static void write_http_requests(struct json *json, const struct output *output)
{
	size_t count = output->omit.http ? 0 : output->list->http_request_count;

	json_begin_array(json, "httpRequests");
	for (size_t i = 0; i < count; i++)
		json_write_http_request(json, output, &output->list->http_requests[i]);
	json_end(json);
}

/* ---- the whole ---- */

static void write_findings(struct json *json, const struct output *output)
{
	json_begin_array(json, "findings");
	for (size_t i = 0; i < output->list->finding_count; i++)
		json_write_finding(json, output, &output->list->findings[i]);
	json_end(json);
}

void json_begin_record(struct json *json, const struct output *output, const char *kind)
{
	json_begin_object(json, NULL);
	if (output->as_lines)
		json_text(json, "record", kind);
}

void json_write_begin(struct json *json, const struct output *output)
{
	nt_time begin = output->begin == NT_TIME_NONE ? 0 : output->begin; /* always a date: programs count on it */
	char text[TIMESTAMP_SIZE];

	json_text(json, "description", output->description);
	json_text(json, "traceBeginAt", timestamp_absolute_text(begin, text));
}

void json_write_end(struct json *json, const struct output *output)
{
	json_put_timestamp(json, output, "traceEndAt", output->end);
	write_uuid(json, output);
}

static void write_trace(struct json *json, const struct output *output)
{
	json_begin_object(json, NULL);
	json_write_begin(json, output);
	json_write_end(json, output);
	write_dials(json, output);
	write_tcp_conns(json, output);
	write_udp_conns(json, output);
	write_dns_queries(json, output);
	write_tls_tunnels(json, output);
	write_http_requests(json, output);
	write_findings(json, output);
	json_write_capture(json, output);
	json_end(json);
}

bool output_json(FILE *out, const struct output *output)
{
	struct json *json = json_new(out, JSON_INDENTED);
	bool written;

	write_trace(json, output);
	written = json_finish(json);
	json_free(json);
	return written;
}
