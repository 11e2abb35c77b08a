#include "cli/client_prefix.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool parse_bits(const char *text, uint8_t ip_version, uint8_t *out)
{
	unsigned long bits;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	bits = strtoul(text, &end, 10);
	if (errno || *end || bits > (ip_version == 6 ? 128 : 32))
		return false;
	*out = (uint8_t)bits;
	return true;
}

bool client_prefix_read(const char *text, struct correlate_prefix *out)
{
	const char *slash = strchr(text, '/');
	size_t size = slash ? (size_t)(slash - text) : strlen(text);
	char address[IP_ADDRESS_TEXT_SIZE];

	if (size >= sizeof address)
		return false;
	memcpy(address, text, size);
	address[size] = 0;
	if (!ip_address_parse(address, &out->ip_version, &out->address))
		return false;
	out->bits = out->ip_version == 6 ? 128 : 32;
	return !slash || parse_bits(slash + 1, out->ip_version, &out->bits);
}
