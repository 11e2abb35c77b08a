/*
 * The outputs of nettrace-analyze: what they need to know, and one function each.
 */
#ifndef NETTRACE_CLI_OUTPUT_H
#define NETTRACE_CLI_OUTPUT_H

#include "capture/source.h"
#include "correlate/correlate.h"
#include "store/recording.h"
#include "store/trace.h"

#include <stdio.h>

/* Kinds of records that the user left out (--no-dials, …). */
struct output_omit {
	bool dials, tcp, udp, dns, tls, http;
};

/* What is known of a session of a recording.  The file is its only input. */
struct output_recording {
	const struct recording_session *session;
	struct capture_input input;
	const struct capture_interface *interfaces;
	size_t interface_count;
	uint64_t filtered_out;
	const struct recording_event *events;
	size_t event_count;
	const struct recording_statistics *statistics; /* the last of each subject */
	size_t statistics_count;
};

struct context;
struct seed_inputs;

/* Everything that an output may show.  Nothing in it is owned by the outputs. */
struct output {
	const char *description;
	const char *filter;  /* pcap-filter expression, NULL if none */
	const char *headers; /* privacy setting as given: "none", "names", "lengths", "values" */
	struct output_omit omit;
	bool as_lines; /* records are written when they end, and not kept: `list` has only their numbers */
	bool verbose;
	bool secrets;  /* the command line of a recording may be shown whole */
	bool colour;   /* the report may use terminal colours */
	bool blocks;   /* the report may draw with block characters of UTF-8 */
	nt_time begin; /* traceBeginAt; NT_TIME_NONE if there was no packet */
	nt_time end;
	const struct trace_list *list;            /* sorted */
	const struct capture_source *source;      /* NULL if a recording was read; see output_input() */
	const struct output_recording *recording; /* NULL if captures were read */
	const struct seed_inputs *seeds;          /* traces of the Go library that were read as well; NULL: none */
	const struct context *context;            /* what archives say about the device; NULL: nothing */
	const struct correlate_stats *stats;
	const struct limit_hits *hits;
};

/* What was read, of either kind (output_inputs.c): first what has packets, then traces of the Go library. */
size_t output_input_count(const struct output *output);
const struct capture_input *output_input(const struct output *output, size_t index);
bool output_input_has_packets(const struct output *output, size_t index); /* it is no trace of the Go library */
size_t output_interface_count(const struct output *output);
const struct capture_interface *output_interface(const struct output *output, size_t index);
uint64_t output_packets_read(const struct output *output); /* whether or not the filter took them */
uint64_t output_filtered_out(const struct output *output);
nt_time output_first_time(const struct output *output); /* the smallest of a packet; NT_TIME_NONE if none has a time */

/* The same for the same input on every run; different for different inputs (output_uuid.c). */
enum { UUID_SIZE = 37 };
void output_uuid(const struct output *output, uint8_t uuid[16]);
char *output_uuid_text(const struct output *output, char out[UUID_SIZE]); /* returns out */

/* The JSON trace (see tests/schema/trace.schema.json).  false if writing failed. */
bool output_json(FILE *out, const struct output *output);

/* The readable report. */
bool output_report(FILE *out, const struct output *output);

#endif
