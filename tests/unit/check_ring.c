#include "cli/agent/ring.h"
#include "tests/unit/suite.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

/* ---- support ---- */

static struct ring *ring;

static void make_ring(void)
{
	ring = ring_new(1);
}

static void free_ring(void)
{
	ring_free(ring);
}

static void put_text(const char *text)
{
	size_t size = strlen(text);
	void *room = ring_reserve(ring, size);

	ck_assert_ptr_nonnull(room);
	memcpy(room, text, size);
	ring_commit(ring);
}

static void expect_text(const char *text)
{
	void *record;
	size_t size;

	ck_assert_int_eq(ring_next(ring, 0, &record, &size), NT_OK);
	ck_assert_uint_eq(size, strlen(text));
	ck_assert_mem_eq(record, text, size);
}

static enum nt_status next_now(void)
{
	void *record;
	size_t size;

	return ring_next(ring, 0, &record, &size);
}

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * NT_SECOND + time.tv_nsec;
}

/* Sizes that wrap at every place, all below the largest; the content tells the number. */
static size_t size_of_record(uint32_t number)
{
	return 4 + number * 2654435761u % 3001;
}

static bool put_number(uint32_t number)
{
	size_t size = size_of_record(number);
	uint8_t *room = ring_reserve(ring, size);

	if (!room)
		return false;
	memset(room, (uint8_t)number, size);
	memcpy(room, &number, sizeof number);
	ring_commit(ring);
	return true;
}

static bool is_number(const uint8_t *record, size_t size, uint32_t number)
{
	uint32_t found;

	memcpy(&found, record, sizeof found);
	return found == number && size == size_of_record(number) && (size == 4 || record[size - 1] == (uint8_t)number);
}

/* ---- one thread ---- */

START_TEST(records_come_out_in_order)
{
	put_text("one");
	put_text("");
	put_text("three");
	ring_flush(ring);
	expect_text("one");
	expect_text("");
	expect_text("three");
	ck_assert_int_eq(next_now(), NT_AGAIN);
}
END_TEST

START_TEST(records_are_shown_by_flush)
{
	put_text("hidden");
	ck_assert_int_eq(next_now(), NT_AGAIN);
	ring_flush(ring);
	expect_text("hidden");
}
END_TEST

START_TEST(a_full_batch_is_shown_without_flush)
{
	for (uint32_t i = 0; i < RING_BATCH / 1000; i++)
		ck_assert(put_number(i));
	ck_assert_int_eq(next_now(), NT_OK);
}
END_TEST

START_TEST(records_are_aligned)
{
	for (size_t size = 0; size < 40; size++) {
		void *room = ring_reserve(ring, size);

		ck_assert_uint_eq((uintptr_t)room % _Alignof(max_align_t), 0);
		ring_commit(ring);
	}
}
END_TEST

START_TEST(a_record_that_is_not_committed_never_comes)
{
	memset(ring_reserve(ring, 100), 1, 100);
	put_text("after");
	ring_flush(ring);
	expect_text("after");
	ck_assert_int_eq(next_now(), NT_AGAIN);
}
END_TEST

START_TEST(the_largest_record_fits_and_a_larger_is_refused)
{
	ck_assert_ptr_null(ring_reserve(ring, ring_largest_record(ring) + 1));
	for (int i = 0; i < 20; i++) {
		uint8_t *room = ring_reserve(ring, ring_largest_record(ring));

		ck_assert_ptr_nonnull(room);
		memset(room, i, ring_largest_record(ring));
		ring_commit(ring);
		ring_flush(ring);
		ck_assert_int_eq(next_now(), NT_OK);
		ck_assert_int_eq(next_now(), NT_AGAIN);
	}
}
END_TEST

START_TEST(a_closed_ring_is_emptied_before_it_ends)
{
	put_text("last");
	ring_close(ring);
	expect_text("last");
	ck_assert_int_eq(next_now(), NT_END);
	ck_assert_int_eq(next_now(), NT_END);
}
END_TEST

START_TEST(a_wait_ends_at_its_deadline)
{
	int64_t begin = now();
	void *record;
	size_t size;

	ck_assert_int_eq(ring_next(ring, begin + 30 * NT_MILLISECOND, &record, &size), NT_AGAIN);
	ck_assert_int_ge(now() - begin, 30 * NT_MILLISECOND);
}
END_TEST

START_TEST(nothing_is_put_after_the_consumer_gave_up)
{
	ring_give_up(ring);
	ck_assert_ptr_null(ring_reserve(ring, 1));
}
END_TEST

START_TEST(records_wrap_at_every_place)
{
	void *record;
	size_t size;

	for (uint32_t i = 0; i < 20000; i++) {
		ck_assert(put_number(i));
		ring_flush(ring);
		ck_assert_int_eq(ring_next(ring, 0, &record, &size), NT_OK);
		ck_assert(is_number(record, size, i));
	}
}
END_TEST

/* ---- two threads ---- */

enum { MANY = 200000 };

static void *produce(void *context)
{
	const uint32_t *count = context;

	for (uint32_t i = 0; i < *count; i++)
		if (!put_number(i))
			return NULL;
	ring_close(ring);
	return NULL;
}

static uint32_t consume(uint32_t pause_at)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	uint32_t number = 0;
	void *record;
	size_t size;

	while (ring_next(ring, RING_FOREVER, &record, &size) == NT_OK) {
		ck_assert(is_number(record, size, number));
		number++;
		if (pause_at && number % pause_at == 0)
			nanosleep(&pause, NULL);
	}
	return number;
}

/* Without pauses the consumer waits for the producer, with them the producer for the consumer. */
START_TEST(threads_lose_nothing)
{
	uint32_t count = MANY;
	pthread_t thread;

	pthread_create(&thread, NULL, produce, &count);
	ck_assert_uint_eq(consume(_i ? 20000 : 0), MANY);
	pthread_join(thread, NULL);
}
END_TEST

START_TEST(a_waiting_producer_learns_that_the_consumer_gave_up)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	uint32_t count = MANY;
	pthread_t thread;

	pthread_create(&thread, NULL, produce, &count);
	nanosleep(&pause, NULL);
	ring_give_up(ring);
	pthread_join(thread, NULL);
}
END_TEST

static void *close_later(void *context)
{
	const struct timespec pause = { .tv_nsec = 20000000 };

	(void)context;
	nanosleep(&pause, NULL);
	ring_close(ring);
	return NULL;
}

START_TEST(a_waiting_consumer_learns_that_the_ring_is_closed)
{
	pthread_t thread;
	void *record;
	size_t size;

	pthread_create(&thread, NULL, close_later, NULL);
	ck_assert_int_eq(ring_next(ring, RING_FOREVER, &record, &size), NT_END);
	pthread_join(thread, NULL);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("ring");
	TCase *alone = tcase_create("one thread"), *together = tcase_create("two threads");

	tcase_add_checked_fixture(alone, make_ring, free_ring);
	tcase_add_test(alone, records_come_out_in_order);
	tcase_add_test(alone, records_are_shown_by_flush);
	tcase_add_test(alone, a_full_batch_is_shown_without_flush);
	tcase_add_test(alone, records_are_aligned);
	tcase_add_test(alone, a_record_that_is_not_committed_never_comes);
	tcase_add_test(alone, the_largest_record_fits_and_a_larger_is_refused);
	tcase_add_test(alone, a_closed_ring_is_emptied_before_it_ends);
	tcase_add_test(alone, a_wait_ends_at_its_deadline);
	tcase_add_test(alone, nothing_is_put_after_the_consumer_gave_up);
	tcase_add_test(alone, records_wrap_at_every_place);
	suite_add_tcase(suite, alone);

	tcase_add_checked_fixture(together, make_ring, free_ring);
	tcase_set_timeout(together, 30);
	tcase_add_loop_test(together, threads_lose_nothing, 0, 2);
	tcase_add_test(together, a_waiting_producer_learns_that_the_consumer_gave_up);
	tcase_add_test(together, a_waiting_consumer_learns_that_the_ring_is_closed);
	suite_add_tcase(suite, together);
	return suite;
}
