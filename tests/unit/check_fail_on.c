#include "cli/fail_on.h"
#include "tests/unit/suite.h"

#include <string.h>

static struct fail_on fail_on;
static struct nt_error error;

static void set_up(void)
{
	fail_on = (struct fail_on){ 0 };
	error = (struct nt_error){ 0 };
}

static bool names(enum finding_code code, enum finding_severity severity)
{
	return fail_on_names(&fail_on, &(struct trace_finding){ .code = code, .severity = severity });
}

START_TEST(lists_name_codes_whatever_their_severity)
{
	ck_assert_int_eq(fail_on_add(&fail_on, "http-4xx,tcp-refused", &error), NT_OK);
	ck_assert_int_eq(fail_on_add(&fail_on, "dns-slow", &error), NT_OK);
	ck_assert(names(FINDING_HTTP_4XX, FINDING_ERROR) && names(FINDING_TCP_REFUSED, FINDING_INFO));
	ck_assert(names(FINDING_DNS_SLOW, FINDING_WARNING));
	ck_assert(!names(FINDING_HTTP_5XX, FINDING_ERROR));
}
END_TEST

static const struct {
	const char *word;
	bool errors, warnings, notes;
} severities[] = {
	{ "error", true, false, false }, { "warning", true, true, false }, { "info", true, true, true }, { "any", true, true, true }
};

START_TEST(severities_stand_for_worse_ones_too)
{
	ck_assert_int_eq(fail_on_add(&fail_on, severities[_i].word, &error), NT_OK);
	ck_assert_int_eq(names(FINDING_HTTP_4XX, FINDING_ERROR), severities[_i].errors);
	ck_assert_int_eq(names(FINDING_HTTP_4XX, FINDING_WARNING), severities[_i].warnings);
	ck_assert_int_eq(names(FINDING_HTTP_4XX, FINDING_INFO), severities[_i].notes);
}
END_TEST

static const char *const wrong[][2] = {
	{ "tcp-refusd", "tcp-refused" },
	{ "http-403", "http-4xx" },
	{ "tls-certificate-expired", "tls-cert-expired" },
	{ "http-4xx,dns_nxdomain", "dns-nxdomain" },
	{ "TCP-REFUSED", "" },
	{ "", "" },
	{ "tcp-refused,", "" },
	{ "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "" },
};

START_TEST(unknown_codes_are_wrong_use_and_the_nearest_is_named)
{
	ck_assert_int_eq(fail_on_add(&fail_on, wrong[_i][0], &error), NT_EUSAGE);
	ck_assert_ptr_nonnull(strstr(error.text, wrong[_i][1]));
	ck_assert_ptr_nonnull(strstr(error.text, "--list-codes"));
}
END_TEST

START_TEST(a_difference_is_no_finding)
{
	ck_assert_int_eq(fail_on_add(&fail_on, "difference", &error), NT_OK);
	ck_assert(fail_on.difference);
	for (int i = 0; i < FINDING_CODE_COUNT; i++)
		ck_assert(!names((enum finding_code)i, FINDING_ERROR));
	ck_assert_int_eq(fail_on_add(&fail_on, "tcp-refused", &error), NT_OK);
	ck_assert(fail_on.difference);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("fail_on");
	TCase *tests = tcase_create("fail_on");

	tcase_add_checked_fixture(tests, set_up, NULL);
	tcase_add_test(tests, lists_name_codes_whatever_their_severity);
	tcase_add_loop_test(tests, severities_stand_for_worse_ones_too, 0, sizeof severities / sizeof *severities);
	tcase_add_loop_test(tests, unknown_codes_are_wrong_use_and_the_nearest_is_named, 0, sizeof wrong / sizeof *wrong);
	tcase_add_test(tests, a_difference_is_no_finding);
	suite_add_tcase(suite, tests);
	return suite;
}
