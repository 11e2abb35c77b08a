/*
 * Sets of ranges: every byte counted once.
 */
#include "correlate/ranges.h"
#include "store/base.h"
#include "tests/unit/suite.h"

#include <stdlib.h>

static struct ranges r;
static struct limit_hits hits;

static void setup(void)
{
	r = (struct ranges){ 0 };
	hits = (struct limit_hits){ 0 };
}

static void teardown(void)
{
	ranges_free(&r);
}

static uint64_t add(uint64_t start, uint64_t end)
{
	return ranges_add(&r, start, end, &hits);
}

START_TEST(empty_range_adds_nothing)
{
	ck_assert_uint_eq(add(5, 5), 0);
	ck_assert_uint_eq(add(6, 5), 0);
	ck_assert_uint_eq(r.count, 0);
}
END_TEST

START_TEST(neighbours_become_one_range)
{
	ck_assert_uint_eq(add(10, 20), 10);
	ck_assert_uint_eq(add(20, 30), 10);
	ck_assert_uint_eq(add(0, 10), 10);
	ck_assert_uint_eq(r.count, 1);
	ck_assert_ptr_null(r.many);
}
END_TEST

struct row {
	const char *name;
	uint64_t start, end, fresh;
	uint32_t count;
};

/* Added to [10,20) [30,40) [50,60). */
static const struct row rows[] = {
	{ "known", 12, 18, 0, 3 },         { "the same", 30, 40, 0, 3 },
	{ "before all", 0, 5, 5, 4 },      { "after all", 70, 75, 5, 4 },
	{ "in a hole", 22, 28, 6, 4 },     { "fills a hole", 20, 30, 10, 2 },
	{ "over one end", 15, 25, 5, 3 },  { "over a beginning", 25, 35, 5, 3 },
	{ "over several", 15, 55, 20, 1 }, { "over everything", 0, 100, 70, 1 },
	{ "touches", 5, 10, 5, 3 },
};

START_TEST(overlaps_count_what_is_new)
{
	const struct row *row = &rows[_i];

	add(50, 60);
	add(10, 20);
	add(30, 40);
	ck_assert_msg(add(row->start, row->end) == row->fresh, "%s", row->name);
	ck_assert_msg(r.count == row->count, "%s: %u ranges", row->name, r.count);
	ck_assert_uint_eq(add(row->start, row->end), 0);
}
END_TEST

START_TEST(random_ranges_count_as_a_bitmap_does)
{
	enum { SPACE = 2000 };
	uint8_t bitmap[SPACE] = { 0 };
	uint64_t total = 0, expected = 0;

	srand(1);
	for (int i = 0; i < 3000; i++) {
		uint64_t start = (uint64_t)rand() % SPACE, size = (uint64_t)rand() % 12,
			 end = start + size < SPACE ? start + size : SPACE;

		total += add(start, end);
		for (uint64_t at = start; at < end; at++)
			expected += !bitmap[at], bitmap[at] = 1;
		ck_assert_uint_eq(total, expected);
	}
}
END_TEST

START_TEST(too_many_holes_close_the_narrowest)
{
	for (uint64_t i = 0; i < LIMIT_SEQUENCE_RANGES; i++)
		add(i * 100, i * 100 + 10);
	ck_assert_uint_eq(r.count, LIMIT_SEQUENCE_RANGES);
	ck_assert_uint_eq(hits.count[LIMIT_SEQUENCE_RANGES_HIT], 0);
	ck_assert_uint_eq(add(520, 530), 10);
	ck_assert_uint_eq(r.count, LIMIT_SEQUENCE_RANGES);
	ck_assert_uint_eq(hits.count[LIMIT_SEQUENCE_RANGES_HIT], 1);
	ck_assert_uint_eq(add(510, 520), 0); /* counted as seen now */
	ck_assert_uint_eq(add(610, 620), 10);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("ranges");
	TCase *all = tcase_create("ranges");

	tcase_add_checked_fixture(all, setup, teardown);
	tcase_add_test(all, empty_range_adds_nothing);
	tcase_add_test(all, neighbours_become_one_range);
	tcase_add_loop_test(all, overlaps_count_what_is_new, 0, sizeof rows / sizeof *rows);
	tcase_add_test(all, random_ranges_count_as_a_bitmap_does);
	tcase_add_test(all, too_many_holes_close_the_narrowest);
	suite_add_tcase(suite, all);
	return suite;
}
