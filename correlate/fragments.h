/*
 * IP fragments put together (RFC 791 3.2, RFC 8200 4.5).
 *
 * Where fragments of IPv4 overlap, the first copy wins.  IPv6 has no fragments that overlap: such a datagram is dropped (RFC 5722 4), but
 * for fragments that bring nothing new.  Other content in the overlap is counted either way.
 */
#ifndef NETTRACE_CORRELATE_FRAGMENTS_H
#define NETTRACE_CORRELATE_FRAGMENTS_H

#include "dissect/net/net.h"
#include "store/limits.h"

struct fragments; /* handle */

struct fragments *fragments_new(uint64_t seed, struct limit_hits *hits);
void fragments_free(struct fragments *fragments);

/*
 * Takes a packet of result NET_FRAGMENT.  True if that completes its datagram: *whole is then the packet of the first fragment with the
 * whole payload, which lives until the next call.  `vantage` keeps capture interfaces apart.
 */
bool fragments_add(struct fragments *fragments, const struct net_packet *fragment, uint16_t vantage, nt_time time,
		   struct net_packet *whole);

/* Fragments that never became a datagram, those still waiting included. */
uint64_t fragments_unfinished(const struct fragments *fragments);

/* Fragments so far whose bytes differ from those that another fragment had brought for the same place. */
uint64_t fragments_conflicting(const struct fragments *fragments);

#endif
