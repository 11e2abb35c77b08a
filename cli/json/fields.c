#include "cli/json/fields.h"

#include <string.h>

const struct field fields[] = {
#include "cli/json/fields.def"
};

const size_t field_count = sizeof fields / sizeof *fields;

/* Wide enough for all of a column. */
struct widths {
	int path, type, unit;
};

static void widen(int *width, const char *text)
{
	int size = (int)strlen(text);

	if (size > *width)
		*width = size;
}

static void print(FILE *out, const struct widths *widths, const struct field *field)
{
	const char *unit = *field->unit ? field->unit : "-";

	fprintf(out, "%-*s  %-*s  %-*s  %s\n", widths->path, field->path, widths->type, field->type, widths->unit, unit,
		field->meaning);
}

void fields_print(FILE *out)
{
	static const struct field titles = { "MEMBER", "TYPE", "UNIT", "MEANING" };
	struct widths widths = { 0 };

	for (size_t i = 0; i < field_count; i++) {
		widen(&widths.path, fields[i].path);
		widen(&widths.type, fields[i].type);
		widen(&widths.unit, fields[i].unit);
	}
	print(out, &widths, &titles);
	for (size_t i = 0; i < field_count; i++)
		print(out, &widths, &fields[i]);
}
