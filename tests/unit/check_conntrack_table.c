#include "correlate/conntrack_table.h"
#include "tests/support/scene.h"
#include "tests/unit/suite.h"

#include <string.h>

enum { TCP = 6, UDP = 17 };

static const nt_time start = INT64_C(1700000000) * NT_SECOND;

static struct conntrack_table *table;
static struct limit_hits hits;

static void set_up(void)
{
	memset(&hits, 0, sizeof hits);
	table = conntrack_table_new(42, &hits);
}

static void tear_down(void)
{
	conntrack_table_free(table);
}

static struct address_tuple tuple(const char *source, uint16_t source_port, const char *destination, uint16_t destination_port)
{
	struct address_tuple t = { .source_port = source_port, .destination_port = destination_port };

	ck_assert(ip_address_parse(source, &t.ip_version, &t.source));
	ck_assert(ip_address_parse(destination, &t.ip_version, &t.destination));
	return t;
}

static struct address_tuple inside(void)
{
	return tuple("10.0.0.1", 40000, "192.0.2.80", 80);
}

/* What answers, without translation. */
static struct address_tuple reversed(struct address_tuple t)
{
	return (struct address_tuple){ .ip_version = t.ip_version,
				       .source = t.destination,
				       .destination = t.source,
				       .source_port = t.destination_port,
				       .destination_port = t.source_port };
}

static struct conntrack_entry entry(enum conntrack_kind kind, nt_time time, uint32_t id)
{
	return (struct conntrack_entry){ .kind = kind,
					 .time = time,
					 .id = id,
					 .protocol = TCP,
					 .original = inside(),
					 .reply = reversed(inside()),
					 .status = CONNTRACK_CONFIRMED,
					 .start = NT_TIME_NONE,
					 .stop = NT_TIME_NONE };
}

static void tell(enum conntrack_kind kind, nt_time time, uint32_t id)
{
	struct conntrack_entry e = entry(kind, time, id);

	conntrack_table_add(table, &e);
}

static const struct conntrack_entry *find(nt_time first, nt_time last, bool begins)
{
	const struct conntrack_flow flow = { .protocol = TCP, .tuple = inside(), .first = first, .last = last, .begins = begins };

	return conntrack_table_find(table, &flow);
}

static uint32_t found_id(nt_time first, nt_time last, bool begins)
{
	const struct conntrack_entry *found = find(first, last, begins);

	return found ? found->id : 0;
}

/* ---- one entry ---- */

START_TEST(last_state_keeps_the_counters_of_the_one_that_has_them)
{
	struct conntrack_entry e = entry(CONNTRACK_DUMP, start + NT_SECOND, 7);
	const struct conntrack_entry *found;

	tell(CONNTRACK_NEW, start, 7);
	e.has_counters = e.has_tcp_state = true;
	e.packets[0] = 6;
	e.bytes[1] = 488;
	e.tcp_state = CONNTRACK_TCP_ESTABLISHED;
	conntrack_table_add(table, &e);
	e = entry(CONNTRACK_UPDATE, start + 2 * NT_SECOND, 7);
	e.status = CONNTRACK_CONFIRMED | CONNTRACK_ASSURED;
	e.has_tcp_state = true;
	e.tcp_state = CONNTRACK_TCP_TIME_WAIT;
	e.mark = 9;
	conntrack_table_add(table, &e);
	found = find(start, start + NT_SECOND, true);
	ck_assert_ptr_nonnull(found);
	ck_assert(found->has_counters);
	ck_assert_uint_eq(found->packets[0], 6);
	ck_assert_uint_eq(found->bytes[1], 488);
	ck_assert_uint_eq(found->status, CONNTRACK_CONFIRMED | CONNTRACK_ASSURED);
	ck_assert_int_eq(found->tcp_state, CONNTRACK_TCP_TIME_WAIT);
	ck_assert_uint_eq(found->mark, 9);
	ck_assert_int_eq(found->time, start + 2 * NT_SECOND);
}
END_TEST

START_TEST(later_counters_win)
{
	struct conntrack_entry e = entry(CONNTRACK_DUMP, start, 7);

	e.has_counters = true;
	e.packets[0] = 1;
	conntrack_table_add(table, &e);
	e.kind = CONNTRACK_DESTROY;
	e.packets[0] = 5;
	conntrack_table_add(table, &e);
	ck_assert_uint_eq(find(start, start, true)->packets[0], 5);
}
END_TEST

START_TEST(destroy_without_a_state_leaves_the_last_one)
{
	struct conntrack_entry e = entry(CONNTRACK_UPDATE, start, 7);

	e.has_tcp_state = true;
	e.tcp_state = CONNTRACK_TCP_CLOSE;
	conntrack_table_add(table, &e);
	e = entry(CONNTRACK_DESTROY, start + 1, 7);
	e.status = 0;
	conntrack_table_add(table, &e);
	ck_assert_int_eq(find(start, start, true)->tcp_state, CONNTRACK_TCP_CLOSE);
	ck_assert_uint_eq(find(start, start, true)->status, CONNTRACK_CONFIRMED);
}
END_TEST

START_TEST(nothing_is_found_for_others)
{
	const struct conntrack_flow others[] = {
		{ .protocol = UDP, .tuple = inside(), .first = start, .last = start },
		{ .protocol = TCP, .tuple = tuple("10.0.0.1", 40001, "192.0.2.80", 80), .first = start, .last = start },
		{ .protocol = TCP, .tuple = tuple("10.0.0.2", 40000, "192.0.2.80", 80), .first = start, .last = start },
	};

	ck_assert_ptr_null(conntrack_table_find(NULL, &others[0]));
	tell(CONNTRACK_NEW, start, 7);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		ck_assert_ptr_null(conntrack_table_find(table, &others[i]));
	ck_assert_uint_eq(found_id(start, start, true), 7);
}
END_TEST

/* ---- translation ---- */

START_TEST(packets_behind_the_translation_find_it_by_the_reply)
{
	struct conntrack_entry e = entry(CONNTRACK_NEW, start, 7);
	struct conntrack_flow flow = { .protocol = TCP, .first = start, .last = start, .begins = true };

	e.reply = tuple("192.0.2.80", 80, "198.51.100.1", 61000);
	conntrack_table_add(table, &e);
	flow.tuple = reversed(e.reply);
	ck_assert_ptr_nonnull(conntrack_table_find(table, &flow));
	flow.tuple = e.reply; /* a capture that took the server for the client */
	ck_assert_ptr_nonnull(conntrack_table_find(table, &flow));
	flow.tuple = inside();
	ck_assert_ptr_nonnull(conntrack_table_find(table, &flow));
	flow.tuple = reversed(inside());
	ck_assert_ptr_null(conntrack_table_find(table, &(struct conntrack_flow){ .protocol = UDP, .tuple = flow.tuple }));
}
END_TEST

/* ---- ports that are used again ---- */

START_TEST(each_of_two_connections_gets_its_own_entry)
{
	tell(CONNTRACK_NEW, start, 7);
	tell(CONNTRACK_DESTROY, start + 10 * NT_SECOND, 7);
	tell(CONNTRACK_NEW, start + 10 * NT_SECOND + 1, 7); /* the kernel's ids come again, too */
	tell(CONNTRACK_UPDATE, start + 11 * NT_SECOND, 7);
	ck_assert_int_eq(find(start, start + 9 * NT_SECOND, true)->kind, CONNTRACK_DESTROY);
	ck_assert_int_eq(find(start + 10 * NT_SECOND + 2, start + 11 * NT_SECOND, true)->kind, CONNTRACK_UPDATE);
}
END_TEST

START_TEST(entry_that_ended_before_is_not_taken)
{
	tell(CONNTRACK_NEW, start, 7);
	tell(CONNTRACK_DESTROY, start + NT_SECOND, 7);
	ck_assert_ptr_null(find(start + 10 * NT_SECOND, start + 11 * NT_SECOND, true));
	ck_assert_ptr_null(find(start + 10 * NT_SECOND, start + 11 * NT_SECOND, false));
}
END_TEST

START_TEST(entry_that_begins_after_is_not_taken)
{
	tell(CONNTRACK_NEW, start + 10 * NT_SECOND, 7);
	ck_assert_ptr_null(find(start, start + NT_SECOND, true));
}
END_TEST

START_TEST(entry_that_a_syn_replaced_is_not_taken)
{
	tell(CONNTRACK_NEW, start, 7);
	tell(CONNTRACK_DESTROY, start + 50 * NT_SECOND + 1, 7); /* by the SYN of the next connection, whose own events are lost */
	ck_assert_ptr_null(find(start + 50 * NT_SECOND, start + 51 * NT_SECOND, true));
}
END_TEST

START_TEST(entry_not_heard_of_since_the_syn_is_not_taken)
{
	tell(CONNTRACK_NEW, start, 7);
	tell(CONNTRACK_UPDATE, start + NT_SECOND, 7);
	ck_assert_ptr_null(find(start + 50 * NT_SECOND, start + 51 * NT_SECOND, true));
	ck_assert_uint_eq(found_id(start + 50 * NT_SECOND, start + 51 * NT_SECOND, false), 7); /* open before the capture */
}
END_TEST

START_TEST(start_in_a_listing_tells_generations_apart)
{
	struct conntrack_entry e = entry(CONNTRACK_DUMP, start + 100 * NT_SECOND, 0);

	tell(CONNTRACK_NEW, start, 0);
	e.start = start + 60 * NT_SECOND;
	e.mark = 5;
	conntrack_table_add(table, &e);
	ck_assert_uint_eq(find(start, start + NT_SECOND, true)->mark, 0);
	ck_assert_uint_eq(find(start + 60 * NT_SECOND, start + 61 * NT_SECOND, true)->mark, 5);
}
END_TEST

START_TEST(zones_are_kept_apart)
{
	struct conntrack_entry e = entry(CONNTRACK_UPDATE, start, 0);

	tell(CONNTRACK_NEW, start, 0);
	e.zone = 3;
	e.mark = 5;
	e.start = start + NT_SECOND / 2;
	conntrack_table_add(table, &e);
	ck_assert_uint_eq(find(start, start + 1, true)->mark, 0);
}
END_TEST

START_TEST(extreme_times_are_no_trouble)
{
	const nt_time extremes[] = { INT64_MIN + 1, -1, 0, INT64_MAX };

	for (int i = 0; i < 4; i++)
		for (int j = 0; j < 4; j++) {
			struct conntrack_entry e = entry(CONNTRACK_DUMP, extremes[i], 0);

			e.start = extremes[j];
			conntrack_table_add(table, &e);
			(void)find(extremes[j], extremes[i], true);
		}
	ck_assert_ptr_nonnull(find(0, 0, false));
}
END_TEST

/* ---- bounds ---- */

START_TEST(table_grows_and_forgets_the_oldest)
{
	struct conntrack_flow flow = { .protocol = UDP, .first = start, .last = start };

	for (uint32_t i = 0; i < LIMIT_CONNTRACK + 10; i++) {
		struct conntrack_entry e = entry(CONNTRACK_NEW, start, i + 1);

		e.protocol = UDP;
		e.original.source.bytes[1] = (uint8_t)(i >> 16);
		e.original.source_port = (uint16_t)i;
		e.reply = reversed(e.original);
		conntrack_table_add(table, &e);
		flow.tuple = e.original;
	}
	ck_assert_uint_eq(conntrack_table_find(table, &flow)->id, LIMIT_CONNTRACK + 10);
	ck_assert_uint_eq(hits.count[LIMIT_CONNTRACK_HIT], 10);
	flow.tuple.source.bytes[1] = 0;
	flow.tuple.source_port = 9;
	ck_assert_ptr_null(conntrack_table_find(table, &flow));
	flow.tuple.source_port = 10;
	ck_assert_uint_eq(conntrack_table_find(table, &flow)->id, 11);
}
END_TEST

START_TEST(generations_of_one_key_are_bounded_either_way)
{
	struct conntrack_flow flow = { .protocol = TCP, .first = start, .last = start };

	for (uint32_t i = 0; i < 100000; i++) {
		struct conntrack_entry e = entry(CONNTRACK_NEW, start + i * NT_SECOND, i + 1);

		if (_i) {
			e.original.source_port = (uint16_t)i;
			e.reply = tuple("192.0.2.80", 80, "198.51.100.1", 61000);
		}
		conntrack_table_add(table, &e);
		flow.tuple = reversed(e.reply);
	}
	ck_assert_uint_eq(hits.count[LIMIT_CONNTRACK_HIT], 0);
	ck_assert_ptr_null(conntrack_table_find(table, &flow));
	flow.first = flow.last = start + 99998 * NT_SECOND;
	ck_assert_uint_eq(conntrack_table_find(table, &flow)->id, 99999);
}
END_TEST

/* ---- joined with packets ---- */

static struct conntrack_entry scene_entry(enum conntrack_kind kind, nt_time time)
{
	struct conntrack_entry e = entry(kind, time, 7);

	e.original = tuple("10.0.0.1", 40000, "10.0.0.2", 80);
	e.reply = tuple("10.0.0.2", 80, "198.51.100.1", 61000);
	return e;
}

START_TEST(connection_gets_its_entry_and_the_list_a_copy_of_it)
{
	struct conntrack_entry new_entry = scene_entry(CONNTRACK_NEW, SCENE_START),
			       end = scene_entry(CONNTRACK_DESTROY, SCENE_START);
	struct scene s;

	scene_begin(&s);
	struct scene_tcp t = scene_tcp(&s, 40000, 80);
	scene_open(&t);
	correlator_conntrack(s.correlator, &new_entry);
	scene_close(&t);
	end.has_counters = true;
	end.packets[0] = 3;
	end.time = s.clock;
	correlator_conntrack(s.correlator, &end);
	end.packets[0] = 99;
	scene_end(&s);
	ck_assert_uint_eq(s.got.tcp_conn_count, 1);
	ck_assert_ptr_nonnull(s.got.tcp_conns[0].conntrack);
	ck_assert_uint_eq(s.got.tcp_conns[0].conntrack->packets[0], 3);
	ck_assert_int_eq(s.got.tcp_conns[0].conntrack->kind, CONNTRACK_DESTROY);
	scene_free(&s);
}
END_TEST

START_TEST(closed_connection_waits_for_the_last_word)
{
	struct conntrack_entry new_entry = scene_entry(CONNTRACK_NEW, SCENE_START),
			       end = scene_entry(CONNTRACK_DESTROY, SCENE_START);
	struct scene s;

	scene_begin(&s);
	struct scene_tcp t = scene_tcp(&s, 40000, 80), other = scene_tcp(&s, 50000, 80);
	scene_open(&t);
	correlator_conntrack(s.correlator, &new_entry);
	scene_close(&t);
	for (int i = 0; i < 6; i++) { /* 120 s, as TIME_WAIT has */
		scene_wait(&s, 20 * NT_SECOND);
		scene_syn(&other);
	}
	end.has_counters = true;
	end.time = s.clock;
	correlator_conntrack(s.correlator, &end);
	scene_end(&s);
	ck_assert(s.got.tcp_conns[0].conntrack->has_counters);
	scene_free(&s);
}
END_TEST

START_TEST(udp_flow_gets_its_entry)
{
	struct conntrack_entry e = scene_entry(CONNTRACK_NEW, SCENE_START);
	struct scene s;

	scene_begin(&s);
	e.protocol = UDP;
	scene_udp(&s, "10.0.0.1", 40000, "10.0.0.2", 80, "hello", 5);
	correlator_conntrack(s.correlator, &e);
	scene_udp(&s, "10.0.0.1", 40001, "10.0.0.2", 80, "hello", 5);
	scene_end(&s);
	ck_assert_uint_eq(s.got.udp_conn_count, 2);
	ck_assert_ptr_nonnull(s.got.udp_conns[0].conntrack);
	ck_assert_ptr_null(s.got.udp_conns[1].conntrack);
	scene_free(&s);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("conntrack_table");
	TCase *tcase = tcase_create("all");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, last_state_keeps_the_counters_of_the_one_that_has_them);
	tcase_add_test(tcase, later_counters_win);
	tcase_add_test(tcase, destroy_without_a_state_leaves_the_last_one);
	tcase_add_test(tcase, nothing_is_found_for_others);
	tcase_add_test(tcase, packets_behind_the_translation_find_it_by_the_reply);
	tcase_add_test(tcase, each_of_two_connections_gets_its_own_entry);
	tcase_add_test(tcase, entry_that_ended_before_is_not_taken);
	tcase_add_test(tcase, entry_that_begins_after_is_not_taken);
	tcase_add_test(tcase, entry_that_a_syn_replaced_is_not_taken);
	tcase_add_test(tcase, entry_not_heard_of_since_the_syn_is_not_taken);
	tcase_add_test(tcase, start_in_a_listing_tells_generations_apart);
	tcase_add_test(tcase, zones_are_kept_apart);
	tcase_add_test(tcase, extreme_times_are_no_trouble);
	tcase_add_test(tcase, table_grows_and_forgets_the_oldest);
	tcase_add_loop_test(tcase, generations_of_one_key_are_bounded_either_way, 0, 2);
	tcase_add_test(tcase, connection_gets_its_entry_and_the_list_a_copy_of_it);
	tcase_add_test(tcase, closed_connection_waits_for_the_last_word);
	tcase_add_test(tcase, udp_flow_gets_its_entry);
	suite_add_tcase(suite, tcase);
	return suite;
}
