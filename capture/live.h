/*
 * Packets from network interfaces, through libpcap.
 *
 * Open first (with privileges), then read (without).  Nothing polls: every source has a file descriptor to wait for.
 */
#ifndef NETTRACE_CAPTURE_LIVE_H
#define NETTRACE_CAPTURE_LIVE_H

#include "capture/packet.h"

struct live; /* handle: one interface */

struct live_options {
	const char *interface; /* "eth0", "any" */
	uint32_t snaplen;      /* bytes; 0: whole packets */
	const char *filter;    /* pcap-filter(7) expression, NULL for none */
	uint32_t ring_bytes;   /* kernel buffer; 0: the default, 8 MiB */
	bool promiscuous;
};

struct live_statistics {
	uint64_t received, dropped_by_kernel, dropped_by_interface;
};

/*
 * NT_EUSAGE: the filter does not compile (in the compiler's words); NT_EIO: no such interface, no permission, …; NT_ENOTSUP: a link type
 * that nettrace does not read (the name is in *error; the caller may go on without this interface).
 */
enum nt_status live_open(struct live **out, const struct live_options *options, struct nt_error *error);
void live_free(struct live *live); /* NULL is fine */

/*
 * Readable when packets wait or the state of an interface changed: call live_next(), and live_reopen() while the interface is away.  The
 * same over reopenings.
 */
int live_descriptor(const struct live *live);

/* LINKTYPE_ value.  It may change in live_reopen(), when another kind of interface has taken the name. */
uint32_t live_link_type(const struct live *live);
const char *live_name(const struct live *live);

/*
 * The next packet: NT_OK; NT_AGAIN when none waits; NT_EIO, once, when the interface went down or away (*error says which; live_reopen()
 * may bring it back).  Packets from before may follow the news.  `out` is filled but for `number` and `interface`; its data lives until
 * the next call.  Times are the kernel's.
 */
enum nt_status live_next(struct live *live, struct packet *out, struct nt_error *error);

/*
 * Tries to open an interface again that went away.  NT_AGAIN: not there yet.  One that was only down needs no privilege for it, one that
 * was removed needs CAP_NET_RAW.
 */
enum nt_status live_reopen(struct live *live, struct nt_error *error);

void live_statistics(struct live *live, struct live_statistics *out); /* since live_open(), over reopenings */

/*
 * The filter expression of the seed's switches: joins `expression` (may be NULL) with them.  The caller frees it; NULL when nothing is to be
 * filtered.  no_payload: of TCP only segments without payload, IPv4 and IPv6.
 */
char *live_filter(const char *expression, bool icmp, bool arp, bool no_payload);

#endif
