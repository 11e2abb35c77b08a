/* With --verbose: statistics of the capture, and what the limits did. */
#include "cli/report/report.h"

#include <inttypes.h>

static void print_input(struct report *report, const struct capture_input *input)
{
	char text[TEXT_SIZE];

	fputs("  input ", report->out);
	report_text(report, bytes_of(input->name));
	fprintf(report->out, ": %s%s%s, %" PRIu64 " packets", input->format, *input->compression ? ", " : "", input->compression,
		input->packets);
	fprintf(report->out, ", %s", text_bytes(input->bytes, text));
	fprintf(report->out, ", from %s", text_time(input->first, text));
	fprintf(report->out, " to %s", text_time(input->last, text));
	report_count(report, input->packets_cut, "snaplen-cut packet");
	report_count(report, input->blocks_skipped, "skipped block");
	report_end_line(report);
}

static void print_interface(struct report *report, const struct capture_interface *interface)
{
	fprintf(report->out, "  interface %u: link type %u, snaplen %u", interface->id, interface->link_type, interface->snaplen);
	if (interface->name) {
		fputs(", ", report->out);
		report_text(report, bytes_of(interface->name));
	}
	if (interface->description) {
		fputs(", ", report->out);
		report_text(report, bytes_of(interface->description));
	}
	report_end_line(report);
}

static const char *registry_text(enum net_registry registry)
{
	switch (registry) {
	case NET_LINK_TYPE:
		return "link type";
	case NET_ETHERTYPE:
		return "EtherType";
	case NET_IP_PROTOCOL:
		return "IP protocol";
	case NET_UDP_PORT:
		return "UDP port";
	case NET_PPP_PROTOCOL:
		return "PPP protocol";
	case NET_LLC_SAP:
		return "LLC SAP";
	}
	return "number";
}

static void print_counts(struct report *report)
{
	const struct correlate_stats *stats = report->output->stats;

	fprintf(report->out, "  %" PRIu64 " packets, %" PRIu64 " of them IP; %" PRIu64 " fragments", stats->packets,
		stats->ip_packets, stats->fragments);
	fprintf(report->out, ", %" PRIu64 " datagrams put together from them", stats->datagrams_reassembled);
	report_end_line(report);
	for (size_t i = 0; i < stats->unknown_count; i++) {
		fprintf(report->out, "  not looked into: %s %" PRIu32 " (0x%" PRIx32 "), %" PRIu64 " packets",
			registry_text(stats->unknown[i].registry), stats->unknown[i].number, stats->unknown[i].number,
			stats->unknown[i].packets);
		report_end_line(report);
	}
}

static const char *limit_effect(enum limit limit)
{
	static const char *const effects[] = {
#define X(name, value, unit, effect) effect,
		LIMIT_LIST(X)
#undef X
	};

	return effects[limit];
}

static void print_limits(struct report *report)
{
	for (size_t i = 0; i < LIMIT_COUNT; i++) {
		if (!report->output->hits->count[i])
			continue;
		fprintf(report->out, "  limit %s, reached %" PRIu64 " times: %s", limit_name((enum limit)i),
			report->output->hits->count[i], limit_effect((enum limit)i));
		report_end_line(report);
	}
}

void report_statistics(struct report *report)
{
	const struct output *output = report->output;

	report_end_line(report);
	fputs("statistics", report->out);
	report_end_line(report);
	for (size_t i = 0; i < output_input_count(output); i++)
		print_input(report, output_input(output, i));
	for (size_t i = 0; i < output_interface_count(output); i++)
		print_interface(report, output_interface(output, i));
	print_counts(report);
	print_limits(report);
}
