/*
 * The value of a traceparent field: what is taken for one, written again, is the beginning of the value.
 */
#include "dissect/http/traceparent.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>

static void write_hex(char **at, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		*at += snprintf(*at, 3, "%02x", bytes[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct traceparent parent;
	char text[64], *at = text;

	if (!traceparent_read((struct bytes){ data, size }, &parent))
		return 0;
	*at++ = '-';
	write_hex(&at, parent.trace_id, sizeof parent.trace_id);
	*at++ = '-';
	write_hex(&at, parent.parent_id, sizeof parent.parent_id);
	*at++ = '-';
	write_hex(&at, &parent.flags, 1);
	if (size < 2 + (size_t)(at - text) || memcmp(data + 2, text, (size_t)(at - text)) != 0)
		abort();
	return 0;
}
