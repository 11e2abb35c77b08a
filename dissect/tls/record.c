#include "dissect/tls/record.h"
#include "dissect/tls/hello.h"

bool tls_record_plausible(const uint8_t header[TLS_RECORD_HEADER])
{
	struct cursor c = cur_of(header, TLS_RECORD_HEADER, 0);
	uint8_t type = cur_u8(&c);
	uint16_t version = cur_u16(&c);
	size_t size = cur_u16(&c);

	return type >= TLS_RECORD_CHANGE_CIPHER_SPEC && type <= TLS_RECORD_HEARTBEAT && version >= TLS_SSL3 && version <= TLS_1_3 &&
	       size <= TLS_MAX_RECORD;
}

size_t tls_ssl2_size(const uint8_t header[TLS_RECORD_HEADER])
{
	return (size_t)(header[0] & 0x7f) << 8 | header[1];
}

bool tls_ssl2_plausible(const uint8_t header[TLS_RECORD_HEADER])
{
	return header[0] & 0x80 && header[2] == TLS_CLIENT_HELLO && (header[3] == 3 || (header[3] == 0 && header[4] == 2)) &&
	       tls_ssl2_size(header) >= TLS_MIN_SSL2_HELLO;
}

/* Reads what is there; past the end nothing is wrong. */
static bool hello_plausible(struct cursor c, uint8_t type, size_t record_size)
{
	size_t size;
	uint8_t major;

	if (record_size <= TLS_HANDSHAKE_HEADER + 2) /* a message cut into tiny records: its header is not in one piece */
		return true;
	size = cur_u24(&c);
	if (c.state != CUR_OK)
		return true;
	if (size < 2 + 32 + 1 + 2 + 1 || size > UINT16_MAX)
		return false;
	major = cur_u8(&c);
	if (c.state != CUR_OK)
		return true;
	return major == 3 || (type == TLS_SERVER_HELLO && tls_is_draft((uint16_t)(major << 8)));
}

/* content type 22, version(16), length(16), message type, and as much of the message as there is */
static enum cur_state looks_like_hello(struct cursor c, enum tls_side *side)
{
	uint16_t version, size;
	uint8_t type;

	cur_skip(&c, 1);
	version = cur_u16(&c);
	size = cur_u16(&c);
	type = cur_u8(&c);
	if (c.state != CUR_OK)
		return c.state;
	if (version > TLS_1_3 || size == 0 || size > TLS_MAX_RECORD || !hello_plausible(c, type, size))
		return CUR_BAD;
	if (type != TLS_CLIENT_HELLO && type != TLS_SERVER_HELLO)
		return CUR_BAD;
	*side = type == TLS_CLIENT_HELLO ? TLS_CLIENT : TLS_SERVER;
	return CUR_OK;
}

/* A server that refuses at once: an alert in clear, and after it nothing or another record. */
static enum cur_state looks_like_alert(struct cursor c, enum tls_side *side)
{
	uint16_t version, size;
	uint8_t level, description;

	cur_skip(&c, 1);
	version = cur_u16(&c);
	size = cur_u16(&c);
	level = cur_u8(&c);
	description = cur_u8(&c);
	if (c.state != CUR_OK)
		return c.state;
	if (version > TLS_1_3 || size != TLS_ALERT_SIZE || (level != 1 && level != 2) || !tls_alert_text(description))
		return CUR_BAD;
	if (cur_left(&c) > 0 && (*c.at < TLS_RECORD_CHANGE_CIPHER_SPEC || *c.at > TLS_RECORD_HEARTBEAT))
		return CUR_BAD;
	*side = TLS_SERVER;
	return CUR_OK;
}

/* RFC 5246 E.2: the three lengths must fill the message. */
static enum cur_state looks_like_ssl2(struct cursor c, enum tls_side *side)
{
	const uint8_t *header = cur_take(&c, TLS_RECORD_HEADER);
	uint16_t ciphers = cur_u16(&c);
	uint16_t session_id = cur_u16(&c);
	uint16_t challenge = cur_u16(&c);

	if (header && (!tls_ssl2_plausible(header) || (header[3] == 3 && header[4] > 4)))
		return CUR_BAD;
	if (c.state != CUR_OK)
		return c.state;
	if (ciphers == 0 || ciphers % 3 != 0 || challenge < 16 || challenge > 32)
		return CUR_BAD;
	if ((size_t)TLS_MIN_SSL2_HELLO + ciphers + session_id + challenge != tls_ssl2_size(header))
		return CUR_BAD;
	*side = TLS_CLIENT;
	return CUR_OK;
}

enum cur_state tls_looks_like(struct bytes start, enum tls_side *side)
{
	struct cursor c = cur_of(start.at, start.size, CUR_OPEN);
	struct cursor look = c;
	uint8_t type = cur_u8(&look);
	uint8_t second = cur_u8(&look);
	uint8_t third = cur_u8(&look);

	if (start.size == 0)
		return CUR_CUT;
	if (type & 0x80)
		return start.size > 2 && third != TLS_CLIENT_HELLO ? CUR_BAD : looks_like_ssl2(c, side);
	if (start.size > 1 && second != 3)
		return CUR_BAD;
	if (type == TLS_RECORD_HANDSHAKE)
		return looks_like_hello(c, side);
	if (type == TLS_RECORD_ALERT)
		return looks_like_alert(c, side);
	return CUR_BAD;
}
