#include "tests/support/json_check.h"

#include <string.h>

enum { MAX_DEPTH = 64 };

static bool take(struct bytes *text, const char *word)
{
	size_t size = strlen(word);

	if (text->size < size || memcmp(text->at, word, size) != 0)
		return false;
	text->at += size;
	text->size -= size;
	return true;
}

static void skip_space(struct bytes *text)
{
	while (take(text, " ") || take(text, "\n"))
		;
}

static bool take_between(struct bytes *text, uint8_t low, uint8_t high)
{
	if (text->size == 0 || text->at[0] < low || text->at[0] > high)
		return false;
	text->at++;
	text->size--;
	return true;
}

/* One row of the syntax in RFC 3629 4: the ranges of the first two bytes, and how many more of 80-BF follow. */
static bool take_utf8(struct bytes *text)
{
	static const uint8_t rows[][5] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 0 }, { 0xe0, 0xe0, 0xa0, 0xbf, 1 }, { 0xe1, 0xec, 0x80, 0xbf, 1 },
		{ 0xed, 0xed, 0x80, 0x9f, 1 }, { 0xee, 0xef, 0x80, 0xbf, 1 }, { 0xf0, 0xf0, 0x90, 0xbf, 2 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 2 }, { 0xf4, 0xf4, 0x80, 0x8f, 2 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (!take_between(text, rows[i][0], rows[i][1]))
			continue;
		if (!take_between(text, rows[i][2], rows[i][3]))
			return false;
		for (int more = 0; more < rows[i][4]; more++)
			if (!take_between(text, 0x80, 0xbf))
				return false;
		return true;
	}
	return false;
}

static bool take_hex(struct bytes *text)
{
	return take_between(text, '0', '9') || take_between(text, 'a', 'f');
}

static bool take_escape(struct bytes *text)
{
	static const char *const words[] = { "\"", "\\", "/", "b", "f", "n", "r", "t" };

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (take(text, words[i]))
			return true;
	return take(text, "u00") && take_hex(text) && take_hex(text); /* only control characters are escaped by number */
}

static bool take_string(struct bytes *text)
{
	if (!take(text, "\""))
		return false;
	while (!take(text, "\"")) {
		if (take(text, "\\")) {
			if (!take_escape(text))
				return false;
		} else if (!take_between(text, 0x20, 0x7e) && !take_utf8(text)) {
			return false;
		}
	}
	return true;
}

static bool take_digits(struct bytes *text)
{
	if (!take_between(text, '0', '9'))
		return false;
	while (take_between(text, '0', '9'))
		;
	return true;
}

static bool take_number(struct bytes *text)
{
	take(text, "-");
	if (!take(text, "0") && ((text->size && text->at[0] == '0') || !take_digits(text)))
		return false;
	return !take(text, ".") || take_digits(text);
}

static bool take_value(struct bytes *text, int depth);

static bool take_list(struct bytes *text, const char *close, bool named, int depth)
{
	skip_space(text);
	if (take(text, close))
		return true;
	do {
		skip_space(text);
		if (named && (!take_string(text) || !take(text, ":")))
			return false;
		if (!take_value(text, depth + 1))
			return false;
	} while (take(text, ","));
	return take(text, close);
}

static bool take_value(struct bytes *text, int depth)
{
	bool good;

	skip_space(text);
	if (depth > MAX_DEPTH)
		return false;
	if (take(text, "{"))
		good = take_list(text, "}", true, depth);
	else if (take(text, "["))
		good = take_list(text, "]", false, depth);
	else
		good = take(text, "true") || take(text, "false") || take_string(text) || take_number(text);
	skip_space(text);
	return good;
}

bool json_check(struct bytes text)
{
	return take_value(&text, 0) && text.size == 0;
}
