/*
 * The table of flows: keys, finding, the queues that end flows.
 */
#include "correlate/flow.h"
#include "store/hash.h"
#include "dissect/net/net.h"
#include "tests/unit/suite.h"

#include <stdlib.h>

enum { MANY = 5000 };

static struct flow_table table;
static struct flow flows[MANY];

static void setup(void)
{
	flow_table_init(&table, 7);
}

static void teardown(void)
{
	flow_table_clear(&table);
}

static const struct ip_address low = { { 10, 0, 0, 1 } }, high = { { 10, 0, 0, 2 } };

/* A flow that the port tells from others. */
static struct flow *add(size_t i, enum flow_queue queue, nt_time now)
{
	struct flow *flow = &flows[i];

	flow_key_make(&flow->key, 4, IP_PROTOCOL_TCP, 0, &low, (uint16_t)i, &high, 80);
	flow_insert(&table, flow, flow_hash(table.seed, &flow->key), queue, now);
	return flow;
}

static struct flow *find(size_t i)
{
	struct flow_key key;

	flow_key_make(&key, 4, IP_PROTOCOL_TCP, 0, &high, 80, &low, (uint16_t)i);
	return flow_find(&table, &key, flow_hash(table.seed, &key));
}

START_TEST(both_directions_have_one_key_and_two_sides)
{
	struct flow_key there, back;
	int side = flow_key_make(&there, 4, IP_PROTOCOL_TCP, 3, &high, 80, &low, 4000);

	ck_assert_int_eq(flow_key_make(&back, 4, IP_PROTOCOL_TCP, 3, &low, 4000, &high, 80), !side);
	ck_assert_mem_eq(&there, &back, sizeof there);
	ck_assert_mem_eq(&there.address[side], &high, sizeof high);
	ck_assert_uint_eq(there.port[side], 80);
}
END_TEST

START_TEST(ports_tell_the_sides_of_one_address_apart)
{
	struct flow_key there, back;
	int side = flow_key_make(&there, 4, IP_PROTOCOL_UDP, 0, &low, 9, &low, 8);

	ck_assert_int_eq(flow_key_make(&back, 4, IP_PROTOCOL_UDP, 0, &low, 8, &low, 9), !side);
	ck_assert_mem_eq(&there, &back, sizeof there);
	ck_assert_int_eq(flow_key_make(&there, 4, IP_PROTOCOL_UDP, 0, &low, 8, &low, 8), 0);
}
END_TEST

START_TEST(protocol_version_and_vantage_are_part_of_the_key)
{
	struct flow_key key, other[3];

	flow_key_make(&key, 4, IP_PROTOCOL_TCP, 0, &low, 1, &high, 2);
	flow_key_make(&other[0], 4, IP_PROTOCOL_UDP, 0, &low, 1, &high, 2);
	flow_key_make(&other[1], 6, IP_PROTOCOL_TCP, 0, &low, 1, &high, 2);
	flow_key_make(&other[2], 4, IP_PROTOCOL_TCP, 1, &low, 1, &high, 2);
	for (int i = 0; i < 3; i++)
		ck_assert_mem_ne(&key, &other[i], sizeof key);
}
END_TEST

START_TEST(every_flow_is_found_while_others_come_and_go)
{
	for (size_t i = 0; i < MANY; i++)
		add(i, FLOW_TCP_OPEN, 0);
	ck_assert_uint_eq(table.count, MANY);
	for (size_t i = 0; i < MANY; i += 3)
		flow_remove(&table, &flows[i]);
	for (size_t i = 0; i < MANY; i++)
		ck_assert_ptr_eq(find(i), i % 3 ? &flows[i] : NULL);
	for (size_t i = 0; i < MANY; i += 3)
		add(i, FLOW_TCP_OPEN, 0);
	for (size_t i = 0; i < MANY; i++)
		ck_assert_ptr_eq(find(i), &flows[i]);
}
END_TEST

static const uint64_t seeds[] = { 0, 1, 2, UINT64_MAX, UINT64_MAX - 1, UINT64_C(0x0123456789abcdef) };

START_TEST(every_word_counts_in_the_hash)
{
	uint64_t seed = seeds[_i], plain = hash_bytes(seed, "0123456789abcdefghi", 19);

	ck_assert_uint_ne(hash_bytes(seed, "x123456789abcdefghi", 19), plain);
	ck_assert_uint_ne(hash_bytes(seed, "01234567x9abcdefghi", 19), plain);
	ck_assert_uint_ne(hash_bytes(seed, "0123456789abcdefxhi", 19), plain);
	ck_assert_uint_ne(hash_bytes(seed, "0123456789abcdefghi", 18), plain);
	ck_assert_uint_ne(hash_bytes(seed + 2, "0123456789abcdefghi", 19), plain);
}
END_TEST

START_TEST(silence_ends_a_flow)
{
	struct flow *flow = add(1, FLOW_UDP, 0);

	ck_assert_ptr_null(flow_expired(&table, 100 * NT_SECOND));
	ck_assert_ptr_eq(flow_expired(&table, 3600 * NT_SECOND), flow);
}
END_TEST

START_TEST(packets_keep_a_flow_alive)
{
	struct flow *busy = add(1, FLOW_UDP, 0), *silent = add(2, FLOW_UDP, 0);

	busy->last = 3500 * NT_SECOND;
	ck_assert_ptr_eq(flow_expired(&table, 3600 * NT_SECOND), silent);
	flow_remove(&table, silent);
	ck_assert_ptr_null(flow_expired(&table, 3600 * NT_SECOND));
	ck_assert_ptr_eq(flow_expired(&table, 7200 * NT_SECOND), busy);
}
END_TEST

/* RFC 9293 3.8.4: the default keep-alive interval is no less than two hours. */
START_TEST(open_connection_outlives_a_keep_alive_interval)
{
	struct flow *flow = add(1, FLOW_TCP_OPEN, 0);

	ck_assert_ptr_null(flow_expired(&table, 7200 * NT_SECOND));
	flow_move(&table, flow, FLOW_TCP_CLOSED);
	ck_assert_ptr_eq(flow_expired(&table, 7200 * NT_SECOND), flow);
}
END_TEST

START_TEST(silent_longest_is_of_all_queues)
{
	struct flow *first = add(1, FLOW_TCP_OPEN, 10), *second = add(2, FLOW_UDP, 20), *third = add(3, FLOW_TCP_HALF_OPEN, 30);

	ck_assert_ptr_eq(flow_silent_longest(&table), first);
	flow_remove(&table, first);
	ck_assert_ptr_eq(flow_silent_longest(&table), second);
	flow_remove(&table, second);
	ck_assert_ptr_eq(flow_silent_longest(&table), third);
	flow_remove(&table, third);
	ck_assert_ptr_null(flow_silent_longest(&table));
}
END_TEST

START_TEST(packets_count_for_silent_longest)
{
	struct flow *busy = add(1, FLOW_TCP_OPEN, 10), *silent = add(2, FLOW_TCP_OPEN, 20);

	busy->last = 30;
	ck_assert_ptr_eq(flow_silent_longest(&table), silent);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("flow");
	TCase *all = tcase_create("flow");

	tcase_add_checked_fixture(all, setup, teardown);
	tcase_add_test(all, both_directions_have_one_key_and_two_sides);
	tcase_add_test(all, ports_tell_the_sides_of_one_address_apart);
	tcase_add_test(all, protocol_version_and_vantage_are_part_of_the_key);
	tcase_add_test(all, every_flow_is_found_while_others_come_and_go);
	tcase_add_loop_test(all, every_word_counts_in_the_hash, 0, sizeof seeds / sizeof *seeds);
	tcase_add_test(all, silence_ends_a_flow);
	tcase_add_test(all, packets_keep_a_flow_alive);
	tcase_add_test(all, open_connection_outlives_a_keep_alive_interval);
	tcase_add_test(all, silent_longest_is_of_all_queues);
	tcase_add_test(all, packets_count_for_silent_longest);
	suite_add_tcase(suite, all);
	return suite;
}
