/*
 * What one NFLOG message says: pure decoding, apart from the socket.
 */
#ifndef NETTRACE_CAPTURE_NFLOG_MESSAGE_H
#define NETTRACE_CAPTURE_NFLOG_MESSAGE_H

#include "capture/netlink.h"
#include "capture/nflog.h"

struct nflog_sequence {
	bool told;
	uint32_t number; /* counts the messages of the group */
};

/* false if the message is none that carries a packet.  `received` is the time if the kernel tells none. */
bool nflog_message_read(const struct netlink_message *message, nt_time received, struct nflog_packet *out,
			struct nflog_sequence *sequence);

#endif
