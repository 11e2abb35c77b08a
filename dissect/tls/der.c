#include "dissect/tls/der.h"

#include <stdio.h>

/* X.690 8.1.3: one byte up to 127, else the number of bytes that hold it. */
static size_t read_length(struct cursor *c)
{
	uint8_t first = cur_u8(c);
	size_t length = 0;

	if (first < 0x80)
		return first;
	if (first == 0x80 || first > 0x84) { /* without end, which DER forbids, or beyond 4 GiB */
		c->state = CUR_BAD;
		return 0;
	}
	for (unsigned i = first & 0x7f; i > 0; i--)
		length = length << 8 | cur_u8(c);
	return length;
}

struct der_item der_next(struct cursor *c)
{
	struct cursor start = *c;
	uint8_t tag = cur_u8(c);
	size_t length = read_length(c);
	struct cursor body = cur_sub(c, length);
	struct der_item item = { tag, cur_rest(&body), { start.at, cur_left(&start) - cur_left(c) } };

	if ((tag & 0x1f) == 0x1f) /* numbers above 30 do not occur */
		c->state = CUR_BAD;
	return c->state == CUR_OK ? item : (struct der_item){ 0, { start.at, 0 }, { start.at, 0 } };
}

struct cursor der_enter(struct cursor *c, uint8_t tag)
{
	struct der_item item = der_next(c);
	struct cursor inside = cur_of(item.body.at, item.body.size, 0);

	if (item.tag != tag)
		c->state = CUR_BAD;
	inside.state = c->state;
	return inside;
}

struct cursor der_enter_optional(struct cursor *c, uint8_t tag)
{
	struct cursor peek = *c;

	if (cur_u8(&peek) == tag && peek.state == CUR_OK)
		return der_enter(c, tag);
	return cur_of(c->at, 0, 0);
}

/* ---- text ---- */

static void add_code_point(struct buffer *out, uint32_t c)
{
	uint8_t bytes[4];
	size_t size;

	if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		c = 0xfffd;
	if (c < 0x80) {
		bytes[0] = (uint8_t)c;
		size = 1;
	} else if (c < 0x800) {
		bytes[0] = (uint8_t)(0xc0 | c >> 6);
		size = 2;
	} else if (c < 0x10000) {
		bytes[0] = (uint8_t)(0xe0 | c >> 12);
		size = 3;
	} else {
		bytes[0] = (uint8_t)(0xf0 | c >> 18);
		size = 4;
	}
	for (size_t i = 1; i < size; i++)
		bytes[i] = (uint8_t)(0x80 | (c >> 6 * (size - 1 - i) & 0x3f));
	(void)buffer_add(out, bytes, size);
}

/* How many bytes follow the first of a character in UTF-8, and the bits of it that count; -1 for what begins none. */
static int utf8_following(uint8_t first, uint32_t *bits)
{
	if (first < 0x80)
		*bits = first;
	else if (first >= 0xc2 && first < 0xe0)
		*bits = first & 0x1f;
	else if (first >= 0xe0 && first < 0xf0)
		*bits = first & 0x0f;
	else if (first >= 0xf0 && first < 0xf5)
		*bits = first & 0x07;
	else
		return -1;
	return first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
}

static bool is_utf8(struct bytes text)
{
	static const uint32_t smallest[] = { 0, 0x80, 0x800, 0x10000 };
	struct cursor c = cur_of(text.at, text.size, 0);

	while (cur_left(&c) > 0) {
		uint32_t point = 0;
		uint8_t first = cur_u8(&c);
		int following = utf8_following(first, &point);

		if (following < 0)
			return false;
		for (int i = 0; i < following; i++) {
			uint8_t next = cur_u8(&c);

			if ((next & 0xc0) != 0x80)
				return false;
			point = point << 6 | (next & 0x3f);
		}
		if (point < smallest[following] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
			return false;
	}
	return true;
}

void der_add_text(struct buffer *out, struct bytes text)
{
	if (is_utf8(text)) {
		(void)buffer_add(out, text.at, text.size);
		return;
	}
	for (size_t i = 0; i < text.size; i++)
		add_code_point(out, text.at[i]);
}

/* UCS-2, with a final 0 in certificates of some makers; pairs of surrogates are read as UTF-16. */
static void add_bmp(struct buffer *out, struct bytes text)
{
	struct cursor c = cur_of(text.at, text.size, 0);

	while (cur_left(&c) >= 2) {
		uint32_t unit = cur_u16(&c);
		struct cursor peek = c;
		uint32_t low = cur_u16(&peek);

		if (unit == 0 && cur_left(&c) == 0)
			break;
		if (unit >= 0xd800 && unit < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
			unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
			c = peek;
		}
		add_code_point(out, unit);
	}
}

static void add_universal(struct buffer *out, struct bytes text)
{
	struct cursor c = cur_of(text.at, text.size, 0);

	while (cur_left(&c) >= 4)
		add_code_point(out, cur_u32(&c));
}

bool der_text(struct der_item item, struct buffer *out)
{
	switch (item.tag) {
	case DER_UTF8_STRING:
	case DER_NUMERIC_STRING:
	case DER_PRINTABLE_STRING:
	case DER_T61_STRING:
	case DER_VIDEOTEX_STRING:
	case DER_IA5_STRING:
	case DER_VISIBLE_STRING:
	case DER_GENERAL_STRING:
		der_add_text(out, item.body);
		return true;
	case DER_BMP_STRING:
		add_bmp(out, item.body);
		return true;
	case DER_UNIVERSAL_STRING:
		add_universal(out, item.body);
		return true;
	}
	return false;
}

/* X.680 41.4 */
static bool is_printable(struct bytes text)
{
	for (size_t i = 0; i < text.size; i++) {
		uint8_t c = text.at[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (!letter && (c == 0 || !strchr(" '()+,-./:=?", c)))
			return false;
	}
	return true;
}

void der_add_string(struct buffer *out, struct bytes text)
{
	uint8_t header[6] = { is_printable(text) ? DER_PRINTABLE_STRING : DER_UTF8_STRING };
	size_t size = 2, length_bytes = 0;

	if (text.size < 0x80) {
		header[1] = (uint8_t)text.size;
	} else {
		while (length_bytes < 4 && text.size >> 8 * length_bytes)
			length_bytes++;
		header[1] = (uint8_t)(0x80 | length_bytes);
		while (length_bytes > 0)
			header[size++] = (uint8_t)(text.size >> 8 * --length_bytes);
	}
	(void)buffer_add(out, header, size);
	(void)buffer_add(out, text.at, text.size);
}

static void add_arc(struct buffer *out, uint64_t arc)
{
	char text[24];
	int size = snprintf(text, sizeof(text), "%s%llu", out->size > 0 ? "." : "", (unsigned long long)arc);

	(void)buffer_add(out, text, (size_t)size);
}

/* X.690 8.19: seven bits a byte; the first two arcs share a number. */
void der_add_oid(struct buffer *out, struct bytes oid)
{
	struct buffer text = { .max = 64 + oid.size * 4 };
	struct cursor c = cur_of(oid.at, oid.size, 0);
	uint64_t arc = 0;

	while (cur_left(&c) > 0) {
		uint8_t byte = cur_u8(&c);

		arc = arc << 7 | (byte & 0x7f);
		if (byte & 0x80)
			continue;
		if (text.size == 0) {
			uint64_t first = arc < 80 ? arc / 40 : 2;

			add_arc(&text, first);
			arc -= first * 40;
		}
		add_arc(&text, arc);
		arc = 0;
	}
	(void)buffer_add(out, text.at, text.size);
	buffer_free(&text);
}

/* ---- time ---- */

/* A decimal number of exactly `digits` digits. */
static int read_digits(struct cursor *c, int digits)
{
	int number = 0;

	for (int i = 0; i < digits; i++) {
		uint8_t digit = cur_u8(c);

		if (digit < '0' || digit > '9')
			c->state = CUR_BAD;
		number = number * 10 + (digit - '0');
	}
	return c->state == CUR_OK ? number : 0;
}

static bool is_digit_next(const struct cursor *c)
{
	struct cursor peek = *c;
	uint8_t next = cur_u8(&peek);

	return next >= '0' && next <= '9';
}

/* Days from 1970-01-01 in the Gregorian calendar, counted in years that begin in March. */
static int64_t days_from_date(int64_t year, int month, int day)
{
	int64_t shifted = month > 2 ? year : year - 1;
	int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	/* Year 0 to 9999: no sign to care about, but for the two months before March of year 0. */
	shifted += 400;
	return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + day_of_year - 719468 - 146097;
}

static bool date_exists(int year, int month, int day)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] + (leap && month == 2 ? 1 : 0);
}

/* "Z", "+hhmm", "-hhmm" or, against the rules, nothing; in seconds. */
static int read_zone(struct cursor *c)
{
	uint8_t sign = cur_left(c) > 0 ? cur_u8(c) : 'Z';
	int hours, minutes;

	if (sign == 'Z')
		return 0;
	hours = read_digits(c, 2);
	minutes = read_digits(c, 2);
	if ((sign != '+' && sign != '-') || hours > 23 || minutes > 59)
		c->state = CUR_BAD;
	return (sign == '+' ? 1 : -1) * (hours * 3600 + minutes * 60);
}

static void skip_fraction(struct cursor *c)
{
	struct cursor peek = *c;

	if (cur_u8(&peek) != '.')
		return;
	*c = peek;
	while (is_digit_next(c))
		cur_skip(c, 1);
}

bool der_time(struct der_item item, int64_t *seconds)
{
	struct cursor c = cur_of(item.body.at, item.body.size, 0);
	int year, month, day, hour, minute, second = 0, zone;

	if (item.tag != DER_UTC_TIME && item.tag != DER_GENERALIZED_TIME)
		return false;
	year = read_digits(&c, item.tag == DER_UTC_TIME ? 2 : 4);
	if (item.tag == DER_UTC_TIME)
		year += year < 50 ? 2000 : 1900;
	month = read_digits(&c, 2);
	day = read_digits(&c, 2);
	hour = read_digits(&c, 2);
	minute = read_digits(&c, 2);
	if (is_digit_next(&c))
		second = read_digits(&c, 2);
	skip_fraction(&c);
	zone = read_zone(&c);
	if (c.state != CUR_OK || cur_left(&c) > 0 || !date_exists(year, month, day) || hour > 23 || minute > 59 || second > 60)
		return false;
	*seconds = days_from_date(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - zone;
	return true;
}
