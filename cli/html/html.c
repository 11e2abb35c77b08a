#include "cli/html/html.h"

#include "cli/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void html_literal(struct html *html, const char *literal, size_t size)
{
	fwrite(literal, 1, size, html->out);
}

/* ---- escaping ---- */

static const char *reference_of(uint8_t byte)
{
	switch (byte) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* Bytes at the begin of the text that mean nothing but themselves: most of what there is. */
static size_t plain_size(struct bytes text)
{
	size_t size = 0;

	while (size < text.size && text.at[size] >= 0x20 && text.at[size] < 0x7f && !reference_of(text.at[size]))
		size++;
	return size;
}

static void write_character(FILE *out, const struct text_character *character)
{
	const char *reference = character->bytes.size == 1 ? reference_of(character->bytes.at[0]) : NULL;

	if (reference) {
		fputs(reference, out);
	} else if (character->is_safe) {
		fwrite(character->bytes.at, 1, character->bytes.size, out);
	} else {
		for (size_t i = 0; i < character->bytes.size; i++)
			fprintf(out, "\\x%02x", character->bytes.at[i]);
	}
}

static void write_escaped(FILE *out, struct bytes text)
{
	while (text.size) {
		size_t plain = plain_size(text);
		struct text_character character;

		if (plain) {
			fwrite(text.at, 1, plain, out);
			text.at += plain;
			text.size -= plain;
			continue;
		}
		character = text_next(&text);
		write_character(out, &character);
	}
}

/* ---- direction ---- */

struct code_range {
	uint32_t first, last;
};

/* Unicode's blocks of scripts that are written from right to left (DerivedBidiClass.txt: R and AL). */
static const struct code_range right_to_left[] = {
	{ 0x0590, 0x08ff }, { 0xfb1d, 0xfdff }, { 0xfe70, 0xfefc }, { 0x10800, 0x10fff }, { 0x1e800, 0x1efff },
};

static bool is_right_to_left(uint32_t code)
{
	for (size_t i = 0; i < sizeof right_to_left / sizeof *right_to_left; i++)
		if (code >= right_to_left[i].first && code <= right_to_left[i].last)
			return true;
	return false;
}

/* It would draw the punctuation and numbers beside it into its own direction. */
static bool has_right_to_left(struct bytes text)
{
	while (text.size) {
		if (text.at[0] < 0x80) {
			text.at++;
			text.size--;
		} else if (is_right_to_left(text_next(&text).code)) {
			return true;
		}
	}
	return false;
}

/* ---- text ---- */

void html_text(struct html *html, struct bytes text)
{
	bool isolated = has_right_to_left(text);

	if (isolated)
		HTML(html, "<bdi dir=\"ltr\">");
	write_escaped(html->out, text);
	if (isolated)
		HTML(html, "</bdi>");
}

/* Nearly all is short; what is not is made twice. */
void html_words(struct html *html, const char *format, ...)
{
	char text[256], *longer = text;
	va_list args;
	int size;

	va_start(args, format);
	size = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (size < 0)
		return;
	if ((size_t)size >= sizeof text) {
		longer = nt_alloc((size_t)size + 1);
		va_start(args, format);
		vsnprintf(longer, (size_t)size + 1, format, args);
		va_end(args);
	}
	write_escaped(html->out, (struct bytes){ (const uint8_t *)longer, (size_t)size });
	if (longer != text)
		free(longer);
}

void html_attribute(struct html *html, const char *name, struct bytes value)
{
	fprintf(html->out, " %s=\"", name);
	write_escaped(html->out, value);
	HTML(html, "\"");
}

/* ---- lines of the report ---- */

enum mark { MARK_NONE, MARK_RED, MARK_STRONG, MARK_OFF };

struct sequence {
	const char *text;
	enum mark mark;
};

static const struct sequence sequences[] = {
	{ "\033[31m", MARK_RED },
	{ "\033[1m", MARK_STRONG },
	{ "\033[0m", MARK_OFF },
};

static enum mark mark_at(struct bytes text, size_t *size)
{
	for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++) {
		*size = strlen(sequences[i].text);
		if (text.size >= *size && memcmp(text.at, sequences[i].text, *size) == 0)
			return sequences[i].mark;
	}
	*size = 1;
	return MARK_NONE;
}

static struct bytes take(struct bytes *text, size_t size)
{
	struct bytes taken = { text->at, size };

	text->at += size;
	text->size -= size;
	return taken;
}

void html_report_text(struct html *html, struct bytes text)
{
	bool open = false;

	while (text.size) {
		const uint8_t *escape = memchr(text.at, '\033', text.size);
		size_t size = escape ? (size_t)(escape - text.at) : text.size;
		enum mark mark;

		html_text(html, take(&text, size));
		if (!text.size)
			break;
		mark = mark_at(text, &size);
		if (mark == MARK_NONE) {
			html_text(html, take(&text, size));
			continue;
		}
		take(&text, size);
		if (open)
			HTML(html, "</b>");
		open = mark != MARK_OFF;
		if (mark == MARK_RED)
			HTML(html, "<b class=\"bad\">");
		else if (mark == MARK_STRONG)
			HTML(html, "<b>");
	}
	if (open)
		HTML(html, "</b>");
}
