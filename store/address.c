#include "store/address.h"

#include <arpa/inet.h>
#include <string.h>

char *ip_address_text(uint8_t ip_version, const struct ip_address *address, char *out)
{
	if (!inet_ntop(ip_version == 6 ? AF_INET6 : AF_INET, address->bytes, out, IP_ADDRESS_TEXT_SIZE))
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
