#include "dissect/http/traceparent.h"

/* Only lower-case digits are valid. */
static int hex_digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void read_hex(struct cursor *c, uint8_t *out, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		const uint8_t *digits = cur_take(c, 2);
		int high = digits ? hex_digit(digits[0]) : -1, low = digits ? hex_digit(digits[1]) : -1;

		if (high < 0 || low < 0)
			c->state = CUR_BAD;
		else
			out[i] = (uint8_t)(high << 4 | low);
	}
}

static void read_dash(struct cursor *c)
{
	if (cur_u8(c) != '-')
		c->state = CUR_BAD;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			return false;
	return true;
}

bool traceparent_read(struct bytes value, struct traceparent *out)
{
	struct cursor c = cur_of(value.at, value.size, 0);
	uint8_t version = 0;

	read_hex(&c, &version, 1);
	read_dash(&c);
	read_hex(&c, out->trace_id, sizeof out->trace_id);
	read_dash(&c);
	read_hex(&c, out->parent_id, sizeof out->parent_id);
	read_dash(&c);
	read_hex(&c, &out->flags, 1);
	if (c.state != CUR_OK || version == 255 || is_zero(out->trace_id, sizeof out->trace_id) ||
	    is_zero(out->parent_id, sizeof out->parent_id))
		return false;
	if (version == 0)
		return cur_left(&c) == 0;
	if (cur_left(&c)) /* a later version may say more */
		read_dash(&c);
	return c.state == CUR_OK;
}
