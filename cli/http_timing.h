/*
 * The parts of struct trace_http_timing by number, in the order of time: what the outputs that show them share.
 */
#ifndef NETTRACE_CLI_HTTP_TIMING_H
#define NETTRACE_CLI_HTTP_TIMING_H

#include "store/trace.h"

enum { HTTP_TIMING_PARTS = 8, HTTP_TIMING_STALLED = 7 };

const char *http_timing_name(size_t part);                                     /* "dns", "connect", … */
int64_t http_timing_part(const struct trace_http_timing *timing, size_t part); /* microseconds; -1: not known */

/* A part below one fiftieth of the whole explains nothing; nor does one that is not known. */
bool http_timing_is_negligible(const struct trace_http_timing *timing, int64_t part);

#endif
