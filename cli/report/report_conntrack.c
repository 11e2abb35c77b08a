/* What connection tracking knows of a connection: its addresses before and after translation, and with -v the rest. */
#include "cli/report/report.h"

#include <inttypes.h>

static void print_tuple_after(struct report *report, const struct address_tuple *reply)
{
	const struct address_tuple after = { .ip_version = reply->ip_version,
					     .source = reply->destination,
					     .destination = reply->source,
					     .source_port = reply->destination_port,
					     .destination_port = reply->source_port };

	report_tuple(report, &after);
}

static void print_translation(struct report *report, const struct conntrack_entry *entry)
{
	report_begin_line(report, "NAT");
	report_tuple(report, &entry->original);
	fputs(" became ", report->out);
	print_tuple_after(report, &entry->reply);
	report_end_line(report);
}

static void print_details(struct report *report, const struct conntrack_entry *entry)
{
	char text[TEXT_SIZE], status[CONNTRACK_STATUS_TEXT_SIZE];

	report_begin_more(report);
	fprintf(report->out, "conntrack: %s", conntrack_status_text(entry->status, status));
	if (entry->has_tcp_state)
		fprintf(report->out, ", %s", conntrack_tcp_state_text(entry->tcp_state));
	if (entry->mark)
		fprintf(report->out, ", mark 0x%" PRIx32, entry->mark);
	if (entry->zone)
		fprintf(report->out, ", zone %u", entry->zone);
	if (entry->has_counters) {
		fprintf(report->out, ", %" PRIu64 " packets with %s there", entry->packets[0], text_bytes(entry->bytes[0], text));
		fprintf(report->out, ", %" PRIu64 " with %s back", entry->packets[1], text_bytes(entry->bytes[1], text));
	}
	if (entry->time != NT_TIME_NONE)
		fprintf(report->out, "; as of %s", text_between(report->output->begin, entry->time, text));
	report_end_line(report);
}

void report_conntrack(struct report *report, const struct conntrack_entry *entry)
{
	if (!entry)
		return;
	if (entry->status & (CONNTRACK_SRC_NAT | CONNTRACK_DST_NAT))
		print_translation(report, entry);
	if (report->verbose)
		print_details(report, entry);
}
