#include "cli/options.h"

#include "cli/key_files.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct option_row;

/* Takes one option off the command line; `argument` is NULL for those without one. */
typedef enum nt_status option_take(struct options *options, const struct option_row *row, const char *argument,
				   struct nt_error *error);

struct option_row {
	const char *name;
	char letter;          /* 0: none */
	const char *argument; /* as --help names it; NULL: the option has none */
	const char *help;     /* further lines after each newline */
	option_take *take;
	size_t offset; /* of what the option sets in struct options, for the handlers that serve several */
};

/* ---- handlers ---- */

static void *target(struct options *options, const struct option_row *row)
{
	return (char *)options + row->offset;
}

static enum nt_status take_flag(struct options *options, const struct option_row *row, const char *argument, struct nt_error *error)
{
	(void)argument;
	(void)error;
	*(bool *)target(options, row) = true;
	return NT_OK;
}

static enum nt_status take_text(struct options *options, const struct option_row *row, const char *argument, struct nt_error *error)
{
	(void)error;
	*(const char **)target(options, row) = argument;
	return NT_OK;
}

static enum nt_status take_output(struct options *options, const struct option_row *row, const char *argument,
				  struct nt_error *error)
{
	if (!*argument)
		return nt_fail(error, NT_EUSAGE, "--%s needs the name of a file", row->name);
	return take_text(options, row, argument, error);
}

static void append(const char ***list, size_t *count, const char *text)
{
	*list = nt_realloc_array(*list, *count + 1, sizeof **list);
	(*list)[(*count)++] = text;
}

static bool parse_bits(const char *text, uint8_t ip_version, uint8_t *out)
{
	unsigned long bits;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	bits = strtoul(text, &end, 10);
	if (errno || *end || bits > (ip_version == 6 ? 128 : 32))
		return false;
	*out = (uint8_t)bits;
	return true;
}

static bool parse_prefix(const char *text, struct correlate_prefix *out)
{
	const char *slash = strchr(text, '/');
	size_t size = slash ? (size_t)(slash - text) : strlen(text);
	char address[IP_ADDRESS_TEXT_SIZE];

	if (size >= sizeof address)
		return false;
	memcpy(address, text, size);
	address[size] = 0;
	if (!ip_address_parse(address, &out->ip_version, &out->address))
		return false;
	out->bits = out->ip_version == 6 ? 128 : 32;
	return !slash || parse_bits(slash + 1, out->ip_version, &out->bits);
}

static enum nt_status take_client(struct options *options, const struct option_row *row, const char *argument,
				  struct nt_error *error)
{
	struct correlate_prefix prefix = { 0 };

	if (!parse_prefix(argument, &prefix))
		return nt_fail(error, NT_EUSAGE, "--%s %s: not an IP address, or a length that its kind does not have", row->name,
			       argument);
	options->clients = nt_realloc_array(options->clients, options->client_count + 1, sizeof *options->clients);
	options->clients[options->client_count++] = prefix;
	return NT_OK;
}

static const char *const headers_words[] = {
	[CORRELATE_HEADERS_NONE] = "none",
	[CORRELATE_HEADERS_NAMES] = "names",
	[CORRELATE_HEADERS_LENGTHS] = "lengths",
	[CORRELATE_HEADERS_VALUES] = "values",
};

static enum nt_status take_headers(struct options *options, const struct option_row *row, const char *argument,
				   struct nt_error *error)
{
	for (size_t i = 0; i < sizeof headers_words / sizeof *headers_words; i++) {
		if (strcmp(argument, headers_words[i]) != 0)
			continue;
		options->headers = (enum correlate_headers)i;
		options->headers_text = headers_words[i];
		return NT_OK;
	}
	return nt_fail(error, NT_EUSAGE, "--%s %s: it must be one of %s", row->name, argument, row->argument);
}

static enum nt_status take_excluded(struct options *options, const struct option_row *row, const char *argument,
				    struct nt_error *error)
{
	if (!*argument)
		return nt_fail(error, NT_EUSAGE, "--%s needs the name of a header field", row->name);
	append(&options->excluded_headers, &options->excluded_header_count, argument);
	return NT_OK;
}

static enum nt_status take_ca(struct options *options, const struct option_row *row, const char *argument, struct nt_error *error)
{
	(void)row;
	options->ca = argument;
	return key_files_check_ca(argument, error);
}

static enum nt_status take_keylog(struct options *options, const struct option_row *row, const char *argument,
				  struct nt_error *error)
{
	(void)row;
	append(&options->keylogs, &options->keylog_count, argument);
	return key_files_check_keylog(argument, error);
}

static enum nt_status take_conntrack(struct options *options, const struct option_row *row, const char *argument,
				     struct nt_error *error)
{
	(void)row;
	append(&options->conntracks, &options->conntrack_count, argument);
	return key_files_check_readable(argument, error);
}

/* Decimal, or hexadecimal after 0x. */
static enum nt_status take_seed(struct options *options, const struct option_row *row, const char *argument, struct nt_error *error)
{
	bool hexadecimal = strncmp(argument, "0x", 2) == 0;
	const char *digits = hexadecimal ? argument + 2 : argument;
	size_t size = strspn(digits, hexadecimal ? "0123456789abcdefABCDEF" : "0123456789");

	errno = 0;
	options->seed = strtoull(digits, NULL, hexadecimal ? 16 : 10);
	if (size == 0 || digits[size] || errno)
		return nt_fail(error, NT_EUSAGE, "--%s %s: not a number from 0 to 2^64-1", row->name, argument);
	return NT_OK;
}

/* ---- the table ---- */

#define SETS(member) offsetof(struct options, member)

static const struct option_row rows[] = {
	{ "json", 0, NULL, "print the JSON trace instead of the readable report", take_flag, SETS(json) },
	{ "output", 'o', "FILE", "write to FILE, which is replaced only when all is written", take_output, SETS(output) },
	{ "description", 0, "TEXT", "what the trace is of (the names of the inputs)", take_text, SETS(description) },
	{ "filter", 'f', "FILTER", "only packets that match, in the syntax of pcap-filter(7)", take_text, SETS(filter) },
	{ "client", 0, "ADDR[/LEN]", "only connections of this client or network; repeatable", take_client, 0 },
	{ "headers", 0, "none|names|lengths|values", "what to keep of HTTP header fields (none)", take_headers, 0 },
	{ "exclude-header", 0, "NAME", "keep nothing of header fields of this name; repeatable", take_excluded, 0 },
	{ "no-dials", 0, NULL, "leave out dials", take_flag, SETS(omit.dials) },
	{ "no-tcp", 0, NULL, "leave out TCP connections", take_flag, SETS(omit.tcp) },
	{ "no-udp", 0, NULL, "leave out UDP flows", take_flag, SETS(omit.udp) },
	{ "no-dns", 0, NULL, "leave out DNS", take_flag, SETS(omit.dns) },
	{ "no-tls", 0, NULL, "leave out TLS", take_flag, SETS(omit.tls) },
	{ "no-http", 0, NULL, "leave out HTTP", take_flag, SETS(omit.http) },
	{ "no-ndpi", 0, NULL, "do not ask nDPI for application protocols", take_flag, SETS(no_app_protocol) },
	{ "ca", 0, "FILE|DIR", "certificates in PEM that are trusted", take_ca, 0 },
	{ "keylog", 0, "FILE", "TLS secrets, as SSLKEYLOGFILE names them; repeatable", take_keylog, 0 },
	{ "conntrack", 0, "FILE", "conntrack table or events of the time; repeatable", take_conntrack, 0 },
	{ "seed", 0, "N", "seed of the hash tables (random)", take_seed, 0 },
	{ "quiet", 'q', NULL, "no progress and no messages but errors", take_flag, SETS(quiet) },
	{ "verbose", 'v', NULL, "everything in the report", take_flag, SETS(verbose) },
	{ "help", 'h', NULL, "print this text", take_flag, SETS(help) },
	{ "version", 'V', NULL, "print the version, and those of the libraries", take_flag, SETS(version) },
};

enum { ROW_COUNT = sizeof rows / sizeof *rows, ROW_FIRST = 256 /* getopt's value of a row: beyond all letters */ };

static const struct option_row *row_of(int value)
{
	for (int i = 0; i < ROW_COUNT; i++)
		if (value == ROW_FIRST + i || (rows[i].letter && value == rows[i].letter))
			return &rows[i];
	return NULL;
}

/* getopt's two descriptions of the table: room for each letter with its colon, and each row with the final empty one. */
static void describe_to_getopt(char letters[2 * ROW_COUNT + 2], struct option long_options[ROW_COUNT + 1])
{
	char *at = letters;

	*at++ = ':'; /* errors are ours to print */
	for (int i = 0; i < ROW_COUNT; i++) {
		long_options[i] =
			(struct option){ rows[i].name, rows[i].argument ? required_argument : no_argument, NULL, ROW_FIRST + i };
		if (!rows[i].letter)
			continue;
		*at++ = rows[i].letter;
		if (rows[i].argument)
			*at++ = ':';
	}
	*at = 0;
	long_options[ROW_COUNT] = (struct option){ 0 };
}

/* ---- reading ---- */

static enum nt_status complain(int problem, char **argv, struct nt_error *error)
{
	const struct option_row *row = row_of(optopt);

	if (problem == ':' && row)
		return nt_fail(error, NT_EUSAGE, "--%s needs an argument: %s", row->name, row->argument);
	if (row && optopt >= ROW_FIRST)
		return nt_fail(error, NT_EUSAGE, "--%s takes no argument", row->name);
	if (optopt)
		return nt_fail(error, NT_EUSAGE, "there is no option -%c", optopt);
	return nt_fail(error, NT_EUSAGE, "there is no option %s, or more than one begins so", argv[optind - 1]);
}

static enum nt_status read_options(struct options *options, int argc, char **argv, struct nt_error *error)
{
	char letters[2 * ROW_COUNT + 2];
	struct option long_options[ROW_COUNT + 1];
	enum nt_status status = NT_OK;
	int value;

	describe_to_getopt(letters, long_options);
	optind = 0; /* glibc: begin anew */
	opterr = 0;
	while (status == NT_OK && (value = getopt_long(argc, argv, letters, long_options, NULL)) != -1) {
		const struct option_row *row = value == ':' || value == '?' ? NULL : row_of(value);

		status = row ? row->take(options, row, optarg, error) : complain(value, argv, error);
	}
	return status;
}

static enum nt_status check_inputs(const struct options *options, struct nt_error *error)
{
	size_t standard = 0;

	for (size_t i = 0; i < options->input_count; i++)
		standard += strcmp(options->inputs[i], "-") == 0;
	if (options->input_count == 0)
		return nt_fail(error, NT_EUSAGE, "no input: name a capture file, or - for standard input");
	if (standard > 1)
		return nt_fail(error, NT_EUSAGE, "standard input can be read only once");
	return NT_OK;
}

enum nt_status options_read(struct options *options, int argc, char **argv, struct nt_error *error)
{
	enum nt_status status;

	*options = (struct options){ .headers = CORRELATE_HEADERS_NONE, .headers_text = headers_words[CORRELATE_HEADERS_NONE] };
	/* Not enough entropy yet, early at boot, leaves the seed 0 rather than block. */
	if (getrandom(&options->seed, sizeof options->seed, GRND_NONBLOCK) != sizeof options->seed)
		options->seed = 0;
	status = read_options(options, argc, argv, error);
	if (status != NT_OK || options->help || options->version)
		return status;
	options->inputs = (const char *const *)argv + optind;
	options->input_count = (size_t)(argc - optind);
	return check_inputs(options, error);
}

void options_clear(struct options *options)
{
	free(options->clients);
	free(options->excluded_headers);
	free(options->keylogs);
	free(options->conntracks);
	*options = (struct options){ 0 };
}

/* ---- help ---- */

enum { HELP_COLUMN = 28 };

static void print_row(FILE *out, const struct option_row *row)
{
	char left[80];
	int size = snprintf(left, sizeof left, "  %c%c%s --%s%s%s", row->letter ? '-' : ' ', row->letter ? row->letter : ' ',
			    row->letter ? "," : " ", row->name, row->argument ? " " : "", row->argument ? row->argument : "");

	if (size < HELP_COLUMN)
		fprintf(out, "%-*s%s\n", HELP_COLUMN, left, row->help);
	else
		fprintf(out, "%s\n%*s%s\n", left, HELP_COLUMN, "", row->help);
}

void options_print_help(FILE *out)
{
	fputs("nettrace-analyze [options] FILE...\n"
	      "Tells what happened on the network from captures (pcap, pcapng; plain, gzip or zstd; - is standard input):\n"
	      "name look-ups, connections, TLS and HTTP, as a readable report or as a JSON trace.\n\n",
	      out);
	for (int i = 0; i < ROW_COUNT; i++)
		print_row(out, &rows[i]);
	fputs("\nExit status: 0 done; 1 wrong use, or nothing could be read or written; 2 an input is damaged or cut, and what\n"
	      "stands before the damage was analysed.\n",
	      out);
}
