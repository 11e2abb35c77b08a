#include "cli/timestamp.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <time.h>

static const nt_time begin = INT64_C(1671787065260618344);

static const struct {
	nt_time begin, time;
	const char *text;
} timestamp_cases[] = {
	{ begin, begin, "+0ms" },
	{ begin, begin + NT_MILLISECOND - 1, "+0ms" },
	{ begin, begin + NT_MILLISECOND, "+1ms" },
	{ begin, begin + 1241 * NT_MILLISECOND + 999999, "+1241ms" },
	{ begin, begin + UINT32_MAX *NT_MILLISECOND, "+4294967295ms" },
	{ begin, begin + (UINT32_MAX + INT64_C(1)) * NT_MILLISECOND, "2023-02-11T02:20:32.556618344Z" },
	{ begin, begin - 1, "2022-12-23T09:17:45.260618343Z" },
	{ begin, NT_TIME_NONE, "undefined" },
	{ NT_TIME_NONE, begin, "2022-12-23T09:17:45.260618344Z" },
	{ NT_TIME_NONE, NT_TIME_NONE, "undefined" },
	{ -NT_SECOND, 0, "+1000ms" },
	{ NT_TIME_NONE + 1, INT64_MAX, "2262-04-11T23:47:16.854775807Z" },
	{ INT64_MAX, NT_TIME_NONE + 1, "1677-09-21T00:12:43.145224193Z" },
};

START_TEST(timestamp_is_relative_where_it_can_be)
{
	char text[TIMESTAMP_SIZE];

	ck_assert_str_eq(timestamp_text(timestamp_cases[_i].begin, timestamp_cases[_i].time, text), timestamp_cases[_i].text);
}
END_TEST

static const struct {
	int64_t seconds;
	const char *text;
} seconds_cases[] = {
	{ 0, "1970-01-01T00:00:00Z" },
	{ -1, "1969-12-31T23:59:59Z" },
	{ 951782400, "2000-02-29T00:00:00Z" },
	{ INT64_C(4107542399), "2100-02-28T23:59:59Z" },
	{ INT64_C(4107542400), "2100-03-01T00:00:00Z" },
	{ INT64_C(253402300799), "9999-12-31T23:59:59Z" },
	{ INT64_C(253402300800), "9999-12-31T23:59:59Z" },
	{ INT64_MAX, "9999-12-31T23:59:59Z" },
	{ INT64_C(-62167219200), "0000-01-01T00:00:00Z" },
	{ INT64_C(-62167219201), "0000-01-01T00:00:00Z" },
	{ INT64_C(-62162121600), "0000-02-29T00:00:00Z" },
	{ INT64_MIN + 1, "0000-01-01T00:00:00Z" },
	{ INT64_MIN, "undefined" },
};

START_TEST(seconds_are_dates_of_the_years_0_to_9999)
{
	char text[TIMESTAMP_SIZE];

	ck_assert_str_eq(timestamp_seconds_text(seconds_cases[_i].seconds, text), seconds_cases[_i].text);
}
END_TEST

START_TEST(every_day_of_eight_centuries_agrees_with_the_c_library)
{
	for (int64_t day = -150000; day < 150000; day++) {
		char text[TIMESTAMP_SIZE], expected[TIMESTAMP_SIZE];
		time_t seconds = day * 86400 + 86399;
		struct tm tm;

		gmtime_r(&seconds, &tm);
		strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%SZ", &tm);
		ck_assert_str_eq(timestamp_seconds_text(seconds, text), expected);
	}
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("timestamp");
	TCase *tcase = tcase_create("text");

	tcase_add_loop_test(tcase, timestamp_is_relative_where_it_can_be, 0, sizeof timestamp_cases / sizeof timestamp_cases[0]);
	tcase_add_loop_test(tcase, seconds_are_dates_of_the_years_0_to_9999, 0, sizeof seconds_cases / sizeof seconds_cases[0]);
	tcase_add_test(tcase, every_day_of_eight_centuries_agrees_with_the_c_library);
	suite_add_tcase(suite, tcase);
	return suite;
}
