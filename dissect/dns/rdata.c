#include "dissect/dns/rdata.h"

#include <arpa/inet.h>
#include <stdio.h>

enum {
	CLASS_CHAOS = 3,
	CLASS_NONE = 254,
	CLASS_ANY = 255,
	ADDRESS_SIZE = 4,
	ADDRESS6_SIZE = 16,
	/* RDATA has at most 65535 bytes, and nothing grows more than the bits of a type bitmap, 8 times "TYPE65535 " from a byte; but
	 * for names, of which a layout has at most two. */
	VALUE_TEXT_MAX = UINT16_MAX * 80 + 2 * DNS_NAME_TEXT_SIZE,
};

/* ---- text ---- */

void dns_put(struct dns_reader *reader, const void *text, size_t size)
{
	reader->text.max = VALUE_TEXT_MAX;
	(void)buffer_add(&reader->text, text, size);
}

static void put(struct dns_reader *reader, const char *text)
{
	dns_put(reader, text, strlen(text));
}

static void put_number(struct dns_reader *reader, uint32_t number)
{
	char text[16];

	snprintf(text, sizeof text, "%u", (unsigned)number);
	put(reader, text);
}

static void put_escaped(struct dns_reader *reader, struct bytes bytes, const char *special)
{
	for (size_t i = 0; i < bytes.size; i++) {
		char text[4];

		dns_put(reader, text, dns_escape(bytes.at[i], special, text));
	}
}

static void put_quoted(struct dns_reader *reader, struct bytes bytes)
{
	put(reader, "\"");
	put_escaped(reader, bytes, "\"\\");
	put(reader, "\"");
}

static void put_hex(struct dns_reader *reader, struct bytes bytes)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < bytes.size; i++) {
		char text[2] = { digits[bytes.at[i] >> 4], digits[bytes.at[i] & 15] };

		dns_put(reader, text, sizeof text);
	}
}

/* RFC 3597 5: the form for everything. */
static void put_generic(struct dns_reader *reader, struct bytes bytes)
{
	put(reader, "\\# ");
	put_number(reader, (uint32_t)bytes.size);
	put(reader, " ");
	put_hex(reader, bytes);
}

/* ---- fields ---- */

/* Everything to the end. */
static struct bytes take_rest(struct cursor *c)
{
	size_t size = cur_left(c);

	return (struct bytes){ cur_take(c, size), c->state == CUR_OK ? size : 0 };
}

/* <character-string>, RFC 1035 3.3: a length byte and as many bytes. */
static struct bytes take_string(struct cursor *c)
{
	size_t size = cur_u8(c);
	const uint8_t *at = cur_take(c, size);

	return (struct bytes){ at, at ? size : 0 };
}

static void put_name(struct dns_reader *reader, struct cursor *c)
{
	struct dns_name name;
	char text[DNS_NAME_TEXT_SIZE];

	if (dns_name_read(reader, c, &name) == CUR_OK)
		dns_put(reader, text, dns_name_text(&name, text));
}

static void put_address(struct dns_reader *reader, struct cursor *c, int family)
{
	const uint8_t *address = cur_take(c, family == AF_INET ? ADDRESS_SIZE : ADDRESS6_SIZE);
	char text[INET6_ADDRSTRLEN];

	if (address && inet_ntop(family, address, text, sizeof text))
		put(reader, text);
}

/* One or more strings to the end. */
static void put_strings(struct dns_reader *reader, struct cursor *c)
{
	put_quoted(reader, take_string(c));
	while (c->state == CUR_OK && cur_left(c) > 0) {
		put(reader, " ");
		put_quoted(reader, take_string(c));
	}
}

static bool is_alphanumeric(uint8_t byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

/* The property tag of CAA, RFC 8659 4.1. */
static void put_tag(struct dns_reader *reader, struct cursor *c)
{
	struct bytes tag = take_string(c);

	if (c->state == CUR_OK && tag.size == 0)
		c->state = CUR_BAD;
	for (size_t i = 0; i < tag.size; i++)
		if (!is_alphanumeric(tag.at[i]))
			c->state = CUR_BAD;
	dns_put(reader, tag.at, tag.size);
}

/* ---- service parameters, RFC 9460 ---- */

/* What ends or changes a word that stands without quotes. */
static const char unquoted_special[] = " \"();\\";

static void put_key(struct dns_reader *reader, uint16_t key);

/* RFC 9460 8: one key or more, in ascending order, `mandatory` itself not among them. */
static void put_mandatory(struct dns_reader *reader, struct cursor *c)
{
	unsigned previous = 0;

	do {
		uint16_t key = cur_u16(c);

		if (c->state != CUR_OK)
			return;
		if (key <= previous) {
			c->state = CUR_BAD;
			return;
		}
		if (previous)
			put(reader, ",");
		put_key(reader, key);
		previous = key;
	} while (cur_left(c) > 0);
}

/* In a list a comma and a backslash are escaped once more: RFC 9460 A.1. */
static void put_list_item(struct dns_reader *reader, struct bytes item)
{
	for (size_t i = 0; i < item.size; i++) {
		if (item.at[i] == ',')
			put(reader, "\\\\,");
		else if (item.at[i] == '\\')
			put(reader, "\\\\\\\\");
		else
			put_escaped(reader, (struct bytes){ item.at + i, 1 }, unquoted_special);
	}
}

/* RFC 9460 7.1.1: one protocol or more, none of them empty. */
static void put_alpn(struct dns_reader *reader, struct cursor *c)
{
	do {
		struct bytes protocol = take_string(c);

		if (c->state != CUR_OK)
			return;
		if (protocol.size == 0) {
			c->state = CUR_BAD;
			return;
		}
		put_list_item(reader, protocol);
		if (cur_left(c) > 0)
			put(reader, ",");
	} while (cur_left(c) > 0);
}

static void put_port(struct dns_reader *reader, struct cursor *c)
{
	put_number(reader, cur_u16(c));
}

static void put_hints(struct dns_reader *reader, struct cursor *c, int family)
{
	put_address(reader, c, family);
	while (c->state == CUR_OK && cur_left(c) > 0) {
		put(reader, ",");
		put_address(reader, c, family);
	}
}

static void put_ipv4hint(struct dns_reader *reader, struct cursor *c)
{
	put_hints(reader, c, AF_INET);
}

static void put_ipv6hint(struct dns_reader *reader, struct cursor *c)
{
	put_hints(reader, c, AF_INET6);
}

static void put_base64(struct dns_reader *reader, struct cursor *c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct bytes bytes = take_rest(c);

	for (size_t i = 0; i < bytes.size; i += 3) {
		size_t have = bytes.size - i < 3 ? bytes.size - i : 3;
		uint32_t group = (uint32_t)bytes.at[i] << 16;
		char text[4];

		if (have > 1)
			group |= (uint32_t)bytes.at[i + 1] << 8;
		if (have > 2)
			group |= bytes.at[i + 2];
		text[0] = digits[group >> 18];
		text[1] = digits[group >> 12 & 63];
		text[2] = have > 1 ? digits[group >> 6 & 63] : '=';
		text[3] = have > 2 ? digits[group & 63] : '=';
		dns_put(reader, text, sizeof text);
	}
}

static void put_word(struct dns_reader *reader, struct cursor *c)
{
	put_escaped(reader, take_rest(c), unquoted_special);
}

struct service_key {
	const char *name;
	void (*put)(struct dns_reader *reader, struct cursor *c); /* NULL: the key stands alone */
};

static const struct service_key service_keys[] = {
	{ "mandatory", put_mandatory }, { "alpn", put_alpn },         { "no-default-alpn", NULL },
	{ "port", put_port },           { "ipv4hint", put_ipv4hint }, { "ech", put_base64 },
	{ "ipv6hint", put_ipv6hint },   { "dohpath", put_word },      { "ohttp", NULL },
};
enum { SERVICE_KEYS = sizeof service_keys / sizeof *service_keys };

static void put_key(struct dns_reader *reader, uint16_t key)
{
	if (key < SERVICE_KEYS) {
		put(reader, service_keys[key].name);
		return;
	}
	put(reader, "key");
	put_number(reader, key);
}

static void put_parameter(struct dns_reader *reader, uint16_t key, struct cursor *value)
{
	put(reader, " ");
	put_key(reader, key);
	if (key < SERVICE_KEYS ? !service_keys[key].put : cur_left(value) == 0)
		return;
	put(reader, "=");
	if (key < SERVICE_KEYS)
		service_keys[key].put(reader, value);
	else
		put_word(reader, value);
}

/* To the end, each with a space before it.  RFC 9460 2.2: keys in strictly ascending order. */
static void put_parameters(struct dns_reader *reader, struct cursor *c)
{
	int previous = -1;

	while (c->state == CUR_OK && cur_left(c) > 0) {
		uint16_t key = cur_u16(c);
		uint16_t size = cur_u16(c);
		struct cursor value = cur_sub(c, size);

		if (c->state != CUR_OK)
			return;
		put_parameter(reader, key, &value);
		if (key <= previous || value.state != CUR_OK || cur_left(&value) > 0)
			c->state = CUR_BAD;
		previous = key;
	}
}

/* ---- types that are a row of plain fields ---- */

/*
 * One letter per field: 1, 2, 4 a number of so many bytes; a, 6 an IPv4, IPv6 address; N a name; S a string; s strings to the end;
 * T a CAA tag; Q everything to the end as one string; P service parameters to the end.
 */
static const char *const layouts[] = {
	[1] = "a",       /* A, RFC 1035 */
	[2] = "N",       /* NS */
	[3] = "N",       /* MD */
	[4] = "N",       /* MF */
	[5] = "N",       /* CNAME */
	[6] = "NN44444", /* SOA */
	[7] = "N",       /* MB */
	[8] = "N",       /* MG */
	[9] = "N",       /* MR */
	[12] = "N",      /* PTR */
	[13] = "SS",     /* HINFO */
	[14] = "NN",     /* MINFO */
	[15] = "2N",     /* MX */
	[16] = "s",      /* TXT */
	[17] = "NN",     /* RP, RFC 1183 */
	[18] = "2N",     /* AFSDB */
	[19] = "S",      /* X25 */
	[20] = "s",      /* ISDN */
	[21] = "2N",     /* RT */
	[23] = "N",      /* NSAP-PTR, RFC 1706 */
	[26] = "2NN",    /* PX, RFC 2163 */
	[27] = "SSS",    /* GPOS, RFC 1712 */
	[28] = "6",      /* AAAA, RFC 3596 */
	[33] = "222N",   /* SRV, RFC 2782 */
	[35] = "22SSSN", /* NAPTR, RFC 3403 */
	[36] = "2N",     /* KX, RFC 2230 */
	[39] = "N",      /* DNAME, RFC 6672 */
	[56] = "s",      /* NINFO */
	[58] = "NN",     /* TALINK */
	[64] = "2NP",    /* SVCB, RFC 9460 */
	[65] = "2NP",    /* HTTPS */
	[99] = "s",      /* SPF, RFC 7208 */
	[105] = "2a",    /* L32, RFC 6742 */
	[107] = "2N",    /* LP */
	[256] = "22Q",   /* URI, RFC 7553 */
	[257] = "1TQ",   /* CAA, RFC 8659 */
	[258] = "s",     /* AVC */
	[261] = "s",     /* RESINFO, RFC 9606 */
};

static void put_field(struct dns_reader *reader, struct cursor *c, char field)
{
	switch (field) {
	case '1':
		put_number(reader, cur_u8(c));
		break;
	case '2':
		put_number(reader, cur_u16(c));
		break;
	case '4':
		put_number(reader, cur_u32(c));
		break;
	case 'a':
		put_address(reader, c, AF_INET);
		break;
	case '6':
		put_address(reader, c, AF_INET6);
		break;
	case 'N':
		put_name(reader, c);
		break;
	case 'S':
		put_quoted(reader, take_string(c));
		break;
	case 's':
		put_strings(reader, c);
		break;
	case 'T':
		put_tag(reader, c);
		break;
	case 'Q':
		put_quoted(reader, take_rest(c));
		break;
	case 'P':
		put_parameters(reader, c);
		break;
	}
}

/* Nothing may be left over behind the last field. */
static enum cur_state put_layout(struct dns_reader *reader, const char *layout, struct cursor rdata)
{
	for (const char *field = layout; *field && rdata.state == CUR_OK; field++) {
		if (field > layout && *field != 'P')
			put(reader, " ");
		put_field(reader, &rdata, *field);
	}
	if (rdata.state == CUR_OK && cur_left(&rdata) > 0)
		return CUR_BAD;
	return rdata.state;
}

/* ---- all types ---- */

/* CUR_OK without *written: the type, or this kind of it, has no form of its own. */
static enum cur_state put_value(struct dns_reader *reader, uint16_t type, struct cursor rdata, bool *written)
{
	if (type < sizeof layouts / sizeof *layouts && layouts[type]) {
		*written = true;
		return put_layout(reader, layouts[type], rdata);
	}
	return dns_rare_text(reader, type, rdata, written);
}

enum cur_state dns_rdata_text(struct dns_reader *reader, uint16_t type, uint16_t class, struct cursor rdata, const char **value)
{
	enum cur_state state = CUR_OK;
	struct bytes data = cur_rest(&rdata);
	bool written = false;

	buffer_clear(&reader->text);
	if (type != DNS_TYPE_A || class != CLASS_CHAOS) /* Chaosnet addresses are others: RFC 1035 3.4.1 is for the Internet */
		state = put_value(reader, type, rdata, &written);
	if (state != CUR_OK || !written) {
		buffer_clear(&reader->text);
		if (data.size > 0)
			put_generic(reader, data);
	}
	/* RFC 2136 2.4, 2.5: prerequisites and deletions name a type without data. */
	if (data.size == 0 && (class == CLASS_ANY || class == CLASS_NONE))
		state = CUR_OK;
	*value = arena_string(reader->arena, (struct bytes){ reader->text.at, reader->text.size });
	return state;
}
