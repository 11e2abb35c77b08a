/*
 * Netlink messages: the framing that conntrack, NFLOG and link changes share, and the size of receive buffers.
 *
 * Lengths and types are in host order, numbers in attributes of nfnetlink in network order.
 */
#ifndef NETTRACE_CAPTURE_NETLINK_H
#define NETTRACE_CAPTURE_NETLINK_H

#include "store/base.h"

/* The end of sentences about missing permission. */
#define NETLINK_PERMISSION_ADVICE "run as root, or once: setcap cap_net_raw,cap_net_admin+ep $(command -v nettrace-capture)"

/* The largest datagram that nfnetlink sends: a batch of NFULNL_NLBUFSIZ_MAX, or one packet and its attributes. */
enum { NETLINK_LARGEST = 160 * 1024 };

struct netlink_message {
	uint16_t type, flags;
	struct bytes whole;   /* with its header; aligned as the datagram is */
	struct bytes payload; /* behind the header */
};

/* Takes the next message off a datagram.  false at the end, and where a length lies. */
bool netlink_next_message(struct bytes *rest, struct netlink_message *out);

/* Takes the next attribute off; *type is without the flags of nesting and byte order.  false as above. */
bool netlink_next_attribute(struct bytes *rest, uint16_t *type, struct bytes *value);

/* What follows the nfgenmsg of an nfnetlink message; empty if that is cut. */
struct bytes netlink_attributes(const struct netlink_message *message);

/* Numbers in network order; 0 if the value is not of 2, 4 or 8 bytes. */
uint16_t netlink_u16(struct bytes value);
uint32_t netlink_u32(struct bytes value);
uint64_t netlink_u64(struct bytes value);

/* Asks for a receive buffer of so many bytes: beyond the system's limit with CAP_NET_ADMIN, up to it without. */
void netlink_set_buffer(int fd, int bytes);

#endif
