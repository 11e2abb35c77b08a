#include "cli/options.h"
#include "cli/progress.h"
#include "cli/text.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- support ---- */

static struct options options;
static struct nt_error error;

enum { MAX_WORDS = 16 };

/* Reads a command line given as words that NULL ends.  The last command line's options are valid until the next. */
static enum nt_status parse(const char *const *words)
{
	static char *argv[MAX_WORDS + 2];
	int argc = 1;

	argv[0] = (char *)"nettrace-analyze";
	while (words[argc - 1]) {
		ck_assert_int_lt(argc, MAX_WORDS);
		argv[argc] = (char *)words[argc - 1];
		argc++;
	}
	argv[argc] = NULL;
	options_clear(&options);
	memset(&error, 0, sizeof error);
	return options_read(&options, argc, argv, &error);
}

#define PARSE(...) parse((const char *const[]){ __VA_ARGS__, NULL })

static char path[64];

static void clear(void)
{
	options_clear(&options);
	unlink(path);
}

/* Each test has one file, which a second text replaces. */
static const char *write_file(const char *text)
{
	FILE *file;

	snprintf(path, sizeof path, "/tmp/check_options.%ld", (long)getpid());
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
	return path;
}

/* ---- what is taken ---- */

START_TEST(without_options_everything_is_at_its_default)
{
	ck_assert_int_eq(PARSE("a.pcap"), NT_OK);
	ck_assert(!options.json && !options.quiet && !options.verbose && !options.no_app_protocol);
	ck_assert_ptr_null(options.output);
	ck_assert_ptr_null(options.filter);
	ck_assert_int_eq(options.headers, CORRELATE_HEADERS_NONE);
	ck_assert_str_eq(options.headers_text, "none");
	ck_assert_uint_eq(options.input_count, 1);
	ck_assert_str_eq(options.inputs[0], "a.pcap");
}
END_TEST

START_TEST(options_may_stand_after_inputs)
{
	ck_assert_int_eq(PARSE("a.pcap", "--json", "b.pcap", "-v"), NT_OK);
	ck_assert(options.json && options.verbose);
	ck_assert_uint_eq(options.input_count, 2);
	ck_assert_str_eq(options.inputs[1], "b.pcap");
}
END_TEST

START_TEST(after_two_dashes_everything_is_an_input)
{
	ck_assert_int_eq(PARSE("--", "--json"), NT_OK);
	ck_assert(!options.json);
	ck_assert_str_eq(options.inputs[0], "--json");
}
END_TEST

START_TEST(texts_are_kept)
{
	ck_assert_int_eq(PARSE("-o", "out", "-f", "tcp port 80", "--description=x y", "-"), NT_OK);
	ck_assert_str_eq(options.output, "out");
	ck_assert_str_eq(options.filter, "tcp port 80");
	ck_assert_str_eq(options.description, "x y");
	ck_assert_str_eq(options.inputs[0], "-");
}
END_TEST

START_TEST(trace_in_other_forms_goes_to_files)
{
	ck_assert_int_eq(PARSE("--har", "b.har", "a"), NT_OK);
	ck_assert_str_eq(options.exports[EXPORT_HAR], "b.har");
	ck_assert_int_eq(PARSE("--har", "b.har", "--json", "a"), NT_OK);
	ck_assert_int_eq(PARSE("--har", "b.har", "--ndjson", "a"), NT_EUSAGE);
	ck_assert_int_eq(PARSE("--har", "", "a"), NT_EUSAGE);
	ck_assert_int_eq(PARSE("--otlp", "b.json", "--har", "b.har", "a"), NT_OK);
	ck_assert_str_eq(options.exports[EXPORT_OTLP], "b.json");
	ck_assert_int_eq(PARSE("--otlp", "b.json", "--ndjson", "a"), NT_EUSAGE);
}
END_TEST

START_TEST(kinds_of_records_can_be_left_out)
{
	ck_assert_int_eq(PARSE("--no-dials", "--no-tcp", "--no-udp", "--no-dns", "--no-tls", "--no-http", "--no-ndpi", "a"), NT_OK);
	ck_assert(options.omit.dials && options.omit.tcp && options.omit.udp);
	ck_assert(options.omit.dns && options.omit.tls && options.omit.http);
	ck_assert(options.no_app_protocol);
}
END_TEST

START_TEST(help_and_version_need_no_input)
{
	ck_assert_int_eq(PARSE("--help"), NT_OK);
	ck_assert(options.help);
	ck_assert_int_eq(PARSE("--version"), NT_OK);
	ck_assert(options.version);
}
END_TEST

START_TEST(lists_grow_with_each_option)
{
	ck_assert_int_eq(PARSE("--exclude-header", "Cookie", "--exclude-header", "Authorization", "a"), NT_OK);
	ck_assert_uint_eq(options.excluded_header_count, 2);
	ck_assert_str_eq(options.excluded_headers[0], "Cookie");
	ck_assert_str_eq(options.excluded_headers[1], "Authorization");
}
END_TEST

struct client_case {
	const char *text;
	uint8_t ip_version, bits;
	uint8_t first_byte;
};

static const struct client_case good_clients[] = {
	{ "10.0.0.2", 4, 32, 10 },       { "192.0.2.0/24", 4, 24, 192 }, { "0.0.0.0/0", 4, 0, 0 },
	{ "2001:db8::1", 6, 128, 0x20 }, { "fe80::/10", 6, 10, 0xfe },
};

START_TEST(client_is_an_address_or_a_network)
{
	const struct client_case *row = &good_clients[_i];

	ck_assert_int_eq(PARSE("--client", row->text, "--client", "127.0.0.1", "a"), NT_OK);
	ck_assert_uint_eq(options.client_count, 2);
	ck_assert_uint_eq(options.clients[0].ip_version, row->ip_version);
	ck_assert_uint_eq(options.clients[0].bits, row->bits);
	ck_assert_uint_eq(options.clients[0].address.bytes[0], row->first_byte);
}
END_TEST

static const char *const headers_words[] = { "none", "names", "lengths", "values" };

START_TEST(headers_takes_one_of_four_words)
{
	ck_assert_int_eq(PARSE("--headers", headers_words[_i], "a"), NT_OK);
	ck_assert_int_eq(options.headers, (enum correlate_headers)_i);
	ck_assert_str_eq(options.headers_text, headers_words[_i]);
}
END_TEST

START_TEST(seed_is_decimal_or_hexadecimal)
{
	ck_assert_int_eq(PARSE("--seed", "42", "a"), NT_OK);
	ck_assert_uint_eq(options.seed, 42);
	ck_assert_int_eq(PARSE("--seed", "0xff", "a"), NT_OK);
	ck_assert_uint_eq(options.seed, 255);
	ck_assert_int_eq(PARSE("--seed", "18446744073709551615", "a"), NT_OK);
	ck_assert_uint_eq(options.seed, UINT64_MAX);
}
END_TEST

START_TEST(seed_differs_between_runs_if_not_given)
{
	uint64_t first;

	ck_assert_int_eq(PARSE("a"), NT_OK);
	first = options.seed;
	ck_assert_int_eq(PARSE("a"), NT_OK);
	ck_assert_uint_ne(options.seed, first);
}
END_TEST

/* ---- what is refused, and how ---- */

struct wrong_case {
	const char *name;
	const char *words[5];
	enum nt_status status;
	const char *says;
};

static const struct wrong_case wrong[] = {
	{ "no input", { NULL }, NT_EUSAGE, "no input" },
	{ "stdin twice", { "-", "-", NULL }, NT_EUSAGE, "only once" },
	{ "unknown long", { "--jsn", "a", NULL }, NT_EUSAGE, "there is no option --jsn" },
	{ "unknown letter", { "-Z", "a", NULL }, NT_EUSAGE, "there is no option -Z" },
	{ "ambiguous", { "--no-t", "a", NULL }, NT_EUSAGE, "more than one begins so" },
	{ "argument missing", { "a", "-o", NULL }, NT_EUSAGE, "--output needs an argument: FILE" },
	{ "long argument missing", { "a", "--filter", NULL }, NT_EUSAGE, "--filter needs an argument: FILTER" },
	{ "argument not wanted", { "--json=yes", "a", NULL }, NT_EUSAGE, "--json takes no argument" },
	{ "empty output", { "-o", "", "a", NULL }, NT_EUSAGE, "needs the name of a file" },
	{ "headers", { "--headers", "all", "a", NULL }, NT_EUSAGE, "must be one of none|names|lengths|values" },
	{ "client name", { "--client", "example.com", "a", NULL }, NT_EUSAGE, "not an IP address" },
	{ "client empty", { "--client", "", "a", NULL }, NT_EUSAGE, "not an IP address" },
	{ "client bits", { "--client", "10.0.0.0/33", "a", NULL }, NT_EUSAGE, "10.0.0.0/33" },
	{ "client bits 6", { "--client", "::/129", "a", NULL }, NT_EUSAGE, "::/129" },
	{ "client no bits", { "--client", "10.0.0.0/", "a", NULL }, NT_EUSAGE, "10.0.0.0/" },
	{ "client sign", { "--client", "10.0.0.0/-1", "a", NULL }, NT_EUSAGE, "10.0.0.0/-1" },
	{ "client long",
	  { "--client", "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111", "a", NULL },
	  NT_EUSAGE,
	  "not an IP address" },
	{ "seed", { "--seed", "x", "a", NULL }, NT_EUSAGE, "not a number" },
	{ "seed empty", { "--seed", "", "a", NULL }, NT_EUSAGE, "not a number" },
	{ "seed sign", { "--seed", "-1", "a", NULL }, NT_EUSAGE, "not a number" },
	{ "seed too large", { "--seed", "18446744073709551616", "a", NULL }, NT_EUSAGE, "not a number" },
	{ "seed tail", { "--seed", "12z", "a", NULL }, NT_EUSAGE, "not a number" },
	{ "no such ca", { "--ca", "/nonexistent/ca", "a", NULL }, NT_EIO, "cannot read /nonexistent/ca: No such file" },
	{ "ca is empty", { "--ca", "/dev/null", "a", NULL }, NT_EFORMAT, "/dev/null" },
	{ "no such keylog", { "--keylog", "/nonexistent/k", "a", NULL }, NT_EIO, "cannot read /nonexistent/k" },
	{ "keylog is a folder", { "--keylog", "/", "a", NULL }, NT_EIO, "Is a directory" },
	{ "no such conntrack", { "--conntrack", "/nonexistent/c", "a", NULL }, NT_EIO, "cannot read /nonexistent/c" },
};

START_TEST(wrong_use_is_refused_with_one_line)
{
	const struct wrong_case *row = &wrong[_i];

	ck_assert_msg(parse(row->words) == row->status, "%s: not refused", row->name);
	ck_assert_msg(strstr(error.text, row->says) != NULL, "%s: says '%s'", row->name, error.text);
	ck_assert_ptr_null(strchr(error.text, '\n'));
}
END_TEST

/* ---- files given with options ---- */

#define HEX_16 "0123456789abcdef"
#define HEX_64 HEX_16 HEX_16 HEX_16 HEX_16

struct keylog_case {
	const char *text;
	bool good;
};

static const struct keylog_case keylogs[] = {
	{ "", true },
	{ "# SSL/TLS secrets log file\n\n", true },
	{ "CLIENT_RANDOM " HEX_64 " " HEX_64 HEX_16 HEX_16 "\n", true },
	{ "# comment\r\nSERVER_TRAFFIC_SECRET_0 " HEX_64 " " HEX_64 "\r\n", true },
	{ "RSA " HEX_16 " " HEX_64 HEX_16 HEX_16 "\n", true },
	{ "half a line\nCLIENT_RANDOM " HEX_64 " " HEX_64 "\n", true },
	{ "this is a text\n", false },
	{ "CLIENT_RANDOM " HEX_16 HEX_16 " " HEX_64 "\n", false },
	{ "CLIENT_RANDOM " HEX_64 "\n", false },
	{ "-----BEGIN CERTIFICATE-----\n", false },
	{ "\324\303\262\241\002", false },
};

START_TEST(keylog_must_look_like_one)
{
	const struct keylog_case *row = &keylogs[_i];
	enum nt_status status = PARSE("--keylog", write_file(row->text), "a");

	ck_assert_int_eq(status, row->good ? NT_OK : NT_EFORMAT);
	if (row->good)
		ck_assert_uint_eq(options.keylog_count, 1);
	else
		ck_assert_ptr_nonnull(strstr(error.text, "no NSS key log"));
}
END_TEST

/* An Ed25519 certificate of CN=a, self-signed; nothing checks its dates. */
static const char certificate[] = "text before it\n"
				  "-----BEGIN CERTIFICATE-----\n"
				  "MIIBLDCB36ADAgECAhQDKyAjPlU8syHrH0V0KdANQR91hzAFBgMrZXAwDDEKMAgG\n"
				  "A1UEAwwBYTAeFw0yNjExMjIxODE1MDhaFw0zNjExMTkxODE1MDhaMAwxCjAIBgNV\n"
				  "BAMMAWEwKjAFBgMrZXADIQAiVz9JMsCa++NAFNKnezQzaMaHpKs/w582aG2vS1xS\n"
				  "UKNTMFEwHQYDVR0OBBYEFI1OUfR0Mc6d0cNTB8w8zTpDCaEAMB8GA1UdIwQYMBaA\n"
				  "FI1OUfR0Mc6d0cNTB8w8zTpDCaEAMA8GA1UdEwEB/wQFMAMBAf8wBQYDK2VwA0EA\n"
				  "xgqKTOgiSAFztSgxAY5a7VF2OYBFNpY3eqGs5Yvw5ufKuCfxudkgiQt15F12/UAQ\n"
				  "vPOfMJfrYNR2bCXX+7qfCg==\n"
				  "-----END CERTIFICATE-----\n";

START_TEST(ca_must_hold_a_certificate)
{
	ck_assert_int_eq(PARSE("--ca", write_file(certificate), "a"), NT_OK);
	ck_assert_ptr_nonnull(options.ca);
	ck_assert_int_eq(PARSE("--ca", write_file("no certificate\n"), "a"), NT_EFORMAT);
	ck_assert_ptr_nonnull(strstr(error.text, "holds no PEM certificate"));
	ck_assert_int_eq(PARSE("--ca", write_file("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "a"),
			 NT_EFORMAT);
}
END_TEST

START_TEST(ca_may_be_a_folder_with_a_certificate)
{
	char folder[64], inside[96];

	snprintf(folder, sizeof folder, "/tmp/check_options_ca.%ld", (long)getpid());
	snprintf(inside, sizeof inside, "%s/ca.pem", folder);
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	ck_assert_int_eq(PARSE("--ca", folder, "a"), NT_EFORMAT);
	ck_assert_int_eq(rename(write_file(certificate), inside), 0);
	ck_assert_int_eq(PARSE("--ca", folder, "a"), NT_OK);
	unlink(inside);
	rmdir(folder);
}
END_TEST

START_TEST(conntrack_must_be_readable)
{
	ck_assert_int_eq(PARSE("--conntrack", write_file("anything"), "a"), NT_OK);
	ck_assert_uint_eq(options.conntrack_count, 1);
}
END_TEST

/* ---- help ---- */

static char *help_text(void)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	options_print_help(file);
	fclose(file);
	return text;
}

START_TEST(help_names_every_option)
{
	static const char *const names[] = { "    --json ",
					     "-o, --output FILE",
					     "--description TEXT",
					     "-f, --filter FILTER",
					     "--client ADDR[/LEN]",
					     "--headers none|",
					     "--exclude-header",
					     "--no-dials",
					     "--no-tcp",
					     "--no-udp",
					     "--no-dns",
					     "--no-tls",
					     "--no-http",
					     "--no-ndpi",
					     "-q, --quiet",
					     "-v, --verbose",
					     "--help",
					     "--version",
					     "--ca FILE|DIR",
					     "--keylog FILE",
					     "--conntrack FILE",
					     "--seed N",
					     "Exit status" };
	char *text = help_text();

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		ck_assert_msg(strstr(text, names[i]) != NULL, "%s is missing", names[i]);
	free(text);
}
END_TEST

START_TEST(help_fits_a_wide_terminal)
{
	char *text = help_text(), *line = text;

	while (*line) {
		size_t size = strcspn(line, "\n");

		ck_assert_uint_le(size, 120);
		line += size + (line[size] == '\n');
	}
	free(text);
}
END_TEST

/* ---- the progress line ---- */

START_TEST(progress_shows_the_share_that_was_read)
{
	char line[PROGRESS_LINE_SIZE];

	progress_line(0, 100, 0, line);
	ck_assert_str_eq(line, "[>                                       ]   0 %  0 packets");
	progress_line(50, 100, 7, line);
	ck_assert_str_eq(line, "[====================>                   ]  50 %  7 packets");
	progress_line(100, 100, 9, line);
	ck_assert_str_eq(line, "[========================================] 100 %  9 packets");
}
END_TEST

START_TEST(progress_of_a_growing_file_stays_at_100)
{
	char line[PROGRESS_LINE_SIZE];

	progress_line(250, 100, 9, line);
	ck_assert_ptr_nonnull(strstr(line, "] 100 %"));
}
END_TEST

START_TEST(progress_without_a_size_counts_bytes)
{
	char line[PROGRESS_LINE_SIZE];

	progress_line(UINT64_MAX, 0, UINT64_MAX, line);
	ck_assert_ptr_nonnull(strstr(line, "GB read, 18446744073709551615 packets"));
}
END_TEST

#define ROWS(array) ((int)(sizeof(array) / sizeof *(array)))

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("options");
	TCase *taken = tcase_create("taken"), *refused = tcase_create("refused"), *files = tcase_create("files");
	TCase *shown = tcase_create("shown");

	tcase_add_checked_fixture(taken, NULL, clear);
	tcase_add_test(taken, without_options_everything_is_at_its_default);
	tcase_add_test(taken, options_may_stand_after_inputs);
	tcase_add_test(taken, after_two_dashes_everything_is_an_input);
	tcase_add_test(taken, texts_are_kept);
	tcase_add_test(taken, trace_in_other_forms_goes_to_files);
	tcase_add_test(taken, kinds_of_records_can_be_left_out);
	tcase_add_test(taken, help_and_version_need_no_input);
	tcase_add_test(taken, lists_grow_with_each_option);
	tcase_add_loop_test(taken, client_is_an_address_or_a_network, 0, ROWS(good_clients));
	tcase_add_loop_test(taken, headers_takes_one_of_four_words, 0, ROWS(headers_words));
	tcase_add_test(taken, seed_is_decimal_or_hexadecimal);
	tcase_add_test(taken, seed_differs_between_runs_if_not_given);
	suite_add_tcase(suite, taken);

	tcase_add_checked_fixture(refused, NULL, clear);
	tcase_add_loop_test(refused, wrong_use_is_refused_with_one_line, 0, ROWS(wrong));
	suite_add_tcase(suite, refused);

	tcase_add_checked_fixture(files, NULL, clear);
	tcase_add_loop_test(files, keylog_must_look_like_one, 0, ROWS(keylogs));
	tcase_add_test(files, ca_must_hold_a_certificate);
	tcase_add_test(files, ca_may_be_a_folder_with_a_certificate);
	tcase_add_test(files, conntrack_must_be_readable);
	suite_add_tcase(suite, files);

	tcase_add_test(shown, help_names_every_option);
	tcase_add_test(shown, help_fits_a_wide_terminal);
	tcase_add_test(shown, progress_shows_the_share_that_was_read);
	tcase_add_test(shown, progress_of_a_growing_file_stays_at_100);
	tcase_add_test(shown, progress_without_a_size_counts_bytes);
	suite_add_tcase(suite, shown);
	return suite;
}
