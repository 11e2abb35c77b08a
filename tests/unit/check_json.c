#include "cli/json/json.h"
#include "tests/support/json_check.h"
#include "tests/unit/suite.h"

#include <stdlib.h>
#include <string.h>

static struct json *json;
static FILE *stream;
static char *written;
static size_t written_size;

static void open_writer(enum json_layout layout)
{
	stream = open_memstream(&written, &written_size);
	json = json_new(stream, layout);
}

static void close_writer(void)
{
	ck_assert(json_finish(json));
	json_free(json);
	fclose(stream);
}

static void expect(const char *text)
{
	close_writer();
	ck_assert_str_eq(written, text);
	free(written);
}

START_TEST(empty_object_and_array_stay_on_their_line)
{
	open_writer(JSON_INDENTED);
	json_begin_object(json, NULL);
	json_begin_object(json, "a");
	json_end(json);
	json_begin_array(json, "b");
	json_end(json);
	json_end(json);
	expect("{\n  \"a\": {},\n  \"b\": []\n}\n");
}
END_TEST

START_TEST(members_are_separated_and_indented_by_two_spaces)
{
	open_writer(JSON_INDENTED);
	json_begin_object(json, NULL);
	json_uint(json, "a", 1);
	json_begin_array(json, "b");
	json_text(json, NULL, "x");
	json_begin_object(json, NULL);
	json_bool(json, "c", true);
	json_bool(json, "d", false);
	json_end(json);
	json_end(json);
	json_int(json, "e", -2);
	json_end(json);
	expect("{\n  \"a\": 1,\n  \"b\": [\n    \"x\",\n    {\n      \"c\": true,\n      \"d\": false\n    }\n  ],\n  \"e\": "
	       "-2\n}\n");
}
END_TEST

START_TEST(compact_values_are_one_line_each)
{
	open_writer(JSON_COMPACT);
	for (unsigned i = 1; i <= 2; i++) {
		json_begin_object(json, NULL);
		json_uint(json, "n", i);
		json_begin_array(json, "list");
		json_uint(json, NULL, 1);
		json_uint(json, NULL, 2);
		json_end(json);
		json_end(json);
	}
	json_text(json, NULL, "last");
	expect("{\"n\":1,\"list\":[1,2]}\n{\"n\":2,\"list\":[1,2]}\n\"last\"\n");
}
END_TEST

START_TEST(optional_object_without_members_is_not_written)
{
	open_writer(JSON_COMPACT);
	json_begin_object(json, NULL);
	json_begin_optional_object(json, "a");
	json_begin_optional_array(json, "b");
	json_end(json);
	json_optional_uint(json, "zero", 0);
	json_optional_bool(json, "no", false);
	json_optional_string(json, "empty", BYTES(""));
	json_optional_text(json, "none", NULL);
	json_optional_text(json, "empty", "");
	json_end(json);
	json_uint(json, "c", 1);
	json_end(json);
	expect("{\"c\":1}\n");
}
END_TEST

START_TEST(optional_object_appears_with_its_first_member)
{
	open_writer(JSON_COMPACT);
	json_begin_object(json, NULL);
	json_uint(json, "first", 0);
	json_begin_optional_object(json, "a");
	json_begin_optional_array(json, "b");
	json_begin_array(json, NULL);
	json_end(json);
	json_end(json);
	json_optional_uint(json, "one", 1);
	json_optional_bool(json, "yes", true);
	json_optional_string(json, "text", BYTES("x"));
	json_end(json);
	json_uint(json, "last", 9);
	json_end(json);
	expect("{\"first\":0,\"a\":{\"b\":[[]],\"one\":1,\"yes\":true,\"text\":\"x\"},\"last\":9}\n");
}
END_TEST

static const struct {
	const char *in;
	size_t size;
	const char *out;
} string_cases[] = {
#define S(in, out) \
	{ \
		in, sizeof(in) - 1, out \
	}
	S("", ""),
	S("plain ~ text", "plain ~ text"),
	S("\"\\/", "\\\"\\\\/"),
	S("\b\f\n\r\t", "\\b\\f\\n\\r\\t"),
	S("\0\x1f\x7f", "\\u0000\\u001f\\u007f"),
	S("\xc2\x80\xc2\x9b\xc2\xa0", "\\u0080\\u009b\xc2\xa0"),
	S("d\xc3\xa9j\xc3\xa0", "d\xc3\xa9j\xc3\xa0"),
	S("\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf", "\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf"),
	S("\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbd", "\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbd"),
#define BAD "\xef\xbf\xbd"
	S("\x80", BAD),           /* continuation alone */
	S("a\xffz", "a" BAD "z"), /* never in UTF-8 */
	S("\xc3", BAD),           /* cut at the end */
	S("\xe2\x82", BAD),       /* cut: one for the part that could begin a character */
	S("\xf0\x9f\x98", BAD),
	S("\xe2\x82x", BAD "x"),
	S("\xe2\xe2\x82\xac", BAD "\xe2\x82\xac"),
	S("\xc0\xaf", BAD BAD), /* overlong */
	S("\xe0\x80\xaf", BAD BAD BAD),
	S("\xf0\x8f\xbf\xbf", BAD BAD BAD BAD),
	S("\xed\xa0\x80", BAD BAD BAD),         /* surrogate */
	S("\xf4\x90\x80\x80", BAD BAD BAD BAD), /* above U+10FFFF */
	S("\xf5\x80\x80\x80", BAD BAD BAD BAD),
	S("\xc3\"", BAD "\\\""),
#undef BAD
#undef S
};

START_TEST(any_bytes_become_a_utf8_string)
{
	uint8_t *in = malloc(string_cases[_i].size ? string_cases[_i].size : 1); /* exactly sized: a sanitizer sees over-reads */
	char expected[64];

	memcpy(in, string_cases[_i].in, string_cases[_i].size);
	snprintf(expected, sizeof expected, "\"%s\"\n", string_cases[_i].out);
	open_writer(JSON_COMPACT);
	json_string(json, NULL, (struct bytes){ in, string_cases[_i].size });
	free(in);
	expect(expected);
}
END_TEST

START_TEST(string_of_pieces_is_one_string)
{
	open_writer(JSON_COMPACT);
	json_begin_array(json, NULL);
	json_begin_string(json, NULL);
	json_add_string(json, BYTES("tid-"));
	json_add_uint(json, 12);
	json_add_string(json, BYTES("\xe2\x82")); /* does not join with the next */
	json_add_string(json, BYTES("\xac"));
	json_end_string(json);
	json_begin_string(json, NULL);
	json_end_string(json);
	json_end(json);
	expect("[\"tid-12\xef\xbf\xbd\xef\xbf\xbd\",\"\"]\n");
}
END_TEST

START_TEST(numbers_reach_their_limits)
{
	open_writer(JSON_COMPACT);
	json_begin_array(json, NULL);
	json_uint(json, NULL, 0);
	json_uint(json, NULL, UINT64_MAX);
	json_int(json, NULL, INT64_MAX);
	json_int(json, NULL, INT64_MIN);
	json_int(json, NULL, -1);
	json_end(json);
	expect("[0,18446744073709551615,9223372036854775807,-9223372036854775808,-1]\n");
}
END_TEST

START_TEST(thousandths_have_no_more_digits_than_they_need)
{
	open_writer(JSON_COMPACT);
	json_begin_array(json, NULL);
	for (int64_t value = 1; value < 10000000; value *= 10)
		json_thousandths(json, NULL, value);
	json_thousandths(json, NULL, 0);
	json_thousandths(json, NULL, 12034);
	json_thousandths(json, NULL, -5);
	json_thousandths(json, NULL, -1005);
	json_thousandths(json, NULL, INT64_MAX);
	json_thousandths(json, NULL, INT64_MIN);
	json_end(json);
	expect("[0.001,0.01,0.1,1,10,100,1000,0,12.034,-0.005,-1.005,9223372036854775.807,-9223372036854775.808]\n");
}
END_TEST

/* Whatever stands at the end of the buffer, nothing is lost or doubled there. */
START_TEST(strings_larger_than_the_buffer_come_out_whole)
{
	enum { SIZE = 200 * 1024 };
	char *in = malloc(SIZE), *out = malloc(SIZE * 2 + 8), *at = out;

	*at++ = '"';
	for (size_t i = 0; i < SIZE; i++) {
		in[i] = i % 7 == 3 ? '\n' : (char)('a' + i % 26);
		if (in[i] == '\n')
			*at++ = '\\';
		*at++ = in[i] == '\n' ? 'n' : in[i];
	}
	memcpy(at, "\"\n", 3);
	open_writer(JSON_INDENTED);
	json_string(json, NULL, (struct bytes){ (uint8_t *)in, SIZE });
	expect(out);
	free(in);
	free(out);
}
END_TEST

START_TEST(random_strings_are_json)
{
	uint8_t bytes[64];
	unsigned state = 12345;

	for (int run = 0; run < 20000; run++) {
		for (size_t i = 0; i < sizeof bytes; i++) {
			state = state * 1103515245U + 12345U;
			bytes[i] = (uint8_t)(state >> 16);
		}
		open_writer(run & 1 ? JSON_COMPACT : JSON_INDENTED);
		json_begin_array(json, NULL);
		json_string(json, NULL, (struct bytes){ bytes, (size_t)run % sizeof bytes });
		json_end(json);
		close_writer();
		ck_assert(json_check((struct bytes){ (uint8_t *)written, written_size }));
		free(written);
	}
}
END_TEST

START_TEST(full_disk_is_reported)
{
	FILE *full = fopen("/dev/full", "w");

	ck_assert_ptr_nonnull(full);
	json = json_new(full, JSON_INDENTED);
	json_text(json, NULL, "does not fit");
	ck_assert(!json_finish(json));
	json_free(json);
	fclose(full);
}
END_TEST

static ssize_t fail_once(void *cookie, const char *bytes, size_t size)
{
	bool *failed = cookie;

	(void)bytes;
	if (*failed)
		return (ssize_t)size;
	*failed = true;
	return 0;
}

START_TEST(write_error_sticks_though_later_writes_succeed)
{
	bool failed = false;
	FILE *out = fopencookie(&failed, "w", (cookie_io_functions_t){ .write = fail_once });

	json = json_new(out, JSON_COMPACT);
	json_begin_array(json, NULL);
	for (int i = 0; i < 100000; i++)
		json_text(json, NULL, "several buffers of text");
	json_end(json);
	ck_assert(!json_finish(json));
	ck_assert(failed);
	json_free(json);
	fclose(out);
}
END_TEST

static const struct {
	const char *text;
	bool valid;
} checker_cases[] = {
	{ "{}", true },
	{ "[1, -20, 0, true, false]\n", true },
	{ "{\"a\":{\"b\":[\"\\u001f\"]}}", true },
	{ "\"\xc3\xa9\"", true },
	{ "", false },
	{ "{", false },
	{ "[1,]", false },
	{ "{\"a\"}", false },
	{ "{a:1}", false },
	{ "[1 2]", false },
	{ "[]]", false },
	{ "\"\x01\"", false },
	{ "\"\xff\"", false },
	{ "\"\xc3\"", false },
	{ "\"\\x\"", false },
	{ "01", false },
	{ "-", false },
	{ "\"open", false },
};

START_TEST(checker_tells_json_from_what_is_none)
{
	ck_assert(json_check(bytes_of(checker_cases[_i].text)) == checker_cases[_i].valid);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("json");
	TCase *tcase = tcase_create("writer");

	tcase_add_test(tcase, empty_object_and_array_stay_on_their_line);
	tcase_add_test(tcase, members_are_separated_and_indented_by_two_spaces);
	tcase_add_test(tcase, compact_values_are_one_line_each);
	tcase_add_test(tcase, optional_object_without_members_is_not_written);
	tcase_add_test(tcase, optional_object_appears_with_its_first_member);
	tcase_add_loop_test(tcase, any_bytes_become_a_utf8_string, 0, sizeof string_cases / sizeof string_cases[0]);
	tcase_add_test(tcase, string_of_pieces_is_one_string);
	tcase_add_test(tcase, numbers_reach_their_limits);
	tcase_add_test(tcase, thousandths_have_no_more_digits_than_they_need);
	tcase_add_test(tcase, strings_larger_than_the_buffer_come_out_whole);
	tcase_add_test(tcase, random_strings_are_json);
	tcase_add_test(tcase, full_disk_is_reported);
	tcase_add_test(tcase, write_error_sticks_though_later_writes_succeed);
	tcase_add_loop_test(tcase, checker_tells_json_from_what_is_none, 0, sizeof checker_cases / sizeof checker_cases[0]);
	suite_add_tcase(suite, tcase);
	return suite;
}
