/*
 * Packets that the user's own iptables or nftables rules send to a group, through libnetfilter_log.
 */
#ifndef NETTRACE_CAPTURE_NFLOG_H
#define NETTRACE_CAPTURE_NFLOG_H

#include "store/base.h"

struct nflog; /* handle: one group */

struct nflog_packet {
	nt_time time; /* the kernel's where it gives one (input hooks), else ours on receipt */
	bool time_is_kernels;
	uint32_t captured, size; /* from the IP header on: link type LINKTYPE_RAW (101) */
	const uint8_t *data;     /* lives until the next call */
	const char *prefix;      /* NULL if none */
	uint32_t mark, uid, gid;
	bool has_uid, has_gid;
	uint8_t hook;                         /* NF_INET_*; 255 if not told */
	uint32_t in_interface, out_interface; /* indices, 0 none */
};

/* snaplen 0: whole packets.  NT_EIO: no permission, the group is taken by another program, no such facility in the kernel. */
enum nt_status nflog_open(struct nflog **out, uint16_t group, uint32_t snaplen, struct nt_error *error);
void nflog_free(struct nflog *nflog);
int nflog_descriptor(const struct nflog *nflog);

/* NT_OK, NT_AGAIN when nothing waits, NT_ELIMIT when the kernel had to drop some (nflog_lost() grew; go on). */
enum nt_status nflog_next(struct nflog *nflog, struct nflog_packet *out, struct nt_error *error);

uint64_t nflog_received(const struct nflog *nflog);
uint64_t nflog_lost(const struct nflog *nflog); /* by sequence gaps and overruns */

#endif
