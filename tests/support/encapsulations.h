/*
 * One frame of every encapsulation that dissect/net/ knows.  All carry the same TCP segment, so that one loop tests them all.
 */
#ifndef NETTRACE_TESTS_SUPPORT_ENCAPSULATIONS_H
#define NETTRACE_TESTS_SUPPORT_ENCAPSULATIONS_H

#include "tests/support/packet.h"

enum encapsulated { INNER_IPV4, INNER_IPV6, INNER_ETHERNET }; /* what follows the header: sizes are in the enum below */
enum encapsulation_carrier { ON_LINK, ON_ETHERNET, ON_IP, ON_UDP };

enum { INNER_PAYLOAD_SIZE = 5, INNER_SOURCE_PORT = 40000, INNER_DESTINATION_PORT = 80 };

struct encapsulation {
	const char *name;
	enum encapsulation_carrier carrier;
	uint32_t number;         /* link type, EtherType, IP protocol or UDP port */
	enum encapsulated inner; /* 45, 65 or 59 bytes: headers, and "hello" */
	const char *header;      /* between the two: hexadecimal, "*8" is 8 bytes of 0 */
	uint16_t vlan;           /* to be found */
};

extern const struct encapsulation encapsulations[];
extern const size_t encapsulation_count;

uint32_t encapsulation_link_type(const struct encapsulation *e);
void encapsulation_build(const struct encapsulation *e, struct frame_builder *f);

#endif
