#include "cli/json/json.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_SIZE = 64 * 1024 };

struct level {
	const char *name;
	bool is_array;
};

struct json {
	FILE *out;
	bool compact;
	int why;                /* errno of the first write that failed, 0 while none did */
	bool empty;             /* the innermost written object or array has nothing in it yet */
	unsigned depth;         /* objects and arrays begun and not ended */
	unsigned written_depth; /* those of them whose bracket is written; the rest wait for a member */
	struct level levels[JSON_MAX_DEPTH];
	size_t used;
	uint8_t buffer[BUFFER_SIZE];
};

struct json *json_new(FILE *out, enum json_layout layout)
{
	struct json *json = nt_alloc(sizeof *json);

	json->out = out;
	json->compact = layout == JSON_COMPACT;
	json->why = 0;
	json->empty = true;
	json->depth = json->written_depth = 0;
	json->used = 0;
	return json;
}

void json_free(struct json *json)
{
	free(json);
}

/* ---- bytes out ---- */

static void note_failure(struct json *json)
{
	if (!json->why)
		json->why = errno ? errno : EIO;
}

static void write_buffer(struct json *json)
{
	if (!json->why && fwrite(json->buffer, 1, json->used, json->out) != json->used)
		note_failure(json);
	json->used = 0;
}

bool json_finish(struct json *json)
{
	write_buffer(json);
	if (fflush(json->out) != 0)
		note_failure(json);
	if (json->why)
		errno = json->why;
	return !json->why;
}

static inline void put(struct json *json, const void *bytes, size_t size)
{
	const uint8_t *from = bytes;

	if (size < BUFFER_SIZE - json->used) {
		memcpy(json->buffer + json->used, from, size);
		json->used += size;
		return;
	}
	while (size > 0) {
		size_t piece = BUFFER_SIZE - json->used;

		if (piece > size)
			piece = size;
		memcpy(json->buffer + json->used, from, piece);
		json->used += piece;
		from += piece;
		size -= piece;
		if (json->used == BUFFER_SIZE)
			write_buffer(json);
	}
}

static void put_char(struct json *json, char c)
{
	json->buffer[json->used++] = (uint8_t)c;
	if (json->used == BUFFER_SIZE)
		write_buffer(json);
}

static void put_text(struct json *json, const char *text)
{
	put(json, text, strlen(text));
}

/* Where `size` bytes, far fewer than the buffer has, can be written: what ends there is given to end_writing(). */
static uint8_t *begin_writing(struct json *json, size_t size)
{
	if (BUFFER_SIZE - json->used <= size)
		write_buffer(json);
	return json->buffer + json->used;
}

static void end_writing(struct json *json, const uint8_t *end)
{
	json->used = (size_t)(end - json->buffer);
}

/* ---- structure ---- */

enum { LINE_SIZE = 1 + 2 * JSON_MAX_DEPTH };

static uint8_t *write_line(const struct json *json, uint8_t *at)
{
	if (json->compact)
		return at;
	*at++ = '\n';
	memset(at, ' ', 2 * (size_t)json->written_depth);
	return at + 2 * (size_t)json->written_depth;
}

/* All that stands before a value. */
static void put_place(struct json *json, const char *name)
{
	uint8_t *at = begin_writing(json, LINE_SIZE + 2);

	if (json->written_depth > 0) {
		if (!json->empty)
			*at++ = ',';
		at = write_line(json, at);
	}
	json->empty = false;
	if (name)
		*at++ = '"';
	end_writing(json, at);
	if (!name)
		return;
	put_text(json, name);
	put(json, "\": ", json->compact ? 2 : 3);
}

static void write_levels(struct json *json)
{
	while (json->written_depth < json->depth) {
		const struct level *level = &json->levels[json->written_depth];

		put_place(json, level->name);
		put_char(json, level->is_array ? '[' : '{');
		json->written_depth++;
		json->empty = true;
	}
}

static void begin_value(struct json *json, const char *name)
{
	write_levels(json);
	put_place(json, name);
}

static void end_value(struct json *json)
{
	if (json->written_depth == 0)
		put_char(json, '\n');
}

static void push_level(struct json *json, const char *name, bool is_array)
{
	assert(json->depth < JSON_MAX_DEPTH);
	json->levels[json->depth++] = (struct level){ name, is_array };
}

void json_begin_object(struct json *json, const char *name)
{
	push_level(json, name, false);
	write_levels(json);
}

void json_begin_array(struct json *json, const char *name)
{
	push_level(json, name, true);
	write_levels(json);
}

void json_begin_optional_object(struct json *json, const char *name)
{
	push_level(json, name, false);
}

void json_begin_optional_array(struct json *json, const char *name)
{
	push_level(json, name, true);
}

void json_end(struct json *json)
{
	assert(json->depth > 0);
	json->depth--;
	if (json->written_depth <= json->depth)
		return;
	json->written_depth--;
	if (!json->empty)
		end_writing(json, write_line(json, begin_writing(json, LINE_SIZE)));
	put_char(json, json->levels[json->depth].is_array ? ']' : '}');
	json->empty = false;
	end_value(json);
}

/* ---- strings ---- */

static void put_escape(struct json *json, uint8_t code)
{
	static const char hex[] = "0123456789abcdef";

	put_text(json, "\\u00");
	put_char(json, hex[code >> 4]);
	put_char(json, hex[code & 15]);
}

static void put_ascii(struct json *json, uint8_t c)
{
	static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt";

	for (size_t i = 0; shorts[i]; i += 2) {
		if (c == (uint8_t)shorts[i]) {
			put_char(json, '\\');
			put_char(json, shorts[i + 1]);
			return;
		}
	}
	put_escape(json, c);
}

struct sequence {
	size_t size;
	bool valid;
};

/*
 * The UTF-8 sequence that `text`, not empty, begins with: RFC 3629 4.  One that is not valid is as long as the start of a valid one, so
 * that each such part becomes one U+FFFD (Unicode 15 3.9, "substitution of maximal subparts").
 */
static struct sequence read_sequence(struct bytes text)
{
	uint8_t lead = text.at[0];
	uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
	size_t want = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
	size_t size = 1;

	if (lead < 0xc2 || lead > 0xf4)
		return (struct sequence){ 1, false };
	for (; size < want; size++) {
		if (size == text.size || text.at[size] < low || text.at[size] > high)
			return (struct sequence){ size, false };
		low = 0x80;
		high = 0xbf;
	}
	return (struct sequence){ size, true };
}

/* One character that is not printable ASCII; returns its size. */
static size_t put_special(struct json *json, struct bytes text)
{
	struct sequence sequence;

	if (text.at[0] < 0x80) {
		put_ascii(json, text.at[0]);
		return 1;
	}
	sequence = read_sequence(text);
	if (!sequence.valid)
		put_text(json, "\xef\xbf\xbd");
	else if (text.at[0] == 0xc2 && text.at[1] < 0xa0) /* U+0080 to U+009F steer terminals */
		put_escape(json, text.at[1]);
	else
		put(json, text.at, sequence.size);
	return sequence.size;
}

static size_t plain_size(struct bytes text)
{
	size_t size = 0;

	while (size < text.size && text.at[size] >= 0x20 && text.at[size] < 0x7f && text.at[size] != '"' && text.at[size] != '\\')
		size++;
	return size;
}

void json_begin_string(struct json *json, const char *name)
{
	begin_value(json, name);
	put_char(json, '"');
}

void json_add_string(struct json *json, struct bytes piece)
{
	while (piece.size > 0) {
		size_t size = plain_size(piece);

		if (size > 0)
			put(json, piece.at, size);
		else
			size = put_special(json, piece);
		piece.at += size;
		piece.size -= size;
	}
}

void json_end_string(struct json *json)
{
	put_char(json, '"');
	end_value(json);
}

void json_string(struct json *json, const char *name, struct bytes value)
{
	json_begin_string(json, name);
	json_add_string(json, value);
	json_end_string(json);
}

void json_text(struct json *json, const char *name, const char *value)
{
	json_string(json, name, bytes_of(value));
}

/* ---- numbers and the rest ---- */

void json_add_uint(struct json *json, uint64_t value)
{
	static const char pairs[] =
		"00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748"
		"4950515253545556575859606162636465666768697071727374757677787980818283848586878889909192939495969798"
		"99";
	char digits[20];
	size_t at = sizeof digits;

	for (; value >= 100; value /= 100)
		memcpy(digits + (at -= 2), pairs + value % 100 * 2, 2);
	if (value >= 10)
		memcpy(digits + (at -= 2), pairs + value * 2, 2);
	else
		digits[--at] = (char)('0' + value);
	put(json, digits + at, sizeof digits - at);
}

static void add_int(struct json *json, int64_t value)
{
	if (value < 0)
		put_char(json, '-');
	json_add_uint(json, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void json_uint(struct json *json, const char *name, uint64_t value)
{
	begin_value(json, name);
	json_add_uint(json, value);
	end_value(json);
}

void json_int(struct json *json, const char *name, int64_t value)
{
	begin_value(json, name);
	add_int(json, value);
	end_value(json);
}

void json_thousandths(struct json *json, const char *name, int64_t value)
{
	int rest = abs((int)(value % 1000));

	begin_value(json, name);
	if (value < 0 && value > -1000)
		put_char(json, '-');
	add_int(json, value / 1000);
	if (rest)
		put_char(json, '.');
	for (int unit = 100; rest; rest %= unit, unit /= 10)
		put_char(json, (char)('0' + rest / unit));
	end_value(json);
}

void json_bool(struct json *json, const char *name, bool value)
{
	begin_value(json, name);
	put_text(json, value ? "true" : "false");
	end_value(json);
}

void json_optional_string(struct json *json, const char *name, struct bytes value)
{
	if (value.size > 0)
		json_string(json, name, value);
}

void json_optional_text(struct json *json, const char *name, const char *value)
{
	if (value && value[0])
		json_text(json, name, value);
}

void json_optional_uint(struct json *json, const char *name, uint64_t value)
{
	if (value != 0)
		json_uint(json, name, value);
}

void json_optional_bool(struct json *json, const char *name, bool value)
{
	if (value)
		json_bool(json, name, true);
}
