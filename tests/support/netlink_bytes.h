/*
 * Builds netlink messages for tests:
 *
 *	struct netlink_bytes m = netlink_bytes();
 *	netlink_bytes_begin_message(&m, type, flags, AF_INET);
 *	netlink_bytes_begin(&m, CTA_TUPLE_ORIG);
 *	netlink_bytes_u16(&m, CTA_PROTO_SRC_PORT, 40000);
 *	netlink_bytes_end(&m);
 *	netlink_bytes_end(&m);
 *	use(m.out.at, m.out.size);
 *	netlink_bytes_free(&m);
 *
 * Numbers in attributes are written in network order.
 */
#ifndef NETTRACE_TESTS_SUPPORT_NETLINK_BYTES_H
#define NETTRACE_TESTS_SUPPORT_NETLINK_BYTES_H

#include "store/base.h"

enum { NETLINK_BYTES_DEPTH = 8 };

struct netlink_bytes {
	struct buffer out;
	size_t open[NETLINK_BYTES_DEPTH]; /* where the message and its nested attributes begin */
	size_t depth;
};

struct netlink_bytes netlink_bytes(void);
void netlink_bytes_free(struct netlink_bytes *m);

void netlink_bytes_begin_message(struct netlink_bytes *m, uint16_t type, uint16_t flags, uint8_t family);
void netlink_bytes_begin(struct netlink_bytes *m, uint16_t type); /* a nested attribute */
void netlink_bytes_end(struct netlink_bytes *m);                  /* of what was begun last */

void netlink_bytes_attribute(struct netlink_bytes *m, uint16_t type, const void *value, size_t size);
void netlink_bytes_u8(struct netlink_bytes *m, uint16_t type, uint8_t value);
void netlink_bytes_u16(struct netlink_bytes *m, uint16_t type, uint16_t value);
void netlink_bytes_u32(struct netlink_bytes *m, uint16_t type, uint32_t value);
void netlink_bytes_u64(struct netlink_bytes *m, uint16_t type, uint64_t value);

#endif
