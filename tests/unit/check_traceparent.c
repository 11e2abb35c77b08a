#include "dissect/http/traceparent.h"
#include "tests/unit/suite.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN "00f067aa0ba902b7"

START_TEST(trace_and_span_are_read)
{
	static const uint8_t trace[16] = { 0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6,
					   0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36 };
	static const uint8_t span[8] = { 0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7 };
	struct traceparent parent;

	ck_assert(traceparent_read(BYTES("00-" TRACE "-" SPAN "-03"), &parent));
	ck_assert_mem_eq(parent.trace_id, trace, sizeof trace);
	ck_assert_mem_eq(parent.parent_id, span, sizeof span);
	ck_assert_uint_eq(parent.flags, 3);
}
END_TEST

static const struct {
	const char *value;
	bool valid;
} rows[] = {
	{ "00-" TRACE "-" SPAN "-00", true },
	{ "01-" TRACE "-" SPAN "-01", true },
	{ "cc-" TRACE "-" SPAN "-01-what-comes-then", true },
	{ "cc-" TRACE "-" SPAN "-01what-comes-then", false },
	{ "00-" TRACE "-" SPAN "-01-", false },
	{ "ff-" TRACE "-" SPAN "-01", false },
	{ "00-" TRACE "-" SPAN "-0", false },
	{ "00-" TRACE "-" SPAN, false },
	{ "00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN "-01", false },
	{ "00-4bf92f3577b34da6a3ce929d0e0e473g-" SPAN "-01", false },
	{ "00-00000000000000000000000000000000-" SPAN "-01", false },
	{ "00-" TRACE "-0000000000000000-01", false },
	{ "00_" TRACE "-" SPAN "-01", false },
	{ "0x-" TRACE "-" SPAN "-01", false },
	{ "", false },
};

START_TEST(only_what_receivers_take_is_taken)
{
	struct traceparent parent;
	struct bytes value = bytes_of(rows[_i].value);

	ck_assert_msg(traceparent_read(value, &parent) == rows[_i].valid, "%s", rows[_i].value);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("traceparent");
	TCase *tcase = tcase_create("traceparent");

	tcase_add_test(tcase, trace_and_span_are_read);
	tcase_add_loop_test(tcase, only_what_receivers_take_is_taken, 0, sizeof rows / sizeof rows[0]);
	suite_add_tcase(suite, tcase);
	return suite;
}
