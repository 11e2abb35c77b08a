#include "cli/agent/capture_options.h"
#include "cli/agent/filter_hosts.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- support ---- */

static struct capture_options options;
static struct nt_error error;

enum { MAX_WORDS = 16 };

static enum nt_status parse(const char *const *words)
{
	static char *argv[MAX_WORDS + 2];
	int argc = 1;

	argv[0] = (char *)"nettrace-capture";
	while (words[argc - 1]) {
		ck_assert_int_lt(argc, MAX_WORDS);
		argv[argc] = (char *)words[argc - 1];
		argc++;
	}
	argv[argc] = NULL;
	capture_options_clear(&options);
	memset(&error, 0, sizeof error);
	return capture_options_read(&options, argc, argv, &error);
}

#define PARSE(...) parse((const char *const[]){ __VA_ARGS__, NULL })

static void clear(void)
{
	capture_options_clear(&options);
}

/* ---- what is taken ---- */

START_TEST(without_options_everything_is_at_its_default)
{
	ck_assert_int_eq(PARSE("-o", "t.db"), NT_OK);
	ck_assert_str_eq(options.output, "t.db");
	ck_assert_uint_eq(options.interface_count, 1);
	ck_assert_str_eq(options.interfaces[0], "any");
	ck_assert(options.icmp && options.arp && !options.no_payload);
	ck_assert_uint_eq(options.snaplen, 0);
	ck_assert_uint_eq(options.count, 0);
	ck_assert_uint_eq(options.max_size, CAPTURE_DEFAULT_SIZE);
	ck_assert_int_eq(options.duration, 0);
	ck_assert(!options.ring && !options.no_conntrack && !options.keep_sysctls && !options.no_keylog && !options.only_command);
	ck_assert_ptr_null(options.command);
	ck_assert_ptr_null(options.user);
}
END_TEST

START_TEST(letters_are_those_of_tcpdump)
{
	ck_assert_int_eq(PARSE("-i", "eth0", "-o", "t", "-c", "7", "-s", "96", "-f", "tcp port 80", "-Z", "me", "-nqv"), NT_OK);
	ck_assert_str_eq(options.interfaces[0], "eth0");
	ck_assert_uint_eq(options.count, 7);
	ck_assert_uint_eq(options.snaplen, 96);
	ck_assert_str_eq(options.filter, "tcp port 80");
	ck_assert_str_eq(options.user, "me");
	ck_assert(options.numeric && options.quiet && options.verbose);
}
END_TEST

START_TEST(sources_are_repeatable)
{
	ck_assert_int_eq(PARSE("-i", "eth0", "-i", "any", "--nflog", "5", "--nflog", "65535", "-o", "t"), NT_OK);
	ck_assert_uint_eq(options.interface_count, 2);
	ck_assert_str_eq(options.interfaces[1], "any");
	ck_assert_uint_eq(options.group_count, 2);
	ck_assert_uint_eq(options.groups[0], 5);
	ck_assert_uint_eq(options.groups[1], 65535);
}
END_TEST

START_TEST(a_group_alone_does_not_bring_interfaces_along)
{
	ck_assert_int_eq(PARSE("--nflog", "5", "-o", "t"), NT_OK);
	ck_assert_uint_eq(options.interface_count, 0);
}
END_TEST

START_TEST(switches_can_be_turned_off_and_on)
{
	ck_assert_int_eq(PARSE("--no-icmp", "--no-arp", "--no-payload", "-o", "t"), NT_OK);
	ck_assert(!options.icmp && !options.arp && options.no_payload);
	ck_assert_int_eq(PARSE("--no-icmp", "--no-arp", "--icmp", "--arp", "-o", "t"), NT_OK);
	ck_assert(options.icmp && options.arp);
}
END_TEST

START_TEST(the_command_is_what_stands_after_two_dashes)
{
	ck_assert_int_eq(PARSE("-o", "t", "--only-command", "--", "curl", "-o", "x", "--help"), NT_OK);
	ck_assert(options.only_command && !options.help);
	ck_assert_str_eq(options.output, "t");
	ck_assert_str_eq(options.command[0], "curl");
	ck_assert_str_eq(options.command[3], "--help");
	ck_assert_ptr_null(options.command[4]);
	ck_assert_uint_eq(options.interface_count, 0);
}
END_TEST

START_TEST(an_import_has_no_limit_unless_given)
{
	ck_assert_int_eq(PARSE("-r", "a.pcap", "-o", "t"), NT_OK);
	ck_assert_str_eq(options.input, "a.pcap");
	ck_assert_uint_eq(options.max_size, 0);
	ck_assert_uint_eq(options.interface_count, 0);
	ck_assert_int_eq(PARSE("-r", "a.pcap", "-o", "t", "--max-size", "1k"), NT_OK);
	ck_assert_uint_eq(options.max_size, 1024);
}
END_TEST

START_TEST(what_only_prints_needs_no_output)
{
	ck_assert_int_eq(PARSE("--help"), NT_OK);
	ck_assert(options.help);
	ck_assert_int_eq(PARSE("-V"), NT_OK);
	ck_assert(options.version);
	ck_assert_int_eq(PARSE("-D"), NT_OK);
	ck_assert(options.list_interfaces);
}
END_TEST

/* ---- amounts ---- */

struct size_case {
	const char *text;
	bool good;
	uint64_t bytes;
};

static const struct size_case sizes[] = {
	{ "0", true, 0 },
	{ "4096", true, 4096 },
	{ "500k", true, 512000 },
	{ "1K", true, 1024 },
	{ "64M", true, 64 << 20 },
	{ "2G", true, UINT64_C(2) << 30 },
	{ "3MiB", true, 3 << 20 },
	{ "", false, 0 },
	{ "M", false, 0 },
	{ "-1", false, 0 },
	{ "+1", false, 0 },
	{ " 1", false, 0 },
	{ "1 M", false, 0 },
	{ "1x", false, 0 },
	{ "1Mx", false, 0 },
	{ "9223372036854775807", true, INT64_MAX },
	{ "9223372036854775808", false, 0 },
	{ "18446744073709551616", false, 0 },
	{ "99999999999G", false, 0 },
};

START_TEST(a_size_is_a_number_with_a_power_of_1024)
{
	uint64_t bytes = 0;

	ck_assert_msg(capture_options_parse_size(sizes[_i].text, &bytes) == sizes[_i].good, "%s", sizes[_i].text);
	if (sizes[_i].good)
		ck_assert_uint_eq(bytes, sizes[_i].bytes);
}
END_TEST

struct duration_case {
	const char *text;
	int64_t nanoseconds; /* -1: refused */
};

static const struct duration_case durations[] = {
	{ "10", 10 * NT_SECOND },
	{ "10s", 10 * NT_SECOND },
	{ "500ms", 500 * NT_MILLISECOND },
	{ "5m", 300 * NT_SECOND },
	{ "2h", 7200 * NT_SECOND },
	{ "9223372036", INT64_C(9223372036) * NT_SECOND },
	{ "9223372037", -1 },
	{ "99999999999999999h", -1 },
	{ "", -1 },
	{ "s", -1 },
	{ "1.5", -1 },
	{ "-5", -1 },
	{ "5 s", -1 },
	{ "5d", -1 },
};

START_TEST(a_duration_is_a_number_with_a_unit_of_time)
{
	int64_t nanoseconds = -1;
	bool good = capture_options_parse_duration(durations[_i].text, &nanoseconds);

	ck_assert_msg(good == (durations[_i].nanoseconds >= 0), "%s", durations[_i].text);
	if (good)
		ck_assert_int_eq(nanoseconds, durations[_i].nanoseconds);
}
END_TEST

/* ---- what is refused, and how ---- */

struct wrong_case {
	const char *words[8];
	const char *says;
};

static const struct wrong_case wrong[] = {
	{ { NULL }, "no output" },
	{ { "-i", "eth0", NULL }, "no output: name the recording with -o FILE" },
	{ { "-o", "-", NULL }, "cannot be written to standard output" },
	{ { "-o", "", NULL }, "--output needs the name of a file" },
	{ { "-o", "t", "tcp", "port", "80", NULL }, "unexpected tcp: a filter is given with -f, a command after --" },
	{ { "-o", "t", "--", NULL }, "no command after --" },
	{ { "-o", "t", "--only-command", NULL }, "--only-command needs a command" },
	{ { "-o", "t", "--only-command", "--nflog", "1", "--", "x", NULL }, "cannot be used with --nflog" },
	{ { "-o", "t", "-i", "eth0", "-i", "eth0", NULL }, "--interface eth0 is given twice" },
	{ { "-o", "t", "-i", "", NULL }, "needs the name of an interface" },
	{ { "-o", "t", "--nflog", "65536", NULL }, "not a group" },
	{ { "-o", "t", "--nflog", "x", NULL }, "not a group" },
	{ { "-o", "t", "--nflog", "1", "--nflog", "1", NULL }, "is given twice" },
	{ { "-o", "t", "-c", "0", NULL }, "not a number of packets" },
	{ { "-o", "t", "-c", "-1", NULL }, "not a number of packets" },
	{ { "-o", "t", "-s", "x", NULL }, "not a number of bytes" },
	{ { "-o", "t", "-s", "4294967296", NULL }, "not a number of bytes" },
	{ { "-o", "t", "--max-size", "1T", NULL }, "not a number of bytes" },
	{ { "-o", "t", "--duration", "0", NULL }, "not a duration" },
	{ { "-o", "t", "--ring", "--max-size", "0", NULL }, "--ring needs a --max-size" },
	{ { "-o", "t", "--keylog", "k", "--no-keylog", NULL }, "contradict" },
	{ { "-o", "t", "-r", "a", "-i", "eth0", NULL }, "cannot be used with --interface" },
	{ { "-o", "t", "-r", "a", "--nflog", "1", NULL }, "cannot be used with --nflog" },
	{ { "-o", "t", "-r", "a", "--", "curl", NULL }, "cannot be used with a command" },
	{ { "-o", "t", "-r", "a", "--duration", "1", NULL }, "cannot be used with --duration" },
	{ { "-o", "t", "-r", "a", "--ring", "--max-size", "1M", NULL }, "cannot be used with --ring" },
	{ { "-o", "t", "-w", "x", NULL }, "there is no option -w" },
	{ { "-o", "t", "--conntrac", NULL }, "there is no option --conntrac" },
	{ { "-o", NULL }, "--output needs an argument: FILE" },
};

START_TEST(wrong_use_is_refused_with_one_line)
{
	const struct wrong_case *row = &wrong[_i];

	ck_assert_msg(parse(row->words) == NT_EUSAGE, "'%s' is not refused", row->says);
	ck_assert_msg(strstr(error.text, row->says) != NULL, "not '%s' but '%s'", row->says, error.text);
	ck_assert_ptr_null(strchr(error.text, '\n'));
}
END_TEST

/* ---- help ---- */

START_TEST(help_names_every_option_and_fits_a_wide_terminal)
{
	static const char *const names[] = { "-i, --interface NAME",
					     "--nflog GROUP",
					     "-r, --read FILE",
					     "-o, --output FILE",
					     "-f, --filter FILTER",
					     "--no-icmp",
					     "--no-arp",
					     "--no-payload",
					     "-s, --snap",
					     "-c, --count",
					     "--duration",
					     "--max-size BYTES",
					     "--ring",
					     "--no-conntrack",
					     "--keep-sysctls",
					     "--keylog FILE",
					     "--no-keylog",
					     "--only-command",
					     "-Z, ",
					     "-D, ",
					     "-n, ",
					     "-q, --quiet",
					     "-v, --verbose",
					     "Exit status" };
	char *text = NULL, *line;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	capture_options_print_help(file);
	fclose(file);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		ck_assert_msg(strstr(text, names[i]) != NULL, "%s is missing", names[i]);
	for (line = text; *line; line += size + (line[size] == '\n')) {
		size = strcspn(line, "\n");
		ck_assert_uint_le(size, 120);
	}
	free(text);
}
END_TEST

/* ---- addresses in a filter ---- */

struct hosts_case {
	const char *filter;
	size_t count;
	const char *first; /* NULL if there is none */
};

static const struct hosts_case filters[] = {
	{ NULL, 0, NULL },
	{ "", 0, NULL },
	{ "tcp port 443", 0, NULL },
	{ "host 192.0.2.1", 1, "192.0.2.1" },
	{ "host 2001:db8::1 and tcp", 1, "2001:db8::1" },
	{ "tcp and ip src host 192.0.2.1 and port 80", 1, "192.0.2.1" },
	{ "host 192.0.2.1 or dst host 192.0.2.2", 2, "192.0.2.1" },
	{ "host 192.0.2.1 or tcp", 0, NULL },
	{ "host 192.0.2.1 or 192.0.2.2", 0, NULL },
	{ "host 192.0.2.1 or host 192.0.2.2 and tcp", 0, NULL },
	{ "not host 192.0.2.1", 0, NULL },
	{ "tcp and ! host 192.0.2.1", 0, NULL },
	{ "tcp and (host 192.0.2.1)", 0, NULL },
	{ "host example.com", 0, NULL },
	{ "tcp host 192.0.2.1 extra", 0, NULL },
};

START_TEST(only_plain_host_terms_narrow_a_filter)
{
	const struct hosts_case *row = &filters[_i];
	struct filter_hosts hosts;
	char text[IP_ADDRESS_TEXT_SIZE];

	filter_hosts_find(row->filter, &hosts);
	ck_assert_msg(hosts.count == row->count, "%s: %zu", row->filter, hosts.count);
	if (row->first)
		ck_assert_str_eq(ip_address_text(hosts.versions[0], &hosts.addresses[0], text), row->first);
}
END_TEST

#define ROWS(array) ((int)(sizeof(array) / sizeof *(array)))

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("capture options");
	TCase *taken = tcase_create("taken"), *amounts = tcase_create("amounts"), *refused = tcase_create("refused");
	TCase *shown = tcase_create("shown"), *filter = tcase_create("filter");

	tcase_add_checked_fixture(taken, NULL, clear);
	tcase_add_test(taken, without_options_everything_is_at_its_default);
	tcase_add_test(taken, letters_are_those_of_tcpdump);
	tcase_add_test(taken, sources_are_repeatable);
	tcase_add_test(taken, a_group_alone_does_not_bring_interfaces_along);
	tcase_add_test(taken, switches_can_be_turned_off_and_on);
	tcase_add_test(taken, the_command_is_what_stands_after_two_dashes);
	tcase_add_test(taken, an_import_has_no_limit_unless_given);
	tcase_add_test(taken, what_only_prints_needs_no_output);
	suite_add_tcase(suite, taken);

	tcase_add_loop_test(amounts, a_size_is_a_number_with_a_power_of_1024, 0, ROWS(sizes));
	tcase_add_loop_test(amounts, a_duration_is_a_number_with_a_unit_of_time, 0, ROWS(durations));
	suite_add_tcase(suite, amounts);

	tcase_add_checked_fixture(refused, NULL, clear);
	tcase_add_loop_test(refused, wrong_use_is_refused_with_one_line, 0, ROWS(wrong));
	suite_add_tcase(suite, refused);

	tcase_add_test(shown, help_names_every_option_and_fits_a_wide_terminal);
	suite_add_tcase(suite, shown);

	tcase_add_loop_test(filter, only_plain_host_terms_narrow_a_filter, 0, ROWS(filters));
	suite_add_tcase(suite, filter);
	return suite;
}
