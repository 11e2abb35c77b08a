/* Where the time of an HTTP request went. */
#include "cli/report/report.h"

#include "cli/http_timing.h"

/* On a connection with many requests only slow ones are worth a line each. */
enum { MANY_REQUESTS = 5, SLOW_US = 1000000 };

/* Nothing is told by a single part that the line of the request tells already. */
static bool is_telling(const struct trace_http_timing *timing)
{
	int64_t before = timing->total - timing->request - timing->server - timing->transfer;
	size_t count = 0;

	for (size_t i = 0; i < HTTP_TIMING_PARTS; i++)
		count += !http_timing_is_negligible(timing, http_timing_part(timing, i));
	return count > 1 || !http_timing_is_negligible(timing, before);
}

bool report_has_timing(const struct report *report, const struct trace_http_request *request)
{
	const struct trace_http_timing *timing = &request->timing;

	if (report->verbose || timing->total <= 0)
		return timing->total > 0;
	if (links_children(&report->index.http_of_conn, request->tcp_conn).count > MANY_REQUESTS && timing->total < SLOW_US &&
	    http_timing_is_negligible(timing, timing->stalled))
		return false;
	return is_telling(timing);
}

static int64_t largest_part(const struct trace_http_timing *timing)
{
	int64_t largest = 0;

	for (size_t i = 0; i < HTTP_TIMING_PARTS; i++)
		if (http_timing_part(timing, i) > largest)
			largest = http_timing_part(timing, i);
	return largest;
}

static void print_part(struct report *report, const struct trace_http_timing *timing, size_t i)
{
	int64_t value = http_timing_part(timing, i);
	bool is_stall = i == HTTP_TIMING_STALLED;
	char text[TEXT_SIZE];

	text_duration(value, text);
	if (is_stall && !http_timing_is_negligible(timing, value)) {
		report_bad(report, "%s %s", http_timing_name(i), text);
	} else if (value == largest_part(timing)) {
		report_strong(report, true);
		fprintf(report->out, "%s %s", http_timing_name(i), text);
		report_strong(report, false);
	} else {
		fprintf(report->out, "%s %s", http_timing_name(i), text);
	}
}

void report_timing(struct report *report, const struct trace_http_request *request)
{
	const struct trace_http_timing *timing = &request->timing;
	const char *separator = ": ";
	char text[TEXT_SIZE];

	report_begin_line(report, "time");
	fputs(text_duration(timing->total, text), report->out);
	for (size_t i = 0; i < HTTP_TIMING_PARTS; i++) {
		int64_t value = http_timing_part(timing, i);

		if (value < 0 || (!report->verbose && http_timing_is_negligible(timing, value)))
			continue;
		fputs(separator, report->out);
		print_part(report, timing, i);
		separator = ", ";
	}
	report_end_line(report);
}
