/* The database of --store. */
#include "cli/store/store.h"
#include "store/sql.h"
#include "tests/unit/suite.h"

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

/* The first column of the first row of the finished database; free() it. */
static char *ask(const char *question)
{
	const struct correlate_stats stats = { 0 };
	const struct trace_list list = { 0 };
	const struct output output = { .description = "", .headers = "none", .stats = &stats, .list = &list };
	struct sql_statement statement = { 0 };
	struct nt_error error;
	struct sql *sql;
	char *answer;

	ck_assert_msg(store_finish(store, &output, &error) == NT_OK, "%s", error.text);
	ck_assert_int_eq(sql_open(&sql, path, SQL_READ, &error), NT_OK);
	ck_assert_int_eq(sql_prepare(&statement, sql, question, &error), NT_OK);
	ck_assert_int_eq(sql_step(&statement, &error), NT_OK);
	answer = strdup(sql_take_text(&statement));
	sql_finalize(&statement);
	sql_close(sql);
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

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("store");
	TCase *tests = tcase_create("all");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, all_names_of_a_certificate_are_kept);
	tcase_add_test(tests, a_name_with_a_line_feed_is_one_name);
	suite_add_tcase(suite, tests);
	return suite;
}
