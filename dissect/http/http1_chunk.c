#include "dissect/http/http1_chunk.h"

#include <string.h>

enum { CHUNK_LINE_MAX = 4096 };

static int hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One byte of the size and of the white space around it, which some servers send to pad the line. */
static enum cur_state read_byte(struct http1_chunk_line *line, uint8_t c)
{
	int digit = hex_value(c);

	if (digit >= 0 && !line->after) {
		if (line->size > (uint64_t)INT64_MAX >> 4)
			return CUR_BAD;
		line->size = line->size << 4 | (unsigned)digit;
		line->digits = true;
		return CUR_CUT;
	}
	if (c == ' ' || c == '\t' || c == '\r') {
		line->after = line->digits;
		return CUR_CUT;
	}
	if (!line->digits)
		return CUR_BAD;
	if (c == '\n')
		return CUR_OK;
	line->extensions = c == ';';
	return line->extensions ? CUR_CUT : CUR_BAD;
}

/* Extensions are not looked at. */
static size_t skip_extensions(struct bytes data, bool *ended)
{
	const uint8_t *end = memchr(data.at, '\n', data.size);

	*ended = end != NULL;
	return end ? (size_t)(end - data.at) + 1 : data.size;
}

enum cur_state http1_chunk_line_read(struct http1_chunk_line *line, struct bytes data, size_t *consumed)
{
	enum cur_state state = CUR_CUT;
	size_t n = 0;

	while (n < data.size && state == CUR_CUT && !line->extensions)
		state = read_byte(line, data.at[n++]);
	if (n < data.size && state == CUR_CUT) {
		bool ended;

		n += skip_extensions((struct bytes){ data.at + n, data.size - n }, &ended);
		if (ended)
			state = CUR_OK;
	}
	line->length += n;
	*consumed = n;
	return line->length > CHUNK_LINE_MAX ? CUR_BAD : state;
}
