/*
 * The command line of nettrace-capture.  The table in capture_options.c is the only place that knows the options.
 */
#ifndef NETTRACE_CLI_CAPTURE_OPTIONS_H
#define NETTRACE_CLI_CAPTURE_OPTIONS_H

#include "store/base.h"

#include <stdio.h>

#define CAPTURE_DEFAULT_SIZE (UINT64_C(64) * 1024 * 1024)
enum { CAPTURE_MAX_INTERFACES = 64, CAPTURE_MAX_GROUPS = 64 };

/* Texts point into argv; the lists are owned by the struct. */
struct capture_options {
	bool help, version, list_interfaces;
	bool quiet, verbose, numeric;
	const char **interfaces; /* "any" if nothing else says where packets come from */
	size_t interface_count;
	uint16_t *groups; /* of NFLOG */
	size_t group_count;
	const char *input;  /* capture file to import, or NULL */
	const char *output; /* the recording; NULL only with help, version and list_interfaces */
	const char *filter; /* pcap-filter expression as given, or NULL */
	bool icmp, arp, no_payload;
	uint32_t snaplen;  /* bytes of a packet; 0: all */
	uint64_t count;    /* packets; 0: no limit */
	uint64_t max_size; /* bytes of packets; 0: no limit, the default of an import */
	int64_t duration;  /* nanoseconds; 0: no limit */
	bool ring;         /* at max_size drop the oldest rather than stop */
	bool no_conntrack, keep_sysctls;
	bool no_keylog;
	const char *keylog; /* key log file to follow, or NULL */
	const char *user;   /* to run as; NULL: see privileges.h */
	bool only_command;
	char **command; /* ended by NULL; NULL: none.  Points into argv. */
};

/*
 * Reads the command line.  Uses getopt, so not from two threads.  On failure (NT_EUSAGE) *error has the sentence; *options is to be
 * cleared in every case.  With `help`, `version` or `list_interfaces` set nothing else was asked for.
 */
enum nt_status capture_options_read(struct capture_options *options, int argc, char **argv, struct nt_error *error);
void capture_options_clear(struct capture_options *options);

/* What --help prints. */
void capture_options_print_help(FILE *out);

/* "64M", "500k", "1G", "4096": powers of 1024.  false if it is none of these, or too large. */
bool capture_options_parse_size(const char *text, uint64_t *out);

/* "90", "90s", "500ms", "5m", "2h" in nanoseconds. */
bool capture_options_parse_duration(const char *text, int64_t *out);

#endif
