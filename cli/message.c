#include "cli/message.h"

#include "cli/text.h"

#include <stdarg.h>

static const char *program = "nettrace-analyze";

void message_set_program(const char *name)
{
	program = name;
}

void message(const char *format, ...)
{
	char text[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	fprintf(stderr, "%s: ", program);
	text_print(stderr, bytes_of(text), 0);
	fputc('\n', stderr);
}
