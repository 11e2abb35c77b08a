/* The first lines of the report: what went wrong, in one sentence each, with the packets that prove it. */
#include "cli/report/report.h"

#include <inttypes.h>

/* Without -v: so many failures, and so many warnings, are worth reading before the story. */
enum { MOST_FAILURES = 10, MOST_WARNINGS = 5 };

static bool is_failure(const struct trace_finding *finding)
{
	return finding->root_cause || finding->severity == FINDING_ERROR;
}

/* Of one class: failures, or those with a severity. */
static bool is_of(const struct trace_finding *finding, bool failures, enum finding_severity severity)
{
	return is_failure(finding) == failures && (failures || finding->severity == severity);
}

static size_t count_findings(const struct trace_list *list, bool failures, enum finding_severity severity)
{
	size_t count = 0;

	for (size_t i = 0; i < list->finding_count; i++)
		if (is_of(&list->findings[i], failures, severity))
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

/* In full: what is from outside was shortened when the sentence was made. */
static void print_message(struct report *report, const struct trace_finding *finding)
{
	bool red = is_failure(finding);

	if (red)
		report_red(report, true);
	text_print(report->out, finding->message, 0);
	if (red)
		report_red(report, false);
}

static void print_finding(struct report *report, const char *title, const struct trace_finding *finding, size_t times)
{
	report_strong(report, true);
	report_begin_head(report, title);
	report_strong(report, false);
	print_message(report, finding);
	if (times > 1)
		fprintf(report->out, " (%zu times)", times);
	if (finding->more)
		fprintf(report->out, " (and %" PRIu64 " more of this kind)", finding->more);
	report_end_line(report);
	print_proof(report, finding);
}

/* A browser that tries again and again: the same sentence about other packets. */
static bool says_the_same(const struct trace_finding *a, const struct trace_finding *b)
{
	return a->code == b->code && !a->more && !b->more && bytes_equal(a->message, b->message);
}

static bool is_among(const struct trace_finding *finding, const struct trace_finding *const *shown, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (says_the_same(finding, shown[i]))
			return true;
	return false;
}

static size_t count_equal(const struct trace_list *list, size_t from, bool failures, enum finding_severity severity)
{
	size_t count = 0;

	for (size_t i = from; i < list->finding_count; i++)
		count += is_of(&list->findings[i], failures, severity) && says_the_same(&list->findings[from], &list->findings[i]);
	return count;
}

static void print_all(struct report *report, const char *title, bool failures, enum finding_severity severity, size_t most)
{
	const struct trace_list *list = report->list;
	const struct trace_finding *told[MOST_FAILURES > MOST_WARNINGS ? MOST_FAILURES : MOST_WARNINGS];
	size_t shown = 0, hidden = 0;

	for (size_t i = 0; i < list->finding_count; i++) {
		const struct trace_finding *finding = &list->findings[i];

		if (!is_of(finding, failures, severity) || (!report->verbose && is_among(finding, told, shown)))
			continue;
		if (report->verbose) {
			print_finding(report, shown++ ? "" : title, finding, 1);
		} else if (shown < most) {
			print_finding(report, shown ? "" : title, finding, count_equal(list, i, failures, severity));
			told[shown++] = finding;
		} else {
			hidden++;
		}
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
	else if (list->tls_tunnel_count) /* of QUIC */
		print_count(report, list->tls_tunnel_count, "TLS handshake");
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
