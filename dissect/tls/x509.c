#include "dissect/tls/x509.h"
#include "dissect/tls/der.h"
#include "dissect/tls/digest.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

/* A certificate in a handshake message has at most 1 MiB; no text made of it is more than some times longer. */
enum { MAX_TEXT = 16 * 1024 * 1024 };

#define OID(literal) BYTES(literal)

static const char hex[] = "0123456789abcdef";

static void add_hex(struct buffer *text, struct bytes bytes)
{
	for (size_t i = 0; i < bytes.size; i++)
		(void)buffer_add(text, (char[2]){ hex[bytes.at[i] >> 4], hex[bytes.at[i] & 15] }, 2);
}

static void add_string(struct buffer *text, const char *string)
{
	(void)buffer_add(text, string, strlen(string));
}

static const char *keep(struct arena *arena, const struct buffer *text)
{
	return arena_string(arena, (struct bytes){ text->at, text->size });
}

/* ---- names (RFC 5280 4.1.2.4), printed as Go does ---- */

struct attribute {
	struct bytes type; /* the OBJECT IDENTIFIER's value */
	struct der_item value;
};

struct attributes {
	struct attribute *at;
	size_t count, capacity;
};

static void add_attribute(struct attributes *list, struct attribute attribute)
{
	if (list->count == list->capacity) {
		list->capacity = list->capacity ? list->capacity * 2 : 16;
		list->at = nt_realloc_array(list->at, list->capacity, sizeof(list->at[0]));
	}
	list->at[list->count++] = attribute;
}

/* Name ::= SEQUENCE OF SET OF SEQUENCE { type, value } */
static bool read_name(struct cursor name, struct attributes *list)
{
	while (cur_left(&name) > 0) {
		struct cursor set = der_enter(&name, DER_SET);

		while (set.state == CUR_OK && cur_left(&set) > 0) {
			struct cursor pair = der_enter(&set, DER_SEQUENCE);
			struct cursor type = der_enter(&pair, DER_OID);
			struct der_item value = der_next(&pair);

			if (pair.state != CUR_OK)
				return false;
			add_attribute(list, (struct attribute){ cur_rest(&type), value });
		}
		if (set.state != CUR_OK)
			return false;
	}
	return name.state == CUR_OK;
}

/* Go's own escapes; a 0 cannot stand in a C string. */
static void add_escaped(struct buffer *out, const struct buffer *value)
{
	for (size_t i = 0; i < value->size; i++) {
		char c = (char)value->at[i];
		bool edge = i == 0 || i == value->size - 1;

		if (c == 0) {
			add_string(out, "\\00");
			continue;
		}
		if (strchr(",+\"\\<>;", c) || (c == ' ' && edge) || (c == '#' && i == 0))
			add_string(out, "\\");
		(void)buffer_add(out, &c, 1);
	}
}

static void add_value(struct buffer *out, struct der_item item)
{
	struct buffer value = { .max = MAX_TEXT };

	if (der_text(item, &value)) {
		add_escaped(out, &value);
	} else {
		add_string(out, "#");
		add_hex(out, item.whole);
	}
	buffer_free(&value);
}

/* Go keeps the text of a value and not its type: it is encoded anew, as PrintableString where that can hold it. */
static void add_extra_value(struct buffer *out, struct der_item item)
{
	struct buffer value = { .max = MAX_TEXT }, encoded = { .max = MAX_TEXT };

	add_string(out, "#");
	if (der_text(item, &value)) {
		der_add_string(&encoded, (struct bytes){ value.at, value.size });
		add_hex(out, (struct bytes){ encoded.at, encoded.size });
	} else {
		add_hex(out, item.whole);
	}
	buffer_free(&value);
	buffer_free(&encoded);
}

/* In the order of printing.  Of those that have only one value in Go the last is printed, and an empty one not at all. */
/* clang-format off */
static const struct {
	uint8_t number; /* after 2.5.4 */
	bool single;
	const char *name;
} known_types[] = {
	{ 5, true, "SERIALNUMBER" },
	{ 3, true, "CN" },
	{ 11, false, "OU" },
	{ 10, false, "O" },
	{ 17, false, "POSTALCODE" },
	{ 9, false, "STREET" },
	{ 7, false, "L" },
	{ 8, false, "ST" },
	{ 6, false, "C" },
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool is_type(const struct attribute *attribute, uint8_t number)
{
	const uint8_t oid[3] = { 0x55, 4, number };

	return bytes_equal(attribute->type, (struct bytes){ oid, sizeof(oid) });
}

static bool is_known(const struct attribute *attribute)
{
	for (size_t i = 0; i < COUNT(known_types); i++)
		if (is_type(attribute, known_types[i].number))
			return true;
	return false;
}

static void begin_rdn(struct buffer *out, const char *name)
{
	if (out->size > 0)
		add_string(out, ",");
	add_string(out, name);
	add_string(out, "=");
}

static void add_single(struct buffer *out, const struct attributes *list, uint8_t number, const char *name)
{
	const struct attribute *last = NULL;

	for (size_t i = 0; i < list->count; i++)
		if (is_type(&list->at[i], number))
			last = &list->at[i];
	if (!last || last->value.body.size == 0)
		return;
	begin_rdn(out, name);
	add_value(out, last->value);
}

static void add_multiple(struct buffer *out, const struct attributes *list, uint8_t number, const char *name)
{
	bool first = true;

	for (size_t i = 0; i < list->count; i++) {
		if (!is_type(&list->at[i], number))
			continue;
		if (first)
			begin_rdn(out, name);
		else
			add_string(out, "+");
		add_string(out, first ? "" : name);
		add_string(out, first ? "" : "=");
		first = false;
		add_value(out, list->at[i].value);
	}
}

static void add_extra(struct buffer *out, const struct attribute *attribute)
{
	if (out->size > 0)
		add_string(out, ",");
	der_add_oid(out, attribute->type);
	add_string(out, "=");
	add_extra_value(out, attribute->value);
}

static const char *print_name(const struct attributes *list, struct arena *arena)
{
	struct buffer out = { .max = MAX_TEXT };
	const char *text;

	for (size_t i = 0; i < COUNT(known_types); i++) {
		if (known_types[i].single)
			add_single(&out, list, known_types[i].number, known_types[i].name);
		else
			add_multiple(&out, list, known_types[i].number, known_types[i].name);
	}
	for (size_t i = list->count; i > 0; i--)
		if (!is_known(&list->at[i - 1]))
			add_extra(&out, &list->at[i - 1]);
	text = keep(arena, &out);
	buffer_free(&out);
	return text;
}

static const char *summarise_name(struct cursor *tbs, struct arena *arena)
{
	struct cursor name = der_enter(tbs, DER_SEQUENCE);
	struct attributes list = { NULL, 0, 0 };
	const char *text = NULL;

	if (tbs->state == CUR_OK && read_name(name, &list))
		text = print_name(&list, arena);
	else
		tbs->state = CUR_BAD;
	free(list.at);
	return text;
}

/* ---- small fields ---- */

static const char *summarise_serial(struct cursor *tbs, struct arena *arena)
{
	struct cursor c = der_enter(tbs, DER_INTEGER);
	struct buffer text = { .max = MAX_TEXT };
	const char *serial;
	size_t zeros = 0;

	add_hex(&text, cur_rest(&c));
	while (zeros + 1 < text.size && text.at[zeros] == '0')
		zeros++;
	serial = arena_string(arena, (struct bytes){ text.at ? text.at + zeros : NULL, text.size - zeros });
	buffer_free(&text);
	return serial;
}

static void summarise_time(struct cursor *validity, nt_time *time, int64_t *seconds)
{
	struct der_item item = der_next(validity);

	*time = *seconds = NT_TIME_NONE;
	if (validity->state != CUR_OK || !der_time(item, seconds))
		return;
	if (*seconds > INT64_MIN / NT_SECOND && *seconds < INT64_MAX / NT_SECOND)
		*time = *seconds * NT_SECOND;
}

static void summarise_digest(struct bytes der, char out[65])
{
	uint8_t digest[DIGEST_SHA256_SIZE];

	if (!digest_sha256(der, digest))
		return;
	for (size_t i = 0; i < 64; i++)
		out[i] = hex[i % 2 ? digest[i / 2] & 15 : digest[i / 2] >> 4];
	out[64] = 0;
}

/* ---- public key (RFC 5280 4.1.2.7) ---- */

/* The size in bits of an unsigned INTEGER. */
static unsigned integer_bits(struct cursor integer)
{
	struct bytes value = cur_rest(&integer);
	unsigned bits;

	while (value.size > 0 && value.at[0] == 0) {
		value.at++;
		value.size--;
	}
	if (value.size == 0 || value.size > 65536)
		return 0;
	bits = (unsigned)value.size * 8;
	for (unsigned top = value.at[0]; !(top & 0x80); top <<= 1)
		bits--;
	return bits;
}

/* RSAPublicKey ::= SEQUENCE { modulus INTEGER, … } in the BIT STRING */
static const char *rsa_text(struct cursor parameters, struct cursor key, const char *name, struct arena *arena)
{
	struct cursor numbers = der_enter(&key, DER_SEQUENCE);
	struct cursor modulus = der_enter(&numbers, DER_INTEGER);

	(void)parameters;
	return numbers.state == CUR_OK ? arena_printf(arena, "%s %u", name, integer_bits(modulus)) : name;
}

/* Dss-Parms ::= SEQUENCE { p INTEGER, … } */
static const char *dsa_text(struct cursor parameters, struct cursor key, const char *name, struct arena *arena)
{
	struct cursor numbers = der_enter(&parameters, DER_SEQUENCE);
	struct cursor prime = der_enter(&numbers, DER_INTEGER);

	(void)key;
	return numbers.state == CUR_OK ? arena_printf(arena, "%s %u", name, integer_bits(prime)) : name;
}

static const char *ec_text(struct cursor parameters, struct cursor key, const char *name, struct arena *arena)
{
	static const struct {
		struct bytes oid;
		const char *name;
	} curves[] = {
		{ OID("\x2a\x86\x48\xce\x3d\x03\x01\x07"), "P-256" },
		{ OID("\x2b\x81\x04\x00\x22"), "P-384" },
		{ OID("\x2b\x81\x04\x00\x23"), "P-521" },
		{ OID("\x2b\x81\x04\x00\x21"), "P-224" },
		{ OID("\x2a\x86\x48\xce\x3d\x03\x01\x01"), "P-192" },
		{ OID("\x2b\x81\x04\x00\x0a"), "secp256k1" },
		{ OID("\x2b\x24\x03\x03\x02\x08\x01\x01\x07"), "brainpoolP256r1" },
		{ OID("\x2b\x24\x03\x03\x02\x08\x01\x01\x0b"), "brainpoolP384r1" },
		{ OID("\x2b\x24\x03\x03\x02\x08\x01\x01\x0d"), "brainpoolP512r1" },
		{ OID("\x2a\x81\x1c\xcf\x55\x01\x82\x2d"), "SM2" },
	};
	struct cursor curve = der_enter(&parameters, DER_OID);

	(void)key;
	for (size_t i = 0; i < COUNT(curves); i++)
		if (bytes_equal(cur_rest(&curve), curves[i].oid))
			return arena_printf(arena, "%s %s", name, curves[i].name);
	return name;
}

static const struct {
	struct bytes oid;
	const char *name;
	const char *(*text)(struct cursor parameters, struct cursor key, const char *name,
			    struct arena *arena); /* NULL: the name */
} key_types[] = {
	{ OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"), "RSA", rsa_text },
	{ OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"), "RSA-PSS", rsa_text },
	{ OID("\x2a\x86\x48\xce\x3d\x02\x01"), "EC", ec_text },
	{ OID("\x2a\x86\x48\xce\x38\x04\x01"), "DSA", dsa_text },
	{ OID("\x2b\x65\x6e"), "X25519", NULL },
	{ OID("\x2b\x65\x6f"), "X448", NULL },
	{ OID("\x2b\x65\x70"), "Ed25519", NULL },
	{ OID("\x2b\x65\x71"), "Ed448", NULL },
	{ OID("\x60\x86\x48\x01\x65\x03\x04\x03\x11"), "ML-DSA-44", NULL },
	{ OID("\x60\x86\x48\x01\x65\x03\x04\x03\x12"), "ML-DSA-65", NULL },
	{ OID("\x60\x86\x48\x01\x65\x03\x04\x03\x13"), "ML-DSA-87", NULL },
};

static const char *summarise_key(struct cursor *tbs, struct arena *arena)
{
	struct cursor info = der_enter(tbs, DER_SEQUENCE);
	struct cursor algorithm = der_enter(&info, DER_SEQUENCE);
	struct cursor oid = der_enter(&algorithm, DER_OID);
	struct cursor key = der_enter(&info, DER_BIT_STRING);

	cur_skip(&key, 1); /* the number of unused bits */
	for (size_t i = 0; i < COUNT(key_types); i++) {
		if (!bytes_equal(cur_rest(&oid), key_types[i].oid))
			continue;
		return key_types[i].text ? key_types[i].text(algorithm, key, key_types[i].name, arena) : key_types[i].name;
	}
	return "";
}

/* ---- extensions (RFC 5280 4.2) ---- */

/* BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, … } */
static void read_basic_constraints(struct cursor value, struct arena *arena, struct x509_summary *out)
{
	struct cursor body = der_enter(&value, DER_SEQUENCE);
	struct cursor flag = der_enter(&body, DER_BOOLEAN);

	(void)arena;
	out->is_ca = cur_u8(&flag) != 0;
}

static const char *san_text(struct der_item item, struct arena *arena)
{
	char address[INET6_ADDRSTRLEN];
	struct buffer text = { .max = MAX_TEXT };
	const char *result;

	if (item.tag == DER_IP_ADDRESS && item.body.size == 4)
		return arena_string(arena, bytes_of(inet_ntop(AF_INET, item.body.at, address, sizeof(address))));
	if (item.tag == DER_IP_ADDRESS && item.body.size == 16)
		return arena_string(arena, bytes_of(inet_ntop(AF_INET6, item.body.at, address, sizeof(address))));
	if (item.tag != DER_DNS_NAME)
		return NULL;
	der_add_text(&text, item.body);
	for (size_t i = 0; i < text.size; i++)
		if (text.at[i] == 0) /* not the end, but how a name is made to look like another */
			text.at[i] = '?';
	result = keep(arena, &text);
	buffer_free(&text);
	return result;
}

/* GeneralNames ::= SEQUENCE OF GeneralName, a CHOICE by tag */
static void read_alternative_names(struct cursor value, struct arena *arena, struct x509_summary *out)
{
	struct cursor names = der_enter(&value, DER_SEQUENCE);
	struct cursor counting = names;
	size_t count = 0;

	if (out->names)
		return;
	for (; counting.state == CUR_OK && cur_left(&counting) > 0; count++)
		(void)der_next(&counting);
	out->names = arena_alloc(arena, (count + 1) * sizeof(out->names[0]));
	while (names.state == CUR_OK && cur_left(&names) > 0) {
		struct der_item item = der_next(&names);
		const char *text = names.state == CUR_OK ? san_text(item, arena) : NULL;

		if (text)
			out->names[out->name_count++] = text;
	}
}

/* Extension ::= SEQUENCE { extnID, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING } */
static void read_extension(struct cursor extension, struct arena *arena, struct x509_summary *out)
{
	static const struct {
		struct bytes oid;
		void (*read)(struct cursor value, struct arena *arena, struct x509_summary *out);
	} known[] = {
		{ OID("\x55\x1d\x13"), read_basic_constraints },
		{ OID("\x55\x1d\x11"), read_alternative_names },
	};
	struct cursor oid = der_enter(&extension, DER_OID);
	struct cursor value;

	(void)der_enter_optional(&extension, DER_BOOLEAN);
	value = der_enter(&extension, DER_OCTET_STRING);
	if (extension.state != CUR_OK)
		return;
	for (size_t i = 0; i < COUNT(known); i++)
		if (bytes_equal(cur_rest(&oid), known[i].oid))
			known[i].read(value, arena, out);
}

static void read_extensions(struct cursor *tbs, struct arena *arena, struct x509_summary *out)
{
	struct cursor wrapped, list;

	(void)der_enter_optional(tbs, DER_ISSUER_ID);
	(void)der_enter_optional(tbs, DER_SUBJECT_ID);
	wrapped = der_enter_optional(tbs, DER_EXTENSIONS);
	list = der_enter(&wrapped, DER_SEQUENCE);
	while (list.state == CUR_OK && cur_left(&list) > 0) {
		struct cursor extension = der_enter(&list, DER_SEQUENCE);

		if (list.state == CUR_OK)
			read_extension(extension, arena, out);
	}
}

/* ---- the certificate (RFC 5280 4.1) ---- */

/* From the serial number to the subject, which a certificate must have; what comes after may be odd. */
static bool read_tbs(struct cursor *tbs, struct arena *arena, struct x509_summary *out)
{
	struct cursor validity;

	(void)der_enter_optional(tbs, DER_VERSION);
	out->serial = summarise_serial(tbs, arena);
	(void)der_enter(tbs, DER_SEQUENCE); /* signature algorithm */
	out->issuer = summarise_name(tbs, arena);
	validity = der_enter(tbs, DER_SEQUENCE);
	summarise_time(&validity, &out->not_before, &out->not_before_s);
	summarise_time(&validity, &out->not_after, &out->not_after_s);
	out->subject = summarise_name(tbs, arena);
	return tbs->state == CUR_OK;
}

static void clear_summary(struct x509_summary *out)
{
	*out = (struct x509_summary){ .subject = "", .issuer = "", .serial = "", .key_type = "" };
	out->not_before = out->not_after = NT_TIME_NONE;
	out->not_before_s = out->not_after_s = NT_TIME_NONE;
}

bool x509_summarise(struct bytes der, struct arena *arena, struct x509_summary *out)
{
	struct cursor all = cur_of(der.size ? (const void *)der.at : "", der.size, 0);
	struct cursor certificate = der_enter(&all, DER_SEQUENCE);
	struct cursor tbs = der_enter(&certificate, DER_SEQUENCE);
	bool good;

	clear_summary(out);
	good = read_tbs(&tbs, arena, out);
	if (good) {
		out->key_type = summarise_key(&tbs, arena);
		read_extensions(&tbs, arena, out);
	} else {
		clear_summary(out);
	}
	summarise_digest(der, out->sha256);
	return good;
}

struct bytes x509_common_name(struct bytes name)
{
	size_t begin = 0, end;

	while (begin + 3 < name.size) {
		bool at_start = begin == 0 || name.at[begin - 1] == ',' || name.at[begin - 1] == '+';

		if (at_start && memcmp(name.at + begin, "CN=", 3) == 0)
			break;
		begin++;
	}
	if (begin + 3 >= name.size)
		return name;
	for (end = begin; end < name.size && name.at[end] != ',' && name.at[end] != '+'; end++)
		if (name.at[end] == '\\')
			end++;
	return (struct bytes){ name.at + begin, (end < name.size ? end : name.size) - begin };
}
