/*
 * The thin layer over SQLite.
 */
#include "store/sql.h"
#include "tests/support/recordings.h"
#include "tests/unit/suite.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* An empty file that is open for writing. */
static struct sql *fresh(const char *name)
{
	const char *path = recordings_path(name);
	struct nt_error error = { 0 };
	struct sql *sql;
	int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(file, 0);
	close(file);
	ck_assert_int_eq(sql_open(&sql, path, SQL_WRITE, &error), NT_OK);
	return sql;
}

static void must_run(struct sql *sql, const char *script)
{
	struct nt_error error = { 0 };

	ck_assert_msg(sql_run(sql, script, &error) == NT_OK, "%s", error.text);
}

static int64_t ask(struct sql *sql, const char *query)
{
	int64_t value;

	ck_assert_int_eq(sql_query_int(sql, query, &value, NULL), NT_OK);
	return value;
}

START_TEST(parameters_and_columns_follow_the_text)
{
	struct sql *sql = fresh("values.db");
	struct sql_statement in, out;
	struct bytes bytes;

	must_run(sql, "CREATE TABLE t (a, b, c, d, e, f)");
	ck_assert_int_eq(sql_prepare(&in, sql, "INSERT INTO t VALUES (?,?,?,?,?,?)", NULL), NT_OK);
	for (int i = 0; i < 2; i++) {
		sql_bind_int(&in, INT64_MIN);
		sql_bind_text(&in, "text");
		sql_bind_bytes(&in, BYTES("a\0b"));
		sql_bind_bytes(&in, (struct bytes){ NULL, 0 });
		sql_bind_time(&in, NT_TIME_NONE);
		sql_bind_text(&in, NULL);
		ck_assert_int_eq(sql_do(&in, NULL), NT_OK);
	}
	sql_finalize(&in);
	ck_assert_int_eq(sql_prepare(&out, sql, "SELECT * FROM t", NULL), NT_OK);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(sql_step(&out, NULL), NT_OK);
		ck_assert_int_eq(sql_take_int(&out), INT64_MIN);
		ck_assert_str_eq(sql_take_text(&out), "text");
		bytes = sql_take_bytes(&out);
		ck_assert(bytes_equal(bytes, BYTES("a\0b")));
		ck_assert(!sql_next_is_null(&out));
		bytes = sql_take_bytes(&out);
		ck_assert_uint_eq(bytes.size, 0);
		ck_assert_int_eq(sql_take_time(&out), NT_TIME_NONE);
		ck_assert_ptr_null(sql_take_text(&out));
	}
	ck_assert_int_eq(sql_step(&out, NULL), NT_END);
	sql_finalize(&out);
	sql_close(sql);
}
END_TEST

START_TEST(inner_transaction_commits_with_the_outer)
{
	struct sql *sql = fresh("nested.db");

	must_run(sql, "CREATE TABLE t (a)");
	ck_assert_int_eq(sql_begin(sql, NULL), NT_OK);
	ck_assert_int_eq(sql_begin(sql, NULL), NT_OK);
	must_run(sql, "INSERT INTO t VALUES (1)");
	ck_assert_int_eq(sql_commit(sql, NULL), NT_OK);
	ck_assert_uint_eq(sql_depth(sql), 1);
	ck_assert_str_eq(ask_sqlite(recordings_path("nested.db"), "SELECT count(*) FROM t"), "0");
	ck_assert_int_eq(sql_commit(sql, NULL), NT_OK);
	ck_assert_uint_eq(sql_depth(sql), 0);
	ck_assert_str_eq(ask_sqlite(recordings_path("nested.db"), "SELECT count(*) FROM t"), "1");
	sql_close(sql);
}
END_TEST

START_TEST(inner_rollback_dooms_the_outer)
{
	struct nt_error error = { 0 };
	struct sql *sql = fresh("doomed.db");

	must_run(sql, "CREATE TABLE t (a)");
	ck_assert_int_eq(sql_begin(sql, NULL), NT_OK);
	must_run(sql, "INSERT INTO t VALUES (1)");
	ck_assert_int_eq(sql_begin(sql, NULL), NT_OK);
	sql_rollback(sql);
	ck_assert_int_eq(sql_commit(sql, &error), NT_EUSAGE);
	ck_assert_uint_eq(sql_depth(sql), 0);
	ck_assert_int_eq(ask(sql, "SELECT count(*) FROM t"), 0);

	ck_assert_int_eq(sql_begin(sql, NULL), NT_OK);
	must_run(sql, "INSERT INTO t VALUES (1)");
	ck_assert_int_eq(sql_commit(sql, NULL), NT_OK);
	ck_assert_int_eq(ask(sql, "SELECT count(*) FROM t"), 1);
	sql_close(sql);
}
END_TEST

START_TEST(statement_left_open_is_complained_of)
{
	struct sql *sql = fresh("open.db");
	struct sql_statement s;

	ck_assert_int_eq(sql_prepare(&s, sql, "SELECT 1", NULL), NT_OK);
	freopen("/dev/null", "w", stderr);
	sql_close(sql);
}
END_TEST

START_TEST(sentence_names_the_file_and_what_to_do)
{
	struct nt_error error = { 0 };
	struct sql *sql = fresh("locked.db"), *other;

	must_run(sql, "CREATE TABLE t (a)");
	ck_assert_int_eq(sql_begin(sql, NULL), NT_OK);
	ck_assert_int_eq(sql_open(&other, recordings_path("locked.db"), SQL_WRITE, NULL), NT_OK);
	ck_assert_int_eq(sql_begin(other, &error), NT_EIO);
	ck_assert(sql_was_busy(other));
	ck_assert_int_eq(strncmp(error.text, recordings_path("locked.db"), strlen(recordings_path("locked.db"))), 0);
	ck_assert_ptr_nonnull(strstr(error.text, "choose another file"));
	sql_close(other);
	sql_rollback(sql);
	sql_close(sql);
}
END_TEST

START_TEST(name_is_taken_as_it_is)
{
	static const char *const names[] = { "file:x?mode=memory", "%41", "#a b", "\xc3\xa4?" };

	ck_assert_int_eq(chdir(recordings_path("")), 0);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct nt_error error = { 0 };
		struct stat info;
		struct sql *sql;
		int file = open(names[i], O_RDWR | O_CREAT, 0600);

		close(file);
		ck_assert_msg(sql_open(&sql, names[i], SQL_WRITE, &error) == NT_OK, "%s", error.text);
		must_run(sql, "CREATE TABLE t (a)");
		sql_close(sql);
		ck_assert_int_eq(stat(names[i], &info), 0);
		ck_assert_int_gt(info.st_size, 0);
	}
}
END_TEST

START_TEST(guard_ends_a_statement_that_computes_for_ever)
{
	struct nt_error error = { 0 };
	struct sql *sql = fresh("forever.db");
	int64_t value;

	sql_guard(sql);
	ck_assert_int_eq(
		sql_query_int(sql, "WITH r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r", &value, &error),
		NT_EDAMAGED);
	ck_assert_ptr_nonnull(strstr(error.text, "does not come to an end"));
	ck_assert_int_eq(ask(sql, "SELECT 5"), 5);
	sql_close(sql);
}
END_TEST

START_TEST(guard_ends_a_statement_whose_rows_are_costly)
{
	struct nt_error error = { 0 };
	struct sql *sql = fresh("costly.db");
	int64_t value;

	sql_guard(sql);
	ck_assert_int_eq(sql_query_int(sql,
				       "WITH r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r)"
				       " SELECT sum(length(hex(zeroblob(8000000 + n % 2)))) FROM r",
				       &value, &error),
			 NT_EDAMAGED);
	ck_assert_ptr_nonnull(strstr(error.text, "does not come to an end"));
	sql_close(sql);
}
END_TEST

START_TEST(value_that_is_too_long_fails_its_row_only)
{
	struct nt_error error = { 0 };
	struct sql *sql = fresh("long.db");
	struct sql_statement s;
	static uint8_t much[20 * 1024 * 1024];

	must_run(sql, "CREATE TABLE t (a)");
	ck_assert_int_eq(sql_prepare(&s, sql, "INSERT INTO t VALUES (?)", NULL), NT_OK);
	sql_bind_bytes(&s, (struct bytes){ much, sizeof much });
	ck_assert_int_eq(sql_do(&s, &error), NT_EIO);
	sql_bind_int(&s, 7);
	ck_assert_int_eq(sql_do(&s, NULL), NT_OK);
	sql_finalize(&s);
	ck_assert_int_eq(ask(sql, "SELECT sum(a) FROM t"), 7);
	sql_close(sql);
}
END_TEST

static void make_directory(void)
{
	recordings_make();
}

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("sql");
	TCase *tcase = tcase_create("sql");

	tcase_add_unchecked_fixture(tcase, make_directory, recordings_remove);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, parameters_and_columns_follow_the_text);
	tcase_add_test(tcase, inner_transaction_commits_with_the_outer);
	tcase_add_test(tcase, inner_rollback_dooms_the_outer);
	tcase_add_test_raise_signal(tcase, statement_left_open_is_complained_of, SIGABRT);
	tcase_add_test(tcase, sentence_names_the_file_and_what_to_do);
	tcase_add_test(tcase, name_is_taken_as_it_is);
	tcase_add_test(tcase, guard_ends_a_statement_that_computes_for_ever);
	tcase_add_test(tcase, guard_ends_a_statement_whose_rows_are_costly);
	tcase_add_test(tcase, value_that_is_too_long_fails_its_row_only);
	suite_add_tcase(suite, tcase);
	return suite;
}
