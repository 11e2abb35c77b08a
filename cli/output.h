/*
 * The outputs of nettrace-analyze: what they need to know, and one function each.
 */
#ifndef NETTRACE_CLI_OUTPUT_H
#define NETTRACE_CLI_OUTPUT_H

#include "capture/source.h"
#include "correlate/correlate.h"
#include "store/trace.h"

#include <stdio.h>

/* Kinds of records that the user left out (--no-dials, …). */
struct output_omit {
	bool dials, tcp, udp, dns, tls, http;
};

/* Everything that an output may show.  Nothing in it is owned by the outputs. */
struct output {
	const char *description;
	const char *filter;  /* pcap-filter expression, NULL if none */
	const char *headers; /* privacy setting as given: "none", "names", "lengths", "values" */
	struct output_omit omit;
	bool verbose;
	bool colour;   /* the report may use terminal colours */
	nt_time begin; /* traceBeginAt; NT_TIME_NONE if there was no packet */
	nt_time end;
	const struct trace_list *list; /* sorted */
	const struct capture_source *source;
	const struct correlate_stats *stats;
	const struct limit_hits *hits;
};

/* The JSON trace (see tests/schema/trace.schema.json).  false if writing failed. */
bool output_json(FILE *out, const struct output *output);

/* The readable report. */
bool output_report(FILE *out, const struct output *output);

#endif
