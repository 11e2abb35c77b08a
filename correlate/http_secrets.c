#include "correlate/http_secrets.h"

#include "store/limits.h"

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

/* From "://" on: http://user:password@host/.  Returns the "@" if there was a password, in which nothing else is to be looked for. */
static const uint8_t *leave_out_password(struct copy *copy, const uint8_t *authority, const uint8_t *end)
{
	const uint8_t *stop = end_of(authority, end, after_authority), *at = memrchr(authority, '@', (size_t)(stop - authority));
	const uint8_t *colon = at ? memchr(authority, ':', (size_t)(at - authority)) : NULL;

	if (!colon)
		return authority;
	leave_out(copy, colon + 1, at);
	return at;
}

static struct bytes blanked(struct arena *arena, struct bytes text, bool passwords)
{
	struct copy copy = { .out.max = LIMIT_HTTP_HEAD * 2u, .kept = text.at };
	const uint8_t *end;
	struct bytes result = text;

	if (!text.size)
		return text;
	end = text.at + text.size;
	for (const uint8_t *at = text.at; at < end; at++) {
		const uint8_t *equals, *stop;

		if (passwords && *at == ':' && end - at > 3 && memcmp(at, "://", 3) == 0)
			at = leave_out_password(&copy, at + 3, end);
		if (!before_name[*at])
			continue;
		equals = end_of(at + 1, end, after_name);
		if (equals == end || *equals != '=' || !is_secret_parameter((struct bytes){ at + 1, (size_t)(equals - at) - 1 }))
			continue;
		stop = end_of(equals + 1, end, passwords ? after_value_in_text : after_value);
		leave_out(&copy, equals + 1, stop);
		at = stop - 1;
	}
	if (copy.kept != text.at) {
		buffer_add(&copy.out, copy.kept, (size_t)(end - copy.kept));
		result = arena_copy(arena, (struct bytes){ copy.out.at, copy.out.size });
	}
	buffer_free(&copy.out);
	return result;
}

struct bytes http_without_secrets(struct arena *arena, struct bytes url)
{
	return blanked(arena, url, false);
}

struct bytes http_field_without_secrets(struct arena *arena, struct bytes value)
{
	return blanked(arena, value, true);
}
