#include "dissect/tls/fingerprint.h"
#include "dissect/tls/digest.h"
#include "dissect/tls/hello.h"

#include <stdio.h>
#include <stdlib.h>

enum { EXT_SERVER_NAME = 0, EXT_ALPN = 16 };

/* A hello of the largest size, as text. */
enum { MAX_TEXT = 1024 * 1024 };

/* One list without GREASE; `at` is allocated. */
struct numbers {
	uint16_t *at;
	size_t count;
};

static struct numbers numbers_of(struct bytes list)
{
	struct cursor c = cur_of(list.at, list.size, 0);
	struct numbers numbers = { nt_alloc(list.size + 1), 0 };

	while (cur_left(&c) >= 2) {
		uint16_t number = cur_u16(&c);

		if (!tls_is_grease(number))
			numbers.at[numbers.count++] = number;
	}
	return numbers;
}

static struct numbers extension_types(struct bytes block)
{
	struct cursor c = cur_of(block.at, block.size, 0);
	struct numbers numbers = { nt_alloc(block.size / 2 + 2), 0 };

	while (cur_left(&c) > 0) {
		uint16_t type = cur_u16(&c);
		size_t size = cur_u16(&c);

		cur_skip(&c, size);
		if (c.state != CUR_OK)
			break;
		if (!tls_is_grease(type))
			numbers.at[numbers.count++] = type;
	}
	return numbers;
}

static int compare_numbers(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

static void sort(struct numbers numbers)
{
	qsort(numbers.at, numbers.count, sizeof(numbers.at[0]), compare_numbers);
}

/* ---- text ---- */

static void add_char(struct buffer *text, char c)
{
	(void)buffer_add(text, &c, 1);
}

static void add_decimal(struct buffer *text, unsigned number)
{
	char digits[10];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	(void)buffer_add(text, digits + at, sizeof(digits) - at);
}

static void add_hex(struct buffer *text, uint16_t number)
{
	static const char hex[] = "0123456789abcdef";
	const char digits[4] = { hex[number >> 12], hex[number >> 8 & 15], hex[number >> 4 & 15], hex[number & 15] };

	(void)buffer_add(text, digits, sizeof(digits));
}

/* ",1-2-3" */
static void add_ja3_list(struct buffer *text, struct numbers numbers)
{
	add_char(text, ',');
	for (size_t i = 0; i < numbers.count; i++) {
		if (i > 0)
			add_char(text, '-');
		add_decimal(text, numbers.at[i]);
	}
}

/* "0001,0002" */
static void add_ja4_list(struct buffer *text, struct numbers numbers)
{
	for (size_t i = 0; i < numbers.count; i++) {
		if (i > 0)
			add_char(text, ',');
		add_hex(text, numbers.at[i]);
	}
}

/* The first `digits` hexadecimal digits of the digest, and a final 0. */
static void digest_text(const uint8_t *digest, char *out, size_t digits)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < digits; i++)
		out[i] = hex[i % 2 ? digest[i / 2] & 15 : digest[i / 2] >> 4];
	out[digits] = 0;
}

/* ---- JA3: version,ciphers,extensions,groups,point formats in decimal ---- */

static void add_ja3_bytes(struct buffer *text, struct bytes list)
{
	struct cursor c = cur_of(list.at, list.size, 0);

	add_char(text, ',');
	for (size_t i = 0; i < list.size; i++) {
		if (i > 0)
			add_char(text, '-');
		add_decimal(text, cur_u8(&c));
	}
}

static void fill_ja3(const struct tls_hello_lists *lists, struct numbers ciphers, struct numbers extensions, struct buffer *text,
		     struct tls_client_hello *hello)
{
	struct numbers groups = numbers_of(lists->groups);
	uint8_t digest[DIGEST_MD5_SIZE];

	add_decimal(text, hello->legacy_version);
	add_ja3_list(text, ciphers);
	add_ja3_list(text, extensions);
	add_ja3_list(text, groups);
	add_ja3_bytes(text, lists->point_formats);
	if (digest_md5((struct bytes){ text->at, text->size }, digest))
		digest_text(digest, hello->ja3, 32);
	free(groups.at);
}

/* ---- JA4: https://github.com/FoxIO-LLC/ja4, technical details of JA4 ---- */

/* Drafts have no two characters of their own there. */
static const char *ja4_version(const struct tls_hello_lists *lists, const struct tls_client_hello *hello)
{
	static const struct {
		uint16_t version;
		const char *text;
	} names[] = { { TLS_1_3, "13" }, { TLS_1_2, "12" },  { TLS_1_1, "11" },
		      { TLS_1_0, "10" }, { TLS_SSL3, "s3" }, { TLS_SSL2, "s2" } };
	struct numbers versions = numbers_of(lists->versions);
	uint16_t highest = versions.count ? 0 : hello->legacy_version;

	for (size_t i = 0; i < versions.count; i++)
		if (versions.at[i] > highest)
			highest = versions.at[i];
	free(versions.at);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].version == highest)
			return names[i].text;
	return "00";
}

static bool is_alphanumeric(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* First and last character of the first ALPN value; of its hexadecimal form when either is not alphanumeric. */
static void ja4_alpn(const struct tls_client_hello *hello, char out[3])
{
	static const char hex[] = "0123456789abcdef";
	struct cursor c;
	uint8_t first, last;

	memcpy(out, "00", 3);
	if (hello->alpn_count == 0 || hello->alpn[0].size == 0)
		return;
	c = cur_of(hello->alpn[0].at, hello->alpn[0].size, 0);
	first = last = cur_u8(&c);
	if (hello->alpn[0].size > 1) {
		cur_skip(&c, hello->alpn[0].size - 2);
		last = cur_u8(&c);
	}
	if (is_alphanumeric(first) && is_alphanumeric(last)) {
		out[0] = (char)first;
		out[1] = (char)last;
	} else {
		out[0] = hex[first >> 4];
		out[1] = hex[last & 15];
	}
}

static bool has_number(struct numbers numbers, uint16_t wanted)
{
	for (size_t i = 0; i < numbers.count; i++)
		if (numbers.at[i] == wanted)
			return true;
	return false;
}

static void drop_number(struct numbers *numbers, uint16_t unwanted)
{
	size_t kept = 0;

	for (size_t i = 0; i < numbers->count; i++)
		if (numbers->at[i] != unwanted)
			numbers->at[kept++] = numbers->at[i];
	numbers->count = kept;
}

static void ja4_hash(const struct buffer *text, bool empty, char out[13])
{
	uint8_t digest[DIGEST_SHA256_SIZE];

	out[0] = 0;
	if (empty)
		memcpy(out, "000000000000", 13);
	else if (digest_sha256((struct bytes){ text->at, text->size }, digest))
		digest_text(digest, out, 12);
}

static void hash_ja4_ciphers(struct numbers ciphers, struct buffer *text, char out[13])
{
	sort(ciphers);
	buffer_clear(text);
	add_ja4_list(text, ciphers);
	ja4_hash(text, ciphers.count == 0, out);
}

/* Sorted extensions, and the signature algorithms in their order. */
static void hash_ja4_extensions(const struct tls_hello_lists *lists, struct numbers extensions, struct buffer *text, char out[13])
{
	struct numbers signatures = numbers_of(lists->signatures);

	drop_number(&extensions, EXT_SERVER_NAME);
	drop_number(&extensions, EXT_ALPN);
	sort(extensions);
	buffer_clear(text);
	add_ja4_list(text, extensions);
	if (signatures.count > 0) {
		add_char(text, '_');
		add_ja4_list(text, signatures);
	}
	ja4_hash(text, extensions.count == 0, out);
	free(signatures.at);
}

static unsigned at_most_99(size_t count)
{
	return count < 99 ? (unsigned)count : 99;
}

/* Sorts both lists. */
static void fill_ja4(const struct tls_hello_lists *lists, struct numbers ciphers, struct numbers extensions, struct buffer *text,
		     struct tls_client_hello *hello)
{
	char name = has_number(extensions, EXT_SERVER_NAME) ? 'd' : 'i';
	char alpn[3], cipher_hash[13], extension_hash[13];

	ja4_alpn(hello, alpn);
	hash_ja4_ciphers(ciphers, text, cipher_hash);
	hash_ja4_extensions(lists, extensions, text, extension_hash);
	snprintf(hello->ja4, sizeof(hello->ja4), "t%s%c%02u%02u%s_%s_%s", ja4_version(lists, hello), name,
		 at_most_99(ciphers.count), at_most_99(extensions.count), alpn, cipher_hash, extension_hash);
}

void tls_fingerprint(const struct tls_hello_lists *lists, struct tls_client_hello *hello)
{
	struct numbers ciphers = numbers_of(lists->ciphers);
	struct numbers extensions = extension_types(lists->extensions);
	struct buffer text = { .max = MAX_TEXT };

	fill_ja3(lists, ciphers, extensions, &text, hello);
	fill_ja4(lists, ciphers, extensions, &text, hello);
	buffer_free(&text);
	free(ciphers.at);
	free(extensions.at);
}
