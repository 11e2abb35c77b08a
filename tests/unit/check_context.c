/* What archives say about a device. */
#include "cli/context.h"
#include "tests/unit/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct context *context;
static struct limit_hits hits;

static void set_up(void)
{
	memset(&hits, 0, sizeof hits);
	context = context_new(&hits, 1, false);
}

static void tear_down(void)
{
	context_free(context);
}

static bool add(const char *path, const char *text)
{
	return context_add(context, path, path, bytes_of(text));
}

static void expect_line(size_t file, size_t line, const char *text)
{
	const struct context_file *of = context_file(context, file);

	ck_assert_uint_lt(line, of->count);
	ck_assert_msg(bytes_equal(of->lines[line].text, bytes_of(text)), "'%.*s'", (int)of->lines[line].text.size,
		      (const char *)of->lines[line].text.at);
}

static const struct {
	const char *path, *kind;
} paths[] = {
	{ "nim-2023/linux/iproute-main.txt", "routes" }, { "linux/arp.txt", "neighbours" },     { "linux/iprule.txt", "rules" },
	{ "linux/dhcp-lease-eth0.txt", "lease" },        { "linux/ifconfig.txt", "addresses" }, { "eve/version.txt", "device" },
	{ "rootfs/etc/resolv.conf", "resolver" },
};

START_TEST(files_are_known_by_their_names)
{
	ck_assert(add(paths[_i].path, "one line\n\nanother  \r\n"));
	context_read(context, 0, 0);
	ck_assert_str_eq(context_file(context, 0)->kind, paths[_i].kind);
	ck_assert_uint_eq(context_file(context, 0)->count, 2);
	expect_line(0, 0, "one line");
	expect_line(0, 1, "another");
}
END_TEST

START_TEST(other_files_are_not_shown)
{
	ck_assert(!add("linux/ps.txt", "x"));
	ck_assert(!add("arp.txt", "x"));
	ck_assert(!add("eve/dpcl.json", "{}"));
	ck_assert(!add("linux/arp.txt", ""));
	ck_assert_uint_eq(context_file_count(context), 0);
	ck_assert_uint_eq(context_file_count(NULL), 0);
}
END_TEST

START_TEST(name_servers_of_each_port_are_listed)
{
	add("eve/dns.json", "{\"Ports\":[{\"IfName\":\"eth0\",\"DNSServers\":[\"8.8.8.8\",\"2001:db8::1\"]},{\"IfName\":\"wwan0\","
			    "\"DNSServers\":null}]}");
	context_read(context, 0, 0);
	expect_line(0, 0, "eth0: name servers 8.8.8.8, 2001:db8::1");
	expect_line(0, 1, "wwan0: no name server");
}
END_TEST

#define ENTRY(seconds, content) \
	"{\"severity\":\"err\",\"source\":\"nim\",\"content\":\"" content "\",\"timestamp\":{\"seconds\":" #seconds \
	",\"nanos\":7}}\n"

START_TEST(of_logs_the_time_of_the_trace_is_shown_in_order)
{
	add("a.log", ENTRY(1000, "second") ENTRY(900, "long before") "no JSON\n{\"cut\":"
								     "\n" ENTRY(980, "{\\\"msg\\\":\\\"first\\\"}")
									     ENTRY(1200, "long after"));
	context_read(context, 1000 * NT_SECOND, 1010 * NT_SECOND);
	ck_assert_str_eq(context_file(context, 0)->kind, "log");
	ck_assert_uint_eq(context_file(context, 0)->count, 2);
	expect_line(0, 0, "first");
	expect_line(0, 1, "second");
	ck_assert_int_eq(context_file(context, 0)->lines[0].at, 980 * NT_SECOND + 7);
	ck_assert(bytes_equal(context_file(context, 0)->lines[0].source, BYTES("nim")));
}
END_TEST

START_TEST(without_a_time_of_the_trace_no_log_is_shown)
{
	add("a.log", ENTRY(1000, "x"));
	context_read(context, NT_TIME_NONE, NT_TIME_NONE);
	ck_assert_uint_eq(context_file(context, 0)->count, 0);
}
END_TEST

static const struct {
	const char *line, *shown;
} credentials[] = {
	{ "http://bob:secret@proxy/?token=abc", "http://bob:***@proxy/?token=***" },
	{ "{\"url\":\"https://a.test/?b=1\\u0026token=abc\",\"c\":2}",
	  "{\"url\":\"https://a.test/?b=1\\u0026token=***\",\"c\":2}" },
	{ "{\"url\":\"https://a.test/?b=1\\u0026c=2\"}", "{\"url\":\"https://a.test/?b=1\\u0026c=2\"}" },
	{ "> Proxy-Authorization: Basic abc", "> Proxy-Authorization: ***" },
	{ "map[Accept:[*/*] Cookie:[a=abc]]", "map[Accept:[*/*] Cookie:[***" },
	{ "{\"set-cookie\": \"a=abc\"}", "{\"set-cookie\": \"***" },
	{ "no cookie was sent; authorization failed: 401", "no cookie was sent; authorization failed: 401" },
};

START_TEST(credentials_are_not_shown)
{
	add("linux/netstat.txt", credentials[_i].line);
	context_read(context, 0, 0);
	expect_line(0, 0, credentials[_i].shown);
}
END_TEST

START_TEST(a_password_where_a_long_line_is_cut_is_not_shown)
{
	char text[LIMIT_CONTEXT_TEXT + 100];

	memset(text, 'x', sizeof text);
	memcpy(text + LIMIT_CONTEXT_TEXT - 20, "http://bob:", 11);
	memcpy(text + sizeof text - 7, "@proxy", 7);
	add("linux/netstat.txt", text);
	context_read(context, 0, 0);
	ck_assert_uint_eq(context_file(context, 0)->lines[0].text.size, LIMIT_CONTEXT_TEXT);
	ck_assert_int_eq(memcmp(context_file(context, 0)->lines[0].text.at + LIMIT_CONTEXT_TEXT - 9, "***@proxy", 9), 0);
	ck_assert_uint_eq(hits.count[LIMIT_CONTEXT_TEXT_HIT], 1);
}
END_TEST

START_TEST(long_files_and_lines_are_cut)
{
	char *text = malloc(LIMIT_CONTEXT_LINES * 2 + 1000);
	size_t size = 0;

	memset(text, 'x', LIMIT_CONTEXT_TEXT + 5);
	size = LIMIT_CONTEXT_TEXT + 5;
	for (int i = 0; i < LIMIT_CONTEXT_LINES + 3; i++) {
		text[size++] = '\n';
		text[size++] = 'y';
	}
	text[size] = 0;
	add("linux/arp.txt", text);
	context_read(context, 0, 0);
	ck_assert_uint_eq(context_file(context, 0)->count, LIMIT_CONTEXT_LINES);
	ck_assert_uint_eq(context_file(context, 0)->left_out, 4);
	ck_assert_uint_eq(context_file(context, 0)->lines[0].text.size, LIMIT_CONTEXT_TEXT);
	ck_assert_uint_eq(hits.count[LIMIT_CONTEXT_LINES_HIT], 4);
	ck_assert_uint_eq(hits.count[LIMIT_CONTEXT_TEXT_HIT], 1);
	free(text);
}
END_TEST

START_TEST(too_many_files_are_counted)
{
	for (int i = 0; i < LIMIT_CONTEXT_FILES; i++)
		ck_assert(add("linux/arp.txt", "x"));
	ck_assert(!add("linux/arp.txt", "x"));
	ck_assert_uint_eq(hits.count[LIMIT_CONTEXT_FILES_HIT], 1);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("context");
	TCase *tests = tcase_create("all");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, files_are_known_by_their_names, 0, sizeof paths / sizeof *paths);
	tcase_add_test(tests, other_files_are_not_shown);
	tcase_add_test(tests, name_servers_of_each_port_are_listed);
	tcase_add_test(tests, of_logs_the_time_of_the_trace_is_shown_in_order);
	tcase_add_test(tests, without_a_time_of_the_trace_no_log_is_shown);
	tcase_add_loop_test(tests, credentials_are_not_shown, 0, sizeof credentials / sizeof *credentials);
	tcase_add_test(tests, a_password_where_a_long_line_is_cut_is_not_shown);
	tcase_add_test(tests, long_files_and_lines_are_cut);
	tcase_add_test(tests, too_many_files_are_counted);
	suite_add_tcase(suite, tests);
	return suite;
}
