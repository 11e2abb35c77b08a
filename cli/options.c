#include "cli/options.h"

#include "cli/client_prefix.h"
#include "cli/key_files.h"
#include "cli/option_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* ---- handlers ---- */

static enum nt_status take_client(void *target, const struct option_row *row, const char *argument, struct nt_error *error)
{
	struct options *options = target;
	struct correlate_prefix prefix = { 0 };

	if (!client_prefix_read(argument, &prefix))
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

static enum nt_status take_headers(void *target, const struct option_row *row, const char *argument, struct nt_error *error)
{
	struct options *options = target;
	for (size_t i = 0; i < sizeof headers_words / sizeof *headers_words; i++) {
		if (strcmp(argument, headers_words[i]) != 0)
			continue;
		options->headers = (enum correlate_headers)i;
		options->headers_text = headers_words[i];
		return NT_OK;
	}
	return nt_fail(error, NT_EUSAGE, "--%s %s: it must be one of %s", row->name, argument, row->argument);
}

static enum nt_status take_excluded(void *target, const struct option_row *row, const char *argument, struct nt_error *error)
{
	struct options *options = target;
	if (!*argument)
		return nt_fail(error, NT_EUSAGE, "--%s needs the name of a header field", row->name);
	option_append(&options->excluded_headers, &options->excluded_header_count, argument);
	return NT_OK;
}

static enum nt_status take_fail_on(void *target, const struct option_row *row, const char *argument, struct nt_error *error)
{
	struct options *options = target;
	(void)row;
	return fail_on_add(&options->fail_on, argument, error);
}

static enum nt_status take_ca(void *target, const struct option_row *row, const char *argument, struct nt_error *error)
{
	struct options *options = target;
	(void)row;
	options->ca = argument;
	return key_files_check_ca(argument, error);
}

static enum nt_status take_keylog(void *target, const struct option_row *row, const char *argument, struct nt_error *error)
{
	struct options *options = target;
	(void)row;
	option_append(&options->keylogs, &options->keylog_count, argument);
	return key_files_check_keylog(argument, error);
}

static enum nt_status take_conntrack(void *target, const struct option_row *row, const char *argument, struct nt_error *error)
{
	struct options *options = target;
	(void)row;
	option_append(&options->conntracks, &options->conntrack_count, argument);
	return key_files_check_readable(argument, error);
}

static enum nt_status take_session(void *target, const struct option_row *row, const char *argument, struct nt_error *error)
{
	struct options *options = target;
	size_t digits = strspn(argument, "0123456789");

	if (strcmp(argument, "last") != 0 && (digits == 0 || digits > 18 || argument[digits]))
		return nt_fail(error, NT_EUSAGE, "--%s %s: neither a number nor the word last", row->name, argument);
	options->session = argument;
	return NT_OK;
}

/* Decimal, or hexadecimal after 0x. */
static enum nt_status take_seed(void *target, const struct option_row *row, const char *argument, struct nt_error *error)
{
	struct options *options = target;
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
	{ "json", 0, NULL, "print the JSON trace instead of the readable report", option_take_flag, SETS(json) },
	{ "ndjson", 0, NULL, "print each record of it as a line, as soon as it ends", option_take_flag, SETS(ndjson) },
	{ "diff", 0, NULL, "compare two inputs, one that worked and one that did not: where they part, and in what",
	  option_take_flag, SETS(diff) },
	{ "output", 'o', "FILE", "write to FILE, which is replaced only when all is written", option_take_file, SETS(output) },
	{ "html", 0, "FILE", "write the trace to FILE as a web page, beside the report or JSON", option_take_file,
	  SETS(exports[EXPORT_HTML]) },
	{ "har", 0, "FILE", "write the HTTP requests to FILE as HAR 1.2, for the developer tools of browsers", option_take_file,
	  SETS(exports[EXPORT_HAR]) },
	{ "otlp", 0, "FILE", "write the trace to FILE as spans of OpenTelemetry, OTLP/JSON", option_take_file,
	  SETS(exports[EXPORT_OTLP]) },
	{ "store", 0, "FILE", "write the trace to FILE as a SQLite database, a table for each kind of record", option_take_file,
	  SETS(store) },
	{ "description", 0, "TEXT", "what the trace is of (the names of the inputs)", option_take_text, SETS(description) },
	{ "filter", 'f', "FILTER", "only packets that match, in the syntax of pcap-filter(7)", option_take_text, SETS(filter) },
	{ "client", 0, "ADDR[/LEN]", "only connections of this client or network; repeatable", take_client, 0 },
	{ "headers", 0, "none|names|lengths|values", "what to keep of HTTP header fields (none)", take_headers, 0 },
	{ "secrets", 0, NULL, "show credentials in header values and URLs, and the recorded command line", option_take_flag,
	  SETS(secrets) },
	{ "exclude-header", 0, "NAME", "keep nothing of header fields of this name; repeatable", take_excluded, 0 },
	{ "no-dials", 0, NULL, "leave out dials", option_take_flag, SETS(omit.dials) },
	{ "no-tcp", 0, NULL, "leave out TCP connections", option_take_flag, SETS(omit.tcp) },
	{ "no-udp", 0, NULL, "leave out UDP flows", option_take_flag, SETS(omit.udp) },
	{ "no-dns", 0, NULL, "leave out DNS", option_take_flag, SETS(omit.dns) },
	{ "no-tls", 0, NULL, "leave out TLS", option_take_flag, SETS(omit.tls) },
	{ "no-http", 0, NULL, "leave out HTTP", option_take_flag, SETS(omit.http) },
	{ "no-ndpi", 0, NULL, "do not ask nDPI for application protocols", option_take_flag, SETS(no_app_protocol) },
	{ "no-sandbox", 0, NULL, "let the analysis open files and sockets, for debugging", option_take_flag, SETS(no_sandbox) },
	{ "no-verify", 0, NULL, "do not verify certificate chains", option_take_flag, SETS(no_verify) },
	{ "ca", 0, "FILE|DIR", "certificates in PEM that are trusted", take_ca, 0 },
	{ "keylog", 0, "FILE", "TLS secrets, as SSLKEYLOGFILE names them; repeatable", take_keylog, 0 },
	{ "conntrack", 0, "FILE", "conntrack table or events of the time; repeatable", take_conntrack, 0 },
	{ "session", 0, "N|last", "which session of a recording (the only one)", take_session, 0 },
	{ "write", 'w', "FILE", "write the packets of the trace as pcapng, with TLS secrets", option_take_file, SETS(packets_out) },
	{ "all-packets", 0, NULL, "with -w: all packets that the filter takes", option_take_flag, SETS(all_packets) },
	{ "fail-on", 0, "CODE[,CODE]...",
	  "exit status 3 if there is a finding of such a code; error, warning, info: of such a\n"
	  "severity or a worse one; any: of any; difference, with --diff; repeatable",
	  take_fail_on, 0 },
	{ "seed", 0, "N", "seed of the hash tables (random)", take_seed, 0 },
	{ "quiet", 'q', NULL, "no progress and no messages but errors", option_take_flag, SETS(quiet) },
	{ "verbose", 'v', NULL, "everything in the report", option_take_flag, SETS(verbose) },
	{ "list-fields", 0, NULL, "print every member of the JSON trace, with type, unit and meaning", option_take_flag,
	  SETS(list_fields) },
	{ "list-codes", 0, NULL, "print the codes of all findings, with their usual severity", option_take_flag, SETS(list_codes) },
	{ "help", 'h', NULL, "print this text", option_take_flag, SETS(help) },
	{ "version", 'V', NULL, "print the version, and those of the libraries", option_take_flag, SETS(version) },
};

static const struct option_table table = { rows, sizeof rows / sizeof *rows, false };

/* ---- reading ---- */

/* What is written when the reading ends, beside the lines of which none is kept until then. */
static enum nt_status check_lines(const struct options *options, struct nt_error *error)
{
	if (options->json)
		return nt_fail(error, NT_EUSAGE, "--json and --ndjson cannot be given together");
	for (int i = 0; i < EXPORT_KINDS; i++)
		if (options->exports[i])
			return nt_fail(error, NT_EUSAGE, "%s needs the whole trace, of which --ndjson keeps nothing; give --json",
				       export_option((enum export_kind)i));
	return NT_OK;
}

/* Both traces are read for the comparison alone. */
static enum nt_status check_diff(const struct options *options, struct nt_error *error)
{
	if (options->input_count != 2)
		return nt_fail(error, NT_EUSAGE, "--diff takes two inputs, the good one first");
	if (options->ndjson || options->packets_out)
		return nt_fail(error, NT_EUSAGE, "--diff and %s cannot be given together", options->ndjson ? "--ndjson" : "-w");
	if (options->store)
		return nt_fail(error, NT_EUSAGE, "--diff and --store cannot be given together");
	for (int i = 0; i < EXPORT_KINDS; i++)
		if (options->exports[i])
			return nt_fail(error, NT_EUSAGE, "--diff and %s cannot be given together",
				       export_option((enum export_kind)i));
	return NT_OK;
}

static enum nt_status check_inputs(const struct options *options, struct nt_error *error)
{
	size_t standard = 0;

	for (size_t i = 0; i < options->input_count; i++)
		standard += strcmp(options->inputs[i], "-") == 0;
	if (options->fail_on.difference && !options->diff)
		return nt_fail(error, NT_EUSAGE, "--fail-on difference needs --diff");
	if (options->ndjson && check_lines(options, error) != NT_OK)
		return NT_EUSAGE;
	if (options->input_count == 0)
		return nt_fail(error, NT_EUSAGE, "no input: name a capture file or a recording, or - for standard input");
	if (standard > 1)
		return nt_fail(error, NT_EUSAGE, "standard input can be read only once");
	return options->diff ? check_diff(options, error) : NT_OK;
}

enum nt_status options_read(struct options *options, int argc, char **argv, struct nt_error *error)
{
	enum nt_status status;
	int operands;

	*options = (struct options){ .headers = CORRELATE_HEADERS_NONE, .headers_text = headers_words[CORRELATE_HEADERS_NONE] };
	/* Not enough entropy yet, early at boot, leaves the seed 0 rather than block. */
	if (getrandom(&options->seed, sizeof options->seed, GRND_NONBLOCK) != sizeof options->seed)
		options->seed = 0;
	status = option_table_read(&table, options, argc, argv, &operands, error);
	if (status != NT_OK || options->help || options->version || options->list_fields || options->list_codes)
		return status;
	options->inputs = (const char *const *)argv + operands;
	options->input_count = (size_t)(argc - operands);
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

void options_print_help(FILE *out)
{
	fputs("nettrace-analyze [options] FILE...\n"
	      "nettrace-analyze --diff [options] GOOD BAD\n"
	      "Tells what happened on the network, and what failed first: name look-ups, connections, TLS and HTTP, as a report\n"
	      "or a JSON trace. FILE is a capture (pcap, pcapng; plain, gzip or zstd; - is standard input), a recording of\n"
	      "nettrace-capture, an archive of an EVE device, or a trace of the Go library lf-edge/eve-libs/nettrace.\n\n",
	      out);
	option_table_print(out, &table);
	fputs("\nExit status: 0 done; 1 wrong use, or nothing could be read or written; 2 an input is damaged or cut, and what\n"
	      "stands before the damage was analysed; 3 there is what --fail-on names. Of several,\n"
	      "the first of 1, 3, 2.\n",
	      out);
}
