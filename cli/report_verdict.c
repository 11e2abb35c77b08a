/* The first lines of the report: what went wrong, in one sentence each, with the packets that prove it. */
#include "cli/report.h"

#include <inttypes.h>

/* Without -v: so many failures, and so many warnings, are worth reading before the story. */
enum { MOST_FAILURES = 10, MOST_WARNINGS = 5 };

static bool is_failure(const struct trace_finding *finding)
{
	return finding->root_cause || finding->severity == FINDING_ERROR;
}

static size_t count_findings(const struct trace_list *list, bool failures, enum finding_severity severity)
{
	size_t count = 0;

	for (size_t i = 0; i < list->finding_count; i++)
		if (is_failure(&list->findings[i]) == failures && (failures || list->findings[i].severity == severity))
			count += 1 + list->findings[i].more;
	return count;
}

static void print_packet(struct report *report, const struct finding_packet *packet)
{
	if (report->many_inputs)
		fprintf(report->out, "%u:", (unsigned)packet->packet.file + 1);
	fprintf(report->out, "#%" PRIu64, (uint64_t)packet->packet.number);
	if (!packet->shows.size)
		return;
	fputc(' ', report->out);
	report_text(report, packet->shows);
}

/* The code, for those who look it up, and the packets, for those who do not believe it. */
static void print_proof(struct report *report, const struct trace_finding *finding)
{
	report_begin_head(report, "");
	fputs(finding_code_text(finding->code), report->out);
	for (size_t i = 0; i < finding->packet_count; i++) {
		fputs(i ? ", " : "  [", report->out);
		print_packet(report, &finding->packets[i]);
	}
	fputs(finding->packet_count ? "]" : "", report->out);
	report_end_line(report);
}

static void print_finding(struct report *report, const char *title, const struct trace_finding *finding)
{
	report_strong(report, true);
	report_begin_head(report, title);
	report_strong(report, false);
	if (is_failure(finding))
		report_bad_text(report, finding->message);
	else
		report_text(report, finding->message);
	if (finding->more)
		fprintf(report->out, " (and %" PRIu64 " more of this kind)", finding->more);
	report_end_line(report);
	print_proof(report, finding);
}

static void print_all(struct report *report, const char *title, bool failures, enum finding_severity severity, size_t most)
{
	const struct trace_list *list = report->list;
	size_t shown = 0, hidden = 0;

	for (size_t i = 0; i < list->finding_count; i++) {
		const struct trace_finding *finding = &list->findings[i];

		if (is_failure(finding) != failures || (!failures && finding->severity != severity))
			continue;
		if (report->verbose || shown < most)
			print_finding(report, shown++ ? "" : title, finding);
		else
			hidden++;
	}
	if (!hidden)
		return;
	report_begin_head(report, "");
	fprintf(report->out, "… and %zu more (-v shows all)", hidden);
	report_end_line(report);
}

static void print_count(struct report *report, size_t count, const char *what)
{
	fprintf(report->out, "no failure seen in %zu %s%s", count, what, report_plural(count));
}

/* What could have failed: of each exchange the part that says most. */
static void print_judged(struct report *report)
{
	const struct trace_list *list = report->list;

	if (list->http_request_count)
		print_count(report, list->http_request_count, "HTTP request");
	else if (list->tcp_conn_count)
		print_count(report, list->tcp_conn_count, "TCP connection");
	else if (list->dns_query_count)
		print_count(report, list->dns_query_count, "DNS conversation");
	else if (list->udp_conn_count)
		print_count(report, list->udp_conn_count, "UDP flow");
	else
		fputs("no connections and no look-ups to judge", report->out);
}

static void print_all_well(struct report *report)
{
	size_t warnings = count_findings(report->list, false, FINDING_WARNING);

	report_strong(report, true);
	report_begin_head(report, "verdict");
	print_judged(report);
	report_count(report, warnings, "warning");
	report_strong(report, false);
	report_end_line(report);
}

void report_verdict(struct report *report)
{
	if (count_findings(report->list, true, FINDING_ERROR) == 0)
		print_all_well(report);
	print_all(report, "verdict", true, FINDING_ERROR, MOST_FAILURES);
	print_all(report, "warning", false, FINDING_WARNING, MOST_WARNINGS);
	if (report->verbose)
		print_all(report, "note", false, FINDING_INFO, 0);
}
