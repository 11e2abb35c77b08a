#include "cli/text.h"

#include <inttypes.h>
#include <time.h>

/* ---- UTF-8 ---- */

struct utf8_lead {
	uint8_t first, last;             /* range of the first byte */
	uint8_t size;                    /* of the sequence */
	uint8_t second_low, second_high; /* range of the second byte */
};

/* RFC 3629, section 4. */
static const struct utf8_lead leads[] = {
	{ 0x00, 0x7f, 1, 0, 0 },       { 0xc2, 0xdf, 2, 0x80, 0xbf }, { 0xe0, 0xe0, 3, 0xa0, 0xbf },
	{ 0xe1, 0xec, 3, 0x80, 0xbf }, { 0xed, 0xed, 3, 0x80, 0x9f }, { 0xee, 0xef, 3, 0x80, 0xbf },
	{ 0xf0, 0xf0, 4, 0x90, 0xbf }, { 0xf1, 0xf3, 4, 0x80, 0xbf }, { 0xf4, 0xf4, 4, 0x80, 0x8f },
};

static bool fits(const struct utf8_lead *lead, struct bytes text)
{
	if (text.at[0] < lead->first || text.at[0] > lead->last || text.size < lead->size)
		return false;
	if (lead->size > 1 && (text.at[1] < lead->second_low || text.at[1] > lead->second_high))
		return false;
	for (size_t i = 2; i < lead->size; i++)
		if (text.at[i] < 0x80 || text.at[i] > 0xbf)
			return false;
	return true;
}

/* Bytes of the character that the text begins with; 0 if it begins with none. */
static size_t character_size(struct bytes text)
{
	for (size_t i = 0; i < sizeof leads / sizeof *leads; i++)
		if (fits(&leads[i], text))
			return leads[i].size;
	return 0;
}

static uint32_t code_point(struct bytes text, size_t size)
{
	static const uint8_t lead_bits[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t code = text.at[0] & lead_bits[size];

	for (size_t i = 1; i < size; i++)
		code = code << 6 | (text.at[i] & 0x3f);
	return code;
}

struct code_range {
	uint32_t first, last;
};

/* C0, DEL and C1; line and paragraph separators; what turns the direction of writing; the byte order mark. */
static const struct code_range unsafe[] = {
	{ 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x061c, 0x061c }, { 0x200e, 0x200f },
	{ 0x2028, 0x202e }, { 0x2066, 0x2069 }, { 0xfeff, 0xfeff },
};

static bool is_unsafe(uint32_t code)
{
	for (size_t i = 0; i < sizeof unsafe / sizeof *unsafe; i++)
		if (code >= unsafe[i].first && code <= unsafe[i].last)
			return true;
	return false;
}

struct text_character text_next(struct bytes *text)
{
	struct text_character next = { { text->at, 1 }, false, 0 };
	size_t size = character_size(*text);

	if (size) {
		next.bytes.size = size;
		next.code = code_point(*text, size);
		next.is_safe = !is_unsafe(next.code);
	}
	text->at += next.bytes.size;
	text->size -= next.bytes.size;
	return next;
}

static void print_escaped(FILE *out, struct bytes text)
{
	for (size_t i = 0; i < text.size; i++)
		fprintf(out, "\\x%02x", text.at[i]);
}

void text_print(FILE *out, struct bytes text, size_t max)
{
	size_t written = 0;

	while (text.size && (max == 0 || written < max)) {
		const struct text_character next = text_next(&text);

		if (next.is_safe)
			fwrite(next.bytes.at, 1, next.bytes.size, out);
		else
			print_escaped(out, next.bytes);
		written += next.bytes.size;
	}
	if (text.size)
		fputs("…", out);
}

/* ---- command lines, as command_text() quotes them for a shell ---- */

static const char *end_of_word(const char *at)
{
	bool quoted = false;

	for (; *at && (quoted || *at != ' '); at++)
		if (*at == '\'')
			quoted = !quoted;
		else if (*at == '\\' && !quoted && at[1])
			at++;
	return at;
}

struct bytes text_program(const char *command, size_t *arguments)
{
	const char *end = end_of_word(command);
	const struct bytes program = { (const uint8_t *)command, (size_t)(end - command) };

	for (*arguments = 0; *end; ++*arguments)
		end = end_of_word(end + 1);
	return program;
}

char *text_command(const char *command, bool secrets)
{
	size_t arguments, size;
	struct bytes program = text_program(command, &arguments);
	char *text;

	if (secrets || arguments == 0)
		return nt_strdup(command);
	size = program.size + 64;
	text = nt_alloc(size);
	snprintf(text, size, "%.*s … (%zu argument%s)", (int)program.size, command, arguments, arguments == 1 ? "" : "s");
	return text;
}

/* ---- amounts ---- */

const char *text_duration(int64_t microseconds, char out[TEXT_SIZE])
{
	double ms = (double)microseconds / 1000;
	int64_t seconds = microseconds / 1000000;

	if (microseconds < 0)
		snprintf(out, TEXT_SIZE, "an unknown time");
	else if (microseconds < 95)
		snprintf(out, TEXT_SIZE, "%.2f ms", ms);
	else if (microseconds < 9950)
		snprintf(out, TEXT_SIZE, "%.1f ms", ms);
	else if (microseconds < 999500)
		snprintf(out, TEXT_SIZE, "%.0f ms", ms);
	else if (seconds < 120)
		snprintf(out, TEXT_SIZE, "%.1f s", ms / 1000);
	else if (seconds < 7200)
		snprintf(out, TEXT_SIZE, "%" PRId64 " min %" PRId64 " s", seconds / 60, seconds % 60);
	else if (seconds < 172800)
		snprintf(out, TEXT_SIZE, "%" PRId64 " h %" PRId64 " min", seconds / 3600, seconds / 60 % 60);
	else
		snprintf(out, TEXT_SIZE, "%" PRId64 " days %" PRId64 " h", seconds / 86400, seconds / 3600 % 24);
	return out;
}

const char *text_between(nt_time begin, nt_time end, char out[TEXT_SIZE])
{
	int64_t difference;

	if (begin == NT_TIME_NONE || end == NT_TIME_NONE || __builtin_sub_overflow(end, begin, &difference))
		return text_duration(-1, out);
	return text_duration(difference < 0 ? 0 : difference / NT_MICROSECOND, out);
}

const char *text_bytes(uint64_t bytes, char out[TEXT_SIZE])
{
	if (bytes < 10000000)
		snprintf(out, TEXT_SIZE, "%" PRIu64 " byte%s", bytes, bytes == 1 ? "" : "s");
	else if (bytes < 1000000000)
		snprintf(out, TEXT_SIZE, "%.1f MB", (double)bytes / 1e6);
	else
		snprintf(out, TEXT_SIZE, "%.2f GB", (double)bytes / 1e9);
	return out;
}

/* ---- times ---- */

const char *text_time(nt_time time, char out[TEXT_SIZE])
{
	int64_t nanoseconds = time % NT_SECOND;
	time_t seconds = time / NT_SECOND;
	struct tm tm;
	size_t size;

	if (nanoseconds < 0) {
		nanoseconds += NT_SECOND;
		seconds--;
	}
	if (time == NT_TIME_NONE || !gmtime_r(&seconds, &tm)) {
		snprintf(out, TEXT_SIZE, "an unknown time");
		return out;
	}
	size = strftime(out, TEXT_SIZE, "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(out + size, TEXT_SIZE - size, ".%06" PRId64 " UTC", nanoseconds / NT_MICROSECOND);
	return out;
}

const char *text_date(int64_t seconds, char out[TEXT_SIZE])
{
	time_t time = seconds;
	struct tm tm;

	if (seconds == INT64_MIN || !gmtime_r(&time, &tm) || !strftime(out, TEXT_SIZE, "%Y-%m-%d", &tm))
		snprintf(out, TEXT_SIZE, "an unknown date");
	return out;
}
