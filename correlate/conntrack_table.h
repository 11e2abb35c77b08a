/*
 * Connection tracking entries that were heard of, found again by the addresses and ports that packets carry: those before address
 * translation, or those after it.
 *
 * What is told of one entry, from its NEW to its DESTROY, is put together: flags and state as told last, counters as told last by
 * something that has them.  Ports and the kernel's ids are used again; so the times decide which entry is a connection's.
 */
#ifndef NETTRACE_CORRELATE_CONNTRACK_TABLE_H
#define NETTRACE_CORRELATE_CONNTRACK_TABLE_H

#include "store/conntrack.h"
#include "store/limits.h"

struct conntrack_table; /* handle */

struct conntrack_table *conntrack_table_new(uint64_t seed, struct limit_hits *hits);
void conntrack_table_free(struct conntrack_table *table); /* NULL is fine */

/* In the order of time, as far as times are known. */
void conntrack_table_add(struct conntrack_table *table, const struct conntrack_entry *entry);

/* A connection as its packets show it. */
struct conntrack_flow {
	uint8_t protocol;
	struct address_tuple tuple; /* which end is the source does not matter */
	nt_time first, last;        /* packets */
	bool begins;                /* the first packet begins it (a SYN): nothing of it was before */
};

/* The entry of this connection as far as it is known, NULL if there is none; lives until the next call of conntrack_table_add(). */
const struct conntrack_entry *conntrack_table_find(const struct conntrack_table *table, const struct conntrack_flow *flow);

#endif
