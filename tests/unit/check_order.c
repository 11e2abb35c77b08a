#include "store/order.h"
#include "tests/unit/suite.h"

#include <stdlib.h>

START_TEST(keys_come_in_the_order_of_time_when_complete)
{
	static const int64_t times[] = { 5, 3, 9, INT64_MIN, 3, INT64_MAX, 0 };
	static const int64_t ids[] = { 4, 7, 2, 5, 1, 3, 6 };
	struct order order = { .lag = INT64_MAX };
	int64_t id;

	for (size_t i = 0; i < 7; i++)
		order_add(&order, (struct order_key){ times[i], (int64_t)i + 1 });
	ck_assert(!order_take(&order, &id));
	order.complete = true;
	for (size_t i = 0; i < 7; i++) {
		ck_assert(order_take(&order, &id));
		ck_assert_int_eq(id, ids[i]);
	}
	ck_assert(!order_take(&order, &id));
	order_free(&order);
}
END_TEST

START_TEST(key_waits_until_none_can_be_earlier)
{
	struct order order = { .lag = 10 };
	int64_t id;

	order_add(&order, (struct order_key){ 100, 1 });
	order_add(&order, (struct order_key){ 109, 2 });
	ck_assert(!order_take(&order, &id));
	order_add(&order, (struct order_key){ 99, 3 });
	ck_assert(order_take(&order, &id));
	ck_assert_int_eq(id, 3);
	ck_assert(!order_take(&order, &id));
	order_add(&order, (struct order_key){ 110, 4 });
	ck_assert(order_take(&order, &id));
	ck_assert_int_eq(id, 1);
	ck_assert(!order_take(&order, &id));
	order_free(&order);
}
END_TEST

START_TEST(times_at_both_ends_do_not_overflow)
{
	struct order order = { .lag = 1000 };
	int64_t id;

	order_add(&order, (struct order_key){ INT64_MIN, 1 });
	order_add(&order, (struct order_key){ INT64_MAX, 2 });
	ck_assert(order_take(&order, &id));
	ck_assert_int_eq(id, 1);
	order_free(&order);
}
END_TEST

START_TEST(order_that_is_full_gives_its_earliest)
{
	struct limit_hits hits = { { 0 } };
	struct order order = { .lag = INT64_MAX, .hits = &hits };
	int64_t id;

	for (int64_t i = 0; i < LIMIT_ROWS_AHEAD - 1; i++)
		order_add(&order, (struct order_key){ -i, i });
	ck_assert(!order_take(&order, &id));
	order_add(&order, (struct order_key){ 1, LIMIT_ROWS_AHEAD });
	ck_assert(order_take(&order, &id));
	ck_assert_int_eq(id, LIMIT_ROWS_AHEAD - 2);
	ck_assert(!order_take(&order, &id));
	ck_assert_uint_eq(hits.count[LIMIT_ROWS_AHEAD_HIT], 1);
	order_free(&order);
}
END_TEST

START_TEST(random_keys_are_sorted)
{
	struct order order = { .lag = INT64_MAX };
	int64_t last = INT64_MIN, id;
	static int64_t times[2000];

	srand(3);
	for (int64_t i = 0; i < 2000; i++) {
		times[i] = rand() % 500;
		order_add(&order, (struct order_key){ times[i], i });
	}
	order.complete = true;
	for (size_t i = 0; i < 2000; i++) {
		ck_assert(order_take(&order, &id));
		ck_assert_int_ge(times[id], last);
		last = times[id];
	}
	order_free(&order);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("order");
	TCase *tcase = tcase_create("order");

	tcase_add_test(tcase, keys_come_in_the_order_of_time_when_complete);
	tcase_add_test(tcase, key_waits_until_none_can_be_earlier);
	tcase_add_test(tcase, times_at_both_ends_do_not_overflow);
	tcase_add_test(tcase, order_that_is_full_gives_its_earliest);
	tcase_add_test(tcase, random_keys_are_sorted);
	suite_add_tcase(suite, tcase);
	return suite;
}
