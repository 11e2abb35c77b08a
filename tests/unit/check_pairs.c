#include "store/base.h"
#include "store/pairs.h"
#include "tests/unit/suite.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* Sorted as by qsort(). */
static void check(struct pair *pairs, size_t count)
{
	struct pair *expected = nt_realloc_array(NULL, count + 1, sizeof *expected);

	for (size_t i = 0; i < count; i++)
		expected[i] = pairs[i];
	qsort(expected, count, sizeof *expected, compare);
	pairs_sort(pairs, count);
	for (size_t i = 0; i < count; i++) {
		ck_assert_uint_eq(pairs[i].key, expected[i].key);
		ck_assert_uint_eq(pairs[i].index, expected[i].index);
	}
	free(expected);
}

START_TEST(keys_of_all_sizes_are_sorted)
{
	static const uint32_t masks[] = { 0, 0xff, 0xff00, 0xffffff, UINT32_MAX, 0x80000001 };
	static struct pair pairs[3000];
	uint32_t number = 12345;

	for (size_t m = 0; m < sizeof masks / sizeof *masks; m++)
		for (size_t count = 1; count <= 3000; count *= 5) {
			for (size_t i = 0; i < count; i++)
				pairs[i] = (struct pair){ (number = number * 1664525u + 1013904223u) & masks[m], (uint32_t)i };
			check(pairs, count);
		}
}
END_TEST

START_TEST(pairs_with_one_key_are_sorted_by_index)
{
	struct pair pairs[] = { { 7, 300 }, { 7, 2 }, { 1, 70000 }, { 7, 70000 }, { 1, 5 }, { UINT32_MAX, UINT32_MAX }, { 7, 2 } };

	check(pairs, sizeof pairs / sizeof *pairs);
}
END_TEST

START_TEST(nothing_is_sorted)
{
	pairs_sort(NULL, 0);
	check((struct pair[]){ { 3, 4 } }, 1);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("pairs");
	TCase *tcase = tcase_create("pairs");

	tcase_add_test(tcase, keys_of_all_sizes_are_sorted);
	tcase_add_test(tcase, pairs_with_one_key_are_sorted_by_index);
	tcase_add_test(tcase, nothing_is_sorted);
	suite_add_tcase(suite, tcase);
	return suite;
}
