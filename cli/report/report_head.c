/* The first lines of the report: what was read, of what time, and what could not be used. */
#include "cli/report/report.h"

#include <inttypes.h>
#include <string.h>

static void print_time(struct report *report)
{
	const struct output *output = report->output;
	char text[TEXT_SIZE];

	if (output->begin == NT_TIME_NONE)
		return;
	report_begin_head(report, "time");
	if (output_packets_read(output) && output_first_time(output) == NT_TIME_NONE) {
		fputs("not known: the packets have none, which makes durations 0", report->out);
		report_end_line(report);
		return;
	}
	fprintf(report->out, "%s", text_time(output->begin, text));
	if (output->end != NT_TIME_NONE)
		fprintf(report->out, ", %s", text_between(output->begin, output->end, text));
	report_end_line(report);
}

/* ---- packets, and what could not be used ---- */

struct skip_row {
	size_t offset; /* in struct correlate_skipped */
	const char *text;
};

static const struct skip_row skip_rows[] = {
	{ offsetof(struct correlate_skipped, not_ip), "not IP" },
	{ offsetof(struct correlate_skipped, other_protocol), "of other IP protocols" },
	{ offsetof(struct correlate_skipped, unknown), "of unknown kinds" },
	{ offsetof(struct correlate_skipped, cut), "cut in a header" },
	{ offsetof(struct correlate_skipped, malformed), "malformed" },
	{ offsetof(struct correlate_skipped, too_deep), "nested too deep" },
	{ offsetof(struct correlate_skipped, fragments_unfinished), "fragments of unfinished datagrams" },
};

static void print_skipped(struct report *report)
{
	const char *skipped = (const char *)&report->output->stats->skipped;
	const char *separator = "; not used: ";

	for (size_t i = 0; i < sizeof skip_rows / sizeof *skip_rows; i++) {
		uint64_t count;

		memcpy(&count, skipped + skip_rows[i].offset, sizeof count);
		if (!count)
			continue;
		fprintf(report->out, "%s%" PRIu64 " %s", separator, count, skip_rows[i].text);
		separator = ", ";
	}
}

static void print_packets(struct report *report)
{
	const struct correlate_stats *stats = report->output->stats;

	report_begin_head(report, "packets");
	fprintf(report->out, "%" PRIu64 " read", output_packets_read(report->output));
	if (report->output->filter) {
		fprintf(report->out, ", %" PRIu64 " taken by the filter ", stats->packets);
		report_text(report, bytes_of(report->output->filter));
	}
	fprintf(report->out, "; %" PRIu64 " TCP, %" PRIu64 " UDP, %" PRIu64 " ICMP", stats->tcp_packets, stats->udp_packets,
		stats->icmp_packets);
	if (stats->cut_packets)
		fprintf(report->out, "; %" PRIu64 " cut by the snaplen", stats->cut_packets);
	if (stats->time_went_backwards)
		fprintf(report->out, "; %" PRIu64 " older than the one before", stats->time_went_backwards);
	print_skipped(report);
	report_end_line(report);
}

/* ---- damage, losses, limits ---- */

static void print_input_name(struct report *report, const struct capture_input *input)
{
	report_text(report, bytes_of(strcmp(input->name, "-") == 0 ? "standard input" : input->name));
}

static void print_damage(struct report *report, const struct capture_input *input)
{
	const struct capture_damage *damage = &input->damage;
	char text[TEXT_SIZE];

	report_begin_head(report, "damage");
	print_input_name(report, input);
	report_bad(report, " at byte %" PRIu64 ", after packet %" PRIu64 ": ", damage->byte_offset, damage->packet_number);
	report_bad_text(report, bytes_of(damage->text));
	fprintf(report->out, "; %s lost", text_bytes(damage->bytes_lost, text));
	report_end_line(report);
}

/* What is told by a program, not shown by packets. */
static void print_seed(struct report *report, const struct capture_input *input)
{
	if (strcmp(input->format, "go-trace") == 0) {
		report_begin_head(report, "Go trace");
		print_input_name(report, input);
		fputs(": what the program itself recorded, in whole milliseconds", report->out);
		report_end_line(report);
	}
	if (!input->damage.damaged)
		return;
	report_begin_head(report, "damage");
	print_input_name(report, input);
	fputs(": ", report->out);
	report_bad_text(report, bytes_of(input->damage.text));
	report_end_line(report);
}

static void print_inputs(struct report *report)
{
	for (size_t i = 0; i < output_input_count(report->output); i++) {
		const struct capture_input *input = output_input(report->output, i);

		if (!output_input_has_packets(report->output, i)) {
			print_seed(report, input);
			continue;
		}
		if (report->many_inputs) {
			report_begin_head(report, i ? "" : "inputs");
			fprintf(report->out, "%zu: ", i + 1);
			print_input_name(report, input);
			report_end_line(report);
		}
		if (input->dropped) {
			report_begin_head(report, "dropped");
			fprintf(report->out, "%" PRIu64 " packets lost by the capturing program", input->dropped);
			report_end_line(report);
		}
		if (input->damage.damaged)
			print_damage(report, input);
	}
}

static void print_limits(struct report *report)
{
	bool any = false;

	for (size_t i = 0; i < LIMIT_COUNT; i++) {
		if (!report->output->hits->count[i])
			continue;
		if (!any)
			report_begin_head(report, "limits");
		fprintf(report->out, "%s%s reached %" PRIu64 " times", any ? ", " : "", limit_name((enum limit)i),
			report->output->hits->count[i]);
		any = true;
	}
	if (any)
		report_end_line(report);
}

/* ---- what was found ---- */

static void print_contents(struct report *report)
{
	const struct trace_list *list = report->list;
	const struct output_omit *omit = &report->output->omit;
	size_t failed = 0;

	for (size_t i = 0; i < list->dial_count; i++)
		failed += list->dials[i].error.size > 0;
	report_begin_head(report, "found");
	fprintf(report->out, "%zu TCP connection%s, %zu UDP flow%s", list->tcp_conn_count, report_plural(list->tcp_conn_count),
		list->udp_conn_count, report_plural(list->udp_conn_count));
	if (!omit->dials)
		report_count(report, list->dial_count, "dial");
	if (!omit->dials && failed)
		report_bad(report, " (%zu failed)", failed);
	if (!omit->dns)
		report_count(report, list->dns_query_count, "DNS conversation");
	if (!omit->tls)
		report_count(report, list->tls_tunnel_count, "TLS handshake");
	if (!omit->http)
		report_count(report, list->http_request_count, "HTTP request");
	report_end_line(report);
}

void report_head(struct report *report)
{
	report_strong(report, true);
	report_begin_head(report, "trace");
	report_text(report, bytes_of(report->output->description));
	report_strong(report, false);
	report_end_line(report);
	print_time(report);
	report_recording(report);
	print_packets(report);
	print_inputs(report);
	report_context(report);
	print_limits(report);
	print_contents(report);
}
