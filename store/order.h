/*
 * Rows that were written nearly in the order of time, handed out in that order.
 *
 * Keys (time, id) are added in the order of writing and taken in the order of time.  A key can be taken when none that is still to
 * come can be earlier: after `lag`, by which a key may be earlier than one added before it.  16 bytes are held for each key in
 * between, at most LIMIT_ROWS_AHEAD of them; beyond that the earliest is handed out, whatever may come.  Internal to store/.
 */
#ifndef NETTRACE_STORE_ORDER_H
#define NETTRACE_STORE_ORDER_H

#include "store/base.h"
#include "store/limits.h"

struct order_key {
	int64_t time, id; /* of equal times, the smaller id is first */
};

/* Zeroed memory is an empty order; set `lag`, and `hits` if they are counted. */
struct order {
	struct order_key *heap;
	size_t count, capacity;
	int64_t lag;    /* nanoseconds; INT64_MAX: nothing is known, all have to be added first */
	int64_t newest; /* latest time that was added */
	bool complete;  /* set by the caller: there are no more to add */
	struct limit_hits *hits;
};

void order_add(struct order *order, struct order_key key);
bool order_take(struct order *order, int64_t *id); /* false: add more first; when complete: none are left */
void order_clear(struct order *order);             /* empty and not complete; lag and hits are kept */
void order_free(struct order *order);

#endif
