#include "cli/notes.h"

#include <stdarg.h>
#include <stdio.h>

void notes_add(const struct notes *notes, enum note_kind kind, const char *format, ...)
{
	char text[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	notes->take(notes->context, kind, text);
}
