/*
 * IP addresses as values, and their text.
 */
#ifndef NETTRACE_STORE_ADDRESS_H
#define NETTRACE_STORE_ADDRESS_H

#include "store/base.h"

/* An IPv4 or IPv6 address in network byte order.  IPv4 fills the first 4 bytes, the rest is zero. */
struct ip_address {
	uint8_t bytes[16];
};

enum { IP_ADDRESS_TEXT_SIZE = 46 };
/* RFC 5952 text of an address; `out` has room for IP_ADDRESS_TEXT_SIZE bytes.  Returns out. */
char *ip_address_text(uint8_t ip_version, const struct ip_address *address, char *out);

/* Reads "192.0.2.1" or "2001:db8::1".  false, and nothing written, for anything else. */
bool ip_address_parse(const char *text, uint8_t *ip_version, struct ip_address *out);

/* The four values that name a connection; the client is the source. */
struct address_tuple {
	uint8_t ip_version; /* 4 or 6 */
	struct ip_address source, destination;
	uint16_t source_port, destination_port;
};

#endif
