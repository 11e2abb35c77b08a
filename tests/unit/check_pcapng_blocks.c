#include "capture/pcapng_blocks.h"
#include "tests/unit/suite.h"

#include <string.h>

static struct input input;
static struct pcapng_walk walk;
static struct pcapng_block block;

static void walk_over(const void *bytes, size_t size)
{
	input_open_memory(&input, bytes, size);
	walk = (struct pcapng_walk){ .bytes = &input };
	memset(&block, 0xff, sizeof block); /* what stood there before */
}

static void tear_down(void)
{
	input_close(&input);
}

START_TEST(skipped_block_has_no_body)
{
	static const uint8_t unknown[] = { 0x99, 0, 0, 0, 16, 0, 0, 0, 1, 2, 3, 4, 16, 0, 0, 0 };

	walk_over(unknown, sizeof unknown);
	ck_assert_int_eq(pcapng_next_block(&walk, &block), PCAPNG_BLOCK);
	ck_assert(block.skipped);
	ck_assert_uint_eq(block.size, 16);
	ck_assert_ptr_null(block.body.at);
	ck_assert_uint_eq(block.body.left, 0);
	ck_assert_int_eq(pcapng_next_block(&walk, &block), PCAPNG_END);
}
END_TEST

START_TEST(block_without_a_whole_head_has_no_size)
{
	static const uint8_t cut[] = { 6, 0, 0, 0, 32, 0, 0 };

	walk_over(cut, sizeof cut);
	ck_assert_int_eq(pcapng_next_block(&walk, &block), PCAPNG_CUT);
	ck_assert_uint_eq(block.size, 0);
	ck_assert_uint_eq(block.offset, 0);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("pcapng_blocks");
	TCase *tcase = tcase_create("all");

	tcase_add_checked_fixture(tcase, NULL, tear_down);
	tcase_add_test(tcase, skipped_block_has_no_body);
	tcase_add_test(tcase, block_without_a_whole_head_has_no_size);
	suite_add_tcase(suite, tcase);
	return suite;
}
