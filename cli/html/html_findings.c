/* The verdict: what went wrong, in one sentence each, with what proves it. */
#include "cli/html/html_page.h"

#include <inttypes.h>

/* ---- one finding ---- */

static void write_badges(struct html_page *page, const struct trace_finding *finding)
{
	struct html *html = &page->html;

	HTML(html, "<p class=\"badges\"><span class=\"severity\">");
	html_words(html, "%s", finding->severity == FINDING_INFO ? "note" : finding_severity_text(finding->severity));
	HTML(html, "</span> ");
	if (finding->root_cause)
		HTML(html, "<span title=\"It explains why a dial or request failed\">root cause</span> ");
	HTML(html, "<code>");
	html_words(html, "%s", finding_code_text(finding->code));
	HTML(html, "</code>");
	if (finding->at != NT_TIME_NONE && page->output.begin != NT_TIME_NONE) {
		HTML(html, " <span class=\"at\">at ");
		html_offset(page, finding->at);
		HTML(html, " s</span>");
	}
	HTML(html, "</p>\n");
}

static void write_packets(struct html_page *page, const struct trace_finding *finding)
{
	struct html *html = &page->html;

	for (size_t i = 0; i < finding->packet_count; i++) {
		HTML(html, "<li><span class=\"packet\">");
		html_packet(page, finding->packets[i].packet);
		HTML(html, "</span> ");
		html_text(html, finding->packets[i].shows);
	}
}

/* What Wireshark takes as a display filter; packets of several files are not in one of its windows. */
static void write_filter(struct html_page *page, const struct trace_finding *finding)
{
	struct html *html = &page->html;

	if (page->report.many_inputs)
		return;
	HTML(html, "<li class=\"filter\">in Wireshark <code>frame.number in {");
	for (size_t i = 0; i < finding->packet_count; i++)
		html_words(html, "%s%" PRIu64, i ? ", " : "", (uint64_t)finding->packets[i].packet.number);
	HTML(html, "}</code>");
}

static bool write_record(struct html_page *page, trace_id id, bool any)
{
	struct html *html = &page->html;

	if (!html_is_shown(page, id))
		return any;
	if (!any)
		HTML(html, "<dt>Records</dt><dd><ul>");
	HTML(html, "<li>");
	html_words(html, "%s ", html_kind_word(page, id));
	html_link(page, id);
	return true;
}

static void write_records(struct html_page *page, const struct trace_finding *finding)
{
	bool any = write_record(page, finding->dial, false);

	any = write_record(page, finding->request, any);
	for (size_t i = 0; i < finding->trace_count; i++)
		if (finding->traces[i] != finding->dial && finding->traces[i] != finding->request)
			any = write_record(page, finding->traces[i], any);
	if (any)
		HTML(&page->html, "</ul></dd>");
}

static void write_proof(struct html_page *page, const struct trace_finding *finding)
{
	struct html *html = &page->html;

	HTML(html, "<dl>");
	if (finding->packet_count) {
		HTML(html, "<dt>Proof</dt><dd><ul>");
		write_packets(page, finding);
		write_filter(page, finding);
		HTML(html, "</ul></dd>");
	}
	write_records(page, finding);
	HTML(html, "</dl>\n");
}

static void write_finding(struct html_page *page, const struct trace_finding *finding)
{
	struct html *html = &page->html;

	HTML(html, "<li");
	html_attribute(html, "class",
		       bytes_of(finding->root_cause || finding->severity == FINDING_ERROR ? "error"
				: finding->severity == FINDING_WARNING                    ? "warning"
											  : "info"));
	HTML(html, ">\n<p class=\"message\">");
	html_text(html, finding->message);
	if (finding->more)
		html_words(html, " (and %" PRIu64 " more of this kind)", finding->more);
	HTML(html, "</p>\n");
	write_badges(page, finding);
	write_proof(page, finding);
}

/* ---- all of them ---- */

static size_t count_failures(const struct trace_list *list)
{
	size_t count = 0;

	for (size_t i = 0; i < list->finding_count; i++)
		count += list->findings[i].root_cause || list->findings[i].severity == FINDING_ERROR;
	return count;
}

/* The sentence of the terminal's report for a trace without failures. */
static void write_all_well(struct html_page *page)
{
	struct html *html = &page->html;

	html_forget(page);
	report_verdict(&page->report);
	HTML(html, "<p class=\"well\">");
	if (page->told.count)
		html_report_text(html, page->told.lines[0].text);
	HTML(html, "</p>\n");
}

/* Many are told by their codes first. */
static void write_codes(struct html_page *page)
{
	struct html *html = &page->html;
	uint64_t counts[FINDING_CODE_COUNT] = { 0 };

	for (size_t i = 0; i < page->list->finding_count; i++)
		counts[page->list->findings[i].code] += 1 + page->list->findings[i].more;
	HTML(html, "<ul class=\"codes\" aria-label=\"Findings by code\">");
	for (int code = 0; code < FINDING_CODE_COUNT; code++) {
		if (!counts[code])
			continue;
		HTML(html, "<li");
		html_attribute(html, "class", bytes_of(finding_severity_text(finding_code_severity((enum finding_code)code))));
		HTML(html, "><code>");
		html_words(html, "%s", finding_code_text((enum finding_code)code));
		HTML(html, "</code> ");
		html_words(html, "%" PRIu64, counts[code]);
	}
	HTML(html, "</ul>\n");
}

void html_findings(struct html_page *page)
{
	const struct trace_list *list = page->list;
	struct html *html = &page->html;
	size_t open = list->finding_count < HTML_FINDINGS ? list->finding_count : HTML_FINDINGS;

	HTML(html, "<section id=\"findings\" aria-labelledby=\"findings-title\">\n<h2 id=\"findings-title\">Verdict</h2>\n");
	if (!count_failures(list))
		write_all_well(page);
	if (open < list->finding_count)
		write_codes(page);
	if (open) {
		HTML(html, "<ol class=\"findings\">\n");
		for (size_t i = 0; i < open; i++)
			write_finding(page, &list->findings[i]);
		HTML(html, "</ol>\n");
	}
	if (open < list->finding_count) {
		HTML(html, "<details><summary>");
		html_words(html, "%zu more", list->finding_count - open);
		HTML(html, "</summary>\n<ol class=\"findings\">\n");
		for (size_t i = open; i < list->finding_count; i++)
			write_finding(page, &list->findings[i]);
		HTML(html, "</ol>\n</details>\n");
	}
	HTML(html, "</section>\n");
}
