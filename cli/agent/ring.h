/*
 * A bounded ring of bytes between two threads: one puts records in, one takes them out, in order.
 *
 * Records are built and read in place.  A side that has nothing to do sleeps; the other wakes it, at most once per RING_BATCH bytes or
 * when it says so (ring_flush), not per record.  Pointers into a record hold until the consumer takes the next one.
 */
#ifndef NETTRACE_CLI_RING_H
#define NETTRACE_CLI_RING_H

#include "store/base.h"

struct ring; /* handle */

enum {
	RING_BATCH = 64 * 1024, /* bytes that may be put or taken before the other side is told */
	RING_SMALLEST = 4 * RING_BATCH
};

/* `size` is rounded up to a power of two of at least RING_SMALLEST; a record has at most a quarter of it. */
struct ring *ring_new(size_t size);
void ring_free(struct ring *ring); /* NULL is fine; neither side may be at work */
size_t ring_largest_record(const struct ring *ring);

/* ---- the producer's side ---- */

/*
 * Room for a record of `size` bytes, aligned for any type; waits while the ring is full.  NULL when the consumer has given up, or when
 * the record is larger than ring_largest_record().
 */
void *ring_reserve(struct ring *ring, size_t size);

/* The record that ring_reserve() gave is complete. */
void ring_commit(struct ring *ring);

/* Shows the consumer all records that are complete. */
void ring_flush(struct ring *ring);

/* No record will follow; flushes. */
void ring_close(struct ring *ring);

/* ---- the consumer's side ---- */

#define RING_FOREVER INT64_MAX

/*
 * The next record, and its size as it was asked for: NT_OK.  When there is none it waits until `deadline` (CLOCK_MONOTONIC,
 * nanoseconds; 0: do not wait): NT_AGAIN.  NT_END when the ring is empty and closed.
 */
enum nt_status ring_next(struct ring *ring, int64_t deadline, void **record, size_t *size);

/* Takes nothing more: a producer that waits, and everyone that comes, gets NULL. */
void ring_give_up(struct ring *ring);

#endif
