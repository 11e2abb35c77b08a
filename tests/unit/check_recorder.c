#include "cli/agent/recorder.h"
#include "tests/unit/suite.h"

static const int64_t monotonic = 7 * NT_SECOND;
static const nt_time wall = 1700000000 * NT_SECOND;

START_TEST(what_has_just_been_seen_is_committed_after_the_delay)
{
	ck_assert_int_eq(recorder_commit_due(monotonic, wall, wall), monotonic + RECORDING_DELAY);
}
END_TEST

START_TEST(what_has_waited_is_committed_the_sooner)
{
	ck_assert_int_eq(recorder_commit_due(monotonic, wall, wall - RECORDING_DELAY / 3),
			 monotonic + RECORDING_DELAY - RECORDING_DELAY / 3);
}
END_TEST

START_TEST(what_has_waited_for_long_is_not_committed_at_once)
{
	ck_assert_int_eq(recorder_commit_due(monotonic, wall, wall - RECORDING_DELAY), monotonic + RECORDING_DELAY / 4);
	ck_assert_int_eq(recorder_commit_due(monotonic, wall, 0), monotonic + RECORDING_DELAY / 4);
	ck_assert_int_eq(recorder_commit_due(monotonic, wall, NT_TIME_NONE + 1), monotonic + RECORDING_DELAY / 4);
}
END_TEST

START_TEST(a_record_of_the_future_or_of_no_time_has_not_waited)
{
	ck_assert_int_eq(recorder_commit_due(monotonic, wall, wall + 3600 * NT_SECOND), monotonic + RECORDING_DELAY);
	ck_assert_int_eq(recorder_commit_due(monotonic, wall, NT_TIME_NONE), monotonic + RECORDING_DELAY);
}
END_TEST

START_TEST(a_record_tells_when_it_was_seen)
{
	static const uint8_t byte = 0;
	const struct recording_packet packet = { .time = wall, .captured = 1, .size = 1, .data = &byte };
	const struct recording_event event = { .time = wall + 1, .kind = "suspended" };
	const struct recording_statistics statistics = { .time = wall + 2 };
	const struct conntrack_entry entry = { .time = wall + 3 };
	struct ring *ring = ring_new(RECORD_RING_SIZE);
	void *record;
	size_t size;

	ck_assert(record_packet(ring, &packet) && record_event(ring, &event) && record_statistics(ring, &statistics) &&
		  record_conntrack(ring, &entry) && record_keys(ring, BYTES("CLIENT_RANDOM 00 11\n")));
	ring_close(ring);
	for (nt_time time = wall; time <= wall + 3; time++) {
		ck_assert_int_eq(ring_next(ring, 0, &record, &size), NT_OK);
		ck_assert_int_eq(record_time(record), time);
	}
	ck_assert_int_eq(ring_next(ring, 0, &record, &size), NT_OK);
	ck_assert_int_eq(record_time(record), NT_TIME_NONE);
	ck_assert_int_eq(ring_next(ring, 0, &record, &size), NT_END);
	ring_free(ring);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("recorder");
	TCase *due = tcase_create("when to commit");

	tcase_add_test(due, what_has_just_been_seen_is_committed_after_the_delay);
	tcase_add_test(due, what_has_waited_is_committed_the_sooner);
	tcase_add_test(due, what_has_waited_for_long_is_not_committed_at_once);
	tcase_add_test(due, a_record_of_the_future_or_of_no_time_has_not_waited);
	tcase_add_test(due, a_record_tells_when_it_was_seen);
	suite_add_tcase(suite, due);
	return suite;
}
