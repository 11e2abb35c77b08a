/* The database of --store. */
#include "cli/store/store.h"
#include "tests/unit/suite.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/check_store.XXXXXX", path[sizeof folder + 16];
static struct store *store;

static void set_up(void)
{
	struct nt_error error;

	memcpy(folder + sizeof folder - 7, "XXXXXX", 7);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/trace.db", folder);
	ck_assert_msg(store_open(&store, path, &error) == NT_OK, "%s", error.text);
}

static void tear_down(void)
{
	store_free(store);
	unlink(path);
	rmdir(folder);
}

/* The first column of the first row of the finished database, as any program reads it; free() it. */
static char *ask(const char *question)
{
	const struct correlate_stats stats = { 0 };
	const struct trace_list list = { 0 };
	const struct output output = { .description = "", .headers = "none", .stats = &stats, .list = &list };
	struct nt_error error;
	sqlite3_stmt *statement;
	sqlite3 *database;
	char *answer;

	ck_assert_msg(store_finish(store, &output, &error) == NT_OK, "%s", error.text);
	ck_assert_int_eq(sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	ck_assert_msg(sqlite3_prepare_v2(database, question, -1, &statement, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(database));
	ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
	ck_assert_ptr_nonnull(sqlite3_column_text(statement, 0));
	answer = strdup((const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	sqlite3_close(database);
	return answer;
}

static void put_certificate(const struct bytes *names, size_t count)
{
	const struct trace_certificate certificate = {
		.not_before_s = INT64_MIN, .not_after_s = INT64_MIN, .names = names, .name_count = count
	};
	const struct trace_tls_tunnel tunnel = { .id = 1,
						 .handshake_begin = NT_TIME_NONE,
						 .handshake_end = NT_TIME_NONE,
						 .certificates = &certificate,
						 .certificate_count = 1 };

	store_sink.tls_tunnel(store, &tunnel);
}

START_TEST(all_names_of_a_certificate_are_kept)
{
	enum { COUNT = 5000 };
	static struct bytes names[COUNT];
	char *answer;

	for (size_t i = 0; i < COUNT; i++)
		names[i] = BYTES("host.example.org");
	names[COUNT - 1] = BYTES("last.example.org");
	put_certificate(names, COUNT);
	answer = ask("SELECT names FROM certificates");
	ck_assert_uint_eq(strlen(answer), COUNT * 17 - 1);
	ck_assert_str_eq(strrchr(answer, '\n') + 1, "last.example.org");
	free(answer);
}
END_TEST

START_TEST(a_name_with_a_line_feed_is_one_name)
{
	const struct bytes names[] = { BYTES("a.test\nwww.bank.test"), BYTES("b.test") };
	char *answer;

	put_certificate(names, 2);
	answer = ask("SELECT names FROM certificates");
	ck_assert_str_eq(answer, "a.test www.bank.test\nb.test");
	free(answer);
}
END_TEST

/* ---- the views ---- */

enum { SECOND = 1000000 }; /* in microseconds */

static void put_request(trace_id id, const char *url, uint16_t status, const char *error, int64_t total_us)
{
	const struct trace_http_request request = { .id = id,
						    .method = BYTES("GET"),
						    .url = { (const uint8_t *)url, strlen(url) },
						    .error = { (const uint8_t *)error, strlen(error) },
						    .status = status,
						    .req_sent = 1700000000 * NT_SECOND + id,
						    .resp_recv = NT_TIME_NONE,
						    .resp_end = NT_TIME_NONE,
						    .timing = { .total = total_us } };

	store_sink.http_request(store, &request);
}

START_TEST(slow_requests_took_a_second_or_longer)
{
	char *answer;

	put_request(1, "http://a.test/just", 200, "", SECOND);
	put_request(2, "http://a.test/fast", 200, "", SECOND - 1);
	put_request(3, "http://a.test/slowest", 200, "", 3 * SECOND);
	put_request(4, "http://a.test/unknown", 0, "no answer", -1);
	answer = ask("SELECT group_concat(id || ' ' || seconds || ' ' || url || ' ' || sent) FROM slow_requests");
	ck_assert_str_eq(answer,
			 "3 3.0 http://a.test/slowest 2023-11-14T22:13:20.000Z,1 1.0 http://a.test/just 2023-11-14T22:13:20.000Z");
	free(answer);
}
END_TEST

START_TEST(failed_requests_have_an_error_or_no_good_status)
{
	char *answer;

	put_request(4, "http://a.test/", 0, "no answer", -1);
	put_request(3, "http://a.test/", 400, "", 1);
	put_request(2, "http://a.test/", 399, "", 1);
	put_request(1, "http://a.test/", 200, "cut off", 1);
	answer = ask("SELECT group_concat(id) FROM failed_requests");
	ck_assert_str_eq(answer, "1,3,4");
	free(answer);
}
END_TEST

static void put_dial(trace_id id, const char *error)
{
	const struct trace_dial dial = { .id = id,
					 .begin = 1700000000 * NT_SECOND,
					 .end = 1700000002 * NT_SECOND,
					 .error = { (const uint8_t *)error, strlen(error) },
					 .host = BYTES("a.test"),
					 .port = 443 };

	store_sink.dial(store, &dial);
}

START_TEST(failed_dials_name_the_finding_that_is_their_cause)
{
	const struct trace_finding slow = { .code = FINDING_DNS_SLOW, .at = NT_TIME_NONE, .message = BYTES("slow"), .dial = 2 };
	const struct trace_finding refused = {
		.code = FINDING_TCP_REFUSED, .root_cause = true, .at = NT_TIME_NONE, .message = BYTES("refused"), .dial = 2
	};
	char *answer;

	put_dial(1, "");
	put_dial(2, "connection refused");
	put_dial(3, "nobody knows why");
	store_sink.finding(store, &slow);
	store_sink.finding(store, &refused);
	answer =
		ask("SELECT group_concat(id || ' ' || host || ' ' || seconds || ' ' || ifnull(finding, 'none')) FROM failed_dials");
	ck_assert_str_eq(answer, "2 a.test 2.0 tcp-refused,3 a.test 2.0 none");
	free(answer);
}
END_TEST

START_TEST(certificates_expiring_are_those_of_servers_within_thirty_days_of_their_end)
{
	enum { SEEN = 1700000000, DAY = 86400 };
	const struct trace_certificate chain[] = {
		{ .subject = BYTES("past"), .not_before_s = INT64_MIN, .not_after_s = SEEN - DAY },
		{ .subject = BYTES("soon"), .not_before_s = INT64_MIN, .not_after_s = SEEN + 30 * DAY - 1 },
		{ .subject = BYTES("later"), .not_before_s = INT64_MIN, .not_after_s = SEEN + 30 * DAY },
		{ .subject = BYTES("unreadable"), .not_before_s = INT64_MIN, .not_after_s = INT64_MIN },
	};
	struct trace_tls_tunnel tunnel = { .id = 1,
					   .handshake_begin = SEEN * NT_SECOND,
					   .handshake_end = NT_TIME_NONE,
					   .server_name = BYTES("a.test"),
					   .certificates = chain,
					   .certificate_count = 4,
					   .client_certificates = chain,
					   .client_certificate_count = 1 };
	char *answer;

	store_sink.tls_tunnel(store, &tunnel);
	tunnel.id = 2;
	tunnel.certificate_count = 1;
	store_sink.tls_tunnel(store, &tunnel);
	answer = ask("SELECT group_concat(subject || ' ' || server_name || ' ' || days_left || ' ' || handshakes) FROM "
		     "certificates_expiring");
	ck_assert_str_eq(answer, "past a.test -1.0 2,soon a.test 30.0 1");
	free(answer);
}
END_TEST

START_TEST(slow_lookups_are_replies_that_took_a_tenth_of_a_second_or_longer)
{
	const struct trace_dns_question question = { .name = BYTES("a.test."), .type = 1, .class = 1 };
	struct trace_dns_message messages[] = {
		{ .latency_us = -1 },
		{ .is_reply = true, .latency_us = SECOND / 10 - 1 },
		{ .is_reply = true, .latency_us = SECOND / 10 },
		{ .is_reply = true, .latency_us = 5 * SECOND, .rcode = 2 },
	};
	const struct trace_dns_query query = { .id = 7, .messages = messages, .message_count = 4 };
	char *answer;

	for (size_t i = 0; i < 4; i++) {
		messages[i].time = NT_TIME_NONE;
		messages[i].questions = &question;
		messages[i].question_count = 1;
	}
	store_sink.dns_query(store, &query);
	answer = ask("SELECT group_concat(seconds || ' ' || name || ' ' || type || ' ' || rcode || ' ' || id) FROM slow_lookups");
	ck_assert_str_eq(answer, "5.0 a.test. A server-fail 7,0.1 a.test. A no-error 7");
	free(answer);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("store");
	TCase *tests = tcase_create("all");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, all_names_of_a_certificate_are_kept);
	tcase_add_test(tests, a_name_with_a_line_feed_is_one_name);
	tcase_add_test(tests, slow_requests_took_a_second_or_longer);
	tcase_add_test(tests, failed_requests_have_an_error_or_no_good_status);
	tcase_add_test(tests, failed_dials_name_the_finding_that_is_their_cause);
	tcase_add_test(tests, certificates_expiring_are_those_of_servers_within_thirty_days_of_their_end);
	tcase_add_test(tests, slow_lookups_are_replies_that_took_a_tenth_of_a_second_or_longer);
	suite_add_tcase(suite, tests);
	return suite;
}
