#include "cli/agent/ring.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

/* In front of every record; the record begins RECORD_ALIGN bytes after it. */
struct header {
	uint32_t step; /* bytes to the next header */
	uint32_t size; /* of the record; SKIPPED: none, the rest of the ring was too small for the next */
};

enum { RECORD_ALIGN = 16, CACHE_LINE = 64 };
#define SKIPPED UINT32_MAX

_Static_assert(sizeof(struct header) <= RECORD_ALIGN, "a header stands in front of an aligned record");

/*
 * Positions count bytes for ever and wrap with their type; modulo the size they are places.  What one side knows for itself stands apart
 * from what it has told the other.
 */
struct ring {
	uint8_t *bytes;
	size_t size;
	pthread_mutex_t mutex; /* only for going to sleep and for waking */
	pthread_cond_t changed;
	atomic_bool closed, given_up;

	uint8_t apart_1[CACHE_LINE];
	size_t written; /* the producer's position */
	size_t freed_known;
	size_t skipped, reserved; /* bytes in front of, and of, the record that is being built */

	uint8_t apart_2[CACHE_LINE];
	size_t read; /* the consumer's position: behind the record that it holds */
	size_t shown_known;
	size_t held; /* bytes of that record */

	uint8_t apart_3[CACHE_LINE];
	atomic_size_t shown;
	atomic_bool consumer_sleeps;

	uint8_t apart_4[CACHE_LINE];
	atomic_size_t freed;
	atomic_bool producer_sleeps;
};

struct ring *ring_new(size_t size)
{
	struct ring *ring = nt_zalloc(sizeof *ring);
	pthread_condattr_t attributes;
	size_t rounded = RING_SMALLEST;

	while (rounded < size)
		rounded *= 2;
	ring->bytes = nt_alloc(rounded);
	ring->size = rounded;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_mutex_init(&ring->mutex, NULL);
	pthread_cond_init(&ring->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	return ring;
}

void ring_free(struct ring *ring)
{
	if (!ring)
		return;
	pthread_cond_destroy(&ring->changed);
	pthread_mutex_destroy(&ring->mutex);
	free(ring->bytes);
	free(ring);
}

size_t ring_largest_record(const struct ring *ring)
{
	return ring->size / 4 - RECORD_ALIGN;
}

/*
 * Whoever sleeps says so first and looks again then; whoever changes something does it first and looks for sleepers then.  All of it is
 * sequentially consistent, so one of the two sees the other.
 */
static void wake(struct ring *ring, atomic_bool *sleeps)
{
	if (!atomic_load(sleeps))
		return;
	pthread_mutex_lock(&ring->mutex);
	atomic_store(sleeps, false);
	pthread_cond_broadcast(&ring->changed);
	pthread_mutex_unlock(&ring->mutex);
}

static void wake_both(struct ring *ring)
{
	pthread_mutex_lock(&ring->mutex);
	pthread_cond_broadcast(&ring->changed);
	pthread_mutex_unlock(&ring->mutex);
}

/* ---- producer ---- */

static bool has_room(struct ring *ring, size_t needed)
{
	ring->freed_known = atomic_load(&ring->freed);
	return ring->size - (ring->written - ring->freed_known) >= needed;
}

static bool wait_for_room(struct ring *ring, size_t needed)
{
	/* Enough to be worth waking up for. */
	size_t wanted = needed > ring->size / 4 ? needed : ring->size / 4;

	ring_flush(ring);
	pthread_mutex_lock(&ring->mutex);
	for (;;) {
		atomic_store(&ring->producer_sleeps, true);
		if (atomic_load(&ring->given_up) || has_room(ring, wanted))
			break;
		pthread_cond_wait(&ring->changed, &ring->mutex);
	}
	atomic_store(&ring->producer_sleeps, false);
	pthread_mutex_unlock(&ring->mutex);
	return !atomic_load(&ring->given_up);
}

static struct header *header_at(struct ring *ring, size_t position)
{
	return (struct header *)(void *)(ring->bytes + (position & (ring->size - 1)));
}

void *ring_reserve(struct ring *ring, size_t size)
{
	size_t step, rest, needed;

	if (size > ring_largest_record(ring))
		return NULL;
	step = (RECORD_ALIGN + size + RECORD_ALIGN - 1) / RECORD_ALIGN * RECORD_ALIGN;
	rest = ring->size - (ring->written & (ring->size - 1));
	needed = rest < step ? rest + step : step;
	if (ring->size - (ring->written - ring->freed_known) < needed && !has_room(ring, needed) && !wait_for_room(ring, needed))
		return NULL;
	if (atomic_load_explicit(&ring->given_up, memory_order_relaxed))
		return NULL;
	ring->skipped = rest < step ? rest : 0;
	ring->reserved = step;
	if (ring->skipped)
		*header_at(ring, ring->written) = (struct header){ (uint32_t)rest, SKIPPED };
	*header_at(ring, ring->written + ring->skipped) = (struct header){ (uint32_t)step, (uint32_t)size };
	return (uint8_t *)header_at(ring, ring->written + ring->skipped) + RECORD_ALIGN;
}

void ring_commit(struct ring *ring)
{
	ring->written += ring->skipped + ring->reserved;
	ring->skipped = ring->reserved = 0;
	if (ring->written - atomic_load_explicit(&ring->shown, memory_order_relaxed) >= RING_BATCH)
		ring_flush(ring);
}

void ring_flush(struct ring *ring)
{
	if (atomic_load_explicit(&ring->shown, memory_order_relaxed) == ring->written)
		return;
	atomic_store(&ring->shown, ring->written);
	wake(ring, &ring->consumer_sleeps);
}

void ring_close(struct ring *ring)
{
	ring_flush(ring);
	atomic_store(&ring->closed, true);
	wake_both(ring);
}

/* ---- consumer ---- */

static void tell_freed(struct ring *ring)
{
	if (atomic_load_explicit(&ring->freed, memory_order_relaxed) == ring->read)
		return;
	atomic_store(&ring->freed, ring->read);
	wake(ring, &ring->producer_sleeps);
}

static bool has_record(struct ring *ring)
{
	ring->shown_known = atomic_load(&ring->shown);
	return ring->shown_known != ring->read;
}

static struct timespec timespec_of(int64_t time)
{
	return (struct timespec){ .tv_sec = (time_t)(time / NT_SECOND), .tv_nsec = (long)(time % NT_SECOND) };
}

/* Whether a record is there; false after the deadline, and at the end. */
static bool wait_for_record(struct ring *ring, int64_t deadline)
{
	const struct timespec until = timespec_of(deadline);
	bool found = false, late = deadline == 0;

	pthread_mutex_lock(&ring->mutex);
	for (;;) {
		bool closed = atomic_load(&ring->closed);

		atomic_store(&ring->consumer_sleeps, true);
		found = has_record(ring);
		if (found || closed || late)
			break;
		if (deadline == RING_FOREVER)
			pthread_cond_wait(&ring->changed, &ring->mutex);
		else
			late = pthread_cond_timedwait(&ring->changed, &ring->mutex, &until) != 0;
	}
	atomic_store(&ring->consumer_sleeps, false);
	pthread_mutex_unlock(&ring->mutex);
	return found;
}

static void drop_held(struct ring *ring)
{
	ring->read += ring->held;
	ring->held = 0;
	if (ring->read - atomic_load_explicit(&ring->freed, memory_order_relaxed) >= RING_BATCH)
		tell_freed(ring);
}

enum nt_status ring_next(struct ring *ring, int64_t deadline, void **record, size_t *size)
{
	const struct header *header;

	drop_held(ring);
	if (ring->shown_known == ring->read && !has_record(ring)) {
		tell_freed(ring);
		if (!wait_for_record(ring, deadline))
			return atomic_load(&ring->closed) && !has_record(ring) ? NT_END : NT_AGAIN;
	}
	header = header_at(ring, ring->read);
	if (header->size == SKIPPED) {
		/* It was shown together with the record behind it. */
		ring->read += header->step;
		header = header_at(ring, ring->read);
	}
	ring->held = header->step;
	*record = (uint8_t *)header_at(ring, ring->read) + RECORD_ALIGN;
	*size = header->size;
	return NT_OK;
}

void ring_give_up(struct ring *ring)
{
	atomic_store(&ring->given_up, true);
	wake_both(ring);
}
