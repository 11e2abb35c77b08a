/*
 * Any bytes as text, as a value and as a line of the report: what is written has no markup but the elements that the writer makes, each
 * closed, and only characters that do no more than stand there.
 */
#include "cli/html/html.h"
#include "cli/text.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

struct element {
	const char *open, *close;
};

static const struct element elements[] = {
	{ "<bdi dir=\"ltr\">", "</bdi>" },
	{ "<b class=\"bad\">", "</b>" },
	{ "<b>", "</b>" },
};

static const char *const references[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&#39;" };

static void must(bool truth)
{
	if (!truth)
		abort();
}

static bool skip(struct bytes *text, const char *what)
{
	size_t size = strlen(what);

	if (text->size < size || memcmp(text->at, what, size) != 0)
		return false;
	text->at += size;
	text->size -= size;
	return true;
}

static bool skip_reference(struct bytes *text)
{
	for (size_t i = 0; i < sizeof references / sizeof *references; i++)
		if (skip(text, references[i]))
			return true;
	return false;
}

/* Elements nest: <bdi> within <b>. */
static const struct element *begins(struct bytes *text)
{
	for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
		if (skip(text, elements[i].open))
			return &elements[i];
	return NULL;
}

static void check_text(struct bytes text)
{
	const struct element *open[2];
	size_t depth = 0;

	while (text.size) {
		const struct element *element = begins(&text);

		if (element) {
			must(depth < 2);
			open[depth++] = element;
		} else if (depth && skip(&text, open[depth - 1]->close)) {
			depth--;
		} else if (!skip_reference(&text)) {
			struct text_character character = text_next(&text);

			must(character.is_safe);
			must(character.bytes.size > 1 || !strchr("<>&\"'", character.bytes.at[0]));
		}
	}
	must(depth == 0);
}

static void check_value(struct bytes text)
{
	must(skip(&text, " name=\"") && text.size && text.at[text.size - 1] == '"');
	text.size--;
	must(!memchr(text.at, '<', text.size));
	check_text(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bytes text = { data, size };

	for (int way = 0; way < 3; way++) {
		char *written = NULL;
		size_t written_size = 0;
		struct html html = { open_memstream(&written, &written_size) };

		if (way == 0)
			html_text(&html, text);
		else if (way == 1)
			html_report_text(&html, text);
		else
			html_attribute(&html, "name", text);
		fclose(html.out);
		if (way == 2)
			check_value((struct bytes){ (const uint8_t *)written, written_size });
		else
			check_text((struct bytes){ (const uint8_t *)written, written_size });
		free(written);
	}
	return 0;
}
