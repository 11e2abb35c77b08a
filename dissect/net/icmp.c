/*
 * RFC 792, RFC 4443, with the length of the quote of RFC 4884.
 */
#include "dissect/net/net.h"

enum icmp_type {
	ICMP_UNREACHABLE = 3,
	ICMP_SOURCE_QUENCH = 4,
	ICMP_REDIRECT = 5,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAMETER_PROBLEM = 12
};
enum icmpv6_type { ICMPV6_UNREACHABLE = 1, ICMPV6_TOO_BIG = 2, ICMPV6_TIME_EXCEEDED = 3, ICMPV6_PARAMETER_PROBLEM = 4 };

static bool is_error(uint8_t ip_version, uint8_t type)
{
	if (ip_version == 6)
		return type >= ICMPV6_UNREACHABLE && type <= ICMPV6_PARAMETER_PROBLEM;
	return type == ICMP_UNREACHABLE || type == ICMP_SOURCE_QUENCH || type == ICMP_REDIRECT || type == ICMP_TIME_EXCEEDED ||
	       type == ICMP_PARAMETER_PROBLEM;
}

/* RFC 4884 4: bytes of the quote when extensions follow it, 0 when none do. */
static size_t quote_size(uint8_t ip_version, const struct icmp_message *message)
{
	uint8_t type = message->type;

	if (ip_version == 6)
		return type == ICMPV6_UNREACHABLE || type == ICMPV6_TIME_EXCEEDED ? (size_t)(message->rest >> 24) * 8 : 0;
	if (type != ICMP_UNREACHABLE && type != ICMP_TIME_EXCEEDED && type != ICMP_PARAMETER_PROBLEM)
		return 0;
	return (size_t)(message->rest >> 16 & 0xff) * 4;
}

enum cur_state icmp_read(uint8_t ip_version, struct cursor c, struct icmp_message *out)
{
	size_t quoted;

	*out = (struct icmp_message){ 0 };
	out->type = cur_u8(&c);
	out->code = cur_u8(&c);
	cur_u16(&c);
	out->rest = cur_u32(&c);
	if (c.state != CUR_OK)
		return c.state;
	out->is_error = is_error(ip_version, out->type);
	if (!out->is_error)
		return CUR_OK;
	out->quoted = c;
	quoted = quote_size(ip_version, out);
	if (quoted)
		cur_limit(&out->quoted, quoted);
	return CUR_OK;
}
