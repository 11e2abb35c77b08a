/*
 * The list of members: tests/cli holds it against the schema.
 */
#include "cli/json/fields.h"
#include "tests/unit/suite.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const struct field *find(const char *path)
{
	for (size_t i = 0; i < field_count; i++)
		if (strcmp(fields[i].path, path) == 0)
			return &fields[i];
	ck_abort_msg("no %s", path);
	return NULL;
}

START_TEST(members_have_a_type_a_unit_and_a_meaning)
{
	const struct field *field = find("httpRequests[].wire.timing.dnsUs");

	ck_assert_str_eq(field->type, "integer");
	ck_assert_str_eq(field->unit, "us");
	ck_assert_str_eq(field->meaning, "until the SYN");
	ck_assert_str_eq(find("tcpConns[].handshakeBeginAt")->type, "timestamp");
	ck_assert_str_eq(find("dials[].wire.attempts[]")->type, "id");
	ck_assert_str_eq(find("tlsTunnels[].peerCerts[].isCA")->type, "boolean");
	ck_assert_str_eq(find("tlsTunnels[].wire.alerts[].level")->type, "string|integer");
	ck_assert_str_eq(find("capture.limitsReached.NAME")->type, "integer");
}
END_TEST

static const char *const types[] = { "string",    "integer", "boolean", "object",  "id",
				     "timestamp", "time",    "date",    "address", "string|integer" };

static bool is_type(const char *text)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcmp(text, types[i]) == 0)
			return true;
	return false;
}

START_TEST(every_member_is_told_once_and_in_full)
{
	ck_assert_uint_gt(field_count, 400);
	for (size_t i = 0; i < field_count; i++) {
		ck_assert_msg(is_type(fields[i].type), "%s: %s", fields[i].path, fields[i].type);
		ck_assert_msg(fields[i].meaning[0] != 0, "%s", fields[i].path);
		ck_assert_ptr_null(strchr(fields[i].meaning, '\n'));
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(fields[i].path, fields[j].path);
	}
}
END_TEST

START_TEST(columns_are_aligned)
{
	char *text, *line, *rest;
	size_t size, lines = 0;
	FILE *out = open_memstream(&text, &size);
	long type, unit, meaning;

	fields_print(out);
	fclose(out);
	type = strstr(text, "TYPE") - text;
	unit = strstr(text, "UNIT") - text;
	meaning = strstr(text, "MEANING") - text;
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest), lines++) {
		ck_assert(line[type - 1] == ' ' && line[type] != ' ');
		ck_assert(line[unit - 1] == ' ' && line[unit] != ' ');
		ck_assert(line[meaning - 1] == ' ' && line[meaning] != ' ');
	}
	ck_assert_uint_eq(lines, field_count + 1);
	free(text);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("fields");
	TCase *tcase = tcase_create("fields");

	tcase_add_test(tcase, members_have_a_type_a_unit_and_a_meaning);
	tcase_add_test(tcase, every_member_is_told_once_and_in_full);
	tcase_add_test(tcase, columns_are_aligned);
	suite_add_tcase(suite, tcase);
	return suite;
}
