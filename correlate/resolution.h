/*
 * The outcome of a lookup: a failed dial, or what it cost.
 */
#ifndef NETTRACE_CORRELATE_RESOLUTION_H
#define NETTRACE_CORRELATE_RESOLUTION_H

#include "correlate/lookups.h"

/* Called once per lookup, when no more queries or replies belong to it: reports the dial that died in DNS, and findings. */
void resolution_settled(struct correlator *c, struct lookup *lookup);

#endif
