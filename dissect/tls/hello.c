#include "dissect/tls/hello.h"
#include "dissect/tls/fingerprint.h"

enum extension {
	EXT_SERVER_NAME = 0,
	EXT_TRUNCATED_HMAC = 4,
	EXT_STATUS_REQUEST = 5,
	EXT_SUPPORTED_GROUPS = 10,
	EXT_EC_POINT_FORMATS = 11,
	EXT_SIGNATURE_ALGORITHMS = 13,
	EXT_ALPN = 16,
	EXT_ENCRYPT_THEN_MAC = 22,
	EXT_SESSION_TICKET = 35,
	EXT_KEY_SHARE_DRAFT = 40, /* until draft 22 of TLS 1.3 */
	EXT_PRE_SHARED_KEY = 41,
	EXT_EARLY_DATA = 42,
	EXT_SUPPORTED_VERSIONS = 43,
	EXT_KEY_SHARE = 51,
	EXT_ENCRYPTED_CLIENT_HELLO = 0xfe0d,
	EXT_ENCRYPTED_SERVER_NAME = 0xffce /* the draft before it */
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static enum cur_state worse(enum cur_state a, enum cur_state b)
{
	return a > b ? a : b;
}

static uint16_t plain_version(uint16_t version)
{
	return tls_is_draft(version) ? TLS_1_3 : version;
}

/* A vector with a length before it.  A failure of the parent shows in the vector too. */
static struct cursor read_vector8(struct cursor *c)
{
	size_t size = cur_u8(c);

	return cur_sub(c, size);
}

static struct cursor read_vector16(struct cursor *c)
{
	size_t size = cur_u16(c);

	return cur_sub(c, size);
}

static struct cursor read_vector24(struct cursor *c)
{
	size_t size = cur_u24(c);

	return cur_sub(c, size);
}

/* The whole of a vector as a view; fails when a part of it is not here. */
static struct bytes read_all(struct cursor vector, struct cursor *c)
{
	size_t size = cur_left_on_wire(&vector);
	const uint8_t *at = cur_take(&vector, size);

	c->state = worse(c->state, vector.state);
	return at ? (struct bytes){ at, size } : (struct bytes){ NULL, 0 };
}

/* 16-bit numbers up to the end; returns the bytes that they stood in. */
static struct bytes read_numbers(struct cursor *list, uint16_t *out, size_t max, size_t *count)
{
	struct bytes all = cur_rest(list);

	*count = 0;
	while (cur_left_on_wire(list) > 0) {
		uint16_t number = cur_u16(list);

		if (list->state != CUR_OK)
			break;
		if (*count < max)
			out[*count] = number;
		++*count;
	}
	return all;
}

/* ---- the extensions of a ClientHello ---- */

struct client_reader {
	struct tls_client_hello *hello;
	struct tls_hello_lists lists;
};

/* RFC 6066 3 */
static enum cur_state read_server_name(struct cursor body, struct client_reader *r)
{
	struct cursor list = read_vector16(&body);

	while (list.state == CUR_OK && cur_left_on_wire(&list) > 0) {
		uint8_t type = cur_u8(&list);
		struct cursor vector = read_vector16(&list);
		struct bytes name = read_all(vector, &list);

		if (type == 0 && r->hello->server_name.size == 0)
			r->hello->server_name = name;
	}
	return list.state;
}

/* RFC 8446 4.2.7 */
static enum cur_state read_groups(struct cursor body, struct client_reader *r)
{
	struct cursor list = read_vector16(&body);

	r->lists.groups = read_numbers(&list, r->hello->groups, TLS_MAX_LIST, &r->hello->group_count);
	return list.state;
}

/* RFC 8422 5.1.2 */
static enum cur_state read_point_formats(struct cursor body, struct client_reader *r)
{
	struct cursor list = read_vector8(&body);

	r->lists.point_formats = cur_rest(&list);
	r->hello->point_format_count = 0;
	while (list.state == CUR_OK && cur_left_on_wire(&list) > 0) {
		uint8_t format = cur_u8(&list);

		if (list.state != CUR_OK)
			break;
		if (r->hello->point_format_count < COUNT(r->hello->point_formats))
			r->hello->point_formats[r->hello->point_format_count] = format;
		r->hello->point_format_count++;
	}
	return list.state;
}

/* RFC 8446 4.2.3 */
static enum cur_state read_signatures(struct cursor body, struct client_reader *r)
{
	struct cursor list = read_vector16(&body);

	r->lists.signatures = read_numbers(&list, r->hello->signatures, TLS_MAX_LIST, &r->hello->signature_count);
	return list.state;
}

/* RFC 7301 3.1 */
static enum cur_state read_alpn(struct cursor body, struct client_reader *r)
{
	struct cursor list = read_vector16(&body);

	r->hello->alpn_count = 0;
	while (list.state == CUR_OK && cur_left_on_wire(&list) > 0) {
		struct cursor vector = read_vector8(&list);
		struct bytes name = read_all(vector, &list);

		if (list.state != CUR_OK)
			break;
		if (r->hello->alpn_count < COUNT(r->hello->alpn))
			r->hello->alpn[r->hello->alpn_count] = name;
		r->hello->alpn_count++;
	}
	return list.state;
}

/* RFC 8446 4.2.1 */
static enum cur_state read_versions(struct cursor body, struct client_reader *r)
{
	struct tls_client_hello *hello = r->hello;
	struct cursor list = read_vector8(&body);
	struct cursor again;
	uint16_t highest = 0;

	r->lists.versions = read_numbers(&list, hello->versions, COUNT(hello->versions), &hello->version_count);
	again = cur_of(r->lists.versions.at, r->lists.versions.size, 0);
	while (cur_left(&again) >= 2) {
		uint16_t version = cur_u16(&again);

		if (!tls_is_grease(version) && plain_version(version) > highest)
			highest = plain_version(version);
	}
	if (highest)
		hello->highest_version = highest;
	return list.state;
}

/* RFC 8446 4.2.8 */
static enum cur_state read_key_shares(struct cursor body, struct client_reader *r)
{
	struct cursor list = read_vector16(&body);

	r->hello->key_share_count = 0;
	while (list.state == CUR_OK && cur_left_on_wire(&list) > 0) {
		uint16_t group = cur_u16(&list);

		if (list.state != CUR_OK)
			break;
		if (r->hello->key_share_count < COUNT(r->hello->key_shares))
			r->hello->key_shares[r->hello->key_share_count] = group;
		r->hello->key_share_count++;
		(void)read_vector16(&list);
	}
	return list.state;
}

/* RFC 5077 3.2: empty when the client has no ticket yet */
static enum cur_state read_ticket(struct cursor body, struct client_reader *r)
{
	r->hello->has_session_ticket = cur_left_on_wire(&body) > 0;
	if (cur_left_on_wire(&body) == cur_left(&body))
		r->hello->session_ticket = (struct bytes){ body.at, cur_left(&body) };
	return CUR_OK;
}

/* RFC 8446 4.2.11: identities<7..2^16-1>, each identity<1..2^16-1> obfuscated_ticket_age(32) */
static enum cur_state read_psk(struct cursor body, struct client_reader *r)
{
	struct cursor list = read_vector16(&body);

	r->hello->has_psk = true;
	r->hello->external_psks = 0;
	for (unsigned i = 0; i < 32 && cur_left(&list) > 0; i++) {
		uint32_t age;

		(void)read_vector16(&list);
		age = cur_u32(&list);
		if (list.state == CUR_OK && age == 0)
			r->hello->external_psks |= UINT32_C(1) << i;
	}
	return CUR_OK;
}

static enum cur_state read_early_data(struct cursor body, struct client_reader *r)
{
	r->hello->has_early_data = true;
	return body.state;
}

static enum cur_state read_ech(struct cursor body, struct client_reader *r)
{
	r->hello->has_ech = true;
	return body.state;
}

static const struct {
	uint16_t type;
	enum cur_state (*read)(struct cursor body, struct client_reader *r);
} client_extensions[] = {
	{ EXT_SERVER_NAME, read_server_name },
	{ EXT_SUPPORTED_GROUPS, read_groups },
	{ EXT_EC_POINT_FORMATS, read_point_formats },
	{ EXT_SIGNATURE_ALGORITHMS, read_signatures },
	{ EXT_ALPN, read_alpn },
	{ EXT_SESSION_TICKET, read_ticket },
	{ EXT_KEY_SHARE_DRAFT, read_key_shares },
	{ EXT_PRE_SHARED_KEY, read_psk },
	{ EXT_EARLY_DATA, read_early_data },
	{ EXT_SUPPORTED_VERSIONS, read_versions },
	{ EXT_KEY_SHARE, read_key_shares },
	{ EXT_ENCRYPTED_CLIENT_HELLO, read_ech },
	{ EXT_ENCRYPTED_SERVER_NAME, read_ech },
};

static enum cur_state read_client_extension(uint16_t type, struct cursor body, struct client_reader *r)
{
	for (size_t i = 0; i < COUNT(client_extensions); i++)
		if (client_extensions[i].type == type)
			return client_extensions[i].read(body, r);
	return CUR_OK;
}

/* A wrong length inside one extension does not hide the others. */
static enum cur_state read_client_extensions(struct cursor block, struct client_reader *r)
{
	struct tls_client_hello *hello = r->hello;
	enum cur_state result = CUR_OK;

	r->lists.extensions = cur_rest(&block);
	while (block.state == CUR_OK && cur_left_on_wire(&block) > 0) {
		uint16_t type = cur_u16(&block);
		struct cursor body = read_vector16(&block);

		if (body.state != CUR_OK)
			break;
		if (hello->extension_count < TLS_MAX_LIST)
			hello->extensions[hello->extension_count] = type;
		hello->extension_count++;
		result = worse(result, read_client_extension(type, body, r));
		if (body.cut > 0)
			result = worse(result, CUR_CUT);
	}
	return worse(result, block.state);
}

/* ---- hellos ---- */

/* legacy_version(16) random(32), without which there is nothing to report: 0. */
static uint16_t read_hello_start(struct cursor *body, uint8_t random[32])
{
	const uint8_t *at = cur_take(body, 2 + 32);
	uint16_t version = at ? (uint16_t)(at[0] << 8 | at[1]) : 0;

	if (!at)
		return 0;
	memcpy(random, at + 2, 32);
	if (version >> 8 == 3 || tls_is_draft(version))
		return version;
	body->state = CUR_BAD;
	return 0;
}

/* RFC 5246 7.4.1.2: after the compression methods nothing, or exactly one block of extensions. */
static enum cur_state read_client_end(struct cursor *body, struct client_reader *r)
{
	enum cur_state result;

	if (body->state != CUR_OK || cur_left_on_wire(body) == 0)
		return body->state;
	result = read_client_extensions(read_vector16(body), r);
	if (body->state == CUR_OK && cur_left_on_wire(body) > 0)
		return CUR_BAD;
	return worse(result, body->state);
}

enum cur_state tls_read_client_hello(struct cursor body, bool fingerprints, struct tls_client_hello *out)
{
	struct client_reader r = { .hello = out };
	struct cursor session_id, ciphers;
	enum cur_state result;

	memset(out, 0, sizeof(*out));
	out->legacy_version = out->highest_version = read_hello_start(&body, out->random);
	if (!out->legacy_version)
		return body.state;
	session_id = read_vector8(&body);
	out->session_id = read_all(session_id, &body);
	ciphers = read_vector16(&body);
	r.lists.ciphers = read_numbers(&ciphers, out->ciphers, TLS_MAX_LIST, &out->cipher_count);
	(void)read_vector8(&body); /* compression methods */
	result = worse(ciphers.state, read_client_end(&body, &r));
	if (result == CUR_OK && fingerprints)
		tls_fingerprint(&r.lists, out);
	return result;
}

/* Three bytes each; those of TLS have a 0 first, those of SSL 2.0 have no 16-bit number and are passed over. */
static void read_ssl2_ciphers(struct cursor *list, struct tls_client_hello *out)
{
	while (list->state == CUR_OK && cur_left_on_wire(list) > 0) {
		uint32_t cipher = cur_u24(list);

		if (list->state != CUR_OK || cipher > 0xffff)
			continue;
		if (out->cipher_count < TLS_MAX_LIST)
			out->ciphers[out->cipher_count] = (uint16_t)cipher;
		out->cipher_count++;
	}
}

/* RFC 5246 E.2: the challenge stands at the end of the random, zeros before it. */
static void read_challenge(struct cursor *body, size_t size, struct tls_client_hello *out)
{
	uint8_t *random = out->random;

	if (size > 32) {
		cur_skip(body, size - 32);
		size = 32;
	}
	(void)cur_copy(body, random + (32 - size), size);
}

/* msg_type(8) version(16) cipher_spec_length(16) session_id_length(16) challenge_length(16), and the three */
enum cur_state tls_read_ssl2_hello(struct cursor body, struct tls_client_hello *out)
{
	uint8_t type = cur_u8(&body);
	uint16_t version = cur_u16(&body);
	size_t cipher_size = cur_u16(&body);
	size_t session_id_size = cur_u16(&body);
	size_t challenge_size = cur_u16(&body);
	struct cursor ciphers, session_id;

	memset(out, 0, sizeof(*out));
	if (body.state != CUR_OK)
		return body.state;
	if (type != TLS_CLIENT_HELLO || (version != TLS_SSL2 && version >> 8 != 3))
		return CUR_BAD;
	out->is_ssl2 = true;
	out->legacy_version = out->highest_version = version;
	ciphers = cur_sub(&body, cipher_size);
	read_ssl2_ciphers(&ciphers, out);
	session_id = cur_sub(&body, session_id_size);
	out->session_id = read_all(session_id, &body);
	read_challenge(&body, challenge_size, out);
	return worse(ciphers.state, body.state);
}

/* ---- what the server answers ---- */

/* RFC 8446 4.1.3: how a server that could do better marks an older version. */
static void read_downgrade(struct tls_server_hello *out)
{
	static const uint8_t sentinel[7] = "DOWNGRD";

	if (memcmp(out->random + 24, sentinel, 7) != 0)
		return;
	out->downgrade_12 = out->random[31] == 1;
	out->downgrade_11 = out->random[31] == 0;
}

static enum cur_state read_server_alpn(struct cursor body, struct tls_server_hello *out)
{
	struct cursor list = read_vector16(&body);
	struct cursor vector = read_vector8(&list);

	out->alpn = read_all(vector, &list);
	return list.state;
}

static void set_server_version(struct tls_server_hello *out, uint16_t version)
{
	out->version = plain_version(version);
	out->draft = tls_is_draft(version) ? version : 0;
}

static enum cur_state read_server_extension(uint16_t type, struct cursor body, struct tls_server_hello *out)
{
	uint16_t version;

	switch (type) {
	case EXT_SUPPORTED_VERSIONS:
		version = cur_u16(&body);
		if (body.state == CUR_OK)
			set_server_version(out, version);
		break;
	case EXT_KEY_SHARE:
	case EXT_KEY_SHARE_DRAFT:
		out->group = cur_u16(&body);
		break;
	case EXT_ALPN:
		return read_server_alpn(body, out);
	case EXT_PRE_SHARED_KEY:
		out->has_psk = true;
		out->psk = cur_u16(&body);
		return CUR_OK;
	case EXT_SESSION_TICKET:
		out->has_session_ticket = true;
		break;
	case EXT_ENCRYPT_THEN_MAC:
		out->has_encrypt_then_mac = true;
		break;
	case EXT_TRUNCATED_HMAC:
		out->has_truncated_hmac = true;
		break;
	}
	return body.state;
}

static enum cur_state read_server_end(struct cursor *body, struct tls_server_hello *out)
{
	enum cur_state result = CUR_OK;
	struct cursor block;

	if (body->state != CUR_OK || cur_left_on_wire(body) == 0)
		return body->state;
	block = read_vector16(body);
	while (block.state == CUR_OK && cur_left_on_wire(&block) > 0) {
		uint16_t type = cur_u16(&block);
		struct cursor extension = read_vector16(&block);

		if (extension.state == CUR_OK)
			result = worse(result, read_server_extension(type, extension, out));
		if (extension.cut > 0)
			result = worse(result, CUR_CUT);
	}
	if (body->state == CUR_OK && cur_left_on_wire(body) > 0)
		return CUR_BAD;
	return worse(result, worse(block.state, body->state));
}

enum cur_state tls_read_server_hello(struct cursor body, struct tls_server_hello *out)
{
	/* SHA-256 of "HelloRetryRequest", RFC 8446 4.1.3 */
	static const uint8_t retry[32] = { 0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
					   0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
					   0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c };
	struct cursor session_id;

	memset(out, 0, sizeof(*out));
	out->legacy_version = read_hello_start(&body, out->random);
	if (!out->legacy_version)
		return body.state;
	set_server_version(out, out->legacy_version);
	out->is_hello_retry = memcmp(out->random, retry, sizeof(retry)) == 0;
	read_downgrade(out);
	if (!out->draft) { /* until draft 21 the version stood here, and session id and compression were left out */
		session_id = read_vector8(&body);
		out->session_id = read_all(session_id, &body);
	}
	out->cipher = cur_u16(&body);
	if (!out->draft)
		out->compression = cur_u8(&body);
	return read_server_end(&body, out);
}

/* server_version(16), from draft 19 on cipher_suite(16), extensions */
enum cur_state tls_read_draft_retry(struct cursor body, struct tls_server_hello *out)
{
	uint16_t version = cur_u16(&body);

	memset(out, 0, sizeof(*out));
	if (body.state != CUR_OK)
		return body.state;
	if (!tls_is_draft(version) && version != TLS_1_3)
		return CUR_BAD;
	out->legacy_version = version;
	out->is_hello_retry = true;
	set_server_version(out, version);
	if ((version & 0xff) >= 19)
		out->cipher = cur_u16(&body);
	return read_server_end(&body, out);
}

/* RFC 8446 4.3.1 */
enum cur_state tls_read_encrypted_extensions(struct cursor body, struct tls_encrypted_extensions *out)
{
	struct tls_server_hello like_a_hello = { .version = TLS_1_3 };
	struct cursor block = read_vector16(&body);
	enum cur_state result = CUR_OK;

	memset(out, 0, sizeof(*out));
	while (block.state == CUR_OK && cur_left_on_wire(&block) > 0) {
		uint16_t type = cur_u16(&block);
		struct cursor extension = read_vector16(&block);

		if (extension.state == CUR_OK && type == EXT_ALPN)
			result = worse(result, read_server_alpn(extension, &like_a_hello));
		if (extension.state == CUR_OK && type == EXT_EARLY_DATA)
			out->early_data = true;
	}
	out->alpn = like_a_hello.alpn;
	return worse(result, block.state);
}

/* ---- Certificate ---- */

/* What comes after each certificate in TLS 1.3. */
static void read_certificate_extensions(struct cursor *list, struct tls_certificate_list *out)
{
	struct cursor block = read_vector16(list);

	while (block.state == CUR_OK && cur_left_on_wire(&block) > 0) {
		uint16_t type = cur_u16(&block);
		struct cursor extension = read_vector16(&block);

		if (extension.state == CUR_OK && type == EXT_STATUS_REQUEST)
			out->has_status = true;
	}
}

static enum cur_state read_certificate_list(struct cursor list, bool with_extensions, struct tls_certificate_list *out,
					    struct limit_hits *hits)
{
	_Static_assert(COUNT(out->der) == 64, "LIMIT_TLS_CERTIFICATES");
	out->count = 0;
	out->truncated = out->has_status = false;
	while (list.state == CUR_OK && cur_left_on_wire(&list) > 0) {
		struct cursor vector = read_vector24(&list);
		struct bytes der = read_all(vector, &list);

		if (list.state != CUR_OK)
			break;
		if (out->count == COUNT(out->der)) {
			limit_hit(hits, LIMIT_TLS_CERTIFICATES_HIT);
			out->truncated = true;
			return CUR_OK;
		}
		out->der[out->count++] = der;
		if (with_extensions)
			read_certificate_extensions(&list, out);
	}
	out->truncated = list.state != CUR_OK;
	return list.state;
}

/* RFC 5246 7.4.2 */
enum cur_state tls_read_certificates(struct cursor body, struct tls_certificate_list *out, struct limit_hits *hits)
{
	return read_certificate_list(read_vector24(&body), false, out, hits);
}

/* RFC 8446 4.4.2: before the list, a context of the request that it answers */
enum cur_state tls_read_certificates_13(struct cursor body, struct tls_certificate_list *out, struct limit_hits *hits)
{
	(void)read_vector8(&body);
	return read_certificate_list(read_vector24(&body), true, out, hits);
}

enum cur_state tls_read_compressed_certificate(struct cursor body, struct tls_compressed_certificate *out)
{
	struct cursor vector;

	out->algorithm = cur_u16(&body);
	out->size = cur_u24(&body);
	vector = read_vector24(&body);
	out->compressed = read_all(vector, &body);
	return body.state;
}

/* ---- the header of a message ---- */

enum { BY_CLIENT = 1, BY_SERVER = 2 };

static const uint8_t message_senders[] = {
	[TLS_HELLO_REQUEST] = BY_SERVER,
	[TLS_CLIENT_HELLO] = BY_CLIENT,
	[TLS_SERVER_HELLO] = BY_SERVER,
	[TLS_NEW_SESSION_TICKET] = BY_SERVER,
	[TLS_END_OF_EARLY_DATA] = BY_CLIENT,
	[TLS_HELLO_RETRY_REQUEST] = BY_SERVER,
	[TLS_ENCRYPTED_EXTENSIONS] = BY_SERVER,
	[TLS_CERTIFICATE] = BY_CLIENT | BY_SERVER,
	[TLS_SERVER_KEY_EXCHANGE] = BY_SERVER,
	[TLS_CERTIFICATE_REQUEST] = BY_SERVER,
	[TLS_SERVER_HELLO_DONE] = BY_SERVER,
	[TLS_CERTIFICATE_VERIFY] = BY_CLIENT | BY_SERVER,
	[TLS_CLIENT_KEY_EXCHANGE] = BY_CLIENT,
	[TLS_FINISHED] = BY_CLIENT | BY_SERVER,
	[TLS_CERTIFICATE_URL] = BY_CLIENT,
	[TLS_CERTIFICATE_STATUS] = BY_SERVER,
	[TLS_SUPPLEMENTAL_DATA] = BY_CLIENT | BY_SERVER,
	[TLS_KEY_UPDATE] = BY_CLIENT | BY_SERVER,
	[TLS_COMPRESSED_CERTIFICATE] = BY_CLIENT | BY_SERVER,
};

bool tls_message_known(enum tls_side from, uint8_t type)
{
	return type < COUNT(message_senders) && message_senders[type] & (from == TLS_CLIENT ? BY_CLIENT : BY_SERVER);
}

size_t tls_message_size(const uint8_t header[TLS_HANDSHAKE_HEADER])
{
	struct cursor c = cur_of(header, TLS_HANDSHAKE_HEADER, 0);

	cur_skip(&c, 1);
	return TLS_HANDSHAKE_HEADER + (size_t)cur_u24(&c);
}
