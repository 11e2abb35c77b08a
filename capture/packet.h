/*
 * A packet as it was captured, and the interface that it was captured on.  Every source of packets yields these.
 */
#ifndef NETTRACE_CAPTURE_PACKET_H
#define NETTRACE_CAPTURE_PACKET_H

#include "store/base.h"

/* What is known of a capture interface.  Owned by the source; strings are UTF-8 as written in the file, NULL when unknown. */
struct capture_interface {
	uint32_t id;        /* counts from 0 over all inputs of a run */
	uint32_t file;      /* index of the input that it belongs to */
	uint32_t link_type; /* LINKTYPE_ value of the tcpdump.org registry, as in pcap files */
	uint32_t snaplen;   /* bytes, 0 when unlimited or unknown */
	char *name;         /* if_name */
	char *description;  /* if_description */
};

struct packet {
	nt_time time;                              /* NT_TIME_NONE when the file gives none (pcapng simple packet blocks) */
	uint64_t number;                           /* counts from 1 in its file, as Wireshark numbers frames */
	uint32_t captured;                         /* bytes at `data` */
	uint32_t size;                             /* bytes on the wire, never less than `captured` */
	const uint8_t *data;                       /* a view, valid until the source is asked for the next packet */
	const struct capture_interface *interface; /* never NULL */
};

#endif
