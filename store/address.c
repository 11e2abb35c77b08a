#include "store/address.h"

#include <arpa/inet.h>
#include <string.h>

/* inet_ntop() goes through formatted output, which for each address of each connection is too slow. */
static char *ipv4_text(const uint8_t bytes[4], char *out)
{
	char *at = out;

	for (int i = 0; i < 4; i++) {
		if (bytes[i] >= 100)
			*at++ = (char)('0' + bytes[i] / 100);
		if (bytes[i] >= 10)
			*at++ = (char)('0' + bytes[i] / 10 % 10);
		*at++ = (char)('0' + bytes[i] % 10);
		*at++ = i < 3 ? '.' : 0;
	}
	return out;
}

char *ip_address_text(uint8_t ip_version, const struct ip_address *address, char *out)
{
	if (ip_version != 6)
		return ipv4_text(address->bytes, out);
	if (!inet_ntop(AF_INET6, address->bytes, out, IP_ADDRESS_TEXT_SIZE))
		out[0] = 0;
	return out;
}

bool ip_address_parse(const char *text, uint8_t *ip_version, struct ip_address *out)
{
	struct ip_address address = { { 0 } };

	if (inet_pton(AF_INET, text, address.bytes) == 1)
		*ip_version = 4;
	else if (inet_pton(AF_INET6, text, address.bytes) == 1)
		*ip_version = 6;
	else
		return false;
	*out = address;
	return true;
}
