#include "correlate/http_secrets.h"

#include <stdlib.h>
#include <string.h>

static bool is_one_of(const char *const *names, size_t count, struct bytes name)
{
	for (size_t i = 0; i < count; i++)
		if (bytes_equal_nocase(bytes_of(names[i]), name))
			return true;
	return false;
}

bool http_field_is_secret(struct bytes name)
{
	static const char *const names[] = { "Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie" };

	return is_one_of(names, sizeof names / sizeof *names, name);
}

/* ---- parameters ---- */

enum { LONGEST_NAME = 24 };

static int hex_digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* The name without percent-encoding (RFC 3986 2.1); of a longer one the beginning. */
static struct bytes decoded(struct bytes name, uint8_t out[LONGEST_NAME])
{
	size_t size = 0;

	for (size_t i = 0; i < name.size && size < LONGEST_NAME; i++) {
		bool escaped =
			name.at[i] == '%' && name.size - i > 2 && hex_digit(name.at[i + 1]) >= 0 && hex_digit(name.at[i + 2]) >= 0;

		out[size++] = escaped ? (uint8_t)(hex_digit(name.at[i + 1]) << 4 | hex_digit(name.at[i + 2])) : name.at[i];
		i += escaped ? 2 : 0;
	}
	return (struct bytes){ out, size };
}

static bool is_secret_parameter(struct bytes name)
{
	static const char *const names[] = {
		"password",        "passwd", "pwd",           "token", "access_token", "id_token",        "refresh_token",
		"auth_token",      "secret", "client_secret", "sig",   "signature",    "x-amz-signature", "x-amz-security-token",
		"x-goog-signature"
	};
	uint8_t plain[LONGEST_NAME];

	return is_one_of(names, sizeof names / sizeof *names, decoded(name, plain));
}

/* Where something ends: every byte of every URL is looked up in one of these. */
typedef bool stops[256];
static const stops before_name = { ['?'] = true, ['&'] = true, [';'] = true, ['#'] = true };
static const stops after_name = { ['='] = true, ['?'] = true, ['&'] = true, [';'] = true, ['#'] = true };
static const stops after_value = { ['&'] = true, ['#'] = true };
static const stops after_value_in_text = {
	['&'] = true, ['#'] = true, [' '] = true, ['\t'] = true, ['"'] = true, ['<'] = true, ['>'] = true
};
static const stops after_authority = { ['/'] = true, ['?'] = true, ['#'] = true, [' '] = true, ['\t'] = true,
				       [','] = true, ['"'] = true, ['<'] = true, ['>'] = true };

static const uint8_t *end_of(const uint8_t *at, const uint8_t *end, const stops stop)
{
	while (at < end && !stop[*at])
		at++;
	return at;
}

/* ---- texts ---- */

/* Text that is being copied without its secrets. */
struct copy {
	struct buffer out;
	const uint8_t *kept; /* what comes before is in `out`, or was left out */
};

static void leave_out(struct copy *copy, const uint8_t *from, const uint8_t *to)
{
	buffer_add(&copy->out, copy->kept, (size_t)(from - copy->kept));
	buffer_add(&copy->out, "***", 3);
	copy->kept = to;
}

/* What is looked through, each with what is looked for in those before it. */
enum kind {
	IN_URL,   /* parameters */
	IN_FIELD, /* passwords of URLs */
	IN_LINE   /* whole header fields, and URLs as JSON writes them */
};

/* Behind "//": user:password@host/.  Returns the "@" if there was a password, in which nothing else is to be looked for. */
static const uint8_t *leave_out_password(struct copy *copy, const uint8_t *authority, const uint8_t *end)
{
	const uint8_t *stop = end_of(authority, end, after_authority), *at = memrchr(authority, '@', (size_t)(stop - authority));
	const uint8_t *colon = at ? memchr(authority, ':', (size_t)(at - authority)) : NULL;

	if (!colon)
		return authority;
	leave_out(copy, colon + 1, at);
	return at;
}

enum { ESCAPED_SIZE = 6 };

/* As JSON encoders write it. */
static bool is_escaped_ampersand(const uint8_t *at, const uint8_t *end)
{
	return end - at > ESCAPED_SIZE && memcmp(at, "\\u0026", ESCAPED_SIZE) == 0;
}

/* From the separator on.  Returns where to look on. */
static const uint8_t *leave_out_parameter(struct copy *copy, const uint8_t *at, size_t separator, const uint8_t *end,
					  enum kind kind)
{
	const uint8_t *name = at + separator, *equals = end_of(name, end, after_name), *stop;

	if (equals == end || *equals != '=' || !is_secret_parameter((struct bytes){ name, (size_t)(equals - name) }))
		return at;
	stop = end_of(equals + 1, end, kind == IN_URL ? after_value : after_value_in_text);
	leave_out(copy, equals + 1, stop);
	return stop - 1;
}

/* Authorization: …, {"Cookie": …, map[Set-Cookie:[…: where their values begin, NULL if no such field begins here. */
static const uint8_t *secret_value(const uint8_t *at, const uint8_t *end)
{
	static const char *const names[] = { "authorization", "cookie" }; /* longer names end in these */

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const size_t size = strlen(names[i]);

		if ((size_t)(end - at) <= size || !bytes_equal_nocase((struct bytes){ at, size }, bytes_of(names[i])))
			continue;
		at += size;
		while (at < end && memchr("\\\"' ]", *at, 5))
			at++;
		if (at == end || (*at != ':' && *at != '='))
			return NULL;
		for (at++; at < end && memchr("\\\"' [", *at, 5); at++)
			;
		return at < end ? at : NULL;
	}
	return NULL;
}

static struct bytes copied(struct arena *arena, struct copy *copy, struct bytes text)
{
	struct bytes result = text;

	if (copy->kept != text.at) {
		buffer_add(&copy->out, copy->kept, (size_t)(text.at + text.size - copy->kept));
		result = arena_copy(arena, (struct bytes){ copy->out.at, copy->out.size });
	}
	buffer_free(&copy->out);
	return result;
}

static struct bytes blanked(struct arena *arena, struct bytes text, enum kind kind)
{
	struct copy copy = { .out.max = SIZE_MAX, .kept = text.at };
	const uint8_t *end, *value;

	if (!text.size)
		return text;
	end = text.at + text.size;
	for (const uint8_t *at = text.at; at < end; at++) {
		if (kind == IN_LINE && (value = secret_value(at, end))) {
			leave_out(&copy, value, end);
			break;
		}
		if (kind != IN_URL && *at == '/' && end - at > 2 && at[1] == '/')
			at = leave_out_password(&copy, at + 2, end);
		if (before_name[*at])
			at = leave_out_parameter(&copy, at, 1, end, kind);
		else if (kind == IN_LINE && is_escaped_ampersand(at, end))
			at = leave_out_parameter(&copy, at, ESCAPED_SIZE, end, kind);
	}
	return copied(arena, &copy, text);
}

struct bytes http_without_secrets(struct arena *arena, struct bytes url)
{
	return blanked(arena, url, IN_URL);
}

struct bytes http_field_without_secrets(struct arena *arena, struct bytes value)
{
	return blanked(arena, value, IN_FIELD);
}

struct bytes http_line_without_secrets(struct arena *arena, struct bytes line)
{
	return blanked(arena, line, IN_LINE);
}

struct bytes http_authority_without_secrets(struct arena *arena, struct bytes authority)
{
	struct copy copy = { .out.max = SIZE_MAX, .kept = authority.at };

	if (!authority.size)
		return authority;
	(void)leave_out_password(&copy, authority.at, authority.at + authority.size);
	return copied(arena, &copy, authority);
}
