/*
 * What one message of the kernel's connection tracking says: pure decoding, apart from the socket.
 */
#ifndef NETTRACE_CAPTURE_CONNTRACK_MESSAGE_H
#define NETTRACE_CAPTURE_CONNTRACK_MESSAGE_H

#include "capture/conntrack.h"
#include "capture/netlink.h"

/*
 * false if the message is none of an IPv4 or IPv6 entry, or lacks its tuples.  `received` is the time if the kernel tells none.  The kind
 * is that of an event; the caller knows whether it asked for a listing.  Ports are 0 where the protocol has none (ICMP).
 */
bool conntrack_message_read(const struct netlink_message *message, nt_time received, struct conntrack_entry *out);

#endif
