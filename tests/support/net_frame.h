/*
 * Decodes frames of tests out of exactly sized heap blocks, so that a sanitizer sees every over-read.
 */
#ifndef NETTRACE_TESTS_SUPPORT_NET_FRAME_H
#define NETTRACE_TESTS_SUPPORT_NET_FRAME_H

#include "dissect/net/net.h"
#include "tests/support/packet.h"

struct net_frame {
	uint8_t *copy;
	enum net_result result;
	struct net_packet packet; /* its payload points into `copy` */
};

/* Captures the first `captured` bytes of `whole`, of which `on_wire` were sent.  Free it before the next one. */
struct net_frame net_frame_cut(uint32_t link_type, struct bytes whole, size_t captured, size_t on_wire);
struct net_frame net_frame_whole(uint32_t link_type, struct bytes whole);
void net_frame_free(struct net_frame *frame);

/* The cursor over a copy of `captured` bytes of `whole`; the copy goes to *copy, to be freed. */
struct cursor net_cursor_cut(struct bytes whole, size_t captured, size_t on_wire, uint8_t **copy);

/* Reads what the packet holds down to the last byte, as its users would. */
void net_packet_touch(const struct net_packet *packet);

#endif
