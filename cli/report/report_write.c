#include "cli/report/report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

/* ---- ends of lines ---- */

static void print_packet(struct report *report, struct packet_ref packet, bool with_file)
{
	if (with_file)
		fprintf(report->out, "%u:", (unsigned)packet.file + 1);
	fprintf(report->out, "#%" PRIu64, (uint64_t)packet.number);
}

void report_end_line_at(struct report *report, struct packet_ref first, struct packet_ref last)
{
	report->said.first = first;
	report->said.last = last;
	if (first.number && !report->listener) {
		fputs("  [", report->out);
		print_packet(report, first, report->many_inputs);
		if (last.number && (last.number != first.number || last.file != first.file)) {
			fputc('-', report->out);
			print_packet(report, last, report->many_inputs && last.file != first.file);
		}
		fputc(']', report->out);
	}
	report_end_line(report);
}

void report_more_hidden(struct report *report, size_t count, const char *what)
{
	report_begin_more(report);
	fprintf(report->out, "… and %zu more %s%s (-v shows all)", count, what, report_plural(count));
	report_end_line(report);
}

/* ---- parts of lines ---- */

void report_text(struct report *report, struct bytes text)
{
	text_print(report->out, text, report->text_max);
}

void report_name(struct report *report, struct bytes name)
{
	if (name.size > 1 && name.at[name.size - 1] == '.')
		name.size--;
	report_text(report, name);
}

static void style(struct report *report, const char *sequence)
{
	if (report->output->colour)
		fputs(sequence, report->out);
}

void report_bad(struct report *report, const char *format, ...)
{
	va_list args;

	style(report, "\033[31m");
	va_start(args, format);
	vfprintf(report->out, format, args);
	va_end(args);
	style(report, "\033[0m");
}

void report_bad_text(struct report *report, struct bytes text)
{
	style(report, "\033[31m");
	report_text(report, text);
	style(report, "\033[0m");
}

void report_red(struct report *report, bool on)
{
	style(report, on ? "\033[31m" : "\033[0m");
}

void report_strong(struct report *report, bool on)
{
	style(report, on ? "\033[1m" : "\033[0m");
}

const char *report_plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

void report_count(struct report *report, uint64_t count, const char *what)
{
	if (count)
		fprintf(report->out, ", %" PRIu64 " %s%s", count, what, report_plural(count));
}

void report_origin(struct report *report, const struct trace_seed *seed)
{
	if (trace_is_told(seed) && output_packets_read(report->output))
		fputs(", told by the Go trace only", report->out);
}

const char *report_endpoint(uint8_t ip_version, const struct ip_address *address, uint16_t port, char out[REPORT_ENDPOINT_SIZE])
{
	char text[IP_ADDRESS_TEXT_SIZE];

	ip_address_text(ip_version, address, text);
	snprintf(out, REPORT_ENDPOINT_SIZE, ip_version == 6 ? "[%s]:%u" : "%s:%u", text, port);
	return out;
}

void report_tuple(struct report *report, const struct address_tuple *tuple)
{
	char from[REPORT_ENDPOINT_SIZE], to[REPORT_ENDPOINT_SIZE];

	fprintf(report->out, "%s -> %s", report_endpoint(tuple->ip_version, &tuple->source, tuple->source_port, from),
		report_endpoint(tuple->ip_version, &tuple->destination, tuple->destination_port, to));
}

void report_tuple_of_entry(struct report *report, const struct address_tuple *tuple)
{
	char to[REPORT_ENDPOINT_SIZE];

	if (report->verbose || report->client_ip_version != tuple->ip_version ||
	    memcmp(&report->client, &tuple->source, sizeof report->client) != 0) {
		report_tuple(report, tuple);
		return;
	}
	fprintf(report->out, ":%u -> %s", tuple->source_port,
		report_endpoint(tuple->ip_version, &tuple->destination, tuple->destination_port, to));
}
