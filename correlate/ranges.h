/*
 * Which bytes of a stream were seen: a sorted set of ranges of 64-bit offsets.
 */
#ifndef NETTRACE_CORRELATE_RANGES_H
#define NETTRACE_CORRELATE_RANGES_H

#include "store/limits.h"

struct range {
	uint64_t start, end; /* end is the first byte after it */
};

/* Zeroed memory is the empty set. */
struct ranges {
	struct range one;   /* the usual case needs no memory of its own */
	struct range *many; /* NULL while there is at most one */
	uint32_t count, capacity;
};

/* Adds a range and returns how many of its bytes were new.  Two ranges are joined when there would be more than LIMIT_SEQUENCE_RANGES. */
uint64_t ranges_add(struct ranges *ranges, uint64_t start, uint64_t end, struct limit_hits *hits);
void ranges_free(struct ranges *ranges);

#endif
