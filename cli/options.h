/*
 * The command line of nettrace-analyze.  The table in options.c is the only place that knows the options.
 */
#ifndef NETTRACE_CLI_OPTIONS_H
#define NETTRACE_CLI_OPTIONS_H

#include "cli/exports.h"
#include "cli/fail_on.h"
#include "cli/output.h"

/* Texts point into argv; the lists are owned by the struct. */
struct options {
	bool help, version, list_fields, list_codes;
	bool json, ndjson, quiet, verbose;
	bool diff;               /* two inputs, each a trace of its own */
	const char *output;      /* NULL: standard output */
	const char *description; /* NULL: the inputs' names */
	const char *filter;      /* pcap-filter expression, or NULL */
	const char *session;     /* of a recording: a number, "last", or NULL */
	const char *packets_out; /* pcapng file to write, or NULL */
	const char *store;       /* database to write, or NULL */
	const char *exports[EXPORT_KINDS];
	bool all_packets; /* all that were read go there */
	struct correlate_prefix *clients;
	size_t client_count;
	enum correlate_headers headers;
	const char *headers_text; /* the same in words: "none", … */
	const char **excluded_headers;
	size_t excluded_header_count;
	struct output_omit omit;
	struct fail_on fail_on;
	bool no_app_protocol, no_verify, no_sandbox, secrets;
	const char *ca;       /* file or directory with a certificate in it, or NULL */
	const char **keylogs; /* files that look like NSS key logs */
	size_t keylog_count;
	const char **conntracks; /* files that can be read */
	size_t conntrack_count;
	uint64_t seed;             /* random unless given */
	const char *const *inputs; /* "-" is standard input */
	size_t input_count;
};

/*
 * Reads the command line.  Uses getopt, so not from two threads.  On failure (NT_EUSAGE for wrong use, NT_EIO and NT_EFORMAT for a file
 * given with an option) *error has the sentence; *options is to be cleared in every case.  With `help`, `version`, `list_fields` or `list_codes` set nothing
 * else was asked for, and inputs may be missing.
 */
enum nt_status options_read(struct options *options, int argc, char **argv, struct nt_error *error);
void options_clear(struct options *options);

/* What --help prints. */
void options_print_help(FILE *out);

#endif
