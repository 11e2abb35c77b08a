/* Where the time of an HTTP request went. */
#include "cli/report/report.h"

#include <string.h>

struct timing_part {
	size_t offset; /* in struct trace_http_timing */
	const char *name;
};

static const struct timing_part parts[] = {
	{ offsetof(struct trace_http_timing, dns), "dns" },           { offsetof(struct trace_http_timing, connect), "connect" },
	{ offsetof(struct trace_http_timing, tls), "tls" },           { offsetof(struct trace_http_timing, idle), "idle" },
	{ offsetof(struct trace_http_timing, request), "request" },   { offsetof(struct trace_http_timing, server), "server" },
	{ offsetof(struct trace_http_timing, transfer), "transfer" }, { offsetof(struct trace_http_timing, stalled), "stalled" },
};

enum { PARTS = sizeof parts / sizeof *parts };

/* A part below one fiftieth of the whole explains nothing.  On a connection with many requests only these are worth a line each. */
enum { NEGLIGIBLE = 50, MANY_REQUESTS = 5, SLOW_US = 1000000 };

static int64_t part_of(const struct trace_http_timing *timing, size_t i)
{
	int64_t value;

	memcpy(&value, (const char *)timing + parts[i].offset, sizeof value);
	return value;
}

static bool is_negligible(const struct trace_http_timing *timing, int64_t part)
{
	return part <= 0 || part < timing->total / NEGLIGIBLE;
}

/* Nothing is told by a single part that the line of the request tells already. */
static bool is_telling(const struct trace_http_timing *timing)
{
	int64_t before = timing->total - timing->request - timing->server - timing->transfer;
	size_t count = 0;

	for (size_t i = 0; i < PARTS; i++)
		count += !is_negligible(timing, part_of(timing, i));
	return count > 1 || !is_negligible(timing, before);
}

bool report_has_timing(const struct report *report, const struct trace_http_request *request)
{
	const struct trace_http_timing *timing = &request->timing;

	if (report->verbose || timing->total <= 0)
		return timing->total > 0;
	if (links_children(&report->index.http_of_conn, request->tcp_conn).count > MANY_REQUESTS && timing->total < SLOW_US &&
	    is_negligible(timing, timing->stalled))
		return false;
	return is_telling(timing);
}

static int64_t largest_part(const struct trace_http_timing *timing)
{
	int64_t largest = 0;

	for (size_t i = 0; i < PARTS; i++)
		if (part_of(timing, i) > largest)
			largest = part_of(timing, i);
	return largest;
}

static void print_part(struct report *report, const struct trace_http_timing *timing, size_t i)
{
	int64_t value = part_of(timing, i);
	bool is_stall = parts[i].offset == offsetof(struct trace_http_timing, stalled);
	char text[TEXT_SIZE];

	text_duration(value, text);
	if (is_stall && !is_negligible(timing, value)) {
		report_bad(report, "%s %s", parts[i].name, text);
	} else if (value == largest_part(timing)) {
		report_strong(report, true);
		fprintf(report->out, "%s %s", parts[i].name, text);
		report_strong(report, false);
	} else {
		fprintf(report->out, "%s %s", parts[i].name, text);
	}
}

void report_timing(struct report *report, const struct trace_http_request *request)
{
	const struct trace_http_timing *timing = &request->timing;
	const char *separator = ": ";
	char text[TEXT_SIZE];

	report_begin_line(report, "time");
	fputs(text_duration(timing->total, text), report->out);
	for (size_t i = 0; i < PARTS; i++) {
		int64_t value = part_of(timing, i);

		if (value < 0 || (!report->verbose && is_negligible(timing, value)))
			continue;
		fputs(separator, report->out);
		print_part(report, timing, i);
		separator = ", ";
	}
	report_end_line(report);
}
